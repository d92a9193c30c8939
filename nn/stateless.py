"""functional_call: a module as a pure function of its parameters and buffers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_core import OperandError
from autograd_core.extend import Location, explains_wrong_calls

from .module import Module
from .values import is_traced

_REGISTRIES = ("_parameters", "_buffers")
_NESTS = frozenset({list, tuple, dict})
_OWN = frozenset({*_REGISTRIES, "_modules", "_unsaved", "_hooks"})


class _Held(NamedTuple):
    """One value of a module: all the names that lead to it, and all the places it stands in."""

    value: Any
    names: list[str]
    places: list[tuple[dict[str, Any], str]]


@explains_wrong_calls
def functional_call(
    module: Module,
    parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Run a module with other values in place of its parameters and buffers.

    It turns a module into a pure function of its parameters, for the transforms:
    ``jvp``, ``hessian``, ``grad`` of any pytree of parameters.

    Parameters
    ----------
    module : Module
        The module; its parameters are unchanged afterwards.
    parameters : mapping, or tuple of mappings
        Values by dotted name: arrays, Tensors or Duals.  A buffer that the module updates in place
        is updated in the array that you pass.
    args : tuple or value
        The module's positional arguments.
    kwargs : mapping, optional
        Its keyword arguments.
    tie_weights : bool
        Whether a value is used in every place of a parameter that the module uses more than once.
        One of its names is enough. False uses the value only under its own name.
    strict : bool
        Whether every parameter and buffer must be given.

    Returns
    -------
    value
        What the module returns.

    Raises
    ------
    OperandError
        If a name is unknown or given twice, if two names of one parameter come with
        different values, or, if strict, if a name is missing.

    Examples
    --------
    >>> import numpy as np, nn
    >>> from autograd_core import grad
    >>> line = nn.Linear(1, 1, bias=False)
    >>> float(grad(lambda w: np.sum(functional_call(line, {"weight": w}, np.array([[3.0]]))))(
    ...     np.array([[2.0]]))[0, 0])
    3.0
    """
    owner = f"functional_call: {type(module).__name__}"
    given = _merged(owner, parameters)
    parts = list(module.named_modules(remove_duplicate=False))
    held = _held(parts, tie_weights)
    known = {name for one in held for name in one.names}
    unknown = [name for name in given if name not in known]
    if unknown:
        raise _error(f"{owner} has no parameter {unknown[0]!r}, nor a buffer.")
    if strict:
        missing = [one.names[0] for one in held if not any(name in given for name in one.names)]
        if missing:
            raise _error(f"{owner}: strict=True, but no value for {', '.join(missing)}.")
    new = [
        (one, _chosen(owner, one, given))
        for one in held
        if one.names[0] in given or any(n in given for n in one.names)
    ]
    changes = [(place, key, value) for one, value in new for place, key in one.places]
    if tie_weights:
        changes += _copies(parts, {id(one.value): value for one, value in new})
    args = args if isinstance(args, tuple) else (args,)
    old = [(place, key, place[key]) for place, key, _ in changes]
    try:
        for place, key, value in changes:
            place[key] = value
        return module(*args, **(kwargs or {}))
    finally:
        for place, key, value in old:
            place[key] = value


def _error(message: str) -> OperandError:
    return OperandError(message, Location.of_caller())


def _merged(owner: str, parameters: Any) -> dict[str, Any]:
    """Return one mapping of several."""
    several = parameters if isinstance(parameters, (tuple, list)) else (parameters,)
    merged: dict[str, Any] = {}
    for one in several:
        if not isinstance(one, Mapping):
            raise _error(
                f"{owner}: the parameters must be a mapping from names to values, or a tuple of "
                f"mappings, not {type(one).__name__}."
            )
        for name, value in one.items():
            if name in merged:
                raise _error(f"{owner}: {name!r} is in two of the mappings.")
            if value is None:
                raise _error(f"{owner}: the value of {name!r} is None; leave it out to keep it.")
            merged[name] = value
    return merged


def _held(parts: list[tuple[str, Module]], tie: bool) -> list[_Held]:
    """Return what a module holds: each thing with all its names (or each name, if not tied)."""
    found: dict[Any, _Held] = {}
    for path, part in parts:
        for registry in (part._parameters, part._buffers):
            for last, value in registry.items():
                if value is None:
                    continue
                name = f"{path}.{last}" if path else last
                # plain numbers are never one thing in two places
                one_thing = tie and (isinstance(value, np.ndarray) or is_traced(value))
                key = id(value) if one_thing else (id(registry), last)
                one = found.get(key)
                if one is None:  # nearly always
                    found[key] = _Held(value, [name], [(registry, last)])
                    continue
                one.names.append(name)
                if not any(place is registry and k == last for place, k in one.places):
                    one.places.append((registry, last))
    return list(found.values())


def _chosen(owner: str, one: _Held, given: Mapping[str, Any]) -> Any:
    """Return the value to put in, which must be the same under all names that were given."""
    names = [name for name in one.names if name in given]
    value = given[names[0]]
    for name in names[1:]:
        if not _same(value, given[name]):
            raise _error(
                f"{owner}: {names[0]} and {name} are one parameter, but two different values were "
                "given (under a transform, two arguments are two values); give one of the names, "
                "or tie_weights=False to untie them."
            )
    if hasattr(value, "__array_function__"):
        return value
    return np.asarray(value, getattr(one.value, "dtype", None))


def _same(a: Any, b: Any) -> bool:
    """Tell whether two values are one, so that a derivative cannot tell them apart."""
    if a is b:
        return True
    if is_traced(a) or is_traced(b):
        return False
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and a.dtype == b.dtype and bool(a.tobytes() == b.tobytes())


def _copies(
    parts: list[tuple[str, Module]], new: Mapping[int, Any]
) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """Yield lists, tuples and dicts that modules keep of their parameters, with the new values."""
    entered: set[int] = set()  # a list may contain itself

    def replaced(value: Any) -> Any:
        if id(value) in new:
            return new[id(value)]
        if id(value) in entered:
            return value
        entered.add(id(value))
        if type(value) in (list, tuple):
            parts = [replaced(part) for part in value]
            changed = any(a is not b for a, b in zip(parts, value, strict=True))
            return type(value)(parts) if changed else value
        if type(value) is dict:
            mapped = {key: replaced(part) for key, part in value.items()}
            return mapped if any(mapped[key] is not value[key] for key in value) else value
        return value

    for own in {id(part): vars(part) for _, part in parts}.values():
        for key, value in own.items():
            # settings and arrays, nearly all there is, hold no other value
            if (value.__class__ in _NESTS or id(value) in new) and key not in _OWN:
                changed = replaced(value)
                if changed is not value:
                    yield own, key, changed
