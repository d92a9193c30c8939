"""The linear map of a layer, x W^T + b, as one operation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import bilinear, primitive

from ..values import is_batched, shape_error
from .blas import dot
from .floating import floating


def _matrix(x: Any) -> Any:
    """Return a stack of rows as a matrix; -1 cannot be told if there is nothing."""
    width = x.shape[-1]
    return x.reshape((-1 if x.size else math.prod(x.shape[:-1]), width))


def _product(x: Any, weight: Any, bias: Any = None) -> Any:
    if x.ndim == 2:
        return dot(x, weight.T, bias)
    # one large matrix product instead of a stack of small ones
    y = dot(_matrix(x), weight.T, bias)
    return y.reshape((*x.shape[:-1], weight.shape[0]))


def _to_input(g: Any, x: Any, weight: Any) -> Any:
    if g.ndim == 2:
        return dot(g, weight)
    return dot(_matrix(g), weight).reshape(x.shape)


def _to_weight(g: Any, x: Any, weight: Any) -> Any:
    return dot(_matrix(g).T, _matrix(x))


def _flops(y: Any, x: Any, weight: Any, *bias: Any) -> float:
    return float(np.size(y) * (2 * x.shape[-1] + len(bias)))


def _weight_formula(y: Any, x: Any, *others: Any) -> str:
    if x.ndim == 2:
        return "T(upstream) @ a"
    if x.ndim == 1:
        return "outer(upstream, a)"
    return f"T(reshape(upstream, (-1, {y.shape[-1]}))) @ reshape(a, (-1, {x.shape[-1]}))"


_linear = bilinear(_product, _to_input, _to_weight, name="linear", cost=_flops,
                   formulas=("upstream @ b", _weight_formula))  # fmt: skip
_affine_map = primitive(
    _product,
    vjp=[
        lambda g, y, x, weight, bias: _to_input(g, x, weight),
        lambda g, y, x, weight, bias: _to_weight(g, x, weight),
        lambda g, y, x, weight, bias: _matrix(g).sum(axis=0),
    ],
    jvp=[
        lambda t, y, x, weight, bias: _linear(t, weight),
        lambda t, y, x, weight, bias: _linear(x, t),
        lambda t, y, x, weight, bias: t,
    ],
    name="linear",
    cost=_flops,
    category="product",
    formulas=("upstream @ b", _weight_formula, "upstream"),
)


@floating("input", "weight", "bias", complex=True)
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """Return ``input @ weight.T + bias``.

    Parameters
    ----------
    input : array or Tensor or Dual, shape (..., in_features)
        The values.
    weight : shape (out_features, in_features)
        The matrix.
    bias : shape (out_features,), optional
        Added to every row.

    Returns
    -------
    array or Tensor or Dual, shape (..., out_features)
        The result.

    Raises
    ------
    ShapeError
        If the last axis of the input is not in_features long.

    Examples
    --------
    >>> import numpy as np
    >>> linear(np.array([1.0, 2.0]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([11.5])
    """
    shape, features = input.shape, weight.shape
    if len(features) != 2:
        raise shape_error(f"linear: the weight needs two axes, its shape is {features}.")
    if bias is not None and bias.shape != features[:1]:
        raise shape_error(
            f"linear: the bias has shape {bias.shape}, the weight {features}; the bias needs "
            f"shape {features[:1]}."
        )
    if not shape or shape[-1] != features[-1]:
        raise shape_error(
            f"linear: the input has shape {shape}, the weight {features}; the input's last axis "
            f"must be in_features = {features[-1]}."
        )
    if is_batched(input) or is_batched(weight) or is_batched(bias):  # products have a batched form
        y = input @ weight.T
        return y if bias is None else y + bias
    return _linear(input, weight) if bias is None else _affine_map(input, weight, bias)


@floating("input1", "input2", "weight", "bias", complex=True, called="bilinear")
def bilinear_form(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """Return ``sum_ij x1_i W_kij x2_j + b_k`` for each k.

    Parameters
    ----------
    input1, input2 : shapes (..., in1_features), (..., in2_features)
        The values; the same leading axes.
    weight : shape (out_features, in1_features, in2_features)
        One matrix for each output.
    bias : shape (out_features,), optional
        Added to every row.

    Returns
    -------
    array or Tensor or Dual, shape (..., out_features)
        The result.

    Raises
    ------
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> bilinear_form(np.array([[1.0, 2.0]]), np.array([[3.0]]), np.ones((1, 2, 1)))
    array([[9.]])
    """
    one, two, three = np.shape(input1), np.shape(input2), np.shape(weight)
    fits = len(three) == 3 and one and two and (one[-1], two[-1]) == three[1:]
    if not fits or one[:-1] != two[:-1]:
        raise shape_error(
            f"bilinear: inputs of shape {one} and {two} do not fit a weight of shape {three}; "
            f"the weight needs three axes, the inputs must end in its last two lengths and agree "
            f"before."
        )
    if bias is not None and np.shape(bias) != three[:1]:
        raise shape_error(f"bilinear: the bias has shape {np.shape(bias)}, not {three[:1]}.")
    y = np.einsum("...i,kij,...j->...k", input1, weight, input2)
    return y if bias is None else y + bias
