"""Bessel functions, in the argument and in the order.

In x by the recurrences; in the order v by differentiating Schlaefli's integrals under the sign
(NIST Digital Library of Mathematical Functions, 10.9.6, 10.9.7, 10.32.4, 10.32.9), or, where
the two integrals of J and I cancel, the power series (10.15.1, 10.38.1).  For x > 0; elsewhere the
derivative in the order is NaN.  Against mpmath, orders from -3 to 25 and x from 0.05 to 60, first
and second derivative: an error below 1e-12 of the larger of derivative and function.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations.declare import elementwise
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.scipy_incomplete import _expansion, _gamma_cumulant
from autograd_core.rules.scipy_ufuncs import sp

LARGEST = 2000.0  # of x + |order|: beyond, the integrals need too many points


def _panels(end: Any, count: int) -> tuple[Any, Any]:
    """Return nodes and weights of Gauss-Legendre panels from 0 to `end`."""
    t, w = np.polynomial.legendre.leggauss(32)
    starts = np.arange(count)[:, None]
    nodes = ((starts + (1 + t) / 2) / count).ravel()
    return end[..., None] * nodes, end[..., None] * np.tile(w / 2 / count, count)


def _turns(v: Any, x: Any) -> tuple[Any, Any]:
    """Return points on (0, pi), enough for the oscillation."""
    fast = float(np.max(x + np.abs(v), initial=0))
    return _panels(np.full(np.shape(v), np.pi), 2 + int(fast / 6))


def _tail(v: Any, x: Any) -> tuple[Any, Any]:
    """Return points from 0 to where e^(|v| t - x sinh t) is nothing."""
    end = np.arcsinh((50 + np.abs(v)) / x)
    for _ in range(6):
        end = np.arcsinh((50 + np.abs(v) * (1 + end)) / x)
    return _panels(end, 12)


def _series(v: Any, x: Any, k: int, sign: float, terms: int) -> Any:
    """Return d^k/dv^k of the sum of sign^m (x/2)^(v + 2m) / (m! Gamma(v + m + 1)), v >= 0."""
    m = np.arange(terms)
    v, x = v[..., None], x[..., None]
    half = np.log(x / 2)
    size = np.exp((v + 2 * m) * half - sp.gammaln(m + 1.0) - sp.gammaln(v + m + 1))
    return np.sum(sign**m * size * _expansion(k, 0, _gamma_cumulant(v + m + 1, half)), axis=-1)


def _j(v: Any, x: Any, k: int) -> Any:
    t, w = _turns(v, x)
    v1, x1 = v[..., None], x[..., None]
    turning = np.sum(w * np.real((1j * t) ** k * np.exp(1j * (v1 * t - x1 * np.sin(t)))), axis=-1)
    t, w = _tail(v, x)
    z = 1j * np.pi - t
    falling = np.sum(w * np.imag(z**k * np.exp(v1 * z - x1 * np.sinh(t))), axis=-1)
    near = (v >= 0) & (x * x <= 8 * (v + 1))
    return np.where(
        near, _series(v, np.where(near, x, 1), k, -1.0, 60), (turning - falling) / np.pi
    )


def _y(v: Any, x: Any, k: int) -> Any:
    t, w = _turns(v, x)
    v1, x1 = v[..., None], x[..., None]
    turning = np.sum(w * np.imag((-1j * t) ** k * np.exp(1j * (x1 * np.sin(t) - v1 * t))), axis=-1)
    t, w = _tail(v, x)
    z = 1j * np.pi - t
    down = x1 * np.sinh(t)
    grown = t**k * np.exp(v1 * t - down) + np.real(z**k * np.exp(v1 * z - down))
    return (turning - np.sum(w * grown, axis=-1)) / np.pi


def _ie(v: Any, x: Any, k: int) -> Any:
    """Return the derivative of e^-x I_v(x)."""
    t, w = _turns(v, x)
    v1, x1 = v[..., None], x[..., None]
    wave = np.real((1j * t) ** k * np.exp(1j * v1 * t))
    turning = np.sum(w * np.exp(x1 * (np.cos(t) - 1)) * wave, axis=-1)
    t, w = _tail(v, x)
    z = 1j * np.pi - t
    falling = np.sum(w * np.imag(z**k * np.exp(v1 * z - x1 * (np.cosh(t) + 1))), axis=-1)
    near = (v >= 0) & (x <= 30)
    series = _series(np.where(near, v, 0), np.where(near, x, 1), k, 1.0, 128)
    return np.where(near, series * np.exp(-x), (turning - falling) / np.pi)


def _ke(v: Any, x: Any, k: int) -> Any:
    """Return the derivative of e^x K_v(x)."""
    end = np.arccosh(1 + 50 / x)
    for _ in range(6):  # to where e^(|v| t - x (cosh t - 1)) is nothing
        end = np.arccosh(1 + (50 + np.abs(v) * (1 + end)) / x)
    t, w = _panels(end, 12)
    v1, x1 = v[..., None], x[..., None]
    both = np.exp(v1 * t) + (-1) ** k * np.exp(-v1 * t)
    return np.sum(w * t**k * both * np.exp(-x1 * (np.cosh(t) - 1)), axis=-1) / 2


_KINDS = {"j": _j, "y": _y, "ie": _ie, "ke": _ke}


def _order_slopes(v: Any, x: Any, kind: str = "j", k: int = 1) -> Any:
    """Return the k-th derivative of a Bessel function in its order."""
    dtype = np.result_type(v, x, 0.0)
    v, x = np.broadcast_arrays(np.asarray(v, dtype=float), np.asarray(x, dtype=float))
    if np.any(np.abs(v) + np.abs(x) > LARGEST):
        raise ValueError(
            f"the derivative in the order is an integral that is computed for x + |order| up to "
            f"{LARGEST:g} only; pass the order as a constant."
        )
    inside = x > 0
    with np.errstate(all="ignore"):
        made = _KINDS[kind](v, np.where(inside, x, 1.0), k)
    return np.where(inside, made, np.nan).astype(dtype)[()]


def _in_x(v: Any, x: Any, kind: str, k: int) -> Any:
    """Return d/dx of a derivative in the order: the recurrences hold for it too."""
    low, high = (order_slope(v + d, x, kind=kind, k=k) for d in (-1.0, 1.0))
    if kind in "jy":
        return (low - high) * 0.5
    same = order_slope(v, x, kind=kind, k=k)  # of the factor e^-x or e^x
    return (low + high) * 0.5 - same if kind == "ie" else same - (low + high) * 0.5


def _real(x: Any, name: str) -> Any:
    """Return x if it is real: the factor e^-|Re x| has no complex derivative."""
    if x.dtype.kind == "c":
        raise ValueError(f"{name} of a complex number has no complex derivative; use iv.")
    return x


order_slope: Primitive = elementwise(
    _order_slopes,
    lambda y, v, x, *, kind="j", k=1: order_slope(v, x, kind=kind, k=k + 1),
    lambda y, v, x, *, kind="j", k=1: _in_x(v, x, kind, k),
    name="bessel_order_slope",
)

# --- the functions -------------------------------------------------------------

elementwise(sp.j0, lambda y, x: -sp.j1(x))
elementwise(sp.j1, lambda y, x: (sp.j0(x) - sp.jv(2.0, x)) * 0.5)
elementwise(sp.y0, lambda y, x: -sp.y1(x))
elementwise(sp.y1, lambda y, x: (sp.y0(x) - sp.yv(2.0, x)) * 0.5)
elementwise(
    sp.jv,
    lambda y, v, x: order_slope(v, x, kind="j"),
    lambda y, v, x: (sp.jv(v - 1, x) - sp.jv(v + 1, x)) * 0.5,
)
elementwise(
    sp.yv,
    lambda y, v, x: order_slope(v, x, kind="y"),
    lambda y, v, x: (sp.yv(v - 1, x) - sp.yv(v + 1, x)) * 0.5,
)
elementwise(  # SciPy cuts the order to an integer, so before the neighbours are taken
    sp.yn,
    None,
    lambda y, n, x: (sp.yn(np.trunc(n) - 1, x) - sp.yn(np.trunc(n) + 1, x)) * 0.5,
)
elementwise(
    sp.iv,
    lambda y, v, x: order_slope(v, x, kind="ie") * np.exp(x),
    lambda y, v, x: (sp.iv(v - 1, x) + sp.iv(v + 1, x)) * 0.5,
)
elementwise(
    sp.kv,
    lambda y, v, x: order_slope(v, x, kind="ke") * np.exp(-x),
    lambda y, v, x: -(sp.kv(v - 1, x) + sp.kv(v + 1, x)) * 0.5,
)
elementwise(
    sp.kve,
    lambda y, v, x: order_slope(v, x, kind="ke"),
    lambda y, v, x: y - (sp.kve(v - 1, x) + sp.kve(v + 1, x)) * 0.5,
)
elementwise(
    sp.kn,
    None,
    lambda y, n, x: -(sp.kn(np.trunc(n) - 1, x) + sp.kn(np.trunc(n) + 1, x)) * 0.5,
)
elementwise(sp.i0, lambda y, x: sp.i1(x))


def _second(function: Any, x: Any) -> Any:
    """Return iv or ive of order 2; SciPy's are NaN below 1e-307."""
    tiny = np.abs(x) < 1e-150
    return np.where(tiny, x * x / 8, function(2, np.where(tiny, 1, x)))


