"""Sums in NumPy's order, pair by pair: of halves of halves, down to blocks of eight running sums.

The eight lie in a vector, and the threads share the halves; the order, and with it every bit, is
NumPy's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as _cgutils

from autograd_core.workers.compiled import exact_kernel, inlined, kernel, operation
from autograd_core.workers.compiled.addresses import address
from autograd_core.workers.compiled.memory import read
from autograd_core.workers.compiled.team import helped, job, lead, mine, nobody, shares

cgutils: Any = _cgutils
BLOCK = 128  # numbers that NumPy adds with eight running sums
PARTS = 4  # halves of halves, for threads to share
COST = 0.1  # nanoseconds for a number


@operation
def _eights(typing: Any, like: Any, address: Any, count: Any) -> Any:
    """Return the sum of so many runs of eight numbers at an address, as NumPy adds them."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.get_value_type(signature.return_type)
        vector = ir.VectorType(number, 8)
        place = builder.inttoptr(args[1], vector.as_pointer())

        def load(at: Any) -> Any:
            return builder.load(builder.gep(place, [at]), align=signature.return_type.bitwidth // 8)

        one = ir.Constant(args[2].type, 1)
        total = cgutils.alloca_once_value(builder, load(ir.Constant(args[2].type, 0)))
        with cgutils.for_range(builder, builder.sub(args[2], one)) as loop:
            added = builder.fadd(builder.load(total), load(builder.add(loop.index, one)))
            builder.store(added, total)
        found = builder.load(total)
        terms = [builder.extract_element(found, ir.IntType(32)(k)) for k in range(8)]
        while len(terms) > 1:
            terms = [builder.fadd(a, b) for a, b in zip(terms[::2], terms[1::2], strict=True)]
        return terms[0]

    return like(like, types.int64, types.int64), write


@inlined
def _half(n: int) -> int:  # pragma: no cover - compiled
    """Return how many of n numbers are the first half: whole runs of eight."""
    return n // 16 * 8


@exact_kernel
def _sum(like: Any, size: int, address: int, n: int) -> Any:  # pragma: no cover - compiled
    """Return the sum of eight numbers or more, of so many bytes each."""
    if n <= BLOCK:
        total = _eights(like, address, n // 8)
        for k in range(n - n % 8, n):
            total += read(like, address, k)
        return total
    half = _half(n)
    return _sum(like, size, address, half) + _sum(like, size, address + half * size, n - half)


@exact_kernel
def _rows(part: int, parts: int, address: int, n: int, out: Any) -> None:  # pragma: no cover
    some = mine(part, parts, len(out))
    zero = out.dtype.type(0)
    for row in range(some.start, some.stop):
        out[row] = zero + _sum(zero, out.itemsize, address + row * n * out.itemsize, n)


@exact_kernel
def _quarters(part: int, parts: int, address: int, n: int, out: Any) -> None:  # pragma: no cover
    size, zero = out.itemsize, out.dtype.type(0)
    for later in (part // 2, part % 2):  # which half, and which half of that
        half = _half(n)
        if later:
            address += half * size
            n -= half
        else:
            n = half
    out[part] = _sum(zero, size, address, n)


@kernel
def _all_rows(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_rows, (parts, *given)))


@kernel
def _all_quarters(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_quarters, (parts, *given)))


def rows(x: Any, out: Any) -> None:
    """Write the sum of each row: x is flat, and out has a number for each row."""
    parts = shares(len(x) * COST)
    _all_rows(helped(parts) if parts > 1 else nobody, parts, address(x), len(x) // len(out), out)


def total(x: Any) -> Any:
    """Return the sum of a flat array of a thousand numbers or more."""
    found = np.empty(PARTS, x.dtype)
    shared = shares(len(x) * COST) > 1
    _all_quarters(helped(PARTS) if shared else nobody, PARTS, address(x), len(x), found)
    return x.dtype.type(0) + ((found[0] + found[1]) + (found[2] + found[3]))


def is_numpys() -> bool:
    """Tell whether NumPy adds in this order."""
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        x = rng.normal(size=5003).astype(dtype)
        x[-60:] = -0.0
        if total(x) != x.sum():
            return False
        for n in (8, 13, 127, 128, 129, 300, 1001):
            table = x[: 4 * n].reshape(4, n)
            found = np.empty(4, dtype)
            rows(x[: 4 * n], found)
            if found.tobytes() != table.sum(axis=1).tobytes():
                return False
    return True
