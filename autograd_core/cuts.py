"""Where a chain of derivatives was cut: the record that explains a gradient of None.

A constant Tensor that was made from a tracked value remembers where and by what;
when it enters a recorded operation, its array is noted here.  Nothing large is
kept alive: arrays and Tensors are held weakly, and the operators' fast ways,
which meet tracked values only, do not come by.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np

from autograd_core.source import Location, user_frame

MOST = 8  # cuts that one value remembers
SCALARS = 1024  # numbers cannot be held weakly: the latest ones are held


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


class _Table:
    """From the identity of an array, or of a number, to the cuts that it comes from."""

    def __init__(self) -> None:
        self._arrays: dict[int, tuple[tuple[Cut, ...], Any]] = {}
        self._scalars: OrderedDict[int, tuple[tuple[Cut, ...], Any]] = OrderedDict()

    def note(self, value: Any, cuts: tuple[Cut, ...]) -> None:
        key = id(value)
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


def cut_of(reason: str, operation: str, source: Any, leaves: tuple[Any, ...] = ()) -> Cut:
    """Return the record of a cut that happens now."""
    frame = user_frame(2)
    return Cut(reason, operation, Location(frame.f_code, frame.f_lasti), weakref.ref(source), leaves)


def joined(values: Any) -> tuple[Cut, ...]:
    """Return the cuts that some values carry, each once."""
    found: tuple[Cut, ...] = ()
    for value in values:
        cuts = getattr(value, "_cuts", ())
        if cuts and cuts is not found:
            found = cuts if not found else (*found, *(c for c in cuts if c not in found))[:MOST]
    return found


def mark(made: Any, reason: str, operation: str, sources: Any) -> Any:
    """Let a constant that was just made remember that it was cut off, here or earlier."""
    cuts = joined(sources)
    for source in sources:
        if getattr(source, "_level", 0) and len(cuts) < MOST:
            cuts = (*cuts, cut_of(reason, operation, source))
            break
    if cuts:
        for part in made if isinstance(made, (tuple, list)) else (made,):
            if hasattr(part, "_level") and not part._level:
                part._cuts = cuts
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
