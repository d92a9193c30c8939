"""Whole training steps of models that no kernel was written for."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}

    def normal(*shape: int) -> Any:
        return rng.normal(size=shape).astype("float32")

    def add(name: str, model: Any, x: Any, target: Any, loss: str, rule: str = "Adam") -> None:
        found[name] = lambda: e.training(model(), getattr(e.nn, loss)(), x, target, rule)

    for sizes, n in (((2, 16, 2), 32), ((64, 64, 64, 64, 64, 64, 64, 10), 64),
                     ((784, 1024, 1024, 10), 128), ((256, 4096, 256), 64)):  # fmt: skip
        shape = "-".join(map(str, sizes))
        labels = rng.integers(0, sizes[-1], n)
        for activation in ("Tanh", "GELU"):
            add(f"MLP {shape}, {activation}, batch {n}",
                lambda s=sizes, a=activation: _mlp(e, s, a), normal(n, sizes[0]), labels,
                "CrossEntropyLoss")  # fmt: skip
    for n, length, d, layers in ((2, 32, 32, 1), (4, 64, 64, 2), (8, 128, 128, 2)):
        tokens, after = (rng.integers(0, 65, (n, length)) for _ in range(2))
        add(f"GPT, {layers} layers of {d}, {n} x {length} tokens",
            lambda d=d, k=layers, t=length: _gpt(e, d, k, t), tokens, after.reshape(-1),
            "CrossEntropyLoss")  # fmt: skip
    for n, width in ((4, 16), (16, 32)):
        add(f"ResNet of 3 blocks, width {width}, {n} x 32 x 32", lambda w=width: _resnet(e, w),
            normal(n, 3, 32, 32), rng.integers(0, 10, n), "CrossEntropyLoss")  # fmt: skip
    for n, width in ((4, 32), (16, 64)):
        add(f"vision transformer, width {width}, {n} x 32 x 32", lambda w=width: _vit(e, w),
            normal(n, 3, 32, 32), rng.integers(0, 10, n), "CrossEntropyLoss")  # fmt: skip
    for n in (16, 128):
        x = rng.random((n, 784)).astype("float32")
        add(f"autoencoder 784-256-32-256-784, batch {n}", lambda: _autoencoder(e), x, x,
            "BCEWithLogitsLoss")  # fmt: skip
    for n, edges in ((200, 1_000), (2_000, 12_000)):
        ends = rng.integers(0, n, (2, edges))
        add(f"graph net, {n} nodes, {edges} edges", lambda ends=ends: _graph_net(e, ends),
            normal(n, 32), rng.integers(0, 7, n), "CrossEntropyLoss")  # fmt: skip
    return found


def _mlp(e: Engine, sizes: Any, activation: str) -> Any:
    parts: list[Any] = []
    for m, n in itertools.pairwise(sizes):
        parts += [e.nn.Linear(m, n), getattr(e.nn, activation)()]
    return e.nn.Sequential(*parts[:-1])


def _block(e: Engine, d: int) -> Any:
    class Block(e.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = e.nn.LayerNorm(d), e.nn.LayerNorm(d)
            self.into, self.out = e.nn.Linear(d, 3 * d), e.nn.Linear(d, d)
            self.wide, self.back = e.nn.Linear(d, 4 * d), e.nn.Linear(4 * d, d)

        def forward(self, x: Any, causal: bool = True) -> Any:
            n, length, heads = x.shape[0], x.shape[1], 4
            parts = self.into(self.norm1(x)).reshape(n, length, 3, heads, d // heads)
            q, k, v = (parts[:, :, j].swapaxes(1, 2) for j in range(3))
            y = e.F.scaled_dot_product_attention(q, k, v, is_causal=causal)
            x = x + self.out(y.swapaxes(1, 2).reshape(n, length, d))
            return x + self.back(e.F.gelu(self.wide(self.norm2(x))))

    return Block()


def _gpt(e: Engine, d: int, layers: int, length: int) -> Any:
    class GPT(e.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = e.nn.Embedding(65, d), e.nn.Embedding(length, d)
            self.blocks = e.nn.ModuleList([_block(e, d) for _ in range(layers)])
            self.norm, self.head = e.nn.LayerNorm(d), e.nn.Linear(d, 65)
            self.order = e.constant(np.arange(length))

        def forward(self, tokens: Any) -> Any:
            x = self.tokens(tokens) + self.places(self.order)
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x)).reshape(-1, 65)

    return GPT()


def _vit(e: Engine, d: int) -> Any:
    class ViT(e.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.patches = e.nn.Conv2d(3, d, 4, stride=4)
            self.places = e.nn.Embedding(64, d)
            self.block1, self.block2 = _block(e, d), _block(e, d)
            self.norm, self.head = e.nn.LayerNorm(d), e.nn.Linear(d, 10)
            self.order = e.constant(np.arange(64))

        def forward(self, x: Any) -> Any:
            x = self.patches(x).reshape(x.shape[0], d, 64).swapaxes(1, 2) + self.places(self.order)
            x = self.block2(self.block1(x, causal=False), causal=False)
            return self.head(self.norm(x).mean(1))

    return ViT()


def _resnet(e: Engine, w: int) -> Any:
    class Residual(e.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, m: int, n: int, stride: int) -> None:
            super().__init__()
            self.conv1 = e.nn.Conv2d(m, n, 3, stride=stride, padding=1, bias=False)
            self.conv2 = e.nn.Conv2d(n, n, 3, padding=1, bias=False)
            self.norm1, self.norm2 = e.nn.BatchNorm2d(n), e.nn.BatchNorm2d(n)
            self.short = e.nn.Conv2d(m, n, 1, stride=stride)

        def forward(self, x: Any) -> Any:
            y = e.F.relu(self.norm1(self.conv1(x)))
            return e.F.relu(self.norm2(self.conv2(y)) + self.short(x))

    return e.nn.Sequential(
        e.nn.Conv2d(3, w, 3, padding=1), e.nn.ReLU(), Residual(w, w, 1), Residual(w, 2 * w, 2),
        Residual(2 * w, 4 * w, 2), e.nn.AvgPool2d(8), e.nn.Flatten(), e.nn.Linear(4 * w, 10),
    )  # fmt: skip


def _autoencoder(e: Engine) -> Any:
    return e.nn.Sequential(
        e.nn.Linear(784, 256), e.nn.SiLU(), e.nn.Linear(256, 32), e.nn.SiLU(),
        e.nn.Linear(32, 256), e.nn.SiLU(), e.nn.Linear(256, 784),
    )  # fmt: skip


def _graph_net(e: Engine, ends: Any) -> Any:
    """Two rounds of messages along edges; what arrives at a node is summed by a sorted order."""
    source, target = ends[0], np.sort(ends[1])
    dense = np.zeros((int(ends.max()) + 1, len(target)), "float32")
    dense[target, np.arange(len(target))] = 1.0

    class GraphNet(e.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = e.nn.Linear(32, 32), e.nn.Linear(32, 32)
            self.head = e.nn.Linear(32, 7)
            self.source = e.constant(source)
            self.arrive = e.constant(dense[:, : min(len(target), 1_000)])

        def forward(self, x: Any) -> Any:
            for layer in (self.first, self.second):
                sent = e.F.relu(layer(x)[self.source])
                x = x + self.arrive @ sent[: self.arrive.shape[1]]
            return self.head(x)

    return GraphNet()
