"""Panels: a piece of a matrix laid out so that a product reads one line of cache after the other.

A panel holds `wide` columns of b, row after row, whatever b's own order: where b's columns
are what lies together (the transposed weights of a linear layer), squares of LANES by LANES
numbers are turned over in registers, LANES vectors at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from autograd_core.workers.compiled import kernel, operation

from .microkernel import INDEX, LANES, Vectors


@operation
def turn(
    typing: Any, b: Any, b_at: Any, b_row: Any, rows: Any, columns: Any, panel: Any, p_at: Any,
    p_row: Any,
) -> Any:  # fmt: skip
    """Write ``panel[k, j] = b[j, k]`` for a square; b has so many rows, each of so many columns.

    Nothing is written beyond them.
    """
    return types.void(b, b_at, b_row, rows, columns, panel, p_at, p_row), _write_turn


def _write_turn(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    b, b_at, b_row, rows, columns, panel, p_at, p_row = args
    v, word = Vectors(builder), ir.IntType(32)

    def data(index: int, array: Any) -> Any:
        return context.make_array(signature.args[index])(context, builder, array).data

    b_data, p_data, there = data(0, b), data(5, panel), v.below(columns)
    last = builder.sub(rows, INDEX(1))
    lines = []
    for j in range(LANES):  # beyond the last row the last is read again; nobody uses it
        row = builder.select(builder.icmp_signed("<", INDEX(j), rows), INDEX(j), last)
        lines.append(v.load(b_data, builder.add(b_at, builder.mul(row, b_row)), there))
    step = 1
    while step < LANES:  # exchange what lies `step` off the diagonal, in pairs of rows
        upper = [c if not c & step else LANES + c - step for c in range(LANES)]
        lower = [c + step if not c & step else LANES + c for c in range(LANES)]
        for j in range(LANES):
            if not j & step:
                one, other = lines[j], lines[j + step]
                for place, order in ((j, upper), (j + step, lower)):
                    mask = ir.Constant(ir.VectorType(word, LANES), [word(c) for c in order])
                    lines[place] = builder.shuffle_vector(one, other, mask)
        step *= 2
    written = v.below(rows)
    for k, line in enumerate(lines):
        with builder.if_then(builder.icmp_signed("<", INDEX(k), columns)):
            v.store(line, p_data, builder.add(p_at, builder.mul(INDEX(k), p_row)), written)
    return context.get_dummy_value()


@operation
def _move(typing: Any, b: Any, b_at: Any, columns: Any, panel: Any, p_at: Any) -> Any:
    """Copy LANES numbers; those beyond the columns are 0."""
    return types.void(b, b_at, columns, panel, p_at), _write_move


def _write_move(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    b, b_at, columns, panel, p_at = args
    v = Vectors(builder)
    source = context.make_array(signature.args[0])(context, builder, b).data
    target = context.make_array(signature.args[3])(context, builder, panel).data
    line = v.load(source, b_at, v.below(columns))
    v.store(line, target, p_at, v.below(INDEX(LANES)))
    return context.get_dummy_value()


@kernel
def fill(
    b: Any, at: int, b_row: int, b_column: int, k: int, columns: int, wide: int, panel: Any,
    p_at: int,
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Fill a panel with k rows of `wide` columns; one of b's strides is 1.

    The panel has room for k rounded up to LANES.
    """
    for j in range(0, min(wide, columns), LANES):
        if b_column == 1:
            for p in range(k):
                _move(b, at + p * b_row + j, columns - j, panel, p_at + p * wide + j)
        else:
            for p in range(0, k, LANES):
                turn(
                    b, at + j * b_column + p, b_column, columns - j, k - p, panel,
                    p_at + p * wide + j, wide,
                )  # fmt: skip


@kernel
def _fill_all(
    b: Any, b_row: int, b_column: int, k: int, n: int, wide: int, panels: Any
) -> None:  # pragma: no cover - compiled
    for j in range(0, n, wide):
        fill(b, j * b_column, b_row, b_column, k, n - j, wide, panels, j * k)


def flat(matrix: Any) -> tuple[Any, int, int]:
    """Return a matrix as one line of numbers, and how far its rows and columns lie apart."""
    if matrix.flags.f_contiguous and not matrix.flags.c_contiguous:
        return matrix.T.reshape(-1), 1, matrix.shape[0]
    return np.ascontiguousarray(matrix).reshape(-1), matrix.shape[1], 1


def laid_out(matrix: Any, wide: int) -> Any:
    """Return all panels of a matrix (k, n), one after the other, flat."""
    k, n = matrix.shape
    panels = np.empty((-(-n // wide) * k + LANES) * wide, matrix.dtype)
    _fill_all(*flat(matrix), k, n, wide, panels)
    return panels
