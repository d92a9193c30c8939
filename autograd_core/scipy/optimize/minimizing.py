"""minimize and minimize_scalar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize as _optimize

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.rules.graph import stop_gradient
from autograd_core.scipy.optimize.solutions import Solved, numbers
from autograd_core.scipy.optimize.unknowns import Unknowns, joined, plain_only
from autograd_core.scipy.values import as_floats, is_traced
from autograd_core.transforms.derivatives import hvp, transpose, value_and_grad
from autograd_core.transforms.jacobians import hessian, jacobian

_WITHOUT = {"nelder-mead", "powell", "cobyla", "cobyqa"}  # take no derivatives
_HESSIAN = {"dogleg", "trust-exact"}
_PRODUCTS = {"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"}
# Up to so many unknowns the Hessian is cheaper than its products one by one.
SMALL = 32


def as_number(value: Any, function: str) -> Any:
    """Return the value of an objective as a scalar; SciPy also takes one element."""
    value = as_floats(value)
    if np.size(value) != 1:
        raise errors.ShapeError(
            f"{function}(): the function returned shape {np.shape(value)}; it must return one "
            "number. For a sum of squares, see least_squares.",
            Location.of_caller(),
        )
    return np.reshape(value, ())


def _constraint(given: Any, unknowns: Unknowns, needs: bool) -> Any:
    """Return one constraint of the user's for SciPy, with the Jacobian that is missing."""
    function = "optimize.minimize"
    if isinstance(given, dict):
        plain_only(list(given.values()), "a constraint", function)
        args = given.get("args", ())
        of_vector = unknowns.of(given["fun"], *args)
        made = {**given, "fun": numbers(lambda x: joined(of_vector(x)), "minimize"), "args": ()}
        if callable(given.get("jac")):
            made["jac"] = unknowns.of(given["jac"], *args)
        elif given.get("jac") is None and needs:
            made["jac"] = jacobian(lambda x: joined(of_vector(x)))
        return made
    if not isinstance(given, _optimize.NonlinearConstraint):
        return given

    def of_x(x: Any) -> Any:
        return joined(given.fun(unknowns.pytree(x)))

    jac = unknowns.of(given.jac) if callable(given.jac) else given.jac
    hess = given.hess
    if jac == "2-point":  # SciPy's default
        jac = jacobian(of_x) if needs else jac
    if needs and (hess is None or isinstance(hess, _optimize.BFGS)):
        hess = lambda x, v: hessian(lambda x: np.sum(of_x(x) * v))(x)  # noqa: E731
    return _optimize.NonlinearConstraint(
        numbers(of_x, "minimize"), given.lb, given.ub, jac, hess, given.keep_feasible,
        given.finite_diff_rel_step, given.finite_diff_jac_sparsity,
    )  # fmt: skip


