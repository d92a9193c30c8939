"""Layers that only move numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .module import Module
from .upsample import Upsample  # noqa: F401 - pickles name it here
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
