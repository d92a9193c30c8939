"""The innermost loop of all convolutions: a block of products that stays in registers.

    c[i, j] = start[i, j] + sum_k a[i, k] b[k, j]      i < rows, j < vectors * LANES

For each k it loads one row of b, and multiplies it by each a[i, k] (spread over
all lanes) into accumulators that are written once, at the end.  k walks through two
outer loops and one inner, each with its own stride of a, so that a convolution's
windows are read where they lie in the image: no copy of them is made.  Where every column has an a
of its own, as in a depthwise convolution, a[i, k] is a vector too: its numbers lie beside each
other.  LLVM's vector instructions are written out, because a compiler does not find this form.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils as _cgutils

from autograd_core.workers.compiled import operation

cgutils: Any = _cgutils
_FEATURES = llvm.get_host_cpu_features()
_WIDE = bool(_FEATURES.get("avx512f"))
LANES = 16 if _WIDE else 8  # float32 numbers in a vector
# With so many vectors a row, how many rows fill the registers.
ROWS = {1: 14, 2: 14, 3: 9} if _WIDE else {1: 6, 2: 6, 3: 4}
INDEX = ir.IntType(64)
NUMBER = ir.FloatType()
VECTOR = ir.VectorType(NUMBER, LANES)
WORD = ir.IntType(32)
WORDS = ir.VectorType(WORD, LANES)


class Vectors:
    """What LLVM's builder lacks for vectors of LANES float32 numbers."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        self.zero = ir.Constant(VECTOR, [ir.Constant(NUMBER, 0.0)] * LANES)
        self.nowhere = ir.Constant(WORDS, [WORD(0)] * LANES)  # a mask of no lane
        self.lanes = ir.Constant(WORDS, [WORD(k) for k in range(LANES)])

    def _call(self, name: str, result: Any, *args: Any) -> Any:
        kind = ir.FunctionType(result, [a.type for a in args])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}")
        return self.builder.call(function, args)

    def spread(self, number: Any) -> Any:
        """Return a vector with the number in all lanes."""
        empty = ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined)
        one = self.builder.insert_element(empty, number, WORD(0))
        places = ir.Constant(WORDS, [WORD(0)] * LANES)
        return self.builder.shuffle_vector(one, one, places)

    def below(self, limit: Any) -> Any:
        """Return a mask of the lanes below a limit: negative numbers there.

        Without mask registers, as on AVX2, an instruction that takes a mask looks at the sign of
        each number.  A vector of bits would be turned into such numbers anew at every use.
        """
        return self.builder.sub(self.lanes, self.spread(self.builder.trunc(limit, WORD)))

    def _bits(self, mask: Any) -> Any:
        return self.builder.icmp_signed("<", mask, self.nowhere)

    def place(self, pointer: Any, offset: Any) -> Any:
        """Return the address of the vector at an offset."""
        return self.builder.bitcast(self.builder.gep(pointer, [offset]), VECTOR.as_pointer())

    def load(self, pointer: Any, offset: Any, mask: Any) -> Any:
        """Read a vector; lanes outside the mask are 0 and not touched; None, all are read."""
        place = self.place(pointer, offset)
        if mask is None:
            return self.builder.load(place, align=4)
        suffix = f"masked.load.v{LANES}f32.p0"
        return self._call(suffix, VECTOR, place, WORD(4), self._bits(mask), self.zero)

    def store(self, vector: Any, pointer: Any, offset: Any, mask: Any) -> None:
        """Write the lanes of the mask."""
        place = self.place(pointer, offset)
        suffix = f"masked.store.v{LANES}f32.p0"
        self._call(suffix, ir.VoidType(), vector, place, WORD(4), self._bits(mask))

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """Return a * b + c, rounded once."""
        return self._call(f"fma.v{LANES}f32", VECTOR, a, b, c)


@operation
def block(
    typing: Any, rows: Any, vectors: Any, a: Any, a_at: Any, a_row: Any, a_outer: Any,
    a_middle: Any, a_inner: Any, outer: Any, middle: Any, inner: Any, b: Any, b_at: Any,
    b_row: Any, start: Any, start_at: Any, start_row: Any, c: Any, c_at: Any, c_row: Any,
    skip: Any, columns: Any,
) -> Any:  # fmt: skip
    """Compute one block; offsets and strides count numbers.

    Parameters
    ----------
    rows, vectors : tuple
        Their lengths are the block's rows and vectors a row, known when compiling.  If `vectors`
        are of bool (`beside`), every column has its own number of a, beside its neighbour's.  If
        they are of float (`padded`), b has a number in every lane.
    a, a_at, a_row, a_outer, a_middle, a_inner
        Flat array, where the block begins, and its strides along i and the loops of k.
    outer, middle, inner : int
        Lengths of the loops of k.
    b, b_at, b_row
        Flat array, its beginning, and the stride from one k to the next.
    start, start_at, start_row
        What the sums start with (stride 0: the same for every row).
    c, c_at, c_row
        Where the result goes.
    skip : int
        Rows at the beginning that are not written: somebody else's, in a last, overlapping block.
    columns : int
        How many columns are there, from this block's first on.
    """
    signature = types.void(
        rows, vectors, a, a_at, a_row, a_outer, a_middle, a_inner, outer, middle, inner, b, b_at,
        b_row, start, start_at, start_row, c, c_at, c_row, skip, columns,
    )  # fmt: skip
    return signature, _write_block


