"""Compiled elementwise passes over large float32 arrays, shared among threads.

Arrays whose numbers lie alike in memory, in C or channels-last order, are walked as flat runs.
NumPy's own passes are not shared: threads would meet at the interpreter's lock at each piece.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.functional import kernels
from nn.functional.rows import channels_last

WORK = 8  # counted for each number: what NumPy's pass takes


def run_of(x: Any) -> Any:
    """Return the numbers in the order of memory if they are dense in C or channels-last order."""
    if x.flags.c_contiguous:
        return x.reshape(-1)
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
