"""What can still be drawn after ``backward()``: structure, names and shapes, without the values.

A sweep frees what it has used.  Once somebody has imported the viewer, `backward` lets it look at
the graph first.  It notes who was computed from whom, for as long as the Tensor lives on which
``backward()`` was called; it keeps no array.
"""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple

import numpy as np

from autograd_core.engine.backward import BEFORE_FREEING
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import NO_PARAMS, Node
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import bare
from autograd_core.viewer.numbers import FreedValue

MOST = 1_500  # nodes; a picture shows no more
LATEST = 8  # graphs
SMALL = 64  # elements of an array that is kept as it is, such as an index


class _Before(NamedTuple):
    """A node as it was before the sweep."""

    inputs: tuple[Any, ...]
    params: dict[str, Any]
    freed: Any  # shape and dtype of the value; of a tuple those of its parts


class _Reference:
    """A weak reference to an array, and its shape and dtype."""

    def __init__(self, array: Any) -> None:
        self.array = weakref.ref(array)
        self.freed = FreedValue(array.shape, str(array.dtype))

    def again(self) -> Any:
        """Return the array; if it is gone, what stands for it."""
        alive = self.array()
        return self.freed if alive is None else alive


_kept: dict[int, tuple[weakref.ref[Any], dict[Node, _Before]]] = {}


def keep(output: Any, root: Node) -> None:
    """Note the graph that leads to a Tensor, if it is small enough to be drawn."""
    found: dict[Node, _Before] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node in found or not node.inputs:
            continue
        if len(found) == MOST:
            return
        found[node] = _Before(
            tuple([i if i.__class__ is Node else _small(i) for i in node.inputs]),
            {k: _small(v) for k, v in node.params.items()} if node.params else NO_PARAMS,
            _freed(node.output),
        )
        stack += [i for i in node.inputs if i.__class__ is Node]
    key = id(output)
    _kept.pop(key, None)
    while len(_kept) >= LATEST:  # a list of losses is no reason to keep all their graphs
        _kept.pop(next(iter(_kept)), None)
    _kept[key] = weakref.ref(output, lambda _: _kept.pop(key, None)), found


def _small(value: Any) -> Any:
    """Return a setting or a constant; of a large array a weak reference or its shape."""
    if isinstance(value, (bool, int, float, complex, str, np.generic, slice, type(None), np.dtype)):
        return value
    if isinstance(value, tuple):
        return tuple(map(_small, value))
    if isinstance(value, np.ndarray):
        return value if value.size <= SMALL else _Reference(value)
    return FreedValue((), type(value).__name__)


def _freed(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(map(_freed, value))
    value = bare(value)
    return FreedValue(tuple(np.shape(value)), str(getattr(value, "dtype", "")))


def _again(value: Any) -> Any:
    """Return what a weak reference leads to; if that is gone, nothing but the word."""
    if isinstance(value, tuple):
        return tuple(map(_again, value))
    return value.again() if isinstance(value, _Reference) else value


def recalled(*outputs: Any) -> Graph:
    """Return the graph of some outputs; if a sweep freed it, as it was noted before.

    Of a graph that was freed, ``standing`` leads from the nodes of the user's Tensors to the nodes
    that stand for them.
    """
    graph = Graph(*outputs)
    if all(node.inputs is not None for node in graph.nodes):
        return graph
    before: dict[Node, _Before] = {}
    for _, found in list(_kept.values()):
        before |= found
    standing: dict[Node, Node] = {}
    order = _order(graph.outputs, before)
    for node in order:
        noted = before.get(node)
        if noted is None or node.inputs is not None:
            standing[node] = node if not _led(node, standing) else _copy(node, node, standing)
        else:
            standing[node] = _copy(node, noted, standing)
    graph.nodes = [standing[node] for node in order]
    graph.outputs = [standing[node] for node in graph.outputs]
    graph.standing = standing
    for tensor in outputs:
        fill(standing, tensor)
    return graph


def _led(node: Node, standing: dict[Node, Node]) -> bool:
    """Whether a node that was not freed has an input that was."""
    return any(i.__class__ is Node and standing.get(i, i) is not i for i in node.inputs or ())


def _copy(node: Node, before: Any, standing: dict[Node, Node]) -> Node:
    made = Node()
    for name in ("primitive", "tick", "level", "code", "lasti", "watch"):
        setattr(made, name, getattr(node, name))
    made.inputs = tuple(
        standing.get(i, i) if i.__class__ is Node else _again(i) for i in before.inputs
    )
    made.params = {k: _again(v) for k, v in before.params.items()}
    made.output = node.output if node.output is not None else before.freed
    return made


def _order(outputs: list[Node], before: dict[Node, _Before]) -> list[Node]:
    found: set[Node] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found.add(node)
        inputs = node.inputs if node.inputs is not None or node not in before else None
        inputs = before[node].inputs if inputs is None and node in before else inputs
        stack += [i for i in inputs or () if i.__class__ is Node]
    return sorted(found, key=lambda node: node.tick)


def fill(standing: dict[Node, Node], value: Tensor) -> None:
    """Give a node that stands for a freed one the value that a Tensor of the user's still holds."""
    node = standing.get(value._node) if value._node is not None else None
    if node is not None and isinstance(node.output, FreedValue):
        node.output = value._held


BEFORE_FREEING.append(keep)
