"""What layers, optimizers and schedules are made with: PyTorch's keywords, and what is refused."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core import AutogradError, OperandError, SettingError, Tensor
from optim import lr_scheduler
from tests.cases.pytorch_keywords import KEYWORDS

LAYER = nn.TransformerEncoderLayer(4, 2, 4)
DECODER = nn.TransformerDecoderLayer(4, 2, 4)
NEEDED: dict[str, tuple[Any, ...]] = {
    "AdaptiveAvgPool1d": (2,), "AdaptiveAvgPool2d": (2,), "AdaptiveMaxPool1d": (2,),
    "AdaptiveMaxPool2d": (2,), "AvgPool1d": (2,), "AvgPool2d": (2,), "BatchNorm1d": (3,),
    "BatchNorm2d": (3,), "Bilinear": (2, 3, 4), "Conv1d": (2, 2, 3), "Conv2d": (2, 2, 3),
    "ConvTranspose1d": (2, 2, 3), "ConvTranspose2d": (2, 2, 3), "Embedding": (4, 3), "GRU": (3, 2),
    "GroupNorm": (1, 2), "LPPool1d": (2, 2), "LPPool2d": (2, 2), "LSTM": (3, 2), "LayerNorm": (3,),
    "Linear": (3, 2), "LocalResponseNorm": (3,), "MaxPool1d": (2,), "MaxPool2d": (2,),
    "MultiheadAttention": (4, 2), "RMSNorm": (3,), "RNN": (3, 2),
    "TransformerDecoder": (DECODER, 2), "TransformerDecoderLayer": (4, 2),
    "TransformerEncoder": (LAYER, 2), "TransformerEncoderLayer": (4, 2), "Unflatten": (1, (2, 3)),
}  # fmt: skip


def parameters() -> list[Tensor]:
    return [Tensor(np.ones(2), requires_grad=True)]


def make(kind: str, name: str, **keywords: Any) -> Any:
    if kind == "nn":
        if name == "Upsample":
            keywords = {"size": 4, **{k: v for k, v in keywords.items() if v is not None}}
        return getattr(nn, name)(*NEEDED.get(name, ()), **keywords)
    if kind == "optim":
        return getattr(optim, name)(parameters(), **{"lr": 0.1, **keywords})
    sgd = optim.SGD(parameters(), lr=0.1, momentum=0.9)
    needed: dict[str, tuple[Any, ...]] = {
        "StepLR": (2,), "MultiStepLR": ([2],), "ExponentialLR": (0.9,), "LambdaLR": (lambda k: 1,),
        "MultiplicativeLR": (lambda k: 1,), "CosineAnnealingLR": (5,), "OneCycleLR": (0.1, 9),
        "CosineAnnealingWarmRestarts": (5,), "SequentialLR": ([lr_scheduler.ConstantLR(sgd)], []),
    }  # fmt: skip
    if name == "ChainedScheduler":
        return lr_scheduler.ChainedScheduler([lr_scheduler.ConstantLR(sgd)], **keywords)
    if name == "OneCycleLR":
        keywords.pop("total_steps", None)
    return getattr(lr_scheduler, name)(sgd, *needed.get(name, ()), **keywords)


ROWS = [
    (kind, name, key)
    for kind, names in KEYWORDS.items()
    for name, keys in names.items()
    for key in keys
]


@pytest.mark.parametrize(("kind", "name", "key"), ROWS)
def test_every_keyword_of_pytorch_at_its_default(kind: str, name: str, key: str) -> None:
    value = KEYWORDS[kind][name][key]
    nn.manual_seed(0)
    plain = make(kind, name)
    nn.manual_seed(0)
    given = make(kind, name, **{key: value})
    if kind == "optim":
        assert {**given.defaults, "lr": 0.1} == plain.defaults
    if kind == "nn":
        assert repr(given) == repr(plain)
    if kind == "nn":
        for a, b in zip(given.parameters(), plain.parameters(), strict=True):
            np.testing.assert_array_equal(a.data, b.data)


@pytest.mark.parametrize(("kind", "name", "key"), ROWS)
def test_what_is_no_value_at_all_is_refused_by_name(kind: str, name: str, key: str) -> None:
    if key in ("return_indices", "inplace", "padding_mode", "device", "size_average", "foreach",
               "reduction", "mode", "approximate", "nonlinearity", "add_zero_attn", "sparse",
               "differentiable", "max_norm", "fused", "capturable", "reduce", "p", "margin",
               "eps", "num_layers", "dropout", "kernel_size", "stride", "padding", "dilation",
               "groups", "output_padding", "momentum", "negative_slope", "alpha", "delta", "beta",
               "ignore_index", "label_smoothing", "padding_idx", "kdim", "dim"):  # fmt: skip
        with pytest.raises(AutogradError, match=key):
            make(kind, name, **{key: "sideways"})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Linear(2, 2, device="cuda"), "device='cuda'"),
        (lambda: nn.MSELoss(size_average=False), "reduction="),
        (lambda: nn.Embedding(3, 2, max_norm=1.0), "max_norm=1.0"),
        (lambda: nn.MultiheadAttention(4, 2, add_zero_attn=True), "add_zero_attn"),
        (lambda: optim.Adam(parameters(), differentiable=True), "differentiable=True"),
        (lambda: optim.Adam([{"params": parameters(), "differentiable": 1}]), "differentiable=1"),
    ],
)
def test_what_would_change_the_numbers_is_refused_by_name(make: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        make()
    assert "test_nn_settings.py" in str(caught.value)


def test_harmless_values_change_nothing() -> None:
    x = np.linspace(-1, 1, 6)
    kept = x.copy()
    for layer in (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.SiLU):
        np.testing.assert_array_equal(layer(inplace=True)(x), layer()(x))
        np.testing.assert_array_equal(x, kept)
    group = {"params": parameters(), "foreach": True, "fused": None}
    assert "foreach" not in optim.Adam([group], lr=0.1).param_groups[0]


WRONG: dict[str, Any] = {
    "Linear": [(0, 2), (2, -1), (2.5, 1), (True, 1)],
    "Bilinear": [(0, 1, 1), (1, 0, 1), (1, 1, 0)],
    "Conv1d": [(1, 1, 0), (1, 1, -3), (1, 1, 2.5), (1, 1, (1, 2)), (0, 1, 1), (1, 1, 3, 0),
               (1, 1, 3, 1, -1), (1, 1, 3, 1, "not_same"), (1, 1, 3, 2, "same"),
               (1, 1, 3, 1, 0, 0), (1, 1, 3, 1, 0, 1, 2), (1, 1, 3, 1, 0, 1, 0)],
    "Conv2d": [(1, 1, (3, 0)), (1, 1, 3, (1, 0)), (1, 1, 3, (1, 2), "same"), (1, 1, 3, 1, "valide"),
               (1, 1, "3"), (1, 1, None), (3, 2, 1, 1, 0, 1, 3), (1.0, 1, 1)],
    "ConvTranspose1d": [(1, 1, 0), (1, 1, 3, 1, "same"), (1, 1, 3, 2, 0, 2), (1, 1, 3, 1, 0, -1)],
    "ConvTranspose2d": [(1, 1, 3, 2, 0, (1, 2)), (1, 1, 3, 1, 0, 1),
                        (1, 1, 3, 1, 0, 0, 1, True, 1, "reflect")],
    "MaxPool1d": [(0,), (2, 0), (2, 1, 2), (2, 1, -1), (2, 1, 0, 0), ((2, 2),)],
    "AvgPool1d": [(0,), (2, -1), (2, 1, 2)],
    "AvgPool2d": [(0,), (2, 0), (2, 1, (0, 2)), (2, 1, 0, False, True, 0)],
    "LPPool1d": [(0, 2), (2, 0), (-1, 2)],
    "LPPool2d": [(2, (0, 1)), (np.inf, 2)],
    "AdaptiveAvgPool1d": [(0,), (-1,), ("3",), (None,)],
    "AdaptiveAvgPool2d": [(0,), ((1, 0),), ((1, 2, 3),)],
    "AdaptiveMaxPool1d": [(0,)],
    "AdaptiveMaxPool2d": [((0, 1),)],
    "BatchNorm1d": [(0,), (3, -1e-5), (3, 1e-5, 2.0), (2.5,)],
    "BatchNorm2d": [(-3,), (3, "small"), (3, 1e-5, -0.1)],
    "SyncBatchNorm": [(0,), (3, -1e-5), (3, 1e-5, 2.0)],
    "DataParallel": [(None,), (3,), (nn.Linear,)],
    "LayerNorm": [(0,), ((3, 0),), ((),), (3, -1.0)],
    "RMSNorm": [(0,), ((3, 0),), ((),), (3, -1.0)],
    "GroupNorm": [(0, 2), (2, 3), (2, 0), (2, 4, np.nan)],
    "LocalResponseNorm": [(0,), (2, "a")],
    "Embedding": [(0, 2), (2, 0), (2, 2, 2), (2, 2, -3), (2, 2, 0.5)],
    "Dropout": [(-0.1,), (1.1,), (np.nan,), ("half",)],
    "Dropout2d": [(2,)],
    "PReLU": [(0,), (1, np.nan)],
    "LeakyReLU": [("a",)],
    "ELU": [(np.inf,)],
    "GELU": [("tan",), (None,)],
    "Softplus": [(0.0,), (1.0, "a")],
    "Softmax": [(1.5,), ("a",), (1, 0.0), (1, -1.0)],
    "LogSoftmax": [(0.5,)],
    "Softmin": [(1.5,), (1, "a"), (1, np.inf), (1, np.nan)],
    "Upsample": [(), (2, 2), (0,), (None, -1.0), (2, None, "cubist")],
    "Flatten": [(0.5,), (1, "a")],
    "Unflatten": [(0.5, (1,)), (1, (-2,))],
    "RNN": [(0, 1), (1, 0), (1, 1, 0), (1, 1, 1, "sin")],
    "LSTM": [(0, 1), (1, 1, 1, True, False, 1.5), (1, 1.5), (1, 2, 1, True, False, 0.0, False, 2)],
    "GRU": [(1, 1, -1)],
    "MaxPool2d": [(0,), ((2, 0),), (2, (1, 0)), (3, 1, 2), (2.0,), ((2, 2, 2),), (2, 1, 0, 1, 1)],
    "MultiheadAttention": [(0, 1), (4, 3), (4, 0), (4, 2, -0.1), (4, 2, 0.0, True, 0)],
    "TransformerEncoderLayer": [(4, 3), (0, 1), (4, 2, 0), (4, 2, 8, 1.5), (4, 2, 8, 0.1, "sin")],
    "TransformerDecoderLayer": [(4, 3), (4, 2, -1), (4, 2, 8, 0.1, "sin")],
    "TransformerEncoder": [(LAYER, 0), (3, 1)],
    "TransformerDecoder": [(DECODER, -1), (None, 1)],
    "MSELoss": [("avg",), ("batchmean",), (None,)],
    "L1Loss": [("all",)],
    "HuberLoss": [("avg",), ("mean", 0.0)],
    "SmoothL1Loss": [("avg",), ("mean", -1.0)],
    "HingeLoss": [("a",), (1.0, "avg")],
    "HalfSquaredError": [("avg",)],
    "MultiMarginLoss": [(3,), (1, "a"), (1, 1.0, None, "avg")],
    "NLLLoss": [(None, 0.5), (None, -100, "avg")],
    "CrossEntropyLoss": [(None, None), (None, -100, "avg"), (None, -100, "mean", 1.5)],
    "BCELoss": [(None, "avg")],
    "BCEWithLogitsLoss": [(None, "avg")],
    "KLDivLoss": [("avg",)],
    "EntropyLoss": [(0.5,), (1, "avg")],
    "CosineSimilarity": [(0.5,), (1, -1.0)],
    "CosineEmbeddingLoss": [("a",), (0.0, "avg")],
    "Conv3d": [(1, 1, (3, 0, 1)), (1, 1, (2, 2)), (1, 1, 3, 1, "valide"), (0, 1, 1),
               (1, 1, 3, 1, 0, 1, 1, True, "mirror")],
    "ConvTranspose3d": [(1, 1, 3, 2, 0, 2), (1, 1, 3, 1, 0, 0, 1, True, 1, "reflect")],
    "MaxPool3d": [(0,), (3, 1, 2), ((2, 2),)],
    "AvgPool3d": [(0,), (2, 1, 0, False, True, 0)],
    "LPPool3d": [(0, 2), (2, 0)],
    "AdaptiveAvgPool3d": [(0,), ((1, 2),)],
    "AdaptiveMaxPool3d": [(0,)],
    "MaxUnpool1d": [(0,)],
    "MaxUnpool2d": [(0,), ((2, 2, 2),)],
    "MaxUnpool3d": [(0,)],
    "FractionalMaxPool2d": [(0, 1), (2,), (2, 1, 0.5), (2, None, 1.5), (2, 0)],
    "FractionalMaxPool3d": [(2,), (2, (1, 1))],
    "Fold": [(0, 2), (3, 0), (3, 2, 0)],
    "Unfold": [(0,), (2, 0), (2, 1, -1)],
    "PixelShuffle": [(0,)],
    "PixelUnshuffle": [(1.5,)],
    "ChannelShuffle": [(0,)],
    "UpsamplingNearest2d": [(), (0,)],
    "UpsamplingBilinear2d": [(2, 2)],
    **{f"{kind}Pad{n}d": [(1.5,), ((1,) * (2 * n + 1),), ("a",)]
       for kind in ("Reflection", "Replication", "Circular", "Zero") for n in (1, 2, 3)},
    **{f"ConstantPad{n}d": [(1.5, 0.0), (1, "a")] for n in (1, 2, 3)},
    "BatchNorm3d": [(0,)],
    **{f"InstanceNorm{n}d": [(0,), (2, -1.0)] for n in (1, 2, 3)},
    "Dropout1d": [(2,)],
    "Dropout3d": [(-1,)],
    "AlphaDropout": [(2,)],
    "FeatureAlphaDropout": [("a",)],
    "CELU": [(0.0,), ("a",)],
    "GLU": [(0.5,)],
    "Hardtanh": [(1.0, 0.0), ("a",)],
    "Hardshrink": [("a",), (None,)],
    "Softshrink": [(-1.0,)],
    "Threshold": [("a", 0.0), (0.0, np.nan)],
    "RReLU": [(0.5, 0.25), ("a",)],
    "RNNCell": [(0, 1), (1, 1, True, "sin")],
    "LSTMCell": [(1, 0)],
    "GRUCell": [(0, 1)],
    "Transformer": [(4, 3), (4, 2, 0)],
    "EmbeddingBag": [(0, 2), (2, 0)],
    "MarginRankingLoss": [("a",)],
    "HingeEmbeddingLoss": [("a",)],
    "TripletMarginLoss": [(0.0,), (1.0, 2.0, "a")],
    "SoftMarginLoss": [("avg",)],
    "MultiLabelMarginLoss": [("avg",)],
    "MultiLabelSoftMarginLoss": [(None, "avg")],
    "PoissonNLLLoss": [(True, False, 0.0)],
    "CTCLoss": [(-1,), (0, "avg")],
    "PairwiseDistance": [(2.0, "a")],
    "LazyLinear": [(0,)],
    "AdaptiveLogSoftmaxWithLoss": [(0, 6, [2]), (8, 0, [2]), (8, 6, [2], 0.0), (8, 6, [4, 2])],
    "AveragedModel": [("a",), (LAYER, "cuda"), (LAYER, None, len, len)],
    **{f"LazyConv{n}d": [(0, 1), (2, 0)] for n in (1, 2, 3)},
    **{f"LazyConvTranspose{n}d": [(0, 1)] for n in (1, 2, 3)},
    **{f"LazyBatchNorm{n}d": [(-1.0,)] for n in (1, 2, 3)},
    **{f"LazyInstanceNorm{n}d": [(-1.0,)] for n in (1, 2, 3)},
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_refused_where_it_was_written(name: str) -> None:
    for args in WRONG[name]:
        with pytest.raises(AutogradError) as caught:
            getattr(nn, name)(*args)
        assert "test_nn_settings.py" in str(caught.value), args


def test_all_layers_with_settings_are_walked() -> None:
    from inspect import isclass, signature

    without = {"ParameterDict", "ParameterList", "Hardsigmoid", "Hardswish", "Mish",
               "GaussianNLLLoss", "TripletMarginWithDistanceLoss",  # all by name
               "ActivitySparsity", "Step", "Identity", "Module", "ModuleDict", "ModuleList",
               "Parameter", "Sequential", "ReLU", "ReLU6", "SELU", "SiLU"}  # fmt: skip
    layers = {
        name
        for name in nn.__all__
        if isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.Module)
        if len(signature(getattr(nn, name)).parameters) > 0
    }
    assert layers - without == set(WRONG)


def test_norms_without_a_shift() -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))
    for with_it, without in (
        (nn.BatchNorm1d(6), nn.BatchNorm1d(6, bias=False)),
        (nn.GroupNorm(2, 6), nn.GroupNorm(2, 6, bias=False)),
    ):
        assert [name for name, _ in without.named_parameters()] == ["weight"]
        np.testing.assert_allclose(without(x).detach().data, with_it(x).detach().data)


def test_the_masks_of_whole_transformers() -> None:
    x = np.random.default_rng(0).normal(size=(5, 2, 4))
    mask = np.triu(np.ones((5, 5), bool), 1)
    encoder = nn.TransformerEncoder(LAYER, 2).double().eval()
    expected = x
    for layer in encoder.layers:
        expected = layer(expected, src_mask=mask)
    for found in (
        encoder(x, mask), encoder(x, mask=mask), encoder(x, src_mask=mask),
        encoder(x, is_causal=True), encoder(x, mask=mask, is_causal=None),
    ):  # fmt: skip
        np.testing.assert_allclose(found.detach().data, expected.detach().data)
    with pytest.raises(AutogradError, match="mask and src_mask"):
        encoder(x, mask=mask, src_mask=mask)
    decoder = nn.TransformerDecoder(DECODER, 2).double().eval()
    same = decoder(x, x, tgt_mask=mask, tgt_is_causal=None).detach().data
    np.testing.assert_allclose(decoder(x, x, mask).detach().data, same)


def test_softmax_without_an_axis() -> None:
    for layer in (nn.Softmax, nn.Softmin, nn.LogSoftmax):
        for shape in ((3,), (2, 3)):
            x = np.random.default_rng(0).normal(size=shape)
            np.testing.assert_allclose(layer()(x), layer(dim=-1)(x))
        for shape in ((2, 3, 4), (2, 3, 4, 5)):
            with pytest.raises(AutogradError, match="give dim="):
                layer()(np.ones(shape))
    for function in (nn.functional.softmax, nn.functional.log_softmax, nn.functional.softmin):
        x = np.random.default_rng(0).normal(size=(2, 3))
        np.testing.assert_allclose(function(x), function(x, -1))
        with pytest.raises(AutogradError, match=f"{function.__name__}: give dim="):
            function(np.ones((2, 3, 4)))


def test_a_value_of_one_element_is_minimized() -> None:
    p = Tensor([3.0], requires_grad=True)
    for found in (
        optim.lbfgs(lambda x: (x - 1.0) ** 2, np.array([5.0])),
        optim.newton(lambda x: (x - 1.0) ** 2 + (x - 1.0) ** 4, np.array([2.0])),
        optim.gradient_descent(lambda x: (x - 1.0) ** 2, np.array([5.0])),
        optim.newton_cg(lambda x: (x - 1.0) ** 2, np.array([5.0])),
        optim.lbfgs(optim.of_parameters(lambda: (p - 1.0) ** 2, [p])),
    ):
        np.testing.assert_allclose(np.ravel(found.x), 1.0, atol=1e-4)


def test_estimators_that_are_not_there(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    for name in ("nn.estimators", "nn.base_estimator", "nn.sklearn_parts"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in ("NeuralNetClassifier", "NeuralNetRegressor", "estimators"):
        nn.__dict__.pop(name, None)
        assert not hasattr(nn, name)
        assert name not in dir(nn)
        with pytest.raises(AutogradError, match="scikit-learn"):
            getattr(nn, name)
    with pytest.raises(ImportError, match=r"pip install 'autograd-core\[sklearn\]'"):
        from nn import NeuralNetClassifier  # noqa: F401


def test_a_complex_loss_is_named() -> None:
    layer = nn.Module()
    layer.z = nn.Parameter(np.ones(1, complex))
    layer.forward = lambda x: x * layer.z
    trainer = nn.Trainer(layer, lambda y, t: np.mean(y - t), optim.SGD(layer.parameters(), lr=0.1))
    with pytest.raises(SettingError, match="real number"):
        trainer.fit((np.ones((4, 1)), np.ones((4, 1))), epochs=1)


TRAINED = [n for n in NEEDED if "dtype" in inspect.signature(getattr(nn, n)).parameters]


@pytest.mark.parametrize("name", [*TRAINED, "PReLU"])
def test_a_dtype_is_one_of_floating_point_numbers(name: str) -> None:
    for wrong in ("cpu", "zeros", 2.0, 0, True, int, "int64", bool, str, object()):
        with pytest.raises(SettingError, match="dtype must be a dtype of floating-point numbers"):
            make("nn", name, dtype=wrong)
    for right in (None, float, "float16", np.float32, np.dtype("f8")):
        wanted = np.dtype("float32" if right is None else right)
        assert {p.dtype for p in make("nn", name, dtype=right).parameters()} == {wanted}


def test_the_default_dtype_is_checked_too() -> None:
    with pytest.raises(SettingError, match="set_default_dtype"):
        nn.set_default_dtype("cpu")
    assert nn.get_default_dtype() == "float32"


def test_too_many_arguments_by_position() -> None:
    """Each place is PyTorch's, or refused; inplace, the last there, is harmless."""
    ones = np.ones(3)
    for made in (
        lambda: nn.CrossEntropyLoss(ones, None, -100, None, "sum"),
        lambda: nn.BCELoss(None, None, None, "sum"),
        lambda: nn.MSELoss(None, None, "sum"),
        lambda: nn.KLDivLoss(None, None, "sum", True),
        lambda: nn.Linear(3, 2, True, None, np.float64),
        lambda: nn.Dropout(0.5, True, 3),
        lambda: nn.CrossEntropyLoss(ones, None),
        lambda: nn.NLLLoss(ones, True),
        lambda: nn.BCELoss(None, None),
        lambda: nn.MSELoss(True),
        lambda: nn.MultiMarginLoss(1, 1.0, None, None),
        lambda: nn.KLDivLoss(None, None),
        lambda: nn.SmoothL1Loss(None, None),
        lambda: nn.CosineEmbeddingLoss(0.0, None),
        lambda: nn.MultiheadAttention(4, 2, 0.0, True, False, False, 4, 4, True, None),
    ):
        with pytest.raises(
            OperandError, match=r"takes (no|at most \d) arguments? by position.*by name"
        ):
            made()
    x = np.array([-1.0, 2.0])
    for name in ("ReLU", "ReLU6", "SELU", "SiLU"):
        np.testing.assert_array_equal(getattr(nn, name)(True)(x), getattr(nn, name)()(x))
    np.testing.assert_array_equal(nn.ELU(0.5, True)(x), nn.ELU(0.5)(x))
    np.testing.assert_array_equal(nn.LeakyReLU(0.5, True)(x), nn.LeakyReLU(0.5)(x))
    assert nn.Dropout(0.25, True).p == 0.25
    with pytest.raises(SettingError, match="inplace"):
        nn.ReLU(3)


@pytest.mark.parametrize("wrong", [None, True, 1.5, "mean"])
def test_functions_check_the_ignored_class(wrong: Any) -> None:
    x, t = np.log(np.full((2, 3), 1 / 3)), np.array([0, 1])
    for loss in (nn.functional.nll_loss, nn.functional.cross_entropy):
        with pytest.raises(AutogradError, match="ignore_index must be an integer"):
            loss(x, t, ignore_index=wrong)
    with pytest.raises(AutogradError, match="generator must be"):
        nn.functional.dropout(x, 0.5, True, generator=True)


def test_a_module_cannot_contain_itself() -> None:
    model, inner = nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 2))
    model.add_module("inner", inner)
    for outer, name, part in ((model, "me", model), (inner, "back", model)):
        with pytest.raises(OperandError, match="would contain itself"):
            outer.add_module(name, part)
        with pytest.raises(OperandError, match="would contain itself"):
            setattr(outer, name, part)
    inner.parents = (model,)
    assert list(model.state_dict()) == ["0.weight", "0.bias", "inner.0.weight", "inner.0.bias"]
