"""Node: one recorded operation, and how it is recorded.

Recording order is already a topological order: an operation's inputs exist
before its output does.  So each Node takes the next tick of one global counter,
and the backward sweep needs nothing but the ticks to visit them in order.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, MutableMapping
from itertools import count
from types import FrameType
from typing import Any

from autograd_core.base.source import Location, classify, is_library
from autograd_core.operations.primitive import Primitive
from autograd_core.operations.saved_reads import NOTHING

_getframe = sys._getframe
_known = is_library.get
ticks = count(1)
next_tick: Callable[[], int] = ticks.__next__  # `next(ticks)` is a quarter faster


class Watch:
    """Who wants to know a node's gradient.

    Attributes
    ----------
    owner : weakref.ref or None
        The Tensor whose ``.grad`` a backward sweep writes.  Weak, so that a
        Tensor, its gradient and the graph of that gradient are no cycle.
    hooks : dict or None
        Functions to call with the gradient, by registration.
    accumulated : dict or None
        Functions to call with the Tensor once its ``.grad`` is written; see `early_leaves`.
    """

    __slots__ = ("accumulated", "hooks", "owner")

    def __init__(self, owner: weakref.ref[Any] | None = None) -> None:
        self.owner = owner
        self.hooks: dict[int, Callable[[Any], Any]] | None = None
        self.accumulated: dict[int, Callable[[Any], None]] | None = None


class HookHandle:
    """Takes a registered hook off again."""

    __slots__ = ("_key", "_tables")

    def __init__(self, key: int, *tables: MutableMapping[int, Any]) -> None:
        self._key = key
        self._tables = tables

    def remove(self) -> None:
        """Remove the hook; doing so twice is harmless."""
        for table in self._tables:
            table.pop(self._key, None)


class Node:
    """One recorded operation, or a leaf.

    Attributes
    ----------
    primitive : Primitive or None
        The operation; None for a leaf.
    inputs : tuple or None
        For each argument the Node it came from, or the raw constant.  None
        after a sweep has passed and freed it.
    params : dict
        The settings of the operation.
    output : array
        The raw value.
    tick : int
        Position in recording order.
    level : int
        The trace it belongs to.
    code, lasti
        Where the user's line stands, see `Location`.
    watch : Watch or None
        Who wants to know this node's gradient.
    """

    __slots__ = (
        "code",
        "inputs",
        "lasti",
        "level",
        "output",
        "params",
        "primitive",
        "tick",
        "watch",
    )
    primitive: Primitive | None
    inputs: tuple[Any, ...] | None
    params: dict[str, Any]
    output: Any
    tick: int
    level: int
    code: Any
    lasti: int
    watch: Watch | None

    @property
    def owner(self) -> weakref.ref[Any] | None:
        """The Tensor whose ``.grad`` a backward sweep writes, weakly; or None."""
        return self.watch.owner if self.watch is not None else None

    @property
    def name(self) -> str:
        """The operation's name, or "leaf"."""
        return self.primitive.name if self.primitive is not None else "leaf"

    @property
    def location(self) -> Location:
        """The user's line that recorded this node."""
        return Location(self.code, self.lasti)

    def __repr__(self) -> str:
        return f"<{self.name} #{self.tick} at {self.location}>"


NO_PARAMS: dict[str, Any] = {}


def _part(whole: Any, index: int) -> Any:
    return whole[index]


# One part of an operation that returns a tuple.  Its gradient goes into the
# part's place of the tuple's gradient; the sweep knows it by identity.
PART = Primitive(
    _part,
    name="part",
    arity=1,
    settings=frozenset({"index"}),
    positional=(),
    sources=lambda: (NOTHING,),
)


def users_frame(frame: FrameType) -> FrameType:
    """Return the nearest frame that is not library code, starting with this one."""
    code = frame.f_code
    while (known := _known(code.co_filename)) is not False:
        if known is None:
            classify(code.co_filename)
        elif frame.f_back is None:
            break
        else:
            frame = frame.f_back
            code = frame.f_code
    return frame


def record(
    primitive: Primitive | None,
    inputs: tuple[Any, ...],
    params: dict[str, Any],
    output: Any,
    level: int,
) -> Node:
    """Make the Node of an operation that was just computed."""
    node = Node()
    node.primitive = primitive
    node.inputs = inputs
    node.params = params or NO_PARAMS
    node.output = output
    node.tick = next_tick()
    node.level = level
    frame = users_frame(_getframe(1))
    code = frame.f_code
    node.code = code
    node.lasti = frame.f_lasti
    node.watch = None
    return node
