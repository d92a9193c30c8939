"""What runs before and after an optimizer's step, and around its state dict."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

_keys = count(1).__next__


class Removable:
    """Takes a hook off again."""

    def __init__(self, table: dict[int, Callable[..., Any]], key: int) -> None:
        self._table, self._key = table, key

    def remove(self) -> None:
        """Remove the hook; doing so twice is harmless."""
        self._table.pop(self._key, None)


class Hooked:
    """The methods of `Optimizer` that register hooks and run them."""

    _hooks: dict[str, dict[int, Callable[..., Any]]]

    def _add_hook(self, kind: str, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        table = self._hooks.setdefault(kind, {})
        key, later = _keys(), list(table.items()) if prepend else []
        if prepend:
            table.clear()
        table[key] = hook
        table.update(later)
        return Removable(table, key)

    def _run_hooks(self, kind: str, *args: Any) -> Any:
        """Call the hooks of a kind; return what the last of them returned that is not None."""
        answer = None
        for hook in list(self._hooks.get(kind, {}).values()):
            found = hook(self, *args)
            answer = answer if found is None else found
        return answer

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Removable:
        """Call ``hook(optimizer, args, kwargs)`` before each step.

        Examples
        --------
        >>> from autograd_core import Tensor
        >>> from optim import SGD
        >>> p = Tensor([1.0], requires_grad=True)
        >>> optimizer = SGD([p], lr=0.5)
        >>> handle = optimizer.register_step_pre_hook(lambda *call: print("a step"))
        >>> optimizer.step()
        a step
        """
        return self._add_hook("step pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> Removable:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self._add_hook("step post", hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Removable:
        """Call ``hook(optimizer)`` before a state dict is made."""
        return self._add_hook("state pre", hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Removable:
        """Call ``hook(optimizer, state_dict)``; what it returns, if not None, is the state dict."""
        return self._add_hook("state post", hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Removable:
        """Call ``hook(optimizer, state_dict)``; what it returns, if not None, is loaded."""
        return self._add_hook("load pre", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Removable:
        """Call ``hook(optimizer)`` after a state was loaded."""
        return self._add_hook("load post", hook, prepend)
