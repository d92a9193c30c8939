"""SciPy's multivariate normal and Dirichlet distributions: their own values, with derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats as _stats

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.boxed import Boxed, bare
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.scipy_ufuncs import sp
from autograd_core.scipy.guards import refusing
from autograd_core.scipy.values import is_traced, valued

_normal, _dirichlet = _stats.multivariate_normal, _stats.dirichlet
Function = Callable[..., Any]


class _Fallback:
    """A distribution of vectors whose other methods are SciPy's own, for constants."""

    scipy: Any
    name = ""

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.scipy, name)
        if name.startswith("_") or not callable(method):
            return method
        return refusing(method, f"stats.{self.name}.{name}")


# --- normal --------------------------------------------------------------------


def _matrix(cov: Any, n: int) -> Any:
    """Return a covariance as SciPy reads it: a number is a multiple of 1, a vector a diagonal.

    Of a matrix SciPy reads the lower triangle; the derivative is the symmetric one, as that of
    `numpy.linalg.cholesky` is here.
    """
    if np.ndim(cov) == 0 or n == 1:
        return np.reshape(cov, (1, 1)) * np.eye(n)
    if np.ndim(cov) == 1:
        return np.reshape(cov, (n, 1)) * np.eye(n)
    plain = bare(cov)
    read = np.tril(plain) + np.tril(plain, -1).T
    return 0.5 * (cov + cov.T) + (read - 0.5 * (plain + plain.T))


def _points(x: Any, n: int) -> Any:
    """Return points as rows, as SciPy reads them: in one dimension, a vector is many points."""
    if np.ndim(x) == 0:
        return np.reshape(x, (1, 1))
    if np.ndim(x) == 1:
        return np.reshape(x, (-1, 1) if n == 1 else (1, -1))
    return x


def _normal_log(x: Any, mean: Any, cov: Any, *, singular: bool = False, held: Any = None) -> Any:
    n = int(np.size(bare(mean)))
    matrix = _matrix(cov, n)
    d = _points(x, n) - np.reshape(mean, (n,))
    if singular and np.linalg.matrix_rank(bare(matrix), hermitian=True) < n:
        if matrix is not bare(matrix):
            raise errors.LinearAlgebraError(
                "multivariate_normal: there is no derivative in a singular covariance; pass it as "
                "a constant, or add a multiple of the identity.",
                Location.of_caller(),
            )
        made = -0.5 * np.sum((d @ np.linalg.pinv(matrix, hermitian=True)) * d, axis=-1)
        outside = np.isneginf(_normal.logpdf(bare(x), bare(mean), held or bare(cov), True))
        return np.where(outside, 0.0, np.squeeze(made))
    flat = np.reshape(d, (-1, n)).T
    square = np.reshape(np.sum(np.linalg.solve(matrix, flat) * flat, axis=0), np.shape(d)[:-1])
    return np.squeeze(-0.5 * (square + np.linalg.slogdet(matrix)[1]))


def _normal_entropy(mean: Any, cov: Any, *, held: Any = None) -> Any:
    return 0.5 * np.linalg.slogdet(_matrix(cov, int(np.size(bare(mean)))))[1]


_normal_logs: Primitive = valued(
    lambda x, mean, cov, singular=False, held=None: np.asarray(
        _normal.logpdf(x, mean, cov if held is None else held, singular)
    ),
    _normal_log,
    "multivariate_normal.logpdf",
    arity=3,
)


def _density(value: Function, logarithm: Primitive, name: str) -> Primitive:
    """Declare a density by its logarithm."""

    def back(rule: Any) -> Function:
        return lambda g, y, *args, **settings: rule(g * y, y, *args, **settings)

    def ahead(rule: Any) -> Function:
        return lambda t, y, *args, **settings: y * rule(t, y, *args, **settings)

    vjps, jvps = map(back, logarithm.vjps or ()), map(ahead, logarithm.jvps or ())
    arity = logarithm.arity
    return primitive(value, vjp=[*vjps], jvp=[*jvps], name=name, arity=arity, category="scipy")


_normal_pdf: Primitive = _density(
    lambda x, mean, cov, singular=False, held=None: np.asarray(
        _normal.pdf(x, mean, cov if held is None else held, singular)
    ),
    _normal_logs,
    "multivariate_normal.pdf",
)
_normal_entropies: Primitive = valued(
    lambda mean, cov, held=None: np.asarray(_normal.entropy(mean, cov if held is None else held)),
    _normal_entropy,
    "multivariate_normal.entropy",
    arity=2,
)


def _parameters(mean: Any, cov: Any) -> tuple[Any, Any, Any]:
    """Return mean and covariance as arrays, and SciPy's Covariance object if it is one."""
    held = cov if hasattr(cov, "covariance") else None
    cov = 1.0 if cov is None else cov if held is None else cov.covariance
    cov = cov if isinstance(cov, Boxed) else np.asarray(cov, dtype=float)
    if mean is None:
        mean = np.zeros(np.shape(cov)[0] if np.ndim(cov) > 1 else 1)
    return mean if isinstance(mean, Boxed) else np.asarray(mean, dtype=float), cov, held


