"""Losses of probabilities: negative log-likelihoods, divergences, entropies.

Those that belong with a last activation take its input and give dL/dz directly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import elementwise, primitive

from ..values import at, everything, is_batched, is_traced, raw, shape_error
from .activation import log_sigmoid, sigmoid
from .floating import floating
from .pointwise import declared, declared_of_several
from .row_formula import RowFormula
from .softmax import log_softmax, top
from .targets import (
    checked_weight,
    class_weights,
    fits_into,
    reduced,
    same_shape,
    target_rows,
    total_weight,
    weighed,
)


@floating("input", "weight")
def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """Minus the log-probability (axis 1, or 0 of a vector) of each sample's class.

    Parameters
    ----------
    input : shape (classes,), (n, classes) or (n, classes, d1, ...)
        Log-probabilities.
    target : integers of shape (), (n,) or (n, d1, ...)
        Class indices.
    weight : shape (classes,), optional
        A factor for each class.
    ignore_index : int
        Samples with this class count nothing.
    reduction : {"mean", "sum", "none"}
        The mean divides by the total weight.

    Returns
    -------
    scalar, or an array for "none"
        The loss.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a label is out of range.

    Examples
    --------
    >>> float(nll_loss(np.log([[0.25, 0.75]]), np.array([0])).round(4))
    1.3863
    """
    rows, index, ignored, restore = target_rows("nll_loss", input, target, ignore_index)
    scale = class_weights("nll_loss", index, rows, weight, ignored)
    safe = index if ignored is None else np.where(ignored, 0, index)
    loss = -at(rows, np.arange(len(safe)), safe) * scale
    if ignored is not None:
        loss = np.where(ignored, 0, loss)  # what is ignored need not be finite
    if reduction == "mean":
        return loss.sum() / total_weight("nll_loss", scale)
    return reduced(loss, reduction, "nll_loss") if reduction == "sum" else restore(loss, reduction)


def _row_totals(z: Any, *, axis: Any) -> tuple[Any, Any]:
    """Return the largest of each row, and the sum of exp(z - largest)."""
    largest = top(z, axis)
    return largest, np.exp(z - largest).sum(axis=axis, keepdims=True)


def _row_shares(z: Any, scale: Any, *, axis: Any) -> Any:
    """Return softmax(z) * scale."""
    p = z - top(z, axis)
    p = np.exp(p, out=p) if type(p) is np.ndarray else np.exp(p)
    p *= scale / p.sum(axis=axis, keepdims=True)
    return p


_totals, _scaled_shares = RowFormula(_row_totals), RowFormula(_row_shares)


def _picked(z: Any, *, index: Any, scale: Any, ignored: Any) -> Any:
    """Sum of scale * (log sum exp z - z[index]) over the rows that count, whatever others hold."""
    largest, total = (v[:, 0] for v in _totals(z, axis=1))
    losses = (np.log(total) - (z[np.arange(len(index)), index] - largest)) * scale
    if ignored is not None:
        losses[ignored] = 0
    return losses.sum()


def _softmax_minus(z: Any, *, index: Any, scale: Any, ignored: Any) -> Any:
    """dL/dz = (softmax(z) - one-hot) * scale, computed in one array."""
    p = _scaled_shares(z, scale[:, None], axis=1)
    p[np.arange(len(index)), index] -= scale
    if ignored is not None:
        p[ignored] = 0
    return p


def _pulled(g: Any, z: Any, **rows: Any) -> Any:
    """Return g * dL/dz; for the last operation of a program g is 1."""
    slopes = _residual(z, **rows)
    if isinstance(g, (np.ndarray, np.generic)) and g.dtype == z.dtype and g == 1:
        return slopes
    return g * slopes


def _softmax_slope(t: Any, y: Any, z: Any, *, index: Any, scale: Any, ignored: Any) -> Any:
    p = y + _one_hot(y, index, scale)  # = softmax(z) * scale
    safe = np.where(scale == 0, 1, scale)[:, None]
    return p * (t - np.sum(p * t, axis=1, keepdims=True) / safe)


def _one_hot(like: Any, index: Any, scale: Any) -> Any:
    hot = np.zeros_like(like)
    hot[np.arange(len(index)), index] = scale
    return hot


# the derivative of the loss, a primitive itself: its own derivative is symmetric
_residual = primitive(
    _softmax_minus,
    vjp=[_softmax_slope],
    jvp=[_softmax_slope],
    name="softmax - target",
    # an element: maximum, difference, exp, sum, factor; a row: division, subtraction
    cost=lambda y, z, **_: 12.0 * np.size(z) + 5.0 * len(z),
)


def _residual_formula(y: Any, z: Any, *, index: Any, scale: Any, ignored: Any) -> Any:
    """Write dL/dz = softmax(z) - one-hot, times the rows' factors."""
    places = np.where(np.asarray(ignored), 0, index) if np.ndim(ignored) else index
    more = {
        "softmax": lambda x: _scaled_shares(x, np.ones_like(scale)[:, None], axis=1),
        "onehot": _one_hot(z, places, np.ones_like(scale)),
        "factor": np.asarray(scale)[:, None],
    }
    slopes = "softmax(x) - onehot"
    if np.any(ignored) or len(set(np.asarray(scale).tolist())) != 1:
        return f"upstream * factor * ({slopes})", more
    n = 1 / float(np.asarray(scale).flat[0])
    by = f" / {round(n)}" if abs(n - round(n)) < 1e-6 * n else " * factor"
    return f"upstream * ({slopes}){by}", more


