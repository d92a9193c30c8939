"""Weights that stand in several places: functional_call, copies, optimizers, state dicts."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import autograd_core as ac
import nn
import optim
from autograd_core import (
    AutogradError,
    Tensor,
    grad,
    hvp,
    jacobian,
    jvp,
    vmap,
)

X = np.random.default_rng(0).normal(size=(4, 3))


class Shared(nn.Module):
    """One Parameter under two names in one module."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(np.random.default_rng(1).normal(size=(3, 3)))
        self.b = self.a

    def forward(self, x: Any) -> Any:
        return np.tanh(x @ self.a) @ self.b


class Deep(nn.Module):
    """One Parameter at two depths: an embedding's table that is also the last layer's weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Sequential(nn.Linear(3, 3).double()), nn.Tanh())
        self.last = nn.Linear(3, 3).double()
        self.last.weight = self.first[0][0].weight

    def forward(self, x: Any) -> Any:
        return self.last(self.first(x))


class Twice(nn.Module):
    """The same submodule under two names, with nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(3, 3).double()
        self.two = nn.Sequential(nn.Tanh(), self.one)

    def forward(self, x: Any) -> Any:
        return self.two(self.one(x))


class Listed(nn.Module):
    """A Parameter that stands in a list and in a dict of the module's own too."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(np.random.default_rng(2).normal(size=(3, 3)))
        self.all = [("w", (self.w,)), {"again": self.w}]
        self.all.append(self.all)

    def forward(self, x: Any) -> Any:
        return np.tanh(x @ self.w) @ self.all[0][1][0] + x @ self.all[1]["again"]


class Buffered(nn.Module):
    """One buffer in two places, and a parameter."""

    def __init__(self) -> None:
        super().__init__()
        table = np.random.default_rng(3).normal(size=(3, 3))
        self.register_buffer("a", table)
        self.inner = nn.Identity()
        self.inner.register_buffer("b", self.a)
        self.w = nn.Parameter(np.ones((3, 3)))

    def forward(self, x: Any) -> Any:
        return np.tanh(x @ self.a * 0.5) @ self.inner.b + x @ self.w


MODELS: dict[str, tuple[Callable[[], Any], str]] = {
    "shared": (Shared, "a"),
    "shared, by its second name": (Shared, "b"),
    "deep": (Deep, "first.0.0.weight"),
    "deep, by its second name": (Deep, "last.weight"),
    "twice": (Twice, "one.weight"),
    "twice, by its second name": (Twice, "two.1.weight"),
    "listed": (Listed, "w"),
    "a buffer": (Buffered, "a"),
    "a buffer, by its second name": (Buffered, "inner.b"),
}


def by_hand(model: Any, name: str, w: Any) -> Any:
    """Return the model's answer with the weight written into its memory, which all places share."""
    path, _, last = name.rpartition(".")
    target = getattr(model.get_submodule(path), last)
    target = target.data if isinstance(target, Tensor) else target
    old = target.copy()
    target[...] = w
    out = model(X)
    target[...] = old
    return out.detach().data.copy()


def slope(f: Callable[[Any], Any], w: Any, v: Any, h: float = 1e-5) -> Any:
    return (f(w + h * v) - f(w - h * v)) / (2 * h)


