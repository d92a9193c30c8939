"""Lists and dictionaries of Parameters, which the module that holds them trains and saves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from autograd_core import IndexingError, OperandError, Tensor
from autograd_core.extend import Location

from .module import Module
from .parameter import Parameter


def _as_parameter(owner: str, value: Any) -> Any:
    """Return a Parameter as it is, and make one of a Tensor or an array of floats."""
    if value is None or isinstance(value, Parameter):
        return value
    if isinstance(value, (Tensor, np.ndarray)) and value.dtype.kind in "fc":
        return Parameter(value.data if isinstance(value, Tensor) else value)
    raise OperandError(
        f"{owner}: a {type(value).__name__} is no parameter; give Parameters, Tensors or arrays of "
        "floats.",
        Location.of_caller(),
    )


def _described(value: Any) -> str:
    if value is None:
        return "None"
    size = "x".join(map(str, value.shape)) or "1"
    return f"Parameter containing: [{value.dtype} of size {size}]"


class ParameterList(Module):
    """A list whose Parameters are registered, with the names "0", "1", ...

    Parameters
    ----------
    values : iterable of Parameter, Tensor or array, optional
        The first elements; a Tensor or an array becomes a Parameter.

    Examples
    --------
    >>> import numpy as np, nn
    >>> weights = nn.ParameterList(np.ones((2, k)) for k in (1, 2, 3))
    >>> len(weights), [p.shape for p in weights.parameters()]
    (3, [(2, 1), (2, 2), (2, 3)])
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.extend(() if values is None else values)

    def _place(self, index: int) -> str:
        n = len(self)
        if not -n <= index < n:
            raise IndexingError(
                f"ParameterList: index {index} is out of range for {n} parameters.",
                Location.of_caller(),
            )
        return str(index % n)

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._parameters.values()))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ParameterList(list(self._parameters.values())[index])
        return self._parameters[self._place(index)]

    def __setitem__(self, index: int, value: Any) -> None:
        self.register_parameter(self._place(index), _as_parameter("ParameterList", value))

    def append(self, value: Any) -> ParameterList:
        """Add a parameter at the end."""
        self.register_parameter(str(len(self)), _as_parameter("ParameterList", value))
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add parameters at the end."""
        for value in list(values):
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def extra_repr(self) -> str:
        """Return one line for each parameter."""
        return "\n".join(f"({k}): {_described(p)}" for k, p in self._parameters.items())

    def __repr__(self) -> str:
        return _listed(self)


class ParameterDict(Module):
    """A dictionary whose Parameters are registered under their keys.

    Parameters
    ----------
    parameters : mapping, or iterable of (key, value), optional
        The first entries; a Tensor or an array becomes a Parameter.

    Examples
    --------
    >>> import numpy as np, nn
    >>> weights = nn.ParameterDict({"left": np.ones(2), "right": np.zeros(3)})
    >>> list(weights.keys()), weights["right"].shape
    (['left', 'right'], (3,))
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self.update({} if parameters is None else parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._parameters))

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._parameters))

    def __contains__(self, key: str) -> bool:
        return key in self._parameters

    def __getitem__(self, key: str) -> Any:
        try:
            return self._parameters[key]
        except KeyError:
            raise OperandError(
                f"ParameterDict has no parameter {key!r}; it has "
                f"{', '.join(self._parameters) or 'none'}.",
                Location.of_caller(),
            ) from None

    def __setitem__(self, key: str, value: Any) -> None:
        self.register_parameter(key, _as_parameter("ParameterDict", value))

    def __delitem__(self, key: str) -> None:
        self[key]
        del self._parameters[key]

    def keys(self) -> Iterable[str]:
        """Return the keys."""
        return self._parameters.keys()

    def values(self) -> Iterable[Any]:
        """Return the parameters."""
        return self._parameters.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return the (key, parameter) pairs."""
        return self._parameters.items()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the parameter of a key, or something else if there is none."""
        return self._parameters.get(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the parameter of a key, after adding one if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take an entry out and return its parameter."""
        value = self[key]
        del self._parameters[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last entry out and return it."""
        if not self._parameters:
            raise OperandError("ParameterDict: there is no entry to take out.")
        return self._parameters.popitem()

    def clear(self) -> None:
        """Take all entries out."""
        self._parameters.clear()

    def copy(self) -> ParameterDict:
        """Return a dictionary of the same Parameters."""
        return ParameterDict(self._parameters)

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Return a dictionary with one value under several keys."""
        return ParameterDict((key, default) for key in keys)

    def update(self, parameters: Any) -> None:
        """Add or replace entries."""
        pairs = parameters.items() if hasattr(parameters, "items") else parameters
        for key, value in list(pairs):
            self[key] = value

    def __or__(self, other: Mapping[str, Any]) -> ParameterDict:
        made = self.copy()
        made.update(other)
        return made

    def __ior__(self, other: Mapping[str, Any]) -> ParameterDict:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        """Return one line for each parameter."""
        return "\n".join(f"({k}): {_described(p)}" for k, p in self._parameters.items())

    def __repr__(self) -> str:
        return _listed(self)


def _listed(module: Module) -> str:
    text = module.extra_repr().replace("\n", "\n  ")
    name = type(module).__name__
    return f"{name}(\n  {text}\n)" if text else f"{name}()"
