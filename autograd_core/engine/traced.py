"""Traced: what Tensors and Duals have in common (NumPy's operators, methods and protocols).

Everything here hands over to a primitive or to the NumPy function of the same
name; which kind of value it is does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine import inplace, outputs
from autograd_core.engine.methods import ArrayMethods
from autograd_core.engine.updates import Updates, plain_index
from autograd_core.operations import draws, nested_sequences, other_libraries
from autograd_core.operations.primitive import (
    REGISTRY,
    WRITERS,
    Boxed,
    Primitive,
    as_constant,
    bare,
    describe,
    innermost_array,
    unwrapped,
)
from autograd_core.operations.sole_tangent import SoleTangent, without_sole
from autograd_core.rules import elementwise as e
from autograd_core.rules import indexing, products, reductions

_shape, _ndim, _size, _sum = np.shape, np.ndim, np.size, np.sum


def as_inexact(value: Any, operation: str) -> Any:
    """Return the value if it can carry a derivative; Python numbers become NumPy's.

    Raises
    ------
    DTypeError
        For integers, booleans and objects.
    """
    if isinstance(value, Boxed):
        return value if value._level else bare(value)
    if isinstance(value, (int, float)) and not isinstance(value, (bool, np.bool_, np.generic)):
        return np.float64(value)
    value = other_libraries.argument(value, operation)
    if not hasattr(value, "dtype"):
        value = np.asarray(value)
    if value.dtype.kind not in "fc":
        raise errors.DTypeError(
            f"{operation}: {value.dtype} data cannot carry a derivative; "
            "give floating-point data, for instance with dtype=float.",
            Location.of_caller(),
        )
    return value


def _share(x: Boxed, y: Boxed) -> bool:
    a, b = innermost_array(x), innermost_array(y)
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)


def _ufunc(function: np.ufunc) -> Callable[[Any, Any], Any]:
    return _operators(REGISTRY[function])[0]


def _operators(run: Any) -> tuple[Callable[[Any, Any], Any], ...]:
    """Return the methods ``self + other`` and ``other + self`` of an operation.

    An object with ``__array_ufunc__ = None`` does it itself, as beside an array.
    """

    def method(self: Any, other: Any) -> Any:
        try:
            return run(self, other)
        except other_libraries.OwnArithmeticError:
            return other_libraries.own_operator(run.name, self, other)

    def reflected(self: Any, other: Any) -> Any:
        try:
            return run(other, self)
        except other_libraries.OwnArithmeticError:
            return other_libraries.own_operator(run.name, other, self)

    return method, reflected


def _reflected(function: np.ufunc) -> Callable[[Any, Any], Any]:
    run = REGISTRY[function]

    def method(self: Any, other: Any) -> Any:
        return run(other, self)

    return method


def _assigning(function: np.ufunc) -> Callable[[Any, Any], Any]:
    run = REGISTRY[function]

    def method(self: Any, other: Any) -> Any:
        return self._in_place(run, other)

    return method


class Traced(ArrayMethods):
    """A value whose derivative is followed; behaves like a NumPy array."""

    __slots__ = ("__weakref__", "_source", "_views")
    _source: tuple[Traced, Primitive, dict[str, Any]]
    _views: list[Any]

    # --- arithmetic ---------------------------------------------------------

    if TYPE_CHECKING:  # what editors and checkers see of them

        def __add__(self, other: Any) -> Self: ...
        def __radd__(self, other: Any) -> Self: ...
        def __sub__(self, other: Any) -> Self: ...
        def __rsub__(self, other: Any) -> Self: ...
        def __mul__(self, other: Any) -> Self: ...
        def __rmul__(self, other: Any) -> Self: ...
        def __truediv__(self, other: Any) -> Self: ...
        def __rtruediv__(self, other: Any) -> Self: ...
        def __pow__(self, other: Any) -> Self: ...
        def __rpow__(self, other: Any) -> Self: ...
        def __matmul__(self, other: Any) -> Self: ...
        def __rmatmul__(self, other: Any) -> Self: ...
        def __mod__(self, other: Any) -> Self: ...
        def __rmod__(self, other: Any) -> Self: ...
        def __floordiv__(self, other: Any) -> Self: ...
        def __rfloordiv__(self, other: Any) -> Self: ...

    else:
        __add__, __radd__ = _operators(e.add)
        __sub__, __rsub__ = _operators(e.subtract)
        __mul__, __rmul__ = _operators(e.multiply)
        __truediv__, __rtruediv__ = _operators(e.divide)
        __pow__, __rpow__ = _operators(e.power)
        __matmul__, __rmatmul__ = _operators(products.matmul)
        __mod__, __rmod__ = _operators(e.remainder)
        __floordiv__, __rfloordiv__ = _operators(e.floor_divide)

    def __neg__(self) -> Self:
        return e.negative(self)

    def __pos__(self) -> Self:
        return e.positive(self)

    def __abs__(self) -> Self:
        return e.absolute(self)

    def __divmod__(self, other: Any) -> Any:
        return e.floor_divide(self, other), e.remainder(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return e.floor_divide(other, self), e.remainder(other, self)

    # --- comparison ---------------------------------------------------------

    if TYPE_CHECKING:

        def __lt__(self, other: Any) -> Self: ...
        def __le__(self, other: Any) -> Self: ...
        def __gt__(self, other: Any) -> Self: ...
        def __ge__(self, other: Any) -> Self: ...
        def __eq__(self, other: Any) -> Self: ...  # type: ignore[override]
        def __ne__(self, other: Any) -> Self: ...  # type: ignore[override]

    else:
        __lt__ = _ufunc(np.less)
        __le__ = _ufunc(np.less_equal)
        __gt__ = _ufunc(np.greater)
        __ge__ = _ufunc(np.greater_equal)
        __eq__ = _ufunc(np.equal)  # elementwise, as on arrays
        __ne__ = _ufunc(np.not_equal)
    __hash__ = object.__hash__
    __and__ = _ufunc(np.bitwise_and)
    __rand__ = _ufunc(np.bitwise_and)
    __or__ = _ufunc(np.bitwise_or)
    __ror__ = _ufunc(np.bitwise_or)
    __xor__ = _ufunc(np.bitwise_xor)
    __rxor__ = _ufunc(np.bitwise_xor)

    __lshift__ = _ufunc(np.left_shift)
    __rlshift__ = _reflected(np.left_shift)
    __rshift__ = _ufunc(np.right_shift)
    __rrshift__ = _reflected(np.right_shift)

    def __invert__(self) -> Any:
        return REGISTRY[np.invert](self)

    # --- in place -----------------------------------------------------------

    def _become(self, other: Any) -> None:
        raise NotImplementedError

    def _in_place(self, operation: Primitive, other: Any) -> Any:
        inplace.update(self, operation, other)
        return self

    def _note_view(self, made: Any, operation: Primitive, params: dict[str, Any]) -> None:
        inplace.note_view(made, self, operation, params)

    def __iadd__(self, other: Any) -> Self:
        return self._in_place(e.add, other)

    def __isub__(self, other: Any) -> Self:
        return self._in_place(e.subtract, other)

    def __imul__(self, other: Any) -> Self:
        return self._in_place(e.multiply, other)

    def __itruediv__(self, other: Any) -> Self:
        return self._in_place(e.divide, other)

    def __ipow__(self, other: Any) -> Self:
        return self._in_place(e.power, other)

    def __imatmul__(self, other: Any) -> Self:
        return self._in_place(products.matmul, other)

    def __ifloordiv__(self, other: Any) -> Self:
        return self._in_place(e.floor_divide, other)

    def __imod__(self, other: Any) -> Self:
        return self._in_place(e.remainder, other)

    __iand__ = _assigning(np.bitwise_and)
    __ior__ = _assigning(np.bitwise_or)
    __ixor__ = _assigning(np.bitwise_xor)
    __ilshift__ = _assigning(np.left_shift)
    __irshift__ = _assigning(np.right_shift)

    # --- indexing -----------------------------------------------------------

    def __getitem__(self, index: Any) -> Self:
        return indexing.getitem(self, index=plain_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, Traced) and value.ndim and _share(self, value):
            draws.check_shuffle()
        if value.__class__ not in other_libraries.FAMILIAR and not isinstance(value, (list, tuple)):
            value = other_libraries.plain(value, "setitem", (self,))
        inplace.assign(self, plain_index(index), value)

    @property
    def at(self) -> Updates:
        """Updates that return a new value, under JAX's names: ``x.at[i].set(v)``.

        Also add, subtract, multiply, divide, power, min, max, apply and get.

        Examples
        --------
        >>> from autograd_core import grad
        >>> grad(lambda x: np.prod(x.at[0].set(x[1] ** 2)))(np.array([5.0, 2.0]))
        array([ 0., 12.])
        """
        return Updates(self)

    def __len__(self) -> int:
        shape = self.shape
        if not shape:
            raise errors.OperandError(
                "len() or iteration of a 0-d value: it has no axes.", Location.of_caller()
            )
        return int(shape[0])

    def __iter__(self) -> Iterator[Self]:
        other_libraries.check_reader("pandas")
        for k in range(len(self)):
            yield self[k]

    def __contains__(self, item: Any) -> bool:
        if not self.shape:
            raise errors.OperandError(
                "in: a 0-d value has no elements; write x == y.", Location.of_caller()
            )
        return bool(np.any(bare(self) == bare(item)))

    # --- NumPy's protocols --------------------------------------------------

    __array_priority__ = 1000.0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if keywords and keywords.get("out") is not None:
            function = ufunc if method == "__call__" else getattr(ufunc, method)
            return outputs.written(function, inputs, keywords)
        run = REGISTRY.get(ufunc)
        if method != "__call__":
            run = REGISTRY.get((ufunc, method))  # type: ignore[call-overload]
        elif run is None:
            run = other_libraries.implementation(REGISTRY, ufunc)
        if run is None:
            name = _called(ufunc, method)
            if name.endswith(" (vectorized)"):
                raise errors.UnsupportedError(
                    f"{name}: np.frompyfunc makes a function of Python objects, which has no "
                    "derivative rule; write autograd_core.numpy.vectorize(f)(x), or f(x) with "
                    "NumPy's functions inside. Declare a rule with autograd_core.primitive.",
                    Location.of_caller(),
                )
            raise errors.UnsupportedError(
                f"{name}: no derivative rule for this ufunc.{_nearest(name)}", Location.of_caller()
            )
        try:
            if isinstance(run, Primitive):
                return run(*inputs, **keywords) if keywords else run(*inputs)
            function, name = getattr(ufunc, method), _called(ufunc, method)
            return _composite(run, function, inputs, keywords, name)
        except other_libraries.OwnArithmeticError:
            if any(map(other_libraries.is_holder, inputs)):
                return NotImplemented  # a labelled array, a quantity: it asks for the numbers
            raise

    def _total(self) -> Any:
        return reductions.sum_(self)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, keywords: Any
    ) -> Any:
        if args and not keywords and isinstance(args[0], Traced):
            if function is _shape:  # asked so often, of layers' inputs, that the dispatch shows
                return args[0].shape
            if function is _ndim:
                return args[0].ndim
            if len(args) == 1:
                if function is _sum:  # as nearly every program ends
                    return args[0]._total()
                if function is _size:
                    return args[0].size
        if len(types) > 1 and not other_libraries.all_known(types):
            if SoleTangent in types:
                return function(*without_sole(args), **keywords)
            other_libraries.operands((*args, *keywords.values()), function.__name__)
        if keywords and keywords.get("out") is not None:
            return outputs.written(function, args, keywords)
        run = REGISTRY.get(function)
        if run is None:
            if function is np.array or function is np.asarray or function is np.asanyarray:
                raise errors.UnsupportedError(
                    f"{function.__name__}: like= a traced value is not supported; make the array "
                    "without like=, or use np.zeros_like, np.full_like and np.stack.",
                    Location.of_caller(),
                )
            name = f"{function.__module__}.{function.__name__}"
            raise errors.UnsupportedError(
                f"{name}: no derivative rule for this function.{_nearest(name)}",
                Location.of_caller(),
            )
        if isinstance(run, Primitive):
            return run(*args, **keywords)
        return _composite(run, function, args, keywords, function.__name__)


def _called(ufunc: np.ufunc, method: str) -> str:
    return ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"


def _composite(run: Any, function: Any, args: Any, keywords: Any, name: str) -> Any:
    """Run a function written in other NumPy functions; complaints name it and the user's line."""
    if keywords.get("out") is not None or (len(args) > 1 and _written(run, args)):
        raise errors.UnsupportedError(
            f"{name}: the keyword out= is not supported on a traced value. "
            "Use the returned value, or write x[...] = value on a Tensor.",
            Location.of_caller(),
        )
    keywords = {k: v for k, v in keywords.items() if v is not np._NoValue}
    args, keywords = nested_sequences.arranged(function, args, keywords)
    other_libraries.operands((*args, *keywords.values()), name)
    try:
        if not _followed(args):
            boxed: list[Boxed] = []
            raw, settings = unwrapped(args, boxed), unwrapped(keywords, boxed)
            if _only_counts(boxed) and function not in WRITERS:
                return as_constant(boxed[0], function(*raw, **settings))
        return run(*args, **keywords)
    except errors.AutogradError:
        raise
    except TypeError as error:
        if (keyword := _not_taken(error, run, function, args)) is not None:
            raise errors.UnsupportedError(
                f"{name}: the keyword {keyword}= is not supported on a traced value.",
                Location.of_caller(),
            ) from error
        message = f"{name}: {error}"
        raise errors.OperandError(message, Location.of_caller()) from error
    except Exception as error:
        operands = ", ".join(describe(a) for a in args if not isinstance(a, (list, tuple)))
        message = f"{name}({operands}): {error}"
        raise errors.translate(error, message, Location.of_caller()) from error


