"""Numbers so large that their squares overflow: brought near 1 by a power of two, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import stop_gradient

from ..values import everything


def shrunk(x: Any, axis: Any) -> tuple[Any, Any]:
    """Return x times a power of two for each vector along the axes, and those powers.

    They are 1, or what brings the vector's largest element near 1, and count as constants: what a
    function does with them must cancel out.

    Parameters
    ----------
    x : array or traced value
        Floats.
    axis : int or tuple
        Where the vectors lie; the powers keep them with length 1, or are the number 1.0.

    Examples
    --------
    >>> shrunk(np.array([[1.0, 2.0], [3e200, -4e200]]), 1)[0].round(2)
    array([[ 1.  ,  2.  ],
           [ 1.96, -2.61]])
    """
    given = everything(x).reshape(-1)
    safe = 2.0 ** (np.finfo(x.dtype).maxexp // 2 - 16)  # so are sums of 2**32 squares
    if np.vdot(given, given) < safe * safe:  # False for NaN
        return x, 1.0
    constant = stop_gradient(x)
    largest = np.max(np.abs(constant), axis=axis, keepdims=True)
    large = (largest > safe) & (largest < np.inf)
    bits = np.floor(np.log2(np.where(large, largest, 1)))
    factor = np.where(large, np.exp2(1 - bits), np.ones_like(largest))
    return x * factor, factor
