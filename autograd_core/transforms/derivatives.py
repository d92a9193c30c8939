"""Gradients: grad, value_and_grad, and the Hessian times a vector.

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
from autograd_core.engine import trace_borders
from autograd_core.engine.backward import seed_for
from autograd_core.engine.trace_borders import pick
from autograd_core.operations.primitive import Boxed, bare
from autograd_core.transforms.linear_maps import jvp, linearize, pushed, transpose, vjp
from autograd_core.transforms.tracing import Function, Trace, partial, split_aux

_X = TypeVar("_X")  # the first argument, which is differentiated
_Y = TypeVar("_Y")  # the value
_Aux = TypeVar("_Aux")
_P = ParamSpec("_P")  # the other arguments
_Many = int | Sequence[int]


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
@trace_borders.keywords
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
        trace = Trace(partial(f, args, chosen, keywords), [args[k] for k in chosen], operation)
        result, aux = split_aux(trace.result, has_aux, name)
        if isinstance(result, (dict, list, tuple)) or result is None:
            raise errors.NonScalarError(
                f"{operation}: the function returned a {type(result).__name__}, not a scalar; "
                "use has_aux=True for extra results, or jacobian().",
                Location.of_caller(),
            )
        value = bare(result)
        if not isinstance(value, (bool, int, float, complex)) and not hasattr(value, "dtype"):
            raise errors.OperandError(
                f"{operation}: the function returned a {type(result).__name__}, not a number.",
                Location.of_caller(),
            )
        shape = () if isinstance(value, float) else np.shape(value)
        if math.prod(shape) != 1:
            raise errors.NonScalarError(
                f"{operation}: the function returned shape {shape}, and only a scalar has a "
                "gradient; use jacobian(), or vjp() with a cotangent.",
                Location.of_caller(),
            )
        trace_borders.check_outputs([result], trace.level, operation)
        seed = seed_for(result, None, operation) if isinstance(result, Boxed) else 1.0
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
@trace_borders.keywords
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


@trace_borders.keywords
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
    return tree.map_leaves(lambda t: trace_borders.alive(t, "hvp()"), product)


__all__ = [
    "grad",
    "gradient_of",
    "hvp",
    "jvp",
    "linearize",
    "pulled_from",
    "pushed",
    "transpose",
    "value_and_grad",
    "vjp",
]
