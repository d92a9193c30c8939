"""Putting maxima back where they were: the partial inverse of max pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import beside

from ..values import on_host, pair, shape_error
from .floating import floating


def _sizes(
    name: str, shape: tuple[int, ...], n: int, kernel: Any, stride: Any, padding: Any, output: Any
) -> tuple[int, ...]:
    kernel = pair(kernel, n, f"{name}: kernel_size", 1)
    stride = kernel if stride is None else pair(stride, n, f"{name}: stride", 1)
    padding = pair(padding, n, f"{name}: padding", 0)
    usual = tuple(
        (m - 1) * s - 2 * p + k
        for m, k, s, p in zip(shape[-n:], kernel, stride, padding, strict=True)
    )
    if output is None:
        return usual
    sizes = pair(tuple(output)[-n:] if isinstance(output, (tuple, list)) else output, n,
                 f"{name}: output_size")  # fmt: skip
    if any(not m - s < want < m + s for want, m, s in zip(sizes, usual, stride, strict=True)):
        raise shape_error(
            f"{name}: output_size {sizes} is too far from {usual}; it may differ by less than the "
            f"stride {stride}."
        )
    return sizes


def _unpooled(
    name: str, n: int, input: Any, indices: Any, kernel: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Any:  # fmt: skip
    shape = np.shape(input)
    if len(shape) not in (n + 1, n + 2):
        raise shape_error(f"{name}: the input needs {n + 2} axes, its shape is {shape}.")
    places = on_host(indices)
    if places.dtype.kind not in "iu" or places.shape != shape:
        raise shape_error(
            f"{name}: indices must be integers shaped like the input, {shape}, not "
            f"{places.dtype} of shape {places.shape}."
        )
    sizes = _sizes(name, shape, n, kernel, stride, padding, output_size)
    count, planes = int(np.prod(sizes)), int(np.prod(shape[:-n], dtype=int))
    if min(sizes) < 1:
        raise shape_error(f"{name}: padding {padding} leaves nothing of the output.")
    if places.size and (places.min() < 0 or places.max() >= count):
        raise shape_error(
            f"{name}: an index is outside of an output of {sizes}, 0 to {count - 1}; give "
            "output_size."
        )
    if not places.size:
        return np.zeros_like(input, shape=(*shape[:-n], *sizes))
    # which element each place of the output takes: the last of those that name it
    flat = places.reshape(planes, -1)
    source = np.full((planes, count), -1)
    rows = np.arange(planes)[:, None]
    source[rows, flat] = np.arange(flat.shape[1])
    taken = beside(input, source >= 0)
    values = input.reshape((planes, flat.shape[1]))
    found = values[beside(input, rows), beside(input, np.maximum(source, 0))]
    return np.where(taken, found, 0).reshape((*shape[:-n], *sizes))


@floating("input", complex=True)
def max_unpool1d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Any:
    """Put the results of `max_pool1d` back where they were, among zeros.

    Parameters
    ----------
    input : shape (n, channels, length), or without n
        The maxima.
    indices : integers, shaped like the input
        What ``max_pool1d(..., return_indices=True)`` returned.
    kernel_size, stride, padding : int
        Those of the pooling.
    output_size : tuple of int, optional
        The new length, where the pooling does not tell it.

    Returns
    -------
    shape (n, channels, new length)
        The maxima, and zeros elsewhere.

    Raises
    ------
    ShapeError
        If shapes do not fit, or an index is outside of the output.

    Examples
    --------
    >>> max_unpool1d(np.array([[3.0, 7.0]]), np.array([[0, 3]]), 2)
    array([[3., 0., 0., 7.]])
    """
    return _unpooled("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


@floating("input", complex=True)
def max_unpool2d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Any:
    """Put the results of `max_pool2d` back where they were, among zeros.

    Parameters
    ----------
    input : shape (n, channels, height, width), or without n
        The maxima.
    indices : integers, shaped like the input
        What ``max_pool2d(..., return_indices=True)`` returned.
    kernel_size, stride, padding : int or pair
        Those of the pooling.
    output_size : tuple of int, optional
        The new height and width, where the pooling does not tell them.

    Returns
    -------
    shape (n, channels, new height, new width)
        The maxima, and zeros elsewhere.

    Raises
    ------
    ShapeError
        If shapes do not fit, or an index is outside of the output.

    Examples
    --------
    >>> max_unpool2d(np.array([[[7.0]]]), np.array([[[3]]]), 2)
    array([[[0., 0.],
            [0., 7.]]])
    """
    return _unpooled("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


@floating("input", complex=True)
def max_unpool3d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Any:
    """Put the results of `max_pool3d` back where they were, among zeros.

    Parameters
    ----------
    input : shape (n, channels, depth, height, width), or without n
        The maxima.
    indices : integers, shaped like the input
        What ``max_pool3d(..., return_indices=True)`` returned.
    kernel_size, stride, padding : int or triple
        Those of the pooling.
    output_size : tuple of int, optional
        The new depth, height and width, where the pooling does not tell them.

    Returns
    -------
    shape (n, channels, new depth, new height, new width)
        The maxima, and zeros elsewhere.

    Raises
    ------
    ShapeError
        If shapes do not fit, or an index is outside of the output.

    Examples
    --------
    >>> max_unpool3d(np.array([[[[7.0]]]]), np.array([[[[3]]]]), (1, 2, 2)).shape
    (1, 1, 2, 2)
    """
    return _unpooled("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)
