"""Running sums and products: NumPy's bits and NumPy's complaints, in any shape and order."""

import numpy as np
import pytest

import nn
from autograd_core import Tensor, grad
from autograd_core.rules.reductions import products_of_others
from autograd_core.workers import running as module
from autograd_core.workers.running import running

SHAPES = [(1, 1), (5,), (7, 3), (64, 64), (3, 50, 5), (2, 3, 300), (1, 40, 700), (9, 1), (1, 5000)]


@pytest.fixture(params=["compiled", "plain"], autouse=True)
def way(request, monkeypatch):
    monkeypatch.setattr(module, "FEWEST", 1)
    with nn.use_kernels(compiled=request.param == "compiled"):
        yield request.param


def flipped(ufunc, x, axis, backward):
    if not backward:
        return ufunc.accumulate(x, axis)
    return np.flip(ufunc.accumulate(np.flip(x, axis), axis), axis)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "complex128"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_bits_are_numpys(shape, dtype, threads):
    rng = np.random.default_rng(0)
    x = (rng.uniform(0.9, 1.1, shape) * rng.choice([-1, 1], shape)).astype(dtype)
    with nn.use_kernels(threads=threads):
        for ufunc in (np.add, np.multiply):
            for axis in range(-x.ndim, x.ndim):
                for backward in (False, True):
                    made = running(ufunc, x, axis, backward=backward)
                    assert made.dtype == x.dtype
                    assert made.tobytes() == flipped(ufunc, x, axis, backward).tobytes()


@pytest.mark.parametrize("ufunc", [np.add, np.multiply])
def test_other_layouts_and_numbers_that_are_not_finite(ufunc):
    x = np.random.default_rng(0).normal(size=(6, 40, 8))
    odd = x.copy()
    odd[0, 3, 2], odd[1, 5], odd[2, 0, 0], odd[3] = np.inf, np.nan, -0.0, 0.0
    for values in (x[:, ::2], x[::-1], x.transpose(2, 0, 1), np.asfortranarray(x), odd):
        for axis in range(3):
            for backward in (False, True):
                with np.errstate(invalid="ignore"):
                    made = running(ufunc, values, axis, backward=backward)
                    expected = flipped(ufunc, values, axis, backward)
                np.testing.assert_array_equal(made, expected)
                assert np.array_equal(np.signbit(made), np.signbit(expected))


def test_numpy_complains_as_ever():
    large, small = np.full((4, 50), 1e300), np.full((4, 50), 1e-300)
    with pytest.warns(RuntimeWarning, match="overflow"):
        running(np.multiply, large, 1)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        running(np.multiply, large, 1, backward=True)
    with np.errstate(under="raise"), pytest.raises(FloatingPointError, match="underflow"):
        running(np.multiply, small, 0)
    with pytest.raises(np.exceptions.AxisError):
        running(np.add, large, 2)


@pytest.mark.parametrize("shape", [(2, 2), (3, 7), (40, 129), (8, 4000)], ids=str)
def test_products_of_others_at_zeros(shape):
    rng = np.random.default_rng(0)
    x = rng.uniform(0.9, 1.1, shape)
    x[0, 1] = 0.0
    x[-1, :2] = 0.0
    exact = np.array([[np.prod(np.delete(row, k)) for k in range(len(row))] for row in x])
    np.testing.assert_allclose(products_of_others(x), exact, rtol=1e-11)


@pytest.mark.parametrize("axis", [None, 0, 1, -2])
def test_gradients_of_large_scans_agree_with_the_complex_step(axis):
    rng = np.random.default_rng(0)
    x, at = rng.uniform(0.98, 1.02, (90, 200)), [(0, 0), (41, 103), (89, 199)]
    weights = {f: rng.normal(size=np.shape(f(x, axis))) for f in (np.cumsum, np.prod)}
    for f, w in weights.items():
        total = lambda x, f=f, w=w: np.sum(w * f(x, axis))
        found = grad(total)(x)
        for place in at:
            moved = x.astype(complex)
            moved[place] += 1e-30j  # the complex step: no difference is rounded
            assert found[place] == pytest.approx(total(moved).imag / 1e-30, rel=1e-9, abs=1e-12)


def test_a_running_sum_of_a_tensor_has_memory_of_its_own():
    x = Tensor(np.ones((3, 4)), requires_grad=True)
    y = np.cumsum(x, axis=1)
    y[0, 0] = 5.0
    assert x.data[0, 0] == 1.0
