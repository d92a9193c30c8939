"""scipy.stats here: the values are SciPy's own, the derivatives those that differences see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

stats_of_scipy = pytest.importorskip("scipy.stats")

from autograd_core import Tensor, UnsupportedError, grad, hvp, jvp, vmap  # noqa: E402
from autograd_core.scipy import (  # noqa: E402
    densities,
    linalg,
    stats,
)
from autograd_core.scipy.densities import CONTINUOUS, COUNTS  # noqa: E402
from autograd_core.scipy.distributions import (  # noqa: E402
    DENSITIES,
    MOMENTS,
    PROBABILITIES,
    QUANTILES,
)

KNOWN = CONTINUOUS | COUNTS  # the others: test_scipy_further_distributions.py
EDGES = [-np.inf, -400.0, -1.0, -1e-3, 0.0, 1e-3, 0.3, 0.8, 1.0, 2.5, 40.0, 400.0, np.inf, np.nan]
CHANCES = [-0.1, 0.0, 1e-9, 0.2, 0.5, 0.97, 1.0, 1.1, np.nan]
WHOLE = [-1.0, 0.0, 1.0, 1.5, 2.0, 5.0, 40.0, np.inf, np.nan]
# shapes, then location and scale
PARAMETERS: dict[str, list[tuple[float, ...]]] = {
    "gamma": [(1.7,), (1.0,), (0.4,)],
    "chi2": [(1.0,), (2.5,)],
    "invgamma": [(2.5,)],
    "beta": [(1.0, 1.0), (2.5, 0.7)],
    "t": [(1.0,), (3.3,)],
    "f": [(3.0, 5.5)],
    "lognorm": [(0.7,)],
    "weibull_min": [(1.5,), (1.0,)],
    "pareto": [(2.7,)],
    "powerlaw": [(1.6,)],
    "skewnorm": [(-1.3,)],
    "vonmises": [(1.4,)],
    "poisson": [(2.3,), (0.0,)],
    "bernoulli": [(0.3,), (0.0,), (1.0,)],
    "binom": [(5.0, 0.3)],
    "geom": [(0.3,)],
    "nbinom": [(2.5, 0.4)],
}
METHODS = {
    "continuous": ("pdf", "logpdf", *PROBABILITIES, *QUANTILES),
    "counts": ("pmf", "logpmf", *PROBABILITIES, *QUANTILES),
}


def _places(name: str, method: str) -> list[float]:
    if method in QUANTILES:
        return CHANCES
    return WHOLE if name in COUNTS else EDGES


def _grid(name: str) -> list[tuple[str, list[Any]]]:
    """Each method with its arguments: x along the edges, parameters repeated."""
    kind = "counts" if name in COUNTS else "continuous"
    rows = []
    for shapes in PARAMETERS.get(name, [()]):
        for rest in [(0.0,), (1.0,)] if name in COUNTS else [(0.0, 1.0), (0.4, 2.5)]:
            for method in METHODS[kind]:
                x = np.array(_places(name, method))
                rows.append((method, [x, *(np.full(len(x), p) for p in (*shapes, *rest))]))
    return rows


def test_the_grid_is_large() -> None:
    assert sum(len(args[0]) for name in KNOWN for _, args in _grid(name)) > 5000
    assert set(PARAMETERS) == {n for n in KNOWN if getattr(stats_of_scipy, n).shapes}


def _true_slope(f: Any, x: Any, least: float = 0.0) -> tuple[Any, Any]:
    """Return derivatives by central differences and their errors; NaN at kinks, jumps and ends."""
    x = np.asarray(x, dtype=float)
    h = 1e-3 * np.maximum(np.abs(x), 1e-2)
    with np.errstate(all="ignore"):
        at = {k: np.asarray(f(x + k * h / 2)) for k in (-4, -2, -1, 0, 1, 2, 4)}
        size = np.max([np.abs(v) for v in at.values()], axis=0)
        noise = 2e-15 * np.maximum(least, size) / h
        bend, half = at[2] - 2 * at[0] + at[-2], at[1] - 2 * at[0] + at[-1]
        kink = (np.abs(half) > 0.4 * np.abs(bend)) & (np.abs(half) / h > 20 * noise)
        far = (8 * (at[2] - at[-2]) - (at[4] - at[-4])) / (12 * h)
        near = (4 * (at[1] - at[-1]) - (at[2] - at[-2]) / 2) / (3 * h)
        smooth = np.isfinite(size) & np.isfinite(x) & ~kink
        return np.where(smooth, near, np.nan), 4 * np.abs(far - near) + 20 * noise


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # SciPy's own
@pytest.mark.parametrize("name", KNOWN)
def test_values_and_derivatives_on_a_grid(name: str) -> None:
    mine, theirs = getattr(stats, name), getattr(stats_of_scipy, name)
    compared = 0
    for method, args in _grid(name):
        own, f = getattr(theirs, method), getattr(mine, method)
        wanted = own(*args)
        np.testing.assert_array_equal(f(*args), wanted)
        value = f(*[Tensor(a, requires_grad=True) for a in args])
        np.testing.assert_array_equal(value.data, wanted, err_msg=f"{method}{args}")
        for k in range(len(args)):

            def of_one(v: Any, k: int = k, args: Any = args, f: Any = f) -> Any:
                return f(*args[:k], v, *args[k + 1 :])

            try:
                backward = grad(lambda v, g=of_one: np.sum(g(v)))(args[k])
            except UnsupportedError:  # the next test says which
                continue
            forward = jvp(of_one, (args[k],), (np.ones_like(args[k]),))[1]
            np.testing.assert_array_equal(forward, backward)
            least = 1e-3 * (method in QUANTILES or "log" in method)  # 0 is a rounded -1e-17
            slope, error = _true_slope(of_one, args[k], least)
            said = f"{method} in {k} at {[a[1] for a in args[1:]]}"
            assert np.all(np.isnan(backward[np.isnan(wanted)])), said
            seen = ~np.isnan(slope) & ~np.isnan(wanted)
            compared += np.sum(seen)
            off = np.abs(backward - slope) > 1e-5 * np.abs(slope) + error + 1e-290
            off |= np.isnan(backward)
            assert not np.any(off & seen), (said, args[0][off & seen], backward[off & seen])
            nothing = np.isneginf(wanted) if "log" in method else (wanted == 0)
            if method in DENSITIES:
                assert not np.any(np.isnan(backward[nothing])), said
    assert compared > 50


# What has no derivative: everything else has one.
OPEN = {
    ("skewnorm", "a"): (*PROBABILITIES, *QUANTILES, "mean", "var", "std", "entropy"),
    ("vonmises", "kappa"): (*PROBABILITIES, *QUANTILES),
    ("f", "dfn"): MOMENTS,
    ("f", "dfd"): MOMENTS,
    ("binom", "n"): ("pmf", "logpmf", *PROBABILITIES, *QUANTILES, *MOMENTS),
    ("binom", "p"): (*QUANTILES, "entropy"),
    ("poisson", "mu"): (*QUANTILES, "entropy"),
    ("bernoulli", "p"): QUANTILES,
    ("geom", "p"): (*QUANTILES, "entropy"),
    ("nbinom", "n"): (*QUANTILES, "entropy"),
    ("nbinom", "p"): (*QUANTILES, "entropy"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_in_every_argument_or_refused_by_name(name: str) -> None:
    mine = getattr(stats, name)
    counts = name in COUNTS
    shapes = tuple(PARAMETERS.get(name, [()])[0])
    rest = (0.0,) if counts else (0.1, 1.3)
    names = ("x", *mine.shapes, "loc", "scale")
    moments = () if name == "vonmises" else MOMENTS  # SciPy integrates them for seconds
    for method in (*METHODS["counts" if counts else "continuous"], *moments):
        first = () if method in MOMENTS else (0.4 if method in QUANTILES or not counts else 2.0,)
        if name == "bernoulli" and first and method not in QUANTILES:
            first = (0.0,)
        if name == "pareto" and first and method not in QUANTILES:
            first = (2.4,)
        args = (*first, *shapes, *rest)
        for k in range(len(args)):
            which = names[k + (not first)]
            refused = method in OPEN.get((name, which), ())
            if counts and which in ("x", "loc") and method not in MOMENTS:
                refused = not (which == "loc" and method in QUANTILES)
            f = getattr(mine, method)
            if refused:
                with pytest.raises(UnsupportedError, match=f"{method}: the derivative in {which}"):
                    grad(f, argnums=k)(*args)
                continue
            found = grad(f, argnums=k)(*args)
            slope = _true_slope(lambda v, k=k, f=f, a=args: f(*a[:k], v, *a[k + 1 :]), args[k])
            if np.isnan(slope[0]):
                assert name in ("t", "cauchy", "halfcauchy"), (
                    method,
                    which,
                )  # no mean, no variance
                continue
            assert found == pytest.approx(slope[0], rel=1e-6, abs=1e-8 + slope[1]), (method, which)


SMOOTH = [("norm", ()), ("gamma", (1.7,)), ("beta", (2.2, 1.4)), ("t", (3.3,)), ("lognorm", (0.7,))]


@pytest.mark.parametrize(("name", "shapes"), SMOOTH)
@pytest.mark.parametrize("method", ["pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf"])
def test_second_order(name: str, shapes: tuple[float, ...], method: str) -> None:
    f = getattr(getattr(stats, name), method)
    args = np.array([0.4, *shapes, 0.05, 1.2])
    weights = np.linspace(0.5, 1.0, len(args))

    def scalar(v: Any) -> Any:
        return f(*v)

    h = 1e-5
    wanted = (grad(scalar)(args + h * weights) - grad(scalar)(args - h * weights)) / (2 * h)
    np.testing.assert_allclose(hvp(scalar, (args,), (weights,)), wanted, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        jvp(grad(scalar), (args,), (weights,))[1], wanted, rtol=1e-6, atol=1e-7
    )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["triang", "argus", "pearson3", "tukeylambda"])
def test_what_is_not_declared_follows_from_its_density(name: str) -> None:
    shapes = (0.6,)
    mine, theirs = getattr(stats, name), getattr(stats_of_scipy, name)
    for method in (*PROBABILITIES, *QUANTILES):
        f = getattr(mine, method)
        assert f(0.4, *shapes, 0.1, 2.0) == getattr(theirs, method)(0.4, *shapes, 0.1, 2.0)
        for k in (0, -2, -1):
            args = (0.4, *shapes, 0.1, 2.0)
            k = k % len(args)
            slope = _true_slope(lambda v, k=k, f=f, a=args: f(*a[:k], v, *a[k + 1 :]), args[k])
            assert grad(f, argnums=k)(*args) == pytest.approx(slope[0], rel=1e-5, abs=slope[1])
    with pytest.raises(UnsupportedError, match="logpdf: the derivative in x is not known"):
        grad(mine.logpdf)(0.4, *shapes)
    with pytest.raises(UnsupportedError, match=r"cdf: the derivative in .* is not known"):
        grad(mine.cdf, argnums=1)(0.4, float(shapes[0]))


def test_arguments_are_scipys() -> None:
    x = np.array([0.3, 1.4])
    for name, shape in (("norm", {}), ("gamma", {"a": 1.7}), ("t", {"df": 3.0})):
        mine, theirs = getattr(stats, name), getattr(stats_of_scipy, name)
        for keywords in ({}, {"loc": 0.2}, {"scale": 2.0}, {"loc": 0.1, "scale": [1.0, 2.0]}):
            every = {**shape, **keywords}
            wanted = theirs.logpdf(x, **every)
            np.testing.assert_array_equal(mine.logpdf(x, **every), wanted)
            np.testing.assert_array_equal(mine.logpdf(Tensor(x), **every).data, wanted)
            np.testing.assert_array_equal(mine(**every).logpdf(Tensor(x)).data, wanted)
            np.testing.assert_array_equal(mine(**every).logpdf(x), wanted)
            np.testing.assert_array_equal(
                mine.logpdf(x=Tensor(x, requires_grad=True), **every).data, wanted
            )
            assert mine.mean(**every) == pytest.approx(theirs.mean(**every))
    with pytest.raises(TypeError):
        stats.gamma.logpdf(Tensor(x))  # the shape is missing, as in SciPy
    with pytest.raises(TypeError):
        stats.norm.logpdf(Tensor(x), sigma=1.0)
    ints = stats.norm.pdf(Tensor([0.0, 1.0]), 0, 1).data
    np.testing.assert_array_equal(ints, stats_of_scipy.norm.pdf([0, 1], 0, 1))


def test_frozen_with_traced_parameters() -> None:
    x = np.array([0.3, 1.4])

    def loss(loc: Any, scale: Any) -> Any:
        held = stats.norm(loc, scale=scale)
        low, high = held.interval(0.9)
        center, spread = held.stats(moments="mv")
        parts = [np.sum(held.logpdf(x)), held.ppf(0.3), held.mean(), held.std(), held.entropy()]
        return sum(parts) + held.median() + high - 2 * low + center + spread + held.stats("v")

    h = 1e-6
    numbers = (0.2, 1.5)
    for k in (0, 1):
        up, down = list(numbers), list(numbers)
        up[k] += h
        down[k] -= h
        wanted = (loss(*up) - loss(*down)) / (2 * h)
        assert grad(loss, argnums=k)(*numbers) == pytest.approx(wanted, rel=1e-6)
    plain = stats.norm(0.2, 1.5)
    theirs = stats_of_scipy.norm(0.2, 1.5)
    assert plain.interval(0.9) == theirs.interval(0.9)
    assert plain.stats(moments="mvsk") == theirs.stats(moments="mvsk")
    assert plain.expect(lambda v: v) == theirs.expect(lambda v: v)
    assert plain.support() == theirs.support()
    assert plain.args == theirs.args
    plain.random_state = np.random.default_rng(3)
    theirs.random_state = np.random.default_rng(3)
    np.testing.assert_array_equal(plain.rvs(3), theirs.rvs(3))
    with pytest.raises(AttributeError):
        _ = plain.nothing
    assert repr(stats.norm) == "<scipy.stats.norm, differentiable>"


def test_what_has_no_derivative_is_scipys_or_refused() -> None:
    traced = Tensor(1.0, requires_grad=True)
    assert stats.norm.rvs(size=2, random_state=3).tolist() == (
        stats_of_scipy.norm.rvs(size=2, random_state=3).tolist()
    )
    assert stats.norm.fit([1.0, 2.0]) == stats_of_scipy.norm.fit([1.0, 2.0])
    assert stats.norm.a == -np.inf
    assert stats.norm.interval(0.5) == stats_of_scipy.norm.interval(0.5)
    assert stats.norm.stats(moments="s") == stats_of_scipy.norm.stats(moments="s")
    for call in (
        lambda: stats.norm.rvs(traced, size=3),
        lambda: stats.norm(traced).rvs(size=3),
        lambda: stats.norm.fit([traced]),
        lambda: stats.norm.moment(2, traced),
        lambda: stats.norm(traced).expect(lambda v: v),
        lambda: stats.norm.stats(traced, moments="mvs"),
        lambda: stats.multivariate_normal.cdf(traced, 0.0, 1.0),
        lambda: stats.multivariate_normal.rvs(traced, 1.0),
        lambda: stats.dirichlet.rvs([traced]),
    ):
        with pytest.raises(UnsupportedError, match=r"scipy.stats.*has no derivative"):
            call()


def test_batches() -> None:
    x = np.linspace(-2.0, 2.0, 5)
    np.testing.assert_array_equal(
        vmap(lambda v: stats.norm(0.1, 2.0).logcdf(v))(x), stats_of_scipy.norm.logcdf(x, 0.1, 2.0)
    )
    found = vmap(grad(lambda v, s: stats.t.cdf(v, 3.0, 0.0, s), (0, 1)))(x, np.full(5, 1.5))
    each = [grad(lambda v, s: stats.t.cdf(v, 3.0, 0.0, s), (0, 1))(v, 1.5) for v in x]
    np.testing.assert_allclose(np.transpose(found), each, rtol=1e-13)


def test_all_of_scipys_distributions_can_be_asked_for() -> None:
    for name in dir(stats_of_scipy):
        own = getattr(stats_of_scipy, name)
        if isinstance(own, (stats_of_scipy.rv_continuous, stats_of_scipy.rv_discrete)):
            assert getattr(stats, name).scipy is own


def test_the_page_names_them_all() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scipy.md").read_text(encoding="utf-8")
    for name in (*densities.KNOWN, "multivariate_normal", "dirichlet", *linalg.__all__):
        assert f"`{name}`" in page or f"`linalg.{name}`" in page, name
