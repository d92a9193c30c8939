"""Answers of page 8."""

import numpy as np

import nn
from autograd_core import grad

sigmoid = nn.functional.sigmoid
with_logits = nn.functional.binary_cross_entropy_with_logits


def _entropy(a, y):
    return -(y * np.log(a) + (1 - y) * np.log(1 - a))


def _half():
    return grad(lambda z: with_logits(z, np.array(1.0)))(0.0)


def _nothing_known():
    return nn.functional.cross_entropy(np.zeros((1, 10)), np.array([3])).item()


def _ratio():
    steep = grad(lambda z: _entropy(sigmoid(z), 0.0))(5.0)
    return steep / grad(lambda z: (sigmoid(z) - 0.0) ** 2 / 2)(5.0)


def _three_classes():
    scores = np.array([1.0, 2.0, 3.0])
    return grad(lambda z: nn.functional.cross_entropy(z[None], np.array([2])))(scores)


def _least():
    a = np.linspace(0.001, 0.999, 9999)
    return _entropy(a, 0.3).min()


def _stable(answer):
    for z, y in ((800.0, 0.0), (-800.0, 0.0), (3.0, 1.0), (-40.0, 1.0), (0.5, 0.3)):
        with np.errstate(over="raise", invalid="raise"):
            try:
                given = answer(z, y)
            except FloatingPointError:
                return False
        if not np.isclose(given, with_logits(np.array(z), np.array(y)).item()):
            return False
    return True


def _for_tanh(answer):
    for z, y in ((-1.5, 1.0), (0.3, -1.0), (2.0, 0.5)):
        a = np.tanh(z)
        if not np.isclose(answer(a, y) * grad(np.tanh)(z), a - y):
            return False
    return True


EXERCISES = (_half, _nothing_known, _ratio, _three_classes, _least, _stable, _for_tanh)
