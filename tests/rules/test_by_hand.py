"""What the textbooks derive, written out in plain NumPy and held against the engine."""

import itertools

import numpy as np
import pytest

import nn
from autograd_core import Graph, Tensor, grad, gradients, jacobian, jvp

CLOSE = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture
def layer(rng):
    return rng.normal(size=3), rng.normal(size=(3, 4)), rng.normal(size=4)  # b, A, v


class TestDerivativesOfTheLearningFunction:
    """w = b + A v (Strang): dw_i/db_j = delta_ij and dw_i/dA_jk = delta_ij v_k."""

    @pytest.mark.parametrize("mode", ["forward", "reverse"])
    def test_bias(self, layer, mode):
        b, a, v = layer
        np.testing.assert_allclose(jacobian(lambda b: b + a @ v, mode)(b), np.eye(3), **CLOSE)

    @pytest.mark.parametrize("mode", ["forward", "reverse"])
    def test_matrix(self, layer, mode):
        b, a, v = layer
        found = jacobian(lambda a: b + a @ v, mode)(a)
        assert found.shape == (3, 3, 4)
        np.testing.assert_allclose(found, np.einsum("ij,k->ijk", np.eye(3), v), **CLOSE)

    def test_bias_and_matrix_in_one(self, layer, rng):
        """M = [b A] with a fixed top entry 1, which ReLU keeps: ReLU(1) = 1."""
        b, a, v = layer
        m = np.zeros((4, 5))
        m[0, 0] = 1.0  # the row that hands the 1 on
        m[1:, 0], m[1:, 1:] = b, a
        c = rng.normal(size=3)
        relu = lambda z: np.maximum(z, 0.0)
        one = np.concatenate([[1.0], v])

        def combined(m):
            out = relu(m @ one)
            return np.sum(c * out[1:])

        assert relu(m @ one)[0] == 1.0
        found = grad(combined)(m)
        gb, ga = grad(lambda b, a: np.sum(c * relu(b + a @ v)), argnums=(0, 1))(b, a)
        np.testing.assert_allclose(found[1:, 0], gb, **CLOSE)
        np.testing.assert_allclose(found[1:, 1:], ga, **CLOSE)
        # dw_i/dM_jk = delta_ij v_k
        whole = jacobian(lambda m: m @ one)(m)
        np.testing.assert_allclose(whole, np.einsum("ij,k->ijk", np.eye(4), one), **CLOSE)

    def test_hidden_layer(self, layer, rng):
        """dw/dA1 = A2 R'(b1 + A1 v0) d(b1 + A1 v0)/dA1."""
        b1, a1, v0 = layer
        a2 = rng.normal(size=(2, 3))
        found = jacobian(lambda a1: a2 @ np.maximum(b1 + a1 @ v0, 0.0))(a1)
        step = (b1 + a1 @ v0 > 0).astype(float)
        inner = np.einsum("ij,k->ijk", np.eye(3), v0)
        np.testing.assert_allclose(found, np.tensordot(a2 * step, inner, 1), **CLOSE)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def test_delta_equations(rng):
    """BP1 to BP4 (Nielsen, chapter 2), quadratic cost, layer by layer."""
    sizes = [4, 5, 3, 2]
    weights = [rng.normal(size=(m, n)) for n, m in itertools.pairwise(sizes)]
    biases = [rng.normal(size=m) for m in sizes[1:]]
    x, y = rng.normal(size=4), rng.normal(size=2)

    activations, zs = [x], []
    for w, b in zip(weights, biases, strict=True):
        zs.append(w @ activations[-1] + b)
        activations.append(sigmoid(zs[-1]))
    slope = [s * (1 - s) for s in activations[1:]]
    delta = (activations[-1] - y) * slope[-1]  # BP1
    by_hand = []
    for k in reversed(range(3)):
        by_hand.insert(0, (np.outer(delta, activations[k]), delta))  # BP4, BP3
        if k:
            delta = (weights[k].T @ delta) * slope[k - 1]  # BP2

    ws = [Tensor(w, requires_grad=True) for w in weights]
    bs = [Tensor(b, requires_grad=True) for b in biases]
    a, kept = Tensor(x), []
    for w, b in zip(ws, bs, strict=True):
        z = w @ a + b
        kept.append(z)
        a = sigmoid(z)
    cost = 0.5 * np.sum((a - y) ** 2)
    deltas = gradients(cost, kept)  # every node's derivative, not only the leaves'
    cost.backward()
    for k in range(3):
        np.testing.assert_allclose(ws[k].grad.data, by_hand[k][0], **CLOSE)
        np.testing.assert_allclose(bs[k].grad.data, by_hand[k][1], **CLOSE)
        np.testing.assert_allclose(deltas[k].data, by_hand[k][1], **CLOSE)


