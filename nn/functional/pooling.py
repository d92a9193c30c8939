"""Pooling: the maximum, the mean or the p-norm of windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import primitive
from autograd_core.extend import Batched, Constant, explains_wrong_calls

from ..values import as_array, is_traced, raw, shape_error
from .floating import floating, ordered
from .folding import folds
from .largest import largest_places, window_tables
from .windows import (
    Windows,
    average,
    compiled,
    lowest_of,
    over_windows,
    pick,
    plan,
    reduce_tiles,
    unpick,
)


def _maximum(x: Any, *, windows: Windows) -> Any:
    rows = x.transpose(0, 2, 3, 1)
    if pools := compiled(x):
        largest: Any = np.empty((len(rows), *windows.output, rows.shape[3]), x.dtype)
        over_windows(pools.maximum, x.size, x, largest, *windows.lies)
        return largest.transpose(0, 3, 1, 2)
    y: Any = None
    if windows.tiles:
        y = reduce_tiles(rows, windows, np.maximum)
    else:
        for tap in windows.taps(windows.pad(rows, lowest_of(x.dtype))):
            y = tap.copy() if y is None else np.maximum(y, tap, out=y)
    return y.transpose(0, 3, 1, 2)


def _winners(x: Any, *, windows: Windows) -> Any:
    """Return which element of each window is its maximum: the first at a tie, the last NaN."""
    images = x.transpose(0, 2, 3, 1)
    count = windows.kernel[0] * windows.kernel[1]
    kind = np.int8 if count < 128 else np.int32
    shape = (len(images), *windows.output, images.shape[3])
    if pools := compiled(x):
        found = np.empty(shape, kind)
        over_windows(pools.winners, x.size, x, found, *windows.lies)
        return found
    top = _maximum(x, windows=windows).transpose(0, 2, 3, 1)
    lowest = lowest_of(x.dtype)
    taps = list(windows.taps(windows.pad(images, lowest)))
    outside: Any = [None] * len(taps)
    if windows.padded and (top == lowest).any():  # the padding is no element, though as low as one
        whole = np.zeros_like(images, bool, order="C", shape=(1, *images.shape[1:3], 1))
        outside = list(windows.taps(windows.pad(whole, True)))
    index: Any = np.zeros_like(images, kind, order="C", shape=shape)
    missed: Any = None  # where no tap so far was the maximum: there the index is higher by one
    for tap, out in zip(taps[:-1], outside, strict=False):
        miss = np.not_equal(tap, top) if out is None else np.not_equal(tap, top) | out
        missed = miss if missed is None else np.logical_and(missed, miss, out=missed)
        index += missed.view(np.int8)
    if np.isnan(top).any():  # equal to nothing
        for k, tap in enumerate(taps):
            index[np.isnan(tap)] = k
    return index


# a primitive, so that a compiled program can name it; reads x alone, so that the result may change
_winning = Constant(primitive(_winners, name="winners", arity=1, category="pooling"))


def _index(x: Any, windows: Windows) -> Any:
    """Return the winners as an array without derivatives; under vmap, each example's."""
    found = _winning(x, windows=windows)
    return found if isinstance(found, Batched) else raw(found)


_max_pool = primitive(
    _maximum,
    vjp=[lambda g, y, x, *, windows: unpick(g, index=_index(x, windows), windows=windows)],
    jvp=[lambda t, y, x, *, windows: pick(t, index=_index(x, windows), windows=windows)],
    name="max pool",
    cost=lambda y, x, *, windows: float(np.size(y) * windows.kernel[0] * windows.kernel[1]),
    category="pooling",
    again=True,
    formulas=(
        lambda y, x, windows: (
            "place(upstream, winner)",
            {"winner": windows.largest(x)},
            {"winner": f"the largest of each {windows.name}"},
        ),
    ),
)
folds(_max_pool, _winning)


def _as_images(input: Any, n: int) -> Any:
    """Return (n, c, h, w) of sequences or of a single example."""
    shape = np.shape(input)
    whole = (1,) * (n + 2 - len(shape)) + shape[: len(shape) - n] + (1,) * (2 - n) + shape[-n:]
    return input if whole == shape else input.reshape(whole)


def _as_given(y: Any, input: Any, n: int) -> Any:
    shape = np.shape(input)
    return y if len(shape) == 4 else y.reshape((*shape[:-n], *y.shape[-n:]))


def max_windows(
    name: str, n: int, input: Any, kernel: Any, stride: Any, padding: Any, dilation: Any,
    ceil: bool, indices: bool = False,
) -> Any:  # fmt: skip
    """Return the maximum of each window over the last n axes, and where it lies if asked."""
    input = ordered(as_array(input))
    windows = plan(name, np.shape(input), kernel, stride, padding, dilation, ceil, n)
    y = _as_given(_max_pool(_as_images(input, n), windows=windows), input, n)
    if not indices:
        return y
    shape = np.shape(input)
    tables = window_tables(shape, np.shape(y)[-n:], kernel, stride, padding, dilation)
    return y, largest_places(input, tables)


