"""Cutting images into patches and adding patches into images, each the transpose of the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Primitive, linear

from ..values import pair, shape_error
from .any_kind import places_of
from .floating import floating
from .folding import folds
from .plan import Plan


def _cut_out(x: Any, *, plan: Plan) -> Any:
    """Return patches, shape (n, c * taps, places), of images (n, c, height, width)."""
    (ph, pw), (n, c) = plan.padding, x.shape[:2]
    image = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw))) if ph or pw else x
    taps = np.stack([image[place] for place in places_of(plan)], axis=2)
    return taps.reshape((n, c * taps.shape[2], plan.output[0] * plan.output[1]))


def _add_up(x: Any, *, plan: Plan) -> Any:
    """Return images, shape (n, c, height, width), that patches add up to."""
    (h, w), (ph, pw), n = plan.size, plan.padding, x.shape[0]
    c = x.shape[1] // (plan.kernel[0] * plan.kernel[1])
    taps = x.reshape((n, c, -1, *plan.output))
    total = np.zeros_like(x, order="C", shape=(n, c, h + 2 * ph, w + 2 * pw))
    for k, place in enumerate(places_of(plan)):
        total[place] += taps[:, :, k]
    return total[:, :, ph : ph + h, pw : pw + w]


_unfold: Primitive = linear(
    _cut_out, lambda g, x, *, plan: _fold(g, plan=plan), name="unfold", category="shape"
)
_fold: Primitive = linear(
    _add_up, lambda g, x, *, plan: _unfold(g, plan=plan), name="fold", category="shape"
)
folds(_unfold, _fold)


def _plan(
    name: str, size: tuple[int, ...], kernel: Any, dilation: Any, padding: Any, stride: Any
) -> Plan:
    made = Plan(
        size, pair(kernel, 2, f"{name}: kernel_size", 1), pair(stride, 2, f"{name}: stride", 1),
        pair(padding, 2, f"{name}: padding", 0), pair(dilation, 2, f"{name}: dilation", 1), 1,
    )  # fmt: skip
    if min(made.output) < 1:
        raise shape_error(
            f"{name}: a kernel of {made.kernel} with dilation {made.dilation} is larger than the "
            f"image {size} with padding {made.padding}."
        )
    return made


@floating("input", complex=True)
def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """Return the patches under a sliding window, each as a column.

    Parameters
    ----------
    input : shape (n, channels, height, width), or without n
        The images.
    kernel_size, dilation, padding, stride : int or pair
        As in `conv2d`.

    Returns
    -------
    shape (n, channels * kernel height * kernel width, places)
        The patches.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> unfold(np.arange(6.0).reshape(1, 2, 3), 2)
    array([[0., 1.],
           [1., 2.],
           [3., 4.],
           [4., 5.]])
    """
    shape = np.shape(input)
    if len(shape) not in (3, 4):
        raise shape_error(
            f"unfold: the input has shape {shape}; (n, channels, height, width) is needed."
        )
    plan = _plan("unfold", shape[-2:], kernel_size, dilation, padding, stride)
    found = _unfold(input if len(shape) == 4 else input.reshape((1, *shape)), plan=plan)
    return found if len(shape) == 4 else found[0]


@floating("input", complex=True)
def fold(
    input: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Any:
    """Add patches into images: the transpose of `unfold`.

    Parameters
    ----------
    input : shape (n, channels * kernel height * kernel width, places), or without n
        The patches.
    output_size : int or pair
        Height and width of the images.
    kernel_size, dilation, padding, stride : int or pair
        Those of `unfold`.

    Returns
    -------
    shape (n, channels, height, width)
        The images; where patches overlap, they are added.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> fold(np.ones((1, 4, 2)), (2, 3), 2)
    array([[[[1., 2., 1.],
             [1., 2., 1.]]]])
    """
    shape = np.shape(input)
    if len(shape) not in (2, 3):
        raise shape_error(
            f"fold: the input has shape {shape}; (n, channels * taps, places) is needed."
        )
    size = pair(output_size, 2, "fold: output_size", 1)
    plan = _plan("fold", size, kernel_size, dilation, padding, stride)
    taps, places = plan.kernel[0] * plan.kernel[1], plan.output[0] * plan.output[1]
    if shape[-2] % taps or shape[-1] != places or not shape[-2]:
        raise shape_error(
            f"fold: the input has shape {shape}; patches of {plan.kernel} over images of {size} "
            f"need a multiple of {taps} rows and {places} columns."
        )
    made = _fold(input if len(shape) == 3 else input.reshape((1, *shape)), plan=plan)
    return made if len(shape) == 3 else made[0]
