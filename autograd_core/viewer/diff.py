"""What changed between two graphs, by structure: in linear time, without looking at names."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from autograd_core.engine import graph_data
from autograd_core.engine.node import Node
from autograd_core.viewer.view import Card, View, Wire


def compared(old: Any, new: Any) -> Any:
    """Return a drawing of the newer graph in which what was added and removed is marked."""
    pairs = match(old.view, new.view)
    made = copy.copy(new)
    made.view = _merged(old.view, new.view, pairs)
    made._layouts = {}
    return made


def match(old: View, new: View) -> dict[str, str]:
    """Match the cards of two views: by what leads to them, then by what they lead to.

    Returns
    -------
    dict
        From a key in `old` to the key in `new` that stands for the same computation.
    """
    return graph_data.match(_side(old), _side(new))


def _side(view: View) -> graph_data.Matched:
    card = view.card
    return graph_data.Matched(
        [c.key for c in view.cards if c.kind != "alias"],
        lambda key: _self(card(key)),
        lambda key: [(w.index, w.source) for w in view.into(key)],
        lambda key: [(w.index, w.target) for w in view.out_of(key)],
    )


def _self(card: Card) -> tuple[Any, ...]:
    """Return what a card computes by itself: operation, settings, constants, shape."""
    node = card.node
    if card.kind == "module":
        inside = tuple((n.name, _shape(n)) for n in card.members)
        return ("module", card.category, card.shape, hash(inside))
    if node is None or node.primitive is None:
        return ("leaf", card.shape, card.dtype, card.name)
    return graph_data.computes(node)


def _shape(node: Node) -> tuple[int, ...]:
    return tuple(getattr(node.output, "shape", ()))


def _merged(old: View, new: View, pairs: dict[str, str]) -> View:
    """Return one view with everything of both; keys of what was removed get an "r" before them."""
    matched = set(pairs.values())
    key_of = {card.key: pairs.get(card.key, "r" + card.key) for card in old.cards}
    cards = [
        replace(c, mark="" if c.key in matched or c.kind == "alias" else "added") for c in new.cards
    ]
    removed = [
        replace(c, key=key_of[c.key], boxes=(), mark="removed", output=False)
        for c in old.cards
        if c.key not in pairs and c.kind != "alias"
    ]
    present = {(w.source, w.target, w.index) for w in new.wires}
    before = {(key_of[w.source], key_of[w.target], w.index) for w in old.wires}
    wires = [
        replace(w, mark="" if (w.source, w.target, w.index) in before else "added")
        for w in new.wires
    ]
    for wire in old.wires:
        ends = (key_of[wire.source], key_of[wire.target], wire.index)
        if ends not in present:
            wires.append(Wire("r" + wire.key, *ends[:2], None, index=wire.index, mark="removed"))
    position = {card.key: k for k, card in enumerate(new.cards)}
    rank: dict[str, float] = dict(position)
    last = -1.0
    for card in old.cards:  # what was removed stands where it stood
        key = key_of[card.key]
        last = rank.setdefault(key, last + 1e-3)
    everything = sorted([*cards, *removed], key=lambda c: rank[c.key])
    junctions = [replace(j, wires=list(j.wires)) for j in new.junctions]
    counts = (sum(c.mark == "added" for c in cards), len(removed))
    message = f"{len(matched)} the same, {counts[0]} added (+), {counts[1]} removed (−)."
    return View(everything, wires, junctions, new.frames, message, new.total)
