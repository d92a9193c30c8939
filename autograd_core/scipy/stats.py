"""Log-densities of scipy.stats' usual distributions, differentiable in all their parameters.

Called as SciPy's: ``norm.logpdf(x, loc, scale)``, ``gamma.logpdf(x, a)``, ...
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as _sp
import scipy.stats as _stats

from autograd_core.rules.linalg import cholesky as _cholesky
from autograd_core.scipy.linalg import solve_triangular as _solve_triangular

_LOG_TWO_PI = float(np.log(2 * np.pi))


def __getattr__(name: str) -> Any:
    return getattr(_stats, name)  # for arrays that are not differentiated


class Continuous:
    """A distribution over the reals by its log-density in standard form.

    Subclasses give ``_logpdf(z, *shapes)`` and, where they are known,
    ``_cdf`` and ``_logcdf``; location and scale come here.
    """

    shapes = 0

    def _parse(self, x: Any, parameters: tuple[Any, ...], loc: Any, scale: Any) -> Any:
        rest = parameters[self.shapes :]
        loc = rest[0] if rest else loc
        scale = rest[1] if len(rest) > 1 else scale
        return (np.subtract(x, loc)) / scale, parameters[: self.shapes], scale

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return 1.0 - self._cdf(z, *shapes)

    def _logcdf(self, z: Any, *shapes: Any) -> Any:
        return np.log(self._cdf(z, *shapes))

    def _logsf(self, z: Any, *shapes: Any) -> Any:
        return np.log(self._sf(z, *shapes))

    def logpdf(self, x: Any, *parameters: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Return the log of the density."""
        z, shapes, scale = self._parse(x, parameters, loc, scale)
        return self._logpdf(z, *shapes) - np.log(scale)

    def pdf(self, x: Any, *parameters: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Return the density."""
        return np.exp(self.logpdf(x, *parameters, loc=loc, scale=scale))

    def cdf(self, x: Any, *parameters: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Return the probability of values up to x."""
        z, shapes, _ = self._parse(x, parameters, loc, scale)
        return self._cdf(z, *shapes)

    def sf(self, x: Any, *parameters: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Return the probability of values above x."""
        z, shapes, _ = self._parse(x, parameters, loc, scale)
        return self._sf(z, *shapes)

    def logcdf(self, x: Any, *parameters: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Return the log of `cdf`."""
        z, shapes, _ = self._parse(x, parameters, loc, scale)
        return self._logcdf(z, *shapes)

    def logsf(self, x: Any, *parameters: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Return the log of `sf`."""
        z, shapes, _ = self._parse(x, parameters, loc, scale)
        return self._logsf(z, *shapes)


class Normal(Continuous):
    """Gaussian."""

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        return -0.5 * (z * z + _LOG_TWO_PI)

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return _sp.ndtr(z)

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return _sp.ndtr(-z)

    def _logcdf(self, z: Any, *shapes: Any) -> Any:
        return _sp.log_ndtr(z)

    def _logsf(self, z: Any, *shapes: Any) -> Any:
        return _sp.log_ndtr(-z)


class Gamma(Continuous):
    """Gamma with shape a."""

    shapes = 1

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        (a,) = shapes
        return _sp.xlogy(a - 1.0, z) - z - _sp.gammaln(a)

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return _sp.gammainc(shapes[0], z)

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return _sp.gammaincc(shapes[0], z)


class ChiSquared(Continuous):
    """Chi-squared with df degrees of freedom."""

    shapes = 1

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        (df,) = shapes
        half = 0.5 * df
        return _sp.xlogy(half - 1.0, z) - 0.5 * z - _sp.gammaln(half) - half * float(np.log(2.0))

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return _sp.gammainc(0.5 * shapes[0], 0.5 * z)


class Beta(Continuous):
    """Beta with shapes a and b."""

    shapes = 2

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        a, b = shapes
        return _sp.xlogy(a - 1.0, z) + _sp.xlog1py(b - 1.0, -z) - _sp.betaln(a, b)

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return _sp.betainc(*shapes, z)


class StudentT(Continuous):
    """Student's t with df degrees of freedom."""

    shapes = 1

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        (df,) = shapes
        half = 0.5 * (df + 1.0)
        scale = _sp.gammaln(half) - _sp.gammaln(0.5 * df) - 0.5 * np.log(df * float(np.pi))
        return scale - half * np.log1p(z * z / df)

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return _sp.stdtr(shapes[0], z)

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return _sp.stdtr(shapes[0], -z)


class Exponential(Continuous):
    """Exponential on z > 0."""

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        return -z

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return np.exp(-z)

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return -np.expm1(-z)


class Laplace(Continuous):
    """Two-sided exponential."""

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        return -np.abs(z) - float(np.log(2.0))


class Logistic(Continuous):
    """Logistic."""

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        return -z - 2.0 * np.logaddexp(0.0, -z)

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return _sp.expit(z)


class Cauchy(Continuous):
    """Cauchy."""

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        return -np.log1p(z * z) - float(np.log(np.pi))

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return 0.5 + np.arctan(z) / float(np.pi)


norm, gamma, chi2, beta = Normal(), Gamma(), ChiSquared(), Beta()
t, expon, laplace, logistic, cauchy = StudentT(), Exponential(), Laplace(), Logistic(), Cauchy()


class Poisson:
    """Poisson counts with mean mu."""

    def logpmf(self, k: Any, mu: Any) -> Any:
        """Return the log-probability."""
        return _sp.xlogy(k, mu) - mu - _sp.gammaln(np.add(k, 1.0))

    def pmf(self, k: Any, mu: Any) -> Any:
        """Return the probability."""
        return np.exp(self.logpmf(k, mu))

    def cdf(self, k: Any, mu: Any) -> Any:
        """Return the probability of counts up to k, differentiable in mu."""
        return _sp.gammaincc(np.floor(k) + 1.0, mu)


class Bernoulli:
    """0 or 1, the latter with probability p."""

    def logpmf(self, k: Any, p: Any) -> Any:
        """Return the log-probability."""
        return _sp.xlogy(k, p) + _sp.xlog1py(np.subtract(1.0, k), -p)

    def pmf(self, k: Any, p: Any) -> Any:
        """Return the probability."""
        return np.exp(self.logpmf(k, p))


class MultivariateNormal:
    """Gaussian over vectors."""

    def logpdf(self, x: Any, mean: Any, cov: Any) -> Any:
        """Return the log-density of x (..., d) with mean (d,) and covariance (d, d)."""
        factor = _cholesky(cov)
        d = np.subtract(x, mean)
        n = np.shape(d)[-1]
        flat = np.reshape(d, (-1, n)).T
        z = _solve_triangular(factor, flat, lower=True)
        square = np.reshape(np.sum(z * z, axis=0), np.shape(d)[:-1])
        return -0.5 * (square + n * _LOG_TWO_PI) - np.sum(np.log(np.diagonal(factor)))

    def pdf(self, x: Any, mean: Any, cov: Any) -> Any:
        """Return the density."""
        return np.exp(self.logpdf(x, mean, cov))

    def entropy(self, mean: Any, cov: Any) -> Any:
        """Return the differential entropy."""
        n = np.shape(cov)[-1]
        return 0.5 * n * (1.0 + _LOG_TWO_PI) + np.sum(np.log(np.diagonal(_cholesky(cov))))


class Dirichlet:
    """Dirichlet over the simplex."""

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """Return the log-density of x (d,) with concentrations alpha (d,)."""
        normal = _sp.gammaln(np.sum(alpha)) - np.sum(_sp.gammaln(alpha))
        return normal + np.sum(_sp.xlogy(np.subtract(alpha, 1.0), x))

    def pdf(self, x: Any, alpha: Any) -> Any:
        """Return the density."""
        return np.exp(self.logpdf(x, alpha))


poisson, bernoulli = Poisson(), Bernoulli()
multivariate_normal, dirichlet = MultivariateNormal(), Dirichlet()
