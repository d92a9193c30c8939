"""scipy.linalg, differentiable: triangular, banded and general systems, matrix functions.

Values are SciPy's.  Keywords that only save memory (``overwrite_*``) change nothing for traced
values.  Stacks of matrices work where SciPy takes them (from 1.16 on, in most functions).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.indexing import getitem, scatter
from autograd_core.scipy.matrix_functions import expm, logm, solve_sylvester, sqrtm
from autograd_core.scipy.values import STACKED, guarded, is_traced, refuse, valued


def __getattr__(name: str) -> Any:
    return guarded(_linalg, name)


__all__ = ["cho_factor", "cho_solve", "cholesky", "det", "expm", "inv", "logm", "solve",
           "solve_banded", "solve_sylvester", "solve_triangular", "sqrtm"]  # fmt: skip


def _conj(a: Any) -> Any:
    return np.conj(a) if a.dtype.kind == "c" else a


def _adjoint(a: Any) -> Any:
    return _conj(np.swapaxes(a, -1, -2))


def _paired(rule: Callable[..., Any]) -> Callable[..., Any]:
    """Return a rule that was written as an adjoint (Re g^H dy) as the engine pairs: Re g dy."""
    return lambda g, *args, **settings: _conj(rule(_conj(g), *args, **settings))


# --- triangular systems -------------------------------------------------------

_CODES = {0: 0, "N": 0, 1: 1, "T": 1, 2: 2, "C": 2}


def _triangle(m: Any, lower: bool, unit_diagonal: bool = False) -> Any:
    offset = int(unit_diagonal)
    return np.tril(m, -offset) if lower else np.triu(m, offset)


def _apply(a: Any, b: Any, vector: bool) -> Any:
    return (a @ b[..., None])[..., 0] if vector else a @ b


def _solve_adjoint(a: Any, g: Any, trans: int, **which: Any) -> Any:
    """Solve with the conjugate transpose of what `trans` makes of a."""
    if trans == 1:
        return _conj(_triangular(a, _conj(g), trans=0, **which))
    return _triangular(a, g, trans=2 if trans == 0 else 0, **which)


def _triangular_matrix(
    g: Any, x: Any, a: Any, b: Any, *, trans: int = 0, vector: bool = False, **which: Any
) -> Any:
    h = _solve_adjoint(a, g, trans, vector=vector, **which)
    h, x = (h[..., None], x[..., None]) if vector else (h, x)
    made = {0: lambda: h @ _adjoint(x), 1: lambda: _conj(x) @ h.mT, 2: lambda: x @ _adjoint(h)}
    return -_triangle(made[trans](), which["lower"], which["unit_diagonal"])


def _triangular_forward(
    t: Any, x: Any, a: Any, b: Any, *, trans: int = 0, vector: bool = False, **which: Any
) -> Any:
    t = _triangle(t, which["lower"], which["unit_diagonal"])
    t = t if trans == 0 else t.mT if trans == 1 else _adjoint(t)
    return -_triangular(a, _apply(t, x, vector), trans=trans, vector=vector, **which)


def _triangular_value(
    a: Any, b: Any, *, trans: int, lower: bool, unit_diagonal: bool, finite: bool, vector: bool
) -> Any:
    stacked = vector and b.ndim > 1  # a stack of vectors: SciPy would take it for a matrix
    made = _linalg.solve_triangular(
        a, b[..., None] if stacked else b, trans=trans, lower=lower,
        unit_diagonal=unit_diagonal, check_finite=finite,
    )  # fmt: skip
    return made[..., 0] if stacked else made


_triangular: Primitive = primitive(
    _triangular_value,
    vjp=[
        _paired(_triangular_matrix),
        _paired(lambda g, x, a, b, *, trans=0, **which: _solve_adjoint(a, g, trans, **which)),
    ],
    jvp=[
        _triangular_forward,
        lambda t, x, a, b, **which: _triangular(a, t, **which),
    ],
    arity=2,
    name="solve_triangular",
    category=STACKED,
)


def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Solve a x = b for a triangular matrix; differentiable in both.

    Parameters
    ----------
    a : array (..., n, n)
        Only one triangle is read.
    b : array (n,) or (..., n, k)
    trans : {0, 1, 2, "N", "T", "C"}
        Solve a x = b, a.T x = b or a.conj().T x = b.
    lower, unit_diagonal : bool
        Which triangle, and whether its diagonal is taken as 1.
    overwrite_b, check_finite : bool
        As SciPy's.

    Examples
    --------
    >>> import numpy as np
    >>> solve_triangular(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([2.0, 3.0]), lower=True)
    array([1., 2.])
    """
    if not is_traced(a, b):
        return _linalg.solve_triangular(
            a, b, trans, lower, unit_diagonal, overwrite_b, check_finite
        )
    if trans not in _CODES:
        raise errors.OperandError(
            f"solve_triangular: trans={trans!r}; use 0, 1, 2, 'N', 'T' or 'C'.",
            Location.of_caller(),
        )
    return _triangular(
        a, b, trans=_CODES[trans], lower=lower, unit_diagonal=unit_diagonal, finite=check_finite,
        vector=np.ndim(b) == 1,
    )  # fmt: skip


