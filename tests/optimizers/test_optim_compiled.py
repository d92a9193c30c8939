"""The compiled update rules give the same bits as the NumPy forms, and give way where they must."""

import subprocess
import sys

import numpy as np
import pytest

import optim
from autograd_core import Tensor
from autograd_core.workers import use_kernels
from optim import compiled

try:
    import numba
except ImportError:
    numba = None
compiled_only = pytest.mark.skipif(numba is None, reason="the compiled rules need numba")

RULES = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "dampened": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True),
    "decay": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "climb": lambda p: optim.SGD(p, lr=0.1, maximize=True),
    "adam": lambda p: optim.Adam(p, lr=0.01, betas=(0.8, 0.95)),
    "amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.2),
}


def trained(make, shape, monkeypatch, enough, dtype=np.float32):
    """Return the parameter and its state after six steps with given gradients."""
    monkeypatch.setattr(compiled, "ENOUGH", enough)
    rng = np.random.default_rng(0)
    p = Tensor(rng.normal(size=shape).astype(dtype), requires_grad=True)
    optimizer = make([p])
    for _ in range(6):
        p.grad = Tensor(rng.normal(size=shape).astype(dtype))
        optimizer.step()
    state = optimizer.state.get(p, {})
    return [p.data, *(v for v in state.values() if isinstance(v, np.ndarray))]


@compiled_only
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", [(1,), (7, 5), (3, 4, 50)], ids=str)
@pytest.mark.parametrize("name", RULES)
def test_the_bits_are_those_of_numpy(name, shape, threads, monkeypatch):
    from autograd_core.workers.compiled import team
    from optim.compiled import rules

    monkeypatch.setattr(team, "SHARED", 0)
    if threads > 1:
        monkeypatch.setattr(rules, "SHARED", 0)
    with use_kernels(threads=threads):
        found = trained(RULES[name], shape, monkeypatch, 0)
    wanted = trained(RULES[name], shape, monkeypatch, 10**9)
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@compiled_only
def test_numbers_that_are_not_finite_stay_so(monkeypatch):
    def run(enough):
        monkeypatch.setattr(compiled, "ENOUGH", enough)
        p = Tensor(np.ones(4, np.float32), requires_grad=True)
        optimizer = optim.Adam([p], lr=0.1, amsgrad=True)
        for g in ([1, np.nan, np.inf, 0], [1, 1, 1, 0]):
            p.grad = Tensor(np.array(g, np.float32))
            with np.errstate(invalid="ignore"):
                optimizer.step()
        return p.data

    np.testing.assert_array_equal(run(0), run(10**9))
    assert np.isnan(run(0)[1])


@compiled_only
def test_the_rules_serve_large_float32_arrays_alone():
    large = np.ones(compiled.ENOUGH, np.float32)
    square = large.reshape(128, -1)
    assert callable(compiled.rule("sgd", [large, large]))
    assert compiled.rule("", [large, large]) is None
    assert compiled.rule("sgd", [large[:-1], large[:-1]]) is None
    assert compiled.rule("sgd", [large.astype(float), large.astype(float)]) is None
    assert compiled.rule("sgd", [square, square.T]) is None
    with use_kernels(compiled=False):
        assert compiled.rule("sgd", [large, large]) is None


def test_a_rule_that_somebody_changed_is_not_the_compiled_one():
    class Half(optim.SGD):
        def update(self, scalars, scratch, p, g, *state):
            p *= 0.5

    class Same(optim.AdamW):
        pass

    assert (Half.compiled, Same.compiled, optim.NAdam.compiled) == ("", "adam", "")
    p = Tensor(np.ones(compiled.ENOUGH, np.float32), requires_grad=True)
    p.grad = Tensor(p.data)
    Half([p], lr=0.1).step()
    assert set(p.data) == {0.5}


STEP = """
import sys
import numpy as np, optim
from autograd_core import Tensor
p = Tensor(np.ones(1 << 16, np.float32), requires_grad=True)
p.grad = Tensor(p.data)
optim.SGD([p], lr=0.5).step()
print(p.data.sum(), "numba" in sys.modules)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("import os; os.environ['NN_COMPILED'] = '0'", "32768.0 False"),
        ("import sys; sys.modules['numba'] = None", "32768.0 True"),  # the name alone
        pytest.param("", "32768.0 True", marks=compiled_only),
    ],
)
def test_numba_is_used_if_it_is_there_and_wanted(before, wanted):
    program = [sys.executable, "-c", before + STEP]
    found = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    assert found.strip() == wanted
