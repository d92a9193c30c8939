"""Checks of settings: each names the optimizer, the setting, its value and the range."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

from autograd_core.extend import errors

# lists in a schedule's state that have an entry for each parameter group
_BY_GROUP = ("base_lrs", "_last_lr", "min_lrs", "lrs", "momenta")


def number(owner: str, name: str, value: Any, low: float, high: float, range_: str) -> None:
    """Raise `SettingError` unless ``low <= value <= high``; `range_` says it in words."""
    try:
        found = float(value)
    except (TypeError, ValueError):
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


def unit(owner: str, name: str, value: Any) -> None:
    """Raise unless between 0 and 1."""
    number(owner, name, value, 0.0, 1.0, "between 0 and 1")


def betas(owner: str, values: Any) -> None:
    """Raise unless two decay rates."""
    if not isinstance(values, (tuple, list)) or len(values) != 2:
        raise errors.SettingError(f"{owner}: betas = {values!r}; it must be two numbers.")
    for k, value in enumerate(values):
        fraction(owner, f"betas[{k}]", value)


def count(owner: str, name: str, value: Any, low: int = 1) -> None:
    """Raise unless an integer of at least `low`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < low:
        raise errors.SettingError(f"{owner}: {name} = {value!r}; it must be an integer >= {low}.")


def rate(owner: str, value: Any) -> None:
    """Raise unless a learning rate that a step can use: schedules may bring it to zero."""
    non_negative(owner, "lr", value)


def state(owner: str, known: Mapping[str, Any], given: Any) -> None:
    """Raise `StateDictError` unless a state dict has exactly the known keys, of the known kinds."""
    if not isinstance(given, Mapping):
        raise errors.StateDictError(
            f"{owner}.load_state_dict: a state is a mapping, not {type(given).__name__}."
        )
    unknown, missing = set(given) - set(known), set(known) - set(given)
    if unknown or missing:
        kind, which = ("unknown", unknown) if unknown else ("missing", missing)
        raise errors.StateDictError(
            f"{owner}.load_state_dict: {kind} key {sorted(map(str, which))[0]!r}; "
            f"it knows {', '.join(sorted(known))}."
        )
    for key, value in known.items():
        new = given[key]
        if not _alike(value, new) or (key in _BY_GROUP and len(new) != len(value)):
            raise errors.StateDictError(
                f"{owner}.load_state_dict: {key!r} is {new!r:.80}; it must be like {value!r:.80}."
            )


def _alike(a: Any, b: Any) -> bool:
    """Tell whether two values are of one kind."""
    if isinstance(a, bool):
        return isinstance(b, bool)
    if isinstance(a, Real):
        return not isinstance(b, bool) and (isinstance(b, Real) or _is_number(b))
    if isinstance(a, list):
        return isinstance(b, (list, tuple)) and _all_alike(a, b)
    if isinstance(a, tuple):
        fits = isinstance(b, (list, tuple)) and len(a) == len(b)
        return fits and all(map(_alike, a, b))
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and _all_alike(list(a.values()), b.values())
    if isinstance(a, str):
        return isinstance(b, str)
    return True  # None may become anything


def _all_alike(a: Sequence[Any], b: Iterable[Any]) -> bool:
    """Compare collections of any length: if all in the first are of one kind, all are."""
    one_kind = a and all(_alike(a[0], part) for part in a)
    return not one_kind or all(_alike(a[0], part) for part in b)


def _is_number(value: Any) -> bool:
    """Tell whether a value is an array of no dimensions, which a file may make of a number."""
    return getattr(value, "shape", None) == () and value.dtype.kind in "iuf"