def _derivatives(
    f: Callable[[Any], Any], unknowns: Unknowns, args: Any, how: dict[str, Any]
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Return the function and the derivatives for SciPy: the user's where given, else ours."""
    method = how["method"]
    name = method.lower() if isinstance(method, str) else method
    jac, hess, hessp = how["jac"], how["hess"], how["hessp"]
    n = int(np.size(unknowns.start))
    value = numbers(f, "minimize")
    made: dict[str, Any] = {"jac": jac, "hess": hess, "hessp": hessp}
    if callable(jac):
        made["jac"] = lambda x: joined(jac(unknowns.pytree(x), *args))
    if callable(hess) and not isinstance(hess, _optimize.HessianUpdateStrategy):
        made["hess"] = unknowns.of(hess, *args)
    if callable(hessp):
        made["hessp"] = lambda x, p: joined(hessp(unknowns.pytree(x), unknowns.pytree(p), *args))
    if name in _WITHOUT:
        return value, made
    if not jac:
        made["jac"] = True
        value = numbers(value_and_grad(f), "minimize")
    if hess is None and hessp is None and not callable(name):
        if name in _HESSIAN or (name in _PRODUCTS and n <= SMALL):
            made["hess"] = hessian(f)
        elif name in _PRODUCTS:
            made["hessp"] = lambda x, p: hvp(f, (x,), (np.asarray(p, float),))
    return value, made


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """As scipy.optimize.minimize, with the derivatives filled in; the solution is differentiable.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns one number; x is nested and shaped like x0.
    x0 : array or pytree of arrays
        The start. A complex leaf counts as its real and imaginary part.
    args : tuple
        Whatever fun takes; the solution is differentiable in what is traced in it.
    jac, hess, hessp
        As SciPy's; what is missing is the engine's. ``jac="2-point"`` asks for differences.
        A hess of the user's is a matrix over all numbers of x0.
    method, bounds, constraints, tol, callback, options
        As SciPy's; bounds, and the matrix of a LinearConstraint, belong to the numbers of x0 in
        their order. Constraints get their Jacobians.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's, with ``x`` nested like x0. If something is traced, so are ``x`` and ``fun``.

    Raises
    ------
    AutogradError
        If something is traced and SciPy found no solution.
    UnsupportedError
        If something is traced and there are constraints.

    Examples
    --------
    >>> from autograd_core import grad
    >>> made = minimize(lambda p: (p["a"] - 1) ** 2 + (p["b"] + 2) ** 2, {"a": 0.0, "b": 0.0})
    >>> {k: round(float(v), 6) for k, v in made.x.items()}
    {'a': 1.0, 'b': -2.0}
    >>> float(grad(lambda c: minimize(lambda x, c: np.sum((x - c**2) ** 2), 0.0, (c,)).x[0])(3.0))
    6.0
    """
    function = "optimize.minimize"
    plain_only(bounds, "a bound", function)
    plain_only(constraints, "a constraint", function)
    args = args if isinstance(args, tuple) else (args,)
    how = {"method": method, "jac": jac, "hess": hess, "hessp": hessp}
    many = list(constraints) if isinstance(constraints, (list, tuple)) else [constraints]

    def run(start: Any, args: Any) -> tuple[Any, Any]:
        unknowns = Unknowns(start, function)
        both = jac is True

        def f(x: Any) -> Any:
            made = fun(unknowns.pytree(x), *args)
            return as_number(made[0] if both else made, function)

        value, supplied = _derivatives(f, unknowns, args, how)
        if both:

            def value(x: Any) -> Any:
                made, slope = fun(unknowns.pytree(x), *args)
                return as_number(made, function), joined(slope)

        needs = not (isinstance(method, str) and method.lower() in _WITHOUT)
        made = _optimize.minimize(
            value, unknowns.start, method=method, bounds=bounds,
            constraints=[_constraint(c, unknowns, needs) for c in many], tol=tol,
            callback=unknowns.callback(callback), options=options, **supplied,
        )  # fmt: skip
        vector, made.x = made.x, unknowns.pytree(made.x)
        return made, vector

    if not is_traced(x0, args):
        return run(x0, args)[0]
    if many:
        raise errors.UnsupportedError(
            f"{function}(): the derivative of a solution under constraints is not known here; "
            "only bounds are. Put the constraints into the unknowns, or solve the equations of "
            "its multipliers with optimize.root.",
            Location.of_caller(),
        )

    def objective(vector: Any, unknowns: Unknowns, args: Any) -> Any:
        made = fun(unknowns.pytree(vector), *args)
        return as_number(made[0] if jac is True else made, function)

    def slope(v: Any, unknowns: Unknowns, args: Any) -> Any:
        made = slope_of(lambda v: objective(v, unknowns, args), v)
        return made if bounds is None else free(v, *_ends(bounds, np.shape(v)), made)

    solved = Solved(
        run,
        slope,
        x0, (args,), function,
    )  # fmt: skip
    result = solved.result
    result.x = solved.x
    result.fun = objective(solved.vector, solved.unknowns, args)
    return result


def slope_of(f: Callable[[Any], Any], v: Any) -> Any:
    """Return the gradient of f at v, which f need not depend on."""
    value, pullback = transpose(f, v)
    return pullback(np.ones_like(value))[0]


def _ends(bounds: Any, shape: Any) -> tuple[Any, Any]:
    """Return the bounds as two arrays."""
    if isinstance(bounds, _optimize.Bounds):
        return np.broadcast_to(bounds.lb, shape), np.broadcast_to(bounds.ub, shape)
    ends = [(-np.inf if a is None else a, np.inf if b is None else b) for a, b in bounds]
    low, high = np.asarray(ends, dtype=float).T
    return low, high


def free(x: Any, low: Any, high: Any, slope: Any) -> Any:
    """Return the equations of a minimum within bounds.

    An unknown that is on a bound, with downhill beyond it, stays there: dx = 0.  Interior-point
    methods stop a little before it: nearer than the slope there is steep.
    """
    near = 1e-3 * np.minimum(1.0 + np.abs(x), np.abs(slope))
    held = ((x - low <= near) & (slope > 0)) | ((high - x <= near) & (slope < 0))
    held = held | (low == high)
    return np.where(held, x - stop_gradient(x), slope)


def minimize_scalar(
    fun: Callable[..., Any],
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: Any = None,
    tol: float | None = None,
    options: Any = None,
) -> Any:
    """As scipy.optimize.minimize_scalar; the solution is differentiable.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)``, of a number and returning one.
    args : tuple
        The solution is differentiable in what is traced in it.
    bracket, bounds, method, tol, options
        As SciPy's, whose methods take no derivatives.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's. If something is traced, so are ``x`` and ``fun``.

    Raises
    ------
    AutogradError
        If something is traced and the slope at SciPy's solution is not 0.

    Examples
    --------
    >>> from autograd_core import grad
    >>> float(grad(lambda a: minimize_scalar(lambda x, a: (x - a) ** 2, args=(a,)).x)(3.0))
    1.0
    """
    function = "optimize.minimize_scalar"
    plain_only(bounds, "a bound", function)
    plain_only(bracket, "the bracket", function)
    args = args if isinstance(args, tuple) else (args,)

    def run(start: Any, args: Any) -> tuple[Any, Any]:
        f = numbers(lambda x: as_number(fun(x, *args), function), "minimize_scalar")
        made = _optimize.minimize_scalar(f, bracket, bounds, (), method, tol, options)
        return made, np.reshape(made.x, (1,))

    if not is_traced(args):
        return run(None, args)[0]

    def slope(v: Any, unknowns: Unknowns, args: Any) -> Any:
        return slope_of(lambda v: as_number(fun(v[0], *args), function), v)

    solved = Solved(run, slope, 0.0, (args,), function)
    result = solved.result
    result.x = solved.vector[0]
    result.fun = as_number(fun(result.x, *args), function)
    return result
