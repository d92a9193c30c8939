"""Half precision beyond 65,504 elements, and counts that float32 cannot hold.

A count, a position or a sum that overflows in the data's own precision makes a gradient 0,
infinite or NaN without a word. Each reduction, scan and statistic is compared with the same
function in double precision, in both modes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor, grad, hvp, jvp, logsumexp
from autograd_core.operations.primitive import bare

N = 70_000  # more than float16's largest number, 65,504
HALF = np.random.default_rng(3).permutation(np.linspace(0.1, 2.0, N)).astype(np.float16)
ROWS = HALF[:N].reshape(2, N // 2)
HOLES = HALF.copy()
HOLES[::1000] = np.nan
SMALL = (HALF * np.float16(1e-3)).astype(np.float16)
WEIGHTS = np.linspace(0.5, 1.5, N).astype(np.float16)


def weighed(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a mean of the results under weights: no sum that overflows of itself."""

    def scalar(x: Any) -> Any:
        y = f(x)
        w = np.linspace(0.5, 1.5, int(np.size(y))).reshape(np.shape(y))
        return np.mean(y * w.astype(y.dtype))

    return scalar


OPERATIONS: dict[str, tuple[Callable[..., Any], Any]] = {
    "mean": (np.mean, HALF),
    "mean-axis": (lambda x: np.mean(np.mean(x.reshape(7, -1), axis=0)), HALF),
    "mean-rows": (lambda x: np.sum(np.mean(x, axis=1)), np.stack([HALF, HALF[::-1]])),
    "sum": (np.sum, SMALL),
    "var": (np.var, HALF),
    "var-ddof": (lambda x: np.var(x, ddof=1), HALF),
    "var-far": (np.var, (HALF + np.float16(100)).astype(np.float16)),
    "std": (np.std, HALF),
    "std-rows": (lambda x: np.sum(np.std(x, axis=1)), np.stack([HALF, HALF[::-1]])),
    "max": (np.max, HALF),
    "max-ties": (np.max, np.ones(N, np.float16)),
    "min-ties": (np.min, np.ones(N, np.float16)),
    "max-some-ties": (np.max, np.minimum(HALF, np.float16(1))),
    "ptp-ties": (np.ptp, np.where(HALF > 1, 1, 0).astype(np.float16)),
    "nanmax-ties": (np.nanmax, np.where(HOLES > 0, 1, HOLES).astype(np.float16)),
    "nanmin-ties": (np.nanmin, np.where(HOLES > 0, 1, HOLES).astype(np.float16)),
    "median": (np.median, HALF),
    "nanmedian": (np.nanmedian, HOLES),
    "quantile": (lambda x: np.quantile(x, 0.9), HALF),
    "quantiles": (lambda x: np.sum(np.quantile(x, np.array([0.25, 0.75], x.dtype))), HALF),
    "quantile-half": (lambda x: np.quantile(x, x.dtype.type(0.75)), HALF),
    "quantile-hazen": (lambda x: np.quantile(x, 0.9, method="hazen"), HALF),
    "quantile-nearest": (lambda x: np.quantile(x, 0.9, method="nearest"), HALF),
    "percentile": (lambda x: np.percentile(x, 30), HALF),
    "nanquantile": (lambda x: np.nanquantile(x, 0.3), HOLES),
    "nanpercentile": (lambda x: np.nanpercentile(x, 30.0), HOLES),
    "average": (np.average, HALF),
    "average-weights": (lambda x: np.average(x, weights=WEIGHTS), HALF),
    "average-of-weights": (lambda w: np.average(HALF.astype(w.dtype), weights=w), WEIGHTS),
    "nanmean": (np.nanmean, HOLES),
    "nanvar": (np.nanvar, HOLES),
    "nanstd": (np.nanstd, HOLES),
    "nansum": (np.nansum, np.where(HOLES > 0, SMALL, HOLES)),
    "norm-1": (lambda x: np.linalg.norm(x, 1), SMALL),
    "norm-inf": (lambda x: np.linalg.norm(x, np.inf), HALF),
    "logsumexp": (logsumexp, HALF),
    "logaddexp.reduce": (np.logaddexp.reduce, HALF),
    "cumsum": (weighed(np.cumsum), SMALL),
    "cumulative_sum": (weighed(np.cumulative_sum), SMALL),
    "nancumsum": (weighed(np.nancumsum), SMALL),
    "maximum.accumulate": (weighed(np.maximum.accumulate), HALF),
    "add.reduceat": (
        lambda x: np.sum(np.add.reduceat(x, [0, 66_000, 69_000])) * np.float16(0.1),
        SMALL,
    ),
    "sort": (weighed(np.sort), HALF),
    "take": (lambda x: np.sum(np.take(x, [1, 66_000, 69_999])), HALF),
    "diff": (weighed(lambda x: np.diff(x) ** 2), HALF),
    "roll": (weighed(lambda x: np.roll(x, 66_000)), HALF),
    "repeat": (weighed(lambda x: np.repeat(x, 2)), HALF),
    "unique": (weighed(np.unique), HALF),
    "trapezoid": (lambda x: np.trapezoid(x, dx=1e-3), HALF),
    "gradient": (weighed(np.gradient), HALF),
    "dot": (lambda x: np.dot(x, SMALL.astype(x.dtype)), SMALL),
    "vecdot": (lambda x: np.vecdot(x, x), SMALL),
    "einsum": (lambda x: np.einsum("i,i->", x, x), SMALL),
    "mean-square": (lambda x: np.mean((x - 1) ** 2), HALF),
    "mean-abs": (lambda x: np.mean(np.abs(x - 1)), HALF),
    "normalised": (lambda x: np.mean(((x - np.mean(x)) / np.std(x)) ** 3), HALF**2),
    "cov": (lambda x: np.cov(x, dtype=x.dtype), HALF),
    "broadcast": (
        lambda x: np.mean(x[0] * np.ones(N, x.dtype)) + np.mean(x[1] + np.zeros(N, x.dtype)),
        HALF[:2],
    ),
}


