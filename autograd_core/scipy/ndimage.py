"""scipy.ndimage's linear filters and interpolation, differentiable; values are SciPy's.

A filter along an axis is a correlation with its answer to an impulse, whatever SciPy calls it.
"""

from __future__ import annotations

from builtins import sum as total
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage as _ndimage
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import linear
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.declared import declared
from autograd_core.scipy.geometry import affine_transform, rotate
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.measurements import (
    center_of_mass,
    maximum,
    mean,
    minimum,
    standard_deviation,
    sum,  # noqa: A004 - SciPy's name
    sum_labels,
    variance,
)
from autograd_core.scipy.resampling import along_axes, at_places, extended, spline_coefficients
from autograd_core.scipy.windows import (
    maximum_filter,
    maximum_filter1d,
    median_filter,
    minimum_filter,
    minimum_filter1d,
    percentile_filter,
    rank_filter,
    vectorized_filter,
)


def __getattr__(name: str) -> Any:
    return guarded(_ndimage, name)


__all__ = ["affine_transform", "center_of_mass", "convolve", "convolve1d", "correlate",
           "correlate1d", "gaussian_filter", "gaussian_filter1d", "gaussian_gradient_magnitude",
           "gaussian_laplace", "laplace", "map_coordinates", "maximum", "maximum_filter",
           "maximum_filter1d", "mean", "median_filter", "minimum", "minimum_filter",
           "minimum_filter1d", "percentile_filter", "prewitt", "rank_filter", "rotate", "shift",
           "sobel", "spline_filter", "spline_filter1d", "standard_deviation", "sum", "sum_labels",
           "uniform_filter", "uniform_filter1d", "variance", "vectorized_filter",
           "zoom"]  # fmt: skip

# --- along one axis -------------------------------------------------------------------------------


def _valid(x: Any, *, weights: Any, axis: int) -> Any:
    """Correlate along an axis, where all weights stand on elements."""
    middle = len(weights) // 2
    made = _ndimage.correlate1d(x, np.real(weights), axis, mode="constant")
    if np.iscomplexobj(weights):  # which SciPy would conjugate
        made = made + 1j * _ndimage.correlate1d(x, np.imag(weights), axis, mode="constant")
    end = middle + x.shape[axis] - len(weights) + 1
    return made[(*(slice(None),) * axis, slice(middle, end))]


def _valid_back(g: Any, x: Any, *, weights: Any, axis: int) -> Any:
    wide = len(weights) - 1
    padded = np.pad(g, [(wide, wide) if k == axis else (0, 0) for k in range(g.ndim)])
    return _correlated(padded, weights=weights[::-1], axis=axis)


_correlated: Primitive = linear(_valid, _valid_back, name="correlate1d", category="scipy")


def _along(function: Any, reach_of: Callable[..., int]) -> Callable[..., Any]:
    """Return a filter along one axis: a correlation with its answer to an impulse."""

    def composition(
        x: Any, *, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
        **how: Any,
    ) -> Any:  # fmt: skip
        axis = normalize_axis_index(axis, x.ndim)
        reach = 2 * reach_of(**how) + 1
        answer = function(np.eye(1, 2 * reach + 1, reach)[0], mode="constant", **how)
        weights = answer[::-1]  # of the elements from -reach to reach
        used = np.flatnonzero(weights)
        if not used.size:
            return 0.0 * x
        before, after = max(reach - used[0], 0), max(used[-1] - reach, 0)
        weights = weights[reach - before : reach + after + 1]
        wide = extended(x, axis, before, after, mode, cval)
        return _correlated(wide, weights=weights, axis=axis)

    return composition


_correlate1d = _along(_ndimage.correlate1d, lambda weights, origin=0: len(weights))
_convolve1d = _along(_ndimage.convolve1d, lambda weights, origin=0: len(weights))
_uniform1d = _along(_ndimage.uniform_filter1d, lambda size, origin=0: int(size))
_gaussian1d = _along(
    _ndimage.gaussian_filter1d,
    lambda sigma, order=0, truncate=4.0, radius=None: int(
        truncate * float(sigma) + 0.5 if radius is None else radius
    ),
)


def _spline1d(x: Any, *, order: int, axis: int, output: Any = None, mode: str = "mirror") -> Any:
    if order in (0, 1):
        return x
    axis = normalize_axis_index(axis, x.ndim)
    return spline_coefficients(x, order=order, axis=axis, mode=mode)


