"""Functions of functions: gradients, Jacobians, Hessians, and the two modes by themselves.

Called as in JAX.  Each opens a trace of its own, so they nest in any order:
``grad(grad(f))`` is reverse over reverse, ``jvp`` of a ``grad`` forward over
reverse.  Arguments and results are pytrees: nested dicts, lists and tuples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, overload

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.engine import trace_borders as borders
from autograd_core.engine.backward import seed_for, settled
from autograd_core.engine.dual import Dual
from autograd_core.engine.node import Node
from autograd_core.engine.pushing import push
from autograd_core.engine.sweeping import collect, sweep
from autograd_core.engine.tensor import Tensor, leaf
from autograd_core.engine.trace_borders import pick
from autograd_core.engine.traced import as_inexact
from autograd_core.operations.primitive import Boxed, bare, level_of

Function = Callable[..., Any]
_X = TypeVar("_X")  # the first argument, which is differentiated
_Y = TypeVar("_Y")  # the value
_Aux = TypeVar("_Aux")
_P = ParamSpec("_P")  # the other arguments
_Many = int | Sequence[int]


def _inexact_leaf(value: Any, operation: str) -> Any:
    """Return a differentiable leaf; Python integers are refused like integer arrays."""
    if isinstance(value, Tensor) and not value._level:
        value = value._held
    if isinstance(value, (bool, int)):
        value = np.asarray(value)
    return as_inexact(value, operation)


def _shielded(value: Any) -> Any:
    """Return an array that f cannot write into: the caller's stays as it is."""
    if value.__class__ is np.ndarray and value.flags.writeable:
        value = value.view()
        value.flags.writeable = False
    return value


def _as_given(value: Any, given: Any) -> Any:
    """Return a derivative in the kind of the argument it belongs to."""
    if isinstance(value, Boxed):
        return value
    if isinstance(given, Tensor):
        return given._constant(value)
    if type(given) is float:
        return float(value)
    return value


def _as_of(level: int, result: Any) -> Any:
    """Return a result with its leaves as values of a trace: younger tapes that f made end here."""
    if isinstance(result, Boxed) and result._level <= level:
        return result

    def lowered(value: Any) -> Any:
        while isinstance(value, Boxed) and value._level > level:
            value = value._below()
        return value

    return tree.map_leaves(lowered, result)


class _Trace:
    """A run of f with tracked inputs: the leaves, the outputs, the recorded nodes between."""

    def __init__(
        self, f: Function, args: Sequence[Any], operation: str, checked: bool = True
    ) -> None:
        self.checked = checked  # the engine's own functions may run in a trace's later sweeps
        self.given = tree.leaves(tuple(args))
        self.level = borders.users_level()
        values = [_shielded(_inexact_leaf(v, operation)) for v in self.given]
        tracked = [leaf(v, self.level) for v in values]
        self.inputs: list[Node] = [t._node for t in tracked]  # type: ignore[misc]
        self.structure = tuple(args)
        self.operation = operation
        with borders.trace(self.level):
            self.result = _as_of(self.level, f(*tree.like(tuple(args), tracked)))
        if checked:
            borders.check_result(self.result, self.level, operation)

    def below(self, value: Any) -> Any:
        """Return an output as the caller sees it: without this trace."""
        if isinstance(value, Tensor):
            if value._level == self.level:
                return value._held
            if not value._level and not any(isinstance(g, Boxed) for g in self.given):
                return value._held
        return value

    def found(self, outputs: Sequence[Any], seeds: Sequence[Any], retain: bool = True) -> list[Any]:
        """Return the gradient of every input; None for one that the outputs do not depend on."""
        pairs: list[tuple[Any, Any]] = [
            (out._node, seed)
            for out, seed in zip(outputs, seeds, strict=True)
            if isinstance(out, Tensor) and out._level == self.level and seed is not None
        ]
        borders.RUNNING.append(self.level)  # rules may close over its values
        try:
            swept = sweep(
                [node for node, _ in pairs],
                [seed for _, seed in pairs],
                set(self.inputs),
                retain=retain,
                all_lead=True,
            )
        finally:
            borders.RUNNING.remove(self.level)
        found = settled(swept, conjugate=False)
        return self.alive([found.get(n) for n in self.inputs])

    def pushed(self, order: Sequence[Node], seeds: dict[Node, Any], nodes: Any) -> list[Any]:
        """Return the tangent of every node; None for one that nothing reaches."""
        with borders.trace(self.level):  # rules may close over its values
            tangents = push(order, seeds, nodes)
        return self.alive(tangents)

    def alive(self, values: list[Any]) -> list[Any]:
        """Return seeds and derivatives; an error for one whose trace has ended."""
        return [borders.alive(v, self.operation) for v in values] if self.checked else values

    def pull(self, outputs: Sequence[Any], seeds: Sequence[Any], retain: bool = True) -> list[Any]:
        """Return the gradient of every input, in the kind of the argument."""
        found = self.found(outputs, seeds, retain)
        return [
            _as_given(np.zeros_like(n.output) if g is None else g, given)
            for n, g, given in zip(self.inputs, found, self.given, strict=True)
        ]


