"""draw(): names, text, pictures, collapsing, comparing; with and without a layout program."""

import base64
import collections
import os
import re
import sys
import xml.etree.ElementTree as ET

import graphs
import numpy as np
import pytest

import autograd_core.viewer.layout as layout
from autograd_core import (
    OperandError,
    Tensor,
    UnsupportedError,
    UntrackedError,
    animate,
    draw,
    no_grad,
    scope,
)
from autograd_core.viewer.numbers import summarize
from autograd_core.viewer.view import Card
from autograd_core.viewer.widths import REGULAR, width

needs_layout = pytest.mark.skipif(
    layout.layout_program() is None, reason="neither dot nor graphviz-pure is installed"
)


def leaf(*values):
    return Tensor(np.array(values if len(values) > 1 else values[0]), requires_grad=True)


def working():
    """Return the seconds of work by this process and its children, whatever else runs."""
    return sum(os.times()[:4])


def rows(drawing):
    """Return the text form as a dictionary from name to the row's other cells."""
    lines = [re.split(r"  +", line.strip()) for line in drawing.to_text().splitlines()]
    return {line[0]: line[1:] for line in lines}


# --- names -------------------------------------------------------------------


def test_names_come_from_variables_and_assignments():
    x, y = leaf(2.0), leaf(3.0)

    def inner():
        hidden = x * y
        return np.exp(hidden) + 1.0

    F = inner()
    assert [card.name for card in draw(F).cards] == ["x", "y", "hidden", "v4", "F"]


def test_repeated_assignments_are_numbered():
    y = leaf(1.0)
    for _ in range(3):
        y = y * 2.0
    assert [card.name for card in draw(y).cards] == ["v1", "y₁", "y₂", "y"]


def test_given_names_come_first():
    x = leaf(2.0)
    F = x * x
    assert [card.name for card in draw(F, names={"start": x, "end": F}).cards] == ["start", "end"]


def test_containers_and_parameters_give_names():
    class Model:
        def __init__(self):
            self.w = leaf(2.0)

        def named_parameters(self):
            yield "layer.w", self.w

    model, weights = Model(), [leaf(1.0), leaf(3.0)]
    F = model.w * weights[0] + weights[1]
    names = {card.name for card in draw(F).cards}
    assert {"layer.w", "weights[0]", "weights[1]"} <= names


def test_a_call_that_records_many_nodes_names_the_last():
    x = leaf(1.0, 2.0, 4.0)
    spread = np.var(x)
    names = [card.name for card in draw(spread * 2.0).cards]
    assert names.count("spread") == 1
    assert names.index("spread") == len(names) - 2


def test_constants_with_a_name_are_shown_and_others_folded():
    x, data = leaf(1.0, 2.0), np.array([3.0, 4.0])
    F = np.sum(x * data + np.array([1.0, 1.0])) * 0.5
    table = rows(draw(F))
    assert table["data"][0] == "constant"
    assert any("2 constant" in cells[0] for cells in table.values())
    assert table["F"][0].endswith("× 0.5")


# --- the text form -------------------------------------------------------------


def test_text_has_a_row_a_node_with_value_gradient_and_uses():
    table = rows(draw(graphs.cubic()))
    assert table["x"][:5] == ["parameter", "scalar", "2", "140", "×2"]
    assert table["x"][5].startswith("graphs.py:")
    assert table["s"][:4] == ["x + t", "scalar", "11", "8"]


def test_no_gradient_is_a_dash_never_zero():
    x = leaf(1.0, 2.0)
    drawing = draw(x * 2.0)
    assert rows(drawing)["x"][3] == "—"
    assert "not a scalar" in drawing.to_text()


def test_a_gradient_from_an_earlier_sweep_says_so():
    x = leaf(3.0)
    (x * x).backward()
    y = np.stack([x, x])
    assert rows(draw(y))["x"][3] == "6 (earlier sweep)"


