"""Scopes: which part of a program was running when something was recorded.

A node's tick already says when it was recorded, so a scope need not be written
on nodes at all: it notes the ticks at which it was entered and left.  Recording
costs nothing more, inside a scope or outside.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Iterable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any

from autograd_core.engine.node import Node, next_tick

# Entries are small and hold their objects weakly; the latest ones are kept, so
# that a training loop of any length takes bounded memory.
KEPT = 65_536


class Entry:
    """One time that a scope was entered: its name or object, its ticks, what is around it."""

    __slots__ = ("_what", "end", "kind", "outer", "start", "thread")

    def __init__(self, what: Any, outer: Entry | None) -> None:
        try:
            self._what = what if isinstance(what, str) else weakref.ref(what)
        except TypeError:  # an object that cannot be held weakly
            self._what = type(what).__name__
        self.kind = "scope" if isinstance(what, str) else type(what).__name__
        self.outer = outer
        self.thread = threading.get_ident()
        self.start = next_tick()
        self.end: int | None = None  # still open

    @property
    def what(self) -> Any:
        """The name or the object that was given; None if the object is gone."""
        return self._what if isinstance(self._what, str) else self._what()

    def holds(self, tick: int) -> bool:
        """Whether something recorded at this tick was recorded inside."""
        return self.start < tick and (self.end is None or tick < self.end)


_entries: deque[Entry] = deque(maxlen=KEPT)
_inner: ContextVar[Entry | None] = ContextVar("autograd_core.scope", default=None)


class scope:  # noqa: N801 - a context manager, named like the field's others
    """Name what is recorded inside; graphs draw it as a box that can be closed.

    Parameters
    ----------
    what : str or object
        A name, or the object that is running.  An object with
        ``named_modules()`` gives its parts' names when a graph is drawn; it is
        held weakly, and its class is its name otherwise.

    Examples
    --------
    >>> from autograd_core import Tensor, draw, scope
    >>> x = Tensor(3.0, requires_grad=True)
    >>> with scope("square"):
    ...     y = x * x
    >>> [(card.name, card.expression) for card in draw(y + x, depth=0).cards]
    [('x', ''), ('y', 'square'), ('v3', 'y + x')]
    """

    __slots__ = ("_entry", "_token", "_what")

    def __init__(self, what: Any) -> None:
        self._what = what

    def __enter__(self) -> scope:
        outer = _inner.get()
        self._entry = entry = Entry(self._what, outer)
        try:
            _entries.append(entry)
            self._token: Token[Entry | None] = _inner.set(entry)
        except BaseException:  # an interrupt meanwhile: nobody will leave the block
            entry.end = entry.start
            _inner.set(outer)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        entry = self._entry
        try:
            entry.end = next_tick()
        finally:  # also where an interrupt came meanwhile: what stayed open would hold all to come
            if entry.end is None:
                entry.end = entry.start
            _inner.reset(self._token)


def chains(nodes: Iterable[Node]) -> dict[Node, tuple[Entry, ...]]:
    """Return for each recorded operation the scopes around it, outermost first.

    Ticks of several threads interleave, so of all threads that had scopes open
    at the time, the one counts whose scopes hold the most of these nodes: a
    graph is recorded by one thread.  If that leaves a doubt, none counts.
    """
    ordered = sorted((n for n in nodes if n.primitive is not None), key=lambda n: n.tick)
    if not ordered or not _entries:
        return {}
    first, last = ordered[0].tick, ordered[-1].tick
    by_thread: dict[int, list[Entry]] = {}
    for entry in tuple(_entries):
        if entry.start < last and (entry.end is None or entry.end > first):
            by_thread.setdefault(entry.thread, []).append(entry)
    found = sorted((_assign(ordered, entries) for entries in by_thread.values()), key=len)
    if not found or (len(found) > 1 and len(found[-1]) == len(found[-2])):
        return {}
    return found[-1]


def _assign(ordered: list[Node], entries: list[Entry]) -> dict[Node, tuple[Entry, ...]]:
    """Walk nodes and scopes in the order of their ticks, with a stack of the open scopes."""
    waiting = sorted(entries, key=lambda e: e.start)
    found: dict[Node, tuple[Entry, ...]] = {}
    stack: list[Entry] = []
    position = 0
    for node in ordered:
        while position < len(waiting) and waiting[position].start < node.tick:
            stack.append(waiting[position])
            position += 1
        stack = [entry for entry in stack if entry.holds(node.tick)]
        if stack:
            found[node] = tuple(stack)
    return found


def labels(chain_of: dict[Node, tuple[Entry, ...]]) -> dict[Entry, str]:
    """Return each scope's own name: as its parent knows it, or its class, or as it was given."""
    entries = sorted({e for chain in chain_of.values() for e in chain}, key=lambda e: e.start)
    paths: dict[Entry, dict[int, str]] = {}
    full: dict[Entry, str] = {}
    found: dict[Entry, str] = {}
    for entry in entries:
        what, outer = entry.what, entry.outer
        known = paths.get(outer, {}) if outer is not None else {}
        if what is None or isinstance(what, str):
            found[entry] = what or entry.kind
            paths[entry], full[entry] = known, full.get(outer, "") if outer else ""
            continue
        path = known.get(id(what))
        if path:
            above = full.get(outer, "") if outer is not None else ""
            found[entry] = path.removeprefix(above + ".") if above else path
            paths[entry], full[entry] = known, path
        else:
            found[entry] = type(what).__name__
            named = getattr(what, "named_modules", None)
            paths[entry] = {id(m): name for name, m in named()} if callable(named) else {}
            full[entry] = ""
    return found
