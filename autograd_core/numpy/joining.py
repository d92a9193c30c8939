"""``np.r_``, ``np.c_``, ``np.mgrid`` and ``np.ogrid`` with traced values in their brackets."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.numpy.creation import arange, asarray
from autograd_core.operations.nested_sequences import holds


class _Joining:
    """Joins what stands in square brackets, as NumPy's object of that name does.

    NumPy itself arranges the numbers of the places; the values are then read in that order.
    """

    def __init__(self, numpys: Any, name: str) -> None:
        self._numpys = numpys
        self._name = name

    def __len__(self) -> int:
        return 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._numpys, name)

    def __getitem__(self, key: Any) -> Any:
        items = key if isinstance(key, tuple) else (key,)
        if not any(holds(v) or _traced_slice(v) for v in items):
            return self._numpys[key]
        places: list[Any] = []
        values: list[Any] = []
        weak: list[Any] = []  # what decides the kind of number: Python's numbers give way
        count = 0
        for item in items:
            if isinstance(item, str):
                if item in ("r", "c", "m"):
                    raise errors.UnsupportedError(
                        f"{self._name}[{item!r}, ...] makes an np.matrix, which cannot hold a "
                        "traced value; leave it out and reshape the result.",
                        Location.of_caller(),
                    )
                places.append(item)
                continue
            value = _spaced(item) if isinstance(item, slice) else asarray(item)
            shape = np.shape(value)
            size = int(np.prod(shape, dtype=int))
            ids = np.arange(count, count + size).reshape(shape)
            places.append(ids if shape else int(ids))
            values.append(np.reshape(value, (-1,)))
            weak.append(item if isinstance(item, (int, float, complex)) else value.dtype)
            count += size
        kind = np.result_type(*weak)
        flat = np.concatenate([v if v.dtype == kind else v.astype(kind) for v in values])
        return flat[np.asarray(self._numpys[tuple(places)])]


def _traced_slice(item: Any) -> bool:
    return isinstance(item, slice) and any(map(holds, (item.start, item.stop, item.step)))


def _spaced(item: slice) -> Any:
    """Return what a slice in brackets stands for: a:b:step, or a:b:5j for five numbers."""
    start = 0 if item.start is None else item.start
    step = 1 if item.step is None else item.step
    if isinstance(step, complex):
        return np.linspace(start, item.stop, int(abs(step)))
    return arange(start, item.stop, step)


class _Grid:
    """Makes the grid that slices in square brackets stand for, as NumPy's object of that name does.

    Parameters
    ----------
    numpys : nd_grid
        NumPy's own: dense or open.
    """

    def __init__(self, numpys: Any) -> None:
        self._numpys = numpys

    def __getattr__(self, name: str) -> Any:
        return getattr(self._numpys, name)

    def __getitem__(self, key: Any) -> Any:
        one = isinstance(key, slice)
        slices = (key,) if one else key
        if not isinstance(slices, tuple) or not any(map(_traced_slice, slices)):
            return self._numpys[key]
        places = np.ogrid[tuple(slice(_count(s)) for s in slices)]
        axes = [_along(s, n) for s, n in zip(slices, places, strict=True)]
        if one:
            return axes[0]
        kind = np.result_type(*(axis.dtype for axis in axes))
        axes = [axis if axis.dtype == kind else axis.astype(kind) for axis in axes]
        if self._numpys.sparse:
            return tuple(axes)
        return np.stack(np.broadcast_arrays(*axes))


def _count(item: slice) -> int:
    """Return how many numbers a slice in brackets stands for; a constant."""
    step = 1 if item.step is None else item.step
    if isinstance(step, complex):
        return int(abs(step))
    start = 0 if item.start is None else item.start
    return max(0, int(np.ceil((item.stop - start) / step)))


def _along(item: slice, places: Any) -> Any:
    """Return the numbers of a slice at places 0, 1, ..."""
    start = 0 if item.start is None else item.start
    step = 1 if item.step is None else item.step
    if isinstance(step, complex):
        n = int(abs(step))
        step = (item.stop - start) / (n - 1) if n != 1 else 1.0
    return places * step + start


r_ = _Joining(np.r_, "np.r_")
c_ = _Joining(np.c_, "np.c_")
mgrid = _Grid(np.mgrid)
ogrid = _Grid(np.ogrid)
