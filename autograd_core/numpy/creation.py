"""NumPy's functions that make arrays, which keep the derivatives of what they are given.

Each does what NumPy's function of that name does.  Without a traced value among the arguments it
calls that function; with one it joins the values by operations that have rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, cast

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine.filling import fillable
from autograd_core.engine.trace_borders import RUNNING
from autograd_core.operations.nested_sequences import holds, join
from autograd_core.operations.primitive import Boxed, bare, innermost_array

# --- arrays of values that exist ---------------------------------------------


def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    like: Any = None,
    **more: Any,
) -> Any:
    """Make an array of a nested sequence of numbers and arrays, traced or not, as numpy.array does.

    Parameters
    ----------
    object : array_like
        A number, an array, or lists inside of lists of them, in any depth.
    dtype : dtype, optional
        Kind of number; NumPy's promotion of all of them if left out.
    copy, order, subok, ndmin, like
        As in NumPy.

    Returns
    -------
    array
        NumPy's own array if nothing in it is traced; otherwise a traced array, of any mode.

    Raises
    ------
    ShapeError
        If the nested sequence is ragged.
    DTypeError
        If dtype= is no kind of number, or the nested sequence holds more than numbers.

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda x: np.sum(np.array([x[0], 2 * x[1], 1.0]) ** 2))(np.array([3.0, 4.0]))
    array([ 6., 32.])
    """
    if not holds(object):
        made = np.array(
            object, dtype, copy=copy, order=order, subok=subok, ndmin=ndmin, like=like, **more
        )
        return _asked(object, made, "array")
    if copy is False and not isinstance(object, Boxed):
        raise errors.ShapeError(
            "array: copy=False of a list: joining its values needs new memory; use asarray, or "
            "copy=None.",
            Location.of_caller(),
        )
    made = _converted(object, dtype, copy, order, "array")
    missing = ndmin - np.ndim(made)
    return np.reshape(made, (1,) * missing + np.shape(made)) if missing > 0 else made


def _asked(given: Any, made: Any, operation: str) -> Any:
    """Refuse an array of objects that NumPy made of what it does not look into, such as a set."""
    if isinstance(made, np.ndarray) and made.dtype.kind == "O" and not made.ndim:
        inside = given.values() if isinstance(given, dict) else given
        if isinstance(inside, Iterable) and not hasattr(inside, "__next__"):
            if any(holds(part) for part in inside):
                raise errors.OperandError(
                    f"{operation}: a {type(given).__name__} of traced values is no sequence, and "
                    "NumPy would keep it as one object; write np.array(list(values)).",
                    Location.of_caller(),
                )
        elif hasattr(inside, "__next__") and RUNNING:
            raise errors.OperandError(
                f"{operation}: NumPy would keep a {type(given).__name__} as one object; write "
                "np.array(list(values)).",
                Location.of_caller(),
            )
    return made


def _converted(given: Any, dtype: Any, copy: bool | None, order: Any, operation: str) -> Any:
    """Return a nested sequence or a traced value as one array of a kind; copied if it must be."""
    if not isinstance(given, Boxed):
        made = join(given, dtype, operation)
        return made.copy(order) if order == "F" and np.ndim(made) > 1 else made
    value = cast(Any, given)
    if dtype is not None and np.dtype(dtype) != value.dtype:
        if copy is False:
            raise errors.ShapeError(
                f"{operation}: copy=False, but {value.dtype} must be copied to become "
                f"{np.dtype(dtype)}; use copy=None.",
                Location.of_caller(),
            )
        value = join(value, dtype, operation)
    elif copy:
        return value.copy(order or "K")
    return value if order not in ("C", "F") or _in_order(value, order) else value.copy(order)


def _in_order(value: Any, order: str) -> bool:
    raw = innermost_array(value)
    if isinstance(raw, Boxed):  # written down by `compile`: a copy is right in any order
        return False
    return bool(raw.flags.c_contiguous if order == "C" else raw.flags.f_contiguous)


def asarray(
    a: Any,
    dtype: Any = None,
    order: Any = None,
    *,
    device: Any = None,
    copy: bool | None = None,
    like: Any = None,
) -> Any:
    """Return a value as an array, as numpy.asarray does; a traced value is returned as it is.

    Parameters
    ----------
    a : array_like
        A number, an array, or lists inside of lists of them, traced or not.
    dtype, order, device, copy, like
        As in NumPy.

    Returns
    -------
    array
        Traced if something in it is.

    Raises
    ------
    ShapeError, DTypeError
        As `array` does.

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda x: np.sum(np.asarray(x) ** 2))(np.array([3.0, 4.0]))
    array([6., 8.])
    """
    if not holds(a):
        made = np.asarray(a, dtype, order, device=device, copy=copy, like=like)
        return _asked(a, made, "asarray")
    if copy:
        return array(a, dtype, order=order or "K")
    return _converted(a, dtype, copy, order, "asarray")


def asanyarray(a: Any, dtype: Any = None, order: Any = None, **more: Any) -> Any:
    """Return a value as an array, as numpy.asanyarray does; see `asarray`."""
    if not holds(a):
        return _asked(a, np.asanyarray(a, dtype, order, **more), "asanyarray")
    return asarray(a, dtype, order, **more)


def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """Return a value as an array of one axis or more, as numpy.ascontiguousarray does."""
    if not holds(a):
        return np.ascontiguousarray(a, dtype, like=like)
    return np.atleast_1d(asarray(a, dtype, "C"))


def asfortranarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """Return a value as an array in Fortran's order, as numpy.asfortranarray does."""
    if not holds(a):
        return np.asfortranarray(a, dtype, like=like)
    return np.atleast_1d(asarray(a, dtype, "F"))


