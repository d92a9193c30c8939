"""Passes over (n, channels, ...) arrays, by channel: what batch normalization is made of.

Large float32 arrays go to the compiled kernels if there are any; the others are worked
through a cache-sized piece at a time.  Both read and write channels-last memory, as rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import kernels
from .channels_last import fold, unwide, wide
from .scratch import PIECE, buffer

WORK = 8  # operations for each number, about
NARROW = 8  # bits: compiled loops want rows of only some hundred numbers


def _pieces(rows: Any) -> list[slice]:
    step = max(1, PIECE // max(1, rows.shape[1] * rows.itemsize))
    return [slice(k, k + step) for k in range(0, len(rows), step)]


def _compiled(*arrays: Any) -> Any:
    return kernels.compiled("lanes", WORK * arrays[0].size, *arrays)


def moments(x: Any) -> tuple[Any, Any]:
    """Return mean and variance of each channel."""
    if lanes := _compiled(x):
        return _moments(lanes, x)
    rows, together = wide(x)
    n = rows.shape[0] * together
    mean = fold(rows.sum(axis=0), together) / n
    centre = np.tile(mean, together)
    total = np.zeros_like(centre)
    for part in _pieces(rows):
        piece = rows[part]
        d = np.subtract(piece, centre, out=buffer("norm", piece.shape, rows.dtype))
        total += np.einsum("ij,ij->j", d, d)
    return mean.astype(x.dtype, copy=False), fold(total, together) / n


def _moments(lanes: Any, x: Any) -> tuple[Any, Any]:
    rows, together = wide(x, NARROW)
    slices = kernels.parts(len(rows))
    means, squares = np.zeros((2, len(slices), rows.shape[1]))
    board = kernels.team().helped(len(slices))
    lanes.moments(board, len(slices), rows, means, squares)
    # join the parts' columns, which belong to the same channel, by their own mean and spread
    weights = np.array([[[float(s.stop - s.start)]] for s in slices])
    means, squares = (v.reshape(len(slices), together, -1) for v in (means, squares))
    n = len(rows) * together
    mean = (means * weights).sum(axis=(0, 1)) / n
    variance = (squares + (means - mean) ** 2 * weights).sum(axis=(0, 1)) / n
    return mean.astype(x.dtype), variance.astype(x.dtype)


def scaled(x: Any, scale: Any, shift: Any) -> Any:
    """Return x * scale + shift, by channel."""
    lanes = _compiled(x, scale, shift)
    rows, together = wide(x, NARROW) if lanes else wide(x)
    y = np.empty_like(rows)
    scale, shift = np.tile(scale, together), np.tile(shift, together)
    if lanes:
        kernels.team().together(lanes.scaled, rows.size, rows, scale, shift, y)
        return unwide(y, x)
    for part in _pieces(rows):
        piece = np.multiply(rows[part], scale, out=y[part])
        piece += shift
    return unwide(y, x)


def products(g: Any, x: Any, mean: Any) -> tuple[Any, Any]:
    """Return the sums of g and of g * (x - mean), by channel."""
    if lanes := _compiled(g, x, mean):
        return _products(lanes, g, x, mean)
    rows, together = wide(x)
    grads = wide(g)[0]
    centre = np.tile(mean, together)
    along = np.zeros_like(centre)
    for part in _pieces(rows):  # centred first: g . x loses digits where the mean is large
        piece = rows[part]
        d = np.subtract(piece, centre, out=buffer("norm", piece.shape, rows.dtype))
        along += np.einsum("ij,ij->j", grads[part], d)
    return fold(grads.sum(axis=0), together), fold(along, together)


def _products(lanes: Any, g: Any, x: Any, mean: Any) -> tuple[Any, Any]:
    (rows, together), grads = wide(x, NARROW), wide(g, NARROW)[0]
    centre = np.tile(mean, together)
    slices = kernels.parts(len(rows))
    ones, others = np.zeros((2, len(slices), rows.shape[1]))
    lanes.products(
        kernels.team().helped(len(slices)), len(slices), grads, rows, centre, ones, others
    )
    one, other = (
        fold(v.reshape(-1), len(slices) * together).astype(x.dtype) for v in (ones, others)
    )
    return one, other


def sloped(g: Any, x: Any, factor: Any, slope: Any, shift: Any) -> Any:
    """Return g * factor + x * slope + shift, by channel."""
    lanes = _compiled(g, x)
    bits = (NARROW,) if lanes else ()
    (rows, together), grads = wide(x, *bits), wide(g, *bits)[0]
    out = np.empty_like(rows)
    factor, slope, shift = (np.tile(v, together).astype(x.dtype) for v in (factor, slope, shift))
    if lanes:
        kernels.team().together(lanes.sloped, rows.size, grads, rows, factor, slope, shift, out)
        return unwide(out, x)
    for part in _pieces(rows):
        piece = np.multiply(grads[part], factor, out=out[part])
        again = np.multiply(rows[part], slope, out=buffer("norm", piece.shape, rows.dtype))
        again += shift
        piece += again
    return unwide(out, x)
