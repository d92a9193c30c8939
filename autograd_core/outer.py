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

FEW = 4  # fewer are added one by one
MOST = 64  # more would win little, and hold memory that the sweep could free

Message = tuple[Node, Any, Any]  # the product's node, its output's gradient, the vector


def put_off(
    message: Message, to: Node, waiting: dict[Node, list[Message]], gradients: dict[Node, Any]
) -> None:
    """Keep what belongs to a node's gradient; add up what waits when it is much."""
    messages = waiting.get(to)
    if messages is None:
        waiting[to] = [message]
        return
    messages.append(message)
    if len(messages) == MOST:
        del waiting[to]
        gradients[to] = added(gradients[to], messages)


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
    left = np.concatenate([message[1] for message in messages]).reshape((rows, g.shape[0]))
    right = np.concatenate([message[2] for message in messages]).reshape((rows, x.shape[0]))
    return total + left.T @ right
