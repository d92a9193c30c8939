"""scipy.interpolate between given values: along a line, and of scattered points; differentiable.

All of these are linear in the values. Their weights are found with SciPy's own search.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate as _interpolate

from autograd_core.operations.primitive import Constant
from autograd_core.rules.indexing import getitem
from autograd_core.scipy.splines import Spline, constant
from autograd_core.scipy.values import as_floats, is_traced, refuse, valued

_DEGREES = {"linear": 1, "zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}


def _own(x: Any, y: Any, how: dict[str, Any]) -> Any:
    return _interpolate.interp1d(x, y, **how)


def _nearest(x: Any, count: Any, how: Any) -> Any:
    """Return the number of the value that SciPy takes at each place, and whether it takes one."""
    how = {**how, "axis": 0, "bounds_error": False}
    if how["fill_value"] != "extrapolate":
        how["fill_value"] = np.nan
    found = _own(how.pop("x"), np.arange(count, dtype=float), how)(x)
    inside = np.isfinite(found)
    return np.where(inside, found, 0.0).astype(int), inside


_taken = Constant(_nearest)


def _along_line(y: Any, x: Any, *, sites: Any, how: Any) -> Any:
    axis = how["axis"] % y.ndim
    y = np.moveaxis(y, axis, 0)
    kind = how["kind"]
    extrapolates = isinstance(how["fill_value"], str) and how["fill_value"] == "extrapolate"
    flat = np.reshape(x, (-1,))
    order = np.arange(len(sites)) if how["assume_sorted"] else np.argsort(sites, kind="mergesort")
    y, sites = y[order], sites[order]
    if kind in _DEGREES or isinstance(kind, int):
        degree = _DEGREES.get(kind, kind)
        unit = _interpolate.make_interp_spline(sites, np.eye(len(sites)), degree)
        made = Spline(unit, y)(flat)
        inside = extrapolates | ((flat >= sites[0]) & (flat <= sites[-1]))
    else:
        rest = {"x": sites, "kind": kind, "fill_value": "extrapolate" if extrapolates else np.nan,
                "assume_sorted": True}  # fmt: skip
        places, inside = _taken(flat, len(sites), rest)
        made = y[places]
    made = np.where(np.reshape(inside, (-1,) + (1,) * (y.ndim - 1)), made, 0.0)
    made = np.reshape(made, (*np.shape(x), *y.shape[1:]))
    ahead = tuple(range(np.ndim(x)))
    return np.moveaxis(made, ahead, tuple(axis + k for k in ahead))


_on_line = valued(
    lambda y, x, *, sites, how: _own(sites, y, how)(x), _along_line, "interp1d", arity=2
)


class interp1d:  # noqa: N801 - SciPy's name
    """Interpolate along an axis; differentiable in the values and in the places.

    Parameters
    ----------
    x : array (n,)
        Where the values are.
    y : array
        The values, along `axis`; traced or not.
    kind, axis, copy, bounds_error, fill_value, assume_sorted
        As SciPy's. What is filled in has no derivative.

    Raises
    ------
    UnsupportedError
        If `x` or `fill_value` is traced.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda y: interp1d(np.arange(3.0), y)(0.25))(np.ones(3))
    array([0.75, 0.25, 0.  ])
    """

    def __init__(
        self, x: Any, y: Any, kind: Any = "linear", axis: int = -1, copy: bool = True,
        bounds_error: Any = None, fill_value: Any = np.nan, assume_sorted: bool = False,
    ) -> None:  # fmt: skip
        constant("interp1d", x=x, fill_value=fill_value)
        self._how = {"kind": kind, "axis": axis, "copy": copy, "bounds_error": bounds_error,
                     "fill_value": fill_value, "assume_sorted": assume_sorted}  # fmt: skip
        self.x, self.y = np.asarray(x), y if is_traced(y) else np.asarray(y)
        if not is_traced(y):
            self._own = _own(x, y, self._how)
        else:  # SciPy checks the rest
            self.y = as_floats(y)
            _own(x, np.zeros(np.shape(self.y)), self._how)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if is_traced(self.y):
            raise refuse("interpolate.interp1d", f"{name} is not there of traced values.",
                         "Call it with places.")  # fmt: skip
        return getattr(self._own, name)

    def __call__(self, x: Any) -> Any:
        """Return the values at the places x."""
        if not is_traced(x, self.y):
            return self._own(x)
        return _on_line(as_floats(self.y), as_floats(x), sites=self.x, how=self._how)


# --- scattered points -----------------------------------------------------------------------------


def _places_of(xi: tuple[Any, ...]) -> Any:
    """Return the places of a call, the coordinates along the last axis."""
    if len(xi) == 1 and not isinstance(xi[0], tuple):
        return as_floats(xi[0])
    parts = xi[0] if len(xi) == 1 else xi
    return np.stack(np.broadcast_arrays(*map(as_floats, parts)), axis=-1)


class _Scattered:
    """What interpolators of scattered points have in common."""

    _name = ""
    _values: Any
    _own: Any

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name == "values":
            return self._values
        return getattr(self._own, name)

    def _at(self, args: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return the places as rows, and the shape of the result in front of a value's."""
        ndim = self._own.points.shape[1]
        xi = _places_of(args)
        if xi.shape[-1:] != (ndim,):
            raise ValueError(f"number of dimensions in xi does not match x: {xi.shape}, {ndim}")
        return np.reshape(xi, (-1, ndim)), xi.shape[:-1]


