"""The LSTM's loop over time, compiled: each thread takes some of the batch through all steps.

The examples of a batch do not see each other, so threads meet once a pass and not once a step.
A step is a matrix product out of registers (`product.times_panels`) and, while the gates are
still in the first-level cache, short loops over one example's features that LLVM turns into
vector code.  The same as `_forward_loop` and `_backward_loop` of nn/functional/lstm.py,
tanh rounded otherwise (`bend`).
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

_ONE = np.float32(1)


@fast_kernel
def _forward(
    part: int, bounds: Any, many: Any, vectors: Any, given: Any, matrix: Any, bias: Any,
    gates: Any, cs: Any, bent: Any, lengths: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    steps, batch, n = bent.shape
    width, (lo, hi) = given.shape[2], bounds[part]
    flat, flat_gates = given.reshape(-1), gates.reshape(-1)
    for t in range(steps):
        times_panels(
            many, vectors, flat, (t * batch + lo) * width, width, hi - lo, width, matrix, bias,
            flat_gates, (t * batch + lo) * 4 * n, 4 * n, 4 * n,
        )  # fmt: skip
        for i in range(lo, hi):
            h = given[t + 1, i, :n]
            if t >= lengths[i]:
                h[:] = 0
                continue
            z = gates[t, i]
            g, squashed = z[:n], z[n:]
            first, forget, out = z[n : 2 * n], z[2 * n : 3 * n], z[3 * n :]
            before, c, b = cs[t, i], cs[t + 1, i], bent[t, i]
            for j in range(n):
                g[j] = tanh(g[j])
            for j in range(3 * n):
                squashed[j] = sigmoid_of_half(squashed[j])
            for j in range(n):
                c[j] = g[j] * first[j] + forget[j] * before[j]
            for j in range(n):
                b[j] = tanh(c[j])
            for j in range(n):
                h[j] = out[j] * b[j]


@fast_kernel
def _backward(
    part: int, bounds: Any, many: Any, vectors: Any, g_out: Any, g_h: Any, g_c: Any, gates: Any,
    cs: Any, bent: Any, weights: Any, zeros: Any, lengths: Any, slopes: Any, back: Any, dc: Any,
    db: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    steps, batch, n = bent.shape
    lo, hi = bounds[part]
    flat, flat_back = slopes.reshape(-1), back.reshape(-1)
    dh, d, total = np.empty(n, bent.dtype), np.empty(n, bent.dtype), db[part]
    for t in range(steps - 1, -1, -1):
        for i in range(lo, hi):
            s, m, r = slopes[t, i], back[i], dc[i]
            if t >= lengths[i]:
                s[:] = 0
                continue
            if t == lengths[i] - 1:
                m[:] = g_h[i]
                r[:] = g_c[i]
            z, message, b, before = gates[t, i], g_out[t, i], bent[t, i], cs[t, i]
            g, first, forget, out = z[:n], z[n : 2 * n], z[2 * n : 3 * n], z[3 * n :]
            to_g, to_first, to_forget, to_out = s[:n], s[n : 2 * n], s[2 * n : 3 * n], s[3 * n :]
            for j in range(n):
                dh[j] = message[j] + m[j]
            for j in range(n):
                d[j] = r[j] + dh[j] * out[j] * (_ONE - b[j] * b[j])
            for j in range(n):
                to_g[j] = d[j] * first[j] * (_ONE - g[j] * g[j])
            for j in range(n):
                to_first[j] = d[j] * g[j] * first[j] * (_ONE - first[j])
            for j in range(n):
                to_forget[j] = d[j] * before[j] * forget[j] * (_ONE - forget[j])
            for j in range(n):
                to_out[j] = dh[j] * b[j] * out[j] * (_ONE - out[j])
            for j in range(n):
                r[j] = d[j] * forget[j]
            for j in range(4 * n):
                total[j] += s[j]
        times_panels(
            many, vectors, flat, (t * batch + lo) * 4 * n, 4 * n, hi - lo, 4 * n, weights, zeros,
            flat_back, lo * n, n, n,
        )  # fmt: skip


@kernel
def _all_forward(board: Any, bounds: Any, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, len(bounds), job(_forward, (bounds, *given)))


@kernel
def _all_backward(board: Any, bounds: Any, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, len(bounds), job(_backward, (bounds, *given)))


def forward(
    given: Any, matrix: Any, bias: Any, gates: Any, cs: Any, bent: Any, lengths: Any
) -> None:
    """Fill gates, cells and their tanh, and the states in `given`; see `_forward_loop`."""
    steps, batch, _ = bent.shape
    packed, bounds = laid_out(matrix, WIDE), shares(batch)
    lengths = np.full(batch, steps) if lengths is None else lengths
    rows = rows_of(min(bounds[:, 1] - bounds[:, 0]))
    _all_forward(
        helped(len(bounds)), bounds, rows, VECTORS, given, packed, bias, gates, cs, bent, lengths
    )


def backward(
    g: Any, gates: Any, cs: Any, bent: Any, weights: Any, lengths: Any, slopes: Any
) -> tuple[Any, Any, Any]:
    """Fill the slopes of the gates and return (dh0, dc0, db); see `_backward_loop`."""
    steps, batch, n = bent.shape
    g_out, g_h, g_c = (np.ascontiguousarray(part) for part in g)
    back, dc = np.zeros((batch, n), bent.dtype), np.zeros((batch, n), bent.dtype)
    packed, bounds = laid_out(weights, WIDE), shares(batch)
    zeros = np.zeros(n + WIDE, bent.dtype)
    lengths = np.full(batch, steps) if lengths is None else lengths
    rows = rows_of(min(bounds[:, 1] - bounds[:, 0]))
    db = np.zeros((len(bounds), 4 * n), bent.dtype)
    _all_backward(
        helped(len(bounds)), bounds, rows, VECTORS, g_out, g_h, g_c, gates, cs, bent, packed, zeros,
        lengths, slopes, back, dc, db,
    )  # fmt: skip
    return back, dc, db.sum(axis=0)
