"""The GRU's loop over time, compiled: each thread takes some of the batch through all steps.

The same as `_forward_loop` and `_backward_loop` of nn/functional/gru.py, tanh rounded otherwise
(`bend`).  See lstm.py beside this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import fast_kernel, kernel
from autograd_core.workers.compiled.team import helped, job, lead

from .bend import sigmoid_of_half, tanh
from .microkernel import rows_of
from .panels import laid_out
from .product import VECTORS, WIDE, shares, times_panels

_ONE, _HALF = np.float32(1), np.float32(0.5)


@fast_kernel
def _forward(
    part: int, bounds: Any, many: Any, vectors: Any, matrix: Any, bias: Any, gates: Any, hs: Any,
    inner: Any, product: Any, lengths: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    steps, batch, n = inner.shape
    lo, hi = bounds[part]
    flat, flat_product = hs.reshape(-1), product.reshape(-1)
    for t in range(steps):
        times_panels(
            many, vectors, flat, (t * batch + lo) * n, n, hi - lo, n, matrix, bias,
            flat_product, lo * 3 * n, 3 * n, 3 * n,
        )  # fmt: skip
        for i in range(lo, hi):
            h = hs[t + 1, i]
            if t >= lengths[i]:
                h[:] = 0
                continue
            before, p, own = hs[t, i], product[i], inner[t, i]
            squashed, new = gates[t, i, : 2 * n], gates[t, i, 2 * n :]
            for j in range(2 * n):
                squashed[j] = sigmoid_of_half(_HALF * (squashed[j] + p[j]))
            reset, update, sent = squashed[:n], squashed[n:], p[2 * n :]
            for j in range(n):
                own[j] = sent[j]
            for j in range(n):
                new[j] = tanh(new[j] + reset[j] * own[j])
            for j in range(n):
                h[j] = (before[j] - new[j]) * update[j] + new[j]


@fast_kernel
def _backward(
    part: int, bounds: Any, many: Any, vectors: Any, g_out: Any, g_h: Any, gates: Any, hs: Any,
    inner: Any, weights: Any, zeros: Any, lengths: Any, by_input: Any, by_state: Any, back: Any,
    direct: Any, sums: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    steps, batch, n = inner.shape
    lo, hi = bounds[part]
    flat, flat_back = by_state.reshape(-1), back.reshape(-1)
    dh, d_new = np.empty(n, inner.dtype), np.empty(n, inner.dtype)
    of_input, of_state = sums[part, 0], sums[part, 1]
    for t in range(steps - 1, -1, -1):
        for i in range(lo, hi):
            at, sent, m, d = by_input[t, i], by_state[t, i], back[i], direct[i]
            if t >= lengths[i]:
                at[:] = 0
                sent[:] = 0
                continue
            if t == lengths[i] - 1:
                m[:] = g_h[i]
            z, message, own, before = gates[t, i], g_out[t, i], inner[t, i], hs[t, i]
            reset, update, new = z[:n], z[n : 2 * n], z[2 * n :]
            at_reset, at_update, at_new = at[:n], at[n : 2 * n], at[2 * n :]
            to_new = sent[2 * n :]
            for j in range(n):
                dh[j] = message[j] + m[j] + d[j]
            for j in range(n):
                d_new[j] = dh[j] * (_ONE - update[j]) * (_ONE - new[j] * new[j])
            for j in range(n):
                at_reset[j] = d_new[j] * own[j] * reset[j] * (_ONE - reset[j])
            for j in range(n):
                at_update[j] = dh[j] * (before[j] - new[j]) * update[j] * (_ONE - update[j])
            for j in range(n):
                at_new[j] = d_new[j]
            for j in range(2 * n):
                sent[j] = at[j]
            for j in range(n):
                to_new[j] = d_new[j] * reset[j]
            for j in range(n):
                d[j] = dh[j] * update[j]
            for j in range(3 * n):
                of_input[j] += at[j]
            for j in range(3 * n):
                of_state[j] += sent[j]
        times_panels(
            many, vectors, flat, (t * batch + lo) * 3 * n, 3 * n, hi - lo, 3 * n, weights, zeros,
            flat_back, lo * n, n, n,
        )  # fmt: skip


@kernel
def _all_forward(board: Any, bounds: Any, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, len(bounds), job(_forward, (bounds, *given)))


@kernel
def _all_backward(board: Any, bounds: Any, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, len(bounds), job(_backward, (bounds, *given)))


def forward(w_hh: Any, bias: Any, gates: Any, hs: Any, inner: Any, lengths: Any) -> None:
    """Fill gates, states and the state's share of the gate n; see `_forward_loop`."""
    steps, batch, n = inner.shape
    bounds, packed = shares(batch), laid_out(w_hh.T, WIDE)
    product = np.empty((batch, 3 * n), inner.dtype)
    lengths = np.full(batch, steps) if lengths is None else lengths
    rows, bias = rows_of(min(bounds[:, 1] - bounds[:, 0])), np.array(bias)
    _all_forward(
        helped(len(bounds)), bounds, rows, VECTORS, packed, bias, gates, hs, inner, product, lengths
    )


def backward(
    g: Any, gates: Any, hs: Any, inner: Any, w_hh: Any, lengths: Any, by_input: Any, by_state: Any
) -> tuple[Any, Any, Any]:
    """Fill the slopes of the gates and return (dh0, db_ih, db_hh); see `_backward_loop`."""
    steps, batch, n = inner.shape
    g_out, g_h = (np.array(part, order="C", copy=None) for part in g)
    back, direct = np.zeros((2, batch, n), inner.dtype)
    bounds, packed = shares(batch), laid_out(w_hh, WIDE)
    lengths = np.full(batch, steps) if lengths is None else lengths
    sums = np.zeros((len(bounds), 2, 3 * n), inner.dtype)
    rows = rows_of(min(bounds[:, 1] - bounds[:, 0]))
    _all_backward(
        helped(len(bounds)), bounds, rows, VECTORS, g_out, g_h, gates, hs, inner, packed,
        np.zeros(n, inner.dtype), lengths, by_input, by_state, back, direct, sums,
    )  # fmt: skip
    back += direct
    return back, *sums.sum(axis=0)
