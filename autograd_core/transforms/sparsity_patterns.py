"""Which output elements can depend on which input elements, read from the recorded graph.

Each value gets, for each of its elements, the set of inputs that reach it.  An
operation's part in it is structural: an elementwise one keeps places, a
reduction unites along its axes, indexing and reshaping move.  What is not known
better unites everything, so the pattern may be too large and is never too small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine.node import PART, Node
from autograd_core.operations.primitive import Primitive, bare
from autograd_core.rules.reductions import expand

MOST = 100_000_000  # pairs of a dense operation; beyond, a pattern is no help

# For one operation and one argument: which element of the result (first) can
# depend on which element of the argument (second).
Pairs = tuple[Any, Any]


class Sets:
    """For each of some elements a set of numbers below n, sorted: rows of a sparse matrix.

    Parameters
    ----------
    starts : array of int
        Where each set begins in `members`; one more than there are sets.
    members : array of int
        The sets, one after the other.
    n : int
        The numbers are below n.

    Examples
    --------
    >>> first = Sets.singletons(3)
    >>> united = first.through(np.array([0, 0, 1]), np.array([0, 2, 1]), 2)
    >>> united.starts, united.members
    (array([0, 2, 3]), array([0, 2, 1]))
    """

    def __init__(self, starts: Any, members: Any, n: int) -> None:
        self.starts, self.members, self.n = starts, members, n

    @classmethod
    def singletons(cls, n: int) -> Sets:
        """Return the sets {0}, {1}, ..., {n - 1}."""
        return cls(np.arange(n + 1), np.arange(n), n)

    @classmethod
    def of_pairs(cls, owners: Any, members: Any, count: int, n: int) -> Sets:
        """Return `count` sets from pairs of owner and member."""
        keys = np.unique(owners.astype(np.int64) * n + members)
        starts = np.searchsorted(keys, np.arange(count + 1, dtype=np.int64) * n)
        return cls(starts, keys % n, n)

    @property
    def owners(self) -> Any:
        """For each member, the set it is in."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def through(self, to: Any, source: Any, count: int) -> Sets:
        """Return `count` sets: set to[k] gets all of this one's set source[k]."""
        lengths = np.diff(self.starts)[source]
        total = int(lengths.sum())
        if total > MOST:
            raise errors.SparsityError(
                f"sparsity: the pattern has more than {MOST:,} entries; it is not sparse.",
                Location.of_caller(),
            )
        ends = np.cumsum(lengths)
        places = np.arange(total) - np.repeat(ends - lengths, lengths)
        members = self.members[np.repeat(self.starts[source], lengths) + places]
        return Sets.of_pairs(np.repeat(to, lengths), members, count, self.n)

    def union(self, other: Sets) -> Sets:
        """Return the union of corresponding sets."""
        owners = np.concatenate([self.owners, other.owners])
        members = np.concatenate([self.members, other.members])
        return Sets.of_pairs(owners, members, len(self.starts) - 1, self.n)


def _size(value: Any) -> int:
    return int(np.size(value))


def _places(value: Any) -> Any:
    return np.arange(_size(value)).reshape(np.shape(value))


def _elementwise(p: Primitive, y: Any, args: Sequence[Any], k: int, params: Any) -> Pairs:
    source = np.broadcast_to(_places(args[k]), np.shape(y)).reshape(-1)
    return np.arange(_size(y)), source


def _moving(p: Primitive, y: Any, args: Sequence[Any], k: int, params: Any) -> Pairs:
    """Run the operation on numbered places: 0 says that nothing of the argument came here."""
    numbered = [np.zeros(np.shape(a)) for a in args]
    numbered[k] = _places(args[k]) + 1.0
    moved = np.ravel(p.forward(*numbered, **{**params, **_as_floats(p)})).real.astype(np.int64)
    to = np.flatnonzero(moved)
    return to, moved[to] - 1


def _as_floats(p: Primitive) -> dict[str, Any]:
    return {"dtype": np.float64} if p.name == "astype" else {}


def _reduction(p: Primitive, y: Any, args: Sequence[Any], k: int, params: Any) -> Pairs:
    x = args[0]
    kept = expand(_places(y), x, params.get("axis"), bool(params.get("keepdims", False)))
    return np.broadcast_to(kept, np.shape(x)).reshape(-1), np.arange(_size(x))


def _along_axis(p: Primitive, y: Any, args: Sequence[Any], k: int, params: Any) -> Pairs:
    """Everything along the axis depends on everything along it."""
    axis, x = params.get("axis"), args[0]
    lines = _places(x).reshape(-1, 1) if axis is None else np.moveaxis(_places(x), axis, 0)
    lines = lines.reshape(lines.shape[0], -1)
    return np.repeat(lines, len(lines), axis=0).reshape(-1), np.tile(
        lines, (len(lines), 1)
    ).reshape(-1)


