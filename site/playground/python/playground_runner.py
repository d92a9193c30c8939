"""Runs a reader's program: its output, its stepping page, its errors with their place.

In the browser a worker calls `run`; the tests call it in plain Python.
"""

from __future__ import annotations

import ast
import gc
import json
import linecache
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import Tensor, register_exclusion
from autograd_core.base.errors import AutogradError, UntrackedError
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.viewer.animation import Animation
from autograd_core.viewer.drawing import Drawing
from autograd_core.viewer.failed import examine
from autograd_core.viewer.leaf_values import LeafValues
from autograd_core.viewer.recorded_sweep import as_grad
from autograd_core.viewer.watching import LatestSweep

FILE = "program.py"
CELLS = 256  # elements of a leaf that a reader can choose among

register_exclusion(__file__)


def run(source: str, settings: str = "{}", send: Callable[[str, str], None] | None = None) -> str:
    """Run a program as Python runs a script; return what came of it.

    Parameters
    ----------
    source : str
        The program. What its last line computes is shown, as in a notebook.
    settings : str
        JSON: ``changes``, a list of [leaf, element, value]; ``page``, whether a page is wanted.
    send : callable, optional
        Gets a kind and JSON for what is shown while the program runs.

    Returns
    -------
    str
        JSON: ``error`` or null; ``page``, the stepping page, or ""; ``output``, the value of the
        graph's end or null; ``leaves``, from a card's name to the leaf behind it; ``notes``.
    """
    import playground

    gc.collect()  # the graphs of earlier runs
    wanted = json.loads(settings)
    playground.connect(send)
    changes: dict[int, dict[int, float]] = {}
    for leaf, element, value in wanted.get("changes", []):
        changes.setdefault(leaf, {})[element] = value
    program = _Program(source, changes)
    program.run()
    try:
        return json.dumps(program.result(page=wanted.get("page", True)), allow_nan=False)
    except KeyboardInterrupt as stop:  # the reader did not wait for the page
        program.error = stop
        return json.dumps(program.empty(), allow_nan=False)


