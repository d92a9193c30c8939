"""checkpoint: discard intermediate values and recompute them during the sweep.

T. Chen et al., "Training deep nets with sublinear memory cost" (2016).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.engine import trace_borders
from autograd_core.engine.node import Node, next_tick
from autograd_core.engine.overwrites import OVERWRITES
from autograd_core.engine.pushing import push
from autograd_core.engine.sweeping import collect, sweep
from autograd_core.engine.tensor import Tensor, leaf, record_parts, wrap
from autograd_core.operations.declare import primitive
from autograd_core.operations.modes import BASE, enable_grad
from autograd_core.operations.primitive import Primitive, innermost_array, level_of
from autograd_core.operations.saved_reads import Reading
from autograd_core.transforms.random_sources import RandomStates

# Marks where a segment begins: a copy, so that what is older is not the segment's, and
# so that an argument changed in place inside stays as it was outside.
entry: Primitive = primitive(
    lambda x: x.copy(),
    vjp=[lambda g, y, x: g],
    jvp=[lambda t, y, x: t],
    name="entry",
    category="shape",
)


class _Segment:
    """One run of a checkpointed function, and how to run it again."""

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], level: int) -> None:
        self.f = f
        self.args = args
        self.level = level
        self.tick = 0  # when its results were handed out
        self.outside: list[Node] = []  # what the first run used without being handed it
        self.inside = trace_borders.inside()
        self.random = RandomStates(f, args)
        self.slots = [k for k, a in enumerate(tree.leaves(tuple(args))) if level_of(a) == level]

    def trace(self) -> AbstractContextManager[Any]:
        """Let the second run make the same arrays as the first (`fillable`)."""
        return trace_borders.trace(self.level) if self.inside else nullcontext()

    def run(self, tracked: Sequence[Any]) -> tuple[Any, list[Node], list[Node], int]:
        """Run f with these values in the tracked places.

        Returns its result, the nodes of the tracked outputs, the nodes it entered
        by, and the tick at which it started.
        """
        start = next_tick()
        values = tree.leaves(tuple(self.args))
        entered = [entry(t) for t in tracked]
        nodes = [e._node for e in entered]  # before f runs: it may change them in place
        for k, value in zip(self.slots, entered, strict=True):
            values[k] = value
        result = self.f(*tree.like(tuple(self.args), values))
        outputs = [o._node for o in tree.leaves(result) if level_of(o) == self.level]
        return result, outputs, nodes, start

    def check(self, outputs: Sequence[Node], before: Sequence[Any]) -> None:
        """Raise if a second run did not compute what the first did."""
        # what was changed in place since tells nothing
        kept = [OVERWRITES.since(value, self.tick) is None for value in before]
        pairs = [p for p, k in zip(zip(outputs, before, strict=False), kept, strict=False) if k]
        if len(outputs) != len(before) or not all(
            np.array_equal(innermost_array(node.output), innermost_array(value), equal_nan=True)
            for node, value in pairs
        ):
            raise errors.RuleError(
                "checkpoint(): the second run computed other values than the first; the function "
                "depends on something that changed in between, such as a random source that it "
                "does not hold.",
                Location.of_caller(),
            )

    def check_outside(self, externals: Sequence[Node]) -> None:
        """Raise if a value from outside was overwritten since, even where the results agree."""
        lines = [OVERWRITES.since(node.output, self.tick) for node in self.outside]
        if list(externals) != self.outside or any(lines):
            line = next((f" at {line}" for line in lines if line is not None), "")
            raise errors.OverwrittenError(
                f"checkpoint(): a value that the function uses from outside was overwritten{line} "
                "after the first run, so the second one cannot compute the derivative; pass the "
                "value as an argument, or write into a copy.",
                Location.of_caller(),
            )

    def externals(self, nodes: Sequence[Node], start: int, entered: Sequence[Node]) -> list[Node]:
        """Return the older nodes that the run used without being handed them (closures)."""
        direct = {
            p
            for node in collect(nodes, oldest=start)
            if node.tick >= start and node not in entered
            for p in node.inputs or ()
            if p.__class__ is Node and p.tick < start
        }
        return sorted(direct, key=lambda n: n.tick)


def _pull(g: Any, y: Any, *inputs: Any, segment: _Segment) -> list[Any]:
    """Run the segment again with recording on, and sweep it."""
    count = len(segment.slots)
    tracked = [_as_tracked(x, segment.level) for x in inputs]
    with segment.trace(), segment.random, enable_grad():
        _, outputs, entered, start = segment.run(tracked[:count])
    externals = segment.externals(outputs, start, entered)
    segment.check_outside(externals)
    segment.check(outputs, y)
    found = sweep(
        outputs,
        g,
        {*entered, *externals},
        retain=True,
        wrap=wrap
        if any(isinstance(x, Tensor) and x._level == segment.level for x in inputs)
        else None,
        oldest=start,
    )
    return [found.get(node) for node in (*entered, *externals)]


def _as_tracked(x: Any, level: int) -> Any:
    return x if level_of(x) == level else leaf(x, level)


def _push(ts: Any, y: Any, *inputs: Any, segment: _Segment) -> Any:
    count = len(segment.slots)
    tracked = [_as_tracked(x, segment.level) for x in inputs]
    with segment.trace(), segment.random, enable_grad():
        _, outputs, entered, start = segment.run(tracked[:count])
    externals = segment.externals(outputs, start, entered)
    segment.check_outside(externals)
    segment.check(outputs, y)
    order = [n for n in collect(outputs, oldest=start)[::-1] if n.tick >= start]
    return tuple(push(order, dict(zip([*entered, *externals], ts, strict=True)), outputs))


_checkpointed: Primitive = primitive(
    lambda *inputs, segment: None,
    vjp=_pull,
    jvp=_push,
    name="checkpoint",
    multiple=True,
    category="checkpoint",
    sources=lambda: (Reading(rest=1),),  # its own results are only compared, so they may change
)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a version of f that saves only its inputs; the sweep recomputes the rest.

    This saves memory and costs about one more forward pass. Random draws in the second run are the
    same as in the first: those from NumPy's and Python's global state, and from every generator
    that f or its arguments can reach. If the second run computes other values nevertheless, that is
    an error. An argument that f changes in place keeps its old value.

    Parameters
    ----------
    f : callable
        Any function of pytrees of arrays; may use tracked values from outside.

    Returns
    -------
    callable
        Computes the same values and derivatives.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import checkpoint, grad
    >>> grad(checkpoint(lambda x: np.sin(x) * x))(0.5) == grad(lambda x: np.sin(x) * x)(0.5)
    True
    """

    @wraps(f)
    def run(*args: Any, **keywords: Any) -> Any:
        def call(*values: Any) -> Any:
            return f(*values, **keywords)

        call.__dict__["f"] = f  # where random_sources finds a bound method's object
        level = max((level_of(a) for a in tree.leaves(tuple(args))), default=0) or BASE
        segment = _Segment(call, args, level)
        given = [tree.leaves(tuple(args))[k] for k in segment.slots]
        if not all(isinstance(x, Tensor) for x in given):
            return f(*args, **keywords)  # Duals record nothing, so there is nothing to save
        result, outputs, entered, start = segment.run(given)
        if not outputs:
            return result
        segment.outside = segment.externals(outputs, start, entered)
        inputs = [*(x._node for x in given), *segment.outside]
        values = tuple(node.output for node in outputs)
        segment.tick = next_tick()
        parts = iter(
            record_parts(_checkpointed, tuple(inputs), {"segment": segment}, values, level)
        )
        return tree.map_leaves(lambda o: next(parts) if level_of(o) == level else o, result)

    return run
