"""Choosing, inserting, removing, rearranging, writing."""

from __future__ import annotations

import numpy as np

from cases.case import Case, distinct, fixed, named, real, since

KEEP = np.array([True, False, True])


def _write(write):
    """A function that writes into a copy of its first argument and squares it."""

    def f(x, *values):
        y = x + 0.0
        write(y, *values)
        return y * y

    return f


PUT_AT = np.array([[0, 2], [1, 1]])

CASES: list[Case] = [
    named("choose", lambda a, b: np.choose(np.array([0, 1, 1]), [a, b]), real(3), real(2, 3)),
    named(
        "choose-wrap",
        lambda a, b: np.choose(np.array([5, -1]), [a, b], mode="wrap"),
        real(2),
        real(2),
    ),
    named(
        "choose-clip",
        lambda a, b: np.choose(np.array([5, -1]), [a, b], mode="clip"),
        real(2),
        real(2),
    ),
    named(
        "select",
        lambda x, y: np.select([x > 0.5, x > -0.8], [x * y, y], 3.0),
        real(4),
        real(4),
        analytic=False,
    ),
    named("compress", lambda x: np.compress(KEEP, x, axis=1), real(2, 3)),
    named("compress-flat", lambda x: np.compress([False, True], x), real(2, 3)),
    named("extract", lambda x: np.extract(np.array([[True, False], [False, True]]), x), real(2, 2)),
    named("delete", lambda x: np.delete(x, 1, axis=0), real(3, 2)),
    named("delete-several", lambda x: np.delete(x, [0, -1], axis=1), real(2, 4)),
    named("delete-flat", lambda x: np.delete(x, slice(1, 4)), real(2, 3)),
    named("insert", lambda x, v: np.insert(x, 1, v, axis=0), real(3, 2), real(2)),
    named("insert-many-at-one", lambda x, v: np.insert(x, 1, v), real(3), real(2)),
    named("insert-several", lambda x, v: np.insert(x, [2, 0, 2], v, axis=1), real(2, 3), real(3)),
    named("insert-scalar", lambda x: np.insert(x, [1, 3], 5.0), real(2, 2)),
    named("insert-negative", lambda x, v: np.insert(x, -1, v, axis=1), real(2, 3), real(2)),
    *since("2.2", named("insert-mask", lambda x: np.insert(x, KEEP, [1.0, 2.0]), real(3))),
    named("insert-slice", lambda x, v: np.insert(x, slice(0, 2), v), real(3), real(2)),
    named("resize-longer", lambda x: np.resize(x, (2, 5)), real(2, 3)),
    named("resize-shorter", lambda x: np.resize(x, 4), real(2, 3)),
    named("trim_zeros", lambda x: np.trim_zeros(x * np.array([0.0, 1.0, 0.0, 1.0, 0.0])), real(5)),
    named("trim_zeros-front", lambda x: np.trim_zeros(x * np.array([0.0, 1.0, 0.0]), "f"), real(3)),
    named("ix_", np.ix_, real(2), real(3)),
    named("meshgrid", np.meshgrid, real(2), real(3)),
    named(
        "meshgrid-ij",
        lambda a, b, c: np.meshgrid(a, b, c, indexing="ij"),
        real(2),
        real(3),
        real(2),
    ),
    named("meshgrid-sparse", lambda a, b: np.meshgrid(a, b, sparse=True), real(2), real(3)),
    named("block", lambda a, b: np.block([[a, b], [b, 2.0 * a]]), real(2, 2), real(2, 2)),
    named("block-flat", lambda a, b: np.block([a, b, 1.0]), real(2), real(3)),
    named("block-mixed", lambda a, b: np.block([[a], [b]]), real(3), real(2, 3)),
    named(
        "apply_along_axis",
        lambda x: np.apply_along_axis(lambda row: np.sum(row) * row[:2], 0, x),
        real(3, 4),
    ),
    named(
        "apply_along_axis-scalar",
        lambda x: np.apply_along_axis(lambda row: np.sum(row**2), 1, x),
        real(3, 2, 2),
    ),
    named("apply_over_axes", lambda x: np.apply_over_axes(np.sum, x, (0, 2)), real(2, 3, 2)),
    named("sliding_window_view", lambda x: np.lib.stride_tricks.sliding_window_view(x, 3), real(5)),
    named(
        "sliding_window_view-axes",
        lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3)),
        real(3, 4),
    ),
    named(
        "sliding_window_view-axis",
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=0),
        real(3, 4),
    ),
    named(
        "piecewise",
        lambda x: np.piecewise(x, [x > 0.9, x > 0], [lambda z: z * z, np.sin, 4.0]),
        real(6),
        analytic=False,
    ),
    named(
        "piecewise-overlap",
        lambda x: np.piecewise(x, [x > -9, x > 0], [np.sin, np.exp]),
        real(4),
        analytic=False,
    ),
    named("unique", np.unique, distinct(2, 3), analytic=False),
    named(
        "unique-repeated", lambda x: np.unique(np.concatenate([x, x])), distinct(3), analytic=False
    ),
    named("unique-axis", lambda x: np.unique(x, axis=0), distinct(3, 2), analytic=False),
    named(
        "unique-extra",
        lambda x: np.unique(x, return_index=True, return_counts=True)[0],
        distinct(4),
        analytic=False,
    ),
    named("unique_values", lambda x: np.sort(np.unique_values(x)), distinct(4), analytic=False),
    named("union1d", np.union1d, distinct(3), fixed([0.111, 5.0]), analytic=False),
    named(
        "bincount",
        lambda w: np.bincount(np.array([0, 2, 2, 1]), w, minlength=5),
        real(4),
        analytic=False,
        float32=False,
    ),
    named("full_like", lambda x, v: np.full_like(x, v) * x, real(2), real()),
    named(
        "put_along_axis",
        _write(lambda y, v: np.put_along_axis(y, np.array([[2], [0]]), v, axis=1)),
        real(2, 3),
        real(2, 1),
    ),
    named(
        "put_along_axis-flat",
        _write(lambda y, v: np.put_along_axis(y, np.array([3, 0]), v, axis=None)),
        real(2, 2),
        real(2),
    ),
    named("put", _write(lambda y, v: np.put(y, [0, -1, 2], v)), real(2, 3), real(2)),
    named("put-clip", _write(lambda y, v: np.put(y, [9, 1], v, mode="clip")), real(3), real(2)),
    named("put-wrap", _write(lambda y, v: np.put(y, [4, 3], v, mode="wrap")), real(3), real(2)),
    named("place", _write(lambda y, v: np.place(y, KEEP, v)), real(3), real(1)),
    named("putmask", _write(lambda y, v: np.putmask(y, KEEP, v)), real(3), real(3)),
    named("copyto", _write(lambda y, v: np.copyto(y, v)), real(2, 3), real(3)),
    named("copyto-where", _write(lambda y, v: np.copyto(y, v, where=KEEP)), real(2, 3), real(3)),
    named("fill_diagonal", _write(lambda y, v: np.fill_diagonal(y, v)), real(3, 2), real()),
    named(
        "fill_diagonal-tall",
        _write(lambda y, v: np.fill_diagonal(y, v, wrap=True)),
        real(5, 2),
        real(2),
    ),
    named("fill_diagonal-cube", _write(lambda y, v: np.fill_diagonal(y, v)), real(2, 2, 2), real()),
]
if hasattr(np, "unstack"):
    CASES.append(named("unstack", lambda x: np.unstack(x, axis=1), real(2, 3)))
