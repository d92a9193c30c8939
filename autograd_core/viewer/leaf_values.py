"""Runs a program with other numbers in the leaves that it makes: what a page's reader changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base.errors import OperandError
from autograd_core.base.source import Location
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.engine.scopes import scope
from autograd_core.engine.tensor import Tensor

MOST = 1000  # leaves that are noted
LARGEST = 4096  # numbers of a leaf that can be changed


class MadeLeaf(NamedTuple):
    """A leaf that a program made: its place among all, its first value, whether its module ran."""

    number: int
    value: Any
    settled: bool = False


class LeafValues:
    """Notes the leaves that a program makes by hand, and gives some other numbers (a context).

    A leaf is what ``Tensor(..., requires_grad=True)`` or a module's parameter is; it is known by
    its place in the order in which the program makes them. The program itself runs again with the
    changed numbers, so its branches and loops follow them. A module fills its parameters after it
    has made them; so a parameter's first value is the one with which its module runs first.

    Parameters
    ----------
    changes : mapping, optional
        From a leaf's place to a mapping from an element's place, in C order, to its new value.

    Raises
    ------
    OperandError
        If the program makes a leaf in which there is no such element.
    """

    def __init__(self, changes: Mapping[int, Mapping[int, float]] | None = None) -> None:
        self.changes = {int(k): dict(items) for k, items in (changes or {}).items()}
        self.count = 0
        self._made: dict[int, MadeLeaf] = {}
        self._ran: dict[int, Any] = {}  # modules, by identity
        self._track = Tensor._track
        self._entered = scope.__enter__

    def __enter__(self) -> LeafValues:
        def track(tensor: Tensor, operation: str) -> None:
            changed = self.changes.get(self.count)
            if changed:
                tensor._held = _changed(tensor._held, changed, self.count)
            self._track(tensor, operation)
            value = tensor._held
            if self.count < MOST and np.size(value) <= LARGEST and tensor._node is not None:
                self._made[tensor._node.tick] = MadeLeaf(self.count, np.array(value))
            self.count += 1

        def enter(entered: scope) -> scope:
            module = entered._what
            if id(module) not in self._ran and hasattr(module, "named_parameters"):
                self._ran[id(module)] = module
                for _, parameter in module.named_parameters():
                    self._settle(parameter)
            return self._entered(entered)

        # mypy takes a function that a class is given for one that is bound already
        Tensor._track = track  # type: ignore[method-assign,assignment]
        scope.__enter__ = enter  # type: ignore[method-assign]
        return self

    def __exit__(self, *error: object) -> None:
        Tensor._track = self._track  # type: ignore[method-assign]
        scope.__enter__ = self._entered  # type: ignore[method-assign]

    def _settle(self, parameter: Any) -> None:
        """Take a parameter's value as its first one, changed as it was asked for."""
        node = parameter._node if isinstance(parameter, Tensor) else None
        made = self._made.get(node.tick) if node is not None else None
        if made is None or made.settled:
            return
        held = parameter._held
        changed = self.changes.get(made.number)
        if changed:
            held[...] = _changed(held, changed, made.number)
        assert node is not None
        self._made[node.tick] = MadeLeaf(made.number, np.array(held), True)

    def missing(self) -> list[int]:
        """Return the changed leaves that the program did not make this time."""
        return sorted(k for k in self.changes if k >= self.count)

    def changeable(self, graph: Graph) -> dict[Node, MadeLeaf]:
        """Return the leaves of a graph that still have the value with which they were made.

        A parameter that was trained since does not: another first value would not be the number
        that the picture shows.
        """
        found = {}
        for node in graph.leaves:
            made = self._made.get(node.tick)
            if made is not None and np.array_equal(made.value, node.output, equal_nan=True):
                found[node] = made
        return found


def _changed(held: Any, changed: Mapping[int, float], number: int) -> Any:
    """Return a leaf's value with some of its numbers changed; the dtype stays."""
    value = np.array(held)
    for place, new in changed.items():
        if not 0 <= place < value.size:
            shape = "×".join(map(str, value.shape)) or "scalar"
            raise OperandError(
                f"changed value: leaf {number} has no element {place} in this run; its shape is "
                f"{shape}. The program took another way than before: take the change back.",
                Location.of_caller(),
            )
        value.reshape(-1)[place] = new
    return value if isinstance(held, np.ndarray) else value[()]
