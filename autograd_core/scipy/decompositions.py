"""Decompositions of scipy.linalg: SciPy's factors, with the rules of NumPy's decompositions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Constant, Primitive, bare
from autograd_core.rules import eigen
from autograd_core.rules.indexing import getitem
from autograd_core.rules.triangular import adjoint, solve_triangular
from autograd_core.scipy.values import STACKED, is_traced, refuse, valued


def _declared(name: str, value: Callable[..., Any], like: Primitive | None = None,
              **rules: Any) -> Primitive:  # fmt: skip
    """Declare a decomposition with SciPy's value, and the rules of one of NumPy's."""
    if like is not None:
        rules = {"vjp": like.vjp, "jvp": like.jvp, "none_if_unused": like.none_if_unused}
    return primitive(
        value,
        forward=eigen.finite(value),
        arity=1,
        name=f"scipy {name}",
        multiple=True,
        category=STACKED,
        **rules,
    )


def _only(function: str, **given: Any) -> None:
    """Refuse keywords that choose another decomposition than the rules are for."""
    for name, (value, usual) in given.items():
        same = value is usual or (isinstance(value, type(usual)) and value == usual)
        if not same:
            raise refuse(f"linalg.{function}", f"{name}={value!r} is not supported on a traced "
                         "value.", "Leave it out.")  # fmt: skip


def _check_matrix(function: str, a: Any) -> None:
    if a.ndim < 2:
        raise errors.ShapeError(
            f"linalg.{function}: the argument has shape {a.shape}; give a matrix.",
            Location.of_caller(),
        )


# --- QR and LU ------------------------------------------------------------------

_qr = _declared("qr", lambda a: _linalg.qr(a, mode="economic"), eigen.qr_)
_full_qr = _declared("full qr", lambda a: _linalg.qr(a), eigen.full_qr)
_pivots = Constant(lambda a: _linalg.qr(a, mode="r", pivoting=True)[1])


def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """Return Q and R; with `pivoting` also the order of the columns, a constant.

    The columns of Q that ``mode="full"`` adds are taken not to turn in what they span.

    Examples
    --------
    >>> import numpy as np
    >>> q, r = qr(np.array([[3.0, 1.0], [4.0, 2.0]]))
    >>> np.abs(r).round(4).tolist()
    [[5.0, 2.2], [0.0, 0.4]]
    """
    if not is_traced(a):
        return _linalg.qr(a, overwrite_a, lwork, mode, pivoting, check_finite)
    if mode not in ("full", "economic", "r"):
        raise refuse("linalg.qr", f"mode={mode!r} has no derivative.", "Use 'full' or 'economic'.")
    _check_matrix("qr", a)
    order = _pivots(bare(a)) if pivoting else None
    a = a if order is None else a[:, order]
    rows, columns = a.shape[-2:]
    if rows < columns:
        q, first = _qr(a[..., :rows])
        r = np.concatenate([first, adjoint(q) @ a[..., rows:]], axis=-1)
    else:
        q, r = (_full_qr if mode != "economic" and rows > columns else _qr)(a)
    factors = (r,) if mode == "r" else (q, r)
    return factors if order is None else (*factors, order)


# The places of the rows of L U in the matrix: a = (L U)[rows].
_rows = Constant(lambda a: _linalg.lu(a, p_indices=True)[0])


def _lu_jvp(ts: Any, y: Any, a: Any) -> Any:
    """From P A = L U; what stands below or beside the square part follows from it."""
    low, up = y
    order = np.argsort(_rows(a), axis=-1)
    t, k = np.take_along_axis(ts[0], order[..., None], -2), low.shape[-1]
    first, square = low[..., :k, :], up[..., :k]
    inner = solve_triangular(first, t[..., :k, :k], lower=True)
    inner = solve_triangular(square.mT, inner.mT, lower=True).mT  # L^-1 dA U^-1
    dlow, dup = np.matmul(first, np.tril(inner, -1)), np.matmul(np.triu(inner), square)
    if low.shape[-2] > k:
        rest = t[..., k:, :] - np.matmul(low[..., k:, :], dup)
        below = solve_triangular(square.mT, rest.mT, lower=True).mT
        dlow = np.concatenate([dlow, below], axis=-2)
    if up.shape[-1] > k:
        rest = t[..., k:] - np.matmul(dlow, up[..., k:])
        dup = np.concatenate([dup, solve_triangular(first, rest, lower=True)], axis=-1)
    return dlow, dup


_lu = _declared("lu", lambda a: tuple(_linalg.lu(a, p_indices=True)[1:]), jvp=_lu_jvp)


def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> Any:
    """Return P, L and U with a = P L U; P, the order of the rows, is a constant.

    Examples
    --------
    >>> import numpy as np
    >>> p, low, up = lu(np.array([[1.0, 2.0], [4.0, 2.0]]))
    >>> low.tolist(), up.tolist()
    ([[1.0, 0.0], [0.25, 1.0]], [[4.0, 2.0], [0.0, 1.5]])
    """
    if not is_traced(a):
        return _linalg.lu(a, permute_l, overwrite_a, check_finite, p_indices)
    low, up = _lu(a)
    rows = _rows(a)
    if permute_l:
        return np.take_along_axis(low, rows[..., None], -2), up
    if p_indices:
        return rows, low, up
    return _permutation(rows), low, up


_permutation = Constant(lambda rows: np.eye(rows.shape[-1])[rows])
_swaps = Constant(lambda a: _linalg.lu_factor(a)[1])


def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Return L and U in one square matrix, and the swaps of rows, which are constants.

    Examples
    --------
    >>> import numpy as np
    >>> lu_factor(np.array([[4.0, 2.0], [1.0, 2.0]]))[0].tolist()
    [[4.0, 2.0], [0.25, 1.5]]
    """
    if not is_traced(a):
        return _linalg.lu_factor(a, overwrite_a, check_finite)
    _check_matrix("lu_factor", a)
    if a.shape[-1] != a.shape[-2]:
        raise refuse("linalg.lu_factor", f"a matrix of {a.shape} has no derivative rule.",
                     "Use lu().")  # fmt: skip
    low, up = _lu(a)
    return np.tril(low, -1) + up, _swaps(a)


