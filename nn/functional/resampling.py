"""Products with a constant matrix of weights: how linear maps along one axis are computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Primitive, linear
from autograd_core.extend import beside

from .folding import folds


def _weighed(x: Any, *, matrix: Any) -> Any:
    matrix = beside(x, matrix)
    with np.errstate(invalid="ignore"):  # what is not finite is worked out below
        y = x @ matrix
    if np.isfinite(y).all():
        return y
    if y.dtype.kind == "c":
        y.real, y.imag = (_weighed(part, matrix=matrix.real) for part in (x.real, x.imag))
        return y
    # the product spreads 0 * NaN and 0 * inf everywhere: those again, where a weight is not 0
    up, down = (matrix > 0).astype(matrix.dtype), (matrix < 0).astype(matrix.dtype)
    y = np.where(np.isfinite(x), x, 0) @ matrix
    for value, there in ((np.inf, x == np.inf), (-np.inf, x == -np.inf), (np.nan, x != x)):
        y[there.astype(matrix.dtype) @ up > 0] += value
        if down.any():
            y[there.astype(matrix.dtype) @ down > 0] -= value
    return y


weighed: Primitive = linear(
    _weighed,
    lambda g, x, *, matrix: weighed(g, matrix=matrix.T),
    name="weighed",
    formulas=("upstream @ T(matrix)",),
    cost=lambda y, x, *, matrix: 2.0 * np.size(x) * matrix.shape[1],
    category="product",
)
folds(weighed)


def along(x: Any, axis: int, matrix: Any) -> Any:
    """Return the product of an axis with a matrix (n, m) of weights.

    An element takes part only where its weight is not 0, even if it is NaN or infinite.

    Examples
    --------
    >>> along(np.array([1.0, 2.0, np.nan]), 0, np.array([[0.5, 0.0], [0.5, 0.0], [0.0, 1.0]]))
    array([1.5, nan])
    """
    return np.moveaxis(weighed(np.moveaxis(x, axis, -1), matrix=matrix), -1, axis)
