"""Draw the last backward pass of any script, without changing the script.

``python -m autograd_core.viewer script.py --out page.html [-- the script's arguments]``
"""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.base.errors import AutogradError
from autograd_core.base.source import user_frame
from autograd_core.engine import backward as backward_module
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.engine.tensor import Tensor
from autograd_core.viewer import failed
from autograd_core.viewer.animation import Animation
from autograd_core.viewer.drawing import Drawing


class LastBackward:
    """Remembers the latest ``backward()``: its output, its seed, the caller's variables.

    An optimizer changes the parameters' arrays in place afterwards, so leaves
    and views of them are copied; results of operations stay as they are.
    """

    def __init__(self) -> None:
        self.count = 0
        self.output: Tensor | None = None
        self.seed: Any = None
        self.variables: dict[str, Any] = {}
        self._kept: dict[Node, Any] = {}
        self._backward = backward_module.backward

    def __enter__(self) -> LastBackward:
        backward_module.backward = self._watched
        return self

    def __exit__(self, *error: object) -> None:
        backward_module.backward = self._backward

    def _watched(self, output: Tensor, gradient: Any, retain: bool, wrap: Any) -> None:
        self._keep(output, gradient)
        self._backward(output, gradient, True, wrap)  # kept, to be drawn

    def _keep(self, output: Tensor, gradient: Any) -> None:
        self.count += 1
        self.output, self.seed = output, gradient
        frame = user_frame(3)
        self.variables = {**frame.f_globals, **frame.f_locals}
        self._kept = {}
        if output._node is None:
            return
        nodes = Graph(output).nodes
        roots = {id(_root(n.output)) for n in nodes if n.primitive is None}
        for node in nodes:
            if isinstance(node.output, np.ndarray) and id(_root(node.output)) in roots:
                self._kept[node] = node.output.copy()

    def drawing(self, **options: Any) -> Drawing:
        """Return the drawing of the latest backward pass, with the numbers of that time."""
        assert self.output is not None
        now = {node: node.output for node in self._kept}
        try:
            for node, value in self._kept.items():
                node.output = value
            return Drawing(Graph(self.output), self.variables, seed=self.seed, **options)
        finally:
            for node, value in now.items():
                node.output = value


def _root(array: Any) -> Any:
    while isinstance(getattr(array, "base", None), np.ndarray):
        array = array.base
    return array


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m autograd_core.viewer",
        description="Run a script and draw its last backward pass.",
    )
    made.add_argument("script", help="a Python file; it runs as it is")
    made.add_argument("--out", default="graph.html", help=".html .svg .txt .dot .png .pdf")
    made.add_argument("--mode", choices=("reverse", "forward"), default="reverse")
    made.add_argument("--depth", default="auto", help='"auto", "all" or a number of levels')
    made.epilog = "The script's own arguments follow after --."
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a script, then draw; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    split = given.index("--") if "--" in given else len(given)
    options = parser().parse_args(given[:split])
    depth: str | int = int(options.depth) if options.depth.isdigit() else options.depth
    script = Path(options.script)
    if not script.is_file():
        print(f"{script}: there is no such file", file=sys.stderr)
        return 2
    watch = LastBackward()
    error: BaseException | None = None
    before = sys.argv[:], sys.path[:]
    sys.argv = [str(script), *given[split + 1 :]]
    sys.path.insert(0, str(script.resolve().parent))
    try:
        with watch:
            runpy.run_path(str(script), run_name="__main__")
    except SystemExit as stop:
        error = stop if stop.code not in (None, 0) else None
    except Exception as stopped:  # any error of the script's: what ran before it is drawn
        error = stopped
        print(f"{type(stopped).__name__}: {stopped}", file=sys.stderr)
    finally:
        sys.argv, sys.path[:] = before
    try:
        drawing = _drawing(watch, error, depth)
    except AutogradError as problem:
        print(problem, file=sys.stderr)
        return 1
    title = f"{script.name}: backward pass {watch.count}" if error is None else str(script.name)
    path = Path(options.out)
    try:
        if path.suffix in (".html", ".htm"):
            Animation(drawing, options.mode, title=title).save(path)
        else:
            drawing.save(path)
    except AutogradError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{path}: {len(drawing.graph):,} operations and leaves, shown as {len(drawing.cards):,}")
    return 0 if error is None else 1


def _drawing(watch: LastBackward, error: BaseException | None, depth: str | int) -> Drawing:
    if isinstance(error, Exception):
        failure = failed.examine(error)
        graph = Graph(*failure.outputs)
        return Drawing(graph, failure.variables, depth=depth, failure=failure)
    if watch.output is None:
        raise AutogradError("The script called no backward(), so there is nothing to draw.")
    return watch.drawing(depth=depth)


if __name__ == "__main__":
    sys.exit(main())
