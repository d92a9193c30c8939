"""Checks of a layer's settings when it is created: each names layer, setting and value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .values import shape_error


def count(owner: str, name: str, value: Any, low: int = 1) -> None:
    """Raise unless an integer of at least `low`."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise shape_error(f"{owner}: {name} must be an integer, not {value!r}.")
    if value < low:
        words = "positive" if low == 1 else f"at least {low}"
        raise shape_error(f"{owner}: {name} must be {words}, not {value!r}.")


def axis(owner: str, name: str, value: Any) -> None:
    """Raise unless an integer that can number an axis."""
    count(owner, name, value, -64)


def real(owner: str, name: str, value: Any) -> None:
    """Raise unless a finite number."""
    try:
        fits = not isinstance(value, str) and math.isfinite(value)
    except TypeError:
        fits = False
    if not fits:
        raise shape_error(f"{owner}: {name} must be a finite number, not {value!r}.")


def positive(owner: str, name: str, value: Any) -> None:
    """Raise unless a finite number above zero."""
    real(owner, name, value)
    if value <= 0:
        raise shape_error(f"{owner}: {name} must be positive, not {value!r}.")


def non_negative(owner: str, name: str, value: Any) -> None:
    """Raise unless a finite number, zero or above."""
    real(owner, name, value)
    if value < 0:
        raise shape_error(f"{owner}: {name} must not be negative, as {value!r} is.")


def unit(owner: str, name: str, value: Any) -> None:
    """Raise unless between 0 and 1."""
    real(owner, name, value)
    if not 0 <= value <= 1:
        raise shape_error(f"{owner}: {name} must be in [0, 1], not {value!r}.")


def choice(owner: str, name: str, value: Any, options: Sequence[Any]) -> None:
    """Raise unless one of the options."""
    if not any(type(value) is type(option) and value == option for option in options):
        *first, last = map(repr, options)
        words = f"{', '.join(first)} or {last}" if first else last
        raise shape_error(f"{owner}: {name} must be {words}, not {value!r}.")
