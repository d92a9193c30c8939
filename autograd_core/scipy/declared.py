"""Functions of SciPy's declared by one line: SciPy's value, and the derivative of a composition."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.scipy.values import as_floats, is_traced, refuse, valued

LONGEST = 8192  # of an axis whose matrix is made


def declared(
    function: Any, composition: Callable[..., Any], *arrays: str, home: str, see: str = "",
    check: Callable[[dict[str, Any]], None] = lambda how: None,
) -> Callable[..., Any]:  # fmt: skip
    """Return a function of SciPy's that is differentiable in some of its arguments.

    Parameters
    ----------
    function : callable
        SciPy's. It computes the value.
    composition : callable
        ``composition(*arrays, **settings)``, the same function of operations that have rules; it
        gives the derivatives. The settings have SciPy's names, and all of them are passed.
    *arrays : str
        The names of the arguments that are differentiated.
    home : str
        The module that it stands in.
    see : str
        What to write instead, where another argument is traced.
    check : callable
        It gets the settings, and raises where one has no rule: at the call, not in the sweep.

    Returns
    -------
    callable
        With constants it is SciPy's function.
    """
    signature = inspect.signature(function)
    name = function.__name__
    label = f"{home.removeprefix('autograd_core.scipy.')}.{name}"

    def value(*xs: Any, how: dict[str, Any]) -> Any:
        xs = tuple(x if x.flags.writeable else x.copy() for x in map(np.asarray, xs))
        given = inspect.BoundArguments(
            signature,
            {**dict(zip(arrays, xs, strict=True)), **how},
        )
        return function(*given.args, **given.kwargs)

    operation = valued(
        value, lambda *xs, how: composition(*xs, **how), f"scipy {name}", arity=len(arrays)
    )

    def call(*args: Any, **keywords: Any) -> Any:
        if not is_traced(args, keywords):
            return function(*args, **keywords)
        given = signature.bind(*args, **keywords)
        given.apply_defaults()
        how = dict(given.arguments)
        xs = [as_floats(how.pop(a)) for a in arrays]
        for other, setting in how.items():
            if is_traced(setting):
                raise refuse(label, f"has no derivative in {other}.", see or "Pass a constant.")
        check(how)
        _check_output(label, how.get("output"), xs)
        return operation(*xs, how=how)

    call.__name__ = call.__qualname__ = name
    call.__module__ = home
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__doc__ = (
        f"{(function.__doc__ or '').strip().partition(chr(10) + chr(10))[0]}\n\n"
        f"As scipy.{label}; differentiable in {' and '.join(arrays)}."
    )
    return call


def _check_output(label: str, output: Any, xs: list[Any]) -> None:
    """Refuse what a filter is to write into, or a kind of number that holds no derivative."""
    if output is None or output is False:
        return
    remedy = "Use the value that is returned, and its astype."
    if isinstance(output, np.ndarray):
        raise refuse(label, "output= cannot hold a derivative.", remedy)
    kind = np.dtype(output).kind
    if kind not in "fc" or (kind == "f" and any(x.dtype.kind == "c" for x in xs)):
        raise refuse(label, f"output={output!r} cannot hold a derivative.", remedy)


def by_matrix(x: Any, axis: int, along: Callable[[Any], Any]) -> Any:
    """Return what a linear map along an axis makes of x, by the map's matrix and what it adds.

    Parameters
    ----------
    x : array
        Traced or not.
    axis : int
        Along which one.
    along : callable
        From a matrix, whose first axis is mapped, to a matrix: SciPy's function.
    """
    n = x.shape[axis]
    if n > LONGEST:
        raise errors.UnsupportedError(
            f"the derivative is computed by a matrix, of {n} x {n} numbers for an axis of length "
            f"{n}; it goes up to {LONGEST}. Divide the axis into parts.",
            Location.of_caller(),
        )
    kind = complex if x.dtype.kind == "c" else float  # SciPy may go another way for real numbers
    added = along(np.zeros((n, 1), kind))  # by a border that is not 0
    matrix = along(np.eye(n, dtype=kind)) - added
    return np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T + added[:, 0], -1, axis)
