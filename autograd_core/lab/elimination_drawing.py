"""The picture of an elimination: the graph in layers, vertices numbered in order."""

from __future__ import annotations

import html
from typing import Any

ACROSS, DOWN, RADIUS = 110, 70, 17
BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#999999"  # Okabe-Ito


def svg(elimination: Any) -> str:
    """Return the graph as SVG: inputs left, outputs right, the order in the circles."""
    graph = elimination.graph
    layer = dict.fromkeys(range(len(graph.names)), 0)
    for a, b in sorted(graph.edges):
        layer[b] = max(layer[b], layer[a] + 1)
    for v in graph.outputs:
        layer[v] = max(layer.values())
    rows: dict[int, list[int]] = {}
    for v, depth in layer.items():
        rows.setdefault(depth, []).append(v)
    tallest = max(map(len, rows.values()))
    place = {
        v: (60 + ACROSS * depth, 50 + DOWN * (k + (tallest - len(column)) / 2))
        for depth, column in rows.items()
        for k, v in enumerate(column)
    }
    number = {v: str(k + 1) for k, v in enumerate(elimination.order)}
    width, height = 120 + ACROSS * max(rows), 70 + DOWN * tallest
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" '
        f'text-anchor="middle"><title>{html.escape(elimination.rule)}: '
        f"{elimination.multiplications} multiplications</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{GREY}"/></marker></defs>',
    ]
    for a, b in sorted(graph.edges):
        (x1, y1), (x2, y2) = place[a], place[b]
        length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1.0)
        dx, dy = (x2 - x1) / length * RADIUS, (y2 - y1) / length * RADIUS
        parts.append(
            f'<line x1="{x1 + dx:.1f}" y1="{y1 + dy:.1f}" x2="{x2 - dx:.1f}" y2="{y2 - dy:.1f}" '
            f'stroke="{GREY}" marker-end="url(#head)"/>'
        )
    for v, (x, y) in place.items():
        end = v in graph.inputs or v in graph.outputs
        colour = BLUE if end else ORANGE
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{RADIUS}" fill="white" stroke="{colour}" '
            f'stroke-width="2"/><text x="{x}" y="{y + 4}">{number.get(v, "")}</text>'
            f'<text x="{x}" y="{y + RADIUS + 14}">{html.escape(graph.names[v])}</text>'
        )
    text = f"{elimination.rule}: {elimination.multiplications} multiplications"
    parts.append(f'<text x="{width / 2}" y="18">{html.escape(text)}</text></svg>')
    return "".join(parts)
