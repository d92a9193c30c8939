"""Pseudo-inverses, least squares and other systems that are not simply `numpy.linalg.solve`.

Formulas: G. Golub and V. Pereyra, "The differentiation of pseudo-inverses" (1973): at constant
rank.  Where rcond cuts singular values off that are more than rounding, their spaces turn with
the kept ones: then the derivative is that of the decomposition, block by block.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations.declare import primitive
from autograd_core.operations.kinds import beside, extreme
from autograd_core.operations.primitive import (
    Boxed,
    Constant,
    Primitive,
    bare,
    implements,
    innermost_array,
)
from autograd_core.rules.eigen import finite
from autograd_core.rules.linalg import squares
from autograd_core.rules.triangular import adjoint, conjugate


def _pinv_jvp(t: Any, p: Any, a: Any, **settings: Any) -> Any:
    th, ph = adjoint(t), adjoint(p)
    left = np.matmul(np.matmul(p, ph), th - np.matmul(th, np.matmul(a, p)))
    right = np.matmul(th - np.matmul(np.matmul(p, a), th), np.matmul(ph, p))
    return left + right - np.matmul(np.matmul(p, t), p)


def _pinv_vjp(g: Any, p: Any, a: Any, **settings: Any) -> Any:
    ph, gh = adjoint(p), adjoint(conjugate(g))
    left = np.matmul(np.matmul(gh, p), ph)
    right = np.matmul(ph, np.matmul(p, gh))
    made = left - np.matmul(a, np.matmul(p, left)) + right - np.matmul(np.matmul(right, p), a)
    return conjugate(made - adjoint(np.matmul(np.matmul(p, gh), p)))


def _symmetric(t: Any, *rest: Any) -> Any:
    return (t + adjoint(t)) * 0.5


lower_read = primitive(
    lambda a: np.tril(a) + adjoint(np.tril(a, -1)),
    vjp=[_symmetric],
    jvp=[_symmetric],
    arity=1,
    name="symmetric from its lower triangle",
    category="linalg",
)


def _cut_jvp(t: Any, p: Any, a: Any, *, rcond: Any) -> Any:
    """Push t through V1 S1^-1 U1^H, the part of the kept singular values."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    uh, v = adjoint(u), adjoint(vh)
    size = bare(s)
    kept = size > beside(a, np.asarray(rcond)[..., None]) * np.max(size, axis=-1, keepdims=True)
    over = np.where(kept, 1 / np.where(kept, s, 1), 0)
    rows, columns = s[..., :, None], s[..., None, :]
    m = np.matmul(np.matmul(uh, t), v)
    turns = ~kept[..., :, None] & kept[..., None, :]  # a vector that is cut off, one that is kept
    gaps = np.where(turns, 1 / np.where(turns, columns**2 - rows**2, 1), 0)
    down = (adjoint(m) * columns + rows * m) * gaps * over[..., None, :]
    across = adjoint((m * columns + rows * adjoint(m)) * gaps * over[..., None, :])
    inner = down + across - over[..., :, None] * m * over[..., None, :]
    made = np.matmul(np.matmul(v, inner), uh)
    th, square = adjoint(t), (over**2)[..., None, :]
    outside = np.matmul(np.matmul(th, u * square), uh)  # of V, and below of U
    made = made + outside - np.matmul(v, np.matmul(vh, outside))
    outside = np.matmul(np.matmul(v * square, vh), th)
    return made + outside - np.matmul(np.matmul(outside, u), uh)


def _pseudo_inverse(name: str, hermitian: bool, **rules: Any) -> Primitive:
    def inverse(a: Any, rcond: Any = None) -> Any:
        if not hermitian:
            return np.linalg.pinv(a, rcond=rcond)
        return np.linalg.pinv(a, rcond=rcond, hermitian=True)

    return primitive(
        inverse,
        arity=1,
        name=name,
        forward=finite(inverse),
        category="linalg",
        **rules,
    )


pinv_ = _pseudo_inverse("pinv", False, vjp=[_pinv_vjp], jvp=[_pinv_jvp])
hermitian_pinv = _pseudo_inverse("hermitian pinv", True, vjp=[_pinv_vjp], jvp=[_pinv_jvp])
cut_pinv = _pseudo_inverse("cut pinv", False, jvp=[_cut_jvp])
cut_hermitian_pinv = _pseudo_inverse("cut hermitian pinv", True, jvp=[_cut_jvp])


def _cuts(a: Any, rcond: Any) -> Any:
    s = np.linalg.svd(a, compute_uv=False)
    s = s / extreme(np.max, s, np.finfo(s.dtype).tiny, -1, True)
    least = np.finfo(s.dtype).eps * max(a.shape[-2:])
    return np.any((s <= beside(a, np.asarray(rcond)[..., None])) & (s > least))


_cuts_off = Constant(finite(_cuts))


def _cuts_anything(a: Any, rcond: Any) -> bool:
    """Whether rcond takes more away than rounding would."""
    if isinstance(rcond, Boxed):
        raise TypeError("rcond= (rtol=) is a cut-off without derivative; give a plain number.")
    return rcond is not None and bool(np.any(innermost_array(_cuts_off(a, rcond))))


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Any:
    """Pseudo-inverse, at constant rank."""
    rcond = rcond if rtol is np._NoValue else rtol
    a = lower_read(a) if hermitian else a
    plain, cut = (hermitian_pinv, cut_hermitian_pinv) if hermitian else (pinv_, cut_pinv)
    return (cut if _cuts_anything(a, rcond) else plain)(a, rcond=rcond)


