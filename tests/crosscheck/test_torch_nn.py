"""Every module and loss beside PyTorch's: same weights, same inputs, outputs and gradients.

Weights go across as safetensors files written by one side and read by the other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import Tensor

torch = pytest.importorskip("torch")
torch_files = pytest.importorskip("safetensors.torch")

TOLERANCE = 1e-6
rng = np.random.default_rng(7)


def normal(*shape: int) -> Any:
    return rng.normal(size=shape)


def both(name: str, *args: Any, **keywords: Any) -> tuple[Any, Any]:
    """Return our module and PyTorch's, float64, with the same (random) state through a file."""
    ours = getattr(nn, name)(*args, **keywords).double()
    theirs = getattr(torch.nn, name)(*args, **keywords).double()
    return ours, theirs


def exchange(ours: Any, theirs: Any, folder: Path) -> None:
    """Give theirs random weights, and ours theirs, by a file of theirs."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in theirs.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=p.dtype) * 0.5)
        for b in theirs.buffers():
            if b.dtype.is_floating_point:
                b.copy_(torch.rand(b.shape, generator=generator, dtype=b.dtype) + 0.5)
    path = folder / "theirs.safetensors"
    torch_files.save_file(theirs.state_dict(), path)
    report = ours.load_state_dict(nn.load(path))
    assert not report.missing_keys
    assert not report.unexpected_keys


def leaves(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in leaves(part)]
    return [] if value is None else [value]


def compare(
    ours: Callable[..., Any], theirs: Callable[..., Any], inputs: list[Any], names: Any = ()
) -> None:
    xs = [Tensor(x, requires_grad=True) if x.dtype.kind == "f" else x for x in inputs]
    ts = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
    ys, zs = leaves(ours(*xs)), leaves(theirs(*ts))
    assert len(ys) == len(zs)
    total: Any = 0
    other: Any = 0
    for y, z in zip(ys, zs, strict=True):
        assert y.shape == tuple(z.shape)
        np.testing.assert_allclose(y.detach().data, z.detach().numpy(), TOLERANCE, TOLERANCE)
        c = np.random.default_rng(3).normal(size=y.shape)
        total = total + np.sum(y * c)
        other = other + (z * torch.tensor(c)).sum()
    total.backward()
    other.backward()
    for x, t in zip(xs, ts, strict=True):
        if isinstance(x, Tensor):
            np.testing.assert_allclose(x.grad.data, t.grad.numpy(), TOLERANCE, TOLERANCE)
    for p, q in names:
        np.testing.assert_allclose(p.grad.data, q.grad.numpy(), TOLERANCE, TOLERANCE)


MODULES = [
    ("Linear", (5, 3), {}, [(4, 5)]),
    ("Linear", (5, 3), {"bias": False}, [(2, 4, 5)]),
    ("Bilinear", (3, 4, 2), {}, [(5, 3), (5, 4)]),
    ("Conv1d", (4, 6, 3), {"stride": 2, "padding": 1, "groups": 2}, [(2, 4, 9)]),
    ("Conv2d", (3, 4, 3), {"padding": 1}, [(2, 3, 6, 5)]),
    ("Conv2d", (3, 4, (3, 2)), {"padding": "same"}, [(2, 3, 6, 5)]),
    ("Conv2d", (3, 4, 3), {"padding": "same"}, [(2, 3, 6, 5)]),
    ("Conv2d", (3, 4, (2, 4)), {"padding": "same"}, [(2, 3, 6, 5)]),
    ("Conv2d", (3, 4, (4, 3)), {"padding": "same", "dilation": (1, 2)}, [(3, 9, 8)]),
    ("Conv1d", (3, 4, 4), {"padding": "same", "groups": 1}, [(2, 3, 6)]),
    ("Conv2d", (4, 6, (3, 2)), {"stride": (2, 1), "dilation": (1, 2), "groups": 2}, [(2, 4, 8, 7)]),
    ("Conv2d", (3, 4, 1), {"bias": False}, [(2, 3, 6, 5)]),
    ("Conv2d", (3, 4, 5), {"stride": 3, "padding": 4}, [(3, 7, 8)]),
    ("ConvTranspose1d", (4, 6, 3), {"stride": 2, "output_padding": 1, "groups": 2}, [(2, 4, 5)]),
    ("ConvTranspose2d", (4, 6, 3), {"stride": 2, "padding": 1, "output_padding": 1},
     [(2, 4, 5, 4)]),
    ("ConvTranspose2d", (4, 6, (2, 3)), {"dilation": 2, "groups": 2}, [(2, 4, 5, 4)]),
    ("MaxPool1d", (3,), {"stride": 2, "padding": 1}, [(2, 3, 9)]),
    ("MaxPool2d", (2,), {}, [(2, 3, 6, 8)]),
    ("MaxPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, [(2, 3, 8, 7)]),
    ("MaxPool2d", ((2, 3),), {"stride": 1, "dilation": 2}, [(2, 3, 8, 7)]),
    ("AvgPool1d", (3,), {"stride": 2, "padding": 1}, [(2, 3, 9)]),
    ("AvgPool2d", (2,), {}, [(2, 3, 6, 7)]),
    ("AvgPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, [(2, 3, 8, 7)]),
    ("AvgPool2d", (3,), {"stride": 2, "padding": 1, "count_include_pad": False}, [(2, 3, 8, 7)]),
    ("AvgPool2d", (2,), {"divisor_override": 3}, [(2, 3, 4, 4)]),
    ("LPPool1d", (2, 3), {"stride": 2}, [(2, 3, 9)]),
    ("LPPool2d", (2, 2), {}, [(2, 3, 6, 4)]),
    ("AdaptiveAvgPool1d", (4,), {}, [(2, 3, 10)]),
    ("AdaptiveAvgPool2d", ((3, 2),), {}, [(2, 3, 7, 4)]),
    ("AdaptiveAvgPool2d", (1,), {}, [(2, 3, 7, 4)]),
    ("AdaptiveMaxPool1d", (4,), {}, [(2, 3, 10)]),
    ("AdaptiveMaxPool2d", ((3, None),), {}, [(2, 3, 7, 4)]),
    ("BatchNorm1d", (4,), {}, [(6, 4)]),
    ("BatchNorm1d", (4,), {"affine": False}, [(3, 4, 5)]),
    ("BatchNorm2d", (4,), {"eps": 1e-3, "momentum": 0.3}, [(3, 4, 5, 2)]),
    ("BatchNorm2d", (4,), {"momentum": None}, [(3, 4, 5, 2)]),
    ("BatchNorm2d", (4,), {"track_running_stats": False}, [(3, 4, 5, 2)]),
    ("LayerNorm", (5,), {}, [(3, 4, 5)]),
    ("LayerNorm", ((4, 5),), {"bias": False}, [(3, 4, 5)]),
    ("RMSNorm", (5,), {}, [(3, 4, 5)]),
    ("RMSNorm", ((4, 5),), {"eps": 1e-3}, [(3, 4, 5)]),
    ("GroupNorm", (2, 6), {}, [(3, 6, 4)]),
    ("LocalResponseNorm", (3,), {"alpha": 0.5, "k": 2.0}, [(2, 5, 3, 4)]),
    ("LocalResponseNorm", (4,), {"alpha": 0.5}, [(2, 5, 3, 4)]),
    ("Flatten", (), {}, [(2, 3, 4)]),
    ("Flatten", (0, 1), {}, [(2, 3, 4)]),
    ("Unflatten", (1, (2, 3)), {}, [(4, 6)]),
    ("Identity", (), {}, [(2, 3)]),
    ("Upsample", (), {"scale_factor": 2}, [(2, 3, 4, 5)]),
    ("Upsample", ((7, 9),), {}, [(2, 3, 4, 5)]),
    ("Upsample", (), {"scale_factor": 2, "mode": "bilinear"}, [(2, 3, 4, 5)]),
    ("Upsample", ((7, 9),), {"mode": "bilinear", "align_corners": True}, [(2, 3, 4, 5)]),
    ("Upsample", (6,), {"mode": "linear"}, [(2, 3, 4)]),
    *[(name, (), {}, [(3, 4)]) for name in (
        "ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "GELU", "SiLU", "Softplus", "Sigmoid",
        "LogSigmoid", "Tanh",
    )],
    ("GELU", (), {"approximate": "tanh"}, [(3, 4)]),
    ("PReLU", (3,), {}, [(2, 3, 4)]),
    ("Softplus", (2.0, 1.5), {}, [(3, 4)]),
    ("Softmax", (1,), {}, [(3, 4, 2)]),
    ("LogSoftmax", (-1,), {}, [(3, 4)]),
    ("Softmin", (1,), {}, [(3, 4, 2)]),
    ("CosineSimilarity", (), {"dim": 1}, [(3, 4), (3, 4)]),
    *[(name, (4, 3), keywords, [(5, 2, 4)] if not keywords.get("batch_first") else [(2, 5, 4)])
      for name in ("RNN", "LSTM", "GRU")
      for keywords in (
          {}, {"num_layers": 2, "bidirectional": True}, {"batch_first": True, "bias": False},
      )],
    ("RNN", (4, 3), {"nonlinearity": "relu"}, [(5, 2, 4)]),
    ("LSTM", (4, 3), {}, [(5, 4)]),
    ("LSTM", (4, 3), {"proj_size": 2, "num_layers": 2, "bidirectional": True}, [(5, 2, 4)]),
    ("Conv2d", (3, 4, (3, 2)), {"padding": "same", "padding_mode": "reflect"}, [(2, 3, 6, 5)]),
    ("Conv2d", (3, 4, 3), {"padding": (2, 1), "padding_mode": "circular"}, [(2, 3, 6, 5)]),
    ("Conv1d", (3, 4, 4), {"padding": "same", "padding_mode": "replicate"}, [(2, 3, 6)]),
    ("Transformer", (8, 2, 1, 2, 12, 0.0), {"norm_first": True}, [(5, 2, 8), (4, 2, 8)]),
    ("MultiheadAttention", (8, 2), {}, [(4, 2, 8), (5, 2, 8), (5, 2, 8)]),
    ("MultiheadAttention", (8, 2), {"batch_first": True, "kdim": 3, "vdim": 5, "bias": False},
     [(2, 4, 8), (2, 5, 3), (2, 5, 5)]),
    ("TransformerEncoderLayer", (8, 2, 12, 0.0), {"batch_first": True}, [(2, 5, 8)]),
    ("TransformerEncoderLayer", (8, 2, 12, 0.0), {"norm_first": True, "activation": "gelu"},
     [(5, 2, 8)]),
    ("TransformerDecoderLayer", (8, 2, 12, 0.0), {}, [(5, 2, 8), (4, 2, 8)]),
]  # fmt: skip


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("case", MODULES, ids=lambda c: f"{c[0]}{c[1]}{c[2] or ''}")
def test_module(case: Any, training: bool, tmp_path: Path) -> None:
    name, args, keywords, shapes = case
    ours, theirs = both(name, *args, **keywords)
    exchange(ours, theirs, tmp_path)
    ours.train(training)
    theirs.train(training)
    pairs = list(zip(ours.parameters(), theirs.parameters(), strict=True))
    compare(ours, theirs, [normal(*shape) for shape in shapes], pairs)
    for mine, other in zip(ours.buffers(), theirs.buffers(), strict=True):
        np.testing.assert_allclose(mine, other.numpy(), TOLERANCE, TOLERANCE)
    path = tmp_path / "ours.safetensors"
    nn.save(ours, path)
    theirs.load_state_dict(torch_files.load_file(path))


SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
LABELS = np.array([2, 0, 1, 2])
WEIGHT = np.array([0.2, 1.0, 0.7])


def probabilities(*shape: int) -> Any:
    e = np.exp(normal(*shape))
    return e / e.sum(axis=1, keepdims=True)


LOSSES = [
    ("MSELoss", {}, lambda: [normal(4, 3), normal(4, 3)]),
    ("L1Loss", {}, lambda: [normal(4, 3), normal(4, 3)]),
    ("HuberLoss", {"delta": 0.7}, lambda: [normal(4, 3), normal(4, 3)]),
    ("SmoothL1Loss", {"beta": 0.7}, lambda: [normal(4, 3), normal(4, 3)]),
    ("NLLLoss", {"weight": WEIGHT}, lambda: [normal(4, 3), LABELS]),
    ("NLLLoss", {"ignore_index": 2}, lambda: [normal(4, 3), LABELS]),
    ("CrossEntropyLoss", {}, lambda: [normal(4, 3), LABELS]),
    ("CrossEntropyLoss", {}, lambda: [normal(4, 3, 2), np.stack([LABELS, LABELS[::-1]], 1)]),
    ("CrossEntropyLoss", {}, lambda: [normal(3), np.array(1)]),
    ("CrossEntropyLoss", {"weight": WEIGHT, "ignore_index": 0}, lambda: [normal(4, 3), LABELS]),
    (
        "CrossEntropyLoss",
        {"weight": WEIGHT, "ignore_index": 0, "label_smoothing": 0.2},
        lambda: [normal(4, 3), LABELS],
    ),
    ("CrossEntropyLoss", {"label_smoothing": 0.1}, lambda: [normal(4, 3), probabilities(4, 3)]),
    ("CrossEntropyLoss", {"weight": WEIGHT}, lambda: [normal(4, 3), probabilities(4, 3)]),
    ("BCELoss", {}, lambda: [probabilities(4, 3), probabilities(4, 3)]),
    ("BCELoss", {"weight": WEIGHT}, lambda: [probabilities(4, 3), probabilities(4, 3)]),
    ("BCEWithLogitsLoss", {}, lambda: [normal(4, 3), probabilities(4, 3)]),
    ("BCEWithLogitsLoss", {"pos_weight": WEIGHT}, lambda: [normal(4, 3), probabilities(4, 3)]),
    ("KLDivLoss", {}, lambda: [normal(4, 3), probabilities(4, 3)]),
    ("KLDivLoss", {"log_target": True}, lambda: [normal(4, 3), normal(4, 3)]),
    ("MultiMarginLoss", {}, lambda: [normal(4, 3), LABELS]),
    ("MultiMarginLoss", {"p": 2, "weight": WEIGHT, "margin": 0.5}, lambda: [normal(4, 3), LABELS]),
    ("CosineEmbeddingLoss", {"margin": 0.1}, lambda: [normal(4, 3), normal(4, 3), SIGNS]),
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "batchmean"])
@pytest.mark.parametrize("case", LOSSES, ids=lambda c: f"{c[0]}{[*c[1]] or ''}")
def test_loss(case: Any, reduction: str) -> None:
    name, keywords, make = case
    if reduction == "batchmean" and name != "KLDivLoss":
        reduction = "mean"
    theirs = getattr(torch.nn, name)(
        reduction=reduction,
        **{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in keywords.items()},
    )
    ours = getattr(nn, name)(reduction=reduction, **keywords)
    inputs = make()
    targets = {"CosineEmbeddingLoss": 2}.get(name, 1)
    compare(
        lambda *xs: ours(*xs, *inputs[targets:]),
        lambda *ts: theirs(*ts, *map(torch.tensor, inputs[targets:])),
        inputs[:targets],
    )


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_lengths_are_packed_sequences(name: str, tmp_path: Path) -> None:
    ours, theirs = both(name, 4, 3, num_layers=2, bidirectional=True)
    exchange(ours, theirs, tmp_path)
    lengths = np.array([5, 2, 4])
    rnn = torch.nn.utils.rnn

    def packed(x: Any) -> Any:
        out, state = theirs(
            rnn.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
        )
        return rnn.pad_packed_sequence(out)[0], state

    pairs = list(zip(ours.parameters(), theirs.parameters(), strict=True))
    compare(lambda x: ours(x, lengths=lengths), packed, [normal(5, 3, 4)], pairs)


def test_attention_masks(tmp_path: Path) -> None:
    ours, theirs = both("MultiheadAttention", 8, 2, batch_first=True)
    exchange(ours, theirs, tmp_path)
    forbidden = np.triu(np.ones((4, 4), bool), 1)
    padding = np.array([[False, False, False, True], [False, False, True, True]])
    added = normal(4, 4, 4)
    for need in (True, False):
        for masks in (
            {"attn_mask": forbidden, "key_padding_mask": padding},
            {"attn_mask": added, "average_attn_weights": False},
        ):
            torch_masks = {
                k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in masks.items()
            }
            compare(
                lambda x, m=masks, n=need: ours(x, x, x, need_weights=n, **m),
                lambda t, m=torch_masks, n=need: theirs(t, t, t, need_weights=n, **m),
                [normal(2, 4, 8)],
            )


def test_embedding(tmp_path: Path) -> None:
    for padding in (None, 2):
        ours, theirs = both("Embedding", 6, 3, padding_idx=padding)
        exchange(ours, theirs, tmp_path)
        index = np.array([[0, 2, 5], [2, 2, 1]])
        y, z = ours(index), theirs(torch.tensor(index))
        np.testing.assert_allclose(y.detach().data, z.detach().numpy())
        np.sum(y * y).backward()
        (z * z).sum().backward()
        np.testing.assert_allclose(ours.weight.grad.data, theirs.weight.grad.numpy(), 1e-12)


def test_scaled_dot_product_attention() -> None:
    q, k, v = normal(2, 3, 4, 5), normal(2, 3, 6, 5), normal(2, 3, 6, 7)
    seen = rng.random((4, 6)) > 0.3
    seen[:, 0] = True
    functional = torch.nn.functional.scaled_dot_product_attention
    for ours, theirs in (
        ({"attn_mask": seen}, {"attn_mask": torch.tensor(seen)}),
        ({"is_causal": True}, {"is_causal": True}),
    ):
        compare(
            lambda *xs, o=ours: nn.functional.scaled_dot_product_attention(*xs, **o),
            lambda *ts, t=theirs: functional(*ts, **t),
            [q, k, v],
        )


def test_float32_network_through_a_file(tmp_path: Path) -> None:
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
        torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(128, 10),
    )  # fmt: skip
    ours = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    x = normal(4, 3, 8, 8).astype(np.float32)
    path = tmp_path / "weights.safetensors"
    torch_files.save_file(theirs.state_dict(), path)
    ours.load_state_dict(nn.load(path))
    y = ours(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(
        y.detach().data, theirs(torch.tensor(x)).detach().numpy(), 1e-5, 1e-5
    )
    for parameter in ours.parameters():
        parameter.data[...] += 0.01
    nn.save(ours, path)
    theirs.load_state_dict(torch_files.load_file(path))
    np.testing.assert_allclose(
        ours(x).detach().data, theirs(torch.tensor(x)).detach().numpy(), 1e-5, 1e-5
    )
