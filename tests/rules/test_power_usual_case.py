"""x ** y of arrays without a 0 takes fewer passes; the bits are those of the general way."""

import numpy as np
import pytest

from autograd_core import compile, jvp, value_and_grad, vmap
from autograd_core.rules.elementwise import _power_base, _power_exponent


class General(np.ndarray):
    """Values that the rules do not take for plain arrays."""


def bits(v):
    return np.ascontiguousarray(v).view(np.uint8).tolist()


CASES = {
    "usual": ([0.5, 2.0, 3.0, 7.5], [1.5, -2.0, 3.0, 0.25]),
    "negative bases": ([-0.5, -2.0, -3.0, -1.0], [1.0, -2.0, 3.0, 4.0]),
    "exponent 0": ([0.5, 2.0, -3.0, 1.0], [0.0, -2.0, 0.0, 1.0]),
    "base 0": ([0.0, 2.0, 0.0, -0.0], [1.0, -2.0, 3.0, 0.5]),
    "both 0": ([0.0, 2.0, 0.0, 0.0], [0.0, -2.0, 0.0, 2.0]),
    "underflow": ([1e-300, 2.0, 1e300, 5.0], [2.0, -2000.0, -2.0, 1.0]),
    "not finite": ([np.inf, np.nan, -np.inf, 2.0], [-2.0, 1.0, 3.0, np.nan]),
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("rule", [_power_base, _power_exponent])
def test_the_short_way_has_the_bits_of_the_general_way(rule, dtype, kind):
    with np.errstate(all="ignore"):
        a, b = (np.array(v).astype(dtype) for v in CASES[kind])
        for a_, b_ in ((a, b), (a.reshape(2, 2).T, b.reshape(2, 2)), (a[:, None], b), (a, b[0])):
            y = a_**b_
            short = rule(y, a_, b_)
            general = rule(y, *(v.view(General) if v.ndim else v for v in (a_, b_)))
            assert short.shape == general.shape == y.shape
            assert bits(short) == bits(general)


@pytest.mark.parametrize("kind", CASES)
def test_every_mode_gives_the_same(kind):
    """Forward, reverse, compiled, under vmap, and under another derivative, on the same values."""

    def f(a, b):
        return np.sum(a**b)

    with np.errstate(all="ignore"):
        a, b = map(np.array, CASES[kind])
        value, (da, db) = value_and_grad(f, argnums=(0, 1))(a, b)
        ones, zeros = np.ones(4), np.zeros(4)
        step = compile(f, argnums=(0, 1))
        step(ones, ones)  # recorded where nothing is 0
        compiled = step(a, b)
        np.testing.assert_array_equal(compiled[0], value)
        np.testing.assert_array_equal(compiled[1], (da, db))
        each = vmap(value_and_grad(f, argnums=(0, 1)))(a[:, None], b[:, None])
        np.testing.assert_array_equal(np.array(each[1])[:, :, 0], (da, db))
        inner = jvp(value_and_grad(f, argnums=(0, 1)), (a, b), (zeros, zeros))[0]
        np.testing.assert_array_equal(inner[1], (da, db))
        for k, d in ((0, da), (1, db)):
            tangents = np.eye(4)
            slopes = [jvp(f, (a, b), (t, zeros) if k == 0 else (zeros, t))[1] for t in tangents]
            finite = np.isfinite(da) & np.isfinite(db)
            if finite.all():
                np.testing.assert_allclose(slopes, d, rtol=1e-15)


def test_a_recorded_exponent_may_become_0_later():
    """A captured exponent is looked at again at each call."""
    exponent = np.array([1.0, 2.0, 3.0])
    step = compile(lambda x: np.sum(x**exponent))
    assert step(np.array([0.0, 2.0, 3.0]))[1].tolist() == [1.0, 4.0, 27.0]
    exponent[:] = 0.0
    assert step(np.array([0.0, 2.0, np.inf]))[1].tolist() == [0.0, 0.0, 0.0]
