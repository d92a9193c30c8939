"""Line searches, Newton, Newton-CG, L-BFGS: do they arrive, and how fast."""

import itertools
import math

import numpy as np
import pytest

import optim
from autograd_core import Tensor
from autograd_core.base import errors


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def quadratic(condition, n=20):
    rng = np.random.default_rng(3)
    axes, _ = np.linalg.qr(rng.standard_normal((n, n)))
    matrix = axes @ np.diag(np.geomspace(1.0, condition, n)) @ axes.T
    bottom = rng.standard_normal(n)
    return lambda x: 0.5 * (x - bottom) @ matrix @ (x - bottom), bottom


METHODS = {
    "armijo": lambda f, x0=None: optim.gradient_descent(f, x0, max_iterations=50_000),
    "wolfe": lambda f, x0=None: optim.gradient_descent(f, x0, "wolfe", max_iterations=50_000),
    "newton": optim.newton,
    "newton_cg": optim.newton_cg,
    "lbfgs": optim.lbfgs,
}
# at most so many steps; Newton's must be few, whatever the condition is
QUADRATIC_STEPS = {"armijo": 2000, "wolfe": 2000, "newton": 1, "newton_cg": 20, "lbfgs": 120}


@pytest.mark.parametrize("method", METHODS)
def test_quadratic(method):
    f, bottom = quadratic(100.0)
    result = METHODS[method](f, np.zeros(20))
    assert result.converged, result
    assert result.iterations <= QUADRATIC_STEPS[method]
    np.testing.assert_allclose(result.x, bottom, atol=2e-6)
    assert all(b <= a + 1e-12 for a, b in zip(result.values, result.values[1:], strict=False))
    assert len(result.values) == result.iterations + 1


# SciPy's Newton-CG takes 83 steps from here, its L-BFGS 36
ROSENBROCK_STEPS = {"newton": 30, "newton_cg": 83, "lbfgs": 60}


@pytest.mark.parametrize("method", ROSENBROCK_STEPS)
def test_rosenbrock(method):
    result = METHODS[method](rosenbrock, np.array([-1.2, 1.0]))
    assert result.converged, result
    assert result.iterations <= ROSENBROCK_STEPS[method]
    np.testing.assert_allclose(result.x, 1.0, atol=1e-5)


@pytest.mark.slow
def test_gradient_descent_crawls_through_the_valley():
    """The classic: thousands of steps where Newton takes twenty, and it still arrives."""
    result = optim.gradient_descent(
        rosenbrock, np.array([-1.2, 1.0]), "armijo", tolerance=1e-4, max_iterations=50_000
    )
    assert result.converged
    assert result.iterations > 200
    np.testing.assert_allclose(result.x, 1.0, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["newton_cg", "lbfgs"])
def test_rosenbrock_in_fifty_dimensions(method):
    result = METHODS[method](rosenbrock, np.full(50, -0.5))
    assert result.converged, result
    np.testing.assert_allclose(result.x, 1.0, atol=1e-4)


@pytest.mark.parametrize("method", ["newton", "newton_cg"])
def test_a_saddle_is_left_downhill(method):
    """Where the Hessian is indefinite plain Newton would climb to the saddle."""
    result = METHODS[method](lambda x: x[0] ** 2 + (x[1] ** 2 - 1.0) ** 2, np.array([1.0, 0.1]))
    assert result.converged
    np.testing.assert_allclose(result.x, [0.0, 1.0], atol=1e-5)


def test_newton_converges_quadratically():
    """Near the end each step squares the error."""
    errors_ = []
    for steps in range(1, 6):
        x = optim.newton(lambda x: np.sum(np.exp(x) - 2.0 * x), np.ones(1), 0.0, steps).x
        errors_.append(abs(float(x[0]) - math.log(2.0)))
    ratios = [b / a**2 for a, b in itertools.pairwise(errors_) if b > 1e-15]
    assert len(ratios) >= 2
    assert all(r < 1.0 for r in ratios)


@pytest.mark.parametrize("method", METHODS)
def test_any_nest_and_dtype(method):
    start = {"w": np.ones((2, 3), np.float32), "b": [np.float64(4.0), (np.zeros(2),)]}

    def f(p):
        return (
            np.sum((p["w"] - 0.5) ** 2) + (p["b"][0] - 1.0) ** 2 + np.sum((p["b"][1][0] + 2.0) ** 2)
        )

    x = METHODS[method](f, start).x
    assert x["w"].dtype == np.float32
    assert x["w"].shape == (2, 3)
    np.testing.assert_allclose(x["w"], 0.5, atol=1e-5)
    assert float(x["b"][0]) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(x["b"][1][0], -2.0, atol=1e-5)
    np.testing.assert_array_equal(start["w"], 1.0)


