"""SciPy's optimizers: derivatives supplied to every method, and solutions differentiated."""

import numpy as np
import pytest
import scipy.optimize

from autograd_core import grad, jacobian, jvp, vmap
from autograd_core.base import errors
from autograd_core.scipy import optimize

RNG = np.random.default_rng(0)


def rosenbrock(x, a=1.0):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (a - x[:-1]) ** 2)


SMOOTH = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", None]
SECOND = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "dogleg", "trust-constr"]
FREE = ["Nelder-Mead", "Powell", "COBYLA", "COBYQA"]


@pytest.mark.parametrize("method", SMOOTH + SECOND)
def test_minimize_supplies_the_derivatives(method):
    x0 = [1.1, 1.2, 1.4]
    made = optimize.minimize(rosenbrock, x0, method=method, tol=1e-8)
    assert made.x == pytest.approx(np.ones(3), abs=2e-4)
    if method in SMOOTH:  # no difference quotients: SciPy's own count is several times this
        assert made.nfev < scipy.optimize.minimize(rosenbrock, x0, method=method, tol=1e-8).nfev / 2


@pytest.mark.parametrize("method", FREE)
def test_minimize_without_derivatives_asks_for_none(method):
    made = optimize.minimize(lambda x: np.sum((x - 1) ** 2), np.zeros(2), method=method)
    assert made.x == pytest.approx(np.ones(2), abs=1e-3)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-constr", "trust-krylov"])
def test_many_unknowns_get_products_with_the_hessian(method):
    made = optimize.minimize(lambda x: np.sum(np.cosh(x - 1)), np.zeros(40), method=method)
    assert made.x == pytest.approx(np.ones(40), abs=1e-3)


def test_the_derivatives_given_are_used():
    calls = []

    def mine(name, value):
        def call(x, *rest):
            calls.append(name)
            return value(x, *rest)

        return call

    f, slope = lambda x, c: np.sum((x - c) ** 2), mine("jac", lambda x, c: 2 * (x - c))
    hess = mine("hess", lambda x, c: 2 * np.eye(2))
    hessp = mine("hessp", lambda x, p, c: 2 * p)
    for given in ({"jac": slope}, {"jac": slope, "hess": hess}, {"hessp": hessp}):
        calls.clear()
        made = optimize.minimize(f, np.zeros(2), (3.0,), "trust-ncg", **given)
        assert made.x == pytest.approx([3.0, 3.0], abs=1e-5)
        assert set(calls) == set(given)
    both = optimize.minimize(lambda x, c: (f(x, c), 2 * (x - c)), np.zeros(2), 3.0, jac=True)
    assert both.x == pytest.approx([3.0, 3.0], abs=1e-5)
    differences = optimize.minimize(f, np.zeros(2), 3.0, jac="2-point")
    assert differences.nfev > both.nfev


NESTS = [
    2.0,
    3,
    [1, 2],
    np.ones((2, 2)),
    np.array([1 + 1j, 2.0]),
    {"w": np.ones((2, 2)), "b": 0.5, "z": [1j, (np.ones(1),)]},
    (np.float32(1.0), np.ones(2)),
]


@pytest.mark.parametrize("x0", NESTS, ids=repr)
def test_the_solution_is_nested_like_the_start(x0):
    seen = []

    def objective(x):
        seen.append(x)
        parts = [x] if not isinstance(x, (dict, tuple)) else _leaves(x)
        return sum(np.sum(np.abs(v - (1.5 - 0.5j if np.iscomplexobj(v) else 1.5)) ** 2)
                   for v in parts)  # fmt: skip

    steps = []
    made = optimize.minimize(objective, x0, callback=lambda x: steps.append(x))
    for whole in (made.x, steps[-1]):
        leaves = _leaves(whole)
        for leaf in leaves:
            wanted = 1.5 - 0.5j if np.iscomplexobj(leaf) else 1.5
            assert np.asarray(leaf) == pytest.approx(np.full(np.shape(leaf), wanted), abs=1e-5)
    if isinstance(x0, dict):
        assert list(made.x) == list(x0)
        assert isinstance(made.x["z"][1], tuple)
    reports = []

    def callback(intermediate_result):
        reports.append(intermediate_result.x)

    optimize.minimize(objective, x0, callback=callback)
    assert type(reports[-1]) is type(made.x)


