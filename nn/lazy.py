"""Lazy layers: they read the number of input features from the first input.

Their parameters have no shape until then. The first call gives them one, in place, so that an
optimizer made before knows them all; and the layer becomes one of the class that it stands for.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autograd_core import optim

from . import conv, instance_norm, linear, normalization, volumes
from .module import Module
from .parameter import UninitializedParameter
from .values import numbers, shape_error


class _Lazy(Module):
    """What the lazy layers share: the settings for their class, and the first call."""

    becomes: ClassVar[Any]
    counts: ClassVar[str]  # the argument that is read from the input
    axis: ClassVar[int] = 1  # where the input has it
    rank: ClassVar[int | None] = None  # axes of an input with a batch; without one it has one less

    def _wait(self, settings: dict[str, Any], names: dict[str, bool]) -> None:
        """Keep the settings, and register parameters without a shape."""
        dtype = settings.get("dtype")
        made = type(self).becomes(**{self.counts: self._stand_in(settings), **settings})
        vars(self).update({k: v for k, v in vars(made).items() if k not in _OWN})
        for name, value in made._buffers.items():
            self.register_buffer(name, value)
        setattr(self, self.counts, 0)
        self._settings = settings
        self._waiting = self.register_load_state_dict_pre_hook(_shaped_by_state)
        for name, there in names.items():
            value = UninitializedParameter(dtype=dtype) if there else None
            self.register_parameter(name, value)

    def _stand_in(self, settings: dict[str, Any]) -> int:
        return int(settings.get("groups", 1))

    def _features(self, shape: tuple[int, ...]) -> int:
        """Return the number of features that a weight of a shape is for."""
        return shape[0]

    def has_uninitialized_params(self) -> bool:
        """Tell whether the first call is still to come."""
        return True

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Read the number of features from the input, become the layer, and apply it."""
        self.initialize_parameters(args[0] if args else keywords.get("input"))
        return self(*args, **keywords)

    def initialize_parameters(self, input: Any) -> None:
        """Give the parameters their shapes, by an input, and become the layer."""
        name = type(self).__name__
        shape = np.shape(numbers(name, input))
        axis = self.axis
        if self.rank is not None:
            if len(shape) not in (self.rank - 1, self.rank) or not shape:
                raise shape_error(
                    f"{name}: the input has shape {shape}; {self.rank} axes are needed, or one "
                    "less without a batch."
                )
            axis = 1 if len(shape) == self.rank else 0
        if not shape:
            raise shape_error(f"{name}: the input is a number; an array is needed.")
        self._become(shape[axis])

    def _become(self, features: int) -> None:
        made = type(self).becomes(**{self.counts: features, **self._settings})
        for key, value in made._parameters.items():
            mine = self._parameters[key]
            if value is not None and isinstance(mine, UninitializedParameter):
                mine.materialize(value.shape)
                mine.data[...] = value.data.astype(mine.dtype)
        for key, value in made._buffers.items():
            self._buffers[key] = value
        del self._settings
        setattr(self, self.counts, features)
        self._waiting.remove()
        del self._waiting
        self.__class__ = type(self).becomes


def _shaped_by_state(module: Any, state_dict: Any, prefix: str, *rest: Any) -> None:
    """Give a lazy layer its shapes by those of a state that is about to be loaded."""
    for name in ("weight", "running_mean"):
        value = state_dict.get(prefix + name)
        if value is not None and np.ndim(value) and name in {*module._parameters, *module._buffers}:
            module._become(module._features(np.shape(value)))
            return


_OWN = ("training", "_parameters", "_buffers", "_modules", "_unsaved", "_hooks")


@optim.keywords.accepts("device")
class LazyLinear(_Lazy):
    """`Linear` that reads the number of input features from its first input.

    Parameters
    ----------
    out_features, bias, dtype
        As in `Linear`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyLinear(3)
    >>> layer(np.ones((2, 5), np.float32)).shape, layer
    ((2, 3), Linear(in_features=5, out_features=3, bias=True))
    """

    becomes = linear.Linear
    counts = "in_features"
    axis = -1

    def __init__(self, out_features: int, bias: bool = True, *, dtype: Any = None) -> None:
        super().__init__()
        settings = {"out_features": out_features, "bias": bias, "dtype": dtype}
        self._wait(settings, {"weight": True, "bias": bias})

    def _features(self, shape: tuple[int, ...]) -> int:
        return shape[1]


