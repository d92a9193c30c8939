"""A recorded run as a program: values, and the steps that make them, in order.

Every step is one application of a primitive.  Values are never written into,
so that a step can be dropped, shared or replaced without looking at the others;
which of them share memory is decided afterwards (`memory`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from autograd_core.base.source import Location
from autograd_core.operations.primitive import Primitive, like_tuple


class Value:
    """One value of a program.

    Attributes
    ----------
    example : array
        What it was in the recorded run.
    maker : Step or None
        The step that computes it; None for an input.
    part : int or None
        Its place in the maker's results, if there are several.
    tensor : Tensor or None
        For an input: the Tensor whose data are read at every call.
    captured : bool
        Whether it is an array from outside that the program reads by reference.
    name : str
        For an input, how the user calls it.
    kind : type or None
        For an input: the class of what the caller gave, if it was not an array.
    gradient_of : Value or None
        The value that this is the complete gradient of.
    """

    __slots__ = ("captured", "example", "gradient_of", "kind", "maker", "name", "part", "tensor")

    def __init__(
        self, example: Any, maker: Step | None = None, part: int | None = None, name: str = ""
    ) -> None:
        self.example = example
        self.maker = maker
        self.part = part
        self.name = name
        self.tensor: Any = None
        self.captured = False
        self.kind: type | None = None
        self.gradient_of: Value | None = None

    def stands_for(self) -> type:
        """Return the class that the function meets in its place uncompiled."""
        return self.kind or type(self.example)


class Step:
    """One operation of a program, or one guard.

    Attributes
    ----------
    operation : Primitive or None
        None for a guard.
    args : list
        Values and constants.
    params : dict
        Settings; Values may stand in them, also inside of tuples and lists.
    results : list of Value
        What it makes; None for a part that is not an array.
    multiple : bool
        Whether the operation returns a tuple.
    expected : object
        For a guard: what Python got when the run was recorded.
    test : str
        For a guard: "bool", "shape" or "item".
    where : Location
        The user's line.
    backward : bool
        Whether it belongs to the backward pass.
    scope : str
        The kind of the module that was running, if one was.
    """

    __slots__ = (
        "args",
        "backward",
        "expected",
        "multiple",
        "operation",
        "params",
        "results",
        "scope",
        "test",
        "where",
    )

    def __init__(
        self,
        operation: Primitive | None,
        args: list[Any],
        params: dict[str, Any],
        where: Location,
        backward: bool,
        scope: str,
    ) -> None:
        self.operation = operation
        self.args = args
        self.params = params
        self.results: list[Value | None] = []
        self.multiple = False
        self.expected: Any = None
        self.test = ""
        self.where = where
        self.backward = backward
        self.scope = scope

    @property
    def result(self) -> Value:
        """The one value that it makes."""
        found = self.results[0]
        assert found is not None
        return found

    def uses(self) -> Iterator[Value]:
        """Yield the values it reads, as often as it reads them."""
        yield from values_in(self.args)
        yield from values_in(self.params)


class Program:
    """A recorded run.

    Attributes
    ----------
    inputs : list of Value
        The arguments' arrays, in order, then the Tensors that are read live.
    captured : list of Value
        Arrays from outside that are read by reference.
    steps : list of Step
        In the order of the run.
    outputs : list
        Values and constants: the function's value, its auxiliary results, the gradients.
    """

    def __init__(
        self,
        inputs: list[Value],
        steps: list[Step],
        outputs: list[Any],
        captured: Iterable[Value] = (),
    ) -> None:
        self.inputs = inputs
        self.captured = list(captured)
        self.steps = steps
        self.outputs = outputs


def values_in(nest: Any) -> Iterator[Value]:
    """Yield the values inside of tuples, lists, dictionaries and slices."""
    kind = nest.__class__
    if kind is Value:
        yield nest
    elif isinstance(nest, (tuple, list)):
        for part in nest:
            yield from values_in(part)
    elif kind is dict:
        for part in nest.values():
            yield from values_in(part)


def replaced(nest: Any, function: Callable[[Any], Any]) -> Any:
    """Return a nest with a function applied to everything that is no tuple, list or dict."""
    if isinstance(nest, tuple):
        return like_tuple(nest, [replaced(part, function) for part in nest])
    if nest.__class__ is list:
        return [replaced(part, function) for part in nest]
    if nest.__class__ is dict:
        return {key: replaced(part, function) for key, part in nest.items()}
    return function(nest)


def example(argument: Any) -> Any:
    """Return what an argument was in the recorded run."""
    return argument.example if argument.__class__ is Value else argument


def same(first: Any, second: Any) -> bool:
    """Whether two results are the same kind of value, bit for bit (NaN equals NaN)."""
    if first.__class__ is not second.__class__ or not isinstance(first, (np.ndarray, np.generic)):
        return False
    return (
        first.dtype == second.dtype
        and first.shape == second.shape
        and np.array_equal(first, second, equal_nan=first.dtype.kind in "fc")
    )
