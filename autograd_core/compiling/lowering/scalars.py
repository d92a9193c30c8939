"""What an elementwise operation computes of single numbers, as text that numba compiles.

An operation that is not found here stays a call of NumPy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd_core.compiling.program import Step, Value, example
from autograd_core.operations.primitive import Primitive
from autograd_core.rules import elementwise as e
from autograd_core.rules import indexing, shapes

KINDS = {np.dtype(np.float64): "float64", np.dtype(np.float32): "float32", np.dtype(bool): "bool_"}
_WHOLE = frozenset("biu")


class Scalar(NamedTuple):
    """How an operation is computed of numbers.

    Attributes
    ----------
    text : callable
        From the arguments' texts to the result's.
    exact : bool
        Whether the result is NumPy's to the bit.
    weight : float
        Nanoseconds that NumPy takes for one number, besides the memory.
    odd : str
        For which argument NumPy says something that raises none of the machine's flags here.
    """

    text: Callable[..., str]
    exact: bool = True
    weight: float = 0.0
    odd: str = ""  # where NumPy says something, of which the machine's flags tell nothing


def _function(name: str, weight: float = 8.0, odd: str = "") -> Scalar:
    return Scalar(lambda a: f"{name}({a})", False, weight, odd)


_SPECS: dict[str, Scalar] = {
    "add": Scalar(lambda a, b: f"{a} + {b}"),
    "subtract": Scalar(lambda a, b: f"{a} - {b}"),
    "multiply": Scalar(lambda a, b: f"{a} * {b}"),
    "divide": Scalar(lambda a, b: f"{a} / {b}"),
    "negative": Scalar(lambda a: f"-{a}"),
    "positive": Scalar(lambda a: a),
    "absolute": Scalar(lambda a: f"abs({a})"),
    "fabs": Scalar(lambda a: f"abs({a})"),
    "square": Scalar(lambda a: f"{a} * {a}"),
    "reciprocal": Scalar(lambda a: f"ONE / {a}"),
    "sqrt": Scalar(lambda a: f"sqrt({a})"),
    # what is not a number comes through, whichever side it is on
    "maximum": Scalar(lambda a, b: f"{a} if {a} >= {b} or {a} != {a} else {b}"),
    "minimum": Scalar(lambda a, b: f"{a} if {a} <= {b} or {a} != {a} else {b}"),
    "sign": Scalar(lambda a: f"ONE if {a} > 0 else (-ONE if {a} < 0 else {a} - {a})"),
    "clipped": Scalar(
        lambda a, low, high: (
            f"{low} if {low} != {low} else ({high} if {a} > {high} or {low} > {high}"
            f" or {high} != {high} else ({low} if {a} < {low} else {a}))"
        )
    ),
    "greater": Scalar(lambda a, b: f"{a} > {b}"),
    "greater_equal": Scalar(lambda a, b: f"{a} >= {b}"),
    "less": Scalar(lambda a, b: f"{a} < {b}"),
    "less_equal": Scalar(lambda a, b: f"{a} <= {b}"),
    "equal": Scalar(lambda a, b: f"{a} == {b}"),
    "not_equal": Scalar(lambda a, b: f"{a} != {b}"),
    "isnan": Scalar(lambda a: f"{a} != {a}"),
    "and": Scalar(lambda a, b: f"{a} and {b}"),
    "or": Scalar(lambda a, b: f"{a} or {b}"),
    "not": Scalar(lambda a: f"not {a}"),
    "select": Scalar(lambda a, b, c: f"{a} if {c} else {b}"),
    "exp": _function("exp", 5.0, "{} > LARGEST"),
    "expm1": _function("expm1", 8.0, "{} > LARGEST"),
    "log": _function("log", 5.0, "{} <= 0"),
    "log1p": _function("log1p", 10.0, "{} <= -1"),
    "sin": _function("sin"),
    "cos": _function("cos"),
    "tan": _function("tan"),
    "tanh": _function("tanh"),
    "sinh": _function("sinh"),
    "cosh": _function("cosh"),
    "arctan": _function("atan"),
    "erf": _function("erf"),
    "logaddexp": Scalar(
        lambda a, b: (
            f"{a} + LOG2 if {a} == {b} else "
            f"({a} if {a} > {b} or {a} != {a} else {b}) + log1p(exp(-abs({a} - {b})))"
        ),
        False,
        20.0,
    ),
    "part_of_sum": Scalar(
        lambda a, b: (
            f"(HALF if {a} > -INF else ZERO) if {a} == {b} else ONE / (ONE + exp({b} - {a}))"
        ),
        False,
        12.0,
    ),
}
_NAMES: dict[Primitive, str] = {
    e.add: "add", e.subtract: "subtract", e.multiply: "multiply", e.divide: "divide",
    e.negative: "negative", e.positive: "positive", e.absolute: "absolute",
    e.clipped: "clipped", e.part_of_sum: "part_of_sum", indexing.select_: "select",
    e.square: "square", e.reciprocal: "reciprocal", e.sqrt: "sqrt", e.sign: "sign",
    e.maximum: "maximum", e.minimum: "minimum", e.logaddexp: "logaddexp",
    shapes.astype_: "positive", shapes.copy_: "positive",
}  # fmt: skip
_TRUTH = {"bitwise_and": "and", "logical_and": "and", "bitwise_or": "or", "logical_or": "or",
          "invert": "not", "logical_not": "not"}  # fmt: skip
_OF_BOOL = frozenset({"and", "or", "not"})
_COMPARES = frozenset(
    {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "isnan"}
)


def _name(step: Step) -> str | None:
    operation = step.operation
    assert operation is not None
    found = _NAMES.get(operation)
    if found is None and isinstance(operation.forward, np.ufunc):
        name = operation.forward.__name__
        found = _TRUTH.get(name, name if name in _SPECS and name not in _OF_BOOL else None)
    return found


def operands(step: Step) -> list[Any]:
    """Return what an elementwise step reads, the condition of a selection last."""
    if step.operation is indexing.select_:
        return [*step.args, step.params["condition"]]
    return step.args


def _whole_power(step: Step) -> int | float | None:
    """Return a constant exponent that is written out as products or a root."""
    if step.operation is not e.power or step.args[1].__class__ is Value:
        return None
    exponent = step.args[1]
    if isinstance(exponent, np.ndarray) or step.args[0].__class__ is not Value:
        return None
    number = float(exponent)
    return number if number in (-1.0, 0.5, 1.0, 2.0, 3.0, 4.0) else None


_POWERS: dict[float, Scalar] = {
    -1.0: Scalar(lambda a: f"ONE / {a}", False),
    0.5: Scalar(lambda a: f"sqrt({a})", False),
    1.0: Scalar(lambda a: a, False),
    2.0: Scalar(lambda a: f"{a} * {a}"),
    3.0: Scalar(lambda a: f"{a} * {a} * {a}", False, 15.0),
    4.0: Scalar(lambda a: f"({a} * {a}) * ({a} * {a})", False, 15.0),
}
_POWER = Scalar(lambda a, b: f"{a} ** {b}", False, 15.0)


class Term(NamedTuple):
    """One elementwise step: what it reads, in which kind of number, and its text."""

    scalar: Scalar
    operands: list[Any]
    kinds: list[str]  # to which each operand is brought first
    kind: str  # of the result


def term(step: Step) -> Term | None:
    """Return a step with one result as text of numbers; None if it is not such a step."""
    made = KINDS.get(step.result.example.dtype)
    if made is None or not step.result.example.dtype.isnative:
        return None
    if step.operation is e.power:
        return None if made == "bool_" else _power(step, made)
    name = _name(step)
    if name is None or not _plain(step, name):
        return None
    read = operands(step)
    if any(a.__class__ is not Value and not hasattr(a, "dtype") and np.ndim(a) for a in read):
        return None  # a list of numbers, which NumPy makes into an array
    kinds = _kinds(name, [example(a) for a in read], made)
    return None if kinds is None else Term(_SPECS[name], read, kinds, made)


def _power(step: Step, made: str) -> Term:
    number = _whole_power(step)
    if number is None:
        return Term(_POWER, step.args, [made, made], made)
    chosen = _POWERS[number]
    if not np.ndim(step.result.example):  # NumPy takes a power of a single number
        chosen = chosen._replace(exact=False)
    return Term(chosen, step.args[:1], [made], made)


def _kinds(name: str, examples: list[Any], made: str) -> list[str] | None:
    """Return to which kind of number each operand is brought; None if that loses something."""
    if name in _COMPARES:
        kind = np.result_type(*examples)
        known = kind.kind == "f" and kind in KINDS and _fits(examples)
        return [KINDS[kind]] * len(examples) if known else None
    if name == "select":
        return [made, made, "bool_"] if np.asarray(examples[2]).dtype == bool else None
    if name in _OF_BOOL:
        known = all(np.asarray(x).dtype == bool for x in examples)
        return ["bool_"] * len(examples) if known else None
    if made == "bool_" and not (name == "positive" and examples[0].dtype == bool):
        return None
    widest = np.result_type(*examples)
    if name != "positive" and widest.kind in "fc" and KINDS.get(widest) != made:
        return None  # a result of another kind: dtype= was given
    return [made] * len(examples)


def _fits(examples: list[Any]) -> bool:
    """Whether comparing in the common kind of number is exact: whole numbers may not be."""
    return all(np.asarray(x).dtype.kind in "fb" or isinstance(x, int) for x in examples)


def _plain(step: Step, name: str) -> bool:
    """Whether a step has no setting that the text does not say."""
    if name == "select":
        return set(step.params) == {"condition"}
    if step.operation is shapes.astype_:
        return set(step.params) <= {"dtype"} and np.dtype(step.params["dtype"]) in KINDS
    if step.operation is shapes.copy_:
        return True
    return not step.params


def constant(value: Any, kind: str) -> str | None:
    """Return a number of Python or NumPy as text of a kind; None if it has no exact text."""
    if kind == "bool_":
        return repr(bool(value))
    number = float(value)
    if isinstance(value, (int, np.integer)) and int(number) != value:
        return None  # a whole number beyond what a float holds
    if kind == "float32":
        with np.errstate(all="ignore"):
            number = float(np.float32(number))
    if math.isfinite(number):
        return f"float32({number!r})" if kind == "float32" else repr(number)
    name = "NAN" if number != number else "INF" if number > 0 else "-INF"
    return f"{kind}({name})"


_FIXED = re.compile(r"\b(ONE|HALF|ZERO|LOG2|INF)\b")
_NUMBERS = {"ONE": 1.0, "HALF": 0.5, "ZERO": 0.0, "LOG2": math.log(2.0), "INF": math.inf}


def odd(spec: Scalar, kind: str, text: str) -> str:
    """Return the condition under which NumPy says something of an argument; empty if never."""
    largest = "88.72" if kind == "float32" else "709.78"
    return spec.odd.format(text).replace("LARGEST", largest)


def written(spec: Scalar, kind: str, texts: list[str]) -> str:
    """Return an operation's text, its own constants of the right kind of number."""
    return _FIXED.sub(
        lambda match: str(constant(_NUMBERS[match[0]], kind)) if match[0] != "INF"
        else f"{kind}(INF)", spec.text(*texts),
    )  # fmt: skip
