"""The text form: one row a node, in topological order; what screen readers and tests read."""

from __future__ import annotations

from autograd_core.base.source import shown_name
from autograd_core.viewer.numbers import NONE
from autograd_core.viewer.view import Card, View
from autograd_core.viewer.widths import clip, visible

HEADER = ("name", "computation", "shape", "value", "gradient", "uses", "line")
WIDEST = 46.0


def text_form(view: View, notes: list[str]) -> str:
    """Return the table of a view, and under it what there is to say."""
    uses: dict[str, int] = {}
    for wire in view.wires:
        uses[wire.source] = uses.get(wire.source, 0) + len(wire.uses)
    rows: list[tuple[str, ...]] = [HEADER]
    for card in view.cards:
        if card.kind != "alias":
            rows.append(_row(card, uses.get(card.key, 0)))
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEADER))]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *filter(None, notes)])


def _row(card: Card, uses: int) -> tuple[str, ...]:
    sign = {"added": "+ ", "removed": "- "}.get(card.mark, "")
    value = card.value.marked
    gradient = card.gradient.marked if card.kind != "constant" else NONE
    return (
        _short(sign + card.name),
        _short(card.expression or (card.category if card.kind == "module" else card.kind)),
        card.shape or "scalar",
        value,
        gradient + (" (earlier sweep)" if card.earlier else ""),
        f"×{uses}" if uses > 1 else "",
        line_of(card),
    )


def _short(text: str) -> str:
    return clip(visible(text), WIDEST)


def line_of(card: Card) -> str:
    """Return ``file:line`` of a card; empty without a line."""
    if card.where is None:
        return ""
    return f"{visible(shown_name(card.where.file))}:{card.where.line}"