@pytest.mark.parametrize("method", METHODS)
def test_parameters_of_a_model(method):
    """Logistic regression: every method finds the weights at which the gradient vanishes."""
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((60, 3)), rng.standard_normal(60)
    y = np.sign(x @ np.array([1.0, -2.0, 0.5]) + noise)
    w = Tensor(np.zeros(3), requires_grad=True)
    b = Tensor(0.0, requires_grad=True)

    def loss():
        margin = y * (x @ w + b)
        return np.mean(np.logaddexp(0.0, -margin)) + 0.01 * np.sum(w * w)

    result = METHODS[method](optim.of_parameters(loss, [w, b]))
    assert result.converged
    np.testing.assert_array_equal(w.data, result.x[0])
    # the optimality condition, by hand
    p = 1.0 / (1.0 + np.exp(y * (x @ w.data + b.data)))
    np.testing.assert_allclose(-(x.T @ (y * p)) / 60 + 0.02 * w.data, 0.0, atol=2e-6)
    assert np.sum(y * p) / 60 == pytest.approx(0.0, abs=2e-6)


def test_lbfgs_equals_scipy_with_its_own_gradient():
    scipy = pytest.importorskip("scipy.optimize")
    mine = optim.lbfgs(rosenbrock, np.array([-1.2, 1.0]))
    theirs = scipy.minimize(
        scipy.rosen,
        np.array([-1.2, 1.0]),
        jac=scipy.rosen_der,
        method="L-BFGS-B",
        options={"gtol": 1e-6, "ftol": 0.0},
    )
    assert mine.iterations == theirs.nit
    np.testing.assert_allclose(mine.x, theirs.x, atol=1e-7)


SEARCHES = [(optim.armijo, None), (optim.wolfe, 0.9), (optim.wolfe, 0.1)]


@pytest.mark.parametrize(("search", "c2"), SEARCHES)
@pytest.mark.parametrize("step", [1e-3, 1.0, 300.0])
@pytest.mark.parametrize(
    "f",
    [
        lambda t: ((t - 2.0) ** 2, 2 * (t - 2.0)),
        lambda t: (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0) ** 2),
        lambda t: ((t - 1.0) ** 4 - t, 4 * (t - 1.0) ** 3 - 1.0),
        lambda t: (math.cos(t + 0.1), -math.sin(t + 0.1)),
    ],
)
def test_searches_keep_their_conditions(search, c2, step, f):
    value, slope = f(0.0)
    t = search(f, value, slope, step) if c2 is None else search(f, value, slope, step, c2=c2)
    found, tilt = f(t)
    assert t > 0
    assert found <= value + 1e-4 * t * slope
    if c2 is not None:
        assert abs(tilt) <= c2 * abs(slope)


def test_walls_are_not_crossed():
    """log(x) is not defined below 0: the search shortens its step instead of failing."""
    result = optim.newton(lambda x: np.sum(x - np.log(x)), np.array([1.9]))
    assert result.converged
    np.testing.assert_allclose(result.x, 1.0, atol=1e-7)


BAD = [
    (lambda: optim.newton(3, np.ones(1)), errors.OperandError, "function or an Objective"),
    (lambda: optim.newton(rosenbrock), errors.SettingError, "x0"),
    (lambda: optim.lbfgs(rosenbrock, np.array([1, 2])), errors.DTypeError, "int64"),
    (lambda: optim.newton_cg(np.sum, []), errors.SettingError, "empty"),
    (lambda: optim.gradient_descent(np.sum, np.ones(1), "luck"), errors.SettingError, "luck"),
    (lambda: optim.lbfgs(np.sum, np.ones(1), tolerance=-1.0), errors.SettingError, "tolerance"),
    (lambda: optim.newton(np.sum, np.array([np.nan])), errors.NonFiniteError, "start"),
    (
        lambda: optim.of_parameters(lambda: 0, [Tensor([1.0])]),
        errors.OperandError,
        "requires grad",
    ),
    (
        lambda: optim.newton(optim.of_parameters(lambda: 0, [Tensor([1.0], requires_grad=True)])),
        errors.NonScalarError,
        "closure",
    ),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD)
def test_bad_calls_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
