"""Sparse Jacobians and Hessians against dense ones; colours against the literature."""

import numpy as np
import pytest

from autograd_core import Graph, Tensor, hessian, jacobian
from autograd_core.base import errors
from autograd_core.sparse import sparse_hessian, sparse_jacobian
from autograd_core.transforms.colouring import columns, star
from autograd_core.transforms.sparsity_patterns import pattern_of

sparse = pytest.importorskip("scipy.sparse")
RNG = np.random.default_rng(5)
X = RNG.normal(size=12)
A = RNG.normal(size=(9, 12)) * (RNG.random((9, 12)) < 0.2)


def tridiagonal(x):
    padded = np.concatenate([np.zeros(1), x, np.zeros(1)])
    return (3 - 2 * padded[1:-1]) * padded[1:-1] - padded[:-2] - 2 * padded[2:] + 1


def scattered(x):
    y = np.zeros_like(x)
    y[2:] = x[:-2] ** 2
    y[0] = np.sin(x[3])
    return y + np.roll(x, 1) * x


FUNCTIONS = {
    "elementwise": lambda x: np.sin(x) * x**2,
    "tridiagonal": tridiagonal,
    "slices": lambda x: x[1:] * x[:-1],
    "assignments": scattered,
    "sparse matrix": lambda x: np.tanh(A @ x),
    "sparse matrix of squares": lambda x: A @ (x * x),
    "matrix of inputs": lambda x: x.reshape(3, 4) @ A[:4, :5],
    "constant on the left": lambda x: A[:, :4] @ x.reshape(4, 3),
    "both factors": lambda x: x.reshape(3, 4) @ x.reshape(4, 3),
    "block sums": lambda x: np.sum(np.exp(x.reshape(4, 3)), axis=1),
    "softmax of rows": lambda x: _softmax(x.reshape(3, 4)),
    "norms": lambda x: np.std(x.reshape(3, 4), axis=0, keepdims=True),
    "broadcast": lambda x: x.reshape(3, 4) * x[:4] + x[:3, None],
    "index arrays": lambda x: x[[0, 0, 5]] * x[[1, 2, 3]],
    "sorted by index": lambda x: np.sort(x),
    "transposed and flipped": lambda x: np.flip(x.reshape(3, 4).T, 0) * 2.0,
    "padded and repeated": lambda x: np.pad(np.repeat(x, 2), 1)[::3],
    "cumulative": lambda x: np.cumsum(x.reshape(4, 3) ** 2, axis=1),
    "where": lambda x: np.where(x > 0, x * x, np.roll(x, 2)),
    "lower triangle": lambda x: np.tril(np.outer(x[:4], x[4:8])),
    "stacked": lambda x: np.stack([x[:6] * x[6:], x[6:]], axis=1),
    "logsumexp": lambda x: np.log(np.sum(np.exp(x.reshape(3, 4)), axis=0)),
    "solved": lambda x: np.linalg.solve(np.eye(3) * 4 + A[:3, :3], x[:3] ** 2) + x[3:6],
    "clipped": lambda x: np.clip(x, -0.5, 0.5) * np.maximum(x, 0),
}


