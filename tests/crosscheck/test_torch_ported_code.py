"""Names that ported code calls now and then beside PyTorch: values, gradients, state dicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import Tensor, gradients

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(22)
CLOSE = 1e-9


def same(found: Any, wanted: Any) -> None:
    a = found.data if isinstance(found, Tensor) else np.asarray(found)
    np.testing.assert_allclose(a, wanted.detach().numpy(), CLOSE, CLOSE)


def numbers(state: Any) -> Any:
    return {key: value.detach().numpy().copy() for key, value in state.items()}


@pytest.mark.parametrize("head_bias", [True, False])
@pytest.mark.parametrize("cutoffs", [[2], [3, 5], [1, 2, 9]], ids=str)
def test_adaptive_softmax(cutoffs: list[int], head_bias: bool) -> None:
    ours = nn.AdaptiveLogSoftmaxWithLoss(7, 15, cutoffs, 1.5, head_bias).double()
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(7, 15, cutoffs, 1.5, head_bias).double()
    state = numbers(theirs.state_dict())
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    data = RNG.normal(size=(11, 7)) * 3
    same(ours.log_prob(data), theirs.log_prob(torch.tensor(data)))
    np.testing.assert_array_equal(ours.predict(data), theirs.predict(torch.tensor(data)).numpy())
    for target in (RNG.integers(0, 15, 11), np.zeros(11, int), np.full(11, 14)):
        x, t = Tensor(data, requires_grad=True), torch.tensor(data, requires_grad=True)
        mine, its = ours(x, target), theirs(t, torch.tensor(target))
        same(mine.output, its.output)
        same(mine.loss, its.loss)
        total = np.sum(np.sin(mine.output)) + mine.loss
        other = torch.sin(its.output).sum() + its.loss
        found = gradients(total, [x, *ours.parameters()], create_graph=True)
        leaves = [t, *theirs.parameters()]
        wanted = torch.autograd.grad(other, leaves, create_graph=True, allow_unused=True)
        for a, b in zip(found, wanted, strict=True):
            if b is None:  # of a cluster without a sample
                assert a is None or not a.data.any()
            else:
                same(a, b)
        (second,) = gradients(np.sum(found[0] ** 2), [x])
        same(second, torch.autograd.grad((wanted[0] ** 2).sum(), t)[0])


@pytest.mark.parametrize("shape", [(4, 6, 3), (6, 2, 2, 3), (4, 4, 1, 2, 3)], ids=str)
def test_dirac(shape: tuple[int, ...]) -> None:
    for groups in (1, 2):
        np.testing.assert_array_equal(
            nn.init.dirac_(np.ones(shape), groups),
            torch.nn.init.dirac_(torch.ones(shape), groups).numpy(),
        )


def test_sparse() -> None:
    for rows, share in ((7, 0.3), (10, 0.1), (4, 1.0), (3, 0.0)):
        ours = nn.init.sparse_(np.empty((rows, 30)), share)
        theirs = torch.nn.init.sparse_(torch.empty(rows, 30), share)
        np.testing.assert_array_equal((ours == 0).sum(0), (theirs == 0).sum(0).numpy())


class Ours(nn.Module):
    """One weight."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.weight = nn.Parameter(value)


class Theirs(torch.nn.Module):
    """The same weight."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(value))


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("kind", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (2, 5, 3)], ids=str)
def test_orthogonal(shape: tuple[int, ...], kind: Any, trivial: bool) -> None:
    start = RNG.normal(size=shape)
    ours, theirs = Ours(start.copy()), Theirs(start.copy())
    settings = {"orthogonal_map": kind, "use_trivialization": trivial}
    nn.utils.parametrizations.orthogonal(ours, **settings)
    torch.nn.utils.parametrizations.orthogonal(theirs, **settings)
    state = numbers(theirs.state_dict())
    assert list(ours.state_dict()) == list(state)
    if not trivial or shape[-1] == shape[-2]:  # else the base is completed by draws
        for key, value in ours.state_dict().items():
            np.testing.assert_allclose(value, state[key], CLOSE, CLOSE, err_msg=key)
    ours.load_state_dict(state)
    for _ in range(3):
        c = RNG.normal(size=shape)
        w, v = ours.weight, theirs.weight
        same(w, v)
        p, q = (m.parametrizations.weight.original for m in (ours, theirs))
        (found,) = gradients(np.sum(np.sin(w) * c), [p], create_graph=True)
        (wanted,) = torch.autograd.grad(
            (torch.sin(v) * torch.tensor(c)).sum(), q, create_graph=True
        )
        same(found, wanted)
        (second,) = gradients(np.sum(found**2), [p])
        same(second, torch.autograd.grad((wanted**2).sum(), q)[0])
        p.data[...] -= 0.1 * found.data
        with torch.no_grad():
            q -= torch.tensor(0.1 * found.data)
