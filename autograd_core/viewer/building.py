"""Building a View: cards of operations, leaves and closed scopes, wires, branches, names."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from autograd_core.engine.graph import Graph
from autograd_core.engine.node import PART, Node
from autograd_core.operations.primitive import bare
from autograd_core.viewer.naming import SUBSCRIPTS, Names, as_written, expression, operands
from autograd_core.viewer.numbers import Summary, shape_text, summarize
from autograd_core.viewer.scope_tree import Box
from autograd_core.viewer.view import (
    BEFORE_ALIAS,
    FEW,
    Card,
    Frame,
    Junction,
    Use,
    View,
    Wire,
    private_leaves,
)

SEVERAL = 4  # results of a closed scope that get a card each
UNNAMED = re.compile(r"v\d+|.*[₀-₉]")  # an automatic name, or one of several in turn


class Builder:
    """Makes a View of a graph, given names and what is closed.

    Parameters
    ----------
    graph : Graph
        What was recorded.
    names : Names
        Of everything in it.
    root : Box
        The tree of scopes.
    closed : set of Box
        What is shown as one card.
    inside : dict, optional
        What an open box shows instead of all its children: of a loop, the first round and the rest.
    """

    def __init__(
        self,
        graph: Graph,
        names: Names,
        root: Box,
        closed: set[Box],
        inside: dict[Box, list[Box | Node]] | None = None,
    ) -> None:
        self.graph = graph
        self.names = names
        self.inside = inside or {}
        self.place = {node: k for k, node in enumerate(graph.nodes)}  # the same in every run
        self.boxes: dict[str, Box] = {}
        self.constant_keys: dict[int, str] = {}
        self.cards: dict[str, Card] = {}
        self.frames: list[Frame] = []
        self.hidden: dict[Node, Box] = {}
        self.frames_of: dict[Node | Box, tuple[str, ...]] = {}
        self._walk(root, closed)
        self.hidden.update(private_leaves(graph, self.hidden))
        used_outside = {
            e.source
            for e in graph.edges
            if self.hidden.get(e.source) is not self.hidden.get(e.target)
        } | set(graph.outputs)
        self.results: dict[Box, list[Node]] = {}  # of each closed scope, what is used outside
        for node in graph.nodes:
            if node in self.hidden and node.primitive is not None and node in used_outside:
                self.results.setdefault(self.hidden[node], []).append(node)
        self.label_of = self._labels()
        self.instead = {
            n: self.label_of[box]
            for box, results in self.results.items()
            for n in results
            if len(results) == 1 and self._unnamed(n)
        }

    def _labels(self) -> dict[Box, str]:
        """Return what each closed scope is called: no two alike, and none as a value."""
        boxes = sorted(set(self.hidden.values()), key=lambda b: next(b.nodes()).tick)
        taken = {*self.names.nodes.values(), *self.names.constants.values()}
        holders: dict[str, list[Box]] = {}
        for box in boxes:
            above = box.parent.label if box.parent is not None and box.parent.label else ""
            label = as_written(box.label, above or self.names.root or "module")
            holders.setdefault(label, []).append(box)
        found: dict[Box, str] = {}
        for label, alike in holders.items():
            paths = [as_written(box.path, self.names.root or "module") for box in alike]
            if len(set(paths)) == len(alike) > 1 and not set(paths) & (taken | set(holders)):
                found.update(zip(alike, paths, strict=True))
                continue
            for k, box in enumerate(alike, 1):
                number = str(k).translate(SUBSCRIPTS) if len(alike) > 1 or label in taken else ""
                found[box] = label + number
        return found

    def _unnamed(self, node: Node) -> bool:
        """Whether the code has no name for a value, or calls others so too."""
        return UNNAMED.fullmatch(self.names.nodes[node]) is not None

    def _walk(self, root: Box, closed: set[Box]) -> None:
        stack: list[tuple[Box | Node, tuple[str, ...]]] = [(c, ()) for c in root.children]
        while stack:
            item, around = stack.pop()
            self.frames_of[item] = around
            if isinstance(item, Node):
                continue
            if item in closed:
                self.hidden.update(dict.fromkeys(item.nodes(), item))
                continue
            key = f"f{len(self.frames)}"
            self.frames.append(Frame(key, item.label, item.kind, around[-1] if around else ""))
            self.boxes[key] = item
            stack += [(c, (*around, key)) for c in self.inside.get(item, item.children)]

    def view(self, message: str = "") -> View:
        """Return the view."""
        key_of = {node: self._key(node) for node in self.graph.nodes}
        position: dict[str, float] = {}
        for k, node in enumerate(self.graph.nodes):
            key = key_of[node]
            if key not in self.cards:
                self.cards[key] = self._card(key, node)
            else:  # of a closed scope
                self._extend(self.cards[key], node)
            if node.primitive is not None or node not in self.hidden:
                position[key] = k
        for card in list(self.cards.values()):
            if card.kind == "module":
                for k, result in enumerate(self._finish(card), 1):
                    position[result.key] = position[card.key] + k * 1e-3
        wires = self._wires(key_of)
        ordered = sorted(self.cards.values(), key=lambda c: position.get(c.key, -1))
        view = View(ordered, wires, [], self.frames, message, len(self.graph), self.boxes)
        _branch(view)
        self._place_leaves(view)
        return view

    def _start(self, node: Node, key_of: dict[Node, str]) -> str:
        """Return the card that a value's wires start from: its own, if its scope has several."""
        own = f"r{self.place[node]}"
        return own if own in self.cards else key_of[node]

    def _key(self, node: Node) -> str:
        box = self.hidden.get(node)
        return f"n{self.place[node]}" if box is None else f"m{self.place[next(box.nodes())]}"

    def _card(self, key: str, node: Node) -> Card:
        box = self.hidden.get(node)
        if box is not None:
            said = box.kind in _PLAIN or box.kind == box.label
            card = Card(key, "module", self.label_of[box], "" if said else box.kind)
            self.boxes[key] = box
            card.boxes = self.frames_of[box]
            card.category = box.kind
            card.note = box.path
            self._extend(card, node)
            return card
        value = bare(node.output)
        card = Card(
            key,
            _kind(node),
            self.names.nodes[node],
            expression(node, self.names, self.instead),
            shape_text(value) if value is not None else "",
            str(getattr(value, "dtype", "")),
            node,
            output=node in self.graph.outputs,
            where=node.location,
            boxes=self.frames_of.get(node, ()),
            members=[node],
            category="leaf" if node.primitive is None else node.primitive.category,
            operands=operands(node, self.names, self.instead),
        )
        if node.inputs is None and node.primitive is not None:
            card.note = "freed by an earlier sweep"
        return card

    def _extend(self, card: Card, node: Node) -> None:
        card.members.append(node)

    def _finish(self, card: Card) -> list[Card]:
        """Let a closed scope stand for its one result; return a card for each of several."""
        operations = [n for n in card.members if n.primitive is not None]
        results = self.results.get(self.hidden[operations[-1]]) or operations[-1:]
        last = results[-1]
        card.where = last.location
        weights = [n for n in card.members if n.primitive is None]
        parts = [f"{len(operations)} operations"]
        if weights:
            count = sum(int(np.size(bare(n.output))) for n in weights)
            parts.append(f"{count:,} parameters")
        card.note = f"{card.note}: {', '.join(parts)}"
        if len(results) > 1:
            card.value = Summary(f"{len(results)} results")
            few = len(results) <= SEVERAL
            return self._each(card, results if few else self._outputs_among(results))
        card.node = last
        card.output = last in self.graph.outputs
        if not self._unnamed(last):  # what the code calls the result
            card.name, card.expression = self.names.nodes[last], card.expression or card.name
        card.shape = shape_text(last.output)
        card.dtype = str(getattr(bare(last.output), "dtype", ""))
        return []

    def _outputs_among(self, results: list[Node]) -> list[Node]:
        return [n for n in results if n in self.graph.outputs]

    def _each(self, card: Card, results: list[Node]) -> list[Card]:
        made = []
        for node in results:
            key = f"r{self.place[node]}"
            self.cards[key] = Card(
                key,
                "operation",
                self.names.nodes[node],
                f"a result of {card.name}",
                shape_text(node.output),
                str(getattr(bare(node.output), "dtype", "")),
                node,
                output=node in self.graph.outputs,
                where=node.location,
                boxes=card.boxes,
                category="result",
            )
            made.append(self.cards[key])
        return made

    def _wires(self, key_of: dict[Node, str]) -> list[Wire]:
        wires: dict[Any, Wire] = {}
        for node in self.graph.nodes:
            target = key_of[node]
            for index, source in enumerate(node.inputs or ()):
                if not isinstance(source, Node):
                    start = self._constant(source)
                    if start is None:
                        continue
                    value: Node | None = None
                else:
                    start, value = self._start(source, key_of), source
                    if key_of[source] == target:
                        continue
                merged = self.cards[target].kind == "module"
                use = (start, value, target) if merged else (value, node, index)
                wire = wires.get(use)
                if wire is None:
                    wire = Wire(f"w{len(wires)}", start, target, value, index=index)
                    wires[use] = wire
                wire.uses.append(Use(node, index))
        made = _bundled(list(wires.values()), self.cards)
        for card in self.cards.values():
            if card.category == "result" and card.node is not None:
                key, inside = f"w{len(wires) + len(made)}r{card.key}", key_of[card.node]
                made.append(Wire(key, inside, card.key, card.node, result=True))
        return made

    def _constant(self, raw: Any) -> str | None:
        """Return the key of a constant's card; None if it stands in the expression only."""
        name = self.names.of(raw)
        if name is None:
            return None
        key = self.constant_keys.setdefault(id(raw), f"c{len(self.constant_keys)}")
        if key not in self.cards:
            value = bare(raw)
            self.cards[key] = Card(
                key,
                "constant",
                name,
                shape=shape_text(value),
                dtype=str(getattr(value, "dtype", type(value).__name__)),
                value=summarize(value),
                category="constant",
            )
        return key

    def _place_leaves(self, view: View) -> None:
        """Put a leaf into the innermost frame that holds all of its uses."""
        for card in view.cards:
            if card.kind in ("parameter", "constant") and not card.boxes:
                around = [view.card(w.target).boxes for w in view.out_of(card.key)]
                if around:
                    card.boxes = _common(around)


