"""Functions of matrices: the exponential, the logarithm, the square root; Sylvester's equation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.triangular import adjoint
from autograd_core.scipy.values import STACKED, as_floats, is_traced, refuse, valued


def _along(function: Primitive, a: Any, t: Any) -> Any:
    """Return the derivative of a function of matrices at a along t, from one twice as large."""
    n = a.shape[-1]
    a, t = a + 0 * t, t + 0 * a  # the same stack, the same kind of number
    zero = np.zeros_like(a)
    top, below = np.concatenate([a, t], axis=-1), np.concatenate([zero, a], axis=-1)
    return function(np.concatenate([top, below], axis=-2))[..., :n, n:]


def _without_drawing(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that leaves NumPy's global random state as it was.

    SciPy estimates norms with random vectors; nobody who takes a logarithm means to draw.
    """

    def run(a: Any) -> Any:
        state = np.random.get_state()
        try:
            return function(a)
        finally:
            np.random.set_state(state)

    return run


def _matrix_function(name: str) -> Primitive:
    """Declare an analytic function of matrices (real on the real axis)."""
    own = _without_drawing(getattr(_linalg, name))
    made: Primitive = primitive(
        lambda a: own(a),
        vjp=[lambda g, y, a: _along(made, a.mT, g)],
        jvp=[lambda t, y, a: _along(made, a, t)],
        arity=1,
        name=name,
        category=STACKED,
    )
    return made


_expm, _logm = map(_matrix_function, ("expm", "logm"))


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
    return _expm(A) if is_traced(A) else _linalg.expm(A)


_frechet = valued(
    lambda a, e, *, method: _linalg.expm_frechet(a, e, method, compute_expm=False),
    lambda a, e, *, method: _along(_expm, a, e),
    "expm_frechet",
    2,
)


def expm_frechet(
    A: Any,  # noqa: N803 - SciPy's name
    E: Any,  # noqa: N803 - SciPy's name
    method: str | None = None,
    compute_expm: bool = True,
    check_finite: bool = True,
) -> Any:
    """Return the matrix exponential and its derivative along E; differentiable in both.

    Parameters
    ----------
    A, E : array (n, n)
    method, check_finite
        As SciPy's.
    compute_expm : bool
        Whether the exponential is returned too, in front.

    Returns
    -------
    expm_A, expm_frechet_AE : array (n, n)

    Examples
    --------
    >>> import numpy as np
    >>> expm_frechet(np.zeros((1, 1)), np.ones((1, 1)), compute_expm=False).tolist()
    [[1.0]]
    """
    if not is_traced(A, E):
        return _linalg.expm_frechet(A, E, method, compute_expm, check_finite)
    a = as_floats(A)
    along = _frechet(a, as_floats(E), method=method)
    return (_expm(a), along) if compute_expm else along


def _matrix_value(function: Primitive, a: Any, keywords: dict[str, Any]) -> Any:
    if not is_traced(a):
        return getattr(_linalg, function.name)(a, **keywords)
    if keywords.get("disp", True) is not True:
        raise refuse(f"linalg.{function.name}", "disp=False is not supported on a traced value.",
                     "Leave it out.")  # fmt: skip
    return function(a)


