"""Libraries that hold a traced value and compute with it: xarray and pint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor, grad, jvp

X = np.array([1.0, 2.0, 3.0])


def _right(f: Any) -> None:
    h = 1e-6
    steps = np.eye(3) * h
    wanted = np.array([(f(X + s) - f(X - s)) / (2 * h) for s in steps])
    np.testing.assert_allclose(grad(f)(X), wanted, rtol=1e-5)
    np.testing.assert_allclose(jvp(f, (X,), (np.ones(3),))[1], wanted.sum(), rtol=1e-5)
    x = Tensor(X, requires_grad=True)
    f(x).backward()
    np.testing.assert_allclose(x.grad.data, wanted, rtol=1e-5)


def test_xarray() -> None:
    xr: Any = pytest.importorskip("xarray")

    def labelled(x: Any) -> Any:
        return xr.DataArray(x, dims="t", coords={"t": [0, 1, 2]})

    for f in (
        lambda a: (a * a).sum(),
        lambda a: (np.exp(a) * xr.DataArray(np.ones(3), dims="t")).mean("t"),
        lambda a: (a * a).where(a > 1.5, 0.0).sum() + a.isel(t=0) * 2 + a.sel(t=2) + a.std(),
        lambda a: (xr.concat([a, a * 2], "t") ** 2).sum() + xr.dot(a, a),
        lambda a: (a * a).diff("t").sum() + (a * a).shift(t=1).sum(),
    ):
        _right(lambda x, f=f: f(labelled(x)).data)


def test_pint() -> None:
    pint: Any = pytest.importorskip("pint")
    units = pint.UnitRegistry()

    def f(x: Any) -> Any:
        length = units.Quantity(x, "meter")
        return ((length * length).to("centimeter**2").sum() / units.Quantity(2.0, "s")).magnitude

    _right(f)
