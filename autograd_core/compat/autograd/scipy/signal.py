"""scipy.signal, differentiable, with HIPS autograd's `convolve` along some axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.scipy import signal as _own

Axes = Sequence[Sequence[int]]


def __getattr__(name: str) -> Any:
    return getattr(_own, name)


def __dir__() -> list[str]:
    return [*dir(_own), "convolve"]


def convolve(
    A: Any,  # noqa: N803 - HIPS autograd's names
    B: Any,  # noqa: N803
    axes: Axes | None = None,
    dot_axes: Axes = ((), ()),
    mode: str = "full",
) -> Any:
    """Convolve along pairs of axes, sum products along others, keep the rest.

    Parameters
    ----------
    A, B : array
        Differentiable in both, of any numbers of dimensions.
    axes : pair of sequences of int, optional
        The axes of A and those of B to convolve, in pairs; all of A's with all of B's by default.
    dot_axes : pair of sequences of int
        The axes of A and those of B to multiply and sum, in pairs.
    mode : {"full", "same", "valid"}
        As SciPy's, for each pair by itself.

    Returns
    -------
    array
        Its axes are A's other axes, then B's other axes, then the convolved ones.

    Raises
    ------
    ShapeError
        If the axes are not pairs, or those to sum over have different lengths.

    Examples
    --------
    >>> images, filters = np.ones((5, 3, 8, 8)), np.ones((4, 3, 2, 2))  # channels: axis 1
    >>> convolve(images, filters, ([2, 3], [2, 3]), ([1], [1]), "valid").shape
    (5, 4, 7, 7)
    """
    lengths = np.shape(A), np.shape(B)
    if axes is None:
        axes = (range(len(lengths[0])), range(len(lengths[1])))
    sides = [
        _Side(shape, along, dot) for shape, along, dot in zip(lengths, axes, dot_axes, strict=True)
    ]
    _check(sides, lengths, mode)
    a, b = (np.transpose(x, side.order) for x, side in zip((A, B), sides, strict=True))
    kept, summed, moved = (len(part) for part in (sides[0].other, sides[0].dot, sides[0].along))
    sizes = [(n, m, *_place(n, m, mode)) for n, m in zip(*(s.lengths for s in sides), strict=True)]
    margins = [(m - 1 - first, m + size - 1 - n - (m - 1 - first)) for n, m, first, size in sizes]
    a = np.pad(a, [(0, 0)] * (kept + summed) + margins)
    window = tuple(m for _, m, _, _ in sizes)
    tail = tuple(range(kept + summed, kept + summed + moved))
    a = sliding_window_view(a, window, axis=tail) if moved else a
    b = np.flip(b, tuple(range(b.ndim - moved, b.ndim))) if moved else b
    outer = len(sides[1].other)
    of_a = (*range(kept, kept + summed), *range(a.ndim - moved, a.ndim))
    made = np.tensordot(a, b, axes=(of_a, tuple(range(outer, b.ndim))))
    return np.moveaxis(made, range(kept, kept + moved), range(made.ndim - moved, made.ndim))


class _Side:
    """What the axes of one operand are for, and the order that has them in groups."""

    def __init__(self, shape: tuple[int, ...], along: Sequence[int], dot: Sequence[int]) -> None:
        n = len(shape)
        used = [*along, *dot]
        if not all(-n <= k < n for k in used) or len({k % n for k in used}) != len(used):
            raise errors.ShapeError(
                f"convolve(): axes {list(along)} and dot_axes {list(dot)} of an array of shape "
                f"{shape}: each axis once, from 0 to {n - 1}.",
                Location.of_caller(),
            )
        self.along, self.dot = [k % n for k in along], [k % n for k in dot]
        self.other = [k for k in range(n) if k not in self.along and k not in self.dot]
        self.order = (*self.other, *self.dot, *self.along)
        self.lengths = [shape[k] for k in self.along]
        self.summed = [shape[k] for k in self.dot]


def _check(sides: list[_Side], shapes: tuple[tuple[int, ...], ...], mode: str) -> None:
    left, right = sides
    if len(left.along) != len(right.along) or left.summed != right.summed:
        raise errors.ShapeError(
            f"convolve(): shapes {shapes[0]} and {shapes[1]}: axes must be as many of A as of B, "
            "and dot_axes pairs of equal lengths.",
            Location.of_caller(),
        )
    if 0 in (*left.lengths, *right.lengths):
        raise errors.ShapeError(
            f"convolve(): shapes {shapes[0]} and {shapes[1]}: an axis to convolve is empty.",
            Location.of_caller(),
        )
    if mode not in ("full", "same", "valid"):
        raise errors.ShapeError(
            f'convolve(): mode {mode!r}; use "full", "same" or "valid".', Location.of_caller()
        )


def _place(n: int, m: int, mode: str) -> tuple[int, int]:
    """Return where the result of a mode begins in the full convolution, and its length."""
    if mode == "full":
        return 0, n + m - 1
    return ((m - 1) // 2, n) if mode == "same" else (min(n, m) - 1, abs(n - m) + 1)


__all__ = ["convolve"]
