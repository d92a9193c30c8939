"""``out=``: results that NumPy's functions write into an array or into a traced value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine import inplace
from autograd_core.engine.node import next_tick
from autograd_core.engine.overwrites import OVERWRITES
from autograd_core.operations.modes import BASE, current
from autograd_core.operations.primitive import Boxed, bare, unwrapped


def written(function: Callable[..., Any], args: Any, keywords: dict[str, Any]) -> Any:
    """Do ``function(*args, out=out)`` where a traced value is among the arguments or is `out`.

    Constants are written into arrays by NumPy itself; a traced `out` takes on the result, as in
    ``out[...] = function(*args)``.  The derivative of anything else would be lost in the array.
    """
    out = keywords["out"]
    single: Any = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    where = keywords.get("where", True)
    traced = isinstance(single, Boxed)
    rest = {k: v for k, v in keywords.items() if k not in ("out", "where")}
    if traced and where is not True and isinstance(function, np.ufunc):
        # only where the mask holds: elsewhere the function, or its slope, may be infinite
        if hasattr(bare(where), "_batch"):
            raise errors.UnsupportedError(
                f"{_name(function)}: where= differs from example to example under vmap; write "
                "np.where(mask, f(np.where(mask, x, safe)), other), where f(safe) is finite.",
                Location.of_caller(),
            )
        mask = np.broadcast_to(np.asarray(bare(where)), single.shape)
        chosen = [np.broadcast_to(a, single.shape)[mask] for a in args]
        inplace.assign(single, mask, function(*chosen, **rest))
        return single
    if traced and where is True:
        made = function(*args, **rest)
        if np.shape(bare(made)) != np.shape(bare(single)):
            raise errors.ShapeError(
                f"{_name(function)}: the result has shape {np.shape(bare(made))}, but out= has "
                f"shape {np.shape(bare(single))}; they must be equal.",
                Location.of_caller(),
            )
        inplace.replace(single, made)
        return single
    boxed: list[Boxed] = []
    raw, settings = unwrapped(args, boxed), unwrapped(keywords, boxed)
    outs = out if isinstance(out, tuple) else (out,)
    if all(map(_is_constant, boxed)) and all(o is None or type(o) is np.ndarray for o in outs):
        try:
            made = function(*raw, **settings)
        except Exception as error:
            message = f"{_name(function)}: {error}"
            raise errors.translate(error, message, Location.of_caller()) from error
        for array in outs:
            if array is not None:
                OVERWRITES.mark(array, next_tick(), Location.of_caller())
        return made
    raise errors.UnsupportedError(
        f"{_name(function)}: the keyword out= is not supported on a traced value with a plain "
        "array, nor is an operation in place on one: it cannot hold the derivative. Use the "
        "returned value (a = a + x in place of a += x; np.where in place of where=), or make the "
        "array with np.zeros_like(x) or autograd_core.numpy.zeros(shape) and write a[...] = value.",
        Location.of_caller(),
    )


def _is_constant(value: Any) -> bool:
    """Whether a value is no more than its numbers now: a constant, or a Tensor under no_grad."""
    tracked = value._level and (value._level != BASE or current().floor <= BASE)
    return not tracked and not isinstance(bare(value), Boxed)


def _name(function: Any) -> str:
    own = getattr(function, "__self__", None)  # of np.add.reduce
    prefix = f"{own.__name__}." if isinstance(own, np.ufunc) else ""
    return f"{prefix}{function.__name__}"
