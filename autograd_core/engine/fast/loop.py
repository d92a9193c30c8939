"""The sweep's loop for the usual case, spelt out; its twin is `sweep_steps.Sweep.run`."""

from __future__ import annotations

from heapq import heappop, heappush, heappushpop
from typing import Any

import numpy as np

from autograd_core.engine.forgetting import latest_large
from autograd_core.engine.messages import fit
from autograd_core.engine.node import NO_PARAMS, Node
from autograd_core.engine.outer_products import added, put_off
from autograd_core.engine.sweep_steps import END, Sweep, is_large
from autograd_core.operations.pieces import copies as copied

_ndarray = np.ndarray
_float64 = np.float64


def run(sweep: Sweep) -> None:
    """Do what ``sweep.run()`` does, faster; for a usual sweep that nobody follows.

    Spelt out is the step of a simple operation (`Primitive.simple`) whose gradient nobody asks
    for: `Sweep.messages` and `Sweep.send` without their calls and loops.  Every other node gets
    the sweep's own step, `Sweep.visit`.  Along a chain, what was sent last is next, and goes past
    the heap and the dictionary.
    """
    gradients, pending = sweep.gradients, sweep.pending
    waiting, owned = sweep.waiting, sweep.owned
    needed, retain, floor, visit = sweep.needed, sweep.retain, sweep.floor, sweep.visit
    get, pop = gradients.get, gradients.pop
    careful = max(floor, latest_large() + 1)  # up to there values may be large, too
    node = following = END
    carried: Any = None
    c: Any
    first: Any
    second: Any
    try:
        while True:
            if pending[0][0] > -following.tick:
                node, g, following = following, carried, END
            else:
                if following is END:
                    node = heappop(pending)[1]
                    if node is END:
                        return
                else:
                    gradients[following] = carried
                    node = heappushpop(pending, (-following.tick, following))[1]
                    following = END
                if pending[0][1] is node:
                    heappop(pending)
                g = pop(node, None)
                if waiting and node in waiting:
                    g = added(g, waiting.pop(node))
            inputs, y = node.inputs, node.output
            primitive: Any = node.primitive
            if (
                node.watch is not None or not inputs or not primitive.simple
                or (node.tick < careful and (node.tick < floor or is_large(y)))
            ):  # fmt: skip
                a = b = c = x = y = old = carried = None  # nor may these keep large arrays
                visit(node, g)
                continue
            rules = primitive.vjps
            index = 0
            if primitive.arity == 1:
                (first,) = inputs
                x = first.output
                if not node.params:
                    c = rules[0](g, y, x)
                elif first in owned and primitive.adds and sweep.added_in_place(node, first, g):
                    c = first = None
                else:
                    c = rules[0](g, y, x, **node.params)
                shaped = primitive.shaped
            else:
                first, second = inputs
                x = a = first.output if first.__class__ is Node else first
                b = second.output if second.__class__ is Node else second
                if first is a or (needed is not None and first not in needed):
                    first = None
                if second is b or (needed is not None and second not in needed):
                    second = None
                c, shaped = None, False
                if primitive.outer_product and first is not None:
                    c = put_off(node, g, a, b, first, waiting, gradients, pending)
                if c is not None:  # the vector's own gradient: all that is still to send
                    first, x, shaped = second, b, True
                elif first is None:
                    first, x, index = second, b, 1
                    c = g if rules[1] is copied else rules[1](g, y, a, b)
                else:
                    if second is not None:
                        c = g if rules[1] is copied else rules[1](g, y, a, b)
                        kind = c.__class__
                        if kind is not b.__class__ or (
                            kind is not _float64 and (c.shape != b.shape or c.dtype is not b.dtype)
                        ):
                            c = fit(c, b, node, 1)
                        old = get(second)
                        if old is None:
                            gradients[second] = c
                            heappush(pending, (-second.tick, second))
                        elif kind is _ndarray and second in owned:
                            old += c
                        else:
                            gradients[second] = c = old + c
                            if c.__class__ is _ndarray:
                                owned.add(second)
                    c = g if rules[0] is copied else rules[0](g, y, a, b)
            if first is not None:
                kind = c.__class__
                if kind is not x.__class__ or (
                    kind is not _float64
                    and ((not shaped and c.shape != x.shape) or c.dtype is not x.dtype)
                ):
                    c = fit(c, x, node, index)
                old = get(first)
                if old is None:
                    following, carried = first, c
                elif kind is _ndarray and first in owned:
                    old += c
                else:
                    gradients[first] = c = old + c
                    if c.__class__ is _ndarray:
                        owned.add(first)
            if not retain:
                node.inputs = node.output = None
                node.params = NO_PARAMS
    except Exception as error:
        sweep.explain(node, error)
        raise