def test_a_freed_graph_says_what_to_do():
    x = leaf(3.0)
    F = x * x
    F.backward()
    assert "retain_graph=True" in draw(F).to_text()


def test_drawing_writes_no_gradient_and_frees_nothing():
    x = leaf(3.0)
    F = x * x
    draw(F)
    assert x.grad is None
    F.backward()
    assert float(x.grad.data) == 6.0


def test_nan_is_marked():
    x = leaf(-1.0)
    with np.errstate(invalid="ignore"):
        F = np.log(x) * 1.0
        assert rows(draw(F))["F"][2] == "! nan"


def test_find():
    drawing = draw(graphs.neuron())
    assert [card.name for card in drawing.find("exp")] == ["v9"]
    y = leaf(1.0)
    for _ in range(3):
        y = y * 2.0
    assert draw(y).find("Y2")[0].name == "y₂"
    assert draw(y).find("nowhere") == []


# --- pictures --------------------------------------------------------------------


@needs_layout
@pytest.mark.parametrize("name", graphs.ALL)
def test_every_graph_is_drawn_in_time_and_well_formed(name):
    output = graphs.ALL[name]()
    start = working()
    drawing = draw(output)
    picture = drawing.to_svg()
    assert working() - start < 3.0
    tree = ET.fromstring(picture)
    shown = [g for g in tree.iter("{http://www.w3.org/2000/svg}g") if "card" in g.get("class", "")]
    assert len(shown) == len(drawing.view.cards)
    assert len(drawing.view.cards) <= 120


@needs_layout
@pytest.mark.parametrize("name", ["cubic", "neuron", "mlp", "lstm"])
def test_text_fits_into_its_box_and_boxes_do_not_overlap(name):
    drawing = draw(graphs.ALL[name]())
    places = drawing.layout().places
    for card in drawing.view.cards:
        if card.kind != "alias":
            lines, shape = layout.title_parts(card)
            texts = [width(line, layout.TITLE, bold=True) for line in lines]
            assert max(texts) < places[card.key].w
            assert texts[-1] + width(shape, layout.SMALL) < places[card.key].w
            assert width(layout.second_row(card), layout.VALUE, bold=True) < places[card.key].w
    boxes = list(places.values())
    for k, a in enumerate(boxes):
        for b in boxes[:k]:
            assert abs(a.x - b.x) * 2 >= a.w + b.w - 1 or abs(a.y - b.y) * 2 >= a.h + b.h - 1


LONG = {
    "many words": " + ".join(f"layer_{k}" for k in range(20)),
    "calls": "softplus(" * 8 + "x" + ")" * 8,
    "one word": "a_very_long_name_of_a_variable_" * 6,
    "no place to break": "x" * 150,
    "wide characters": "重み" * 60,
}


@needs_layout
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("name", list(LONG))
def test_a_long_title_is_wrapped_and_not_cut(name, rankdir):
    w = Tensor(np.ones((12, 34, 56)), requires_grad=True)
    drawing = draw(np.sum(w * w), names={LONG[name]: w}, rankdir=rankdir)
    picture = drawing.to_svg()
    assert "…" not in picture
    card = drawing.find(LONG[name][:8])[0]
    lines, shape = layout.title_parts(card)
    assert "".join(lines).replace(" ", "") == LONG[name].replace(" ", "")
    place = drawing.layout().places[card.key]
    tree = ET.fromstring(picture)
    texts = [
        (float(text.get("y")), [span.text for span in text])
        for text in tree.iter("{http://www.w3.org/2000/svg}text")
        if any(span.text == lines[0] for span in text)
    ]
    (top, spans) = texts[0]
    assert spans == [*filter(None, lines), shape]
    last = top + layout.LINE * (len(lines) - 1)
    assert place.y - place.h / 2 < top - layout.TITLE
    assert last + layout.VALUE < place.y + place.h / 2 - 12  # the row of values is below
    assert place.w <= layout.WIDEST


