"""Decompositions and what rests on them."""

from __future__ import annotations

import numpy as np

from cases.case import Case, fixed, matrix, named, real, spd


def _symmetric(f):
    return lambda a: f((a + np.swapaxes(a, -1, -2)) * 0.5)


def _hermitian(f):
    """f of a Hermitian matrix built from two real ones."""
    return lambda a, b: f((a + np.swapaxes(a, -1, -2)) + 1j * (b - np.swapaxes(b, -1, -2)))


def _signed(f):
    """Eigenvectors up to a sign: turned so that their first component is positive."""

    def run(a):
        w, v = f(a)
        return w, v * np.sign(v[..., :1, :])

    return run


def spread(*shape):
    """Symmetric, with eigenvalues near 1, 3, 5."""

    def draw(rng):
        a = rng.uniform(-0.4, 0.4, shape)
        return a + np.swapaxes(a, -1, -2) + np.diag(np.arange(shape[-1]) * 2.0 + 1)

    return draw


def graded(*shape):
    """Singular values 3, 2, 1: rcond = 0.5 cuts the last off."""

    def draw(rng):
        u, _, vh = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
        return u * (3.0 - np.arange(u.shape[-1])) @ vh

    return draw


SKEWED = fixed([[0.2, -2.0, 0.3], [1.5, 0.4, 0.1], [0.3, 0.2, 3.0]])  # a complex pair and a real


def _span(columns):
    """The projection on what columns span."""
    return columns @ np.conj(columns).mT


def _largest(u, s, vh):
    """What does not depend on signs: the first pair's projections and its part of the matrix."""
    return _span(u[..., :1]), _span(vh[..., -1:, :].mT), s, u[..., 1:2] @ vh[..., 1:2, :]


