"""What the examples compute with: the table, measures of samples, partition functions, labels."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

import nn
from autograd_core import Tensor
from examples import by_hand, common, conditional, contrastive, perceptron, restarts, table
from nn.models import RBM


def test_every_example_registers_itself_by_its_rows():
    found = table.examples()
    assert found["digits"] == ["A3", "D5"]
    assert {"common", "table", "text", "search"}.isdisjoint(found)
    assert next(iter(found.values()))[0] == "A1"
    rows = [table.place(rows[0]) for rows in found.values()]
    assert rows == sorted(rows)


def test_examples_are_chosen_by_name_or_row():
    assert table.chosen(["lenet", "D2"]) == ["surfaces", "lenet"]
    assert table.chosen([]) == list(table.examples())
    with pytest.raises(SystemExit, match="Z9 is neither an example nor a row"):
        table.chosen(["Z9"])


def test_lines_of_other_examples_stay_and_all_are_sorted():
    text = f"head\n{table.BEGIN}\n{table.END}\ntail\n"
    result = common.Result("D10", "k", "what | here", 1.0, "one", "two")
    late = table.written(text, {"inception": [table.line_of("inception", result)]}, {})
    lines, seconds = table.kept(late)
    assert seconds == {}
    lines["surfaces"] = [
        table.line_of("surfaces", common.Result(row, "k", "w", 1.0, "1", "2"))
        for row in ("D2", "D1")
    ]
    page = table.written(late, lines, {"surfaces": "3"})
    order = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| D")]
    assert order == ["| D1", "| D2", "| D10"]
    assert "what \\| here" in page
    assert table.kept(page)[1] == {"surfaces": "3"}
    assert page.startswith("head\n")
    assert page.endswith("\ntail\n")


def test_a_quick_table_leaves_the_page_alone(tmp_path):
    before = table.README.read_bytes()
    table.main(["five_nodes", "--quick", "--out", str(tmp_path)])
    assert table.README.read_bytes() == before
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    lines, seconds = table.kept(text)
    assert [len(rows) for rows in lines.values()] == [3]
    assert 0 < float(seconds["five_nodes"]) < 60
    assert "after one iteration" in (tmp_path / "five_nodes.txt").read_text(encoding="utf-8")


def test_a_line_of_several_rows_is_kept_and_sorted_by_the_first():
    line = table.line_of("bagging", common.Result("C10, E7", "k", "w", 1.0, "1", "2"))
    assert table.rows_of(line) == ["C10", "E7"]
    page = table.written(f"{table.BEGIN}\n{table.END}", {"bagging": [line]}, {"bagging": "4"})
    assert table.kept(page) == ({"bagging": [line]}, {"bagging": "4"})


def process(code):
    return subprocess.Popen([sys.executable, "-c", code])


def test_as_many_examples_run_at_once_as_are_asked_for_and_none_outlives_the_table(
    tmp_path, monkeypatch
):
    begun = {}

    def begin(name, out, passed):
        running = sum(p.poll() is None for p in begun.values())
        assert running < 2
        code = "pass" if name == "short" else "import time; time.sleep(60)"
        return begun.setdefault(name, process(code))

    monkeypatch.setattr(table, "begun", begin)
    ended = table.measured(["long", "short", "longer", "never"], 2, tmp_path, [])
    assert next(ended) == "short"
    ended.close()
    assert "never" not in begun
    assert all(p.poll() is not None for p in begun.values())


def test_an_example_that_fails_keeps_its_lines_and_is_named(tmp_path, monkeypatch):
    before = table.README.read_bytes()
    monkeypatch.setattr(table, "begun", lambda name, out, passed: process("raise SystemExit(3)"))
    with pytest.raises(SystemExit, match=r"1 of 1 ended with an error.*five_nodes.txt"):
        table.main(["five_nodes", "--out", str(tmp_path)])
    assert table.README.read_bytes() == before


def test_samples_are_told_apart_as_they_differ():
    rng = np.random.default_rng(0)
    real, same = rng.normal(size=(400, 5)), rng.normal(size=(500, 5))
    assert 0.42 < common.told_apart(real, same) < 0.58
    assert common.told_apart(real, same + 9) == 1
    assert common.told_apart(real, 0.1 * same[:400]) > 0.9  # nothing but the middle: blur


def test_gains_within_the_error_are_marked():
    assert common.points([0.5, 0.6], [0.4, 0.5]) == "+10.0 ± 0.0 points"
    assert common.points([0.5, 0.6], [0.6, 0.5]).endswith("which is within the error")
    assert common.mean_and_error([0.5, 0.7]) == "60.0% ± 10.0%"


@pytest.fixture
def rbm(rng):
    made = RBM(5, 4, dtype=np.float64)
    for p in made.parameters():
        p.data[...] = rng.normal(size=p.shape)
    return made


def test_the_partition_function_sums_over_all_states(rbm):
    w, b, c = (p.data for p in (rbm.weight, rbm.visible_bias, rbm.hidden_bias))
    states = [
        np.array(v) @ b + np.array(h) @ c + np.array(h) @ w @ np.array(v)
        for v in itertools.product((0.0, 1.0), repeat=5)
        for h in itertools.product((0.0, 1.0), repeat=4)
    ]
    assert contrastive.log_z(rbm) == pytest.approx(np.log(np.sum(np.exp(states))), rel=1e-12)
    every = np.array(list(itertools.product((0.0, 1.0), repeat=5)))
    each = [np.exp(contrastive.log_likelihood(rbm, v[None])) for v in every]
    assert np.sum(each) == pytest.approx(1, rel=1e-12)


def test_a_label_is_drawn_with_the_softmax_of_its_scores(rng):
    machine = conditional.Labelled(12, 3)
    machine.visible_bias.data[...] = rng.normal(size=12)
    machine.weight.data[...] = rng.normal(size=(3, 12))
    h = np.broadcast_to(np.array([1.0, 0, 1]), (20_000, 3))
    v = machine.back(h, rng)
    assert np.all(v[:, -10:].sum(axis=1) == 1)
    scores = (h[0] @ machine.weight.data + machine.visible_bias.data)[-10:]
    np.testing.assert_allclose(
        v[:, -10:].mean(axis=0), np.exp(scores) / np.exp(scores).sum(), atol=0.02
    )
    held = np.eye(10, dtype=np.float32)[[3, 7]]
    kept = machine.chain(np.zeros((2, 12), np.float32), 3, rng, held)
    np.testing.assert_array_equal(kept[:, -10:], held)


def test_two_layers_of_thresholds_are_the_table():
    table_of_and = [0, 0, 0, 1]
    net = perceptron.two_layers(table_of_and)
    x = perceptron.corners(2).astype(np.float32)
    assert net(Tensor(x)).data[:, 0].tolist() == table_of_and
    assert perceptron.learnable(2, 20) == 14


def test_the_perceptrons_loss_has_its_rule_as_gradient():
    layer = nn.Linear(3, 4)
    x, labels = np.array([[1.0, 2, 3], [0.5, -1, 2]], np.float32), np.array([0, 3])
    z = layer(Tensor(x))
    best = z.data.argmax(axis=1)
    perceptron.perceptron_loss(z, labels).backward()
    expected = np.zeros((4, 3))
    for k in range(2):  # nothing where the answer is right
        expected[best[k]] += x[k] / 2
        expected[labels[k]] -= x[k] / 2
    np.testing.assert_allclose(layer.weight.grad.data, expected, atol=1e-6)


def test_starts_side_by_side_descend_as_one_by_one():
    x, y = restarts.xor(20, 0)
    first = restarts.start(3, np.random.default_rng(0))
    together, steps = restarts.descend(first, x, y, limit=200)
    for k in range(3):
        alone, own = restarts.descend([w[k : k + 1] for w in first], x, y, limit=200)
        assert own[0] == steps[k]
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a[k], b[0], rtol=1e-9, atol=1e-12)


def test_the_recursion_by_hand_is_the_engines():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=s) for s in ((5, 4), (4, 3), (3, 2))]
    x, y = rng.normal(size=(6, 5)), rng.integers(0, 2, (6, 2)).astype(float)
    for hand, engine in zip(
        by_hand.by_hand(weights, x, y), by_hand.by_engine(weights, x, y), strict=True
    ):
        np.testing.assert_allclose(hand, engine, rtol=1e-12, atol=1e-13)
    assert by_hand.complex_step(weights, x, y, rng) < 1e-13
