"""SciPy's optimizers and root finders: derivatives filled in, solutions differentiable.

Names, arguments and results are SciPy's; no solver here is our own.  Gradients, Jacobians and
Hessians that are not given are the engine's, x0 may be any pytree, and the solution is
differentiable in whatever is traced in ``args``.
"""

from __future__ import annotations

from typing import Any

import scipy.optimize as _optimize

from autograd_core.scipy.guards import guarded
from autograd_core.scipy.optimize.fitting import curve_fit, least_squares
from autograd_core.scipy.optimize.minimizing import minimize, minimize_scalar
from autograd_core.scipy.optimize.roots import fixed_point, root, root_scalar

__all__ = [
    "curve_fit",
    "fixed_point",
    "least_squares",
    "minimize",
    "minimize_scalar",
    "root",
    "root_scalar",
]


def __getattr__(name: str) -> Any:
    return guarded(_optimize, name)
