"""scipy.linalg: decompositions, functions and special matrices, through autograd_core.scipy."""

from __future__ import annotations

import numpy as np

from cases.case import Case, distinct, matrix, named, real, spd

try:
    from autograd_core.scipy import linalg
except ImportError:  # SciPy is optional
    linalg = None

CASES: list[Case] = []


def _symmetric(f):
    return lambda a: f((a + a.T) / 2)


def _phases_apart(f):
    """Of vectors, what does not depend on their signs."""

    def run(a):
        w, v = f(a)
        return np.real(w), np.abs(v) ** 2

    return run


if linalg is not None:
    CASES += [
        named(f"scipy-{name}", f, *draws, analytic=False, core=False, float32=False,
              **({"order": 1} if name in ("funm", "signm") else {}))
        for name, f, *draws in [
            ("qr", lambda a: linalg.qr(a, mode="economic"), real(4, 3)),
            ("qr-square", linalg.qr, matrix(3, 3)),
            ("qr-wide", lambda a: linalg.qr(a, mode="economic"), real(2, 4)),
            ("qr-r", lambda a: linalg.qr(a, mode="r", pivoting=True)[0], real(4, 3)),
            ("qr-full", lambda a: np.abs(linalg.qr(a)[0][:, :2]), real(4, 2)),
            ("lu", lambda a: linalg.lu(a)[1:], matrix(3, 3)),
            ("lu-tall", lambda a: linalg.lu(a, permute_l=True), real(4, 3)),
            ("lu-wide", lambda a: linalg.lu(a, p_indices=True)[1:], real(2, 4)),
            ("lu_factor", lambda a: linalg.lu_factor(a)[0], matrix(3, 3)),
            ("lu_solve", lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b), matrix(3, 3),
             real(3, 2)),
            ("lu_solve-T", lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, trans=1),
             matrix(3, 3), real(3)),
            ("svd", lambda a: linalg.svd(a, full_matrices=False)[1], real(4, 3)),
            ("svd-rank", lambda a: _low_rank(*linalg.svd(a, full_matrices=False)), real(3, 4)),
            ("svdvals", linalg.svdvals, real(3, 4)),
            ("eigh", _symmetric(_phases_apart(linalg.eigh)), spd(3, 3)),
            ("eigh-upper", _symmetric(_phases_apart(lambda a: linalg.eigh(a, lower=False))),
             spd(3, 3)),
            ("eigvalsh", _symmetric(linalg.eigvalsh), spd(3, 3)),
            ("eig", _phases_apart(linalg.eig), lambda rng: np.diag([1.0, 2.0, 4.0])
             + rng.uniform(-0.3, 0.3, (3, 3))),
            ("eigvals", lambda a: np.real(linalg.eigvals(a)), lambda rng: np.diag([1.0, 2.0, 4.0])
             + rng.uniform(-0.3, 0.3, (3, 3))),
            ("polar", linalg.polar, matrix(3, 3)),
            ("polar-left", lambda a: linalg.polar(a, side="left"), real(2, 4)),
            ("pinv", linalg.pinv, real(4, 3)),
            ("lstsq", lambda a, b: linalg.lstsq(a, b)[0], real(4, 3), real(4, 2)),
            ("norm", linalg.norm, real(3, 2)),
            ("norm-one", lambda a: linalg.norm(a, 1), distinct(3, 2)),
            ("norm-axis", lambda a: linalg.norm(a, 3, axis=0, keepdims=True), real(3, 2)),
            ("toeplitz", linalg.toeplitz, real(3), real(4)),
            ("toeplitz-symmetric", linalg.toeplitz, real(3)),
            ("hankel", linalg.hankel, real(3), real(4)),
            ("hankel-zeros", linalg.hankel, real(3)),
            ("circulant", linalg.circulant, real(4)),
            ("companion", linalg.companion, real(4)),
            ("block_diag", linalg.block_diag, real(2, 3), real(2), matrix(2, 2)),
            ("solve_toeplitz", lambda c, r, b: linalg.solve_toeplitz((c, r), b),
             lambda rng: np.r_[3.0, rng.uniform(-1, 1, 2)],
             lambda rng: np.r_[3.0, rng.uniform(-1, 1, 2)], real(3, 2)),
            ("cosm", linalg.cosm, matrix(3, 3)),
            ("sinm", linalg.sinm, matrix(3, 3)),
            ("tanm", linalg.tanm, lambda rng: rng.uniform(-0.4, 0.4, (3, 3))),
            ("coshm", linalg.coshm, matrix(2, 2)),
            ("sinhm", linalg.sinhm, matrix(2, 2)),
            ("tanhm", linalg.tanhm, matrix(2, 2)),
            ("signm", linalg.signm, lambda rng: np.diag([2.0, -1.5, 3.0])
             + rng.uniform(-0.2, 0.2, (3, 3))),
            ("funm", lambda a: linalg.funm(a, np.exp), lambda rng: np.diag([1.0, 2.0, 3.0])
             + rng.uniform(-0.2, 0.2, (3, 3))),
            ("fractional_matrix_power", lambda a: linalg.fractional_matrix_power(a, 1.7),
             spd(3, 3)),
            ("solve_continuous_lyapunov", linalg.solve_continuous_lyapunov, matrix(3, 3),
             real(3, 3)),
            ("solve_discrete_lyapunov", linalg.solve_discrete_lyapunov,
             lambda rng: rng.uniform(-0.4, 0.4, (3, 3)), real(3, 3)),
        ]
    ]  # fmt: skip


def _low_rank(u, s, vh):
    return (u[:, :2] * s[:2]) @ vh[:2]