def _leaves(nest):
    if isinstance(nest, dict):
        nest = tuple(nest.values())
    if isinstance(nest, (list, tuple)):
        return [leaf for part in nest for leaf in _leaves(part)]
    return [nest]


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYLA"])
@pytest.mark.parametrize("kind", ["dict", "dict with jac", "nonlinear", "linear"])
def test_constraints_get_their_jacobians(method, kind):
    circle = lambda x, r: r - x["a"] ** 2 - x["b"] ** 2
    constraint = {
        "dict": {"type": "ineq", "fun": circle, "args": (2.0,)},
        "dict with jac": {
            "type": "ineq", "fun": circle, "args": (2.0,),
            "jac": lambda x, r: np.array([-2 * x["a"], -2 * x["b"]]),
        },
        "nonlinear": scipy.optimize.NonlinearConstraint(
            lambda x: [x["a"] ** 2 + x["b"] ** 2], -np.inf, 2.0
        ),
        "linear": scipy.optimize.LinearConstraint([[1.0, 1.0]], -np.inf, 2.0),
    }[kind]  # fmt: skip
    if method == "COBYLA" and kind == "nonlinear":
        constraint = [constraint]
    made = optimize.minimize(
        lambda x: -x["a"] - x["b"] + 0.5 * (x["a"] - x["b"]) ** 2,
        {"a": 0.3, "b": 0.1}, method=method, constraints=constraint,
    )  # fmt: skip
    assert (made.x["a"], made.x["b"]) == pytest.approx((1.0, 1.0), abs=2e-3)


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov", "broyden1", "df-sane"])
def test_root(method):
    def f(x, c):
        return {"u": x["u"] ** 3 + x["v"] - c, "v": x["v"] - 0.1 * x["u"]}

    made = optimize.root(f, {"u": np.float64(1.9), "v": 0.2}, (8.0,), method)
    assert made.x["u"] ** 3 + 0.1 * made.x["u"] == pytest.approx(8.0, abs=1e-4)
    if method == "df-sane":
        return  # which does not find this one
    complex_root = optimize.root(lambda z: z**2 + 1, [0.1 + 0.9j], method=method, tol=1e-10)
    assert complex_root.x == pytest.approx([1j], abs=1e-5)


def test_root_with_jacobians_given():
    f, jac = lambda x, c: x**2 - c, lambda x, c: np.diag(2 * x)
    for given in (jac, False):
        assert optimize.root(f, [1.0, 2.0], 4.0, jac=given).x == pytest.approx([2.0, 2.0])
    both = optimize.root(lambda x, c: (f(x, c), jac(x, c)), [1.0, 2.0], 4.0, jac=True)
    assert both.x == pytest.approx([2.0, 2.0])
    assert both.nfev <= optimize.root(f, [1.0, 2.0], 4.0).nfev
    with pytest.raises(errors.ShapeError, match="1 equations for 2 unknowns"):
        optimize.root(lambda x: x[:1], [1.0, 2.0])


SCALAR = [
    {"x0": 1.0},
    {"x0": 1.0, "method": "halley"},
    {"x0": 1.0, "method": "newton"},
    {"x0": 1.0, "fprime": lambda x, a: 2 * x},
    {"x0": 1.0, "method": "halley", "fprime": lambda x, a: 2 * x, "fprime2": lambda x, a: 2.0},
    {"x0": 1.0, "x1": 2.0},
    {"bracket": (0.0, 5.0)},
    {"bracket": (0.0, 5.0), "method": "bisect"},
]


