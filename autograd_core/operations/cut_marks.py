"""Where a chain of derivatives was cut: the record that explains a gradient of None.

A constant Tensor that was made from a tracked value remembers where and by what;
when it enters a recorded operation, its array is noted here.  Nothing large is
kept alive: arrays and Tensors are held weakly, and the operators' fast ways,
which meet tracked values only, do not come by.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict, deque
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base.source import Location, user_frame

MOST = 8  # cuts that one value remembers
SCALARS = 1024  # numbers cannot be held weakly: the latest ones are held


_ref = weakref.ref


class Cut(NamedTuple):
    """One place where a tracked value became a constant.

    Attributes
    ----------
    reason : str
        "detach", "no_grad", "no derivative", "data" or "item".
    operation : str
        The operation's name.
    where : Location
        The user's line.
    source : weakref.ref or None
        The tracked Tensor, as long as it lives.
    leaves : tuple of weakref.ref
        Leaves that it is known to have been computed from.
    """

    reason: str
    operation: str
    where: Location
    source: weakref.ref[Any] | None
    leaves: tuple[weakref.ref[Any], ...] = ()


# What a constant carries until someone asks: reason, operation, code, instruction, source,
# leaves.  A plain tuple, since operations under no_grad make one each.
Mark = tuple[str, str, Any, int, Any, tuple[Any, ...]]


class _Table:
    """From the identity of an array, or of a number, to the cuts that it comes from."""

    def __init__(self) -> None:
        self._arrays: dict[int, tuple[tuple[Cut, ...], Any]] = {}
        self._scalars: OrderedDict[int, tuple[tuple[Cut, ...], Any]] = OrderedDict()

    def note(self, value: Any, marks: tuple[Mark, ...]) -> None:
        """Remember what an array, or a number, that an operation records comes from."""
        key, cuts = id(value), as_cuts(marks)
        if isinstance(value, np.ndarray):
            table = self._arrays

            def forget(_: Any) -> None:
                table.pop(key, None)

            table[key] = (cuts, weakref.ref(value, forget))
        else:
            self._scalars[key] = (cuts, value)
            if len(self._scalars) > SCALARS:
                self._scalars.popitem(last=False)

    def find(self, value: Any) -> tuple[Cut, ...]:
        """Return the cuts of a constant that an operation recorded."""
        entry = self._arrays.get(id(value)) or self._scalars.get(id(value))
        return entry[0] if entry is not None else ()


CUTS = _Table()
# The latest tracked values that became numbers of Python's.  What is computed from such a number
# (math.sin(w), array[0] = w * w) is another number, which nothing leads back from.
NUMBERS: deque[Mark] = deque(maxlen=256)


def as_cuts(marks: tuple[Mark, ...]) -> tuple[Cut, ...]:
    """Return the marks that a constant carries as records."""
    return tuple(Cut(m[0], m[1], Location(m[2], m[3]), m[4], m[5]) for m in marks)


def mark_of(reason: str, operation: str, source: Any, leaves: tuple[Any, ...] = ()) -> Mark:
    """Return the mark of a cut that happens now."""
    frame = user_frame(3)
    return reason, operation, frame.f_code, frame.f_lasti, _ref(source), leaves


def mark(made: Any, reason: str, operation: str, sources: Any) -> Any:
    """Let a constant that was just made remember that it was cut off, here or earlier."""
    marks: tuple[Mark, ...] = ()
    tracked = None
    for source in sources:
        level = getattr(source, "_level", None)
        if level is None:  # a plain array
            continue
        if level:
            tracked = source
        else:
            carried = getattr(source, "_cuts", ())
            if carried and carried is not marks:
                marks = carried if not marks else (*marks, *carried)[:MOST]
    if tracked is not None and len(marks) < MOST:
        marks = (*marks, mark_of(reason, operation, tracked))
    if marks:
        for part in made if isinstance(made, (tuple, list)) else (made,):
            if getattr(part, "_level", 1) == 0:
                part._cuts = marks
    return made


def leaves_of(node: Any, budget: int = 256) -> tuple[Any, ...]:
    """Return the owners of the leaves behind a node, if its graph is small."""
    stack, seen, owners = [node], {node}, []
    while stack:
        current = stack.pop()
        if current.primitive is None:
            if current.owner is not None:
                owners.append(current.owner)
            continue
        for parent in current.inputs or ():
            if parent.__class__ is node.__class__ and parent not in seen:
                if len(seen) >= budget:
                    return ()
                seen.add(parent)
                stack.append(parent)
    return tuple(owners)
