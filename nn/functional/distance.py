"""The squared distance of two arrays as one operation, |a - b|**2 / count.

Written as a chain it is nine passes over fresh arrays, forward and back; here it is two over what
is given: the sum of squares, and (a - b) times a number.  Arrays whose rows lie apart in memory,
an LSTM's states say, are read where they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd_core import primitive

from . import kernels
from .pointwise import alike

WORK = 8  # counted for each number: what NumPy's passes take


def _rows(x: Any) -> tuple[Any, int]:
    """Return the numbers as a flat array, and the distance between its rows (of the last axis)."""
    width = x.shape[-1]
    rows = x.reshape((-1, width))  # copied if rows are not equally far apart
    step = rows.strides[0] // rows.itemsize
    if rows.flags.c_contiguous or rows.strides[1] != rows.itemsize or step < width:
        return np.ascontiguousarray(rows).reshape(-1), width
    return as_strided(rows, ((len(rows) - 1) * step + width,), rows.strides[1:]), step


def _walked(a: Any, b: Any) -> tuple[Any, ...]:
    """Return what the compiled kernels take: both flat, their rows' steps, width and number."""
    order = _falling(a)
    if _falling(b) != order:
        b = alike(b, a)
    a, b = a.transpose(order), b.transpose(order)
    (one, step), (other, skip), width = _rows(a), _rows(b), a.shape[-1]
    if step == skip == width:
        return one, other, a.size, a.size, a.size, 1
    return one, other, step, skip, width, a.size // width


def _falling(x: Any) -> list[int]:
    """Return the axes in the order of memory."""
    return sorted(range(x.ndim), key=lambda k: -abs(x.strides[k]))


def _compiled(a: Any, b: Any) -> Any:
    if not type(a) is np.ndarray is type(b) or a.shape != b.shape or not a.ndim or not a.size:
        return None
    return kernels.compiled("lanes", WORK * a.size, a, b)


def apart(a: Any, b: Any) -> Any:
    """Return a - b; a target in another order of memory than the channels-last output is copied."""
    if type(a) is np.ndarray is type(b) and a.shape == b.shape and a.ndim > 2:
        last, other = a.strides[1] < a.strides[-1], b.strides[1] < b.strides[-1]
        b = b if last == other else alike(b, a)
    return a - b


def _distance(a: Any, b: Any, *, count: float) -> Any:
    if lanes := _compiled(a, b):
        team = kernels.team()
        totals = np.empty(team.pieces(a.size))  # one for each part, so counted only here
        lanes.distance(team.helped(len(totals)), len(totals), *_walked(a, b), totals)
        return a.dtype.type(totals.sum() / count)
    d = apart(a, b)
    return np.sum(np.square(d, out=d) if type(d) is np.ndarray else np.square(d)) / count


def _difference(a: Any, b: Any, factor: Any) -> Any:
    """Return (a - b) * factor, for values of any kind."""
    if type(factor) is np.float32 and (lanes := _compiled(a, b)):
        out, order = np.empty_like(a), _falling(a)
        if _falling(out) == order:  # so that what follows is no copy
            flat = out.transpose(order).reshape(-1)
            kernels.team().together(lanes.difference, a.size, *_walked(a, b), factor, flat)
            return out
    d = apart(a, b)
    if type(d) is np.ndarray and d.dtype == getattr(factor, "dtype", None):
        d *= factor
        return d
    return d * factor


squared_distance = primitive(
    _distance,
    vjp=[
        lambda g, y, a, b, *, count: _difference(a, b, g * 2.0 / count),
        lambda g, y, a, b, *, count: _difference(b, a, g * 2.0 / count),
    ],
    jvp=[
        lambda t, y, a, b, *, count: np.sum(t * (a - b)) * 2.0 / count,
        lambda t, y, a, b, *, count: np.sum(t * (b - a)) * 2.0 / count,
    ],
    name="squared distance",
    composite=lambda a, b, count: np.sum((a - b) ** 2) / count,
    category="loss",
)
