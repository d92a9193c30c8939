"""Normalization layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import optim

from . import checks
from .functional import normalization as f
from .functional.rms_norm import rms_norm
from .module import Module
from .parameter import Parameter, parameter_dtype
from .values import as_array, shape_error


@optim.keywords.accepts("device")
class _BatchNorm(Module):
    """Scale, shift and running statistics of each channel."""

    ranks: tuple[int, ...] = ()
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: Any = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        checks.count(name, "num_features", num_features)
        checks.non_negative(name, "eps", eps)
        if momentum is not None:
            checks.unit(name, "momentum", momentum)
        dtype = parameter_dtype(type(self).__name__, dtype)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter(
            "weight", Parameter(np.ones(num_features, dtype)) if affine else None
        )
        self.register_parameter(
            "bias", Parameter(np.zeros(num_features, dtype)) if affine and bias else None
        )
        tracked = track_running_stats
        self.register_buffer("running_mean", np.zeros(num_features, dtype) if tracked else None)
        self.register_buffer("running_var", np.ones(num_features, dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64) if tracked else None)

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.track_running_stats:
            self.running_mean[...], self.running_var[...] = 0, 1
            self.num_batches_tracked[...] = 0

    def forward(self, input: Any) -> Any:
        """Normalize: by the batch in train mode, by the running statistics in eval mode."""
        input = self._checked(input)
        tracks = self.training and self.track_running_stats
        return f.batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self._next_momentum() if tracks else self.momentum or 0.0,
            self.eps,
        )

    def _checked(self, input: Any) -> Any:
        """Return the input as an array of as many axes as this layer is for."""
        input = as_array(input)
        shape = np.shape(input)
        if len(shape) not in self.ranks:
            raise shape_error(
                f"{type(self).__name__}: the input needs {' or '.join(map(str, self.ranks))} axes, "
                f"its shape is {shape}."
            )
        return input

    def _next_momentum(self) -> float:
        """Count a batch, and return how far the running statistics move with it."""
        self.num_batches_tracked += 1
        if self.momentum is None:  # the plain mean over all batches
            return 1 / float(self.num_batches_tracked)
        return self.momentum

    def extra_repr(self) -> str:
        """Return the settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalization of (n, features) or (n, features, length) (Ioffe and Szegedy, 2015).

    Parameters
    ----------
    num_features : int
        Features, on axis 1.
    eps, momentum, affine, track_running_stats, dtype, bias
        As in `BatchNorm2d`.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.BatchNorm1d(1, eps=0)
    >>> layer(np.array([[1.0], [3.0]])).detach().numpy()
    array([[-1.],
           [ 1.]])
    """

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalization of (n, channels, height, width) (Ioffe and Szegedy, 2015).

    Parameters
    ----------
    num_features : int
        Channels.
    eps : float
        Added to the variance.
    momentum : float or None
        How far the running statistics move with each batch; None: their mean over all batches.
    affine, bias : bool
        Whether to learn a scale; whether also a shift.
    track_running_stats : bool
        Whether to keep running statistics for eval mode.
    dtype : dtype, optional
        Of parameters and statistics.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.BatchNorm2d(3)
    >>> y = layer(np.random.default_rng(0).normal(5, 2, (4, 3, 8, 8)))
    >>> bool(np.allclose(y.detach().numpy().mean(axis=(0, 2, 3)), 0))
    True
    >>> list(layer.state_dict())
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    """

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalization of (n, channels, depth, height, width).

    Parameters
    ----------
    num_features : int
        Channels.
    eps, momentum, affine, track_running_stats, dtype, bias
        As in `BatchNorm2d`.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.BatchNorm3d(2)(np.ones((3, 2, 2, 2, 2), np.float32)).shape
    (3, 2, 2, 2, 2)
    """

    ranks = (5,)


def _last_axes(name: str, given: Any) -> tuple[int, ...]:
    """Return a checked normalized_shape as a tuple."""
    shape = (given,) if isinstance(given, int) else tuple(given)
    for n in shape or (0,):
        checks.count(name, "normalized_shape", n)
    return shape


class _OfLastAxes(Module):
    """What LayerNorm and RMSNorm share: the axes, and a scale for each element of them."""

    has_usual_eps = False  # whether None stands for the usual one
    weight: Parameter | None

    def __init__(
        self, normalized_shape: Any, eps: Any, elementwise_affine: bool, dtype: Any
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.normalized_shape = _last_axes(name, normalized_shape)
        if eps is not None or not self.has_usual_eps:
            checks.non_negative(name, "eps", eps)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        ones = np.ones(self.normalized_shape, parameter_dtype(name, dtype))
        self.register_parameter("weight", Parameter(ones) if elementwise_affine else None)

    def extra_repr(self) -> str:
        """Return the settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


