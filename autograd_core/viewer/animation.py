"""Animation: one self-contained page that steps through the forward and the backward pass."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.base.errors import OperandError, UnsupportedError
from autograd_core.base.printing import prints_anywhere
from autograd_core.base.source import Location
from autograd_core.engine.node import Node
from autograd_core.operations.primitive import bare
from autograd_core.viewer.listing import Listing
from autograd_core.viewer.notebook_frame import in_notebook
from autograd_core.viewer.page_view import PageView, output_name, short
from autograd_core.viewer.seeds import Seed, chosen
from autograd_core.viewer.steps import reverse_steps
from autograd_core.viewer.svg import asset, css, safe, safe_lines
from autograd_core.viewer.variants import Variant
from autograd_core.viewer.view import View

SUMS = 1_500  # elements whose sums a page holds
ANIMATED = 400  # cards that a page shows at most
STEP = ("phase", "card", "lit", "messages", "values", "gradients", "pieces", "flops", "line", "at")
SCRIPTS = (
    "page.js", "page_picture.js", "page_details.js", "page_paths.js", "page_practice.js",
    "page_host.js", "page_controls.js",
)  # fmt: skip


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
        self.title = title
        self._inputs = inputs
        self._pushed: dict[str, dict[Node, Any]] = {}
        self.seeds = self._seeds()
        self._made: tuple[View, list[PageView], bool] | None = None

    @property
    def views(self) -> list[PageView]:
        """The views of the page: the first one, and those in which other scopes are open."""
        return self._views()[0]

    def first(self) -> PageView:
        """Return the view with which the page opens."""
        drawing = self.drawing
        return self._page_view(Variant(drawing.view), drawing.recording)

    def _views(self) -> tuple[list[PageView], bool]:
        view = self.drawing.view
        if self._made is None or self._made[0] is not view:
            found, whole = self.drawing.variants()
            made = [self._page_view(variant, recording) for variant, recording in found]
            self._made = view, made, whole
        return self._made[1:]

    def _seeds(self) -> list[Seed]:
        """Return the seeds whose sweeps can be run; say why there is none."""
        drawing = self.drawing
        if drawing.failure is not None:
            return []
        if drawing.graph.standing or any(n.inputs is None for n in drawing.graph):
            self.note = "Forward mode is not shown: an earlier sweep freed what it needs."
            return []
        found = []
        for seed in chosen(drawing.graph, drawing.view, drawing.names, self._inputs):
            try:
                self._pushed[seed.key] = drawing.recording.pushed(seed)
                drawing.recording.forward(self._pushed[seed.key])
                found.append(seed)
            except Exception as error:  # a rule of the user's may raise whatever it likes
                said = (str(error).splitlines() or [""])[0]
                self.note = f"Forward mode is not shown from {seed.name}: {said}"
        return found

    def _page_view(self, variant: Any, recording: Any) -> PageView:
        drawing, seeds = self.drawing, []
        if self._pushed:
            for seed in chosen(drawing.graph, variant.view, drawing.names, self._inputs):
                if seed.key in self._pushed:
                    seeds.append((seed, recording.forward(self._pushed[seed.key])))
        return PageView(variant, recording, seeds, drawing)

    # --- the page's data ----------------------------------------------------

    def data(self, whole: bool = False) -> dict[str, Any]:
        """Return everything that the page shows, as plain data (JSON).

        Parameters
        ----------
        whole : bool
            Also the views in which other scopes are open, as ``views``.
        """
        views = self.views if whole else [self.first()]
        places = [c.where for one in views for c in one.view.cards if c.where is not None]
        listing = Listing(places)
        sums: dict[str, Any] = {}
        left = SUMS
        for one in views:
            left = one.sums(sums, left)
        first, *others = [one.data(listing) for one in views]
        leaves = self.drawing.graph.leaves
        return {
            "title": self._title(),
            "output": short(self._output()),
            "mode": self.mode,
            "inputs": sum(int(np.size(bare(n.output))) for n in leaves),
            **first,
            "views": others,
            "sums": sums,
            "source": listing.blocks,
            "notes": [short(n) for n in self._notes(whole) if n],
        }

    def _notes(self, whole: bool) -> list[str]:
        closed = whole and not self._views()[1]
        more = 'What has no button to open it here, animate(..., open="its name") opens.'
        return [*self.drawing.notes, self.note, more if closed else ""]

    def _output(self) -> str:
        return output_name(self.drawing.view)

    def _title(self) -> str:
        failure = self.drawing.failure
        usual = f"Back-propagation of {self._output()}"
        return short(
            self.title or (f"What ran before the {failure.title}" if failure is not None else usual)
        )

    # --- the page -----------------------------------------------------------

    def to_html(self) -> str:
        """Return the page: one file, nothing to load, no network."""
        first = self.views[0].pictures()
        while not first:  # the layout took too long, and the graph was collapsed further
            first = self.views[0].pictures()
        others = [one.pictures(f"v{k}") for k, one in enumerate(self.views[1:], 1)]
        content = json.dumps(
            shared(self.data(whole=True)), ensure_ascii=True, separators=(",", ":"), allow_nan=False
        )
        for character in "<>&":  # nothing in the data can end the script element or open markup
            content = content.replace(character, f"\\u{ord(character):04x}")
        script = page_script()
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        return _fill(
            asset("page.html"),
            {
                "policy": "default-src 'none'; style-src 'unsafe-inline'; "
                f"script-src 'sha256-{digest}'",
                "title": safe(self._title()),
                "style": css() + asset("page.css"),
                "pictures": first,
                "others": "".join(
                    f'<template id="view{k}">{svg}</template>' for k, svg in enumerate(others, 1)
                ),
                "output": safe(short(self._output())[:20]),
                "text": safe_lines(self.drawing.to_text()),
                "data": content,
                "script": script,
            },
        )

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
        page = self.to_html()
        steps = self.views[0].steps
        return in_notebook(self.drawing, page, self._title(), steps[-1].caption if steps else "")

    @prints_anywhere
    def __repr__(self) -> str:
        steps = len(reverse_steps(self.drawing.view, self.drawing.recording))
        return f"<animation of {self._output()}: {steps} steps; .save('page.html')>"


def shared(data: dict[str, Any]) -> dict[str, Any]:
    """Return a page's data with each sentence once, and each card of further views where it is new.

    A step is a list in the order of `STEP`, its sentence a place in ``texts``; a card, or a
    tangent, that another view has in the same way is the number of that view.
    """
    texts: dict[str, int] = {}
    views: list[dict[str, Any]] = [data, *data["views"]]
    first: dict[tuple[Any, ...], tuple[Any, int]] = {}

    def slim(k: int, kind: str, items: dict[str, Any]) -> dict[str, Any]:
        made = {}
        for key, item in items.items():
            known, place = first.setdefault((kind, key), (item, k))
            made[key] = place if place != k and known == item else item
        return made

    def steps(run: dict[str, Any]) -> dict[str, Any]:
        lists = []
        for step in run["steps"]:
            number = texts.setdefault(json.dumps(step["pieces"]), len(texts))
            lists.append([number if name == "pieces" else step[name] for name in STEP])
        return run | {"steps": lists}

    made = []
    for k, one in enumerate(views):
        runs = [steps(run) for run in one["runs"]]
        for run in runs:
            if "tangents" in run:
                run["tangents"] = slim(k, run["key"], run["tangents"])
        same = {"cards": slim(k, "card", one["cards"]), "wires": slim(k, "wire", one["wires"])}
        made.append(one | same | {"runs": runs})
    return made[0] | {"views": made[1:], "texts": [json.loads(text) for text in texts]}


def page_script() -> str:
    """Return the script of a stepping page: the same for all pages."""
    return '"use strict";\n(() => {\n' + "".join(map(asset, SCRIPTS)) + "})();\n"


def _fill(template: str, values: dict[str, str]) -> str:
    """Fill a template in one pass, so that what is put in is never looked at again."""
    parts = template.split("%%")
    return "".join(values[part] if k % 2 else part for k, part in enumerate(parts))
