"""The tools' rarer answers: costs, elimination, sparsity, rounding, explanations, adjoints."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from autograd_core import (
    Tensor,
    checkpoint,
    cost,
    explain,
    grad,
    hessian,
    jacobian,
    primitive,
    scope,
    stop_gradient,
)
from autograd_core.adjoints import linear_solve, odeint
from autograd_core.base import errors
from autograd_core.base.text_tables import seconds_text
from autograd_core.costs.comparison import ModeCost, Modes
from autograd_core.elimination import ScalarGraph, compare_orders, eliminate, scalar_graph
from autograd_core.matrix_chain import matrix_chain
from autograd_core.revolve import revolve
from autograd_core.rounding import rounding
from autograd_core.sparse import sparse_hessian, sparse_jacobian

X = np.array([0.5, -1.5, 2.0])
opaque = primitive(  # a kernel that takes nothing but real arrays
    lambda x: np.sin(np.array(x, dtype=float, order="C").copy()),
    vjp=lambda g, y, x: (np.ascontiguousarray(np.frombuffer(g.tobytes())) * np.cos(x),),
    jvp=lambda t, y, x: np.ascontiguousarray(np.frombuffer(t[0].tobytes())) * np.cos(x),
    name="opaque",
)


# --- cost ----------------------------------------------------------------------


def modes(forward, reverse, measured=(None, None), shares=(1.0, 1.0)):
    kinds = [
        ModeCost(name, n, float(n * 10), 100, 0.1, m, share)
        for name, n, m, share in zip(
            ("forward", "reverse"), (forward, reverse), measured, shares, strict=True
        )
    ]
    return Modes(forward, reverse, *kinds, (10.0, 10.0))


def test_what_is_said_of_two_modes() -> None:
    same = modes(3, 3)
    assert "Both take the same FLOPs." in str(same)
    assert same.best == "forward"
    assert modes(3, 3, (2.0, 1.0)).best == "reverse"
    assert modes(3, 3, (1.0, 2.0)).best == "forward"
    unmeasured = modes(30, 3)
    assert unmeasured.best == "reverse"
    assert "Forward takes 10 times the FLOPs of reverse." in unmeasured.sentence()
    part = modes(30, 3, (4.0, 2.0), (0.5, 1.0)).sentence()
    assert "; forward took 2 times the time of reverse." in part
    assert "~ 15 of the 30 forward sweeps were run" in part


def test_modes_are_measured_even_where_the_cost_was_not() -> None:
    found = cost(lambda x: np.sin(x) * x, X, measure=False).modes(measure=True, limit=0.01)
    assert found.forward.measured > 0
    assert found.reverse.measured > 0
    assert found.forward.predicted is None


def test_the_picture_needs_matplotlib(monkeypatch, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    made = modes(30, 3).plot()
    assert len(made.axes) == 2
    modes(30, 3).plot(str(tmp_path / "modes.png"))
    assert (tmp_path / "modes.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="matplotlib"):
        modes(30, 3).plot()


def test_a_kernel_that_takes_no_counting_arrays_is_estimated() -> None:
    found = cost(lambda x: opaque(x) * 2.0, X, weights={"opaque": 5.0})
    assert found.estimated == ["opaque"]
    assert found.function.flops == 3 * 5 + 3
    assert found.forward.flops == found.reverse.flops == 3 + 2 * 15
    unknown = cost(lambda x: opaque(x), X)
    assert unknown.uncounted == ["opaque"]


def test_operations_of_several_results_are_counted_part_by_part() -> None:
    found = cost(lambda x: np.modf(x)[0] + np.linalg.slogdet(np.outer(x, x) + np.eye(3))[1], X)
    assert found.function.flops > 0
    assert found.forward.flops > 0
    a = np.eye(3) + 0.1

    def second(x):
        return grad(lambda v: np.sum(np.linalg.slogdet(v)[1]))(x)

    assert (
        cost(second, a).function.flops > cost(lambda x: np.linalg.slogdet(x)[1], a).function.flops
    )


def test_what_the_inputs_do_not_reach_costs_no_sweep() -> None:
    w = Tensor(X, requires_grad=True)
    found = cost(lambda x: np.sum(np.sin(w) * 2.0) + x * 3.0, X)
    assert found.forward.flops < found.function.flops


def test_a_long_table_is_cut() -> None:
    def f(x):
        y = x * 1.0
        for _ in range(12):
            y = np.sin(y)
        return y

    text = cost(f, X).table(limit=5)
    assert "and 8 smaller" in text
    assert text.splitlines()[-1].startswith("total")
    with pytest.raises(errors.OperandError, match="by='colour'"):
        cost(f, X).table(by="colour")


def test_a_checkpoint_is_costed_without_running_it_again() -> None:
    runs = []

    def f(x):
        runs.append(1)
        return np.sin(x)

    found = cost(checkpoint(f), X, measure=True)
    assert found.function.seconds is not None
    assert np.sum(grad(lambda x: np.sum(checkpoint(f)(x)))(X) - np.cos(X)) == 0


def test_a_checkpoint_of_what_is_not_differentiated() -> None:
    kept = checkpoint(lambda x: np.round(x.detach()))
    assert np.asarray(kept(Tensor(X, requires_grad=True)).data).tolist() == np.round(X).tolist()

    def outer():
        if False:
            late = None

        def inner(x):
            return x * (2.0 if x.ndim else late)

        return inner

    assert grad(lambda x: np.sum(checkpoint(outer())(x)))(X).tolist() == [2.0] * 3


def test_times_from_seconds_to_nanoseconds() -> None:
    assert [seconds_text(t) for t in (2.0, 3e-3, 4e-6, 5e-9)] == ["2 s", "3 ms", "4 µs", "5 ns"]


def test_a_chain_of_matrices_in_a_notebook() -> None:
    html = matrix_chain((2, 3), (3, 4), (4, 1))._repr_html_()
    assert html.count("<tr>") >= 3
    assert "(A (B C))" in html or "A(BC)" in html.replace(" ", "")


# --- elimination -----------------------------------------------------------------


def test_an_output_that_is_used_further_on() -> None:
    graph = scalar_graph(lambda x: (y := np.sin(x), y * x), 0.5)
    assert graph.names[-1] == "copy" or "copy" in graph.names
    found = eliminate(graph, order="reverse").jacobian
    expected = [np.cos(0.5), np.cos(0.5) * 0.5 + np.sin(0.5)]
    np.testing.assert_allclose(np.ravel(found), expected)


def test_what_leads_nowhere_is_dropped() -> None:
    edges = {(0, 1): 2.0, (1, 2): 3.0, (0, 3): 5.0, (4, 2): 7.0}
    from autograd_core.lab.elimination import _without_dead_ends

    graph = _without_dead_ends(ScalarGraph(["x1", "a", "y", "unused", "constant"], [0], [2], edges))
    assert graph.names == ["x1", "a", "y"]
    assert graph.edges == {(0, 1): 2.0, (1, 2): 3.0}


def test_a_large_graph_is_compared_without_the_optimum() -> None:
    def f(x):
        y = x
        for _ in range(40):
            y = np.sin(y)
        return y

    assert list(compare_orders(f, 0.5).results) == ["forward", "reverse", "markowitz"]
    with pytest.raises(errors.UnsupportedError, match="several arrays"):
        scalar_graph(lambda x: np.linalg.slogdet(x)[1], np.eye(2))


# --- sparsity --------------------------------------------------------------------


def test_patterns_of_products_of_stacks() -> None:
    x = np.arange(1.0, 9.0)

    def f(v):
        return np.ravel(v.reshape(2, 2, 2) @ np.ones((2, 2, 1)))

    found = sparse_jacobian(f, format="triples")(x)
    dense = np.zeros(found.shape)
    dense[found.rows, found.columns] = found.values
    np.testing.assert_allclose(dense, jacobian(f)(x))


def test_patterns_that_are_given_or_not_known() -> None:
    scipy_sparse = pytest.importorskip("scipy.sparse")

    def parts(x):
        return np.linalg.slogdet(np.diag(x) + np.eye(3))[1] * x

    with pytest.raises(errors.SparsityError, match="give pattern="):
        sparse_jacobian(parts)(X)
    full = sparse_jacobian(parts, pattern=np.ones((3, 3), bool))(X).toarray()
    np.testing.assert_allclose(full, jacobian(parts)(X))
    for wrong in (scipy_sparse.eye_array(4), np.ones((2, 3), bool), ([0, 5], [0, 0])):
        with pytest.raises(errors.SparsityError, match="does not fit"):
            sparse_jacobian(np.sin, pattern=wrong)(X)
    given = sparse_jacobian(np.sin, pattern=scipy_sparse.eye_array(3))(X).toarray()
    np.testing.assert_allclose(given, np.diag(np.cos(X)))


def test_what_does_not_depend_on_the_input_has_an_empty_row() -> None:
    w = Tensor(X, requires_grad=True)

    def f(x):
        return np.concatenate([np.sin(w.detach()) * 1.0, x * np.sin(w.detach())])

    found = sparse_jacobian(f, format="triples")(X)
    assert found.shape == (6, 3)
    assert sorted(found.rows.tolist()) == [3, 4, 5]


def test_triples_need_no_scipy(monkeypatch) -> None:
    made = sparse_hessian(lambda x: np.sum(x**3), format="triples")(X)
    np.testing.assert_allclose(np.sort(made.values), np.sort(6 * X))
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match="triples"):
        sparse_hessian(lambda x: np.sum(x**3))(X)


def test_too_large_a_pattern_is_refused(monkeypatch) -> None:
    from autograd_core.transforms import sparsity_patterns as sparsity

    monkeypatch.setattr(sparsity, "MOST", 8)
    for f in (
        lambda x: np.linalg.inv(np.outer(x, x) + np.eye(3)).sum(axis=0),
        lambda x: np.cumsum(np.cumsum(x) * x),
    ):
        with pytest.raises(errors.SparsityError, match=r"\w"):
            sparse_jacobian(f)(X)


# --- second derivatives in pieces -------------------------------------------------


def test_derivatives_of_nothing() -> None:
    parts = hessian(lambda x, y: np.sum(x * x) + np.sum(y), (0, 1))(np.zeros(0), X)
    assert [[p.shape for p in row] for row in parts] == [[(0, 0), (0, 3)], [(3, 0), (3, 3)]]
    with pytest.raises(errors.ShapeError, match="no input elements"):
        hessian(lambda x: np.sum(x * x))(np.zeros(0))
    made = jacobian(lambda x: (np.sin(x), stop_gradient(x)[:2]))(X)
    assert made[1].tolist() == [[0.0] * 3] * 2


def test_a_hessian_that_would_take_too_much_memory_is_made_in_pieces(monkeypatch) -> None:
    from autograd_core.transforms import jacobians

    monkeypatch.setattr(jacobians, "LIMIT", 400)
    x = np.linspace(0.1, 1.0, 12)
    found = hessian(lambda v: np.sum(np.sin(v) * np.sum(v)))(x)
    direct = -np.diag(np.sin(x) * x.sum()) + np.cos(x)[:, None] + np.cos(x)[None, :]
    np.testing.assert_allclose(found, direct, atol=1e-12)


# --- rounding --------------------------------------------------------------------


def test_rounding_of_an_operation_with_several_results() -> None:
    a = np.array([[2.0, 0.5], [0.5, 1.0]])
    report = rounding(lambda x: np.linalg.slogdet(x)[1] * 3.0, a, dtype=np.float32)
    assert "slogdet" in [n.name for n in report.nodes]
    with np.errstate(all="ignore"):
        exact = np.log(1.75) * 3.0
        single = float(np.linalg.slogdet(a.astype(np.float32))[1] * np.float32(3))
    assert abs(single - exact) <= report.error
    two = rounding(lambda x: sum(np.linalg.eigh(x)[0] * 2.0), a)
    assert two.error > 0


def test_rounding_of_what_is_exact() -> None:
    report = rounding(lambda x: -x, 2.0)
    assert report.error == 0
    assert "comes from" not in report.summary()


# --- explanations ------------------------------------------------------------------


def test_explanations_in_words() -> None:
    x = Tensor(2.0, requires_grad=True)
    y = x * x
    assert str(explain(y, y)).endswith("it is the output itself.")
    z = np.sin(y)
    text = str(explain(x, z, paths=True))
    assert "2 paths:" in text
    dark = Tensor(2.0, requires_grad=True)
    constant = dark.detach() * 3.0
    text = str(explain(dark, x * constant))
    assert "there is no gradient" in text
    assert "detach" in text
    silent = primitive(lambda v: v * 1.0, vjp=lambda g, y, v: (None,), name="silent")
    text = str(explain(x, silent(x) + 0.0 * silent(x)))
    assert "Its uses pass nothing back" in text


def test_explanations_of_large_and_of_several_results() -> None:
    w = Tensor(np.ones((80, 80)), requires_grad=True)
    assert "linear map" in str(explain(w, np.sum(np.sin(w))))
    a = Tensor(np.eye(2) * 2.0, requires_grad=True)
    sign, log = np.linalg.slogdet(a)
    text = str(explain(a, log * 2.0))
    assert "slogdet" in text
    half = primitive(lambda u, v: u * v, vjp=lambda g, y, u, v: (None, g * u), name="half")
    x = Tensor(2.0, requires_grad=True)
    found = explain(x, half(x, x))
    assert len(found.rows) == 1
    del sign


def test_a_cut_chain_whose_beginning_is_unknown() -> None:
    x = Tensor(2.0, requires_grad=True)
    other = Tensor(5.0, requires_grad=True)

    def far(v, depth):
        for _ in range(depth):
            v = Tensor(v.detach().data * 1.0, requires_grad=True) * 1.0
        return v

    text = str(explain(x, other * far(x * 1.0, 12).detach()))
    assert "there is no gradient" in text
    made = [Tensor(float(k), requires_grad=True) for k in range(300)]
    many = sum((m * 1.0 for m in made[1:]), made[0] * 1.0)
    assert "there is no gradient" in str(explain(x, other * many.detach()))


# --- adjoints -----------------------------------------------------------------------


def test_adjoints_that_need_scipy(monkeypatch) -> None:
    pytest.importorskip("scipy")
    singular = np.array([[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(errors.LinearAlgebraError, match="not solved by GMRES"):
        linear_solve(lambda v: singular @ v, np.array([1.0, -1.0]), linear="iterative")
    with pytest.raises(errors.AutogradError, match="odeint"), np.errstate(all="ignore"):
        odeint(lambda y, t: y * y, np.array([1.0]), np.array([0.0, 2.0]))
    monkeypatch.setitem(sys.modules, "scipy.sparse.linalg", None)
    monkeypatch.setitem(sys.modules, "scipy.integrate", None)
    with pytest.raises(ImportError, match="scipy"):
        linear_solve(lambda v: 2.0 * v, np.ones(2), linear="iterative")
    with pytest.raises(ImportError, match="scipy"):
        odeint(lambda y, t: -y, np.array([1.0]), np.array([0.0, 1.0]))


@pytest.mark.parametrize(("steps", "snapshots"), [(1, 1), (2, 1), (5, 2), (9, 3)])
def test_revolve_of_few_steps(steps, snapshots) -> None:
    def loop(x):
        return revolve(lambda v, k: np.sin(v) + 0.1 * k, steps, snapshots)(x)

    def plain(x):
        for k in range(steps):
            x = np.sin(x) + 0.1 * k
        return x

    for _ in range(2):
        np.testing.assert_allclose(
            grad(lambda x: np.sum(loop(x)))(X), grad(lambda x: np.sum(plain(x)))(X)
        )


# --- scopes ---------------------------------------------------------------------------


def test_a_scope_of_something_that_cannot_be_held_weakly() -> None:
    with scope((1, 2)):
        y = np.sin(Tensor(0.5, requires_grad=True))
    from autograd_core.engine.scopes import chains

    (chain,) = [c for n, c in chains([y._node]).items() if n is y._node]
    assert [entry.kind for entry in chain] == ["tuple"]


def test_second_derivatives_of_what_is_empty() -> None:
    parts = hessian(lambda x, y: np.sum(np.sin(x)) * np.sum(y), (0, 1))(np.zeros(0), X)
    assert parts[1][0].shape == (3, 0)


def test_sums_over_no_use_and_peaks_of_shared_inputs() -> None:
    found = cost(lambda x: np.sum(x) * x, X)
    assert found.peak_bytes >= found.saved_bytes


def test_too_dense_a_pattern_is_refused(monkeypatch) -> None:
    from autograd_core.transforms import sparsity_patterns as sparsity

    monkeypatch.setattr(sparsity, "MOST", 8)
    with pytest.raises(errors.SparsityError, match=r"pattern="):
        sparse_jacobian(lambda x: np.linalg.inv(np.diag(x) + 2.0)[0])(X)
    monkeypatch.undo()

    def apart(x):
        _sign, log = np.linalg.slogdet(np.eye(2))
        return x * log + np.modf(np.ones(3))[0]

    assert sparse_jacobian(apart)(X).shape == (3, 3)


def test_explanations_of_parts_and_of_unknown_beginnings() -> None:
    x = Tensor(np.array([0.5, 1.5]), requires_grad=True)
    fraction, whole = np.modf(x)
    text = str(explain(fraction, np.sum(fraction * 2.0)))
    assert "fraction" in text
    text = str(explain(x, np.sum(fraction * whole)))
    assert "modf" in text
    seen = Tensor(1.0, requires_grad=True)
    source = seen * 2.0
    cut = source.detach()
    del source
    other = Tensor(3.0, requires_grad=True)
    assert "there is no gradient" in str(explain(x, other * cut))
