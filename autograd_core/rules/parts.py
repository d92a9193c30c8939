"""Functions of one number that return several, or take it apart; and ufuncs' own methods."""

from __future__ import annotations

import math
from functools import reduce
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import elementwise, primitive
from autograd_core.operations.kinds import beside, extreme
from autograd_core.operations.primitive import (
    REGISTRY,
    WRITERS,
    Boxed,
    Constant,
    Primitive,
    bare,
    implements,
    innermost_array,
    register,
)
from autograd_core.rules.indexing import getitem, scatter, setitem
from autograd_core.rules.reductions import kept
from autograd_core.rules.scans import running_extreme
from autograd_core.rules.shapes import strong
from autograd_core.rules.special import logsumexp


@implements(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """Fractional and integral part."""
    whole = np.trunc(x)
    return np.where(np.isinf(x), 0, x - whole), whole


_exponent = Constant(lambda x: np.frexp(x)[1])


@implements(np.frexp)
def frexp(x: Any) -> tuple[Any, Any]:
    """Mantissa and exponent; the exponent is a constant."""
    exponent = _exponent(x)
    return np.ldexp(x, -exponent), exponent


@implements(np.divmod)
def divmod_(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Quotient, rounded down, and remainder."""
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


ldexp = elementwise(np.ldexp, lambda y, x, n: np.ldexp(np.ones_like(x), bare(n)), 0)
nextafter = elementwise(np.nextafter, 1, 0)
spacing = elementwise(np.spacing, 0)


def _vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    if axis != -1:
        a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    return np.matmul(np.conj(a)[..., None, :], b[..., :, None])[..., 0, 0]


def _to_end(x: Any, axes: Any, count: int) -> Any:
    """Return an operand whose core axes, of ``axes=``, are the last ones."""
    chosen = (axes,) if np.ndim(axes) == 0 else tuple(axes)
    if len(chosen) != count:
        raise ValueError(f"axes= has {len(chosen)} axes for an operand that needs {count}.")
    return np.moveaxis(x, chosen, range(-count, 0))


@implements(np.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1, axes: Any = None) -> Any:
    """Sum of products along an axis, the first factor conjugated."""
    if axes is None:
        return _vecdot(x1, x2, axis)
    return _vecdot(_to_end(x1, axes[0], 1), _to_end(x2, axes[1], 1))


implements(np.linalg.vecdot)(lambda x1, x2, /, *, axis=-1: _vecdot(x1, x2, axis))
if hasattr(np, "matvec"):  # pragma: no branch - NumPy 2.2 has it

    @implements(np.matvec)
    def matvec(x1: Any, x2: Any, /, *, axes: Any = None) -> Any:
        """Matrix times vector."""
        if axes is not None:
            first, second, out = axes
            made = matvec(_to_end(x1, first, 2), _to_end(x2, second, 1))
            return np.moveaxis(made, -1, out)
        if np.ndim(x1) < 2:
            raise ValueError("the first operand must have two axes at least.")
        return np.matmul(x1, x2[..., None])[..., 0]

    @implements(np.vecmat)
    def vecmat(x1: Any, x2: Any, /, *, axes: Any = None) -> Any:
        """Vector, conjugated, times matrix."""
        if axes is not None:
            first, second, out = axes
            made = vecmat(_to_end(x1, first, 1), _to_end(x2, second, 2))
            return np.moveaxis(made, -1, out)
        if np.ndim(x2) < 2:
            raise ValueError("the second operand must have two axes at least.")
        return np.matmul(np.conj(x1)[..., None, :], x2)[..., 0, :]


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """Argument of complex numbers."""
    made = np.arctan2(np.imag(z), np.real(z))
    return made * (180 / np.pi) if deg else made


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """Drop an imaginary part that is all but 0."""
    if a.dtype.kind != "c":
        return a
    limit = tol * np.finfo(a.dtype).eps if tol > 1 else tol
    return np.real(a) if np.all(innermost_array(np.abs(np.imag(bare(a)))) < limit) else a


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """Sort by real, then imaginary part; complex in any case."""
    if a.dtype.kind == "c":
        return np.sort(a)
    return np.sort(a).astype(np.result_type(a.dtype, np.complex128))


# I0, I1 and so on are each other's derivatives: I_n' = (I_(n-1) + I_(n+1)) / 2.
@implements(np.i0)
def i0(x: Any) -> Any:
    """Return the modified Bessel function of order 0."""
    return bessel_i(x, n=0)


def _bessel_i(x: Any, n: int = 0) -> Any:
    """Return I_n by quadrature of its integral: the trapezoidal rule converges geometrically.

    I_n(x) = 1/pi int_0^pi exp(x cos t) cos(n t) dt.  Near 0, where it cancels, by the power series.
    """
    if n == 0:
        return np.i0(x)
    small = np.where(np.abs(x) < 1, x, 0) / 2
    terms = [small**n / math.factorial(n)]
    for m in range(1, 12):
        terms.append(terms[-1] * small * small / (m * (m + n)))
    inside = np.abs(x) < 709  # beyond, doubles cannot hold the exponential
    held = np.where(inside, x, 0)
    points = 64 + 2 * n + int(2 * extreme(np.max, np.abs(held), 0.0))
    t = (np.arange(points) + 0.5) * (np.pi / points)
    made = np.mean(np.exp(held[..., None] * np.cos(t)) * np.cos(n * t), axis=-1)
    made = np.where(inside, made, np.where(x > 0, np.inf, np.where(x < 0, (-1) ** n * np.inf, x)))
    return np.where(np.abs(x) < 1, sum(terms), made).astype(x.dtype)


bessel_i: Primitive = elementwise(
    _bessel_i,
    lambda y, x, *, n=0: (bessel_i(x, n=abs(n - 1)) + bessel_i(x, n=n + 1)) * 0.5,
    name="i0",
)

_function: Any
_run: Any

# --- the methods of ufuncs --------------------------------------------------


def _without_default(keywords: dict[str, Any]) -> dict[str, Any]:
    return {
        k: v
        for k, v in keywords.items()
        if not (v is None or v is np._NoValue or (k == "where" and v is True))
    }


def _log_of_sum(array: Any, **settings: Any) -> Any:
    if array.dtype.kind == "c":
        raise TypeError("ufunc 'logaddexp' not supported for complex numbers")
    if not array.size:
        return _folded(np.logaddexp)(array, **settings)
    return logsumexp(array, **settings)


def _reduce(function: Any) -> Any:
    def run(array: Any, /, axis: Any = 0, dtype: Any = None, **keywords: Any) -> Any:
        kept = _without_default({"dtype": dtype, **keywords})
        return function(array, axis=axis, **kept)

    return run


def _accumulate(scan: Any) -> Any:
    def run(array: Any, /, axis: int = 0, dtype: Any = None) -> Any:
        if array.ndim == 0:
            raise TypeError("cannot accumulate on a scalar")
        if axis is None:
            raise ValueError("axis=None: running results go along one axis.")
        return scan(array if dtype is None else array.astype(dtype), axis=axis)

    return run


for _ufunc, _function in (
    (np.add, np.sum),
    (np.multiply, np.prod),
    (np.maximum, np.max),
    (np.minimum, np.min),
    (np.logaddexp, _log_of_sum),
    (np.fmax, np.nanmax),
    (np.fmin, np.nanmin),
):
    register((_ufunc, "reduce"), _reduce(_function))  # type: ignore[arg-type]
for _ufunc, _function in (
    (np.add, np.cumsum),
    (np.multiply, np.cumprod),
    (np.maximum, lambda x, axis: running_extreme(x, axis, Constant(np.maximum.accumulate))),
    (np.minimum, lambda x, axis: running_extreme(x, axis, Constant(np.minimum.accumulate))),
):
    register((_ufunc, "accumulate"), _accumulate(_function))  # type: ignore[arg-type]


def _steps(x: Any, axis: int) -> list[Any]:
    """Return the parts of x along an axis, one after the other."""
    moved = np.moveaxis(x, axis, 0)
    return [moved[k] for k in range(x.shape[axis])]


def _as_computed(ufunc: Any, x: Any, dtype: Any) -> Any:
    """Return what a ufunc's method computes with; NumPy says in what, or that it does not."""
    kind = ufunc.reduce(np.ones(1, x.dtype), dtype=dtype).dtype
    return x if x.dtype == kind else x.astype(kind)


def _folded(ufunc: Any) -> Any:
    """Return the reduction of any binary operation, from the first element to the last."""

    def along(x: Any, axis: int, start: Any) -> Any:
        parts = _steps(x, axis)
        if start is not None:
            start = beside(x, start if hasattr(start, "dtype") else np.asarray(start))
            shape = x.shape[:axis] + x.shape[axis + 1 :]
            parts.insert(0, np.broadcast_to(start.astype(x.dtype), shape))
        if not parts:
            raise ValueError("a zero-size array has no result here; give initial=.")
        return reduce(ufunc, parts)

    def run(
        array: Any,
        /,
        axis: Any = 0,
        dtype: Any = None,
        out: None = None,
        keepdims: Any = False,
        initial: Any = None,
    ) -> Any:
        x = _as_computed(ufunc, array, dtype)
        axes: Any = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = [] if x.ndim == 0 else sorted(normalize_axis_index(k, x.ndim) for k in axes)
        if len(axes) > 1 and ufunc.identity is None:
            raise ValueError("the order of several axes matters here; give one axis.")
        first = ufunc.identity if initial is None or initial is np._NoValue else initial
        if not axes:
            return np.copy(x) if first is None else ufunc(first, x)
        for k in axes[::-1]:
            x = along(x, k, first if k == axes[-1] else ufunc.identity)
        shape = [1 if k in axes else n for k, n in enumerate(array.shape)]
        return x.reshape(shape) if kept(keepdims) else x

    return run


def _running(ufunc: Any) -> Any:
    """Return the running results of any binary operation."""

    def scan(x: Any, axis: int) -> Any:
        parts = list(accumulate(_steps(x, axis), ufunc))
        return np.stack(parts, axis=axis) if parts else np.copy(x)

    def run(array: Any, /, axis: int = 0, dtype: Any = None) -> Any:
        return _accumulate(scan)(_as_computed(ufunc, array, dtype), axis)

    return run


def _outer(ufunc: Any) -> Any:
    def run(a: Any, b: Any, /) -> Any:
        return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), strong(b))

    return run


