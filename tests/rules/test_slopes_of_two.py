"""Two-argument functions whose rules have a form for extreme arguments: all orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_core import grad, gradcheck, vmap

POINTS = [(0.3, 0.8), (0.0, 1.0), (1.0, 0.0), (0.5, 0.5), (-2.0, 1e-3)]
FUNCTIONS = {
    "arctan2": np.arctan2,
    "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2,
    "power": lambda a, b: np.power(3 + a, np.stack([b, b + 1])).sum(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("point", POINTS)
def test_first_three_orders(name: str, point: tuple[float, float]) -> None:
    f = FUNCTIONS[name]

    def along(a: Any, b: Any) -> Any:
        first, second = grad(f, (0, 1))(a, b)
        return first + 2 * second

    def twice(a: Any, b: Any) -> Any:
        first, second = grad(along, (0, 1))(a, b)
        return first - second

    for g in (f, along, twice):
        assert gradcheck(g, *map(np.float64, point))


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_arctan2_at_any_scale(scale: float) -> None:
    a, b = 3 * scale, -4 * scale
    found = np.array(grad(np.arctan2, (0, 1))(a, b))
    np.testing.assert_allclose(found * scale, [-0.16, -0.12], rtol=1e-14)
    # one extreme element among others takes the careful way for all of them
    mixed = grad(lambda v: np.arctan2(v, np.array([b, 1.0])).sum())(np.array([a, 0.0]))
    np.testing.assert_allclose(mixed * [scale, 1], [-0.16, 1], rtol=1e-14)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_narrow_types(kind: Any) -> None:
    a, b = np.array([0.5, -3.0, 11.5], kind), np.array([2.0, 0.25, 0.0], kind)
    for f in (np.arctan2, np.logaddexp, np.logaddexp2):
        for k in (0, 1):
            narrow = grad(lambda a, b, f=f: f(a, b).sum(), k)(a, b)
            wide = grad(lambda a, b, f=f: f(a, b).sum(), k)(a.astype(float), b.astype(float))
            assert narrow.dtype == kind
            np.testing.assert_allclose(narrow, wide, rtol=4 * np.finfo(kind).eps, atol=1e-7)


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0)])
def test_vmap_with_zero_exponents(axes: Any) -> None:
    a, b = np.array([[2.0, 0.0], [0.5, np.inf]]), np.array([[0.0, 0.0], [3.0, 0.0]])
    given = (a if axes[0] == 0 else a[0], b if axes[1] == 0 else b[0])
    f = grad(lambda x, y: np.power(x, y).sum())
    found = vmap(f, in_axes=axes)(*given)
    for k in range(2):
        one = [v[k] if axis == 0 else v for v, axis in zip(given, axes, strict=True)]
        np.testing.assert_array_equal(found[k], f(*one))
