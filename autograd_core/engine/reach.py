"""Which nodes an output reaches, and which of them lead to the wanted ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter

from autograd_core.engine.forgetting import forgot
from autograd_core.engine.node import Node
from autograd_core.engine.recalling import recall

_by_tick = attrgetter("tick")


def collect(
    outputs: Iterable[Node], oldest: int = 0, freed: list[Node] | None = None
) -> list[Node]:
    """Return the nodes that the outputs reach, latest first; a list and a set, no recursion.

    Nodes before the tick `oldest` are taken as leaves: seen, not entered.  Those
    whose saved values are gone are noted in `freed`; without it, values that the tape did not
    keep are computed again.
    """
    found = list(dict.fromkeys(outputs))
    seen = set(found)
    add, append = seen.add, found.append
    for node in found:  # grows while it is walked
        if oldest and node.tick < oldest:
            continue
        inputs = node.inputs
        if inputs is None:
            if freed is not None:
                freed.append(node)
            continue
        for parent in inputs:
            if parent.__class__ is Node and parent not in seen:
                add(parent)
                append(parent)
    found.sort(key=_by_tick, reverse=True)  # nearly in order already
    if freed is None and forgot():  # somebody will look at the values
        recall(reversed(found))
    return found


def reaching(order: Sequence[Node], wanted: Collection[Node]) -> tuple[set[Node], set[Node]]:
    """Return the nodes that lead to a wanted node, and those of them that do so by an input.

    `order` is latest first.  The first set includes the wanted nodes themselves.
    """
    found = set(wanted)
    through: set[Node] = set()
    for node in reversed(order):
        if node.inputs and not found.isdisjoint(p for p in node.inputs if p.__class__ is Node):
            through.add(node)
            found.add(node)
    return found, through
