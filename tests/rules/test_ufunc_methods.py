"""``reduce`` and ``accumulate`` of every binary ufunc: NumPy's values and slopes, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor, UnsupportedError, grad, hvp, jvp, vmap
from autograd_core import compile as compiled
from autograd_core.base import errors
from autograd_core.operations.primitive import REGISTRY, bare

UFUNCS = [
    f
    for f in REGISTRY
    if isinstance(f, np.ufunc)
    and getattr(np, f.__name__, None) is f
    and "dd->d" in f.types
    and f.signature is None
    and f.nin == 2
]
ufuncs = pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
methods = pytest.mark.parametrize("method", ["reduce", "accumulate"])
X = np.random.default_rng(5).uniform(0.6, 1.9, (3, 4))
V = np.random.default_rng(6).uniform(-1.0, 1.0, (3, 4))
REDUCE: list[dict[str, Any]] = [
    {},
    {"axis": 1},
    {"axis": -1, "keepdims": True},
    {"axis": 0, "initial": 0.7},
    {"axis": None},
    {"axis": (0, 1)},
    {"axis": ()},
    {"axis": 1, "dtype": np.float32},
]
ACCUMULATE: list[dict[str, Any]] = [{}, {"axis": 1}, {"axis": -1}, {"dtype": np.float32}]
AWAY = np.array([[-3.0, 2.0, 1.5, 0.7], [0.4, -1.2, 2.6, 1.1], [2.2, 0.9, -0.3, 3.1]])


def calls(method: str) -> list[dict[str, Any]]:
    return REDUCE if method == "reduce" else ACCUMULATE


def refused(ufunc: np.ufunc, keywords: dict[str, Any], message: str) -> None:
    if ufunc in (np.power, np.arctan2):
        assert f"{ufunc.__name__}.reduce: no derivative rule" in message
    else:
        assert any(f"{k}=" in message for k in keywords), message


@methods
@ufuncs
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values(ufunc: np.ufunc, method: str) -> None:
    for keywords in calls(method):
        for x in (X, AWAY, X[:1], X[:0], X.astype(np.float32), X.astype(np.float16)):
            try:
                wanted = getattr(ufunc, method)(x, **keywords)
            except (TypeError, ValueError):
                with pytest.raises(errors.AutogradError, match=method[:5]):
                    getattr(ufunc, method)(Tensor(x, requires_grad=True), **keywords)
                continue
            try:
                made = bare(getattr(ufunc, method)(Tensor(x, requires_grad=True), **keywords))
            except UnsupportedError as error:
                refused(ufunc, keywords, str(error))
                continue
            assert made.dtype == wanted.dtype
            assert np.shape(made) == wanted.shape
            tol = {2: 1e-2, 4: 1e-5, 8: 1e-12}[wanted.dtype.itemsize]
            np.testing.assert_allclose(made, wanted, rtol=tol, atol=tol)


@pytest.mark.slow
@methods
@ufuncs
def test_slopes(ufunc: np.ufunc, method: str) -> None:
    for keywords in calls(method):
        if "dtype" in keywords:
            continue

        def f(x: Any, keywords: Any = keywords) -> Any:
            made = getattr(ufunc, method)(x, **keywords)
            return np.sum(made * np.cos(np.arange(made.size)).reshape(made.shape))

        def square(x: Any, f: Any = f) -> Any:
            return f(x * x) ** 2

        try:
            f(Tensor(X, requires_grad=True))
            getattr(ufunc, method)(X, **keywords)
        except (ValueError, errors.AutogradError):
            continue
        h = 1e-6
        slope = (f(X + h * V) - f(X - h * V)) / (2 * h)
        np.testing.assert_allclose(jvp(f, (X,), (V,))[1], slope, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(np.sum(grad(f)(X) * V), slope, rtol=1e-6, atol=1e-7)
        g = grad(square)
        bend = (g(X + h * V) - g(X - h * V)) / (2 * h)
        np.testing.assert_allclose(hvp(square, (X,), (V,)), bend, rtol=1e-5, atol=1e-6)
        batch = np.stack([X, X + 0.01 * V])
        np.testing.assert_allclose(vmap(f)(batch), [f(x) for x in batch], rtol=1e-12)
        np.testing.assert_allclose(vmap(grad(f))(batch), [grad(f)(x) for x in batch], rtol=1e-12)
        made = compiled(f)
        for x in (X, X, batch[1]):
            np.testing.assert_allclose(made(x)[1], grad(f)(x), rtol=1e-12)


def test_what_has_no_order_or_no_meaning_is_refused_by_name() -> None:
    x = Tensor(X, requires_grad=True)
    for run in (
        lambda: np.subtract.reduce(x, axis=(0, 1)),
        lambda: np.subtract.reduce(x, axis=None),
        lambda: np.hypot.reduce(x, where=X > 1),
        lambda: np.hypot.reduce(x, axis=2),
        lambda: np.divide.reduce(x[:0]),
        lambda: np.hypot.accumulate(x, axis=None),
    ):
        with pytest.raises(errors.AutogradError, match=r"reduce|accumulate"):
            run()


def test_a_start_that_carries_a_derivative() -> None:
    def f(t: Any) -> Any:
        return np.sum(np.hypot.reduce(X, axis=0, initial=t))

    x = Tensor(X, requires_grad=True)
    assert np.hypot.reduce(x[0], initial=0.5).dtype == float
    t = Tensor(0.7, requires_grad=True)
    np.sum(np.hypot.reduce(x, axis=0, initial=t)).backward()
    slope = (f(0.7 + 1e-6) - f(0.7 - 1e-6)) / 2e-6
    assert t.grad.item() == pytest.approx(slope, rel=1e-6)
