"""One sweep over a graph, with everything that it said on the way: what all pictures show.

The numbers are the engine's own: gradients and messages come from the sweep's
observer, local derivatives from the operations' forward rules.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base.errors import AutogradError
from autograd_core.base.renamed import renamed_names
from autograd_core.costs.counting import Counter, count_forward, count_reverse
from autograd_core.engine.graph import Edge, Graph
from autograd_core.engine.messages import conjugated
from autograd_core.engine.node import PART, Node
from autograd_core.engine.pushing import push
from autograd_core.operations.kinds import host
from autograd_core.operations.primitive import bare
from autograd_core.viewer.elements import ElementSum, sum_of
from autograd_core.viewer.formulas import Call, Formula, agrees
from autograd_core.viewer.naming import Names, expression, operands
from autograd_core.viewer.numbers import FreedValue, Summary, number_text, summarize
from autograd_core.viewer.seeds import Seed
from autograd_core.viewer.view import Use, View, Wire

ROOM = 1 << 22  # numbers of gradients that are kept for formulas and elements


class RecordedSweep:
    """Values, gradients and messages of what a view shows; fills in the view's cards.

    Parameters
    ----------
    graph : Graph
        What was recorded.
    view : View
        What of it is shown.
    seed : array_like, optional
        dF/dF; 1 for a scalar.
    swept : bool
        Whether to sweep; without it there are values only.

    Attributes
    ----------
    gradients : dict
        From node to Summary.
    messages : dict
        From a wire's key to the Summary of what the sweep sent along it.
    arrivals : list of str
        The wires' keys in the order in which their messages were complete.
    note : str
        Why there are no gradients, if there are none.
    """

    def __init__(self, graph: Graph, view: View, seed: Any = None, swept: bool = True) -> None:
        self.graph = graph
        self.view = view
        self.counts: dict[Node | None, dict[Node, float]] = {}  # FLOPs, by where a sweep starts
        self.gradients: dict[Node, Summary] = {}
        self.messages: dict[str, Summary] = {}
        self.arrivals: list[str] = []
        self.note = ""
        self.bad: tuple[Node, int] | None = None  # where the first NaN or Inf is sent back
        self.doubts: dict[str, str] = {}  # of operations whose rules disagree, what to say
        self.reached: set[Node] = set()  # what has a gradient
        self._edges: dict[Node, list[Edge]] = {}
        for edge in graph.edges:  # now: a sweep of the user's may free them later
            self._edges.setdefault(edge.source, []).append(edge)
        self._locals: dict[str, float | None] = {}
        self._arrays: dict[Use, tuple[Any, Any]] = {}
        self._room = ROOM
        self._formulas: dict[str, Formula | None] = {}
        self._known = False  # whether the sweep was run
        if swept:
            self._sweep(seed)
        for card in view.cards:
            if card.node is None:
                continue
            card.value = summarize(card.node.output)
            card.gradient = self.gradients.get(card.node, card.gradient)
            owner = card.node.owner() if card.node.owner is not None else None
            if card.node not in self.gradients and owner is not None and owner.grad is not None:
                card.gradient = summarize(owner.grad)
                card.earlier = True

    def _sweep(self, seed: Any) -> None:
        graph = self.graph
        gone = [c.name for c in self.view.cards if c.node and isinstance(c.node.output, FreedValue)]
        if graph.standing:
            self.note = (
                "backward() has freed what it used"
                + (f": the values of {_listed(gone)} are gone. " if gone else ". ")
                + "The gradients are those that .grad holds. To see all, draw before backward(), "
                "or use backward(retain_graph=True)."
            )
        elif seed is None and getattr(bare(graph.outputs[0].output), "size", 2) != 1:
            self.note = "The output is not a scalar, so there is no gradient to show."
        else:
            try:
                with np.errstate(all="ignore"):  # a page shows NaN and Inf, with their place
                    self._swept(seed)
                self._known = True
            except AutogradError as error:  # overwritten values, a missing rule: still draw
                self.messages.clear()
                self.arrivals.clear()
                self.note = "No gradients: " + str(error).splitlines()[0]

    def _swept(self, seed: Any) -> None:
        watched = {use: wire for wire in self.view.wires for use in wire.uses if wire.node}
        sums: dict[str, Any] = {}
        left = {wire.key: len(wire.uses) for wire in watched.values()}

        def arrive(wire: Wire, contribution: Any) -> None:
            old = sums.get(wire.key)
            sums[wire.key] = contribution if old is None or wire.many else old + contribution
            left[wire.key] -= 1
            if not left[wire.key]:
                self._complete(wire, sums.pop(wire.key))

        def observe(node: Node, g: Any, index: int, contribution: Any) -> None:
            self.reached.add(node)
            if self.bad is None and not _finite(contribution) and _finite(g):
                self.bad = node, index
            wire = watched.get(Use(node, index))
            if wire is not None:
                self._keep(Use(node, index), g, contribution)
                arrive(wire, contribution)

        shown = {card.node for card in self.view.cards if card.node is not None}
        parts = {use.target for use in watched if use.target.primitive is PART}
        found = self.graph.gradients(seed, shown | parts, observe)
        for node in sorted(parts, key=lambda n: -n.tick):  # a part hands its gradient on as it is
            if node in found:
                arrive(watched[Use(node, 0)], found[node])
        for wire in self.view.wires:  # a closed scope's result is handed back to it whole
            if wire.result and wire.node in found:
                self._complete(wire, found[wire.node])
        for wire in self.view.wires:  # some uses pass nothing back (a rule without derivative)
            if wire.key in sums:
                self._complete(wire, sums[wire.key])
        self.gradients = {n: summarize(as_grad(g)) for n, g in found.items() if n in shown}

    def bad_notes(self, names: Names) -> list[str]:
        """Return where the first NaN or Inf arises, of the values and of the gradients."""
        found = []
        marked = any(card.value.bad for card in self.view.cards)
        for node in self.graph.nodes if marked else ():
            inputs = [i.output if isinstance(i, Node) else i for i in node.inputs or ()]
            if not _finite(node.output) and all(map(_finite, inputs)):
                what = expression(node, names) or "an input"
                found.append(
                    f"NaN or Inf: the first value that holds one is {names.nodes[node]} = {what}, "
                    f"at {node.location}."
                )
                break
        if self.bad is not None:
            node, index = self.bad
            what = f"{names.nodes[node]} = {expression(node, names)}"
            found.append(
                f"NaN or Inf: the first gradient that holds one is what {what} sends to "
                f"{operands(node, names)[index]}, at {node.location}."
            )
        return found

    def _keep(self, use: Use, g: Any, message: Any) -> None:
        """Keep copies for the formulas and the elements, while there is room."""
        size = _size(g) + _size(message)
        if size <= self._room:
            self._room -= size
            self._arrays[use] = _kept(g), _kept(message)

    def _complete(self, wire: Wire, message: Any) -> None:
        many = Summary(f"{wire.many} gradients")
        self.messages[wire.key] = many if wire.many else summarize(as_grad(message))
        self.arrivals.append(wire.key)

    def formula(self, wire: Wire) -> Formula | None:
        """Return what the message along a wire is, as a formula of the operation's operands."""
        if wire.key not in self._formulas:
            self._formulas[wire.key] = self._formula(wire)
        return self._formulas[wire.key]

    def _formula(self, wire: Wire) -> Formula | None:
        card = self.view.card(wire.target)
        if len(wire.uses) != 1 or card.kind == "module" or not card.operands:
            return None
        (node, index), arrays = wire.uses[0], self._arrays.get(wire.uses[0])
        if arrays is None or node.primitive in (None, PART):
            return None
        return Call.of(node, index, card.operands, card.name).formula(*arrays)

    def element(self, node: Node, k: int, names: Names, output: str = "F") -> ElementSum | None:
        """Return one element of a gradient as the sum over all its uses; None if one is unknown.

        Parameters
        ----------
        node : Node
            The value.
        k : int
            The element's place in C order.
        names : Names
            Of everything in the graph.
        output : str
            The name of what the gradient is of.
        """
        if not self._known or node in self.graph.outputs:  # whose gradient has the seed in it
            return None
        uses = []
        for edge in self._uses_of(node):
            arrays = self._arrays.get(Use(edge.target, edge.index))
            freed = edge.target.inputs is None
            if arrays is None or freed or edge.target.primitive in (None, PART):
                return None
            called = operands(edge.target, names)
            call = Call.of(edge.target, edge.index, called, names.nodes[edge.target])
            uses.append((call, arrays[0]))
        name, shape = names.nodes[node], np.shape(bare(node.output))
        try:
            return sum_of(output, name, shape, k, iter(uses))
        except Exception:  # a forward rule of the user's may raise whatever it likes
            return None

    def _uses_of(self, node: Node) -> list[Edge]:
        """Return the uses of a value that sent something back."""
        return [e for e in self._edges.get(node, ()) if e.target in self.reached]

    def local(self, wire: Wire) -> float | None:
        """Return the local derivative along a wire between scalars; None between arrays."""
        if wire.key not in self._locals:
            self._locals[wire.key] = self._local(wire)
        return self._locals[wire.key]

    def _local(self, wire: Wire) -> float | None:
        if len(wire.uses) != 1 or wire.node is None:
            return None
        node, source = wire.uses[0].target, wire.node
        if self.view.card(wire.target).kind == "module":
            return None
        if isinstance(node.output, tuple) or isinstance(source.output, tuple):
            return None
        if np.ndim(node.output) or np.ndim(source.output) or node.primitive is PART:
            return None
        if np.iscomplexobj(bare(node.output)):
            return None
        try:
            with np.errstate(all="ignore"):
                value = float(bare(self.graph.local_derivative(Edge(source, node, wire.index))))
        except Exception as error:  # a rule of the user's may raise whatever it likes
            self._mistrust(node, (str(error).splitlines() or [""])[0])
            return None
        arrays = self._arrays.get(wire.uses[0])
        if arrays is not None and not np.iscomplexobj(arrays[1]):
            with np.errstate(all="ignore"):
                product = host(value * float(arrays[0]))
            if not agrees(product, arrays[1], abs(float(arrays[0])), solved=True):
                self._mistrust(
                    node,
                    f"{node.name}: its forward rule gives the local derivative "
                    f"{number_text(value)}, but its reverse rule sends {number_text(arrays[1])} "
                    f"for an upstream of {number_text(arrays[0])}",
                )
                return None
        return value

    def _mistrust(self, node: Node, why: str) -> None:
        """Note that an operation's forward rule cannot be shown beside its reverse rule."""
        self.doubts.setdefault(
            node.name, f"No local derivatives through {node.name}: {why}. gradcheck tells more."
        )

    @property
    def reverse_flops(self) -> dict[Node, float]:
        """FLOPs of the reverse sweep at each operation, as `cost` counts them."""
        return self._counted(
            None,
            lambda counter: count_reverse(
                self.graph.nodes, self.graph.outputs[:1], set(self.graph.leaves), counter
            ),
        )

    def forward_flops(self, seed: Seed) -> dict[Node, float]:
        """Return the FLOPs of a forward sweep at each operation, as `cost` counts them."""
        return self._counted(
            seed.node, lambda counter: count_forward(self.graph.nodes, {seed.node}, counter)
        )

    def _counted(
        self, start: Node | None, count: Callable[[Counter], dict[Node, float]]
    ) -> dict[Node, float]:
        """Return what is counted; once for all views of a graph."""
        if start not in self.counts:
            try:
                with np.errstate(all="ignore"):
                    self.counts[start] = count(Counter())
            except Exception:  # a rule of the user's may raise whatever it likes
                self.counts[start] = {}
        return self.counts[start]

    def forward(self, pushed: dict[Node, Any]) -> Tangents:
        """Return a forward sweep, of whose nodes `pushed` has the tangents."""
        with np.errstate(all="ignore"):
            shown = {card.node for card in self.view.cards if card.node is not None}
            return Tangents(
                {n: summarize(t) for n, t in pushed.items() if t is not None and n in shown},
                self._terms(pushed),
            )

    def pushed(self, seed: Seed) -> dict[Node, Any]:
        """Return the tangent of every node, from one seed."""
        found: dict[Node, Any] = {seed.node: seed.tangent()}
        with np.errstate(all="ignore"):
            push(self.graph.nodes, found, [])
        return found

    def _terms(self, pushed: dict[Node, Any]) -> dict[str, Summary]:
        """Return what each argument's tangent added to its operation's."""
        terms = {}
        for wire in self.view.wires:
            t = pushed.get(wire.node) if wire.node is not None else None
            if wire.result:
                if t is not None:
                    terms[wire.key] = summarize(t)
                continue
            node = wire.uses[0].target
            if t is None or pushed.get(node) is None or node.primitive is None:
                continue
            if wire.many:
                terms[wire.key] = Summary(f"{wire.many} tangents")
                continue
            if self.view.card(wire.target).kind == "module":
                terms[wire.key] = summarize(t)  # what travels into the closed scope
                continue
            inputs = node.inputs or ()
            args = [i.output if isinstance(i, Node) else i for i in inputs]
            if node.primitive is PART:
                term = t[node.params["index"]]
            else:
                single: list[Any] = [None] * len(args)
                single[wire.index] = t
                term = node.primitive.push(single, node.output, args, node.params)
            terms[wire.key] = summarize(_shaped(term, node.output))
        return terms


