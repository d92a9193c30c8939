"""Answers of page 12. Formulas are judged beside the engine's gradients."""

import numpy as np

import nn
from autograd_core import Graph, Tensor, grad


def _messages():
    w, h = Tensor(0.5, requires_grad=True), 1.0
    for _ in range(50):
        h = np.tanh(w * h)
    graph = Graph(h)
    return graph.branches[graph.node(w)]


def _between():
    def last(x):
        h = 0.0
        for t in range(20):
            h = 0.9 * h + x[t]
        return h

    return grad(last)(np.zeros(20))[9]


def _gate():
    gate = float(nn.functional.sigmoid(3.0))

    def straight(c):
        for _ in range(40):
            c = gate * c
        return c

    return grad(straight)(1.0)


def _weights():
    scores = np.array([[0.0, 5.0], [2.0, 1.0]]) @ np.array([1.0, 0.0]) / np.sqrt(2)
    return np.asarray(nn.functional.softmax(scores, 0))


def _causal():
    return int(np.tri(8).sum())


def _step(answer):
    rng = np.random.default_rng(0)
    W, U = rng.normal(size=(3, 3)), rng.normal(size=(3, 2))
    before, x, dh = rng.normal(size=3), rng.normal(size=2), rng.normal(size=3)

    def loss(before, W):
        return dh @ np.tanh(W @ before + U @ x)

    given = answer(dh, W, before, np.tanh(W @ before + U @ x))
    right = grad(loss, argnums=(0, 1))(before, W)
    return all(np.allclose(a, b) for a, b in zip(given, right, strict=True))


def _keys(answer):
    Q, K, V, dO = np.random.default_rng(0).normal(size=(4, 5, 3))

    def loss(K):
        return np.sum(dO * nn.functional.scaled_dot_product_attention(Q, K, V))

    return np.allclose(answer(dO, Q, K, V), grad(loss)(K))


EXERCISES = (_messages, _between, _gate, _weights, _causal, _step, _keys)
