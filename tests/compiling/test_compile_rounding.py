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


@pytest.mark.parametrize("name", NOISE)
def test_results_that_are_rounding(name):
    f, x = NOISE[name]
    compiled = compile(f)
    value, gradient = compiled(x)
    wanted, theirs = value_and_grad(f)(x)
    assert value == wanted
    assert np.array_equal(gradient, theirs)


@pytest.mark.parametrize("name", NOISE)
def test_the_floor_is_the_size_of_what_was_subtracted(name, monkeypatch):
    """Rounding of the terms passes, an error of a millionth of a term does not."""
    f, x = NOISE[name]
    programs = []
    real = Program.__init__

    def noted(self, *args, **keywords):
        programs.append(self)
        real(self, *args, **keywords)

    monkeypatch.setattr(Program, "__init__", noted)
    found = compile(f)(x)
    program = programs[0]
    eps = float(np.finfo(x.dtype).eps)
    floor = rounding.sizes(program)[0]
    terms = np.abs(x).max()
    assert 0.01 * min(terms, 1.0) < floor < 1000 * max(terms, 1.0)
    value, gradient = found
    kind = type(value)
    assert recording.agree((kind(value + 8 * eps * floor), gradient), found, program)
    wrong = kind(value + 1e5 * eps * max(floor, abs(float(value))))
    assert not recording.agree((wrong, gradient), found, program)


def test_a_saturated_function_has_no_floor(monkeypatch):
    """What comes out of a tanh is compared with itself, however large what went in."""
    programs = []
    real = Program.__init__

    def noted(self, *args, **keywords):
        programs.append(self)
        real(self, *args, **keywords)

    monkeypatch.setattr(Program, "__init__", noted)
    compile(lambda x: np.sum(np.tanh(1e9 * x)))(np.array([1.0, -0.5, 2.0]))
    assert rounding.sizes(programs[0])[0] <= 9.0
