"""Standard log-densities of SciPy's less usual distributions, up to constants; see `densities`.

Formulas: N. Johnson, S. Kotz, N. Balakrishnan, "Continuous univariate distributions" (1994), in
SciPy's parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.rules.scipy_ufuncs import sp
from autograd_core.scipy.distributions import Known

_LOG_ROOT = 0.5 * np.log(2.0 * np.pi)


def _normal(z: Any) -> Any:
    return -0.5 * z * z


def _power(z: Any, c: Any) -> Any:
    """Return log(z ** (c - 1))."""
    return sp.xlogy(c - 1.0, z)


def _between_normals(a: Any, b: Any) -> Any:
    """Return log(ndtr(b) - ndtr(a)), with the numbers near 0 that lose no digits."""
    turned = a > 0  # there the upper tails are the small ones
    low, high = np.where(turned, -b, a), np.where(turned, -a, b)
    first, second = sp.log_ndtr(low), sp.log_ndtr(high)
    return second + np.log1p(-np.exp(first - second))


def _truncated_share(z: Any, a: Any, b: Any) -> Any:
    return np.exp(_between_normals(a, z) - _between_normals(a, b))


def _wrapped_cauchy(z: Any, c: Any) -> Any:
    return np.log1p(-c * c) - np.log(1.0 + c * c - 2.0 * c * np.cos(z))


def _wrapped_cauchy_share(z: Any, c: Any) -> Any:
    ratio = (1.0 + c) / (1.0 - c)
    half = np.where(z < np.pi, z, 2.0 * np.pi - z)
    made = np.arctan(ratio * np.tan(0.5 * half)) / np.pi
    return np.where(z < np.pi, made, 1.0 - made)


def _general_normal_share(z: Any, beta: Any) -> Any:
    size = np.where(z == 0, 1.0, np.abs(z))  # the middle stays in the middle
    return 0.5 + 0.5 * np.sign(z) * sp.gammainc(1.0 / beta, size**beta)


def _extreme(z: Any, c: Any) -> Any:
    """Return the exponent -log(1 - c z) / c of the extreme values, with its limit z."""
    flat = c == 0
    c = np.where(flat, 1.0, c)
    return np.where(flat, z, -np.log1p(-c * np.where(flat, 0.0, z)) / c)


def _pareto_exponent(z: Any, c: Any) -> Any:
    flat = c == 0
    c = np.where(flat, 1.0, c)
    return np.where(flat, z, np.log1p(c * np.where(flat, 0.0, z)) / c)


def _johnson(z: Any) -> Any:
    return np.log(np.sqrt(z * z + 1.0))


def _skewed_t(z: Any, a: Any, b: Any) -> Any:
    ratio = z / np.sqrt(a + b + z * z)
    size = (a + b - 1.0) * np.log(2.0) + sp.betaln(a, b) + 0.5 * np.log(a + b)
    return (a + 0.5) * np.log1p(ratio) + (b + 0.5) * np.log1p(-ratio) - size


def _inverse_normal(z: Any, a: Any, b: Any) -> Any:
    root = np.sqrt(a * a - b * b)
    outer = np.sqrt(1.0 + z * z)
    bessel = np.log(sp.k1e(a * outer)) - a * outer
    return np.log(a) + root + b * z + bessel - np.log(outer)


def _generalized_gamma(z: Any, a: Any, c: Any) -> Any:
    return np.log(np.abs(c)) + sp.xlogy(c * a - 1.0, z) - z**c - sp.gammaln(a)


def _weibull(z: Any, c: Any) -> Any:
    return np.log(c) + _power(z, c) - z**c


FURTHER: dict[str, Known] = {
    "alpha": Known(
        lambda z, a: -2.0 * np.log(z) + _normal(a - 1.0 / z) - sp.log_ndtr(a),
        lambda z, a: sp.ndtr(a - 1.0 / z) / sp.ndtr(a),
    ),
    "anglit": Known(lambda z: np.log(np.cos(2.0 * z)), inside=0.25),
    "arcsine": Known(lambda z: -0.5 * np.log(z) - 0.5 * np.log1p(-z)),
    "betaprime": Known(
        lambda z, a, b: _power(z, a) - (a + b) * np.log1p(z) - sp.betaln(a, b),
        lambda z, a, b: sp.betainc(a, b, z / (1.0 + z)),
    ),
    "bradford": Known(
        lambda z, c: np.log(c) - np.log1p(c * z) - np.log(np.log1p(c)),
        lambda z, c: np.log1p(c * z) / np.log1p(c),
    ),
    "burr": Known(
        lambda z, c, d: (
            np.log(c) + np.log(d) + sp.xlogy(c * d - 1.0, z) - (d + 1.0) * np.log1p(z**c)
        ),
        lambda z, c, d: (1.0 + z ** (-c)) ** (-d),
    ),
    "burr12": Known(
        lambda z, c, d: np.log(c) + np.log(d) + _power(z, c) - (d + 1.0) * np.log1p(z**c),
        lambda z, c, d: -((1.0 + z**c) ** (-d)),
        tails={"logsf": lambda z, c, d: -d * np.log1p(z**c)},
    ),
    "chi": Known(
        lambda z, df: (
            _power(z, df) + _normal(z) - sp.gammaln(0.5 * df) - (0.5 * df - 1.0) * np.log(2.0)
        ),
        lambda z, df: sp.gammainc(0.5 * df, 0.5 * z * z),
    ),
    "cosine": Known(lambda z: np.log1p(np.cos(z))),
    "dgamma": Known(lambda z, a: _power(np.abs(z), a) - np.abs(z) - sp.gammaln(a)),
    "dweibull": Known(lambda z, c: _weibull(np.abs(z), c)),
    "erlang": Known(lambda z, a: _power(z, a) - z - sp.gammaln(a), lambda z, a: sp.gammainc(a, z)),
    "exponnorm": Known(
        lambda z, K: 0.5 / (K * K) - z / K + sp.log_ndtr(z - 1.0 / K) - np.log(K)  # noqa: N803
    ),
    "exponpow": Known(
        lambda z, b: np.log(b) + _power(z, b) + z**b - np.expm1(z**b),
        lambda z, b: -np.expm1(-np.expm1(z**b)),
    ),
    "exponweib": Known(
        lambda z, a, c: np.log(a) + sp.xlogy(a - 1.0, -np.expm1(-(z**c))) + _weibull(z, c),
        lambda z, a, c: (-np.expm1(-(z**c))) ** a,
    ),
    "fatiguelife": Known(
        lambda z, c: np.log1p(z) - np.log(c) - 1.5 * np.log(z) - (z - 1.0) ** 2 / (2.0 * z * c * c),
        lambda z, c: sp.ndtr((np.sqrt(z) - 1.0 / np.sqrt(z)) / c),
    ),
    "fisk": Known(
        lambda z, c: np.log(c) + _power(z, c) - 2.0 * np.log1p(z**c),
        lambda z, c: 1.0 / (1.0 + z ** (-c)),
    ),
    "foldcauchy": Known(
        lambda z, c: np.log(1.0 / (1.0 + (z - c) ** 2) + 1.0 / (1.0 + (z + c) ** 2)),
        lambda z, c: (np.arctan(z - c) + np.arctan(z + c)) / np.pi,
    ),
    "foldnorm": Known(
        lambda z, c: np.logaddexp(_normal(z - c), _normal(z + c)),
        lambda z, c: sp.ndtr(z - c) + sp.ndtr(z + c),
    ),
    "genexpon": Known(
        lambda z, a, b, c: (
            np.log(a - b * np.expm1(-c * z)) - (a + b) * z - b / c * np.expm1(-c * z)
        ),
        lambda z, a, b, c: -np.exp(-(a + b) * z - b / c * np.expm1(-c * z)),
    ),
    "genextreme": Known(
        lambda z, c: -(1.0 - c) * _extreme(z, c) - np.exp(-_extreme(z, c)),
        lambda z, c: np.exp(-np.exp(-_extreme(z, c))),
        tails={"logcdf": lambda z, c: -np.exp(-_extreme(z, c))},
    ),
    "gengamma": Known(_generalized_gamma),
    "genhalflogistic": Known(
        lambda z, c: (
            (1.0 / c - 1.0) * np.log1p(-c * z) - 2.0 * np.log1p((1.0 - c * z) ** (1.0 / c))
        ),
        lambda z, c: 2.0 / (1.0 + (1.0 - c * z) ** (1.0 / c)),
    ),
    "genlogistic": Known(
        lambda z, c: np.log(c) - z - (c + 1.0) * np.log1p(np.exp(-z)),
        lambda z, c: (1.0 + np.exp(-z)) ** (-c),
        tails={"logcdf": lambda z, c: -c * np.log1p(np.exp(-z))},
    ),
    "gennorm": Known(
        lambda z, beta: np.log(beta) - sp.gammaln(1.0 / beta) - np.abs(z) ** beta,
        _general_normal_share,
        moments={
            "mean": lambda beta: 0.0 * beta,
            "var": lambda beta: np.exp(sp.gammaln(3.0 / beta) - sp.gammaln(1.0 / beta)),
            "entropy": lambda beta: 1.0 / beta - np.log(beta) + sp.gammaln(1.0 / beta),
        },
    ),
    "genpareto": Known(
        lambda z, c: -(c + 1.0) * _pareto_exponent(z, c),
        lambda z, c: -np.exp(-_pareto_exponent(z, c)),
        tails={"logsf": lambda z, c: -_pareto_exponent(z, c)},
    ),
    "gibrat": Known(lambda z: -np.log(z) - 0.5 * np.log(z) ** 2),
    "gompertz": Known(
        lambda z, c: np.log(c) + z - c * np.expm1(z),
        lambda z, c: -np.exp(-c * np.expm1(z)),
        tails={"logsf": lambda z, c: -c * np.expm1(z)},
    ),
    "halfgennorm": Known(
        lambda z, beta: np.log(beta) - sp.gammaln(1.0 / beta) - z**beta,
        lambda z, beta: sp.gammainc(1.0 / beta, z**beta),
    ),
    "invgauss": Known(
        lambda z, mu: -1.5 * np.log(z) - ((z - mu) / mu) ** 2 / (2.0 * z),
        moments={"mean": lambda mu: mu, "var": lambda mu: mu**3},
    ),
    "invweibull": Known(
        lambda z, c: np.log(c) - (c + 1.0) * np.log(z) - z ** (-c),
        lambda z, c: np.exp(-(z ** (-c))),
        tails={"logcdf": lambda z, c: -(z ** (-c))},
    ),
    "jf_skew_t": Known(_skewed_t),
    "johnsonsb": Known(
        lambda z, a, b: np.log(b) - np.log(z) - np.log1p(-z) + _normal(a + b * sp.logit(z)),
        lambda z, a, b: sp.ndtr(a + b * sp.logit(z)),
    ),
    "johnsonsu": Known(
        lambda z, a, b: np.log(b) - _johnson(z) + _normal(a + b * np.arcsinh(z)),
        lambda z, a, b: sp.ndtr(a + b * np.arcsinh(z)),
    ),
    "kappa3": Known(
        lambda z, a: np.log(a) - (1.0 + 1.0 / a) * np.log(a + z**a),
        lambda z, a: z * (a + z**a) ** (-1.0 / a),
    ),
    "laplace_asymmetric": Known(
        lambda z, kappa: -z * np.where(z >= 0, kappa, -1.0 / kappa) - np.log(kappa + 1.0 / kappa),
        lambda z, kappa: np.where(
            z >= 0,
            -np.exp(-z * kappa) / (kappa * (kappa + 1.0 / kappa)),
            np.exp(np.where(z >= 0, 0.0, z) / kappa) * kappa / (kappa + 1.0 / kappa),
        ),
    ),
    "levy": Known(lambda z: -1.5 * np.log(z) - 0.5 / z),
    "levy_l": Known(lambda z: -1.5 * np.log(-z) + 0.5 / z, inside=-1.0),
    "loggamma": Known(
        lambda z, c: c * z - np.exp(z) - sp.gammaln(c),
        lambda z, c: sp.gammainc(c, np.exp(z)),
        moments={"mean": sp.psi, "var": lambda c: sp.zeta(2.0, c)},
    ),
    "loglaplace": Known(
        lambda z, c: np.log(c) + np.where(z < 1, c - 1.0, -c - 1.0) * np.log(z),
        lambda z, c: np.where(z < 1, 0.5 * z**c, 1.0 - 0.5 * z ** (-c)),
    ),
    "lomax": Known(
        lambda z, c: np.log(c) - (c + 1.0) * np.log1p(z),
        lambda z, c: -np.exp(-c * np.log1p(z)),
        tails={"logsf": lambda z, c: -c * np.log1p(z)},
    ),
    "mielke": Known(
        lambda z, k, s: np.log(k) + _power(z, k) - (1.0 + k / s) * np.log1p(z**s),
        lambda z, k, s: z**k / (1.0 + z**s) ** (k / s),
    ),
    "moyal": Known(lambda z: -0.5 * (z + np.exp(-z))),
    "nakagami": Known(
        lambda z, nu: sp.xlogy(nu, nu) - sp.gammaln(nu) + sp.xlogy(2.0 * nu - 1.0, z) - nu * z * z,
        lambda z, nu: sp.gammainc(nu, nu * z * z),
    ),
    "norminvgauss": Known(_inverse_normal),
    "powerlognorm": Known(
        lambda z, c, s: (
            np.log(c)
            - np.log(z)
            - np.log(s)
            + _normal(np.log(z) / s)
            + (c - 1.0) * sp.log_ndtr(-np.log(z) / s)
        ),
        lambda z, c, s: -np.exp(c * sp.log_ndtr(-np.log(z) / s)),
        tails={"logsf": lambda z, c, s: c * sp.log_ndtr(-np.log(z) / s)},
    ),
    "powernorm": Known(
        lambda z, c: np.log(c) + _normal(z) + (c - 1.0) * sp.log_ndtr(-z),
        lambda z, c: -np.exp(c * sp.log_ndtr(-z)),
        tails={"logsf": lambda z, c: c * sp.log_ndtr(-z)},
    ),
    "rdist": Known(
        lambda z, c: (0.5 * c - 1.0) * np.log1p(-z * z) - sp.betaln(0.5, 0.5 * c),
    ),
    "recipinvgauss": Known(
        lambda z, mu: -0.5 * np.log(z) - (1.0 - mu * z) ** 2 / (2.0 * z * mu * mu),
    ),
    "rice": Known(
        lambda z, b: np.log(z) - 0.5 * (z - b) ** 2 + np.log(sp.i0e(z * b)),
    ),
    "semicircular": Known(lambda z: 0.5 * np.log1p(-z * z)),
    "skewcauchy": Known(
        lambda z, a: -np.log1p((z / (1.0 + a * np.sign(z))) ** 2),
        lambda z, a: (
            0.5 * (1.0 - a) + (1.0 + a * np.sign(z)) / np.pi * np.arctan(z / (1.0 + a * np.sign(z)))
        ),
    ),
    "truncexpon": Known(
        lambda z, b: -z - np.log(-np.expm1(-b)),
        lambda z, b: np.expm1(-z) / np.expm1(-b),
    ),
    "truncnorm": Known(
        lambda z, a, b: _normal(z) - _between_normals(a, b),
        _truncated_share,
        tails={
            "logcdf": lambda z, a, b: _between_normals(a, z) - _between_normals(a, b),
            "logsf": lambda z, a, b: _between_normals(z, b) - _between_normals(a, b),
        },
    ),
    "truncpareto": Known(
        lambda z, b, c: np.log(b) - np.log(-np.expm1(-b * np.log(c))) - (b + 1.0) * np.log(z),
        lambda z, b, c: np.expm1(-b * np.log(z)) / np.expm1(-b * np.log(c)),
        inside=1.5,
    ),
    "vonmises_line": Known(lambda z, kappa: kappa * (np.cos(z) - 1.0) - np.log(sp.i0e(kappa))),
    "wald": Known(lambda z: -1.5 * np.log(z) - (z - 1.0) ** 2 / (2.0 * z)),
    "weibull_max": Known(
        lambda z, c: _weibull(-z, c),
        lambda z, c: np.exp(-((-z) ** c)),
        tails={"logcdf": lambda z, c: -((-z) ** c)},
        inside=-0.5,
    ),
    "wrapcauchy": Known(_wrapped_cauchy, _wrapped_cauchy_share),
}

COUNTED: dict[str, Known] = {
    "betabinom": Known(
        lambda k, n, a, b: sp.betaln(k + a, n - k + b) - sp.betaln(a, b),
        moments={
            "mean": lambda n, a, b: n * a / (a + b),
            "var": lambda n, a, b: n * a * b * (a + b + n) / ((a + b) ** 2 * (a + b + 1.0)),
        },
        inside=0.0,
        fixed=("n",),
        largest=lambda n, a, b: n,
    ),
    "betanbinom": Known(
        lambda k, n, a, b: sp.betaln(a + n, b + k) - sp.betaln(a, b),
        inside=0.0,
        fixed=("n",),
    ),
    "logser": Known(
        lambda k, p: sp.xlogy(k, p) - np.log(-np.log1p(-p)),
        moments={
            "mean": lambda p: p / ((p - 1.0) * np.log1p(-p)),
        },
        inside=1.0,
    ),
    "planck": Known(
        lambda k, lambda_: np.log(-np.expm1(-lambda_)) - lambda_ * k,
        lambda k, lambda_: -np.exp(-lambda_ * (np.floor(k) + 1.0)),
        inside=0.0,
    ),
    "boltzmann": Known(
        lambda k, lambda_, count: (
            -lambda_ * k + np.log(-np.expm1(-lambda_)) - np.log(-np.expm1(-lambda_ * count))
        ),
        inside=0.0,
        fixed=("N",),
        largest=lambda lambda_, count: count - 1.0,
    ),
    "yulesimon": Known(lambda k, alpha: np.log(alpha) + sp.betaln(k, alpha + 1.0), inside=1.0),
    "zipf": Known(lambda k, a: -a * np.log(k) - _log_zeta(a), inside=1.0),
}


def _log_zeta(a: Any) -> Any:
    from autograd_core.rules.scipy_zeta import riemann

    return np.log(riemann(a))
