"""Where everything stands: Graphviz computes it, we draw it.

Only sizes and keys go to Graphviz, never a name or a number of the user's, so
its version, its fonts and its quoting do not matter.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from math import dist
from pathlib import Path
from typing import Any

from autograd_core.base.errors import AutogradError
from autograd_core.viewer import layout_hook
from autograd_core.viewer.view import Card, View
from autograd_core.viewer.widths import clip, visible, width, wrapped

BUDGET = 2.0  # seconds
WHEEL = "graphviz-pure"  # the program that the extra `draw` brings
NO_LAYOUT = (
    "No layout program found, so this is the text form. For pictures: "
    'pip install "autograd-core[draw]", or install Graphviz (dot).'
)

TITLE, SMALL, VALUE, LABEL = 15, 12, 15, 12  # font sizes
HEIGHT, SIDE, LEAST = 60, 28, 84  # of a card
WIDEST = 420
LINE = 18  # from one line of a title to the next
JUNCTION = 26
GAP = 8  # between an edge and the message beside it

Point = tuple[float, float]


class LayoutError(AutogradError):
    """No layout program could lay the graph out."""


class LayoutTimeout(AutogradError):  # noqa: N818 - like TimeoutExpired
    """The layout took longer than its budget: the graph must be collapsed further."""


def layout_programs() -> list[str]:
    """Return the Graphviz programs at hand: ``dot`` on PATH, then the one of the extra `draw`.

    That one lies where pip puts programs: beside Python, in the user's own folder, or beside the
    packages of another environment that this one sees.
    """
    found = [shutil.which("dot"), shutil.which(WHEEL)]
    for folder in _program_folders():
        found += [shutil.which(WHEEL, path=folder)]
    return list(dict.fromkeys(program for program in found if program))


def _program_folders() -> list[str]:
    """Return the folders in which pip may have put a program, the nearest first."""
    folders = [str(Path(sys.executable).parent)] if sys.executable else []
    for user in (False, True):
        with suppress(KeyError, ValueError):  # a build of Python without such a scheme
            scheme = sysconfig.get_preferred_scheme("user") if user else None
            path = (
                sysconfig.get_path("scripts", scheme) if scheme else sysconfig.get_path("scripts")
            )
            folders.append(path)
    folders += [str(Path(sys.prefix) / "bin"), str(Path(sys.prefix) / "Scripts")]
    for entry in sys.path:  # packages of another environment: lib/python3.12/site-packages
        packages = Path(entry)
        if packages.name in ("site-packages", "dist-packages"):
            above = packages.parents
            near = [p / name for p in list(above)[:3] for name in ("bin", "Scripts")]
            folders += [str(p) for p in [packages / "bin", *near]]
    return list(dict.fromkeys(folders))


def can_lay_out() -> bool:
    """Tell whether pictures can be made: by a function of the user's, or by a program."""
    return layout_hook.current() is not None or bool(layout_programs())


def layout_program() -> str | None:
    """Return the first of `layout_programs`, or None."""
    return next(iter(layout_programs()), None)


@dataclass
class Place:
    """A rectangle: the centre and the size."""

    x: float
    y: float
    w: float
    h: float


@dataclass
class Layout:
    """Places and curves, in pixels, y downwards.

    Attributes
    ----------
    places : dict
        From a card's or junction's key to its Place.
    curves : dict
        From a wire's or a junction's key (its trunk) to the points of a Bezier
        spline; the last point is the arrow's tip.
    frames : dict
        From a frame's key to its Place.
    """

    rankdir: str
    width: float = 0
    height: float = 0
    places: dict[str, Place] = field(default_factory=dict)
    curves: dict[str, list[Point]] = field(default_factory=dict)
    frames: dict[str, Place] = field(default_factory=dict)
    label_room: float = 0


def second_row(card: Card, gradient: str | None = None) -> str:
    """Return the second row of a card as one text, as wide as it can become."""
    return f"{card.value.marked}  ∂ {card.gradient.marked if gradient is None else gradient}"


def title_parts(card: Card) -> tuple[list[str], str]:
    """Return the lines of a card's title, and its shape, which ends the last of them."""
    shape = visible(card.shape)
    room = WIDEST - SIDE
    sign = {"added": "+ ", "removed": "− "}.get(card.mark, "")
    name, computed = visible(card.name), visible(card.expression)
    if card.kind == "error":
        text = f"{name}: {computed}"
    elif card.kind == "module":
        text = f"{name} · {computed}" if computed else name
    else:
        text = f"{name} = {computed}" if computed else name
    lines = wrapped(sign + text, room, TITLE, bold=True)
    if width(lines[-1], TITLE, bold=True) + shape_width(shape) > room:
        lines.append("")  # a line for the shape
    return lines, shape


def shape_width(shape: str) -> float:
    """Return the room that a shape takes behind a title."""
    return width(shape, SMALL) + 8 if shape else 0