for _function, _run in list(REGISTRY.items()):
    if isinstance(_function, np.ufunc) and _function.nin == 2 and _function.signature is None:
        _made = Constant(_function.outer) if isinstance(_run, Constant) else _outer(_function)
        register((_function, "outer"), _made)  # type: ignore[arg-type]
_methods: set[Any] = set(REGISTRY)
for _function, _run in list(REGISTRY.items()):
    # of two equal kinds of number, with one result of the same kind
    if isinstance(_function, np.ufunc) and not _function.signature and "dd->d" in _function.types:
        # NumPy folds a contiguous axis of these two in an order that depends on the machine
        if _function not in (np.power, np.arctan2) and (_function, "reduce") not in _methods:
            register((_function, "reduce"), _folded(_function))  # type: ignore[arg-type]
        if (_function, "accumulate") not in _methods:
            register((_function, "accumulate"), _running(_function))  # type: ignore[arg-type]
for _function in (np.logical_and, np.logical_or, np.logical_xor):
    register((_function, "reduce"), Constant(_function.reduce))  # type: ignore[arg-type]
    register((_function, "accumulate"), Constant(_function.accumulate))  # type: ignore[arg-type]


def _place(target: Any, indices: Any) -> tuple[Any, Any]:
    """Return where ufunc.at writes: a traced value, and an index."""
    if not isinstance(target, Boxed):  # NumPy writes into it, and it must be able to follow
        raise TypeError(
            "a traced value cannot be written into a plain array by ufunc.at; make the array with "
            "np.zeros_like(x) or autograd_core.numpy.zeros(shape)."
        )
    index = bare(indices) if not isinstance(indices, tuple) else tuple(map(bare, indices))
    return target, np.asarray(index) if isinstance(index, list) else index