def _declared(name: str, composition: Callable[..., Any], *arrays: str) -> Callable[..., Any]:
    return declared(getattr(_ndimage, name), composition, *(arrays or ("input",)), home=__name__)


correlate1d = _declared("correlate1d", _correlate1d)
convolve1d = _declared("convolve1d", _convolve1d)
gaussian_filter1d = _declared("gaussian_filter1d", _gaussian1d)
uniform_filter1d = _declared("uniform_filter1d", _uniform1d)
spline_filter1d = _declared("spline_filter1d", _spline1d)

# --- along several --------------------------------------------------------------------------------


def _axes(axes: Any, ndim: int) -> list[int]:
    chosen = range(ndim) if axes is None else np.atleast_1d(axes)
    return [int(k) % ndim for k in chosen]


def _each(setting: Any, count: int) -> list[Any]:
    """Return a setting for each axis."""
    same = isinstance(setting, str) or np.ndim(setting) == 0
    return [setting] * count if same else list(setting)


def _gaussian(
    x: Any, *, sigma: Any, order: Any = 0, output: Any = None, mode: Any = "reflect",
    cval: float = 0.0, truncate: float = 4.0, radius: Any = None, axes: Any = None,
) -> Any:  # fmt: skip
    chosen = _axes(axes, x.ndim)
    settings = [_each(s, len(chosen)) for s in (sigma, order, mode, radius)]
    for k, s, o, m, r in zip(chosen, *settings, strict=True):
        if s > 1e-15:
            x = _gaussian1d(x, axis=k, sigma=s, order=o, mode=m, cval=cval, truncate=truncate,
                            radius=r)  # fmt: skip
    return x


def _uniform(
    x: Any, *, size: Any, output: Any, mode: Any, cval: float, origin: Any, axes: Any = None
) -> Any:
    chosen = _axes(axes, x.ndim)
    settings = [_each(s, len(chosen)) for s in (size, mode, origin)]
    for k, s, m, o in zip(chosen, *settings, strict=True):
        if s > 1:
            x = _uniform1d(x, axis=k, size=s, mode=m, cval=cval, origin=o)
    return x


def _spline(x: Any, *, order: int, output: Any, mode: str) -> Any:
    for k in range(x.ndim):
        x = _spline1d(x, axis=k, order=order, mode=mode)
    return x


def _slopes(across: list[float]) -> Callable[..., Any]:
    """Return Prewitt's or Sobel's filter: differences along an axis, sums along the others."""

    def composition(
        x: Any, *, axis: int, output: Any, mode: Any, cval: float, axes: Any = None
    ) -> Any:
        chosen = _axes(axes, x.ndim)
        modes = dict(zip(chosen, _each(mode, len(chosen)), strict=True))
        own = chosen[axis] if axes is not None else axis % x.ndim
        x = _correlate1d(x, axis=own, weights=[-1, 0, 1], mode=modes[own], cval=cval)
        for k in chosen:
            if k != own:
                x = _correlate1d(x, axis=k, weights=across, mode=modes[k], cval=cval)
        return x

    return composition


def _laplace(x: Any, *, output: Any, mode: Any, cval: float, axes: Any = None) -> Any:
    chosen = _axes(axes, x.ndim)
    if not chosen:
        return x
    return total(
        _correlate1d(x, axis=k, weights=[1, -2, 1], mode=m, cval=cval)
        for k, m in zip(chosen, _each(mode, len(chosen)), strict=True)
    )


def _derivatives(
    x: Any, order: int, sigma: Any, mode: Any, cval: float, axes: Any, more: Any
) -> list[Any]:
    """Return Gaussian derivatives of an order, along each axis."""
    chosen = _axes(axes, x.ndim)
    orders = order * np.eye(len(chosen), dtype=int)
    how = {"sigma": sigma, "mode": mode, "cval": cval, "axes": axes, **more}
    return [_gaussian(x, order=list(map(int, row)), **how) for row in orders]


def _gaussian_laplace(
    x: Any, *, sigma: Any, output: Any, mode: Any, cval: float, axes: Any = None, kwargs: Any = None
) -> Any:
    if not _axes(axes, x.ndim):
        return x
    return total(_derivatives(x, 2, sigma, mode, cval, axes, kwargs or {}))


