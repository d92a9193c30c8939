"""In which order arrays are walked whose rows are reduced: loops over rows, and loops within a row.

The axes of all arrays are taken in the order of memory of the first, and neighbours that every
array walks with one step are taken as one.  What remains are few loops, mostly two.  A row is
everything that one reduction reads.  It lies *along* memory (a softmax over the last axis, or the
channels of batch normalization), or *across* it: neighbours in memory belong to neighbouring rows
(batch normalization of vectors, or of channels-last images).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple


class Walk(NamedTuple):
    """Loops, the outermost first: those over rows, then those within a row.

    Where rows lie across memory, the last of the loops over rows comes last.

    Attributes
    ----------
    sizes : tuple of int
        How often each loop runs.
    steps : tuple of tuple of int
        For each array, how many bytes are between neighbours, loop by loop; 0 where it is constant.
    reduced : tuple of int
        Which loops are within a row.
    """

    sizes: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]
    reduced: tuple[int, ...]

    @property
    def across(self) -> bool:
        """Whether neighbours in memory belong to neighbouring rows."""
        return self.reduced[-1] != len(self.sizes) - 1


def walk(shape: tuple[int, ...], arrays: tuple[Any, ...], axes: tuple[int, ...]) -> Walk | None:
    """Return how to walk arrays that broadcast to a shape, or None: the first needs a copy.

    Parameters
    ----------
    shape : tuple of int
        That of the first array; none of it 0.
    arrays : tuple of ndarray
        Results among them.
    axes : tuple of int
        Those that are reduced, from 0.

    Examples
    --------
    >>> import numpy as np
    >>> x, weight = np.zeros((4, 3, 8, 8), np.float32), np.zeros((3, 1, 1), np.float32)
    >>> walk(x.shape, (x, weight), (0, 2, 3))
    Walk(sizes=(3, 4, 64), steps=((256, 768, 4), (4, 0, 0)), reduced=(1, 2))
    """
    if min(arrays[0].strides, default=1) < 0:
        return None
    return _found(shape, tuple(_steps(shape, a) for a in arrays), arrays[0].itemsize, axes)


def _steps(shape: tuple[int, ...], a: Any) -> tuple[int, ...]:
    if a.shape == shape:
        return tuple(a.strides)
    missing = len(shape) - a.ndim
    return (*(0,) * missing, *(0 if n == 1 else s for n, s in zip(a.shape, a.strides, strict=True)))


@lru_cache(maxsize=512)
def _found(
    shape: tuple[int, ...], steps: tuple[tuple[int, ...], ...], item: int, axes: tuple[int, ...]
) -> Walk | None:
    loops: list[tuple[int, bool, tuple[int, ...]]] = []
    order = sorted(range(len(shape)), key=lambda k: -steps[0][k])
    for k in (k for k in order if shape[k] != 1):
        size, inside, step = shape[k], k in axes, tuple(s[k] for s in steps)
        if loops:
            n, before, outer = loops[-1]
            if before is inside and all(a == b * size for a, b in zip(outer, step, strict=True)):
                loops[-1] = (n * size, inside, step)
                continue
        loops.append((size, inside, step))
    if loops and loops[-1][2][0] != item:
        return None
    nothing = (0,) * len(steps)
    across = bool(loops) and not loops[-1][1]
    rows = [loop for loop in loops if not loop[1]] or [(1, False, nothing)]
    inner = [loop for loop in loops if loop[1]] or [(1, True, nothing)]
    last = [rows.pop()] if across else []
    whole = rows + inner + last
    return Walk(
        tuple(loop[0] for loop in whole),
        tuple(tuple(loop[2][k] for loop in whole) for k in range(len(steps))),
        tuple(range(len(rows), len(rows) + len(inner))),
    )
