"""The rarer ways through nn's layers and functions, against plain loops or another spelling."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import numpy as np
import pytest

import nn
from autograd_core import Tensor, grad
from autograd_core.base import errors
from nn import functional as f
from nn import init
from nn.functional.dropout import dropout2d
from nn.models import DBN, RBM
from nn.values import raw


def draw(*shape):
    return np.random.default_rng(len(shape) + sum(shape)).normal(size=shape)


def numeric(f, x, step=1e-6):
    """Central differences of a scalar function."""
    g = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        at = x.copy()
        at[index] += step
        high = f(at)
        at[index] -= 2 * step
        g[index] = (high - f(at)) / (2 * step)
    return g


# --- what layers say of themselves -------------------------------------------

TEXTS = [
    (nn.LeakyReLU(0.25), "LeakyReLU(negative_slope=0.25)"),
    (nn.PReLU(3), "PReLU(num_parameters=3)"),
    (nn.ELU(0.5), "ELU(alpha=0.5)"),
    (nn.GELU("tanh"), "GELU(approximate='tanh')"),
    (nn.Softplus(2.0, 10.0), "Softplus(beta=2.0, threshold=10.0)"),
    (nn.Step(), "Step(straight_through=False)"),
    (nn.Softmax(1), "Softmax(dim=1, temperature=1.0)"),
    (nn.LogSoftmax(0), "LogSoftmax(dim=0)"),
    (nn.Softmin(0, -2.0), "Softmin(dim=0, beta=-2.0)"),
    (nn.MSELoss(reduction="sum"), "MSELoss(reduction='sum')"),
    (nn.Embedding(5, 3), "Embedding(5, 3)"),
    (nn.Embedding(5, 3, padding_idx=1), "Embedding(5, 3, padding_idx=1)"),
    (nn.Flatten(0, 1), "Flatten(start_dim=0, end_dim=1)"),
    (nn.Unflatten(1, (2, 2)), "Unflatten(dim=1, unflattened_size=(2, 2))"),
    (nn.Upsample(4), "Upsample(size=4, mode='nearest')"),
    (nn.Upsample(None, 2, "linear"), "Upsample(scale_factor=2, mode='linear')"),
    (nn.MaxPool2d(2), "MaxPool2d(kernel_size=2, stride=2)"),
    (nn.MaxPool2d(3, 2, 1), "MaxPool2d(kernel_size=3, stride=2, padding=1)"),
    (nn.LPPool2d(2, 3), "LPPool2d(norm_type=2, kernel_size=3, stride=3)"),
    (nn.AdaptiveAvgPool2d(1), "AdaptiveAvgPool2d(output_size=1)"),
    (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True)"),
    (nn.LocalResponseNorm(3), "LocalResponseNorm(3, alpha=0.0001, beta=0.75, k=1.0)"),
    (nn.ActivitySparsity(0.5, 0.1), "ActivitySparsity(strength=0.5, target=0.1)"),
    (RBM(3, 2), "RBM(visible=3, hidden=2)"),
    (nn.GRU(3, 2), "GRU(3, 2)"),
    (nn.GRUCell(3, 2, bias=False), "GRUCell(3, 2, bias=False)"),
    (nn.RNNCell(3, 2), "RNNCell(3, 2)"),
    (nn.RNNCell(3, 2, nonlinearity="relu"), "RNNCell(3, 2, nonlinearity=relu)"),
    (nn.Conv1d(2, 4, 3, bias=False),
     "Conv1d(2, 4, kernel_size=(3,), stride=(1,), bias=False)"),
    (nn.EmbeddingBag(5, 3), "EmbeddingBag(5, 3, mode='mean')"),
    (nn.EmbeddingBag(5, 3, mode="max", padding_idx=-1),
     "EmbeddingBag(5, 3, mode='max', padding_idx=4)"),
    (nn.FractionalMaxPool2d(2, 3), "FractionalMaxPool2d(kernel_size=2, output_size=3)"),
    (nn.FractionalMaxPool3d(2, output_ratio=0.5),
     "FractionalMaxPool3d(kernel_size=2, output_ratio=0.5)"),
    (nn.Hardtanh(-2.0, 3.0), "Hardtanh(min_val=-2.0, max_val=3.0)"),
    (nn.Hardshrink(0.25), "Hardshrink(lambd=0.25)"),
    (nn.Softshrink(0.25), "Softshrink(lambd=0.25)"),
    (nn.Threshold(0.5, 2.0), "Threshold(threshold=0.5, value=2.0)"),
    (nn.RReLU(0.25, 0.5), "RReLU(lower=0.25, upper=0.5)"),
    (nn.CELU(0.5), "CELU(alpha=0.5)"),
    (nn.GLU(1), "GLU(dim=1)"),
    (nn.ReflectionPad1d(2), "ReflectionPad1d((2, 2))"),
    (nn.ConstantPad1d(2, 0.5), "ConstantPad1d(padding=(2, 2), value=0.5)"),
    (nn.ZeroPad1d(1), "ZeroPad1d((1, 1))"),
    (nn.ZeroPad2d((1, 2, 3, 4)), "ZeroPad2d((1, 2, 3, 4))"),
    (nn.ZeroPad3d(1), "ZeroPad3d((1, 1, 1, 1, 1, 1))"),
    (nn.Unfold(2), "Unfold(kernel_size=2, dilation=1, padding=0, stride=1)"),
    (nn.Fold(4, 2), "Fold(output_size=4, kernel_size=2, dilation=1, padding=0, stride=1)"),
    (nn.PixelShuffle(2), "PixelShuffle(upscale_factor=2)"),
    (nn.PixelUnshuffle(2), "PixelUnshuffle(downscale_factor=2)"),
    (nn.ChannelShuffle(2), "ChannelShuffle(groups=2)"),
    (
        nn.LSTM(3, 2, 2, False, True, 0.5, True),
        "LSTM(3, 2, num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_a_layer_names_its_settings(layer, text) -> None:
    assert repr(layer) == text


@pytest.mark.parametrize(
    ("layer", "parts"),
    [
        (nn.Bilinear(2, 3, 4), ["2", "3", "4"]),
        (nn.BatchNorm2d(5, momentum=None), ["5", "momentum=None", "track_running_stats=True"]),
        (nn.LayerNorm((3, 4)), ["(3, 4)"]),
        (nn.MultiheadAttention(4, 2), ["embed_dim=4", "num_heads=2"]),
        (nn.Conv2d(4, 4, 3, dilation=2, groups=2), ["dilation=(2, 2)", "groups=2"]),
    ],
    ids=lambda v: type(v).__name__,
)
def test_settings_in_the_tree(layer, parts) -> None:
    assert all(part in repr(layer) for part in parts)


# --- convolution and pooling -------------------------------------------------


def convolved(x, w, padding=0, dilation=1):
    """Six loops: what a convolution is."""
    n, c, h, width = x.shape
    k, _, kh, kw = w.shape
    padded = np.zeros((n, c, h + 2 * padding, width + 2 * padding))
    padded[:, :, padding : padding + h, padding : padding + width] = x
    oh = padded.shape[2] - dilation * (kh - 1)
    ow = padded.shape[3] - dilation * (kw - 1)
    y = np.zeros((n, k, oh, ow))
    for i, j in itertools.product(range(oh), range(ow)):
        for a, b in itertools.product(range(kh), range(kw)):
            y[:, :, i, j] += padded[:, :, i + a * dilation, j + b * dilation] @ w[:, :, a, b].T
    return y


@pytest.mark.parametrize(("padding", "dilation", "numbers"), [("same", 2, 2), ("valid", 1, 0)])
def test_padding_by_name(padding, dilation, numbers) -> None:
    x, w = draw(2, 3, 6, 5), draw(4, 3, 3, 3)
    y = f.conv2d(x, w, padding=padding, dilation=dilation)
    np.testing.assert_allclose(y, convolved(x, w, numbers, dilation), atol=1e-12)
    assert padding == "valid" or y.shape[2:] == x.shape[2:]


@pytest.mark.parametrize("order", ["C", "channels last"])
def test_a_one_by_one_kernel_with_many_channels(order) -> None:
    x, w = draw(2, 9, 3, 4), draw(5, 9, 1, 1)
    if order != "C":
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(f.conv2d(x, w), convolved(x, w), atol=1e-12)
    g = grad(lambda v: np.sum(f.conv2d(v, w) ** 2))(x)
    np.testing.assert_allclose(
        g, np.einsum("nkij,kc->ncij", 2 * convolved(x, w), w[:, :, 0, 0]), atol=1e-12
    )


def pooled(x, kernel, stride, padding, combine, empty, ceil=False, inside=False):
    """Loops over windows; ``combine`` of what a window holds."""
    n, c, h, w = x.shape

    def count(m):
        room = m + 2 * padding - kernel
        found = (math.ceil if ceil else math.floor)(room / stride) + 1
        return found - (ceil and (found - 1) * stride >= m + padding)

    y = np.empty((n, c, count(h), count(w)))
    for i, j in itertools.product(range(y.shape[2]), range(y.shape[3])):
        rows, columns = (
            [k for k in range(at * stride - padding, at * stride - padding + kernel) if k < m + pad]
            for at, m, pad in ((i, h, padding), (j, w, padding))
        )
        values = [
            x[:, :, a, b] if 0 <= a < h and 0 <= b < w else np.full((n, c), empty)
            for a in rows
            for b in columns
            if not inside or (0 <= a < h and 0 <= b < w)
        ]
        y[:, :, i, j] = combine(np.array(values))
    return y


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "ceil"),
    [(3, 3, 0, False), (2, 3, 1, True), (3, 2, 1, False), (3, 2, 1, True), (1, 1, 0, False)],
)
def test_pooling_is_what_loops_over_windows_find(kernel, stride, padding, ceil) -> None:
    x = draw(2, 3, 6, 9) if kernel == 3 and stride == 3 else draw(2, 3, 4, 7)

    def mean(v):
        return v.mean(axis=0)

    settings = (kernel, stride, padding)
    for inside in (False, True):
        np.testing.assert_allclose(
            f.avg_pool2d(x, *settings, ceil_mode=ceil, count_include_pad=not inside),
            pooled(x, *settings, mean, 0.0, ceil, inside),
            atol=1e-12,
        )
    np.testing.assert_allclose(
        f.max_pool2d(x, *settings, ceil_mode=ceil),
        pooled(x, *settings, lambda v: v.max(axis=0), -np.inf, ceil),
    )
    g = grad(lambda v: np.sum(f.avg_pool2d(v, *settings, ceil_mode=ceil) ** 2))(x)
    expected = numeric(
        lambda v: np.sum(pooled(v, *settings, mean, 0.0, ceil) ** 2), x[:1, :1].copy()
    )
    np.testing.assert_allclose(g[:1, :1], expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["avg", "max"])
def test_adaptive_pooling_into_parts_of_one_length(kind) -> None:
    x = draw(2, 3, 4, 6)
    blocks = x.reshape(2, 3, 2, 2, 3, 2)
    expected = blocks.mean(axis=(3, 5)) if kind == "avg" else blocks.max(axis=(3, 5))
    found = getattr(f, f"adaptive_{kind}_pool2d")(x, (2, 3))
    np.testing.assert_allclose(found, expected, atol=1e-15)
    kept = getattr(f, f"adaptive_{kind}_pool2d")(x, (None, 3))
    assert kept.shape == (2, 3, 4, 3)


# --- normalization -----------------------------------------------------------


def test_batch_norm_of_columns_in_fortran_order() -> None:
    x = np.asfortranarray(draw(8, 3))
    expected = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    np.testing.assert_allclose(f.batch_norm(x, training=True), expected, atol=1e-12)
    w = draw(8, 3)
    g = grad(lambda v: np.sum(f.batch_norm(v, training=True) * w))(x)
    assert g == pytest.approx(
        numeric(lambda v: np.sum(w * (v - v.mean(0)) / np.sqrt(v.var(0) + 1e-5)), x), abs=1e-7
    )


@pytest.mark.parametrize("name", ["batch", "layer"])
def test_gradients_of_weight_and_bias_alone(name) -> None:
    x, g = draw(6, 4), draw(6, 4)
    weight, bias = Tensor(np.ones(4), requires_grad=True), Tensor(np.zeros(4), requires_grad=True)
    if name == "batch":
        y = f.batch_norm(x, weight=weight, bias=bias, training=True)
        normal = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)
    else:
        y = f.layer_norm(x, 4, weight, bias)
        normal = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    y.backward(g)
    np.testing.assert_allclose(weight.grad.data, (g * normal).sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(bias.grad.data, g.sum(axis=0), atol=1e-12)


def test_running_statistics_as_plain_means_and_forgotten() -> None:
    layer = nn.BatchNorm1d(2, momentum=None, dtype=np.float64)
    batches = [draw(5, 2), draw(7, 2), draw(9, 2)]
    for x in batches:
        layer(x)
    np.testing.assert_allclose(layer.running_mean, np.mean([x.mean(0) for x in batches], axis=0))
    np.testing.assert_allclose(
        layer.running_var, np.mean([x.var(0, ddof=1) for x in batches], axis=0)
    )
    assert int(layer.num_batches_tracked) == 3
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0.0, 0.0]
    assert layer.running_var.tolist() == [1.0, 1.0]
    assert int(layer.num_batches_tracked) == 0
    free = nn.BatchNorm1d(2, track_running_stats=False, dtype=np.float64)
    free.reset_running_stats()
    assert free.running_mean is None
    np.testing.assert_allclose(free.eval()(batches[0]).data.mean(axis=0), 0.0, atol=1e-12)


def test_a_fused_layer_run_again_in_between_keeps_its_gradient() -> None:
    """Whoever measures or replays a node runs its forward function once more."""
    x = Tensor(draw(6, 4), requires_grad=True)
    expected = grad(lambda v: np.sum(f.layer_norm(v, 4) ** 3))(x.data)
    y = f.layer_norm(x, 4)
    node = y._node
    others = [np.asarray(getattr(i, "output", i)) for i in node.inputs]
    node.primitive.forward(others[0] * 7 + 1, *others[1:], **node.params)
    np.sum(y**3).backward()
    np.testing.assert_allclose(x.grad.data, expected, atol=1e-12)


# --- attention, transformers, recurrent layers -------------------------------


def test_attention_over_keys_of_another_size() -> None:
    """With the projections written out: one head, no bias."""
    layer = nn.MultiheadAttention(4, 1, bias=False, kdim=3, vdim=5, dtype=np.float64)
    assert layer.in_proj_weight is None
    assert layer.out_proj.bias is None
    q, k, v = draw(2, 1, 4), draw(3, 1, 3), draw(3, 1, 5)
    out, weights = layer(q, k, v)
    wq, wk, wv = (layer._parameters[f"{n}_proj_weight"].data for n in "qkv")
    scores = (q[:, 0] @ wq.T) @ (k[:, 0] @ wk.T).T / 2.0
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected = p @ (v[:, 0] @ wv.T) @ layer.out_proj.weight.data.T
    np.testing.assert_allclose(weights.data[0], p, atol=1e-12)
    np.testing.assert_allclose(out.data[:, 0], expected, atol=1e-12)


@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_without_a_batch_and_with_padding(need_weights) -> None:
    layer = nn.MultiheadAttention(4, 2, dtype=np.float64)
    x = draw(5, 4)
    hidden = np.array([False, False, True, False, True])
    out, weights = layer(x, x, x, key_padding_mask=hidden, need_weights=need_weights)
    seen = x[~hidden]
    expected, _ = layer(x, seen, seen)
    assert out.shape == (5, 4)
    np.testing.assert_allclose(out.data, expected.data, atol=1e-12)
    if need_weights:
        assert weights.shape == (5, 5)
        assert not weights.data[:, hidden].any()
    else:
        assert weights is None
    numbers = np.where(hidden, -np.inf, 0.0)
    same, _ = layer(x, x, x, key_padding_mask=numbers, attn_mask=np.zeros((5, 5), bool))
    np.testing.assert_allclose(same.data, expected.data, atol=1e-12)


def test_attention_that_drops_weights_has_the_gradient_of_what_it_computed() -> None:
    layer = nn.MultiheadAttention(4, 2, dropout=0.5, dtype=np.float64)
    x, w = draw(5, 1, 4), draw(5, 1, 4)

    def loss(v):
        layer.rng = np.random.default_rng(3)
        return np.sum(layer(v, v, v, need_weights=False)[0] * w)

    at = Tensor(x, requires_grad=True)
    loss(at).backward()
    assert at.grad.data == pytest.approx(
        numeric(lambda v: float(loss(v).detach()), x), rel=1e-5, abs=1e-7
    )


def test_dot_product_attention_that_is_causal_and_masked() -> None:
    x = draw(4, 3)
    mask = np.array([0.0, -1.0, 2.0, 0.5])
    found = f.scaled_dot_product_attention(x, x, x, attn_mask=mask, is_causal=True)
    scores = x @ x.T / np.sqrt(3) + mask
    scores[np.triu_indices(4, 1)] = -np.inf
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(found, p / p.sum(axis=1, keepdims=True) @ x, atol=1e-12)
    allowed = np.tri(4, dtype=bool)
    np.testing.assert_allclose(
        f.scaled_dot_product_attention(x, x, x, attn_mask=allowed),
        f.scaled_dot_product_attention(x, x, x, is_causal=True),
    )


def test_a_transformer_layer_that_normalizes_first() -> None:
    nn.manual_seed(0)
    layer = nn.TransformerEncoderLayer(
        4, 2, 8, dropout=0.0, activation=np.tanh, norm_first=True, dtype=np.float64
    )
    x = draw(5, 2, 4)
    attended = x + layer.self_attn(*[layer.norm1(x)] * 3)[0].data
    bent = np.tanh(layer.linear1(layer.norm2(attended)).data)
    expected = attended + layer.linear2(bent).data
    np.testing.assert_allclose(layer(x).data, expected, atol=1e-12)


def test_a_stack_is_its_layers_one_after_the_other() -> None:
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, dtype=np.float64)
    norm = nn.LayerNorm(4, dtype=np.float64)
    x = draw(5, 2, 4)
    for stack, last in (
        (nn.TransformerEncoder(layer, 2), lambda v: v),
        (nn.TransformerEncoder(layer, 2, norm), norm),
    ):
        np.testing.assert_allclose(stack(x).data, last(layer(layer(x))).data, atol=1e-12)
        assert stack.layers[0] is not layer
        assert len(list(stack.parameters())) == 2 * len(list(layer.parameters())) + 2 * (
            stack._modules["norm"] is not None
        )


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_one_sequence_is_a_batch_of_one(kind) -> None:
    layer = kind(3, 4, num_layers=2, bias=False, dtype=np.float64)
    x = draw(6, 3)
    alone, last = layer(x)
    batched, lasts = layer(x[:, None])
    np.testing.assert_allclose(alone.data, batched.data[:, 0], atol=1e-14)
    lone, many = (v if isinstance(v, tuple) else (v,) for v in (last, lasts))
    for h, hs in zip(lone, many, strict=True):
        assert h.shape == (2, 4)
        np.testing.assert_allclose(h.data, hs.data[:, 0], atol=1e-14)
    biased = kind(3, 4, num_layers=2, dtype=np.float64)
    for name, p in biased.named_parameters():
        p.data[...] = 0.0 if "bias" in name else layer.get_parameter(name).data
    np.testing.assert_allclose(biased(x)[0].data, alone.data, atol=1e-14)


def test_between_recurrent_layers_is_dropped_and_only_there() -> None:
    layer = nn.RNN(3, 4, num_layers=2, dropout=1.0, dtype=np.float64)
    x = draw(6, 1, 3)
    output, last = layer(x)
    silent = nn.RNN(4, 4, dtype=np.float64)
    for name, p in silent.named_parameters():
        p.data[...] = layer.get_parameter(name.replace("_l0", "_l1")).data
    np.testing.assert_allclose(output.data, silent(np.zeros((6, 1, 4)))[0].data, atol=1e-14)
    assert np.abs(last.data[0]).min() > 0  # the first layer itself ran
    assert np.abs(layer.eval()(x)[0].data - output.data).max() > 1e-3


# --- embedding, dropout, activations -----------------------------------------


def test_an_embedding_with_given_rows() -> None:
    table = draw(4, 3)
    fixed = nn.Embedding.from_pretrained(table)
    free = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=1)
    assert not fixed.weight.requires_grad
    index = np.array([[0, 1], [1, 3]])
    np.testing.assert_array_equal(np.asarray(fixed(index).data), table[index])
    np.sum(free(index) * 2.0).backward()
    assert free.weight.grad.data.tolist() == [[2.0] * 3, [0.0] * 3, [0.0] * 3, [2.0] * 3]
    assert not nn.Embedding(4, 3, padding_idx=2).weight.data[2].any()


def test_an_embedding_of_no_indices_has_a_gradient_of_zeros() -> None:
    layer = nn.Embedding(4, 3)
    np.sum(layer(np.zeros((0,), int))).backward()
    assert not layer.weight.grad.data.any()
    assert layer.weight.grad.shape == (4, 3)


def test_dropping_everything_nothing_or_whole_channels() -> None:
    x = draw(3, 4, 2, 2)
    assert not f.dropout(x, 1.0).any()
    assert dropout2d(x, 0.5, training=False) is x
    dropped = dropout2d(x, 0.5, generator=np.random.default_rng(0))
    whole = [[np.unique(np.round(c / o, 12)).tolist() for c, o in zip(a, b, strict=True)]
             for a, b in zip(dropped, x, strict=True)]  # fmt: skip
    assert {tuple(v) for row in whole for v in row} == {(0.0,), (2.0,)}


def test_prelu_with_a_slope_for_each_channel() -> None:
    x = draw(2, 3, 4)
    layer = nn.PReLU(3, dtype=np.float64)
    layer.weight.data[...] = [0.1, 0.2, 0.3]
    slopes = np.array([0.1, 0.2, 0.3])[None, :, None]
    np.testing.assert_allclose(layer(x).data, np.where(x > 0, x, slopes * x))
    np.sum(layer(x)).backward()
    np.testing.assert_allclose(layer.weight.grad.data, np.minimum(x, 0).sum(axis=(0, 2)))


def test_interpolation_to_a_size() -> None:
    x = np.array([[[1.0, 2.0, 4.0]]])
    assert f.interpolate(x, size=6).tolist() == [[[1.0, 1.0, 2.0, 2.0, 4.0, 4.0]]]
    corners = f.interpolate(x, size=5, mode="linear", align_corners=True)
    np.testing.assert_allclose(corners, [[[1.0, 1.5, 2.0, 3.0, 4.0]]])
    one = f.interpolate(x, size=1, mode="linear", align_corners=True)
    assert one.tolist() == [[[1.0]]]


# --- losses ------------------------------------------------------------------


def test_losses_with_rarer_settings() -> None:
    x, t = draw(4, 3), np.array([0, 2, 1, 1])
    weight = np.array([0.5, 2.0, 1.0])
    logs = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    own = -logs[np.arange(4), t] * weight[t]
    np.testing.assert_allclose(f.cross_entropy(x, t, weight), own.sum() / weight[t].sum())
    np.testing.assert_allclose(f.smooth_l1_loss(x, -x, beta=0), np.abs(2 * x).mean())
    margins = np.zeros(4)
    for n in range(4):
        for c in range(3):
            if c != t[n]:
                margins[n] += weight[t[n]] * max(0.0, 1.0 - x[n, t[n]] + x[n, c]) ** 2 / 3
    np.testing.assert_allclose(
        f.multi_margin_loss(x, t, p=2, weight=weight, reduction="none"), margins
    )
    np.testing.assert_allclose(
        f.multi_margin_loss(x[0], t[:1].reshape(()), p=2, weight=weight, reduction="none"),
        margins[0],
    )
    p = np.exp(-0.5 * draw(4, 3))
    p /= p.sum(axis=1, keepdims=True)
    smooth = 0.8 * p + 0.2 / 3
    np.testing.assert_allclose(
        f.cross_entropy(x, p, weight, label_smoothing=0.2), -(smooth * logs * weight).sum() / 4
    )
    np.testing.assert_allclose(
        f.kl_div(logs, p, reduction="batchmean"), (p * (np.log(p) - logs)).sum() / 4
    )
    np.testing.assert_allclose(f.cross_entropy(x[0], t[0]), -logs[0, 0])
    deep = draw(2, 3, 4)
    index = np.array([[0, 1, 2, 0], [1, 1, 0, 2]])
    by_place = [f.cross_entropy(deep[n, :, k], index[n, k]) for n in range(2) for k in range(4)]
    np.testing.assert_allclose(f.cross_entropy(deep, index), np.mean(by_place))


# --- what is refused ---------------------------------------------------------

ONE = np.ones((2, 3))
IMAGE = np.ones((1, 2, 4, 4))
REFUSED = {
    "weights and inputs of a bilinear form": lambda: f.bilinear(ONE, ONE, np.ones((4, 2, 3))),
    "gelu's approximation": lambda: f.gelu(ONE, "rough"),
    "prelu's channels": lambda: f.prelu(ONE, np.ones(4)),
    "probability of dropping": lambda: f.dropout(ONE, 1.5),
    "channels to drop": lambda: dropout2d(ONE, 0.5),
    "a bias of another length": lambda: f.conv2d(IMAGE, np.ones((3, 2, 3, 3)), np.ones(2)),
    "same and a stride": lambda: f.conv2d(IMAGE, np.ones((3, 2, 3, 3)), stride=2, padding="same"),
    "nothing left": lambda: f.conv_transpose2d(IMAGE, np.ones((2, 1, 2, 2)), padding=3),
    "batch norm without channels": lambda: f.batch_norm(np.ones(3)),
    "groups that do not divide": lambda: f.group_norm(np.ones((2, 4)), 3),
    "local response without space": lambda: f.local_response_norm(ONE, 3),
    "a norm below one": lambda: f.lp_pool2d(IMAGE, 0.5, 2),
    "axes to pool": lambda: f.avg_pool2d(ONE, 2),
    "axes to pool adaptively": lambda: f.adaptive_avg_pool2d(np.ones(3), 1),
    "a stride of nothing": lambda: f.max_pool2d(IMAGE, 2, 0),
    "a reduction": lambda: f.mse_loss(ONE, ONE, reduction="average"),
    "indices that are no integers": lambda: f.multi_margin_loss(ONE, np.array([0.0, 1.0])),
    "too few indices": lambda: f.multi_margin_loss(ONE, np.array([0])),
    "the margin's power": lambda: f.multi_margin_loss(ONE, np.array([0, 1]), p=3),
    "an index outside": lambda: f.multi_margin_loss(ONE, np.array([0, 3])),
    "logits without a class axis": lambda: f.cross_entropy(np.array(1.0), np.array(0)),
    "weights for other classes": lambda: f.cross_entropy(ONE, np.array([0, 1]), np.ones(2)),
    "signs of cosine embedding": lambda: f.cosine_embedding_loss(ONE, ONE, np.array([1, 0])),
    "axes to resize": lambda: f.interpolate(ONE, size=2),
    "size and factor": lambda: f.interpolate(IMAGE, size=2, scale_factor=2),
    "a mode of resizing": lambda: f.interpolate(IMAGE, size=2, mode="cubic"),
    "queries and keys": lambda: f.scaled_dot_product_attention(ONE, np.ones((2, 4)), ONE),
    "values and keys": lambda: nn.MultiheadAttention(3, 1)(
        np.ones((2, 1, 3)), np.ones((4, 1, 3)), np.ones((5, 1, 3))
    ),
    "padding of another length": lambda: nn.MultiheadAttention(3, 1)(
        *[np.ones((2, 1, 3))] * 3, key_padding_mask=np.zeros((1, 4), bool)
    ),
    "an activation's name": lambda: nn.TransformerEncoderLayer(4, 2, activation="bump"),
    "no units": lambda: nn.RNN(0, 3),
    "a recurrent layer's dropout": lambda: nn.RNN(2, 3, dropout=2.0),
    "a padding row outside": lambda: nn.Embedding(3, 2, padding_idx=3),
    "a belief net of one layer": lambda: DBN([3]),
    "a machine without units": lambda: RBM(0, 2),
    "a sparsity outside of (0, 1)": lambda: nn.ActivitySparsity(1.0, 1.5),
    "an empty interval": lambda: init.trunc_normal_(np.ones(3), a=2.0, b=1.0),
    "an identity of three axes": lambda: init.eye_(np.ones((2, 2, 2))),
    "a fan": lambda: init.kaiming_normal_(np.ones((2, 2)), mode="fan_both"),
    "an orthogonal vector": lambda: init.orthogonal_(np.ones(3)),
    "a gain": lambda: init.calculate_gain("cosine"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_why(case) -> None:
    with pytest.raises(errors.ShapeError, match=r"\w") as caught:
        REFUSED[case]()
    assert len(str(caught.value)) > 20


# --- initializers ------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", "relu", "leaky_relu"])
def test_a_gain_keeps_the_signal_s_size(name) -> None:
    """He's and LeCun's condition, measured: the gain times the bend's RMS is 1 (tanh: near 0)."""
    z = np.random.default_rng(0).normal(size=400_000)
    gain = init.calculate_gain(name)
    if name == "tanh":
        assert gain == 5 / 3  # LeCun's choice, no solution of the condition
    else:
        bent = np.maximum(z, 0) if name == "relu" else np.where(z > 0, z, 0.01 * z)
        assert gain * np.sqrt(np.mean(bent**2)) == pytest.approx(1.0, rel=0.01)