class _LazyConv(_Lazy):
    """What the lazy convolutions share."""

    counts = "in_channels"

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        settings = {
            "out_channels": out_channels, "kernel_size": kernel_size, "stride": stride,
            "padding": padding, "dilation": dilation, "groups": groups, "bias": bias,
            "padding_mode": padding_mode, "dtype": dtype,
        }  # fmt: skip
        self._wait(settings, {"weight": True, "bias": bias})

    def _features(self, shape: tuple[int, ...]) -> int:
        return int(shape[1] * self._settings["groups"])


class _LazyConvTranspose(_Lazy):
    """What the lazy transposed convolutions share."""

    counts = "in_channels"

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        settings = {
            "out_channels": out_channels, "kernel_size": kernel_size, "stride": stride,
            "padding": padding, "output_padding": output_padding, "groups": groups, "bias": bias,
            "dilation": dilation, "padding_mode": padding_mode, "dtype": dtype,
        }  # fmt: skip
        self._wait(settings, {"weight": True, "bias": bias})


class _LazyInstanceNorm(_Lazy):
    """What the lazy instance norms, and batch norms, share."""

    counts = "num_features"

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: Any = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        settings = {
            "eps": eps, "momentum": momentum, "affine": affine,
            "track_running_stats": track_running_stats, "dtype": dtype, "bias": bias,
        }  # fmt: skip
        self._wait(settings, {"weight": affine, "bias": affine and bias})


class _LazyBatchNorm(_LazyInstanceNorm):
    """What the lazy batch norms share."""

    def _stand_in(self, settings: dict[str, Any]) -> int:
        return 1


@optim.keywords.accepts("device")
class LazyConv1d(_LazyConv):
    """`Conv1d` that reads the number of input features from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, dtype
        As in `Conv1d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyConv1d(3, 2)
    >>> layer(np.ones((1, 5, 4), np.float32)).shape, layer
    ((1, 3, 3), Conv1d(5, 3, kernel_size=(2,), stride=(1,)))
    """

    becomes = conv.Conv1d
    rank = 3


@optim.keywords.accepts("device")
class LazyConv2d(_LazyConv):
    """`Conv2d` that reads the number of input features from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, dtype
        As in `Conv2d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyConv2d(3, 2)
    >>> layer(np.ones((1, 5, 4, 4), np.float32)).shape, layer
    ((1, 3, 3, 3), Conv2d(5, 3, kernel_size=(2, 2), stride=(1, 1)))
    """

    becomes = conv.Conv2d
    rank = 4


@optim.keywords.accepts("device")
class LazyConv3d(_LazyConv):
    """`Conv3d` that reads the number of input features from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, dtype
        As in `Conv3d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyConv3d(3, 2)
    >>> layer(np.ones((1, 5, 4, 4, 4), np.float32)).shape, layer
    ((1, 3, 3, 3, 3), Conv3d(5, 3, kernel_size=(2, 2, 2), stride=(1, 1, 1)))
    """

    becomes = volumes.Conv3d
    rank = 5


@optim.keywords.accepts("device")
class LazyConvTranspose1d(_LazyConvTranspose):
    """`ConvTranspose1d` that reads the number of input features from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, output_padding, groups, bias
        As in `ConvTranspose1d`.
    dilation, padding_mode, dtype
        As in `ConvTranspose1d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyConvTranspose1d(3, 2)
    >>> layer(np.ones((1, 5, 4), np.float32)).shape
    (1, 3, 5)
    >>> layer
    ConvTranspose1d(5, 3, kernel_size=(2,), stride=(1,))
    """

    becomes = conv.ConvTranspose1d
    rank = 3


