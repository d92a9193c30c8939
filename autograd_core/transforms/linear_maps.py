"""The two modes by themselves: gradients pulled back, tangents pushed forward.

Called as in JAX.  Each is a linear map at a point: `vjp` and `jvp` run the function and apply the
map; `linearize` runs it once and returns the map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.engine import trace_borders
from autograd_core.engine.backward import seed_for
from autograd_core.engine.dual import Dual
from autograd_core.engine.sweeping import collect
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import Boxed
from autograd_core.transforms.tracing import (
    Function,
    Trace,
    as_of,
    inexact_leaf,
    shielded,
    split_aux,
)

_Y = TypeVar("_Y")  # the value


@overload
def vjp(f: Callable[..., _Y], *primals: Any) -> tuple[_Y, Callable[[Any], tuple[Any, ...]]]: ...
@overload
def vjp(f: Function, *primals: Any, has_aux: bool) -> Any: ...
@trace_borders.keywords
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
    trace = Trace(f, primals, "vjp()", checked)
    result, aux = split_aux(trace.result, has_aux, "vjp")
    outputs = tree.leaves(result)
    if checked:
        trace_borders.check_outputs(outputs, trace.level, "vjp()")

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


@overload
def jvp(f: Callable[..., _Y], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[_Y, _Y]: ...
@overload
def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool) -> Any: ...
@trace_borders.keywords
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
    level = trace_borders.users_level()

    def alive(value: Any) -> Any:
        return trace_borders.alive(value, "jvp()") if checked else value

    duals = []
    for p, t in zip(given, directions, strict=True):
        value = shielded(inexact_leaf(p, "jvp()"))
        duals.append(Dual._make(value, seed_for(value, alive(t), "jvp()", "tangent"), level))
    with trace_borders.trace(level):
        result = as_of(level, f(*tree.like(tuple(primals), duals)))
    if checked:
        trace_borders.check_result(result, level, "jvp()")
    result, aux = split_aux(result, has_aux, "jvp")
    if checked:
        trace_borders.check_outputs(tree.leaves(result), level, "jvp()")
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


@trace_borders.keywords
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
    trace = Trace(f, primals, "linearize()")
    outputs = tree.leaves(trace.result)
    trace_borders.check_outputs(outputs, trace.level, "linearize()")
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
