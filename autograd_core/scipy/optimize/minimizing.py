"""minimize and minimize_scalar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize as _optimize

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.scipy.optimize.regions import Region, moving, of_pairs
from autograd_core.scipy.optimize.solutions import Solved, numbers
from autograd_core.scipy.optimize.unknowns import Unknowns, joined, plain_only
from autograd_core.scipy.values import as_floats, is_traced
from autograd_core.transforms.derivatives import hvp, value_and_grad
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


def _constraint(given: Any, data: Any, unknowns: Unknowns, needs: bool) -> Any:
    """Return one constraint of the user's for SciPy, with the Jacobian that is missing."""
    if isinstance(given, dict):
        args = data if isinstance(data, tuple) else (data,)
        of_vector = unknowns.of(given["fun"], *args)
        made = {**given, "fun": numbers(lambda x: joined(of_vector(x)), "minimize"), "args": ()}
        if callable(given.get("jac")):
            made["jac"] = unknowns.of(given["jac"], *args)
        elif given.get("jac") is None and needs:
            made["jac"] = jacobian(lambda x: joined(of_vector(x)))
        return made
    if isinstance(given, _optimize.LinearConstraint):
        return _optimize.LinearConstraint(*data, given.keep_feasible)
    if not isinstance(given, _optimize.NonlinearConstraint):
        return given

    def of_x(x: Any) -> Any:
        return joined(given.fun(unknowns.pytree(x)), at=x)

    jac = unknowns.of(given.jac) if callable(given.jac) else given.jac
    hess = given.hess
    if jac == "2-point":  # SciPy's default
        jac = jacobian(of_x) if needs else jac
    if needs and (hess is None or isinstance(hess, _optimize.BFGS)):
        hess = lambda x, v: hessian(lambda x: np.sum(of_x(x) * v))(x)  # noqa: E731
    remedy = "Write the constraint as a dict, which has args."
    return _optimize.NonlinearConstraint(
        numbers(of_x, "minimize", remedy), *data, jac, hess, given.keep_feasible,
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
        Whatever fun takes; the solution is differentiable in what is traced in it, and in traced
        bounds and constraints: their ends, a matrix, the ``args`` of a dict.
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
        The same where it is not clear which bounds and constraints are active (weakly active
        ones), or if their slopes depend on each other.

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
    args = args if isinstance(args, tuple) else (args,)
    how = {"method": method, "jac": jac, "hess": hess, "hessp": hessp}
    many = list(constraints) if isinstance(constraints, (list, tuple)) else [constraints]

    def run(start: Any, args: Any, data: Any) -> tuple[Any, Any]:
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
        moved, within = data
        if within is not None:
            keep = getattr(bounds, "keep_feasible", False)
            within = _optimize.Bounds(*np.broadcast_arrays(*within, unknowns.start)[:2], keep)
        made = _optimize.minimize(
            value, unknowns.start, method=method,
            bounds=bounds if within is None else within,
            constraints=[_constraint(*c, unknowns, needs) for c in zip(many, moved, strict=True)],
            tol=tol, callback=unknowns.callback(callback), options=options, **supplied,
        )  # fmt: skip
        vector, made.x = made.x, unknowns.pytree(made.x)
        return made, vector

    ends = (bounds.lb, bounds.ub) if isinstance(bounds, _optimize.Bounds) else bounds
    moved = [moving(c) for c in many]
    if not is_traced(x0, args, ends, moved):
        return run(x0, args, (moved, None))[0]
    region = Region(of_pairs(bounds), many, function)

    def objective(vector: Any, unknowns: Unknowns, args: Any) -> Any:
        made = fun(unknowns.pytree(vector), *args)
        return as_number(made[0] if jac is True else made, function)

    solved = Solved(run, objective, x0, (args,), function, region)
    result = solved.result
    result.x = solved.x
    result.fun = objective(solved.vector, solved.unknowns, args)
    return result


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
        The solution is differentiable in what is traced in it, and in traced bounds.
    bracket, bounds, method, tol, options
        As SciPy's, whose methods take no derivatives.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's. If something is traced, so are ``x`` and ``fun``.

    Raises
    ------
    AutogradError
        If something is traced and SciPy's solution is neither a minimum nor clearly on a bound.

    Examples
    --------
    >>> from autograd_core import grad
    >>> float(grad(lambda a: minimize_scalar(lambda x, a: (x - a) ** 2, args=(a,)).x)(3.0))
    1.0
    """
    function = "optimize.minimize_scalar"
    plain_only(bracket, "the bracket", function)
    args = args if isinstance(args, tuple) else (args,)

    def run(start: Any, args: Any, data: Any) -> tuple[Any, Any]:
        f = numbers(lambda x: as_number(fun(x, *args), function), "minimize_scalar")
        made = _optimize.minimize_scalar(f, bracket, data[1], (), method, tol, options)
        return made, np.reshape(made.x, (1,))

    if not is_traced(args, bounds):
        return run(None, args, ((), bounds))[0]

    def objective(v: Any, unknowns: Unknowns, args: Any) -> Any:
        return as_number(fun(v[0], *args), function)

    region = Region(None if bounds is None else tuple(bounds), (), function)
    solved = Solved(run, objective, 0.0, (args,), function, region)
    result = solved.result
    result.x = solved.vector[0]
    result.fun = as_number(fun(result.x, *args), function)
    return result
