"""The rectifier's two passes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .floating import ordered
from .pointwise import alike, compiled_pass


def relu(x: Any) -> Any:
    """Return max(x, 0)."""
    y = compiled_pass("relu", x)
    if y is not None:
        return y
    return np.maximum(ordered(x), 0)


def gated(g: Any, y: Any) -> Any:
    """Return g * (y != 0) for y = max(x, 0) of any kind: g where y is positive or NaN."""
    made = compiled_pass("gate", g, y)
    if made is not None:
        return made
    if type(g) is not np.ndarray or type(y) is not np.ndarray or y.ndim < 2 or g.shape != y.shape:
        return g * (y != 0)
    out = np.empty_like(y, dtype=np.result_type(g, y))
    return np.multiply(alike(g, y), y != 0, out=out)
