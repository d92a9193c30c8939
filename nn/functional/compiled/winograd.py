"""Winograd's convolution, compiled: `nn.functional.winograd` with the transforms in registers.

Three passes over some images at a time, each shared among the threads: tiles to points
(each thread takes images), 36 matrix products (each takes points, whose kernels then stay in
its cache), points to tiles.  Kernels lie in panels as `microkernel.block` reads them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import kernel

from ..kernels import share, share_parts
from ..plan import Plan
from ..scratch import buffer
from ..winograd import POINTS, TILE, tiles
from .images import rows
from .microkernel import LANES, block, padded, rows_of, vectors_for
from .sandwich import (
    gradient_points,
    input_points,
    kernel_gradients,
    kernel_points,
    outputs,
)

TOGETHER = 256  # products summed before they are added to the rest: long sums lose digits
SCRATCH = 24 << 20  # bytes for points and products of some images


@kernel
def _image_points(
    images: Any, h: int, w: int, c: int, top: int, left: int, first: int, ty: int, tx: int,
    many: int, points: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Write B^T d B of one image's overlapping tiles: points[p, tile, channel]."""
    for i in range(ty):
        for j in range(tx):
            y, x, tile = TILE * i - top, TILE * j - left, (first * ty + i) * tx + j
            for k in range(0, c, LANES):
                input_points(
                    images, ((first * h + y) * w + x) * c + k, w * c, c, -y, h - y, -x, w - x,
                    points, tile * c + k, 6 * many * c, many * c, 6, 6, c - k,
                )  # fmt: skip


