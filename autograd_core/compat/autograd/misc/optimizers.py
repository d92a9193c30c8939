"""Gradient descent in HIPS autograd's calling form: ``adam(grad, x0, callback, num_iters, ...)``.

Parameters are any pytree of dicts, lists and tuples. Classes with state dicts, schedules and fused
updates are in `optim`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autograd_core.compat.autograd.misc.flatten import flatten

Function = Callable[..., Any]


def unflatten_optimizer(optimize: Function) -> Function:
    """Return an optimizer of nests from one of vectors.

    Parameters
    ----------
    optimize : callable
        ``optimize(grad, x, callback, *settings)`` for a vector x.

    Examples
    --------
    >>> step = unflatten_optimizer(lambda grad, x, callback: x - grad(x, 0))
    >>> step(lambda pytree, i: {"w": pytree["w"] / 2}, {"w": np.array([2.0])})
    {'w': array([1.])}
    """

    @wraps(optimize)
    def of_nest(
        grad: Function, x0: Any, callback: Function | None = None, *settings: Any, **more: Any
    ) -> Any:
        start, unflatten = flatten(x0)

        def gradient(x: Any, i: int) -> Any:
            return flatten(grad(unflatten(x), i))[0]

        def told(x: Any, i: int, g: Any) -> None:
            if callback is not None:
                callback(unflatten(x), i, unflatten(g))

        return unflatten(optimize(gradient, start, told, *settings, **more))

    return of_nest


@unflatten_optimizer
def sgd(
    grad: Function, x: Any, callback: Function, num_iters: int = 200, step_size: float = 0.1,
    mass: float = 0.9,
) -> Any:  # fmt: skip
    """Descend along the gradient with momentum; ``grad(x, i)`` at iteration i.

    Examples
    --------
    >>> sgd(lambda x, i: 2 * x, np.ones(2), num_iters=1, step_size=1.0, mass=0.5)
    array([0., 0.])
    """
    velocity = np.zeros_like(x)
    for i in range(num_iters):
        g = grad(x, i)
        callback(x, i, g)
        velocity = mass * velocity - (1 - mass) * g
        x = x + step_size * velocity
    return x


@unflatten_optimizer
def rmsprop(
    grad: Function, x: Any, callback: Function, num_iters: int = 100, step_size: float = 0.1,
    gamma: float = 0.9, eps: float = 1e-8,
) -> Any:  # fmt: skip
    """Take steps divided by a running root mean square of the gradient, which starts at 1.

    Examples
    --------
    >>> rmsprop(lambda x, i: x, np.ones(1), num_iters=1, step_size=0.5).round(6)
    array([0.5])
    """
    squares = np.ones_like(x)
    for i in range(num_iters):
        g = grad(x, i)
        callback(x, i, g)
        squares = gamma * squares + (1 - gamma) * g**2
        x = x - step_size * g / (np.sqrt(squares) + eps)
    return x


@unflatten_optimizer
def adam(
    grad: Function, x: Any, callback: Function, num_iters: int = 100, step_size: float = 0.001,
    b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8,
) -> Any:  # fmt: skip
    """Descend by Adam: D. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2014).

    Examples
    --------
    >>> adam(lambda x, i: x, np.ones(1), num_iters=1, step_size=0.5).round(6)
    array([0.5])
    """
    mean, square = np.zeros_like(x), np.zeros_like(x)
    for i in range(num_iters):
        g = grad(x, i)
        callback(x, i, g)
        mean = b1 * mean + (1 - b1) * g
        square = b2 * square + (1 - b2) * g**2
        corrected = mean / (1 - b1 ** (i + 1)), square / (1 - b2 ** (i + 1))
        x = x - step_size * corrected[0] / (np.sqrt(corrected[1]) + eps)
    return x


__all__ = ["adam", "rmsprop", "sgd", "unflatten_optimizer"]
