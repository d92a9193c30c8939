"""Solutions under constraints and within bounds, against differences of SciPy's solutions."""

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import Bounds, LinearConstraint, NonlinearConstraint

from autograd_core import AutogradError, grad, jacobian, jvp, vmap
from autograd_core.scipy import optimize
from autograd_core.scipy.optimize import regions

METHODS = ["SLSQP", "trust-constr", "COBYLA", "COBYQA"]
WITHOUT_DERIVATIVES = ("linear", "bounds", "both")  # the slow methods get these


def objective(x, p):
    return np.sum((x - p[:3]) ** 2) + 0.3 * x[0] * x[1] + 0.1 * np.sum(x**4)


def square(x, r=1.0):
    return r - np.sum(x**2)


# Each makes the keywords of minimize from three parameters, as code with plain numbers does.
PROBLEMS = {
    "ineq": lambda p: {"constraints": {"type": "ineq", "fun": square, "args": (0.5 + p[0] ** 2,)}},
    "idle": lambda p: {"constraints": {"type": "ineq", "fun": square, "args": (90 + p[0],)}},
    "eq": lambda p: {"constraints": [{"type": "eq", "fun": square, "args": (0.5 + p[0] ** 2,)}]},
    "two": lambda p: {
        "constraints": (
            {"type": "eq", "fun": lambda x, s: x[0] - x[1] * s, "args": (p[1],)},
            {"type": "ineq", "fun": lambda x, r: [r - x[2], 9 + x[0]], "args": (p[0],)},
        )
    },
    "linear": lambda p: {
        "constraints": LinearConstraint(np.stack([p, np.ones(3)]), -np.inf, p[:2])
    },
    "linear from below": lambda p: {
        "constraints": LinearConstraint(np.ones((1, 3)), 5.0 + p[0], np.inf)
    },
    "nonlinear": lambda p: {
        "constraints": NonlinearConstraint(lambda x: np.stack([x @ x, x[0] * x[1]]),
                                           np.stack([-9 * p[0], p[1] * 0.2]), p[:2] * 1.0)
    },
    "bounds": lambda p: {"bounds": Bounds(-p, np.stack([p[0], 9 * p[1], p[2] ** 2 / 4]))},
    "pairs": lambda p: {"bounds": [(None, p[0] / 2), (2 * p[1], None), (0.0, 9.0)]},
    "both": lambda p: {
        "constraints": {"type": "ineq", "fun": lambda x, r: r - x[0] - x[1], "args": (p[0],)},
        "bounds": [(None, None), (2 * p[1], None), (0.0, p[2] / 3)],
    },
}  # fmt: skip
P = np.array([0.9, 0.3, 1.6])
DIRECTION = np.array([0.4, -1.0, 0.7])


def _solve(minimize, p, problem, method, x0=(0.3, 0.2, 0.1)):
    options = {"trust-constr": {"gtol": 1e-9, "xtol": 1e-10, "barrier_tol": 1e-8},
               "SLSQP": {"ftol": 1e-14, "maxiter": 500}}.get(method)  # fmt: skip
    tol = None if options else {"COBYQA": 1e-5, "COBYLA": 1e-6}.get(method, 1e-10)
    return minimize(
        objective, np.array(x0), (p,), method, tol=tol, options=options, **PROBLEMS[problem](p)
    )


