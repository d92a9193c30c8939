"""What a rule reads: never too little, over the whole table; not too much, where it matters."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from cases import EVERY
from cases.case import Case

import nn.functional as F
from autograd_core import OverwrittenError, Tensor, elementwise, gradients, no_grad, primitive
from autograd_core.base import tree
from autograd_core.engine.node import PART, Node
from autograd_core.engine.sweeping import collect
from autograd_core.operations.saved_reads import (
    EVERYTHING,
    Probe,
    Reading,
    really_reads,
    values_read,
)

W = np.array([[0.7, -0.4, 1.1], [0.2, 1.3, -0.8]])


def _noise(value, seed):
    """Return other numbers of the same shape and kind, far from the first."""
    if isinstance(value, tuple):
        made = [_noise(part, seed + k) for k, part in enumerate(value)]
        return tuple(made) if type(value) is tuple else type(value)(*made)
    if np.asarray(value).dtype.kind not in "fc" or not hasattr(value, "dtype"):
        return value
    random = np.random.default_rng(seed)
    return (value * 3 + random.uniform(5, 9, value.shape)).astype(value.dtype)[()]


def _answers(node, g, values, ts):
    """Return what each of a node's rules answers, by argument."""
    primitive_ = node.primitive
    args, params = values[1:], node.params
    if ts is not None:
        found = []
        for k, t in enumerate(ts):
            only = [t if j == k else None for j in range(len(ts))]
            found.append(None if t is None else primitive_.push(only, values[0], args, params))
        return found
    if primitive_.vjps is None:
        return list(primitive_.pull(g, values[0], args, params))
    pairs = zip(primitive_.vjps, node.inputs, strict=True)
    return [r(g, *values, **params) if r and isinstance(i, Node) else None for r, i in pairs]


def _same(a, b):
    return all(
        np.array_equal(x, y, equal_nan=True)
        for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True)
    )


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.parametrize("case", EVERY, ids=str)
@np.errstate(all="ignore")
def test_what_is_said_not_to_be_read_may_be_anything(case: Case) -> None:
    result = case.f(*[Tensor(x, requires_grad=True) for x in case.arguments()])
    tops = [t._node for t in tree.leaves(result) if isinstance(t, Tensor) and t._node]
    for node in collect(tops):
        if node.primitive is None or node.primitive is PART:
            continue
        values = [node.output, *(i.output if isinstance(i, Node) else i for i in node.inputs)]
        if any(np.asarray(v).dtype.kind == "O" for v in values if not isinstance(v, tuple)):
            continue
        g = _noise(node.output, 3)
        for forward in (False, True):
            reads = node.primitive.jvp_reads() if forward else node.primitive.vjp_reads()
            pairs = zip(values[1:], node.inputs, strict=True)
            ts = [_noise(a, 5) if isinstance(i, Node) else None for a, i in pairs]
            ts = ts if forward else None
            kept = _answers(node, g, values, ts)
            for k, value in enumerate(values):
                other = [*values[:k], _noise(value, k), *values[k + 1 :]]
                rules = None if forward or node.primitive.multiple else node.primitive.vjps
                unread = [
                    j
                    for j, parent in enumerate(node.inputs)
                    if isinstance(parent, Node)
                    and kept[j] is not None
                    and (
                        k not in reads[min(j, len(reads) - 1)]
                        or (rules and not really_reads(rules[j], g, values, k, node.params))
                    )
                ]
                if unread:
                    found = _answers(node, g, other, ts) if not rules else None
                for j in unread:
                    answer = rules[j](g, *other, **node.params) if rules else found[j]
                    assert _same(answer, kept[j]), (node, forward, j, k)


