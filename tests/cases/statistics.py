"""Order statistics, statistics that skip NaN, covariance."""

from __future__ import annotations

import numpy as np

from cases.case import Case, distinct, named, positive, real

HOLES = np.array([[1.0, np.nan, 1.0, 1.0], [1.0, 1.0, np.nan, np.nan], [1.0, 1.0, 1.0, 1.0]])


def _holed(f):
    """f of an array with NaN in fixed places."""
    return lambda x: f(np.where(np.isnan(HOLES), x.dtype.type(np.nan), x))


def skip(f, draw=distinct, **known):
    return [
        named(
            f"{f.__name__}-{label}",
            _holed(lambda x, k=keywords: f(x, **k)),
            draw(3, 4),
            analytic=False,
            **known,
        )
        for label, keywords in (
            ("all", {}),
            ("axis", {"axis": 1}),
            ("kept", {"axis": 0, "keepdims": True}),
        )
    ]


PLACES = np.array([0.1, 0.2, 0.25, 0.7, 1.0, 1.3])

CASES: list[Case] = [
    named(
        "histogram-complex-weights",
        lambda w, v: np.imag(np.histogram(PLACES, weights=w + 1j * v)[0]),
        real(6),
        real(6),
        analytic=False,
    ),
    named("histogram-weights", lambda w: np.histogram(PLACES, weights=w)[0], real(6)),
    named(
        "histogram-weights-range",
        lambda w: np.histogram(PLACES, bins=3, range=(0.2, 1.0), weights=w)[0],
        real(6),
    ),
    named(
        "histogram-weights-density",
        lambda w: np.histogram(PLACES, bins=[0, 0.5, 0.7, 2.0], density=True, weights=w)[0],
        positive(6),
    ),
    named(
        "histogram2d-weights",
        lambda w: np.histogram2d(PLACES, PLACES[::-1], bins=[2, 3], weights=w)[0],
        real(6),
        analytic=False,
        float32=False,
    ),
    named(
        "histogramdd-weights",
        lambda w: np.histogramdd((PLACES, PLACES**2, -PLACES), bins=2, weights=w)[0],
        real(6),
        analytic=False,
        float32=False,
    ),
    *[
        case
        for f in (
            np.nansum,
            np.nanmean,
            np.nanvar,
            np.nanstd,
            np.nanprod,
            np.nanmax,
            np.nanmin,
            np.nanmedian,
        )
        for case in skip(f)
    ],
    named("nanvar-ddof", _holed(lambda x: np.nanvar(x, ddof=1)), distinct(3, 4), analytic=False),
    named(
        "nanquantile",
        _holed(lambda x: np.nanquantile(x, [0.2, 0.7], axis=1)),
        distinct(3, 4),
        analytic=False,
    ),
    named(
        "nanpercentile",
        _holed(lambda x: np.nanpercentile(x, 33.0, axis=1)),
        distinct(3, 4),
        analytic=False,
    ),
    named("nanmean-whole", np.nanmean, distinct(3, 4), analytic=False),
    named("median-odd", np.median, distinct(3, 3), analytic=False),
    named("median-even", lambda x: np.median(x, axis=0), distinct(4, 3), analytic=False),
    named(
        "median-kept",
        lambda x: np.median(x, axis=(0, 2), keepdims=True),
        distinct(3, 2, 2),
        analytic=False,
    ),
    named("median-whole", lambda x: np.median(x, axis=(0, 1)), distinct(3, 2, 2), analytic=False),
    named("quantile", lambda x: np.quantile(x, 0.3, axis=1), distinct(2, 5), analytic=False),
    named(
        "quantile-several",
        lambda x: np.quantile(x, [0.0, 0.45, 1.0]),
        distinct(2, 3),
        analytic=False,
    ),
    named(
        "quantile-matrix-of-q",
        lambda x: np.quantile(x, [[0.1, 0.9], [0.3, 0.4]], axis=1, keepdims=True),
        distinct(2, 5),
        analytic=False,
    ),
    named(
        "quantile-in-q",
        lambda q: np.quantile(np.array([1.0, 2.0, 4.0, 8.0]), q),
        lambda rng: np.array([0.15, 0.55]),
        analytic=False,
        float32=False,
    ),
    *[
        named(
            f"quantile-{m}",
            lambda x, m=m: np.quantile(x, [0.3, 0.62], axis=0, method=m),
            distinct(6, 2),
            analytic=False,
        )
        for m in (
            "linear",
            "lower",
            "higher",
            "nearest",
            "midpoint",
            "hazen",
            "weibull",
            "median_unbiased",
            "normal_unbiased",
            "interpolated_inverted_cdf",
        )
    ],
    named(
        "percentile", lambda x: np.percentile(x, [25, 80], axis=0), distinct(5, 2), analytic=False
    ),
    named("cov", np.cov, real(3, 5), analytic=False),
    named("cov-two", np.cov, real(2, 5), real(5), analytic=False),
    named("cov-vector", np.cov, real(5), analytic=False),
    named("cov-columns", lambda x: np.cov(x, rowvar=False, bias=True), real(5, 3), analytic=False),
    named(
        "cov-weights", lambda x, w: np.cov(x, aweights=w), real(2, 5), positive(5), analytic=False
    ),
    named(
        "cov-frequencies",
        lambda x: np.cov(x, fweights=np.array([1, 2, 1, 3, 1])),
        real(2, 5),
        analytic=False,
    ),
    named(
        "cov-both-weights",
        lambda x, w: np.cov(x, fweights=np.array([1, 2, 1]), aweights=w, ddof=1),
        real(2, 3),
        positive(3),
        analytic=False,
    ),
    named(
        "cov-ddof",
        lambda x, w: np.cov(x, aweights=w, ddof=0),
        real(2, 3),
        positive(3),
        analytic=False,
    ),
    named("corrcoef", np.corrcoef, real(3, 5), analytic=False),
    named("corrcoef-two", lambda x, y: np.corrcoef(x, y), real(5), real(5), analytic=False),
    named(
        "average-two-axes",
        lambda x, w: np.average(x, axis=(1, 0), weights=w),
        real(2, 3, 2),
        positive(3, 2),
    ),
    named("histogram", lambda x: np.histogram(x, 3)[1], distinct(5), analytic=False),
    named("histogram-one", lambda x: np.histogram(x)[1], distinct(1), analytic=False),
    named(
        "histogram-density", lambda x: np.histogram(x, 3, density=True), distinct(6), analytic=False
    ),
    named(
        "histogram-bin-edges",
        lambda e: np.histogram_bin_edges(np.ones(2), np.sort(e)),
        distinct(4),
        analytic=False,
    ),
    named(
        "histogram2d",
        lambda x, y: np.histogram2d(x, y, 2)[1:],
        distinct(5),
        distinct(5),
        analytic=False,
    ),
    named(
        "histogramdd-density",
        lambda x: np.histogramdd(x, (2, 3), density=True),
        distinct(5, 2),
        analytic=False,
    ),
    named("average-returned-plain", lambda x: np.average(x, returned=True), real(3, 2)),
]