def _cut_off(a: Any, rcond: Any) -> Any:
    """Return what lstsq takes for 0 beside the largest singular value."""
    eps = np.finfo(a.dtype).eps
    return eps * max(a.shape[-2:]) if rcond is None else eps if rcond < 0 else rcond


def _lstsq_jvp(ts: Any, x: Any, a: Any, b: Any, *, rcond: Any = None) -> Any:
    """As `_pinv_jvp` times b, by the residual: exact fits lose no digits to cancelling."""
    ta, tb = ts
    p = pinv_(a, rcond=_cut_off(a, rcond))
    tb, x, right = (v if b.ndim > 1 else v[..., None] for v in (tb, x, b))
    th, ph = adjoint(ta), adjoint(p)
    fitted = np.matmul(p, tb - np.matmul(ta, x))
    off = np.matmul(p, np.matmul(ph, np.matmul(th, right - np.matmul(a, x))))
    inside = np.matmul(th, np.matmul(ph, x))
    made = fitted + off + (inside - np.matmul(p, np.matmul(a, inside)))
    return made if b.ndim > 1 else made[..., 0]


def _lstsq_vjp(g: Any, x: Any, a: Any, b: Any, *, rcond: Any = None) -> Any:
    """As `_pinv_vjp` of P with gradient g b^H: only products with a few columns."""
    p = pinv_(a, rcond=_cut_off(a, rcond))
    columns = [v if b.ndim > 1 else v[..., None] for v in (conjugate(g), x, b)]
    gx, x, right = columns
    u = np.matmul(adjoint(p), gx)
    made = (
        np.matmul(right - np.matmul(a, x), adjoint(np.matmul(p, u)))
        + np.matmul(np.matmul(adjoint(p), x), adjoint(gx - np.matmul(adjoint(a), u)))
        - np.matmul(u, adjoint(x))
    )
    return conjugate(made), conjugate(u if b.ndim > 1 else u[..., 0])


def _least_squares(a: Any, b: Any, rcond: Any = None) -> Any:
    return np.linalg.lstsq(a, b, rcond)[0]


lstsq_ = primitive(
    _least_squares,
    vjp=_lstsq_vjp,
    jvp=_lstsq_jvp,
    arity=2,
    name="lstsq",
    category="linalg",
    forward=finite(_least_squares),
)


def _cut_lstsq_jvp(ts: Any, x: Any, a: Any, b: Any, *, rcond: Any) -> Any:
    ta, tb = ts
    p = cut_pinv(a, rcond=rcond)
    return np.matmul(_cut_jvp(ta, p, a, rcond=rcond), b) + np.matmul(p, tb)


cut_lstsq = primitive(
    _least_squares,
    jvp=_cut_lstsq_jvp,
    arity=2,
    name="cut lstsq",
    category="linalg",
    forward=finite(_least_squares),
)


def solution(a: Any, b: Any, rcond: Any) -> Any:
    """Return the solution alone."""
    return (cut_lstsq if _cuts_anything(a, rcond) else lstsq_)(a, b, rcond=rcond)


def _lstsq_rank(a: Any, b: Any, rcond: Any) -> Any:
    return np.linalg.lstsq(a, b, rcond)[2]


_rank = Constant(_lstsq_rank)


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """Least squares: the solution, the residuals, the rank, the singular values."""
    x = solution(a, b, rcond)
    rows, columns = np.shape(a)
    rank = _rank(a, b, rcond)
    found = innermost_array(rank)  # under vmap one for each example
    least, most = int(extreme(np.min, found, columns)), int(extreme(np.max, found, 0))
    rank = np.intc(least) if least == most else rank  # as NumPy
    residuals: Any = np.zeros_like(x, shape=(0,))
    if most == columns < rows:
        if least < columns:
            raise np.linalg.LinAlgError(
                "some matrices under vmap lack full rank, and NumPy gives residuals only for the "
                "others; for the solution alone write np.linalg.pinv(a) @ b."
            )
        off = b - np.matmul(a, x)
        residuals = np.atleast_1d(np.sum(squares(off), axis=0))
    return x, residuals, rank, np.linalg.svd(a, compute_uv=False)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """Condition number."""
    if p is None or p in (2, -2):
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    axes = (-2, -1)
    return np.linalg.norm(x, p, axis=axes) * np.linalg.norm(np.linalg.inv(x), p, axis=axes)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """Inverse of a tensor as a linear map between its first and its last axes."""
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    n = int(np.prod(a.shape[ind:], dtype=int))
    return np.linalg.inv(a.reshape((-1, n))).reshape((*a.shape[ind:], *a.shape[:ind]))


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """Solve a tensor equation for x."""
    if axes is not None:
        kept = [k for k in range(np.ndim(a)) if k not in axes]
        a = np.transpose(a, [*kept, *axes])
    shape = np.shape(a)[np.ndim(b) :]
    n = int(np.prod(shape, dtype=int))
    return np.linalg.solve(np.reshape(a, (-1, n)), np.ravel(b)).reshape(shape)
