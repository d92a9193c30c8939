"""Losses of distances and margins."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import elementwise
from autograd_core.extend import beside

from ..values import at, everything, is_batched, is_traced, raw, shape_error
from .distance import squared_distance
from .floating import floating
from .pointwise import declared_of_several
from .similarity import cosine_with_offset
from .targets import checked_weight, reduced, same_shape, valid_targets


@floating("input", "target")
def mse_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Squared error, (input - target)**2.

    Parameters
    ----------
    input, target : array or Tensor or Dual
        Two arrays of one shape; the second is what is wanted.
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
    >>> float(mse_loss(np.array([3.0, 4.0]), np.zeros(2)))
    12.5
    """
    same_shape("mse_loss", input, target)
    count = {"mean": float(np.size(input)), "sum": 1.0}.get(reduction)
    if not count or is_batched(input) or is_batched(target):
        return reduced(_squared(input, target), reduction, "mse_loss")
    return squared_distance(input, target, count=count)


_squared = declared_of_several(
    lambda a, b: np.square(a - b),
    lambda a, b: 2.0 * (a - b),
    lambda a, b: 2.0 * (b - a),
    name="squared error",
    cost=2.0,
)


@floating("input", "target")
def half_squared_error(input: Any, target: Any, reduction: str = "mean") -> Any:
    """Half the squared distance of each row, summed over features; reduced over the batch.

    The quadratic cost of the textbooks: its derivative is input - target.

    Parameters
    ----------
    input, target : shape (n, ...)
        Two arrays of one shape; the second is what is wanted.
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
    >>> float(half_squared_error(np.array([[3.0, 4.0]]), np.zeros((1, 2))))
    12.5
    """
    same_shape("half_squared_error", input, target)
    rows = 0.5 * _squared(input, target)
    rows = rows.sum(axis=tuple(range(1, np.ndim(rows)))) if np.ndim(rows) > 1 else rows
    return reduced(rows, reduction, "half_squared_error")


@floating("input", "target")
def l1_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Absolute error, abs(input - target).

    Parameters
    ----------
    input, target : array or Tensor or Dual
        Two arrays of one shape; the second is what is wanted.
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
    >>> float(l1_loss(np.array([3.0, -4.0]), np.zeros(2)))
    3.5
    """
    same_shape("l1_loss", input, target)
    return reduced(_absolute(input, target), reduction, "l1_loss")


_absolute = declared_of_several(
    lambda a, b: np.abs(a - b),
    lambda a, b: np.sign(a - b),
    lambda a, b: np.sign(b - a),
    name="absolute error",
    cost=2.0,
)


@floating("input", "target", smooth=("delta",))
def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Half the squared error near 0, straight beyond delta (Huber, 1964).

    Parameters
    ----------
    input, target : array or Tensor or Dual
        Two arrays of one shape; the second is what is wanted.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.
    delta : float
        Where the square goes over into a straight line.

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
    >>> huber_loss(np.array([0.5, -4.0]), np.zeros(2), "none")
    array([0.125, 3.5  ])
    """
    if not delta > 0:
        raise shape_error(f"huber_loss: delta must be positive, not {delta}.")
    return reduced(_huber("huber_loss", input, target, delta), reduction, "huber_loss")


def _huber(name: str, input: Any, target: Any, delta: Any) -> Any:
    same_shape(name, input, target)
    return _bent(input, target, float(delta) if type(delta) is int else delta)


def _bent_value(a: Any, b: Any, delta: Any) -> Any:
    size = np.abs(a - b)
    held = np.minimum(size, delta)  # d * d could overflow where the straight part is meant
    return held * (size - 0.5 * held)


def _bent_by_delta(a: Any, b: Any, delta: Any) -> Any:
    size = np.abs(a - b)
    return np.where(size > delta, size - delta, 0 * size)


_bent = declared_of_several(
    _bent_value,
    lambda a, b, delta: np.clip(a - b, -delta, delta),
    lambda a, b, delta: np.clip(b - a, -delta, delta),
    _bent_by_delta,
    name="huber",
    cost=6.0,
)


