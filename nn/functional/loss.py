"""Losses; those that belong with a last activation take its input and give dL/dz directly."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import elementwise, primitive

from ..values import at, everything, is_batched, is_traced, raw, shape_error
from .activation import log_sigmoid, log_softmax, sigmoid
from .distance import apart, squared_distance
from .floating import floating
from .similarity import cosine_similarity
from .targets import (
    checked_weight,
    class_weights,
    fits_into,
    reduced,
    same_shape,
    target_rows,
    total_weight,
    valid_targets,
    weighed,
)


@floating("input", "target")
def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Squared error, (input - target)**2."""
    same_shape("mse_loss", input, target)
    count = {"mean": float(np.size(input)), "sum": 1.0}.get(reduction)
    if not count or is_batched(input) or is_batched(target):
        return reduced(_squared(input, target), reduction, "mse_loss")
    return squared_distance(input, target, count=count)


_squared = elementwise(
    lambda a, b: np.square(apart(a, b)),
    lambda y, a, b: 2.0 * apart(a, b),
    lambda y, a, b: 2.0 * apart(b, a),
    name="squared error",
    cost=2.0,
)


@floating("input", "target")
def half_squared_error(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Half the squared distance of each row, summed over features; reduced over the batch.

    The quadratic cost of the textbooks: its derivative is input - target.
    """
    same_shape("half_squared_error", input, target)
    rows = 0.5 * _squared(input, target)
    rows = rows.sum(axis=tuple(range(1, np.ndim(rows)))) if np.ndim(rows) > 1 else rows
    return reduced(rows, reduction, "half_squared_error")


@floating("input", "target")
def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Absolute error, abs(input - target)."""
    same_shape("l1_loss", input, target)
    return reduced(np.abs(input - target), reduction, "l1_loss")


@floating("input", "target", smooth=("delta",))
def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Squared error near 0, absolute error beyond delta (Huber, 1964)."""
    if not delta > 0:
        raise shape_error(f"huber_loss: delta must be positive, not {delta}.")
    return reduced(_huber("huber_loss", input, target, delta), reduction, "huber_loss")


def _huber(name: str, input: Any, target: Any, delta: Any) -> Any:
    same_shape(name, input, target)
    return _bent(input - target, delta)


def _bent_value(d: Any, delta: Any) -> Any:
    size = np.abs(d)
    held = np.minimum(size, delta)  # d * d could overflow where the straight part is meant
    return held * (size - 0.5 * held)


_bent = elementwise(
    _bent_value,
    lambda y, d, delta: np.clip(d, -delta, delta),
    lambda y, d, delta: np.where(np.abs(d) > delta, np.abs(d) - delta, 0 * d),
    name="huber",
    cost=5.0,
)


@floating("input", "target", smooth=("beta",))
def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Huber loss divided by beta; with beta = 0 the absolute error."""
    name = "smooth_l1_loss"
    if not is_traced(beta) and beta == 0:
        same_shape(name, input, target)
        return reduced(np.abs(input - target), reduction, name)
    if not beta > 0:
        raise shape_error(f"{name}: beta must not be negative, nor 0 if tracked; it is {beta}.")
    return reduced(_huber(name, input, target, beta) / beta, reduction, name)


# --- margins ----------------------------------------------------------------


@floating("input", smooth=("margin",))
def hinge_loss(input: Any, target: Any, reduction: str = "mean", margin: float = 1.0) -> Any:
    """Binary hinge, max(0, margin - t x), for targets -1 and +1."""
    same_shape("hinge_loss", input, target)
    signs = raw(target)
    if not np.all(np.abs(everything(signs)) == 1):
        raise shape_error("hinge_loss: every target must be -1 or +1.")
    return reduced(_positive(margin - signs.astype(input.dtype) * input), reduction, "hinge_loss")


_positive = elementwise(lambda x: np.maximum(x, 0), lambda y, x: y > 0, name="positive part")


@floating("input", "weight", smooth=("margin",))
def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """Multi-class hinge: mean over wrong classes j of max(0, margin - x_t + x_j)**p.

    Parameters
    ----------
    input : shape (n, classes) or (classes,)
        Scores.
    target : shape (n,) or ()
        Class indices.
    p : {1, 2}
        Power.
    margin : float
        The distance that is enough.
    weight : shape (classes,), optional
        A factor for each class.
    reduction : {"mean", "sum", "none"}
        As everywhere.
    """
    if np.ndim(input) not in (1, 2):
        raise shape_error(
            f"multi_margin_loss: the input has shape {np.shape(input)}; (n, classes) or (classes,) "
            "are needed."
        )
    if not input.shape[-1]:
        raise shape_error(f"multi_margin_loss: an input of shape {input.shape} has no classes.")
    single = np.ndim(input) == 1
    x = input.reshape((1, -1)) if single else input
    index = raw(target)
    index = index if np.ndim(index) else index.reshape(1)
    valid_targets("multi_margin_loss", index, x.shape, None)
    if p not in (1, 2):
        raise shape_error(f"multi_margin_loss: p must be 1 or 2, not {p}.")
    rows = np.arange(len(index))
    own = at(x, rows, index)
    others = index[:, None] != np.arange(x.shape[1])  # selected first: inf - inf is no loss
    terms = _positive(np.where(others, margin - own[:, None] + x, 0)) ** p
    if weight is not None:
        checked_weight("multi_margin_loss", weight, x.shape[1])
        terms = terms * at(weight, index)[:, None]
    loss = terms.sum(axis=1) / x.shape[1]
    if reduction == "none" and single and not np.ndim(target):
        return loss[0]
    return reduced(loss, reduction, "multi_margin_loss")


# --- probabilities ----------------------------------------------------------


@floating("input", "weight")
def nll_loss(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    """Minus the log-probability (axis 1, or 0 of a vector) of each sample's class."""
    rows, index, restore = target_rows("nll_loss", input, target, ignore_index)
    scale = class_weights("nll_loss", index, rows, weight, ignore_index)
    safe = np.where(index == ignore_index, 0, index)
    loss = -at(rows, np.arange(len(safe)), safe) * scale
    loss = np.where(index == ignore_index, 0, loss)  # what is ignored need not be finite
    if reduction == "mean":
        return loss.sum() / total_weight("nll_loss", scale)
    return reduced(loss, reduction, "nll_loss") if reduction == "sum" else restore(loss, reduction)


def _picked(z: Any, *, index: Any, scale: Any, ignored: Any) -> Any:
    """Sum of scale * (log sum exp z - z[index]) over the rows that count, whatever others hold."""
    rows = np.arange(len(index))
    top = z.max(axis=1)
    total = np.exp(z - top[:, None]).sum(axis=1)
    losses = (np.log(total) - (z[rows, index] - top)) * scale
    losses[ignored] = 0
    return losses.sum()


def _softmax_minus(z: Any, *, index: Any, scale: Any, ignored: Any) -> Any:
    """dL/dz = (softmax(z) - one-hot) * scale, computed in one array."""
    p = z - z.max(axis=1, keepdims=True)
    np.exp(p, out=p)
    p *= (scale / p.sum(axis=1))[:, None]
    p[np.arange(len(index)), index] -= scale
    p[ignored] = 0
    return p


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
_softmax_nll = primitive(
    _picked,
    vjp=[lambda g, y, z, **rows: g * _residual(z, **rows)],
    jvp=[lambda t, y, z, **rows: np.sum(t * _residual(z, **rows))],
    name="cross_entropy",
    # an element: maximum, difference, exp, sum; a row: log, two differences, factor, sum
    cost=lambda y, z, **_: 11.0 * np.size(z) + 12.0 * len(z),
    category="loss",
)


@floating("input", "target", "weight", smooth=("label_smoothing",), labels=("target",))
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
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
        Samples with this class do not count.
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
    rows, index, restore = target_rows("cross_entropy", input, labels, ignore_index)
    scale = class_weights("cross_entropy", index, rows, weight, ignore_index)
    ignored = index == ignore_index
    safe = np.where(ignored, 0, index)
    smoothed = is_traced(label_smoothing) or label_smoothing > 0
    fused = not (smoothed or is_batched(rows) or is_batched(safe) or is_traced(scale))
    if fused and reduction in ("mean", "sum"):
        if reduction == "mean":
            scale = scale / total_weight("cross_entropy", scale)
        return _softmax_nll(rows, index=safe, scale=scale, ignored=ignored)
    rows = np.where(ignored[:, None], 0, rows)  # what is ignored need not be finite
    logs = log_softmax(rows, 1)
    loss = -at(logs, np.arange(len(safe)), safe) * scale
    if smoothed:
        counted = (~ignored).astype(rows.dtype)[:, None]
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
    input: Any, target: Any, weight: Any = None, reduction: str = "mean"
) -> Any:
    """-(t log p + (1 - t) log(1 - p)) of probabilities; logarithms are limited to at least -100."""
    same_shape("binary_cross_entropy", input, target)
    values = everything(input)
    if not np.all((values >= 0) & (values <= 1)):
        raise shape_error(
            "binary_cross_entropy: the input must be probabilities in [0, 1]; for logits use "
            "binary_cross_entropy_with_logits."
        )
    with np.errstate(divide="ignore"):
        loss = -(target * _safe_log(input) + (1 - target) * _safe_log(1 - input))
    return reduced(weighed("binary_cross_entropy", loss, weight), reduction, "binary_cross_entropy")


_safe_log = elementwise(
    lambda p: np.maximum(np.log(np.maximum(p, 1e-45)), -100.0),
    lambda y, p: 1 / np.maximum(p, 1e-12),
    name="log",
)


def _logistic_value(z: Any, t: Any) -> Any:
    ends = np.isinf(z)
    certain = ends.any()
    at = np.where(ends, 0, z) if certain else z
    y = np.maximum(at, 0) - at * t + np.log1p(np.exp(-np.abs(at)))
    return np.where(ends, _absorbed(np.where(z > 0, 1 - t, t), np.abs(z)), y) if certain else y


def _absorbed(share: Any, x: Any) -> Any:
    """Return share * x, and 0 for nothing of infinity."""
    none = (share == 0) & np.isinf(x)
    return np.where(none, 0, share * np.where(none, 0, x))


_share = elementwise(
    _absorbed, lambda y, share, x: x, lambda y, share, x: share, name="share", cost=1.0
)
_logistic_loss = elementwise(
    _logistic_value,
    lambda y, z, t: sigmoid(z) - t,
    lambda y, z, t: -z,
    name="bce with logits",
    cost=22.0,
)


@floating("input", "target", "weight", "pos_weight")
def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """Binary cross-entropy of sigmoid(input); its derivative is sigmoid(input) - target.

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
def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """Return target * (log target - input), where input holds log-probabilities; 0 log 0 = 0.

    A target below 0 is not a probability and gives NaN.
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

    Examples
    --------
    >>> import numpy as np
    >>> float(np.exp(entropy(np.zeros((3, 4)))).round(6))
    4.0
    """
    logs = log_softmax(input, dim)
    return reduced(-np.sum(np.exp(logs) * logs, axis=dim), reduction, "entropy")


@floating("input1", "input2", smooth=("margin",))
def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """1 - cos for target 1, max(0, cos - margin) for target -1."""
    signs = raw(target)
    cos = cosine_similarity(input1, input2, dim=-1)
    if np.shape(signs) != np.shape(cos):
        raise shape_error(
            f"cosine_embedding_loss: inputs of shape {np.shape(input1)} and {np.shape(input2)} "
            f"need targets of shape {np.shape(cos)}, not {np.shape(signs)}."
        )
    if not np.all(np.abs(everything(signs)) == 1):
        raise shape_error("cosine_embedding_loss: every target must be -1 or +1.")
    return reduced(
        np.where(signs == 1, 1 - cos, _positive(cos - margin)), reduction, "cosine_embedding_loss"
    )
