"""L-BFGS: SciPy's, through a bridge that flattens nested parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import errors, explains_wrong_calls

from . import checks
from .objective import Result, as_objective, first_value


@explains_wrong_calls
def lbfgs(
    f: Any,
    x0: Any = None,
    tolerance: float = 1e-6,
    max_iterations: int = 1000,
    history: int = 10,
) -> Result:
    """Minimize by L-BFGS, which learns the curvature from the last few gradients.

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
    history : int
        How many gradients to remember.

    Returns
    -------
    Result

    Raises
    ------
    UnsupportedError
        If SciPy is not installed (the extra ``scipy``).

    References
    ----------
    Liu and Nocedal, "On the limited memory BFGS method for large scale
    optimization" (1989).

    Examples
    --------
    >>> start = {"a": np.zeros(2), "b": 5.0}
    >>> result = lbfgs(lambda p: np.sum((p["a"] - 1.0) ** 2) + p["b"] ** 2, start)
    >>> result.x["a"].round(4), abs(round(float(result.x["b"]), 4))
    (array([1., 1.]), 0.0)
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise errors.UnsupportedError(
            "lbfgs: this needs SciPy; install the extra: pip install 'autograd-core[scipy]'."
        ) from error
    checks.positive("lbfgs", "tolerance", tolerance)
    checks.count("lbfgs", "max_iterations", max_iterations)
    checks.count("lbfgs", "history", history)
    objective = as_objective(f, x0, "lbfgs")
    value, _ = first_value(objective, "lbfgs")
    values = [value]
    found = minimize(
        objective.value_and_grad,
        objective.start,
        jac=True,
        method="L-BFGS-B",
        callback=lambda intermediate_result: values.append(float(intermediate_result.fun)),
        options={
            "gtol": tolerance,
            "ftol": 0.0,
            "maxiter": max_iterations,
            "maxfun": 20 * max_iterations,
            "maxcor": history,
        },
    )
    size = float(np.abs(found.jac).max())
    return Result(
        objective.nest(found.x),
        float(found.fun),
        size,
        int(found.nit),
        objective.evaluations,
        size <= tolerance,
        str(found.message),
        values,
    )