@floating("input", "target", smooth=("beta",))
def smooth_l1_loss(input: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Huber loss divided by beta; with beta = 0 the absolute error.

    Parameters
    ----------
    input, target : array or Tensor or Dual
        Two arrays of one shape; the second is what is wanted.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.
    beta : float
        Where the square goes over into a straight line.

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
    >>> smooth_l1_loss(np.array([0.5, -4.0]), np.zeros(2), reduction="none", beta=2.0)
    array([0.0625, 3.    ])
    """
    name = "smooth_l1_loss"
    if not is_traced(beta) and beta == 0:
        same_shape(name, input, target)
        return reduced(_absolute(input, target), reduction, name)
    if not beta > 0:
        raise shape_error(f"{name}: beta must not be negative, nor 0 if tracked; it is {beta}.")
    return reduced(_huber(name, input, target, beta), reduction, name) / beta


# --- margins ----------------------------------------------------------------


@floating("input", smooth=("margin",))
def hinge_loss(input: Any, target: Any, reduction: str = "mean", margin: float = 1.0) -> Any:
    """Binary hinge, max(0, margin - t x), for targets -1 and +1.

    Parameters
    ----------
    input : array or Tensor or Dual
        Scores.
    target : array of -1 and +1, shaped like input
        The class of each.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.
    margin : float
        The distance that is enough.

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
    >>> float(hinge_loss(np.array([0.25, 3.0]), np.array([1, 1])))
    0.375
    """
    same_shape("hinge_loss", input, target)
    signs = raw(target)
    if not np.all(np.abs(everything(signs)) == 1):
        raise shape_error("hinge_loss: every target must be -1 or +1.")
    return reduced(above_0(margin - signs.astype(input.dtype) * input), reduction, "hinge_loss")


above_0 = elementwise(lambda x: np.maximum(x, 0), lambda y, x: y > 0, name="positive part")
# at 0 the derivative is 1, as that of PyTorch's clamp_min is
at_least_0 = elementwise(lambda x: np.maximum(x, 0), lambda y, x: x >= 0, name="at least 0")


@floating("input", "weight", smooth=("margin",))
def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    *,
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

    Returns
    -------
    scalar, or an array for "none"
        The loss.

    Raises
    ------
    ShapeError
        If shapes do not fit, a label is out of range, or p is neither 1 nor 2.

    Examples
    --------
    >>> float(multi_margin_loss(np.array([[0.0, 0.5, 0.0]]), np.array([1])).round(4))
    0.3333
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
    index = beside(input, raw(target))
    index = index if np.ndim(index) else index.reshape(1)
    valid_targets("multi_margin_loss", index, x.shape, None)
    if p not in (1, 2):
        raise shape_error(f"multi_margin_loss: p must be 1 or 2, not {p}.")
    rows = np.arange(len(index))
    own = at(x, rows, index)
    # selected first: inf - inf is no loss
    others = index[:, None] != beside(index, np.arange(x.shape[1]))
    terms = above_0(np.where(others, margin - own[:, None] + x, 0)) ** p
    if weight is not None:
        checked_weight("multi_margin_loss", weight, x.shape[1])
        terms = terms * at(weight, index)[:, None]
    loss = terms.sum(axis=1) / x.shape[1]
    if reduction == "none" and single and not np.ndim(target):
        return loss[0]
    return reduced(loss, reduction, "multi_margin_loss")


@floating("input1", "input2", smooth=("margin",))
def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, *, reduction: str = "mean"
) -> Any:
    """1 - cos for target 1, max(0, cos - margin) for target -1.

    Parameters
    ----------
    input1, input2 : shape (n, features) or (features,)
        The vectors to compare.
    target : array of -1 and +1, shape (n,) or ()
        1 for those that should be alike.
    margin : float
        The cosine that is small enough for target -1.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

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
    >>> float(cosine_embedding_loss(np.ones((1, 2)), np.ones((1, 2)), np.array([-1])).round(4))
    1.0
    """
    signs = raw(target)
    cos = cosine_with_offset("cosine_embedding_loss", input1, input2)
    if np.shape(signs) != np.shape(cos):
        raise shape_error(
            f"cosine_embedding_loss: inputs of shape {np.shape(input1)} and {np.shape(input2)} "
            f"need targets of shape {np.shape(cos)}, not {np.shape(signs)}."
        )
    if not np.all(np.abs(everything(signs)) == 1):
        raise shape_error("cosine_embedding_loss: every target must be -1 or +1.")
    return reduced(
        np.where(signs == 1, 1 - cos, at_least_0(cos - margin)), reduction, "cosine_embedding_loss"
    )
