"""Convolution without gathering windows: the products read the image where it lies.

With channels last, the numbers under one line of a kernel (width times channels)
are one run of memory, and the window one place further begins `channels` later.
So `microkernel.block` takes neighbouring places as rows, the kernel's lines
and taps as its loops, and output channels as columns; for the weights' gradient, one run of the
kernel's numbers as rows, and the places as loops.  A thread pads a few images at a
time into scratch memory, which stays in its cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers import setting
from autograd_core.workers.compiled import kernel
from autograd_core.workers.compiled.team import helped, job, lead

from ..convolution import rows
from ..kernels import parts as divided
from ..plan import Plan
from ..scratch import PIECE, buffer
from .microkernel import LANES, block, rows_for, rows_of, vectors_for

MANY = 64  # numbers of a kernel's line


@kernel
def _convolve_images(
    many: Any,
    vectors: Any,
    x: Any,
    images: int,
    image: int,
    line: int,
    step: int,
    lines: int,
    taps: int,
    run: int,
    line_apart: int,
    tap_apart: int,
    w: Any,
    bias: Any,
    y: Any,
    oh: int,
    ow: int,
    channels: int,
) -> None:  # pragma: no cover - compiled
    wide = len(vectors) * LANES
    for n in range(images):
        for j in range(0, channels, wide):
            for i in range(oh):
                for at in range(0, ow, len(many)):
                    first = min(at, ow - len(many))  # the last block overlaps the one before
                    block(
                        many, vectors, x, n * image + i * line + first * step, step, line_apart,
                        tap_apart, 1, lines, taps, run, w, j * lines * taps * run, wide, bias, j,
                        0, y, ((n * oh + i) * ow + first) * channels + j, channels, at - first,
                        channels - j,
                    )  # fmt: skip


@kernel
def _correlate_images(
    many: Any,
    vectors: Any,
    x: Any,
    images: int,
    image: int,
    line: int,
    step: int,
    lines: int,
    taps: int,
    run: int,
    line_apart: int,
    tap_apart: int,
    g: Any,
    total: Any,
    oh: int,
    ow: int,
    channels: int,
) -> None:  # pragma: no cover - compiled
    wide = len(vectors) * LANES
    for n in range(images):
        for j in range(0, channels, wide):
            for tap in range(lines * taps):
                corner = n * image + tap // taps * line_apart + tap % taps * tap_apart
                for at in range(0, run, len(many)):
                    first = min(at, run - len(many))
                    place = (tap * run + first) * channels + j
                    block(
                        many, vectors, x, corner + first, 1, line, 0, step, oh, 1, ow, g,
                        n * oh * ow * channels + j, channels, total, place, channels, total, place,
                        channels, at - first, channels - j,
                    )  # fmt: skip


@kernel
def _pad(lines: Any, top: int, left: int, out: Any) -> None:  # pragma: no cover - compiled
    """Copy images, given as lines of numbers, into larger ones with zeros around."""
    h, w = lines.shape[1:]
    for n in range(out.shape[0]):
        for i in range(out.shape[1]):
            y = i - top
            inside = 0 <= y < h
            for j in range(out.shape[2] if not inside else left):
                out[n, i, j] = 0
            if inside:
                for j in range(w):
                    out[n, i, left + j] = lines[n, y, j]
                for j in range(left + w, out.shape[2]):
                    out[n, i, j] = 0


@kernel
def _padded(
    lines: Any, c: int, padding: Any, lo: int, hi: int
) -> Any:  # pragma: no cover - compiled
    """Return some images with zeros around, as one run of numbers."""
    _, h, w = lines.shape
    if padding == (0, 0):
        return lines[lo:hi].reshape(-1)
    out = np.empty((hi - lo, h + 2 * padding[0], w + 2 * padding[1] * c), lines.dtype)
    _pad(lines[lo:hi], padding[0], padding[1] * c, out)
    return out.reshape(-1)


@kernel
def _convolve_some(
    part: int, step: int, lines: Any, c: int, padding: Any, whole: bool, many: Any, vectors: Any,
    where: Any, panels: Any, bias: Any, y: Any, oh: int, ow: int, channels: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    lo, hi = part * step, min((part + 1) * step, len(lines))
    images, place = _padded(lines, c, padding, lo, hi), y[lo:hi].reshape(-1)
    if whole:  # all places in one line
        _convolve_images(
            many, vectors, images, 1, *where, panels, bias, place, 1, (hi - lo) * oh * ow, channels
        )
    else:
        _convolve_images(
            many, vectors, images, hi - lo, *where, panels, bias, place, oh, ow, channels
        )


@kernel
def _convolve(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_convolve_some, given))


@kernel
def _correlate_some(
    part: int, parts: int, step: int, lines: Any, c: int, padding: Any, many: Any, vectors: Any,
    where: Any, grads: Any, totals: Any, oh: int, ow: int, channels: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Add up the gradients of the kernels over a part of the images, a few at a time."""
    n = len(lines)
    end = n * (part + 1) // parts
    for lo in range(n * part // parts, end, step):
        hi = min(lo + step, end)
        _correlate_images(
            many, vectors, _padded(lines, c, padding, lo, hi), hi - lo, *where,
            grads[lo:hi].reshape(-1), totals[part], oh, ow, channels,
        )  # fmt: skip


@kernel
def _correlate(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_correlate_some, (parts, *given)))