def logm(A: Any, **keywords: Any) -> Any:  # noqa: N803 - SciPy's name
    """Return the principal logarithm of a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> logm(np.eye(2)).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    return _matrix_value(_logm, A, keywords)


def _sylvester_value(a: Any, b: Any, q: Any) -> Any:
    kind = np.result_type(a, b, q)  # of a real and a complex matrix SciPy's answer is no solution
    return _linalg.solve_sylvester(*(np.asarray(m, dtype=kind) for m in (a, b, q)))


_sylvester: Primitive = primitive(
    _sylvester_value,
    vjp=[
        lambda g, x, a, b, q: -(_sylvester(a.mT, b.mT, g) @ x.mT),
        lambda g, x, a, b, q: -(x.mT @ _sylvester(a.mT, b.mT, g)),
        lambda g, x, a, b, q: _sylvester(a.mT, b.mT, g),
    ],
    jvp=[
        lambda t, x, a, b, q: -_sylvester(a, b, t @ x),
        lambda t, x, a, b, q: -_sylvester(a, b, x @ t),
        lambda t, x, a, b, q: _sylvester(a, b, t),
    ],
    name="solve_sylvester",
    category=STACKED,
)


def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """Solve a x + x b = q.

    Examples
    --------
    >>> import numpy as np
    >>> solve_sylvester(np.eye(1), np.eye(1), np.array([[4.0]]))
    array([[2.]])
    """
    return _sylvester(a, b, q) if is_traced(a, b, q) else _linalg.solve_sylvester(a, b, q)


_sqrtm: Primitive = primitive(  # s s = a, so s ds + ds s = da
    lambda a: _linalg.sqrtm(a),
    vjp=[lambda g, s, a: _sylvester(s.mT, s.mT, g)],
    jvp=[lambda t, s, a: _sylvester(s, s, t)],
    arity=1,
    name="sqrtm",
    category=STACKED,
)


def sqrtm(A: Any, **keywords: Any) -> Any:  # noqa: N803 - SciPy's name
    """Return the principal square root of a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> sqrtm(np.array([[4.0]]))
    array([[2.]])
    """
    return _matrix_value(_sqrtm, A, keywords)


# --- more functions ---------------------------------------------------------------

_TRIGONOMETRIC = {
    name: _matrix_function(name) for name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")
}


def _trigonometric(name: str, said: str) -> Callable[[Any], Any]:
    def run(A: Any) -> Any:  # noqa: N803 - SciPy's name
        return _TRIGONOMETRIC[name](A) if is_traced(A) else getattr(_linalg, name)(A)

    run.__name__ = run.__qualname__ = name
    run.__doc__ = f"""Return the {said} of a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> np.allclose({name}(np.diag([0.5, 0.0])), np.diag(np.{name[:-1]}([0.5, 0.0])))
    True
    """
    return run


cosm = _trigonometric("cosm", "cosine")
sinm = _trigonometric("sinm", "sine")
tanm = _trigonometric("tanm", "tangent")
coshm = _trigonometric("coshm", "hyperbolic cosine")
sinhm = _trigonometric("sinhm", "hyperbolic sine")
tanhm = _trigonometric("tanhm", "hyperbolic tangent")


def _real_as(a: Any, made: Any) -> Any:
    """Return the real part of a function of a real matrix."""
    return made if a.dtype.kind == "c" else np.real(made)


_signm = valued(
    lambda a: _real_as(a, _linalg.signm(a)), lambda a: a @ np.linalg.inv(_sqrtm(a @ a)), "signm", 1
)


def signm(A: Any, **keywords: Any) -> Any:  # noqa: N803 - SciPy's name
    """Return the sign of a matrix: A (A²)^(-1/2).

    Examples
    --------
    >>> import numpy as np
    >>> signm(np.diag([3.0, -2.0])).tolist()
    [[1.0, 0.0], [0.0, -1.0]]
    """
    if not is_traced(A):
        return _linalg.signm(A, **keywords)
    if keywords.get("disp", True) is not True:
        raise refuse("linalg.signm", "disp=False is not supported on a traced value.",
                     "Leave it out.")  # fmt: skip
    return _signm(A)


def _power_value(a: Any, t: float) -> Any:
    made = _without_drawing(lambda m: _linalg.fractional_matrix_power(m, t))(a)
    return made if a.dtype.kind == "c" else np.real_if_close(made, tol=1000)


_power: Primitive = primitive(
    lambda a, *, t: _power_value(a, t),
    vjp=[lambda g, y, a, *, t: _along_power(a.mT, g, t)],
    jvp=[lambda s, y, a, *, t: _along_power(a, s, t)],
    arity=1,
    name="fractional_matrix_power",
    category="solver",
)


def _along_power(a: Any, s: Any, t: float) -> Any:
    return _along(lambda m: _power(m, t=t), a, s)  # type: ignore[arg-type]  # called alike


def fractional_matrix_power(A: Any, t: float) -> Any:  # noqa: N803 - SciPy's name
    """Return a power of a matrix; the exponent is a constant.

    Examples
    --------
    >>> import numpy as np
    >>> fractional_matrix_power(np.array([[4.0]]), 0.5)
    array([[2.]])
    """
    if is_traced(t):
        raise refuse("linalg.fractional_matrix_power", "a traced exponent has no rule.",
                     "Write expm(t * logm(A)).")  # fmt: skip
    return _power(A, t=t) if is_traced(A) else _linalg.fractional_matrix_power(A, t)


def _by_eigenvalues(a: Any, *, func: Callable[[Any], Any]) -> Any:
    w, v = np.linalg.eig(a)
    return _real_as(a, (v * func(w + 0j)[..., None, :]) @ np.linalg.inv(v))


_funm = valued(lambda a, *, func: _real_as(a, _linalg.funm(a, func)), _by_eigenvalues, "funm", 1)


def funm(A: Any, func: Callable[[Any], Any], disp: bool = True) -> Any:  # noqa: N803
    """Return a function of a matrix that has distinct eigenvalues.

    The derivative goes by the eigenvalues, so `func` must be written in NumPy's functions.

    Examples
    --------
    >>> import numpy as np
    >>> funm(np.diag([3.0, 2.0]), lambda w: w * w).tolist()
    [[9.0, 0.0], [0.0, 4.0]]
    """
    if not is_traced(A):
        return _linalg.funm(A, func, disp)
    if disp is not True:
        raise refuse("linalg.funm", "disp=False is not supported on a traced value.",
                     "Leave it out.")  # fmt: skip
    return _funm(A, func=func)


def _continuous(a: Any, q: Any) -> Any:
    return _sylvester(a, adjoint(a), q)


def _discrete(a: Any, q: Any) -> Any:
    """By the bilinear transformation to the continuous equation, as SciPy has it."""
    one = np.eye(a.shape[-1])
    right = np.linalg.inv(adjoint(a) + one)
    b = (adjoint(a) - one) @ right
    return _continuous(adjoint(b), -2 * np.linalg.inv(a + one) @ q @ right)


_continuous_lyapunov = valued(
    lambda a, q: _linalg.solve_continuous_lyapunov(a, q),
    _continuous,
    "solve_continuous_lyapunov",
    2,
)
_discrete_lyapunov = valued(
    lambda a, q, *, method: _linalg.solve_discrete_lyapunov(a, q, method),
    lambda a, q, *, method: _discrete(a, q),
    "solve_discrete_lyapunov",
    2,
)


def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """Solve a x + x a^H = q.

    Examples
    --------
    >>> import numpy as np
    >>> solve_continuous_lyapunov(np.eye(1), np.array([[4.0]]))
    array([[2.]])
    """
    if not is_traced(a, q):
        return _linalg.solve_continuous_lyapunov(a, q)
    return _continuous_lyapunov(a, q)


def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """Solve a x a^H - x + q = 0.

    Examples
    --------
    >>> import numpy as np
    >>> solve_discrete_lyapunov(np.array([[0.5]]), np.array([[3.0]])).round(6)
    array([[4.]])
    """
    if not is_traced(a, q):
        return _linalg.solve_discrete_lyapunov(a, q, method)
    return _discrete_lyapunov(a, q, method=method)
