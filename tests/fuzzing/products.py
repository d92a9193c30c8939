"""Steps of linear algebra: products, solvers, decompositions, transforms, polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from fuzzing.drawing import Rng, Step, an_axis, chance, pick


def product(rng: Rng, x: Any) -> Step:
    axes = pick(rng, [0, 1, 2, ([0], [0]), ([-1], [0])])
    return pick(
        rng,
        [
            Step("matmul", np.matmul, 2),
            Step("x @ y.T", lambda a, b: a @ b.T, 2),
            Step("x @ x.mT", lambda x: x @ x.mT),
            Step("dot", np.dot, 2),
            Step("x.dot(y.T)", lambda a, b: a.dot(b.T) if a.ndim else a * b, 2),
            Step("inner", np.inner, 2),
            Step("vdot", np.vdot, 2),
            Step("outer", np.outer, 2),
            Step(f"tensordot({axes})", lambda a, b: np.tensordot(a, b, axes), 2),
            Step("kron", np.kron, 2),
            Step("cross", np.cross, 2),
            Step("vecdot", np.vecdot, 2),
            Step("matvec", np.matvec, 2),
            Step("vecmat", np.vecmat, 2),
            Step("multi_dot", lambda x: np.linalg.multi_dot([x.T, x, x.T])),
            Step("x @ c", lambda x: x @ np.arange(1.0, x.shape[-1] + 1)),
        ],
    )


def einsum(rng: Rng, x: Any) -> Step:
    one = {
        0: ["->", "...->..."],
        1: ["i->", "i->i", "i...->...", "i,i->", "i,j->ij"],
        2: ["ij->ji", "ii", "ii->i", "ij->", "ij->j", "ij,ij", "ij,kj->ik", "ij,jk->", "...j->..."],
        3: ["ijk->kji", "ijk->j", "iji->j", "ijk,ijk->ik", "ijk,ljk->il"],
    }
    spec = pick(rng, one.get(x.ndim, ["...->..."])) if chance(rng, 0.95) else "ij,jk->iz"
    best = "," in spec and chance(rng, 0.2)
    if "," in spec:
        return Step(f"einsum({spec})", lambda x: np.einsum(spec, x, np.sin(x), optimize=best))
    return Step(f"einsum({spec})", lambda x: np.einsum(spec, x, optimize=best))


def _square(x: Any) -> Any:
    """A well-conditioned square matrix made of x."""
    x = np.tanh(x)
    x = np.atleast_2d(x)
    return x @ np.conj(x).mT * 0.3 + np.eye(x.shape[-2]) * np.arange(1.0, x.shape[-2] + 1)


def _finite(f: Any) -> Any:
    """f of arrays that are finite: on others LAPACK may run for ever, and the engine refuses."""

    def run(x: Any, *rest: Any) -> Any:
        if isinstance(x, np.ndarray) and not np.isfinite(x).all():
            raise np.linalg.LinAlgError("not finite")
        return f(x, *rest)

    return run


def _skewed(x: Any) -> Any:
    s = _square(x)
    return s + np.triu(np.sin(s), 1)


def solver(rng: Rng, x: Any) -> Step:
    b = rng.uniform(-1, 1, 3)
    n = int(rng.integers(-2, 4))
    return pick(
        rng,
        [
            Step("inv", lambda x: np.linalg.inv(_skewed(x))),
            Step("det", lambda x: np.linalg.det(_skewed(x))),
            Step("slogdet", lambda x: np.linalg.slogdet(_skewed(x))[1]),
            Step("solve", lambda x: np.linalg.solve(_skewed(x), np.sum(_square(x), -1))),
            Step("solve(c)", lambda x: np.linalg.solve(_square(x), b)),
            Step("solve(x, y)", np.linalg.solve, 2),
            Step("cholesky", lambda x: np.linalg.cholesky(_square(x))),
            Step("cholesky(upper)", lambda x: np.linalg.cholesky(_square(x), upper=True)),
            Step(f"matrix_power({n})", lambda x: np.linalg.matrix_power(_skewed(x), n)),
            Step("pinv", _finite(lambda x: np.linalg.pinv(x))),
            Step("lstsq", _finite(lambda a, b: np.linalg.lstsq(a, b)[0]), 2),
            Step("raw inv", np.linalg.inv),
            Step("raw det", np.linalg.det),
            Step("raw cholesky", lambda x: np.linalg.cholesky(x + np.conj(x).mT)),
        ],
    )


def decomposition(rng: Rng, x: Any) -> Step:
    k = int(rng.integers(2))
    lower = pick(rng, ["L", "U"])
    return pick(
        rng,
        [
            Step("eigvalsh", lambda x: _finite(np.linalg.eigvalsh)(_square(x), lower)),
            Step("raw eigvalsh", _finite(lambda x: np.linalg.eigvalsh(x + np.conj(x).mT))),
            Step("|eigh|", lambda x: np.abs(_finite(np.linalg.eigh)(_square(x), lower)[k])),
            Step("sorted eigvals", lambda x: np.sort(np.real(np.linalg.eigvals(_square(x))))),
            Step("svdvals", _finite(np.linalg.svdvals)),
            Step("|svd|", _finite(lambda x: np.abs(np.linalg.svd(x, full_matrices=False)[k]))),
            Step("svd", _finite(lambda x: np.linalg.svd(x, compute_uv=False))),
            Step("qr", lambda x: np.abs(np.linalg.qr(_skewed(x))[k])),
            Step("raw qr", lambda x: np.abs(np.linalg.qr(x)[1])),
            Step("cond", lambda x: _finite(np.linalg.cond)(_skewed(x))),
        ],
    )


def norms(rng: Rng, x: Any) -> Step:
    p = pick(rng, [None, 1, 2, -1, 3, np.inf, -np.inf, "fro", "nuc", -2, 0, 0.5, "bad"])
    axis, keep = pick(rng, [None, 0, -1, (0, 1), (-1, 0)]), chance(rng, 0.4)
    if chance(rng, 0.2):
        return Step("vector_norm", lambda x: np.linalg.vector_norm(x, axis=axis, keepdims=keep))
    by_svd = _finite if p in (2, -2, "nuc") and axis not in (0, -1) else (lambda f: f)
    return Step(f"norm({p}, {axis}, {keep})", by_svd(lambda x: np.linalg.norm(x, p, axis, keep)))


def fourier(rng: Rng, x: Any) -> Step:
    name = pick(rng, ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
    f = getattr(np.fft, name)
    norm = pick(rng, [None, "ortho", "forward", "backward", "bad"] if chance(rng, 0.1) else [None])
    n = pick(rng, [None, None, 1, 3, 4, 5])
    axis = an_axis(rng, x, none=False)
    if chance(rng, 0.3):
        many = getattr(np.fft, pick(rng, ["fft2", "ifftn", "rfftn", "fftn", "irfftn", "rfft2"]))
        return Step(f"|{many.__name__}|", lambda x: np.abs(many(x)) ** 2)
    part = pick(rng, [np.real, lambda z: np.imag(z) * 1.0, np.positive, lambda z: z])
    return Step(f"{name}({n}, {axis}, {norm})", lambda x: part(f(x, n, axis, norm)))


def polynomial(rng: Rng, x: Any) -> Step:
    return pick(
        rng,
        [
            Step("polyval(x, y)", np.polyval, 2),
            Step("polyval(c, x)", lambda x: np.polyval([0.5, -1.0, 2.0], x)),
            Step("polymul", np.polymul, 2),
            Step("polyadd", np.polyadd, 2),
            Step("polyder", np.polyder),
            Step("polyint", np.polyint),
            Step("vander", lambda x: np.vander(x, 3)),
            Step("vander(increasing)", lambda x: np.vander(x, 3, increasing=True)),
            Step("poly", lambda x: np.poly(np.atleast_1d(x))),
            Step("polydiv", lambda a, b: np.polydiv(a, b)[0], 2),
        ],
    )


FAMILIES = [product, product, einsum, solver, decomposition, norms, fourier, polynomial]
