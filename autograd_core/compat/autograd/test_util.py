"""Derivatives compared with differences, along random directions: `check_grads`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.compat.autograd.differential_operators import jvp_of_one, vjp_of_one
from autograd_core.compat.autograd.vector_spaces import vspace
from autograd_core.compat.autograd.wrap_util import get_name, unary_to_nary

Function = Callable[..., Any]
STEP = 1e-6
TOLERANCE = 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers are equal up to 1e-6, absolutely or relatively.

    Examples
    --------
    >>> scalar_close(1.0, 1.0 + 1e-9), scalar_close(1.0, 1.1)
    (True, False)
    """
    return bool(abs(a - b) < TOLERANCE or abs(a - b) < TOLERANCE * abs(a + b))


def _compare(exact: Any, numeric: Any, what: str) -> None:
    if not scalar_close(exact, numeric):
        raise errors.GradcheckError(
            f"check_grads(): {what} failed: it is {float(exact):.8g}, by differences "
            f"{float(numeric):.8g}.",
            Location.of_caller(),
        )


def _difference(f: Function, x: Any, v: Any) -> Any:
    """Return the derivative of f along v, by a central difference."""
    space, out = vspace(x), vspace(f(x))
    above = f(space.add(x, space.scalar_mul(v, STEP / 2)))
    below = f(space.add(x, space.scalar_mul(v, -STEP / 2)))
    return out.scalar_mul(out.add(above, out.scalar_mul(below, -1.0)), 1 / STEP)


def check_equivalent(x: Any, y: Any) -> None:
    """Raise if two values are not nested and shaped alike, or are not equal along a random vector.

    Examples
    --------
    >>> check_equivalent([1.0, 2.0], [1.0, 2.0])
    """
    space = vspace(x)
    if space != vspace(y):
        raise errors.GradcheckError(
            f"check_equivalent(): {space} is not {vspace(y)}.", Location.of_caller()
        )
    v = space.randn()
    _compare(space.inner_prod(x, v), space.inner_prod(y, v), "the comparison along a vector")


def _check_forward(f: Function, x: Any) -> None:
    v = vspace(x).randn()
    _equal(
        jvp_of_one(f, x)(v)[1],
        _difference(f, x, v),
        f"the forward derivative (JVP) check of {get_name(f)}",
    )


def _equal(exact: Any, numeric: Any, what: str) -> None:
    space = vspace(numeric)
    v = space.randn()
    _compare(space.inner_prod(v, exact), space.inner_prod(v, numeric), what)


def _check_reverse(f: Function, x: Any) -> None:
    pull, y = vjp_of_one(f, x)
    space, out = vspace(x), vspace(y)
    v, w = space.randn(), out.randn()
    gradient = space.covector(pull(out.covector(w)))
    what = f"the reverse derivative (VJP) check of {get_name(f)}"
    _compare(space.inner_prod(v, gradient), out.inner_prod(w, _difference(f, x, v)), what)


@unary_to_nary
def check_grads(f: Function, x: Any, modes: Sequence[str] = ("fwd", "rev"), order: int = 2) -> None:
    """Raise if derivatives differ from differences, in the modes and up to the order.

    Called as ``check_grads(f, argnum=0, modes=["fwd", "rev"], order=2)(*args)``.

    Raises
    ------
    GradcheckError
        Also an AssertionError, as in HIPS autograd.

    Examples
    --------
    >>> check_grads(lambda a, b: a * b ** 2, argnum=(0, 1))(2.0, 3.0)
    """
    if not set(modes) <= {"fwd", "rev"}:
        raise errors.OperandError(
            f'check_grads(): modes={modes!r}; use "fwd" and "rev".', Location.of_caller()
        )
    if "fwd" in modes:
        _check_forward(f, x)
        if order > 1:

            def along(x: Any, v: Any) -> Any:
                return jvp_of_one(f, x)(v)[1]

            along.__name__ = f"jvp_{get_name(f)}"
            check_grads(along, (0, 1), modes, order=order - 1)(x, vspace(x).randn())
    if "rev" in modes:
        _check_reverse(f, x)
        if order > 1:

            def pulled(x: Any, g: Any) -> Any:
                return vjp_of_one(f, x)[0](g)

            pulled.__name__ = f"vjp_{get_name(f)}"
            check_grads(pulled, (0, 1), modes, order=order - 1)(x, vspace(f(x)).randn())


def combo_check(fun: Function, *settings: Any, **more: Any) -> Function:
    """Return a function that checks all combinations of the arguments and keywords it gets.

    Examples
    --------
    >>> combo_check(lambda a, b, power: (a * b) ** power, (0, 1))([1.0, 2.0], [3.0], power=[1, 2])
    """
    check = check_grads(fun, *settings, **more)

    def checked(*args: Any, **keywords: Any) -> None:
        named = [[(key, value) for value in values] for key, values in keywords.items()]
        for chosen in product(*args):
            for setting in product(*named):
                check(*chosen, **dict(setting))

    return checked


def quick_grad_check(
    fun: Function, arg0: Any, extra_args: Sequence[Any] = (), kwargs: Any = None, **_: Any
) -> None:
    """Check the gradient in the first argument, as before HIPS autograd had `check_grads`.

    Examples
    --------
    >>> quick_grad_check(lambda x, y: x * y, 2.0, (3.0,))
    """
    check_grads(fun, modes=["rev"], order=1)(arg0, *extra_args, **(kwargs or {}))


__all__ = ["check_equivalent", "check_grads", "combo_check", "quick_grad_check", "scalar_close"]
