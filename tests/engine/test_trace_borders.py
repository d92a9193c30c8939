"""A value that is being differentiated neither leaves its trace nor loses its node unnoticed."""

from __future__ import annotations

import copy
import functools
import operator
import pickle
import types
import warnings
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import special
from scipy.optimize import brentq

from autograd_core import (
    AutogradError,
    ConversionError,
    DTypeError,
    IndependentWarning,
    OperandError,
    Tensor,
    UnsupportedError,
    UntrackedError,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    value_and_grad,
    vjp,
    vmap,
)

X = np.array([1.0, 2.0])


@dataclass
class Record:
    value: Any


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "nested": lambda x: copy.deepcopy({"a": [x]})["a"][0],
    "object": lambda x: copy.deepcopy(Record(x)).value,
    "computed": lambda x: copy.deepcopy(x * 1.0),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_differentiated(name: str) -> None:
    def f(x: Any) -> Any:
        return np.sum(COPIES[name](x) ** 2 * x)

    np.testing.assert_allclose(grad(f)(X), 3 * X**2)
    np.testing.assert_allclose(jvp(f, (X,), (X,))[1], np.sum(3 * X**3))
    np.testing.assert_allclose(hvp(f, (X,), (X,)), 6 * X**2)
    np.testing.assert_allclose(vmap(grad(f))(np.stack([X, 2 * X]))[1], 12 * X**2)


def test_copies_of_leaves_made_by_hand_are_leaves() -> None:
    x = Tensor(X, requires_grad=True)
    for made in (copy.copy(x), copy.deepcopy(x)):
        assert made.is_leaf
        assert made.requires_grad
        assert made is not x
    pair = copy.deepcopy([x, x])
    assert pair[0] is pair[1]
    with pytest.raises(ConversionError, match="only leaves"):
        copy.deepcopy(x * 2)


EXITS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "data": lambda x: x.data,
    "numpy": lambda x: x.numpy(),
    "asarray": np.asarray,
    "object array": lambda x: np.array([x], dtype=object),
    "complex": lambda x: complex(x[0]),
    "float": lambda x: float(x[0]),
}


@pytest.mark.parametrize("name", EXITS)
def test_ways_out_are_errors(name: str) -> None:
    def f(x: Any) -> Any:
        return np.sum(EXITS[name](x) * 2.0)

    for run in (
        lambda: grad(f)(X),
        lambda: hvp(f, (X,), (X,)),
        lambda: vmap(grad(f))(np.stack([X, X])),
    ):
        with pytest.raises(ConversionError):
            run()
    with pytest.raises((ConversionError, AttributeError)):
        jvp(f, (X,), (X,))


