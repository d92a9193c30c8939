"""Lengths at 0: the derivative is 0 by convention; the second derivative does not exist: NaN."""

import numpy as np
import pytest

from autograd_core import grad, gradcheck, hvp, jvp

LENGTHS = {
    "norm": np.linalg.norm,
    "norm of rows": lambda x: np.sum(np.linalg.norm(x[None], axis=1)),
    "fro": lambda x: np.linalg.norm(x[None], "fro"),
    "hypot": lambda x: np.hypot(x[0], x[1]),
    "std": np.std,
}


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("name", LENGTHS)
def test_second_derivatives_at_zero_are_nan(name, power):
    g = lambda x: LENGTHS[name](x) ** power
    x, t = np.zeros(2), np.array([1.0, -2.0])
    assert (grad(g)(x) == 0).all()
    assert jvp(g, (x,), (t,))[1] == 0
    assert np.isnan(hvp(g, (x,), (t,))).any()
    assert np.isnan(grad(lambda y: np.sum(grad(g)(y) * t))(x)).any()
    assert gradcheck(g, np.array([0.3, -0.4]))


@pytest.mark.filterwarnings("ignore:divide by zero")  # NumPy's own, where nothing is tracked
@pytest.mark.parametrize("p", [3, 4, 2.5, 1.5, 1, 0.5, -0.5, -1, -2, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_every_order_of_norm_has_derivative_zero_at_zero(p, dtype):
    x, t = np.zeros((2, 3), dtype), np.ones((2, 3), dtype)
    x[1] = [1, -2, 3]
    f = lambda x: np.sum(np.linalg.norm(x, p, axis=1))
    np.testing.assert_allclose(f(x), np.linalg.norm(x[1], p), rtol=1e-6)
    found = grad(f)(x)
    assert found.dtype == dtype
    assert (found[0] == 0).all()
    np.testing.assert_allclose(found[1], grad(lambda x: np.linalg.norm(x, p))(x[1]), rtol=1e-6)
    pushed = jvp(lambda x: np.linalg.norm(x, p, axis=1), (x,), (t,))[1]
    assert pushed[0] == 0
    assert np.isfinite(pushed).all()
    assert (grad(lambda x: np.linalg.norm(x, p))(np.zeros(4, dtype)) == 0).all()


@pytest.mark.parametrize("p", [3, 2.5, 0.5, -1, -2])
def test_orders_of_norm_elsewhere(p):
    assert gradcheck(lambda x: np.linalg.norm(x, p), np.array([0.5, -1.5, 2.0]))
    one = np.array([0.0, 1.5, -2.0])  # one element 0
    assert np.isfinite(grad(lambda x: np.linalg.norm(x, p))(one)).all()


def differences(f, x, step=1e-5):
    """Second derivatives from differences of the gradient."""
    g = grad(f)
    rows = [(g(x + step * e) - g(x - step * e)) / (2 * step) for e in np.eye(len(x))]
    return np.stack(rows)


OFF = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
WITH_ZEROS = {
    "norm": np.linalg.norm,
    "of order 2": lambda x: np.linalg.norm(x, 2),
    "of rows": lambda x: np.sum(np.linalg.norm(x.reshape(2, 2), axis=1)),
    "fro": lambda x: np.linalg.norm(x.reshape(2, 2), "fro"),
    "vector_norm": np.linalg.vector_norm,
    "matrix_norm": lambda x: np.linalg.matrix_norm(x.reshape(2, 2)),
    "squared": lambda x: np.linalg.norm(x) ** 2,
    "parts of complex numbers": lambda x: np.linalg.norm(x[:2] + 1j * x[2:]),
    "rows of complex numbers": lambda x: np.sum(np.linalg.norm(x[:2] + 1j * x[2:], axis=0) ** 2),
    "what least squares leaves": lambda x: np.linalg.lstsq(OFF, x * [1, 1, 0, 1], rcond=None)[1][0],
    "std": np.std,
    "hypot": lambda x: np.sum(np.hypot(x, [1.0, 2.0, 0.5, 3.0])),
}


@pytest.mark.parametrize("name", WITH_ZEROS)
def test_elements_that_are_zero_have_their_second_derivative(name):
    """A length is smooth where only some of its elements are 0."""
    f, x = WITH_ZEROS[name], np.array([0.0, 1.5, -2.0, 0.0])
    wanted = differences(f, x)
    found = np.stack([grad(lambda y, k=k: grad(f)(y)[k])(x) for k in range(4)])
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    for e, row in zip(np.eye(4), wanted, strict=True):
        np.testing.assert_allclose(hvp(f, (x,), (e,)), row, atol=1e-6)
