"""Each element of a gradient is the sum that the page gives, term by term."""

from __future__ import annotations

import json

import graphs
import numpy as np
import pytest

from autograd_core import OperandError, Tensor, animate, draw
from autograd_core.viewer import recorded_sweep

NAMES = [name for name in graphs.ALL if name != "cut_off"]


@pytest.mark.parametrize("name", NAMES)
def test_every_element_is_the_sum_of_its_terms(name: str) -> None:
    drawing = draw(graphs.ALL[name](), depth="auto")
    gradients = drawing.graph.gradients()
    checked = 0
    for card in drawing.cards:
        if card.kind == "alias" or card.node not in gradients or card.output:
            continue
        g = np.asarray(gradients[card.node])
        for k in range(min(g.size, 5)):
            found = drawing.element(card, k)
            if found is None:  # a part of several results is among its uses
                continue
            total = sum(t.local * t.upstream for t in found.terms)
            size = sum(abs(t.product) for t in found.terms)
            assert total == pytest.approx(g.reshape(-1)[k], rel=1e-9, abs=1e-12 * size)
            assert found.value == pytest.approx(total, rel=1e-12, abs=1e-12 * size)
            checked += 1
    assert checked


def test_the_matrix_rule_by_hand() -> None:
    X, W = np.arange(6.0).reshape(2, 3), Tensor(np.ones((3, 2)), requires_grad=True)
    h = X @ W
    loss = np.sum(h * np.array([[1.0, 2.0], [3.0, 4.0]]))
    found = draw(loss).element("W", (2, 1))
    assert found is not None
    assert str(found) == "∂loss/∂W[2, 1] = 2 × 2 + 5 × 4 = 24"
    assert [t.result for t in found.terms] == ["h[0, 1]", "h[1, 1]"]
    assert str(draw(loss).element(W, 5)) == str(found)
    with pytest.raises(OperandError, match="nothing is called 'U'"):
        draw(loss).element("U", 0)


def test_rounding_is_called_rounding() -> None:
    a = Tensor(np.array([0.1, 0.2]), requires_grad=True)
    w = np.array([[0.1, 1.0], [0.2, 1.0], [-0.3, 1.0]])
    out = np.sum(w @ a)
    found = draw(out).element("a", 0)
    assert found is not None
    assert found.value != 0
    assert str(found).endswith("(0 but for rounding)")


def test_the_page_holds_the_sums_of_small_arrays() -> None:
    W = Tensor(np.ones((3, 2)), requires_grad=True)
    large = Tensor(np.ones((30, 30)), requires_grad=True)
    loss = np.sum((np.arange(6.0).reshape(2, 3) @ W) ** 2) + np.sum(large * large)
    page = animate(loss)
    data = json.loads(json.dumps(page.data()))
    by_name = {data["cards"][key]["name"]: one for key, one in data["sums"].items()}
    assert "large" not in by_name
    assert by_name["W"]["names"][3] == "∂W[1, 1]"
    assert by_name["W"]["columns"] == 2
    gradient = page.drawing.graph.gradients()[page.drawing.graph.node(W)]
    assert [float(v) for v in by_name["W"]["values"]] == gradient.reshape(-1).tolist()
    assert by_name["W"]["texts"][0] == "∂loss/∂W[0, 0] = 3 × 24 = 72"
    assert 'id="elements"' in page.to_html()


def test_a_branch_whose_terms_cancel_says_so() -> None:
    x = Tensor(0.7, requires_grad=True)
    F = (x * 0.1 + x * 0.2) - x * 0.3
    captions = [step.caption for step in F.backward_steps()]
    assert captions[-1].endswith("= ∂F/∂x (0 but for rounding: exactly, the terms cancel).")
    assert "2.776e-17" in captions[-1]


def test_what_is_no_sum_of_products_is_not_written_as_one() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = np.sin(x)
    loss = np.sum(y * y)
    assert draw(loss).element("loss") is None  # its gradient is where the sweep starts
    loss.backward()
    assert draw(loss).element("y", 0) is None  # what the sweep freed is not said to be 0
    assert draw(loss).element(x, 0) is None
    real = np.sum(np.abs(x * np.array([1 + 2j, 3j])) ** 2)
    assert draw(real).element("x", 0) is None  # the real part of a sum of complex numbers


def test_beyond_what_is_kept_there_are_numbers_but_no_sums(monkeypatch) -> None:
    monkeypatch.setattr(recorded_sweep, "ROOM", 4)
    x = Tensor([0.0, 1.0, 2.0], requires_grad=True)
    drawing = draw(np.sum(np.sin(x)))
    assert drawing.element("x", 0) is None
    assert drawing.view.card("n0").gradient.cells == [[1.0, 0.5403, -0.4161]]
    (first, _) = drawing.view.wires
    assert drawing.recording.formula(first) is None
