"""Compiled passes over channels-last rows: each reads every number once, in vector registers.

Sums are taken in float32 over blocks that stay in the cache, and from block to block in float64;
mean and variance of blocks are joined by Chan's formula (Chan, Golub and LeVeque, 1983), so a
large mean costs no digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import fast_kernel, kernel
from autograd_core.workers.compiled.team import job, lead, mine

BLOCK = 8192  # numbers of a block


@kernel
def _moments(
    part: int, parts: int, x: Any, means: Any, spreads: Any
) -> None:  # pragma: no cover - compiled
    x, mean, squares = x[mine(part, parts, len(x))], means[part], spreads[part]
    count, width = x.shape
    centre, total, spread = np.empty((3, width), np.float32)
    step = max(1, BLOCK // width)
    for begin in range(0, count, step):
        end = min(begin + step, count)
        many = end - begin
        centre[:] = 0
        for i in range(begin, end):
            for j in range(width):
                centre[j] += x[i, j]
        for j in range(width):
            centre[j] /= np.float32(many)
        total[:] = 0
        spread[:] = 0
        for i in range(begin, end):
            for j in range(width):
                d = x[i, j] - centre[j]
                total[j] += d  # zero but for what the sum above was rounded by
                spread[j] += d * d
        for j in range(width):
            off = np.float64(total[j]) / many
            d64 = centre[j] + off - mean[j]
            mean[j] += d64 * many / end
            squares[j] += spread[j] - off * total[j] + d64 * d64 * many * begin / end


@kernel
def moments(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write each column's mean, and the sum of squares around it, for each part of the rows."""
    lead(board, parts, job(_moments, (parts, *given)))


@kernel
def _scaled(
    part: int, parts: int, x: Any, scale: Any, shift: Any, y: Any
) -> None:  # pragma: no cover - compiled
    some = mine(part, parts, len(x))
    x, y = x[some], y[some]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = x[i, j] * scale[j] + shift[j]


@kernel
def scaled(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write x * scale + shift, by column."""
    lead(board, parts, job(_scaled, (parts, *given)))


@kernel
def _products(
    part: int, parts: int, g: Any, x: Any, mean: Any, ones: Any, others: Any
) -> None:  # pragma: no cover - compiled
    some = mine(part, parts, len(x))
    g, x, by_one, by_x = g[some], x[some], ones[part], others[part]
    count, width = x.shape
    one, other = np.empty(width, np.float32), np.empty(width, np.float32)
    step = max(1, BLOCK // width)
    for begin in range(0, count, step):
        one[:] = 0
        other[:] = 0
        for i in range(begin, min(begin + step, count)):
            for j in range(width):
                one[j] += g[i, j]
                other[j] += g[i, j] * (x[i, j] - mean[j])
        for j in range(width):
            by_one[j] += one[j]
            by_x[j] += other[j]


@kernel
def products(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Add up g and g * (x - mean), by column, for each part of the rows."""
    lead(board, parts, job(_products, (parts, *given)))


@kernel
def _sloped(
    part: int, parts: int, g: Any, x: Any, factor: Any, slope: Any, shift: Any, out: Any
) -> None:  # pragma: no cover - compiled
    some = mine(part, parts, len(x))
    g, x, out = g[some], x[some], out[some]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = g[i, j] * factor[j] + (x[i, j] * slope[j] + shift[j])


@kernel
def sloped(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write g * factor + x * slope + shift, by column."""
    lead(board, parts, job(_sloped, (parts, *given)))


@fast_kernel
def _distance(
    part: int, parts: int, a: Any, b: Any, one: int, other: int, width: int, rows: int, totals: Any
) -> None:  # pragma: no cover - compiled
    pieces = -(-width // BLOCK)  # of each row
    some = mine(part, parts, rows * pieces)
    total = 0.0
    for k in range(some.start, some.stop):
        i, begin = k // pieces, k % pieces * BLOCK
        many = min(BLOCK, width - begin)
        x = a[i * one + begin : i * one + begin + many]
        y = b[i * other + begin : i * other + begin + many]
        squares = np.float32(0)
        for j in range(many):
            squares += (x[j] - y[j]) * (x[j] - y[j])
        total += np.float64(squares)
    totals[part] = total


@kernel
def distance(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write each part's sum of (a - b)**2 over rows that begin `one` and `other` numbers apart."""
    lead(board, parts, job(_distance, (parts, *given)))


@kernel
def _difference(
    part: int, parts: int, a: Any, b: Any, one: int, other: int, width: int, rows: int,
    factor: Any, out: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    pieces = -(-width // BLOCK)
    some = mine(part, parts, rows * pieces)
    for k in range(some.start, some.stop):
        i, begin = k // pieces, k % pieces * BLOCK
        many = min(BLOCK, width - begin)
        x = a[i * one + begin : i * one + begin + many]
        y = b[i * other + begin : i * other + begin + many]
        z = out[i * width + begin : i * width + begin + many]
        for j in range(many):
            z[j] = (x[j] - y[j]) * factor


@kernel
def difference(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    """Write (a - b) * factor, rows close together."""
    lead(board, parts, job(_difference, (parts, *given)))
