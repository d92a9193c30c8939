"""The sweep, step by step: what an operation sends back, and how it is added.

This is the definition.  `fast.loop` does the same for the usual case, spelt out in one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.engine.forgetting import LARGE, Forgotten, let_go
from autograd_core.engine.messages import fit, freed, pull_all, run_hooks, whole, wrapped_output
from autograd_core.engine.node import NO_PARAMS, PART, Node
from autograd_core.engine.outer_products import Messages, Pending, Visiting, add_all, added, put_off
from autograd_core.engine.overwrites import OVERWRITES, check_saved
from autograd_core.engine.reach import collect, reaching
from autograd_core.operations.anomaly import check_backward
from autograd_core.operations.modes import current
from autograd_core.operations.pieces import derivative

_ndarray = np.ndarray
_float64 = np.float64

Observer = Callable[[Node, Any, int, Any], None]

END = Node()  # stands in the heap behind all others: there the sweep is over
END.tick, END.primitive, END.inputs, END.output, END.watch = -1, None, (), None, None


def _references() -> int:
    """Return what `getrefcount` says of an array that only a local variable holds."""
    c = np.empty(1)
    return getrefcount(c)


ALONE = _references()


def is_large(value: Any) -> bool:
    """Tell whether a value is a large array, kept or not."""
    return value.__class__ is Forgotten or (value.__class__ is _ndarray and value.size >= LARGE)


def fits(c: Any, x: Any) -> bool:
    """Tell whether a message is like what it is the gradient of, as it nearly always is."""
    kind = c.__class__
    return kind is x.__class__ and (kind is _float64 or (c.shape == x.shape and c.dtype is x.dtype))


def in_one_call(
    primitive: Any, index: int, g: Any, y: Any, args: Sequence[Any], params: dict[str, Any]
) -> Any:
    """Return what the rule of an argument makes of a gradient."""
    return primitive.vjps[index](g, y, *args, **params)


def gets_message(parent: Any, needed: Collection[Node] | None) -> bool:
    """Tell whether an input is sent a message: it is no constant, and leads to a wanted node."""
    return parent.__class__ is Node and (needed is None or parent in needed)


class Sweep:
    """One sweep: what was sent to whom, and who is next.

    The parameters are those of `sweeping.sweep`, and `visiting(node, g)`, called with each node
    whose turn it is and with what was sent to it, before its rules run.

    Attributes
    ----------
    gradients : dict
        From node to gradient: of those that were sent something and, in the end, of the wanted.
    pending : list
        A heap of those that are still to be visited, the latest first.
    waiting : dict
        Outer products that are still to be added, by node.
    tuples : set or None
        Nodes whose gradient is a list of parts; None until there is one.
    owned : set
        Nodes whose gradients the sweep itself has allocated.
    needed, through : set or None
        Nodes that get a gradient, and those of them whose rules run; None: all do.
    floor : int
        Nodes before this tick need more care: their values may be overwritten, or the sweep
        ends there, or goes through a wanted node.
    usual : bool
        Whether nobody looks at the messages, and the rules run on arrays.
    """

    __slots__ = (
        "anomaly", "floor", "gradients", "needed", "observe", "oldest", "owned", "pending",
        "retain", "running_hooks", "through", "tuples", "usual", "visiting", "waiting", "wanted",
        "wrap",
    )  # fmt: skip

    def __init__(
        self,
        outputs: Sequence[Node],
        seeds: Sequence[Any],
        wanted: Collection[Node] | None,
        retain: bool,
        all_lead: bool,
        wrap: Callable[[Node], Any] | None,
        oldest: int,
        observe: Observer | None,
        visiting: Visiting | None,
    ) -> None:
        if len(outputs) == 1:  # nearly always, and each sweep pays for what stands here
            output = outputs[0]
            self.gradients: dict[Node, Any] = {output: seeds[0]}
            self.pending: Pending = [(-output.tick, output), (1, END)]
        else:
            self.gradients, self.pending = {}, [(1, END)]
        self.waiting: dict[Node, Messages] = {}
        self.tuples: set[Node] | None = None
        self.owned: set[Node] = set()
        self.wanted, self.retain, self.wrap, self.oldest = wanted, retain, wrap, oldest
        self.observe, self.visiting = observe, visiting
        self.anomaly = anomaly = current().anomaly
        self.usual = usual = not anomaly and observe is None and wrap is None
        self.floor = OVERWRITES.latest
        self.running_hooks = False
        self.needed: set[Node] | None = None
        self.through: set[Node] | None = None
        if len(outputs) != 1:
            for output, seed in zip(outputs, seeds, strict=True):
                self.send(output, seed)
        if wanted is not None:
            self.find_limits(outputs, wanted, all_lead)
        if not usual:
            collect(outputs)  # these look at all values

    def find_limits(
        self, outputs: Sequence[Node], wanted: Collection[Node], all_lead: bool
    ) -> None:
        """Find out which nodes lead to a wanted one, and up to which tick to be careful."""
        floor = max(self.floor, self.oldest)
        for node in wanted:
            if node.inputs and node.tick >= floor:
                floor = node.tick + 1
        if not all_lead:
            gone: list[Node] = []
            order = collect(outputs, self.oldest, gone)
            for node in gone:
                if node not in wanted or node.output is None:
                    raise freed(node)
            self.needed, self.through = reaching(order, wanted)
            for output in outputs:
                if output not in self.through:  # the fast loop does not ask
                    floor = max(floor, output.tick + 1)
        self.floor = floor

    def run(self) -> None:
        """Visit node after node until nothing is pending."""
        node = END
        try:
            while True:
                node, g = self.next_node()
                if node is END:
                    return
                self.visit(node, g)
        except Exception as error:
            self.explain(node, error)
            raise

    def next_node(self) -> tuple[Node, Any]:
        """Return the latest of the nodes that were sent something, and its gradient."""
        node = heappop(self.pending)[1]
        if self.pending and self.pending[0][1] is node:  # what waits, and what was sent directly
            heappop(self.pending)
        g = self.gradients.pop(node, None)
        if self.waiting and node in self.waiting:
            g = added(g, self.waiting.pop(node), self.visiting)
        return node, g

    def visit(self, node: Node, g: Any) -> None:
        """Keep a node's gradient if somebody wants it, and send its inputs what they get of it."""
        if self.visiting is not None:
            self.visiting(node, g)
        if self.tuples and node in self.tuples:
            g = whole(node, g)
        watch, wanted = node.watch, self.wanted
        if watch is not None and watch.hooks:
            g = self.hooked(node, g)
        if (watch is not None and watch.owner is not None) if wanted is None else node in wanted:
            self.gradients[node] = g
        if not node.inputs:
            if node.inputs is None and self.needed is None:
                raise freed(node)
            return
        if node.tick < self.oldest:
            self.gradients[node] = g
            return
        if self.through is not None and node not in self.through:
            return
        if node.primitive is PART:
            self.send_part(node, g)
            return
        for parent, message in self.messages(node, g):
            self.send(parent, message)
        if not self.retain:
            node.inputs = None
            node.params = NO_PARAMS  # a fused kernel keeps its saved arrays there
            if watch is None:
                node.output = None

    def hooked(self, node: Node, g: Any) -> Any:
        """Return what a node's hooks make of its gradient."""
        add_all(self.waiting, self.gradients, self.visiting)  # a hook may write into what waits
        self.running_hooks = True
        if self.visiting is not None:
            self.visiting(node, g)
        g = run_hooks(node, g)
        self.running_hooks = False
        if self.visiting is not None:
            self.visiting(node, g)
        return g

    def messages(self, node: Node, g: Any) -> list[tuple[Node, Any]]:
        """Return what an operation sends back: to whom, and what; the last input's comes first."""
        inputs, primitive, wrap, needed = node.inputs, node.primitive, self.wrap, self.needed
        assert inputs is not None
        assert primitive is not None
        args = [i.output if i.__class__ is Node else i for i in inputs]
        y = node.output
        large = self.usual and is_large(y)
        if large and not self.retain:
            y = let_go(node)
        if node.tick < self.floor:
            check_saved(node, args, g, needed, wrap is not None)
            y = node.output
        if wrap is not None:
            args, y = self.wrapped(node, wrap)
        if primitive.outer_product and self.usual:
            others = self.put_off(node, g, *args)
            if others is not None:
                return others
        pulled = pull_all(node, g, y, args) if primitive.vjps is None else None
        run = derivative if large and primitive.pieces is not None else in_one_call
        adds = primitive.adds is not None and self.usual
        index = len(inputs)
        sent = []
        for parent in reversed(inputs):
            index -= 1
            if not gets_message(parent, needed):
                continue  # a constant, or nothing wanted comes from there
            if pulled is not None:
                c = pulled[index]
                if c is None:
                    continue
            elif adds and self.added_in_place(node, parent, g):
                continue
            else:
                c = run(primitive, index, g, y, args, node.params)
            if not fits(c, parent.output):
                c = fit(c, parent.output, node, index)
            if not self.usual:
                self.show(node, g, index, c)
            elif (large or adds) and getrefcount(c) <= ALONE:
                self.take_over(parent, c)
            sent.append((parent, c))
        return sent

    def take_over(self, parent: Node, c: Any) -> None:
        """Note that nobody else holds a message: what is sent later is added into its memory."""
        if is_large(c) and c.base is None and parent not in self.gradients:
            self.owned.add(parent)

    def added_in_place(self, node: Node, parent: Node, g: Any) -> bool:
        """Add an operation's message into what its input was sent before, if that is plain."""
        old, primitive = self.gradients.get(parent), node.primitive
        if parent not in self.owned or not old.__class__ is g.__class__ is _ndarray:
            return False
        if old.dtype is not g.dtype or old.dtype.char == "e":  # halves are summed in singles
            return False
        primitive.adds(old, g, **node.params)  # type: ignore[misc,union-attr]
        return True

    def put_off(self, node: Node, g: Any, a: Any, b: Any) -> list[tuple[Node, Any]] | None:
        """Keep an outer product for later, if it is one, and return what else is to be sent."""
        first, second = node.inputs  # type: ignore[misc]
        if not gets_message(first, self.needed):
            return None
        c = put_off(node, g, a, b, first, self.waiting, self.gradients, self.pending, self.visiting)
        if c is None:
            return None
        return [(second, c)] if gets_message(second, self.needed) else []

    def wrapped(self, node: Node, wrap: Callable[[Node], Any]) -> tuple[list[Any], Any]:
        """Return a node's arguments and its output as Tensors, so that its rules are recorded."""
        args = [wrap(i) if i.__class__ is Node else i for i in node.inputs or ()]
        return args, wrapped_output(node, wrap)

    def show(self, node: Node, g: Any, index: int, c: Any) -> None:
        """Show a message to whoever looks at messages."""
        if self.anomaly:
            check_backward(node, g, c)
        if self.observe is not None:
            self.observe(node, g, index, c)

    def send(self, parent: Node, c: Any) -> None:
        """Add a message to what a node was sent before."""
        old = self.gradients.get(parent)
        if old is None:
            self.gradients[parent] = c
            heappush(self.pending, (-parent.tick, parent))
        elif c.__class__ is _ndarray and parent in self.owned:
            old += c
        else:
            self.gradients[parent] = c = old + c
            if c.__class__ is _ndarray:
                self.owned.add(parent)

    def send_part(self, node: Node, g: Any) -> None:
        """Put the gradient of one part into its place of the tuple's gradient."""
        assert node.inputs is not None
        owner = node.inputs[0]
        parts = self.gradients.get(owner)
        if parts is None:
            parts = self.gradients[owner] = [None] * len(owner.output)
            heappush(self.pending, (-owner.tick, owner))
        index = node.params["index"]
        old = parts[index]  # a recorded sweep makes a second node for a part
        parts[index] = g if old is None else old + g
        if self.tuples is None:
            self.tuples = set()
        self.tuples.add(owner)

    def explain(self, node: Node, error: Exception) -> None:
        """Raise what a rule's error means; return if the user shall see it as it is."""
        if self.running_hooks:
            return
        if self.needed is None:  # what was swept before has no value left: the rule got None
            for i in node.inputs or ():
                if i.__class__ is Node and i.inputs is None:
                    raise freed(i) from None
        if isinstance(error, (errors.AutogradError, FloatingPointError)):
            return
        raise errors.RuleError(
            f"{node.name}: its derivative rule raised {type(error).__name__}: {error}",
            node.location,
        ) from error
