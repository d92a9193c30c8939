"""scipy.integrate's odeint and solve_ivp: adjoint equations backward, sensitivities forward.

L. Pontryagin et al. (1962); R. Chen et al., "Neural ordinary differential
equations" (2018).  The adjoint is itself solved by odeint, so that second
derivatives exist.  Values are SciPy's, which also takes every argument that is not traced as
it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate as _integrate

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.declare import primitive
from autograd_core.operations.nested_sequences import join
from autograd_core.operations.primitive import Primitive, innermost_array
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.quadrature import dblquad, nquad, quad, quad_vec, tplquad
from autograd_core.scipy.sampled import (
    cumulative_simpson,
    cumulative_trapezoid,
    fixed_quad,
    romb,
    simpson,
    trapezoid,
)
from autograd_core.scipy.values import as_floats, is_traced, refuse, watched
from autograd_core.transforms.derivatives import pushed as jvp
from autograd_core.transforms.derivatives import transpose as vjp
from autograd_core.transforms.right_sides import Arguments, as_state

__all__ = ["cumulative_simpson", "cumulative_trapezoid", "dblquad", "fixed_quad", "nquad",
           "odeint", "quad", "quad_vec", "romb", "simpson", "solve_ivp", "tplquad",
           "trapezoid"]  # fmt: skip


def __getattr__(name: str) -> Any:
    return guarded(_integrate, name)


class _Problem:
    """A right-hand side ``slope(y, t, *traced)`` and how SciPy is to solve it."""

    def __init__(
        self, slope: Callable[..., Any], how: dict[str, Any], back: dict[str, Any]
    ) -> None:
        self.slope, self.how, self.back = slope, how, back
        self.info: Any = None  # of the solver, with full_output


def _solve(y0: Any, t: Any, *traced: Any, problem: _Problem) -> Any:
    shape = np.shape(y0)
    slope = watched(problem.slope, "integrate.odeint")

    def flat(y: Any, s: float) -> Any:
        return np.ravel(slope(y.reshape(shape), np.float64(s), *traced))

    how = dict(problem.how)
    guide = how.pop("Dfun", None)
    if guide is not None:
        how["Dfun"] = lambda y, s: guide(y, s, *traced)
    made = _integrate.odeint(flat, np.ravel(y0), t, **how)
    if problem.how.get("full_output"):
        made, problem.info = made
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

    def __init__(self, slope: Callable[..., Any], y: Any, args: tuple[Any, ...]) -> None:
        self.slope = slope
        self.like = tuple(np.zeros(np.shape(x)) for x in (y, y, *args))

    def __call__(self, z: Any, s: Any, *args: Any) -> Any:
        y, a = _split(z, self.like)[:2]
        value, pull = vjp(lambda y, *p: self.slope(y, -s, *p), y, *args)
        return _joined([-value, *pull(a)])


def _ode_vjp(g: Any, ys: Any, y0: Any, t: Any, *args: Any, problem: _Problem) -> list[Any]:
    func = problem.slope
    backward = _Adjoint(func, y0, args)
    solved = _Problem(backward, problem.back, problem.back)
    times: list[Any] = [None] * len(t)
    sums: list[Any] = [np.zeros_like(a) for a in args]
    adjoint = g[-1]
    first: Any = 0.0
    for k in range(len(t) - 1, 0, -1):
        times[k] = np.sum(func(ys[k], t[k], *args) * g[k])
        first = first - times[k]
        start = _joined([ys[k], adjoint, *sums])
        span = np.stack([-t[k], -t[k - 1]])
        end = _ode(start, span, *args, problem=solved)[1]
        _, adjoint, *sums = _split(end, backward.like)
        adjoint = adjoint + g[k - 1]
    times[0] = -np.sum(func(ys[0], t[0], *args) * (adjoint - g[0])) if len(t) > 1 else first
    return [adjoint, np.stack(times), *sums]


class _Sensitivity:
    """The right side for the state and its tangent together."""

    def __init__(self, slope: Callable[..., Any], y: Any) -> None:
        self.slope = slope
        self.like = (np.zeros(np.shape(y)), np.zeros(np.shape(y)))

    def __call__(self, z: Any, s: Any, *both: Any) -> Any:
        y, tangent = _split(z, self.like)
        args, along = both[: len(both) // 2], both[len(both) // 2 :]
        return _joined(jvp(lambda y, *p: self.slope(y, s, *p), (y, *args), (tangent, *along)))


def _ode_jvp(ts: Any, ys: Any, y0: Any, t: Any, *args: Any, problem: _Problem) -> Any:
    func = problem.slope
    d0, dt, *dargs = ts
    forward = _Sensitivity(func, y0)
    start = _joined([y0, d0 - func(y0, t[0], *args) * dt[0]])
    solved = _Problem(forward, problem.back, problem.back)
    z = _ode(start, t, *args, *dargs, problem=solved)
    rows = []
    for k in range(len(t)):
        rows.append(_split(z[k], forward.like)[1] + func(ys[k], t[k], *args) * dt[k])
    return np.stack(rows)


_ode: Primitive = primitive(_solve, vjp=_ode_vjp, jvp=_ode_jvp, name="odeint", category="solver")


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    args: Any = (),
    Dfun: Callable[..., Any] | None = None,  # noqa: N803 - SciPy's name
    col_deriv: int = 0,
    full_output: int = 0,
    ml: int | None = None,
    mu: int | None = None,
    rtol: Any = None,
    atol: Any = None,
    tcrit: Any = None,
    h0: float = 0.0,
    hmax: float = 0.0,
    hmin: float = 0.0,
    ixpr: int = 0,
    mxstep: int = 0,
    mxhnil: int = 0,
    mxordn: int = 12,
    mxords: int = 5,
    printmessg: int = 0,
    tfirst: bool = False,
) -> Any:
    """Solve y' = func(y, t, *args); differentiable in y0, in t and in args.

    Parameters
    ----------
    func : callable
        ``func(y, t, *args)`` in NumPy functions, returning an array or a list;
        values that it uses from outside must be constants.
    y0 : array
        Where it starts: a number or a vector, as SciPy's; also a matrix.
    t : array (k,)
        Increasing or decreasing times; the first is y0's.
    args : tuple
        Whatever func takes. Traced values in it (in lists and dicts too) are
        differentiated; everything else reaches func as it is.
    rtol, atol : float or array, optional
        SciPy's tolerances; their smallest serves for the adjoint equation.
    Dfun, col_deriv, ml, mu, full_output, tcrit, h0, hmax, hmin, ixpr, mxstep, mxhnil, \
    mxordn, mxords, printmessg, tfirst
        As SciPy's. Step limits hold for the adjoint equation too; Dfun, ml and mu
        serve the solution alone.

    Returns
    -------
    array (k, ...)
        The solution at the times; with `full_output` also SciPy's report.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> end = lambda a: odeint(lambda y, t, a: -a * y, 1.0, [0.0, 1.0], (a,))[1, 0]
    >>> bool(abs(grad(end)(2.0) + np.exp(-2.0)) < 1e-6)
    True
    """
    limits = {"hmax": hmax, "hmin": hmin, "mxstep": mxstep, "mxhnil": mxhnil, "mxordn": mxordn,
              "mxords": mxords}  # fmt: skip
    own = {"col_deriv": col_deriv, "full_output": full_output, "ml": ml, "mu": mu, "rtol": rtol,
           "atol": atol, "tcrit": tcrit, "h0": h0, "ixpr": ixpr, "printmessg": printmessg,
           **limits}  # fmt: skip
    if not is_traced(y0, t, args) and np.ndim(y0) < 2:
        return _integrate.odeint(
            watched(func, "integrate.odeint"), y0, t, args, Dfun, tfirst=tfirst, **own
        )
    args = args if isinstance(args, tuple) else (args,)
    arguments = Arguments(args)

    def given(f: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of SciPy's as one of (y, t, *traced)."""

        def slope(y: Any, s: Any, *traced: Any) -> Any:
            rest = arguments.filled(traced)
            return as_state(f(s, y, *rest) if tfirst else f(y, s, *rest))

        return slope

    traced = arguments.traced()
    if Dfun is not None:
        own["Dfun"] = given(Dfun)
    back = {"rtol": _least(rtol), "atol": _least(atol), **limits}
    y0, t = as_floats(y0), as_floats(t)
    problem = _Problem(given(func), own, back)
    made = _ode(y0 if np.ndim(y0) else np.reshape(y0, (1,)), t, *traced, problem=problem)
    return (made, problem.info) if full_output else made


