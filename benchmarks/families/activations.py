"""Activations, and an activation with its bias, at three sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.engines import Engine, Step

NAMES = ("relu", "gelu", "silu", "sigmoid", "tanh", "softplus", "elu", "selu", "leaky_relu",
         "hardswish", "mish", "softsign", "logsigmoid")  # fmt: skip
SHAPES = ((16, 64), (128, 512), (512, 2048))


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    for shape in SHAPES:
        x = rng.normal(size=shape).astype("float32")
        b = rng.normal(size=shape[1:]).astype("float32")
        size = " x ".join(map(str, shape))
        for name in NAMES:
            f = getattr(e.F, name)
            found[f"{name}, {size}"] = lambda f=f, x=x: e.step(f, x)
        found[f"gelu of x + bias, {size}"] = lambda x=x, b=b: e.step(
            lambda x, b: e.F.gelu(x + b), x, b
        )
        found[f"dropout, {size}"] = lambda x=x: _dropout(e, x)
    return found


def _dropout(e: Engine, x: np.ndarray) -> Step:
    step = e.step(lambda x: e.F.dropout(x, 0.3), x)

    def run() -> float:
        step()
        return 0.0  # each engine draws numbers of its own

    return run
