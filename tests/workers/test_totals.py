"""Sums of large arrays: NumPy's bits, and NumPy's complaints."""

import numpy as np
import pytest

import nn
from autograd_core import Tensor
from autograd_core.workers import settings, totals

pytestmark = pytest.mark.skipif(not settings.compiles(), reason="the loops need numba")
SHAPES = [
    (5003,),
    (1, 4096),
    (4096, 1),
    (300, 8),
    (41, 129),
    (3, 7, 300),
    (2, 2, 2, 1025),
    (7, 700),
]


def total(x, axis=None, keepdims=False):
    """What the compiled loop gives; None where NumPy is asked, as `totals.total` then does."""
    found = totals._compiled(x, axis, keepdims) if x.size >= totals.FEWEST else None
    if found is not None:
        given = totals.total(x, axis, keepdims=keepdims)
        assert given.tobytes() == found.tobytes()
    return found


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(totals, "FEWEST", 1000)


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_bits_are_numpys(shape, dtype, threads):
    rng = np.random.default_rng(0)
    for scale in (1.0, 1e-30, 0.0):
        x = (rng.normal(size=shape) * scale * 10 ** rng.uniform(-3, 3, shape)).astype(dtype)
        x.flat[::7] = -0.0
        with nn.use_kernels(threads=threads):
            for array in (x, np.asfortranarray(x)):
                for axis in (None, -1, x.ndim - 1):
                    for keepdims in (False, True):
                        found = total(array, axis, keepdims)
                        wanted = np.sum(array, axis, keepdims=keepdims)
                        if found is None:
                            assert axis is not None
                            assert x.ndim > 1
                            continue
                        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
                        assert found.tobytes() == wanted.tobytes()
    assert total(x) is not None


def test_all_of_minus_zero():
    x = np.full((40, 100), -0.0)
    assert not np.signbit(total(x))
    assert not np.signbit(total(x, -1)).any()


def test_what_is_left_to_numpy():
    x = np.random.default_rng(0).normal(size=(50, 60))
    for array in (x.astype(">f8"), x.astype("f2"), x.astype(complex), x.astype(int), x[:, ::2],
                  x[:10]):  # fmt: skip
        assert total(array) is None
    assert total(x, 0) is None
    assert total(x, (0, 1)) is None
    assert total(x[:, :4].copy().repeat(20, 0), -1) is None
    with nn.use_kernels(compiled=False):
        assert total(x) is None


@pytest.mark.parametrize("axis", [None, 1])
def test_numpy_complains_as_ever(axis):
    x = Tensor(np.full((20, 100), 1e308), requires_grad=True)
    with pytest.warns(RuntimeWarning, match="overflow encountered in reduce"):
        np.sum(x, axis=axis)
    x.data[3, 4], x.data[3, 5] = np.inf, -np.inf
    with np.errstate(invalid="raise", over="ignore"), pytest.raises(FloatingPointError):
        np.sum(x, axis=axis)
    x.data[:] = np.nan
    assert np.isnan(np.sum(x, axis=axis).data).all()


def test_sums_and_means_of_tensors_are_numpys():
    a = np.random.default_rng(0).normal(size=(70, 90)).astype("f4")
    x = Tensor(a, requires_grad=True)
    for axis in (None, 0, 1, -1, (0, 1)):
        for keepdims in (False, True):
            for f in (np.sum, np.mean):
                made, wanted = (
                    f(x, axis=axis, keepdims=keepdims),
                    f(a, axis=axis, keepdims=keepdims),
                )
                assert made.dtype == wanted.dtype
                assert made.data.tobytes() == wanted.tobytes()


def test_another_order_of_numpys_is_noticed(monkeypatch):
    from autograd_core.workers.compiled import pairwise

    assert pairwise.is_numpys()
    monkeypatch.setattr(pairwise, "total", lambda x: x.sum() + x.dtype.type(1))
    assert not pairwise.is_numpys()
    totals._adds_as_numpy.cache_clear()
    assert total(np.ones(5000)) is None
    totals._adds_as_numpy.cache_clear()
