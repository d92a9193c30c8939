"""The simple recurrent layer's loop over time, compiled: each thread takes some of the batch.

The same as `_forward_loop` and `_backward_loop` of nn/functional/rnn.py, tanh rounded otherwise
(`bend`).  See lstm.py beside this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import fast_kernel, kernel
from autograd_core.workers.compiled.team import helped, job, lead

from .bend import tanh
from .microkernel import rows_of
from .panels import laid_out
from .product import VECTORS, WIDE, shares, times_panels

_ZERO, _ONE = np.float32(0), np.float32(1)


@fast_kernel
def _forward(
    part: int, bounds: Any, many: Any, vectors: Any, matrix: Any, zeros: Any, bends: bool, hs: Any,
    product: Any, lengths: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    steps, batch, n = hs.shape[0] - 1, hs.shape[1], hs.shape[2]
    lo, hi = bounds[part]
    flat, flat_product = hs.reshape(-1), product.reshape(-1)
    for t in range(steps):
        times_panels(
            many, vectors, flat, (t * batch + lo) * n, n, hi - lo, n, matrix, zeros, flat_product,
            lo * n, n, n,
        )  # fmt: skip
        for i in range(lo, hi):
            h, p = hs[t + 1, i], product[i]
            if t >= lengths[i]:
                h[:] = 0
            elif bends:
                for j in range(n):
                    h[j] = tanh(h[j] + p[j])
            else:
                for j in range(n):
                    z = h[j] + p[j]
                    h[j] = _ZERO if z <= _ZERO else z  # NaN stays


@fast_kernel
def _backward(
    part: int, bounds: Any, many: Any, vectors: Any, g_out: Any, g_h: Any, bends: bool, hs: Any,
    weights: Any, zeros: Any, lengths: Any, slopes: Any, back: Any, sums: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    steps, batch, n = slopes.shape
    lo, hi = bounds[part]
    flat, flat_back, total = slopes.reshape(-1), back.reshape(-1), sums[part]
    for t in range(steps - 1, -1, -1):
        for i in range(lo, hi):
            s, m = slopes[t, i], back[i]
            if t >= lengths[i]:
                s[:] = 0
                continue
            if t == lengths[i] - 1:
                m[:] = g_h[i]
            h, message = hs[t + 1, i], g_out[t, i]
            if bends:
                for j in range(n):
                    s[j] = (m[j] + message[j]) * (_ONE - h[j] * h[j])
            else:
                for j in range(n):
                    s[j] = (m[j] + message[j]) * (_ONE if h[j] != _ZERO else _ZERO)
            for j in range(n):
                total[j] += s[j]
        times_panels(
            many, vectors, flat, (t * batch + lo) * n, n, hi - lo, n, weights, zeros, flat_back,
            lo * n, n, n,
        )  # fmt: skip


@kernel
def _all_forward(board: Any, bounds: Any, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, len(bounds), job(_forward, (bounds, *given)))


@kernel
def _all_backward(board: Any, bounds: Any, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, len(bounds), job(_backward, (bounds, *given)))


def forward(hs: Any, w_hh: Any, bend: str, lengths: Any) -> None:
    """Fill the states, where the input's share stands; see `_forward_loop`."""
    batch, n = hs.shape[1:]
    bounds, packed = shares(batch), laid_out(w_hh.T, WIDE)
    product, zeros = np.empty((batch, n), hs.dtype), np.zeros(n, hs.dtype)
    lengths = np.full(batch, len(hs) - 1) if lengths is None else lengths
    rows = rows_of(min(bounds[:, 1] - bounds[:, 0]))
    _all_forward(
        helped(len(bounds)), bounds, rows, VECTORS, packed, zeros, bend == "tanh", hs, product,
        lengths,
    )  # fmt: skip


def backward(g: Any, hs: Any, w_hh: Any, bend: str, lengths: Any, slopes: Any) -> tuple[Any, Any]:
    """Fill the slopes and return (dh0, db); see `_backward_loop`."""
    steps, batch, n = slopes.shape
    g_out, g_h = (np.array(part, order="C", copy=None) for part in g)
    bounds, packed = shares(batch), laid_out(w_hh, WIDE)
    back, zeros = np.zeros((batch, n), hs.dtype), np.zeros(n, hs.dtype)
    lengths = np.full(batch, steps) if lengths is None else lengths
    sums = np.zeros((len(bounds), n), hs.dtype)
    rows = rows_of(min(bounds[:, 1] - bounds[:, 0]))
    _all_backward(
        helped(len(bounds)), bounds, rows, VECTORS, g_out, g_h, bend == "tanh", hs, packed, zeros,
        lengths, slopes, back, sums,
    )  # fmt: skip
    return back, sums.sum(axis=0)
