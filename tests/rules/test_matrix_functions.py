"""symmetric_function: SciPy's values, and derivatives against differences of SciPy's functions."""

import math

import numpy as np
import pytest

import autograd_core
from autograd_core import LinearAlgebraError, ShapeError, grad, gradcheck, hvp, jvp
from autograd_core.transforms.symmetric_functions import _derivatives, _divided, symmetric_function

scipy_linalg = pytest.importorskip("scipy.linalg")

PAIRS = {
    "expm": (np.exp, scipy_linalg.expm),
    "logm": (np.log, scipy_linalg.logm),
    "sqrtm": (np.sqrt, scipy_linalg.sqrtm),
    "power": (lambda w: w**0.3, lambda a: scipy_linalg.fractional_matrix_power(a, 0.3)),
    "cube": (lambda w: w**3, lambda a: a @ a @ a),
    "cosm": (np.cos, scipy_linalg.cosm),
}
SPECTRA = [
    [1.0, 1.0, 1.0],
    [1.0, 1.0, 2.0],
    [0.5, 1.0, 1.0 + 1e-9],
    [0.3, 1.5, 4.0],
    [1.0, 1.01, 1.02],
]


def hermitian(values, dtype=np.float64, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, 3))
    x = x + 1j * rng.normal(size=(3, 3)) if np.dtype(dtype).kind == "c" else x
    q = np.linalg.qr(x)[0]
    a = (q * np.asarray(values)) @ np.conj(q.T)
    return ((a + np.conj(a.T)) / 2).astype(dtype)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize(
    ("name", "values"), [(n, SPECTRA[k % 5]) for k, n in enumerate([*PAIRS, *PAIRS, "sqrtm"])]
)
def test_value_and_derivatives_of_both_modes(name, values, dtype):
    f, theirs = PAIRS[name]
    a, c = hermitian(values, dtype), hermitian([1.0, -2.0, 3.0], dtype, seed=2)
    t, s = (hermitian([1.0, 0.2, -1.0], dtype, seed=k) for k in (3, 4))
    ours = lambda x: symmetric_function(f, x)
    loss = lambda x: np.sum(np.real(ours(x) * c))
    np.testing.assert_allclose(ours(a), theirs(a), rtol=1e-10, atol=1e-12)
    h = 1e-3  # fourth-order differences
    at = {k: theirs(a + k * h * t) for k in (-2, -1, 1, 2)}
    first = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * h)
    np.testing.assert_allclose(jvp(ours, (a,), (t,))[1], first, rtol=1e-6, atol=1e-7)
    pulled = np.real(np.sum(grad(loss)(a) * t))
    np.testing.assert_allclose(pulled, np.sum(np.real(first * c)), rtol=1e-6, atol=1e-7)
    slope = lambda x: np.sum(np.real(jvp(ours, (x,), (t,))[1] * c))
    near = {k: slope(a + k * h * s) for k in (-2, -1, 1, 2)}
    second = (8 * (near[1] - near[-1]) - (near[2] - near[-2])) / (12 * h)
    for found in (grad(slope)(a), hvp(loss, (a,), (t,))):
        np.testing.assert_allclose(np.real(np.sum(found * s)), second, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("values", SPECTRA[:2], ids=str)
def test_gradcheck(values):
    assert gradcheck(lambda a: symmetric_function(np.exp, a), hermitian(values))


def test_third_order():
    a, t = np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]])
    along = lambda x: symmetric_function(np.exp, a + x * t)[0, 0]  # e cosh(x)
    slopes = [along]
    for _ in range(4):
        slopes.append(grad(slopes[-1]))
    np.testing.assert_allclose([s(0.0) for s in slopes], [math.e, 0, math.e, 0, math.e], atol=1e-12)


@pytest.mark.parametrize("values", SPECTRA[:2], ids=str)
def test_second_derivatives_where_the_direction_depends_on_the_matrix(values):
    """Of a loss that is no linear function of f(A), the rule of the rule's own direction counts."""
    a, t, s = hermitian(values), hermitian([1.0, 0.2, -1.0], seed=3), hermitian([0.5, 1.0, 2.0])
    loss = lambda x: np.sum(symmetric_function(np.exp, x) ** 3)
    assert gradcheck(lambda x: loss(a + x[0] * t + x[1] * s), np.zeros(2))
    along = lambda x: loss(a + x * t)
    third = grad(grad(grad(along)))(0.0)
    h = 1e-3
    second = {k: grad(grad(along))(k * h) for k in (-2, -1, 1, 2)}
    wanted = (8 * (second[1] - second[-1]) - (second[2] - second[-2])) / (12 * h)
    np.testing.assert_allclose(third, wanted, rtol=1e-7)


def test_dtypes_stacks_compile_and_vmap():
    stack = np.stack([hermitian(values) for values in SPECTRA])
    loss = lambda a: np.sum(symmetric_function(np.log, a) ** 2)
    each = np.stack([grad(loss)(a) for a in stack])
    np.testing.assert_allclose(grad(loss)(stack), each, rtol=1e-12)
    single = grad(loss)(stack.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, each, rtol=1e-4, atol=1e-4)
    compiled = autograd_core.compile(loss)
    for _ in range(2):
        np.testing.assert_allclose(compiled(stack)[1], each, rtol=1e-12)
    np.testing.assert_allclose(autograd_core.vmap(grad(loss))(stack), each, rtol=1e-12)
    assert symmetric_function(np.sqrt, [[4, 0], [0, 9]]).tolist() == [[2, 0], [0, 3]]
    phase = symmetric_function(lambda w: np.exp(1j * w), stack[1])
    np.testing.assert_allclose(phase, scipy_linalg.expm(1j * stack[1]), rtol=1e-12)


@pytest.mark.parametrize("gap", [0.0, 1e-15, 1e-12, 1e-8, 1e-4, 1e-2, 0.3, 2.0, 30.0])
def test_divided_differences_keep_their_digits(gap):
    x = np.array([1.0, 1.0 + gap])
    gap = x[1] - x[0]
    exact = math.exp(1.0) * (math.expm1(gap) / gap if gap else 1.0)
    np.testing.assert_allclose(_divided(_derivatives(np.exp, 1), x), exact, rtol=3e-14)
    exact = math.log1p(gap) / gap if gap else 1.0
    np.testing.assert_allclose(_divided(_derivatives(np.log, 1), x), exact, rtol=3e-14)


def test_refusals():
    with pytest.raises(ShapeError, match="not a square matrix"):
        symmetric_function(np.exp, np.ones((2, 3)))
    with pytest.raises(LinearAlgebraError, match="NaN"):
        symmetric_function(np.exp, np.full((2, 2), np.nan))
