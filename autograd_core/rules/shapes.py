"""Reshaping, reordering, broadcasting and repeating: linear maps that only move numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import linear
from autograd_core.operations.kinds import foreign
from autograd_core.operations.primitive import implements


# NumPy renamed reshape's keyword; positional use is the same in all versions.
def _reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    if x.__class__ is np.ndarray or foreign(x) is None:
        return x.reshape(shape)
    try:
        return x.reshape(shape)
    except NotImplementedError:  # Dask joins axes or splits them, not both, and none of length 0
        return x.reshape(-1).reshape(shape) if x.size else np.zeros_like(x, shape=shape)


reshape = linear(
    _reshaped,
    lambda g, x, *, shape: _reshaped(g, x.shape),
    name="reshape",
    view=True,
    category="shape",
)

ravel = linear(  # no reshape: what is not contiguous is copied
    lambda x: x.ravel(),
    lambda g, x: _reshaped(g, x.shape),
    name="ravel",
    view=True,
    category="shape",
)


@implements(np.reshape)
def _reshape(
    a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None
) -> Any:
    shape = newshape if shape is None else shape
    if copy is not None:
        raise TypeError(
            f"copy={copy} is not supported on a traced value; copy the result with np.copy."
        )
    if order == "C":
        return reshape(a, shape=shape)
    if order != "F":
        raise TypeError(
            f"order={order!r} reads the elements in memory order, which the engine does not "
            "follow; use 'C' or 'F'."
        )
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return reshape(a.T, shape=shape[::-1]).T


@implements(np.ravel)
def _ravel(a: Any, order: str = "C") -> Any:
    if order == "C" or (np.ndim(a) < 2 and order in ("A", "K")):
        return ravel(a)
    return ravel(a.T) if order == "F" else _reshape(a, (-1,), order)


def _inverse(axes: Any, ndim: int) -> Any:
    if axes is None:
        return None
    axes = np.atleast_1d(axes).tolist()  # NumPy takes a number for a vector's one axis
    order = [0] * ndim
    for place, axis in enumerate(axes):
        order[normalize_axis_index(axis, ndim)] = place
    return tuple(order)


transpose = linear(
    np.transpose,
    lambda g, x, *, axes=None: np.transpose(g, _inverse(axes, x.ndim)),
    formulas=(
        lambda y, x, axes=None: (
            "T(upstream)" if x.ndim == 2 and axes in (None, (1, 0), [1, 0]) else None
        ),
    ),
    view=True,
    category="shape",
)
swapaxes = linear(
    np.swapaxes,
    lambda g, x, *, axis1, axis2: np.swapaxes(g, axis1, axis2),
    formulas=(
        lambda y, x, axis1, axis2: (
            "T(upstream)" if {axis1 % x.ndim, axis2 % x.ndim} == {x.ndim - 2, x.ndim - 1} else None
        ),
    ),
    view=True,
    category="shape",
)
moveaxis = linear(
    np.moveaxis,
    lambda g, x, *, source, destination: np.moveaxis(g, destination, source),
    view=True,
    category="shape",
)
expand_dims = linear(
    np.expand_dims, lambda g, x, *, axis: g.reshape(x.shape), view=True, category="shape"
)
squeeze = linear(
    np.squeeze, lambda g, x, *, axis=None: g.reshape(x.shape), view=True, category="shape"
)
flip = linear(np.flip, lambda g, x, *, axis=None: np.flip(g, axis), view=True, category="shape")


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    """Swap the last two axes."""
    return np.swapaxes(x, -1, -2)


@implements(np.flipud)
def _flipud(m: Any) -> Any:
    return np.flip(m, 0)


@implements(np.fliplr)
def _fliplr(m: Any) -> Any:
    return np.flip(m, 1)


@implements(np.rot90)
def _rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    first, second = (normalize_axis_index(axis, m.ndim) for axis in axes)
    if first == second:
        raise ValueError("Axes must be different.")
    turn = k % 4
    if turn == 0:
        return m
    if turn == 2:
        return np.flip(np.flip(m, first), second)
    if turn == 1:
        return np.swapaxes(np.flip(m, second), first, second)
    return np.flip(np.swapaxes(m, first, second), second)


@implements(np.rollaxis)
def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = normalize_axis_index(axis, a.ndim), start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Add up the axes along which `shape` was broadcast to g's shape."""
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + k for k, n in enumerate(shape) if n == 1 and g.shape[extra + k] != 1
    )
    if axes:  # of halves, sums along all but the last axis would stop at 2048
        g = g.sum(axis=axes) if g.dtype != np.float16 else g.sum(axis=axes, dtype=np.float32)
    return g if g.shape == shape else g.reshape(shape)