def _added(a: Any, index: Any, b: Any) -> Any:
    spread = np.broadcast_to(b, np.shape(bare(a)[index])).astype(a.dtype)
    return scatter(spread, index=index, shape=a.shape)


def added_at(a: Any, index: Any, b: Any) -> Any:
    """Return a with b added where the index points, as often as it does."""
    return a + _added(a, index, b)


def _at(sign: float) -> Any:
    def run(target: Any, indices: Any, b: Any, /) -> None:
        a, index = _place(target, indices)
        a += _added(a, index, b) * sign

    return run


def changed_at(function: np.ufunc, a: Any, index: Any, *operands: Any) -> Any:
    """Return a with a function applied where the index points, once for each time in its order."""
    places = np.arange(a.size).reshape(a.shape)[index]
    flat = places.ravel()
    order = np.argsort(flat, kind="stable")
    counts = np.unique(flat, return_counts=True)[1]
    turns = np.empty(flat.size, dtype=int)  # for each place, the first time, the second, ...
    turns[order] = np.arange(flat.size) - np.repeat(np.cumsum(counts) - counts, counts)
    spread = [np.broadcast_to(b, places.shape).reshape(-1) for b in operands]
    for turn in range(int(counts.max(initial=0))):
        now = np.flatnonzero(turns == turn)
        at = np.unravel_index(flat[now], a.shape) if a.ndim else ...
        a = setitem(a, function(getitem(a, index=at), *(b[now] for b in spread)), index=at)
    return a


def _at_each(function: np.ufunc) -> Any:
    """Return ufunc.at for a function whose order matters where an index comes several times."""

    def run(target: Any, indices: Any, *operands: Any) -> None:
        a, index = _place(target, indices)
        a[...] = changed_at(function, a, index, *operands)

    return run


for _function in (np.multiply, np.divide, np.power, np.maximum, np.minimum, np.fmax, np.fmin,
                  np.negative, np.logaddexp, np.exp, np.log, np.sqrt, np.square):  # fmt: skip
    register((_function, "at"), _at_each(_function))  # type: ignore[arg-type]
    WRITERS.add(_function.at)
