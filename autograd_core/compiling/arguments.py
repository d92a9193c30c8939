"""What a recording is valid for: the kinds of its arguments, and their names."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.compiling.places import BY_VALUE, equal
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import Boxed

_STATIC = object()


def array_in(leaf: Any, differentiated: bool) -> Any:
    """Return the array that an argument brings, or `_STATIC` for a setting of the function."""
    if isinstance(leaf, Tensor) and not leaf._level:
        leaf = leaf._held
    if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "biufc":
        return leaf
    if differentiated and leaf.__class__ in (float, int, bool):
        return np.float64(leaf) if leaf.__class__ is float else np.asarray(leaf)
    return _STATIC


def as_array(leaf: Any) -> Any:
    """Return what the program is given for an argument that is no setting."""
    array = array_in(leaf, True)
    if array is not _STATIC:
        return array
    return leaf._held if isinstance(leaf, Tensor) else leaf  # of another library


def is_static(array: Any) -> bool:
    """Whether `array_in` found a setting."""
    return array is _STATIC


def is_followed(leaf: Any) -> bool:
    """Whether a derivative is being taken of an argument, or it is batched."""
    return isinstance(leaf, Boxed) and leaf._level > 0


class Kind:
    """What one argument must be for a recording to answer the call.

    Parameters
    ----------
    leaf : object
        The argument of the recorded run.
    differentiated : bool
        Whether its gradient was asked for.
    name : str
        How messages call it.
    """

    __slots__ = ("dtype", "kind", "leaf", "name", "shape", "static", "strides")

    def __init__(self, leaf: Any, differentiated: bool, name: str) -> None:
        array = array_in(leaf, differentiated)
        self.name = name
        self.kind = leaf.__class__
        self.static = array is _STATIC
        self.leaf = leaf if self.static else None
        self.shape = self.strides = self.dtype = None
        if not self.static:
            self.shape, self.dtype = array.shape, array.dtype
            self.strides = array.strides if array.__class__ is np.ndarray else None

    def differs(self, leaf: Any) -> str | None:
        """Return how an argument differs, in words; None if it does not."""
        if leaf.__class__ is not self.kind:
            return f"{self.name} was {_of_kind(self.kind)}, is {_of_kind(leaf.__class__)}"
        if self.static:
            same = leaf is self.leaf or _equal(leaf, self.leaf)
            return None if same else f"{self.name} was {self.leaf!r}, is {leaf!r}"
        if self.kind is float or self.kind is int or self.kind is bool:
            return None
        array = leaf._held if isinstance(leaf, Tensor) else leaf
        if array.shape != self.shape:
            return f"{self.name} had shape {self.shape}, has {array.shape}"
        if array.dtype != self.dtype:
            return f"{self.name} was {self.dtype}, is {array.dtype}"
        if self.strides is not None and array.strides != self.strides:
            return f"{self.name} has another memory layout: strides {self.strides}, {array.strides}"
        return None


def _of_kind(kind: type[Any]) -> str:
    return "None" if kind is type(None) else f"of type {kind.__name__}"


def _equal(first: Any, second: Any) -> bool:
    """Whether one setting is as good as another: equal, and the same inside."""
    if isinstance(first, BY_VALUE):
        return equal(first, second)
    try:
        return bool(first == second) and pickle.dumps(first) == pickle.dumps(second)
    except Exception:  # whatever a class says when it cannot be compared or pickled
        return False


def names_of(f: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> list[str]:
    """Return a name for each leaf of the arguments: the parameter's, and the place in it."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    found: list[str] = []
    for k, value in enumerate(args):
        if k < len(parameters) and parameters[k].kind is not parameters[k].VAR_POSITIONAL:
            name = parameters[k].name
        else:
            name = f"x{k}"
        found += paths(name, value)
    for name, value in keywords.items():
        found += paths(name, value)
    return found


def paths(name: str, pytree: Any) -> list[str]:
    """Return a name for each leaf of a pytree, from the name of the whole.

    Examples
    --------
    >>> paths("p", {"w": 1.0, "b": [2.0, 3.0]})
    ['p_w', 'p_b_0', 'p_b_1']
    """
    if pytree is None:
        return []
    if isinstance(pytree, dict):
        return [path for key, part in pytree.items() for path in paths(f"{name}_{key}", part)]
    if isinstance(pytree, (list, tuple)):
        return [path for k, part in enumerate(pytree) for path in paths(f"{name}_{k}", part)]
    return [name]


def orders(pytree: Any) -> list[tuple[Any, ...]]:
    """Return the keys of all dictionaries in a pytree, in their order: code may go through them.

    Examples
    --------
    >>> orders([{"b": 1.0, "a": {}}])
    [('b', 'a')]
    """
    found: list[tuple[Any, ...]] = []
    if isinstance(pytree, dict):
        if len(pytree) > 1:
            found.append(tuple(pytree))
        pytree = pytree.values()
    for part in pytree:
        if isinstance(part, (dict, list, tuple)):
            found += orders(part)
    return found


def flat(args: tuple[Any, ...]) -> bool:
    """Whether no argument is a pytree."""
    return all(a.__class__ in _LEAVES for a in args)


def as_pytree(parameters: Any) -> Any:
    """Return parameters as a pytree of Tensors: a module's by name."""
    named = getattr(parameters, "named_parameters", None)
    if callable(named):
        return dict(named())
    if parameters is None or isinstance(parameters, (dict, list, tuple, Tensor)):
        return parameters
    return list(parameters)


def labels_of(parameters: Any) -> list[str]:
    """Return a name for each parameter of a pytree."""
    if isinstance(parameters, dict):
        return [p for key, part in parameters.items() for p in paths(str(key), part)]
    return paths("w", parameters)


_LEAVES = frozenset({np.ndarray, np.float64, np.float32, float, int, bool, str, Tensor})
