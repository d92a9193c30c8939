"""Sampled functions: grids, differences, integrals, interpolation, convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import bilinear
from autograd_core.operations.kinds import beside, foreign
from autograd_core.operations.primitive import Constant, bare, implements, innermost_array
from autograd_core.rules.indexing import getitem


def _kind(*values: Any) -> Any:
    """Return the floating-point dtype that these values meet in."""
    return np.result_type(*(v.dtype if hasattr(v, "dtype") else v for v in values), 0.0)


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: None = None,
) -> Any:
    """Evenly spaced numbers."""
    if num < 0:
        raise ValueError(f"num={num} of samples is negative.")
    parts = max(num - 1 if endpoint else num, 1)
    width = np.subtract(stop, start)
    weights = beside(width, np.arange(num).reshape((-1,) + (1,) * np.ndim(width)) / parts)
    made = start + width * weights.astype(_kind(start, stop))
    if num > 1 and endpoint:  # the end itself, not what rounding leaves of it
        last = np.broadcast_to(stop, made.shape[1:]) if made.ndim > 1 else stop
        made = np.concatenate(
            [made[:-1], np.reshape(last, (1, *made.shape[1:])).astype(made.dtype)]
        )
    made = made if axis == 0 else np.moveaxis(made, 0, axis)
    if dtype is not None:
        made = (np.floor(made) if np.dtype(dtype).kind in "iu" else made).astype(dtype)
    return (made, width / parts) if retstep else made


@implements(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Numbers whose logarithms are evenly spaced."""
    made = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return made if dtype is None else made.astype(dtype)


