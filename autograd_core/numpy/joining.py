"""``np.r_`` and ``np.c_`` with traced values among what they join."""

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


r_ = _Joining(np.r_, "np.r_")
c_ = _Joining(np.c_, "np.c_")
