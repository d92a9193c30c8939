"""Derivative rules, by family: plain NumPy, each stated once.

These modules import NumPy and the declarators, never Tensor or Dual.
"""

from autograd_core.rules import (
    constants,
    elementwise,
    graph,
    indexing,
    joining,
    linalg,
    products,
    reductions,
    shapes,
    special,
)

__all__ = [
    "constants",
    "elementwise",
    "graph",
    "indexing",
    "joining",
    "linalg",
    "products",
    "reductions",
    "shapes",
    "special",
]
