"""Convolution without gathering windows: the products read the image where it lies.

With channels last, the numbers under one line of a kernel (width times channels)
are one run of memory, and the window one place further begins `channels` later.
So `microkernel.block` takes neighbouring places as rows, the kernel's lines
and taps as its loops, and output channels as columns; for the weights' gradient, one run of the
kernel's numbers as rows, and the places as loops.  A thread frames a few images at a
time in scratch memory, which stays in its cache.

Groups with few outputs would leave most of a vector's lanes unused.  Their images are repeated so
that each output channel has its inputs in its own lane, and a vector holds many groups: a
depthwise convolution needs no repeating.

The transpose of a convolution of stride s is s by s convolutions of stride 1, each with every
s-th tap of the kernel, and each writes every s-th place (`plan.phases`).
"""

from __future__ import annotations

from itertools import product
from math import gcd
from typing import Any

import numpy as np

from autograd_core.workers import setting
from autograd_core.workers.compiled import kernel
from autograd_core.workers.compiled.team import helped, job, lead

from ..kernels import parts as divided
from ..plan import Plan, phases, turned
from ..scratch import PIECE
from .images import framed, repeated, source
from .microkernel import LANES, beside, block, padded, rows_for, rows_of, vectors_for

MANY = 64  # numbers of a kernel's line


