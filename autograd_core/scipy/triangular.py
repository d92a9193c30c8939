"""Triangular systems and Cholesky factors, differentiable; values are SciPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.values import STACKED, is_traced


def _conj(a: Any) -> Any:
    return np.conj(a) if a.dtype.kind == "c" else a


def _adjoint(a: Any) -> Any:
    return _conj(np.swapaxes(a, -1, -2))


def _paired(rule: Callable[..., Any]) -> Callable[..., Any]:
    """Return a rule that was written as an adjoint (Re g^H dy) as the engine pairs: Re g dy."""
    return lambda g, *args, **settings: _conj(rule(_conj(g), *args, **settings))


_CODES = {0: 0, "N": 0, 1: 1, "T": 1, 2: 2, "C": 2}


def _triangle(m: Any, lower: bool, unit_diagonal: bool = False) -> Any:
    offset = int(unit_diagonal)
    return np.tril(m, -offset) if lower else np.triu(m, offset)


def apply(a: Any, b: Any, vector: bool) -> Any:
    """Return a matrix times a vector, or a stack of them, or times a matrix."""
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
    return -_triangular(a, apply(t, x, vector), trans=trans, vector=vector, **which)


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
    right = apply(moved + _adjoint(moved), x, vector)
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
