"""The vector space of a value: what HIPS autograd's `vspace` tells about it.

A pytree of dict, list and tuple is the product of the spaces of its leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.compat.autograd.boxes import dtype_of, is_complex


class VSpace:
    """The space in which a value lives, as a real vector space.

    Parameters
    ----------
    value : pytree of arrays
        Any value of the space; a complex number counts as two real ones.

    Raises
    ------
    OperandError
        If a leaf is not a floating-point number or array.

    Examples
    --------
    >>> space = VSpace({"a": 1.0, "b": (2.0, 3.0)})
    >>> space.size
    3
    >>> space.add({"a": 1.0, "b": (2.0, 3.0)}, {"a": 1.0, "b": (0.0, 1.0)})
    {'a': 2.0, 'b': (2.0, 4.0)}
    """

    def __init__(self, value: Any) -> None:
        self._like = tree.map_leaves(_zero, value)
        self._leaves = tree.leaves(self._like)
        single = not isinstance(value, (dict, list, tuple))
        self.shape: Any = np.shape(self._like) if single else tree.map_leaves(np.shape, self._like)
        self.dtype: Any = self._leaves[0].dtype if single else None
        self.ndim: int = np.ndim(self._like) if single else 1
        self.iscomplex: bool = single and self._leaves[0].dtype.kind == "c"

    @property
    def size(self) -> int:
        """The number of real dimensions."""
        return sum(np.size(v) * (2 if v.dtype.kind == "c" else 1) for v in self._leaves)

    def _map(self, function: Callable[..., Any], *values: Any) -> Any:
        columns = [tree.leaves(value) for value in values]
        return tree.like(self._like, map(function, *columns))

    def zeros(self) -> Any:
        """Return the zero of the space."""
        return self._map(np.copy, self._like) if self._nested() else np.zeros_like(self._like)

    def _nested(self) -> bool:
        return isinstance(self._like, (dict, list, tuple))

    def ones(self) -> Any:
        """Return ones, and for complex leaves ones in both parts."""
        return self._map(lambda v: np.ones_like(v) * _unit(v), self._like)

    def randn(self) -> Any:
        """Return a normal draw from NumPy's global generator."""
        return self._map(_normal, self._like)

    def standard_basis(self) -> Iterator[Any]:
        """Yield the unit vectors; for a complex leaf those of both parts."""
        for k, leaf in enumerate(self._leaves):
            for index in np.ndindex(leaf.shape):
                for unit in (1.0, 1.0j) if leaf.dtype.kind == "c" else (1.0,):
                    parts = [np.zeros_like(v) for v in self._leaves]
                    parts[k][index] = unit
                    yield tree.like(self._like, parts)

    def add(self, x: Any, y: Any) -> Any:
        """Return the sum of two vectors."""
        return self._map(lambda a, b: a + b, x, y)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        """Return a vector times a real number."""
        return self._map(lambda v: v * a, x)

    def inner_prod(self, x: Any, y: Any) -> Any:
        """Return the real inner product of two vectors."""
        pairs = zip(tree.leaves(x), tree.leaves(y), strict=True)
        return sum(_inner(a, b) for a, b in pairs)

    def covector(self, x: Any) -> Any:
        """Return the gradient that pairs with a vector: its complex conjugate."""
        return self._map(lambda v: np.conj(v) if is_complex(v) else v, x)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, VSpace)
            and tree.same_structure(self._like, other._like)
            and [(v.shape, v.dtype) for v in self._leaves]
            == [(v.shape, v.dtype) for v in other._leaves]
        )

    __hash__ = None  # type: ignore[assignment]  # equal by content, as HIPS autograd's

    def __repr__(self) -> str:
        return f"VSpace({self.shape})"


def _zero(value: Any) -> Any:
    dtype = dtype_of(value)
    if dtype.kind not in "fc":
        raise errors.OperandError(
            f"vspace(): {dtype} data are not in a vector space of real or complex numbers; "
            "pass floating-point numbers.",
            Location.of_caller(),
        )
    return np.zeros(np.shape(value), dtype)


def _unit(value: Any) -> Any:
    return np.asarray(1 + 1j if is_complex(value) else 1.0, dtype=value.dtype)


def _normal(value: Any) -> Any:
    made = np.asarray(np.random.randn(*value.shape))
    if is_complex(value):
        made = made + 1j * np.asarray(np.random.randn(*value.shape))
    return made.astype(value.dtype)


def _inner(a: Any, b: Any) -> Any:
    if is_complex(a) or is_complex(b):
        return np.sum(np.real(np.conj(a) * b))
    return np.sum(a * b)


def vspace(value: Any) -> VSpace:
    """Return the vector space of a value.

    Examples
    --------
    >>> vspace(1.0) == vspace(2.0)
    True
    """
    return VSpace(value)


__all__ = ["VSpace", "vspace"]