def test_gains_that_are_constants_and_a_given_slope() -> None:
    assert {init.calculate_gain(n) for n in ("linear", "sigmoid", "conv2d", "identity")} == {1.0}
    assert init.calculate_gain("selu") == 0.75
    assert init.calculate_gain("leaky_relu", 1.0) == pytest.approx(1.0)


def test_filling_with_values_that_are_given() -> None:
    w = np.empty((2, 3))
    assert init.constant_(w, 4.0).tolist() == [[4.0] * 3] * 2
    assert init.ones_(w).tolist() == [[1.0] * 3] * 2
    assert init.eye_(w).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


# --- modules -----------------------------------------------------------------


def test_what_a_module_has_can_be_listed_deleted_and_found() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    assert {"0", "1", "training"} <= set(dir(model))
    assert {"weight", "bias"} <= set(dir(model[0]))
    with pytest.raises(AttributeError, match=r"no submodule '2\.weight'"):
        model.get_submodule("2.weight")
    with pytest.raises(AttributeError, match=r"no parameter '0\.slope'"):
        model.get_parameter("0.slope")
    model[0].note = "kept"
    del model[0].note
    del model[0].bias
    assert not hasattr(model[0], "note")
    assert [n for n, _ in model.named_parameters()] == ["0.weight"]
    with pytest.raises(AttributeError):
        del model[0].nothing
    assert model.double()[0].weight.dtype == np.float64
    assert model.float()[0].weight.dtype == np.float32
    with pytest.raises(NotImplementedError, match=r"Module defines no forward"):
        nn.Module()(1.0)


