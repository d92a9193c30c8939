"""Images as convolutions read them: channels last, with zeros around, one run of numbers.

The copy that adds the zeros also turns channels-first images over, in squares of LANES by LANES
numbers in registers, so that no pass of its own is needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import kernel
from autograd_core.workers.compiled.team import job, lead, mine, together

from .microkernel import LANES
from .panels import turn


def source(x: Any) -> tuple[Any, tuple[int, ...]]:
    """Return (n, c, h, w) as one line of numbers; and n, h, w, c and the strides of each."""
    n, c, h, w = x.shape
    if not x.flags.writeable:  # another type to numba
        x = x.copy("K")
    last = x.transpose(0, 2, 3, 1)
    if x.flags.c_contiguous and not last.flags.c_contiguous:
        return x.reshape(-1), (n, h, w, c, c * h * w, w, 1, h * w)
    return np.ascontiguousarray(last).reshape(-1), (n, h, w, c, h * w * c, w * c, c, 1)


@kernel
def _line(
    x: Any, at: int, across: int, apart: int, places: int, c: int, out: Any, to: int
) -> None:  # pragma: no cover - compiled
    """Copy a line of an image."""
    if apart == 1:
        for k in range(places * c):
            out[to + k] = x[at + k]
        return
    for j in range(0, places, LANES):
        for k in range(0, c, LANES):
            turn(x, at + j * across + k * apart, apart, c - k, places - j, out, to + j * c + k, c)


@kernel
def framed(x: Any, given: Any, lo: int, hi: int, frame: Any) -> Any:  # pragma: no cover - compiled
    """Return some images in frames: zeros above and left, and the height and width of the whole.

    Zeros below 0 cut lines or columns off; so does a whole that is too small.
    """
    _, h, w, c, image, down, across, apart = given
    top, left, tall, wide = frame
    if apart == 1 and top == 0 and left == 0 and tall == h and wide == w:
        return x[lo * image : hi * image]
    out = np.empty((hi - lo) * tall * wide * c, x.dtype)
    first = min(max(left, 0), wide)
    last = max(first, min(left + w, wide))
    for n in range(lo, hi):
        for i in range(tall):
            to, y = ((n - lo) * tall + i) * wide * c, i - top
            if not 0 <= y < h:
                for k in range(wide * c):
                    out[to + k] = 0
                continue
            for k in range(first * c):
                out[to + k] = 0
            for k in range(last * c, wide * c):
                out[to + k] = 0
            at = n * image + y * down + (first - left) * across
            _line(x, at, across, apart, last - first, c, out, to + first * c)
    return out


@kernel
def repeated(images: Any, c: int, inputs: int, outputs: int) -> Any:  # pragma: no cover - compiled
    """Return images that have, for each input of a group, a number for each output channel."""
    if inputs == outputs == 1:
        return images
    places, pixel = images.size // c, c * outputs
    channels = pixel // inputs
    out, origins = np.empty(places * pixel, images.dtype), np.empty(pixel, np.int64)
    for k in range(pixel):
        origins[k] = k % channels // outputs * inputs + k // channels
    for place in range(places):
        for k in range(pixel):
            out[place * pixel + k] = images[place * c + origins[k]]
    return out


@kernel
def _rows(
    part: int, parts: int, x: Any, given: Any, out: Any
) -> None:  # pragma: no cover - compiled
    n, h, w, c, image, down, across, apart = given
    some = mine(part, parts, n * h)
    for k in range(some.start, some.stop):
        _line(x, k // h * image + k % h * down, across, apart, w, c, out, k * w * c)


@kernel
def _all_rows(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_rows, (parts, *given)))


def rows(x: Any) -> Any:
    """Return (n, c, h, w) as (n, h, w, c), contiguous."""
    numbers, given = source(x)
    if given[-1] != 1:
        out = np.empty(x.size, x.dtype)
        together(_all_rows, x.size, numbers, given, out)
        numbers = out
    return numbers.reshape(given[:4])
