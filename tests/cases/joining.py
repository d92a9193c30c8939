"""Joining, splitting, padding."""

from __future__ import annotations

import numpy as np

from cases.case import Case, named, real, since

CASES: list[Case] = [
    named("concatenate", lambda a, b: np.concatenate([a, b]), real(2, 3), real(1, 3)),
    named("concatenate-axis", lambda a, b: np.concatenate((a, b), axis=-1), real(2, 3), real(2, 1)),
    named("concatenate-flat", lambda a, b: np.concatenate([a, b], axis=None), real(2, 3), real(2)),
    named("concatenate-same", lambda a: np.concatenate([a, a, 2.0 * a]), real(2, 2)),
    named("concatenate-constant", lambda a: np.concatenate([np.ones(2), a]), real(3)),
    named("concatenate-empty", lambda a, b: np.concatenate([a, b]), real(0, 2), real(3, 2)),
    named("concat", lambda a, b: np.concat([a, b]), real(2), real(3)),
    named("stack", lambda a, b: np.stack([a, b]), real(2, 3), real(2, 3)),
    named("stack-last", lambda a, b: np.stack([a, b], axis=-1), real(2, 3), real(2, 3)),
    named("stack-scalars", lambda a, b: np.stack([a, b, a * b]), real(), real()),
    named("vstack", lambda a, b: np.vstack([a, b]), real(3), real(2, 3)),
    named("hstack", lambda a, b: np.hstack([a, b]), real(2, 1), real(2, 3)),
    named("hstack-vectors", lambda a, b: np.hstack([a, b]), real(2), real()),
    named("dstack", lambda a, b: np.dstack([a, b]), real(2, 3), real(2, 3)),
    named("column_stack", lambda a, b: np.column_stack([a, b]), real(2), real(2, 3)),
    named("append", np.append, real(2, 2), real(3)),
    named("append-axis", lambda a, b: np.append(a, b, axis=0), real(2, 2), real(1, 2)),
    named("split", lambda x: np.split(x, 2), real(4, 2)),
    named("split-places", lambda x: np.split(x, [1, 3], axis=1), real(2, 4)),
    named("array_split", lambda x: np.array_split(x, 3), real(5)),
    named("array_split-over", lambda x: np.array_split(x, [1, 9], axis=0), real(3)),
    named("array_split-negative", lambda x: np.array_split(x, [-2], axis=0), real(5)),
    named("array_split-backwards", lambda x: np.array_split(x, [3, 1], axis=0), real(5)),
    named("vsplit", lambda x: np.vsplit(x, 2), real(4, 2)),
    named("hsplit", lambda x: np.hsplit(x, 2), real(2, 4)),
    named("hsplit-vector", lambda x: np.hsplit(x, 2), real(4)),
    named("dsplit", lambda x: np.dsplit(x, 2), real(2, 1, 4)),
    named("pad", lambda x: np.pad(x, 1), real(2, 3)),
    named("pad-widths", lambda x: np.pad(x, ((1, 0), (2, 3))), real(2, 3)),
    named("pad-constant", lambda x: np.pad(x, (1, 2), constant_values=3.5), real(2, 3)),
    named(
        "pad-constant-pairs",
        lambda x: np.pad(x, 1, constant_values=((1.0, 2.0), (3.0, 4.0))),
        real(2, 3),
    ),
    *since("2.4", named("pad-dict", lambda x: np.pad(x, {-1: (1, 2)}), real(2, 3))),
    *[
        named(f"pad-{mode}", lambda x, m=mode: np.pad(x, ((1, 2), (2, 0)), mode=m), real(3, 4))
        for mode in ("edge", "wrap", "reflect", "symmetric")
    ],
    named("pad-reflect-long", lambda x: np.pad(x, 7, mode="reflect"), real(3)),
    named("pad-reflect-odd", lambda x: np.pad(x, 2, mode="reflect", reflect_type="odd"), real(4)),
    named(
        "pad-symmetric-odd",
        lambda x: np.pad(x, (2, 5), mode="symmetric", reflect_type="odd"),
        real(3),
    ),
    named(
        "pad-linear_ramp",
        lambda x: np.pad(x, (2, 3), mode="linear_ramp", end_values=(1.0, 2.0)),
        real(2, 3),
    ),
    named("pad-mean", lambda x: np.pad(x, (2, 1), mode="mean"), real(2, 3)),
    named("pad-maximum", lambda x: np.pad(x, (2, 1), mode="maximum"), real(2, 3), analytic=False),
    named(
        "pad-minimum",
        lambda x: np.pad(x, 1, mode="minimum", stat_length=2),
        real(2, 3),
        analytic=False,
    ),
    named("pad-empty-width", lambda x: np.pad(x, 0), real(2, 3)),
]
