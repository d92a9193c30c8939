"""Layer, group, batch and instance norm, each with weight and bias, at three sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

ROWS = ((32, 64), (256, 512), (512, 4096))
IMAGES = ((4, 8, 8, 8), (16, 32, 16, 16), (32, 64, 32, 32))


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}

    def add(name: str, shape: tuple[int, ...], features: int, f: Any) -> None:
        x, v = (rng.normal(size=shape).astype("float32") for _ in range(2))
        w, b = (rng.normal(size=features).astype("float32") for _ in range(2))
        size = " x ".join(map(str, shape))
        found[f"{name}, {size}"] = lambda: e.step(
            lambda x, w, b, v: f(x, w, b) * v, x, w, b, constants=[v]
        )

    for shape in ROWS:
        n = shape[-1]
        add("layer norm", shape, n, lambda x, w, b, n=n: e.F.layer_norm(x, (n,), w, b))
        add("batch norm of rows", shape, n, lambda x, w, b: _batch_norm(e, x, w, b))
    for shape in IMAGES:
        n = shape[1]
        add("batch norm", shape, n, lambda x, w, b: _batch_norm(e, x, w, b))
        add("group norm", shape, n, lambda x, w, b: e.F.group_norm(x, 4, w, b))
        add("instance norm", shape, n, lambda x, w, b: e.F.instance_norm(x, weight=w, bias=b))
    return found


def _batch_norm(e: Engine, x: Any, w: Any, b: Any) -> Any:
    return e.F.batch_norm(x, None, None, w, b, training=True)
