"""Matrix products out of `microkernel.block`, shared among threads.

The second operand is laid out in panels as wide as the block's rows (panels.py), so that the
innermost loop reads one line of cache after the other.  `product` takes a panel of it at a time,
short enough for the first-level cache, through all rows of the first, and adds up in the result;
each thread takes some of the rows or columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers import setting
from autograd_core.workers.compiled import kernel
from autograd_core.workers.compiled.team import helped, job, lead

from .microkernel import LANES, block, padded, rows_of, vectors_for
from .panels import fill, flat

VECTORS = padded((0, 0))  # vectors a row of the block, for panels
WIDE = LANES * len(VECTORS)
LEAST, FEW = 8, 32  # rows for which panels of b do not pay; fewer: too few for a vector
TALL = 256  # rows of which each thread takes some, laying out all of b for itself
STRETCH = 256  # rows of b in a panel: with 32 columns two thirds of a first-level cache
MOST = 512  # rows of a laid out at once: with the stretch half a megabyte
SHARED = 2e6  # operations: less is done before a helper has come


def parts(count: int, least: int = 8) -> list[int]:
    """Return the bounds of the parts into which threads divide a count."""
    pieces = max(1, min(setting("threads"), count // least))
    return [count * k // pieces for k in range(pieces + 1)]


def shares(batch: int) -> Any:
    """Return the bounds of a batch's parts, one for each thread, of eight examples at least."""
    bounds = parts(batch)
    return np.array([bounds[:-1], bounds[1:]]).T.copy()


