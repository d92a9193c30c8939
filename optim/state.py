"""Reading an optimizer's state dict: all of it is checked before anything is taken on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core.extend import errors

# Settings of PyTorch's that choose one of its implementations: accepted when a
# state dict comes from there, and dropped.
FOREIGN = frozenset({"foreach", "capturable", "differentiable", "fused"})
# What the schedules note in a group beside the optimizer's own settings.
SCHEDULED = frozenset({"initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum"})

Group = dict[str, Any]  # the settings of some parameters
State = dict[str, Any]  # what an optimizer keeps for one parameter


def read_state_dict(
    optimizer: Any, given: Mapping[str, Any]
) -> tuple[list[Group], dict[Any, State]]:
    """Return the settings of each group and the state of each parameter; change nothing.

    Parameters
    ----------
    optimizer : Optimizer
        Which will take them on.
    given : dict
        A state dict.

    Raises
    ------
    StateDictError
        Where it does not fit.
    """
    try:
        return _read(optimizer, given)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        if isinstance(error, errors.AutogradError):
            raise
        raise errors.StateDictError(
            f"{optimizer.name}.load_state_dict: this is no optimizer's state "
            f"({type(error).__name__}: {error}); nothing was changed."
        ) from error


def _read(optimizer: Any, given: Any) -> tuple[list[Group], dict[Any, State]]:
    name = optimizer.name
    if not isinstance(given, Mapping) or set(given) != {"state", "param_groups"}:
        keys = sorted(map(str, given)) if isinstance(given, Mapping) else type(given).__name__
        raise errors.StateDictError(
            f"{name}.load_state_dict: the keys must be 'state' and 'param_groups', not {keys}."
        )
    groups = given["param_groups"]
    if len(groups) != len(optimizer.param_groups):
        raise errors.StateDictError(
            f"{name}.load_state_dict: {len(groups)} parameter groups for an optimizer with "
            f"{len(optimizer.param_groups)}."
        )
    settings: list[Group] = []
    owners: dict[Any, tuple[Any, Group]] = {}
    for k, (new, old) in enumerate(zip(groups, optimizer.param_groups, strict=True)):
        if len(new.get("params", ())) != len(old["params"]):
            raise errors.StateDictError(
                f"{name}.load_state_dict: group {k} has {len(new.get('params', ()))} parameters, "
                f"the optimizer's has {len(old['params'])}."
            )
        found = _settings(optimizer, k, new, old)
        settings.append(found)
        owners.update(
            (index, (p, {**old, **found}))
            for index, p in zip(new["params"], old["params"], strict=True)
        )
    if len(owners) != sum(len(group["params"]) for group in optimizer.param_groups):
        raise errors.StateDictError(
            f"{name}.load_state_dict: the groups list a parameter's number twice."
        )
    state = {}
    for index, entry in given["state"].items():
        if index not in owners:
            raise errors.StateDictError(
                f"{name}.load_state_dict: state of parameter {index!r}, but the groups know "
                f"{len(owners)} parameters."
            )
        p, group = owners[index]
        state[p] = _entry(optimizer, index, entry, p, group)
    return settings, state


def _settings(
    optimizer: Any,
    k: int,
    new: Mapping[str, Any],
    old: Group,
) -> Group:
    known = set(optimizer.defaults)
    found = {key: v for key, v in new.items() if key not in ("params", "param_names")}
    found = {key: v for key, v in found.items() if key in known or key not in FOREIGN}
    unknown = set(found) - known - SCHEDULED
    missing = known - set(found)
    if unknown or missing:
        kind, which = ("unknown", unknown) if unknown else ("missing", missing)
        raise errors.StateDictError(
            f"{optimizer.name}.load_state_dict: {kind} setting {sorted(which)[0]!r} in group {k}; "
            f"it knows {', '.join(sorted(known))}."
        )
    # numbers that the file format brought back as arrays of no dimensions
    found = {
        key: v.item() if np.ndim(v) == 0 and hasattr(v, "item") else v for key, v in found.items()
    }
    found = {key: tuple(v) if isinstance(v, list) else v for key, v in found.items()}
    optimizer.validate({**old, **found, "lr": found["lr"] or 1.0})  # a schedule may end at zero
    return found


def _entry(optimizer: Any, index: Any, entry: Mapping[str, Any], p: Any, group: Group) -> State:
    """Return one parameter's state, in its dtype and in memory of its own."""
    arrays = set(optimizer.arrays(group))
    numbers = set(optimizer.numbers)
    entry = {key: value for key, value in entry.items() if value is not None}
    unknown = set(entry) - arrays - numbers
    if unknown:
        raise errors.StateDictError(
            f"{optimizer.name}.load_state_dict: unknown state {sorted(unknown)[0]!r} of parameter "
            f"{index!r}; with these settings it knows {', '.join(sorted(arrays | numbers))}."
        )
    missing = (numbers | arrays) - set(entry)
    if missing and entry:
        raise errors.StateDictError(
            f"{optimizer.name}.load_state_dict: state {sorted(missing)[0]!r} of parameter "
            f"{index!r} is missing."
        )
    made: State = {}
    for key, value in entry.items():
        if key in numbers:
            number = np.asarray(value).item()
            made[key] = int(number) if key == "step" else float(number)
            continue
        value = np.asarray(value)
        if value.shape != p.shape:
            raise errors.StateDictError(
                f"{optimizer.name}.load_state_dict: {key!r} of parameter {index!r} has shape "
                f"{value.shape}, the parameter {p.shape}."
            )
        if not np.can_cast(value.dtype, p.dtype, "same_kind"):
            raise errors.StateDictError(
                f"{optimizer.name}.load_state_dict: {key!r} of parameter {index!r} has dtype "
                f"{value.dtype}, the parameter {p.dtype}."
            )
        with np.errstate(over="ignore"):
            made[key] = np.array(value, dtype=p.dtype, order="K")
        if not np.array_equal(np.isfinite(made[key]), np.isfinite(value)):
            raise errors.StateDictError(
                f"{optimizer.name}.load_state_dict: {key!r} of parameter {index!r} holds numbers "
                f"that are too large for {p.dtype}."
            )
    return made
