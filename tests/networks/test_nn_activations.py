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
    np.testing.assert_allclose(F.softmin(x, 0, beta=2.5), F.softmax(-x, 0, temperature=0.4))
    np.testing.assert_allclose(F.softmin(x, 0, beta=-0.5), F.softmax(x, 0, temperature=2.0))
    np.testing.assert_allclose(F.softmin(x, 0, beta=0), 0.5)
    np.testing.assert_allclose(F.softmin([[1e4, 2e4]], beta=3), [[1, 0]], atol=1e-12)
    for wrong in (np.inf, -np.inf, np.nan):
        with pytest.raises(ShapeError, match="beta must be a finite number"):
            F.softmin(x, 0, beta=wrong)
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


ZEROS, OTHER = np.array([0.0, 1.0, -2.0, 0.0]), np.array([0.0, 1.0, -1.0, 0.5])
WEIGHTS = np.array([0.3, -1.0, 0.5, 2.0])
SMOOTH_AT_0 = {
    **{name: lambda x, name=name: np.sum(getattr(F, name)(x) * WEIGHTS) for name in
       ("mish", "silu", "gelu", "softplus", "logsigmoid", "tanhshrink", "sigmoid", "softmax",
        "log_softmax")},
    **{name: lambda x, name=name: getattr(F, name)(x, ZEROS) for name in
       ("mse_loss", "smooth_l1_loss", "huber_loss")},
    "normalize": lambda x: np.sum(F.normalize(x, dim=0) * WEIGHTS),
    "pairwise_distance": lambda x: F.pairwise_distance(x, WEIGHTS * [0, 1, 1, 1], eps=0),
    "pdist": lambda x: np.sum(F.pdist(np.stack([x, OTHER, WEIGHTS]))),
    "cosine_similarity": lambda x: F.cosine_similarity(x, OTHER, dim=0),
    "cosine_embedding_loss": lambda x: F.cosine_embedding_loss(x, OTHER, np.array(1)),
    "with logits": lambda x: F.binary_cross_entropy_with_logits(x, np.abs(OTHER)),
    "soft_margin_loss": lambda x: F.soft_margin_loss(x, np.array([1, -1, 1, -1])),
    "layer_norm": lambda x: np.sum(F.layer_norm(x, (4,)) * WEIGHTS),
    "rms_norm": lambda x: np.sum(F.rms_norm(x, (4,)) * WEIGHTS),
    "poisson_nll_loss": lambda x: F.poisson_nll_loss(x, np.arange(4.0)),
    "gaussian_nll_loss": lambda x: F.gaussian_nll_loss(x, OTHER, np.ones(4)),
    "lp_pool1d": lambda x: np.sum(F.lp_pool1d(x.reshape(1, 1, 4), 2, 2)),
    "kl_div": lambda x: F.kl_div(x, np.arange(4.0) / 6),
}  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH_AT_0)
def test_second_derivatives_at_zeros(name: str) -> None:
    """Where a function is smooth, a 0 or two equal numbers are like any others."""
    f, step = SMOOTH_AT_0[name], 1e-5
    g = grad(f)
    found = np.stack([grad(lambda x, k=k: g(x)[k])(ZEROS) for k in range(4)])
    wanted = [(g(ZEROS + step * e) - g(ZEROS - step * e)) / (2 * step) for e in np.eye(4)]
    np.testing.assert_allclose(found, np.stack(wanted), atol=1e-5)


def test_cosine_embedding_of_short_vectors() -> None:
    """1e-12 is added to each squared length; at the margin the slope is 1: PyTorch's numbers."""
    x, y = np.array([[3e-7, 4e-7], [1.0, 2.0]]), np.array([[2.0, 0.0], [1e-6, 0.0]])
    squares = (x * x).sum(1) + 1e-12, (y * y).sum(1) + 1e-12
    cos = (x * y).sum(1) / np.sqrt(squares[0] * squares[1])
    np.testing.assert_allclose(F.cosine_embedding_loss(x, y, np.ones(2), reduction="none"), 1 - cos)
    found = grad(lambda x: F.cosine_embedding_loss(x, np.array([0.0, 1.0]), np.array(-1)))(
        np.array([1.0, 0.0])
    )
    np.testing.assert_allclose(found, [0, 1], atol=1e-11)
