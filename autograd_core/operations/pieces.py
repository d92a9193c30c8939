"""Elementwise work on large arrays: in pieces that stay in the cache, shared among threads.

A function that looks at one number at a time may be computed piece by piece.  NumPy lets go of
the interpreter's lock inside its loops, so several threads can take pieces.  A rule of several
passes makes temporary arrays of a piece only, which the cache holds, and one fresh array of full
size.  Pieces begin at multiples of 64 numbers, so that NumPy's vector loops meet the same numbers
as in the whole array: the bits are the same.

Where NumPy would complain of a floating-point error, and wherever the layout is not simple, the
whole array is computed in one call, which says what NumPy says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from time import perf_counter_ns
from typing import Any, NamedTuple

import numpy as np

from autograd_core.operations.exact_loops import in_one_loop
from autograd_core.operations.saved_reads import Probe
from autograd_core.workers.settings import setting
from autograd_core.workers.threads import share

LARGE = 1 << 20  # bytes; below, an array is one call
PIECE = 1 << 18  # bytes; with its temporary arrays a piece stays in a core's cache
SHARED = 1 << 20  # bytes of a piece where threads share them: they wait between the calls
BEYOND = 1 << 23  # bytes; from here on two cores read memory faster than one
WORTH = 400_000  # nanoseconds of work that threads share; less is done by one, in its own cache
SAMPLE = 1 << 15  # numbers of which the time is taken, once for each operation and dtype
MOST = 1000  # operations and dtypes whose times are remembered
TURNED = 1 << 17  # bytes; a matrix that lies in Fortran order is copied by `_turned` from here on
TURNS = 3  # pieces for each thread where nothing is kept in the cache: one may be held up
_ndarray = np.ndarray
_NUMBERS = (float, int, complex, bool, np.generic)


class Pieces(NamedTuple):
    """How an elementwise operation is computed in pieces.

    Attributes
    ----------
    ufunc : numpy.ufunc or None
        The function, if it can write into memory that it is given.
    partials : tuple
        For each argument the partial derivative, if its rule is ``g * partial(y, *args)``.
    """

    ufunc: np.ufunc | None
    partials: tuple[Callable[..., Any] | None, ...]


class _Layout:
    """How operands are cut along one axis, and where the results go.

    Attributes
    ----------
    values : list
        The operands; arrays transposed where they lie in Fortran order, and made vectors where
        they have no gaps.
    shape : tuple
        The result's shape, likewise.
    """

    def __init__(self, values: Sequence[Any], shape: tuple[int, ...]) -> None:
        arrays = [v for v in values if v.__class__ is _ndarray]
        self.shape, self.turned = shape, False
        if not all(map(_in_c_order, arrays)):
            if not all(v.ndim == len(shape) and _in_c_order(v.T) for v in arrays):
                raise NotSimpleError
            self.turned, self.shape = True, shape[::-1]
            values = [v.T if v.__class__ is _ndarray else v for v in values]
        self.vectors = True
        for v in values:
            if v.__class__ is _ndarray:
                flat = v.shape == self.shape and (v.flags.c_contiguous or not any(v.strides))
            else:
                flat = not isinstance(v, Probe) or v.shape == shape
            if not flat:
                self.vectors = False
                break
        if self.vectors:
            values = [v.reshape(-1) if v.__class__ is _ndarray else v for v in values]
            self.shape = (math.prod(shape),)
        self.values = [(v, self._rest(v)) for v in values]

    def _rest(self, v: Any) -> tuple[int, ...] | None:
        """Return the shape of one row of an operand that is cut; None if it is taken whole."""
        if v.__class__ is _ndarray:
            shape = v.shape
        elif isinstance(v, Probe):
            shape = self.shape if self.vectors else v.shape[::-1] if self.turned else v.shape
        else:
            return None
        cut = len(shape) == len(self.shape) and shape[0] == self.shape[0]
        return shape[1:] if cut else None

    def cut(self, start: int, stop: int) -> list[Any]:
        """Return the operands' rows from start to stop; what is broadcast along them, whole."""
        stop = min(stop, self.shape[0])
        return [
            v if rest is None
            else v[start:stop] if v.__class__ is _ndarray
            else v.of_shape((stop - start, *rest))
            for v, rest in self.values
        ]  # fmt: skip

    def rows(self, size: int) -> int:
        """Return how many rows have so many numbers, about."""
        width = math.prod(self.shape[1:])
        if len(self.shape) == 1:
            return max(size // 64 * 64, 64)
        return max(size // max(width, 1), 1)  # NumPy's inner loops are rows, cut or not

    def empty(self, shape: tuple[int, ...], dtype: Any) -> tuple[Any, Any]:
        """Return memory for the result, and the same as it is cut."""
        out = np.empty(shape, dtype, order="F" if self.turned else "C")
        return out, (out.T if self.turned else out).reshape(self.shape)


class NotSimpleError(Exception):
    """Whole arrays are to be computed in one call."""


def _in_c_order(v: Any) -> bool:
    """Whether an array's axes lie in C order, with gaps or repeated at most: no negative stride."""
    last = None
    for stride, n in zip(v.strides, v.shape, strict=True):
        if n == 1 or stride == 0:
            continue
        if stride < 0 or (last is not None and stride > last):
            return False
        last = stride
    return True


class _Known(NamedTuple):
    """What is known of an operation on arrays of a dtype.

    Attributes
    ----------
    nanoseconds : float
        How long it takes for a number in the cache.
    one_pass : bool
        Whether it makes no temporary arrays, so that one thread alone need not cut it.
    """

    nanoseconds: float
    one_pass: bool


_known: dict[Any, _Known] = {}


def _measured(
    into: Callable[[list[Any], Any], None], layout: _Layout, dtype: Any, one_pass: bool
) -> _Known:
    """Take an operation's time.  The bits do not depend on it, only who computes them."""
    rows = min(layout.rows(SAMPLE), layout.shape[0])
    parts, out = layout.cut(0, rows), np.empty((rows, *layout.shape[1:]), dtype)
    taken = []
    for _ in range(2):  # the second time in warm memory
        start = perf_counter_ns()
        into(parts, out)
        taken.append(perf_counter_ns() - start)
    return _Known(min(taken) / max(out.size, 1), one_pass)


def _is_shared(known: _Known, like: Any) -> bool:
    return bool(like.nbytes >= BEYOND or known.nanoseconds * like.size >= WORTH)


def _layout(values: Sequence[Any]) -> tuple[_Layout, tuple[int, ...]]:
    shapes = []
    for v in values:
        if v.__class__ is _ndarray:
            if v.dtype.kind not in "fciub" or not v.dtype.isnative:
                raise NotSimpleError
            shapes.append(v.shape)
        elif isinstance(v, Probe):
            shapes.append(v.shape)
        elif not isinstance(v, _NUMBERS):
            raise NotSimpleError
    shape = np.broadcast_shapes(*shapes)
    if not shape:
        raise NotSimpleError
    return _Layout(values, shape), shape


def unless_one_call(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function return None if it fails or NumPy complains: one call says all there is to say.

    Examples
    --------
    >>> careful = unless_one_call(np.log)
    >>> float(careful(1.0)), careful(0.0), careful("a")
    (0.0, None, None)
    """

    @wraps(compute)
    def run(*args: Any) -> Any:
        heard: list[Any] = []
        asked: Any = {kind: "call" for kind, how in np.geterr().items() if how != "ignore"}
        try:
            with np.errstate(call=lambda *said: heard.append(said), **asked):
                made = compute(*args)
        except Exception:  # the one call raises it, for the reason that it has
            return None
        return None if heard else made

    return run


def computed(
    function: Any, into: Callable[[list[Any], Any], None], values: Sequence[Any],
    one_pass: Callable[[list[Any]], bool], key: Any, like: Any, ours: bool = True,
) -> Any:  # fmt: skip
    """Return function(*values), computed in pieces; None where it must be one call, or may as well.

    Parameters
    ----------
    function : callable
        Of the whole values.
    into : callable
        ``into(parts, out)`` writes the value of a piece.
    values : sequence
        Arrays and numbers that broadcast.
    one_pass : callable
        ``one_pass(parts)`` tells whether it makes no temporary arrays.
    key : hashable
        What is computed: its time is taken once.
    like : ndarray
        One of the values, of the size of the result.
    ours : bool, optional
        Whether the function is one of these packages: it never changes, so a loop may stand for it.
    """
    if ours and (made := in_one_loop(function, values, key)) is not None:
        return made
    known = _known.get((key, like.dtype))
    if known is not None and known.one_pass and not _is_shared(known, like):
        return None
    return _cut(function, into, values, one_pass, key, like)


@unless_one_call
def _cut(
    function: Any, into: Callable[[list[Any], Any], None], values: Sequence[Any],
    one_pass: Callable[[list[Any]], bool], key: Any, like: Any,
) -> Any:  # fmt: skip
    layout, shape = _layout(values)
    threads = setting("threads")
    empty = layout.cut(0, 0)
    model = function(*empty)
    if model.__class__ is not _ndarray or model.shape != (0, *layout.shape[1:]):
        raise NotSimpleError
    known = _known.get((key, like.dtype))
    if known is None:
        known = _measured(into, layout, model.dtype, one_pass(empty))
        if len(_known) >= MOST:
            _known.clear()  # operations that are declared in a loop shall not be held for good
        _known[key, like.dtype] = known
    if not _is_shared(known, like):
        threads = 1
    if threads > 1:
        numbers = math.prod(shape)
        size = SHARED // model.itemsize
        if known.one_pass:
            size = max(size, numbers // (TURNS * threads))
        size = min(size, -(-numbers // threads) + 63)
    elif known.one_pass:
        raise NotSimpleError
    else:
        size = PIECE // model.itemsize
    rows = layout.rows(size)
    out, target = layout.empty(shape, model.dtype)

    def task(k: int) -> None:
        start, stop = k * rows, (k + 1) * rows
        into(layout.cut(start, stop), target[start:stop])

    share(task, -(-layout.shape[0] // rows), threads)
    return out


def first_large(values: Sequence[Any], size: int | None = None) -> Any:
    """Return the first array of so many bytes, or of `LARGE`, that is worth cutting, or None."""
    least = LARGE if size is None else size
    for v in values:
        if v.__class__ is _ndarray and v.nbytes >= least:
            return v
    return None


def copies(g: Any, y: Any, *args: Any, **params: Any) -> Any:
    """Return the rule of a plus: each input gets a copy.  The sweep knows it by identity."""
    return g


def forward(primitive: Any, args: Sequence[Any]) -> Any:
    """Return an operation's value of raw arguments; in pieces, if it states `Pieces`."""
    like = first_large(args) if primitive.pieces is not None else None
    if like is not None and setting("threads") > 1:
        ufunc = primitive.pieces.ufunc
        run = ufunc or primitive.forward

        def into(parts: list[Any], out: Any) -> None:
            if ufunc is None:
                out[...] = run(*parts)
            else:
                ufunc(*parts, out=out)

        made = computed(
            run, into, args, lambda parts: ufunc is not None, primitive, like, primitive.own
        )
        if made is not None:
            return made
    return primitive.forward(*args)


def derivative(
    primitive: Any, index: int, g: Any, y: Any, args: Sequence[Any], params: dict[str, Any]
) -> Any:
    """Return what an operation's rule for one argument makes of a gradient or a tangent.

    Parameters
    ----------
    primitive : Primitive
        It states `Pieces`.
    index : int
        Which argument's rule.
    g, y, args, params
        As the rule takes them.  Settings that are arrays are cut as the arguments are.
    """
    rule, partial = primitive.vjps[index], primitive.pieces.partials[index]
    names, count = list(params), 2 + len(args)

    def whole(*parts: Any) -> Any:
        return rule(*parts[:count], **dict(zip(names, parts[count:], strict=True)))

    def into(parts: list[Any], out: Any) -> None:
        if partial is None:
            out[...] = whole(*parts)
        else:
            np.multiply(parts[0], partial(*parts[1:]), out=out)

    def one_pass(parts: list[Any]) -> bool:  # as of a product: g times the other factor
        return partial is not None and any(partial(*parts[1:]) is p for p in parts)

    made = None
    if g.__class__ is _ndarray and g.nbytes >= LARGE and g.shape == y.shape and rule is not copies:
        given = (g, y, *args, *params.values())
        made = computed(whole, into, given, one_pass, (primitive, index), g, primitive.own)
    return rule(g, y, *args, **params) if made is None else made


def copied(a: Any) -> Any:
    """Return a copy of an array, in C order, as the method gives it."""
    made = None
    if a.ndim == 2 and a.nbytes >= TURNED and a.strides[0] == a.itemsize < a.strides[1]:
        made = _turned(a)
    elif a.nbytes >= LARGE and setting("threads") > 1 and _in_c_order(a):
        made = computed(
            np.positive, lambda parts, out: np.copyto(out, parts[0]), (a,), lambda parts: True,
            np.copyto, a,
        )  # fmt: skip
    return a.copy() if made is None else made


def _turned(a: Any) -> Any:
    """Return a copy of a matrix that lies in Fortran order, as the gradient of w in ``x @ w.T``.

    NumPy reads whole rows, a number from each column.  Where columns begin a multiple of 1,024
    bytes apart, as in most layers, a cache has few places for their beginnings, and they push one
    another out before the next row is read; many columns lie in more pages than a processor
    remembers.  So a few columns at a time.
    """
    rows, columns = a.shape
    width = 32 if a.strides[1] % 1024 == 0 or columns > 1024 else columns
    out = np.empty(a.shape, a.dtype)
    # below, it costs more that a helper sits where the next product's thread is to run
    threads = setting("threads") if a.nbytes >= 4 * LARGE else 1
    height = -(-rows // threads)

    def task(k: int) -> None:
        part = slice(k * height, (k + 1) * height)
        for j in range(0, columns, width):
            out[part, j : j + width] = a[part, j : j + width]

    share(task, threads, threads)
    return out
