"""Decompositions: eigenvalues, singular values, QR.

Stated by their forward rules and, but for eig and the full forms, by the reverse
rules too; where there is none it is the transpose, which the engine finds.
Formulas: M. Giles (2008); J. Townsend, "Differentiating the singular value
decomposition" (2016).  Where two eigenvalues or singular values are equal
(to n eps of the largest) their vectors have no derivative: what asks for it gets NaN,
what does not touch those vectors is right (docs/decisions/123).
"""

from __future__ import annotations

from functools import wraps
from typing import Any, NamedTuple

import numpy as np

from autograd_core.operations.declare import primitive
from autograd_core.operations.kinds import beside, extreme
from autograd_core.operations.primitive import Constant, bare, implements
from autograd_core.rules.products import _matmul as matmul_  # what a compiled program calls
from autograd_core.rules.triangular import adjoint, conjugate, solve_triangular


def _diagonal(m: Any) -> Any:
    return np.diagonal(m, 0, -2, -1)


def _rounding(values: Any) -> Any:
    """Return how far equal eigenvalues or singular values may come out apart, for each matrix."""
    size = np.abs(bare(values))
    largest = np.max if size.shape[-1] else np.sum  # of none it is 0
    return largest(size, axis=-1, keepdims=True) * (np.finfo(size.dtype).eps * size.shape[-1])


def _inverse_gaps(w: Any, asked: Any) -> Any:
    """Return 1 / (w_j - w_i); where they are equal NaN if that pair is asked for, else 0."""
    gap = w[..., None, :] - w[..., :, None]
    same = np.abs(bare(gap)) <= _rounding(w)[..., None]
    torn = same & asked & ~beside(w, np.eye(w.shape[-1], dtype=bool))
    return np.where(torn, np.nan, np.where(same, 0, 1 / np.where(same, 1, gap)))


def _moves(t: Any) -> Any:
    """Whether a matrix moves at all: for each matrix, in the shape of one element."""
    return np.any(bare(t) != 0, axis=(-2, -1), keepdims=True)


def _used(w: Any, *columns: Any) -> Any:
    """Tell which vectors a gradient asks for: those with any gradient.

    The vector of an eigenvalue 0 counts always: in V diag(w) V^H it gets none, though its
    derivative is needed.  So do all where none gets any: at the identity they cancel.
    """
    found = np.any(bare(columns[0]) != 0, axis=-2)
    for g in columns[1:]:
        found = found | np.any(bare(g) != 0, axis=-2)
    return found | (bare(w) == 0) | ~np.any(found, axis=-1, keepdims=True)


def _pairs(used: Any) -> Any:
    return used[..., :, None] | used[..., None, :]


def _product(*factors: Any) -> Any:
    made = factors[0]
    for f in factors[1:]:
        made = matmul_(made, f)
    return made


def _eigh_jvp(ts: Any, y: Any, a: Any, *, UPLO: str = "L") -> Any:  # noqa: N803
    w, v = y
    t = (ts[0] + adjoint(ts[0])) * 0.5
    inner = _product(adjoint(v), t, v)
    return np.real(_diagonal(inner)), np.matmul(v, _inverse_gaps(w, _moves(t)) * inner)


def finite(decompose: Any) -> Any:
    """Return a decomposition that refuses NaN and infinities, on which LAPACK may run for ever."""

    @wraps(decompose)
    def run(a: Any, *rest: Any, **settings: Any) -> Any:
        if not np.isfinite(a).all():
            raise np.linalg.LinAlgError("the matrix contains NaN or infinity.")
        return decompose(a, *rest, **settings)

    return run


def _eigh_vjp(g: Any, y: Any, a: Any, *, UPLO: str = "L") -> Any:  # noqa: N803
    w, v = y
    gw, gv = g
    vh = adjoint(v)
    inner = 0 if gw is None else gw[..., :, None] * vh
    if gv is not None:
        gaps = _inverse_gaps(w, _pairs(_used(w, gv)))
        inner = inner + np.matmul(gaps * np.matmul(vh, conjugate(gv)), vh)
    made = np.matmul(v, inner)
    return (conjugate(made + adjoint(made)) * 0.5,)


