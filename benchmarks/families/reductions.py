"""Sums, means, extremes, softmax and the losses over rows, at three sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

SHAPES = ((32, 64), (256, 512), (512, 4096))


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    for shape in SHAPES:
        size = " x ".join(map(str, shape))
        x, w = (rng.normal(size=shape).astype("float32") for _ in range(2))
        labels = rng.integers(0, shape[1], shape[0])
        positive = np.abs(x) + np.float32(0.1)

        def weighted(f: Any, x: Any = x, w: Any = w) -> Callable[[], Step]:
            return lambda: e.step(lambda x, w: f(x) * w, x, constants=[w])

        def of_rows(name: str, x: Any = x) -> Callable[[], Step]:
            return lambda: e.step(lambda x: getattr(e.np, name)(x, 1), x)

        for name in ("sum", "mean", "max", "cumsum", "prod"):
            data = positive if name == "prod" else x
            data = data * np.float32(1 if name != "prod" else 0.8)
            found[f"{name} of rows, {size}"] = of_rows(name, data)
        found[f"variance of rows, {size}"] = lambda x=x: e.step(
            lambda x: ((x - x.mean(1).reshape(-1, 1)) ** 2).mean(1), x
        )
        found[f"norm of rows, {size}"] = lambda x=x: e.step(lambda x: (x * x).sum(1) ** 0.5, x)
        found[f"softmax, {size}"] = weighted(lambda x: e.F.softmax(x, -1))
        found[f"log_softmax, {size}"] = weighted(lambda x: e.F.log_softmax(x, -1))
        found[f"cross-entropy, {size}"] = lambda x=x, labels=labels: e.step(
            lambda x, t: e.F.cross_entropy(x, t), x, constants=[labels]
        )
        found[f"mse loss, {size}"] = lambda x=x, w=w: e.step(
            lambda x, w: e.F.mse_loss(x, w), x, constants=[w]
        )
        found[f"huber loss, {size}"] = lambda x=x, w=w: e.step(
            lambda x, w: e.F.huber_loss(x, w), x, constants=[w]
        )
        half = (w > 0).astype("float32")
        found[f"binary cross-entropy with logits, {size}"] = lambda x=x, half=half: e.step(
            lambda x, t: e.F.binary_cross_entropy_with_logits(x, t), x, constants=[half]
        )
    return found
