"""Max pooling by a fraction: windows whose distances are drawn (Graham, 2014)."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import stop_gradient
from autograd_core.extend import beside, draw

from ..random import generator as shared
from ..values import on_host, pair, raw, shape_error
from .floating import floating


def _begins(samples: Any, size: int, kernel: int, count: int) -> Any:
    """Return where each window begins, for each sample in [0, 1): shape (..., count)."""
    last = np.full((*samples.shape, 1), size - kernel)
    if count == 1:
        return last
    alpha = (size - kernel) / (count - 1)
    u = samples[..., None]
    steps = np.trunc((np.arange(count - 1) + u) * alpha) - np.trunc(u * alpha)
    return np.concatenate([steps.astype(int), last], axis=-1)


def _lengths(name: str, shape: tuple[int, ...], n: int, size: Any, ratio: Any) -> tuple[int, ...]:
    if (size is None) == (ratio is None):
        raise shape_error(f"{name}: give either output_size or output_ratio.")
    if size is not None:
        return pair(size, n, f"{name}: output_size", 1)
    ratios = tuple(ratio) if isinstance(ratio, (tuple, list)) else (ratio,) * n
    if len(ratios) != n or not all(0 < r < 1 for r in ratios):
        raise shape_error(f"{name}: output_ratio must be between 0 and 1, not {ratio!r}.")
    return tuple(int(m * r) for m, r in zip(shape[-n:], ratios, strict=True))


def _pooled(
    name: str, n: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any,
    return_indices: bool, samples: Any, generator: Any,
) -> Any:  # fmt: skip
    shape = np.shape(input)
    if len(shape) not in (n + 1, n + 2):
        raise shape_error(f"{name}: the input needs {n + 2} axes, its shape is {shape}.")
    kernel = pair(kernel_size, n, f"{name}: kernel_size", 1)
    counts = _lengths(name, shape, n, output_size, output_ratio)
    if any(c < 1 or c + k - 1 > m for c, k, m in zip(counts, kernel, shape[-n:], strict=True)):
        raise shape_error(
            f"{name}: {counts} windows of {kernel} do not fit into an input of {shape[-n:]}."
        )
    images = input if len(shape) == n + 2 else input.reshape((1, *shape))
    batch, channels = images.shape[:2]
    if samples is None:
        source = generator or shared()
        samples = draw(source.random, (batch, channels, n), name)
    samples = on_host(samples)
    if samples.shape != (batch, channels, n):
        raise shape_error(
            f"{name}: _random_samples must have shape {(batch, channels, n)}, not {samples.shape}."
        )
    places: list[Any] = []  # of each axis, shape (batch, channels, windows, elements)
    for axis in range(n):
        # PyTorch draws for two axes in the order width, height; for three depth, height, width
        drawn = samples[:, :, n - 1 - axis if n == 2 else axis]
        begins = _begins(drawn, shape[axis - n], kernel[axis], counts[axis])
        places.append(begins[..., None] + np.arange(kernel[axis]))
    grid = [
        p.reshape((batch, channels, *(1,) * k, counts[k], *(1,) * (n - 1), kernel[k],
                   *(1,) * (n - 1 - k)))
        for k, p in enumerate(places)
    ]  # fmt: skip
    first = [np.arange(m).reshape((-1, *(1,) * (2 * n + 1 - k))) for k, m in
             enumerate((batch, channels))]  # fmt: skip
    rows = tuple(beside(input, part) for part in (*first, *grid))
    windows = images[rows].reshape((batch, channels, *counts, -1))
    best = np.argmax(stop_gradient(windows), axis=-1)[..., None]
    best = raw(best)
    y = np.take_along_axis(windows, best, axis=-1)[..., 0]
    whole = (*shape[: len(shape) - n], *counts)
    if not return_indices:
        return y.reshape(whole)
    flat = grid[0]
    for k in range(1, n):
        flat = flat * shape[k - n] + grid[k]
    flat = np.broadcast_to(flat, (batch, channels, *counts, *kernel)).reshape(windows.shape)
    index = np.take_along_axis(beside(input, flat), best, axis=-1)[..., 0]
    return y.reshape(whole), index.reshape(whole)


@floating("input")
def fractional_max_pool2d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
    *,
    generator: Any = None,
) -> Any:
    """Return the maximum of windows whose distances are drawn.

    Parameters
    ----------
    input : shape (n, channels, height, width), or without n
        The images.
    kernel_size : int or pair
        Size of a window.
    output_size : int or pair, optional
        Of the result.
    output_ratio : float or pair, optional
        Or its part of the input's size, between 0 and 1.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the flat image they lie.
    _random_samples : shape (n, channels, 2), optional
        What is drawn, in [0, 1); for tests.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

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
    >>> fractional_max_pool2d(np.arange(16.0).reshape(1, 4, 4), 4, 1)
    array([[[15.]]])
    """
    return _pooled(
        "fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, return_indices,
        _random_samples, generator,
    )  # fmt: skip


@floating("input")
def fractional_max_pool3d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
    *,
    generator: Any = None,
) -> Any:
    """Return the maximum of boxes whose distances are drawn.

    Parameters
    ----------
    input : shape (n, channels, depth, height, width), or without n
        The volumes.
    kernel_size : int or triple
        Size of a box.
    output_size, output_ratio, return_indices, generator
        As in `fractional_max_pool2d`.
    _random_samples : shape (n, channels, 3), optional
        What is drawn, in [0, 1); for tests.

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
    >>> fractional_max_pool3d(np.arange(8.0).reshape(1, 2, 2, 2), 2, 1)
    array([[[[7.]]]])
    """
    return _pooled(
        "fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, return_indices,
        _random_samples, generator,
    )  # fmt: skip
