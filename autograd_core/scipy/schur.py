"""The Schur and the Hessenberg form of a matrix: Z^H A Z, where Z turns with the matrix.

Both rules find the skew X of dZ = Z X from the places where the form stays 0:
d(Z^H A Z) = Z^H dA Z + T X - X T.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Constant, Primitive, bare
from autograd_core.rules.triangular import adjoint
from autograd_core.scipy.values import as_floats, is_traced, places_of, refuse


def _error(name: str, what: str) -> errors.LinearAlgebraError:
    return errors.LinearAlgebraError(f"{name}: {what}", Location.of_caller())


def _blocks(t: Any) -> tuple[Any, Any]:
    """Return where the form is 0, and the first rows of blocks of two."""
    n = t.shape[-1]
    first = np.flatnonzero(np.diagonal(t, -1) != 0)
    below = np.tri(n, k=-1, dtype=bool)
    below[first + 1, first] = False
    return below, first


def _gaps(w: Any, below: Any) -> Any:
    """Return 1 / (w_i - w_j) below the blocks; an error where two are equal."""
    gap = w[:, None] - w[None, :]
    size = np.abs(bare(w))
    least = np.max(size) * np.finfo(size.dtype).eps * size.size
    if np.any(below & (np.abs(bare(gap)) <= least)):
        raise _error("schur", "two eigenvalues are equal, so the form has no derivative. Use "
                     "eigvals, or a function of the matrix (expm, funm, ...).")  # fmt: skip
    return np.where(below, 1.0 / np.where(below, gap, 1.0), 0.0)


def _schur_jvp(ts: Any, y: Any, a: Any, *, how: Any) -> Any:
    t, z = y
    below, first = _blocks(bare(t))
    moved = adjoint(z) @ ts[0] @ z
    w, v = np.linalg.eig(t)
    order = _in_order(bare(t), bare(w), bare(v))
    w, v = w[order], v[:, order]  # of a block triangular form, block triangular
    inner = np.linalg.solve(v, np.where(below, -moved, 0.0) @ v)
    x = (v @ (_gaps(w, below) * np.where(below, inner, 0.0))) @ np.linalg.inv(v)
    x = np.where(below, x if t.dtype.kind == "c" else np.real(x), 0.0)
    x = x - adjoint(x)
    if first.size:
        x = x + _block_turns(t, moved + t @ x - x @ t, first)
    made = moved + t @ x - x @ t
    return np.where(below, 0.0, made), z @ x


def _block_turns(t: Any, moved: Any, first: Any) -> Any:
    """Return how blocks of two turn, which keeps the numbers on their diagonal equal."""
    off = t[first, first + 1] + t[first + 1, first]
    size = np.abs(bare(t)).max()
    if np.any(np.abs(bare(off)) <= 4 * np.finfo(bare(t).dtype).eps * size):
        raise _error("schur", "a block of a complex pair is a rotation, which no turn changes: the "
                     "real form has no derivative. Use output='complex', or eigvals.")  # fmt: skip
    angle = (moved[first + 1, first + 1] - moved[first, first]) / (2.0 * off)
    n = t.shape[-1]
    units = np.zeros((first.size, n, n))
    rows = np.arange(first.size)
    units[rows, first + 1, first], units[rows, first, first + 1] = 1.0, -1.0
    return np.tensordot(angle, units, axes=1)


def _order_of(t: Any, w: Any, v: Any) -> Any:
    """Return the order of eigenvectors in which they are triangular, block by block."""
    diagonal = np.diagonal(t).astype(complex)
    for k in np.flatnonzero(np.diagonal(t, -1) != 0).tolist():
        diagonal[k : k + 2] = np.linalg.eigvals(t[k : k + 2, k : k + 2])
    return places_of(diagonal, w)


_in_order = Constant(_order_of)
_schur: Primitive = primitive(
    lambda a, *, how: _linalg.schur(a, **dict(how))[:2],
    jvp=_schur_jvp,
    arity=1,
    name="schur",
    multiple=True,
    category="solver",
)
_count = Constant(lambda a, *, how: np.intp(_linalg.schur(a, **dict(how))[2]))


def schur(
    a: Any, output: str = "real", lwork: Any = None, overwrite_a: bool = False, sort: Any = None,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """Return T and Z with a = Z T Z^H, T triangular; differentiable where the eigenvalues differ.

    The real form of a matrix with complex eigenvalues has blocks of two on the diagonal. The
    columns of a complex Z are taken not to change their phases, which are free.

    Parameters
    ----------
    a : array (n, n)
        A square matrix.
    output : {"real", "complex"}
        The form, of a real matrix.
    lwork, overwrite_a, check_finite
        As SciPy's.
    sort : callable or str, optional
        As SciPy's: which eigenvalues come first.

    Returns
    -------
    T, Z : array (n, n)
        With `sort` also how many come first.

    Raises
    ------
    LinearAlgebraError
        When a derivative is asked for and two eigenvalues are equal, or a block is a rotation.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> a = np.array([[1.0, 2.0], [0.0, 3.0]])
    >>> grad(lambda a: schur(a)[0][1, 1])(a).round(6).tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    if not is_traced(a):
        return _linalg.schur(a, output, lwork, overwrite_a, sort, check_finite)
    how = (("output", output), ("sort", sort), ("check_finite", check_finite))
    made = _schur(as_floats(a), how=how)
    return made if sort is None else (*made, _count(as_floats(a), how=how))