# --- Cholesky -------------------------------------------------------------------


def _half(m: Any, lower: bool) -> Any:
    """Return a triangle with half of the diagonal: what of a Hermitian matrix is the factor's."""
    return _triangle(m, lower) - 0.5 * m * np.eye(m.shape[-1], dtype=m.real.dtype)


def _factor_pull(g: Any, c: Any, a: Any, *, lower: bool, **rest: Any) -> Any:
    c, g = _triangle(c, lower), _triangle(g, lower)
    left = np.linalg.inv(c)
    if lower:
        made = _adjoint(left) @ _half(_adjoint(c) @ g, True) @ left
    else:
        made = left @ _half(g @ _adjoint(c), False) @ _adjoint(left)
    return 0.5 * (made + _adjoint(made))


def _kept_pull(g: Any, c: Any, a: Any, *, lower: bool, **rest: Any) -> Any:
    """Add what passes through the other triangle, in which LAPACK leaves the matrix."""
    kept = _triangle(g, not lower, unit_diagonal=True)
    return _factor_pull(g, c, a, lower=lower) + 0.5 * (kept + _adjoint(kept))


def _kept_push(t: Any, c: Any, a: Any, *, lower: bool, **rest: Any) -> Any:
    kept = _triangle(0.5 * (t + _adjoint(t)), not lower, unit_diagonal=True)
    return _factor_push(t, c, a, lower=lower) + kept


def _factor_push(t: Any, c: Any, a: Any, *, lower: bool, **rest: Any) -> Any:
    c, t = _triangle(c, lower), 0.5 * (t + _adjoint(t))
    left = np.linalg.inv(c)
    if lower:
        return c @ _half(left @ t @ _adjoint(left), True)
    return _half(_adjoint(left) @ t @ left, False) @ c


_cholesky: Primitive = primitive(
    lambda a, *, lower, finite: _linalg.cholesky(a, lower=lower, check_finite=finite),
    vjp=[_paired(_factor_pull)],
    jvp=[_factor_push],
    arity=1,
    name="scipy cholesky",
    category=STACKED,
)
_cho_factor: Primitive = primitive(
    lambda a, *, lower, finite: _linalg.cho_factor(a, lower=lower, check_finite=finite)[0],
    vjp=[_paired(_kept_pull)],
    jvp=[_kept_push],
    arity=1,
    name="cho_factor",
    category=STACKED,
)


