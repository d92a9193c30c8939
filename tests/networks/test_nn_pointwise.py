"""Activations of large arrays: compiled, in pieces and by their formula they are the same."""

import numpy as np
import pytest

import nn
from autograd_core import Primitive, Tensor, compile, gradcheck, value_and_grad
from autograd_core.workers.formula import trace
from autograd_core.workers.settings import importable
from nn import functional as F
from nn.functional import activation, hard, pointwise

RNG = np.random.default_rng(0)
CASES = {
    name: ({}, f)
    for module in (activation, hard)
    for name, f in vars(module).items()
    if isinstance(f, Primitive) and isinstance(f.forward, pointwise.Pointwise)
}
CASES |= {
    "softplus, settings": ({"beta": 2.5, "threshold": 4}, F.softplus),
    "leaky_relu, settings": ({"negative_slope": -0.3}, F.leaky_relu),
    "elu, settings": ({"alpha": 2}, F.elu),
    "celu, settings": ({"alpha": 0.7}, F.celu),
    "hardtanh, settings": ({"min_val": -0.2, "max_val": 2}, F.hardtanh),
    "hardshrink, settings": ({"lambd": 0.1}, F.hardshrink),
    "softshrink, settings": ({"lambd": 0.1}, F.softshrink),
}
CASES["_threshold_settings"] = ({"threshold": 0.3, "value": -2.0}, hard._threshold_settings)
LOSSES = (
    "huber_loss", "smooth_l1_loss", "l1_loss", "mse_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
)  # fmt: skip
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 88.0, -88.0, 3.0, -3.0, 6.0, 0.5]


def ways():
    """The settings that choose a way, and how far its results may lie from the formula's."""
    yield "formula", {"compiled": False}, 0
    yield "pieces", {"compiled": False, "threads": 2}, 0
    if importable("numba"):
        yield "compiled", {"compiled": True, "threads": 2}, 64


def both_passes(f, x, g, settings):
    t = Tensor(x, requires_grad=True)
    y = f(t, **settings)
    y.backward(g)
    return y.data, t.grad.data


def numbers(shape, dtype, special=True):
    x = (3 * RNG.normal(size=shape)).astype(dtype)
    if special:
        x.reshape(-1)[: len(SPECIAL)] = SPECIAL
    return x


def orders(x):
    """The same numbers in several layouts."""
    yield "C", x
    yield "channels last", np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    yield "column", np.asfortranarray(x)
    yield "strided", np.repeat(x, 2, axis=-1)[..., ::2]
    yield "backwards", x[::-1].copy()[::-1]
    frozen = x.copy()
    frozen.flags.writeable = False
    yield "read-only", frozen


def check(f, x, g, settings, monkeypatch):
    found = {}
    for name, chosen, ulps in ways():
        with monkeypatch.context() as patched, np.errstate(all="ignore"):
            if name == "formula":
                patched.setattr(pointwise, "FEWEST", 1 << 62)
            elif name == "pieces":
                patched.setattr(pointwise, "CACHED", 0)
            with nn.use_kernels(**chosen):
                found[name] = both_passes(f, x, g, settings)
        for got, want in zip(found[name], found["formula"], strict=True):
            assert got.dtype == want.dtype == x.dtype
            if not ulps:
                np.testing.assert_array_equal(got, want)
                continue
            # where a formula cancels, it is as far from the true value as from the kernel's
            eps = ulps * np.finfo(x.dtype).eps
            np.testing.assert_allclose(got, want, rtol=eps, atol=eps * np.abs(g).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_all_ways_give_the_same(name, monkeypatch):
    settings, f = CASES[name]
    x = numbers((40, 50), np.float32)
    check(f, x, numbers(x.shape, np.float32, special=False), settings, monkeypatch)


# each compiles two kernels: every fifth here, all of them in make exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        name if k % 5 == 0 else pytest.param(name, marks=pytest.mark.exhaustive)
        for k, name in enumerate(CASES)
    ],
)
def test_all_ways_give_the_same_in_double_precision(name, monkeypatch):
    settings, f = CASES[name]
    x = numbers((40, 50), np.float64)
    check(f, x, numbers(x.shape, np.float64, special=False), settings, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["silu", "leaky_relu, settings", "relu"])
def test_all_layouts(name, monkeypatch):
    settings, f = CASES[name]
    x = numbers((3, 5, 37, 61), np.float32)
    for _, a in orders(x):
        for _, g in orders(numbers(x.shape, np.float32, special=False)):
            check(f, a, g, settings, monkeypatch)
        check(f, a, np.broadcast_to(np.float32(0.7), x.shape), settings, monkeypatch)
    for n in (1023, 1024, 1025, 70_001):
        x = numbers(n, np.float32)
        check(f, x, np.ones_like(x), settings, monkeypatch)


@pytest.mark.parametrize("name", ["sigmoid", "gelu", "softplus"])
def test_kernels_are_near_the_true_value(name):
    """Against double precision, which runs the same formula on another path with 1e9 more room."""
    f = getattr(F, name)
    x = np.linspace(-9, 9, 40_001).astype(np.float32)
    g = np.ones_like(x)
    with nn.use_kernels(compiled=False):
        exact = both_passes(f, x.astype(float), g.astype(float), {})
    for chosen in ({"compiled": True}, {"compiled": False}):
        with nn.use_kernels(**chosen):
            for got, want in zip(both_passes(f, x, g, {}), exact, strict=True):
                np.testing.assert_allclose(got, want, rtol=4e-6, atol=5e-7)