def _lies(plan: Plan, c: int) -> tuple[int, ...]:
    """Return where windows lie in a padded image: image, line, step, and the loops over a window.

    The loops: lines of the kernel, taps of a line, numbers of a run, and the strides of the
    first two.
    """
    (h, w), (ph, pw), (kh, kw) = plan.size, plan.padding, plan.kernel
    (sh, sw), (dh, dw), wide = plan.stride, plan.dilation, w + 2 * pw
    taps, run = (1, kw * c) if dw == 1 else (kw, c)
    return ((h + 2 * ph) * wide * c, sh * wide * c, sw * c, kh, taps, run, dh * wide * c, dw * c)


def _lines(images: Any) -> Any:
    """Return channels-last images as lines of numbers."""
    n, h, w, c = images.shape
    return np.ascontiguousarray(images).reshape(n, h, w * c)


def _step(n: int, bytes_each: int) -> int:
    """Return how many images to take at once: a piece of memory, at most a third for a thread."""
    threads: int = setting("threads")
    return max(1, min(-(-n // (3 * threads)), PIECE // max(bytes_each, 1)))


def _packed(w: Any, wide: int) -> Any:
    """Return kernels (out, in, h, w) as panels of `wide` output channels, zeros at the end."""
    channels = len(w)
    panels = -(-channels // wide)
    out = buffer("conv panels", (panels, w[0].size, wide), w.dtype)
    if panels * wide != channels:
        out[-1] = 0
    matrix = w.transpose(2, 3, 1, 0).reshape(-1, channels)
    for k in range(panels):
        part = matrix[:, k * wide : (k + 1) * wide]
        out[k, :, : part.shape[1]] = part
    return out.reshape(-1)


def _places(channels: int, plan: Plan) -> int:
    """Return how many neighbouring places to take as one of so many times the channels.

    Few channels leave most of a vector's lanes unused.  Neighbours' windows overlap, so that a
    wider kernel, with zeros beside each one's own taps, costs less than it fills.
    """
    if plan.dilation[1] > 1 or plan.kernel[1] <= plan.stride[1]:
        return 1
    ways = range(LANES // channels, 1, -1)
    return next((p for p in ways if plan.output[1] % p == 0), 1)


def _side_by_side(x: Any, w: Any, plan: Plan, bias: Any, places: int) -> Any:
    """Return the convolution, worked out for several neighbouring places at once."""
    channels, (kh, kw), (sh, sw) = len(w), plan.kernel, plan.stride
    wide = np.zeros((places, *w.shape[:3], kw + (places - 1) * sw), w.dtype)
    for k in range(places):
        wide[k, ..., k * sw : k * sw + kw] = w
    each = plan._replace(kernel=(kh, wide.shape[-1]), stride=(sh, places * sw))
    y = convolve(
        x, wide.reshape(-1, *wide.shape[2:]), each, None if bias is None else np.tile(bias, places)
    )
    return y.transpose(0, 2, 3, 1).reshape(len(y), *plan.output, channels).transpose(0, 3, 1, 2)


def convolve(x: Any, w: Any, plan: Plan, bias: Any = None) -> Any:
    """Return the convolution of (n, c, h, w) arrays, plus a bias for each channel."""
    if (places := _places(len(w), plan)) > 1:
        return _side_by_side(x, w, plan, bias, places)
    n, c = x.shape[:2]
    channels, (oh, ow) = len(w), plan.output
    images, where = x.transpose(0, 2, 3, 1), _lies(plan, c)
    y = np.empty((n, oh, ow, channels), x.dtype)
    vectors = vectors_for(channels)
    panels = _packed(w, len(vectors) * LANES)
    bias = np.zeros(channels, x.dtype) if bias is None else np.ascontiguousarray(bias)
    step = _step(n, where[0] * 4)
    parts = -(-n // step)
    whole = where[0] == c * oh * ow and plan.kernel == (1, 1)
    fewest = min(step, n - (parts - 1) * step)  # images of a part
    block_rows = rows_for(fewest * oh * ow if whole else ow)
    _convolve(
        helped(parts), parts, step, _lines(images), c, plan.padding, whole, block_rows, vectors,
        where, panels, bias, y, oh, ow, channels,
    )  # fmt: skip
    return y.transpose(0, 3, 1, 2)


def correlate(x: Any, g: Any, plan: Plan) -> Any:
    """Return the gradient of the kernels, from the input and the output's gradient."""
    n, c = x.shape[:2]
    images, grads, where = x.transpose(0, 2, 3, 1), rows(g), _lies(plan, c)
    oh, ow, channels = grads.shape[1:]
    # eight rows of a long line fill the vectors and overlap the least
    block_rows = rows_of(where[5]) if where[5] >= MANY else rows_for(where[5])
    parts = len(divided(n))  # each adds up its own images' gradients
    totals = np.zeros((parts, plan.kernel[0] * plan.kernel[1] * c * channels), x.dtype)
    _correlate(
        helped(parts), parts, _step(n, where[0] * 4), _lines(images), c, plan.padding, block_rows,
        vectors_for(channels), where, grads, totals, oh, ow, channels,
    )  # fmt: skip
    total = totals.sum(axis=0).reshape(*plan.kernel, c, channels)
    return np.ascontiguousarray(total.transpose(3, 2, 0, 1))
