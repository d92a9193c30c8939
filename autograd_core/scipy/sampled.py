"""scipy.integrate's rules for samples, differentiable in the samples and in their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate as _integrate

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.scipy.declared import declared
from autograd_core.scipy.values import is_traced

HOME = "autograd_core.scipy.integrate"


def _steps(y: Any, x: Any, dx: float, axis: int) -> tuple[Any, Any]:
    """Return the samples with their axis last, and the steps between them, shaped to fit."""
    y = np.moveaxis(y, axis, -1)
    if x is None:
        return y, np.full(y.shape[-1] - 1, dx) if np.ndim(dx) == 0 else dx
    x = x if x.ndim == 1 else np.moveaxis(x, axis, -1)
    return y, x[..., 1:] - x[..., :-1]


def _trapezoids(y: Any, h: Any) -> Any:
    return h * (y[..., 1:] + y[..., :-1]) / 2.0


def _first_of_two(y: Any, h: Any) -> Any:
    """Integrate the parabola through each three samples over the first of its two steps."""
    a, b = h[..., :-1], h[..., 1:]
    both = a + b
    first, last = 3.0 - a / both, a * a / (both * b)
    return a / 6.0 * (first * y[..., :-2] + (6.0 - first + last) * y[..., 1:-1] - last * y[..., 2:])


def _both_of_two(y: Any, h: Any) -> tuple[Any, Any]:
    """Integrate the parabola through each three samples, over its first and its second step."""
    second = _first_of_two(y[..., ::-1], h[..., ::-1])[..., ::-1]
    return _first_of_two(y, h), second


def _pieces(y: Any, h: Any) -> Any:
    """Integrate from sample to sample: parabolas through the samples 0 to 2, 2 to 4, ..."""
    if y.shape[-1] < 3:
        return _trapezoids(y, h)
    first, second = _both_of_two(y, h)
    count = y.shape[-1] - 1
    even = np.arange(count) % 2 == 0
    places = np.arange(count)
    by_first = first[..., np.minimum(places, count - 2)]
    by_second = second[..., np.maximum(places - 1, 0)]
    return np.where(even & (places < count - 1), by_first, by_second)


def _trapezoid(y: Any, x: Any = None, *, dx: Any, axis: int) -> Any:
    y, h = _steps(y, x, dx, axis)
    return np.sum(_trapezoids(y, h), axis=-1)


def _with_start(made: Any, initial: Any, axis: int) -> Any:
    if initial is not None:
        made = np.concatenate([np.zeros_like(made[..., :1]), made], axis=-1)
    return np.moveaxis(made, -1, axis)


def _cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any, axis: int, initial: Any) -> Any:
    y, h = _steps(y, x, dx, axis)
    return _with_start(np.cumsum(_trapezoids(y, h), axis=-1), initial, axis)


def _cumulative_simpson(y: Any, x: Any = None, *, dx: Any, axis: int, initial: Any) -> Any:
    y, h = _steps(y, x, dx, axis)
    return _with_start(np.cumsum(_pieces(y, h), axis=-1), initial, axis)


def _simpson(y: Any, x: Any = None, *, dx: float, axis: int) -> Any:
    y, h = _steps(y, x, dx, axis)
    return np.sum(_pieces(y, h), axis=-1)


def _romb(y: Any, *, dx: float, axis: int, show: bool) -> Any:
    y = np.moveaxis(y, axis, -1)
    count = y.shape[-1] - 1
    rows: list[Any] = []
    for k in range(count.bit_length()):
        step = count >> k
        made = [np.sum(y[..., step:-1:step], axis=-1) + 0.5 * (y[..., 0] + y[..., -1])]
        made[0] = made[0] * (step * dx)
        for j in range(1, k + 1):
            made.append(made[-1] + (made[-1] - rows[-1][j - 1]) / (4.0**j - 1.0))
        rows.append(made)
    return rows[-1][-1]


def _of_samples(name: str, composition: Callable[..., Any]) -> Callable[..., Any]:
    """Declare a rule for samples y at places x, which may be left out."""
    function = getattr(_integrate, name)

    def without(y: Any, *, x: Any, **how: Any) -> Any:
        return composition(y, **how)

    alone = declared(function, without, "y", home=HOME)
    both = declared(function, composition, "y", "x", home=HOME)
    position = list(alone.__signature__.parameters).index("x")  # type: ignore[attr-defined]

    def call(y: Any, *args: Any, **keywords: Any) -> Any:
        x = keywords.get("x", args[position - 1] if len(args) >= position else None)
        return (alone if x is None else both)(y, *args, **keywords)

    call.__name__ = call.__qualname__ = name
    call.__module__ = HOME
    call.__signature__ = alone.__signature__  # type: ignore[attr-defined]
    call.__doc__ = f"{(alone.__doc__ or '').rstrip('.')} and in x."
    return call


trapezoid = _of_samples("trapezoid", _trapezoid)
cumulative_trapezoid = _of_samples("cumulative_trapezoid", _cumulative_trapezoid)
simpson = _of_samples("simpson", _simpson)
romb = declared(_integrate.romb, _romb, "y", home=HOME)
_cumulative_parabolas = _of_samples("cumulative_simpson", _cumulative_simpson)


def cumulative_simpson(
    y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """Integrate samples from the first one to each, by parabolas; differentiable in y, x, initial.

    Parameters
    ----------
    y : array
        The samples.
    x : array, optional
        Their places, which increase: one axis, or shaped like y.
    dx : float or array
        The distance of the places, if x is left out.
    axis : int
        Along which one.
    initial : array, optional
        Put in front, and added to all.

    Returns
    -------
    array
        One shorter than y along the axis; as long with `initial`.

    Raises
    ------
    UnsupportedError
        If dx is traced: write the places.

    Examples
    --------
    >>> import numpy as np
    >>> cumulative_simpson(np.array([0.0, 1.0, 4.0]), initial=0.0).round(4)
    array([0.    , 0.3333, 2.6667])
    """
    how = {"x": x, "dx": dx, "axis": axis}
    if not is_traced(y, x, dx, initial):
        return _integrate.cumulative_simpson(y, **how, initial=initial)
    if initial is None:
        return _cumulative_parabolas(y, **how, initial=None)
    return _cumulative_parabolas(y, **how, initial=0.0) + initial


def fixed_quad(func: Callable[..., Any], a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """Integrate by Gauss-Legendre quadrature of order n; differentiable in a, b and args.

    Parameters
    ----------
    func : callable
        ``func(t, *args)`` of a vector of places, which it returns along the last axis. What it uses
        from outside may be traced.
    a, b : float
        The limits, which are finite.
    args : tuple
        Further arguments.
    n : int
        How many places.

    Returns
    -------
    y, None
        The integral, as SciPy's.

    Raises
    ------
    ValueError
        If a limit is infinite.

    Examples
    --------
    >>> from autograd_core import grad
    >>> round(grad(lambda k: fixed_quad(lambda t: k * t**2, 0.0, 3.0)[0])(2.0), 6)
    9.0
    """
    unit, weights = _legendre(n)
    if not is_traced(a, b) and (np.isinf(a) or np.isinf(b)):
        raise ValueError("Gaussian quadrature is only available for finite limits.")
    places = (b - a) * (unit + 1) / 2.0 + a
    made = func(places, *(args if isinstance(args, tuple) else (args,)))
    if np.ndim(made) and np.shape(made)[-1] != n and np.shape(made)[-1] != 1:
        raise errors.ShapeError(
            f"fixed_quad: func returned an array of shape {np.shape(made)} for {n} places; it "
            "needs one value for each place, along the last axis.", Location.of_caller(),
        )  # fmt: skip
    return (b - a) / 2.0 * np.sum(weights * made, axis=-1), None


def _legendre(n: int) -> tuple[Any, Any]:
    from scipy.special import roots_legendre

    places, weights = roots_legendre(n)
    return np.real(places), weights
