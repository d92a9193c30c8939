"""Sampling images and volumes at places of a grid (Jaderberg et al., 2015)."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from autograd_core import stop_gradient
from autograd_core.extend import beside

from ..values import at, raw, shape_error
from .floating import floating
from .upsample import cubic

_MODES, _PADDING = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")


def _lines(count: int, align_corners: bool) -> Any:
    """Return the places of an axis in [-1, 1]: its outermost, or the middles of its cells."""
    if count < 2:
        return np.zeros(count)
    ends = np.linspace(-1, 1, count)
    return ends if align_corners else ends * ((count - 1) / count)


@floating("theta")
def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """Return the places that an affine map sends a regular grid to, for `grid_sample`.

    Parameters
    ----------
    theta : shape (n, 2, 3), or (n, 3, 4) for volumes
        The maps: a matrix, and a last column that is added.
    size : tuple of int
        (n, channels, height, width), or (n, channels, depth, height, width), of the result that
        `grid_sample` shall give.
    align_corners : bool
        Whether -1 and 1 are the middles of the outermost cells, not their outer edges.

    Returns
    -------
    shape (n, height, width, 2), or (n, depth, height, width, 3)
        The places, x before y before z.

    Raises
    ------
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> affine_grid(np.eye(2, 3)[None], (1, 1, 1, 2), align_corners=True)
    array([[[[-1.,  0.],
             [ 1.,  0.]]]])
    """
    sizes = tuple(int(n) for n in size)
    n = len(sizes) - 2
    if n not in (2, 3) or np.shape(theta) != (sizes[0], n, n + 1) or min(sizes) < 1:
        raise shape_error(
            f"affine_grid: theta has shape {np.shape(theta)}, size is {sizes}; (n, 2, 3) and "
            "(n, channels, height, width) are needed, or (n, 3, 4) and a depth too."
        )
    lines = [_lines(m, bool(align_corners)) for m in sizes[2:]]
    mesh = np.meshgrid(*lines, indexing="ij")[::-1]  # x first
    base = np.stack([*mesh, np.ones(sizes[2:])], axis=-1).astype(theta.dtype)
    flat = beside(theta, base.reshape((-1, n + 1)))
    return (flat @ np.swapaxes(theta, -1, -2)).reshape((sizes[0], *sizes[2:], n))


def _held(place: Any, low: float, high: float) -> Any:
    """Return places held between two bounds; at the bounds the derivative is 0, as PyTorch's is."""
    place = np.where(place > low, place, low)
    return np.where(place < high, place, high)


def _reflected(place: Any, low: float, high: float) -> Any:
    """Return places mirrored at two bounds as often as needed."""
    if low == high:
        return place * 0
    place = place - low
    place = np.where(place < 0, -place, place)
    span = high - low
    flips = np.floor(raw(stop_gradient(place)) / span)
    extra = place - flips * span
    return np.where(flips % 2 == 0, extra + low, span - extra + low)


def _padded(place: Any, n: int, padding_mode: str, align_corners: bool) -> Any:
    if padding_mode == "reflection":
        ends = (0.0, n - 1.0) if align_corners else (-0.5, n - 0.5)
        place = _reflected(place, *ends)
    return place if padding_mode == "zeros" else _held(place, 0.0, n - 1.0)


def _taken(images: Any, index: list[Any], sizes: tuple[int, ...]) -> tuple[Any, Any]:
    """Return values (n, ..., channels) at integer places, and whether these are inside."""
    inside: Any = True
    safe = []
    for place, n in zip(index, sizes, strict=True):
        inside = inside & (place >= 0) & (place < n)
        safe.append(np.clip(np.nan_to_num(place), 0, n - 1).astype(np.int64))
    rows = np.arange(len(images)).reshape((-1, *(1,) * (np.ndim(safe[0]) - 1)))
    return at(images, beside(images, rows), *(beside(images, k) for k in safe)), inside


