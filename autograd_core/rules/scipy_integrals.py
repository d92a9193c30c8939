"""Integrals of elementary functions, Airy's and Kelvin's functions, probabilities of counts.

NIST Digital Library of Mathematical Functions, chapters 6, 7, 9, 10, 11, 19 and 22.  What returns
several arrays is made of one operation for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.operations.declare import elementwise
from autograd_core.operations.primitive import Primitive, implements
from autograd_core.rules.scipy_ufuncs import sp

_ROOT_PI = float(np.sqrt(np.pi))
_ROOT_TWO_PI = float(np.sqrt(2 * np.pi))


def _parts(
    ufunc: Any, *slopes: Callable[..., Any], unknown: int = 0, formulas: Sequence[str] = ()
) -> tuple[Primitive, ...]:
    """Declare each result of a ufunc by its slope in the first argument; register them together.

    Parameters
    ----------
    ufunc : numpy.ufunc
    *slopes : callable
        ``slope(y, x, *more)`` of each result.
    unknown : int
        How many further arguments there are, which have no derivative.
    formulas : sequence of str
        What the viewer writes of each result's rule, where the rule's own code reads badly.
    """

    def part(k: int) -> Any:
        if unknown:
            return lambda x, m: ufunc(x, m)[k]
        return lambda x: ufunc(x)[k]

    none = (None,) * unknown
    parts = tuple(
        elementwise(
            part(k),
            slope,
            *none,
            name=f"{ufunc.__name__}[{k}]",
            formulas=formulas[k : k + 1] or None,
        )
        for k, slope in enumerate(slopes)
    )
    implements(ufunc)(lambda *args: tuple(f(*args) for f in parts))
    return parts


# --- exponential, sine and Fresnel integrals ------------------------------------------------------


def _over(x: Any, function: Any) -> Any:
    """Return function(x) / x of an odd function whose slope at 0 is 1."""
    zero = x == 0
    away = np.where(zero, 1.0, x)
    return np.where(zero, 1.0, function(away) / away)


def _expn_slope(n: Any, x: Any) -> Any:
    n = np.trunc(n)
    first = n == 0
    below = sp.expn(np.where(first, 1.0, n) - 1.0, x)
    return -np.where(first, np.exp(-x) * (1.0 + 1.0 / x) / x, below)


elementwise(sp.expn, None, lambda y, n, x: _expn_slope(n, x))
_parts(sp.sici, lambda y, x: _over(x, np.sin), lambda y, x: np.cos(x) / x)
_parts(sp.shichi, lambda y, x: _over(x, np.sinh), lambda y, x: np.cosh(x) / x)
_HALF_PI = float(np.pi / 2)
_parts(
    sp.fresnel,
    lambda y, x: np.sin(_HALF_PI * x * x),
    lambda y, x: np.cos(_HALF_PI * x * x),
    formulas=("upstream * sin(pi / 2 * x ** 2)", "upstream * cos(pi / 2 * x ** 2)"),
)


def _wofz_slope(y: Any, z: Any) -> Any:
    """Return -2 z w + 2i / sqrt(pi); far out, where the two cancel, its asymptotic series."""
    far = (np.abs(z) > 50) & (np.imag(z) >= 0)
    u = 1.0 / np.where(far, z, 50.0)
    u = u * u
    series = -1j / _ROOT_PI * u * (1.0 + u * (1.5 + u * (3.75 + u * 13.125)))
    near = np.where(far, 0.0, z)
    return np.where(far, series, 2j / _ROOT_PI - 2.0 * near * y)


_faddeeva: Primitive = elementwise(sp.wofz, _wofz_slope)


def _voigt_parts(x: Any, s: Any, g: Any) -> tuple[Any, Any, Any]:
    """Return z, dw/dz and the profile's factor; of sigma 0 harmless ones."""
    s = np.where(s == 0, 1.0, s)
    z = (x + 1j * g) / (s * float(np.sqrt(2)))
    return z, _wofz_slope(_faddeeva(z), z), 1.0 / (s * s * float(2 * _ROOT_PI))


def _voigt_in_x(y: Any, x: Any, s: Any, g: Any) -> Any:
    _, slope, factor = _voigt_parts(x, s, g)
    return np.where(s == 0, -2.0 * x * y / _apart(x, g), factor * np.real(slope))


def _apart(x: Any, g: Any) -> Any:
    return x * x + g * g