def _written(run: Any, args: Any) -> bool:
    """Whether an array stands, without its name, where NumPy writes the result."""
    code = getattr(getattr(run, "__wrapped__", run), "__code__", None)
    names = code.co_varnames[: min(len(args), code.co_argcount)] if code else ()
    return "out" in names and args[names.index("out")] is not None


def _not_taken(error: TypeError, run: Any, function: Any, args: Any) -> str | None:
    """Return the keyword that a rule does not know, by its name or by its place in the call."""
    text = str(error)
    if "unexpected keyword" in text:
        return text.split("'")[1]
    code = getattr(getattr(run, "__wrapped__", run), "__code__", None)
    if code is None or "positional argument" not in text or len(args) <= code.co_argcount:
        return None
    from inspect import signature

    surplus = list(zip(signature(function).parameters, args, strict=False))[code.co_argcount :]
    return next((n for n, a in surplus if a is not None and a is not np._NoValue), None)


def _followed(values: Any) -> bool:
    """Whether a value belongs to a trace, as one usually does."""
    for value in values:
        if isinstance(value, Boxed):
            if value._level:
                return True
        elif (value.__class__ is tuple or value.__class__ is list) and _followed(value):
            return True
    return False


def _only_counts(boxed: list[Boxed]) -> bool:
    """Whether values are constants, some of integers or booleans: NumPy's own function is for them.

    (Its dtypes there are its own.  Constants of floats keep their views by way of the rules.)
    """
    return not any(b._level for b in boxed) and any(bare(b).dtype.kind not in "fc" for b in boxed)


def _nearest(name: str) -> str:
    """Return a hint: the supported function of almost the same name, if there is one."""
    from difflib import get_close_matches

    from autograd_core.rules.refused import REASONS

    known = {f.__name__: f for f in REGISTRY if hasattr(f, "__name__") and f not in REASONS}
    method = name.rpartition(".")[2]
    close = [] if method == "at" else get_close_matches(method, known, n=1, cutoff=0.75)
    near = f" The nearest supported is {close[0]}; or declare" if close else " Declare"
    return f"{near} one with autograd_core.primitive."
