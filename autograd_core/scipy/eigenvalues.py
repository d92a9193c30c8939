"""Eigenvalues in scipy.linalg: of one matrix and of pairs, of all or of some, left and right.

The derivatives are those of `numpy.linalg.eigh` and `eig`. A vector's sign or phase is free; it is
SciPy's, and does not turn by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Constant, Primitive, bare, innermost_array
from autograd_core.rules import eigen
from autograd_core.rules.triangular import adjoint
from autograd_core.scipy.systems import of_symmetric_bands
from autograd_core.scipy.values import STACKED, as_floats, is_traced, places_of, refuse


def _declared(name: str, value: Any, like: Primitive) -> Primitive:
    return primitive(
        value, forward=eigen.finite(value), arity=1, name=f"scipy {name}", multiple=True,
        category=STACKED, vjp=like.vjp, jvp=like.jvp, none_if_unused=like.none_if_unused,
    )  # fmt: skip


_eigh = _declared("eigh", lambda a: _linalg.eigh(a), eigen.eigh)
_eigh_upper = _declared("eigh", lambda a: _linalg.eigh(a, lower=False), eigen.eigh)
_eig = _declared("eig", lambda a: _linalg.eig(a), eigen.eig)


def _pair_jvp(ts: Any, y: Any, a: Any, b: Any, *, lower: bool) -> Any:
    """From a v = w b v and v^H b v = 1; both matrices move symmetrically."""
    w, v = y
    ta, tb = ((t + adjoint(t)) * 0.5 for t in ts)
    moved = adjoint(v) @ tb @ v
    inner = adjoint(v) @ ta @ v - moved * w
    gaps = eigen._inverse_gaps(w, eigen._moves(ts[0]) | eigen._moves(ts[1]))
    length = 0.5 * np.real(np.diagonal(moved))
    return np.real(np.diagonal(inner)), v @ (gaps * inner) - v * length


_pair: Primitive = primitive(
    lambda a, b, *, lower: _linalg.eigh(a, b, lower=lower),
    jvp=_pair_jvp,
    arity=2,
    name="scipy eigh",
    multiple=True,
    category="solver",
)


def _turn_of(wanted: Any, made: Any) -> Any:
    """Return the signs, or phases, that vectors are to be multiplied by to be others."""
    inner = np.sum(np.conj(made) * wanted, axis=-2)
    size = np.abs(inner)
    return np.where(size > 0, inner, 1.0) / np.where(size > 0, size, 1.0)


_turns = Constant(_turn_of)
_some_vectors = Constant(lambda a, *b, how: _linalg.eigh(a, *b, **dict(how))[1])


def _chosen(name: str, w: Any, by_index: Any, by_value: Any) -> Any:
    """Return which eigenvalues SciPy chooses."""
    if by_index is not None:
        low, high = by_index
        return slice(int(low), int(high) + 1)
    low, high = by_value
    numbers = innermost_array(w)
    if numbers.ndim > 1:
        raise refuse(f"linalg.{name}", "subset_by_value= chooses as many eigenvalues as there are, "
                     "and so not the same number in every example of vmap.",
                     "Use subset_by_index=.")  # fmt: skip
    places = np.flatnonzero((numbers > low) & (numbers <= high))
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)


def eigh(
    a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False,
    overwrite_a: bool = False, overwrite_b: bool = False, type: int = 1,
    check_finite: bool = True, subset_by_index: Any = None, subset_by_value: Any = None,
    driver: Any = None,
) -> Any:  # fmt: skip
    """Return the eigenvalues and eigenvectors of a symmetric matrix, or of two; differentiable.

    Solves a v = w b v, where b is positive definite. The derivative is the symmetric one, in a and
    in b: dw = v^H (da - w db) v.

    Parameters
    ----------
    a, b : array (n, n)
        Symmetric or Hermitian, `b` positive definite; the identity if left out.
    lower, eigvals_only, overwrite_a, overwrite_b, check_finite, subset_by_index, subset_by_value
        As SciPy's.
    type : int
        As SciPy's; 1 with a traced value.
    driver : str, optional
        As SciPy's; refused with a traced value.

    Returns
    -------
    w, v : array
        Or `w` alone.

    Raises
    ------
    UnsupportedError
        With `driver` or another `type`, and a traced value.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> eigh(np.diag([3.0, 2.0]), eigvals_only=True)
    array([2., 3.])
    >>> grad(lambda b: eigh(np.diag([3.0, 2.0]), b)[0][0])(np.eye(2)).tolist()
    [[0.0, 0.0], [0.0, -2.0]]
    """
    how = {"lower": lower, "subset_by_index": subset_by_index, "subset_by_value": subset_by_value}
    if not is_traced(a, b):
        return _linalg.eigh(
            a, b, **how, eigvals_only=eigvals_only, overwrite_a=overwrite_a, driver=driver,
            overwrite_b=overwrite_b, type=type, check_finite=check_finite,
        )  # fmt: skip
    return _symmetric("eigh", a, b, how, type, driver, eigvals_only)


def _symmetric(
    name: str, a: Any, b: Any, how: dict[str, Any], kind: int, driver: Any, only: bool
) -> Any:
    if driver is not None:
        raise refuse(f"linalg.{name}", f"driver={driver!r} is not supported on a traced value.",
                     "Leave it out.")  # fmt: skip
    if kind != 1:
        raise refuse(f"linalg.{name}", f"type={kind} is not supported on a traced value.",
                     "Write the eigenvalues of a and inv(b): a v = w inv(b) v.")  # fmt: skip
    given = (as_floats(a),) if b is None else (as_floats(a), as_floats(b))
    if b is None:
        w, v = (_eigh if how["lower"] else _eigh_upper)(given[0])
    else:
        w, v = _pair(*given, lower=how["lower"])
    if how["subset_by_index"] is None and how["subset_by_value"] is None:
        return w if only else (w, v)
    some = _chosen(name, w, how["subset_by_index"], how["subset_by_value"])
    w = w[..., some]
    if only:
        return w
    v = v[..., some]
    return w, v * _turns(_some_vectors(*given, how=tuple(how.items())), v)[..., None, :]


def eigvalsh(
    a: Any, b: Any = None, *, lower: bool = True, overwrite_a: bool = False,
    overwrite_b: bool = False, type: int = 1, check_finite: bool = True,
    subset_by_index: Any = None, subset_by_value: Any = None, driver: Any = None,
) -> Any:  # fmt: skip
    """Return the eigenvalues of a symmetric matrix, or of two; differentiable as in `eigh`.

    Parameters
    ----------
    a, b, lower, overwrite_a, overwrite_b, type, check_finite, subset_by_index, subset_by_value, \
    driver
        As those of `eigh`.

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        With `driver` or another `type`, and a traced value.

    Examples
    --------
    >>> import numpy as np
    >>> eigvalsh(np.diag([3.0, 2.0]))
    array([2., 3.])
    """
    how = {"lower": lower, "subset_by_index": subset_by_index, "subset_by_value": subset_by_value}
    if not is_traced(a, b):
        return _linalg.eigvalsh(a, b, **how, overwrite_a=overwrite_a, overwrite_b=overwrite_b,
                                type=type, check_finite=check_finite, driver=driver)  # fmt: skip
    return _symmetric("eigvalsh", a, b, how, type, driver, only=True)


# --- of bands -------------------------------------------------------------------------------------


def _selected(name: str, matrix: Any, select: Any, select_range: Any, only: bool) -> Any:
    how: dict[str, Any] = {"lower": True, "subset_by_index": None, "subset_by_value": None}
    kind = {"a": None, 0: None, "v": "subset_by_value", 1: "subset_by_value",
            "i": "subset_by_index", 2: "subset_by_index"}[select]  # fmt: skip
    if kind is not None:
        how[kind] = select_range
    return _symmetric(name, matrix, None, how, 1, None, only)


def eigh_tridiagonal(
    d: Any, e: Any, eigvals_only: bool = False, select: Any = "a", select_range: Any = None,
    check_finite: bool = True, tol: float = 0.0, lapack_driver: str = "auto",
) -> Any:  # fmt: skip
    """Return eigenvalues and eigenvectors of a symmetric tridiagonal matrix; differentiable.

    Parameters
    ----------
    d, e : array (n,), array (n - 1,)
        The diagonal and the one beside it. With traced values a matrix of n x n is made.
    eigvals_only, select, select_range, check_finite, tol, lapack_driver
        As SciPy's; with traced values all is computed to full precision.

    Returns
    -------
    w, v : array
        Or `w` alone.

    Examples
    --------
    >>> import numpy as np
    >>> eigh_tridiagonal(np.array([3.0, 2.0]), np.zeros(1), eigvals_only=True)
    array([2., 3.])
    """
    if not is_traced(d, e):
        return _linalg.eigh_tridiagonal(d, e, eigvals_only, select, select_range, check_finite, tol,
                                        lapack_driver)  # fmt: skip
    d, e = as_floats(d), as_floats(e)
    matrix = np.diag(d) + np.diag(e, 1) + np.diag(e, -1)
    return _selected("eigh_tridiagonal", matrix, select, select_range, eigvals_only)


def eigvalsh_tridiagonal(
    d: Any, e: Any, select: Any = "a", select_range: Any = None, check_finite: bool = True,
    tol: float = 0.0, lapack_driver: str = "auto",
) -> Any:  # fmt: skip
    """Return the eigenvalues of a symmetric tridiagonal matrix, as `eigh_tridiagonal`.

    Examples
    --------
    >>> import numpy as np
    >>> eigvalsh_tridiagonal(np.array([3.0, 2.0]), np.zeros(1))
    array([2., 3.])
    """
    return eigh_tridiagonal(d, e, True, select, select_range, check_finite, tol, lapack_driver)


def eig_banded(
    a_band: Any, lower: bool = False, eigvals_only: bool = False, overwrite_a_band: bool = False,
    select: Any = "a", select_range: Any = None, max_ev: int = 0, check_finite: bool = True,
) -> Any:  # fmt: skip
    """Return eigenvalues and eigenvectors of a Hermitian matrix of bands; differentiable.

    Parameters
    ----------
    a_band : array (u + 1, n)
        The bands of one triangle, as SciPy keeps them. With traced values a matrix of n x n is
        made.
    lower, eigvals_only, overwrite_a_band, select, select_range, max_ev, check_finite
        As SciPy's.

    Returns
    -------
    w, v : array
        Or `w` alone.

    Examples
    --------
    >>> import numpy as np
    >>> eig_banded(np.array([[3.0, 2.0]]), eigvals_only=True)
    array([2., 3.])
    """
    if not is_traced(a_band):
        return _linalg.eig_banded(a_band, lower, eigvals_only, overwrite_a_band, select,
                                  select_range, max_ev, check_finite)  # fmt: skip
    matrix = of_symmetric_bands(as_floats(a_band), lower)
    return _selected("eig_banded", matrix, select, select_range, eigvals_only)


def eigvals_banded(
    a_band: Any, lower: bool = False, overwrite_a_band: bool = False, select: Any = "a",
    select_range: Any = None, check_finite: bool = True,
) -> Any:  # fmt: skip
    """Return the eigenvalues of a Hermitian matrix of bands, as `eig_banded`.

    Examples
    --------
    >>> import numpy as np
    >>> eigvals_banded(np.array([[3.0, 2.0]]))
    array([2., 3.])
    """
    return eig_banded(a_band, lower, True, overwrite_a_band, select, select_range, 0, check_finite)


# --- of any matrices ------------------------------------------------------------------------------


_orders = Constant(places_of)
_vectors = Constant(lambda a, *b, left: _linalg.eig(a, *b, left=left, right=not left)[1])


def _finite_values(a: Any, b: Any) -> Any:
    w = _linalg.eigvals(a, b)
    if not np.isfinite(w).all():
        raise errors.LinearAlgebraError(
            "eig: b is singular, so an eigenvalue is infinite, and has no derivative. "
            "Exchange a and b: the eigenvalues of (b, a) are 1 / w.", Location.of_caller(),
        )  # fmt: skip
    return w


_pair_values = Constant(_finite_values)


def _left(v: Any, b: Any) -> Any:
    """Return left eigenvectors of length 1, their largest component real."""
    rows = np.linalg.inv(v)
    left = adjoint(rows if b is None else rows @ np.linalg.inv(b))
    left = left / np.sqrt(np.sum(np.real(left * np.conj(left)), axis=-2, keepdims=True))
    if left.dtype.kind != "c":
        return left
    largest = np.argmax(np.abs(bare(left)), axis=-2)[..., None, :]
    top = np.take_along_axis(left, largest, -2)
    return left * (np.conj(top) / np.abs(top))


def eig(
    a: Any, b: Any = None, left: bool = False, right: bool = True, overwrite_a: bool = False,
    overwrite_b: bool = False, check_finite: bool = True, homogeneous_eigvals: bool = False,
) -> Any:  # fmt: skip
    """Return the eigenvalues and eigenvectors of a square matrix, or of two; differentiable.

    Solves a v = w b v. All vectors have length 1. The phase of a complex vector is free: LAPACK
    makes the largest component of one matrix's vectors real, and that is differentiated; those of
    a pair, with a phase that is SciPy's.

    Parameters
    ----------
    a, b : array (n, n)
        `b` is invertible where a value is traced; the identity if left out.
    left, right : bool
        Which vectors are returned, after the eigenvalues.
    overwrite_a, overwrite_b, check_finite
        As SciPy's.
    homogeneous_eigvals : bool
        As SciPy's; refused with a traced value.

    Returns
    -------
    w, vl, vr : array
        As asked for.

    Raises
    ------
    LinearAlgebraError
        If `b` is singular, and a value traced.
    UnsupportedError
        With `homogeneous_eigvals` and a traced value; with `left` of a stack.

    Examples
    --------
    >>> import numpy as np
    >>> eig(np.diag([3.0, 2.0]), right=False)
    array([3.+0.j, 2.+0.j])
    """
    if not is_traced(a, b):
        both = right or (left and b is not None)  # SciPy scales left vectors only beside right ones
        made = _linalg.eig(a, b, left, both, overwrite_a, overwrite_b, check_finite,
                           homogeneous_eigvals)  # fmt: skip
        return made if both == right else made[:2]
    if homogeneous_eigvals:
        raise refuse("linalg.eig", "homogeneous_eigvals=True is not supported on a traced value.",
                     "Leave it out.")  # fmt: skip
    a, b = as_floats(a), None if b is None else as_floats(b)
    pair = () if b is None else (b,)
    wanted = None if b is None else _pair_values(a, b)
    w, v = _eig(a if b is None else np.linalg.solve(b, a))
    if b is not None:
        order = _orders(wanted, w)
        w, v = np.take_along_axis(w, order, -1), np.take_along_axis(v, order[..., None, :], -1)
        if right or left:
            v = v * _turns(_vectors(a, b, left=False), v)[..., None, :]
    made = [w]
    if left:
        if a.ndim > 2:
            raise refuse("linalg.eig", "left=True of a stack is not supported on a traced value.",
                         "Use vmap.")  # fmt: skip
        vl = _left(v, b)
        made.append(vl * _turns(_vectors(a, *pair, left=True), vl)[..., None, :])
    return tuple([*made, v] if right else made) if left or right else w


def eigvals(
    a: Any, b: Any = None, overwrite_a: bool = False, check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:  # fmt: skip
    """Return the eigenvalues of a square matrix, or of two; differentiable as in `eig`.

    Parameters
    ----------
    a, b, overwrite_a, check_finite, homogeneous_eigvals
        As those of `eig`.

    Returns
    -------
    array of complex numbers

    Raises
    ------
    LinearAlgebraError
        If `b` is singular, and a value traced.

    Examples
    --------
    >>> import numpy as np
    >>> eigvals(np.diag([3.0, 2.0]))
    array([3.+0.j, 2.+0.j])
    """
    if not is_traced(a, b):
        return _linalg.eigvals(a, b, overwrite_a, check_finite, homogeneous_eigvals)
    return eig(a, b, right=False, homogeneous_eigvals=homogeneous_eigvals)


__all__ = ["eig", "eig_banded", "eigh", "eigh_tridiagonal", "eigvals", "eigvals_banded",
           "eigvalsh", "eigvalsh_tridiagonal"]  # fmt: skip
