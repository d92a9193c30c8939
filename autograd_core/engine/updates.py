"""Updates that return a new value, ``x.at[i].set(v)``, under JAX's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations import nested_sequences, other_libraries
from autograd_core.operations.primitive import Boxed, bare
from autograd_core.rules.indexing import setitem
from autograd_core.rules.parts import added_at, changed_at


class Updates:
    """What ``x.at`` is: ``x.at[index]`` names the elements, its methods give the new value.

    Parameters
    ----------
    value : traced value
        It stays as it is.
    index : any, optional
        As between NumPy's brackets.
    """

    __slots__ = ("_index", "_value")

    def __init__(self, value: Any, index: Any = None) -> None:
        self._value = value
        self._index = index

    def __getitem__(self, index: Any) -> Updates:
        return Updates(self._value, (index,))

    def _ready(self, name: str, value: Any, settings: dict[str, Any]) -> tuple[Any, Any, Any]:
        """Return the value to change, the index, and what to change it with."""
        if self._index is None:
            raise errors.OperandError(
                f"x.at.{name}: say which elements: x.at[index].{name}(...), or x.at[...] for all.",
                Location.of_caller(),
            )
        hints = {"indices_are_sorted", "unique_indices"}
        mode = settings.get("mode")
        if settings.keys() - hints - {"mode"} or mode not in (None, "promise_in_bounds"):
            raise errors.UnsupportedError(
                f"x.at[...].{name}: of JAX's keywords only indices_are_sorted=, unique_indices= "
                'and mode="promise_in_bounds" are taken: an index outside of the array is an '
                "IndexError.",
                Location.of_caller(),
            )
        x = self._value
        if isinstance(value, (list, tuple)):
            value = nested_sequences.join(value, operation=f"at.{name}")
        value = other_libraries.plain(value, f"at.{name}", (x,))
        kind = getattr(bare(value), "dtype", None) or type(value)
        if not np.can_cast(kind, x.dtype, "same_kind"):
            raise errors.DTypeError(
                f"x.at[...].{name}: a value of {np.dtype(kind)} does not fit into x of {x.dtype}; "
                "write x.astype first.",
                Location.of_caller(),
            )
        return x, self._index[0], value

    def get(self, **settings: Any) -> Any:
        """Return the elements: ``x[index]``."""
        x, index, _ = self._ready("get", 0, settings)
        return x[index]

    def set(self, values: Any, **settings: Any) -> Any:
        """Put values there; of two for one place the last one stays."""
        x, index, v = self._ready("set", values, settings)
        return setitem(x, v, index=plain_index(index))

    def add(self, values: Any, **settings: Any) -> Any:
        """Add; a place that is named twice gets both."""
        return added_at(*self._with_plain_index("add", values, settings))

    def subtract(self, values: Any, **settings: Any) -> Any:
        """Subtract, as often as a place is named."""
        x, index, v = self._with_plain_index("subtract", values, settings)
        return added_at(x, index, -v)

    def multiply(self, values: Any, **settings: Any) -> Any:
        """Multiply, as often as a place is named."""
        return changed_at(np.multiply, *self._with_plain_index("multiply", values, settings))

    mul = multiply

    def divide(self, values: Any, **settings: Any) -> Any:
        """Divide, as often as a place is named."""
        return changed_at(np.divide, *self._with_plain_index("divide", values, settings))

    def power(self, values: Any, **settings: Any) -> Any:
        """Raise to a power, as often as a place is named."""
        return changed_at(np.power, *self._with_plain_index("power", values, settings))

    def min(self, values: Any, **settings: Any) -> Any:
        """Take the smaller of the element and the value."""
        return changed_at(np.minimum, *self._with_plain_index("min", values, settings))

    def max(self, values: Any, **settings: Any) -> Any:
        """Take the larger of the element and the value."""
        return changed_at(np.maximum, *self._with_plain_index("max", values, settings))

    def apply(self, function: Callable[[Any], Any], **settings: Any) -> Any:
        """Replace the elements by a function of them."""
        x, index, _ = self._ready("apply", 0, settings)
        return Updates(x)[index].set(function(x[index]))

    def _with_plain_index(self, name: str, values: Any, settings: Any) -> tuple[Any, Any, Any]:
        x, index, v = self._ready(name, values, settings)
        return x, plain_index(index), v


def plain_index(index: Any) -> Any:
    """Return an index with traced values and lists made into arrays."""
    if index.__class__ in other_libraries.FAMILIAR:
        return index
    if isinstance(index, tuple):
        return tuple([plain_index(part) for part in index])
    if isinstance(index, Boxed):
        return bare(index)
    other_libraries.setting(index, "index")
    return (
        np.asarray(index, dtype=None if len(index) else int) if isinstance(index, list) else index
    )
