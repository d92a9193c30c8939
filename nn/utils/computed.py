"""Parameters that are computed from others whenever they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_core import OperandError
from autograd_core.extend import Location

from ..module import Module
from ..parameter import Parameter


def take_out(owner: str, module: Module, name: str) -> Parameter:
    """Take a parameter out of a module, to be computed from now on, and return it."""
    if name in vars(module).get("_computed", ()):
        raise OperandError(
            f"{owner}: {type(module).__name__}.{name} is computed already; remove that first.",
            Location.of_caller(),
        )
    found = module._parameters.get(name)
    if found is None:
        raise OperandError(
            f"{owner}: {type(module).__name__} has no parameter {name!r}; it has "
            f"{', '.join(module._parameters) or 'none'}.",
            Location.of_caller(),
        )
    del module._parameters[name]
    return found


def compute(module: Module, name: str, how: Callable[[Any], Any]) -> None:
    """Let an attribute be what a function of the module returns."""
    vars(module).setdefault("_computed", {})[name] = how


def give_back(module: Module, name: str, value: Parameter) -> None:
    """Make an attribute a parameter again."""
    computed = vars(module)["_computed"]
    del computed[name]
    if not computed:
        del vars(module)["_computed"]
    module.register_parameter(name, value)


def how_of(module: Module, name: str) -> Any:
    """Return how an attribute is computed; None if it is not."""
    return vars(module).get("_computed", {}).get(name)
