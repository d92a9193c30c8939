"""Convolution's three products, each bilinear, each the derivative of the others.

    convolve(x, w)           the layer's forward pass
    spread(g, w)             its transpose: gradient of x; also the transposed convolution
    correlate(x, g)          gradient of w

Shapes are (n, channels, height, width) and (out, in / groups, height, width).
The kernels work in channels-last memory under that shape, which strides make
free, and turn each product into large matrix products over gathered windows
(Chellapilla et al., 2006), a piece at a time so that a piece stays in the cache.
"""

from __future__ import annotations

from itertools import product
from math import gcd
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd_core import Primitive, bilinear
from autograd_core.extend import foreign

from . import any_kind, kernels, planes, winograd
from .folding import folds
from .plan import Plan, phases, turned
from .scratch import PIECE, buffer

BY_GROUP = 64  # times the work, for what plain NumPy takes for a convolution in groups


def rows(x: Any) -> Any:
    """Return (n, c, h, w) as (n, h, w, c), contiguous."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def padded(x: Any, padding: tuple[int, ...], as_planes: bool = False) -> Any:
    """Return images with zeros around, in scratch memory; channels last, or as planes."""
    n, h, w, c = x.shape
    (ph, pw), dtype = padding, x.dtype
    tall, wide = h + 2 * ph, w + 2 * pw
    if as_planes:
        out = buffer("conv pad", (c, n, tall, wide), dtype).transpose(1, 2, 3, 0)
    elif not (ph or pw) and x.flags.c_contiguous:
        return x
    else:
        out = buffer("conv pad", (n, tall, wide, c), dtype)
    if ph or pw:
        out[:, :ph] = out[:, tall - ph :] = 0
        out[:, :, :pw] = out[:, :, wide - pw :] = 0
    out[:, ph : ph + h, pw : pw + w] = x
    return out


def _gathered(x: Any, plan: Plan, output: tuple[int, int]) -> tuple[Any, bool]:
    """Return all windows as a matrix, a row for each output place; and the columns' order.

    The order is (kernel height, width, channel) where images lie channels last.
    With few channels those runs would be short: then an image's planes are
    copied row by row, and the order is (channel, kernel height, width): True.
    """
    n, _, _, c = x.shape
    (oh, ow), (kh, kw) = output, plan.kernel
    planes = c * kw < ow
    image = padded(x, plan.padding, planes)
    (sn, sy, sx, sc), (dy, dx) = image.strides, plan.dilation
    across, down = sx * plan.stride[1], sy * plan.stride[0]
    if planes:
        windows = as_strided(
            image, (c, kh, kw, n, oh, ow), (sc, sy * dy, sx * dx, sn, down, across)
        )
        out = buffer("conv windows", windows.shape, x.dtype)
        np.copyto(out, windows)
        return out.reshape(c * kh * kw, n * oh * ow).T, True
    windows = as_strided(image, (n, oh, ow, kh, kw, c), (sn, down, across, sy * dy, sx * dx, sc))
    if kh == kw == 1 and windows.flags.c_contiguous:
        return windows.reshape(n * oh * ow, c), False
    out = buffer("conv windows", windows.shape, x.dtype)
    np.copyto(out, windows)
    return out.reshape(n * oh * ow, kh * kw * c), False


def _pieces(n: int, bytes_each: int) -> list[slice]:
    """Return slices of the batch whose windows take about four pieces of scratch memory."""
    step = max(1, min(n, (4 * PIECE) // max(bytes_each, 1)))
    return [slice(k, min(k + step, n)) for k in range(0, n, step)]


def _kernels(plan: Plan, n: int, channels: int, outputs: int, *arrays: Any) -> Any:
    """Return the module whose convolve and correlate do it best; None: this one's."""
    work = flops(plan, n, outputs, channels)
    least = winograd.LEAST_COMPILED if kernels.compiled_for(work, *arrays) else winograd.LEAST
    if winograd.fits(plan, least, channels, outputs, *arrays):
        return kernels.compiled("winograd", work, *arrays) or winograd
    return _direct(plan, work, *arrays)


def _direct(plan: Plan, work: float, *arrays: Any) -> Any:
    """Return the compiled kernels that multiply without gathering, or None."""
    if plan.groups > 1:
        return kernels.compiled("direct", BY_GROUP * work, *arrays)
    if plan.output[1] < 4 and plan.kernel != (1, 1):
        return None  # lines too short for the registers
    return kernels.compiled("direct", work, *arrays)


def run_convolve(x: Any, w: Any, plan: Plan, bias: Any = None) -> Any:
    """Return the convolution of plain arrays, plus a bias for each channel."""
    if foreign(x, w) is not None:
        y = any_kind.convolve(x, w, plan)
        return y if bias is None else y + bias.reshape((-1, 1, 1))
    if chosen := _kernels(plan, len(x), x.shape[1], len(w), x, w):
        return chosen.convolve(x, w, plan, bias)
    in_planes = plan.groups > 1 or planes.fits(x, plan)
    y = planes.convolve(x, w, plan) if in_planes else _by_product(x, w, plan)
    if bias is not None:
        y += bias.reshape((-1, 1, 1))
    return y


