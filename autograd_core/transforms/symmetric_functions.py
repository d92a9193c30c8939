"""Functions of symmetric matrices, with every derivative at equal eigenvalues too.

The derivative of f(A) along E is V (D * (V^H E V)) V^H with the divided differences
D_ij = (f(w_i) - f(w_j)) / (w_i - w_j), which are f'(w_i) where the two are equal
(J. Daleckii and S. Krein, 1951).  Higher ones take higher divided differences: each is
a symmetric multilinear form, and the next one is its derivative, so that any order and
both modes follow.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np

from autograd_core.base.errors import LinearAlgebraError, ShapeError
from autograd_core.base.source import Location
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.triangular import adjoint
from autograd_core.transforms.derivatives import pushed as jvp


def symmetric_function(f: Callable[[Any], Any], a: Any) -> Any:
    """Apply a function to the eigenvalues of symmetric (Hermitian) matrices: V f(w) V^H.

    Unlike a computation with `numpy.linalg.eigh`, it has exact derivatives of any order where
    eigenvalues are equal or nearly equal.

    Parameters
    ----------
    f : callable
        Works on each element of an array and is written in NumPy: ``np.exp``, ``np.log``,
        ``np.sqrt``, ``lambda w: w ** 0.3``.  The derivatives of f itself are found by
        differentiating it; what it uses from outside is a constant.
    a : array (..., n, n)
        Its Hermitian part, (a + a^H) / 2, is taken.

    Returns
    -------
    array (..., n, n)

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> symmetric_function(np.sqrt, np.diag([4.0, 9.0]))
    array([[2., 0.],
           [0., 3.]])
    >>> grad(lambda a: symmetric_function(np.log, a)[0, 1])(np.eye(2))
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    if not hasattr(a, "dtype"):
        a = np.asarray(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            f"symmetric_function(): an array of shape {a.shape} is not a square matrix.",
            Location.of_caller(),
        )
    return _derivative(0)((a + adjoint(a)) * 0.5, f=f)


@cache
def _derivative(order: int) -> Primitive:
    """Return (a, e_1, ..., e_k) -> the k-th derivative of f at a along all e."""

    def along(position: int) -> tuple[Any, Any]:
        def forward(t: Any, y: Any, a: Any, *es: Any, f: Any) -> Any:
            if position == 0:
                return _derivative(order + 1)(a, *es, t, f=f)
            return _derivative(order)(a, *es[: position - 1], t, *es[position:], f=f)

        # tr(g^T D(e)) = tr(D(g^T) e): symmetric, because it is a derivative of tr F(a), F' = f
        return (lambda g, y, a, *es, f: forward(g.mT, y, a, *es, f=f).mT), forward

    rules = [along(k) for k in range(order + 1)]
    return primitive(
        lambda *args, f: _evaluated(f, *args),
        vjp=[back for back, _ in rules],
        jvp=[forward for _, forward in rules],
        arity=order + 1,
        name="symmetric_function" + "'" * order,
        category="linalg",
    )


def _evaluated(f: Callable[[Any], Any], a: Any, *es: Any) -> Any:
    if not np.isfinite(a).all():
        raise LinearAlgebraError(
            "symmetric_function(): the matrix contains NaN or infinity.", Location.of_caller()
        )
    w, v = np.linalg.eigh(a)
    vh = adjoint(v)
    order = len(es)
    places = range(order + 1)
    points = [np.moveaxis(w[(..., *(None,) * order)], -order - 1, k - order - 1) for k in places]
    spread = np.stack(np.broadcast_arrays(*points), axis=-1).astype(float)
    with np.errstate(all="ignore"):
        table = _divided(_derivatives(f, order), np.sort(spread, axis=-1))
    table = table.astype(np.result_type(w, np.complex64) if np.iscomplexobj(table) else w.dtype)
    if order == 0:
        return (v * table[..., None, :]) @ vh
    letters = "abcdefgh"[: order + 1]
    pairs = [letters[k : k + 2] for k in range(order)]
    pattern = ",".join(f"...{p}" for p in (letters, *pairs)) + f"->...{letters[0]}{letters[-1]}"
    inner = [vh @ e @ v for e in es]
    total = sum(np.einsum(pattern, table, *some) for some in permutations(inner))
    return v @ total @ vh


def _derivatives(f: Callable[[Any], Any], order: int) -> list[Callable[[Any], Any]]:
    made = [f]
    for _ in range(order):
        made.append(_slope(made[-1]))
    return made


def _slope(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: jvp(f, (x,), (np.ones_like(x),))[1]


def _divided(fs: list[Callable[[Any], Any]], points: Any) -> Any:
    """Return f's divided differences of points in ascending order along the last axis.

    Where Gauss's rule for the mean of the derivative between the points has converged, it is that;
    elsewhere the points are far apart, and the quotient loses no digits.
    """
    k = points.shape[-1] - 1
    if k == 0:
        return np.asarray(fs[0](points[..., 0]))
    (rough, _), (fine, size) = (_mean_derivative(fs[k], points, m) for m in (6, 8))
    gap = points[..., -1] - points[..., 0]
    near = (np.abs(fine - rough) <= 1e-13 * size) | (gap == 0)
    if near.all():
        return fine
    far = _divided(fs, points[..., 1:]) - _divided(fs, points[..., :-1])
    return np.where(near, fine, far / np.where(gap == 0, 1, gap))


def _mean_derivative(slope: Callable[[Any], Any], points: Any, m: int) -> tuple[Any, Any]:
    """Return the integral over the simplex (C. Hermite and A. Genocchi), and of its size."""
    k = points.shape[-1] - 1
    nodes, weights = np.polynomial.legendre.leggauss(m)
    total: Any = 0.0
    size: Any = 0.0
    for chosen in product(range(m), repeat=k):
        at, along, weight = points[..., 0], 1.0, 1.0
        for j, c in enumerate(chosen):
            u = (nodes[c] + 1) / 2
            along = along * u
            weight = weight * weights[c] / 2 * u ** (k - 1 - j)
            at = at + along * (points[..., j + 1] - points[..., j])
        value = slope(at)
        total, size = total + weight * value, size + weight * np.abs(value)
    return total, size
