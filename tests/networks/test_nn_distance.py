"""The squared distance as one operation: every order of memory, compiled and plain, all modes."""

import numpy as np
import pytest

import nn
from autograd_core import Tensor, gradcheck, jvp, value_and_grad
from nn.functional import kernels
from nn.functional.loss import _squared

rng = np.random.default_rng(0)


def numbers(*shape):
    return rng.normal(size=shape).astype(np.float32)


#  how the numbers lie: side by side, rows apart, channels last, columns, backward, all the same
LAYOUTS = {
    "dense": lambda: numbers(7, 5, 6),
    "one axis": lambda: numbers(97),
    "rows apart": lambda: numbers(8, 5, 11)[1:, :, :6],
    "every second": lambda: numbers(14, 5, 6)[::2],
    "channels last": lambda: numbers(3, 4, 5, 2).transpose(0, 3, 1, 2),
    "columns": lambda: numbers(6, 9).T,
    "backward": lambda: numbers(9, 6)[::-1, ::-1],
    "one number": lambda: numbers(1, 1),
    "a step of a sequence": lambda: numbers(4, 5, 6)[1:2].swapaxes(0, 1),
    "repeated": lambda: np.broadcast_to(numbers(6), (4, 6)),
}


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_order_of_memory_gives_the_same(layout, compiled, monkeypatch):
    monkeypatch.setattr(kernels, "ENOUGH", 0)
    given = LAYOUTS[layout]()
    for a, b in ((given, numbers(*given.shape)), (numbers(*given.shape), given)):
        with nn.use_kernels(compiled=compiled):
            value, slope = value_and_grad(lambda a, b=b: nn.functional.mse_loss(a, b))(a)
        exact = a.astype(float) - b.astype(float)
        assert value.dtype == slope.dtype == np.float32
        np.testing.assert_allclose(value, np.mean(exact**2), rtol=1e-6)
        np.testing.assert_allclose(slope, 2 * exact / a.size, rtol=1e-5, atol=1e-7)
        # bit for bit what the chain of a difference, a square and a mean gives
        chain = value_and_grad(lambda a, b=b: np.mean(_squared(a, b)))(a)[1]
        np.testing.assert_array_equal(slope, chain)


def test_a_long_sum_keeps_its_digits():
    a = np.full(1 << 20, 1.0 + 2**-12, np.float32)
    loss = nn.functional.mse_loss(a, np.zeros_like(a), reduction="sum")
    np.testing.assert_allclose(loss, (1 << 20) * (1.0 + 2**-12) ** 2, rtol=2e-7)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_both_arguments_have_all_derivatives(reduction):
    x, y = rng.normal(size=(2, 3, 2))

    def f(x, y):
        return np.sum(nn.functional.mse_loss(x, y, reduction=reduction) ** 2)

    assert gradcheck(f, x, y)
    assert gradcheck(lambda x: np.sum(value_and_grad(f)(x, y)[1] ** 2), x)
    t = rng.normal(size=x.shape)
    moved = jvp(f, (x, y), (t, t))[1]  # only their difference counts
    np.testing.assert_allclose(moved, 0, atol=1e-12)


def test_other_kinds_of_number_are_kept():
    for dtype in (np.float16, np.float64):
        x = Tensor(np.ones((2, 2), dtype), requires_grad=True)
        loss = nn.functional.mse_loss(x, np.zeros((2, 2), dtype))
        loss.backward()
        assert loss.dtype == x.grad.dtype == dtype
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    loss = nn.functional.mse_loss(x, np.zeros(2))  # a target of more digits
    loss.backward()
    assert (loss.dtype, x.grad.dtype) == (np.float64, np.float32)
