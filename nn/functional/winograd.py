"""Winograd's convolution F(4x4, 3x3): 36 products where the definition takes 144.

A tile of 6 by 6 numbers d and a 3 by 3 kernel w give 4 by 4 outputs (Lavin and Gray, 2016):

    y = A^T [ (G w G^T) * (B^T d B) ] A        (* element by element)

Summed over input channels, the * of all tiles becomes 36 matrix products.  A, B and G come from
interpolation at the points 0, 1, -1, 2, -2 and infinity; B^T d B is applied to all tiles
at once as one product with the 36 by 36 Kronecker square of B^T, and so are the others.
The kernels' gradient is the transpose: G^T [ sum over tiles (B^T d B) * (A g A^T) ] G.

The points' powers cost digits: in float32 the error is about 1e-5 of the largest output,
against 1e-6.  So float64 never comes here, and `nn.use_kernels(winograd=False)` turns it off.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from . import kernels
from .plan import Plan
from .scratch import buffer

B_T = np.array([
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
], np.float32)  # fmt: skip
G = np.array([
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
], np.float32)  # fmt: skip
A_T = np.array([
    [1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 0],
    [0, 1, 1, 4, 4, 0],
    [0, 1, -1, 8, -8, 1],
], np.float32)  # fmt: skip
TILE, POINTS = 4, 36
LEAST, LEAST_COMPILED = 32, 64  # channels; compiled, the plain products are cheaper too
INPUT, OUTPUT, KERNEL = (np.kron(m, m) for m in (B_T, A_T, G))  # (36, 36), (16, 36), (36, 9)


def fits(plan: Plan, least: int, channels: int, outputs: int, *arrays: Any) -> bool:
    """Tell whether Winograd's algorithm may be used and pays: 3 by 3, stride 1, many channels.

    With fewer than `least` channels, the transforms cost more than the products that they save.
    """
    return (
        plan.groups == 1
        and plan.kernel == (3, 3)
        and plan.stride == plan.dilation == (1, 1)
        and min(channels, outputs) >= least
        and min(plan.output) >= TILE
        and all(a.dtype == np.float32 for a in arrays)
        and bool(kernels.setting("winograd"))
    )


def tiles(length: int) -> int:
    """Return how many tiles cover a length."""
    return -(-length // TILE)


def _parts(n: int, each: int) -> list[slice]:
    """Return slices of the batch of about 256 tiles, for which scratch memory stays moderate."""
    step = max(1, 256 // each)
    return [slice(k, min(k + step, n)) for k in range(0, n, step)]


def _input_points(images: Any, padding: tuple[int, ...], across: tuple[int, int]) -> Any:
    """Return B^T d B of the overlapping tiles of channels-last images: (36, tiles, channels)."""
    n, h, w, c = images.shape
    ty, tx = across
    tall, wide = TILE * ty + 2, TILE * tx + 2
    image = buffer("winograd image", (n, tall, wide, c), images.dtype)
    top, left = padding
    image[:, :top] = image[:, top + h :] = 0
    image[:, :, :left] = image[:, :, left + w :] = 0
    image[:, top : top + h, left : left + w] = images[:, : tall - top, : wide - left]
    sn, sy, sx, sc = image.strides
    strides = (sy, sx, sn, TILE * sy, TILE * sx, sc)
    d = buffer("winograd tiles", (6, 6, n, ty, tx, c), images.dtype)
    np.copyto(d, as_strided(image, d.shape, strides))
    points = buffer("winograd points", (POINTS, n * ty * tx, c), images.dtype)
    np.dot(INPUT, d.reshape(POINTS, -1), out=points.reshape(POINTS, -1))
    return points


def convolve(x: Any, w: Any, plan: Plan, bias: Any = None) -> Any:
    """Return the convolution of (n, c, h, w) arrays, plus a bias for each channel."""
    images, (oh, ow), channels = x.transpose(0, 2, 3, 1), plan.output, len(w)
    ty, tx = tiles(oh), tiles(ow)
    taps = KERNEL.dot(np.ascontiguousarray(w).reshape(-1, 9).T).reshape(POINTS, channels, -1)
    y = np.empty((len(x), oh, ow, channels), x.dtype)
    for part in _parts(len(x), ty * tx):
        points = _input_points(images[part], plan.padding, (ty, tx))
        n, many = part.stop - part.start, points.shape[1]
        products = buffer("winograd products", (POINTS, many, channels), x.dtype)
        np.matmul(points, taps.transpose(0, 2, 1), out=products)
        out = buffer("winograd outputs", (TILE, TILE, n, ty, tx, channels), x.dtype)
        np.dot(OUTPUT, products.reshape(POINTS, -1), out=out.reshape(TILE * TILE, -1))
        for i in range(TILE):
            for j in range(TILE):
                place = y[part, i::TILE, j::TILE]
                some = out[i, j, :, : place.shape[1], : place.shape[2]]
                if bias is None:
                    place[...] = some
                else:
                    np.add(some, bias, out=place)
    return y.transpose(0, 3, 1, 2)


def correlate(x: Any, g: Any, plan: Plan) -> Any:
    """Return the gradient of the kernels, from the input and the output's gradient."""
    images, grads = x.transpose(0, 2, 3, 1), g.transpose(0, 2, 3, 1)
    (oh, ow), channels = plan.output, g.shape[1]
    ty, tx = tiles(oh), tiles(ow)
    total = np.zeros((POINTS, channels, x.shape[1]), x.dtype)
    for part in _parts(len(x), ty * tx):
        points = _input_points(images[part], plan.padding, (ty, tx))
        n, many = part.stop - part.start, points.shape[1]
        tile = buffer("winograd outputs", (TILE, TILE, n, ty, tx, channels), x.dtype)
        for i in range(TILE):
            for j in range(TILE):
                some = grads[part, i::TILE, j::TILE]
                place = tile[i, j]
                place[:, some.shape[1] :] = place[:, :, some.shape[2] :] = 0
                place[:, : some.shape[1], : some.shape[2]] = some
        back = buffer("winograd products", (POINTS, many, channels), x.dtype)
        np.dot(OUTPUT.T, tile.reshape(TILE * TILE, -1), out=back.reshape(POINTS, -1))
        total += np.matmul(back.transpose(0, 2, 1), points)
    return total.reshape(POINTS, -1).T.dot(KERNEL).reshape(channels, x.shape[1], 3, 3)
