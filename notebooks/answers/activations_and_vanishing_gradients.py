"""Answers of page 7."""

import numpy as np

import nn
from autograd_core import grad, vmap

sigmoid = nn.functional.sigmoid
STEEPEST = grad(sigmoid)(0.0)


def _steeper_tanh():
    z = np.linspace(-2, 2, 401)
    return vmap(grad(lambda z: np.tanh(2 * z)))(z).max()


def _bound():
    return STEEPEST**10


def _leaky():
    return grad(lambda z: nn.functional.leaky_relu(z, 0.1))(-1.0) ** 3


def _largest_weight():
    return 1 / STEEPEST


def _he():
    nn.manual_seed(0)
    layer = nn.Linear(30, 3000)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return float(np.std(layer.weight.data))


def _skip():
    return grad(lambda x: x + sigmoid(x))(0.0) ** 8


def _swish(answer):
    z = np.array([-3.0, -0.4, 0.9, 2.5])
    return np.allclose([answer(x) for x in z], vmap(grad(lambda x: x * sigmoid(x)))(z))


def _width():
    z = np.linspace(-5, 5, 4001)
    grows = 6 * vmap(grad(sigmoid))(z) > 1
    return z[grows].max() - z[grows].min()


EXERCISES = (
    _steeper_tanh,
    _leaky,
    _bound,
    _largest_weight,
    _he,
    _skip,
    _swish,
    _width,
)
