"""Gradients whose squares overflow: refused before a rule writes anything.

A running square that is infinite stays so: the parameter would never move again, without a word.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import Location, errors

FAR = 1e-6  # of the largest number: sums of squares below are far from overflowing


def check_squares(
    name: str, k: int, p: Any, g: Any, decay: float, weight: float, held: Any = None
) -> None:
    """Refuse a gradient whose square, or the running mean of squares, is too large for its dtype.

    Gradients that hold NaN or infinity pass: the parameters show them.

    Parameters
    ----------
    name, k : str, int
        The rule and the parameter's number, for the message.
    p, g : ndarray
        The parameter and its gradient.
    decay : float
        How much of the parameter is added to the gradient.
    weight : float
        How much of the square is added to what is held.
    held : ndarray, optional
        The squares so far.

    Examples
    --------
    >>> check_squares("Adam", 0, np.ones(2), np.ones(2), 0.0, 1e-3)
    >>> try:
    ...     check_squares("Adam", 0, np.ones(2), np.array([1.0, 1e200]), 0.0, 1e-3)
    ... except errors.NonFiniteError as error:
    ...     print(str(error).partition(";")[0])
    Adam: the gradient of parameter 0 of shape (2,) reaches 1e+200
    """
    total = _squares(g) + (decay * decay * _squares(p) if decay else 0.0)
    largest = float(np.finfo(g.dtype).max)
    if total < FAR * largest:  # one pass, which BLAS makes; False for NaN
        return
    peak = _peak(g) + (decay * _peak(p) if decay else 0.0)
    before = _peak(held) if held is not None else 0.0
    if not np.isfinite(peak) or weight * peak * peak + before < 0.99 * largest:
        return
    raise errors.NonFiniteError(
        f"{name}: the gradient of parameter {k} of shape {p.shape} reaches {peak:.3g}; its square "
        f"overflows {g.dtype}, and the parameter would never move again. Clip the gradients "
        "(clip_grad_norm_), scale the loss down, or use SGD, Adamax or Lion, which square nothing.",
        Location.of_caller(),
    )


def _squares(x: Any) -> float:
    flat = x.reshape(-1)
    return float(np.vdot(flat, flat).real)


def _peak(x: Any) -> float:
    return float(np.max(np.abs(x))) if x.size else 0.0
