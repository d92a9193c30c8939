"""Formulas over rows: softmax, normalizations and their derivatives, each stated once in NumPy.

A formula reduces with ``axis=axis, keepdims=True``.  Large arrays are worked through a row or a
block of rows at a time, compiled or in NumPy, wherever in memory a row's numbers lie.  A result for
a smaller argument, such as the gradient of a weight, is summed on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograd_core.extend import in_lines
from autograd_core.workers.formula import Formula, Span, trace
from autograd_core.workers.native import FLOATS
from autograd_core.workers.settings import compiles
from autograd_core.workers.settings import kernels as loaded
from autograd_core.workers.walks import Walk, walk

from .pointwise import alike

FEWEST = 1 << 10  # numbers; below, NumPy's calls are as fast as finding and calling a kernel
PLANS = 256  # of one formula; more shapes than that are planned anew


class RowFormula:
    """A function of arrays that reduces over given axes.

    Parameters
    ----------
    function : callable
        ``function(*arrays, axis, **settings)`` in NumPy: one result or a tuple. Each is as large as
        the first array, or has length 1 along the axes.
    settings : sequence of str, optional
        The names of its settings, which are floats.

    Examples
    --------
    >>> shares = RowFormula(lambda x, *, axis: x / np.sum(x, axis=axis, keepdims=True))
    >>> shares(np.array([[1.0, 3.0]]), axis=1)
    array([[0.25, 0.75]])
    """

    def __init__(self, function: Callable[..., Any], settings: Sequence[str] = ()) -> None:
        self.function, self.settings = function, tuple(settings)
        self.in_parts = in_lines(function, broadcast=True)
        self.traced: dict[Any, _Traced | None] = {}
        self.plans: dict[Any, _Plan | None] = {}

    def __call__(self, *arrays: Any, axis: Any, shapes: Any = None, **settings: Any) -> Any:
        """Return the results.

        Parameters
        ----------
        *arrays : array
            The first has the whole shape, to which the others broadcast.
        axis : int or tuple of int
            What the formula reduces over.
        shapes : tuple, optional
            For each result the shape that it is summed to; None: as it is.
        **settings : float
            The formula's settings.
        """
        made = self.compiled(*arrays, axis=axis, shapes=shapes, **settings)
        if made is not None:
            return made
        made = self.in_parts(*arrays, axis=axis, **settings)
        if shapes is None:
            return made
        return tuple(
            value if shape is None or np.shape(value) == shape else sum_to(value, shape)
            for value, shape in zip(made, shapes, strict=True)
        )

    def compiled(
        self, *arrays: Any, axis: Any, shapes: Any = None, out: Any = None, **settings: Any
    ) -> Any:
        """Return the results of a kernel, or None: there is none, or the arrays are too small.

        Parameters
        ----------
        *arrays, axis, shapes, **settings
            As in a call.
        out : ndarray, optional
            Where the only result is written, a dense array that is none of the others.  The calling
            thread works alone then: it is one of several.
        """
        if arrays[0].size < FEWEST:
            return None
        lies: list[Any] = [axis, shapes]
        for a in arrays:
            if a.__class__ is not np.ndarray or (kind := FLOATS.get(a.dtype)) is None:
                return None
            lies += (a.shape, a.strides, kind)
        if not compiles():
            return None
        key = tuple(lies)
        if key not in self.plans:
            if len(self.plans) >= PLANS:
                self.plans.clear()
            self.plans[key] = self._planned(arrays, axis, shapes)
        plan = self.plans[key]
        return None if plan is None else plan.run(arrays, settings, out)

    def _planned(self, arrays: tuple[Any, ...], axis: Any, shapes: Any) -> _Plan | None:
        whole = arrays[0].shape
        axes = axis if isinstance(axis, tuple) else (axis,)
        if any(not -len(whole) <= k < len(whole) for k in axes):
            return None  # the formula says what is wrong
        axes = tuple(k % len(whole) for k in axes)
        key = tuple((a.dtype.char, _span(a, whole, axes)) for a in arrays)
        if key not in self.traced:
            formula = trace(
                partial(self.function, axis=-1), [char for char, _ in key], self.settings,
                [span for _, span in key],
            )  # fmt: skip
            self.traced[key] = None if formula is None else _Traced(formula)
        known = self.traced[key]
        return None if known is None else known.plan(arrays, axes, shapes)


class _Traced:
    """A formula for arrays of certain dtypes, and what runs it."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.kernels: Any = None

    def plan(self, arrays: tuple[Any, ...], axes: tuple[int, ...], shapes: Any) -> _Plan | None:
        """Return how to run it on arrays that lie in memory as these do."""
        first = arrays[0]
        whole = first.shape
        copied = not _dense(first)
        if copied:
            first = np.ascontiguousarray(first)
        kept = tuple(1 if k in axes else n for k, n in enumerate(whole))
        outs = []
        for k, term in enumerate(self.formula.outputs):
            if shapes is not None and shapes[k] is not None:
                outs.append(np.empty(shapes[k], term.dtype))
            elif term.span.columns:
                outs.append(np.empty_like(first, dtype=term.dtype))
            else:
                outs.append(np.empty(kept, term.dtype))
        moved = tuple(
            k for k, a in enumerate(arrays)
            if k and a.shape == whole and a.strides != first.strides and not _follows(a, first)
        )  # fmt: skip
        given = _prepared(arrays, copied, moved)
        found = walk(whole, (*given, *outs), axes)
        return None if found is None else _Plan(self, found, copied, moved, outs)


