"""Statements of nn.functional, in the same words as PyTorch's; JAX has none of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fuzzing_cross.pool import Pool, away, distinct
from fuzzing_cross.statements import Statement

ACTIVATIONS = [
    "relu", "gelu", "silu", "softplus", "elu", "selu", "celu", "leaky_relu", "mish", "hardtanh",
    "hardswish", "hardsigmoid", "softsign", "tanhshrink", "logsigmoid", "sigmoid", "tanh", "relu6",
    "hardshrink", "softshrink",
]  # fmt: skip
EDGES = (0.0, 1.0, -1.0, 3.0, -3.0, 6.0, 0.5, -0.5)  # where one of them has a kink


def _layer(pool: Pool, text: str, *inputs: int) -> Statement:
    torch = text.replace("np.", "torch.")
    if text == "F.hardsigmoid({0})":  # PyTorch's gradient has 1/6 in single precision, always
        torch = "F.hardtanh({0} / 6 + 0.5, 0.0, 1.0)"
    return pool.value(text, *inputs, torch=torch, jax="")


def activation(pool: Pool) -> Statement | None:
    a = pool.pick(lambda x: x.dtype.kind == "f")
    if a is None:
        return None
    x, name = pool[a], pool.choose(ACTIVATIONS)
    if x.ndim and pool.chance(0.4):
        k = int(pool.rng.integers(-x.ndim, x.ndim))
        words = [f"softmax({{0}}, dim={k})", f"log_softmax({{0}}, dim={k})",
                 f"softmin({{0}}, dim={k})", f"normalize({{0}}, dim={k})",
                 "gelu({0}, approximate='tanh')", "elu({0}, alpha=0.7)", "leaky_relu({0}, 0.2)",
                 "softplus({0}, beta=2.0)", "threshold({0}, 0.5, -1.0)"]  # fmt: skip
        if x.shape[k] % 2 == 0:
            words += [f"glu({{0}}, dim={k})"] * 2
        text = pool.choose(words)
    else:
        text = f"{name}({{0}})"
    return _layer(pool, f"F.{text}", a) if away(x, *EDGES) else None


def layer(pool: Pool) -> Statement | None:
    """Layers whose input is grown from any value, so that most values can be one."""
    a = pool.pick(lambda x: x.dtype.kind == "f" and 3 <= x.size <= 40)
    if a is None:
        return None
    x, w = pool[a], pool.pick(lambda y: y.dtype == pool[a].dtype and y.size > 1)
    if w is None:
        return None
    n, m, c = x.size, pool[w].size, pool.number()
    row = f"{{0}}.reshape(1, 1, {n})"
    image = f"({{0}}.reshape({n}, 1) * {{1}}.reshape(1, {m})).reshape(1, 1, {n}, {m})"
    two = f"({{0}}.reshape({n}, 1) + {{1}}.reshape(1, {m}))"
    pair = f"np.stack([{{0}}.reshape({n}), {{0}}.reshape({n}) * {c}]).reshape(1, 2, {n})"
    k, s = min(m, int(pool.rng.integers(1, 4))), int(pool.rng.integers(1, 3))
    kernel, p = f"{{1}}.reshape({m})[:{k}]", int(pool.rng.integers(0, 2))
    square = f"({{0}}.reshape({n})[:2].reshape(2, 1) * {{1}}.reshape({m})[:2]).reshape(1, 1, 2, 2)"
    options = [
        f"F.conv1d({row}, {kernel}.reshape(1, 1, {k}), stride={s}, padding={k // 2})",
        f"F.conv1d({pair}, np.stack([{kernel}, {kernel} * 2.0]).reshape(2, 1, {k}), groups=2, "
        f"padding={k}, dilation={s})",
        f"F.conv2d({image}, {square}, stride={s}, padding={1 + p})",
        f"F.conv2d({image}, {square}, dilation={s}, padding=2)",
        f"F.conv_transpose1d({row}, {kernel}.reshape(1, 1, {k}), stride={s})",
        f"F.conv_transpose2d({image}, {square}, stride={s}, padding={p})",
        f"F.avg_pool1d({row}, 2, {s}, {p})", f"F.avg_pool2d({image}, 2, {s}, {p})",
        f"F.avg_pool2d({image}, 2, {s}, 1, count_include_pad=False)",
        f"F.adaptive_avg_pool1d({row}, 2)", f"F.adaptive_avg_pool2d({image}, (2, 1))",
        f"F.lp_pool1d(np.exp({row}), 3.0, 2)",
        f"F.layer_norm({two}, ({m},), eps=0.1)", f"F.layer_norm({two}, ({m},), {{1}}.reshape({m}))",
        f"F.group_norm({pair}, 2, eps=0.01)", f"F.instance_norm({pair}, eps=0.01)",
        f"F.batch_norm({two}, None, None, {{1}}.reshape({m}), {{1}}.reshape({m}), True)",
        f"F.local_response_norm({pair}, 2, alpha=0.5)",
        f"F.linear({two}, {two}, {{0}}.reshape({n}))",
        f"F.bilinear({two}, {two}, np.stack([{{1}}.reshape({m}, 1) * {{1}}.reshape({m})]))",
        f"F.interpolate({row}, scale_factor=2.0, mode='linear', align_corners=False)",
        f"F.interpolate({row}, size=5, mode='linear', align_corners=True)",
        f"F.interpolate({row}, scale_factor=2.0, mode='nearest')",
        f"F.scaled_dot_product_attention({two}, {two} * {c}, np.sin({two}))",
        f"F.scaled_dot_product_attention({two}, {two}, {two}, is_causal=True)",
        f"F.embedding(I([[0, {n - 1}], [1, 0]]), {two})",
        f"lstm(np.sin({two}), np.cos({two}), {{0}}.reshape({n}))",
        f"gru(np.sin({two}), np.cos({two}), {{0}}.reshape({n}))",
        f"F.cosine_similarity({two}, np.sin({two}) + {c}, dim=1)",
        f"F.pairwise_distance({two}, np.sin({two}) + {c})",
    ]  # fmt: skip
    if distinct(x):
        options += [f"F.max_pool1d({row}, 2, {s}, {p})", f"F.adaptive_max_pool1d({row}, 2)"]
        if distinct(np.multiply.outer(x.ravel(), pool[w].ravel())):
            options += [f"F.max_pool2d({image}, 2, {s}, {p})"] * 2
            options += [f"F.adaptive_max_pool2d({image}, (1, 2))"]
    return _layer(pool, pool.choose(options), a, w)


def loss(pool: Pool) -> Statement | None:
    a = pool.pick(lambda x: x.dtype.kind == "f" and x.ndim == 2 and x.shape[1] > 1)
    if a is None:
        return None
    x = pool[a]
    b = pool.pick(lambda y: y.shape == x.shape and y.dtype == x.dtype)
    targets = pool.rng.integers(0, x.shape[1], x.shape[0]).tolist()
    how, c, p = pool.choose(["mean", "sum", "none"]), pool.number(), abs(pool.number()) + 0.3
    tail, signs = f"reduction='{how}')", (2 * pool.rng.integers(0, 2, x.shape[0]) - 1).tolist()
    gap = x - pool[b] * c
    smooth = away(gap, 0.0, p, -p)
    weight = f"np.exp({{1}}[0] * {c})"
    options = [
        (f"F.cross_entropy({{0}}, I({targets}), label_smoothing=0.1, {tail}", True),
        (f"F.cross_entropy({{0}}, I({targets}), {weight}, {tail}", "mean" not in tail),
        (f"F.cross_entropy({{0}}, I({targets}), ignore_index={targets[0]}, {tail}",
         len(set(targets)) > 1),
        (f"F.cross_entropy({{0}}, F.softmax({{1}}, dim=1), {tail}", True),
        (f"F.nll_loss(F.log_softmax({{0}}, dim=1), I({targets}), {tail}", True),
        (f"F.mse_loss({{0}}, {{1}} * {c}, {tail}", True),
        (f"F.l1_loss({{0}}, {{1}} * {c}, {tail}", smooth),
        (f"F.huber_loss({{0}}, {{1}} * {c}, delta={p}, {tail}", smooth),
        (f"F.smooth_l1_loss({{0}}, {{1}} * {c}, beta={p}, {tail}", smooth),
        (f"F.binary_cross_entropy(F.sigmoid({{0}}), F.sigmoid({{1}}), {tail}", True),
        (f"F.binary_cross_entropy_with_logits({{0}}, F.sigmoid({{1}}), {tail}", True),
        (f"F.binary_cross_entropy_with_logits({{0}}, F.sigmoid({{1}}), pos_weight=np.exp({{1}}[0])"
         f", {tail}", True),
        (f"F.kl_div(F.log_softmax({{0}}, dim=1), F.softmax({{1}}, dim=1), {tail}", True),
        (f"F.kl_div({{0}}, {{1}}, log_target=True, {tail}", True),
        (f"F.multi_margin_loss({{0}}, I({targets}), margin={p}, {tail}", distinct(x, 0.01)),
        (f"F.cosine_embedding_loss({{0}}, np.sin({{1}}) + {c}, I({signs}), {tail}",
         all(away(np.linalg.norm(v, axis=1), 0.0, margin=0.5)  # PyTorch adds 1e-12 to squares
             for v in (x, np.sin(pool[b]) + c))),
    ]  # fmt: skip
    text, fits = pool.choose(options)
    return _layer(pool, text, a, b) if fits else None


def lstm(np: Any, gates: Any, cell: Any, bias: Any) -> Any:
    """An LSTM's cell as a composition, in any engine."""
    i, f, o = 1 / (1 + np.exp(-gates)), np.tanh(gates + bias[:, None]), np.sin(gates)
    cell = f * cell + i * o
    return np.tanh(cell) * o


def gru(np: Any, x: Any, h: Any, bias: Any) -> Any:
    """A GRU's cell as a composition, in any engine."""
    z = 1 / (1 + np.exp(-(x + h)))
    new = np.tanh(x + z * (h + bias[:, None]))
    return (1 - z) * new + z * h


FAMILIES = [activation, activation, layer, layer, loss]
