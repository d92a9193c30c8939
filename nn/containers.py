"""Modules made of other modules in order, by number or by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autograd_core import IndexingError, OperandError
from autograd_core.extend import Location

from .module import Module


class _Numbered(Module):
    """Children with the names "0", "1", ...; indexing, slicing, appending."""

    def _place(self, index: int) -> str:
        n = len(self._modules)
        if not -n <= index < n:
            raise IndexingError(
                f"{type(self).__name__}: index {index} is out of range for {n} modules.",
                Location.of_caller(),
            )
        return list(self._modules)[index]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._modules.values()))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            made = type(self)()
            for name, module in list(self._modules.items())[index]:
                made.add_module(name if isinstance(self, Sequential) else str(len(made)), module)
            return made
        return self._modules[self._place(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        self.add_module(self._place(index), module)

    def __delitem__(self, index: int | slice) -> None:
        kept = list(self._modules.items())
        if isinstance(index, slice):
            del kept[index]
        else:
            del kept[list(self._modules).index(self._place(index))]
        self._modules.clear()
        for k, (name, module) in enumerate(kept):
            self._modules[str(k) if name.isdigit() else name] = module

    def append(self, module: Module) -> Any:
        """Add a module at the end."""
        number = len(self)
        while str(number) in self._modules:  # a slice keeps the names of its modules
            number += 1
        self.add_module(str(number), module)
        return self

    def pop(self, key: int = -1) -> Any:
        """Take a module out, the last by default, and return it."""
        module = self[key]
        del self[key]
        return module

    def __add__(self, other: Iterable[Module]) -> Any:
        if not isinstance(other, Iterable):
            return NotImplemented
        made: Any = Sequential() if isinstance(self, Sequential) else ModuleList()
        return made.extend(self).extend(other)

    def __iadd__(self, other: Iterable[Module]) -> Any:
        return self.extend(other)

    def extend(self, modules: Iterable[Module]) -> Any:
        """Add modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Add a module before an index."""
        if not isinstance(module, Module):
            raise OperandError(
                f"{type(self).__name__}: {type(module).__name__} is not a Module.",
                Location.of_caller(),
            )
        kept = list(self)
        if not -len(kept) <= index <= len(kept):
            raise IndexingError(
                f"{type(self).__name__}: index {index} is out of range for {len(kept)} modules.",
                Location.of_caller(),
            )
        kept.insert(index, module)
        self._modules.clear()
        return self.extend(kept)


class Sequential(_Numbered):
    """Modules applied one after the other.

    Parameters
    ----------
    *modules : Module
        In order; or one mapping from names to modules.

    Examples
    --------
    >>> import nn
    >>> nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    Sequential(
      (0): Linear(in_features=4, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=2, bias=True)
    )
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            for module in modules:
                self.append(module)

    def __mul__(self, count: int) -> Any:
        if not isinstance(count, int) or count < 1:
            raise OperandError(
                f"Sequential: {count!r} copies cannot be made; give a positive integer. Each "
                "copy is the same modules again, with the same parameters.",
                Location.of_caller(),
            )
        return Sequential(*[module for _ in range(count) for module in self])

    __rmul__ = __mul__

    def __imul__(self, count: int) -> Any:
        return self.extend(list(self * count)[len(self) :])

    def forward(self, input: Any) -> Any:
        """Apply each module to the output of the one before."""
        for module in self._modules.values():
            input = module(input)  # type: ignore[misc]  # None is never stored in a Sequential
        return input


class ModuleList(_Numbered):
    """A list whose modules are registered.

    Parameters
    ----------
    modules : iterable of Module, optional
        The first elements.

    Examples
    --------
    >>> import nn
    >>> layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)


class ModuleDict(Module):
    """A dictionary whose modules are registered.

    Parameters
    ----------
    modules : mapping, optional
        The first entries.

    Examples
    --------
    >>> import nn
    >>> heads = nn.ModuleDict({"policy": nn.Linear(4, 3), "value": nn.Linear(4, 1)})
    >>> list(heads.keys()), "value" in heads
    (['policy', 'value'], True)
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._modules))

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    def __getitem__(self, name: str) -> Any:
        try:
            return self._modules[name]
        except KeyError:
            raise OperandError(
                f"ModuleDict has no module {name!r}; it has {', '.join(self._modules) or 'none'}.",
                Location.of_caller(),
            ) from None

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """Return the modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return the (name, module) pairs."""
        return self._modules.items()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add or replace entries."""
        for name, module in modules.items() if isinstance(modules, Mapping) else modules:
            self[name] = module

    def pop(self, key: str) -> Any:
        """Take an entry out and return its module."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Take all entries out."""
        self._modules.clear()
