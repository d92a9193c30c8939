"""Accumulating a Jacobian by eliminating vertices: forward and reverse are two of many orders.

Every edge of the computational graph carries a partial derivative.  A vertex is
eliminated by multiplying each edge into it with each edge out of it and adding
the products to the edges that by-pass it; when only inputs and outputs are left,
their edges are the Jacobian.  The order decides the number of multiplications.
To find the best one is NP-hard (U. Naumann, 2008); for small graphs dynamic
programming over the sets of eliminated vertices finds it, since what is left
does not depend on the order in which a set was eliminated.
(A. Griewank and A. Walther, "Evaluating Derivatives", 2008, chapters 9 and 10.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.printing import prints_anywhere
from autograd_core.base.source import Location
from autograd_core.base.text_tables import text_table
from autograd_core.costs.recorded_run import RecordedRun
from autograd_core.engine.node import PART, Node
from autograd_core.lab.elimination_drawing import svg
from autograd_core.operations.primitive import bare

OPTIMAL_LIMIT = 16  # vertices; the dynamic program visits 2 ** that many sets
GRAPH_LIMIT = 20_000  # scalar vertices

Edges = dict[tuple[int, int], float]


@dataclass
class ScalarGraph:
    """A computational graph of scalars with a partial derivative on each edge.

    Attributes
    ----------
    names : list of str
        Of each vertex; inputs are x1, x2, ..., the others by their operation.
    inputs, outputs : list of int
        Vertices; no edge enters an input or leaves an output.
    edges : dict
        From (source, target) to the partial derivative; sources come first in
        the numbering.
    """

    names: list[str]
    inputs: list[int]
    outputs: list[int]
    edges: Edges

    @property
    def intermediates(self) -> list[int]:
        """The vertices to eliminate, in the order of recording."""
        ends = {*self.inputs, *self.outputs}
        return [v for v in range(len(self.names)) if v not in ends]


def scalar_graph(f: Callable[..., Any], *args: Any) -> ScalarGraph:
    """Return the graph of f at args with one vertex for each element of each value.

    Parameters
    ----------
    f : callable
        A function whose graph is small.
    *args
        Where to evaluate it.

    Returns
    -------
    ScalarGraph

    Raises
    ------
    ShapeError
        If the graph has more than 20,000 scalar vertices.

    Examples
    --------
    >>> graph = scalar_graph(lambda x, y: np.sin(x * y), 2.0, 3.0)
    >>> graph.names, sorted(graph.edges)
    (['x1', 'x2', 'multiply', 'sin'], [(0, 2), (1, 2), (2, 3)])
    """
    recorded = RecordedRun(f, args, {}, None, "elimination")
    first: dict[Node, int] = {}
    names: list[str] = []
    edges: Edges = {}
    for node in recorded.inputs:
        first[node] = len(names)
        names += [f"x{len(names) + k + 1}" for k in range(int(np.size(node.output)))]
    inputs = list(range(len(names)))
    for node in recorded.order:
        if node in first or not node.inputs:
            continue
        if node.primitive is PART or (node.primitive is not None and node.primitive.multiple):
            raise errors.UnsupportedError(
                f"elimination: {node.name} returns several arrays; use operations that return one.",
                node.location,
            )
        first[node] = len(names)
        size = int(np.size(node.output))
        names += [node.name if size == 1 else f"{node.name}[{k}]" for k in range(size)]
        if len(names) > GRAPH_LIMIT:
            raise errors.ShapeError(
                f"elimination: the graph has more than {GRAPH_LIMIT:,} scalar values.",
                Location.of_caller(),
            )
        _add_edges(node, first, edges)
    outputs = []
    for out in recorded.outputs:
        for k in range(int(np.size(out.output))):
            vertex = first[out] + k
            if vertex in outputs or any(source == vertex for source, _ in edges):
                names.append("copy")  # an output that is used further on: an identity ends there
                edges[vertex, len(names) - 1] = 1.0
                vertex = len(names) - 1
            outputs.append(vertex)
    return _without_dead_ends(ScalarGraph(names, inputs, outputs, edges))


def _add_edges(node: Node, first: dict[Node, int], edges: Edges) -> None:
    """Add the nonzero partial derivatives of one operation."""
    assert node.primitive is not None
    assert node.inputs is not None
    raw = [bare(i.output if i.__class__ is Node else i) for i in node.inputs]
    for index, parent in enumerate(node.inputs):
        if parent.__class__ is not Node or parent not in first:
            continue
        size = int(np.size(parent.output))
        for k in range(size):
            unit = np.zeros(size)
            unit[k] = 1
            tangents: list[Any] = [None] * len(raw)
            tangents[index] = unit.reshape(np.shape(parent.output))[()]
            pushed = node.primitive.push(tangents, node.output, raw, node.params)
            column = np.ravel(np.broadcast_to(pushed, np.shape(node.output)))
            for j in np.flatnonzero(column):
                edge = (first[parent] + k, first[node] + int(j))
                edges[edge] = edges.get(edge, 0.0) + float(column[j])


def _without_dead_ends(graph: ScalarGraph) -> ScalarGraph:
    """Drop vertices that no input reaches or that reach no output."""
    reached, useful = set(graph.inputs), set(graph.outputs)
    for source, target in sorted(graph.edges):
        if source in reached:
            reached.add(target)
    for source, target in sorted(graph.edges, reverse=True):
        if target in useful:
            useful.add(source)
    kept = sorted((reached & useful) | set(graph.inputs) | set(graph.outputs))
    new = {v: k for k, v in enumerate(kept)}
    edges = {
        (new[a], new[b]): c
        for (a, b), c in graph.edges.items()
        if a in new and b in new and a in reached
    }
    return ScalarGraph(
        [graph.names[v] for v in kept],
        [new[v] for v in graph.inputs],
        [new[v] for v in graph.outputs],
        edges,
    )


@dataclass
class Elimination:
    """A Jacobian accumulated by eliminating vertices in one order.

    Attributes
    ----------
    rule : str
        How the order was chosen.
    graph : ScalarGraph
        What was eliminated from.
    order : list of int
        The vertices, first eliminated first.
    costs : list of int
        Multiplications at each.
    additions : int
        Products that were added to an edge that was there already.
    jacobian : ndarray, shape (m, n)
        Elements of the outputs by elements of the inputs.
    """

    rule: str
    graph: ScalarGraph
    order: list[int]
    costs: list[int]
    additions: int
    jacobian: Any = field(repr=False)

    @property
    def multiplications(self) -> int:
        """In total."""
        return sum(self.costs)

    @prints_anywhere
    def __str__(self) -> str:
        rows = [
            (str(k + 1), self.graph.names[v], str(c))
            for k, (v, c) in enumerate(zip(self.order, self.costs, strict=True))
        ]
        rows.append(("", "total", str(self.multiplications)))
        return f"{self.rule}\n" + text_table(("step", "vertex", "multiplications"), rows, words=2)

    def _repr_svg_(self) -> str:
        return svg(self)

    def draw(self, path: str) -> None:
        """Save a picture of the graph, its vertices numbered in the order of elimination."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._repr_svg_())


