"""scipy.sparse beside traced values, and sparse arrays whose entries are traced.

``S @ x``, ``x @ S``, ``S * x``, ``S + x`` and ``S / x`` of SciPy's own sparse arrays and matrices
work on traced values as they are.  This module adds the constructors for entries that are traced
and, in its ``linalg``, the solution of a linear system.  (Sparse Jacobians are another thing: see
``autograd_core.sparse``.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as _sparse

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.boxed import Boxed
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.sparse.entries import Entries, Pattern
from autograd_core.scipy.values import is_traced

__all__ = ["Entries", "coo_array", "csc_array", "csr_array", "linalg", "multiply"]


def __getattr__(name: str) -> Any:
    if name == "linalg":
        from importlib import import_module

        return import_module("autograd_core.scipy.sparse.linalg")
    return guarded(_sparse, name)


def _pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], (tuple, list))


def _made(kind: str, arg1: Any, shape: Any, by_column: bool | None) -> Entries:
    if any(map(is_traced, arg1[1:])) or not isinstance(arg1[0], Boxed):
        raise errors.OperandError(
            f"{kind}: only the entries can be traced, as one value; where they are must be plain "
            "integers. Join numbers with np.stack.",
            Location.of_caller(),
        )
    if _pair(arg1):
        rows, columns = (np.asarray(places) for places in arg1[1])
    else:
        others, starts = np.asarray(arg1[1]), np.asarray(arg1[2])
        owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        rows, columns = (others, owners) if by_column else (owners, others)
        if shape is None:
            sizes = (len(starts) - 1, int(others.max(initial=-1)) + 1)
            shape = sizes[::-1] if by_column else sizes
    if shape is None:
        shape = (int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1)
    return Entries(arg1[0], Pattern(rows, columns, shape))


def _constructor(name: str, by_column: bool | None) -> Any:
    own = getattr(_sparse, name)

    def construct(arg1: Any, shape: Any = None, **settings: Any) -> Any:
        if not is_traced(arg1):
            return own(arg1, shape=shape, **settings)
        triple = isinstance(arg1, tuple) and len(arg1) == 3 and by_column is not None
        if not (triple or _pair(arg1)) or settings:
            form = "(data, (row, col))" + ("" if by_column is None else " or (data, indices, ptr)")
            raise errors.OperandError(
                f"{name}: with traced entries, give {form} and shape=, nothing else; where the "
                "entries are cannot be read off a traced value.",
                Location.of_caller(),
            )
        return _made(name, arg1, shape, by_column)

    construct.__name__ = construct.__qualname__ = name
    construct.__doc__ = f"""As scipy.sparse.{name}; traced entries make an `Entries`.

    Parameters
    ----------
    arg1 : tuple
        ``(data, (row, col))``{"" if by_column is None else " or ``(data, indices, indptr)``"}; data
        (nnz,) may be traced. Entries in the same place are added.
    shape : (int, int), optional
        Rows and columns.

    Returns
    -------
    Entries or scipy.sparse.{name}
        SciPy's own class if nothing is traced.

    Raises
    ------
    OperandError
        If something else than the entries is traced.
    """
    return construct


coo_array = _constructor("coo_array", None)
csr_array = _constructor("csr_array", False)
csc_array = _constructor("csc_array", True)


def multiply(a: Any, b: Any) -> Any:
    """Return the elementwise product of a sparse matrix and a value, for every class of SciPy's.

    Parameters
    ----------
    a, b : Entries, scipy.sparse array or matrix, or array
        One of them sparse, of shape (m, n); the other dense and broadcast to it.

    Returns
    -------
    Entries
        The products where the sparse one has entries.

    Examples
    --------
    >>> import scipy.sparse
    >>> from autograd_core import grad
    >>> S = scipy.sparse.csr_matrix([[0.0, 2.0], [3.0, 0.0]])
    >>> grad(lambda x: multiply(S, x).sum())(np.ones(2))
    array([3., 2.])
    """
    if _sparse.issparse(a):
        a = Entries.of(a)
    if not isinstance(a, Entries):
        a, b = Entries.of(b) if _sparse.issparse(b) else b, a
    if not isinstance(a, Entries):
        raise errors.OperandError(
            "sparse.multiply: neither operand is sparse; write a * b.", Location.of_caller()
        )
    return a.multiply(b)
