"""From a transform of functions of one argument to one of functions of several: ``argnum``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.compat.autograd.replacing import subvals

Function = Callable[..., Any]


def get_name(function: Any) -> str:
    """Return a function's name.

    Examples
    --------
    >>> get_name(len)
    'len'
    """
    return str(getattr(function, "__name__", "[unknown name]"))


def unary_to_nary(operator: Function) -> Function:
    """Return a transform with HIPS autograd's calling form from one of functions of one argument.

    Parameters
    ----------
    operator : callable
        ``operator(f, x, *settings)`` for a function f of x alone.

    Returns
    -------
    callable
        ``transform(f, argnum=0, *settings)``, which returns a function of f's arguments. With a
        list or a tuple for argnum, x is the tuple of these arguments.

    Examples
    --------
    >>> double = unary_to_nary(lambda f, x: 2 * f(x))
    >>> double(lambda a, b: a - b, 1)(5.0, 3.0)
    4.0
    """

    @wraps(operator)
    def transform(
        fun: Function, argnum: int | tuple[int, ...] | list[int] = 0, *settings: Any, **more: Any
    ) -> Function:
        if isinstance(argnum, bool) or not isinstance(argnum, (int, tuple, list)):
            raise errors.OperandError(
                f"{get_name(operator)}(): argnum must be an integer, or a tuple or a list of them, "
                f"not {argnum!r}.",
                Location.of_caller(),
            )

        def transformed(*args: Any, **keywords: Any) -> Any:
            places = (argnum,) if isinstance(argnum, int) else tuple(argnum)
            for place in places:
                if not -len(args) <= place < len(args):
                    raise errors.OperandError(
                        f"{get_name(operator)}(): argnum={argnum} of {get_name(fun)}, which got "
                        f"{len(args)} positional arguments; pass the argument by position.",
                        Location.of_caller(),
                    )

            @wraps(fun)
            def of_one(x: Any) -> Any:
                return fun(
                    *subvals(
                        args, zip(places, (x,) if isinstance(argnum, int) else x, strict=True)
                    ),
                    **keywords,
                )

            x = args[argnum] if isinstance(argnum, int) else tuple(args[k] for k in places)
            return operator(of_one, x, *settings, **more)

        transformed.__name__ = f"{get_name(operator)}_of_{get_name(fun)}_wrt_argnum_{argnum}"
        transformed.__doc__ = (
            f"{get_name(operator)} of {get_name(fun)} with respect to argument number {argnum}."
        )
        return transformed

    return transform


__all__ = ["get_name", "unary_to_nary"]
