"""Sums of outer products, deferred: a matrix multiplied by many vectors gets one matrix product.

A weight used at every step of a loop, ``x = np.tanh(W @ x)``, gets the gradient
g1 x1' + g2 x2' + ...: as many matrices, made and added one by one.  It is also G' X,
with the g and the x as rows.  The sweep keeps the rows and multiplies when the
weight's turn comes, or when they are many: the same sum in another order.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import Any

import numpy as np

from autograd_core.engine.node import Node

_ndarray = np.ndarray
FEW = 5  # fewer are added one by one
MOST = 64  # more would win little, and hold memory that the sweep could free

# Of each product: its node, its output's gradient, the vector.
Messages = tuple[list[Node], list[Any], list[Any]]
# A heap of the nodes that were sent something, latest first: each with its tick, negative.
Pending = list[tuple[int, Node]]
Visiting = Callable[[Node, Any], None]  # is told whose turn it is, and what that was sent


def put_off(
    node: Node,
    g: Any,
    a: Any,
    b: Any,
    to: Node,
    waiting: dict[Node, Messages],
    gradients: dict[Node, Any],
    pending: Pending,
    visiting: Visiting | None = None,
) -> Any:
    """Keep what belongs to the gradient of a matrix that met a vector; return the vector's own.

    Return None, and keep nothing, for other operands. What waits is added up when it is
    much, or when the matrix has its turn, for which it stands in `pending`.
    """
    if not (g.__class__ is b.__class__ is a.__class__ is _ndarray or _written(g, a, b)):
        return None  # the matrix may be traced where the others are not
    if b.ndim != 1 or g.ndim != 1 or g.dtype is not a.dtype:
        return None
    messages = waiting.get(to)
    if messages is None:
        waiting[to] = [node], [g], [b]
        if to not in gradients:
            heappush(pending, (-to.tick, to))
    else:
        nodes, gs, xs = messages
        nodes.append(node)
        gs.append(g)
        xs.append(b)
        if len(gs) == MOST:
            del waiting[to]
            gradients[to] = added(gradients.get(to), messages, visiting)
    return g.dot(a)


def _written(*values: Any) -> bool:
    """Whether values are arrays, or stand for arrays in a program that `compile` writes."""
    return all(v.__class__ is _ndarray or getattr(v, "_written", False) for v in values)


def add_all(
    waiting: dict[Node, Messages], gradients: dict[Node, Any], visiting: Visiting | None = None
) -> None:
    """Add up all that waits."""
    while waiting:
        to, messages = waiting.popitem()
        gradients[to] = added(gradients.get(to), messages, visiting)


def added(total: Any, messages: Messages, visiting: Visiting | None = None) -> Any:
    """Return a gradient, or None for nothing yet, with the outer products that waited added.

    Examples
    --------
    >>> messages = [Node()], [np.array([1.0, 2.0])], [np.array([1.0, 0.0, 1.0])]
    >>> added(None, messages)
    array([[1., 0., 1.],
           [2., 0., 2.]])
    >>> added(np.ones((2, 3)), tuple(10 * part for part in messages))
    array([[11.,  1., 11.],
           [21.,  1., 21.]])
    """
    nodes, gs, xs = messages
    rows = len(nodes)
    if rows < FEW:
        for node, g, x in zip(nodes, gs, xs, strict=True):
            if visiting is not None:
                visiting(node, g)
            product = g[:, None] * x
            total = product if total is None else total + product
        return total
    if visiting is not None:
        visiting(nodes[-1], gs[-1])
    left = np.concatenate(gs).reshape((rows, gs[0].shape[0]))
    right = np.concatenate(xs).reshape((rows, xs[0].shape[0]))
    product = left.T.dot(right)
    return product if total is None else total + product
