"""Checking a saved training before any of it is loaded.

The file may come from a stranger, or may have been damaged.  Everything in it is compared with what
the live training has: keys, kinds, shapes, ranges.  Only then is anything changed.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MemberDescriptorType
from typing import Any

import numpy as np

from autograd_core import optim
from autograd_core.extend import Location

from .errors import StateDictError
from .metrics import Metric
from .module import Module
from .random_states import checked_random_state
from .state import check_state

# one package under two names: `optim` is reached through autograd_core
checks = optim.checks
LARGEST_COUNT = optim.restoring.LARGEST_COUNT
UnlikeError = optim.restoring.UnlikeError
check_keys = optim.restoring.check_keys
like = optim.restoring.like
plain = optim.restoring.plain
refused = optim.restoring.refused
shown = optim.restoring.shown
within = optim.restoring.within
read_state_dict = optim.state.read_state_dict

# Names of text that says where something is: never restored, whoever has put it into a state.
_PLACES = ("path", "file", "dir", "folder", "url", "host", "command")


def callback_values(callback: Any, given: Any, all_of_them: bool) -> dict[str, Any]:
    """Return the attributes that a callback's state sets, each checked.

    What the class names in `saved` is compared with the example that stands there.  Any other key
    of the callback's own `state_dict` must be an attribute that holds data, and its value one of
    the live value's kind.  A constructor's argument is a setting: it must be as it is here.
    A class with a `load_state_dict` of its own need not hand over all of its keys.
    """
    owner = type(callback).__name__
    known = callback.state_dict()
    if not all_of_them:
        known = {name: value for name, value in known.items() if name in given}
    check_keys(owner, known, given)
    settings = set(_parameters(type(callback)))
    values = {}
    for name in known:
        new = given[name]
        example, check = callback.saved.get(name, (None, None))
        try:
            if check is not None:
                values[name] = like(example, new)
                within(owner, check, name, values[name])
                continue
            live = _attribute(callback, name)
            found = like(live, new)
            setting = name in settings or (
                isinstance(live, (str, bytes)) and any(p in name.lower() for p in _PLACES)
            )
            if setting:
                if not _same(live, found):
                    raise UnlikeError(
                        f"{shown(live)} as in the callback that is here, because it is a setting "
                        "(if it is not, name it in the class's `saved`, or write a load_state_dict)"
                    )
            else:
                values[name] = found
        except (UnlikeError, RecursionError) as error:
            raise refused(owner, f"{name!r} is {shown(new)}; it must be {error}") from error
    return copy.deepcopy(values)  # an array that stands in a thousand places is copied once


def _parameters(kind: type) -> Iterator[str]:
    """Yield the names of the arguments of a class's constructor, and of its bases'."""
    for base in kind.__mro__[:-1]:
        if make := vars(base).get("__init__"):
            yield from list(inspect.signature(make).parameters)[1:]


def _attribute(callback: Any, name: Any) -> Any:
    """Return what a name of the callback's holds, if it may be restored at all."""
    missing = object()
    held = inspect.getattr_static(callback, name, missing) if isinstance(name, str) else missing
    if isinstance(held, MemberDescriptorType):
        held = getattr(callback, name, missing)  # in a slot
    if held is missing:
        raise UnlikeError("the name of an attribute: write a load_state_dict that restores it")
    if name.startswith("__") or callable(held) or hasattr(held, "__get__"):
        raise UnlikeError("data, but it is a method or a property here")
    return held


def _same(a: Any, b: Any) -> bool:
    """Tell whether two values of one kind are equal; NaN is equal to itself."""
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b) or (a != a and b != b)


def checks_itself(thing: Any) -> bool:
    """Tell whether `check_state_dict` belongs to the `load_state_dict` that would be called."""
    names = {"check_state_dict", "load_state_dict"}
    owner = next((kind for kind in type(thing).__mro__ if names & vars(kind).keys()), object)
    return "check_state_dict" in vars(owner)