def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Any:
    """Return a value as an array without NaN and Inf, as numpy.asarray_chkfinite does."""
    if not holds(a):
        return np.asarray_chkfinite(a, dtype, order)
    made = asarray(a, dtype, order)
    if not np.all(np.isfinite(innermost_array(made))):
        raise errors.ShapeError(
            "asarray_chkfinite: the array holds infs or NaNs.", Location.of_caller()
        )
    return made


def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """Return a copy, as numpy.copy does; of a list of traced values too."""
    return array(a, order=order) if holds(a) else cast(Any, np.copy)(a, order, subok)


def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Any:
    """Make a vector of what an iterator yields, as numpy.fromiter does.

    Parameters
    ----------
    iter : iterable
        It yields numbers, traced or not.
    dtype : dtype
        Kind of number.
    count : int
        How many to take; all of them if negative.

    Returns
    -------
    array, shape (count,)

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda x: np.sum(np.fromiter((v * v for v in x), float)))(np.array([3.0, 4.0]))
    array([6., 8.])
    """
    items = list(iter if count < 0 else islice(iter, count))
    if not holds(items):
        return np.fromiter(items, dtype, count, like=like)
    if len(items) < count:
        raise errors.ShapeError(
            f"fromiter: the iterator yields {len(items)} values, but count={count}.",
            Location.of_caller(),
        )
    return join(items, dtype, "fromiter")


# --- arrays of one value, which may be filled afterwards ---------------------


def as_numpys(
    made: Callable[..., Any], function: Callable[..., Any], more: str
) -> Callable[..., Any]:
    """Give a function the name of NumPy's, and say in what it does more."""
    made.__name__ = made.__qualname__ = function.__name__
    made.__doc__ = f"As numpy.{function.__name__}; {more}"
    return made


def _plain_maker(function: Callable[..., Any]) -> Callable[..., Any]:
    def make(*args: Any, **keywords: Any) -> Any:
        return fillable(function(*args, **keywords))

    more = "inside of a transform, traced values may be written into the result."
    return as_numpys(make, function, more)


zeros = _plain_maker(np.zeros)
ones = _plain_maker(np.ones)
empty = _plain_maker(np.empty)
eye = _plain_maker(np.eye)
identity = _plain_maker(np.identity)
tri = _plain_maker(np.tri)


def _maker_like(function: Callable[..., Any]) -> Callable[..., Any]:
    def make(a: Any, *args: Any, **keywords: Any) -> Any:
        if holds(a):
            return function(asarray(a), *args, **keywords)
        return fillable(function(a, *args, **keywords))

    more = "traced values may be written into the result, inside of a transform or if the "
    return as_numpys(make, function, more + "prototype is traced.")


