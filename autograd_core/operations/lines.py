"""Work along an axis of large arrays: each line by itself, in parts, shared among threads.

A sum of rows needs each row alone, and so does its derivative.  So the arrays are cut along an
axis that the function does not work along, and the parts are computed side by side, as in `pieces`.
Every line is computed as before, so the bits are the same.  Parts are few: a function makes several
calls for each, and those of small arrays take as long as their work.

Where NumPy would complain of a floating-point error, and wherever the layout is not simple, the
whole array is computed in one call, which says what NumPy says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autograd_core.operations import pieces
from autograd_core.workers.settings import setting
from autograd_core.workers.threads import share

_ndarray = np.ndarray
LARGE = 1 << 21  # bytes; below, cutting and waking a thread take as long as the work
COLUMNS = 64  # the least numbers side by side where lines lie across: NumPy's loops run along them


def in_lines(
    function: Callable[..., Any], axis: Any = None, *, broadcast: bool = False
) -> Callable[..., Any]:
    """Return a function that computes large arrays in parts, if there are lines to share.

    Parameters
    ----------
    function : callable
        ``function(*arrays, axis=..., **settings)``: an array or a tuple.  It looks at each line
        along ``axis`` by itself.  The largest array has all axes.  The others, and the results,
        have all of them, too, perhaps of length 1, or lack those of ``axis``, as gradients and
        results of a reduction do.
    axis : int or tuple of int, optional
        What stands for ``axis`` where it is not given; None, all axes.
    broadcast : bool, optional
        Whether arrays of fewer axes lack the first ones, as where NumPy broadcasts.

    Returns
    -------
    callable
        The function, with the same results to the bit.

    Examples
    --------
    >>> shares = in_lines(lambda x, *, axis: x / np.sum(x, axis=axis, keepdims=True))
    >>> bool((shares(np.ones((4096, 1024)), axis=1) == 1 / 1024).all())  # in parts
    True
    """

    @wraps(function)
    def run(*arrays: Any, **settings: Any) -> Any:
        made = None
        if pieces.first_large(arrays, LARGE) is not None:
            along = settings.get("axis", axis)
            if along is not None and setting("threads") > 1:
                made = _computed(function, arrays, settings, along, broadcast)
        return function(*arrays, **settings) if made is None else made

    run.in_lines_of = function  # type: ignore[attr-defined]  # what `saved_reads` looks into
    return run


@pieces.unless_one_call
def _computed(
    function: Callable[..., Any],
    arrays: tuple[Any, ...],
    settings: dict[str, Any],
    along: Any,
    broadcast: bool,
) -> Any:
    """Return function(*arrays, **settings), computed in parts; None where it must be one call."""
    cut, threads = _Cut(arrays, settings, along, broadcast), setting("threads")
    count, rows = cut.division(threads)
    model = function(*cut.parts(0, 1), **settings)
    single = not isinstance(model, tuple)
    outs = [cut.result(m) for m in ((model,) if single else model)]

    def task(k: int) -> None:
        start, stop = k * rows, (k + 1) * rows if k + 1 < count else cut.length
        found = function(*cut.parts(start, stop), **settings)
        for out, part in zip(outs, (found,) if single else found, strict=True):
            out[cut.place(out, start, stop)] = part

    share(task, count, threads)
    return outs[0] if single else tuple(outs)


class _Cut:
    """Along which axis arrays are cut.

    Attributes
    ----------
    length : int
        Of the axis.
    """

    def __init__(
        self, arrays: tuple[Any, ...], settings: dict[str, Any], along: Any, broadcast: bool
    ) -> None:
        self.arrays, self.broadcast = arrays, broadcast
        self.whole = x = max(arrays, key=lambda a: np.size(a))
        self.axes: set[int] = {
            k % x.ndim for k in (along if isinstance(along, tuple) else (along,))
        }
        # Between the axes worked along NumPy sums in an order that depends on the lengths.
        first, last = min(self.axes), max(self.axes)
        free = [k for k in range(x.ndim) if not first <= k <= last and x.shape[k] > 1]
        if not free or any(isinstance(v, _ndarray) for v in settings.values()):
            raise pieces.NotSimpleError  # a setting may be as large as x
        self.axis: int = free[0]
        self.length: int = x.shape[self.axis]
        for a in arrays:
            if a.__class__ is not _ndarray or a.dtype.kind not in "fciub" or not a.dtype.isnative:
                raise pieces.NotSimpleError
            if a.size == x.size and not a.flags.c_contiguous:
                raise pieces.NotSimpleError
            if not broadcast and a.ndim not in (x.ndim, x.ndim - len(self.axes)):
                raise pieces.NotSimpleError
            k = self._axis_of(a)
            if k >= 0 and a.shape[k] not in (1, self.length):
                raise pieces.NotSimpleError

    def _axis_of(self, a: Any) -> int:
        """Return which axis of an array is cut; a negative number if it lacks that axis."""
        missing: int = self.whole.ndim - a.ndim
        if not missing or self.broadcast:
            return self.axis - missing
        return self.axis - sum(k < self.axis for k in self.axes)

    def division(self, threads: int) -> tuple[int, int]:
        """Return how many parts there are, and how many indices each has; the last has the rest."""
        size: int = self.whole.nbytes
        wanted = max(pieces.PIECE, size // (pieces.TURNS * threads))
        rows = max(1, wanted * self.length // size)
        if self.axis > min(self.axes):  # lines lie across
            beside = math.prod(self.whole.shape[self.axis + 1 :])
            rows = max(-(-COLUMNS // beside), rows)
        if 2 * rows > self.length:
            raise pieces.NotSimpleError
        return self.length // rows, rows

    def place(self, a: Any, start: int, stop: int) -> tuple[slice, ...]:
        """Return the index of a part of an array."""
        return (*(slice(None),) * self._axis_of(a), slice(start, stop))

    def parts(self, start: int, stop: int) -> list[Any]:
        """Return the arrays from start to stop; what is broadcast along the axis, whole."""
        return [
            a if (k := self._axis_of(a)) < 0 or a.shape[k] == 1 else a[self.place(a, start, stop)]
            for a in self.arrays
        ]

    def result(self, model: Any) -> Any:
        """Return memory for a result, of which the model is the first index."""
        shape, k = list(model.shape), self._axis_of(model)
        if model.__class__ is not _ndarray or k < 0 or shape[k] != 1:
            raise pieces.NotSimpleError
        shape[k] = self.length
        return np.empty(shape, model.dtype)