@floating("input", "grid")
def grid_sample(
    input: Any,
    grid: Any,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Any:
    """Return the values of images at places that lie anywhere.

    Parameters
    ----------
    input : shape (n, channels, height, width), or (n, channels, depth, height, width)
        The images, or volumes.
    grid : shape (n, new height, new width, 2), or (n, new depth, new height, new width, 3)
        The places, x before y before z; -1 and 1 are the ends of an axis.
    mode : {"bilinear", "nearest", "bicubic"}
        How to interpolate between values; "bilinear" is linear in each axis, of volumes too.
    padding_mode : {"zeros", "border", "reflection"}
        What lies beyond the ends: zeros, the outermost value, or the image mirrored.
    align_corners : bool
        Whether -1 and 1 are the middles of the outermost values, not their outer edges.

    Returns
    -------
    shape (n, channels, new height, new width), or with a new depth
        The values, differentiable in images and places.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> image = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> grid_sample(image, np.zeros((1, 1, 1, 2)))
    array([[[[2.5]]]])
    """
    name = "grid_sample"
    shape, places = np.shape(input), np.shape(grid)
    n = len(shape) - 2
    if n not in (2, 3) or len(places) != n + 2 or places[-1:] != (n,) or places[0] != shape[0]:
        raise shape_error(
            f"{name}: the input has shape {shape}, the grid {places}; (n, channels, height, width) "
            "and (n, new height, new width, 2) are needed, or one axis more and 3."
        )
    if min(shape[2:]) < 1:
        raise shape_error(f"{name}: an input of shape {shape} has no values.")
    if mode not in _MODES or (mode == "bicubic" and n == 3):
        raise shape_error(f"{name}: mode {mode!r} is none of {', '.join(_MODES[: 5 - n])}.")
    if padding_mode not in _PADDING:
        raise shape_error(f"{name}: padding_mode {padding_mode!r} is none of {_PADDING}.")
    align, sizes = bool(align_corners), shape[2:]
    coordinates = []
    for axis, m in enumerate(sizes):
        g = grid[..., n - 1 - axis]
        coordinates.append((g + 1) * (0.5 * (m - 1)) if align else ((g + 1) * m - 1) * 0.5)
    images = np.moveaxis(input, 1, -1)
    if mode == "bicubic":
        return np.moveaxis(_bicubic(images, coordinates, sizes, padding_mode, align), -1, 1)
    coordinates = [
        _padded(c, m, padding_mode, align) for c, m in zip(coordinates, sizes, strict=True)
    ]
    fixed = [raw(stop_gradient(c)) for c in coordinates]
    if mode == "nearest":
        values, inside = _taken(images, [np.rint(c) for c in fixed], sizes)
        return np.moveaxis(np.where(inside[..., None], values, 0), -1, 1)
    low = [np.floor(c) for c in fixed]
    total: Any = 0
    for corner in product((0, 1), repeat=n):
        values, inside = _taken(images, [f + k for f, k in zip(low, corner, strict=True)], sizes)
        weight: Any = 1
        for c, f, k in zip(coordinates, low, corner, strict=True):
            weight = weight * ((c - f) if k else (f + 1 - c))
        total = total + values * np.where(inside, weight, 0)[..., None]
    return np.moveaxis(total, -1, 1)


def _bicubic(
    images: Any, coordinates: list[Any], sizes: tuple[int, ...], padding_mode: str, align: bool
) -> Any:
    """Return cubic convolution over the 16 values around each place."""
    low = [np.floor(raw(stop_gradient(c))) for c in coordinates]
    total: Any = 0
    for corner in product(range(-1, 3), repeat=2):
        weight: Any = 1
        index = []
        for c, f, k, m in zip(coordinates, low, corner, sizes, strict=True):
            weight = weight * cubic(c - f - k, -0.75)
            index.append(_padded(f + k, m, padding_mode, align))
        values, inside = _taken(images, [np.rint(k) for k in index], sizes)
        total = total + values * np.where(inside, weight, 0)[..., None]
    return total
