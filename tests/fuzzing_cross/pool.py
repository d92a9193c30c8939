"""What a program being drawn has so far, and how arguments for a statement are picked from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fuzzing_cross.statements import Rng, Statement

SHAPES = [(), (3,), (4,), (2, 3), (3, 2), (3, 3), (1, 3), (2, 1), (2, 2, 3), (2, 3, 3), (1,)]


def away(x: Any, *points: float, margin: float = 0.02) -> bool:
    """Whether no number of x is near one of the points, so that no kink decides."""
    return all(np.all(np.abs(np.asarray(x) - p) > margin) for p in points)


def distinct(x: Any, margin: float = 1e-3) -> bool:
    """Whether no two numbers of x are nearly equal, so that no tie decides."""
    return bool(np.all(np.diff(np.sort(x, axis=None)) > margin))


class Pool:
    """The values in sight, by number; ``scope`` holds them by name, as NumPy computed them."""

    def __init__(self, rng: Rng, scope: dict[str, Any], seen: list[int], depth: int = 0) -> None:
        self.rng, self.scope, self.seen, self.depth = rng, scope, seen, depth
        self.owned: list[int] = []

    def __getitem__(self, k: int) -> Any:
        return self.scope[f"v{k}"]

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def choose(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def number(self) -> float:
        return float(np.round(self.rng.uniform(-2, 2), 2))

    def pick(self, fits: Callable[[Any], Any] = lambda x: True) -> Any:
        """A value that fits, a late one rather than an early one; None if there is none."""
        order = list(self.rng.permutation(len(self.seen)))
        if self.chance(0.6):
            order = sorted(order, key=lambda i: -i + int(self.rng.integers(3)))
        return next((self.seen[i] for i in order if fits(self[self.seen[i]])), None)

    def value(self, text: str, *inputs: int, **other: Any) -> Statement:
        return Statement(text, inputs, **other)

    def axis(self, x: Any) -> Any:
        """None, an axis or a tuple of axes."""
        if self.chance(0.2):
            return None
        if x.ndim > 1 and self.chance(0.2):
            return tuple(int(k) for k in self.rng.permutation(x.ndim)[:2])
        return int(self.rng.integers(-x.ndim, x.ndim))

    @staticmethod
    def broadcast(x: Any, y: Any) -> bool:
        """Whether the two go together, by shape and by dtype."""
        pairs = zip(x.shape[::-1], y.shape[::-1], strict=False)
        return x.dtype == y.dtype and all(n == m or 1 in (n, m) for n, m in pairs)

    @staticmethod
    def multiplies(x: Any, y: Any) -> bool:
        """Whether x @ y is defined."""
        if not x.ndim or not y.ndim or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
            return False
        pairs = zip(x.shape[:-2][::-1], y.shape[:-2][::-1], strict=False)
        return all(n == m or 1 in (n, m) for n, m in pairs)

    def index(self, x: Any) -> str:
        """The text of an index: integers, slices, None, Ellipsis, arrays and masks."""
        if self.chance(0.1):
            mask = (self.rng.random(x.shape) < 0.6).tolist()
            return f"I({mask})"
        parts, fancy = [], False
        for n in x.shape[: int(self.rng.integers(1, x.ndim + 1))]:
            kind = int(self.rng.integers(6))
            if kind == 0 and not fancy:
                fancy = True  # beside an array NumPy takes an integer for one, PyTorch does not
                parts.append(str(int(self.rng.integers(-n, n))))
            elif kind == 1:
                parts.append(self.choose([":", "1:", ":-1", "::2", "-2:"]))
            elif kind == 2 and not fancy:
                fancy = True
                ks = self.rng.integers(-n, n, 3)
                parts.append(f"I({[int(k) for k in ks]})")
            elif kind == 3 and not fancy:
                fancy = True
                parts.append(f"I({(self.rng.random(n) < 0.6).tolist()})")
            else:
                parts.append(":")
        if self.chance(0.15) and not fancy:
            parts.insert(int(self.rng.integers(len(parts) + 1)), "None")
        if self.chance(0.15):
            parts.append("...")
        return ", ".join(parts)
