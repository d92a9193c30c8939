"""Axes under vmap: any sequence of integers that NumPy takes."""

import numpy as np
import pytest

import autograd_core

AXES = [
    lambda x, axes: np.moveaxis(x, axes(0, 1), axes(1, 2)),
    lambda x, axes: np.tensordot(x, np.ones((2, 3)), axes=(axes(0, 1), axes(0, 1))),
    lambda x, axes: np.roll(x, axes(1, 2), axis=axes(0, 1)),
]


@pytest.mark.parametrize(
    "axes", [lambda a, b: (a, b), lambda a, b: [a, b], lambda a, b: range(a, b + 1),
             lambda a, b: np.array([a, b])], ids=["tuple", "list", "range", "array"],
)  # fmt: skip
@pytest.mark.parametrize("f", AXES)
def test_axes_under_vmap_may_be_any_sequence(f, axes):
    x = np.arange(48.0).reshape(2, 2, 3, 4)
    made = autograd_core.vmap(lambda a: f(a, axes))(x)
    np.testing.assert_array_equal(made, np.stack([f(a, axes) for a in x]))
