"""Functions without branches beside their true values: units in the last place, and the edges."""

import numpy as np
import pytest

from autograd_core.workers.settings import importable

pytestmark = pytest.mark.skipif(not importable("numba"), reason="the compiled kernels need numba")
mpmath = pytest.importorskip("mpmath")

ULP = {
    ("exp", "f"): 1.2, ("exp", "d"): 1.2, ("expm1", "f"): 1.8, ("expm1", "d"): 2.4,
    ("log", "f"): 1.0, ("log", "d"): 1.0, ("log1p", "f"): 1.0, ("log1p", "d"): 1.0,
    ("tanh", "f"): 1.8, ("tanh", "d"): 1.8, ("sigmoid", "f"): 2.4, ("sigmoid", "d"): 2.4,
    ("erf", "f"): 1.3, ("erf", "d"): 1.3,
}  # fmt: skip
EXACT = ["sign", "absolute", "sqrt", "rint", "floor", "ceil", "trunc"]


def looped(name):
    import numba

    from autograd_core.workers.compiled import vector_math

    function = getattr(vector_math, name)

    @numba.njit(error_model="numpy")
    def run(x, y):
        for k in range(x.size):
            y[k] = function(x[k])

    def call(x):
        y = np.full_like(x, 7)
        run(x, y)
        return y

    return call


def places(dtype, count, seed=0):
    """Random bit patterns, a dense grid where functions bend, and powers near 0."""
    rng = np.random.default_rng(seed)
    whole = np.uint32 if dtype == "f" else np.uint64
    bits = rng.integers(0, np.iinfo(whole).max, count, dtype=whole, endpoint=True).view(dtype)
    ends = (-110, 92) if dtype == "f" else (-750, 712)
    small = np.geomspace(1e-30, 3, count // 4)
    grids = (
        np.linspace(-25, 25, count), np.linspace(-2, 2, count), np.linspace(*ends, count),
        small, -small,
    )  # fmt: skip
    shaken = [g * (1 + 1e-3 * rng.random(g.size)) for g in grids]
    values = np.concatenate([bits, *(g.astype(dtype) for g in shaken)])
    return np.where(np.isnan(values), np.array(np.nan, dtype), values)  # none that signals


def true(name, x):
    """The value in extended precision (that of float32 in double), and NumPy's at the edges."""
    wide = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        if name == "sigmoid":
            return np.exp(-np.logaddexp(0, -wide))
        return getattr(np, name)(wide)


def error(found, want, dtype):
    """The distance in units in the last place of the true value."""
    with np.errstate(under="ignore"):
        size = np.abs(want).astype(dtype)
    return np.abs(found.astype(np.longdouble) - want) / np.spacing(size)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dtype"), [k for k in ULP if k[0] != "erf"])
@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long doubles are doubles here")
def test_errors_in_units_in_the_last_place(name, dtype):
    x = places(dtype, 60_000)
    found, want = looped(name)(x), true(name, x)
    with np.errstate(all="ignore"):
        rounded = want.astype(dtype)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(rounded))
    np.testing.assert_array_equal(np.isinf(found), np.isinf(rounded))
    known = ~np.isnan(rounded)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(rounded[known]))
    known = np.isfinite(rounded)
    assert error(found[known], want[known], dtype).max() <= ULP[name, dtype]


@pytest.mark.parametrize("dtype", "fd")
def test_erf_against_mpmath(dtype):
    x = places(dtype, 1200)
    x = x[np.isfinite(x)]
    found = looped("erf")(x)
    worst = 0
    with mpmath.workdps(40):
        for a, y in zip(x, found, strict=True):
            want = mpmath.erf(float(a))
            unit = float(np.spacing(np.abs(np.array(float(want)).astype(dtype))))
            worst = max(worst, float(abs(mpmath.mpf(float(y)) - want) / unit))
    assert worst <= ULP["erf", dtype]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize("name", EXACT + sorted({name for name, _ in ULP}))
def test_edges_are_numpys(name, dtype):
    info = np.finfo(dtype)
    edges = np.array(
        [0.0, np.inf, np.nan, 1, info.max, info.tiny, info.smallest_subnormal, 0.5, 1.5, 2.5],
        dtype,
    )
    x = np.concatenate([edges, -edges])
    found = looped(name)(x)
    with np.errstate(all="ignore"):
        if name == "erf":
            want = np.copysign([float(mpmath.erf(float(v))) for v in x], x).astype(dtype)
        elif name == "sigmoid":
            want = true(name, x).astype(dtype)
        else:
            want = getattr(np, name)(x)
    np.testing.assert_allclose(found, want, rtol=4 * info.eps, atol=0)
    known = ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(want[known]))


@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize("name", ["maximum", "minimum", "copysign", "heaviside"])
def test_functions_of_two_keep_nan_as_numpy_does(name, dtype):
    import numba

    from autograd_core.workers.compiled import vector_math

    function = getattr(vector_math, name)

    @numba.njit(error_model="numpy")
    def run(x, y, z):
        for k in range(x.size):
            z[k] = function(x[k], y[k])

    values = np.array([0, 1, -1, np.nan, np.inf, -np.inf, 2.5], dtype)
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    z = np.empty_like(x)
    run(x, y, z)
    np.testing.assert_array_equal(z, getattr(np, name)(x, y))
