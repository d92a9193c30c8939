"""Matrices of scipy.linalg that are made of vectors: each only moves numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.operations.primitive import innermost_array
from autograd_core.scipy.values import as_floats, is_traced, refuse


def _vector(function: str, x: Any) -> Any:
    x = as_floats(x)
    if x.ndim != 1:
        raise refuse(f"linalg.{function}", f"an array of {x.ndim} axes is not supported on a "
                     "traced value.", "Give a vector, or use vmap.")  # fmt: skip
    return x


def toeplitz(c: Any, r: Any = None) -> Any:
    """Return the matrix with constant diagonals, of its first column and its first row.

    Examples
    --------
    >>> import numpy as np
    >>> toeplitz(np.array([1.0, 2.0]), np.array([1.0, 5.0])).tolist()
    [[1.0, 5.0], [2.0, 1.0]]
    """
    if not is_traced(c, r):
        return _linalg.toeplitz(c, r)
    c = _vector("toeplitz", c)
    r = np.conj(c) if r is None else _vector("toeplitz", r)
    rows, columns = np.ogrid[: c.shape[0], : r.shape[0]]
    return np.concatenate([r[:0:-1], c])[rows - columns + r.shape[0] - 1]


def hankel(c: Any, r: Any = None) -> Any:
    """Return the matrix with constant antidiagonals, of its first column and its last row.

    Examples
    --------
    >>> import numpy as np
    >>> hankel(np.array([1.0, 2.0]), np.array([2.0, 5.0])).tolist()
    [[1.0, 2.0], [2.0, 5.0]]
    """
    if not is_traced(c, r):
        return _linalg.hankel(c, r)
    c = _vector("hankel", c)
    r = np.zeros_like(c) if r is None else _vector("hankel", r)
    rows, columns = np.ogrid[: c.shape[0], : r.shape[0]]
    return np.concatenate([c, r[1:]])[rows + columns]


def circulant(c: Any) -> Any:
    """Return the circulant matrix of its first column.

    Examples
    --------
    >>> import numpy as np
    >>> circulant(np.array([1.0, 2.0])).tolist()
    [[1.0, 2.0], [2.0, 1.0]]
    """
    if not is_traced(c):
        return _linalg.circulant(c)
    n = np.shape(c)[-1]
    rows, columns = np.ogrid[:n, :n]
    return c[..., (rows - columns) % n]


def companion(a: Any) -> Any:
    """Return the companion matrix of a polynomial, the highest power first.

    Examples
    --------
    >>> import numpy as np
    >>> companion(np.array([1.0, -3.0, 2.0])).tolist()
    [[3.0, -2.0], [1.0, 0.0]]
    """
    if not is_traced(a):
        return _linalg.companion(a)
    a = _vector("companion", a)
    n = a.shape[0] - 1
    if n < 1:
        raise ValueError("companion: the length of `a` must be at least 2.")
    if np.any(innermost_array(a[0]) == 0):
        raise ValueError("companion: the first coefficient must not be zero.")
    below = np.eye(n - 1, n, dtype=a.dtype)
    return np.concatenate([(-a[1:] / a[0])[None], below])


def block_diag(*arrs: Any) -> Any:
    """Return the matrix with the given ones on its diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> block_diag(np.array([[1.0]]), np.array([[2.0]])).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    if not is_traced(*arrs):
        return _linalg.block_diag(*arrs)
    parts = [np.atleast_2d(as_floats(a)) for a in arrs]
    if any(part.ndim > 2 for part in parts):
        raise refuse("linalg.block_diag", "stacks of matrices are not supported on a traced value.",
                     "Use vmap.")  # fmt: skip
    columns = sum(part.shape[1] for part in parts)
    rows, start = [], 0
    for part in parts:
        after = columns - start - part.shape[1]
        rows.append(np.pad(part, ((0, 0), (start, after))))
        start += part.shape[1]
    return np.concatenate(rows)


