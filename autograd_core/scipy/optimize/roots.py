"""root, root_scalar and fixed_point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize as _optimize

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.scipy.optimize.solutions import Solved, numbers
from autograd_core.scipy.optimize.unknowns import Unknowns, joined, plain_only
from autograd_core.scipy.values import as_floats, is_traced
from autograd_core.transforms.derivatives import pushed
from autograd_core.transforms.jacobians import jacobian


def _residual(fun: Callable[..., Any], unknowns: Unknowns, args: Any, function: str) -> Any:
    def f(vector: Any) -> Any:
        made = joined(fun(unknowns.pytree(vector), *args))
        if np.shape(made) != np.shape(vector):
            raise errors.ShapeError(
                f"{function}(): {np.shape(made)[0]} equations for {np.shape(vector)[0]} unknowns; "
                "fun must return as many numbers as x0 has.",
                Location.of_caller(),
            )
        return made

    return f


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """As scipy.optimize.root, with the Jacobian filled in; the solution is differentiable.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns as many numbers as x has, as an array or a pytree.
    x0 : array or pytree of arrays
        The start. A complex leaf counts as its real and imaginary part.
    args : tuple
        The solution is differentiable in what is traced in it.
    jac : callable, bool, optional
        As SciPy's: ``jac(x, *args)`` returns the matrix; True if fun returns it too. By default
        the engine's, for the methods "hybr" and "lm". ``jac=False`` asks for differences.
    method, tol, callback, options
        As SciPy's.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's, with ``x`` nested like x0. If something is traced, so is ``x``.

    Raises
    ------
    AutogradError
        If something is traced and SciPy found no solution.

    Examples
    --------
    >>> from autograd_core import grad
    >>> round(grad(lambda a: root(lambda x, a: x**3 - a, 1.0, (a,)).x[0])(8.0), 6)
    0.083333
    """
    function = "optimize.root"
    args = args if isinstance(args, tuple) else (args,)

    def own(x: Any, *rest: Any) -> Any:
        return fun(x, *rest)[0] if jac is True else fun(x, *rest)

    def run(start: Any, args: Any) -> tuple[Any, Any]:
        unknowns = Unknowns(start, function)
        f = _residual(own, unknowns, args, function)
        value, matrix = numbers(f, "root"), jac
        if jac is True:
            matrix = lambda x: fun(unknowns.pytree(x), *args)[1]  # noqa: E731
        elif callable(jac):
            matrix = unknowns.of(jac, *args)
        elif jac is None and method.lower() in ("hybr", "lm"):
            matrix = numbers(jacobian(f), "root")
        made = _optimize.root(
            value, unknowns.start, (), method, matrix, tol, unknowns.callback(callback), options
        )
        vector, made.x = made.x, unknowns.pytree(made.x)
        return made, vector

    if not is_traced(x0, args):
        return run(x0, args)[0]
    solved = Solved(
        run,
        lambda v, unknowns, args: _residual(own, unknowns, args, function)(v),
        x0, (args,), function,
    )  # fmt: skip
    result = solved.result
    result.x = solved.x
    return result


def _slope(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the derivative of a function of one number."""

    def derivative(x: Any) -> Any:
        x = as_floats(x)
        return pushed(f, (x,), (np.ones_like(x),))[1]

    return derivative


