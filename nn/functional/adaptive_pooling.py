"""Pooling to a given output size: windows that divide the input as evenly as they can."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from ..values import as_array, pair, shape_error
from .floating import floating
from .largest import bounds_table, largest_places
from .pooling import avg_windows, max_windows
from .resampling import along


def bounds(n: int, m: int) -> list[tuple[int, int]]:
    """Return begin and end of each of m windows over n elements."""
    return [(k * n // m, -(-(k + 1) * n // m)) for k in range(m)]


def targets_of(name: str, input: Any, output_size: Any, n: int) -> tuple[int, ...]:
    """Return the lengths of the result, each checked."""
    shape = np.shape(input)
    if len(shape) not in (n + 1, n + 2):
        raise shape_error(f"{name}: the input needs {n + 2} axes, its shape is {shape}.")
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * n
    if len(given) != n:
        raise shape_error(f"{name}: output_size needs {n} lengths, not {output_size}.")
    sizes = tuple(m if s is None else s for s, m in zip(given, shape[-n:], strict=True))
    sizes = pair(sizes, n, f"{name}: output_size")
    if min(sizes) < 1 or min(shape[-n:]) < 1:
        raise shape_error(
            f"{name}: output_size {sizes} must be positive, and so must the lengths of the input "
            f"{shape}."
        )
    return sizes


def _mean_matrix(n: int, m: int, dtype: Any) -> Any:
    matrix = np.zeros((n, m), dtype)
    for k, (begin, end) in enumerate(bounds(n, m)):
        matrix[begin:end, k] = 1 / (end - begin)
    return matrix


def _adaptive_avg(name: str, n: int, input: Any, output_size: Any) -> Any:
    sizes = targets_of(name, input, output_size, n)
    shape = np.shape(input)[-n:]
    if set(sizes) == {1}:  # the global mean
        return np.mean(input, axis=tuple(range(-n, 0)), keepdims=True)
    if all(s % m == 0 for s, m in zip(shape, sizes, strict=True)):
        kernel = tuple(s // m for s, m in zip(shape, sizes, strict=True))
        return avg_windows(name, n, input, kernel, kernel, 0, False, True, None)
    for axis in range(n):
        input = along(input, axis - n, _mean_matrix(shape[axis], sizes[axis], input.dtype))
    return input


@floating("input", complex=True)
def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Return means over windows that divide the length into output_size parts.

    Parameters
    ----------
    input : shape (n, channels, length), or without n
        The sequences.
    output_size : int
        Of the result.

    Returns
    -------
    shape (n, channels, new length)
        The means.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> adaptive_avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[2., 1.]]])
    """
    return _adaptive_avg("adaptive_avg_pool1d", 1, input, output_size)


@floating("input", complex=True)
def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Return means over windows that divide the image into output_size parts.

    Parameters
    ----------
    input : shape (n, channels, height, width), or without n
        The images.
    output_size : int or pair
        Of the result; 1 is the mean of the whole image, None keeps a length.

    Returns
    -------
    shape (n, channels, new height, new width)
        The means.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_avg_pool2d(np.arange(9.0).reshape(1, 1, 3, 3), 2)
    array([[[[2., 3.],
             [5., 6.]]]])
    """
    return _adaptive_avg("adaptive_avg_pool2d", 2, input, output_size)


def _adaptive_max(name: str, n: int, input: Any, output_size: Any, indices: bool = False) -> Any:
    input = as_array(input)
    sizes = targets_of(name, input, output_size, n)
    if indices:
        whole = np.shape(input)[-n:]
        tables = [bounds_table(bounds(k, m)) for k, m in zip(whole, sizes, strict=True)]
        return _adaptive_max(name, n, input, sizes), largest_places(input, tables)
    shape = np.shape(input)[-n:]
    if all(s % m == 0 for s, m in zip(shape, sizes, strict=True)):
        even = tuple(s // m for s, m in zip(shape, sizes, strict=True))
        return max_windows(name, n, input, even, even, 0, 1, False)
    # windows of unequal size: each filled up with copies of its last element, so that they tile
    kernel: tuple[int, ...] = ()
    for axis in range(n):
        windows = bounds(shape[axis], sizes[axis])
        longest = max(end - begin for begin, end in windows)
        places = [min(begin + k, end - 1) for begin, end in windows for k in range(longest)]
        input = input[(..., places, *(slice(None),) * (n - axis - 1))]
        kernel = (*kernel, longest)
    return max_windows(name, n, input, kernel, kernel, 0, 1, False)


@explains_wrong_calls
def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return maxima over windows that divide the length into output_size parts.

    Parameters
    ----------
    input : shape (n, channels, length), or without n
        The sequences.
    output_size : int
        Of the result.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the sequence they lie.

    Returns
    -------
    shape (n, channels, new length)
        The maxima.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> adaptive_max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[3., 2.]]])
    """
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


@explains_wrong_calls
def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return maxima over windows that divide the image into output_size parts.

    Parameters
    ----------
    input : shape (n, channels, height, width), or without n
        The images.
    output_size : int or pair
        Of the result; None keeps a length.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the flat image they lie.

    Returns
    -------
    shape (n, channels, new height, new width)
        The maxima.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> adaptive_max_pool2d(np.arange(9.0).reshape(1, 1, 3, 3), 2)
    array([[[[4., 5.],
             [7., 8.]]]])
    """
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)
