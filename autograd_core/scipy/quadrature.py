"""scipy.integrate.quad, differentiable in its limits and in the arguments of the function.

Leibniz's rule: the derivative in an argument is the integral of the derivative, which quad_vec
computes for all of an array at once, and the derivative in a limit is the function there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate as _integrate

from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive, innermost_array
from autograd_core.scipy.values import as_floats, is_traced, refuse, watched
from autograd_core.transforms.derivatives import pushed as jvp
from autograd_core.transforms.derivatives import transpose as vjp
from autograd_core.transforms.right_sides import Arguments, as_state

Run = Callable[[Callable[..., Any], Any, Any], Any]  # of a function and limits: value, and report


class _Integral:
    """A function ``func(t, *traced)``, and how SciPy is to integrate it and its derivatives."""

    def __init__(
        self, func: Callable[..., Any], run: Run, slopes: Run, moves: tuple[bool, bool]
    ) -> None:
        self.func, self.run, self.slopes = func, run, slopes
        self.moves = moves  # whether the lower limit is differentiated, and the upper one
        self.report: list[Any] = []  # what SciPy tells besides the value

    def value(self, a: Any, b: Any, args: tuple[Any, ...]) -> Any:
        """Return SciPy's value."""
        value, *self.report = self.run(lambda t: self.func(t, *args), a, b)
        return np.asarray(value)[()]

    def of(self, func: Callable[..., Any]) -> _Integral:
        """Return the integral of a derivative, which is an array."""
        return _Integral(func, self.slopes, self.slopes, self.moves)

    def ends(self, a: Any, b: Any, args: tuple[Any, ...]) -> Any:
        """Return the function at the limits that are differentiated, and are numbers; else 0."""
        return [
            self.func(t, *args)
            if moves and not np.any(np.isinf(innermost_array(t)))
            else np.zeros(())
            for moves, t in zip(self.moves, (a, b), strict=True)
        ]


def _pulled(g: Any, y: Any, a: Any, b: Any, *args: Any, problem: _Integral) -> list[Any]:
    at_a, at_b = problem.ends(a, b, args)
    ends = [-np.sum(g * at_a), np.sum(g * at_b)]
    if not args:
        return ends

    def slopes(t: Any, g: Any, *args: Any) -> Any:
        made = vjp(lambda *p: problem.func(t, *p), *args)[1](g)
        return np.concatenate([np.reshape(m, (-1,)) for m in made])

    flat = _integral(a, b, g, *args, problem=problem.of(slopes))
    start = 0
    for p in args:
        size = int(np.size(p))
        ends.append(np.reshape(flat[start : start + size], np.shape(p)))
        start += size
    return ends


def _pushed(ts: Any, y: Any, a: Any, b: Any, *args: Any, problem: _Integral) -> Any:
    da, db, *dargs = ts
    at_a, at_b = problem.ends(a, b, args)
    made = at_b * db - at_a * da
    if not args:
        return made
    count = len(args)

    def slope(t: Any, *both: Any) -> Any:
        return jvp(lambda *p: problem.func(t, *p), both[:count], both[count:])[1]

    return made + _integral(a, b, *args, *dargs, problem=problem.of(slope))


def _arrays(function: str, how: dict[str, Any]) -> Run:
    """Return what integrates functions that return arrays; errors name the function of SciPy's."""

    def run(func: Callable[..., Any], a: Any, b: Any) -> Any:
        seen = watched(func, function)
        return _integrate.quad_vec(lambda t: np.asarray(seen(t)), a, b, **how)

    return run


def _slopes(epsabs: float, how: dict[str, Any]) -> Run:
    limits = {"epsabs": epsabs, "epsrel": min(how["epsrel"], 1e-9), "points": how["points"]}
    return _arrays("integrate.quad", limits)


_integral: Primitive = primitive(
    lambda a, b, *args, problem: problem.value(a, b, args),
    vjp=_pulled, jvp=_pushed, name="quad", category="solver",
)  # fmt: skip


