"""Running sums and products of many lines: several side by side, for each step waits for the last.

Every line is worked through in its own order, so the bits are NumPy's.
"""

from __future__ import annotations

from typing import Any

from autograd_core.workers.compiled import exact_kernel, kernel
from autograd_core.workers.compiled.team import job, lead, mine, together

ACROSS = 256  # neighbouring lines that lie across memory; so much of them stays in the cache


@exact_kernel
def _one(
    x: Any, y: Any, row: int, product: bool, first: int, step: int
) -> None:  # pragma: no cover - compiled
    at = first
    a = x[row, at]
    y[row, at] = a
    for _ in range(1, x.shape[1]):
        at += step
        a = a * x[row, at] if product else a + x[row, at]
        y[row, at] = a


@exact_kernel
def _four(
    x: Any, y: Any, row: int, product: bool, first: int, step: int
) -> None:  # pragma: no cover - compiled
    at = first
    a, b, c, d = x[row, at], x[row + 1, at], x[row + 2, at], x[row + 3, at]
    y[row, at], y[row + 1, at], y[row + 2, at], y[row + 3, at] = a, b, c, d
    for _ in range(1, x.shape[1]):
        at += step
        if product:
            a *= x[row, at]
            b *= x[row + 1, at]
            c *= x[row + 2, at]
            d *= x[row + 3, at]
        else:
            a += x[row, at]
            b += x[row + 1, at]
            c += x[row + 2, at]
            d += x[row + 3, at]
        y[row, at], y[row + 1, at], y[row + 2, at], y[row + 3, at] = a, b, c, d


@exact_kernel
def _along(
    part: int, parts: int, x: Any, y: Any, product: bool, first: int, step: int
) -> None:  # pragma: no cover - compiled
    """Do a part of the lines, which lie along memory."""
    some = mine(part, parts, (len(x) + 3) // 4)
    for block in range(some.start, some.stop):
        row = 4 * block
        if row + 4 <= len(x):
            _four(x, y, row, product, first, step)
        else:
            for rest in range(row, len(x)):
                _one(x, y, rest, product, first, step)


@exact_kernel
def _across(
    part: int, parts: int, x: Any, y: Any, product: bool, first: int, step: int
) -> None:  # pragma: no cover - compiled
    """Do a part of the lines, which lie across memory."""
    tiles = (x.shape[2] + ACROSS - 1) // ACROSS
    some = mine(part, parts, len(x) * tiles)
    for tile in range(some.start, some.stop):
        i, start = tile // tiles, tile % tiles * ACROSS
        before = y[i, first, start : start + ACROSS]
        before[:] = x[i, first, start : start + ACROSS]
        at = first
        for _ in range(1, x.shape[1]):
            at += step
            a, made = x[i, at, start : start + ACROSS], y[i, at, start : start + ACROSS]
            if product:
                for k in range(len(a)):
                    made[k] = before[k] * a[k]
            else:
                for k in range(len(a)):
                    made[k] = before[k] + a[k]
            before = made


@kernel
def _scan_along(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_along, (parts, *given)))


@kernel
def _scan_across(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_across, (parts, *given)))


def scan(x: Any, y: Any, product: bool, backward: bool) -> None:
    """Write the running sums or products along the second axis.

    Parameters
    ----------
    x, y : shape (before, n, behind)
        Dense arrays of floats; y is written.
    product : bool
        Whether numbers are multiplied.
    backward : bool
        Whether to begin at the end.
    """
    first, step = (x.shape[1] - 1, -1) if backward else (0, 1)
    if x.shape[2] == 1:
        together(_scan_along, x.size, x[:, :, 0], y[:, :, 0], product, first, step)
    else:
        together(_scan_across, x.size, x, y, product, first, step)
