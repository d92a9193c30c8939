"""Steps that move, select, join and cut."""

from __future__ import annotations

from typing import Any

import numpy as np

from fuzzing.drawing import SHAPES, Rng, Step, a_shape_of, an_axis, an_index, pick


def reshape(rng: Rng, x: Any) -> Step:
    shape, order = a_shape_of(rng, x.size), pick(rng, ["C", "C", "F", "A"])
    form = int(rng.integers(5))
    if form == 0:
        return Step(f"x.reshape{shape}", lambda x: x.reshape(*shape))
    if form == 1:
        return Step(f"ravel({order})", lambda x: np.ravel(x, order))
    if form == 2:
        return Step("x.flatten()", lambda x: x.flatten())
    if form == 3:
        return Step(f"resize{shape}", lambda x: np.resize(x, [abs(n) for n in shape]))
    return Step(f"reshape({shape}, {order})", lambda x: np.reshape(x, shape, order=order))


def move(rng: Rng, x: Any) -> Step:
    a, b = (an_axis(rng, x, none=False) for _ in range(2))
    axes = tuple(int(k) for k in rng.permutation(x.ndim))
    return pick(
        rng,
        [
            Step(f"transpose{axes}", lambda x: np.transpose(x, axes)),
            Step(f"x.transpose{axes}", lambda x: x.transpose(*axes)),
            Step("x.T", lambda x: x.T),
            Step("x.mT", lambda x: x.mT),
            Step("matrix_transpose", np.matrix_transpose),
            Step(f"swapaxes({a}, {b})", lambda x: np.swapaxes(x, a, b)),
            Step(f"moveaxis({a}, {b})", lambda x: np.moveaxis(x, a, b)),
            Step(f"rollaxis({a})", lambda x: np.rollaxis(x, a)),
            Step(f"expand_dims({a})", lambda x: np.expand_dims(x, a)),
            Step(f"squeeze({a})", lambda x: np.squeeze(x, a)),
            Step("squeeze", lambda x: x.squeeze()),
            Step("atleast_1d", np.atleast_1d),
            Step("atleast_2d", np.atleast_2d),
            Step("atleast_3d", np.atleast_3d),
            Step("copy", np.copy),
        ],
    )


def turn(rng: Rng, x: Any) -> Step:
    axis, n = an_axis(rng, x), int(rng.integers(-3, 4))
    shape = pick(rng, [*SHAPES, (2, *x.shape), (3, 1, *x.shape)])
    return pick(
        rng,
        [
            Step(f"flip({axis})", lambda x: np.flip(x, axis)),
            Step("flipud", np.flipud),
            Step("fliplr", np.fliplr),
            Step(f"rot90({n})", lambda x: np.rot90(x, n)),
            Step(f"roll({n}, {axis})", lambda x: np.roll(x, n, axis)),
            Step(f"repeat({abs(n)}, {axis})", lambda x: np.repeat(x, abs(n), axis)),
            Step(f"x.repeat({n})", lambda x: x.repeat(n)),
            Step(f"tile({abs(n)})", lambda x: np.tile(x, abs(n))),
            Step("tile(2, 1)", lambda x: np.tile(x, (2, 1))),
            Step(f"broadcast_to{shape}", lambda x: np.broadcast_to(x, shape)),
            Step(f"tril({n})", lambda x: np.tril(x, n)),
            Step(f"triu({n})", lambda x: np.triu(x, n)),
            Step(f"diag({n})", lambda x: np.diag(x, n)),
            Step(f"diagflat({n})", lambda x: np.diagflat(x, n)),
            Step(f"diagonal({n})", lambda x: np.diagonal(x, n)),
            Step(f"x.trace({n})", lambda x: x.trace(n)),
            Step("fftshift", np.fft.fftshift),
        ],
    )


