"""Arithmetic and the elementary functions, each by its partial derivatives.

At kinks and ties the convention is PyTorch's; docs/kinks.md has the table.
"""

from __future__ import annotations

import math
import operator
from functools import partial
from typing import Any

import numpy as np

from autograd_core.operations.declare import elementwise as declared
from autograd_core.operations.pieces import Pieces
from autograd_core.operations.primitive import Boxed, Constant, Primitive, implements

_ndarray = np.ndarray
elementwise = partial(declared, pieces=True)  # of all rules here that is true

add = elementwise(np.add, 1, 1, forward=operator.add, label="+")
subtract = elementwise(np.subtract, 1, -1, forward=operator.sub, label="-")
# its rules without a layer between: this is the operation that small programs use most
_TIMES = (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
multiply = elementwise(
    np.multiply,
    lambda y, a, b: b,
    lambda y, a, b: a,
    forward=operator.mul,
    label="×",
    vjps=_TIMES,
    jvps=_TIMES,
    pieces=Pieces(np.multiply, (lambda y, a, b: b, lambda y, a, b: a)),
)


def _as_wide(b: Any, y: Any) -> Any:
    """Return an operand in the result's precision, where a narrower one would round."""
    return b.astype(y.dtype) if b.dtype.itemsize < y.dtype.itemsize else b


def _one_over(y: Any, a: Any, b: Any) -> Any:
    if b.__class__ is not float and b.__class__ is not int and b.dtype is not y.dtype:
        b = _as_wide(b, y)
    try:
        return 1.0 / b
    except ZeroDivisionError:  # a Python number; NumPy's own go to infinity
        return np.divide(1, b)


divide = elementwise(
    np.divide,
    _one_over,
    lambda y, a, b: -y / b,
    forward=operator.truediv,
    label="/",
    again=True,
    formulas=("upstream / b", "-upstream * a / b ** 2"),
)
negative = elementwise(np.negative, -1, forward=operator.neg, label="-")
positive = elementwise(np.positive, 1, label="+")
square = elementwise(np.square, lambda y, x: 2.0 * x, formulas=("upstream * 2 * x",))
reciprocal = elementwise(np.reciprocal, lambda y, x: -y * y, formulas=("-upstream / x ** 2",))


def _as_inexact(v: Any, y: Any) -> Any:
    """Return an integer or boolean operand in the result's dtype, where sums do not wrap."""
    return v.astype(y.dtype) if hasattr(v, "dtype") and v.dtype.kind in "iub" else v


def _has_slope(y: Any, a: Any, b: Any) -> Any:
    """Whether b is not 0, or 1 / a is finite and not 0: whether b * a ** (b - 1) is a number."""
    if np.all(b):
        return np.ones_like(y, dtype=bool)  # by far the usual case: no pass over a
    size = np.abs(a)
    return (b != 0) | (size >= np.finfo(y.dtype).tiny) & (size < np.inf)


has_slope = Constant(_has_slope)


def _nowhere_zero(v: Any, y: Any) -> bool:
    """Whether a plain array shaped like the result holds no 0: the usual case, and no limits.

    Only where the answer holds for this one call: traced, batched and recorded values take the
    general way, which comes to the same bits.
    """
    return v.__class__ is np.ndarray and v.shape == y.shape and bool(v.all())


def _power_base(y: Any, a: Any, b: Any) -> Any:
    if isinstance(b, (int, float)):
        if b == 2:
            return 2.0 * a
        return b * a ** (b - 1) if b != 0 else np.zeros_like(a)
    b = _as_wide(b, y) if b.dtype.kind == "f" else _as_inexact(b, y)
    if _nowhere_zero(b, y):
        return b * a ** (b - 1)
    # 0 where b is 0, also at 0 and inf
    exponent = np.where(has_slope(y, a, b), b - 1, 0)
    # a number, as b is: NumPy rounds powers of numbers and of arrays differently
    return b * a ** (exponent if exponent.ndim else exponent[()])


def _power_exponent(y: Any, a: Any, b: Any) -> Any:
    # 0 ** b stays 0 for b > 0, though log 0 is not finite; for b < 0 it is infinite
    if isinstance(a, (int, float, complex)):
        log = np.log(a).item() if a else -math.inf
        if math.isfinite(abs(log)):
            return y * log
        # masked before the product, whose own derivative would be 0 * inf
        return y * np.where((y == 0) | ((a == 0) & (b == 0)), np.zeros_like(y), log)
    a = _as_wide(a, y) if a.dtype.kind == "f" else _as_inexact(a, y)
    if _nowhere_zero(a, y) and _nowhere_zero(y, y):
        return y * np.log(a)
    return y * np.log(np.where((y == 0) | ((a == 0) & (b == 0)), 1, a))


_POWER_RULE = ("upstream * b * a ** (b - 1)", "upstream * y * log(a)")
power = elementwise(
    np.power,
    _power_base,
    _power_exponent,
    forward=operator.pow,
    label="**",
    formulas=_POWER_RULE,
)
float_power = elementwise(np.float_power, _power_base, _power_exponent, formulas=_POWER_RULE)

floor_divide = elementwise(np.floor_divide, 0, 0, forward=operator.floordiv, label="//")
remainder = elementwise(
    np.remainder, 1, lambda y, a, b: -np.floor_divide(a, b), forward=operator.mod, label="%"
)
fmod = elementwise(np.fmod, 1, lambda y, a, b: -np.rint((a - y) / b))

exp = elementwise(np.exp, lambda y, x: y)
exp2 = elementwise(
    np.exp2, lambda y, x: y * np.log(2.0).astype(y.dtype), formulas=("upstream * y * log(2)",)
)
expm1 = elementwise(np.expm1, lambda y, x: y + 1)
log = elementwise(np.log, lambda y, x: 1.0 / x)
log2 = elementwise(
    np.log2, lambda y, x: 1.4426950408889634 / x, formulas=("upstream / (x * log(2))",)
)
log10 = elementwise(
    np.log10, lambda y, x: 0.4342944819032518 / x, formulas=("upstream / (x * log(10))",)
)
log1p = elementwise(np.log1p, lambda y, x: 1.0 / (1.0 + x))
sqrt = elementwise(np.sqrt, lambda y, x: 0.5 / y, formulas=("upstream / (2 * y)",))
cbrt = elementwise(np.cbrt, lambda y, x: 1.0 / (3 * y * y), formulas=("upstream / (3 * y ** 2)",))

sin = elementwise(np.sin, lambda y, x: np.cos(x), second=lambda y, d, x: -y)
cos = elementwise(
    np.cos, lambda y, x: -np.sin(x), second=lambda y, d, x: -y, formulas=("-upstream * sin(x)",)
)
tan = elementwise(np.tan, lambda y, x: 1.0 + y * y, formulas=("upstream * (1 + y ** 2)",))


def _root_to_one(x: Any) -> Any:
    """Return sqrt(1 - x^2), on the branch of arcsin for complex numbers."""
    if x.dtype.kind == "c":
        return np.sqrt(-(x - 1.0)) * np.sqrt(x + 1.0)
    return np.sqrt(1.0 - x * x)


arcsin = elementwise(np.arcsin, lambda y, x: 1.0 / _root_to_one(x))
arccos = elementwise(
    np.arccos, lambda y, x: -1.0 / _root_to_one(x), formulas=("-upstream / sqrt(1 - x ** 2)",)
)
arctan = elementwise(
    np.arctan, lambda y, x: 1.0 / (1.0 + x * x), formulas=("upstream / (1 + x ** 2)",)
)
sinh = elementwise(np.sinh, lambda y, x: np.cosh(x), second=lambda y, d, x: y)
cosh = elementwise(np.cosh, lambda y, x: np.sinh(x), second=lambda y, d, x: y)
_ONE = np.array(1.0)
_double = _ONE.dtype
_multiply, _subtract = np.multiply, np.subtract


def _one_less_square(y: Any, x: Any) -> Any:
    return 1.0 - y * y


def _times_one_less_square(g: Any, y: Any, x: Any) -> Any:
    """Return g (1 - y^2), in one piece of memory for doubles.

    A Python number in the expression would cost a small array 0.2 us.
    """
    if g.__class__ is _ndarray is y.__class__ and y.dtype is _double:
        slope = y * y
        if slope.__class__ is _ndarray:  # not of an array without axes
            _subtract(_ONE, slope, slope)
            return _multiply(g, slope, slope)
    return g * (1.0 - y * y)


tanh = elementwise(
    np.tanh,
    _one_less_square,
    formulas=("upstream * (1 - y ** 2)",),
    vjps=(_times_one_less_square,),
    jvps=(_times_one_less_square,),
    pieces=Pieces(np.tanh, (_one_less_square,)),
)
arcsinh = elementwise(np.arcsinh, lambda y, x: 1.0 / np.sqrt(x * x + 1.0))
arccosh = elementwise(np.arccosh, lambda y, x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)))
arctanh = elementwise(np.arctanh, lambda y, x: 1.0 / (1.0 - x * x))
degrees = elementwise(np.degrees, 180 / np.pi, formulas=("upstream * 180 / pi",))
rad2deg = elementwise(np.rad2deg, 180 / np.pi, formulas=("upstream * 180 / pi",))
radians = elementwise(np.radians, np.pi / 180, formulas=("upstream * pi / 180",))
deg2rad = elementwise(np.deg2rad, np.pi / 180, formulas=("upstream * pi / 180",))


