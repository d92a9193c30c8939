"""The graph in Graphviz's own language, for those who want to go on with it there."""

from __future__ import annotations

from typing import Any

from autograd_core.viewer.layout import frame_label, second_row, title_parts
from autograd_core.viewer.svg import safe
from autograd_core.viewer.view import Card, View


def digraph(view: View, rankdir: str, show: tuple[str, ...]) -> Any:
    """Return a ``graphviz.Digraph`` of a view."""
    import graphviz

    dot = graphviz.Digraph(
        graph_attr={"rankdir": rankdir, "bgcolor": "#ffffff", "fontname": "Helvetica"},
        node_attr={"fontname": "Helvetica", "fontsize": "11", "color": "#858b98", "shape": "box"},
        edge_attr={"color": "#858b98", "arrowsize": "0.7"},
    )
    _frames(dot, view, "", show)
    starts = {}
    for junction in view.junctions:
        dot.node(
            junction.key,
            "+",
            shape="circle",
            width="0.25",
            margin="0.02",
            xlabel=f"×{junction.uses}",
        )
        dot.edge(junction.card, junction.key, arrowhead="none")
        starts.update(dict.fromkeys(junction.wires, junction.key))
    for wire in view.wires:
        dot.edge(wire.alias or starts.get(wire.key, wire.source), wire.target)
    return dot


def _frames(dot: Any, view: View, outer: str, show: tuple[str, ...]) -> None:
    for card in view.cards:
        if (card.boxes[-1] if card.boxes else "") == outer:
            dot.node(card.key, _label(card, show), **_style(card))
    for frame in view.frames:
        if frame.outer == outer:
            with dot.subgraph(name=f"cluster_{frame.key}") as inner:
                inner.attr(label=f"<{safe(frame_label(frame.label, frame.kind))}>", color="#c2c7d0")
                _frames(inner, view, frame.key, show)


def _label(card: Card, show: tuple[str, ...]) -> str:
    lines, shape = title_parts(card)
    head = "<br/>".join(f"<b>{safe(line)}</b>" for line in lines if line)
    if card.kind in ("alias", "error"):
        return f"<{head or ' '}>"
    if shape:
        head += f'  <font color="#5a5f6b" point-size="9">{safe(shape)}</font>'
    if card.metric:
        return f"<{head}<br/>{safe(card.metric)}>"
    value, gradient = second_row(card).split("  ∂ ")
    parts = []
    if "value" in show:
        parts.append(f'<font color="#005f99">{safe(value)}</font>')
    if "grad" in show and card.kind != "constant":
        parts.append(f'<font color="#a64200">∂ {safe(gradient)}</font>')
    return f"<{head}<br/>{'  '.join(parts)}>" if parts else f"<{head}>"


def _style(card: Card) -> dict[str, str]:
    style = {}
    if card.kind == "parameter":
        style = {"style": "rounded,filled", "fillcolor": "#e6edf9", "penwidth": "2"}
    elif card.kind in ("input", "plus"):
        style = {"style": "rounded"}
    elif card.kind in ("constant", "alias"):
        style = {"style": "rounded,dotted"}
    elif card.kind == "module":
        style = {"style": "filled", "fillcolor": "#f1f2f6"}
    if card.output:
        style["peripheries"] = "2"
    if card.bad or card.kind == "error":
        style |= {"color": "#b3001b", "penwidth": "2.5"}
    if card.mark:
        style |= {"color": "#00704e" if card.mark == "added" else "#b3001b"}
        style |= {"style": "dashed"} if card.mark == "removed" else {}
    return style
