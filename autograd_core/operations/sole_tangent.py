"""The tangent that one forward rule for all arguments gets, if there is one argument."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd_core.base.errors import RuleError
from autograd_core.base.source import Location


class SoleTangent(NDArrayOperatorsMixin):
    """One tangent: it computes as itself, and is a list of one for rules that are written so.

    A rule of several arguments gets the list of their tangents.  Of one argument it may say
    ``3 * x**2 * t``, as the reverse rule says ``g * 3 * x**2``, or ``3 * x**2 * t[0]``.

    Parameters
    ----------
    tangent : array or traced value
        The tangent.
    name : str
        The operation's, for errors.

    Examples
    --------
    >>> t = SoleTangent(np.array([1.0, 2.0]), "cube")
    >>> 3.0 * t, np.sum(t), t[0], len(t)
    (array([3., 6.]), np.float64(3.0), array([1., 2.]), 1)
    """

    __slots__ = ("_name", "_tangent")

    def __init__(self, tangent: Any, name: str) -> None:
        self._tangent = tangent
        self._name = name

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
        """Compute with the tangent itself."""
        return getattr(ufunc, method)(*map(_itself, inputs), **settings)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Compute with the tangent itself."""
        return function(*_inside(tuple(args)), **{k: _inside(v) for k, v in kwargs.items()})

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self._tangent, dtype=dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._tangent, name)

    def __getitem__(self, index: Any) -> Any:
        """Return the tangent, at 0; anything else could mean the list or the tangent."""
        if isinstance(index, int) and index in (0, -1):
            return self._tangent
        raise RuleError(
            f"{self._name}: its forward rule reads t[{index!r}]. One jvp for all arguments may say "
            "t[0] for the tangent of the one argument; to read elements of the tangent, write "
            "jvp=[rule], whose t is the tangent and nothing else.",
            Location.of_caller(),
        )

    def __iter__(self) -> Iterator[Any]:
        return iter((self._tangent,))

    def __len__(self) -> int:
        return 1

    def __float__(self) -> float:
        return float(self._tangent)


def _itself(value: Any) -> Any:
    return value._tangent if isinstance(value, SoleTangent) else value


def without_sole(result: Any) -> Any:
    """Return what a rule gave, with the tangent itself where it handed the tangent on."""
    return _inside(result) if isinstance(result, (SoleTangent, tuple, list)) else result


def _inside(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)([_inside(v) for v in value])
    return _itself(value)


__all__ = ["SoleTangent", "without_sole"]