def test_a_title_without_end_is_cut_after_twelve_lines():
    card = Card("c", "input", "x" * 2000)
    lines, _ = layout.title_parts(card)
    assert len(lines) == 12
    assert lines[-1].endswith("…")


def test_the_width_table_is_at_least_the_fonts():
    fonts = pytest.importorskip("matplotlib.font_manager")
    ttlib = pytest.importorskip("fontTools.ttLib")
    for weight in ("normal", "bold"):
        path = fonts.findfont(fonts.FontProperties(family="DejaVu Sans", weight=weight))
        font = ttlib.TTFont(path)
        glyphs, advances, unit = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
        for c in [*REGULAR, *map(chr, range(33, 127))]:
            if ord(c) in glyphs:
                real = advances[glyphs[ord(c)]][0] / unit
                assert width(c, bold=weight == "bold") >= real - 1e-3, c


@needs_layout
@pytest.mark.parametrize("ending", ["svg", "html", "txt", "dot", "png"])
def test_save(tmp_path, ending):
    path = draw(graphs.cubic()).save(tmp_path / "deep" / f"x.{ending}")
    assert path.stat().st_size > 200


def test_save_refuses_unknown_endings_and_loses_nothing(tmp_path):
    drawing = draw(graphs.cubic())
    with pytest.raises(UnsupportedError, match=r"\.jpeg"):
        drawing.save(tmp_path / "x.jpeg")
    with pytest.raises(UnsupportedError, match=r"\.png"):
        animate(graphs.cubic()).save(tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


def test_dot_source_draws_each_card():
    drawing = draw(graphs.residual())
    source = drawing.to_dot().source
    assert all(re.search(rf"\b{card.key}\b", source) for card in drawing.cards)
    assert "subgraph cluster_" in source


@needs_layout
@pytest.mark.parametrize("color", ["cost", "bytes", "grad"])
def test_colors_say_the_amount_in_words_too(color):
    drawing = draw(graphs.mlp(), color=color)
    metrics = [card.metric for card in drawing.cards if card.metric]
    unit = {"cost": "FLOP", "bytes": "B", "grad": "∂"}[color]
    assert metrics
    assert all(unit in metric for metric in metrics)
    assert max(card.heat or 0 for card in drawing.cards) == 1.0
    assert unit in drawing.to_svg()


@needs_layout
def test_in_a_notebook_it_is_a_picture_with_the_text_beside_it():
    bundle = draw(graphs.cubic())._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert "140" in bundle["text/plain"]
    frame = animate(graphs.cubic())._repr_html_()
    assert 'sandbox="allow-scripts"' in frame
    assert "<script" not in frame.partition("srcdoc")[2]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"depth": "deep"}, "depth"),
        ({"depth": -1}, "depth"),
        ({"rankdir": "UP"}, "rankdir"),
        ({"show": "value"}, "show"),
        ({"color": "red"}, "color"),
    ],
)
def test_wrong_options_are_named(options, word):
    with pytest.raises(OperandError, match=word):
        draw(graphs.cubic(), **options)


def test_untracked_values_are_refused():
    with pytest.raises(UntrackedError):
        draw(Tensor(1.0))
    with pytest.raises(OperandError, match="mode"):
        animate(graphs.cubic(), mode="sideways")


# --- without a layout program, and with a slow one ----------------------------------


