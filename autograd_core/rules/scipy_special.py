"""scipy.special's ufuncs.  Loaded when SciPy is there and one of them meets a traced value.

Formulas: NIST Digital Library of Mathematical Functions, chapters 5 to 10.
Where only one argument has a known derivative, the others are None and say so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sp

from autograd_core.declare import elementwise
from autograd_core.primitive import Primitive, implements, register

_TWO_OVER_ROOT_PI = float(2 / np.sqrt(np.pi))
_ROOT_PI_OVER_TWO = float(np.sqrt(np.pi) / 2)
_ONE_OVER_ROOT_TWO_PI = float(1 / np.sqrt(2 * np.pi))

# --- gamma family -----------------------------------------------------------

polygamma: Primitive = elementwise(
    lambda x, n: sp.polygamma(n, x).astype(x.dtype),
    lambda y, x, *, n: polygamma(x, n=n + 1),
    name="polygamma",
)
elementwise(sp.psi, lambda y, x: polygamma(x, n=1), name="digamma")
elementwise(sp.gamma, lambda y, x: y * sp.psi(x))
elementwise(sp.gammaln, lambda y, x: sp.psi(x), second=lambda y, d, x: polygamma(x, n=1))
elementwise(sp.loggamma, lambda y, x: sp.psi(x))
elementwise(sp.rgamma, lambda y, x: -y * sp.psi(x))
elementwise(sp.gammasgn, 0)
elementwise(
    sp.beta,
    lambda y, a, b: y * (sp.psi(a) - sp.psi(a + b)),
    lambda y, a, b: y * (sp.psi(b) - sp.psi(a + b)),
)
elementwise(
    sp.betaln, lambda y, a, b: sp.psi(a) - sp.psi(a + b), lambda y, a, b: sp.psi(b) - sp.psi(a + b)
)
elementwise(
    sp.poch, lambda y, a, m: y * (sp.psi(a + m) - sp.psi(a)), lambda y, a, m: y * sp.psi(a + m)
)
elementwise(
    sp.binom,
    lambda y, n, k: y * (sp.psi(n + 1.0) - sp.psi(n - k + 1.0)),
    lambda y, n, k: y * (sp.psi(n - k + 1.0) - sp.psi(k + 1.0)),
)

# --- error functions and the normal distribution ------------------------------

elementwise(
    sp.erf, lambda y, x: _TWO_OVER_ROOT_PI * np.exp(-x * x), second=lambda y, d, x: -2.0 * x * d
)
elementwise(
    sp.erfc, lambda y, x: -_TWO_OVER_ROOT_PI * np.exp(-x * x), second=lambda y, d, x: -2.0 * x * d
)
elementwise(sp.erfcx, lambda y, x: 2.0 * x * y - _TWO_OVER_ROOT_PI)
elementwise(sp.erfi, lambda y, x: _TWO_OVER_ROOT_PI * np.exp(x * x))
elementwise(sp.dawsn, lambda y, x: 1.0 - 2.0 * x * y)
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
    lambda y, a, b: np.log(np.where(b == 0, 1, b)),
    lambda y, a, b: _or_zero(a, a / np.where(b == 0, 1, b)),
)
elementwise(
    sp.xlog1py,
    lambda y, a, b: np.log1p(np.where(b == -1, 0, b)),
    lambda y, a, b: _or_zero(a, a / np.where(b == -1, 1, 1.0 + b)),
)
elementwise(sp.entr, lambda y, x: -np.log(x) - 1.0)
elementwise(sp.rel_entr, lambda y, a, b: np.log(a / b) + 1.0, lambda y, a, b: -a / b)
elementwise(sp.kl_div, lambda y, a, b: np.log(a / b), lambda y, a, b: 1.0 - a / b)
elementwise(
    sp.huber,
    lambda y, d, r: np.where(abs(r) <= d, 0, abs(r) - d),
    lambda y, d, r: np.where(abs(r) <= d, r, d * np.sign(r)),
)
elementwise(
    sp.pseudo_huber,
    lambda y, d, r: 2.0 * y / d - r * r / (d * np.sqrt(1.0 + (r / d) ** 2)),
    lambda y, d, r: r / np.sqrt(1.0 + (r / d) ** 2),
)


def _in_power(log_x: Any, k: Any) -> Any:
    """Return the derivative of (x^k - 1) / k in k, finite at k = 0."""
    return log_x * log_x * _exprel_slope(k * log_x)


elementwise(sp.boxcox, lambda y, x, k: x ** (k - 1.0), lambda y, x, k: _in_power(np.log(x), k))
elementwise(
    sp.boxcox1p,
    lambda y, x, k: (1.0 + x) ** (k - 1.0),
    lambda y, x, k: _in_power(np.log1p(x), k),
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
elementwise(sp.powm1, lambda y, a, b: b * a ** (b - 1.0), lambda y, a, b: a**b * np.log(a))
elementwise(sp.spence, lambda y, x: np.log(x) / (1.0 - x))
elementwise(sp.exp1, lambda y, x: -np.exp(-x) / x)
elementwise(sp.expi, lambda y, x: np.exp(x) / x)
elementwise(sp.wrightomega, lambda y, x: y / (1.0 + y))

from autograd_core.rules import scipy_bessel, scipy_incomplete  # noqa: E402, F401 - they use polygamma

# SciPy's own copies of NumPy's functions
for _name in ("cbrt", "exp2", "expm1", "log1p"):
    _own, _numpy_s = getattr(sp, _name), getattr(np, _name)
    if _own is not _numpy_s:  # pragma: no branch - whether they are copies, SciPy decides
        implements(_own)(_numpy_s)
register(sp.round, np.round)
