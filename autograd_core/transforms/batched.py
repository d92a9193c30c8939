"""Batched values: an array with an extra axis that the code running on it does not see.

Batched is the third kind of traced value; its axis in front is the batch.  Each primitive
knows what to do with that axis (`batchrules`); one that does not is run on each
example by itself, and says so once.

Rules of derivatives run on Batched arrays like on any others, so a sweep with
Batched seeds is a whole Jacobian in one sweep.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.printing import prints_anywhere
from autograd_core.base.source import Location
from autograd_core.engine.fast.operators import OPERATORS
from autograd_core.engine.inplace import lowered
from autograd_core.engine.traced import Traced
from autograd_core.operations.modes import new_level
from autograd_core.operations.nested_sequences import join
from autograd_core.operations.other_libraries import (
    as_object,
    check_caller,
    declines,
)
from autograd_core.operations.primitive import (
    Boxed,
    Constant,
    Primitive,
    innermost_array,
    like_tuple,
)

_new = object.__new__
_ndarray = np.ndarray

# What a rule gets: the batch, the primitive, its arguments (Batched or not), its settings.
Rule = Callable[["Batching", Primitive, Sequence[Any], dict[str, Any]], Any]
# By name: for primitives, and for functions without derivative.  `batchrules` fills them.
RULES: dict[str, Rule] = {}
CONSTANTS: dict[str, Rule] = {}


class LoopWarning(UserWarning):
    """An operation without a batched form was run on one example at a time."""


class TooLargeError(Exception):
    """A batch is too long for its memory; who made it tries again with a shorter one."""


class Batching:
    """One batch: its level and its length.

    Parameters
    ----------
    size : int
        Number of examples.
    limit : int, optional
        Bytes that one batched value may take; beyond, `TooLargeError` is raised.

    Examples
    --------
    >>> import numpy as np
    >>> batch = Batching(3)
    >>> x = batch.wrap(np.arange(6.0).reshape(3, 2))
    >>> x.shape, (x * x).value.shape
    ((2,), (3, 2))
    """

    __slots__ = ("given", "level", "limit", "size")

    def __init__(self, size: int, limit: int | None = None) -> None:
        self.size = size
        self.limit = limit
        self.given: list[tuple[Batched, Any]] = []  # arguments; an example of the caller's array
        self.level = new_level()

    def wrap(self, value: Any) -> Batched:
        """Return an array whose first axis is the batch."""
        if self.limit is not None and getattr(value, "nbytes", 0) > self.limit:
            raise TooLargeError
        made = _new(Batched)
        made.value = value
        made._batch = self
        made._level = self.level
        return made

    def enter(self, value: Any) -> Batched:
        """Return an argument: its examples one after another in memory, as results have them."""
        made = self.wrap(value)
        array = innermost_array(value)
        if isinstance(array, _ndarray) and array.size:
            batches = array.ndim - made.ndim
            self.given.append((made, array[(0,) * batches + (...,)]))
            steps = [abs(s) for s in array.strides]
            if made.ndim > 1 and min(steps[:batches]) < max(steps[batches:]):
                first = value.ndim - made.ndim
                own = sorted(range(made.ndim), key=lambda k: -steps[batches + k])
                order = [*range(first), *(first + k for k in own)]
                made.value = np.transpose(np.transpose(value, order).copy(), np.argsort(order))
        return made

    def holds(self, value: Any) -> bool:
        """Whether a value has this batch's axis."""
        return isinstance(value, Batched) and value._batch is self

    def spread(self, value: Any) -> Any:
        """Return a value with the batch axis in front; repeated without copying if it had none."""
        if self.holds(value):
            return value.value
        return np.broadcast_to(value, (self.size, *np.shape(value)))

    def aligned(self, values: Sequence[Any]) -> list[Any]:
        """Return values that broadcast against each other behind the batch axis.

        Lists become arrays first: their axes count, too.
        """
        values = [join(v) if v.__class__ is list or v.__class__ is tuple else v for v in values]
        ranks = [getattr(v, "ndim", 0) for v in values]
        highest = max(ranks)
        made = []
        for v, ndim in zip(values, ranks, strict=True):
            if v.__class__ is not Batched or v._batch is not self:
                made.append(v)
            elif ndim == highest:
                made.append(v.value)
            else:
                made.append(v.value.reshape((self.size, *(1,) * (highest - ndim), *v.shape)))
        return made

    def example(self, value: Any, k: int) -> Any:
        """Return one example of a value, or of the Batched values inside a tuple."""
        if self.holds(value):
            return value.value[k]
        if isinstance(value, tuple):
            return like_tuple(value, [self.example(part, k) for part in value])
        return value

    def loop(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Run a primitive on each example by itself."""
        _say_once(primitive.name)
        if not self.size:
            raise errors.ShapeError(
                f"{primitive.name}: no batched form, and the batch is empty, so that the result's "
                "shape is unknown.",
                Location.of_caller(),
            )
        results = [
            primitive(
                *(self.example(a, k) for a in args),
                **{name: self.example(v, k) for name, v in params.items()},
            )
            for k in range(self.size)
        ]
        if isinstance(results[0], tuple):
            parts = [self.wrap(np.stack(column)) for column in zip(*results, strict=True)]
            kind = type(results[0])
            return tuple(parts) if kind is tuple else kind(*parts)
        return self.wrap(np.stack(results))


_said: set[str] = set()


def _say_once(name: str) -> None:
    if name not in _said:
        _said.add(name)
        warnings.warn(
            f"vmap: {name} has no batched form, so it runs on one example at a time.",
            LoopWarning,
            stacklevel=2,
        )


class Batched(Traced):
    """An array with a batch axis in front that the code running on it does not see.

    Attributes
    ----------
    value : array
        The whole batch, of shape ``(size, *shape)``.
    """

    __slots__ = ("_batch", "_level", "value")
    value: Any
    _batch: Batching
    _level: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        shape: tuple[int, ...] = self.value.shape[1:]
        return shape

    @property
    def ndim(self) -> int:
        """Number of axes of one example."""
        return int(self.value.ndim) - 1

    @property
    def dtype(self) -> Any:
        """Kind of number."""
        return self.value.dtype

    @property
    def size(self) -> int:
        """Number of elements of one example."""
        return math.prod(self.shape)

    @prints_anywhere
    def __repr__(self) -> str:
        return f"Batched({self.shape} × {self._batch.size}: {self.value!r})"

    def _below(self) -> Any:
        return self  # differentiation sees an array like any other

    def _constant(self, value: Any) -> Any:
        return value

    def _example(self) -> Any:
        """Return the caller's example of an argument, for how it lies in memory; or None."""
        return next((example for made, example in self._batch.given if made is self), None)

    def detach(self) -> Any:
        """Return the values without their derivative."""
        value = self.value.detach() if isinstance(self.value, Traced) else self.value
        return self._batch.wrap(value)

    def _become(self, other: Any) -> None:
        other = lowered(other, self._level)
        if isinstance(other, Boxed) and other._level > self._level:
            raise errors.InPlaceError(
                "in-place change of a batched value with a value of a younger trace: "
                "write x = x + y instead of x += y; or fill an array of the younger trace's own, "
                "made in its function with np.zeros_like or autograd_core.numpy.zeros.",
                Location.of_caller(),
            )
        self.value = self._batch.spread(other)

    def _process(
        self, primitive: Primitive, args: tuple[Any, ...], params: dict[str, Any], level: int
    ) -> Any:
        batch = self._batch
        rule = RULES.get(primitive.name) if primitive.own else None
        if rule is None and primitive.category == "elementwise":
            rule = elementwise_rule
        try:
            made = NotImplemented if rule is None else rule(batch, primitive, args, params)
            if made is NotImplemented:
                made = batch.loop(primitive, args, params)
        except Exception as error:
            raise primitive.failure(error, args) from error
        if primitive.view and made.__class__ is Batched:
            self._note_view(made, primitive, params)
        return made

    def _apply_constant(
        self, constant: Constant, args: Sequence[Any], params: dict[str, Any]
    ) -> Any:
        return constant_rule(self._batch, constant, args, params)

    def _no_control(self, what: str) -> errors.ConversionError:
        return errors.ConversionError(
            f"{what} of a batched value: under vmap it differs from example to example, so Python "
            "cannot branch on it or take it out; use np.where(condition, a, b), or leave this "
            "part out of vmap. To write it into an array, make the array with np.zeros_like(x) or "
            "autograd_core.numpy.zeros(shape).",
            Location.of_caller(),
        )

    def __bool__(self) -> bool:
        raise self._no_control("bool()")

    def __float__(self) -> float:
        raise self._no_control("float()")

    def __int__(self) -> int:
        raise self._no_control("int()")

    def __index__(self) -> int:
        raise self._no_control("index")

    def __complex__(self) -> complex:
        raise self._no_control("complex()")

    def item(self) -> Any:
        """Refuse: the value differs from example to example."""
        raise self._no_control("item()")

    def tolist(self) -> Any:
        """Refuse: the values differ from example to example."""
        raise self._no_control("tolist()")

    def astype(self, dtype: Any, *more: Any, **keywords: Any) -> Any:
        """Cast; a cast to integers or booleans gives a constant, batched too."""
        if np.dtype(dtype).kind in "fc":
            return super().astype(dtype, *more, **keywords)
        return self._batch.wrap(self.value.astype(dtype, *more, **keywords))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if declines(self):
            return as_object(self)
        check_caller()
        raise errors.ConversionError(
            "a batched value met a plain array that cannot hold it, for instance in table[ids] or "
            "array[i] = x under vmap; write Tensor(table)[ids]. To fill an array, make it with "
            "np.zeros_like(x) or autograd_core.numpy.zeros(shape). To join values, write "
            "`import autograd_core.numpy as np`, whose functions look into lists, or np.stack.",
            Location.of_caller(),
        )


def _binary(
    primitive: Primitive, reflected: bool, clear: Callable[..., Any]
) -> Callable[[Batched, Any], Any]:
    """Return an operator method: the arrays themselves where they broadcast as they are."""
    forward = primitive.forward

    def method(self: Batched, other: Any) -> Any:
        value, operand = self.value, other
        if other.__class__ is Batched and other._batch is self._batch:
            operand = other.value
            plain = operand.__class__ is _ndarray and operand.ndim == value.ndim
        elif other.__class__ is _ndarray:
            plain = other.ndim < value.ndim and not other.dtype.hasobject
        else:
            plain = other.__class__ is float or other.__class__ is int
        first, second = (operand, value) if reflected else (value, operand)
        if not plain or value.__class__ is not _ndarray:
            return clear(self, other)
        try:
            made = forward(first, second)
        except Exception as error:
            raise primitive.failure(error, (other, self) if reflected else (self, other)) from error
        return self._batch.wrap(made)

    return method


for _name in ("add", "sub", "mul", "truediv"):
    _operation = OPERATORS[_name]
    setattr(Batched, f"__{_name}__", _binary(_operation, False, getattr(Traced, f"__{_name}__")))
    setattr(Batched, f"__r{_name}__", _binary(_operation, True, getattr(Traced, f"__r{_name}__")))


def elementwise_rule(
    batch: Batching, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]
) -> Any:
    """Batch an operation on each element: broadcasting does it."""
    if len(args) == 1 and not primitive.multiple:
        return batch.wrap(primitive(args[0].value, **params))
    made = primitive(*batch.aligned(args), **params)
    if primitive.multiple:
        return tuple(batch.wrap(part) for part in made)
    return batch.wrap(made)


def stacked_rule(
    batch: Batching, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]
) -> Any:
    """Batch an operation on the last axes that takes stacks, as numpy.linalg does."""
    made = primitive(args[0].value, **params)
    if isinstance(made, tuple):
        parts = [batch.wrap(part) for part in made]
        return tuple(parts) if type(made) is tuple else type(made)(*parts)
    return batch.wrap(made)


def constant_rule(
    batch: Batching, constant: Constant, args: Sequence[Any], params: dict[str, Any]
) -> Any:
    """Apply a function without derivative, such as a comparison, to batched values."""
    rule = CONSTANTS.get(constant.name)
    if rule is None and isinstance(constant.forward, np.ufunc):
        rule = elementwise_rule
    made = NotImplemented if rule is None else rule(batch, constant, args, params)
    return batch.loop(constant, args, params) if made is NotImplemented else made