def contents(owners: Iterable[Any]) -> Callable[[], None]:
    """Return a function that puts back what the owners' lists, dictionaries, sets and arrays hold.

    A `load_state_dict` of the user's may change them in place, and then refuse.
    """
    held: list[tuple[Any, Any]] = []
    stack, seen = [vars(owner) for owner in owners], set()
    while stack:
        value: Any = stack.pop()
        if id(value) in seen or not isinstance(value, (dict, list, tuple, set, np.ndarray)):
            continue
        seen.add(id(value))
        if not isinstance(value, tuple):
            held.append((value, copy.copy(value)))
        if not isinstance(value, np.ndarray):
            stack += value.values() if isinstance(value, dict) else value

    def put_back() -> None:
        for value, was in held:
            if isinstance(value, np.ndarray):
                if value.flags.writeable:
                    np.copyto(value, was)
            elif isinstance(value, list):
                value[:] = was
            else:
                value.clear()
                value.update(was)

    return put_back


# --- the whole of a training ----------------------------------------------------------------------


def checked_training(trainer: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a training's state with everything in it checked; change nothing.

    Raises
    ------
    StateDictError
        With the first thing that does not fit.
    """
    state = dict(given)
    state["data"] = _fingerprint(state["data"])
    state["history"] = _rows(state["history"])
    _check_position(trainer, state)
    _check_model(trainer.model, state["model"])
    if type(trainer.optimizer).load_state_dict is optim.Optimizer.load_state_dict:
        read_state_dict(trainer.optimizer, state["optimizer"])
    if (state["schedule"] is None) != (trainer.scheduler is None) or (
        not isinstance(state["callbacks"], (list, tuple))
        or len(state["callbacks"]) != len(trainer.callbacks)
    ):
        raise _wrong("the checkpoint was made with another schedule or other callbacks")
    if trainer.scheduler is not None and checks_itself(trainer.scheduler):
        trainer.scheduler.check_state_dict(state["schedule"])
    for callback, found in zip(trainer.callbacks, state["callbacks"], strict=True):
        if checks_itself(callback):
            callback.check_state_dict(found, trainer)
    return state


def _wrong(reason: str) -> StateDictError:
    return StateDictError(f"Trainer: {reason}; nothing was changed.", Location.of_caller())


def _fingerprint(given: Any) -> Any:
    """Return what a state says of its data: numbers, words and lists of them."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise _wrong(f"'data' is {shown(given)}; it must be a dictionary")
    for name, value in given.items():
        parts = value if type(value) in (list, tuple) else (value,)
        simple = all(part is None or type(part) in (bool, int, float, str) for part in parts)
        if not simple or any(type(part) is int and part.bit_length() > 4096 for part in parts):
            raise _wrong(f"{name!r} of 'data' is {shown(value)}; it must be a number or a word")
    return dict(given)


def _rows(given: Any) -> list[dict[str, Any]]:
    """Return the rows of a history: whatever a callback may have noted, but of plain kinds."""
    if type(given) not in (list, tuple):
        raise _wrong(f"'history' is {shown(given)}; it must be a list of rows")
    rows = []
    for k, row in enumerate(given):
        if not isinstance(row, Mapping) or not all(type(name) is str for name in row):
            raise _wrong(f"row {k} of 'history' is {shown(row)}; it must name its measures")
        if "epoch" not in row:
            raise _wrong(f"row {k} of 'history' names no epoch")
        found = {}
        for name, value in row.items():
            try:
                found[name] = value if type(value) is str else plain(value)
                if name in ("epoch", "lr", "loss"):
                    checks.number("Trainer", name, value, -np.inf, np.inf, "a number")
            except (UnlikeError, ValueError) as error:
                wanted = error if isinstance(error, UnlikeError) else "a number"
                raise _wrong(
                    f"{name!r} in row {k} of 'history' is {shown(value)}; it must be {wanted}"
                ) from error
        rows.append(found)
    return copy.deepcopy(rows)


def _check_position(trainer: Any, state: dict[str, Any]) -> None:
    """Raise unless epoch, batch and the sums of the epoch so far belong together."""
    for name in ("epoch", "batch"):
        value = state[name]
        if type(value) is not int or not 0 <= value <= LARGEST_COUNT:
            raise _wrong(f"{name!r} is {shown(value)}; it must be an integer from 0 to 2**53")
    epoch, batch, stopped, data = (state[key] for key in ("epoch", "batch", "stopped", "data"))
    whole = sum(row["epoch"] % 1 == 0 for row in state["history"])  # others are of checks within
    if whole != epoch:
        raise _wrong(f"the history has {whole} rows after {epoch} epochs, those within not counted")
    if stopped is not None and type(stopped) is not str:
        raise _wrong(f"'stopped' is {shown(stopped)}; it must be None or a reason")
    if batch and data is not None and (most := _batches(data)) is not None and batch > most:
        raise _wrong(f"'batch' is {batch}, but an epoch of this data has {most} batches")
    sums = state["sums"]
    if not isinstance(sums, Mapping):
        raise _wrong(f"'sums' is {shown(sums)}; it must be a dictionary")
    sums = state["sums"] = dict(sums)
    wanted = {"rows", "loss", *trainer.metrics} if batch else set(sums)
    if set(sums) != wanted:
        raise _wrong(
            f"'sums' holds {shown(list(sums))} after {batch} batches, this training measures "
            f"{', '.join(sorted(wanted))}"
        )
    for name, value in sums.items():
        if isinstance(metric := trainer.metrics.get(name), Metric):
            sums[name] = _statistics(name, metric, value)
            continue
        try:
            checks.number("sums", str(name), value, -np.inf, np.inf, "a number")
        except ValueError as error:
            if not (isinstance(value, (float, np.floating)) and name not in ("rows", "loss")):
                raise _wrong(
                    f"{name!r} of 'sums' is {shown(value)}; it must be a number"
                ) from error
    if batch and (type(sums["rows"]) is not int or not batch <= sums["rows"] <= LARGEST_COUNT):
        raise _wrong(f"'rows' of 'sums' is {shown(sums['rows'])} after {batch} batches")


def _statistics(name: str, metric: Metric, given: Any) -> Any:
    """Return what a metric has gathered of the epoch so far, checked."""
    try:
        return metric.check(given)
    except (UnlikeError, RecursionError) as error:
        raise _wrong(f"{name!r} of 'sums' is {shown(given)}; it must be {error}") from error


def _batches(data: Mapping[str, Any]) -> int | None:
    """Return the number of batches in an epoch, as far as a fingerprint tells it."""
    rows, size = data.get("rows"), data.get("batch_size")
    if type(rows) is not int or type(size) is not int or size < 1:
        return None
    return -(-rows // size)


def _check_model(model: Any, given: Any) -> None:
    if type(model).load_state_dict is not Module.load_state_dict:
        return
    targets = model.state_dict()
    values, _ = check_state(type(model).__name__, targets, given, strict=True)
    for name, p in model.named_parameters():
        value = values.get(name)
        if value is not None and np.isfinite(p.data).all() and not np.isfinite(value).all():
            raise _wrong(
                f"the parameter {name} holds NaN or infinity in the checkpoint: no batch could be "
                "learned from there"
            )


def checked_randomness(owner: str, live: Any, given: Any) -> Any:
    """Return the states of random sources, each checked, as the live ones are nested.

    Parameters
    ----------
    owner : str
        The name of the place, for messages.
    live : pytree
        Dictionaries of the states that the sources have now.
    given : pytree
        The states to check.
    """
    if isinstance(live, Mapping) and not {"bit_generator", "spawned"} & set(live):
        if not isinstance(given, Mapping) or set(given) != set(live):
            names = list(given) if isinstance(given, Mapping) else given
            raise _wrong(f"{owner} holds {shown(names)}; this training has {shown(list(live))}")
        return {k: checked_randomness(f"{owner}.{k}", live[k], given[k]) for k in live}
    return checked_random_state(owner, live, given)
