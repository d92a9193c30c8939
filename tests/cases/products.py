"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import operator

import numpy as np

from cases.case import Case, before, named, real

MATMUL = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((4, 1, 2, 3), (5, 3, 2)),
    ((2, 0), (0, 3)),
    ((0, 2), (2, 3)),
    ((1, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (1, 3, 4)),
]
EINSUM = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("i,j->ij", (2,), (3,)),
    ("i,i->", (3,), (3,)),
    ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("...i->...", (2, 3)),
    ("i...->...", (3, 2)),
    ("ij,ij->i", (2, 3), (2, 3)),
    ("ij,jk,kl->il", (2, 3), (3, 2), (2, 3)),
    ("iij->j", (2, 2, 3)),
    ("iij,jk->ik", (2, 2, 3), (3, 2)),
    ("iii->i", (2, 2, 2)),
    ("ij,ij->ij", (2, 3), (1, 3)),
    ("...i,...i", (2, 3), (4, 1, 3)),
    ("ijk,k", (2, 2, 3), (3,)),
    ("i,j,k->kji", (2,), (3,), (2,)),
    ("i,->i", (3,), ()),
    ("ba", (2, 3)),
    ("...ii->...i", (2, 3, 3)),
    ("ij,k->k", (2, 3), (4,)),
    ("ii,ij->j", (3, 3), (3, 2)),
    ("i...,i...->...", (3, 2), (3, 2)),
    ("ik,jk->ij", (2, 1), (3, 4)),
    ("...,...->...", (2, 3), (3,)),
    ("...j,j->...", (3, 2), (2,)),
    ("...a,...b->...ab", (2, 3), (1, 2)),
]


def _name(parts):
    return ";".join("x".join(map(str, s)) or "0d" if isinstance(s, tuple) else s for s in parts)


CASES: list[Case] = [
    named(
        "matmul-axes",
        lambda a, b: np.matmul(a, b, axes=[(0, 1), (1, 0), (-1, -2)]),
        real(2, 3, 4),
        real(4, 3, 4),
    ),
    named(
        "matmul-axes-out",
        lambda a, b: np.matmul(a, b, axes=[(0, 2), (-2, -1), (0, 1)]),
        real(2, 3, 4),
        real(3, 4, 2),
    ),
    *[
        named(f"matmul-{_name((a, b))}", np.matmul, real(*a), real(*b), forms=(operator.matmul,))
        for a, b in MATMUL
    ],
    *[
        named(f"dot-{_name((a, b))}", np.dot, real(*a), real(*b), forms=(lambda a, b: a.dot(b),))
        for a, b in [
            ((), ()),
            ((), (2, 3)),
            ((2,), ()),
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((2, 3), (3, 2)),
            ((2, 3), (4, 3, 2)),
            ((2, 2, 3), (3,)),
            ((2, 2, 3), (4, 3, 2)),
            ((3,), (2, 3, 2)),
        ]
    ],
    *[
        named(f"inner-{_name((a, b))}", np.inner, real(*a), real(*b))
        for a, b in [((3,), (3,)), ((2, 3), (4, 3)), ((2,), ()), ((2, 2, 3), (3,))]
    ],
    named("vdot", np.vdot, real(2, 3), real(2, 3), analytic=False),
    named("outer", np.outer, real(2), real(3)),
    named("outer-matrices", np.outer, real(2, 2), real()),
    named("linalg.outer", np.linalg.outer, real(2), real(3)),
    named("linalg.matmul", np.linalg.matmul, real(2, 3), real(3, 2)),
    *[
        named(
            f"tensordot-{axes}",
            lambda a, b, axes=axes: np.tensordot(a, b, axes),
            real(2, 3, 4),
            real(*shape),
        )
        for axes, shape in [
            (0, (2,)),
            (1, (4, 2)),
            (2, (3, 4, 2)),
            (((1, 0), (0, 1)), (3, 2, 2)),
            ((-1, 0), (4, 2)),
            (((0,), (-1,)), (2, 2)),
            (3, (2, 3, 4)),
        ]
    ],
    named(
        "linalg.tensordot", lambda a, b: np.linalg.tensordot(a, b, axes=1), real(2, 3), real(3, 2)
    ),
    named("kron", np.kron, real(2, 3), real(3, 2)),
    named("kron-ranks", np.kron, real(2), real(2, 2)),
    named("kron-scalar", np.kron, real(2), real()),
    named("cross", np.cross, real(3), real(3)),
    named("cross-many", np.cross, real(4, 3), real(3)),
    named(
        "cross-axes", lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=0), real(3, 4), real(4, 3)
    ),
    named("cross-axis", lambda a, b: np.cross(a, b, axis=0), real(3, 2), real(3, 2)),
    *before(
        "2.5",
        named("cross-plane", np.cross, real(4, 2), real(2)),
        named("cross-mixed", np.cross, real(2), real(2, 3)),
    ),
    named("linalg.cross", np.linalg.cross, real(2, 3), real(2, 3)),
    *[
        named(
            f"einsum-{_name(row)}",
            lambda *x, s=row[0]: np.einsum(s, *x),
            *(real(*shape) for shape in row[1:]),
        )
        for row in EINSUM
    ],
    named("einsum-spaces", lambda a, b: np.einsum("i j, j k -> i k", a, b), real(2, 3), real(3, 2)),
    named(
        "einsum-lists", lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]), real(2, 3), real(3, 2)
    ),
    named(
        "einsum-lists-ellipsis",
        lambda a, b: np.einsum(a, [..., 1], b, [1, ...]),
        real(2, 3),
        real(3, 2),
    ),
    named(
        "einsum-optimize",
        lambda a, b: np.einsum("ij,jk", a, b, optimize=True),
        real(2, 3),
        real(3, 2),
    ),
    named("einsum-constant", lambda a: np.einsum("ij,jk->ik", a, np.ones((3, 2))), real(2, 3)),
    named("einsum-same", lambda a: np.einsum("ij,kj->ik", a, a), real(2, 3)),
]
