"""Derivative rules, by family: plain NumPy, each stated once.

These modules import NumPy and the declarators, never Tensor or Dual.
"""

from autograd_core.operations.primitive import BUILT_IN, REGISTRY
from autograd_core.rules import (
    calculus,
    choosing,
    constants,
    eigen,
    elementwise,
    fft,
    graph,
    histograms,
    indexing,
    joining,
    linalg,
    parts,
    polynomials,
    products,
    rare_keywords,
    reductions,
    refused,
    scans,
    shapes,
    special,
    statistics,
    systems,
)

BUILT_IN.update(REGISTRY)

__all__ = [
    "calculus",
    "choosing",
    "constants",
    "eigen",
    "elementwise",
    "fft",
    "graph",
    "histograms",
    "indexing",
    "joining",
    "linalg",
    "parts",
    "polynomials",
    "products",
    "rare_keywords",
    "reductions",
    "refused",
    "scans",
    "shapes",
    "special",
    "statistics",
    "systems",
]
