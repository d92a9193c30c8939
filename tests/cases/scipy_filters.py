"""Calls of SciPy's filters and transforms: a function, its arrays, and settings."""

from __future__ import annotations

from typing import Any

import numpy as np

RNG = np.random.default_rng(5)
X, Z, V = RNG.normal(size=(5, 6)), RNG.normal(size=(3, 4, 5)), RNG.normal(size=9)
W = np.array([0.3, -0.5, 0.7, 0.2])
MODES = ("reflect", "constant", "nearest", "mirror", "wrap")
Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def image_filters() -> list[Call]:
    """Filters of scipy.ndimage."""
    calls: list[Call] = []
    for mode in MODES:
        how = {"mode": mode, "cval": 1.5}
        calls += [
            ("correlate1d", (X,), {"weights": W, "axis": 0, **how}),
            ("correlate1d", (X,), {"weights": W[:3], "origin": 1, **how}),
            ("convolve1d", (V,), {"weights": W, "origin": -1, **how}),
            ("gaussian_filter1d", (X,), {"sigma": 1.2, "axis": 0, "order": 1, "radius": 2, **how}),
            ("uniform_filter1d", (X,), {"size": 4, "origin": 1, **how}),
            ("gaussian_filter", (X,), {"sigma": (0.8, 1.3), "order": (1, 0), **how}),
            ("gaussian_filter", (Z,), {"sigma": 1.1, "truncate": 2.0, "axes": (0, -1), **how}),
            ("uniform_filter", (X,), {"size": (3, 2), **how}),
            ("sobel", (X,), {"axis": 0, **how}),
            ("prewitt", (Z,), how),
            ("laplace", (X,), how),
            ("gaussian_laplace", (X,), {"sigma": 1.0, **how}),
            ("gaussian_gradient_magnitude", (X,), {"sigma": 1.0, **how}),
            ("correlate", (X, RNG.normal(size=(3, 4))), {"origin": (1, -1), **how}),
            ("convolve", (X, RNG.normal(size=(2, 3))), how),
            ("convolve", (V, W), {"origin": 1, **how}),
            ("zoom", (X,), {"zoom": (1.7, 0.6), **how}),
            ("shift", (X,), {"shift": (0.4, -1.3), **how}),
        ]
        calls += [
            ("minimum_filter", (X,), {"size": 2, **how}),
            ("maximum_filter", (X,), {"size": (3, 2), "origin": (1, 0), **how}),
            ("maximum_filter", (Z,), {"size": 2, "axes": (0, -1), **how}),
            ("median_filter", (X,), {"footprint": [[0, 1, 0], [1, 1, 1], [0, 1, 1]], **how}),
            ("rank_filter", (X,), {"rank": -2, "size": 3, "origin": -1, **how}),
            ("percentile_filter", (X,), {"percentile": -30, "size": (2, 3), **how}),
            ("minimum_filter1d", (X,), {"size": 4, "axis": 0, "origin": 1, **how}),
            ("maximum_filter1d", (Z,), {"size": 3, "axis": -2, **how}),
        ]
    labels = np.array([2, 7, 2, 0, 7, -1])
    for name in ("sum", "sum_labels", "mean", "variance", "standard_deviation", "minimum",
                 "maximum"):  # fmt: skip
        calls += [
            (name, (X,), {}),
            (name, (X,), {"labels": labels}),
            (name, (X,), {"labels": labels, "index": 2}),
            (name, (X[0],), {"labels": np.tile(labels, (2, 1)), "index": [[7, 2], [0, -1]]}),
        ]
    calls += [(name, (X,), {"labels": labels, "index": [2, 5]}) for name in ("sum", "minimum")]
    for mode in ("mirror", "reflect", "grid-wrap"):
        calls.append(("spline_filter1d", (X,), {"order": 3, "axis": 0, "mode": mode}))
        calls.append(("spline_filter", (X,), {"order": 2, "mode": mode}))
    places = np.array([[0.3, 2.6, 3.2, -0.4, 4.4], [1.2, 4.7, 0.1, 2.2, 3.3]])
    for mode in ("constant", "nearest"):
        calls += [
            ("map_coordinates", (X, places), {"order": 1, "mode": mode, "cval": 0.7}),
            ("map_coordinates", (X, places[:, :2]), {"order": 0, "mode": mode}),
            ("map_coordinates", (V, places[:1]), {"order": 1, "mode": mode}),
        ]
    calls.append(("zoom", (X,), {"zoom": 1.5, "order": 1, "grid_mode": True, "mode": "grid-wrap"}))
    calls.append(("zoom", (Z,), {"zoom": 2, "order": 2, "prefilter": False}))
    calls.append(
        ("gaussian_filter", (X,), {"sigma": 0.9, "radius": (1, 2), "mode": ["wrap", "mirror"]})
    )
    return calls  # fmt: skip


