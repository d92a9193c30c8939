"""Elementwise operations that ONNX has under one name, or under two."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.onnx.graph import Graph, Ref
from autograd_core.onnx.table import lowers
from autograd_core.rules import elementwise as e
from autograd_core.rules import indexing, shapes

ONE: dict[str, tuple[Any, ...]] = {
    "Exp": (np.exp,), "Log": (np.log,), "Sqrt": (np.sqrt,), "Sin": (np.sin,), "Cos": (np.cos,),
    "Tanh": (np.tanh,), "Floor": (np.floor,), "Ceil": (np.ceil,), "Round": (np.rint,),
    "Abs": (np.absolute, np.fabs), "Neg": (np.negative,), "Reciprocal": (np.reciprocal,),
}  # fmt: skip
TWO: dict[str, tuple[Any, ...]] = {
    "Add": (np.add,), "Sub": (np.subtract,), "Mul": (np.multiply,), "Div": (np.divide,),
    "Max": (np.maximum,), "Min": (np.minimum,),
}  # fmt: skip
TESTS = {
    "Equal": np.equal, "Less": np.less, "LessOrEqual": np.less_equal, "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
}  # fmt: skip
_WHOLE = frozenset({"Floor", "Ceil", "Round"})  # of whole numbers: the numbers themselves
_HAVE = {"Neg": "if", "Reciprocal": "f"}  # kinds of numbers that ONNX has it for


def _one(kind: str) -> Callable[..., Ref]:
    def lowering(g: Graph, y: Any, x: Ref) -> Ref:
        if y.dtype.kind not in _HAVE.get(kind, "biuf"):
            raise g.refuse(f"{kind} of {y.dtype}, which ONNX does not have; use x.astype(float).")
        x = g.cast(x, y.dtype)
        same = y.dtype.kind == "b" or (y.dtype.kind in "iu" and kind in _WHOLE)
        return x if same else g.op(kind, x)

    return lowering


def two(kind: str) -> Callable[..., Ref]:
    """Return what writes an operator of two arguments; of truth values And or Or."""
    logical = {"Add": "Or", "Mul": "And", "Max": "Or", "Min": "And"}

    def lowering(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
        a, b = g.cast(a, y.dtype), g.cast(b, y.dtype)
        return g.two(logical[kind] if y.dtype.kind == "b" else kind, a, b)

    return lowering


def _test(kind: str) -> Callable[..., Ref]:
    def lowering(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
        a, b = g.together(a, b)
        if a.dtype.kind == "b" and kind != "Equal":
            a, b = g.cast(a, np.int32), g.cast(b, np.int32)
        return g.test(kind, a, b)

    return lowering


for _kind, _functions in ONE.items():
    lowers(*_functions)(_one(_kind))
for _kind, _functions in TWO.items():
    lowers(*_functions)(two(_kind))
for _kind, _function in TESTS.items():
    lowers(_function)(_test(_kind))


@lowers(np.not_equal)
def not_equal(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
    """Not(Equal)."""
    return g.op("Not", _test("Equal")(g, y, a, b))


@lowers(np.positive, np.conjugate, np.real, e.positive, shapes.copy_, shapes.real, shapes.conj)
def unchanged(g: Graph, y: Any, x: Ref, **_: Any) -> Ref:
    """Nothing at all."""
    return x


@lowers(np.imag, shapes.imag)
def imag(g: Graph, y: Any, x: Ref) -> Ref:
    """Zeros: there are no complex numbers here."""
    return g.expand(g.number(0, x), y.shape)


@lowers(shapes.astype_)
def astype(g: Graph, y: Any, x: Ref, **_: Any) -> Ref:
    """Cast."""
    return g.cast(x, y.dtype)


@lowers(np.sign)
def sign(g: Graph, y: Any, x: Ref) -> Ref:
    """Sign; NaN stays NaN."""
    made = g.op("Sign", g.cast(x, y.dtype))
    return g.where(g.op("IsNaN", x, dtype=bool), x, made) if y.dtype.kind == "f" else made


@lowers(np.square)
def square(g: Graph, y: Any, x: Ref) -> Ref:
    """Mul."""
    x = g.cast(x, y.dtype)
    return g.two("Mul", x, x)


def _scaled(factor: float) -> Callable[..., Ref]:
    def lowering(g: Graph, y: Any, x: Ref) -> Ref:
        x = g.cast(x, y.dtype)
        return g.two("Mul", x, g.number(factor, x))

    return lowering


lowers(np.degrees, np.rad2deg)(_scaled(180 / np.pi))
lowers(np.radians, np.deg2rad)(_scaled(np.pi / 180))


def whole_power(g: Graph, x: Ref, n: int) -> Ref:
    """Return a power by repeated products: exact for whole numbers."""
    made: Ref | None = None
    while n:
        if n & 1:
            made = x if made is None else g.two("Mul", made, x)
        n >>= 1
        x = g.two("Mul", x, x) if n else x
    return g.expand(g.number(1, x), x.shape) if made is None else made


@lowers(np.power, np.float_power)
def power(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
    """Pow; of whole numbers by products."""
    if y.dtype.kind in "iu":
        if b.array is None or b.array.ndim or not 0 <= int(b.array) < 64:
            raise g.refuse("a whole number to a power that is no constant below 64: ONNX's Pow "
                           "goes through floats. Use x.astype(float).")  # fmt: skip
        return whole_power(g, g.cast(a, y.dtype), int(b.array))
    a, b = g.cast(a, y.dtype), g.cast(b, y.dtype)
    if b.array is not None and not b.ndim and float(b.array) == 2:
        return g.two("Mul", a, a)
    return g.two("Pow", a, b)


@lowers(e.clipped)
def clip(g: Graph, y: Any, x: Ref, low: Ref, high: Ref) -> Ref:
    """Min(Max(x, low), high)."""
    x, low, high = (g.cast(v, y.dtype) for v in (x, low, high))
    if low.array is None or not np.all(np.isneginf(low.array)):
        x = g.two("Max", x, low)
    if high.array is None or not np.all(np.isposinf(high.array)):
        x = g.two("Min", x, high)
    return g.expand(x, y.shape)


@lowers(e.round_)
def round_(g: Graph, y: Any, x: Ref, decimals: int = 0) -> Ref:
    """Round, to a number of decimals."""
    if y.dtype.kind != "f":
        if decimals < 0:
            raise g.refuse("rounding of whole numbers to tens: ONNX rounds floats.")
        return x
    x = g.cast(x, y.dtype)  # NumPy makes float16 of truth values
    factor = g.number(10.0 ** abs(decimals), x)
    first, last = ("Mul", "Div") if decimals > 0 else ("Div", "Mul")
    if not decimals:
        return g.op("Round", x)
    return g.two(last, g.op("Round", g.two(first, x, factor)), factor)


@lowers(np.trunc, e.fix)
def trunc(g: Graph, y: Any, x: Ref) -> Ref:
    """Ceil below 0, Floor above."""
    if y.dtype.kind != "f":
        return x
    below = g.test("Less", x, g.number(0, x))
    return g.where(below, g.op("Ceil", x), g.op("Floor", x))


# --- truth values --------------------------------------------------------------------------------


def _logic(kind: str, bits: str | None) -> Callable[..., Ref]:
    def lowering(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
        if y.dtype.kind == "b":
            return g.two(kind, g.cast(a, bool), g.cast(b, bool), np.bool_)
        if bits is None or g.opset < 18:
            raise g.refuse(f"bitwise {kind.lower()} of whole numbers needs opset 18.")
        return g.two(bits, g.cast(a, y.dtype), g.cast(b, y.dtype))

    return lowering


lowers(np.logical_and)(_logic("And", None))
lowers(np.logical_or)(_logic("Or", None))
lowers(np.logical_xor)(_logic("Xor", None))
lowers(np.bitwise_and, operator.and_)(_logic("And", "BitwiseAnd"))
lowers(np.bitwise_or, operator.or_)(_logic("Or", "BitwiseOr"))
lowers(np.bitwise_xor, operator.xor)(_logic("Xor", "BitwiseXor"))


@lowers(np.invert)
def invert(g: Graph, y: Any, x: Ref) -> Ref:
    """Not, or BitwiseNot."""
    if y.dtype.kind == "b":
        return g.op("Not", x)
    if g.opset < 18:
        raise g.refuse("bitwise not of whole numbers needs opset 18.")
    return g.op("BitwiseNot", x)


@lowers(np.logical_not)
def logical_not(g: Graph, y: Any, x: Ref) -> Ref:
    """Not."""
    return g.op("Not", g.cast(x, bool))


def _class(g: Graph, x: Ref, kind: str, **attributes: Any) -> Ref:
    if x.dtype.kind != "f":
        return g.expand(g.constant(False), x.shape)
    return g.op(kind, x, dtype=bool, **attributes)


@lowers(np.isnan)
def isnan(g: Graph, y: Any, x: Ref) -> Ref:
    """IsNaN."""
    return _class(g, x, "IsNaN")


def _infinite(**attributes: int) -> Callable[..., Ref]:
    def lowering(g: Graph, y: Any, x: Ref) -> Ref:
        x = g.cast(x, np.float32) if x.dtype == np.float16 and g.opset < 20 else x
        return _class(g, x, "IsInf", **attributes)

    return lowering


is_infinite = lowers(np.isinf)(_infinite())
lowers(np.isposinf)(_infinite(detect_negative=0))
lowers(np.isneginf)(_infinite(detect_positive=0))


@lowers(np.isfinite)
def isfinite(g: Graph, y: Any, x: Ref) -> Ref:
    """Neither IsNaN nor IsInf."""
    return g.op("Not", g.two("Or", isnan(g, y, x), is_infinite(g, y, x)))


@lowers(indexing.select_)
def where(g: Graph, y: Any, a: Ref, b: Ref, *, condition: Any) -> Ref:
    """Where."""
    condition = condition if isinstance(condition, Ref) else g.constant(condition)
    return g.where(g.cast(condition, bool), g.cast(a, y.dtype), g.cast(b, y.dtype))
