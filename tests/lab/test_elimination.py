"""Elimination orders against brute force; paths against the sweep; matrix chains by hand."""

import itertools

import numpy as np
import pytest

from autograd_core import Graph, Tensor, gradients, jacobian
from autograd_core.base import errors
from autograd_core.elimination import ScalarGraph, compare_orders, eliminate, scalar_graph
from autograd_core.matrix_chain import matrix_chain

RNG = np.random.default_rng(4)
RULES = ["forward", "reverse", "markowitz", "optimal"]


def speelpenning(x):
    y = x[0]
    for k in range(1, len(x)):
        y = y * x[k]
    return y


def waist(x):
    return np.array([1.0, 2.0, 3.0, 4.0]) * np.exp(np.tanh(np.sin(np.prod(x))))


def mixed(x):
    a = x[0] * x[1]
    b = np.sin(a) + x[2]
    c = np.exp(b) * a
    return np.stack([c / b, c + np.cos(x[2] * b)])


def used_output(x):
    y = np.sin(x[0] * x[1])
    return np.stack([y, np.exp(y)])


FUNCTIONS = {
    "product": (speelpenning, RNG.normal(size=5)),
    "waist": (waist, RNG.normal(size=4)),
    "mixed": (mixed, np.array([0.5, 1.2, 0.7])),
    "used output": (used_output, np.array([0.5, 1.2])),
    "vectors": (lambda x: np.tanh(np.sum(x * x) * x), RNG.normal(size=3)),
}


@pytest.mark.parametrize("rule", ["forward", "reverse", "markowitz"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_order_gives_the_jacobian(name, rule):
    f, x = FUNCTIONS[name]
    made = eliminate(f, x, order=rule).jacobian
    np.testing.assert_allclose(made, np.atleast_2d(jacobian(f)(x)), rtol=1e-12, atol=1e-14)


def random_graph(seed, inputs=2, middle=5, outputs=2):
    rng = np.random.default_rng(seed)
    n = inputs + middle + outputs
    edges = {}
    for b in range(inputs, n):
        before = [a for a in range(b) if a < inputs + middle]
        for a in rng.choice(before, size=min(len(before), int(rng.integers(1, 4))), replace=False):
            edges[int(a), b] = float(rng.normal())
    for a in range(inputs, inputs + middle):
        if not any(s == a for s, _ in edges):
            edges[a, n - 1] = float(rng.normal())
    names = [f"v{k}" for k in range(n)]
    return ScalarGraph(names, list(range(inputs)), list(range(n - outputs, n)), edges)


@pytest.mark.parametrize("seed", range(12))
def test_optimum_against_every_order(seed):
    graph = random_graph(seed)
    costs = {
        order: eliminate(graph, order=order).multiplications
        for order in itertools.permutations(graph.intermediates)
    }
    best = min(costs.values())
    found = eliminate(graph, order="optimal")
    assert found.multiplications == best
    assert costs[tuple(found.order)] == best
    reference = eliminate(graph, order="forward").jacobian
    for rule in RULES:
        made = eliminate(graph, order=rule)
        np.testing.assert_allclose(made.jacobian, reference, atol=1e-12)
        assert made.multiplications >= best


def test_greedy_beats_both_modes():
    counts = {r: e.multiplications for r, e in compare_orders(*FUNCTIONS["waist"]).results.items()}
    # 4 inputs, then a chain of 4 vertices, then 4 outputs.  From either end: 4 + 4 + 4 + 4 * 4.
    # The chain first: 1 + 1, then its two ends 4 and 4 * 4.
    assert counts == {"forward": 28, "reverse": 28, "markowitz": 22, "optimal": 22}


def test_greedy_is_not_always_best():
    gaps = [
        eliminate(g, order="markowitz").multiplications
        - eliminate(g, order="optimal").multiplications
        for g in (random_graph(seed, 3, 9, 3) for seed in range(30))
    ]
    assert min(gaps) == 0
    assert max(gaps) > 0


@pytest.mark.slow
def test_optimum_of_fifteen_vertices():
    graph = random_graph(7, 3, 15, 3)
    assert len(graph.intermediates) == 15
    found = compare_orders(graph).results
    assert found["optimal"].multiplications <= min(e.multiplications for e in found.values())


def test_texts_and_pictures(tmp_path):
    made = eliminate(*FUNCTIONS["waist"])
    assert str(made).splitlines()[-1].split() == ["total", "22"]
    assert made._repr_svg_().count("<circle") == len(made.graph.names)
    made.draw(tmp_path / "order.svg")
    assert "22 multiplications" in (tmp_path / "order.svg").read_text(encoding="utf-8")
    assert "markowitz" in str(compare_orders(*FUNCTIONS["mixed"]))


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda: eliminate(mixed, np.ones(3), order="best"), errors.OperandError, "best"),
        (lambda: eliminate(mixed, np.ones(3), order=[1, 2]), errors.OperandError, "intermediate"),
        (lambda: eliminate(lambda x: np.sum(np.sin(x) * x), np.ones(20), order="optimal"),
         errors.ShapeError, "markowitz"),
        (lambda: eliminate(lambda x: 1.0, np.ones(2)), errors.UntrackedError, "nothing"),
        (lambda: scalar_graph(np.sin, np.ones(11_000)), errors.ShapeError, "20,000"),
    ],
)  # fmt: skip
def test_bad_input(run, error, words):
    with pytest.raises(error, match=words):
        run()


