"""Every module against numerical derivatives: train and eval, both modes, second order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import grad, gradcheck, hvp, jvp

SMOOTH = ("reverse", "forward")


def values(*shape: int, seed: int = 0) -> Any:
    """Return distinct numbers away from kinks and ties."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    spread = np.linspace(-1.4, 1.5, size) if size > 1 else np.array([0.7])
    return rng.permutation(spread).reshape(shape) + 0.013


# name, arguments, keywords, shapes of the inputs
CASES = [
    ("Linear", (3, 2), {}, [(2, 3)]),
    ("Linear", (3, 2), {"bias": False}, [(2, 2, 3)]),
    ("Bilinear", (2, 3, 2), {}, [(2, 2), (2, 3)]),
    ("Conv1d", (2, 2, 3), {"stride": 2, "padding": 1}, [(1, 2, 5)]),
    ("Conv2d", (2, 2, 2), {"padding": 1, "groups": 2}, [(1, 2, 3, 2)]),
    ("Conv2d", (1, 2, (2, 3)), {"stride": (2, 1), "dilation": (2, 1)}, [(1, 1, 5, 3)]),
    ("ConvTranspose1d", (2, 1, 2), {"stride": 2}, [(1, 2, 3)]),
    ("ConvTranspose2d", (1, 2, 2), {"stride": 2, "padding": 1}, [(1, 1, 2, 3)]),
    ("MaxPool1d", (2,), {}, [(1, 2, 4)]),
    ("MaxPool2d", (2,), {"stride": 1, "padding": 1}, [(1, 1, 3, 3)]),
    ("AvgPool1d", (2,), {}, [(1, 2, 4)]),
    ("AvgPool2d", (2,), {"padding": 1, "count_include_pad": False}, [(1, 1, 3, 3)]),
    ("LPPool1d", (3, 2), {}, [(1, 1, 4)]),
    ("LPPool2d", (2, 2), {}, [(1, 1, 2, 4)]),
    ("AdaptiveAvgPool1d", (2,), {}, [(1, 1, 5)]),
    ("AdaptiveAvgPool2d", ((2, 1),), {}, [(1, 2, 3, 2)]),
    ("AdaptiveMaxPool1d", (2,), {}, [(1, 1, 5)]),
    ("AdaptiveMaxPool2d", ((2, 1),), {}, [(1, 2, 3, 2)]),
    ("GlobalAvgPool2d", (), {}, [(1, 2, 2, 2)]),
    ("GlobalMaxPool2d", (), {}, [(1, 2, 2, 2)]),
    ("BatchNorm1d", (2,), {}, [(4, 2)]),
    ("BatchNorm2d", (2,), {}, [(2, 2, 2, 2)]),
    ("LayerNorm", (4,), {}, [(2, 4)]),
    ("RMSNorm", (4,), {}, [(2, 4)]),
    ("GroupNorm", (2, 4), {}, [(2, 4, 2)]),
    ("LocalResponseNorm", (2,), {"alpha": 0.5}, [(1, 3, 2)]),
    ("Flatten", (), {}, [(2, 1, 2)]),
    ("Unflatten", (1, (2, 1)), {}, [(2, 2)]),
    ("Identity", (), {}, [(2,)]),
    ("Upsample", (), {"scale_factor": 2, "mode": "bilinear"}, [(1, 1, 2, 2)]),
    ("Upsample", (), {"scale_factor": 2}, [(1, 1, 2, 2)]),
    *[(name, (), {}, [(2, 3)]) for name in (
        "ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "GELU", "SiLU", "Softplus", "Sigmoid",
        "LogSigmoid", "Tanh", "Step", "Softmax", "Softmin", "LogSoftmax", "EntropyLoss",
    )],
    ("GELU", (), {"approximate": "tanh"}, [(2, 3)]),
    ("Softmax", (0, 0.5), {}, [(2, 3)]),
    ("Softmin", (0, -0.5), {}, [(2, 3)]),
    ("CosineSimilarity", (), {}, [(2, 3), (2, 3)]),
    ("RNN", (2, 2), {}, [(3, 1, 2)]),
    ("RNN", (2, 2), {"nonlinearity": "relu", "num_layers": 2}, [(2, 1, 2)]),
    ("LSTM", (2, 2), {}, [(3, 1, 2)]),
    ("LSTM", (2, 1), {"bidirectional": True, "batch_first": True}, [(1, 2, 2)]),
    ("GRU", (2, 2), {}, [(3, 1, 2)]),
    ("MultiheadAttention", (4, 2), {}, [(2, 1, 4), (3, 1, 4), (3, 1, 4)]),
    ("TransformerEncoderLayer", (4, 2, 3, 0.0, "gelu"), {}, [(2, 1, 4)]),
    ("TransformerDecoderLayer", (2, 1, 2, 0.0, "gelu"), {"norm_first": True}, [(2, 1, 2)] * 2),
]  # fmt: skip