@pytest.fixture
def bare(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(layout, "_program_folders", lambda: [str(tmp_path)])


def test_without_a_layout_program_everything_answers_in_text(bare, tmp_path):
    drawing = draw(graphs.cubic())
    assert str(drawing).endswith(layout.NO_LAYOUT)
    assert "autograd-core[draw]" in layout.NO_LAYOUT
    assert list(drawing._repr_mimebundle_()) == ["text/plain"]
    with pytest.raises(UnsupportedError, match="autograd-core"):
        drawing.save(tmp_path / "x.svg")
    page = animate(graphs.cubic()).save(tmp_path / "x.html").read_text(encoding="utf-8")
    assert "autograd-core[draw]" in page
    assert '"140"' in page
    drawing.save(tmp_path / "x.txt")


def test_a_layout_that_takes_too_long_is_collapsed_further(monkeypatch):
    program = layout.layout_program()
    if program is None:
        pytest.skip("neither dot nor graphviz-pure is installed")
    real, calls = layout._run, []

    def slow(source, budget):
        calls.append(source)
        if source.count("->") > 20:
            raise layout.LayoutTimeout("too long")
        return real(source, budget)

    monkeypatch.setattr(layout, "_run", slow)
    drawing = draw(graphs.transformer(4), depth="all")
    assert "<svg" in drawing.to_svg()
    assert len(calls) > 1
    assert "depth=" in drawing.notes[0]


# --- large graphs -------------------------------------------------------------------


def test_a_transformer_folds_its_equal_blocks():
    drawing = draw(graphs.transformer(), depth=1)
    assert "block0..11 ×12" in [card.name for card in drawing.cards]
    assert len(drawing.graph) > 400
    assert len(drawing.cards) < 60


def test_blocks_of_another_shape_are_not_folded():
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    h = x
    for k, n in enumerate((3, 3, 4, 4)):
        with scope(f"layer{k}"):
            h = np.tanh(h @ np.ones((h.shape[1], n)))
    loss = np.sum(h)
    names = [card.name for card in draw(loss, depth=0).cards]
    assert names == ["x", "layer0..1 ×2", "layer2", "h", "loss"]


def test_a_scope_can_be_opened_by_name():
    loss = graphs.transformer()
    opened = draw(loss, depth=0, open="block3.attention")
    assert {"block3", "attention"} <= {frame.label for frame in opened.view.frames}
    assert "block4..11 ×8" in [card.name for card in opened.cards]


def test_what_repetitions_share_stays_outside():
    names = [card.name for card in draw(graphs.lstm(), depth=0).cards]
    assert any(re.fullmatch(r"cell ×2\d", name) for name in names)
    shared = draw(graphs.lstm(), depth=0)
    parameters = [card for card in shared.cards if card.kind == "parameter"]
    assert sorted(card.shape for card in parameters) == ["28×32", "32", "8×10", "8×32"]


def test_small_modules_stay_closed_until_opened():
    class Part:
        def __init__(self, **parts):
            self.parts = parts

        def named_modules(self, prefix=""):
            yield prefix, self
            for name, part in self.parts.items():
                yield from part.named_modules(f"{prefix}.{name}" if prefix else name)

        def __call__(self, x, run):
            with scope(self):
                return run(x)

    first, second = Part(), Part()
    block = Part(first=first, second=second)
    model = Part(block=block)
    x = leaf(1.0, 2.0)
    inside = lambda h: second(first(h, lambda v: np.tanh(v) * 2.0), lambda v: np.exp(v) + 1.0)
    loss = np.sum(model(x, lambda h: block(h, inside)))
    closed = draw(loss)
    assert [card.name for card in closed.cards] == ["x", "first", "second", "loss"]
    assert closed.cards[1].note.startswith("block.first")
    opened = draw(loss, open="block.first")
    assert "tanh(x)" in [card.expression for card in opened.cards]
    assert len(draw(loss, depth="all").cards) == 6


def test_sixty_doublings_and_a_thousand_uses():
    assert len(draw(graphs.doublings()).cards) == 61
    drawing = draw(graphs.thousand_uses())
    assert len(drawing.cards) < 10
    assert 'depth="all"' in drawing.notes[0]
    x = next(card for card in drawing.cards if card.kind == "parameter")
    assert x.gradient.text == summarize(sum(range(1000))).text


def test_many_uses_get_a_small_name_each():
    drawing = draw(graphs.few_uses())
    aliases = [card for card in drawing.cards if card.kind == "alias"]
    assert len(aliases) == 20 - 3
    assert {card.name for card in aliases} == {"x"}
    assert "alias" not in drawing.to_text()


@pytest.mark.slow
def test_twenty_thousand_nodes_become_few():
    x = Tensor(np.ones(2), requires_grad=True)
    for _ in range(100):
        with scope("step"):
            for _ in range(100):
                x = np.sin(x) + x
    start = working()
    drawing = draw(np.sum(x))
    assert len(drawing.graph) > 20_000
    assert len(drawing.cards) <= 60
    assert working() - start < 6.0


# --- scopes --------------------------------------------------------------------------


def test_scopes_nest_survive_errors_and_do_not_leak():
    x = leaf(1.0)
    made = []

    def broken():
        with scope("broken"):
            y = x * 2.0
            made.append(y)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    y = made[0]
    with scope("outer"), scope("inner"):
        z = y + x
    w = z * 3.0
    drawing = draw(w, depth="all")
    around = {card.name: card.boxes for card in drawing.cards}
    label = {frame.key: frame.label for frame in drawing.view.frames}
    assert [label[key] for key in around["z"]] == ["outer", "inner"]
    assert [label[key] for key in around["y"]] == ["broken"]
    assert around["w"] == ()


def test_a_graph_is_placed_in_the_scopes_of_its_own_thread():
    from threading import Event, Thread

    opened, done, made = Event(), Event(), {}

    def work():
        with scope("theirs"):
            opened.set()
            done.wait(10)

    thread = Thread(target=work)
    x = leaf(1.0)
    with scope("before"):
        x = x * 1.5
    thread.start()
    opened.wait(10)
    with scope("mine"):
        made["both"] = np.exp(x)
    done.set()
    thread.join()
    labels = {frame.label for frame in draw(made["both"], depth="all").view.frames}
    assert labels == {"before", "mine"}


# --- comparing, and what ran before an error ---------------------------------------------


def test_diff_matches_by_structure():
    x, w = leaf(2.0), leaf(3.0)
    before = np.tanh(x * w) + x
    after = np.exp(np.tanh(x * w)) * x
    changed = draw(before).diff(draw(after))
    marks = {card.title: card.mark for card in changed.cards}
    removed = next(title for title, mark in marks.items() if mark == "removed")
    assert removed.startswith("before =")
    assert sum(mark == "added" for mark in marks.values()) == 2
    assert sum(mark == "" for mark in marks.values()) == 4
    assert changed.notes[0] == "4 the same, 2 added (+), 1 removed (−)."
    same = draw(before).diff(draw(np.tanh(x * w) + x))
    assert not any(card.mark for card in same.cards)
    if layout.layout_program():
        assert "added" in changed.to_svg()


def test_an_error_in_mid_graph_still_draws_what_ran():
    drawing = draw(graphs.cut_off())
    assert [card.kind for card in drawing.cards] == [
        "parameter",
        "operation",
        "operation",
        "parameter",
        "error",
    ]
    assert drawing.view.into("error")
    assert "matmul" in drawing.to_text()
    assert draw(graphs.cut_off()).notes[0].startswith("ShapeError")


def test_an_error_without_tensors_is_refused():
    with pytest.raises(UntrackedError, match="traceback"):
        draw(ValueError("nothing here"))


# --- the command line ----------------------------------------------------------------------

SCRIPT = """
import sys
import numpy as np
from autograd_core import Tensor
w = Tensor(np.ones((3, 2)), requires_grad=True)
x = np.arange(6.0).reshape(2, 3)
for k in range(3):
    w.grad = None
    loss = np.mean((x @ w - 1.0) ** 2)
    print("loss", loss.item())
    loss.backward()
    w.data[...] -= 0.01 * w.grad.data
if sys.argv[1:] == ["fail"]:
    h = np.tanh(w)
    h @ h
"""


def run(tmp_path, capsys, *arguments):
    from autograd_core.viewer.__main__ import main

    script = tmp_path / "train.py"
    script.write_text(SCRIPT, encoding="utf-8")
    status = main([str(script), *arguments])
    return status, capsys.readouterr()


def test_a_script_is_drawn_without_being_changed(tmp_path, capsys):
    out = tmp_path / "page.txt"
    status, said = run(tmp_path, capsys, "--out", str(out))
    assert status == 0
    losses = [float(line.split()[1]) for line in said.out.splitlines() if line.startswith("loss")]
    assert len(losses) == 3
    text = out.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("loss"))
    assert f"{losses[-1]:.4g}" in row  # the last pass, with the numbers of that time


