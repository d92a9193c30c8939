"""Rounding estimates against the errors that computing in less precision really makes."""

import numpy as np
import pytest

from autograd_core.base import errors
from autograd_core.rounding import rounding

RNG = np.random.default_rng(7)
A = RNG.normal(size=(40, 40)).astype(np.float32).astype(np.float64)
X = RNG.normal(size=40).astype(np.float32).astype(np.float64)

FUNCTIONS = {
    "product": (lambda x: np.prod(x * 1.5), X[:10]),
    "dot": (lambda x: x @ np.sin(x), X),
    "two layers": (
        lambda x: np.sum(np.tanh(A.astype(x.dtype) @ np.tanh(A.astype(x.dtype) @ x))),
        X,
    ),
    "cancelling sum": (lambda x: np.sum(np.exp(x)) - np.sum(np.exp(x[::-1] * 1.001)), X),
    "difference": (lambda x: np.sqrt(x[0] ** 2 + 1e5) - np.sqrt(x[1] ** 2 + 1e5), X),
    "logsumexp": (lambda x: np.log(np.sum(np.exp(x))), X),
    "polynomial": (lambda x: np.sum((x - 1) ** 5 - (x**5 - 5 * x**4)), X),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bound_holds_and_is_not_far_off(name):
    f, x = FUNCTIONS[name]
    report = rounding(f, x, dtype=np.float32)
    exact = float(f(x))
    actual = abs(float(f(x.astype(np.float32))) - exact)
    assert report.value == pytest.approx(exact)
    assert actual <= report.error * 1.01
    # typical roundings partly cancel: a bound of the right size is within a few thousand times
    # of what happens, where anything happens at all
    assert report.error < 3000 * max(actual, np.spacing(np.float32(abs(exact))))


def test_the_operation_that_loses_the_digits_is_named():
    report = rounding(lambda x: (1 + x) - 1, 1e-6, dtype=np.float32)
    assert report.nodes[0].name == "add"
    assert report.nodes[0].share > 0.9
    assert "test_rounding.py" in str(report.nodes[0].location)
    assert report.digits < 1.5
    assert "(1 + x) - 1" in str(report)


def test_is_float32_enough():
    expanded = lambda x: x**2 - 2 * x + 1
    factored = lambda x: (x - 1) ** 2
    x = 1.001
    # in float64 the input 1.001 is exact; rounding it to float32 costs either form its digits
    assert rounding(expanded, x).digits < 11 < 12 < rounding(factored, x).digits
    assert not rounding(expanded, x, dtype=np.float32).enough(3)
    assert rounding(np.exp, 0.5, dtype=np.float32).enough(6)
    assert rounding(np.exp, 0.5).enough(15)


def test_least_exact_element_of_several():
    report = rounding(lambda x: np.stack([x + 1, (x + 1) - 1]), 1e-9)
    assert report.element == (1,)
    assert report.digits < 8


def test_exact_operations_add_nothing():
    report = rounding(lambda x: -np.abs(x[::-1].reshape(2, 20).T)[0, 0], X)
    assert report.error == 0
    assert report.digits > 15.9


def test_html():
    assert "<table" in rounding(np.exp, 0.5)._repr_html_()


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda: rounding(lambda x: x * 2, np.ones(2000)), errors.ShapeError, "1,000"),
        (lambda: rounding(np.exp, 1.0, dtype=int), errors.DTypeError, "int64"),
        (lambda: rounding(lambda x: 3.0, 1.0), errors.UntrackedError, "nothing"),
        (lambda: rounding(np.exp, np.zeros(0)), errors.ShapeError, "n = 0"),
    ],
)
def test_bad_input(run, error, words):
    with pytest.raises(error, match=words):
        run()