def quad(
    func: Callable[..., Any], a: Any, b: Any, args: Any = (), full_output: Any = 0,
    epsabs: float = 1.49e-8, epsrel: float = 1.49e-8, limit: int = 50, points: Any = None,
    weight: Any = None, wvar: Any = None, wopts: Any = None, maxp1: int = 50, limlst: int = 50,
    complex_func: bool = False,
) -> Any:  # fmt: skip
    """Integrate a function from a to b; differentiable in a, b and args.

    Parameters
    ----------
    func : callable
        ``func(t, *args)`` in NumPy functions, of a number; values that it uses from outside must
        be constants.
    a, b : float
        The limits; infinite ones are constants.
    args : tuple, optional
        Whatever func takes. Traced values in it (in lists and dicts too) are differentiated.
    full_output, epsabs, epsrel, limit, points, weight, wvar, wopts, maxp1, limlst, complex_func
        As SciPy's. `weight` and `complex_func` are refused with traced values. The integrals of
        the derivatives have tolerances of 1e-11 and 1e-9, or SciPy's if smaller.

    Returns
    -------
    y, abserr
        As SciPy's; the error has no derivative.

    Raises
    ------
    UnsupportedError
        With `weight` or `complex_func` and a traced value, and if func returns a traced value
        that did not come in through args.

    Examples
    --------
    >>> from autograd_core import grad
    >>> round(grad(lambda k: quad(lambda t, k: k * t**2, 0, 1, (k,))[0])(2.0), 6)
    0.333333
    """
    how = {"full_output": full_output, "epsabs": epsabs, "epsrel": epsrel, "limit": limit,
           "points": points}  # fmt: skip
    if not is_traced(a, b, args, points, wvar):
        return _integrate.quad(
            watched(func, "integrate.quad"), a, b, args, weight=weight, wvar=wvar, wopts=wopts,
            maxp1=maxp1, limlst=limlst, complex_func=complex_func, **how,
        )  # fmt: skip
    for name, asked in (("weight=", weight is not None), ("complex_func=", complex_func),
                        ("a traced points= or wvar=", is_traced(points, wvar))):  # fmt: skip
        if asked:
            raise refuse("integrate.quad", f"{name} is not supported on traced values.",
                         "Write the weight into the function, and real numbers.")  # fmt: skip
    arguments = Arguments(args if isinstance(args, tuple) else (args,))
    problem = _Integral(
        lambda t, *traced: as_state(func(t, *arguments.filled(traced))),
        lambda f, a, b: _integrate.quad(watched(f, "integrate.quad"), a, b, **how),
        _slopes(min(epsabs, 1e-11), how), (is_traced(a), is_traced(b)),
    )  # fmt: skip
    value = _integral(as_floats(a), as_floats(b), *arguments.traced(), problem=problem)
    return (value, *problem.report)


def quad_vec(
    f: Callable[..., Any], a: Any, b: Any, epsabs: float = 1e-200, epsrel: float = 1e-8,
    norm: str = "2", cache_size: float = 100e6, limit: int = 10000, workers: Any = 1,
    points: Any = None, quadrature: Any = None, full_output: bool = False, *, args: Any = (),
) -> Any:  # fmt: skip
    """Integrate a function that returns an array; differentiable in a, b and args.

    Parameters
    ----------
    f : callable
        ``f(t, *args)`` in NumPy functions, of a number; values that it uses from outside must be
        constants.
    a, b : float
        The limits; infinite ones are constants.
    epsabs, epsrel, norm, cache_size, limit, workers, points, quadrature, full_output
        As SciPy's. The integrals of the derivatives have tolerances of 1e-11 and 1e-9, or this
        epsrel if it is smaller; and quad_vec's own settings otherwise.
    args : tuple, optional
        Whatever f takes. Traced values in it (in lists and dicts too) are differentiated.

    Returns
    -------
    y, err
        As SciPy's, and with `full_output` its report; the error has no derivative.

    Raises
    ------
    UnsupportedError
        If f returns a traced value that did not come in through args, or `points` is traced.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> moments = lambda k: quad_vec(lambda t, k: k * np.stack([t, t**2]), 0, 1, args=(k,))[0]
    >>> round(grad(lambda k: np.sum(moments(k)))(2.0), 6)
    0.833333
    """
    how = {"epsabs": epsabs, "epsrel": epsrel, "norm": norm, "cache_size": cache_size,
           "limit": limit, "points": points, "quadrature": quadrature}  # fmt: skip
    args = args if isinstance(args, tuple) else (args,)
    if is_traced(points):
        raise refuse("integrate.quad_vec", "a traced points= is not supported.",
                     "Pass constants.")  # fmt: skip
    if not is_traced(a, b, args):
        more = {"args": args} if args else {}
        return _integrate.quad_vec(
            watched(f, "integrate.quad_vec"), a, b, **how, workers=workers,
            full_output=full_output, **more,
        )  # fmt: skip
    arguments = Arguments(args)
    asked = {**how, "workers": workers, "full_output": True}
    problem = _Integral(
        lambda t, *traced: as_state(f(t, *arguments.filled(traced))),
        _arrays("integrate.quad_vec", asked), _slopes(1e-11, how), (is_traced(a), is_traced(b)),
    )  # fmt: skip
    value = _integral(as_floats(a), as_floats(b), *arguments.traced(), problem=problem)
    return (value, *problem.report[: 2 if full_output else 1])


