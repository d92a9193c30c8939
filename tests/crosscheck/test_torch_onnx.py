"""Models of PyTorch's exporter, imported: values and gradients are PyTorch's."""

import logging
import warnings

import numpy as np
import pytest

import nn
from autograd_core import value_and_grad

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
pytest.importorskip("onnx")

from autograd_core import onnx  # noqa: E402


class _Last(torch.nn.Module):
    """An LSTM whose last output a linear layer reads."""

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(4, 6, 2, bidirectional=True, batch_first=True)
        self.out = torch.nn.Linear(12, 3)

    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1])


def _model(name):
    t = torch.nn
    torch.manual_seed(0)
    if name == "mlp":
        return t.Sequential(t.Linear(5, 8), t.ReLU(), t.Linear(8, 3), t.Softmax(dim=1)), (4, 5)
    if name == "cnn":
        layers = (
            t.Conv2d(3, 6, 3, padding=1), t.BatchNorm2d(6), t.ReLU(), t.MaxPool2d(2),
            t.Conv2d(6, 4, 3, stride=2), t.GELU(), t.AvgPool2d(2), t.Flatten(), t.Linear(4, 3),
        )  # fmt: skip
        return t.Sequential(*layers), (2, 3, 13, 13)
    if name == "lstm":
        return _Last(), (3, 7, 4)
    layer = t.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return t.TransformerEncoder(layer, 2), (3, 5, 8)


@pytest.mark.slow
@pytest.mark.parametrize("dynamo", [True, False])
@pytest.mark.parametrize("name", ["mlp", "cnn", "lstm", "transformer"])
def test_gradients_are_pytorch_s(name, dynamo, tmp_path):
    model, shape = _model(name)
    with torch.no_grad():  # the exporter writes equal weights once
        for p in model.parameters():
            p.add_(0.1 * torch.randn(p.shape))
    model.eval()
    x = torch.randn(*shape, requires_grad=True)
    file = str(tmp_path / "model.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(model, (x.detach(),), file, dynamo=dynamo)
    f = onnx.import_onnx(file)
    torch.mean(model(x) ** 2).backward()

    def loss(parameters, x):
        return np.mean(f(x, parameters=parameters) ** 2)

    given = x.detach().numpy()
    with nn.use_kernels(compiled=False):
        np.testing.assert_allclose(f(given), model(x).detach().numpy(), rtol=1e-4, atol=1e-6)
        _, (slopes, to_x) = value_and_grad(loss, argnums=(0, 1))(f.parameters, given)
    np.testing.assert_allclose(to_x, x.grad.numpy(), rtol=2e-3, atol=1e-7)
    compared = 0
    for key, parameter in model.named_parameters():
        # not what the exporter has folded into another layer
        if np.array_equal(f.parameters.get(key), parameter.detach().numpy()):
            wanted = parameter.grad.numpy()
            size = float(np.abs(wanted).max())
            np.testing.assert_allclose(slopes[key], wanted, rtol=1e-3, atol=1e-4 * size)
            compared += 1
    assert compared >= 2  # others stand in the file in another layout, as ONNX's LSTM wants them