def _convolve(x: Any, w: Any, *, plan: Plan) -> Any:
    return run_convolve(x, w, plan)


def _by_product(x: Any, w: Any, plan: Plan) -> Any:
    dtype = np.result_type(x, w)
    x, w = x.transpose(0, 2, 3, 1).astype(dtype, copy=False), w.astype(dtype, copy=False)
    channels = w.shape[0]
    oh, ow = plan.output
    y = np.empty((len(x), oh, ow, channels), dtype)
    for part in _pieces(len(x), oh * ow * w[0].size * dtype.itemsize):
        windows, order = _gathered(x[part], plan, plan.output)
        matrix = w.transpose((1, 2, 3, 0) if order else (2, 3, 1, 0)).reshape(-1, channels)
        np.dot(windows, matrix, out=y[part].reshape(-1, channels))
    return y.transpose(0, 3, 1, 2)


def _correlate(x: Any, g: Any, *, plan: Plan) -> Any:
    if foreign(x, g) is not None:
        return any_kind.correlate(x, g, plan)
    if chosen := _kernels(plan, len(x), x.shape[1], g.shape[1], x, g):
        return chosen.correlate(x, g, plan)
    if plan.groups > 1 or planes.fits(x, plan):
        return planes.correlate(x, g, plan)
    dtype = np.result_type(x, g)
    x, g = x.transpose(0, 2, 3, 1).astype(dtype, copy=False), rows(g).astype(dtype, copy=False)
    n, oh, ow, channels = g.shape
    (kh, kw), c = plan.kernel, x.shape[3]
    total: Any = np.zeros((channels, kh * kw * c), dtype)
    order = False
    for part in _pieces(n, oh * ow * kh * kw * c * dtype.itemsize):
        windows, order = _gathered(x[part], plan, (oh, ow))
        total += g[part].reshape(-1, channels).T.dot(windows)
    if order:
        return total.reshape(channels, c, kh, kw)
    return total.reshape(channels, kh, kw, c).transpose(0, 3, 1, 2)


def _spread(g: Any, w: Any, *, plan: Plan) -> Any:
    if foreign(g, w) is not None:
        return any_kind.spread(g, w, plan)
    c, (h, wide), (oh, ow) = w.shape[1], plan.size, g.shape[2:]
    work = flops(plan, len(g), len(w), c * plan.groups)
    if (plan.groups > 1 or not plan.turns) and (direct := _direct(plan, work, g, w)):
        return direct.spread(g, w, plan)
    if plan.turns:
        back = plan.back((oh, ow))
        # gathering copies what adding back reads and writes: worth about twice the numbers
        if (
            plan.groups > 1
            or planes.fits(g, plan)
            or h * wide * len(w) <= 2 * oh * ow * c
            or (c >= 4 and _kernels(back, len(g), len(w), c, g, w))
        ):
            return _convolve(g, turned(w, plan.groups), plan=back)
    elif plan.groups > 1 or len(w) <= 2 * c:
        return _by_phases(g, w, plan)
    return _add_back(g, w, plan)


