"""scipy.ndimage's linear filters and interpolation, differentiable; values are SciPy's.

A filter along an axis is a linear map, whose derivative is computed by its matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import scipy.ndimage as _ndimage

from autograd_core.scipy.declared import by_matrix, declared
from autograd_core.scipy.values import guarded, refuse


def __getattr__(name: str) -> Any:
    return guarded(_ndimage, name)


__all__ = ["convolve", "convolve1d", "correlate", "correlate1d", "gaussian_filter",
           "gaussian_filter1d", "gaussian_gradient_magnitude", "gaussian_laplace", "laplace",
           "map_coordinates", "prewitt", "shift", "sobel", "spline_filter", "spline_filter1d",
           "uniform_filter", "uniform_filter1d", "zoom"]  # fmt: skip

# --- along one axis -------------------------------------------------------------------------------


def _along(function: Any) -> Callable[..., Any]:
    """Return a filter along one axis as a composition."""

    def composition(x: Any, *, axis: int = -1, output: Any = None, **how: Any) -> Any:
        return by_matrix(x, axis, lambda m: function(m, axis=0, **how))

    return composition


_correlate1d, _convolve1d, _gaussian1d, _uniform1d, _spline1d = map(
    _along,
    (_ndimage.correlate1d, _ndimage.convolve1d, _ndimage.gaussian_filter1d,
     _ndimage.uniform_filter1d, _ndimage.spline_filter1d),
)  # fmt: skip


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
    for k in range(x.ndim) if order > 1 else ():
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
    return sum(
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
    return sum(_derivatives(x, 2, sigma, mode, cval, axes, kwargs or {}))


def _magnitude(
    x: Any, *, sigma: Any, output: Any, mode: Any, cval: float, axes: Any = None, kwargs: Any = None
) -> Any:
    slopes = _derivatives(x, 1, sigma, mode, cval, axes, kwargs or {})
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

_PADDING = {"reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect",
            "nearest": "edge", "wrap": "wrap", "grid-wrap": "wrap", "constant": "constant",
            "grid-constant": "constant"}  # fmt: skip


def _windows_summed(x: Any, weights: Any, mode: Any, cval: float, origin: Any, axes: Any) -> Any:
    """Correlate: the padded input, moved to each element of the kernel and weighted."""
    chosen = _axes(axes, x.ndim)
    shape = dict(zip(chosen, weights.shape, strict=True))
    for k, m, o in zip(chosen, _each(mode, len(chosen)), _each(origin, len(chosen)), strict=True):
        before = shape[k] // 2 + o
        widths = [(0, 0)] * x.ndim
        widths[k] = (before, shape[k] - 1 - before)
        filled = {"constant_values": cval} if _PADDING[m] == "constant" else {}
        x = np.pad(x, widths, mode=_PADDING[m], **filled)  # type: ignore[call-overload]
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
    return _windows_summed(x, weights, mode, cval, origin, axes)


def _convolve(
    x: Any, weights: Any, *, output: Any, mode: Any, cval: float, origin: Any, axes: Any = None
) -> Any:
    origins = _each(origin, weights.ndim)
    turned = [-o - (n % 2 == 0) for o, n in zip(origins, weights.shape, strict=True)]
    return _windows_summed(x, np.flip(weights), mode, cval, turned, axes)


correlate = _declared("correlate", _correlate, "input", "weights")
convolve = _declared("convolve", _convolve, "input", "weights")

# --- interpolation --------------------------------------------------------------------------------


def _moved(function: Any, setting: str) -> Callable[..., Any]:
    """Return zoom or shift: one vector after the other, since both work along all axes."""

    def composition(x: Any, *, output: Any = None, **how: Any) -> Any:
        for k, size in enumerate(_each(how.pop(setting), x.ndim)):

            def along(m: Any, size: Any = size) -> Any:
                return np.stack([function(v, size, **how) for v in m.T], axis=1)

            x = by_matrix(x, k, along)
        return x

    return composition


zoom = _declared("zoom", _moved(_ndimage.zoom, "zoom"))
shift = _declared("shift", _moved(_ndimage.shift, "shift"))


def _map_coordinates(
    x: Any, coordinates: Any, *, output: Any, order: int, mode: str, cval: float, prefilter: bool
) -> Any:
    if order > 1 or mode not in ("constant", "nearest"):
        raise refuse(
            "ndimage.map_coordinates", f"order={order}, mode={mode!r} has no derivative here.",
            'Write order=1 with mode="constant" or "nearest".',
        )  # fmt: skip
    places = [np.clip(c, 0, n - 1) for c, n in zip(coordinates, x.shape, strict=True)]
    if order == 0:
        made = x[tuple(np.floor(p + 0.5).astype(int) for p in places)]
    else:
        low = [np.minimum(np.floor(p).astype(int), max(n - 2, 0))
               for p, n in zip(places, x.shape, strict=True)]  # fmt: skip
        made = 0.0
        for corner in product((0, 1), repeat=x.ndim):
            weight: Any = 1.0
            for bit, p, k in zip(corner, places, low, strict=True):
                weight = weight * (p - k if bit else 1.0 - (p - k))
            index = [np.minimum(k + bit, n - 1)
                     for bit, k, n in zip(corner, low, x.shape, strict=True)]  # fmt: skip
            made = made + weight * x[tuple(index)]
    if mode == "nearest":
        return made
    beyond = [(c < 0) | (c > n - 1) for c, n in zip(coordinates, x.shape, strict=True)]
    return np.where(np.any(beyond, axis=0), cval, made)


map_coordinates = _declared("map_coordinates", _map_coordinates, "input", "coordinates")
