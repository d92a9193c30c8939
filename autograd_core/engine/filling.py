"""Arrays that a function makes and then fills with values that are being differentiated."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.engine.tensor import untracked
from autograd_core.engine.trace_borders import inside


def fillable(array: Any) -> Any:
    """Return a new array as one that the running transform can fill with traced values.

    For functions that make arrays, such as `autograd_core.numpy.zeros`.  The result shares the
    array's memory, so nothing else may use the array.

    Parameters
    ----------
    array : ndarray
        The array, as NumPy made it.

    Returns
    -------
    ndarray or Tensor
        Inside of a transform a constant Tensor, which becomes traced when a traced value is
        written into it.  Outside of any transform, or if its numbers can carry no derivative
        (integers, booleans), the array itself.

    Examples
    --------
    >>> from autograd_core import grad
    >>> def squares(x):
    ...     out = fillable(np.zeros(2))
    ...     for i in range(2):
    ...         out[i] = x[i] ** 2
    ...     return np.sum(out)
    >>> grad(squares)(np.array([3.0, 4.0]))
    array([6., 8.])
    >>> fillable(np.zeros(2))
    array([0., 0.])
    """
    if not inside() or array.__class__ is not np.ndarray or array.dtype.kind not in "fc":
        return array
    return untracked(array if array.ndim else array[()])
