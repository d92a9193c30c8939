"""Values of other libraries beside a traced value: their numbers, or a refusal that names them."""

from __future__ import annotations

import array
import math
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from autograd_core import (
    AutogradError,
    Dual,
    OperandError,
    Tensor,
    compile,
    grad,
    hvp,
    jvp,
    primitive,
    vjp,
    vmap,
)

NUMBERS = np.array([1.0, 2.0, 3.0])
X = np.array([0.5, 1.5, 2.5])


class Plain(np.ndarray):
    """A subclass without arithmetic of its own."""


class Unit(np.ndarray):
    def __array_ufunc__(self, *args: Any, **keywords: Any) -> Any:
        return NotImplemented


class Scaled(np.ndarray):
    def __mul__(self, other: Any) -> Any:
        return 2 * np.asarray(self) * other


class Convertible:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return NUMBERS.copy()


class Interface:
    def __init__(self) -> None:
        self.kept = NUMBERS.copy()
        self.__array_interface__ = self.kept.__array_interface__


class Struct:
    def __init__(self) -> None:
        self.__array_struct__ = NUMBERS.__array_struct__


class Labelled:
    def to_numpy(self) -> Any:
        return NUMBERS


class Important:
    __array_priority__ = 2000

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return NUMBERS


class Itself:
    """As NumPy's protocol says: no ufunc takes it, its own operators do."""

    __array_ufunc__ = None

    def __mul__(self, other: Any) -> Any:
        return other * 10.0

    __rmul__ = __mul__


TAKEN: dict[str, Any] = {
    "subclass": NUMBERS.view(Plain),
    "memmap": None,
    "__array__": Convertible(),
    "__array_interface__": Interface(),
    "__array_struct__": Struct(),
    "array.array": array.array("d", NUMBERS),
    "memoryview": memoryview(NUMBERS.copy()),
    "range": range(1, 4),
    "list": [1.0, 2.0, 3.0],
    "tuple": (1.0, 2.0, 3.0),
    "bytearray": bytearray([1, 2, 3]),
}
REFUSED: dict[str, Any] = {
    "masked": np.ma.masked_array(NUMBERS, mask=[0, 1, 0]),
    "no mask": np.ma.masked_array(NUMBERS),
    "hard mask": np.ma.masked_array(NUMBERS, mask=[0, 1, 0], hard_mask=True),
    "np.ma.masked": np.ma.masked,
    "0-d masked": np.ma.masked_array(1.0, mask=True),
    "matrix": np.asmatrix(np.diag(NUMBERS)),
    "sparse matrix": scipy.sparse.csr_matrix(np.diag(NUMBERS)),
    "sparse array": scipy.sparse.coo_array(np.diag(NUMBERS)),
    "labelled": Labelled(),
    "units": Unit.__new__(Unit, 3),
    "own operator": Scaled.__new__(Scaled, 3),
    "priority": Important(),
    "Decimal": Decimal(2),
    "Fraction": Fraction(1, 2),
    "text": "abc",
    "bytes": b"abc",
    "objects": np.array([1, 2, 3], dtype=object),
    "dates": np.array(["2020-01-01"] * 3, "M8[D]"),
    "structured": np.zeros(3, [("a", float)]),
    "records": np.rec.array(np.zeros(3, [("a", float)])),
    "None": None,
}
NAMED = {
    "masked": r"np\.ma", "no mask": r"np\.ma", "hard mask": r"np\.ma", "np.ma.masked": r"np\.ma",
    "0-d masked": r"np\.ma", "matrix": r"np\.matrix", "sparse matrix": r"scipy.*toarray",
    "sparse array": r"scipy.*toarray", "labelled": "Labelled.*to_numpy", "units": "Unit",
    "own operator": "Scaled", "priority": "Important", "Decimal": "Decimal", "Fraction": "Fraction",
    "text": "str", "bytes": "bytes", "objects": "object", "dates": "datetime64",
    "structured": r"void|\('a'", "records": r"record", "None": "None",
}  # fmt: skip
BINARY = ["add", "sub", "mul", "truediv", "pow", "matmul"]
OTHERS = ["floordiv", "mod", "lt", "le", "gt", "ge"]


