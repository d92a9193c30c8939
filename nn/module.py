"""Module: a function with parameters, made of other such functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from autograd_core import OperandError, UnsupportedError, scope
from autograd_core.extend import (
    Location,
    explains_wrong_calls,
    is_of_the_call,
    renamed_keywords,
)

from .conversion import Convertible
from .hooks import run_with_hooks, wrong_call
from .parameter import Buffer, Parameter
from .stateful import Stateful
from .values import as_array

_OURS = f"{__package__}."


class Module(Convertible, Stateful):
    """Base class of all layers and models: parameters, buffers, children, train and eval mode.

    A subclass assigns Parameters and Modules as attributes in ``__init__`` and
    defines ``forward``.  Buffers (values that are saved but not trained) are
    plain arrays, registered with `register_buffer`.

    Attributes
    ----------
    training : bool
        True in train mode, which Dropout and batch normalization check.

    Examples
    --------
    >>> import nn
    >>> class Line(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = nn.Parameter([2.0])
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> line = Line()
    >>> line(3.0)
    Tensor([6.], op=multiply)
    >>> [name for name, _ in line.named_parameters()]
    ['slope']
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Any]
    _modules: dict[str, Module | None]
    _unsaved: set[str]
    _hooks: dict[str, dict[int, Any]]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "__init__" in cls.__dict__ and cls.__module__.startswith(_OURS):
            explains_wrong_calls(cls)

    @explains_wrong_calls
    def __init__(self) -> None:
        self.__dict__.update(
            training=True, _parameters={}, _buffers={}, _modules={}, _unsaved=set(), _hooks={}
        )

    def forward(self, *args: Any, **keywords: Any) -> Any:
        """Compute the module's function; every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward().")

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Run the hooks and `forward`."""
        with scope(self):  # graphs draw what runs inside as one box, named by its path
            if self._hooks:
                return run_with_hooks(self, args, keywords)
            try:
                return self.forward(*args, **keywords)
            except TypeError as error:
                if not is_of_the_call(error):
                    raise
            raise wrong_call(self, args, keywords)

    # --- attributes ---------------------------------------------------------

    def _registries(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        try:
            own = self.__dict__
            return own["_parameters"], own["_modules"], own["_buffers"]
        except KeyError:
            raise OperandError(
                f"{type(self).__name__}: call super().__init__() before assigning parameters "
                "or modules.",
                Location.of_caller(),
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            self.register_parameter(name, value)
        elif isinstance(value, Buffer):
            self.register_buffer(name, value.data, value.persistent)
        elif isinstance(value, Module):
            self.add_module(name, value)
        else:
            for registry in self._registries() if "_parameters" in self.__dict__ else ():
                if name in registry:
                    if registry is self._parameters and value is not None:
                        raise OperandError(
                            f"{type(self).__name__}.{name} is a parameter; assign a Parameter or "
                            "None, or change its numbers: p.data[...] = value.",
                            Location.of_caller(),
                        )
                    registry[name] = _as_buffer(value) if registry is self._buffers else value
                    return
            if name in self.__dict__.get("_computed", ()):
                raise OperandError(
                    f"{type(self).__name__}.{name} is computed from other parameters; remove the "
                    "parametrization or the pruning first, or change what it is computed from.",
                    Location.of_caller(),
                )
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:  # only when the instance's own __dict__ has none
        for registry in ("_parameters", "_modules", "_buffers"):
            found = self.__dict__.get(registry)
            if found is not None and name in found:
                return found[name]
        computed = self.__dict__.get("_computed")
        if computed is not None and name in computed:  # nn.utils: parametrize, prune, ...
            return computed[name](self)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        for registry in self._registries():
            if name in registry:
                del registry[name]
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})

    def _check_name(self, name: str, registry: dict[str, Any]) -> None:
        if not isinstance(name, str) or not name or "." in name:
            raise OperandError(
                f"{type(self).__name__}: {name!r} cannot name a part of a module: give a non-empty "
                "string without dots.",
                Location.of_caller(),
            )
        for other in self._registries():
            if other is not registry:
                other.pop(name, None)
        self.__dict__.pop(name, None)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name; None reserves the name for an absent one."""
        registry = self._registries()[0]
        self._check_name(name, registry)
        registry[name] = param

    @renamed_keywords(value="tensor")
    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Add a value that is saved with the module but not trained.

        Parameters
        ----------
        name : str
            The attribute's name.
        tensor : array_like or None
            Kept as a plain array.
        persistent : bool
            Whether `state_dict` contains it.
        """
        registry = self._registries()[2]
        self._check_name(name, registry)
        registry[name] = None if tensor is None else as_array(tensor)
        (self._unsaved.discard if persistent else self._unsaved.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child under a name."""
        registry = self._registries()[1]
        if module is not None and not isinstance(module, Module):
            raise OperandError(
                f"{type(self).__name__}: {type(module).__name__} is not a Module.",
                Location.of_caller(),
            )
        if module is not None and any(part is self for part in module.modules()):
            raise OperandError(
                f"{type(self).__name__}: with {name!r} the module would contain itself, and its "
                "parameters would have endless names; a reference that is not part of the module "
                "can be kept in a list or tuple.",
                Location.of_caller(),
            )
        self._check_name(name, registry)
        registry[name] = module

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child under a name, as `add_module` does."""
        self.add_module(name, module)

    # --- what it is made of -------------------------------------------------

    def named_modules(
        self, *, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for the module itself and all below it, depth first."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            name, module = stack.pop()
            if id(module) in seen and remove_duplicate:
                continue
            seen.add(id(module))
            yield name, module
            dot = name + "." if name else ""
            stack += [
                (dot + key, child)
                for key, child in reversed(module._modules.items())
                if child is not None
            ]

    def modules(self) -> Iterator[Module]:
        """Yield the module itself and all below it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for the direct children."""
        seen: set[int] = set()
        for name, child in self._modules.items():
            if child is not None and id(child) not in seen:
                seen.add(id(child))
                yield name, child

    def children(self) -> Iterator[Module]:
        """Yield the direct children."""
        return (child for _, child in self.named_children())

    def _named(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else iter([(prefix, self)])
        )
        for path, module in modules:
            for name, value in getattr(module, registry).items():
                if value is None or (remove_duplicate and id(value) in seen):
                    continue
                seen.add(id(value))
                yield (f"{path}.{name}" if path else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield (name, parameter); a shared parameter once, under its first name."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, each once."""
        return (value for _, value in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Yield (name, array) for the buffers."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """Yield the buffers."""
        return (value for _, value in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """Return the module at a dotted path, the module itself for an empty one."""
        module: Any = self
        for name in target.split(".") if target else ():
            module = module._modules.get(name)
            if module is None:
                raise AttributeError(f"{type(self).__name__} has no submodule {target!r}")
        found: Module = module
        return found

    def get_buffer(self, target: str) -> Any:
        """Return the buffer at a dotted path."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path)._buffers.get(name)
        if found is None:
            raise AttributeError(f"{type(self).__name__} has no buffer {target!r}")
        return found

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a dotted path, in the place of the one that is there.

        Parameters
        ----------
        target : str
            The path, such as ``"encoder.0.linear"``.
        module : Module
            What to put there.
        strict : bool
            Whether there must be a module at the path already; its parent must be there anyway.

        Examples
        --------
        >>> import nn
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        >>> model.set_submodule("1", nn.Tanh())
        >>> model[1]
        Tanh()
        """
        path, _, name = target.rpartition(".")
        if not name:
            raise ValueError("set_submodule: the path of the module to replace must not be empty.")
        parent = self.get_submodule(path)
        if strict and parent._modules.get(name) is None:
            raise AttributeError(f"{type(self).__name__} has no submodule {target!r}")
        if parent._modules.get(name) is None and hasattr(parent, name):
            raise AttributeError(f"{type(self).__name__}: {target!r} is no module")
        parent.add_module(name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at a dotted path."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path)._parameters.get(name)
        if found is None:
            raise AttributeError(f"{type(self).__name__} has no parameter {target!r}")
        return found

    def _own_parameters(self, what: str) -> list[Parameter]:
        """Return the parameters; refuse what `functional_call` has put in their place."""
        found = list(self.parameters())
        for parameter in found:
            if not isinstance(parameter, Parameter):
                raise UnsupportedError(
                    f"{type(self).__name__}.{what}: functional_call has put a value in the place "
                    "of a parameter, which is not the module's own; call this outside of "
                    "functional_call.",
                    Location.of_caller(),
                )
        return found

    # --- modes and changes --------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Put the module and all below it into train mode (or eval mode)."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put the module and all below it into eval mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set ``requires_grad`` of every parameter (False freezes them)."""
        for parameter in self._own_parameters("requires_grad_()"):
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters, or fill them with zeros."""
        for parameter in self._own_parameters("zero_grad()"):
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad.data[...] = 0

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn`` on every module below, then on this one.

        Examples
        --------
        >>> import nn
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        >>> _ = model.apply(lambda m: print(type(m).__name__))
        Linear
        ReLU
        Sequential
        """
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # --- text ---------------------------------------------------------------

    def extra_repr(self) -> str:
        """Return the settings to show in the module's text."""
        return ""

    def __repr__(self) -> str:
        name = type(self).__name__
        if not self._modules:
            return f"{name}({self.extra_repr()})"
        lines = [self.extra_repr()] if self.extra_repr() else []
        for key, child in self._modules.items():
            lines.append(f"({key}): " + repr(child).replace("\n", "\n  "))
        return f"{name}(\n  " + "\n  ".join(lines) + "\n)"

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def _as_buffer(value: Any) -> Any:
    """Return plain numbers as an array, so that they can be saved and loaded."""
    return value if value is None or hasattr(value, "__array_function__") else np.asarray(value)
