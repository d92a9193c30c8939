"""draw(): the graph of a computation as a picture, a page, a table or Graphviz's source."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.base.errors import AutogradError, OperandError, UnsupportedError
from autograd_core.base.printing import Text, prints_anywhere
from autograd_core.base.source import Location, user_frame
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import bare
from autograd_core.viewer import failed
from autograd_core.viewer.animation import Animation
from autograd_core.viewer.building import Builder
from autograd_core.viewer.diff import compared
from autograd_core.viewer.elements import ElementSum
from autograd_core.viewer.kept_graphs import recalled
from autograd_core.viewer.layout import (
    NO_LAYOUT,
    Layout,
    LayoutError,
    LayoutTimeout,
    can_lay_out,
    lay_out,
    layout_programs,
)
from autograd_core.viewer.naming import PLAIN_DIGITS, Names, variables_of
from autograd_core.viewer.notebook_frame import as_figure
from autograd_core.viewer.numbers import bytes_text, scaled
from autograd_core.viewer.recorded_sweep import RecordedSweep, flops, saved_bytes
from autograd_core.viewer.scope_tree import Tree
from autograd_core.viewer.summary import sentence
from autograd_core.viewer.textform import text_form
from autograd_core.viewer.variants import Variant, variants
from autograd_core.viewer.view import Card, View, choose

PAGE_WIDTH = 1400.0  # a picture wider than this is laid out from top to bottom, if that helps
COLORS = ("cost", "bytes", "grad")


class Drawing:
    """A graph with names, values and gradients, ready to be looked at.

    Made by `draw`; see there.

    Attributes
    ----------
    graph : Graph
        What was recorded.
    view : View
        What of it is shown.
    recording : RecordedSweep
        The numbers.
    """

    def __init__(
        self,
        graph: Graph,
        variables: dict[str, Any],
        *,
        depth: str | int = "auto",
        names: dict[str, Any] | None = None,
        rankdir: str = "auto",
        show: Sequence[str] = ("value", "grad"),
        color: str | None = None,
        open: str | Sequence[str] = (),
        seed: Any = None,
        failure: failed.Failure | None = None,
    ) -> None:
        _check(depth, rankdir, show, color)
        self.graph = graph
        self.rankdir = rankdir
        self.show = tuple(show)
        self.color = color
        self.failure = failure
        self._seed = seed
        self._depth = depth
        self._opened = (open,) if isinstance(open, str) else tuple(open)
        self._tree = Tree(graph)
        self._names = Names(graph, names, variables, self._tree.modules, self._tree.groups)
        self._layouts: dict[str, Layout] = {}
        self._build(0)

    def _build(self, smaller: int) -> None:
        root, closed, message = choose(self._tree, self._depth, self._opened, smaller)
        self._smaller = smaller
        self._shown = root, closed
        self.view: View = Builder(self.graph, self._names, root, closed).view()
        if message:
            shown = sum(card.kind != "alias" for card in self.view.cards)
            self.view.message = message.format(total=len(self.graph), count=shown)
        self.recording = self._recorded(self.view)
        if self.failure is not None:
            failed.add_card(self.view, self.failure, self._names)
        if self.color is not None:
            _color(self.view, self.color)
        self._layouts.clear()

    def _recorded(self, view: View) -> RecordedSweep:
        swept = self.failure is None and ("grad" in self.show or self.color == "grad")
        return RecordedSweep(self.graph, view, self._seed, swept)

    def variants(self) -> tuple[list[tuple[Variant, RecordedSweep]], bool]:
        """Return the views in which other scopes are open, this one first, with their numbers.

        The second result is False if a page has no room for some of them.
        """
        if self.failure is not None or self.graph.standing:
            return [(Variant(self.view), self.recording)], True
        found, whole = variants(self.graph, self._names, *self._shown, self.view)
        first, *others = found
        sweeps = [(one, self._recorded(one.view)) for one in others]
        for _, recording in sweeps:
            recording.counts = self.recording.counts
        return [(first, self.recording), *sweeps], whole

    def limit(self, most: int) -> None:
        """Collapse the graph further if it shows more cards than this."""
        while len(self.view.cards) > most and self._smaller < 3:
            self._build(self._smaller + 1)

    @property
    def names(self) -> Names:
        """The names of all recorded values."""
        return self._names

    # --- what is in it ------------------------------------------------------

    @property
    def cards(self) -> list[Card]:
        """What is shown, in topological order."""
        return self.view.cards

    def summary(self) -> str:
        """Return in a sentence what a picture of it shows.

        Examples
        --------
        >>> from autograd_core import Tensor, draw
        >>> x = Tensor(3.0, requires_grad=True)
        >>> draw(x * x, names={"x": x}).summary()
        'x goes in, v2 = x × x comes out, by 1 operation; v2 = 9, ∂v2/∂x = 6.'
        """
        return sentence(self.view)

    def find(self, text: str) -> list[Card]:
        """Return the cards whose name, computation, class or path contains a text.

        Parameters
        ----------
        text : str
            Upper and lower case are the same; ``y3`` finds ``y₃``.

        Returns
        -------
        list of Card
            In topological order.
        """
        wanted = text.lower().translate(PLAIN_DIGITS)

        def fits(card: Card) -> bool:
            parts = [card.title, card.category, card.note]
            return any(wanted in part.lower().translate(PLAIN_DIGITS) for part in parts)

        return [card for card in self.view.cards if card.kind != "alias" and fits(card)]

    def element(
        self, value: Tensor | Card | str, index: int | tuple[int, ...] = ()
    ) -> ElementSum | None:
        """Return one element of a gradient as the sum that it is, term by term.

        Parameters
        ----------
        value : Tensor or Card or str
            Of which value's gradient: the Tensor, or what the drawing calls it.
        index : int or tuple of int
            The element; an integer counts in C order.

        Returns
        -------
        ElementSum or None
            Prints as an equation; ``terms`` has the numbers.  None if a use of the value is
            hidden (a part of several results) or its rule cannot be run.

        Raises
        ------
        OperandError
            If nothing in the graph is called so.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd_core import Tensor, draw
        >>> W = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> loss = np.sum(np.array([[1.0, 10.0], [2.0, 20.0]]) @ W)
        >>> print(draw(loss).element("W", (1, 0)))
        ∂loss/∂W[1, 0] = 10 × 1 + 20 × 1 = 30
        """
        node = self._node(value)
        shape = np.shape(bare(node.output))
        k = index if isinstance(index, int) else int(np.ravel_multi_index(index, shape))
        output = self._names.nodes[self.graph.outputs[0]]
        return self.recording.element(node, k, self._names, output)

    def _node(self, value: Tensor | Card | str) -> Node:
        if isinstance(value, Card):
            assert value.node is not None
            return value.node
        if isinstance(value, Tensor):
            return self.graph.node(value)
        for node, name in self._names.nodes.items():
            if name.translate(PLAIN_DIGITS) == value.translate(PLAIN_DIGITS):
                return node
        raise OperandError(f"element: nothing is called {value!r}.", Location.of_caller())

    @property
    def notes(self) -> list[str]:
        """What there is to say: what was collapsed, why there are no gradients."""
        found = [self.view.message, self.recording.note, *self.recording.bad_notes(self._names)]
        found += self.recording.doubts.values()
        if self.failure is not None:
            found.append(self.failure.message)
        return [note for note in found if note]

    # --- forms --------------------------------------------------------------

    def layout(
        self,
        rankdir: str | None = None,
        label_room: float = 0,
        extra: dict[str, str] | None = None,
        view: View | None = None,
    ) -> Layout:
        """Return the layout; if it takes too long, collapse the graph further and try again."""
        if view is not None and view is not self.view:
            return lay_out(view, rankdir or "LR", label_room, extra)
        wanted = rankdir or self.rankdir
        key = f"{wanted} {label_room}"
        while key not in self._layouts:
            try:
                if wanted == "auto":
                    self._layouts[key] = self._best_direction(label_room)
                else:
                    self._layouts[key] = lay_out(self.view, wanted, label_room, extra)
            except LayoutTimeout:
                if self._smaller >= 3:
                    raise
                self._build(self._smaller + 1)
        return self._layouts[key]

    def _best_direction(self, label_room: float) -> Layout:
        across = lay_out(self.view, "LR", label_room)
        if across.width <= PAGE_WIDTH or across.height > across.width:
            return across
        down = lay_out(self.view, "TB", label_room)
        return down if down.width * 1.5 < across.width else across

    def to_text(self) -> str:
        """Return one row a node, in topological order: the form for screen readers and tests."""
        return Text(text_form(self.view, self.notes))

    def to_svg(self) -> str:
        """Return the picture.

        Raises
        ------
        UnsupportedError
            If no layout program is installed.
        """
        from autograd_core.viewer.svg import static

        layout = self._need_layout()
        return static(self.view, layout, self.show, self._title(), self.summary())

    def _title(self) -> str:
        if self.failure is not None:
            return f"What ran before the {self.failure.title}"
        output = next((c.name for c in self.view.cards if c.output), "graph")
        return f"Computational graph of {output}"

    def _need_layout(self) -> Layout:
        try:
            return self.layout()
        except LayoutError as error:
            raise UnsupportedError(f"save: {error}", Location.of_caller()) from error

    def to_dot(self) -> Any:
        """Return a ``graphviz.Digraph``."""
        from autograd_core.viewer.dotform import digraph

        return digraph(self.view, self._direction(), self.show)

    def _direction(self) -> str:
        """Return the direction of the picture; without a layout program, from left to right."""
        if self.rankdir != "auto":
            return self.rankdir
        try:
            return self.layout().rankdir
        except (LayoutError, LayoutTimeout):
            return "LR"

    def to_html(self, title: str | None = None) -> str:
        """Return the stepping page, as `animate` makes it."""
        return Animation(self, title=title).to_html()

    def diff(self, other: Drawing) -> Drawing:
        """Return a drawing of what changed from this graph to another one.

        Nodes are matched by what they compute, from the inputs on and then from
        the outputs back.  Same: grey; added: green, with +; removed: dashed,
        with −.

        Parameters
        ----------
        other : Drawing
            The newer graph.

        Returns
        -------
        Drawing
        """
        made: Drawing = compared(self, other)
        return made

    def save(self, path: str | Path) -> Path:
        """Write the drawing; the ending says how: .svg .html .dot .txt .png .pdf.

        Raises
        ------
        UnsupportedError
            If the ending is unknown, or no layout program is installed for a picture.
        """
        path = Path(path)
        kind = path.suffix.lstrip(".")
        makers = {
            "txt": lambda: (self.to_text() + "\n").encode(),
            "dot": lambda: str(self.to_dot().source).encode(),
            "svg": lambda: self.to_svg().encode(),
            "html": lambda: self.to_html().encode(),
            "png": lambda: self._rendered("png"),
            "pdf": lambda: self._rendered("pdf"),
        }
        if kind not in makers:
            raise UnsupportedError(
                f"save: unknown ending {path.suffix!r}; use .svg, .html, .png, .pdf, .dot or .txt.",
                Location.of_caller(),
            )
        content = makers[kind]()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def _rendered(self, kind: str) -> bytes:
        """Let Graphviz itself draw: for the formats that need a rasterizer or a printer."""
        problem = NO_LAYOUT
        for program in layout_programs():
            done = subprocess.run(
                [program, f"-T{kind}"],
                input=str(self.to_dot().source).encode(),
                capture_output=True,
                check=False,
            )
            if done.returncode == 0 and done.stdout:
                return done.stdout
            problem = (
                f"{Path(program).name} cannot write {kind}; save .svg (any browser prints it to "
                "PDF), or install Graphviz (dot)."
            )
        raise UnsupportedError(f"save: {problem}", Location.of_caller())

    # --- how it shows itself ------------------------------------------------

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": str(self)}
        with suppress(AutogradError):  # without a picture, the text says what to install
            bundle["image/svg+xml"] = svg = self.to_svg()
            bundle["text/html"] = as_figure(
                svg, f"{self._title()}: {self.summary()}", self.to_text()
            )
        return bundle

    @prints_anywhere
    def __str__(self) -> str:
        text = self.to_text()
        return text if can_lay_out() else f"{text}\n{NO_LAYOUT}"

    __repr__ = __str__


def _check(depth: Any, rankdir: str, show: Sequence[str], color: str | None) -> None:
    where = Location.of_caller()
    if not (depth in ("auto", "all") or (isinstance(depth, int) and depth >= 0)):
        raise OperandError(f'draw: depth is "auto", "all" or a number, not {depth!r}.', where)
    if rankdir not in ("auto", "LR", "TB"):
        raise OperandError(f'draw: rankdir is "auto", "LR" or "TB", not {rankdir!r}.', where)
    if isinstance(show, str) or not set(show) <= {"value", "grad"}:
        raise OperandError(f'draw: show is a tuple of "value" and "grad", not {show!r}.', where)
    if color is not None and color not in COLORS:
        raise OperandError(f'draw: color is "cost", "bytes" or "grad", not {color!r}.', where)


def _color(view: View, color: str) -> None:
    """Give every card its amount, as text and as a shade relative to the largest."""
    from math import log10

    amounts: dict[Card, float] = {}
    for card in view.cards:
        if color == "cost":
            amounts[card] = sum(flops(n) for n in card.members)
        elif color == "bytes":
            amounts[card] = sum(saved_bytes(n) for n in card.members)
        else:
            amounts[card] = abs(card.gradient.number or 0.0)
    positive = [a for a in amounts.values() if a > 0]
    if not positive:
        return
    top, low = log10(max(positive)), max(log10(min(positive)), log10(max(positive)) - 4)
    for card, amount in amounts.items():
        if card.kind in ("alias", "constant", "error"):
            continue
        card.metric = {"cost": scaled(amount, "FLOP"), "bytes": bytes_text(amount)}.get(
            color, f"∂ {card.gradient.text}"
        )
        span = top - low
        card.heat = 0.0
        if amount > 0:
            card.heat = 1.0 if span < 1e-9 else max(0.0, (log10(amount) - low) / span)


def caller_variables(depth: int = 2) -> dict[str, Any]:
    """Return the variables of the user's code that called."""
    return variables_of(user_frame(depth + 1))


