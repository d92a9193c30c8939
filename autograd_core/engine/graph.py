"""Graph: what was recorded, read only.

Everything that draws, explains or counts starts here.  Traversal is iterative,
so a million nodes are as safe as ten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base.renamed import renamed_keywords
from autograd_core.engine import graph_data
from autograd_core.engine.backward import node_of, seed_for
from autograd_core.engine.graph_data import GraphDiff
from autograd_core.engine.node import Node
from autograd_core.engine.pushing import pushed_at
from autograd_core.engine.sweeping import Observer, collect, sweep
from autograd_core.engine.tensor import Tensor, untracked
from autograd_core.operations.kinds import beside, host
from autograd_core.operations.primitive import bare


class Edge(NamedTuple):
    """One use of a value: from the node that made it, into an argument of the node that uses it."""

    source: Node
    target: Node
    index: int  # type: ignore[assignment]  # a field's name, not tuple.index


class Graph:
    """The recorded computation that leads to some outputs.

    Parameters
    ----------
    *outputs : Tensor
        Tracked values.

    Raises
    ------
    UntrackedError
        If an output is not tracked.

    Examples
    --------
    >>> from autograd_core import Graph, Tensor
    >>> x, y = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)
    >>> graph = Graph(x ** 3 * (x + 3 * y))
    >>> [node.name for node in graph.nodes]
    ['leaf', 'leaf', 'power', 'multiply', 'add', 'multiply']
    >>> graph.paths(x), graph.paths(y)
    (2, 1)
    """

    def __init__(self, *outputs: Tensor) -> None:
        self._lead_to([node_of(out, "Graph()") for out in outputs])

    def _lead_to(self, outputs: list[Node]) -> None:
        self.outputs = outputs
        self.nodes = collect(outputs)[::-1]
        self.standing: dict[Node, Node] = {}  # of a graph that was freed, see viewer.kept_graphs

    @classmethod
    def of(cls, outputs: Sequence[Node]) -> Graph:
        """Return the graph that leads to some nodes."""
        made = cls.__new__(cls)
        made._lead_to(list(outputs))
        return made

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @property
    def leaves(self) -> list[Node]:
        """The nodes that no operation produced."""
        return [node for node in self.nodes if node.primitive is None]

    @property
    def edges(self) -> list[Edge]:
        """Every use of a value by an operation; two uses by one operation are two edges."""
        return [
            Edge(source, node, k)
            for node in self.nodes
            for k, source in enumerate(node.inputs or ())
            if source.__class__ is Node
        ]

    @property
    def branches(self) -> dict[Node, int]:
        """The values used more than once, with their number of uses K; gradients add up there."""
        uses: dict[Node, int] = {}
        for edge in self.edges:
            uses[edge.source] = uses.get(edge.source, 0) + 1
        return {node: k for node, k in uses.items() if k > 1}

    def node(self, value: Tensor | Node) -> Node:
        """Return the node of a Tensor."""
        node = value if isinstance(value, Node) else node_of(value, "Graph.node()")
        return self.standing.get(node, node)

    def paths(self, start: Tensor | Node, end: Tensor | Node | None = None) -> int:
        """Count the paths from a value to an output (default the first), exactly.

        One pass over the edges: the number of paths out of a node is the sum
        over its uses.  60 doublings ``y = y + y`` have 2**60 paths.
        """
        last = self.outputs[0] if end is None else self.node(end)
        first = self.node(start)
        count: dict[Node, int] = {last: 1}
        for node in reversed(self.nodes):
            ways = count.get(node)
            if ways and node is not first:
                for source in node.inputs or ():
                    if source.__class__ is Node:
                        count[source] = count.get(source, 0) + ways
        return count.get(first, 0)

    def each_path(
        self, start: Tensor | Node, end: Tensor | Node | None = None
    ) -> Iterator[list[Edge]]:
        """Yield every path from a value to an output, as lists of edges (small graphs only)."""
        first = self.node(start)
        last = self.outputs[0] if end is None else self.node(end)
        uses: dict[Node, list[Edge]] = {}
        for edge in self.edges:
            uses.setdefault(edge.source, []).append(edge)
        stack: list[tuple[Node, list[Edge]]] = [(first, [])]
        while stack:
            node, path = stack.pop()
            if node is last:
                yield path
                continue
            stack += [(edge.target, [*path, edge]) for edge in uses.get(node, ())]

    def local_derivative(self, edge: Edge) -> Any:
        """Return d(target)/d(source) along one edge, of shape ``target.shape + source.shape``."""
        node = edge.target
        assert node.primitive is not None
        assert node.inputs is not None
        inputs = [i.output if i.__class__ is Node else i for i in node.inputs]
        x = inputs[edge.index]
        columns = []
        for k in range(np.size(x)):
            unit = np.zeros(np.size(x), dtype=x.dtype)
            unit[k] = 1
            tangents: list[Any] = [None] * len(inputs)
            tangents[edge.index] = beside(x, unit.reshape(np.shape(x)))[()]
            columns.append(
                np.broadcast_to(
                    host(bare(pushed_at(node, tangents, inputs))),
                    np.shape(node.output),
                )
            )
        return np.stack(columns, axis=-1).reshape((*np.shape(node.output), *np.shape(x)))

    def sum_over_paths(self, start: Tensor | Node, end: Tensor | Node | None = None) -> Any:
        """Return the derivative as the chain rule states it: a sum over paths of products.

        The same as the sweep's answer, in time that grows with the number of
        paths; for small graphs.
        """
        first = self.node(start)
        last = self.outputs[0] if end is None else self.node(end)
        total: Any = np.zeros((*np.shape(last.output), *np.shape(first.output)))
        for path in self.each_path(first, last):
            ndim = np.ndim(first.output)
            size = np.size(first.output)
            product: Any = np.eye(size).reshape(np.shape(first.output) * 2) if ndim else 1.0
            for edge in path:
                inner = np.ndim(edge.source.output)
                product = np.tensordot(self.local_derivative(edge), product, axes=inner)
            total = total + product
        return total

    @renamed_keywords(wanted="inputs")
    def gradients(
        self,
        seed: Any = None,
        inputs: Collection[Node] | None = None,
        observe: Observer | None = None,
    ) -> dict[Node, Any]:
        """Sweep back from the first output; writes no ``.grad``, frees nothing.

        Parameters
        ----------
        seed : array_like, optional
            dF/dF; 1 for a scalar.
        inputs : collection of Node, optional
            The nodes whose gradients are returned; default every node.
        observe : callable, optional
            Called with each message: ``observe(node, g, index, contribution)``.

        Returns
        -------
        dict
            From node to gradient.
        """
        output = self.outputs[0]
        start = seed_for(untracked(bare(output.output)), seed, "Graph.gradients()", "seed")
        chosen = set(self.nodes if inputs is None else inputs)
        return sweep([output], [start], chosen, retain=True, observe=observe)

    # --- as data --------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as plain data, ready for ``json.dumps``.

        Returns
        -------
        dict
            ``schema`` is ``"autograd-core graph"``, ``version`` is 1, ``outputs`` lists ids.
            ``nodes``, in topological order: ``id`` (0, 1, ...), ``operation`` (``"leaf"`` for what
            no operation computed), ``inputs`` (for each argument ``{"node": id}`` or
            ``{"constant": value}``), ``settings``, ``shape``, ``dtype``, ``value``, ``freed``
            (whether a sweep freed its inputs), ``file``, ``line`` and ``code`` of the user's line.
            ``edges``: ``source``, ``target`` and ``index``, the place among the target's
            arguments; two uses by one operation are two edges.  A value is a number, nested lists
            of at most 64 numbers, or ``{"shape": ..., "dtype": ...}`` of a larger array; NaN and
            infinities are the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, a complex
            number is ``{"real": ..., "imag": ...}``.

        Examples
        --------
        >>> from autograd_core import Graph, Tensor
        >>> x = Tensor(2.0, requires_grad=True)
        >>> data = Graph(x * x).to_dict()
        >>> [(node["operation"], node["value"]) for node in data["nodes"]]
        [('leaf', 2.0), ('multiply', 4.0)]
        >>> data["edges"]
        [{'source': 0, 'target': 1, 'index': 0}, {'source': 0, 'target': 1, 'index': 1}]
        """
        return graph_data.as_dict(self.nodes, self.outputs)

    def to_networkx(self) -> Any:
        """Return the graph as a ``networkx.MultiDiGraph``.

        Returns
        -------
        networkx.MultiDiGraph
            Nodes are the ids of `to_dict`, with its fields as attributes.  Edges run from a value
            to the operation that uses it; their key is the place among its arguments.

        Raises
        ------
        ImportError
            Without NetworkX.
        """
        return graph_data.as_networkx(self.to_dict())

    def to_pandas(self) -> tuple[Any, Any]:
        """Return the graph as two tables of pandas.

        Returns
        -------
        nodes, edges : pandas.DataFrame
            A row for each node, whose index is its id in `to_dict`, and a row for each edge; the
            columns are the fields of `to_dict`.

        Raises
        ------
        ImportError
            Without pandas.
        """
        return graph_data.as_pandas(self.to_dict())

    def diff(self, other: Graph) -> GraphDiff:
        """Return what changed from this graph to another one.

        Nodes are matched by what they compute: operation, settings, constants and shapes, from
        the inputs on and then from the outputs back.  ``draw(a).diff(draw(b))`` is a picture.

        Parameters
        ----------
        other : Graph
            The newer graph.

        Returns
        -------
        GraphDiff
            ``same`` has pairs of nodes, ``added`` and ``removed`` have nodes.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd_core import Graph, Tensor
        >>> x = Tensor(2.0, requires_grad=True)
        >>> found = Graph(np.sin(x) * 2.0).diff(Graph(np.cos(x) * 2.0))
        >>> [node.name for node in found.added], [node.name for node in found.removed]
        (['cos'], ['sin'])
        """
        return graph_data.difference(self.nodes, other.nodes)


__all__: Sequence[str] = ["Edge", "Graph"]
