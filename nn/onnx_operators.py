"""Layers as ONNX's own operators: Conv, Gemm, MaxPool, LSTM, LayerNormalization and others.

Filled into the tables of `autograd_core.onnx`, which loads this module when it exports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.extend import ONNX_LOWERINGS

from .functional import activation, hard, resampling
from .functional.activation import _gelu_approximate, _gelu_exact
from .functional.conv import _convolve_bias
from .functional.convolution import convolve, correlate, spread
from .functional.embedding import _derivative, _lookup, scatter
from .functional.fused import operation_of
from .functional.gru import gru_layer
from .functional.linear import _affine_map, _linear
from .functional.lstm import lstm_layer
from .functional.normalization import _by_running
from .functional.normalized_rows import grouped_norm, row_norm
from .functional.pooling import _max_pool, _winning
from .functional.rnn import rnn_layer
from .functional.softmax import _log_softmax, _softmax
from .functional.windows import average, distribute, pick, unpick


def lowers(*operations: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register what writes operations as ONNX operators (decorator)."""

    def decorate(lowering: Callable[..., Any]) -> Callable[..., Any]:
        for operation in operations:
            ONNX_LOWERINGS[operation] = lowering
        return lowering

    return decorate


# --- matrices ------------------------------------------------------------------------------------


