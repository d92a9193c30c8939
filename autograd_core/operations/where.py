"""`numpy.where` of large arrays, without a branch for each number.

NumPy's loop asks at each number which one to copy.  A processor guesses the answer, and with a
condition that follows no pattern, as the sign of data, it guesses wrong half of the time: eight
times as slow.  Here the condition becomes a mask, and the numbers' bits go through it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations import pieces

_ndarray = np.ndarray
LARGE = 1 << 15  # numbers; a processor learns shorter conditions by heart
_BITS = {2: np.int16, 4: np.int32, 8: np.int64}


def where(condition: Any, x: Any, y: Any) -> Any:
    """Choose elementwise, as `numpy.where`; of large arrays in pieces, shared among threads.

    Parameters
    ----------
    condition : array_like of bool
        Where to take x.
    x, y : array_like
        What to choose from.

    Returns
    -------
    array
        With `numpy.where`'s shape, dtype and bits.

    Examples
    --------
    >>> where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    if condition.__class__ is _ndarray and condition.size >= LARGE and condition.dtype.char == "?":
        made = pieces.computed(
            np.where, _choose, (condition, x, y), lambda parts: False, np.where, condition
        )
        if made is not None:
            return made
    return np.where(condition, x, y)


def _choose(parts: list[Any], out: Any) -> None:
    """Write where(condition, x, y) of a piece: what the mask hides of a number's bits is 0."""
    condition = parts[0]
    bits = _BITS.get(out.dtype.itemsize)
    if bits is None or out.dtype.kind not in "fiu":
        raise pieces.NotSimpleError
    x, y = (_bits(v, out.dtype, bits) for v in parts[1:])
    made, mask = out.view(bits), condition.view(np.int8).astype(bits)
    if not y.ndim and not y:
        np.bitwise_and(x, np.negative(mask, mask), made)  # 1, which is true, becomes all bits
    elif not x.ndim and not x:
        np.bitwise_and(y, np.subtract(mask, 1, mask), made)  # 0, which is false, does
    else:
        np.bitwise_xor(x, y, made)
        np.bitwise_and(made, np.negative(mask, mask), made)
        np.bitwise_xor(made, y, made)


def _bits(v: Any, dtype: Any, bits: Any) -> Any:
    """Return a number's or an array's bits as integers."""
    if v.__class__ is not _ndarray:
        v = np.asarray(v, dtype)
    elif v.dtype != dtype:
        raise pieces.NotSimpleError
    elif not any(v.strides):  # one number, expanded
        v = np.asarray(v[(0,) * v.ndim])
    return v.view(bits)


__all__ = ["where"]
