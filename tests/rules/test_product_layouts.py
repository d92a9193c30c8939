"""Products of large matrices, however their numbers lie in memory: NumPy's bits, and slopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor, compile
from autograd_core.operations import pieces
from autograd_core.rules import products

LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "in C order": lambda x: x,
    "in Fortran order": np.asfortranarray,
    "some columns": lambda x: np.hstack([x, x])[:, : x.shape[1]],
    "some rows, turned": lambda x: np.hstack([x.T, x.T])[:, : x.shape[0]].T,
    "each third": lambda x: np.repeat(x, 3, axis=1)[:, ::3],
    "backwards": lambda x: x[::-1][::-1].copy()[::-1],
}
SHAPES = [(70, 1100, 9), (40, 3, 64), (1, 65, 1030), (40, 64, 1), (64, 1, 5), (5, 0, 4)]


@pytest.fixture
def _all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "LARGE", 0)
    monkeypatch.setattr(pieces, "TURNED", 0)


@pytest.mark.usefixtures("_all_large")
@pytest.mark.parametrize("second", LAYOUTS)
@pytest.mark.parametrize("first", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_product_has_the_bits_of_dot(shape: tuple[int, ...], first: str, second: str) -> None:
    """As `compile` writes it down; and what is sent back is right for each layout."""
    m, k, n = shape
    rng = np.random.default_rng(m)
    a = LAYOUTS[first](rng.normal(size=(m, k)).astype("f4"))
    b = LAYOUTS[second](rng.normal(size=(k, n)).astype("f4"))
    g = LAYOUTS[first](rng.normal(size=(m, n)).astype("f4"))
    np.testing.assert_array_equal(products._product(a, b), a.dot(b))
    x, y = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
    for made in (x @ b, a @ y):
        np.testing.assert_allclose(made.data, a.astype(float) @ b, rtol=1e-4, atol=1e-3)
        made.backward(g)
    np.testing.assert_array_equal(x.grad.data, g.dot(b.T))
    np.testing.assert_array_equal(y.grad.data, a.T.dot(g))
    np.testing.assert_allclose(y.grad.data, a.T.astype(float) @ g, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_program_has_the_bits_of_the_engine(layout: str) -> None:
    rng = np.random.default_rng(0)
    a = LAYOUTS[layout](rng.normal(size=(300, 1100)).astype("f4"))
    w = rng.normal(size=(1100, 8)).astype("f4")

    def f(w: Any, a: Any) -> Any:
        return np.sum(np.tanh(a @ w))

    assert a.size >= products.LARGE
    x = Tensor(w, requires_grad=True)
    value = f(x, a)
    value.backward()
    made = compile(f, exact=True)(w, a)
    assert made[0] == value.data
    np.testing.assert_array_equal(made[1], x.grad.data)
