"""Newton's method, with the full Hessian or with Hessian-vector products only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from .line_search import descend
from .objective import Result, Vector, as_objective


@explains_wrong_calls
def newton(f: Any, x0: Any = None, tolerance: float = 1e-8, max_iterations: int = 100) -> Result:
    r"""Step to the bottom of the second-order Taylor model, :math:`-H^{-1} g`.

    If the Hessian has negative eigenvalues, their signs are flipped, so that every step goes
    downhill. A backtracking line search shortens the step if needed.

    Parameters
    ----------
    f : callable or Objective
        A scalar function of a pytree of arrays, or `of_parameters`.
    x0 : pytree of arrays
        Where to start; not for an objective.
    tolerance : float
        Stop when no gradient element is larger than this.
    max_iterations : int
        How many iterations are allowed.

    Returns
    -------
    Result

    Raises
    ------
    NonFiniteError
        If the value or the gradient is not finite at the start.

    Notes
    -----
    With n parameters, a step costs n Hessian-vector products and an eigendecomposition. For more
    than a few hundred, use `newton_cg`.

    References
    ----------
    Nocedal and Wright, "Numerical optimization" (2006), section 3.4.

    Examples
    --------
    >>> newton(lambda x: np.sum(x ** 4 - 2.0 * x), np.array([1.0])).x.round(6)
    array([0.793701])
    """
    objective = as_objective(f, x0, "newton")

    def direction(x: Vector, g: Vector, value: float) -> Vector:
        curvatures, axes = np.linalg.eigh(objective.hessian(x))
        size = np.abs(curvatures)
        floor = max(1e-8 * float(size.max(initial=0.0)), 1e-12)
        return -axes @ ((axes.T @ g) / np.maximum(size, floor))

    return descend(objective, direction, "armijo", tolerance, max_iterations, "newton", False)


@explains_wrong_calls
def newton_cg(f: Any, x0: Any = None, tolerance: float = 1e-6, max_iterations: int = 200) -> Result:
    """Newton's method with the step found by conjugate gradients.

    It needs only Hessian-vector products, and memory for a few vectors. The inner iteration ends
    early while the gradient is large, or when it finds negative curvature.

    Parameters
    ----------
    f, x0, tolerance, max_iterations
        As for `newton`.

    Returns
    -------
    Result

    References
    ----------
    Nocedal and Wright, "Numerical optimization" (2006), algorithm 7.1.

    Examples
    --------
    >>> newton_cg(lambda x: np.sum(np.cosh(x - 1.0)), np.zeros(1000)).x[:3].round(4)
    array([1., 1., 1.])
    """
    objective = as_objective(f, x0, "newton_cg")

    def direction(x: Vector, g: Vector, value: float) -> Vector:
        operator = objective.hessian_operator(x)
        size = float(np.linalg.norm(g))
        enough = min(0.5, math.sqrt(size)) * size
        way = np.zeros_like(g)
        rest, along = g.copy(), -g
        squared = float(rest @ rest)
        for k in range(10 * g.size):
            product = operator(along)
            curvature = float(along @ product)
            if curvature <= 1e-14 * float(along @ along):
                return along if k == 0 else way
            length = squared / curvature
            way += length * along
            rest += length * product
            before, squared = squared, float(rest @ rest)
            if math.sqrt(squared) <= enough:
                break
            along = -rest + (squared / before) * along
        return way

    return descend(objective, direction, "armijo", tolerance, max_iterations, "newton_cg", False)
