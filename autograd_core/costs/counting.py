"""Counted: an array that counts the floating-point operations done with it.

Derivative rules are plain NumPy, so a sweep over Counted arrays runs the very
rules that a real sweep runs and finds out what they cost; nothing is declared
twice, and every order of derivative is counted alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core.costs.composites import record_composite
from autograd_core.costs.flops import Formula, flops
from autograd_core.engine.dual import fit_tangent
from autograd_core.engine.node import PART, Node
from autograd_core.engine.sweeping import fit, reaching
from autograd_core.engine.traced import Traced
from autograd_core.operations.modes import new_level
from autograd_core.operations.primitive import Primitive, bare

_new = object.__new__


class Counter:
    """Adds up the FLOPs of everything that is computed with its arrays.

    Parameters
    ----------
    weights : mapping, optional
        Other conventions than the table's, by the operation's name.

    Attributes
    ----------
    total : float
        FLOPs so far.
    unknown : set of str
        Operations that were run but say nothing of their cost.
    estimated : set of str
        Operations whose rules are kernels that take raw arrays only; a sweep
        through one is counted as twice the operation itself.

    Examples
    --------
    >>> counter = Counter()
    >>> y = np.tanh(counter.wrap(np.ones(10))) * 2
    >>> counter.total
    90.0
    """

    def __init__(self, weights: Mapping[str, Formula] | None = None) -> None:
        self.total = 0.0
        self.unknown: set[str] = set()
        self.estimated: set[str] = set()
        self.level = new_level()
        self.weights = weights

    def wrap(self, value: Any) -> Any:
        """Return an array whose use is counted; other values as they are."""
        if isinstance(value, tuple):
            return tuple(map(self.wrap, value))
        if not hasattr(value, "dtype") or isinstance(value, np.dtype):
            return value
        made = _new(Counted)
        made._value = value
        made._counter = self
        made._level = self.level
        return made

    def add(self, primitive: Primitive, y: Any, args: Sequence[Any], params: Any) -> None:
        """Add the cost of one call; of a kernel, that of the program it stands for."""
        if primitive.composite is not None and primitive.name not in (self.weights or ()):
            run = record_composite(primitive, args, params, [_floating(a) for a in args])
            count_pass(run.order, self)
            return
        found = flops(primitive, y, tuple(args), params, self.weights)
        if found is None:
            self.unknown.add(primitive.name)
        else:
            self.total += found


class Counted(Traced):
    """A value that adds the cost of every operation on it to its counter."""

    __slots__ = ("_counter", "_level", "_value")
    _value: Any
    _counter: Counter
    _level: int

    def _below(self) -> Any:
        return self._value

    def _constant(self, value: Any) -> Any:
        return self._counter.wrap(value)

    def _note_view(self, made: Any, operation: Primitive, params: dict[str, Any]) -> None:
        """Rules change nothing in place, so views need not be followed."""

    def _process(
        self, primitive: Primitive, args: tuple[Any, ...], params: dict[str, Any], level: int
    ) -> Any:
        raw = [a._value if isinstance(a, Counted) and a._level == level else a for a in args]
        y = primitive(*raw, **params)
        self._counter.add(primitive, y, [bare(a) for a in raw], params)
        if primitive.multiple:
            parts = [self._counter.wrap(part) for part in y]
            return tuple(parts) if type(y) is tuple else type(y)(*parts)
        return self._counter.wrap(y)


def raw_arguments(node: Node) -> list[Any]:
    """Return a node's arguments as raw arrays."""
    return [bare(i.output if i.__class__ is Node else i) for i in node.inputs or ()]


def count_pass(order: Sequence[Node], counter: Counter) -> dict[Node, float]:
    """Return the FLOPs that computing each recorded node took."""
    found = {}
    for node in order:
        before = counter.total
        if node.primitive is not None and node.primitive is not PART:
            counter.add(node.primitive, node.output, raw_arguments(node), node.params)
        found[node] = counter.total - before
    return found


def count_reverse(
    order: Sequence[Node], outputs: Sequence[Node], wanted: Collection[Node], counter: Counter
) -> dict[Node, float]:
    """Return the FLOPs of one reverse sweep, at the node whose rules were run.

    Mirrors `backward.sweep`: the rules, the sums over broadcast axes, and the
    additions where a value was used more than once.
    """
    wrap = counter.wrap
    needed, through = reaching(order[::-1], wanted)
    gradients: dict[Node, Any] = {}
    for output in outputs:
        gradients[output] = wrap(np.ones_like(bare(output.output)))
    found: dict[Node, float] = {}
    for node in reversed(order):
        g = gradients.pop(node, None)
        if g is None or not node.inputs or node not in through:
            continue
        before = counter.total
        primitive = node.primitive
        assert primitive is not None
        if primitive is PART:
            whole = node.inputs[0]
            parts = gradients.setdefault(whole, [None] * len(whole.output))
            parts[node.params["index"]] = g
            continue
        pulled = _pulled(node, g, needed, counter)
        for index, (parent, c) in enumerate(zip(node.inputs, pulled, strict=False)):
            if c is None or parent.__class__ is not Node or parent not in needed:
                continue
            c = fit(c, bare(parent.output), node, index)
            old = gradients.get(parent)
            gradients[parent] = c if old is None else old + c
        found[node] = counter.total - before
    return found


