"""Labels as vectors, sums over bags of rows, and distances within a set of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import beside, explains_wrong_calls

from ..values import at, everything, numbers, on_host, raw, shape_error
from .embedding import embedding, padding_row
from .floating import floating


@explains_wrong_calls
def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Return 1 at each class index and 0 elsewhere.

    Parameters
    ----------
    tensor : integers
        Class indices, of any shape.
    num_classes : int
        How many classes there are; -1 takes one more than the largest index.

    Returns
    -------
    integers of shape (..., num_classes)
        A constant: class indices have no derivative.

    Raises
    ------
    ShapeError
        If an index is out of range.

    Examples
    --------
    >>> one_hot(np.array([2, 0]))
    array([[0, 0, 1],
           [1, 0, 0]])
    """
    index = numbers("one_hot", raw(tensor))
    if index.dtype.kind not in "iu":
        raise shape_error(f"one_hot: class indices must be integers, not {index.dtype}.")
    values = everything(index)
    if num_classes == -1:
        if not values.size:
            raise shape_error("one_hot: num_classes must be given where there is no index.")
        num_classes = int(values.max()) + 1
    if isinstance(num_classes, bool) or not hasattr(num_classes, "__index__") or num_classes < 1:
        raise shape_error(f"one_hot: num_classes must be positive or -1, not {num_classes!r}.")
    if values.size and (values.min() < 0 or values.max() >= num_classes):
        raise shape_error(
            f"one_hot: indices from {values.min()} to {values.max()} are not all in 0 to "
            f"{num_classes - 1}."
        )
    return (index[..., None] == beside(index, np.arange(num_classes))).astype(np.int64)


@floating("input")
def pdist(input: Any, p: float = 2.0) -> Any:
    """Return the p-norm distance of each pair of rows, those of the first row first.

    Parameters
    ----------
    input : shape (n, features)
        The vectors.
    p : float
        The norm's power, 0 or above; infinity is the largest difference.

    Returns
    -------
    shape (n (n - 1) / 2,)
        The distances.

    Raises
    ------
    ShapeError
        If the input is no matrix, or p is negative.

    Examples
    --------
    >>> pdist(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])).round(4)
    array([5.    , 1.    , 4.2426])
    """
    shape = np.shape(input)
    if len(shape) != 2:
        raise shape_error(f"pdist: the input has shape {shape}; (n, features) is needed.")
    if not p >= 0:
        raise shape_error(f"pdist: p must not be negative, as {p} is.")
    first, second = np.triu_indices(shape[0], 1)
    differences = input[beside(input, first)] - input[beside(input, second)]
    if not shape[1]:
        return differences.sum(axis=-1)
    return np.linalg.norm(differences, p, axis=-1)


def _bags(index: Any, offsets: Any, include_last: bool) -> tuple[Any, Any]:
    """Return where each bag begins and ends in the flat indices."""
    if index.ndim == 2:
        if offsets is not None:
            raise shape_error("embedding_bag: offsets are for indices of one axis, not two.")
        n, length = index.shape
        begins = np.arange(n) * length
        return begins, begins + length
    if index.ndim != 1 or offsets is None:
        raise shape_error(
            f"embedding_bag: indices of shape {index.shape} need two axes, or one and offsets."
        )
    begins = on_host(offsets)
    if begins.ndim != 1 or begins.dtype.kind not in "iu" or (include_last and not begins.size):
        raise shape_error("embedding_bag: offsets must be integers along one axis.")
    if begins.size and (begins[0] != 0 or np.any(np.diff(begins) < 0) or begins[-1] > index.size):
        raise shape_error(
            f"embedding_bag: offsets must begin with 0 and rise to at most {index.size}."
        )
    ends = np.append(begins[1:], index.size)
    return (begins[:-1], ends[:-1]) if include_last else (begins, ends)


@floating("weight", "per_sample_weights")
def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """Return the sum, the mean or the maximum of each bag of rows of a table.

    Parameters
    ----------
    input : integers of shape (bags, length) or (total,)
        Which rows are in the bags, all in one line where `offsets` tell where each begins.
    weight : shape (rows, features)
        The table.
    offsets : integers of shape (bags,), optional
        Where each bag begins.
    max_norm, norm_type, scale_grad_by_freq
        Must be None, 2 and False.
    mode : {"mean", "sum", "max"}
        What is made of a bag; of an empty one zeros.
    sparse : bool
        Must be False.
    per_sample_weights : shaped like the input, optional
        Factors of the rows, for mode "sum".
    include_last_offset : bool
        Whether the last offset is the end of the last bag, not the begin of another.
    padding_idx : int, optional
        A row that does not count.

    Returns
    -------
    shape (bags, features)
        One row for each bag.

    Raises
    ------
    ShapeError
        If shapes do not fit, an index is out of range, or a setting is not supported.

    Examples
    --------
    >>> table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> embedding_bag(np.array([0, 1, 2]), table, np.array([0, 2]))
    array([[2., 3.],
           [5., 6.]])
    """
    for what, given, usual in (
        ("max_norm", max_norm, None), ("scale_grad_by_freq", scale_grad_by_freq, False),
        ("sparse", sparse, False),
    ):  # fmt: skip
        if given is not usual:
            raise shape_error(f"embedding_bag: {what}={given!r} is not supported; leave it out.")
    if mode not in ("mean", "sum", "max"):
        raise shape_error(f"embedding_bag: mode must be 'mean', 'sum' or 'max', not {mode!r}.")
    if per_sample_weights is not None and mode != "sum":
        raise shape_error(f"embedding_bag: per_sample_weights are for mode 'sum', not {mode!r}.")
    index = on_host(input)
    if index.dtype.kind not in "iu":
        raise shape_error(f"embedding_bag: indices must be integers, not {index.dtype}.")
    begins, ends = _bags(index, offsets, include_last_offset)
    if per_sample_weights is not None and np.shape(per_sample_weights) != index.shape:
        raise shape_error(
            f"embedding_bag: per_sample_weights have shape {np.shape(per_sample_weights)}, the "
            f"indices {index.shape}."
        )
    flat = index.reshape(-1)
    rows = embedding(flat, weight)
    counted = np.ones(flat.size, bool)
    if padding_idx is not None:
        counted = flat != padding_row("embedding_bag", padding_idx, np.shape(weight)[0])
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape((-1, 1))
    longest = int((ends - begins).max(initial=0))
    places = begins[:, None] + np.arange(longest)
    inside = places < ends[:, None]
    safe = np.where(inside, places, 0)
    if flat.size:
        inside &= counted[safe]
        values = at(rows, beside(rows, safe))  # (bags, longest, features)
    else:
        values = np.zeros_like(rows, shape=(len(begins), longest, np.shape(weight)[1]))
    here = beside(values, inside[:, :, None])
    count = inside.sum(axis=1)[:, None]
    if mode == "max":
        if not longest:
            return values.sum(axis=1)
        lowest = np.where(here, values, -np.inf).max(axis=1)
        return np.where(beside(values, count > 0), lowest, 0)
    total = np.where(here, values, 0).sum(axis=1)
    if mode == "sum":
        return total
    return total / beside(values, np.maximum(count, 1).astype(total.dtype))
