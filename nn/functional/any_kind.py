"""Convolution's three products for arrays of every kind: NumPy's functions and nothing else.

What `convolution` runs for arrays of other libraries, such as a GPU's, which know neither strides
that overlap nor our kernels. The windows are gathered by one slice for each place in the kernel,
and each product is one stacked matrix product (Chellapilla et al., 2006).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .plan import Plan


def places_of(plan: Plan) -> Iterator[tuple[Any, ...]]:
    """Yield, for each place in the kernel, the slices of that place in all windows."""
    (kh, kw), (sh, sw), (dh, dw), (oh, ow) = plan.kernel, plan.stride, plan.dilation, plan.output
    for i in range(kh):
        for j in range(kw):
            down = slice(i * dh, i * dh + (oh - 1) * sh + 1, sh)
            yield ..., down, slice(j * dw, j * dw + (ow - 1) * sw + 1, sw)


def _windows(x: Any, plan: Plan) -> Any:
    """Return all windows, shape (n, groups, channels of a group * places, outputs)."""
    (ph, pw), (n, c) = plan.padding, x.shape[:2]
    image = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw))) if ph or pw else x
    taps = np.stack([image[place] for place in places_of(plan)], axis=2)
    places = plan.output[0] * plan.output[1]
    return taps.reshape((n, plan.groups, c // plan.groups * taps.shape[2], places))


def convolve(x: Any, w: Any, plan: Plan) -> Any:
    """Return the convolution, shape (n, out, height, width)."""
    matrix = w.reshape((plan.groups, len(w) // plan.groups, w[0].size))
    y = np.matmul(matrix, _windows(x, plan))
    return y.reshape((len(x), len(w), *plan.output))


def correlate(x: Any, g: Any, plan: Plan) -> Any:
    """Return the gradient of the weight from images and the gradient of the result."""
    n, out = g.shape[:2]
    rows = g.reshape((n, plan.groups, out // plan.groups, plan.output[0] * plan.output[1]))
    total = np.matmul(rows, np.swapaxes(_windows(x, plan), -1, -2)).sum(axis=0)
    return total.reshape((out, x.shape[1] // plan.groups, *plan.kernel))


def spread(g: Any, w: Any, plan: Plan) -> Any:
    """Return the transpose: each value of g adds a kernel to the images."""
    (n, out), (h, wide), (ph, pw) = g.shape[:2], plan.size, plan.padding
    c, dtype = w.shape[1] * plan.groups, np.result_type(g.dtype, w.dtype)
    rows = g.reshape((n, plan.groups, out // plan.groups, plan.output[0] * plan.output[1]))
    matrix = w.reshape((plan.groups, out // plan.groups, w[0].size))
    taps = np.matmul(np.swapaxes(matrix, -1, -2), rows)
    taps = taps.reshape((n, c, plan.kernel[0] * plan.kernel[1], *plan.output))
    total = np.zeros_like(g, dtype, order="C", shape=(n, c, h + 2 * ph, wide + 2 * pw))
    for k, place in enumerate(places_of(plan)):
        total[place] += taps[:, :, k]
    return total[:, :, ph : ph + h, pw : pw + wide]
