"""Kinds of arrays: NumPy's own, and those of other libraries that speak NumPy's protocols.

An array of another library (CuPy's on a GPU, Dask's in chunks) cannot be mixed with one of NumPy's.
A rule that needs an array of its own makes it with ``np.zeros_like`` and its kin, or `beside` a
value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations.boxed import Boxed, innermost_array
from autograd_core.operations.saved_reads import Probe

_HOST = {np.ndarray, float, int, bool, complex, str, tuple, list, dict, type(None), slice}


def foreign(*values: Any) -> Any:
    """Return the first array of another library, or one under a traced value; None without any.

    Examples
    --------
    >>> foreign(np.ones(2), 3.0) is None
    True
    """
    for value in values:
        if value.__class__ in _HOST:
            continue
        if isinstance(value, Boxed):
            value = innermost_array(value)
            if value.__class__ is np.ndarray:
                continue
            if isinstance(value, Boxed):  # written down by `compile`
                value = value.value  # type: ignore[attr-defined]
        if not isinstance(value, (np.ndarray, np.generic, Probe)) and hasattr(
            type(value), "__array_function__"
        ):
            return value
    return None


def beside(value: Any, made: Any) -> Any:
    """Return an array of NumPy's as one that can stand beside a value: of the same kind.

    Parameters
    ----------
    value : array or traced value
        Of any kind.
    made : array or number
        What is to stand beside it; an array of another kind stays as it is.

    Returns
    -------
    array
        `made`, or a copy made by the other library's ``asarray``.

    Examples
    --------
    >>> beside(np.ones(2), np.arange(2))
    array([0, 1])
    """
    if not isinstance(made, np.ndarray):
        return made
    kind = foreign(value)
    return made if kind is None else np.asarray(made, like=kind)


def extreme(extremum: Any, x: Any, start: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return ``np.max`` or ``np.min`` with ``initial=start``, which not every library knows.

    Examples
    --------
    >>> int(extreme(np.max, np.zeros(0, int), -1))
    -1
    """
    if foreign(x) is None:
        return extremum(x, axis=axis, keepdims=keepdims, initial=start)
    if not x.size:
        return np.zeros_like(np.sum(x, axis=axis, keepdims=keepdims)) + start
    more = np.maximum if extremum is np.max else np.minimum
    return more(extremum(x, axis=axis, keepdims=keepdims), start)


def host(array: Any) -> Any:
    """Return the numbers of an array of any kind as an array of NumPy's.

    CuPy's arrays have ``get()`` for it and Dask's ``compute()``; others say it through NumPy's
    ``__array__``.

    Examples
    --------
    >>> host(np.ones(2))
    array([1., 1.])
    """
    if isinstance(array, np.ndarray):
        return array
    for name in ("get", "compute"):
        if hasattr(array, name):
            return np.asarray(getattr(array, name)())
    return np.asarray(array)