def _modes(f: Callable[[Any], Any]) -> dict[str, Callable[[], Any]]:
    return {
        "reverse": lambda: grad(f)(X),
        "forward": lambda: jvp(f, (X,), (X,)),
        "second": lambda: hvp(f, (X,), (X,)),
        "vmap": lambda: vmap(f)(np.stack([X, X])),
        "compiled": lambda: compile(grad(f))(X),
        "by hand": lambda: f(Tensor(X, requires_grad=True)),
        "dual": lambda: f(Dual(X, X)),
    }


@pytest.mark.parametrize("name", TAKEN)
def test_numbers_are_taken(name: str, tmp_path: Path) -> None:
    other = TAKEN[name]
    if name == "memmap":
        other = np.memmap(tmp_path / "m", dtype=float, mode="w+", shape=3)
        other[:] = NUMBERS
    for operation in BINARY:
        f = getattr(operator, operation)
        for swapped in (False, True):

            def run(x: Any, o: Any, f: Any = f, swapped: bool = swapped) -> Any:
                return np.sum(f(o, x) if swapped else f(x, o))

            expected = grad(lambda x, run=run: run(x, NUMBERS))(X)
            np.testing.assert_array_equal(grad(lambda x, run=run: run(x, other))(X), expected)
            _, t = jvp(lambda x, run=run: run(x, other), (X,), (np.ones(3),))
            np.testing.assert_allclose(t, expected.sum(), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("operation", BINARY + OTHERS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_means_more_is_refused(name: str, operation: str) -> None:
    other = REFUSED[name]
    if name == "objects" and operation in ("lt", "le", "gt", "ge"):
        return  # a comparison's answer is a constant, NumPy's own
    if "sparse" in name and operation in ("add", "sub", "mul", "truediv", "matmul"):
        return  # right: tests/scipy_functions/test_sparse_operands.py
    f = getattr(operator, operation)
    for swapped in (False, True):
        if swapped and name == "Fraction" and operation == "pow":
            continue  # Python computes float(fraction) ** x, which is right
        if swapped and operation == "pow" and ("matrix" in name or "sparse" in name):
            with pytest.raises((TypeError, ValueError, NotImplementedError)):
                other ** Tensor(X)  # its own power, which takes no arrays
            continue
        if swapped and name in ("own operator", "text", "bytes") and operation in ("mul", "mod"):
            continue  # its own method runs, and calls what it likes
        for mode, run in _modes(
            lambda x, s=swapped: np.sum(f(other, x) if s else f(x, other))
        ).items():
            if mode == "vmap" and name == "objects":
                continue  # without a tape it is NumPy's own answer
            with pytest.raises(AutogradError, match=NAMED[name]):
                run()


MASKED = REFUSED["masked"]
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "where": lambda x: np.where(MASKED, x, x),
    "concatenate": lambda x: np.concatenate([MASKED, x]),
    "stack": lambda x: np.stack([x, MASKED]),
    "average": lambda x: np.average(x, weights=MASKED),
    "take": lambda x: np.take(x, np.ma.masked_array([0, 1], mask=[0, 1])),
    "index": lambda x: x[np.ma.masked_array([0, 1], mask=[0, 1])],
    "indices": lambda x: x[np.ma.masked_array([0, 1], mask=[0, 1]), None],
    "clip": lambda x: np.clip(x, MASKED, 3),
    "einsum": lambda x: np.einsum("i,i->", x, MASKED),
    "interp": lambda x: np.interp(x, MASKED, MASKED),
    "select": lambda x: np.select([MASKED > 1], [x]),
    "setitem": lambda x: np.copy(x).__setitem__(slice(None), MASKED),
    "ufunc": lambda x: np.hypot(MASKED, x),
    "ma.exp": np.ma.exp,
    "ma.sum": np.ma.sum,
    "ma.multiply": lambda x: np.ma.multiply(MASKED, x),
    "ma.power": lambda x: np.ma.power(x, 2.0),
    "ma.dot": lambda x: np.ma.dot(MASKED, x),
    "ma.concatenate": lambda x: np.ma.concatenate([MASKED, x]),
    "ma.where": lambda x: np.ma.where(MASKED > 1, x, 0.0),
    "ma.array": np.ma.array,
    "ma.filled": np.ma.filled,
    "ma.getdata": np.ma.getdata,
    "ma.masked_where": lambda x: np.ma.masked_where([0, 1, 0], x),
    "method": lambda x: MASKED.dot(x),
    "in place": lambda x: operator.iadd(MASKED.copy(), x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_refuse_masked_arrays_by_name(name: str) -> None:
    for mode, run in _modes(lambda x: np.sum(FUNCTIONS[name](x))).items():
        if mode == "compiled":
            continue
        with pytest.raises(AutogradError, match=r"np\.ma"):
            run()


def test_masked_arrays_at_the_border() -> None:
    for run in (
        lambda: grad(np.sum)(MASKED),
        lambda: grad(lambda d: np.sum(d["a"]))({"a": MASKED}),
        lambda: Tensor(MASKED),
        lambda: setattr(Tensor(X), "data", MASKED),
        lambda: vjp(np.sin, X)[1](MASKED),
        lambda: jvp(np.sin, (X,), (MASKED,)),
        lambda: vmap(np.sin)(MASKED),
        lambda: Tensor(X, requires_grad=True).backward(MASKED),
    ):
        with pytest.raises(OperandError, match=re.escape("np.ma.MaskedArray")):
            run()


def test_an_object_may_do_it_itself() -> None:
    for f in (lambda x: np.sum(x * Itself()), lambda x: np.sum(Itself() * x)):
        np.testing.assert_array_equal(grad(f)(X), np.full(3, 10.0))
        assert jvp(f, (X,), (np.ones(3),))[1] == 30.0
    with pytest.raises(TypeError, match="unsupported operand"):
        Tensor(X) + Itself()
    with pytest.raises(OperandError, match="__array_ufunc__ = None"):
        np.where(X > 0, Tensor(X), Itself())


@pytest.mark.parametrize("made", [lambda S, x: S.multiply(x), lambda S, x: np.dot(S, x)])
def test_sparse_matrices_name_the_remedy(made: Callable[[Any, Any], Any]) -> None:
    for S in (REFUSED["sparse matrix"], REFUSED["sparse array"]):
        with pytest.raises(OperandError, match=r"S\.toarray\(\)") as raised:
            grad(lambda x, S=S: np.sum(made(S, x)))(X)
        assert Path(__file__).name in str(raised.value)  # the user's line, not SciPy's


@pytest.mark.parametrize("data", ["a", None, b"a", {1}, ["a"], np.array(["a"]), object()])
def test_a_tensor_holds_numbers(data: Any) -> None:
    with pytest.raises(OperandError.__mro__[1], match="are not numbers"):
        Tensor(data)
    with pytest.raises(AutogradError, match="are not numbers"):
        Tensor(v for v in [1.0])


def test_what_is_no_array_is_no_factor() -> None:
    for other in (None, {1.0}, {"a": 1}, object(), (v for v in [1.0]), float, np.sin):
        for f in (lambda x, o=other: x @ o, lambda x, o=other: o @ x):
            for run in _modes(lambda x, f=f: np.sum(f(x))).values():
                with pytest.raises(AutogradError, match=type(other).__name__):
                    run()


def test_results_of_pythons_own_floats() -> None:
    sine = primitive(
        lambda x: math.sin(x),
        vjp=lambda g, y, x: np.cos(x) * g,
        jvp=lambda ts, y, x: float(ts[0]) * math.cos(x),
        name="sine",
    )
    assert jvp(sine, (1.0,), (2.0,)) == (math.sin(1.0), 2.0 * math.cos(1.0))
    assert grad(sine)(1.0) == math.cos(1.0)
    assert sine(Tensor(1.0)).sum().item() == math.sin(1.0)
    assert float(jvp(lambda x: x @ [1, 2, 3], (X,), (X,))[1]) == 11.0
