"""scipy.ndimage's splines on grids: their filters, and values at places between; without matrices.

M. Unser, "Splines: a perfect fit for signal and image processing" (1999).  The filter that finds a
spline's coefficients solves a system that is symmetric but for the weights of the two ends, so
SciPy's filter is its own transpose between factors.  Values between are sums over the coefficients
nearby, wherever they lie.
"""

from __future__ import annotations

from math import comb, factorial
from typing import Any

import numpy as np
import scipy.ndimage as _ndimage

from autograd_core.operations.declare import elementwise, linear
from autograd_core.operations.primitive import Constant, Primitive

PADDING = {"reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect",
           "nearest": "edge", "wrap": "wrap", "grid-wrap": "wrap", "constant": "constant",
           "grid-constant": "constant"}  # fmt: skip


def extended(x: Any, axis: int, before: int, after: int, mode: str, cval: Any) -> Any:
    """Return x with more elements at both ends of an axis, as a boundary mode has them."""
    if before == after == 0:
        return x
    if PADDING[mode] == "constant":
        widths = [(before, after) if k == axis else (0, 0) for k in range(x.ndim)]
        return np.pad(x, widths, constant_values=cval)
    places = np.pad(np.arange(x.shape[axis]), (before, after), mode=PADDING[mode])  # type: ignore[call-overload]
    return x[(*(slice(None),) * axis, places)]


# --- the coefficients of a spline -----------------------------------------------------------------


def _end_weights(mode: str) -> float:
    """Return by what the ends weigh less than the others in the system's symmetry."""
    return 1.0 if mode in ("reflect", "grid-mirror", "nearest", "grid-wrap") else 0.5


_SHORT = 32  # of an axis: SciPy's filter of fewer elements is not exactly symmetric


def _filter_back(g: Any, x: Any, *, order: int, axis: int, mode: str) -> Any:
    n = g.shape[axis]
    if n <= _SHORT:
        matrix = _ndimage.spline_filter1d(np.eye(n), order, 0, mode=mode)
        return np.moveaxis(np.moveaxis(g, axis, -1) @ matrix, -1, axis)
    weights = np.ones(n)
    weights[[0, -1]] = _end_weights(mode)
    weights = weights.reshape((-1,) + (1,) * (g.ndim - 1 - axis))
    return weights * spline_coefficients(g / weights, order=order, axis=axis, mode=mode)


spline_coefficients: Primitive = linear(
    lambda x, *, order, axis, mode: _ndimage.spline_filter1d(
        x, order, axis, output=np.result_type(x, float), mode=mode
    ),
    _filter_back,
    name="spline filter",
    category="scipy",
)


# --- values between -------------------------------------------------------------------------------


def _basis_values(t: Any, *, order: int) -> Any:
    """Return the central B-spline."""
    if order == 0:
        return np.where((t >= -0.5) & (t < 0.5), 1.0, 0.0)
    made = sum(
        (-1) ** k * comb(order + 1, k) * np.maximum(t + (order + 1) / 2 - k, 0.0) ** order
        for k in range(order + 2)
    )
    return np.where(np.abs(t) < (order + 1) / 2, made / factorial(order), 0.0)


def _basis_slope(y: Any, t: Any, *, order: int) -> Any:
    if order == 0:
        return 0.0 * t
    return _basis(t + 0.5, order=order - 1) - _basis(t - 0.5, order=order - 1)


_basis: Primitive = elementwise(_basis_values, _basis_slope, name="b-spline")


def _mapped(c: Any, n: int, mode: str, order: int) -> Any:
    """Return coordinates inside of an axis of length n, which stand for those outside."""
    if mode in ("constant", "grid-constant"):
        return c
    if mode == "nearest":  # from the second degree on, the coefficients' ends go on
        rim = 0.0 if order < 2 else order + 1.0
        return np.clip(c, -rim, n - 1.0 + rim)
    if n == 1:
        return c * 0.0
    if mode == "grid-wrap":
        return c - n * np.floor(c / n)
    if mode == "wrap":
        turns = np.where(c < 0, -np.floor(-c / (n - 1)) - 1, np.floor(c / (n - 1)))
        return c - (n - 1) * np.where((c < 0) | (c > n - 1), turns, 0)
    half = 0.5 if mode in ("reflect", "grid-mirror") else 0.0
    period = 2.0 * n if half else 2.0 * n - 2
    c = c - period * np.floor((c + half) / period)
    return np.where(c >= n, period - 2 * half - c, c)


