"""The arguments of a call, before an operation runs: sorted, made arrays, and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

import numpy as np

from autograd_core.base import errors
from autograd_core.base.renamed import present_names
from autograd_core.base.source import Location
from autograd_core.base.wrong_calls import too_many, twice
from autograd_core.operations import nested_sequences, other_libraries
from autograd_core.operations.boxed import Boxed, bare, numeric
from autograd_core.operations.other_libraries import FAMILIAR, KNOWN


class Operation(Protocol):
    """What a Primitive says of its arguments."""

    _positional: tuple[str, ...]
    arity: int | None
    name: str
    renamed: Mapping[str, str]
    settings: frozenset[str]


_DEFAULTS = {
    ("where", True),
    ("subok", True),
    ("casting", "same_kind"),
    ("order", "K"),
    ("copy", True),
    ("mode", "raise"),
}
_REMEDIES = {
    "out": " Use the returned value, or write x[...] = value on a Tensor.",
    "where": " Use np.where(condition, value, other) around it.",
    "dtype": " Use .astype(dtype) on the result.",
}
_NOT_NUMPY = frozenset({list, tuple, range, complex})


def _as_array(value: Any, beside: tuple[Any, ...] = ()) -> Any:
    """Return lists as arrays, and Python's complex numbers (1j * np.float64 is one) as NumPy's."""
    if isinstance(value, (list, tuple, range)):
        if nested_sequences.holds(value):
            return nested_sequences.join(value)
        try:
            return np.asarray(value)
        except (TypeError, ValueError) as error:
            message = f"a {type(value).__name__} does not form an array: {error}"
            raise errors.translate(error, message, Location.of_caller()) from error
    if value.__class__ is complex:  # as precise as what stands beside it
        kinds = [b.dtype for b in beside if hasattr(b, "dtype")]
        return np.result_type(np.complex64, *kinds).type(value)
    return value


def familiar(operation: Operation, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return operands as NumPy's arrays; refuse those that mean more than their numbers."""
    if any(a.__class__ in _NOT_NUMPY for a in args):
        args = tuple([_as_array(a, args) for a in args])
    if any(isinstance(a, Boxed) for a in args):
        return tuple([other_libraries.plain(a, operation.name, args) for a in args])
    return args


def bind(
    operation: Operation, args: tuple[Any, ...], params: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Sort arguments into arrays (positional) and settings (keywords), by the signature."""
    if operation.renamed:
        params = present_names(f"{operation.name}()", operation.renamed, params)
    names = operation._positional
    arity = operation.arity or 0
    if len(args) > max(len(names), arity):
        raise errors.OperandError(
            f"{too_many(operation.name, names, len(args))}.", Location.of_caller()
        )
    if params:
        for name in names[: len(args)]:
            if name in params:
                raise errors.OperandError(f"{operation.name}: {twice(name)}.", Location.of_caller())
    bound = dict(zip(names[arity:], args[arity:], strict=False))
    arrays = list(args[:arity])
    for name in names[len(arrays) : arity]:
        if name not in params:
            raise errors.OperandError(
                f"{operation.name}: {name}= must be given.", Location.of_caller()
            )
        arrays.append(params[name])
    rest = {k: v for k, v in params.items() if k not in names[:arity]}
    return tuple(arrays), {**bound, **rest}


# An operation -> the keywords that its rules do not know, and what computes it with them.
_RARE: dict[Operation, tuple[frozenset[str], Callable[..., Any]]] = {}


def rarely(
    operation: Operation, *, keywords: tuple[str, ...]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register what computes an operation with keywords that few calls have (decorator)."""

    def decorate(run: Callable[..., Any]) -> Callable[..., Any]:
        _RARE[operation] = frozenset(keywords), run
        return run

    return decorate


def composed(
    operation: Operation, params: dict[str, Any], top: Boxed | None, args: tuple[Any, ...]
) -> Callable[..., Any] | None:
    """Return what computes an operation with these keywords of traced values, if they are rare."""
    known, run = _RARE.get(operation, (frozenset[str](), None))
    given = {k: v for k, v in params.items() if v is not None and v is not np._NoValue}
    rare = [k for k in given if k in known and given[k] is not True and k != "casting"]
    if run is None or not rare or top is None or top._written:
        return None
    if not given.keys() <= operation.settings | known:
        return None  # `checked` says which is not supported
    if "dtype" in given:
        _check_dtype(operation, given["dtype"], args)
    return partial(_explained, operation.name, run, args, given)


def _explained(name: str, run: Callable[..., Any], args: Any, params: dict[str, Any]) -> Any:
    """Run a composition; its complaints about the arguments become the engine's."""
    try:
        return run(*args, **params)
    except errors.AutogradError:
        raise
    except (TypeError, ValueError) as error:
        message = f"{name}: {error}"
        raise errors.translate(error, message, Location.of_caller()) from error


_NOTHING_TO_ASK = FAMILIAR | {str, dict, list, type}  # classes of settings; it grows


def plain(params: dict[str, Any]) -> bool:
    """Whether settings have nothing to `checked`: no dtype, no array of another kind."""
    return _all_plain(params.values()) and "dtype" not in params


def _all_plain(values: Iterable[Any]) -> bool:
    for value in values:
        kind = value.__class__
        if kind in _NOTHING_TO_ASK or (kind is tuple and _all_plain(value)):
            continue
        if kind not in KNOWN or kind is tuple or issubclass(kind, Boxed):
            return False
        _NOTHING_TO_ASK.add(kind)
    return True


def checked(
    operation: Operation, params: dict[str, Any], top: Boxed | None, args: tuple[Any, ...]
) -> dict[str, Any]:
    """Drop settings left at NumPy's default; refuse those that the rules don't know."""
    if top is None:
        return params
    if "dtype" in params and params["dtype"] is not None and not top._written:
        _check_dtype(operation, params["dtype"], args)
    for value in params.values():
        if value.__class__ not in KNOWN:
            other_libraries.setting(value, operation.name)
    if params.keys() <= operation.settings:
        return params
    kept = {}
    for name, value in params.items():
        if name in operation.settings:
            kept[name] = value
        elif top._written and name != "out" and value is not np._NoValue:
            kept[name] = value  # NumPy's own function will run
        elif not (
            value is None
            or value is np._NoValue
            or (isinstance(value, (bool, str)) and (name, value) in _DEFAULTS)
        ):
            known = ", ".join(f"{k}=" for k in sorted(operation.settings)) or "none"
            raise errors.UnsupportedError(
                f"{operation.name}: the keyword {name}= is not supported on a traced value "
                f"(supported: {known})." + _REMEDIES.get(name, ""),
                Location.of_caller(),
            )
    return kept


def _check_dtype(operation: Operation, dtype: Any, args: tuple[Any, ...]) -> None:
    try:
        kind = np.dtype(dtype).kind
    except TypeError as error:
        raise errors.OperandError(f"{operation.name}: {error}", Location.of_caller()) from error
    if kind == "f" and any(np.result_type(bare(a)).kind == "c" for a in args if numeric(a)):
        raise errors.DTypeError(
            f"{operation.name}: dtype={np.dtype(dtype)} would drop the imaginary part of a complex "
            "argument; take np.real(x) first.",
            Location.of_caller(),
        )
    if kind not in "fc":
        raise errors.DTypeError(
            f"{operation.name}: a result of {np.dtype(dtype)} cannot carry a derivative; leave out "
            f"dtype=, and cast the result with .astype({np.dtype(dtype)}), a constant.",
            Location.of_caller(),
        )
