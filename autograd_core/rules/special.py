"""Functions that NumPy lacks and nearly every model needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations.declare import primitive
from autograd_core.rules.reductions import expand


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    kind = np.float32 if x.dtype == np.float16 else None  # which holds the sum of many
    made = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True, dtype=kind)) + top
    made = made if made.dtype == x.dtype else made.astype(x.dtype)
    if keepdims:
        return made
    return made.reshape(()) if axis is None else np.squeeze(made, axis=axis)


def _softmax(y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Return the softmax: each element's share in the sum."""
    top = expand(y, x, axis, keepdims)
    return np.exp(x - np.where(np.isneginf(top), 0, top))  # all -inf: 0, not NaN


logsumexp = primitive(
    _logsumexp,
    vjp=[
        lambda g, y, x, *, axis=None, keepdims=False: (
            expand(g, x, axis, keepdims) * _softmax(y, x, axis, keepdims)
        )
    ],
    jvp=[
        lambda t, y, x, *, axis=None, keepdims=False: np.sum(
            t * _softmax(y, x, axis, keepdims), axis=axis, keepdims=keepdims
        )
    ],
    name="logsumexp",
    category="reduction",
    doc="""Return log(sum(exp(x))) along axes, without overflow; its derivative is the softmax.

    Parameters
    ----------
    x : array or Tensor or Dual
        Real numbers, of any shape.
    axis : int or tuple of int, optional
        The axes of the sum; default all.
    keepdims : bool
        Whether the axes of the sum are kept, with length 1.

    Returns
    -------
    array or Tensor or Dual
        The result; -inf where all of the elements are -inf.

    Examples
    --------
    >>> import numpy as np
    >>> logsumexp(np.array([1000.0, 1000.0])).round(4)
    np.float64(1000.6931)
    """,
)