# --- paths ------------------------------------------------------------------------------


def test_paths_of_doublings_and_of_a_lattice():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(60):
        y = y + y
    assert Graph(y).paths(x) == 2**60
    # a lattice: each value goes right and up; the paths are binomial coefficients
    row = [Tensor(1.0, requires_grad=True)]
    start = row[0]
    for _ in range(8):
        row.append(row[-1] * 1.0)
    for _ in range(8):
        above = [row[0] * 1.0]
        for value in row[1:]:
            above.append(above[-1] + value)
        row = above
    assert Graph(row[-1]).paths(start) == 12870  # 16 over 8


@pytest.mark.parametrize("seed", range(4))
def test_sum_over_paths_is_the_sweep(seed):
    rng = np.random.default_rng(seed)
    leaves = [Tensor(v, requires_grad=True) for v in rng.normal(size=3)]
    values = list(leaves)
    for _ in range(8):
        a, b = (values[k] for k in rng.integers(0, len(values), 2))
        values.append([np.sin(a) * b, a + b * a, np.tanh(a - b)][int(rng.integers(3))])
    out = values[-1] + values[-2] * values[3]
    graph = Graph(out)
    for leaf, g in zip(leaves, gradients(out, leaves), strict=True):
        if g is not None:
            assert float(graph.sum_over_paths(leaf)) == pytest.approx(g.item(), abs=1e-12)
            assert len(list(graph.each_path(leaf))) == graph.paths(leaf)


# --- matrix chains ----------------------------------------------------------------------


def test_three_matrices():
    chain = matrix_chain(np.ones((10, 30)), np.ones((30, 5)), np.ones((5, 60)))
    assert chain.ways["reverse"] == ("(A B) C", 2 * (10 * 30 * 5 + 10 * 5 * 60))
    assert chain.ways["forward"] == ("A (B C)", 2 * (30 * 5 * 60 + 10 * 30 * 60))
    assert chain.ways["best"] == ("(A B) C", 9000)


def test_the_textbook_chain_and_the_best_of_neither_mode():
    # Cormen et al., Introduction to Algorithms, section 15.2
    sizes = [30, 35, 15, 5, 10, 20, 25]
    chain = matrix_chain(*itertools.pairwise(sizes))
    assert chain.ways["best"] == ("(A (B C)) ((D E) F)", 2 * 15125)
    narrow = matrix_chain((100, 100), (100, 1), (1, 100), (100, 100)).ways
    assert narrow["best"][1] < min(narrow["forward"][1], narrow["reverse"][1])


def test_a_chain_is_what_the_modes_do():
    """The FLOPs of a batched Jacobian of linear layers are those of the chain."""
    from autograd_core import cost

    A, B, C = RNG.normal(size=(2, 7)), RNG.normal(size=(7, 9)), RNG.normal(size=(9, 5))
    made = cost(lambda x: A @ (B @ (C @ x)), np.ones(5), measure=False)
    chain = matrix_chain(A, B, C, np.eye(5)).ways["forward"][1]
    assert 5 * made.forward.flops == chain
    assert 2 * made.reverse.flops == matrix_chain(np.eye(2), A, B, C).ways["reverse"][1]


def test_chain_bad_input():
    with pytest.raises(errors.ShapeError, match="4 and 3"):
        matrix_chain((2, 4), (3, 5))
    with pytest.raises(errors.ShapeError, match="two or more"):
        matrix_chain((2, 4))
