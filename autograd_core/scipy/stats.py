"""scipy.stats' distributions, differentiable: values are SciPy's, derivatives ours.

Called as SciPy's: ``norm.logpdf(x, loc, scale)``, ``gamma(a).cdf(x)``, ...  Every continuous
distribution has its probabilities and quantiles differentiated in x, location and scale; those
declared in `densities` also their densities, and in the shapes.  What has no derivative is
SciPy's own for constants, and refuses traced values by name.
"""

from __future__ import annotations

from typing import Any

import scipy.stats as _stats

from autograd_core.scipy.densities import KNOWN
from autograd_core.scipy.distributions import Distribution
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.kernel_density import gaussian_kde
from autograd_core.scipy.multivariate import dirichlet, multivariate_normal
from autograd_core.scipy.multivariate_counts import dirichlet_multinomial, multinomial
from autograd_core.scipy.summaries import (
    entropy,
    gmean,
    hmean,
    kurtosis,
    moment,
    pmean,
    sem,
    skew,
    variation,
    zscore,
)

_WRAPPED: dict[str, Distribution] = {}


def _wrapped(name: str) -> Distribution:
    if name not in _WRAPPED:
        _WRAPPED[name] = Distribution(getattr(_stats, name), KNOWN.get(name))
    return _WRAPPED[name]


def __getattr__(name: str) -> Any:
    own = getattr(_stats, name)
    if isinstance(own, (_stats.rv_continuous, _stats.rv_discrete)):
        return _wrapped(name)
    return guarded(_stats, name)


norm, gamma, chi2, beta = map(_wrapped, ("norm", "gamma", "chi2", "beta"))
t, expon, laplace, logistic = map(_wrapped, ("t", "expon", "laplace", "logistic"))
cauchy, poisson, bernoulli = map(_wrapped, ("cauchy", "poisson", "bernoulli"))

__all__ = ["bernoulli", "beta", "cauchy", "chi2", "dirichlet", "dirichlet_multinomial", "entropy",
           "expon", "gamma", "gaussian_kde", "gmean", "hmean", "kurtosis", "laplace", "logistic",
           "moment", "multinomial", "multivariate_normal", "norm", "pmean", "poisson", "sem",
           "skew", "t", "variation", "zscore"]  # fmt: skip
