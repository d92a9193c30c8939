"""Steps that reduce, scan, sort or average, with their keywords."""

from __future__ import annotations

from typing import Any

import numpy as np

from fuzzing.drawing import Rng, Step, a_number, an_axis, chance, pick, some_axes

REDUCE = [np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.ptp, np.any, np.all]
NAN = [np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin, np.nanvar, np.nanstd, np.nanmedian]
SCANS = [np.cumsum, np.cumprod, np.nancumsum, np.nancumprod]
METHODS = ["sum", "mean", "prod", "max", "min", "var", "std", "cumsum", "argmax", "all"]


def reduce(rng: Rng, x: Any) -> Step:
    f = pick(rng, REDUCE)
    settings: dict[str, Any] = {"axis": some_axes(rng, x)}
    if chance(rng, 0.4):
        settings["keepdims"] = chance(rng, 0.7)
    if f in (np.var, np.std) and chance(rng, 0.4):
        settings["ddof"] = pick(rng, [0, 1, 0.5])
    if f in (np.sum, np.prod, np.max, np.min) and chance(rng, 0.1):
        settings["initial"] = pick(rng, [0.5, -1.0])
    if f in (np.sum, np.mean, np.prod) and chance(rng, 0.1):
        settings["dtype"] = pick(rng, [np.float32, np.float64, int])
    if chance(rng, 0.06):
        settings["where"] = rng.random(x.shape) < 0.7
    if chance(rng, 0.02):
        settings["axes"] = 0
    return Step(f"{f.__name__}(**{settings})", lambda x: f(x, **settings))


def nan_reduce(rng: Rng, x: Any) -> Step:
    f, axis, keep = pick(rng, NAN), some_axes(rng, x), chance(rng, 0.4)
    return Step(f"{f.__name__}({axis}, {keep})", lambda x: f(x, axis=axis, keepdims=keep))


def method(rng: Rng, x: Any) -> Step:
    name, axis = pick(rng, METHODS), an_axis(rng, x)
    return Step(f"x.{name}({axis})", lambda x: getattr(x, name)(axis=axis))


def scan(rng: Rng, x: Any) -> Step:
    f, axis = pick(rng, SCANS), an_axis(rng, x)
    if chance(rng, 0.2):
        first, f = chance(rng, 0.5), pick(rng, [np.cumulative_sum, np.cumulative_prod])
        return Step(
            f"{f.__name__}({axis}, {first})", lambda x: f(x, axis=axis, include_initial=first)
        )
    return Step(f"{f.__name__}({axis})", lambda x: f(x, axis=axis))


def quantiles(rng: Rng, x: Any) -> Step:
    axis, keep = some_axes(rng, x), chance(rng, 0.4)
    if chance(rng, 0.4):
        return Step(f"median({axis}, {keep})", lambda x: np.median(x, axis=axis, keepdims=keep))
    q = pick(rng, [0.0, 0.3, 0.5, 1.0, [0.25, 0.75], np.array([[0.1], [0.6]]), 1.5])
    how = pick(rng, ["linear", "lower", "higher", "midpoint", "nearest", "hazen", "weibull"])
    # with q of several axes nanquantile puts the axes of the result elsewhere than documented
    f = np.quantile if np.ndim(q) > 1 else pick(rng, [np.quantile, np.nanquantile])
    return Step(
        f"{f.__name__}({q}, {axis}, {how}, {keep})",
        lambda x: f(x, q, axis=axis, method=how, keepdims=keep),
    )


def average(rng: Rng, x: Any) -> Step:
    axis = an_axis(rng, x)
    if chance(rng, 0.3):
        return Step(f"average({axis})", lambda x: np.average(x, axis=axis))
    if axis is None:
        return Step("average(w)", lambda a: np.average(a, weights=1.5 + np.sin(a)))
    n = x.shape[axis] if -x.ndim <= axis < x.ndim else 2
    if not n:
        return Step("copy", np.copy)
    w = rng.uniform(0.5, 1.5, n)
    return Step(f"average({axis}, w)", lambda x: np.average(x, axis=axis, weights=w))


