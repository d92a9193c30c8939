"""Reading an optimizer's state dict: all of it is checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core.extend import beside, foreign

from . import checks, restoring
from .errors import StateDictError
from .restoring import refused

# Settings of PyTorch's that choose one of its implementations: accepted when a
# state dict comes from there, and dropped.
FOREIGN = frozenset({"foreach", "capturable", "differentiable", "fused"})
# What the schedules note in a group beside the optimizer's own settings.
SCHEDULED = frozenset({"initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum"})

Group = dict[str, Any]  # the settings of some parameters
State = dict[str, Any]  # what an optimizer keeps for one parameter

# What reading a pytree of other things than was expected raises.
_WRONG_KIND = (
    TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError,
)  # fmt: skip
# Arrays of the state whose square root is taken, or that others are divided by.
_NOT_NEGATIVE = frozenset(
    {
        "exp_avg_sq",
        "max_exp_avg_sq",
        "exp_inf",
        "square_avg",
        "acc_delta",
        "sum",
        "row_var",
        "col_var",
        "variance",
        "step_size",
    }
)


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
    except StateDictError:
        raise
    except _WRONG_KIND as error:
        raise refused(
            optimizer.name,
            f"this is not an optimizer's state ({type(error).__name__}: {error!s:.200})",
        ) from error


def _read(optimizer: Any, given: Any) -> tuple[list[Group], dict[Any, State]]:
    name = optimizer.name
    if not isinstance(given, Mapping) or set(given) != {"state", "param_groups"}:
        keys = sorted(map(str, given)) if isinstance(given, Mapping) else type(given).__name__
        raise refused(name, f"the keys must be 'state' and 'param_groups', not {keys!s:.200}")
    groups = given["param_groups"]
    if len(groups) != len(optimizer.param_groups):
        raise refused(
            name,
            f"{len(groups)} parameter groups for an optimizer with {len(optimizer.param_groups)}",
        )
    settings: list[Group] = []
    owners: dict[Any, tuple[Any, Group]] = {}
    for k, (new, old) in enumerate(zip(groups, optimizer.param_groups, strict=True)):
        if len(new.get("params", ())) != len(old["params"]):
            raise refused(
                name,
                f"group {k} has {len(new.get('params', ()))} parameters, the optimizer's has "
                f"{len(old['params'])}",
            )
        found = _settings(optimizer, k, new, old)
        settings.append(found)
        owners.update(
            (index, (p, {**old, **found}))
            for index, p in zip(new["params"], old["params"], strict=True)
        )
    if len(owners) != sum(len(group["params"]) for group in optimizer.param_groups):
        raise refused(name, "the groups list a parameter's number twice")
    state = {}
    for index, entry in given["state"].items():
        if index not in owners:
            raise refused(
                name,
                f"state of parameter {index!r:.40}, but the groups know {len(owners)} parameters",
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
        raise refused(
            optimizer.name,
            f"{kind} setting {min(map(str, which))!r:.80} in group {k}; it knows "
            f"{', '.join(sorted(known))}",
        )
    # numbers that the file format brought back as arrays of no dimensions
    found = {
        key: v.item() if np.ndim(v) == 0 and hasattr(v, "item") else v for key, v in found.items()
    }
    found = {key: tuple(v) if isinstance(v, list) else v for key, v in found.items()}
    for key, value in found.items():
        if key in known:
            try:
                found[key] = restoring.like(old[key], value)
            except restoring.UnlikeError as error:
                raise refused(
                    optimizer.name,
                    f"{key} of group {k} is {restoring.shown(value)}; it must be {error}",
                ) from error
        else:  # what a schedule has noted
            restoring.within(optimizer.name, checks.non_negative, f"{key} of group {k}", value)
    restoring.within(optimizer.name, checks.non_negative, "lr", found["lr"])
    whole = {**old, **found, "lr": found["lr"] or 1.0}  # a schedule may end at zero
    restoring.within(optimizer.name, lambda *_: optimizer.validate(whole), f"group {k}", found)
    return found


def _entry(optimizer: Any, index: Any, entry: Mapping[str, Any], p: Any, group: Group) -> State:
    """Return one parameter's state, in its dtype and in memory of its own."""
    shapes = optimizer.arrays_of(group, p.shape)
    arrays = set(shapes)
    numbers = set(optimizer.numbers)
    entry = {key: value for key, value in entry.items() if value is not None}
    unknown = set(entry) - arrays - numbers
    if unknown:
        raise refused(
            optimizer.name,
            f"unknown state {min(map(str, unknown))!r:.80} of parameter {index!r}; with these "
            f"settings it knows {', '.join(sorted(arrays | numbers))}",
        )
    missing = (numbers | arrays) - set(entry)
    if missing and entry:
        raise refused(optimizer.name, f"state {min(missing)!r} of parameter {index!r} is missing")
    made: State = {}
    for key, value in entry.items():
        if key in numbers:
            made[key] = _number(optimizer, f"{key!r} of parameter {index!r}", key, value)
            continue
        value = value if foreign(value) is not None else np.asarray(value)
        if problem := _unfit(key, value, p, shapes[key]):
            raise refused(optimizer.name, f"{key!r} of parameter {index!r} {problem}")
        with np.errstate(over="ignore"):
            if foreign(value) is None:
                made[key] = beside(p, np.array(value, dtype=p.dtype, order="K"))
            else:
                made[key] = value.astype(p.dtype)
        if not np.all(np.isfinite(made[key]) == np.isfinite(beside(p, value))):
            raise refused(
                optimizer.name,
                f"{key!r} of parameter {index!r} holds numbers that are too large for {p.dtype}",
            )
    return made


def _number(optimizer: Any, what: str, key: str, value: Any) -> float:
    """Return a number of the state: a count of steps, or a product of factors below one."""
    number = np.asarray(value).item()
    if isinstance(number, bool):
        raise refused(optimizer.name, f"{what} is {number}; it must be a number")
    if key != "step":
        check = checks.unit if key == "mu_product" else checks.finite
        restoring.within(optimizer.name, check, what, number)
        return float(number)
    if isinstance(number, float) and number.is_integer():
        number = int(number)  # PyTorch counts in arrays of floats
    restoring.within(optimizer.name, checks.whole, what, number)
    return int(number)


def _unfit(key: str, value: Any, p: Any, shape: tuple[int, ...]) -> str:
    """Return what forbids an array to be a parameter's state, if anything."""
    if foreign(value) is not None and type(value) is not type(p.data):
        return f"is a {type(value).__name__}, the parameter holds a {type(p.data).__name__}"
    if value.shape != shape:
        whose = "the parameter" if shape == p.shape else "it must have"
        return f"has shape {value.shape}, {whose} {shape}"
    if value.dtype.kind not in "biufc" or not np.can_cast(value.dtype, p.dtype, "same_kind"):
        return f"has dtype {value.dtype}, the parameter {p.dtype}"
    if value.dtype.kind in "fc" and np.isnan(value).any():
        return "holds NaN"
    if key in _NOT_NEGATIVE and (np.any(value.real < 0) or np.any(value.imag < 0)):
        return "holds negative numbers, which squares cannot be"
    return ""
