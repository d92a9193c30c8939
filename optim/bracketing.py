"""A step length by the strong Wolfe conditions: bracket it, then zoom in by cubic interpolation.

Nocedal and Wright, "Numerical Optimization" (2006), algorithms 3.5 and 3.6; limits and safeguards
are those of Schmidt's minFunc, which PyTorch's L-BFGS has too, so that both take the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

DECREASE, CURVATURE = 1e-4, 0.9


class Trial(NamedTuple):
    """A step length that was tried: the loss there, its gradient, and its slope along the line."""

    length: float
    loss: float
    gradient: Any
    slope: float


def cubic_minimum(a: Trial, b: Trial, low: float, high: float) -> float:
    """Return where the cubic through two trials is lowest, within limits.

    Examples
    --------
    >>> a, b = Trial(0.0, 1.0, None, -2.0), Trial(2.0, 1.0, None, 2.0)
    >>> cubic_minimum(a, b, 0.0, 2.0)
    1.0
    """
    a, b = (a, b) if a.length <= b.length else (b, a)
    width = b.length - a.length
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / -width if width else math.nan
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:  # NaN too
        return (low + high) / 2
    d2 = math.sqrt(square)
    below = b.slope - a.slope + 2 * d2
    if not below:
        return (low + high) / 2
    found = b.length - width * ((b.slope + d2 - d1) / below)
    return min(max(found, low), high) if not math.isnan(found) else (low + high) / 2


def strong_wolfe(
    evaluate: Callable[[float], Trial],
    start: Trial,
    length: float,
    largest: float,
    tolerance: float,
    most: int,
) -> tuple[Trial, int]:
    """Return a trial that fulfils the conditions, or the best one, and how many were made.

    Parameters
    ----------
    evaluate : callable
        From a step length to its trial.
    start : Trial
        That of length 0.
    length : float
        The first to try.
    largest : float
        The largest element of the direction: brackets that move nothing by more than the
        tolerance are not divided.
    tolerance : float
        The least change that counts.
    most : int
        How often the bracket may be made or divided.
    """
    new, count, evaluations = evaluate(length), 0, 1
    last = start
    while True:
        if count == most:
            ends = [start, new]
            break
        if _too_high(new, start) or (count > 1 and new.loss >= last.loss):
            ends = [last, new]
            break
        if abs(new.slope) <= -CURVATURE * start.slope:
            return new, evaluations
        if new.slope >= 0:
            ends = [last, new]
            break
        low, high = new.length + 0.01 * (new.length - last.length), new.length * 10
        further = cubic_minimum(last, new, low, high)
        last, new = new, evaluate(further)
        count, evaluations = count + 1, evaluations + 1
    best, other = ends if ends[0].loss <= ends[1].loss else ends[::-1]
    slow = False
    while count < most and abs(other.length - best.length) * largest >= tolerance:
        low, high = sorted((best.length, other.length))
        trial, slow = _safe(cubic_minimum(best, other, low, high), low, high, slow)
        new = evaluate(trial)
        count, evaluations = count + 1, evaluations + 1
        if _too_high(new, start) or new.loss >= best.loss:
            other = new
            if other.loss < best.loss:
                best, other = other, best
            continue
        if abs(new.slope) <= -CURVATURE * start.slope:
            return new, evaluations
        if new.slope * (other.length - best.length) >= 0:
            other = best
        best = new
    return best, evaluations


def _too_high(trial: Trial, start: Trial) -> bool:
    return trial.loss > start.loss + DECREASE * trial.length * start.slope


def _safe(trial: float, low: float, high: float, slow: bool) -> tuple[float, bool]:
    """Return a length that is not too near to an end of the bracket for the second time."""
    margin = 0.1 * (high - low)
    if min(high - trial, trial - low) >= margin:
        return trial, False
    if not slow and low < trial < high:
        return trial, True
    return (high - margin if high - trial < trial - low else low + margin), False
