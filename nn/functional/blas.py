"""Matrix products of layers: compiled, or NumPy's.

The compiled product is the faster one of the two on processors with vectors of 512 bits, and its
threads are those of all other kernels.  OpenBLAS's own wait for more work on the same cores for
some twenty milliseconds, while helpers are to run there (docs/decisions/288).  The choice depends
on the processor, the BLAS and the shapes alone, so a run gives the same bits each time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autograd_core import bilinear

from .kernels import compiled_for, make_room
from .scratch import buffer

ALONE = 1 << 18  # m n k: OpenBLAS leaves products up to here to the thread that asks
WORTH = 2.0 * ALONE  # operations from which OpenBLAS would call its threads
FEWEST = 8  # rows; a product of fewer wastes what it loads


@cache
def compiles_products() -> bool:
    """Tell whether large products are compiled: NumPy has OpenBLAS, and vectors have 512 bits."""
    if "openblas" not in _blas().lower():
        return False
    from .compiled.microkernel import LANES

    return LANES >= 16


def _blas() -> str:
    """Return the name of the library that multiplies NumPy's matrices."""
    found: Any = np.show_config(mode="dicts")
    return str(found["Build Dependencies"]["blas"]["name"])


def dot(a: Any, b: Any, start: Any = None) -> Any:
    """Return the product of two matrices of any kind of value, plus `start` to every row."""
    given = (a, b) if start is None else (a, b, start)
    if all(type(value) is np.ndarray for value in given):
        work = 2.0 * a.size * b.shape[-1]
        if work > WORTH and compiled_for(work, *given) and compiles_products():
            from .compiled.product import product

            return product(*given)
        if work > WORTH:
            make_room()
        y = a.dot(b)
    elif start is None and _becomes_a_call(a, b):
        return _call(a, b)
    else:
        y = a @ b
    if start is not None:
        y += start
    return y


def is_divided(*factors: Any) -> bool:
    """Tell whether `stacked` keeps OpenBLAS's threads out of products with these on the right."""
    return all(FEWEST * b.shape[-2] * b.shape[-1] <= ALONE for b in factors)


def stacked(a: Any, b: Any, out: Any) -> None:
    """Write a @ b for stacks of matrices; small ones in parts that OpenBLAS does not share out.

    For callers that are one of several threads already. OpenBLAS's number of threads could be set,
    but only for the whole process, and the bits of other threads' products depend on it.
    """
    m, each = a.shape[-2], b.shape[-2] * b.shape[-1]
    rows = ALONE // max(each, 1)
    if rows >= m or rows < FEWEST:
        np.matmul(a, b, out=out)
        return
    if b.strides[-1] != b.itemsize:  # as of k.T, which each part would turn again
        turned = buffer("a product's right factor", b.shape, b.dtype)
        np.copyto(turned, b)
        b = turned
    rows = -(-m // -(-m // rows))  # equal ones: a short rest is slow
    for start in range(0, m, rows):
        part = slice(start, start + rows)
        np.matmul(a[..., part, :], b, out=out[..., part, :])


def product(a: Any, b: Any) -> Any:
    """Return the product of two matrices; what `compile` writes where it is worth a kernel."""
    return dot(a, b)


def _becomes_a_call(a: Any, b: Any) -> bool:
    """Tell whether a program is being written down in which `dot` may be a compiled kernel."""
    if not any(getattr(value, "_written", False) for value in (a, b)):
        return False
    work = 2.0 * a.size * b.shape[-1]
    return work > WORTH and compiled_for(work, a, b)


_call = bilinear(product, lambda g, a, b: dot(g, b.T), lambda g, a, b: dot(a.T, g), name="product")
