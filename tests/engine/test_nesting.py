"""Modes in modes, to any depth, and the perturbation-confusion suite."""

import itertools
import math

import numpy as np
import pytest

from autograd_core import Dual, Tensor, grad, gradients, hessian, hvp, jacobian, jvp, linearize, vjp


def d_reverse(f):
    return grad(f)


def d_forward(f):
    return lambda x: jvp(f, (x,), (np.ones_like(x),))[1]


def d_linearize(f):
    return lambda x: linearize(f, x)[1](np.ones_like(x))


def d_tape(f):
    def derivative(x):
        t = Tensor(x, requires_grad=True)
        return gradients(f(t), [t], create_graph=True)[0]

    return derivative


WAYS = {"reverse": d_reverse, "forward": d_forward, "linearize": d_linearize}


@pytest.mark.parametrize("ways", list(itertools.product(WAYS, repeat=2)), ids="-over-".join)
def test_second_derivative(ways):
    f = WAYS[ways[0]](WAYS[ways[1]](lambda x: np.sin(x) * np.exp(x)))
    assert f(0.7) == pytest.approx(2 * math.cos(0.7) * math.exp(0.7), rel=1e-12)


@pytest.mark.parametrize("ways", list(itertools.product(WAYS, repeat=3)), ids="-over-".join)
def test_third_derivative(ways):
    f = lambda x: x**5
    for way in ways:
        f = WAYS[way](f)
    assert f(1.3) == pytest.approx(60 * 1.3**2, rel=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("way", WAYS)
def test_deep_nesting_of_exp(way, depth):
    f = np.exp
    for _ in range(depth):
        f = WAYS[way](f)
    assert f(0.3) == pytest.approx(math.exp(0.3), rel=1e-12)


def test_create_graph_to_fourth_order():
    x = Tensor(1.1, requires_grad=True)
    y = x**6
    for k, expected in enumerate((6 * 1.1**5, 30 * 1.1**4, 120 * 1.1**3, 360 * 1.1**2)):
        (y,) = gradients(y, [x], create_graph=True)
        assert y.item() == pytest.approx(expected, rel=1e-12), k


def test_tape_inside_transforms():
    # f itself sweeps a tape made by hand; the outer modes differentiate through it
    f = lambda x: d_tape(lambda t: t**3)(x)
    assert grad(f)(2.0) == pytest.approx(12.0)
    assert jvp(f, (2.0,), (1.0,))[1] == pytest.approx(12.0)
    assert grad(grad(f))(2.0) == pytest.approx(6.0)


class TestPerturbationConfusion:
    """Siskind and Pearlmutter (2005): each derivative must see its own perturbation only."""

    @pytest.mark.parametrize("outer", WAYS)
    @pytest.mark.parametrize("inner", WAYS)
    def test_classic(self, outer, inner):
        # d/dx [x * d/dy (x + y)] at 1 is 1; confusing the two gives 2
        f = lambda x: x * WAYS[inner](lambda y: x + y)(1.0)
        assert WAYS[outer](f)(1.0) == 1.0

    def test_of_the_design(self):
        out, t = jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))
        assert (out, t) == (1.0, 1.0)

    @pytest.mark.parametrize("outer", WAYS)
    @pytest.mark.parametrize("inner", WAYS)
    def test_product(self, outer, inner):
        # d/dx [x * d/dy (x * y)] at 3 is d/dx x^2 = 6
        f = lambda x: x * WAYS[inner](lambda y: x * y)(2.0)
        assert WAYS[outer](f)(3.0) == 6.0

    @pytest.mark.parametrize("outer", WAYS)
    @pytest.mark.parametrize("inner", WAYS)
    def test_outer_value_as_inner_argument(self, outer, inner):
        f = lambda x: WAYS[inner](lambda y: x * y * y)(x)  # 2 x^2
        assert WAYS[outer](f)(3.0) == 12.0

    @pytest.mark.parametrize("outer", WAYS)
    @pytest.mark.parametrize("inner", WAYS)
    def test_closure_escapes(self, outer, inner):
        # the inner derivative is taken of a function that was returned by another trace
        adder = lambda a: lambda x: a * x
        f = lambda a: WAYS[inner](adder(a))(5.0) * a
        assert WAYS[outer](f)(4.0) == 8.0

    def test_three_levels(self):
        f = lambda x: grad(lambda y: jvp(lambda z: x * y * z * z, (y,), (1.0,))[1])(x)
        # inner: 2 x y z at z = y: 2 x y^2; d/dy: 4 x y at y = x: 4 x^2; d/dx: 8 x
        assert grad(f)(1.5) == pytest.approx(12.0)

    def test_two_levels_by_hand(self):
        x = Dual(Dual(3.0, 1.0), 1.0)
        y = x * x * x
        assert y.primal.primal == 27.0
        assert y.tangent.tangent == 18.0  # second derivative 6 x

    def test_dual_over_tensor_and_tensor_over_dual(self):
        w = Tensor(2.0, requires_grad=True)
        out = Dual(w, 1.0) ** 3  # tangent 3 w^2
        (g,) = gradients(out.tangent, [w])
        assert g.item() == 12.0
        t = Tensor(Dual(2.0, 1.0), requires_grad=True)
        (t**3).backward()
        assert t.grad.primal == 12.0
        assert t.grad.tangent == 12.0


