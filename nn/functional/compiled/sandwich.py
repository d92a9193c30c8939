"""P d P^T for a small constant matrix P and a square d of vectors: Winograd's transforms.

Each number of the square is a vector of channels, so the arithmetic is that of the
formula, written out: multiplications by 0 and 1 are left out, and everything between
reading and writing stays in registers.  Numbers of d that lie outside of the image are
zeros and not read; those of the result that lie outside are not written.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from autograd_core.workers.compiled import operation

from .. import winograd
from .microkernel import INDEX, LANES, NUMBER, VECTOR, Vectors


def _combine(builder: Any, v: Vectors, row: Any, parts: list[Any]) -> Any:
    """Return the sum of row[k] * parts[k]."""
    total = None
    order = np.argsort(np.abs(np.abs(row) - 1), kind="stable")  # the ones first
    for k in order:
        factor, part = float(row[k]), parts[k]
        if factor == 0:
            continue
        if factor == 1:
            total = part if total is None else builder.fadd(total, part)
        elif factor == -1 and total is not None:
            total = builder.fsub(total, part)
        else:
            constant = ir.Constant(VECTOR, [ir.Constant(NUMBER, factor)] * LANES)
            if total is None:
                total = builder.fmul(part, constant)
            else:
                total = v.multiply_add(part, constant, total)
    return total


def _sandwich(matrix: Any) -> Any:
    """Return the operation that reads, transforms and writes one square."""

    @operation
    def transform(
        typing: Any, a: Any, a_at: Any, a_line: Any, a_step: Any, top: Any, bottom: Any, left: Any,
        right: Any, c: Any, c_at: Any, c_line: Any, c_step: Any, high: Any, wide: Any,
        channels: Any,
    ) -> Any:  # fmt: skip
        signature = types.void(
            a, a_at, a_line, a_step, top, bottom, left, right, c, c_at, c_line, c_step, high, wide,
            channels,
        )  # fmt: skip

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            (a, a_at, a_line, a_step, top, bottom, left, right, c, c_at, c_line, c_step, high,
             wide, channels) = args  # fmt: skip
            v: Vectors = Vectors(builder)
            rows, columns = matrix.shape
            a_data = context.make_array(signature.args[0])(context, builder, a).data
            c_data = context.make_array(signature.args[8])(context, builder, c).data
            add, mul, lanes = builder.add, builder.mul, v.below(channels)

            def between(k: int, low: Any, limit: Any) -> Any:
                """Return the bit that says low <= k < limit."""
                least = builder.icmp_signed(">=", INDEX(k), low)
                return builder.and_(least, builder.icmp_signed("<", INDEX(k), limit))

            def mask(first: Any, second: Any) -> Any:
                return builder.select(builder.and_(first, second), lanes, v.nowhere)

            inside = [between(i, top, bottom) for i in range(columns)]
            beside = [between(j, left, right) for j in range(columns)]
            half = []
            for j in range(columns):
                column = []
                for i in range(columns):
                    place = add(a_at, add(mul(INDEX(i), a_line), mul(INDEX(j), a_step)))
                    column.append(v.load(a_data, place, mask(inside[i], beside[j])))
                half.append([_combine(builder, v, row, column) for row in matrix])
            inside = [between(i, INDEX(0), high) for i in range(rows)]
            beside = [between(j, INDEX(0), wide) for j in range(rows)]
            for i in range(rows):
                line = [half[j][i] for j in range(columns)]
                for j in range(rows):
                    place = add(c_at, add(mul(INDEX(i), c_line), mul(INDEX(j), c_step)))
                    total = _combine(builder, v, matrix[j], line)
                    v.store(total, c_data, place, mask(inside[i], beside[j]))
            return context.get_dummy_value()

        return signature, generate

    return transform


# What each does is said in `nn.functional.winograd`.  Arguments, all counted in numbers:
# a, a_at, a_line, a_step: the flat array, where the square begins, its strides;
# top, bottom, left, right: which of its lines and columns are there;
# c, c_at, c_line, c_step: the same of the result; high, wide: how much of it is wanted;
# channels: how many lanes are in use.
input_points = _sandwich(winograd.B_T)
kernel_points = _sandwich(winograd.G)
outputs = _sandwich(winograd.A_T)
gradient_points = _sandwich(winograd.A_T.T)
kernel_gradients = _sandwich(winograd.G.T)
