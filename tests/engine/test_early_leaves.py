"""Hooks of leaves in mid-sweep: when they run, what they see, and that nothing else changes."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import nn
from autograd_core import Tensor, checkpoint, grad, gradients, primitive
from autograd_core.base import errors
from autograd_core.engine import early_leaves
from autograd_core.extend import after_backward


@pytest.fixture(autouse=True)
def _no_hooks_left():
    yield
    gc.collect()
    assert len(early_leaves.HOOKED) == 0


def chain(leaves, x):
    """One layer for each leaf, so that the last leaf's gradient is complete first."""
    for w in leaves:
        x = np.tanh(w * x)
    return np.sum(x)


def leaves_of(count, seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=3), requires_grad=True) for _ in range(count)]


def test_each_leaf_has_its_turn_when_its_first_use_has_been_passed():
    leaves = leaves_of(4)
    order = []
    for k, w in enumerate(leaves):
        w.register_post_accumulate_grad_hook(lambda w, k=k: order.append(k))
    x = Tensor(np.ones(3), requires_grad=True)
    hidden = leaves[0] * x
    hidden.register_hook(lambda g: order.append("hidden"))
    chain(leaves[1:], hidden).backward()
    assert order == [3, 2, 1, "hidden", 0]
    # a leaf that is used twice waits for its earlier use
    order.clear()
    chain([leaves[2], *leaves[1:]], np.ones(3)).backward()
    assert order == [3, 1, 2]


def models():
    nn.manual_seed(0)
    rng = np.random.default_rng(1)
    images = rng.normal(size=(4, 2, 7, 7)).astype("f4")
    rows = rng.normal(size=(5, 6)).astype("f4")
    steps = rng.normal(size=(9, 2, 6)).astype("f4")
    convolution = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(75, 4)
    )
    shared = nn.Linear(6, 6)
    yield "convolution", convolution, lambda m: np.sum(m(images) ** 2)
    yield "shared", nn.Sequential(shared, nn.Tanh(), shared), lambda m: np.sum(m(rows) ** 2)
    yield "lstm", nn.LSTM(6, 4), lambda m: np.sum(m(steps)[0] ** 2)
    weight = nn.Linear(6, 6)

    def loop(m):  # outer products that are put off
        x = rows[0]
        for _ in range(70):
            x = np.tanh(m.weight @ x + m.bias)
        return np.sum(x * x)

    yield "loop", weight, loop
    yield "parts", nn.Linear(6, 6), lambda m: np.sum(np.split(m.weight @ rows.T, 2)[1] ** 2)
    yield "attention", nn.TransformerEncoderLayer(6, 2, 8, 0.0), lambda m: np.sum(m(steps) ** 2)


@pytest.mark.parametrize(("model", "loss"), [m[1:] for m in models()], ids=[m[0] for m in models()])
def test_gradients_are_the_same_to_the_bit(model, loss):
    loss(model).backward()
    expected = [None if p.grad is None else p.grad.data.copy() for p in model.parameters()]
    model.zero_grad()
    seen = {}
    handles = [
        p.register_post_accumulate_grad_hook(lambda p: seen.update({id(p): p.grad.data.copy()}))
        for p in model.parameters()
    ]
    for times in (1, 2):  # the second adds
        loss(model).backward()
        for p, g in zip(model.parameters(), expected, strict=True):
            if g is None:
                assert p.grad is None
                assert id(p) not in seen
            else:
                assert np.array_equal(p.grad.data, g if times == 1 else g + g)
                assert np.array_equal(seen[id(p)], p.grad.data)
    for handle in handles:
        handle.remove()
        handle.remove()


def test_a_leaf_that_is_itself_the_output_and_one_that_is_not_reached():
    x, y = Tensor(3.0, requires_grad=True), Tensor(1.0, requires_grad=True)
    seen = []
    handles = [t.register_post_accumulate_grad_hook(lambda t: seen.append(t)) for t in (x, y)]
    x.backward()
    assert x.grad.item() == 1.0
    assert y.grad is None
    assert seen == [x]
    for handle in handles:
        handle.remove()


def test_what_is_written_is_the_users_own():
    """Plus hands one array to both inputs: what a hook writes into one changes no other."""
    x, y = (Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))

    def spoil(t):
        t.grad.data[...] = 9.0

    handle = y.register_post_accumulate_grad_hook(spoil)
    seed = np.ones(2)
    (x + y).backward(seed)
    assert x.grad.data.tolist() == [1.0, 1.0]
    assert y.grad.data.tolist() == [9.0, 9.0]
    assert seed.tolist() == [1.0, 1.0]
    handle.remove()


@pytest.mark.parametrize("where", ["operation", "hook", "end"])
def test_an_exception_takes_everything_back(where):
    leaves = leaves_of(3)
    leaves[1].grad = np.full(3, 5.0)
    other = Tensor(np.ones(3), requires_grad=True)
    handles = []

    def fail(*_):
        raise KeyError(where)

    ended = []
    hidden = other * leaves[0]
    if where == "operation":
        handles.append(hidden.register_hook(fail))
    elif where == "hook":
        handles.append(leaves[0].register_post_accumulate_grad_hook(fail))

    def at_the_end(t):
        after_backward(ended.append)
        if where == "end":
            after_backward(lambda error: fail() if error is None else None)

    handles.append(leaves[2].register_post_accumulate_grad_hook(at_the_end))
    handles.append(leaves[1].register_post_accumulate_grad_hook(lambda t: None))
    with pytest.raises(KeyError, match=where):
        chain(leaves[1:], hidden).backward(retain_graph=True)
    assert leaves[2].grad is None
    assert leaves[1].grad.data.tolist() == [5.0, 5.0, 5.0]
    assert leaves[0].grad is None
    assert other.grad is None
    assert isinstance(ended[-1], KeyError)
    for handle in handles:
        handle.remove()