def _scatter(p: Primitive, y: Any, args: Sequence[Any], k: int, params: Any) -> Pairs:
    to = np.broadcast_to(_places(y)[params["index"]], np.shape(args[0]))
    return to.reshape(-1), np.arange(_size(args[0]))


def _dense(p: Primitive, y: Any, args: Sequence[Any], k: int, params: Any) -> Pairs:
    first, second = _size(y), _size(args[k])
    if first * second > MOST:
        raise errors.SparsityError(
            f"sparsity: {p.name} makes {first:,} values of {second:,} and its structure is not "
            "known; write it with slices and sums, or give pattern=.",
            Location.of_caller(),
        )
    return np.repeat(np.arange(first), second), np.tile(np.arange(second), first)


def _matmul(p: Primitive, y: Any, args: Sequence[Any], k: int, params: Any) -> Pairs:
    """Row i, column j depends on row i of the left and column j of the right matrix."""
    if max(np.ndim(a) for a in args) > 2:
        return _dense(p, y, args, k, params)
    a = np.atleast_2d(args[0])
    b = args[1].reshape(-1, 1) if np.ndim(args[1]) == 1 else args[1]
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    if k == 0:
        inner_at, column_at = np.nonzero(_mask(args, 1, b))
        i = np.repeat(np.arange(rows), len(inner_at))
        return i * columns + np.tile(column_at, rows), i * inner + np.tile(inner_at, rows)
    row_at, inner_at = np.nonzero(_mask(args, 0, a))
    j = np.tile(np.arange(columns), len(row_at))
    return (
        np.repeat(row_at, columns) * columns + j,
        np.repeat(inner_at, columns) * columns + j,
    )


class ConstantArray(np.ndarray):
    """Marks an argument that does not depend on the inputs: its zeros are structure."""


def _mask(args: Sequence[Any], k: int, matrix: Any) -> Any:
    return matrix != 0 if isinstance(args[k], ConstantArray) else np.ones(matrix.shape, dtype=bool)


_BY_NAME: dict[str, Callable[..., Pairs]] = {
    "scatter": _scatter,
    "matmul": _matmul,
    "cumsum": _along_axis,
    "cumprod": _along_axis,
    "where": _elementwise,
    "plus": _elementwise,
    "entry": _elementwise,
}
_BY_CATEGORY: dict[str, Callable[..., Pairs]] = {
    "elementwise": _elementwise,
    "plus": _elementwise,
    "shape": _moving,
    "index": _moving,
    "reduction": _reduction,
}


def pattern_of(order: Sequence[Node], outputs: Node, inputs: Node) -> Sets:
    """Return for each element of an output the elements of an input that can reach it.

    Parameters
    ----------
    order : sequence of Node
        The recorded nodes, earliest first.
    outputs, inputs : Node
        The value that is differentiated, and by which.

    Returns
    -------
    Sets
        One set for each element of the output.

    Examples
    --------
    >>> from autograd_core import Graph, Tensor
    >>> x = Tensor(np.zeros(4), requires_grad=True)
    >>> graph = Graph(x[1:] * x[:-1])
    >>> found = pattern_of(graph.nodes, graph.outputs[0], graph.leaves[0])
    >>> found.members.reshape(3, 2).tolist()
    [[0, 1], [1, 2], [2, 3]]
    """
    n = _size(bare(inputs.output))
    known: dict[Node, Sets] = {inputs: Sets.singletons(n)}
    for node in order:
        if node in known or not node.inputs or node.primitive is None:
            continue
        primitive = node.primitive
        if primitive is PART or primitive.multiple:
            if any(i in known for i in node.inputs if i.__class__ is Node):
                raise errors.SparsityError(
                    f"sparsity: {node.name} returns several arrays, whose structure is not "
                    "known; give pattern=.",
                    node.location,
                )
            continue
        raw = [
            bare(i.output)
            if i.__class__ is Node and i in known
            else np.asarray(bare(i.output if i.__class__ is Node else i)).view(ConstantArray)
            for i in node.inputs
        ]
        y = bare(node.output)
        by_name = _BY_NAME.get(primitive.name) if primitive.own else None
        rule = by_name or _BY_CATEGORY.get(primitive.category, _dense)
        total: Sets | None = None
        for k, parent in enumerate(node.inputs):
            if parent.__class__ is Node and parent in known:
                to, source = rule(primitive, y, raw, k, node.params)
                found = known[parent].through(np.asarray(to), np.asarray(source), _size(y))
                total = found if total is None else total.union(found)
        if total is not None:
            known[node] = total
    count = _size(bare(outputs.output))
    nothing = Sets(np.zeros(count + 1, dtype=int), np.zeros(0, dtype=int), n)
    return known.get(outputs, nothing)