def size_of(card: Card, extra: dict[str, str]) -> tuple[float, float]:
    """Return a card's width and height; `extra` has the widest text of its second row."""
    if card.kind == "alias":
        return width(clip(visible(card.name), 120, SMALL), SMALL) + 20, 26
    lines, shape = title_parts(card)
    *before, last = [width(line, TITLE, bold=True) for line in lines]
    first = max(*before, last + shape_width(shape)) if before else last + shape_width(shape)
    more = LINE * len(before)
    if card.kind == "error":
        return max(first + SIDE, LEAST), 40 + more
    second = max(
        width(second_row(card), VALUE, bold=True) + 8, width(extra.get(card.key, ""), VALUE, True)
    )
    if card.metric:
        second = max(second, width(card.metric, VALUE, bold=True))
    return max(first, second, LEAST - SIDE) + SIDE, HEIGHT + more


def lay_out(
    view: View,
    rankdir: str = "LR",
    label_room: float = 0,
    extra: dict[str, str] | None = None,
    budget: float = BUDGET,
) -> Layout:
    """Return where everything stands.

    Parameters
    ----------
    view : View
        What to lay out.
    rankdir : {"LR", "TB"}
        Left to right, or top to bottom.
    label_room : float
        The width that texts on edges need.
    extra : dict, optional
        For a card's key, a text that its second row must have room for.
    budget : float
        Seconds.

    Raises
    ------
    LayoutTimeout
        If it takes longer.
    LayoutError
        If there is no layout program, or none works.
    """
    sizes = {card.key: size_of(card, extra or {}) for card in view.cards}
    source = _dot(view, sizes, rankdir, label_room)
    ordered = source.replace("graph [", "graph [ordering=in, ", 1)  # arguments as in the program
    try:
        data = _run(ordered, budget)
    except LayoutError:  # some versions of dot cannot keep an order and clusters together
        data = _run(source, budget)
    found = _parsed(data, rankdir)
    missing = [key for key in sizes if key not in found.places]
    if missing:
        raise LayoutError(f"the layout has no place for {', '.join(missing[:5])}")
    found.label_room = label_room
    return found


def _dot(view: View, sizes: dict[str, tuple[float, float]], rankdir: str, label_room: float) -> str:
    across = max(46.0, label_room + 24) if rankdir == "LR" else 52.0
    between = 26.0 if rankdir == "LR" else max(26.0, min(label_room, 60.0))
    lines = [
        "digraph {",
        f'graph [rankdir={rankdir}, ranksep="{across / 72:.3f}", nodesep="{between / 72:.3f}",'
        ' pad="0.1", fontname="Helvetica", fontsize=13];',
        'node [shape=box, fixedsize=true, label=""];',
        "edge [arrowsize=0.8];",
    ]
    inside: dict[str, list[str]] = {}
    for card in view.cards:
        w, h = sizes[card.key]
        line = f'{card.key} [width="{w / 72:.4f}", height="{h / 72:.4f}"];'
        inside.setdefault(card.boxes[-1] if card.boxes else "", []).append(line)
    for junction in view.junctions:
        owner = view.card(junction.card)
        size = JUNCTION / 72
        line = f'{junction.key} [shape=circle, width="{size:.3f}", height="{size:.3f}"];'
        inside.setdefault(owner.boxes[-1] if owner.boxes else "", []).append(line)
    lines += _clusters(view, inside)
    starts: dict[str, str] = {}
    for junction in view.junctions:
        lines.append(
            f'{junction.card} -> {junction.key} [id="{junction.key}", arrowhead=none, weight=4];'
        )
        starts.update(dict.fromkeys(junction.wires, junction.key))
    for wire in view.wires:
        start = wire.alias or starts.get(wire.key, wire.source)
        lines.append(f'{start} -> {wire.target} [id="{wire.key}"];')
    lines.append("}")
    return "\n".join(lines)


def _clusters(view: View, inside: dict[str, list[str]]) -> list[str]:
    """Return the nodes, nested in a cluster for each open frame."""
    children: dict[str, list[str]] = {}
    labels = {}
    for frame in view.frames:
        children.setdefault(frame.outer, []).append(frame.key)
        labels[frame.key] = "x" * max(1, round(width(frame_label(frame.label, frame.kind), 13) / 7))
    lines: list[str] = []
    stack: list[tuple[str, bool]] = [("", False)]
    while stack:
        key, done = stack.pop()
        if done:
            lines.append("}")
            continue
        if key:
            lines.append(
                f'subgraph cluster_{key} {{ label="{labels[key]}"; labeljust=l; margin=12;'
            )
            stack.append((key, True))
        lines += inside.get(key, [])
        stack += [(child, False) for child in reversed(children.get(key, []))]
    return lines


def frame_label(label: str, kind: str) -> str:
    """Return what stands at the top of a frame: its name and its class."""
    text = label if kind in ("scope", "repeated", "part", label) else f"{label} · {kind}"
    return clip(visible(text), 300, 13)


