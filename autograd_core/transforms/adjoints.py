"""Derivatives of solutions, by the adjoint equation instead of through the solver's steps.

If F(x, a) = 0 defines x, then dx = -F_x^-1 F_a da, and the gradient of a is
-F_a^T w with the one linear system F_x^T w = g.  How x was found does not
matter, and no step of the finding is kept.  (A. Griewank and A. Walther,
"Evaluating Derivatives", 2008, chapter 15; for differential equations
L. Pontryagin et al., 1962, and R. Chen et al., 2018.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.operations.declare import linear as linear_map
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Boxed, Primitive, bare
from autograd_core.transforms.derivatives import pushed as jvp
from autograd_core.transforms.derivatives import transpose as vjp
from autograd_core.transforms.jacobians import jacobian
from autograd_core.transforms.right_sides import Arguments, as_state, is_floating

__all__ = ["implicit", "linear_solve", "odeint"]

Function = Callable[..., Any]

# Up to so many unknowns F_x is made and solved with; beyond, only its products are used.
DENSE = 500


def _unflat(vector: Any, like: Sequence[Any]) -> list[Any]:
    """Return the pieces of a vector in the shapes of other values."""
    made, start = [], 0
    for v in like:
        size = int(np.size(bare(v)))
        made.append(np.reshape(vector[start : start + size], np.shape(bare(v))))
        start += size
    return made


# --- roots and fixed points -------------------------------------------------------


def implicit(
    f: Function, solver: Function, fixed_point: bool = False, linear: str = "auto"
) -> Function:
    """Return the function that solves f(x, *args) = 0, differentiable in args.

    Parameters
    ----------
    f : callable
        ``f(x, *args)``, shaped like x: the residual; or with `fixed_point` the
        map whose fixed point ``x = f(x, *args)`` is meant.
    solver : callable
        ``solver(*args)`` returns the solution x, an array; it sees plain arrays
        and may do what it likes (scipy.optimize, a loop, a table).
    fixed_point : bool
        Whether f is an iteration instead of a residual.
    linear : {"auto", "dense", "iterative"}
        How the adjoint equation is solved: with the Jacobian, or with its
        products only (GMRES; needs scipy).  "auto": dense up to 500 unknowns.

    Returns
    -------
    callable
        ``solution(*args)``; derivatives of every order in both modes, at the
        cost of one linear system each, whatever the solver did.

    Raises
    ------
    ShapeError
        If f's value is not shaped like the solution.
    LinearAlgebraError
        When differentiated where the derivative of f by x is singular: the
        solution is not a smooth function of args there.

    Examples
    --------
    >>> from autograd_core import grad
    >>> from autograd_core.adjoints import implicit
    >>> root = implicit(lambda x, a: x * x - a, lambda a: np.sqrt(a))
    >>> float(grad(root)(4.0))                    # 1 / (2 sqrt(a))
    0.25
    >>> cosine = implicit(lambda x, a: np.cos(a * x), lambda a: 0.7390851332151607,
    ...                   fixed_point=True)
    >>> round(float(grad(cosine)(1.0)), 6)
    -0.297474
    """
    if linear not in ("auto", "dense", "iterative"):
        raise errors.OperandError(
            f"implicit(): linear={linear!r}; use 'auto', 'dense' or 'iterative'.",
            Location.of_caller(),
        )

    def residual(x: Any, *args: Any) -> Any:
        return f(x, *args) - x if fixed_point else f(x, *args)

    def run(*flat: Any, structure: Any) -> Any:
        args = tree.like(structure, flat)
        x = solver(*args)
        x = np.asarray(bare(x)) if not hasattr(bare(x), "dtype") else bare(x)
        shape = np.shape(bare(residual(x, *args)))
        if shape != x.shape:
            raise errors.ShapeError(
                f"implicit(): f returned shape {shape} at a solution of shape {x.shape}; "
                "f must return one equation for each unknown, in the same shape.",
                Location.of_caller(),
            )
        return x

    def pulled(g: Any, x: Any, *flat: Any, structure: Any) -> Any:
        def of_x(x: Any) -> Any:
            return residual(x, *tree.like(structure, flat))

        w = _solve_linear(
            linear,
            lambda v: vjp(of_x, x)[1](v)[0],
            lambda v: jvp(of_x, (x,), (v,))[1],
            lambda: np.transpose(_square(of_x, x)),
            g,
        )
        _, pullback = vjp(lambda *flat: residual(x, *tree.like(structure, flat)), *flat)
        return tuple(-c for c in pullback(w))

    def pushed(ts: Any, x: Any, *flat: Any, structure: Any) -> Any:
        def of_x(x: Any) -> Any:
            return residual(x, *tree.like(structure, flat))

        _, t = jvp(lambda *flat: residual(x, *tree.like(structure, flat)), flat, tuple(ts))
        return _solve_linear(
            linear,
            lambda v: jvp(of_x, (x,), (v,))[1],
            lambda v: vjp(of_x, x)[1](v)[0],
            lambda: _square(of_x, x),
            -t,
        )

    solved = primitive(run, vjp=pulled, jvp=pushed, name="implicit", arity=None, category="solver")

    def solution(*args: Any) -> Any:
        flat = [_array(v, "implicit()") for v in tree.leaves(args)]
        return solved(*flat, structure=tree.map_leaves(lambda v: 0, args))

    return solution


def _array(value: Any, operation: str) -> Any:
    if isinstance(value, Boxed):
        return value
    if value is None or isinstance(value, (str, bytes)):
        raise errors.DTypeError(
            f"{operation}: an argument is {value!r}; give floating-point values, and keep the rest "
            "in a closure.",
            Location.of_caller(),
        )
    made = np.asarray(value, dtype=float) if not hasattr(value, "dtype") else value
    if made.dtype.kind not in "fc":
        raise errors.DTypeError(
            f"{operation}: an argument of {made.dtype}; give floating-point values, and keep "
            "integers in a closure.",
            Location.of_caller(),
        )
    return made


def _square(f: Function, x: Any) -> Any:
    """Return the Jacobian of f at x as a matrix."""
    n = int(np.size(bare(x)))
    return np.reshape(jacobian(f)(x), (n, n))


def _solve_linear(
    kind: str, product: Function, transposed: Function, matrix: Callable[[], Any], right: Any
) -> Any:
    """Solve product(w) = right, with the matrix or with products only."""
    shape = np.shape(bare(right))
    n = int(np.prod(shape, dtype=int))
    if kind == "dense" or (kind == "auto" and n <= DENSE):
        try:
            return np.reshape(np.linalg.solve(matrix(), np.reshape(right, (n,))), shape)
        except np.linalg.LinAlgError as error:
            raise errors.LinearAlgebraError(
                f"the linear system of {n} unknowns is singular: the solution is not a smooth "
                "function of the arguments here.",
                Location.of_caller(),
            ) from error
    plain = {"product": lambda v: bare(product(v)), "transposed": lambda v: bare(transposed(v))}
    w = _krylov(right, **plain)
    if isinstance(product(bare(w)), Boxed):
        # The map itself is differentiated: a Newton step adds nothing to the value and one
        # order of derivative; two are right up to second order.
        for _ in range(2):
            w = w + _krylov(right - product(w), **plain)
    return w


def _gmres(right: Any, *, product: Function, transposed: Function) -> Any:
    try:
        from scipy.sparse.linalg import LinearOperator, gmres
    except ImportError as error:
        raise ImportError("linear='iterative' needs scipy: pip install scipy") from error
    n = int(np.size(right))
    operator = LinearOperator(
        (n, n), matvec=lambda v: np.ravel(product(v.reshape(right.shape))), dtype=right.dtype
    )
    found, failed = gmres(operator, np.ravel(right), rtol=1e-12, atol=1e-300, restart=min(n, 50))
    if failed:
        raise errors.LinearAlgebraError(
            f"the linear system of {n} unknowns was not solved by GMRES in {failed} steps; its "
            "matrix may be singular. Try linear='dense'.",
            Location.of_caller(),
        )
    return found.reshape(right.shape)


_krylov: Primitive = linear_map(
    _gmres,
    lambda g, x, *, product, transposed: _krylov(g, product=transposed, transposed=product),
    name="gmres",
    category="solver",
)


def linear_solve(matvec: Function, b: Any, linear: str = "auto") -> Any:
    """Return x with matvec(x) = b, differentiable in b and in what matvec closes over.

    Parameters
    ----------
    matvec : callable
        A linear map given by its products, plain NumPy; arrays that are
        differentiated must be reached as closure values of this call.
    b : array_like
        Right-hand side, shaped like x.
    linear : {"auto", "dense", "iterative"}
        As for `implicit`.

    Returns
    -------
    array
        The solution; its derivatives are those of the adjoint equation
        ``A^T w = g``: the gradient of b is w.

    Examples
    --------
    >>> from autograd_core import grad
    >>> from autograd_core.adjoints import linear_solve
    >>> A = np.array([[2.0, 1.0], [0.0, 4.0]])
    >>> grad(lambda b: np.sum(linear_solve(lambda x: A @ x, b)))(np.ones(2))
    array([0.5  , 0.125])
    """
    b = _array(b, "linear_solve()")
    origin = np.zeros_like(bare(b))
    shape = np.shape(bare(matvec(origin)))
    if shape != origin.shape:
        raise errors.ShapeError(
            f"linear_solve(): matvec returned shape {shape} for a vector of shape {origin.shape}.",
            Location.of_caller(),
        )
    return _solve_linear(
        linear,
        matvec,
        lambda v: vjp(matvec, origin)[1](v)[0],
        lambda: _square(matvec, origin),
        b,
    )


# --- differential equations -------------------------------------------------------


def odeint(
    f: Function,
    y0: Any,
    t: Any,
    *args: Any,
    method: str = "DOP853",
    rtol: float = 1e-8,
    atol: float = 1e-8,
) -> Any:
    """Return the solution of dy/dt = f(y, t, *args) at the times t, with adjoint derivatives.

    The gradient solves one more differential equation backwards, for the state,
    its adjoint and the gradients of args together: memory does not grow with
    the number of steps.  scipy's solver does the stepping (extra ``scipy``).

    Parameters
    ----------
    f : callable
        The right-hand side ``f(y, t, *args)``, shaped like y; a list will do.
    y0 : array_like
        The state at ``t[0]``.
    t : array_like
        At least two times, strictly monotone; the first is the start.
    *args
        Pytrees that f takes; floating-point values in them are differentiated, everything
        else (integers, strings, None) reaches f as it is.
    method : str
        A method of ``scipy.integrate.solve_ivp``.
    rtol, atol : float
        Tolerances of the solver, forwards and backwards.

    Returns
    -------
    array
        Of shape ``(len(t), *y0.shape)``; differentiable in y0, t and args, in
        reverse mode (adjoint equation) and forward mode (the equation of the
        tangent), each to first order.

    Raises
    ------
    ShapeError
        If the times do not form a strictly monotone vector, or f's value is not
        shaped like y0.

    Examples
    --------
    >>> from autograd_core import grad
    >>> from autograd_core.adjoints import odeint
    >>> end = lambda k: odeint(lambda y, t, k: -k * y, 2.0, [0.0, 1.0], k)[-1]
    >>> round(float(grad(end)(0.5)), 6)                    # -2 exp(-k)
    -1.213061
    """
    arguments = Arguments(args, is_floating)
    flat = [_array(v, "odeint()") for v in (y0, t, *arguments.traced())]
    times = bare(flat[1])
    steps = np.diff(times) if times.ndim == 1 else np.zeros(0)
    if times.ndim != 1 or len(times) < 2 or not (np.all(steps > 0) or np.all(steps < 0)):
        raise errors.ShapeError(
            f"odeint(): the times have shape {times.shape} and must be at least two, in strictly "
            "rising or falling order.",
            Location.of_caller(),
        )
    first = f(bare(flat[0]), times[0], *arguments.filled(map(bare, flat[2:])))
    slope = np.shape(bare(as_state(first)))
    if slope != np.shape(bare(flat[0])):
        raise errors.ShapeError(
            f"odeint(): f returned shape {slope} for a state of shape {np.shape(bare(flat[0]))}.",
            Location.of_caller(),
        )
    return _ode(*flat, problem=_Ode(f, arguments, method, rtol, atol))


class _Ode:
    """A differential equation, how it is solved, and how its arguments are nested."""

    def __init__(
        self, f: Function, arguments: Arguments, method: str, rtol: float, atol: float
    ) -> None:
        self.f, self.arguments = f, arguments
        self.method, self.rtol, self.atol = method, rtol, atol

    def slope(self, y: Any, t: Any, flat: Sequence[Any]) -> Any:
        return as_state(self.f(y, t, *self.arguments.filled(flat)))

    def solve(self, slope: Function, y: Any, times: Any) -> Any:
        """Return the states at the times, the first one given; each a vector."""
        try:
            from scipy.integrate import solve_ivp
        except ImportError as error:
            raise ImportError("odeint() needs scipy: pip install scipy") from error
        found = solve_ivp(
            slope, (times[0], times[-1]), y, method=self.method, t_eval=times,
            rtol=self.rtol, atol=self.atol,
        )  # fmt: skip
        if not found.success:
            raise errors.AutogradError(f"odeint(): {found.message}", Location.of_caller())
        return found.y.T


def _ode_forward(y0: Any, t: Any, *flat: Any, problem: _Ode) -> Any:
    def slope(time: float, y: Any) -> Any:
        return np.ravel(problem.slope(y.reshape(y0.shape), time, flat))

    states = problem.solve(slope, np.ravel(y0), t)
    return states.reshape((len(t), *y0.shape))


def _first_order(*values: Any) -> None:
    if any(isinstance(v, Boxed) and bare(v) is not v for v in values):
        raise errors.UnsupportedError(
            "odeint(): first-order derivatives only; for a second derivative, differentiate a "
            "solver written in NumPy.",
            Location.of_caller(),
        )


def _ode_pull(g: Any, y: Any, y0: Any, t: Any, *flat: Any, problem: _Ode) -> Any:
    _first_order(g, y, y0, t, *flat)
    return _back(g, y, y0, t, *flat, problem=problem)


def _ode_push(ts: Any, y: Any, y0: Any, t: Any, *flat: Any, problem: _Ode) -> Any:
    _first_order(y, y0, t, *flat, *ts)
    return _ahead(y, y0, t, *flat, *ts, problem=problem)


def _integrate_back(g: Any, y: Any, y0: Any, t: Any, *flat: Any, problem: _Ode) -> Any:
    """Integrate state, adjoint and gradients back from each time to the one before."""
    shape, n = y0.shape, y0.size
    adjoint = np.zeros(n)
    gradients = np.zeros(sum(np.size(a) for a in flat))
    to_times = np.zeros(len(t))

    def slope(time: float, joint: Any) -> Any:
        state, a = joint[:n].reshape(shape), joint[n : 2 * n].reshape(shape)
        value, pullback = vjp(lambda y, *flat: problem.slope(y, time, flat), state, *flat)
        back = pullback(a)
        return np.concatenate([np.ravel(value), *(-np.ravel(c) for c in back)])

    for k in range(len(t) - 1, 0, -1):
        here = problem.slope(y[k], t[k], flat)
        to_times[k] = np.sum(g[k] * here)
        adjoint = adjoint + np.ravel(g[k])
        start = np.concatenate([np.ravel(y[k]), adjoint, gradients])
        end = problem.solve(slope, start, np.array([t[k], t[k - 1]]))[-1]
        adjoint, gradients = end[n : 2 * n], end[2 * n :]
    # starting later with the same state moves every later state back along the slope there
    to_times[0] = -np.sum(adjoint * np.ravel(problem.slope(y0, t[0], flat)))
    adjoint = adjoint + np.ravel(g[0])
    return (adjoint.reshape(shape), to_times, *_unflat(gradients, flat))


def _integrate_tangent(y: Any, y0: Any, t: Any, *rest: Any, problem: _Ode) -> Any:
    """Integrate the state together with its tangent."""
    n = y0.size
    half = len(rest) // 2 - 1
    flat, (d0, dt, *dflat) = rest[:half], rest[half:]

    def slope(time: float, joint: Any) -> Any:
        state, tangent = joint[:n].reshape(y0.shape), joint[n:].reshape(y0.shape)
        value, pushed = jvp(
            lambda y, *flat: problem.slope(y, time, flat), (state, *flat), (tangent, *dflat)
        )
        return np.concatenate([np.ravel(value), np.ravel(pushed)])

    # a later start is an earlier state: the tangent at t[0] moves back along the slope
    begin = np.ravel(d0) - np.ravel(problem.slope(y0, t[0], flat)) * dt[0]
    states = problem.solve(slope, np.concatenate([np.ravel(y0), begin]), t)
    made = states[:, n:].reshape(y.shape)
    slopes = np.stack([problem.slope(y[k], t[k], flat) for k in range(len(t))])
    moved = made + slopes * dt.reshape((-1, *(1,) * y0.ndim))
    moved[0] = d0
    return moved


# Primitives without rules of their own: what is batched is run one by one.
_back = primitive(
    _integrate_back, name="odeint backwards", arity=None, multiple=True, category="solver"
)
_ahead = primitive(_integrate_tangent, name="odeint with tangent", arity=None, category="solver")
_ode = primitive(
    _ode_forward, vjp=_ode_pull, jvp=_ode_push, name="odeint", arity=None, category="solver"
)
