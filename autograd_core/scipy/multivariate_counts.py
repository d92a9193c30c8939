"""SciPy's multinomial distributions: their own values, with derivatives in the parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats as _stats

from autograd_core.rules.scipy_ufuncs import sp
from autograd_core.scipy.multivariate import _density, _Fallback, _Held
from autograd_core.scipy.values import as_floats, is_traced, refuse, valued

_multinomial, _dirichlet = _stats.multinomial, _stats.dirichlet_multinomial


def _whole(name: str, x: Any, n: Any) -> None:
    if is_traced(x, n):
        raise refuse(f"stats.{name}", "the derivative in x and n does not exist: counts are "
                     "integers.", "Pass them as constants (x.detach() on a Tensor).")  # fmt: skip


def _used(p: Any) -> Any:
    """Return the probabilities as SciPy reads them: the last one is what is left of 1."""
    rest = 1.0 - np.sum(p[..., :-1], axis=-1, keepdims=True)
    off = np.abs(1.0 - np.sum(p, axis=-1, keepdims=True)) > np.finfo(float).eps * p.shape[-1]
    return np.concatenate([p[..., :-1], np.where(off, rest, p[..., -1:])], axis=-1)


def _multinomial_log(p: Any, *, x: Any, n: Any) -> Any:
    return np.sum(sp.xlogy(np.asarray(x), _used(p)), axis=-1)


def _multinomial_cov(p: Any, *, n: Any) -> Any:
    p = _used(p)
    n = np.asarray(n)[..., None, None]
    return n * (p[..., :, None] * np.eye(p.shape[-1]) - p[..., :, None] * p[..., None, :])


_multinomial_logs = valued(
    lambda p, *, x, n: np.asarray(_multinomial.logpmf(x, n, p)),
    _multinomial_log,
    "multinomial.logpmf",
    arity=1,
)
_multinomial_masses = _density(
    lambda p, *, x, n: np.asarray(_multinomial.pmf(x, n, p)), _multinomial_logs, "multinomial.pmf"
)
_multinomial_covs = valued(
    lambda p, *, n: np.asarray(_multinomial.cov(n, p)), _multinomial_cov, "multinomial.cov", arity=1
)


class Multinomial(_Fallback):
    """Counts of several outcomes, called as `scipy.stats.multinomial`.

    Differentiable in p: logpmf and pmf (the entries of p that add up to 1 taken as independent;
    where they do not, the last one is 1 minus the others, as SciPy has it), mean and cov.
    """

    scipy = _multinomial
    name = "multinomial"

    def logpmf(self, x: Any, n: Any, p: Any) -> Any:
        """Return the logarithm of the probability."""
        _whole("multinomial.logpmf", x, n)
        if not is_traced(p):
            return _multinomial.logpmf(x, n, p)
        return _multinomial_logs(as_floats(p), x=x, n=n)

    def pmf(self, x: Any, n: Any, p: Any) -> Any:
        """Return the probability."""
        _whole("multinomial.pmf", x, n)
        if not is_traced(p):
            return _multinomial.pmf(x, n, p)
        return _multinomial_masses(as_floats(p), x=x, n=n)

    def mean(self, n: Any, p: Any) -> Any:
        """Return the mean, n p."""
        _whole("multinomial.mean", 0, n)
        if not is_traced(p):
            return _multinomial.mean(n, p)
        return np.asarray(n)[..., None] * _used(as_floats(p))

    def cov(self, n: Any, p: Any) -> Any:
        """Return the covariance, n (diag(p) - p p^T)."""
        _whole("multinomial.cov", 0, n)
        return _multinomial_covs(as_floats(p), n=n) if is_traced(p) else _multinomial.cov(n, p)

    def __call__(self, n: Any, p: Any, seed: Any = None) -> Any:
        """Return the distribution with its parameters held."""
        own = None if is_traced(n, p) else _multinomial(n, p, seed)
        return _Held(self, {"n": n, "p": p}, {}, own)


def _dirichlet_log(alpha: Any, *, x: Any, n: Any) -> Any:
    total = np.sum(alpha, axis=-1)
    parts = np.sum(sp.gammaln(np.asarray(x) + alpha) - sp.gammaln(alpha), axis=-1)
    return sp.gammaln(total) - sp.gammaln(np.asarray(n) + total) + parts


_dirichlet_logs = valued(
    lambda alpha, *, x, n: np.asarray(_dirichlet.logpmf(x, alpha, n)),
    _dirichlet_log,
    "dirichlet_multinomial.logpmf",
    arity=1,
)
_dirichlet_masses = _density(
    lambda alpha, *, x, n: np.asarray(_dirichlet.pmf(x, alpha, n)),
    _dirichlet_logs,
    "dirichlet_multinomial.pmf",
)


class DirichletMultinomial(_Fallback):
    """Counts whose probabilities are Dirichlet, called as `scipy.stats.dirichlet_multinomial`.

    Differentiable in alpha: logpmf, pmf and mean.
    """

    scipy = _dirichlet
    name = "dirichlet_multinomial"

    def logpmf(self, x: Any, alpha: Any, n: Any) -> Any:
        """Return the logarithm of the probability."""
        _whole("dirichlet_multinomial.logpmf", x, n)
        if not is_traced(alpha):
            return _dirichlet.logpmf(x, alpha, n)
        return _dirichlet_logs(as_floats(alpha), x=x, n=n)

    def pmf(self, x: Any, alpha: Any, n: Any) -> Any:
        """Return the probability."""
        _whole("dirichlet_multinomial.pmf", x, n)
        if not is_traced(alpha):
            return _dirichlet.pmf(x, alpha, n)
        return _dirichlet_masses(as_floats(alpha), x=x, n=n)

    def mean(self, alpha: Any, n: Any) -> Any:
        """Return the mean, n alpha / sum(alpha)."""
        _whole("dirichlet_multinomial.mean", 0, n)
        if not is_traced(alpha):
            return _dirichlet.mean(alpha, n)
        alpha = as_floats(alpha)
        return np.asarray(n)[..., None] * alpha / np.sum(alpha, axis=-1, keepdims=True)

    def __call__(self, alpha: Any, n: Any, seed: Any = None) -> Any:
        """Return the distribution with its parameters held."""
        own = None if is_traced(alpha, n) else _dirichlet(alpha, n, seed)
        return _Held(self, {"alpha": alpha, "n": n}, {}, own)


multinomial, dirichlet_multinomial = Multinomial(), DirichletMultinomial()

__all__ = ["dirichlet_multinomial", "multinomial"]
