"""Adjoint derivatives, against differentiating the iteration itself and against formulas."""

import warnings

import numpy as np
import pytest

from autograd_core import LoopWarning, Tensor, grad, gradcheck, hessian, jacobian, jvp, vmap
from autograd_core.adjoints import implicit, linear_solve, odeint
from autograd_core.base import errors

pytest.importorskip("scipy")
RNG = np.random.default_rng(3)
W = RNG.normal(size=(5, 5)) / 6
B = RNG.normal(size=5)
LINEAR = ["dense", "iterative"]


def step(x, W, b):
    return np.tanh(W @ x + b)


def iterate(W, b):
    x = np.zeros(5)
    for _ in range(200):
        x = step(x, W, b)
    return x


@pytest.mark.parametrize("linear", LINEAR)
def test_fixed_point_against_its_iteration(linear):
    fixed = implicit(step, iterate, fixed_point=True, linear=linear)
    loss = lambda solve: lambda W, b: np.sum(solve(W, b) ** 2 * np.arange(1.0, 6.0))
    np.testing.assert_allclose(fixed(W, B), iterate(W, B), atol=1e-12)
    for k in (0, 1):
        made = grad(loss(fixed), k)(W, B)
        np.testing.assert_allclose(made, grad(loss(iterate), k)(W, B), atol=1e-10)
    v = RNG.normal(size=5)
    made = jvp(lambda b: fixed(W, b), (B,), (v,))[1]
    np.testing.assert_allclose(made, jvp(lambda b: iterate(W, b), (B,), (v,))[1], atol=1e-10)


@pytest.mark.parametrize("linear", LINEAR)
def test_second_derivatives_of_a_fixed_point(linear):
    fixed = implicit(step, iterate, fixed_point=True, linear=linear)
    f = lambda solve: lambda b: np.sum(solve(W, b) ** 3)
    expected = hessian(f(iterate))(B)
    np.testing.assert_allclose(jacobian(grad(f(fixed)), mode="reverse")(B), expected, atol=1e-8)
    if linear == "dense":
        np.testing.assert_allclose(hessian(f(fixed))(B), expected, atol=1e-8)


def newton(a):
    x = np.ones(3)
    for _ in range(50):
        x = x - (x**3 + x - a) / (3 * x**2 + 1)
    return x


@pytest.mark.parametrize("linear", LINEAR)
def test_root_against_newtons_method_and_the_formula(linear):
    root = implicit(lambda x, a: x**3 + x - a, newton, linear=linear)
    a = np.array([0.5, 2.0, -1.0])
    x = newton(a)
    np.testing.assert_allclose(jacobian(root)(a), np.diag(1 / (3 * x**2 + 1)), atol=1e-10)
    np.testing.assert_allclose(jacobian(root)(a), jacobian(newton)(a), atol=1e-10)
    np.testing.assert_allclose(jacobian(root, mode="forward")(a), jacobian(newton)(a), atol=1e-10)


def test_root_by_scipy_with_nested_arguments():
    from scipy.optimize import brentq

    def solver(p):
        return brentq(lambda x: float(p["a"]) * x - np.cos(x * float(p["b"])), 0, 2)

    root = implicit(lambda x, p: p["a"] * x - np.cos(x * p["b"]), solver)
    assert gradcheck(lambda a, b: root({"a": a, "b": b}), 1.3, 0.7, order=1, step=1e-4)
    t = Tensor(1.3, requires_grad=True)
    root({"a": t, "b": 0.7}).backward()
    assert t.grad.item() == pytest.approx(grad(lambda a: root({"a": a, "b": 0.7}))(1.3))


def test_memory_does_not_grow_with_the_iterations():
    import tracemalloc

    def peak(solve):
        loss = grad(lambda b: np.sum(solve(W, b)))
        loss(B)
        tracemalloc.start()
        loss(B)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(implicit(step, iterate, fixed_point=True)) < peak(iterate) / 5


@pytest.mark.parametrize("linear", LINEAR)
def test_linear_solve(linear):
    A = RNG.normal(size=(6, 6)) + 6 * np.eye(6)
    b = RNG.normal(size=6)
    by_products = lambda A, b: np.sum(linear_solve(lambda x: A @ x, b, linear) ** 2)
    by_matrix = lambda A, b: np.sum(np.linalg.solve(A, b) ** 2)
    for k in (0, 1):
        np.testing.assert_allclose(grad(by_products, k)(A, b), grad(by_matrix, k)(A, b), atol=1e-9)
    np.testing.assert_allclose(
        jacobian(grad(lambda A: by_products(A, b)), mode="reverse")(A),
        hessian(lambda A: by_matrix(A, b))(A),
        atol=1e-8,
    )
    t = jvp(lambda b: linear_solve(lambda x: A @ x, b, linear), (b,), (np.ones(6),))[1]
    np.testing.assert_allclose(t, np.linalg.solve(A, np.ones(6)), atol=1e-9)


