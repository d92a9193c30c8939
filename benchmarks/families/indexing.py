"""Embeddings, gathering, scattering, slices, masks, joining, at three sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

SIZES = ((100, 16, 64), (1_000, 64, 1_024), (20_000, 128, 8_192))  # rows, columns, indices


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    for n, m, k in SIZES:
        x = rng.normal(size=(n, m)).astype("float32")
        rows, mask = rng.integers(0, n, k), rng.random(n) < 0.5
        size = f"{n} x {m}"

        def add(name: str, f: Any, *constants: Any, x: Any = x, size: str = size) -> None:
            found[f"{name}, {size}"] = lambda: e.step(f, x, constants=constants)

        add(f"embedding of {k}", lambda x, i: e.F.embedding(i, x), rows)
        add(f"x[indices] of {k}", lambda x, i: x[i] * x[i], rows)
        add(f"neighbours' sums of {k}", lambda x, i, j: (x[i] - x[j]) ** 2, rows, rows[::-1].copy())
        add("x[mask]", lambda x, i: x[i] ** 2, mask)
        add("slices", lambda x: x[1:] * x[:-1] + x[1:] ** 2)
        add("concatenate", lambda x: e.np.concatenate([x, x * x, x]))
        add("reshape and transpose", lambda x: x.reshape(-1, 4).T * 2.0)
    return found
