"""Elementwise functions that ONNX lacks, or that onnxruntime lacks in double precision: formulas.

Each keeps the precision of its argument near the points where the textbook's form loses it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from autograd_core.onnx.graph import Graph, Ref
from autograd_core.onnx.pointwise import is_infinite, two
from autograd_core.onnx.table import COMPOSED, lowers
from autograd_core.rules import elementwise as e
from autograd_core.workers.erf import double as double_erf


class Formula:
    """Arithmetic on values of one dtype, written with Python's operators."""

    def __init__(self, g: Graph, ref: Ref) -> None:
        self.g, self.ref = g, ref

    def _two(self, kind: str, other: Any, turned: bool = False) -> Formula:
        b = other.ref if isinstance(other, Formula) else self.g.number(other, self.ref)
        a, b = (b, self.ref) if turned else (self.ref, b)
        return Formula(self.g, self.g.two(kind, a, b))

    def __add__(self, other: Any) -> Formula:
        return self._two("Add", other)

    def __radd__(self, other: Any) -> Formula:
        return self._two("Add", other, True)

    def __sub__(self, other: Any) -> Formula:
        return self._two("Sub", other)

    def __rsub__(self, other: Any) -> Formula:
        return self._two("Sub", other, True)

    def __mul__(self, other: Any) -> Formula:
        return self._two("Mul", other)

    def __rmul__(self, other: Any) -> Formula:
        return self._two("Mul", other, True)

    def __truediv__(self, other: Any) -> Formula:
        return self._two("Div", other)

    def __rtruediv__(self, other: Any) -> Formula:
        return self._two("Div", other, True)

    def __pow__(self, other: Any) -> Formula:
        return self._two("Pow", other)

    def __rpow__(self, other: Any) -> Formula:
        return self._two("Pow", other, True)

    def __neg__(self) -> Formula:
        return self.op("Neg")

    def __abs__(self) -> Formula:
        return self.op("Abs")

    def __lt__(self, other: Any) -> Formula:
        return self._test("Less", other)

    def __gt__(self, other: Any) -> Formula:
        return self._test("Greater", other)

    def __ge__(self, other: Any) -> Formula:
        return self._test("GreaterOrEqual", other)

    def equals(self, other: Any) -> Formula:
        """Where both are the same."""
        return self._test("Equal", other)

    def _test(self, kind: str, other: Any) -> Formula:
        b = other.ref if isinstance(other, Formula) else self.g.number(other, self.ref)
        return Formula(self.g, self.g.test(kind, self.ref, b))

    def __and__(self, other: Formula) -> Formula:
        return Formula(self.g, self.g.two("And", self.ref, other.ref, np.bool_))

    def __or__(self, other: Formula) -> Formula:
        return Formula(self.g, self.g.two("Or", self.ref, other.ref, np.bool_))

    def __invert__(self) -> Formula:
        return self.op("Not")

    def op(self, kind: str, **attributes: Any) -> Formula:
        """Apply an operator of one argument."""
        return Formula(self.g, self.g.op(kind, self.ref, **attributes))

    def is_nan(self) -> Formula:
        """Where it is NaN."""
        return self.op("IsNaN", dtype=bool)

    def is_inf(self) -> Formula:
        """Where it is infinite, of either sign."""
        return Formula(self.g, is_infinite(self.g, None, self.ref))

    def choose(self, yes: Any, no: Any) -> Formula:
        """As a condition: yes where it holds, no elsewhere."""
        like = yes if isinstance(yes, Formula) else no
        a, b = (v.ref if isinstance(v, Formula) else self.g.number(v, like.ref) for v in (yes, no))
        return Formula(self.g, self.g.where(self.ref, a, b))


def larger(a: Formula, b: Any) -> Formula:
    """Return the larger of two."""
    return a._two("Max", b)


def smaller(a: Formula, b: Any) -> Formula:
    """Return the smaller of two."""
    return a._two("Min", b)


Written = Callable[..., Formula]


def formula(*operations: Any, whole: str = "") -> Callable[[Written], Written]:
    """Register a formula of arguments in the result's dtype (decorator).

    Parameters
    ----------
    *operations : NumPy function or Primitive
    whole : str
        ONNX's operator that does it for whole numbers, where the result can be such.
    """

    def decorate(written: Written) -> Written:
        def lowering(g: Graph, y: Any, *arguments: Ref) -> Ref:
            if y.dtype.kind != "f":
                return two(whole)(g, y, *arguments)
            return written(*(Formula(g, g.cast(a, y.dtype)) for a in arguments)).ref

        lowers(*operations)(lowering)
        return written

    return decorate