CASES: list[Case] = [
    named("eigh", _symmetric(_signed(np.linalg.eigh)), spread(3, 3), analytic=False),
    named(
        "eigh-upper",
        _symmetric(_signed(lambda a: np.linalg.eigh(a, "U"))),
        spread(3, 3),
        analytic=False,
    ),
    named("eigh-stacked", _symmetric(_signed(np.linalg.eigh)), spread(2, 3, 3), analytic=False),
    named("eigvalsh", _symmetric(np.linalg.eigvalsh), spread(3, 3), analytic=False),
    named(
        "eigvalsh-hermitian",
        _hermitian(np.linalg.eigvalsh),
        matrix(3, 3),
        real(3, 3),
        analytic=False,
    ),
    named(
        "eig-real",
        lambda a: [np.real(z) for z in np.linalg.eig(a @ np.diag(np.array([1.0, 2.0, 4.0])))],
        spd(3, 3),
        analytic=False,
        float32=False,
    ),
    named(
        "eig-complex",
        lambda a: [g(z) for z in np.linalg.eig(a) for g in (np.real, np.imag)],
        SKEWED,
        analytic=False,
        float32=False,
    ),
    named(
        "eig-stacked",
        lambda a: np.real(np.linalg.eig(a @ np.diag(np.array([1.0, 2.0]))).eigenvalues),
        spd(2, 2, 2),
        analytic=False,
        float32=False,
    ),
    named(
        "eig-complex-stacked-twice",
        lambda a: [g(z) for z in np.linalg.eig(a[None, None]) for g in (np.real, np.imag)],
        SKEWED,
        analytic=False,
        float32=False,
    ),
    named("eigvals", lambda a: np.abs(np.linalg.eigvals(a)), SKEWED, analytic=False),
    *[
        named(
            f"svd-{m}x{n}",
            lambda a: np.linalg.svd(a, full_matrices=False),
            real(m, n),
            analytic=False,
            rtol=1e-6,
        )
        for m, n in ((3, 3), (4, 2), (2, 4))
    ],
    named(
        "svd-stacked",
        lambda a: np.linalg.svd(a, full_matrices=False),
        real(2, 3, 2),
        analytic=False,
        rtol=1e-6,
    ),
    named("svd-values", lambda a: np.linalg.svd(a, compute_uv=False), real(3, 2), analytic=False),
    named("svd-square", np.linalg.svd, matrix(3, 3), analytic=False, rtol=1e-6),
    # what the additional columns span has a derivative, they themselves have none
    *[
        named(
            f"svd-full-{m}x{n}",
            lambda a: (lambda u, s, vh: (_span(u[..., 2:]), s, _span(vh[..., 2:, :].mT)))(
                *np.linalg.svd(a)
            ),
            real(m, n),
            analytic=False,
            rtol=1e-6,
        )
        for m, n in ((4, 2), (2, 4), (3, 2))
    ],
    named(
        "svd-full-stacked",
        lambda a: _span(np.linalg.svd(a)[0][..., 2:]),
        real(2, 3, 2),
        analytic=False,
        rtol=1e-6,
    ),
    named(
        "svd-full-stacked-both",
        lambda a: (lambda u, s, vh: (_span(u[..., 2:]), _span(u[..., :2]), s))(*np.linalg.svd(a)),
        real(2, 3, 2),
        analytic=False,
        rtol=1e-6,
    ),
    named(
        "svd-full-stacked-twice",
        lambda a: _span(np.linalg.svd(a)[0][..., 2:]),
        real(2, 1, 3, 2),
        analytic=False,
        rtol=1e-6,
    ),
    named(
        "qr-complete-stacked",
        lambda a: (lambda q, r: (_span(q[..., 2:]), q[..., :2], r))(*np.linalg.qr(a, "complete")),
        real(2, 4, 2),
        analytic=False,
        rtol=1e-6,
    ),
    named(
        "qr-complete-tall",
        lambda a: (lambda q, r: (_span(q[..., 2:]), q[..., :2], r))(*np.linalg.qr(a, "complete")),
        real(4, 2),
        analytic=False,
        rtol=1e-6,
    ),
    named(
        "svd-full-complex",
        lambda a, b: (lambda p: (np.real(p), np.imag(p)))(
            _span(np.linalg.svd(a + 1j * b)[0][..., 2:])
        ),
        real(3, 2),
        real(3, 2),
        analytic=False,
        float32=False,
        core=False,
        rtol=1e-6,
    ),
    named("svdvals", np.linalg.svdvals, real(3, 4), analytic=False),
    named(
        "svd-complex-values",
        lambda a, b: np.linalg.svdvals(a + 1j * b),
        real(3, 2),
        real(3, 2),
        analytic=False,
    ),
    *[
        named(f"norm-{p}", lambda a, p=p: np.linalg.norm(a, p), real(3, 2), analytic=False)
        for p in (2, -2, "nuc")
    ],
    named(
        "norm-2-axes",
        lambda a: np.linalg.norm(a, 2, axis=(2, 0), keepdims=True),
        real(3, 2, 2),
        analytic=False,
    ),
    *[
        named(f"qr-{m}x{n}", np.linalg.qr, real(m, n), analytic=False, rtol=1e-6)
        for m, n in ((3, 3), (4, 2), (2, 4))
    ],
    named("qr-stacked", np.linalg.qr, real(2, 3, 2), analytic=False, rtol=1e-6),
    named("qr-r", lambda a: np.linalg.qr(a, mode="r"), real(3, 2), analytic=False),
    named("qr-complete", lambda a: np.linalg.qr(a, mode="complete"), matrix(3, 3), analytic=False),
    *[
        named(f"pinv-{m}x{n}", np.linalg.pinv, real(m, n), analytic=False, rtol=1e-6)
        for m, n in ((3, 3), (4, 2), (2, 4))
    ],
    *[
        named(
            f"pinv-cut-{'x'.join(map(str, shape))}",
            lambda a: np.linalg.pinv(a, rcond=0.5),
            graded(*shape),
            analytic=False,
            rtol=1e-6,
        )
        for shape in ((3, 3), (5, 3), (3, 4), (2, 4, 3))
    ],
    named(
        "pinv-cut-complex",
        lambda a, b: (lambda p: (np.real(p), np.imag(p)))(np.linalg.pinv(a + 0.1j * b, rtol=0.5)),
        graded(3, 4),
        graded(3, 4),
        analytic=False,
        float32=False,
        core=False,
        rtol=1e-6,
    ),
    named(
        "pinv-cut-hermitian",
        _symmetric(lambda a: np.linalg.pinv(a, 0.5, True)),
        spread(3, 3),
        analytic=False,
    ),
    named(
        "lstsq-cut",
        lambda a, b: np.linalg.lstsq(a, b, 0.5)[0],
        graded(4, 3),
        real(4),
        analytic=False,
        rtol=1e-6,
    ),
    named(
        "pinv-hermitian",
        _symmetric(lambda a: np.linalg.pinv(a, hermitian=True)),
        spread(3, 3),
        analytic=False,
    ),
    named(
        "svd-hermitian",
        _symmetric(lambda a: np.linalg.svd(a, compute_uv=False, hermitian=True)),
        spread(2, 3, 3),
        analytic=False,
    ),
    named(
        "svd-hermitian-vectors",
        _symmetric(lambda a: _largest(*np.linalg.svd(a - 1.5 * np.eye(3), hermitian=True))),
        spread(3, 3),
        analytic=False,
    ),
    named("pinv-stacked", np.linalg.pinv, real(2, 3, 2), analytic=False, rtol=1e-6),
    named("lstsq-tall", lambda a, b: np.linalg.lstsq(a, b)[0], real(4, 2), real(4), analytic=False),
    named(
        "lstsq-all", lambda a, b: np.linalg.lstsq(a, b)[:2], real(4, 2), real(4, 3), analytic=False
    ),
    named(
        "lstsq-wide", lambda a, b: np.linalg.lstsq(a, b)[0], real(2, 4), real(2, 3), analytic=False
    ),
    named(
        "lstsq-values", lambda a, b: np.linalg.lstsq(a, b)[3], real(3, 2), real(3), analytic=False
    ),
    *[
        named(f"cond-{p}", lambda a, p=p: np.linalg.cond(a, p), matrix(3, 3), analytic=False)
        for p in (None, 2, -2, 1, np.inf, "fro")
    ],
    named("tensorinv", lambda a: np.linalg.tensorinv(a.reshape(2, 2, 4), ind=2), matrix(4, 4)),
    named(
        "tensorsolve",
        lambda a, b: np.linalg.tensorsolve(a.reshape(2, 2, 2, 2), b),
        matrix(4, 4),
        real(2, 2),
    ),
    named(
        "tensorsolve-axes",
        lambda a, b: np.linalg.tensorsolve(a.reshape(2, 2, 2, 2), b, axes=(0,)),
        matrix(4, 4),
        real(2, 2),
    ),
]
