"""Layers and functions of nn as ONNX: opsets, settings, dtypes, derivatives inside a function."""

import warnings

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd_core import grad, jvp, value_and_grad
from nn.functional.gru import gru_layer
from nn.functional.lstm import lstm_layer
from nn.functional.rnn import rnn_layer

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx_files.running import Draws, leaves, run, same

from autograd_core import onnx

draws = Draws(5)
single, double = draws.single, draws.double


def gates(n):
    """Weights of a recurrent layer: 3 inputs, 4 units, n gates."""
    return single(4 * n, 3), single(4 * n, 4), single(4 * n), single(4 * n)


def along(f, *fixed):
    """The directional derivative of f, as a function of the point and the direction."""
    return lambda x, t: jvp(lambda x: f(x, *fixed), (x,), (t,))[1]


def twice(f):
    """The gradient of the size of a gradient."""

    def slope(w, *fixed):
        return grad(lambda w: np.sum(f(w, *fixed) ** 3))(w)

    return lambda w, *fixed: grad(lambda w: np.sum(slope(w, *fixed) ** 2))(w)


SEQUENCE, STATE, IMAGES = single(5, 2, 3), single(2, 4), single(2, 2, 6, 6)
TABLE, PLACES = single(7, 3), np.array([[1, 2], [6, 0]])
# function, arguments, operators in the file, opset
PIECES = {
    "conv without a bias": (nn.Conv2d(2, 3, 3, bias=False), (IMAGES,), {"Conv"}),
    "linear without a bias": (nn.Linear(3, 4, bias=False), (single(2, 3),), {"MatMul"}),
    "linear of a vector": (nn.Linear(3, 4), (single(3),), {"MatMul", "Add"}),
    "max pool, the way of its winners": (along(F.max_pool2d, 2), (IMAGES, single(2, 2, 6, 6)),
                                         {"MaxPool", "Gather"}),
    "max pool that overlaps": (along(lambda x: F.max_pool2d(x, 3, 1)),
                               (IMAGES, single(2, 2, 6, 6)), {"MaxPool", "Gather"}),
    "average pool of doubles": (lambda x: F.avg_pool2d(x, 2), (double(2, 2, 6, 6),),
                                {"ReduceMean"}),
    "average pool without what is padded": (
        lambda x: F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False), (IMAGES,),
        {"AveragePool", "Mul"}),
    "average pool to the end": (lambda x: F.avg_pool2d(x, 3, 2, padding=1, ceil_mode=True),
                                (IMAGES,), {"AveragePool", "Mul"}),
    "average pool by another number": (lambda x: F.avg_pool2d(x, 2, divisor_override=3), (IMAGES,),
                                       {"AveragePool", "Mul"}),
    "embedding along a direction": (
        lambda w, t, i: jvp(lambda w: F.embedding(i, w), (w,), (t,))[1],
        (TABLE, single(7, 3), PLACES), {"Gather"}),
    "embedding along a direction, padded": (
        lambda w, t, i: jvp(lambda w: F.embedding(i, w, padding_idx=2), (w,), (t,))[1],
        (TABLE, single(7, 3), PLACES), {"Gather", "Where"}),
    "embedding, twice": (twice(lambda w, i: F.embedding(i, w)), (TABLE, PLACES), {"Gather"}),
    "embedding, twice, padded": (twice(lambda w, i: F.embedding(i, w, padding_idx=6)),
                                 (TABLE, PLACES), {"Gather", "Where"}),
    "interpolation": (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), (IMAGES,),
                      {"MatMul"}),
    "interpolation of doubles": (lambda x: F.interpolate(x, size=(3, 7), mode="bicubic"),
                                 (double(1, 2, 4, 4),), {"MatMul"}),
    "gelu 17": (lambda x: F.gelu(x), (single(3, 4),), {"Erf"}, 17),
    "gelu 20": (lambda x: F.gelu(x), (single(3, 4),), {"Gelu"}, 20),
    "gelu by tanh 17": (lambda x: F.gelu(x, approximate="tanh"), (single(3, 4),), {"Tanh"}, 17),
    "gelu by tanh 20": (lambda x: F.gelu(x, approximate="tanh"), (single(3, 4),), {"Gelu"}, 20),
    "group norm 20": (nn.GroupNorm(2, 6), (single(2, 6, 5),), {"InstanceNormalization"}, 20),
    "group norm 21": (nn.GroupNorm(2, 6), (single(2, 6, 5),), {"GroupNormalization"}, 21),
    "group norm of each 21": (nn.GroupNorm(6, 6), (single(2, 6, 5),), {"InstanceNormalization"},
                              21),
    "group norm of a matrix 21": (nn.GroupNorm(2, 6), (single(2, 6),), {"InstanceNormalization"},
                                  21),
    "batch norm in another precision": (nn.BatchNorm1d(6), (double(4, 6, 2),), {"Sqrt"}),
    "batch norm of halves": (nn.BatchNorm1d(6), (single(4, 6).astype(np.float16),),
                             {"BatchNormalization"}),
    "weights as arguments, lstm": (lambda *a: lstm_layer(*a), (SEQUENCE, STATE, STATE, *gates(4)),
                                   {"Gather", "Concat", "LSTM"}),
    "weights as arguments, gru": (lambda *a: gru_layer(*a), (SEQUENCE, STATE, *gates(3)),
                                  {"Gather", "Concat", "GRU"}),
    "weights as arguments, rnn": (lambda *a: rnn_layer(*a, bend="relu"),
                                  (SEQUENCE, STATE, *gates(1)), {"Concat", "RNN"}),
    "lengths": (lambda *a: gru_layer(*a, lengths=np.array([3, 5])), (SEQUENCE, STATE, *gates(3)),
                {"GRU"}),
    "lstm of doubles": (nn.LSTM(3, 4, dtype=np.float64), (double(5, 2, 3),), {"Sigmoid"}),
    "gru of doubles": (nn.GRU(3, 4, dtype=np.float64), (double(5, 2, 3),), {"Sigmoid"}),
    "rnn of doubles": (nn.RNN(3, 4, dtype=np.float64), (double(5, 2, 3),), {"Tanh"}),
    "layer norm of doubles": (nn.LayerNorm(4, eps=1e-3, dtype=np.float64), (double(5, 4),),
                              {"ReduceMean"}),
    "group norm of doubles": (nn.GroupNorm(2, 4, dtype=np.float64), (double(5, 4, 3),),
                              {"ReduceMean"}),
    "batch norm of doubles": (nn.BatchNorm1d(4, eps=0.1, dtype=np.float64), (double(5, 4),),
                              {"Sqrt"}),
}  # fmt: skip
for _f, *_ in PIECES.values():
    if isinstance(_f, nn.Module):
        _f.eval()


