"""Reading and writing by index: Slice and Gather, Pad and ScatterND."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.onnx.graph import Graph, Ref
from autograd_core.onnx.shaping import BEGIN, cut, pad
from autograd_core.onnx.table import lowers
from autograd_core.rules import indexing


def _parts(g: Graph, index: Any, ndim: int) -> list[Any]:
    """Return an index without Ellipsis, one part for each axis and None for each new one."""
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [np.asarray(p) if isinstance(p, list) else p for p in parts]
    spread: list[Any] = []
    for p in parts:
        if isinstance(p, Ref) and p.dtype.kind == "b":
            raise g.refuse(
                "a mask that the function computes: what it selects has no fixed shape. Write "
                "np.where(mask, x, 0)."
            )
        if isinstance(p, np.ndarray) and p.dtype.kind == "b":
            spread += [g.constant(n.astype(np.int64)) for n in np.nonzero(p)]
        elif isinstance(p, np.ndarray) and p.ndim:
            spread.append(g.constant(p.astype(np.int64)))
        elif isinstance(p, (int, np.integer, np.ndarray)):
            spread.append(int(p))
        else:
            spread.append(p)
    used = sum(p is not None and p is not Ellipsis for p in spread)
    rest = [slice(None)] * (ndim - used)
    if any(p is Ellipsis for p in spread):
        at = next(k for k, p in enumerate(spread) if p is Ellipsis)
        return spread[:at] + rest + spread[at + 1 :]
    return spread + rest


def _cut(g: Graph, x: Ref, parts: list[Any]) -> tuple[Ref, list[Any]]:
    """Do the slices; return the rest of the index."""
    slices: dict[int, tuple[int, int, int]] = {}
    shape, left, axis = list(x.shape), list(parts), 0
    for k, p in enumerate(parts):
        if p is None:
            continue
        if isinstance(p, slice):
            start, stop, step = p.indices(x.shape[axis])
            shape[axis] = len(range(start, stop, step))
            if (start, stop, step) != (0, x.shape[axis], 1):
                slices[axis] = (start, BEGIN if stop < 0 else stop, step)
            left[k] = slice(None)
        axis += 1
    return cut(g, x, slices, shape), left


def _has_truth(index: Any) -> bool:
    """Whether a part of an index is True or False itself."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, (bool, np.bool_)) for p in parts)


def _basic(parts: list[Any]) -> bool:
    return not any(isinstance(p, Ref) for p in parts)


@lowers(indexing.getitem)
def getitem(g: Graph, y: Any, x: Ref, *, index: Any) -> Ref:
    """Slice, then Gather at numbers and at arrays of them, then Unsqueeze."""
    if _has_truth(index):
        size = math.prod(x.shape)
        places = np.arange(size).reshape(x.shape)[index]
        flat = g.reshape(x, (size,))
        return g.op("Gather", flat, g.constant(places), shape=places.shape, axis=0)
    x, parts = _cut(g, x, _parts(g, index, x.ndim))
    if _basic(parts):
        axis = 0
        for p in parts:
            if isinstance(p, int):
                shape = x.shape[:axis] + x.shape[axis + 1 :]
                place = p % max(x.shape[axis], 1)
                x = g.op("Gather", x, g.constant(np.int64(place)), shape=shape, axis=axis)
            elif p is not None:
                axis += 1
        kept = [p for p in parts if not isinstance(p, int)]
        return g.unsqueeze(x, [k for k, p in enumerate(kept) if p is None])
    return _advanced(g, y, x, parts)


def _advanced(g: Graph, y: Any, x: Ref, parts: list[Any]) -> Ref:
    """Gather at one array, or GatherND at several, whose axes then come first."""
    axes = _axes_of(parts)
    chosen = list(axes)
    if len(chosen) == 1 and isinstance(axes[chosen[0]], Ref):
        (axis,) = chosen
        places = g.cast(axes[axis], np.int64)
        shape = x.shape[:axis] + places.shape + x.shape[axis + 1 :]
        made = g.op("Gather", x, places, shape=shape, axis=axis)
        return g.reshape(made, np.shape(y))
    order = chosen + [k for k in range(x.ndim) if k not in chosen]
    places = _together(g, [axes[k] for k in chosen], [x.shape[k] for k in chosen])
    rest = [x.shape[k] for k in order[len(chosen) :]]
    made = g.op("GatherND", g.transpose(x, order), places, shape=[*places.shape[:-1], *rest])
    front = _front(parts)
    count = places.ndim - 1
    if front:
        before = front
        total = made.ndim
        order = [*range(count, count + before), *range(count), *range(count + before, total)]
        made = g.transpose(made, order)
    return g.reshape(made, np.shape(y))


def _axes_of(parts: list[Any]) -> dict[int, Any]:
    """Return which axes of the array are indexed by what."""
    real = [p for p in parts if p is not None]
    return {axis: p for axis, p in enumerate(real) if not isinstance(p, slice)}


def _front(parts: list[Any]) -> int:
    """Return how many axes come before those of the arrays: none if these stand apart."""
    places = [k for k, p in enumerate(parts) if isinstance(p, (int, Ref))]
    if places[-1] - places[0] + 1 != len(places):
        return 0
    return sum(p is not None for p in parts[: places[0]])