def test_sigmoid_cross_entropy_and_l2(rng):
    """The whole derivation: dC/dw_j = mean x_j (sigmoid(z) - y) + lambda/n w_j."""
    n, lam = 7, 0.3
    x, y = rng.normal(size=(n, 4)), rng.integers(0, 2, n).astype(float)
    w0, b0 = rng.normal(size=4), 0.2

    def cost(w, b):
        a = sigmoid(x @ w + b)
        entropy = -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))
        return entropy + lam / (2 * n) * np.sum(w * w)

    gw, gb = grad(cost, argnums=(0, 1))(w0, b0)
    error = sigmoid(x @ w0 + b0) - y
    np.testing.assert_allclose(gw, x.T @ error / n + lam / n * w0, **CLOSE)
    np.testing.assert_allclose(gb, error.mean(), **CLOSE)


@pytest.mark.parametrize("sizes", [[4, 3], [4, 5, 2], [4, 5, 3, 6, 2]])
def test_sigmoid_cross_entropy_and_l2_layer_by_layer(rng, sizes):
    """The recursion over layers: dE/dsigma of each layer from the next one's, then dE/dw."""
    m, lam = 6, 0.3
    weights = [rng.normal(size=pair) for pair in itertools.pairwise(sizes)]  # w[i, j], from i to j
    x = rng.normal(size=(m, sizes[0]))
    y = rng.integers(0, 2, (m, sizes[-1])).astype(float)

    outputs = [x]
    for w in weights:
        outputs.append(1 / (1 + np.exp(-(outputs[-1] @ w))))
    slopes = -y / outputs[-1] + (1 - y) / (1 - outputs[-1])  # dE/dsigma of the last layer
    by_hand = []
    for k in reversed(range(len(weights))):
        s = outputs[k + 1]
        each = np.einsum("nj,nj,ni->nij", slopes, s * (1 - s), outputs[k])  # one for each example
        by_hand.insert(0, (each.sum(axis=0) + lam * weights[k]) / m)
        slopes = np.einsum("np,np,jp->nj", slopes, s * (1 - s), weights[k])

    ws = [Tensor(w, requires_grad=True) for w in weights]
    kept = [x]
    for w in ws:
        kept.append(sigmoid(kept[-1] @ w))
    entropy = y * np.log(kept[-1]) + (1 - y) * np.log(1 - kept[-1])
    cost = -np.sum(entropy) / m + lam / (2 * m) * sum(np.sum(w * w) for w in ws)
    first = gradients(cost, [kept[1]])[0].data * m  # the derivative at a hidden layer's output
    cost.backward()
    for w, expected in zip(ws, by_hand, strict=True):
        np.testing.assert_allclose(w.grad.data, expected, **CLOSE)
    if len(sizes) > 2:
        s = outputs[1]
        np.testing.assert_allclose(
            np.einsum("nj,nj,ni->ij", first, s * (1 - s), x) / m + lam / m * weights[0],
            by_hand[0],
            **CLOSE,
        )


