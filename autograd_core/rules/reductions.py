"""Sums, means, spreads, extremes and products along axes."""

from __future__ import annotations

import math
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import linear, primitive
from autograd_core.operations.kinds import beside, foreign
from autograd_core.operations.lines import in_lines
from autograd_core.operations.primitive import bare, implements
from autograd_core.operations.saved_reads import NOTHING
from autograd_core.rules.elementwise import cusp
from autograd_core.workers.running import running
from autograd_core.workers.totals import total

_ndarray = np.ndarray
_SCALARS = frozenset({np.float64, np.float32, np.float16})


def kept(keepdims: Any) -> bool:
    """Return whether reduced axes stay, as NumPy reads it: any truth; its _NoValue is False."""
    return keepdims is not np._NoValue and bool(keepdims)


def as_dtype(a: Any, dtype: Any) -> Any:
    """Return what a statistic with ``dtype=`` computes with."""
    if dtype is None or a.dtype == dtype:
        return a
    if np.dtype(dtype).kind not in ("c" if a.dtype.kind == "c" else "fc"):
        raise TypeError(
            f"dtype={np.dtype(dtype)} of an argument of {a.dtype} loses the derivative or the "
            "imaginary part; give a wider dtype, or cast the result."
        )
    return a.astype(dtype)


