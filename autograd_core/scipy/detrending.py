"""scipy.signal.detrend: a projection, linear in the signal."""

from __future__ import annotations

from typing import Any

import scipy.signal as _signal

from autograd_core.operations.declare import linear as _linear
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.values import as_floats, is_traced

_detrend: Primitive = _linear(  # a projection onto what is left, which is its own transpose
    lambda data, *, axis, kind, bp: _signal.detrend(data, axis, kind, bp),
    lambda g, data, *, axis, kind, bp: _detrend(g, axis=axis, kind=kind, bp=bp),
    name="detrend",
)


def detrend(
    data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False
) -> Any:
    """Subtract the line, or the mean, along an axis; differentiable in data.

    Parameters
    ----------
    data, axis, type, bp, overwrite_data
        As SciPy's. Traced values are never overwritten.

    Returns
    -------
    array, shaped like data

    Examples
    --------
    >>> import numpy as np
    >>> np.abs(detrend(np.array([1.0, 2.0, 3.0]))).max() < 1e-12
    np.True_
    """
    if not is_traced(data):
        return _signal.detrend(data, axis, type, bp, overwrite_data)
    return _detrend(as_floats(data), axis=axis, kind=type, bp=bp)


__all__ = ["detrend"]
