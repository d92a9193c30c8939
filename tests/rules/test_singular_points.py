"""Special points and integer operands: infinities, zeros, NaN; arithmetic that must not wrap."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor, grad, jvp

inf, nan = np.inf, np.nan
INTEGERS = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, bool)


def both(f: Any, x: Any) -> float:
    """Return the derivative, the same in both modes."""
    x = np.float64(x)
    with np.errstate(all="ignore"):
        back, ahead = grad(f)(x), jvp(f, (x,), (1.0,))[1]
    np.testing.assert_equal(np.float64(back), np.float64(ahead))
    return float(back)


# (function, argument, derivative): limits of difference quotients, one-sided at an edge
POINTS: list[tuple[str, Any, float, float]] = [
    *[(f"x ** [0] at {x}", lambda x: np.sum(x ** np.zeros(2)), x, 0.0)
      for x in (inf, -inf, 0.0, -0.0, 1e-310, 2.0, nan)],
    *[(f"x ** 0 at {x}", lambda x: x**0, x, 0.0) for x in (inf, -inf, 0.0, nan)],
    *[(f"x ** float64(0) at {x}", lambda x: x ** np.float64(0), x, 0.0) for x in (inf, 0.0)],
    *[(f"x ** array(0) at {x}", lambda x: x ** np.array(0.0), x, 0.0) for x in (inf, 0.0)],
    *[(f"{form} ** {y}", lambda y, z=z: np.sum(z**y), y, -inf)
      for form, z in (("0.", 0.0), ("float64(0)", np.float64(0)), ("array(0)", np.array(0.0)),
                      ("[0]", np.zeros(1)))
      for y in (-1.0, -0.5, -inf)],
    *[(f"{form} ** {y}", lambda y, z=z: np.sum(z**y), y, 0.0)
      for form, z in (("0.", 0.0), ("float64(0)", np.float64(0)), ("[0]", np.zeros(1)))
      for y in (0.0, 0.5, 2.0, inf)],
    *[(f"{form} ** {y}", lambda y, z=z: np.sum(z**y), y, slope)
      for x, slopes in ((inf, {-1.0: 0.0, 0.0: inf, 2.0: inf}),
                        (-inf, {0.0: nan, 2.0: nan, 3.0: nan}), (-2.0, {2.0: nan}))
      for form, z in ((f"{x}", x), (f"float64({x})", np.float64(x)),
                      (f"array({x})", np.array(x)), (f"[{x}]", np.array([x])))
      for y, slope in slopes.items()],
    ("copysign(x, nan) at -1", lambda x: np.copysign(x, nan), -1.0, -1.0),
    ("copysign(x, -nan) at -1", lambda x: np.copysign(x, -nan), -1.0, 1.0),
    ("copysign(x, -0.)", lambda x: np.copysign(x, -0.0), 2.0, -1.0),
    ("copysign(x, -inf)", lambda x: np.copysign(x, -inf), -2.0, 1.0),
    ("-1 % y at inf", lambda y: np.remainder(-1.0, y), inf, 1.0),
    ("1 % y at inf", lambda y: np.remainder(1.0, y), inf, 0.0),
    ("5e-324 % y at -2", lambda y: np.remainder(5e-324, y), -2.0, 1.0),
    ("inf % y", lambda y: np.remainder(inf, y), 1.0, nan),
    ("fmod(0.3, y), y = 0.1", lambda y: np.fmod(0.3, y), 0.1, -2.0),
    ("fmod(5, y) at inf", lambda y: np.fmod(5.0, y), inf, 0.0),
    ("logaddexp(x, 0) at inf", lambda x: np.logaddexp(x, 0.0), inf, 1.0),
    ("logaddexp(x, inf) at 0", lambda x: np.logaddexp(x, inf), 0.0, 0.0),
    ("logaddexp(x, inf) at inf", lambda x: np.logaddexp(x, inf), inf, 0.5),
    ("logaddexp(0, x) at inf", lambda x: np.logaddexp(0.0, x), inf, 1.0),
    ("logaddexp2(x, 0) at inf", lambda x: np.logaddexp2(x, 0.0), inf, 1.0),
    ("logaddexp(x, -inf) at -inf", lambda x: np.logaddexp(x, -inf), -inf, 0.0),
    ("arctan2(y, 1e-200) at 0", lambda y: np.arctan2(y, 1e-200), 0.0, 1e200),
    ("arctan2(1e200, x) at 0", lambda x: np.arctan2(1e200, x), 0.0, -1e-200),
    ("maximum(x, nan)", lambda x: np.maximum(x, nan), 1.0, 1.0),
    ("maximum(1, x) at nan", lambda x: np.maximum(1.0, x), nan, 1.0),
    ("minimum(x, nan)", lambda x: np.minimum(x, nan), 1.0, 1.0),
    ("minimum(1, x) at nan", lambda x: np.minimum(1.0, x), nan, 1.0),
    ("i0 at inf", np.i0, inf, inf),
    ("i0 at -inf", np.i0, -inf, -inf),
    ("i0 at nan", np.i0, nan, nan),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "f", "x", "slope"), POINTS, ids=[p[0] for p in POINTS])
def test_special_points(name: str, f: Any, x: float, slope: float) -> None:
    np.testing.assert_allclose(both(f, x), slope, rtol=1e-12)


def test_mixed_derivative_of_a_power_with_exponent_zero() -> None:
    mixed = grad(lambda y: np.sum(grad(lambda x: np.sum(x**y))(np.array([2.0]))))
    np.testing.assert_allclose(mixed(np.zeros(1)), [0.5])  # d/dy y 2^(y - 1) at 0


def test_spread_of_equal_complex_numbers() -> None:
    z = np.full(3, 1 + 2j)
    for f in (np.std, np.nanstd):
        np.testing.assert_array_equal(grad(f)(z), np.zeros(3))
        np.testing.assert_array_equal(jvp(f, (z,), (np.arange(3) + 1j,))[1], 0.0)
        np.testing.assert_array_equal(grad(f)(np.full(3, 2.0)), np.zeros(3))


def extremes(kind: Any) -> list[Any]:
    if kind is bool:
        return [False, True]
    info = np.iinfo(kind)
    return sorted({info.min, info.max, 0, 1, 2, 3, info.min // 2 + 1, 100} - {-1})


# Functions of a float and an integer; the integer's dtype must not matter.
MIXED: dict[str, Any] = {
    "x ** n": lambda x, n: x**n,
    "n ** x": lambda x, n: n**x,
    "float_power": np.float_power,
    "float_power-base": lambda x, n: np.float_power(n, x),
    "x * n": np.multiply,
    "x / n": np.divide,
    "n / x": lambda x, n: np.divide(n, x),
    "x - n": np.subtract,
    "x % n": np.remainder,
    "n % x": lambda x, n: np.remainder(n, x),
    "fmod": np.fmod,
    "fmod-second": lambda x, n: np.fmod(n, x),
    "hypot": np.hypot,
    "arctan2": np.arctan2,
    "arctan2-second": lambda x, n: np.arctan2(n, x),
    "logaddexp": np.logaddexp,
    "logaddexp2": lambda x, n: np.logaddexp2(n, x),
    "maximum": np.maximum,
    "fmin": np.fmin,
    "copysign": np.copysign,
    "clip-low": lambda x, n: np.clip(x, n, None),
    "clip-high": lambda x, n: np.clip(x, None, n),
    "heaviside": np.heaviside,
    "where": lambda x, n: np.where(n > 1, x, n),
    "polyval": lambda x, n: np.polyval(np.stack([n, n, n]), x),
    "outer": lambda x, n: np.outer(x, n),
    "einsum": lambda x, n: np.einsum("i,i,i->i", x, n, n, optimize=True),
    "average": lambda x, n: np.sum(np.average(np.stack([x, x * x]), axis=0, weights=[1, 2])),
}


def on_vectors(f: Any, x: Any, n: Any) -> Any:
    return np.sum(f(x, n))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", INTEGERS, ids=lambda k: k.__name__)
@pytest.mark.parametrize("name", MIXED)
def test_integer_operands_do_not_wrap(name: str, kind: Any) -> None:
    f = MIXED[name]
    for value, scalar in itertools.product(extremes(kind), (False, True)):
        n = np.array([value, value], dtype=kind)
        x = np.array([0.9, 1.1])
        try:
            plain = f(x, n)
        except TypeError:
            continue  # NumPy has no such operation
        assert plain.dtype == np.float64
        wide = n.astype(float)
        given = n[0] if scalar and name not in ("polyval", "outer", "einsum") else n
        found = grad(lambda x, n=given: np.sum(f(x, n)))(x)
        np.testing.assert_allclose(found, grad(lambda x, n=wide: np.sum(f(x, n)))(x), rtol=1e-13)
        pushed = jvp(lambda x, n=given: f(x, n), (x,), (x,))[1]
        np.testing.assert_allclose(
            pushed, jvp(lambda x, n=wide: f(x, n), (x,), (x,))[1], rtol=1e-13
        )


@pytest.mark.parametrize("kind", INTEGERS[:-1], ids=lambda k: k.__name__)
def test_integer_coordinates_do_not_wrap(kind: Any) -> None:
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    points = np.array([low, 0 if low else 5, high], dtype=kind)
    wide = points.astype(float)
    y = np.array([0.3, 0.9, 0.4])
    at = np.array([0.7, 20.0])
    functions = (
        lambda y, p: np.interp(at, p, y),
        lambda x, p: np.interp(x[:2], wide, p),
        lambda y, p: np.gradient(y, p),
        lambda y, p: np.polyfit(p, y, 1),
    )
    for f in functions:
        found = grad(lambda v, f=f: np.sum(f(v, points)))(y)
        np.testing.assert_allclose(found, grad(lambda v, f=f: np.sum(f(v, wide)))(y), rtol=1e-10)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.int64], ids=lambda k: k.__name__)
def test_exponents_of_two(kind: Any) -> None:
    for n in (-3, 0, 7, 100):
        if n < 0 and kind is np.uint8:
            continue
        assert both(lambda x, n=n: np.ldexp(x, kind(n)), 0.7) == 2.0**n


def test_running_results_go_along_one_axis() -> None:
    x = np.arange(6.0).reshape(2, 3)
    for f in (np.add.accumulate, np.multiply.accumulate):
        with pytest.raises(ValueError, match="multiple axes"):
            f(x, axis=None)
        with pytest.raises(ValueError, match="axis=None"):
            grad(lambda v, f=f: np.sum(f(v, axis=None)))(x)


def test_a_flat_index_is_numpys() -> None:
    x = np.arange(6.0).reshape(2, 3)
    two = np.array([[0, 1], [2, 3]])
    with pytest.raises(ValueError, match="single dimension"):
        np.take_along_axis(x, two, None)
    with pytest.raises(ValueError, match="single dimension"):
        grad(lambda v: np.sum(np.take_along_axis(v, two, None)))(x)
    found = grad(lambda v: np.sum(np.take_along_axis(v, np.array([1, 1, 5]), None)))(x)
    np.testing.assert_array_equal(found, [[0, 2, 0], [0, 0, 1]])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("p", [-3, -2, -1, -0.5, 0.5, 1, 2, 3])
@pytest.mark.parametrize(
    "x",
    [[], [inf], [inf, inf], [inf, 2.0], [-inf, 0.0], [0.0, 0.0], [0.0, 3.0], [nan, 1.0]],
    ids=str,
)
def test_norms_of_special_vectors_are_numpys(p: float, x: list[float]) -> None:
    matrix = np.array([x, x]).reshape(2, -1)
    expected = np.linalg.norm(matrix, p, axis=1)
    made = np.linalg.norm(Tensor(matrix, requires_grad=True), p, axis=1).detach().numpy()
    np.testing.assert_allclose(made, expected, rtol=1e-15)
    ahead = jvp(lambda a: np.linalg.norm(a, p, axis=1), (matrix,), (matrix,))[0]
    np.testing.assert_allclose(ahead, expected, rtol=1e-15)


@pytest.mark.parametrize("kind", [float, complex])
def test_correlations_do_not_exceed_one(kind: Any) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        x = rng.normal(size=(3, 2)).astype(kind)  # two samples: coefficients of size 1
        if kind is complex:
            x = x + 1j * rng.normal(size=(3, 2))
        made = np.corrcoef(Tensor(x, requires_grad=True)).detach().numpy()
        np.testing.assert_array_equal(made, np.corrcoef(x))
        assert np.abs(grad(lambda a: np.abs(np.corrcoef(a)[0, 1]))(x)).max() < 1e-12
