"""draw(): the graph of a computation, by Graphviz or as text."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from autograd_core.errors import UnsupportedError
from autograd_core.graph import Graph, expressions, names_of, shape_text, value_text
from autograd_core.source import Location, user_frame
from autograd_core.tensor import Node, Tensor

NO_LAYOUT = (
    "No layout program found, so this is the text form. For pictures: "
    'pip install "autograd-core[draw]", or install Graphviz (dot).'
)


def layout_program() -> str | None:
    """Return the path of a Graphviz ``dot``, installed or from the wheel, or None."""
    found = shutil.which("dot")
    if found:
        return found
    for folder in (Path(sys.executable).parent, Path(sys.prefix) / "bin", Path(sys.prefix) / "Scripts"):
        for name in ("graphviz-pure", "graphviz-pure.exe"):
            if (folder / name).exists():
                return str(folder / name)
    return None


class Drawing:
    """A graph with names, values and gradients, ready to be written.

    Made by `draw`; see there.
    """

    def __init__(self, graph: Graph, names: dict[str, Any] | None, show: tuple[str, ...]) -> None:
        self.graph = graph
        self.names = names_of(graph, names)
        self.expressions = expressions(graph, self.names)
        self.show = show
        self.gradients = self._sweep() if "grad" in show else {}

    def _sweep(self) -> dict[Node, Any]:
        if any(n.inputs is None for n in self.graph.nodes):
            return {}  # swept and freed before: there is nothing to sweep again
        output = self.graph.outputs[0]
        if getattr(output.output, "size", 1) != 1:
            return {}
        return self.graph.gradients()

    def to_text(self) -> str:
        """Return one row a node, in topological order."""
        uses = self.graph.branches
        rows = [("name", "computation", "shape", "value", "gradient", "uses", "line")]
        for node in self.graph.nodes:
            where = node.location
            rows.append(
                (
                    self.names[node],
                    self.expressions[node] or "leaf",
                    shape_text(node) or "scalar",
                    value_text(node.output),
                    value_text(self.gradients.get(node)),
                    f"×{uses[node]}" if node in uses else "",
                    f"{Path(where.file).name}:{where.line}",
                )
            )
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join(lines)

    def to_dot(self) -> Any:
        """Return a ``graphviz.Digraph``."""
        import graphviz

        dot = graphviz.Digraph(
            graph_attr={"rankdir": "LR", "bgcolor": "white"},
            node_attr={"fontname": "Helvetica", "fontsize": "11", "color": "#5b6270"},
            edge_attr={"color": "#8a919e"},
        )
        uses = self.graph.branches
        for node in self.graph.nodes:
            dot.node(f"n{node.tick}", self._label(node), **self._style(node))
            if node in uses:  # a fork on the way forward, a sum on the way back
                dot.node(f"b{node.tick}", "+", shape="circle", width="0.25", margin="0.02",
                         xlabel=f"×{uses[node]}")
                dot.edge(f"n{node.tick}", f"b{node.tick}", arrowhead="none")
        for edge in self.graph.edges:
            tail = "b" if edge.source in uses else "n"
            dot.edge(f"{tail}{edge.source.tick}", f"n{edge.target.tick}")
        return dot

    def _label(self, node: Node) -> str:
        head = _escaped(self.names[node])
        if self.expressions[node]:
            head += " = " + _escaped(self.expressions[node])
        if shape_text(node):
            head += f'  <font color="#6b7280" point-size="9">{shape_text(node)}</font>'
        parts = []
        if "value" in self.show:
            parts.append(f'<font color="#005f99">{_escaped(value_text(node.output))}</font>')
        if "grad" in self.show:
            gradient = _escaped(value_text(self.gradients.get(node)))
            parts.append(f'<font color="#b34700">∂ {gradient}</font>')
        return f"<{head}<br/>{'  '.join(parts)}>"

    def _style(self, node: Node) -> dict[str, str]:
        if node in self.graph.outputs:
            return {"shape": "box", "peripheries": "2"}
        if node.primitive is None:
            return {"shape": "box", "style": "rounded,filled", "fillcolor": "#e8edf8",
                    "penwidth": "2"}
        if node.name in ("add", "plus"):
            return {"shape": "box", "style": "rounded"}
        return {"shape": "box"}

    def save(self, path: str | Path) -> Path:
        """Write the picture; the ending says how: .svg .png .pdf .dot .txt.

        Raises
        ------
        UnsupportedError
            If the ending is unknown, or no layout program is installed for a picture.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = path.suffix.lstrip(".")
        if kind == "txt":
            path.write_text(self.to_text() + "\n", encoding="utf-8")
        elif kind == "dot":
            path.write_text(self.to_dot().source, encoding="utf-8")
        elif kind in ("svg", "png", "pdf"):
            path.write_bytes(self._rendered(kind))
        else:
            raise UnsupportedError(
                f"save: unknown ending {path.suffix!r}; use .svg, .png, .pdf, .dot or .txt.",
                Location.of_caller(),
            )
        return path

    def _rendered(self, kind: str) -> bytes:
        import subprocess

        program = layout_program()
        if program is None:
            raise UnsupportedError(f"save: {NO_LAYOUT}", Location.of_caller())
        done = subprocess.run(
            [program, f"-T{kind}"],
            input=self.to_dot().source.encode(),
            capture_output=True,
            check=False,
        )
        if done.returncode or not done.stdout:
            raise UnsupportedError(
                f"save: {Path(program).name} could not write {kind}: {done.stderr.decode()[:200]}",
                Location.of_caller(),
            )
        return done.stdout

    def _repr_svg_(self) -> str | None:
        return self._rendered("svg").decode() if layout_program() else None

    def __str__(self) -> str:
        text = self.to_text()
        return text if layout_program() else f"{text}\n{NO_LAYOUT}"

    __repr__ = __str__


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def draw(
    *outputs: Tensor, names: dict[str, Any] | None = None, show: tuple[str, ...] = ("value", "grad")
) -> Drawing:
    """Draw the recorded graph that leads to some outputs.

    Parameters
    ----------
    *outputs : Tensor
        Tracked values, usually the loss.
    names : dict, optional
        From name to Tensor; default the caller's own variable names.
    show : tuple of {"value", "grad"}
        What each node shows; gradients come from a sweep of their own that
        writes no ``.grad``.

    Returns
    -------
    Drawing
        Shows itself in a notebook; ``save(path)`` writes .svg, .png, .pdf,
        .dot or .txt, ``to_text()`` gives one row a node.

    Examples
    --------
    >>> from autograd_core import Tensor, draw
    >>> x = Tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> for row in draw(y).to_text().splitlines():
    ...     print(*row.split()[:7])
    name computation shape value gradient uses line
    x leaf scalar 3 6 ×2 <doctest
    y x × x scalar 9 1
    """
    if names is None:
        frame = user_frame(2)
        names = {**frame.f_globals, **frame.f_locals}
    return Drawing(Graph(*outputs), names, show)
