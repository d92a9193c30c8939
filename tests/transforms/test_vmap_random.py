"""Random draws under vmap: refused, different for each example, or the same for all, as asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import OperandError, UnsupportedError, grad, primitive, vmap
from autograd_core.randomness import draw
from nn import transforms

F = nn.functional
RNG = np.random.default_rng


def attention(weights: bool) -> Any:
    model = nn.MultiheadAttention(4, 2, dropout=0.5).requires_grad_(False)
    return lambda x: model(x, x, x, need_weights=weights)[0]


def transformer() -> Any:
    return nn.TransformerEncoderLayer(4, 2, 8, 0.5).requires_grad_(False)


def recurrent(kind: Any) -> Any:
    model = kind(4, 8, 2, dropout=0.5).requires_grad_(False)
    return lambda x: model(x)[0]


# everything in the library that draws: name -> a function of one example, and its shape
DRAWS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "dropout": (F.dropout, (40,)),
    "dropout2d": (F.dropout2d, (2, 20, 3, 3)),
    "Dropout": (nn.Dropout(0.5), (40,)),
    "Dropout2d": (nn.Dropout2d(0.5), (2, 20, 3, 3)),
    "attention": (attention(True), (5, 2, 4)),
    "attention, fused": (attention(False), (5, 2, 4)),
    "LSTM": (recurrent(nn.LSTM), (5, 2, 4)),
    "GRU": (recurrent(nn.GRU), (5, 2, 4)),
    "RNN": (recurrent(nn.RNN), (5, 2, 4)),
    "transformer layer": (
        nn.TransformerEncoderLayer(4, 2, 8, 0.5).requires_grad_(False),
        (5, 2, 4),
    ),
    "noise": (lambda x: transforms.noise(0.5)(x, nn.random.generator()), (40,)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_each_choice(name: str) -> None:
    f, shape = DRAWS[name]
    alike = np.ones((3, *shape), np.float32) * RNG(0).uniform(0.5, 1, shape).astype(np.float32)
    with pytest.raises(UnsupportedError, match='randomness="different"'):
        vmap(f)(alike)
    nn.manual_seed(0)
    same = np.asarray(vmap(f, randomness="same")(alike))
    np.testing.assert_allclose(same[0], same[1], rtol=1e-5)
    nn.manual_seed(0)
    np.testing.assert_allclose(same[0], np.asarray(f(alike[0])), rtol=1e-4, atol=1e-6)
    nn.manual_seed(0)
    different = np.asarray(vmap(f, randomness="different")(alike))
    assert not np.allclose(different[0], different[1])
    assert not np.allclose(different[1], different[2])
    nn.manual_seed(0)
    assert np.array_equal(different, np.asarray(vmap(f, randomness="different")(alike)))


def test_the_derivative_meets_the_same_numbers() -> None:
    x = RNG(1).normal(size=(3, 40))
    f = lambda v: np.sum(F.dropout(v) ** 2)
    nn.manual_seed(0)
    slopes = vmap(grad(f), randomness="different")(x)
    nn.manual_seed(0)
    kept = vmap(F.dropout, randomness="different")(np.ones_like(x))
    np.testing.assert_allclose(slopes, 2 * kept**2 * x)
    assert 0 < np.mean(kept == 0) < 1


@pytest.mark.parametrize("outer", ["different", "same"])
@pytest.mark.parametrize("inner", ["different", "same"])
def test_nested(outer: str, inner: str) -> None:
    """Each vmap decides for its own axis."""
    x = np.ones((2, 3, 30))
    found = vmap(vmap(F.dropout, randomness=inner), randomness=outer)(x)
    assert found.shape == x.shape
    assert np.array_equal(found[0], found[1]) == (outer == "same")
    assert np.array_equal(found[:, 0], found[:, 1]) == (inner == "same")
    with pytest.raises(UnsupportedError):
        vmap(vmap(F.dropout, randomness=inner))(x)
    with pytest.raises(UnsupportedError):
        vmap(vmap(F.dropout), randomness=outer)(x)


def test_only_what_draws_is_refused() -> None:
    x = np.ones((3, 4))
    assert np.array_equal(vmap(nn.Dropout(0.5).eval())(x), x)
    assert np.array_equal(vmap(lambda v: F.dropout(v, 0.0))(x), x)
    assert F.dropout(x, 0.5).shape == x.shape
    with pytest.raises(UnsupportedError):
        vmap(lambda v: F.dropout(np.ones(3)))(x)  # of what no example changes, too
    assert F.dropout(x, 0.5).shape == x.shape  # the refusal left nothing behind
    with pytest.raises(OperandError, match="'error', 'different', 'same'"):
        vmap(np.sin, randomness="often")


def test_draws_of_ones_own() -> None:
    rng = RNG(0)
    f = lambda x: x + draw(rng.standard_normal, np.shape(x), "jitter")
    assert len(np.unique(vmap(f, randomness="different")(np.zeros(5)))) == 5
    assert len(np.unique(vmap(f, randomness="same")(np.zeros(5)))) == 1
    with pytest.raises(UnsupportedError, match="jitter"):
        vmap(f)(np.zeros(5))


def test_batch_norm_in_training() -> None:
    """Running statistics have no batch axis; without them there is nothing to refuse."""
    x = RNG(2).normal(size=(3, 6, 4))
    layer = nn.BatchNorm1d(4, dtype=float).requires_grad_(False)
    with pytest.raises(UnsupportedError, match="track_running_stats=False"):
        vmap(layer)(x)
    assert np.all(layer.running_mean == 0)
    free = nn.BatchNorm1d(4, track_running_stats=False, dtype=float).requires_grad_(False)
    for f in (free, layer.eval(), lambda v: grad(lambda v: np.sum(free(v) ** 3))(v)):
        wanted = np.stack([np.asarray(f(v)) for v in x])
        np.testing.assert_allclose(np.asarray(vmap(f)(x)), wanted, rtol=1e-9, atol=1e-12)


def test_a_primitive_of_ones_own_takes_no_stacks_unless_it_says_so() -> None:
    """A category is for pictures: it does not promise that a rule works on stacks."""
    square = primitive(
        lambda a: a @ a, vjp=[lambda g, y, a: g @ a.T + a.T @ g], arity=1, name="squared matrix",
        category="linalg",
    )  # fmt: skip
    x = RNG(3).normal(size=(4, 3, 3))
    with pytest.warns(UserWarning, match="squared matrix"):
        through = grad(lambda x: np.sum(vmap(square)(x) ** 2))(x)
    wanted = np.stack([grad(lambda a: np.sum(square(a) ** 2))(a) for a in x])
    np.testing.assert_allclose(through, wanted)
