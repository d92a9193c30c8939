"""LSTM, GRU and RNN layers: a training step's forward and backward, at three sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

SIZES = ((4, 16, 16, 32), (32, 50, 64, 128), (64, 32, 128, 256))  # batch, steps, in, hidden


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    for n, steps, m, h in SIZES:
        x = rng.normal(size=(n, steps, m)).astype("float32")

        def add(name: str, kind: str, hidden: int, x: Any = x, m: int = m, **more: Any) -> None:
            wide = hidden * (2 if more.get("bidirectional") else 1)
            target = np.ones((*x.shape[:2], wide), "float32")
            size = f"{x.shape[0]} x {x.shape[1]}, {m} to {hidden}"
            found[f"{name}, {size}"] = lambda: e.training(
                getattr(e.nn, kind)(m, hidden, batch_first=True, **more), e.nn.MSELoss(), x, target
            )

        for kind in ("LSTM", "GRU", "RNN"):
            add(kind, kind, h)
        add("LSTM of two layers", "LSTM", h, num_layers=2)
        add("LSTM both ways", "LSTM", h, bidirectional=True)
    return found
