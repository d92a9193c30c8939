"""A matrix that many vectors met: its outer products are put off and added by one product."""

import numpy as np
import pytest

from autograd_core import (
    OverwrittenError,
    Tensor,
    compile,
    detect_anomaly,
    grad,
    gradients,
    hvp,
    jvp,
    mark_overwritten,
    value_and_grad,
    vmap,
)
from autograd_core.engine.outer_products import FEW, MOST

RNG = np.random.default_rng(3)
W = RNG.normal(size=(3, 3)) * 0.6
U = RNG.normal(size=(3, 2))
STEPS = [1, 2, 3, FEW, FEW + 1, MOST, MOST + 1, MOST + 2, 2 * MOST + 5]


def network(steps):
    """Return a recurrent net of two matrices, one not square, as a function of both."""
    inputs = np.random.default_rng(steps).normal(size=(steps, 2))

    def f(w, u):
        x = np.full(3, 0.5, dtype=w.dtype)
        for k in range(steps):
            x = np.tanh(w @ x + u @ inputs[k].astype(w.dtype))
        return np.sum(x * x)

    return f


def by_complex_steps(f, *args):
    """Return the derivatives to each element of each argument."""
    found = []
    for k, a in enumerate(args):
        d = np.empty(a.shape)
        for place in np.ndindex(a.shape):
            changed = [b.astype(complex) for b in args]
            changed[k][place] += 1e-30j
            d[place] = f(*changed).imag / 1e-30
        found.append(d)
    return found


@pytest.mark.parametrize("steps", STEPS)
def test_gradients(steps) -> None:
    f = network(steps)
    expected = by_complex_steps(f, W, U)
    for ours, exact in zip(grad(f, argnums=(0, 1))(W, U), expected, strict=True):
        np.testing.assert_allclose(ours, exact, rtol=1e-11, atol=1e-13)
    w, u = Tensor(W, requires_grad=True), Tensor(U, requires_grad=True)
    value = f(w, u)
    value.backward(retain_graph=True)
    first = w.grad.data.copy()
    np.testing.assert_allclose(first, expected[0], rtol=1e-11, atol=1e-13)
    (again,) = gradients(value, [w])
    np.testing.assert_array_equal(again.data, first)  # nothing of the first sweep is left over
    (recorded,) = gradients(value, [w], create_graph=True)
    np.testing.assert_allclose(recorded.data, first, rtol=1e-11, atol=1e-13)
    with detect_anomaly():
        np.testing.assert_allclose(grad(f)(W, U), first, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("steps", [2, 3, FEW + 1, MOST + 2])
def test_a_compiled_program_is_the_same_to_the_last_bit(steps) -> None:
    f = network(steps)
    value, ours = value_and_grad(f, (0, 1))(W, U)
    compiled = compile(f, argnums=(0, 1))
    for _ in range(2):
        again, written = compiled(W, U)
        assert value == again
        for a, b in zip(ours, written, strict=True):
            np.testing.assert_array_equal(a, b)


def test_single_precision_stays() -> None:
    g = grad(network(20))(W.astype(np.float32), U.astype(np.float32))
    assert g.dtype == np.float32
    np.testing.assert_allclose(g, grad(network(20))(W, U), rtol=2e-4, atol=1e-6)


def test_mixed_precision_is_added_one_by_one() -> None:
    x = Tensor(W.astype(np.float32), requires_grad=True)
    sum(np.sum(x @ np.arange(3.0) * k) for k in range(6)).backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad.data, np.outer(np.full(3, 15.0), np.arange(3.0)))


def test_among_other_uses_of_the_matrix() -> None:
    def f(w):
        x = np.ones(3, dtype=w.dtype)
        total = np.sum(w * w)
        for _ in range(7):
            x = np.tanh(w @ x) + w.T @ x
            total = total + np.sum(w[0] * x) + x @ w @ x
        return total + np.sum(w @ w)

    (expected,) = by_complex_steps(f, W)
    np.testing.assert_allclose(grad(f)(W), expected, rtol=1e-10)
    seen = []
    w = Tensor(W, requires_grad=True)
    w.register_hook(lambda g: seen.append(g.data.copy()))
    f(w).backward()
    np.testing.assert_allclose(seen[0], expected, rtol=1e-10)  # a hook sees the whole sum


