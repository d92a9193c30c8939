"""What a page can open and close: views of one graph, with other scopes closed in each.

A page works offline, so it holds these views from the start: the first one, one for each scope
that can be opened or closed there, and those inside of what was opened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.viewer.building import Builder
from autograd_core.viewer.naming import Names
from autograd_core.viewer.scope_tree import Box, rest_of_loop
from autograd_core.viewer.view import View

MOST = 10  # views beside the first
WORK = 3_000  # recorded operations and leaves of all these together: each view is a sweep
CARDS = 150  # of all these views together
LARGEST = 60  # cards of one of them
FEW = 16  # repetitions that an opened loop shows one by one

State = frozenset[Box]


@dataclass
class Variant:
    """A view, and where its scopes lead.

    Attributes
    ----------
    view : View
        What is shown.
    leads : dict
        From the key of a closed card, or of an open frame, to the number of the variant in which
        that scope is open, or closed.
    scopes : dict
        From such a key to the number of the scope: the same in every variant.
    """

    view: View
    state: State = frozenset()
    leads: dict[str, int] = field(default_factory=dict)
    scopes: dict[str, int] = field(default_factory=dict)


class _Scopes:
    """The scopes of a tree, those that stand in for the rounds of a loop, and who is in whom."""

    def __init__(self, root: Box, closed: set[Box]) -> None:
        self.root = root
        self.inside: dict[Box, list[Box | Node]] = {}
        self.above: dict[Box, tuple[Box, ...]] = {}
        self.closed_at_first: set[Box] = set()
        waiting: deque[tuple[Box, tuple[Box, ...]]] = deque((b, ()) for b in _boxes(root.children))
        while waiting:
            box, above = waiting.popleft()
            self.above[box] = above
            if box in closed or any(b in closed for b in above):
                self.closed_at_first.add(box)
                if box.times > 1 and len(box.children) > FEW:
                    self.inside[box] = rest_of_loop(box)
            children = self.inside.get(box, box.children)
            waiting += ((b, (*above, box)) for b in _boxes(children))

    def closed(self, state: State) -> set[Box]:
        """Return what is closed when some scopes are not as they were at first."""
        return {b for b in self.above if (b in self.closed_at_first) != (b in state)}

    def toggled(self, state: State, box: Box) -> State:
        """Return the state with a scope opened or closed; what was changed inside of it is left."""
        inside = {b for b in state if box in self.above[b]}
        return (state ^ {box}) - inside

    def alone(self, state: State, box: Box) -> State:
        """Return the same, with everything else as it was at first but for what is around."""
        kept = {b for b in state if b in self.above[box]}
        return self.toggled(frozenset(kept), box)


def _boxes(children: list[Box | Node]) -> Iterator[Box]:
    return (c for c in children if isinstance(c, Box))


def variants(
    graph: Graph, names: Names, root: Box, closed: set[Box], first: View
) -> tuple[list[Variant], bool]:
    """Return the views of a page, the first one first, and whether some had no room.

    Parameters
    ----------
    graph : Graph
        What was recorded.
    names : Names
        Of everything in it.
    root : Box
        The tree of scopes.
    closed : set of Box
        What is closed in the first view.
    first : View
        That view.
    """
    scopes = _Scopes(root, closed)
    made = [Variant(first)]
    left, whole, most = CARDS, True, min(MOST, WORK // len(graph))
    waiting = deque((scopes.toggled(frozenset(), b), b) for b in _order(first))
    while waiting:
        state, box = waiting.popleft()
        if len(made) > most or left <= 0:
            whole = False
            break
        view = Builder(graph, names, root, scopes.closed(state), scopes.inside).view(first.message)
        if len(view.cards) > min(left, LARGEST):
            whole = False
            continue
        left -= len(view.cards)
        made.append(Variant(view, state))
        waiting += (  # what is inside of what was opened
            (scopes.toggled(state, b), b) for b in _order(view) if box in scopes.above[b]
        )
    number = {one.state: k for k, one in enumerate(made)}
    count = {box: k for k, box in enumerate(scopes.above)}
    for one in made:
        for key, box in one.view.boxes.items():
            one.scopes[key] = count[box]
            exact, alone = scopes.toggled(one.state, box), scopes.alone(one.state, box)
            target = number.get(exact, number.get(alone))
            if target is not None:
                one.leads[key] = target
    return made, whole


def _order(view: View) -> list[Box]:
    """Return the scopes of a view: closed ones first, as they are shown, then open ones."""
    shown = [view.boxes[c.key] for c in view.cards if c.key in view.boxes]
    return [*shown, *(view.boxes[f.key] for f in view.frames if f.key in view.boxes)]
