"""Distances between arrays whose rows lie apart: each number is read once, in vector registers.

Sums are taken in float32 over blocks that stay in the cache, and from block to block in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import fast_kernel, kernel
from autograd_core.workers.compiled.team import job, lead, mine

BLOCK = 8192  # numbers of a block


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
