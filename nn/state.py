"""Checking a state dict against a module before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd_core import StateDictError
from autograd_core.source import Location
from nn.values import is_traced, raw


class IncompatibleKeys(NamedTuple):
    """The names that a state dict lacked, and those that the module does not have."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def check_state(
    owner: str, targets: Mapping[str, Any], given: Any, strict: bool
) -> tuple[dict[str, Any], IncompatibleKeys]:
    """Return the values to write, each known to fit; or raise with all that does not.

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
    ...     print(error)
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
        problems.append("missing: " + ", ".join(missing))
    if strict and unknown:
        problems.append("unknown: " + ", ".join(_suggest(name, missing) for name in unknown))
    values = {}
    for name, target in targets.items():
        if name not in given:
            continue
        value = raw(given[name]) if is_traced(given[name]) else np.asarray(given[name])
        if value.dtype.kind not in "biuf" or value.dtype.kind == "f" != target.dtype.kind:
            problems.append(f"{name}: {value.dtype} cannot become {target.dtype}")
        elif value.shape != target.shape:
            problems.append(f"{name}: shape {value.shape}, the module has {target.shape}")
        else:
            values[name] = value
    if problems:
        raise StateDictError(
            f"{owner}: the state dict does not fit; nothing was changed.\n  "
            + "\n  ".join(problems),
        )
    return values, IncompatibleKeys(missing, unknown)


def _suggest(name: str, candidates: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(str(name), candidates, n=1)
    return f"{name} (did you mean {close[0]}?)" if close else str(name)
