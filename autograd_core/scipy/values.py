"""SciPy's value with our derivative: what the modules of this package have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import numpy as np
import scipy

from autograd_core.base import errors, tree
from autograd_core.base.packages import module_of
from autograd_core.base.source import Location
from autograd_core.operations.boxed import Boxed
from autograd_core.operations.declare import primitive
from autograd_core.operations.nested_sequences import holds, join
from autograd_core.operations.primitive import Primitive
from autograd_core.transforms.derivatives import pushed as jvp
from autograd_core.transforms.derivatives import transpose as vjp

# SciPy takes stacks of matrices everywhere from 1.16 on; before, vmap goes one by one.
STACKED = "linalg" if tuple(map(int, scipy.__version__.split(".")[:2])) >= (1, 16) else "solver"


def is_traced(*values: Any) -> bool:
    """Whether a traced value is among the values or inside of them."""
    return any(isinstance(leaf, Boxed) for leaf in tree.leaves(values))


def as_floats(x: Any) -> Any:
    """Return lists and integers as floats; traced values and arrays of floats as they are."""
    if not hasattr(x, "dtype"):
        x = join(x) if holds(x) else np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(float)


def refuse(
    function: str, what: str, remedy: str, where: Location | None = None
) -> errors.UnsupportedError:
    """Return the error for a derivative that is not known or does not exist."""
    where = where or Location.of_caller()
    return errors.UnsupportedError(f"scipy.{function}: {what} {remedy}", where)


def refuse_slopes_in(function: str, /, *, remedy: str = "Pass a constant.", **given: Any) -> None:
    """Refuse traced values in arguments that have no derivative."""
    for word, value in given.items():
        if is_traced(value):
            raise refuse(function, f"has no derivative in {word}.", remedy)


def refuse_traced(function: str, remedy: str, *values: Any) -> None:
    """Raise if a traced value is among the arguments of a function without derivative."""
    if is_traced(*values):
        raise refuse(function, "has no derivative.", remedy)


def watched(f: Callable[..., Any], function: str) -> Callable[..., Any]:
    """Return a function that SciPy will call; it raises if f returns a traced value.

    SciPy's compiled code would take its number and lose the derivative.
    """
    where = Location.of_caller()  # the user's line, and not SciPy's that will call f

    @wraps(f)
    def checked(*args: Any, **keywords: Any) -> Any:
        made = f(*args, **keywords)
        if is_traced(made):
            raise refuse(
                function,
                "the function passed to it returns a traced value, whose derivative would be lost.",
                "Pass what is differentiated as an argument, where this function has a rule for "
                "it; see also autograd_core.adjoints.",
                where,
            )
        return made

    return checked


def places_of(wanted: Any, found: Any) -> Any:
    """Return where numbers stand among others that differ by rounding, each place once.

    Examples
    --------
    >>> places_of(np.array([3.0, 1.0]), np.array([1.0 + 1e-12, 3.0]))
    array([1, 0])
    """
    free, places = list(range(len(found))), []
    for number in wanted:
        nearest = min(free, key=lambda k: abs(found[k] - number))
        free.remove(nearest)
        places.append(nearest)
    return np.array(places, dtype=int)


def instead_of(module: str, name: str) -> str | None:
    """Return the function here that does what one of SciPy's does, if there is one.

    >>> instead_of("scipy.signal", "convolve")
    'autograd_core.scipy.signal.convolve'
    """
    ours = f"autograd_core.{module}"
    if (
        module.removeprefix("scipy.").partition(".")[0]
        not in import_module("autograd_core.scipy").__all__
    ):
        return None
    found = getattr(import_module(ours), name, None)
    made_here = module_of(found).startswith("autograd_core.scipy")
    return f"{ours}.{name}" if made_here else None


def along(f: Callable[..., Any], args: tuple[Any, ...], k: int) -> Any:
    """Return the partial derivative of an elementwise function to its k-th argument."""

    def of_one(x: Any) -> Any:
        return f(*args[:k], x, *args[k + 1 :])

    x = as_floats(args[k])
    return jvp(of_one, (x,), (np.ones_like(x),))[1]


def valued(
    value: Callable[..., Any], composition: Callable[..., Any], name: str, arity: int
) -> Primitive:
    """Declare a SciPy function whose derivative is that of a composition of known operations.

    Parameters
    ----------
    value : callable
        ``value(*arrays, **settings)``: SciPy's function, which computes the value.
    composition : callable
        The same function where it is differentiable, in dispatchable functions.
    name : str
        As in `primitive`.
    arity : int
        Number of array arguments.
    """

    def of_one(k: int, args: tuple[Any, ...], settings: dict[str, Any]) -> Callable[..., Any]:
        return lambda x: composition(*args[:k], x, *args[k + 1 :], **settings)

    def back(k: int) -> Callable[..., Any]:
        def pulled(g: Any, y: Any, *args: Any, **settings: Any) -> Any:
            if not np.size(args[k]) or not np.size(y):
                return np.zeros_like(args[k])
            return vjp(of_one(k, args, settings), args[k])[1](g)[0]

        return pulled

    def ahead(k: int) -> Callable[..., Any]:
        def pushed(t: Any, y: Any, *args: Any, **settings: Any) -> Any:
            if not np.size(args[k]) or not np.size(y):
                return np.zeros_like(y)
            return jvp(of_one(k, args, settings), (args[k],), (t,))[1]

        return pushed

    places = range(arity)
    vjps, jvps = [back(k) for k in places], [ahead(k) for k in places]
    return primitive(value, vjp=vjps, jvp=jvps, name=name, arity=arity, category="scipy")
