"""Passes over (n, channels, ...) arrays, by channel: what batch normalization is made of.

Arrays are worked through a cache-sized piece at a time, as rows of channels-last memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .channels_last import fold, unwide, wide
from .scratch import PIECE, buffer


def _pieces(rows: Any) -> list[slice]:
    step = max(1, PIECE // max(1, rows.shape[1] * rows.itemsize))
    return [slice(k, k + step) for k in range(0, len(rows), step)]


def moments(x: Any) -> tuple[Any, Any]:
    """Return mean and variance of each channel."""
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


def scaled(x: Any, scale: Any, shift: Any) -> Any:
    """Return x * scale + shift, by channel."""
    rows, together = wide(x)
    y = np.empty_like(rows)
    scale, shift = np.tile(scale, together), np.tile(shift, together)
    for part in _pieces(rows):
        piece = np.multiply(rows[part], scale, out=y[part])
        piece += shift
    return unwide(y, x)


def sums(g: Any, x: Any, mean: Any) -> tuple[Any, Any]:
    """Return the sums of g and of g * (x - mean), by channel."""
    rows, together = wide(x)
    grads = wide(g)[0]
    centre = np.tile(mean, together)
    along = np.zeros_like(centre)
    for part in _pieces(rows):  # centred first: g . x loses digits where the mean is large
        piece = rows[part]
        d = np.subtract(piece, centre, out=buffer("norm", piece.shape, rows.dtype))
        along += np.einsum("ij,ij->j", grads[part], d)
    return fold(grads.sum(axis=0), together), fold(along, together)


def sloped(g: Any, x: Any, factor: Any, slope: Any, shift: Any) -> Any:
    """Return g * factor + x * slope + shift, by channel."""
    (rows, together), grads = wide(x), wide(g)[0]
    out = np.empty_like(rows)
    factor, slope, shift = (np.tile(v, together).astype(x.dtype) for v in (factor, slope, shift))
    for part in _pieces(rows):
        piece = np.multiply(grads[part], factor, out=out[part])
        again = np.multiply(rows[part], slope, out=buffer("norm", piece.shape, rows.dtype))
        again += shift
        piece += again
    return unwide(out, x)
