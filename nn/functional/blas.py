"""Matrix products of layers: compiled, or NumPy's.

OpenBLAS chooses its kernels by the processor's model, and takes those for half as wide vectors on a
model that it does not know; our compiled product is then twice as fast.  Where OpenBLAS knows the
processor, ours is the faster one for products with a short side (docs/decisions/201).  The choice
depends on the processor and the shapes alone, so a run gives the same bits each time.
"""

from __future__ import annotations

import ctypes
import math
from functools import cache
from typing import Any

import numpy as np

from autograd_core import bilinear

from .kernels import compiled_for, make_room
from .scratch import buffer

ALONE = 1 << 18  # m n k: OpenBLAS leaves products up to here to the thread that asks
SHORT = 32  # a side up to here, as a small batch's: OpenBLAS's kernels do not reach their speed
FEWEST = 8  # rows; a product of fewer wastes what it loads
WIDE = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # its kernels for vectors of 512 bits
_NAMES = [("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", "")]  # how builds call functions


def _functions(*verbs: str) -> tuple[Any, ...] | None:
    """Return functions of the OpenBLAS that NumPy has loaded; None with another BLAS."""
    try:
        # the module links to the library, so its handle finds the library's functions
        library = ctypes.CDLL(np.linalg._umath_linalg.__file__)
    except (AttributeError, OSError):  # pragma: no cover - NumPy built in another way
        return None
    for prefix, suffix in _NAMES:
        found = [getattr(library, f"{prefix}openblas_{verb}{suffix}", None) for verb in verbs]
        if None not in found:
            return tuple(found)
    return None  # pragma: no cover - another BLAS


@cache
def longest() -> float:
    """Return up to which length of its shortest side a product is compiled: 0, SHORT or inf."""
    found = _functions("get_corename")
    if found is None:
        return 0
    from .compiled.microkernel import LANES

    if LANES < 16:
        return 0
    (name,) = found
    name.restype = ctypes.c_char_p
    return SHORT if name().decode() in WIDE else math.inf


def dot(a: Any, b: Any, start: Any = None) -> Any:
    """Return the product of two matrices of any kind of value, plus `start` to every row."""
    given = (a, b) if start is None else (a, b, start)
    if all(type(value) is np.ndarray for value in given):
        work = 2.0 * a.size * b.shape[-1]
        if compiled_for(work, *given) and min(*a.shape, b.shape[-1]) <= longest():
            from .compiled.product import product

            return product(*given)
        if work > 2 * ALONE:
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
    return compiled_for(2.0 * a.size * b.shape[-1], a, b)


_call = bilinear(product, lambda g, a, b: dot(g, b.T), lambda g, a, b: dot(a.T, g), name="product")
