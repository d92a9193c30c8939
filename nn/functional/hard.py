"""Activations made of straight pieces; at a kink the derivative is PyTorch's choice."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import elementwise

from .floating import reals


def _hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    return np.clip(reals(x), min_val, max_val)


hardtanh = elementwise(
    _hardtanh,
    lambda y, x, *, min_val=-1.0, max_val=1.0: (x > min_val) & (x < max_val),
    name="hardtanh",
)


def _hardsigmoid(x: Any) -> Any:
    return np.clip(reals(x) + 3, 0, 6) / 6


hardsigmoid = elementwise(
    _hardsigmoid,
    lambda y, x: np.where((x > -3) & (x < 3), np.full_like(x, 1 / 6), 0),
    name="hardsigmoid",
    cost=3.0,
)


def _hardswish(x: Any) -> Any:
    x = reals(x)
    return x * (np.clip(x + 3, 0, 6) / 6)


hardswish = elementwise(
    _hardswish,
    lambda y, x: np.where(x <= -3, 0, np.where(x < 3, x / 3 + 0.5, np.ones_like(x))),
    name="hardswish",
    cost=4.0,
)


def _hardshrink(x: Any, lambd: float = 0.5) -> Any:
    x = reals(x)
    return np.where(np.abs(x) <= lambd, np.zeros_like(x), x)


hardshrink = elementwise(
    _hardshrink, lambda y, x, *, lambd=0.5: ~(np.abs(x) <= lambd), name="hardshrink"
)


def _softshrink(x: Any, lambd: float = 0.5) -> Any:
    x = reals(x)
    return np.where(np.abs(x) <= lambd, np.zeros_like(x), x - np.sign(x) * lambd)


softshrink = elementwise(
    _softshrink, lambda y, x, *, lambd=0.5: ~(np.abs(x) <= lambd), name="softshrink"
)


def _threshold(x: Any, threshold: float, value: float) -> Any:
    x = reals(x)
    return np.where(x <= threshold, np.zeros_like(x) + value, x)


_threshold_settings = elementwise(
    lambda x, *, threshold, value: _threshold(x, threshold, value),
    lambda y, x, *, threshold, value: ~(x <= threshold),
    name="threshold",
)


def threshold(x: Any, threshold: float, value: float) -> Any:
    """Return x where it is above a threshold, and a value elsewhere.

    Examples
    --------
    >>> threshold(np.array([-1.0, 0.5, 2.0]), 1.0, 0.0)
    array([0., 0., 2.])
    """
    return _threshold_settings(x, threshold=threshold, value=value)


__all__ = ["hardshrink", "hardsigmoid", "hardswish", "hardtanh", "softshrink", "threshold"]
