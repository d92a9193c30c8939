"""Functions applied to each number, from a hundred numbers to a million."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

UNARY = ("exp", "log", "sin", "cos", "tanh", "sqrt", "square", "absolute", "expm1", "log1p",
         "reciprocal", "arctan", "sinh")  # fmt: skip
BINARY = ("add", "multiply", "divide", "power", "maximum", "arctan2", "hypot", "logaddexp")
SIZES = (100, 10_000, 1_000_000)


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    for size in SIZES:
        for dtype in ("float32", "float64"):
            x, y = (rng.uniform(0.5, 2, size).astype(dtype) for _ in range(2))
            for name in UNARY:
                found[f"{name}, {size:,} {dtype}"] = _program(e, getattr(e.np, name), x)
            for name in BINARY:
                found[f"{name}, {size:,} {dtype}"] = _program(e, getattr(e.np, name), x, y)
            found[f"sin(x) exp(x) + log1p(x), {size:,} {dtype}"] = _program(
                e, lambda x: e.np.sin(x) * e.np.exp(x) + e.np.log1p(x), x
            )
            found[f"where(x > 1, x * x, x), {size:,} {dtype}"] = _program(
                e, lambda x: e.np.where(x > 1, x * x, x), x
            )
    return found


def _program(e: Engine, f: Any, *arrays: Any) -> Callable[[], Step]:
    return lambda: e.step(f, *arrays)
