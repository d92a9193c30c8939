"""Fixed points, differentiated by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_core.compat.autograd.differential_operators import vjp_of_one
from autograd_core.compat.autograd.operations import defvjp, primitive

Function = Callable[..., Any]


@primitive
def fixed_point(f: Function, a: Any, x0: Any, distance: Function, tol: float) -> Any:
    """Iterate ``x = f(a)(x)`` from x0 until two steps are closer than tol; differentiable in a.

    Parameters
    ----------
    f : callable
        From parameters to a function of x. It must not use traced values from outside.
    a : pytree of arrays
        The parameters.
    x0 : array
        Where it starts; the result does not depend on it.
    distance : callable
        ``distance(x, y)`` of two iterates.
    tol : float
        Where it stops; also for the iteration that gives the derivative.

    Examples
    --------
    >>> from autograd_core.compat.autograd import grad
    >>> newton = lambda a: lambda x: 0.5 * (x + a / x)
    >>> root = lambda a: fixed_point(newton, a, 1.0, lambda x, y: abs(x - y), 1e-9)
    >>> float(root(4.0)), round(float(grad(root)(4.0)), 6)
    (2.0, 0.25)
    """
    step = f(a)
    x, before = step(x0), x0
    while distance(x, before) > tol:
        x, before = step(x), x
    return x


def _rule(ans: Any, f: Function, a: Any, x0: Any, distance: Function, tol: float) -> Function:
    back = vjp_of_one(lambda a: f(a)(ans), a)[0]

    def adjoint(parameters: Any) -> Function:
        a, x, g = parameters
        pull = vjp_of_one(f(a), x)[0]
        return lambda u: pull(u) + g

    return lambda g: back(fixed_point(adjoint, (a, ans, g), g * 0, distance, tol))


defvjp(fixed_point, None, _rule, None)

__all__ = ["fixed_point"]