@kernel
def _gradient_points(
    grads: Any, h: int, w: int, c: int, first: int, ty: int, tx: int, many: int, wide: int,
    points: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Write A^T' g A of one image's tiles, in panels: points[p, panel, tile, channel]."""
    each = -(-c // wide) * many * wide
    for i in range(ty):
        for j in range(tx):
            y, x, tile = TILE * i, TILE * j, (first * ty + i) * tx + j
            for k in range(0, c, LANES):
                gradient_points(
                    grads, ((first * h + y) * w + x) * c + k, w * c, c, 0, h - y, 0, w - x,
                    points, (k // wide * many + tile) * wide + k % wide, 6 * each, each, 6, 6,
                    c - k,
                )  # fmt: skip


@kernel
def _image_outputs(
    products: Any, many: int, first: int, ty: int, tx: int, bias: Any, y: Any, oh: int, ow: int,
    c: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Write the outputs of one image's tiles, and add the bias."""
    for i in range(ty):
        for j in range(tx):
            tile = (first * ty + i) * tx + j
            place = ((first * oh + TILE * i) * ow + TILE * j) * c
            for k in range(0, c, LANES):
                outputs(
                    products, tile * c + k, 6 * many * c, many * c, 0, 6, 0, 6,
                    y, place + k, ow * c, c, oh - TILE * i, ow - TILE * j, c - k,
                )  # fmt: skip
    if len(bias):
        for place in range(first * oh * ow, (first + 1) * oh * ow):
            for k in range(c):
                y[place * c + k] += bias[k]


@kernel
def _weight_points(
    w: Any, begin: int, end: int, wide: int, panels: Any
) -> None:  # pragma: no cover - compiled
    """Write G w G^T of some output channels, in panels: panels[p, panel, channel, output]."""
    k, c = w.shape[:2]
    each = -(-k // wide) * c * wide
    taps = np.zeros(9 * LANES, np.float32)
    for j in range(begin, end, LANES):
        for channel in range(c):
            for i in range(min(LANES, k - j)):
                for a in range(3):
                    for b in range(3):
                        taps[(3 * a + b) * LANES + i] = w[j + i, channel, a, b]
            kernel_points(
                taps, 0, 3 * LANES, LANES, 0, 3, 0, 3,
                panels, (j // wide * c + channel) * wide + j % wide, 6 * each, each, 6, 6, k - j,
            )  # fmt: skip


@kernel
def _weight_gradients(
    total: Any, begin: int, end: int, w: Any
) -> None:  # pragma: no cover - compiled
    """Write G^T u G of some input channels."""
    k, c = w.shape[:2]
    taps = np.zeros(9 * LANES, np.float32)
    for channel in range(begin, end):
        for j in range(0, k, LANES):
            kernel_gradients(
                total, channel * k + j, 6 * c * k, c * k, 0, 6, 0, 6,
                taps, 0, 3 * LANES, LANES, 3, 3, k - j,
            )  # fmt: skip
            for i in range(min(LANES, k - j)):
                for a in range(3):
                    for b in range(3):
                        w[j + i, channel, a, b] = taps[(3 * a + b) * LANES + i]


@kernel
def _multiply(
    many: Any, vectors: Any, a: Any, a_row: int, a_step: int, length: int, depth: int, b: Any,
    start: Any, start_row: int, c: Any, channels: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Write start + a b, b in panels."""
    wide = len(vectors) * LANES
    for j in range(0, channels, wide):
        for at in range(0, length, len(many)):
            first = min(at, length - len(many))
            place = first * channels + j
            for k in range(0, depth, TOGETHER):
                block(
                    many, vectors, a, first * a_row + k * a_step, a_row, 0, 0, a_step, 1, 1,
                    min(TOGETHER, depth - k), b, j * depth + k * wide, wide,
                    start if k == 0 else c, place if k or start_row else 0,
                    channels if k else start_row, c, place, channels, at - first, channels - j,
                )  # fmt: skip


def _batches(n: int, bytes_each: int) -> list[slice]:
    step = max(1, min(n, SCRATCH // bytes_each))
    return [slice(k, min(k + step, n)) for k in range(0, n, step)]


def convolve(x: Any, w: Any, plan: Plan, bias: Any = None) -> Any:
    """Return the convolution of (n, c, h, w) arrays, plus a bias for each channel."""
    images, (oh, ow), (k, c), (h, wide_) = rows(x), plan.output, w.shape[:2], plan.size
    ty, tx, vectors = tiles(oh), tiles(ow), padded(vectors_for(k))
    wide = len(vectors) * LANES
    panels = buffer("winograd panels", (POINTS, -(-k // wide) * c * wide), x.dtype)
    flat = panels.reshape(-1)
    share(
        lambda s: _weight_points(w, s * LANES, min((s + 1) * LANES, k), wide, flat),
        -(-k // LANES),
    )
    y = np.empty((len(x), oh, ow, k), x.dtype)
    add = np.empty(0, x.dtype) if bias is None else np.ascontiguousarray(bias)
    zeros = np.zeros(wide, x.dtype)
    for part in _batches(len(x), ty * tx * POINTS * (c + k) * x.itemsize):
        n = part.stop - part.start
        many = n * ty * tx
        points = buffer("winograd points", (POINTS, many * c), x.dtype)
        products = buffer("winograd products", (POINTS, many * k), x.dtype)
        image, place = images[part].reshape(-1), y[part].reshape(-1)

        def to_points(s: int, image: Any = image, many: int = many, points: Any = points) -> None:
            _image_points(image, h, wide_, c, *plan.padding, s, ty, tx, many, points.reshape(-1))

        def multiply(
            p: int, many: int = many, points: Any = points, products: Any = products
        ) -> None:
            _multiply(
                rows_of(many, len(vectors)), vectors, points[p], c, 1, many, c, panels[p], zeros, 0,
                products[p], k,
            )  # fmt: skip

        def to_outputs(
            s: int, many: int = many, place: Any = place, products: Any = products
        ) -> None:
            _image_outputs(products.reshape(-1), many, s, ty, tx, add, place, oh, ow, k)

        share(to_points, n)
        share(multiply, POINTS)
        share(to_outputs, n)
    return y.transpose(0, 3, 1, 2)


def correlate(x: Any, g: Any, plan: Plan) -> Any:
    """Return the gradient of the kernels, from the input and the output's gradient."""
    images, grads, (c, h, wide_) = rows(x), rows(g), x.shape[1:]
    oh, ow, k = grads.shape[1:]
    ty, tx, vectors = tiles(oh), tiles(ow), padded(vectors_for(k))
    wide = len(vectors) * LANES
    total = buffer("winograd kernels", (POINTS, c * k), x.dtype)
    total[...] = 0
    for part in _batches(len(x), ty * tx * POINTS * (c + k) * x.itemsize):
        n = part.stop - part.start
        many = n * ty * tx
        points = buffer("winograd points", (POINTS, many * c), x.dtype)
        back = buffer("winograd products", (POINTS, -(-k // wide) * many * wide), x.dtype)
        image, grad = images[part].reshape(-1), grads[part].reshape(-1)

        def to_points(
            s: int, image: Any = image, grad: Any = grad, many: int = many, points: Any = points,
            back: Any = back,
        ) -> None:  # fmt: skip
            _image_points(image, h, wide_, c, *plan.padding, s, ty, tx, many, points.reshape(-1))
            _gradient_points(grad, oh, ow, k, s, ty, tx, many, wide, back.reshape(-1))

        def multiply(p: int, many: int = many, points: Any = points, back: Any = back) -> None:
            _multiply(
                rows_of(c, len(vectors)), vectors, points[p], 1, c, c, many, back[p], total[p], k,
                total[p], k,
            )  # fmt: skip

        share(to_points, n)
        share(multiply, POINTS)
    w = np.empty((k, c, 3, 3), x.dtype)
    flat = total.reshape(-1)
    share_parts(lambda s: _weight_gradients(flat, s.start, s.stop, w), c)
    return w
