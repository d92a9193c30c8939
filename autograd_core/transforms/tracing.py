"""A run of the user's function with tracked inputs, which every transform starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.engine import trace_borders
from autograd_core.engine.backward import unshared
from autograd_core.engine.node import Node
from autograd_core.engine.pushing import push
from autograd_core.engine.sweeping import sweep
from autograd_core.engine.tensor import Tensor, leaf
from autograd_core.engine.traced import as_inexact
from autograd_core.operations.primitive import Boxed

Function = Callable[..., Any]


def inexact_leaf(value: Any, operation: str) -> Any:
    """Return a differentiable leaf; Python integers are refused like integer arrays."""
    if isinstance(value, Tensor) and not value._level:
        value = value._held
    if isinstance(value, (bool, int)):
        value = np.asarray(value)
    return as_inexact(value, operation)


def shielded(value: Any) -> Any:
    """Return an array that f cannot write into: the caller's stays as it is."""
    if value.__class__ is np.ndarray and value.flags.writeable:
        value = value.view()
        value.flags.writeable = False
    return value


def as_given(value: Any, given: Any) -> Any:
    """Return a derivative in the kind of the argument it belongs to."""
    if isinstance(value, Boxed):
        return value
    if isinstance(given, Tensor):
        return given._constant(value)
    if type(given) is float:
        return float(value)
    return value


def as_of(level: int, result: Any) -> Any:
    """Return a result with its leaves as values of a trace: younger tapes that f made end here."""
    if isinstance(result, Boxed) and result._level <= level:
        return result

    def lowered(value: Any) -> Any:
        while isinstance(value, Boxed) and value._level > level:
            value = value._below()
        return value

    return tree.map_leaves(lowered, result)


class Trace:
    """A run of f with tracked inputs: the leaves, the outputs, the recorded nodes between."""

    def __init__(
        self, f: Function, args: Sequence[Any], operation: str, checked: bool = True
    ) -> None:
        self.checked = checked  # the engine's own functions may run in a trace's later sweeps
        self.given = tree.leaves(tuple(args))
        self.level = trace_borders.users_level()
        tracked = [leaf(shielded(inexact_leaf(v, operation)), self.level) for v in self.given]
        self.inputs: list[Node] = [t._node for t in tracked]  # type: ignore[misc]
        self.structure = structure = tuple(args)
        self.operation = operation
        with trace_borders.trace(self.level):
            self.result = as_of(self.level, f(*tree.like(structure, tracked)))
        if checked:
            trace_borders.check_result(self.result, self.level, operation)

    def below(self, value: Any) -> Any:
        """Return an output as the caller sees it: without this trace."""
        if isinstance(value, Tensor):
            if value._level == self.level:
                return value._held
            if not value._level and not any(isinstance(g, Boxed) for g in self.given):
                return value._held
        return value

    def found(self, outputs: Sequence[Any], seeds: Sequence[Any], retain: bool = True) -> list[Any]:
        """Return the gradient of every input; None for one that the outputs do not depend on."""
        nodes: list[Any] = []
        starts = []
        for out, seed in zip(outputs, seeds, strict=True):
            if isinstance(out, Tensor) and out._level == self.level and seed is not None:
                nodes.append(out._node)
                starts.append(seed)
        with trace_borders.trace(self.level, of_user=False):  # rules may close over its values
            wanted = set(self.inputs)
            swept = sweep(nodes, starts, wanted, retain=retain, all_lead=True)
        found = unshared(swept, conjugate=False)
        return self.alive([found.get(n) for n in self.inputs])

    def pushed(self, order: Sequence[Node], seeds: dict[Node, Any], nodes: Any) -> list[Any]:
        """Return the tangent of every node; None for one that nothing reaches."""
        with trace_borders.trace(self.level):  # rules may close over its values
            tangents = push(order, seeds, nodes)
        return self.alive(tangents)

    def alive(self, values: list[Any]) -> list[Any]:
        """Return seeds and derivatives; an error for one whose trace has ended."""
        return [trace_borders.alive(v, self.operation) for v in values] if self.checked else values

    def pull(self, outputs: Sequence[Any], seeds: Sequence[Any], retain: bool = True) -> list[Any]:
        """Return the gradient of every input, in the kind of the argument."""
        found = self.found(outputs, seeds, retain)
        return [
            as_given(np.zeros_like(n.output) if g is None else g, given)
            for n, g, given in zip(self.inputs, found, self.given, strict=True)
        ]


def split_aux(result: Any, has_aux: bool, operation: str) -> tuple[Any, Any]:
    """Return what a function returned as (output, auxiliary)."""
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise errors.OperandError(
            f"{operation}(has_aux=True): the function must return (output, auxiliary).",
            Location.of_caller(),
        )
    return result


def partial(f: Function, args: tuple[Any, ...], chosen: tuple[int, ...], keywords: Any) -> Function:
    """Return f as a function of the chosen arguments only."""

    def of_chosen(*values: Any) -> Any:
        full = list(args)
        for k, value in zip(chosen, values, strict=True):
            full[k] = value
        return f(*full, **keywords)

    return of_chosen