def _like_root(y: Any, x: Any, near: Any) -> Any:
    """Return a slope: far from 0, where near(x) is a difference of equals, that of 1/sqrt(x)."""
    far = np.abs(x) > 1e8
    return np.where(far, -0.5 * y / np.where(far, x, 1), near(np.where(far, 1, x)))


def _i1e_near(x: Any) -> Any:
    return (sp.i0e(x) + _second(sp.ive, x)) * 0.5 - np.sign(x) * sp.i1e(x)


elementwise(sp.i1, lambda y, x: (sp.i0(x) + _second(sp.iv, x)) * 0.5)
elementwise(sp.i0e, lambda y, x: _like_root(y, x, lambda z: sp.i1e(z) - np.sign(z) * sp.i0e(z)))
elementwise(sp.i1e, lambda y, x: _like_root(y, x, _i1e_near))
elementwise(sp.k0, lambda y, x: -sp.k1(x))
elementwise(sp.k0e, lambda y, x: y - sp.k1e(x))
elementwise(sp.k1e, lambda y, x: y * (1.0 - 1.0 / x) - sp.k0e(x))
elementwise(sp.k1, lambda y, x: -(sp.k0(x) + sp.kv(2.0, x)) * 0.5)
elementwise(
    sp.ive,
    lambda y, v, x: order_slope(v, x, kind="ie"),
    lambda y, v, x: (sp.ive(v - 1, x) + sp.ive(v + 1, x)) * 0.5 - np.sign(_real(x, "ive")) * y,
)
