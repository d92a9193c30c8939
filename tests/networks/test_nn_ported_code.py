"""Names of PyTorch's that ported code calls now and then, against plain NumPy and differences."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core import AutogradError, Tensor, compile, gradcheck, vmap
from nn.utils.orthogonal import matrix_exp

RNG = np.random.default_rng(21)


# --- initial values -------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_dirac_kernel_copies_its_inputs(axes: int, groups: int) -> None:
    kernel = nn.init.dirac_(Tensor(np.empty((6, 4 // groups, *(3, 5, 1)[:axes]))), groups).data
    x = RNG.normal(size=(2, 4, *(5, 6, 3)[:axes]))
    convolve = getattr(nn.functional, f"conv{axes}d")
    found = convolve(x, kernel, padding=(1, 2, 0)[:axes], groups=groups)
    inputs, outputs = 4 // groups, 6 // groups
    for k in range(6):
        group, place = divmod(k, outputs)
        wanted = x[:, group * inputs + place] if place < inputs else 0 * x[:, 0]
        np.testing.assert_array_equal(found[:, k], wanted)


def test_a_sparse_matrix_has_its_zeros_in_every_column() -> None:
    w = nn.init.sparse_(np.empty((50, 400)), 0.33, 2.0, np.random.default_rng(0))
    assert set((w == 0).sum(axis=0)) == {17}  # 16.5, rounded up
    assert len(set(map(tuple, (w == 0).T))) == 400  # at other places in each
    assert abs(w[w != 0].std() - 2) < 0.05
    for wrong in (
        lambda: nn.init.sparse_(np.empty(3), 0.1),
        lambda: nn.init.sparse_(w, 1.1),
        lambda: nn.init.sparse_(w, 0.1, -1.0),
    ):
        with pytest.raises(AutogradError, match="sparse_: "):
            wrong()
    for wrong in (
        lambda: nn.init.dirac_(np.empty((3, 3))),
        lambda: nn.init.dirac_(np.empty((3, 3, 3)), 2),
    ):
        with pytest.raises(AutogradError, match="dirac_: "):
            wrong()


# --- the adaptive softmax -------------------------------------------------------------------------


def adaptive(cutoffs: list[int], head_bias: bool = False) -> Any:
    nn.manual_seed(3)
    return nn.AdaptiveLogSoftmaxWithLoss(6, 12, cutoffs, 1.3, head_bias).double()


@pytest.mark.parametrize("head_bias", [True, False])
@pytest.mark.parametrize("cutoffs", [[4], [2, 3, 9]], ids=str)
def test_adaptive_softmax_is_one_distribution(cutoffs: list[int], head_bias: bool) -> None:
    layer = adaptive(cutoffs, head_bias)
    x, target = RNG.normal(size=(9, 6)) * 4, RNG.integers(0, 12, 9)
    every = layer.log_prob(x).data
    np.testing.assert_allclose(np.exp(every).sum(axis=1), 1)
    output, loss = layer(x, target)
    np.testing.assert_allclose(output.data, every[np.arange(9), target], 1e-12)
    np.testing.assert_allclose(float(loss), -every[np.arange(9), target].mean())
    many = RNG.normal(size=(200, 6)) * 20
    predicted = layer.predict(many)
    np.testing.assert_array_equal(predicted, layer.log_prob(many).data.argmax(axis=1))
    assert 0 < (predicted < cutoffs[0]).sum() < 200
    alone, _ = layer(x[4], target[4])
    assert alone.shape == ()
    np.testing.assert_allclose(float(alone), every[4, target[4]])
    parameters = list(layer.parameters())
    assert gradcheck(lambda x: layer(x, target)[0], x, parameters=parameters, atol=1e-6)
    assert gradcheck(layer.log_prob, x, atol=1e-6)
    stacked, targets = RNG.normal(size=(3, 9, 6)), RNG.integers(0, 12, (3, 9))
    np.testing.assert_allclose(
        vmap(lambda x, t: layer(x, t)[0])(stacked, targets).data,
        np.stack([layer(x, t)[0].data for x, t in zip(stacked, targets, strict=True)]),
    )
    np.testing.assert_array_equal(
        vmap(layer.predict)(stacked), np.stack([layer.predict(x) for x in stacked])
    )
    step = compile(lambda x, t: layer(x, t)[1])
    for t in targets:  # other clusters each time
        assert float(step(x, t)[0]) == pytest.approx(float(layer(x, t)[1]), rel=1e-12)


def test_clusters_without_a_sample_are_not_computed() -> None:
    layer = adaptive([2, 3, 9])
    seen: list[int] = []
    for k, cluster in enumerate(layer.tail):
        cluster.register_forward_hook(lambda *_, k=k: seen.append(k))
    layer(np.ones((4, 6)), np.array([0, 1, 2, 2]))
    assert seen == [0]
    before = layer.head.weight.data.copy(), layer.tail[2][1].weight.data.copy()
    layer.reset_parameters()
    assert (layer.head.weight.data != before[0]).all()
    assert (layer.tail[2][1].weight.data != before[1]).all()


def test_adaptive_softmax_refuses() -> None:
    layer, x = adaptive([4]), np.ones((3, 6))
    for wrong, words in (
        (lambda: nn.AdaptiveLogSoftmaxWithLoss(6, 12, []), "cutoffs must be one or more"),
        (lambda: nn.AdaptiveLogSoftmaxWithLoss(6, 12, [3, 3]), "cutoffs must be one or more"),
        (lambda: nn.AdaptiveLogSoftmaxWithLoss(6, 12, [12]), "cutoffs must be one or more"),
        (lambda: nn.AdaptiveLogSoftmaxWithLoss(6, 12, [2.5]), "cutoffs must be one or more"),
        (lambda: nn.AdaptiveLogSoftmaxWithLoss(6, 12, [2, 4]), "cluster 2 would compute with"),
        (lambda: layer(x, np.array([0, 1])), "3 samples need as many targets"),
        (lambda: layer(x, np.array([0, 1, 12])), "target 2 is class 12"),
        (lambda: layer(x, np.array([0.0, 1, 2])), "must be integers"),
        (lambda: layer(x, np.array(0)), "do not fit"),
        (lambda: layer(x[:0], np.array([], int)), "the batch is empty"),
        (lambda: layer.log_prob(x[0]), r"\(n, 6\) is needed"),
        (lambda: layer.predict(x[:, :5]), r"\(n, 6\) is needed"),
    ):
        with pytest.raises(AutogradError, match=words):
            wrong()


# --- orthogonal weights ---------------------------------------------------------------------------


def test_the_exponential_of_matrices() -> None:
    for size in (1e-3, 1.0, 30.0):
        a = RNG.normal(size=(2, 3, 4, 4)) * size
        a = a - np.swapaxes(a, -1, -2)
        values, vectors = np.linalg.eig(a)
        wanted = (vectors * np.exp(values)[..., None, :]) @ np.linalg.inv(vectors)
        np.testing.assert_allclose(matrix_exp(a), wanted.real, atol=1e-12)
        single = matrix_exp(a.astype(np.float32))
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, wanted.real, atol=2e-4)
    assert gradcheck(matrix_exp, RNG.normal(size=(2, 3, 3)), atol=1e-6)
    assert matrix_exp(np.zeros((0, 3, 3))).shape == (0, 3, 3)
    assert np.isnan(matrix_exp(np.full((2, 2), np.inf))).all()
    x = RNG.normal(size=(3, 2, 2))
    np.testing.assert_allclose(vmap(matrix_exp)(x), np.stack([matrix_exp(m) for m in x]))


class Weight(nn.Module):
    """One weight of any shape."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.weight = nn.Parameter(value)


