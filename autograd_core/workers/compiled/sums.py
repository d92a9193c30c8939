"""What loops made from programs call: sums and extremes of a piece, and the machine's flags.

Sums are taken in double precision, block by block, in an order that does not depend on threads.
The flags tell, as NumPy's own do, whether a division by zero, an overflow or an invalid operation
has happened since they were cleared.
"""

from __future__ import annotations

import platform
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as _cgutils

from autograd_core.workers.compiled import exact_kernel, operation

cgutils: Any = _cgutils
_INTEL = platform.machine().lower() in ("x86_64", "amd64")
FLAGS = _INTEL or platform.machine().lower() in ("aarch64", "arm64")
# NumPy's names of what a flag says, by its bit in `raised`'s answer
MEANING = {1: "invalid", 4: "divide", 8: "over", 16: "under"}


def _control(builder: Any, name: str, place: Any) -> None:
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte])
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    builder.call(function, [builder.bitcast(place, byte)])


@operation
def _word(typing: Any) -> Any:
    """Return the machine's word of control and flags."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _INTEL:
            place = cgutils.alloca_once(builder, ir.IntType(32))
            _control(builder, "llvm.x86.sse.stmxcsr", place)
            return builder.zext(builder.load(place), ir.IntType(64))
        kind = ir.FunctionType(ir.IntType(64), [])
        return builder.asm(kind, "mrs $0, fpsr", "=r", [], side_effect=True)

    return types.int64(), write


@operation
def _set_word(typing: Any, word: Any) -> Any:
    """Set the machine's word of control and flags."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _INTEL:
            small = builder.trunc(args[0], ir.IntType(32))
            place = cgutils.alloca_once(builder, ir.IntType(32))
            builder.store(small, place)
            _control(builder, "llvm.x86.sse.ldmxcsr", place)
        else:
            kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)])
            builder.asm(kind, "msr fpsr, $0", "r", args, side_effect=True)
        return context.get_dummy_value()

    return types.void(types.int64), write


@exact_kernel
def clear() -> None:  # pragma: no cover - compiled
    """Forget what has happened so far in this thread."""
    word = _word()
    if word & 31:
        _set_word(word & ~31)


@exact_kernel
def raised() -> Any:  # pragma: no cover - compiled
    """Return what has happened, a bit for each name in MEANING."""
    word = _word()
    if _INTEL:
        return word & 29
    return (word & 1) | (word & 2) << 1 | (word & 4) << 1 | (word & 8) << 1


@numba.njit(nogil=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def _block(x: Any) -> float:  # pragma: no cover - compiled
    total = 0.0
    for i in range(len(x)):
        total += np.float64(x[i])
    return total


@exact_kernel
def sum_of(x: Any) -> float:  # pragma: no cover - compiled
    """Return the sum of a flat array, in double precision."""
    if len(x) <= 512:
        return _block(x)
    total, rest = 0.0, 0.0  # what the blocks' sums lose is added at the end
    for k in range(0, len(x), 512):
        part = _block(x[k : k + 512])
        new = total + part
        back = new - total
        rest += (total - (new - back)) + (part - back)
        total = new
    return total + rest if rest - rest == 0 else total


@numba.njit(nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy")
def _largest(x: Any) -> Any:  # pragma: no cover - compiled
    found = x[0]
    for i in range(len(x)):
        found = x[i] if x[i] > found else found
    return found


@numba.njit(nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy")
def _smallest(x: Any) -> Any:  # pragma: no cover - compiled
    found = x[0]
    for i in range(len(x)):
        found = x[i] if x[i] < found else found
    return found


@exact_kernel
def _odd(x: Any) -> Any:  # pragma: no cover - compiled
    """Return how many are not a number."""
    count = 0
    for i in range(len(x)):
        count += 1 if x[i] != x[i] else 0
    return count


@exact_kernel
def max_of(x: Any) -> Any:  # pragma: no cover - compiled
    """Return the largest number of a flat array; NaN if one of them is."""
    if _odd(x):
        return x[0] * x.dtype.type(np.nan)
    return _largest(x)


@exact_kernel
def min_of(x: Any) -> Any:  # pragma: no cover - compiled
    """Return the smallest number of a flat array; NaN if one of them is."""
    if _odd(x):
        return x[0] * x.dtype.type(np.nan)
    return _smallest(x)


@exact_kernel
def add_to(total: Any, x: Any) -> None:  # pragma: no cover - compiled
    """Add a piece to doubles."""
    for i in range(len(x)):
        total[i] += x[i]
