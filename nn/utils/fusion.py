"""Batch normalization folded into the layer before it, for inference."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from ..parameter import Parameter
from ..values import raw, shape_error


def _factors(mean: Any, var: Any, eps: float, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    """Return by what a batch norm multiplies, and what it adds, in double precision."""
    mean, var = raw(mean).astype(float), raw(var).astype(float)
    factor = 1 / np.sqrt(var + eps)
    if weight is not None:
        factor = factor * raw(weight)
    return mean, factor, np.zeros_like(mean) if bias is None else raw(bias)


def _fused(w: Any, b: Any, norm: tuple[Any, Any, Any], axis: int) -> tuple[Parameter, Parameter]:
    mean, factor, shift = norm
    w = raw(w)
    if w.shape[axis] != len(mean):
        raise shape_error(
            f"fusion: the weight has shape {w.shape}, the batch norm {len(mean)} channels."
        )
    before = np.zeros_like(mean) if b is None else raw(b)
    shape = [1] * w.ndim
    shape[axis] = -1
    weight = (w * factor.reshape(shape)).astype(w.dtype)
    return Parameter(weight), Parameter(((before - mean) * factor + shift).astype(w.dtype))


@explains_wrong_calls
def fuse_conv_bn_weights(
    conv_w: Any,
    conv_b: Any,
    bn_rm: Any,
    bn_rv: Any,
    bn_eps: float,
    bn_w: Any,
    bn_b: Any,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of a convolution that does what it and a batch norm did.

    Parameters
    ----------
    conv_w, conv_b : array, array or None
        Those of the convolution.
    bn_rm, bn_rv, bn_eps, bn_w, bn_b
        Running mean and variance, eps, weight and bias of the batch norm; the last two may be None.
    transpose : bool
        Whether the convolution is a transposed one, of one group.

    Returns
    -------
    pair of Parameter
        Weight and bias.

    Raises
    ------
    ShapeError
        If the channels do not fit.

    Examples
    --------
    >>> import nn
    >>> w, b = nn.utils.fuse_conv_bn_weights(
    ...     np.ones((1, 1, 1)), None, np.zeros(1), np.ones(1), 0.0, 2 * np.ones(1), np.ones(1))
    >>> float(w.data[0, 0, 0]), float(b.data[0])
    (2.0, 1.0)
    """
    return _fused(conv_w, conv_b, _factors(bn_rm, bn_rv, bn_eps, bn_w, bn_b), int(transpose))


@explains_wrong_calls
def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of a linear layer that does what it and a batch norm did.

    Parameters
    ----------
    linear_w, linear_b : array, array or None
        Those of the layer.
    bn_rm, bn_rv, bn_eps, bn_w, bn_b
        As in `fuse_conv_bn_weights`.

    Returns
    -------
    pair of Parameter
        Weight and bias.

    Raises
    ------
    ShapeError
        If the features do not fit.

    Examples
    --------
    >>> import nn
    >>> w, b = nn.utils.fuse_linear_bn_weights(
    ...     np.ones((1, 2)), None, np.ones(1), np.ones(1), 0.0, 2 * np.ones(1), np.ones(1))
    >>> w.data.tolist(), b.data.tolist()
    ([[2.0, 2.0]], [-1.0])
    """
    return _fused(linear_w, linear_b, _factors(bn_rm, bn_rv, bn_eps, bn_w, bn_b), 0)


def _checked(name: str, layer: Any, bn: Any) -> Any:
    if layer.training or bn.training:
        raise shape_error(
            f"{name}: both layers must be in eval mode, for a batch norm in train mode depends on "
            "the batch; call .eval()."
        )
    if bn.running_mean is None or bn.running_var is None:
        raise shape_error(f"{name}: the batch norm keeps no running statistics to fold in.")
    return copy.deepcopy(layer)


@explains_wrong_calls
def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """Return a convolution that does what a convolution and a batch norm in eval mode do.

    Parameters
    ----------
    conv : Module
        The convolution; unchanged.
    bn : Module
        The batch norm that follows it.
    transpose : bool
        Whether the convolution is a transposed one, of one group.

    Returns
    -------
    Module
        A copy of the convolution with other numbers.

    Raises
    ------
    ShapeError
        If one of them is in train mode, or the channels do not fit.

    Examples
    --------
    >>> import numpy as np, nn
    >>> conv, bn = nn.Conv2d(3, 4, 3).eval(), nn.BatchNorm2d(4).eval()
    >>> x = np.ones((1, 3, 5, 5), np.float32)
    >>> fused = nn.utils.fuse_conv_bn_eval(conv, bn)
    >>> bool(np.allclose(fused(x).data, bn(conv(x)).data, atol=1e-6))
    True
    """
    made = _checked("fuse_conv_bn_eval", conv, bn)
    if transpose and made.groups > 1:
        raise shape_error("fuse_conv_bn_eval: a transposed convolution must have one group.")
    made.weight, made.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias,
        transpose,
    )  # fmt: skip
    return made


@explains_wrong_calls
def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """Return a linear layer that does what a linear layer and a batch norm in eval mode do.

    Parameters
    ----------
    linear : Module
        The layer; unchanged.
    bn : Module
        The batch norm that follows it.

    Returns
    -------
    Module
        A copy of the layer with other numbers.

    Raises
    ------
    ShapeError
        If one of them is in train mode, or the features do not fit.

    Examples
    --------
    >>> import numpy as np, nn
    >>> linear, bn = nn.Linear(3, 4).eval(), nn.BatchNorm1d(4).eval()
    >>> x = np.ones((2, 3), np.float32)
    >>> fused = nn.utils.fuse_linear_bn_eval(linear, bn)
    >>> bool(np.allclose(fused(x).data, bn(linear(x)).data, atol=1e-6))
    True
    """
    made = _checked("fuse_linear_bn_eval", linear, bn)
    made.weight, made.bias = fuse_linear_bn_weights(
        linear.weight, linear.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return made