def _magnitude(
    x: Any, *, sigma: Any, output: Any, mode: Any, cval: float, axes: Any = None, kwargs: Any = None
) -> Any:
    if not _axes(axes, x.ndim):
        return x
    slopes = _derivatives(x, 1, sigma, mode, cval, axes, kwargs or {})
    if x.dtype.kind == "c":  # SciPy takes the root of the sum of squares, not of absolute squares
        return np.sqrt(total(slope * slope for slope in slopes))
    return np.linalg.norm(np.stack(slopes), axis=0)  # of length 0: derivative 0


gaussian_filter = _declared("gaussian_filter", _gaussian)
uniform_filter = _declared("uniform_filter", _uniform)
spline_filter = _declared("spline_filter", _spline)
prewitt = _declared("prewitt", _slopes([1, 1, 1]))
sobel = _declared("sobel", _slopes([1, 2, 1]))
laplace = _declared("laplace", _laplace)
gaussian_laplace = _declared("gaussian_laplace", _gaussian_laplace)
gaussian_gradient_magnitude = _declared("gaussian_gradient_magnitude", _magnitude)

# --- kernels of any shape -------------------------------------------------------------------------


def _windows_summed(x: Any, weights: Any, mode: Any, cval: float, origin: Any, axes: Any) -> Any:
    """Correlate: the padded input, moved to each element of the kernel and weighted."""
    chosen = _axes(axes, x.ndim)
    shape = dict(zip(chosen, weights.shape, strict=True))
    for k, m, o in zip(chosen, _each(mode, len(chosen)), _each(origin, len(chosen)), strict=True):
        before = shape[k] // 2 + o
        x = extended(x, k, before, shape[k] - 1 - before, m, cval)
    made: Any = 0.0
    for index in np.ndindex(weights.shape):
        first = dict(zip(chosen, index, strict=True))
        part = tuple(
            slice(first[k], first[k] + n - shape[k] + 1) if k in first else slice(None)
            for k, n in enumerate(x.shape)
        )
        made = made + weights[index] * x[part]
    return made


def _correlate(
    x: Any, weights: Any, *, output: Any, mode: Any, cval: float, origin: Any, axes: Any = None
) -> Any:
    return _windows_summed(x, np.conj(weights), mode, cval, origin, axes)  # as SciPy's does


def _convolve(
    x: Any, weights: Any, *, output: Any, mode: Any, cval: float, origin: Any, axes: Any = None
) -> Any:
    origins = _each(origin, weights.ndim)
    turned = [-o - (n % 2 == 0) for o, n in zip(origins, weights.shape, strict=True)]
    return _windows_summed(x, np.flip(weights), mode, cval, turned, axes)


correlate = _declared("correlate", _correlate, "input", "weights")
convolve = _declared("convolve", _convolve, "input", "weights")

# --- interpolation --------------------------------------------------------------------------------


def _zoom(
    x: Any, *, zoom: Any, output: Any, order: int, mode: str, cval: float, prefilter: bool,
    grid_mode: bool,
) -> Any:  # fmt: skip
    if prefilter and all(z == 1 for z in _each(zoom, x.ndim)):
        return x
    grid_mode = grid_mode and x.dtype.kind != "c"  # which SciPy forgets for complex numbers
    places = []
    for n, factor in zip(x.shape, _each(zoom, x.ndim), strict=True):
        m = round(n * factor)
        ratio = n / max(m, 1) if grid_mode else (n - 1) / (m - 1) if m > 1 else 1.0
        places.append((np.arange(m) + 0.5) * ratio - 0.5 if grid_mode else np.arange(m) * ratio)
    return along_axes(x, places, order, mode, cval, prefilter)


def _shift(
    x: Any, *, shift: Any, output: Any, order: int, mode: str, cval: float, prefilter: bool
) -> Any:
    by = _each(shift, x.ndim)
    places = [np.arange(n) - float(s) for n, s in zip(x.shape, by, strict=True)]
    return along_axes(x, places, order, mode, cval, prefilter)


zoom = _declared("zoom", _zoom)
shift = _declared("shift", _shift)
map_coordinates = _declared("map_coordinates", at_places, "input", "coordinates")
