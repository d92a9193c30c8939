"""Machine instructions behind Python's operators, for functions without branches.

A `Lane` stands for one value of a loop. What is written with lanes becomes straight code wherever
it is used, and LLVM runs such a loop on whole vectors. A kernel written as Python would be typed by
numba anew for each of the hundred operations of a polynomial; this takes a hundredth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as _cgutils

from autograd_core.workers.compiled import operation

cgutils: Any = _cgutils
_INTEGER = {ir.FloatType(): ir.IntType(32), ir.DoubleType(): ir.IntType(64)}
_FLOAT = {integer: number for number, integer in _INTEGER.items()}
_SUFFIX = {ir.FloatType(): "f32", ir.DoubleType(): "f64"}


class Lane:
    """A float, an integer of its size, or a truth, with the operators of the machine.

    Integers wrap around; comparisons with NaN are false, except ``!=``.
    """

    __slots__ = ("builder", "value")
    __hash__ = object.__hash__

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    @property
    def double(self) -> bool:
        """Whether it is a number of 64 bits."""
        return self.value.type in (ir.DoubleType(), ir.IntType(64))

    def _of(self, other: Any) -> Any:
        return other.value if isinstance(other, Lane) else ir.Constant(self.value.type, other)

    def _done(self, real: str, whole: str, other: Any, turned: bool = False) -> Lane:
        pair = (self._of(other), self.value) if turned else (self.value, self._of(other))
        name = real if self.value.type in _INTEGER else whole
        return Lane(self.builder, getattr(self.builder, name)(*pair))

    def __add__(self, other: Any) -> Lane:
        return self._done("fadd", "add", other)

    def __sub__(self, other: Any) -> Lane:
        return self._done("fsub", "sub", other)

    def __mul__(self, other: Any) -> Lane:
        return self._done("fmul", "mul", other)

    def __truediv__(self, other: Any) -> Lane:
        return self._done("fdiv", "sdiv", other)

    def __radd__(self, other: Any) -> Lane:
        return self._done("fadd", "add", other, turned=True)

    def __rsub__(self, other: Any) -> Lane:
        return self._done("fsub", "sub", other, turned=True)

    def __rmul__(self, other: Any) -> Lane:
        return self._done("fmul", "mul", other, turned=True)

    def __rtruediv__(self, other: Any) -> Lane:
        return self._done("fdiv", "sdiv", other, turned=True)

    def __neg__(self) -> Lane:
        return Lane(self.builder, self.builder.fneg(self.value))

    def __lshift__(self, by: int) -> Lane:
        return self._done("shl", "shl", by)

    def __rshift__(self, by: int) -> Lane:
        return self._done("ashr", "ashr", by)

    def __and__(self, other: Any) -> Lane:
        return self._done("and_", "and_", other)

    def __or__(self, other: Any) -> Lane:
        return self._done("or_", "or_", other)

    def _compared(self, sign: str, other: Any) -> Lane:
        b, other = self.builder, self._of(other)
        if self.value.type not in _INTEGER:
            return Lane(b, b.icmp_signed(sign, self.value, other))
        compare = b.fcmp_unordered if sign == "!=" else b.fcmp_ordered
        return Lane(b, compare(sign, self.value, other))

    def __lt__(self, other: Any) -> Lane:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Lane:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Lane:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Lane:
        return self._compared(">=", other)

    def __eq__(self, other: Any) -> Lane:  # type: ignore[override]  # as arrays do
        return self._compared("==", other)

    def __ne__(self, other: Any) -> Lane:  # type: ignore[override]  # as arrays do
        return self._compared("!=", other)

    def bits(self) -> Lane:
        """Return the bits of a float as an integer."""
        return Lane(self.builder, self.builder.bitcast(self.value, _INTEGER[self.value.type]))

    def number(self) -> Lane:
        """Return the float with these bits."""
        return Lane(self.builder, self.builder.bitcast(self.value, _FLOAT[self.value.type]))

    def as_float(self) -> Lane:
        """Return an integer's value as a float of its size."""
        return Lane(self.builder, self.builder.sitofp(self.value, _FLOAT[self.value.type]))

    def size(self) -> Lane:
        """Return the absolute value."""
        return self._called("fabs")

    def signed_as(self, other: Lane) -> Lane:
        """Return the size of this with the sign of the other."""
        return self._called("copysign", other)

    def times_plus(self, factor: Any, term: Any) -> Lane:
        """Return self * factor + term, rounded once where the machine does that as fast."""
        return self._called("fmuladd", factor, term)

    def whole(self) -> Lane:
        """Return the nearest integer, as a float; the even one of two."""
        return self._called("rint")

    def root(self) -> Lane:
        """Return the square root."""
        return self._called("sqrt")

    def floor(self) -> Lane:
        """Return the largest integer below, as a float."""
        return self._called("floor")

    def ceil(self) -> Lane:
        """Return the smallest integer above, as a float."""
        return self._called("ceil")

    def trunc(self) -> Lane:
        """Return the integer towards 0, as a float."""
        return self._called("trunc")

    def _called(self, name: str, *others: Any) -> Lane:
        kind = self.value.type
        values = [self.value, *map(self._of, others)]
        signature = ir.FunctionType(kind, [kind] * len(values))
        full = f"llvm.{name}.{_SUFFIX[kind]}"
        function = cgutils.get_or_insert_function(self.builder.module, signature, full)
        return Lane(self.builder, self.builder.call(function, values))


def choose(condition: Lane, yes: Any, no: Any) -> Lane:
    """Return one of two values; both are computed."""
    like = yes if isinstance(yes, Lane) else no
    b = condition.builder
    return Lane(b, b.select(condition.value, like._of(yes), like._of(no)))


def polynomial(x: Lane, *coefficients: float) -> Any:
    """Return the polynomial with these coefficients, the constant one first.

    Odd and even powers go side by side: each step of one chain would wait for the step before.
    """
    if len(coefficients) < 5:
        return _horner(x, coefficients)
    square = x * x
    return x.times_plus(_horner(square, coefficients[1::2]), _horner(square, coefficients[::2]))


def _horner(x: Lane, coefficients: Sequence[float]) -> Any:
    total: Any = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = x.times_plus(total, c)
    return total


def lanewise(function: Callable[..., Lane]) -> Any:
    """Make a function of lanes one that kernels call, with floats of one dtype and truths.

    The result has the dtype of the last argument.
    """

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return function(*(Lane(builder, value) for value in args)).value

    def typed(*kinds: Any) -> Any:
        return kinds[-1](*kinds), write

    def one(typing: Any, x: Any) -> Any:
        return typed(x)

    def two(typing: Any, x: Any, y: Any) -> Any:
        return typed(x, y)

    def three(typing: Any, x: Any, y: Any, z: Any) -> Any:
        return typed(x, y, z)

    return operation((one, two, three)[function.__code__.co_argcount - 1])


@operation
def in_wide_vectors(typing: Any) -> Any:
    """Have LLVM use vectors of 512 bits in the function that calls this, where there are any.

    By default it takes half of that on most processors, which run such loops a quarter longer.
    """

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # a set of LLVM's attributes, whose `add` knows none that has a value
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), write
