"""Lists beside batched values, in functions without derivative: their axes count as an array's."""

import numpy as np
import pytest

import autograd_core
from autograd_core.operations.primitive import REGISTRY, Constant

COMPARING = sorted(
    (f for f, rule in REGISTRY.items()
     if isinstance(f, np.ufunc) and isinstance(rule, Constant) and f.nin == 2),
    key=lambda f: f.__name__,
)  # fmt: skip
X = np.array([[0.4, 1.2], [0.9, 0.3]])
N = np.array([[4, 12], [9, 3]])


def _values(f):
    """Return arguments, and a list, of the kind of number that a ufunc takes."""
    for x, beside in (X, [0.5, 0.3]), (N, [6, 8]):
        try:
            f(x[0], beside)
        except TypeError:
            continue
        return x, beside
    raise AssertionError(f)


@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize("f", COMPARING, ids=lambda f: f.__name__)
def test_every_ufunc_without_derivative(f, kind):
    x, beside = _values(f)
    beside = kind(beside)
    for g in (lambda v: f(v[0], beside), lambda v: f(beside, v[0]), lambda v: f(v, beside)):
        expected = np.stack([g(v) for v in x])
        np.testing.assert_array_equal(autograd_core.vmap(g)(x), expected)
        nested = autograd_core.vmap(autograd_core.vmap(g))(x[None])[0]
        np.testing.assert_array_equal(nested, expected)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0] < [x[1], 0.5],
        lambda x: np.less_equal([[x[1]], (0.9,)], x),
        lambda x: np.isclose(x[0], [0.4, 0.3]),
        lambda x: np.isclose([0.4, 0.3], x[0], atol=[0.1, 0.6]),
        lambda x: (x[0] > 0.5) & [True, False],
        lambda x: np.interp([0.1, 0.7], x, [1.0, 2.0]),
    ],
)
def test_lists_beside_batched_values(f):
    expected = np.stack([f(v) for v in X])
    np.testing.assert_array_equal(autograd_core.vmap(f)(X), expected)
