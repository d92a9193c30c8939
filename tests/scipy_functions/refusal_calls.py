"""Calls that traced values do not go through: refused by name, or wrong as they are for SciPy.

A row is SciPy's module, a call as in ``walk_calls``, and words of the message. What ``REFUSED``
holds works with constants, but for the names in ``NEVER``. ``WRONG`` holds also the class of
SciPy's error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy_functions.option_calls import PLANE, TRIANGLES, _kde
from scipy_functions.walk_calls import GRID, PLACES, SITES, K, X, _general, _m, _positive

REFUSED: dict[str, tuple[str, Any, str]] = {
    "kde.resample": ("stats", lambda L, x: _kde(L, x).resample(3, seed=0), "gaussian_kde.resample"),
    "kde.inv_cov": ("stats", lambda L, x: _kde(L, x).inv_cov, "gaussian_kde.inv_cov"),
    "kde.integrate_box": (
        "stats",
        lambda L, x: _kde(L, PLANE).integrate_box(x[:2], x[2:4], rng=1), "kde.integrate_box"),
    "multinomial: counts": (
        "stats", lambda L, x: L.multinomial.pmf(x[:2], 3, [0.4, 0.6]), "counts are integers"),
    "multinomial: n": ("stats", lambda L, x: L.multinomial.mean(x[0], [0.4, 0.6]), "multinomial"),
    "multinomial, held: n": (
        "stats", lambda L, x: L.multinomial(x[0], [0.4, 0.6]).cov(), "multinomial.cov"),
    "dirichlet_multinomial: counts": (
        "stats", lambda L, x: L.dirichlet_multinomial.logpmf([1, 2], [0.4, 0.6], x[0] * 0 + 3),
        "counts are integers"),
    "gmean: dtype": ("stats", lambda L, x: L.gmean(x, dtype=float), "stats.gmean: dtype="),
    "sem: nan_policy": ("stats", lambda L, x: L.sem(x, nan_policy="omit"), "stats.sem: nan_policy"),
    "zscore: nan_policy": (
        "stats", lambda L, x: L.zscore(x, nan_policy="omit"), "stats.zscore: nan_policy"),
    "moment: orders": ("stats", lambda L, x: L.moment(x, order=[2, 3]), "several orders"),
    "eigh: driver": ("linalg", lambda L, x: L.eigh(_positive(x), driver="ev"), "driver='ev'"),
    "eigvalsh: type": (
        "linalg", lambda L, x: L.eigvalsh(_positive(x), np.eye(3), type=2), "type=2"),
    "eig: homogeneous": (
        "linalg", lambda L, x: L.eig(_general(x), homogeneous_eigvals=True), "homogeneous"),
    "eig: left of a stack": (
        "linalg", lambda L, x: L.eig(np.stack([_general(x), _general(X)]), left=True), "a stack"),
    "hessenberg: a stack": (
        "linalg", lambda L, x: L.hessenberg(np.stack([_m(x), _m(X)])), "linalg.hessenberg"),
    "pinv: a tolerance": ("linalg", lambda L, x: L.pinv(_m(X), rtol=x[0] / 99), "linalg.pinv"),
    "solve: a kind that is not there": (
        "linalg", lambda L, x: L.solve(_general(x), K, assume_a="round"), "assume_a='round'"),
    "solve_circulant: lstsq": (
        "linalg", lambda L, x: L.solve_circulant(x[:3] + K, K, singular="lstsq"), "lstsq"),
    "interp1d: an attribute": ("interpolate", lambda L, x: L.interp1d(PLACES, x).axis, "axis"),
    "griddata: cubic": (
        "interpolate", lambda L, x: L.griddata(SITES, x, TRIANGLES, method="cubic"), "griddata"),
    "LinearNDInterpolator: rescale": (
        "interpolate",
        lambda L, x: L.LinearNDInterpolator(SITES, x, rescale=True)(TRIANGLES), "rescale=True"),
    "NearestNDInterpolator: workers": (
        "interpolate",
        lambda L, x: L.NearestNDInterpolator(SITES, x)(TRIANGLES, workers=1), "workers="),
    "RegularGridInterpolator: pchip": (
        "interpolate", lambda L, x: L.RegularGridInterpolator(
            (np.arange(9.0),), x, method="pchip")([[0.4]]), "method='pchip'"),
    "RegularGridInterpolator: an attribute": (
        "interpolate", lambda L, x: L.RegularGridInterpolator(GRID, _m(x)).fill_value,
        "fill_value is not there"),
    "RBFInterpolator: an attribute": (
        "interpolate", lambda L, x: L.RBFInterpolator(SITES, x).epsilon, "epsilon is not there"),
    "resample: t": ("signal", lambda L, x: L.resample(x, 7, t=np.arange(9.0)), "resample: t="),
    "vectorized_filter: output": (
        "ndimage", lambda L, x: L.vectorized_filter(x, np.mean, size=2, output=np.zeros(9)),
        "ndimage.vectorized_filter"),
    "vectorized_filter: cval": (
        "ndimage",
        lambda L, x: L.vectorized_filter(X, np.mean, size=2, mode="constant", cval=x[0]),
        "a traced cval"),
    "affine_transform: output": (
        "ndimage", lambda L, x: L.affine_transform(x, np.ones(1), output=float), "output="),
    "affine_transform: cval": (
        "ndimage", lambda L, x: L.affine_transform(X, np.ones(1), 0.5, cval=x[0]), "cval"),
    **{f"{f}: order": ("special", lambda L, x, f=f: getattr(L, f)(x, 0.4), f"special.{f}")
       for f in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn")},
    "sph_harm_y: diff_n": ("special", lambda L, x: L.sph_harm_y(2, 1, x, x, diff_n=1), "diff_n="),
    "softplus: dtype": ("special", lambda L, x: L.softplus(x, dtype=float), "dtype="),
    "perm: exact": ("special", lambda L, x: L.perm(x, 2, exact=True), "exact=True"),
    "quad_vec: points": (
        "integrate", lambda L, x: L.quad_vec(lambda t: t, 0, 1, points=[x[0]])[0], "points="),
    "nquad: full_output": (
        "integrate",
        lambda L, x: L.nquad(lambda s: s, [(0, x[0])], full_output=True)[0], "full_output="),
    "nquad: options": (
        "integrate", lambda L, x: L.nquad(
            lambda s: s, [(0, x[0])], opts={"weight": "cos", "wvar": 1.0})[0], "options other"),
    "dblquad: one limit a function": (
        "integrate",
        lambda L, x: L.dblquad(lambda y, t: y, 0.0, 1.0, x[0], lambda t: t)[0], "one limit"),
    "quad: wvar": (
        "integrate",
        lambda L, x: L.quad(lambda t: t, 0.0, 1.0, weight="cos", wvar=x[0])[0], "wvar="),
    "griddata: fill_value": (
        "interpolate",
        lambda L, x: L.griddata(SITES, X, [[9.0, 9.0]], fill_value=x[0]), "in fill_value"),
    "interpn: fill_value": (
        "interpolate", lambda L, x: L.interpn(
            GRID, _m(X), [[9.0, 9.0]], bounds_error=False, fill_value=x[0]), "in fill_value"),
    **{f"{f}: fs": ("signal", lambda L, x, f=f: getattr(L, f)(X, fs=x[0], nperseg=4),
                    f"signal.{f}: has no derivative in fs")
       for f in ("welch", "stft", "spectrogram")},
    **{f"{f}: window": ("signal", lambda L, x, f=f: getattr(L, f)(X, X[::-1], window=x[:4]),
                        f"signal.{f}: has no derivative in window") for f in ("csd", "coherence")},
    "periodogram: fs": ("signal", lambda L, x: L.periodogram(X, fs=x[0]), "in fs"),
    "istft: fs": ("signal", lambda L, x: L.istft(np.ones((3, 4)), fs=x[0]), "in fs"),
    "mstats": ("stats", lambda L, x: L.mstats.gmean(x), "stats.mstats.gmean"),
    "contingency": (
        "stats", lambda L, x: L.contingency.margins(_m(x)), "stats.contingency.margins"),
}  # fmt: skip
# SciPy takes only integers there, or has no such name.
NEVER = {"perm: exact", "solve: a kind that is not there",
         *(k for k in REFUSED if k.startswith("spherical_"))}  # fmt: skip

WRONG: dict[str, tuple[str, Any, type[Exception], str]] = {
    "kde: one sample": ("stats", lambda L, x: _kde(L, x[:1]), ValueError, "1 samples of 1"),
    "kde: fewer samples than dimensions": (
        "stats", lambda L, x: _kde(L, _m(x)[:, :2]), ValueError, "2 samples of 3"),
    "kde: weights": (
        "stats", lambda L, x: _kde(L, x, weights=K), ValueError, r"weights has shape \(3,\)"),
    "kde: a matrix of weights": (
        "stats", lambda L, x: _kde(L, x, weights=np.ones((9, 1))), ValueError, "one number"),
    "kde: an unknown bandwidth": (
        "stats", lambda L, x: _kde(L, x, bw_method="good"), ValueError, "`bw_method`"),
    "kde: several bandwidths": (
        "stats", lambda L, x: _kde(L, x, bw_method=K), ValueError, "`bw_method`"),
    "kde: places": (
        "stats", lambda L, x: _kde(L, PLANE)(_m(x)), ValueError, "points have dimension 3"),
    "kde: integrate_box_1d": (
        "stats", lambda L, x: _kde(L, PLANE, weights=x).integrate_box_1d(0, 1), ValueError, "1D"),
    "kde: integrate_kde": (
        "stats", lambda L, x: _kde(L, PLANE, weights=x).integrate_kde(_kde(L, X)), ValueError,
        "dimensionality"),
    "kde: a mean": (
        "stats", lambda L, x: _kde(L, X).integrate_gaussian(x[:2], 1.0), ValueError, "mean"),
    "kde: a covariance": (
        "stats", lambda L, x: _kde(L, X).integrate_gaussian(0.0, _m(x)), ValueError, "covariance"),
    "kde: an attribute": ("stats", lambda L, x: _kde(L, x).median, AttributeError, "median"),
    "companion: one coefficient": (
        "linalg", lambda L, x: L.companion(x[:1]), ValueError, "at least 2"),
    "companion: 0": ("linalg", lambda L, x: L.companion(x[:3] * 0), ValueError, "zero"),
    "fiedler_companion: 0": (
        "linalg", lambda L, x: L.fiedler_companion(x * 0), ValueError, "the first one not 0"),
    "leslie": ("linalg", lambda L, x: L.leslie(x, x), ValueError, "f has 9 numbers and s 9"),
    "khatri_rao": (
        "linalg", lambda L, x: L.khatri_rao(_m(x), _m(x)[:, :2]), ValueError, "number of columns"),
    "CubicHermiteSpline": (
        "interpolate", lambda L, x: L.CubicHermiteSpline(PLACES, x, K), ValueError, "identical"),
    "griddata": (
        "interpolate", lambda L, x: L.griddata(SITES, x, TRIANGLES, method="best"), ValueError,
        "'best' for 2"),
    "griddata: a line": (
        "interpolate", lambda L, x: L.griddata(PLACES, x, X, method="best"), ValueError,
        "'best' for 1"),
    "LinearNDInterpolator": (
        "interpolate", lambda L, x: L.LinearNDInterpolator(SITES, x)(_m(X)), ValueError, "xi"),
    "RegularGridInterpolator": (
        "interpolate", lambda L, x: L.RegularGridInterpolator(GRID, _m(x))(K), ValueError,
        "dimension 2"),
    "deconvolve": ("signal", lambda L, x: L.deconvolve(_m(x), x[:2]), ValueError, "signal"),
    "bilinear: b": ("signal", lambda L, x: L.bilinear(_m(x), x), ValueError, "Parameter b"),
    "bilinear: a": ("signal", lambda L, x: L.bilinear(x, _m(x)), ValueError, "Parameter a"),
    "spectrogram": (
        "signal", lambda L, x: L.spectrogram(x, nperseg=4, mode="loud"), ValueError, "mode loud"),
    "fixed_quad: an infinite limit": (
        "integrate", lambda L, x: L.fixed_quad(lambda t: t * x[0], 0.0, np.inf), ValueError,
        "finite limits"),
    "fixed_quad: a shape": (
        "integrate", lambda L, x: L.fixed_quad(lambda t: x[:3], 0.0, 1.0), ValueError,
        r"shape \(3,\) for 5 places"),
}  # fmt: skip
# Underscored names: the protocols of copy and pickle ask for them.
OBJECTS: dict[str, tuple[str, Any]] = {
    "gaussian_kde": ("stats", lambda L, x: _kde(L, x)),
    "interp1d": ("interpolate", lambda L, x: L.interp1d(PLACES, x)),
    "LinearNDInterpolator": ("interpolate", lambda L, x: L.LinearNDInterpolator(SITES, x)),
    "NearestNDInterpolator": ("interpolate", lambda L, x: L.NearestNDInterpolator(SITES, x)),
    "RegularGridInterpolator": (
        "interpolate", lambda L, x: L.RegularGridInterpolator(GRID, _m(x))),
    "RBFInterpolator": ("interpolate", lambda L, x: L.RBFInterpolator(SITES, x)),
    "norm": ("stats", lambda L, x: L.norm(x)),
    "multinomial": ("stats", lambda L, x: L.multinomial(3, x)),
}  # fmt: skip