def test_a_module_used_twice_is_named_once_unless_asked() -> None:
    shared = nn.Linear(2, 2)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    assert [n for n, _ in model.named_modules()] == ["", "0", "1"]
    assert [n for n, _ in model.named_modules(remove_duplicate=False)] == ["", "0", "1", "2"]
    assert len(list(model.children())) == 2
    model.add_module("nothing", None)
    assert len(list(model.children())) == 2


def test_a_dict_of_modules() -> None:
    heads = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.ReLU()})
    assert len(heads) == 2
    assert list(heads) == ["a", "b"]
    assert [type(m) for m in heads.values()] == [nn.Linear, nn.ReLU]
    assert dict(heads.items())["b"] is heads["b"]
    del heads["a"]
    assert list(heads.keys()) == ["b"]
    with pytest.raises(errors.OperandError, match="no module 'a'; it has b"):
        heads["a"]


def test_hooks_are_taken_off_one_by_one() -> None:
    layer = nn.Linear(2, 2)
    seen = []
    first = layer.register_forward_hook(lambda *_: seen.append(1))
    second = layer.register_forward_hook(lambda *_: seen.append(2))
    layer(np.ones((1, 2)))
    first.remove()
    first.remove()
    layer(np.ones((1, 2)))
    with second:
        layer(np.ones((1, 2)))
    layer(np.ones((1, 2)))
    assert seen == [1, 2, 2, 2]