HOLDERS: dict[str, Callable[[Any], Any]] = {
    "dataclass": Record,
    "slots": Slotted,
    "set": lambda x: {x},
    "deque": lambda x: deque([x]),
    "closure": lambda x: lambda: x,
    "default": lambda x: lambda y=x: y,
    "partial": lambda x: functools.partial(np.add, x),
    "method": lambda x: Record(x).__repr__,
    "generator": lambda x: (v for v in [x]),
    "iterator": lambda x: iter([x]),
    "map": lambda x: map(np.sin, [x]),
    "objects": lambda x: np.array([Record(x)], dtype=object),
    "exception": ValueError,
    "proxy": lambda x: types.MappingProxyType({"a": x}),
    "view": lambda x: {"a": x}.values(),
    "key": lambda x: Record({x: 1}),
    "property": lambda x: property(lambda self: x),
    "static": lambda x: staticmethod(lambda: x),
    "class": lambda x: type("Made", (), {"value": x}),
    "getter": operator.itemgetter,
    "cache": lambda x: functools.lru_cache(lambda: x),
    "context": lambda x: ContextVar("kept", default=x),
    "chain": lambda x: ChainMap({"a": x}),
    "deep": lambda x: Record([{"a": deque([Slotted(x)])}]),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_results_in_unknown_containers_are_refused(name: str) -> None:
    def f(x: Any) -> Any:
        return np.sum(x), HOLDERS[name](x)

    for run in (
        lambda: grad(f, has_aux=True)(X),
        lambda: vjp(f, X, has_aux=True),
        lambda: jvp(f, (X,), (X,), has_aux=True),
        lambda: linearize(f, X),
        lambda: jacobian(f)(X),
        lambda: vmap(f)(np.stack([X, X])),
    ):
        with pytest.raises(OperandError, match="the function returned"):
            run()


def test_known_containers_and_plain_auxiliaries_pass() -> None:
    for aux in ("text", None, len, Record(3), {"a": (1, "b")}, np, Record, open):
        assert grad(lambda x, a=aux: (np.sum(x), a), has_aux=True)(X)[1] == aux
    made = grad(lambda x: (np.sum(x), defaultdict(int, a=x)), has_aux=True)(X)[1]
    assert made.default_factory is int
    assert type(made["a"]) is np.ndarray
    ordered = grad(lambda x: (np.sum(x), OrderedDict(a=x)), has_aux=True)(X)[1]
    assert type(ordered) is OrderedDict


class Named(dict[str, Any]):
    def __init__(self, name: str, **entries: Any) -> None:
        super().__init__(**entries)
        self.name = name

    def update(self, *args: Any, **entries: Any) -> None:
        raise TypeError("this dict changes item by item")


class Sized(list[Any]):
    def __init__(self, size: int) -> None:
        super().__init__([1.0] * size)


class Pair(namedtuple("Pair", "a b")):
    def __new__(cls, both: Any) -> Any:
        return super().__new__(cls, both, both)


@pytest.mark.parametrize(
    "nest",
    [Counter(a=3.0), Named("mine", a=3.0), OrderedDict(a=3.0), defaultdict(float, a=3.0), Sized(1)],
    ids=lambda nest: type(nest).__name__,
)
def test_subclasses_of_dict_and_list_keep_class_and_entries(nest: Any) -> None:
    key = 0 if isinstance(nest, list) else "a"
    nest[key] = 3.0

    def f(d: Any) -> Any:
        return d[key] ** 2

    for found, expected in (
        (grad(f)(nest), 6.0),
        (vjp(f, nest)[1](1.0)[0], 6.0),
        (hvp(f, (nest,), (nest,)), 6.0),
        (jvp(lambda d: d, (nest,), (nest,))[1], 3.0),
        (grad(lambda d: (f(d), d), has_aux=True)(nest)[1], 3.0),
        (jacobian(f)(nest), 6.0),
    ):
        assert type(found) is type(nest)
        assert found[key] == expected
    assert nest[key] == 3.0
    assert getattr(grad(f)(nest), "name", "mine") == "mine"


def test_named_tuples_with_a_constructor_of_their_own() -> None:
    assert grad(lambda p: p.a * p.b**2)(Pair(3.0)) == (9.0, 18.0)


@pytest.mark.parametrize("opened", ["grad", "jvp", "vmap"])
def test_a_trace_that_has_ended_is_never_returned_from(opened: str) -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x * 2.0)
        return np.sum(x * x)

    {
        "grad": lambda: grad(f)(X),
        "jvp": lambda: jvp(f, (X,), (X,)),
        "vmap": lambda: vmap(f)(np.stack([X, X])),
    }[opened]()
    late = kept[0]

    def g(y: Any) -> Any:
        return np.sum(y * y * late)

    for run in (
        lambda: grad(g)(X),
        lambda: vjp(g, X)[1](1.0),
        lambda: jvp(g, (X,), (X,)),
        lambda: hvp(g, (X,), (X,)),
        lambda: jacobian(g)(X),
        lambda: hessian(g)(X),
        lambda: linearize(g, X),
        lambda: vmap(g)(np.stack([X, X])),
        lambda: grad(lambda y: np.sum(y * y))(late),
    ):
        with pytest.raises(AutogradError):
            run()
    with pytest.raises(ConversionError):
        float(late[0])
    if opened == "grad":
        with pytest.raises(UntrackedError, match="belongs to a transform"):
            np.sum(late).backward()