def test_a_script_that_fails_shows_what_ran(tmp_path, capsys):
    out = tmp_path / "page.txt"
    status, said = run(tmp_path, capsys, "--out", str(out), "--", "fail")
    assert status == 1
    assert "ShapeError" in said.err
    assert "tanh(w)" in out.read_text(encoding="utf-8")


def test_the_command_line_says_what_is_wrong(tmp_path, capsys):
    from autograd_core.viewer.__main__ import main

    assert main([str(tmp_path / "absent.py")]) == 2
    empty = tmp_path / "empty.py"
    empty.write_text("print('hello')\n", encoding="utf-8")
    assert main([str(empty), "--out", str(tmp_path / "x.html")]) == 1
    assert "no backward()" in capsys.readouterr().err


def test_drawing_under_no_grad_works():
    F = graphs.cubic()
    with no_grad():
        assert rows(draw(F))["x"][3] == "140"


def test_modules_of_nn_are_scopes():
    nn = pytest.importorskip("nn")

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.down = nn.Linear(4, 8), nn.Linear(8, 4)

        def forward(self, x):
            return x + self.down(np.tanh(self.up(x)))

    model = nn.Sequential(nn.Linear(3, 4), *[Block() for _ in range(5)], nn.Linear(4, 2))
    loss = nn.MSELoss()(model(np.ones((6, 3))), np.zeros((6, 2)))
    folded = draw(loss, depth=0)
    assert [card.name for card in folded.cards if card.kind == "module"] == [
        "model[0]",
        "model[1]..5 ×5",
        "model[6]",
        "loss",
    ]
    assert not [card for card in folded.cards if card.kind == "parameter"]
    opened = draw(loss, open="3.up")
    names = {card.name for card in opened.cards if card.kind == "parameter"}
    assert names == {"model[3].up.weight", "model[3].up.bias"}
    assert any(card.expression.endswith("+ model[3].down") for card in opened.cards)


