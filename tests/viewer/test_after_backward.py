"""draw() after backward(): structure, names, shapes and the leaves' gradients; no array is kept."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from typing import Any

import graphs
import numpy as np
import pytest

from autograd_core import FreedGraphError, Tensor, animate, draw
from autograd_core.viewer import kept_graphs

NAMES = [name for name in graphs.ALL if name != "cut_off"]


def structure(drawing: Any) -> list[tuple[str, ...]]:
    kept = [c for c in drawing.cards if c.kind != "alias"]
    wires = sorted((w.source, w.target, w.index) for w in drawing.view.wires)
    places = {card.key: str(k) for k, card in enumerate(drawing.cards)}
    rows = [(c.kind, c.shape, c.category, c.note) for c in kept]
    return rows + [(places[a], places[b], str(k)) for a, b, k in wires]


@pytest.mark.parametrize("name", NAMES)
def test_the_structure_is_that_of_before(name: str) -> None:
    output = graphs.ALL[name]()
    before = draw(output)
    expected = structure(before)
    owners = {n: n.owner() for n in before.graph.leaves if n.owner is not None}
    leaves = {node: owner for node, owner in owners.items() if owner is not None}
    output.backward()
    after = draw(output)
    if len(before.graph) > kept_graphs.MOST:
        assert len(after.cards) == 1  # no picture could show it
        return
    assert structure(after) == expected
    for card in after.cards:
        if card.node in leaves:
            assert card.gradient.text != "—"
            assert card.earlier
    assert any("retain_graph=True" in note for note in after.notes)
    assert animate(output).to_html()
    with pytest.raises(FreedGraphError):
        output.backward()


def test_names_values_and_what_is_gone() -> None:
    x, w = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    h = x * w
    loss = (h * 1.5) ** 2
    loss.backward()
    rows = {r.split()[0]: r.split() for r in draw(loss).to_text().splitlines()}
    assert rows["x"][3:5] == ["2", "81"]
    assert rows["h"][1:6] == ["x", "×", "w", "scalar", "6"]  # its Tensor still holds the value
    assert rows["v4"][4:6] == ["scalar", "freed"]
    assert rows["loss"][3] == "81"
    notes = " ".join(draw(loss).notes)
    assert "the values of v4 are gone" in notes
    assert "draw before backward()" in notes


def test_a_nan_is_found_beside_freed_values() -> None:
    x = Tensor(-1.0, requires_grad=True)
    with np.errstate(invalid="ignore"):
        loss = np.sqrt(x * 2.0 + 1.0) * 3.0
        loss.backward()
    assert any("NaN or Inf: the first value that holds one is loss" in n for n in draw(loss).notes)


def test_no_array_is_kept() -> None:
    def run() -> tuple[int, list[Any]]:  # whose variables end with it, also those that draw read
        x = Tensor(np.ones(1000), requires_grad=True)
        mask = np.ones(1000)
        h = x * mask
        held = [weakref.ref(mask), weakref.ref(h._held)]
        loss = np.sum(h * h)
        loss.backward()
        del mask, h
        gc.collect()
        assert [ref() for ref in held] == [None, None]
        rows = draw(loss).to_text()  # with the constant gone, too
        assert "x × 1000 constant" in rows
        assert id(loss) in kept_graphs._kept
        return id(loss), held

    key, _ = run()
    gc.collect()
    assert key not in kept_graphs._kept


def test_a_list_of_losses_does_not_keep_their_graphs() -> None:
    x = Tensor(2.0, requires_grad=True)
    losses = []
    for _ in range(20):
        loss = x * x + 1.0
        loss.backward()
        losses.append(loss)
    assert len(kept_graphs._kept) <= kept_graphs.LATEST
    assert len(draw(losses[-1]).cards) == 3
    assert len(draw(losses[0]).cards) == 1


def test_without_the_viewer_nobody_looks() -> None:
    program = (
        "import autograd_core as a; from autograd_core.engine import backward as b;"
        "x = a.Tensor(2.0, requires_grad=True); (x * x).backward(); print(len(b.BEFORE_FREEING))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0"
