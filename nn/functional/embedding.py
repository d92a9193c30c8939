"""Looking rows of a table up, and adding gradients into them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Primitive, linear, stop_gradient
from autograd_core.extend import beside, explains_wrong_calls, foreign
from autograd_core.workers.add_rows import add_rows

from ..values import at, everything, is_batched, raw, shape_error


def _scatter(g: Any, *, index: Any, rows: int, padding: int | None) -> Any:
    if g.dtype.char == "e":  # summed in single precision, as in PyTorch's layers
        return _scatter(g.astype(np.float32), index=index, rows=rows, padding=padding).astype(
            g.dtype
        )
    table = np.zeros_like(g, order="C", shape=(rows, g.shape[-1]))
    _add(table, g, index=index, rows=rows, empty=True)
    if padding is not None:
        table[padding] = 0
    return table


def _add(total: Any, g: Any, *, index: Any, rows: int, empty: bool = False) -> None:
    flat, values = index.reshape(-1), g.reshape((index.size, g.shape[-1]))
    if foreign(g) is None:
        add_rows(total, flat, values, empty=empty)
    else:
        np.add.at(total, flat, values)


def _found(table: Any, index: Any) -> Any:
    """Return the rows of a table at indices that are known to be in it."""
    if table.__class__ is np.ndarray:
        return table.take(index, axis=0, mode="clip")  # no second check
    return table[index]


def _look_up(table: Any, *, index: Any, rows: int, padding: int | None) -> Any:
    found = _found(table, index)
    if padding is not None and (index == padding).any():
        found[index == padding] = 0
    return found


scatter: Primitive = linear(
    _scatter,
    lambda h, g, *, index, rows, padding: _derivative(h, index=index, rows=rows, padding=padding),
    name="embedding gradient",
    category="index",
)
# what the gradient of a look-up is the transpose of: the padding row counts as a constant
_derivative: Primitive = linear(
    _look_up,
    lambda g, table, *, index, rows, padding: scatter(g, index=index, rows=rows, padding=padding),
    name="embedding derivative",
    category="index",
)
_lookup: Primitive = linear(
    lambda table, *, index, rows: _found(table, index),
    lambda g, table, *, index, rows: scatter(g, index=index, rows=rows, padding=None),
    name="embedding",
    category="index",
    formulas=("place(upstream, index)",),
    adds=_add,
)


def padding_row(name: str, padding_idx: Any, rows: int) -> int:
    """Return which row does not count, from 0.

    Examples
    --------
    >>> padding_row("embedding", -1, 5)
    4
    """
    if isinstance(padding_idx, (bool, np.bool_)) or not hasattr(padding_idx, "__index__"):
        raise shape_error(f"{name}: padding_idx must be an integer, not {padding_idx!r}.")
    if not -rows <= padding_idx < rows:
        raise shape_error(f"{name}: padding_idx {padding_idx} is outside the table's {rows} rows.")
    return int(padding_idx) % rows


@explains_wrong_calls
def embedding(input: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """Return the rows of a table at integer indices.

    Parameters
    ----------
    input : integers of any shape
        Row numbers.
    weight : shape (num_embeddings, embedding_dim)
        The table.
    padding_idx : int, optional
        A row that gets no gradient.

    Returns
    -------
    shape (*input.shape, embedding_dim)
        The rows.

    Raises
    ------
    ShapeError
        If an index is not an integer, or is outside the table.

    Examples
    --------
    >>> import numpy as np
    >>> embedding(np.array([1, 1, 0]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3., 4.],
           [3., 4.],
           [1., 2.]])
    """
    index = beside(weight, raw(input))
    if np.ndim(weight) != 2:
        raise shape_error(
            f"embedding: the weight has shape {np.shape(weight)}; (rows, features) is needed."
        )
    rows = np.shape(weight)[0]
    if index.dtype.kind not in "iu":
        raise shape_error(f"embedding: indices must be integers, not {index.dtype}.")
    values = everything(index)
    if values.size and (values.min() < 0 or values.max() >= rows):
        wrong = values[(values < 0) | (values >= rows)][0]
        raise shape_error(f"embedding: index {wrong} is outside the table's {rows} rows.")
    followed = is_batched(index) or is_batched(weight)  # indexing has a batched form
    if padding_idx is None:
        return at(weight, index) if followed else _lookup(weight, index=index, rows=rows)
    padding = padding_row("embedding", padding_idx, rows)
    if followed:
        found = at(weight, index)
        return np.where((index == padding)[..., None], stop_gradient(found), found)
    fixed = _lookup(raw(weight), index=index, rows=rows)  # the value, padding row and all
    moving = _derivative(weight, index=index, rows=rows, padding=padding)
    return moving + np.where((index == padding)[..., None], fixed, 0)
