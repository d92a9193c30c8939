"""Checks of settings: each names the optimizer, the setting, its value and the range."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd_core.extend import errors


def number(owner: str, name: str, value: Any, low: float, high: float, range_: str) -> None:
    """Raise `SettingError` unless ``low <= value <= high``; `range_` says it in words."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if isinstance(value, (bool, str)) or not low <= found <= high:
        raise errors.SettingError(f"{owner}: {name} = {value!r}; it must be {range_}.")


_TINY = math.ulp(0.0)
_HUGE = 1.7976931348623157e308
_BELOW_ONE = math.nextafter(1.0, 0.0)


def positive(owner: str, name: str, value: Any) -> None:
    """Raise unless a finite number above zero."""
    number(owner, name, value, _TINY, _HUGE, "a positive finite number")


def non_negative(owner: str, name: str, value: Any) -> None:
    """Raise unless a finite number, zero or above."""
    number(owner, name, value, 0.0, _HUGE, "a finite number >= 0")


def fraction(owner: str, name: str, value: Any) -> None:
    """Raise unless at least 0 and below 1."""
    number(owner, name, value, 0.0, _BELOW_ONE, "at least 0 and below 1")


def between_0_and_1(owner: str, name: str, value: Any) -> None:
    """Raise unless above 0 and below 1."""
    number(owner, name, value, _TINY, _BELOW_ONE, "above 0 and below 1")


def unit(owner: str, name: str, value: Any) -> None:
    """Raise unless between 0 and 1."""
    number(owner, name, value, 0.0, 1.0, "between 0 and 1")


def betas(owner: str, values: Any) -> None:
    """Raise unless two decay rates."""
    if not isinstance(values, (tuple, list)) or len(values) != 2:
        raise errors.SettingError(f"{owner}: betas = {values!r}; it must be two numbers.")
    for k, value in enumerate(values):
        fraction(owner, f"betas[{k}]", value)


def named_alike(owner: str, named: bool, before: bool) -> None:
    """Raise unless all groups have names for their parameters, or none has."""
    if named != before:
        has = "has names for its parameters" if named else "has no names for its parameters"
        raise errors.SettingError(
            f"{owner}: this parameter group {has}, and the groups before it are otherwise; give "
            "names in all groups, or in none."
        )


def count(owner: str, name: str, value: Any, low: int = 1) -> None:
    """Raise unless an integer of at least `low`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < low:
        raise errors.SettingError(f"{owner}: {name} = {value!r}; it must be an integer >= {low}.")


def rate(owner: str, value: Any) -> None:
    """Raise unless a learning rate that a step can use: schedules may bring it to zero."""
    non_negative(owner, "lr", value)


def whole(owner: str, name: str, value: Any) -> None:
    """Raise unless a number of steps that were done: an integer, zero or above."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not 0 <= value <= 2**53:
        raise errors.SettingError(
            f"{owner}: {name} = {value!r:.80}; it must be an integer from 0 to 2**53."
        )


def step(owner: str, name: str, value: Any) -> None:
    """Raise unless a schedule's place: an integer, -1 before the first step."""
    if value != -1 or isinstance(value, float):
        whole(owner, name, value)


def finite(owner: str, name: str, value: Any) -> None:
    """Raise unless a finite number."""
    number(owner, name, value, -_HUGE, _HUGE, "a finite number")


def no_nan(owner: str, name: str, value: Any) -> None:
    """Raise unless a number; infinity is one."""
    number(owner, name, value, -math.inf, math.inf, "a number, not NaN")


def one_of(*words: str) -> Callable[[str, str, Any], None]:
    """Return a check that a value is one of some words."""

    def check(owner: str, name: str, value: Any) -> None:
        if value not in words:
            raise errors.SettingError(
                f"{owner}: {name} = {value!r:.80}; it must be {' or '.join(map(repr, words))}."
            )

    return check


def each(check: Callable[[str, str, Any], None]) -> Callable[[str, str, Any], None]:
    """Return a check of every entry of a list."""

    def check_all(owner: str, name: str, values: Any) -> None:
        for k, value in enumerate(values):
            check(owner, f"{name}[{k}]", value)

    return check_all