eigh = primitive(
    np.linalg.eigh,
    vjp=_eigh_vjp,
    jvp=_eigh_jvp,
    arity=1,
    multiple=True,
    category="linalg",
    forward=finite(np.linalg.eigh),
    none_if_unused=True,
)


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: Any = "L") -> Any:  # noqa: N803
    """Eigenvalues of a symmetric matrix."""
    return np.linalg.eigh(a, UPLO)[0]


def _eig_jvp(ts: Any, y: Any, a: Any) -> Any:
    w, v = y
    inner = np.linalg.solve(v, np.matmul(ts[0], v))
    moved = np.matmul(v, _inverse_gaps(w, _moves(ts[0])) * inner)
    if v.dtype.kind == "c":  # LAPACK turns each vector so that its largest component is real
        largest = np.argmax(np.abs(bare(v)), axis=-2)[..., None, :]
        turn = np.imag(np.take_along_axis(moved, largest, -2) / np.take_along_axis(v, largest, -2))
        moved = moved - v * (1j * turn)
    length = np.real(np.sum(np.conj(v) * moved, axis=-2, keepdims=True))  # which stays 1
    return _diagonal(inner), moved - v * length


def _eig_vjp(g: Any, y: Any, a: Any) -> Any:
    """Transpose `_eig_jvp` by hand: where only eigenvalues are used, vectors stay out of it."""
    w, v = y
    gw, gv = g
    inner = 0 if gw is None else gw[..., :, None] * v.mT
    if gv is not None:
        gaps = _inverse_gaps(w, _pairs(_used(w, gv)))
        on = np.sum(gv * v, axis=-2, keepdims=True)
        gv = gv - np.conj(v) * np.real(on)
        if v.dtype.kind == "c":
            largest = np.argmax(np.abs(bare(v)), axis=-2)[..., None, :]
            there = beside(v, np.arange(v.shape[-1]))[:, None] == largest
            # its own length does not matter to the turn: Im(v^H v) is 0
            gv = gv - np.where(there, 1j * np.imag(on) / np.take_along_axis(v, largest, -2), 0)
        inner = inner + np.matmul(gaps * np.matmul(v.mT, gv), v.mT)
    made = np.linalg.solve(v.mT, inner)
    return (made if a.dtype.kind == "c" else np.real(made),)


eig = primitive(
    np.linalg.eig,
    vjp=_eig_vjp,
    jvp=_eig_jvp,
    arity=1,
    multiple=True,
    category="linalg",
    none_if_unused=True,
)


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """Eigenvalues of any square matrix."""
    return np.linalg.eig(a)[0]


def _svd_jvp(ts: Any, y: Any, a: Any) -> Any:
    u, s, vh = y
    t = ts[0]
    uh, v = adjoint(u), adjoint(vh)
    inner = _product(uh, t, v)
    moves = _moves(t)
    gaps = _inverse_gaps(s, moves) * _inverse_sums(s)
    over = _safe_inverse(s, moves[..., 0])
    left, right = inner * s[..., None, :], s[..., :, None] * inner
    du = np.matmul(u, gaps * (left + adjoint(left)))
    dv = np.matmul(v, gaps * (right + adjoint(right)))
    if u.dtype.kind == "c":  # the phase that U and V share, put into U
        twist = np.imag(_diagonal(inner)) * over
        du = du + u * (1j * twist)[..., None, :]
    over = over[..., None, :]
    if u.shape[-2] > u.shape[-1]:
        tv = np.matmul(t, v)
        du = du + (tv - np.matmul(u, np.matmul(uh, tv))) * over
    if v.shape[-2] > v.shape[-1]:
        tu = np.matmul(adjoint(t), u)
        dv = dv + (tu - np.matmul(v, np.matmul(vh, tu))) * over
    return du, np.real(_diagonal(inner)), adjoint(dv)