def statistics(rng: Rng, x: Any) -> Step:
    rowvar, ddof = chance(rng, 0.5), pick(rng, [None, 0, 1])
    form = int(rng.integers(3))
    if form == 0:
        return Step(f"cov({rowvar}, {ddof})", lambda x: np.cov(x, rowvar=rowvar, ddof=ddof))
    if form == 1:
        return Step(f"corrcoef({rowvar})", lambda x: np.corrcoef(x, rowvar=rowvar))
    return Step("cov(x, y)", np.cov, 2)


def order(rng: Rng, x: Any) -> Step:
    axis = an_axis(rng, x)
    n = x.shape[axis] if axis is not None and -x.ndim <= axis < x.ndim else x.size
    k = int(rng.integers(n)) if n else 0
    form = int(rng.integers(6))
    if form == 0:
        # the others' order is nobody's promise
        return Step(
            f"partition({k}, {axis})",
            lambda x: np.take(np.partition(x, k, axis=axis), k, axis or 0),
        )
    if form == 1:
        return Step(
            f"x[argsort({axis})]", lambda x: np.take_along_axis(x, np.argsort(x, axis), axis)
        )
    if form == 2:
        return Step("unique", np.unique)
    if form == 3:
        return Step("x[argmax]", lambda x: np.ravel(x)[np.argmax(x)])
    if form == 4:
        return Step("argsort", np.argsort)
    return Step(f"sort({axis})", lambda x: np.sort(x, axis=axis))


def calculus(rng: Rng, x: Any) -> Step:
    axis, n = an_axis(rng, x, none=False), int(rng.integers(4))
    form = int(rng.integers(9))
    if form == 0:
        return Step(f"diff({n}, {axis})", lambda x: np.diff(x, n, axis=axis))
    if form == 1:
        return Step(f"diff({axis}, prepend)", lambda x: np.diff(x, axis=axis, prepend=0.5))
    if form == 2:
        return Step(f"gradient({axis})", lambda x: np.gradient(x, 0.5, axis=axis))
    if form == 3:
        return Step(f"trapezoid({axis})", lambda x: np.trapezoid(x, dx=0.3, axis=axis))
    if form == 4:
        return Step("ediff1d", lambda x: np.ediff1d(x, to_begin=[1.0]))
    if form == 5:
        return Step(f"unwrap({axis})", lambda x: np.unwrap(x, axis=axis))
    if form == 6:
        return Step("interp(x, y)", lambda a, b: np.interp(a, [-1.0, 0.3, 1.0], [0.0, 2.0, 1.0]))
    if form == 7:
        how = pick(rng, ["full", "same", "valid"])
        f = pick(rng, [np.convolve, np.correlate])
        return Step(f"{f.__name__}({how})", lambda a, b: f(a, b, how), 2)
    return Step(f"trapezoid(y, x, {axis})", lambda a, b: np.trapezoid(a, b, axis=axis), 2)


def ufunc_methods(rng: Rng, x: Any) -> Step:
    axis = an_axis(rng, x, none=False)
    f = pick(rng, [np.add, np.multiply, np.maximum, np.minimum, np.logaddexp, np.subtract])
    form = int(rng.integers(4))
    if form == 0:
        return Step(f"{f.__name__}.reduce({axis})", lambda x: f.reduce(x, axis=axis))
    if form == 1:
        return Step(f"{f.__name__}.accumulate({axis})", lambda x: f.accumulate(x, axis=axis))
    if form == 2:
        return Step(f"{f.__name__}.outer", f.outer, 2)
    return Step(f"{f.__name__}.reduceat", lambda x: f.reduceat(x, [0, 1], axis=axis))


def spacing(rng: Rng, x: Any) -> Step:
    n, c = int(rng.integers(5)), a_number(rng)
    form = int(rng.integers(3))
    if form == 0:
        return Step(f"linspace(x, y, {n})", lambda a, b: np.linspace(a, b, n), 2)
    if form == 1:
        return Step(f"logspace(x, {c}, {n})", lambda x: np.logspace(x, c, n, base=1.5))
    return Step(f"geomspace({n})", lambda x: np.geomspace(0.5 + np.abs(x), 3.0, n))


FAMILIES = [
    reduce, reduce, reduce, nan_reduce, method, scan, quantiles, average, statistics, order,
    calculus, ufunc_methods, spacing,
]  # fmt: skip