def _together(g: Graph, indices: list[Any], sizes: list[int]) -> Ref:
    """Return several indices as one array, whose last axis says the place in each."""
    refs = [g.cast(p, np.int64) if isinstance(p, Ref) else g.constant(np.int64(p)) for p in indices]
    shape = np.broadcast_shapes(*(r.shape for r in refs))
    if all(r.array is not None for r in refs):
        arrays = [np.broadcast_to(np.where(r.array < 0, r.array + n, r.array), shape)
                  for r, n in zip(refs, sizes, strict=True)]  # fmt: skip
        return g.constant(np.stack(arrays, axis=-1))
    wide = [g.unsqueeze(g.expand(r, shape), [len(shape)]) for r in refs]
    if len(wide) == 1:
        return wide[0]
    return g.op("Concat", *wide, dtype=np.int64, shape=(*shape, len(wide)), axis=len(shape))


def zeros(g: Graph, shape: Any, dtype: Any) -> Ref:
    """Return zeros."""
    return g.expand(g.constant(np.zeros((), dtype)), shape)


@lowers(indexing.scatter)
def scatter(g: Graph, y: Any, x: Ref, *, index: Any, shape: Any) -> Ref:
    """Pad for slices without steps; otherwise ScatterND adds into zeros."""
    shape = tuple(int(n) for n in shape)
    if _has_truth(index):
        return _at_flat(g, zeros(g, shape, x.dtype), x, index, "add", False)
    parts = _parts(g, index, len(shape))
    simple = _basic(parts) and all(not isinstance(p, slice) or p.step in (None, 1) for p in parts)
    if simple:
        return _padded(g, x, parts, shape)
    if x.dtype == np.float16:
        wide = scatter(g, np.zeros(shape, np.float32), g.cast(x, np.float32), index=index,
                       shape=shape)  # fmt: skip
        return g.cast(wide, np.float16)
    return _written(g, zeros(g, shape, x.dtype), x, index, parts, "add")


def _padded(g: Graph, x: Ref, parts: list[Any], shape: tuple[int, ...]) -> Ref:
    before, after, axis, inner = [], [], 0, []
    for p in parts:
        if p is None:
            continue
        n = shape[axis]
        start, stop, _ = p.indices(n) if isinstance(p, slice) else (p % n, p % n + 1, 1)
        stop = max(start, stop)
        before.append(start)
        after.append(n - stop)
        inner.append(stop - start)
        axis += 1
    return pad(g, g.reshape(x, inner), before, after, shape)


def _written(
    g: Graph, base: Ref, v: Ref, index: Any, parts: list[Any], how: str, last: bool = False
) -> Ref:
    """Return an array with values added, or written, at an index."""
    live = any(isinstance(p, Ref) and p.array is None for p in parts)
    if not live:
        return _at_flat(g, base, v, index, how, last)
    axes = _axes_of(parts)
    whole = all(not isinstance(p, slice) or p in (slice(None), slice(0, n, 1))
                for p, n in zip([q for q in parts if q is not None], base.shape,
                                strict=True))  # fmt: skip
    if not whole:
        raise g.refuse("writing at indices that the function computes, beside a slice.")
    chosen = list(axes)
    order = chosen + [k for k in range(base.ndim) if k not in chosen]
    places = _together(g, [axes[k] for k in chosen], [base.shape[k] for k in chosen])
    count, before = places.ndim - 1, _front(parts)
    kept = [base.shape[k] for k in order[len(chosen) :]]
    inner = [*kept[:before], *places.shape[:-1], *kept[before:]] if before else [
        *places.shape[:-1], *kept]  # fmt: skip
    if how == "none":
        v = g.expand(g.squeeze(v, range(max(v.ndim - len(inner), 0))), inner)
    v = g.reshape(v, inner)
    if before:
        total = len(inner)
        back = [*range(before, before + count), *range(before), *range(before + count, total)]
        v = g.transpose(v, back)
    turned = g.transpose(base, order)
    made = g.op("ScatterND", turned, places, v, reduction=None if how == "none" else how)
    return g.transpose(made, np.argsort(order))


def _at_flat(g: Graph, base: Ref, v: Ref, index: Any, how: str, last: bool) -> Ref:
    """Write at constant places: those of the array laid out as one vector."""
    size = math.prod(base.shape)
    places = np.arange(size).reshape(base.shape)[_constant_index(index)]
    if how == "none":
        extra = max(v.ndim - places.ndim, 0)  # leading axes of length 1
        v = g.expand(g.squeeze(v, range(extra)), np.shape(places))
    v = g.reshape(v, (places.size,))
    flat = places.reshape(-1)
    if last and len(np.unique(flat)) < len(flat):  # the last of several writers stays
        _, kept = np.unique(flat[::-1], return_index=True)
        kept = np.sort(len(flat) - 1 - kept)
        v = g.op("Gather", v, g.ints(kept), shape=kept.shape, axis=0)
        flat = flat[kept]
    made = g.op("ScatterND", g.reshape(base, (size,)), g.constant(flat[:, None].astype(np.int64)),
                v, reduction=None if how == "none" else how)  # fmt: skip
    return g.reshape(made, base.shape)


def _constant_index(index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(p.array if isinstance(p, Ref) else p for p in parts)


@lowers(indexing.setitem)
def setitem(g: Graph, y: Any, x: Ref, v: Ref, *, index: Any) -> Ref:
    """ScatterND; of a mask Where."""
    x, v = g.cast(x, y.dtype), g.cast(v, y.dtype)
    only = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if isinstance(only, Ref) and only.dtype.kind == "b":
        if v.ndim:
            raise g.refuse("writing several values at a mask that the function computes.")
        mask = g.reshape(only, only.shape + (1,) * (x.ndim - only.ndim))
        return g.where(mask, v, x)
    parts = _parts(g, index, x.ndim)
    return _written(g, x, v, index, parts, "none", last=True)
