"""Random draws that are exact formulas of their parameters and of noise.

Each is a function of a source of random numbers and of a vector of three numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

import autograd_core.numpy as ours

Q = numpy.array([0.7, 1.3, 2.4])


def covariance(p: Any) -> Any:
    """Return a positive definite matrix."""
    return ours.array([[p[0] + 2, 0.3 * p[1]], [0.3 * p[1], p[2]]])


KEPT: dict[str, Callable[[Any, Any], Any]] = {
    "normal": lambda r, p: r.normal(p[0], p[1], size=5),
    "normal of arrays": lambda r, p: r.normal(p, [[1.0], [2.0]]),
    "normal, one number": lambda r, p: r.normal(scale=p[1]),
    "normal of nothing": lambda r, p: r.normal(p[0] + numpy.zeros(0), 1.0).sum() + p[1] ** 2,
    "lognormal": lambda r, p: r.lognormal(p[0], p[1], 5),
    "uniform": lambda r, p: r.uniform(p[0], p[1], (2, 3)),
    "exponential": lambda r, p: r.exponential(p, (4, 3)),
    "rayleigh": lambda r, p: r.rayleigh(p[1], 5),
    "laplace": lambda r, p: r.laplace(p[0], p[1], 5),
    "logistic": lambda r, p: r.logistic(p[0], p[1], 5),
    "gumbel of a list": lambda r, p: r.gumbel([p[0], 1.0], p[1]),
    "weibull": lambda r, p: r.weibull(p[0], 5),
    "pareto": lambda r, p: r.pareto(p[0], 5),
    "power": lambda r, p: r.power(p[0], 5),
    "triangular": lambda r, p: r.triangular(p[0], p[1], p[2], 8),
    "gamma's scale": lambda r, p: r.gamma([2.0, 0.5], p[1], (3, 2)),
    "multivariate_normal": lambda r, p: r.multivariate_normal(p[:2], covariance(p), 4),
    "multivariate_normal, one": lambda r, p: r.multivariate_normal(p[:2], covariance(p)),
    "choice": lambda r, p: r.choice(p * p, 5, p=[0.2, 0.3, 0.5]),
    "choice without replacement": lambda r, p: r.choice([p[0], p[1] ** 2, 2.0], 2, replace=False),
    "permutation": lambda r, p: r.permutation(ours.outer(p, p)),
    "shuffle": lambda r, p: shuffled(r, p[:, None] * p),
    "several": lambda r, p: ours.concatenate(
        [r.normal(p[0], 1, 3), r.uniform(0, p[1], 2), r.normal() * p, r.poisson(2) + p[:1]]),
}  # fmt: skip
OF_GENERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "multivariate_normal, cholesky": lambda r, p: r.multivariate_normal(
        p[:2], covariance(p), (2, 2), method="cholesky"),
    "multivariate_normal, eigh": lambda r, p: r.multivariate_normal(
        p[:2], covariance(p), 4, method="eigh"),
    "choice along an axis": lambda r, p: r.choice(ours.outer(p, [1.0, 2.0]), 2, axis=1),
    "permutation along an axis": lambda r, p: r.permutation(ours.outer(p, p), axis=1),
    "permuted": lambda r, p: r.permuted(ours.outer(p, p)),
    "permuted along an axis": lambda r, p: r.permuted(ours.outer(p, p), axis=-1),
}  # fmt: skip


def shuffled(rng: Any, x: Any) -> Any:
    """Shuffle the rows of a copy in place."""
    made = x * 1.0
    rng.shuffle(made)
    return made
