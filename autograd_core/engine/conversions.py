"""What a traced value becomes for others: Python's numbers, NumPy's arrays, copies, pickles."""

from __future__ import annotations

from typing import Any, Self, cast

import numpy as np

from autograd_core.base import errors
from autograd_core.base.later import later
from autograd_core.base.source import Location
from autograd_core.operations import cut_marks, other_libraries
from autograd_core.operations.modes import BASE
from autograd_core.operations.primitive import Boxed, bare

LOOKED_AT = 20  # operations behind a number, to find the leaves that it comes from


class Conversions(Boxed):
    """``x.item()``, ``float(x)``, ``np.asarray(x)``, ``copy.copy(x)`` and their like."""

    __slots__ = ()

    # --- the array API standard ---------------------------------------------

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """Return the namespace of the array API standard, `autograd_core.array_api`."""
        return later("array_api_namespace")(self, api_version)

    @property
    def device(self) -> str:
        """Where the numbers are: ``"cpu"``, as NumPy's."""
        return "cpu"

    def to_device(self, device: Any, /, *, stream: Any = None) -> Self:
        """Return the value itself; ``"cpu"`` is the only device."""
        if device != "cpu" or stream is not None:
            raise errors.OperandError(
                f'to_device: device={device!r}, stream={stream!r}; arrays live on "cpu" here.',
                Location.of_caller(),
            )
        return self

    def __dlpack__(self, **keywords: Any) -> Any:
        """Return the numbers of a constant for another library, as NumPy's."""
        return np.asarray(self).__dlpack__(**keywords)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return DLPack's numbers for the processor's own memory."""
        return np.empty(0).__dlpack_device__()

    # --- conversion ---------------------------------------------------------

    def _number(self, value: Any, operation: str) -> Any:
        """Return a Python number, and note where it left the graph."""
        node = getattr(self, "_node", None)
        if self._level and node is not None:
            leaves = cut_marks.leaves_of(node, LOOKED_AT)
            mark = cut_marks.mark_of("item", operation, self, leaves)
            cut_marks.NUMBERS.append(mark)
            if isinstance(value, (float, complex)):  # Python has one object for each small integer
                cut_marks.CUTS.note(value, (mark,))
        return value

    def item(self) -> Any:
        """Return the one element as a Python number, a constant."""
        if self._level:
            other_libraries.check_reader("sympy")
        return self._number(bare(self).item(), "item")

    def tolist(self) -> Any:
        """Return nested lists of Python numbers, constants."""
        return self._number(bare(self).tolist(), "tolist")

    def detach(self) -> Self:
        """Return the value without its derivative."""
        return bare(self)

    def __bool__(self) -> bool:
        truth: bool = self._number(bool(bare(self)), "bool")
        return truth

    def __int__(self) -> int:
        number: int = self._number(int(bare(self)), "int")
        return number

    def __index__(self) -> int:
        value = bare(self)
        if value.dtype.kind not in "iu":
            raise errors.ConversionError(
                f"index: a value of {value.dtype} cannot be an index.", Location.of_caller()
            )
        return int(value)

    def _check_number(self, operation: str) -> None:
        if self._level and self._level != BASE:
            raise errors.ConversionError(
                f"{operation}: the value is being differentiated and a number would lose the "
                "derivative; use NumPy's functions (np.sin, not math.sin), or .item() for the "
                "number alone. To write it into an array, make the array with np.zeros_like(x) or "
                "autograd_core.numpy.zeros(shape), or collect the values in a list and write "
                "autograd_core.numpy.array(values).",
                Location.of_caller(),
            )

    def __float__(self) -> float:
        self._check_number("float()")
        if self._level:
            other_libraries.check_reader("sympy")
        number: float = self._number(float(bare(self)), "float")
        return number

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if cast(Any, self).size != 1:
            try:
                return format(str(self), spec)  # of a text: how wide it is
            except ValueError:
                pass
            raise errors.OperandError(
                f"format: {spec!r} is for one number, and the shape is {cast(Any, self).shape}. "
                "Format an element (x[0]), or set np.printoptions(precision=3) around str(x).",
                Location.of_caller(),
            )
        return format(self.item(), spec)

    def __complex__(self) -> complex:
        self._check_number("complex()")
        number: complex = self._number(complex(bare(self)), "complex")
        return number

    # --- copies: each is the value itself, in memory of its own -----------------

    def __copy__(self) -> Self:
        return cast(Self, cast(Any, self).copy())

    def __deepcopy__(self, memo: Any) -> Self:
        return cast(Self, cast(Any, self).copy())

    def __reduce__(self) -> Any:
        raise errors.ConversionError(
            "pickling: a value that is being differentiated belongs to its trace, and a copy from "
            "a file would not; use x.detach() for the numbers.",
            Location.of_caller(),
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if other_libraries.declines(self):
            return other_libraries.as_object(self)
        if self._level:
            other_libraries.check_caller()
            raise errors.ConversionError(
                f"{type(self).__name__} to ndarray: the value is tracked, and an array would lose "
                "its derivative. Plain NumPy does not look into lists for traced values: write "
                "`import autograd_core.numpy as np`, whose functions do, or join the values with "
                "np.stack([a, b]). To fill an array, make it with np.zeros_like(x) or "
                "autograd_core.numpy.zeros(shape). For the numbers alone, write "
                "np.asarray(x.detach()).",
                Location.of_caller(),
            )
        value = np.asarray(bare(self))
        if dtype is not None:
            value = value.astype(dtype, copy=False)
        return value.copy() if copy else value