def test_values_of_traces_that_run_may_be_used() -> None:
    kept: list[Any] = []

    def outer(x: Any) -> Any:
        kept.append(x)
        return np.sum(grad(lambda y: np.sum(y * y * kept[-1]))(x))

    np.testing.assert_allclose(grad(outer)(X), 4 * X)


WITHOUT = {"integer": np.argmax, "boolean": lambda x: np.any(x > 0), "number": lambda x: 3}
TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: grad(f)(X),
    "value_and_grad": lambda f: value_and_grad(f)(X)[1],
    "vjp": lambda f: vjp(f, X)[1](1.0)[0],
    "jvp": lambda f: jvp(f, (X,), (X,))[1],
    "linearize": lambda f: linearize(f, X)[1](X),
    "hvp": lambda f: hvp(f, (X,), (X,)),
    "hessian": lambda f: hessian(f)(X),
    "jacobian": lambda f: jacobian(f)(X),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("result", WITHOUT)
def test_integer_results_are_refused(transform: str, result: str) -> None:
    with pytest.raises(DTypeError, match="no derivative"):
        TRANSFORMS[transform](WITHOUT[result])


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_result_that_depends_on_nothing_is_said(transform: str) -> None:
    if transform == "jacobian":
        with pytest.raises(UntrackedError):
            jacobian(lambda x: 1.0)(X)
        return
    with pytest.warns(IndependentWarning, match="does not depend"):
        found = TRANSFORMS[transform](lambda x: 1.0)
    assert not np.any(found)


def test_second_derivatives_of_linear_functions_are_zero_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not np.any(hvp(np.sum, (X,), (X,)))
        assert not np.any(hessian(np.sum)(X))


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda: grad(np.sum, argnum=0), "argnums"),
        (lambda: value_and_grad(np.sum, argnum=0), "argnums"),
        (lambda: hessian(np.sum, argnum=0), "argnums"),
        (lambda: jacobian(np.sum, wrt=0), "argnums"),
        (lambda: vmap(np.sum, in_axis=0), "in_axes"),
        (lambda: vmap(np.sum, axis=0), "in_axes"),
        (lambda: vjp(np.sum, X, aux=True), "has_aux"),
        (lambda: jvp(np.sum, (X,), tangent=(X,)), "tangents"),
        (lambda: hvp(np.sum, primal=(X,)), "primals"),
        (lambda: linearize(np.sum, X, has_aux=True), "no keyword"),
    ],
)
def test_unknown_keywords_name_the_known(call: Callable[[], Any], meant: str) -> None:
    with pytest.raises(OperandError, match=meant):
        call()


def test_errors_out_of_c_callbacks() -> None:
    with pytest.raises(ConversionError, match="float"):
        grad(lambda a: brentq(lambda t: t * t - a, 0.0, 2.0))(1.0)
    with pytest.raises(SystemError, match="mine"):
        grad(lambda a: (_ for _ in ()).throw(SystemError("mine")))(1.0)


def test_hints_are_near_and_supported() -> None:
    for f in (special.kolmogi, lambda x: special.it2i0k0(x)[0]):
        with pytest.raises(UnsupportedError) as raised:
            grad(f)(0.5)
        assert "nearest" not in str(raised.value)
    with pytest.raises(UnsupportedError) as raised:
        grad(lambda x: np.hypot.at(x, [0], 1.0))(X)
    assert "isnat" not in str(raised.value)
    with pytest.raises(OperandError, match="full_like"):
        grad(lambda x: np.sum(np.full_like(np.ones(2), x[0])))(X)
    with pytest.raises(UnsupportedError, match="like="):
        grad(lambda x: np.sum(np.array([1.0], like=x)))(X)


@pytest.mark.parametrize(
    "run",
    [
        lambda f: jvp(f, (X,), (X,)),
        lambda f: vjp(f, X),
        lambda f: linearize(f, X),
        lambda f: jacobian(f)(X),
    ],
    ids=["jvp", "vjp", "linearize", "jacobian"],
)
def test_what_is_no_array_is_not_returned(run: Callable[..., Any]) -> None:
    with pytest.raises((OperandError, DTypeError), match=r"\(\): the function returned a str"):
        run(lambda x: "a")
