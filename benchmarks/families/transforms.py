"""Hessian-vector products, Jacobians, Hessians and vmap, beside torch.func."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

SIZES = (4, 32, 128)


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    t = e.transforms
    for n in SIZES:
        w = e.constant(rng.normal(size=(n, n)) / n**0.5)
        x, v = (e.constant(rng.normal(size=n)) for _ in range(2))
        rows = e.constant(rng.normal(size=(64, n)))

        def energy(x: Any, w: Any = w) -> Any:
            return (e.np.tanh(w @ x) ** 2).sum()

        def layer(x: Any, w: Any = w) -> Any:
            return e.np.tanh(w @ x)

        calls = {
            "gradient": lambda f=energy, x=x: t.grad(f)(x),
            "Hessian times vector": lambda f=energy, x=x, v=v: t.jvp(t.grad(f), (x,), (v,))[1],
            "Jacobian, forward": lambda f=layer, x=x: t.jacfwd(f)(x),
            "Jacobian, reverse": lambda f=layer, x=x: t.jacrev(f)(x),
            "Hessian": lambda f=energy, x=x: t.hessian(f)(x),
            "gradients of 64 examples": lambda f=energy, xs=rows: t.vmap(t.grad(f))(xs),
        }
        for name, call in calls.items():
            found[f"{name}, n = {n}"] = lambda call=call: lambda: _Sum(call())
    return found


class _Sum:
    """The sum of a result, only where it is asked for."""

    def __init__(self, result: Any) -> None:
        self.result = result

    def __float__(self) -> float:
        return float(np.asarray(self.result).sum())
