"""Layouts by a function instead of a program; names from the namespace that exec() ran code in."""

import json
import linecache
import re

import graphs
import numpy as np
import pytest

import autograd_core.viewer.layout as layout
from autograd_core import Tensor, animate, draw, explain, nn
from autograd_core.base.errors import OperandError, UnsupportedError
from autograd_core.viewer import use_layout

EDGE = re.compile(r'^(\w+) -> (\w+) \[id="(\w+)"', re.MULTILINE)


def in_a_row(source):
    """All nodes side by side, edges straight: a layout that nobody's program made."""
    nodes = re.findall(r'^(\w+) \[(?:shape=circle, )?width="([\d.]+)"', source, re.MULTILINE)
    place = {name: 100 * k + 50 for k, (name, _) in enumerate(nodes)}
    return {
        "bb": f"0,0,{100 * len(nodes)},80",
        "objects": [
            {"name": name, "pos": f"{place[name]},40", "width": w, "height": "0.5"}
            for name, w in nodes
        ],
        "edges": [
            {"id": key, "pos": f"e,{place[b]},40 {place[a]},40 {place[a]},40 {place[b]},40"}
            for a, b, key in EDGE.findall(source)
        ],
    }


@pytest.fixture
def no_program(monkeypatch):
    monkeypatch.setattr(layout, "layout_programs", lambda: [])


def test_pictures_and_pages_come_from_the_function(no_program):
    seen = []

    def text(source):
        seen.append(source)
        return json.dumps(in_a_row(source))

    with use_layout(text):
        drawing = draw(graphs.cubic())
        assert drawing.layout("LR").height == 80 + 24
        assert "<svg" in drawing.to_svg()
        assert layout.NO_LAYOUT not in str(drawing)
        assert animate(graphs.cubic()).to_html().count("<svg xmlns") >= 2
    assert seen
    with pytest.raises(UnsupportedError, match="No layout program"):
        draw(graphs.cubic()).to_svg()
    still = animate(graphs.cubic())._repr_html_()  # without a picture the table stands there
    assert "<pre>name  computation" in still
    assert "<img" not in still.partition("<template>")[0]


def test_only_sizes_and_keys_are_handed_to_the_function(no_program):
    secret = Tensor(2.0, requires_grad=True)
    seen = []
    with use_layout(lambda source: (seen.append(source), in_a_row(source))[1]):
        draw(secret * secret * 31.5).to_svg()
    assert "secret" not in seen[0]
    assert "31.5" not in seen[0]


def test_it_holds_from_the_call_on_until_it_is_taken_back(no_program):
    use_layout(in_a_row)
    try:
        assert "<svg" in draw(graphs.cubic()).to_svg()
        with use_layout(lambda source: 1 / 0), pytest.raises(UnsupportedError, match="ZeroDiv"):
            draw(graphs.cubic()).to_svg()
        assert "<svg" in draw(graphs.cubic()).to_svg()
    finally:
        use_layout(None)
    with pytest.raises(UnsupportedError):
        draw(graphs.cubic()).to_svg()


def stuck(source):
    raise TimeoutError


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda source: "no JSON", "JSONDecodeError"),
        (lambda source: {"objects": []}, "not what dot -Tjson0 prints: KeyError: 'bb'"),
        (lambda source: None, "not what dot -Tjson0 prints"),
        (lambda source: {**in_a_row(source), "objects": []}, "no place for n0"),
        (lambda source: {**in_a_row(source), "objects": [{"name": "n0"}]}, "no place for n0"),
        (lambda source: {"bb": "0,0,a,b"}, "not what dot -Tjson0 prints: ValueError"),
        (stuck, "longer than 2 s"),
    ],
)
def test_a_function_that_lays_nothing_out_is_named(no_program, function, said):
    with use_layout(function):
        page = animate(graphs.cubic()).to_html()  # it says why it has no picture
        assert said.replace("'", "&#x27;") in page
        if function is not stuck:
            with pytest.raises(UnsupportedError, match=re.escape(said)):
                draw(graphs.cubic()).to_svg()


def test_a_timeout_asks_for_a_coarser_graph(no_program):
    def small_ones_only(source):
        if source.count("->") > 20:
            raise TimeoutError
        return in_a_row(source)

    with use_layout(small_ones_only):
        drawing = draw(graphs.transformer(4), depth="all")
        assert "<svg" in drawing.to_svg()
        page = animate(graphs.transformer(4), depth="all")
        before, html = len(page.drawing.cards), page.to_html()
        picture = page.views[0].pictures()
    assert len(page.drawing.cards) < before
    assert picture.count("<svg xmlns") == 2
    assert picture in html
    assert "depth=" in drawing.notes[0]


def test_a_python_without_places_for_programs_finds_none(monkeypatch, tmp_path):
    """Python in a browser has no program of its own, and no scheme for the user's folder."""

    def none(kind):
        raise ValueError(f"{kind!r} returned 'posix_user', which is not a valid scheme")

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(layout.sys, "executable", "")
    monkeypatch.setattr(layout.sys, "path", [])
    monkeypatch.setattr(layout.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(layout.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(layout.sysconfig, "get_preferred_scheme", none)
    assert layout.layout_programs() == []
    assert layout.NO_LAYOUT in str(draw(graphs.cubic()))


def test_what_is_no_function_is_refused():
    with pytest.raises(OperandError, match=r"expected a function.* not str"):
        use_layout("dot")


# --- names ---------------------------------------------------------------------------


SOURCE = """
x = Tensor(2.0, requires_grad=True)
w = {"a": Tensor(3.0, requires_grad=True)}
c = x**3
F = c * w["a"]
"""


def ran(source, **given):
    namespace = {"Tensor": Tensor, "np": np, "nn": nn, **given}
    file = f"<program {len(linecache.cache)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), namespace)
    return namespace


def test_code_that_exec_ran_has_its_own_names():
    ns = ran(SOURCE)
    names = [card.title for card in draw(ns["F"]).cards if card.kind != "alias"]
    assert names == ["x", 'w["a"]', "c = x³", 'F = c × w["a"]']
    said = str(explain(ns["x"], ns["F"]))
    assert said.startswith('∂ns["F"]/∂ns["x"] = 36')  # as this call writes it
    said = [step.caption for step in ns["F"].backward_steps()]
    assert said[-1].startswith("At c = x³, upstream ∂F/∂c = 3.")


def test_modules_and_inputs_of_code_that_exec_ran():
    code = "net = nn.Sequential(nn.Linear(2, 1))\ndata = Tensor([[1.0, 2.0]], requires_grad=True)\n"
    ns = ran(code + "loss = np.sum(net(data))\n")
    names = {card.name for card in draw(ns["loss"], depth="all").cards}
    assert {"data", "net[0].weight", "net[0].bias", "loss"} <= names


def test_variables_at_hand_come_before_those_of_exec():
    ns = ran("x = Tensor(2.0, requires_grad=True)\n")
    other = ran("x = Tensor(5.0, requires_grad=True)\n")
    x = Tensor(3.0, requires_grad=True)
    cards = draw(x * ns["x"] * other["x"]).cards
    names = {card.name: card.value.text for card in cards if card.kind == "parameter"}
    assert names == {"x": "3", 'ns["x"]': "2", 'other["x"]': "5"}


def test_a_dictionary_of_the_users_keeps_its_keys():
    weights = {"x": Tensor(2.0, requires_grad=True)}
    assert draw(weights["x"] * 2.0).cards[0].name == 'weights["x"]'
