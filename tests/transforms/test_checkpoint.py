"""checkpoint: same values, same derivatives in every mode, same random draws, less memory."""

import functools
import random
import tracemalloc
import weakref

import numpy as np
import pytest

from autograd_core import (
    OverwrittenError,
    RuleError,
    Tensor,
    checkpoint,
    grad,
    gradients,
    hessian,
    hvp,
    jvp,
    linearize,
    vjp,
    vmap,
)
from autograd_core.transforms import derivatives as transforms
from autograd_core.transforms.random_sources import random_sources


def f(x):
    return np.sum(np.sin(x) * np.tanh(x * x))


X = np.array([0.3, -1.2, 0.8])


def test_every_mode():
    g = checkpoint(f)
    np.testing.assert_allclose(grad(g)(X), grad(f)(X), rtol=1e-14)
    v = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(jvp(g, (X,), (v,))[1], jvp(f, (X,), (v,))[1], rtol=1e-14)
    np.testing.assert_allclose(hvp(g, (X,), (v,)), hvp(f, (X,), (v,)), rtol=1e-12)
    twice = lambda h: grad(lambda x: np.sum(grad(h)(x) * v))(X)
    np.testing.assert_allclose(twice(g), twice(f), rtol=1e-12)
    np.testing.assert_allclose(
        grad(lambda x: jvp(g, (x,), (v,))[1])(X), hvp(f, (X,), (v,)), rtol=1e-12
    )


def test_closures_over_tracked_values():
    w, x = Tensor([1.0, 2.0, 3.0], requires_grad=True), Tensor(X, requires_grad=True)
    h = w * w  # an intermediate value used inside and outside

    def segment(v):
        return np.sum(np.sin(v * h) + w * v)

    (segment(x) + np.sum(h)).backward(retain_graph=True)
    expected = w.grad.data.copy(), x.grad.data.copy()
    w.grad = x.grad = None
    (checkpoint(segment)(x) + np.sum(h)).backward()
    np.testing.assert_allclose(w.grad.data, expected[0], rtol=1e-14)
    np.testing.assert_allclose(x.grad.data, expected[1], rtol=1e-14)


def test_closure_only():
    w = Tensor([1.0, 2.0], requires_grad=True)
    checkpoint(lambda: np.sum(w**3))().backward()
    np.testing.assert_allclose(w.grad.data, [3.0, 12.0])


def test_create_graph():
    x = Tensor(X, requires_grad=True)
    (g,) = gradients(checkpoint(f)(x), [x], create_graph=True)
    (h,) = gradients(np.sum(g * g), [x])
    expected = grad(lambda v: np.sum(grad(f)(v) ** 2))(X)
    np.testing.assert_allclose(h.data, expected, rtol=1e-12)


def test_nests_and_several_outputs():
    def g(p, scale=1.0):
        return {"a": p["x"] * scale, "b": [np.sum(p["x"] ** 2), 3.0]}

    def total(run):
        return lambda x: np.sum(run({"x": x}, scale=2.0)["a"]) + run({"x": x}, scale=2.0)["b"][0]

    np.testing.assert_allclose(grad(total(checkpoint(g)))(X), grad(total(g))(X))


class Noisy:
    def __init__(self):
        self.generator = np.random.default_rng(5)

    def __call__(self, x):
        noise = self.generator.normal(size=3) + np.random.normal(size=3) + random.random()
        return np.sum(x * x * noise)


@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: n.__call__, lambda n: lambda x: n(x)])
def test_random_draws_are_replayed(wrap):
    gradients_seen, draws_after = [], []
    for decorate in (lambda h: h, checkpoint):
        np.random.seed(3)
        random.seed(4)
        noisy = Noisy()
        x = Tensor(X, requires_grad=True)
        out = decorate(wrap(noisy))(x)
        noisy.generator.normal()  # drawn between forward and backward: must not matter
        out.backward()
        gradients_seen.append(x.grad.data)
        draws_after.append((noisy.generator.random(), np.random.random(), random.random()))
    np.testing.assert_array_equal(*gradients_seen)
    assert draws_after[0] == draws_after[1]  # and the replay leaves the streams where they were


def test_saves_memory():
    def deep(x):
        for _ in range(20):
            x = np.sin(x)
        return x

    def peak(g):
        x = Tensor(np.ones(50_000), requires_grad=True)
        tracemalloc.start()
        y = x
        for _ in range(5):
            y = g(y)
        held = tracemalloc.get_traced_memory()[0]
        np.sum(y).backward()
        tracemalloc.stop()
        return held, x.grad.data

    (plain, g1), (saved, g2) = peak(deep), peak(checkpoint(deep))
    assert saved < plain / 10
    np.testing.assert_array_equal(g1, g2)


def test_a_weak_reference_to_something_gone_is_passed_by():
    class Gone:
        pass

    gone = Gone()
    proxy = weakref.proxy(gone)
    del gone

    def f(x):
        return np.sin(x) * (1.0 if proxy is not None else 0.0)

    np.testing.assert_allclose(grad(lambda x: np.sum(checkpoint(f)(x)))(np.ones(2)), np.cos(1.0))