@pytest.mark.parametrize("case", MODELS)
def test_one_name_reaches_all_places_in_every_mode(case: str) -> None:
    make, name = MODELS[case]
    model = make().requires_grad_(False)
    rng = np.random.default_rng(4)
    w, v = rng.normal(size=(2, 3, 3))
    before = {k: a.copy() for k, a in model.state_dict().items()}

    def f(w: Any) -> Any:
        return np.sum(nn.functional_call(model, {name: w}, X) ** 2)

    def truth(w: Any) -> float:
        return float(np.sum(by_hand(model, name, w) ** 2))

    plain = nn.functional_call(model, {name: w}, X)
    np.testing.assert_allclose(raw(plain), by_hand(model, name, w))
    g = grad(f)(w)
    np.testing.assert_allclose(np.sum(g * v), slope(truth, w, v), rtol=1e-7)
    np.testing.assert_allclose(jvp(f, (w,), (v,))[1], np.sum(g * v))
    np.testing.assert_allclose(jacobian(f)(w), g)
    np.testing.assert_allclose(hvp(f, (w,), (v,)), slope(grad(f), w, v), rtol=1e-5, atol=1e-7)
    several = np.stack([w, v, w + v])
    np.testing.assert_allclose(vmap(grad(f))(several), [grad(f)(one) for one in several])
    compiled = ac.compile(f)
    for one in (w, v):
        value, g = compiled(one)
        np.testing.assert_allclose(value, truth(one))
        np.testing.assert_allclose(g, grad(f)(one))
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    assert len({id(a) for a in model.state_dict().values()}) == len(
        {id(a) for a in make().state_dict().values()}
    )


def raw(value: Any) -> Any:
    return value.detach().data if isinstance(value, Tensor) else value


@pytest.mark.parametrize("make", [Shared, Deep, Twice, Buffered])
def test_the_whole_state_and_two_names(make: Callable[[], Any]) -> None:
    model = make().requires_grad_(False)
    state = model.state_dict()
    names = sorted(state, key=lambda n: id(state[n]))
    a, b = next((a, b) for a, b in pairwise(names) if state[a] is state[b])
    expected = raw(model(X))
    copies = {name: value.copy() for name, value in state.items()}
    np.testing.assert_array_equal(raw(nn.functional_call(model, copies, X)), expected)
    nn.functional_call(model, copies, X, strict=True)
    short = {k: value for k, value in copies.items() if k != b}
    np.testing.assert_array_equal(raw(nn.functional_call(model, short, X, strict=True)), expected)
    del short[a]
    with pytest.raises(AutogradError, match="strict=True, but no value for"):
        nn.functional_call(model, short, X, strict=True)
    with pytest.raises(AutogradError, match="are one parameter"):
        nn.functional_call(model, {a: copies[a], b: copies[b] + 1}, X)
    with pytest.raises(AutogradError, match="tie_weights=False"):
        grad(lambda s: np.sum(nn.functional_call(model, s, X)))({a: copies[a], b: copies[b]})
    if make is not Twice:  # where one dictionary stands behind two names, nothing can untie them
        one, two = copies[a], copies[b] + 1
        untied = raw(nn.functional_call(model, {a: one, b: two}, X, tie_weights=False))
        assert not np.allclose(untied, expected)
        g = grad(lambda s: np.sum(nn.functional_call(model, s, X, tie_weights=False)))(
            {a: one, b: one}
        )
        tied = grad(lambda w: np.sum(nn.functional_call(model, {a: w}, X)))(one)
        both = grad(lambda w: np.sum(nn.functional_call(model, {a: w, b: w}, X)))(one)
        np.testing.assert_array_equal(both, tied)  # one value, under each of its names
        np.testing.assert_allclose(g[a] + g[b], tied)


def test_arguments_of_functional_call() -> None:
    attention = nn.MultiheadAttention(4, 2).double()
    x = np.random.default_rng(0).normal(size=(3, 1, 4))
    weights = {name: p.data for name, p in attention.named_parameters()}
    out, none = nn.functional_call(attention, weights, (x, x, x), {"need_weights": False})
    assert none is None
    np.testing.assert_allclose(raw(out), raw(attention(x, x, x)[0]))
    line = nn.Linear(2, 1).double()
    two = nn.functional_call(line, ({"weight": [[1, 2]]}, {"bias": [3]}), np.array([1.0, 1.0]))
    np.testing.assert_array_equal(raw(two), [6.0])
    for wrong, message in (
        (({"bias": 3}, {"bias": 3}), "in two of the mappings"),
        ({"bias": None}, "is None"),
        (3, "must be a mapping"),
        ({"weigh": 3}, "no parameter 'weigh'"),
        ({"lost.weight": 3}, "no parameter 'lost.weight'"),
    ):
        with pytest.raises(AutogradError, match=message):
            nn.functional_call(line, wrong, np.ones(2))  # type: ignore[arg-type]


