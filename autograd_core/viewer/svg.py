"""The picture: SVG from a view and its layout, drawn by ourselves."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from autograd_core.viewer.layout import (
    Layout,
    Place,
    Point,
    frame_label,
    middle,
    moved,
    title_parts,
)
from autograd_core.viewer.view import Card, Junction, View, Wire
from autograd_core.viewer.widths import clip, visible


def css() -> str:
    """Return the style sheet of graphs."""
    return (files("autograd_core.viewer") / "graph.css").read_text(encoding="utf-8")


def safe(text: str) -> str:
    """Return a user's text such that it stays text: markup and control characters written out."""
    return escape(visible(text), quote=True)


# Some pages that show notebooks take style sheets out of pictures: what is left has to be readable.
# A style sheet, where there is one, wins over these attributes.
_PLAIN = {
    "<text": 'font-size="15"',
    "<circle": 'fill="#ffffff" stroke="#858b98"',
    '<g class="frame"': 'fill="none" stroke="#c2c7d0"',
    '<rect class="body"': 'fill="#ffffff" stroke="#858b98"',
    '<rect class="behind"': 'fill="#f1f2f6" stroke="#858b98"',
    '<rect class="inner"': 'fill="none" stroke="#858b98"',
    '<path class="wire': 'fill="none" stroke="#858b98"',
    '<path class="tip"': 'fill="#858b98"',
    '<tspan class="value"': 'fill="#005f99"',
    '<tspan class="grad"': 'fill="#a64200"',
}


def static(view: View, layout: Layout, show: tuple[str, ...], title: str) -> str:
    """Return a picture that stands by itself."""
    body = _Picture(view, layout, show).draw()
    for start, attributes in _PLAIN.items():  # a user's text has no "<": it is written out
        element, rest = start.partition(" ")[::2]
        body = body.replace(start, f"{element} {attributes} {rest}".rstrip())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" '
        'style="max-width:100%;height:auto" fill="#1b1b1f" text-anchor="middle" '
        'font-family="sans-serif" '
        f'viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" '
        f'width="{layout.width:.0f}" height="{layout.height:.0f}">'
        f"<title>{safe(title)}</title><style>{css()}</style>"
        f'<rect class="ground" width="100%" height="100%" fill="#ffffff"/>{body}</svg>\n'
    )


def stepping(view: View, layout: Layout, prefix: str) -> str:
    """Return the picture of the stepping page: with messages to switch on, and focusable cards."""
    body = _Picture(view, layout, ("value", "grad"), prefix).draw()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" id="{prefix}" '
        f'viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" data-width="{layout.width:.0f}" '
        f'data-height="{layout.height:.0f}">{body}</svg>'
    )