@optim.keywords.accepts("device")
class LazyConvTranspose2d(_LazyConvTranspose):
    """`ConvTranspose2d` that reads the number of input features from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, output_padding, groups, bias
        As in `ConvTranspose2d`.
    dilation, padding_mode, dtype
        As in `ConvTranspose2d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyConvTranspose2d(3, 2)
    >>> layer(np.ones((1, 5, 4, 4), np.float32)).shape
    (1, 3, 5, 5)
    >>> layer
    ConvTranspose2d(5, 3, kernel_size=(2, 2), stride=(1, 1))
    """

    becomes = conv.ConvTranspose2d
    rank = 4


@optim.keywords.accepts("device")
class LazyConvTranspose3d(_LazyConvTranspose):
    """`ConvTranspose3d` that reads the number of input features from its first input.

    Parameters
    ----------
    out_channels, kernel_size, stride, padding, output_padding, groups, bias
        As in `ConvTranspose3d`.
    dilation, padding_mode, dtype
        As in `ConvTranspose3d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyConvTranspose3d(3, 2)
    >>> layer(np.ones((1, 5, 4, 4, 4), np.float32)).shape
    (1, 3, 5, 5, 5)
    >>> layer
    ConvTranspose3d(5, 3, kernel_size=(2, 2, 2), stride=(1, 1, 1))
    """

    becomes = volumes.ConvTranspose3d
    rank = 5


@optim.keywords.accepts("device")
class LazyBatchNorm1d(_LazyBatchNorm):
    """`BatchNorm1d` that reads the number of input features from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As in `BatchNorm1d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyBatchNorm1d()
    >>> layer(np.ones((2, 5, 4), np.float32)).shape, layer.num_features
    ((2, 5, 4), 5)
    """

    becomes = normalization.BatchNorm1d


@optim.keywords.accepts("device")
class LazyBatchNorm2d(_LazyBatchNorm):
    """`BatchNorm2d` that reads the number of input features from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As in `BatchNorm2d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyBatchNorm2d()
    >>> layer(np.ones((2, 5, 4, 4), np.float32)).shape, layer.num_features
    ((2, 5, 4, 4), 5)
    """

    becomes = normalization.BatchNorm2d


@optim.keywords.accepts("device")
class LazyBatchNorm3d(_LazyBatchNorm):
    """`BatchNorm3d` that reads the number of input features from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As in `BatchNorm3d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyBatchNorm3d()
    >>> layer(np.ones((2, 5, 4, 4, 4), np.float32)).shape, layer.num_features
    ((2, 5, 4, 4, 4), 5)
    """

    becomes = normalization.BatchNorm3d


@optim.keywords.accepts("device")
class LazyInstanceNorm1d(_LazyInstanceNorm):
    """`InstanceNorm1d` that reads the number of input features from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As in `InstanceNorm1d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyInstanceNorm1d()
    >>> layer(np.ones((2, 5, 4), np.float32)).shape, layer.num_features
    ((2, 5, 4), 5)
    """

    becomes = instance_norm.InstanceNorm1d
    rank = 3


@optim.keywords.accepts("device")
class LazyInstanceNorm2d(_LazyInstanceNorm):
    """`InstanceNorm2d` that reads the number of input features from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As in `InstanceNorm2d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyInstanceNorm2d()
    >>> layer(np.ones((2, 5, 4, 4), np.float32)).shape, layer.num_features
    ((2, 5, 4, 4), 5)
    """

    becomes = instance_norm.InstanceNorm2d
    rank = 4


@optim.keywords.accepts("device")
class LazyInstanceNorm3d(_LazyInstanceNorm):
    """`InstanceNorm3d` that reads the number of input features from its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, dtype, bias
        As in `InstanceNorm3d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.LazyInstanceNorm3d()
    >>> layer(np.ones((2, 5, 4, 4, 4), np.float32)).shape, layer.num_features
    ((2, 5, 4, 4, 4), 5)
    """

    becomes = instance_norm.InstanceNorm3d
    rank = 5
