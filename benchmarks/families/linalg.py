"""Factorizations and what is built on them, float64, at three sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

SIZES = (8, 64, 200)


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    la = e.np.linalg
    for n in SIZES:
        a = rng.normal(size=(n, n)) + 3 * np.eye(n)
        s = a @ a.T + n * np.eye(n)
        b, points = rng.normal(size=(n, 3)), rng.normal(size=(n, 2))

        def add(name: str, f: Any, *arrays: Any, n: int = n) -> None:
            found[f"{name}, n = {n}"] = lambda: e.step(f, *arrays)

        add("solve", la.solve, a, b)
        add("inv", la.inv, a)
        add("cholesky", la.cholesky, s)
        add("logdet", lambda a: la.slogdet(a)[1], s)
        add("eigenvalues, symmetric", lambda a: la.eigh(a)[0] ** 2, s)
        add("singular values", lambda a: la.svd(a, False)[1] ** 2, a)
        add("qr", lambda a: abs(la.qr(a)[1]), a)
        add("Gaussian process", lambda x, y: _likelihood(e, x, y), points, b[:, 0].copy())
    return found


def _likelihood(e: Engine, x: Any, y: Any) -> Any:
    """The log marginal likelihood of observations y at points x, by Cholesky."""
    n = len(y)
    squares = (x * x).sum(1)
    distances = squares.reshape(-1, 1) + squares.reshape(1, -1) - 2.0 * (x @ x.T)
    factor = e.np.linalg.cholesky(e.np.exp(-0.5 * distances) + e.constant(0.1 * np.eye(n)))
    half = e.np.linalg.solve(factor, y.reshape(-1, 1))
    return -0.5 * (half * half).sum() - e.np.log(e.np.diagonal(factor)).sum()
