"""Boxed: what the dispatch knows about a traced value, and how to reach the array inside it."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import numpy as np

from autograd_core.base.later import later
from autograd_core.operations.modes import STEP

NOT_NUMBERS = frozenset("OSUMm")  # kinds of dtype: objects, bytes, text, dates and spans of time


class Boxed:
    """What the dispatch knows of a traced value: the level of its trace.

    The youngest trace among the arguments is the innermost and is unwrapped
    first; values of older traces are constants to it.  Level 0 is a constant.
    """

    __slots__ = ()
    _level: int
    _node: Any = None  # what recorded it, of a Tensor
    _written = False  # by `compile`: stands for a raw array, and nobody may look into it unnoticed

    def _process(
        self, primitive: Any, args: tuple[Any, ...], params: dict[str, Any], level: int
    ) -> Any:
        """Apply the primitive at this value's level."""
        raise NotImplementedError

    def _below(self) -> Any:
        """Return the value without this level."""
        raise NotImplementedError

    def _process_recorded(self, primitive: Any) -> Any:
        """Apply an operation of one argument whose result a tape above this value will keep."""
        return primitive(self)

    def _slope_at(self, primitive: Any, x: Any) -> Any:
        """Return the derivative of the elementwise operation that made this value of x."""
        return primitive.slope(self, x)

    def _constant(self, value: Any) -> Any:
        """Return how a result without derivative looks among values of this kind."""
        raise NotImplementedError

    def _note_view(self, made: Any, operation: Any, params: dict[str, Any]) -> None:
        """Remember that `made` shares memory with this value, for in-place changes."""
        raise NotImplementedError

    def _apply_constant(self, constant: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Apply a function without derivative to values of this kind, which `bare` does not open.

        Only kinds that stand for an array need it.
        """
        raise NotImplementedError


def level_of(value: Any) -> int:
    """Return the level of a value's trace; 0 for constants and raw arrays."""
    return value._level if isinstance(value, Boxed) else 0


def bare(value: Any) -> Any:
    """Return the array under any number of derivative levels: raw, or batched by ``vmap``."""
    while isinstance(value, Boxed):
        below = value._below()
        if below is value:
            break
        value = below
    return value


def innermost_array(value: Any) -> Any:
    """Return the array under every level, the batches' too."""
    value = bare(value)
    while isinstance(value, Boxed) and not value._written:
        value = bare(value.value)  # type: ignore[attr-defined]  # what is bare and boxed is a batch
    return value


def numeric(value: Any) -> bool:
    """Whether a value is an array or a number (not a list, a setting, nothing)."""
    return hasattr(value, "dtype") or isinstance(value, (int, float, complex))


def youngest_batched(values: Iterable[Any], level: int) -> Boxed | None:
    """Return the youngest batched value of a level above `level`, also inside of tuples."""
    found = None
    for value in values:
        if value.__class__ is tuple:
            value = youngest_batched(value, level)
        if isinstance(value, Boxed) and value._level > level and value._below() is value:
            found, level = value, value._level
    return found


def like_tuple(whole: Any, parts: Any) -> Any:
    """Return parts as a tuple of the same kind as a whole: named tuples stay named."""
    return tuple(parts) if type(whole) is tuple else type(whole)(*parts)


def describe(value: Any) -> str:
    """Return a short name of a value for messages: shape and dtype, or the scalar."""
    value = bare(value)
    if isinstance(value, (bool, int, float, complex)):
        return repr(value)
    shape = getattr(value, "shape", None)
    if shape is None:
        return type(value).__name__
    return f"{shape} {value.dtype}"


def unwrapped(value: Any, met: list[Boxed]) -> Any:
    """Return raw arrays for traced values, in tuples and lists too; note what was met."""
    if isinstance(value, Boxed):
        met.append(value)
        return bare(value)
    if value.__class__ is tuple or value.__class__ is list:
        return type(value)(unwrapped(part, met) for part in value)
    if value.__class__ is dict:
        return {k: unwrapped(part, met) for k, part in value.items()}
    return value


# The runs that asked for the array API namespace (`array_api`), which knows one kind of array:
# their constants are Tensors.  0 stands for values made by hand: each context knows for itself.
ASKED: set[int] = set()
BY_HAND: ContextVar[bool] = ContextVar("the namespace was asked for by hand", default=False)


def run_of(level: int) -> int:
    """Return the number of the transform's run that a level belongs to; 0 for none."""
    return level // STEP


def _asked(boxed: Boxed) -> bool:
    run = run_of(boxed._level)
    return run in ASKED and (run > 0 or BY_HAND.get())


def as_constant(boxed: Boxed, value: Any) -> Any:
    """Return arrays as constants of a traced value's kind; shapes and counts as they are."""
    if isinstance(value, (tuple, list)):
        parts = [as_constant(boxed, part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    is_array = isinstance(value, (np.generic, Boxed)) or hasattr(value, "__array_function__")
    if not is_array:
        return value
    made = boxed._constant(value)
    if ASKED and not isinstance(made, Boxed) and _asked(boxed):
        return later("untracked")(made)
    return made
