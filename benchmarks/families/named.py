"""The nine training steps that the README names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step
from benchmarks.models import convnet, lenet, mlp, residual_block


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return rng.normal(size=shape).astype("float32")

    def classified(model: Any, x: Any, rule: str = "SGD") -> Callable[[], Step]:
        labels = rng.integers(0, 10, len(x))
        return lambda: e.training(model(e.nn), e.nn.CrossEntropyLoss(), x, labels, rule)

    def fitted(model: Any, x: Any, *target: int) -> Callable[[], Step]:
        y = normal(*target)
        return lambda: e.training(model(e.nn), e.nn.MSELoss(), x, y)

    def lstm(kind: Any) -> Any:
        return kind.LSTM(64, 128)

    def layer(kind: Any) -> Any:
        return kind.TransformerEncoderLayer(256, 8, 1024, 0.0, batch_first=True)

    return {
        "MLP 784-512-512-10, batch 16": classified(mlp, normal(16, 784)),
        "MLP 784-512-512-10, batch 128": classified(mlp, normal(128, 784)),
        "MLP 784-512-512-10, batch 512": classified(mlp, normal(512, 784)),
        "MLP 784-512-512-10, Adam, 128": classified(mlp, normal(128, 784), "Adam"),
        "LeNet-5, batch 64": classified(lenet, normal(64, 1, 28, 28)),
        "conv net 3-32-64-64, batch 64": classified(convnet, normal(64, 3, 32, 32)),
        "LSTM 64-128, 64 steps": fitted(lstm, normal(64, 32, 64), 64, 32, 128),
        "transformer layer, 8 x 128 x 256": fitted(layer, normal(8, 128, 256), 8, 128, 256),
        "residual block 256, 8 x 19 x 19": fitted(
            residual_block, normal(8, 17, 19, 19), 8, 256, 19, 19
        ),
    }  # fmt: skip
