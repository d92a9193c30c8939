"""Random programs that make arrays, take views and write: every mode against plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core.numpy as anp
from autograd_core import InPlaceError, compile, grad, jvp, linearize, vmap

SHAPE = (2, 3)
VIEWS: list[tuple[str, Callable[[Any], Any]]] = [
    ("[1:]", lambda v: v[1:]),
    ("[::-1]", lambda v: v[::-1]),
    ("[..., :2]", lambda v: v[..., :2]),
    ("[..., ::2]", lambda v: v[..., ::2]),
    (".T", lambda v: v.T),
    (".reshape(-1)", lambda v: v.reshape(-1)),
    (".ravel()", lambda v: v.ravel()),
    ("[None]", lambda v: v[None]),
    (".swapaxes(0, -1)", lambda v: v.swapaxes(0, -1)),
    (".reshape(2, -1)", lambda v: v.reshape(2, -1) if v.size % 2 == 0 else v[...]),
]
WRITES: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("[...] = s", lambda v, s: v.__setitem__(..., s)),
    ("[..., 0] = s", lambda v, s: v.__setitem__((..., 0), s)),
    ("[-1:] = s * v", lambda v, s: v.__setitem__(slice(-1, None), s * v[-1:])),
    ("[..., [0, -1, 0]] += s", lambda v, s: v.__setitem__((..., [0, -1, 0]), v[..., [0, 0, 0]] + s)),
    ("[mask] = s", lambda v, s: v.__setitem__(np.arange(v.size).reshape(v.shape) % 2 == 0, s)),
    ("*= s", lambda v, s: v.__imul__(s)),
    ("+= s", lambda v, s: v.__iadd__(s)),
    ("-= own reverse", lambda v, s: v.__isub__(v[::-1] * s)),
    ("fill", lambda v, s: v.fill(s)),
    ("sort", lambda v, s: v.sort()),
    ("out=", lambda v, s: np.multiply(v, s, out=v)),
    ("put", lambda v, s: np.put(v, [0, -1], s)),
    ("copyto", lambda v, s: np.copyto(v, np.sin(v) + s)),
    ("fill_diagonal", lambda v, s: np.fill_diagonal(v, s) if v.ndim == 2 else None),
    ("add.at", lambda v, s: np.add.at(v, (..., [0, 0]), s)),
]  # fmt: skip
MAKERS: list[tuple[str, Callable[[Any], Any]]] = [
    ("zeros", lambda v: anp.zeros(v.shape)),
    ("full", lambda v: anp.full(v.shape, 0.3)),
    ("ones_like", lambda v: np.ones_like(v)),
    ("zeros_like", lambda v: anp.zeros_like(v)),
    ("copy", lambda v: v.copy()),
    ("sine", lambda v: np.sin(v)),
    ("twice", lambda v: v * 2),
    ("stack", lambda v: np.stack([v, v * v])),
    ("outer", lambda v: v[..., None] * v.reshape(-1)[:2]),
]


def drawn(seed: int, length: int = 9) -> tuple[str, Callable[[Any], Any]]:
    """Return a random program: its text, and the function of x."""
    rng = np.random.default_rng(seed)
    steps: list[tuple[str, int, int, Any]] = []
    for _ in range(length):
        kind = rng.choice(["make", "view", "view", "write", "write", "write"])
        table: Any = {"make": MAKERS, "view": VIEWS, "write": WRITES}[kind]
        name, action = table[rng.integers(len(table))]
        steps.append((f"{kind} {name}", int(rng.integers(100)), int(rng.integers(100)), action))

    def program(x: Any) -> Any:
        values = [x * 1.0]
        for text, first, second, action in steps:
            kind = text.partition(" ")[0]
            v = values[first % len(values)]
            if kind == "write":
                other = values[second % len(values)].reshape(-1)[second % 5 % v.size // 2]
                action(v, other * 0.9)  # one number: what is written is one of the values
            elif v.ndim < 4:
                values.append(action(v))
        weights = [np.cos(np.arange(v.size) + k).reshape(v.shape) for k, v in enumerate(values)]
        return sum(np.sum(np.sin(v) * w) for v, w in zip(values, weights, strict=True))

    return "; ".join(f"{text}({a}, {b})" for text, a, b, _ in steps), program


def modes(program: Callable[[Any], Any], x: Any, batch: Any, along: Any) -> dict[str, Any]:
    """Return what each mode gives, all as (value, slope along a direction) or values."""
    slope = grad(program)
    recorded = compile(program)
    recorded(x + 0.01)
    return {
        "grad": lambda: np.sum(slope(x) * along),
        "jvp": lambda: jvp(program, (x,), (along,))[1],
        "linearize": lambda: linearize(program, x)[1](along),
        "compile": lambda: np.sum(recorded(x)[1] * along),
        "vmap of grad": lambda: np.sum(vmap(slope, in_axes=1)(np.stack([x, x], 1))[1] * along),
        "vmap of jvp": lambda: vmap(lambda r: jvp(program, (r,), (along,))[1], in_axes=2)(
            np.stack([x, x], 2)
        )[1],
        "grad of vmap": lambda: np.sum(
            grad(lambda rows: np.sum(vmap(program, in_axes=1)(rows)))(np.stack([x, x], 1))[:, 1]
            * along
        ),
    }


def check(seed: int, names: tuple[str, ...] | None = None, length: int = 9) -> int:
    """Compare one program in these modes; return how many gave numbers."""
    text, program = drawn(seed, length)
    rng = np.random.default_rng(seed + 10**6)
    x, along = rng.uniform(0.3, 1.2, SHAPE), rng.uniform(-1, 1, SHAPE)
    try:
        with np.errstate(all="raise"):
            ahead, behind, value = (program(x + h * along) for h in (1e-6, -1e-6, 0.0))
            more = program(x + 2e-6 * along), program(x - 2e-6 * along)
    except (IndexError, ValueError, FloatingPointError):
        return 0  # NumPy refuses it, or it grew beyond measure
    wanted = (ahead - behind) / 2e-6
    if abs((more[0] - more[1]) / 4e-6 - wanted) > 1e-5 * (1 + abs(wanted)):
        return 0  # a kink, or too steep for differences
    got = 0
    batch = np.stack([x, x + 0.05, x - 0.05])
    for name, run in modes(program, x, batch, along).items():
        if names is None or name in names:
            np.testing.assert_allclose(run(), wanted, rtol=2e-4, atol=2e-4, err_msg=f"{name}: {text}")
            got += 1
    np.testing.assert_allclose(
        vmap(program)(batch), [program(row) for row in batch], rtol=1e-9, err_msg=f"vmap: {text}"
    )
    return got + 1 if value == value else got
