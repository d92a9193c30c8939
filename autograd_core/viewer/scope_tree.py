"""The tree of scopes, which of them are shown closed, and equal neighbours folded into one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd_core.engine import scopes
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.operations.primitive import bare

AUTO = 60  # cards that depth="auto" shows at most
LIMIT = 1_500  # cards that are ever shown unless depth="all" asks for it
DEEPEST = 32  # scopes nested deeper count as part of this level
_PERIOD = 200  # operations that a repeated pattern may have


class Box:
    """A scope, a repeated pattern or a run of operations: what can be shown as one card.

    Attributes
    ----------
    label : str
        Its own name, as its parent knows it.
    kind : str
        The class of the module, or "scope", "fold", "part".
    children : list of Box or Node
        In recording order.
    closed_first : bool
        A module without modules inside: shown closed until it is opened.
    """

    __slots__ = ("children", "closed_first", "kind", "label", "parent", "period", "times")

    def __init__(self, label: str, kind: str, parent: Box | None, times: int = 1) -> None:
        self.label = label
        self.kind = kind
        self.parent = parent
        self.times = times  # of a fold: how often a pattern of `period` children repeats
        self.period = 1
        self.children: list[Box | Node] = []
        self.closed_first = False

    @property
    def path(self) -> str:
        """The labels from the outermost scope to this one, joined by dots."""
        parts: list[str] = []
        box: Box | None = self
        while box is not None and box.parent is not None:
            parts.append(box.label)
            box = box.parent
        return ".".join(reversed(parts))

    def nodes(self) -> Iterator[Node]:
        """Yield every operation inside, in recording order."""
        stack: list[Box | Node] = [self]
        while stack:
            item = stack.pop()
            if isinstance(item, Box):
                stack.extend(reversed(item.children))
            else:
                yield item

    def rounds(self) -> Iterator[tuple[Node, int]]:
        """Yield every operation inside, with the repetition that it belongs to."""
        for k, child in enumerate(self.children):
            inside = child.nodes() if isinstance(child, Box) else (child,)
            for node in inside:
                yield node, k // self.period if self.times > 1 else 0

    def boxes(self) -> Iterator[Box]:
        """Yield every box inside, outer ones first."""
        for child in self.children:
            if isinstance(child, Box):
                yield child
                yield from child.boxes()


class Tree:
    """The scopes of a graph as a tree of boxes, with its operations inside.

    Parameters
    ----------
    graph : Graph
        What was recorded.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        chain_of = scopes.chains(graph.nodes)
        label_of = scopes.labels(chain_of)
        self.groups = {node: chain[-1] for node, chain in chain_of.items()}
        self.modules = _roots(chain_of)
        self.root = Box("", "graph", None)
        boxes: dict[scopes.Entry, Box] = {}
        for node in graph.nodes:
            if node.primitive is None:
                continue
            box = self.root
            for entry in chain_of.get(node, ())[:DEEPEST]:
                if entry not in boxes:
                    boxes[entry] = Box(label_of[entry], entry.kind, box)
                    box.children.append(boxes[entry])
                box = boxes[entry]
            box.children.append(node)
        self._drop_lone_root()
        for entry, box in boxes.items():
            gone = entry.what is None
            module = gone or hasattr(entry.what, "named_modules")
            box.closed_first = module and not any(isinstance(c, Box) for c in box.children)

    def _drop_lone_root(self) -> None:
        """One model around everything says nothing: its parts become the outermost level."""
        inside = [c for c in self.root.children if isinstance(c, Box) and c.kind != "scope"]
        around = [b for b in inside if any(isinstance(c, Box) for c in b.children)]
        if len(around) != 1:
            return
        lone = around[0]
        place = self.root.children.index(lone)
        for child in lone.children:
            if isinstance(child, Box):
                child.parent = self.root
        self.root.children[place : place + 1] = lone.children

    def folded(self, opened: Sequence[str] = ()) -> Box:
        """Return a copy of the tree in which repeated neighbours are one closed box each.

        What is named in `opened` is left out of the folding.
        """
        return _folded(self.root, None, _Signatures(opened))

    def __iter__(self) -> Iterator[Box]:
        return self.root.boxes()


def _roots(chain_of: dict[Node, tuple[scopes.Entry, ...]]) -> list[Any]:
    found: dict[int, Any] = {}
    for chain in chain_of.values():
        what = chain[0].what
        if what is not None and not isinstance(what, str):
            found.setdefault(id(what), what)
    return list(found.values())