def _natively(kind: str) -> Callable[[Written], Written]:
    """Let ONNX's operator do it, but for doubles, which onnxruntime lacks (decorator)."""

    def decorate(written: Written) -> Written:
        def chosen(x: Formula) -> Formula:
            return written(x) if x.ref.dtype == np.float64 else x.op(kind)

        chosen.__name__ = written.__name__
        return chosen

    return decorate


@formula(np.expm1)
def expm1(x: Formula) -> Formula:
    """Near 0 by tanh: 2 t / (1 - t) with t = tanh(x / 2)."""
    t = (x * 0.5).op("Tanh")
    return (abs(x) < 1).choose(2 * t / (1 - t), x.op("Exp") - 1)


@formula(np.log1p)
def log1p(x: Formula) -> Formula:
    """As W. Kahan does: log(u) x / (u - 1) with u = 1 + x, whose rounding then cancels."""
    u = 1 + x
    small = u.equals(1)
    infinite = u.equals(math.inf)
    safe = (small | infinite).choose(2.0, u)
    corrected = u.op("Log") * (x / (safe - 1))
    return small.choose(x, infinite.choose(u, corrected))


@formula(np.sinh)
@_natively("Sinh")
def sinh(x: Formula) -> Formula:
    """Half of e + e / (e + 1) with e = exp(|x|) - 1; beyond 709 by the square of exp(|x| / 2)."""
    size = abs(x)
    e = expm1(size)
    half = (size * 0.5).op("Exp")
    y = (size > 700).choose(0.5 * half * half, 0.5 * (e + e / (e + 1)))
    return (x < 0).choose(-y, y)


@formula(np.cosh)
@_natively("Cosh")
def cosh(x: Formula) -> Formula:
    """Half of e + 1 / e with e = exp(|x|); beyond 709 by the square of exp(|x| / 2)."""
    size = abs(x)
    e, half = size.op("Exp"), (size * 0.5).op("Exp")
    return (size > 700).choose(0.5 * half * half, 0.5 * (e + 1 / e))


@formula(np.tan)
@_natively("Tan")
def tan(x: Formula) -> Formula:
    """Divide the sine by the cosine."""
    return x.op("Sin") / x.op("Cos")


@formula(np.arcsinh)
@_natively("Asinh")
def arcsinh(x: Formula) -> Formula:
    """log1p(|x| + x^2 / (1 + sqrt(1 + x^2))); of large x log(2 |x|)."""
    size = abs(x)
    safe = smaller(size, 1e100)
    square = safe * safe
    near = log1p(safe + square / (1 + (1 + square).op("Sqrt")))
    y = (size > 1e100).choose(size.op("Log") + math.log(2), near)
    return (x < 0).choose(-y, x.equals(0).choose(x, y))


@formula(np.arccosh)
@_natively("Acosh")
def arccosh(x: Formula) -> Formula:
    """log1p(t + sqrt(2 t + t^2)) with t = x - 1; of large x log(2 x)."""
    t = smaller(x, 1e100) - 1
    near = log1p(t + (2 * t + t * t).op("Sqrt"))
    y = (x > 1e100).choose(x.op("Log") + math.log(2), near)
    return (x < 1).choose(math.nan, y)


@formula(np.arctanh)
@_natively("Atanh")
def arctanh(x: Formula) -> Formula:
    """Half of log1p(2 |x| / (1 - |x|))."""
    size = abs(x)
    y = 0.5 * log1p(2 * size / (1 - size))
    return (x < 0).choose(-y, y)


@formula(np.exp2)
def exp2(x: Formula) -> Formula:
    """2 ** x."""
    return 2.0**x


@formula(np.log2)
def log2(x: Formula) -> Formula:
    """log(x) / log(2)."""
    return x.op("Log") / math.log(2)


@formula(np.log10)
def log10(x: Formula) -> Formula:
    """log(x) / log(10)."""
    return x.op("Log") / math.log(10)


@formula(np.cbrt)
def cbrt(x: Formula) -> Formula:
    """|x| ** (1/3) and one step of Newton, with the sign of x."""
    size = abs(x)
    plain = size.equals(0) | size.is_inf()
    y = plain.choose(1.0, size) ** (1 / 3)
    y = y - (y - plain.choose(1.0, size) / (y * y)) / 3
    y = plain.choose(size, y)
    return (x < 0).choose(-y, y)


@formula(np.hypot)
def hypot(a: Formula, b: Formula) -> Formula:
    """Large * sqrt(1 + (small / large)^2); infinite where one of them is."""
    a, b = abs(a), abs(b)
    large, small = larger(a, b), smaller(a, b)
    safe = (large.equals(0) | large.is_inf()).choose(1.0, large)
    share = small / safe
    plain = a.is_inf() | b.is_inf()
    return plain.choose(math.inf, large * (1 + share * share).op("Sqrt"))


