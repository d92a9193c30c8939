"""What SciPy's solvers see of a pytree of unknowns: one vector of real numbers, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.operations.boxed import Boxed
from autograd_core.scipy.values import as_floats, is_traced


def _is_pytree(x: Any) -> bool:
    """Whether x stays a pytree; lists of numbers are an array, as for SciPy."""
    if isinstance(x, dict) or hasattr(x, "_fields"):
        return True
    if isinstance(x, (list, tuple)):
        return any(_is_pytree(v) or (not isinstance(v, (list, tuple)) and np.ndim(v)) for v in x)
    return False


def _array(value: Any) -> Any:
    """Return lists of numbers, some of them traced, as one array."""
    if not is_traced(value):
        return np.asarray(value)
    return np.stack([_array(v) for v in value]) if isinstance(value, (list, tuple)) else value


def joined(pytree: Any, at: Any = None) -> Any:
    """Return every number of a pytree in one vector; a complex one as real and imaginary part.

    But where the vector that it is a value `at` is complex, that is a step of SciPy's
    (``jac="cs"``), and a number stays one.
    """
    whole = np.iscomplexobj(at)
    if isinstance(pytree, (list, tuple)) and not _is_pytree(pytree):
        pytree = _array(pytree)
    parts = []
    for leaf in tree.leaves(pytree):
        value = as_floats(leaf)
        both = (
            (np.real(value), np.imag(value)) if value.dtype.kind == "c" and not whole else (value,)
        )
        parts += [np.reshape(part, (-1,)) for part in both]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0)


class Unknowns:
    """The structure of x0: how a vector of SciPy's becomes what the user's function takes.

    Parameters
    ----------
    x0 : pytree of arrays or numbers
        Where the solver starts. One number becomes an array of one element, as in SciPy.
    function : str
        For messages.
    """

    def __init__(self, x0: Any, function: str) -> None:
        self.nested = _is_pytree(x0)
        if not self.nested:
            x0 = _array(x0)
            x0 = x0 if np.ndim(x0) else np.reshape(x0, (1,))
        self.like = x0
        leaves = tree.leaves(x0)
        for leaf in leaves:
            if not isinstance(leaf, Boxed) and np.asarray(leaf).dtype.kind not in "biufc":
                raise errors.DTypeError(
                    f"{function}(): a leaf of x0 is {leaf!r}; give numbers or arrays of numbers, "
                    "and pass the rest through args.",
                    Location.of_caller(),
                )
        self.shapes = [np.shape(leaf) for leaf in leaves]
        self.complex = [as_floats(leaf).dtype.kind == "c" for leaf in leaves]
        self.start = joined(x0)
        if not np.size(self.start):
            raise errors.ShapeError(f"{function}(): x0 has no numbers.", Location.of_caller())
        self.plain = not self.nested and np.ndim(x0) == 1 and not any(self.complex)

    def pytree(self, vector: Any) -> Any:
        """Return a vector as a pytree like x0."""
        if self.plain:
            return vector
        made, start = [], 0
        for shape, is_complex in zip(self.shapes, self.complex, strict=True):
            size = int(np.prod(shape, dtype=int))
            value = np.reshape(vector[start : start + size], shape)
            start += size
            if is_complex:
                value = value + 1j * np.reshape(vector[start : start + size], shape)
                start += size
            made.append(value)
        return tree.like(self.like, made)

    def of(self, f: Callable[..., Any], *args: Any, **keywords: Any) -> Callable[[Any], Any]:
        """Return f as a function of the vector."""
        return lambda vector: f(self.pytree(vector), *args, **keywords)

    def callback(self, call: Any) -> Any:
        """Return a callback of the user's as one of SciPy's, which passes vectors."""
        if call is None or self.plain:
            return call
        code = getattr(call, "__code__", None)
        if code is not None and code.co_varnames[: code.co_argcount] == ("intermediate_result",):

            def report(intermediate_result: Any) -> Any:
                intermediate_result.x = self.pytree(intermediate_result.x)
                return call(intermediate_result=intermediate_result)

            return report
        return lambda x, *rest: call(self.pytree(x), *rest)


def plain_only(value: Any, what: str, function: str) -> None:
    """Raise if something that is not differentiated here is traced."""
    if is_traced(value):
        raise errors.UnsupportedError(
            f"{function}(): {what} is traced, and the solution's derivative to it is not known "
            "here. Pass what is differentiated through args.",
            Location.of_caller(),
        )
