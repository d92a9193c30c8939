"""scipy.linalg, differentiable: triangular, banded and general systems, matrix functions.

Values are SciPy's.  Keywords that only save memory (``overwrite_*``) change nothing for traced
values.  Stacks of matrices work where SciPy takes them (from 1.16 on, in most functions).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.operations.declare import primitive
from autograd_core.operations.kinds import extreme
from autograd_core.operations.primitive import Constant, Primitive, innermost_array
from autograd_core.scipy.banded import solve_banded
from autograd_core.scipy.decompositions import (
    lu,
    lu_factor,
    lu_solve,
    polar,
    qr,
    svd,
    svdvals,
)
from autograd_core.scipy.eigenvalues import (
    eig,
    eig_banded,
    eigh,
    eigh_tridiagonal,
    eigvals,
    eigvals_banded,
    eigvalsh,
    eigvalsh_tridiagonal,
)
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.matrix_functions import (
    coshm,
    cosm,
    expm,
    expm_frechet,
    fractional_matrix_power,
    funm,
    logm,
    signm,
    sinhm,
    sinm,
    solve_continuous_lyapunov,
    solve_discrete_lyapunov,
    solve_sylvester,
    sqrtm,
    tanhm,
    tanm,
)
from autograd_core.scipy.riccati import (
    orthogonal_procrustes,
    solve_continuous_are,
    solve_discrete_are,
)
from autograd_core.scipy.schur import hessenberg, schur
from autograd_core.scipy.special_matrices import (
    block_diag,
    circulant,
    companion,
    convolution_matrix,
    fiedler,
    fiedler_companion,
    hankel,
    khatri_rao,
    leslie,
    matmul_toeplitz,
    toeplitz,
)
from autograd_core.scipy.systems import (
    cho_solve_banded,
    cholesky_banded,
    solve,
    solve_circulant,
    solve_toeplitz,
    solveh_banded,
)
from autograd_core.scipy.triangular import cho_factor, cho_solve, cholesky, solve_triangular
from autograd_core.scipy.values import STACKED, is_traced, refuse, valued


def __getattr__(name: str) -> Any:
    return guarded(_linalg, name)


__all__ = ["block_diag", "cho_factor", "cho_solve", "cho_solve_banded", "cholesky",
           "cholesky_banded", "circulant", "companion", "convolution_matrix", "coshm", "cosm",
           "det", "eig", "eig_banded", "eigh", "eigh_tridiagonal", "eigvals", "eigvals_banded",
           "eigvalsh", "eigvalsh_tridiagonal", "expm", "expm_frechet", "fiedler",
           "fiedler_companion", "fractional_matrix_power", "funm", "hankel", "hessenberg", "inv",
           "khatri_rao", "leslie", "logm", "lstsq", "lu", "lu_factor", "lu_solve",
           "matmul_toeplitz", "norm", "orthogonal_procrustes", "pinv", "polar", "qr", "schur",
           "signm", "sinhm", "sinm", "solve", "solve_banded", "solve_circulant",
           "solve_continuous_are", "solve_continuous_lyapunov", "solve_discrete_are",
           "solve_discrete_lyapunov", "solve_sylvester", "solve_toeplitz", "solve_triangular",
           "solveh_banded", "sqrtm", "svd", "svdvals", "tanhm", "tanm", "toeplitz"]  # fmt: skip


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


def _tolerances(atol: Any, rtol: Any) -> None:
    if is_traced(atol, rtol):
        raise refuse("linalg.pinv", "a traced tolerance has no derivative.", "Give a number.")
    if atol not in (None, 0, 0.0):
        raise refuse("linalg.pinv", "atol= is not supported on a traced value.", "Use rtol=.")


_pinv: Primitive = valued(
    lambda a, *, rtol: _linalg.pinv(a, rtol=rtol),
    lambda a, *, rtol: np.linalg.pinv(
        a, rcond=max(a.shape[-2:]) * np.finfo(a.dtype).eps if rtol is None else rtol
    ),
    "scipy pinv",
    arity=1,
)


def pinv(
    a: Any,
    *,
    atol: Any = None,
    rtol: Any = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """Return the pseudo-inverse; `atol` is for constants only.

    Examples
    --------
    >>> import numpy as np
    >>> pinv(np.array([[4.0], [0.0]])).round(4)
    array([[0.25, 0.  ]])
    """
    how = {"atol": atol, "rtol": rtol, "return_rank": return_rank, "check_finite": check_finite}
    if not is_traced(a, atol, rtol):
        return _linalg.pinv(a, **how)
    _tolerances(atol, rtol)
    made = _pinv(a, rtol=rtol)
    return (made, _linalg.pinv(innermost_array(a), **how)[1]) if return_rank else made


_rank = Constant(lambda a, b, *, cond: np.intp(_linalg.lstsq(a, b, cond)[2]))
_least_squares: Primitive = valued(
    lambda a, b, *, cond: _linalg.lstsq(a, b, cond)[0],
    lambda a, b, *, cond: np.linalg.lstsq(a, b, np.finfo(a.dtype).eps if cond is None else cond)[0],
    "scipy lstsq",
    arity=2,
)


def lstsq(
    a: Any,
    b: Any,
    cond: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: Any = None,
) -> Any:
    """Return the least-squares solution, the residuals, the rank and the singular values.

    Examples
    --------
    >>> import numpy as np
    >>> lstsq(np.array([[2.0], [0.0]]), np.array([4.0, 1.0]))[0]
    array([2.])
    """
    if not is_traced(a, b):
        return _linalg.lstsq(a, b, cond, overwrite_a, overwrite_b, check_finite, lapack_driver)
    if lapack_driver not in (None, "gelsd"):
        raise refuse("linalg.lstsq", f"lapack_driver={lapack_driver!r} is not supported on a "
                     "traced value.", "Leave it out.")  # fmt: skip
    x, rank = _least_squares(a, b, cond=cond), _rank(a, b, cond=cond)
    rows, columns = np.shape(a)[-2:]
    residuals: Any = np.zeros_like(x, shape=(0,))
    if rows > columns and int(extreme(np.min, innermost_array(rank), columns)) == columns:
        residuals = np.sum(np.abs(b - a @ x) ** 2, axis=0)
    return x, residuals, rank, svdvals(a)


_norm: Primitive = valued(
    lambda a, *, order, axis, keepdims: np.asarray(_linalg.norm(a, order, axis, keepdims))[()],
    lambda a, *, order, axis, keepdims: np.linalg.norm(a, order, axis, keepdims),
    "scipy norm",
    arity=1,
)


def norm(
    a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True
) -> Any:
    """Return the norm of a vector or a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> float(norm(np.array([3.0, 4.0])))
    5.0
    """
    if not is_traced(a):
        return _linalg.norm(a, ord, axis, keepdims, check_finite)
    return _norm(a, order=ord, axis=axis, keepdims=keepdims)
