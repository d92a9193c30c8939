"""Banded systems, differentiable; values are SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.indexing import getitem, scatter
from autograd_core.scipy.values import is_traced, refuse


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


def _banded_back(g: Any, ab: Any, lower: int, upper: int) -> Any:
    turned = _transposed_bands(ab, lower, upper)
    return _banded(turned, g, lower=upper, upper=lower)


def _banded_matrix(g: Any, x: Any, ab: Any, b: Any, *, lower: int, upper: int) -> Any:
    h = _banded_back(g, ab, lower, upper)
    band, place, row, column = _bands(ab.shape, upper)
    picked = getitem(h, index=row) * getitem(x, index=column)
    if picked.ndim == 2:
        picked = np.sum(picked, axis=1)
    return -scatter(picked, index=(band, place), shape=ab.shape)


def _banded_matrix_forward(t: Any, x: Any, ab: Any, b: Any, *, lower: int, upper: int) -> Any:
    band, place, row, column = _bands(ab.shape, upper)
    picked = getitem(t, index=(band, place))
    if x.ndim == 2:
        picked = picked[:, None]
    moved = scatter(picked * getitem(x, index=column), index=(row,), shape=x.shape)
    return -_banded(ab, moved, lower=lower, upper=upper)


_banded: Primitive = primitive(
    lambda ab, b, *, lower, upper: _linalg.solve_banded((lower, upper), ab, b),
    vjp=[
        _banded_matrix,
        lambda g, x, ab, b, *, lower, upper: _banded_back(g, ab, lower, upper),
    ],
    jvp=[
        _banded_matrix_forward,
        lambda t, x, ab, b, *, lower, upper: _banded(ab, t, lower=lower, upper=upper),
    ],
    arity=2,
    name="solve_banded",
    category="solver",
)


def solve_banded(
    l_and_u: tuple[int, int],
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Solve a x = b for a matrix given by its diagonals; differentiable in both.

    Parameters
    ----------
    l_and_u : tuple of int
        Number of diagonals below and above the main one.
    ab : array (l + u + 1, n)
        ``ab[u + i - j, j] = a[i, j]``.
    b : array (n,) or (n, k)
    overwrite_ab, overwrite_b, check_finite : bool
        As SciPy's.

    Examples
    --------
    >>> import numpy as np
    >>> solve_banded((0, 0), np.array([[2.0, 4.0]]), np.array([2.0, 4.0]))
    array([1., 1.])
    """
    if not is_traced(ab, b):
        return _linalg.solve_banded(l_and_u, ab, b, overwrite_ab, overwrite_b, check_finite)
    if np.ndim(ab) > 2 or np.ndim(b) > 2:
        raise refuse("linalg.solve_banded", "stacks of systems are not supported on traced values.",
                     "Solve them one by one, or use vmap.")  # fmt: skip
    lower, upper = l_and_u
    return _banded(ab, b, lower=int(lower), upper=int(upper))
