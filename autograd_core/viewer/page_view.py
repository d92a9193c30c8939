"""One view of a stepping page, as plain data: its cards, its steps in both modes, its pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.base.errors import AutogradError
from autograd_core.engine.node import Node
from autograd_core.operations.primitive import bare
from autograd_core.viewer.elements import MOST
from autograd_core.viewer.layout import LABEL, Layout
from autograd_core.viewer.listing import Listing
from autograd_core.viewer.numbers import Summary, bytes_text, number_text, scaled, shape_text
from autograd_core.viewer.recorded_sweep import RecordedSweep, Tangents, flops, saved_bytes
from autograd_core.viewer.seeds import Seed
from autograd_core.viewer.steps import PassStep, reverse_steps, sum_text, tangent_steps
from autograd_core.viewer.svg import safe, stepping
from autograd_core.viewer.variants import Variant
from autograd_core.viewer.view import Card, View, Wire
from autograd_core.viewer.widths import visible, width

LONGEST = 400  # characters of a text of the user's
SEARCHED = 1_500  # characters that a closed scope can be found by
WIDE, NARROW = "lr", "tb"


class PageView:
    """A view, its numbers, and what a page shows of both.

    Parameters
    ----------
    variant : Variant
        The view, and where its scopes lead.
    recording : RecordedSweep
        Its numbers.
    seeds : list of (Seed, Tangents)
        The forward sweeps that the page has.
    drawing : Drawing
        What it is a view of: names, layouts.
    """

    def __init__(
        self,
        variant: Variant,
        recording: RecordedSweep,
        seeds: list[tuple[Seed, Tangents]],
        drawing: Any,
    ) -> None:
        self.view = variant.view
        self.leads = variant.leads
        self.scopes = variant.scopes
        self.recording = recording
        self.seeds = seeds
        self.drawing = drawing
        self.place = {node: k for k, node in enumerate(drawing.graph.nodes)}
        self.steps = reverse_steps(self.view, recording)

    def output(self) -> str:
        """Return what the output is called."""
        return output_name(self.view)

    def data(self, listing: Listing) -> dict[str, Any]:
        """Return everything that the page shows of it (JSON)."""
        runs = [self._run("reverse", "", self.steps, listing)]
        for seed, pushed in self.seeds:
            steps = tangent_steps(self.view, self.recording, seed, pushed)
            run = self._run(seed.key, seed.name, steps, listing)
            run["tangents"] = {
                c.key: number(pushed.tangents.get(c.node, Summary("0", 0.0, 1)))
                for c in self.view.cards
                if c.node is not None and c.kind != "alias"
            }
            runs.append(run)
        return {
            "cards": {c.key: self._card(c) for c in self.view.cards if c.kind != "alias"},
            "frames": {f.key: short(f.label) for f in self.view.frames},
            "junctions": {j.key: j.card for j in self.view.junctions},
            "wires": {w.key: self._wire(w) for w in self.view.wires},
            "leads": self.leads,
            "scopes": self.scopes,
            "runs": runs,
        }

    def _run(self, key: str, seed: str, steps: list[PassStep], listing: Listing) -> dict[str, Any]:
        return {
            "key": key,
            "seed": short(seed),
            "steps": [
                {
                    "phase": s.phase,
                    "card": s.card,
                    "lit": s.lit,
                    "messages": s.messages,
                    "values": s.values,
                    "gradients": s.gradients,
                    "pieces": [[short(p.text), p.style] for p in s.pieces],
                    "flops": s.flops,
                    "line": self._line(s, listing),
                    "at": self._at(s),
                }
                for s in steps
            ],
        }

    def _line(self, step: PassStep, listing: Listing) -> int | None:
        where = self.view.card(step.card).where if step.card is not None else None
        return listing.index(where) if where is not None else None

    def _at(self, step: PassStep) -> int:
        """Return where in the program a step is, so that another view can show the same place."""
        if step.card is None:
            return -1
        card = self.view.card(step.card)
        nodes = [card.node] if card.node is not None else card.members
        return max((self.place.get(n, -1) for n in nodes), default=-1)

    def _wire(self, wire: Wire) -> dict[str, Any]:
        """Return where a wire leads, and what came back along it: null, a number, or true."""
        found: dict[str, Any] = {"from": wire.source, "to": wire.target, "sent": None}
        message = self.recording.messages.get(wire.key)
        if message is None:
            return found
        known = message.scalar and message.number is not None and np.isfinite(message.number)
        local = self.recording.local(wire)
        found |= {
            "sent": message.number if known else True,
            "text": message.text,
            "local": local if local is not None and np.isfinite(local) else None,
        }
        if wire.node is not None and not known and not wire.many:
            found["shape"] = shape_text(wire.node.output)
        return found

    def _card(self, card: Card) -> dict[str, Any]:
        found = {
            "name": short(card.name),
            "title": short(card.title),
            "kind": card.kind,
            "shape": card.shape,
            "output": card.output,
            "value": number(card.value),
            "grad": number(card.gradient) if card.kind != "constant" else None,
            "bad": card.value.bad,
            "badgrad": card.gradient.bad,
            "earlier": card.earlier,
            "detail": [[label, short(text)] for label, text in self._detail(card)],
        }
        if card.kind == "module":
            found["inside"] = self._inside(card)
        return found

    def _inside(self, card: Card) -> str:
        """Return what is hidden in a closed scope, to be searched."""
        names = self.drawing.names.nodes
        words = dict.fromkeys(
            word for n in card.members for word in (names.get(n, ""), n.name if n.primitive else "")
        )
        return visible(" ".join(filter(None, words)))[:SEARCHED]

    def sums(self, known: dict[str, Any], left: int) -> int:
        """Add, for small arrays, each element of the gradient as the sum that it is.

        Returns how many of `left` elements there is still room for.
        """
        for card in self.view.cards:
            size = card.gradient.size
            shown = card.kind in ("parameter", "input", "operation", "plus") and not card.output
            if not shown or card.key in known or not 0 < size <= min(MOST, left):
                continue
            node: Node | None = card.node
            assert node is not None
            names, output = self.drawing.names, self.output()
            texts = [self.recording.element(node, k, names, output) for k in range(size)]
            sums = [t for t in texts if t is not None]
            if len(sums) == size:
                shape = np.shape(bare(node.output))
                known[card.key] = {
                    "columns": int(shape[-1]) if shape else 1,
                    "names": [t.name.partition("/")[2] for t in sums],
                    "values": [number_text(t.value) for t in sums],
                    "texts": [short(str(t)) for t in sums],
                }
                left -= size
        return left

    def _detail(self, card: Card) -> list[tuple[str, str]]:
        node = card.node
        rows = [
            ("computes", card.title if card.kind != "module" else f"{card.name} {card.expression}")
        ]
        if card.note:
            rows.append(("is", card.note))
        if node is not None and node.primitive is not None and card.kind != "module":
            rows.append(("operation", node.name))
        rows.append(("kind", f"{card.shape or 'scalar'} {card.dtype}".strip()))
        if card.where is not None:
            rows.append(("line", str(card.where)))
        kept = sum(saved_bytes(n) for n in card.members)
        if kept:
            rows.append(("kept for backward", bytes_text(kept)))
        work = sum(flops(n) for n in card.members)
        if work:
            rows.append(("work", scaled(work, "FLOP")))
        chain = self._chain(card)
        if chain:
            rows.append(("chain rule here", chain))
        return rows

    def _chain(self, card: Card) -> str:
        """Return the whole sum of the chain rule at a card: a term for each use."""
        terms, parts, output = [], [], self.output()
        for wire in self.view.out_of(card.key):
            message = self.recording.messages.get(wire.key)
            if message is None or wire.node is not card.node:
                continue
            user = self.view.card(wire.target).name
            terms.append(message.text)
            parts.append(f"∂{output}/∂{user} · ∂{user}/∂{card.name}")
        if not terms:
            return ""
        many = len(parts) > 4
        left = f"∂{output}/∂{card.name} = " + (
            f"sum over {len(parts)} uses" if many else " + ".join(parts)
        )
        total = card.gradient.text
        plain = len(terms) == 1 or not card.gradient.scalar
        return f"{left} = {total if plain else sum_text(terms, total)}"

    # --- pictures -------------------------------------------------------------

    def pictures(self, prefix: str = "") -> str:
        """Return the picture from left to right and the one from top to bottom."""
        try:
            layouts = [self._layout("LR"), self._layout("TB")]
        except AutogradError as error:
            if prefix or self.drawing.view is self.view:
                return f'<p class="notice">{safe(str(error))}</p>'
        if not prefix and self.drawing.view is not self.view:
            return ""  # the layout took too long, and the graph was collapsed further
        return "".join(
            stepping(self.view, layout, prefix + name, self.leads)
            for name, layout in zip((WIDE, NARROW), layouts, strict=True)
        )

    def _layout(self, rankdir: str) -> Layout:
        """Return a layout whose cards have room for the tangents of every seed."""
        texts: dict[str, str] = {}
        for card in self.view.cards:
            pushed = [t.tangents[card.node].text for _, t in self.seeds if card.node in t.tangents]
            longest = max(pushed, key=len, default="")
            texts[card.key] = f"{card.value.text}  t {longest}" if longest else ""
        labels = (text for step in self.steps for _, text in step.messages)
        room = max((width(text, LABEL, bold=True) for text in labels), default=0.0)
        layout: Layout = self.drawing.layout(rankdir, min(room, 190.0), extra=texts, view=self.view)
        layout.label_room = room
        return layout


def output_name(view: View) -> str:
    """Return what the output of a view is called."""
    return next((c.name for c in view.cards if c.output), "F")


def short(text: str) -> str:
    """Return a user's text as text, of at most some hundred characters."""
    shown = visible(text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def number(summary: Summary) -> dict[str, Any]:
    """Return a number, or the cells of an array, as data."""
    found: dict[str, Any] = {"text": summary.text}
    if summary.number is not None and np.isfinite(summary.number):
        found["number"] = summary.number
    if summary.cells is not None and not summary.bad:
        found["cells"] = summary.cells
        if summary.block:
            found["block"] = summary.block
    return found