register((np.add, "at"), _at(1.0))  # type: ignore[arg-type]
register((np.subtract, "at"), _at(-1.0))  # type: ignore[arg-type]


def _reduceat(x: Any, indices: Any, axis: int = 0) -> Any:
    return np.add.reduceat(x, indices, axis=axis)


def _reduceat_transpose(g: Any, y: Any, x: Any, *, indices: Any, axis: int = 0) -> Any:
    """Each element of x goes to every segment that it stands in."""
    n = x.shape[axis]
    stops = np.append(indices[1:], n)
    pairs = [
        (k, place)
        for k, (start, stop) in enumerate(zip(indices, stops, strict=True))
        for place in range(start, max(stop, start + 1))
    ]
    segment, place = np.array(pairs, dtype=int).reshape((-1, 2)).T
    moved = np.moveaxis(g, axis, 0)[segment]
    return np.moveaxis(scatter(moved, index=place, shape=(n, *moved.shape[1:])), 0, axis)


reduceat: Primitive = primitive(
    _reduceat,
    vjp=[_reduceat_transpose],
    jvp=[lambda t, y, x, *, indices, axis=0: reduceat(t, indices=indices, axis=axis)],
    name="add.reduceat",
    category="reduction",
)


def _add_reduceat(array: Any, indices: Any, /, axis: int = 0, dtype: Any = None) -> Any:
    array = array if dtype is None else array.astype(dtype)
    return reduceat(array, indices=np.asarray(bare(indices)), axis=axis)


register((np.add, "reduceat"), _add_reduceat)  # type: ignore[arg-type]


def _pieces_reduced(ufunc: np.ufunc) -> Any:
    """Return ufunc.reduceat of any binary operation: reductions of slices, side by side."""

    def run(array: Any, indices: Any, /, axis: int = 0, dtype: Any = None) -> Any:
        x = _as_computed(ufunc, array, dtype)
        axis = normalize_axis_index(axis, x.ndim)
        places = np.asarray(bare(indices))
        if places.dtype.kind not in "iu" or places.ndim != 1:
            raise TypeError("reduceat: the indices must be a vector of integers.")
        n = x.shape[axis]
        if places.size and not 0 <= places.min() <= places.max() < n:
            raise IndexError(f"reduceat: an index is outside of the axis of length {n}.")
        moved = np.moveaxis(x, axis, 0)
        ends = [*places[1:].tolist(), n]
        parts = [
            ufunc.reduce(moved[k:end], axis=0) if k < end else moved[k]
            for k, end in zip(places.tolist(), ends, strict=True)
        ]
        return np.stack(parts, axis=axis) if parts else np.moveaxis(moved[:0], 0, axis)

    return run


_reducible: list[Any] = [k for k in REGISTRY if isinstance(k, tuple) and k[1] == "reduce"]
for _function, _ in _reducible:
    if _function is not np.add and "dd->d" in _function.types:
        register((_function, "reduceat"), _pieces_reduced(_function))  # type: ignore[arg-type]

# --- numpy.emath: complex where a real result does not exist ------------------


def _complex_for(kind: Any) -> Any:
    return np.complex64 if kind == np.float32 else np.complex128  # as NumPy has it


def _widened(function: Any, outside: Any) -> Any:
    def run(x: Any) -> Any:
        x = x if hasattr(x, "dtype") else np.asarray(x, dtype=float)
        if x.dtype.kind != "c" and np.any(outside(innermost_array(x))):
            x = x.astype(_complex_for(x.dtype))
        return function(x)

    return run


for _function, _outside in (
    (np.sqrt, lambda x: x < 0),
    (np.log, lambda x: x < 0),
    (np.log2, lambda x: x < 0),
    (np.log10, lambda x: x < 0),
    (np.arccos, lambda x: abs(x) > 1),
    (np.arcsin, lambda x: abs(x) > 1),
    (np.arctanh, lambda x: abs(x) > 1),
):
    implements(getattr(np.emath, _function.__name__))(_widened(_function, _outside))


@implements(np.emath.logn)
def logn(n: Any, x: Any) -> Any:
    """Logarithm to a base."""
    return np.emath.log(x) / np.emath.log(n)


@implements(np.emath.power)
def emath_power(x: Any, p: Any) -> Any:
    """Power, complex where the base is negative."""
    x = x if hasattr(x, "dtype") else np.asarray(x, dtype=float)
    if x.dtype.kind != "c" and np.any(innermost_array(x) < 0):
        x = x.astype(_complex_for(x.dtype))
    return np.power(x, p if hasattr(p, "dtype") else np.asarray(p))