def test_a_backward_hook_must_return_as_many_gradients_as_inputs() -> None:
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    x = Tensor(np.ones((1, 2)), requires_grad=True)
    with pytest.raises(errors.SeedError, match="2 gradients for 1 inputs"):
        np.sum(layer(x)).backward()
    assert x.grad is None


def test_a_backward_hook_of_a_module_whose_output_depends_on_nothing() -> None:
    class Constant(nn.Module):
        def forward(self, x):
            return np.ones(2)

    layer, seen = Constant(), []
    layer.register_full_backward_hook(lambda *_: seen.append(1))
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = layer(x)
    assert isinstance(y, np.ndarray)
    np.sum(x * y).backward()
    assert x.grad.data.tolist() == [1.0, 1.0]
    assert not seen


def test_the_shared_source_of_randomness_stays_one() -> None:
    layer = nn.Dropout(0.5)
    again = pickle.loads(pickle.dumps(layer))
    assert again.rng is layer.rng is copy.deepcopy(layer).rng


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_a_class_is_not_compared_with_itself(p: int, value: float) -> None:
    """In multi_margin_loss: infinity minus infinity is NaN, but no part of the loss."""
    x, t = np.array([[value, 1.0, 2.0], [0.0, 1.0, 2.5]]), np.array([0, 1])
    row = (0.0 + 2.5**p) / 3  # of the second: 1 - 1 + 0 = 0 and 1 - 1 + 2.5
    with np.errstate(invalid="ignore"):
        loss = nn.functional.multi_margin_loss(x, t, p, reduction="none")
        g = grad(lambda x: nn.functional.multi_margin_loss(x, t, p, reduction="sum"))(x)
    np.testing.assert_allclose(loss, [0 if value > 0 else np.inf, row])
    np.testing.assert_allclose(g[1], [0, -p * 2.5 ** (p - 1) / 3, p * 2.5 ** (p - 1) / 3])
    if value > 0:
        assert not g[0].any()


