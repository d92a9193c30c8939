"""Enlarging images and sequences: each output axis is a small matrix times the input's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from ..values import as_array, shape_error
from .floating import floating
from .resampling import along


def _scales(value: Any, n: int) -> tuple[float, ...]:
    if not isinstance(value, (tuple, list)):
        return (value,) * n
    if len(value) != n:
        raise shape_error(f"interpolate: {n} axes are resized, but {value} has {len(value)} parts.")
    return tuple(value)


def _linear_matrix(n: int, m: int, scale: float, align_corners: bool, dtype: Any) -> Any:
    """Return the (m, n) matrix of linear interpolation."""
    places = np.arange(m)
    if align_corners:
        source = places * ((n - 1) / (m - 1)) if m > 1 else np.zeros(m)
    else:
        source = np.maximum((places + 0.5) * scale - 0.5, 0)
    low = np.minimum(source.astype(int), n - 1)
    high = np.minimum(low + 1, n - 1)
    share = source - low
    matrix = np.zeros((m, n))
    matrix[places, low] += 1 - share
    matrix[places, high] += share
    return matrix.astype(dtype)


@floating("input", complex=True, called="interpolate")
def _interpolated(input: Any, axis: int, wanted: int, scale: float, align_corners: bool) -> Any:
    matrix = _linear_matrix(input.shape[axis], wanted, scale, align_corners, input.dtype)
    return along(input, axis, matrix.T)


@explains_wrong_calls
def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:
    """Resize the axes after the first two.

    Parameters
    ----------
    input : shape (n, channels, ...)
        The values.
    size : int or tuple, optional
        The new lengths.
    scale_factor : float or tuple, optional
        Or the factor to multiply them by.
    mode : {"nearest", "linear", "bilinear"}
        Copies, or linear interpolation along each axis.
    align_corners : bool
        For linear modes: whether the outer values stay in the corners.

    Returns
    -------
    array or Tensor or Dual
        The resized values.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> interpolate(np.array([[[0.0, 1.0]]]), scale_factor=2, mode="linear")
    array([[[0.  , 0.25, 0.75, 1.  ]]])
    """
    input = as_array(input)
    shape = np.shape(input)
    n = len(shape) - 2
    if n < 1:
        raise shape_error(f"interpolate: the input needs axes after (n, channels), not {shape}.")
    if (size is None) == (scale_factor is None):
        raise shape_error("interpolate: give either size or scale_factor.")
    if mode not in ("nearest", "linear", "bilinear"):
        raise shape_error(f"interpolate: mode {mode!r} is none of nearest, linear, bilinear.")
    axes = {"linear": 1, "bilinear": 2}.get(mode, n)
    if axes != n:
        raise shape_error(
            f"interpolate: mode {mode!r} resizes {axes} axes after (n, channels), an input of "
            f"shape {shape} has {n}; without a batch, give image[None]."
        )
    if mode == "nearest" and align_corners is not None:
        raise shape_error("interpolate: align_corners is for the linear modes.")
    if min(shape[2:]) < 1:
        raise shape_error(f"interpolate: there is nothing to resize in an input of shape {shape}.")
    for axis in range(n):
        length = shape[axis + 2]
        if size is not None:
            wanted = int(_scales(size, n)[axis])
            scale = length / max(wanted, 1)
        else:
            factor = _scales(scale_factor, n)[axis]
            wanted, scale = math.floor(length * factor), 1 / factor
        if wanted < 1:
            raise shape_error(f"interpolate: nothing is left of the length {length}.")
        if mode == "nearest":
            index = np.minimum((np.arange(wanted) * scale).astype(int), length - 1)
            input = input[(slice(None),) * (axis + 2) + (index,)]
        else:
            input = _interpolated(input, axis + 2, wanted, scale, bool(align_corners))
    return input
