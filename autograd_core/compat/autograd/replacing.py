"""Tuples with some of their elements replaced: how transforms pick arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def subvals(values: Sequence[Any], others: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    """Return a tuple with some of its elements replaced: pairs of a place and a value.

    Examples
    --------
    >>> subvals((1, 2, 3), [(0, 10), (2, 30)])
    (10, 2, 30)
    """
    made = list(values)
    for place, value in others:
        made[place] = value
    return tuple(made)


def subval(values: Sequence[Any], place: int, value: Any) -> tuple[Any, ...]:
    """Return a tuple with one element replaced.

    Examples
    --------
    >>> subval((1, 2), 0, 10)
    (10, 2)
    """
    return subvals(values, [(place, value)])


def func(function: Any) -> Any:
    """Return the function itself.

    Examples
    --------
    >>> func(len) is len
    True
    """
    return function


__all__ = ["func", "subval", "subvals"]
