"""Running sums, products and extremes along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.primitive import Constant, bare, implements


def _from(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return x[(*(slice(None),) * (normalize_axis_index(axis, x.ndim)), slice(start, stop))]


@implements(np.cumprod)
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """Return the running product, by log2(n) products of shifted halves; exact at zeros."""
    if axis is None or (a.ndim == 0 and axis in (0, -1)):
        a, axis = np.ravel(a), 0
    if dtype is not None:
        a = a.astype(dtype)
    if a.shape[axis] < 2:
        return np.copy(a)  # the running product has memory of its own
    shift = 1
    while shift < a.shape[axis]:
        later = _from(a, axis, shift, None) * _from(a, axis, None, -shift)
        a = np.concatenate([_from(a, axis, None, shift), later], axis=axis)
        shift *= 2
    return a


def _with_initial(made: Any, axis: int, first: float) -> Any:
    shape = tuple(
        1 if k == normalize_axis_index(axis, made.ndim) else n for k, n in enumerate(made.shape)
    )
    return np.concatenate([np.full_like(made, first, shape=shape), made], axis=axis)


def _cumulative(scan: Any, first: float) -> Any:
    def run(
        x: Any,
        /,
        *,
        axis: int | None = None,
        dtype: Any = None,
        out: None = None,
        include_initial: bool = False,
    ) -> Any:
        if axis is None and x.ndim > 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` is required.")
        axis = 0 if axis is None else axis
        made = scan(x if dtype is None else x.astype(dtype), axis=axis)
        return _with_initial(made, axis, first) if include_initial else made

    return run


if hasattr(np, "cumulative_sum"):  # pragma: no branch - NumPy 2.1 has it
    implements(np.cumulative_sum)(_cumulative(np.cumsum, 0.0))
    implements(np.cumulative_prod)(_cumulative(np.cumprod, 1.0))


@implements(np.nancumsum)
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """Return the running sum that counts NaN as 0."""
    return np.cumsum(np.where(np.isnan(a), 0, a), axis=axis, dtype=dtype)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """Return the running product that counts NaN as 1."""
    return np.cumprod(np.where(np.isnan(a), 1, a), axis=axis, dtype=dtype)


def running_extreme(x: Any, axis: int, accumulate: Any) -> Any:
    """Return the running maximum or minimum; among ties the latest element gets the derivative."""
    return np.take_along_axis(x, latest(bare(x), axis=axis, accumulate=accumulate), axis)


def _latest(value: Any, axis: int, accumulate: Any) -> Any:
    """Return where the running extreme so far was seen last."""
    hit = (value == accumulate(value, axis=axis)) | (value != value)  # NaN stays from then on
    shape = tuple(
        -1 if k == normalize_axis_index(axis, value.ndim) else 1 for k in range(value.ndim)
    )
    places = np.arange(value.shape[axis]).reshape(shape)
    return np.maximum.accumulate(np.where(hit, places, 0), axis=axis)


latest = Constant(_latest)
