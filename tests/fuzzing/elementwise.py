"""Steps that work on each element: ufuncs, operators, their safe compositions, constants."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fuzzing.drawing import Rng, Step, a_number, chance, pick

UNARY = [
    np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sqrt, np.cbrt, np.sin,
    np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh,
    np.arccosh, np.arctanh, np.degrees, np.radians, np.abs, np.fabs, np.sign, np.floor, np.ceil,
    np.trunc, np.rint, np.conj, np.negative, np.positive, np.square, np.reciprocal, np.sinc,
    np.nan_to_num, np.real, np.angle, np.i0, np.fix, np.round, np.real_if_close,
    np.modf, np.frexp, np.isnan, np.isfinite, np.signbit, np.logical_not, np.spacing,
]  # fmt: skip
WITHIN = [np.arcsin, np.arccos, np.arctanh, np.tan, np.log1p]  # of numbers in (-1, 1)
ABOVE = [np.log, np.log2, np.log10, np.sqrt, np.cbrt, np.reciprocal, np.log1p]  # of positive ones
SMOOTH = [np.sin, np.cos, np.tanh, np.arctan, np.arcsinh, np.square, np.sinc]
BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power, np.maximum, np.minimum,
    np.fmax, np.fmin, np.hypot, np.arctan2, np.logaddexp, np.logaddexp2, np.remainder, np.fmod,
    np.floor_divide, np.copysign, np.heaviside, np.divmod, np.nextafter,
    np.greater, np.less_equal, np.equal, np.logical_and, np.isclose,
]  # fmt: skip
OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod,
    operator.floordiv, divmod, operator.lt, operator.ge, operator.eq,
]  # fmt: skip


def unary(rng: Rng, x: Any) -> Step:
    kind = int(rng.integers(5))
    if chance(rng, 0.01):  # NumPy's imag of a real array cannot be written into
        return Step("imag", lambda x: np.imag(x) * 1.0)
    if kind < 2:
        f = pick(rng, UNARY)
        return Step(f.__name__, f)
    if kind == 2:
        f = pick(rng, WITHIN)
        return Step(f"{f.__name__}(0.9 tanh)", lambda x: f(0.9 * np.tanh(x)))
    if kind == 3:
        f = pick(rng, ABOVE)
        return Step(f"{f.__name__}(0.4 + x^2)", lambda x: f(0.4 + np.square(np.abs(x))))
    f = pick(rng, SMOOTH)
    return Step(f.__name__, f)


def binary(rng: Rng, x: Any) -> Step:
    f = pick(rng, BINARY)
    if f is np.power and chance(rng, 0.7):
        return Step("power(0.3 + |x|, y)", lambda a, b: np.power(0.3 + np.abs(a), b), 2)
    if f is np.divide and chance(rng, 0.7):
        return Step("x / (1.5 + y^2)", lambda a, b: a / (1.5 + np.abs(b) ** 2), 2)
    return Step(f.__name__, f, 2)


def with_constant(rng: Rng, x: Any) -> Step:
    f, c = pick(rng, OPERATORS), a_number(rng)
    if chance(rng, 0.2):
        c = pick(
            rng,
            [
                np.arange(1, x.shape[-1] + 1) if x.ndim else 2,
                [1.5] if x.ndim else 1,
                np.array([True]),
            ],
        )
    if chance(rng, 0.5):
        return Step(f"{f.__name__}(x, {c!r})", lambda x: f(x, c))
    return Step(f"{f.__name__}({c!r}, x)", lambda x: f(c, x))


def power(rng: Rng, x: Any) -> Step:
    n = pick(rng, [-2, -1, 0, 1, 2, 3, 4, 0.5, 2.0, 1.5, -0.5])
    if chance(rng, 0.5):
        return Step(f"(0.3 + |x|)**{n}", lambda x: (0.3 + np.abs(x)) ** n)
    return Step(f"x**{n}", lambda x: x**n)


def clipping(rng: Rng, x: Any) -> Step:
    low, high = (pick(rng, [None, -1.0, -0.5, 0, 0.25, 1.0]) for _ in range(2))
    form = int(rng.integers(5))
    if form == 0:
        return Step(f"x.clip({low}, {high})", lambda x: x.clip(low, high))
    if form == 1:
        return Step(f"where(x > {low or 0})", lambda x: np.where(x > (low or 0), x, -x * 0.5))
    if form == 2:
        return Step("where(x > y)", lambda a, b: np.where(a > b, a * b, a - b), 2)
    if form == 3:
        return Step("clip(x, -|y|, |y|)", lambda a, b: np.clip(a, -np.abs(b), np.abs(b)), 2)
    return Step(f"clip({low}, {high})", lambda x: np.clip(x, low, high))


def casting(rng: Rng, x: Any) -> Step:
    kind = pick(rng, [np.float32, np.float64, float, "f4", np.complex128, int, bool])
    form = int(rng.integers(4))
    if form == 0:
        return Step(f"np.astype({kind})", lambda x: np.astype(x, kind))
    if form == 1:
        return Step("x.conj()", lambda x: x.conj())
    if form == 2:
        return Step("x.real + x.imag", lambda x: x.real + x.imag)
    return Step(f"x.astype({kind})", lambda x: x.astype(kind))


def keywords(rng: Rng, x: Any) -> Step:
    """Ufuncs with keywords: supported or refused, never ignored."""
    settings = pick(
        rng,
        [
            {"dtype": np.float32},
            {"dtype": int},
            {"where": np.array(True)},
            {"where": False},
            {"casting": "no"},
            {"order": "C"},
            {"subok": False},
            {"out": None},
            {"nonsense": 1},
            {"axis": 0},
        ],
    )
    f = pick(rng, [np.exp, np.square, np.negative, np.abs])
    if "where" in settings and settings["where"] is False:  # what NumPy leaves there is no number
        settings = {"where": True}
    return Step(f"{f.__name__}(**{settings})", lambda x: f(x, **settings))


FAMILIES = [unary, unary, unary, binary, binary, with_constant, power, clipping, casting, keywords]
