"""Layers that only move numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import optim

from . import checks
from .functional.upsample import interpolate
from .module import Module
from .values import numbers, shape_error


class Identity(Module):
    """Return the input.

    Parameters
    ----------
    *args, **keywords
        Taken and not looked at, so that it can stand for any layer.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Identity(8, bias=False)(np.ones(2))
    array([1., 1.])
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """Return the input."""
        return input


def _both_ways(axes: range) -> range:
    """Return the numbers that name one of the axes, counted from either end."""
    return range(-len(axes), len(axes))


class Flatten(Module):
    """Make one axis of several.

    Parameters
    ----------
    start_dim, end_dim : int
        The first and last of them; by default all but the batch axis.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        checks.axis("Flatten", "start_dim", start_dim)
        checks.axis("Flatten", "end_dim", end_dim)
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Any:
        """Reshape."""
        input = numbers("Flatten", input)
        shape = np.shape(input)
        axes = range(max(len(shape), 1))  # a number counts as a vector of one
        if self.start_dim not in _both_ways(axes) or self.end_dim not in _both_ways(axes):
            first, last = 1, 0
        else:
            first, last = axes[self.start_dim], axes[self.end_dim]
        if first > last:
            raise shape_error(
                f"Flatten: no axes {self.start_dim} to {self.end_dim} in shape {shape}."
            )
        size = int(np.prod(shape[first : last + 1], dtype=int))
        return np.reshape(input, (*shape[:first], size, *shape[last + 1 :]))

    def extra_repr(self) -> str:
        """Return the axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Make several axes of one.

    Parameters
    ----------
    dim : int
        The axis to take apart.
    unflattened_size : tuple of int
        Its new lengths; one may be -1.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Unflatten(1, (3, 4))(np.ones((2, 12))).shape
    (2, 3, 4)
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        checks.axis("Unflatten", "dim", dim)
        for n in unflattened_size:
            checks.count("Unflatten", "unflattened_size", n, -1)
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, input: Any) -> Any:
        """Reshape."""
        input = numbers("Unflatten", input)
        shape = np.shape(input)
        if self.dim not in _both_ways(range(len(shape))):
            raise shape_error(f"Unflatten: no axis {self.dim} in shape {shape}.")
        dim = self.dim % len(shape)
        try:
            return np.reshape(input, (*shape[:dim], *self.unflattened_size, *shape[dim + 1 :]))
        except ValueError:
            raise shape_error(
                f"Unflatten: axis {self.dim} of shape {shape} does not divide into "
                f"{self.unflattened_size}."
            ) from None

    def extra_repr(self) -> str:
        """Return the axis and its new shape."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


@optim.keywords.accepts("recompute_scale_factor")
class Upsample(Module):
    """Enlarge the axes after the channels.

    Parameters
    ----------
    size : int or tuple, optional
        The new lengths.
    scale_factor : float or tuple, optional
        Or the factor to multiply them by.
    mode : {"nearest", "linear", "bilinear"}
        How to fill.
    align_corners : bool
        For linear modes: whether the outer values stay in the corners.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Upsample(scale_factor=2)(np.array([[[1.0, 2.0]]]))
    array([[[1., 1., 2., 2.]]])
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        super().__init__()
        checks.choice("Upsample", "mode", mode, ("nearest", "linear", "bilinear"))
        if (size is None) == (scale_factor is None):
            raise shape_error("Upsample: give either size or scale_factor.")
        for n in size if isinstance(size, (tuple, list)) else (size,):
            if size is not None:
                checks.count("Upsample", "size", n)
        for n in scale_factor if isinstance(scale_factor, (tuple, list)) else (scale_factor,):
            if scale_factor is not None:
                checks.positive("Upsample", "scale_factor", n)
        self.size, self.scale_factor = size, scale_factor
        self.mode, self.align_corners = mode, align_corners

    def forward(self, input: Any) -> Any:
        """Enlarge."""
        return interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        """Return the settings."""
        how = f"size={self.size}" if self.size is not None else f"scale_factor={self.scale_factor}"
        return f"{how}, mode={self.mode!r}"