class _Program:
    def __init__(self, source: str, changes: dict[int, dict[int, float]]) -> None:
        self.source = source
        self.watch = LatestSweep()
        self.values = LeafValues(changes)
        self.module = types.ModuleType("__main__")
        self.shown: Any = None
        self.error: BaseException | None = None
        self.notes: list[str] = []

    def run(self) -> None:
        linecache.cache[FILE] = (
            len(self.source), None, self.source.splitlines(keepends=True), FILE,
        )  # fmt: skip
        before = sys.modules.get("__main__")
        sys.modules["__main__"] = self.module
        try:
            with self.watch, self.values:
                self.shown = self._executed()
        except SystemExit as stop:
            if stop.code not in (None, 0):
                print(stop.code, file=sys.stderr)
        except BaseException as error:  # whatever a program raises is shown to its writer
            self.error = error
        finally:
            if before is not None:
                sys.modules["__main__"] = before
        for leaf in self.values.missing() if self.error is None else ():
            self.notes.append(
                f"The changed leaf {leaf} was not made in this run: the program took another way."
            )

    def _executed(self) -> Any:
        tree = ast.parse(self.source, FILE)
        namespace = vars(self.module)
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(compile(tree, FILE, "exec"), namespace)
            return None
        before = ast.Module(tree.body[:-1], tree.type_ignores)
        exec(compile(before, FILE, "exec"), namespace)
        return eval(compile(ast.Expression(last.value), FILE, "eval"), namespace)

    # --- what came of it ----------------------------------------------------------

    def empty(self) -> dict[str, Any]:
        """Return a result without a page."""
        return {
            "error": None if self.error is None else described(self.error),
            "page": "", "output": None, "name": "", "leaves": {}, "notes": self.notes,
        }  # fmt: skip

    def result(self, page: bool) -> dict[str, Any]:
        """Return what `run` returns."""
        found = self.empty()
        try:
            animation = self._asked()
            if animation is not None:
                self._fill(found, animation, page)
            elif self.error is None or isinstance(self.error, KeyboardInterrupt):
                self._fill_unasked(found, page)
        except AutogradError as error:  # nothing to draw, or no way to draw it
            found["notes"].append(str(error))
        return found

    def _fill(self, found: dict[str, Any], animation: Animation, page: bool) -> None:
        drawing = animation.drawing
        end = drawing.graph.outputs[0]
        found["name"] = drawing.names.nodes.get(end, "")
        found["output"] = _number(end.output)
        if page:
            found["page"] = animation.to_html()
            found["leaves"] = self._leaves(drawing)

    def _fill_unasked(self, found: dict[str, Any], page: bool) -> None:
        """Show the last sweep back, with the numbers of then, or the last number."""
        if self.watch.outputs:
            with self.watch.numbers_of_then():
                self._fill(found, Animation(self.watch.drawing()), page)
            return
        latest = self._latest()
        if latest is not None:
            self._fill(found, latest, page)

    def _asked(self) -> Animation | None:
        """Return the page of an error, or the one that the last line asks for."""
        shown = self.shown
        if self.error is not None:
            if isinstance(self.error, (SyntaxError, KeyboardInterrupt)):
                return None
            try:
                failure = examine(self.error)
            except UntrackedError:  # nothing was recorded: the error's text says all
                return None
            graph = Graph(*failure.outputs)
            return Animation(Drawing(graph, failure.variables, failure=failure))
        if isinstance(shown, Animation):
            return shown
        if isinstance(shown, Drawing):
            return Animation(shown)
        if isinstance(shown, Tensor) and shown.requires_grad and not shown.is_leaf:
            return Animation(Drawing(Graph(shown), vars(self.module)))
        if shown is not None:
            print(repr(shown))
        return None

    def _latest(self) -> Animation | None:
        """Return the page of the tracked number that was computed last, if there is one."""
        found = [
            v
            for v in vars(self.module).values()
            if isinstance(v, Tensor) and v.requires_grad and not v.is_leaf and v.size == 1
        ]
        if not found:
            return None
        graphs = [Graph(v) for v in found]
        last = max(graphs, key=lambda graph: graph.outputs[0].tick)
        return Animation(Drawing(last, vars(self.module)))

    def _leaves(self, drawing: Drawing) -> dict[str, Any]:
        leaves = {}
        for node, made in self.values.changeable(drawing.graph).items():
            value = np.asarray(made.value)
            if value.size <= CELLS and value.dtype.kind == "f" and np.all(np.isfinite(value)):
                name = drawing.names.nodes[node]
                leaves[name] = {
                    "leaf": made.number,
                    "shape": value.shape,
                    "values": value.reshape(-1).tolist(),
                    "gradients": self._gradients(drawing, node, value.size),
                }
        return leaves

    def _gradients(self, drawing: Drawing, node: Node, size: int) -> list[float] | None:
        """Return a leaf's gradient, element by element; None if there is none."""
        graph = drawing.graph
        end = _number(graph.outputs[0].output)
        if graph.standing or drawing.failure is not None or end is None:
            return None
        with np.errstate(all="ignore"):
            g = as_grad(graph.gradients(None, {node}, None).get(node))
        if g is None or np.size(g) != size or not np.all(np.isfinite(g)):
            return None
        found: list[float] = np.asarray(g, dtype=float).reshape(-1).tolist()
        return found


def _number(value: Any) -> float | None:
    """Return a graph's end as a number, if it is one that can be compared."""
    if np.size(value) != 1 or np.iscomplexobj(value):
        return None
    number = float(np.asarray(value).reshape(-1)[0])
    return number if np.isfinite(number) else None


def described(error: BaseException) -> dict[str, Any]:
    """Return an error as a page shows it: its text, and where in the program it arose."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        place = error.lineno, error.offset, error.end_lineno, error.end_offset
        text = f"{type(error).__name__}: {error.msg}"
        return {"kind": type(error).__name__, "text": text, "place": place, "trace": ""}
    kept, at = error.__traceback__, error.__traceback__
    while at is not None and at.tb_frame.f_code.co_filename != FILE:  # what runs the program
        at = at.tb_next
    trace = "".join(traceback.format_exception(type(error), error, at or kept))
    text = str(error)
    return {
        "kind": type(error).__name__,
        "text": f"{type(error).__name__}: {text}" if text else type(error).__name__,
        "place": _place(error),
        "trace": trace,
    }


def _place(error: BaseException) -> tuple[int | None, ...] | None:
    """Return lines (from 1) and columns (from 1) of the program's innermost expression."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == FILE]
    if not own:
        return None
    last = own[-1]
    return (
        last.lineno,
        _column(last.lineno, last.colno),
        last.end_lineno,
        _column(last.end_lineno, last.end_colno),
    )


def _column(line: int | None, offset: int | None) -> int | None:
    """Return a column in characters, from 1; Python counts the bytes of a line."""
    if line is None or offset is None:
        return None
    text = linecache.getline(FILE, line).encode()[:offset]
    return len(text.decode(errors="ignore")) + 1