def _by_phases(g: Any, w: Any, plan: Plan) -> Any:
    """Return the transpose as convolutions of stride 1, each of which writes every s-th place."""
    dtype, (n, k, oh, ow), c = np.result_type(g, w), g.shape, w.shape[1] * plan.groups
    along = zip(plan.size, plan.kernel, plan.stride, plan.padding, plan.dilation, strict=True)
    (lines, (top, tall)), (columns, (left, wide)) = (phases(*settings) for settings in along)
    dilation = tuple(d // gcd(s, d) for s, d in zip(plan.stride, plan.dilation, strict=True))
    image, x = np.zeros((n, tall, wide, k), dtype), np.empty((n, *plan.size, c), dtype)
    image[:, max(top, 0) : max(top + oh, 0), max(left, 0) : max(left + ow, 0)] = g.transpose(
        0, 2, 3, 1
    )[:, max(-top, 0) : max(tall - top, 0), max(-left, 0) : max(wide - left, 0)]
    w = turned(w, plan.groups)[..., ::-1, ::-1]
    for (down, y, i, h), (across, z, j, v) in product(lines, columns):
        place = x[:, i :: plan.stride[0], j :: plan.stride[1]]
        taps = w[:, :, down, across][..., ::-1, ::-1]
        if not taps[0].size:
            place[...] = 0
            continue
        high, broad = ((m - 1) * d for m, d in zip(taps.shape[2:], dilation, strict=True))
        part = image[:, y + top : y + top + h + high, z + left : z + left + v + broad]
        part = part.transpose(0, 3, 1, 2)
        each = Plan(part.shape[2:], taps.shape[2:], (1, 1), (0, 0), dilation, plan.groups)
        place[...] = run_convolve(part, taps, each).transpose(0, 2, 3, 1)
    return x.transpose(0, 3, 1, 2)


def _add_back(g: Any, w: Any, plan: Plan) -> Any:
    """Multiply, then add every tap's products to the places that it read from."""
    dtype = np.result_type(g, w)
    g, w = rows(g).astype(dtype, copy=False), w.astype(dtype, copy=False)
    n, oh, ow, channels = g.shape
    (kh, kw), (sh, sw), (dh, dw) = plan.kernel, plan.stride, plan.dilation
    (h, wide), (ph, pw), c = plan.size, plan.padding, w.shape[1]
    planes = c < ow  # as in `_gathered`
    x = np.empty((n, h, wide, c), dtype)
    for part in _pieces(n, oh * ow * kh * kw * c * dtype.itemsize):
        flat = g[part].reshape(-1, channels)
        m = part.stop - part.start
        if planes:
            product = buffer("conv taps", (c * kh * kw, len(flat)), dtype)
            np.dot(w.reshape(channels, -1).T, flat.T, out=product)
            taps = product.reshape(c, kh, kw, m, oh, ow).transpose(3, 4, 5, 1, 2, 0)
            shape = (c, m, h + 2 * ph, wide + 2 * pw)
            total = buffer("conv sum", shape, dtype).transpose(1, 2, 3, 0)
        else:
            product = buffer("conv taps", (len(flat), kh * kw * c), dtype)
            np.dot(flat, w.transpose(0, 2, 3, 1).reshape(channels, -1), out=product)
            taps = product.reshape(m, oh, ow, kh, kw, c)
            total = buffer("conv sum", (m, h + 2 * ph, wide + 2 * pw, c), dtype)
        total[...] = 0
        for i in range(kh):
            for j in range(kw):
                total[
                    :,
                    i * dh : i * dh + (oh - 1) * sh + 1 : sh,
                    j * dw : j * dw + (ow - 1) * sw + 1 : sw,
                ] += taps[:, :, :, i, j]
        x[part] = total[:, ph : ph + h, pw : pw + wide]
    return x.transpose(0, 3, 1, 2)


def flops(plan: Plan, n: int, out_channels: int, in_channels: int) -> float:
    """Return the additions and multiplications of any of the three products."""
    (oh, ow), (kh, kw) = plan.output, plan.kernel
    return 2.0 * n * oh * ow * out_channels * in_channels * kh * kw / plan.groups


def conv_formulas(plan: Plan) -> dict[str, Any]:
    """Return what the formulas of a convolution's gradients call: PyTorch's names, the kernels."""
    return {
        "conv_transpose2d": lambda g, w, **_: spread(g, w, plan=plan),
        "conv2d_weight": lambda x, g, **_: correlate(x, g, plan=plan),
        "conv2d": lambda x, w, **_: convolve(x, w, plan=plan),
    }


def written(plan: Plan) -> str:
    """Return a plan as keywords; what is usual is left out."""
    usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    given = {k: getattr(plan, k) for k in usual}
    return "".join(f", {k}={v!r}" for k, v in given.items() if v != usual[k])


def _to_input_formula(y: Any, x: Any, w: Any, *bias: Any, plan: Plan) -> Any:
    return f"conv_transpose2d(upstream, b{written(plan)})", conv_formulas(plan)


def _to_weight_formula(y: Any, x: Any, w: Any, *bias: Any, plan: Plan) -> Any:
    return f"conv2d_weight(a, upstream{written(plan)})", conv_formulas(plan)


FORMULAS = (_to_input_formula, _to_weight_formula)


convolve: Primitive = bilinear(
    _convolve,
    lambda g, x, w, *, plan: spread(g, w, plan=plan),
    lambda g, x, w, *, plan: correlate(x, g, plan=plan),
    name="conv",
    formulas=FORMULAS,
    cost=lambda y, x, w, *, plan: flops(plan, y.shape[0], y.shape[1], x.shape[1]),
)
spread: Primitive = bilinear(
    _spread,
    lambda h, g, w, *, plan: convolve(h, w, plan=plan),
    lambda h, g, w, *, plan: correlate(h, g, plan=plan),
    name="conv transposed",
    formulas=(
        lambda y, g, w, plan: (f"conv2d(upstream, b{written(plan)})", conv_formulas(plan)),
        lambda y, g, w, plan: (f"conv2d_weight(upstream, a{written(plan)})", conv_formulas(plan)),
    ),
    cost=lambda y, g, w, *, plan: flops(plan, g.shape[0], g.shape[1], y.shape[1]),
)
correlate: Primitive = bilinear(
    _correlate,
    lambda v, x, g, *, plan: spread(g, v, plan=plan),
    lambda v, x, g, *, plan: convolve(x, v, plan=plan),
    name="conv weights",
    cost=lambda y, x, g, *, plan: flops(plan, g.shape[0], g.shape[1], x.shape[1]),
)
folds(convolve, spread)
