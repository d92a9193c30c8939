"""Riccati's equations and Procrustes' problem: the solution moves as its equation says."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.triangular import adjoint
from autograd_core.scipy.matrix_functions import solve_discrete_lyapunov, solve_sylvester
from autograd_core.scipy.values import as_floats, is_traced, refuse, valued


def _continuous_jvp(ts: Any, x: Any, a: Any, b: Any, q: Any, r: Any, *, balanced: bool) -> Any:
    """From a^H x + x a - x b r^-1 b^H x + q = 0, which is linear in dx: Lyapunov's equation."""
    da, db, dq, dr = ts
    gain = np.linalg.solve(r, adjoint(b) @ x)
    closed = a - b @ gain
    half = x @ (da - db @ gain)
    right = half + adjoint(half) + dq + adjoint(gain) @ dr @ gain
    return -solve_sylvester(adjoint(closed), closed, right)


def _discrete_jvp(ts: Any, x: Any, a: Any, b: Any, q: Any, r: Any, *, balanced: bool) -> Any:
    """From a^H x a - x - a^H x b (r + b^H x b)^-1 b^H x a + q = 0."""
    da, db, dq, dr = ts
    gain = np.linalg.solve(r + adjoint(b) @ x @ b, adjoint(b) @ x @ a)
    closed = a - b @ gain
    half = adjoint(closed) @ x @ (da - db @ gain)
    right = half + adjoint(half) + dq + adjoint(gain) @ dr @ gain
    return solve_discrete_lyapunov(adjoint(closed), right)


def _riccati(name: str, rule: Any) -> Primitive:
    function = getattr(_linalg, name)
    return primitive(
        lambda a, b, q, r, *, balanced: function(a, b, q, r, balanced=balanced),
        jvp=rule,
        arity=4,
        name=name,
        category="solver",
    )


_continuous = _riccati("solve_continuous_are", _continuous_jvp)
_discrete = _riccati("solve_discrete_are", _discrete_jvp)


def _solved(operation: Primitive, given: Any, e: Any, s: Any, balanced: bool) -> Any:
    if not is_traced(given, e, s):
        return getattr(_linalg, operation.name)(*given, e, s, balanced)
    if e is not None or s is not None:
        raise refuse(f"linalg.{operation.name}", "e= and s= are not supported on traced values.",
                     "Leave them out.")  # fmt: skip
    return operation(*map(as_floats, given), balanced=balanced)


def solve_continuous_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    """Solve Riccati's equation a^H x + x a - x b r^-1 b^H x + q = 0; differentiable in all four.

    Parameters
    ----------
    a, q : array (n, n)
        `q` is Hermitian, and so is what it moves by.
    b : array (n, m)
    r : array (m, m)
        Hermitian and invertible.
    e, s : array, optional
        As SciPy's; refused with traced values.
    balanced : bool
        As SciPy's.

    Returns
    -------
    array (n, n)
        The solution that makes a - b r^-1 b^H x stable.

    Raises
    ------
    UnsupportedError
        With `e` or `s` and a traced value.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.eye(1)
    >>> solve_continuous_are(0 * one, one, 4 * one, one).round(6).tolist()
    [[2.0]]
    """
    return _solved(_continuous, (a, b, q, r), e, s, balanced)


def solve_discrete_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    """Solve a^H x a - x - a^H x b (r + b^H x b)^-1 b^H x a + q = 0; differentiable in all four.

    Parameters
    ----------
    a, b, q, r, e, s, balanced
        As those of `solve_continuous_are`.

    Returns
    -------
    array (n, n)

    Examples
    --------
    >>> import numpy as np
    >>> one = np.eye(1)
    >>> solve_discrete_are(0 * one, one, 3 * one, one).round(6).tolist()
    [[3.0]]
    """
    return _solved(_discrete, (a, b, q, r), e, s, balanced)


def _product(a: Any, b: Any) -> Any:
    return (b.T @ np.conj(a)).T


def _turn(a: Any, b: Any) -> Any:
    u, _, vh = np.linalg.svd(_product(a, b))
    return u @ vh


_turns = valued(
    lambda a, b: _linalg.orthogonal_procrustes(a, b)[0], _turn, "orthogonal_procrustes", 2
)
_scales = valued(
    lambda a, b: np.asarray(_linalg.orthogonal_procrustes(a, b)[1]),
    lambda a, b: np.sum(np.linalg.svd(_product(a, b), compute_uv=False)),
    "orthogonal_procrustes",
    2,
)


def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> Any:  # noqa: N803
    """Return the orthogonal matrix R with A R nearest to B, and the sum of singular values.

    Parameters
    ----------
    A, B : array (m, n)
        Differentiable in both, where A^T B is not singular.
    check_finite : bool
        As SciPy's.

    Returns
    -------
    R : array (n, n)
    scale : float

    Examples
    --------
    >>> import numpy as np
    >>> turn, scale = orthogonal_procrustes(np.eye(2), np.array([[0.0, 2.0], [-2.0, 0.0]]))
    >>> (turn + 0.0).tolist(), float(scale)
    ([[0.0, 1.0], [-1.0, 0.0]], 4.0)
    """
    if not is_traced(A, B):
        return _linalg.orthogonal_procrustes(A, B, check_finite)
    both = as_floats(A), as_floats(B)
    return _turns(*both), _scales(*both)


__all__ = ["orthogonal_procrustes", "solve_continuous_are", "solve_discrete_are"]
