"""Functions whose results carry no derivative: how each is called with one traced array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

OTHER = np.array([0.5, 1.0, 2.0])

CONSTANTS: dict[Any, list[Callable[[Any], Any]]] = {
    f: [lambda x, f=f: f(x, OTHER), lambda x, f=f: f(OTHER, x)]
    for f in (
        np.equal,
        np.not_equal,
        np.less,
        np.less_equal,
        np.greater,
        np.greater_equal,
        np.logical_and,
        np.logical_or,
        np.logical_xor,
        np.allclose,
        np.isclose,
        np.array_equal,
        np.array_equiv,
        np.isin,
        np.result_type,
        np.shares_memory,
        np.may_share_memory,
        np.common_type,
    )
}
CONSTANTS |= {
    f: [lambda x, f=f: f(x)]
    for f in (
        np.logical_not,
        np.isfinite,
        np.isinf,
        np.isnan,
        np.signbit,
        np.all,
        np.any,
        np.argmax,
        np.argmin,
        np.nanargmax,
        np.nanargmin,
        np.argsort,
        np.argwhere,
        np.nonzero,
        np.flatnonzero,
        np.count_nonzero,
        np.shape,
        np.ndim,
        np.size,
        np.zeros_like,
        np.ones_like,
        np.empty_like,
        np.iscomplexobj,
        np.isrealobj,
        np.iscomplex,
        np.isreal,
        np.isneginf,
        np.isposinf,
        np.unique,
        np.histogram,
        np.lexsort,
        np.min_scalar_type,
        np.array_repr,
        np.array_str,
        np.array2string,
    )
}
CONSTANTS |= {
    np.argpartition: [lambda x: np.argpartition(x, 1)],
    np.searchsorted: [lambda x: np.searchsorted(OTHER, x), lambda x: np.searchsorted(x, 0.1)],
    np.digitize: [lambda x: np.digitize(x, OTHER)],
    np.full_like: [lambda x: np.full_like(x, 3.0)],
    np.can_cast: [lambda x: np.can_cast(x.dtype, np.float32)],
    np.bincount: [lambda x: np.bincount(np.argsort(x))],
    np.linalg.matrix_rank: [lambda x: np.linalg.matrix_rank(x)],
    np.bitwise_and: [lambda x: np.bitwise_and(x > 0, x < 1), lambda x: (x > 0) & (x < 1)],
    np.bitwise_or: [lambda x: np.bitwise_or(x > 0, x < 1), lambda x: (x > 0) | (x < 1)],
    np.bitwise_xor: [lambda x: np.bitwise_xor(x > 0, x < 1), lambda x: (x > 0) ^ (x < 1)],
    np.invert: [lambda x: np.invert(x > 0), lambda x: ~(x > 0)],
}