def _svd_vjp(g: Any, y: Any, a: Any) -> Any:
    """Transpose `_svd_jvp` by hand: half the work of letting the engine do it."""
    u, s, vh = y
    gu, gs, gvh = g
    uh, v = adjoint(u), adjoint(vh)
    rows, columns = s[..., :, None], s[..., None, :]
    inner = 0 if gs is None else gs[..., :, None] * vh  # what stands right of U
    left = None  # what stands left of V^H
    if not (gu is None and gvh is None):
        gu = np.zeros_like(u) if gu is None else conjugate(gu)
        gv = np.zeros_like(v) if gvh is None else gvh.mT
        used = _used(s, gu, gv)
        gaps = _inverse_gaps(s, _pairs(used)) * _inverse_sums(s)
        over = _safe_inverse(s, used)
        on_u, on_v = np.matmul(uh, gu), np.matmul(vh, gv)
        x, z = gaps * on_u, gaps * on_v
        inner = inner + np.matmul((x + adjoint(x)) * columns + rows * (z + adjoint(z)), vh)
        if u.dtype.kind == "c":
            inner = inner + (1j * np.imag(_diagonal(on_u)) * over)[..., :, None] * vh
        if u.shape[-2] > u.shape[-1]:
            left = (gu - np.matmul(u, on_u)) * over[..., None, :]
        if v.shape[-2] > v.shape[-1]:
            inner = inner + over[..., :, None] * adjoint(gv - np.matmul(v, on_v))
    made = np.matmul(u, inner)
    return (conjugate(made if left is None else made + np.matmul(left, vh)),)


def _inverse_sums(s: Any) -> Any:
    total = s[..., None, :] + s[..., :, None]
    zero = bare(total) <= _rounding(s)[..., None]
    return np.where(zero, 0, 1 / np.where(zero, 1, total))


def _safe_inverse(s: Any, asked: Any) -> Any:
    """Return 1 / s; where s is 0 NaN if that vector is asked for, else 0."""
    zero = bare(s) <= _rounding(s)
    return np.where(zero & asked, np.nan, np.where(zero, 0, 1 / np.where(zero, 1, s)))


def _thin_svd(a: Any) -> Any:
    return np.linalg.svd(a, full_matrices=False)


svd_ = primitive(
    _thin_svd,
    vjp=_svd_vjp,
    jvp=_svd_jvp,
    arity=1,
    name="svd",
    multiple=True,
    category="linalg",
    forward=finite(_thin_svd),
    none_if_unused=True,
)


def _moved_complement(inside: Any, moved: Any, rest: Any) -> Any:
    """Return how columns that complete others to a basis move with them, not turning themselves."""
    return -np.matmul(inside, np.matmul(adjoint(moved), rest))


def _full_svd_jvp(ts: Any, y: Any, a: Any) -> Any:
    u, s, vh = y
    k = s.shape[-1]
    u1, v1h = u[..., :k], vh[..., :k, :]
    du, ds, dvh = _svd_jvp(ts, (u1, s, v1h), a)
    if a.shape[-2] > k:
        du = np.concatenate([du, _moved_complement(u1, du, u[..., k:])], axis=-1)
    if vh.shape[-2] > k:
        rest = _moved_complement(adjoint(v1h), adjoint(dvh), adjoint(vh[..., k:, :]))
        dvh = np.concatenate([dvh, adjoint(rest)], axis=-2)
    return du, ds, dvh


def _full_svd_vjp(g: Any, y: Any, a: Any) -> Any:
    """Transpose `_moved_complement`, and leave the rest to `_svd_vjp`."""
    (gu, gs, gvh), (u, s, vh) = g, y
    k = s.shape[-1]
    gu1 = None if gu is None else gu[..., :k]
    gv1 = None if gvh is None else gvh[..., :k, :]
    u1, v1h = u[..., :k], vh[..., :k, :]
    if gu is not None and u.shape[-1] > k:
        gu1 = gu1 - np.conj(_product(u[..., k:], gu[..., k:].mT, u1))
    if gvh is not None and vh.shape[-2] > k:
        gv1 = gv1 - np.conj(_product(v1h, gvh[..., k:, :].mT, vh[..., k:, :]))
    return _svd_vjp((gu1, gs, gv1), (u1, s, v1h), a)


def _whole_svd(a: Any) -> Any:
    return np.linalg.svd(a, full_matrices=True)


full_svd = primitive(
    _whole_svd,
    vjp=_full_svd_vjp,
    jvp=_full_svd_jvp,
    arity=1,
    name="full svd",
    multiple=True,
    category="linalg",
    forward=finite(_whole_svd),
    none_if_unused=True,
)


class SVD(NamedTuple):
    """What numpy.linalg.svd returns."""

    U: Any
    S: Any
    Vh: Any


