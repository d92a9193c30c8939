"""One recorded run: every operation that is applied to a Recorded value becomes a step.

A run of ``value_and_grad`` on Recorded values goes through the same primitives,
rules and sweep as any other, and every NumPy call in it, of the function and of
the derivative rules alike, becomes a step of a program.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from operator import index
from threading import get_ident
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.compiling.program import Step, Value, example, replaced, same, values_in
from autograd_core.compiling.spelling import STACKED, is_spelled
from autograd_core.compiling.stand_in import Recorded
from autograd_core.compiling.tensors import put_back
from autograd_core.engine.node import Node, users_frame
from autograd_core.engine.outer_products import Visiting
from autograd_core.engine.scopes import _inner
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.modes import BASE, new_level
from autograd_core.operations.primitive import Boxed, Constant, Primitive, like_tuple
from autograd_core.rules.indexing import getitem
from autograd_core.rules.products import flat, matmul

LIMIT = 50_000  # steps of a program
_new = object.__new__
innermost = _inner.get

# What Python asks of shapes and dtypes: the same at every call that this program answers.
_METADATA = frozenset(
    {"shape", "ndim", "size", "result_type", "can_cast", "iscomplexobj", "isrealobj",
     "common_type", "min_scalar_type", "einsum_path"}
)  # fmt: skip
_TEXTS = frozenset({"array_repr", "array_str", "array2string"})
# What Python asks of memory: a program does not see how its arguments lie.
_OF_MEMORY = frozenset({"shares_memory", "may_share_memory"})
# Complaints about shapes; all others may be about numbers.
_SHAPES = re.compile("shape|broadcast|dimension|axis|axes|aligned|size|square")
# Constants whose result's shape follows from the arguments' shapes alone.
_STEADY = frozenset(
    {"zeros_like", "ones_like", "empty_like", "full_like", "all", "any", "argmax", "argmin",
     "argsort", "argpartition", "isneginf", "isposinf", "isclose", "isin", "digitize",
     "searchsorted", "iscomplex", "isreal"}
)  # fmt: skip


class _UndecomposableError(Exception):
    """A kernel that is not plain NumPy; it stays one call."""


class Recorder:
    """One recorded run: the steps so far.

    Attributes
    ----------
    captured : dict
        From the identity of a captured array to the value that stands for it.
    unlike : str
        Where something that stands for an array was not like it; empty if nowhere.
    """

    def __init__(self) -> None:
        self.level = new_level()
        self.captured: dict[int, Value] = {}
        self.unlike = ""
        self._standing: dict[int, Recorded] = {}
        self._thread = get_ident()
        self._ended = False
        self._copies: dict[int, tuple[Any, Any]] = {}
        self.inputs: list[Value] = []
        self.steps: list[Step] = []
        self.backward = False
        self._visited: tuple[Node, Any] | None = None  # the node whose turn it is in a sweep
        self._tensors: dict[int, Value] = {}
        self._inside: list[Primitive] = []  # kernels being taken apart
        self._fixed: set[int] = set()

    def input(self, array: Any, name: str, kind: type | None = None) -> Recorded:
        """Return a value that is given anew at every call."""
        value = Value(array, name=name)
        value.kind = kind
        self.inputs.append(value)
        return self.wrap(value)

    def read(self, tensor: Tensor, name: str = "") -> Value:
        """Return the value of a Tensor whose data are read at every call."""
        value = self._tensors.get(id(tensor))
        if value is None:
            value = self._tensors[id(tensor)] = Value(tensor._held, name=name)
            value.tensor = tensor
            self.inputs.append(value)
        return value

    def wrap(self, value: Value) -> Recorded:
        """Return what stands for a value while the function runs."""
        made = _new(Recorded)
        made._recorder = self
        made._value = value
        made._level = self.level
        return made

    def value_of(self, argument: Any) -> Any:
        """Return the program's value of an argument; constants as they are."""
        if argument.__class__ is slice:  # ends are whole numbers, of whatever class
            ends = (argument.start, argument.stop, argument.step)
            return slice(*(None if end is None else index(end) for end in ends))
        if argument.__class__ is Recorded:
            if argument._recorder is not self:
                raise _foreign()
            return argument._value
        if not isinstance(argument, Boxed):
            return self._constant(argument)
        if (
            isinstance(argument, Tensor)
            and type(argument._held) is Recorded
            and not argument._level
        ):
            return self.value_of(argument._held)  # a captured constant
        if isinstance(argument, Tensor) and argument.is_leaf and argument._level in (0, BASE):
            return self.read(argument)
        raise _foreign()

    def stand_in(self, name: str, array: Any) -> Recorded:
        """Return what stands for a captured array, which the program reads by reference."""
        made = self._standing.get(id(array))
        if made is None:
            value = self.captured[id(array)] = Value(array, name=name)
            value.captured = True
            made = self._standing[id(array)] = self.wrap(value)
        return made

    def end(self) -> None:
        """From now on a value of this run is an error."""
        self._ended = True

    def _constant(self, argument: Any) -> Any:
        """Return a constant as it is now: the function may write into its arrays later."""
        if argument.__class__ is not np.ndarray:
            return argument
        value = self.captured.get(id(argument))
        if value is not None:
            return value
        if not argument.flags.writeable or not argument.flags.forc:
            return argument
        original, copy = self._copies.get(id(argument), (None, None))
        if original is None or not same(argument, copy):
            copy = argument.copy("K")
            self._copies[id(argument)] = argument, copy
        return copy

    def is_at_work(self) -> bool:
        """Whether this thread is recording; not one that met a captured array meanwhile."""
        if self._ended:
            raise errors.UnsupportedError(
                "compile: a value was kept from a recorded run (in a list, a cache, an attribute) "
                "and used after it ended; return it instead (has_aux=True).",
                Location.of_caller(),
            )
        if self._standing and get_ident() != self._thread:
            self.unlike = "another thread used one of its arrays"
            return False
        return True

    def apply(self, operation: Primitive, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute an operation and write it down."""
        if not self.is_at_work():
            return operation.run(
                tuple(replaced(a, _plainly) for a in args),
                {k: replaced(v, _plainly) for k, v in params.items()},
            )
        inner = [replaced(a, self.value_of) for a in args]
        settings = {k: replaced(v, self.value_of) for k, v in params.items()}
        raw = [replaced(a, example) for a in inner]
        if operation is matmul:  # a Tensor's, which goes to BLAS; arrays' own @ comes as `STACKED`
            operation = flat if all(0 < np.ndim(x) < 3 for x in raw) else STACKED
        given = [replaced(a, self._handed) for a in args]
        try:
            made = operation.run(tuple(raw), {k: replaced(v, example) for k, v in settings.items()})
        except Exception as error:
            self._note_error(operation, error, settings)
            raise
        if operation.name in _OF_MEMORY:
            self.unlike = f"it asks {operation.name} of arrays"
        if operation.name in _METADATA and isinstance(operation, Constant):
            return made
        if operation.name in _TEXTS:
            for value in values_in((inner, settings)):
                self.guard(value, "array", np.array(value.example))
            return made
        mark = len(self.steps)
        try:
            return self._taken_apart(operation, inner, given, params, settings, made)
        except Exception:  # whatever a kernel does that is not plain NumPy: it stays one call
            del self.steps[mark:]
        step = Step(operation, inner, settings, *self._place())
        return self._finish(step, made, operation)

    def _taken_apart(
        self,
        operation: Primitive,
        inner: list[Any],
        given: list[Any],
        params: dict[str, Any],
        settings: dict[str, Any],
        made: Any,
    ) -> Any:
        """Write down what an operation is made of; raise whatever stands in the way."""
        if is_spelled(operation) or isinstance(made, tuple) or not _plain(settings):
            raise _UndecomposableError
        return self._decomposed(operation, inner, given, params, made)

    def _note_error(self, operation: Primitive, error: Exception, settings: Any) -> None:
        """Refuse a function that goes on after an error which other numbers would not raise."""
        if isinstance(error, IndexError):
            by_numbers = next(values_in(settings), None) is not None
        else:
            known = isinstance(error, (errors.AutogradError, TypeError, ValueError))
            known = known and not isinstance(error, np.linalg.LinAlgError)
            steady = known and (isinstance(error, TypeError) or _SHAPES.search(str(error)))
            by_numbers = not steady
        if not self._inside and by_numbers:
            self.unlike = (
                f"{operation.name} raises {type(error).__name__} ({error}), which the function "
                "catches; the compiled program has no such branch. Compile what comes before and "
                "after"
            )

    def _handed(self, argument: Any) -> Any:
        """Return an argument for a kernel that is taken apart: not the caller's own object."""
        value = self.value_of(argument)
        live = value.__class__ is Value and not value.captured
        return self.wrap(value) if live else argument

    def _decomposed(
        self,
        operation: Primitive,
        inner: list[Any],
        given: list[Any],
        params: dict[str, Any],
        wanted: Any,
    ) -> Any:
        """Write down what a kernel is made of, if that is NumPy and gives the same bits."""
        if operation in self._inside or isinstance(operation, Constant):
            raise _UndecomposableError
        self._inside.append(operation)
        fixed = {id(v) for v in values_in(inner)} - self._fixed
        self._fixed |= fixed
        try:
            made = operation.forward(*given, **params)
        finally:
            self._inside.pop()
            self._fixed -= fixed
        if made.__class__ is not Recorded or not same(made._value.example, wanted):
            raise _UndecomposableError
        return made

    def _finish(self, step: Step, made: Any, operation: Primitive) -> Any:
        self._add(step)
        if isinstance(made, (tuple, list)):
            step.multiple = True
            known: dict[int, Value] = {}
            for k, part in enumerate(made):
                if part is None:
                    step.results.append(None)
                else:
                    step.results.append(known.setdefault(id(part), Value(part, step, k)))
            parts = [None if v is None else self.wrap(v) for v in step.results]
            self._check_shapes(step, operation)
            return like_tuple(made, parts) if isinstance(made, tuple) else parts
        if not isinstance(made, (np.ndarray, np.generic)):  # a bool of np.allclose
            made = np.asarray(made)[()]
        step.results.append(Value(made, step))
        self._check_shapes(step, operation)
        return self.wrap(step.result)

    def _check_shapes(self, step: Step, operation: Primitive) -> None:
        """Guard the shapes of results whose shapes depend on numbers, not on shapes."""
        if isinstance(operation, Constant):
            doubtful = not isinstance(operation.forward, np.ufunc) and (
                operation.name not in _STEADY
            )
        else:
            mask = any(v.example.dtype.kind == "b" for v in values_in(step.params))
            doubtful = mask and operation is getitem
        if doubtful:
            for value in step.results:
                if value is not None and value.example.ndim:
                    self.guard(value, "shape", value.example.shape)

    def guard(self, value: Value, test: str, expected: Any) -> None:
        """Let the program check that Python would get the same from a value again."""
        if self._inside:
            raise _UndecomposableError
        step = Step(None, [value], {}, *self._place())
        step.test, step.expected = test, expected
        self._add(step)

    def _add(self, step: Step) -> None:
        if len(self.steps) >= LIMIT:
            raise errors.SettingError(
                f"compile: the run has more than {LIMIT} operations; a program that long gains "
                "nothing. Compile one iteration of the loop, or write the loop with whole arrays.",
                step.where,
            )
        self.steps.append(step)

    def _place(self) -> tuple[Location, bool, str]:
        """Return the user's line of what happens now, whether the outer sweep runs, the scope."""
        if self.backward and self._visited is not None:
            node, g = self._visited
            scope = ""
            if g.__class__ is Recorded and node.output.__class__ is Recorded:
                of = g._value.gradient_of = node.output._value
                scope = of.maker.scope if of.maker is not None else ""
            return node.location, True, scope
        frame = users_frame(sys._getframe())
        entry = None if self.backward else innermost()
        scope = entry.kind if entry is not None else ""
        return Location(frame.f_code, frame.f_lasti), self.backward, scope

    @contextmanager
    def following(self) -> Iterator[Visiting]:
        """Note whose turn it is while one sweep runs; afterwards the sweep around it goes on."""
        before = self._visited

        def visiting(node: Node, g: Any) -> None:
            self._visited = node, g

        try:
            yield visiting
        finally:
            self._visited = before

    @contextmanager
    def running(self, tensors: dict[int, Any]) -> Iterator[None]:
        """Let Tensors made outside be the tracked inputs of the run, until it ends."""
        with put_back([t for t, _ in tensors.values()]):
            for tensor, tracked in tensors.values():
                tensor._held, tensor._level = tracked._held, tracked._level
                tensor._node = tracked._node
            yield


def _plainly(argument: Any) -> Any:
    """Return the array of this run for a Recorded value; everything else as it is."""
    return argument.value if argument.__class__ is Recorded else argument


def _plain(settings: dict[str, Any]) -> bool:
    """Whether settings are numbers, texts and arrays: nothing that a kernel could keep."""
    kinds = (int, float, complex, str, slice, np.ndarray, np.generic, np.dtype, type, Value)
    found: list[Any] = []
    replaced(tuple(settings.values()), found.append)
    return all(v is None or v is Ellipsis or isinstance(v, kinds) for v in found)


def _foreign() -> errors.UnsupportedError:
    return errors.UnsupportedError(
        "compile: the function uses a value that is being differentiated outside of it, which a "
        "program cannot read; pass it as an argument, or list the leaf Tensor it was computed from "
        "in parameters=.",
        Location.of_caller(),
    )
