"""Compiled pooling of channels-last images: one pass, all channels of a place at once.

Windows are given by their settings (see `nn.functional.windows.Windows`); taps that lie
outside of the image are passed over.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import inlined, kernel
from autograd_core.workers.compiled.team import job, lead, mine


@inlined
def _place(
    i: int, j: int, tap: int, kernel: Any, stride: Any, before: Any, dilation: Any
) -> tuple[int, int]:  # pragma: no cover - compiled
    """Return line and column that a tap of a window reads."""
    return (
        i * stride[0] - before[0] + tap // kernel[1] * dilation[0],
        j * stride[1] - before[1] + tap % kernel[1] * dilation[1],
    )


@kernel
def _maximum(
    part: int, parts: int, x: Any, y: Any, kernel: Any, stride: Any,
    before: Any, dilation: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    some = mine(part, parts, len(x))
    x, y = x[some], y[some]
    _, h, w, c = x.shape
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for k in range(c):
                    y[n, i, j, k] = -np.inf
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if 0 <= p < h and 0 <= q < w:
                        for k in range(c):
                            v, best = x[n, p, q, k], y[n, i, j, k]
                            y[n, i, j, k] = best if v <= best or best != best else v


@kernel
def maximum(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write each window's maximum, NaN if it holds one."""
    lead(board, parts, job(_maximum, (parts, *given)))


@kernel
def _winners(
    part: int, parts: int, x: Any, index: Any, kernel: Any, stride: Any,
    before: Any, dilation: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    some = mine(part, parts, len(x))
    x, index = x[some], index[some]
    _, h, w, c = x.shape
    top = np.empty(c, x.dtype)
    for n in range(index.shape[0]):
        for i in range(index.shape[1]):
            for j in range(index.shape[2]):
                fresh = True
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if 0 <= p < h and 0 <= q < w:
                        if fresh:
                            for k in range(c):
                                top[k], index[n, i, j, k] = x[n, p, q, k], tap
                            fresh = False
                        else:
                            for k in range(c):
                                v, best = x[n, p, q, k], top[k]
                                kept = v <= best or (best != best and v == v)
                                top[k] = best if kept else v
                                index[n, i, j, k] = index[n, i, j, k] if kept else tap


@kernel
def winners(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write which tap is the maximum, the first at a tie; the last NaN if there is one."""
    lead(board, parts, job(_winners, (parts, *given)))


@kernel
def _unpick(
    part: int,
    parts: int,
    g: Any,
    index: Any,
    out: Any,
    kernel: Any,
    stride: Any,
    before: Any,
    dilation: Any,
) -> None:  # pragma: no cover - compiled
    some = mine(part, parts, len(g))
    g, index, out = g[some], index[some], out[some]
    _, h, w, c = out.shape
    tiles = kernel == stride and h == g.shape[1] * kernel[0] and w == g.shape[2] * kernel[1]
    if not tiles:
        out[...] = 0
    for n in range(g.shape[0]):
        for i in range(g.shape[1]):
            for j in range(g.shape[2]):
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if tiles:
                        for k in range(c):
                            hit = np.float32(1) if index[n, i, j, k] == tap else np.float32(0)
                            out[n, p, q, k] = g[n, i, j, k] * hit
                    elif 0 <= p < h and 0 <= q < w:
                        for k in range(c):
                            hit = np.float32(1) if index[n, i, j, k] == tap else np.float32(0)
                            out[n, p, q, k] += g[n, i, j, k] * hit


@kernel
def unpick(
    board: Any,
    parts: int,
    g: Any,
    index: Any,
    out: Any,
    kernel: Any,
    stride: Any,
    before: Any,
    dilation: Any,
) -> None:  # pragma: no cover - compiled
    """Write each window's g at the place that its index names; overlapping windows add up."""
    lead(board, parts, job(_unpick, (parts, g, index, out, kernel, stride, before, dilation)))


@kernel
def _total(
    part: int, parts: int, x: Any, y: Any, kernel: Any, stride: Any,
    before: Any, dilation: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    some = mine(part, parts, len(x))
    x, y = x[some], y[some]
    _, h, w, c = x.shape
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for k in range(c):
                    y[n, i, j, k] = 0
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if 0 <= p < h and 0 <= q < w:
                        for k in range(c):
                            y[n, i, j, k] += x[n, p, q, k]


@kernel
def total(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write each window's sum."""
    lead(board, parts, job(_total, (parts, *given)))


@kernel
def _spread(
    part: int, parts: int, g: Any, out: Any, kernel: Any, stride: Any,
    before: Any, dilation: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    some = mine(part, parts, len(g))
    g, out = g[some], out[some]
    _, h, w, c = out.shape
    out[...] = 0
    for n in range(g.shape[0]):
        for i in range(g.shape[1]):
            for j in range(g.shape[2]):
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if 0 <= p < h and 0 <= q < w:
                        for k in range(c):
                            out[n, p, q, k] += g[n, i, j, k]


@kernel
def spread(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Add each window's g to all of its places."""
    lead(board, parts, job(_spread, (parts, *given)))


@kernel
def _tile_total(
    part: int, parts: int, x: Any, y: Any, kernel: Any, c: int
) -> None:  # pragma: no cover - compiled
    some = mine(part, parts, len(x))
    x, y = x[some], y[some]
    high, wide = kernel
    line = np.empty(x.shape[2], x.dtype)
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            for q in range(line.size):
                line[q] = x[n, i * high, q]
            for r in range(1, high):
                for q in range(line.size):
                    line[q] += x[n, i * high + r, q]
            for j in range(y.shape[2] // c):
                for k in range(c):
                    sum_ = line[j * wide * c + k]
                    for t in range(1, wide):
                        sum_ += line[(j * wide + t) * c + k]
                    y[n, i, j * c + k] = sum_


@kernel
def tile_total(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write sums over windows that tile the image; its lines and the result's as runs of numbers.

    Lines are added first: their numbers lie side by side, however few the channels.
    """
    lead(board, parts, job(_tile_total, (parts, *given)))


@kernel
def _tile_spread(
    part: int, parts: int, g: Any, out: Any, kernel: Any, c: int
) -> None:  # pragma: no cover - compiled
    some = mine(part, parts, len(g))
    g, out = g[some], out[some]
    high, wide = kernel
    for n in range(g.shape[0]):
        for i in range(g.shape[1]):
            for j in range(g.shape[2] // c):
                for t in range(wide):
                    for k in range(c):
                        out[n, i * high, (j * wide + t) * c + k] = g[n, i, j * c + k]
            for r in range(1, high):
                for q in range(out.shape[2]):
                    out[n, i * high + r, q] = out[n, i * high, q]


@kernel
def tile_spread(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write each tile's g to all of its places."""
    lead(board, parts, job(_tile_spread, (parts, *given)))
