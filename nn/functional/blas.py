"""Matrix products of layers: compiled, or NumPy's OpenBLAS with as many threads as pay.

OpenBLAS chooses its kernels by the processor's model, and takes those for half as wide vectors on a
model that it does not know; our compiled product is then twice as fast.
OpenBLAS's threads stay awake for some twenty milliseconds after each product that they share,
and take a core from whatever runs next.  A product of a few megaflops gains less than that costs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from autograd_core import bilinear
from nn.functional.kernels import compiled_for

SMALL = 8e6  # operations: less than a tenth of a millisecond on one core
TINY = 5e5  # OpenBLAS itself leaves these to one thread
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


def _controls() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Return functions that tell and set OpenBLAS's number of threads."""
    return _functions("get_num_threads", "set_num_threads")


@cache
def narrow() -> bool:
    """Tell whether OpenBLAS leaves half of this processor's vectors unused."""
    found = _functions("get_corename")
    if found is None:
        return False
    (name,) = found
    name.restype = ctypes.c_char_p
    if name().decode() in WIDE:
        return False
    from nn.functional.compiled.microkernel import LANES

    return LANES == 16


_found: Any = False  # not looked for yet


def dot(a: Any, b: Any, start: Any = None) -> Any:
    """Return the product of two matrices of any kind of value, plus `start` to every row."""
    given = (a, b) if start is None else (a, b, start)
    if all(type(value) is np.ndarray for value in given):
        work = 2.0 * a.size * b.shape[-1]
        if compiled_for(work, *given) and narrow():
            from nn.functional.compiled.product import product

            return product(*given)
        y = _blas(a, b, work)
    elif start is None and _becomes_a_call(a, b):
        return _call(a, b)
    else:
        y = a @ b
    if start is not None:
        y += start
    return y


def product(a: Any, b: Any) -> Any:
    """Return the product of two matrices; what `compile` writes where it is worth a kernel."""
    return dot(a, b)


def _becomes_a_call(a: Any, b: Any) -> bool:
    """Tell whether a program is being written down in which `dot` does more than NumPy's dot."""
    if not any(getattr(value, "written", False) for value in (a, b)):
        return False
    work = 2.0 * a.size * b.shape[-1]
    return TINY < work < SMALL or compiled_for(work, a, b)


_call = bilinear(product, lambda g, a, b: dot(g, b.T), lambda g, a, b: dot(a.T, g), name="product")


def _blas(a: Any, b: Any, work: float) -> Any:
    if not TINY < work < SMALL:
        return a.dot(b)
    with one_thread():
        return a.dot(b)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenBLAS to the calling thread; with another BLAS nothing happens."""
    global _found
    if _found is False:
        _found = _controls()
    before = _found[0]() if _found else 1
    if before == 1:  # also while another thread is in here: so only what was found is restored
        yield
        return
    tell = _found[1]
    tell(1)
    try:
        yield
    finally:
        tell(before)
