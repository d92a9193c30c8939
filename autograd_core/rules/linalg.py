"""numpy.linalg.

Formulas: M. Giles, "An extended collection of matrix derivative results for
forward and reverse mode algorithmic differentiation" (2008); the Cholesky
factor after I. Murray, "Differentiation of the Cholesky decomposition" (2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from autograd_core.operations.declare import elementwise, primitive
from autograd_core.operations.kinds import beside, extreme, foreign
from autograd_core.operations.primitive import bare, implements, innermost_array
from autograd_core.rules.elementwise import cusp
from autograd_core.rules.triangular import (
    adjoint,
    conjugate,
    invert_triangular,
    inverted,
    is_triangular,
    large,
    one_call,
    solve_triangular,
)


def _inverse_vjp(g: Any, y: Any, a: Any) -> Any:
    return -(y.mT @ g @ y.mT)


inv = primitive(
    np.linalg.inv,
    vjp=[_inverse_vjp],
    jvp=[lambda t, y, a: -(y @ t @ y)],
    category="linalg",
)


def _solve_each(a: Any, b: Any, vector: bool) -> Any:
    """Solve for b's columns, or for b's last axis (NumPy takes only one vector as such)."""
    return np.linalg.solve(a, b[..., None])[..., 0] if vector else np.linalg.solve(a, b)


@one_call("a", "g")
def _solve_transposed(a: Any, g: Any, *, vector: bool) -> Any:
    """Solve with a.mT; without an LU decomposition if a is a triangle, as a Cholesky factor is."""
    if large(a, g):
        for lower in (True, False):
            if is_triangular(a, lower):
                b = g[..., None] if vector else g
                found = solve_triangular(a.mT, b, lower=not lower)
                return found[..., 0] if vector else found
    return _solve_each(a.mT, g, vector)


def _solve_vjp(g: Any, x: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Return both gradients, which share one system."""
    vector = b.ndim == 1
    h = _solve_transposed(a, g, vector=vector)
    return -(h[..., :, None] * x[..., None, :] if vector else h @ x.mT), h


def _solve_left_forward(t: Any, x: Any, a: Any, b: Any) -> Any:
    pushed = (t @ x[..., None])[..., 0] if b.ndim == 1 else t @ x
    return _solve_each(a, -pushed, b.ndim == 1)


