"""Kernels compiled by numba; loaded by `nn.functional.kernels.compiled` when they pay.

Nothing here is needed: every kernel has a plain NumPy form that runs without
numba, and that the tests compare it with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba  # type: ignore[import-untyped] # ships no types

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a function on its first call with new types; other threads run meanwhile."""
    return cast(Function, numba.njit(nogil=True, cache=True)(function))


def fast_kernel(function: Function) -> Function:
    """Compile with sums in any order and x / 0 as in NumPy, so that loops run in vectors."""
    flags = {"reassoc", "contract", "nsz"}  # infinities and NaN keep their meaning
    compiled = numba.njit(nogil=True, cache=True, fastmath=flags, error_model="numpy")
    return cast(Function, compiled(function))


def inlined(function: Function) -> Function:
    """Write a function out wherever a compiled one calls it, under that one's flags."""
    return cast(Function, numba.njit(nogil=True, inline="always")(function))
