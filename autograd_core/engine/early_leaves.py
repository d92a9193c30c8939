"""Leaves whose gradients are wanted early: ``.grad`` is written in mid-sweep, and hooks run.

A leaf's tick is lower than that of every operation, so in the usual order all leaves come last.
But a leaf's gradient is complete once the first operation that used it has been visited.  Whoever
sends gradients to other processes, or updates weights one by one, need not wait longer than that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from autograd_core.engine.node import Node, Watch
from autograd_core.engine.outer_products import Visiting, added
from autograd_core.engine.reach import collect
from autograd_core.engine.sweep_steps import Sweep

# The leaves with such hooks, by registration: while there are none, no sweep looks for them.
HOOKED: WeakValueDictionary[int, Any] = WeakValueDictionary()

Accumulate = Callable[[dict[Node, Any]], None]


def accumulate_hooks(node: Node) -> dict[int, Callable[[Any], None]]:
    """Return what is to be called when a sweep has written the gradient of a leaf."""
    watch = node.watch
    return watch.accumulated or {} if watch is not None else {}


def hooked_watch(watch: Watch) -> dict[int, Callable[[Any], None]]:
    """Return a leaf's table of such hooks, made if there is none."""
    if watch.accumulated is None:
        watch.accumulated = {}
    return watch.accumulated


class EarlySweep(Sweep):
    """A sweep that hands over the gradients of leaves with hooks as soon as they are complete.

    Parameters
    ----------
    output : Node
        Where to start.
    accumulate : callable
        Gets ``{leaf: gradient}``; what it leaves is not returned by the sweep.
    """

    __slots__ = ("accumulate", "done", "due")

    def __init__(
        self,
        output: Node,
        seed: Any,
        retain: bool,
        wrap: Callable[[Node], Any] | None,
        visiting: Visiting | None,
        accumulate: Accumulate,
    ) -> None:
        super().__init__([output], [seed], None, retain, False, wrap, 0, None, visiting)
        self.accumulate = accumulate
        self.done: set[Node] = set()
        self.due = first_uses(output)

    def next_node(self) -> tuple[Node, Any]:
        """Return whose turn it is, which no leaf has that had it early."""
        while True:
            node, g = super().next_node()
            if node not in self.done:
                return node, g
            if g is not None:  # all messages come from the inputs of operations: see `first_uses`
                raise AssertionError(f"{node.name}: a gradient came after it was complete")

    def visit(self, node: Node, g: Any) -> None:
        """Do a node's step, and then all leaves that no node before it uses."""
        super().visit(node, g)
        del g  # nor may this keep a large array
        due = self.due
        while due and due[-1][0] >= node.tick:
            self.complete(due.pop()[1])

    def complete(self, leaf: Node) -> None:
        """Give a leaf its turn now."""
        self.done.add(leaf)
        g = self.gradients.pop(leaf, None)
        if leaf in self.waiting:
            g = added(g, self.waiting.pop(leaf), self.visiting)
        if g is None:
            return
        super().visit(leaf, g)
        del g
        if leaf in self.gradients:
            found = {leaf: self.gradients.pop(leaf)}  # only this holds it: see `unshared`
            self.running_hooks = True
            self.accumulate(found)
            self.running_hooks = False


def first_uses(output: Node) -> list[tuple[int, Node]]:
    """Return the hooked leaves that an output reaches, each with the tick of its first use.

    The latest stands last.
    """
    found: dict[Node, int] = {}
    for node in collect([output], freed=[]):  # latest first: what comes later is used earlier
        for parent in node.inputs or ():
            if parent.__class__ is Node and not parent.inputs and accumulate_hooks(parent):
                found[parent] = node.tick
    return sorted(((tick, leaf) for leaf, tick in found.items()), key=lambda use: use[0])
