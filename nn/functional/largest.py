"""Where the largest element of each window lies: what pooling with return_indices gives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from autograd_core import stop_gradient
from autograd_core.extend import Batched, beside

from ..values import pair, raw
from .windows import lowest_of


def window_table(n: int, count: int, kernel: int, stride: int, padding: int, dilation: int) -> Any:
    """Return which elements of an axis are in each window, -1 for those outside of it.

    Examples
    --------
    >>> window_table(3, 2, 2, 2, 1, 1)
    array([[-1,  0],
           [ 1,  2]])
    """
    begins = np.arange(count)[:, None] * stride - padding
    places = begins + np.arange(kernel) * dilation
    return np.where((places >= 0) & (places < n), places, -1)


def bounds_table(bounds: Sequence[tuple[int, int]]) -> Any:
    """Return which elements of an axis are in each window from begin to end, -1 beyond it.

    Examples
    --------
    >>> bounds_table([(0, 2), (1, 4)])
    array([[ 0,  1, -1],
           [ 1,  2,  3]])
    """
    longest = max(end - begin for begin, end in bounds)
    places = np.array([[begin + k for k in range(longest)] for begin, _ in bounds])
    return np.where(places < np.array([[end] for _, end in bounds]), places, -1)


def window_tables(
    shape: tuple[int, ...], counts: tuple[int, ...], kernel: Any, stride: Any, padding: Any,
    dilation: Any,
) -> list[Any]:  # fmt: skip
    """Return `window_table` of each axis."""
    n = len(counts)
    stride = kernel if stride is None else stride
    settings = [pair(v, n, "pooling") for v in (kernel, stride, padding, dilation)]
    return [
        window_table(m, count, *given)
        for m, count, *given in zip(shape[-n:], counts, *settings, strict=True)
    ]


def open_mesh(arrays: Sequence[Any]) -> list[Any]:
    """Return arrays of one axis each as arrays that broadcast to all combinations."""
    n = len(arrays)
    return [a.reshape((-1, *(1,) * (n - k - 1))) for k, a in enumerate(arrays)]


def largest_places(x: Any, tables: Sequence[Any]) -> Any:
    """Return where in x, flat over the last axes, the largest element of each window lies.

    Parameters
    ----------
    x : shape (..., *lengths)
        The values.
    tables : list of integer arrays, shape (windows, elements)
        For each of the last axes, which elements are in which window; -1 for none.

    Returns
    -------
    integers of shape (..., *windows)
        The first of equal ones, the last NaN.

    Examples
    --------
    >>> x = np.array([[3.0, 1.0, 2.0, 7.0]])
    >>> largest_places(x, [window_table(4, 2, 2, 2, 0, 1)])
    array([[0, 3]])
    """
    fixed = stop_gradient(x)
    x = fixed if isinstance(fixed, Batched) else raw(fixed)
    sizes = np.shape(x)[-len(tables) :]
    steps = [int(np.prod(sizes[k + 1 :])) for k in range(len(sizes))]
    best: Any = lowest_of(x.dtype)
    index: Any = np.zeros((), np.int64)
    seen = np.zeros(tuple(len(t) for t in tables), bool)
    for ks in product(*(range(t.shape[1]) for t in tables)):
        places = [t[:, k] for t, k in zip(tables, ks, strict=True)]
        inside = np.ones_like(seen)
        for part in open_mesh([p >= 0 for p in places]):
            inside = inside & part
        mesh = open_mesh([np.maximum(p, 0) for p in places])
        flat = sum(m * step for m, step in zip(mesh, steps, strict=True))
        tap = x[(..., *(beside(x, m) for m in mesh))]
        better = beside(x, inside) & ((tap > best) | (tap != tap) | beside(x, ~seen))
        best = np.where(better, tap, best)
        index = np.where(better, beside(x, flat), index)
        seen |= inside
    return index
