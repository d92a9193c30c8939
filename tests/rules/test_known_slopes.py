"""Operations that state their second derivative: a tape over dual numbers evaluates nothing twice.

Checked against complex steps and central differences of the first derivative, never
against the rule that is meant to be saved.
"""

from collections import Counter

import numpy as np
import pytest
import scipy.special as sp
from strict_array import StrictArray

from autograd_core import (
    Dual,
    OperandError,
    Tensor,
    checkpoint,
    compile,
    detect_anomaly,
    elementwise,
    grad,
    hessian,
    hvp,
    jvp,
    value_and_grad,
    vmap,
)
from autograd_core.operations.primitive import REGISTRY

X = np.array([0.3, 0.7, 1.1, 1.9])
V = np.array([1.0, -0.5, 2.0, 0.25])
STATED = {
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "sinh": (np.sinh, np.cosh),
    "cosh": (np.cosh, np.sinh),
    "erf": (sp.erf, lambda x: 2 / np.sqrt(np.pi) * np.exp(-x * x)),
    "erfc": (sp.erfc, lambda x: -2 / np.sqrt(np.pi) * np.exp(-x * x)),
    "ndtr": (sp.ndtr, lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi)),
    "gammaln": (sp.gammaln, sp.psi),
}


@pytest.fixture
def seen(monkeypatch):
    """Count how often each ufunc is evaluated on arrays of a kind that tells."""
    found = Counter()
    plain = StrictArray.__array_ufunc__

    def counting(self, ufunc, method, *inputs, **keywords):
        made = plain(self, ufunc, method, *inputs, **keywords)
        found[ufunc.__name__] += made is not NotImplemented
        return made

    monkeypatch.setattr(StrictArray, "__array_ufunc__", counting)
    return found


def test_the_table_is_complete() -> None:
    sp_loaded = np.sum(sp.erf(Tensor(X)))  # SciPy's rules are loaded when first met
    assert sp_loaded.data > 0
    stating = {p.name for p in REGISTRY.values() if getattr(p, "second", None) is not None}
    assert stating == set(STATED)


@pytest.mark.parametrize("name", STATED)
def test_second_derivative_is_that_of_the_first(name) -> None:
    f, slope = STATED[name]
    h = 1e-30
    complex_step = slope(X + 1j * h).imag / h
    products = hvp(lambda x: np.sum(f(x)), (X,), (V,))
    np.testing.assert_allclose(products, complex_step * V, rtol=1e-13)


def test_sine_and_cosine_are_evaluated_once(seen) -> None:
    x, v = StrictArray(X), StrictArray(V)
    hvp(lambda x: np.sum(np.sin(x) * np.exp(-x * x)), (x,), (v,))
    assert (seen["sin"], seen["cos"], seen["exp"]) == (1, 1, 1)
    hvp(lambda x: np.sum(np.cosh(x) ** 2), (x,), (v,))
    assert (seen["cosh"], seen["sinh"]) == (1, 1)


def test_the_product_is_the_same_to_the_last_bit() -> None:
    plain = elementwise(lambda x: np.sin(x), lambda y, x: np.cos(x), name="plain sine")
    stated = hvp(lambda x: np.sum(np.sin(x) * x), (X,), (V,))
    np.testing.assert_array_equal(stated, hvp(lambda x: np.sum(plain(x) * x), (X,), (V,)))


def test_forward_mode_alone_keeps_no_slopes() -> None:
    found = []
    jvp(lambda x: found.append(np.sin(x)) or found[0], (X,), (V,))
    assert not hasattr(found[0], "_slope")


def test_every_nesting() -> None:
    third = np.array([-np.cos(x) for x in X])
    inner = lambda x: np.sum(np.sin(x))
    ways = {
        "forward over forward over reverse": lambda: jvp(
            lambda x: jvp(grad(inner), (x,), (V,))[1], (X,), (V,)
        )[1],
        "reverse over forward over reverse": lambda: grad(
            lambda x: np.sum(hvp(inner, (x,), (V,)) * V)
        )(X),
        "forward over reverse over reverse": lambda: jvp(
            grad(lambda x: np.sum(grad(inner)(x) * V)), (X,), (V,)
        )[1],
    }
    for name, way in ways.items():
        np.testing.assert_allclose(way(), third * V * V, rtol=1e-14, err_msg=name)


