"""Likelihoods of noise: Gaussian, with a predicted variance, and counts by Poisson."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import stop_gradient

from ..values import everything, raw, shape_error
from .floating import floating
from .targets import expanded, reduced


@floating("input", "target", "var")
def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """Minus the log-likelihood of targets under N(input, var): (log var + (x - t)**2 / var) / 2.

    Parameters
    ----------
    input, target : array or Tensor or Dual
        The means, and what was observed.
    var : array, shaped like input, or with 1 or no last axis; or a number
        The variances.
    full : bool
        Whether to add log(2 pi) / 2.
    eps : float
        The least variance; below it the derivative is the one at eps.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.

    Returns
    -------
    scalar, or an array for "none"
        The loss.

    Raises
    ------
    ShapeError
        If shapes do not fit, a variance is negative, or a setting is out of range.

    References
    ----------
    Nix and Weigend, "Estimating the mean and variance of the target probability distribution"
    (1994).

    Examples
    --------
    >>> x, t, var = np.zeros(2), np.array([1.0, 2.0]), np.array([1.0, 4.0])
    >>> gaussian_nll_loss(x, t, var, reduction="none").round(4)
    array([0.5   , 1.1931])
    """
    name = "gaussian_nll_loss"
    x, t = expanded(name, input, target)
    if np.any(everything(raw(var)) < 0):
        raise shape_error(f"{name}: a variance is negative.")
    if not eps > 0:
        raise shape_error(f"{name}: eps must be positive, not {eps}.")
    shape, given = np.shape(x), np.shape(var)
    if given != shape and given == shape[:-1] and given != ():
        var = var[..., None]
    elif given not in ((), shape):
        differ = [a for a, b in zip(given, shape, strict=False) if a != b]
        if len(given) != len(shape) or differ != [1]:
            raise shape_error(f"{name}: var has shape {given}, which does not fit to {shape}.")
    fixed = stop_gradient(var)
    var = np.maximum(fixed, eps) + (var - fixed)
    loss = 0.5 * (np.log(var) + np.square(x - t) / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction, name)


@floating("input", "target")
def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    *,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Any:
    """Minus the log-likelihood of counts under Poisson, without the term of the target alone.

    Parameters
    ----------
    input : array or Tensor or Dual
        Logarithms of the expected counts x, or these themselves.
    target : array or Tensor or Dual
        The counts t.
    log_input : bool
        True: exp(x) - t x.  False: x - t log(x + eps).
    full : bool
        Whether to add Stirling's approximation of log(t!) where t > 1.
    eps : float
        Added before the logarithm.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.

    Returns
    -------
    scalar, or an array for "none"
        The loss.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> poisson_nll_loss(np.zeros(2), np.array([0.0, 3.0]), reduction="none")
    array([1., 1.])
    """
    name = "poisson_nll_loss"
    x, t = expanded(name, input, target)
    loss = np.exp(x) - t * x if log_input else x - t * np.log(x + eps)
    if full:
        many = t > 1
        safe = np.where(many, t, 1)
        stirling = safe * np.log(safe) - safe + 0.5 * np.log(2 * math.pi * safe)
        loss = loss + np.where(many, stirling, 0)
    return reduced(loss, reduction, name)