class _Plan:
    """How to run a formula on arrays of certain shapes and strides."""

    __slots__ = ("copied", "function", "makes", "moved", "traced", "walk")

    def __init__(
        self, traced: _Traced, walk: Walk, copied: bool, moved: tuple[int, ...], outs: list[Any],
    ) -> None:  # fmt: skip
        self.traced, self.walk, self.copied, self.moved = traced, walk, copied, moved
        self.function: Any = None
        self.makes = [
            (out.shape, out.dtype) if out.flags.c_contiguous else (None, out.dtype) for out in outs
        ]

    def run(self, arrays: tuple[Any, ...], settings: dict[str, Any], out: Any = None) -> Any:
        """Return the results, or None: there is no kernel."""
        if self.function is None:
            self.function = self._found()
        if self.function is False:
            return None
        if self.copied or self.moved:
            arrays = _prepared(arrays, self.copied, self.moved)
        outs = (
            [out]
            if out is not None
            else [
                np.empty_like(arrays[0], dtype=dtype) if shape is None else np.empty(shape, dtype)
                for shape, dtype in self.makes
            ]
        )
        self.function(arrays, outs, settings, out is not None)
        return outs[0] if self.traced.formula.single else tuple(outs)

    def _found(self) -> Any:
        """Return the kernel for the walk, False if there is none."""
        traced = self.traced
        if traced.kernels is None:
            module = loaded("autograd_core.workers.compiled.row_kernels")
            if module is None:
                return False
            traced.kernels = module.RowKernels(traced.formula)
        return traced.kernels.planned(self.walk) or False


def _prepared(arrays: tuple[Any, ...], copied: bool, moved: tuple[int, ...]) -> tuple[Any, ...]:
    """Return arrays with copies of those that lie in memory in another order than the first."""
    found = list(arrays)
    if copied:
        found[0] = np.ascontiguousarray(found[0])
    for k in moved:
        found[k] = alike(found[k], found[0])
    return tuple(found)


def _dense(x: Any) -> bool:
    """Tell whether an array's numbers lie side by side, in any order of the axes."""
    return bool(x.flags.c_contiguous or np.empty_like(x).strides == x.strides)


def _follows(a: Any, first: Any) -> bool:
    """Tell whether neighbours of the first array are neighbours here, or one number."""
    inner = min((k for k, n in enumerate(a.shape) if n > 1), key=lambda k: first.strides[k])
    return a.strides[inner] in (0, a.itemsize)


def _span(a: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Span:
    if a.shape == shape:
        return Span(True, True)
    missing = len(shape) - a.ndim
    longer = {k + missing for k, n in enumerate(a.shape) if n != 1}
    return Span(any(k not in axes for k in longer), any(k in axes for k in longer))


def along(a: Any, b: Any, axis: Any) -> Any:
    """Return the sums of a * b along an axis or several, which keep length 1; of terms, too.

    Examples
    --------
    >>> along(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), 1)
    array([[11.]])
    """
    if type(a) is not np.ndarray or type(b) is not np.ndarray or a.shape != b.shape:
        return (a * b).sum(axis=axis, keepdims=True)
    axes = {k % a.ndim for k in (axis if isinstance(axis, tuple) else (axis,))}
    kept = [k for k in range(a.ndim) if k not in axes]
    found = np.einsum(a, range(a.ndim), b, range(a.ndim), kept)
    return found.reshape([1 if k in axes else n for k, n in enumerate(a.shape)])


def products(a: Any, b: Any, like: Any) -> Any:
    """Return a * b summed to the shape of a third array; of terms only a * b.

    Examples
    --------
    >>> products(np.ones((2, 3)), np.ones((2, 3)), np.zeros(3))
    array([2., 2., 2.])
    """
    if type(a) is not np.ndarray or type(b) is not np.ndarray or a.shape != b.shape:
        return a * b
    missing = a.ndim - like.ndim
    kept = [k for k in range(missing, a.ndim) if like.shape[k - missing] != 1]
    return np.einsum(a, range(a.ndim), b, range(a.ndim), kept).reshape(like.shape)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Return x summed over the axes along which a shape that broadcasts to it has no length.

    Examples
    --------
    >>> sum_to(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    """
    missing = np.ndim(x) - len(shape)
    axes = tuple(
        k for k, n in enumerate(np.shape(x)) if k < missing or (shape[k - missing] == 1 and n != 1)
    )
    return np.sum(x, axis=axes).reshape(shape) if axes else x.reshape(shape)
