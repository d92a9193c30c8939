"""What each primitive does with a leading batch axis.

A rule gets the arguments as they are, Batched or not, and returns Batched
values, or NotImplemented to be run in a loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.primitive import Primitive, bare, describe
from autograd_core.transforms.batched import (
    CONSTANTS,
    RULES,
    Batching,
    Rule,
    elementwise_rule,
    stacked_rule,
)

Params = dict[str, Any]
CONSTANTS["_has_slope"] = elementwise_rule


def rule(*names: str, table: dict[str, Rule] = RULES) -> Callable[[Rule], Rule]:
    """Register a rule for the primitives of these names (decorator)."""

    def decorate(function: Rule) -> Rule:
        for name in names:
            table[name] = function
        return function

    return decorate


def _shifted(axis: Any, ndim: int) -> Any:
    """Return axes of one example as axes of the batch; None means all of one example's."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if axis.__class__ is not int and np.ndim(axis):  # a tuple, a list, a range, an array
        return tuple(_shifted(k, ndim) for k in axis)
    if ndim == 0 and axis in (0, -1):
        return ()  # NumPy reduces a number along its "axis 0" to itself
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return int(axis) % ndim + 1


# --- reductions -----------------------------------------------------------------


@rule("sum", "mean", "max", "min", "prod", "var", "std", "logsumexp", "nansum", "softmax",
      "log_softmax")  # fmt: skip
