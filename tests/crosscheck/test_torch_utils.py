"""nn.utils and averages of weights beside PyTorch's: values, gradients, state-dict keys."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import nn

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(8)


def pair(kind: str, *args: int) -> tuple[Any, Any]:
    """Return the same layer in both libraries."""
    theirs = getattr(torch.nn, kind)(*args).double()
    ours = getattr(nn, kind)(*args).double()
    ours.load_state_dict({k: v.detach().numpy().copy() for k, v in theirs.state_dict().items()})
    return ours, theirs


def same(ours: Any, theirs: Any, x: Any) -> None:
    """Compare results, gradients and the names in the state dicts."""
    y, z = ours(x), theirs(torch.tensor(x))
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-9, atol=1e-12)
    np.sum(y * y).backward()
    (z * z).sum().backward()
    mine, its = dict(ours.named_parameters()), dict(theirs.named_parameters())
    assert mine.keys() == its.keys()
    for name, p in its.items():
        np.testing.assert_allclose(mine[name].grad.data, p.grad.numpy(), rtol=1e-8, atol=1e-10)
    assert set(ours.state_dict()) == set(theirs.state_dict())


LAYERS = [
    ("Linear", (3, 4), (2, 3)), ("Conv2d", (3, 4, 2), (2, 3, 5, 5)),
    ("ConvTranspose1d", (3, 4, 2), (2, 3, 5)),
]  # fmt: skip


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case[0])
@pytest.mark.parametrize("new", [True, False], ids=["parametrization", "older keys"])
@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm"])
def test_norms_of_weights(kind: str, new: bool, case: Any) -> None:
    ours, theirs = pair(case[0], *case[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for layer, utils in ((ours, nn.utils), (theirs, torch.nn.utils)):
            getattr(utils.parametrizations if new else utils, kind)(layer)
    ours.load_state_dict({k: v.detach().numpy().copy() for k, v in theirs.state_dict().items()})
    x = RNG.normal(size=case[2])
    same(ours, theirs, x)  # a power iteration each
    same(ours.eval(), theirs.eval(), x)


def test_masks_and_fusion_and_vectors() -> None:
    prune = pytest.importorskip("torch.nn.utils.prune")
    ours, theirs = pair("Linear", 5, 4)
    for amount in (7, 0.3):
        nn.utils.prune.l1_unstructured(ours, "weight", amount)
        prune.l1_unstructured(theirs, "weight", amount)
    nn.utils.prune.ln_structured(ours, "weight", 1, n=1, dim=1)
    prune.ln_structured(theirs, "weight", 1, n=1, dim=1)
    np.testing.assert_array_equal(ours.weight_mask, theirs.weight_mask.numpy())
    same(ours, theirs, RNG.normal(size=(2, 5)))
    conv, its_conv = pair("Conv2d", 3, 4, 2)
    bn, its_bn = pair("BatchNorm2d", 4)
    mean, var = RNG.normal(size=4), RNG.uniform(0.5, 2, 4)
    bn.running_mean[...], bn.running_var[...] = mean, var
    its_bn.running_mean[...], its_bn.running_var[...] = torch.tensor(mean), torch.tensor(var)
    fused = nn.utils.fuse_conv_bn_eval(conv.eval(), bn.eval())
    its = torch.nn.utils.fuse_conv_bn_eval(its_conv.eval(), its_bn.eval())
    same(fused, its, RNG.normal(size=(1, 3, 4, 4)))
    np.testing.assert_allclose(
        nn.utils.parameters_to_vector(fused.parameters()).data,
        torch.nn.utils.parameters_to_vector(its.parameters()).detach().numpy(),
    )


@pytest.mark.parametrize("seed", range(8))
def test_slices_are_chosen_by_what_an_earlier_pruning_left(seed: int) -> None:
    prune = pytest.importorskip("torch.nn.utils.prune")
    ours, theirs = pair("Linear", 5, 4)
    weight = np.random.default_rng(seed).normal(size=(4, 5))
    ours.weight.data[...] = weight
    theirs.weight.data[...] = torch.tensor(weight)
    for module in (nn.utils.prune, prune):
        layer = ours if module is nn.utils.prune else theirs
        module.l1_unstructured(layer, "weight", 0.5)
        module.ln_structured(layer, "weight", 2, n=1, dim=1)
    np.testing.assert_array_equal(ours.weight_mask, theirs.weight_mask.numpy())


@pytest.fixture
def double_precision() -> Any:
    """Let PyTorch divide by a count in double precision too."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("several", [False, True], ids=["one by one", "lists"])
@pytest.mark.parametrize("decay", [None, 0.7])
def test_averages(decay: Any, several: bool) -> None:
    swa = torch.optim.swa_utils
    ours, theirs = pair("Linear", 3, 2)
    if several:
        mine, its = (
            m.AveragedModel(
                model,
                multi_avg_fn=m.get_ema_multi_avg_fn(decay) if decay else m.get_swa_multi_avg_fn(),
            )
            for m, model in ((nn.swa_utils, ours), (swa, theirs))
        )
    else:
        mine = nn.AveragedModel(ours, avg_fn=nn.get_ema_avg_fn(decay) if decay else None)
        its = swa.AveragedModel(theirs, avg_fn=swa.get_ema_avg_fn(decay) if decay else None)
    for _ in range(4):
        step = RNG.normal(size=(2, 3))
        ours.weight.data[...] += step
        with torch.no_grad():
            theirs.weight += torch.tensor(step)
        mine.update_parameters(ours)
        its.update_parameters(theirs)
    assert list(mine.state_dict()) == list(its.state_dict())
    for key, value in its.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[key], value.numpy(), rtol=1e-12)


def test_padded_sequences() -> None:
    rows = [RNG.normal(size=(n, 2)) for n in (3, 1, 4)]
    for settings in ({}, {"batch_first": True, "padding_value": 2.0}, {"padding_side": "left"}):
        found = nn.utils.rnn.pad_sequence(rows, **settings)
        wanted = torch.nn.utils.rnn.pad_sequence([torch.tensor(r) for r in rows], **settings)
        np.testing.assert_array_equal(found, wanted.numpy())