broadcast_to = linear(
    np.broadcast_to,
    lambda g, x, *, shape: sum_to(g, x.shape),
    view=True,
    category="shape",
    formulas=("upstream",),
)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Broadcast arrays against each other."""
    shape = np.broadcast_shapes(*(np.shape(a) for a in args))
    return tuple(a if np.shape(a) == shape else np.broadcast_to(a, shape) for a in args)


def _atleast(n: int, place: Any) -> Any:
    def at_least(*arrays: Any) -> Any:
        made = tuple(place(a) if np.ndim(a) < n else a for a in arrays)
        return made[0] if len(made) == 1 else made

    return at_least


def _three(a: Any) -> Any:
    shape = np.shape(a)
    return np.reshape(a, {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}[len(shape)])


implements(np.atleast_1d)(_atleast(1, lambda a: np.reshape(a, (1,))))
implements(np.atleast_2d)(_atleast(2, lambda a: np.reshape(a, (1, np.size(a)))))
implements(np.atleast_3d)(_atleast(3, _three))


def _roll_back(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift


def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if foreign(a) is not None and np.ndim(axis) and not np.ndim(shift):
        shift = (shift,) * len(axis)  # Dask wants one for each axis
    return np.roll(a, shift, axis)


roll = linear(
    np.roll,
    lambda g, x, *, shift, axis=None: _roll(g, _roll_back(shift), axis),
    forward=_roll,
    category="shape",
)


def _repeat_transpose(g: Any, x: Any, *, repeats: Any, axis: Any = None) -> Any:
    axis = axis if x.ndim else None  # NumPy repeats a number along its "axis 0"
    n = x.size if axis is None else x.shape[axis]
    source = np.repeat(np.arange(n), repeats)  # which element each copy came from
    if axis is None:
        return add_at(g, source, n).reshape(x.shape)
    return np.moveaxis(add_at(np.moveaxis(g, axis, 0), source, n), 0, axis)


def add_at(g: Any, index: Any, n: int) -> Any:
    """Add the rows of g into n rows, row k of g into row index[k]."""
    from autograd_core.rules.indexing import scatter

    return scatter(g, index=index, shape=(n, *g.shape[1:]))


def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    try:
        return np.repeat(a, repeats, axis)
    except NotImplementedError:  # of Dask, for several counts and without an axis
        a = a.reshape(-1) if axis is None else a
        axis = 0 if axis is None else axis
        return np.take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis)


repeat = linear(np.repeat, _repeat_transpose, forward=_repeat, category="shape")


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:  # noqa: N803 - NumPy's name
    """Repeat an array along each axis."""
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    x = np.reshape(A, (1,) * (len(reps) - np.ndim(A)) + np.shape(A))
    reps = (1,) * (x.ndim - len(reps)) + tuple(int(r) for r in reps)
    paired = [n for pair in zip((1,) * x.ndim, x.shape, strict=True) for n in pair]
    spread = [n for pair in zip(reps, x.shape, strict=True) for n in pair]
    final = tuple(r * n for r, n in zip(reps, x.shape, strict=True))
    made = np.broadcast_to(x.reshape(tuple(paired)), tuple(spread)).reshape(final)
    # Where no axis of several numbers is repeated, that is a view; NumPy's tile copies.
    copied = any(r > 1 and n > 1 for r, n in zip(reps, x.shape, strict=True))
    return made if copied else made.copy()


def _triangle(function: Any) -> Any:
    def run(m: Any, k: int = 0) -> Any:
        if m.ndim == 1 and foreign(m) is not None:  # as many rows of it as it has numbers
            m = np.broadcast_to(m, (len(m), len(m)))
        return function(m, k)

    return run


tril = linear(
    np.tril, lambda g, x, *, k=0: np.tril(g, k), forward=_triangle(np.tril), category="shape"
)
triu = linear(
    np.triu, lambda g, x, *, k=0: np.triu(g, k), forward=_triangle(np.triu), category="shape"
)


def _diagonal_index(shape: tuple[int, ...], offset: int) -> tuple[Any, Any]:
    rows, columns = shape
    start = (max(-offset, 0), max(offset, 0))
    n = max(min(rows - start[0], columns - start[1]), 0)
    return np.arange(n) + start[0], np.arange(n) + start[1]


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the diagonals: a view, as NumPy's; this one may be written."""
    moved = np.moveaxis(a, (axis1, axis2), (-2, -1))
    n = len(_diagonal_index(moved.shape[-2:], offset)[0])
    down, right = max(-offset, 0), max(offset, 0)
    return np.einsum("...ii->...i", moved[..., down : down + n, right : right + n])