@kernel
def _convolve_images(
    many: Any, vectors: Any, x: Any, images: int, image: int, moves: Any, phase: Any, groups: Any,
    w: Any, bias: Any, y: Any, y_image: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    wide = len(vectors) * LANES
    line, step, line_apart, tap_apart, unit, y_line, y_step = moves
    x_at, lines, taps, run, w_at, y_at, oh, ow = phase
    count, inputs, own, each = groups
    panel = lines * taps * run * wide
    for n in range(images):
        for group in range(count):
            for j in range(0, each, wide):
                column = group * each + j
                corner = n * image + x_at + group * inputs + own * j
                kernels = w_at + (group * ((each + wide - 1) // wide) + j // wide) * panel
                place = n * y_image + y_at + column
                for i in range(oh):
                    for at in range(0, ow, len(many)):
                        first = min(at, ow - len(many))  # the last overlaps the one before
                        block(
                            many, vectors, x, corner + i * line + first * step, step, line_apart,
                            tap_apart, unit, lines, taps, run, w, kernels, wide, bias, column, 0,
                            y, place + i * y_line + first * y_step, y_step, at - first, each - j,
                        )  # fmt: skip


@kernel
def _convolve_some(
    part: int, step: int, x: Any, given: Any, frame: Any, repeats: Any, whole: bool, many: Any,
    vectors: Any, moves: Any, phases: Any, groups: Any, panels: Any, bias: Any, y: Any,
    y_image: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    lo, hi = part * step, min((part + 1) * step, given[0])
    images = repeated(framed(x, given, lo, hi, frame), given[3], *repeats)
    place, image = y[lo * y_image : hi * y_image], images.size // (hi - lo)
    for p in range(len(phases)):
        x_at, lines, taps, run, w_at, y_at, oh, ow = phases[p]
        if whole:  # all places in one line
            oh, ow = 1, (hi - lo) * oh * ow
        phase = (x_at, lines, taps, run, w_at, y_at, oh, ow)
        _convolve_images(
            many, vectors, images, 1 if whole else hi - lo, image, moves, phase, groups, panels,
            bias, place, y_image,
        )  # fmt: skip


@kernel
def _convolve(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_convolve_some, given))


@kernel
def _correlate_images(
    many: Any, vectors: Any, x: Any, images: int, image: int, moves: Any, loops: Any, groups: Any,
    g: Any, total: Any, oh: int, ow: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    wide = len(vectors) * LANES
    line, step, line_apart, tap_apart, unit = moves
    lines, taps, run = loops
    count, inputs, own, each = groups
    channels = count * each
    for n in range(images):
        for group in range(count):
            for j in range(0, each, wide):
                column = group * each + j
                for tap in range(lines * taps):
                    corner = n * image + tap // taps * line_apart + tap % taps * tap_apart
                    corner += group * inputs + own * j
                    for at in range(0, run, len(many)):
                        first = min(at, run - len(many))
                        place = (tap * run + first) * channels + column
                        block(
                            many, vectors, x, corner + first * unit, unit, line, 0, step, oh, 1,
                            ow, g, n * oh * ow * channels + column, channels, total, place,
                            channels, total, place, channels, at - first, each - j,
                        )  # fmt: skip


@kernel
def _correlate_some(
    part: int, parts: int, step: int, x: Any, given: Any, frame: Any, repeats: Any, many: Any,
    vectors: Any, moves: Any, loops: Any, groups: Any, g: Any, g_given: Any, totals: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Add up the gradients of the kernels over a part of the images, a few at a time."""
    n, oh, ow = g_given[:3]
    end = n * (part + 1) // parts
    for lo in range(n * part // parts, end, step):
        hi = min(lo + step, end)
        images = repeated(framed(x, given, lo, hi, frame), given[3], *repeats)
        grads = framed(g, g_given, lo, hi, (0, 0, oh, ow))
        _correlate_images(
            many, vectors, images, hi - lo, images.size // (hi - lo), moves, loops, groups, grads,
            totals[part], oh, ow,
        )  # fmt: skip


@kernel
def _correlate(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_correlate_some, (parts, *given)))


def _step(n: int, bytes_each: int) -> int:
    """Return how many images to take at once: a piece of memory, at most a third for a thread."""
    threads: int = setting("threads")
    return max(1, min(-(-n // (3 * threads)), PIECE // max(bytes_each, 1)))


class _Groups:
    """How channels are divided: a group's outputs as columns, or all outputs in their own lanes."""

    def __init__(self, groups: int, inputs: int, outputs: int) -> None:
        self.own = groups > 1 and 8 * outputs <= LANES
        self.repeats = (inputs, outputs) if self.own else (1, 1)
        self.channels = groups * outputs  # of the result
        self.unit = self.channels if self.own else 1  # from one input of a group to the next
        self.pixel = inputs * self.channels if self.own else groups * inputs
        self.run = inputs
        self.count, self.each = (1, self.channels) if self.own else (groups, outputs)
        self.vectors: Any = (beside if self.own else vectors_for)(self.each)
        self.given = (self.count, inputs, int(self.own), self.each)

    def loops(self, taps: int, apart: int) -> tuple[int, int]:
        """Return taps and run: a line of the kernel as one run where its taps lie together."""
        together = apart == 1 and self.pixel == self.run * self.unit
        return (1, taps * self.run) if together else (taps, self.run)

    def packed(self, w: Any) -> Any:
        """Return kernels (out, in, h, w) as panels of columns, zeros at the end of each group."""
        wide = len(self.vectors) * LANES
        matrix = w.transpose(2, 3, 1, 0).reshape(-1, self.count, self.each)
        panels = -(-self.each // wide)
        out = np.zeros((self.count, panels, len(matrix), wide), w.dtype)
        for k in range(panels):
            part = matrix[:, :, k * wide : (k + 1) * wide]
            out[:, k, :, : part.shape[2]] = part.transpose(1, 0, 2)
        return out.reshape(-1)


def _places(channels: int, plan: Plan) -> int:
    """Return how many neighbouring places to take as one of so many times the channels.

    Few channels leave most of a vector's lanes unused.  Neighbours' windows overlap, so that a
    wider kernel, with zeros beside each one's own taps, costs less than it fills.
    """
    if plan.groups > 1 or plan.dilation[1] > 1 or plan.kernel[1] <= plan.stride[1]:
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


def _moves(plan: Plan, wide: int, groups: _Groups) -> tuple[int, ...]:
    """Return the strides in frames of a width: a line and a place further, and within a window."""
    (sh, sw), (dh, dw), pixel = plan.stride, plan.dilation, groups.pixel
    return sh * wide * pixel, sw * pixel, dh * wide * pixel, dw * pixel, groups.unit


def _frame(plan: Plan) -> tuple[int, ...]:
    (h, w), (ph, pw) = plan.size, plan.padding
    return ph, pw, h + 2 * ph, w + 2 * pw


def _run(
    x: Any, frame: tuple[int, ...], groups: _Groups, moves: tuple[int, ...], phases: Any,
    panels: Any, bias: Any, size: tuple[int, ...], whole: bool = False,
) -> Any:  # fmt: skip
    """Return images of a size, each phase's places written by a convolution of the frames of x."""
    (n, k), (oh, ow) = (len(x), groups.channels), size
    numbers, given = source(x)
    y = np.empty(n * oh * ow * k, x.dtype)
    bias = np.zeros(k, x.dtype) if bias is None else np.ascontiguousarray(bias)
    step = _step(n, frame[2] * frame[3] * groups.pixel * 4)
    parts = -(-n // step)
    shortest = min((p[7] for p in phases if p[7] > 0), default=1)
    if whole:
        shortest = min(step, n - (parts - 1) * step) * oh * ow
    few = len(phases) > 1 or groups.count > 1 or groups.own
    many = (rows_of if few else rows_for)(shortest, len(groups.vectors))
    _convolve(
        helped(parts), parts, step, numbers, given, frame, groups.repeats, whole, many,
        padded(groups.vectors), moves, np.array(phases), groups.given, panels, bias, y, oh * ow * k,
    )  # fmt: skip
    return y.reshape(n, oh, ow, k).transpose(0, 3, 1, 2)


def convolve(x: Any, w: Any, plan: Plan, bias: Any = None) -> Any:
    """Return the convolution of (n, c, h, w) arrays, plus a bias for each channel."""
    if (places := _places(len(w), plan)) > 1:
        return _side_by_side(x, w, plan, bias, places)
    groups, (oh, ow) = _Groups(plan.groups, w.shape[1], len(w) // plan.groups), plan.output
    frame = _frame(plan)
    whole = plan.size == plan.output and plan.kernel == plan.stride == (1, 1)
    phase = (0, plan.kernel[0], *groups.loops(plan.kernel[1], plan.dilation[1]), 0, 0, oh, ow)
    moves = (*_moves(plan, frame[3], groups), ow * groups.channels, groups.channels)
    return _run(
        x, frame, groups, moves, [phase], groups.packed(w), bias, plan.output,
        whole and groups.count == 1,
    )  # fmt: skip


def spread(g: Any, w: Any, plan: Plan) -> Any:
    """Return the transpose of the convolution, for (n, out, h, w) and the kernels."""
    size, kernel, (sh, sw), inputs = plan.size, plan.kernel, plan.stride, w.shape[1]
    groups = _Groups(plan.groups, len(w) // plan.groups, inputs)
    w = turned(w, plan.groups)[..., ::-1, ::-1]
    settings = (size, kernel, plan.stride, plan.padding, plan.dilation)
    (lines, (top, tall)), (columns, (left, wide)) = map(phases, *settings)
    dilation = tuple(d // gcd(s, d) for s, d in zip(plan.stride, plan.dilation, strict=True))
    moves = _moves(plan._replace(stride=(1, 1), dilation=dilation), wide, groups)
    channels, parts, panels, at = groups.channels, [], [], 0
    for (down, y, i, oh), (across, x, j, ow) in product(lines, columns):
        taps = w[:, :, down, across][:, :, ::-1, ::-1]
        panels.append(groups.packed(taps))
        loops = groups.loops(taps.shape[3], dilation[1])
        corner = (y + top) * moves[0] + (x + left) * moves[1]
        parts.append((corner, taps.shape[2], *loops, at, (i * size[1] + j) * channels, oh, ow))
        at += panels[-1].size
    moves = (*moves, sh * size[1] * channels, sw * channels)
    frame = (top, left, tall, wide)
    return _run(g, frame, groups, moves, parts, np.concatenate(panels), None, size)


def correlate(x: Any, g: Any, plan: Plan) -> Any:
    """Return the gradient of the kernels, from the input and the output's gradient."""
    (n, c), channels, frame = x.shape[:2], g.shape[1], _frame(plan)
    groups = _Groups(plan.groups, c // plan.groups, channels // plan.groups)
    loops = (plan.kernel[0], *groups.loops(plan.kernel[1], plan.dilation[1]))
    # eight rows of a long line fill the vectors and overlap the least
    long = loops[2] >= MANY or groups.own or plan.groups > 1
    many = (rows_of if long else rows_for)(loops[2], len(groups.vectors))
    parts = len(divided(n))  # each adds up its own images' gradients
    totals = np.zeros((parts, plan.kernel[0] * plan.kernel[1] * groups.run * channels), x.dtype)
    _correlate(
        helped(parts), parts, _step(n, frame[2] * frame[3] * groups.pixel * 4), *source(x), frame,
        groups.repeats, many, groups.vectors, _moves(plan, frame[3], groups), loops, groups.given,
        *source(g), totals,
    )  # fmt: skip
    total = totals.sum(axis=0).reshape(*plan.kernel, groups.run, channels)
    return np.ascontiguousarray(total.transpose(3, 2, 0, 1))
