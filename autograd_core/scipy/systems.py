"""Linear systems whose matrices have a shape: symmetric, triangular, banded, constant diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive, bare
from autograd_core.rules.triangular import adjoint
from autograd_core.scipy.special_matrices import circulant, toeplitz
from autograd_core.scipy.triangular import apply
from autograd_core.scipy.values import STACKED, as_floats, is_traced, refuse, valued


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
                apply(t.mT if transposed else t, x, vector),
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


# --- what SciPy reads of a matrix -----------------------------------------------------------------

_HERMITIAN = {"her": True, "hermitian": True, "pos": True, "positive definite": True,
              "sym": False, "symmetric": False}  # fmt: skip
_TRIANGULAR = {"upper triangular": False, "lower triangular": True}
_GENERAL = (None, "gen", "general", "banded")


def symmetric(a: Any, lower: bool, conjugated: bool = True) -> Any:
    """Return the matrix that is meant by one triangle; its derivative is the symmetric one."""

    def mirrored(m: Any) -> Any:
        return adjoint(m) if conjugated else m.mT

    plain = bare(a)
    half, strict = (np.tril(plain), np.tril(plain, -1)) if lower else (
        np.triu(plain), np.triu(plain, 1))  # fmt: skip
    if conjugated and plain.dtype.kind == "c":  # the diagonal counts as real
        half = half - 1j * np.imag(plain) * np.eye(plain.shape[-1])
    means = half + mirrored(strict)
    both = 0.5 * (a + mirrored(a))
    return both + (means - bare(both))


def _read(a: Any, kind: str, lower: bool) -> Any:
    """Return the part of a matrix that SciPy reads, as the matrix that it means."""
    if kind in _HERMITIAN:
        return symmetric(a, lower, _HERMITIAN[kind])
    n = a.shape[-1]
    rows, columns = np.ogrid[:n, :n]
    if kind in _TRIANGULAR:
        kept = rows >= columns if _TRIANGULAR[kind] else rows <= columns
    else:
        kept = np.abs(rows - columns) <= (1 if kind == "tridiagonal" else 0)
    return np.where(kept, a, 0.0)


_read_system: Primitive = valued(
    lambda a, b, *, kind, vector, lower, transposed, finite: _system_value(
        a, b, vector=vector, transposed=transposed,
        how={"assume_a": kind, "lower": lower, "check_finite": finite},
    ),
    lambda a, b, *, kind, vector, lower, transposed, finite: _system(
        _read(a, kind, lower), b, vector=vector, transposed=transposed
    ),
    "scipy solve",
    arity=2,
)  # fmt: skip


def solve(
    a: Any, b: Any, lower: bool = False, overwrite_a: bool = False, overwrite_b: bool = False,
    check_finite: bool = True, assume_a: Any = None, transposed: bool = False,
) -> Any:  # fmt: skip
    """Solve a x = b; differentiable in both.

    Parameters
    ----------
    a : array (..., n, n)
    b : array (n,) or (..., n, k)
    lower, overwrite_a, overwrite_b, check_finite, transposed
        As SciPy's.
    assume_a : str, optional
        As SciPy's. Of a symmetric, Hermitian or positive definite matrix one triangle is read, and
        the derivative is the symmetric one; of the other kinds, what is not read has none.

    Returns
    -------
    array, shaped like b

    Raises
    ------
    UnsupportedError
        For a kind of matrix that has no rule.

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
    vector = np.ndim(b) == 1
    if assume_a in _GENERAL:
        how = {**how, "lower": lower, "check_finite": check_finite}
        return _system(a, b, vector=vector, transposed=transposed, how=tuple(how.items()))
    if assume_a not in (*_HERMITIAN, *_TRIANGULAR, "diagonal", "tridiagonal"):
        raise refuse("linalg.solve", f"assume_a={assume_a!r} is not supported on a traced value.",
                     "Leave it out.")  # fmt: skip
    return _read_system(
        as_floats(a), as_floats(b), kind=assume_a, vector=vector, lower=lower,
        transposed=transposed, finite=check_finite,
    )  # fmt: skip


