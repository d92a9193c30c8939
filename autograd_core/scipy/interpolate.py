"""scipy.interpolate's splines, differentiable in the values and in the places; SciPy's splines.

A spline is linear in its values: ``B(x) @ y``, where the columns of B are the splines of unit
vectors, which SciPy computes.  B's derivative in x is that of SciPy's splines.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate as _interpolate

from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.values import as_floats, guarded, is_traced, refuse


def __getattr__(name: str) -> Any:
    return guarded(_interpolate, name)


__all__ = ["BSpline", "CubicSpline", "RegularGridInterpolator", "Spline", "make_interp_spline",
           "make_lsq_spline"]  # fmt: skip


def _slope(x: Any, spline: Any, nu: int, extrapolate: Any) -> Any:
    return _basis(x, spline=spline, nu=nu + 1, extrapolate=extrapolate)


_basis: Primitive = primitive(  # shape: the places', and then one value's
    lambda x, *, spline, nu, extrapolate: spline(x, nu, extrapolate),
    vjp=[
        lambda g, y, x, *, spline, nu, extrapolate: np.sum(
            g * _slope(x, spline, nu, extrapolate), axis=tuple(range(x.ndim, g.ndim))
        )
    ],
    jvp=[
        lambda t, y, x, *, spline, nu, extrapolate: (
            t.reshape(t.shape + (1,) * (y.ndim - t.ndim)) * _slope(x, spline, nu, extrapolate)
        )
    ],
    arity=1,
    name="spline basis",
    category="scipy",
)


class _TracedPlaces:
    """SciPy's spline of plain values, which takes traced places."""

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        scipys: Any = super()
        if not is_traced(x):
            return scipys.__call__(x, nu, extrapolate)
        if self.axis or "periodic" in (extrapolate, self.extrapolate):  # type: ignore[attr-defined]
            raise refuse("interpolate", "axis= and periodic places are not supported on traced "
                         "values.", "Move the axis to the front.")  # fmt: skip
        return _basis(as_floats(x), spline=self, nu=nu, extrapolate=extrapolate)


class _CubicSpline(_TracedPlaces, _interpolate.CubicSpline):  # type: ignore[misc]
    pass


class _BSpline(_TracedPlaces, _interpolate.BSpline):  # type: ignore[misc]
    pass


def _placed(made: Any) -> Any:
    return _BSpline.construct_fast(made.t, made.c, made.k, made.extrapolate, made.axis)


class Spline:
    """A spline whose values, or whose places, are traced.

    Parameters
    ----------
    unit : scipy.interpolate.BSpline or PPoly
        The splines of the unit vectors, side by side.
    values : array (n, ...)
        What they are combined with.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> x = np.arange(4.0)
    >>> grad(lambda y: CubicSpline(x, y)(1.5))(x**2).round(4)
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    """

    def __init__(self, unit: Any, values: Any) -> None:
        self.unit, self.values = unit, values

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """Return the value at x, or the nu-th derivative."""
        if extrapolate == "periodic" or getattr(self.unit, "extrapolate", None) == "periodic":
            raise refuse("interpolate", "periodic extrapolation is not supported on traced values.",
                         "Give places within the period.")  # fmt: skip
        x = as_floats(x)
        matrix = _basis(x, spline=self.unit, nu=nu, extrapolate=extrapolate)
        return np.tensordot(matrix, self.values, axes=1)

    def derivative(self, nu: int = 1) -> Spline:
        """Return the nu-th derivative, as a spline."""
        return Spline(self.unit.derivative(nu), self.values)

    def antiderivative(self, nu: int = 1) -> Spline:
        """Return the nu-th antiderivative, as a spline."""
        return Spline(self.unit.antiderivative(nu), self.values)

    def integrate(self, a: Any, b: Any) -> Any:
        """Return the integral from a to b, inside of the knots; differentiable in both."""
        whole = self.antiderivative()
        return whole(b) - whole(a)


def _knots(name: str, **given: Any) -> None:
    for word, value in given.items():
        if is_traced(value):
            raise refuse(
                f"interpolate.{name}", f"has no derivative in {word}.",
                "Pass constants (x.detach()); values and places may be traced.",
            )  # fmt: skip