def root_scalar(
    f: Callable[..., Any],
    args: Any = (),
    method: str | None = None,
    bracket: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: Any = None,
    x1: Any = None,
    xtol: float | None = None,
    rtol: float | None = None,
    maxiter: int | None = None,
    options: Any = None,
) -> Any:
    """As scipy.optimize.root_scalar, with the derivatives filled in; the root is differentiable.

    Parameters
    ----------
    f : callable
        ``f(x, *args)``, of a number and returning one.
    args : tuple
        The root is differentiable in what is traced in it.
    fprime, fprime2
        As SciPy's; where "newton" and "halley" need them, the engine's. With x0 and nothing
        else, the method is "newton".
    method, bracket, x0, x1, xtol, rtol, maxiter, options
        As SciPy's.

    Returns
    -------
    scipy.optimize.RootResults
        SciPy's. If something is traced, so is ``root``.

    Raises
    ------
    AutogradError
        If something is traced and SciPy found no root.

    Examples
    --------
    >>> from autograd_core import grad
    >>> float(grad(lambda a: root_scalar(lambda x, a: x * x - a, (a,), x0=1.0).root)(4.0))
    0.25
    """
    function = "optimize.root_scalar"
    plain_only((bracket, x0, x1), "the start", function)
    args = args if isinstance(args, tuple) else (args,)
    if method is None and bracket is None and x1 is None and x0 is not None and not fprime:
        method = "newton"

    def run(start: Any, args: Any) -> tuple[Any, Any]:
        def of_x(x: Any) -> Any:
            made = f(x, *args)
            return as_floats(made[0] if fprime is True or fprime2 is True else made)

        first = (lambda x: fprime(x, *args)) if callable(fprime) else fprime
        second = (lambda x: fprime2(x, *args)) if callable(fprime2) else fprime2
        value: Any = numbers(of_x, "root_scalar")
        if fprime is True or fprime2 is True:
            value = lambda x: f(x, *args)  # noqa: E731
        name = (method or "").lower()
        if fprime is None and name in ("newton", "halley"):
            first = _slope(of_x)
        if fprime2 is None and name == "halley":
            second = _slope(_slope(of_x))
        made = _optimize.root_scalar(
            value, (), method, bracket, first, second, x0, x1, xtol, rtol, maxiter, options
        )
        return made, np.reshape(made.root, (1,))

    if not is_traced(args):
        return run(None, args)[0]

    def equation(v: Any, unknowns: Unknowns, args: Any) -> Any:
        made = f(v[0], *args)
        return np.reshape(made[0] if fprime is True or fprime2 is True else made, (1,))

    solved = Solved(run, equation, 0.0, (args,), function)
    result = solved.result
    result.root = solved.vector[0]
    return result


def fixed_point(
    func: Callable[..., Any],
    x0: Any,
    args: Any = (),
    xtol: float = 1e-08,
    maxiter: int = 500,
    method: str = "del2",
) -> Any:
    """As scipy.optimize.fixed_point; the fixed point is differentiable.

    Parameters
    ----------
    func : callable
        ``func(x, *args)``, nested and shaped like x.
    x0 : array or pytree of arrays
        The start.
    args : tuple
        The fixed point is differentiable in what is traced in it.
    xtol, maxiter, method
        As SciPy's.

    Returns
    -------
    array or pytree
        The fixed point, like x0.

    Raises
    ------
    RuntimeError
        SciPy's, if the iteration does not converge.

    Examples
    --------
    >>> from autograd_core import grad
    >>> made = grad(lambda a: fixed_point(lambda x, a: np.cos(a * x), 0.5, (a,)))(1.0)
    >>> round(float(made), 6)
    -0.297474
    """
    function = "optimize.fixed_point"
    args = args if isinstance(args, tuple) else (args,)
    scalar = not isinstance(x0, (dict, list, tuple)) and np.ndim(x0) == 0

    def mapped(vector: Any, unknowns: Unknowns, args: Any) -> Any:
        x = vector[0] if scalar else unknowns.pytree(vector)
        return joined(func(x, *args))

    def run(start: Any, args: Any) -> tuple[Any, Any]:
        unknowns = Unknowns(start, function)
        step = numbers(lambda v: mapped(v, unknowns, args), "fixed_point")
        vector = _optimize.fixed_point(step, unknowns.start, (), xtol, maxiter, method)
        return None, vector

    if not is_traced(x0, args):
        vector = run(x0, args)[1]
        return vector[0] if scalar else Unknowns(x0, function).pytree(vector)
    solved = Solved(run, lambda v, u, args: mapped(v, u, args) - v, x0, (args,), function)
    return solved.vector[0] if scalar else solved.x