def _run(source: str, budget: float) -> Any:
    function = layout_hook.current()
    if function is not None:
        return _called(function, source, budget)
    started = time.monotonic()
    problem = NO_LAYOUT
    for program in layout_programs():
        left = budget - (time.monotonic() - started)
        if left <= 0:
            raise LayoutTimeout(f"the layout took longer than {budget:g} s")
        try:
            done = subprocess.run(
                [program, "-Tjson0"],
                input=source.encode(),
                capture_output=True,
                timeout=left,
                check=False,
                env={**os.environ, "LC_ALL": "C"},  # no decimal commas
            )
        except subprocess.TimeoutExpired as error:
            raise LayoutTimeout(f"the layout took longer than {budget:g} s") from error
        except OSError as error:
            problem = f"{program}: {error}"
            continue
        if done.returncode == 0 and done.stdout:
            return json.loads(done.stdout)
        problem = f"{Path(program).name}: {done.stderr.decode(errors='replace')[:200]}"
    raise LayoutError(problem)


def _called(function: layout_hook.LayoutFunction, source: str, budget: float) -> Any:
    """Return the layout that a function of the user's gives."""
    name = getattr(function, "__name__", type(function).__name__)
    try:
        given = function(source)
        return json.loads(given) if isinstance(given, (str, bytes)) else given
    except TimeoutError as error:
        raise LayoutTimeout(f"the layout took longer than {budget:g} s") from error
    except Exception as error:  # a function of the user's may raise whatever it likes
        said = (str(error).splitlines() or [""])[0][:200]
        raise LayoutError(f"{name}: {type(error).__name__}: {said}") from error


def _parsed(data: Any, rankdir: str) -> Layout:
    try:
        return _read(data, rankdir)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise LayoutError(
            f"the layout is not what dot -Tjson0 prints: {type(error).__name__}: {error}"
        ) from error


def _read(data: Any, rankdir: str) -> Layout:
    margin = 12.0
    x0, y0, x1, y1 = (float(v) for v in data["bb"].split(","))
    found = Layout(rankdir, x1 - x0 + 2 * margin, y1 - y0 + 2 * margin)

    def point(text: str) -> Point:
        x, y = text.split(",")[-2:]
        return round(float(x) - x0 + margin, 2), round(y1 - float(y) + margin, 2)

    for item in data.get("objects", []):
        if item["name"].startswith("cluster_"):
            a, b, c, d = item["bb"].split(",")
            (left, low), (right, top) = point(f"{a},{b}"), point(f"{c},{d}")
            found.frames[item["name"].removeprefix("cluster_")] = Place(
                (left + right) / 2, (low + top) / 2, right - left, low - top
            )
        elif "pos" in item:  # dot lists subgraphs too
            x, y = point(item["pos"])
            found.places[item["name"]] = Place(
                x, y, float(item["width"]) * 72, float(item["height"]) * 72
            )
    for edge in data.get("edges", []):
        pieces = edge["pos"].split(";")[0].split()
        tip = next((point(p) for p in pieces if p.startswith("e,")), None)
        points = [point(p) for p in pieces if not p.startswith(("e,", "s,"))]
        found.curves[edge["id"]] = [*points, tip] if tip is not None else [*points, points[-1]]
    return found


def moved(points: list[Point], rankdir: str, side: int = 1) -> list[Point]:
    """Return a curve beside a curve: below or right of it, on side -1 above or left."""
    dx, dy = (0.0, GAP * side) if rankdir == "LR" else (GAP * side, 0.0)
    return [(x + dx, y + dy) for x, y in points]


def middle(points: list[Point]) -> Point:
    """Return the point halfway along a spline (its last point is the arrow's tip)."""
    pieces = (len(points) - 2) // 3
    if pieces < 1:
        (x0, y0), (x1, y1) = points[0], points[-1]
        return (x0 + x1) / 2, (y0 + y1) / 2
    k, t = divmod(pieces / 2, 1)
    a, b, c, d = points[int(k) * 3 : int(k) * 3 + 4]
    s = 1 - t
    weights = (s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t)
    return (
        sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
        sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
    )


def near_end(points: list[Point], most: float) -> Point:
    """Return the middle of a spline or, if that is further away, a point so far from its end."""
    flat = [points[0]]
    for k in range(0, len(points) - 4, 3):
        a, b, c, d = points[k : k + 4]
        for t in (0.2, 0.4, 0.6, 0.8, 1.0):
            s = 1 - t
            weights = (s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t)
            pairs = [*zip(weights, (a, b, c, d), strict=True)]
            flat.append((sum(w * p[0] for w, p in pairs), sum(w * p[1] for w, p in pairs)))
    flat.append(points[-1])
    steps = [dist(p, q) for p, q in pairwise(flat)]
    if sum(steps) / 2 <= most:
        return middle(points)
    left = most
    for step, p, q in zip(reversed(steps), flat[-2::-1], flat[:0:-1], strict=True):
        if step >= left:
            part = left / step
            return q[0] + (p[0] - q[0]) * part, q[1] + (p[1] - q[1]) * part
        left -= step
    raise AssertionError("the way is longer than twice `most`")
