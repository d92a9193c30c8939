"""Sums of outer products, put off: a matrix that many vectors met gets one matrix product.

A weight used at every step of a loop, ``x = np.tanh(W @ x)``, gets the gradient
g1 x1' + g2 x2' + ...: as many matrices, made and added one by one.  It is also G' X,
with the g and the x as rows.  The sweep keeps the rows and multiplies when the
weight's turn comes, or when they are many: the same sum in another order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.node import Node

_ndarray = np.ndarray
FEW = 4  # fewer are added one by one
MOST = 64  # more would win little, and hold memory that the sweep could free

Message = tuple[Node, Any, Any]  # the product's node, its output's gradient, the vector


def put_off(
    node: Node,
    g: Any,
    a: Any,
    b: Any,
    to: Node,
    waiting: dict[Node, list[Message]],
    gradients: dict[Node, Any],
) -> Any:
    """Keep what belongs to the gradient of a matrix that met a vector; return the vector's own.

    Return None, and keep nothing, for other operands and where nothing has been sent
    before. What waits is added up when it is much.
    """
    if not (g.__class__ is _ndarray is b.__class__ or _written(g, b)):
        return None
    if b.ndim != 1 or g.ndim != 1 or g.dtype is not a.dtype:
        return None
    messages = waiting.get(to)
    if messages is None:
        if to not in gradients:
            return None
        waiting[to] = [(node, g, b)]
    else:
        messages.append((node, g, b))
        if len(messages) == MOST:
            del waiting[to]
            gradients[to] = added(gradients[to], messages)
    return g.dot(a)


def _written(*values: Any) -> bool:
    """Whether values are arrays, or stand for arrays in a program that `compile` writes."""
    return all(v.__class__ is _ndarray or getattr(v, "written", False) for v in values)


def add_all(waiting: dict[Node, list[Message]], gradients: dict[Node, Any]) -> None:
    """Add up all that waits."""
    while waiting:
        to, messages = waiting.popitem()
        gradients[to] = added(gradients[to], messages)


def added(total: Any, messages: list[Message]) -> Any:
    """Return a gradient with the outer products that waited added to it.

    Examples
    --------
    >>> message = (Node(), np.array([1.0, 2.0]), np.array([1.0, 0.0, 1.0]))
    >>> added(np.ones((2, 3)), [message] * 10)
    array([[11.,  1., 11.],
           [21.,  1., 21.]])
    """
    # `node` and `g` are read by `compile`, which names the user's line beside each step
    if len(messages) < FEW:
        for node, g, x in messages:  # noqa: B007
            total = total + g[:, None] * x
        return total
    node, g, x = messages[-1]  # noqa: RUF059
    rows = len(messages)
    _, gs, xs = zip(*messages, strict=True)
    left = np.concatenate(gs).reshape((rows, g.shape[0]))
    right = np.concatenate(xs).reshape((rows, x.shape[0]))
    return total + left.T.dot(right)
