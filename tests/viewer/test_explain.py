"""explain(): rows that add up, paths that add up, and why a gradient is None."""

# ruff: noqa: RET504, F841 - assigned, so that there are lines and variables to be found

import gc
import inspect
import math

import graphs
import numpy as np
import pytest

from autograd_core import (
    Graph,
    OperandError,
    Tensor,
    draw,
    explain,
    gradients,
    no_grad,
    primitive,
    stop_gradient,
)


def leaf(*values):
    return Tensor(np.array(values if len(values) > 1 else values[0]), requires_grad=True)


@pytest.mark.parametrize("name", ["cubic", "neuron", "mlp", "residual", "lenet"])
def test_rows_add_up_to_the_gradient(name):
    output = graphs.ALL[name]()
    graph = Graph(output)
    for node in graph.nodes:
        x = Tensor.__new__(Tensor)
        x._held, x._node, x._level, x._cuts = node.output, node, node.level, ()
        found = explain(x, output)
        expected = gradients(output, [x])[0].data
        np.testing.assert_allclose(found.gradient.data, expected)
        if found.rows:
            np.testing.assert_allclose(sum(row.product for row in found.rows), expected)


def test_rows_hold_upstream_local_and_line():
    x, y = leaf(2.0), leaf(3.0)
    c = x**3
    F = c * (x + 3 * y)
    rows = explain(x, F).rows
    assert [(float(r.upstream), float(r.local), float(r.product)) for r in rows] == [
        (11.0, 12.0, 132.0),
        (8.0, 1.0, 8.0),
    ]
    assert rows[0].use == "c = x³"
    assert rows[0].where.text == "c = x**3"
    assert "sum" in str(explain(x, F))


def test_local_times_upstream_is_the_product_for_arrays():
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(3,)), requires_grad=True)
    F = np.sum(np.exp(x) * np.roll(x, 1))
    for row in explain(x, F).rows:
        np.testing.assert_allclose(np.tensordot(row.upstream, row.local, 1), row.product)


def test_paths_add_up():
    x = leaf(0.7)
    a, b = np.sin(x), x * x
    F = a * b + b
    found = explain(x, F, paths=True)
    assert len(found.paths) == Graph(F).paths(x) == 5
    assert sum(float(p.product) for p in found.paths) == pytest.approx(float(found.gradient.data))
    eps = 1e-6
    f = lambda v: np.sin(v) * v * v + v * v
    assert float(found.gradient.data) == pytest.approx((f(0.7 + eps) - f(0.7 - eps)) / (2 * eps))


def test_paths_of_arrays_add_up():
    rng = np.random.default_rng(1)
    x = Tensor(rng.normal(size=(2, 2)), requires_grad=True)
    F = np.sum(np.tanh(x @ x))
    found = explain(x, F, paths=True)
    total = sum(p.product for p in found.paths)
    np.testing.assert_allclose(np.reshape(total, (2, 2)), found.gradient.data)


def test_too_many_paths_are_refused_in_words():
    y = graphs.doublings()
    x = leaf(1.0)
    F = y * x
    for _ in range(20):
        F = F + F
    with pytest.raises(OperandError, match="1,048,576 paths"):
        explain(x, F, paths=True)


def test_the_output_is_found_among_the_variables():
    x = leaf(2.0)
    early = x * 3.0
    loss = early * x
    assert explain(x).output == "loss"
    assert float(explain(x).gradient.data) == 12.0


def test_no_output_is_an_error():
    x = leaf(2.0)
    with pytest.raises(OperandError, match=r"explain\(x, loss\)"):
        explain(x)


# --- why there is none ------------------------------------------------------------


def detach(w):
    h = (w * 2.0).detach()
    return h


def detach_leaf(w):
    h = w.detach() * 2.0
    return h


def stopped(w):
    h = stop_gradient(np.exp(w))
    return h


def under_no_grad(w):
    with no_grad():
        h = w * 2.0
    return h + 1.0


def integer(w):
    h = np.argmax(w)
    return h


def comparison(w):
    h = w > 1.5
    return h * 1.0


def cast(w):
    h = w.astype(int)
    return h


CUTS = [
    (detach, "detach()", "h = (w * 2.0).detach()"),
    (detach_leaf, "detach()", "h = w.detach() * 2.0"),
    (stopped, "detach()", "h = stop_gradient(np.exp(w))"),
    (under_no_grad, "no_grad()", "h = w * 2.0"),
    (integer, "no derivative", "h = np.argmax(w)"),
    (comparison, "no derivative", "h = w > 1.5"),
    (cast, "no derivative", "h = w.astype(int)"),
]


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize(("cut", "word", "line"), CUTS, ids=lambda v: getattr(v, "__name__", ""))
def test_the_cut_is_named_with_its_line(cut, word, line):
    w, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = cut(w)
    gc.collect()
    loss = np.sum(h * v)
    found = explain(w, loss)
    assert found.gradient is None
    assert word in found.reason
    assert "perhaps" not in found.reason
    assert found.where.text == line
    assert explain(v, loss).gradient is not None