def _reduction(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x = args[0]
    axis = params.get("axis")
    rest = {k: v for k, v in params.items() if k != "axis"}
    return batch.wrap(p(x.value, axis=_shifted(axis, x.ndim), **rest))


@rule("all", "any", "argmax", "argmin", "argsort", "count_nonzero", table=CONSTANTS)
def _constant_reduction(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, *rest = args
    places = {"argsort": ("axis", "kind", "order"), "count_nonzero": ("axis",)}
    names = places.get(p.name, ("axis", "out", "keepdims"))
    params = {**dict(zip(names, rest, strict=False)), **params}
    axis = params.get("axis", -1 if p.name == "argsort" else None)
    value = x.value
    if axis is None and p.name.startswith("arg"):
        value, axis = value.reshape((batch.size, -1)), 1
    else:
        axis = _shifted(axis, x.ndim)
    others = {k: v for k, v in params.items() if k != "axis"}
    made = p(value, axis=axis, **others)
    if params.get("keepdims") and value.ndim != x.value.ndim:  # of the flattened
        made = made.reshape((batch.size,) + (1,) * x.ndim)
    return batch.wrap(made)


@rule("outer")
def _outer(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    a, b = args
    return a[:, None] * b


@rule("cumsum", "cumprod")
def _cumulative(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, axis = args[0].value, params.get("axis")
    rest = {k: v for k, v in params.items() if k != "axis"}
    if axis is None or (x.ndim == 1 and axis in (0, -1)):
        return batch.wrap(p(x.reshape((batch.size, -1)), axis=1, **rest))
    return batch.wrap(p(x, axis=_shifted(axis, args[0].ndim), **rest))


@rule("searchsorted", table=CONSTANTS)
def _searchsorted(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    places, values, *rest = args
    if batch.holds(places):
        return NotImplemented
    return batch.wrap(p(places, values.value, *rest, **params))


@rule("shape", "ndim", "size", table=CONSTANTS)
def _metadata(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    shape: tuple[int, ...] = args[0].shape
    if len(args) == 1 and not params:
        return shape if p.name == "shape" else len(shape) if p.name == "ndim" else args[0].size
    return p.forward(np.broadcast_to(np.empty(()), shape), *args[1:], **params)


@rule("result_type", "can_cast", "iscomplexobj", "isrealobj", "common_type", table=CONSTANTS)
def _kind(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    plain = [np.empty((0,) * (np.ndim(a) > 0), a.dtype) if batch.holds(a) else a for a in args]
    return p(*plain, **params)


@rule("einsum_path", table=CONSTANTS)
def _of_shapes(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    return p(*[np.broadcast_to(0.0, a.shape) if batch.holds(a) else a for a in args], **params)


@rule("zeros_like", "ones_like", "full_like", "empty_like", table=CONSTANTS)
def _like(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, *rest = args  # the rest is plain: a traced fill_value goes another way
    places = ("fill_value",) * (p.name == "full_like") + ("dtype", "order", "subok", "shape")
    params = {**dict(zip(places, rest, strict=False)), **params}
    shape, rest = params.get("shape"), []
    full = dict(params)
    if shape is not None:
        full["shape"] = (batch.size, *np.atleast_1d(shape).tolist())
    return batch.wrap(p(x.value, *rest, **full))


@rule("fft", "ifft", "rfft", "irfft")
def _fft(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    axis = _shifted(params.get("axis", -1), args[0].ndim)
    return batch.wrap(p(args[0].value, **{**params, "axis": axis}))


@rule("isneginf", "isposinf", "isreal", "iscomplex", "isclose", table=CONSTANTS)
def _test(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    values = batch.aligned([*args, *params.values()])  # rtol=, too, may differ
    made = p(*values[: len(args)], **dict(zip(params, values[len(args) :], strict=True)))
    return batch.wrap(made)


# --- products -------------------------------------------------------------------


@rule("matmul")
def _matmul(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    a, b = args
    ranks = np.ndim(a), np.ndim(b)
    if 0 in ranks:
        raise errors.ShapeError(
            f"matmul({describe(a)}, {describe(b)}): the operands of @ need at least one axis; "
            "a number multiplies with *.",
            Location.of_caller(),
        )
    if not batch.holds(b):
        if ranks[1] <= 2:  # one large product
            rows = a.value.reshape((batch.size * math.prod(a.shape[:-1]), a.shape[-1]))
            made = p(rows, b)
            return batch.wrap(made.reshape((batch.size, *a.shape[:-1], *np.shape(b)[1:])))
        left = a.value[:, None, :] if ranks[0] == 1 else a.value
        made = p(_padded(left, 1, max(ranks)), b)
        return batch.wrap(made[..., 0, :] if ranks[0] == 1 else made)
    if not batch.holds(a):
        if ranks[1] == 1 and ranks[0] <= 2:  # rows of the batch times a's transpose
            return batch.wrap(p(b.value, a.T))
        if ranks == (2, 2) and b.shape[-1] < 8:  # narrow: fold the columns into the batch
            columns = np.swapaxes(b.value, 1, 2)
            folded = p(columns.reshape((batch.size * b.shape[1], b.shape[0])), a.T)
            made = folded.reshape((batch.size, b.shape[1], np.shape(a)[0]))
            return batch.wrap(np.swapaxes(made, 1, 2))
        right = b.value[..., None] if ranks[1] == 1 else b.value
        made = p(a, _padded(right, 1, max(ranks)))
        return batch.wrap(made[..., 0] if ranks[1] == 1 else made)
    left = a.value[:, None, :] if ranks[0] == 1 else a.value
    right = b.value[..., None] if ranks[1] == 1 else b.value
    width = max(*ranks, 2)
    made = p(_padded(left, 1, width), _padded(right, 1, width))
    if ranks[1] == 1:
        made = made[..., 0]
    return batch.wrap(
        made[..., 0] if ranks == (1, 1) else made[..., 0, :] if ranks[0] == 1 else made
    )


def _padded(x: Any, place: int, ndim: int) -> Any:
    """Return x with axes of length 1 put in behind the batch axis, up to ndim of one example."""
    missing = ndim + place - x.ndim
    if missing <= 0:
        return x
    return x.reshape((*x.shape[:place], *(1,) * missing, *x.shape[place:]))


@rule("einsum")
def _einsum(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    from autograd_core.rules.products import _explicit

    terms, result = _explicit(params["subscripts"], [np.ndim(a) for a in args])
    used = set("".join(terms) + result)
    label = next(c for c in "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in used)
    spelt = [label + t if batch.holds(a) else t for t, a in zip(terms, args, strict=True)]
    operands = [a.value if batch.holds(a) else a for a in args]
    return batch.wrap(p(*operands, subscripts=",".join(spelt) + "->" + label + result))


@rule("solve")
def _solve(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    a, b = args
    vector = np.ndim(b) == 1
    if not batch.holds(a) and vector and np.ndim(a) == 2:  # one factorization for all
        return batch.wrap(p(a, b.value.T).T)
    left, right = (x.value if batch.holds(x) else x for x in (a, b))
    if vector:
        right = right[..., None]
    width = max(np.ndim(a), np.ndim(b) + vector)
    left = _padded(left, 1, width) if batch.holds(a) else left
    right = _padded(right, 1, width) if batch.holds(b) else right
    made = p(left, right)
    return batch.wrap(made[..., 0] if vector else made)


# Those whose functions and rules all take stacks of matrices; others run in a loop.
for _name in ("inv", "det", "slogdet", "cholesky", "matrix_power", "eigh", "eig", "svd", "full svd",
              "qr", "full qr", "pinv", "expm"):  # fmt: skip
    RULES[_name] = stacked_rule

# --- shapes -----------------------------------------------------------------------


@rule("reshape")
def _reshape(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, shape = args[0], params["shape"]
    shape = [int(n) for n in np.atleast_1d(shape)] if np.ndim(shape) or shape != () else []
    if -1 in shape:
        known = int(np.prod([n for n in shape if n != -1], dtype=int))
        shape[shape.index(-1)] = x.size // known if known else 0
    return batch.wrap(p(x.value, shape=(batch.size, *shape)))


@rule("ravel")
def _ravel(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    return batch.wrap(args[0].value.reshape((batch.size, args[0].size)))


@rule("transpose")
def _transpose(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x = args[0]
    axes = params.get("axes")
    axes = tuple(range(x.ndim))[::-1] if axes is None else axes
    return batch.wrap(p(x.value, axes=(0, *_shifted(tuple(axes), x.ndim))))


@rule("swapaxes")
def _swapaxes(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x = args[0]
    moved = {k: _shifted(v, x.ndim) for k, v in params.items()}
    return batch.wrap(p(x.value, **moved))


@rule("moveaxis")
def _moveaxis(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x = args[0]
    return batch.wrap(p(x.value, **{k: _shifted(v, x.ndim) for k, v in params.items()}))


@rule("expand_dims")
def _expand_dims(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, axis = args[0], params["axis"]
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    return batch.wrap(p(x.value, axis=_shifted(tuple(axes), x.ndim + len(axes))))


@rule("squeeze")
def _squeeze(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, axis = args[0], params.get("axis")
    if axis is None:
        axis = tuple(k for k, n in enumerate(x.shape) if n == 1)
    return batch.wrap(p(x.value, axis=_shifted(axis, x.ndim)))


@rule("flip")
def _flip(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    return batch.wrap(p(args[0].value, axis=_shifted(params.get("axis"), args[0].ndim)))


@rule("broadcast_to")
def _broadcast_to(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    shape = tuple(np.atleast_1d(params["shape"]).tolist()) if np.size(params["shape"]) else ()
    value = _padded(args[0].value, 1, len(shape))
    return batch.wrap(p(value, shape=(batch.size, *shape)))


@rule("sliding_window_view")
def _windows(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, axis = args[0], params["axis"]
    axis = range(x.ndim) if axis is None else axis
    axis = _shifted(tuple(axis) if np.ndim(axis) else axis, x.ndim)
    return batch.wrap(p(x.value, window_shape=params["window_shape"], axis=axis))


@rule("roll")
def _roll(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, axis, shift = args[0], params.get("axis"), params["shift"]
    if axis is None:
        flat = p(x.value.reshape((batch.size, -1)), shift=int(np.sum(shift)), axis=1)
        return batch.wrap(flat.reshape((batch.size, *x.shape)))
    return batch.wrap(p(x.value, shift=shift, axis=_shifted(axis, x.ndim)))


@rule("repeat")
def _repeat(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, axis = args[0], params.get("axis")
    if axis is None:
        flat = x.value.reshape((batch.size, -1))
        return batch.wrap(p(flat, repeats=params["repeats"], axis=1))
    return batch.wrap(p(x.value, repeats=params["repeats"], axis=_shifted(axis, x.ndim)))


@rule("tril", "triu")
def _triangle(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    return NotImplemented if args[0].ndim < 2 else stacked_rule(batch, p, args, params)


@rule("astype", "copy", "real", "imag", "entry", "conj", "conjugate")
def _each(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    return stacked_rule(batch, p, args, params)


@rule("branch", "plus")
def _fan(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    return elementwise_rule(batch, p, args, params)


@rule("pad")
def _pad(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    width = np.broadcast_to(params["pad_width"], (args[0].ndim, 2))
    full = np.concatenate([np.zeros((1, 2), dtype=int), width])
    return batch.wrap(p(args[0].value, pad_width=full))


@rule("concatenate")
def _concatenate(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    axis = _shifted(params.get("axis", 0), np.ndim(args[0]))
    return batch.wrap(p(*(batch.spread(a) for a in args), axis=axis))


# --- indexing ---------------------------------------------------------------------
# With the batch axis *last*, an index into one example is an index into the batch:
# NumPy's rules on where the axes of index arrays go never touch trailing axes.


def _last(batch: Batching, x: Any) -> Any:
    if batch.holds(x):
        return np.moveaxis(x.value, 0, -1)
    x = np.asarray(x) if not hasattr(x, "dtype") else x
    return np.expand_dims(x, -1)


def _is_mask(part: Any) -> bool:
    return bool(getattr(part, "dtype", None) == np.dtype(bool))


def _spelt(index: Any, ndim: int) -> tuple[Any, ...]:
    """Return an index with its Ellipsis written out, as a tuple."""
    parts = index if isinstance(index, tuple) else (index,)
    taken = sum(k.ndim if _is_mask(k) else 1 for k in parts if k is not None and k is not Ellipsis)
    if not any(k is Ellipsis for k in parts):
        return (*parts, *(slice(None),) * (ndim - taken))
    place = next(j for j, k in enumerate(parts) if k is Ellipsis)
    return (*parts[:place], *(slice(None),) * (ndim - taken), *parts[place + 1 :])


def _own_index(batch: Batching, index: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Return an index that differs from example to example as one into the whole batch.

    The batch axis of the indexed array is the first; the result's is the first
    too.  Only for index arrays and integers in front, slices behind.
    """
    arrays = [k for k in index if not isinstance(k, slice)]
    if any(k is None or _is_mask(k) for k in arrays):
        return None
    if any(isinstance(k, slice) for k in index[: len(arrays)]):
        return None
    ndim = max(np.ndim(k) for k in arrays)
    counter = np.arange(batch.size).reshape((batch.size, *(1,) * ndim))
    return (counter, *batch.aligned(arrays), *index[len(arrays) :])


def _differs(batch: Batching, index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(map(batch.holds, parts))


@rule("getitem")
def _getitem(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    from autograd_core.rules.indexing import is_basic

    x, index = args[0], params["index"]
    if _differs(batch, index):
        spelt = _own_index(batch, _spelt(index, np.ndim(x)))
        if spelt is None:
            return NotImplemented
        if batch.holds(x):
            return batch.wrap(p(x.value, index=spelt))
        return batch.wrap(p(x, index=spelt[1:]))
    if is_basic(index):
        parts = index if isinstance(index, tuple) else (index,)
        return batch.wrap(p(x.value, index=(slice(None), *parts)))
    made = p(_last(batch, x), index=(*_spelt(index, x.ndim), slice(None)))
    return batch.wrap(np.moveaxis(made, -1, 0))


@rule("scatter")
def _scatter(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    from autograd_core.rules.indexing import is_basic

    g, index, shape = args[0], params["index"], params["shape"]
    if _differs(batch, index):
        spelt = _own_index(batch, _spelt(index, len(shape)))
        if spelt is None:
            return NotImplemented
        return batch.wrap(p(batch.spread(g), index=spelt, shape=(batch.size, *shape)))
    if is_basic(index):
        parts = index if isinstance(index, tuple) else (index,)
        full = (batch.size, *shape)
        return batch.wrap(p(g.value, index=(slice(None), *parts), shape=full))
    full_index: Any = (*_spelt(index, len(shape)), slice(None))
    if isinstance(index, np.ndarray) and index.dtype != bool:
        full_index = index  # rows: scatter has a fast way for them
    made = p(_last(batch, g), index=full_index, shape=(*shape, batch.size))
    return batch.wrap(np.moveaxis(made, -1, 0))


@rule("setitem")
def _setitem(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, v = args
    index = params["index"]
    if _differs(batch, index):
        return NotImplemented
    value = _last(batch, x)
    if not batch.holds(x):
        value = np.broadcast_to(value, (*np.shape(x), batch.size))
    made = p(value, _last(batch, v), index=(*_spelt(index, np.ndim(x)), slice(None)))
    return batch.wrap(np.moveaxis(made, -1, 0))


@rule("where")
def _where(batch: Batching, p: Primitive, args: Sequence[Any], params: Params) -> Any:
    x, y, condition = batch.aligned([*args, params["condition"]])
    return batch.wrap(p(x, y, condition=bare(condition)))
