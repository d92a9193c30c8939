"""Convolution of channels-first images in plain NumPy: in groups, or 1 by 1.

A group's kernels are multiplied with its windows, all groups and some images in one stack of
matrix products.  1 by 1, the images are the windows: nothing is copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .plan import Plan, turned
from .scratch import PIECE, buffer


def fits(x: Any, plan: Plan) -> bool:
    """Tell whether a convolution without groups needs no copy here: 1 by 1, channels first."""
    if plan.kernel != (1, 1) or plan.stride != (1, 1) or any(plan.padding):
        return False
    return not x.transpose(0, 2, 3, 1).flags.c_contiguous


def _windows(x: Any, plan: Plan, dtype: Any) -> Any:
    """Return the windows of images: (n, groups, numbers of a window, places)."""
    n, c, h, w = x.shape
    (oh, ow), (kh, kw), (ph, pw) = plan.output, plan.kernel, plan.padding
    shape = (n, plan.groups, c // plan.groups * kh * kw, oh * ow)
    if plan.kernel == plan.stride == (1, 1) and plan.size == plan.output:
        return x.reshape(shape).astype(dtype, copy=False)
    if ph or pw:
        image = buffer("plane pad", (n, c, h + 2 * ph, w + 2 * pw), dtype)
        image[:, :, :ph] = image[:, :, ph + h :] = 0
        image[..., :pw] = image[..., pw + w :] = 0
        image[:, :, ph : ph + h, pw : pw + w] = x
        x = image
    (sn, sc, sy, sx), (sh, sw), (dh, dw) = x.strides, plan.stride, plan.dilation
    out = buffer("plane windows", (n, c, kh, kw, oh, ow), dtype)
    np.copyto(out, as_strided(x, out.shape, (sn, sc, sy * dh, sx * dw, sy * sh, sx * sw)))
    return out.reshape(shape)


def _pieces(n: int, numbers: int, dtype: Any) -> Iterator[slice]:
    """Return slices of the batch for which so many numbers an image take a piece of scratch."""
    step = max(1, min(n, PIECE // max(numbers * dtype.itemsize, 1)))
    return (slice(k, min(k + step, n)) for k in range(0, n, step))


def _stacked(w: Any, groups: int, dtype: Any) -> Any:
    """Return kernels (out, in, h, w) as a matrix for each group."""
    return np.ascontiguousarray(w, dtype).reshape(groups, len(w) // groups, -1)


def convolve(x: Any, w: Any, plan: Plan) -> Any:
    """Return the convolution of (n, c, h, w) arrays."""
    dtype, (oh, ow) = np.result_type(x, w), plan.output
    y = np.empty((len(x), len(w), oh, ow), dtype)
    each, w = x.shape[1] * w[0, 0].size, _stacked(w, plan.groups, dtype)
    for part in _pieces(len(x), oh * ow * each, dtype):
        out = y[part].reshape(-1, *w.shape[:2], oh * ow)
        np.matmul(w, _windows(x[part], plan, dtype), out=out)
    return y


def correlate(x: Any, g: Any, plan: Plan) -> Any:
    """Return the gradient of the kernels, from the input and the output's gradient."""
    dtype, (oh, ow), count = np.result_type(x, g), plan.output, plan.groups
    (kh, kw), c, k = plan.kernel, x.shape[1], g.shape[1]
    total: Any = np.zeros((count, k // count, c // count * kh * kw), dtype)
    for part in _pieces(len(x), oh * ow * c * kh * kw, dtype):
        grads = g[part].astype(dtype, copy=False).reshape(-1, count, k // count, oh * ow)
        windows = _windows(x[part], plan, dtype)
        total += np.matmul(grads, windows.swapaxes(2, 3)).sum(axis=0)
    return total.reshape(k, c // count, kh, kw)


def spread(g: Any, w: Any, plan: Plan) -> Any:
    """Return the transpose of the convolution, for (n, out, h, w) and the kernels."""
    if plan.turns:
        return convolve(g, turned(w, plan.groups), plan.back(g.shape[2:]))
    dtype, count, c = np.result_type(g, w), plan.groups, w.shape[1] * plan.groups
    (oh, ow), (kh, kw), (h, wide), (ph, pw) = g.shape[2:], plan.kernel, plan.size, plan.padding
    (sh, sw), (dh, dw), (k, *_) = plan.stride, plan.dilation, w.shape
    w = _stacked(w, count, dtype).swapaxes(1, 2)
    x = np.empty((len(g), c, h, wide), dtype)
    for part in _pieces(len(g), oh * ow * c * kh * kw, dtype):
        grads = g[part].astype(dtype, copy=False).reshape(-1, count, k // count, oh * ow)
        n = len(grads)
        out = buffer("plane windows", (n, count, w.shape[1], oh * ow), dtype)
        taps = np.matmul(w, grads, out=out).reshape(n, c, kh, kw, oh, ow)
        total = buffer("plane pad", (n, c, h + 2 * ph, wide + 2 * pw), dtype)
        total[...] = 0
        for i in range(kh):
            for j in range(kw):
                top, left = i * dh, j * dw
                bottom, right = top + (oh - 1) * sh + 1, left + (ow - 1) * sw + 1
                total[:, :, top:bottom:sh, left:right:sw] += taps[:, :, i, j]
        x[part] = total[..., ph : ph + h, pw : pw + wide]
    return x