MAPS = ["matrix_exp", "cayley", "householder"]
parametrizations = nn.utils.parametrizations


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (2, 5, 3)], ids=str)
def test_weights_stay_orthogonal(shape: tuple[int, ...], kind: str, trivial: bool) -> None:
    nn.manual_seed(0)
    start = RNG.normal(size=shape)
    layer = Weight(start.copy())
    parametrizations.orthogonal(layer, orthogonal_map=kind, use_trivialization=trivial)
    wide, aim = shape[-2] < shape[-1], RNG.normal(size=shape)
    if trivial or kind == "householder":  # it begins as Q of QR, with a positive diagonal
        tall = np.swapaxes(start, -1, -2) if wide else start
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
        np.testing.assert_allclose(layer.weight.data, np.swapaxes(q, -1, -2) if wide else q)
    optimizer = optim.SGD(layer.parameters(), 0.01, weight_decay=0.01)
    losses = []
    for _ in range(60):
        loss = np.sum((layer.weight - aim) ** 2)
        losses.append(float(loss))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0]
    w = layer.weight.data
    inner = w @ np.swapaxes(w, -1, -2) if wide else np.swapaxes(w, -1, -2) @ w
    np.testing.assert_allclose(inner, inner * 0 + np.eye(min(shape[-2:])), atol=1e-12)
    function = layer.parametrizations.weight[0]
    original = layer.parametrizations.weight.original.data
    assert gradcheck(function, original + 0.1 * RNG.normal(size=shape), atol=1e-6)
    again = Weight(start * 0)
    parametrizations.orthogonal(again, orthogonal_map=kind, use_trivialization=trivial)
    again.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(again.weight.data, w)
    np.testing.assert_array_equal(copy.deepcopy(layer).weight.data, w)


