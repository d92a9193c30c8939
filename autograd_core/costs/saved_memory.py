"""How many bytes a recorded computation keeps, and how many live at once in each mode."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_core.engine.node import PART, Node
from autograd_core.engine.sweeping import reaching
from autograd_core.operations.primitive import bare


@dataclass
class Memory:
    """Bytes; the inputs and parameters, which are there anyway, are not counted.

    Attributes
    ----------
    function : int
        Peak of an evaluation that records nothing.
    reverse : int
        Peak of an evaluation with recording, then one reverse sweep.
    forward : int
        Peak of one forward sweep with dual numbers: each value and its tangent.
    tape : int
        What the recorded graph holds after the evaluation.
    saved : int
        The part of it that the rules of the reverse sweep read.
    """

    function: int
    reverse: int
    forward: int
    tape: int
    saved: int
    saved_by: dict[Node, int] = field(repr=False)


def _parts(value: Any) -> list[Any]:
    value = bare(value)
    return list(value) if isinstance(value, (tuple, list)) else [value]


def _buffers(value: Any) -> dict[int, int]:
    """Return the memory behind a value: address of each buffer and its bytes."""
    found = {}
    for array in _parts(value):
        root = array
        while isinstance(getattr(root, "base", None), np.ndarray):
            root = root.base
        if hasattr(root, "nbytes"):
            found[id(root)] = int(root.nbytes)
    return found


def _nbytes(value: Any) -> int:
    return sum(int(getattr(array, "nbytes", 0)) for array in _parts(value))


def saved_bytes(
    order: Sequence[Node], wanted: Collection[Node], there: set[int]
) -> dict[Node, int]:
    """Return what each node's rules keep, each buffer at the first node that keeps it."""
    needed, through = reaching(order[::-1], wanted)
    seen = set(there)
    found = {}
    for node in order:
        if node not in through or node.primitive is None or node.primitive is PART:
            continue
        reads: set[int] = set()
        each = node.primitive.vjp_reads()
        for k, parent in enumerate(node.inputs or ()):
            if parent.__class__ is Node and parent in needed:
                reads.update(each[min(k, len(each) - 1)].of(len(node.inputs or ())))
        values = [node.output, *(i.output if i.__class__ is Node else i for i in node.inputs or ())]
        total = 0
        for k in reads:
            for key, size in _buffers(values[k]).items():
                if key not in seen:
                    seen.add(key)
                    total += size
        found[node] = total
    return found


def _peak_of_evaluation(order: Sequence[Node], outputs: Sequence[Node], there: set[int]) -> int:
    """Return the peak when each value is freed after its last use."""
    last: dict[int, int] = {}
    for k, node in enumerate(order):
        for value in (node, *(i for i in node.inputs or () if i.__class__ is Node)):
            for key in _buffers(value.output):
                last[key] = k
    for node in outputs:
        for key in _buffers(node.output):
            last[key] = len(order)
    live: dict[int, int] = {}
    total = peak = 0
    for k, node in enumerate(order):
        for key, size in _buffers(node.output).items():
            if key not in there and key not in live:
                live[key] = size
                total += size
        peak = max(peak, total)
        for value in (node, *(i for i in node.inputs or () if i.__class__ is Node)):
            for key in _buffers(value.output):
                if last[key] == k:
                    total -= live.pop(key, 0)
    return peak


def _peak_of_reverse(
    order: Sequence[Node], outputs: Sequence[Node], wanted: Collection[Node], there: set[int]
) -> tuple[int, int]:
    """Return the tape's bytes, and the peak of the sweep that frees it as it goes."""
    holders: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for node in order:
        for key, size in _buffers(node.output).items():
            if key not in there:
                holders[key] = holders.get(key, 0) + 1
                sizes[key] = size
    tape = live = sum(sizes.values())
    needed, through = reaching(order[::-1], wanted)
    gradient = {node: _nbytes(node.output) for node in outputs}
    live += sum(gradient.values())
    peak = live
    for node in reversed(order):
        if node not in gradient or node not in through:
            continue
        for parent in node.inputs or ():
            if parent.__class__ is Node and parent in needed:
                size = _nbytes(parent.output)
                if parent in gradient:
                    peak = max(peak, live + size)  # the contribution, before it is added
                else:
                    gradient[parent] = size
                    live += size
                    peak = max(peak, live)
        live -= gradient.pop(node)  # what is wanted has no inputs, and was passed over above
        for key in _buffers(node.output):
            if key in holders:
                holders[key] -= 1
                if not holders[key]:
                    live -= sizes[key]
    return tape, peak


def memory_of(order: Sequence[Node], outputs: Sequence[Node], wanted: Sequence[Node]) -> Memory:
    """Return what a recorded computation keeps and needs.

    Parameters
    ----------
    order : sequence of Node
        The recorded nodes, earliest first.
    outputs, wanted : sequence of Node
        What came out, and what is differentiated.

    Returns
    -------
    Memory

    Examples
    --------
    >>> from autograd_core import Graph, Tensor
    >>> x = Tensor(np.ones(100), requires_grad=True)
    >>> graph = Graph(np.sum(np.sin(x) * x))
    >>> found = memory_of(graph.nodes, graph.outputs, graph.leaves)
    >>> found.saved, found.tape                 # sin's result; and the product and the sum
    (800, 1608)
    """
    there: set[int] = set()
    for node in order:
        if node.primitive is None:
            there |= set(_buffers(node.output))
        for i in node.inputs or ():
            if i.__class__ is not Node:
                there |= set(_buffers(i))
    kept = saved_bytes(order, wanted, there)
    tape, reverse = _peak_of_reverse(order, outputs, wanted, there)
    function = _peak_of_evaluation(order, outputs, there)
    return Memory(function, reverse, 2 * function, tape, sum(kept.values()), kept)
