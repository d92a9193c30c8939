"""Attention with and without masks, and a transformer's layers, at three sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

SIZES = ((2, 2, 16, 16), (4, 4, 128, 32), (8, 8, 256, 64))  # examples, heads, length, width


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    attend = e.F.scaled_dot_product_attention
    for n, heads, length, width in SIZES:
        q, k, v = (rng.normal(size=(n, heads, length, width)).astype("float32") for _ in range(3))
        mask = rng.random((length, length)) < 0.7
        mask[:, 0] = True

        def add(name: str, f: Any, *constants: Any, arrays: Any = (q, k, v)) -> None:
            size = " x ".join(map(str, arrays[0].shape))
            found[f"{name}, {size}"] = lambda: e.step(
                lambda *a: f(*a) ** 2, *arrays, constants=constants
            )

        add("attention", attend)
        add("causal attention", lambda q, k, v: attend(q, k, v, is_causal=True))
        add("masked attention", attend, mask)
        d = heads * width
        x, target = (rng.normal(size=(n, length, d)).astype("float32") for _ in range(2))
        found[f"transformer layer, {n} x {length} x {d}"] = (
            lambda d=d, heads=heads, x=x, target=target: e.training(
                e.nn.TransformerEncoderLayer(d, heads, 4 * d, 0.0, batch_first=True),
                e.nn.MSELoss(), x, target,
            )
        )  # fmt: skip
    return found