class _Initial(_Problem):
    """An initial value problem for solve_ivp."""

    def __init__(self, fun: Any, arguments: Arguments, vectorized: bool, how: Any, tight: Any):
        super().__init__(self.of_state, how, tight)
        self.fun, self.arguments, self.vectorized = fun, arguments, vectorized
        self.end: Any = None  # of SciPy's steps, if the times end before

    def of_state(self, y: Any, s: Any, *traced: Any) -> Any:
        """Return the slope as odeint's adjoint equations ask for it."""
        rest = self.arguments.filled(traced)
        if self.vectorized:
            return as_state(self.fun(s, y[:, None], *rest))[:, 0]
        return as_state(self.fun(s, y, *rest))


def _solve_initial(y0: Any, t: Any, *traced: Any, problem: _Initial) -> Any:
    own = problem.how["t_eval"] is None
    problem.info = _integrate.solve_ivp(
        watched(problem.fun, "integrate.solve_ivp"),
        (t[0], t[-1] if problem.end is None else problem.end), y0,
        args=problem.arguments.filled(traced) or None, vectorized=problem.vectorized,
        **{**problem.how, "t_eval": None if own else t},
    )  # fmt: skip
    if not problem.info.success:
        raise errors.AutogradError(f"solve_ivp: {problem.info.message}", Location.of_caller())
    return problem.info.y.T


