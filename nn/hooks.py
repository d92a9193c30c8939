"""What runs before and after a module's forward, and in the sweep through it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import count
from typing import Any

from autograd_core import SeedError, Tensor, UnsupportedError, primitive
from autograd_core.extend import Location, is_of_the_call, refusal, tree

from .values import is_tracked

_keys = count(1).__next__


class Removable:
    """Takes a hook off again."""

    def __init__(self, hooks: dict[str, dict[int, Any]], kind: str, key: int) -> None:
        self._hooks, self._kind, self._key = hooks, kind, key

    def remove(self) -> None:
        """Remove the hook; doing so twice is harmless."""
        table = self._hooks.get(self._kind, {})
        table.pop(self._key, None)
        if not table:
            self._hooks.pop(self._kind, None)  # the module's call takes the short way again

    def __enter__(self) -> Removable:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def _run_backward_hooks(g: Any, y: Any, *xs: Any, call: _Call) -> tuple[Any, ...]:
    return call.input_gradient(tuple(g))


# The identity on a module's inputs: its rule is where the sweep leaves the module.
_module_input = primitive(
    lambda *xs, call: tuple(xs),
    vjp=_run_backward_hooks,
    jvp=lambda ts, y, *xs, call: tuple(ts),
    name="module input",
    multiple=True,
    category="shape",
)
_module_output = primitive(
    lambda *ys, call: tuple(ys),
    vjp=lambda g, y, *ys, call: call.output_gradient(tuple(g)),
    jvp=lambda ts, y, *ys, call: tuple(ts),
    name="module output",
    multiple=True,
    category="shape",
)


def _note(g: Any, y: Any, x: Any, *, call: _Call, place: int) -> Any:
    call.arrived.add(place)
    return g


# The identity on one output: the sweep gives zeros for outputs that nothing came back to, and
# the hooks shall see None.
_one_output = primitive(
    lambda x, call, place: x,
    vjp=_note,
    jvp=lambda ts, y, x, *, call, place: ts[0],
    name="module output",
    category="shape",
)


class _Call:
    """One call of a module with backward hooks: keeps the output's gradient for the hook."""

    def __init__(self, module: Any, places: list[int], count: int) -> None:
        self.module, self.places, self.count = module, places, count
        self.grad_output: tuple[Any, ...] = ()
        self.structure: Any = None  # the output's pytree, numbered
        self.tracked: list[int] = []  # which of the numbers carry a derivative
        self.arrived: set[int] = set()  # and which of them a gradient came back to

    def watch(self, output: Any) -> Any:
        """Return the output, whose gradient will be kept."""
        parts = tree.leaves(output)
        self.structure = tree.like(output, range(len(parts)))
        self.tracked = [k for k, part in enumerate(parts) if is_tracked(part)]
        if not self.tracked:
            return output
        watched = _module_output(*(parts[k] for k in self.tracked), call=self)
        for k, part in zip(self.tracked, watched, strict=True):
            parts[k] = _one_output(part, call=self, place=k)
        return tree.like(output, parts)

    def output_gradient(self, g: tuple[Any, ...]) -> tuple[Any, ...]:
        found = {k: a for k, a in zip(self.tracked, g, strict=True) if k in self.arrived}
        self.arrived.clear()
        whole = self.structure if isinstance(self.structure, (tuple, list)) else (self.structure,)
        self.grad_output = tuple(_gradients(entry, found) for entry in whole)
        for hook in list(self.module._hooks.get("backward pre", {}).values()):
            answer = hook(self.module, self.grad_output)
            if answer is not None:
                g = self._replaced(g, answer, whole)
        if not self.places:  # no input needs a gradient, so nothing else calls the hooks
            self._ask((None,) * self.count)
        return g

    def _replaced(self, g: tuple[Any, ...], answer: Any, whole: Any) -> tuple[Any, ...]:
        """Return the gradients that a hook wants to go on with."""
        answer = answer if isinstance(answer, tuple) else (answer,)
        if len(answer) != len(whole) or any(not isinstance(k, int) for k in whole):
            raise SeedError(
                f"backward pre-hook of {type(self.module).__name__}: it returned {len(answer)} "
                f"gradients for {len(whole)} outputs; gradients of nested outputs cannot be "
                "replaced.",
                Location.of_caller(),
            )
        self.grad_output = answer
        return tuple(
            old if answer[k] is None else _plain(answer[k])
            for k, old in zip(self.tracked, g, strict=True)
        )

    def input_gradient(self, g: tuple[Any, ...]) -> tuple[Any, ...]:
        full: list[Any] = [None] * self.count
        for place, part in zip(self.places, g, strict=True):
            full[place] = part
        answer = self._ask(tuple(full))
        return tuple(answer[place] for place in self.places)

    def _ask(self, grad_input: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in list(self.module._hooks.get("backward", {}).values()):
            shown = tuple(None if g is None else _shown(g) for g in grad_input)
            answer = hook(self.module, shown, self.grad_output)
            if answer is not None:
                answer = answer if isinstance(answer, tuple) else (answer,)
                if len(answer) != len(grad_input):
                    raise SeedError(
                        f"backward hook of {type(self.module).__name__}: it returned "
                        f"{len(answer)} gradients for {len(grad_input)} inputs.",
                        Location.of_caller(),
                    )
                grad_input = tuple(map(_plain, answer))
        return grad_input


def _gradients(entry: Any, found: dict[int, Any]) -> Any:
    """Return the gradients of one output, nested as it is; None where nothing came back."""
    given = [found.get(k) for k in tree.leaves(entry)]
    if all(g is None for g in given):
        return None
    return tree.like(entry, [None if g is None else _shown(g) for g in given])


def _plain(a: Any) -> Any:
    return a.data if isinstance(a, Tensor) and not a.requires_grad else a


def _shown(g: Any) -> Any:
    return g if isinstance(g, Tensor) else Tensor(g)


def wrong_call(module: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Exception:
    """Return the error for arguments that a module's `forward` does not take."""
    parameters = list(inspect.signature(module.forward).parameters.values())
    return refusal(type(module).__name__, parameters, args, keywords)


def run_with_hooks(module: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Call a module that has hooks."""
    for hook in list(module._hooks.get("pre", {}).values()):
        if isinstance(hook, WithKeywords):
            answer = hook.function(module, args, keywords)
            if answer is not None:
                args, keywords = answer
            continue
        answer = hook(module, args)
        if answer is not None:
            args = answer if isinstance(answer, tuple) else (answer,)
    call = None
    if "backward" in module._hooks or "backward pre" in module._hooks:
        places = [k for k, a in enumerate(args) if is_tracked(a)]
        call = _Call(module, places, len(args))
        if places:
            entered = list(args)
            for place, value in zip(
                places, _module_input(*(args[k] for k in places), call=call), strict=True
            ):
                entered[place] = value
            args = tuple(entered)
    try:
        output = module.forward(*args, **keywords)
    except TypeError as error:
        if is_of_the_call(error):
            raise wrong_call(module, args, keywords) from None
        raise
    for hook in list(module._hooks.get("post", {}).values()):
        if isinstance(hook, WithKeywords):
            answer = hook.function(module, args, keywords, output)
        else:
            answer = hook(module, args, output)
        if answer is not None:
            output = answer
    # backward hooks see the module as it is used: with what its forward hooks make of the output
    return output if call is None else call.watch(output)


class WithKeywords:
    """A hook that sees the keywords of the call too."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function


class Hooked:
    """The methods of `Module` that register hooks of its call."""

    _hooks: dict[str, dict[int, Any]]

    def _add_hook(
        self, kind: str, hook: Callable[..., Any], prepend: bool = False, keywords: bool = False
    ) -> Removable:
        table = self._hooks.setdefault(kind, {})
        key, made = _keys(), WithKeywords(hook) if keywords else hook
        later = list(table.items()) if prepend else []
        if prepend:
            table.clear()
        table[key] = made
        table.update(later)
        return Removable(self._hooks, kind, key)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Removable:
        """Call ``hook(module, args)`` before forward; what it returns replaces the arguments.

        Parameters
        ----------
        hook : callable
            ``hook(module, args, keywords)`` if `with_kwargs`, returning both or None.
        prepend : bool
            Whether it comes before the hooks that are there.
        with_kwargs : bool
            Whether it gets the keywords.
        """
        return self._add_hook("pre", hook, prepend, with_kwargs)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> Removable:
        """Call ``hook(module, args, output)`` after forward; what it returns replaces the output.

        Parameters
        ----------
        hook : callable
            ``hook(module, args, keywords, output)`` if `with_kwargs`.
        prepend : bool
            Whether it comes before the hooks that are there.
        with_kwargs : bool
            Whether it gets the keywords.
        always_call : bool
            Must be False: a hook is not called where `forward` fails.

        Examples
        --------
        >>> import nn
        >>> relu = nn.ReLU()
        >>> handle = relu.register_forward_hook(lambda module, args, output: output * 10)
        >>> float(relu(2.0))
        20.0
        >>> handle.remove()
        >>> float(relu(2.0))
        2.0
        """
        if always_call:
            raise UnsupportedError(
                "register_forward_hook: always_call=True is not supported; a hook is called only "
                "where forward ends without an error.",
                Location.of_caller(),
            )
        return self._add_hook("post", hook, prepend, with_kwargs)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Removable:
        """Call ``hook(module, grad_input, grad_output)`` in the sweep.

        Both are tuples with one entry for each positional argument and each
        output, None where no gradient came back; the entry of an output that is a
        pytree (an LSTM's ``(h, c)``) is nested alike.  The output is what the forward
        hooks leave.  What the hook returns, if not None, replaces ``grad_input``.
        """
        return self._add_hook("backward", hook, prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Removable:
        """Call ``hook(module, grad_output)`` where the sweep enters the module.

        What the hook returns, if not None, replaces ``grad_output``: one gradient for each
        output, or a single one.

        Examples
        --------
        >>> import numpy as np, nn
        >>> from autograd_core import Tensor
        >>> tanh, x = nn.Tanh(), Tensor([0.0], requires_grad=True)
        >>> handle = tanh.register_full_backward_pre_hook(lambda module, g: (g[0] * 3,))
        >>> np.sum(tanh(x)).backward()
        >>> x.grad
        Tensor([3.])
        """
        return self._add_hook("backward pre", hook, prepend)
