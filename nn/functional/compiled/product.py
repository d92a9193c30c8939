"""Matrix products out of `microkernel.block`: a b and a^T b, shared among threads.

The second operand is laid out once in panels, each as wide as the block's rows, so that the
innermost loop reads one line of cache after the other.  a^T b sums over long columns: it takes
them in stretches that stay in the cache, and adds up in the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.functional.compiled import kernel
from nn.functional.compiled.microkernel import LANES, ROWS, block
from nn.functional.kernels import setting, share

VECTORS = (0, 0)  # vectors a row of the block
WIDE = LANES * len(VECTORS)
STRETCH = 192  # rows of a and b that one pass of a^T b reads


def rows_of(count: int) -> tuple[int, ...]:
    """Return a tuple as long as the block's rows: few kinds, so that little is compiled.

    Examples
    --------
    >>> [len(rows_of(n)) for n in (1, 5, 100)]
    [1, 4, 8]
    """
    most = 8 if ROWS >= 8 else 4  # on narrower machines eight would not stay in registers
    return (0,) * (most if count >= most else 4 if count >= 4 else 1)


def panels(matrix: Any) -> Any:
    """Return a matrix (k, n) as panels (n / WIDE, k, WIDE), the last one filled up with zeros."""
    k, n = matrix.shape
    made = np.zeros((-(-n // WIDE), k, WIDE), matrix.dtype)
    for j, panel in enumerate(made):
        part = matrix[:, j * WIDE : (j + 1) * WIDE]
        panel[:, : part.shape[1]] = part
    return made


def parts(count: int, least: int = 8) -> list[int]:
    """Return the bounds of the parts into which threads divide a count."""
    pieces = max(1, min(setting("threads"), count // least))
    return [count * k // pieces for k in range(pieces + 1)]


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
def _add_transposed(
    many: Any, vectors: Any, a: Any, m: int, b: Any, n: int, k: int, lo: int, hi: int, c: Any,
    stretch: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    wide = len(vectors) * LANES
    for p in range(0, k, stretch):
        length = min(stretch, k - p)
        for j in range(0, n, wide):
            for at in range(lo, hi, len(many)):
                first = min(at, hi - len(many))
                place = first * n + j
                block(
                    many, vectors, a, p * m + first, 1, 0, 0, m, 1, 1, length, b, p * n + j, n,
                    c, place, n, c, place, n, at - first, n - j,
                )  # fmt: skip


def transposed_product(a: Any, b: Any) -> Any:
    """Return a^T b for contiguous a (k, m) and b (k, n)."""
    (k, m), n = a.shape, b.shape[1]
    c = np.zeros((m, n), a.dtype)
    bounds = parts(m)
    a, b, flat = a.reshape(-1), b.reshape(-1), c.reshape(-1)

    def run(part: int) -> None:
        lo, hi = bounds[part], bounds[part + 1]
        _add_transposed(rows_of(hi - lo), VECTORS, a, m, b, n, k, lo, hi, flat, STRETCH)

    share(run, len(bounds) - 1)
    return c
