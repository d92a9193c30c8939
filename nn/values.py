"""Small helpers that every layer uses: what a value is, and where the user's line stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd_core import DTypeError, Dual, ShapeError, Tensor, stop_gradient
from autograd_core.extend import (
    Batched,
    Location,
    bare,
    foreign,
    getitem,
    host,
    innermost_array,
)

_PLAIN = {np.ndarray, float, int, bool, tuple, dict, type(None)}  # most values, told at a glance


def is_traced(value: Any) -> bool:
    """Tell whether a value is a Tensor, a Dual or an array under vmap, not a plain array."""
    return value.__class__ not in _PLAIN and isinstance(value, (Tensor, Dual, Batched))


def is_batched(value: Any) -> bool:
    """Tell whether `vmap` follows a value: under its derivatives lies an array for each example."""
    return value.__class__ not in _PLAIN and isinstance(bare(value), Batched)


def any_batched(values: Iterable[Any]) -> bool:
    """Tell whether `vmap` follows one of several values."""
    for value in values:  # noqa: SIM110 - a generator takes as long as the rest
        if is_batched(value):
            return True
    return False


def by_composition(values: Iterable[Any]) -> bool:
    """Tell whether one of several values is no array of NumPy's: our kernels know no others.

    `vmap` follows it, or it is an array of another library.
    """
    for value in values:
        if value.__class__ in _PLAIN:
            continue
        below = bare(value)
        if below.__class__ is not np.ndarray and (
            isinstance(below, Batched) or foreign(below) is not None
        ):
            return True
    return False


def is_tracked(value: Any) -> bool:
    """Tell whether a derivative of this value may be asked for."""
    return value.requires_grad if isinstance(value, Tensor) else isinstance(value, Dual)


def as_array(value: Any) -> Any:
    """Return lists and numbers as an array, and arrays of any kind as they are.

    Examples
    --------
    >>> as_array([1.0, 2.0])
    array([1., 2.])
    """
    if hasattr(value, "__array_function__"):
        return value
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"a {type(value).__name__} does not form an array: {error}", Location.of_caller()
        ) from error


def numbers(owner: str, value: Any) -> Any:
    """Return lists and numbers as an array, and refuse what does not hold numbers.

    Examples
    --------
    >>> numbers("Flatten", [1, 2])
    array([1, 2])
    """
    array = as_array(value)
    if array.dtype.kind not in "iubfc":
        raise DTypeError(
            f"{owner}: the input must hold numbers, not {array.dtype}.", Location.of_caller()
        )
    return array


def raw(value: Any) -> Any:
    """Return the plain array of a value of any kind, sharing memory where it can.

    Examples
    --------
    >>> raw(Tensor([1.0, 2.0], requires_grad=True))
    array([1., 2.])
    """
    if value.__class__ is np.ndarray:
        return value
    value = stop_gradient(value)
    if isinstance(value, Tensor):
        return value.data
    return as_array(value)


def everything(value: Any) -> Any:
    """Return the plain array of a value, with all examples of `vmap`: what a check looks at.

    Examples
    --------
    >>> from autograd_core import vmap
    >>> def checked(x):
    ...     assert everything(x).max() < 5
    ...     return 2 * x
    >>> vmap(checked)(np.array([1, 4]))
    array([2, 8])
    """
    return value if value.__class__ is np.ndarray else as_array(innermost_array(value))


def on_host(value: Any) -> Any:
    """Return `everything` of indices or lengths as an array of NumPy's: what Python looks at.

    Examples
    --------
    >>> on_host([1, 2])
    array([1, 2])
    """
    found = everything(raw(value))
    return found if foreign(found) is None else host(found)


def at(x: Any, *index: Any) -> Any:
    """Return x[index], also where `vmap` follows the index and x is a plain array.

    Examples
    --------
    >>> at(np.array([5.0, 6.0, 7.0]), np.array([2, 0]))
    array([7., 5.])
    """
    parts = index if len(index) > 1 else index[0]
    return getitem(x, index=parts) if any_batched(index) else x[parts]


def shape_error(message: str) -> ShapeError:
    """Return a ShapeError with the user's line."""
    return ShapeError(message, Location.of_caller())


def pair(value: Any, n: int, what: str, low: int | None = None) -> tuple[int, ...]:
    """Return a setting given as one integer or as n of them, none below `low`, as a tuple of n.

    Examples
    --------
    >>> pair(3, 2, "stride"), pair((1, 2), 2, "stride")
    ((3, 3), (1, 2))
    """
    if type(value) is int and (low is None or value >= low):
        return (value,) * n
    several = (value,) * n if isinstance(value, (int, np.integer)) else value
    whole = isinstance(several, Sequence) and len(several) == n
    if whole and all(isinstance(v, (int, np.integer)) for v in several):
        found = tuple(int(v) for v in several)
        if low is not None and min(found) < low:
            raise shape_error(
                f"{what} must be {'positive' if low else '0 or more'}, not {value!r}."
            )
        return found
    raise shape_error(f"{what} must be an integer or {n} of them, not {value!r}.")
