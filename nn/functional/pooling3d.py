"""Pooling of volumes: first each slice's height and width, then the depth.

The maximum, the mean and the sum of a box are those of its slices'; of equal maxima the first
slice's first wins, which is the first of the box.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from ..values import as_array, pair, shape_error
from .adaptive_pooling import adaptive_avg_pool2d, adaptive_max_pool2d, bounds, targets_of
from .floating import floating, ordered
from .largest import bounds_table, largest_places, window_tables
from .pooling import avg_windows, max_windows, powers_of, root_of


def _volumes(name: str, input: Any) -> tuple[int, ...]:
    shape: tuple[int, ...] = np.shape(input)
    if len(shape) not in (4, 5) or min(shape[-3:]) < 1:
        raise shape_error(
            f"{name}: the input has shape {shape}; (n, channels, depth, height, width) is needed, "
            "with or without n, and something to pool."
        )
    return shape


def _slices(input: Any) -> Any:
    """Return volumes as images, one for each slice of each channel."""
    shape = np.shape(input)
    return input.reshape((-1, 1, *shape[-2:]))


def _columns(images: Any, shape: tuple[int, ...]) -> Any:
    """Return pooled slices as images (volumes, 1, depth, places)."""
    return images.reshape((-1, 1, shape[-3], images.shape[-2] * images.shape[-1]))


def _settings(name: str, kernel: Any, stride: Any, padding: Any, dilation: Any = 1) -> Any:
    kernel = pair(kernel, 3, f"{name}: kernel_size", 1)
    stride = kernel if stride is None else pair(stride, 3, f"{name}: stride", 1)
    return (
        kernel, stride, pair(padding, 3, f"{name}: padding", 0),
        pair(dilation, 3, f"{name}: dilation", 1),
    )  # fmt: skip


@explains_wrong_calls
def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the maximum of each box; at a tie the gradient goes to the first.

    Parameters
    ----------
    input : shape (n, channels, depth, height, width), or without n
        The volumes.
    kernel_size, stride : int or triple
        Size of a box, and from one to the next (default its size).
    padding, dilation : int or triple
        Minus infinity around the volume; distance of a box's elements.
    ceil_mode : bool
        Whether a last box may reach beyond the volume.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the flat volume they lie.

    Returns
    -------
    shape (n, channels, new depth, new height, new width)
        The maxima.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> max_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 2)
    array([[[[[7.]]]]])
    """
    name, input = "max_pool3d", ordered(as_array(input))
    shape = _volumes(name, input)
    k, s, p, d = _settings(name, kernel_size, stride, padding, dilation)
    flat = max_windows(name, 2, _slices(input), k[1:], s[1:], p[1:], d[1:], ceil_mode)
    sides = flat.shape[-2:]
    deep = max_windows(
        name, 2, _columns(flat, shape), (k[0], 1), (s[0], 1), (p[0], 0), (d[0], 1), ceil_mode
    )
    y = deep.reshape((*shape[:-3], deep.shape[-2], *sides))
    if not return_indices:
        return y
    return y, largest_places(input, window_tables(shape, y.shape[-3:], k, s, p, d))


@floating("input", complex=True)
def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Return the mean of each box; see `max_pool3d`.

    Parameters
    ----------
    input, kernel_size, stride, padding, ceil_mode
        As in `max_pool3d`; the padding is zeros.
    count_include_pad : bool
        Whether the padding counts as elements.
    divisor_override : int, optional
        Divide by this instead.

    Returns
    -------
    shape (n, channels, new depth, new height, new width)
        The means.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> avg_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 2)
    array([[[[[3.5]]]]])
    """
    name = "avg_pool3d"
    if divisor_override == 0:
        raise shape_error(f"{name}: divisor_override must not be 0.")
    return _averages(
        name, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _averages(
    name: str, input: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, include: bool,
    divisor: int | None,
) -> Any:  # fmt: skip
    shape = _volumes(name, input)
    k, s, p, _ = _settings(name, kernel, stride, padding)
    first = None if divisor is None else 1
    flat = avg_windows(name, 2, _slices(input), k[1:], s[1:], p[1:], ceil_mode, include, first)
    sides = flat.shape[-2:]
    deep = avg_windows(
        name, 2, _columns(flat, shape), (k[0], 1), (s[0], 1), (p[0], 0), ceil_mode, include,
        divisor,
    )  # fmt: skip
    return deep.reshape((*shape[:-3], deep.shape[-2], *sides))


@floating("input", smooth=("norm_type",))
def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return the p-norm of each box, (sum of abs(x)**p)**(1/p).

    Parameters
    ----------
    input : shape (n, channels, depth, height, width), or without n
        The volumes.
    norm_type : float
        The norm's power p, at least 1.
    kernel_size, stride : int or triple
        Size of a box, and from one to the next (default its size).
    ceil_mode : bool
        Whether a last box may reach beyond the end.

    Returns
    -------
    shape (n, channels, new depth, new height, new width)
        The norms; their derivative at a box of zeros is 0.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> lp_pool3d(np.array([[[[[3.0, 4.0]]]]]), 2, (1, 1, 2))
    array([[[[[5.]]]]])
    """
    name = "lp_pool3d"
    powers = powers_of(name, input, norm_type)
    total = _averages(name, powers, kernel_size, stride, 0, ceil_mode, True, 1)
    return root_of(total, norm_type)


@floating("input", complex=True)
def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """Return means over boxes that divide the volume into output_size parts.

    Parameters
    ----------
    input : shape (n, channels, depth, height, width), or without n
        The volumes.
    output_size : int or triple
        Of the result; None keeps a length.

    Returns
    -------
    shape (n, channels, new depth, new height, new width)
        The means.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> adaptive_avg_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 1)
    array([[[[[3.5]]]]])
    """
    return _adaptive("adaptive_avg_pool3d", input, output_size, adaptive_avg_pool2d)


@explains_wrong_calls
def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return maxima over boxes that divide the volume into output_size parts.

    Parameters
    ----------
    input : shape (n, channels, depth, height, width), or without n
        The volumes.
    output_size : int or triple
        Of the result; None keeps a length.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the flat volume they lie.

    Returns
    -------
    shape (n, channels, new depth, new height, new width)
        The maxima.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> adaptive_max_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 1)
    array([[[[[7.]]]]])
    """
    name, input = "adaptive_max_pool3d", ordered(as_array(input))
    y = _adaptive(name, input, output_size, adaptive_max_pool2d)
    if not return_indices:
        return y
    lengths = zip(np.shape(input)[-3:], y.shape[-3:], strict=True)
    tables = [bounds_table(bounds(k, m)) for k, m in lengths]
    return y, largest_places(input, tables)


def _adaptive(name: str, input: Any, output_size: Any, of_images: Any) -> Any:
    shape = _volumes(name, input)
    depth, *sides = targets_of(name, input, output_size, 3)
    flat = of_images(_slices(input), tuple(sides))
    columns = _columns(flat, shape)
    deep = of_images(columns, (depth, columns.shape[-1]))
    return deep.reshape((*shape[:-3], depth, *sides))
