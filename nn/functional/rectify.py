"""The rectifier's two passes over large float32 arrays, compiled where that is to be had.

Arrays whose numbers lie alike in memory, in whatever order of axes, are walked as flat runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.functional import kernels

WORK = 8  # counted for each number: what NumPy's pass takes


def _run(x: Any) -> Any:
    """Return the numbers in the order of memory if they are dense in C or channels-last order."""
    if x.flags.c_contiguous:
        return x.reshape(-1)
    moved = np.moveaxis(x, 1, -1)
    return moved.reshape(-1) if moved.flags.c_contiguous else None


def relu(x: Any) -> Any:
    """Return max(x, 0)."""
    if type(x) is np.ndarray and x.ndim > 1:
        lanes = kernels.compiled("lanes", WORK * x.size, x)
        run = _run(x) if lanes else None
        if run is not None:
            y = np.empty_like(x)
            out = _run(y)
            kernels.share_parts(lambda s: lanes.relu(run[s], out[s]), len(run))
            return y
    return np.maximum(x, 0)


def gated(g: Any, y: Any) -> Any:
    """Return g * (y > 0), for values of any kind."""
    if type(g) is np.ndarray and type(y) is np.ndarray and y.ndim > 1 and g.shape == y.shape:
        lanes = kernels.compiled("lanes", WORK * y.size, g, y)
        run = _run(y) if lanes else None
        if run is not None:
            out = np.empty_like(y)
            place = _run(out)
            if g.strides == y.strides:
                grads = _run(g)
            else:  # one copy, instead of steps all over the memory in each pass to come
                np.copyto(out, g)
                grads = place
            kernels.share_parts(lambda s: lanes.gate(grads[s], run[s], place[s]), len(run))
            return out
    return g * (y > 0)
