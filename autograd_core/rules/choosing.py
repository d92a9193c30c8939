"""Choosing, inserting, removing and rearranging elements."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import linear
from autograd_core.operations.kinds import beside, foreign, host
from autograd_core.operations.primitive import Boxed, Constant, bare, implements
from autograd_core.rules.indexing import _along, check_mode, scatter
from autograd_core.rules.shapes import adapted, add_at, common_kind


@implements(np.choose)
def choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    """Pick, at each place, from the array with that number."""
    check_mode(mode)
    kind = common_kind(*choices)
    parts = np.broadcast_arrays(host(bare(a)), *[adapted(c, kind) for c in choices])
    index, stacked = parts[0], np.stack(parts[1:])
    n = len(parts) - 1
    if mode == "wrap":
        index = index % n
    elif mode == "clip":
        index = np.clip(index, 0, n - 1)
    return np.take_along_axis(stacked, index[None], axis=0)[0]


@implements(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Take, at each place, the first choice whose condition holds."""
    made = adapted(default, common_kind(default, *choicelist))
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        made = np.where(condition, choice, made)
    return made


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Any:
    """Keep the slices where the condition holds."""
    return np.take(a, np.flatnonzero(host(bare(condition))), axis=axis)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """Keep the elements where the condition holds."""
    return np.take(np.ravel(arr), np.flatnonzero(host(bare(condition))))


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Remove slices."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    return np.take(
        arr,
        np.delete(
            np.arange(arr.shape[axis]), host(bare(obj)) if foreign(obj) is not None else bare(obj)
        ),
        axis=axis,
    )


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Insert values before the given places."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = normalize_axis_index(axis, np.ndim(arr))
    n = np.shape(arr)[axis]
    values = beside(arr, values if hasattr(values, "dtype") else np.asarray(values))
    places = np.arange(n)
    if isinstance(obj, slice):
        obj = np.arange(n)[obj]
    obj = host(bare(obj))
    if obj.dtype == bool:
        obj = np.flatnonzero(obj)
    if obj.ndim == 0:
        values = np.reshape(values, (1,) * (np.ndim(arr) - values.ndim) + values.shape)
        values = np.moveaxis(values, 0, axis)
        count = values.shape[axis]
    else:
        count = obj.size
    # which new value comes where: numbered -1, -2, ... among the old places
    order = np.insert(places, obj, -1 - np.arange(count))
    shape = tuple(count if k == axis else m for k, m in enumerate(np.shape(arr)))
    both = np.concatenate([arr, np.broadcast_to(values, shape).astype(arr.dtype)], axis=axis)
    return np.take(both, np.where(order < 0, n - 1 - order, order), axis=axis)


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """Repeat or cut the flattened array into a shape."""
    shape = (new_shape,) if np.ndim(new_shape) == 0 else tuple(new_shape)
    size = int(np.prod(shape, dtype=int))
    if not np.size(a):
        return np.zeros_like(a, shape=shape)
    return np.take(np.ravel(a), np.arange(size) % np.size(a)).reshape(shape)


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """Cut the zeros at both ends."""
    if filt.ndim != 1 or axis not in (None, 0, -1):
        raise TypeError(
            f"axis={axis} of {filt.ndim} axes: only vectors are supported on a traced value."
        )
    there = np.flatnonzero(bare(filt))
    if not there.size:
        return filt[:0]
    start = there[0] if "f" in trim.lower() else 0
    stop = there[-1] + 1 if "b" in trim.lower() else filt.shape[0]
    return filt[int(start) : int(stop)]


@implements(np.ix_)
def ix_(*args: Any) -> Any:
    """Vectors along one axis each; of booleans the places that are true."""
    made = []
    for k, given in enumerate(args):
        part = given if hasattr(given, "dtype") else np.asarray(given)
        if part.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if not hasattr(given, "dtype") and not part.size:
            part = part.astype(np.intp)
        if part.dtype.kind == "b":
            (part,) = np.nonzero(part)
        made.append(np.reshape(part, (1,) * k + part.shape + (1,) * (len(args) - k - 1)))
    return tuple(made)


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """Coordinates of a grid from vectors."""
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    ndim = len(xi)
    made = [np.reshape(x, (1,) * k + (-1,) + (1,) * (ndim - 1 - k)) for k, x in enumerate(xi)]
    if indexing == "xy" and ndim > 1:
        made = [np.swapaxes(x, 0, 1) for x in made]
    made = made if sparse else list(np.broadcast_arrays(*made))
    return tuple(np.copy(x) for x in made) if copy else tuple(made)


