"""Instance normalization layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import optim

from .functional import normalization as f
from .normalization import _BatchNorm
from .values import shape_error


class _InstanceNorm(_BatchNorm):
    """What all of them share: each example by itself, and other defaults than batch norm's."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        dtype: Any = None,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, dtype=dtype, bias=bias
        )

    def forward(self, input: Any) -> Any:
        """Normalize each channel of each example by its own mean and variance."""
        input = self._checked(input)
        shape, rank = np.shape(input), max(self.ranks)
        single = len(shape) < rank
        if shape[0 if single else 1] != self.num_features:
            raise shape_error(
                f"{type(self).__name__}: an input of shape {shape} needs {self.num_features} "
                f"channels on axis {0 if single else 1}."
            )
        y = f.instance_norm(
            input.reshape((1, *shape)) if single else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum or 0.0,
            self.eps,
        )
        return y[0] if single else y


@optim.keywords.accepts("device")
class InstanceNorm1d(_InstanceNorm):
    """Normalization of each channel of each example of (n, channels, length).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, dtype, bias
        As in `InstanceNorm2d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> x = np.random.default_rng(0).normal(5, 2, (2, 3, 4))
    >>> bool(np.allclose(nn.InstanceNorm1d(3)(x).mean(axis=2), 0))
    True
    """

    ranks = (2, 3)


@optim.keywords.accepts("device")
class InstanceNorm2d(_InstanceNorm):
    """Normalization of each channel of each example of (n, channels, height, width).

    Parameters
    ----------
    num_features : int
        Channels.
    eps : float
        Added to the variance.
    momentum : float
        How far the running statistics move with each batch.
    affine, bias : bool
        Whether to learn a scale; whether also a shift.
    track_running_stats : bool
        Whether to keep running statistics for eval mode.
    dtype : dtype, optional
        Of parameters and statistics.

    Examples
    --------
    >>> import numpy as np, nn
    >>> x = np.random.default_rng(0).normal(5, 2, (2, 3, 4, 4))
    >>> bool(np.allclose(nn.InstanceNorm2d(3)(x).mean(axis=(2, 3)), 0))
    True
    """

    ranks = (3, 4)


@optim.keywords.accepts("device")
class InstanceNorm3d(_InstanceNorm):
    """Normalization of each channel of each example of (n, channels, depth, height, width).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, dtype, bias
        As in `InstanceNorm2d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> x = np.random.default_rng(0).normal(5, 2, (2, 3, 4, 4, 4))
    >>> bool(np.allclose(nn.InstanceNorm3d(3)(x).mean(axis=(2, 3, 4)), 0))
    True
    """

    ranks = (4, 5)
