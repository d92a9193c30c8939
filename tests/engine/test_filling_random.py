"""Random programs that make arrays, take views and write: every mode against plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core.numpy as anp
from autograd_core import compile, grad, jvp, linearize, vmap

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
    ("[..., [0, -1, 0]] += s", lambda v, s: v.__setitem__((..., [0, -1, 0]), v[..., [0] * 3] + s)),
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
            if not v.size:
                continue
            if kind == "write":
                other = values[second % len(values)].reshape(-1)
                other = other[second % other.size] if other.size else 0.5
                action(v, other * 0.9)
            elif v.ndim < 4:
                values.append(action(v))
        weights = [np.cos(np.arange(v.size) + k).reshape(v.shape) for k, v in enumerate(values)]
        return sum(np.sum(np.sin(v) * w) for v, w in zip(values, weights, strict=True))

    return "; ".join(f"{text}({a}, {b})" for text, a, b, _ in steps), program


def modes(program: Callable[[Any], Any], x: Any, along: Any) -> dict[str, Callable[[], Any]]:
    """Return how each mode gives the slope along a direction."""
    slope = grad(program)

    def compiled() -> Any:
        recorded = compile(program)
        recorded(x + 0.01)
        return np.sum(recorded(x)[1] * along)

    def pushed(row: Any) -> Any:
        return jvp(program, (row,), (along,))[1]

    def total(rows: Any) -> Any:
        return np.sum(vmap(program, in_axes=1)(rows))

    return {
        "grad": lambda: np.sum(slope(x) * along),
        "jvp": lambda: pushed(x),
        "linearize": lambda: linearize(program, x)[1](along),
        "compile": compiled,
        "vmap of grad": lambda: np.sum(vmap(slope, in_axes=1)(np.stack([x, x], 1))[1] * along),
        "vmap of jvp": lambda: vmap(pushed, in_axes=2)(np.stack([x, x], 2))[1],
        "grad of vmap": lambda: np.sum(grad(total)(np.stack([x, x], 1))[:, 1] * along),
    }


def check(seed: int, chosen: slice, length: int = 9) -> bool:
    """Compare one program in these modes; return whether there was something to compare."""
    text, program = drawn(seed, length)
    rng = np.random.default_rng(seed + 10**6)
    x, along = rng.uniform(0.3, 1.2, SHAPE), rng.uniform(-1, 1, SHAPE)
    ends = [(program(x + h * along) - program(x - h * along)) / (2 * h) for h in (1e-6, 2e-6)]
    wanted = ends[0]
    if not abs(ends[1] - wanted) < 1e-5 * (1 + abs(wanted)):
        return False  # a kink, or too steep for differences
    for name, run in list(modes(program, x, along).items())[chosen]:
        message = f"{name}: {text}"
        np.testing.assert_allclose(run(), wanted, rtol=2e-4, atol=2e-4, err_msg=message)
    axis = seed % 3
    batch = np.stack([x, x + 0.05, x - 0.05], axis)
    looped = [program(row) for row in np.moveaxis(batch, axis, 0)]
    np.testing.assert_allclose(
        vmap(program, in_axes=axis)(batch), looped, rtol=1e-9, err_msg=f"vmap: {text}"
    )
    return True


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:vmap")
@pytest.mark.parametrize("first", range(0, 100, 20))
def test_random_programs_in_every_mode(first):
    compared = [check(seed, slice(seed % 3, None, 3)) for seed in range(first, first + 20)]
    assert sum(compared) > 15


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore:vmap")
@pytest.mark.parametrize("first", range(1000, 1200, 50))
def test_longer_random_programs_in_every_mode(first):
    compared = [check(seed, slice(None), 12) for seed in range(first, first + 50)]
    assert sum(compared) > 40