@pytest.mark.parametrize(
    "given",
    SCALAR,
    ids=lambda g: (
        "-".join(f"{k}={v}" for k, v in g.items() if not callable(v))
        + "-with-"
        + "-".join(k for k, v in g.items() if callable(v))
    ),
)
def test_root_scalar(given):
    def f(x, a):
        return x * x - a

    assert optimize.root_scalar(f, 3.0, **given).root == pytest.approx(3**0.5)
    solution = lambda a: optimize.root_scalar(f, (a,), **given).root
    _agrees(solution, 3.0, lambda a: a**0.5)
    both = lambda x, a: (x * x - a, 2 * x)
    made = grad(lambda a: optimize.root_scalar(both, (a,), x0=1.0, fprime=True).root)(3.0)
    assert made == pytest.approx(0.5 / 3**0.5)


def _agrees(solution, a, exact=None):
    """Compare both modes and the second order with differences of the solution itself."""
    exact = exact or solution
    h = 1e-4 * (1 + abs(a))
    first = (exact(a + h) - exact(a - h)) / (2 * h)
    h *= 10
    second = (exact(a + h) - 2 * exact(a) + exact(a - h)) / h**2
    assert grad(solution)(a) == pytest.approx(first, rel=1e-4, abs=1e-5)
    assert jvp(solution, (a,), (1.0,))[1] == pytest.approx(first, rel=1e-4, abs=1e-5)
    assert grad(grad(solution))(a) == pytest.approx(second, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "SLSQP", "trust-exact", "trust-constr"])
def test_minima_are_differentiated(method):
    def solution(a):
        f = lambda x, p: np.sum(np.cosh(x["u"] - p["a"])) + (x["v"] * p["k"] - p["a"] ** 2) ** 2
        start = {"u": np.zeros(2), "v": 0.1}
        made = optimize.minimize(f, start, ({"a": a, "k": 2},), method, tol=1e-9)
        return np.sum(made.x["u"]) + made.x["v"] + made.fun

    _agrees(solution, 0.7, lambda a: 2 * a + a**2 / 2 + 2)


@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "SLSQP", "trust-constr", "Powell"])
def test_bounds_hold_what_they_hold(method):
    def solution(c):
        f = lambda x, c: np.sum((x - c) ** 2) + 0.1 * x[0] * x[1]
        bounds = scipy.optimize.Bounds([-1.0, -1.0], [1.0, 5.0])
        return optimize.minimize(f, [0.5, 0.5], (c,), method, bounds=bounds, tol=1e-10).x

    made = jacobian(solution)(np.array([3.0, 2.0]))
    assert made == pytest.approx(np.array([[0.0, 0.0], [0.0, 1.0]]), abs=1e-3)
    listed = lambda c: (
        optimize.minimize(lambda x, c: (x[0] - c) ** 2, 0.0, (c,), bounds=[(None, 1)]).x
    )
    assert jacobian(listed)(2.0) == pytest.approx([0.0])
    assert jacobian(listed)(0.5) == pytest.approx([1.0])
    fixed = lambda a: optimize.minimize(listed_fixed, [1.0, 1.0], (a,), bounds=[(1, 1), (0, 9)]).x
    listed_fixed = lambda x, a: (x[0] - a) ** 2 + (x[1] - x[0]) ** 2
    assert jacobian(fixed)(1.0) == pytest.approx([0.0, 0.0])


def test_minimize_scalar():
    def f(x, a):
        return (x - a) ** 2 + 0.1 * np.cos(x)

    for given in ({}, {"bounds": (0.0, 5.0)}, {"bracket": (0.0, 1.0)}):
        made = optimize.minimize_scalar(f, args=(1.0,), **given)
        assert made.x == pytest.approx(scipy.optimize.minimize_scalar(f, args=(1.0,), **given).x)
        exact = lambda a: optimize.root_scalar(lambda x: 2 * (x - a) - 0.1 * np.sin(x), x0=1.0).root
        slope = grad(lambda a, k=given: optimize.minimize_scalar(f, args=(a,), **k).x)(1.0)
        assert slope == pytest.approx((exact(1.001) - exact(0.999)) / 0.002, rel=1e-4)
    assert grad(lambda a: optimize.minimize_scalar(f, bounds=(3.0, 5.0), args=(a,)).x)(1.0) == 0
    with pytest.raises(errors.AutogradError, match="do not hold"):
        grad(lambda a: optimize.minimize_scalar(f, args=(a,), tol=0.1).x)(1.0)


