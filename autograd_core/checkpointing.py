"""checkpoint: forget what is between, compute it again when the sweep comes by.

T. Chen et al., "Training deep nets with sublinear memory cost" (2016).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import wraps
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from autograd_core import tree
from autograd_core.backward import collect, push, sweep
from autograd_core.declare import primitive
from autograd_core.modes import BASE, enable_grad
from autograd_core.node import Node, next_tick
from autograd_core.primitive import Primitive
from autograd_core.tensor import Tensor, leaf, record_parts
from autograd_core.traced import level_of

# Marks where a segment begins: an identity, so that what is older is not the segment's.
entry: Primitive = primitive(
    lambda x: x, vjp=[lambda g, y, x: g], jvp=[lambda t, y, x: t], name="entry", category="shape"
)


def generators_within(root: Any) -> list[np.random.Generator]:
    """Return the random generators that a function can reach: closures, attributes, containers."""
    found: list[np.random.Generator] = []
    stack, seen = [root], set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, np.random.Generator):
            found.append(value)
        elif isinstance(value, MethodType):
            stack += [value.__self__, value.__func__]
        elif isinstance(value, FunctionType):
            stack += [c.cell_contents for c in value.__closure__ or () if _filled(c)]
            stack += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
            stack += [
                value.__globals__[name]
                for name in value.__code__.co_names
                if name in value.__globals__
            ]
        elif isinstance(value, dict):
            stack += list(value.values())
        elif isinstance(value, (list, tuple, set)):
            stack += list(value)
        elif hasattr(value, "__dict__") and not isinstance(value, (type, type(np))):
            stack += list(vars(value).values())
    return found


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


class _RandomState:
    """The state of every random source a function draws from, to draw the same again."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.generators = generators_within(f)
        self.saved = self._now()

    def _now(self) -> Any:
        return (
            [g.bit_generator.state for g in self.generators],
            np.random.get_state(),
            random.getstate(),
        )

    def _set(self, state: Any) -> None:
        for generator, saved in zip(self.generators, state[0], strict=True):
            generator.bit_generator.state = saved
        np.random.set_state(state[1])
        random.setstate(state[2])

    def __enter__(self) -> None:
        self.later = self._now()
        self._set(self.saved)

    def __exit__(self, *error: object) -> None:
        self._set(self.later)


class _Segment:
    """One run of a checkpointed function, and how to run it again."""

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], level: int) -> None:
        self.f = f
        self.args = args
        self.level = level
        self.random = _RandomState(f)
        self.slots = [k for k, a in enumerate(tree.leaves(tuple(args))) if level_of(a) == level]

    def run(self, tracked: Sequence[Any]) -> tuple[Any, list[Node], list[Node], int]:
        """Run f with these values in the tracked places.

        Returns its result, the nodes of the tracked outputs, the nodes it entered
        by, and the tick at which it started.
        """
        start = next_tick()
        values = tree.leaves(tuple(self.args))
        entered = [entry(t) for t in tracked]
        for k, value in zip(self.slots, entered, strict=True):
            values[k] = value
        result = self.f(*tree.like(tuple(self.args), values))
        outputs = [o._node for o in tree.leaves(result) if level_of(o) == self.level]
        return result, outputs, [e._node for e in entered], start

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
    with segment.random, enable_grad():
        _, outputs, entered, start = segment.run(tracked[:count])
    externals = segment.externals(outputs, start, entered)
    found = sweep(
        outputs,
        g,
        {*entered, *externals},
        retain=True,
        record=any(isinstance(x, Tensor) and x._level == segment.level for x in inputs),
        oldest=start,
    )
    return [found.get(node) for node in (*entered, *externals)]


def _as_tracked(x: Any, level: int) -> Any:
    return x if level_of(x) == level else leaf(x, level)


def _push(ts: Any, y: Any, *inputs: Any, segment: _Segment) -> Any:
    count = len(segment.slots)
    tracked = [_as_tracked(x, segment.level) for x in inputs]
    with segment.random, enable_grad():
        _, outputs, entered, start = segment.run(tracked[:count])
    externals = segment.externals(outputs, start, entered)
    order = [n for n in collect(outputs, oldest=start)[::-1] if n.tick >= start]
    return tuple(push(order, dict(zip([*entered, *externals], ts, strict=True)), outputs))


_checkpointed: Primitive = primitive(
    lambda *inputs, segment: None,
    vjp=_pull,
    jvp=_push,
    name="checkpoint",
    multiple=True,
    category="checkpoint",
)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return f made to save only its inputs: the sweep runs it again for what is between.

    Memory for about one more forward pass.  Random draws in the second run are
    the same as in the first: NumPy's and Python's global state, and every
    ``numpy.random.Generator`` that f can reach by closures and attributes.

    Parameters
    ----------
    f : callable
        Any function of nests of arrays; may use tracked values from outside.

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

        call.__dict__["f"] = f  # where generators_within finds a bound method's object
        level = max((level_of(a) for a in tree.leaves(tuple(args))), default=0) or BASE
        segment = _Segment(call, args, level)
        given = [tree.leaves(tuple(args))[k] for k in segment.slots]
        if not all(isinstance(x, Tensor) for x in given):
            return f(*args, **keywords)  # Duals record nothing, so there is nothing to save
        result, outputs, entered, start = segment.run(given)
        if not outputs:
            return result
        inputs = [
            *(x._node for x in given),
            *segment.externals(outputs, start, entered),
        ]
        values = tuple(node.output for node in outputs)
        parts = iter(
            record_parts(_checkpointed, tuple(inputs), {"segment": segment}, values, level)
        )
        return tree.map_leaves(lambda o: next(parts) if level_of(o) == level else o, result)

    return run