def _raw(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_raw, value))
    return bare(value)


def _floating(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") in tuple("fc")


def _pulled_composite(node: Node, g: Any, needed: Collection[Node], counter: Counter) -> list[Any]:
    """Count the reverse sweep of the program that a kernel stands for; return any gradients."""
    primitive = node.primitive
    assert primitive is not None
    args = raw_arguments(node)
    active = [p.__class__ is Node and p in needed for p in node.inputs or ()]
    run = record_composite(primitive, args, node.params, active)
    seeded = g if primitive.multiple else (g,)
    outputs = [o for o, part in zip(run.outputs, seeded, strict=True) if o and part is not None]
    count_reverse(run.order, outputs, {v for v in run.inputs if v}, counter)
    ones = [np.ones_like(a) if here else None for a, here in zip(args, active, strict=True)]
    return [None if one is None else counter.wrap(one) for one in ones]


def _pushed_composite(node: Node, ts: Sequence[Any], counter: Counter) -> Any:
    """Count the forward sweep of the program that a kernel stands for; return any tangent."""
    primitive = node.primitive
    assert primitive is not None
    active = [t is not None for t in ts]
    run = record_composite(primitive, raw_arguments(node), node.params, active)
    count_forward(run.order, {v for v in run.inputs if v}, counter)
    y = node.output
    if primitive.multiple:
        return tuple(counter.wrap(np.ones_like(part)) for part in y)
    return counter.wrap(np.ones_like(y))


def _estimate(node: Node, counter: Counter, before: float) -> None:
    """Count a sweep through a kernel of raw arrays: twice the operation, one for each factor."""
    assert node.primitive is not None
    counter.total = before
    found = flops(
        node.primitive, node.output, tuple(raw_arguments(node)), node.params, counter.weights
    )
    if found is None:
        counter.unknown.add(node.name)
    else:
        counter.estimated.add(node.name)
        counter.total += 2 * found


def _pulled(node: Node, g: Any, needed: Collection[Node], counter: Counter) -> Sequence[Any]:
    """Run a node's reverse rules on counting arrays; on raw ones if they take no others."""
    primitive, before = node.primitive, counter.total
    assert primitive is not None
    if primitive.composite is not None:
        return _pulled_composite(node, g, needed, counter)
    if primitive.multiple:
        g = tuple(
            counter.wrap(np.zeros_like(part)) if part_g is None else part_g
            for part, part_g in zip(node.output, g, strict=True)
        )
    raw = raw_arguments(node)
    try:
        return _each(node, g, counter.wrap(node.output), [counter.wrap(a) for a in raw], needed)
    except Exception:  # whatever a kernel says to an array that is none: it is run on raw ones
        pulled = _each(node, _raw(g), node.output, raw, needed)
        _estimate(node, counter, before)
        return [None if c is None else counter.wrap(c) for c in pulled]


def _each(node: Node, g: Any, y: Any, args: list[Any], needed: Collection[Node]) -> Sequence[Any]:
    primitive = node.primitive
    assert primitive is not None
    if primitive.vjps is None:
        return primitive.pull(g, y, args, node.params)
    return [
        rule(g, y, *args, **node.params)
        if parent.__class__ is Node and parent in needed and rule is not None
        else None
        for rule, parent in zip(primitive.vjps, node.inputs or (), strict=False)
    ]


def _pushed(node: Node, ts: Sequence[Any], counter: Counter) -> Any:
    """Run a node's forward rule on counting arrays; on raw ones if it takes no others."""
    primitive, before = node.primitive, counter.total
    assert primitive is not None
    if primitive.composite is not None:
        return _pushed_composite(node, ts, counter)
    raw = raw_arguments(node)
    try:
        args = [counter.wrap(a) for a in raw]
        return primitive.push(ts, counter.wrap(node.output), args, node.params)
    except Exception:  # as in _pulled
        plain = [None if t is None else _raw(t) for t in ts]
        t = primitive.push(plain, node.output, raw, node.params)
        _estimate(node, counter, before)
        return tuple(map(counter.wrap, t)) if primitive.multiple else counter.wrap(t)


def count_forward(
    order: Sequence[Node], wanted: Collection[Node], counter: Counter
) -> dict[Node, float]:
    """Return the FLOPs of pushing one tangent through, at the node that it goes through."""
    wrap = counter.wrap
    tangents: dict[Node, Any] = {n: wrap(np.ones_like(bare(n.output))) for n in wanted}
    found: dict[Node, float] = {}
    for node in order:
        if not node.inputs or node in tangents:
            continue
        ts = [tangents.get(i) if i.__class__ is Node else None for i in node.inputs]
        if all(t is None for t in ts):
            continue
        before = counter.total
        primitive = node.primitive
        assert primitive is not None
        if primitive is PART:
            tangents[node] = ts[0][node.params["index"]]  # type: ignore[index]
            continue
        t = _pushed(node, ts, counter)
        if not primitive.multiple:
            t = fit_tangent(t, bare(node.output))
        tangents[node] = t
        found[node] = counter.total - before
    return found
