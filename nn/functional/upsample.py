"""Resizing images and sequences: each output axis is a small matrix times the input's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from ..values import as_array, shape_error
from .adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d
from .floating import floating
from .pooling3d import adaptive_avg_pool3d
from .resampling import along

MODES = ("nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area")
_AXES = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
_AREA = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)


def _scales(value: Any, n: int) -> tuple[float, ...]:
    if not isinstance(value, (tuple, list)):
        return (value,) * n
    if len(value) != n:
        raise shape_error(f"interpolate: {n} axes are resized, but {value} has {len(value)} parts.")
    return tuple(value)


def _sources(n: int, m: int, scale: float, align_corners: bool) -> Any:
    """Return where in the input each place of the output lies."""
    places = np.arange(m)
    if align_corners:
        return places * ((n - 1) / (m - 1)) if m > 1 else np.zeros(m)
    return (places + 0.5) * scale - 0.5


def _linear_matrix(n: int, m: int, scale: float, align_corners: bool) -> Any:
    """Return the (m, n) matrix of linear interpolation."""
    places, source = np.arange(m), np.maximum(_sources(n, m, scale, align_corners), 0)
    low = np.minimum(source.astype(int), n - 1)
    high = np.minimum(low + 1, n - 1)
    share = source - low
    matrix = np.zeros((m, n))
    matrix[places, low] += 1 - share
    matrix[places, high] += share
    return matrix


def cubic(x: Any, a: float) -> Any:
    """Return Keys's cubic convolution kernel at distances x.

    Examples
    --------
    >>> cubic(np.array([0.0, 0.5, 1.0, 2.0]), -0.75)
    array([1.     , 0.59375, 0.     , 0.     ])
    """
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0 * x))


def _cubic_matrix(n: int, m: int, scale: float, align_corners: bool) -> Any:
    """Return the (m, n) matrix of cubic convolution (Keys, 1981), with a = -3/4 as in PyTorch."""
    places, source = np.arange(m), _sources(n, m, scale, align_corners)
    low = np.floor(source)
    matrix = np.zeros((m, n))
    for k in range(-1, 3):
        at = np.clip(low + k, 0, n - 1).astype(int)
        np.add.at(matrix, (places, at), cubic(source - low - k, -0.75))
    return matrix


def _antialiased_matrix(
    n: int, m: int, scale: float, align_corners: bool, filtered: Callable[[Any], Any], reach: int
) -> Any:
    """Return the (m, n) matrix of a filter that is as wide as an output's step, if that is more.

    As in PyTorch, `align_corners` changes the step only, not where the first one begins.
    """
    if align_corners:
        scale = (n - 1) / (m - 1) if m > 1 else 0.0
    wide = max(scale, 1.0)
    matrix = np.zeros((m, n))
    for row in range(m):
        center, support = scale * (row + 0.5), reach * wide
        begin = max(int(center - support + 0.5), 0)
        end = min(int(center + support + 0.5), n)
        places = np.arange(begin, end)
        weights = filtered((places - center + 0.5) / wide)
        total = weights.sum()
        matrix[row, begin:end] = weights / total if total else weights
    return matrix


def _triangle(x: Any) -> Any:
    return np.maximum(1 - np.abs(x), 0)


@floating("input", complex=True, called="interpolate")
def _resized(
    input: Any, axis: int, wanted: int, scale: float, mode: str, align: bool, antialias: bool
) -> Any:
    n = input.shape[axis]
    if antialias:
        filtered: Any = (lambda x: cubic(x, -0.5)) if mode == "bicubic" else _triangle
        reach = 2 if mode == "bicubic" else 1
        matrix = _antialiased_matrix(n, wanted, scale, align, filtered, reach)
    else:
        make = _cubic_matrix if mode == "bicubic" else _linear_matrix
        matrix = make(n, wanted, scale, align)
    return along(input, axis, matrix.T.astype(input.dtype))


def _checked(
    shape: tuple[int, ...], size: Any, factor: Any, mode: str, align: Any, antialias: bool
) -> None:
    n = len(shape) - 2
    if n < 1:
        raise shape_error(f"interpolate: the input needs axes after (n, channels), not {shape}.")
    if (size is None) == (factor is None):
        raise shape_error("interpolate: give either size or scale_factor.")
    if mode not in MODES:
        raise shape_error(f"interpolate: mode {mode!r} is none of {', '.join(MODES)}.")
    axes = _AXES.get(mode, n)
    if axes != n:
        raise shape_error(
            f"interpolate: mode {mode!r} resizes {axes} axes after (n, channels), an input of "
            f"shape {shape} has {n}; without a batch, give image[None]."
        )
    if n > 3 and mode == "area":
        raise shape_error(f"interpolate: mode 'area' resizes up to 3 axes, not {n}.")
    if mode not in _AXES and align is not None:
        raise shape_error("interpolate: align_corners is for the linear modes and bicubic.")
    if antialias and mode not in ("bilinear", "bicubic"):
        raise shape_error(f"interpolate: antialias is for bilinear and bicubic, not {mode!r}.")
    if min(shape[2:]) < 1:
        raise shape_error(f"interpolate: there is nothing to resize in an input of shape {shape}.")


@explains_wrong_calls
def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
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
    mode : {"nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area"}
        Copies; linear interpolation along one, two or three axes; cubic convolution; means.
    align_corners : bool
        For linear modes and bicubic: whether the outer values stay in the corners.
    recompute_scale_factor : bool
        Whether places follow from the rounded lengths in place of the factor.
    antialias : bool
        For bilinear and bicubic: whether a filter widens as images become smaller.

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
    _checked(shape, size, scale_factor, mode, align_corners, antialias)
    n = len(shape) - 2
    if recompute_scale_factor and size is not None:
        raise shape_error("interpolate: recompute_scale_factor is for scale_factor, not size.")
    lengths, scales = [], []
    for axis, length in enumerate(shape[2:]):
        if size is not None:
            wanted = int(_scales(size, n)[axis])
            scales.append(length / max(wanted, 1))
        else:
            factor = _scales(scale_factor, n)[axis]
            wanted = math.floor(length * factor)
            scales.append(length / max(wanted, 1) if recompute_scale_factor else 1 / factor)
        if wanted < 1:
            raise shape_error(f"interpolate: nothing is left of the length {length}.")
        lengths.append(wanted)
    if mode == "area":
        return _AREA[n - 1](input, lengths if n > 1 else lengths[0])
    for axis, (wanted, scale) in enumerate(zip(lengths, scales, strict=True)):
        if mode.startswith("nearest"):
            half = 0.5 if mode == "nearest-exact" else 0.0
            index = np.minimum(
                ((np.arange(wanted) + half) * scale).astype(int), shape[axis + 2] - 1
            )
            input = input[(slice(None),) * (axis + 2) + (index,)]
        else:
            align = bool(align_corners)
            input = _resized(input, axis + 2, wanted, scale, mode, align, antialias)
    return input