def test_a_large_system_by_products_alone():
    n = 2000
    d = np.linspace(2, 3, n)

    def laplace(d, x):
        return d * x - 0.9 * np.concatenate([x[1:], np.zeros(1)])

    f = lambda d: np.sum(linear_solve(lambda x: laplace(d, x), np.ones(n)))
    matrix = np.diag(d) - 0.9 * np.eye(n, k=1)
    x, w = np.linalg.solve(matrix, np.ones(n)), np.linalg.solve(matrix.T, np.ones(n))
    np.testing.assert_allclose(grad(f)(d), -w * x, atol=1e-8)


# --- differential equations -----------------------------------------------------------


def pendulum(y, t, p):
    return np.stack([y[1], -p["g"] * np.sin(y[0]) - p["c"] * y[1] + 0.1 * np.cos(t)])


def runge_kutta(f, y0, t, p, steps=400):
    out, y = [y0], y0
    for k in range(len(t) - 1):
        h = (t[k + 1] - t[k]) / steps
        for j in range(steps):
            s = t[k] + j * h
            k1 = f(y, s, p)
            k2 = f(y + h / 2 * k1, s + h / 2, p)
            k3 = f(y + h / 2 * k2, s + h / 2, p)
            k4 = f(y + h * k3, s + h, p)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        out.append(y)
    return np.stack(out)


TIMES = np.array([0.2, 0.9, 1.5])
START = np.array([1.0, 0.3])
P = {"g": 2.0, "c": 0.3}
WEIGHTS = RNG.normal(size=(3, 2))
TIGHT = {"rtol": 1e-11, "atol": 1e-11}


def test_ode_against_differentiating_a_runge_kutta_iteration():
    adjoint = lambda y0, p: np.sum(odeint(pendulum, y0, TIMES, p, **TIGHT) * WEIGHTS)
    steps = lambda y0, p: np.sum(runge_kutta(pendulum, y0, TIMES, p) * WEIGHTS)
    assert adjoint(START, P) == pytest.approx(float(steps(START, P)), abs=1e-9)
    (y_a, p_a), (y_s, p_s) = grad(adjoint, (0, 1))(START, P), grad(steps, (0, 1))(START, P)
    np.testing.assert_allclose(y_a, y_s, atol=1e-8)
    for key in P:
        assert p_a[key] == pytest.approx(p_s[key], abs=1e-8)


def test_ode_both_modes_and_the_times():
    solve = lambda y0, t: odeint(pendulum, y0, t, P, **TIGHT)
    for k in (0, 1):
        back = jacobian(solve, k, "reverse")(START, TIMES)
        ahead = jacobian(solve, k, "forward")(START, TIMES)
        np.testing.assert_allclose(back, ahead, atol=1e-8)
    assert gradcheck(lambda t: np.sum(solve(START, t) * WEIGHTS), TIMES, order=1, step=1e-4)


def test_ode_backwards_in_time():
    end = lambda y0: odeint(lambda y, t: -y, y0, [1.0, 0.0], **TIGHT)[-1]
    assert grad(end)(1.0) == pytest.approx(np.e, abs=1e-8)


def test_vmap_over_an_ode():
    solve = lambda k: odeint(lambda y, t, k: -k * y, 1.0, [0.0, 1.0], k)[-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoopWarning)
        made = vmap(grad(solve))(np.array([0.5, 1.0]))
    np.testing.assert_allclose(made, -np.exp([-0.5, -1.0]), atol=1e-6)


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda: implicit(lambda x, a: x, np.sqrt, linear="magic"), errors.OperandError, "magic"),
        (lambda: implicit(lambda x, a: np.ones(2) * x, np.sqrt)(4.0), errors.ShapeError,
         "one equation for each unknown"),
        (lambda: grad(implicit(lambda x, a: (x - a) ** 2, lambda a: a))(1.0),
         errors.LinearAlgebraError, "ingular"),
        (lambda: implicit(lambda x, a: x - a, np.sqrt)(np.arange(3)), errors.DTypeError, "int64"),
        (lambda: linear_solve(lambda x: x[:2], np.ones(3)), errors.ShapeError, "matvec"),
        (lambda: linear_solve(lambda x: x, None), errors.DTypeError, "an argument is None"),
        (lambda: implicit(lambda x, a: x, np.sqrt)("4"), errors.DTypeError, "an argument is '4'"),
        (lambda: odeint(lambda y, t: y, 1.0, [0.0]), errors.ShapeError, "two"),
        (lambda: odeint(lambda y, t: y, 1.0, [0.0, 1.0, 0.5]), errors.ShapeError, "order"),
        (lambda: odeint(lambda y, t: np.ones(3), 1.0, [0.0, 1.0]), errors.ShapeError, "\\(3,\\)"),
        (lambda: hessian(lambda y: np.sum(odeint(lambda y, t: -y * y, y, [0.0, 1.0])))(np.ones(2)),
         errors.UnsupportedError, "first-order derivatives only"),
    ],
)  # fmt: skip
def test_bad_input(run, error, words):
    with pytest.raises(error, match=words):
        run()
