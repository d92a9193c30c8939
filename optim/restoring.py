"""Which saved values may replace a live one: the same kind of value, and nothing else.

A state comes from a file, and the file perhaps from a stranger.  So a state never decides what is
restored: the live object does.  Its keys are the live object's, each value is of the live value's
kind, and settings, methods and places on the disk are not restored at all.
"""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Number, Real
from typing import Any

import numpy as np

from autograd_core.extend import Location, errors

from .errors import StateDictError

Check = Callable[[str, str, Any], None]  # owner, name, value; raises SettingError

LARGEST_COUNT = 2**53  # of steps, epochs, rows: far beyond any training, and exact as a float
_LARGEST = 2**63
_LONGEST = 2**128
_DEEPEST = 64

# lists in a schedule's state that have an entry for each parameter group
_BY_GROUP = (
    "base_lrs", "_last_lr", "_low", "min_lrs", "max_lrs", "swa_lrs", "lrs", "momenta"
)  # fmt: skip


class UnlikeError(Exception):
    """A saved value that cannot stand in a live one's place."""


def refused(owner: str, reason: str) -> StateDictError:
    """Return the error for a state that does not fit."""
    return StateDictError(
        f"{owner}.load_state_dict: {reason}; nothing was changed.", Location.of_caller()
    )


def check_keys(owner: str, known: Iterable[Any], given: Any) -> None:
    """Raise `StateDictError` unless a state is a mapping with exactly the known keys."""
    if not isinstance(given, Mapping):
        raise refused(owner, f"a state is a mapping, not {type(given).__name__}")
    known = set(known)
    unknown, missing = set(given) - known, known - set(given)
    if unknown or missing:
        kind, which = ("unknown", unknown) if unknown else ("missing", missing)
        raise refused(
            owner,
            f"{kind} key {min(map(repr, which)):.80}; it knows "
            f"{', '.join(sorted(map(str, known))) or 'none'}",
        )


def restored(
    owner: str, live: Mapping[str, Any], given: Any, limits: Mapping[str, Check]
) -> dict[str, Any]:
    """Return the values of a state, each like the live one and within its limits.

    Parameters
    ----------
    owner : str
        The object's name, for messages.
    live : mapping
        What it holds now.
    given : mapping
        The state.
    limits : mapping from str to callable
        ``check(owner, name, value)``, for the values that have a range.

    Returns
    -------
    dict
        The values, in containers of their own.

    Raises
    ------
    StateDictError
        If keys are missing or unknown, or a value is of another kind or out of range.

    Examples
    --------
    >>> from optim import checks
    >>> restored("Count", {"n": 0}, {"n": 3}, {"n": checks.whole})
    {'n': 3}
    """
    check_keys(owner, live, given)
    found = {}
    for name, value in live.items():
        new = given[name]
        number = name in limits and isinstance(value, int)  # the limits say of which kind
        try:
            found[name] = like(float(value) if number else value, new)
            if name in _BY_GROUP and len(found[name]) != len(value):
                raise UnlikeError(f"{len(value)} entries, one for each parameter group")
        except (UnlikeError, RecursionError) as error:
            raise refused(owner, f"{name!r} is {shown(new)}; it must be {error}") from error
        if name in limits:
            within(owner, limits[name], name, found[name])
    return copy.deepcopy(found)  # an array that stands in a thousand places is copied once


def within(owner: str, check: Check, name: str, value: Any) -> None:
    """Raise `StateDictError` where a check of settings raises, or cannot make sense of a value."""
    try:
        check(owner, name, value)
    except errors.SettingError as error:
        reason = str(error.args[0]).removeprefix(f"{owner}: ").split("\n")[0].rstrip(".")
        raise refused(owner, reason) from error
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise refused(owner, f"{name} = {shown(value)} is of the wrong kind ({error})") from error


