"""Modules of nn as ONNX's own operators, and their losses with gradients, run in onnxruntime."""

import warnings
from collections import Counter

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd_core import Tensor
from autograd_core.base.errors import UnsupportedError

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx_files.running import Draws  # noqa: E402

from autograd_core import onnx  # noqa: E402

draws = Draws(3)
rng, single = draws.rng, draws.single


# module, input, its operators, the axis of the batch
LAYERS = {
    "mlp": (nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3), nn.Softmax(dim=1)),
            single(4, 5), {"Gemm": 2, "Relu": 1, "Softmax": 1}, 0),
    "cnn": (nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.GELU(),
                          nn.MaxPool2d(2), nn.Conv2d(6, 4, 3, stride=2), nn.AvgPool2d(2),
                          nn.Flatten(), nn.Linear(4, 3)),
            single(2, 2, 13, 13), {"Conv": 2, "BatchNormalization": 1, "Gelu": 1, "MaxPool": 1,
                                   "AveragePool": 1, "Reshape": 1, "Gemm": 1}, 0),
    "grouped": (nn.Conv2d(4, 6, 3, padding=2, dilation=2, groups=2), single(2, 4, 7, 8),
                {"Conv": 1}, 0),
    "strided": (nn.Conv1d(3, 4, 4, stride=3, padding=1), single(2, 3, 11),
                {"Reshape": 2, "Conv": 1}, 0),
    "transposed": (nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1),
                   single(2, 3, 5, 5), {"ConvTranspose": 1, "Add": 1}, 0),
    "pools": (nn.Sequential(nn.MaxPool2d(3, stride=2, padding=1), nn.AvgPool2d(3, 1, padding=1)),
              single(2, 3, 9, 8), {"MaxPool": 1, "AveragePool": 1}, 0),
    "lstm": (nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True), single(3, 5, 4),
             {"LSTM": 4}, 0),
    "gru": (nn.GRU(4, 6), single(5, 3, 4), {"GRU": 1}, 1),
    "rnn": (nn.RNN(4, 6, nonlinearity="relu"), single(5, 3, 4), {"RNN": 1}, 1),
    "transformer": (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), single(3, 5, 8),
                    {"LayerNormalization": 2, "Softmax": 1, "Relu": 1}, 0),
    "norms": (nn.Sequential(nn.GroupNorm(2, 6), nn.LayerNorm([6, 4])), single(2, 6, 4),
              {"LayerNormalization": 1, "InstanceNormalization": 1}, 0),
    "embedding": (nn.Embedding(10, 4, padding_idx=2), rng.integers(0, 10, (3, 5)),
                  {}, 0),
    "activations": (nn.Sequential(nn.LeakyReLU(0.1), nn.ELU(), nn.SELU(), nn.Softplus(),
                                  nn.SiLU(), nn.Tanh(), nn.PReLU(), nn.LogSoftmax(dim=1)),
                    single(3, 7), {"LeakyRelu": 1, "Tanh": 1, "LogSoftmax": 1}, 0),
}  # fmt: skip
for _module, *_ in LAYERS.values():
    _module.eval()
    for _p in _module.parameters():
        _p.data[...] += 0.1 * rng.normal(size=_p.shape).astype(_p.dtype)


def first(made):
    return made[0] if isinstance(made, tuple) else made


def numbers(value):
    return value.data if isinstance(value, Tensor) else np.asarray(value)


def feed(model, *args):
    names = [i.name for i in model.graph.input]
    return dict(zip(names, args, strict=False))


def run(model, *args):
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), settings)
    return session.run(None, feed(model, *args))


@pytest.mark.part(2)
@pytest.mark.parametrize("name", LAYERS)
def test_a_module_is_its_operators_for_every_batch(name):
    module, x, operators, axis = LAYERS[name]
    with nn.use_kernels(compiled=False):
        plain = Counter(n.op_type for n in onnx.export(module, x).graph.node)
        assert {k: plain[k] for k in operators} == operators
        argument = "src" if name == "transformer" else "input"
        model = onnx.export(module, x, dynamic_axes={argument: {axis: "batch"}})
        assert [i.name for i in model.graph.input] == [argument]
        for n in (1, 4):
            more = np.take(x, np.arange(n) % x.shape[axis], axis=axis)
            found, wanted = run(model, more)[0], numbers(first(module(more)))
            assert found.dtype == wanted.dtype
            np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-6)


@pytest.mark.part(2)
@pytest.mark.parametrize("name", LAYERS)
def test_a_loss_and_its_gradients(name):
    module, x, _, axis = LAYERS[name]

    chosen = {} if list(module.parameters()) else {"argnums": 0}

    def loss(x):
        return np.mean(np.sin(first(module(x))) ** 2)

    with nn.use_kernels(compiled=False):
        model = onnx.export(
            loss, x, gradients=True, dynamic_axes={"x": {axis: "batch"}},
            **(chosen or {"parameters": module}),
        )  # fmt: skip
        more = np.take(x, np.arange(5) % x.shape[axis], axis=axis)
        outputs = dict(zip([o.name for o in model.graph.output], run(model, more), strict=True))
        module.zero_grad()
        value = loss(more)
        if isinstance(value, Tensor):
            value.backward()
    np.testing.assert_allclose(outputs["value"], numbers(value), rtol=2e-5)
    for key, parameter in module.named_parameters():
        wanted = parameter.grad.data
        size = np.abs(wanted).max()
        np.testing.assert_allclose(outputs[f"d_{key}"], wanted, rtol=1e-4, atol=1e-4 * size)


def test_sequences_of_different_lengths():
    lstm, x = nn.LSTM(3, 4, bidirectional=True).eval(), single(6, 3, 3)
    lengths = np.array([6, 2, 4])
    model = onnx.export(lambda x: lstm(x, lengths=lengths)[0], x, parameters=lstm)
    np.testing.assert_allclose(
        run(model, x)[0], lstm(x, lengths=lengths)[0].data, rtol=1e-5, atol=1e-6
    )


def test_cross_entropy_with_labels_as_an_input():
    module = LAYERS["mlp"][0]
    x, labels = single(4, 5), np.array([0, 2, 1, 2])

    def loss(x, label):
        return F.cross_entropy(module[2](module[1](module[0](x))), label)

    with nn.use_kernels(compiled=False):
        model = onnx.export(loss, (x, labels), gradients=True, parameters=module)
    other = np.array([1, 1, 0, 2])
    module.zero_grad()
    value = loss(x, other)
    value.backward()
    found = dict(zip([o.name for o in model.graph.output], run(model, x, other), strict=True))
    np.testing.assert_allclose(found["value"], value.data, rtol=1e-5)
    np.testing.assert_allclose(
        found["d_0.weight"], module[0].weight.grad.data, rtol=1e-4, atol=1e-7
    )
    with pytest.raises(Exception, match=r"indice|index"):  # no such class
        run(model, x, np.array([1, 7, 0, 2]))


def test_doubles_run_where_onnxruntime_can():
    module = nn.Sequential(nn.Linear(3, 4, dtype=np.float64), nn.GELU(),
                           nn.LayerNorm(4, dtype=np.float64)).eval()  # fmt: skip
    x = rng.normal(size=(2, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # onnxruntime itself, not the reference evaluator
        onnx.export(lambda x: np.sum(np.sin(module(x))), x, gradients=True, parameters=module)


def test_training_is_refused():
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5))
    with pytest.raises(UnsupportedError, match=r"onnx.export: the function draws random numbers"):
        onnx.export(module, single(2, 3))
    with pytest.raises(UnsupportedError, match="running"):
        onnx.export(nn.BatchNorm1d(3), single(4, 3))
