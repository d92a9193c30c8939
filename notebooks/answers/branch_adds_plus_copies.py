"""Answers of page 2."""

import numpy as np

from autograd_core import Graph, Tensor, branch, grad, gradients, plus


def _messages():
    x = Tensor(3.0, requires_grad=True)
    return Graph(x * x + x).paths(x)  # each edge out of x begins one


def _back(output, x):
    return gradients(output, [x])[0].data


def _copied():
    x = Tensor(1.0, requires_grad=True)
    return float(_back(plus(*branch(x, 3)) * 7.0, x))


def _bias():
    b = Tensor(np.zeros(4), requires_grad=True)
    return _back(np.sum(np.ones((32, 4)) + b), b)


def _doubled():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(10):
        y = y + y
    return Graph(y).paths(x)


def _by_hand():
    x = Tensor(3.0, requires_grad=True)
    h = x * x
    g = h + x
    return float(_back(g * h, x))


def _residual():
    def block(x):
        return x + 0.5 * x

    return grad(lambda x: block(block(block(block(x)))))(1.0)


def _two_gradients(answer):
    for x, y in ((2.0, 3.0), (-1.5, 0.5), (0.3, -2.0)):
        right = grad(lambda x, y: (x + y) * (x * y), argnums=(0, 1))(x, y)
        if not np.allclose(answer(x, y), right):
            return False
    return True


EXERCISES = (_messages, _copied, _bias, _doubled, _by_hand, _residual, _two_gradients)