_softmax_nll = primitive(
    _picked,
    vjp=[lambda g, y, z, **rows: _pulled(g, z, **rows)],
    jvp=[lambda t, y, z, **rows: np.sum(t * _residual(z, **rows))],
    name="cross_entropy",
    # an element: maximum, difference, exp, sum; a row: log, two differences, factor, sum
    cost=lambda y, z, **_: 11.0 * np.size(z) + 12.0 * len(z),
    category="loss",
    formulas=(_residual_formula,),
)


@floating("input", "target", "weight", smooth=("label_smoothing",), labels=("target",))
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Cross-entropy of softmax(input) with class indices or with distributions.

    Parameters
    ----------
    input : shape (classes,), (n, classes) or (n, classes, d1, ...)
        Logits.
    target : integers of shape (), (n,) or (n, d1, ...); or floats shaped like input
        Class indices, or a distribution over the classes for each sample.
    weight : shape (classes,), optional
        A factor for each class.
    ignore_index : int
        Samples with this class count nothing.
    reduction : {"mean", "sum", "none"}
        The mean divides by the total weight.
    label_smoothing : float in [0, 1]
        This much of the target is spread evenly over all classes.

    Returns
    -------
    scalar, or an array for "none"
        -sum_c q_c log softmax(input)_c.  Its derivative is softmax(input) - q,
        computed in one step, so that logits of any size are safe.

    Raises
    ------
    ShapeError
        If shapes do not fit, the batch is empty, or a label is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> z = np.array([[1e4, 0.0]])
    >>> float(cross_entropy(z, np.array([1])))
    10000.0
    >>> grad(lambda z: cross_entropy(z, np.array([1])))(z)
    array([[ 1., -1.]])
    """
    if not 0 <= label_smoothing <= 1:
        raise shape_error(
            f"cross_entropy: label_smoothing must be in [0, 1], not {label_smoothing}."
        )
    labels = target if is_batched(target) else raw(target)
    if labels.dtype.kind == "f":
        return _distribution_loss(input, target, weight, reduction, label_smoothing)
    rows, index, ignored, restore = target_rows("cross_entropy", input, labels, ignore_index)
    scale = class_weights("cross_entropy", index, rows, weight, ignored)
    safe = index if ignored is None else np.where(ignored, 0, index)
    smoothed = is_traced(label_smoothing) or label_smoothing > 0
    fused = not (smoothed or is_batched(rows) or is_batched(safe) or is_traced(scale))
    if fused and reduction in ("mean", "sum"):
        if reduction == "mean":
            usual = weight is None and ignored is None and len(index)
            scale = scale / (usual or total_weight("cross_entropy", scale))
        return _softmax_nll(rows, index=safe, scale=scale, ignored=ignored)
    if ignored is not None:
        rows = np.where(ignored[:, None], 0, rows)  # what is ignored need not be finite
    logs = log_softmax(rows, 1)
    loss = -at(logs, np.arange(len(safe)), safe) * scale
    if smoothed:
        counted = 1.0 if ignored is None else (~ignored).astype(rows.dtype)[:, None]
        factors = counted if weight is None else counted * weight
        spread = -np.sum(logs * factors, axis=1) / rows.shape[1]
        loss = loss * (1 - label_smoothing) + spread * label_smoothing
    if reduction == "mean":
        return loss.sum() / total_weight("cross_entropy", scale)
    return (
        reduced(loss, reduction, "cross_entropy")
        if reduction == "sum"
        else restore(loss, reduction)
    )


def _distribution_loss(
    input: Any, target: Any, weight: Any, reduction: str, label_smoothing: float
) -> Any:
    same_shape("cross_entropy", input, target)
    axis = 0 if np.ndim(input) == 1 else 1
    if not np.ndim(input) or not input.shape[axis]:
        raise shape_error(f"cross_entropy: an input of shape {np.shape(input)} has no classes.")
    if is_traced(label_smoothing) or label_smoothing > 0:
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[axis]
    logs = log_softmax(input, axis)
    if weight is not None:
        checked_weight("cross_entropy", weight, input.shape[axis])
        logs = logs * weight.reshape((-1, *(1,) * (np.ndim(input) - axis - 1)))
    loss = -np.sum(target * logs, axis=axis)
    return reduced(loss, reduction, "cross_entropy")


@floating("input", "target", "weight")
def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean"
) -> Any:
    """-(t log p + (1 - t) log(1 - p)) of probabilities; logarithms are held above -100.

    Parameters
    ----------
    input, target : array or Tensor or Dual
        Probabilities, of one shape; the second is what is wanted.
    weight : array, optional
        A factor for each element; it broadcasts.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.

    Returns
    -------
    scalar, or an array for "none"
        The loss.

    Raises
    ------
    ShapeError
        If shapes do not fit, or the input is not in [0, 1].

    Examples
    --------
    >>> float(binary_cross_entropy(np.array([0.25]), np.array([1.0])).round(4))
    1.3863
    """
    same_shape("binary_cross_entropy", input, target)
    values = everything(input)
    if values.size and not (values.min() >= 0 and values.max() <= 1):  # false of NaN
        raise shape_error(
            "binary_cross_entropy: the input must be probabilities in [0, 1]; for logits use "
            "binary_cross_entropy_with_logits."
        )
    loss = _probability_loss(input, target)
    return reduced(weighed("binary_cross_entropy", loss, weight), reduction, "binary_cross_entropy")


_safe_log = declared(
    lambda p: np.maximum(np.log(np.maximum(p, 1e-45)), -100.0),
    lambda y, p: 1 / np.maximum(p, 1e-12),
    name="log",
)
_probability_loss = declared_of_several(
    lambda p, t: -(t * _safe_log(p) + (1 - t) * _safe_log(1 - p)),
    lambda p, t: (1 - t) / np.maximum(1 - p, 1e-12) - t / np.maximum(p, 1e-12),
    lambda p, t: _safe_log(1 - p) - _safe_log(p),
    name="bce",
    cost=26.0,
)


def _logistic_value(z: Any, t: Any) -> Any:
    size = np.abs(z)
    return _absorbed(np.where(z > 0, 1 - t, t), size) + np.log1p(np.exp(-size))


def _absorbed(share: Any, x: Any) -> Any:
    """Return share * x, and 0 for nothing of infinity."""
    none = (share == 0) & np.isinf(x)
    return share * np.where(none, 0, x)


_share = elementwise(
    _absorbed, lambda y, share, x: x, lambda y, share, x: share, name="share", cost=1.0
)
_logistic_loss = declared_of_several(
    _logistic_value,
    lambda z, t: sigmoid(z) - t,
    lambda z, t: -z,
    name="bce with logits",
    cost=22.0,
    formulas=(
        lambda y, z, t: ("upstream * (sigmoid(a) - b)", {"sigmoid": sigmoid}),
        "-upstream * a",
    ),
)


@floating("input", "target", "weight", "pos_weight")
def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """Binary cross-entropy of sigmoid(input); its derivative is sigmoid(input) - target.

    Parameters
    ----------
    input : array or Tensor or Dual
        Logits.
    target : shaped like input
        Probabilities.
    weight : array, optional
        A factor for each element; it broadcasts.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.
    pos_weight : array, optional
        A factor for the positive targets; it broadcasts.

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
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> z = np.array([-1e4, 0.0])
    >>> grad(lambda z: binary_cross_entropy_with_logits(z, np.ones(2), reduction="sum"))(z)
    array([-1. , -0.5])
    """
    name = "binary_cross_entropy_with_logits"
    same_shape(name, input, target)
    if pos_weight is None:
        loss = _logistic_loss(input, target)
    else:
        fits_into("pos_weight", pos_weight, target, name)
        yes, no = -log_sigmoid(input), -log_sigmoid(-input)
        loss = _share(pos_weight * target, yes) + _share(1 - target, no)
    return reduced(weighed(name, loss, weight), reduction, name)


@floating("input", "target")
def kl_div(input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Any:
    """Return target * (log target - input), where input holds log-probabilities; 0 log 0 = 0.

    A target below 0 is no probability: NaN.

    Parameters
    ----------
    input : array or Tensor or Dual
        Log-probabilities.
    target : shaped like input
        Probabilities.
    reduction : {"mean", "sum", "none", "batchmean"}
        The divergence itself is "batchmean": the sum over classes, mean over axis 0.
    log_target : bool
        Whether the target holds logarithms too.

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
    >>> float(kl_div(np.log([0.5, 0.5]), np.array([1.0, 0.0]), reduction="sum").round(4))
    0.6931
    """
    same_shape("kl_div", input, target)
    if log_target:
        loss = np.exp(target) * (np.where(target == -np.inf, 0, target) - input)
    else:
        loss = _x_log_x(target) - target * input
    if reduction == "batchmean":
        if not np.ndim(input):
            raise shape_error("kl_div: reduction 'batchmean' needs an axis of examples, not ().")
        return np.sum(loss) / np.shape(input)[0]
    return reduced(loss, reduction, "kl_div")


_x_log_x = elementwise(
    lambda p: p * np.log(np.where(p == 0, 1, p)),
    lambda y, p: np.log(np.where(p == 0, 1, p)) + (p != 0),
    name="x log x",
)


@floating("input")
def entropy(input: Any, dim: int = -1, reduction: str = "mean") -> Any:
    """Entropy -sum p log p of the distributions softmax(input) along an axis.

    Parameters
    ----------
    input : array or Tensor or Dual
        Logits.
    dim : int
        The axis of the classes.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

    Returns
    -------
    scalar, or an array for "none"
        The entropy in nats.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> float(np.exp(entropy(np.zeros((3, 4)))).round(6))
    4.0
    """
    logs = log_softmax(input, dim)
    return reduced(-np.sum(np.exp(logs) * logs, axis=dim), reduction, "entropy")
