"""Functions whose results are pure rounding are compiled; wrong programs of them are not."""

import numpy as np
import pytest

from autograd_core import compile, value_and_grad
from autograd_core.compiling import recording, rounding
from autograd_core.compiling.program import Program

RNG = np.random.default_rng(11)
P = RNG.dirichlet(np.ones(6), size=4)


def divergence(q):
    return np.sum(P * (np.log(P) - np.log(q))) / len(P)


NOISE = {
    "divergence of equal distributions": (divergence, P),
    "sum of differences from the mean": (lambda x: np.sum(x - np.mean(x)), RNG.normal(size=50)),
    "sum of a softmax less 1": (
        lambda x: np.sum(np.exp(x) / np.sum(np.exp(x))) - 1.0, RNG.normal(size=9)),
    "a root squared less itself": (lambda x: np.sum(np.sqrt(x) ** 2 - x), RNG.uniform(1, 2, 30)),
    "float32": (lambda x: np.mean(x - np.mean(x)), RNG.normal(size=70).astype(np.float32)),
}  # fmt: skip


@pytest.fixture
def programs(monkeypatch):
    """The programs that are made."""
    made = []
    real = Program.__init__

    def noted(self, *args, **keywords):
        made.append(self)
        real(self, *args, **keywords)

    monkeypatch.setattr(Program, "__init__", noted)
    return made


@pytest.mark.parametrize("name", NOISE)
def test_results_that_are_rounding(name):
    f, x = NOISE[name]
    compiled = compile(f)
    value, gradient = compiled(x)
    wanted, theirs = value_and_grad(f)(x)
    assert value == wanted
    assert np.array_equal(gradient, theirs)


@pytest.mark.parametrize("name", NOISE)
def test_the_floor_is_the_size_of_what_was_subtracted(name, programs):
    """Rounding of the terms passes, an error of a millionth of a term does not."""
    f, x = NOISE[name]
    found = compile(f)(x)
    program = programs[0]
    eps = float(np.finfo(x.dtype).eps)
    floor = rounding.roundings(program)[0].size
    terms = np.abs(x).max()
    assert 0.01 * min(terms, 1.0) < floor < 1000 * max(terms, 1.0)
    value, gradient = found
    kind = type(value)
    assert recording.agree((kind(value + 8 * eps * floor), gradient), found, program)
    wrong = kind(value + 1e5 * eps * max(floor, abs(float(value))))
    assert not recording.agree((wrong, gradient), found, program)


def test_a_saturated_function_has_no_floor(programs):
    """What comes out of a tanh is compared with itself, however large what went in."""
    compile(lambda x: np.sum(np.tanh(1e9 * x)))(np.array([1.0, -0.5, 2.0]))
    assert rounding.roundings(programs[0])[0].size <= 9.0


INDEX = np.array([2, 1, 1, 0, 2])
NARROW = {
    "places taken twice": lambda y: np.sum(y[INDEX] * 1.7) + np.sum(np.sin(y) * y[::-1]),
    "take, and a transform": lambda y: np.sum(np.abs(np.fft.ihfft(y))) + np.sum(np.take(y, INDEX)),
    "rows taken twice": lambda y: np.sum(np.outer(y, y)[INDEX] @ y) + np.sum(y * 0.3),
    "three uses": lambda y: np.sum(y[1:] * y[:-1]) + np.sum(y[INDEX] ** 3) + np.sum(np.exp(y)),
}  # fmt: skip


@pytest.mark.parametrize("narrow", [np.float16, np.float32])
@pytest.mark.parametrize("name", NARROW)
def test_singles_inside_of_doubles(name, narrow):
    """A gradient of doubles that was added up in singles is as good as singles are."""
    f = NARROW[name]

    def through(x):
        return f(x.astype(narrow)).astype(float)

    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=3)
        value, gradient = compile(through)(x)
        wanted, theirs = value_and_grad(through)(x)
        assert value == wanted
        assert gradient.dtype == theirs.dtype == float
        largest = max(np.abs(theirs).max(), 1.0)
        assert np.abs(gradient - theirs).max() <= 8 * np.finfo(narrow).eps * largest


def test_singles_do_not_excuse_other_doubles(programs):
    """Only what singles lead to may be off by their rounding."""
    x = np.array([0.3, 1.2, -0.7])

    def f(x, y):
        return np.sum(np.sin(x.astype(np.float32))).astype(float) + np.sum(y * y)

    value, (narrow, wide) = found = compile(f, argnums=(0, 1))(x, x)
    assert recording.agree((value, (narrow + 1e-7, wide)), found, programs[0])
    assert not recording.agree((value, (narrow, wide + 1e-7)), found, programs[0])
