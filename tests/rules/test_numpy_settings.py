"""NumPy's rarer settings, each against NumPy itself and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_core import Dual, Tensor, cost, grad, gradcheck, vmap
from autograd_core.base import errors
from autograd_core.base.tree import leaves_like, same_structure
from autograd_core.engine.overwrites import mark_overwritten
from autograd_core.operations.primitive import bare

X = np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]])
V = np.array([0.5, -1.5, 2.0])

CASES = {
    "convolve by number": (lambda a: np.convolve(a, np.array([1.0, 2.0]), 1), V),
    "convolve by name": (lambda a: np.convolve(a, np.array([1.0, 2.0]), "valid"), V),
    "partition flat": (lambda a: np.partition(a, 2, axis=None), X),
    "sort flat": (lambda a: np.sort(a, axis=None), X),
    "cumprod of another dtype": (lambda a: np.cumprod(a, dtype=float), X),
    "piecewise with one condition": (
        lambda a: np.piecewise(a, a > 0, [lambda v: v * v, lambda v: -v]),
        V,
    ),
    "piecewise with conditions": (lambda a: np.piecewise(a, [a < 0, a > 1], [1.0, np.sin]), V),
    "ramp to zero": (lambda a: np.pad(a, 2, mode="linear_ramp"), V),
    "ramp to ends": (lambda a: np.pad(a, 2, mode="linear_ramp", end_values=(1.0, 0.0)), V),
    "trim of nothing but zeros": (lambda a: np.trim_zeros(a * 0.0), V),
    "corrcoef of one variable": (lambda a: np.corrcoef(a), V),
    "bincount with weights": (lambda a: np.bincount(np.array([0, 2, 2]), a, 4), V),
    "emath power": (lambda a: np.emath.power(np.abs(a) + 1.0, 2), V),
    "diff with an edge": (lambda a: np.diff(a, prepend=1.0, append=[2.0, 3.0]), V),
    "einsum by numbers": (lambda a: np.einsum(a, [0, 1], a, [0, 1], [1]), X),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives(name) -> None:
    f, x = CASES[name]
    y = f(Tensor(x, requires_grad=True))
    np.testing.assert_allclose(np.asarray(getattr(y, "data", y)), f(x))
    assert gradcheck(lambda v: f(v) * 1.0, x)


def test_answers_that_are_plain_arrays() -> None:
    x = Tensor(X, requires_grad=True)
    np.testing.assert_array_equal(np.where(x > 1)[0], np.where(X > 1)[0])
    index = Tensor(np.array([0, 2, 2]))
    assert np.bincount(index).tolist() == [1, 0, 2]


def test_what_a_traced_value_cannot_be_asked() -> None:
    x = Tensor(X, requires_grad=True)
    with pytest.raises(errors.ShapeError, match="number of operands"):
        np.einsum("ij", x, x)
    with pytest.raises(errors.ShapeError, match="1 terms"):
        vmap(lambda v: np.einsum("i", v, v))(X)
    with pytest.raises(errors.AutogradError, match="must be 'valid'"):
        np.convolve(Tensor(V, requires_grad=True), V, "v")
    assert np.power(np.emath.sqrt(Tensor(np.array([-4.0]))).data, 2) == pytest.approx(-4.0)


@pytest.mark.parametrize(
    "keywords",
    [{"where": True}, {"casting": "same_kind"}, {"order": "K"}, {"subok": True}, {"dtype": None}],
    ids=str,
)
def test_settings_left_at_numpy_s_default_are_no_settings(keywords) -> None:
    x = Tensor(V, requires_grad=True)
    np.sum(np.exp(x, **keywords)).backward()
    np.testing.assert_allclose(x.grad.data, np.exp(V))
    assert np.sum(x, axis=0, keepdims=True, where=True, initial=np._NoValue).shape == (1,)
    with pytest.raises(errors.UnsupportedError, match="keyword where="):
        np.exp(x, where=V > 0)


def test_products_of_many_are_counted() -> None:
    a = np.ones((2, 3))
    found = cost(lambda x: np.einsum("ij,kj->ik", x, a), X).function.flops
    assert found == 2 * 2 * 2 * 3


def test_scipy_s_own_functions() -> None:
    special = pytest.importorskip("scipy.special")
    from autograd_core.scipy.special import logsumexp

    for mine, theirs in zip(
        logsumexp(Tensor(X), return_sign=True), special.logsumexp(X, return_sign=True), strict=True
    ):
        np.testing.assert_array_equal(mine.data, theirs)
    np.testing.assert_allclose(grad(lambda v: np.sum(special.expm1(v)))(V), np.exp(V))
    assert special.logsumexp(Tensor(V)).item() == pytest.approx(float(special.logsumexp(V)))


# --- writing in place ----------------------------------------------------------------


def test_lists_are_written_into_places() -> None:
    x = Tensor(V, requires_grad=True)
    y = x * 1.0
    y[:2] = [x[2], 5.0 * x[0]]
    np.sum(y * y).backward()
    np.testing.assert_allclose(x.grad.data, [2 * 25 * V[0], 0.0, 4 * V[2]])
    z = Tensor(V)
    z[:2] = [7.0, 8.0]
    assert z.data.tolist() == [7.0, 8.0, 2.0]


def test_a_tensor_takes_no_dual_made_by_hand_in_place() -> None:
    from autograd_core import jvp

    x = Tensor(V)
    with pytest.raises(errors.InPlaceError, match="jvp"):
        x[...] = Dual(V, V)

    def f(v):
        x[...] = v
        return np.sum(x)

    value, tangent = jvp(f, (V,), (V,))  # a transform's own is carried
    assert value == tangent == np.sum(V)


def test_overwriting_what_is_no_array_of_numpy_s() -> None:
    from strict_array import StrictArray

    x = Tensor(StrictArray(V), requires_grad=True)
    y = np.sum(x * x)
    mark_overwritten(x)
    y.backward()
    np.testing.assert_allclose(x.grad.data._array, 2 * V)


def test_a_tensor_s_data_and_its_flag() -> None:
    x = Tensor(V, requires_grad=True)
    x.data = Tensor([9.0])
    assert x.data.tolist() == [9.0]
    x.requires_grad = True
    assert x.requires_grad
    x.requires_grad = False
    assert not x.requires_grad


# --- nests ----------------------------------------------------------------------------


def test_nests_with_nothing_in_them() -> None:
    assert same_structure(None, None)
    assert not same_structure(None, 1.0)
    assert not same_structure(1.0, None)
    assert leaves_like(None, None) == []
    assert leaves_like(None, 1.0) is None


@pytest.mark.parametrize(
    ("u", "v"),
    [
        ([1.0, 2.0, 1 + 1e-10], [1.0, 1.0]),
        ([1.0, 3.0, 4.0, 5.0], [1.0, 2.0, 2.0]),
        ([2.0, 4.0], [2.0]),
        ([1.0, 2.0, 1.0], [1.0, 1.0]),
        ([1.0, 0.0, 0.0, 1e-10, 1.0], [1.0, 0.0, 0.0]),
        ([1.0], [1.0, 2.0]),
    ],
)
def test_the_remainder_of_polynomials_is_as_long_as_numpys(u, v) -> None:
    made = np.polydiv(Tensor(u, requires_grad=True), np.array(v))
    for a, b in zip(made, np.polydiv(np.array(u), np.array(v)), strict=True):
        np.testing.assert_allclose(bare(a), b, rtol=1e-12, atol=1e-15)
        assert np.shape(bare(a)) == b.shape


def test_dtypes_are_numpys() -> None:
    x = np.array([0.4, 1.2, 2.1])
    for kind in (np.float16, np.float32, np.longdouble):
        a = x.astype(kind)
        t = Tensor(a, requires_grad=True)
        for f in (
            np.sort_complex,
            lambda z: np.emath.sqrt(-z),
            np.emath.arccos,
            lambda z: np.emath.power(-z, 0.5),
            lambda z: np.histogram2d(z, x)[1],
            lambda z: np.histogramdd((z, x))[1][1],
        ):
            assert bare(f(t)).dtype == f(a).dtype
    swapped = x.astype(">f8")
    made = np.nanvar(Tensor(swapped, requires_grad=True))
    assert bare(made) == pytest.approx(np.nanvar(swapped))


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "max", "min", "var", "std"])
def test_methods_take_the_functions_keywords(name) -> None:
    x = Tensor(V, requires_grad=True)
    how = {"where": V > 0, "keepdims": True}
    how |= {} if name in ("mean", "var", "std") else {"initial": 0.25}
    made = getattr(x, name)(**how)
    np.testing.assert_allclose(made.data, getattr(V, name)(**how), rtol=1e-15)
    assert gradcheck(lambda x: getattr(x, name)(**how), Tensor(V))


@pytest.mark.parametrize("f", [np.sum, np.prod, np.max])
def test_an_initial_value_has_a_derivative(f) -> None:
    def reduced(x, s):
        return f(x, axis=0, initial=s)

    assert gradcheck(reduced, Tensor(X), Tensor(1.25))  # NumPy looks for traces in x alone
    xs, ss = np.stack([X, -X]), np.array([1.25, -0.5])
    made = vmap(reduced)(xs, ss)
    np.testing.assert_allclose(made, [reduced(x, s) for x, s in zip(xs, ss, strict=True)])
