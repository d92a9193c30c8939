"""Systems of triangular matrices, for the rules of the factorizations.

NumPy solves every system by an LU decomposition, at eight times the operations of a triangular
one with as many right sides as rows.  Here a triangle is halved again and again, and most of
the work is matrix products (N. Higham, "Accuracy and Stability of Numerical Algorithms" (2002),
section 8.4).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autograd_core.operations.primitive import Primitive

LARGE = 96  # rows; up to here NumPy's own solvers take no longer than the calls
SMALL = 50  # rows of a triangle that is not divided further


def conjugate(m: Any) -> Any:
    """Return the complex conjugate; of real numbers themselves, without a copy."""
    return np.conj(m) if m.dtype.kind == "c" else m


def adjoint(m: Any) -> Any:
    """Return the conjugate transpose; of a real matrix the transpose, without a copy."""
    return conjugate(m.mT)


def large(*matrices: Any) -> bool:
    """Tell whether these are plain arrays, and worth the calls; all else takes the general way."""
    if any(type(m) is not np.ndarray for m in matrices):
        return False
    return bool(matrices[0].shape[-1] > LARGE)


def one_call(*operands: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function of large matrices be one call in a compiled program, with the same bits."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        call = Primitive(
            function,
            name=function.__name__,
            arity=len(operands),
            settings=frozenset({"lower", "vector"}),
            positional=operands,
            category="linalg",
        )

        @wraps(function)
        def run(*given: Any, **settings: Any) -> Any:
            stood_for = [getattr(m, "_written", False) for m in given]
            arrays = all(w or type(m) is np.ndarray for w, m in zip(stood_for, given, strict=True))
            written = arrays and any(stood_for) and given[0].shape[-1] > LARGE
            return (call if written else function)(*given, **settings)

        return run

    return decorate


def is_triangular(t: Any, lower: bool) -> bool:
    """Tell whether a plain array is 0 beyond one of its triangles."""
    return not np.any(np.triu(t, 1) if lower else np.tril(t, -1))


@one_call("t", "b")
def solve_triangular(t: Any, b: Any, *, lower: bool) -> Any:
    """Return ``inv(t) @ b`` of a triangle t (..., n, n) and columns b (..., n, m).

    Raises
    ------
    LinAlgError
        If a number on the diagonal is 0.
    """
    return _substituted(t, b, lower) if large(t, b) else np.linalg.solve(t, b)


def _substituted(t: Any, b: Any, lower: bool) -> Any:
    n, m = b.shape[-2:]
    if n <= SMALL:
        return np.matmul(np.linalg.inv(t), b) if m >= n else np.linalg.solve(t, b)
    halves = slice(0, n // 2), slice(n // 2, n)
    one, two = halves if lower else halves[::-1]
    first = _substituted(t[..., one, one], b[..., one, :], lower)
    rest = b[..., two, :] - np.matmul(t[..., two, one], first)
    second = _substituted(t[..., two, two], rest, lower)
    return np.concatenate([first, second] if lower else [second, first], axis=-2)


@one_call("t")
def invert_triangular(t: Any, *, lower: bool) -> Any:
    """Return the inverse of a triangle (..., n, n).

    Raises
    ------
    LinAlgError
        If a number on the diagonal is 0.
    """
    return _inverted(t, lower) if large(t) else np.linalg.inv(t)


def _inverted(t: Any, lower: bool) -> Any:
    n = t.shape[-1]
    if n <= SMALL:
        return np.linalg.inv(t)
    one, two = slice(0, n // 2), slice(n // 2, n)
    row, column = (two, one) if lower else (one, two)
    made = np.zeros_like(t)
    for part in (one, two):
        made[..., part, part] = _inverted(t[..., part, part], lower)
    off = np.matmul(t[..., row, column], made[..., column, column])
    np.negative(np.matmul(made[..., row, row], off), out=made[..., row, column])
    return made


@one_call("a")
def inverted(a: Any) -> Any:
    """Return the inverse of any square matrix; of a positive definite one by its Cholesky factor.

    Logarithms of determinants are mostly those of covariances.
    """
    if large(a) and np.array_equal(a, adjoint(a)):
        try:
            low = np.linalg.cholesky(a)
        except np.linalg.LinAlgError:  # not positive definite, or one of the stack is not
            return np.linalg.inv(a)
        half = invert_triangular(low, lower=True)
        return np.matmul(adjoint(half), half)
    return np.linalg.inv(a)