# What stands where a length is 0: 0, the derivative there by convention, which has itself none.
cusp = elementwise(
    lambda y: y * 0, lambda v, y: np.where(y == 0, np.nan, 0).astype(y.dtype), name="cusp"
)


def _over_length(part: Any, length: Any, at_zero: Any = 0) -> Any:
    """Return part / length, and 0 at the origin."""
    zero = length == 0
    return np.where(zero, at_zero, part / np.where(zero, 1, length))


def _part_of_length(part: Any, y: Any) -> Any:
    if _nowhere_zero(y, y):
        return part / y  # to the same bits, in one pass
    return _over_length(part, y, cusp(y))


hypot = elementwise(
    np.hypot,
    lambda y, a, b: _part_of_length(a, y),
    lambda y, a, b: _part_of_length(b, y),
    formulas=("upstream * a / y", "upstream * b / y"),
)


def _on_host(*values: Any) -> bool:
    """Whether no value is another library's array: NumPy's memory may be written into.

    What `compile` records counts as NumPy's, and is then refused: the kernel stays one call.
    """
    return all(isinstance(v, (np.ndarray, np.generic, int, float, Boxed)) for v in values)


def _over_square(a: Any, b: Any) -> Any:
    """Return a / (a^2 + b^2), and 0 at the origin, also where the squares overflow or vanish."""
    if not _on_host(a, b):
        length = np.hypot(a, b)
        return _over_length(_over_length(a, length), length)
    kind = np.result_type(a, b)
    wide = np.dtype(np.float32) if kind.char == "e" else kind
    a, b, info = np.asarray(a, wide), np.asarray(b, wide), np.finfo(wide)
    with np.errstate(over="ignore", under="ignore"):
        squares = np.asarray(a * a + b * b)
        if squares.min(initial=1) > info.tiny and squares.max(initial=1) < np.inf:
            np.divide(a, squares, out=squares)  # in place: fresh memory costs more than a pass
            return squares.astype(kind, copy=False)[()]
    length = np.hypot(a, b)  # ten times as slow
    return _over_length(_over_length(a, length), length).astype(kind, copy=False)


