"""The picture: SVG from a view and its layout, drawn by ourselves."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files

from autograd_core.viewer.layout import (
    LINE,
    Layout,
    Place,
    Point,
    frame_label,
    middle,
    moved,
    near_end,
    title_parts,
)
from autograd_core.viewer.palette import palette
from autograd_core.viewer.view import Card, Junction, View, Wire
from autograd_core.viewer.widths import clip, visible, width

NEAR = 150.0  # pixels: how far from the card at work a message stands at most


def asset(name: str) -> str:
    """Return a style sheet, a script or a page that comes with the viewer."""
    return (files("autograd_core.viewer") / name).read_text(encoding="utf-8")


def css() -> str:
    """Return the style sheet of graphs."""
    return asset("graph.css").replace("%%palette%%", palette())


def safe(text: str) -> str:
    """Return a user's text such that it stays text: markup and control characters written out."""
    return escape(visible(text), quote=True)


def safe_lines(text: str) -> str:
    """Return several lines of a user's text as text."""
    return "\n".join(map(safe, text.split("\n")))


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


def static(view: View, layout: Layout, show: tuple[str, ...], title: str, said: str = "") -> str:
    """Return a picture that stands by itself; `said` is what it shows, in words."""
    body = _Picture(view, layout, show).draw()
    for start, attributes in _PLAIN.items():  # a user's text has no "<": it is written out
        element, rest = start.partition(" ")[::2]
        body = body.replace(start, f"{element} {attributes} {rest}".rstrip())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" '
        f'aria-label="{safe(title)}: {safe(said)}" '
        'style="max-width:100%;height:auto" fill="#1b1b1f" text-anchor="middle" '
        'font-family="sans-serif" '
        f'viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" '
        f'width="{layout.width:.0f}" height="{layout.height:.0f}">'
        f"<title>{safe(title)}</title><desc>{safe(said)}</desc><style>{css()}</style>"
        f'<rect class="ground" width="100%" height="100%" fill="#ffffff"/>{body}</svg>\n'
    )


def stepping(view: View, layout: Layout, prefix: str, leads: Iterable[str] = ()) -> str:
    """Return the picture of the stepping page: with messages to switch on, and focusable cards.

    `leads` are the keys of the cards that can be opened, and of the frames that can be closed.
    """
    picture = _Picture(view, layout, ("value", "grad"), prefix, frozenset(leads))
    body = picture.draw()
    left, top, right, bottom = picture.bounds  # messages may need more room than the cards
    wide, high = right - left, bottom - top
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" id="{prefix}" '
        f'viewBox="{left:.0f} {top:.0f} {wide:.0f} {high:.0f}" data-left="{left:.0f}" '
        f'data-top="{top:.0f}" data-width="{wide:.0f}" data-height="{high:.0f}">{body}</svg>'
    )


class _Picture:
    def __init__(
        self,
        view: View,
        layout: Layout,
        show: tuple[str, ...],
        prefix: str = "",
        leads: frozenset[str] = frozenset(),
    ) -> None:
        self.view = view
        self.layout = layout
        self.show = show
        self.prefix = prefix  # of the stepping page; empty in a static picture
        self.leads = leads
        self.bounds = (0.0, 0.0, layout.width, layout.height)
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
        left, top = p.x - p.w / 2, p.y - p.h / 2
        text = f'<text x="{left + 9:.1f}" y="{top + 17:.1f}">{safe(label)}</text>'
        if key in self.leads:
            text = (
                f'<g class="fold" data-fold="{key}" tabindex="0" role="button" '
                f'aria-expanded="true" aria-label="{safe(label)}: close">'
                f'<rect class="grip" x="{left + 1:.1f}" y="{top + 1:.1f}" height="24" '
                f'width="{min(width(label, 13) + 34, p.w - 2):.1f}" rx="7"/>'
                f'<text x="{left + 9:.1f}" y="{top + 17:.1f}">− {safe(label)}</text></g>'
            )
        return (
            f'<g class="frame"><rect x="{left:.1f}" y="{top:.1f}" '
            f'width="{p.w:.1f}" height="{p.h:.1f}" rx="8"/>{text}</g>'
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
        if self.prefix.startswith("v"):  # a further view: found by its key inside of its picture
            return f'data-key="{key}"'
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
        hint = "" if self.prefix else f"<title>{safe_lines(self._hint(card))}</title>"
        return (
            f'<g class="{" ".join(filter(None, classes))}" {self._key(card.key)}{focus}>{hint}'
            f"{_body(card, p)}{self._rows(card, p)}{self._opener(card, p)}</g>"
        )

    def _opener(self, card: Card, p: Place) -> str:
        """Return the sign by which the mouse opens a closed scope; keys do it at the card."""
        if card.key not in self.leads:
            return ""
        x, y = p.x + p.w / 2 - 4, p.y - p.h / 2 + 3
        return (
            f'<g class="opener" data-fold="{card.key}" aria-hidden="true">'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12"/>'
            f'<text x="{x:.1f}" y="{y + 6:.1f}">+</text></g>'
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
        lines, shape = title_parts(card)
        small = f'<tspan class="shape" dx="8">{safe(shape)}</tspan>' if shape else ""
        top = p.y - p.h / 2 + (25 if card.kind == "error" else 23)
        at = [f' x="{p.x:.1f}" dy="{LINE}"' if k else "" for k in range(len(lines))]
        names = [
            f'<tspan class="name"{place}>{safe(line)}</tspan>'
            for place, line in zip(at, lines, strict=True)
        ]
        if not lines[-1]:  # the shape has a line of its own
            names[-1] = ""
            small = f'<tspan class="shape"{at[-1]}>{safe(shape)}</tspan>'
        first = f'<text x="{p.x:.1f}" y="{top:.1f}">{"".join(names)}{small}</text>'
        if card.kind == "error":
            return first
        bottom = p.y + p.h / 2 - 12
        below = f'<text class="row" x="{p.x:.1f}" y="{bottom:.1f}">{self._second(card)}</text>'
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
        x, y = middle(beside) if trunk else near_end(beside, NEAR)
        room, left, right = self.layout.label_room, x, x
        if self.layout.rankdir == "LR":
            y += 16 if side > 0 else -8
            at, left, right = f'x="{x:.1f}" y="{y:.1f}"', x - room / 2, x + room / 2
        else:
            anchor = "start" if side > 0 else "end"
            x, y = x + 7 * side, y + 4
            at = f'x="{x:.1f}" y="{y:.1f}" style="text-anchor:{anchor}"'
            left, right = (x, x + room) if side > 0 else (x - room, x)
        a, b, c, d = self.bounds
        self.bounds = min(a, left - 4), min(b, y - 16), max(c, right + 4), max(d, y + 8)
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