def pad(rng: Rng, x: Any) -> Step:
    how = pick(rng, ["constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "mean"])
    width = pick(rng, [1, (0, 2), [(1, 0)] * x.ndim, 0])
    return Step(f"pad({width}, {how})", lambda x: np.pad(x, width, mode=how))


def index(rng: Rng, x: Any) -> Step:
    where = an_index(rng, x)
    return Step(f"x[{where!r}]", lambda x: x[where])


def select(rng: Rng, x: Any) -> Step:
    axis = an_axis(rng, x)
    n = x.shape[axis] if axis is not None and -x.ndim <= axis < x.ndim else x.size
    ks = [int(k) for k in rng.integers(-n, n, 2)] if n else [0]
    mask = rng.random(n) < 0.5
    mode = pick(rng, ["raise", "wrap", "clip"])
    return pick(
        rng,
        [
            Step(f"take({ks}, {axis}, {mode})", lambda x: np.take(x, ks, axis, mode=mode)),
            Step(f"x.take({ks})", lambda x: x.take(ks)),
            Step(f"compress({axis})", lambda x: np.compress(mask, x, axis=axis)),
            Step("extract", lambda x: np.extract(x > 0, x)),
            Step("x[x > 0]", lambda x: x[x > 0]),
            Step(f"delete({ks}, {axis})", lambda x: np.delete(x, ks, axis=axis)),
            Step(f"insert({ks}, {axis})", lambda x: np.insert(x, ks, 0.5, axis=axis)),
            Step("trim_zeros", lambda x: np.trim_zeros(np.ravel(x))),
            Step("choose", lambda a, b: np.choose(a > 0, [a, b]), 2),
            Step("select", lambda x: np.select([x > 1, x > 0], [x, x * x], -x)),
            Step("piecewise", lambda x: np.piecewise(x, [x > 0], [np.sin, lambda z: z * z])),
            Step("where(nonzero)", lambda x: x[np.nonzero(x > 0)]),
            Step("list(x)[-1]", lambda x: list(x)[-1]),
            Step("sum(rows)", lambda x: sum(row * (k + 1) for k, row in enumerate(x))),
            Step("if x > 0", lambda x: x * 2 if np.sum(x) > 0 else x - 1),
        ],
    )


def join(rng: Rng, x: Any) -> Step:
    axis, c = an_axis(rng, x), np.ones(x.shape)
    return pick(
        rng,
        [
            Step(f"concatenate({axis})", lambda x: np.concatenate([x, x * 2, c], axis=axis)),
            Step("concatenate(x, y)", lambda a, b: np.concatenate([a, b]), 2),
            Step(f"stack({axis})", lambda x: np.stack([x, c, x], axis=axis or 0)),
            Step("vstack", lambda a, b: np.vstack([a, b]), 2),
            Step("hstack", lambda a, b: np.hstack((a, b)), 2),
            Step("dstack", lambda x: np.dstack([x, x])),
            Step("column_stack", lambda x: np.column_stack([x, x])),
            Step("append", np.append, 2),
            Step("block", lambda x: np.block([[x, x], [x, -x]])),
            Step("broadcast_arrays", lambda a, b: np.broadcast_arrays(a, b)[1], 2),
            Step("meshgrid", lambda a, b: np.multiply(*np.meshgrid(a, b)), 2),
            Step("full_like", lambda x: np.full_like(x, np.sum(x))),
            Step("x * ones_like", lambda x: x * np.ones_like(x) + np.zeros_like(x)),
        ],
    )


def cut(rng: Rng, x: Any) -> Step:
    axis, n, k = an_axis(rng, x, none=False), int(rng.integers(1, 4)), int(rng.integers(2))
    window = int(rng.integers(1, 3))
    return pick(
        rng,
        [
            Step(f"split({n}, {axis})[-1]", lambda x: np.split(x, n, axis)[-1]),
            Step(f"array_split({n}, {axis})", lambda x: np.array_split(x, n, axis)[k % n]),
            Step(f"split([1], {axis})", lambda x: np.split(x, [1], axis)[k]),
            Step("vsplit", lambda x: np.vsplit(x, n)[0]),
            Step("hsplit", lambda x: np.hsplit(x, n)[-1]),
            Step(f"unstack({axis})", lambda x: np.unstack(x, axis=axis)[k]),
            Step(
                f"windows({window}, {axis})",
                lambda x: np.lib.stride_tricks.sliding_window_view(x, window, axis) * 1.0,
            ),
            Step(f"along({axis})", lambda x: np.apply_along_axis(np.cumsum, axis, x)),
        ],
    )


FAMILIES = [reshape, move, move, turn, turn, pad, index, index, select, join, cut]