def test_axes_that_are_not_there_are_refused() -> None:
    """They wrapped around: axis 5 of three was the last."""
    x = np.arange(24.0).reshape(2, 3, 4)
    for start, end in ((0, 3), (0, 5), (-4, -1), (3, 3), (1, -4), (2, 1)):
        with pytest.raises(errors.ShapeError, match="Flatten: no axes"):
            nn.Flatten(start, end)(x)
    for start, end in itertools.product(range(3), range(3)):
        if start <= end:
            wanted = nn.Flatten(start, end)(x)
            size = int(np.prod(x.shape[start : end + 1]))
            assert wanted.shape == (*x.shape[:start], size, *x.shape[end + 1 :])
            np.testing.assert_array_equal(nn.Flatten(start - 3, end - 3)(x.tolist()), wanted)
    for dim in (3, -4):
        with pytest.raises(errors.ShapeError, match="Unflatten: no axis"):
            nn.Unflatten(dim, (2, 2))(x)
    with pytest.raises(errors.ShapeError, match="Unflatten: no axis"):
        nn.Unflatten(0, (1, 1))(1.0)
    assert nn.Unflatten(-1, (2, 2))(x).shape == (2, 3, 2, 2)


def test_what_is_no_array_at_all() -> None:
    attention = nn.MultiheadAttention(4, 2)
    for nothing in (None, 3.0, "abc"):
        with pytest.raises(errors.ShapeError, match="MultiheadAttention: query"):
            attention(nothing, nothing, nothing)
        with pytest.raises(errors.ShapeError, match="need targets of shape"):
            nn.functional.cosine_embedding_loss(np.ones((2, 3)), np.ones((2, 3)), nothing)


