"""PyTorch's small activations: their kinks, their limits, and their names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import ShapeError, grad, jvp, vmap

F = nn.functional

# function, settings, where, value, derivative: what PyTorch 2.13 answers
KINKS: list[tuple[str, dict[str, float], float, float, float]] = [
    ("hardtanh", {}, -1.0, -1.0, 0.0),
    ("hardtanh", {}, 1.0, 1.0, 0.0),
    ("hardtanh", {"min_val": -2.0, "max_val": 0.5}, 0.5, 0.5, 0.0),
    ("hardsigmoid", {}, -3.0, 0.0, 0.0),
    ("hardsigmoid", {}, 3.0, 1.0, 0.0),
    ("hardswish", {}, -3.0, 0.0, 0.0),
    ("hardswish", {}, 3.0, 3.0, 1.0),
    ("hardshrink", {}, 0.5, 0.0, 0.0),
    ("hardshrink", {"lambd": 1.0}, -1.0, 0.0, 0.0),
    ("softshrink", {}, -0.5, 0.0, 0.0),
    ("softshrink", {}, 0.5, 0.0, 0.0),
    ("threshold", {"threshold": 0.5, "value": 3.0}, 0.5, 3.0, 0.0),
    ("softsign", {}, 0.0, 0.0, 1.0),
    ("celu", {"alpha": 0.3}, 0.0, 0.0, 1.0),
    ("elu", {"alpha": 2.0}, 0.0, 0.0, 2.0),
    ("tanhshrink", {}, 0.0, 0.0, 0.0),
    ("mish", {}, 0.0, 0.0, 0.6),
    ("mish", {}, 300.0, 300.0, 1.0),
    ("mish", {}, -300.0, 0.0, 0.0),
    ("logsigmoid", {}, -300.0, -300.0, 1.0),
    ("logsigmoid", {}, 300.0, 0.0, 0.0),
    ("elu", {}, -40.0, -1.0, float(np.exp(-40))),
]


@pytest.mark.parametrize("case", KINKS, ids=str)
def test_kinks_and_limits(case: Any) -> None:
    name, settings, x, value, slope = case

    def f(x: Any) -> Any:
        return getattr(F, name)(x, **settings)

    np.testing.assert_allclose(f(np.array(x)), value, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(grad(f)(x), slope, rtol=1e-12, atol=1e-30)
    np.testing.assert_allclose(jvp(f, (x,), (1.0,))[1], slope, rtol=1e-12, atol=1e-30)
    xs = np.full((2, 3), x)
    np.testing.assert_allclose(vmap(vmap(grad(f)))(xs), slope, rtol=1e-12, atol=1e-30)
    found = f(xs.astype(np.float32))
    assert found.dtype == np.float32
    assert grad(lambda x: np.sum(f(x)))(xs.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("name", "settings"), sorted({(n, tuple(k.items())) for n, k, *_ in KINKS})
)
def test_nan_stays_nan(name: str, settings: Any) -> None:
    found = getattr(F, name)(np.array([np.nan, 1.0]), **dict(settings))
    assert np.isnan(found[0])
    assert not np.isnan(found[1])


def test_names_and_halves() -> None:
    assert F.logsigmoid is F.log_sigmoid
    x = np.random.default_rng(0).normal(size=(2, 4))
    np.testing.assert_allclose(F.softmin(x, 0), F.softmax(-x, 0))
    np.testing.assert_allclose(F.glu(x), x[:, :2] / (1 + np.exp(-x[:, 2:])))
    np.testing.assert_allclose(F.glu(x, 0), x[:1] / (1 + np.exp(-x[1:])))
    for wrong in (np.ones(3), np.array(1.0)):
        with pytest.raises(ShapeError, match="does not divide into halves"):
            F.glu(wrong)


def test_distances_and_unit_vectors() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(4, 1, 3)), rng.normal(size=(2, 3))
    for p in (1.0, 2.0, 3.0, np.inf):
        wanted = np.linalg.norm(a - b + 1e-6, p, axis=-1)
        np.testing.assert_allclose(F.pairwise_distance(a, b, p), wanted, rtol=1e-14)
        assert F.pairwise_distance(a, b, p, keepdim=True).shape == (4, 2, 1)
        np.testing.assert_allclose(np.linalg.norm(F.normalize(b, p), p, axis=1), 1, rtol=1e-14)
    with pytest.raises(ShapeError, match="do not broadcast"):
        F.pairwise_distance(a, rng.normal(size=(2, 4)))
    zeros = np.zeros((2, 3))
    np.testing.assert_array_equal(F.normalize(zeros), zeros)
    for f in (F.normalize, lambda x: F.pairwise_distance(x, x)):
        with pytest.raises(ShapeError, match="needed"):
            f(np.array(1.0))
