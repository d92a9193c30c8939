"""Pooling: the maximum, the mean or the p-norm of windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import primitive
from autograd_core.extend import Batched, Constant

from ..values import as_array, is_traced, pair, raw, shape_error
from .floating import floating, ordered
from .folding import folds
from .kernels import team
from .resampling import along
from .windows import (
    Windows,
    average,
    compiled,
    lowest_of,
    pick,
    plan,
    reduce_tiles,
    unpick,
)


def _maximum(x: Any, *, windows: Windows) -> Any:
    rows = x.transpose(0, 2, 3, 1)
    if pools := compiled(rows):
        largest: Any = np.empty((len(rows), *windows.output, rows.shape[3]), x.dtype)
        team().together(pools.maximum, rows.size, rows, largest, *windows.lies)
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
    if pools := compiled(images):
        found = np.empty(shape, kind)
        team().together(pools.winners, images.size, images, found, *windows.lies)
        return found
    top = _maximum(x, windows=windows).transpose(0, 2, 3, 1)
    lowest = lowest_of(x.dtype)
    taps = list(windows.taps(windows.pad(images, lowest)))
    outside: Any = [None] * len(taps)
    if windows.padded and (top == lowest).any():  # the padding is no element, though as low as one
        whole = np.zeros((1, *images.shape[1:3], 1), bool)
        outside = list(windows.taps(windows.pad(whole, True)))
    index = np.zeros(shape, kind)
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


def _max(
    name: str, n: int, input: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> Any:
    input = ordered(as_array(input))
    windows = plan(name, np.shape(input), kernel, stride, padding, dilation, ceil, n)
    return _as_given(_max_pool(_as_images(input, n), windows=windows), input, n)


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """Return the maximum of each window of (n, channels, length)."""
    return _max("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
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

    Returns
    -------
    shape (n, channels, new height, new width)
        The maxima.

    Examples
    --------
    >>> import numpy as np
    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    return _max("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


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


def _avg(
    name: str, n: int, input: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None,
) -> Any:  # fmt: skip
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
    """Return the mean of each window of (n, channels, length)."""
    return _avg(
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

    Examples
    --------
    >>> import numpy as np
    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    return _avg(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
        divisor_override,
    )  # fmt: skip


def _lp(name: str, n: int, input: Any, p: float, kernel: Any, stride: Any, ceil_mode: bool) -> Any:
    if not p >= 1:
        raise shape_error(f"{name}: the norm's power must be at least 1, not {p}.")
    powers = input * input if not is_traced(p) and p == 2 else np.abs(input) ** p
    total = _avg(name, n, powers, kernel, stride, 0, ceil_mode, True, 1)
    empty = total == 0  # the p-norm of zeros: 0, and its derivative there is taken as 0
    return np.where(empty, 0, np.where(empty, 1, total) ** (1 / p))


@floating("input", smooth=("norm_type",))
def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return the p-norm of each window of (n, channels, length)."""
    return _lp("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


@floating("input", smooth=("norm_type",))
def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """Return the p-norm of each window, (sum of abs(x)**p)**(1/p); p = 2 is L2 pooling.

    Examples
    --------
    >>> import numpy as np
    >>> lp_pool2d(np.array([[[[3.0, 4.0]]]]), 2, (1, 2))
    array([[[[5.]]]])
    """
    return _lp("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


# --- a given output size ----------------------------------------------------


def _bounds(n: int, m: int) -> list[tuple[int, int]]:
    """Return begin and end of each of m windows over n elements."""
    return [(k * n // m, -(-(k + 1) * n // m)) for k in range(m)]


def _targets(name: str, input: Any, output_size: Any, n: int) -> tuple[int, ...]:
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
    for k, (begin, end) in enumerate(_bounds(n, m)):
        matrix[begin:end, k] = 1 / (end - begin)
    return matrix


def _adaptive_avg(name: str, n: int, input: Any, output_size: Any) -> Any:
    sizes = _targets(name, input, output_size, n)
    shape = np.shape(input)[-n:]
    if set(sizes) == {1}:  # the global mean
        return np.mean(input, axis=tuple(range(-n, 0)), keepdims=True)
    if all(s % m == 0 for s, m in zip(shape, sizes, strict=True)):
        kernel = tuple(s // m for s, m in zip(shape, sizes, strict=True))
        return _avg(name, n, input, kernel, kernel, 0, False, True, None)
    for axis in range(n):
        input = along(input, axis - n, _mean_matrix(shape[axis], sizes[axis], input.dtype))
    return input


@floating("input", complex=True)
def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Return means over windows that divide the length into output_size parts."""
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

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_avg_pool2d(np.arange(9.0).reshape(1, 1, 3, 3), 2)
    array([[[[2., 3.],
             [5., 6.]]]])
    """
    return _adaptive_avg("adaptive_avg_pool2d", 2, input, output_size)


def _adaptive_max(name: str, n: int, input: Any, output_size: Any) -> Any:
    input = as_array(input)
    sizes = _targets(name, input, output_size, n)
    shape = np.shape(input)[-n:]
    if all(s % m == 0 for s, m in zip(shape, sizes, strict=True)):
        even = tuple(s // m for s, m in zip(shape, sizes, strict=True))
        return _max(name, n, input, even, even, 0, 1, False)
    # windows of unequal size: each filled up with copies of its last element, so that they tile
    kernel: tuple[int, ...] = ()
    for axis in range(n):
        bounds = _bounds(shape[axis], sizes[axis])
        longest = max(end - begin for begin, end in bounds)
        places = [min(begin + k, end - 1) for begin, end in bounds for k in range(longest)]
        input = input[(..., places, *(slice(None),) * (n - axis - 1))]
        kernel = (*kernel, longest)
    return _max(name, n, input, kernel, kernel, 0, 1, False)


def adaptive_max_pool1d(input: Any, output_size: Any) -> Any:
    """Return maxima over windows that divide the length into output_size parts."""
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size)


def adaptive_max_pool2d(input: Any, output_size: Any) -> Any:
    """Return maxima over windows that divide the image into output_size parts."""
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size)
