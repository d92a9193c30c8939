"""Clipping gradients before a step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.extend import errors, explains_wrong_calls

from . import checks


def _gradients(parameters: Any, operation: str) -> list[Any]:
    """Return the gradients' arrays, those that can be written into."""
    found = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    made = []
    for p in found:
        if not isinstance(p, Tensor):
            raise errors.OperandError(f"{operation}: {type(p).__name__} is not a Tensor.")
        if p.grad is None:
            continue
        g = p.grad.data
        if not getattr(
            g.flags, "writeable", True
        ):  # a recorded gradient (create_graph) of no dimensions
            p.grad = Tensor(g)
            g = p.grad.data
        made.append(g)
    return made


@explains_wrong_calls
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    r"""Scale all gradients together so that their joint norm is at most `max_norm`, in place.

    .. math:: g \leftarrow g \cdot \min\left(1, \frac{M}{\lVert g \rVert + 10^{-6}}\right)

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are skipped.
    max_norm : float
        M, the largest norm to allow.
    norm_type : float
        The norm's order; ``math.inf`` for the largest element.
    error_if_nonfinite : bool
        Raise where the norm is NaN or infinite, before anything is scaled.

    Returns
    -------
    float
        The norm before clipping.

    Raises
    ------
    NonFiniteError
        If the gradients are finite and their norm is not, or if `error_if_nonfinite` asks for it.

    References
    ----------
    Pascanu et al., "On the difficulty of training recurrent neural networks" (2013).

    Examples
    --------
    >>> p = Tensor([0.0, 0.0], requires_grad=True)
    >>> p.grad = [3.0, 4.0]
    >>> clip_grad_norm_([p], max_norm=1.0)
    5.0
    >>> np.round(p.grad.data, 4)
    array([0.6, 0.8])
    """
    checks.positive("clip_grad_norm_", "max_norm", max_norm)
    gradients = _gradients(parameters, "clip_grad_norm_")
    total = _total("clip_grad_norm_", gradients, norm_type, error_if_nonfinite)
    _scale(gradients, max_norm, total)
    return total


def _total(owner: str, gradients: list[Any], norm_type: float, finite: bool) -> float:
    """Return the norm of all gradients together."""
    if norm_type != math.inf:
        checks.positive(owner, "norm_type", norm_type)
    norms = [_norm(g, norm_type) for g in gradients]
    total = float(_norm(np.array(norms), norm_type)) if norms else 0.0
    if finite and not math.isfinite(total):
        raise errors.NonFiniteError(
            f"{owner}: the gradients' norm is {total}; nothing was scaled. "
            "detect_anomaly() finds the operation that made it."
        )
    if math.isinf(total) and all(np.isfinite(g).all() for g in gradients):
        raise errors.NonFiniteError(
            f"{owner}: the gradients are finite, but their norm overflows, and scaling by "
            "its inverse would make all of them 0; nothing was scaled. Scale the loss down, or use "
            "norm_type=inf."
        )
    return total


def _scale(gradients: list[Any], max_norm: float, total: float) -> None:
    """Scale gradients down, in place, if their norm is larger."""
    factor = max_norm / (total + 1e-6)
    if not factor >= 1.0:  # also for NaN, which then shows everywhere
        for g in gradients:
            g *= factor


@explains_wrong_calls
def get_total_norm(tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> float:
    """Return the norm of all numbers of several arrays together.

    Parameters
    ----------
    tensors : array or Tensor, or iterable of them
        Such as the gradients of a model.
    norm_type : float
        The norm's power.
    error_if_nonfinite : bool
        Whether NaN or infinity is an error.

    Returns
    -------
    float

    Raises
    ------
    NonFiniteError
        If the arrays are finite and their norm is not, or if `error_if_nonfinite` asks for it.

    Examples
    --------
    >>> get_total_norm([np.array([3.0]), np.array([4.0])])
    5.0
    """
    given = [tensors] if isinstance(tensors, (Tensor, np.ndarray)) else list(tensors)
    arrays = [t.detach().data if isinstance(t, Tensor) else np.asarray(t) for t in given]
    return _total("get_total_norm", arrays, norm_type, error_if_nonfinite)


@explains_wrong_calls
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: float
) -> None:
    """Scale gradients down, in place, as `clip_grad_norm_` does, by a norm that is known.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are skipped.
    max_norm : float
        The largest norm to allow.
    total_norm : float
        The norm that the gradients have.

    Raises
    ------
    SettingError
        If the limit is not positive.

    Examples
    --------
    >>> p = Tensor([0.0, 0.0], requires_grad=True)
    >>> p.grad = [3.0, 4.0]
    >>> clip_grads_with_norm_([p], 1.0, 10.0)
    >>> np.round(p.grad.data, 4)
    array([0.3, 0.4])
    """
    checks.positive("clip_grads_with_norm_", "max_norm", max_norm)
    _scale(_gradients(parameters, "clip_grads_with_norm_"), max_norm, float(total_norm))


def _norm(g: Any, order: float) -> float:
    flat = g.reshape(-1)
    if not flat.size:
        return 0.0
    if order == 2.0:
        total = math.sqrt(float(np.vdot(flat, flat).real))
    else:
        total = float(np.linalg.norm(flat, order))
    if total > 0.0 and math.isfinite(total):
        return total
    peak = float(np.max(np.abs(flat)))  # powers may under- or overflow: of what is near 1 then
    if peak == 0.0 or not math.isfinite(peak):
        return peak
    return peak * float(np.linalg.norm(flat / peak, order))


@explains_wrong_calls
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every element of the gradients to ``[-clip_value, clip_value]``, in place.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are skipped.
    clip_value : float
        The largest magnitude to allow.

    Raises
    ------
    SettingError
        If the limit is not positive.

    Examples
    --------
    >>> p = Tensor([0.0, 0.0], requires_grad=True)
    >>> p.grad = [3.0, -0.4]
    >>> clip_grad_value_([p], 1.0)
    >>> p.grad
    Tensor([ 1. , -0.4])
    """
    checks.positive("clip_grad_value_", "clip_value", clip_value)
    for g in _gradients(parameters, "clip_grad_value_"):
        np.clip(g, -clip_value, clip_value, out=g)
