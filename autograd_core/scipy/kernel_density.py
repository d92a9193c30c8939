"""scipy.stats.gaussian_kde: differentiable in places, samples, weights and bandwidth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats as _stats

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.scipy_ufuncs import sp
from autograd_core.rules.triangular import solve_triangular
from autograd_core.scipy.guards import refusing
from autograd_core.scipy.special import logsumexp
from autograd_core.scipy.values import as_floats, is_traced, refuse, valued

_LOG_2PI = float(np.log(2.0 * np.pi))


def _covariance(dataset: Any, weights: Any, factor: Any) -> Any:
    """Return the covariance of one kernel: that of the samples, times the bandwidth squared."""
    centred = dataset - (dataset @ weights)[:, None]
    return (centred * weights) @ centred.T / (1.0 - np.sum(weights * weights)) * factor**2


def _log_sums(points: Any, sites: Any, weights: Any, cov: Any) -> Any:
    """Return the logarithm of sums of normal densities around sites, at each point."""
    factor = np.linalg.cholesky(cov)
    d = sites.shape[0]
    between = np.reshape(points[:, None, :] - sites[:, :, None], (d, -1))
    scaled = solve_triangular(factor, between, lower=True)
    energy = np.reshape(np.sum(scaled * scaled, axis=0), (sites.shape[1], points.shape[1]))
    size = 0.5 * d * _LOG_2PI + np.sum(np.log(np.diagonal(factor)))
    return logsumexp(-0.5 * energy, axis=0, b=weights[:, None]) - size


def _log_density(points: Any, dataset: Any, weights: Any, factor: Any) -> Any:
    return _log_sums(points, dataset, weights, _covariance(dataset, weights, factor))


def _own(dataset: Any, weights: Any, factor: Any) -> Any:
    return _stats.gaussian_kde(dataset, float(factor), weights)


def _box(low: Any, high: Any, dataset: Any, weights: Any, factor: Any) -> Any:
    spread = np.sqrt(_covariance(dataset, weights, factor))[0, 0]
    ends = [sp.ndtr((end - dataset[0]) / spread) for end in (low, high)]
    return np.sum(weights * (ends[1] - ends[0]))


def _with_normal(mean: Any, cov: Any, dataset: Any, weights: Any, factor: Any) -> Any:
    mean = np.reshape(mean, (-1, 1))
    cov = np.reshape(cov, (mean.shape[0],) * 2) + _covariance(dataset, weights, factor)
    return np.exp(_log_sums(mean, dataset, weights, cov))[0]


def _with_other(first: Any, w1: Any, f1: Any, second: Any, w2: Any, f2: Any) -> Any:
    cov = _covariance(first, w1, f1) + _covariance(second, w2, f2)
    return np.sum(w2 * np.exp(_log_sums(second, first, w1, cov)))


def _declared(method: str, composition: Callable[..., Any], before: int) -> Primitive:
    """Declare a method by its arguments, then samples, weights and bandwidth."""

    def value(*arrays: Any) -> Any:
        own = _own(*arrays[before:])
        return np.asarray(getattr(own, method)(*arrays[:before]))[()]

    return valued(value, composition, f"gaussian_kde.{method}", arity=before + 3)


_densities: dict[str, Primitive] = {
    "evaluate": _declared("evaluate", lambda *a: np.exp(_log_density(*a)), 1),
    "logpdf": _declared("logpdf", _log_density, 1),
    "integrate_box_1d": _declared("integrate_box_1d", _box, 2),
    "integrate_gaussian": _declared("integrate_gaussian", _with_normal, 2),
}
_both = valued(
    lambda a, v, f, b, w, g: np.asarray(_own(a, v, f).integrate_kde(_own(b, w, g)))[()],
    _with_other,
    "gaussian_kde.integrate_kde",
    arity=6,
)


class gaussian_kde:  # noqa: N801 - SciPy's name
    """Estimate a density by Gaussian kernels; differentiable in all that is given.

    Parameters
    ----------
    dataset : array (n,) or (d, n)
        The samples.
    bw_method : str, float or callable, optional
        As SciPy's: "scott", "silverman", a factor (which may be traced), or a function of the
        estimate.
    weights : array (n,), optional
        Of the samples; they are divided by their sum.

    Raises
    ------
    UnsupportedError
        In `resample`, `integrate_box` and `marginal` with traced values.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> sample = np.array([0.0, 1.0, 3.0])
    >>> round(grad(lambda x: gaussian_kde(sample)(x)[0])(4.0), 4)
    -0.064
    """

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        self._scipy = None
        if not is_traced(dataset, bw_method, weights):
            named = None if callable(bw_method) else bw_method
            self._scipy = _stats.gaussian_kde(dataset, named, weights)
            self.dataset, self.weights = self._scipy.dataset, self._scipy.weights
        else:
            self.dataset = np.atleast_2d(as_floats(dataset))
            self.weights = self._weights(weights)
        self.d, self.n = self.dataset.shape
        self.set_bandwidth("scott" if bw_method is None else bw_method)

    def _weights(self, weights: Any) -> Any:
        d, n = self.dataset.shape
        if n < max(2, d):
            raise errors.ShapeError(
                f"gaussian_kde: dataset has {n} samples of {d} numbers; it needs two samples at "
                "least, and no fewer samples than numbers. Each column is a sample.",
                Location.of_caller(),
            )
        if weights is None:
            return np.full(n, 1.0 / n)
        weights = np.atleast_1d(as_floats(weights))
        if weights.shape != (n,):
            raise errors.ShapeError(
                f"gaussian_kde: weights has shape {weights.shape}, and there are {n} samples; it "
                "needs one number for each.", Location.of_caller(),
            )  # fmt: skip
        return weights / np.sum(weights)

    @property
    def neff(self) -> Any:
        """Return how many samples of equal weight would count as much."""
        return 1.0 / np.sum(self.weights * self.weights)

    def scotts_factor(self) -> Any:
        """Return Scott's factor: neff^(-1 / (d + 4))."""
        return self.neff ** (-1.0 / (self.d + 4))

    def silverman_factor(self) -> Any:
        """Return Silverman's factor: (neff (d + 2) / 4)^(-1 / (d + 4))."""
        return (self.neff * (self.d + 2.0) / 4.0) ** (-1.0 / (self.d + 4))

    def covariance_factor(self) -> Any:
        """Return the factor of the bandwidth."""
        return self.factor

    def set_bandwidth(self, bw_method: Any = None) -> None:
        """Choose the bandwidth anew, as in the constructor; None leaves it as it is."""
        if bw_method is None:
            return
        factor = bw_method(self) if callable(bw_method) else bw_method
        if self._scipy is not None and not is_traced(factor):
            self._scipy.set_bandwidth((lambda _: factor) if callable(bw_method) else factor)
            self.factor: Any = self._scipy.factor
            return
        self._scipy = None
        if isinstance(factor, str) and factor in ("scott", "silverman"):
            factor = self.scotts_factor() if factor == "scott" else self.silverman_factor()
        elif isinstance(factor, str) or np.ndim(factor):
            raise ValueError("`bw_method` should be 'scott', 'silverman', a scalar or a "
                             "callable.")  # fmt: skip
        self.factor = as_floats(factor)

    @property
    def covariance(self) -> Any:
        """Return the covariance of one kernel."""
        if self._scipy is not None:
            return self._scipy.covariance
        return _covariance(self.dataset, self.weights, self.factor)

    def _parts(self) -> tuple[Any, Any, Any]:
        return self.dataset, self.weights, as_floats(self.factor)

    def _places(self, points: Any) -> Any:
        points = as_floats(points)
        points = np.reshape(points, (1, -1)) if points.ndim < 2 else points
        if points.shape[0] != self.d:
            if points.shape == (1, self.d):
                return np.reshape(points, (self.d, 1))
            raise ValueError(f"points have dimension {points.shape[0]}, dataset has dimension "
                             f"{self.d}")  # fmt: skip
        return points

    def evaluate(self, points: Any) -> Any:
        """Return the density at points, shape (d, m) or (m,)."""
        if self._scipy is not None and not is_traced(points):
            return self._scipy.evaluate(points)
        return _densities["evaluate"](self._places(points), *self._parts())

    __call__ = evaluate

    def pdf(self, x: Any) -> Any:
        """Return the density at x."""
        return self.evaluate(x)

    def logpdf(self, x: Any) -> Any:
        """Return the logarithm of the density at x."""
        if self._scipy is not None and not is_traced(x):
            return self._scipy.logpdf(x)
        return _densities["logpdf"](self._places(x), *self._parts())

    def integrate_box_1d(self, low: Any, high: Any) -> Any:
        """Return the probability between two numbers."""
        if self.d != 1:
            raise ValueError("integrate_box_1d() only handles 1D pdfs")
        if self._scipy is not None and not is_traced(low, high):
            return self._scipy.integrate_box_1d(low, high)
        ends = as_floats(low), as_floats(high)
        return _densities["integrate_box_1d"](*ends, *self._parts())

    def integrate_gaussian(self, mean: Any, cov: Any) -> Any:
        """Return the integral of the density times a normal density."""
        if self._scipy is not None and not is_traced(mean, cov):
            return self._scipy.integrate_gaussian(mean, cov)
        mean, cov = np.atleast_1d(as_floats(mean)), np.atleast_2d(as_floats(cov))
        return _densities["integrate_gaussian"](mean, cov, *self._parts())

    def integrate_kde(self, other: Any) -> Any:
        """Return the integral of the product of two estimates."""
        own = other._scipy if isinstance(other, gaussian_kde) else other
        if self._scipy is not None and own is not None:
            return self._scipy.integrate_kde(own)
        if other.d != self.d:
            raise ValueError("KDEs are not the same dimensionality")
        parts = other.dataset, other.weights, as_floats(other.factor)  # SciPy's estimate has them
        return _both(*self._parts(), *parts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        own = self._scipy
        if own is None:
            getattr(_stats.gaussian_kde, name)  # SciPy's AttributeError, if it has none
            raise refuse(f"stats.gaussian_kde.{name}", "is not there of traced values.",
                         "Make the estimate of constants (x.detach() on a Tensor).")  # fmt: skip
        value = getattr(own, name)
        return refusing(value, f"stats.gaussian_kde.{name}") if callable(value) else value


__all__ = ["gaussian_kde"]