def other(x):
    return (x[::-1] * 0.75).astype(x.dtype) if x.dtype.kind == "f" else x[::-1].copy()


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_runs_in_onnxruntime(name):
    f, args, operators, *opset = PIECES[name]
    chosen = {"opset_version": opset[0]} if opset else {}
    with nn.use_kernels(compiled=False):
        model = onnx.export(f, args, **chosen)
        assert operators <= {node.op_type for node in model.graph.node}
        for given in (args, tuple(map(other, args))):
            same(run(model, *given), leaves(f(*given)))


LOSSES = {
    "average pool of doubles": (lambda x: F.avg_pool2d(x, 2), (double(2, 2, 6, 6),)),
    "average pool without what is padded": (
        lambda x: F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False), (IMAGES,)),
    "average pool to the end": (lambda x: F.avg_pool2d(x, 3, 2, padding=1, ceil_mode=True),
                                (IMAGES,)),
    "max pool that overlaps": (lambda x: F.max_pool2d(x, 3, 1), (IMAGES,)),
    "interpolation": (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), (IMAGES,)),
    "embedding": (lambda w, i: F.embedding(i, w), (TABLE, PLACES)),
    "embedding, padded": (lambda w, i: F.embedding(i, w, padding_idx=-1), (TABLE, PLACES)),
    "embedding of halves": (lambda w, i: F.embedding(i, w), (TABLE.astype(np.float16), PLACES)),
    "convolution in groups": (
        lambda x, w: F.conv2d(x, w, stride=3, dilation=2, padding=(2, 1), groups=2),
        (single(2, 4, 9, 8), single(6, 2, 3, 2))),
    "transposed convolution in groups": (
        lambda x, w: F.conv_transpose2d(x, w, stride=3, dilation=2, padding=(2, 1), groups=2),
        (single(2, 4, 5, 4), single(4, 2, 3, 2))),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_a_piece_with_its_gradients(name):
    piece, args = LOSSES[name]
    floats = tuple(k for k, x in enumerate(args) if x.dtype.kind == "f")

    def loss(*args):
        return np.sum(piece(*args) ** 2)

    with nn.use_kernels(compiled=False):
        model = onnx.export(loss, args, gradients=True, argnums=floats)
        for given in (args, tuple(map(other, args))):
            same(run(model, *given), leaves(value_and_grad(loss, argnums=floats)(*given)), 128)


