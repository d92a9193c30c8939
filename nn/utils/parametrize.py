"""Parameters that are functions of others: ``layer.weight`` is what a module makes of a Parameter.

The functions are modules, in ``layer.parametrizations.weight``, with their own parameters; what is
trained is ``layer.parametrizations.weight.original``. Names and state-dict keys are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from autograd_core import OperandError, no_grad
from autograd_core.extend import Location, explains_wrong_calls

from ..containers import ModuleDict
from ..module import Module
from ..parameter import Parameter
from ..values import raw, shape_error
from .computed import compute, give_back, how_of, take_out

_cache: list[dict[int, Any]] = []


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized parameter once within a with-block, however often it is read.

    Returns
    -------
    context manager

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    >>> with nn.utils.parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    _cache.append({})
    try:
        yield
    finally:
        _cache.pop()


class ParametrizationList(Module):
    """The functions of one parameter, applied one after the other, and what they begin with.

    Parameters
    ----------
    modules : list of Module
        The functions; made by `register_parametrization`.
    original : Parameter
        The value that the parameter has now.

    Attributes
    ----------
    original : Parameter
        What is trained; or ``original0``, ``original1``, ... where the first function takes
        several.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    >>> type(layer.parametrizations.weight).__name__
    'ParametrizationList'
    """

    def __init__(self, modules: Any, original: Parameter) -> None:
        super().__init__()
        functions = list(modules)
        value = _inverted(functions, original)
        self.ntensors = len(value) if isinstance(value, (tuple, list)) else 1
        self.is_tensor = not isinstance(value, (tuple, list))
        if self.is_tensor:
            self.original = original if value is original else self._made(value, original)
        else:
            for k, part in enumerate(value):
                self.register_parameter(f"original{k}", self._made(part, original))
        for k, function in enumerate(functions):
            self.add_module(str(k), function)

    @staticmethod
    def _made(value: Any, original: Parameter) -> Parameter:
        return Parameter(raw(value).astype(original.dtype), original.requires_grad)

    def forward(self) -> Any:
        """Return the parameter's value."""
        if self.is_tensor:
            value: Any = (self.original,)
        else:
            value = tuple(getattr(self, f"original{k}") for k in range(self.ntensors))
        for function in self._modules.values():
            value = (function(*value),)  # type: ignore[misc]  # None is never stored here
        return value[0]

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: int) -> Any:
        return list(self._modules.values())[index]


class _Parametrized:
    """How a parametrized attribute is computed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Any) -> Any:
        entry = module._modules["parametrizations"]._modules[self.name]
        if not _cache:
            return entry()
        held = _cache[-1]
        if id(entry) not in held:
            held[id(entry)] = entry()
        return held[id(entry)]


@explains_wrong_calls
def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let a parameter be what a module makes of another one.

    Parameters
    ----------
    module : Module
        The layer.
    tensor_name : str
        The parameter's name.
    parametrization : Module
        The function; with a method ``right_inverse`` the value stays as it is.
    unsafe : bool
        Whether the function may change shape or dtype.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    OperandError
        If there is no such parameter.
    ShapeError
        If the function changes shape or dtype.

    Examples
    --------
    >>> import numpy as np, nn
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return np.triu(x) + np.triu(x, 1).T
    >>> layer = nn.Linear(3, 3)
    >>> _ = nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
    >>> bool((layer.weight.data == layer.weight.data.T).all()), [n for n, _ in
    ...     layer.named_parameters()]
    (True, ['bias', 'parametrizations.weight.original'])
    """
    name = "register_parametrization"
    if not isinstance(parametrization, Module):
        raise OperandError(
            f"{name}: a {type(parametrization).__name__} is no Module.", Location.of_caller()
        )
    if is_parametrized(module, tensor_name):
        entry: Any = module._modules["parametrizations"]._modules[tensor_name]  # type: ignore[union-attr]
        _check_kept(name, parametrization, entry(), unsafe)
        if hasattr(parametrization, "right_inverse") and entry.is_tensor:
            with no_grad():
                value = entry()
            functions = [*entry._modules.values(), parametrization]
            entry.original.data[...] = raw(_inverted(functions, value))
        entry.add_module(str(len(entry)), parametrization)
        return module
    original = take_out(name, module, tensor_name)
    try:
        entry = ParametrizationList([parametrization], original)
        _check_kept(name, entry, original, unsafe, of_entry=True)
    except Exception:
        module.register_parameter(tensor_name, original)
        raise
    if module._modules.get("parametrizations") is None:
        module.add_module("parametrizations", ModuleDict())
    module._modules["parametrizations"].add_module(tensor_name, entry)  # type: ignore[union-attr]
    compute(module, tensor_name, _Parametrized(tensor_name))
    return module