def test_the_page_for_newcomers_is_right(tmp_path, monkeypatch):
    import doctest
    from pathlib import Path

    guide = Path(__file__).parents[2] / "docs" / "viewer.md"
    assert doctest.testfile(str(guide), module_relative=False).failed == 0
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)[1]
    if layout.layout_program():
        exec(compile(code, "guide", "exec"), {})
        assert {p.name for p in tmp_path.iterdir()} == {"F.svg", "F.html"}


def test_a_picture_is_readable_without_its_style_sheet():
    """Pages that show notebooks may take style sheets out."""
    x = Tensor(2.0, requires_grad=True)
    with scope("part"):
        y = x * x
    picture = draw(y + x, depth="all").to_svg()
    tree = ET.fromstring(re.sub("<style>.*?</style>", "", picture, flags=re.S))
    assert tree.get("text-anchor") == "middle"
    for item in tree.iter():
        tag = item.tag.rpartition("}")[2]
        if tag in ("rect", "circle", "path") and not item.get("fill"):
            parent = next(p for p in tree.iter() if item in p)
            assert parent.get("fill") == "none", (tag, item.attrib)
        if tag == "text":
            assert item.get("font-size")


def test_names_are_those_of_the_code():
    class Neuron:
        def __init__(self):
            self.w = [leaf(1.0), leaf(2.0)]

    Pair = collections.namedtuple("Pair", "w v")
    n, p = Neuron(), Pair(leaf(3.0), leaf(4.0))
    params = {"l1": {"w": leaf(5.0)}}
    y = n.w[0] * n.w[1] + p.w * p.v + params["l1"]["w"]
    names = {card.name for card in draw(y).cards}
    assert {"n.w[0]", "n.w[1]", "p.w", "p.v", 'params["l1"]["w"]', "y"} <= names


