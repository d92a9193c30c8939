"""scipy.interpolate on grids, differentiable in the values and in the places."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import scipy.interpolate as _interpolate

from autograd_core.operations.primitive import Constant
from autograd_core.scipy.splines import Spline, constant
from autograd_core.scipy.values import as_floats, is_traced, refuse, valued


def _cell(x: Any, knots: Any) -> Any:
    """Return the places of the cells that x lies in, or is nearest to."""
    return np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)


_cells = Constant(_cell)


def _between(values: Any, xi: Any, *, points: Any, how: dict[str, Any]) -> Any:
    """Interpolate linearly, or take the nearest value; beyond the grid its last cells go on."""
    xi = np.reshape(xi, (-1, len(points)))
    made: Any = 0.0
    low, shares = [], []
    for k, knots in enumerate(points):
        if knots[0] > knots[-1]:
            knots, values = knots[::-1], np.flip(values, k)
        if len(knots) == 1:
            low.append(np.zeros(xi.shape[0], int))
            shares.append(0.0 * xi[:, k])
            continue
        low.append(_cells(xi[:, k], knots))
        shares.append((xi[:, k] - knots[low[k]]) / np.diff(knots)[low[k]])
    if how["method"] == "nearest":
        return values[tuple(n + (s > 0.5) for n, s in zip(low, shares, strict=True))]
    trailing = (1,) * (values.ndim - len(points))
    for corner in product((0, 1), repeat=len(points)):
        weight: Any = 1.0
        index = []
        for bit, n, share, knots in zip(corner, low, shares, points, strict=True):
            weight = weight * (share if bit else 1.0 - share)
            index.append(np.minimum(n + bit, len(knots) - 1))
        made = made + np.reshape(weight, (-1, *trailing)) * values[tuple(index)]
    return made


def _grid_value(values: Any, xi: Any, points: Any, nu: Any = None, **how: Any) -> Any:
    own = _interpolate.RegularGridInterpolator(points, values, **how)
    return own(xi) if nu is None else own(xi, nu=nu)


def _grid_slopes(values: Any, xi: Any, *, points: Any, how: dict[str, Any]) -> Any:
    of = _by_splines if how["method"] in _DEGREES else _between
    made = of(values, xi, points=points, how=how)
    if how["fill_value"] is not None:
        ends = [(min(p[0], p[-1]), max(p[0], p[-1])) for p in points]
        flat = np.reshape(xi, (-1, len(points)))
        outside = np.any([(flat[:, k] < e[0]) | (flat[:, k] > e[1]) for k, e in enumerate(ends)],
                         axis=0)  # fmt: skip
        outside = np.reshape(outside, (-1,) + (1,) * (made.ndim - 1))
        made = np.where(outside, how["fill_value"], made)
    return np.reshape(made, (*xi.shape[:-1], *values.shape[len(points) :]))


_DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5, "slinear_legacy": 1, "cubic_legacy": 3,
            "quintic_legacy": 5}  # fmt: skip


def _by_splines(values: Any, xi: Any, *, points: Any, how: dict[str, Any]) -> Any:
    """Return the products of splines along the axes: linear in the values."""
    xi = np.reshape(xi, (-1, len(points)))
    degree = _DEGREES[how["method"]]
    made: Any = values
    for k, knots in enumerate(points):
        if knots[0] > knots[-1]:
            knots, made = knots[::-1], np.flip(made, min(k, 1))
        nu = 0 if how.get("nu") is None else int(how["nu"][k])
        unit = Spline(
            _interpolate.make_interp_spline(knots, np.eye(len(knots)), degree), np.eye(len(knots))
        )
        shares = unit(xi[:, k], nu)
        if k == 0:
            made = np.tensordot(shares, made, axes=1)
        else:
            form = shares.shape + (1,) * (made.ndim - 2)
            made = np.sum(np.reshape(shares, form) * made, axis=1)
    return made


_on_grid = valued(
    lambda values, xi, points, how: _grid_value(values, xi, points, **how),
    _grid_slopes,
    "scipy RegularGridInterpolator",
    arity=2,
)


class RegularGridInterpolator:
    """Interpolate between the values of a grid; differentiable in the values and in the places.

    Parameters
    ----------
    points, values, method, bounds_error, fill_value
        As SciPy's. With traced values the method is not "pchip". The derivative of "cubic" and
        "quintic" is the spline's; SciPy's own value of these solves a system by iteration.

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
        constant("RegularGridInterpolator", points=points, fill_value=fill_value)
        self._points = tuple(np.asarray(p, dtype=float) for p in points)
        self._values = values
        self._how = {"method": method, "bounds_error": bounds_error, "fill_value": fill_value,
                     **more}  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if is_traced(self._values):
            raise refuse("interpolate.RegularGridInterpolator", f"{name} is not there of traced "
                         "values.", "Call it with places.")  # fmt: skip
        scipys = _interpolate.RegularGridInterpolator(self._points, self._values, **self._how)
        return getattr(scipys, name)

    def __call__(self, xi: Any, method: str | None = None, **more: Any) -> Any:
        """Return the values at the places xi, shape (..., ndim)."""
        if not is_traced(xi, self._values):
            made = _interpolate.RegularGridInterpolator(self._points, self._values, **self._how)
            return made(xi, method, **more)
        how = {**self._how, "method": method or self._how["method"]}
        if how["method"] not in ("linear", "nearest", *_DEGREES) or set(more) - {"nu"}:
            raise refuse("interpolate.RegularGridInterpolator", f"method={how['method']!r} is not "
                         "supported on traced values.",
                         'Write method="linear" or "cubic".')  # fmt: skip
        how |= more
        count = len(self._points)
        values = as_floats(self._values)
        alone = isinstance(xi, tuple) and all(np.ndim(x) == 0 for x in xi)
        if isinstance(xi, tuple):
            xi = np.stack(np.broadcast_arrays(*map(as_floats, xi)), axis=-1)
        xi = as_floats(xi)
        xi = xi[..., None] if count == 1 and xi.ndim and (xi.ndim < 2 or xi.shape[-1] != 1) else xi
        if xi.shape[-1:] != (count,):
            raise ValueError(f"The requested sample points xi have dimension {xi.shape[-1:]}, but "
                             f"this RegularGridInterpolator has dimension {count}")  # fmt: skip
        made = _on_grid(values, xi[None] if xi.ndim == 1 else xi, points=self._points, how=how)
        return made[0] if alone else made


def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True,
    fill_value: Any = np.nan,
) -> Any:  # fmt: skip
    """Interpolate between the values of a grid; differentiable in the values and in the places.

    Parameters
    ----------
    points, values, xi, bounds_error, fill_value
        As SciPy's.
    method : str
        As SciPy's; not "pchip" or "splinef2d" with a traced value.

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        For another method, and if `points` or `fill_value` is traced.

    Examples
    --------
    >>> import numpy as np
    >>> interpn((np.arange(3.0),), np.array([0.0, 1.0, 4.0]), [1.5])
    array([2.5])
    """
    if not is_traced(points, values, xi, fill_value):
        return _interpolate.interpn(points, values, xi, method, bounds_error, fill_value)
    return RegularGridInterpolator(points, values, method, bounds_error, fill_value)(xi)


__all__ = ["RegularGridInterpolator", "interpn"]
