"""Decompositions and functions of matrices: every keyword, SciPy's values, refusals by name.

Derivatives of the same functions are in the table (tests/cases/scipy_linalg.py).
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_scipy = pytest.importorskip("scipy.linalg")
from table import outputs  # noqa: E402

from autograd_core import (  # noqa: E402
    AutogradError,
    LinearAlgebraError,
    Tensor,
    UnsupportedError,
    grad,
    jvp,
    vmap,
)
from autograd_core.scipy import linalg  # noqa: E402

RNG = np.random.default_rng(8)
A = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
Z = A + 1j * RNG.normal(size=(3, 3))
TALL, WIDE, SPD = RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4)), A @ A.T
V, W = np.array([3.0, 0.5, -1.0]), np.array([3.0, 1.0, 0.2])
QUIET = {"overwrite_a": True, "check_finite": False}
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *[("qr", (m,), {"mode": mode, "pivoting": pivoting, "lwork": None, **QUIET})
      for m in (A, Z, TALL) for mode in ("full", "economic", "r") for pivoting in (False, True)],
    ("qr", (WIDE,), {}), ("qr", (WIDE,), {"mode": "economic"}),
    *[("lu", (m,), {"permute_l": low, "p_indices": p, **QUIET})
      for m in (A, Z, TALL, WIDE) for low, p in ((True, False), (False, True), (False, False))],
    ("lu_factor", (A,), QUIET), ("lu_factor", (Z,), {}),
    *[("svd", (m,), {"full_matrices": full, "compute_uv": uv, "lapack_driver": "gesdd", **QUIET})
      for m in (A, Z, TALL, WIDE) for full in (False, True) for uv in (False, True)],
    ("svdvals", (TALL,), QUIET),
    *[("eigh", (m,), {"lower": low, "eigvals_only": only, "overwrite_b": True, **QUIET})
      for m in (SPD, Z @ Z.conj().T) for low in (False, True) for only in (False, True)],
    ("eigvalsh", (SPD,), {"lower": True, "overwrite_a": True}),
    *[("eig", (m,), {"right": right, "overwrite_b": True, **QUIET})
      for m in (A, Z) for right in (False, True)],
    ("eigvals", (A,), QUIET),
    *[("polar", (m,), {"side": side}) for m in (A, Z, TALL, WIDE) for side in ("right", "left")],
    *[("pinv", (m,), {"rtol": rtol, "return_rank": rank, "check_finite": False})
      for m in (A, Z, TALL, WIDE) for rtol in (None, 1e-3) for rank in (False, True)],
    *[("lstsq", (m, b), {"cond": cond, "overwrite_b": True, "lapack_driver": "gelsd", **QUIET})
      for m in (A, TALL) for b in (np.ones(len(m)), np.ones((len(m), 2))) for cond in (None, 0.1)],
    *[("norm", (TALL,), {"ord": order, "axis": axis, "keepdims": kept, "check_finite": False})
      for order, axis in ((None, None), ("fro", None), (1, None), (np.inf, 0), (3, 1))
      for kept in (False, True)],
    *[("toeplitz", args, {}) for args in ((V, W), (V,), (V + 1j,))],
    *[("hankel", args, {}) for args in ((V, W), (V,))],
    ("circulant", (V,), {}), ("companion", (V,), {}), ("block_diag", (A, V, TALL), {}),
    *[("solve_toeplitz", (V, b), {"check_finite": False}) for b in (W, TALL[:3])],
    *[(name, (m,), {}) for name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm", "signm")
      for m in (A / 3, Z / 3)],
    ("fractional_matrix_power", (A, 0.3), {}), ("fractional_matrix_power", (Z, -1.5), {}),
    ("funm", (A, np.exp), {"disp": True}),
    ("solve_continuous_lyapunov", (A, SPD), {}), ("solve_continuous_lyapunov", (Z, SPD), {}),
    ("solve_discrete_lyapunov", (A / 9, SPD), {"method": "direct"}),
    ("solve_discrete_lyapunov", (A / 9, SPD), {"method": "bilinear"}),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "args", "how"), CALLS, ids=[f"{k}-{c[0]}" for k, c in enumerate(CALLS)]
)
def test_values_are_scipys(name: str, args: Any, how: dict[str, Any]) -> None:
    mine, theirs = getattr(linalg, name), getattr(_scipy, name)

    def copies(wrap: Any) -> list[Any]:
        return [wrap(a.copy()) if isinstance(a, np.ndarray) else a for a in args]

    wanted = outputs(theirs(*copies(np.asarray), **how))
    for wrap in (np.asarray, lambda a: Tensor(a, requires_grad=True)):
        made = outputs(mine(*copies(wrap), **how))
        assert len(made) == len(wanted)
        for a, b in zip(made, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_signatures_and_keywords() -> None:
    given: dict[str, set[str]] = {"lu_solve": {"trans", "lu_and_piv", "b"}}
    for name, args, how in CALLS:
        names = list(inspect.signature(getattr(linalg, name)).parameters)
        given.setdefault(name, set()).update(how, names[: len(args)])
    for name, seen in given.items():
        mine = inspect.signature(getattr(linalg, name)).parameters
        theirs = inspect.signature(getattr(_scipy, name)).parameters
        if not any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in mine.values()):
            assert list(mine) == list(theirs), name
            refused = {"b", "left", "homogeneous_eigvals", "atol", "overwrite_b", "check_finite"}
            refused |= {"type", "driver", "subset_by_index", "subset_by_value"}
            assert set(mine) <= seen | refused, name


OTHER_SHAPES = {
    "flat": np.ravel,
    "two axes more": lambda a: a[None, None],
    "a column less": lambda a: a[..., :-1],
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("change", OTHER_SHAPES.values(), ids=list(OTHER_SHAPES))
@pytest.mark.parametrize(
    ("name", "args", "how"),
    [*CALLS, ("lu_solve", ((A, np.arange(3)), V), {})],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_other_shapes_work_or_are_refused_at_the_users_line(
    name: str, args: Any, how: dict[str, Any], change: Any
) -> None:
    def changed(x: Any) -> Any:
        if isinstance(x, tuple):  # LU factors and their swaps
            return (changed(x[0]), *x[1:])
        return Tensor(change(x), requires_grad=True) if isinstance(x, np.ndarray) else x

    refused = None
    try:
        getattr(linalg, name)(*map(changed, args), **how)
    except AutogradError as error:
        refused = str(error)
    assert refused is None or Path(__file__).name in refused


REFUSED = {
    "qr mode": (lambda a: linalg.qr(a, mode="raw"), "linalg.qr: mode='raw'"),
    "lu_factor": (lambda a: linalg.lu_factor(a[:2]), "linalg.lu_factor: a matrix of"),
    "svd driver": (lambda a: linalg.svd(a, lapack_driver="gesvd"), "lapack_driver='gesvd'"),
    "eigh driver": (lambda a: linalg.eigh(a, driver="ev"), "linalg.eigh: driver='ev'"),
    "eigh type": (lambda a: linalg.eigh(a, np.eye(3), type=2), "type=2"),
    "eig homogeneous": (lambda a: linalg.eig(a, homogeneous_eigvals=True), "homogeneous_eigvals"),
    "riccati": (lambda a: linalg.solve_continuous_are(a, A, SPD, SPD, e=A), "e= and s="),
    "circulant": (lambda a: linalg.solve_circulant(a, V), "linalg.solve_circulant: stacks"),
    "pinv atol": (lambda a: linalg.pinv(a, atol=0.1), "atol= is not supported"),
    "lstsq driver": (lambda a: linalg.lstsq(a, V, lapack_driver="gelsy"), "lapack_driver='gelsy'"),
    "power": (lambda a: linalg.fractional_matrix_power(A, a[0, 0]), "a traced exponent"),
    "funm": (lambda a: linalg.funm(a, np.exp, disp=False), "disp=False"),
    "signm": (lambda a: linalg.signm(a, disp=False), "disp=False"),
    "toeplitz": (linalg.toeplitz, "linalg.toeplitz: an array of 2 axes"),
    "block_diag": (lambda a: linalg.block_diag(a[None]), "stacks of matrices"),
    "no rule": (linalg.ldl, "linalg.ldl"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_has_no_derivative_is_refused_by_name(name: str) -> None:
    call, words = REFUSED[name]
    with pytest.raises(UnsupportedError, match=words) as caught:
        call(Tensor(A, requires_grad=True))
    assert "test_scipy_linalg.py" in str(caught.value)


def test_a_batch_of_systems() -> None:
    stack = np.stack([A, SPD, A.T])

    def solved(a: Any) -> Any:
        return np.sum(linalg.lu_solve(linalg.lu_factor(a), V) ** 2)

    one = [grad(solved)(a) for a in stack]
    np.testing.assert_allclose(vmap(grad(solved))(stack), one, rtol=1e-12)
    wanted = [grad(lambda a: np.sum(np.linalg.solve(a, V) ** 2))(a) for a in stack]
    np.testing.assert_allclose(one, wanted, rtol=1e-10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda a: linalg.schur(a)[0], "two eigenvalues are equal"),
        (lambda a: linalg.hessenberg(a), "a number below the diagonal is 0"),
    ],
)
def test_forms_that_have_no_derivative_say_so(call: Any, words: str) -> None:
    with pytest.raises(LinearAlgebraError, match=words):
        grad(lambda a: np.sum(call(a)))(np.eye(3))


def test_a_block_that_is_a_rotation_has_no_derivative() -> None:
    turn = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 3.0]])
    with pytest.raises(LinearAlgebraError, match="a rotation"):
        grad(lambda a: np.sum(linalg.schur(a)[0]))(turn)


def test_an_infinite_eigenvalue_is_an_error() -> None:
    with pytest.raises(LinearAlgebraError, match="b is singular"):
        grad(lambda a: np.sum(np.real(linalg.eigvals(a, np.diag([1.0, 2.0, 0.0])))))(A)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("kind", ["sym", "her", "pos"])
def test_of_a_symmetric_system_one_triangle_is_read(kind: str, lower: bool) -> None:
    full = A @ A.T
    half = np.tril(full) if lower else np.triu(full)

    def solved(a: Any) -> Any:
        return np.sum(linalg.solve(a, V, assume_a=kind, lower=lower) ** 2)

    assert solved(Tensor(half, requires_grad=True)).item() == pytest.approx(solved(full), rel=1e-9)
    made = grad(solved)(half)
    np.testing.assert_allclose(made, made.T)
    general = grad(lambda a: np.sum(np.linalg.solve(a, V) ** 2))(full)
    np.testing.assert_allclose(made, (general + general.T) / 2, rtol=1e-9)


def test_phases_and_forms_of_complex_matrices() -> None:
    t = np.array([[0.3, -0.2, 0.5], [0.1, 0.4, -0.3], [0.2, 0.2, 0.1]])

    def sizes(f: Any) -> Any:
        return lambda a: [np.abs(m) ** 2 for m in f(a)]

    for call, own in (
        (sizes(linalg.schur), sizes(_scipy.schur)),
        (lambda a: linalg.hessenberg(a, calc_q=True), lambda a: _scipy.hessenberg(a, calc_q=True)),
    ):
        h = 1e-5
        up, down = outputs(own(Z + h * t)), outputs(own(Z - h * t))
        for moved, high, low in zip(jvp(call, (Z,), (t + 0j,))[1], up, down, strict=True):
            np.testing.assert_allclose(moved, (high - low) / (2 * h), atol=1e-7)
