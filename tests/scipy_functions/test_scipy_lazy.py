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
    scipy.special.struve(0.5, Tensor(1.0, requires_grad=True))
except UnsupportedError as error:
    assert "struve" in str(error)
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

    assert ours.linalg.toeplitz.__wrapped__ is scipy.linalg.toeplitz
    assert ours.signal.medfilt.__wrapped__ is scipy.signal.medfilt
    assert ours.integrate.quad.__wrapped__ is scipy.integrate.quad
    assert ours.stats.rankdata.__wrapped__ is scipy.stats.rankdata
    assert ours.stats.weibull_min.scipy is scipy.stats.weibull_min
    assert ours.linalg.toeplitz([1, 2]).tolist() == [[1, 2], [2, 1]]
    assert ours.linalg.LinAlgError is scipy.linalg.LinAlgError
    with pytest.raises(AttributeError, match="no attribute"):
        _ = ours.cluster


def test_functions_without_a_rule_refuse_by_name() -> None:
    pytest.importorskip("scipy")
    from autograd_core import Tensor, UnsupportedError, grad
    from autograd_core.scipy import integrate, linalg, signal, special, stats

    x = Tensor([0.3, 1.2], requires_grad=True)
    for call, name in (
        (lambda: linalg.toeplitz(x), "linalg.toeplitz"),
        (lambda: signal.medfilt(x), "signal.medfilt"),
        (lambda: special.comb(x, 2), "special.comb"),
        (lambda: stats.zscore(x), "stats.zscore"),
        (lambda: stats.zscore([x[0], 1.0]), "stats.zscore"),
        (lambda: integrate.quad(lambda t: t, 0.0, x[0]), "integrate.quad"),
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
