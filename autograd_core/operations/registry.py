"""Which rule runs when a NumPy function meets a traced argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location

Rule = Callable[..., Any]

# NumPy (or SciPy) function -> what runs in its place when an argument is traced.
REGISTRY: dict[Callable[..., Any], Callable[..., Any]] = {}
BUILT_IN: set[Callable[..., Any]] = set()  # those that the engine registers itself
# Functions that write into their first argument, traced or not.
WRITERS = {np.put, np.put_along_axis, np.place, np.putmask, np.copyto, np.fill_diagonal,
           np.add.at, np.subtract.at}  # fmt: skip


def register(function: Callable[..., Any], implementation: Callable[..., Any]) -> None:
    """Let ``implementation`` run when NumPy's ``function`` meets a traced argument.

    Raises
    ------
    RuleError
        If the engine itself has a rule for the function already.
    """
    if function in BUILT_IN:
        name = getattr(function, "__name__", str(function))
        raise errors.RuleError(
            f"{name} has a rule already; to use another one, declare it for your own function: "
            f"elementwise(lambda x: np.{name}(x), ...).",
            Location.of_caller(),
        )
    REGISTRY[function] = implementation


def implements(*functions: Callable[..., Any]) -> Callable[[Rule], Rule]:
    """Register a function written in terms of other NumPy functions (decorator).

    Parameters
    ----------
    *functions : callable
        The NumPy functions that it stands for; same signature.

    Returns
    -------
    callable
        The decorator; it returns the function unchanged.
    """

    def decorate(implementation: Rule) -> Rule:
        for function in functions:
            register(function, implementation)
        return implementation

    return decorate
