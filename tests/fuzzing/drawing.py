"""What a fuzz program is made of: arrays, shapes, axes, indices, good ones and a few bad ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Rng = np.random.Generator
SHAPES: list[tuple[int, ...]] = [
    (), (1,), (3,), (4,), (2, 3), (3, 2), (2, 1), (1, 3), (2, 2), (3, 3), (0,), (0, 3), (2, 0),
    (2, 3, 2), (1, 1, 3), (2, 2, 2), (2, 3, 3),
]  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One call: its text for messages, the function, and how many values of the pool it takes.

    ``exact`` False: the value or the derivative is not comparable with NumPy's differences
    (single precision on the way).  ``writes``: changes its first argument in place.
    """

    name: str
    f: Callable[..., Any]
    arity: int = 1
    writes: bool = False


def pick(rng: Rng, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def chance(rng: Rng, p: float) -> bool:
    return bool(rng.random() < p)


def an_axis(rng: Rng, x: Any, none: bool = True) -> Any:
    """An axis of x, now and then one that it doesn't have."""
    if none and chance(rng, 0.25):
        return None
    if chance(rng, 0.04):
        return pick(rng, [7, -5, x.ndim])
    return int(rng.integers(-x.ndim, x.ndim)) if x.ndim else 0


def some_axes(rng: Rng, x: Any) -> Any:
    """An axis, None or a tuple of axes."""
    if x.ndim > 1 and chance(rng, 0.3):
        axes = rng.permutation(x.ndim)[: int(rng.integers(1, x.ndim + 1))]
        return tuple(int(a) - (x.ndim if chance(rng, 0.3) else 0) for a in axes)
    return () if chance(rng, 0.03) else an_axis(rng, x)


def a_shape_of(rng: Rng, size: int) -> Any:
    """A shape with that many elements, perhaps with a -1; rarely a wrong one."""
    if chance(rng, 0.05):
        return pick(rng, SHAPES)
    shape: list[int] = []
    left = size
    while left > 1 and chance(rng, 0.7):
        factors = [d for d in range(1, left + 1) if left % d == 0]
        d = pick(rng, factors)
        shape.append(d)
        left //= d
    shape.append(left)
    if size and chance(rng, 0.3):
        shape[int(rng.integers(len(shape)))] = -1
    return tuple(shape)


def an_index(rng: Rng, x: Any) -> Any:
    """A basic, fancy, boolean or mixed index into x."""
    if chance(rng, 0.05):
        return pick(rng, [9, (0, 0, 0, 0, 0), [7], 1.5, "a", (None, 9)])
    if chance(rng, 0.1):
        return rng.random(x.shape) < 0.5
    if chance(rng, 0.05):
        return pick(rng, [Ellipsis, (), None, slice(None)])
    parts: list[Any] = []
    for n in x.shape[: int(rng.integers(0, x.ndim + 1))]:
        kind = int(rng.integers(7))
        if kind == 0 and n:
            parts.append(int(rng.integers(-n, n)))
        elif kind == 1:
            parts.append(slice(pick(rng, [None, 0, 1, -1]), None, pick(rng, [None, 2, -1])))
        elif kind == 2:
            parts.append(slice(None, pick(rng, [None, 1, -1, 5])))
        elif kind == 3 and n:
            parts.append(rng.integers(-n, n, 2))
        elif kind == 4 and n:
            parts.append([int(k) for k in rng.integers(0, n, 3)])
        elif kind == 5:
            parts.append(rng.random(n) < 0.6)
        else:
            parts.append(slice(None))
    if chance(rng, 0.2):
        parts.insert(int(rng.integers(len(parts) + 1)), None)
    if chance(rng, 0.2):
        parts.append(Ellipsis)
    return parts[0] if len(parts) == 1 and chance(rng, 0.7) else tuple(parts)


def a_number(rng: Rng) -> Any:
    """A constant beside a traced value: Python's and NumPy's numbers of every kind."""
    c = float(np.round(rng.uniform(-2, 2), 2))
    return pick(rng, [c, c, c, int(rng.integers(-3, 4)), np.float64(c), np.int64(2), True])


def an_array(rng: Rng) -> Any:
    """An argument: any shape, dtype and layout; some with zeros, ties, infinities or NaN."""
    shape = pick(rng, SHAPES)
    x = rng.uniform(-2, 2, shape)
    kind = int(rng.integers(16))
    if kind == 0:
        return np.asarray(np.round(x))
    if kind == 1:
        return np.asarray(x.astype(np.float32))
    if kind == 2:
        odd = pick(rng, [np.nan, np.inf, -np.inf, 0.0])
        return np.where(rng.random(shape) < 0.3, odd, x)
    if kind == 3:
        return np.asarray(x, order="F")
    if kind == 4:
        return np.asarray(x + 1j * rng.uniform(-2, 2, shape))
    if kind == 5 and len(shape):
        return np.repeat(x, 2, axis=-1)[..., ::2]
    if kind == 6:
        return np.broadcast_to(x, shape)  # read-only
    return np.asarray(x)