# --- constant diagonals ---------------------------------------------------------------------------


_toeplitz_system: Primitive = valued(
    lambda c, r, b: _linalg.solve_toeplitz((c, r), b),
    lambda c, r, b: np.linalg.solve(toeplitz(c, r), b),
    "solve_toeplitz",
    arity=3,
)


def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """Solve a system whose matrix is `toeplitz`; the derivative solves a general one.

    Examples
    --------
    >>> import numpy as np
    >>> solve_toeplitz(np.array([2.0, 0.0]), np.array([2.0, 4.0]))
    array([1., 2.])
    """
    if not is_traced(c_or_cr, b):
        return _linalg.solve_toeplitz(c_or_cr, b, check_finite)
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, np.conj(c_or_cr))
    return _toeplitz_system(c, r, b)


_circulant = valued(
    lambda c, b, *, how: _linalg.solve_circulant(c, b, **dict(how)),
    lambda c, b, *, how: np.linalg.solve(circulant(c), b),
    "solve_circulant",
    2,
)


def solve_circulant(
    c: Any, b: Any, singular: str = "raise", tol: Any = None, caxis: int = -1, baxis: int = 0,
    outaxis: int = 0,
) -> Any:  # fmt: skip
    """Solve a system whose matrix is `circulant`; differentiable in both.

    Parameters
    ----------
    c : array (n,)
        The first column. A stack is refused where a value is traced.
    b : array (n,) or (n, k)
    singular, tol, caxis, baxis, outaxis
        As SciPy's; with a traced value "raise", and the usual axes.

    Returns
    -------
    array, shaped like b

    Raises
    ------
    UnsupportedError
        For stacks, other axes and ``singular="lstsq"``, with a traced value.

    Examples
    --------
    >>> import numpy as np
    >>> solve_circulant(np.array([2.0, 0.0]), np.array([2.0, 4.0]))
    array([1., 2.])
    """
    if not is_traced(c, b):
        return _linalg.solve_circulant(c, b, singular, tol, caxis, baxis, outaxis)
    c, b = as_floats(c), as_floats(b)
    usual = singular == "raise" and (caxis % c.ndim, baxis, outaxis) == (0, 0, 0)
    if c.ndim != 1 or not usual:
        raise refuse("linalg.solve_circulant", "stacks, other axes and singular='lstsq' are not "
                     "supported on a traced value.",
                     "Use vmap, or solve(circulant(c), b).")  # fmt: skip
    return _circulant(c, b, how=(("tol", tol),))


# --- bands ----------------------------------------------------------------------------------------


def of_bands(ab: Any, lower: bool) -> Any:
    """Return the triangle of a matrix whose bands are the rows of ab, as LAPACK keeps them."""
    count, n = ab.shape
    rows, columns = np.ogrid[:n, :n]
    band = rows - columns + (0 if lower else count - 1)
    kept = (band >= 0) & (band < count)
    return np.where(kept, ab[np.clip(band, 0, count - 1), columns + 0 * rows], 0.0)


def of_symmetric_bands(ab: Any, lower: bool) -> Any:
    """Return the Hermitian matrix of which ab has the bands of one triangle."""
    half = of_bands(ab, lower)
    diagonal = np.eye(half.shape[-1], dtype=bool)
    return np.where(diagonal, np.real(half), half + np.where(diagonal, 0.0, adjoint(half)))


def _bands_of(a: Any, ab: Any, lower: bool) -> Any:
    """Return the bands of a triangle as LAPACK keeps them; beyond its corners what ab has there."""
    n = a.shape[-1]
    columns = np.arange(n)
    rows = columns + np.arange(ab.shape[0])[:, None] - (0 if lower else ab.shape[0] - 1)
    return np.where((rows >= 0) & (rows < n), a[np.clip(rows, 0, n - 1), columns + 0 * rows], ab)