over_square: Primitive = elementwise(
    _over_square,
    lambda y, a, b: np.square(over_square(b, a)) - np.square(y),
    lambda y, a, b: -2 * y * over_square(b, a),
    name="a / (a² + b²)",
)
arctan2 = elementwise(
    np.arctan2,
    lambda y, a, b: over_square(b, a),
    lambda y, a, b: -over_square(a, b),
    formulas=("upstream * b / (a ** 2 + b ** 2)", "-upstream * a / (a ** 2 + b ** 2)"),
)


def _part_of_sum(exp: Any, a: Any, b: Any) -> Any:
    """Return exp(a) / (exp(a) + exp(b)); 0 where both are 0, a half where both are infinite."""
    if not _on_host(a, b):
        with np.errstate(over="ignore"):
            part = 1 / (1 + exp(b - a))
        return np.where(np.isinf(a) & (a == b), np.where(a > 0, 0.5, 0.0).astype(part.dtype), part)
    kind = np.result_type(a, b)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        part = np.asarray(np.subtract(b, a, dtype=np.float32 if kind.char == "e" else kind))
        exp(part, out=part)
        part += 1
        np.divide(1, part, out=part)  # in place: fresh memory costs more than a pass
    part = part.astype(kind, copy=False)
    if np.isnan(part).any():
        part = np.where(np.isinf(a) & (a == b), np.where(a > 0, 0.5, 0.0), part).astype(kind)
    return part[()]