def _moved(y: Any, axis: int, name: str) -> Any:
    y = as_floats(y)
    if axis % y.ndim:
        raise refuse(f"interpolate.{name}", f"axis={axis} is not supported on traced values.",
                     "Move the axis to the front: np.moveaxis(y, axis, 0).")  # fmt: skip
    return y


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
    _knots("CubicSpline", x=x, bc_type=bc_type)
    if not is_traced(y):
        return _CubicSpline(x, y, axis, bc_type, extrapolate)
    y = _moved(y, axis, "CubicSpline")
    ends = [bc_type] if isinstance(bc_type, str) else list(bc_type)
    if not all(isinstance(end, str) and end != "periodic" for end in ends):
        raise refuse("interpolate.CubicSpline", "periodic splines and derivatives at the ends are "
                     "not supported on traced values.",
                     'Write bc_type="not-a-knot", "natural" or "clamped".')  # fmt: skip
    return Spline(
        _interpolate.CubicSpline(x, np.eye(y.shape[0]), 0, bc_type, extrapolate), y
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
    _knots("BSpline", t=t)
    if not is_traced(c):
        return _BSpline(t, c, k, extrapolate, axis)
    c = _moved(c, axis, "BSpline")
    return Spline(_interpolate.BSpline(t, np.eye(c.shape[0]), k, extrapolate), c)


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
    _knots("make_interp_spline", x=x, t=t, bc_type=bc_type)
    if not is_traced(y):
        return _placed(_interpolate.make_interp_spline(x, y, k, t, bc_type, axis, check_finite))
    y = _moved(y, axis, "make_interp_spline")
    if bc_type is not None:
        raise refuse("interpolate.make_interp_spline", "bc_type= is not supported on traced "
                     "values.", "Leave it out, or write CubicSpline.")  # fmt: skip
    return Spline(_interpolate.make_interp_spline(x, np.eye(y.shape[0]), k, t), y)


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
    _knots("make_lsq_spline", x=x, t=t, w=w)
    if not is_traced(y):
        return _placed(_interpolate.make_lsq_spline(x, y, t, k, w, axis, check_finite, **more))
    y = _moved(y, axis, "make_lsq_spline")
    return Spline(_interpolate.make_lsq_spline(x, np.eye(y.shape[0]), t, k, w, **more), y)


class RegularGridInterpolator:
    """Interpolate between the values of a grid; differentiable in values and, linearly, in places.

    Parameters
    ----------
    points, values, method, bounds_error, fill_value
        As SciPy's. With traced values the method is "linear".

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda v: RegularGridInterpolator((np.arange(3.0),), v)([[0.25]])[0])(np.ones(3))
    array([0.75, 0.25, 0.  ])
    """

    def __init__(
        self, points: Any, values: Any, method: str = "linear", bounds_error: bool = True,
        fill_value: Any = np.nan, **more: Any,
    ) -> None:  # fmt: skip
        _knots("RegularGridInterpolator", points=points, fill_value=fill_value)
        self._points = [np.asarray(p, dtype=float) for p in points]
        self._values = values
        self._how = {"method": method, "bounds_error": bounds_error, "fill_value": fill_value,
                     **more}  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        scipys = _interpolate.RegularGridInterpolator(self._points, self._values, **self._how)
        return getattr(scipys, name)

    def __call__(self, xi: Any, method: str | None = None, **more: Any) -> Any:
        """Return the values at the places xi, shape (..., ndim)."""
        how = {**self._how, "method": method or self._how["method"]}
        if not is_traced(xi, self._values):
            made = _interpolate.RegularGridInterpolator(self._points, self._values, **how)
            return made(xi, **more)
        if how["method"] != "linear" or more or any(np.any(np.diff(p) <= 0) for p in self._points):
            raise refuse("interpolate.RegularGridInterpolator", f"method={how['method']!r} is not "
                         "supported on traced values, nor are descending points.",
                         'Write method="linear" with ascending points.')  # fmt: skip
        from autograd_core.scipy.ndimage import map_coordinates

        values, xi = as_floats(self._values), as_floats(xi)
        if values.ndim != len(self._points):
            raise refuse("interpolate.RegularGridInterpolator", "values with further axes are not "
                         "supported.", "Use vmap over them.")  # fmt: skip
        xi = xi[..., None] if xi.ndim == 0 or (len(self._points) == 1 and xi.shape[-1] != 1) else xi
        places = [xi[..., k] for k in range(len(self._points))]
        pairs = list(zip(places, self._points, strict=True))
        beyond = np.any([(p < q[0]) | (p > q[-1]) for p, q in pairs], axis=0)
        if how["bounds_error"] and np.any(beyond):
            raise ValueError("One of the requested xi is out of bounds")
        rows = [np.interp(p, q, np.arange(float(len(q)))) for p, q in pairs]
        made = map_coordinates(values, np.stack(rows), order=1, mode="nearest")
        return made if how["fill_value"] is None else np.where(beyond, how["fill_value"], made)