def draw(
    *outputs: Tensor | BaseException,
    depth: str | int = "auto",
    names: dict[str, Any] | None = None,
    rankdir: str = "auto",
    show: Sequence[str] = ("value", "grad"),
    color: str | None = None,
    open: str | Sequence[str] = (),
    seed: Any = None,
) -> Drawing:
    """Draw the recorded graph that leads to some outputs.

    Parameters
    ----------
    *outputs : Tensor
        Tracked values, usually the loss; or an exception, to see what ran
        before it.
    depth : {"auto", "all"} or int
        How many levels of scopes (``scope``, ``nn.Module``) are open; "auto"
        opens the deepest level that shows at most 60 nodes and folds equal
        neighbours into one.
    names : dict, optional
        From name to Tensor; other names are those of parameters and of the
        caller's variables.
    rankdir : {"auto", "LR", "TB"}
        Left to right, or top to bottom.
    show : tuple of {"value", "grad"}
        What each node shows; gradients come from a separate sweep that writes no ``.grad``.
    color : {"cost", "bytes", "grad"}, optional
        Shade nodes by FLOPs, by bytes kept for backward, or by gradient size.
    open : str or sequence of str
        Scopes to show open at any depth, by their path.
    seed : array_like, optional
        dF/dF, if the output is not a scalar.

    Returns
    -------
    Drawing
        Displays itself in a notebook; ``save(path)`` writes .svg, .html, .png, .pdf, .dot or .txt,
        and ``to_text()`` gives one row per node.

    Raises
    ------
    UntrackedError
        If an output is not tracked.
    OperandError
        If an option has an unknown value.

    Examples
    --------
    >>> from autograd_core import Tensor, draw
    >>> x = Tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> for row in draw(y).to_text().splitlines():
    ...     print(*row.split()[:7])
    name computation shape value gradient uses line
    x parameter scalar 3 6 ×2 <doctest
    y x × x scalar 9 1
    """
    variables = caller_variables()
    failure = None
    if len(outputs) == 1 and isinstance(outputs[0], BaseException):
        failure = failed.examine(outputs[0])
        outputs = tuple(failure.outputs)
        variables |= failure.variables
    return Drawing(
        recalled(*outputs),
        variables,
        depth=depth,
        names=names,
        rankdir=rankdir,
        show=show,
        color=color,
        open=open,
        seed=seed,
        failure=failure,
    )