class Tangents(NamedTuple):
    """One forward sweep: the tangent at each node, and what each argument added to it."""

    tangents: dict[Node, Summary]
    terms: dict[str, Summary]


def as_grad(g: Any) -> Any:
    """Return a gradient in the convention of ``.grad``."""
    if isinstance(g, (tuple, list)):
        return tuple(as_grad(part) for part in g)
    return g if g is None else conjugated(host(bare(g))[()])


def _listed(names: list[str]) -> str:
    """Return a few names, and how many more there are."""
    few = ", ".join(names[:6])
    return few if len(names) <= 6 else f"{few} and {len(names) - 6} more"


def _finite(value: Any) -> bool:
    if value.__class__ is np.float64:
        return isfinite(value)
    if isinstance(value, FreedValue):
        return True
    parts = value if isinstance(value, (tuple, list)) else (value,)
    arrays = [host(bare(p)) for p in parts if p is not None]
    return all(bool(np.isfinite(a).all()) for a in arrays if a.dtype.kind in "fc")


def _size(g: Any) -> int:
    if g.__class__ is np.float64:
        return 1
    parts = g if isinstance(g, (tuple, list)) else (g,)
    return sum(int(np.size(bare(p))) for p in parts if p is not None)


def _kept(g: Any) -> Any:
    """Return a copy of a gradient for the formulas, which the sweep cannot write into."""
    if g.__class__ is np.float64:
        return g
    shown = as_grad(g)
    if isinstance(shown, tuple):
        return tuple(part if part is None else np.array(host(part))[()] for part in shown)
    return np.array(host(shown))[()]


