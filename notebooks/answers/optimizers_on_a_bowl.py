"""Answers of page 9."""

import math

import numpy as np

import optim
from autograd_core import Tensor, grad, hessian


def _bowl(p):
    return 0.5 * (p[0] ** 2 + 50 * p[1] ** 2)


def _slope():
    return grad(_bowl)(np.array([2.0, 1.0]))


def _largest_rate():
    return 2 / np.linalg.eigvalsh(hessian(_bowl)(np.zeros(2))).max()


def _coupled():
    A = np.array([[3.0, 1.0], [1.0, 3.0]])
    return 2 / np.linalg.eigvalsh(hessian(lambda p: 0.5 * p @ (A @ p))(np.zeros(2))).max()


def _shares():
    root = math.sqrt(100)
    return (100 - 1) / (100 + 1), (root - 1) / (root + 1)


def _steps():
    error, steps = 1.0, 0
    while error > 1e-3:
        error, steps = error * _shares()[0], steps + 1
    return steps


def _walk(kind, steps, slope, **settings):
    p = Tensor([0.0], requires_grad=True)
    optimizer = kind([p], **settings)
    path = [0.0]
    for _ in range(steps):
        p.grad = np.array([slope])
        optimizer.step()
        path.append(p.item())
    return np.array(path)


def _last_step():
    path = _walk(optim.SGD, 300, -1.0, lr=0.1, momentum=0.9)
    return path[-1] - path[-2]


def _first_step():
    return abs(_walk(optim.Adam, 1, 1234.5, lr=0.01)[1])


def _newton(answer):
    rng = np.random.default_rng(0)
    for _ in range(3):
        half, b, p = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)
        A = half @ half.T + np.eye(4)
        if not np.allclose(A @ answer(A, b, p), b):
            return False
    return True


EXERCISES = (
    _slope,
    _largest_rate,
    _last_step,
    _first_step,
    _coupled,
    _shares,
    _steps,
    _newton,
)
