"""Reading and writing by index, sorting, choosing."""

from __future__ import annotations

import numpy as np

from cases.case import Case, distinct, named, real

PLACES = np.array([2, 0, 2])
MASK = np.array([True, False, True])


def _set(index, operation=None):
    def f(x, v):
        y = x + 0.0
        if operation is None:
            y[index] = v
        else:
            y[index] = operation(y[index], v)
        return y * y

    return f


def read(label, f, *shape, **known):
    return named(f"getitem-{label}", f, real(*shape), **known)


CASES: list[Case] = [
    read("integer", lambda x: x[1], 3, 2),
    read("negative", lambda x: x[-1, -2], 3, 2),
    read("slice", lambda x: x[1:, ::-1], 3, 4),
    read("steps", lambda x: x[::2, -1:0:-2], 3, 4),
    read("ellipsis", lambda x: x[..., 0], 2, 3, 2),
    read("newaxis", lambda x: x[:, None, 1], 3, 2),
    read("empty-tuple", lambda x: x[()], 3),
    read("empty-slice", lambda x: x[2:1], 3, 2),
    read("list", lambda x: x[[2, 0, 2]], 3, 2),
    read("array", lambda x: x[PLACES], 3, 2),
    read("array-2d", lambda x: x[np.array([[0, 1], [1, 1]])], 3, 2),
    read("array-large", lambda x: x[np.arange(100) % 3], 3, 2),
    read("array-large-negative", lambda x: x[np.arange(100) % 3 - 3], 3, 2),
    read("array-empty", lambda x: x[np.array([], dtype=int)], 3, 2),
    read("two-arrays", lambda x: x[PLACES, np.array([0, 1, 0])], 3, 2),
    read("array-and-slice", lambda x: x[:, PLACES], 2, 3),
    read("separated-arrays", lambda x: x[PLACES, :, np.array([0, 1, 0])], 3, 2, 2),
    read("mask", lambda x: x[MASK], 3, 2),
    read("mask-full", lambda x: x[np.array([[True, False], [False, True], [True, True]])], 3, 2),
    read("mask-traced", lambda x: x[x > 0], 3, 2, analytic=False),
    read("mask-and-integer", lambda x: x[MASK, 0], 3, 2),
    read("numpy-integer", lambda x: x[np.int64(1)], 3, 2),
    read("zero-d-array", lambda x: x[np.array(1)], 3, 2),
    read("true", lambda x: x[True], 3, 2),
    read("false", lambda x: x[False], 3, 2),
    read("iterate", lambda x: [row * k for k, row in enumerate(x, 1)], 3, 2),
    named("setitem-slice", _set(slice(1, 3)), real(4, 2), real(2, 2)),
    named("setitem-broadcast", _set((slice(None), 0)), real(4, 2), real()),
    named("setitem-array", _set(np.array([2, 0])), real(3, 2), real(2, 2)),
    named("setitem-duplicates", _set(np.array([0, 2, 0])), real(3, 2), real(3, 2)),
    named("setitem-duplicates-broadcast", _set(np.array([0, 2, 0])), real(3, 2), real(2)),
    named(
        "setitem-duplicates-2d",
        _set((np.array([0, 0, 1]), np.array([1, 1, 0]))),
        real(2, 2),
        real(3),
    ),
    named("setitem-mask", _set(MASK), real(3, 2), real(2, 2)),
    named("setitem-add", _set(np.array([1, 0]), lambda old, v: old + v), real(3), real(2)),
    named("setitem-multiply", _set(slice(0, 2), lambda old, v: old * v), real(3), real(2)),
    named("setitem-ellipsis", _set(Ellipsis), real(2, 2), real(2)),
    named("setitem-leading-ones", _set(slice(0, 2)), real(3), real(1, 2)),
    named(
        "take",
        lambda x: np.take(x, PLACES, axis=0),
        real(3, 2),
        forms=(lambda x: x.take(PLACES, axis=0),),
    ),
    named("take-flat", lambda x: np.take(x, [[4, 1], [1, 0]]), real(3, 2)),
    named("take-of-0d", lambda x: np.take(x, [0, 0], axis=0), real()),
    named("take-scalar", lambda x: np.take(x, 1, axis=1), real(3, 2)),
    named("take-wrap", lambda x: np.take(x, [-5, 4], axis=-1, mode="wrap"), real(2, 3)),
    named("take-clip", lambda x: np.take(x, [-5, 1, 7], axis=-1, mode="clip"), real(2, 3)),
    named(
        "take_along_axis",
        lambda x: np.take_along_axis(x, np.array([[0, 0, 1], [1, 0, 1]]), axis=0),
        real(2, 3),
    ),
    named(
        "take_along_axis-last",
        lambda x: np.take_along_axis(x, np.array([[2, 2], [0, 1]]), axis=-1),
        real(2, 3),
    ),
    named(
        "take_along_axis-flat",
        lambda x: np.take_along_axis(x, np.array([3, 3, 0]), axis=None),
        real(2, 2),
    ),
    named(
        "take_along_axis-broadcast",
        lambda x: np.take_along_axis(x, np.array([[2, 0]]), axis=1),
        real(2, 3),
    ),
    named("sort", np.sort, distinct(3, 4), analytic=False),
    named("sort-axis", lambda x: np.sort(x, axis=0), distinct(3, 4), analytic=False),
    named("sort-flat", lambda x: np.sort(x, axis=None), distinct(3, 4), analytic=False),
    named("sort-in-place", lambda x: _sorted(x), distinct(3, 4), analytic=False),
    named(
        "partition-smallest",
        lambda x: np.sort(np.partition(x, 2, axis=1)[:, :2]),
        distinct(2, 5),
        analytic=False,
    ),
    named(
        "partition-place",
        lambda x: np.partition(x, (1, 3))[..., [1, 3]],
        distinct(2, 5),
        analytic=False,
    ),
    named("diff", np.diff, real(2, 4)),
    named("diff-twice", lambda x: np.diff(x, n=2, axis=0), real(4, 2)),
    named("diff-edges", lambda x, a: np.diff(x, prepend=a, append=0.5), real(2, 3), real(2, 1)),
    named("diff-zero", lambda x: np.diff(x, n=0), real(3)),
]


def _sorted(x):
    y = x + 0.0
    y.sort(axis=0)
    return y