def _hermitian_svd(a: Any) -> SVD:
    w, v = np.linalg.eigh(a)
    order = np.argsort(np.abs(bare(w)), axis=-1)[..., ::-1]
    w = np.take_along_axis(w, order, -1)
    u = np.take_along_axis(v, order[..., None, :], -1)
    return SVD(u, np.abs(w), adjoint(u * np.sign(w)[..., None, :]))


@implements(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Singular value decomposition; with ``hermitian=True`` by eigenvalues, as NumPy does it.

    The columns that ``full_matrices=True`` adds are any basis of what is left, so only functions
    of the space they span have a derivative; the columns are taken not to turn in it.
    """
    if hermitian:
        made = _hermitian_svd(a)
        return made if compute_uv else made.S
    if not compute_uv:
        return np.linalg.svd(a, full_matrices=False)[1]
    return full_svd(a) if full_matrices and a.shape[-1] != a.shape[-2] else svd_(a)


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """Singular values."""
    return svd_(x)[1]


def _independent(r: Any) -> Any:
    size = np.abs(np.diagonal(r, 0, -2, -1))
    least = np.finfo(r.dtype).eps * r.shape[-1]
    if np.any(size <= least * extreme(np.max, size, 0, -1, True)):
        raise np.linalg.LinAlgError(
            "columns are linearly dependent, so that the factors have no derivative; svd has one."
        )
    return np.array(True)


_check_independent = Constant(_independent)


def _qr_jvp(ts: Any, y: Any, a: Any) -> Any:
    q, r = y
    _check_independent(bare(r))
    x = solve_triangular(r.mT, ts[0].mT, lower=True).mT  # dA R^-1
    inner = np.matmul(adjoint(q), x)
    below = np.tril(inner, -1)
    turn = below - adjoint(below)
    if q.dtype.kind == "c":
        turn = turn + 1j * np.imag(inner) * beside(r, np.eye(r.shape[-1]))
    dq = x - np.matmul(q, inner - turn)
    return dq, np.matmul(inner - turn, r)


def _qr_vjp(g: Any, y: Any, a: Any) -> Any:
    """After S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra" (2012)."""
    q, r = y
    _check_independent(bare(r))
    gq, gr = (None if part is None else conjugate(part) for part in g)
    m = 0 if gr is None else np.matmul(r, adjoint(gr))
    m = m if gq is None else m - np.matmul(adjoint(gq), q)
    below = np.tril(m, -1)
    both = below + adjoint(below)
    made = np.matmul(q, both) + q * np.real(_diagonal(m))[..., None, :]
    made = made if gq is None else made + gq
    return (conjugate(adjoint(solve_triangular(r, adjoint(made), lower=False))),)


class QR(NamedTuple):
    """What numpy.linalg.qr returns."""

    Q: Any
    R: Any


qr_ = primitive(
    lambda a: np.linalg.qr(a),
    vjp=_qr_vjp,
    jvp=_qr_jvp,
    arity=1,
    name="qr",
    multiple=True,
    category="linalg",
    none_if_unused=True,
)


def _full_qr_jvp(ts: Any, y: Any, a: Any) -> Any:
    q, r = y
    k = r.shape[-1]
    q1 = q[..., :k]
    dq, dr = _qr_jvp(ts, (q1, r[..., :k, :]), a)
    dq = np.concatenate([dq, _moved_complement(q1, dq, q[..., k:])], axis=-1)
    return dq, np.concatenate([dr, np.zeros_like(r[..., k:, :])], axis=-2)


full_qr = primitive(
    lambda a: np.linalg.qr(a, mode="complete"),
    jvp=_full_qr_jvp,
    arity=1,
    name="full qr",
    multiple=True,
    category="linalg",
)


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """Orthogonal times triangular; of the columns that "complete" adds see `svd`."""
    rows, columns = a.shape[-2:]
    if mode not in ("reduced", "r", "complete"):
        raise TypeError(f"qr: mode={mode!r} has no derivative here; use 'reduced' or 'complete'.")
    if mode == "complete" and rows > columns:
        return QR(*full_qr(a))
    if rows >= columns:
        q, r = qr_(a)
    else:
        q, r = qr_(a[..., :rows])
        r = np.concatenate([r, np.matmul(adjoint(q), a[..., rows:])], axis=-1)
    return r if mode == "r" else QR(q, r)
