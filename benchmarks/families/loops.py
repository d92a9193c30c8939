"""Long chains of small operations: differential equations, recurrences, sums in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    for n in (10, 100, 1_000):
        found[f"logistic map, {n} steps"] = lambda n=n: e.step(
            lambda x, r: _logistic(x, r, n), np.float64(0.3), np.float64(3.2)
        )
        found[f"pendulum by Euler, {n} steps"] = lambda n=n: e.step(
            lambda a, v: _pendulum(e, a, v, n), np.float64(1.0), np.float64(0.0)
        )
    w = rng.normal(size=(8, 8)) * 0.3
    for n in (10, 100, 1_000):
        found[f"x = tanh(W x), 8 by 8, {n} steps"] = lambda n=n: e.step(
            lambda x, w: _recurrence(e, x, w, n), np.ones(8), w
        )
        found[f"x = tanh(W x), W constant, {n} steps"] = lambda n=n: e.step(
            lambda x, w: _recurrence(e, x, w, n), np.ones(8), constants=[w]
        )
    return found


def _logistic(x: Any, r: Any, n: int) -> Any:
    for _ in range(n):
        x = r * x * (1.0 - x)
    return x


def _pendulum(e: Engine, angle: Any, speed: Any, n: int) -> Any:
    for _ in range(n):
        angle, speed = angle + 0.01 * speed, speed - 0.01 * e.np.sin(angle)
    return angle


def _recurrence(e: Engine, x: Any, w: Any, n: int) -> Any:
    for _ in range(n):
        x = e.np.tanh(w @ x)
    return x