class _Eliminator:
    """The graph while vertices are taken out of it."""

    def __init__(self, graph: ScalarGraph) -> None:
        self.into: dict[int, dict[int, float]] = {v: {} for v in range(len(graph.names))}
        self.out: dict[int, dict[int, float]] = {v: {} for v in range(len(graph.names))}
        for (a, b), c in graph.edges.items():
            self.out[a][b] = c
            self.into[b][a] = c
        self.additions = 0

    def cost(self, v: int) -> int:
        """Return the Markowitz degree: edges in times edges out."""
        return len(self.into[v]) * len(self.out[v])

    def eliminate(self, v: int) -> int:
        """Take a vertex out; return the multiplications."""
        into, out = self.into.pop(v), self.out.pop(v)
        for a, left in into.items():
            del self.out[a][v]
            for b, right in out.items():
                old = self.out[a].get(b)
                self.additions += old is not None
                self.out[a][b] = self.into[b][a] = left * right + (old or 0.0)
        for b in out:
            del self.into[b][v]
        return len(into) * len(out)


def eliminate(
    f: Callable[..., Any] | ScalarGraph, *args: Any, order: str | Sequence[int] = "markowitz"
) -> Elimination:
    """Accumulate the Jacobian of f by eliminating the vertices of its graph.

    Parameters
    ----------
    f : callable or ScalarGraph
        A function with a small graph, or its graph.
    *args
        Where to evaluate it.
    order : {"forward", "reverse", "markowitz", "optimal"} or sequence of int
        In the order of recording (forward mode), against it (reverse mode),
        always the cheapest next, the fewest multiplications of all (up to 16
        intermediate vertices), or the vertices themselves.

    Returns
    -------
    Elimination
        With ``.jacobian``, ``.multiplications``, ``.order``; prints its steps,
        draws itself in a notebook and with ``.draw(path)``.

    Raises
    ------
    ShapeError
        If the graph is too large for "optimal".
    OperandError
        If the order does not name every intermediate vertex once.

    Examples
    --------
    >>> def f(x):                                        # 4 inputs, a waist, 4 outputs
    ...     waist = np.exp(np.tanh(np.sin(np.prod(x))))
    ...     return np.array([1.0, 2.0, 3.0, 4.0]) * waist
    >>> x = np.array([1.0, 2.0, 0.5, 1.5])
    >>> [eliminate(f, x, order=o).multiplications
    ...  for o in ("forward", "reverse", "markowitz", "optimal")]
    [28, 28, 22, 22]
    """
    graph = f if isinstance(f, ScalarGraph) else scalar_graph(f, *args)
    middle = graph.intermediates
    if not isinstance(order, str):
        chosen = [int(v) for v in order]
        if sorted(chosen) != middle:
            raise errors.OperandError(
                f"eliminate(): the order must name each of the {len(middle)} intermediate vertices "
                "once; see scalar_graph(f, *args).intermediates.",
                Location.of_caller(),
            )
    elif order in ("forward", "reverse"):
        chosen = middle if order == "forward" else middle[::-1]
    elif order == "optimal":
        chosen = _optimal(graph)
    elif order == "markowitz":
        chosen = []
    else:
        raise errors.OperandError(
            f"eliminate(): order={order!r}; use 'forward', 'reverse', 'markowitz', 'optimal' or "
            "the vertices.",
            Location.of_caller(),
        )
    work = _Eliminator(graph)
    done: list[int] = []
    costs = []
    left = set(middle)
    while left:
        if order == "markowitz" and isinstance(order, str):
            v = min(left, key=lambda v: (work.cost(v), v))
        else:
            v = chosen[len(done)]
        costs.append(work.eliminate(v))
        done.append(v)
        left.remove(v)
    jacobian = np.array(
        [[work.into[o].get(i, 0.0) for i in graph.inputs] for o in graph.outputs]
    ).reshape(len(graph.outputs), len(graph.inputs))
    rule = order if isinstance(order, str) else "given order"
    return Elimination(rule, graph, done, costs, work.additions, jacobian)


