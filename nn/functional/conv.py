"""Convolutions as PyTorch calls them: shapes checked, one and two dimensions, bias added."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import primitive

from ..values import pair, shape_error
from .channels_last import channel_sum
from .convolution import FORMULAS, convolve, correlate, flops, run_convolve, spread
from .floating import floating
from .folding import folds
from .plan import Plan


def _with_bias(x: Any, w: Any, b: Any, *, plan: Plan) -> Any:
    return run_convolve(x, w, plan, b)


# convolution and bias in one operation, so that the sum needs no array of its own
_convolve_bias = primitive(
    _with_bias,
    vjp=[
        lambda g, y, x, w, b, *, plan: spread(g, w, plan=plan),
        lambda g, y, x, w, b, *, plan: correlate(x, g, plan=plan),
        lambda g, y, x, w, b, *, plan: channel_sum(g),
    ],
    jvp=[
        lambda t, y, x, w, b, *, plan: convolve(t, w, plan=plan),
        lambda t, y, x, w, b, *, plan: convolve(x, t, plan=plan),
        lambda t, y, x, w, b, *, plan: t.reshape((-1, 1, 1)),
    ],
    name="conv",
    formulas=(*FORMULAS, "sum(upstream, axis=(0, 2, 3))"),
    cost=lambda y, x, w, b, *, plan: flops(plan, y.shape[0], y.shape[1], x.shape[1]) + np.size(y),
    category="product",
)
folds(_convolve_bias)


def _checked(
    name: str, n: int, input: Any, weight: Any, bias: Any, groups: int, transposed: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    x, w = np.shape(input), np.shape(weight)
    if len(x) not in (n + 1, n + 2) or len(w) != n + 2:
        raise shape_error(
            f"{name}: the input has shape {x}, the weight {w}; they need {n + 2} axes each "
            f"(the input {n + 1} without a batch)."
        )
    channels = x[-n - 1]
    wanted = w[0] if transposed else w[1] * groups
    if groups < 1 or w[0] % groups or channels != wanted:
        raise shape_error(
            f"{name}: the input has {channels} channels (shape {x}); a weight of shape {w} with "
            f"groups={groups} needs {wanted}."
        )
    outputs = w[1] * groups if transposed else w[0]
    if bias is not None and np.shape(bias) != (outputs,):
        raise shape_error(f"{name}: the bias has shape {np.shape(bias)}, not ({outputs},).")
    return x, w


def _same(
    name: str, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the padding that keeps the size: before, and what is more behind (0 or 1)."""
    if any(s != 1 for s in stride):
        raise shape_error(f"{name}: padding='same' needs stride 1, not {stride}.")
    total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple(t // 2 for t in total), tuple(t % 2 for t in total)


def _convolution(
    name: str, n: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> Any:  # fmt: skip
    x, w = _checked(name, n, input, weight, bias, groups, False)
    stride, dilation = pair(stride, n, "stride"), pair(dilation, n, "dilation")
    if padding == "same":
        padding, more = _same(name, w[2:], stride, dilation)
        if any(more):  # an even kernel: one zero more behind the image than before it
            input = np.pad(input, ((0, 0),) * (len(x) - n) + tuple((0, m) for m in more))
            x = input.shape
    elif isinstance(padding, str):
        if padding != "valid":
            raise shape_error(
                f"{name}: padding must be a number, 'same' or 'valid', not {padding!r}."
            )
        padding = 0
    padding = pair(padding, n, "padding")
    if min((*stride, *dilation)) < 1 or min(padding) < 0:
        raise shape_error(
            f"{name}: stride {stride} and dilation {dilation} must be positive, "
            f"padding {padding} not negative."
        )
    one = (1,) * (2 - n)  # a sequence is an image of height 1
    nothing = (0,) * (2 - n)
    plan = Plan(one + x[-n:], one + w[2:], one + stride, nothing + padding, one + dilation, groups)
    if min(plan.output) < 1:
        raise shape_error(
            f"{name}: a kernel of {w[2:]} with dilation {dilation} is larger than the input "
            f"{x[-n:]} with padding {padding}."
        )
    images = (1,) * (n + 2 - len(x)) + x[:-n]
    if x != (*images, *plan.size):
        input = input.reshape((*images, *plan.size))
    if len(w) < 4:
        weight = weight.reshape((*w[:2], *plan.kernel))
    y = (
        convolve(input, weight, plan=plan)
        if bias is None
        else _convolve_bias(input, weight, bias, plan=plan)
    )
    return y if len(x) == 4 else y.reshape((*x[: -n - 1], w[0], *plan.output[2 - n :]))


@floating("input", "weight", "bias", complex=True)
def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Convolve sequences; see `conv2d`.

    Parameters
    ----------
    input : shape (n, in_channels, length) or (in_channels, length)
        The sequences.
    weight : shape (out_channels, in_channels / groups, size)
        The kernels.
    bias : shape (out_channels,), optional
        Added to each channel.
    stride, padding, dilation, groups : int
        As in `conv2d`.

    Returns
    -------
    shape (n, out_channels, new length)
        The result.

    Raises
    ------
    ShapeError
        If channels, kernel and sequence do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> conv1d(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0, 1.0]]]))
    array([[[1., 2.]]])
    """
    return _convolution("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@floating("input", "weight", "bias", complex=True)
def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Slide kernels over images and sum the products (cross-correlation).

    Parameters
    ----------
    input : shape (n, in_channels, height, width), or without n
        The images.
    weight : shape (out_channels, in_channels / groups, kernel height, kernel width)
        The kernels.
    bias : shape (out_channels,), optional
        Added to each channel.
    stride, padding, dilation : int or pair
        Step of the kernel, zeros around the image, distance of its taps.  "same" keeps the size
        (an even kernel then has one more zero at the end of the image), "valid" pads nothing.
    groups : int
        Channels are split into this many independent convolutions.

    Returns
    -------
    shape (n, out_channels, new height, new width)
        The result.

    Raises
    ------
    ShapeError
        If channels, kernel and image do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))
    array([[[[4., 4.],
             [4., 4.]]]])
    """
    return _convolution("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def _transposed(
    name: str, n: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Any:  # fmt: skip
    x, w = _checked(name, n, input, weight, bias, groups, True)
    stride, dilation = pair(stride, n, "stride"), pair(dilation, n, "dilation")
    padding = pair(padding, n, "padding")
    extra = pair(output_padding, n, "output_padding")
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise shape_error(
            f"{name}: output_padding {extra} must be smaller than stride {stride} or dilation "
            f"{dilation}."
        )
    if min((*stride, *dilation)) < 1 or min((*padding, *extra)) < 0:
        raise shape_error(
            f"{name}: stride {stride} and dilation {dilation} must be positive, padding {padding} "
            f"and output_padding {extra} not negative."
        )
    size = tuple(
        (m - 1) * s - 2 * p + d * (k - 1) + e + 1
        for m, s, p, d, k, e in zip(x[-n:], stride, padding, dilation, w[2:], extra, strict=True)
    )
    if min(size) < 1:
        raise shape_error(f"{name}: padding {padding} leaves nothing of the output.")
    one, nothing = (1,) * (2 - n), (0,) * (2 - n)
    if any(e >= s for e, s in zip(extra, stride, strict=True)):
        # a convolution of that size would have more outputs than there are inputs: cut from the
        # whole result instead
        full = _transposed(name, n, input, weight, None, stride, 0, 0, groups, dilation)
        return _cut(full, size, padding, bias)
    plan = Plan(one + size, one + w[2:], one + stride, nothing + padding, one + dilation, groups)
    images = (1,) * (n + 2 - len(x)) + x[:-n]
    given = (*images, *one, *x[-n:])
    y = spread(
        input if x == given else input.reshape(given),
        weight if n == 2 else weight.reshape((*w[:2], *plan.kernel)),
        plan=plan,
    )
    if bias is not None:
        y = y + bias.reshape((-1, 1, 1))
    return y if len(x) == 4 else y.reshape((*x[: -n - 1], w[1] * groups, *size))


def _cut(full: Any, size: tuple[int, ...], padding: tuple[int, ...], bias: Any) -> Any:
    """Leave out the padding of a whole transposed convolution, and fill up to a size with zeros."""
    n = len(size)
    kept = full[(..., *(slice(p, p + m) for p, m in zip(padding, size, strict=True)))]
    more = [m - k for m, k in zip(size, kept.shape[-n:], strict=True)]
    y = np.pad(kept, ((0, 0),) * (full.ndim - n) + tuple((0, m) for m in more))
    return y if bias is None else y + bias.reshape((-1, *(1,) * n))


@floating("input", "weight", "bias", complex=True)
def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Apply the transpose of `conv1d`: each input value spreads a kernel over the output.

    Parameters
    ----------
    input : shape (n, in_channels, length) or (in_channels, length)
        The values.
    weight : shape (in_channels, out_channels / groups, size)
        The kernels.
    bias : shape (out_channels,), optional
        Added to each channel.
    stride, padding, output_padding, groups, dilation : int
        As in `conv_transpose2d`.

    Returns
    -------
    shape (n, out_channels, new length)
        The result.

    Raises
    ------
    ShapeError
        If channels, kernel and settings do not fit.

    Examples
    --------
    >>> conv_transpose1d(np.array([[[1.0, 2.0]]]), np.ones((1, 1, 2)), stride=2)
    array([[[1., 1., 2., 2.]]])
    """
    return _transposed(
        "conv_transpose1d",
        1,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


@floating("input", "weight", "bias", complex=True)
def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Apply the transpose of `conv2d`: each input value spreads a kernel over the output.

    Parameters
    ----------
    input : shape (n, in_channels, height, width), or without n
        The values.
    weight : shape (in_channels, out_channels / groups, kernel height, kernel width)
        The kernels.
    bias : shape (out_channels,), optional
        Added to each channel.
    stride, padding, dilation : int or pair
        Those of the convolution that it transposes.
    output_padding : int or pair
        Added to one side of the output, to choose among the sizes that the stride cannot
        distinguish.
    groups : int
        As in `conv2d`.

    Returns
    -------
    shape (n, out_channels, new height, new width)
        The result.

    Raises
    ------
    ShapeError
        If channels, kernel and settings do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> conv_transpose2d(np.ones((1, 1, 1, 2)), np.ones((1, 1, 1, 2)), stride=2)
    array([[[[1., 1., 1., 1.]]]])
    """
    return _transposed(
        "conv_transpose2d",
        2,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )
