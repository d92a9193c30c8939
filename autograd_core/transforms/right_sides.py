"""Right-hand sides of differential equations: what they take and what they return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import tree
from autograd_core.operations.boxed import Boxed


def as_state(value: Any) -> Any:
    """Return what a right-hand side gave as an array: lists of numbers and of traced values too."""
    if isinstance(value, (list, tuple)):
        parts = [as_state(part) for part in value]
        return np.stack(parts) if parts else np.zeros(0)
    return value if hasattr(value, "dtype") else np.asarray(value, dtype=float)


class Arguments:
    """The pytree of a right-hand side's arguments: some are traced, the rest is held as it is."""

    def __init__(self, args: Any, moves: Callable[[Any], bool] | None = None) -> None:
        moves = moves or is_boxed
        self.args = args
        self.leaves = tree.leaves(args)
        self.places = [k for k, leaf in enumerate(self.leaves) if moves(leaf)]

    def traced(self) -> list[Any]:
        """Return the values that are traced."""
        return [self.leaves[k] for k in self.places]

    def filled(self, values: Any) -> Any:
        """Return the pytree with other values in the places of the traced ones."""
        if not self.places:
            return self.args
        leaves = list(self.leaves)
        for k, value in zip(self.places, values, strict=True):
            leaves[k] = value
        return tree.like(self.args, leaves)


def is_boxed(value: Any) -> bool:
    """Whether a value is traced."""
    return isinstance(value, Boxed)


def is_floating(value: Any) -> bool:
    """Whether a value can carry a derivative: a traced one, a float, an array of floats."""
    dtype = getattr(value, "dtype", None)
    return isinstance(value, (Boxed, float)) or (dtype is not None and dtype.kind in "fc")
