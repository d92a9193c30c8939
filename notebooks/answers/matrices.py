"""Answers of page 5. Formulas are judged on random matrices, beside the engine's gradients."""

import numpy as np

from autograd_core import cost, grad


def _random(*shapes):
    rng = np.random.default_rng(3)
    return [rng.normal(size=shape) for shape in shapes]


def _shape():
    X, W = _random((32, 784), (784, 100))
    return grad(lambda W: np.sum(X @ W))(W).shape


def _by_hand():
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    return grad(lambda W: np.sum(np.eye(2) * (X @ W)))(np.ones((2, 2)))


def _rank():
    X, delta = _random((5, 64), (5, 30))
    return int(np.linalg.matrix_rank(X.T @ delta))


def _flops():
    X, W = np.ones((32, 784)), np.ones((784, 100))
    return int(2 * cost(np.matmul, X, W, measure=False).function.flops)


def _torch_layer(answer):
    X, W, delta = _random((5, 4), (3, 4), (5, 3))
    return np.allclose(answer(X, delta), grad(lambda W: np.sum(delta * (X @ W.T)))(W))


def _quadratic_form(answer):
    A, x = _random((4, 4), (4,))
    return np.allclose(answer(A, x), grad(lambda x: x @ A @ x)(x))


def _layer_norm(answer):
    def forward(x):
        u = x - np.mean(x, axis=1, keepdims=True)
        return u / np.sqrt(np.mean(u**2, axis=1, keepdims=True))

    g, x = _random((5, 7), (5, 7))
    return np.allclose(answer(g, x), grad(lambda x: np.sum(g * forward(x)))(x))


EXERCISES = (_shape, _by_hand, _rank, _flops, _torch_layer, _quadratic_form, _layer_norm)