@explains_wrong_calls
def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the maximum of each window of (n, channels, length).

    Parameters
    ----------
    input : shape (n, channels, length), or without n
        The sequences.
    kernel_size, stride : int
        Size of a window, and from one to the next (default its size).
    padding, dilation : int
        Minus infinity at both ends; distance of a window's elements.
    ceil_mode : bool
        Whether a last window may reach beyond the end.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the sequence they lie.

    Returns
    -------
    shape (n, channels, new length)
        The maxima; at a tie the gradient goes to the first.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[3., 2.]]])
    """
    return max_windows(
        "max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


@explains_wrong_calls
def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the maximum of each window; at a tie the gradient goes to the first.

    Parameters
    ----------
    input : shape (n, channels, height, width), or without n
        The images.
    kernel_size, stride : int or pair
        Size of a window, and from one to the next (default its size).
    padding, dilation : int or pair
        Minus infinity around the image; distance of a window's elements.
    ceil_mode : bool
        Whether a last window may reach beyond the image.
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
    >>> import numpy as np
    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    return max_windows(
        "max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def _counts(windows: Windows, padding: tuple[int, ...], include: bool) -> Any:
    """Return 1 / the number of elements that each window averages over."""
    lengths = []
    for axis in range(2):
        start = np.arange(windows.output[axis]) * windows.stride[axis] - windows.before[axis]
        end = start + windows.kernel[axis]
        n, p = windows.size[axis], padding[axis]
        if include:
            lengths.append(np.minimum(end, n + p) - start)
        else:
            lengths.append(np.minimum(end, n) - np.maximum(start, 0))
    return 1.0 / (lengths[0][:, None] * lengths[1])


def avg_windows(
    name: str, n: int, input: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None,
) -> Any:  # fmt: skip
    """Return the mean of each window over the last n axes."""
    windows = plan(name, np.shape(input), kernel, stride, padding, 1, ceil_mode, n)
    if divisor_override is not None:
        share: Any = 1.0 / divisor_override
    elif windows.padded:
        share = _counts(windows, windows.before, count_include_pad)[:, :, None].astype(input.dtype)
    else:
        share = 1.0 / (windows.kernel[0] * windows.kernel[1])
    return _as_given(average(_as_images(input, n), share=share, windows=windows), input, n)


@floating("input", complex=True)
def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Return the mean of each window of (n, channels, length).

    Parameters
    ----------
    input : shape (n, channels, length), or without n
        The sequences.
    kernel_size, stride : int
        Size of a window, and from one to the next (default its size).
    padding : int
        Zeros at both ends.
    ceil_mode : bool
        Whether a last window may reach beyond the end.
    count_include_pad : bool
        Whether the padding counts as elements.

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
    >>> avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[2., 1.]]])
    """
    return avg_windows(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )


@floating("input", complex=True)
def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Return the mean of each window; see `max_pool2d`.

    Parameters
    ----------
    input, kernel_size, stride, padding, ceil_mode
        As in `max_pool2d`; the padding is zeros.
    count_include_pad : bool
        Whether the padding counts as elements.
    divisor_override : int, optional
        Divide by this instead.

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
    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    return avg_windows(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
        divisor_override,
    )  # fmt: skip


def _lp(name: str, n: int, input: Any, p: float, kernel: Any, stride: Any, ceil_mode: bool) -> Any:
    powers = powers_of(name, input, p)
    return root_of(avg_windows(name, n, powers, kernel, stride, 0, ceil_mode, True, 1), p)


def powers_of(name: str, input: Any, p: float) -> Any:
    """Return abs(x)**p, for sums whose p-th root is the norm."""
    if not p >= 1:
        raise shape_error(f"{name}: the norm's power must be at least 1, not {p}.")
    return input * input if not is_traced(p) and p == 2 else np.abs(input) ** p


def root_of(total: Any, p: float) -> Any:
    """Return sums to the power of 1/p."""
    empty = total == 0  # the p-norm of zeros: 0, and its derivative there is taken as 0
    return np.where(empty, 0, np.where(empty, 1, total) ** (1 / p))


@floating("input", smooth=("norm_type",))
def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return the p-norm of each window of (n, channels, length).

    Parameters
    ----------
    input : shape (n, channels, length), or without n
        The sequences.
    norm_type : float
        The norm's power p, at least 1.
    kernel_size, stride : int
        Size of a window, and from one to the next (default its size).
    ceil_mode : bool
        Whether a last window may reach beyond the end.

    Returns
    -------
    shape (n, channels, new length)
        The norms, (sum of abs(x)**p)**(1/p); their derivative at a window of zeros is 0.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> lp_pool1d(np.array([[[3.0, 4.0]]]), 2, 2)
    array([[[5.]]])
    """
    return _lp("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


@floating("input", smooth=("norm_type",))
def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return the p-norm of each window, (sum of abs(x)**p)**(1/p); p = 2 is L2 pooling.

    Parameters
    ----------
    input : shape (n, channels, height, width), or without n
        The images.
    norm_type : float
        The norm's power p, at least 1.
    kernel_size, stride : int or pair
        Size of a window, and from one to the next (default its size).
    ceil_mode : bool
        Whether a last window may reach beyond the end.

    Returns
    -------
    shape (n, channels, new height, new width)
        The norms; their derivative at a window of zeros is 0.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> lp_pool2d(np.array([[[[3.0, 4.0]]]]), 2, (1, 2))
    array([[[[5.]]]])
    """
    return _lp("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)
