"""Animation: one self-contained page that steps through the forward and the backward pass."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.base.errors import AutogradError, OperandError, UnsupportedError
from autograd_core.base.source import Location
from autograd_core.operations.primitive import bare
from autograd_core.viewer.elements import MOST
from autograd_core.viewer.layout import LABEL, Layout
from autograd_core.viewer.listing import Listing
from autograd_core.viewer.numbers import Summary, bytes_text, number_text, scaled
from autograd_core.viewer.recorded_sweep import Tangents, flops, saved_bytes
from autograd_core.viewer.seeds import Seed, chosen
from autograd_core.viewer.steps import PassStep, reverse_steps, sum_text, tangent_steps
from autograd_core.viewer.svg import css, safe, stepping
from autograd_core.viewer.view import Card
from autograd_core.viewer.widths import visible, width

SUMS = 1_500  # elements whose sums a page holds
ANIMATED = 400  # cards that a page shows at most
LONGEST = 400  # characters of a text of the user's


class Animation:
    """A page that steps through a graph; made by `animate`, see there."""

    def __init__(
        self,
        drawing: Any,
        mode: str = "reverse",
        inputs: Any = None,
        title: str | None = None,
    ) -> None:
        if mode not in ("reverse", "forward"):
            raise OperandError(
                f'animate: mode is "reverse" or "forward", not {mode!r}.', Location.of_caller()
            )
        self.drawing = drawing
        self.mode = mode
        drawing.limit(ANIMATED)
        self.note = ""
        self._tangents: dict[str, Tangents] = {}
        self.seeds = self._seeds(inputs)
        self.title = title

    def _seeds(self, inputs: Any) -> list[Seed]:
        """Return the seeds whose sweeps can be run; say why there is none."""
        drawing = self.drawing
        if drawing.failure is not None:
            return []
        if drawing.graph.standing or any(n.inputs is None for n in drawing.graph):
            self.note = "Forward mode is not shown: an earlier sweep freed what it needs."
            return []
        found = []
        for seed in chosen(drawing.graph, drawing.view, drawing.names, inputs):
            try:
                self._tangents[seed.key] = drawing.recording.forward(seed)
                found.append(seed)
            except Exception as error:  # a rule of the user's may raise whatever it likes
                said = (str(error).splitlines() or [""])[0]
                self.note = f"Forward mode is not shown from {seed.name}: {said}"
        return found

    # --- the page's data ----------------------------------------------------

    def data(self) -> dict[str, Any]:
        """Return everything that the page shows, as plain data (JSON)."""
        view, recording = self.drawing.view, self.drawing.recording
        listing = Listing([c.where for c in view.cards if c.where is not None])
        runs = [self._run("reverse", "", reverse_steps(view, recording), listing)]
        for seed in self.seeds:
            pushed = self._tangents[seed.key]
            run = self._run(
                seed.key, seed.name, tangent_steps(view, recording, seed, pushed), listing
            )
            run["tangents"] = {
                c.key: _number(pushed.tangents.get(c.node, Summary("0", 0.0, 1)))
                for c in view.cards
                if c.node is not None and c.kind != "alias"
            }
            runs.append(run)
        leaves = self.drawing.graph.leaves
        return {
            "title": self._title(),
            "output": _short(self._output()),
            "mode": self.mode,
            "inputs": sum(int(np.size(bare(n.output))) for n in leaves),
            "cards": {c.key: self._card(c, listing) for c in view.cards if c.kind != "alias"},
            "sums": self._sums(),
            "junctions": {j.key: j.card for j in view.junctions},
            "runs": runs,
            "source": listing.blocks,
            "notes": [_short(n) for n in [*self.drawing.notes, self.note] if n],
        }

    def _output(self) -> str:
        return next((c.name for c in self.drawing.view.cards if c.output), "F")

    def _title(self) -> str:
        failure = self.drawing.failure
        usual = f"Back-propagation of {self._output()}"
        return _short(
            self.title or (f"What ran before the {failure.title}" if failure is not None else usual)
        )

    def _run(self, key: str, seed: str, steps: list[PassStep], listing: Listing) -> dict[str, Any]:
        return {
            "key": key,
            "seed": _short(seed),
            "steps": [
                {
                    "phase": s.phase,
                    "card": s.card,
                    "lit": s.lit,
                    "messages": s.messages,
                    "values": s.values,
                    "gradients": s.gradients,
                    "pieces": [[_short(p.text), p.style] for p in s.pieces],
                    "flops": s.flops,
                    "line": self._line(s, listing),
                }
                for s in steps
            ],
        }

    def _line(self, step: PassStep, listing: Listing) -> int | None:
        card = next((c for c in self.drawing.view.cards if c.key == step.card), None)
        return listing.index(card.where) if card is not None and card.where is not None else None

    def _card(self, card: Card, listing: Listing) -> dict[str, Any]:
        return {
            "name": _short(card.name),
            "title": _short(card.title),
            "kind": card.kind,
            "shape": card.shape,
            "output": card.output,
            "value": _number(card.value),
            "grad": _number(card.gradient) if card.kind != "constant" else None,
            "bad": card.value.bad,
            "badgrad": card.gradient.bad,
            "earlier": card.earlier,
            "detail": [[label, _short(text)] for label, text in self._detail(card)],
        }

    def _sums(self) -> dict[str, dict[str, Any]]:
        """Return, for small arrays, each element of the gradient as the sum that it is."""
        found: dict[str, dict[str, Any]] = {}
        left = SUMS
        for card in self.drawing.view.cards:
            size = card.gradient.size
            shown = card.kind in ("parameter", "input", "operation", "plus") and not card.output
            if not shown or not 0 < size <= min(MOST, left):
                continue
            texts = [self.drawing.element(card, k) for k in range(size)]
            if all(t is not None for t in texts):
                shape = np.shape(bare(card.node.output))
                found[card.key] = {
                    "columns": int(shape[-1]) if shape else 1,
                    "names": [t.name.partition("/")[2] for t in texts],
                    "values": [number_text(t.value) for t in texts],
                    "texts": [_short(str(t)) for t in texts],
                }
                left -= size
        return found

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
        view, recording = self.drawing.view, self.drawing.recording
        terms, parts, output = [], [], self._output()
        for wire in view.out_of(card.key):
            message = recording.messages.get(wire.key)
            if message is None or wire.node is not card.node:
                continue
            user = view.card(wire.target).name
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

    # --- the page -----------------------------------------------------------

    def to_html(self) -> str:
        """Return the page: one file, nothing to load, no network."""
        pictures = self._pictures()
        content = json.dumps(self.data(), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        for character in "<>&":  # nothing in the data can end the script element or open markup
            content = content.replace(character, f"\\u{ord(character):04x}")
        script = _asset("page.js")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        text = safe_block(self.drawing.to_text())
        return _fill(
            _asset("page.html"),
            {
                "policy": "default-src 'none'; style-src 'unsafe-inline'; "
                f"script-src 'sha256-{digest}'",
                "title": safe(self._title()),
                "style": css() + _asset("page.css"),
                "pictures": pictures,
                "output": safe(_short(self._output())[:20]),
                "text": text,
                "data": content,
                "script": script,
            },
        )

    def _pictures(self) -> str:
        try:
            layouts = [self._layout("LR"), self._layout("TB")]
        except AutogradError as error:
            return f'<p class="notice">{safe(str(error))}</p>'
        view = self.drawing.view
        return "".join(
            stepping(view, layout, name) for name, layout in zip(("lr", "tb"), layouts, strict=True)
        )

    def _layout(self, rankdir: str) -> Layout:
        self.data_texts: dict[str, str] = {}
        for card in self.drawing.view.cards:
            longest = max(
                (
                    t.text
                    for seed in self.seeds
                    if (t := self._tangents[seed.key].tangents.get(card.node)) is not None
                ),
                key=len,
                default="",
            )
            self.data_texts[card.key] = f"{card.value.text}  t {longest}" if longest else ""
        layout: Layout = self.drawing.layout(rankdir, self._label_room(), extra=self.data_texts)
        return layout

    def _label_room(self) -> float:
        texts = [
            text
            for step in reverse_steps(self.drawing.view, self.drawing.recording)
            for _, text in step.messages
        ]
        widest = max((width(text, LABEL, bold=True) for text in texts), default=0.0)
        return min(widest, 190.0)

    def save(self, path: str | Path) -> Path:
        """Write the page.

        Raises
        ------
        UnsupportedError
            If the ending is not .html.
        """
        path = Path(path)
        if path.suffix not in (".html", ".htm"):
            raise UnsupportedError(
                f"save: a stepping page is .html, not {path.suffix!r}; draw(...) writes pictures.",
                Location.of_caller(),
            )
        content = self.to_html()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame that can do nothing but run it."""
        page = escape(self.to_html(), quote=True)
        return (
            f'<iframe title="{safe(self._title())}" sandbox="allow-scripts" '
            f'style="width:100%;height:760px;border:1px solid #858b98" srcdoc="{page}"></iframe>'
        )

    def __repr__(self) -> str:
        steps = len(reverse_steps(self.drawing.view, self.drawing.recording))
        return f"<animation of {self._output()}: {steps} steps; .save('page.html')>"


def _asset(name: str) -> str:
    return (files("autograd_core.viewer") / name).read_text(encoding="utf-8")


def _fill(template: str, values: dict[str, str]) -> str:
    """Fill a template in one pass, so that what is put in is never looked at again."""
    parts = template.split("%%")
    return "".join(values[part] if k % 2 else part for k, part in enumerate(parts))


def safe_block(text: str) -> str:
    """Return several lines of a user's text as text."""
    return "\n".join(safe(line) for line in text.split("\n"))


def _short(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def _number(summary: Summary) -> dict[str, Any]:
    found: dict[str, Any] = {"text": summary.text}
    if summary.number is not None and np.isfinite(summary.number):
        found["number"] = summary.number
    if summary.cells is not None and not summary.bad:
        found["cells"] = summary.cells
        if summary.block:
            found["block"] = summary.block
    return found
