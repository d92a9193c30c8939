"""Losses of margins: pairs, triplets, and several classes at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.extend import beside

from ..values import at, everything, raw, shape_error
from .activation import log_sigmoid
from .floating import floating
from .loss import above_0, at_least_0
from .similarity import pairwise_distance
from .targets import expanded, reduced, same_shape, weighed


@floating("input1", "input2", "target", smooth=("margin",))
def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, *, reduction: str = "mean"
) -> Any:
    """max(0, margin - t (x1 - x2)): which of two scores shall be the higher one.

    Parameters
    ----------
    input1, input2 : array or Tensor or Dual
        Scores; they broadcast.
    target : array of -1 and +1
        1 where the first shall be higher.
    margin : float
        The distance that is enough.
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
    >>> margin_ranking_loss(np.array([1.0]), np.array([3.0]), np.array([1.0]), reduction="none")
    array([2.])
    """
    name = "margin_ranking_loss"
    x1, x2, t = expanded(name, input1, input2, target)
    return reduced(at_least_0(margin - t * (x1 - x2)), reduction, name)


@floating("input", smooth=("margin",))
def hinge_embedding_loss(
    input: Any, target: Any, margin: float = 1.0, *, reduction: str = "mean"
) -> Any:
    """X for target 1, max(0, margin - x) for target -1, of distances x.

    Parameters
    ----------
    input : array or Tensor or Dual
        Distances.
    target : array of -1 and +1, shaped like input
        1 for those that should be small.
    margin : float
        The distance that is large enough for target -1.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.

    Returns
    -------
    scalar, or an array for "none"
        The loss.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a target is neither -1 nor +1.

    Examples
    --------
    >>> x = np.array([0.25, 0.25])
    >>> hinge_embedding_loss(x, np.array([1, -1]), reduction="none")
    array([0.25, 0.75])
    """
    name = "hinge_embedding_loss"
    same_shape(name, input, target)
    signs = raw(target)
    if not np.all(np.abs(everything(signs)) == 1):
        raise shape_error(f"{name}: every target must be -1 or +1.")
    far = beside(input, signs) == -1
    return reduced(np.where(far, at_least_0(margin - input), input), reduction, name)


def _triplet(
    name: str, near: Any, far: Any, between: Any, margin: Any, swap: bool, reduction: str
) -> Any:
    if swap:
        far = np.minimum(far, between())
    return reduced(at_least_0(margin + near - far), reduction, name)


@floating("anchor", "positive", "negative", smooth=("margin",))
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Any:
    """max(0, margin + |a - p| - |a - n|): the positive shall be nearer than the negative.

    Parameters
    ----------
    anchor, positive, negative : shape (n, features) or (features,)
        The vectors to compare.
    margin : float
        The difference that is enough.
    p : float
        The norm's power.
    eps : float
        Added to differences; see `pairwise_distance`.
    swap : bool
        Take the distance from the positive to the negative if it is smaller (Balntas et al.,
        2016).
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

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
    >>> a, p, n = np.zeros((1, 2)), np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])
    >>> float(triplet_margin_loss(a, p, n).round(4))
    4.0
    """
    name = "triplet_margin_loss"
    if len({np.ndim(a) for a in (anchor, positive, negative)}) > 1 or not np.ndim(anchor):
        raise shape_error(
            f"{name}: shapes {np.shape(anchor)}, {np.shape(positive)} and {np.shape(negative)} "
            "must have the same number of axes, at least one."
        )

    def distance(a: Any, b: Any) -> Any:
        return pairwise_distance(a, b, p, eps)

    near, far = distance(anchor, positive), distance(anchor, negative)
    return _triplet(name, near, far, lambda: distance(positive, negative), margin, swap, reduction)


@floating("anchor", "positive", "negative", smooth=("margin",))
def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """`triplet_margin_loss` with a distance of one's own.

    Parameters
    ----------
    anchor, positive, negative : shape (n, ...)
        What is compared.
    distance_function : callable, optional
        From two of them to their distances; `pairwise_distance` by default.
    margin : float
        The difference that is enough.
    swap : bool
        Take the distance from the positive to the negative if it is smaller.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

    Returns
    -------
    scalar, or an array for "none"
        The loss.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> a, p, n = np.zeros((1, 2)), np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])
    >>> farthest = lambda x, y: np.max(np.abs(x - y), axis=-1)
    >>> float(triplet_margin_with_distance_loss(a, p, n, distance_function=farthest))
    3.0
    """
    name = "triplet_margin_with_distance_loss"
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    return _triplet(name, near, far, lambda: distance(positive, negative), margin, swap, reduction)


@floating("input", "target")
def soft_margin_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """log(1 + exp(-t x)): the logistic loss of targets -1 and +1.

    Parameters
    ----------
    input : array or Tensor or Dual
        Scores.
    target : array of -1 and +1, shaped like input
        The class of each.
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
    >>> float(soft_margin_loss(np.zeros(2), np.array([1.0, -1.0])).round(4))
    0.6931
    """
    same_shape("soft_margin_loss", input, target)
    return reduced(-log_sigmoid(target * input), reduction, "soft_margin_loss")


@floating("input")
def multilabel_margin_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Mean over classes of max(0, 1 - x_t + x_j), for each class t that is right and j that is not.

    Parameters
    ----------
    input : shape (n, classes) or (classes,)
        Scores.
    target : integers, shaped like input
        The right classes, in any order, up to the first -1.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

    Returns
    -------
    scalar, or an array for "none"
        The loss.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a class is out of range.

    Examples
    --------
    >>> x = np.array([[0.1, 0.2, 0.4, 0.8]])
    >>> float(multilabel_margin_loss(x, np.array([[3, 0, -1, 1]])).round(4))
    0.85
    """
    name = "multilabel_margin_loss"
    same_shape(name, input, target)
    if np.ndim(input) not in (1, 2) or not np.shape(input)[-1]:
        raise shape_error(
            f"{name}: the input has shape {np.shape(input)}; (n, classes) or (classes,) is needed."
        )
    index = beside(input, raw(target))
    if index.dtype.kind not in "iu":
        raise shape_error(f"{name}: the classes must be integers, not {index.dtype}.")
    x, index = (a.reshape((-1, np.shape(input)[-1])) for a in (input, index))
    count = x.shape[1]
    seen = everything(index)
    if np.any(seen < -1) or np.any(seen >= count):
        raise shape_error(f"{name}: a class is outside of -1 to {count - 1}.")
    right = np.cumsum(index < 0, axis=1) == 0  # up to the first -1
    safe = np.where(right, index, 0)
    classes = beside(input, np.arange(count))
    # (n, place in the target, class)
    chosen = np.any((safe[:, :, None] == classes) & right[:, :, None], axis=1)
    own = at(x, beside(input, np.arange(len(x))[:, None]), safe)
    counts = right[:, :, None] & ~chosen[:, None, :]
    terms = above_0(np.where(counts, 1 - own[:, :, None] + x[:, None, :], 0))
    loss = terms.sum(axis=(1, 2)) / count
    return reduced(loss if np.ndim(input) > 1 else loss[0], reduction, name)


@floating("input", "target", "weight")
def multilabel_soft_margin_loss(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean"
) -> Any:
    """Binary cross-entropy of each class with logits, mean over the classes.

    Parameters
    ----------
    input : shape (n, classes) or (classes,)
        Logits.
    target : shaped like input
        1 for the classes that are right, 0 for the others, or numbers between.
    weight : shape (classes,), optional
        A factor for each class.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

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
    >>> float(multilabel_soft_margin_loss(np.zeros((1, 2)), np.array([[1.0, 0.0]])).round(4))
    0.6931
    """
    name = "multilabel_soft_margin_loss"
    same_shape(name, input, target)
    if not np.ndim(input) or not np.shape(input)[-1]:
        raise shape_error(f"{name}: an input of shape {np.shape(input)} has no classes.")
    loss = -(target * log_sigmoid(input) + (1 - target) * log_sigmoid(-input))
    loss = weighed(name, loss, weight)
    return reduced(np.mean(loss, axis=-1), reduction, name)
