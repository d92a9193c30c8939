"""Splines that are linear in traced values, and SciPy's splines at traced places.

A spline is linear in its values: ``B(x) @ y``, where the columns of B are the splines of unit
vectors, which SciPy computes.  B's derivative in x is that of SciPy's splines.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate as _interpolate

from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive, innermost_array
from autograd_core.scipy.values import as_floats, is_traced, refuse_slopes_in


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


_integral: Primitive = primitive(  # of every unit spline, between two numbers
    lambda a, b, *, spline, extrapolate: np.asarray(spline.integrate(a, b, extrapolate)),
    vjp=[
        lambda g, y, a, b, *, spline, extrapolate: -np.sum(g * _basis(
            a, spline=spline, nu=0, extrapolate=extrapolate)),
        lambda g, y, a, b, *, spline, extrapolate: np.sum(g * _basis(
            b, spline=spline, nu=0, extrapolate=extrapolate)),
    ],
    jvp=[
        lambda t, y, a, b, *, spline, extrapolate: -t * _basis(
            a, spline=spline, nu=0, extrapolate=extrapolate),
        lambda t, y, a, b, *, spline, extrapolate: t * _basis(
            b, spline=spline, nu=0, extrapolate=extrapolate),
    ],
    arity=2,
    name="spline integral",
    category="scipy",
)  # fmt: skip


class _TracedPlaces:
    """SciPy's spline of plain values, which takes traced places."""

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if not is_traced(x):
            scipys: Any = super()
            return scipys.__call__(x, nu, extrapolate)
        x = as_floats(x)
        made = _basis(x, spline=self._in_front(), nu=nu, extrapolate=extrapolate)  # type: ignore[attr-defined]
        return _axis_back(made, x.ndim, self.axis)  # type: ignore[attr-defined]


def _axis_back(made: Any, count: int, axis: int) -> Any:
    """Put the axes of the places, which are in front, to where the values' axis was."""
    return np.moveaxis(made, range(count), range(axis, axis + count)) if axis else made


class _Polynomials(_TracedPlaces):
    def _in_front(self) -> Any:
        own: Any = self
        return _interpolate.PPoly.construct_fast(own.c, own.x, own.extrapolate, 0)


class PlacedCubicSpline(_Polynomials, _interpolate.CubicSpline):  # type: ignore[misc]
    """SciPy's CubicSpline, which takes traced places."""


class PlacedHermite(_Polynomials, _interpolate.CubicHermiteSpline):  # type: ignore[misc]
    """SciPy's CubicHermiteSpline, which takes traced places."""


class PlacedPchip(_Polynomials, _interpolate.PchipInterpolator):  # type: ignore[misc]
    """SciPy's PchipInterpolator, which takes traced places."""


class PlacedAkima(_Polynomials, _interpolate.Akima1DInterpolator):  # type: ignore[misc]
    """SciPy's Akima1DInterpolator, which takes traced places."""


class PlacedBSpline(_TracedPlaces, _interpolate.BSpline):  # type: ignore[misc]
    """SciPy's BSpline, which takes traced places."""

    def _in_front(self) -> Any:
        return _interpolate.BSpline.construct_fast(self.t, self.c, self.k, self.extrapolate, 0)


def placed(made: Any) -> Any:
    """Return a BSpline of SciPy's as one that takes traced places."""
    return PlacedBSpline.construct_fast(made.t, made.c, made.k, made.extrapolate, made.axis)


class Spline:
    """A spline whose values, or whose places, are traced.

    Parameters
    ----------
    unit : scipy.interpolate.BSpline or PPoly
        The splines of the unit vectors, side by side.
    values : array (n, ...)
        What they are combined with.
    axis : int
        Where the axis of the values was, which stands in front here.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> from autograd_core.scipy.interpolate import CubicSpline
    >>> x = np.arange(4.0)
    >>> grad(lambda y: CubicSpline(x, y)(1.5))(x**2).round(4)
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    """

    def __init__(self, unit: Any, values: Any, axis: int = 0) -> None:
        self.unit, self.values, self.axis = unit, values, axis

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """Return the value at x, or the nu-th derivative."""
        x = as_floats(x)
        matrix = _basis(x, spline=self.unit, nu=nu, extrapolate=extrapolate)
        return _axis_back(np.tensordot(matrix, self.values, axes=1), x.ndim, self.axis)

    def derivative(self, nu: int = 1) -> Spline:
        """Return the nu-th derivative, as a spline."""
        return Spline(self.unit.derivative(nu), self.values, self.axis)

    def antiderivative(self, nu: int = 1) -> Spline:
        """Return the nu-th antiderivative, as a spline."""
        return Spline(self.unit.antiderivative(nu), self.values, self.axis)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """Return the integral from a to b; differentiable in both."""
        parts = _integral(as_floats(a), as_floats(b), spline=self.unit, extrapolate=extrapolate)
        return np.tensordot(parts, self.values, axes=1)


def constant(name: str, **given: Any) -> None:
    """Refuse traced values in arguments that have no derivative."""
    remedy = "Pass constants (x.detach()); values and places may be traced."
    refuse_slopes_in(f"interpolate.{name}", remedy=remedy, **given)


def in_front(y: Any, axis: int, finite: bool = False) -> tuple[Any, int]:
    """Return the values with their axis in front, and the axis counted from there."""
    y = as_floats(y)
    if finite and not np.all(np.isfinite(innermost_array(y))):
        raise ValueError("`y` must contain only finite values.")
    axis = int(np.lib.array_utils.normalize_axis_index(axis, y.ndim))
    return (np.moveaxis(y, axis, 0) if axis else y), axis