def _left_formula(y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1 and a.ndim > 2:
        return None
    product = "-outer(d, y)" if b.ndim == 1 else "-d @ T(y)"
    return f"{product}; d = solve(T(a), upstream)", {"solve": np.linalg.solve}


def _right_formula(y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1 and a.ndim > 2:
        return None
    return "solve(T(a), upstream)", {"solve": np.linalg.solve}


solve = primitive(
    np.linalg.solve,
    vjp=_solve_vjp,
    jvp=[_solve_left_forward, lambda t, x, a, b: _solve_each(a, t, b.ndim == 1)],
    category="linalg",
    formulas=(_left_formula, _right_formula),
)


def _small_cofactors(s: Any) -> Any:
    """Return the cofactors of a matrix that is (nearly) 0, right to third order of its det."""
    q = s.shape[-1]
    if q == 1:
        return np.ones_like(s)
    if q == 2:
        first = np.stack([s[..., 1, 1], -s[..., 1, 0]], axis=-1)
        return np.stack([first, np.stack([-s[..., 0, 1], s[..., 0, 0]], axis=-1)], axis=-2)
    if q == 3:
        rows = [s[..., k, :] for k in range(3)]
        return np.stack([np.cross(rows[k - 2], rows[k - 1]) for k in range(3)], axis=-2)
    return np.zeros_like(s)


def _singular_cofactors(a: Any) -> Any:
    """Return det's derivative where the matrix has lost rank.

    With U, V of its SVD held fixed, W = U^H A V has a regular block W11 and a small rest, and
    det W = det(W11) det(S), S = W22 - W21 W11^-1 W12: polynomials in what vanishes, so that
    they have derivatives where singular vectors have none.
    """
    u, sizes, vh = np.linalg.svd(bare(a))
    found = innermost_array(sizes)
    large = found > 1e-6 * extreme(np.max, found, 0, -1, True)
    ranks = np.sum(large, axis=-1)
    r = int(extreme(np.min, ranks, a.shape[-1]))
    if a.shape[-1] - r > 3 and np.any(ranks != r):
        raise np.linalg.LinAlgError(
            "matrices of very different rank in one stack; take their determinants one by one."
        )
    v = adjoint(vh)
    w = adjoint(u) @ a @ v
    w11, w12, w21 = w[..., :r, :r], w[..., :r, r:], w[..., r:, :r]
    inverse = np.linalg.inv(w11)
    right, left = inverse @ w12, w21 @ inverse
    s = w[..., r:, r:] - w21 @ right
    scale = np.linalg.det(u) * np.linalg.det(vh) * np.linalg.det(w11)
    t = scale[..., None, None] * _small_cofactors(s)
    whole = np.sum(t[..., 0, :] * s[..., 0, :], axis=-1)[..., None, None]  # det(A), by its row
    top = [whole * inverse.mT + left.mT @ t @ right.mT, -(left.mT @ t)]
    rows = [np.concatenate(top, axis=-1), np.concatenate([-(t @ right.mT), t], axis=-1)]
    return conjugate(u) @ np.concatenate(rows, axis=-2) @ v.mT


def _well_conditioned(a: Any, inverse: Any) -> bool:
    """Whether det(a) inv(a) keeps its digits at second order, which divides by det's smallness."""
    sizes = [extreme(np.max, np.abs(innermost_array(m)), 0, (-2, -1)) for m in (a, inverse)]
    return bool(np.all(sizes[0] * sizes[1] < 1e6))


def _cofactors(y: Any, a: Any) -> Any:
    """Return det's derivative: det(a) inv(a).T, finite at singular matrices too."""
    if np.all(innermost_array(y) != 0):
        inverse = np.linalg.inv(a)
        if _well_conditioned(a, inverse):
            return y[..., None, None] * inverse.mT
    return _singular_cofactors(a)


det = primitive(
    np.linalg.det,
    vjp=[lambda g, y, a: g[..., None, None] * _cofactors(y, a)],
    jvp=[lambda t, y, a: np.sum(t * _cofactors(y, a), axis=(-2, -1))],
    category="linalg",
    formulas=(
        lambda y, x: (
            f"{'upstream * y' if x.ndim == 2 else '(upstream * y)[..., None, None]'} * T(inv(x))",
            {"inv": np.linalg.inv},
        ),
    ),
)


def _slogdet_vjp(g: Any, y: Any, a: Any) -> Any:
    factor = g[1]
    if a.dtype.kind == "c":  # the sign turns with the imaginary part of d log det
        factor = factor - 1j * np.real(1j * g[0] * y[0])
    return (factor[..., None, None] * inverted(a).mT,)


def _slogdet_jvp(ts: Any, y: Any, a: Any) -> Any:
    slope = np.trace(np.linalg.solve(a, ts[0]), axis1=-2, axis2=-1)
    if a.dtype.kind == "c":
        return y[0] * (1j * np.imag(slope)), np.real(slope)
    return np.zeros_like(y[0]), slope


slogdet = primitive(
    np.linalg.slogdet, vjp=_slogdet_vjp, jvp=_slogdet_jvp, multiple=True, category="linalg"
)


def _lower_half(m: Any) -> Any:
    """Return the lower triangle with the diagonal halved."""
    if type(m) is np.ndarray:
        made, places = np.tril(m), np.arange(m.shape[-1])
        made[..., places, places] *= 0.5
        return made
    return np.tril(m) * 0.5 + np.tril(m, -1) * 0.5


def _cholesky_vjp(g: Any, y: Any, a: Any, *, upper: bool = False) -> Any:
    low, g = (adjoint(y), adjoint(g)) if upper else (y, g)
    g = conjugate(g)  # from the rules' pairing Re(g dy) to the formula's Re(conj(g) dy)
    s = invert_triangular(low, lower=True)
    m = adjoint(s) @ _lower_half(adjoint(low) @ np.tril(g)) @ s
    return conjugate((m + adjoint(m)) * 0.5)


def _cholesky_jvp(t: Any, y: Any, a: Any, *, upper: bool = False) -> Any:
    low = adjoint(y) if upper else y
    s = invert_triangular(low, lower=True)
    made = low @ _lower_half(s @ ((t + adjoint(t)) * 0.5) @ adjoint(s))
    return adjoint(made) if upper else made


def _cholesky(a: Any, *, upper: bool = False) -> Any:
    if upper and foreign(a) is not None:  # which has no such setting
        return adjoint(np.linalg.cholesky(adjoint(a)))
    return np.linalg.cholesky(a, upper=True) if upper else np.linalg.cholesky(a)


cholesky = primitive(
    np.linalg.cholesky,
    vjp=[_cholesky_vjp],
    jvp=[_cholesky_jvp],
    forward=_cholesky,
    category="linalg",
)

root = elementwise(
    lambda s: np.sqrt(s),
    lambda y, s: np.where(y == 0, cusp(y), 0.5 / np.where(y == 0, 1, y)),  # norm'(0) = 0
    name="norm",
    again=True,
    formulas=("upstream / (2 * y)",),
)


def squares(x: Any) -> Any:
    """Return |x|**2 without |x|, which has a kink at 0: there the second derivative is 2."""
    if x.dtype.kind == "c":
        return np.square(np.real(x)) + np.square(np.imag(x))
    return np.square(x)


_is_something = elementwise(lambda x: (x != 0).astype(x.dtype), 0, name="norm")  # flat, as sign


def _power_norm(size: Any, p: float, axis: Any, keepdims: bool) -> Any:
    """Return the p-norm of absolute values, with derivative 0 at 0.

    For p < 1 an element that is 0 has an infinite slope (0 < p), or makes the norm 0 (p < 0).
    """
    zero = size == 0
    powers = np.where(zero, 0, np.where(zero, 1, size) ** p) if p < 1 else size**p
    total = np.sum(powers, axis=axis, keepdims=keepdims)
    flat = total == 0
    made = np.where(flat, np.inf if p < 0 else 0, np.where(flat, 1, total) ** (1 / p))
    return np.where(np.any(zero, axis=axis, keepdims=keepdims), 0, made) if p < 0 else made


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Vector and matrix norms; the derivative of the 2-norm at 0 is 0."""
    if axis is None and ord is None:
        made = root(np.sum(squares(x)))
        return made.reshape((1,) * x.ndim) if keepdims else made
    if axis is None:
        axis = tuple(range(x.ndim))
    axes = normalize_axis_tuple(axis, x.ndim)
    if len(axes) == 1:
        return _vector_norm(x, 2 if ord is None else ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, "fro" if ord is None else ord, axes, keepdims)
    raise ValueError(f"norm: axis {axis} names {len(axes)} axes; a norm needs one or two.")


def _vector_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    ord = ord.item() if isinstance(ord, np.generic) else ord  # decides no dtype
    if ord == 2:
        return root(np.sum(squares(x), axis=axis, keepdims=keepdims))
    size = np.abs(x)
    if ord == np.inf:
        return np.max(size, axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(_is_something(size), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is for matrices; the array has one axis to measure.")
    return _power_norm(size, ord, axis, keepdims)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord in ("fro", "f"):
        return root(np.sum(squares(x), axis=axes, keepdims=keepdims))
    rows, columns = (normalize_axis_index(k, x.ndim) for k in axes)
    if ord in (1, -1, np.inf, -np.inf):
        added, kept = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = np.sum(np.abs(x), axis=added, keepdims=True)
        extreme = (np.max if ord > 0 else np.min)(sums, axis=kept, keepdims=True)
        return extreme if keepdims else np.squeeze(extreme, (rows, columns))
    if ord not in (2, -2, "nuc"):
        raise ValueError(f"norm: ord={ord!r} is not a norm of matrices.")
    values = np.linalg.svdvals(np.moveaxis(x, (rows, columns), (-2, -1)))
    statistic: Any = {2: np.max, -2: np.min, "nuc": np.sum}[ord]
    made = statistic(values, axis=-1)
    return np.expand_dims(made, (rows, columns)) if keepdims else made


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Vector norm over any axes."""
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    return _vector_norm(x, ord, axes, keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Matrix norm over the last two axes."""
    return _matrix_norm(x, ord, (-2, -1), keepdims)


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """Repeated product, by squaring."""
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    made = None
    while n:
        if n % 2:
            made = a if made is None else made @ a
        n //= 2
        a = a @ a if n else a
    if made is not None:
        return made
    return beside(a, np.eye(a.shape[-1], dtype=a.dtype)) + np.zeros_like(a)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: None = None) -> Any:
    """Product of several matrices, from the left."""
    if len(arrays) < 2:
        raise ValueError("expecting at least two arrays.")
    for k, a in enumerate(arrays):
        if a.ndim != 2 and not (a.ndim == 1 and k in (0, len(arrays) - 1)):
            raise np.linalg.LinAlgError(f"{a.ndim}-dimensional array given: it must have two axes.")
    made = arrays[0]
    for a in arrays[1:]:
        made = made @ a
    return made
