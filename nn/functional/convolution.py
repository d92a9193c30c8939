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

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd_core import bilinear
from nn.functional import winograd
from nn.functional.scratch import PIECE, buffer


class Plan(NamedTuple):
    """How windows lie on an input: each field for height and width, then groups."""

    size: tuple[int, int]  # of the input
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    exact: bool  # never use an algorithm that rounds more

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of the output."""
        h, w = (
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, p, d in zip(
                self.size, self.kernel, self.stride, self.padding, self.dilation, strict=True
            )
        )
        return h, w


def rows(x: Any) -> Any:
    """Return (n, c, h, w) as (n, h, w, c), contiguous."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def _padded(x: Any, before: tuple[int, int], after: tuple[int, int], key: str) -> Any:
    """Return channels-last images with zeros around, in scratch memory."""
    n, h, w, c = x.shape
    if not (any(before) or any(after)) and x.flags.c_contiguous:
        return x
    (t, left), (b, r) = before, after
    out = buffer(key, (n, h + t + b, w + left + r, c), x.dtype)
    out[:, :t] = 0
    out[:, t + h :] = 0
    out[:, :, :left] = 0
    out[:, :, left + w :] = 0
    out[:, t : t + h, left : left + w] = x
    return out


def _windows(
    x: Any, output: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Any:  # fmt: skip
    """Return a view (n, oh, ow, kh, kw, c) of all windows."""
    sn, sh, sw, sc = x.strides
    return as_strided(
        x,
        (x.shape[0], *output, *kernel, x.shape[3]),
        (sn, sh * stride[0], sw * stride[1], sh * dilation[0], sw * dilation[1], sc),
    )


def _pieces(n: int, bytes_each: int) -> list[slice]:
    step = max(1, min(n, (4 * PIECE) // max(bytes_each, 1)))
    return [slice(k, min(k + step, n)) for k in range(0, n, step)]


def _gathered(x: Any, windows: Any, key: str) -> Any:
    """Return windows as a matrix, one row for each output place."""
    n, oh, ow, kh, kw, c = windows.shape
    if kh == kw == 1 and windows.flags.c_contiguous:
        return windows.reshape(n * oh * ow, c)
    out = buffer(key, windows.shape, x.dtype)
    np.copyto(out, windows)
    return out.reshape(n * oh * ow, kh * kw * c)


def _images(x: Any) -> Any:
    """Return (n, h, w, c) results under the shape (n, c, h, w)."""
    return x.transpose(0, 3, 1, 2)


def _split(x: Any, groups: int, axis: int) -> list[Any]:
    return np.split(x, groups, axis=axis) if groups > 1 else [x]


def _convolve(x: Any, w: Any, *, plan: Plan) -> Any:
    if plan.groups > 1:
        each = plan._replace(groups=1)
        parts = zip(_split(x, plan.groups, 1), _split(w, plan.groups, 0), strict=True)
        return np.concatenate([_convolve(a, b, plan=each) for a, b in parts], axis=1)
    if winograd.fits(plan, x, w):
        return winograd.convolve(x, w, plan.padding)
    x = x.transpose(0, 2, 3, 1)
    n, channels = len(x), w.shape[0]
    dtype = np.result_type(x, w)
    matrix = w.transpose(2, 3, 1, 0).reshape(-1, channels).astype(dtype, copy=False)
    oh, ow = plan.output
    y = np.empty((n, oh, ow, channels), dtype)
    for part in _pieces(n, oh * ow * matrix.shape[0] * x.itemsize):
        padded = _padded(x[part], plan.padding, plan.padding, "conv pad")
        view = _windows(padded, plan.output, plan.kernel, plan.stride, plan.dilation)
        np.dot(
            _gathered(padded, view, "conv windows").astype(dtype, copy=False),
            matrix,
            out=y[part].reshape(-1, channels),
        )
    return _images(y)


def _spread(g: Any, w: Any, *, plan: Plan) -> Any:
    if plan.groups > 1:
        each = plan._replace(groups=1)
        parts = zip(_split(g, plan.groups, 1), _split(w, plan.groups, 0), strict=True)
        return np.concatenate([_spread(a, b, plan=each) for a, b in parts], axis=1)
    if plan.stride == (1, 1) and all(
        d * (k - 1) >= p for d, k, p in zip(plan.dilation, plan.kernel, plan.padding, strict=True)
    ):
        # with stride 1 it is a convolution itself: the kernel turned by 180 degrees
        turned = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        padding = tuple(
            d * (k - 1) - p
            for d, k, p in zip(plan.dilation, plan.kernel, plan.padding, strict=True)
        )
        return _convolve(g, turned, plan=plan._replace(size=g.shape[2:], padding=padding))
    g = rows(g)
    n, oh, ow, channels = g.shape
    c = w.shape[1]
    (kh, kw), (sh, sw), (dh, dw) = plan.kernel, plan.stride, plan.dilation
    (h, wide), (ph, pw) = plan.size, plan.padding
    dtype = np.result_type(g, w)
    matrix = w.transpose(0, 2, 3, 1).reshape(channels, -1)
    x = np.empty((n, h, wide, c), dtype)
    for part in _pieces(n, oh * ow * kh * kw * c * g.itemsize):
        m = part.stop - part.start
        flat = g[part].reshape(-1, channels).astype(dtype, copy=False)
        spread_out = buffer("conv spread", (len(flat), kh * kw * c), np.dtype(dtype))
        np.dot(flat, matrix.astype(dtype, copy=False), out=spread_out)
        taps = spread_out.reshape(m, oh, ow, kh, kw, c)
        padded = buffer("conv sum", (m, h + 2 * ph, wide + 2 * pw, c), np.dtype(dtype))
        padded[...] = 0
        for i in range(kh):
            for j in range(kw):
                padded[
                    :,
                    i * dh : i * dh + (oh - 1) * sh + 1 : sh,
                    j * dw : j * dw + (ow - 1) * sw + 1 : sw,
                ] += taps[:, :, :, i, j]
        x[part] = padded[:, ph : ph + h, pw : pw + wide]
    return _images(x)


def _correlate(x: Any, g: Any, *, plan: Plan) -> Any:
    if plan.groups > 1:
        each = plan._replace(groups=1)
        parts = zip(_split(x, plan.groups, 1), _split(g, plan.groups, 1), strict=True)
        return np.concatenate([_correlate(a, b, plan=each) for a, b in parts], axis=0)
    if winograd.fits_weights(plan, x, g):
        return winograd.correlate(x, g, plan.padding)
    x, g = x.transpose(0, 2, 3, 1), rows(g)
    n, oh, ow, channels = g.shape
    dtype = np.result_type(x, g)
    k = plan.kernel[0] * plan.kernel[1] * x.shape[3]
    total = None
    for part in _pieces(n, oh * ow * k * x.itemsize):
        padded = _padded(x[part], plan.padding, plan.padding, "conv pad")
        view = _windows(padded, (oh, ow), plan.kernel, plan.stride, plan.dilation)
        matrix = _gathered(padded, view, "conv windows")
        product = g[part].reshape(-1, channels).T.dot(matrix)
        total = product if total is None else np.add(total, product, out=total)
    if total is None:
        total = np.zeros((channels, k), dtype)
    return total.reshape(channels, *plan.kernel, x.shape[3]).transpose(0, 3, 1, 2)


def _flops(plan: Plan, n: int, out_channels: int, in_channels: int) -> float:
    (oh, ow), (kh, kw) = plan.output, plan.kernel
    return 2.0 * n * oh * ow * out_channels * in_channels * kh * kw / plan.groups


convolve = bilinear(
    _convolve,
    lambda g, x, w, *, plan: spread(g, w, plan=plan),
    lambda g, x, w, *, plan: correlate(x, g, plan=plan),
    name="conv",
    cost=lambda y, x, w, *, plan: _flops(plan, y.shape[0], y.shape[1], x.shape[1]),
)
spread = bilinear(
    _spread,
    lambda h, g, w, *, plan: convolve(h, w, plan=plan),
    lambda h, g, w, *, plan: correlate(h, g, plan=plan),
    name="conv transposed",
    cost=lambda y, g, w, *, plan: _flops(plan, g.shape[0], g.shape[1], y.shape[1]),
)
correlate = bilinear(
    _correlate,
    lambda v, x, g, *, plan: spread(g, v, plan=plan),
    lambda v, x, g, *, plan: convolve(x, v, plan=plan),
    name="conv weights",
    cost=lambda y, x, g, *, plan: _flops(plan, g.shape[0], g.shape[1], x.shape[1]),
)
