"""Elementwise work on large arrays as one compiled loop, where its bits are NumPy's.

A sum, a product, a quotient, a root, a comparison has one right answer to the last bit, so a loop
that numba compiles gives what NumPy's calls give.  It makes no temporary arrays, and the team's
threads begin sooner than Python's.  An exponential or a sine is NumPy's own: nothing else has its
bits.

NumPy complains of overflow, of division by zero and the like.  The loop looks at the machine's
flags afterwards; where NumPy would say something, NumPy computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.operations.saved_reads import Probe
from autograd_core.workers.formula import EVERYWHERE, is_number, trace_of
from autograd_core.workers.native import KINDS
from autograd_core.workers.settings import compiles, kernels

MOST = 1000  # loops that are remembered
_ndarray = np.ndarray
_NUMBERS = frozenset({np.float32, np.float64})
_loops: dict[Any, Any] = {}


def in_one_loop(function: Callable[..., Any], values: Sequence[Any], key: Any) -> Any:
    """Return ``function(*values)`` with NumPy's bits; None where NumPy is to compute it.

    Parameters
    ----------
    function : callable
        Of each element.
    values : sequence
        Arrays that lie alike in memory, or repeat one number; and numbers.
    key : hashable
        What the function is: its loop is made once for each combination of dtypes.
    """
    if not compiles():
        return None
    known, like = [key], None
    for v in values:
        kind = v.__class__
        if kind is _ndarray:
            code = KINDS.get(v.dtype)
            if code is None:
                return None
            if not any(v.strides):
                code += "1"
            elif like is None:
                like = v
            elif v.shape != like.shape or not (
                (v.flags.c_contiguous and like.flags.c_contiguous) or v.strides == like.strides
            ):
                return None
            known.append(code)
        elif is_number(v):
            known.append("n")
        elif kind in _NUMBERS:
            known.append(kind)
        elif isinstance(v, Probe):  # has no numbers: what reads it is no formula
            known.append("-")
        else:
            return None  # a number of another kind, a setting: part of what is computed
    if like is None:
        return None
    for v in values:
        if v.__class__ is _ndarray and v.shape != like.shape and v.ndim:
            return None
    try:
        loop = _loops[tuple(known)]
    except KeyError:
        if len(_loops) >= MOST:
            _loops.clear()  # operations that are declared in a loop shall not be held for good
        loop = _loops[tuple(known)] = _made(function, values)
    return None if loop is None else _run(loop, values, like)


def _run(loop: Any, values: Sequence[Any], like: Any) -> Any:
    made = np.empty_like(like, dtype=loop.dtypes[0])
    order = None
    if not like.flags.c_contiguous:
        order = sorted(range(like.ndim), key=lambda k: -like.strides[k])
        if not like.transpose(order).flags.c_contiguous:
            return None  # it has gaps
    arrays, numbers = [], []
    for v in values:
        if v.__class__ is _ndarray:
            if not any(v.strides):
                arrays.append(v[(0,) * v.ndim])
            else:
                arrays.append((v if order is None else v.transpose(order)).reshape(-1))
        elif v.__class__ in _NUMBERS:
            arrays.append(v)
        elif is_number(v):
            numbers.append(float(v))
    out = (made if order is None else made.transpose(order)).reshape(-1)
    flags = loop(arrays, (out,), numbers)
    programs = kernels("autograd_core.workers.compiled.programs")
    return None if flags and programs.heard(flags) else made


def _made(function: Callable[..., Any], values: Sequence[Any]) -> Any:
    """Return the loop for values of these kinds; None if not every step is exact."""
    found = trace_of(function, values)
    if found is None or not (found.single and found.exact):
        return None
    if found.outputs[0].span != EVERYWHERE or found.outputs[0].dtype not in KINDS:
        return None
    sums = kernels("autograd_core.workers.compiled.sums")
    if sums is None or not sums.FLAGS:
        return None
    return kernels("autograd_core.workers.compiled.generated").kernel(found, watched=True)
