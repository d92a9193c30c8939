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


def total(x: Any, axis: Any = None, *, keepdims: Any = False, **settings: Any) -> Any:
    """Return what `numpy.sum` returns.

    NumPy adds floats pair by pair, in one thread and one number at a time.  A compiled loop adds
    them in the same order, eight at a time and on the team's threads.

    Parameters
    ----------
    x : ndarray
        Of any kind.
    axis, keepdims, **settings : optional
        As in `numpy.sum`.

    Returns
    -------
    scalar or ndarray
        The sum.

    Examples
    --------
    >>> float(total(np.ones(100_000)))
    100000.0
    """
    if x.size >= FEWEST and not settings:
        made = _compiled(x, axis, keepdims)
        if made is not None:
            return made
    return np.add.reduce(x, axis, keepdims=keepdims, **settings)


def _compiled(x: Any, axis: Any, keepdims: bool) -> Any:
    """Return the sum over all axes or the last one; None where NumPy is to compute it.

    That is with other axes and dtypes, gaps in memory, without numba, and where a sum is not
    finite: NumPy may have something to say.
    """
    if x.dtype not in FLOATS or not compiles():
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