def _voigt_in_gamma(y: Any, x: Any, s: Any, g: Any) -> Any:
    _, slope, factor = _voigt_parts(x, s, g)
    cauchy = (x * x - g * g) / (float(np.pi) * _apart(x, g) ** 2)
    return np.where(s == 0, cauchy, -factor * np.imag(slope))


def _voigt_in_sigma(y: Any, x: Any, s: Any, g: Any) -> Any:
    z, slope, factor = _voigt_parts(x, s, g)
    away = np.where(s == 0, 1.0, s)
    return np.where(s == 0, 0.0, -y / away - factor * float(np.sqrt(2)) * np.real(slope * z))


elementwise(sp.voigt_profile, _voigt_in_x, _voigt_in_sigma, _voigt_in_gamma)
lambert: Primitive = elementwise(
    sp.private("_lambertw"),
    lambda y, z, k, tol: np.exp(-y) / (1.0 + y),
    None,
    None,
    name="lambertw",
)

# --- Airy's, Struve's, Hankel's and Kelvin's functions --------------------------------------------

_airy: tuple[Primitive, ...] = _parts(
    sp.airy,
    lambda y, z: _airy[1](z),
    lambda y, z: z * _airy[0](z),
    lambda y, z: _airy[3](z),
    lambda y, z: z * _airy[2](z),
)


def _struve_rest(v: Any, x: Any) -> Any:
    return (0.5 * x) ** v / _ROOT_PI * sp.rgamma(v + 1.5)


elementwise(
    sp.struve,
    None,
    lambda y, v, x: 0.5 * (sp.struve(v - 1, x) - sp.struve(v + 1, x) + _struve_rest(v, x)),
)
elementwise(
    sp.modstruve,
    None,
    lambda y, v, x: 0.5 * (sp.modstruve(v - 1, x) + sp.modstruve(v + 1, x) + _struve_rest(v, x)),
)
for _hankel in (sp.hankel1, sp.hankel2):
    elementwise(_hankel, None, lambda y, v, z, f=_hankel: 0.5 * (f(v - 1, z) - f(v + 1, z)))


def _kelvin_second(other: Any, slope: Any, x: Any, at_zero: float) -> Any:
    """Return a second derivative by the differential equation."""
    zero = x == 0
    return np.where(zero, at_zero, other - slope / np.where(zero, 1.0, x))


elementwise(sp.ber, lambda y, x: sp.berp(x))
elementwise(sp.bei, lambda y, x: sp.beip(x))
elementwise(sp.ker, lambda y, x: sp.kerp(x))
elementwise(sp.kei, lambda y, x: sp.keip(x))
elementwise(sp.berp, lambda y, x: _kelvin_second(-sp.bei(x), y, x, 0.0))
elementwise(sp.beip, lambda y, x: _kelvin_second(sp.ber(x), y, x, 0.5))
elementwise(sp.kerp, lambda y, x: _kelvin_second(-sp.kei(x), y, x, np.nan))
elementwise(sp.keip, lambda y, x: _kelvin_second(sp.ker(x), y, x, np.inf))

# --- elliptic functions ---------------------------------------------------------------------------

_parts(
    sp.ellipj,
    lambda y, u, m: _jacobi(u, m, 1) * _jacobi(u, m, 2),
    lambda y, u, m: -_jacobi(u, m, 0) * _jacobi(u, m, 2),
    lambda y, u, m: -m * _jacobi(u, m, 0) * _jacobi(u, m, 1),
    lambda y, u, m: _jacobi(u, m, 2),
    unknown=1,
)


def _jacobi(u: Any, m: Any, k: int) -> Any:
    return sp.ellipj(u, m)[k]


def _sine_integrals(phi: Any, m: Any, n: int = 0) -> Any:
    """Return the n-th derivative in m of the integral of sin^2 / sqrt(1 - m sin^2), |m| small."""
    panels = 1 + int(np.max(np.abs(phi), initial=0) / 1.5)
    t, w = np.polynomial.legendre.leggauss(32)
    starts = np.arange(panels)[:, None]
    nodes, weights = ((starts + (1 + t) / 2) / panels).ravel(), np.tile(w / 2 / panels, panels)
    kind = np.result_type(phi, m, np.float16)
    phi, m = np.broadcast_arrays(np.asarray(phi, dtype=float), m)
    square = np.sin(phi[..., None] * nodes) ** 2
    rising = float(np.prod(np.arange(n) + 0.5))
    inner = rising * square ** (n + 1) * (1.0 - m[..., None] * square) ** (-0.5 - n)
    return (phi * np.sum(weights * inner, axis=-1)).astype(kind)[()]


