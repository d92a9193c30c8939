"""View: what is shown of a graph, as plain data: cards, wires, branches and frames.

Everything that draws, steps, compares or writes text starts here.  A card is an
operation, a leaf, a named constant or a closed scope; a wire is one use of a
value (several uses inside of one closed scope are one wire).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autograd_core.base.printing import printable
from autograd_core.base.source import Location
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.engine.tensor import Tensor
from autograd_core.viewer import scope_tree
from autograd_core.viewer.numbers import Summary
from autograd_core.viewer.scope_tree import Box, Tree

FEW = 8  # uses of one value that are drawn as wires from it; of more, those after the third
BEFORE_ALIAS = 3  # get a small copy of its name each
BRANCH = "branch"
EMPTY = Summary("—")


COLLAPSED = (
    "{total:,} recorded operations and leaves shown as {count:,}; "
    'open one with open="name", all with depth="all".'
)


class Use(NamedTuple):
    """One use of a value, as an argument of an operation."""

    target: Node
    index: int  # type: ignore[assignment]  # a field's name, not tuple.index


@dataclass(eq=False, repr=False)
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
        The value it stands for: of a closed scope, its one result; None if it has several.
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
    def bad(self) -> bool:
        """Whether its value or its gradient holds NaN or Inf."""
        return self.value.bad or self.gradient.bad

    def __repr__(self) -> str:
        place = f", {self.where}" if self.where is not None else ""
        back = f", gradient {self.gradient.text}" if self.gradient is not EMPTY else ""
        shape = f", shape {self.shape}" if self.shape else ""
        text = f"<{self.kind} {self.title}{shape}: value {self.value.text}{back}{place}>"
        return printable(text)

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
    result: bool = False  # from a closed scope to one of its several results: it has no uses
    mark: str = ""


@dataclass(eq=False)
class Junction:
    """A value used K > 1 times: a fork on the way forward, a plus on the way back."""

    key: str
    card: str
    node: Node | None
    wires: list[str]
    uses: int = 0  # K: how often the program uses the value; a wire can stand for many


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
    boxes: dict[str, Box] = field(default_factory=dict)  # from a closed card's or a frame's key

    def changed(self) -> None:
        """Forget what was looked up: there are other cards and wires now."""
        for name in ("_by_key", "_into", "_out"):
            self.__dict__.pop(name, None)

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
    return root, closed, COLLAPSED


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
    leaves = sum(n.primitive is None for n in graph.nodes) - len(private_leaves(graph, hidden))
    return max(shown, leaves)  # as many leaves as operations may stand beside them


def private_leaves(graph: Graph, hidden: dict[Node, Box]) -> dict[Node, Box]:
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