def shown(value: Any) -> str:
    """Return a value for a message: short, whatever it is."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = repr(value)
    except Exception:  # thousands of digits, or what an object's own method raises
        return f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def like(live: Any, new: Any) -> Any:
    """Return a saved value of the live one's kind, or raise `UnlikeError` with what it must be.

    Numbers may become other numbers, lists grow and shrink, dictionaries grow.  Where nothing is
    yet (None, an empty list or dictionary) numbers and arrays may come, but no text: text that
    nobody expects may be the name of a file.

    Examples
    --------
    >>> like((0.9, 1), [0.8, 2])
    (0.8, 2)
    >>> like(None, {"w": 1.5})
    {'w': 1.5}
    """
    if live is None:
        return plain(new)
    new = new if type(live) is np.ndarray else _number(new)
    kind = type(live)
    if isinstance(live, (bool, np.bool_)):
        return _if(isinstance(new, (bool, np.bool_)), new, "True or False")
    if isinstance(live, Real):
        return _real(live, new)
    if kind in (complex, str, bytes) or isinstance(live, np.complexfloating):
        fits = isinstance(new, Number if isinstance(live, Number) else kind)
        return _if(fits and not isinstance(new, bool), new, f"of type {kind.__name__}")
    if kind is np.ndarray:
        return _array(live, new)
    if kind is list:
        return _list(live, new)
    if kind is tuple:
        fits = type(new) in (list, tuple) and len(new) == len(live)
        _if(fits, new, f"{len(live)} values")
        return tuple(map(like, live, new))
    if kind in (dict, OrderedDict):
        return kind(_items(live, new))
    raise UnlikeError(
        f"a {kind.__name__}, which no file can hold: write a load_state_dict that creates it"
    )


def plain(new: Any, depth: int = 0) -> Any:
    """Return numbers, arrays and pytrees of them; raise `UnlikeError` for anything else."""
    if depth > _DEEPEST:
        raise UnlikeError(f"a pytree of at most {_DEEPEST} levels")
    if isinstance(new, int) and not -_LONGEST <= new <= _LONGEST:
        raise UnlikeError("a number of at most 128 bits")
    if new is None or isinstance(new, (bool, np.bool_, Number)):
        return new
    if type(new) is np.ndarray and new.dtype.kind in "biufc":
        return new
    if type(new) in (list, tuple):
        return type(new)(plain(value, depth + 1) for value in new)
    if type(new) in (dict, OrderedDict):
        return type(new)((key, plain(value, depth + 1)) for key, value in new.items())
    raise UnlikeError("numbers, arrays, or pytrees of them")


def _if(fits: bool, new: Any, wanted: str) -> Any:
    if not fits:
        raise UnlikeError(wanted)
    return new


def _number(value: Any) -> Any:
    """Return an array of no dimensions as the number that a file may have made it of."""
    is_number = type(value) is np.ndarray and value.shape == () and value.dtype.kind in "biufc"
    return value.item() if is_number else value


def _real(live: Any, new: Any) -> Any:
    if isinstance(new, bool) or not isinstance(new, Real):
        raise UnlikeError("a number")
    whole = isinstance(live, Integral)
    if isinstance(new, Integral):
        return _if(-_LARGEST <= int(new) < _LARGEST, new, "a number of at most 64 bits")
    return _if(not whole or math.isfinite(new), new, "a finite number")


def _array(live: Any, new: Any) -> Any:
    if not live.shape and isinstance(new, (bool, Number, np.generic)):
        new = np.array(new)
        new = new.astype(live.dtype) if np.can_cast(new.dtype, live.dtype, "same_kind") else new
    fits = type(new) is np.ndarray and new.dtype == live.dtype and new.ndim == live.ndim
    if not fits or (live.size and new.shape != live.shape):
        raise UnlikeError(f"an array of shape {live.shape} and dtype {live.dtype}")
    return new


def _alike(values: list[Any]) -> bool:
    """Tell whether values are all of the first one's kind."""
    try:
        for value in values:
            like(values[0], value)
    except UnlikeError:
        return False
    return True


def _list(live: list[Any], new: Any) -> list[Any]:
    _if(type(new) in (list, tuple), new, "a list")
    if not live:
        return [plain(value) for value in new]
    if _alike(live):
        return [like(live[0], value) for value in new]
    _if(len(new) == len(live), new, f"{len(live)} values")
    return [like(old, value) for old, value in zip(live, new, strict=True)]


def _items(live: Mapping[Any, Any], new: Any) -> Iterable[tuple[Any, Any]]:
    _if(isinstance(new, Mapping), new, "a dictionary")
    if new.keys() == live.keys():
        return [(key, like(live[key], value)) for key, value in new.items()]
    if not live:
        return [(key, plain(value)) for key, value in new.items()]
    values = list(live.values())
    _if(live.keys() <= new.keys(), new, f"a dictionary with the keys {shown(list(live))}")
    _if(_alike(values), new, f"a dictionary with the keys {shown(list(live))} and no others")
    return [(key, like(values[0], value)) for key, value in new.items()]
