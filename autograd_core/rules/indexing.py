"""Reading and writing by index, and scatter, the transpose of reading."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import linear, primitive
from autograd_core.operations.kinds import beside, foreign, host
from autograd_core.operations.primitive import Constant, Primitive, bare, implements
from autograd_core.operations.where import where as without_branches
from autograd_core.rules import flat_places
from autograd_core.workers.add_rows import add_rows


def is_basic(index: Any) -> bool:
    """Whether NumPy answers with a view: integers, slices, None and Ellipsis only."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or (isinstance(part, (int, slice, np.integer)) and not isinstance(part, (bool, np.bool_)))
        for part in parts
    )


def _scatter(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of the given shape with g added at the index, duplicates summed."""
    if g.dtype == np.float16 and not is_basic(index):  # sums of halves stop at 2048
        return _scatter(g.astype(np.float32), index, shape).astype(np.float16)
    out = np.zeros_like(g, shape=shape)
    if _only_by_places(out, index):
        return flat_places.scattered(g, index, shape)
    if not g.size:
        return out
    if is_basic(index):
        if isinstance(index, tuple) and any(part is None for part in index):
            index = tuple(part for part in index if part is not None)  # Dask cannot write there
            g = g.reshape(out[index].shape)
        out[index] = g
    elif _is_mask(index):
        out[index] = g
    else:
        _add_at(out, g, index=index, empty=True)
    return out


def _add_at(out: Any, g: Any, *, index: Any, empty: bool = False) -> None:
    """Add g into an array at an index, in place; what is named several times gets a sum."""
    if is_basic(index) or _is_mask(index):
        out[index] += g
        return
    parts = index if isinstance(index, tuple) else (index,)
    before = len(parts) - 1
    if out.__class__ is np.ndarray and parts and _is_places(parts[-1]):
        if all(isinstance(part, slice) and part == slice(None) for part in parts[:-1]):
            places = np.asarray(parts[-1])  # of one axis
            turned = out
            if before:
                turned = np.moveaxis(out, before, 0)
                g = np.moveaxis(g, range(before, before + places.ndim), range(places.ndim))
            flat = g.reshape((places.size, *turned.shape[1:]))
            add_rows(turned, places.reshape(-1), flat, empty)
            return
        rows = _rows_of(out, parts)
        if rows is not None:
            inner = out.shape[len(parts) :]
            flat = out.reshape((math.prod(out.shape[: len(parts)]), *inner))
            add_rows(flat, rows.reshape(-1), g.reshape((rows.size, *inner)), empty)
            return
    np.add.at(out, index, g)


def _rows_of(out: Any, parts: tuple[Any, ...]) -> Any:
    """Return the rows that arrays of integers name, the axes that they index taken as one.

    None where something else stands in the index, and where one of them is outside its axis.
    """
    if not (out.flags.c_contiguous and all(map(_is_places, parts))):
        return None
    place: Any = 0
    for part, n in zip(parts, out.shape, strict=False):
        part = np.asarray(part).astype(np.intp)
        if not part.size or part.min() < -n or part.max() >= n:
            return None
        place = place * n + np.where(part < 0, part + n, part)
    return place


def _is_places(part: Any) -> bool:
    if isinstance(part, np.ndarray):
        return part.dtype.kind in "iu"
    return isinstance(part, (int, np.integer)) and not isinstance(part, bool)


def _getitem(x: Any, index: Any) -> Any:
    return flat_places.read(x, index) if _only_by_places(x, index) else x[index]


def _only_by_places(x: Any, index: Any) -> bool:
    """Whether the arrays of x's library do not take such an index as NumPy's do."""
    if x.__class__ is np.ndarray or is_basic(index) or foreign(x) is None:
        return False
    return not flat_places.indexes_as_numpy(x)


# Both directions of one map: reading at an index, and adding into zeros there.
getitem = linear(
    _getitem,
    lambda g, x, *, index: scatter(g, index=index, shape=x.shape),
    name="getitem",
    view=True,
    category="index",
    label="[ ]",
    adds=_add_at,
    formulas=("place(upstream, index)",),
    doc="The operation behind ``x[index]``, called with the keyword ``index``.",
)
scatter: Primitive = linear(
    _scatter,
    lambda g, x, *, index, shape: getitem(g, index=index),
    name="scatter",
    category="index",
    formulas=("upstream[index]",),
)


def _is_mask(index: Any) -> bool:
    return getattr(getattr(index, "dtype", None), "kind", "") == "b"  # names no element twice


def _setitem(x: Any, v: Any, index: Any) -> Any:
    if foreign(x) is not None and is_basic(index) and not x[index].size:
        return x.copy()
    if _only_by_places(x, index):
        return flat_places.written(x, v, index)
    number = isinstance(x, np.generic)  # what a 0-d value holds
    out = np.array(x) if number else x.copy("K") if foreign(x) is None else x.copy()
    out[index] = v
    return out[()] if number else out


def _last_writer(shape: tuple[int, ...], index: Any) -> Any:
    """Where an index names an element twice, the last value stays; True for values that stay."""
    parts = index if isinstance(index, tuple) else (index,)
    index = tuple(part if foreign(part) is None else host(part) for part in parts)
    writers = np.arange(np.zeros(shape, dtype=bool)[index].size)
    board = np.full(shape, -1)
    board[index] = writers.reshape(np.shape(board[index]))
    return board[index] == writers.reshape(np.shape(board[index]))


last_writer = Constant(_last_writer)


def _to_old(g: Any, y: Any, x: Any, v: Any, *, index: Any) -> Any:
    return setitem(g, 0.0, index=index)


def _to_value(g: Any, y: Any, x: Any, v: Any, *, index: Any) -> Any:
    taken = getitem(g, index=index)
    if not is_basic(index) and not _is_mask(index):
        taken = taken * beside(taken, last_writer(shape=y.shape, index=index))
    return taken if taken.ndim >= v.ndim else taken.reshape(v.shape)


def _value_formula(z: Any, x: Any, v: Any, *, index: Any) -> str | None:
    """Write what a stored value gets; where a place is written twice, the last one counts."""
    places = np.arange(np.size(z)).reshape(np.shape(z))[index]
    return "upstream[index]" if np.unique(places).size == np.size(places) else None


setitem: Primitive = primitive(
    _setitem,
    vjp=[_to_old, _to_value],
    jvp=[
        lambda t, y, x, v, *, index: setitem(t, 0.0, index=index),
        lambda t, y, x, v, *, index: setitem(np.zeros_like(x), t, index=index),
    ],
    name="setitem",
    category="index",
    formulas=("clear(upstream, index)", _value_formula),
    label="[ ] =",
)


def check_mode(mode: Any) -> None:
    """Refuse a way to treat indices outside the array that NumPy does not have."""
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"mode={mode!r}: it must be 'raise', 'wrap' or 'clip'.")


def _index_array(indices: Any) -> Any:
    """Return indices as an array; batched ones as they are."""
    indices = bare(indices)
    return indices if hasattr(indices, "dtype") else np.asarray(indices)


@implements(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: None = None, mode: str = "raise") -> Any:
    """Pick elements along an axis."""
    check_mode(mode)
    indices = _index_array(indices)
    if axis is None:
        return take(np.ravel(a), indices, 0, mode=mode)
    a = a if np.ndim(a) else np.reshape(a, (1,))
    n = a.shape[axis]
    if mode == "wrap":
        indices = indices % n
    elif mode == "clip":
        indices = np.clip(indices, 0, n - 1)
    before = (slice(None),) * normalize_axis_index(axis, a.ndim)
    return getitem(
        a, index=(*before, indices)
    )  # of a plain array too: only the indices may be traced


def _along(indices: Any, axis: int) -> tuple[Any, ...]:
    """Return the full index that ``take_along_axis`` means."""
    places = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    places[axis] = indices
    return tuple(places)


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """Pick, along an axis, a different element at each place."""
    indices = _index_array(indices)
    if axis is None:
        if np.ndim(indices) != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        return getitem(np.ravel(arr), index=indices)
    axis = normalize_axis_index(axis, arr.ndim)
    shape = tuple(
        n if k == axis else max(n, m)
        for k, (n, m) in enumerate(zip(indices.shape, arr.shape, strict=True))
    )
    arr_shape = tuple(n if k == axis else shape[k] for k, n in enumerate(arr.shape))
    indices = np.broadcast_to(indices, shape)
    return getitem(np.broadcast_to(arr, arr_shape), index=_along(indices, axis))


def _no_fields(order: Any) -> None:
    if order is not None:
        raise ValueError(f"order={order!r}: an array of numbers has no fields.")


@implements(np.sort)
def sort(
    a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None
) -> Any:
    """Sort along an axis; the derivative follows each element to its place."""
    _no_fields(order)
    if axis is None:
        a, axis = np.ravel(a), -1
    return np.take_along_axis(a, np.argsort(bare(a), axis=axis, kind="stable"), axis)


@implements(np.partition)
def partition(
    a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None
) -> Any:
    """Partition along an axis."""
    _no_fields(order)
    if axis is None:
        a, axis = np.ravel(a), -1
    return np.take_along_axis(a, np.argpartition(bare(a), kth, axis=axis), axis)


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along an axis."""
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}.")
    if n == 0:
        return a
    parts = [p for p in (prepend, a, append) if p is not None and p is not np._NoValue]
    if len(parts) > 1:
        a = np.concatenate([_edge(p, a, axis) for p in parts], axis=axis)
    before = (slice(None),) * (normalize_axis_index(axis, a.ndim))
    difference = np.not_equal if a.dtype.kind == "b" else np.subtract
    for _ in range(n):
        a = difference(a[(*before, slice(1, None))], a[(*before, slice(None, -1))])
    return a


def _edge(part: Any, a: Any, axis: int) -> Any:
    if np.ndim(part):
        return part
    first = a[(*(slice(None),) * (normalize_axis_index(axis, a.ndim)), slice(0, 1))]
    return np.zeros_like(first) + beside(
        first, part if hasattr(part, "dtype") else np.asarray(part)
    )


@implements(np.where)
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Choose elementwise; with one argument, the places that are not zero."""
    if x is None and y is None:
        return np.nonzero(condition)
    if x is None or y is None:
        raise ValueError("either both or neither of x and y should be given.")
    return select_(x, y, condition=bare(condition))


# The masked side gets an exact 0, never 0 times something that is not finite.
select_ = primitive(
    lambda x, y, condition: without_branches(condition, x, y),
    vjp=[
        lambda g, z, x, y, *, condition: without_branches(condition, g, 0),
        lambda g, z, x, y, *, condition: without_branches(condition, 0, g),
    ],
    formulas=("where(condition, upstream, 0)", "where(condition, 0, upstream)"),
    jvp=[
        lambda t, z, x, y, *, condition: without_branches(condition, t, 0),
        lambda t, z, x, y, *, condition: without_branches(condition, 0, t),
    ],
    arity=2,
    name="where",
    category="elementwise",
)
