"""Convolutions of random shapes beside PyTorch: one and two dimensions, transposed, in groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor
from nn import functional as f

torch = pytest.importorskip("torch")


def drawn(seed: int) -> tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """Return a function's name, the shapes of input and kernels, and the settings."""
    rng = np.random.default_rng(seed)
    n, transposed = int(rng.integers(1, 3)), bool(rng.integers(2))
    groups = int(rng.choice([1, 1, 2, 4, 16]))
    inputs, outputs = (int(v) for v in rng.choice([1, 2, 3, 8], 2))
    kernel, stride, dilation = (
        tuple(int(v) for v in rng.integers(1, high, n)) for high in (6, 4, 3)
    )
    padding = tuple(int(rng.integers(0, d * (k - 1) // 2 + 1))
                    for d, k in zip(dilation, kernel, strict=True))  # fmt: skip
    size = tuple(int(v) for v in rng.integers(12, 34, n))
    first, second = (inputs, outputs) if transposed else (outputs, inputs)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    x = (int(rng.integers(1, 5)), inputs * groups, *size)
    name = f"conv_transpose{n}d" if transposed else f"conv{n}d"
    return name, x, (first * groups, second, *kernel), options


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(40))
def test_random_convolution(seed: int, dtype: Any) -> None:
    name, x_shape, w_shape, options = drawn(seed)
    rng = np.random.default_rng(seed)
    outputs = w_shape[1] * options["groups"] if "transpose" in name else w_shape[0]
    arrays = [rng.normal(size=s).astype(dtype) for s in (x_shape, w_shape, (outputs,))]
    ours = [Tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, wanted = getattr(f, name)(*ours, **options), getattr(torch.nn.functional, name)(
        *theirs, **options
    )  # fmt: skip
    g = rng.normal(size=y.shape).astype(dtype)
    np.sum(y * g).backward()
    wanted.backward(torch.tensor(g))
    close = 1e-5 if dtype == np.float32 else 1e-12
    pairs = [(y, wanted), *((a.grad, b.grad) for a, b in zip(ours, theirs, strict=True))]
    for found, there in pairs:
        exact = there.detach().numpy()
        assert found.data.dtype == dtype
        np.testing.assert_allclose(found.data, exact, rtol=0, atol=close * np.abs(exact).max())
