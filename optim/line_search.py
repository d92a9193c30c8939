"""How far to go along a direction: backtracking (Armijo) and the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.extend import errors, explains_wrong_calls

from . import checks
from .objective import Objective, Result, Vector, as_objective, first_value

# value and slope at a distance along the direction
Along = Callable[[float], tuple[float, float]]
_ROUNDING = 4 * np.finfo(float).eps


@explains_wrong_calls
def armijo(
    phi: Along,
    value: float,
    slope: float,
    step: float = 1.0,
    shrink: float = 0.5,
    c1: float = 1e-4,
    max_steps: int = 60,
) -> float | None:
    r"""Shorten a step until the function falls by a sufficient part of what the slope predicts.

    .. math:: \varphi(t) \le \varphi(0) + c_1 t\, \varphi'(0)

    Parameters
    ----------
    phi : callable
        From t to value and slope at distance t.
    value, slope : float
        Those at 0; the slope must be negative.
    step : float
        The first t.
    shrink : float
        The factor at each refusal.
    c1 : float
        How much is enough.
    max_steps : int
        How often to try.

    Returns
    -------
    float or None
        The step, or None if none was found.

    References
    ----------
    Nocedal and Wright, "Numerical optimization" (2006), algorithm 3.1.

    Examples
    --------
    >>> armijo(lambda t: ((t - 1) ** 2, 2 * (t - 1)), 1.0, -2.0, step=8.0)
    1.0
    """
    for _ in range(max_steps):
        found, _ = phi(step)
        if found <= value + c1 * step * slope + _ROUNDING * abs(value):
            return step
        step *= shrink
    return None


@explains_wrong_calls
def wolfe(
    phi: Along,
    value: float,
    slope: float,
    step: float = 1.0,
    c1: float = 1e-4,
    c2: float = 0.9,
    max_steps: int = 40,
) -> float | None:
    r"""Find a step with little slope left: :math:`|\varphi'(t)| \le c_2 |\varphi'(0)|`.

    Parameters
    ----------
    phi, value, slope, step, c1, max_steps
        As for `armijo`.
    c2 : float
        How much slope may remain.

    Returns
    -------
    float or None
        The step, or None if none was found.

    References
    ----------
    Nocedal and Wright, "Numerical optimization" (2006), algorithms 3.5 and 3.6.

    Examples
    --------
    >>> t = wolfe(lambda t: ((t - 1) ** 2, 2 * (t - 1)), 1.0, -2.0, step=0.01, c2=0.1)
    >>> abs(2 * (t - 1)) <= 0.1 * 2
    True
    """
    slack = _ROUNDING * abs(value)
    low, at_low, slope_low = 0.0, value, slope
    high = math.inf
    for _ in range(max_steps):
        found, tilt = phi(step)
        if not found <= value + c1 * step * slope + slack or (low > 0 and not found <= at_low):
            high = step  # too far: a good step lies between low and here
        elif abs(tilt) <= -c2 * slope:
            return step
        elif tilt >= 0:  # past the bottom, though lower than before
            high, low, at_low, slope_low = low, step, found, tilt
        else:
            if (high - step) * tilt >= 0:  # the bottom is not between here and high
                high = low
            low, at_low, slope_low = step, found, tilt
        if math.isinf(high):
            step *= 2.0
            continue
        width = high - low
        if abs(width) <= _ROUNDING * max(abs(low), abs(high)):
            break
        at_high, _ = phi(high)
        bend = at_high - at_low - slope_low * width
        # the bottom of the parabola through low, its slope, and high; else the middle
        guess = -slope_low * width * width / (2.0 * bend) if bend > 0 else math.nan
        if not 0.1 <= guess / width <= 0.9:
            guess = 0.5 * width
        step = low + guess
    return low if low > 0 and at_low < value else None


@explains_wrong_calls
def gradient_descent(
    f: Any,
    x0: Any = None,
    line_search: str = "armijo",
    tolerance: float = 1e-6,
    max_iterations: int = 10_000,
) -> Result:
    """Follow the negative gradient, each time as far as a line search decides.

    Parameters
    ----------
    f : callable or Objective
        A scalar function of a pytree of arrays, or `of_parameters`.
    x0 : pytree of arrays
        Where to start; not for an objective.
    line_search : {"armijo", "wolfe"}
        Which search.
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

    Examples
    --------
    >>> result = gradient_descent(lambda x: np.sum((x - 3.0) ** 2), np.zeros(2))
    >>> result.converged, result.x.round(5)
    (True, array([3., 3.]))
    """
    searches = {"armijo": armijo, "wolfe": wolfe}
    if line_search not in searches:
        raise errors.SettingError(
            f"gradient_descent: line_search = {line_search!r}; it must be 'armijo' or 'wolfe'."
        )
    objective = as_objective(f, x0, "gradient_descent")

    def direction(x: Vector, g: Vector, value: float) -> Vector:
        return -g

    return descend(
        objective, direction, line_search, tolerance, max_iterations, "gradient_descent", True
    )


def descend(
    objective: Objective,
    direction: Callable[[Vector, Vector, float], Vector],
    line_search: str,
    tolerance: float,
    max_iterations: int,
    operation: str,
    adapt: bool,
) -> Result:
    """Step along directions until the gradient vanishes.

    Parameters
    ----------
    objective : Objective
        What to minimize.
    direction : callable
        From point, gradient and value to a direction of descent.
    line_search, tolerance, max_iterations
        As for `gradient_descent`.
    operation : str
        The caller's name, for messages.
    adapt : bool
        Begin each search with twice the last step instead of 1 (directions
        that know no length).
    """
    checks.non_negative(operation, "tolerance", tolerance)
    checks.count(operation, "max_iterations", max_iterations, 0)
    x = objective.start.copy()
    value, g = first_value(objective, operation)
    values = [value]
    step, reason, iteration = 1.0, "the maximum number of iterations was reached", 0
    if adapt:
        step = 1.0 / max(1.0, float(np.abs(g).max()))
    while True:
        size = float(np.abs(g).max())
        if size <= tolerance:
            reason = "the gradient is below the tolerance"
            break
        if iteration == max_iterations:
            break
        way = direction(x, g, value)
        slope = float(way @ g)
        seen: dict[float, tuple[float, Vector]] = {0.0: (value, g)}

        def phi(
            t: float, x: Vector = x, way: Vector = way, seen: Any = seen
        ) -> tuple[float, float]:
            if t not in seen:
                with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                    seen[t] = objective.value_and_grad(x + t * way)
            found, at = seen[t]
            if not math.isfinite(found):
                return math.inf, math.nan
            return found, float(at @ way)

        search = armijo if line_search == "armijo" else wolfe
        taken = search(phi, value, slope, step if adapt else 1.0)
        if taken is None:
            reason = "no step lowers the value any further"
            break
        x = x + taken * way
        value, g = seen[taken]
        values.append(value)
        iteration += 1
        step = 2.0 * taken
    return Result(
        objective.nest(x),
        value,
        float(np.abs(g).max()),
        iteration,
        objective.evaluations,
        bool(np.abs(g).max() <= tolerance),
        reason,
        values,
    )