def _corners(xi: Any, triangles: Any) -> tuple[Any, Any]:
    """Return, of the simplex that holds each place, its number, and -1 outside."""
    found = triangles.find_simplex(xi)
    return np.maximum(found, 0), found >= 0


_simplex_of = Constant(_corners)


def _linear(values: Any, xi: Any, *, own: Any) -> Any:
    triangles = own.tri
    number, inside = _simplex_of(xi, triangles)
    n = xi.shape[1]
    frame = triangles.transform[number]
    share = np.sum(frame[:, :n] * (xi - frame[:, n])[:, None, :], axis=-1)
    share = np.concatenate([share, 1.0 - np.sum(share, axis=-1, keepdims=True)], axis=-1)
    form = share.shape + (1,) * (values.ndim - 1)
    made = np.sum(np.reshape(share, form) * values[triangles.simplices[number]], axis=1)
    return np.where(np.reshape(inside, (-1,) + (1,) * (values.ndim - 1)), made, 0.0)


_by_triangles = valued(
    lambda values, xi, *, own: _interpolate.LinearNDInterpolator(own.tri, values, own.fill_value)(
        xi
    ),
    _linear,
    "LinearNDInterpolator",
    arity=2,
)


class LinearNDInterpolator(_Scattered):
    """Interpolate linearly between scattered points; differentiable in values and places.

    Parameters
    ----------
    points : array (n, ndim), or scipy.spatial.Delaunay
        Where the values are.
    values : array (n, ...)
        Traced or not.
    fill_value : float
        The value outside of all triangles, which has no derivative.
    rescale : bool
        As SciPy's; refused with traced values and places.

    Raises
    ------
    UnsupportedError
        If `points` is traced; with `rescale` and a traced value or place.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> sites = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> grad(lambda v: LinearNDInterpolator(sites, v)(0.25, 0.25))(np.ones(3)).tolist()
    [0.5, 0.25, 0.25]
    """

    _name = "LinearNDInterpolator"

    def __init__(
        self, points: Any, values: Any, fill_value: float = np.nan, rescale: bool = False
    ) -> None:
        constant(self._name, points=points, fill_value=fill_value)
        self._values, self._rescale = values, rescale
        plain = np.zeros(np.shape(values)) if is_traced(values) else values
        self._own = _interpolate.LinearNDInterpolator(points, plain, fill_value, rescale)

    def __call__(self, *args: Any) -> Any:
        """Return the values at places: one array (..., ndim), or one array for each coordinate."""
        if not is_traced(args, self._values):
            return self._own(*args)
        if self._rescale:
            raise refuse(f"interpolate.{self._name}", "rescale=True is not supported on traced "
                         "values.", "Scale the points before.")  # fmt: skip
        xi, shape = self._at(args)
        values = as_floats(self._values)
        return np.reshape(_by_triangles(values, xi, own=self._own), (*shape, *values.shape[1:]))