def _differences(problem):
    solution = lambda p: _solve(scipy.optimize.minimize, p, problem, "SLSQP").x
    h = 1e-5
    return np.stack([(solution(P + h * e) - solution(P - h * e)) / (2 * h) for e in np.eye(3)], 1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:delta_grad", "ignore:Constraint options")
@pytest.mark.parametrize(
    ("problem", "method"),
    [(p, m) for p in PROBLEMS for m in METHODS if m in METHODS[:2] or p in WITHOUT_DERIVATIVES],
)
def test_solutions_in_regions_are_differentiated(problem, method):
    solution = lambda p: _solve(optimize.minimize, p, problem, method).x
    expected = _differences(problem)
    near = {"rel": 2e-3, "abs": 2e-3}
    assert jacobian(solution)(P) == pytest.approx(expected, **near)
    t = jvp(solution, (P,), (DIRECTION,))[1]
    assert t == pytest.approx(expected @ DIRECTION, **near)


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS)
def test_second_derivatives_and_batches(problem):
    value = lambda p: np.sum(_solve(optimize.minimize, p, problem, "SLSQP").x ** 2)
    np.testing.assert_array_equal(jvp(value, (P,), (P,))[0], value(P))
    slope = grad(value)
    h = 1e-4
    expected = (slope(P + h * DIRECTION) - slope(P - h * DIRECTION)) / (2 * h)
    twice = grad(lambda p: np.sum(slope(p) * DIRECTION))(P)
    assert twice == pytest.approx(expected, rel=1e-3, abs=1e-3)
    assert jvp(slope, (P,), (DIRECTION,))[1] == pytest.approx(expected, rel=1e-3, abs=1e-3)
    batch = np.stack([P, P * 1.01])
    assert vmap(slope)(batch) == pytest.approx(np.stack([slope(p) for p in batch]), abs=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_the_objectives_unit_does_not_matter(scale):
    def solution(c):
        f = lambda x, c: scale * np.sum((x - c) ** 2)
        given = {"bounds": [(0, 1), (0, 1)], "tol": 1e-9 * scale}
        return optimize.minimize(f, [0.5, 0.5], (c,), "L-BFGS-B", **given).x

    made = jacobian(solution)(np.array([2.0, 0.25]))
    assert made == pytest.approx(np.diag([0.0, 1.0]), abs=1e-6)


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_unknown_of_minimize_scalar_follows_its_bound(sign):
    f = lambda x, a: (x - sign * a) ** 2 + 0.1 * x
    solution = lambda a, end: (
        optimize.minimize_scalar(f, bounds=(-end, end), args=(a,), options={"xatol": 1e-9}).x
    )
    assert grad(solution, argnums=(0, 1))(3.0, 2.0) == pytest.approx((0.0, sign), abs=1e-6)
    assert grad(solution, argnums=(0, 1))(0.5, 2.0) == pytest.approx((sign, 0.0), abs=1e-4)
    assert jvp(solution, (3.0, 2.0), (1.0, 5.0))[1] == pytest.approx(5.0 * sign, abs=1e-6)


T = np.linspace(0.0, 2.0, 15)
Y = 2.0 * np.exp(-0.8 * T) + 0.05 * np.cos(9 * T)


@pytest.mark.parametrize("form", [lambda low, high: (low, high), Bounds])
def test_fits_follow_their_bounds(form):
    residual = lambda x, y: x[0] * np.exp(-x[1] * T) - y
    fit = lambda p, run=optimize.least_squares: run(
        residual, [1.0, 0.2], args=(Y * p[1],), bounds=form(0.0, np.stack([3.0 * p[1], p[0]])),
        xtol=1e-14, ftol=1e-14, gtol=1e-14,
    ).x  # fmt: skip
    curve = lambda p, run=optimize.curve_fit: run(
        lambda t, a, k: a * np.exp(-k * t), T, Y * p[1], [1.0, 0.2],
        bounds=form(0.0, np.stack([3.0 * p[1], p[0]])), xtol=1e-14, ftol=1e-14, gtol=1e-14,
    )[0]  # fmt: skip
    p, h = np.array([0.5, 1.1]), 1e-5
    for ours, scipys in ((fit, scipy.optimize.least_squares), (curve, scipy.optimize.curve_fit)):
        expected = np.stack(
            [(ours(p + h * e, scipys) - ours(p - h * e, scipys)) / (2 * h) for e in np.eye(2)], 1
        )
        assert expected[1] == pytest.approx([1.0, 0.0], abs=1e-6)
        assert jacobian(ours)(p) == pytest.approx(expected, rel=1e-4, abs=1e-5)
        assert jvp(ours, (p,), (p,))[1] == pytest.approx(expected @ p, rel=1e-4, abs=1e-5)


def _refuses(match, solution, at=0.0):
    with pytest.raises(AutogradError, match=match) as caught:
        grad(solution)(at)
    assert "test_optimize_regions.py" in str(caught.value)
    with pytest.raises(AutogradError, match=match):
        jvp(solution, (at,), (1.0,))


@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "SLSQP", "trust-constr"])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e5])
def test_a_bound_that_only_touches_is_refused(method, scale):
    """max(a, 0) at a = 0 has two slopes."""
    f = lambda x, a: scale * (x[0] - a) ** 2
    tight = {"trust-constr": {"gtol": 1e-12, "xtol": 1e-12, "barrier_tol": 1e-12}}.get(method)
    solution = lambda a: optimize.minimize(
        f, [0.5], (a,), method, bounds=[(0, 1)], options=tight, tol=None if tight else 1e-14
    ).x[0]
    _refuses("weakly active|do not hold", solution)


