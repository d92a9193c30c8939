"""Answers of page 6. Functions are judged on points of the plane."""

import itertools

import numpy as np

from nn.models import MLP


def _crossing():
    return -1.0 / np.polyfit([0.0, 1.0], [1.0, 3.0], 1)[0]  # 2 x + 1 = 0


def _linear_stack():
    stack = MLP([2, 16, 16, 1]).linears()
    return sum(layer.weight.size for layer in stack), 1 * 2


def _weights():
    return sum(p.size for p in MLP([2, 32, 32, 1]).parameters())


def _bends(answer):
    c2, v1, v2 = answer
    s = np.array([0.0, 1.0, 1.0, 2.0])
    return np.allclose(v1 * np.maximum(0, s) + v2 * np.maximum(0, s - c2), [0, 1, 1, 0])


def _regions():
    """Count crossings: each line adds a region, and one more for each line that it crosses."""
    angles, offsets = np.array([0.1, 0.9, 1.7, 2.5]), np.array([1.0, -2.0, 0.5, 3.0])
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    pairs = map(list, itertools.combinations(range(4), 2))
    crossings = {tuple(np.linalg.solve(normals[k], offsets[k]).round(9)) for k in pairs}
    return 1 + len(angles) + len(crossings)


def _pieces():
    return 5 + 1


def _triangle(answer):
    at = np.linspace(-0.53, 1.51, 12)
    return all(
        (answer(x, y) > 0) == (x > 0 and y > 0 and x + y < 1)
        for x, y in itertools.product(at, at)
    )


EXERCISES = (_crossing, _linear_stack, _weights, _bends, _pieces, _regions, _triangle)
