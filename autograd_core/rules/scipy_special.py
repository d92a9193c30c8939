"""scipy.special's ufuncs.  Loaded when SciPy is there and one of them meets a traced value.

Formulas: NIST Digital Library of Mathematical Functions, chapters 5 to 10.
Where only one argument has a known derivative, the others are None and say so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.operations.declare import elementwise
from autograd_core.operations.primitive import Primitive, implements, register
from autograd_core.rules import (  # noqa: F401 - they register their own
    scipy_bessel,
    scipy_hypergeometric,
    scipy_incomplete,
    scipy_integrals,
    scipy_orthogonal,
    scipy_zeta,
)
from autograd_core.rules.scipy_polygamma import polygamma
from autograd_core.rules.scipy_ufuncs import sp

Rule = Callable[..., Any]

_TWO_OVER_ROOT_PI = float(2 / np.sqrt(np.pi))
_ROOT_PI_OVER_TWO = float(np.sqrt(np.pi) / 2)
_ONE_OVER_ROOT_TWO_PI = float(1 / np.sqrt(2 * np.pi))

# --- gamma family -----------------------------------------------------------

elementwise(sp.psi, lambda y, x: polygamma(x, n=1), name="digamma")
elementwise(sp.gamma, lambda y, x: y * sp.psi(x))
elementwise(sp.gammaln, lambda y, x: sp.psi(x), second=lambda y, d, x: polygamma(x, n=1))
elementwise(sp.loggamma, lambda y, x: sp.psi(x))
elementwise(sp.rgamma, lambda y, x: _rgamma_slope(x))


def _rgamma_slope(x: Any) -> Any:
    """Return the slope of 1 / gamma, finite at 0, -1, ... too, by the reflection formula."""
    left = np.real(x) < 0.5
    mirrored, right = 1.0 - np.where(left, x, 0), np.where(left, 1, x)
    turn = float(np.pi) * (1.0 - mirrored)
    inner = np.cos(turn) - np.sin(turn) * sp.psi(mirrored) * float(1 / np.pi)
    outer = -sp.rgamma(right) * sp.psi(np.where(np.isinf(right), 1, right))
    return np.where(left, sp.gamma(mirrored) * inner, outer)


def _where_zero(y: Any, at_zero: Rule, elsewhere: Rule, *args: Any) -> Any:
    """Return a slope that is known another way where y is 0 by a pole of the gamma function.

    Each way gets harmless arguments where the other one counts.
    """
    zero = y == 0
    other = elsewhere(*(np.where(zero, 1, x) for x in args))
    return np.where(zero, at_zero(*(np.where(zero, x, 1) for x in args)), other)


elementwise(
    sp.beta,
    lambda y, a, b: _beta_slope(y, a, b),
    lambda y, a, b: _beta_slope(y, b, a),
)


def _beta_slope(y: Any, a: Any, b: Any) -> Any:
    """Return the slope in a."""
    return _where_zero(
        y,
        lambda a, b: (
            sp.gamma(a) * sp.gamma(b) * (sp.psi(a) * sp.rgamma(a + b) + _rgamma_slope(a + b))
        ),
        lambda a, b: sp.beta(a, b) * (sp.psi(a) - sp.psi(a + b)),
        a,
        b,
    )


def _binom_in_n(n: Any, k: Any) -> Any:
    """Return the slope of n! / (k! (n - k)!) where one of the reciprocals is 0."""
    high = n - k + 1.0
    inner = sp.psi(n + 1.0) * sp.rgamma(high) + _rgamma_slope(high)
    return sp.gamma(n + 1.0) * sp.rgamma(k + 1.0) * inner


def _binom_in_k(n: Any, k: Any) -> Any:
    low, high = k + 1.0, n - k + 1.0
    inner = _rgamma_slope(low) * sp.rgamma(high) - sp.rgamma(low) * _rgamma_slope(high)
    return sp.gamma(n + 1.0) * inner


elementwise(
    sp.betaln, lambda y, a, b: sp.psi(a) - sp.psi(a + b), lambda y, a, b: sp.psi(b) - sp.psi(a + b)
)
elementwise(
    sp.poch, lambda y, a, m: y * (sp.psi(a + m) - sp.psi(a)), lambda y, a, m: y * sp.psi(a + m)
)
elementwise(
    sp.binom,
    lambda y, n, k: _where_zero(
        y, _binom_in_n, lambda n, k: sp.binom(n, k) * (sp.psi(n + 1.0) - sp.psi(n - k + 1.0)), n, k
    ),
    lambda y, n, k: _where_zero(
        y,
        _binom_in_k,
        lambda n, k: sp.binom(n, k) * (sp.psi(n - k + 1.0) - sp.psi(k + 1.0)),
        n,
        k,
    ),
)

elementwise(sp.gammasgn, 0)

# --- error functions and the normal distribution ------------------------------

elementwise(
    sp.erf, lambda y, x: _TWO_OVER_ROOT_PI * np.exp(-x * x), second=lambda y, d, x: -2.0 * x * d
)
elementwise(
    sp.erfc, lambda y, x: -_TWO_OVER_ROOT_PI * np.exp(-x * x), second=lambda y, d, x: -2.0 * x * d
)
elementwise(sp.erfcx, lambda y, x: _tail_slope(y, x, 2.0, -_TWO_OVER_ROOT_PI, -1.0))
elementwise(sp.erfi, lambda y, x: _TWO_OVER_ROOT_PI * np.exp(x * x))
elementwise(sp.dawsn, lambda y, x: _tail_slope(y, x, -2.0, 1.0, 1.0))


def _tail_slope(y: Any, x: Any, a: float, b: float, sign: float) -> Any:
    """Return a x y + b; far out, where the two cancel, its asymptotic series in 1 / x^2."""
    far = np.real(x) > 50 if sign < 0 else np.abs(np.real(x)) > 50
    u = 1.0 / np.where(far, x, 50.0)
    u = 0.5 * u * u
    series = -sign * b * u * (1.0 + sign * u * (3.0 + sign * u * (15.0 + sign * u * 105.0)))
    return np.where(far, series, a * np.where(far, 0, x) * y + b)


elementwise(sp.erfinv, lambda y, x: _ROOT_PI_OVER_TWO * np.exp(y * y))
elementwise(sp.erfcinv, lambda y, x: -_ROOT_PI_OVER_TWO * np.exp(y * y))
elementwise(
    sp.ndtr,
    lambda y, x: _ONE_OVER_ROOT_TWO_PI * np.exp(-0.5 * x * x),
    second=lambda y, d, x: -x * d,
)
elementwise(sp.log_ndtr, lambda y, x: _log_ndtr_slope(y, x))


def _log_ndtr_slope(y: Any, x: Any) -> Any:
    """Return density / probability; on the left without a difference of large logarithms."""
    left = x < 0
    scaled = sp.erfcx(np.where(left, x, 0) * float(-np.sqrt(0.5)))
    right = np.where(left, 0, x)
    above = _ONE_OVER_ROOT_TWO_PI * np.exp(-0.5 * right * right - np.where(left, 0, y))
    return np.where(left, float(np.sqrt(2 / np.pi)) / scaled, above)


elementwise(sp.ndtri, lambda y, p: np.exp(0.5 * y * y) / _ONE_OVER_ROOT_TWO_PI)

# --- logistic and entropies ---------------------------------------------------

elementwise(sp.expit, lambda y, x: y * (1.0 - y))
elementwise(sp.log_expit, lambda y, x: sp.expit(-x))
elementwise(sp.logit, lambda y, p: 1.0 / (p * (1.0 - p)))
elementwise(sp.exprel, lambda y, x: _exprel_slope(x))


def _exprel_slopes(x: Any, n: int = 1) -> Any:
    """Return the n-th derivative of (e^x - 1) / x: the mean of t^n e^(xt) over 0 < t < 1."""
    t, w = np.polynomial.legendre.leggauss(32)
    t, w = (t + 1) / 2, w / 2
    return np.sum(w * t**n * np.exp(np.asarray(x)[..., None] * t), axis=-1).astype(x.dtype)


_exprel_slope: Primitive = elementwise(
    _exprel_slopes, lambda y, x, *, n=1: _exprel_slope(x, n=n + 1), name="exprel"
)


def _or_zero(x: Any, value: Any) -> Any:
    """Return the value, and 0 where x is 0: x log y has the limit 0 there."""
    return np.where(x == 0, 0, value)


elementwise(
    sp.xlogy,
    lambda y, a, b: np.log(np.where((a == 0) & (b == 0), 1, b)),
    lambda y, a, b: _or_zero(a, a / np.where((a == 0) & (b == 0), 1, b)),
)
elementwise(
    sp.xlog1py,
    lambda y, a, b: np.log1p(np.where((a == 0) & (b == -1), 0, b)),
    lambda y, a, b: _or_zero(a, a / np.where((a == 0) & (b == -1), 1, 1.0 + b)),
)
elementwise(sp.entr, lambda y, x: -np.log(x) - 1.0)


def _share(a: Any, b: Any, neither: float) -> Any:
    """Return a / b, and a number of its own where both are 0."""
    none = (a == 0) & (b == 0)
    return np.where(none, neither, a / np.where(none, 1, b))


elementwise(
    sp.rel_entr,
    lambda y, a, b: np.log(_share(a, b, 1.0)) + 1.0,
    lambda y, a, b: -_share(a, b, 0.0),
)
elementwise(
    sp.kl_div, lambda y, a, b: np.log(_share(a, b, 1.0)), lambda y, a, b: 1.0 - _share(a, b, 0.0)
)
elementwise(
    sp.huber,
    lambda y, d, r: np.where(abs(r) <= d, 0, abs(r) - d),
    lambda y, d, r: np.where(abs(r) <= d, r, d * np.sign(r)),
)
elementwise(
    sp.pseudo_huber,
    lambda y, d, r: _pseudo_huber_excess(d, r),
    lambda y, d, r: d * r / _hypotenuse(d, r),
)


def _hypotenuse(d: Any, r: Any) -> Any:
    """Return the root of d^2 + r^2; 1 where both are 0."""
    none = (d == 0) & (r == 0)
    return np.hypot(np.where(none, 1, d), r)


def _pseudo_huber_excess(d: Any, r: Any) -> Any:
    """Return (h - d)^2 / h with h the hypotenuse, written without that difference."""
    h = _hypotenuse(d, r)
    part = r * (r / (h + d))
    return part * (part / h)


def _in_power(log_x: Any, k: Any) -> Any:
    """Return the derivative of (x^k - 1) / k in k, finite at k = 0."""
    return log_x * log_x * _exprel_slope(k * log_x)


def _in_root(log: Callable[[Any], Any], x: Any, k: Any, zero: float = 0.0) -> Any:
    """Return the same from x; where x^k is 0 for all k > 0, the slope of -1 / k."""
    none = (x == zero) & (k > 0)
    inner = _in_power(log(np.where(none, 1, x)), k)
    return np.where(none, 1.0 / np.where(none, k, 1) ** 2, inner)


elementwise(sp.boxcox, lambda y, x, k: x ** (k - 1.0), lambda y, x, k: _in_root(np.log, x, k))
elementwise(
    sp.boxcox1p,
    lambda y, x, k: (1.0 + x) ** (k - 1.0),
    lambda y, x, k: _in_root(np.log1p, x, k, -1.0),
)
elementwise(
    sp.inv_boxcox,
    lambda y, x, k: y ** (1.0 - k),
    lambda y, x, k: -_in_power(np.log(y), k) * y ** (1.0 - k),
)
elementwise(
    sp.inv_boxcox1p,
    lambda y, x, k: (1.0 + y) ** (1.0 - k),
    lambda y, x, k: -_in_power(np.log1p(y), k) * (1.0 + y) ** (1.0 - k),
)
elementwise(sp.exp10, lambda y, x: y * float(np.log(10.0)))
elementwise(sp.cosm1, lambda y, x: -np.sin(x))
elementwise(
    sp.powm1,
    lambda y, a, b: _or_zero(b, b * np.where(b == 0, 1, a) ** (b - 1.0)),
    lambda y, a, b: sp.xlogy(a**b, a),
)
elementwise(sp.spence, lambda y, x: -_log_share(x))


def _log_shares(x: Any, n: int = 0) -> Any:
    """Return the n-th derivative of log(x) / (x - 1), which is smooth at 1."""
    x = np.asarray(x)
    u = x - 1
    near = np.abs(u) < 0.5
    t, w = np.polynomial.legendre.leggauss(32)  # the mean of 1 / (1 + u t) over 0 < t < 1
    t, w = (t + 1) / 2, w / 2
    sign = math.factorial(n) * (-1) ** n
    close = sign * np.sum(w * t**n / (1 + np.where(near, u, 0)[..., None] * t) ** (n + 1), axis=-1)
    with np.errstate(all="ignore"):
        far = np.log(x) / np.where(near, 1, u)
        for k in range(1, n + 1):  # from u f = log x
            far = ((-1) ** (k - 1) * math.factorial(k - 1) / x**k - k * far) / np.where(near, 1, u)
    return np.where(near, close, far).astype(np.result_type(x, np.float16))[()]


_log_share: Primitive = elementwise(
    _log_shares, lambda y, x, *, n=0: _log_share(x, n=n + 1), name="log_share"
)
elementwise(sp.exp1, lambda y, x: -np.exp(-x) / x)
elementwise(sp.expi, lambda y, x: np.exp(x) / x)
elementwise(sp.wrightomega, lambda y, x: y / (1.0 + y))

# --- of degrees, ------------------------------------------------------------------

_DEGREE = float(np.pi / 180)
elementwise(sp.sindg, lambda y, x: _DEGREE * sp.cosdg(x))
elementwise(sp.cosdg, lambda y, x: -_DEGREE * sp.sindg(x))
elementwise(sp.tandg, lambda y, x: _DEGREE * (1.0 + y * y))
elementwise(sp.cotdg, lambda y, x: -_DEGREE * (1.0 + y * y))

# SciPy's own copies of NumPy's functions
for _name in ("cbrt", "exp2", "expm1", "log1p"):
    _own, _numpy_s = getattr(sp, _name), getattr(np, _name)
    if _own is not _numpy_s:  # pragma: no branch - whether they are copies, SciPy decides
        implements(_own)(_numpy_s)
register(sp.round, np.round)


# --- complete elliptic integrals ------------------------------------------------

# D = (K - E) / m, by Carlson's form, which has no 0 / 0 (DLMF 19.4, 19.25).
_SERIES = [float(np.pi / 4 * c) for c in (3 / 8, 15 / 32, 525 / 1024, 2205 / 4096, 72765 / 131072)]


def _ellipd_slope(y: Any, m: Any) -> Any:
    small = np.abs(m) < 3e-3
    far = np.where(small, 0.5, m)
    near = np.where(small, m, 0.0)
    series = sum((c * near**k for k, c in enumerate(_SERIES)), 0.0)
    other = (sp.ellipk(far) - (2.0 - far) * _ellipd(far)) / (2.0 * far * (1.0 - far))
    return np.where(small, series, other)


_ellipd: Primitive = elementwise(
    lambda m: sp.elliprd(0.0, 1.0 - m, 1.0) / 3.0, _ellipd_slope, name="ellipd"
)
elementwise(sp.ellipk, lambda y, m: (y - _ellipd(m)) / (2.0 * (1.0 - m)))
elementwise(sp.ellipkm1, lambda y, p: (_ellipd(1.0 - p) - y) / (2.0 * p))
elementwise(sp.ellipe, lambda y, m: -0.5 * _ellipd(m))
