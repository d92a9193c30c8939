"""Which arrays were overwritten since an operation saved them, so that the sweep notices.

A table knows which buffers were overwritten when, and by which line.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine.node import Node, next_tick
from autograd_core.operations.saved_reads import really_reads


class Overwrites:
    """Which buffers were overwritten: the tick and the line of the last time."""

    def __init__(self) -> None:
        self.latest = 0
        self._table: dict[int, tuple[int, Location, Any]] = {}

    def mark(self, array: Any, tick: int, where: Location) -> None:
        """Note that a buffer was overwritten after everything recorded before `tick`."""
        root = _root(array)
        key = id(root)
        table = self._table

        def forget(_: Any) -> None:
            table.pop(key, None)

        table[key] = (tick, where, weakref.ref(root, forget))
        self.latest = max(self.latest, tick)

    def since(self, array: Any, tick: int) -> Location | None:
        """Return the line that overwrote a buffer after `tick`, if one did."""
        found = self._table.get(id(_root(array))) if isinstance(array, np.ndarray) else None
        return found[1] if found is not None and found[0] > tick else None


OVERWRITES = Overwrites()


def _root(array: Any) -> Any:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def mark_overwritten(*tensors: Any) -> None:
    """Announce that the arrays behind these tensors were written into directly.

    For code that changes ``x.data`` in place, such as an optimizer: a pending
    backward that still needs the old values then raises instead of using the
    new ones.

    Parameters
    ----------
    *tensors : Tensor
        The tensors whose ``.data`` was written into.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import OverwrittenError, Tensor, mark_overwritten
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> loss = np.sum(w * w)
    >>> w.data[0] = 5.0
    >>> mark_overwritten(w)
    >>> try:
    ...     loss.backward()
    ... except OverwrittenError as error:
    ...     print(str(error).splitlines()[0])
    multiply: the sweep needs a value of shape (2,) that was overwritten in place since.
    """
    where = Location.of_caller()
    tick = next_tick()
    for tensor in tensors:
        if isinstance(tensor._held, np.ndarray):
            OVERWRITES.mark(tensor._held, tick, where)


def check_saved(
    node: Node,
    args: list[Any],
    g: Any = None,
    needed: Collection[Node] | None = None,
    record: bool = False,
    forward: bool = False,
) -> None:
    """Raise if a value that this node's rules read was overwritten since it was recorded.

    A few operations compute an overwritten result again: ``node.output`` is another array then.

    Parameters
    ----------
    node, args
        The node, and the raw values of its inputs.
    g
        The gradient that its rules are about to get.
    needed : collection of Node, optional
        The nodes that get a gradient; default all.
    record : bool
        Whether the rules will run on Tensors.
    forward : bool
        Whether the forward rules are about to run, not those of the sweep.
    """
    primitive = node.primitive
    assert primitive is not None
    assert node.inputs is not None
    values = (node.output, *args)
    gone = {k: found for k, value in enumerate(values) if (found := _overwritten(value, node.tick))}
    for setting in node.params.values():  # a mask or an index that was a constant Tensor
        if found := _overwritten(setting, node.tick):
            raise _gone(node, *found)
    if not gone:
        return
    reads = primitive.jvp_reads() if forward else primitive.vjp_reads()
    for index, parent in enumerate(node.inputs):
        if not isinstance(parent, Node) or (needed is not None and parent not in needed):
            continue
        read = reads[min(index, len(reads) - 1)]
        rule: Any = None  # to try out; what it does to Tensors the bytecode tells
        if not (forward or record or primitive.multiple):
            rule = primitive.vjp if primitive.vjps is None else primitive.vjps[index]
        for k, found in gone.items():
            if k not in read or (
                rule is not None and not really_reads(rule, g, values, k, node.params)
            ):
                continue
            if primitive.again and gone.keys() == {0}:
                node.output = primitive.run(tuple(args), node.params)
                return
            raise _gone(node, *found)
        if len(reads) == 1:
            return  # one rule for all


def _overwritten(value: Any, tick: int) -> tuple[Location, Any] | None:
    """Return the line that overwrote an array, or one of a tuple, after a tick; and the array."""
    for part in value if isinstance(value, (tuple, list)) else (value,):
        where = OVERWRITES.since(part, tick)
        if where is not None:
            return where, part
    return None


def _gone(node: Node, where: Location, part: Any) -> Exception:
    return errors.OverwrittenError(
        f"{node.name}: the sweep needs a value of shape {part.shape} that was "
        f"overwritten in place since.\n"
        f"  overwritten by {where}\n"
        "  Change a copy instead (x = x + y, or x.copy()), or sweep before the change."
        f"\n  saved by {node.name}:",
        node.location,
    )