class _Signatures:
    """What makes two pieces of a graph equal: operations, shapes, and how they are wired."""

    def __init__(self, opened: Sequence[str]) -> None:
        self._opened = opened

    def of(self, item: Box | Node) -> Any:
        if isinstance(item, Box) and any(_opens(name, item.path) for name in self._opened):
            return ("opened", id(item))
        if isinstance(item, Node):
            return ("op", item.name, item.lasti, id(item.code), _shape(item), self._inputs(item))
        inside = [*item.nodes()]
        first = {node: k for k, node in enumerate(inside)}
        wiring = tuple(
            (n.name, _shape(n), tuple(first.get(i, _shape(i)) for i in _sources(n))) for n in inside
        )
        return ("box", item.kind, re.sub(r"\d+", "#", item.label), hash(wiring), len(inside))

    def _inputs(self, node: Node) -> tuple[Any, ...]:
        return tuple(_shape(i) for i in _sources(node))


def _sources(node: Node) -> list[Node]:
    return [i for i in node.inputs or () if isinstance(i, Node)]


def _shape(node: Node) -> tuple[int, ...] | str:
    value = bare(node.output)
    return "parts" if isinstance(value, (tuple, list)) else np.shape(value)


def _folded(box: Box, parent: Box | None, signatures: _Signatures) -> Box:
    made = Box(box.label, box.kind, parent, box.times)
    made.closed_first = box.closed_first
    items = box.children
    keys = [signatures.of(item) for item in items]
    k = 0
    while k < len(items):
        period, times = _repeat(keys, k)
        if times > 1:
            made.children.append(_fold(items[k : k + period * times], period, times, made))
            k += period * times
            continue
        item = items[k]
        made.children.append(_folded(item, made, signatures) if isinstance(item, Box) else item)
        k += 1
    return made


def _repeat(keys: Sequence[Any], start: int) -> tuple[int, int]:
    """Return the length and number of a pattern that repeats from here on: (1, 1) if none does."""
    first = keys[start]
    for period in range(1, min(_PERIOD, (len(keys) - start) // 2) + 1):
        if keys[start + period] != first:
            continue
        pattern = keys[start : start + period]
        times = 1
        while keys[start + times * period : start + (times + 1) * period] == pattern:
            times += 1
        if times >= (2 if first[0] == "box" else 4):
            return period, times
    return 1, 1


def _fold(items: list[Box | Node], period: int, times: int, parent: Box) -> Box:
    one, last = items[0], items[-1] if period == 1 else items[-period]
    if isinstance(one, Box) and isinstance(last, Box):  # a pattern has the same kind of item there
        label, kind = fold_label(one.label, last.label, times), one.kind
    else:
        assert isinstance(one, Node)
        label, kind = f"line {one.location.line} ×{times}", "repeated"
    made = Box(label, kind, parent, times)
    made.period = period
    made.children = list(items)
    made.closed_first = True
    return made


def rest_of_loop(box: Box) -> list[Box | Node]:
    """Return what an opened loop shows: its first round, and the others as one closed box."""
    first, others = box.children[: box.period], box.children[box.period :]
    if box.times < 3:
        return [*first, *others]
    return [*first, _fold(others, box.period, box.times - 1, box)]


def fold_label(first: str, last: str, times: int) -> str:
    """Return the name of a folded range.

    Examples
    --------
    >>> fold_label("block0", "block11", 12), fold_label("cell", "cell", 28)
    ('block0..11 ×12', 'cell ×28')
    """
    numbers = re.findall(r"\d+", last)
    if first == last or not numbers:
        return f"{first} ×{times}"
    return f"{first}..{numbers[-1]} ×{times}"


def chunked(root: Box, limit: int) -> Box:
    """Return a tree whose outermost level has at most `limit` items: long runs are cut in parts."""
    items = root.children
    if len(items) <= limit:
        return root
    made = Box(root.label, root.kind, root.parent)
    size = -(-len(items) // limit)
    for k in range(0, len(items), size):
        part = Box(f"part {k // size + 1}", "part", made)
        part.children = list(items[k : k + size])
        part.closed_first = True
        made.children.append(part)
    return made


def closed_boxes(root: Box, depth: int, opened: Sequence[str] = (), eager: bool = True) -> set[Box]:
    """Return the boxes that are shown as one card: those below a depth, and small modules.

    `eager` closes modules without parts (losses, norms, activations, linear
    layers) at any depth; names in `opened` keep a box and all around it open.
    """
    closed: set[Box] = set()
    stack = [(child, 1) for child in root.children if isinstance(child, Box)]
    while stack:
        box, level = stack.pop()
        wanted = any(_opens(name, box.path) for name in opened)
        if not wanted and (level > depth or (eager and box.closed_first)):
            closed.add(box)
        else:
            stack += [(c, level + 1) for c in box.children if isinstance(c, Box)]
    return closed


def _opens(name: str, path: str) -> bool:
    return name == path or name.startswith(path + ".") or path.startswith(name + ".")


def height(root: Box) -> int:
    """Return how deeply boxes are nested."""
    deepest, stack = 0, [(root, 0)]
    while stack:
        box, level = stack.pop()
        deepest = max(deepest, level)
        stack += [(c, level + 1) for c in box.children if isinstance(c, Box)]
    return deepest