part_of_sum: Primitive = elementwise(
    lambda a, b: _part_of_sum(np.exp, a, b),
    lambda y, a, b: y * part_of_sum(b, a),
    lambda y, a, b: -y * part_of_sum(b, a),
    name="part of a sum",
)
part_of_sum2: Primitive = elementwise(
    lambda a, b: _part_of_sum(np.exp2, a, b),
    lambda y, a, b: math.log(2) * y * part_of_sum2(b, a),
    lambda y, a, b: -math.log(2) * y * part_of_sum2(b, a),
    name="part of a sum of powers of 2",
)
logaddexp = elementwise(
    np.logaddexp,
    lambda y, a, b: part_of_sum(a, b),
    lambda y, a, b: part_of_sum(b, a),
    formulas=("upstream * exp(a - y)", "upstream * exp(b - y)"),
)
logaddexp2 = elementwise(
    np.logaddexp2,
    lambda y, a, b: part_of_sum2(a, b),
    lambda y, a, b: part_of_sum2(b, a),
    formulas=("upstream * exp2(a - y)", "upstream * exp2(b - y)"),
)

# |z| and z / |z| of complex numbers depend on both parts: not one factor for both modes.
absolute = elementwise(
    np.absolute,
    lambda y, x: np.sign(x),
    forward=operator.abs,
    vjps=(
        lambda g, y, x: g * (np.conj(_over_length(x, y)) if x.dtype.kind == "c" else np.sign(x)),
    ),
    jvps=(
        lambda t, y, x: (
            np.real(t * np.conj(_over_length(x, y))) if x.dtype.kind == "c" else t * np.sign(x)
        ),
    ),
    formulas=(
        lambda y, x: "upstream * conj(x) / y" if x.dtype.kind == "c" else "upstream * sign(x)",
    ),
)
fabs = elementwise(np.fabs, lambda y, x: np.sign(x))
copysign = elementwise(np.copysign, lambda y, a, b: np.sign(a) * np.copysign(1.0, b), 0)


def _share(y: Any, wins: Any, ties: Any) -> Any:
    """Return 1 for the winner, one half each at a tie."""
    return np.where(ties, y.dtype.type(0.5), wins)


def _choice(wins: str) -> Any:
    """Return the formula of a choice: upstream to the winner, one half to each at a tie."""
    return lambda y, a, b: (
        f"upstream * where(a == b, 1 / 2, {wins})" if np.any(a == b) else f"upstream * ({wins})"
    )


maximum = elementwise(
    np.maximum,
    lambda y, a, b: _share(y, ~(a <= b), a == b),  # beside NaN both get it all, as in PyTorch
    lambda y, a, b: _share(y, ~(b <= a), a == b),
    formulas=(_choice("a > b"), _choice("b > a")),
)
minimum = elementwise(
    np.minimum,
    lambda y, a, b: _share(y, ~(a >= b), a == b),
    lambda y, a, b: _share(y, ~(b >= a), a == b),
    formulas=(_choice("a < b"), _choice("b < a")),
)
# Ties, and two NaN, go to the first argument, as PyTorch has it for these two.
fmax = elementwise(
    np.fmax,
    lambda y, a, b: (a >= b) | np.isnan(b),
    lambda y, a, b: ~((a >= b) | np.isnan(b)),
    formulas=("upstream * (a >= b)", "upstream * (a < b)"),
)
fmin = elementwise(
    np.fmin,
    lambda y, a, b: (a <= b) | np.isnan(b),
    lambda y, a, b: ~((a <= b) | np.isnan(b)),
    formulas=("upstream * (a <= b)", "upstream * (a > b)"),
)


def _sign_vjp(g: Any, y: Any, x: Any) -> Any:
    if x.dtype.kind != "c":
        return np.zeros_like(g)
    return _over_length(g - np.real(g * y) * np.conj(y), np.abs(x))


