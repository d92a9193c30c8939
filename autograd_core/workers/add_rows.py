"""Adding many rows into an array at integer places: the transpose of reading rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.native import FLOATS
from autograd_core.workers.settings import compiles, kernels

SMALL = 1 << 11  # numbers; fewer are not worth sorting
FEW = 16  # a row named more often is summed by itself


def add_rows(out: Any, rows: Any, values: Any, empty: bool = False) -> None:
    """Add ``values[k]`` to ``out[rows[k]]`` for every k, in the order of k.

    Parameters
    ----------
    out : shape (n, ...)
        Written in place.
    rows : integers, shape (k,)
        Any of them as often as you like; negative ones count from the end.
    values : shape (k, ...)
        Rows shaped like those of `out`.
    empty : bool
        Whether `out` holds zeros.

    Notes
    -----
    ``np.add.at`` handles one number at a time where rows have several.  Here every row's first
    value is added, then every row's second, and so on: each turn names no row twice.

    Examples
    --------
    >>> out = np.zeros((3, 2))
    >>> add_rows(out, np.array([2, 0, -1]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    >>> out
    array([[3., 4.],
           [0., 0.],
           [6., 8.]])
    """
    if not rows.size or not values.size:
        return
    if values.ndim == 1 or values.size < SMALL:
        np.add.at(out, rows, values)  # fast at one number to a row
        return
    n = len(out)
    rows = rows.astype(np.intp)
    rows = np.where(rows < 0, rows + n, rows)
    if _added_each(out, rows, values):
        return
    keys = rows.astype(np.uint16) if n <= 1 << 16 else rows  # sorted by digits: far quicker
    order = np.argsort(keys, kind="stable")
    found = rows[order]
    first = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]]))
    counts = np.diff(first, append=len(found))
    often = counts > FEW
    for start, count in zip(first[often].tolist(), counts[often].tolist(), strict=True):
        total = np.add.reduce(values[order[start : start + count]], axis=0)
        out[found[start]] += total
    first, counts = first[~often], counts[~often]
    for turn in range(int(counts.max(initial=0))):
        if turn:
            first, counts = first[counts > turn], counts[counts > turn]
        at = order[first + turn]
        if empty and not turn:
            out[rows[at]] = values[at]
        else:
            out[rows[at]] += values[at]


def _added_each(out: Any, rows: Any, values: Any) -> bool:
    """Add by a compiled loop, where there is one for these arrays; tell whether it did."""
    if out.dtype not in FLOATS or out.dtype != values.dtype or not compiles():
        return False
    if not (out.flags.c_contiguous and values.flags.c_contiguous):
        return False
    made = kernels("autograd_core.workers.compiled.scattering")
    if made is None:
        return False
    if rows.min() < 0 or rows.max() >= len(out):
        return False  # NumPy says which is outside
    made.add_each(out.reshape(len(out), -1), rows, values.reshape(len(rows), -1))
    return True