def built(name: str, args: Any, keywords: Any) -> Any:
    nn.manual_seed(1)
    module = getattr(nn, name)(*args, **keywords).double()
    for k, parameter in enumerate(module.parameters()):
        parameter.data[...] = values(*parameter.shape, seed=k + 5)
    for buffer in module.buffers():
        if buffer.dtype.kind == "f":
            buffer[...] = np.abs(values(*buffer.shape)) + 0.5
    return module


def frozen_statistics(module: Any, run: Any) -> Any:
    """Run without moving running statistics: numerical differences need a pure function."""
    saved = {k: v.copy() for k, v in module.named_buffers()}
    try:
        return run()
    finally:
        for k, v in module.named_buffers():
            v[...] = saved[k]


@pytest.mark.part(2)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}{c[1]}{c[2] or ''}")
def test_module(case: Any, training: bool) -> None:
    name, args, keywords, shapes = case
    module = built(name, args, keywords).train(training)
    inputs = [values(*shape, seed=k) for k, shape in enumerate(shapes)]

    def run(*xs: Any) -> Any:
        out = frozen_statistics(module, lambda: module(*xs))
        return out[0] if isinstance(out, tuple) else np.tanh(out)

    tolerances = {"rtol": 1e-5, "atol": 1e-6}
    assert gradcheck(run, *inputs, modes=SMOOTH, **tolerances)
    parameters = [p for p in module.parameters() if p.size <= 16]
    if parameters:
        assert gradcheck(run, *inputs, parameters=parameters[:2], **tolerances)


@pytest.mark.parametrize("lengths", [None, np.array([3, 1])])
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_recurrent_states_and_lengths(name: str, lengths: Any) -> None:
    module = built(name, (2, 2), {})
    x = values(3, 2, 2)
    states = [values(1, 2, 2, seed=s) for s in range(2 if name == "LSTM" else 1)]

    def run(x: Any, *hx: Any) -> Any:
        out, last = module(x, hx if name == "LSTM" else hx[0], lengths)
        return out, last

    assert gradcheck(run, x, *states, rtol=1e-5, atol=1e-6)


def test_fused_attention_and_its_masks() -> None:
    module = built("MultiheadAttention", (4, 2), {"batch_first": True})
    for mask in (None, np.triu(np.ones((3, 3), bool), 1)):
        assert gradcheck(
            lambda x, m=mask: module(x, x, x, need_weights=False, attn_mask=m)[0], values(1, 3, 4),
            rtol=1e-5, atol=1e-6,
        )  # fmt: skip


def test_embedding_table() -> None:
    index = np.array([[0, 2], [2, 1]])
    for padding in (None, 1):

        def looked(w: Any, p: Any = padding) -> Any:
            return np.tanh(nn.functional.embedding(index, w, p))

        if padding is None:
            assert gradcheck(looked, values(3, 2))
        else:  # the padding row is a constant by agreement, which differences do not know
            g = grad(lambda w: np.sum(looked(w)))(values(3, 2))
            assert np.all(g[1] == 0)
            assert np.all(g[[0, 2]] != 0)


def test_dropout_is_linear_with_a_fixed_mask() -> None:
    for name, shape in (("Dropout", (2, 3)), ("Dropout2d", (1, 3, 2, 2))):
        layer = getattr(nn, name)(0.5)

        def run(x: Any, layer: Any = layer) -> Any:
            layer.rng = np.random.default_rng(4)
            return layer(x)

        assert gradcheck(run, values(*shape))


