"""What is known of each distribution: its standard log-density, up to constants, and the rest.

These formulas are differentiated, never evaluated for a value: values are SciPy's.  A function
of probability is declared where it has a derivative in the shapes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.rules.scipy_ufuncs import sp
from autograd_core.scipy.distributions import Known
from autograd_core.scipy.further_densities import COUNTED, FURTHER


def _gamma_entropy(a: Any) -> Any:
    return a + sp.gammaln(a) + (1.0 - a) * sp.psi(a)


def _beta_log(z: Any, a: Any, b: Any) -> Any:
    return sp.xlogy(a - 1.0, z) + sp.xlog1py(b - 1.0, -z) - sp.betaln(a, b)


def _beta_entropy(a: Any, b: Any) -> Any:
    inner = (a - 1.0) * sp.psi(a) + (b - 1.0) * sp.psi(b)
    return sp.betaln(a, b) - inner + (a + b - 2.0) * sp.psi(a + b)


def _t_log(z: Any, df: Any) -> Any:
    half = 0.5 * (df + 1.0)
    size = sp.gammaln(half) - sp.gammaln(0.5 * df) - 0.5 * np.log(df)
    return size - half * np.log1p(z * z / df)


def _t_entropy(df: Any) -> Any:
    half = 0.5 * (df + 1.0)
    spread = half * (sp.psi(half) - sp.psi(0.5 * df))
    return spread + 0.5 * np.log(df) + sp.betaln(0.5 * df, 0.5)


def _f_log(z: Any, m: Any, n: Any) -> Any:
    part = 0.5 * m * np.log(m) + 0.5 * n * np.log(n) + (0.5 * m - 1.0) * np.log(z)
    return part - 0.5 * (m + n) * np.log(n + m * z) - sp.betaln(0.5 * m, 0.5 * n)


def _weibull_moment(c: Any, k: float) -> Any:
    return sp.gamma(1.0 + k / c)


def _normal(z: Any) -> Any:
    return -0.5 * z * z


def _poisson_mass(k: Any, mu: Any) -> Any:
    none = mu == 0  # a power has a slope there, its logarithm does not
    power = np.where(none, mu, 0) ** k / sp.gamma(k + 1.0)
    logarithm = sp.xlogy(k, np.where(none, 1, mu)) - sp.gammaln(k + 1.0)
    return np.exp(-mu) * np.where(none, power, np.exp(logarithm))


def _binomial_log(k: Any, n: Any, p: Any) -> Any:
    return sp.xlogy(k, p) + sp.xlog1py(n - k, -p)


CONTINUOUS: dict[str, Known] = {
    "norm": Known(_normal, tails={"logcdf": sp.log_ndtr, "logsf": lambda z: sp.log_ndtr(-z)}),
    "uniform": Known(lambda z: 0.0 * z),
    "expon": Known(lambda z: -z),
    "laplace": Known(lambda z: -np.abs(z)),
    "logistic": Known(lambda z: -z - 2.0 * np.logaddexp(0.0, -z)),
    "cauchy": Known(lambda z: -np.log1p(z * z)),
    "gumbel_r": Known(lambda z: -z - np.exp(-z), tails={"logcdf": lambda z: -np.exp(-z)}),
    "gumbel_l": Known(lambda z: z - np.exp(z), tails={"logsf": lambda z: -np.exp(z)}),
    "halfnorm": Known(_normal, tails={"logsf": lambda z: sp.log_ndtr(-z)}),
    "halfcauchy": Known(lambda z: -np.log1p(z * z)),
    "halflogistic": Known(lambda z: -z - 2.0 * np.logaddexp(0.0, -z)),
    "hypsecant": Known(lambda z: -np.logaddexp(z, -z)),
    "rayleigh": Known(lambda z: np.log(z) - 0.5 * z * z, tails={"logsf": _normal}),
    "maxwell": Known(lambda z: 2.0 * np.log(z) - 0.5 * z * z),
    "gamma": Known(
        lambda z, a: sp.xlogy(a - 1.0, z) - z - sp.gammaln(a),
        lambda z, a: sp.gammainc(a, z),
        moments={"mean": lambda a: a, "var": lambda a: a, "entropy": _gamma_entropy},
    ),
    "chi2": Known(
        lambda z, df: sp.xlogy(0.5 * df - 1.0, 0.5 * z) - 0.5 * z - sp.gammaln(0.5 * df),
        lambda z, df: sp.gammainc(0.5 * df, 0.5 * z),
        moments={
            "mean": lambda df: df,
            "var": lambda df: 2.0 * df,
            "entropy": lambda df: _gamma_entropy(0.5 * df),
        },
    ),
    "invgamma": Known(
        lambda z, a: -(a + 1.0) * np.log(z) - 1.0 / z - sp.gammaln(a),
        lambda z, a: sp.gammaincc(a, 1.0 / z),
        moments={
            "mean": lambda a: 1.0 / (a - 1.0),
            "var": lambda a: 1.0 / ((a - 1.0) ** 2 * (a - 2.0)),
            "entropy": lambda a: a + sp.gammaln(a) - (1.0 + a) * sp.psi(a),
        },
    ),
    "beta": Known(
        _beta_log,
        lambda z, a, b: sp.betainc(a, b, z),
        moments={
            "mean": lambda a, b: a / (a + b),
            "var": lambda a, b: a * b / ((a + b) ** 2 * (a + b + 1.0)),
            "entropy": _beta_entropy,
        },
    ),
    "t": Known(
        _t_log,
        lambda z, df: sp.stdtr(df, z),
        moments={
            "mean": lambda df: 0.0 * df,
            "var": lambda df: df / (df - 2.0),
            "entropy": _t_entropy,
        },
    ),
    "f": Known(_f_log, lambda z, m, n: sp.betainc(0.5 * m, 0.5 * n, m * z / (m * z + n))),
    "lognorm": Known(
        lambda z, s: -0.5 * (np.log(z) / s) ** 2 - np.log(s) - np.log(z),
        lambda z, s: sp.ndtr(np.log(z) / s),
        tails={
            "logcdf": lambda z, s: sp.log_ndtr(np.log(z) / s),
            "logsf": lambda z, s: sp.log_ndtr(-np.log(z) / s),
        },
        moments={
            "mean": lambda s: np.exp(0.5 * s * s),
            "var": lambda s: np.exp(s * s) * np.expm1(s * s),
            "entropy": np.log,
        },
    ),
    "weibull_min": Known(
        lambda z, c: np.log(c) + sp.xlogy(c - 1.0, z) - z**c,
        lambda z, c: -np.exp(-(z**c)),
        tails={"logsf": lambda z, c: -(z**c)},
        moments={
            "mean": lambda c: _weibull_moment(c, 1.0),
            "var": lambda c: _weibull_moment(c, 2.0) - _weibull_moment(c, 1.0) ** 2,
            "entropy": lambda c: -np.euler_gamma / c - np.log(c),
        },
    ),
    "pareto": Known(
        lambda z, b: np.log(b) - (b + 1.0) * np.log(z),
        lambda z, b: -(z ** (-b)),
        moments={
            "mean": lambda b: b / (b - 1.0),
            "var": lambda b: b / ((b - 2.0) * (b - 1.0) ** 2),
            "entropy": lambda b: 1.0 / b - np.log(b),
        },
        inside=2.0,
    ),
    "powerlaw": Known(
        lambda z, a: np.log(a) + sp.xlogy(a - 1.0, z),
        lambda z, a: z**a,
        moments={
            "mean": lambda a: a / (a + 1.0),
            "var": lambda a: a / ((a + 2.0) * (a + 1.0) ** 2),
            "entropy": lambda a: 1.0 - 1.0 / a - np.log(a),
        },
    ),
    "skewnorm": Known(lambda z, a: _normal(z) + sp.log_ndtr(a * z)),
    "vonmises": Known(lambda z, kappa: kappa * (np.cos(z) - 1.0) - np.log(sp.i0e(kappa))),
}

COUNTS: dict[str, Known] = {
    "poisson": Known(
        lambda k, mu: sp.xlogy(k, mu) - mu,
        lambda k, mu: sp.gammaincc(np.floor(k) + 1.0, mu),
        _poisson_mass,
        moments={"mean": lambda mu: mu, "var": lambda mu: mu},
    ),
    "bernoulli": Known(
        lambda k, p: _binomial_log(k, 1.0, p),
        lambda k, p: 1.0 - p + 0.0 * k,
        lambda k, p: np.where(k == 1, p, 1.0 - p),
        moments={
            "mean": lambda p: p,
            "var": lambda p: p * (1.0 - p),
            "entropy": lambda p: -sp.xlogy(p, p) - sp.xlog1py(1.0 - p, -p),
        },
        inside=0.0,
        largest=lambda p: 1.0,
    ),
    "binom": Known(
        _binomial_log,
        lambda k, n, p: sp.betainc(n - np.floor(k), np.floor(k) + 1.0, 1.0 - p),
        moments={"mean": lambda n, p: n * p, "var": lambda n, p: n * p * (1.0 - p)},
        inside=0.0,
        fixed=("n",),
        largest=lambda n, p: n,
    ),
    "geom": Known(
        lambda k, p: sp.xlog1py(k - 1.0, -p) + np.log(p),
        lambda k, p: -((1.0 - p) ** np.floor(k)),
        lambda k, p: (1.0 - p) ** (k - 1.0) * p,
        moments={"mean": lambda p: 1.0 / p, "var": lambda p: (1.0 - p) / (p * p)},
        inside=1.0,
    ),
    "nbinom": Known(
        lambda k, n, p: sp.gammaln(n + k) - sp.gammaln(n) + n * np.log(p) + sp.xlog1py(k, -p),
        lambda k, n, p: sp.betainc(n, np.floor(k) + 1.0, p),
        moments={
            "mean": lambda n, p: n * (1.0 - p) / p,
            "var": lambda n, p: n * (1.0 - p) / (p * p),
        },
        inside=0.0,
    ),
}

KNOWN = CONTINUOUS | FURTHER | COUNTS | COUNTED