if hasattr(np, "unstack"):  # pragma: no branch - NumPy 2.1 has it

    @implements(np.unstack)
    def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
        """Split along an axis, and drop it."""
        return tuple(np.moveaxis(x, axis, 0))


def _depth(nest: Any) -> int:
    return 1 + max(map(_depth, nest)) if isinstance(nest, list) else 0


def _at_least(a: Any, ndim: int) -> Any:
    return np.reshape(a, (1,) * (ndim - np.ndim(a)) + np.shape(a))


@implements(np.block)
def block(arrays: Any) -> Any:
    """Join nested lists of blocks, the innermost along the last axis."""
    depth = _depth(arrays)

    def leaves(nest: Any) -> Any:
        return (
            [leaf for part in nest for leaf in leaves(part)] if isinstance(nest, list) else [nest]
        )

    ndim = max(depth, *(np.ndim(a) for a in leaves(arrays)))

    def join(nest: Any, level: int) -> Any:
        if not isinstance(nest, list):
            return _at_least(nest, ndim)
        return np.concatenate([join(part, level + 1) for part in nest], axis=level - depth)

    return join(arrays, 0)


@implements(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """Apply a function to every vector along an axis."""
    axis = normalize_axis_index(axis, arr.ndim)
    rows = np.moveaxis(arr, axis, -1)
    outer = rows.shape[:-1]
    if 0 in outer:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    flat = rows.reshape((int(np.prod(outer, dtype=int)), rows.shape[-1]))
    made = np.stack([func1d(flat[k], *args, **kwargs) for k in range(flat.shape[0])])
    inner = made.shape[1:]
    made = made.reshape((*outer, *inner))
    for k in range(len(inner)):
        made = np.moveaxis(made, len(outer) + k, axis + k)
    return made


@implements(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """Apply a reduction over axes, one after the other, keeping them."""
    ndim = a.ndim
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        made = func(a, axis)
        a = made if made.ndim == ndim else np.expand_dims(made, axis)
    return a


def _add_windows(g: Any, x: Any, *, window_shape: Any, axis: Any) -> Any:
    """Add each window back to where it was read."""
    places = np.arange(x.size).reshape(x.shape)
    index = np.lib.stride_tricks.sliding_window_view(places, window_shape, axis).reshape(-1)
    return add_at(g.reshape(-1), index, x.size).reshape(x.shape)


_windows = linear(
    lambda x, window_shape, axis: np.lib.stride_tricks.sliding_window_view(x, window_shape, axis),
    _add_windows,
    name="sliding_window_view",
    view=True,
    category="shape",
)


@implements(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """All windows of a length along the axes: a view that cannot be written."""
    if writeable:
        raise ValueError(
            "writeable=True is not supported on a traced value: windows overlap, and what is "
            "written into one changes others; write into x itself."
        )
    return _windows(x, window_shape=window_shape, axis=axis)


def _places(condition: Any) -> Any:
    """Return a condition's plain truth values, where there are such (a program guards them)."""
    condition = bare(condition)
    return np.asarray(condition) if getattr(condition, "_written", False) else condition


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Evaluate a function, or take a constant, where its condition holds; the last one wins."""
    if x.ndim == 0:
        given = [np.reshape(bare(c), (1,)) for c in np.atleast_1d(bare(condlist))]
        return piecewise(np.reshape(x, (1,)), given, funclist, *args, **kw).reshape(())
    condlist = _places(condlist)  # x > 0 of a traced x: one condition, not one for each row
    single = isinstance(condlist, (bool, np.ndarray)) or foreign(condlist) is not None
    if single and np.ndim(condlist) == np.ndim(x):
        conditions = [host(condlist)]
    else:
        conditions = [_places(c) for c in condlist]
        if any(isinstance(c, Boxed) for c in conditions):
            raise TypeError(
                "under vmap the condition selects different elements in each example; use "
                "np.where or np.select."
            )
        conditions = [host(c) for c in conditions]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    if len(funclist) != len(conditions):
        raise ValueError("piecewise: one function for each condition, or one more.")
    made = np.zeros_like(x)
    free = np.ones(x.shape, dtype=bool)
    for condition, function in list(zip(conditions, funclist, strict=True))[::-1]:
        here = np.nonzero(free & condition)
        free = free & ~condition
        if callable(function):
            if here and not here[0].size:
                continue
            value = function(x[here], *args, **kw)
        else:
            value = function
        value = np.broadcast_to(
            np.asarray(value) if not hasattr(value, "dtype") else value, np.shape(bare(x)[here])
        )
        made = made + scatter(value.astype(x.dtype), index=here, shape=x.shape)
    return made


# Where each different value stands first, in sorted order; and the rest of np.unique's answers.
_unique_places = Constant(
    lambda ar, axis, equal_nan: np.unique(ar, True, True, True, axis=axis, equal_nan=equal_nan)[1:]
)


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """Sorted different values; each takes its derivative to its first occurrence."""
    index, inverse, counts = _unique_places(ar, axis, equal_nan)
    index = bare(index)
    values = np.take(np.ravel(ar), index) if axis is None else np.take(ar, index, axis=axis)
    extra = [
        part
        for part, asked in (
            (index, return_index),
            (inverse, return_inverse),
            (counts, return_counts),
        )
        if asked
    ]
    return (values, *extra) if extra else values


@implements(np.unique_values)
def unique_values(x: Any, /) -> Any:
    """As `unique`."""
    return unique(x)


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """Sorted different values of both."""
    return unique(np.concatenate([np.ravel(ar1), np.ravel(ar2)]))


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """Count integers, or add up their weights; differentiable in the weights."""
    x = host(bare(x))
    if weights is None:
        return np.bincount(x, minlength=minlength)
    n = max(int(x.max()) + 1 if x.size else 0, minlength)
    return scatter(weights, index=x, shape=(n,))


_constant_like = Constant(np.full_like)


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: None = None,
) -> Any:
    """Make an array of one value, which may carry a derivative."""
    if not isinstance(fill_value, Boxed):
        return _constant_like(a, fill_value, dtype=dtype, order=order, subok=subok, shape=shape)
    kind = a.dtype if dtype is None else dtype
    return np.broadcast_to(cast(Any, fill_value), np.shape(a) if shape is None else shape).astype(
        kind, order
    )


# --- writing in place -------------------------------------------------------


def _target(a: Any, name: str) -> Any:
    if not isinstance(a, Boxed):
        raise TypeError(
            f"a traced value cannot be written into a plain array by {name} (functions such as "
            "np.full_like and np.nan_to_num use it too); make the array a Tensor first, use "
            "np.where, or x * np.ones_like(plain) instead of np.full_like(plain, x)."
        )
    return a


@implements(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """Write a different element at each place along an axis."""
    arr, indices = _target(arr, "put_along_axis"), host(bare(indices))
    if axis is None:
        arr[np.unravel_index(indices, arr.shape)] = values
    else:
        arr[_along(indices, normalize_axis_index(axis, arr.ndim))] = values


@implements(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Write elements by their number in the flattened array."""
    a, ind = _target(a, "put"), np.ravel(host(bare(ind)))
    if mode == "raise" and np.any((ind >= a.size) | (ind < -a.size)):
        raise IndexError(f"an index is out of bounds for an array of size {a.size}")
    if mode == "wrap":
        ind = ind % a.size
    elif mode == "clip":
        ind = np.clip(ind, 0, a.size - 1)
    a[np.unravel_index(ind % a.size if mode == "raise" else ind, a.shape)] = np.resize(v, ind.shape)


@implements(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    """Write values, repeated as needed, where the mask holds."""
    arr, mask = _target(arr, "place"), host(bare(mask)).astype(bool)
    arr[mask] = np.resize(vals, (int(mask.sum()),))


@implements(np.putmask)
def putmask(a: Any, /, mask: Any, values: Any) -> None:
    """Write ``values[n]`` where ``mask[n]`` holds."""
    a, mask = _target(a, "putmask"), host(bare(mask)).astype(bool)
    a[mask] = np.resize(values, a.shape)[mask]


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """Copy values into an array, where the mask holds."""
    dst = _target(dst, "copyto")
    kind = np.result_type(bare(src))
    if not np.can_cast(kind, dst.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(f"{kind} cannot be cast to {dst.dtype} according to the rule {casting!r}")
    dst[...] = src if where is True else np.where(where, src, dst)


@implements(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Write the diagonal."""
    a = _target(a, "fill_diagonal")
    if a.ndim == 2:
        step = a.shape[1] + 1
        stop = a.size if wrap else a.shape[1] * a.shape[1]
        places = np.arange(0, min(stop, a.size), step)
    elif len(set(a.shape)) == 1 and a.ndim > 2:
        step = int(1 + np.cumprod(a.shape[:-1]).sum())
        places = np.arange(0, a.size, step)
    else:
        raise ValueError("All dimensions of input must be of equal length")
    a[np.unravel_index(places, a.shape)] = np.resize(val, places.shape)