def relative(found: Any, wanted: Any) -> None:
    """Half precision keeps three digits, and nothing finer than 6e-8."""
    assert found.dtype == np.float16, found.dtype
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    np.testing.assert_allclose(found, wanted, rtol=2e-2, atol=2e-7 + 4e-3 * np.max(np.abs(wanted)))


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_half_precision_of_many_elements(name: str) -> None:
    f, x = OPERATIONS[name]
    wide = x.astype(float)
    made = bare(f(Tensor(x)))
    if "cum" in name:
        assert made == f(x)  # NumPy's own running sums of halves fall behind
    else:
        relative(made, f(wide))
    relative(grad(f)(x), grad(f)(wide))
    v = (np.random.default_rng(1).uniform(0.5, 1.0, x.shape) * wide**2).astype(np.float16)
    relative(jvp(f, (x,), (v,))[1], jvp(f, (wide,), (v.astype(float),))[1])


# NumPy's own sums of halves along any axis but the last stop at 2048, so the values above are
# compared where it gets them right; gradients are sums of the engine's, and never stop there.
MANY = 5000
SUMS: dict[str, Callable[..., Any]] = {
    "broadcast": lambda x: np.broadcast_to(x, (MANY, 2)),
    "plus": lambda x: x + np.zeros((MANY, 2), x.dtype),
    "times": lambda x: x * np.ones((MANY, 2), x.dtype),
    "index": lambda x: x[np.zeros(MANY, int)],
    "take": lambda x: np.take(x, np.zeros(MANY, int)),
    "repeat": lambda x: np.repeat(x, MANY),
    "tile": lambda x: np.tile(x, (MANY, 1)),
    "cumsum": lambda x: np.cumsum(np.concatenate([x, np.zeros(MANY, x.dtype)])),
    "cumsum-axis": lambda x: np.cumsum(
        np.concatenate([x.reshape(1, 2), np.zeros((MANY, 2), x.dtype)]), axis=0
    ),
    "pad": lambda x: np.pad(x, (0, MANY), mode="edge"),
    "matmul": lambda x: np.ones((MANY, 2), x.dtype) @ x,
    "outer": lambda x: np.outer(np.ones(MANY, x.dtype), x),
    "einsum": lambda x: np.einsum("i,j->ij", np.ones(MANY, x.dtype), x),
    "where": lambda x: np.where(np.ones((MANY, 2), bool), x, 0),
    "maximum": lambda x: np.maximum(x, np.zeros((MANY, 2), x.dtype)),
}


@pytest.mark.parametrize("name", SUMS)
def test_gradients_of_halves_add_up_beyond_2048(name: str) -> None:
    f = SUMS[name]

    def total(x: Any) -> Any:
        return np.sum(np.ravel(f(x)))

    x = np.array([0.5, 0.25], np.float16)
    relative(grad(total)(x), grad(total)(x.astype(float)))


@pytest.mark.slow
def test_places_and_counts_that_float32_cannot_hold() -> None:
    n = 2**24 + 3
    x = np.zeros(n, np.float32)
    x[-2:] = 1, 2
    np.testing.assert_array_equal(np.flatnonzero(grad(lambda v: np.quantile(v, 1.0))(x)), [n - 1])
    assert grad(lambda v: np.quantile(v, (n - 2) / (n - 1)))(x)[n - 2] > 0.99
    np.testing.assert_allclose(grad(np.mean)(x)[0], 1 / n, rtol=1e-6)


def test_quantiles_of_halves_are_numpys_where_numpys_are_right() -> None:
    x = HALF[:1501]
    for q in (0.25, 0.9, np.float16(0.75)):
        for method in ("linear", "lower", "nearest", "hazen"):
            made = np.quantile(Tensor(x), q, method=method)
            wanted = np.quantile(x, q, method=method)
            np.testing.assert_allclose(bare(made), wanted, rtol=1e-3)
            assert made.dtype == wanted.dtype


def test_a_statistic_of_halves_in_the_precision_that_is_asked_for() -> None:
    for f in (np.var, np.std, np.nanmean, np.nanvar, np.nanstd):
        made = f(Tensor(HALF), dtype=np.float64)
        assert made.dtype == np.float64
        np.testing.assert_allclose(bare(made), f(HALF.astype(float)), rtol=1e-12)
        assert f(Tensor(HALF), dtype=np.float16).dtype == np.float16


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("narrow", [np.float16, np.float32])
@pytest.mark.parametrize("shape", [(), (4,)])
@pytest.mark.parametrize(
    "f", [np.multiply, np.divide, np.power, np.float_power, np.hypot, np.arctan2, np.logaddexp,
          np.logaddexp2, np.fmod, np.maximum], ids=lambda f: f.__name__,
)  # fmt: skip
def test_a_narrow_constant_beside_doubles_is_as_exact_as_a_wide_one(f, shape, narrow):
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 2.0, 4)
    a = np.asarray(rng.uniform(0.5, 2.0, shape)).astype(narrow)[()]
    for side in (lambda x, a: f(a, x), lambda x, a: f(x, a)):
        for mode in (
            lambda g: grad(lambda x: np.sum(g(x)))(x),
            lambda g: jvp(g, (x,), (np.ones(4),))[1],
            lambda g: hvp(lambda x: np.sum(g(x)), (x,), (x,)),
        ):
            found = mode(lambda x, side=side: side(x, a))
            expected = mode(lambda x, side=side: side(x, a.astype(float)))
            np.testing.assert_allclose(found, expected, rtol=1e-12)