def _inverted(functions: list[Any], value: Any) -> Any:
    """Return what the functions make a value of, where they know it."""
    with no_grad():
        for function in reversed(functions):
            if hasattr(function, "right_inverse"):
                with suppress(NotImplementedError):  # it has none for its settings
                    value = function.right_inverse(value)
    return value


def _check_kept(name: str, function: Any, value: Any, unsafe: bool, of_entry: bool = False) -> None:
    if unsafe:
        return
    with no_grad():
        found = function() if of_entry else function(value)
    if found.shape != value.shape or found.dtype != value.dtype:
        raise shape_error(
            f"{name}: the function makes {found.dtype} of shape {found.shape} of {value.dtype} of "
            f"shape {value.shape}; unsafe=True allows that."
        )


@explains_wrong_calls
def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Tell whether a parameter of a module is parametrized, or any.

    Parameters
    ----------
    module : Module
        The layer.
    tensor_name : str, optional
        The parameter's name.

    Returns
    -------
    bool

    Examples
    --------
    >>> import nn
    >>> nn.utils.parametrize.is_parametrized(nn.Linear(2, 2))
    False
    """
    found = module._modules.get("parametrizations")
    if not isinstance(found, ModuleDict):
        return False
    return bool(len(found)) if tensor_name is None else tensor_name in found


@explains_wrong_calls
def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make a parametrized parameter an ordinary one again.

    Parameters
    ----------
    module : Module
        The layer.
    tensor_name : str
        The parameter's name.
    leave_parametrized : bool
        Whether it keeps the value that it has now, or gets the original.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    OperandError
        If it is not parametrized, or there is no single original.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    >>> [n for n, _ in nn.utils.parametrize.remove_parametrizations(layer,
    ...     "weight").named_parameters()]
    ['bias', 'weight']
    """
    name = "remove_parametrizations"
    if not is_parametrized(module, tensor_name) or how_of(module, tensor_name) is None:
        raise OperandError(
            f"{name}: {type(module).__name__}.{tensor_name} is not parametrized.",
            Location.of_caller(),
        )
    held: Any = module._modules["parametrizations"]
    entry = held[tensor_name]
    if not leave_parametrized and not entry.is_tensor:
        raise OperandError(
            f"{name}: {tensor_name} has several originals, none of which has its shape; leave it "
            "parametrized.",
            Location.of_caller(),
        )
    first = next(iter(entry._parameters.values()))
    with no_grad():
        value = raw(entry()).copy()
    if entry.is_tensor:
        back = entry.original
        if leave_parametrized:
            back.data = value
    else:
        back = Parameter(value, first.requires_grad)
    del held[tensor_name]
    if not len(held):
        del module._modules["parametrizations"]
    give_back(module, tensor_name, back)
    return module


@explains_wrong_calls
def type_before_parametrizations(module: Module) -> type:
    """Return the class of a module; parametrizations do not change it here.

    Parameters
    ----------
    module : Module
        The layer.

    Returns
    -------
    type

    Examples
    --------
    >>> import nn
    >>> nn.utils.parametrize.type_before_parametrizations(nn.Linear(2, 2)).__name__
    'Linear'
    """
    return type(module)


__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]
