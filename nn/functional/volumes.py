"""Convolutions of three axes, made of those of two: the taps along the depth become channels.

A volume (n, c, depth, height, width) becomes n * depth images, each with the c channels of every
slice that a kernel reaches from there: one convolution of images does all of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import pair, shape_error
from .conv import _checked, _convolution, _cut, _same, _transposed
from .floating import floating


@floating("input", "weight", "bias", complex=True)
def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Slide kernels over volumes and sum the products; see `conv2d`.

    Parameters
    ----------
    input : shape (n, in_channels, depth, height, width), or without n
        The volumes.
    weight : shape (out_channels, in_channels / groups, depth, height, width)
        The kernels.
    bias : shape (out_channels,), optional
        Added to each channel.
    stride, padding, dilation : int or triple
        As in `conv2d`.
    groups : int
        As in `conv2d`.

    Returns
    -------
    shape (n, out_channels, new depth, new height, new width)
        The result.

    Raises
    ------
    ShapeError
        If channels, kernel and volume do not fit.

    Examples
    --------
    >>> conv3d(np.ones((1, 1, 2, 2, 3)), np.ones((1, 1, 2, 2, 2)))
    array([[[[[8., 8.]]]]])
    """
    name = "conv3d"
    x, w = _checked(name, 3, input, weight, bias, groups, False)
    stride, dilation = pair(stride, 3, "stride"), pair(dilation, 3, "dilation")
    more = (0, 0, 0)
    if padding == "same":
        padding, more = _same(name, w[2:], stride, dilation)  # type: ignore[assignment]
    elif isinstance(padding, str):
        if padding != "valid":
            raise shape_error(
                f"{name}: padding must be a number, 'same' or 'valid', not {padding!r}."
            )
        padding = 0
    padding = pair(padding, 3, "padding")
    if min((*stride, *dilation)) < 1 or min(padding) < 0:
        raise shape_error(
            f"{name}: stride {stride} and dilation {dilation} must be positive, "
            f"padding {padding} not negative."
        )
    lengths = [
        (m + 2 * p + e - d * (k - 1) - 1) // s + 1
        for m, p, e, d, k, s in zip(x[-3:], padding, more, dilation, w[2:], stride, strict=True)
    ]
    if min(lengths) < 1:
        raise shape_error(
            f"{name}: a kernel of {w[2:]} with dilation {dilation} is larger than the input "
            f"{x[-3:]} with padding {padding}."
        )
    volumes = input if len(x) == 5 else input.reshape((1, *x))
    if any(more) or padding[0]:
        around = ((padding[0], padding[0] + more[0]), (0, more[1]), (0, more[2]))
        volumes = np.pad(volumes, ((0, 0), (0, 0), *around))
    n, c, _, height, width = volumes.shape
    depth, kernel = lengths[0], w[2]
    taps = np.stack(
        [
            volumes[:, :, k * dilation[0] : k * dilation[0] + (depth - 1) * stride[0] + 1
                    : stride[0]]
            for k in range(kernel)
        ],
        axis=2,
    )  # fmt: skip
    images = np.moveaxis(taps, 3, 1).reshape((n * depth, c * kernel, height, width))
    kernels = weight.reshape((w[0], w[1] * kernel, *w[3:]))
    y = _convolution(name, 2, images, kernels, bias, stride[1:], padding[1:], dilation[1:], groups)
    y = np.moveaxis(y.reshape((n, depth, w[0], *lengths[1:])), 1, 2)
    return y if len(x) == 5 else y[0]


@floating("input", "weight", "bias", complex=True)
def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Apply the transpose of `conv3d`: each input value spreads a kernel over the output.

    Parameters
    ----------
    input : shape (n, in_channels, depth, height, width), or without n
        The values.
    weight : shape (in_channels, out_channels / groups, depth, height, width)
        The kernels.
    bias : shape (out_channels,), optional
        Added to each channel.
    stride, padding, output_padding, dilation : int or triple
        As in `conv_transpose2d`.
    groups : int
        As in `conv2d`.

    Returns
    -------
    shape (n, out_channels, new depth, new height, new width)
        The result.

    Raises
    ------
    ShapeError
        If channels, kernel and settings do not fit.

    Examples
    --------
    >>> conv_transpose3d(np.ones((1, 1, 1, 1, 2)), np.ones((1, 1, 1, 1, 2)), stride=2)
    array([[[[[1., 1., 1., 1.]]]]])
    """
    name = "conv_transpose3d"
    x, w = _checked(name, 3, input, weight, bias, groups, True)
    stride, dilation = pair(stride, 3, "stride"), pair(dilation, 3, "dilation")
    padding, extra = pair(padding, 3, "padding"), pair(output_padding, 3, "output_padding")
    if min((*stride, *dilation)) < 1 or min((*padding, *extra)) < 0:
        raise shape_error(
            f"{name}: stride {stride} and dilation {dilation} must be positive, padding {padding} "
            f"and output_padding {extra} not negative."
        )
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise shape_error(
            f"{name}: output_padding {extra} must be smaller than stride {stride} or dilation "
            f"{dilation}."
        )
    size = tuple(
        (m - 1) * s - 2 * p + d * (k - 1) + e + 1
        for m, s, p, d, k, e in zip(x[-3:], stride, padding, dilation, w[2:], extra, strict=True)
    )
    if min(size) < 1:
        raise shape_error(f"{name}: padding {padding} leaves nothing of the output.")
    volumes = input if len(x) == 5 else input.reshape((1, *x))
    n, c, depth, height, width = volumes.shape
    kernel, out = w[2], w[1] * groups
    images = np.moveaxis(volumes, 2, 1).reshape((n * depth, c, height, width))
    kernels = weight.reshape((c, w[1] * kernel, *w[3:]))
    taps = _transposed(
        name, 2, images, kernels, None, stride[1:], padding[1:], extra[1:], groups, dilation[1:]
    )
    taps = taps.reshape((n, depth, out, kernel, *size[1:]))
    reach = dilation[0] * (kernel - 1)
    whole: Any = 0
    for k in range(kernel):
        before = k * dilation[0]
        whole = whole + _apart(np.moveaxis(taps[:, :, :, k], 1, 2), stride[0], before,
                               reach - before)  # fmt: skip
    y = _cut(whole, size, (padding[0], 0, 0), bias)
    return y if len(x) == 5 else y[0]


def _apart(x: Any, stride: int, before: int, behind: int) -> Any:
    """Return slices (n, c, depth, ...) with zeros between them, before them and behind."""
    n, c, depth, *rest = x.shape
    if stride > 1:
        x = x.reshape((n, c, depth, 1, *rest))
        x = np.pad(x, ((0, 0),) * 3 + ((0, stride - 1),) + ((0, 0),) * len(rest))
        x = x.reshape((n, c, depth * stride, *rest))[:, :, : (depth - 1) * stride + 1]
    return np.pad(x, ((0, 0), (0, 0), (before, behind)) + ((0, 0),) * len(rest))
