"""Sums of large arrays, with NumPy's bits."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autograd_core.workers.native import FLOATS
from autograd_core.workers.settings import compiles, kernels

FEWEST = 1 << 16  # numbers; below, NumPy is as fast as finding and calling a kernel
SHORTEST = 8  # numbers of a row; NumPy adds fewer in another way


@cache
def _adds_as_numpy() -> bool:
    module = kernels("autograd_core.workers.compiled.pairwise")
    return module is not None and bool(module.is_numpys())


def total(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the sum of an array, or of its rows; None where NumPy is to compute it.

    NumPy adds floats pair by pair, in one thread and one number at a time.  A compiled loop adds
    them in the same order, eight at a time and on the team's threads.

    Parameters
    ----------
    x : ndarray
        Of any kind.
    axis : int or tuple of int, optional
        None, all axes; the last one, rows.
    keepdims : bool, optional
        Whether summed axes keep length 1.

    Returns
    -------
    scalar, ndarray or None
        None for small arrays, other axes and dtypes, gaps in memory, without numba, and where a
        sum is not finite: NumPy may have something to say.

    Examples
    --------
    >>> total(np.ones(3)) is None  # too small
    True
    """
    if x.size < FEWEST or x.dtype not in FLOATS or not compiles():
        return None
    rows = axis is not None and x.ndim > 1
    if rows and axis not in (x.ndim - 1, -1):
        return None
    if not (x.flags.c_contiguous if rows else x.flags.forc):
        return None
    if (rows and x.shape[-1] < SHORTEST) or not _adds_as_numpy():
        return None
    module = kernels("autograd_core.workers.compiled.pairwise")
    flat = x.reshape(-1, order="A")
    if not rows:
        found = module.total(flat)
        if not np.isfinite(found):
            return None
        return found.reshape((1,) * x.ndim) if keepdims else found
    made = np.empty(x.shape[:-1], x.dtype)
    module.rows(flat, made.reshape(-1))
    if not np.isfinite(made).all():
        return None
    return made[..., None] if keepdims else made
