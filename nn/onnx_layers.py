"""ONNX's layers by those of nn: Conv, MaxPool, LSTM, BatchNormalization and others, for imports."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import elementwise
from autograd_core.extend import ONNX_OPERATORS, bare
from autograd_core.workers.erf import erf

from . import functional as f
from .functional.gru import gru_layer
from .functional.lstm import lstm_layer
from .functional.recurrent import alive_at
from .functional.rnn import rnn_layer
from .values import at


def operator(*kinds: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register what computes operators of ONNX (decorator)."""

    def decorate(run: Callable[..., Any]) -> Callable[..., Any]:
        for kind in kinds:
            ONNX_OPERATORS[kind] = run
        return run

    return decorate


# --- activations ---------------------------------------------------------------------------------


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda call, x: function(x)


for _kind, _function in {
    "Relu": f.relu, "Sigmoid": f.sigmoid, "Softplus": f.softplus, "Softsign": f.softsign,
    "HardSwish": f.hardswish, "Mish": f.mish,
}.items():  # fmt: skip
    operator(_kind)(_plain(_function))


@operator("LeakyRelu")
def _leaky(call: Any, x: Any) -> Any:
    return f.leaky_relu(x, negative_slope=call.get("alpha", 0.01))


@operator("Elu", "Celu")
def _elu(call: Any, x: Any) -> Any:
    run = f.elu if call.node.op_type == "Elu" else f.celu
    return run(x, alpha=call.get("alpha", 1.0))


@operator("Selu")
def _selu(call: Any, x: Any) -> Any:
    alpha, gamma = call.get("alpha", 1.6732632423543772), call.get("gamma", 1.0507009873554805)
    return gamma * f.elu(x, alpha=alpha)


@operator("HardSigmoid")
def _hard_sigmoid(call: Any, x: Any) -> Any:
    alpha, beta = call.get("alpha", 0.2), call.get("beta", 0.5)
    return np.clip(alpha * x + beta, 0, 1).astype(x.dtype)


@operator("Gelu")
def _gelu(call: Any, x: Any) -> Any:
    return f.gelu(x, approximate=call.text("approximate", "none"))


@operator("PRelu")
def _prelu(call: Any, x: Any, slope: Any) -> Any:
    return np.where(bare(x) >= 0, x, x * slope)


# the slope of the error function, stated: that of its formula is less exact
erf_ = elementwise(erf, lambda y, x: 2 / math.sqrt(math.pi) * np.exp(-x * x), name="erf")


@operator("Erf")
def _erf(call: Any, x: Any) -> Any:
    return erf_(x)