# --- over several variables -----------------------------------------------------------------------

_OPTIONS = {"epsabs", "epsrel", "limit", "points"}


class _Nested:
    """Integrals of integrals, each by quad: the function's first argument is the innermost."""

    def __init__(self, func: Callable[..., Any], opts: list[dict[str, Any]]) -> None:
        self.func, self.opts = func, opts
        self.errors: list[float] = []

    def level(self, depth: int) -> Callable[..., Any]:
        """Return the integral over the variables up to one, as a function of the others."""

        def integral(*given: Any) -> Any:
            *outer, args, ranges = given
            limits = ranges[depth]
            low, high = limits(*outer, *args) if callable(limits) else limits
            inner = self.level(depth - 1) if depth else self.innermost
            passed = (*outer, args, ranges[:depth])  # own limits: they are no matter of the inside
            made, error = quad(inner, low, high, passed, **self.opts[depth])[:2]
            self.errors.append(float(error))
            return made

        return integral

    def innermost(self, *given: Any) -> Any:
        """Return the function's value."""
        *variables, args, _ = given
        return self.func(*variables, *args)


def nquad(
    func: Callable[..., Any], ranges: Any, args: Any = None, opts: Any = None,
    full_output: bool = False,
) -> Any:  # fmt: skip
    """Integrate over several variables; differentiable in args and in limits that are numbers.

    Parameters
    ----------
    func : callable
        ``func(x0, x1, ..., *args)`` in NumPy functions, of numbers; values that it uses from
        outside must be constants.
    ranges : sequence
        For each variable, the innermost first, its limits: two numbers, or a function of the
        variables after it and of args, in NumPy functions.
    args : tuple, optional
        Further arguments; traced values in it are differentiated.
    opts : dict, or a sequence of dicts, optional
        Settings of `quad`. With traced values: ``epsabs``, ``epsrel``, ``limit`` and ``points``.
    full_output : bool
        As SciPy's; refused with traced values.

    Returns
    -------
    y, abserr
        As SciPy's; the error has no derivative.

    Raises
    ------
    UnsupportedError
        With `full_output` or other options and a traced value, and if a function returns a traced
        value that did not come in through args.

    Examples
    --------
    >>> from autograd_core import grad
    >>> area = lambda b: nquad(lambda x, y: x, [lambda y: (0, y), (0, b)])[0]
    >>> round(grad(area)(3.0), 6)
    4.5
    """
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    if not is_traced(ranges, args, opts):
        seen = [watched(r, "integrate.nquad") if callable(r) else r for r in ranges]
        return _integrate.nquad(watched(func, "integrate.nquad"), seen, args or None, opts,
                                full_output)  # fmt: skip
    each = [opts or {}] * len(ranges) if opts is None or isinstance(opts, dict) else list(opts)
    strange = any(not isinstance(o, dict) or set(o) - _OPTIONS for o in each)
    if full_output or strange or is_traced(opts):
        raise refuse("integrate.nquad", "full_output=, and options other than epsabs, epsrel, limit"
                     " and points, are not supported on traced values.",
                     "Leave them out.")  # fmt: skip
    nested = _Nested(func, each)
    value = nested.level(len(each) - 1)(args, list(ranges))
    return value, max(nested.errors)