def expand(reduced: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Put back, with length 1, the axes that a reduction of x removed."""
    if keepdims or x.ndim == 0:
        return reduced
    if axis is None:
        return reduced.reshape((1,) * x.ndim)
    if reduced.__class__ is _ndarray:  # a third of what expand_dims takes
        lengths = list(x.shape)
        for k in axis if isinstance(axis, tuple) else (axis,):
            lengths[k] = 1
        return reduced.reshape(lengths)
    return np.expand_dims(reduced, axis)


def spread(reduced: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Repeat a reduced value for each element of x that it stands for: a view."""
    if axis is not None:
        reduced = expand(reduced, x, axis, keepdims)
    kind = reduced.__class__
    if kind in _SCALARS:  # np.broadcast_to takes seven times as long, all of it in Python
        return _ndarray(x.shape, reduced.dtype, reduced, 0, (0,) * x.ndim)
    if kind is _ndarray and reduced.ndim == x.ndim and reduced.flags.c_contiguous:
        pairs = zip(reduced.strides, reduced.shape, x.shape, strict=True)
        strides = [0 if n != m else stride for stride, n, m in pairs]
        made = _ndarray(x.shape, reduced.dtype, reduced, 0, strides)
        made.setflags(write=False)
        return made
    return np.broadcast_to(reduced, x.shape)


def back(name: str, x: Any, axis: Any, keepdims: bool) -> str:
    """Return how `expand` is written: a reduced value beside x, ``y[:, None]``."""
    if keepdims or x.ndim == 0 or axis is None:
        return name
    axes = [k % x.ndim for k in (axis if isinstance(axis, tuple) else (axis,))]
    last = min((k for k in range(x.ndim) if all(j in axes for j in range(k))), default=0)
    if axes == list(range(len(axes))) and last == len(axes):
        return name  # leading axes come back by broadcasting
    return f"{name}[{', '.join('None' if k in axes else ':' for k in range(x.ndim))}]"


def along(call: str, axis: Any) -> str:
    """Return a reduction that keeps its axes, as it is written: ``mean(x, axis=1, ...)``."""
    return call if axis is None else f"{call[:-1]}, axis={axis!r}, keepdims=True)"


def in_single(run: Any) -> Any:
    """Compute a statistic of halves in single precision, as PyTorch does, and round the result.

    Sums of halves overflow at 65,504 and their counts with them.
    """

    @wraps(run)
    def widened(a: Any, *args: Any, **keywords: Any) -> Any:
        if getattr(a, "dtype", None) != np.float16:
            return run(a, *args, **keywords)
        given = signature(run).bind(a, *args, **keywords).arguments
        if given.pop("dtype", None) not in (None, np.float16):
            return run(a, *args, **keywords)  # computes in the precision that it is asked for
        given["a"] = a.astype(np.float32)
        made = run(**given)
        return made.astype(np.float16)

    return widened


def count(x: Any, axis: Any) -> int:
    """Return how many elements of x each reduced value stands for."""
    if axis is None:
        return int(x.size)
    return math.prod([x.shape[k] for k in (axis if isinstance(axis, tuple) else (axis,))])


def counted(x: Any, axis: Any, where: Any, keepdims: bool = False) -> Any:
    """Return how many elements each reduced value stands for, of those that where= names."""
    if where is True:
        return count(x, axis)
    kind = x.dtype.newbyteorder("=") if x.dtype.kind == "f" else np.abs(x.dtype.type(0)).dtype
    there = np.broadcast_to(beside(x, np.asarray(bare(where))), np.shape(x))
    return np.sum(there, axis=axis, keepdims=keepdims, dtype=kind)


def _sum_transpose(
    g: Any, x: Any, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> Any:
    return spread(g, x, axis, keepdims)


def _mean_transpose(
    g: Any, x: Any, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> Any:
    n = count(x, axis)
    if n > 65504 and g.dtype == np.float16:  # more than a half can hold
        g = g.astype(np.float32)
    return spread(g / n, x, axis, keepdims)


def _sum(x: Any, axis: Any = None, **settings: Any) -> Any:
    if x.__class__ is not _ndarray:
        return x.sum(axis=axis, **settings)
    return total(x, axis, **settings)


def _mean(x: Any, axis: Any = None, **settings: Any) -> Any:
    if x.__class__ is _ndarray and x.dtype.char in "fd" and x.size and "dtype" not in settings:
        return total(x, axis, **settings) / count(x, axis)  # NumPy's bits, in a third of its time
    return np.mean(x, axis, **settings)


sum_ = linear(
    np.sum,
    _sum_transpose,
    forward=_sum,
    category="reduction",
    label="Σ",
    sources=lambda: (NOTHING,),  # it hands x on for its shape
    formulas=(
        lambda y, x, axis=None, keepdims=False, **_: back("upstream", x, axis, kept(keepdims)),
    ),
)
mean = linear(
    np.mean,
    _mean_transpose,
    forward=_mean,
    category="reduction",
    sources=lambda: (NOTHING,),
    formulas=(
        lambda y, x, axis=None, keepdims=False, **_: (
            f"{back('upstream', x, axis, kept(keepdims))} / {count(x, axis)}"
        ),
    ),
)


def _squared_deviations(
    x: Any, axis: Any = None, *, divisor: float = 1.0, keepdims: bool = False
) -> Any:
    d = x - np.mean(x, axis=axis, keepdims=True)
    return np.sum(d * d, axis=axis, keepdims=keepdims) / divisor


@in_lines
def _variance_vjp(
    g: Any, y: Any, x: Any, *, axis: Any = None, divisor: float = 1.0, keepdims: bool = False
) -> Any:
    d = x - np.mean(x, axis=axis, keepdims=True)
    return expand(g, x, axis, keepdims) * d * 2.0 / divisor


@in_lines
def _variance_jvp(
    t: Any, y: Any, x: Any, *, axis: Any = None, divisor: float = 1.0, keepdims: bool = False
) -> Any:
    d = x - np.mean(x, axis=axis, keepdims=True)
    return np.sum(d * t, axis=axis, keepdims=keepdims) * 2.0 / divisor


variance = primitive(
    _squared_deviations,
    lines=in_lines(_squared_deviations),
    vjp=[_variance_vjp],
    jvp=[_variance_jvp],
    name="var",
    category="reduction",
    formulas=(
        lambda y, x, axis=None, divisor=1.0, keepdims=False: (
            f"{back('upstream', x, axis, keepdims)} * 2 * (x - {along('mean(x)', axis)})"
            f" / {float(divisor)!r}"
        ),
    ),
)


def _safe_inverse(y: Any) -> Any:
    """Return 1 / y, and 0 where y is 0: the spread of constants has derivative 0."""
    zero = y == 0
    return np.where(zero, cusp(y), 1 / np.where(zero, 1, y))


@in_lines
def _deviation_vjp(
    g: Any, y: Any, x: Any, *, axis: Any = None, divisor: float = 1.0, keepdims: bool = False
) -> Any:
    d = x - np.mean(x, axis=axis, keepdims=True)
    return expand(g * _safe_inverse(y) / divisor, x, axis, keepdims) * d


@in_lines
def _deviation_jvp(
    t: Any, y: Any, x: Any, *, axis: Any = None, divisor: float = 1.0, keepdims: bool = False
) -> Any:
    d = x - np.mean(x, axis=axis, keepdims=True)
    return np.sum(d * t, axis=axis, keepdims=keepdims) * _safe_inverse(y) / divisor


def _root_of_deviations(
    x: Any, axis: Any = None, *, divisor: float = 1.0, keepdims: bool = False
) -> Any:
    return np.sqrt(_squared_deviations(x, axis, divisor=divisor, keepdims=keepdims))


deviation = primitive(
    _root_of_deviations,
    lines=in_lines(_root_of_deviations),
    vjp=[_deviation_vjp],
    jvp=[_deviation_jvp],
    name="std",
    category="reduction",
    formulas=(
        lambda y, x, axis=None, divisor=1.0, keepdims=False: (
            f"{back('upstream', x, axis, keepdims)} * (x - {along('mean(x)', axis)})"
            f" / ({float(divisor)!r} * {back('y', x, axis, keepdims)})"
        ),
    ),
)


def _divisor(a: Any, axis: Any, ddof: Any, correction: Any) -> Any:
    ddof = ddof if correction is None or correction is np._NoValue else correction
    divisor = max(count(a, axis) - ddof, 0)  # as NumPy: no negative variance
    return divisor.item() if isinstance(divisor, np.generic) else divisor  # decides no dtype


def _partial_variance(
    a: Any, axis: Any, ddof: Any, keepdims: bool, correction: Any, where: Any, mean: Any
) -> Any:
    """Return the variance of what where= names, around a mean that may be given."""
    if mean is None or mean is np._NoValue:
        mean = np.mean(a, axis=axis, keepdims=True, where=where)
    ddof = ddof if correction is None or correction is np._NoValue else correction
    d = a - mean
    square = np.real(d) ** 2 + np.imag(d) ** 2 if d.dtype.kind == "c" else d * d
    total = np.sum(square, axis=axis, keepdims=keepdims, where=where)
    n = counted(a, axis, where, keepdims)
    return total / np.maximum(n - ddof, 0).astype(total.dtype)


@implements(np.var)
@in_single
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: Any = None,
    where: Any = True,
    mean: Any = None,
) -> Any:
    """Mean squared deviation."""
    if dtype is not None and np.dtype(dtype).kind == "c" != a.dtype.kind:
        made = var(a, axis, ddof=ddof, keepdims=keepdims, correction=correction, where=where)
        return made.astype(dtype)
    a = as_dtype(a, dtype)
    if where is not True or not (mean is None or mean is np._NoValue):
        return _partial_variance(a, axis, ddof, kept(keepdims), correction, where, mean)
    divisor = _divisor(a, axis, ddof, correction)
    if a.dtype.kind == "c":
        d = a - np.mean(a, axis=axis, keepdims=True)
        square = np.real(d) ** 2 + np.imag(d) ** 2
        return np.sum(square, axis=axis, keepdims=kept(keepdims)) / divisor
    return variance(a, axis=axis, divisor=divisor, keepdims=kept(keepdims))


@implements(np.std)
@in_single
def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: Any = None,
    where: Any = True,
    mean: Any = None,
) -> Any:
    """Square root of `var`; its derivative at constants is 0."""
    if dtype is not None and np.dtype(dtype).kind == "c" != a.dtype.kind:
        made = std(a, axis, ddof=ddof, keepdims=keepdims, correction=correction, where=where)
        return made.astype(dtype)
    a = as_dtype(a, dtype)
    if where is not True or not (mean is None or mean is np._NoValue):
        from autograd_core.rules.linalg import root

        return root(_partial_variance(a, axis, ddof, kept(keepdims), correction, where, mean))
    divisor = _divisor(a, axis, ddof, correction)
    if count(a, axis) == 1:  # of one number: zero everywhere, with every derivative
        zero = np.real(a - a) if a.dtype.kind == "c" else a - a
        return np.sum(zero, axis=axis, keepdims=kept(keepdims)) / math.sqrt(divisor)
    if a.dtype.kind == "c":
        from autograd_core.rules.linalg import root

        return root(var(a, axis, ddof=ddof, keepdims=keepdims, correction=correction))
    return deviation(a, axis=axis, divisor=divisor, keepdims=kept(keepdims))


def _ties(x: Any, y: Any, axis: Any, keepdims: bool) -> Any:
    """Return the weight of each element in an extreme: ties share equally."""
    kind = np.float32 if x.dtype == np.float16 else x.dtype  # which can count them
    hit = (x == expand(y, x, axis, keepdims)).astype(kind)
    return hit / np.sum(hit, axis=axis, keepdims=True)


@in_lines
def _extreme_vjp(g: Any, y: Any, x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return expand(g, x, axis, keepdims) * _ties(x, y, axis, keepdims)


@in_lines
def _extreme_jvp(t: Any, y: Any, x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.sum(t * _ties(x, y, axis, keepdims), axis=axis, keepdims=keepdims)


def _extreme_formula(y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> str:
    """Write that upstream goes to the extreme element; ties share it equally."""
    keepdims = kept(keepdims)
    hit = f"(x == {back('y', x, axis, keepdims)})"
    ties = np.size(x) and np.sum(x == expand(y, x, axis, keepdims), axis=axis).max() > 1
    whole = f"{back('upstream', x, axis, keepdims)} * {hit}"
    return f"{whole} / {along(f'sum({hit})', axis)}" if ties else whole


_extreme = {
    "vjp": [_extreme_vjp],
    "jvp": [_extreme_jvp],
    "category": "reduction",
    "again": True,
    "formulas": (_extreme_formula,),
}
max_ = primitive(np.max, lines=in_lines(np.max), **_extreme)  # type: ignore[arg-type]
min_ = primitive(np.min, lines=in_lines(np.min), **_extreme)  # type: ignore[arg-type]
implements(np.amax)(max_)
implements(np.amin)(min_)


def products_of_others(x: Any) -> Any:
    """For each element along the last axis, the product of all others; exact at zeros.

    Pairs are multiplied into one value each, the halves solved, and each
    partner's factor handed back: linear work, no division.
    """
    n = x.shape[-1]
    if n <= 1:
        return np.ones_like(x)
    if x.__class__ is _ndarray:
        return _others_of_array(x)
    left, right = x[..., 0 : n - 1 : 2], x[..., 1:n:2]
    last = x[..., n - 1 :] if n % 2 else x[..., n:]
    rest = products_of_others(np.concatenate([left * right, last], axis=-1))
    pairs = n // 2
    both = np.stack([rest[..., :pairs] * right, rest[..., :pairs] * left], axis=-1)
    flat = both.reshape((*x.shape[:-1], 2 * pairs))
    return np.concatenate([flat, rest[..., pairs:]], axis=-1)


def _others_of_array(x: Any) -> Any:
    """Do the same, with the same bits, in memory that is made once."""
    levels = [x]  # each holds the products of the pairs of the one below
    while (n := levels[-1].shape[-1]) > 1:
        below, half = levels[-1], n // 2
        above = np.empty((*x.shape[:-1], n - half), x.dtype)
        np.multiply(below[..., : 2 * half : 2], below[..., 1 : 2 * half : 2], out=above[..., :half])
        if n % 2:
            above[..., -1] = below[..., -1]
        levels.append(above)
    rest = np.ones_like(levels.pop())
    for level in reversed(levels):
        n, half = level.shape[-1], level.shape[-1] // 2
        found, pairs = np.empty(level.shape, x.dtype), rest[..., :half]
        np.multiply(pairs, level[..., 1 : 2 * half : 2], out=found[..., : 2 * half : 2])
        np.multiply(pairs, level[..., : 2 * half : 2], out=found[..., 1 : 2 * half : 2])
        if n % 2:
            found[..., -1] = rest[..., -1]
        rest = found
    return rest


def _partial_products(x: Any, axis: Any) -> Any:
    """Return `products_of_others` over any axes, in the layout of x."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(normalize_axis_index(k, x.ndim) for k in axes)
    kept = [k for k in range(x.ndim) if k not in axes]
    order = [*kept, *axes]
    moved = np.transpose(x, order)
    others = products_of_others(moved.reshape((*moved.shape[: len(kept)], count(x, axes))))
    return np.transpose(others.reshape(moved.shape), [order.index(k) for k in range(x.ndim)])


@in_lines
def _prod_vjp(
    g: Any, y: Any, x: Any, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> Any:
    if not x.ndim:
        return g
    others, g = _partial_products(x, axis), expand(g, x, axis, keepdims)
    if others.__class__ is _ndarray is g.__class__ and others.dtype == g.dtype:
        return np.multiply(g, others, out=others)  # which nobody else holds
    return g * others


@in_lines
def _prod_jvp(
    t: Any, y: Any, x: Any, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> Any:
    return np.sum(t * _partial_products(x, axis), axis=axis, keepdims=keepdims) if x.ndim else t


prod = primitive(
    np.prod,
    lines=in_lines(np.prod),
    vjp=[_prod_vjp],
    jvp=[_prod_jvp],
    category="reduction",
    label="Π",
    formulas=(
        lambda y, x, axis=None, dtype=None, keepdims=False: (
            f"{back('upstream', x, axis, kept(keepdims))} "
            f"* {back('y', x, axis, kept(keepdims))} / x"
        ),
    ),
)


def _cumsum_transpose(g: Any, x: Any, *, axis: Any = None, dtype: Any = None) -> Any:
    kind = np.float32 if g.dtype == np.float16 else None  # running sums of halves stop at 2048
    if g.__class__ is _ndarray and g.dtype.char in "fd":
        return running(np.add, g, axis or 0, backward=True).reshape(x.shape)
    if axis is None:
        return np.cumsum(g[::-1], dtype=kind)[::-1].reshape(x.shape)
    backward = (*(slice(None),) * normalize_axis_index(axis, g.ndim), slice(None, None, -1))
    return np.cumsum(g[backward], axis=axis, dtype=kind)[backward]


def _cumsum_jvp(t: Any, y: Any, x: Any, *, axis: Any = None, dtype: Any = None) -> Any:
    return cumsum(t, axis=axis, dtype=np.float32 if t.dtype == np.float16 else dtype)


def _cumsum(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    if a.__class__ is _ndarray and a.ndim and a.dtype.char in "fd" and dtype is None:
        return running(np.add, a.reshape(-1), 0) if axis is None else running(np.add, a, axis)
    if not np.ndim(a) and foreign(a) is not None:
        a = a.reshape(1)
    return np.cumsum(a, axis=axis, dtype=dtype)


cumsum = linear(
    np.cumsum,
    _cumsum_transpose,
    forward=_cumsum,
    category="reduction",
    jvps=(_cumsum_jvp,),
    formulas=(
        lambda y, x, axis=None, dtype=None: (
            (
                (f"flip(cumsum(flip(upstream, {axis}), {axis}), {axis})")
                if axis is not None or x.ndim != 1
                else "flip(cumsum(flip(upstream)))"
            )
            if axis is not None or x.ndim == 1
            else None
        ),
    ),
)