def leslie(f: Any, s: Any) -> Any:
    """Return the Leslie matrix of fecundities f and survival rates s.

    Examples
    --------
    >>> import numpy as np
    >>> leslie(np.array([0.5, 2.0]), np.array([0.3])).tolist()
    [[0.5, 2.0], [0.3, 0.0]]
    """
    if not is_traced(f, s):
        return _linalg.leslie(f, s)
    f, s = _vector("leslie", f), _vector("leslie", s)
    if f.shape[0] != s.shape[0] + 1:
        raise ValueError(f"leslie: f has {f.shape[0]} numbers and s {s.shape[0]}; s has one less.")
    below = np.concatenate([np.diag(s), np.zeros((s.shape[0], 1))], axis=1)
    return np.concatenate([f[None], below])


def fiedler(a: Any) -> Any:
    """Return the matrix of distances |a_i - a_j|.

    Examples
    --------
    >>> import numpy as np
    >>> fiedler(np.array([1.0, 4.0])).tolist()
    [[0.0, 3.0], [3.0, 0.0]]
    """
    if not is_traced(a):
        return _linalg.fiedler(a)
    a = as_floats(a)
    return np.abs(a[..., :, None] - a[..., None, :])


def fiedler_companion(a: Any) -> Any:
    """Return Fiedler's companion matrix of a polynomial, the highest power first.

    Examples
    --------
    >>> import numpy as np
    >>> fiedler_companion(np.array([1.0, -3.0, 2.0])).tolist()
    [[3.0, -2.0], [1.0, 0.0]]
    """
    if not is_traced(a):
        return _linalg.fiedler_companion(a)
    a = _vector("fiedler_companion", a)
    n = a.shape[0] - 1
    if n < 1 or np.any(innermost_array(a[0]) == 0):
        raise ValueError("fiedler_companion: two coefficients at least, the first one not 0.")
    where = _linalg.fiedler_companion(np.arange(1.0, n + 2))  # -k where coefficient k - 1 is
    places = np.where(where < 0, np.rint(-where).astype(int) - 1, 0)
    return np.where(places > 0, -(a / a[0])[places], (where == 1.0).astype(float))


def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    """Return the matrix that convolves vectors of length n with a.

    Examples
    --------
    >>> import numpy as np
    >>> convolution_matrix(np.array([1.0, 2.0]), 2).tolist()
    [[1.0, 0.0], [2.0, 1.0], [0.0, 2.0]]
    """
    if not is_traced(a):
        return _linalg.convolution_matrix(a, n, mode)
    a = as_floats(a)
    where = _linalg.convolution_matrix(np.arange(1, a.shape[-1] + 1), n, mode)
    return np.concatenate([np.zeros_like(a[..., :1]), a], axis=-1)[..., where]


def khatri_rao(a: Any, b: Any) -> Any:
    """Return the Kronecker products of the columns of two matrices.

    Examples
    --------
    >>> import numpy as np
    >>> khatri_rao(np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]])).tolist()
    [[3.0], [4.0], [6.0], [8.0]]
    """
    if not is_traced(a, b):
        return _linalg.khatri_rao(a, b)
    a, b = as_floats(a), as_floats(b)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"khatri_rao: {a.shape} and {b.shape} differ in their number of columns.")
    made = a[..., :, None, :] * b[..., None, :, :]
    return made.reshape((*made.shape[:-3], a.shape[-2] * b.shape[-2], a.shape[-1]))


def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Any:
    """Multiply by the matrix that is `toeplitz`; differentiable in both.

    With traced values the matrix is made.

    Examples
    --------
    >>> import numpy as np
    >>> matmul_toeplitz(np.array([2.0, 0.0]), np.array([1.0, 3.0])).tolist()
    [2.0, 6.0]
    """
    if not is_traced(c_or_cr, x):
        return _linalg.matmul_toeplitz(c_or_cr, x, check_finite, workers)
    column, row = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    return toeplitz(column, row) @ as_floats(x)


__all__ = ["block_diag", "circulant", "companion", "convolution_matrix", "fiedler",
           "fiedler_companion", "hankel", "khatri_rao", "leslie", "matmul_toeplitz",
           "toeplitz"]  # fmt: skip