@lowers(_linear, _affine_map)
def _affine(g: Any, y: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    x, weight = g.cast(x, y.dtype), g.cast(weight, y.dtype)
    bias = None if bias is None else g.cast(bias, y.dtype)
    if x.ndim == 2 and bias is not None:
        return g.op("Gemm", x, weight, bias, like=y, transB=1)
    made = g.op("MatMul", x, g.transpose(weight, (1, 0)), like=y)
    return made if bias is None else g.two("Add", made, bias)


@lowers(resampling.weighed)
def _weighed(g: Any, y: Any, x: Any, *, matrix: Any) -> Any:
    return g.op("MatMul", g.cast(x, y.dtype), g.constant(np.asarray(matrix, y.dtype)), like=y)


# --- convolutions --------------------------------------------------------------------------------


def _windows(plan: Any) -> dict[str, Any]:
    return {
        "kernel_shape": list(plan.kernel), "strides": list(plan.stride),
        "pads": [*plan.padding, *plan.padding], "dilations": list(plan.dilation),
        "group": plan.groups,
    }  # fmt: skip


@lowers(convolve, _convolve_bias)
def _conv(g: Any, y: Any, x: Any, weight: Any, bias: Any = None, *, plan: Any) -> Any:
    given = [None if v is None else g.cast(v, y.dtype) for v in (x, weight, bias)]
    return g.op("Conv", *given, like=y, **_windows(plan))


@lowers(spread)
def _spread(g: Any, y: Any, x: Any, weight: Any, *, plan: Any) -> Any:
    more = [
        n - ((m - 1) * s - 2 * p + d * (k - 1) + 1)
        for n, m, s, p, d, k in zip(plan.size, plan.output, plan.stride, plan.padding,
                                    plan.dilation, plan.kernel, strict=True)
    ]  # fmt: skip
    return g.op("ConvTranspose", g.cast(x, y.dtype), g.cast(weight, y.dtype), like=y,
                output_padding=more, **_windows(plan))  # fmt: skip


@lowers(correlate)
def _correlate(g: Any, y: Any, x: Any, upstream: Any, *, plan: Any) -> Any:
    """Convolve, images and channels having changed places, and stride and dilation too."""
    x, upstream = g.cast(x, y.dtype), g.cast(upstream, y.dtype)
    n, groups = x.shape[0], plan.groups
    inner, outer = x.shape[1] // groups, upstream.shape[1]
    x = g.reshape(x, (n, groups, inner, *x.shape[2:]))
    x = g.reshape(g.transpose(x, (2, 1, 0, 3, 4)), (inner, groups * n, *x.shape[3:]))
    kernel = g.transpose(upstream, (1, 0, 2, 3))
    reach = [
        (size + 2 * p - s * (m - 1) - 1) // d + 1
        for size, p, s, m, d in zip(plan.size, plan.padding, plan.stride, kernel.shape[2:],
                                    plan.dilation, strict=True)
    ]  # fmt: skip
    made = g.op(
        "Conv", x, kernel, shape=(inner, outer, *reach), kernel_shape=list(kernel.shape[2:]),
        strides=list(plan.dilation), dilations=list(plan.stride),
        pads=[*plan.padding, *plan.padding], group=groups,
    )  # fmt: skip
    if tuple(reach) != tuple(plan.kernel):
        made = g.op("Slice", made, g.ints([0, 0]), g.ints(plan.kernel), g.ints([2, 3]),
                    shape=(inner, outer, *plan.kernel))  # fmt: skip
    return g.transpose(made, (1, 0, 2, 3))


# --- pooling -------------------------------------------------------------------------------------


def _pool(windows: Any) -> dict[str, Any]:
    return {
        "kernel_shape": list(windows.kernel), "strides": list(windows.stride),
        "pads": [*windows.before, *windows.after],
    }  # fmt: skip


@lowers(_max_pool)
def _maxima(g: Any, y: Any, x: Any, *, windows: Any) -> Any:
    return g.op("MaxPool", x, like=y, dilations=list(windows.dilation), **_pool(windows))


@lowers(_winning)
def _winners(g: Any, y: Any, x: Any, *, windows: Any) -> Any:
    """Return which element of the whole array each maximum is, as ONNX counts them."""
    n, h, w, c = np.shape(y)
    whole = np.broadcast_to(np.zeros((), x.dtype), (n, c, h, w))
    places = np.broadcast_to(np.int64(0), (n, c, h, w))
    made = g.ops("MaxPool", x, likes=(whole, places), dilations=list(windows.dilation),
                 **_pool(windows))[1]  # fmt: skip
    return type(made)(made.name, made.dtype, made.shape, own=True)


@lowers(unpick)
def _unpick(g: Any, y: Any, x: Any, *, index: Any, windows: Any) -> Any:
    size, count = int(np.prod(y.shape)), int(np.prod(x.shape))
    zeros = g.expand(g.constant(np.zeros((), y.dtype)), (size,))
    made = g.op("ScatterND", zeros, g.reshape(index, (count, 1)), g.reshape(x, (count,)),
                reduction=None if windows.tiles else "add")  # fmt: skip
    return g.reshape(made, y.shape)


@lowers(pick)
def _pick(g: Any, y: Any, x: Any, *, index: Any, windows: Any) -> Any:
    flat = g.reshape(x, (int(np.prod(x.shape)),))
    return g.op("Gather", flat, index, like=y, axis=0)


def _by_image(g: Any, share: Any, dtype: Any) -> Any:
    """Return factors (height, width, 1) as they stand beside images (n, c, height, width)."""
    share = np.asarray(share, dtype)
    return g.constant(share if share.ndim == 0 else np.moveaxis(share, -1, 0)[None])


def _tiles(x: Any, windows: Any) -> list[int]:
    (h, w), (kh, kw) = windows.output, windows.kernel
    return [*x.shape[:2], h, kh, w, kw]


@lowers(average)
def _average(g: Any, y: Any, x: Any, *, share: Any, windows: Any) -> Any:
    area = windows.kernel[0] * windows.kernel[1]
    if y.dtype == np.float64 and windows.tiles:  # onnxruntime's AveragePool is for float32
        made = g.reduce("ReduceMean", g.reshape(x, _tiles(x, windows)), [3, 5])
    else:
        made = g.op("AveragePool", x, like=y, count_include_pad=1, **_pool(windows))
    factor = np.asarray(share) * area
    if np.allclose(factor, 1, rtol=1e-6, atol=0):
        return made
    return g.two("Mul", made, _by_image(g, factor, y.dtype))


@lowers(distribute)
def _distribute(g: Any, y: Any, x: Any, *, share: Any, windows: Any) -> Any:
    x = g.two("Mul", x, _by_image(g, share, y.dtype))
    n, c, h, w = x.shape
    if windows.tiles:
        whole = g.expand(g.reshape(x, (n, c, h, 1, w, 1)), _tiles(x, windows))
        return g.reshape(whole, y.shape)
    more = [
        size - ((m - 1) * s + k - a - b)
        for size, m, s, k, a, b in zip(windows.size, windows.output, windows.stride,
                                       windows.kernel, windows.before, windows.after,
                                       strict=True)
    ]  # fmt: skip
    ones = g.constant(np.ones((1, 1, *windows.kernel), y.dtype))
    images = g.reshape(x, (n * c, 1, h, w))
    made = g.op("ConvTranspose", images, ones, shape=(n * c, 1, *windows.size),
                output_padding=[max(m, 0) for m in more], **_pool(windows))  # fmt: skip
    return g.reshape(made, y.shape)


# --- tables --------------------------------------------------------------------------------------


def _places(g: Any, index: Any) -> Any:
    index = index if hasattr(index, "name") else g.constant(np.asarray(index))
    return g.cast(index, np.int64)


@lowers(_lookup)
def _rows(g: Any, y: Any, table: Any, *, index: Any, rows: int) -> Any:
    return g.op("Gather", table, _places(g, index), like=y, axis=0)


@lowers(_derivative)
def _rows_but_padding(g: Any, y: Any, table: Any, *, index: Any, rows: int, padding: Any) -> Any:
    places = _places(g, index)
    made = g.op("Gather", table, places, like=y, axis=0)
    if padding is None:
        return made
    padded = g.test("Equal", places, g.constant(np.int64(padding % rows)))
    return g.where(g.unsqueeze(padded, [padded.ndim]), g.number(0, made), made)


@lowers(scatter)
def _rows_added(g: Any, y: Any, x: Any, *, index: Any, rows: int, padding: Any) -> Any:
    wide = g.cast(x, np.float32) if y.dtype == np.float16 else x
    places = _places(g, index)
    count = int(np.prod(places.shape))
    zeros = g.expand(g.constant(np.zeros((), wide.dtype)), y.shape)
    made = g.op("ScatterND", zeros, g.reshape(places, (count, 1)),
                g.reshape(wide, (count, x.shape[-1])), reduction="add")  # fmt: skip
    if padding is not None:
        kept = (np.arange(rows) != padding % rows)[:, None].astype(wide.dtype)
        made = g.two("Mul", made, g.constant(kept))
    return g.cast(made, y.dtype)


# --- activations ---------------------------------------------------------------------------------


def _single(lowering: Callable[..., Any]) -> Callable[..., Any]:
    """Say that onnxruntime has an operator for float32 only: doubles are written in parts."""
    lowering.single = True  # type: ignore[attr-defined]
    return lowering


def _named(operation: Any, kind: str, single: bool = False, **attributes: Any) -> None:
    """Register an operator of one argument."""

    def lowering(g: Any, y: Any, x: Any) -> Any:
        return g.op(kind, g.cast(x, y.dtype), **attributes)

    ONNX_LOWERINGS[operation] = _single(lowering) if single else lowering


_named(activation.relu, "Relu")
_named(activation.sigmoid, "Sigmoid")
_named(activation.tanh, "Tanh")
_named(activation.softsign, "Softsign", single=True)
_named(hard.hardswish, "HardSwish", single=True)
_named(hard.hardsigmoid, "HardSigmoid", single=True, alpha=1 / 6, beta=0.5)


@lowers(activation.leaky_relu)
@_single
def _leaky(g: Any, y: Any, x: Any, negative_slope: float = 0.01) -> Any:
    return g.op("LeakyRelu", x, alpha=float(negative_slope))


@lowers(activation.elu)
@_single
def _elu(g: Any, y: Any, x: Any, alpha: float = 1.0) -> Any:
    return g.op("Elu", x, alpha=float(alpha))


@lowers(activation.silu)
def _silu(g: Any, y: Any, x: Any) -> Any:
    return g.two("Mul", x, g.op("Sigmoid", x))


@lowers(_gelu_exact)
@_single
def _gelu(g: Any, y: Any, x: Any) -> Any:
    if g.opset >= 20:
        return g.op("Gelu", x, approximate="none")
    cdf = g.op("Erf", g.two("Mul", x, g.number(np.sqrt(0.5), x)))
    half = g.two("Mul", x, g.number(0.5, x))
    return g.two("Mul", half, g.two("Add", cdf, g.number(1, x)))


@lowers(_gelu_approximate)
@_single
def _gelu_tanh(g: Any, y: Any, x: Any) -> Any:
    if g.opset >= 20:
        return g.op("Gelu", x, approximate="tanh")
    cube = g.two("Mul", x, g.two("Mul", x, x))
    inner = g.two("Add", x, g.two("Mul", cube, g.number(0.044715, x)))
    bent = g.op("Tanh", g.two("Mul", inner, g.number(np.sqrt(2 / np.pi), x)))
    half = g.two("Mul", x, g.number(0.5, x))
    return g.two("Mul", half, g.two("Add", bent, g.number(1, x)))


@lowers(_softmax)
def _shares(g: Any, y: Any, x: Any, axis: int = -1) -> Any:
    return g.op("Softmax", x, axis=int(axis))


@lowers(_log_softmax)
def _log_shares(g: Any, y: Any, x: Any, axis: int = -1) -> Any:
    return g.op("LogSoftmax", x, axis=int(axis))


# --- normalization -------------------------------------------------------------------------------


# ONNX's epsilon is a float32: in double precision the numbers would differ.
@lowers(operation_of(row_norm))
@_single
def _layer_norm(
    g: Any, y: Any, x: Any, weight: Any, bias: Any, *, saved: Any, needs: Any, options: Any
) -> Any:
    first = min(a % x.ndim for a in options["axes"])
    return g.op("LayerNormalization", x, weight, bias, axis=first, epsilon=options["eps"])


@lowers(operation_of(grouped_norm))
@_single
def _group_norm(
    g: Any, y: Any, x: Any, weight: Any, bias: Any, *, saved: Any, needs: Any, options: Any
) -> Any:
    groups, eps = options["groups"], options["eps"]
    if groups == x.shape[1] and x.ndim > 2:
        return g.op("InstanceNormalization", x, weight, bias, epsilon=eps)
    if g.opset >= 21 and x.ndim > 2:
        return g.op("GroupNormalization", x, weight, bias, num_groups=groups, epsilon=eps)
    n, c = x.shape[:2]
    rows = g.reshape(x, (n, groups, int(np.prod(x.shape[1:])) // groups))
    one, none = g.constant(np.ones(groups, y.dtype)), g.constant(np.zeros(groups, y.dtype))
    made = g.op("InstanceNormalization", rows, one, none, epsilon=eps)
    column = (c, *(1,) * (x.ndim - 2))
    made = g.two("Mul", g.reshape(made, x.shape), g.reshape(weight, column))
    return g.two("Add", made, g.reshape(bias, column))


@lowers(operation_of(_by_running))
def _batch_norm(
    g: Any, y: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any, *,
    saved: Any, needs: Any, options: Any,
) -> Any:  # fmt: skip
    eps, given = options["eps"], (x, weight, bias, mean, variance)
    if y.dtype != np.float64 and all(v.dtype == y.dtype for v in given):
        return g.op("BatchNormalization", *given, like=y, epsilon=eps)
    column = (x.shape[1], *(1,) * (x.ndim - 2))  # statistics in another precision round there
    spread = g.op("Sqrt", g.two("Add", variance, g.number(eps, variance)))
    scale = g.two("Div", g.cast(weight, y.dtype), g.cast(spread, y.dtype))
    shift = g.two("Sub", g.cast(bias, y.dtype), g.two("Mul", g.cast(mean, y.dtype), scale))
    scale, shift = (g.reshape(v, column) for v in (scale, shift))
    return g.two("Add", g.two("Mul", g.cast(x, y.dtype), scale), shift)


# --- recurrent layers ----------------------------------------------------------------------------


def _gates(g: Any, weight: Any, order: tuple[int, ...]) -> Any:
    """Return weights with their gates in another order, and an axis for the direction."""
    if order != tuple(range(len(order))):
        n = weight.shape[0] // len(order)
        places = np.concatenate([np.arange(k * n, (k + 1) * n) for k in order])
        if weight.array is not None:
            weight = g.constant(weight.array[places], wish=weight.name)
        else:
            weight = g.op("Gather", weight, g.constant(places), axis=0)
    return g.reshape(weight, (1, *weight.shape))


def _recurrent(
    g: Any, y: Any, kind: str, order: tuple[int, ...], x: Any, states: Any, weights: Any,
    lengths: Any, **attributes: Any,
) -> Any:  # fmt: skip
    w_ih, w_hh, *biases = [_gates(g, w, order) for w in weights]
    if all(b.array is not None for b in biases):
        bias = g.constant(np.concatenate([b.array for b in biases], axis=1), wish=f"{kind}_bias")
    else:
        bias = g.op("Concat", *biases, shape=(1, 2 * biases[0].shape[1]), axis=1)
    if lengths is not None:
        lengths = g.cast(lengths if hasattr(lengths, "name") else g.constant(lengths), np.int32)
    first = [g.unsqueeze(g.expand(s, np.shape(y[1])), [0]) for s in states]
    like = (np.expand_dims(y[0], 1), *(part[None] for part in y[1:]))
    made = g.ops(kind, x, w_ih, w_hh, bias, lengths, *first, likes=like,
                 hidden_size=w_hh.shape[2], **attributes)  # fmt: skip
    return [g.squeeze(made[0], [1]), *(g.squeeze(m, [0]) for m in made[1:])]


@lowers(operation_of(lstm_layer))
@_single
def _lstm(
    g: Any, y: Any, x: Any, h0: Any, c0: Any, *weights: Any, saved: Any, needs: Any, options: Any
) -> Any:
    """Gates i, f, g, o here are i, o, f, c there."""
    return _recurrent(g, y, "LSTM", (0, 3, 1, 2), x, (h0, c0), weights, options.get("lengths"))


@lowers(operation_of(gru_layer))
@_single
def _gru(
    g: Any, y: Any, x: Any, h0: Any, *weights: Any, saved: Any, needs: Any, options: Any
) -> Any:
    """Gates r, z, n here are z, r, h there."""
    return _recurrent(g, y, "GRU", (1, 0, 2), x, (h0,), weights, options.get("lengths"),
                      linear_before_reset=1)  # fmt: skip


@lowers(operation_of(rnn_layer))
@_single
def _rnn(
    g: Any, y: Any, x: Any, h0: Any, *weights: Any, saved: Any, needs: Any, options: Any
) -> Any:
    bend = {"tanh": "Tanh", "relu": "Relu"}[options["bend"]]
    return _recurrent(g, y, "RNN", (0,), x, (h0,), weights, options.get("lengths"),
                      activations=[bend])  # fmt: skip
