"""Windows that slide over images: how they lie, and the linear maps that pooling is made of."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Primitive, linear
from autograd_core.extend import beside

from ..values import pair, shape_error
from . import kernels
from .folding import folds

WORK = 64  # operations for each number, as `kernels.ENOUGH` counts: NumPy makes many passes


class Windows(NamedTuple):
    """Where the windows of a pooling lie; each field for height and width."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    before: tuple[int, ...]  # padding on the top and left
    after: tuple[int, ...]  # padding on the bottom and right
    dilation: tuple[int, ...]
    output: tuple[int, ...]

    @property
    def padded(self) -> bool:
        """Whether windows reach beyond the image."""
        return self.before != (0, 0) or self.after != (0, 0)

    @property
    def tiles(self) -> bool:
        """Whether every element of the image is in exactly one window."""
        (h, w), (kh, kw) = self.output, self.kernel
        return (
            self.stride == self.kernel
            and self.size == (h * kh, w * kw)
            and self.dilation == (1, 1)
            and self.before == self.after == (0, 0)
        )

    @property
    def name(self) -> str:
        """What a window is called: ``2×2 window``; of pooling along one axis, ``window of 2``."""
        if self.size[0] == self.kernel[0] == 1:
            return f"window of {self.kernel[1]}"
        return "×".join(map(str, self.kernel)) + " window"

    def places(self) -> tuple[Any, Any, Any]:
        """Return rows and columns of each window's elements, and which lie inside the image.

        Each of shape (h, w, elements of a window); what the viewer's formulas speak of.
        """
        along = []
        for k, (n, m) in enumerate(zip(self.output, self.kernel, strict=True)):
            steps = np.arange(n)[:, None] * self.stride[k] - self.before[k]
            along.append(steps + np.arange(m) * self.dilation[k])
        rows, columns = np.broadcast_arrays(along[0][:, None, :, None], along[1][None, :, None, :])
        shape = (*self.output, -1)
        rows, columns = rows.reshape(shape), columns.reshape(shape)
        inside = (rows >= 0) & (rows < self.size[0]) & (columns >= 0) & (columns < self.size[1])
        return rows, columns, inside

    def largest(self, x: Any) -> tuple[Any, ...]:
        """Return the index of the largest element of each window of images (n, c, h, w)."""
        rows, columns, inside = self.places()
        found = np.where(inside, x[:, :, rows * inside, columns * inside], lowest_of(x.dtype))
        k = found.argmax(axis=-1)
        h, w = np.indices(k.shape)[2:]
        n, c = np.indices(k.shape)[:2]
        return n, c, rows[h, w, k], columns[h, w, k]

    def shared(self, shape: tuple[int, ...]) -> Any:
        """Return what adds a number for each window to every element inside it."""

        def place(value: Any, index: Any) -> Any:
            rows, columns, inside = self.places()
            made = np.zeros(shape)
            for h, w, k in np.argwhere(inside):
                made[:, :, rows[h, w, k], columns[h, w, k]] += value[:, :, h, w]
            return made

        return place

    @property
    def lies(self) -> tuple[tuple[int, ...], ...]:
        """Kernel, stride, padding before and dilation, as the compiled kernels take them."""
        return self.kernel, self.stride, self.before, self.dilation

    def taps(self, rows: Any) -> Iterator[Any]:
        """Yield, for each place in the kernel, the view of that place in all windows."""
        (kh, kw), (sh, sw), (dh, dw), (oh, ow) = (
            self.kernel, self.stride, self.dilation, self.output
        )  # fmt: skip
        for i in range(kh):
            for j in range(kw):
                yield rows[
                    :,
                    i * dh : i * dh + (oh - 1) * sh + 1 : sh,
                    j * dw : j * dw + (ow - 1) * sw + 1 : sw,
                ]

    def pad(self, rows: Any, value: float) -> Any:
        """Return channels-last images with a value around."""
        if not self.padded:
            return rows
        (t, left), (b, r) = self.before, self.after
        n, h, w, c = rows.shape
        shape = n, h + t + b, w + left + r, c
        out = np.full_like(rows, value, order="C", shape=shape)
        out[:, t : t + h, left : left + w] = rows
        return out

    def blank(self, rows: Any) -> Any:
        """Return zeros (or, where windows tile, memory to fill) of the padded size, for rows."""
        (t, left), (b, r), (h, w) = self.before, self.after, self.size
        make = np.empty_like if self.tiles else np.zeros_like
        return make(rows, order="C", shape=(len(rows), h + t + b, w + left + r, rows.shape[3]))

    def crop(self, rows: Any) -> Any:
        """Return the images without the padding, under the shape (n, c, h, w)."""
        (t, left), (h, w) = self.before, self.size
        return rows[:, t : t + h, left : left + w].transpose(0, 3, 1, 2)


