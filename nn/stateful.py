"""A module's state dict: collecting it, loading it, and what a user's hooks add to either."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from autograd_core import OperandError, mark_overwritten
from autograd_core.extend import Location

from .hooks import Hooked, Removable
from .parameter import UninitializedParameter
from .state import check_state
from .values import is_traced, raw

EXTRA = "_extra_state"


class Stateful(Hooked):
    """The methods of `Module` that save and load its parameters and buffers."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _unsaved: set[str]

    def _own_parameters(self, what: str) -> list[Any]:
        raise NotImplementedError

    def named_modules(
        self, *, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Yield (name, module) for the module itself and all below it."""
        raise NotImplementedError

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """Yield the parameters."""
        raise NotImplementedError

    def get_extra_state(self) -> Any:
        """Return what the state dict shall hold beside parameters and buffers; to be defined.

        A class that defines it defines `set_extra_state` too. The value stands in the state dict
        under ``"_extra_state"``; `nn.save` needs it to be an array.
        """
        raise OperandError(
            f"{type(self).__name__} defines no get_extra_state(), so it has no extra state.",
            Location.of_caller(),
        )

    def set_extra_state(self, state: Any) -> None:
        """Take on what `get_extra_state` returned; to be defined with it."""
        raise OperandError(
            f"{type(self).__name__} defines no set_extra_state(), so it cannot take on "
            "a state that holds one.",
            Location.of_caller(),
        )

    def state_dict(
        self, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Return all parameters and saved buffers by name, as arrays that share memory.

        Copy the arrays to keep them: training writes into the same memory.

        Parameters
        ----------
        destination : dict, optional
            Where to put them; a new dict by default.
        prefix : str
            What all names begin with.
        keep_vars : bool
            Whether to return the Parameters themselves in place of their arrays.

        Returns
        -------
        dict

        Examples
        --------
        >>> import nn
        >>> {k: v.shape for k, v in nn.Linear(3, 2).state_dict().items()}
        {'weight': (2, 3), 'bias': (2,)}
        """
        if isinstance(destination, str):  # the first argument was the prefix
            destination, prefix = None, destination
        self._own_parameters("state_dict()")
        found: dict[str, Any] = {} if destination is None else destination
        places = list(self.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False))
        _collect(places, found, keep_vars)
        return found

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Write values into the parameters and buffers of the same names.

        Parameters
        ----------
        state_dict : mapping
            Arrays, or anything ``numpy.asarray`` takes, by name.
        strict : bool
            Whether missing and unknown names are errors.
        assign : bool
            Must be False: values are written into the memory that optimizers know.

        Returns
        -------
        IncompatibleKeys
            ``missing_keys`` and ``unexpected_keys``; both empty if strict.

        Raises
        ------
        StateDictError
            With every name that is missing, unknown, has another shape or
            kind, or differs from another name of the same shared array.  Nothing
            is changed then.
        """
        if assign:
            raise OperandError(
                f"{type(self).__name__}.load_state_dict: assign=True is not supported; values are "
                "written into the parameters' own memory.",
                Location.of_caller(),
            )
        self._own_parameters("load_state_dict()")
        given: Any = state_dict
        places = list(self.named_modules(remove_duplicate=False))
        if isinstance(given, Mapping):
            given = _prepared(places, dict(given), strict)
        targets: dict[str, Any] = {}
        _collect(places, targets, False, hooked=False)
        extra = {name: path for name, path in _extras(places) if name in targets}
        own = {name: value for name, value in targets.items() if name not in extra}
        if isinstance(given, Mapping):  # so that those which are missing are listed
            own |= {name: np.zeros(0) for name in extra if name not in given}
        plain = given
        if isinstance(given, Mapping):
            plain = {name: value for name, value in given.items() if name not in extra}
        values, report = check_state(type(self).__name__, own, plain, strict)
        for name, module in extra.items():
            if name in given:
                module.set_extra_state(given[name])
        for name, value in values.items():  # all of it fits: nothing can fail from here on
            own[name][...] = value
        mark_overwritten(*self.parameters())
        for _, module in places:
            for hook in list(module._hooks.get("load post", {}).values()):
                hook(module, report)
        return report

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Removable:
        """Call ``hook(module, prefix, keep_vars)`` before a state dict is collected."""
        return self._add_hook("state pre", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> Removable:
        """Call ``hook(module, state_dict, prefix, {})`` after a state dict was collected.

        The hook changes the dict in place.
        """
        return self._add_hook("state post", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Removable:
        """Call a hook with the state dict that is about to be loaded, which it may change.

        ``hook(module, state_dict, prefix, {}, strict, [], [], [])`` gets a copy of the dict, with
        the same arrays; the module's own names begin with ``prefix``.

        Examples
        --------
        >>> import numpy as np, nn
        >>> layer = nn.Linear(2, 1, bias=False)
        >>> def rename(module, state_dict, prefix, *rest):
        ...     state_dict[prefix + "weight"] = state_dict.pop(prefix + "kernel")
        >>> handle = layer.register_load_state_dict_pre_hook(rename)
        >>> _ = layer.load_state_dict({"kernel": np.ones((1, 2))})
        >>> layer.weight.data
        array([[1., 1.]], dtype=float32)
        """
        return self._add_hook("load pre", hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> Removable:
        """Call ``hook(module, incompatible_keys)`` after a state dict was loaded."""
        return self._add_hook("load post", hook)


def _has_extra(module: Any) -> bool:
    return type(module).get_extra_state is not Stateful.get_extra_state


def _extras(places: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield where in the state dict the extra state of a module stands, and the module."""
    for path, module in places:
        if _has_extra(module):
            yield (f"{path}.{EXTRA}" if path else EXTRA), module


def _collect(
    places: list[tuple[str, Any]], found: MutableMapping[str, Any], keep: bool, hooked: bool = True
) -> None:
    """Put the parameters and buffers of modules into a dict, under their names."""
    for path, module in places:
        dot = f"{path}." if path else ""
        for hook in list(module._hooks.get("state pre", {}).values()) if hooked else ():
            hook(module, dot, keep)
        for name, parameter in module._parameters.items():
            if isinstance(parameter, UninitializedParameter):
                raise OperandError(
                    f"{type(module).__name__}: {dot + name} has no shape yet, so there is no state "
                    "to save or to load into; call the module once with an input.",
                    Location.of_caller(),
                )
            if parameter is not None:
                found[dot + name] = parameter if keep else parameter.data
        for name, value in module._buffers.items():
            if value is not None and name not in module._unsaved:
                found[dot + name] = raw(value) if is_traced(value) else value
        if _has_extra(module):
            found[dot + EXTRA] = module.get_extra_state()
    for path, module in reversed(places) if hooked else ():  # what is inside comes first
        for hook in list(module._hooks.get("state post", {}).values()):
            if hook(module, found, f"{path}." if path else "", {}) is not None:
                raise OperandError(
                    f"{type(module).__name__}: a hook of its state dict returned something; it "
                    "changes the dict in place.",
                    Location.of_caller(),
                )


def _prepared(places: list[tuple[str, Any]], given: dict[str, Any], strict: bool) -> Any:
    """Return a state dict as the hooks leave it."""
    for path, module in places:
        for hook in list(module._hooks.get("load pre", {}).values()):
            hook(module, given, f"{path}." if path else "", {}, strict, [], [], [])
    return given