def test_every_formula_is_traced():
    for name, (settings, f) in CASES.items():
        rule = f.vjps[0]
        assert trace(f.forward.formula, "f", tuple(settings)) is not None, name
        assert trace(rule, "fff", tuple(settings)) is not None, name


@pytest.mark.parametrize("kind", ["e", "i", "?", "F", ">f", "object", "subclass", "mixed"])
def test_other_kinds_of_arrays_run_the_formula(kind):
    halves = pointwise.Pointwise(lambda x, y: np.where(x > 0, x * 0.5, -y) * np.square(x) + 1)
    x, y = numbers((2, 1200), np.float64, special=False)
    if kind == "object":
        x = x.astype(object)
    elif kind == "subclass":
        x = x.view(np.ma.MaskedArray)
    elif kind == "mixed":
        y = y.astype(np.float32)
    elif kind == "F":
        x, halves = x.astype(kind), pointwise.Pointwise(lambda x, y: x * y + 1 - x)
    else:
        x = x.astype(kind)
    got, want = halves(x, y), halves.formula(x, y)
    assert type(got) is type(want)
    assert got.dtype == want.dtype
    np.testing.assert_allclose(np.asarray(got, complex), np.asarray(want, complex), rtol=1e-12)


def test_strange_settings_run_the_formula():
    scaled = pointwise.Pointwise(lambda x, *, by: np.square(x) * by + by * 2 - x)
    x = numbers(2000, np.float32, special=False)
    for by in (0.5, 2, True, np.float64(0.3), np.float32(0.3), 10**30, np.full(2000, 2.0)):
        got, want = scaled(x, by=by), scaled.formula(x, by=by)
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-6)


def test_a_formula_that_is_not_traced_still_runs():
    summed = pointwise.Pointwise(lambda x: np.cumsum(x) + np.abs(x) * x - 1)
    x = np.arange(3000.0)
    np.testing.assert_array_equal(summed(x), summed.formula(x))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["silu", "relu", "gelu", "softplus, settings"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_compiled_program_gives_the_engines_bits(name, compiled):
    settings, f = CASES.get(name) or ({}, getattr(F, name))
    x, w = numbers((40, 60), np.float32, special=False), RNG.normal(size=(60, 30)).astype("f")

    def loss(x, w):
        return np.sum(np.square(f(x @ w, **settings)))

    step = compile(loss, argnums=(0, 1))
    with nn.use_kernels(compiled=compiled):
        for scale in (1, 3):
            value, slopes = value_and_grad(loss, (0, 1))(x * scale, w)
            again, others = step(x * scale, w)
            assert value == again
            for one, other in zip(slopes, others, strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_losses_of_large_arrays(name, reduction, monkeypatch):
    f = getattr(F, name)
    rng = np.random.default_rng(0)
    z, t = (rng.uniform(0.01, 0.99, size=(3, 6, 12, 11)).astype("f") for _ in range(2))
    settings = {"delta": 0.2} if name == "huber_loss" else {}
    for order in (lambda a: a, np.asfortranarray, lambda a: a[:, ::-1].copy()[:, ::-1]):
        found = {}
        for way, chosen, _ in ways():
            with monkeypatch.context() as patched:
                if way == "formula":
                    patched.setattr(pointwise, "FEWEST", 1 << 62)
                elif way == "pieces":
                    patched.setattr(pointwise, "CACHED", 0)
                with nn.use_kernels(**chosen):
                    a, b = Tensor(order(z), requires_grad=True), Tensor(t, requires_grad=True)
                    y = f(a, b, reduction=reduction, **settings)
                    y.backward(np.ones_like(y.data))
                    found[way] = y.data, a.grad.data, b.grad.data
        for results in found.values():
            for got, want in zip(results, found["formula"], strict=True):
                np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6)


def test_logits_that_are_infinite_lose_nothing_where_they_are_right():
    z = np.array([np.inf, -np.inf, np.inf, -np.inf, np.nan, 0.0] * 500, np.float32)
    t = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.5] * 500, np.float32)
    for chosen in ({"compiled": True}, {"compiled": False}):
        with nn.use_kernels(**chosen):
            loss = F.binary_cross_entropy_with_logits(z, t, reduction="none")
        want = [0, 0, np.inf, np.inf, np.nan, np.log(2)] * 500
        np.testing.assert_allclose(loss, want, rtol=1e-6)


def test_a_slope_may_read_both_the_result_and_the_argument():
    swish = pointwise.declared(
        lambda x: x / (1 + np.exp(-x)),
        lambda y, x: y + (1 - y) / (1 + np.exp(-x)),
        name="swish of both",
    )
    assert repr(swish.forward) == "<pointwise swish of both>"
    x = numbers((3, 500), float, special=False)
    assert gradcheck(swish, x[:, :4])
    for _, settings, _ in ways():
        with nn.use_kernels(**settings):
            y, g = both_passes(swish, x, np.ones_like(x), {})
        shares = 1 / (1 + np.exp(-x))
        np.testing.assert_allclose(y, x * shares, rtol=1e-13)
        np.testing.assert_allclose(g, shares * (1 + x * (1 - shares)), rtol=1e-12)
