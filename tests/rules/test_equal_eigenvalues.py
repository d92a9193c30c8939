"""Decompositions at equal eigenvalues and singular values: right, or NaN; never a wrong number.

The true derivative is known where the function is smooth in the matrix (V f(w) V^H), by
differences of that function; what the engine answers may be that, or NaN.
"""

import numpy as np
import pytest

import autograd_core
from autograd_core import Tensor, grad, hvp, jvp, vmap

TYPES = [np.float32, np.float64, np.complex64, np.complex128]


def random(*shape, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape)
    return (x + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def hermitian(values, dtype=np.float64, seed=1):
    q = np.linalg.qr(random(len(values), len(values), dtype=dtype, seed=seed))[0]
    a = (q * np.asarray(values)) @ np.conj(q.T)
    return ((a + np.conj(a.T)) / 2).astype(dtype)


def by_eigh(a):
    w, v = np.linalg.eigh(a)
    return (v * np.exp(w)[..., None, :]) @ np.conj(v).mT


def by_eig(a):
    w, v = np.linalg.eig(a)
    return np.real(v @ (np.exp(w)[..., None] * np.linalg.inv(v)))


def by_svd(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return (u * np.exp(s)[..., None, :]) @ vh


SPECTRA = [
    [1.0, 1.0, 1.0],
    [1.0, 1.0, 2.0],
    [-1.0, 2.0, 2.0],
    [1.0, 1.0 + 2e-16, 3.0],
    [0.0, 0.0, 1.0],
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("values", SPECTRA, ids=str)
@pytest.mark.parametrize("f", [by_eigh, by_svd, by_eig])
def test_functions_of_the_vectors_are_nan(f, values, dtype):
    a = hermitian(values, dtype)
    if f is by_eig:
        a = np.diag(np.asarray(values, dtype=dtype))  # else eig's own rounding sets them apart
    c = hermitian([1.0, 2.0, 4.0], dtype, seed=2)
    loss = lambda x: np.sum(np.real(f(x) * c))
    assert np.isnan(grad(loss)(a)).all()
    assert np.isnan(jvp(loss, (a,), (c,))[1])
    assert np.isnan(hvp(loss, (a,), (c,))).all()
    assert np.isnan(autograd_core.compile(loss)(a)[1]).all()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("f", [by_eigh, by_svd])
def test_the_other_matrices_of_a_stack_stay_right(f, dtype):
    apart, c = hermitian([1.0, 2.0, 4.0], dtype), hermitian([1.0, 3.0, 4.0], dtype, seed=2)
    stack = np.stack([apart, np.eye(3, dtype=dtype), apart])
    loss = lambda x: np.sum(np.real(f(x) * c))
    found = grad(loss)(stack)
    alone = grad(loss)(apart)
    assert found.dtype == dtype
    np.testing.assert_allclose(found[[0, 2]], [alone, alone], rtol=1e-4)
    assert np.isnan(found[1]).all()
    pushed = jvp(f, (stack,), (np.stack([c] * 3),))[1]
    assert np.isfinite(pushed[[0, 2]]).all()
    assert np.isnan(pushed[1]).all()


def eigenvalues(a):
    return np.sum(np.linalg.eigh(a)[0] ** 3)


def top(a):
    v = np.linalg.eigh(a)[1][..., -1:]
    return np.sum(np.real(v @ np.conj(v).mT * np.arange(9.0).reshape(3, 3) ** 2))


def singular_values(a):
    return np.sum(np.linalg.svd(a)[1] ** 3)


def rank_one(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.sum(np.real((u[:, :1] * s[:1]) @ vh[:1] * np.arange(9.0).reshape(3, 3)))


def general_values(a):
    return np.sum(np.real(np.linalg.eig(a)[0]) ** 3)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("values", [[1.0, 1.0, 2.0], [0.0, 0.0, 1.0]], ids=str)
@pytest.mark.parametrize("f", [eigenvalues, top, singular_values, rank_one, general_values])
def test_what_the_equal_pair_does_not_touch_is_right(f, values, dtype):
    a, t = hermitian(values, dtype), hermitian([1.0, -2.0, 4.0], dtype, seed=3)
    h = 1e-5
    slope = (f(a + h * t) - f(a - h * t)) / (2 * h)
    np.testing.assert_allclose(np.real(np.sum(grad(f)(a) * t)), slope, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(jvp(f, (a,), (t,))[1], slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
@pytest.mark.parametrize("full", [True, False])
def test_svd_pulls_back_what_it_pushes_forward(shape, full, dtype):
    m, t = random(*shape, dtype=dtype), random(*shape, dtype=dtype, seed=4)
    parts = np.linalg.svd(m, full_matrices=full)
    weights = [random(*p.shape, dtype=dtype, seed=5 + k) for k, p in enumerate(parts)]

    def loss(x):
        pairs = zip(weights, np.linalg.svd(x, full_matrices=full), strict=True)
        return sum(np.sum(np.real(w * y)) for w, y in pairs)

    pulled = np.real(np.sum(grad(loss)(m) * t))
    np.testing.assert_allclose(pulled, jvp(loss, (m,), (t,))[1], rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_eig_pulls_back_what_it_pushes_forward(dtype):
    m, t, c = (random(4, 4, dtype=dtype, seed=k) for k in (6, 7, 8))

    def loss(x):
        w, v = np.linalg.eig(x)
        return np.sum(np.real(v * c)) + np.sum(np.imag(v) * np.real(c)) + np.sum(np.imag(w) ** 2)

    h = 1e-6
    slope = (loss(m + h * t) - loss(m - h * t)) / (2 * h)
    np.testing.assert_allclose(np.real(np.sum(grad(loss)(m) * t)), slope, rtol=1e-6)
    np.testing.assert_allclose(jvp(loss, (m,), (t,))[1], slope, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_singular_vector_of_zero_in_a_tall_matrix_is_nan():
    a = np.outer(np.arange(1.0, 5.0), [1.0, 2.0])  # one singular value is 0
    first = lambda x: np.sum(np.linalg.svd(x, full_matrices=False)[0][:, :1] ** 3)
    second = lambda x: np.sum(np.linalg.svd(x, full_matrices=False)[0][:, 1:] ** 3)
    assert np.isfinite(grad(first)(a)).all()
    assert np.isnan(grad(second)(a)).any()


def test_no_movement_is_no_movement():
    a = np.eye(3)
    assert np.all(jvp(np.linalg.eigh, (a,), (np.zeros_like(a),))[1][1] == 0)


@pytest.mark.parametrize("f", [by_eigh, by_svd])
def test_under_vmap(f):
    stack = np.stack([hermitian([1.0, 2.0, 4.0]), np.eye(3)])
    c = hermitian([1.0, 3.0, 4.0], seed=2)
    loss = lambda x: np.sum(f(x) * c)
    found = autograd_core.vmap(grad(loss))(stack)
    np.testing.assert_allclose(found[0], grad(loss)(stack[0]), rtol=1e-12)
    assert np.isnan(found[1]).all()


@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "f",
    [
        lambda a: tuple(np.linalg.svd(a, hermitian=True)),
        lambda a: (np.linalg.svd(a, compute_uv=False, hermitian=True),),
        lambda a: (np.linalg.pinv(a, hermitian=True),),
    ],
)
def test_hermitian_reads_the_lower_triangle(f, dtype):
    stack = random(2, 3, 3, dtype=dtype)
    stack = stack - 1j * np.imag(np.eye(3) * stack) if np.dtype(dtype).kind == "c" else stack
    wanted = f(stack)
    found = {
        "Tensor": [part.data for part in f(Tensor(stack, requires_grad=True))],
        "jvp": jvp(f, (stack,), (stack,))[0],
        "vmap": vmap(f)(stack),
    }
    for what, parts in found.items():
        for part, value in zip(parts, wanted, strict=True):
            np.testing.assert_allclose(part, value, rtol=1e-4, atol=1e-5, err_msg=what)
    g = grad(lambda a: np.real(f(a)[0][..., 0, 0] if f(a)[0].ndim > 1 else f(a)[0][0]))(stack[0])
    np.testing.assert_allclose(g, np.conj(g).T, rtol=1e-4, atol=1e-5)


def test_least_squares_of_a_matrix_whose_rank_is_lost_to_rounding():
    a, b = random(60, 3) @ random(3, 50, seed=1), random(60, seed=2)
    t, c = random(60, 3, seed=3) @ random(3, 50, seed=1), random(50, seed=4)  # keeps the rank
    f = lambda a, rcond=None: np.linalg.lstsq(a, b, rcond)[0] @ c
    wanted = (f(a + 1e-6 * t) - f(a - 1e-6 * t)) / 2e-6
    for rcond in (None, 1e-9):
        g = lambda a, rcond=rcond: f(a, rcond)
        np.testing.assert_allclose(np.sum(grad(g)(a) * t), wanted, rtol=1e-6)
        np.testing.assert_allclose(jvp(g, (a,), (t,))[1], wanted, rtol=1e-6)