_initial: Primitive = primitive(
    _solve_initial, vjp=_ode_vjp, jvp=_ode_jvp, name="solve_ivp", category="solver"
)
_TIGHT = 1e-9  # of the adjoint equations


def solve_ivp(
    fun: Callable[..., Any],
    t_span: Any,
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """Solve y' = fun(t, y, *args) as SciPy's does; differentiable in y0, the times and args.

    Parameters
    ----------
    fun : callable
        ``fun(t, y, *args)`` in NumPy functions, returning an array or a list; values that it uses
        from outside must be constants.
    t_span : (float, float)
        Where it starts and ends.
    y0 : array (n,)
        The state at the start, real.
    method, vectorized, **options
        As SciPy's.
    t_eval : array (k,), optional
        The times of the solution; SciPy's steps if left out, which are constants.
    dense_output, events
        As SciPy's; refused on traced values.
    args : tuple, optional
        Whatever fun takes. Traced values in it (in lists and dicts too) are differentiated.

    Returns
    -------
    OdeResult
        SciPy's, with `y` of shape (n, k) traced. The derivatives are those of the equation's
        solution, by odeint with tolerances of 1e-9 or SciPy's if smaller, and not those of
        SciPy's steps.

    Raises
    ------
    UnsupportedError
        With `dense_output`, `events`, a complex y0, or `t_eval` left out under vmap.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> end = lambda k: solve_ivp(lambda t, y, k: -k * y, (0, 1), [2.0], args=(k,)).y[0, -1]
    >>> round(grad(end)(0.5), 3)                    # -2 exp(-k)
    -1.213
    """
    if not is_traced(t_span, y0, t_eval, args):
        return _integrate.solve_ivp(
            watched(fun, "integrate.solve_ivp"), t_span, y0, method, t_eval, dense_output, events,
            vectorized, args, **options,
        )  # fmt: skip
    y0 = as_floats(y0)
    for what, asked in (("dense_output=", dense_output), ("events=", events is not None),
                        ("a complex y0", y0.dtype.kind == "c")):  # fmt: skip
        if asked:
            raise refuse(
                "integrate.solve_ivp", f"{what} is not supported on traced values.",
                "Give the times in t_eval=, or write autograd_core.scipy.integrate.odeint.",
            )  # fmt: skip
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    arguments = Arguments(args)
    tight = {k: min(_TIGHT, _least(options.get(k, _TIGHT))) for k in ("rtol", "atol")}
    how = {"method": method, "t_eval": t_eval, **options}
    problem = _Initial(fun, arguments, vectorized, how, tight)
    start, end = t_span
    if t_eval is None:
        given = (y0, start, end, *arguments.traced())
        numbers = [innermost_array(v) for v in given]
        if any(np.ndim(n) != np.ndim(v) for n, v in zip(numbers, given, strict=True)):
            raise refuse(
                "integrate.solve_ivp", "SciPy's steps differ from example to example under vmap.",
                "Give the times in t_eval=.",
            )  # fmt: skip
        _solve_initial(numbers[0], numbers[1:3], *numbers[3:], problem=problem)
        times: Any = join([start, *problem.info.t[1:-1].tolist(), end], float)
        kept = slice(None)
    else:
        t_eval, last = as_floats(t_eval), innermost_array(end)
        problem.end = last if np.ndim(last) == 0 else None
        starts = bool(np.all(innermost_array(t_eval[0] == start)))
        times = t_eval if starts else np.concatenate([np.reshape(start, (1,)), t_eval])
        kept = slice(None) if starts else slice(1, None)
    y = _initial(y0, times, *arguments.traced(), problem=problem)
    result = problem.info
    result.t, result.y = times[kept], y[kept].T
    return result


def _least(tolerance: Any) -> Any:
    return None if tolerance is None else float(np.min(tolerance))