def test_raw_data_of_a_leaf():
    w, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
    loss = np.sum(w.data * v)
    found = explain(w, loss)
    assert ".data" in found.reason
    assert found.where.text == "loss = np.sum(w.data * v)"


def test_raw_data_of_a_value_in_between():
    w, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = w * 2.0
    loss = np.sum(h.data * v)
    assert ".data" in explain(w, loss).reason


def test_a_python_number():
    w, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
    total = np.sum(w)
    loss = np.sum(v * total.item())
    found = explain(w, loss)
    assert "Python number" in found.reason
    assert found.where.text == "loss = np.sum(v * total.item())"


def test_never_used():
    w = Tensor([1.0, 2.0], requires_grad=True)
    v = leaf(3.0, 4.0)
    loss = np.sum(v * v)
    found = explain(w, loss)
    assert "never used" in found.reason
    assert found.where.text == "w = Tensor([1.0, 2.0], requires_grad=True)"


def test_another_values_cut_is_not_blamed():
    w, u, v = leaf(1.0, 2.0), leaf(5.0, 6.0), leaf(3.0, 4.0)
    h = (u * 2.0).detach()
    loss = np.sum(h * v)
    assert "never used" in explain(w, loss).reason
    assert "detach" in explain(u, loss).reason


def test_a_chain_that_was_cut_twice():
    w, v, s = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(2.0)
    first = (w * 2.0).detach()
    middle = first * s
    second = middle.detach()
    loss = np.sum(second * v)
    found = explain(w, loss)
    assert "detach" in found.reason
    assert found.where.text == "second = middle.detach()"


def test_a_value_that_was_frozen_since_is_not_blamed_for_another():
    w, u, v = leaf(1.0, 2.0), leaf(5.0, 6.0), leaf(3.0, 4.0)
    h = u.detach()
    u.requires_grad_(False)
    loss = np.sum(h * v)
    assert "never used" in explain(w, loss).reason


def test_beyond_many_cuts_it_says_perhaps():
    w, v, s = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(2.0)
    values = [w * 1.0]
    for _ in range(12):
        values.append(values[-1].detach() * s)
    found = explain(w, np.sum(values[-1].detach() * v))
    assert "perhaps the chain was cut where detach()" in found.reason


def test_an_operation_of_the_users_may_have_any_name():
    x = leaf(1.0, 2.0)
    for name in ("part", "getitem", "power"):
        mine = primitive(lambda x: x * 3.0, vjp=lambda g, y, x: g * 3.0, name=name)
        found = explain(x, np.sum(mine(x) * 2.0))
        assert found.rows[0].product.tolist() == found.gradient.tolist() == [6.0, 6.0]


def test_a_forward_rule_that_fails_leaves_out_the_cells():
    def failing(t, y, x):
        raise ValueError("no tangents here")

    twice = primitive(lambda x: x * 2, vjp=[lambda g, y, x: g * 2], jvp=[failing], name="twice")
    x = leaf(1.0, 2.0)
    found = explain(x, np.sum(twice(x)))
    assert found.rows[0].product.tolist() == [2.0, 2.0]
    assert found.cells == []


def test_names_without_a_source_that_can_be_read(tmp_path):
    path = tmp_path / "strange.py"
    code = compile("F = x * y\nfound = explain(x, F)", str(path), "exec")
    path.write_text("this is ( no Python\n")
    space = {"x": leaf(2.0), "y": leaf(3.0), "explain": explain}
    exec(code, space)
    assert str(space["found"]).startswith("∂F/∂x = 3")


def test_when_the_source_is_gone_it_says_perhaps():
    w, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = np.argmax(w * 1.0)
    gc.collect()
    loss = np.sum(h * v)
    found = explain(w, loss)
    assert "perhaps" in found.reason
    assert found.where.text == "h = np.argmax(w * 1.0)"


def test_constants_explain_themselves():
    w, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = w.detach()
    loss = np.sum(h * v)
    assert "constant" in explain(h, loss).reason
    assert "requires_grad=True" in explain(Tensor(1.0), loss).reason


def test_cuts_keep_nothing_large_alive():
    import weakref

    w = leaf(1.0, 2.0)
    big = w * np.ones((50, 2))
    node = weakref.ref(big)
    h = big.detach()[0]
    kept = h.copy()
    del big, h
    gc.collect()
    assert node() is None
    assert kept.shape == (2,)


