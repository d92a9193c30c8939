"""Backward hooks: what they see, of modules with any kind of output, beside any other hook."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import nn
from autograd_core import Tensor, grad, hvp, jvp
from autograd_core.base.errors import SeedError

X = np.random.default_rng(0).normal(size=(4, 2, 3))


class Pair(NamedTuple):
    first: Any
    second: Any


class Returns(nn.Module):
    """Return what a function makes of the input."""

    def __init__(self, make: Any) -> None:
        super().__init__()
        self.make = make

    def forward(self, x: Any) -> Any:
        return self.make(x)


def shapes(g: Any) -> Any:
    if g is None:
        return None
    if isinstance(g, tuple) and hasattr(g, "_fields"):
        return type(g)(*map(shapes, g))
    if isinstance(g, (tuple, list)):
        return type(g)(map(shapes, g))
    if isinstance(g, dict):
        return {key: shapes(value) for key, value in g.items()}
    assert isinstance(g, Tensor)
    return float(g.data.flat[0])


OUTPUTS: dict[str, Any] = {
    "a pair, the first used": (lambda x: (x * 2, x * 3), lambda y: y[0], (1.0, None), 2),
    "a pair, the second used": (lambda x: (x * 2, x * 3), lambda y: y[1], (None, 1.0), 3),
    "a pair, both used": (lambda x: (x * 2, x * 3), lambda y: y[0] + y[1] * 2, (1.0, 2.0), 8),
    "a list": (lambda x: [x * 2, x * 3], lambda y: y[0], (1.0, None), 2),
    "with None": (lambda x: (None, x * 3), lambda y: y[1], (None, 1.0), 3),
    "with a constant": (lambda x: (np.ones(3), x * 3), lambda y: y[1], (None, 1.0), 3),
    "with text": (lambda x: (x * 3, "text"), lambda y: y[0], (1.0, None), 3),
    "a nest": (lambda x: (x, (x * 2, x * 3)), lambda y: y[1][1], (None, (None, 1.0)), 3),
    "a nest, nothing of it used": (lambda x: (x, (x * 2, 1)), lambda y: y[0], (1.0, None), 1),
    "a dict": (lambda x: {"a": x * 2, "b": x}, lambda y: y["a"], ({"a": 1.0, "b": None},), 2),
    "named": (lambda x: Pair(x * 2, x), lambda y: y.first, (1.0, None), 2),
    "one twice": (lambda x: (x, x), lambda y: y[0] + 3 * y[1], (1.0, 3.0), 4),
    "alone": (lambda x: x * 5, lambda y: y, (1.0,), 5),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_one_entry_for_each_output(case: str) -> None:
    make, use, expected, slope = OUTPUTS[case]
    module = Returns(make)
    seen: list[Any] = []
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    x = Tensor(X, requires_grad=True)
    y = module(x)
    assert type(y) is type(make(x))
    np.sum(use(y)).backward()
    ((grad_input, grad_output),) = seen
    assert shapes(grad_output) == expected
    assert shapes(grad_input) == (slope,)
    np.testing.assert_allclose(x.grad.data, slope)
    # the hook changes nothing in any mode
    f = lambda x: np.sum(use(module(x)) ** 2)
    g = lambda x: np.sum(use(make(x)) ** 2)
    np.testing.assert_allclose(grad(f)(X), grad(g)(X))
    np.testing.assert_allclose(jvp(f, (X,), (X,))[1], jvp(g, (X,), (X,))[1])
    np.testing.assert_allclose(hvp(f, (X,), (X,)), hvp(g, (X,), (X,)))


def test_layers_with_several_outputs() -> None:
    x = Tensor(X, requires_grad=True)
    for layer, use, expected in (
        (nn.LSTM(3, 2), lambda y: y[0], [(4, 2, 2), None]),
        (nn.LSTM(3, 2), lambda y: y[1][0], [None, [(1, 2, 2), None]]),
        (nn.LSTM(3, 2), lambda y: y[1][1], [None, [None, (1, 2, 2)]]),
        (nn.GRU(3, 2), lambda y: y[1], [None, (1, 2, 2)]),
        (nn.RNN(3, 2), lambda y: y[0], [(4, 2, 2), None]),
        (nn.MultiheadAttention(3, 1), lambda y: y[0], [(4, 2, 3), None]),
        (nn.MultiheadAttention(3, 1), lambda y: y[1], [None, (2, 4, 4)]),
    ):
        seen: list[Any] = []
        layer.register_full_backward_hook(lambda m, gi, go, s=seen: s.append((gi, go)))
        args = (x, x, x) if isinstance(layer, nn.MultiheadAttention) else (x,)
        np.sum(use(layer(*args))).backward()
        ((grad_input, grad_output),) = seen

        def sizes(g: Any) -> Any:
            return None if g is None else list(map(sizes, g)) if isinstance(g, tuple) else g.shape

        assert sizes(grad_output) == expected
        assert len(grad_input) == len(args)


def test_beside_forward_hooks_the_output_is_what_they_leave() -> None:
    # PyTorch 2.13: the same numbers
    x = Tensor(X, requires_grad=True)
    module = Returns(lambda x: x * 2)
    seen: list[Any] = []
    module.register_full_backward_hook(lambda m, gi, go: seen.append(shapes((*gi, *go))))
    module.register_forward_pre_hook(lambda m, args: (args[0] * 7,))
    module.register_forward_hook(lambda m, args, y: y * 10)
    module(x).sum().backward()
    assert seen == [(20.0, 1.0)]
    np.testing.assert_allclose(x.grad.data, 140)


def test_a_forward_hook_may_return_another_nest() -> None:
    module = Returns(lambda x: x * 2)
    module.register_forward_hook(lambda m, args, y: (y, {"twice": y * 2}))
    seen: list[Any] = []
    module.register_full_backward_hook(lambda m, gi, go: seen.append(shapes(go)))
    np.sum(module(Tensor(X, requires_grad=True))[1]["twice"]).backward()
    assert seen == [(None, {"twice": 1.0})]


def test_two_calls_keep_their_gradients_apart() -> None:
    module = Returns(lambda x: (x * 2, x))
    seen: list[Any] = []
    module.register_full_backward_hook(lambda m, gi, go: seen.append(shapes(go)))
    x = Tensor(X, requires_grad=True)
    a, b = module(x), module(x)
    np.sum(a[0] * 5 + b[1] * 6).backward(retain_graph=True)
    assert sorted(seen, key=str) == [(5.0, None), (None, 6.0)]
    seen.clear()
    y = a[0].sum()
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    a[1].sum().backward()
    assert seen == [(1.0, None), (1.0, None), (None, 1.0)]
    answer = Returns(lambda x: (x * 2, x))
    answer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 3,))
    y = Tensor(X, requires_grad=True)
    np.sum(answer(y)[0]).backward()
    np.testing.assert_allclose(y.grad.data, 6)


def test_a_pre_hook_must_return_a_gradient_for_each_plain_output() -> None:
    for make, answer, words in (
        (lambda x: x * 2, lambda g: (g[0], g[0]), "it returned 2 gradients for 1 outputs"),
        (lambda x: {"a": x}, lambda g: (g[0],), "gradients of nested outputs cannot be replaced"),
    ):
        module = Returns(make)
        module.register_full_backward_pre_hook(lambda m, g, answer=answer: answer(g))
        y = module(Tensor(X, requires_grad=True))
        with pytest.raises(SeedError, match=f"backward pre-hook of Returns: .*{words}"):
            np.sum(y["a"] if isinstance(y, dict) else y).backward()
