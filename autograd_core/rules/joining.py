"""Joining, splitting and padding arrays."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import linear, primitive
from autograd_core.operations.kinds import beside
from autograd_core.operations.primitive import implements, unwrapped
from autograd_core.rules.shapes import cast_all


def _pieces(g: Any, parts: Any, axis: int) -> list[Any]:
    """Cut g along the axis into pieces as long as the parts."""
    before = (slice(None),) * (normalize_axis_index(axis, g.ndim))
    stops = [0, *accumulate([p.shape[axis] for p in parts])]
    return [g[(*before, slice(start, stop))] for start, stop in pairwise(stops)]


def _piece_formula(k: int, y: Any, *parts: Any, axis: int = 0) -> str:
    axis = normalize_axis_index(axis, np.ndim(y))
    start = sum(np.shape(p)[axis] for p in parts[:k])
    return f"upstream[{':, ' * axis}{start}:{start + np.shape(parts[k])[axis]}]"


joined = primitive(
    lambda *parts, axis=0: np.concatenate(parts, axis=axis),
    vjp=lambda g, y, *parts, axis=0: _pieces(g, parts, axis),
    jvp=lambda ts, y, *parts, axis=0: np.concatenate(ts, axis=axis),
    name="concatenate",
    category="shape",
    formulas=_piece_formula,
)


@implements(np.concatenate)
def concatenate(
    arrays: Any,
    /,
    axis: int | None = 0,
    out: None = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    """Join along an axis that exists."""
    if axis is None:
        arrays, axis = [np.ravel(a) for a in arrays], 0
    return joined(*cast_all(arrays, dtype, casting), axis=axis)


implements(np.concat)(concatenate)


@implements(np.stack)
def stack(
    arrays: Any, axis: int = 0, out: None = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """Join along a new axis."""
    arrays = cast_all(arrays, dtype, casting)
    return np.concatenate([np.expand_dims(a, axis) for a in arrays], axis=axis)


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Join by rows."""
    return np.concatenate([np.atleast_2d(a) for a in cast_all(tup, dtype, casting)], axis=0)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Join by columns (vectors end to end)."""
    parts = [np.atleast_1d(a) for a in cast_all(tup, dtype, casting)]
    return np.concatenate(parts, axis=0 if np.ndim(parts[0]) == 1 else 1)


@implements(np.dstack)
def dstack(tup: Any) -> Any:
    """Join along the third axis."""
    return np.concatenate([np.atleast_3d(a) for a in tup], axis=2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Join vectors as columns."""
    return np.concatenate([np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in tup], axis=1)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Join values to the end."""
    if axis is None:
        return np.concatenate([np.ravel(arr), np.ravel(values)])
    return np.concatenate([arr, values], axis=axis)


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut into parts, as even as can be."""
    n = ary.shape[axis]
    if np.ndim(indices_or_sections):
        cuts = [0, *(int(k) for k in indices_or_sections), n]
    else:
        each, extra = divmod(n, int(indices_or_sections))
        sizes = extra * [each + 1] + (int(indices_or_sections) - extra) * [each]
        cuts = [0, *np.cumsum(sizes).tolist()]
    before = (slice(None),) * (normalize_axis_index(axis, ary.ndim))
    return [ary[(*before, slice(a, b))] for a, b in pairwise(cuts)]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Cut into equal parts, or at the given places."""
    if not np.ndim(indices_or_sections) and ary.shape[axis] % int(indices_or_sections):
        raise ValueError(
            f"split: an axis of {ary.shape[axis]} does not divide into {indices_or_sections} "
            "equal parts; use np.array_split."
        )
    return array_split(ary, indices_or_sections, axis)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Cut along the first axis."""
    return split(_with_axes(ary, 2), indices_or_sections, 0)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Cut along the second axis (the first of a vector)."""
    return split(_with_axes(ary, 1), indices_or_sections, 0 if ary.ndim == 1 else 1)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Cut along the third axis."""
    return split(_with_axes(ary, 3), indices_or_sections, 2)


def _with_axes(ary: Any, least: int) -> Any:
    if ary.ndim < least:
        raise ValueError(f"the array has {ary.ndim} axes; at least {least} are needed.")
    return ary


def _inside(width: Any, ndim: int) -> tuple[slice, ...]:
    return tuple(slice(int(a), -int(b) or None) for a, b in np.broadcast_to(width, (ndim, 2)))


padded = linear(
    lambda x, pad_width: np.pad(x, pad_width),
    lambda g, x, *, pad_width: g[_inside(pad_width, x.ndim)],
    name="pad",
    category="shape",
)


