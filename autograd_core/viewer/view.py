"""View: what is shown of a graph, as plain data: cards, wires, branches and frames.

Everything that draws, steps, compares or writes text starts here.  A card is an
operation, a leaf, a named constant or a closed scope; a wire is one use of a
value (several uses inside of one closed scope are one wire).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base.source import Location
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import PART, Node
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import bare
from autograd_core.viewer import scope_tree
from autograd_core.viewer.naming import Names, expression, operands
from autograd_core.viewer.numbers import Summary, shape_text, summarize
from autograd_core.viewer.scope_tree import Box, Tree

FEW = 8  # uses of one value that are drawn as wires from it; of more, those after the third
BEFORE_ALIAS = 3  # get a small copy of its name each
BRANCH = "branch"
EMPTY = Summary("—")


class Use(NamedTuple):
    """One use of a value, as an argument of an operation."""

    target: Node
    index: int  # type: ignore[assignment]  # a field's name, not tuple.index


@dataclass(eq=False)
class Card:
    """One thing that is shown: an operation, a leaf, a constant, a closed scope.

    Attributes
    ----------
    key : str
        Unique in the view.
    kind : str
        "parameter", "input", "constant", "operation", "plus", "module", "alias"
        or "error".
    name, expression, shape, dtype : str
        What its first row says.
    node : Node or None
        The value it stands for: of a closed scope, the last one used outside.
    output : bool
        Whether the graph ends here.
    value, gradient : Summary
        Filled in from a RecordedSweep.
    where : Location or None
        The user's line.
    boxes : tuple of str
        The open frames around it, outermost first.
    operands : list of str
        What its expression calls the arguments of the operation.
    mark : str
        "added" or "removed", in a comparison.
    """

    key: str
    kind: str
    name: str
    expression: str = ""
    shape: str = ""
    dtype: str = ""
    node: Node | None = None
    output: bool = False
    value: Summary = EMPTY
    gradient: Summary = EMPTY
    earlier: bool = False
    where: Location | None = None
    boxes: tuple[str, ...] = ()
    members: list[Node] = field(default_factory=list)
    category: str = ""
    operands: list[str] = field(default_factory=list)
    note: str = ""
    mark: str = ""
    metric: str = ""
    heat: float | None = None

    @property
    def title(self) -> str:
        """``name = expression``, or the name alone."""
        return f"{self.name} = {self.expression}" if self.expression else self.name


@dataclass(eq=False)
class Wire:
    """One use of a value by a card."""

    key: str
    source: str  # the card that holds the value
    target: str
    node: Node | None  # the value
    uses: list[Use] = field(default_factory=list)
    index: int = 0
    alias: str = ""  # the small card it starts from instead
    many: int = 0  # the number of values that it stands for, if more than one
    mark: str = ""


@dataclass(eq=False)
class Junction:
    """A value used K > 1 times: a fork on the way forward, a plus on the way back."""

    key: str
    card: str
    node: Node | None
    wires: list[str]


@dataclass(eq=False)
class Frame:
    """An open scope, drawn as a box around its cards."""

    key: str
    label: str
    kind: str
    outer: str


@dataclass(eq=False)
class View:
    """What is shown of a graph; see the module."""

    cards: list[Card]
    wires: list[Wire]
    junctions: list[Junction]
    frames: list[Frame]
    message: str = ""  # what was collapsed and how to see it all
    total: int = 0  # recorded nodes

    def card(self, key: str) -> Card:
        """Return a card by its key."""
        if not hasattr(self, "_by_key"):
            self._by_key = {card.key: card for card in self.cards}
        return self._by_key[key]

    def into(self, key: str) -> list[Wire]:
        """Return the wires into a card, in the order of its arguments."""
        if not hasattr(self, "_into"):
            self._into: dict[str, list[Wire]] = {}
            for wire in self.wires:
                self._into.setdefault(wire.target, []).append(wire)
        return self._into.get(key, [])

    def out_of(self, key: str) -> list[Wire]:
        """Return the wires out of a card."""
        if not hasattr(self, "_out"):
            self._out: dict[str, list[Wire]] = {}
            for wire in self.wires:
                self._out.setdefault(wire.source, []).append(wire)
        return self._out.get(key, [])


def choose(
    tree: Tree, depth: str | int, opened: Sequence[str], smaller: int = 0
) -> tuple[Box, set[Box], str]:
    """Choose what is closed: the tree to show, its closed boxes, and a line that says so.

    `smaller` asks for a coarser picture than before (a layout took too long).
    """
    limit = scope_tree.AUTO if not smaller else max(8, scope_tree.AUTO >> smaller)
    total = len(tree.graph)
    if depth == "all" and not smaller:
        return tree.root, set(), ""
    deepest = scope_tree.height(tree.root)
    if isinstance(depth, int) and not smaller:
        root = tree.folded(opened)
        closed = scope_tree.closed_boxes(root, depth, opened)
        if _count(tree.graph, root, closed) <= scope_tree.LIMIT:
            return root, closed, ""
    plain = scope_tree.closed_boxes(tree.root, deepest, opened)
    if _count(tree.graph, tree.root, plain) <= limit:
        return tree.root, plain, ""
    root = tree.folded(opened)
    best: tuple[int, set[Box]] | None = None
    for level in range(scope_tree.height(root), -1, -1):
        closed = scope_tree.closed_boxes(root, level, opened)
        count = _count(tree.graph, root, closed)
        if best is None or count < best[0]:
            best = count, closed
        if count <= limit:
            break
    assert best is not None
    count, closed = best
    if count > (scope_tree.LIMIT if not smaller else limit):
        root = scope_tree.chunked(root, limit // 2)
        closed = scope_tree.closed_boxes(root, 0, opened)
        count = _count(tree.graph, root, closed)
    message = (
        f"{total:,} recorded operations and leaves shown as {count:,}; "
        'open one with open="name", all with depth="all".'
    )
    return root, closed, message


def _count(graph: Graph, root: Box, closed: set[Box]) -> int:
    shown = 0
    stack: list[Box | Node] = [root]
    hidden: dict[Node, Box] = {}
    while stack:
        item = stack.pop()
        if isinstance(item, Node):
            shown += 1
        elif item in closed:
            shown += 1
            hidden.update(dict.fromkeys(item.nodes(), item))
        else:
            stack += item.children
    leaves = sum(n.primitive is None for n in graph.nodes) - len(_private_leaves(graph, hidden))
    return max(shown, leaves)  # as many leaves as operations may stand beside them


def _private_leaves(graph: Graph, hidden: dict[Node, Box]) -> dict[Node, Box]:
    """Return the leaves that are inside of a closed box, since nothing else uses them.

    What several repetitions in a fold share stays outside, and is seen to be shared.
    """
    rounds = {node: k for box in set(hidden.values()) for node, k in box.rounds()}
    users: dict[Node, set[tuple[Box | None, int]]] = {}
    for edge in graph.edges:
        if edge.source.primitive is None and edge.source.owner is not None:
            user = hidden.get(edge.target), rounds.get(edge.target, 0)
            users.setdefault(edge.source, set()).add(user)
    fed = {
        hidden.get(e.target)
        for e in graph.edges
        if e.source.primitive is not None and hidden.get(e.source) is not hidden.get(e.target)
    }
    found = {}
    for leaf, places in users.items():
        box = next(iter(places))[0] if len(places) == 1 else None
        # what alone feeds a box is its input, unless its class says that it is a parameter
        if box is not None and (box in fed or _is_parameter(leaf)):
            found[leaf] = box
    return found


def _is_parameter(leaf: Node) -> bool:
    owner = leaf.owner() if leaf.owner is not None else None
    return owner is not None and type(owner) is not Tensor


class Builder:
    """Makes a View of a graph, given names and what is closed."""

    def __init__(self, graph: Graph, names: Names, root: Box, closed: set[Box]) -> None:
        self.graph = graph
        self.names = names
        self.cards: dict[str, Card] = {}
        self.frames: list[Frame] = []
        self.hidden: dict[Node, Box] = {}
        self.frames_of: dict[Node | Box, tuple[str, ...]] = {}
        self._walk(root, closed)
        self.hidden.update(_private_leaves(graph, self.hidden))
        self.instead = {n: b.label for n, b in self.hidden.items() if n.primitive is not None}
        self.used_outside = {
            e.source
            for e in graph.edges
            if self.hidden.get(e.source) is not self.hidden.get(e.target)
        } | set(graph.outputs)

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
            stack += [(c, (*around, key)) for c in item.children]

    def view(self, message: str = "") -> View:
        """Return the view."""
        key_of = {node: self._key(node) for node in self.graph.nodes}
        position: dict[str, int] = {}
        for k, node in enumerate(self.graph.nodes):
            key = key_of[node]
            if key not in self.cards:
                self.cards[key] = self._card(key, node)
            elif node in self.hidden:
                self._extend(self.cards[key], node)
            if node.primitive is not None or node not in self.hidden:
                position[key] = k
        for card in self.cards.values():
            if card.kind == "module":
                self._finish(card)
        wires = self._wires(key_of)
        ordered = sorted(self.cards.values(), key=lambda c: position.get(c.key, -1))
        view = View(ordered, wires, [], self.frames, message, len(self.graph))
        _branch(view)
        self._place_leaves(view)
        return view

    def _key(self, node: Node) -> str:
        box = self.hidden.get(node)
        return f"n{node.tick}" if box is None else f"m{next(box.nodes()).tick}"

    def _card(self, key: str, node: Node) -> Card:
        box = self.hidden.get(node)
        if box is not None:
            said = box.kind in _PLAIN or box.kind == box.label
            card = Card(key, "module", box.label, "" if said else box.kind)
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

    def _finish(self, card: Card) -> None:
        """Let a closed scope stand for the last of its values that is used outside."""
        operations = [n for n in card.members if n.primitive is not None]
        outside = [n for n in operations if n in self.used_outside] or operations
        last = outside[-1]
        card.node = last
        card.output = any(n in self.graph.outputs for n in card.members)
        own = self.names.nodes[last]
        if card.output and not re.fullmatch(r"v\d+", own):  # the caller's name for it
            card.name, card.expression = own, card.expression or card.name
        card.shape = shape_text(last.output)
        card.dtype = str(getattr(bare(last.output), "dtype", ""))
        card.where = last.location
        weights = [n for n in card.members if n.primitive is None]
        parts = [f"{len(operations)} operations"]
        if weights:
            count = sum(int(np.size(bare(n.output))) for n in weights)
            parts.append(f"{count:,} parameters")
        card.note = f"{card.note}: {', '.join(parts)}"

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
                    start, value = key_of[source], source
                if start == target:
                    continue
                merged = self.cards[target].kind == "module"
                use = (start, value, target) if merged else (value, node, index)
                wire = wires.get(use)
                if wire is None:
                    wire = Wire(f"w{len(wires)}", start, target, value, index=index)
                    wires[use] = wire
                wire.uses.append(Use(node, index))
        return _bundled(list(wires.values()), self.cards)

    def _constant(self, raw: Any) -> str | None:
        """Return the key of a constant's card; None if it stands in the expression only."""
        name = self.names.of(raw)
        if name is None:
            return None
        key = f"c{id(raw)}"
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
        if len(wires) > 1:
            key = f"j{len(view.junctions)}"
            view.junctions.append(Junction(key, source, node, [w.key for w in wires]))
    if hasattr(view, "_by_key"):
        del view._by_key
