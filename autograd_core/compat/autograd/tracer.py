"""Boxes, primitives, and traces of a run as nodes of a class of one's own: ``autograd.tracer``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.compat.autograd.boxes import Box, getval, isbox
from autograd_core.compat.autograd.operations import notrace_primitive, primitive
from autograd_core.engine.node import Node as _Recorded
from autograd_core.engine.sweeping import collect
from autograd_core.engine.tensor import Tensor


class Node:
    """What a trace makes for each operation; subclasses define both methods.

    Examples
    --------
    >>> import numpy as np
    >>> class Printed(Node):
    ...     def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
    ...         print(f"{fun.__name__} = {value:.1f}")
    ...     def initialize_root(self):
    ...         print("start")
    >>> value, node = trace(Printed.new_root(), lambda x: np.exp(x) * x, 0.0)
    start
    exp = 1.0
    multiply = 0.0
    """

    def __init__(
        self,
        value: Any,
        fun: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        parent_argnums: tuple[int, ...],
        parents: tuple[Any, ...],
    ) -> None:
        raise NotImplementedError

    def initialize_root(self, *args: Any, **kwargs: Any) -> None:
        """Fill the node of the argument; gets what `new_root` gets."""
        raise NotImplementedError

    @classmethod
    def new_root(cls, *args: Any, **kwargs: Any) -> Any:
        """Return the node of the argument.

        Examples
        --------
        >>> class Root(Node):
        ...     def initialize_root(self, name):
        ...         self.name = name
        >>> Root.new_root("x").name
        'x'
        """
        root = cls.__new__(cls)
        root.initialize_root(*args, **kwargs)
        return root


def trace(start_node: Any, fun: Callable[..., Any], x: Any) -> tuple[Any, Any]:
    """Run a function, and make a node for each operation that leads to its result.

    Parameters
    ----------
    start_node : Node
        Stands for x; its class makes the others, ``(value, function, arguments, settings,
        parent_argnums, parents)``, once the function has run.
    fun : callable
        Of one number or array.
    x : array
        Where to run it.

    Returns
    -------
    value
        The function's value.
    node
        The node of the value; None, with a warning, if it does not depend on x.

    Examples
    --------
    See `Node`.
    """
    if isbox(x) or (not hasattr(x, "dtype") and not isinstance(x, (float, complex))):
        raise errors.OperandError(
            f"trace(): x is a {type(x).__name__}; it must be a number or an array of "
            "floating-point numbers, outside of other transforms.",
            Location.of_caller(),
        )
    start = Tensor(x, requires_grad=True)
    result = fun(start)
    last = result._node if isinstance(result, Tensor) else None
    if last is None:
        warnings.warn("trace(): the result does not depend on the argument.", stacklevel=2)
        return getval(result), None
    made: dict[_Recorded, Any] = {}
    for node in reversed(collect([last])):
        made[node] = start_node if node is start._node else _node(type(start_node), node, made)
    return getval(result), made[last]


def _node(kind: Any, node: _Recorded, made: dict[_Recorded, Any]) -> Any:
    """Return a node of the user's class for one that the engine recorded."""
    inputs = node.inputs or ()
    argnums = tuple(k for k, part in enumerate(inputs) if isinstance(part, _Recorded))
    args = tuple(part.output if isinstance(part, _Recorded) else part for part in inputs)
    operation = node.primitive

    def function(*args: Any, **settings: Any) -> Any:
        return operation(*args, **settings) if operation is not None else None

    function.__name__ = node.name
    parents = tuple(made[inputs[k]] for k in argnums)
    return kind(node.output, function, args, dict(node.params), argnums, parents)


__all__ = ["Box", "Node", "getval", "isbox", "notrace_primitive", "primitive", "trace"]
