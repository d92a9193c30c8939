"""Differentiable scipy.integrate.odeint: adjoint equations backward, sensitivities forward.

L. Pontryagin et al. (1962); R. Chen et al., "Neural ordinary differential
equations" (2018).  The adjoint is itself solved by odeint, so that second
derivatives exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate as _integrate

from autograd_core.declare import primitive
from autograd_core.primitive import Primitive
from autograd_core.transforms import pushed as jvp
from autograd_core.transforms import transpose as vjp


def __getattr__(name: str) -> Any:
    return getattr(_integrate, name)  # for arrays that are not differentiated


def _solve(
    y0: Any, t: Any, *args: Any, func: Any, rtol: float | None = None, atol: float | None = None
) -> Any:
    shape = np.shape(y0)

    def flat(y: Any, s: float, *rest: Any) -> Any:
        return np.ravel(func(y.reshape(shape), np.float64(s), *rest))

    made = _integrate.odeint(flat, np.ravel(y0), t, args=args, rtol=rtol, atol=atol)
    return made.reshape((len(t), *shape))


def _split(z: Any, like: tuple[Any, ...]) -> list[Any]:
    """Cut a vector into pieces shaped like other arrays."""
    parts, start = [], 0
    for x in like:
        size = int(np.size(x))
        parts.append(z[start : start + size].reshape(np.shape(x)))
        start += size
    return parts


def _joined(parts: Any) -> Any:
    return np.concatenate([np.reshape(p, (-1,)) for p in parts])


class _Adjoint:
    """The right side of the augmented system: state, adjoint, integrals for the parameters.

    Runs in reversed time s = -t, so that times increase.
    """

    def __init__(self, func: Callable[..., Any], y: Any, args: tuple[Any, ...]) -> None:
        self.func = func
        self.like = tuple(np.zeros(np.shape(x)) for x in (y, y, *args))

    def __call__(self, z: Any, s: Any, *args: Any) -> Any:
        y, a = _split(z, self.like)[:2]
        value, pull = vjp(lambda y, *p: self.func(y, -s, *p), y, *args)
        return _joined([-value, *pull(a)])


def _ode_vjp(
    g: Any, ys: Any, y0: Any, t: Any, *args: Any, func: Any, rtol: Any = None, atol: Any = None
) -> list[Any]:
    backward = _Adjoint(func, y0, args)
    times: list[Any] = [None] * len(t)
    sums: list[Any] = [np.zeros_like(a) for a in args]
    adjoint = g[-1]
    first: Any = 0.0
    for k in range(len(t) - 1, 0, -1):
        times[k] = np.sum(func(ys[k], t[k], *args) * g[k])
        first = first - times[k]
        start = _joined([ys[k], adjoint, *sums])
        span = np.stack([-t[k], -t[k - 1]])
        end = _ode(start, span, *args, func=backward, rtol=rtol, atol=atol)[1]
        _, adjoint, *sums = _split(end, backward.like)
        adjoint = adjoint + g[k - 1]
    times[0] = -np.sum(func(ys[0], t[0], *args) * (adjoint - g[0])) if len(t) > 1 else first
    return [adjoint, np.stack(times), *sums]


class _Sensitivity:
    """The right side for the state and its tangent together."""

    def __init__(self, func: Callable[..., Any], y: Any) -> None:
        self.func = func
        self.like = (np.zeros(np.shape(y)), np.zeros(np.shape(y)))

    def __call__(self, z: Any, s: Any, *both: Any) -> Any:
        y, tangent = _split(z, self.like)
        args, along = both[: len(both) // 2], both[len(both) // 2 :]
        return _joined(jvp(lambda y, *p: self.func(y, s, *p), (y, *args), (tangent, *along)))


def _ode_jvp(
    ts: Any, ys: Any, y0: Any, t: Any, *args: Any, func: Any, rtol: Any = None, atol: Any = None
) -> Any:
    d0, dt, *dargs = ts
    forward = _Sensitivity(func, y0)
    start = _joined([y0, d0 - func(y0, t[0], *args) * dt[0]])
    z = _ode(start, t, *args, *dargs, func=forward, rtol=rtol, atol=atol)
    rows = []
    for k in range(len(t)):
        rows.append(_split(z[k], forward.like)[1] + func(ys[k], t[k], *args) * dt[k])
    return np.stack(rows)


_ode: Primitive = primitive(_solve, vjp=_ode_vjp, jvp=_ode_jvp, name="odeint", category="solver")


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    args: tuple[Any, ...] = (),
    rtol: float | None = None,
    atol: float | None = None,
) -> Any:
    """Solve y' = func(y, t, *args); differentiable in y0, in t and in args.

    Parameters
    ----------
    func : callable
        ``func(y, t, *args)`` in NumPy functions; values that it uses from
        outside are constants.
    y0 : array
        Where it starts, of any shape.
    t : array (k,)
        Increasing or decreasing times; the first is y0's.
    args : tuple of array
        Parameters.
    rtol, atol : float, optional
        SciPy's tolerances, for the adjoint too.

    Returns
    -------
    array (k, ...)
        The solution at the times.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> end = lambda a: odeint(lambda y, t, a: -a * y, np.array(1.0), np.array([0.0, 1.0]), (a,))[1]
    >>> bool(abs(grad(end)(2.0) + np.exp(-2.0)) < 1e-6)
    True
    """
    return _ode(_array(y0), _array(t), *map(_array, args), func=func, rtol=rtol, atol=atol)


def _array(x: Any) -> Any:
    return x if hasattr(x, "dtype") else np.asarray(x, dtype=float)
