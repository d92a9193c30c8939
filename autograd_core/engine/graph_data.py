"""A recorded graph as data: JSON, tables, NetworkX; and what two graphs have in common."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from autograd_core.base.source import shown_name
from autograd_core.engine.node import Node
from autograd_core.operations.primitive import bare

SCHEMA = "autograd-core graph"
VERSION = 1
LARGEST = 64  # elements of a value that is written out
NODE_COLUMNS = ("operation", "shape", "dtype", "value", "settings", "file", "line", "code")
EDGE_COLUMNS = ("source", "target", "index")

Key = TypeVar("Key", bound=Hashable)
Near = Callable[[Any], Iterable[tuple[int, Any]]]


class GraphDiff(NamedTuple):
    """What `Graph.diff` found.

    Attributes
    ----------
    same : list of (Node, Node)
        Nodes of the older and of the newer graph that compute the same.
    added, removed : list of Node
        Those of the newer graph, and of the older one, that have no partner.
    """

    same: list[tuple[Node, Node]]
    added: list[Node]
    removed: list[Node]

    def __str__(self) -> str:
        counts = f"{len(self.same)} the same, {len(self.added)} added, {len(self.removed)} removed."
        lines = [f"+ {node.name} {node.location}" for node in self.added]
        lines += [f"- {node.name} {node.location}" for node in self.removed]
        return "\n".join([counts, *lines])

    def __repr__(self) -> str:
        return f"<{str(self).splitlines()[0]}>"


def as_dict(nodes: Sequence[Node], outputs: Sequence[Node]) -> dict[str, Any]:
    """Return a graph as plain data; see ``Graph.to_dict``."""
    number = {node: k for k, node in enumerate(nodes)}
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "outputs": [number[node] for node in outputs],
        "nodes": [_record(number, node) for node in nodes],
        "edges": [
            {"source": number[source], "target": number[node], "index": index}
            for node in nodes
            for index, source in enumerate(node.inputs or ())
            if isinstance(source, Node)
        ],
    }


def _record(number: dict[Node, int], node: Node) -> dict[str, Any]:
    value, where = bare(node.output), node.location
    return {
        "id": number[node],
        "operation": node.name,
        "inputs": [
            {"node": number[i]} if isinstance(i, Node) else {"constant": json_value(bare(i))}
            for i in node.inputs or ()
        ],
        "settings": {k: json_value(v) for k, v in node.params.items()} if node.params else {},
        "shape": None if isinstance(value, (tuple, list)) else list(np.shape(value)),
        "dtype": str(value.dtype) if hasattr(value, "dtype") else None,
        "value": json_value(value),
        "freed": node.inputs is None and node.primitive is not None,
        "file": shown_name(where.file),
        "line": where.line,
        "code": where.text,
    }


def json_value(value: Any) -> Any:
    """Return a value as JSON has it; of a large array, and of what is no number, its description.

    Examples
    --------
    >>> json_value(np.array([1.0, np.nan])), json_value(1 + 2j), json_value(np.ones((100, 2)))
    ([1.0, 'NaN'], {'real': 1.0, 'imag': 2.0}, {'shape': [100, 2], 'dtype': 'float64'})
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, np.ndarray):
        if value.size > LARGEST or value.dtype.kind not in "biufc":
            return {"shape": list(value.shape), "dtype": str(value.dtype)}
        return json_value(value.tolist())
    if isinstance(value, np.generic):
        return json_value(value.item()) if value.dtype.kind in "biufc" else str(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, complex):
        return {"real": json_value(value.real), "imag": json_value(value.imag)}
    if isinstance(value, (list, tuple)):
        return [json_value(v) for v in value]
    if isinstance(value, dict):
        return {str(k): json_value(v) for k, v in value.items()}
    if isinstance(value, slice):
        return {"slice": [json_value(v) for v in (value.start, value.stop, value.step)]}
    return "..." if value is Ellipsis else {"type": type(value).__name__}


