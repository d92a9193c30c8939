"""Normalization by the root mean square: layer normalization that subtracts no mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.extend import Reading, beside

from ..values import shape_error
from .floating import floating
from .fused import fused
from .magnitude import shrunk
from .normalized_rows import in_one_dtype, last_axes
from .row_formula import RowFormula, along, products


def _normalize(x: Any, weight: Any, *, axis: Any, count: float, eps: float) -> tuple[Any, Any, Any]:
    """Return the result, the mean square of each row, and 1 / sqrt(mean square + eps)."""
    square = along(x, x, axis) / count
    inverse = 1 / np.sqrt(square + eps)
    y = x * inverse
    y *= weight
    return y, square, inverse


def _slopes(
    x: Any, g: Any, inverse: Any, weight: Any, *, axis: Any, count: float
) -> tuple[Any, Any]:
    """Return the gradients of x and weight; the last is still to be summed."""
    normal = x * inverse
    by_weight = products(g, normal, weight)
    dx = g * weight
    normal *= along(dx, normal, axis) / count
    dx -= normal
    dx *= inverse
    return dx, by_weight


_normalized = RowFormula(_normalize, ("count", "eps"))
_sloped = RowFormula(_slopes, ("count",))


def _forward(x: Any, weight: Any, *, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    count = float(math.prod(x.shape[k] for k in axes))
    y, square, inverse = _normalized(x, weight, axis=axes, count=count, eps=eps)
    if np.isfinite(square).all():
        return y, (inverse, None)
    normal, spread = _large(x, axes, eps)
    return normal * weight, (np.ones_like(inverse), (normal, spread))


def _large(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """Return normalized values and what divides their gradients, where no square overflows."""
    small, factor = shrunk(x, axes)
    spread = np.sqrt(np.mean(small * small, axis=axes, keepdims=True) + eps * factor * factor)
    return small / spread, spread / factor


def _backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, weight: Any, *, axes: tuple[int, ...],
    eps: float,
) -> tuple[Any, ...]:  # fmt: skip
    inverse, large = kept
    count = float(math.prod(x.shape[k] for k in axes))
    dx, by_weight = _sloped(
        x if large is None else large[0], g, inverse, weight,
        axis=axes, count=count, shapes=(None, weight.shape),
    )  # fmt: skip
    if large is not None:
        dx /= large[1]
    return dx, by_weight


def _formula(text: str) -> Any:
    return lambda y, x, weight, *, axes, eps: (
        text.format(over=f", axis={axes!r}, keepdims=True", eps=float(eps))
        + f"; n = a / r; r = sqrt(mean(a ** 2, axis={axes!r}, keepdims=True) + {float(eps)!r})"
    )


_rms_norm = fused(
    _forward,
    _backward,
    lambda x, weight, *, axes, eps: _large(x, axes, eps)[0] * weight,
    name="rms_norm",
    category="normalization",
    reads=Reading({1, 2}),
    formulas=(
        _formula("(u - n * mean(u * n{over})) / r; u = upstream * b"),
        _formula("upstream * n"),
    ),
)


@floating("input", "weight")
def rms_norm(
    input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None
) -> Any:
    """Divide by the root mean square over the last axes of each example (Zhang, Sennrich, 2019).

    Parameters
    ----------
    input : shape (..., *normalized_shape)
        The values.
    normalized_shape : int or tuple
        The last axes.
    weight : shape normalized_shape, optional
        Scale.
    eps : float, optional
        Added to the mean square; by default the spacing of the input's floats at 1.

    Returns
    -------
    array or Tensor or Dual
        input / sqrt(mean(input**2) + eps) * weight, shaped like the input.

    Raises
    ------
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> rms_norm(np.array([[1.0, 7.0]]), 2, eps=0.0)
    array([[0.2, 1.4]])
    """
    wanted, axes = last_axes("rms_norm", input, normalized_shape)
    weight = beside(input, np.ones(wanted, input.dtype)) if weight is None else weight
    if weight.shape != wanted:
        raise shape_error(
            f"rms_norm: weight has shape {weight.shape}; normalized_shape is {wanted}."
        )
    if eps is None:
        eps = float(np.finfo(input.dtype).eps)
    return _rms_norm(*in_one_dtype(input, weight), axes=axes, eps=eps)