@pytest.mark.parametrize("method", METHODS)
def test_a_constraint_that_only_touches_is_refused(method):
    f = lambda x, a: (x[0] - a) ** 2 + x[1] ** 2
    touching = {"type": "ineq", "fun": lambda x: x[0] + 2 * x[1]}
    options = {"trust-constr": {"gtol": 1e-12, "xtol": 1e-12, "barrier_tol": 1e-12}}.get(method)
    solution = lambda a: optimize.minimize(
        f, [0.5, 0.2], (a,), method, constraints=touching, options=options,
        tol=None if options else 1e-12,
    ).x[0]  # fmt: skip
    _refuses("weakly active|do not hold", solution)


def test_dependent_and_singular_constraints_are_refused():
    f = lambda x, a: (x[0] - a - 2) ** 2 + (x[1] - 1) ** 2
    twice = [
        {"type": "eq", "fun": lambda x: x[0] - 1},
        {"type": "eq", "fun": lambda x: 2 * x[0] - 2},
    ]
    solve = lambda a, given, f=f: optimize.minimize(
        f, [0.5, 0.5], (a,), "trust-constr", constraints=given, bounds=None
    ).x[0]
    _refuses("LICQ", lambda a: solve(a, twice))
    corner = LinearConstraint([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], -np.inf, [1.0, 0.5, 1.5])
    _refuses("weakly active|LICQ", lambda a: optimize.minimize(
        f, [0.5, 0.4], (a,), "SLSQP", constraints=corner).x[0])  # fmt: skip
    flat = lambda x, a: x[0] * (1 + a)
    _refuses("singular|LICQ", lambda a: optimize.minimize(
        flat, [0.5, 0.5], (a,), "SLSQP", bounds=[(0, 1), (-5, 5)]).x[0])  # fmt: skip


def test_what_a_constraint_closes_over_is_refused():
    f = lambda x, a: np.sum((x - a) ** 2)
    for made in (
        lambda a: {"type": "ineq", "fun": lambda x: a - x[0]},
        lambda a: NonlinearConstraint(lambda x: x[0] * a, -1.0, 0.5),
    ):
        solution = lambda a, made=made: optimize.minimize(
            f, [0.0], (a,), "SLSQP", constraints=made(a)
        ).x[0]
        _refuses("closes over", solution, 1.0)


def test_many_bounded_unknowns():
    n = 400
    c = np.linspace(-1.0, 1.0, n) + 1e-3

    def solution(c):
        f = lambda x, c: np.sum((x - c) ** 2) + 0.1 * np.sum(x[1:] * x[:-1])
        return optimize.minimize(f, np.full(n, 0.1), (c,), "L-BFGS-B", bounds=[(0, 0.5)] * n,
                                 tol=1e-15, options={"gtol": 1e-10, "maxfun": 10**5}).x  # fmt: skip

    w = np.random.default_rng(0).normal(size=n)
    h = 1e-6
    expected = w @ (solution(c + h * w) - solution(c - h * w)) / (2 * h)
    assert grad(lambda c: np.sum(w * solution(c)))(c) @ w == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("problem", ["bounds", "both", "linear"])
