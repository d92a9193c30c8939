"""scipy.linalg, differentiable: triangular, banded and general systems, matrix functions.

Values are SciPy's.  Keywords that only save memory (``overwrite_*``) change nothing for traced
values.  Stacks of matrices work where SciPy takes them (from 1.16 on, in most functions).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.banded import solve_banded
from autograd_core.scipy.matrix_functions import expm, logm, solve_sylvester, sqrtm
from autograd_core.scipy.triangular import apply, cho_factor, cho_solve, cholesky, solve_triangular
from autograd_core.scipy.values import STACKED, guarded, is_traced, refuse, valued


def __getattr__(name: str) -> Any:
    return guarded(_linalg, name)


__all__ = ["cho_factor", "cho_solve", "cholesky", "det", "expm", "inv", "logm", "solve",
           "solve_banded", "solve_sylvester", "solve_triangular", "sqrtm"]  # fmt: skip


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