LOSSES = [
    ("MSELoss", {}, lambda: values(3, 2, seed=1)),
    ("HalfSquaredError", {}, lambda: values(3, 2, seed=1)),
    ("L1Loss", {}, lambda: values(3, 2, seed=1) + 0.1),
    ("HuberLoss", {"delta": 0.5}, lambda: values(3, 2, seed=1)),
    ("SmoothL1Loss", {"beta": 0.5}, lambda: values(3, 2, seed=1)),
    ("HingeLoss", {}, lambda: np.sign(values(3, 2, seed=1))),
    ("MultiMarginLoss", {}, lambda: np.array([0, 1, 1])),
    ("NLLLoss", {}, lambda: np.array([0, 1, 1])),
    ("CrossEntropyLoss", {}, lambda: np.array([0, 1, 1])),
    ("CrossEntropyLoss", {"ignore_index": 0}, lambda: np.array([0, 1, 1])),
    ("CrossEntropyLoss", {"label_smoothing": 0.1}, lambda: np.array([0, 1, 1])),
    ("BCEWithLogitsLoss", {}, lambda: np.abs(values(3, 2, seed=1)) / 2),
    ("BCEWithLogitsLoss", {"pos_weight": [0.5, 2.0]}, lambda: np.abs(values(3, 2, seed=1)) / 2),
    ("KLDivLoss", {}, lambda: np.abs(values(3, 2, seed=1))),
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("case", LOSSES, ids=lambda c: f"{c[0]}{c[1] or ''}")
def test_loss(case: Any, reduction: str) -> None:
    name, keywords, target = case
    loss = getattr(nn, name)(reduction=reduction, **keywords)
    fixed = target()
    assert gradcheck(lambda x: loss(x, fixed), values(3, 2))


def test_losses_of_probabilities_and_soft_targets() -> None:
    p, q = np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([[0.3, 0.7], [0.5, 0.5]])
    assert gradcheck(nn.BCELoss(), p, q)
    assert gradcheck(nn.CrossEntropyLoss(), values(2, 2), q)
    assert gradcheck(nn.BCEWithLogitsLoss(), values(2, 2), q)
    assert gradcheck(
        lambda a, b: nn.CosineEmbeddingLoss(0.1)(a, b, [1, -1]), values(2, 3), values(2, 3, seed=1)
    )


@pytest.mark.parametrize("size", [1e4, -1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pairs_give_their_derivative_directly_at_extreme_logits(size: float, dtype: Any) -> None:
    """Softmax with NLL, sigmoid with BCE: loss and dL/dz = prediction - target, no overflow."""
    z = np.array([[size, 0.0, -size]], dtype)
    with np.errstate(all="raise", under="ignore"):
        for label in range(3):
            loss = nn.functional.cross_entropy(z, np.array([label]))
            assert float(loss) == z.max() - z[0, label]
            g = grad(lambda z, k=label: nn.functional.cross_entropy(z, np.array([k])))(z)
            np.testing.assert_array_equal(g[0], (z[0] == z.max()) - np.eye(3)[label])
            assert g.dtype == dtype
        for target in (0.0, 1.0):
            t = np.full_like(z, target)
            loss = nn.functional.binary_cross_entropy_with_logits(z, t, reduction="sum")
            np.testing.assert_allclose(float(loss), 1e4 + np.log(2), 1e-6)
            g = grad(
                lambda z, t=t: nn.functional.binary_cross_entropy_with_logits(z, t, reduction="sum")
            )(z)
            np.testing.assert_array_equal(g[0], (z[0] > 0) + 0.5 * (z[0] == 0) - target)


def test_every_nesting_through_convolution_and_lstm() -> None:
    """Forward over reverse, reverse over forward, forward over forward agree."""
    conv = built("Conv2d", (1, 1, 2), {}).requires_grad_(False)
    lstm = built("LSTM", (2, 2), {}).requires_grad_(False)
    cases = [
        (lambda x: np.sum(np.tanh(conv(x)) ** 2), values(1, 1, 3, 3)),
        (lambda x: np.sum(lstm(x)[0] ** 2), values(3, 1, 2)),
    ]
    for f, x in cases:
        v = np.random.default_rng(1).normal(size=x.shape)
        forward_reverse = hvp(f, (x,), (v,))
        reverse_forward = grad(lambda x, f=f, v=v: jvp(f, (x,), (v,))[1])(x)
        reverse_reverse = grad(lambda x, f=f, v=v: np.sum(grad(f)(x) * v))(x)
        forward_forward = jvp(lambda x, f=f, v=v: jvp(f, (x,), (v,))[1], (x,), (v,))[1]
        np.testing.assert_allclose(reverse_forward, forward_reverse, 1e-10)
        np.testing.assert_allclose(reverse_reverse, forward_reverse, 1e-10)
        np.testing.assert_allclose(forward_forward, np.sum(forward_reverse * v), 1e-10)
