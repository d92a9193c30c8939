"""Modules: what they register, how they change, hooks, state dicts, text, summary."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import AutogradError, Tensor, checkpoint, jvp


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.ReLU()])
        self.scale = nn.Parameter(np.ones(4, np.float32))
        self.register_buffer("offset", np.zeros(4, np.float32), persistent=False)
        self.note = "plain attributes stay plain"

    def forward(self, x: Any) -> Any:
        x = self.norm(self.first(x))
        for layer in self.layers:
            x = layer(x)
        return x * self.scale + self.offset


def batch(n: int = 5, features: int = 3) -> Any:
    return np.random.default_rng(0).normal(size=(n, features)).astype(np.float32)


def test_registration_and_names() -> None:
    net = Net()
    names = [name for name, _ in net.named_parameters()]
    assert names == [
        "scale", "first.weight", "first.bias", "norm.weight", "norm.bias", "layers.0.weight",
        "layers.0.bias",
    ]  # fmt: skip
    assert [n for n, _ in net.named_modules()] == [
        "", "first", "norm", "layers", "layers.0", "layers.1",
    ]  # fmt: skip
    assert [n for n, _ in net.named_children()] == ["first", "norm", "layers"]
    state = net.state_dict()
    assert "offset" not in state
    assert "norm.num_batches_tracked" in state
    assert net.get_submodule("layers.1").__class__ is nn.ReLU
    assert net.get_parameter("layers.0.bias").shape == (4,)
    del net.scale
    assert "scale" not in net.state_dict()
    with pytest.raises(AttributeError):
        _ = net.scale


def test_train_eval_apply_freeze_and_dtype() -> None:
    net = Net()
    assert not net.eval().layers.training
    assert net.train().norm.training
    seen: list[str] = []
    net.apply(lambda m: seen.append(type(m).__name__))
    assert seen[-1] == "Net"
    assert net(batch()).dtype == np.float32
    net.requires_grad_(False)
    assert not net(batch()).requires_grad
    net.requires_grad_().double()
    assert net.norm.running_mean.dtype == np.float64
    assert net.norm.num_batches_tracked.dtype == np.int64
    assert net(batch().astype(float)).dtype == np.float64


def test_zero_grad_sets_none_or_zeros() -> None:
    net = Net()
    np.sum(net(batch()) ** 2).backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(not p.grad.data.any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_a_shared_parameter_counts_once_and_gets_both_gradients() -> None:
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Tanh(), nn.Linear(3, 3, bias=False))
    model[2].weight = model[0].weight
    assert len(list(model.parameters())) == 1
    assert nn.summary(model, batch()).parameters == 9
    np.sum(model(batch())).backward()
    w = model[0].weight.data.astype(float)
    x = batch().astype(float)
    h = np.tanh(x @ w.T)
    by_second = np.ones((5, 3)).T @ h
    by_first = ((1 - h * h) * (np.ones((5, 3)) @ w)).T @ x
    np.testing.assert_allclose(model[0].weight.grad.data, by_first + by_second, 1e-4)
    state = model.state_dict()
    assert set(state) == {"0.weight", "2.weight"}
    assert not model.load_state_dict({"0.weight": np.zeros((3, 3))}).missing_keys


def test_copies_are_independent() -> None:
    net = Net()
    for made in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        made.first.weight.data[...] = 0
        assert net.first.weight.data.any()
        assert made.first.weight.requires_grad


def test_containers() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    assert len(model) == 3
    assert isinstance(model[-1], nn.Linear)
    assert model[:2](batch()).shape == (5, 4)
    assert model[:2][0] is model[0]
    model.insert(1, nn.BatchNorm1d(4))
    assert list(model._modules) == ["0", "1", "2", "3"]
    del model[1]
    assert model(batch()).shape == (5, 2)
    model[1] = nn.Tanh()
    assert isinstance(model[1], nn.Tanh)
    named = nn.Sequential({"in": nn.Linear(3, 2), "out": nn.Tanh()})
    assert list(named.state_dict()) == ["in.weight", "in.bias"]
    heads = nn.ModuleDict({"a": nn.Linear(3, 2)})
    heads["b"] = nn.Tanh()
    assert sorted(heads.keys()) == ["a", "b"]
    with pytest.raises(AutogradError, match="it has a, b"):
        heads["c"]
    with pytest.raises(IndexError, match="out of range for 3 modules"):
        model[3]


def test_hooks_see_and_replace() -> None:
    layer = nn.Linear(3, 2, bias=False).double()
    x = batch().astype(float)
    seen: list[Any] = []
    pre = layer.register_forward_pre_hook(lambda m, args: (args[0] * 2,))
    post = layer.register_forward_hook(lambda m, args, out: seen.append(out.shape))
    np.testing.assert_allclose(layer(x).detach().data, 2 * x @ layer.weight.data.T)
    assert seen == [(5, 2)]
    pre.remove()
    post.remove()
    pre.remove()
    assert layer._hooks == {}
    t = Tensor(x, requires_grad=True)

    def backward(module: Any, grad_input: Any, grad_output: Any) -> Any:
        seen.append((grad_input[0].shape, grad_output[0].shape))
        return (grad_input[0] * 3,)

    with layer.register_full_backward_hook(backward):
        np.sum(layer(t)).backward()
    assert seen[1:] == [((5, 3), (5, 2))]
    np.testing.assert_allclose(t.grad.data, 3 * np.ones((5, 2)) @ layer.weight.data)
    with layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].shape))):
        np.sum(layer(x)).backward()
    assert seen[-1] == ((None,), (5, 2))


def test_repr_is_a_tree() -> None:
    assert repr(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.Dropout(0.1)))) == (
        "Sequential(\n"
        "  (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))\n"
        "  (1): Sequential(\n"
        "    (0): Dropout(p=0.1)\n"
        "  )\n"
        ")"
    )


def test_summary_counts_flops_and_parameters() -> None:
    model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.Flatten(), nn.Dropout(0.5), nn.Linear(96, 10))
    table = nn.summary(model, np.zeros((2, 1, 8, 8), np.float32))
    rows = {row.name: row for row in table.rows}
    assert rows["0"].shape == (2, 6, 4, 4)
    assert rows["0"].parameters == 156
    assert rows["0"].flops == 2 * 6 * 16 * (2 * 25 + 1)
    assert rows["3"].flops == 2 * 10 * (2 * 96 + 1)
    assert table.parameters == 156 + 970
    assert model.training
    assert not model._hooks
    lstm = nn.summary(nn.LSTM(3, 4), np.zeros((5, 2, 3), np.float32))
    bends_and_products = 4 * (5 * 8 + 4)  # of each state: docs/cost.md
    assert lstm.flops == 5 * 2 * (16 * (2 * 7 + 3) + bends_and_products)


def test_functional_call_makes_a_pure_function_of_the_parameters() -> None:
    layer = nn.Linear(3, 1, bias=False).double()
    x = batch().astype(float)
    w, v = np.ones((1, 3)), np.array([[1.0, 0.0, 2.0]])
    out, t = jvp(lambda w: nn.functional_call(layer, {"weight": w}, x), (w,), (v,))
    np.testing.assert_allclose(out, x @ w.T)
    np.testing.assert_allclose(t, x @ v.T)
    assert isinstance(layer.weight, nn.Parameter)
    with pytest.raises(AutogradError, match="no parameter 'wait'"):
        nn.functional_call(layer, {"wait": w}, x)


# --- randomness -------------------------------------------------------------


def test_seed_state_and_layers_of_their_own() -> None:
    layer = nn.Dropout(0.5)
    x = np.ones(50)
    nn.manual_seed(3)
    first = layer(x)
    state = nn.get_rng_state()
    second = layer(x)
    assert (first != second).any()
    nn.set_rng_state(state)
    np.testing.assert_array_equal(layer(x), second)
    nn.manual_seed(3)
    np.testing.assert_array_equal(copy.deepcopy(layer)(x), first)
    assert abs(nn.Dropout(0.3)(np.ones(100_000)).mean() - 1) < 0.02
    assert set(np.unique(nn.Dropout2d(0.5)(np.ones((4, 8, 3, 3))).sum(axis=(2, 3)))) == {0, 18}


def test_checkpoint_draws_the_same_mask_again() -> None:
    layer = nn.Sequential(nn.Linear(3, 50), nn.Dropout(0.5)).double()
    x = Tensor(batch().astype(float), requires_grad=True)
    nn.manual_seed(5)
    np.sum(layer(x) ** 2).backward()
    expected = x.grad.data.copy()
    x.grad = None
    nn.manual_seed(5)
    np.sum(checkpoint(layer.__call__)(x) ** 2).backward()
    np.testing.assert_allclose(x.grad.data, expected, 1e-12)


INITS = [
    ("xavier_uniform_", {}, np.sqrt(2 / (300 + 200))),
    ("xavier_normal_", {"gain": 2.0}, 2 * np.sqrt(2 / (300 + 200))),
    ("kaiming_uniform_", {"nonlinearity": "relu"}, np.sqrt(2 / 200)),
    ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}, np.sqrt(2 / 300)),
    ("fan_in_normal_", {}, np.sqrt(1 / 200)),
    ("normal_", {"std": 0.3}, 0.3),
    ("uniform_", {"a": -1.0, "b": 1.0}, np.sqrt(1 / 3)),
    ("trunc_normal_", {"std": 1.0, "a": -1.0, "b": 1.0}, 0.5396),
    ("orthogonal_", {}, np.sqrt(1 / 300)),
]


@pytest.mark.parametrize(("name", "keywords", "spread"), INITS, ids=lambda v: str(v))
def test_init_has_the_right_spread(name: str, keywords: Any, spread: float) -> None:
    w = nn.Parameter(np.empty((300, 200), np.float32))
    made = getattr(nn.init, name)(w, generator=np.random.default_rng(0), **keywords)
    assert made is w
    assert abs(float(w.data.std()) / spread - 1) < 0.02
    assert abs(float(w.data.mean())) < 0.02 * spread + 1e-3


# --- regularizers -----------------------------------------------------------


def test_penalties_leave_biases_alone() -> None:
    layer = nn.Linear(3, 2).double()
    (nn.l2_penalty(layer, 0.5) + nn.l1_penalty(layer, 0.25)).backward()
    w = layer.weight.data
    np.testing.assert_allclose(layer.weight.grad.data, 0.5 * w + 0.25 * np.sign(w))
    assert layer.bias.grad is None


def test_activity_sparsity_pushes_towards_the_target() -> None:
    layer = nn.ActivitySparsity(1.0, target=0.1)
    z = Tensor(np.full((4, 3), 0.5), requires_grad=True)
    assert layer(z) is z
    layer.penalty.backward()
    assert (z.grad.data > 0).all()  # active more often than wanted: descent lowers it
    expected = 3 * (0.1 * np.log(0.1 / 0.5) + 0.9 * np.log(0.9 / 0.5))
    np.testing.assert_allclose(layer.penalty.item(), expected)


def test_step_trains_only_straight_through() -> None:
    x = Tensor(np.array([-2.0, -0.5, 0.5]), requires_grad=True)
    np.sum(nn.Step()(x)).backward()
    assert not x.grad.data.any()
    x.grad = None
    np.sum(nn.Step(straight_through=True)(x)).backward()
    np.testing.assert_array_equal(x.grad.data, [0, 1, 1])


def test_batch_norm_statistics_in_float32_with_a_large_mean() -> None:
    x = (1000 + np.random.default_rng(0).normal(size=(64, 8, 6, 6))).astype(np.float32)
    layer = nn.BatchNorm2d(8)
    y = layer(x).detach().data
    assert abs(y.mean()) < 1e-3
    assert abs(y.std() - 1) < 1e-3
    np.testing.assert_allclose(layer.running_mean, 0.1 * x.mean(axis=(0, 2, 3)), 1e-5)


def test_recorded_lines_are_the_users() -> None:
    from autograd_core import Graph

    out = nn.Sequential(nn.Linear(3, 2), nn.ReLU())(batch())
    files = {node.location.file for node in Graph(out).nodes if node.primitive is not None}
    assert files == {__file__}


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_recurrent_layers_promote_dtypes_as_numpy_does(name: str) -> None:
    x = np.ones((3, 2, 4))
    for layer, data, wanted in (
        (getattr(nn, name)(4, 3), x, np.float64),
        (getattr(nn, name)(4, 3).double(), x.astype(np.float32), np.float64),
        (getattr(nn, name)(4, 3), x.astype(np.float32), np.float32),
    ):
        out, _ = layer(data)
        assert out.dtype == wanted
        np.sum(out).backward()
        assert layer.weight_hh_l0.grad.dtype == layer.weight_hh_l0.dtype