@pytest.mark.parametrize("count", [2, 70, 300])
@pytest.mark.parametrize("form", ["each", "joint", "joint through a variable"])
def test_every_argument_of_many_that_is_overwritten_is_noticed(count: int, form: str) -> None:
    def product(*xs):
        return functools.reduce(np.multiply, xs)

    def others(k):
        return lambda g, y, *xs: g * product(*xs[:k], *xs[k + 1 :])

    def together(g, y, *xs):
        return [g * product(np.ones_like(g), *xs[:k], *xs[k + 1 :]) for k in range(len(xs))]

    rule = {
        "each": [others(k) for k in range(count)],
        "joint": lambda g, y, *xs: together(g, y, *xs),
        "joint through a variable": lambda g, y, *xs: (lambda held: together(g, y, *held))(xs),
    }[form]
    multiply_all = primitive(product, vjp=rule, name="product of many")
    for place in {0, 1, count // 2, count - 4 if count > 4 else 0, count - 1}:
        w = Tensor(np.linspace(0.9, 1.1, count), requires_grad=True)
        xs = [w[k : k + 1] * 1.0 for k in range(count)]
        y = multiply_all(*xs)
        xs[place] *= 2.0
        with pytest.raises(OverwrittenError, match="product of many"):
            y.sum().backward()


def test_joining_many_needs_none_of_them() -> None:
    w = Tensor(np.ones(1), requires_grad=True)
    xs = [w * float(k) for k in range(100)]
    y = np.concatenate(xs)
    for x in (*xs, y):
        x += 1.0
    y.sum().backward()
    np.testing.assert_array_equal(w.grad.data, [4950.0])


class _Callable:
    def __call__(self, g, y, x):
        return g * x

    def method(self, g, y, x):
        return g * x


def _looks(name):
    scope = {}
    exec(f"def rule(g, y, x):\n    return g * {name}", scope)
    return scope["rule"]


SNEAKY = {
    "object": _Callable(),
    "bound method": _Callable().method,
    "partial": functools.partial(lambda k, g, y, x: g * x * k, 1.0),
    "builtin": np.multiply,
    "wrapped": functools.wraps(_Callable.method)(lambda *a: a[0] * a[2]),
    "locals": _looks('locals()["x"]'),
    "eval": _looks('eval("x")'),
    "vars": _looks('vars()["x"]'),
    "inner function": lambda g, y, x: (lambda: g * x)(),
    "comprehension": lambda g, y, x: g * [x for _ in range(2)][1],
    "generator": lambda g, y, x: g * sum(x for _ in range(1)),
    "default of an inner function": lambda g, y, x: (lambda v=x: g * v)(),
    "variable": lambda g, y, x: x if (v := x) is None else v * g,
    "attribute of the array": lambda g, y, x: g * x.T.T,
}


@pytest.mark.parametrize("name", SNEAKY)
def test_however_a_rule_gets_at_a_value_it_counts_as_read(name: str) -> None:
    assert 1 in values_read(SNEAKY[name], 1)


def _rule_that_catches(g, y, x):
    try:
        return g * x
    except Exception:
        return g


TOUCHING = {
    **{k: SNEAKY[k] for k in SNEAKY if k not in ("builtin",)},
    "catches": _rule_that_catches,
    "asks": lambda g, y, x: g if x else -g,
    "compares": lambda g, y, x: g if x == 1 else -g,
    "returns it": lambda g, y, x: x,
    "returns it in a list": lambda g, y, x: [x],
    "array of it": lambda g, y, x: np.array([x]),
    "object array": lambda g, y, x: np.array([x, None], dtype=object),
    "iterates": lambda g, y, x: g * sum(v for v in x),
    "formats": lambda g, y, x: g * len(f"{x}"),
    "like, second": lambda g, y, x: np.full_like(g, x),
    "hashes": lambda g, y, x: g * hash(x),
    "float": lambda g, y, x: g * float(x),
    "method": lambda g, y, x: g * x.sum(),
    "index": lambda g, y, x: g * x[0],
}
NOT_TOUCHING = {
    "shape": lambda g, y, x: g.reshape(x.shape),
    "like": lambda g, y, x: g + np.zeros_like(x) + np.ones_like(x) + np.full_like(x, 2.0),
    "kind": lambda g, y, x: g * x if x.dtype.kind == "c" else g,
    "length": lambda g, y, x: g * len(x) * x.size * x.ndim * np.size(x),
    "handed on": lambda g, y, *xs: g * np.ndim(xs[0]),
    "in a list": lambda g, y, x: [g for _ in (x, x)][1],
}


@pytest.mark.parametrize("name", TOUCHING)
def test_the_probe_notices_what_a_rule_reads(name: str) -> None:
    values = [np.ones(2), np.ones(2)]
    assert really_reads(TOUCHING[name], np.ones(2), values, 1, {})


@pytest.mark.parametrize("name", NOT_TOUCHING)
def test_the_probe_lets_a_rule_ask_for_shape_and_kind(name: str) -> None:
    values = [np.ones(2), np.ones(2)]
    assert not really_reads(NOT_TOUCHING[name], np.ones(2), values, 1, {})


def test_readings_compare_and_say_what_they_are() -> None:
    assert repr(Reading({2, 0})) == "Reading([0, 2])"
    assert repr(EVERYTHING) == "Reading([], rest=0)"
    assert Reading({1}) == {1} != EVERYTHING
    assert "a" not in EVERYTHING
    assert Reading({1}, rest=3).after(1) == Reading({2}, rest=4)
    assert Reading({1}).after(1) == {2}
    assert len({Reading({1}), Reading({1})}) == 1
    assert Probe(np.ones(3)).dtype == float


# The result is changed in place before the sweep: PyTorch answers all of these.
CHANGED = {
    "divide": lambda w: w / 2,
    "divide by": lambda w: 2 / (w + 2),
    "power": lambda w: w**2,
    "square": np.square,
    "concatenate": lambda w: np.concatenate([w, w]),
    "stack": lambda w: np.stack([w, w]),
    "hstack": lambda w: np.hstack([w, w]),
    "einsum": lambda w: np.einsum("ij,kj->ik", w, w),
    "abs": np.abs,
    "maximum": lambda w: np.maximum(w, 0.1),
    "minimum": lambda w: np.minimum(w, 0.1),
    "max": lambda w: np.max(w, axis=1),
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "leaky_relu": F.leaky_relu,
    "softplus": F.softplus,
    "norm": lambda w: np.linalg.norm(w, axis=1),
    "layer_norm": lambda w: F.layer_norm(w, (3,)),
    "batch_norm": lambda w: F.batch_norm(w, None, None, training=True),
    "group_norm": lambda w: F.group_norm(w.reshape(1, 6, 1), 2),
    "max_pool": lambda w: F.max_pool1d(w[None], 2),
    "avg_pool": lambda w: F.avg_pool1d(w[None], 2),
    "logaddexp": lambda w: np.logaddexp(w, 0.0),
    "var": lambda w: np.var(w, axis=1),
    "median": lambda w: np.median(w, axis=1),
    "sort": np.sort,
    "matmul": lambda w: w @ w.T,
    "where": lambda w: np.where(w > 0, w, 0.0),
    "sin": np.sin,
    "log": lambda w: np.log(w + 2),
    "cumsum": lambda w: np.cumsum(w, axis=0),
    "linear": lambda w: F.linear(w, np.ones((2, 3)), np.ones(2)),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_result_that_no_rule_reads_may_be_changed(name: str) -> None:
    f = CHANGED[name]
    w, v = Tensor(W, requires_grad=True), Tensor(W, requires_grad=True)
    f(w).sum().backward()
    y = f(v)
    y += 1.0
    y *= 2.0
    y[0] += 1.0
    y.sum().backward(retain_graph=True)
    np.testing.assert_allclose(v.grad.data, 2 * w.grad.data, rtol=1e-14)
    y.sum().backward()  # the second time what was computed again is there
    np.testing.assert_allclose(v.grad.data, 4 * w.grad.data, rtol=1e-14)


@pytest.mark.parametrize("f", [np.exp, np.tanh, np.sqrt, F.relu, F.softmax, np.reciprocal])
def test_a_result_that_the_rule_reads_may_not(f) -> None:
    w = Tensor(np.abs(W), requires_grad=True)
    y = f(w)
    y += 1.0
    with pytest.raises(OverwrittenError):
        y.sum().backward()
    assert w.grad is None


def test_an_argument_overwritten_beside_the_result_is_still_an_error() -> None:
    w = Tensor(np.abs(W), requires_grad=True)
    x = w * 1.0
    y = np.max(x, axis=1)
    x += 1.0
    y += 1.0
    with pytest.raises(OverwrittenError, match="saved by max"):
        y.sum().backward()


def test_only_the_gradients_that_are_asked_for_count() -> None:
    a, b = Tensor([2.0], requires_grad=True), Tensor([3.0], requires_grad=True)
    y = (a * b).sum()
    with no_grad():
        a += 1.0  # read for b's gradient alone
    assert gradients(y, [a])[0].data == [3.0]
    with pytest.raises(OverwrittenError):
        gradients(y, [b])


def test_a_mask_or_an_index_that_is_overwritten_is_noticed() -> None:
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    mask, index = Tensor([True, False, True]), Tensor([0, 2])
    for y, used in ((np.where(mask, x, 0.0), mask), (x[index], index)):
        used[...] = 1
        with pytest.raises(OverwrittenError):
            y.sum().backward()


def test_forward_rules_may_read_what_reverse_rules_do_not() -> None:
    from autograd_core import linearize

    f = primitive(
        lambda x: np.exp(x),
        vjp=[lambda g, y, x: g * y],
        jvp=[lambda t, y, x: t * np.exp(x)],
        name="two ways",
    )
    assert f.jvp_reads() == (Reading({1}),)
    assert elementwise(lambda x: np.sin(x), lambda y, x: np.cos(x), name="s").jvp_reads() == ({1},)
    assert linearize(f, np.zeros(1))[1](np.ones(1)) == [1.0]


def leaf(value):
    return Tensor(value, requires_grad=True)


TWO = np.array([0.3, 0.8])


def test_a_rule_found_by_transposing_reads_everything():
    p = primitive(lambda x: np.exp(x), jvp=[lambda t, y, x: t * y], name="forward only")
    x = leaf(TWO)
    y = p(x)
    z = np.sum(y)
    with no_grad():
        y *= 0
    with pytest.raises(OverwrittenError, match="forward only"):
        z.backward()


def test_what_a_rule_reads():
    assert values_read(lambda y, x: np.zeros(x.shape) + y, 0) == {0}
    assert values_read(lambda y, x, z: (y, x.shape, z.ndim), 0) == {0}
    assert values_read(lambda y, x: x, 0) == {1}