def test_of_many_unknowns_the_curvature_is_estimated(problem, monkeypatch):
    """Which rows are active is decided by it; the derivative is the one of few unknowns."""
    monkeypatch.setattr(regions, "DENSE", 2)
    solution = lambda p: _solve(optimize.minimize, p, problem, "SLSQP").x
    assert jacobian(solution)(P) == pytest.approx(_differences(problem), rel=2e-3, abs=2e-3)


def test_a_nonlinear_constraint_keeps_its_own_derivatives():
    def solution(p, run, how, method, options):
        # of the constraint, whose slope by a complex step is one complex number each
        ball = NonlinearConstraint(lambda x: x @ x, -np.inf, p[0], **how)
        f = lambda x, p: np.sum((x - p) ** 2)
        return run(f, [0.3, 0.2, 0.1], (p,), method, constraints=ball, options=options).x

    exact = {
        "SLSQP": {"ftol": 1e-14},
        "trust-constr": {"gtol": 1e-9, "xtol": 1e-10, "barrier_tol": 1e-8},
    }
    scipys = lambda p: solution(p, scipy.optimize.minimize, {}, "SLSQP", exact["SLSQP"])
    expected = np.stack(
        [(scipys(P + 1e-5 * e) - scipys(P - 1e-5 * e)) / 2e-5 for e in np.eye(3)], 1
    )
    slope, bend = lambda x: 2.0 * x[None], lambda x, v: 2.0 * v[0] * np.eye(3)
    for how in (
        {"jac": "3-point"},
        {"jac": slope, "hess": bend},
        {"jac": "cs", "hess": scipy.optimize.SR1()},
    ):
        for method, options in exact.items():
            made = jacobian(
                lambda p, given=(how, method, options): solution(p, optimize.minimize, *given)
            )(P)
            assert made == pytest.approx(expected, rel=2e-3, abs=2e-3)


def test_a_constraint_of_another_class_is_refused_by_name():
    class Fence:
        pass

    def own_method(fun, x0, args=(), constraints=(), **more):
        assert isinstance(constraints[0], Fence)  # SciPy hands to such a method what it gets
        return scipy.optimize.minimize(fun, x0, jac=more["jac"], bounds=[(-1.0, 0.5), (-1.0, 1.0)])

    f = lambda x, a: (x[0] - a) ** 2 + x[1] ** 2
    solve = lambda a, run=optimize.minimize: run(
        f, [0.0, 0.0], (a,), own_method, constraints=[Fence()]).x[0]  # fmt: skip
    assert solve(2.0) == pytest.approx(0.5)
    _refuses("class Fence is not known", solve, 2.0)


def test_a_point_beside_the_solution_does_not_tell_what_is_active():
    """The rows that press on the point at first no longer do when the idle ones are left out."""
    idle = np.array([np.sin(0.1), -np.cos(0.1)])
    slope = 2e-5 * np.array([0.0, 1.0]) + 8e-5 * idle

    def stopped(fun, x0, args=(), **more):
        return scipy.optimize.OptimizeResult(x=np.zeros(2), success=True, fun=0.0)

    rows = LinearConstraint(np.stack([[0.0, 1.0], idle]), [0.0, -9e-4], np.inf)
    f = lambda x, a: 0.5 * np.sum(x**2) + x @ slope + a * x[0]
    _refuses("not clear which of the constraints are active", lambda a: optimize.minimize(
        f, [0.1, 0.1], (a,), stopped, constraints=rows).x[0])  # fmt: skip
