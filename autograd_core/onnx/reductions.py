"""Sums, means, extremes, running sums, orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.onnx.graph import WIDER, Graph, Ref
from autograd_core.onnx.table import lowers
from autograd_core.rules import reductions


def _axes(axis: Any) -> list[int] | None:
    if axis is None:
        return None
    return [int(a) for a in axis] if isinstance(axis, (tuple, list)) else [int(axis)]


def _kept(keepdims: Any) -> bool:
    return bool(keepdims) and keepdims is not np._NoValue


def _given(value: Any) -> bool:
    return value is not None and value is not np._NoValue


def _plain(g: Graph, name: str, where: Any, out: Any) -> None:
    if out is not None or (_given(where) and where is not True):
        raise g.refuse(f"{name} with where= or out=; write np.sum(np.where(mask, x, 0)).")


def _total(kind: str, join: str | None) -> Callable[..., Ref]:
    """Return what writes a reduction, and joins its result with an initial value."""

    def lowering(
        g: Graph, y: Any, x: Ref, axis: Any = None, dtype: Any = None, out: Any = None,
        keepdims: Any = False, initial: Any = None, where: Any = True,
    ) -> Ref:  # fmt: skip
        _plain(g, kind, where, out)
        extreme = kind in ("ReduceMax", "ReduceMin")
        if extreme:
            wide = np.dtype(np.int32) if x.dtype.kind == "b" else WIDER.get(x.dtype, x.dtype)
        elif kind == "ReduceMean" and y.dtype == np.float16:
            wide = np.dtype(np.float32)
        elif y.dtype.kind in "iu":  # onnxruntime adds no others; what wraps comes out the same
            wide = np.dtype(np.int64)
        else:
            wide = y.dtype
        x = g.cast(x, wide)
        made = _extreme(g, kind, x, axis, keepdims) if extreme else (
            g.reduce(kind, x, _axes(axis), _kept(keepdims)))  # fmt: skip
        if _given(initial):
            assert join is not None
            first = initial if isinstance(initial, Ref) else g.number(initial, made)
            made = g.two(join, made, g.cast(first, wide))
        return g.cast(made, y.dtype)

    return lowering


def _extreme(g: Graph, kind: str, x: Ref, axis: Any, keepdims: Any) -> Ref:
    """Return the largest or smallest, NaN where there is one: runtimes differ about these."""
    axes, kept = _axes(axis), _kept(keepdims)
    if not np.prod([x.shape[a] for a in (axes if axes is not None else range(x.ndim))]):
        raise g.refuse("the largest or smallest of nothing.")
    made = g.reduce(kind, x, axes, kept)
    if x.dtype.kind != "f" or made is x:
        return made
    found = g.cast(g.reduce("ReduceMax", _nans(g, x), axes, kept), bool)
    return g.where(found, g.number(np.nan, made), made)


def _nans(g: Graph, x: Ref) -> Ref:
    """Return 1 where a number is NaN, and 0 elsewhere."""
    return g.cast(g.op("IsNaN", x, dtype=bool), np.int32)


lowers(reductions.sum_, np.sum)(_total("ReduceSum", "Add"))
lowers(reductions.mean, np.mean)(_total("ReduceMean", None))
lowers(reductions.max_, np.max, np.amax)(_total("ReduceMax", "Max"))
lowers(reductions.min_, np.min, np.amin)(_total("ReduceMin", "Min"))
lowers(reductions.prod, np.prod)(_total("ReduceProd", "Mul"))


def _count(g: Graph, x: Ref, axis: Any, keepdims: Any) -> Ref:
    return g.reduce("ReduceSum", g.cast(x, np.int64), _axes(axis), _kept(keepdims))


@lowers(np.any)
def any_(
    g: Graph, y: Any, x: Ref, axis: Any = None, out: Any = None, keepdims: Any = False,
    *, where: Any = True,
) -> Ref:  # fmt: skip
    """Whether a sum of truths is not 0."""
    _plain(g, "any", where, out)
    return g.cast(_count(g, g.cast(x, bool), axis, keepdims), bool)


@lowers(np.all)
def all_(
    g: Graph, y: Any, x: Ref, axis: Any = None, out: Any = None, keepdims: Any = False,
    *, where: Any = True,
) -> Ref:  # fmt: skip
    """Whether none is false."""
    _plain(g, "all", where, out)
    missing = _count(g, g.op("Not", g.cast(x, bool)), axis, keepdims)
    return g.op("Not", g.cast(missing, bool))


@lowers(np.count_nonzero)
def count_nonzero(g: Graph, y: Any, x: Ref, axis: Any = None, *, keepdims: Any = False) -> Ref:
    """Return the sum of truths."""
    return _count(g, g.cast(x, bool), axis, keepdims)


def _ordered(g: Graph, x: Ref) -> Ref:
    """Return a value in a dtype that runtimes compare."""
    return g.cast(x, np.int32 if x.dtype.kind == "b" else WIDER.get(x.dtype, x.dtype))


def _place(kind: str) -> Callable[..., Ref]:
    def lowering(
        g: Graph, y: Any, x: Ref, axis: Any = None, out: Any = None, *, keepdims: Any = False
    ) -> Ref:
        _plain(g, kind, True, out)
        kept = _kept(keepdims)
        if axis is None:
            x = g.reshape(x, (int(np.prod(x.shape)),))
        x = _ordered(g, x)
        place = 0 if axis is None else int(axis) % x.ndim
        shape = np.shape(y) if axis is not None else ((1,) if kept else ())
        how = {"dtype": np.int64, "shape": shape, "axis": place, "keepdims": int(kept)}
        made = g.op(kind, x, **how)
        if x.dtype.kind == "f":  # the first NaN, of which runtimes know nothing
            nan = _nans(g, x)
            found = g.cast(g.reduce("ReduceMax", nan, [place], kept), bool)
            made = g.where(found, g.op("ArgMax", nan, **how), made)
        return g.reshape(made, np.shape(y))

    return lowering


lowers(np.argmax)(_place("ArgMax"))
lowers(np.argmin)(_place("ArgMin"))


@lowers(reductions.cumsum, np.cumsum)
def cumsum(g: Graph, y: Any, x: Ref, axis: Any = None, dtype: Any = None, out: Any = None) -> Ref:
    """CumSum."""
    x = g.cast(x, np.int64 if y.dtype.kind in "iu" else y.dtype)
    if axis is None:
        x, axis = g.reshape(x, y.shape), 0
    return g.cast(g.op("CumSum", x, g.constant(np.int64(int(axis) % x.ndim))), y.dtype)


@lowers(np.argsort)
def argsort(
    g: Graph, y: Any, x: Ref, axis: Any = -1, kind: Any = None, order: Any = None,
    *, stable: Any = None,
) -> Ref:  # fmt: skip
    """TopK of all: at a tie the first comes first, as in a stable sort."""
    if axis is None:
        x, axis = g.reshape(x, y.shape), 0
    x = _ordered(g, x)
    k = int(axis) % x.ndim
    count = g.ints([x.shape[k]])
    values = np.zeros(x.shape, x.dtype)
    return g.ops("TopK", x, count, likes=(values, y), axis=k, largest=0, sorted=1)[1]


@lowers(np.searchsorted)
def searchsorted(g: Graph, y: Any, a: Ref, v: Ref, side: str = "left", sorter: Any = None) -> Ref:
    """Return how many edges lie below."""
    if sorter is not None:
        raise g.refuse("searchsorted with a sorter; sort first.")
    a, v = (_ordered(g, x) for x in g.together(a, v))
    kind = "Less" if side == "left" else "LessOrEqual"
    below = g.test(kind, a, g.unsqueeze(v, [v.ndim]))
    return g.reduce("ReduceSum", g.cast(below, np.int64), [v.ndim])