def dblquad(
    func: Callable[..., Any], a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (),
    epsabs: float = 1.49e-8, epsrel: float = 1.49e-8,
) -> Any:  # fmt: skip
    """Integrate func(y, x) over x from a to b and y from gfun to hfun; differentiable in all.

    Parameters
    ----------
    func : callable
        ``func(y, x, *args)`` in NumPy functions, of numbers.
    a, b : float
        The limits of x.
    gfun, hfun : float or callable
        The limits of y, or functions of x in NumPy functions; what these use from outside must
        be constants.
    args : tuple, optional
        Further arguments of func; traced values in it are differentiated.
    epsabs, epsrel : float
        SciPy's tolerances.

    Returns
    -------
    y, abserr
        As SciPy's; the error has no derivative.

    Raises
    ------
    UnsupportedError
        If a function returns a traced value that did not come in through args.

    Examples
    --------
    >>> from autograd_core import grad
    >>> area = lambda b: dblquad(lambda y, x: y, 0.0, b, 0.0, lambda x: x)[0]
    >>> round(grad(area)(2.0), 6)
    2.0
    """
    lines = _calls_of(gfun, 1), _calls_of(hfun, 1)
    return nquad(func, [_limits(*lines), (a, b)], args, {"epsabs": epsabs, "epsrel": epsrel})


def tplquad(
    func: Callable[..., Any], a: Any, b: Any, gfun: Any, hfun: Any, qfun: Any, rfun: Any,
    args: Any = (), epsabs: float = 1.49e-8, epsrel: float = 1.49e-8,
) -> Any:  # fmt: skip
    """Integrate func(z, y, x) over a volume; differentiable in args and limits that are numbers.

    Parameters
    ----------
    func : callable
        ``func(z, y, x, *args)`` in NumPy functions, of numbers.
    a, b : float
        The limits of x.
    gfun, hfun : float or callable
        The limits of y, or functions of x.
    qfun, rfun : float or callable
        The limits of z, or functions of x and y.
    args : tuple, optional
        Further arguments of func; traced values in it are differentiated.
    epsabs, epsrel : float
        SciPy's tolerances.

    Returns
    -------
    y, abserr
        As SciPy's; the error has no derivative.

    Raises
    ------
    UnsupportedError
        If a function returns a traced value that did not come in through args.

    Examples
    --------
    >>> from autograd_core import grad
    >>> f = lambda b: tplquad(lambda z, y, x: z, 0.0, b, 0, 1, 0, 2.0)[0]
    >>> round(grad(f)(3.0), 6)
    2.0
    """
    inner = _limits(_calls_of(qfun, 2), _calls_of(rfun, 2))
    lines = _limits(_calls_of(gfun, 1), _calls_of(hfun, 1))
    return nquad(func, [inner, lines, (a, b)], args, {"epsabs": epsabs, "epsrel": epsrel})


def _calls_of(limit: Any, count: int) -> Any:
    """Return a limit; one that is a function as a function of its variables, the outermost last."""
    if not callable(limit):
        return limit
    return lambda *variables: limit(*variables[:count][::-1])


def _limits(low: Any, high: Any) -> Any:
    """Return limits as nquad takes them: two numbers, or one function."""
    if not callable(low) and not callable(high):
        return low, high
    if is_traced(low, high):
        raise refuse(
            "integrate.dblquad", "one limit is a function and the other one traced.",
            "Write both as functions of x, and what they depend on into nquad's args.",
        )  # fmt: skip

    def both(*variables: Any) -> Any:
        return tuple(end(*variables) if callable(end) else end for end in (low, high))

    return both
