"""The places that a function reads from, each with what it held.

What is the same object is the same; numbers, texts and the like may also be equal, bit for bit.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import hashlib
import pathlib
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from operator import attrgetter, is_
from typing import Any, Protocol

import numpy as np

MISSING = object()
NUMBERS = (bool, int, float, complex, np.generic)
BY_VALUE = (
    *NUMBERS, str, bytes, type(None), np.dtype, type(Ellipsis), range, re.Pattern,
    decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath,
    datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo,
)  # fmt: skip


class Place(Protocol):
    """Something that a function reads."""

    def changed(self) -> str | None:
        """Return what has changed, in words; None if nothing has."""


def first_change(places: Iterable[Place]) -> str | None:
    """Return what has changed at the first place where something has, in words; else None."""
    return next((found for place in places if (found := place.changed()) is not None), None)


class Items:
    """A dictionary, whole: its keys, their order, what they lead to."""

    def __init__(self, name: str, holder: Any, spell: Callable[[Any], str]) -> None:
        self._name = name
        self._holder = holder
        self._spell = spell
        self._keys = tuple(holder)
        self._olds = tuple(holder.values())

    def changed(self) -> str | None:
        """Compare keys and values by identity, then look more closely."""
        holder = self._holder
        if not holder and not self._keys:
            return None
        if (
            len(holder) == len(self._keys)
            and all(map(is_, holder, self._keys))
            and all(map(is_, holder.values(), self._olds))
        ):
            return None
        for key, old in zip(self._keys, self._olds, strict=True):
            new = holder.get(key, MISSING)
            if new is not old and not equal(new, old):
                return difference(self._spell(key), old, new)
        if len(holder) != len(self._keys):
            return f"{self._name} had {len(self._keys)} entries, has {len(holder)}"
        if not all(map(equal, holder, self._keys)):
            return f"{self._name} has its entries in another order"
        return None


class Named:
    """Some entries of a dictionary: the globals that code names, a module's attributes."""

    def __init__(self, holder: Any, keys: Iterable[str], prefix: str = "") -> None:
        self._get = holder.get
        self._prefix = prefix
        self._keys = tuple(keys)
        self._olds = tuple(map(self._get, self._keys, repeat(MISSING)))

    def changed(self) -> str | None:
        """Compare the entries."""
        if all(map(is_, map(self._get, self._keys, repeat(MISSING)), self._olds)):
            return None
        for key, old in zip(self._keys, self._olds, strict=True):
            new = self._get(key, MISSING)
            if new is not old and not equal(new, old):
                return difference(self._prefix + key, old, new)
        return None


class Elements:
    """What can be gone through again and again: a list, a set, a deque."""

    def __init__(self, name: str, holder: Any) -> None:
        self._name = name
        self._holder = holder
        self._olds = tuple(holder)

    def changed(self) -> str | None:
        """Compare the elements in their order."""
        holder, olds = self._holder, self._olds
        if not holder and not olds:
            return None
        if len(holder) == len(olds) and all(map(is_, holder, olds)):
            return None
        if len(holder) != len(olds):
            return f"{self._name} had {len(olds)} entries, has {len(holder)}"
        for k, (new, old) in enumerate(zip(holder, olds, strict=True)):
            if new is not old and not equal(new, old):
                return difference(f"{self._name}[{k}]", old, new)
        return None


class Attributes:
    """Attributes that every object of a kind has, such as a function's code and defaults."""

    def __init__(self, name: str, owner: Any, *attributes: str) -> None:
        self._name = name
        self._owner = owner
        self._attributes = attributes
        self._get = attrgetter(*attributes)
        self._olds = self._get(owner)

    def changed(self) -> str | None:
        """Compare the attributes."""
        news = self._get(self._owner)
        if all(map(is_, news, self._olds)):
            return None
        for attribute, old, new in zip(self._attributes, self._olds, news, strict=True):
            if new is not old and not equal(new, old):
                return difference(f"{self._name}.{attribute}", old, new)
        return None


