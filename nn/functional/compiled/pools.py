"""Compiled pooling: one pass, all channels of a place at once.

Each image is read channels last; one that lies channels first is turned over on the way, in the
cache.  Images and gradients that are read are given as `images.source` returns them, windows by
their settings (see `nn.functional.windows.Windows`); taps that lie outside of the image are passed
over.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import inlined, kernel
from autograd_core.workers.compiled.team import job, lead, mine

from .images import framed


@kernel
def _image(x: Any, given: Any, n: int) -> Any:  # pragma: no cover - compiled
    """Return one image, channels last."""
    _, h, w, c = given[:4]
    return framed(x, given, n, n + 1, (0, 0, h, w)).reshape((h, w, c))


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
    part: int, parts: int, numbers: Any, given: Any, y: Any, kernel: Any, stride: Any,
    before: Any, dilation: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    some, (_, h, w, c) = mine(part, parts, len(y)), given[:4]
    for n in range(some.start, some.stop):
        x = _image(numbers, given, n)
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for k in range(c):
                    y[n, i, j, k] = -np.inf
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if 0 <= p < h and 0 <= q < w:
                        for k in range(c):
                            v, best = x[p, q, k], y[n, i, j, k]
                            y[n, i, j, k] = best if v <= best or best != best else v


@kernel
def maximum(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write each window's maximum, NaN if it holds one."""
    lead(board, parts, job(_maximum, (parts, *given)))


@kernel
def _winners(
    part: int, parts: int, numbers: Any, given: Any, index: Any, kernel: Any, stride: Any,
    before: Any, dilation: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    some, (_, h, w, c) = mine(part, parts, len(index)), given[:4]
    top = np.empty(c, numbers.dtype)
    for n in range(some.start, some.stop):
        x = _image(numbers, given, n)
        for i in range(index.shape[1]):
            for j in range(index.shape[2]):
                fresh = True
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if 0 <= p < h and 0 <= q < w:
                        if fresh:
                            for k in range(c):
                                top[k], index[n, i, j, k] = x[p, q, k], tap
                            fresh = False
                        else:
                            for k in range(c):
                                v, best = x[p, q, k], top[k]
                                kept = v <= best or (best != best and v == v)
                                top[k] = best if kept else v
                                index[n, i, j, k] = index[n, i, j, k] if kept else tap


@kernel
def winners(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write which tap is the maximum, the first at a tie; the last NaN if there is one."""
    lead(board, parts, job(_winners, (parts, *given)))


@kernel
def _unpick(
    part: int, parts: int, numbers: Any, given: Any, index: Any, out: Any, kernel: Any,
    stride: Any, before: Any, dilation: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    some = mine(part, parts, len(out))
    _, h, w, c = out.shape
    tiles = kernel == stride and h == given[1] * kernel[0] and w == given[2] * kernel[1]
    if not tiles:
        out[some] = 0
    for n in range(some.start, some.stop):
        g = _image(numbers, given, n)
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if tiles:
                        for k in range(c):
                            hit = np.float32(1) if index[n, i, j, k] == tap else np.float32(0)
                            out[n, p, q, k] = g[i, j, k] * hit
                    elif 0 <= p < h and 0 <= q < w:
                        for k in range(c):
                            hit = np.float32(1) if index[n, i, j, k] == tap else np.float32(0)
                            out[n, p, q, k] += g[i, j, k] * hit


@kernel
def unpick(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write each window's g at the place that its index names; overlapping windows add up."""
    lead(board, parts, job(_unpick, (parts, *given)))


@kernel
def _total(
    part: int, parts: int, numbers: Any, given: Any, y: Any, kernel: Any, stride: Any,
    before: Any, dilation: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    some, (_, h, w, c) = mine(part, parts, len(y)), given[:4]
    for n in range(some.start, some.stop):
        x = _image(numbers, given, n)
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for k in range(c):
                    y[n, i, j, k] = 0
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if 0 <= p < h and 0 <= q < w:
                        for k in range(c):
                            y[n, i, j, k] += x[p, q, k]


@kernel
def total(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write each window's sum."""
    lead(board, parts, job(_total, (parts, *given)))


@kernel
def _spread(
    part: int, parts: int, numbers: Any, given: Any, out: Any, kernel: Any, stride: Any,
    before: Any, dilation: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    some = mine(part, parts, len(out))
    _, h, w, c = out.shape
    out[some] = 0
    for n in range(some.start, some.stop):
        g = _image(numbers, given, n)
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                for tap in range(kernel[0] * kernel[1]):
                    p, q = _place(i, j, tap, kernel, stride, before, dilation)
                    if 0 <= p < h and 0 <= q < w:
                        for k in range(c):
                            out[n, p, q, k] += g[i, j, k]


@kernel
def spread(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Add each window's g to all of its places."""
    lead(board, parts, job(_spread, (parts, *given)))


@kernel
def _tile_total(
    part: int, parts: int, numbers: Any, given: Any, y: Any, kernel: Any
) -> None:  # pragma: no cover - compiled
    some, (_, h, w, c) = mine(part, parts, len(y)), given[:4]
    high, wide = kernel
    line = np.empty(w * c, numbers.dtype)
    for n in range(some.start, some.stop):
        x = _image(numbers, given, n).reshape((h, w * c))
        for i in range(y.shape[1]):
            for q in range(line.size):
                line[q] = x[i * high, q]
            for r in range(1, high):
                for q in range(line.size):
                    line[q] += x[i * high + r, q]
            for j in range(y.shape[2]):
                for k in range(c):
                    sum_ = line[j * wide * c + k]
                    for t in range(1, wide):
                        sum_ += line[(j * wide + t) * c + k]
                    y[n, i, j, k] = sum_


@kernel
def tile_total(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write sums over windows that tile the image.

    Lines are added first: their numbers lie side by side, however few the channels.
    """
    lead(board, parts, job(_tile_total, (parts, *given)))


@kernel
def _tile_spread(
    part: int, parts: int, numbers: Any, given: Any, out: Any, kernel: Any
) -> None:  # pragma: no cover - compiled
    some = mine(part, parts, len(out))
    high, wide = kernel
    for n in range(some.start, some.stop):
        g = _image(numbers, given, n)
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                for t in range(wide):
                    for k in range(g.shape[2]):
                        out[n, i * high, j * wide + t, k] = g[i, j, k]
            for r in range(1, high):
                out[n, i * high + r] = out[n, i * high]


@kernel
def tile_spread(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write each tile's g to all of its places."""
    lead(board, parts, job(_tile_spread, (parts, *given)))