def _shares(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(call: Any, x: Any) -> Any:
        axis = call.get("axis", -1 if call.opset >= 13 else 1)
        if call.opset >= 13:
            return function(x, dim=axis)
        shape = np.shape(x)  # before opset 13: over all axes from that one on
        flat = np.reshape(x, (math.prod(shape[:axis]), -1))
        return np.reshape(function(flat, dim=1), shape)

    return run


operator("Softmax")(_shares(f.softmax))
operator("LogSoftmax")(_shares(f.log_softmax))


# --- convolutions and pooling --------------------------------------------------------------------


def _window(call: Any, shape: tuple[int, ...], kernel: Any) -> tuple[Any, Any, Any, Any]:
    """Return stride, dilation, padding before and behind; of one or two axes."""
    n = len(kernel)
    if n not in (1, 2) or len(shape) != n + 2:
        raise call.refusal(f"{n} axes of space")
    stride = list(call.get("strides", [1] * n))
    dilation = list(call.get("dilations", [1] * n))
    how = call.text("auto_pad", "NOTSET")
    if how in ("NOTSET", ""):
        pads = list(call.get("pads", [0] * 2 * n))
        return stride, dilation, pads[:n], pads[n:]
    if how == "VALID":
        return stride, dilation, [0] * n, [0] * n
    before, after = [], []
    for size, k, s, d in zip(shape[2:], kernel, stride, dilation, strict=True):
        whole = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        small = whole // 2
        before.append(small if how == "SAME_UPPER" else whole - small)
        after.append(whole - small if how == "SAME_UPPER" else small)
    return stride, dilation, before, after


def _padded(x: Any, before: Any, after: Any, value: float = 0.0) -> tuple[Any, Any]:
    """Return an input and the padding that the layer is to add: the same at both ends."""
    if list(before) == list(after):
        return x, tuple(before)
    width = [(0, 0), (0, 0), *zip(before, after, strict=True)]
    return np.pad(x, width, constant_values=value), (0,) * len(before)


@operator("Conv")
def _conv(call: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    shape = np.shape(x)
    stride, dilation, before, after = _window(call, shape, np.shape(weight)[2:])
    x, padding = _padded(x, before, after)
    run = f.conv1d if len(shape) == 3 else f.conv2d
    return run(x, weight, bias, stride=tuple(stride), padding=padding, dilation=tuple(dilation),
               groups=call.get("group", 1))  # fmt: skip


@operator("ConvTranspose")
def _conv_transpose(call: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    shape, n = np.shape(x), np.ndim(x) - 2
    if call.text("auto_pad", "NOTSET") not in ("NOTSET", "") or call.get("output_shape"):
        raise call.refusal("auto_pad or output_shape")
    stride, dilation, before, after = _window(call, shape, np.shape(weight)[2:])
    more = list(call.get("output_padding", [0] * n))
    run = f.conv_transpose1d if n == 1 else f.conv_transpose2d
    extra = [b - a for a, b in zip(after, before, strict=True)]  # what the end keeps
    if any(e < 0 for e in extra):
        raise call.refusal("more padding at the end than at the beginning")
    return run(x, weight, bias, stride=tuple(stride), padding=tuple(before),
               output_padding=tuple(m + e for m, e in zip(more, extra, strict=True)),
               groups=call.get("group", 1), dilation=tuple(dilation))  # fmt: skip


@operator("MaxPool")
def _max_pool(call: Any, x: Any) -> Any:
    if len([o for o in call.node.output if o]) > 1:
        raise call.refusal("Indices, its second output")
    kernel = call.get("kernel_shape")
    stride, dilation, before, after = _window(call, np.shape(x), kernel)
    x, padding = _padded(x, before, after, -np.inf)
    run = f.max_pool1d if len(kernel) == 1 else f.max_pool2d
    return run(x, tuple(kernel), stride=tuple(stride), padding=padding, dilation=tuple(dilation),
               ceil_mode=bool(call.get("ceil_mode", 0)))  # fmt: skip


@operator("AveragePool")
def _average_pool(call: Any, x: Any) -> Any:
    kernel = call.get("kernel_shape")
    stride, dilation, before, after = _window(call, np.shape(x), kernel)
    include = bool(call.get("count_include_pad", 0))
    if max(dilation) > 1 or (list(before) != list(after) and not include):
        raise call.refusal("dilations, or padding that differs at the ends and does not count,")
    x, padding = _padded(x, before, after)
    run = f.avg_pool1d if len(kernel) == 1 else f.avg_pool2d
    return run(x, tuple(kernel), stride=tuple(stride), padding=padding,
               ceil_mode=bool(call.get("ceil_mode", 0)), count_include_pad=include)  # fmt: skip


def _over_space(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda call, x: function(x, axis=tuple(range(2, np.ndim(x))), keepdims=True)


operator("GlobalAveragePool")(_over_space(np.mean))
operator("GlobalMaxPool")(_over_space(np.max))


# --- normalization -------------------------------------------------------------------------------


@operator("BatchNormalization")
def _batch_norm(call: Any, x: Any, weight: Any, bias: Any, mean: Any, variance: Any) -> Any:
    if call.get("training_mode", 0):
        raise call.refusal("training_mode")
    eps = call.get("epsilon", 1e-5)
    return f.batch_norm(x, mean, variance, weight, bias, eps=eps)


@operator("LayerNormalization")
def _layer_norm(call: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    if len([o for o in call.node.output if o]) > 1:
        raise call.refusal("the mean as an output")
    axis = call.get("axis", -1) % np.ndim(x)
    shape = np.shape(x)[axis:]
    return f.layer_norm(x, shape, np.broadcast_to(weight, shape), bias,
                        eps=call.get("epsilon", 1e-5))  # fmt: skip


@operator("InstanceNormalization")
def _instance_norm(call: Any, x: Any, weight: Any, bias: Any) -> Any:
    return f.instance_norm(x, weight=weight, bias=bias, eps=call.get("epsilon", 1e-5))


@operator("GroupNormalization")
def _group_norm(call: Any, x: Any, weight: Any, bias: Any) -> Any:
    groups = call.get("num_groups")
    if call.opset < 21:  # one number for each group
        each = np.shape(x)[1] // groups
        weight, bias = np.repeat(weight, each), np.repeat(bias, each)
    return f.group_norm(x, groups, weight, bias, eps=call.get("epsilon", 1e-5))


# --- recurrent layers ----------------------------------------------------------------------------


def _parts(w: Any, order: tuple[int, ...]) -> Any:
    """Return weights with their gates in another order."""
    n = w.shape[0] // len(order)
    return np.concatenate([w[k * n : (k + 1) * n] for k in order])


def _turned(x: Any, lengths: Any) -> Any:
    if lengths is None:
        return np.flip(x, 0)
    time = np.arange(np.shape(x)[0])[:, None]
    places = np.where(alive_at(len(time), lengths), lengths - 1 - time, time)
    return at(x, places, np.arange(len(lengths))[None, :])


def _recurrent(
    call: Any, layer: Any, order: tuple[int, ...], usual: list[str], inputs: tuple[Any, ...],
    states: int,
    **settings: Any,
) -> Any:  # fmt: skip
    given: list[Any] = [*inputs, *[None] * (8 - len(inputs))]
    x, w, r, b, lengths, *rest = given
    first, peepholes = rest[:states], rest[states:]
    gates, n = len(order), np.shape(r)[2]
    directions = np.shape(w)[0]
    bends = [a.decode() if isinstance(a, bytes) else a for a in call.get("activations", [])]
    if bends and bends != usual * directions:
        raise call.refusal(f"activations {bends}")
    if call.get("clip") is not None or call.get("layout", 0) or call.get("input_forget", 0):
        raise call.refusal("clip, layout or input_forget")
    if any(p is not None for p in peepholes):
        raise call.refusal("peepholes")
    steps, batch = np.shape(x)[:2]
    lengths = None if lengths is None else np.asarray(bare(lengths)).astype(np.int64)
    if lengths is not None and (lengths == steps).all():
        lengths = None
    zeros = np.zeros((batch, n), x.dtype)
    outputs, ends = [], []
    backwards = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
    for k, turned in enumerate(backwards[call.text("direction", "forward")]):
        bias = np.zeros(2 * gates * n, x.dtype) if b is None else b[k]
        weights = [_parts(v, order) for v in (w[k], r[k], bias[: gates * n], bias[gates * n :])]
        begin = [zeros if h is None else h[k] for h in first]
        out, *last = layer(_turned(x, lengths) if turned else x, *begin, *weights,
                           lengths=lengths, **settings)  # fmt: skip
        outputs.append(_turned(out, lengths) if turned else out)
        ends.append(last)
    return (np.stack(outputs, axis=1), *(np.stack(part) for part in zip(*ends, strict=True)))


@operator("LSTM")
def _lstm(call: Any, *inputs: Any) -> Any:
    return _recurrent(call, lstm_layer, (0, 2, 3, 1), ["Sigmoid", "Tanh", "Tanh"], inputs, 2)


@operator("GRU")
def _gru(call: Any, *inputs: Any) -> Any:
    if not call.get("linear_before_reset", 0):
        raise call.refusal("linear_before_reset=0")
    return _recurrent(call, gru_layer, (1, 0, 2), ["Sigmoid", "Tanh"], inputs, 1)


@operator("RNN")
def _rnn(call: Any, *inputs: Any) -> Any:
    named = [a.decode() if isinstance(a, bytes) else a for a in call.get("activations", ["Tanh"])]
    if named[0] not in ("Tanh", "Relu"):
        raise call.refusal(f"activations {named}")
    return _recurrent(call, rnn_layer, (0,), named[:1], inputs, 1, bend=named[0].lower())