def _factor_bands(ab: Any, *, lower: bool, finite: bool) -> Any:
    low = np.linalg.cholesky(of_symmetric_bands(ab, lower))
    return _bands_of(low if lower else adjoint(low), ab, lower)


_banded_factor = valued(
    lambda ab, *, lower, finite: _linalg.cholesky_banded(ab, lower=lower, check_finite=finite),
    _factor_bands, "cholesky_banded", 1,
)  # fmt: skip


def cholesky_banded(
    ab: Any, overwrite_ab: bool = False, lower: bool = False, check_finite: bool = True
) -> Any:
    """Return the bands of the Cholesky factor of a banded positive definite matrix.

    Parameters
    ----------
    ab : array (u + 1, n)
        The bands of one triangle, as SciPy keeps them. The derivative makes a matrix of n x n.
    overwrite_ab, lower, check_finite
        As SciPy's.

    Returns
    -------
    array (u + 1, n)

    Examples
    --------
    >>> import numpy as np
    >>> cholesky_banded(np.array([[4.0, 9.0]])).tolist()
    [[2.0, 3.0]]
    """
    if not is_traced(ab):
        return _linalg.cholesky_banded(ab, overwrite_ab, lower, check_finite)
    return _banded_factor(as_floats(ab), lower=lower, finite=check_finite)


_by_factor = valued(
    lambda cb, b, *, lower, finite: _linalg.cho_solve_banded((cb, lower), b, check_finite=finite),
    lambda cb, b, *, lower, finite: _by_triangle(of_bands(cb, lower), b, lower),
    "cho_solve_banded", 2,
)  # fmt: skip


def _by_triangle(half: Any, b: Any, lower: bool) -> Any:
    low = half if lower else adjoint(half)
    return np.linalg.solve(low @ adjoint(low), b)


def cho_solve_banded(
    cb_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """Solve a x = b from `cholesky_banded`; differentiable in the factor and in b.

    Parameters
    ----------
    cb_and_lower : (array (u + 1, n), bool)
        The factor, and whether it is the lower one.
    b : array (n,) or (n, k)
    overwrite_b, check_finite
        As SciPy's.

    Returns
    -------
    array, shaped like b

    Examples
    --------
    >>> import numpy as np
    >>> cho_solve_banded((np.array([[2.0, 3.0]]), False), np.array([4.0, 9.0]))
    array([1., 1.])
    """
    cb, lower = cb_and_lower
    if not is_traced(cb, b):
        return _linalg.cho_solve_banded(cb_and_lower, b, overwrite_b, check_finite)
    return _by_factor(as_floats(cb), as_floats(b), lower=lower, finite=check_finite)


_hermitian_bands = valued(
    lambda ab, b, *, lower, finite: _linalg.solveh_banded(ab, b, lower=lower, check_finite=finite),
    lambda ab, b, *, lower, finite: np.linalg.solve(of_symmetric_bands(ab, lower), b),
    "solveh_banded", 2,
)  # fmt: skip


def solveh_banded(
    ab: Any, b: Any, overwrite_ab: bool = False, overwrite_b: bool = False, lower: bool = False,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """Solve a system with a banded positive definite matrix; differentiable in both.

    Parameters
    ----------
    ab : array (u + 1, n)
        The bands of one triangle, as SciPy keeps them. The derivative makes a matrix of n x n.
    b : array (n,) or (n, k)
    overwrite_ab, overwrite_b, lower, check_finite
        As SciPy's.

    Returns
    -------
    array, shaped like b

    Examples
    --------
    >>> import numpy as np
    >>> solveh_banded(np.array([[4.0, 9.0]]), np.array([4.0, 9.0]))
    array([1., 1.])
    """
    if not is_traced(ab, b):
        return _linalg.solveh_banded(ab, b, overwrite_ab, overwrite_b, lower, check_finite)
    return _hermitian_bands(as_floats(ab), as_floats(b), lower=lower, finite=check_finite)


__all__ = ["cho_solve_banded", "cholesky_banded", "solve", "solve_circulant", "solve_toeplitz",
           "solveh_banded"]  # fmt: skip
