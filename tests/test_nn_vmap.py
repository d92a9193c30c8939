"""Layers and losses under vmap: equal to a loop over the examples, with and without gradients."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import ShapeError, UnsupportedError, grad, hvp, vmap
from nn.functional.attention import self_attention
from nn.functional.gru import gru_layer
from nn.functional.lstm import lstm_layer

F = nn.functional
RNG = np.random.default_rng(0)
W, B, X = RNG.normal(size=(3, 4)), RNG.normal(size=3), RNG.normal(size=(5, 4))
LOGITS, LABELS = RNG.normal(size=(5, 2, 3)), RNG.integers(0, 3, (5, 2))
SEQUENCES, H = RNG.normal(size=(5, 4, 2, 4)), np.zeros((2, 3))
LSTM = [RNG.normal(size=s) for s in ((12, 4), (12, 3), (12,), (12,))]
GRU = [w[:9] for w in LSTM]
PACKED = RNG.normal(size=(5, 2, 3, 12))
ENDS = np.array([4, 2])

# name: (a scalar function of one example, its batched arguments)
CASES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "linear": (lambda x: np.sum(F.linear(x, W, B) ** 2), (X,)),
    "linear, no bias": (lambda x: np.sum(F.linear(x, W) ** 2), (X,)),
    "linear, weights": (lambda w: np.sum(F.linear(X, w, B) ** 2), (RNG.normal(size=(6, 3, 4)),)),
    "cross entropy": (lambda z: F.cross_entropy(z, LABELS[0]), (LOGITS,)),
    "labels too": (lambda z, t: F.cross_entropy(z, t), (LOGITS, LABELS)),
    "one row, its label": (lambda z, t: F.cross_entropy(z, t), (LOGITS[:, 0], LABELS[:, 0])),
    "smoothed": (lambda z, t: F.cross_entropy(z, t, label_smoothing=0.2), (LOGITS, LABELS)),
    "distributions": (lambda z, q: F.cross_entropy(z, q), (LOGITS, F.softmax(LOGITS[::-1]))),
    "class weights": (
        lambda w: F.cross_entropy(LOGITS[0], LABELS[0], weight=w),
        (1 + X[:, :3] ** 2,),
    ),
    "weighted margins": (
        lambda w: F.multi_margin_loss(LOGITS[0], LABELS[0], weight=w),
        (1 + X[:, :3] ** 2,),
    ),
    "learned mask": (
        lambda m: np.sum(F.scaled_dot_product_attention(X, X, X, m[:, None] * m) ** 2),
        (RNG.normal(size=(4, 5)),),
    ),
    "cosine": (lambda x: np.sum(F.cosine_similarity(x, W, dim=0)), (X,)),
    "squared error": (lambda x: F.mse_loss(x, X[0]), (X,)),
    "lstm": (lambda x: np.sum(lstm_layer(x, H, H, *LSTM)[0] ** 2), (SEQUENCES,)),
    "lstm, lengths": (
        lambda x: np.sum(lstm_layer(x, H, H, *LSTM, lengths=ENDS)[2] ** 2),
        (SEQUENCES,),
    ),
    "gru": (lambda x: np.sum(gru_layer(x, H, *GRU)[0] ** 2), (SEQUENCES,)),
    "attention": (lambda x: np.sum(self_attention(x, heads=2) ** 2), (PACKED,)),
}


@pytest.mark.parametrize("name", CASES)
def test_vmap_is_a_loop(name: str) -> None:
    f, given = CASES[name]
    direction = np.ones_like(given[0][0])
    rest = given[1:]
    functions = {
        "value": f,
        "gradient": grad(f),
        "second": lambda x, *rest: hvp(lambda x: f(x, *rest), (x,), (direction,)),
    }
    for what, function in functions.items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no operation is run example by example
            found = vmap(function)(*given)
        wanted = np.stack([function(*(a[k] for a in given)) for k in range(len(given[0]))])
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11, err_msg=what)
    assert len(rest) <= 1


def test_a_gradient_for_each_example() -> None:
    model = nn.Sequential(nn.Linear(4, 8, dtype=float), nn.Tanh(), nn.Linear(8, 3, dtype=float))
    weight = model[0].weight.data

    def loss(w: Any, x: Any, t: Any) -> Any:
        hidden = np.tanh(F.linear(x, w, model[0].bias.data))
        return F.cross_entropy(F.linear(hidden, model[2].weight.data, model[2].bias.data), t)

    each = vmap(grad(loss), (None, 0, 0))(weight, X, LABELS[:, 0])
    assert each.shape == (5, 8, 4)
    together = grad(lambda w: loss(w, X, LABELS[:, 0]))(weight)
    np.testing.assert_allclose(each.mean(axis=0), together, rtol=1e-12)


def test_what_labels_of_their_own_cannot_have() -> None:
    with pytest.raises(UnsupportedError, match="weight="):
        vmap(lambda z, t: F.cross_entropy(z, t, weight=np.ones(3)))(LOGITS, LABELS)
    with pytest.raises(ShapeError, match="targets"):
        vmap(lambda z, t: F.cross_entropy(z, t))(LOGITS, LABELS[:, 0])
