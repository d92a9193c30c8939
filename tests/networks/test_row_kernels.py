"""Kernels over rows: the same numbers as NumPy in double precision, wherever the rows lie."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import Tensor, workers
from autograd_core.workers.settings import compiles
from nn.functional import likelihood, normalized_rows, row_formula
from nn.functional.pointwise import Pointwise
from nn.functional.rms_norm import _normalized, _sloped
from nn.functional.row_formula import RowFormula, sum_to
from nn.functional.softmax import _log_shares_of, _log_slope_of, shares, slope

F = nn.functional
compiled_only = pytest.mark.skipif(not compiles(), reason="numba is not installed")

LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "channels last": lambda x: np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1),
    "reversed": lambda x: x[::-1],
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "one number": lambda x: np.broadcast_to(x[(slice(0, 1),) * x.ndim], x.shape),
}
ALONG, ACROSS = ((64, 300), (1,)), ((300, 64), (0,))
# each kernel takes a second to compile the first time, so not every pair is tried, and each third
# formula here on a row of the table; all of them in make exhaustive
ROWS = [
    (*ALONG, "C", "f"), (*ACROSS, "C", "f"), (*ALONG, "C", "d"), (*ACROSS, "C", "d"),
    *[((8, 12, 130), (2,), layout, "f") for layout in LAYOUTS],
    ((9, 7, 5, 60), (0, 2, 3), "C", "f"), ((9, 7, 5, 60), (0, 2, 3), "channels last", "f"),
    ((8, 12, 130), (1,), "C", "f"), ((20000,), (0,), "C", "f"), ((20000, 1), (0,), "C", "f"),
]  # fmt: skip


REST = pytest.mark.exhaustive


def kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if k in axes else n for k, n in enumerate(shape))


def calls(shape: tuple[int, ...], axes: tuple[int, ...], rng: Any) -> dict[str, Any]:
    """Return for each formula its arrays after the first, its shapes, and its settings."""
    count = {"count": float(np.prod([shape[k] for k in axes]))}
    every, row = rng.normal(size=shape), rng.normal(size=kept(shape, axes))
    weight = rng.normal(size=shape[-1:])
    sums = (None, weight.shape, weight.shape)
    settings = {**count, "eps": 1e-5}
    return {
        "shares": (shares, [], None, {}),
        "slope": (slope, [every], None, {}),
        "log": (_log_shares_of, [], None, {}),
        "log slope": (_log_slope_of, [every], None, {}),
        "totals": (likelihood._totals, [], None, {}),
        "scaled shares": (likelihood._scaled_shares, [row], None, {}),
        "normalize": (normalized_rows.normalize, [weight, weight + 1], None, settings),
        "slopes": (normalized_rows.slopes, [every, row, abs(row), weight], sums, count),
        "by channel": (normalized_rows.slopes, [every, row, abs(row), row],
                       (None, row.shape, row.shape), count),
        "rms": (_normalized, [weight], None, settings),
        "rms slopes": (_sloped, [every, abs(row), weight], sums[:2], count),
    }  # fmt: skip


def alike(found: Any, exact: Any, rtol: float) -> None:
    found, exact = (v if isinstance(v, tuple) else (v,) for v in (found, exact))
    for a, b in zip(found, exact, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1, np.abs(b).max()))


@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize("turn", [0, pytest.param(1, marks=REST), pytest.param(2, marks=REST)])
@pytest.mark.parametrize(
    "row",
    [pytest.param(k, marks=REST if k % 2 else []) for k in range(len(ROWS))],
    ids=lambda k: str(ROWS[k]),
)
def test_kernels_equal_the_formula_in_double_precision(row, turn):
    shape, axes, layout, dtype = ROWS[row]
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape).astype(dtype)
    x = LAYOUTS[layout](x) if x.ndim > 1 else x
    every = list(calls(shape, axes, rng).values())
    for formula, rest, shapes, settings in every[(row + turn) % 3 :: 3]:
        arrays = [x, *(a.astype(dtype) for a in rest)]
        arrays[-1].flags.writeable = len(arrays) == 1  # what is only read may be read-only
        exact = formula.function(*(a.astype(float) for a in arrays), axis=axes, **settings)
        if shapes is not None:
            exact = tuple(
                v if s is None else sum_to(v, s) for v, s in zip(exact, shapes, strict=True)
            )
        with nn.use_kernels(compiled=True, threads=2):
            found = formula(*arrays, axis=axes, shapes=shapes, **settings)
        alike(found, exact, 2e-5 if dtype == "f" else 1e-12)


@compiled_only
def test_the_tests_above_run_kernels():
    x = np.ones((64, 300), np.float32)
    for formula, rest, shapes, settings in calls(x.shape, (1,), np.random.default_rng(0)).values():
        arrays = [a.astype(np.float32) for a in rest]
        assert formula.compiled(x, *arrays, axis=(1,), shapes=shapes, **settings) is not None


@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize("axis", [0, 1])
def test_sums_lose_no_more_digits_than_numpys(axis):
    """Numbers around 1000, and a million of them: adding one after the other loses four digits."""
    shape = (1 << 20, 3) if axis == 0 else (3, 1 << 20)
    x = (1000 + np.random.default_rng(0).random(shape)).astype(np.float32)
    total = RowFormula(lambda x, *, axis: x.sum(axis=axis, keepdims=True))
    exact = x.sum(axis=axis, keepdims=True, dtype=float)
    found = total.compiled(x, axis=axis)
    pairwise = np.ascontiguousarray(x.T if axis == 0 else x).sum(axis=1).reshape(exact.shape)
    assert np.abs(found - exact).max() <= np.abs(pairwise - exact).max() + np.spacing(found).max()


SPECIAL = [[np.nan], [np.inf], [-np.inf], [np.inf, -np.inf], [3e38], [-3e38, 3e38], [1e-45], [0.0]]


@compiled_only
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_special_numbers_are_as_in_numpy(name, axis):
    rows = np.random.default_rng(0).normal(size=(32, 1024)).astype(np.float32)
    for k, values in enumerate(SPECIAL):
        rows[k, 5 : 5 + len(values)] = values
    rows[20], rows[21] = -np.inf, np.nan
    rows[22, 1:] = -np.inf
    x = rows if axis == 1 else np.ascontiguousarray(rows.T)
    function = getattr(F, name)
    with np.errstate(all="ignore"):
        with nn.use_kernels(compiled=True):
            found = function(x, axis)
        with nn.use_kernels(compiled=False):
            expected = function(x, axis)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@compiled_only
def test_normalization_of_numbers_whose_squares_overflow():
    """The exact result comes from double precision."""
    size = 1e30
    x = (np.random.default_rng(0).normal(size=(64, 8, 40)) * size).astype(np.float32)
    g = np.random.default_rng(1).normal(size=x.shape)
    functions: dict[str, Callable[[Any], Any]] = {
        "layer": lambda x: F.layer_norm(x, 40, eps=0.0),
        "group": lambda x: F.group_norm(x, 2, eps=0.0),
        "rms": lambda x: F.rms_norm(x, 40, eps=0.0),
    }
    for name, function in functions.items():
        found, exact = (Tensor(x.astype(d), requires_grad=True) for d in (np.float32, float))
        y, z = function(found), function(exact)
        np.testing.assert_allclose(y.data, z.data, rtol=1e-4, atol=1e-4, err_msg=name)
        for value, leaf in ((y, found), (z, exact)):
            np.sum(value * g.astype(leaf.dtype)).backward()
        np.testing.assert_allclose(
            found.grad.data * size, exact.grad.data * size, rtol=1e-3, atol=1e-3, err_msg=name
        )


MASKS: dict[str, Callable[[Any, int, int], Any]] = {
    "none": lambda rng, n, m: None,
    "booleans": lambda rng, n, m: rng.random((n, m)) < 0.7,
    "numbers": lambda rng, n, m: rng.normal(size=(n, m)),
    "keys": lambda rng, n, m: rng.normal(size=m),
    "of each head": lambda rng, n, m: rng.normal(size=(3, 2, n, m)),
    "hides a row": lambda rng, n, m: np.arange(n)[:, None] != 3 + 0 * np.arange(m),
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("mask", MASKS)
def test_attention_of_large_arrays_equals_that_of_each_head(mask, causal, compiled):
    """A few rows at a time are small: they take another way, which finite differences test."""
    rng = np.random.default_rng(0)
    n, m = 150, 160
    q, k, v = (rng.normal(size=(3, 2, *s)) for s in ((n, 8), (m, 8), (m, 5)))
    given = MASKS[mask](rng, n, m)
    whole = None if given is None else np.broadcast_to(given, (3, 2, n, m))
    with nn.use_kernels(compiled=compiled):
        large = [Tensor(a, requires_grad=True) for a in (q, k, v)]
        y = F.scaled_dot_product_attention(*large, given, is_causal=causal)
        np.sum(y * y).backward()
    with nn.use_kernels(compiled=False):
        for place in np.ndindex(3, 2):
            small = [Tensor(a[place], requires_grad=True) for a in (q, k, v)]
            here = None if whole is None else whole[place]
            scores = small[0] @ small[1].T / np.sqrt(8)
            if here is not None:
                scores = scores + (np.where(here, 0, -np.inf) if here.dtype == bool else here)
            if causal:
                scores = scores + np.where(np.tri(n, m, dtype=bool), 0, -np.inf)
            hidden = np.isneginf(scores.data).all(axis=1)
            seen = np.where(hidden[:, None], 0.0, scores)
            weights = np.exp(seen - np.max(seen.data, axis=1, keepdims=True))
            weights = weights / weights.sum(axis=1, keepdims=True) * ~hidden[:, None]
            z = weights @ small[2]
            np.sum(z * z).backward()
            np.testing.assert_allclose(y.data[place], z.data, rtol=1e-9, atol=1e-12)
            for a, b in zip(large, small, strict=True):
                np.testing.assert_allclose(a.grad.data[place], b.grad.data, rtol=1e-8, atol=1e-11)


def test_cross_entropy_of_large_rows_ignores_what_it_is_told_to():
    z = np.random.default_rng(0).normal(size=(300, 64)).astype(np.float32)
    labels = np.arange(300) % 64
    labels[100:] = -100
    z[100:] = np.nan
    leaf, few = (Tensor(a, requires_grad=True) for a in (z, z[:100].astype(float)))
    loss, exact = F.cross_entropy(leaf, labels), F.cross_entropy(few, labels[:100])
    (3 * loss).backward()
    (3 * exact).backward()
    np.testing.assert_allclose(loss.data, exact.data, rtol=1e-6)
    np.testing.assert_allclose(leaf.grad.data[:100], few.grad.data, rtol=1e-5, atol=1e-8)
    assert not leaf.grad.data[100:].any()


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 4, 6), (300, 64)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rms_norm_divides_by_the_length_of_each_row(shape, dtype):
    rng = np.random.default_rng(3)
    x, weight = rng.normal(size=shape).astype(dtype), rng.normal(size=shape[-1]).astype(dtype)
    layer = nn.RMSNorm(shape[-1], eps=1e-3, dtype=dtype)
    assert set(layer.state_dict()) == {"weight"}
    layer.load_state_dict({"weight": weight})
    wide = x.astype(float)
    length = np.sqrt(np.linalg.norm(wide, axis=-1, keepdims=True) ** 2 / shape[-1] + 1e-3)
    y = layer(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(
        y.detach().numpy(), wide / length * weight, rtol=1e-5 if dtype == np.float32 else 1e-12
    )


@compiled_only
def test_more_shapes_than_are_planned_for_change_nothing(monkeypatch):
    monkeypatch.setattr(row_formula, "PLANS", 3)
    formula = RowFormula(lambda x, *, axis: x / np.sum(x, axis=axis, keepdims=True))
    for rows in (20, 21, 22, 23, 20):
        x = np.random.default_rng(rows).uniform(1, 2, (rows, 64)).astype(np.float32)
        alike(formula(x, axis=1), x / x.sum(axis=1, keepdims=True, dtype=float), 1e-6)
        assert 1 <= len(formula.plans) <= 3


@compiled_only
@pytest.mark.parametrize("kind", ["rows", "each element"])
def test_kernels_that_cannot_be_loaded_leave_it_to_numpy(kind, monkeypatch):
    name = {"rows": "row_kernels", "each element": "generated"}[kind]
    monkeypatch.setitem(sys.modules, f"autograd_core.workers.compiled.{name}", None)
    monkeypatch.setattr(workers.settings, "_works", True)  # what is found out here is forgotten
    monkeypatch.setattr(workers.faults, "_said", set())
    x = np.random.default_rng(0).uniform(1, 2, (300, 400)).astype(np.float32)
    exact = x.astype(float)
    if kind == "rows":
        formula = RowFormula(lambda x, *, axis: x / np.sum(x, axis=axis, keepdims=True))
        call, exact = partial(formula, x, axis=1), exact / exact.sum(axis=1, keepdims=True)
    else:
        call, exact = partial(Pointwise(lambda x: x * x + 1), x), exact**2 + 1
    with pytest.warns(workers.faults.KernelWarning, match=f"{name} could not be loaded"):
        found = call()
    alike(found, exact, 1e-6)
    assert not compiles()  # from here on nobody asks again


@compiled_only
def test_an_axis_that_is_not_there_is_told_for_large_arrays_too():
    x = np.ones((64, 64), np.float32)
    for axis in (2, -3):
        with pytest.raises(IndexError, match=f"softmax.*axis {axis} is out of bounds"):
            F.softmax(x, axis)
