"""Grids, differences, integrals, interpolation, convolution, polynomials."""

from __future__ import annotations

import numpy as np

from cases.case import Case, between, distinct, fixed, named, positive, real

XP = [0.0, 1.0, 2.5, 4.0]
POINTS = [-1.3, 0.4, 1.7, 3.1, 5.2]

CASES: list[Case] = [
    named("linspace", lambda a, b: np.linspace(a, b, 5), real(), real()),
    named("linspace-arrays", lambda a, b: np.linspace(a, b, 4, axis=-1), real(2, 3), real(3)),
    named(
        "linspace-open",
        lambda a, b: np.linspace(a, b, 4, endpoint=False, retstep=True),
        real(),
        real(),
    ),
    named("linspace-stop", lambda b: np.linspace(0.0, b, 5), real()),
    named("linspace-one", lambda a: np.linspace(a, 2.0, 1), real()),
    named("logspace", lambda a, b: np.logspace(a, b, 4), real(), real()),
    named("logspace-base", lambda a, b: np.logspace(a, b, 3, base=2.0), real(2), real(2)),
    named("geomspace", lambda a, b: np.geomspace(a, b, 4), positive(), positive(), analytic=False),
    named(
        "geomspace-negative",
        lambda a, b: np.geomspace(-a, -b, 4, axis=1),
        positive(2),
        positive(2),
        analytic=False,
    ),
    named("trapezoid", np.trapezoid, real(2, 5)),
    named("trapezoid-x", lambda y, x: np.trapezoid(y, x, axis=0), real(4, 2), real(4)),
    named("trapezoid-x-full", lambda y, x: np.trapezoid(y, x), real(2, 4), real(2, 4)),
    named("trapezoid-dx", lambda y: np.trapezoid(y, dx=0.5, axis=0), real(4, 2)),
    named("ediff1d", np.ediff1d, real(2, 3)),
    named(
        "ediff1d-edges", lambda x, a: np.ediff1d(x, to_end=[1.0, 2.0], to_begin=a), real(4), real()
    ),
    named("gradient", np.gradient, real(3, 4)),
    named("gradient-axis", lambda x: np.gradient(x, 0.5, axis=1), real(3, 4)),
    named("gradient-edges", lambda x: np.gradient(x, edge_order=2), real(5)),
    named("gradient-spacing", lambda x, h: np.gradient(x, h), real(5), positive()),
    named(
        "gradient-coordinates",
        lambda x, t: np.gradient(x, t, edge_order=2),
        real(5),
        fixed([0.0, 0.7, 1.1, 2.4, 3.0]),
    ),
    named(
        "gradient-two-spacings",
        lambda x: np.gradient(x, 2.0, np.array([0.0, 1.0, 1.5])),
        real(4, 3),
    ),
    named(
        "interp-x",
        lambda x: np.interp(x, XP, [1.0, 3.0, 2.0, 5.0]),
        fixed(POINTS),
        analytic=False,
        float32=False,
    ),
    named(
        "interp-values",
        lambda fp: np.interp(POINTS, XP, fp),
        real(4),
        analytic=False,
        float32=False,
    ),
    named(
        "interp-all", np.interp, fixed(POINTS), fixed(XP), real(4), analytic=False, float32=False
    ),
    named(
        "interp-ends",
        lambda x, fp: np.interp(x, XP, fp, left=-1.0, right=9.0),
        fixed(POINTS),
        real(4),
        analytic=False,
        float32=False,
    ),
    named(
        "interp-period",
        lambda x, fp: np.interp(x, XP, fp, period=5.0),
        fixed(POINTS),
        real(4),
        analytic=False,
        float32=False,
    ),
    named(
        "interp-one-point",
        lambda fp: np.interp([0.0, 2.0], [1.0], fp),
        real(1),
        analytic=False,
        float32=False,
    ),
    named("unwrap", np.unwrap, fixed([0.1, 3.0, 6.5, 0.4, -3.0]), analytic=False, float32=False),
    named(
        "unwrap-axis",
        lambda x: np.unwrap(x, axis=0, period=2.0),
        fixed([[0.1], [1.9], [0.2]]),
        analytic=False,
        float32=False,
    ),
    *[
        named(f"convolve-{m}-{a}-{b}", lambda x, y, m=m: np.convolve(x, y, m), real(a), real(b))
        for m in ("full", "same", "valid")
        for a, b in ((5, 2), (5, 3), (2, 5), (4, 4), (3, 1))
    ],
    *[
        named(
            f"correlate-{m}-{a}-{b}",
            lambda x, y, m=m: np.correlate(x, y, m),
            real(a),
            real(b),
            analytic=False,
        )
        for m in ("full", "same", "valid")
        for a, b in ((5, 2), (5, 3), (2, 5), (4, 4), (3, 6))
    ],
    named("polyval", np.polyval, real(4), real(3)),
    named("polyval-matrix", lambda p: np.polyval(p, np.array([[1.0, 2.0], [0.5, 3.0]])), real(3)),
    named("vander", np.vander, real(3)),
    named("vander-increasing", lambda x: np.vander(x, 4, increasing=True), real(3)),
    named("vander-at-zero", lambda x: np.vander(x, 3), fixed([0.0, 2.0])),
    named("polyadd", np.polyadd, real(4), real(2)),
    named("polysub", np.polysub, real(2), real(4)),
    named("polymul", np.polymul, real(4), real(2)),
    named("polydiv", np.polydiv, real(5), between(1.0, 2.0, 3)),
    named("polydiv-short", np.polydiv, real(2), real(3)),
    named("polyder", lambda p: np.polyder(p, 2), real(5)),
    named("polyint", lambda p: np.polyint(p, 2, k=[1.0, 2.0]), real(3)),
    named("polyint-plain", np.polyint, real(3)),
    named(
        "polyfit",
        lambda x, y: np.polyfit(x, y, 2),
        distinct(6),
        real(6),
        analytic=False,
        float32=False,
    ),
    named(
        "polyfit-weights",
        lambda y, w: np.polyfit(np.arange(5.0), y, 1, w=w),
        real(5, 2),
        positive(5),
        analytic=False,
        float32=False,
    ),
    named("poly", np.poly, real(3), analytic=False),
    named(
        "poly-matrix", lambda a: np.poly((a + a.T) / 2), real(3, 3), analytic=False, float32=False
    ),
    named(
        "roots",
        lambda p: np.sort(np.roots(p)),
        fixed([1.0, -6.0, 11.0, -6.2]),
        analytic=False,
        float32=False,
    ),
    named(
        "poly-of-conjugate-eigenvalues",
        lambda a: np.poly(a - a.T),
        fixed([[0.5, 1.0, -2.0], [0.0, 0.3, 1.5], [1.0, 0.2, 0.1]]),
        analytic=False,
        float32=False,
    ),
]
