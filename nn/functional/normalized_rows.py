"""Rows less their mean, divided by their spread: what layer, group and batch normalization are.

Weight and bias broadcast to the input; which axes a row has is the caller's choice.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.extend import Reading

from ..values import shape_error
from .fused import fused
from .magnitude import shrunk
from .norm_formulas import Seen, normal_formulas
from .row_formula import RowFormula, along, products


def _normalize(
    x: Any, weight: Any, bias: Any, *, axis: Any, count: float, eps: float
) -> tuple[Any, Any, Any, Any]:
    """Return the result, and the mean, variance and 1 / sqrt(variance + eps) of each row."""
    mean = x.sum(axis=axis, keepdims=True) / count
    y = x - mean
    variance = along(y, y, axis) / count
    inverse = 1 / np.sqrt(variance + eps)
    y *= inverse
    y *= weight
    y += bias
    return y, mean, variance, inverse


def _slopes(
    x: Any, g: Any, mean: Any, inverse: Any, weight: Any, *, axis: Any, count: float
) -> tuple[Any, Any, Any]:
    """Return the gradients of x, weight and bias; the last two are still to be summed."""
    normal = x - mean
    normal *= inverse
    by_weight = products(g, normal, weight)
    dx = g * weight
    means = along(dx, normal, axis) / count
    dx -= dx.sum(axis=axis, keepdims=True) / count
    normal *= means
    dx -= normal
    dx *= inverse
    return dx, by_weight, g


normalize = RowFormula(_normalize, ("count", "eps"))
slopes = RowFormula(_slopes, ("count",))


def normal(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """Return (x - mean) / sqrt(variance + eps) over the axes, step by step."""
    x, factor = shrunk(x, axes)
    d = x - np.mean(x, axis=axes, keepdims=True)
    variance = np.mean(d * d, axis=axes, keepdims=True)
    return d / spread_of(variance, eps, factor)


def spread_of(variance: Any, eps: float, factor: Any) -> Any:
    """Return sqrt(variance + eps) of values times a factor, whose square may be 0 to rounding."""
    even = (variance == 0) & (factor != 1)
    rest = np.sqrt(np.where(even, 1, variance) + eps * factor * factor)
    return np.where(even, math.sqrt(eps) * factor, rest)


def _row_forward(
    x: Any, weight: Any, bias: Any, *, axes: tuple[int, ...], eps: float
) -> tuple[Any, Any]:
    count = float(math.prod(x.shape[k] for k in axes))
    y, mean, variance, inverse = normalize(x, weight, bias, axis=axes, count=count, eps=eps)
    if np.isfinite(variance).all():
        return y, (mean, inverse, None)
    small, factor = shrunk(x, axes)
    mean = small.sum(axis=axes, keepdims=True) / count
    normal = small - mean
    spread = spread_of(along(normal, normal, axes) / count, eps, factor)
    normal /= spread
    return normal * weight + bias, (
        np.zeros_like(mean),
        np.ones_like(mean),
        (normal, factor / spread),
    )


def _row_backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, weight: Any, bias: Any, *,
    axes: tuple[int, ...], eps: float,
) -> tuple[Any, ...]:  # fmt: skip
    mean, inverse, large = kept
    count = float(math.prod(x.shape[k] for k in axes))
    dx, by_weight, by_bias = slopes(
        x if large is None else large[0], g, mean, inverse, weight,
        axis=axes, count=count, shapes=(None, weight.shape, bias.shape),
    )  # fmt: skip
    if large is not None:
        dx *= large[1]
    return dx, by_weight, by_bias


row_norm = fused(
    _row_forward,
    _row_backward,
    lambda x, weight, bias, *, axes, eps: normal(x, axes, eps) * weight + bias,
    name="layer_norm",
    category="normalization",
    reads=Reading({1, 2}),
    formulas=normal_formulas(lambda x, axes: Seen(axes)),
)


def _grouped(x: Any, weight: Any, bias: Any, groups: int) -> tuple[Any, Any, Any]:
    """Return arrays seen by group: x as (n, groups, channels of one, places)."""
    column = (groups, x.shape[1] // groups, 1)
    places = math.prod(x.shape[2:])
    return (
        x.reshape((x.shape[0], *column[:2], places)), weight.reshape(column), bias.reshape(column)
    )  # fmt: skip


def _group_forward(x: Any, weight: Any, bias: Any, *, groups: int, eps: float) -> tuple[Any, Any]:
    y, kept = _row_forward(*_grouped(x, weight, bias, groups), axes=(2, 3), eps=eps)
    return y.reshape(x.shape), kept


def _group_backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, weight: Any, bias: Any, *,
    groups: int, eps: float,
) -> tuple[Any, ...]:  # fmt: skip
    seen = _grouped(x, weight, bias, groups)
    found = _row_backward(g.reshape(seen[0].shape), kept, needs, None, *seen, axes=(2, 3), eps=eps)
    return tuple(d.reshape(like.shape) for d, like in zip(found, (x, weight, bias), strict=True))


def _group_plain(x: Any, weight: Any, bias: Any, *, groups: int, eps: float) -> Any:
    rows, weight, bias = _grouped(x, weight, bias, groups)
    return (normal(rows, (2, 3), eps) * weight + bias).reshape(x.shape)


def _see_groups(x: Any, groups: int) -> Seen:
    channels, *places = x.shape[1:]
    return Seen((2, 3), True, (len(x), groups, channels // groups, math.prod(places)))


grouped_norm = fused(
    _group_forward,
    _group_backward,
    _group_plain,
    name="group_norm",
    category="normalization",
    reads=Reading({1, 2}),
    formulas=normal_formulas(_see_groups),
)


def in_one_dtype(*arrays: Any) -> tuple[Any, ...]:
    """Return arrays of floats in one dtype, that of a result of them."""
    dtypes = {a.dtype for a in arrays}
    if len(dtypes) == 1:
        return arrays
    whole = np.result_type(*dtypes)
    return tuple(a if a.dtype == whole else a.astype(whole) for a in arrays)


def last_axes(name: str, input: Any, given: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return a normalized_shape as a tuple, and which axes of the input it is."""
    wanted = (given,) if isinstance(given, int) else tuple(given)
    shape = input.shape
    if not wanted or shape[-len(wanted) :] != wanted:
        raise shape_error(f"{name}: the input has shape {shape}; it must end in {wanted}.")
    return wanted, tuple(range(len(shape) - len(wanted), len(shape)))