def _write_block(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    (_, _, a, a_at, a_row, a_outer, a_middle, a_inner, outer, middle, inner, b, b_at, b_row,
     start, start_at, start_row, c, c_at, c_row, skip, columns) = args  # fmt: skip
    rows, vectors = signature.args[0].count, signature.args[1].count
    own = signature.args[1].dtype == types.boolean
    filled = isinstance(signature.args[1].dtype, types.Float)
    add, mul, v = builder.add, builder.mul, Vectors(builder)

    def data(index: int, array: Any) -> Any:
        return context.make_array(signature.args[index])(context, builder, array).data

    a_data, b_data, start_data, c_data = data(2, a), data(11, b), data(14, start), data(17, c)
    firsts = [INDEX(j * LANES) for j in range(vectors)]
    masks = [v.below(builder.sub(columns, first)) for first in firsts]
    sums = [[cgutils.alloca_once(builder, VECTOR) for _ in firsts] for _ in range(rows)]
    for slot in (slot for row in sums for slot in row):
        builder.store(v.zero, slot)
    b_next = cgutils.alloca_once_value(builder, b_at)
    with cgutils.for_range(builder, outer) as one, cgutils.for_range(builder, middle) as two:
        base = add(a_at, add(mul(one.index, a_outer), mul(two.index, a_middle)))
        with cgutils.for_range(builder, inner) as three:
            place, b_place = add(base, mul(three.index, a_inner)), builder.load(b_next)
            factors = [
                v.load(b_data, add(b_place, first), None if filled else mask)
                for first, mask in zip(firsts, masks, strict=True)
            ]
            builder.store(add(b_place, b_row), b_next)
            for row in sums:
                if own:
                    numbers = [
                        v.load(a_data, add(place, first), mask)
                        for first, mask in zip(firsts, masks, strict=True)
                    ]
                else:
                    numbers = [v.spread(builder.load(builder.gep(a_data, [place])))] * vectors
                for number, factor, slot in zip(numbers, factors, row, strict=True):
                    builder.store(v.multiply_add(number, factor, builder.load(slot)), slot)
                place = add(place, a_row)
    for i, row in enumerate(sums):
        with builder.if_then(builder.icmp_signed(">=", INDEX(i), skip)):
            c_place = add(c_at, mul(INDEX(i), c_row))
            s_place = add(start_at, mul(INDEX(i), start_row))
            for first, mask, slot in zip(firsts, masks, row, strict=True):
                begun = v.load(start_data, add(s_place, first), mask)
                total = builder.fadd(builder.load(slot), begun)
                v.store(total, c_data, add(c_place, first), mask)
    return context.get_dummy_value()


def rows_for(length: int, vectors: int = 2) -> tuple[int, ...]:
    """Return a tuple whose length is the block's rows that divide a length with least waste.

    Examples
    --------
    >>> len(rows_for(4)), len(rows_for(1))
    (4, 1)
    """
    blocks = -(-length // ROWS[vectors])
    return (0,) * -(-length // blocks)


def rows_of(count: int, vectors: int = 2) -> tuple[int, ...]:
    """Return a tuple as long as the block's rows: few kinds, so that little is compiled.

    Examples
    --------
    >>> [len(rows_of(n)) for n in (1, 5)]  # for many rows 4 or 8, as the registers allow
    [1, 4]
    """
    most = 8 if _WIDE else 4  # on narrower machines eight would not stay in registers
    most = ROWS[1] if vectors == 1 else most
    return (0,) * (most if count >= most else 4 if count >= 4 else 1)


def padded(vectors: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the vectors of a block whose b has numbers in every lane: it is read without masks.

    What is computed in a lane without a column is not written.
    """
    return vectors if isinstance(vectors[0], bool) else (0.0,) * len(vectors)


def vectors_for(columns: int) -> tuple[Any, ...]:
    """Return a tuple whose length is the vectors of a block's row: 3 where fewer lanes are idle.

    Examples
    --------
    >>> [len(vectors_for(n * LANES)) for n in (1, 2, 3, 4, 5, 6)]
    [1, 2, 3, 2, 2, 2]
    """
    whole = -(-columns // LANES)
    vectors = (0,) * min((2, 3), key=lambda n: -(-whole // n) * n) if whole > 1 else (0,)
    return vectors if columns % (LANES * len(vectors)) else padded(vectors)


def beside(columns: int) -> tuple[bool, ...]:
    """Return such a tuple for a block whose columns have numbers of a of their own."""
    return (True,) * (1 if columns <= LANES else 2)