def test_a_value_that_is_updated_without_grad_for_ever_stays_small():
    w, average = leaf(1.0, 2.0), Tensor([0.0, 0.0])
    with no_grad():
        for _ in range(1000):
            average = average * 0.9 + w * 0.1
    assert len(average._cuts) <= 8


def int_of(w):
    return int(w)


def sine_of(w):
    return math.sin(w)


def into_an_array(w):
    c = np.zeros(2)
    c[0] = w * w
    return c


def listed(w):
    return np.array([w.tolist(), 1.0])


def complex_of(w):
    return np.array([complex(w)]).real


def formatted(w):
    return float(f"{w * w:.3f}")


def truth_of(w):
    return float(bool(w))


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "word"),
    [(int_of, "int()"), (sine_of, "float()"), (into_an_array, "float()"), (listed, "tolist()"),
     (complex_of, "complex()"), (formatted, "item()"), (truth_of, "bool()")],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::autograd_core.IndependentWarning")
def test_a_number_of_pythons_is_named_as_the_cut(function, word):
    w, v = leaf(1.5), leaf(3.0, 4.0)
    u = leaf(2.0)
    loss = np.sum(function(w) * v)
    gc.collect()
    found = explain(w, loss)
    assert found.gradient is None
    assert "never used" not in found.reason
    assert word in found.reason
    assert found.where.text in inspect.getsource(function)
    assert "never used" in explain(u, loss).reason


def test_a_small_integer_blames_nobody():
    w, u, v = leaf(2.0), leaf(5.0), leaf(3.0)
    int(w)
    loss = v * 2
    assert "int()" not in explain(u, loss).reason


def test_the_name_is_the_one_that_was_asked_for():
    first = same = leaf(2.0)
    params = {"w": leaf(1.0), "b": leaf(3.0)}
    out = params["w"] * same + params["b"]
    assert str(explain(same, out)).startswith("∂out/∂same = ")
    assert str(explain(first, out)).startswith("∂out/∂first = ")
    text = str(explain(params["w"], out))
    assert text.startswith('∂out/∂params["w"] = ')
    assert '= params["w"] × ' in text
    lost = leaf(1.0)
    found = explain(lost, out)
    assert str(found).startswith("∂out/∂lost: there is no gradient.")
    assert explain([lost][0], out).name in ("lost", "[lost][0]")


def test_loops_are_folded_in_the_text_and_whole_in_the_rows():
    x, h = leaf(2.0), leaf(1.0)
    for _ in range(20):
        h = h * x
    F = h + x
    found = explain(x, F)
    assert len(found.rows) == 21
    lines = str(found).splitlines()
    assert len(lines) == 5
    assert "×20" in lines[2]
    folded = sum(float(row.product) for row in found.rows[:20])
    assert f"{folded:.4g}" in lines[2]
    assert float(found.gradient.data) == folded + 1


def test_sums_of_arrays_are_shown_cell_by_cell():
    rng = np.random.default_rng(0)
    W = Tensor(rng.normal(size=(2, 2)), requires_grad=True)
    x = rng.normal(size=(3, 2))
    loss = np.sum(np.tanh(x @ W)) + np.sum(W * W)
    found = explain(W, loss)
    assert [cell.name for cell in found.cells] == [
        f"∂loss/∂W[{i}, {j}]" for i in range(2) for j in range(2)
    ]
    f = lambda v: np.sum(np.tanh(x @ v)) + np.sum(v * v)
    for k, cell in enumerate(found.cells):
        step = np.zeros(4)
        step[k] = 1e-6
        step = step.reshape(2, 2)
        slope = (f(W.data + step) - f(W.data - step)) / 2e-6
        assert float(cell.value) == pytest.approx(slope, rel=1e-6)
        assert float(sum(t.product for t in cell.terms)) == pytest.approx(slope, rel=1e-6)
        assert str(cell) in str(found)
    large = Tensor(np.ones(50), requires_grad=True)
    assert explain(large, np.sum(large * large)).cells == []


def test_rows_and_finds_read_as_sentences():
    x = leaf(2.0)
    F = x**3 * x
    found = explain(x, F, paths=True)
    assert repr(found.rows[0]).startswith("v2 = x³: local 12, upstream 2, product 24; test_explain")
    assert repr(found.paths[0]).startswith("F: 8") or "→" in repr(found.paths[0])
    (card,) = draw(F).find("x³")
    assert repr(card).startswith("<operation v2 = x³: value 8, gradient 2, test_explain.py:")
    cell = draw(F).element("x")
    assert repr(cell) == str(cell) == "∂F/∂x = 12 × 2 + 8 × 1 = 32"
    assert "Summary(" not in repr([card, cell, *cell.terms, *found.rows, *found.paths])
