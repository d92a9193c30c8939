"""ndarray's attributes and methods, for traced values."""

from __future__ import annotations

from typing import Any, Self, cast

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine.conversions import Conversions
from autograd_core.engine.refused_attributes import refuses_attributes
from autograd_core.operations import cut_marks
from autograd_core.operations.boxed import NOT_NUMBERS
from autograd_core.operations.primitive import as_constant, bare
from autograd_core.rules import elementwise as e
from autograd_core.rules import reductions, shapes


@refuses_attributes
class ArrayMethods(Conversions):
    """What ``x.shape``, ``x.sum(axis=0)`` and their like are; `Traced` adds the operators."""

    __slots__ = ()

    # --- shape and kind -----------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        shape: tuple[int, ...] = self._below().shape
        return shape

    @property
    def dtype(self) -> Any:
        """Kind of number."""
        return self._below().dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self._below().size)

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.itemsize

    @property
    def T(self) -> Self:  # noqa: N802 - NumPy's name
        """The axes in reverse order."""
        return shapes.transpose(self)

    @property
    def mT(self) -> Self:  # noqa: N802 - NumPy's name
        """The last two axes exchanged."""
        return shapes.matrix_transpose(self)

    @property
    def real(self) -> Self:
        """The real part."""
        return shapes.real(self)

    @real.setter
    def real(self, value: Any) -> None:
        cast(Any, self.real if self.dtype.kind == "c" else self)[...] = value

    @property
    def imag(self) -> Self:
        """The imaginary part."""
        return shapes.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise errors.OperandError(
                f"imag: an array of {self.dtype} has no imaginary part to set.",
                Location.of_caller(),
            )
        cast(Any, self.imag)[...] = value

    # --- ndarray's methods --------------------------------------------------

    # Parameters stand in NumPy's order; what only NumPy's function looks at goes on to it.

    def sum(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **more: Any,
    ) -> Self:
        """As numpy.sum."""
        if dtype is not None or out is not None or more:
            return reductions.sum_(self, axis=axis, dtype=dtype, out=out, keepdims=keepdims, **more)
        if axis is None and not keepdims:
            return reductions.sum_(self)
        return reductions.sum_(self, axis=axis, keepdims=keepdims)

    def mean(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **more: Any,
    ) -> Self:
        """As numpy.mean."""
        if dtype is not None or out is not None or more:
            return reductions.mean(self, axis=axis, dtype=dtype, out=out, keepdims=keepdims, **more)
        return reductions.mean(self, axis=axis, keepdims=keepdims)

    def var(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        **more: Any,
    ) -> Self:
        """As numpy.var."""
        return cast(Any, np.var)(self, axis, dtype, out, ddof, keepdims, **more)

    def std(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        **more: Any,
    ) -> Self:
        """As numpy.std."""
        return cast(Any, np.std)(self, axis, dtype, out, ddof, keepdims, **more)

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> Self:
        """As numpy.max; ties share the gradient."""
        return reductions.max_(self, axis=axis, out=out, keepdims=keepdims, **more)

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> Self:
        """As numpy.min; ties share the gradient."""
        return reductions.min_(self, axis=axis, out=out, keepdims=keepdims, **more)

    def prod(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **more: Any,
    ) -> Self:
        """As numpy.prod."""
        return reductions.prod(self, axis=axis, dtype=dtype, out=out, keepdims=keepdims, **more)

    def cumsum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Self:
        """As numpy.cumsum."""
        return reductions.cumsum(self, axis=axis, dtype=dtype, out=out)

    def cumprod(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Self:
        """As numpy.cumprod."""
        return np.cumprod(cast(Any, self), axis=axis, dtype=dtype, out=out)

    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> Self:
        """As numpy.reshape; the shape as one tuple or as several integers."""
        if order != "C" or copy is not None:
            one = shape[0] if len(shape) == 1 else shape
            return cast(Any, np.reshape)(self, one, order=order, copy=copy)
        return shapes.reshape(
            self, shape=shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        )

    def ravel(self, order: str = "C") -> Self:
        """As numpy.ravel."""
        if order != "C":
            return cast(Any, np.ravel)(self, order)
        return shapes.ravel(self)

    def flatten(self, order: str = "C") -> Self:
        """Return a copy with one axis."""
        return shapes.copy_(self.ravel(order))

    def transpose(self, *axes: Any) -> Self:
        """As numpy.transpose; the axes as one tuple or as several integers."""
        if not axes or (len(axes) == 1 and axes[0] is None):
            return shapes.transpose(self)
        one = len(axes) == 1 and np.ndim(axes[0]) > 0
        return shapes.transpose(self, axes=axes[0] if one else axes)

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        """As numpy.swapaxes."""
        return shapes.swapaxes(self, axis1=axis1, axis2=axis2)

    def squeeze(self, axis: Any = None) -> Self:
        """As numpy.squeeze."""
        return shapes.squeeze(self, axis=axis)

    def repeat(self, repeats: Any, axis: Any = None) -> Self:
        """As numpy.repeat."""
        return shapes.repeat(self, repeats=repeats, axis=axis)

    def take(self, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Self:
        """As numpy.take."""
        return cast(Any, np.take)(self, indices, axis=axis, out=out, mode=mode)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Self:
        """As numpy.diagonal (a copy)."""
        return shapes.diagonal(self, offset, axis1, axis2)

    def trace(
        self, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
    ) -> Self:
        """As numpy.trace."""
        return cast(Any, np.trace)(self, offset, axis1, axis2, dtype, out)

    def dot(self, other: Any, out: Any = None) -> Self:
        """As numpy.dot."""
        return np.dot(self, other, out=out) if out is not None else np.dot(self, other)

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **more: Any) -> Self:
        """As numpy.clip; the derivative on the limits is 1."""
        return cast(Any, np.clip)(self, min, max, out=out, **more)

    def round(self, decimals: int = 0, out: Any = None) -> Self:
        """As numpy.round; the derivative is 0."""
        return e.round_(self, decimals=decimals, out=out)

    def copy(self, order: str = "C") -> Self:
        """Return the value in memory of its own."""
        return shapes.copy_(self) if order == "C" else shapes.copy_(self, order=order)

    def clone(self) -> Self:
        """Return a recorded copy in the same memory layout, as PyTorch's method of that name."""
        return self.copy("K")

    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: str = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Self:
        """Cast; a cast to integers or booleans gives a constant."""
        if order != "K" or casting != "unsafe":
            if order not in ("K", "A", "C", "F"):
                raise errors.OperandError(f"astype: order={order!r}", Location.of_caller())
            (cast_self,) = shapes.cast_all((self,), dtype, casting)
            return cast_self.copy(order)
        wanted = np.dtype(dtype)
        if not copy and wanted == self.dtype:
            return self
        if wanted.kind in "fc":
            return shapes.astype_(self, dtype=dtype)
        if wanted.kind in NOT_NUMBERS or wanted.names:  # or records
            raise errors.DTypeError(
                f"astype: {wanted} data are not numbers; write "
                f"np.asarray(x.detach()).astype({wanted.name!r}) for a plain array.",
                Location.of_caller(),
            )
        made = as_constant(self, bare(self).astype(dtype))
        return cut_marks.mark(made, "no derivative", f"astype({wanted})", (self,))

    def conj(self) -> Self:
        """As numpy.conj; of real numbers the value itself."""
        return cast(Any, np.conj)(self) if self.dtype.kind == "c" else self

    conjugate = conj

    def sort(
        self, axis: int = -1, kind: Any = None, order: None = None, *, stable: Any = None
    ) -> None:
        """Sort in place along an axis."""
        made = cast(Any, np.sort)(self, axis=axis, kind=kind, order=order, stable=stable)
        cast(Any, self)[...] = made

    def fill(self, value: Any) -> None:
        """Overwrite every element with one value."""
        cast(Any, self)[...] = value

    def fill_(self, value: Any) -> Self:
        """Overwrite every element and return the value, as PyTorch's method of that name."""
        self.fill(value)
        return self

    def __round__(self, ndigits: int | None = None) -> Any:
        """Round to decimals as numpy.round does; one number, to none, gives Python's integer."""
        if ndigits is None and self.size == 1:
            return self._number(round(self.item()), "int")
        return self.round(ndigits or 0)

    def zero_(self) -> Self:
        """Overwrite every element with 0 and return the value, as PyTorch's method of that name."""
        self.fill(0)
        return self

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Self:
        """As numpy.argmax; a constant."""
        return cast(Any, np.argmax)(self, axis=axis, out=out, keepdims=keepdims)

    def argmin(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Self:
        """As numpy.argmin; a constant."""
        return cast(Any, np.argmin)(self, axis=axis, out=out, keepdims=keepdims)

    def argsort(
        self, axis: int = -1, kind: Any = None, order: None = None, *, stable: Any = None
    ) -> Self:
        """As numpy.argsort; a constant."""
        return cast(Any, np.argsort)(self, axis=axis, kind=kind, order=order, stable=stable)

    def any(self, axis: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> Self:
        """As numpy.any; a constant."""
        return cast(Any, np.any)(self, axis=axis, out=out, keepdims=keepdims, **more)

    def all(self, axis: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> Self:
        """As numpy.all; a constant."""
        return cast(Any, np.all)(self, axis=axis, out=out, keepdims=keepdims, **more)

    def nonzero(self) -> Any:
        """As numpy.nonzero; constants."""
        return np.nonzero(self)

    def partition(self, kth: Any, axis: int = -1) -> None:
        """Partition in place along an axis."""
        cast(Any, self)[...] = np.partition(self, kth, axis=axis)

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        """As numpy.put: write into elements, counted as if there were one axis."""
        np.put(cast(Any, self), indices, values, mode)

    def argpartition(self, kth: Any, axis: int = -1) -> Self:
        """As numpy.argpartition; a constant."""
        return cast(Any, np.argpartition)(self, kth, axis=axis)

    def searchsorted(self, v: Any, side: Any = "left", sorter: Any = None) -> Self:
        """As numpy.searchsorted; a constant."""
        return cast(Any, np.searchsorted)(self, v, side, sorter)

    def compress(self, condition: Any, axis: Any = None) -> Self:
        """As numpy.compress."""
        return cast(Any, np.compress)(condition, self, axis=axis)

    def choose(self, choices: Any, mode: Any = "raise") -> Self:
        """As numpy.choose."""
        return cast(Any, np.choose)(self, choices, mode=mode)