def signal_filters() -> list[Call]:
    """Filters of scipy.signal."""
    b, a = np.array([0.4, -0.2, 0.3]), np.array([1.5, 0.4])
    sos = np.array([[0.2, 0.5, -0.3, 1.0, 0.3, 0.1], [0.7, -0.1, 0.2, 1.0, -0.4, 0.2]])
    calls: list[Call] = [
        ("lfilter", (b, a, V), {}),
        ("lfilter", (b, a, X), {"axis": 0}),
        ("lfilter", (b[:1], np.array([1.2, -0.3, 0.1, 0.2]), Z), {"axis": 1}),
        ("lfilter", (b, np.array([2.0]), V), {}),
        ("sosfilt", (sos, X), {}),
        ("sosfilt", (sos[:1], X), {"axis": 0}),
        ("convolve2d", (X, W.reshape(2, 2)), {}),
        ("medfilt", (X,), {"kernel_size": (3, 1)}),
        ("medfilt", (V,), {}),
        ("medfilt2d", (X,), {"kernel_size": 3}),
        ("wiener", (X,), {}),
        ("wiener", (V,), {"mysize": 5}),
        ("decimate", (RNG.normal(size=(2, 60)),), {"q": 2}),
        ("filtfilt", (RNG.normal(size=(2, 20)),), {"b": b, "a": a}),
        ("sosfiltfilt", (RNG.normal(size=(30, 2)),), {"sos": sos, "axis": 0}),
        ("hilbert", (X,), {"axis": 0, "N": 7}),
        ("upfirdn", (X,), {"h": W, "up": 3, "down": 2, "axis": 0}),
    ]
    for mode in ("full", "same", "valid"):
        for boundary in ("fill", "wrap", "symm"):
            how = {"mode": mode, "boundary": boundary, "fillvalue": 0.0}
            calls.append(("convolve2d", (X, RNG.normal(size=(3, 2))), how))
            calls.append(("correlate2d", (X, RNG.normal(size=(3, 2))), how))
    for mode in ("mirror", "constant", "nearest", "wrap", "interp"):
        calls.append(("savgol_filter", (X,), {"window_length": 5, "polyorder": 2, "mode": mode}))
        calls.append(("savgol_filter", (X,), {"window_length": 4, "polyorder": 3, "deriv": 1,
                                              "delta": 0.5, "axis": 0, "mode": mode}))  # fmt: skip
    for kind in ("linear", "constant"):
        calls.append(("detrend", (X,), {"type": kind, "axis": 0}))
    calls.append(("detrend", (X,), {"bp": [2]}))
    for padtype in ("line", "mean", "median", "maximum", "minimum", "reflect"):
        calls.append(("resample_poly", (X,), {"up": 3, "down": 2, "padtype": padtype}))
    calls.append(("resample", (X,), {"num": 8, "axis": 1}))
    calls.append(("resample", (X,), {"num": 3, "window": "hann"}))
    calls.append(("resample_poly", (X,), {"up": 3, "down": 2, "axis": 1}))
    return calls