@optim.keywords.accepts("device")
class LayerNorm(_OfLastAxes):
    """Normalization over the last axes of each example (Ba et al., 2016).

    Parameters
    ----------
    normalized_shape : int or tuple
        The last axes.
    eps : float
        Added to the variance.
    elementwise_affine, bias : bool
        Whether to learn a scale; whether also a shift.
    dtype : dtype, optional
        Of the parameters.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LayerNorm(2, eps=1e-12)(np.array([1.0, 3.0])).detach().numpy().round(6)
    array([-1.,  1.])
    """

    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__(normalized_shape, eps, elementwise_affine, dtype)
        shift = np.zeros(self.normalized_shape, parameter_dtype("LayerNorm", dtype))
        self.register_parameter("bias", Parameter(shift) if elementwise_affine and bias else None)

    def forward(self, input: Any) -> Any:
        """Normalize."""
        return f.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


@optim.keywords.accepts("device")
class RMSNorm(_OfLastAxes):
    """Division by the root mean square over the last axes of each example (Zhang, Sennrich, 2019).

    Parameters
    ----------
    normalized_shape : int or tuple
        The last axes.
    eps : float, optional
        Added to the mean square; by default the spacing of the input's floats at 1, of float32 for
        half precision, which is computed in single precision.
    elementwise_affine : bool
        Whether to learn a scale.
    dtype : dtype, optional
        Of the parameter.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.RMSNorm(2, eps=0)(np.array([1.0, 7.0])).detach().numpy()
    array([0.2, 1.4])
    """

    has_usual_eps = True

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__(normalized_shape, eps, elementwise_affine, dtype)

    def forward(self, input: Any) -> Any:
        """Normalize."""
        return rms_norm(input, self.normalized_shape, self.weight, self.eps)


@optim.keywords.accepts("device")
class GroupNorm(Module):
    """Normalization of groups of channels of each example (Wu and He, 2018).

    Parameters
    ----------
    num_groups, num_channels : int
        The first divides the second.
    eps : float
        Added to the variance.
    affine, bias : bool
        Whether to learn a scale for each channel; whether also a shift.
    dtype : dtype, optional
        Of the parameters.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> y = nn.GroupNorm(2, 4, eps=0)(np.array([[[1.0], [3.0], [5.0], [9.0]]]))
    >>> y.detach().numpy()[0, :, 0]
    array([-1.,  1., -1.,  1.])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: Any = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        checks.count("GroupNorm", "num_groups", num_groups)
        checks.count("GroupNorm", "num_channels", num_channels)
        checks.non_negative("GroupNorm", "eps", eps)
        if num_channels % num_groups:
            raise shape_error(
                f"GroupNorm: {num_channels} channels do not divide into {num_groups} groups."
            )
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        dtype = parameter_dtype(type(self).__name__, dtype)
        self.register_parameter(
            "weight", Parameter(np.ones(num_channels, dtype)) if affine else None
        )
        self.register_parameter(
            "bias", Parameter(np.zeros(num_channels, dtype)) if affine and bias else None
        )

    def forward(self, input: Any) -> Any:
        """Normalize."""
        return f.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class LocalResponseNorm(Module):
    """Division by a power of the mean square over neighbouring channels (AlexNet, 2012).

    The input of shape (n, channels, ...) is divided by (k + alpha times that mean)**beta.

    Parameters
    ----------
    size : int
        How many neighbouring channels.
    alpha, beta, k : float
        The factor, the power, and what is added.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LocalResponseNorm(1, alpha=1.0, beta=1.0)(np.array([[[3.0], [1.0]]]))
    array([[[0.3],
            [0.5]]])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        checks.count("LocalResponseNorm", "size", size)
        for name, value in (("alpha", alpha), ("beta", beta), ("k", k)):
            checks.real("LocalResponseNorm", name, value)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Any) -> Any:
        """Normalize."""
        return f.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