def plan(
    name: str,
    shape: tuple[int, ...],
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    n: int,
) -> Windows:
    """Check a pooling's settings against the input, and lay its windows out.

    Examples
    --------
    >>> plan("pool", (1, 1, 6, 6), 2, None, 0, 1, False, 2).output
    (3, 3)
    """
    if len(shape) not in (n + 1, n + 2):
        raise shape_error(f"{name}: the input needs {n + 2} axes, its shape is {shape}.")
    kernel = pair(kernel, n, "kernel_size")
    stride = kernel if stride is None else pair(stride, n, "stride")
    padding, dilation = pair(padding, n, "padding"), pair(dilation, n, "dilation")
    if min((*kernel, *stride, *dilation)) < 1 or min(padding) < 0:
        raise shape_error(
            f"{name}: kernel {kernel}, stride {stride} and dilation {dilation} must be positive."
        )
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise shape_error(f"{name}: padding {padding} must be at most half the kernel {kernel}.")
    output, after = [], []
    for m, k, s, p, d in zip(shape[-n:], kernel, stride, padding, dilation, strict=True):
        room = m + 2 * p - d * (k - 1) - 1
        count = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (count - 1) * s >= m + p:
            count -= 1  # the last window must begin inside the image or its left padding
        if room < 0 or count < 1:
            raise shape_error(
                f"{name}: a window of {kernel} is larger than the input {shape[-n:]} with "
                f"padding {padding}."
            )
        output.append(count)
        after.append(max(p, (count - 1) * s + d * (k - 1) + 1 - m - p))
    one, nothing = (1,) * (2 - n), (0,) * (2 - n)
    return Windows(
        one + tuple(shape[-n:]), one + kernel, one + stride, nothing + padding,
        nothing + tuple(after), one + dilation, one + tuple(output),
    )  # fmt: skip


def lowest_of(dtype: Any) -> Any:
    """Return what no element is below: minus infinity, or an integer type's smallest number.

    Examples
    --------
    >>> lowest_of(np.dtype(float)), lowest_of(np.dtype(np.uint8)), lowest_of(np.dtype(bool))
    (-inf, 0, False)
    """
    if dtype.kind == "b":
        return False
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def compiled(x: Any) -> Any:
    """Return the compiled kernels if images of this size are worth them."""
    return kernels.compiled("pools", WORK * x.size, x)


def over_windows(function: Any, size: int, x: Any, *rest: Any) -> None:
    """Run a compiled pass over windows of images, (n, c, h, w) in any order of memory."""
    source = import_module("nn.functional.compiled.images").source
    kernels.team().together(function, size, *source(x), *rest)


# --- choosing one element of each window ------------------------------------


def _pick(x: Any, *, index: Any, windows: Windows) -> Any:
    rows = windows.pad(x.transpose(0, 2, 3, 1), 0)
    y = np.empty_like(rows, order="C", shape=index.shape)
    for k, tap in enumerate(windows.taps(rows)):
        np.copyto(y, tap, where=index == k)
    return y.transpose(0, 3, 1, 2)


def _unpick(g: Any, *, index: Any, windows: Windows) -> Any:
    rows = g.transpose(0, 2, 3, 1)
    if pools := compiled(g):
        x = np.empty((len(rows), *windows.size, rows.shape[3]), g.dtype)
        over_windows(pools.unpick, x.size, g, index, x, *windows.lies)
        return x.transpose(0, 3, 1, 2)
    out = windows.blank(rows)
    for k, tap in enumerate(windows.taps(out)):
        if windows.tiles:
            np.multiply(rows, index == k, out=tap)
        else:
            tap += rows * (index == k)
    return windows.crop(out)