def test_fixed_points():
    def f(x, a):
        return np.cos(a * x)

    for method in ("del2", "iteration"):
        solution = lambda a, m=method: optimize.fixed_point(f, 0.7, (a,), 1e-12, method=m)
        _agrees(solution, 0.9)
    nested = lambda x, a: {"u": f(x["u"], a), "v": (x["v"] + a / x["v"]) / 2}
    start = {"u": np.full(2, 0.7), "v": 1.0}
    assert optimize.fixed_point(nested, start, (2.0,))["v"] == pytest.approx(2**0.5)
    slope = grad(lambda a: optimize.fixed_point(nested, start, (a,))["v"])(2.0)
    assert slope == pytest.approx(0.5 / 2**0.5)


T = np.linspace(0.0, 2.0, 12)
Y = 2.0 * np.exp(-1.3 * T) + 0.05 * RNG.standard_normal(12)


def decay(t, a, k):
    return a * np.exp(-k * t)


@pytest.mark.parametrize("loss", ["linear", "soft_l1", "huber", "cauchy", "arctan"])
@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares(method, loss):
    if method == "lm" and loss != "linear":
        pytest.skip("SciPy's lm has one loss")
    how = {"method": method, "loss": loss, "f_scale": 0.1, "xtol": 1e-13, "ftol": 1e-13,
           "gtol": 1e-13}  # fmt: skip

    def solution(shift):
        y = Y + shift * T
        made = optimize.least_squares(
            lambda p, y, t: decay(t, p["a"], p["k"]) - y, {"a": 1.0, "k": 1.0}, args=(y,),
            kwargs={"t": T}, **how,
        )  # fmt: skip
        return made.x["k"] + made.cost

    own = scipy.optimize.least_squares(lambda p: decay(T, *p) - Y, [1.0, 1.0], **how)
    assert solution(0.0) == pytest.approx(own.x[1] + own.cost)
    h = 1e-4
    slope = (solution(h) - solution(-h)) / (2 * h)
    assert grad(solution)(0.0) == pytest.approx(slope, rel=1e-4)
    assert jvp(solution, (0.0,), (1.0,))[1] == pytest.approx(slope, rel=1e-4)


def test_least_squares_with_sparse_and_given_jacobians():
    def f(x):
        return np.concatenate([x[1:] - x[:-1] ** 2, x[:1] - 1.1])

    x0 = np.full(6, 0.9)
    mask = np.eye(6, k=0) + np.eye(6, k=1) + np.eye(6, k=-5) != 0
    mask[-1, 0] = True
    found = [
        optimize.least_squares(f, x0, **given).x
        for given in ({}, {"jac": "sparse"}, {"jac_sparsity": mask}, {"jac": "2-point"},
                      {"jac": lambda x: jacobian(f)(x)})
    ]  # fmt: skip
    for x in found:
        assert x == pytest.approx(1.1 ** (2.0 ** np.arange(6)), rel=1e-5)
    bounded = lambda c: (
        optimize.least_squares(lambda x, c: x - c, [0.5, 0.5], bounds=([0, 0], [1, 9]), args=(c,)).x
    )
    made = jacobian(bounded)(np.array([2.0, 3.0]))
    assert made == pytest.approx(np.array([[0.0, 0.0], [0.0, 1.0]]), abs=1e-6)


