"""Sequences of different lengths: padded to one array, and back; recurrent layers take lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from ..values import as_array, on_host, shape_error


@explains_wrong_calls
def pad_sequence(
    sequences: Sequence[Any],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """Return sequences of different lengths as one array, filled up at their ends.

    Parameters
    ----------
    sequences : list of arrays, shape (length, ...)
        The sequences.
    batch_first : bool
        Whether the result is (n, longest, ...), not (longest, n, ...).
    padding_value : float
        What they are filled with.
    padding_side : {"right", "left"}
        Where.

    Returns
    -------
    array or Tensor or Dual
        With the derivatives of the sequences.

    Raises
    ------
    ShapeError
        If there are no sequences, or their items differ in shape.

    Examples
    --------
    >>> import nn
    >>> nn.utils.rnn.pad_sequence([np.array([1, 2, 3]), np.array([4])], batch_first=True)
    array([[1, 2, 3],
           [4, 0, 0]])
    """
    found = [as_array(s) for s in sequences]
    if not found or any(not np.ndim(s) for s in found):
        raise shape_error("pad_sequence: a list of arrays, each with an axis of time, is needed.")
    if len({s.shape[1:] for s in found}) > 1:
        raise shape_error(
            f"pad_sequence: the items have shapes {sorted({s.shape[1:] for s in found})}; they "
            "must be equal."
        )
    if padding_side not in ("right", "left"):
        raise shape_error(
            f"pad_sequence: padding_side must be 'right' or 'left', not {padding_side!r}."
        )
    longest = max(len(s) for s in found)
    rows = []
    for s in found:
        more = longest - len(s)
        amounts = (0, more) if padding_side == "right" else (more, 0)
        width = (amounts, *((0, 0),) * (s.ndim - 1))
        rows.append(np.pad(s, width, constant_values=padding_value) if more else s)
    return np.stack(rows, axis=0 if batch_first else 1)


@explains_wrong_calls
def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """Return the sequences that `pad_sequence` has made one array of.

    Parameters
    ----------
    padded_sequences : shape (longest, n, ...), or (n, longest, ...) if batch_first
        The array.
    lengths : integers of shape (n,)
        How long each sequence is.
    batch_first : bool
        Which of the two.

    Returns
    -------
    list of arrays

    Raises
    ------
    ShapeError
        If there are not as many lengths as sequences.

    Examples
    --------
    >>> import nn
    >>> rows = np.array([[1, 2, 3], [4, 0, 0]])
    >>> nn.utils.rnn.unpad_sequence(rows, [3, 1], batch_first=True)
    [array([1, 2, 3]), array([4])]
    """
    whole, counts = as_array(padded_sequences), on_host(lengths)
    if whole.ndim < 2 or counts.shape != (whole.shape[0 if batch_first else 1],):
        raise shape_error(
            f"unpad_sequence: an array of shape {whole.shape} and lengths of shape {counts.shape} "
            "do not fit."
        )
    rows = [whole[k] if batch_first else whole[:, k] for k in range(len(counts))]
    return [row[: int(n)] for row, n in zip(rows, counts, strict=True)]


__all__ = ["pad_sequence", "unpad_sequence"]
