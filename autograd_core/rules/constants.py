"""Functions whose results carry no derivative: comparisons, counts, shapes, positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.declare import constant
from autograd_core.errors import UnsupportedError
from autograd_core.primitive import Boxed, Constant, register
from autograd_core.source import Location

constant(
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
    np.logical_and,
    np.logical_or,
    np.logical_not,
    np.logical_xor,
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.invert,
    np.isfinite,
    np.isinf,
    np.isnan,
    np.signbit,
    np.all,
    np.any,
    np.allclose,
    np.isclose,
    np.array_equal,
    np.array_equiv,
    np.argmax,
    np.argmin,
    np.nanargmax,
    np.nanargmin,
    np.argsort,
    np.argpartition,
    np.argwhere,
    np.nonzero,
    np.flatnonzero,
    np.count_nonzero,
    np.searchsorted,
    np.digitize,
    np.shape,
    np.ndim,
    np.size,
    np.zeros_like,
    np.ones_like,
    np.empty_like,
    np.result_type,
    np.can_cast,
    np.iscomplexobj,
    np.isrealobj,
    np.iscomplex,
    np.isreal,
    np.isneginf,
    np.isposinf,
    np.isin,
    np.lexsort,
    np.shares_memory,
    np.may_share_memory,
    np.min_scalar_type,
    np.common_type,
    np.array_repr,
    np.array_str,
    np.array2string,
    np.linalg.matrix_rank,
    np.bitwise_count,
    np.bitwise_left_shift,
    np.bitwise_right_shift,
    np.gcd,
    np.lcm,
    np.packbits,
    np.unpackbits,
    np.ravel_multi_index,
    np.unravel_index,
    np.ix_,
    np.diag_indices_from,
    np.tril_indices_from,
    np.triu_indices_from,
    np.einsum_path,
)


# until NumPy 2.3
constant(*[getattr(np, name) for name in ("in1d",) if hasattr(np, name)])


class _Histogram(Constant):
    """Counts are constants; sums of weights would not be."""

    __slots__ = ()

    def __call__(self, *args: Any, **params: Any) -> Any:
        if isinstance(params.get("weights"), Boxed):
            raise UnsupportedError(
                f"{self.name}: weights= is not supported on a traced value; "
                "use np.bincount(np.digitize(x, edges), weights=w).",
                Location.of_caller(),
            )
        return super().__call__(*args, **params)


for _function in (np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges):
    register(_function, _Histogram(_function))
