"""How kernels are compiled by numba (the extra `fast`); imported where numba is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.extending import intrinsic

from autograd_core.workers.compiled.cache import keep


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function on its first call with new types; other threads run meanwhile.

    The result is kept on disk, beside the source or in the user's cache.
    """
    return keep(numba.njit(nogil=True)(function))


def operation(function: Callable[..., Any]) -> Any:
    """Return an operation for kernels that is written in LLVM's instructions."""
    return intrinsic(function)


def fast_kernel(function: Callable[..., Any]) -> Any:
    """Compile with sums in any order and x / 0 as in NumPy, so that loops run in vectors."""
    flags = {"reassoc", "contract", "nsz"}  # infinities and NaN keep their meaning
    return keep(numba.njit(nogil=True, fastmath=flags, error_model="numpy")(function))


def exact_kernel(function: Callable[..., Any]) -> Any:
    """Compile with sums as they are written, and x / 0 as in NumPy."""
    return keep(numba.njit(nogil=True, error_model="numpy")(function))


def unkept_kernel(function: Callable[..., Any]) -> Any:
    """Compile as `exact_kernel` does, for this process alone."""
    return numba.njit(nogil=True, error_model="numpy")(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Write a function out wherever a compiled one calls it, under that one's flags."""
    return numba.njit(nogil=True, inline="always")(function)