def _shaped(term: Any, output: Any) -> Any:
    """Return a term with the shape of the result it is added to."""
    if term is None or isinstance(term, (tuple, list)):
        return term
    return np.broadcast_to(bare(term), np.shape(bare(output)))[()]


def saved_bytes(node: Node) -> int:
    """Return the bytes that the backward rules of an operation read, each array counted once."""
    if node.primitive is None or node.inputs is None or isinstance(node.output, FreedValue):
        return 0
    values = (node.output, *(i.output if isinstance(i, Node) else i for i in node.inputs))
    read = {k for one in node.primitive.vjp_reads() for k in one.of(len(node.inputs))}
    arrays = {id(values[k]): getattr(bare(values[k]), "nbytes", 8) for k in read}
    return int(sum(arrays.values()))


def flops(node: Node) -> float:
    """Return the floating-point operations of computing a node, as its declaration says."""
    primitive = node.primitive
    if primitive is None or primitive.cost is None or node.inputs is None:
        return 0.0
    if isinstance(node.output, FreedValue):  # an operation may look at its values to tell
        return 0.0
    if callable(primitive.cost):
        args = [i.output if isinstance(i, Node) else i for i in node.inputs]
        with suppress(Exception):  # a rule of the user's may raise whatever it likes
            return float(primitive.cost(node.output, *args, **node.params))
        return 0.0
    return float(primitive.cost) * float(np.size(bare(node.output)))


__getattr__ = renamed_names(__name__, Recording="RecordedSweep")
