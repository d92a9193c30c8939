"""Recorded: an array that writes down what is done with it.

Where Python takes a value out of the program, to branch on it, a guard is left behind.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.compiling.outside import kind_of
from autograd_core.compiling.program import Value
from autograd_core.compiling.spelling import STACKED
from autograd_core.engine.traced import Traced
from autograd_core.operations import other_libraries
from autograd_core.operations.primitive import Boxed, Constant, Primitive, unwrapped
from autograd_core.rules.shapes import astype_

WRITES = (
    "compile: the function writes into an array that it captured (a layer's running "
    "statistics, in training?), which the compiled program would not do again; return the value "
    "(has_aux=True) and write it outside, or leave this part uncompiled."
)
# Functions that NumPy computes otherwise than the rules compose them, for other bits in the last
# place or another order in memory. Constants get what they get uncompiled: NumPy's own.
_OWN: dict[Any, Constant] = {f: Constant(f) for f in (np.take, np.pad, np.average)}
# Of numbers, these round otherwise than the operators *, ** and abs().
_OWN_OF_NUMBERS: dict[Any, Constant] = {
    f: Constant(f) for f in (np.multiply, np.power, np.absolute)
}


class Recorded(Traced):
    """An array of a run that is being written down; behaves like the array itself."""

    __slots__ = ("_level", "_recorder", "_value")
    _recorder: Any
    _value: Value
    _level: int
    _written = True

    def __getattr__(self, name: str) -> Any:
        recorder = self._recorder  # a kernel that is taken apart may try
        if not recorder._inside and hasattr(self.value, name) and not name.startswith("__"):
            recorder.unlike = f"it reads .{name} of an array"
        raise AttributeError(f"compile: .{name} of a value that is being recorded")

    @property
    def value(self) -> Any:
        """The array in this run."""
        return self._value.example

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        shape: tuple[int, ...] = self._value.example.shape
        return shape

    @property
    def dtype(self) -> Any:
        """Kind of number."""
        return self._value.example.dtype

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self._value.example.size)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """For the function's own code, what it meets uncompiled; also in `match`."""
        theirs = kind_of(sys._getframe(1).f_code.co_filename) in ("own", "installed")
        if theirs and not self._recorder._inside:
            return self._value.stands_for()
        return Recorded

    def __repr__(self) -> str:
        return repr(self._read())

    def __str__(self) -> str:
        return str(self._read())

    def __format__(self, form: str) -> str:
        return format(self._read(), form)

    def _read(self) -> Any:
        """Return the array for a text: the program answers only calls where it is the same."""
        recorder = self._recorder
        if not recorder._ended and not recorder._inside:  # not an error's text, a debugger's
            self._taken("array", np.array(self.value))
        return self.value

    def _below(self) -> Any:
        return self  # differentiation sees an array like any other

    def _constant(self, value: Any) -> Any:
        return value

    def _process(
        self, primitive: Primitive, args: tuple[Any, ...], params: dict[str, Any], level: int
    ) -> Any:
        made = self._recorder.apply(primitive, args, params)
        if primitive.view and made.__class__ is Recorded and args[0].__class__ is Recorded:
            args[0]._note_view(made, primitive, params)
        return made

    def _apply_constant(
        self, constant: Constant, args: tuple[Any, ...], params: dict[str, Any]
    ) -> Any:
        return self._recorder.apply(constant, args, params)

    def _become(self, other: Any) -> None:
        recorder = self._recorder
        if self._value.captured:
            raise errors.UnsupportedError(WRITES, Location.of_caller())
        if self._value.maker is None or id(self._value) in recorder._fixed:
            raise errors.InPlaceError(
                "compile: the function changes one of its arguments in place; "
                "write x = x + y instead of x += y, or x = x.copy() first.",
                Location.of_caller(),
            )
        if isinstance(other, Boxed) and other._level > self._level:
            raise errors.InPlaceError(
                "compile: in-place change of a constant with a value that is differentiated: "
                "write x = x + y instead of x += y, or fill an array made with "
                "autograd_core.numpy.zeros.",
                Location.of_caller(),
            )
        self._value = recorder.value_of(other)

    def detach(self) -> Any:
        """Return the value itself: it carries no derivative of its own."""
        return self

    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: str = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        """As ``ndarray.astype``."""
        if order != "K" or casting != "unsafe":
            return super().astype(dtype, order, casting, subok, copy)
        return self if np.dtype(dtype) == self.dtype and not copy else astype_(self, dtype=dtype)

    # --- what NumPy does itself ---------------------------------------------

    def __matmul__(self, other: Any) -> Any:
        return STACKED(self, other) if _is_array(other) else super().__matmul__(other)

    def __rmatmul__(self, other: Any) -> Any:
        return STACKED(other, self) if _is_array(other) else super().__rmatmul__(other)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method == "__call__" and not keywords and _all_written(inputs):
            if ufunc is np.matmul:
                return STACKED(*inputs)
            own = _OWN_OF_NUMBERS.get(ufunc)
            if own is not None and not any(map(np.ndim, inputs)):
                return self._recorder.apply(own, inputs, {})
        return super().__array_ufunc__(ufunc, method, *inputs, **keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        own = _OWN.get(function)
        if own is not None and keywords.get("out") is None and _all_written((args, keywords)):
            return self._recorder.apply(own, args, keywords)
        return super().__array_function__(function, types, args, keywords)

    # --- where Python takes the value out -----------------------------------

    def _taken(self, test: str, value: Any) -> Any:
        if self._recorder.is_at_work():
            self._recorder.guard(self._value, test, value)
        return value

    def __bool__(self) -> bool:
        return bool(self._taken("bool", bool(self.value)))

    def item(self, *index: Any) -> Any:
        """Return one element; the program answers only calls where it is the same."""
        if index:
            place = index[0] if len(index) == 1 else index
            if not isinstance(place, tuple):
                place = np.unravel_index(range(self.size)[place], self.shape)
            return self[tuple(map(int, place))].item()
        return self._taken("item", self.value.item())

    def __float__(self) -> float:
        return float(self._taken("item", self.value.item()))

    def __int__(self) -> int:
        return int(self._taken("item", self.value.item()))

    def __complex__(self) -> complex:
        return complex(self._taken("item", self.value.item()))

    def tolist(self) -> Any:
        """Return nested lists; the program answers only calls where they are the same."""
        return self._taken("array", np.array(self.value)).tolist()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if other_libraries.declines(self):
            return other_libraries.as_object(self)
        if self.dtype.kind not in "biu":
            raise errors.ConversionError(
                "compile: a value of the program met code that needs the plain array, for instance "
                "array[i] = x, a buffer that a layer updates in training, or another library. "
                "Fill an array made with np.zeros_like(x) or autograd_core.numpy.zeros(shape). "
                "Return it (has_aux=True) and do this outside, or leave this part uncompiled.",
                Location.of_caller(),
            )
        value = self._taken("array", np.array(self.value)).copy()
        return value if dtype is None else value.astype(dtype, copy=False)


def _is_array(value: Any) -> bool:
    return value.__class__ is np.ndarray or value.__class__ is Recorded


def _all_written(pytree: Any) -> bool:
    """Whether no derivative is taken of anything in a pytree."""
    met: list[Boxed] = []
    unwrapped(pytree, met)
    return all(value._written for value in met)
