"""Matrix products of every kind, at three sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

SIZES = (16, 128, 512)


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    for n in SIZES:
        batch = max(4, 2048 // n)
        part = n // 4

        def add(name: str, f: Any, *shapes: tuple[int, ...], n: int = n) -> None:
            arrays = [rng.normal(size=s).astype("float32") / n**0.5 for s in shapes]
            found[f"{name}, n = {n}"] = lambda: e.step(f, *arrays)

        add("A @ B", lambda a, b: a @ b, (n, n), (n, n))
        add("A @ x", lambda a, x: a @ x, (n, n), (n,))
        add("x @ A.T + b", lambda x, a, b: x @ a.T + b, (32, n), (n, n), (n,))
        add(f"{batch} products", lambda a, b: a @ b, (batch, part, part), (batch, part, part))
        add("einsum bij,bjk->bik", lambda a, b: e.np.einsum("bij,bjk->bik", a, b),
            (batch, part, part), (batch, part, part))  # fmt: skip
        add("einsum bhqd,bhkd->bhqk", lambda a, b: e.np.einsum("bhqd,bhkd->bhqk", a, b),
            (4, 4, part, 16), (4, 4, part, 16))  # fmt: skip
        add("outer", lambda x, y: e.np.outer(x, y) * 2.0, (n,), (n,))
    return found
