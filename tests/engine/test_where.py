"""np.where of large arrays goes through a mask of bits: NumPy's shape, dtype, order and bits."""

import numpy as np
import pytest

from autograd_core import Tensor, gradients, jvp
from autograd_core.operations import pieces
from autograd_core.operations import where as module
from autograd_core.operations.where import where
from autograd_core.workers import use_kernels

SHAPES = [(1 << 15,), (181, 190), (7, 5, 1000), (40_000, 1), (300, 1, 200)]
SCALARS = [0, 0.0, -0.0, 1, -2.5, np.nan, np.inf, 1e300, True, np.float32(3), np.float64(2.5)]
ODD = [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324]


def operand(rng, shape, dtype):
    """Return a number, or an array in some layout, perhaps to be broadcast."""
    kind = rng.integers(10)
    if kind < 2:
        return SCALARS[rng.integers(len(SCALARS))]
    a = rng.normal(size=shape) * 10
    a.flat[rng.integers(0, a.size, 30)] = rng.choice(ODD, 30)
    with np.errstate(all="ignore"):
        a = a.astype(dtype)
    return {
        2: a[:1], 3: np.asfortranarray(a), 4: a[::-1], 5: np.broadcast_to(a[:1], shape),
        6: np.broadcast_to(a.flat[0], shape),
    }.get(kind, a)  # fmt: skip


def same(found, wanted):
    order = [[s for s, n in zip(a.strides, a.shape, strict=True) if n > 1] for a in (found, wanted)]
    assert (found.shape, found.dtype, order[0]) == (wanted.shape, wanted.dtype, order[1])
    if found.dtype.char == "g":  # its last bytes are no part of the number
        assert np.array_equal(found, wanted, equal_nan=True)
        assert np.array_equal(np.signbit(found), np.signbit(wanted))
    else:
        assert found.tobytes() == wanted.tobytes()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "g", "i2", "i4", "u8", "c16", "?"])
@pytest.mark.parametrize("threads", [1, 2])
def test_numpys_bits(dtype, threads):
    rng = np.random.default_rng(3)
    for shape in SHAPES:
        for chance in (0.5, 0.03, 1.0):
            condition = rng.random(shape) < chance
            if rng.integers(4) == 0:
                condition = np.asfortranarray(condition)
            x, y = operand(rng, shape, dtype), operand(rng, shape, rng.choice([dtype, "f4"]))
            with use_kernels(threads=threads):
                same(np.asarray(where(condition, x, y)), np.where(condition, x, y))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_the_mask_is_used_and_the_derivatives_are_numpys(dtype, monkeypatch):
    shape, chosen = (300, 401), []
    rng = np.random.default_rng(4)
    a, b, g = rng.normal(size=(3, *shape)).astype(dtype)
    condition = a > 0.1
    choose = module._choose
    monkeypatch.setattr(pieces, "in_one_loop", lambda *_: None)  # numba's, where it is installed
    monkeypatch.setattr(module, "_choose", lambda *given: chosen.append(1) or choose(*given))
    x, y = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
    z = np.where(condition, x, y)
    assert chosen
    same(z.data, np.where(condition, a, b))
    for seed, given in ((g, g), (np.broadcast_to(g[0, 0], shape), np.full(shape, g[0, 0]))):
        del chosen[:]
        for found, wanted in zip(
            gradients(z, [x, y], seed=seed),
            (np.where(condition, given, 0), np.where(condition, 0, given)),
            strict=True,
        ):
            np.testing.assert_array_equal(found.data, wanted)
        assert len(chosen) >= 2
    tangent = jvp(lambda x: np.where(condition, x, b), (a,), (g,))[1]
    np.testing.assert_array_equal(tangent, np.where(condition, g, 0))


def test_small_and_odd_conditions_are_numpys(monkeypatch):
    monkeypatch.setattr(pieces, "computed", None)  # may not be called
    same(where(np.array([True, False]), np.arange(2.0), 1.0), np.array([0.0, 1.0]))
    counts = np.arange(1 << 15)
    same(where(counts, 1.0, 2.0), np.where(counts, 1.0, 2.0))
    same(where([True, False], 1.0, 2.0), np.array([1.0, 2.0]))
