"""Small matrix products on one thread of NumPy's OpenBLAS.

OpenBLAS's threads stay awake for some twenty milliseconds after each product that they share,
and take a core from whatever runs next.  A product of a few megaflops gains less than that costs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

SMALL = 8e6  # operations: less than a tenth of a millisecond on one core
TINY = 5e5  # OpenBLAS itself leaves these to one thread


def _controls() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Return functions that tell and set OpenBLAS's number of threads; None with another BLAS."""
    try:
        # the module links to the library, so its handle finds the library's functions
        library = ctypes.CDLL(np.linalg._umath_linalg.__file__)
    except (AttributeError, OSError):  # pragma: no cover - NumPy built in another way
        return None
    for prefix, suffix in (("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", "")):
        ask, tell = (
            getattr(library, f"{prefix}openblas_{verb}_num_threads{suffix}", None)
            for verb in ("get", "set")
        )
        if ask is not None and tell is not None:
            return ask, tell
    return None  # pragma: no cover - another BLAS


_found: Any = False  # not looked for yet


def dot(a: Any, b: Any) -> Any:
    """Return the matrix product of two values of any kind; small arrays' on one thread."""
    global _found
    if type(a) is not np.ndarray or type(b) is not np.ndarray:
        return a @ b
    if not TINY < 2.0 * a.size * b.shape[-1] < SMALL:
        return a.dot(b)
    if _found is False:
        _found = _controls()
    if _found is None:
        return a.dot(b)
    ask, tell = _found
    before = ask()
    if before == 1:
        return a.dot(b)
    tell(1)
    try:
        return a.dot(b)
    finally:
        tell(before)