@implements(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """Numbers with a constant ratio."""
    if np.any(innermost_array(np.sign(bare(start)) * np.sign(bare(stop))) <= 0):
        raise ValueError("geomspace: start and stop must be of one sign, neither 0.")
    start, stop = (np.multiply(v, np.float64(1.0)) for v in (start, stop))  # as NumPy widens them
    sign = np.sign(start)
    low, high = np.log(np.abs(start)), np.log(np.abs(stop))
    made = sign * np.exp(np.linspace(low, high, num, endpoint))
    stop = np.where(np.isnan(bare(start)), np.nan, stop)
    if num > 1 and endpoint:  # the ends themselves, not what log and exp leave of them
        inner = made[1:-1]
        ends = (np.broadcast_to(v, made.shape[1:])[None] for v in (start, stop))
        made = np.concatenate([next(ends), inner, next(ends)])
    elif num > 0:
        made = np.concatenate([np.broadcast_to(start, made.shape[1:])[None], made[1:]])
    made = made if axis == 0 else np.moveaxis(made, 0, axis)
    return made if dtype is None else made.astype(dtype)


def _cut(ndim: int, axis: int, start: int | None, stop: int | None) -> tuple[slice, ...]:
    return (slice(None),) * (normalize_axis_index(axis, ndim)) + (slice(start, stop),)


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integral by the trapezoidal rule."""
    y = y if hasattr(y, "ndim") else np.asarray(y)
    if x is None:
        widths = dx
    else:
        widths = np.diff(x, axis=axis if np.ndim(x) > 1 else -1)
        if np.ndim(x) == 1:
            widths = np.reshape(
                widths, (-1,) + (1,) * (y.ndim - 1 - normalize_axis_index(axis, y.ndim))
            )
    pairs = y[_cut(y.ndim, axis, 1, None)] + y[_cut(y.ndim, axis, None, -1)]
    return np.sum(widths * pairs / 2.0, axis=axis)


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours of the flattened array, with values before and behind."""
    flat = np.ravel(ary)
    parts = [to_begin, flat[1:] - flat[:-1], to_end]
    parts = [np.ravel(p).astype(flat.dtype) for p in parts if p is not None]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Second-order differences at sample points, evenly spaced or not."""
    given = range(f.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = [normalize_axis_index(k, f.ndim) for k in given]
    if len(set(axes)) < len(axes):
        raise ValueError("repeated axis")
    spacings = list(varargs) or [1.0]
    if len(spacings) == 1:
        spacings = spacings * len(axes)
    if len(spacings) != len(axes):
        raise TypeError("invalid number of arguments")
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    made = tuple(_gradient_along(f, k, s, edge_order) for k, s in zip(axes, spacings, strict=True))
    return made[0] if len(made) == 1 else made


def _not_whole(v: Any) -> Any:
    """Return coordinates as floating-point numbers: differences of integers wrap around."""
    v = v if hasattr(v, "dtype") else np.asarray(v)
    return v.astype(float) if v.dtype.kind in "iub" else v


def _gradient_along(f: Any, axis: int, spacing: Any, edge_order: int) -> Any:
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, "
            "at least (edge_order + 1) elements are required."
        )
    tail = (-1,) + (1,) * (f.ndim - 1 - axis)
    if np.ndim(spacing):
        spacing = beside(f, _not_whole(spacing))
        if np.shape(spacing) != (n,):
            raise ValueError("when 1d, distances must match the length of the corresponding axis")
        h = np.reshape(np.diff(spacing), tail)
    else:
        h = np.reshape(spacing * beside(f, np.ones(n - 1, dtype=f.dtype)), tail)

    def at(start: int | None, stop: int | None) -> Any:
        return f[_cut(f.ndim, axis, start, stop)]

    h1, h2 = h[:-1], h[1:]
    if not np.ndim(spacing):
        inner = (at(2, None) - at(None, -2)) / (2.0 * h1)
    else:
        inner = (
            -h2 / (h1 * (h1 + h2)) * at(None, -2)
            + (h2 - h1) / (h1 * h2) * at(1, -1)
            + h1 / (h2 * (h1 + h2)) * at(2, None)
        )
    if edge_order == 1:
        first = (at(1, 2) - at(0, 1)) / h[:1]
        last = (at(n - 1, n) - at(n - 2, n - 1)) / h[-1:]
    else:
        first = _edge(at(0, 1), at(1, 2), at(2, 3), h[:1], h[1:2])
        last = -_edge(
            at(n - 1, n), at(n - 2, n - 1), at(n - 3, n - 2), h[n - 2 :], h[n - 3 : n - 2]
        )
    return np.concatenate([first, inner, last], axis=axis).astype(f.dtype)


def _edge(f0: Any, f1: Any, f2: Any, h1: Any, h2: Any) -> Any:
    """Return the one-sided slope at the first of three points."""
    near = -(2.0 * h1 + h2) / (h1 * (h1 + h2)) * f0
    return near + (h1 + h2) / (h1 * h2) * f1 - h1 / (h2 * (h1 + h2)) * f2


@implements(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None
) -> Any:
    """Piecewise linear interpolation; differentiable in x, in the points and in their values."""
    xp, fp = _not_whole(xp), _not_whole(fp)
    kind = foreign(x, xp, fp)
    if kind is not None:
        x = beside(kind, x if hasattr(x, "dtype") else np.asarray(x))
        xp, fp = beside(kind, xp), beside(kind, fp)
    if xp.shape != fp.shape or xp.ndim != 1 or not xp.shape[0]:
        raise ValueError(
            f"points {xp.shape} and values {fp.shape}: equally long vectors, not empty."
        )
    if period is not None:
        x, xp = np.remainder(x, abs(period)), np.remainder(xp, abs(period))
        order = np.argsort(bare(xp), kind="stable")
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - abs(period), xp, xp[:1] + abs(period)])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
        left = right = None
    n = xp.shape[0]
    if n == 1:
        inside = fp[0] + np.zeros_like(x)
    else:
        k = np.clip(np.searchsorted(bare(xp), bare(x), side="right") - 1, 0, n - 2)
        low, high = getitem(xp, index=k), getitem(xp, index=k + 1)
        first, second = getitem(fp, index=k), getitem(fp, index=k + 1)
        inside = first + (second - first) * ((x - low) / (high - low))
    made = np.where(bare(x) < bare(xp[0]), fp[0] if left is None else left, inside)
    return np.where(bare(x) > bare(xp[-1]), fp[-1] if right is None else right, made)


_jumps = Constant(lambda p, discont, axis, period: np.unwrap(p, discont, axis, period=period) - p)


@implements(np.unwrap)
def unwrap(
    p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * np.pi
) -> Any:
    """Remove jumps of a period; only constants are added."""
    return p + _jumps(p, discont, axis, period)


def _embedded(g: Any, a: Any, v: Any, mode: str) -> Any:
    """Put the gradient of a part of the full convolution into its place there."""
    n, m = a.shape[0], v.shape[0]
    before = {"full": 0, "same": (min(n, m) - 1) // 2, "valid": min(n, m) - 1}[mode]
    return np.pad(g, (before, n + m - 1 - before - g.shape[0]))


def _mode(mode: Any) -> str:
    if isinstance(mode, int):
        return ("valid", "same", "full")[mode]
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"mode = {mode!r}; it must be 'valid', 'same' or 'full'.")
    return str(mode)


convolve = bilinear(
    lambda a, v, mode="full": np.convolve(a, v, mode),
    lambda g, a, v, *, mode="full": np.convolve(_embedded(g, a, v, mode), v[::-1], "valid"),
    lambda g, a, v, *, mode="full": np.convolve(_embedded(g, a, v, mode), a[::-1], "valid"),
    name="convolve",
)


@implements(np.convolve)
def _convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    return convolve(np.atleast_1d(a), np.atleast_1d(v), mode=_mode(mode))


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """Convolution with the second reversed and conjugated."""
    if np.shape(v)[0] > np.shape(a)[0]:
        return np.conj(correlate(v, a, mode))[::-1]
    return convolve(np.atleast_1d(a), np.conj(np.atleast_1d(v))[::-1], mode=_mode(mode))