def neighbours(c: Any, n: int, order: int, mode: str) -> tuple[Any, Any]:
    """Return the places of the coefficients near coordinates, and their weights.

    Parameters
    ----------
    c : array (m,)
        Traced or not.
    n : int
        The length of the axis.
    order : int
        The spline's degree.
    mode : str
        SciPy's boundary mode.

    Returns
    -------
    places, weights : array (order + 1, m)
        The place n is that of the constant beyond the border.
    """
    c = _mapped(c, n, mode, order)
    first = np.floor(c + 0.5 * (order % 2 == 0)) - order // 2
    if order == 1 and mode in ("constant", "nearest"):  # at the end the slope is that from inside
        first = np.minimum(first, max(n - 2.0, 0.0))
    steps = np.arange(order + 1.0)[:, None]
    from_first = c - first
    weights = (
        np.concatenate([1.0 - from_first[None], from_first[None]])
        if order == 1
        else _basis(from_first[None] - steps, order=order)
    )
    return _places(first, n, order, mode), weights


def _found(first: Any, n: int, order: int, mode: str) -> Any:
    places = (first + np.arange(order + 1)[:, None]).astype(np.intp)
    if mode == "grid-constant":
        return np.where((places < 0) | (places >= n), n, places)
    rim = order + 2
    mode = "mirror" if mode in ("constant", "wrap") else mode
    table = np.pad(np.arange(n), rim, mode=PADDING[mode])  # type: ignore[call-overload]
    return table[np.clip(places + rim, 0, len(table) - 1)]


_places = Constant(_found)


def prepared(
    x: Any, order: int, mode: str, cval: Any, prefilter: bool, axes: Any
) -> tuple[Any, int]:
    """Return the spline's coefficients, and how far SciPy has extended each axis before."""
    rim = 12 if prefilter and order > 1 and mode in ("nearest", "grid-constant") else 0
    for axis in axes:
        x = extended(x, axis, rim, rim, mode, cval)
    if prefilter and order > 1:
        for axis in axes:
            x = spline_coefficients(x, order=order, axis=axis, mode=mode)
    return x, rim


def at_places(
    x: Any, coordinates: Any, *, output: Any, order: int, mode: str, cval: float, prefilter: bool
) -> Any:
    """Return map_coordinates as a composition."""
    shape = coordinates.shape[1:]
    c = np.reshape(coordinates, (x.ndim, -1))
    outside: Any = None
    if mode == "constant":
        ends = np.reshape(np.array(x.shape) - 1.0, (-1, 1))
        outside = np.any((c < 0) | (c > ends), axis=0)
        c = np.clip(c, 0.0, ends)
    x, rim = prepared(x, order, mode, cval, prefilter, range(x.ndim))
    places: Any = 0
    weights: Any = 1.0
    for k, n in enumerate(x.shape):  # an array with one more element on each axis, of cval
        found, share = neighbours(c[k] + rim, n, order, mode)
        form = (1,) * k + (order + 1,) + (1,) * (x.ndim - 1 - k) + (-1,)
        places = places * (n + 1) + np.reshape(found, form)
        weights = weights * np.reshape(share, form)
    wide = np.pad(x, [(0, 1)] * x.ndim, constant_values=cval)
    made = np.sum(weights * np.ravel(wide)[places], axis=tuple(range(x.ndim)))
    made = np.where(outside, cval, made) if outside is not None else made
    return np.reshape(made, shape)


def along_axes(
    x: Any, places: list[Any], order: int, mode: str, cval: float, prefilter: bool
) -> Any:
    """Return values at the grid of places that has given coordinates on each axis."""
    x, rim = prepared(x, order, mode, cval, prefilter, range(x.ndim))
    for k, c in enumerate(places):
        n = x.shape[k]
        outside = (c < 0) | (c > n - 1) if mode == "constant" else np.zeros(c.shape, bool)
        found, weights = neighbours(np.clip(c, 0, n - 1) if outside.any() else c + rim, n, order,
                                    mode)  # fmt: skip
        wide = extended(x, k, 0, 1, "constant", cval)
        form = (order + 1, len(c)) + (1,) * (x.ndim - 1 - k)
        taken = wide[(*(slice(None),) * k, found)]
        x = np.sum(taken * weights.reshape(form), axis=k)
        if outside.any():
            x = np.where(outside.reshape((-1,) + (1,) * (x.ndim - 1 - k)), cval, x)
    return x