def test_after_backward_runs_once_every_grad_is_written():
    x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    seen = []
    handle = x.register_post_accumulate_grad_hook(
        lambda t: after_backward(lambda error: seen.append((error, y.grad.item())))
    )
    for k in (1, 2):
        (y * (x * 2)).backward()
        assert seen == [(None, 4.0 * n) for n in range(1, k + 1)]
    handle.remove()
    with pytest.raises(errors.UntrackedError, match="no backward"):
        after_backward(print)


def test_other_sweeps_do_not_call_it():
    x = Tensor(2.0, requires_grad=True)
    calls = []
    handle = x.register_post_accumulate_grad_hook(calls.append)
    (g,) = gradients(x**3, [x])
    assert g.item() == 12.0
    assert grad(lambda v: v * x.detach())(3.0) == 2.0
    assert calls == []
    checkpoint(lambda v: v**3)(x).backward()  # sweeps once more inside
    assert calls == [x]
    assert x.grad.item() == 12.0
    handle.remove()
    (x**2).backward()
    assert len(calls) == 1


def test_recorded_sweeps_and_sweeps_inside_hooks():
    x = Tensor(2.0, requires_grad=True)
    seen = []
    handle = x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad))
    (x**3).backward(create_graph=True)
    assert seen[0].requires_grad
    (second,) = gradients(seen[0], [x])
    assert second.item() == 12.0
    handle.remove()
    x.grad = None
    y = Tensor(5.0, requires_grad=True)

    def inner(t):
        assert not (y * t).requires_grad  # no_grad, as for optimizers
        gradients_of_y = y.grad
        assert gradients_of_y is None

    handle = x.register_post_accumulate_grad_hook(inner)
    (x * y).backward()
    assert y.grad.item() == 2.0
    handle.remove()


def test_a_parameter_with_new_data_keeps_its_hooks():
    p = nn.Parameter([1.0, 2.0])
    seen = []
    handle = p.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.data.tolist()))
    p.data = np.array([3.0, 4.0], np.float32)
    (p * p).sum().backward()
    assert seen == [[6.0, 8.0]]
    handle.remove()


def test_it_is_for_leaves():
    x = Tensor(1.0, requires_grad=True)
    for t in (x * 2, Tensor(1.0)):
        with pytest.raises(errors.UntrackedError, match="not a leaf"):
            t.register_post_accumulate_grad_hook(print)


def test_against_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    start = [rng.normal(size=(3, 3)) for _ in range(3)]
    x = rng.normal(size=(2, 3))

    def train(leaves, tanh, value, data):
        order = []

        def descend(k):
            def hook(p):
                order.append((k, p.grad.detach().numpy().copy()))
                p.data -= 0.1 * p.grad.data
                p.grad = None

            return hook

        for k, w in enumerate(leaves):
            w.register_post_accumulate_grad_hook(descend(k))
        for _ in range(3):
            h = data
            for w in leaves:
                h = tanh(h @ w)
            value(h).backward()
        return order

    ours = [Tensor(a, requires_grad=True) for a in start]
    theirs = [torch.tensor(a, requires_grad=True) for a in start]
    a = train(ours, np.tanh, lambda h: np.sum(h * h), x)
    b = train(theirs, torch.tanh, lambda h: (h * h).sum(), torch.tensor(x))
    assert [k for k, _ in a] == [k for k, _ in b]
    for (_, g), (_, t) in zip(a, b, strict=True):
        np.testing.assert_allclose(g, t, rtol=1e-12)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-12)


def test_products_that_wait_and_a_direct_use_are_one_turn():
    """W @ x waits until the matrix has its turn; another use of W sends its gradient at once."""
    rng = np.random.default_rng(5)
    W, x = rng.normal(size=(5, 4)), rng.normal(size=4)

    def f(w):
        direct = np.sum(w * 2.0)
        return np.sum(np.tanh(w @ x)) + np.sum(w @ x) + direct

    w, seen = Tensor(W, requires_grad=True), []
    w.register_post_accumulate_grad_hook(lambda w: seen.append(w.grad.data.copy()))
    f(w).backward()
    (found,) = seen
    h = 1e-6
    E = rng.normal(size=W.shape)
    slope = (f(W + h * E) - f(W - h * E)) / (2 * h)
    np.testing.assert_allclose(np.sum(found * E), slope, rtol=1e-7)


def test_a_leaf_that_gets_nothing_has_no_turn():
    """Its rule sends nothing, or nobody holds the Tensor any more: the others are as ever."""
    first = primitive(lambda a, b: a * 1.0, vjp=lambda g, y, a, b: (g, None), name="first")
    a, b, seen = Tensor(3.0, requires_grad=True), Tensor(2.0, requires_grad=True), []
    for name, leaf in (("a", a), ("b", b)):
        leaf.register_post_accumulate_grad_hook(lambda _, name=name: seen.append(name))
    first(a, b).backward()
    assert seen == ["a"]
    assert b.grad is None
    y = a * b
    a.grad = None
    del b, leaf
    y.backward()
    assert seen == ["a", "a"]
    assert float(a.grad.data) == 2.0