def test_under_batches_programs_checkpoints_and_anomaly_mode() -> None:
    f = lambda x: np.sum(np.sin(x) * np.cos(x))
    exact = -2 * np.sin(2 * X) * V  # f' = cos 2x
    np.testing.assert_allclose(hvp(f, (X,), (V,)), exact, rtol=1e-14)
    batch = vmap(lambda v: hvp(f, (X,), (v,)))(np.stack([V, 2 * V]))
    np.testing.assert_allclose(batch, np.stack([exact, 2 * exact]), rtol=1e-14)
    np.testing.assert_allclose(hessian(f)(X) @ V, exact, rtol=1e-14)
    curvature = lambda x: np.sum(hvp(f, (x,), (V,)) * V)
    for ours, written in zip(value_and_grad(curvature)(X), compile(curvature)(X), strict=True):
        np.testing.assert_array_equal(ours, written)
    np.testing.assert_allclose(hvp(checkpoint(f), (X,), (V,)), exact, rtol=1e-14)
    with detect_anomaly():
        np.testing.assert_allclose(hvp(f, (X,), (V,)), exact, rtol=1e-14)


def test_a_constant_direction_is_no_direction() -> None:
    """Of two arguments, one without tangent: its slopes are not needed."""
    found = jvp(grad(lambda x, c: np.sum(np.sin(x) * c)), (X, V), (V, np.zeros(4)))[1]
    np.testing.assert_allclose(found, -np.sin(X) * V * V, rtol=1e-14)
    constant = Dual(X)  # no tangent at all
    x = Tensor(constant, requires_grad=True)
    np.sum(np.sin(x)).backward()
    np.testing.assert_array_equal(x.grad.primal, np.cos(X))


def test_a_change_in_place_between_is_respected() -> None:
    def f(x):
        z = x * 1.0
        y = np.sin(z)
        z[1:] = 2 * z[1:]
        z += 1
        return np.sum(np.sin(z) * y)

    def by_hand(x):
        w = np.concatenate([x[:1], 2 * x[1:]]) + 1
        return np.sum(np.sin(w) * np.sin(x))

    np.testing.assert_allclose(hvp(f, (X,), (V,)), hvp(by_hand, (X,), (V,)), rtol=1e-14)
    h = 1e-5
    differences = (grad(by_hand)(X + h * V) - grad(by_hand)(X - h * V)) / (2 * h)
    np.testing.assert_allclose(hvp(f, (X,), (V,)), differences, rtol=1e-8)


def test_an_array_written_into_between_two_evaluations_is_read_again() -> None:
    """Slopes belong to a result, not to an array: new numbers in it give new results."""
    constant = Tensor(X)

    def f(x):
        constant[...] = X
        first = np.sum(np.sin(constant + x) * np.sin(constant))
        constant[...] = 2 * X
        return first + np.sum(np.sin(constant + x) * np.sin(constant))

    exact = -np.sin(2 * X) * np.sin(X) - np.sin(3 * X) * np.sin(2 * X)
    np.testing.assert_allclose(hvp(f, (X,), (V,)), exact * V, rtol=1e-14)


def test_only_for_one_argument_without_settings() -> None:
    with pytest.raises(OperandError, match="one argument without settings"):
        elementwise(lambda a, b: a * b, lambda y, a, b: b, lambda y, a, b: a,
                    second=lambda y, d, x: 0 * x, name="product")  # fmt: skip
    with pytest.raises(OperandError, match="one argument without settings"):
        elementwise(lambda x, k=1: x * k, lambda y, x, *, k=1: k, second=lambda y, d, x: 0 * x)
