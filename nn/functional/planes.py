"""Convolution of channels-first images in plain NumPy: in groups, or 1 by 1.

A group's kernels are multiplied with its windows, all groups and some images in one stack of
matrix products.  1 by 1, the images are the windows: nothing is copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .plan import Plan
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
