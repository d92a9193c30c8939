"""Operators and functions of one Tensor, spelt out; their twin is `Primitive.__call__`.

The usual case: operands are Tensors of one trace that hold arrays that are not large (or one is a
plain number or array), and nothing is switched off.  These functions then do what the dispatch,
`Tensor._process` and `record` do, in one piece, at about half the price; everything else goes
the general way.  Both end with the same fifteen lines: a function for them would cost a scalar
operation 5 %.  Measured in benchmarks/small_ops.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import numpy as np

from autograd_core.engine.forgetting import LARGE
from autograd_core.engine.node import NO_PARAMS, Node, ticks, users_frame
from autograd_core.operations.boxed import NOT_NUMBERS
from autograd_core.operations.modes import BASE, DEFAULT, current
from autograd_core.operations.other_libraries import OwnArithmeticError, own_operator
from autograd_core.operations.primitive import REGISTRY, Primitive
from autograd_core.rules import elementwise, products, reductions

_new = object.__new__
_mode = current
_getframe = sys._getframe
_ndarray = np.ndarray
_double = np.dtype(float)
_PLAIN = frozenset({float, int, np.ndarray, np.float64, np.float32})
_RAW = frozenset({np.ndarray, np.float64, np.float32})  # what a trace holds that is not nested

_last_code: CodeType | None = None  # the user's code seen last: usually it is the next too


def _remembered(frame: FrameType) -> FrameType:
    """Return the user's frame, and remember its code."""
    global _last_code
    frame = users_frame(frame)
    _last_code = frame.f_code
    return frame


def _is_plain_constant(x: Any) -> bool:
    """Whether a Tensor is no more to an operation than the array that it holds."""
    return not x._level and not getattr(x, "_cuts", ()) and not x._held.dtype.hasobject


def _general(primitive: Primitive, reflected: bool) -> Callable[[Any, Any], Any]:
    """Return an operator that goes the whole way through the dispatch."""

    def method(self: Any, other: Any) -> Any:
        try:
            return primitive(other, self) if reflected else primitive(self, other)
        except OwnArithmeticError:
            first, second = (other, self) if reflected else (self, other)
            return own_operator(primitive.name, first, second)

    return method


def binary(
    kind: type[Any], primitive: Primitive, reflected: bool = False
) -> Callable[[Any, Any], Any]:
    """Return an operator method of a kind of Tensor; reflected: ``other + self``.

    Its twin is ``primitive(self, other)``.
    """
    forward = primitive.forward
    general = _general(primitive, reflected)

    def method(self: Any, other: Any) -> Any:
        level = self._level
        mine = self._held
        first: Any = self._node
        if other.__class__ is kind or isinstance(other, kind):
            value: Any = other._held
            second: Any = other._node
            if other._level == level:
                if level != BASE and not (
                    level and mine.__class__ in _RAW and value.__class__ in _RAW
                ):
                    return general(self, other)
            elif other._level == BASE and _is_plain_constant(self):
                level, first = BASE, mine
            elif level == BASE and _is_plain_constant(other):
                second = value
            else:
                return general(self, other)
        elif other.__class__ in _PLAIN and (level == BASE or (level and mine.__class__ in _RAW)):
            if other.__class__ is _ndarray and (
                other.dtype is not _double and other.dtype.kind in NOT_NUMBERS
            ):
                return general(self, other)  # which refuses it
            value = second = other
        else:
            return general(self, other)
        if mine.__class__ is _ndarray:
            if mine.size >= LARGE:
                return general(self, other)
        elif value.__class__ is _ndarray and value.size >= LARGE:
            return general(self, other)
        if _mode() is not DEFAULT:
            return general(self, other)
        if reflected:  # from here on as the user wrote it
            mine, value = value, mine
            first, second = second, first
        try:
            out = forward(mine, value)
        except Exception as error:
            raise primitive.failure(error, (mine, value)) from error
        node = Node()
        node.primitive = primitive
        node.inputs = (first, second)
        node.params = NO_PARAMS
        node.output = out
        node.tick = next(ticks)
        node.level = level
        frame = _getframe(1)
        code = frame.f_code
        if code is not _last_code:
            frame = _remembered(frame)
            code = frame.f_code
        node.code = code
        node.lasti = frame.f_lasti
        node.watch = None
        made = _new(kind)
        made._held = out
        made._node = node
        made._level = level
        return made

    return method


def unary(
    kind: type[Any], general: Callable[..., Any], function: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """Return ``__array_ufunc__`` of a kind of Tensor, with a short way for ufuncs of one Tensor.

    The operators' ufuncs of a Tensor and a plain operand, as in ``array @ x``, go their ways.
    With a function, return the method that applies it: ``method(x)``.  Its twin is the call of the
    function's Primitive.
    """

    def method(
        self: Any,
        ufunc: Any = function,
        how: str = "__call__",
        x: Any = None,
        *more: Any,
        **keywords: Any,
    ) -> Any:
        level = self._level
        data = self._held
        traced = level == BASE or (level and data.__class__ in _RAW)
        if not traced or more or keywords or how != "__call__":
            if len(more) == 1 and not keywords and how == "__call__" and ufunc in of_two:
                (other,) = more  # of a plain operand on either side: NumPy's arrays ask here
                if other is self and x.__class__ in _PLAIN:
                    return of_two[ufunc][1](self, x)
                if x is self and other.__class__ in _PLAIN:
                    return of_two[ufunc][0](self, other)
            return general(self, ufunc, how, x, *more, **keywords)
        primitive = find(ufunc)
        if primitive is None or _mode() is not DEFAULT:
            return general(self, ufunc, how, x)
        if data.__class__ is _ndarray and data.size >= LARGE:
            return general(self, ufunc, how, x)
        try:
            out = primitive.forward(data)
        except Exception as error:
            raise primitive.failure(error, (data,)) from error
        node = Node()
        node.primitive = primitive
        node.inputs = (self._node,)
        node.params = NO_PARAMS
        node.output = out
        node.tick = next(ticks)
        node.level = level
        frame = _getframe(1)
        code = frame.f_code
        if code is not _last_code:
            frame = _remembered(frame)
            code = frame.f_code
        node.code = code
        node.lasti = frame.f_lasti
        node.watch = None
        made = _new(kind)
        made._held = out
        made._node = node
        made._level = level
        return made

    find = OF_ONE.get
    of_two = {
        ufunc: (binary(kind, run), binary(kind, run, reflected=True))
        for ufunc, run in REGISTRY.items()
        if isinstance(run, Primitive) and ufunc in _OF_TWO
    }
    return method


OPERATORS = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.divide,
    "pow": elementwise.power,
    "matmul": products.matmul,
}
_OF_TWO = {np.add, np.subtract, np.multiply, np.divide, np.power, np.matmul}
OF_ONE: dict[Any, Primitive] = {
    function: run
    for function, run in REGISTRY.items()
    if isinstance(function, np.ufunc) and function.nin == 1 and run.__class__ is Primitive
}
OF_ONE[np.sum] = reductions.sum_