def test_random_sources_are_found_through_the_engines_wrappers():
    generator = np.random.default_rng(1)
    draw = functools.partial(lambda source, x: np.sum(x * source.normal(size=3)), generator)
    like_numpy = functools.wraps(np.sum)(lambda x: draw(x))  # its __module__ is NumPy's
    wrappers = [grad(draw), vmap(draw), checkpoint(draw), lambda x: hvp(draw, (x,), (x,))]
    for wrapped in (*wrappers, like_numpy):
        assert random_sources(wrapped) == [generator]


def test_the_engine_is_not_searched_for_random_sources(monkeypatch):
    """It draws nothing, and holds thousands of objects."""
    generator = np.random.default_rng(1)
    monkeypatch.setattr(transforms, "tree", generator)
    assert random_sources(lambda x: grad(f)(x)) == []


def test_a_search_for_random_sources_ends(monkeypatch):
    """An object may lead to everything that there is; the nearest sources are found."""
    from autograd_core.transforms import random_sources as searching

    monkeypatch.setattr(searching, "MOST", 50)
    near, far = np.random.default_rng(0), np.random.default_rng(1)
    chain = [far]
    for _ in range(100):
        chain = [chain]
    found, unkept = searching.named_sources({"a": [chain, near], "b": [far]})
    assert list(found.values()) == [near, far]
    assert list(found) == ["a[1]", "b[0]"]
    assert unkept == {"a": "more than 50 objects; those further away were not searched"}


@pytest.mark.parametrize("later", [lambda v: 100.0, lambda v: -v], ids=["other", "same values"])
@pytest.mark.parametrize(
    "derivative",
    [
        lambda f, x: grad(f)(x),
        lambda f, x: vjp(f, x)[1](1.0),
        lambda f, x: linearize(f, x)[1](x),
        lambda f, x: hessian(f)(x),
    ],
    ids=["grad", "vjp", "linearize", "hessian"],
)
def test_a_value_from_outside_that_was_overwritten_is_an_error(derivative, later):
    """Also where the second run computes the same results: its derivative is another one."""

    def f(x, wrapped=checkpoint):
        outside = x * 2.0
        y = wrapped(lambda z: np.sum(outside * outside) * z)(x[0])
        outside[:] = later(outside)
        return y

    x = np.array([1.0, 2.0, 3.0])
    derivative(lambda x: f(x, lambda g: g), x)  # without checkpoint it works
    with pytest.raises(OverwrittenError, match="from outside was overwritten"):
        derivative(f, x)


def leaf(value):
    return Tensor(value, requires_grad=True)


TWO = np.array([0.3, 0.8])


def test_checkpoint_of_a_function_that_changes_its_argument():
    def h(x):
        x += 1
        return x * x

    x = leaf(np.array([1.0, 2.0]))
    t = x * 1
    np.sum(checkpoint(h)(t)).backward()
    np.testing.assert_array_equal(x.grad.data, [4.0, 6.0])
    np.testing.assert_array_equal(t.data, [1.0, 2.0])


class Slotted:
    __slots__ = ("r",)

    def __init__(self):
        self.r = np.random.default_rng(0)

    def __call__(self, x):
        return x * self.r.normal(size=2)


class OfTheClass:
    r = np.random.default_rng(0)

    def __call__(self, x):
        return x * self.r.normal(size=2)


GLOBAL = np.random.default_rng(0)


def nested_global(x):
    def inner():
        return GLOBAL.normal(size=2)

    return x * inner()


DRAWS = {
    "argument": (lambda x, r: x * r.normal(size=2), (np.random.default_rng(0),)),
    "RandomState": (lambda x, r: x * r.normal(size=2), (np.random.RandomState(0),)),
    "random.Random": (lambda x, r: x * r.random(), (random.Random(0),)),
    "partial": (functools.partial(lambda r, x: x * r.normal(size=2), np.random.default_rng(0)), ()),
    "slots": (Slotted(), ()),
    "class attribute": (OfTheClass(), ()),
    "global of a nested function": (nested_global, ()),
}


@pytest.mark.parametrize("source", DRAWS)
def test_checkpoint_draws_the_same_again(source):
    f, more = DRAWS[source]
    x = leaf(np.ones(2))
    y = checkpoint(f)(x, *more)
    np.sum(y).backward()
    np.testing.assert_allclose(x.grad.data, y.data)


def test_checkpoint_says_so_if_the_second_run_differs():
    calls = iter(range(10))
    y = checkpoint(lambda x: x * float(next(calls)))(leaf(TWO))
    with pytest.raises(RuleError, match="other values"):
        np.sum(y).backward()


@pytest.mark.filterwarnings("error")
def test_a_random_state_of_another_bit_generator_is_put_back() -> None:
    """NumPy warns where the legacy form of such a state is asked for."""
    source = np.random.RandomState(np.random.PCG64(3))
    again = np.random.RandomState(np.random.PCG64(3))
    x = np.arange(1.0, 4.0)
    found = grad(lambda x: np.sum(checkpoint(lambda y: y * source.normal(size=3))(x)))(x)
    np.testing.assert_array_equal(found, again.normal(size=3))
    assert source.normal() == again.normal()