def cholesky(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """Return the Cholesky factor, upper unless `lower`.

    SciPy reads the triangle of a that it returns.  The derivative is the symmetric (Hermitian)
    one, as `numpy.linalg.cholesky`'s here: that of a matrix whose two triangles move together.

    Examples
    --------
    >>> import numpy as np
    >>> cholesky(np.array([[4.0]]))
    array([[2.]])
    """
    if not is_traced(a):
        return _linalg.cholesky(a, lower, overwrite_a, check_finite)
    return _cholesky(a, lower=lower, finite=check_finite)


def cho_factor(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> tuple[Any, bool]:
    """Return the Cholesky factor for `cho_solve`; the other triangle is a's, as SciPy leaves it.

    Examples
    --------
    >>> import numpy as np
    >>> cho_solve(cho_factor(np.array([[4.0]])), np.array([8.0]))
    array([2.])
    """
    if not is_traced(a):
        made: tuple[Any, bool] = _linalg.cho_factor(a, lower, overwrite_a, check_finite)
        return made
    return _cho_factor(a, lower=lower, finite=check_finite), lower


def _cho_value(c: Any, b: Any, *, lower: bool, finite: bool, vector: bool) -> Any:
    stacked = vector and b.ndim > 1
    right = b[..., None] if stacked else b
    made = _linalg.cho_solve((c, lower), right, check_finite=finite)
    return made[..., 0] if stacked else made


def _cho_matrix(g: Any, x: Any, c: Any, b: Any, *, lower: bool, vector: bool, finite: bool) -> Any:
    h = _cho(c, g, lower=lower, vector=vector, finite=finite)
    h, x = (h[..., None], x[..., None]) if vector else (h, x)
    moved = h @ _adjoint(x)
    moved = moved + _adjoint(moved)
    c = _triangle(c, lower)
    return -_triangle(moved @ c if lower else c @ moved, lower)


def _cho_forward(t: Any, x: Any, c: Any, b: Any, *, lower: bool, vector: bool, finite: bool) -> Any:
    c, t = _triangle(c, lower), _triangle(t, lower)
    moved = t @ _adjoint(c) if lower else _adjoint(t) @ c
    right = _apply(moved + _adjoint(moved), x, vector)
    return -_cho(c, right, lower=lower, vector=vector, finite=finite)


_cho: Primitive = primitive(
    _cho_value,
    vjp=[_paired(_cho_matrix), _paired(lambda g, x, c, b, **which: _cho(c, g, **which))],
    jvp=[_cho_forward, lambda t, x, c, b, **which: _cho(c, t, **which)],
    arity=2,
    name="cho_solve",
    category=STACKED,
)


def cho_solve(
    c_and_lower: tuple[Any, bool], b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """Solve a x = b from the Cholesky factor of a; differentiable in both.

    Examples
    --------
    >>> import numpy as np
    >>> cho_solve((np.array([[2.0]]), True), np.array([8.0]))
    array([2.])
    """
    c, lower = c_and_lower
    if not is_traced(c, b):
        return _linalg.cho_solve(c_and_lower, b, overwrite_b, check_finite)
    return _cho(c, b, lower=bool(lower), finite=check_finite, vector=np.ndim(b) == 1)


# --- general systems ------------------------------------------------------------


def _system_back(a: Any, g: Any, transposed: bool, vector: bool) -> Any:
    return _system(a if transposed else a.mT, g, vector=vector)


def _system_value(a: Any, b: Any, *, vector: bool, transposed: bool = False, how: Any = ()) -> Any:
    stacked = vector and b.ndim > 1
    made = _linalg.solve(a, b[..., None] if stacked else b, transposed=transposed, **dict(how))
    return made[..., 0] if stacked else made


def _system_matrix(
    g: Any, x: Any, a: Any, b: Any, *, vector: bool, transposed: bool = False, how: Any = ()
) -> Any:
    h = _system_back(a, g, transposed, vector)
    h, x = (h[..., None], x[..., None]) if vector else (h, x)
    return -(x @ h.mT if transposed else h @ x.mT)


_system: Primitive = primitive(
    _system_value,
    vjp=[
        _system_matrix,
        lambda g, x, a, b, *, vector, transposed=False, how=(): _system_back(
            a, g, transposed, vector
        ),
    ],
    jvp=[
        lambda t, x, a, b, *, vector, transposed=False, how=(): (
            -_system(
                a,
                _apply(t.mT if transposed else t, x, vector),
                vector=vector,
                transposed=transposed,
            )
        ),
        lambda t, x, a, b, **how: _system(a, t, **how),
    ],
    arity=2,
    name="scipy solve",
    category=STACKED,
)


def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: Any = None,
    transposed: bool = False,
) -> Any:
    """Solve a x = b; differentiable in both.

    `assume_a` may be None or "gen" where a is traced: the other kinds read a part of it only.

    Examples
    --------
    >>> import numpy as np
    >>> solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 4.0]))
    array([1., 1.])
    """
    how = {} if assume_a is None else {"assume_a": assume_a}
    if not is_traced(a, b):
        return _linalg.solve(a, b, lower, overwrite_a, overwrite_b, check_finite,
                             transposed=transposed, **how)  # fmt: skip
    if assume_a not in (None, "gen", "general"):
        raise refuse(
            "linalg.solve", f"assume_a={assume_a!r} reads a part of the matrix only, and is not "
            "supported on a traced value.", "Leave it out, or use cho_solve(cho_factor(a), b) or "
            "solve_triangular.",
        )  # fmt: skip
    how = {**how, "lower": lower, "check_finite": check_finite}
    return _system(
        a, b, vector=np.ndim(b) == 1, transposed=transposed, how=tuple(how.items())
    )  # fmt: skip


_inv: Primitive = primitive(
    lambda a, *, finite: _linalg.inv(a, check_finite=finite),
    vjp=[lambda g, y, a, *, finite: -(y.mT @ g @ y.mT)],
    jvp=[lambda t, y, a, *, finite: -(y @ t @ y)],
    arity=1,
    name="scipy inv",
    category=STACKED,
)


def inv(a: Any, overwrite_a: bool = False, check_finite: bool = True, **how: Any) -> Any:
    """Return the inverse; SciPy's further keywords are for constants only.

    Examples
    --------
    >>> import numpy as np
    >>> inv(np.array([[4.0]]))
    array([[0.25]])
    """
    if not is_traced(a):
        return _linalg.inv(a, overwrite_a, check_finite, **how)
    for name, value in how.items():
        if value not in (None, False, "gen", "general"):
            raise refuse("linalg.inv", f"{name}={value!r} is not supported on a traced value.",
                         "Leave it out.")  # fmt: skip
    return _inv(a, finite=check_finite)


_det: Primitive = valued(
    lambda a, finite: np.asarray(_linalg.det(a, check_finite=finite))[()],
    lambda a, finite: np.linalg.det(a),
    "scipy det",
    arity=1,
)


def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Return the determinant.

    Examples
    --------
    >>> import numpy as np
    >>> float(det(np.diag([2.0, 3.0])))
    6.0
    """
    if not is_traced(a):
        return _linalg.det(a, overwrite_a, check_finite)
    return _det(a, finite=check_finite)


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