def test_results_of_modules_are_called_as_in_the_code():
    nn = pytest.importorskip("nn")
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    y = net(np.ones((2, 4)))
    loss = np.sum(y * y)
    folded = draw(loss)
    assert [card.name for card in folded.cards if card.kind == "module"] == [
        "net[0]",
        "net[1]",
        "y",
    ]
    assert [card.expression for card in folded.cards if card.name == "y"] == ["Linear"]
    whole = {card.name for card in draw(loss, depth="all").cards}
    assert {"net[0].weight", "net[2].bias", "y", "loss"} <= whole
    assert not any(name.startswith("y₁") for name in whole)  # what is inside was never called y


def test_no_two_rows_have_one_name():
    nn = pytest.importorskip("nn")
    v3 = leaf(1.0)
    weight = leaf(*np.ones(3))
    fc = nn.Linear(3, 3)

    def twice(x):
        return fc(fc(x))

    loss = np.sum(twice(np.ones((2, 3))) * weight) * v3 * 2.0
    for depth in ("all", 0, 1):
        names = [card.name for card in draw(loss, depth=depth).cards if card.kind != "alias"]
        assert len(names) == len(set(names))
    for make in graphs.ALL.values():
        names = [card.name for card in draw(make()).cards if card.kind != "alias"]
        assert len(names) == len(set(names))


def test_automatic_names_avoid_the_users():
    v3, v4, x = leaf(2.0), np.ones(3), leaf(1.0)
    y = np.sum((x * v3) * v4 * 2.0)
    cards = draw(y).cards
    names = [card.name for card in cards]
    assert len(names) == len(set(names))
    assert next(card for card in cards if card.name == "v3").kind == "parameter"
    assert next(card for card in cards if card.name == "v4").kind == "constant"


def test_what_python_itself_calls_a_value_is_no_name():
    x = leaf(2.0)
    space = {"@py_assert1": x * 3.0, ".0": x, "np": np, "draw": draw}
    names = eval("[c.name for c in draw(vars['@py_assert1']).cards]", space | {"vars": space})
    assert not [name for name in names if name.startswith(("@", "."))]


# --- where the layout program is found, and what it is told --------------------------------


@pytest.mark.parametrize("place", ["path", "user", "layered", "target"])
def test_the_program_of_the_extra_is_found_where_pip_puts_it(place, monkeypatch, tmp_path):
    """On PATH, in the user's folder, beside another environment's packages, with --target."""
    folder = {
        "path": tmp_path / "anywhere",
        "user": tmp_path / "user" / "bin",
        "layered": tmp_path / "below" / "bin",
        "target": tmp_path / "target" / "site-packages" / "bin",
    }[place]
    folder.mkdir(parents=True)
    program = folder / "graphviz-pure"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    empty = tmp_path / "empty"
    monkeypatch.setenv("PATH", str(folder if place == "path" else empty))
    monkeypatch.setattr(layout.sys, "executable", str(empty / "python"))
    monkeypatch.setattr(layout.sys, "prefix", str(empty))
    monkeypatch.setattr(layout.sysconfig, "get_preferred_scheme", lambda kind: kind)
    user = tmp_path / "user" / "bin"
    monkeypatch.setattr(
        layout.sysconfig, "get_path", lambda name, scheme="": str(user if scheme else empty)
    )
    packages = tmp_path / "below" / "lib" / "python3.11" / "site-packages"
    monkeypatch.setattr(
        layout.sys, "path", [str(packages), str(tmp_path / "target" / "site-packages")]
    )
    assert layout.layout_programs() == [str(program)]
    program.unlink()
    assert layout.layout_programs() == []


