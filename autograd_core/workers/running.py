"""Running sums and products along an axis, with NumPy's bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.workers.native import FLOATS
from autograd_core.workers.settings import compiles, kernels

FEWEST = 1 << 12  # numbers; below, NumPy is as fast as finding and calling a kernel


def running(ufunc: np.ufunc, x: Any, axis: int, *, backward: bool = False) -> Any:
    """Return ``ufunc.accumulate(x, axis)``; backward, from the last element to the first.

    Each number waits for the one before it, so NumPy's loop takes the time of an addition's delay
    for each.  A compiled one works on several lines at once, each in its own order.

    Parameters
    ----------
    ufunc : numpy.add or numpy.multiply
        What joins an element to those before it.
    x : ndarray
        Of floating-point numbers.
    axis : int
        Along which axis.
    backward : bool, optional
        Whether to begin at the end.

    Returns
    -------
    ndarray
        Shaped like x.

    Raises
    ------
    AxisError
        If there is no such axis.

    Examples
    --------
    >>> running(np.add, np.array([1.0, 2.0, 3.0]), 0, backward=True)
    array([6., 5., 3.])
    """
    axis = normalize_axis_index(axis, x.ndim)
    made = _compiled(ufunc, x, axis, backward)
    if made is not None:
        return made
    if not backward:
        return ufunc.accumulate(x, axis)
    reverse = (*(slice(None),) * axis, slice(None, None, -1))
    return ufunc.accumulate(x[reverse], axis)[reverse]


def _compiled(ufunc: np.ufunc, x: Any, axis: int, backward: bool) -> Any:
    """Return what a compiled loop makes of it; None if there is none, or NumPy would complain."""
    if x.size < FEWEST or x.dtype not in FLOATS or not compiles():
        return None
    module = kernels("autograd_core.workers.compiled.scanning")
    if module is None or np.geterr()["under"] != "ignore":
        return None
    n = x.shape[axis]
    lines = (math.prod(x.shape[:axis]), n, math.prod(x.shape[axis + 1 :]))
    made = np.empty(x.shape, x.dtype)
    seen = made.reshape(lines)
    module.scan(np.ascontiguousarray(x).reshape(lines), seen, ufunc is np.multiply, backward)
    ends = seen[:, 0 if backward else n - 1]  # which stay infinite or NaN, once they are
    return made if np.isfinite(ends).all() else None