LAYERS = {
    "lstm": (nn.LSTM(3, 4), SEQUENCE), "gru": (nn.GRU(3, 4), SEQUENCE),
    "rnn": (nn.RNN(3, 4), SEQUENCE), "layer norm": (nn.LayerNorm(3), single(5, 3)),
    "group norm": (nn.GroupNorm(2, 4), single(5, 4, 3)),
    "instance norm": (nn.InstanceNorm1d(4, affine=True), single(5, 4, 3)),
    "batch norm": (nn.BatchNorm1d(4), single(5, 4, 3)), "conv": (nn.Conv2d(2, 3, 3), IMAGES),
    "transformer": (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), single(2, 3, 4)),
}  # fmt: skip
for _layer, _ in LAYERS.values():
    _layer.eval()


def _inside(layer, x, how):
    weights = {name: p.data.copy() for name, p in layer.named_parameters()}

    def out(x, weights):
        made = nn.functional_call(layer, weights, (x,))
        return np.sin(made[0] if isinstance(made, tuple) else made)

    if how == "step":
        return lambda x, *w: grad(lambda w: np.mean(out(x, w)))(
            dict(zip(weights, w, strict=True))), (x, *weights.values())  # fmt: skip
    if how == "slope":
        return lambda x: grad(lambda x: np.sum(out(x, weights)))(x), (x,)
    return along(out, weights), (x, 0.5 * x)


@pytest.mark.parametrize("how", ["step", "slope", "direction"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_that_is_differentiated_inside_of_the_function(name, how):
    """A training step is a function like any other: no gradients are asked of `export`."""
    with nn.use_kernels(compiled=False):
        f, args = _inside(*LAYERS[name], how)
        model = onnx.export(f, args, check=False)
        for given in (args, tuple(map(other, args))):
            made = f(*given)
            same(run(model, *given), leaves(list(made.values()) if how == "step" else made), 256)


def test_what_onnxruntime_has_no_kernel_for_is_checked_by_the_reference():
    with pytest.warns(onnx.ExportWarning, match=r"reference.*onnxruntime .* AveragePool"):
        onnx.export(lambda x: F.avg_pool2d(x, 3, 1), double(1, 1, 4, 4))


def test_labels_are_checked_without_a_warning():
    """Whole numbers cannot say that a label was out of range; the runtime's Gather does."""
    x, labels = np.abs(single(3, 4)), np.array([0, 1, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error", onnx.ExportWarning)
        model = onnx.export(lambda x, k: (np.argmax(x), F.nll_loss(x, k)), (x, labels))
    place, loss = run(model, x[::-1], labels)
    assert place == np.argmax(x[::-1])
    np.testing.assert_allclose(loss, F.nll_loss(x[::-1], labels), rtol=1e-6)


def test_without_nn_a_function_is_exported_as_well(monkeypatch):
    monkeypatch.delitem(__import__("sys").modules, "nn")
    model = onnx.export(lambda x: np.tanh(x), np.ones(2))
    assert [node.op_type for node in model.graph.node] == ["Tanh"]