@pytest.mark.parametrize("sigma", [None, np.linspace(0.1, 0.3, 12), 0.04 * np.eye(12) + 0.01])
@pytest.mark.parametrize("absolute", [False, True])
def test_curve_fit(sigma, absolute):
    own = scipy.optimize.curve_fit(decay, T, Y, [1.0, 1.0], sigma, absolute)
    made = optimize.curve_fit(decay, T, Y, None, sigma, absolute)
    named, spread = optimize.curve_fit(decay, T, Y, {"k": 1.0, "a": 1.0}, sigma, absolute)
    assert made[0] == pytest.approx(own[0], rel=1e-5)
    assert made[1] == pytest.approx(own[1], rel=1e-4)
    assert (named["a"], named["k"]) == pytest.approx(tuple(own[0]), rel=1e-5)
    assert spread[::-1, ::-1] == pytest.approx(own[1], rel=1e-4)

    def solution(shift):
        fit = optimize.curve_fit(decay, T, Y + shift * T, [1.0, 1.0], sigma, absolute, xtol=1e-13)
        return fit[0][1] + fit[1][0, 1]

    assert solution(0.0) == pytest.approx(own[0][1] + own[1][0, 1], rel=1e-4)
    slope = (solution(1e-4) - solution(-1e-4)) / 2e-4
    assert grad(solution)(0.0) == pytest.approx(slope, rel=1e-3)


def test_vmap_runs_one_solver_for_each():
    def solution(a, start):
        return optimize.minimize(lambda x, a: np.sum((x - a**2) ** 2), start, (a,)).x[0]

    a = np.array([1.0, 2.0, 3.0])
    assert vmap(solution)(a, a) == pytest.approx(a**2, abs=1e-5)
    assert vmap(grad(solution))(a, a) == pytest.approx(2 * a, abs=1e-4)
    clipped = lambda a: optimize.minimize(
        lambda x, a: (x[0] - a) ** 2, 0.0, (a,), bounds=[(0, 2.5)]
    ).x[0]
    assert vmap(grad(clipped))(a) == pytest.approx([1.0, 1.0, 0.0])


def test_what_is_refused():
    x0 = np.zeros(2)
    a = 1.0

    def refused(match, f, kind=errors.UnsupportedError):
        with pytest.raises(kind, match=match) as caught:
            grad(f)(a)
        assert "test_optimize.py" in str(caught.value)

    f = lambda x, a=1.0: np.sum((x - a) ** 2)
    refused("closes over", lambda a: optimize.minimize(lambda x: f(x, a), x0).fun)
    refused("closes over", lambda a: optimize.root(lambda x: x - a, x0).x[0])
    refused("closes over", lambda a: optimize.least_squares(lambda x: x - a, x0).cost)
    refused("bracket", lambda a: optimize.minimize_scalar(f, bracket=(a, 2.0)).x)
    refused("loss of your own", lambda a: optimize.least_squares(
        lambda x, a: x - a, x0, args=(a,), loss=lambda z: np.array([z, z, z])).cost)  # fmt: skip
    failed = errors.AutogradError
    refused("no solution", lambda a: optimize.minimize(
        rosenbrock, [-5.0, 5.0], (a,), options={"maxiter": 2}).fun, failed)  # fmt: skip
    with pytest.raises(errors.ShapeError, match="one number"):
        optimize.minimize(lambda x: x, x0)
    with pytest.raises(errors.DTypeError, match="leaf of x0"):
        optimize.minimize(f, {"a": "text", "b": x0})