@pytest.mark.parametrize("beta", [1.0, 0.3, -1.0, -2.5, 0.0])
def test_softmax_module_of_the_slides(rng, beta):
    """z_i = exp(-beta x_i) / sum; the slide's dz_i/dx_j = z_i (delta_ij - z_j) is that of -1."""
    x, y = rng.normal(size=5), np.eye(5)[2]
    z = np.exp(-beta * x) / np.sum(np.exp(-beta * x))
    softmin = nn.functional.softmin
    np.testing.assert_allclose(softmin(x, beta=beta), z, **CLOSE)
    slide = np.diag(z) - np.outer(z, z)
    for mode in ("forward", "reverse"):
        found = jacobian(lambda x: softmin(x, beta=beta), mode=mode)(x)
        np.testing.assert_allclose(found, -beta * slide, **CLOSE)
    # with cross-entropy, dE/dx = -beta (z - y)
    entropy = lambda x, b: -np.sum(y * np.log(softmin(x, beta=b)))
    np.testing.assert_allclose(grad(entropy)(x, beta), -beta * (z - y), **CLOSE)
    # and dE/dbeta = x_y - sum z x
    np.testing.assert_allclose(grad(entropy, argnums=1)(x, beta), x[2] - z @ x, **CLOSE)


class TestWorkedExample:
    """F = x^3 (x + 3 y) at x = 2, y = 3 (Strang): dF/dx = 140, dF/dy = 24."""

    def test_reverse_finds_all_in_one_sweep(self):
        x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
        c = x**3
        s = x + 3 * y
        f = c * s
        assert f.item() == 88.0
        found = [g.item() for g in gradients(f, [f, c, s, x, y])]
        assert found == [1.0, 11.0, 8.0, 140.0, 24.0]

    def test_forward_needs_a_pass_for_each_input(self):
        f = lambda x, y: x**3 * (x + 3 * y)
        assert jvp(f, (2.0, 3.0), (1.0, 0.0))[1] == 140.0
        assert jvp(f, (2.0, 3.0), (0.0, 1.0))[1] == 24.0

    def test_the_sum_over_paths_is_the_sweep(self):
        x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
        graph = Graph(x**3 * (x + 3 * y))
        assert graph.paths(x) == len(list(graph.each_path(x))) == 2
        assert graph.sum_over_paths(x) == 140.0
        assert graph.sum_over_paths(y) == 24.0


def test_sum_over_paths_of_arrays(rng):
    w, x = Tensor(rng.normal(size=(3, 2)), requires_grad=True), rng.normal(size=2)
    h = np.tanh(w @ x)
    graph = Graph(np.sum(h * h + np.sin(h)))
    assert graph.paths(w) == 3
    np.testing.assert_allclose(
        graph.sum_over_paths(w), graph.gradients()[w._node], rtol=1e-12, atol=1e-12
    )


def test_cycles_are_loops_unrolled_in_time(rng):
    """A recurrent net is a Python loop; the shared weights' gradient is the sum over time."""
    w0, u0, xs = rng.normal(size=(3, 3)) / 2, rng.normal(size=(3, 2)), rng.normal(size=(6, 2))
    w, u = Tensor(w0, requires_grad=True), Tensor(u0, requires_grad=True)
    h = Tensor(np.zeros(3))
    for x in xs:
        h = np.tanh(w @ h + u @ x)
    np.sum(h**2).backward()

    hs = [np.zeros(3)]
    for x in xs:
        hs.append(np.tanh(w0 @ hs[-1] + u0 @ x))
    delta, gw, gu = 2 * hs[-1], np.zeros((3, 3)), np.zeros((3, 2))
    for t in range(6, 0, -1):
        delta = delta * (1 - hs[t] ** 2)
        gw += np.outer(delta, hs[t - 1])
        gu += np.outer(delta, xs[t - 1])
        delta = w0.T @ delta
    np.testing.assert_allclose(w.grad.data, gw, **CLOSE)
    np.testing.assert_allclose(u.grad.data, gu, **CLOSE)


def test_any_program_with_branches():
    def f(x):
        y = x
        while abs(y) < 10:
            y = y * 2 if y > 3 else y * x
        return y

    for way in (grad(f), lambda v: jvp(f, (v,), (1.0,))[1]):
        assert way(1.5) == pytest.approx(4 * 3 * 1.5**2 * 1.0)  # x^3 doubled twice: 4 x^3