@pytest.mark.parametrize(
    "module",
    [
        nn.LSTM(4, 2), nn.GRU(4, 2), nn.RNN(4, 2), nn.MaxPool1d(2), nn.AvgPool1d(2),
        nn.AdaptiveMaxPool1d(3), nn.AdaptiveMaxPool1d(2), nn.AdaptiveAvgPool1d(3),
        nn.LPPool1d(2, 2), nn.Conv1d(3, 2, 2), nn.ConvTranspose1d(3, 2, 2), nn.BatchNorm1d(3),
        nn.LayerNorm(4), nn.GroupNorm(1, 3), nn.Linear(4, 2), nn.ReLU(), nn.Softmax(-1),
        nn.PReLU(), nn.TransformerEncoderLayer(4, 2, 4, 0.0), nn.Flatten(), nn.Step(),
        nn.LocalResponseNorm(2), nn.Upsample(scale_factor=2),
        nn.Upsample(scale_factor=2, mode="linear"),
    ],
    ids=repr,
)  # fmt: skip
def test_lists_are_arrays(module) -> None:
    x = draw(2, 3, 4)
    whole, listed = module(x), module(x.tolist())
    if isinstance(whole, tuple):
        whole, listed = whole[0], listed[0]
    np.testing.assert_allclose(raw(listed), raw(whole), rtol=1e-6, atol=1e-7)
