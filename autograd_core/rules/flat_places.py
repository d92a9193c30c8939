"""Reading and writing by index for arrays of libraries that index less than NumPy's do.

Dask's arrays take one vector of integers along one axis and know no ``np.add.at``.  Every other
index is carried out by NumPy on the numbers 0, 1, 2, ... of the places, on the host; the array is
then read at those places as one long row.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.operations.kinds import beside, host

_LARGEST = 1 << 26  # places that are worked out on the host: half a gigabyte
_ALL = slice(None)


def indexes_as_numpy(x: Any) -> bool:
    """Tell whether arrays of another library take NumPy's indices, as those with ``add.at`` do."""
    try:
        np.add.at(np.zeros_like(x), (slice(0, 0),) * x.ndim, 0)
    except TypeError:
        return False
    return True


def read(x: Any, index: Any) -> Any:
    """Return ``x[index]``."""
    index = on_host(index)
    if vector_of(index, x.ndim) is not None:
        return x[index]
    return _taken(x.reshape(-1), flat_places(x.shape, index))


def scattered(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of a shape with g added at an index, duplicates summed."""
    index = on_host(index)
    found = vector_of(index, len(shape))
    if found is not None:
        axis, places = found
        if places.size and not -shape[axis] <= places.min() <= places.max() < shape[axis]:
            raise IndexError(f"index is out of bounds for axis {axis} with size {shape[axis]}")
        return _summed(g, places % max(shape[axis], 1), shape[axis], axis)
    places = flat_places(shape, index)
    if not places.size:
        return np.zeros_like(g, shape=shape)
    return _shaped(_summed(g.reshape(-1), places.reshape(-1), math.prod(shape), 0), shape)


def written(x: Any, v: Any, index: Any) -> Any:
    """Return a copy of x in which v stands at an index; of a place's several values the last."""
    places = flat_places(x.shape, on_host(index))
    if not places.size:
        return x.copy()
    v = np.broadcast_to(v, places.shape) if hasattr(v, "dtype") else np.full(places.shape, v)
    v = beside(x, v).astype(x.dtype)
    sources = np.arange(x.size)
    sources[places.reshape(-1)] = x.size + np.arange(places.size)
    joined = np.concatenate((x.reshape(-1), v.reshape(-1)))
    return _taken(joined, sources.reshape(x.shape))


def on_host(index: Any) -> Any:
    """Return an index with its arrays as NumPy's."""
    if isinstance(index, tuple):
        return tuple(map(on_host, index))
    return host(index) if hasattr(index, "dtype") or isinstance(index, list) else index


def vector_of(index: Any, ndim: int) -> tuple[int, Any] | None:
    """Return the axis and the integers of an index that is one vector along one axis."""
    parts = index if isinstance(index, tuple) else (index,)
    chosen = [k for k, p in enumerate(parts) if not (isinstance(p, slice) and p == _ALL)]
    if len(chosen) != 1 or len(parts) > ndim:
        return None
    places = parts[chosen[0]]
    if isinstance(places, np.ndarray) and places.ndim == 1 and places.dtype.kind in "iu":
        return chosen[0], places
    return None


def flat_places(shape: tuple[int, ...], index: Any) -> Any:
    """Return where in the flat array the elements lie that an index names."""
    size = math.prod(shape)
    if size > _LARGEST:
        raise TypeError(
            f"such an index into an array of {size} numbers of another library is too large; index "
            "one axis at a time with a vector of integers, or by slices."
        )
    return np.asarray(np.arange(size).reshape(shape)[index])


def _taken(row: Any, places: Any) -> Any:
    if not places.size:
        return np.zeros_like(row, shape=places.shape)
    if not places.ndim:
        return row[int(places)]
    return _shaped(row[places.reshape(-1)], places.shape)


def _shaped(row: Any, shape: tuple[int, ...]) -> Any:
    return row if len(shape) == 1 else row.reshape(shape)


def _summed(g: Any, places: Any, n: int, axis: int) -> Any:
    """Return the sums of the parts of g along an axis that belong at each of n places.

    For every place, the parts that belong there are read beside one another, filled up with zeros.
    """
    most = int(np.bincount(places, minlength=1).max())  # parts of one place
    if n * most > _LARGEST:
        raise TypeError(
            f"the gradient is a sum over {n} places of up to {most} parts each, which is too large;"
            " select by slices, or in parts."
        )
    order = np.argsort(places, kind="stable")
    found = places[order]
    nth = np.arange(places.size) - np.searchsorted(found, found)  # of the parts of its place
    sources = np.full((n, most), places.size)
    sources[found, nth] = order
    before, after = g.shape[:axis], g.shape[axis + 1 :]
    nothing = np.zeros_like(g, shape=(*before, 1, *after))
    parts = np.concatenate((g, nothing), axis=axis)
    index: tuple[Any, ...] = (*(_ALL,) * axis, sources.reshape(-1))
    beside_another = parts[index]
    return beside_another.reshape((*before, n, most, *after)).sum(axis=axis + 1)
