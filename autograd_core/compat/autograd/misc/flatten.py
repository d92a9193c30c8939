"""Pytrees of dicts, lists and tuples as one vector, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.compat.autograd.boxes import dtype_of

Function = Callable[..., Any]


def _sorted(value: Any) -> Any:
    """Return a pytree whose dicts have their keys in order, as the vector has them."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        parts = [_sorted(part) for part in value]
        make: Function = getattr(type(value), "_make", type(value))  # of a named tuple
        return make(parts)
    return value


def flatten(value: Any) -> tuple[Any, Function]:
    """Return the numbers of a pytree as one vector, and the function from a vector to a pytree.

    Differentiable, both ways.

    Parameters
    ----------
    value : pytree of arrays
        Dicts are taken in the order of their keys. Arrays keep their shapes; of mixed dtypes the
        vector has the widest, and `unflatten` gives each leaf its own back.

    Returns
    -------
    vector : array (n,)
        All numbers.
    unflatten : callable
        From a vector of that length to a pytree like value.

    Raises
    ------
    OperandError
        If a leaf is not a number or an array of numbers.

    Examples
    --------
    >>> vector, unflatten = flatten({"w": np.ones((2, 1)), "b": 3.0})
    >>> vector
    array([3., 1., 1.])
    >>> unflatten(vector)["w"].shape
    (2, 1)
    """
    pytree = _sorted(value)
    leaves = tree.leaves(pytree)
    shapes = [np.shape(leaf) for leaf in leaves]
    kinds = [dtype_of(leaf) for leaf in leaves]
    for kind in kinds:
        if kind.kind not in "biufc":
            raise errors.OperandError(
                f"flatten(): a leaf of the pytree holds {kind} data; give numbers or arrays.",
                Location.of_caller(),
            )
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes], dtype=int).tolist()
    vector = np.concatenate([np.ravel(leaf) for leaf in leaves]) if leaves else np.array([])

    def unflatten(flat: Any) -> Any:
        if np.shape(flat) != (ends[-1] if ends else 0,):
            raise errors.ShapeError(
                f"unflatten(): a vector of shape {np.shape(flat)}, and the pytree holds "
                f"{ends[-1] if ends else 0} numbers.",
                Location.of_caller(),
            )
        bounds = zip([0, *ends], ends, shapes, kinds, strict=False)
        parts = [_cut(flat[start:end], shape, kind) for start, end, shape, kind in bounds]
        return tree.like(pytree, parts)

    return vector, unflatten


def _cut(piece: Any, shape: tuple[int, ...], kind: Any) -> Any:
    part = piece.reshape(shape) if shape else piece[0]
    return part.astype(kind) if part.dtype.kind == kind.kind and part.dtype != kind else part


def flatten_func(func: Function, example: Any) -> tuple[Function, Function, Any]:
    """Return func as a function of vectors, `unflatten`, and the example as a vector.

    Examples
    --------
    >>> f, unflatten, x = flatten_func(lambda pytree: [2 * v for v in pytree], [1.0, 2.0])
    >>> f(x)
    array([2., 4.])
    """
    vector, unflatten = flatten(example)

    def flat(x: Any, *args: Any) -> Any:
        return flatten(func(unflatten(x), *args))[0]

    return flat, unflatten, vector


__all__ = ["flatten", "flatten_func"]
