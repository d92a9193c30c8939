"""Functions of matrices: the exponential, the logarithm, the square root; Sylvester's equation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as _linalg

from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.values import STACKED, is_traced, refuse


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