class TestClosuresAndModels:
    """Parameters made outside the inner transform stay what they are to it: constants."""

    def test_gradient_through_a_gradient_reaches_outer_parameters(self):
        w = Tensor([1.0, 2.0], requires_grad=True)
        f = lambda x: np.sum(w * x**3)
        g = grad(f)(np.array([1.0, 2.0]))  # 3 w x^2: a Tensor on w's tape
        assert isinstance(g, Tensor)
        np.sum(g * g).backward()
        x = np.array([1.0, 2.0])
        np.testing.assert_allclose(w.grad.data, 18 * w.data * x**4)

    def test_gradient_penalty(self):
        # WGAN-GP style: the norm of an input gradient, differentiated by the weights
        w = Tensor(np.arange(6.0).reshape(2, 3) / 5, requires_grad=True)
        x0 = np.array([0.1, -0.2, 0.3])
        inner = grad(lambda x: np.sum(np.tanh(w @ x)))
        np.sum(inner(x0) ** 2).backward()

        def penalty(v):
            t = np.tanh(v @ x0)
            return np.sum(((1 - t * t) @ v) ** 2)

        numeric = np.zeros((2, 3))
        for index in np.ndindex(2, 3):
            step = np.zeros((2, 3))
            step[index] = 1e-6
            numeric[index] = (penalty(w.data + step) - penalty(w.data - step)) / 2e-6
        np.testing.assert_allclose(w.grad.data, numeric, rtol=1e-7, atol=1e-9)

    def test_constants_in_closures_do_not_change_the_kind(self):
        c = Tensor([1.0, 2.0])
        g = grad(lambda x: np.sum(c * x))(np.array([3.0, 4.0]))
        assert type(g) is np.ndarray

    def test_forward_over_a_model(self):
        w = Tensor(np.eye(2), requires_grad=True)
        out, t = jvp(lambda x: np.sum((w @ x) ** 2), (np.array([1.0, 2.0]),), (np.ones(2),))
        assert out.item() == 5.0
        assert t.item() == 6.0
        t.backward()
        assert w.grad is not None

    def test_backward_inside_of_jvp(self):
        def f(x):
            t = Tensor(x, requires_grad=True)
            np.sum(t**4).backward()
            return t.grad

        out, t = jvp(f, (np.array([1.0, 2.0]),), (np.ones(2),))
        np.testing.assert_allclose(out, [4.0, 32.0])
        np.testing.assert_allclose(t, [12.0, 48.0])


def test_hessian_and_products_agree(rng):
    a = rng.normal(size=(4, 4))
    f = lambda x: np.sum(np.tanh(a @ x) ** 2) + np.prod(x)
    x, v = rng.normal(size=4), rng.normal(size=4)
    h = hessian(f)(x)
    np.testing.assert_allclose(h, h.T, atol=1e-12)
    np.testing.assert_allclose(h, jacobian(grad(f), mode="reverse")(x), atol=1e-12)
    np.testing.assert_allclose(hvp(f, (x,), (v,)), h @ v, atol=1e-12)
    reverse_over_forward = grad(lambda y: jvp(f, (y,), (v,))[1])(x)
    np.testing.assert_allclose(reverse_over_forward, h @ v, atol=1e-12)


def test_jvp_and_vjp_agree_on_nests(rng):
    w = {"a": rng.normal(size=(3, 2)), "b": [rng.normal(size=3), (0.5,)]}
    f = lambda p, x: {"y": np.tanh(p["a"] @ x + p["b"][0]), "z": (p["b"][1][0] * x.sum(),)}
    x = rng.normal(size=2)
    out, pullback = vjp(f, w, x)
    dw = {"a": rng.normal(size=(3, 2)), "b": [rng.normal(size=3), (0.25,)]}
    dx = rng.normal(size=2)
    _, t = jvp(f, (w, x), (dw, dx))
    cy = rng.normal(size=3)
    gw, gx = pullback({"y": cy, "z": (2.0,)})
    left = np.sum(t["y"] * cy) + 2.0 * t["z"][0]
    right = (
        np.sum(gw["a"] * dw["a"])
        + np.sum(gw["b"][0] * dw["b"][0])
        + gw["b"][1][0] * 0.25
        + np.sum(gx * dx)
    )
    assert left == pytest.approx(right, rel=1e-12)
    assert out["y"].shape == (3,)


def leaf(value):
    return Tensor(value, requires_grad=True)


TWO = np.array([0.3, 0.8])


def test_a_tensor_of_a_followed_value_keeps_following():
    f = lambda x: np.sum(Tensor(x) * 2 * x)
    np.testing.assert_allclose(grad(f)(TWO), 4 * TWO)
    assert jvp(f, (TWO,), (np.ones(2),))[1] == pytest.approx(4 * TWO.sum())


def test_a_tensor_of_a_tensor_by_hand_is_detached_at_any_level():
    def c(x):
        t = leaf(x)
        u = leaf(t)
        return jvp(lambda z: z * u, (2.0,), (1.0,))[1]

    assert grad(c)(3.0) == 1.0
