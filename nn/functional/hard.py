"""Activations made of straight pieces; at a kink the derivative is PyTorch's choice."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import elementwise

from .documented import elementwise_doc
from .floating import reals


def _hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    return np.clip(reals(x), min_val, max_val)


hardtanh = elementwise(
    _hardtanh,
    lambda y, x, *, min_val=-1.0, max_val=1.0: (x > min_val) & (x < max_val),
    name="hardtanh",
    doc=elementwise_doc(
        "x, held between min_val and max_val; its derivative at both is 0.",
        "hardtanh(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-1.  ,  0.25,  1.  ])",
        min_val="The lowest value.",
        max_val="The highest value.",
    ),
)


def _hardsigmoid(x: Any) -> Any:
    return np.clip(reals(x) + 3, 0, 6) / 6


hardsigmoid = elementwise(
    _hardsigmoid,
    lambda y, x: np.where((x > -3) & (x < 3), np.full_like(x, 1 / 6), 0),
    name="hardsigmoid",
    cost=3.0,
    doc=elementwise_doc(
        "min(max(0, x + 3), 6) / 6; its derivative at -3 and at 3 is 0.",
        "hardsigmoid(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([0.3333, 0.5417, 1.    ])",
    ),
)


def _hardswish(x: Any) -> Any:
    x = reals(x)
    return x * (np.clip(x + 3, 0, 6) / 6)


hardswish = elementwise(
    _hardswish,
    lambda y, x: np.where(x <= -3, 0, np.where(x < 3, x / 3 + 0.5, np.ones_like(x))),
    name="hardswish",
    cost=4.0,
    doc=elementwise_doc(
        "x hardsigmoid(x) (Howard et al., 2019); its derivative at -3 is 0, at 3 it is 1.",
        "hardswish(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.3333,  0.1354,  4.    ])",
    ),
)


def _hardshrink(x: Any, lambd: float = 0.5) -> Any:
    x = reals(x)
    return np.where(np.abs(x) <= lambd, np.zeros_like(x), x)


hardshrink = elementwise(
    _hardshrink,
    lambda y, x, *, lambd=0.5: ~(np.abs(x) <= lambd),
    name="hardshrink",
    doc=elementwise_doc(
        "x where abs(x) > lambd, else 0, as its derivative is.",
        "hardshrink(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-1.,  0.,  4.])",
        lambd="Half the width of what becomes 0.",
    ),
)


def _softshrink(x: Any, lambd: float = 0.5) -> Any:
    x = reals(x)
    return np.where(np.abs(x) <= lambd, np.zeros_like(x), x - np.sign(x) * lambd)


softshrink = elementwise(
    _softshrink,
    lambda y, x, *, lambd=0.5: ~(np.abs(x) <= lambd),
    name="softshrink",
    doc=elementwise_doc(
        "x moved towards 0 by lambd, and 0 where abs(x) <= lambd, as its derivative is.",
        "softshrink(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.5,  0. ,  3.5])",
        lambd="How far.",
    ),
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

__test__ = {name: globals()[name].__doc__ for name in __all__ if name != "threshold"}  # examples