def _order_after(swaps: Any) -> Any:
    """Return the order of the rows after swaps, one after the other."""
    order = np.arange(swaps.shape[-1])
    for k, other in enumerate(swaps):
        order[[k, other]] = order[[other, k]]
    return order


_order = Constant(_order_after)


def _substituted(both: Any, b: Any, swaps: Any, *, trans: int) -> Any:
    """Solve by substitution, in operations that have rules."""
    order = _order(swaps)
    low = np.tril(both, -1) + np.eye(both.shape[-1])
    up, right = np.triu(both), b if b.ndim > 1 else b[:, None]
    if trans:
        up, low = (adjoint(up), adjoint(low)) if trans == 2 else (up.mT, low.mT)
        x = _upper(low, solve_triangular(up, right, lower=True))
        x = getitem(x, index=np.argsort(order))
    else:
        x = _upper(up, solve_triangular(low, getitem(right, index=order), lower=True))
    return x if b.ndim > 1 else x[:, 0]


def _upper(t: Any, b: Any) -> Any:
    return solve_triangular(t, b, lower=False)


_lu_solve = valued(
    lambda both, b, swaps, *, trans: _linalg.lu_solve((both, swaps), b, trans),
    _substituted,
    "lu_solve",
    arity=3,
)


def lu_solve(
    lu_and_piv: Any,
    b: Any,
    trans: int = 0,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Solve a x = b from `lu_factor`; differentiable in the factors and in b.

    Examples
    --------
    >>> import numpy as np
    >>> lu_solve(lu_factor(np.diag([2.0, 4.0])), np.array([2.0, 4.0]))
    array([1., 1.])
    """
    both, swaps = lu_and_piv
    if not is_traced(both, b):
        return _linalg.lu_solve(lu_and_piv, b, trans, overwrite_b, check_finite)
    return _lu_solve(both, b, swaps, trans=trans)


# --- singular values --------------------------------------------

_svd = _declared("svd", lambda a: _linalg.svd(a, full_matrices=False), eigen.svd_)
_full_svd = _declared("full svd", lambda a: _linalg.svd(a), eigen.full_svd)


def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """Return U, the singular values and V^H, or the singular values alone.

    The columns that ``full_matrices=True`` adds are taken not to turn in what they span.

    Examples
    --------
    >>> import numpy as np
    >>> svd(np.diag([3.0, 2.0]), compute_uv=False)
    array([3., 2.])
    """
    if not is_traced(a):
        return _linalg.svd(a, full_matrices, compute_uv, overwrite_a, check_finite, lapack_driver)
    _only("svd", lapack_driver=(lapack_driver, "gesdd"))
    _check_matrix("svd", a)
    if not compute_uv:
        return _svd(a)[1]
    return (_full_svd if full_matrices and a.shape[-1] != a.shape[-2] else _svd)(a)


def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Return the singular values.

    Examples
    --------
    >>> import numpy as np
    >>> svdvals(np.diag([3.0, 2.0]))
    array([3., 2.])
    """
    if not is_traced(a):
        return _linalg.svdvals(a, overwrite_a, check_finite)
    return _svd(a)[1]


# --- polar ----------------------------------------------------------------------


def _polar(a: Any, side: str) -> tuple[Any, Any]:
    w, s, vh = np.linalg.svd(a, full_matrices=False)
    if side == "right":
        return w @ vh, (adjoint(vh) * s[..., None, :]) @ vh
    return w @ vh, (w * s[..., None, :]) @ adjoint(w)


_polar_unitary = valued(
    lambda a, *, side: _linalg.polar(a, side)[0], lambda a, *, side: _polar(a, side)[0], "polar", 1
)
_polar_stretch = valued(
    lambda a, *, side: _linalg.polar(a, side)[1], lambda a, *, side: _polar(a, side)[1], "polar", 1
)


def polar(a: Any, side: str = "right") -> Any:
    """Return the unitary and the positive factor of the polar decomposition.

    Examples
    --------
    >>> import numpy as np
    >>> u, p = polar(np.array([[-2.0]]))
    >>> u.tolist(), p.tolist()
    ([[-1.0]], [[2.0]])
    """
    if not is_traced(a):
        return _linalg.polar(a, side)
    return _polar_unitary(a, side=side), _polar_stretch(a, side=side)


__all__ = ["lu", "lu_factor", "lu_solve", "polar", "qr",
           "svd", "svdvals"]  # fmt: skip