def as_networkx(data: dict[str, Any]) -> Any:
    """Return a graph as a ``networkx.MultiDiGraph``; see ``Graph.to_networkx``."""
    try:
        import networkx
    except ImportError as error:
        raise ImportError("to_networkx() needs networkx: pip install networkx") from error
    made = networkx.MultiDiGraph(outputs=data["outputs"])
    for node in data["nodes"]:
        made.add_node(node["id"], **{k: v for k, v in node.items() if k not in ("id", "inputs")})
    for edge in data["edges"]:
        made.add_edge(edge["source"], edge["target"], key=edge["index"], index=edge["index"])
    return made


def as_pandas(data: dict[str, Any]) -> tuple[Any, Any]:
    """Return a graph as two tables, of nodes and of edges; see ``Graph.to_pandas``."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_pandas() needs pandas: pip install pandas") from error
    nodes = {name: [node[name] for node in data["nodes"]] for name in NODE_COLUMNS}
    edges = {name: [edge[name] for edge in data["edges"]] for name in EDGE_COLUMNS}
    index = pandas.Index([node["id"] for node in data["nodes"]], name="id")
    return pandas.DataFrame(nodes, index=index), pandas.DataFrame(edges)


# --- what two graphs have in common ------------------------------------------


class Matched(NamedTuple):
    """One side of a comparison: keys in topological order, and what is known of each.

    Attributes
    ----------
    keys : sequence
        What is to be matched, in topological order.
    own : callable
        From a key to what it computes by itself.
    into, out_of : callable
        From a key to its arguments, or its uses: pairs of place and key.
    """

    keys: Sequence[Any]
    own: Callable[[Any], Any]
    into: Near
    out_of: Near


def match(old: Matched, new: Matched) -> dict[Any, Any]:
    """Match by what leads to each key, then by what it leads to; in linear time.

    Returns
    -------
    dict
        From a key of `old` to the key of `new` that stands for the same computation.
    """
    pairs: dict[Any, Any] = {}
    for forward in (True, False):
        mine, theirs = _hashes(old, forward), _hashes(new, forward)
        waiting: dict[int, deque[Any]] = defaultdict(deque)
        taken = set(pairs.values())
        for key in new.keys:
            if key not in taken:
                waiting[theirs[key]].append(key)
        for key in old.keys:
            if key not in pairs and waiting.get(mine[key]):
                pairs[key] = waiting[mine[key]].popleft()
    return pairs


def _hashes(side: Matched, forward: bool) -> dict[Any, int]:
    """Return a hash of everything that leads to each key, or that it leads to."""
    found: dict[Any, int] = {}
    for key in side.keys if forward else reversed(side.keys):
        if forward:
            near = tuple((place, found.get(k, 0)) for place, k in side.into(key))
        else:
            near = tuple(sorted((place, found.get(k, 0)) for place, k in side.out_of(key)))
        found[key] = hash((side.own(key), near))
    return found


def difference(old: Sequence[Node], new: Sequence[Node]) -> GraphDiff:
    """Return what two graphs have in common; see ``Graph.diff``."""
    pairs = match(_side(old), _side(new))
    partners = set(pairs.values())
    return GraphDiff(
        [(node, pairs[node]) for node in old if node in pairs],
        [node for node in new if node not in partners],
        [node for node in old if node not in pairs],
    )


def _side(nodes: Sequence[Node]) -> Matched:
    uses: dict[Node, list[tuple[int, Node]]] = defaultdict(list)
    for node in nodes:
        for index, source in enumerate(node.inputs or ()):
            if isinstance(source, Node):
                uses[source].append((index, node))

    def into(node: Node) -> Iterable[tuple[int, Node]]:
        return ((k, i) for k, i in enumerate(node.inputs or ()) if isinstance(i, Node))

    return Matched(nodes, computes, into, lambda node: uses[node])


def computes(node: Node) -> tuple[Any, ...]:
    """Return what a node computes by itself: operation, settings, constants, shape."""
    value = bare(node.output)
    shape = "parts" if isinstance(value, (tuple, list)) else tuple(np.shape(value))
    if node.primitive is None:
        return ("leaf", shape, str(getattr(value, "dtype", "")))
    settings = tuple(sorted((k, repr(v)) for k, v in (node.params or {}).items()))
    constants = tuple(None if isinstance(i, Node) else repr(i)[:80] for i in node.inputs or ())
    return (node.name, shape, settings, constants)
