"""Every module refuses what is not an array of numbers, with an error of ours that says so."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import AutogradError, Tensor
from autograd_core.base.errors import DTypeError, ShapeError

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


# --- shapes and settings that do not fit: which function says so, what it names, and where --------

F = nn.functional
ONE, IMAGE, VOLUME = np.ones((2, 3)), np.ones((1, 2, 4, 4)), np.ones((1, 2, 3, 3, 3))
LOGS, TABLE = np.log(np.full((5, 4, 3), 1 / 3)), np.ones((5, 3))
BLOCK, PAIR, ORIGIN = np.ones((2, 1, 2, 2, 2)), np.array([[0, 1]]), np.zeros((1, 1, 1, 2))
UNFIT: list[tuple[Callable[[], Any], str]] = [
    (lambda: F.conv2d(IMAGE, np.ones((3, 2, 2, 2)), stride=0),
     r"conv2d: stride \(0, 0\) and dilation \(1, 1\) must be positive"),
    (lambda: F.conv1d(IMAGE[0], np.ones((3, 4, 2)), padding=-1),
     r"conv1d: .*padding \(-1,\) not negative"),
    (lambda: F.conv3d(VOLUME, BLOCK.swapaxes(0, 1), padding="full"),
     r"conv3d: padding must be a number, 'same' or 'valid', not 'full'"),
    (lambda: F.conv3d(VOLUME, BLOCK.swapaxes(0, 1), stride=0),
     r"conv3d: stride \(0, 0, 0\) and dilation \(1, 1, 1\) must be positive"),
    (lambda: F.conv3d(VOLUME, np.ones((1, 2, 4, 4, 4))),
     r"conv3d: a kernel of \(4, 4, 4\) .* is larger than the input \(3, 3, 3\)"),
    (lambda: F.conv_transpose3d(VOLUME, BLOCK, dilation=0),
     r"conv_transpose3d: .* dilation \(0, 0, 0\) must be positive"),
    (lambda: F.conv_transpose3d(VOLUME, BLOCK, output_padding=1),
     r"conv_transpose3d: output_padding \(1, 1, 1\) must be smaller than stride"),
    (lambda: F.conv_transpose3d(VOLUME, BLOCK[..., :1, :1, :1], padding=2),
     r"conv_transpose3d: padding \(2, 2, 2\) leaves nothing of the output"),
    (lambda: F.max_pool2d(IMAGE, 2, padding=2),
     r"max_pool2d: padding \(2, 2\) must be at most half the kernel \(2, 2\)"),
    (lambda: F.avg_pool3d(VOLUME, 2, divisor_override=0), "avg_pool3d: divisor_override must not"),
    (lambda: F.fractional_max_pool2d(IMAGE, 2),
     "fractional_max_pool2d: give either output_size or output_ratio"),
    (lambda: F.fractional_max_pool2d(IMAGE, 2, output_ratio=(0.5, 1.5)),
     r"fractional_max_pool2d: output_ratio must be between 0 and 1, not \(0.5, 1.5\)"),
    (lambda: F.fractional_max_pool3d(ONE, 2, 1),
     r"fractional_max_pool3d: the input needs 5 axes, its shape is \(2, 3\)"),
    (lambda: F.fractional_max_pool2d(IMAGE, 2, 4),
     r"fractional_max_pool2d: \(4, 4\) windows of \(2, 2\) do not fit into .* \(4, 4\)"),
    (lambda: F.max_unpool2d(IMAGE, np.zeros((4, 4), int), 2),
     r"max_unpool2d: indices must be .* like the input, \(1, 2, 4, 4\), not int64 of .*\(4, 4\)"),
    (lambda: F.max_unpool2d(IMAGE, np.zeros(IMAGE.shape), 2),
     "max_unpool2d: indices must be integers .* not float64"),
    (lambda: F.max_unpool2d(IMAGE[..., :1, :1], np.zeros((1, 2, 1, 1), int), 2, padding=1),
     "max_unpool2d: padding 1 leaves nothing of the output"),
    (lambda: F.grid_sample(IMAGE, ORIGIN.repeat(2, 0)),
     r"grid_sample: the input has shape \(1, 2, 4, 4\), the grid \(2, 1, 1, 2\)"),
    (lambda: F.grid_sample(IMAGE[:, :, :0], ORIGIN),
     r"grid_sample: an input of shape \(1, 2, 0, 4\) has no values"),
    (lambda: F.grid_sample(IMAGE, ORIGIN, padding_mode="wrap"), "grid_sample: padding_mode 'wrap'"),
    (lambda: F.interpolate(np.ones((1, 1, 2, 2, 2, 2)), 1, mode="area"),
     "interpolate: mode 'area' resizes up to 3 axes, not 4"),
    (lambda: F.interpolate(IMAGE, 2, antialias=True),
     "interpolate: antialias is for bilinear and bicubic, not 'nearest'"),
    (lambda: F.interpolate(IMAGE, 2, recompute_scale_factor=True),
     "interpolate: recompute_scale_factor is for scale_factor, not size"),
    (lambda: F.unfold(IMAGE, 5), r"unfold: a kernel of \(5, 5\) .*larger than the image \(4, 4\)"),
    (lambda: F.unfold(ONE, 2), r"unfold: the input has shape \(2, 3\); \(n, channels, height"),
    (lambda: F.fold(np.ones(4), (2, 2), 2), r"fold: the input has shape \(4,\); \(n, channels"),
    (lambda: F.pixel_shuffle(IMAGE, 0), "pixel_shuffle: upscale_factor must be a positive integer"),
    (lambda: F.pad(np.ones((1, 2, 0)), (1, 0), "replicate"),
     r"pad: axis 2 of shape \(1, 2, 0\) has no value to repeat"),
    (lambda: nn.ReflectionPad2d(1)(ONE),
     r"ReflectionPad2d: the input has shape \(2, 3\); it needs channels and 2 axes"),
    (lambda: nn.ZeroPad2d(1)(np.ones(3)), r"ZeroPad2d: the input has shape \(3,\)"),
    (lambda: nn.Softmax2d()(ONE), r"Softmax2d: the input has shape \(2, 3\)"),
    (lambda: F.softmax(ONE, 1, temperature=0.0), "softmax: the temperature must be positive"),
    (lambda: F.gumbel_softmax(ONE, tau=0.0), "gumbel_softmax: tau must be positive, not 0.0"),
    (lambda: F.rrelu(ONE, 0.5, 0.25), "rrelu: lower 0.5 must not be above upper 0.25"),
    (lambda: F.rrelu(ONE, training=True, generator=3),
     "rrelu: generator must be a numpy.random.Generator, not 3"),
    (lambda: F.dropout1d(np.ones(3)), r"dropout1d: the input has shape \(3,\)"),
    (lambda: F.dropout3d(ONE), r"dropout3d: the input has shape \(2, 3\)"),
    (lambda: F.feature_alpha_dropout(np.ones(3), 0.5, True),
     r"feature_alpha_dropout: the input has shape \(3,\)"),
    (lambda: F.rms_norm(ONE, 3, np.ones(2)), r"rms_norm: weight has shape \(2,\); .* is \(3,\)"),
    (lambda: F.triplet_margin_loss(ONE, ONE, np.ones(3)),
     r"triplet_margin_loss: shapes \(2, 3\), \(2, 3\) and \(3,\) must have the same number"),
    (lambda: F.multilabel_margin_loss(ONE, ONE),
     "multilabel_margin_loss: the classes must be integers, not float64"),
    (lambda: F.multilabel_soft_margin_loss(ONE[:, :0], ONE[:, :0]),
     r"multilabel_soft_margin_loss: an input of shape \(2, 0\) has no classes"),
    (lambda: F.gaussian_nll_loss(ONE, ONE, -ONE), "gaussian_nll_loss: a variance is negative"),
    (lambda: F.gaussian_nll_loss(ONE, ONE, ONE, eps=0.0),
     "gaussian_nll_loss: eps must be positive, not 0.0"),
    (lambda: F.gaussian_nll_loss(ONE, ONE, ONE[:, :2]),
     r"gaussian_nll_loss: var has shape \(2, 2\), which does not fit to \(2, 3\)"),
    (lambda: F.ctc_loss(LOGS, np.ones((4, 1), int), [5] * 4, [2] * 4),
     r"ctc_loss: targets of shape \(4, 1\) do not fit to 4 sequences, the longest with 2 labels"),
    (lambda: F.ctc_loss(LOGS[0, 0], [1], 1, 1), r"ctc_loss: log_probs have shape \(3,\)"),
    (lambda: F.ctc_loss(LOGS[:0], [1], [0] * 4, [1] * 4),
     r"ctc_loss: log_probs have shape \(0, 4, 3\); .* neither time nor classes 0"),
    (lambda: F.embedding(PAIR, TABLE, padding_idx=5),
     "embedding: padding_idx 5 is outside the table's 5 rows"),
    (lambda: F.embedding(PAIR, TABLE, padding_idx=0.5),
     "embedding: padding_idx must be an integer, not 0.5"),
    (lambda: F.embedding_bag(PAIR, TABLE, padding_idx=6),
     "embedding_bag: padding_idx 6 is outside the table's 5 rows"),
    (lambda: F.embedding_bag(PAIR, TABLE, padding_idx=True),
     "embedding_bag: padding_idx must be an integer, not True"),
    (lambda: F.embedding_bag(PAIR, TABLE, [0]),
     "embedding_bag: offsets are for indices of one axis, not two"),
    (lambda: F.embedding_bag(PAIR[0], TABLE, [0.0]),
     "embedding_bag: offsets must be integers along one axis"),
    (lambda: F.embedding_bag(PAIR, TABLE, per_sample_weights=np.ones((1, 2))),
     "embedding_bag: per_sample_weights are for mode 'sum', not 'mean'"),
    (lambda: F.embedding_bag(PAIR, TABLE, mode="sum", per_sample_weights=np.ones(2)),
     r"embedding_bag: per_sample_weights have shape \(2,\), the indices \(1, 2\)"),
    (lambda: F.one_hot(np.array([], int)), "one_hot: num_classes must be given where there is no"),
    (lambda: F.pdist(np.ones(3)), r"pdist: the input has shape \(3,\); \(n, features\) is needed"),
    (lambda: F.pdist(ONE, -1.0), "pdist: p must not be negative, as -1.0 is"),
    (lambda: nn.EmbeddingBag(3, 2, padding_idx=3),
     "EmbeddingBag: padding_idx 3 is outside of 3 rows"),
    (lambda: nn.EmbeddingBag(3, 2, padding_idx=-4),
     "EmbeddingBag: padding_idx must be at least -3, not -4"),
    (lambda: nn.GRU(2, 3, proj_size=1), "GRU: proj_size is for LSTM only; it must be 0, not 1"),
    (lambda: nn.LazyLinear(2)(3.0), "LazyLinear: the input is a number; an array is needed"),
    (lambda: nn.utils.rnn.pad_sequence([]), "pad_sequence: a list of arrays, each with an axis of"),
    (lambda: nn.utils.rnn.pad_sequence([ONE], padding_side="top"),
     "pad_sequence: padding_side must be 'right' or 'left', not 'top'"),
    (lambda: nn.utils.rnn.unpad_sequence(ONE, [1, 2]),
     r"unpad_sequence: an array of shape \(2, 3\) and lengths of shape \(2,\) do not fit"),
    (lambda: nn.metrics.mean_absolute_error(ONE * 1j, ONE),
     "mean_absolute_error: the input must hold real numbers, not complex128"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), UNFIT, ids=[message for _, message in UNFIT])
def test_what_does_not_fit_is_told_with_its_shapes_and_line(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ShapeError, match=f"^{message}") as caught:
        call()
    assert "test_nn_wrong_inputs.py" in str(caught.value)


def test_ranks_exchange_numbers_only() -> None:
    for name in ("all_reduce", "all_gather"):
        with pytest.raises(DTypeError, match=f"^{name}: the values must be numbers, not bool") as c:
            getattr(nn.distributed, name)(np.array([True]))
        assert "test_nn_wrong_inputs.py" in str(c.value)
