"""scipy.sparse.linalg for traced values: the solution of a sparse linear system.

If A y = b, the gradient of b is the w with A^T w = g, and that of A is -w y^T in the places of A's
entries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse.linalg as _linalg

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations import other_libraries
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.sparse.entries import Entries, product, sampled
from autograd_core.scipy.values import is_traced


def __getattr__(name: str) -> Any:
    return guarded(_linalg, name)


def _value(data: Any, b: Any, *, pattern: Any) -> Any:
    kind = np.result_type(data, b, np.float32)
    try:
        factors = _linalg.splu(pattern.matrix(data.astype(kind)).tocsc())
    except RuntimeError as error:  # SuperLU's word for a singular matrix
        raise np.linalg.LinAlgError(str(error)) from error
    return factors.solve(np.ascontiguousarray(b, dtype=kind))


def _pulled(g: Any, y: Any, data: Any, b: Any, *, pattern: Any) -> Any:
    w = _solve(data, g, pattern=pattern.T)
    return -sampled(w, y, pattern), w


_solve: Primitive = primitive(
    _value,
    vjp=_pulled,
    jvp=[
        lambda t, y, data, b, *, pattern: (
            -_solve(data, product(t, y, pattern=pattern), pattern=pattern)
        ),
        lambda t, y, data, b, *, pattern: _solve(data, t, pattern=pattern),
    ],
    name="spsolve",
    arity=2,
    category="solver",
)


def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:  # noqa: N803
    """Return the solution of A x = b; differentiable in b and in the entries of A.

    Parameters
    ----------
    A : scipy.sparse array or matrix, or Entries; (n, n)
        With traced entries, made by ``sparse.csr_array((data, indices, indptr), shape)``.
    b : array (n,) or (n, k)
        The right-hand side, dense.
    permc_spec, use_umfpack
        SciPy's, of plain values; with a traced value SuperLU solves.

    Returns
    -------
    array
        Shaped like b.

    Raises
    ------
    LinearAlgebraError
        If A is singular and something is traced.
    ShapeError
        If A is not square, or b does not fit.

    Examples
    --------
    >>> import scipy.sparse
    >>> from autograd_core import grad
    >>> S = scipy.sparse.csr_array([[2.0, 0.0], [1.0, 4.0]])
    >>> grad(lambda b: spsolve(S, b).sum())(np.ones(2))
    array([0.375, 0.25 ])
    """
    if not isinstance(A, Entries) and not is_traced(A, b):
        return _linalg.spsolve(A, b, permc_spec, use_umfpack)
    if other_libraries.is_sparse(b) or isinstance(b, Entries):
        raise errors.OperandError("spsolve: b is sparse; give b.toarray().", Location.of_caller())
    if not isinstance(A, Entries):
        if not other_libraries.is_sparse(A):
            raise errors.OperandError(
                "spsolve: A is not sparse; use np.linalg.solve.", Location.of_caller()
            )
        A = Entries.of(A)  # noqa: N806 - SciPy's name
    b = b if hasattr(b, "dtype") else np.asarray(b, dtype=float)
    n = A.shape[0]
    if A.shape != (n, n) or b.ndim not in (1, 2) or b.shape[0] != n:
        raise errors.ShapeError(
            f"spsolve: A of shape {A.shape} and b of shape {b.shape}; A must be square, and b have "
            "as many rows.",
            Location.of_caller(),
        )
    return _solve(A.data, b, pattern=A.pattern)