def _negative_sign(x: Formula) -> Formula:
    """Where the sign is minus, of -0.0 too."""
    return (x < 0) | (1 / x < 0)


@formula(np.copysign)
def copysign(a: Formula, b: Formula) -> Formula:
    """Return |a| with the sign of b."""
    return _negative_sign(b).choose(-abs(a), abs(a))


@lowers(np.signbit)
def signbit(g: Graph, y: Any, x: Ref) -> Ref:
    """Below 0, or -0.0."""
    if x.dtype.kind == "f":
        return _negative_sign(Formula(g, x)).ref
    x = g.cast(x, np.int32) if x.dtype.kind == "b" else x
    return g.test("Less", x, g.number(0, x))


@formula(np.fmax, whole="Max")
def fmax(a: Formula, b: Formula) -> Formula:
    """Return the larger; what is NaN does not count."""
    return a.is_nan().choose(b, b.is_nan().choose(a, larger(a, b)))


@formula(np.fmin, whole="Min")
def fmin(a: Formula, b: Formula) -> Formula:
    """Return the smaller; what is NaN does not count."""
    return a.is_nan().choose(b, b.is_nan().choose(a, smaller(a, b)))


@formula(np.heaviside)
def heaviside(x: Formula, at_zero: Formula) -> Formula:
    """0 below 0, 1 above, the second argument at 0."""
    step = (x > 0).choose(1.0, (x < 0).choose(0.0, at_zero))
    return x.is_nan().choose(x, step)


@formula(np.logaddexp)
def logaddexp(a: Formula, b: Formula) -> Formula:
    """Return the larger, plus log1p(exp(-distance))."""
    same = a.equals(b)
    distance = same.choose(0.0, abs(a - b))
    return larger(a, b) + log1p((-distance).op("Exp"))


@formula(np.logaddexp2)
def logaddexp2(a: Formula, b: Formula) -> Formula:
    """Return the larger, plus log2(1 + 2 ** -distance)."""
    distance = a.equals(b).choose(0.0, abs(a - b))
    return larger(a, b) + log1p(2.0 ** (-distance)) / math.log(2)


def _share(a: Formula, b: Formula, exp: Callable[[Formula], Formula]) -> Formula:
    part = 1 / (1 + exp(b - a))
    both = a.is_inf() & a.equals(b)
    return both.choose(_halves(a), part)


def _halves(a: Formula) -> Formula:
    """Return a half above 0, 0 elsewhere."""
    half = Formula(a.g, a.g.expand(a.g.number(0.5, a.ref), a.ref.shape))
    return (a > 0).choose(half, 0.0)


@formula(e.part_of_sum)
def part_of_sum(a: Formula, b: Formula) -> Formula:
    """exp(a) / (exp(a) + exp(b))."""
    return _share(a, b, lambda d: d.op("Exp"))


@formula(e.part_of_sum2)
def part_of_sum2(a: Formula, b: Formula) -> Formula:
    """2**a / (2**a + 2**b)."""
    return _share(a, b, lambda d: 2.0**d)


@formula(e.over_square)
def over_square(a: Formula, b: Formula) -> Formula:
    """Return a / (a^2 + b^2) by the larger of the two; 0 at the origin."""
    length = hypot(a, b)
    zero = length.equals(0)
    safe = zero.choose(1.0, length)
    return zero.choose(0.0, a / safe / safe)


def _quarter(x: Formula) -> Formula:
    """Half of an angle, of its tangent: t / (1 + sqrt(1 + t^2))."""
    return x / (1 + (1 + x * x).op("Sqrt"))


@formula(np.arctan)
@_natively("Atan")
def arctan(x: Formula) -> Formula:
    """Sum a quarter of the angle as a power series; of 1 / x beyond 1."""
    size = abs(x)
    far = size > 1
    t = _quarter(_quarter(far.choose(1 / far.choose(size, 1.0), size)))
    square = t * t
    series = square * (-1.0 / 23)
    for n in range(21, 1, -2):
        series = square * (series + (1.0 if n % 4 == 1 else -1.0) / n)
    angle = 4 * (t + t * series)
    angle = far.choose(math.pi / 2 - angle, angle)
    return (x < 0).choose(-angle, x.equals(0).choose(x, angle))


@formula(np.arcsin)
@_natively("Asin")
def arcsin(x: Formula) -> Formula:
    """Twice the angle whose tangent is x / (1 + sqrt(1 - x^2))."""
    return 2 * arctan(x / (1 + ((1 - x) * (1 + x)).op("Sqrt")))


@formula(np.arccos)
@_natively("Acos")
def arccos(x: Formula) -> Formula:
    """Twice the angle whose tangent is sqrt((1 - x) / (1 + x))."""
    return 2 * arctan(((1 - x) / (1 + x)).op("Sqrt"))


