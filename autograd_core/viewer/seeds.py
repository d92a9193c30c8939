"""Seeds of forward mode: the single numbers of the inputs that a sweep can start from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, zip_longest
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base.errors import OperandError
from autograd_core.base.source import Location
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import bare
from autograd_core.viewer.elements import element_name
from autograd_core.viewer.naming import Names
from autograd_core.viewer.view import View

MOST = 8  # seeds that a page shows


class Seed(NamedTuple):
    """Where a forward sweep starts.

    Attributes
    ----------
    key : str
        Unique on the page.
    card : str
        The card that holds the input: its own, or the closed scope it is in.
    name : str
        ``W[0, 1]``, or ``all of W``.
    node : Node
        The input.
    place : int or None
        The element's place in C order; None for all ones.
    """

    key: str
    card: str
    name: str
    node: Node
    place: int | None

    @property
    def whole(self) -> bool:
        """Whether every element is seeded."""
        return self.place is None

    def tangent(self) -> Any:
        """Return the tangent to start with: 1 at the element, 0 elsewhere."""
        x = bare(self.node.output)
        if self.place is None:
            return np.ones_like(x)[()]
        made = np.zeros(np.size(x), x.dtype)
        made[self.place] = 1
        return made.reshape(np.shape(x))[()]


def chosen(graph: Graph, view: View, names: Names, inputs: Any) -> list[Seed]:
    """Return the seeds for some inputs; by default an element of each, then further elements.

    Raises
    ------
    OperandError
        If an input is not in the graph.
    """
    holders = {node: card.key for card in view.cards for node in card.members}
    holders |= {card.node: card.key for card in view.cards if card.node is not None}
    if inputs is None:
        each = [_elements(node) for node in graph.leaves]
    else:
        each = [_asked(graph, names, one) for one in _listed(inputs)]
    rounds = [pair for turn in zip_longest(*each) for pair in turn if pair is not None]
    ordered = sorted(rounds[:MOST], key=lambda pair: pair[0].tick)
    number = {node: k for k, node in enumerate(graph.nodes)}
    return [_seed(node, place, names, holders, number[node]) for node, place in ordered]


def _listed(inputs: Any) -> Sequence[Any]:
    if isinstance(inputs, Tensor):
        return [inputs]
    pair = isinstance(inputs, tuple) and len(inputs) == 2 and not isinstance(inputs[1], Tensor)
    return [inputs] if pair and isinstance(inputs[0], Tensor) else list(inputs)


def _elements(node: Node) -> list[tuple[Node, int | None]]:
    return [(node, k) for k in islice(range(int(np.size(bare(node.output)))), MOST)]


def _asked(graph: Graph, names: Names, one: Any) -> list[tuple[Node, int | None]]:
    value, index = one if isinstance(one, tuple) else (one, None)
    node = graph.node(value)
    if node not in names.nodes:
        raise OperandError("animate: inputs= is not in the graph.", Location.of_caller())
    if index is None:
        return _elements(node)
    if isinstance(index, str):
        if index != "ones":
            raise OperandError(
                f'animate: an input is seeded at an index or with "ones", not {index!r}.',
                Location.of_caller(),
            )
        return [(node, None)]
    places = np.arange(np.size(bare(node.output))).reshape(np.shape(bare(node.output)))
    return [(node, int(places[index]))]


def _seed(
    node: Node, place: int | None, names: Names, holders: dict[Node, str], number: int
) -> Seed:
    shape, name = np.shape(bare(node.output)), names.nodes[node]
    at = () if place is None or not shape else tuple(map(int, np.unravel_index(place, shape)))
    called = element_name(name, at) if place is not None or not shape else f"all of {name}"
    holder = holders.get(node, "")
    return Seed(f"s{number}-{place}", holder, called, node, place)