@overload
def vjp(f: Callable[..., _Y], *primals: Any) -> tuple[_Y, Callable[[Any], tuple[Any, ...]]]: ...
@overload
def vjp(f: Function, *primals: Any, has_aux: bool) -> Any: ...
@borders.keywords
def vjp(f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Run f and return its value and the function that pulls cotangents back.

    Parameters
    ----------
    f : callable
        Any function of pytrees of arrays that returns a pytree of arrays.
    *primals
        Where to evaluate it.
    has_aux : bool
        Whether f returns ``(output, auxiliary)``; the auxiliary is passed on.

    Returns
    -------
    out
        f's value.
    pullback : callable
        Takes a cotangent nested like out, returns a tuple of gradients, one
        for each primal; may be called any number of times.
    aux
        Only with `has_aux`.

    Examples
    --------
    >>> import numpy as np
    >>> out, pullback = vjp(np.sin, 0.0)
    >>> pullback(2.0)
    (2.0,)
    """
    return _pullback(f, primals, has_aux, True)


def transpose(f: Function, *primals: Any) -> Any:
    """As `vjp`, for the engine's own linear functions, which may depend on nothing."""
    return _pullback(f, primals, False, False)


def _pullback(f: Function, primals: tuple[Any, ...], has_aux: bool, checked: bool) -> Any:
    trace = _Trace(f, primals, "vjp()", checked)
    result, aux = _split_aux(trace.result, has_aux, "vjp")
    outputs = tree.leaves(result)
    if checked:
        borders.check_outputs(outputs, trace.level, "vjp()")

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        seeds = trace.alive(_cotangents(result, cotangent))
        checked = [
            None
            if c is None or not isinstance(o, Boxed)
            else seed_for(o, c, "pullback()", "cotangent")
            for o, c in zip(outputs, seeds, strict=True)
        ]
        gradients: tuple[Any, ...] = tree.like(trace.structure, trace.pull(outputs, checked))
        return gradients

    value = tree.map_leaves(trace.below, result)
    return (value, pullback, tree.map_leaves(trace.below, aux)) if has_aux else (value, pullback)


def _cotangents(result: Any, cotangent: Any) -> list[Any]:
    """Return one cotangent for each leaf of a result; None stands for zeros of any pytree."""
    if cotangent is None:
        return [None] * len(tree.leaves(result))
    found = tree.leaves_like(result, cotangent, partial=True)
    if found is None:
        raise errors.SeedError(
            "pullback(): the cotangent is not nested like the function's result.",
            Location.of_caller(),
        )
    return found


def _split_aux(result: Any, has_aux: bool, operation: str) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise errors.OperandError(
            f"{operation}(has_aux=True): the function must return (output, auxiliary).",
            Location.of_caller(),
        )
    return result


@overload
def jvp(f: Callable[..., _Y], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[_Y, _Y]: ...
@overload
def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool) -> Any: ...
@borders.keywords
def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """Run f and push tangents forward with it, in one pass (dual numbers).

    Parameters
    ----------
    f : callable
        Any function of pytrees of arrays.
    primals, tangents : tuple or list
        One for each argument, nested and shaped alike.
    has_aux : bool
        Whether f returns ``(output, auxiliary)``.

    Returns
    -------
    out
        f's value.
    tangent
        Its derivative along the tangents, nested like out.
    aux
        Only with `has_aux`.

    Raises
    ------
    SeedError
        If primals and tangents do not match.

    Examples
    --------
    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (np.float64(6.0), np.float64(3.0))
    """
    return pushed(f, primals, tangents, has_aux, True)


def pushed(
    f: Function,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
    checked: bool = False,
) -> Any:
    """As `jvp`, for the engine's own functions, which may depend on nothing."""
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise errors.OperandError(
            "jvp(): primals and tangents must be tuples or lists.", Location.of_caller()
        )
    directions = tree.leaves_like(tuple(primals), tuple(tangents))
    if directions is None:
        raise errors.SeedError(
            "jvp(): primals and tangents are not nested alike.", Location.of_caller()
        )
    given = tree.leaves(tuple(primals))
    level = borders.users_level()

    def alive(value: Any) -> Any:
        return borders.alive(value, "jvp()") if checked else value

    duals = []
    for p, t in zip(given, directions, strict=True):
        value = _shielded(_inexact_leaf(p, "jvp()"))
        duals.append(Dual._make(value, seed_for(value, alive(t), "jvp()", "tangent"), level))
    with borders.trace(level):
        result = _as_of(level, f(*tree.like(tuple(primals), duals)))
    if checked:
        borders.check_result(result, level, "jvp()")
    result, aux = _split_aux(result, has_aux, "jvp")
    if checked:
        borders.check_outputs(tree.leaves(result), level, "jvp()")
    keep = any(isinstance(g, Boxed) for g in given)

    def below(value: Any) -> Any:
        if isinstance(value, Dual) and value._level == level:
            return value.primal
        return value._held if isinstance(value, Tensor) and not value._level and not keep else value

    outer = next((g for g in given if isinstance(g, Tensor)), None)

    def tangent(value: Any) -> Any:
        if isinstance(value, Dual) and value._level == level:
            t = alive(value.tangent)
        else:
            t = np.zeros_like(below(value))
        return t if outer is None or isinstance(t, Boxed) else outer._constant(t)

    out, t = tree.map_leaves(below, result), tree.map_leaves(tangent, result)
    return (out, t, tree.map_leaves(below, aux)) if has_aux else (out, t)


@borders.keywords
def linearize(f: Function, *primals: Any) -> Any:
    """Run f once and return its value and the linear map that pushes tangents forward.

    Parameters
    ----------
    f : callable
        Any function of pytrees of arrays.
    *primals
        Where to evaluate it.

    Returns
    -------
    out
        f's value.
    pushforward : callable
        Takes one tangent for each primal, returns the tangent of out without
        running f again.

    Examples
    --------
    >>> import numpy as np
    >>> out, pushforward = linearize(np.exp, 0.0)
    >>> float(pushforward(3.0))
    3.0
    """
    trace = _Trace(f, primals, "linearize()")
    outputs = tree.leaves(trace.result)
    borders.check_outputs(outputs, trace.level, "linearize()")
    nodes = [o._node for o in outputs if isinstance(o, Tensor) and o._level == trace.level]
    order = collect(nodes)[::-1]  # type: ignore[arg-type]

    def pushforward(*tangents: Any) -> Any:
        given = tree.leaves_like(trace.structure, tangents)
        if given is None:
            raise errors.SeedError(
                "pushforward(): the tangents are not nested like the primals.",
                Location.of_caller(),
            )
        seeds = {
            n: seed_for(n.output, t, "pushforward()", "tangent")
            for n, t in zip(trace.inputs, trace.alive(given), strict=True)
        }
        found = iter(trace.pushed(order, seeds, nodes))

        def tangent(value: Any) -> Any:
            here = isinstance(value, Tensor) and value._level == trace.level
            t = next(found) if here else None
            return np.zeros_like(trace.below(value)) if t is None else t

        return tree.map_leaves(tangent, trace.result)

    return tree.map_leaves(trace.below, trace.result), pushforward


def _partial(
    f: Function, args: tuple[Any, ...], chosen: tuple[int, ...], keywords: Any
) -> Function:
    """Return f as a function of the chosen arguments only."""

    def of_chosen(*values: Any) -> Any:
        full = list(args)
        for k, value in zip(chosen, values, strict=True):
            full[k] = value
        return f(*full, **keywords)

    return of_chosen


@overload
def value_and_grad(
    f: Callable[Concatenate[_X, _P], _Y],
) -> Callable[Concatenate[_X, _P], tuple[_Y, _X]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[_X, _P], tuple[_Y, _Aux]], *, has_aux: Literal[True]
) -> Callable[Concatenate[_X, _P], tuple[tuple[_Y, _Aux], _X]]: ...
@overload
def value_and_grad(f: Function, argnums: _Many, has_aux: bool = False) -> Function: ...
@overload
def value_and_grad(f: Function, *, has_aux: bool) -> Function: ...
@borders.keywords
def value_and_grad(
    f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Function:
    """Return a function that computes f and its gradient in one forward and one reverse pass.

    Parameters
    ----------
    f : callable
        Returns a scalar (or, with `has_aux`, a scalar and anything else).
    argnums : int or sequence of int
        The positional arguments to differentiate.
    has_aux : bool
        Whether f returns ``(value, auxiliary)``.

    Returns
    -------
    callable
        Takes f's arguments, returns ``(value, gradient)``, the gradient nested
        like the argument (a tuple of them for several argnums); with `has_aux`
        ``((value, auxiliary), gradient)``.

    Raises
    ------
    NonScalarError
        If f's value is not a scalar.
    DTypeError
        If an argument to differentiate is not floating-point.

    Examples
    --------
    >>> value_and_grad(lambda w: w["a"] * w["b"])({"a": 2.0, "b": 3.0})
    (np.float64(6.0), {'a': 3.0, 'b': 2.0})
    """
    return pulled_from(f, argnums, has_aux, "value_and_grad")


def pulled_from(
    f: Function, argnums: int | Sequence[int], has_aux: bool, name: str
) -> Callable[..., tuple[Any, Any]]:
    """Return what `value_and_grad` does, for the transform whose name errors should say."""
    operation = f"{name}()"

    @wraps(f)
    def differentiated(*args: Any, **keywords: Any) -> Any:
        chosen = pick(args, argnums, operation)
        trace = _Trace(_partial(f, args, chosen, keywords), [args[k] for k in chosen], operation)
        result, aux = _split_aux(trace.result, has_aux, name)
        if isinstance(result, (dict, list, tuple)) or result is None:
            raise errors.NonScalarError(
                f"{operation}: the function returned a {type(result).__name__}, not a scalar; "
                "use has_aux=True for extra results, or jacobian().",
                Location.of_caller(),
            )
        if not isinstance(bare(result), (bool, int, float, complex)) and not hasattr(
            bare(result), "dtype"
        ):
            raise errors.OperandError(
                f"{operation}: the function returned a {type(result).__name__}, not a number.",
                Location.of_caller(),
            )
        shape = np.shape(bare(result))
        if math.prod(shape) != 1:
            raise errors.NonScalarError(
                f"{operation}: the function returned shape {shape}, and only a scalar has a "
                "gradient; use jacobian(), or vjp() with a cotangent.",
                Location.of_caller(),
            )
        borders.check_outputs([result], trace.level, operation)
        seed = seed_for(result, None, operation) if isinstance(result, Boxed) else 1.0
        if isinstance(seed, Boxed) and isinstance(seed, Tensor) and not seed._level:
            seed = seed._held
        pulled = trace.pull([result], [seed], retain=False)
        gradients = tree.like(trace.structure, pulled)
        value = trace.below(result)
        if has_aux:
            value = (value, tree.map_leaves(trace.below, aux))
        return value, gradients[0] if not isinstance(argnums, (tuple, list)) else gradients

    return differentiated


@overload
def grad(f: Callable[Concatenate[_X, _P], Any]) -> Callable[Concatenate[_X, _P], _X]: ...
@overload
def grad(
    f: Callable[Concatenate[_X, _P], tuple[Any, _Aux]], *, has_aux: Literal[True]
) -> Callable[Concatenate[_X, _P], tuple[_X, _Aux]]: ...
@overload
def grad(f: Function, argnums: _Many, has_aux: bool = False) -> Function: ...
@overload
def grad(f: Function, *, has_aux: bool) -> Function: ...
@borders.keywords
def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return a function that computes the gradient of f.

    Parameters
    ----------
    f, argnums, has_aux
        As in `value_and_grad`.

    Returns
    -------
    callable
        Takes f's arguments, returns the gradient; with `has_aux`
        ``(gradient, auxiliary)``.

    Examples
    --------
    >>> import numpy as np
    >>> grad(lambda x: np.sum(x ** 3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> grad(grad(np.sin))(0.0)
    -0.0
    """
    return gradient_of(f, argnums, has_aux, "grad")


def gradient_of(
    f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, name: str = "grad"
) -> Function:
    """Return what `grad` does, for the transform whose name errors should say."""
    both = pulled_from(f, argnums, has_aux, name)

    @wraps(f)
    def gradient(*args: Any, **keywords: Any) -> Any:
        value, g = both(*args, **keywords)
        return (g, value[1]) if has_aux else g

    return gradient


@borders.keywords
def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Return the Hessian of f times a vector, forward over reverse, without the Hessian.

    Parameters
    ----------
    f : callable
        Returns a scalar.
    primals, tangents : tuple or list
        The point and the vector, each with one entry per argument.

    Returns
    -------
    The product, nested like the primals (the argument itself if there is one).

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda x: np.sum(x ** 3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    if not isinstance(primals, (tuple, list)):
        raise errors.OperandError("hvp(): primals must be a tuple or list.", Location.of_caller())
    single = len(primals) == 1
    gradient = gradient_of(f, 0 if single else tuple(range(len(primals))), name="hvp")
    product = pushed(gradient, primals, tangents)[1]  # of a linear f: zero
    return tree.map_leaves(lambda t: borders.alive(t, "hvp()"), product)


__all__ = [
    "grad",
    "hvp",
    "jvp",
    "level_of",
    "linearize",
    "value_and_grad",
    "vjp",
]