class _Picture:
    def __init__(self, view: View, layout: Layout, show: tuple[str, ...], prefix: str = "") -> None:
        self.view = view
        self.layout = layout
        self.show = show
        self.prefix = prefix  # of the stepping page; empty in a static picture
        self.compared = any(card.mark for card in view.cards)

    def draw(self) -> str:
        view = self.view
        parts = [
            self._frame(frame.key, frame_label(frame.label, frame.kind)) for frame in view.frames
        ]
        parts += [self._trunk(junction) for junction in view.junctions]
        parts += [self._wire(wire) for wire in view.wires]
        parts += [self._junction(junction) for junction in view.junctions]
        parts += [self._card(card) for card in view.cards]
        if self.prefix:
            parts += [self._message(w.key, self._side(w)) for w in view.wires if w.node]
            parts += [self._message(j.key, trunk=True) for j in view.junctions if j.node]
        return "".join(parts)

    def _frame(self, key: str, label: str) -> str:
        p = self.layout.frames.get(key)
        if p is None:
            return ""
        return (
            f'<g class="frame"><rect x="{p.x - p.w / 2:.1f}" y="{p.y - p.h / 2:.1f}" '
            f'width="{p.w:.1f}" height="{p.h:.1f}" rx="8"/>'
            f'<text x="{p.x - p.w / 2 + 9:.1f}" y="{p.y - p.h / 2 + 17:.1f}">{safe(label)}</text>'
            "</g>"
        )

    def _trunk(self, junction: Junction) -> str:
        points = self.layout.curves[junction.key]
        return f'<path class="wire trunk" {self._key(junction.key, "e")} d="{_path(points[:-1])}"/>'

    def _wire(self, wire: Wire) -> str:
        points = self.layout.curves[wire.key]
        mark = f" {wire.mark}" if wire.mark else ""
        return (
            f'<g {self._key(wire.key, "e")}><path class="wire{mark}" d="{_path(points[:-1])}"/>'
            f'<path class="tip" d="{_tip(points[-2], points[-1])}"/></g>'
        )

    def _junction(self, junction: Junction) -> str:
        p = self.layout.places[junction.key]
        sign = "" if self.prefix else "+"
        count = junction.uses
        name = safe(self.view.card(junction.card).name)
        beside = f'x="{p.x:.1f}" y="{p.y + p.h / 2 + 15:.1f}"'
        if self.layout.rankdir == "TB":  # below, the wires go
            beside = f'x="{p.x - p.w / 2 - 14:.1f}" y="{p.y + 4:.1f}"'
        return (
            f'<g class="junction" {self._key(junction.key)}><title>{name} is used {count} times: '
            f"forward a branch, backward a sum</title>"
            f'<circle cx="{p.x:.1f}" cy="{p.y:.1f}" r="{p.w / 2:.1f}"/>'
            f'<text class="sign" x="{p.x:.1f}" y="{p.y + 6.5:.1f}">{sign}</text>'
            f'<text class="uses" {beside}>×{count}</text></g>'
        )

    def _key(self, key: str, kind: str = "") -> str:
        return f'id="{self.prefix}{kind}-{key}" data-key="{key}"' if self.prefix else ""

    def _card(self, card: Card) -> str:
        p = self.layout.places[card.key]
        classes = ["card", card.kind]
        classes += ["output"] if card.output else []
        classes += ["bad"] if card.bad and not self.prefix else []
        classes += (
            [f"heat-{_shade(card.heat)}"] if card.heat is not None and _shade(card.heat) else []
        )
        classes += [card.mark or ("same" if self.compared else "")]
        focus = (
            f' tabindex="-1" role="button" aria-label="{safe(card.title)}"' if self.prefix else ""
        )
        hint = "" if self.prefix else f"<title>{safe(self._hint(card))}</title>"
        return (
            f'<g class="{" ".join(filter(None, classes))}" {self._key(card.key)}{focus}>{hint}'
            f"{_body(card, p)}{self._rows(card, p)}</g>"
        )

    def _hint(self, card: Card) -> str:
        parts = [card.title, f"value {card.value.text}", f"gradient {card.gradient.text}"]
        if card.where is not None:
            parts.append(str(card.where))
        return "\n".join(filter(None, [*parts, card.note]))

    def _rows(self, card: Card, p: Place) -> str:
        if card.kind == "alias":
            name = safe(clip(visible(card.name), 120, 12))
            return f'<text x="{p.x:.1f}" y="{p.y + 4:.1f}">{name}</text>'
        title, shape = title_parts(card)
        small = f'<tspan class="shape" dx="8">{safe(shape)}</tspan>' if shape else ""
        top = p.y + 5 if card.kind == "error" else p.y - 7
        name = f'<tspan class="name">{safe(title)}</tspan>'
        first = f'<text x="{p.x:.1f}" y="{top:.1f}">{name}{small}</text>'
        if card.kind == "error":
            return first
        below = f'<text class="row" x="{p.x:.1f}" y="{p.y + 18:.1f}">{self._second(card)}</text>'
        marker = (
            f'<text class="marker" x="{p.x - p.w / 2 + 11:.1f}" y="{p.y + 5:.1f}"></text>'
            if self.prefix
            else ""
        )
        return first + below + marker

    def _second(self, card: Card) -> str:
        if self.prefix:
            return '<tspan class="value"></tspan><tspan class="grad"></tspan>'
        if card.metric:
            return f'<tspan class="metric">{safe(card.metric)}</tspan>'
        parts = []
        if "value" in self.show:
            parts.append(f'<tspan class="value">{safe(card.value.marked)}</tspan>')
        if "grad" in self.show and card.kind != "constant":
            gap = ' dx="10"' if parts else ""
            late = " (earlier sweep)" if card.earlier else ""
            parts.append(f'<tspan class="grad"{gap}>∂ {safe(card.gradient.marked)}{late}</tspan>')
        return "".join(parts)

    def _side(self, wire: Wire) -> int:
        """Return on which side of a wire its message goes: of several into one card, outwards."""
        if len(self.view.into(wire.target)) < 2:
            return 1
        centre, at = self.layout.places[wire.target], middle(self.layout.curves[wire.key])
        if self.layout.rankdir == "LR":
            return -1 if at[1] < centre.y - 2 else 1
        return -1 if at[0] < centre.x - 2 else 1

    def _message(self, key: str, side: int = 1, trunk: bool = False) -> str:
        points = self.layout.curves[key]
        beside = moved(points, self.layout.rankdir, side)
        x, y = middle(beside)
        if self.layout.rankdir == "LR":
            at = f'x="{x:.1f}" y="{y + (16 if side > 0 else -8):.1f}"'
        else:
            anchor = "start" if side > 0 else "end"
            at = f'x="{x + 7 * side:.1f}" y="{y + 4:.1f}" style="text-anchor:{anchor}"'
        back = _tip(beside[1], beside[0], 9)
        ahead = _tip(beside[-3] if trunk else beside[-2], beside[-1], 9)
        return (
            f'<g class="message" {self._key(key, "m")}>'
            f'<path class="way" d="{_path(beside[:-1])}"/><path class="back" d="{back}"/>'
            f'<path class="ahead" d="{ahead}"/><text {at}></text></g>'
        )


