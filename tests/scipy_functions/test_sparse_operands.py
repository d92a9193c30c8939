"""scipy.sparse beside traced values: every format, both sides, every mode, against dense arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as ss

from autograd_core import (
    AutogradError,
    LinearAlgebraError,
    OperandError,
    ShapeError,
    Tensor,
    compile,
    grad,
    hvp,
    jvp,
    vmap,
)
from autograd_core.scipy import sparse
from autograd_core.scipy.sparse.linalg import spsolve

RNG = np.random.default_rng(7)
A = np.array([[2.0, 0, 0, 1], [0, 3, 0, 0], [-1, 0, 4, 0], [0, 0.5, 0, 5]])
FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
KINDS = [f"{f}_{kind}" for f in FORMATS for kind in ("array", "matrix")]
V, M = RNG.normal(size=4), RNG.normal(size=(4, 3))


def _compare(f: Callable[..., Any], g: Callable[..., Any], x: Any, rtol: float = 1e-12) -> None:
    """Compare a scalar function through sparse operations with the dense one, in every mode."""
    t = np.cos(np.arange(x.size)).reshape(x.shape).astype(x.dtype)
    close = {"rtol": rtol, "atol": rtol}
    np.testing.assert_allclose(grad(f)(x), grad(g)(x), **close)
    np.testing.assert_allclose(jvp(f, (x,), (t,))[1], jvp(g, (x,), (t,))[1], **close)
    np.testing.assert_allclose(hvp(f, (x,), (t,)), hvp(g, (x,), (t,)), **close)
    np.testing.assert_allclose(compile(f)(x)[1], grad(g)(x), **close)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        many = vmap(grad(f))(np.stack([x, 2 * x]))
    np.testing.assert_allclose(many, [grad(g)(x), grad(g)(2 * x)], **close)
    by_hand = Tensor(x, requires_grad=True)
    f(by_hand).backward()
    np.testing.assert_allclose(by_hand.grad, grad(g)(x), **close)


def _dense(made: Any) -> Any:
    return made.toarray() if isinstance(made, sparse.Entries) else made


PRODUCTS: dict[str, tuple[Callable[[Any, Any], Any], Any]] = {
    "S @ v": (lambda S, x: S @ x, V),
    "S @ M": (lambda S, x: S @ x, M),
    "v @ S": (lambda S, x: x @ S, V),
    "M.T @ S": (lambda S, x: x.T @ S, M),
    "S.T @ v": (lambda S, x: S.T @ x, V),
    "S.dot": (lambda S, x: S.dot(x) if ss.issparse(S) else S @ x, M),
    "S + v": (lambda S, x: S + x, V),
    "v - S": (lambda S, x: x - S, V),
    "S - v": (lambda S, x: S - x, V),
    "S * number": (lambda S, x: S * x[0], V),
    "number * S": (lambda S, x: x[0] * S, V),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_on_both_sides(kind: str) -> None:
    S = getattr(ss, kind)(A)
    for name, (f, x) in PRODUCTS.items():
        if name == "S.dot" and kind.startswith("coo"):
            with pytest.raises(TypeError, match="dot argument not supported type"):
                f(S, Tensor(x, requires_grad=True))  # SciPy's own, before it asks anyone
            continue

        def scalar(x: Any, B: Any, f: Any = f) -> Any:
            return np.sum(np.sin(_dense(f(B, x))))

        value, expected = f(S, Tensor(x)), np.asarray(f(A, x))
        np.testing.assert_allclose(np.asarray(_dense(value).detach()), expected, rtol=1e-12)
        np.testing.assert_allclose(grad(scalar)(x, S), grad(scalar)(x, A), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", PRODUCTS)
def test_every_mode(name: str) -> None:
    f, x = PRODUCTS[name]
    for S in (ss.csr_array(A), ss.csc_matrix(A)):
        _compare(
            lambda x, S=S: np.sum(np.sin(_dense(f(S, x)))), lambda x: np.sum(np.sin(f(A, x))), x
        )


@pytest.mark.parametrize("made", [lambda S, x: S * x, lambda S, x: x * S, lambda S, x: S / x])
def test_elementwise(made: Callable[[Any, Any], Any]) -> None:
    S = ss.csr_array(A)
    for x in (V, np.abs(RNG.normal(size=(4, 4))) + 1, np.abs(V[:, None]) + 1):
        _compare(
            lambda x: np.sum(np.sin(_dense(made(S, x)))),
            lambda x: np.sum(np.sin(np.where(A == 0, 0.0, made(A, x)))),
            x,
        )
    by_name = grad(lambda x: sparse.multiply(ss.csr_matrix(A), x).sum())(V)
    np.testing.assert_allclose(by_name, A.sum(axis=0))
    np.testing.assert_allclose(grad(lambda x: np.sum(S * x))(V), A.sum(axis=0))
    # a matrix's * is the product of matrices, as SciPy has it
    np.testing.assert_allclose(grad(lambda x: np.sum(ss.csr_matrix(A) * x))(V), A.sum(axis=0))
    np.testing.assert_allclose(grad(lambda x: np.sum(x * ss.csr_matrix(A)))(V), A.sum(axis=1))


ROWS, COLUMNS = np.nonzero(A)
ENTRIES = A[ROWS, COLUMNS]
CSR = ss.csr_array(A)
CSC = ss.csc_array(A)
CONSTRUCTED: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "coo": (lambda d: sparse.coo_array((d, (ROWS, COLUMNS)), shape=(4, 4)), ENTRIES),
    "csr": (lambda d: sparse.csr_array((d, CSR.indices, CSR.indptr), shape=(4, 4)), CSR.data),
    "csc": (lambda d: sparse.csc_array((d, CSC.indices, CSC.indptr)), CSC.data),
    "csr of places": (lambda d: sparse.csr_array((d, (ROWS, COLUMNS))), ENTRIES),
    "doubled": (
        lambda d: (
            sparse.coo_array((d / 2, (ROWS, COLUMNS))) + sparse.coo_array((d / 2, (ROWS, COLUMNS)))
        ),
        ENTRIES,
    ),
}
USES: dict[str, Callable[[Any], Any]] = {
    "@ v": lambda S: S @ V,
    "@ M": lambda S: S @ M,
    "M.T @": lambda S: M.T @ S,
    "T": lambda S: S.T @ V,
    "sum": lambda S: S.sum(axis=0) * V + S.sum(axis=1) + S.sum(),
    "diagonal": lambda S: S.diagonal(),
    "toarray": lambda S: S.toarray(),
    "negated": lambda S: (3.0 - (-S).toarray()) @ V,
    "+ sparse": lambda S: (S + ss.csr_array(A)) @ V,
    "solve": lambda S: spsolve(S, V),
    "solve many": lambda S: spsolve(S, M),
}


@pytest.mark.parametrize("name", CONSTRUCTED)
def test_derivatives_of_the_entries(name: str) -> None:
    build, data = CONSTRUCTED[name]
    places = np.argwhere(build(Tensor(np.arange(1.0, 8.0), requires_grad=True)).toarray().data)
    assert len(places) == 7
    for use in USES.values():

        def f(d: Any, use: Any = use) -> Any:
            return np.sum(np.sin(use(build(d))))

        def plain(d: Any, f: Any = f) -> float:
            return float(f(Tensor(d, requires_grad=True)).item())

        steps = 1e-6 * np.eye(7)
        numeric = [(plain(data + h) - plain(data - h)) / 2e-6 for h in steps]
        found = grad(f)(data)
        np.testing.assert_allclose(found, numeric, rtol=1e-6, atol=1e-8)
        for k in (0, 5):
            np.testing.assert_allclose(jvp(f, (data,), (np.eye(7)[k],))[1], found[k], rtol=1e-9)
            second = (grad(f)(data + steps[k]) - grad(f)(data - steps[k])) / 2e-6
            product = hvp(f, (data,), (np.eye(7)[k],))
            np.testing.assert_allclose(product, second, rtol=1e-5, atol=1e-7)


def test_solutions_in_every_mode() -> None:
    for S in (ss.csr_array(A), ss.lil_matrix(A)):
        for b in (V, M):
            _compare(
                lambda b, S=S: np.sum(np.sin(spsolve(S, b))),
                lambda b: np.sum(np.sin(np.linalg.solve(A, b))),
                b,
                rtol=1e-10,
            )
    np.testing.assert_array_equal(
        spsolve(ss.csc_array(A), V), ss.linalg.spsolve(ss.csc_array(A), V)
    )


@pytest.mark.parametrize("kind", [np.float32, np.complex128])
def test_kinds_of_numbers(kind: Any) -> None:
    x, B = V.astype(kind), (A + (0.5j * A if kind is np.complex128 else 0)).astype(kind)
    for S in (ss.csr_array(B), ss.coo_matrix(B)):
        for f, g in (
            (lambda x, S=S: S @ x, lambda x: B @ x),
            (lambda x, S=S: x @ S, lambda x: x @ B),
            (lambda x, S=S: spsolve(S, x), lambda x: np.linalg.solve(B, x)),
        ):
            found, wanted = (grad(lambda x, h=h: np.sum(np.abs(h(x)) ** 2))(x) for h in (f, g))
            assert found.dtype == wanted.dtype == kind
            np.testing.assert_allclose(found, wanted, rtol=1e-4 if kind is np.float32 else 1e-12)


@pytest.mark.parametrize(
    ("f", "names"),
    [
        (lambda S, x: S.multiply(x), "multiply"),
        (lambda S, x: S + x[0], r"\(4, 4\).*toarray"),
        (lambda S, x: x[:2] @ S, r"\(2,\) @ \(4, 4\)"),
        (lambda S, x: S @ x[:2], r"\(4, 4\) @ \(2,\)"),
        (lambda S, x: x**S, "toarray"),
        (lambda S, x: x / S, "toarray"),
        (lambda S, x: x > S, "toarray"),
        (lambda S, x: (S * x[0]) @ S, r"A @ \(B @ x\)"),
        (lambda S, x: S @ (S * x[0]), r"A @ \(B @ x\)"),
        (lambda S, x: (S * x[0]) * S, "toarray"),
        (lambda S, x: np.exp(S * x[0]), "."),
        (lambda S, x: np.asarray(S * x[0]), "toarray"),
        (lambda S, x: np.dot(S, x), "toarray"),
        (lambda S, x: (S * x[0])[0], "toarray"),
        (lambda S, x: S * x[:3], "broadcast"),
        (lambda S, x: spsolve(A, x), "np.linalg.solve"),
        (lambda S, x: spsolve(S, x[:2]), r"\(2,\)"),
        (lambda S, x: spsolve(S * x[0], S), "toarray"),
        (lambda S, x: sparse.csr_array(x), "row, col"),
        (lambda S, x: sparse.coo_array((x, ([0, 1], [0, 1]))), "2"),
        (lambda S, x: sparse.coo_array((x, ([0, 1, 2, 9], [0] * 4)), shape=(3, 3)), "inside"),
        (lambda S, x: sparse.multiply(x, x), "neither"),
        (lambda S, x: sparse.coo_array(([x[0]], ([0], [0]))), "np.stack"),
        (lambda S, x: ss.coo_array(V) @ x, "reshape"),
        (lambda S, x: (S * x).sum(dtype=float), "dtype"),
    ],
)
def test_refusals_name_the_remedy(f: Callable[[Any, Any], Any], names: str) -> None:
    with pytest.raises((AutogradError, TypeError), match=names) as raised:
        grad(lambda x: f(ss.csr_array(A), x))(V)
    if isinstance(raised.value, AutogradError):
        assert Path(__file__).name in str(raised.value)


def test_singular_matrices() -> None:
    with pytest.raises(LinearAlgebraError, match="spsolve"):
        grad(lambda b: np.sum(spsolve(ss.csc_array(np.zeros((2, 2))), b)))(np.ones(2))
    with pytest.raises(ShapeError, match="square"):
        grad(lambda b: np.sum(spsolve(ss.csc_array(np.ones((2, 3))), b)))(np.ones(2))


def test_constants_stay_scipys() -> None:
    assert isinstance(sparse.csr_array(A), ss.csr_array)
    assert sparse.eye_array(3).shape == (3, 3)
    assert "Entries((4, 4)" in repr(ss.csr_array(A) * Tensor(2.0, requires_grad=True))


def test_entries_say_what_they_are_and_refuse_what_is_sparse() -> None:
    S, T = ss.csr_array(A), ss.csr_array(A[:2])
    made = sparse.coo_array((Tensor(S.data, requires_grad=True), S.tocoo().coords), shape=(4, 4))
    assert (made.dtype, made.nnz, made.shape) == (S.dtype, S.nnz, S.shape)
    np.testing.assert_array_equal(made.transpose().toarray().data, A.T)
    np.testing.assert_allclose(made.dot(V).data, A @ V, rtol=1e-12)
    np.testing.assert_array_equal(made.dot(2.0).toarray().data, 2.0 * A)
    for call, words in ((lambda: made / S, "S / T.toarray()"), (lambda: made + T, "(2, 4)")):
        with pytest.raises(OperandError) as caught:
            call()
        assert words in str(caught.value)
        assert "test_sparse_operands.py" in str(caught.value)


def test_the_quotient_and_the_scaled_matrix_are_differentiated() -> None:
    S = ss.coo_array(A)
    make = lambda x: sparse.coo_array((x[:7], S.coords), shape=(4, 4))
    dense = lambda x: np.zeros((4, 4)) + sum(
        x[k] * np.outer(np.eye(4)[i], np.eye(4)[j]) for k, (i, j) in enumerate(zip(
            *S.coords, strict=True)))  # fmt: skip
    x = np.cos(np.arange(11.0)) + 2.0
    _compare(lambda x: np.sum((make(x) / x[7:]).toarray() ** 2),
             lambda x: np.sum((dense(x) / x[7:]) ** 2), x)  # fmt: skip
    _compare(lambda x: np.sum(make(x).dot(x[7]).transpose().toarray() ** 2),
             lambda x: np.sum((dense(x) * x[7]) ** 2), x)  # fmt: skip


def test_the_solvers_are_there_before_anybody_imports_them(monkeypatch: Any) -> None:
    own = sparse.linalg
    monkeypatch.delattr(sparse, "linalg")
    assert sparse.linalg is own
    assert own.spsolve is spsolve
