"""Checking the state of a random source before the source loads it.

NumPy's setters do not check all of it: a position outside of a generator's table is taken, and the
next draw reads foreign memory; a table of zeros makes some distributions draw for ever.  So a state
that may come from a file is checked here whole, tried on a new source, and only then returned.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_core.extend import Location

from .errors import StateDictError

_Part = Callable[[Any], Any]  # returns the part as NumPy wants it, or raises ValueError


def checked_random_state(owner: str, live: Any, given: Any) -> Any:
    """Return a state that a random source can take on without harm.

    Parameters
    ----------
    owner : str
        The source's name, for messages.
    live : dict or tuple
        The state that the source has now: of a bit generator, of a RandomState
        (``get_state(legacy=False)``) or of a `random.Random`.
    given
        The state to check.

    Raises
    ------
    StateDictError
        If it is not the whole state of a source of that kind, every part in its range.

    Examples
    --------
    >>> state = np.random.PCG64(0).state
    >>> checked_random_state("rng", state, {**state, "has_uint32": 7})
    Traceback (most recent call last):
        ...
    optim.errors.StateDictError: rng: has_uint32 is 7; it must be an integer from 0 to 1...
    """
    try:
        return _python(live, given) if isinstance(live, tuple) else _numpy(live, given)
    except (ValueError, TypeError, OverflowError, KeyError) as error:
        raise StateDictError(
            f"{owner}: {error}. This is not a state of this random source; nothing was changed.",
            Location.of_caller(),
        ) from error


def _whole(largest: int, odd: bool = False) -> _Part:
    def check(value: Any) -> int:
        fits = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        number = int(value) if fits else -1
        if not 0 <= number <= largest or (odd and not number % 2):
            kind = "an odd integer" if odd else "an integer"
            raise ValueError(f"is {value!r:.60}; it must be {kind} from 0 to {largest}")
        return number

    return check


def _words(count: int, dtype: type[np.unsignedinteger[Any]]) -> _Part:
    def check(value: Any) -> Any:
        largest = np.iinfo(dtype).max
        if not isinstance(value, (np.ndarray, list, tuple)):
            raise ValueError(f"is a {type(value).__name__}; it must be {count} integers")
        array: Any = np.asarray(value)
        if array.shape != (count,) or array.dtype.kind not in "iu":
            raise ValueError(
                f"has shape {array.shape} and dtype {array.dtype}; it must be {count} integers"
            )
        if (array < 0).any() or (array > largest).any():
            raise ValueError(f"holds {array.min()} to {array.max()}; the limit is {largest}")
        return array.astype(dtype)

    return check


def _twister(value: Any) -> Any:
    """Return the table of a Mersenne twister: its 19,937 bits must not all be zero."""
    key = _words(624, np.uint32)(value)
    if not key[1:].any() and not key[0] >> 31:
        raise ValueError("is all zero, from which only zeros come")
    return key


def _gauss(value: Any) -> float:
    if not isinstance(value, (float, np.floating)) or not -40 < float(value) < 40:
        raise ValueError(f"is {value!r:.60}; it must be a number drawn from a normal distribution")
    return float(value)


_PCG = {"state": _whole(2**128 - 1), "inc": _whole(2**128 - 1, odd=True)}
_HALF = {"has_uint32": _whole(1), "uinteger": _whole(2**32 - 1)}
_LEGACY = {"has_gauss": _whole(1), "gauss": _gauss}
_SPAWNED = _whole(100_000)  # children of a seed sequence, which are made one by one
_QUAD = _words(4, np.uint64)
# for each bit generator: the parts of "state", and what stands beside it
_KINDS: dict[str, tuple[dict[str, _Part], dict[str, _Part]]] = {
    "MT19937": ({"key": _twister, "pos": _whole(624)}, {}),
    "PCG64": (_PCG, _HALF),
    "PCG64DXSM": (_PCG, _HALF),
    "Philox": (
        {"counter": _QUAD, "key": _words(2, np.uint64)},
        {"buffer": _QUAD, "buffer_pos": _whole(4), **_HALF},
    ),
    "SFC64": ({"state": _QUAD}, _HALF),
}


def _parts(given: Any, parts: Mapping[str, _Part]) -> dict[str, Any]:
    """Return exactly the named parts of a state, each checked."""
    if not isinstance(given, Mapping) or set(given) != set(parts):
        found = sorted(map(str, given)) if isinstance(given, Mapping) else type(given).__name__
        raise ValueError(f"the state has the parts {found!s:.80}, not {sorted(parts)}")
    made = {}
    for name, check in parts.items():
        try:
            made[name] = check(given[name])
        except ValueError as error:
            raise ValueError(f"{name} {error}") from error
    return made


def _numpy(live: Mapping[str, Any], given: Any) -> dict[str, Any]:
    if "bit_generator" not in live:  # of a SeedSequence
        return _parts(given, {"spawned": _SPAWNED})
    name = live["bit_generator"]
    if name not in _KINDS:
        raise ValueError(
            f"a {name} is none of {', '.join(_KINDS)}, so it is not known which states are safe "
            "for it"
        )

    def same(value: Any) -> str:
        if not isinstance(value, str) or value != name:
            raise ValueError(f"is {value!r:.60}, this source is a {name}")
        return value

    inner, beside = _KINDS[name]
    legacy = _LEGACY if "has_gauss" in live else {}
    parts = {"bit_generator": same, "state": lambda s: _parts(s, inner), **beside, **legacy}
    if isinstance(given, Mapping) and "spawned" in given and not legacy:
        parts["spawned"] = _SPAWNED
    made = _parts(given, parts)
    trial = getattr(np.random, name)(0)
    if legacy:
        np.random.RandomState(trial).set_state(made)
    else:
        trial.state = {key: value for key, value in made.items() if key != "spawned"}
    _require_same(trial.state["state"], made["state"])
    return made


def _require_same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        if not np.array_equal(found[name], value):  # pragma: no cover - NumPy took another state
            raise ValueError(f"{name} is changed when the source loads it")


def _python(live: tuple[Any, ...], given: Any) -> tuple[Any, ...]:
    if len(live) != 3 or live[0] != 3:
        raise ValueError("the state of this source is not one of Python's random.Random")
    if not isinstance(given, (tuple, list)) or len(given) != 3:
        raise ValueError(f"the state is {given!r:.60}; it must be three parts")
    version, table, gauss = given
    if type(version) is not int or version != 3:
        raise ValueError(f"the version is {version!r:.60}; it must be 3")
    if not isinstance(table, (tuple, list)) or len(table) != 625:
        raise ValueError("the table must be 625 integers")
    word = _whole(2**32 - 1)
    key = _twister([word(value) for value in table[:-1]])
    made = (
        3,
        (*key.tolist(), _whole(624)(table[-1])),
        None if gauss is None else _gauss(gauss),
    )
    random.Random().setstate(made)
    return made
