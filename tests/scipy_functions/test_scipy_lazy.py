"""SciPy is taught when it is there, and never imported early."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import sys
import numpy as np
from autograd_core import Tensor, UnsupportedError, grad
assert not any(name.split(".")[0] == "scipy" for name in sys.modules)
assert grad(np.sin)(0.0) == 1.0
assert not any(name.split(".")[0] == "scipy" for name in sys.modules)
import autograd_core.scipy
assert not any(name.split(".")[0] == "scipy" for name in sys.modules)
import scipy.special
assert "autograd_core.rules.scipy_special" not in sys.modules
assert abs(grad(scipy.special.erf)(0.0) - 2 / np.pi ** 0.5) < 1e-15
assert autograd_core.scipy.special.gamma is scipy.special.gamma
try:
    scipy.special.hyperu(0.5, 1.5, Tensor(1.0, requires_grad=True))
except UnsupportedError as error:
    assert "hyperu" in str(error)
else:
    raise AssertionError
"""


def test_import_order() -> None:
    pytest.importorskip("scipy")
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_names_fall_back_to_scipy_s_own() -> None:
    pytest.importorskip("scipy")
    import scipy.integrate
    import scipy.linalg
    import scipy.signal
    import scipy.stats

    import autograd_core.scipy as ours

    assert ours.linalg.ldl.__wrapped__ is scipy.linalg.ldl
    assert ours.signal.hilbert2.__wrapped__ is scipy.signal.hilbert2
    assert ours.integrate.tanhsinh.__wrapped__ is scipy.integrate.tanhsinh
    assert ours.stats.rankdata.__wrapped__ is scipy.stats.rankdata
    assert ours.stats.weibull_min.scipy is scipy.stats.weibull_min
    assert ours.linalg.toeplitz([1, 2]).tolist() == [[1, 2], [2, 1]]
    assert ours.linalg.LinAlgError is scipy.linalg.LinAlgError
    with pytest.raises(AttributeError, match="no attribute"):
        _ = ours.odr


def test_functions_without_a_rule_refuse_by_name() -> None:
    pytest.importorskip("scipy")
    from autograd_core import Tensor, UnsupportedError, grad
    from autograd_core.scipy import integrate, linalg, signal, special, stats

    x = Tensor([0.3, 1.2], requires_grad=True)
    for call, name in (
        (lambda: linalg.ldl(x), "linalg.ldl"),
        (lambda: signal.hilbert2(x), "signal.hilbert2"),
        (lambda: special.diric(x, 2), "special.diric"),
        (lambda: stats.zmap(x, x), "stats.zmap"),
        (lambda: stats.zmap([x[0], 1.0], x), "stats.zmap"),
        (lambda: integrate.quad(lambda t: t, 0.0, x[0], weight="cos", wvar=1), "integrate.quad"),
        (lambda: integrate.quad(lambda t: x[0] * t, 0.0, 1.0), "integrate.quad: the function"),
        (lambda: integrate.odeint(lambda y, t: -x, [1.0, 2.0], [0, 1]), "integrate.odeint: the"),
        (lambda: integrate.solve_ivp(lambda t, y: [-x[0] * y[0]], (0, 1), [1.0]), "solve_ivp: the"),
    ):
        with pytest.raises(UnsupportedError, match=name) as caught:
            call()
        assert "test_scipy_lazy.py" in str(caught.value)
    with pytest.raises(UnsupportedError, match="derivative would be lost"):
        grad(lambda a: integrate.quad(lambda t: a * t, 0.0, 1.0)[0])(2.0)


def test_densities_are_scipy_s() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    from autograd_core.scipy import stats

    x = np.array([0.2, 0.5, 0.7])
    for name, parameters in {
        "norm": (0.3, 1.5),
        "gamma": (1.7, 0.1, 2.0),
        "chi2": (2.5,),
        "beta": (1.2, 2.3),
        "t": (3.1, 0.2, 1.4),
        "expon": (0.1, 2.0),
        "laplace": (0.3, 2.0),
        "logistic": (0.1, 1.3),
        "cauchy": (0.4, 0.7),
    }.items():
        mine, theirs = getattr(stats, name), getattr(scipy_stats, name)
        for method in ("logpdf", "pdf"):
            np.testing.assert_allclose(
                getattr(mine, method)(x, *parameters),
                getattr(theirs, method)(x, *parameters),
                rtol=1e-12,
            )
        for method in ("cdf", "sf", "logcdf", "logsf"):
            if name in ("t", "laplace"):
                continue
            np.testing.assert_allclose(
                getattr(mine, method)(x, *parameters),
                getattr(theirs, method)(x, *parameters),
                rtol=1e-10,
            )
    np.testing.assert_allclose(
        stats.poisson.logpmf(np.arange(3), 1.5), scipy_stats.poisson.logpmf(np.arange(3), 1.5)
    )
    np.testing.assert_allclose(
        stats.bernoulli.logpmf([0, 1], 0.3), scipy_stats.bernoulli.logpmf([0, 1], 0.3)
    )
    cov = np.array([[2.0, 0.3], [0.3, 1.0]])
    np.testing.assert_allclose(
        stats.multivariate_normal.logpdf(np.ones((3, 2)), np.zeros(2), cov),
        scipy_stats.multivariate_normal.logpdf(np.ones((3, 2)), np.zeros(2), cov),
    )
    np.testing.assert_allclose(
        stats.multivariate_normal.entropy(np.zeros(2), cov),
        scipy_stats.multivariate_normal.entropy(np.zeros(2), cov),
    )
    np.testing.assert_allclose(
        stats.dirichlet.logpdf(np.array([0.2, 0.8]), np.array([1.5, 2.0])),
        scipy_stats.dirichlet.logpdf(np.array([0.2, 0.8]), np.array([1.5, 2.0])),
    )