@needs_layout
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_arguments_stand_in_the_order_of_the_program(rankdir):
    a, b, c, d = leaf(1.0), leaf(2.0), leaf(3.0), leaf(4.0)
    F = (d - a) / (c - b)
    drawing = draw(F, rankdir=rankdir)
    places = drawing.layout().places
    across = {card.name: (places[card.key].y, places[card.key].x) for card in drawing.cards}
    order = [across[name][rankdir == "TB"] for name in ("d", "a", "c", "b")]
    assert order == sorted(order)


@needs_layout
def test_every_form_has_the_direction_of_the_picture():
    wide = draw(graphs.mlp())
    narrow = draw(graphs.cubic())
    for drawing in (wide, narrow, draw(graphs.mlp(), rankdir="LR")):
        direction = drawing.layout().rankdir
        assert f"rankdir={direction}" in str(drawing.to_dot().source)
    assert wide.layout().rankdir == "TB"
    assert narrow.layout().rankdir == "LR"


TWICE = """
import sys
sys.path.insert(0, {folder!r})
import graphs
from autograd_core import animate, draw
junk = [object() for _ in range({junk})]
for name in ("cubic", "mlp", "residual"):
    value = graphs.ALL[name]()
    print(animate(value)._repr_html_(), draw(value)._repr_mimebundle_())
"""


@needs_layout
def test_two_runs_give_the_same_html():
    """In two processes with other hashes and addresses, and twice in one."""
    import subprocess
    from pathlib import Path

    folder = str(Path(__file__).parents[1])
    found = {
        subprocess.run(
            [sys.executable, "-c", TWICE.format(folder=folder, junk=junk)],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
        ).stdout
        for seed, junk in ((1, 0), (2, 5000))
    }
    assert len(found) == 1
    assert len(found.pop()) > 100_000

    def page():
        loss = graphs.mlp()
        return animate(loss).to_html()

    assert page() == page()


@needs_layout
@pytest.mark.parametrize("program", [graphs.cubic, graphs.mlp])
def test_a_cards_hint_has_a_line_for_each_thing(program):
    cards = ET.fromstring(draw(program()).to_svg()).iter("{http://www.w3.org/2000/svg}g")
    hints = [
        g.findtext("{http://www.w3.org/2000/svg}title")
        for g in cards
        if "card" in g.get("class", "").split()
    ]
    assert len(hints) > 3
    for hint in hints:
        _, value, gradient, *_ = hint.split("\n")
        assert (value.partition(" ")[0], gradient.partition(" ")[0]) == ("value", "gradient")
        assert "\\u" not in hint


@needs_layout
def test_a_picture_says_in_words_what_it_shows():
    svg = draw(graphs.cubic()).to_svg()
    said = "x, y go in, F = c × s comes out, by 4 operations; F = 88, ∂F/∂x = 140, ∂F/∂y = 24."
    tree = ET.fromstring(svg)
    assert tree.get("role") == "img"
    assert said in tree.get("aria-label")
    bundle = draw(graphs.cubic())._repr_mimebundle_()
    (image,) = re.findall(r"<img [^>]*>", bundle["text/html"])
    assert re.search(r'alt="([^"]+)"', image)[1] == f"Computational graph of F: {said}"
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', image)[1]
    assert base64.b64decode(data).decode() == svg
    assert "<svg" not in bundle["text/html"]  # what takes tags out leaves no heap of their texts
    assert "parameter    scalar  2" in bundle["text/html"]  # and the table below
