"""Large values that no rule of the sweep reads are not kept.

``relu(x @ w)`` needs the result for its derivative, but not what it was computed from.
A node keeps its output, since a later operation may read it.  Once the last Tensor of that
value is gone, nothing new can be computed from it: if the operation itself does not read its
result and all that used it do not read their argument, the array is dropped.
Which values rules read is known from `reads`.

An operation on a large array notes which of its arguments it spares (`spare`).  The note is a
weak reference to the argument's Tensor, held by that Tensor itself, so small programs pay for
one comparison, and tapes of transforms, which end soon, for nothing.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine.node import Node
from autograd_core.operations.modes import BASE
from autograd_core.operations.primitive import Boxed, Primitive
from autograd_core.operations.saved_reads import Probe, hollow

LARGE = 1 << 18  # numbers; smaller arrays are not worth the microseconds


class Forgotten(Probe):
    """Stands for an output that was not kept: tells shape and dtype, and refuses the values.

    Attributes
    ----------
    was : weakref.ref
        The array that it stands for, as long as somebody else holds it.
    """

    __slots__ = ("_code", "_lasti", "_name", "was")
    _written = False  # as of any raw array

    def __init__(self, node: Node) -> None:
        array = node.output
        super().__init__(hollow(array.shape, array.dtype))
        self.was = weakref.ref(array)
        self._name, self._code, self._lasti = node.name, node.code, node.lasti

    def of_shape(self, shape: tuple[int, ...]) -> Forgotten:
        """Return what stands for a piece of the array."""
        made = object.__new__(Forgotten)
        Probe.__init__(made, hollow(shape, self.dtype))
        made.was = self.was
        made._name, made._code, made._lasti = self._name, self._code, self._lasti
        return made

    def _touch(self, *_: Any, **__: Any) -> NoReturn:
        raise errors.FreedGraphError(
            f"{self._name}: its result of shape {self.shape} was not kept, since no derivative "
            "rule reads it, and its inputs were freed or have changed. Keep the result in a "
            "variable, or read it earlier.",
            Location(self._code, self._lasti),
        )

    def __repr__(self) -> str:  # type: ignore[override]
        return f"<{self.shape} {self.dtype}, not kept>"

    __getattr__ = __array_ufunc__ = __array__ = __bool__ = __iter__ = __getitem__ = _touch


class _Farewell(weakref.ref[Any]):
    """Tells when the last Tensor of a value is gone; knows the uses that do not read the value.

    Attributes
    ----------
    node : Node
        The value's node.
    uses : list of tuple
        The inputs of the nodes that use the value without reading it.  They are no more than
        counted: one that is held by nobody else belongs to a node that is gone.
    """

    __slots__ = ("node", "uses")
    node: Node
    uses: list[tuple[Any, ...]]

    def __new__(cls, tensor: Any, told: Callable[[Any], None]) -> _Farewell:
        return super().__new__(cls, tensor, told)

    def __init__(self, tensor: Any, told: Callable[[Any], None]) -> None:
        super().__init__(tensor, told)  # type: ignore[call-arg]
        self.node = tensor._node
        self.uses = []


class _Known:
    """What this module knows of the process."""

    forgot = False  # whether anything was ever forgotten
    latest = 0  # the tick of the last operation on a large array
    holders = 0  # references to a node that no operation uses, when its Tensor dies
    alone = 0  # references to a use of which no node is left


def _holders(farewell: _Farewell) -> int:
    return sys.getrefcount(farewell.node)  # called where a local variable holds the node as well


def _held(uses: list[tuple[Any, ...]]) -> list[int]:
    return [sys.getrefcount(use) for use in uses]


def _living(uses: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    held = _held(uses)
    return [use for use, count in zip(uses, held, strict=True) if count > _Known.alone]


def _gone(farewell: _Farewell) -> None:
    """Drop the value of a Tensor that is gone, if nothing that uses it reads it."""
    node = farewell.node
    farewell.uses = _living(farewell.uses)  # before holders are counted: these hold the node too
    sparing = sum(i is node for use in farewell.uses for i in use)
    holders = _holders(farewell) - _Known.holders
    if holders == sparing and node.output.__class__ is np.ndarray:
        node.output = Forgotten(node)
        _Known.forgot = True


def spare(user: Node, args: Sequence[Any]) -> None:
    """Note which arguments the rules of an operation do not read.

    Parameters
    ----------
    user : Node
        The operation, just recorded.
    args : sequence
        Its arguments, some of them Tensors.
    """
    assert user.primitive is not None
    assert user.inputs is not None
    _Known.latest = user.tick
    tracked = tuple([isinstance(a, Boxed) and a._level == BASE for a in args])
    for k in user.primitive.spared(tracked):
        a = args[k]
        value, node = a._held, a._node
        if value.__class__ is not np.ndarray or value.size < LARGE or value.dtype.kind != "f":
            continue
        if node.primitive is None or node.output is not value or _reads_result(node.primitive):
            continue
        farewell = getattr(a, "_farewell", None)
        if farewell is None or farewell.node is not node:
            farewell = a._farewell = _Farewell(a, _gone)
        farewell.uses = _living(farewell.uses)
        if not any(use is user.inputs for use in farewell.uses):  # x + x
            farewell.uses.append(user.inputs)


def let_go(node: Node) -> Any:
    """Return the output for the node's own rules, which come last; not kept if they do not read it.

    For a sweep that frees the graph; all that used the value have had their turn.
    """
    assert node.primitive is not None
    if node.output.__class__ is Forgotten:
        return node.output
    if node.watch is None and not node.primitive.again and not _reads_result(node.primitive):
        node.output = Forgotten(node)
    return node.output


def _reads_result(primitive: Primitive) -> bool:
    return primitive.multiple or any(0 in read for read in primitive.vjp_reads())


def forgot() -> bool:
    """Tell whether the value of any node was ever dropped in this process."""
    return _Known.forgot


def latest_large() -> int:
    """Return the tick of the last operation on a large array: what came later is small."""
    return _Known.latest


class _Stand:
    """Stands for a Tensor while references are counted."""

    __slots__ = ("__weakref__", "_farewell", "_node")


def _count() -> None:
    def told(farewell: _Farewell) -> None:
        node = farewell.node  # noqa: F841 - one more reference, as in `_gone`
        _Known.holders = _holders(farewell)

    stand = _Stand()
    stand._node = Node()  # type: ignore[attr-defined]
    stand._farewell = _Farewell(stand, told)  # type: ignore[attr-defined]
    del stand
    _Known.alone = _held([(object(),)])[0]


_count()
__all__ = ["LARGE", "Forgotten", "forgot", "latest_large", "let_go", "spare"]
