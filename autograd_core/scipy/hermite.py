"""scipy.interpolate's Hermite splines: with given slopes, and with Pchip's and Akima's.

The spline is linear in values and slopes; the slopes of Pchip and Akima are composed from the
values. Where a method changes its formula (a slope that is cut to 0), the derivative is that of
the formula that SciPy used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate as _interpolate

from autograd_core.scipy.splines import (
    PlacedAkima,
    PlacedHermite,
    PlacedPchip,
    Spline,
    constant,
    in_front,
)
from autograd_core.scipy.values import is_traced, refuse


def _hermite(x: Any, y: Any, slopes: Any, axis: int, extrapolate: Any) -> Spline:
    n = y.shape[0]
    unit, zero = np.eye(n), np.zeros((n, n))
    splines = _interpolate.CubicHermiteSpline(
        x, np.hstack([unit, zero]), np.hstack([zero, unit]), 0, extrapolate
    )
    return Spline(splines, np.concatenate([y, slopes]), axis)


def CubicHermiteSpline(  # noqa: N802 - SciPy's name
    x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None
) -> Any:
    """Return the spline with values y and slopes dydx at x; differentiable in both.

    Parameters
    ----------
    x, y, dydx, axis, extrapolate
        As SciPy's.

    Returns
    -------
    scipy.interpolate.CubicHermiteSpline, or Spline where y or dydx is traced
        Call it with places, which may be traced.

    Examples
    --------
    >>> float(CubicHermiteSpline([0.0, 1.0], [0.0, 1.0], [0.0, 0.0])(0.5))
    0.5
    """
    constant("CubicHermiteSpline", x=x)
    if not is_traced(y, dydx):
        return PlacedHermite(x, y, dydx, axis, extrapolate)
    if np.shape(y) != np.shape(dydx):
        raise ValueError("The shapes of `y` and `dydx` must be identical.")
    (y, place), (dydx, _) = in_front(y, axis, finite=True), in_front(dydx, axis)
    return _hermite(x, y, dydx, place, extrapolate)


def _steps(x: Any, y: Any, name: str) -> tuple[Any, Any]:
    """Return the distances of the places, shaped like y, and the slopes between them."""
    if y.dtype.kind == "c":
        raise refuse(f"interpolate.{name}", "only works with real values for y.",
                     "Give np.real(y) and np.imag(y), each for itself.")  # fmt: skip
    h = np.diff(np.asarray(x, dtype=float)).reshape((-1,) + (1,) * (y.ndim - 1))
    return h, (y[1:] - y[:-1]) / h


def _end(h: Any, other_h: Any, m: Any, other: Any) -> Any:
    """Return Pchip's slope at an end, from the last slope between places and the one before."""
    d = ((2 * h + other_h) * m - h * other) / (h + other_h)
    steep = (np.sign(m) != np.sign(other)) & (np.abs(d) > 3.0 * np.abs(m))
    return np.where(np.sign(d) != np.sign(m), 0.0, np.where(steep, 3.0 * m, d))


def _pchip_slopes(x: Any, y: Any) -> Any:
    h, m = _steps(x, y, "PchipInterpolator")
    if y.shape[0] == 2:
        return np.concatenate([m, m])
    turns = (np.sign(m[1:]) != np.sign(m[:-1])) | (m[1:] == 0) | (m[:-1] == 0)
    before, after = (np.where(turns, 1.0, part) for part in (m[:-1], m[1:]))
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    inner = np.where(turns, 0.0, (w1 + w2) / (w1 / before + w2 / after))
    first, last = _end(h[0], h[1], m[0], m[1]), _end(h[-1], h[-2], m[-1], m[-2])
    return np.concatenate([first[None], inner, last[None]])


def PchipInterpolator(  # noqa: N802 - SciPy's name
    x: Any, y: Any, axis: int = 0, extrapolate: Any = None
) -> Any:
    """Return the monotonic cubic spline through the points; differentiable in y.

    Parameters
    ----------
    x, y, axis, extrapolate
        As SciPy's.

    Returns
    -------
    scipy.interpolate.PchipInterpolator, or Spline where y is traced
        Call it with places, which may be traced.

    Raises
    ------
    UnsupportedError
        Where y is traced and complex.

    Examples
    --------
    >>> import numpy as np
    >>> float(PchipInterpolator(np.arange(4.0), np.arange(4.0))(1.5))
    1.5
    """
    constant("PchipInterpolator", x=x)
    if not is_traced(y):
        return PlacedPchip(x, y, axis, extrapolate)
    y, axis = in_front(y, axis, finite=True)
    return _hermite(x, y, _pchip_slopes(x, y), axis, extrapolate)


def pchip_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    """Return the monotonic cubic spline through the points at x; differentiable in yi and x.

    Parameters
    ----------
    xi, yi, x, der, axis
        As SciPy's.

    Returns
    -------
    array, or a list of arrays where `der` is a list

    Examples
    --------
    >>> import numpy as np
    >>> float(pchip_interpolate(np.arange(4.0), np.arange(4.0), 1.5, der=1))
    1.0
    """
    if not is_traced(xi, yi, x):
        return _interpolate.pchip_interpolate(xi, yi, x, der, axis)
    spline = PchipInterpolator(xi, yi, axis)
    return spline(x, der) if np.ndim(der) == 0 else [spline(x, nu) for nu in der]


def _akima_slopes(x: Any, y: Any, method: str) -> Any:
    _, m = _steps(x, y, "Akima1DInterpolator")
    if y.shape[0] == 2:
        return np.concatenate([m, m])
    before = 2.0 * m[0] - m[1] if len(m) > 1 else m[0]
    behind = 2.0 * m[-1] - m[-2] if len(m) > 1 else m[-1]
    ends = [2.0 * before - m[0], before], [behind, 2.0 * behind - m[-1]]
    m = np.concatenate([np.stack(ends[0]), m, np.stack(ends[1])])
    weights = np.abs(m[1:] - m[:-1])
    if method == "makima":
        weights = weights + 0.5 * np.abs(m[1:] + m[:-1])
    first, second = weights[2:], weights[:-2]
    both = first + second
    known = both > 1e-9 * np.max(both)
    share = second / np.where(known, both, 1.0)
    return np.where(known, m[1:-2] + share * (m[2:-1] - m[1:-2]), 0.5 * (m[3:] + m[:-3]))


def Akima1DInterpolator(  # noqa: N802 - SciPy's name
    x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None
) -> Any:
    """Return Akima's spline through the points; differentiable in y.

    Parameters
    ----------
    x, y, axis, method, extrapolate
        As SciPy's.

    Returns
    -------
    scipy.interpolate.Akima1DInterpolator, or Spline where y is traced
        Call it with places, which may be traced.

    Raises
    ------
    UnsupportedError
        Where y is traced and complex.

    Examples
    --------
    >>> import numpy as np
    >>> float(Akima1DInterpolator(np.arange(4.0), np.arange(4.0))(1.5))
    1.5
    """
    constant("Akima1DInterpolator", x=x)
    more = {} if extrapolate is None else {"extrapolate": extrapolate}
    if not is_traced(y):
        return PlacedAkima(x, y, axis, method=method, **more)
    if method not in ("akima", "makima"):
        raise NotImplementedError(f"`method`={method} is unsupported.")
    y, axis = in_front(y, axis, finite=True)
    return _hermite(x, y, _akima_slopes(x, y, method), axis, extrapolate or False)