def test_buffers_that_move_are_the_given_ones() -> None:
    norm = nn.BatchNorm1d(3).double()
    given = {name: value.copy() for name, value in norm.state_dict().items()}
    nn.functional_call(norm, given, X)
    assert given["num_batches_tracked"] == 1
    assert norm.num_batches_tracked == 0
    np.testing.assert_allclose(given["running_mean"], 0.1 * X.mean(axis=0))
    np.testing.assert_array_equal(norm.running_mean, 0)


@pytest.mark.parametrize("make", [Shared, Deep, Twice, Listed])
def test_copies_keep_ties_and_optimizers_see_one(make: Callable[[], Any]) -> None:
    model = make()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        names = [name for name, _ in other.named_parameters()]
        assert names == [name for name, _ in model.named_parameters()]
        state, copied = model.state_dict(), other.state_dict()
        for a in state:
            for b in state:
                assert (state[a] is state[b]) == (copied[a] is copied[b])
            assert not np.shares_memory(state[a], copied[a])
        np.testing.assert_array_equal(raw(model(X)), raw(other(X)))
    every = list(model.named_parameters(remove_duplicate=False))
    assert len(every) == len(model.state_dict())
    assert len(list(model.parameters())) == len({id(p) for _, p in every})
    optimizer = optim.SGD(model.parameters(), lr=1e-3)
    (model(X) ** 2).sum().backward()
    before = [p.data.copy() for p in model.parameters()]
    slopes = [p.grad.data.copy() for p in model.parameters()]
    optimizer.step()
    for p, old, g in zip(model.parameters(), before, slopes, strict=True):
        np.testing.assert_allclose(p.data, old - 1e-3 * g)


@pytest.mark.parametrize("make", [Shared, Deep, Twice, Buffered])
def test_loading_what_differs_between_the_names_of_one_weight(make: Callable[[], Any]) -> None:
    model, other = make(), make()
    state = {name: value + 1 for name, value in other.state_dict().items()}
    model.load_state_dict(state)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, state[name])
    shared = model.state_dict()
    a, b = next((a, b) for a in shared for b in shared if a != b and shared[a] is shared[b])
    for strict in (True, False):
        before = {name: value.copy() for name, value in shared.items()}
        with pytest.raises(nn.StateDictError, match="one array under both names"):
            model.load_state_dict({**state, b: state[b] + 1}, strict)
        for name, value in model.state_dict().items():
            np.testing.assert_array_equal(value, before[name])
    nan = {**state, a: state[a] * np.nan, b: state[b] * np.nan}
    model.load_state_dict(nan)
    assert np.isnan(model.state_dict()[a]).all()


@pytest.mark.parametrize(
    "act",
    [
        nn.Module.state_dict,
        lambda m: m.load_state_dict({"weight": np.ones((1, 2)), "bias": np.ones(1)}),
        nn.Module.zero_grad,
        lambda m: m.requires_grad_(False),
        nn.Module.double,
    ],
    ids=["state_dict", "load_state_dict", "zero_grad", "requires_grad_", "to"],
)
def test_given_values_are_not_the_modules_own(act: Any) -> None:
    """Freezing them cut the derivative off without a word; the others met what has no .data."""
    line = nn.Linear(2, 1).double()

    def forward(x: Any) -> Any:
        act(line)
        return nn.functional.linear(x, line.weight, line.bias).sum()

    line.forward = forward  # type: ignore[method-assign]
    x, w = np.ones(2), np.ones((1, 2))

    def f(w: Any) -> Any:
        return nn.functional_call(line, {"weight": w}, x)

    for run in (
        lambda: f(w),
        lambda: f(Tensor(w, requires_grad=True)),
        lambda: grad(f)(w),
        lambda: jvp(f, (w,), (w,)),
        lambda: vmap(f)(w[None]),
    ):
        with pytest.raises(AutogradError, match="outside of functional_call"):
            run()
    act(line)
    assert isinstance(line.weight, nn.Parameter)