@formula(np.arctan2)
def arctan2(y: Formula, x: Formula) -> Formula:
    """Atan of the smaller by the larger, turned into its eighth of the circle."""
    large, small = larger(abs(x), abs(y)), smaller(abs(x), abs(y))
    even = abs(x).equals(abs(y))  # also where both are infinite
    share = even.choose(large.equals(0).choose(0.0, even.choose(1.0, large)),
                        small / large.equals(0).choose(1.0, large))  # fmt: skip
    angle = arctan(share)
    angle = (abs(y) > abs(x)).choose(math.pi / 2 - angle, angle)
    angle = _negative_sign(x).choose(math.pi - angle, angle)
    nan = x.is_nan() | y.is_nan()
    return nan.choose(x + y, _negative_sign(y).choose(-angle, angle))


# --- with rest -----------------------------------------------------------------------------------


@lowers(np.fmod)
def fmod(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
    """Mod as C has it."""
    return g.op("Mod", g.cast(a, y.dtype), g.cast(b, y.dtype), shape=y.shape, fmod=1)


@lowers(np.remainder)
def remainder(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
    """Mod with the sign of the divisor."""
    a, b = g.cast(a, y.dtype), g.cast(b, y.dtype)
    if y.dtype.kind != "f":
        zero = g.test("Equal", b, g.number(0, b))
        safe = g.where(zero, g.number(1, b), b)
        whole = g.op("Mod", a, safe, shape=y.shape, fmod=0)
        return g.where(zero, g.number(0, a), whole)
    rest = Formula(g, g.op("Mod", a, b, shape=y.shape, fmod=1))
    return _turned(rest, Formula(g, b)).choose(rest + Formula(g, b), rest).ref


def _turned(rest: Formula, b: Formula) -> Formula:
    """Where a rest has the other sign than the divisor."""
    return (rest * b.op("Sign")) < 0


@lowers(np.floor_divide)
def floor_divide(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
    """Return the quotient less its rest, which divides exactly."""
    a, b = g.cast(a, y.dtype), g.cast(b, y.dtype)
    if y.dtype.kind != "f":
        zero = g.test("Equal", b, g.number(0, b))
        safe = g.where(zero, g.number(1, b), b)
        whole = g.op("Mod", a, safe, shape=y.shape, fmod=0)
        return g.where(zero, g.number(0, a), g.two("Div", g.two("Sub", a, whole), safe))
    n, d = Formula(g, a), Formula(g, b)
    rest = Formula(g, g.op("Mod", a, b, shape=y.shape, fmod=1))
    quotient = (n - rest) / d
    quotient = _turned(rest, d).choose(quotient - 1, quotient)
    down = quotient.op("Floor")
    down = (quotient - down > 0.5).choose(down + 1, down)
    return d.equals(0).choose(n / d, down).ref


@lowers(e.has_slope)
def has_slope(g: Graph, y: Any, of: Ref, a: Ref, b: Ref) -> Ref:
    """Where b a ** (b - 1) is a number."""
    base = Formula(g, g.cast(a, of.dtype))
    size, power = abs(base), Formula(g, b)
    inside = (size >= float(np.finfo(of.dtype).tiny)) & (size < math.inf)
    return g.expand((~power.equals(0) | inside).ref, y.shape)


# --- SciPy's -------------------------------------------------------------------------------------


def _of_scipy() -> None:
    from scipy import special

    def expit(x: Formula) -> Formula:
        return x.op("Sigmoid")

    def log_expit(x: Formula) -> Formula:
        return smaller(x, 0) - log1p((-abs(x)).op("Exp"))

    def logit(x: Formula) -> Formula:
        return (x / (1 - x)).op("Log")

    def erf(x: Formula) -> Formula:
        return x.op("Erf")

    def xlogy(x: Formula, y: Formula) -> Formula:
        zero = x.equals(0) & ~y.is_nan()
        return zero.choose(0.0, x * zero.choose(1.0, y).op("Log"))

    def xlog1py(x: Formula, y: Formula) -> Formula:
        zero = x.equals(0) & ~y.is_nan()
        return zero.choose(0.0, x * log1p(zero.choose(1.0, y)))

    def entr(x: Formula) -> Formula:
        zero = x.equals(0)
        return (x < 0).choose(-math.inf, zero.choose(0.0, -x * zero.choose(1.0, x).op("Log")))

    def exp10(x: Formula) -> Formula:
        return 10.0**x

    COMPOSED[special.erf] = double_erf
    for written in (expit, log_expit, logit, erf, xlogy, xlog1py, entr, exp10):
        formula(getattr(special, written.__name__))(written)


if find_spec("scipy") is not None:
    _of_scipy()