zeros_like = _maker_like(np.zeros_like)
ones_like = _maker_like(np.ones_like)
empty_like = _maker_like(np.empty_like)


def full(
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> Any:
    """Make an array of one value, traced or not, as numpy.full does.

    Parameters
    ----------
    shape : int or tuple of int
        Shape of the result.
    fill_value : array_like
        The value, or an array that broadcasts to the shape.
    dtype, order, device, like
        As in NumPy.

    Returns
    -------
    array
        Traced if the value is.

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda x: np.sum(np.full(3, x) ** 2))(2.0)
    12.0
    """
    if not holds(fill_value):
        return fillable(np.full(shape, fill_value, dtype, order, device=device, like=like))
    value = join(fill_value, dtype, "full")
    return np.broadcast_to(value, shape).copy(order or "C")


def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Make an array of one value, traced or not, of another one's shape and kind of number.

    Parameters
    ----------
    a : array_like
        Its shape and its dtype are taken.
    fill_value : array_like
        The value, or an array that broadcasts to the shape.
    dtype, order, subok, shape, device
        As in NumPy.

    Returns
    -------
    array
        Traced if the value is.

    Raises
    ------
    DTypeError
        If the result would be of integers, which would cut a traced value's derivative.

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda x: np.sum(np.full_like(np.zeros(3), x) ** 2))(2.0)
    12.0
    """
    if not holds(fill_value):
        if holds(a):
            return np.full_like(asarray(a), fill_value, dtype, order, subok, shape)
        return fillable(np.full_like(a, fill_value, dtype, order, subok, shape))
    model = asarray(a)
    if dtype is None and model.dtype.kind not in "fc" and np.dtype(_kind(fill_value)).kind in "fc":
        raise errors.DTypeError(
            f"full_like: an array of {model.dtype} would round a traced value to integers and cut "
            "its derivative; write dtype=float.",
            Location.of_caller(),
        )
    return full(np.shape(model) if shape is None else shape, fill_value, dtype or model.dtype)


def _kind(value: Any) -> Any:
    return join(value).dtype


# --- evenly spaced numbers ---------------------------------------------------


def arange(*args: Any, dtype: Any = None, **more: Any) -> Any:
    """Make evenly spaced numbers, as numpy.arange does; the ends and the step may be traced.

    Parameters
    ----------
    start, stop, step : float
        As in NumPy.  Element k is ``start + k * step``; how many there are is a constant.
    dtype, device, like
        As in NumPy.

    Returns
    -------
    array, one axis

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda a: np.sum(np.arange(a, 3.0, 0.5)))(1.0)
    4.0
    """
    numpys: Any = np.arange
    names = ("start", "stop", "step")
    given = {name: more.pop(name) for name in names if name in more}
    if len(args) > 3:
        dtype, args = args[3], args[:3]
    if not any(map(holds, (*args, *given.values()))):
        return numpys(*args, **given, dtype=dtype, **more)
    bound: dict[str, Any] = {"start": 0, "step": 1, **given}
    if len(args) == 1 and "stop" not in bound:
        bound["stop"] = args[0]
    else:
        bound.update(zip(names, args, strict=False))
    start, stop, step = (asarray(0 if bound.get(n) is None else bound[n]) for n in names)
    if any(np.ndim(v) for v in (start, stop, step)):
        raise errors.ShapeError(
            f"arange: start, stop and step must be numbers, not arrays of shapes {np.shape(start)}"
            f", {np.shape(stop)}, {np.shape(step)}.",
            Location.of_caller(),
        )
    kind = numpys(*(_number_like(bound.get(n), k) for k, n in enumerate(names))).dtype
    count = max(int(np.ceil(bare(stop - start) / bare(step))), 0)
    spaced = start + np.arange(count) * ((start + step) - start)  # NumPy's order of rounding
    return join(spaced, kind if dtype is None else dtype, "arange")


def _number_like(value: Any, place: int) -> Any:
    """Return a number of a value's kind, of which NumPy makes an empty range."""
    kind = bare(value).dtype.type if isinstance(value, Boxed) else type(value or 0)
    return kind(1 if place == 2 else 0)
