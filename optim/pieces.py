"""Processing arrays in pieces that fit into the cache.

An update rule makes some ten passes over its arrays.  Over whole arrays each
pass would fetch them from main memory; over pieces only the first one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

# Memory that all arrays of one piece may take together.  Measured: smaller pieces pay more for
# calls than they save by caching, larger ones fall out of the last-level cache's share of a core.
BUDGET = 2048 * 1024


class Scratch:
    """Temporary memory of an optimizer, allocated once for each dtype."""

    def __init__(self) -> None:
        self._held: dict[Any, list[Any]] = {}
        self._known: dict[Any, tuple[int, list[Any]]] = {}

    def of(self, dtype: Any, arrays: int, count: int) -> tuple[int, list[Any]]:
        """Return the piece's length for so many arrays, and `count` temporaries as long."""
        key = dtype, arrays, count
        found = self._known.get(key)
        if found is None:
            size = max(BUDGET // ((arrays + count) * dtype.itemsize), 1)
            held = self._held.get(dtype)
            if held is None or len(held) < count or (count and held[0].size < size):
                held = self._held[dtype] = [np.empty(size, dtype) for _ in range(count)]
                self._known.clear()  # what was handed out from the old ones
            found = self._known[key] = size, held[:count]
        return found


def pieces(arrays: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Return the arrays piece by piece, as vectors of at most `size` elements.

    The second array is only read, the others are to be written.  Arrays of
    any memory order are walked alike; what is not contiguous goes through
    NumPy's iterator, which copies piece by piece.

    Examples
    --------
    >>> x, g = np.arange(5.0), np.ones(5)
    >>> for part, step in pieces([x, g], 2):
    ...     part -= step
    >>> x
    array([-1.,  0.,  1.,  2.,  3.])
    """
    if all(a.flags.c_contiguous for a in arrays):
        total = arrays[0].size
        flat = arrays if arrays[0].ndim == 1 else [a.reshape(-1) for a in arrays]
        if total <= size:
            return (flat,) if total else ()
        return [[a[k : k + size] for a in flat] for k in range(0, total, size)]
    return _strided(arrays, size)


def _strided(arrays: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Return the pieces of arrays in any memory order."""
    flags = [["readwrite"] for _ in arrays]
    flags[1] = ["readonly"]
    with np.nditer(
        arrays,
        flags=["external_loop", "buffered"],
        op_flags=flags,  # type: ignore[arg-type]  # the stubs know literals only
        buffersize=size,
    ) as walk:
        yield from walk  # never empty: an array without elements is contiguous