def _bundled(wires: list[Wire], cards: dict[str, Card]) -> list[Wire]:
    """Make one wire of many that run from the values of one closed scope to one card."""
    groups: dict[tuple[str, str], list[Wire]] = {}
    for wire in wires:
        if cards[wire.source].kind == "module":
            groups.setdefault((wire.source, wire.target), []).append(wire)
    dropped: set[str] = set()
    for group in groups.values():
        if len(group) > BEFORE_ALIAS:
            whole = group[-1]
            whole.uses = [use for wire in group for use in wire.uses]
            whole.many = len(group)
            dropped.update(wire.key for wire in group[:-1])
    return [wire for wire in wires if wire.key not in dropped]


_PLAIN = ("scope", "repeated", "part")


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    common = paths[0]
    for path in paths[1:]:
        k = 0
        while k < min(len(common), len(path)) and common[k] == path[k]:
            k += 1
        common = common[:k]
    return common


def _kind(node: Node) -> str:
    if node.primitive is None:
        return "input" if node.owner is None else "parameter"
    if node.primitive is PART:
        return "operation"
    if node.name in ("add", "plus"):
        return "plus"
    return "operation"


def _branch(view: View) -> None:
    """Put a junction at every value that is used more than once; many uses get a name each."""
    uses: dict[tuple[str, Node | None], list[Wire]] = {}
    for wire in view.wires:
        if not wire.result and not wire.many:
            uses.setdefault((wire.source, wire.node), []).append(wire)
    for (source, node), wires in uses.items():
        if len(wires) > FEW:
            for k, wire in enumerate(wires[BEFORE_ALIAS:]):
                wire.alias = f"a{wire.key}"
                origin = view.card(source)
                view.cards.append(
                    Card(
                        wire.alias,
                        "alias",
                        origin.name,
                        node=node,
                        note=f"use {k + 1 + BEFORE_ALIAS} of {len(wires)} of {origin.name}",
                        boxes=view.card(wire.target).boxes,
                    )
                )
        count = sum(len(wire.uses) for wire in wires)
        if count > 1:
            key = f"j{len(view.junctions)}"
            view.junctions.append(Junction(key, source, node, [w.key for w in wires], count))
    view.changed()
