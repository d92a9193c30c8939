"""nn.utils: vectors, fusion, norms of weights, parametrizations, pruning, sequences; averages."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core import AutogradError, Tensor, grad
from autograd_core.base.errors import OperandError, SettingError

RNG = np.random.default_rng(5)
utils = nn.utils


def test_vectors_of_parameters_and_back() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1)).double()
    vector = utils.parameters_to_vector(model.parameters())
    np.sum(vector**2).backward()
    np.testing.assert_allclose(model[0].weight.grad.data, 2 * model[0].weight.data)
    utils.vector_to_parameters(vector * 2, model.parameters())
    np.testing.assert_allclose(utils.parameters_to_vector(model.parameters()).data, 2 * vector.data)
    for wrong in (np.ones(3), np.ones((11, 1))):
        with pytest.raises(AutogradError, match=r"the parameters need \(11,\)"):
            utils.vector_to_parameters(wrong, model.parameters())
    with pytest.raises(AutogradError, match="no parameters"):
        utils.parameters_to_vector([])


def test_norms_of_gradients() -> None:
    p = [Tensor(np.zeros(2), requires_grad=True), Tensor(np.zeros(3), requires_grad=True)]
    grads = [np.array([3.0, 0.0]), np.array([0.0, 4.0, 0.0])]
    assert utils.get_total_norm(grads) == 5.0
    assert utils.get_total_norm(Tensor([3.0, -4.0]), np.inf) == 4.0
    for a, g in zip(p, grads, strict=True):
        a.grad = g.copy()
    utils.clip_grads_with_norm_(p, 1.0, 10.0)
    np.testing.assert_allclose(p[0].grad.data, [0.3, 0.0], rtol=1e-6)
    assert optim.clip_grad_norm_ is utils.clip_grad_norm_


@pytest.mark.parametrize("transpose", [False, True])
def test_fused_convolutions_do_the_same(transpose: bool) -> None:
    conv = (nn.ConvTranspose2d(3, 4, 3) if transpose else nn.Conv2d(4, 4, 3, groups=2)).double()
    bn = nn.BatchNorm2d(4).double()
    for array in (bn.weight.data, bn.bias.data, bn.running_mean):
        array[...] = RNG.normal(size=4)
    bn.running_var[...] = RNG.uniform(0.5, 2, 4)
    x = RNG.normal(size=(2, 3 if transpose else 4, 5, 5))
    with pytest.raises(AutogradError, match="eval mode"):
        utils.fuse_conv_bn_eval(conv, bn)
    conv.eval(), bn.eval()
    with nn.use_kernels(compiled=False):
        fused = utils.fuse_conv_bn_eval(conv, bn, transpose)
        np.testing.assert_allclose(fused(x).data, bn(conv(x)).data, rtol=1e-10, atol=1e-12)
        linear, flat = (
            nn.Linear(3, 4, bias=False).double().eval(),
            nn.BatchNorm1d(4).double().eval(),
        )
        flat.running_mean[...] = RNG.normal(size=4)
        rows = RNG.normal(size=(2, 3))
        both = utils.fuse_linear_bn_eval(linear, flat)
        assert both.bias is not None
        np.testing.assert_allclose(both(rows).data, flat(linear(rows)).data, rtol=1e-10)


LAYERS: list[Any] = [
    lambda: nn.Linear(3, 4), lambda: nn.Conv1d(3, 4, 2), lambda: nn.ConvTranspose1d(3, 4, 2),
]  # fmt: skip


@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.parametrize("new", [True, False], ids=["parametrization", "older keys"])
@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm"])
def test_norms_of_weights_train_and_come_off(make: Any, new: bool, kind: str) -> None:
    layer = make().double()
    before, x = (
        layer.weight.data.copy(),
        RNG.normal(size=(2, 3) if layer.weight.ndim < 3 else (2, 3, 5)),
    )
    (getattr(utils.parametrizations, kind) if new else getattr(utils, kind))(layer)
    if kind == "weight_norm":
        np.testing.assert_allclose(layer.weight.data, before)
    else:
        layer.eval()
        matrix = layer.weight.data.swapaxes(0, 1) if "Transpose" in type(layer).__name__ else (
            layer.weight.data)  # fmt: skip
        top = np.linalg.svd(matrix.reshape(len(matrix), -1))[1][0]
        assert abs(top - 1) < 0.05
    with nn.use_kernels(compiled=False):
        names = [name for name, _ in layer.named_parameters()]
        values = {name: p.data.copy() for name, p in layer.named_parameters()}
        free = next(n for n in names if n != "bias")

        def loss(w: Any) -> Any:
            y = nn.functional_call(layer, {**values, free: w}, (x,))
            return np.sum(np.sin(y))

        found, h = grad(loss)(values[free]), 1e-6
        direction = RNG.normal(size=found.shape)
        wanted = (loss(values[free] + h * direction) - loss(values[free] - h * direction)) / (2 * h)
        np.testing.assert_allclose(np.sum(found * direction), wanted, rtol=1e-5)
        again = pickle.loads(pickle.dumps(copy.deepcopy(layer)))
        np.testing.assert_array_equal(again(x).data, layer(x).data)
        kept = layer.weight.data.copy()
        with pytest.raises(OperandError, match="is computed from other parameters"):
            layer.weight = nn.Parameter(kept).data
        if new:
            utils.parametrize.remove_parametrizations(layer, "weight")
        else:
            getattr(utils, f"remove_{kind}")(layer)
    assert isinstance(layer.weight, nn.Parameter)
    np.testing.assert_allclose(layer.weight.data, kept)
    assert sorted(layer.state_dict()) == ["bias", "weight"]


class Symmetric(nn.Module):
    """Upper triangle, mirrored."""

    def forward(self, x: Any) -> Any:
        """Mirror."""
        return np.triu(x) + np.triu(x, 1).T


class Doubled(nn.Module):
    """Twice, with an inverse."""

    def forward(self, x: Any) -> Any:
        """Double."""
        return 2 * x

    def right_inverse(self, x: Any) -> Any:
        """Halve."""
        return x / 2


def test_parametrizations_one_after_the_other() -> None:
    parametrize = utils.parametrize
    layer = nn.Linear(3, 3).double()
    parametrize.register_parametrization(layer, "weight", Symmetric())
    parametrize.register_parametrization(layer, "weight", Doubled())
    value = layer.weight.data
    np.testing.assert_array_equal(value, value.T)
    assert parametrize.is_parametrized(layer)
    assert not parametrize.is_parametrized(layer, "bias")
    assert len(layer.parametrizations.weight) == 2
    assert isinstance(layer.parametrizations.weight, parametrize.ParametrizationList)
    assert type(layer.parametrizations.weight[1]) is Doubled
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert layer.weight is not layer.weight
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    with pytest.raises(OperandError, match="is not parametrized"):
        parametrize.remove_parametrizations(layer, "weight")
    with pytest.raises(OperandError, match="has no parameter 'wieght'"):
        parametrize.register_parametrization(layer, "wieght", Symmetric())
    with pytest.raises(OperandError, match="register_parametrization: a ufunc is no Module"):
        parametrize.register_parametrization(layer, "weight", np.tanh)  # type: ignore[arg-type]
    with pytest.raises(AutogradError, match="unsafe=True"):
        parametrize.register_parametrization(layer, "weight", nn.Flatten(0))
    assert isinstance(layer.weight, nn.Parameter)


def test_parametrizations_of_several_parameters_come_off_one_by_one() -> None:
    parametrize, layer = utils.parametrize, nn.Linear(3, 3).double()
    weight, bias = layer.weight.data.copy(), layer.bias.data.copy()
    parametrize.register_parametrization(layer, "weight", Doubled())
    parametrize.register_parametrization(layer, "bias", Doubled())
    parametrize.register_parametrization(layer, "bias", nn.Tanh())  # it has no inverse
    np.testing.assert_array_equal(layer.bias.data, np.tanh(bias))
    parametrize.remove_parametrizations(layer, "weight")
    np.testing.assert_array_equal(layer.weight.data, weight)
    assert not parametrize.is_parametrized(layer, "weight")
    assert parametrize.is_parametrized(layer, "bias")
    np.testing.assert_array_equal(layer.bias.data, np.tanh(bias))
    parametrize.remove_parametrizations(layer, "bias")
    assert not parametrize.is_parametrized(layer)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    utils.parametrizations.weight_norm(layer)
    with pytest.raises(OperandError, match="weight has several originals, none of which has its"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    np.testing.assert_allclose(layer.weight.data, weight)


def test_pruning_leaves_what_matters() -> None:
    prune = utils.prune
    layer = nn.Linear(4, 3).double()
    values = layer.weight.data.copy()
    prune.l1_unstructured(layer, "weight", amount=5)
    prune.l1_unstructured(layer, "weight", amount=0.5)  # of the seven that are left
    kept = np.sort(np.abs(values).reshape(-1))[-3:]
    np.testing.assert_array_equal(np.sort(np.abs(layer.weight.data[layer.weight.data != 0])), kept)
    np.sum(layer(np.ones((1, 4)))).backward()
    np.testing.assert_array_equal(layer.weight_orig.grad.data != 0, layer.weight_mask != 0)
    assert prune.is_pruned(nn.Sequential(layer))
    assert prune.remove(layer, "weight").weight.data.astype(bool).sum() == 3
    assert not prune.is_pruned(layer)
    for chosen in (
        lambda m: prune.ln_structured(m, "weight", 1, n=2, dim=0),
        lambda m: prune.random_structured(m, "weight", 1, dim=0),
    ):
        mask = chosen(nn.Linear(4, 3)).weight_mask
        assert sorted(mask.sum(axis=1)) == [0, 4, 4]
    scores = [[3.0, 1.0], [0.0, 2.0]]
    mask = prune.l1_unstructured(nn.Linear(2, 2), "weight", 2, importance_scores=scores).weight_mask
    assert mask.tolist() == [[1, 0], [0, 1]]
    mask = prune.ln_structured(
        nn.Linear(2, 2), "weight", 1, 1, 0, importance_scores=np.array(scores)
    ).weight_mask
    assert mask.tolist() == [[1, 1], [0, 0]]
    with pytest.raises(AutogradError, match=r"l1_unstructured: .*shape \(3,\), .* \(2, 2\)"):
        prune.l1_unstructured(nn.Linear(2, 2), "weight", 1, importance_scores=[1.0, 2.0, 3.0])
    assert prune.random_unstructured(nn.Linear(4, 3), "bias", 1).bias_mask.sum() == 2
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[0].weight.data *= 100
    prune.global_unstructured([(m, "weight") for m in model], prune.L1Unstructured, amount=0.5)
    assert model[0].weight_mask.sum() > 14
    prune.global_unstructured([(model[0], "bias")], prune.RandomUnstructured(), amount=1)
    assert list(prune.identity(nn.Linear(1, 1), "weight").state_dict())[-1] == "weight_mask"
    for wrong in (
        lambda: prune.l1_unstructured(nn.Linear(2, 2), "weight", 5),
        lambda: prune.l1_unstructured(nn.Linear(2, 2), "weight", 1.5),
        lambda: prune.custom_from_mask(nn.Linear(2, 2), "weight", np.ones(3)),
        lambda: prune.ln_structured(nn.Linear(2, 2), "bias", 1, 2, 0),
        lambda: prune.remove(nn.Linear(2, 2), "weight"),
        lambda: prune.global_unstructured([], prune.L1Unstructured, amount=1),
        lambda: prune.identity(utils.weight_norm(nn.Linear(2, 2)), "weight"),
    ):
        with pytest.raises(AutogradError):
            wrong()


def test_sequences_are_padded_and_cut() -> None:
    rows = [RNG.normal(size=(n, 2)) for n in (3, 1, 2)]
    padded = utils.rnn.pad_sequence(rows, batch_first=True, padding_value=7.0)
    assert padded.shape == (3, 3, 2)
    assert (padded[1, 1:] == 7).all()
    for a, b in zip(utils.rnn.unpad_sequence(padded, [3, 1, 2], True), rows, strict=True):
        np.testing.assert_array_equal(a, b)
    left = utils.rnn.pad_sequence(rows, padding_side="left")
    np.testing.assert_array_equal(left[-1], [r[-1] for r in rows])
    x = Tensor(rows[1], requires_grad=True)
    np.sum(utils.rnn.pad_sequence([rows[0], x]) * 3).backward()
    np.testing.assert_array_equal(x.grad.data, 3 * np.ones((1, 2)))
    with pytest.raises(AutogradError, match="must be equal"):
        utils.rnn.pad_sequence([np.ones((2, 2)), np.ones((2, 3))])


@pytest.mark.parametrize("decay", [None, 0.75])
def test_averages_of_weights(decay: float | None, tmp_path: Any) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).double()
    average = nn.AveragedModel(model, avg_fn=None if decay is None else nn.get_ema_avg_fn(decay))
    states, optimizer = [], optim.SGD(model.parameters(), lr=0.5)
    x = RNG.normal(size=(8, 2))
    for _ in range(4):
        optimizer.zero_grad()
        np.sum(np.sin(model(x)) * np.arange(2)).backward()
        optimizer.step()
        average.update_parameters(model)
        states.append(model[0].weight.data.copy())
    wanted = states[0]
    for state in states[1:]:
        wanted = decay * wanted + (1 - decay) * state if decay else wanted
    np.testing.assert_allclose(
        average.module[0].weight.data, wanted if decay else np.mean(states, axis=0)
    )
    assert list(average.state_dict())[:2] == ["n_averaged", "module.0.weight"]
    assert int(average.n_averaged) == 4
    nn.update_bn([x[:4], (x[4:], None)], average)
    hidden = average.module[0](x).data
    np.testing.assert_allclose(average.module[1].running_mean, hidden.mean(axis=0))
    assert average.module[1].momentum == 0.1
    whole = nn.AveragedModel(model, avg_fn=nn.get_ema_avg_fn(0.5), use_buffers=True)
    whole.update_parameters(model)
    before = model[1].running_mean.copy()
    model[1].running_mean[...] = [3.0, 5.0]
    whole.update_parameters(model)
    np.testing.assert_allclose(whole.module[1].running_mean, (before + np.array([3.0, 5.0])) / 2)
    unread = iter("ab")
    nn.update_bn(unread, model[:1])  # no batch norm: nothing to compute
    assert next(unread) == "a"
    with pytest.raises(SettingError, match="not both"):
        nn.AveragedModel(model, avg_fn=nn.get_swa_avg_fn(), multi_avg_fn=lambda *a: None)
    assert nn.swa_utils.SWALR is optim.lr_scheduler.SWALR


def test_weights_of_fused_layers_are_given_alone() -> None:
    statistics = RNG.normal(size=2), RNG.uniform(1, 2, 2), 1e-5, np.ones(2), np.zeros(2)
    for fuse, w in (
        (utils.fuse_conv_bn_weights, RNG.normal(size=(2, 3, 1))),
        (utils.fuse_linear_bn_weights, RNG.normal(size=(2, 3))),
    ):
        weight, bias = fuse(w, None, *statistics)
        factor = 1 / np.sqrt(statistics[1] + 1e-5)
        np.testing.assert_allclose(weight.data, w * factor.reshape(2, *(1,) * (w.ndim - 1)))
        np.testing.assert_allclose(bias.data, -statistics[0] * factor)
        with pytest.raises(AutogradError, match="2 channels"):
            fuse(w[:1], None, *statistics)
        plain, shift = fuse(w, None, *statistics[:3], None, None)  # a norm without both
        np.testing.assert_array_equal(plain.data, weight.data)
        np.testing.assert_array_equal(shift.data, bias.data)


def test_what_cannot_be_fused_is_told() -> None:
    bare, norm = nn.BatchNorm1d(2, track_running_stats=False).eval(), nn.BatchNorm1d(2).eval()
    with pytest.raises(AutogradError, match=r"fuse_linear_bn_eval: .*keeps no running statistics"):
        utils.fuse_linear_bn_eval(nn.Linear(2, 2).eval(), bare)
    conv = nn.ConvTranspose1d(2, 2, 1, groups=2).eval()
    with pytest.raises(AutogradError, match=r"fuse_conv_bn_eval: .* must have one group"):
        utils.fuse_conv_bn_eval(conv, norm, transpose=True)


def test_a_norm_that_is_not_there_does_not_come_off() -> None:
    for remove in (utils.remove_weight_norm, utils.remove_spectral_norm):
        with pytest.raises(OperandError, match="has none"):
            remove(nn.Linear(2, 2))
    one = utils.parametrizations.spectral_norm(nn.Linear(2, 2).double(), "bias")
    np.testing.assert_allclose(np.linalg.norm(one.bias.data), 1)
    both = utils.weight_norm(utils.spectral_norm(nn.Linear(2, 2), "weight"), "bias", dim=None)
    assert sorted(both.state_dict()) == [
        "bias_g", "bias_v", "weight_orig", "weight_u", "weight_v"
    ]  # fmt: skip
    with pytest.raises(OperandError, match="is computed already"):
        utils.weight_norm(both)
    with pytest.raises(AutogradError, match="no axis 5"):
        utils.weight_norm(nn.Linear(2, 2), dim=5)
    whole = nn.Linear(2, 2)
    with pytest.raises(AutogradError, match=r"spectral_norm: there is no axis 5 in shape \(2, 2\)"):
        utils.spectral_norm(whole, dim=5)
    assert sorted(whole.state_dict()) == ["bias", "weight"]
