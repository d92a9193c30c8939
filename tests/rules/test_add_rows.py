"""Gradients of reading at indices: sums where an index comes several times, in one buffer."""

import numpy as np
import pytest
from sizes import large_from

from autograd_core import Tensor, gradients, jvp
from autograd_core.engine import sweep_steps
from autograd_core.workers.add_rows import FEW, SMALL, add_rows
from nn import functional as F

RNG = np.random.default_rng(11)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int32", "uint64", "int64"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128", "int64"])
@pytest.mark.parametrize(
    "shape", [(40, 7), (40, 1), (40,), (40, 3, 2), (3, 50), (70_000, 2), (40, 0)]
)
def test_rows_are_added_as_add_at_adds_them(shape, dtype, kind) -> None:
    n = min(shape[0], 120)
    for count in (0, 1, 63, 3_000):
        places = RNG.integers(-n if kind[0] == "i" else 0, n, count).astype(kind)
        places[: count // 3] = n - 1  # one row very often
        values = (100 * RNG.normal(size=(count, *shape[1:]))).astype(dtype)
        out = (100 * RNG.normal(size=shape)).astype(dtype)
        zeros = np.zeros_like(out)
        wanted, alone = out.copy(), zeros.copy()
        np.add.at(wanted, places, values)
        np.add.at(alone, places, values)
        add_rows(out, places, values)
        add_rows(zeros, places, values, empty=True)
        tolerance = 1e-4 if dtype == "float32" else 1e-10
        np.testing.assert_allclose(out, wanted, rtol=tolerance, atol=1e3 * tolerance)
        np.testing.assert_allclose(zeros, alone, rtol=tolerance, atol=1e3 * tolerance)
        again = np.zeros_like(out)
        add_rows(again, places, values, empty=True)
        assert again.tobytes() == zeros.tobytes()


def places(*shape, n=30):
    return RNG.integers(-n, n, shape)


INDICES = {
    "one": (places(900),),
    "one of two axes": (places(30, 40),),
    "two": (places(900), places(900, n=20)),
    "two that broadcast": (places(30, 1), places(1, 40, n=20)),
    "number and array": (-3, places(900, n=20)),
    "array and number": (places(900), np.int8(-2)),
    "second axis": (slice(None), places(900, n=20)),
    "last axis": (slice(None), slice(None), places(9, 30, n=11)),
    "three": (places(900), places(900, n=20), places(900, n=11)),
    "array and slice": (places(900), slice(1, None, 3)),
    "slice and arrays": (slice(1, None), places(900, n=20), places(900, n=11)),
    "arrays apart": (places(900), slice(None), places(900, n=11)),
    "new axis": (places(900), None),
    "ellipsis": (..., places(900, n=11)),
    "mask": (RNG.random((30, 20)) < 0.5,),
    "mask of rows": (RNG.random(30) < 0.5,),
    "mask and numbers": (RNG.random(30) < 0.5, 3),
    "unsigned": (np.abs(places(900)).astype(np.uint8) % 30,),
    "empty": (np.zeros(0, int),),
    "0-d": (np.array(4),),
    "slices": (slice(3, None, 2), slice(None, None, -1)),
    "negative step": (slice(None, None, -2),),
    "number": (5,),
}


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize("large", [1, 1 << 60], ids=["in one buffer", "added"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "complex128"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", INDICES)
def test_gradients_of_reading(name, order, dtype, large, monkeypatch) -> None:
    large_from(large, monkeypatch)
    index = INDICES[name] if len(INDICES[name]) > 1 else INDICES[name][0]
    a = np.asarray(RNG.normal(size=(30, 20, 11)), dtype=dtype, order=order)
    x = Tensor(a, requires_grad=True)
    y = x[index]
    w, v, u = (RNG.integers(-4, 4, y.shape).astype(dtype) for _ in range(3))
    total = np.sum(y * w) + np.sum(x[index] * v) + np.sum(x[2:]) + np.sum(x[index] * u)
    total = np.real(total)
    (g,) = gradients(total, [x])
    wide = np.complex128 if dtype == "complex128" else np.float64
    wanted = np.zeros(a.shape, wide)
    np.add.at(wanted, index, (w + v + u).astype(wide))
    wanted[2:] += 1
    np.testing.assert_array_equal(g.data, wanted)  # small integers: every sum is exact
    again = gradients(total, [x])[0].data
    assert again.tobytes() == g.data.tobytes()
    pushed = jvp(lambda x: x[index], (a,), (np.asarray(a * 2),))[1]
    np.testing.assert_array_equal(pushed, (a * 2)[index])


def test_several_readings_add_into_one_buffer(monkeypatch) -> None:
    made = []
    real = np.zeros_like

    def counting(*args, **keywords):
        made.append(keywords.get("shape"))
        return real(*args, **keywords)

    a = RNG.normal(size=(14_000, 20))
    x = Tensor(a, requires_grad=True)
    y = sum(np.sum(x[k]) * k for k in range(20)) + np.sum(x[1:] * x[:-1])
    monkeypatch.setattr(np, "zeros_like", counting)
    y.backward()
    monkeypatch.undo()
    assert made.count(a.shape) <= 2
    assert a.size > sweep_steps.LARGE
    wanted = np.zeros_like(a)
    wanted[:20] += np.arange(20.0)[:, None]
    wanted[1:] += a[:-1]
    wanted[:-1] += a[1:]
    np.testing.assert_allclose(x.grad.data, wanted, rtol=1e-14, atol=1e-14)  # terms that cancel


def test_an_index_that_is_changed_to_one_outside_is_an_error() -> None:
    for count in (1, 2):
        index = tuple(places(900, n=11) for _ in range(count))
        x = Tensor(RNG.normal(size=(11, 11, 4)), requires_grad=True)
        y = np.sum(x[index if count > 1 else index[0]] ** 2)
        index[-1][7] = 11
        with pytest.raises(Exception, match="out of bounds"):
            y.backward()
        assert x.grad is None


def test_second_order_through_repeated_rows() -> None:
    a, index = RNG.normal(size=(30, 4)), places(900)
    v = RNG.normal(size=a.shape)

    def slope(a):
        x = Tensor(a, requires_grad=True)
        return gradients(np.sum(np.sin(x[index]) * x[index]), [x])[0].data

    x = Tensor(a, requires_grad=True)
    (g,) = gradients(np.sum(np.sin(x[index]) * x[index]), [x], create_graph=True)
    (h,) = gradients(np.sum(g * v), [x])
    step = 1e-6
    wanted = (slope(a + step * v) - slope(a - step * v)) / (2 * step)
    np.testing.assert_allclose(h.data, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_embedding_gradients(dtype) -> None:
    a, index = RNG.normal(size=(30, 50)).astype(dtype), np.abs(places(40, 50)) % 30
    w = Tensor(a, requires_grad=True)
    y = F.embedding(index, w)
    np.testing.assert_array_equal(y.data, a[index])
    seed = RNG.integers(-3, 4, y.shape).astype(dtype)
    z = F.embedding(index[::-1], w)
    (y * seed + z * seed).sum().backward()
    wanted = np.zeros((30, 50))
    np.add.at(wanted, index, seed.astype(float))
    np.add.at(wanted, index[::-1], seed.astype(float))
    np.testing.assert_array_equal(w.grad.data, wanted)


def test_few_and_many_of_a_row_are_both_met() -> None:
    assert SMALL < 900 * 20
    assert FEW < 3_000 // 3
