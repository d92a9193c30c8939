"""What holds other things: how its places are spelled, read and set."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any


def answers_itself(kind: type) -> bool:
    """Whether a class has a __getattribute__ of its own, which may say anything."""
    return type(kind.__getattribute__) is FunctionType


def space_of(value: Any) -> Any:
    """Return the dictionary of an object's attributes; None if it has none."""
    try:
        own = answers_itself(type(value))
        space = object.__getattribute__(value, "__dict__") if own else value.__dict__
    except AttributeError:
        return None
    return space if isinstance(space, dict) else None


def attribute(name: str) -> Callable[[Any], str]:
    """Return what spells an attribute."""
    return lambda key: f"{name}.{key}"


def item(name: str) -> Callable[[Any], str]:
    """Return what spells an entry."""
    return lambda key: f"{name}[{key!r}]"


def identities(array: Any) -> Any:
    """Return which objects an array holds."""
    return array.shape, [id(x) for x in array.ravel().tolist()]
