"""Every module refuses what is not an array of numbers, with an error of ours that says so."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import AutogradError, Tensor

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "AdaptiveLogSoftmaxWithLoss": (3, 4, (2,), 2.0),
    "ActivitySparsity": (0.1,), "AdaptiveAvgPool1d": (1,), "AdaptiveAvgPool2d": (1,),
    "AdaptiveMaxPool1d": (1,), "AdaptiveMaxPool2d": (1,), "AvgPool1d": (1,), "AvgPool2d": (1,),
    "BatchNorm1d": (3,), "BatchNorm2d": (3,), "Bilinear": (3, 3, 2), "Conv1d": (2, 2, 1),
    "Conv2d": (2, 2, 1), "ConvTranspose1d": (2, 2, 1), "ConvTranspose2d": (2, 2, 1),
    "Embedding": (4, 3), "GRU": (3, 2), "GroupNorm": (1, 3), "LPPool1d": (2, 1),
    "LPPool2d": (2, 1), "LSTM": (3, 2), "LayerNorm": (3,), "Linear": (3, 2),
    "LocalResponseNorm": (2,), "MaxPool1d": (1,), "MaxPool2d": (1,), "MultiheadAttention": (4, 2),
    "RMSNorm": (3,), "RNN": (3, 2), "SyncBatchNorm": (3,), "TransformerDecoderLayer": (4, 2, 4),
    "TransformerEncoderLayer": (4, 2, 4), "Unflatten": (0, (1, 1)),
    "AdaptiveAvgPool3d": (1,), "AdaptiveMaxPool3d": (1,), "AvgPool3d": (1,), "BatchNorm3d": (3,),
    "ChannelShuffle": (1,), "Conv3d": (2, 2, 1), "ConvTranspose3d": (2, 2, 1),
    "EmbeddingBag": (4, 3), "Fold": (2, 2), "FractionalMaxPool2d": (1, 1),
    "FractionalMaxPool3d": (1, 1), "GRUCell": (3, 2), "InstanceNorm1d": (3,),
    "InstanceNorm2d": (3,), "InstanceNorm3d": (3,), "LPPool3d": (2, 1), "LSTMCell": (3, 2),
    "LazyLinear": (2,), "MaxPool3d": (1,), "MaxUnpool1d": (1,), "MaxUnpool2d": (1,),
    "MaxUnpool3d": (1,), "PixelShuffle": (1,), "PixelUnshuffle": (1,), "RNNCell": (3, 2),
    "Threshold": (0.0, 0.0), "Transformer": (4, 2, 1, 1, 4), "Unfold": (1,),
    **{f"{kind}Pad{n}d": (1,) for kind in ("Circular", "Reflection", "Replication", "Zero")
       for n in (1, 2, 3)},
    **{f"ConstantPad{n}d": (1, 0.0) for n in (1, 2, 3)},
    **{f"LazyConv{kind}{n}d": (2, 1) for kind in ("", "Transpose") for n in (1, 2, 3)},
}  # fmt: skip
MADE: dict[str, Callable[[], nn.Module]] = {
    "AveragedModel": lambda: nn.AveragedModel(nn.Linear(3, 2)),
    "DataParallel": lambda: nn.DataParallel(nn.Linear(3, 2)),
    "Sequential": lambda: nn.Sequential(nn.Linear(3, 2)),
    "TransformerDecoder": lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 4), 1),
    "TransformerEncoder": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 4), 1),
    "Upsample": lambda: nn.Upsample(scale_factor=2),
    "UpsamplingBilinear2d": lambda: nn.UpsamplingBilinear2d(scale_factor=2),
    "UpsamplingNearest2d": lambda: nn.UpsamplingNearest2d(scale_factor=2),
}
WRONG: dict[str, Any] = {
    "None": None,
    "text": "a",
    "bytes": b"x",
    "texts": ["a", "b"],
    "list of None": [None],
    "mixed": [[1.0, "a"]],
    "ragged": [[1.0], [1.0, 2.0]],
    "dict": {"a": 1},
    "object": object(),
    "text array": np.array([["a"]]),
    "object array": np.array([None]),
    "dates": np.array([np.datetime64(1, "D")]),
}
CLASSES = {
    name: getattr(nn, name)
    for name in nn.__all__
    if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
}
# Module is abstract, the containers are not called, and Identity takes everything
NOT_CALLED = {"Module", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "Identity"}
NAMES = sorted(CLASSES.keys() - NOT_CALLED)


def inputs(module: nn.Module) -> int:
    """How many inputs a module needs."""
    given = inspect.signature(module.forward).parameters.values()
    return max(1, sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in given))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_numbers_is_refused(name: str) -> None:
    made = MADE[name]() if name in MADE else CLASSES[name](*ARGUMENTS.get(name, ()))
    for kind, value in WRONG.items():
        with pytest.raises(AutogradError) as caught:
            made(*[value] * inputs(made))
        assert "test_nn_wrong_inputs.py" in str(caught.value), f"{kind}: the user's line is missing"


LOSSES = [name for name in NAMES if name.endswith(("Loss", "Error")) and name != "EntropyLoss"]


@pytest.mark.parametrize("name", LOSSES)
def test_a_target_of_none_is_refused(name: str) -> None:
    made = CLASSES[name](*ARGUMENTS.get(name, ()))
    if inputs(made) == 3:
        with pytest.raises(AutogradError, match=r"target|var is None|negative is None"):
            made(np.ones((2, 3)), np.ones((2, 3)), None)
        return
    with pytest.raises(AutogradError, match=r"target|class indices"):
        made(np.full((2, 3), 0.5), None)
    with pytest.raises(AutogradError, match=r"target|class indices"):
        made(Tensor(np.full((2, 3), 0.5), requires_grad=True), target=None)


def test_the_argument_is_named() -> None:
    with pytest.raises(AutogradError, match=r"^linear: input is None; it must be an array"):
        nn.Linear(3, 2)(None)
    with pytest.raises(AutogradError, match=r"^Flatten: the input must hold numbers, not <U1"):
        nn.Flatten()(["a"])
    with pytest.raises(AutogradError, match="does not form an array"):
        nn.ReLU()([[1.0], [1.0, 2.0]])
    with pytest.raises(AutogradError, match=r"^GlobalMaxPool2d: the input has shape \(2, 0, 3\)"):
        nn.GlobalMaxPool2d()(np.ones((2, 0, 3)))
    with pytest.raises(
        AutogradError, match=r"^Unflatten: axis 1 of shape \(2, 6\) does not divide"
    ):
        nn.Unflatten(1, (4, 2))(np.ones((2, 6)))


@pytest.mark.parametrize("value", [None, "a", ["a", "b"], [None], b"x", {"a": 1}, [1, "a"], object])
def test_a_tensor_holds_numbers(value: Any) -> None:
    with pytest.raises(AutogradError, match=r"^Tensor: data of .* are not numbers") as caught:
        Tensor(value)
    assert "Tensor(value)" in str(caught.value)
