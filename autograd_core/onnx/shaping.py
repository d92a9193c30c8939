"""Operations that move numbers and do not change them; joining and padding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from autograd_core.onnx.graph import Graph, Ref
from autograd_core.onnx.table import lowers
from autograd_core.rules import choosing, joining, shapes
from autograd_core.rules.products import identity_like

END = np.iinfo(np.int64).max
BEGIN = -END


@lowers(shapes.reshape, shapes.ravel)
def reshape(g: Graph, y: Any, x: Ref, shape: Any = None, **_: Any) -> Ref:
    """Reshape."""
    return g.reshape(x, y.shape)


@lowers(shapes.transpose)
def transpose(g: Graph, y: Any, x: Ref, axes: Any = None) -> Ref:
    """Transpose."""
    return g.transpose(x, range(x.ndim)[::-1] if axes is None else axes)


@lowers(shapes.swapaxes)
def swapaxes(g: Graph, y: Any, x: Ref, axis1: int, axis2: int) -> Ref:
    """Transpose."""
    order = list(range(x.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return g.transpose(x, order)


@lowers(shapes.moveaxis)
def moveaxis(g: Graph, y: Any, x: Ref, source: Any, destination: Any) -> Ref:
    """Transpose."""
    return g.transpose(x, moved(x.ndim, source, destination))


def moved(ndim: int, source: Any, destination: Any) -> list[int]:
    """Return the order of axes that ``np.moveaxis`` means."""
    first = normalize_axis_tuple(source, ndim)
    last = normalize_axis_tuple(destination, ndim)
    order = [k for k in range(ndim) if k not in first]
    for to, of in sorted(zip(last, first, strict=True)):
        order.insert(to, of)
    return order


@lowers(shapes.expand_dims)
def expand_dims(g: Graph, y: Any, x: Ref, axis: Any) -> Ref:
    """Unsqueeze."""
    return g.unsqueeze(x, normalize_axis_tuple(axis, np.ndim(y)))


@lowers(shapes.squeeze)
def squeeze(g: Graph, y: Any, x: Ref, axis: Any = None) -> Ref:
    """Squeeze."""
    if axis is None:
        return g.squeeze(x, [k for k, n in enumerate(x.shape) if n == 1])
    return g.squeeze(x, normalize_axis_tuple(axis, x.ndim))


@lowers(shapes.broadcast_to)
def broadcast_to(g: Graph, y: Any, x: Ref, shape: Any = None, **_: Any) -> Ref:
    """Expand."""
    return g.expand(x, y.shape)


def cut(g: Graph, x: Ref, parts: dict[int, tuple[int, int, int]], shape: Any) -> Ref:
    """Return a slice: for some axes start, stop and step."""
    if not parts:
        return x
    starts, stops, steps = zip(*parts.values(), strict=True)
    return g.op("Slice", x, g.ints(starts), g.ints(stops), g.ints(list(parts)), g.ints(steps),
                shape=shape)  # fmt: skip


@lowers(shapes.flip)
def flip(g: Graph, y: Any, x: Ref, axis: Any = None) -> Ref:
    """Slice with step -1."""
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    return cut(g, x, dict.fromkeys(axes, (-1, BEGIN, -1)), x.shape)


@lowers(shapes.roll)
def roll(g: Graph, y: Any, x: Ref, shift: Any, axis: Any = None) -> Ref:
    """Two slices, joined the other way about."""
    if axis is None:
        flat = g.reshape(x, (int(np.prod(x.shape)),))
        return g.reshape(_rolled(g, flat, int(shift), 0), x.shape)
    shifts, axes = np.broadcast_arrays(shift, axis)
    for s, k in zip(shifts.reshape(-1), axes.reshape(-1), strict=True):
        x = _rolled(g, x, int(s), int(k) % x.ndim)
    return x


def _rolled(g: Graph, x: Ref, shift: int, axis: int) -> Ref:
    n = x.shape[axis]
    if not n or not shift % n:
        return x
    place = -shift if 0 < shift < n else n - shift % n  # the former is no function of the size
    first, last = list(x.shape), list(x.shape)
    first[axis], last[axis] = shift % n, n - shift % n
    end = cut(g, x, {axis: (place, END, 1)}, first)
    start = cut(g, x, {axis: (0, place, 1)}, last)
    return g.op("Concat", end, start, shape=x.shape, axis=axis)


@lowers(shapes.repeat)
def repeat(g: Graph, y: Any, x: Ref, repeats: Any, axis: Any = None) -> Ref:
    """Gather of the same places again and again."""
    if isinstance(repeats, Ref):
        raise g.refuse(
            "repeat by numbers that the function computes: its result has no fixed shape."
        )
    if axis is None:
        x, axis = g.reshape(x, (int(np.prod(x.shape)),)), 0
    k = normalize_axis_index(axis, x.ndim)
    repeats = np.asarray(repeats)
    if repeats.size == 1:
        n = int(repeats.reshape(-1)[0])
        wide = g.unsqueeze(x, [k + 1])
        shape = [*x.shape[: k + 1], n, *x.shape[k + 1 :]]
        return g.reshape(g.expand(wide, shape), y.shape)
    places = np.repeat(np.arange(x.shape[k]), repeats)
    return g.op("Gather", x, g.ints(places), shape=y.shape, axis=k)


def _triangle(upper: int) -> Callable[..., Ref]:
    def lowering(g: Graph, y: Any, x: Ref, k: int = 0) -> Ref:
        x = g.expand(x, y.shape)  # NumPy makes a matrix of a vector
        return g.op("Trilu", x, g.constant(np.int64(k)), upper=upper)

    return lowering


lowers(shapes.tril)(_triangle(0))
lowers(shapes.triu)(_triangle(1))


@lowers(joining.joined)
def concatenate(g: Graph, y: Any, *parts: Ref, axis: Any = 0) -> Ref:
    """Concat."""
    given = [g.cast(p, y.dtype) for p in parts]
    if len(given) == 1:
        return given[0]
    return g.op("Concat", *given, like=y, axis=int(axis) % y.ndim)


def pad(g: Graph, x: Ref, before: Any, after: Any, shape: Any) -> Ref:
    """Return a value with zeros around it."""
    if not any(before) and not any(after):
        return x
    pads = g.ints([*before, *after])
    return g.op("Pad", x, pads, g.number(0, x), shape=shape, mode="constant")


@lowers(joining.padded)
def padded(g: Graph, y: Any, x: Ref, pad_width: Any) -> Ref:
    """Pad."""
    width = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2))
    return pad(g, g.cast(x, y.dtype), width[:, 0], width[:, 1], y.shape)


@lowers(np.full_like)
def full_like(g: Graph, y: Any, x: Ref, fill_value: Ref, **_: Any) -> Ref:
    """Expand."""
    return g.expand(g.cast(fill_value, y.dtype), y.shape)


@lowers(identity_like)
def identity(g: Graph, y: Any, x: Ref, n: Ref) -> Ref:
    """Return a constant: it depends on the shape alone."""
    return g.constant(y)


@lowers(choosing._windows)
def sliding_window_view(g: Graph, y: Any, x: Ref, window_shape: Any, axis: Any = None) -> Ref:
    """Gather of each window's places, axis by axis."""
    widths = window_shape if isinstance(window_shape, (tuple, list)) else (window_shape,)
    axes = range(x.ndim) if axis is None else (
        normalize_axis_tuple(axis, x.ndim, allow_duplicate=True))  # fmt: skip
    for width, k in zip(widths, axes, strict=True):
        count = x.shape[k] - width + 1
        places = np.arange(count)[:, None] + np.arange(width)
        shape = [*x.shape[:k], count, width, *x.shape[k + 1 :]]
        x = g.op("Gather", x, g.constant(places), shape=shape, axis=k)
        x = g.transpose(x, [a for a in range(x.ndim) if a != k + 1] + [k + 1])
    return x
