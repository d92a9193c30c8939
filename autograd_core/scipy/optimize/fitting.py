"""least_squares and curve_fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize as _optimize

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.scipy.optimize.regions import Region, of_ends
from autograd_core.scipy.optimize.solutions import Solved, numbers
from autograd_core.scipy.optimize.unknowns import Unknowns, joined, plain_only
from autograd_core.scipy.values import as_floats, is_traced
from autograd_core.transforms.jacobians import jacobian
from autograd_core.transforms.sparse import sparse_jacobian

# SciPy's losses, as functions of z = (residual / f_scale)^2.
_LOSSES: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.where(z <= 1, 1.0, z)) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    jac: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    ftol: float | None = 1e-8,
    xtol: float | None = 1e-8,
    gtol: float | None = 1e-8,
    x_scale: Any = None,
    loss: Any = "linear",
    f_scale: float = 1.0,
    diff_step: Any = None,
    tr_solver: Any = None,
    tr_options: Any = None,
    jac_sparsity: Any = None,
    max_nfev: int | None = None,
    verbose: int = 0,
    args: Any = (),
    kwargs: Any = None,
    **settings: Any,
) -> Any:
    """As scipy.optimize.least_squares, with the Jacobian filled in; the fit is differentiable.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args, **kwargs)`` returns the residuals: an array or a pytree.
    x0 : array or pytree of arrays
        The start. A complex leaf, also of the residuals, counts as two numbers.
    jac : callable or str, optional
        As SciPy's: ``jac(x, *args)`` returns the matrix. By default the engine's; with
        `jac_sparsity`, or ``jac="sparse"`` (pattern found), by sparse_jacobian.
        ``jac="2-point"`` asks for differences.
    args, kwargs
        The solution is differentiable in what is traced in them, and in traced bounds.
    bounds, method, ftol, xtol, gtol, x_scale, loss, f_scale, diff_step, tr_solver, tr_options, \
    jac_sparsity, max_nfev, verbose, **settings
        As SciPy's; bounds and x_scale belong to the numbers of x0 in their order.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's, with ``x`` nested like x0. If something is traced, so are ``x``, ``fun``
        and ``cost``.

    Raises
    ------
    AutogradError
        If something is traced and SciPy found no solution.

    Examples
    --------
    >>> from autograd_core import grad
    >>> fit = lambda y: least_squares(lambda x, y: x - y, np.zeros(2), args=(y,)).x
    >>> grad(lambda y: np.sum(fit(y) ** 2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    function = "optimize.least_squares"
    plain_only((x_scale, f_scale), "a scale", function)
    args, kwargs = args if isinstance(args, tuple) else (args,), kwargs or {}
    own = {"method": method, "ftol": ftol, "xtol": xtol, "gtol": gtol,
           "loss": loss, "f_scale": f_scale, "tr_solver": tr_solver,
           "tr_options": tr_options or {}, "max_nfev": max_nfev, "verbose": verbose,
           "diff_step": diff_step, **settings}  # fmt: skip
    ends = (bounds.lb, bounds.ub) if isinstance(bounds, _optimize.Bounds) else bounds

    if x_scale is not None:
        own["x_scale"] = x_scale

    def run(start: Any, args: Any, kwargs: Any, data: Any) -> tuple[Any, Any]:
        unknowns = Unknowns(start, function)
        how = {**own, "bounds": bounds if data[1] is None else data[1]}

        def f(vector: Any) -> Any:
            return joined(fun(unknowns.pytree(vector), *args, **kwargs), at=vector)

        matrix: Any = jac
        if callable(jac):
            matrix = unknowns.of(jac, *args, **kwargs)
        elif jac == "sparse" or (jac is None and jac_sparsity is not None):
            matrix = sparse_jacobian(f, pattern=jac_sparsity)
        elif jac is None:
            matrix = numbers(jacobian(f), "least_squares")
        if isinstance(matrix, str):
            how["jac_sparsity"] = jac_sparsity
        if "callback" in how:
            how["callback"] = unknowns.callback(how["callback"])
        value = numbers(f, "least_squares")
        made = _optimize.least_squares(value, unknowns.start, matrix, **how)
        vector, made.x = made.x, unknowns.pytree(made.x)
        return made, vector

    if not is_traced(x0, args, kwargs, ends):
        return run(x0, args, kwargs, ((), None))[0]
    if loss not in _LOSSES:
        raise errors.UnsupportedError(
            f"{function}(): the derivative of a fit with a loss of your own is not known here; "
            f"use one of {', '.join(_LOSSES)}.",
            Location.of_caller(),
        )

    def cost(vector: Any, unknowns: Unknowns, args: Any, kwargs: Any) -> Any:
        r = joined(fun(unknowns.pytree(vector), *args, **kwargs))
        return 0.5 * f_scale**2 * np.sum(_LOSSES[loss]((r / f_scale) ** 2))

    region = Region(of_ends(bounds), (), function)
    solved = Solved(run, cost, x0, (args, kwargs), function, region)
    result = solved.result
    result.x = solved.x
    result.fun = joined(fun(solved.x, *args, **kwargs))
    result.cost = cost(solved.vector, solved.unknowns, args, kwargs)
    return result


def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: Any = None,
    jac: Any = None,
    **settings: Any,
) -> Any:
    """As scipy.optimize.curve_fit, with the Jacobian filled in; the fit is differentiable.

    Parameters
    ----------
    f : callable
        ``f(xdata, *params)`` returns what ydata should be; ``f(xdata, **params)`` if p0 is a dict.
    xdata, ydata : array
        As SciPy's; the parameters are differentiable in both. With traced values, xdata can be
        any pytree.
    p0 : list or dict of numbers, optional
        The start; a dict gives the parameters' names.
    sigma : array (M,) or (M, M), optional
        As SciPy's; the parameters are differentiable in it.
    jac : callable or str, optional
        As SciPy's; by default the engine's.
    absolute_sigma, check_finite, bounds, method, **settings
        As SciPy's.

    Returns
    -------
    popt, pcov
        As SciPy's; popt is a dict if p0 is. If something is traced, so are both.

    Raises
    ------
    AutogradError
        If something is traced and SciPy found no solution.

    Examples
    --------
    >>> from autograd_core import grad
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> line = lambda x, a, b: a * x + b
    >>> fit = lambda y: curve_fit(line, x, y, [1.0, 1.0])[0]
    >>> grad(lambda y: fit(y)[0])(np.array([1.0, 2.0, 4.0])).round(6) + 0.0
    array([-0.5,  0. ,  0.5])
    """
    function = "optimize.curve_fit"
    plain_only(p0, "p0", function)
    ends = (bounds.lb, bounds.ub) if isinstance(bounds, _optimize.Bounds) else bounds
    keys = list(p0) if isinstance(p0, dict) else None
    start = list(p0.values()) if isinstance(p0, dict) else p0

    def model(xdata: Any, params: Any, at: Any = None) -> Any:
        made = (
            f(xdata, *params) if keys is None else f(xdata, **dict(zip(keys, params, strict=True)))
        )
        return joined(made, at)

    def run(_: Any, xdata: Any, ydata: Any, sigma: Any, data: Any) -> tuple[Any, Any]:
        matrix: Any = jac
        if callable(jac) and keys is not None:
            matrix = lambda x, *p: jac(x, **dict(zip(keys, p, strict=True)))  # noqa: E731
        elif jac is None:

            def matrix(x: Any, *p: Any) -> Any:
                return jacobian(lambda v: model(x, list(v)))(np.array(p))

        value = numbers(f, "curve_fit")
        if keys is not None:
            value = numbers(lambda x, *p: model(x, p, np.array(p)), "curve_fit")
        made = _optimize.curve_fit(
            value, xdata, ydata, start, sigma, absolute_sigma,
            **({} if check_finite is None else {"check_finite": check_finite}),
            bounds=bounds if data[1] is None else data[1], method=method, jac=matrix, **settings,
        )  # fmt: skip
        return made, made[0]

    def named(popt: Any) -> Any:
        return popt if keys is None else dict(zip(keys, popt, strict=True))

    if not is_traced(xdata, ydata, sigma, ends):
        made, popt = run(None, xdata, ydata, sigma, ((), None))
        return (named(popt), *made[1:])

    def whitened(r: Any, sigma: Any) -> Any:
        if sigma is None:
            return r
        sigma = as_floats(sigma)
        return r / sigma if np.ndim(sigma) == 1 else np.linalg.solve(np.linalg.cholesky(sigma), r)

    def residual(v: Any, xdata: Any, ydata: Any, sigma: Any) -> Any:
        return whitened(model(xdata, [v[k] for k in range(np.shape(v)[0])]) - ydata, sigma)

    def objective(v: Any, unknowns: Unknowns, *data: Any) -> Any:
        return 0.5 * np.sum(residual(v, *data) ** 2)

    region = Region(of_ends(bounds), (), function)
    solved = Solved(run, objective, 0.0, (xdata, ydata, sigma), function, region)
    popt = solved.vector
    slopes = jacobian(lambda v: residual(v, xdata, ydata, sigma))(popt)
    pcov = np.linalg.inv(slopes.T @ slopes)
    if not absolute_sigma:
        r = residual(popt, xdata, ydata, sigma)
        pcov = pcov * (np.sum(r**2) / (np.shape(slopes)[0] - np.shape(slopes)[1]))
    return (named(popt), pcov, *solved.result[2:])