class MultivariateNormal(_Fallback):
    """Gaussian over vectors, called as `scipy.stats.multivariate_normal`.

    Differentiable: logpdf and pdf in x, mean and cov; entropy in cov.
    """

    scipy = _normal
    name = "multivariate_normal"

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """Return the log-density."""
        if not is_traced(x, mean, cov):
            return _normal.logpdf(x, mean, cov, allow_singular)
        mean, cov, held = _parameters(mean, cov)
        return _normal_logs(x, mean, cov, singular=allow_singular, held=held)

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """Return the density."""
        if not is_traced(x, mean, cov):
            return _normal.pdf(x, mean, cov, allow_singular)
        mean, cov, held = _parameters(mean, cov)
        return _normal_pdf(x, mean, cov, singular=allow_singular, held=held)

    def entropy(self, mean: Any = None, cov: Any = 1) -> Any:
        """Return the differential entropy."""
        if not is_traced(mean, cov):
            return _normal.entropy(mean, cov)
        mean, cov, held = _parameters(mean, cov)
        return _normal_entropies(mean, cov, held=held)

    def __call__(
        self, mean: Any = None, cov: Any = 1, allow_singular: bool = False, **keywords: Any
    ) -> Any:
        """Return the distribution with its parameters held."""
        own = None
        if not is_traced(mean, cov):
            own = _normal(mean, cov, allow_singular, **keywords)
        given = {"mean": mean, "cov": cov}
        return _Held(self, given, {"allow_singular": allow_singular, **keywords}, own)


# --- Dirichlet -----------------------------------------------------------------


def _dirichlet_log(x: Any, alpha: Any) -> Any:
    if np.shape(x)[0] < np.shape(alpha)[0]:  # the last entry is what is left
        x = np.concatenate([x, 1.0 - np.sum(x, axis=0, keepdims=True)])
    size = sp.gammaln(np.sum(alpha)) - np.sum(sp.gammaln(alpha))
    return np.squeeze(size + np.sum(sp.xlogy(alpha - 1.0, x.T).T, axis=0))


def _dirichlet_entropy(alpha: Any) -> Any:
    total = np.sum(alpha)
    size = np.sum(sp.gammaln(alpha)) - sp.gammaln(total)
    spread = (total - np.shape(alpha)[0]) * sp.psi(total)
    return size + spread - np.sum((alpha - 1.0) * sp.psi(alpha))


def _dirichlet_var(alpha: Any) -> Any:
    total = np.sum(alpha)
    return alpha * (total - alpha) / (total * total * (total + 1.0))


_dirichlet_logs: Primitive = valued(
    lambda x, alpha: np.asarray(_dirichlet.logpdf(x, alpha)),
    _dirichlet_log,
    "dirichlet.logpdf",
    arity=2,
)
_dirichlet_moments: dict[str, Primitive] = {
    "pdf": _density(
        lambda x, alpha: np.asarray(_dirichlet.pdf(x, alpha)), _dirichlet_logs, "dirichlet.pdf"
    ),
    "entropy": valued(
        lambda alpha: np.asarray(_dirichlet.entropy(alpha)),
        _dirichlet_entropy,
        "dirichlet.entropy",
        arity=1,
    ),
    "mean": valued(
        lambda alpha: np.asarray(_dirichlet.mean(alpha)),
        lambda alpha: np.squeeze(alpha / np.sum(alpha)),
        "dirichlet.mean",
        arity=1,
    ),
    "var": valued(
        lambda alpha: np.asarray(_dirichlet.var(alpha)),
        lambda alpha: np.squeeze(_dirichlet_var(alpha)),
        "dirichlet.var",
        arity=1,
    ),
}


class Dirichlet(_Fallback):
    """Dirichlet over the simplex, called as `scipy.stats.dirichlet`.

    x has K or K - 1 entries along its first axis.  The derivative in all K of them is that of
    the formula, its entries taken as independent; in K - 1 of them it is that on the simplex.
    """

    scipy = _dirichlet
    name = "dirichlet"

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """Return the log-density."""
        if not is_traced(x, alpha):
            return _dirichlet.logpdf(x, alpha)
        return _dirichlet_logs(x, alpha)

    def pdf(self, x: Any, alpha: Any) -> Any:
        """Return the density."""
        if not is_traced(x, alpha):
            return _dirichlet.pdf(x, alpha)
        return _dirichlet_moments["pdf"](x, alpha)

    def _moment(self, name: str, alpha: Any) -> Any:
        if not is_traced(alpha):
            return getattr(_dirichlet, name)(alpha)
        return _dirichlet_moments[name](alpha)

    def mean(self, alpha: Any) -> Any:
        """Return the mean."""
        return self._moment("mean", alpha)

    def var(self, alpha: Any) -> Any:
        """Return the variance of each entry."""
        return self._moment("var", alpha)

    def entropy(self, alpha: Any) -> Any:
        """Return the differential entropy."""
        return self._moment("entropy", alpha)

    def __call__(self, alpha: Any, **keywords: Any) -> Any:
        """Return the distribution with its parameters held."""
        own = None if is_traced(alpha) else _dirichlet(alpha, **keywords)
        return _Held(self, {"alpha": alpha}, keywords, own)


class _Held:
    """A distribution of vectors with its parameters; they may be traced."""

    def __init__(self, dist: Any, given: dict[str, Any], extra: dict[str, Any], own: Any) -> None:
        self._dist, self._given, self._extra, self._scipy = dist, given, extra, own

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._given and name not in dir(self._dist):
            return self._given[name] if self._scipy is None else getattr(self._scipy, name)
        method = getattr(self._dist if self._scipy is None else self._scipy, name)
        if not callable(method):
            return method

        def call(*args: Any, **keywords: Any) -> Any:
            if self._scipy is not None and not is_traced(args, keywords):
                return method(*args, **keywords)
            extra = {"allow_singular": self._extra.get("allow_singular", False)}
            singular = extra if name in ("pdf", "logpdf") and "cov" in self._given else {}
            return getattr(self._dist, name)(*args, **self._given, **singular, **keywords)

        return call


multivariate_normal, dirichlet = MultivariateNormal(), Dirichlet()
