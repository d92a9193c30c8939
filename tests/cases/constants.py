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
        *([np.in1d] if hasattr(np, "in1d") else []),  # until NumPy 2.3
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
    np.can_cast: [lambda x: np.can_cast(x.dtype, np.float32)],
    np.bitwise_count: [lambda x: np.bitwise_count(np.argsort(x))],
    np.bitwise_left_shift: [lambda x: np.bitwise_left_shift(np.argsort(x), 1)],
    np.bitwise_right_shift: [lambda x: np.bitwise_right_shift(np.argsort(x), 1)],
    np.gcd: [lambda x: np.gcd(np.argsort(x), 4)],
    np.lcm: [lambda x: np.lcm(np.argsort(x), 4)],
    np.packbits: [lambda x: np.packbits(x > 0)],
    np.unpackbits: [lambda x: np.unpackbits(np.packbits(x > 0))],
    np.ravel_multi_index: [lambda x: np.ravel_multi_index((np.argsort(x), np.argsort(x)), (3, 3))],
    np.unravel_index: [lambda x: np.unravel_index(np.argsort(x), (3, 3))],
    np.diag_indices_from: [lambda x: np.diag_indices_from(np.outer(x, x))],
    np.tril_indices_from: [lambda x: np.tril_indices_from(np.outer(x, x))],
    np.triu_indices_from: [lambda x: np.triu_indices_from(np.outer(x, x))],
    np.einsum_path: [lambda x: np.einsum_path("i,i->", x, OTHER)[1]],
    np.linalg.matrix_rank: [lambda x: np.linalg.matrix_rank(x)],
    np.bitwise_and: [lambda x: np.bitwise_and(x > 0, x < 1), lambda x: (x > 0) & (x < 1)],
    np.bitwise_or: [lambda x: np.bitwise_or(x > 0, x < 1), lambda x: (x > 0) | (x < 1)],
    np.bitwise_xor: [lambda x: np.bitwise_xor(x > 0, x < 1), lambda x: (x > 0) ^ (x < 1)],
    np.invert: [lambda x: np.invert(x > 0), lambda x: ~(x > 0)],
}


def _as_operand(ufunc: Any) -> Callable[[Any], Any]:
    if ufunc in (np.gcd, np.lcm, np.left_shift, np.right_shift):
        return np.argsort
    if ufunc in (np.bitwise_and, np.bitwise_or, np.bitwise_xor):
        return lambda x: x > 0
    return lambda x: x


for _ufunc in list(CONSTANTS):
    if isinstance(_ufunc, np.ufunc) and _ufunc.nin == 2 and _ufunc.signature is None:
        CONSTANTS[(_ufunc, "outer")] = [
            lambda x, f=_ufunc: f.outer(_as_operand(f)(x), _as_operand(f)(x))
        ]
for _ufunc in (np.logical_and, np.logical_or, np.logical_xor):
    CONSTANTS[(_ufunc, "reduce")] = [lambda x, f=_ufunc: f.reduce(x)]
    CONSTANTS[(_ufunc, "accumulate")] = [lambda x, f=_ufunc: f.accumulate(x)]
