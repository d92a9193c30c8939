"""scipy.interpolate's splines and interpolators, differentiable in the values and in the places."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate as _interpolate

from autograd_core.scipy.grids import RegularGridInterpolator, interpn
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.hermite import (
    Akima1DInterpolator,
    CubicHermiteSpline,
    PchipInterpolator,
    pchip_interpolate,
)
from autograd_core.scipy.rbf import RBFInterpolator
from autograd_core.scipy.scattered import (
    LinearNDInterpolator,
    NearestNDInterpolator,
    griddata,
    interp1d,
)
from autograd_core.scipy.splines import (
    PlacedBSpline,
    PlacedCubicSpline,
    Spline,
    constant,
    in_front,
    placed,
)
from autograd_core.scipy.values import is_traced, refuse


def __getattr__(name: str) -> Any:
    return guarded(_interpolate, name)


__all__ = ["Akima1DInterpolator", "BSpline", "CubicHermiteSpline", "CubicSpline",
           "LinearNDInterpolator", "NearestNDInterpolator", "PchipInterpolator",
           "RBFInterpolator", "RegularGridInterpolator", "Spline", "griddata",
           "interp1d", "interpn", "make_interp_spline", "make_lsq_spline",
           "pchip_interpolate"]  # fmt: skip


def CubicSpline(  # noqa: N802 - SciPy's name
    x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None
) -> Any:
    """Return the cubic spline through the points (x, y); differentiable in y.

    Parameters
    ----------
    x, y, axis, bc_type, extrapolate
        As SciPy's. `bc_type` is given by name, if y is traced.

    Returns
    -------
    scipy.interpolate.CubicSpline, or Spline where y is traced
        Call it with places, which may be traced if y is.

    Examples
    --------
    >>> import numpy as np
    >>> float(CubicSpline(np.arange(4.0), np.arange(4.0) ** 2)(1.5))
    2.25
    """
    constant("CubicSpline", x=x, bc_type=bc_type)
    if not is_traced(y):
        return PlacedCubicSpline(x, y, axis, bc_type, extrapolate)
    y, axis = in_front(y, axis, finite=True)
    ends = [bc_type] if isinstance(bc_type, str) else list(bc_type)
    if not all(isinstance(end, str) and end != "periodic" for end in ends):
        raise refuse("interpolate.CubicSpline", "periodic splines and derivatives at the ends are "
                     "not supported on traced values.",
                     'Write bc_type="not-a-knot", "natural" or "clamped".')  # fmt: skip
    return Spline(
        _interpolate.CubicSpline(x, np.eye(y.shape[0]), 0, bc_type, extrapolate), y, axis
    )  # fmt: skip


def BSpline(  # noqa: N802 - SciPy's name
    t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0
) -> Any:
    """Return the spline with knots t and coefficients c; differentiable in c.

    Parameters
    ----------
    t, c, k, extrapolate, axis
        As SciPy's.

    Returns
    -------
    scipy.interpolate.BSpline, or Spline where c is traced

    Examples
    --------
    >>> import numpy as np
    >>> float(BSpline(np.arange(6.0), np.ones(3), 2)(2.5))
    1.0
    """
    constant("BSpline", t=t)
    if not is_traced(c):
        return PlacedBSpline(t, c, k, extrapolate, axis)
    c, axis = in_front(c, axis)
    return Spline(_interpolate.BSpline(t, np.eye(c.shape[0]), k, extrapolate), c, axis)


def make_interp_spline(
    x: Any, y: Any, k: int = 3, t: Any = None, bc_type: Any = None, axis: int = 0,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """Return the spline of degree k through the points (x, y); differentiable in y.

    Parameters
    ----------
    x, y, k, t, bc_type, axis, check_finite
        As SciPy's. `bc_type` is left out, if y is traced.

    Returns
    -------
    scipy.interpolate.BSpline, or Spline where y is traced

    Examples
    --------
    >>> import numpy as np
    >>> float(make_interp_spline(np.arange(4.0), np.arange(4.0) ** 2)(1.5).round(9))
    2.25
    """
    constant("make_interp_spline", x=x, t=t, bc_type=bc_type)
    if not is_traced(y):
        return placed(_interpolate.make_interp_spline(x, y, k, t, bc_type, axis, check_finite))
    y, axis = in_front(y, axis)
    if bc_type is not None:
        raise refuse("interpolate.make_interp_spline", "bc_type= is not supported on traced "
                     "values.", "Leave it out, or write CubicSpline.")  # fmt: skip
    return Spline(_interpolate.make_interp_spline(x, np.eye(y.shape[0]), k, t), y, axis)


def make_lsq_spline(
    x: Any, y: Any, t: Any, k: int = 3, w: Any = None, axis: int = 0, check_finite: bool = True,
    **more: Any,
) -> Any:  # fmt: skip
    """Return the spline of given knots that is nearest to the points; differentiable in y.

    Parameters
    ----------
    x, y, t, k, w, axis, check_finite
        As SciPy's.

    Returns
    -------
    scipy.interpolate.BSpline, or Spline where y is traced

    Examples
    --------
    >>> import numpy as np
    >>> knots = np.array([0.0, 0.0, 4.0, 4.0])
    >>> float(make_lsq_spline(np.arange(5.0), 2 * np.arange(5.0), knots, 1)(1.5).round(9))
    3.0
    """
    constant("make_lsq_spline", x=x, t=t, w=w)
    if not is_traced(y):
        return placed(_interpolate.make_lsq_spline(x, y, t, k, w, axis, check_finite, **more))
    y, axis = in_front(y, axis)
    return Spline(_interpolate.make_lsq_spline(x, np.eye(y.shape[0]), t, k, w, **more), y, axis)