def _sign_jvp(t: Any, y: Any, x: Any) -> Any:
    if x.dtype.kind != "c":
        return np.zeros_like(t)
    return _over_length(t - y * np.real(np.conj(y) * t), np.abs(x))


# Locally constant: the derivative is 0 wherever it exists.
sign = elementwise(np.sign, 0, vjps=(_sign_vjp,), jvps=(_sign_jvp,))
floor = elementwise(np.floor, 0)
ceil = elementwise(np.ceil, 0)
trunc = elementwise(np.trunc, 0)
rint = elementwise(np.rint, 0)
heaviside = elementwise(np.heaviside, 0, lambda y, a, b: a == 0)  # heaviside(0, b) is b
round_ = elementwise(lambda x, decimals=0: np.round(x, decimals), 0, name="round")
fix = elementwise(lambda x: np.trunc(x), 0, name="fix")


@implements(np.round, np.around)
def _round(a: Any, decimals: int = 0, out: None = None) -> Any:
    return round_(a, decimals=decimals)


@implements(np.fix)
def _fix(x: Any, out: None = None) -> Any:
    return fix(x)


clipped = elementwise(
    lambda x, low, high: np.clip(x, low, high),
    lambda y, x, low, high: (x >= low) & (x <= high),
    lambda y, x, low, high: (x < low) & (low < high),
    lambda y, x, low, high: (x > high) | (low > high),
    name="clip",
)


@implements(np.clip)
def clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: None = None,
    *,
    min: Any = None,
    max: Any = None,
) -> Any:
    """Limit the values; the derivative is 1 between the limits and on them."""
    low, high = (
        (min if a_min is None or a_min is np._NoValue else a_min),
        (max if a_max is None or a_max is np._NoValue else a_max),
    )
    return clipped(
        a,
        -np.inf if low is None or low is np._NoValue else low,
        np.inf if high is None or high is np._NoValue else high,
    )


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """Replace NaN and infinities by numbers; the derivative there is 0."""
    if not copy:
        x[...] = nan_to_num(x, True, nan, posinf, neginf)
        return x
    if x.dtype.kind not in "fc":
        return np.copy(x)
    info = np.finfo(x.dtype)
    if x.dtype.kind == "c":
        parts = (nan_to_num(p, copy, nan, posinf, neginf) for p in (np.real(x), np.imag(x)))
        return np.add(next(parts), next(parts) * x.dtype.type(1j))
    nan, posinf, neginf = (
        v.astype(x.dtype) if hasattr(v, "dtype") else v for v in (nan, posinf, neginf)
    )
    x = np.where(np.isnan(x), nan, x)
    x = np.where(np.isposinf(x), info.max if posinf is None else posinf, x)
    return np.where(np.isneginf(x), info.min if neginf is None else neginf, x)


# --- sinc -------------------------------------------------------------------


def _sinc_slopes(x: Any, n: int = 0) -> Any:
    """Return the n-th derivative of sin(pi x) / (pi x), accurate at and near 0 too.

    Away from 0 by u S_n = sin^(n)(u) - n S_(n-1), near it by the power series.
    """
    u = np.pi * x
    near = abs(u) < 2 + n
    far = np.where(near, 1, u)
    away = np.sin(far) / far
    for k in range(1, n + 1):
        away = ((np.sin, np.cos)[k % 2](far) * (-1, 1)[k % 4 < 2] - k * away) / far
    small = np.where(near, u, 0)
    series: Any = np.zeros_like(u)
    for m in range(16 + 2 * n, (n - 1) // 2, -1):  # Horner: terms u^(2m - n), all of one parity
        factor = (-1) ** m * math.perm(2 * m, n) / math.factorial(2 * m + 1)
        series = series * small * small + factor
    if n % 2:
        series = series * small
    return (np.where(near, series, away) * np.pi**n).astype(u.dtype)


# One operation for sinc and all its derivatives, each the next one's antiderivative.
sinc_: Primitive = elementwise(_sinc_slopes, lambda y, x, *, n=0: sinc_(x, n=n + 1), name="sinc")


@implements(np.sinc)
def sinc(x: Any) -> Any:
    """Return sin(pi x) / (pi x), and 1 at 0."""
    return sinc_(x)
