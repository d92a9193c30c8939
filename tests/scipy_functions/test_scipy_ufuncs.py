"""Every ufunc of scipy.special that has a rule, on a grid with edges: no slope is wrong."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

sp = pytest.importorskip("scipy.special")

import autograd_core.rules.scipy_special  # noqa: E402, F401 - registers them
from autograd_core import RuleError, Tensor, grad, jvp, vmap  # noqa: E402
from autograd_core.operations.declare import is_unknown  # noqa: E402
from autograd_core.operations.primitive import REGISTRY, Primitive  # noqa: E402

FIRST = [-1.0, 0.0, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0]
LAST = [-np.inf, -30.5, -3.0, -2.5, -1.0, -0.4, 0.0, 1e-3, 0.3, 0.5, 1.0, 1.5, 2.0, 2.5, 7.0, 30.0,
        200.0, np.inf, np.nan]  # fmt: skip
FINITE = [0.3, 0.5, 1.0, 2.5, 7.0, 30.0, 200.0]
UFUNCS = [
    f
    for f, rule in REGISTRY.items()
    if isinstance(f, np.ufunc)
    and isinstance(rule, Primitive)
    and getattr(sp, f.__name__, None) is f
    and getattr(np, f.__name__, None) is not f
    # complex for real numbers; of a whole degree only: in tests of their own
    and f.__name__ not in ("wofz", "hankel1", "hankel2", "eval_hermite", "eval_hermitenorm")
]
BY_ORDER = ("jv", "yv", "iv", "ive", "kv", "kve")  # integrals in the order


def _pole(*xs: Any) -> Any:
    """Whether one of the values is 0, -1, -2, ...: a pole of the gamma function."""
    made = np.zeros(xs[0].shape, bool)
    for x in xs:
        made |= (x <= 0) & (np.floor(x) == x)
    return made


# Where a slope may be NaN though the value is a number: docs/scipy.md says so.
NAN = {
    "beta": lambda a, b: _pole(a, b) | np.isinf(b),
    "betaln": lambda a, b: _pole(a, b) | np.isinf(b),
    "poch": lambda a, m: _pole(a, a + m) | np.isinf(m),
    "binom": lambda n, k: np.isinf(k) | (np.abs(k) > 170) | (n < 0),
    "xlogy": lambda a, b: b < 0,
    "xlog1py": lambda a, b: b < -1,
    "rgamma": lambda x: x == -np.inf,
    "pseudo_huber": lambda d, r: ~np.isfinite(r),
    "inv_boxcox": lambda y, k: 1 + y * k == 0,
    "inv_boxcox1p": lambda y, k: 1 + y * k == 0,
    "powm1": lambda a, b: ~np.isfinite(b) | (a < 0),
    "gammaincinv": lambda a, p: a == 0,
    "chdtri": lambda v, p: v == 0,
    "gdtr": lambda a, b, x: (a <= 0) | (b <= 0),
    "gdtrc": lambda a, b, x: (a <= 0) | (b <= 0),
    "gammainccinv": lambda a, p: a == 0,
    "betainc": lambda a, b, x: (a == 0) | (b == 0),
    "betaincc": lambda a, b, x: (a == 0) | (b == 0),
    "fdtr": lambda m, n, x: (m * n == 0) | np.isinf(m + n + x),
    "fdtrc": lambda m, n, x: (m * n == 0) | np.isinf(m + n + x),
    "hyp1f1": lambda a, b, x: _pole(b),
    "hyp2f1": lambda a, b, c, z: _pole(c) | (np.abs(z) >= 0.99),
    "struve": lambda v, x: x == 0,
    "modstruve": lambda v, x: x == 0,
    "ellipkinc": lambda phi, m: np.isinf(m) | (m == 1),
    "voigt_profile": lambda x, sigma, gamma: np.isinf(gamma),
    "owens_t": lambda h, a: np.isinf(a),
    "bdtrc": lambda k, n, p: k < 0,
    "i1e": np.isinf,
    "ive": lambda v, x: (x == 0) | ~np.isfinite(x),
}


def _grid(f: Any, order: bool = False) -> list[Any]:
    axes = [[0.3, 1.0, 2.5], FINITE] if order else [FIRST] * (f.nin - 1) + [LAST]
    if f.__name__ in ("hyp1f1", "hyp2f1"):  # SciPy's never end at infinities
        axes = [[-1.0, 0.3, 2.0, 2.5]] * (f.nin - 1) + [LAST[1:-2]]
    if f.__name__.startswith("eval_"):  # of a degree below 0 the slope is NaN
        axes = [[0.0, 0.3, 1.0, 2.0, 5.0], *[[0.3, 1.0, 2.5]] * (f.nin - 2), LAST[1:-2]]
    return [np.array(c) for c in zip(*itertools.product(*axes), strict=True)]


def _differences(f: Any, x: Any) -> tuple[Any, Any]:
    h = 1e-3 * np.maximum(np.abs(x), 1e-2)
    at = {k: f(x + k * h / 2) for k in (-4, -2, -1, 0, 1, 2, 4)}
    size = np.max([np.abs(v) for v in at.values()], axis=0)
    noise = 2e-15 * np.maximum(size, 1e-3) / h
    bend, half = at[2] - 2 * at[0] + at[-2], at[1] - 2 * at[0] + at[-1]
    kink = (np.abs(half) > 0.4 * np.abs(bend)) & (np.abs(half) / h > 20 * noise)
    far = (8 * (at[2] - at[-2]) - (at[4] - at[-4])) / (12 * h)
    near = (4 * (at[1] - at[-1]) - (at[2] - at[-2]) / 2) / (3 * h)
    smooth = np.isfinite(size) & np.isfinite(x) & ~kink
    return np.where(smooth, near, np.nan), 8 * np.abs(far - near) + 100 * noise


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore:non-integer arg n")
@pytest.mark.parametrize("f", UFUNCS, ids=lambda f: f.__name__)
def test_slopes_on_a_grid(f: Any) -> None:
    name = f.__name__
    compared = 0
    for k in range(f.nin):
        if is_unknown(REGISTRY[f].vjps[k]):  # type: ignore[attr-defined]
            continue
        args = _grid(f, name in BY_ORDER and k == 0)
        wanted = f(*args)
        np.testing.assert_array_equal(f(*map(Tensor, args)).data, wanted)

        def of_one(v: Any, k: int = k, args: Any = args) -> Any:
            return f(*args[:k], v, *args[k + 1 :])

        found = grad(lambda v, g=of_one: np.sum(g(v)))(args[k])
        np.testing.assert_array_equal(jvp(of_one, (args[k],), (np.ones_like(args[k]),))[1], found)
        slope, error = _differences(of_one, args[k])
        numbers = ~np.isnan(found)
        seen = numbers & ~np.isnan(slope)
        if name == "powm1":
            seen &= np.isfinite(args[1])
        compared += np.sum(seen)
        off = seen & (np.abs(found - slope) > 1e-5 * np.abs(slope) + error)
        assert not np.any(off), [(c[off], found[off], slope[off]) for c in args]
        open_ = ~numbers & np.isfinite(wanted)
        if name in NAN:
            open_ &= ~NAN[name](*args)
        assert not np.any(open_), [c[open_] for c in args]
    assert compared >= 3


def _slope(f: Any, x: float) -> float:
    return float((8 * (f(x + 1e-4) - f(x - 1e-4)) - f(x + 2e-4) + f(x - 2e-4)) / 12e-4)


@pytest.mark.parametrize(
    ("f", "x", "order"),
    [
        (sp.spence, 1.0, 3),
        (sp.spence, 0.4, 3),
        (sp.spence, 1.5, 3),
        (sp.spence, 3.0, 3),
        (sp.rgamma, -2.0, 2),
        (sp.rgamma, 0.0, 2),
        (sp.rgamma, 0.7, 2),
        (sp.log_ndtr, -8.0, 3),
        (sp.log_ndtr, 0.0, 2),
        (sp.log_ndtr, 2.0, 2),
        (sp.erfcx, 1.5, 2),
        (sp.dawsn, -1.5, 2),
        (lambda k: sp.binom(5.0, k), 7.0, 2),
        (lambda n: sp.binom(n, 6.0), 4.0, 2),
        (lambda b: sp.beta(0.5, b), -2.5, 2),
        (lambda d: sp.pseudo_huber(d, 0.7), 1.3, 2),
        (lambda t: sp.stdtr(3.3, t), -2.0, 2),
        (lambda df: sp.stdtr(df, -20.0), 1.3, 2),
        (lambda df: sp.stdtr(df, 0.4), 1.3, 2),
        (lambda p: sp.gammaincinv(2.2, p), 0.3, 2),
        (lambda k: sp.boxcox(1.7, k), 0.0, 2),
    ],
)
def test_higher_orders(f: Any, x: float, order: int) -> None:
    derivative = f
    for _ in range(order):
        wanted = _slope(derivative, x)
        derivative = grad(derivative)
        assert derivative(x) == pytest.approx(wanted, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("x", [-1e8, -1e3, -40.0])
def test_far_in_the_tail(x: float) -> None:
    # asymptotically log Phi(x) ~ -x^2/2 - log(-x): its slope is -x (1 + 1 / x^2 - 2 / x^4 ...)
    assert grad(sp.log_ndtr)(x) == pytest.approx(-x * (1 + x**-2 - 2 * x**-4), rel=1e-7)
    assert grad(sp.erfcx)(-x) == pytest.approx(-1 / np.sqrt(np.pi) * x**-2, rel=1e-3)
    assert grad(sp.dawsn)(x) == pytest.approx(-0.5 * x**-2, rel=1e-2)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_at_edges() -> None:
    assert grad(sp.spence)(1.0) == -1.0
    assert grad(sp.xlogy, argnums=1)(1.0, 0.0) == np.inf
    assert grad(sp.xlogy)(0.0, 0.0) == 0.0  # as PyTorch has it
    assert grad(sp.kl_div, argnums=1)(0.0, 0.0) == 1.0


def test_complex_numbers() -> None:
    z, v = 0.7 + 0.3j, 1.0 + 0.5j
    for f in UFUNCS:
        kinds = [t for t in f.types if "D" in t.split("->")[0]]
        if not kinds or f.__name__ in ("psi", "ive", "sqrt"):
            continue
        args = [np.array(1.3) if c == "d" else np.array(z * (1 - 0.4j * k))
                for k, c in enumerate(kinds[0].split("->")[0])]  # fmt: skip
        for k, x in enumerate(args):
            if np.iscomplexobj(x):
                of = lambda x, f=f, k=k, a=args: f(*a[:k], x, *a[k + 1 :])
                wanted = (of(x + 1e-5 * v) - of(x - 1e-5 * v)) / 2e-5
                np.testing.assert_allclose(
                    jvp(of, (x,), (np.array(v),))[1], wanted, rtol=1e-6, err_msg=f.__name__
                )
    with pytest.raises(RuleError, match="no complex derivative"):
        jvp(lambda x: sp.ive(1.0, x), (np.array(z),), (np.array(v),))


def test_under_vmap() -> None:
    x = np.array([0.4, 1.0, 2.5, 60.0])
    for f in (
        sp.spence,
        sp.zetac,
        sp.rgamma,
        sp.log_ndtr,
        sp.erfcx,
        sp.dawsn,
        sp.xlogy,
        sp.beta,
        sp.binom,
    ):
        of = f if f.nin == 1 else lambda v, f=f: f(v, 1.5)
        np.testing.assert_allclose(vmap(grad(of))(x), [grad(of)(v) for v in x], rtol=1e-13)