def test_errors_of_scipy_and_singular_equations_name_the_users_line():
    def raises(kind, match, f):
        with pytest.raises(kind, match=match) as caught:
            grad(f)(1.0)
        assert "test_optimize.py" in str(caught.value)

    f = lambda x, a: np.sum((x - a) ** 2)
    raises(errors.ShapeError, "minimize.*Unknown solver",
           lambda a: optimize.minimize(f, np.zeros(2), (a,), "unknown").fun)  # fmt: skip
    raises(errors.ShapeError, "root_scalar.*different signs", lambda a: optimize.root_scalar(
        lambda x, a: x - a, (a,), bracket=(5.0, 6.0)).root)  # fmt: skip
    raises(errors.LinearAlgebraError, "singular", lambda a: optimize.minimize(
        lambda x, a: (x[0] + x[1] - a) ** 2, np.zeros(2), (a,)).x[0])  # fmt: skip
    raises(errors.AutogradError, "do not hold", lambda a: optimize.minimize(
        lambda x, a: (x[0] - a) ** 4, np.zeros(1), (a,)).x[0])  # fmt: skip
    with pytest.raises(errors.ShapeError, match="no numbers"):
        optimize.minimize(f, np.zeros(0), (1.0,))


def test_the_rest_of_scipys_arguments():
    steps = []
    made = optimize.least_squares(
        lambda x: x["a"] - 2.0, {"a": np.zeros(2)}, x_scale=[1.0, 2.0], callback=steps.append
    )
    assert made.x["a"] == pytest.approx([2.0, 2.0])
    calls = []

    def slopes(t, a, k):
        calls.append(a)
        return np.stack([np.exp(-k * t), -a * t * np.exp(-k * t)], axis=1)

    named, _ = optimize.curve_fit(decay, T, Y, {"a": 1.0, "k": 1.0}, jac=slopes)
    positional, _ = optimize.curve_fit(decay, T, Y, [1.0, 1.0], jac=slopes)
    assert calls
    assert list(named.values()) == pytest.approx(positional, rel=1e-5)
    counts = vmap(lambda a: optimize.root(lambda x, a: x**2 - a, [1.0], (a,)).nfev + 0 * a)
    assert np.all(counts(np.array([1.0, 4.0])) > 2)
    start = lambda a: optimize.minimize(lambda x: np.sum((x - 3) ** 2), [a, 2 * a]).x
    assert jacobian(start)(1.0) == pytest.approx(np.zeros(2))


@pytest.mark.parametrize("size", [3, 510])
def test_many_unknowns_are_solved_for_too(size):
    solution = lambda a: np.sum(
        optimize.minimize(lambda x, a: np.sum(np.cosh(x - a**2)), np.zeros(size), (a,)).x
    )
    assert grad(solution)(0.5) == pytest.approx(size, rel=1e-5)


@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
def test_differences_can_be_asked_for(jac):
    """The complex step too, in which a residual is one complex number and not a pair."""
    t, c = np.linspace(0.0, 2.0, 9), np.array([0.4, -0.2, 1.0])
    y = 2.0 * np.exp(-0.8 * t) + 0.05 * np.cos(9 * t)
    residual = lambda x, c: np.sinh(x - c)
    fits = {
        "minimize": lambda L: L.minimize(
            lambda x, c: np.sum((x - c) ** 2 * np.exp(x)), np.zeros(3), (c,), jac=jac).x,
        "least_squares": lambda L: L.least_squares(residual, np.zeros(3), jac, args=(c,)).x,
        "curve_fit": lambda L: L.curve_fit(
            lambda t, a, k: a * np.exp(-k * t), t, y, [1.0, 0.2], method="trf", jac=jac)[0],
    }  # fmt: skip
    for name, fit in fits.items():
        np.testing.assert_allclose(fit(optimize), fit(scipy.optimize), rtol=1e-10, err_msg=name)
    start = {"a": 1.0, "k": 0.2}
    named = optimize.curve_fit(
        lambda t, a, k: a * np.exp(-k * t), t, y, start, method="trf", jac=jac
    )[0]
    np.testing.assert_allclose([named["a"], named["k"]], fits["curve_fit"](scipy.optimize))
    slopes = jacobian(
        lambda c: optimize.least_squares(residual, np.zeros(3), jac, args=(c,), gtol=1e-14).x
    )(c)
    assert slopes == pytest.approx(np.eye(3), abs=1e-6)
