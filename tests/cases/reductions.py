"""Sums, means, spreads, extremes, products along axes."""

from __future__ import annotations

import numpy as np

from autograd_core import logsumexp
from cases.case import Case, distinct, fixed, named, positive, real, since

AXES = {
    "all": {},
    "axis0": {"axis": 0},
    "last": {"axis": -1},
    "kept": {"axis": 1, "keepdims": True},
    "two": {"axis": (0, 2)},
    "two-kept": {"axis": (2, 0), "keepdims": True},
    "all-kept": {"keepdims": True},
}


def along(f, draw, axes=AXES, method=None, **known):
    name = known.pop("name", None) or f.__name__
    cases = []
    for label, keywords in axes.items():
        forms = ()
        if method is not None:
            forms = (lambda x, k=keywords: getattr(x, method)(**k),)
        cases.append(
            Case(
                f"{name}-{label}",
                lambda x, k=keywords: f(x, **k),
                (draw(2, 3, 2),),
                forms=forms,
                **known,
            )
        )
    return cases


ONE = {k: AXES[k] for k in ("all", "axis0", "last")}

HALF = np.array([[[True, False], [False, True], [True, True]],
                 [[False, True], [True, False], [True, False]]])  # fmt: skip
SOME = {f"where-{k}": {**v, "where": HALF} for k, v in ONE.items()}
FROM = {f"initial-{k}": {**v, "initial": 0.25} for k, v in AXES.items()}
BOTH = {"where-initial": {"axis": 1, "keepdims": True, "where": HALF[:, :, :1], "initial": -0.4}}

CASES: list[Case] = [
    *along(np.sum, real, SOME | FROM | BOTH),
    *along(np.prod, real, SOME | FROM | BOTH),
    *along(np.max, distinct, FROM | BOTH, analytic=False),
    *along(np.min, distinct, FROM | BOTH, analytic=False),
    *along(np.mean, real, SOME),
    *along(
        np.var, real, SOME | {"ddof-where": {"axis": 1, "ddof": 1, "where": True}}, analytic=False
    ),
    *along(np.std, real, {"where-all": SOME["where-all"]}, analytic=False),
    *since(
        "2.0",
        named(
            "var-mean",
            lambda x, m: np.var(x, axis=1, mean=m),
            real(2, 3),
            real(2, 1),
            analytic=False,
        ),
        named(
            "std-mean",
            lambda x, m: np.std(x, axis=1, mean=m),
            real(2, 3),
            real(2, 1),
            analytic=False,
        ),
    ),
    named(
        "logaddexp.reduce-where",
        lambda x: np.logaddexp.reduce(x, axis=1, where=HALF[0].T),
        real(2, 3),
        analytic=False,
    ),
    named(
        "logaddexp.reduce-initial",
        lambda x: np.logaddexp.reduce(x, axis=0, initial=0.5),
        real(2, 3),
        analytic=False,
    ),
    named("nansum-where", lambda x: np.nansum(x, axis=1, where=HALF[0].T, initial=2.0), real(2, 3)),
    named(
        "nanmax-initial",
        lambda x: np.nanmax(x, axis=1, initial=0.1),
        distinct(2, 3),
        analytic=False,
    ),
    named("nanmean-where", lambda x: np.nanmean(x, where=HALF[0].T), real(2, 3)),
    *along(np.sum, real, method="sum"),
    *along(np.mean, real, method="mean"),
    *along(np.var, real, method="var", analytic=False),
    *along(np.std, real, method="std", analytic=False),
    *along(np.max, distinct, method="max", analytic=False),
    *along(np.min, distinct, method="min", analytic=False),
    *along(np.prod, real, method="prod"),
    *along(np.ptp, distinct, analytic=False),
    *along(np.cumsum, real, ONE, method="cumsum"),
    *along(logsumexp, real, name="logsumexp", analytic=False),
    *along(np.average, real),
    named("amax", np.amax, distinct(3, 2), analytic=False),
    named("amin", np.amin, distinct(3, 2), analytic=False),
    *[
        named(
            f"{f.__name__}-scalar", f, real(), analytic=f in (np.sum, np.mean, np.prod, np.cumsum)
        )
        for f in (np.sum, np.mean, np.prod, np.max, np.min, np.cumsum)
    ],
    *[
        named(f"{f.__name__}-empty-axis", lambda x, f=f: f(x, axis=0), real(0, 3))
        for f in (np.sum, np.prod, np.cumsum)
    ],
    *[
        named(
            f"{f.__name__}-positional",
            lambda x, f=f: f(x, 1),
            distinct(2, 3),
            analytic=f in (np.sum, np.mean, np.prod, np.cumsum),
        )
        for f in (np.sum, np.mean, np.prod, np.max, np.min, np.cumsum, np.var, np.std)
    ],
    named(
        "var-ddof",
        lambda x: np.var(x, ddof=1),
        real(5),
        analytic=False,
        forms=(lambda x: x.var(ddof=1),),
    ),
    named("std-ddof", lambda x: np.std(x, axis=1, ddof=1), real(2, 4), analytic=False),
    named("var-correction", lambda x: np.var(x, axis=0, correction=1), real(4, 2), analytic=False),
    named("prod-zeros-one", np.prod, fixed([2.0, 0.0, 3.0])),
    named("prod-zeros-two", np.prod, fixed([2.0, 0.0, 0.0, 3.0])),
    named(
        "prod-zeros-axes",
        lambda x: np.prod(x, axis=(0, 2)),
        fixed([[[1.0, 0.0], [2.0, 3.0]], [[0.5, 2.0], [0.0, 0.0]]]),
    ),
    named("prod-negative-axes", lambda x: np.prod(x, axis=(-1, 0)), real(2, 3, 2)),
    named(
        "average-weights", lambda x, w: np.average(x, axis=0, weights=w), real(3, 2), positive(3)
    ),
    named(
        "average-weights-full", lambda x, w: np.average(x, weights=w), real(3, 2), positive(3, 2)
    ),
    named(
        "average-weights-constant",
        lambda x: np.average(x, axis=1, weights=np.array([1.0, 2.0])),
        real(3, 2),
    ),
    named("average-weights-list", lambda x: np.average(x, axis=1, weights=[1.0, 2.0]), real(3, 2)),
    named(
        "average-returned",
        lambda x, w: np.average(x, weights=w, returned=True),
        real(3),
        positive(3),
    ),
    named("logsumexp-large", logsumexp, fixed([1000.0, 1000.5]), analytic=False, float32=False),
]
