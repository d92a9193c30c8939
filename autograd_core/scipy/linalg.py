"""Differentiable scipy.linalg: triangular and banded solvers, matrix functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.declare import primitive
from autograd_core.primitive import Primitive
from autograd_core.rules.indexing import getitem, scatter
from autograd_core.rules.linalg import cholesky as _cholesky


def __getattr__(name: str) -> Any:
    return getattr(_linalg, name)  # for arrays that are not differentiated


# --- triangular systems -------------------------------------------------------

_TRANSPOSED = {0: "T", "N": "T", 1: "N", "T": "N", 2: "N", "C": "N"}


def _triangle(m: Any, lower: bool, unit_diagonal: bool) -> Any:
    offset = int(unit_diagonal)
    return np.tril(m, -offset) if lower else np.triu(m, offset)


def _outer(h: Any, x: Any) -> Any:
    return h[:, None] * x[None, :] if h.ndim == 1 else h @ x.T


def _triangular_matrix(
    g: Any,
    x: Any,
    a: Any,
    b: Any,
    *,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    h = _triangular(a, g, trans=_TRANSPOSED[trans], lower=lower, unit_diagonal=unit_diagonal)
    made = _outer(h, x) if trans in (0, "N") else _outer(x, h)
    return -_triangle(made, lower, unit_diagonal)


def _triangular_matrix_forward(
    t: Any,
    x: Any,
    a: Any,
    b: Any,
    *,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    t = _triangle(t, lower, unit_diagonal)
    t = t if trans in (0, "N") else t.T
    return _triangular(a, -(t @ x), trans=trans, lower=lower, unit_diagonal=unit_diagonal)


_triangular: Primitive = primitive(
    lambda a, b, trans=0, lower=False, unit_diagonal=False: _linalg.solve_triangular(
        a, b, trans=trans, lower=lower, unit_diagonal=unit_diagonal
    ).astype(np.result_type(a, b), copy=False),
    vjp=[
        _triangular_matrix,
        lambda g, x, a, b, *, trans=0, lower=False, unit_diagonal=False: _triangular(
            a, g, trans=_TRANSPOSED[trans], lower=lower, unit_diagonal=unit_diagonal
        ),
    ],
    jvp=[
        _triangular_matrix_forward,
        lambda t, x, a, b, *, trans=0, lower=False, unit_diagonal=False: _triangular(
            a, t, trans=trans, lower=lower, unit_diagonal=unit_diagonal
        ),
    ],
    arity=2,
    name="solve_triangular",
    category="linalg",
)


def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> Any:
    """Solve a x = b for a triangular matrix (real).

    Parameters
    ----------
    a : array (n, n)
        Only one triangle is read.
    b : array (n,) or (n, k)
    trans : {0, 1, "N", "T"}
        Solve a x = b or a.T x = b.
    lower, unit_diagonal : bool
        Which triangle, and whether its diagonal is taken as 1.

    Examples
    --------
    >>> import numpy as np
    >>> solve_triangular(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([2.0, 3.0]), lower=True)
    array([1., 2.])
    """
    return _triangular(a, b, trans=trans, lower=lower, unit_diagonal=unit_diagonal)


def cho_solve(c_and_lower: tuple[Any, bool], b: Any) -> Any:
    """Solve a x = b from the Cholesky factor of a.

    Examples
    --------
    >>> import numpy as np
    >>> cho_solve((np.array([[2.0]]), True), np.array([8.0]))
    array([2.])
    """
    c, lower = c_and_lower
    first, second = ("N", "T") if lower else ("T", "N")
    return _triangular(c, _triangular(c, b, trans=first, lower=lower), trans=second, lower=lower)


def cholesky(a: Any, lower: bool = False) -> Any:
    """Return the Cholesky factor, upper unless `lower`.

    Examples
    --------
    >>> import numpy as np
    >>> cholesky(np.array([[4.0]]))
    array([[2.]])
    """
    factor = _cholesky(a)
    return factor if lower else factor.T


# --- banded systems -------------------------------------------------------------


def _bands(shape: tuple[int, ...], upper: int) -> tuple[Any, Any, Any, Any]:
    """Return, for each stored element inside the matrix, its band, column, row and column."""
    band, column = np.indices(shape).reshape(2, -1)
    row = band - upper + column
    inside = (row >= 0) & (row < shape[1])
    return band[inside], column[inside], row[inside], column[inside]


def _transposed_bands(ab: Any, lower: int, upper: int) -> Any:
    band, place, row, column = _bands(ab.shape, upper)
    taken = getitem(ab, index=(band, place))
    return scatter(taken, index=(lower + column - row, row), shape=ab.shape)


def _banded_matrix(g: Any, x: Any, ab: Any, b: Any, *, lower: int, upper: int) -> Any:
    h = _banded(_transposed_bands(ab, lower, upper), g, lower=upper, upper=lower)
    band, place, row, column = _bands(ab.shape, upper)
    made = h[row] * x[column]
    made = made if made.ndim == 1 else np.sum(made, axis=1)
    return scatter(-made, index=(band, place), shape=ab.shape)


def _banded_times(ab: Any, x: Any, upper: int) -> Any:
    band, place, row, column = _bands(ab.shape, upper)
    values = getitem(ab, index=(band, place))
    values = values if x.ndim == 1 else values[:, None]
    return scatter(values * x[column], index=row, shape=x.shape)


_banded: Primitive = primitive(
    lambda ab, b, lower, upper: _linalg.solve_banded((lower, upper), ab, b),
    vjp=[
        _banded_matrix,
        lambda g, x, ab, b, *, lower, upper: _banded(
            _transposed_bands(ab, lower, upper), g, lower=upper, upper=lower
        ),
    ],
    jvp=[
        lambda t, x, ab, b, *, lower, upper: _banded(
            ab, -_banded_times(t, x, upper), lower=lower, upper=upper
        ),
        lambda t, x, ab, b, *, lower, upper: _banded(ab, t, lower=lower, upper=upper),
    ],
    arity=2,
    name="solve_banded",
    category="linalg",
)


def solve_banded(l_and_u: tuple[int, int], ab: Any, b: Any) -> Any:
    """Solve a x = b for a banded matrix in diagonal ordered form.

    Parameters
    ----------
    l_and_u : tuple of int
        Number of diagonals below and above the main one.
    ab : array (l + u + 1, n)
        ``ab[u + i - j, j] = a[i, j]``.
    b : array (n,) or (n, k)

    Examples
    --------
    >>> import numpy as np
    >>> solve_banded((0, 0), np.array([[2.0, 4.0]]), np.array([2.0, 4.0]))
    array([1., 1.])
    """
    lower, upper = l_and_u
    return _banded(ab, b, lower=lower, upper=upper)


# --- functions of matrices ------------------------------------------------------


def _expm_along(a: Any, t: Any) -> Any:
    """Return the derivative of expm at a along t, from one exponential twice as large."""
    n = a.shape[-1]
    zero = np.zeros_like(a)
    top = np.concatenate([a, t], axis=-1)
    below = np.concatenate([zero, a], axis=-1)
    return expm(np.concatenate([top, below], axis=-2))[..., :n, n:]


_expm: Primitive = primitive(
    lambda a: _linalg.expm(a),
    vjp=[lambda g, y, a: _expm_along(a.mT, g)],
    jvp=[lambda t, y, a: _expm_along(a, t)],
    name="expm",
    category="linalg",
)


def expm(A: Any) -> Any:  # noqa: N803 - SciPy's name
    """Return the matrix exponential.

    Source of the derivative: C. Van Loan, "Computing integrals involving the
    matrix exponential" (1978).

    Examples
    --------
    >>> import numpy as np
    >>> expm(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """
    return _expm(A)


_sylvester: Primitive = primitive(
    lambda a, b, q: _linalg.solve_sylvester(a, b, q),
    vjp=[
        lambda g, x, a, b, q: -(_sylvester(a.T, b.T, g) @ x.T),
        lambda g, x, a, b, q: -(x.T @ _sylvester(a.T, b.T, g)),
        lambda g, x, a, b, q: _sylvester(a.T, b.T, g),
    ],
    jvp=[
        lambda t, x, a, b, q: -_sylvester(a, b, t @ x),
        lambda t, x, a, b, q: -_sylvester(a, b, x @ t),
        lambda t, x, a, b, q: _sylvester(a, b, t),
    ],
    name="solve_sylvester",
    category="linalg",
)


def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """Solve a x + x b = q.

    Examples
    --------
    >>> import numpy as np
    >>> solve_sylvester(np.eye(1), np.eye(1), np.array([[4.0]]))
    array([[2.]])
    """
    return _sylvester(a, b, q)


_sqrtm: Primitive = primitive(
    lambda a: _linalg.sqrtm(a),
    vjp=[lambda g, s, a: _sylvester(s.T, s.T, g)],
    jvp=[lambda t, s, a: _sylvester(s, s, t)],
    name="sqrtm",
    category="linalg",
)


def sqrtm(A: Any) -> Any:  # noqa: N803 - SciPy's name
    """Return the principal square root of a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> sqrtm(np.array([[4.0]]))
    array([[2.]])
    """
    return _sqrtm(A)