def test_orthogonal_weights_that_were_orthogonal_stay() -> None:
    q = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    for kind in MAPS:
        layer = Weight(q.copy())
        parametrizations.orthogonal(layer, orthogonal_map=kind)
        np.testing.assert_allclose(layer.weight.data, q, atol=1e-14)
        nn.utils.parametrize.remove_parametrizations(layer, "weight")
        np.testing.assert_allclose(layer.weight.data, q, atol=1e-14)


def test_unitary_weights() -> None:
    start = RNG.normal(size=(5, 3)) + 1j * RNG.normal(size=(5, 3))
    for kind in (None, "cayley"):
        layer = parametrizations.orthogonal(Weight(start), orthogonal_map=kind)
        w = layer.weight.data
        np.testing.assert_allclose(np.conj(w.T) @ w, np.eye(3), atol=1e-12)
        aim = RNG.normal(size=w.shape)
        np.sum(np.abs(layer.weight - aim) ** 2).backward()
        p = layer.parametrizations.weight.original
        p.data[...] -= 0.05 * p.grad.data
        after = layer.weight.data
        assert np.sum(np.abs(after - aim) ** 2) < np.sum(np.abs(w - aim) ** 2)
        np.testing.assert_allclose(np.conj(after.T) @ after, np.eye(3), atol=1e-12)


def test_orthogonal_refuses() -> None:
    layer = nn.Linear(3, 3)
    for wrong, words in (
        (lambda: parametrizations.orthogonal(layer, "wieght"), "has no parameter 'wieght'"),
        (lambda: parametrizations.orthogonal(layer, "bias"), "at least 2 axes"),
        (lambda: parametrizations.orthogonal(layer, "weight", "qr"), "must be 'matrix_exp'"),
        (
            lambda: parametrizations.orthogonal(Weight(np.eye(2) * 1j), "weight", "householder"),
            "do not give all complex",
        ),
    ):
        with pytest.raises(AutogradError, match=words):
            wrong()
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    parametrizations.orthogonal(layer, use_trivialization=False)
    with pytest.raises(NotImplementedError, match="use_trivialization=False"):
        layer.parametrizations.weight[0].right_inverse(np.eye(3))
    with pytest.raises(AutogradError, match=r"shape \(3, 3\) is needed"):
        layer.parametrizations.weight[0].right_inverse(np.eye(2))


# --- averages of weights --------------------------------------------------------------------------


@pytest.mark.parametrize("decay", [None, 0.75])
def test_averages_of_lists_are_those_of_each_array(decay: float | None) -> None:
    swa = nn.swa_utils
    model = nn.Linear(3, 2).double()
    if decay is None:
        kinds = {"avg_fn": swa.get_swa_avg_fn()}, {"multi_avg_fn": swa.get_swa_multi_avg_fn()}
    else:
        kinds = (
            {"avg_fn": swa.get_ema_avg_fn(decay)},
            {"multi_avg_fn": swa.get_ema_multi_avg_fn(decay)},
        )
    averages, seen = [nn.AveragedModel(model, **kind) for kind in kinds], []
    for _ in range(4):
        model.weight.data[...] = RNG.normal(size=(2, 3))
        seen.append(model.weight.data.copy())
        for average in averages:
            average.update_parameters(model)
    wanted = seen[0]
    for k, value in enumerate(seen[1:], 1):
        share = 1 / (k + 1) if decay is None else 1 - decay
        wanted = wanted + share * (value - wanted)
    for average in averages:
        np.testing.assert_allclose(average.module.weight.data, wanted, rtol=1e-12)
    with pytest.raises(AutogradError, match="get_ema_multi_avg_fn: decay"):
        swa.get_ema_multi_avg_fn(1.5)