@kernel
def times_panels(
    many: Any, vectors: Any, a: Any, a_at: int, a_row: int, rows: int, k: int, b: Any, start: Any,
    c: Any, c_at: int, c_row: int, columns: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Write start + a b for some rows of a; b in panels, a and c flat with strides."""
    wide = len(vectors) * LANES
    for j in range(0, columns, wide):
        for at in range(0, rows, len(many)):
            first = min(at, rows - len(many))  # the last block overlaps the one before
            block(
                many, vectors, a, a_at + first * a_row, a_row, 0, 0, 1, 1, 1, k, b, j * k, wide,
                start, j, 0, c, c_at + first * c_row + j, c_row, at - first, columns - j,
            )  # fmt: skip


@kernel
def _down(
    many: Any, vectors: Any, a: Any, a_at: int, a_row: int, a_step: int, rows: int, length: int,
    panel: Any, start: Any, s_at: int, s_row: int, c: Any, c_at: int, c_row: int, columns: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Write start + a times a panel, a block of rows after the other."""
    for at in range(0, rows, len(many)):
        first = min(at, rows - len(many))  # the last block overlaps the one before
        block(
            many, vectors, a, a_at + first * a_row, a_row, 0, 0, a_step, 1, 1, length, panel, 0,
            len(vectors) * LANES, start, s_at + first * s_row, s_row, c, c_at + first * c_row,
            c_row, at - first, columns,
        )  # fmt: skip


@kernel
def _part(
    many: Any, vectors: Any, a: Any, a_row: int, a_step: int, k: int, b: Any, b_row: int,
    b_column: int, n: int, top: int, bottom: int, lo: int, hi: int, start: Any, c: Any,
    stretch: int, most: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Write rows top to bottom and columns lo to hi of start + a b, by panels of b.

    Every operand is flat, with strides; start is one row.  A stretch of a meets all of b's columns
    before the next one is read: it stays in the second-level cache, the whole of a often not.
    Where a's columns are what lies together, rows of LANES are laid out as b's columns are: read
    in place, one number of every line of cache would be used at a time, from lines that collide.
    """
    wide = len(vectors) * LANES
    panel = np.empty((stretch + LANES) * wide, np.float32)
    packs = a_row == 1 and a_step != 1 and LANES % len(many) == 0
    packed = np.empty((min(most, bottom - top) * min(stretch, k) if packs else 0), np.float32)
    for first in range(top, bottom, most):
        last = min(first + most, bottom)
        whole = (last - first) // LANES if packs else 0
        rest = first + whole * LANES
        for p in range(0, k, stretch):
            length = min(stretch, k - p)
            size = LANES * length
            for q in range(whole):
                at = first + q * LANES + p * a_step
                fill(a, at, a_step, 1, length, LANES, LANES, packed, q * size)
            for j in range(lo, hi, wide):
                fill(b, p * b_row + j * b_column, b_row, b_column, length, n - j, wide, panel, 0)
                if p == 0:
                    begun, s_at, s_row = start, j, 0
                else:
                    begun, s_at, s_row = c, j, n
                for q in range(whole):
                    row = first + q * LANES
                    _down(
                        many, vectors, packed, q * size, 1, LANES, LANES, length, panel, begun,
                        s_at + row * s_row, s_row, c, row * n + j, n, n - j,
                    )  # fmt: skip
                _down(
                    many, vectors, a, rest * a_row + p * a_step, a_row, a_step, last - rest, length,
                    panel, begun, s_at + rest * s_row, s_row, c, rest * n + j, n, n - j,
                )  # fmt: skip


@kernel
def _few_rows(
    many: Any, vectors: Any, a: Any, a_row: int, a_step: int, k: int, b: Any, b_row: int,
    n: int, m: int, lo: int, hi: int, start: Any, c: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Write columns lo to hi of start + a b, reading b's rows where they lie."""
    for j in range(lo, hi, len(vectors) * LANES):
        for at in range(0, m, len(many)):
            first = min(at, m - len(many))
            block(
                many, vectors, a, first * a_row, a_row, 0, 0, a_step, 1, 1, k, b, j, b_row,
                start, j, 0, c, first * n + j, n, at - first, n - j,
            )  # fmt: skip


def product(a: Any, b: Any, start: Any = None) -> Any:
    """Return a b (+ start, to every row) of float32 matrices in either order of memory.

    A panel pays only if many rows use it.  For few, b is read in place; if its columns are what
    lies together, the transposed product is worked out, in which b has the many rows.
    """
    (m, k), n = a.shape, b.shape[1]
    (a, a_row, a_step), (b, b_row, b_column) = flat(a), flat(b)
    if LEAST < m <= FEW and b_column != 1:
        turned = np.empty((n, m), np.float32)
        _share(b, b_column, b_row, n, k, a, a_step, a_row, m, np.zeros(m, np.float32), turned)
        y = np.ascontiguousarray(turned.T)
        if start is not None:
            y += start
        return y
    c = np.empty((m, n), np.float32)
    start = np.zeros(n, np.float32) if start is None else start
    _share(a, a_row, a_step, m, k, b, b_row, b_column, n, start, c)
    return c


@kernel
def _some(
    task: int, tasks: int, pieces: int, unit: int, by_rows: bool, in_place: bool, many: Any,
    vectors: Any, filled: Any, a: Any, a_row: int, a_step: int, m: int, k: int, b: Any, b_row: int,
    b_column: int, n: int, start: Any, c: Any, stretch: int, most: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Write a task's share of the rows or columns; `filled` are the vectors of panels."""
    lo, hi = pieces * task // tasks * unit, pieces * (task + 1) // tasks * unit
    if task == tasks - 1:
        hi = m if by_rows else n
    if in_place:
        _few_rows(many, vectors, a, a_row, a_step, k, b, b_row, n, m, lo, hi, start, c)
        return
    top, bottom, left, right = (lo, hi, 0, n) if by_rows else (0, m, lo, hi)
    _part(
        many, filled, a, a_row, a_step, k, b, b_row, b_column, n, top, bottom, left, right,
        start, c, stretch, most,
    )  # fmt: skip


@kernel
def _all(board: Any, tasks: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, tasks, job(_some, (tasks, *given)))


def _share(
    a: Any, a_row: int, a_step: int, m: int, k: int, b: Any, b_row: int, b_column: int, n: int,
    start: Any, c: Any,
) -> None:  # fmt: skip
    """Fill c, each thread some of its rows or columns."""
    c, vectors = c.reshape(-1), vectors_for(n)
    rows = rows_of(m, len(vectors))
    by_rows, in_place = m >= TALL, m <= FEW and b_column == 1
    last, unit = (m, len(rows)) if by_rows else (n, LANES * len(vectors))
    pieces = max(1, last // unit)
    threads = setting("threads") if 2.0 * m * k * n > SHARED else 1
    # columns in more parts than threads, for one that comes late; not rows, which lay b out anew
    tasks = min(threads if by_rows or threads == 1 else 2 * threads, pieces)
    _all(
        helped(tasks), tasks, pieces, unit, by_rows, in_place, rows, vectors, padded(vectors), a,
        a_row, a_step, m, k, b, b_row, b_column, n, start, c, STRETCH, MOST,
    )  # fmt: skip
