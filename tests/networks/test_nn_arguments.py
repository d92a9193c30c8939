"""A tracked value in each place of each function of nn.functional: differentiated, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases.nn_functions import CASES, FUNCTIONS, call

import nn
from autograd_core import Tensor, grad, jvp
from autograd_core.base.errors import AutogradError, OperandError, SettingError

F = nn.functional

# what counts as a constant: settings, and targets that choose a branch
REFUSED = {
    "alpha_dropout": {"p"},
    "batch_norm": {"eps", "momentum"},
    "cosine_embedding_loss": {"target"},
    "cosine_similarity": {"eps"},
    "dropout": {"p"},
    "dropout1d": {"p"},
    "dropout2d": {"p"},
    "dropout3d": {"p"},
    "feature_alpha_dropout": {"p"},
    "group_norm": {"eps"},
    "hinge_embedding_loss": {"target"},
    "hinge_loss": {"target"},
    "instance_norm": {"eps", "momentum"},
    "layer_norm": {"eps"},
    "normalize": {"p", "eps"},
    "rms_norm": {"eps"},
    "pairwise_distance": {"p", "eps"},
    "pdist": {"p"},
    "triplet_margin_loss": {"p"},
}
PLACES = [
    (name, k, place)
    for name, k in CASES
    for place, value in FUNCTIONS[name][k].items()
    if isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")
]


def test_the_table_is_complete() -> None:
    assert sorted(FUNCTIONS) == sorted(F.__all__)


def differences(f: Any, x: Any, h: float = 1e-6) -> Any:
    found = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[k] = h
        found[k] = (f(x + step) - f(x - step)) / (2 * h)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "k", "place"), PLACES)
def test_each_place(name: str, k: int, place: str) -> None:
    given = FUNCTIONS[name][k]
    shape = np.shape(call(name, given))
    seed = np.random.default_rng(1).normal(size=shape)

    def f(value: Any) -> Any:
        return np.sum(call(name, given | {place: value}) * seed)

    x = np.array(given[place])
    if place in REFUSED.get(name, ()):
        for run in (
            lambda: f(Tensor(x, requires_grad=True)),
            lambda: grad(f)(x),
            lambda: jvp(f, (x,), (np.ones_like(x),)),
        ):
            with pytest.raises(AutogradError, match=f"{name}: {place}= is treated as a constant"):
                run()
        return
    wanted = differences(f, x)
    np.testing.assert_allclose(grad(f)(x), wanted, rtol=2e-5, atol=1e-7)
    direction = np.random.default_rng(2).normal(size=x.shape)
    _, pushed = jvp(f, (x,), (direction,))
    np.testing.assert_allclose(pushed, np.sum(wanted * direction), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize(("name", "k", "place"), PLACES)
def test_second_order_of_each_place(name: str, k: int, place: str) -> None:
    given = FUNCTIONS[name][k]
    if place in REFUSED.get(name, ()):
        pytest.skip("refused")
    seed = np.random.default_rng(1).normal(size=np.shape(call(name, given)))

    def f(value: Any) -> Any:
        return np.sum(np.tanh(call(name, given | {place: value})) * seed)

    x = np.array(given[place])
    direction = np.random.default_rng(2).normal(size=x.shape)
    slope = grad(f)
    h = 1e-6
    wanted = (slope(x + h * direction) - slope(x - h * direction)) / (2 * h)
    np.testing.assert_allclose(jvp(slope, (x,), (direction,))[1], wanted, rtol=1e-4, atol=1e-6)
    back = grad(lambda x: np.sum(slope(x) * direction))(x)
    np.testing.assert_allclose(back, wanted, rtol=1e-4, atol=1e-6)


def test_no_smoothing_is_a_number_too() -> None:
    given = FUNCTIONS["cross_entropy"][1]
    for target in (given["target"], given["input"] ** 2):

        def f(amount: Any, target: Any = target) -> Any:
            return call("cross_entropy", given | {"target": target, "label_smoothing": amount})

        h = 1e-7
        np.testing.assert_allclose(grad(f)(0.0), (f(h) - f(0.0)) / h, rtol=1e-5)
    with pytest.raises(AutogradError, match="beta must not be negative"):
        grad(lambda beta: F.smooth_l1_loss(np.ones(2), np.zeros(2), beta=beta))(0.0)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3, 4)])
@pytest.mark.parametrize("need_weights", [True, False])
def test_a_learned_mask_of_multihead_attention(shape: Any, need_weights: bool) -> None:
    nn.manual_seed(0)
    layer = nn.MultiheadAttention(4, 2, batch_first=True, dtype=float)
    rng = np.random.default_rng(0)
    q, k, mask = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 4, 4)), rng.normal(size=shape)
    padding = rng.normal(size=(2, 4))
    seed = rng.normal(size=(2, 3, 4))

    def f(mask: Any, padding: Any) -> Any:
        return np.sum(layer(q, k, k, padding, need_weights, mask)[0].data * seed)

    def traced(mask: Any, padding: Any) -> Any:
        return np.sum(layer(q, k, k, padding, need_weights, mask)[0] * seed)

    for place in (0, 1):
        given = [mask, padding]

        def one(x: Any, f: Any = traced, place: int = place, given: Any = given) -> Any:
            return f(*given[:place], x, *given[place + 1 :])

        wanted = differences(lambda x, one=one: one(x, f), given[place])
        found = Tensor(given[place], requires_grad=True)
        one(found).backward()
        np.testing.assert_allclose(found.grad, wanted, rtol=1e-5, atol=1e-8)
        _, pushed = jvp(one, (given[place],), (np.ones_like(given[place]),))
        np.testing.assert_allclose(np.asarray(pushed.data), wanted.sum(), rtol=1e-5, atol=1e-8)


def test_a_learned_mask_of_self_attention_equals_the_constant_one() -> None:
    nn.manual_seed(0)
    layer = nn.MultiheadAttention(4, 2, dtype=float)
    x, mask = np.random.default_rng(0).normal(size=(3, 2, 4)), np.ones((3, 3))
    mask[0, 1] = mask[2] = -np.inf  # one place hidden, one row with nothing to look at
    constant = layer(x, x, x, None, False, mask)[0]
    learned = layer(x, x, x, None, False, Tensor(mask, requires_grad=True))[0]
    np.testing.assert_allclose(learned.data, constant.data, rtol=1e-12)


@pytest.mark.parametrize("name", ["elu", "layer_norm", "batch_norm", "group_norm", "max_pool1d",
                                  "max_pool2d", "adaptive_max_pool2d", "leaky_relu", "silu",
                                  "linear", "conv2d", "avg_pool2d", "gelu"])  # fmt: skip
def test_a_result_that_is_not_needed_may_change(name: str) -> None:
    for given in FUNCTIONS[name]:
        place = "x" if "x" in given else "input"
        found = []
        for change in (False, True):
            x = Tensor(given[place], requires_grad=True)
            y = call(name, given | {place: x})
            kept = y * 1.0
            if change:
                y += 5.0
            np.sum(kept**2).backward()
            found.append(x.grad)
        np.testing.assert_array_equal(*found)


def test_keywords_that_change_nothing_and_those_that_are_unknown() -> None:
    x, t = np.array([[0.2, 0.7], [0.5, 0.1]]), np.array([0, 1])
    losses = {
        "binary_cross_entropy": x, "binary_cross_entropy_with_logits": x, "cross_entropy": t,
        "kl_div": x, "l1_loss": x, "mse_loss": x, "multi_margin_loss": t, "nll_loss": t,
        "smooth_l1_loss": x,
    }  # fmt: skip
    for name, target in losses.items():
        f = getattr(nn.functional, name)
        assert f(x, target, size_average=None, reduce=None) == f(x, target)
        for key in ("size_average", "reduce"):
            with pytest.raises(SettingError, match=f"{name}: {key}=True.*use reduction="):
                f(x, target, **{key: True})
        with pytest.raises(
            OperandError, match=f"{name}: .*reductoin=; did you mean reduction=.*input=, target="
        ):
            f(x, target, reductoin="sum")
        with pytest.raises(OperandError, match=f"{name}: target= must be given"):
            f(x, reduction="sum", reduce=None)
    np.testing.assert_array_equal(nn.functional.dropout(x, 0.0, inplace=True), x)