class Got:
    """What a call returns: the content of a cell, of a slot, of a context variable."""

    def __init__(self, name: str, get: Callable[..., Any], *args: Any) -> None:
        self._name = name
        self._get = get
        self._args = args
        self.old = self._now()

    def _now(self) -> Any:
        try:
            return self._get(*self._args)
        except (ValueError, AttributeError, LookupError):  # an empty cell, an unset slot
            return MISSING

    def changed(self) -> str | None:
        """Compare what is got now."""
        new, old = self._now(), self.old
        if new is old or equal(new, old):
            return None
        return difference(self._name, old, new)


class Cache:
    """What a function keeps, of those that `functools.lru_cache` makes.

    Its answers may be older than what it would compute now; they go when it is cleared.
    """

    def __init__(self, name: str, holder: Any) -> None:
        self._name = name
        self._info = holder.cache_info
        self._old = self._info()

    def changed(self) -> str | None:
        """Compare the counts: a hit changes nothing, all else may."""
        new, old = self._info(), self._old
        if new.misses == old.misses and new.currsize == old.currsize and new.hits >= old.hits:
            return None
        return f"the cache of {self._name} was filled or cleared"


class Contents:
    """What has no parts to compare, by all of its bytes."""

    def __init__(self, name: str, take: Callable[[Any], Any], holder: Any, what: str) -> None:
        self._name = name
        self._take = take
        self._holder = holder
        self._what = what
        self._old = take(holder)

    def changed(self) -> str | None:
        """Compare the bytes."""
        if self._take(self._holder) == self._old:
            return None
        return f"{self._name} holds other {self._what}"


def array_bytes(array: Any) -> Any:
    """Return what an array is, as a value that `==` compares."""
    return array.shape, array.dtype, array.strides, np.ndarray.tobytes(array)


def array_digest(array: Any) -> Any:
    """Return a short value that is another if somebody has written into an array."""
    if array.dtype.kind in "biufc":
        data: Any = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    else:
        data = np.ndarray.tobytes(array)
    return hashlib.sha1(data, usedforsecurity=False).digest()


def array_form(array: Any) -> Any:
    """Return how an array lies in memory, without its numbers."""
    return array.shape, array.dtype, array.strides


def generator_state(source: Any) -> str:
    """Return the state of one of NumPy's random generators, to be compared."""
    if isinstance(source, np.random.RandomState):
        state = source.get_state(legacy=False)
    else:
        state = getattr(source, "bit_generator", source).state
    return repr(list(_flat(state)))


def _flat(state: dict[str, Any]) -> Iterator[Any]:
    for key, part in state.items():
        if isinstance(part, dict):
            yield from _flat(part)
        else:
            yield key, part.tobytes() if isinstance(part, np.ndarray) else part


def equal(new: Any, old: Any) -> bool:
    """Whether one constant can stand for another: of the same class, and equal bit for bit."""
    if new is old:
        return True
    if new.__class__ is not old.__class__ or not isinstance(old, BY_VALUE):
        return False
    if isinstance(old, np.generic):
        return bool(new.dtype == old.dtype and new.tobytes() == old.tobytes())
    if isinstance(old, (float, complex)):
        return repr(new) == repr(old)  # tells 0.0 from -0.0, and one nan is as good as another
    return bool(new == old)


def difference(name: str, old: Any, new: Any) -> str:
    """Say how a place has changed."""
    return f"{name} was {_short(old)}, is {_short(new)}"


def _short(value: Any) -> str:
    if value is MISSING:
        return "gone"
    if isinstance(value, np.ndarray):
        return f"another array {value.shape} {value.dtype}"
    text = repr(value) if isinstance(value, BY_VALUE) else ""
    return text if 0 < len(text) < 40 else f"another {type(value).__name__}"