@pytest.mark.parametrize("vectors", [1, 3, FEW + 1, MOST, MOST + 1, 2 * MOST])
@pytest.mark.parametrize("first", ["vectors first", "matrix first"])
def test_a_computed_matrix_that_is_also_used_itself(first, vectors) -> None:
    """Its own message and the vectors' that wait are one gradient: visited once, one hook call."""
    inputs = np.random.default_rng(vectors).normal(size=(vectors, 3))

    def f(w):
        a = np.tanh(w)
        uses = [lambda: sum(np.sum(np.sin(a @ x)) for x in inputs), lambda: np.sum(a * a * 0.3)]
        parts = [use() for use in (uses if first == "vectors first" else uses[::-1])]
        return a, parts[0] * parts[1]

    (expected,) = by_complex_steps(lambda w: f(w)[1], W)
    np.testing.assert_allclose(grad(lambda w: f(w)[1])(W), expected, rtol=1e-10)
    w = Tensor(W, requires_grad=True)
    a, total = f(w)
    a.retain_grad()
    seen = []
    a.register_hook(lambda g: seen.append(g.data.copy()))
    (asked,) = gradients(total, [a])
    total.backward()
    np.testing.assert_allclose(w.grad.data, expected, rtol=1e-10)
    np.testing.assert_allclose(a.grad.data * (1 - a.data**2), expected, rtol=1e-10)
    np.testing.assert_array_equal(asked.data, a.grad.data)
    assert len(seen) == 2


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs_of_matrices_and_vectors(seed) -> None:
    """Every value's gradient is what a recorded sweep finds, which puts nothing off."""
    rng = np.random.default_rng(seed)
    tracked = [Tensor(rng.normal(size=s) * 0.4, requires_grad=True) for s in [(3, 3), (3, 3), 3, 3]]
    matrices, vectors = tracked[:2], tracked[2:]
    for _ in range(int(rng.integers(3, 40))):
        a, b = (matrices[k] for k in rng.integers(len(matrices), size=2))
        x, y = (vectors[k] for k in rng.integers(len(vectors), size=2))
        kind = int(rng.integers(8))
        if kind < 3:
            vectors.append(np.tanh(a @ x))
        elif kind == 3:
            vectors.append(x * y + x)
        elif kind == 4:
            vectors.append(np.sum(a, axis=0) * 0.1 - x)
        elif kind == 5:
            matrices.append(np.tanh(a) * b)
        elif kind == 6:
            matrices.append(0.3 * (a @ b))
        else:
            matrices.append(np.sin(a + x))
    ends = [np.sum(v) for v in matrices[-2:] + vectors[-2:]]
    total = sum(ends[k] for k in rng.permutation(len(ends)))
    values = matrices + vectors
    recorded = gradients(total, values, create_graph=True)
    calls = [0] * len(values)

    def counted(k):
        def hook(g):
            calls[k] += 1

        return hook

    for k, value in enumerate(values):
        value.retain_grad()
        if rng.random() < 0.2:
            value.register_hook(counted(k))
        else:
            calls[k] = 1
    total.backward()
    for value, wanted, count in zip(values, recorded, calls, strict=True):
        if wanted is None:
            assert value.grad is None
        else:
            np.testing.assert_allclose(value.grad.data, wanted.data, rtol=1e-9, atol=1e-12)
            assert count == 1


def test_under_batches_and_second_derivatives() -> None:
    f = network(6)
    batch = np.stack([W, 2 * W])
    each = np.stack([grad(f)(w, U) for w in batch])
    np.testing.assert_allclose(vmap(lambda w: grad(f)(w, U))(batch), each, rtol=1e-12)
    h = 1e-5
    V = RNG.normal(size=W.shape)
    differences = (grad(f)(W + h * V, U) - grad(f)(W - h * V, U)) / (2 * h)
    found = hvp(lambda w: f(w, U), (W,), (V,))
    np.testing.assert_allclose(found, differences, rtol=1e-7, atol=1e-9)


def test_a_hook_that_writes_into_a_vector() -> None:
    """An optimizer in a hook changes the vector before the matrix has its turn."""
    w, b = Tensor(W, requires_grad=True), Tensor(np.ones(3), requires_grad=True)

    def step(g):
        b.data[...] = 100.0

    b.register_hook(step)
    sum(np.sum(k * (w @ b)) for k in range(8)).backward()
    np.testing.assert_array_equal(w.grad.data, np.full((3, 3), 28.0))


def test_an_overwritten_vector_is_still_found() -> None:
    w, x = Tensor(W, requires_grad=True), Tensor(np.ones(3))
    total = sum(np.sum(w @ x) for _ in range(5))
    x.data[0] = 7.0
    mark_overwritten(x)
    with pytest.raises(OverwrittenError, match="matmul"):
        total.backward()
    assert w.grad is None


@pytest.mark.parametrize("steps", [1, FEW + 1, MOST + 2])
def test_second_derivatives_of_a_computed_matrix_and_constant_vectors(steps) -> None:
    """The matrix belongs to the outer trace, and neither the vector nor what comes back does."""
    vectors = RNG.normal(size=(steps, 3)) / steps
    v = RNG.normal(size=(3, 3))

    def f(w):
        return sum(np.sum(np.sin(w) @ x) for x in vectors)

    wanted = -np.sin(W) * vectors.sum(axis=0) * v
    gradient = grad(f)
    for found in (
        hvp(f, (W,), (v,)),
        jvp(gradient, (W,), (v,))[1],
        grad(lambda w: np.sum(gradient(w) * v))(W),
        grad(lambda w: jvp(f, (w,), (v,))[1])(W),
        vmap(lambda t: hvp(f, (W,), (t,)))(v[None])[0],
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
