"""Answers of page 11."""

import numpy as np

import nn
from autograd_core import grad, no_grad


def _size():
    with no_grad():
        return nn.Conv2d(1, 1, 5)(np.zeros((1, 1, 28, 28), np.float32)).shape[-1]


def _one_place():
    edge = np.array([[1.0, 0, -1], [1, 0, -1], [1, 0, -1]])
    patch = np.array([[1.0, 1, 0], [1, 1, 0], [1, 1, 0]])
    return float(
        np.asarray(nn.functional.conv2d(patch[None, None], edge[None, None])).item()
    )


def _weights():
    return sum(p.size for p in nn.Conv2d(3, 16, 3).parameters())


def _strided():
    layer = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    with no_grad():
        return layer(np.zeros((1, 1, 8, 8), np.float32)).shape[-1]


def _field(*layers):
    """Return how many pixels wide the receptive field of a unit in the middle is."""
    for layer in layers:
        for p in layer.parameters():
            p.data[:] = 1.0

    def unit(p):
        x = p[None, None]
        for layer in layers:
            x = layer(x)
        return x[0, 0, x.shape[2] // 2, x.shape[3] // 2]

    return int(np.any(grad(unit)(np.ones((64, 64))) != 0, axis=0).sum())


def _convolution():
    return nn.Conv2d(1, 1, 3, padding=1, dtype=np.float64).requires_grad_(False)


def _three():
    return _field(*(_convolution() for _ in range(3)))


def _pooled():
    return _field(
        _convolution(), nn.AvgPool2d(2), _convolution(), nn.AvgPool2d(2), _convolution()
    )


def _filter_gradient(answer):
    rng = np.random.default_rng(0)
    x, g = rng.normal(size=9), rng.normal(size=7)

    def loss(w):
        return sum(g[i] * np.sum(w * x[i : i + 3]) for i in range(7))

    return np.allclose(answer(g, x), grad(loss)(np.zeros(3)))


EXERCISES = (_size, _one_place, _weights, _strided, _three, _pooled, _filter_gradient)