def _optimal(graph: ScalarGraph) -> list[int]:
    """Return an order with the fewest multiplications, by dynamic programming over sets."""
    middle = graph.intermediates
    k = len(middle)
    if k > OPTIMAL_LIMIT:
        raise errors.ShapeError(
            f"eliminate(order='optimal'): {k} intermediate vertices; the search visits 2**{k} sets "
            f"and takes up to {OPTIMAL_LIMIT}. Use 'markowitz'.",
            Location.of_caller(),
        )
    number = {v: j for j, v in enumerate(middle)}
    before: list[list[int]] = [[] for _ in middle]
    after: list[list[int]] = [[] for _ in middle]
    into, out = [0] * k, [0] * k
    for a, b in sorted(graph.edges):
        if b in number:
            into[number[b]] |= 1 << a
            if a in number:
                before[number[b]].append(number[a])
        if a in number:
            out[number[a]] |= 1 << b
            if b in number:
                after[number[a]].append(number[b])
    masks = [1 << v for v in middle]
    best = [0] + [-1] * ((1 << k) - 1)
    last = [0] * (1 << k)
    reach_in, reach_out = [0] * k, [0] * k
    for done in range((1 << k) - 1):
        # the vertices that point to j, and that j points to, when `done` are eliminated
        for j in range(k):
            found = into[j]
            for i in before[j]:
                if done >> i & 1:
                    found = found & ~masks[i] | reach_in[i]
            reach_in[j] = found
        for j in range(k - 1, -1, -1):
            found = out[j]
            for i in after[j]:
                if done >> i & 1:
                    found = found & ~masks[i] | reach_out[i]
            reach_out[j] = found
        for j in range(k):
            if not done >> j & 1:
                total = best[done] + reach_in[j].bit_count() * reach_out[j].bit_count()
                then = done | 1 << j
                if best[then] < 0 or total < best[then]:
                    best[then], last[then] = total, j
    order = []
    done = (1 << k) - 1
    while done:
        order.append(middle[last[done]])
        done ^= 1 << last[done]
    return order[::-1]


@dataclass
class Orders:
    """The orders of elimination side by side.

    Attributes
    ----------
    results : dict
        From the rule's name to its `Elimination`.
    """

    results: dict[str, Elimination]

    @prints_anywhere
    def __str__(self) -> str:
        rows = [
            (
                name,
                str(e.multiplications),
                str(e.additions),
                " ".join(e.graph.names[v] for v in e.order),
            )
            for name, e in self.results.items()
        ]
        head = ("order", "multiplications", "additions", "vertices")
        widths = [max(len(r[k]) for r in (head, *rows)) for k in range(4)]
        return "\n".join(
            f"{r[0]:<{widths[0]}}  {r[1]:>{widths[1]}}  {r[2]:>{widths[2]}}  {r[3]}"
            for r in (head, (*("-" * w for w in widths[:3]), "-" * 8), *rows)
        )


def compare_orders(f: Callable[..., Any] | ScalarGraph, *args: Any) -> Orders:
    """Eliminate in every way that there is a rule for; the optimum where it can be found.

    Parameters
    ----------
    f, *args
        As for `eliminate`.

    Returns
    -------
    Orders
        Prints as a table.

    Examples
    --------
    >>> print(compare_orders(lambda x, y: np.exp(np.sin(x * y)), 1.0, 2.0))
    order      multiplications  additions  vertices
    ---------  ---------------  ---------  --------
    forward                  4          0  multiply sin
    reverse                  3          0  sin multiply
    markowitz                3          0  sin multiply
    optimal                  3          0  sin multiply
    """
    graph = f if isinstance(f, ScalarGraph) else scalar_graph(f, *args)
    rules = ["forward", "reverse", "markowitz"]
    if len(graph.intermediates) <= OPTIMAL_LIMIT:
        rules.append("optimal")
    return Orders({rule: eliminate(graph, order=rule) for rule in rules})