def _sine_integrand(phi: Any, m: Any, n: int) -> Any:
    square = np.sin(phi) ** 2
    rising = float(np.prod(np.arange(n) + 0.5))
    return rising * square ** (n + 1) * (1.0 - m * square) ** (-0.5 - n)


_sines: Primitive = elementwise(
    _sine_integrals,
    lambda y, phi, m, *, n=0: _sine_integrand(phi, m, n),
    lambda y, phi, m, *, n=0: _sines(phi, m, n=n + 1),
    name="ellipdinc",
)


def _ellipdinc(phi: Any, m: Any, f: Any, e: Any) -> Any:
    """Return (F - E) / m, also at m = 0."""
    small = np.abs(m) < 0.05
    phi = np.where(np.isfinite(phi), phi, 0.0)
    near = _sines(np.where(small, phi, 0.0), np.where(small, m, 0.0))
    return np.where(small, near, (f - e) / np.where(small, 1.0, m))


def _ellipkinc_in_m(y: Any, phi: Any, m: Any) -> Any:
    d = _ellipdinc(phi, m, y, sp.ellipeinc(phi, m))
    sine = np.sin(phi)
    rest = np.where(np.abs(1.0 - m) < 1e-6, np.nan, 1.0 - m)  # where the terms cancel
    return (y - d - sine * np.cos(phi) / np.sqrt(1.0 - m * sine * sine)) / (2.0 * rest)


elementwise(
    sp.ellipkinc,
    lambda y, phi, m: 1.0 / np.sqrt(1.0 - m * np.sin(phi) ** 2),
    _ellipkinc_in_m,
)
elementwise(
    sp.ellipeinc,
    lambda y, phi, m: np.sqrt(1.0 - m * np.sin(phi) ** 2),
    lambda y, phi, m: -0.5 * _ellipdinc(phi, m, sp.ellipkinc(phi, m), y),
)

# --- probabilities --------------------------------------------------------------------------------


def _owen_in_a(h: Any, a: Any) -> Any:
    return float(0.5 / np.pi) * np.exp(-0.5 * h * h * (1.0 + a * a)) / (1.0 + a * a)


elementwise(
    sp.owens_t,
    lambda y, h, a: (
        -0.5 / _ROOT_TWO_PI * np.exp(-0.5 * h * h) * sp.erf(a * h * float(np.sqrt(0.5)))
    ),
    lambda y, h, a: np.where(np.isinf(a), 0.0, _owen_in_a(h, np.where(np.isinf(a), 0.0, a))),
)
elementwise(sp.ndtri_exp, lambda y, x: _ROOT_TWO_PI * np.exp(x + 0.5 * y * y))


def _poisson(k: Any, m: Any) -> Any:
    k, end = np.floor(k), np.isinf(m)
    m = np.where(end, 1.0, m)
    return np.where(end, 0.0, np.exp(sp.xlogy(k, m) - m - sp.gammaln(k + 1.0)))


def _beta_density(a: Any, b: Any, p: Any) -> Any:
    return np.exp(sp.xlogy(a - 1.0, p) + sp.xlog1py(b - 1.0, -p) - sp.betaln(a, b))


def _binomial(k: Any, n: Any, p: Any) -> Any:
    """Return how fast the probability of at most k falls in p; of all n of n it does not."""
    k, n = np.floor(k), np.trunc(n)  # as SciPy takes them
    every = k >= n
    return np.where(every, 0.0, _beta_density(k + 1.0, np.where(every, 1.0, n - k), p))


elementwise(sp.pdtr, None, lambda y, k, m: -_poisson(k, m))
elementwise(sp.pdtrc, None, lambda y, k, m: _poisson(k, m))
elementwise(sp.bdtr, None, None, lambda y, k, n, p: -_binomial(k, n, p))
elementwise(sp.bdtrc, None, None, lambda y, k, n, p: _binomial(k, n, p))


def _failures(k: Any, n: Any, p: Any) -> Any:
    return _beta_density(np.trunc(n), np.trunc(k) + 1.0, p)


elementwise(sp.nbdtr, None, None, lambda y, k, n, p: _failures(k, n, p))
elementwise(sp.nbdtrc, None, None, lambda y, k, n, p: -_failures(k, n, p))