_nearest_of = Constant(lambda xi, own: own(xi).astype(int))


class NearestNDInterpolator(_Scattered):
    """Take the value of the nearest of scattered points; differentiable in the values.

    Parameters
    ----------
    x : array (n, ndim)
        Where the values are.
    y : array (n, ...)
        The values, traced or not.
    rescale, tree_options
        As SciPy's.

    Raises
    ------
    UnsupportedError
        If `x` is traced.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> sites = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> grad(lambda v: NearestNDInterpolator(sites, v)(0.25, 0.2))(np.ones(3)).tolist()
    [1.0, 0.0, 0.0]
    """

    _name = "NearestNDInterpolator"

    def __init__(self, x: Any, y: Any, rescale: bool = False, tree_options: Any = None) -> None:
        constant(self._name, x=x)
        self._values = y
        plain = np.arange(np.shape(y)[0], dtype=float) if is_traced(y) else y
        self._own = _interpolate.NearestNDInterpolator(x, plain, rescale, tree_options)
        self._numbers = _interpolate.NearestNDInterpolator(
            x, np.arange(np.shape(y)[0], dtype=float), rescale, tree_options
        )

    def __call__(self, *args: Any, **query_options: Any) -> Any:
        """Return the values at places: one array (..., ndim), or one array for each coordinate."""
        if not is_traced(args, self._values):
            return self._own(*args, **query_options)
        if query_options:
            raise refuse(f"interpolate.{self._name}", f"{next(iter(query_options))}= is not "
                         "supported on traced values.", "Leave it out.")  # fmt: skip
        xi, shape = self._at(args)
        values = as_floats(self._values)
        return np.reshape(
            getitem(values, index=_nearest_of(xi, self._numbers)), (*shape, *values.shape[1:])
        )


def griddata(
    points: Any, values: Any, xi: Any, method: str = "linear", fill_value: float = np.nan,
    rescale: bool = False,
) -> Any:  # fmt: skip
    """Interpolate between scattered points; differentiable in the values and in the places.

    Parameters
    ----------
    points, values, xi, fill_value
        As SciPy's.
    method : {"linear", "nearest", "cubic"}
        "cubic" with a traced value only along a line.
    rescale : bool
        As SciPy's; refused with traced values, but for "nearest".

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        For "cubic" in two dimensions, and if `points` or `fill_value` is traced.

    Examples
    --------
    >>> import numpy as np
    >>> sites = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> float(griddata(sites, np.array([1.0, 2.0, 3.0]), np.array([[0.5, 0.0]]))[0])
    1.5
    """
    if not is_traced(points, values, xi, fill_value):
        return _interpolate.griddata(points, values, xi, method, fill_value, rescale)
    constant("griddata", points=points, fill_value=fill_value)
    sites = np.stack(points, axis=-1) if isinstance(points, tuple) else np.asarray(points)
    ndim = 1 if sites.ndim < 2 else sites.shape[-1]
    if ndim == 1 and method in ("nearest", "linear", "cubic"):
        line = xi[0] if isinstance(xi, tuple) else xi
        fill = "extrapolate" if method == "nearest" else fill_value
        return interp1d(np.ravel(sites), values, kind=method, axis=0, bounds_error=False,
                        fill_value=fill)(line)  # fmt: skip
    if method == "nearest":
        return NearestNDInterpolator(sites, values, rescale)(xi)
    if method == "linear":
        return LinearNDInterpolator(sites, values, fill_value, rescale)(xi)
    if method == "cubic":
        raise refuse("interpolate.griddata", 'method="cubic" is not supported on traced values.',
                     'Write method="linear", or RBFInterpolator.')  # fmt: skip
    raise ValueError(f"Unknown interpolation method {method!r} for {ndim} dimensional data")


__all__ = ["LinearNDInterpolator", "NearestNDInterpolator", "griddata", "interp1d"]