def _softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_like_the_dense_jacobian(name, mode):
    f = FUNCTIONS[name]
    made, plan = sparse_jacobian(f, mode, return_plan=True)(X)
    dense = jacobian(f)(X).reshape(made.shape)
    np.testing.assert_allclose(made.toarray(), dense, atol=1e-12)
    assert plan.entries >= np.count_nonzero(dense)
    triples = sparse_jacobian(f, mode, format="triples")(X)
    np.testing.assert_allclose(triples.dense(), dense, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_like_the_dense_hessian(name):
    f = FUNCTIONS[name]
    w = RNG.normal(size=np.shape(f(X)))
    scalar = lambda x: np.sum(f(x) ** 2 * w)
    made = sparse_hessian(scalar)(X)
    np.testing.assert_allclose(made.toarray(), hessian(scalar)(X), atol=1e-10)


@pytest.mark.parametrize(
    ("name", "entries"),
    [("elementwise", 12), ("tridiagonal", 34), ("slices", 22), ("block sums", 12),
     ("softmax of rows", 48), ("index arrays", 6), ("stacked", 18), ("cumulative", 36)],
)  # fmt: skip
def test_patterns_are_tight(name, entries):
    assert sparse_jacobian(FUNCTIONS[name], return_plan=True)(X)[1].entries == entries


def test_a_constant_matrix_gives_its_own_pattern():
    _, plan = sparse_jacobian(FUNCTIONS["sparse matrix"], return_plan=True)(X)
    assert plan.entries == np.count_nonzero(A)


def test_tridiagonal_system_of_ten_thousand_takes_three_sweeps():
    x = RNG.normal(size=10_000)
    made, plan = sparse_jacobian(tridiagonal, "forward", return_plan=True)(x)
    assert plan.sweeps == 3
    assert "3 compressed sweeps instead of 10,000" in str(plan)
    expected = sparse.diags_array(
        [-np.ones(9_999), 3 - 4 * x, -2 * np.ones(9_999)], offsets=[-1, 0, 1]
    )
    assert abs(made - expected).max() < 1e-12


@pytest.mark.parametrize("n", [4, 8, 20])
def test_five_point_laplacian_takes_five_colours(n):
    """The star chromatic number of grids from 4 by 4 on is 5 (Fertin, Raspaud and Reed, 2004)."""

    def energy(u):
        return np.sum((u[1:] - u[:-1]) ** 2) + np.sum((u[:, 1:] - u[:, :-1]) ** 2) + np.sum(u**4)

    u = RNG.normal(size=(n, n))
    made, plan = sparse_hessian(energy, return_plan=True)(u)
    assert plan.sweeps == 5
    assert plan.entries == n * n + 4 * n * (n - 1)
    np.testing.assert_allclose(made.toarray(), hessian(energy)(u).reshape(n * n, n * n), atol=1e-11)


def test_arrow_hessian_takes_two_sweeps():
    """A star graph: a Jacobian's colouring would need n colours."""
    f = lambda x: np.sum(x[1:] ** 2 * x[0] ** 2)
    made, plan = sparse_hessian(f, return_plan=True)(X)
    assert plan.sweeps == 2
    np.testing.assert_allclose(made.toarray(), hessian(f)(X), atol=1e-12)


def test_hessian_of_a_linear_function_is_empty():
    made, plan = sparse_hessian(lambda x: np.sum(3 * x), return_plan=True)(X)
    assert made.shape == (12, 12)
    assert made.nnz == plan.sweeps == 0


def is_star_colouring(adjacent, colour):
    for v, near in enumerate(adjacent):
        for w in near:
            if colour[v] == colour[w]:
                return False
            for x in adjacent[w]:
                if x != v and colour[x] == colour[v]:
                    for y in adjacent[x]:
                        if y not in (v, w) and colour[y] == colour[w]:
                            return False
    return True


@pytest.mark.parametrize("seed", range(20))
def test_star_colourings_are_star_colourings(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 40))
    mask = np.triu(rng.random((n, n)) < rng.uniform(0.05, 0.5), 1)
    adjacent = [np.flatnonzero(row).tolist() for row in mask | mask.T]
    assert is_star_colouring(adjacent, star(adjacent))


@pytest.mark.parametrize("seed", range(10))
def test_columns_of_one_colour_share_no_row(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((15, 25)) < 0.15
    colour = columns([np.flatnonzero(r) for r in mask], 25)
    for row in mask:
        mine = colour[row]
        assert len(set(mine)) == len(mine)


@pytest.mark.parametrize("kind", ["mask", "scipy", "pairs"])
def test_given_pattern(kind):
    mask = np.abs(np.subtract.outer(np.arange(12), np.arange(12))) <= 1
    pattern = {"mask": mask, "scipy": sparse.csr_array(mask), "pairs": np.nonzero(mask)}[kind]
    made = sparse_jacobian(tridiagonal, pattern=pattern)(X)
    np.testing.assert_allclose(made.toarray(), jacobian(tridiagonal)(X), atol=1e-12)


def test_a_pattern_by_one_leaf_passes_over_what_depends_on_others():
    x, w = Tensor(X, requires_grad=True), Tensor(np.eye(2) * 3, requires_grad=True)
    u = Tensor(X[:6], requires_grad=True)
    graph = Graph(x[:6] * x[6:] * np.linalg.slogdet(w)[1] + np.sin(u))
    for leaf, places in ((x, [[k, k + 6] for k in range(6)]), (u, [[k] for k in range(6)])):
        found = pattern_of(graph.nodes, graph.outputs[0], graph.node(leaf))
        assert found.members.reshape(6, -1).tolist() == places


def test_other_arguments_are_constants():
    made = sparse_jacobian(lambda x, a: x * a)(X, 3.0)
    np.testing.assert_allclose(made.toarray(), 3 * np.eye(12))


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda: sparse_jacobian(tridiagonal, pattern=np.eye(12))(X), errors.SparsityError, "row"),
        (lambda: sparse_hessian(lambda x: np.sum(x[1:] * x[:-1]), pattern=np.eye(12))(X),
         errors.SparsityError, "not the function's"),
        (lambda: sparse_jacobian(tridiagonal, pattern=np.eye(11))(X), errors.SparsityError, "fit"),
        (lambda: sparse_jacobian(tridiagonal, pattern=([0], [12]))(X), errors.SparsityError, "fit"),
        (lambda: sparse_jacobian(lambda x: 1.0)(X), errors.UntrackedError, "float"),
        (lambda: sparse_jacobian(lambda x: np.argsort(x))(X), errors.UntrackedError, "constant"),
        (lambda: sparse_jacobian(np.sin)(np.zeros(0)), errors.ShapeError, "nothing"),
        (lambda: sparse_jacobian(np.sin, mode="up")(X), errors.OperandError, "mode"),
        (lambda: sparse_jacobian(np.sin, format="csc")(X), errors.OperandError, "format"),
        (lambda: sparse_jacobian(np.sin)(np.arange(3)), errors.DTypeError, "floating"),
        (lambda: sparse_hessian(np.sin)(X), errors.NonScalarError, "scalar"),
    ],
)  # fmt: skip
def test_bad_input(run, error, words):
    with pytest.raises(error, match=words):
        run()
