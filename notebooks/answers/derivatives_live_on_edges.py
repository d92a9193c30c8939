"""Answers of page 1."""

import numpy as np

from autograd_core import Graph, Tensor, grad, gradients, jacobian


def _edge():
    x = Tensor(2.0, requires_grad=True)
    q = x**2
    return float(Graph(q).local_derivative(Graph(q).edges[0]))


def _paths():
    x = Tensor(2.0, requires_grad=True)
    return Graph((x * x) * (x + x)).paths(x)


def _two_paths():
    x = Tensor(2.0, requires_grad=True)
    u = x * 0.5
    return gradients(np.exp(u) * u, [x])[0].item()


def _first_order():
    return 0.01 * grad(lambda x: np.sin(x * 0.5) + x**2)(1.2)


def _not_zero():
    to_A = jacobian(lambda A: A @ np.array([1.0, 2.0, 3.0, 4.0]))(np.ones((3, 4)))
    return int(np.count_nonzero(to_A))


def _chain_of_two():
    def f(p):
        return np.stack([p[0] * p[1], p[0] + p[1]])

    return grad(lambda p: np.prod(f(p)))(np.array([2.0, 3.0]))


def _by_hand(answer):
    at = np.array([-1.3, 0.2, 0.9, 2.1])
    right = np.array([grad(lambda x: x * np.sin(x**2))(x) for x in at])
    return np.allclose([answer(x) for x in at], right)


EXERCISES = (_edge, _paths, _first_order, _two_paths, _not_zero, _chain_of_two, _by_hand)