@implements(np.linalg.diagonal)
def _linalg_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return diagonal(x, offset, -2, -1)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """Extract a diagonal, or make a matrix of one."""
    if v.ndim == 2:
        return diagonal(v, k)
    from autograd_core.rules.indexing import scatter

    n = v.shape[0] + abs(k)
    return scatter(v, index=_diagonal_index((n, n), k), shape=(n, n))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """Make a matrix with the flattened values on a diagonal."""
    return diag(np.ravel(v), k)


@implements(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None
) -> Any:
    """Sum along diagonals."""
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@implements(np.linalg.trace)
def _linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return trace(x, offset, -2, -1, dtype)


def _astype(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)


astype_ = linear(_astype, lambda g, x, *, dtype: g, name="astype", category="shape")
copy_ = linear(
    lambda x, order="C": x.copy(order) if order != "C" and foreign(x) is None else x.copy(),
    lambda g, x, *, order="C": g,
    name="copy",
    category="shape",
)


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """Return a copy in memory of its own."""
    return copy_(a) if order == "C" else copy_(a, order=order)


@implements(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: None = None) -> Any:
    """Cast; a cast to integers or booleans carries no derivative."""
    return x.astype(dtype, copy=copy)


_PYTHON_NUMBERS = (bool, int, float, complex)


def strong(v: Any) -> Any:
    """Return a Python number as a number of NumPy's, which takes part in deciding a dtype."""
    return np.asarray(v)[()] if type(v) in _PYTHON_NUMBERS else v


def adapted(v: Any, kind: Any) -> Any:
    """Return a Python number in a dtype that others decided; another value as it is."""
    return np.asarray(v, kind) if type(v) in _PYTHON_NUMBERS else v


def common_kind(*values: Any) -> Any:
    """Return the dtype of a choice among values; Python's numbers adapt to the arrays."""
    weak = [v if type(v) in _PYTHON_NUMBERS else getattr(v, "dtype", None) for v in values]
    return np.result_type(*(np.asarray(v) if k is None else k
                            for v, k in zip(values, weak, strict=True)))  # fmt: skip


def cast_all(arrays: Any, dtype: Any, casting: str, usual: str = "same_kind") -> Any:
    """Return what is joined or multiplied in the dtype for it, as ``casting=`` allows."""
    if dtype is None and casting == usual:
        return arrays  # NumPy's promotion never asks for more
    parts = [a if hasattr(a, "dtype") else np.asarray(a) for a in arrays]
    kind = np.result_type(*(p.dtype for p in parts)) if dtype is None else np.dtype(dtype)
    for p in parts:
        if not np.can_cast(p.dtype, kind, casting):  # type: ignore[arg-type]
            raise TypeError(
                f"{p.dtype} cannot be cast to dtype={kind} according to casting={casting!r}."
            )
    return [p if p.dtype == kind else p.astype(kind) for p in parts]


real = linear(np.real, lambda g, x: g, view=True, category="shape")
imag = linear(
    np.imag,
    lambda g, x: g * -1j if x.dtype.kind == "c" else g * 0,
    view=True,
    category="shape",
)
conj = linear(np.conjugate, lambda g, x: np.conj(g), category="shape")
