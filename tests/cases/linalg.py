"""numpy.linalg."""

from __future__ import annotations

import numpy as np

from cases.case import Case, fixed, matrix, named, real, spd


def _symmetric(f):
    """f of a matrix made symmetric, so that small steps stay in its domain."""
    return lambda a: f((a + np.swapaxes(a, -1, -2)) * 0.5)


CASES: list[Case] = [
    named("inv", np.linalg.inv, matrix(3, 3)),
    named("inv-stacked", np.linalg.inv, matrix(2, 3, 3)),
    named("det", np.linalg.det, matrix(3, 3)),
    named("det-nearly-singular", np.linalg.det, fixed([[1.0, 2.0], [2.0, 4.0 + 1e-15]])),
    named("det-stacked", np.linalg.det, matrix(2, 2, 2)),
    named("det-singular", np.linalg.det, fixed([[1.0, 2.0], [2.0, 4.0]])),
    named("det-of-rank-1", np.linalg.det, fixed(np.outer([1.0, -2.0, 0.5], [0.3, 1.0, 2.0]))),
    named("det-of-rank-1-of-4", np.linalg.det, fixed(np.outer([1.0, 2, 3, 4], [1.0, -1, 2, 1]))),
    named(
        "det-singular-stack",
        np.linalg.det,
        fixed([[[1.0, 2.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]]]),
    ),
    named("slogdet", np.linalg.slogdet, matrix(3, 3), analytic=False),
    named("slogdet-stacked", np.linalg.slogdet, matrix(2, 3, 3), analytic=False),
    named(
        "slogdet-negative", lambda a: np.linalg.slogdet(-a).logabsdet, matrix(3, 3), analytic=False
    ),
    named("solve-vector", np.linalg.solve, matrix(3, 3), real(3)),
    named("solve-matrix", np.linalg.solve, matrix(3, 3), real(3, 2)),
    named("solve-stacked", np.linalg.solve, matrix(2, 3, 3), real(2, 3, 2)),
    named("solve-broadcast-left", np.linalg.solve, matrix(3, 3), real(2, 3, 2)),
    named("solve-broadcast-right", np.linalg.solve, matrix(2, 3, 3), real(3, 2)),
    named("solve-stacked-vector", np.linalg.solve, matrix(2, 3, 3), real(3)),
    named("cholesky", _symmetric(np.linalg.cholesky), spd(3, 3), analytic=False),
    named("cholesky-stacked", _symmetric(np.linalg.cholesky), spd(2, 3, 3), analytic=False),
    named(
        "cholesky-upper",
        _symmetric(lambda a: np.linalg.cholesky(a, upper=True)),
        spd(3, 3),
        analytic=False,
    ),
    named("norm", np.linalg.norm, real(3, 2), analytic=False),
    named(
        "norm-scalar-kept", lambda x: np.linalg.norm(x, keepdims=True), real(3, 2), analytic=False
    ),
    named("norm-axis", lambda x: np.linalg.norm(x, axis=1), real(3, 2), analytic=False),
    *[
        named(
            f"norm-vector-{p}",
            lambda x, p=p: np.linalg.norm(x, p, axis=0),
            real(3, 2),
            analytic=False,
            order=1 if p == 0 else 2,
        )
        for p in (1, 2, 3, 1.5, np.inf, -np.inf, 0, -1)
    ],
    *[
        named(f"norm-matrix-{p}", lambda x, p=p: np.linalg.norm(x, p), real(3, 2), analytic=False)
        for p in ("fro", 1, -1, np.inf, -np.inf)
    ],
    named(
        "norm-matrix-axes",
        lambda x: np.linalg.norm(x, "fro", axis=(0, 2), keepdims=True),
        real(2, 3, 2),
        analytic=False,
    ),
    named(
        "norm-matrix-inf-axes",
        lambda x: np.linalg.norm(x, np.inf, axis=(2, 0)),
        real(2, 3, 2),
        analytic=False,
    ),
    named("vector_norm", np.linalg.vector_norm, real(3, 2), analytic=False),
    named(
        "vector_norm-axes",
        lambda x: np.linalg.vector_norm(x, axis=(0, 1), ord=3),
        real(3, 2, 2),
        analytic=False,
    ),
    named(
        "vector_norm-kept",
        lambda x: np.linalg.vector_norm(x, keepdims=True),
        real(3, 2),
        analytic=False,
    ),
    named("matrix_norm", np.linalg.matrix_norm, real(2, 3, 2), analytic=False),
    *[
        named(f"matrix_power-{n}", lambda a, n=n: np.linalg.matrix_power(a, n), matrix(3, 3))
        for n in (0, 1, 2, 3, 5, -2)
    ],
    named(
        "multi_dot",
        lambda a, b, c: np.linalg.multi_dot([a, b, c]),
        real(2, 3),
        real(3, 4),
        real(4, 2),
    ),
    named(
        "multi_dot-vectors",
        lambda a, b, c: np.linalg.multi_dot([a, b, c]),
        real(3),
        real(3, 4),
        real(4),
    ),
]
