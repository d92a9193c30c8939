"""Checking a state dict against a module before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd_core.extend import Location, beside, foreign

from .errors import StateDictError
from .values import as_array, is_traced, raw


class IncompatibleKeys(NamedTuple):
    """The names that a state dict lacked, and those that the module does not have.

    Attributes
    ----------
    missing_keys : list of str
        Names of the module's that the state dict lacked.
    unexpected_keys : list of str
        Names in the state dict that the module does not have.

    Examples
    --------
    >>> import nn
    >>> nn.Linear(2, 1).load_state_dict({"bias": np.zeros(1)}, strict=False).missing_keys
    ['weight']
    """

    missing_keys: list[str]
    unexpected_keys: list[str]


def check_state(
    owner: str, targets: Mapping[str, Any], given: Any, strict: bool
) -> tuple[dict[str, Any], IncompatibleKeys]:
    r"""Return the values to write, each known to fit; or raise with all that does not.

    Parameters
    ----------
    owner : str
        The module's name, for messages.
    targets : mapping
        The arrays to write into, by name.
    given : mapping
        The values, by name.
    strict : bool
        Whether missing and unknown names are errors.

    Returns
    -------
    tuple
        The values by name, and the `IncompatibleKeys`.

    Raises
    ------
    StateDictError
        If names, shapes or kinds do not fit.

    Examples
    --------
    >>> try:
    ...     check_state("Linear", {"weight": np.zeros((2, 3))}, {"wieght": 0}, True)
    ... except StateDictError as error:
    ...     print("\n".join(str(error).splitlines()[:3]))
    Linear: the state dict does not fit; nothing was changed.
      missing: weight
      unknown: wieght (did you mean weight?)
    """
    if not isinstance(given, Mapping):
        raise StateDictError(
            f"{owner}: a state dict is a mapping from names to arrays, not {type(given).__name__}.",
            Location.of_caller(),
        )
    present = {id(targets[name]) for name in targets if name in given}
    missing = [  # a shared parameter is there if one of its names is
        name for name, target in targets.items() if name not in given and id(target) not in present
    ]
    unknown = [name for name in given if name not in targets]
    problems = []
    if strict and missing:
        problems.append("missing: " + _listed(missing))
    if strict and unknown:
        problems.append("unknown: " + _listed(unknown, missing))
    values: dict[str, Any] = {}
    written: dict[int, str] = {}  # a shared array is written once: its two names must agree
    memory = {id(_owner(target)) for target in targets.values()}
    for name, target in targets.items():
        if name not in given:
            continue
        value, problem = _fitting(given[name], target)
        first = written.setdefault(id(target), name)
        if not problem and first in values and not _equal(values[first], value):
            problem = f"differs from {first}, but the module has one array under both names"
        if problem:
            problems.append(f"{name}: {problem}")
        elif first is name:
            # what lies in the module's own memory may be overwritten before it is its turn
            values[name] = value.copy() if id(_owner(value)) in memory else value
    if problems:
        raise StateDictError(
            f"{owner}: the state dict does not fit; nothing was changed.\n  "
            + "\n  ".join(problems),
            Location.of_caller(),
        )
    return values, IncompatibleKeys(missing, unknown)


def _fitting(given: Any, target: Any) -> tuple[Any, str]:
    """Return a value in the target's dtype, and what forbids to write it, if anything."""
    if isinstance(given, np.ma.MaskedArray):
        return None, "a masked array; fill it: value.filled(...)"
    try:
        value = beside(target, raw(given) if is_traced(given) else as_array(given))
    except Exception as error:  # whatever an object's own __array__ may raise
        return None, f"{type(given).__name__} is not an array ({error})"
    if type(value) is not type(target) and foreign(value, target) is not None:
        return None, f"a {type(value).__name__}, the module holds a {type(target).__name__}"
    if value.dtype.kind not in "biufc" or not np.can_cast(value.dtype, target.dtype, "same_kind"):
        return None, f"{value.dtype} cannot become {target.dtype}"
    if value.shape != target.shape:
        return None, f"shape {value.shape}, the module has {target.shape}"
    if not getattr(target.flags, "writeable", True):
        return None, "the module's array is read-only"
    if value.dtype == target.dtype:
        return value, ""
    with np.errstate(over="ignore", invalid="ignore"):
        cast = value.astype(target.dtype)
    kept = np.isfinite(cast) == np.isfinite(value) if cast.dtype.kind in "fc" else cast == value
    if not np.all(kept):
        return None, f"{value.dtype} holds numbers that are too large for {target.dtype}"
    return cast, ""


def _owner(array: Any) -> Any:
    """Return the object whose memory an array shows."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def _equal(a: Any, b: Any) -> bool:
    return a is b or bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


def _listed(names: list[str], candidates: list[str] | None = None) -> str:
    """Return names as a message shows them; a stranger's file may hold 100,000 of any text."""
    shown = [_suggest(name, candidates or []) for name in names[:200]]
    more = [f"and {len(names) - 200} more"] if len(names) > 200 else []
    return ", ".join(shown + more)


def _suggest(name: str, candidates: list[str]) -> str:
    from difflib import get_close_matches

    text = str(name)[:300]
    close = get_close_matches(text, candidates[:1000], n=1)
    text = text if text.isprintable() else ascii(text)
    return f"{text} (did you mean {close[0]}?)" if close else text
