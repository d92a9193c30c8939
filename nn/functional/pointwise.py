"""Elementwise passes over large arrays: compiled and shared among threads, or in pieces.

Arrays whose numbers lie alike in memory, in C or channels-last order, are walked as flat runs.
NumPy's own passes are not shared: threads would meet at the interpreter's lock at each piece.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import kernels
from .channels_last import channels_last

PIECE = 1 << 14  # numbers; the ten or twenty temporary arrays of a formula stay in the cache
WORK = 8  # counted for each number: what NumPy's pass takes


def run_of(x: Any) -> Any:
    """Return the numbers in the order of memory if they are dense in C or channels-last order."""
    if x.flags.c_contiguous or x.ndim < 2:
        return x.reshape(-1) if x.flags.c_contiguous else None
    moved = channels_last(x)
    return moved.reshape(-1) if moved.flags.c_contiguous else None


def alike(x: Any, y: Any) -> Any:
    """Return x, or a copy that lies in memory as y does: one pass instead of steps in each."""
    if x.strides == y.strides:
        return x
    copied = np.empty_like(y, dtype=x.dtype)
    np.copyto(copied, x)
    return copied


def compiled_pass(name: str, *arrays: Any) -> Any:
    """Return what ``lanes.<name>(*arrays, out)`` writes, or None: NumPy does it.

    Parameters
    ----------
    name : str
        A function of nn/functional/compiled/lanes.py that takes flat arrays.
    *arrays : array
        Of one shape; the result lies in memory as the last does.

    Examples
    --------
    >>> compiled_pass("relu", np.ones((2, 2), np.float32)) is None  # too little work
    True
    """
    last = arrays[-1]
    if any(type(a) is not np.ndarray or a.shape != last.shape for a in arrays) or last.ndim < 2:
        return None
    lanes = kernels.compiled("lanes", WORK * last.size, *arrays)
    if not lanes or run_of(last) is None:
        return None
    made = np.empty_like(last)
    runs = [run_of(alike(a, last)) for a in (*arrays, made)]
    kernels.team().together(getattr(lanes, name), last.size, *runs)
    return made


def in_pieces(formula: Callable[..., Any], *arrays: Any, **settings: Any) -> Any:
    """Return ``formula(*arrays, **settings)``, where that works on each element.

    Large arrays are worked through a piece at a time, so that the formula's temporary arrays
    take no memory to speak of. Values of other kinds, such as Tensors, are handed on as they are.

    Examples
    --------
    >>> in_pieces(lambda x: np.exp(x) - 1, np.zeros(3))
    array([0., 0., 0.])
    """
    last = arrays[-1]
    for a in arrays:
        if type(a) is not np.ndarray or a.shape != last.shape or a.dtype.kind != "f":
            return formula(*arrays, **settings)
    if last.size <= PIECE or run_of(last) is None:
        return formula(*arrays, **settings)
    runs = [run_of(alike(a, last)) for a in arrays]
    made = out = None
    for k in range(0, last.size, PIECE):
        part = formula(*[run[k : k + PIECE] for run in runs], **settings)
        if out is None:
            made = np.empty_like(last, dtype=part.dtype)
            out = run_of(made)
        out[k : k + PIECE] = part
    return made
