"""Moving numbers between channels and space."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from ..values import numbers, shape_error


def _factor(name: str, what: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise shape_error(f"{name}: {what} must be a positive integer, not {value!r}.")
    return int(value)


@explains_wrong_calls
def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """Make (..., c r**2, h, w) into (..., c, h r, w r): channels become space (Shi et al., 2016).

    Parameters
    ----------
    input : shape (..., channels, height, width)
        The images.
    upscale_factor : int
        The factor r.

    Returns
    -------
    array or Tensor or Dual
        The larger images.

    Raises
    ------
    ShapeError
        If the channels do not divide by r**2.

    Examples
    --------
    >>> pixel_shuffle(np.array([1, 2, 3, 4]).reshape(4, 1, 1), 2)
    array([[[1, 2],
            [3, 4]]])
    """
    input, r = numbers("pixel_shuffle", input), _factor("pixel_shuffle", "upscale_factor",
                                                        upscale_factor)  # fmt: skip
    shape = np.shape(input)
    if len(shape) < 3 or shape[-3] % (r * r):
        raise shape_error(
            f"pixel_shuffle: the input has shape {shape}; (..., channels, height, width) is "
            f"needed, channels a multiple of {r * r}."
        )
    *rest, c, h, w = shape
    c //= r * r
    parts, n = input.reshape((*rest, c, r, r, h, w)), len(rest)
    moved = parts.transpose((*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return moved.reshape((*rest, c, h * r, w * r))


@explains_wrong_calls
def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """Make (..., c, h r, w r) into (..., c r**2, h, w): the inverse of `pixel_shuffle`.

    Parameters
    ----------
    input : shape (..., channels, height, width)
        The images.
    downscale_factor : int
        The factor r.

    Returns
    -------
    array or Tensor or Dual
        The smaller images, with more channels.

    Raises
    ------
    ShapeError
        If height or width do not divide by r.

    Examples
    --------
    >>> pixel_unshuffle(np.array([[[1, 2], [3, 4]]]), 2).reshape(-1)
    array([1, 2, 3, 4])
    """
    input, r = numbers("pixel_unshuffle", input), _factor("pixel_unshuffle", "downscale_factor",
                                                          downscale_factor)  # fmt: skip
    shape = np.shape(input)
    if len(shape) < 3 or shape[-2] % r or shape[-1] % r:
        raise shape_error(
            f"pixel_unshuffle: the input has shape {shape}; (..., channels, height, width) is "
            f"needed, height and width multiples of {r}."
        )
    *rest, c, h, w = shape
    parts, n = input.reshape((*rest, c, h // r, r, w // r, r)), len(rest)
    moved = parts.transpose((*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return moved.reshape((*rest, c * r * r, h // r, w // r))


@explains_wrong_calls
def channel_shuffle(input: Any, groups: int) -> Any:
    """Mix the channels of groups: one of each group, then the next of each (Zhang et al., 2018).

    Parameters
    ----------
    input : shape (n, channels, ...)
        The values.
    groups : int
        How many groups the channels form.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If the channels do not divide into the groups.

    Examples
    --------
    >>> channel_shuffle(np.arange(4).reshape(1, 4, 1), 2).reshape(-1)
    array([0, 2, 1, 3])
    """
    input, groups = numbers("channel_shuffle", input), _factor("channel_shuffle", "groups", groups)
    shape = np.shape(input)
    if len(shape) < 3 or shape[1] % groups:
        raise shape_error(
            f"channel_shuffle: the input has shape {shape}; (n, channels, ...) is needed, channels "
            f"a multiple of {groups}."
        )
    parts = input.reshape((shape[0], groups, shape[1] // groups, *shape[2:]))
    return np.swapaxes(parts, 1, 2).reshape(shape)