def _axis_padding(x: Any, axis: int, width: tuple[int, int], mode: Any, settings: Any) -> Any:
    """Pad one axis by elements that are sums of its own: one product with a small matrix."""
    n = x.shape[axis]
    eye = np.eye(n, dtype=x.dtype)
    rows = beside(x, np.pad(eye, (width, (0, 0)), mode=mode, **settings))
    return np.moveaxis(np.tensordot(rows, x, axes=((1,), (axis,))), 0, axis)


def _pairs(value: Any, ndim: int) -> list[tuple[Any, Any]]:
    return [(a, b) for a, b in np.broadcast_to(np.asarray(value, dtype=object), (ndim, 2)).tolist()]


def _pad_ramp(x: Any, axis: int, width: tuple[int, int], ends: tuple[Any, Any]) -> Any:
    made = _axis_padding(x, axis, width, "linear_ramp", {})
    if not any(ends):
        return made
    origin = np.zeros((x.shape[axis],), dtype=x.dtype)
    frame = np.pad(origin, (width,), mode="linear_ramp", end_values=(ends,))
    return made + beside(x, frame).reshape((-1,) + (1,) * (x.ndim - 1 - axis))


def _pad_statistic(
    x: Any, axis: int, width: tuple[int, int], statistic: Any, lengths: tuple[Any, Any]
) -> Any:
    """Pad one axis with a statistic of its first and of its last elements."""
    n = x.shape[axis]
    before = (slice(None),) * axis
    first, last = (n if k is None else min(int(k), n) for k in lengths)
    parts = [x]
    for place, (size, part) in enumerate(
        zip(width, (slice(0, first), slice(n - last, n)), strict=True)
    ):
        value = statistic(x[(*before, part)], axis=axis, keepdims=True)
        shape = tuple(size if k == axis else m for k, m in enumerate(x.shape))
        parts.insert(0 if place == 0 else len(parts), np.broadcast_to(value, shape))
    return np.concatenate(parts, axis=axis)


_STATISTICS = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


_MODES = ("constant", "edge", "wrap", "reflect", "symmetric", "linear_ramp", *_STATISTICS)


def _pad_widths(pad_width: Any, ndim: int) -> Any:
    """Return how much to add before and after each axis; numpy.pad has many ways to say it."""
    if isinstance(pad_width, dict):
        given = {normalize_axis_index(k, ndim): w for k, w in pad_width.items()}
        widths = [given.get(k, 0) for k in range(ndim)]
        pad_width = [(w, w) if np.ndim(w) == 0 else w for w in widths]
    if np.asarray(pad_width).dtype.kind not in "iu":
        raise TypeError("`pad_width` must be of integral type.")
    return tuple((int(a), int(b)) for a, b in np.broadcast_to(pad_width, (ndim, 2)))


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **settings: Any) -> Any:
    """Pad at the edges; every mode but "empty" and functions."""
    ndim = array.ndim
    if mode not in _MODES:
        raise TypeError(f"mode={mode!r} has no derivative rule; use one of {', '.join(_MODES)}.")
    if ndim == 0 and np.asarray(pad_width).dtype.kind == "i":
        return np.copy(array)
    pad_width = sizes = _pad_widths(pad_width, ndim)
    met: list[Any] = []
    unwrapped(settings, met)
    if mode == "constant":
        values = settings.get("constant_values", 0)
        if met and np.ndim(values) == 0:  # one constant, which carries a derivative of its own
            inside = beside(array, np.pad(np.ones(array.shape, dtype=bool), pad_width))
            return np.where(inside, padded(array, pad_width=pad_width), values.astype(array.dtype))
        if np.ndim(values) == 0 and values == 0:
            return padded(array, pad_width=pad_width)
    if met:
        raise TypeError(f"{', '.join(settings)}= of traced values has no derivative rule.")
    if mode == "constant":
        frame = np.pad(np.zeros(array.shape, array.dtype), pad_width, constant_values=values)
        return padded(array, pad_width=pad_width) + beside(array, frame)
    if not any(map(any, sizes)):
        return np.copy(array)  # of its own memory, as NumPy's
    even = settings.get("reflect_type", "even") == "even"
    for axis, width in enumerate(sizes):
        if not any(width):
            continue
        if not array.shape[axis]:
            raise ValueError(f"can't extend empty axis {axis} with mode={mode!r}.")
        if mode in ("edge", "wrap") or (mode in ("reflect", "symmetric") and even):
            source = np.pad(np.arange(array.shape[axis]), width, mode=mode)
            array = np.take(array, source, axis=axis)
        elif mode in ("reflect", "symmetric"):
            array = _axis_padding(array, axis, width, mode, settings)
        elif mode == "linear_ramp":
            ends = _pairs(settings.get("end_values", 0), ndim)[axis]
            array = _pad_ramp(array, axis, width, ends)
        else:
            lengths = _pairs(settings.get("stat_length"), ndim)[axis]
            array = _pad_statistic(array, axis, width, _STATISTICS[mode], lengths)
    return array
