"""What leads to what, among all that a function reads."""

from __future__ import annotations

from collections.abc import Hashable, Iterable


class Links:
    """Links from what holds things to what it holds.

    A link is live if a copy of the holder, made for one run, can lead to something else.  The
    function itself is 0, objects go by their identities, code by itself.

    Attributes
    ----------
    arrays : set
        The arrays of numbers.
    asks : set
        Code that calls `isinstance` or `type`.
    classes : set
        The classes of objects, and their bases.
    types : bool
        Whether code calls `type`: it is given an object's own class, not the copy.
    """

    def __init__(self) -> None:
        self.arrays: set[Hashable] = set()
        self.asks: set[Hashable] = set()
        self.classes: set[Hashable] = set()
        self.types = False
        self._live: dict[Hashable, set[Hashable]] = {}
        self._fixed: dict[Hashable, set[Hashable]] = {}

    def add(self, holder: Hashable, held: Hashable, live: bool) -> None:
        """Note that one leads to another."""
        links = self._live if live else self._fixed
        links.setdefault(holder, set()).add(held)

    def movable(self) -> set[Hashable]:
        """Return the arrays that something else can stand for, wherever copies lead to them."""
        return self.arrays & _reach([0], self._live)

    def unmovable(self) -> set[Hashable]:
        """Return everything that is also met in a way that no copy can change."""
        starts = [held for links in self._fixed.values() for held in links]
        if self.types:
            starts += self.classes
        return _reach(starts, self._live, self._fixed)

    def needed(self, arrays: Iterable[Hashable]) -> set[Hashable]:
        """Return what must be copied: all that leads to the arrays, or to code that asks."""
        back: dict[Hashable, set[Hashable]] = {}
        reached = _reach([0], self._live)
        for holder, links in self._live.items():
            if holder in reached:
                for held in links:
                    back.setdefault(held, set()).add(holder)
        return _reach([*arrays, *(self.asks & reached)], back)


def _reach(starts: Iterable[Hashable], *links: dict[Hashable, set[Hashable]]) -> set[Hashable]:
    """Return all that links lead to, with where they start."""
    found = set(starts)
    stack = list(found)
    while stack:
        at = stack.pop()
        for some in links:
            new = some.get(at, set()) - found
            found |= new
            stack += new
    return found