pick: Primitive = linear(
    _pick,
    lambda g, x, *, index, windows: unpick(g, index=index, windows=windows),
    name="max pool",
    cost=0.0,
    category="pooling",
)
unpick: Primitive = linear(
    _unpick,
    lambda h, g, *, index, windows: pick(h, index=index, windows=windows),
    name="max unpool",
    cost=lambda y, g, *, index, windows: 0.0 if windows.tiles else float(np.size(g)),
    category="pooling",
)

# --- averaging each window --------------------------------------------------


def _average(x: Any, *, share: Any, windows: Windows) -> Any:
    rows = x.transpose(0, 2, 3, 1)
    if pools := compiled(x):
        y = np.empty((len(rows), *windows.output, rows.shape[3]), x.dtype)
        if windows.tiles:
            over_windows(pools.tile_total, x.size, x, y, windows.kernel)
        else:
            over_windows(pools.total, x.size, x, y, *windows.lies)
    elif windows.tiles:
        y = reduce_tiles(rows, windows, np.add)
    else:
        y = None
        for tap in windows.taps(windows.pad(rows, 0)):
            y = tap.copy() if y is None else np.add(y, tap, out=y)
    y *= beside(y, share)
    return y.transpose(0, 3, 1, 2)


def reduce_tiles(rows: Any, windows: Windows, ufunc: np.ufunc) -> Any:
    """Combine the elements of windows that tile the image: lines first, which lie in one run."""
    n, _, w, c = rows.shape
    (oh, ow), (kh, kw) = windows.output, windows.kernel
    tiles = rows.reshape(n, oh, kh, w, c)
    y = tiles[:, :, 0].copy() if kh == 1 else ufunc(tiles[:, :, 0], tiles[:, :, 1])
    for i in range(2, kh):
        ufunc(y, tiles[:, :, i], out=y)
    tiles = y.reshape(n, oh, ow, kw, c)
    y = tiles[:, :, :, 0].copy() if kw == 1 else ufunc(tiles[:, :, :, 0], tiles[:, :, :, 1])
    for j in range(2, kw):
        ufunc(y, tiles[:, :, :, j], out=y)
    return y


def _distribute(g: Any, *, share: Any, windows: Windows) -> Any:
    rows = g.transpose(0, 2, 3, 1) * beside(g, share)
    n, oh, ow, c = rows.shape
    if pools := compiled(rows):
        x, g = np.empty((n, *windows.size, c), rows.dtype), rows.transpose(0, 3, 1, 2)
        if windows.tiles:
            over_windows(pools.tile_spread, x.size, g, x, windows.kernel)
        else:
            over_windows(pools.spread, x.size, g, x, *windows.lies)
        return x.transpose(0, 3, 1, 2)
    out = windows.blank(rows)
    if windows.tiles:
        kh, kw = windows.kernel
        lines = np.repeat(rows, kw, axis=2)
        out.reshape(n, oh, kh, ow * kw, c)[...] = lines[:, :, None]
        return out.transpose(0, 3, 1, 2)
    for tap in windows.taps(out):
        tap += rows
    return windows.crop(out)


def _average_formula(y: Any, x: Any, *, share: Any, windows: Windows) -> Any:
    n = 1 / share if np.ndim(share) == 0 else 0
    by = f"/ {round(n)}" if n and abs(n - round(n)) < 1e-9 * n else "* share"
    more = {"place": windows.shared(x.shape), "share": _by_image(share), "window": ...}
    return (
        f"place(upstream {by}, window)",
        more,
        {"window": f"every place in each {windows.name}"},
    )


def _by_image(share: Any) -> Any:
    """Return channels-last factors as they stand beside images (n, c, h, w)."""
    return share if np.ndim(share) == 0 else np.moveaxis(np.asarray(share), -1, -3)


average: Primitive = linear(
    _average,
    lambda g, x, *, share, windows: distribute(g, share=share, windows=windows),
    name="average pool",
    formulas=(_average_formula,),
    cost=lambda y, x, *, share, windows: np.size(y) * (math.prod(windows.kernel) + 1.0),
    category="pooling",
)
distribute: Primitive = linear(
    _distribute,
    lambda h, g, *, share, windows: average(h, share=share, windows=windows),
    name="average unpool",
    cost=lambda y, g, *, share, windows: (
        np.size(g) * (1.0 if windows.tiles else 1.0 + math.prod(windows.kernel))
    ),
    category="pooling",
)
folds(pick, unpick, average, distribute)
