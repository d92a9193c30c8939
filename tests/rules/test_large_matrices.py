"""The rules of factorizations at sizes where they divide triangles into blocks."""

import numpy as np
import pytest

from autograd_core import compile, grad, jvp, value_and_grad, vmap
from autograd_core.rules import triangular

SIZES = (triangular.LARGE + 1, triangular.LARGE + 14)


def matrix(n, *stack, kind="float64"):
    """Return well-conditioned matrices."""
    rng = np.random.default_rng(n)
    a = rng.normal(size=(*stack, n, n))
    if np.dtype(kind).kind == "c":
        a = a + 1j * rng.normal(size=a.shape)
    return (a / n**0.5 + 2 * np.eye(n)).astype(kind)


def covariance(a):
    return a @ np.conj(np.swapaxes(a, -1, -2)) + np.eye(a.shape[-1])


def right(n, *shape):
    return np.random.default_rng(5).normal(size=(n, *shape))


PROGRAMS = {
    "solve": lambda a: np.linalg.solve(a, right(a.shape[-1], 3)),
    "solve of a lower triangle": lambda a: np.linalg.solve(np.tril(a), right(a.shape[-1], 3)),
    "solve of an upper triangle": lambda a: np.linalg.solve(np.triu(a), right(a.shape[-1], 3)),
    "solve for one vector": lambda a: np.linalg.solve(np.tril(a), right(a.shape[-1])),
    "solve for the right side": lambda a: np.linalg.solve(np.tril(matrix(a.shape[-1])), a),
    "both sides": lambda a: np.linalg.solve(a, np.swapaxes(a, -1, -2)),
    "inv": np.linalg.inv,
    "logdet": lambda a: np.linalg.slogdet(a)[1],
    "logdet of a covariance": lambda a: np.linalg.slogdet(covariance(a))[1],
    "logdet of a symmetric matrix": lambda a: np.linalg.slogdet(-covariance(a))[1],
    "cholesky": lambda a: np.linalg.cholesky(covariance(a)),
    "cholesky, upper": lambda a: np.linalg.cholesky(covariance(a), upper=True),
    "qr": lambda a: np.linalg.qr(a)[0] + np.linalg.qr(a)[1],
    "qr, only R": lambda a: np.linalg.qr(a)[1],
    "qr, only Q": lambda a: np.linalg.qr(a)[0],
    "qr of a tall matrix": lambda a: np.linalg.qr(np.concatenate([a, a * a], axis=-2))[1],
}


def weighed(f, n):
    """Return f's sum with weights, real: a function whose gradient tells on every number."""

    def total(a):
        y = f(a)
        one, two = (g(np.arange(1, np.size(y) + 1)).reshape(np.shape(y)) for g in (np.cos, np.sin))
        return np.sum(np.real(y) * one) + np.sum(np.imag(y) * two)

    return total


def differences(f, a, direction, h=1e-5):
    """Central differences of fourth order."""
    step = [f(a + k * h * direction) for k in (-2, -1, 1, 2)]
    return (step[0] - 8 * step[1] + 8 * step[2] - step[3]) / (12 * h)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float64", "complex128"])
@pytest.mark.parametrize("stack", [(), (2,)], ids=["one", "stack"])
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_both_modes_are_the_differences(name, n, stack, kind):
    f, a = weighed(PROGRAMS[name], n), matrix(n, *stack, kind=kind)
    rng = np.random.default_rng(1)
    for _ in range(2):
        direction = rng.normal(size=a.shape).astype(kind)
        if kind == "complex128":
            direction = direction + 1j * rng.normal(size=a.shape)
        wanted = differences(f, a, direction)
        back = np.sum(np.real(grad(f)(a) * direction))
        ahead = jvp(f, (a,), (direction,))[1]
        np.testing.assert_allclose([back, ahead], wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_second_derivatives_are_the_differences_of_first_ones(name):
    n = SIZES[0]
    f, a = weighed(PROGRAMS[name], n), matrix(n)
    one, two = np.random.default_rng(2).normal(size=(2, n, n))

    def slope(x):
        return np.sum(grad(f)(x) * one)

    wanted = differences(slope, a, two)
    found = np.sum(grad(slope)(a) * two)
    ahead = jvp(slope, (a,), (two,))[1]
    np.testing.assert_allclose([found, ahead], wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_batch_is_its_examples_one_by_one(name):
    n = SIZES[0]
    slope, a = grad(weighed(PROGRAMS[name], n)), matrix(n, 3)
    wanted = np.stack([slope(x) for x in a])
    np.testing.assert_allclose(vmap(slope)(a), wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float64", "complex128"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_compiled_program_has_the_same_bits(name, kind):
    n = SIZES[0]
    f = weighed(PROGRAMS[name], n)
    step = compile(f)
    for a in (matrix(n, kind=kind), matrix(n, 2, kind=kind)[1]):
        value, slope = step(a)
        wanted, exact = value_and_grad(f)(a)
        assert value == wanted
        np.testing.assert_array_equal(slope, exact)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("order", ["C", "F", "reversed"])
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("columns", [0, 1, 3, 200])
def test_triangles_are_solved_and_inverted(columns, lower, order, kind):
    n = 131
    t = (np.tril if lower else np.triu)(matrix(n, 2, 1, kind=kind))
    b = np.random.default_rng(3).normal(size=(3, n, columns)).astype(kind)
    if order == "F":
        t = np.asfortranarray(t)
    elif order == "reversed":
        b = b[:, ::-1]
    scale = 1e-11 if np.dtype(kind).itemsize in (8, 16) and kind != "complex64" else 1e-4
    for b_or_one in (b, b[0]):
        found = triangular.solve_triangular(t, b_or_one, lower=lower)
        assert found.dtype == kind
        assert found.shape == np.matmul(t, b_or_one).shape
        np.testing.assert_allclose(np.matmul(t, found), b_or_one + 0 * found, atol=scale)
    found = triangular.invert_triangular(t, lower=lower)
    assert found.dtype == kind
    assert triangular.is_triangular(found, lower)
    np.testing.assert_allclose(np.matmul(t, found), np.eye(n) + 0 * t, atol=scale)


def test_a_singular_triangle_is_refused():
    t = np.tril(matrix(110))
    t[66, 66] = 0
    for run in (
        lambda: triangular.solve_triangular(t, right(110, 3), lower=True),
        lambda: triangular.invert_triangular(t, lower=True),
    ):
        with pytest.raises(np.linalg.LinAlgError, match="Singular"):
            run()


def test_a_solution_and_its_gradients_take_two_decompositions(monkeypatch):
    """Each argument's rule once decomposed the matrix for itself."""
    a, b = matrix(60), right(60, 2)
    calls, solve = [], np.linalg.solve
    grad(lambda a, b: np.sum(np.linalg.solve(a, b)), argnums=(0, 1))(a, b)
    from autograd_core.rules import linalg

    each = linalg._solve_each
    monkeypatch.setattr(linalg, "_solve_each", lambda *given: calls.append(1) or each(*given))
    grad(lambda a, b: np.sum(solve(a, b)), argnums=(0, 1))(a, b)
    assert len(calls) == 1