def test_functions_of_the_users_are_watched_wherever_they_stand() -> None:
    pytest.importorskip("scipy")
    from functools import partial

    from autograd_core import Tensor, UnsupportedError
    from autograd_core.scipy import integrate

    x = Tensor(0.3, requires_grad=True)

    class Slope:
        def __call__(self, *t: float) -> object:
            return t[0] * x

        def method(self, *t: float) -> object:
            return t[0] * x

    def plain(*t: float) -> object:
        return t[0] * x

    for f in (plain, Slope(), Slope().method, partial(plain), lambda *t: t[0] * x):
        for call in (
            lambda f=f: integrate.dblquad(f, 0, 1, 0, 1),
            lambda f=f: integrate.dblquad(func=f, a=0, b=1, gfun=0, hfun=1),
            lambda f=f: integrate.cubature(f=f, a=[0.0], b=[1.0]),
        ):
            with pytest.raises(UnsupportedError, match="derivative would be lost"):
                call()


def test_classes_are_scipys_in_all_but_traced_values() -> None:
    scipy_interpolate = pytest.importorskip("scipy.interpolate")
    import pickle

    import scipy.signal
    import scipy.stats

    from autograd_core import Tensor, UnsupportedError
    from autograd_core.scipy import interpolate, signal, stats

    x = np.linspace(0.0, 1.0, 8)
    made, own = interpolate.UnivariateSpline(x, x**2), scipy_interpolate.UnivariateSpline(x, x**2)
    assert isinstance(made, scipy_interpolate.UnivariateSpline)
    assert isinstance(own, interpolate.UnivariateSpline)
    np.testing.assert_array_equal(made(x), own(x))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(made))(x), own(x))
    system = signal.lti([1.0], [1.0, 1.0])
    assert isinstance(system, scipy.signal.TransferFunction)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(system)).num, system.num)
    traced = Tensor(x, requires_grad=True)
    held = stats.wishart(3, np.eye(2))
    assert held.mean().tolist() == scipy.stats.wishart(3, np.eye(2)).mean().tolist()

    class Mine(stats.rv_continuous):
        def _pdf(self, x: object) -> object:
            return np.exp(-np.asarray(x))

    for call, name in (
        (lambda: made(traced), "interpolate.UnivariateSpline"),
        (lambda: made.integral(traced[0], 1.0), "interpolate.UnivariateSpline.integral"),
        (lambda: interpolate.UnivariateSpline(x, traced), "interpolate.UnivariateSpline"),
        (lambda: system.bode(traced), "signal.lti.bode"),
        (lambda: held.logpdf(traced), "stats.wishart.logpdf"),
        (lambda: stats.wishart(traced, np.eye(2)), "stats.wishart"),
        (lambda: Mine(a=0.0).pdf(traced), "stats.rv_continuous.pdf"),
    ):
        with pytest.raises(UnsupportedError, match=name):
            call()


@pytest.mark.parametrize("name", ["odeint", "solve_ivp", "quad"])
def test_an_error_in_a_users_function_is_not_laid_at_scipys_door(name: str) -> None:
    """The remedy is for the user's own line, and not to call what is called already."""
    pytest.importorskip("scipy")
    from autograd_core import ConversionError, grad
    from autograd_core.scipy import integrate

    def slopes(y: object, k: object) -> object:
        return np.array([y[1], -k * y[0]])  # type: ignore[index, operator]  # any arrays

    def run(k: object) -> object:
        start, ends = np.array([1.0, 0.0]), (0.0, 1.0)
        if name == "odeint":
            return integrate.odeint(lambda y, t, k: slopes(y, k), start, ends, args=(k,))[-1, 0]
        if name == "solve_ivp":
            return integrate.solve_ivp(lambda t, y, k: slopes(y, k), ends, start, args=(k,)).y[0, 0]
        return integrate.quad(lambda t, k: np.array([k])[0] * t, *ends, args=(k,))[0]

    with pytest.raises(ConversionError, match=r"autograd_core.numpy as np") as caught:
        grad(run)(2.0)
    assert "which has a rule" not in str(caught.value)
    assert "np.array(" in str(caught.value)