def _shade(heat: float) -> int:
    return min(4, max(0, round(heat * 4)))


def _body(card: Card, p: Place) -> str:
    x, y = p.x - p.w / 2, p.y - p.h / 2
    radius = {
        "parameter": 14,
        "input": 14,
        "constant": 14,
        "plus": 22,
        "alias": 13,
        "module": 7,
    }.get(card.kind, 3)
    box = f'x="{x:.1f}" y="{y:.1f}" width="{p.w:.1f}" height="{p.h:.1f}"'
    behind = ""
    if card.kind == "module":
        behind = (
            f'<rect class="behind" x="{x + 4:.1f}" y="{y - 4:.1f}" width="{p.w:.1f}" '
            f'height="{p.h:.1f}" rx="{radius}"/>'
        )
    inner = ""
    if card.output:
        inner = (
            f'<rect class="inner" x="{x + 3.5:.1f}" y="{y + 3.5:.1f}" width="{p.w - 7:.1f}" '
            f'height="{p.h - 7:.1f}" rx="{max(radius - 3, 1)}"/>'
        )
    return f'{behind}<rect class="body" {box} rx="{radius}"/>{inner}'


def _path(points: list[Point]) -> str:
    first, rest = points[0], points[1:]
    return f"M{_pair(first)}C{' '.join(map(_pair, rest))}" if rest else f"M{_pair(first)}"


def _pair(p: Point) -> str:
    return f"{p[0]:.1f},{p[1]:.1f}"


def _tip(start: Point, end: Point, least: float = 0) -> str:
    """Return an arrow head that ends at `end`, pointing away from `start`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-6)
    size = max(min(length, 9.0), least)
    ux, uy = dx / length, dy / length
    bx, by = end[0] - ux * size, end[1] - uy * size
    half = size * 0.42
    return (
        f"M{end[0]:.1f},{end[1]:.1f}L{bx - uy * half:.1f},{by + ux * half:.1f}"
        f"L{bx + uy * half:.1f},{by - ux * half:.1f}Z"
    )
