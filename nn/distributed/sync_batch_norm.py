"""Batch normalization by the statistics of all ranks' batches."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from ..functional.normalization import moved
from ..module import Module
from ..normalization import BatchNorm1d, BatchNorm2d, _BatchNorm
from ..values import raw, shape_error
from .collectives import all_gather
from .launch import world


class SyncBatchNorm(_BatchNorm):
    """Batch normalization over the batches of all ranks together, in train mode.

    With the ranks' own statistics, a batch of 256 on 32 ranks is normalized by 8 examples at a
    time. These layers exchange mean, spread and number of their values instead, once going forward
    and once in the sweep, and normalize as one process with the whole batch would. Alone, and in
    eval mode, it is the usual batch normalization.

    Parameters
    ----------
    num_features : int
        Channels, on axis 1 of inputs of 2 to 4 axes.
    eps, momentum, affine, track_running_stats, dtype, bias
        As in `BatchNorm2d`.

    Raises
    ------
    ShapeError
        If a setting is out of range, or a channel has only one value on all ranks together.
    DistributedError
        On all ranks, if they run other layers.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.SyncBatchNorm(1, eps=0)
    >>> layer(np.array([[1.0], [3.0]])).detach().numpy()
    array([[-1.],
           [ 1.]])
    """

    ranks = (2, 3, 4)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module) -> Module:
        """Return a model with this layer in the place of each `BatchNorm1d` and `BatchNorm2d`.

        Parameters and buffers are the same objects, so an optimizer that holds them still does.

        Parameters
        ----------
        module : Module
            The model; changed in place, unless it is itself such a layer.

        Returns
        -------
        Module

        Examples
        --------
        >>> import nn
        >>> nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm1d(2)))[0]
        SyncBatchNorm(2, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
        """
        for parent in list(module.modules()):
            for name, child in list(parent._modules.items()):
                if type(child) in (BatchNorm1d, BatchNorm2d):
                    parent._modules[name] = cls._like(cast(_BatchNorm, child))
        return cls._like(module) if type(module) in (BatchNorm1d, BatchNorm2d) else module

    @classmethod
    def _like(cls, layer: Any) -> SyncBatchNorm:
        made = cls.__new__(cls)
        made.__dict__.update(layer.__dict__)
        return made

    def forward(self, input: Any) -> Any:
        """Normalize: by all ranks' batches in train mode."""
        if not (self.training or not self.track_running_stats) or world().size == 1:
            return super().forward(input)
        input = self._checked(input)
        x = input.astype(np.float32) if input.dtype.char == "e" else input
        mean, variance, count = moments_of_all(x)
        self._track(raw(mean), raw(variance), count)
        column = (-1, *(1,) * (x.ndim - 2))
        scale = 1 / np.sqrt(variance + self.eps)
        shift = 0.0 if self.bias is None else self.bias.reshape(column)
        if self.weight is not None:
            scale = scale * self.weight
        y = (x - mean.reshape(column)) * scale.reshape(column) + shift
        return y.astype(input.dtype) if y.dtype != input.dtype else y

    def _track(self, mean: Any, variance: Any, count: float) -> None:
        if not self.track_running_stats:
            return
        momentum = self._next_momentum()
        unbiased = variance * (count / (count - 1))
        moved("SyncBatchNorm: running_mean", self.running_mean, mean, momentum)
        moved("SyncBatchNorm: running_var", self.running_var, unbiased, momentum)


def moments_of_all(x: Any) -> tuple[Any, Any, float]:
    r"""Return mean and variance of each channel over all ranks' values, and how many they are.

    .. math:: \mu = \sum_r \frac{n_r}{n} \mu_r, \qquad
        \sigma^2 = \sum_r \frac{n_r}{n} \left(\sigma_r^2 + (\mu_r - \mu)^2\right)

    Examples
    --------
    >>> moments_of_all(np.array([[1.0], [3.0]]))
    (array([2.]), array([1.]), 2.0)
    """
    places = (0, *range(2, x.ndim))
    channels, here = x.shape[1], math.prod(x.shape) // max(x.shape[1], 1)
    divisor = max(here, 1)  # a rank without values joins in too, going forward and back
    mine = np.sum(x, axis=places) / divisor
    spread = x - mine.reshape((-1, *(1,) * (x.ndim - 2)))
    own = np.sum(spread * spread, axis=places) / divisor
    found = all_gather(np.stack([mine, own, np.full(channels, here, x.dtype)]))
    counts = raw(found)[:, 2, :1]
    count = float(counts.sum())
    if count < 2:
        raise shape_error(
            f"SyncBatchNorm: training needs more than one value a channel on all ranks together; "
            f"this rank's input has shape {x.shape}."
        )
    part = (counts / count).astype(x.dtype)
    mean = np.sum(found[:, 0] * part, axis=0)
    apart = found[:, 0] - mean
    variance = np.sum((found[:, 1] + apart * apart) * part, axis=0)
    return mean, variance, count