# --- Hessenberg -----------------------------------------------------------------------------------


def _hessenberg_jvp(ts: Any, y: Any, a: Any) -> Any:
    """Find X column by column: the first column of Q stays, and below the form is 0."""
    h, q = y
    n, complex_ = h.shape[-1], h.dtype.kind == "c"
    moved = adjoint(q) @ ts[0] @ q
    if np.any(np.diagonal(bare(h), -1)[:-1] == 0):
        raise _error("hessenberg", "a number below the diagonal is 0, so the form falls apart and "
                     "has no derivative.")  # fmt: skip
    columns = [np.zeros_like(moved[:, 0])]
    for j in range(n - 1):
        known = np.stack(columns, axis=1)  # X up to column j
        left = moved[:, j] + h @ columns[j] - known @ h[: j + 1, j]
        above = [-np.conj(c[j + 1]) for c in columns]
        middle = 1j * np.imag(left[j + 1]) / h[j + 1, j] if complex_ else 0.0 * left[j + 1]
        under = left[j + 2 :] / h[j + 1, j]
        columns.append(np.concatenate([np.stack([*above, middle]), under]))
    x = np.stack(columns, axis=1)
    made = moved + h @ x - x @ h
    return np.triu(made, -1), q @ x


_hessenberg: Primitive = primitive(
    lambda a: _linalg.hessenberg(a, calc_q=True),
    jvp=_hessenberg_jvp,
    arity=1,
    name="hessenberg",
    multiple=True,
    category="solver",
)


def hessenberg(
    a: Any, calc_q: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """Return H, and with `calc_q` Q, with a = Q H Q^H and zeros below H's second diagonal.

    Differentiable where no number on that diagonal is 0.

    Parameters
    ----------
    a : array (n, n)
        A square matrix.
    calc_q : bool
        Whether Q is returned too.
    overwrite_a, check_finite
        As SciPy's.

    Returns
    -------
    H, Q : array (n, n)

    Raises
    ------
    LinearAlgebraError
        When a derivative is asked for and a number below the diagonal is 0.

    Examples
    --------
    >>> import numpy as np
    >>> hessenberg(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if not is_traced(a):
        return _linalg.hessenberg(a, calc_q, overwrite_a, check_finite)
    a = as_floats(a)
    if a.ndim != 2:
        raise refuse(
            "linalg.hessenberg", "a stack is not supported on a traced value.", "Use vmap."
        )
    if a.shape[0] <= 2:
        return (a, np.eye(a.shape[0])) if calc_q else a
    h, q = _hessenberg(a)
    return (h, q) if calc_q else h


__all__ = ["hessenberg", "schur"]
