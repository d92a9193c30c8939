"""The viewer's rarer forms: huge graphs, failures, odd values, strange scripts."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

import autograd_core.viewer.layout as layout
from autograd_core import (
    Graph,
    OperandError,
    RuleError,
    Tensor,
    animate,
    draw,
    explain,
    primitive,
    scope,
)
from autograd_core import jvp as jvp_of
from autograd_core.viewer import drawing as drawings
from autograd_core.viewer.__main__ import main
from autograd_core.viewer.animation import ANIMATED
from autograd_core.viewer.listing import MOST, Listing
from autograd_core.viewer.naming import constant_text, index_text, setting_text
from autograd_core.viewer.numbers import number_text, rms, summarize
from autograd_core.viewer.scope_tree import Tree
from autograd_core.viewer.steps import forward_steps
from autograd_core.viewer.widths import clip, width

needs_layout = pytest.mark.skipif(
    layout.layout_program() is None, reason="neither dot nor graphviz-pure is installed"
)


def small():
    x = Tensor(2.0, requires_grad=True)
    with scope("inner"):
        y = x * 3.0
        z = np.sin(y) * y
    return x, z


def failing():
    w = Tensor(np.ones((2, 3)), requires_grad=True)
    h = np.tanh(w)
    try:
        h @ np.ones((2, 2))
    except ValueError as error:
        return error
    raise AssertionError


# --- numbers and texts -------------------------------------------------------


def test_texts_of_odd_values() -> None:
    assert number_text(np.True_) == "True"
    assert number_text(1 + 2j) == "1+2j"
    assert rms(np.zeros((0, 3))) == 0.0
    assert summarize(np.array(["a"])).text == "ndarray"
    assert setting_text(np.float32(0.5)) == "0.5"
    assert setting_text(np.zeros((2, 2), int)) == "2×2 index"
    assert index_text((slice(None, None, 2), np.int64(3))) == "::2, 3"
    assert constant_text(np.array(None)) == "ndarray"
    assert constant_text(np.ones((2, 3))) == "2×3 constant"
    assert width("e" + chr(0x301)) == width("e")
    assert clip("abc", 1.4, 1.0) in ("abc", "ab…", "a…", "…")
    assert clip("é" * 10, 1e9) == "é" * 10


def test_a_text_whose_letters_just_fit_is_kept_whole() -> None:
    for text in ("iiii", "mmmm", "v12"):
        exact = width(text, 10)
        assert clip(text, exact, 10) == text
        assert clip(text, exact - 0.1, 10).endswith("…")


def test_more_lines_than_a_page_shows_are_left_out() -> None:
    import autograd_core.base.source as source

    class Place:
        def __init__(self, line):
            self.file, self.line = source.__file__, line

    listing = Listing([Place(k) for k in range(1, 200)])
    assert listing.index(Place(1)) is not None
    whole = __import__("linecache").getlines(np.linalg._linalg.__file__)

    class Far(Place):
        def __init__(self, line):
            self.file, self.line = np.linalg._linalg.__file__, line

    far = Listing([Far(k) for k in range(1, len(whole), 15)])
    shown = sum(len(block["lines"]) for block in far.blocks)
    assert MOST <= shown < len(whole)


# --- huge graphs ---------------------------------------------------------------


def uneven(n):
    """A chain in which no two neighbours are alike: nothing to fold."""
    rng = np.random.default_rng(0)
    y = Tensor(rng.normal(size=7), requires_grad=True)
    operations = (np.sin, np.cos, np.tanh, np.abs, np.negative)
    for k in rng.integers(5, size=n):
        y = operations[k](y)
    return np.sum(y)


def test_a_long_chain_without_repetition_is_cut_into_parts() -> None:
    drawing = draw(uneven(3000))
    assert len(drawing.cards) < 400
    assert drawing.notes[0].startswith("3,002 recorded operations and leaves shown as")
    assert any(card.name.startswith("part ") or card.kind == "module" for card in drawing.cards)
    assert sum(len(card.members) for card in drawing.cards) >= 3000
    few = draw(uneven(3000), depth=1)
    assert len(few.cards) < 400
    assert len(animate(uneven(450), depth="all").drawing.cards) <= ANIMATED
    page = animate(uneven(3000))
    assert len(page.drawing.cards) <= len(drawing.cards)


def test_the_boxes_of_a_tree_can_be_walked() -> None:
    _, z = small()
    with scope("outer"):
        u = z * 2.0
        with scope("deep"):
            u = u + 1.0
        with scope("deeper"), scope("deepest"):
            u = np.sin(u)
    labels = [box.label for box in Tree(Graph(u))]
    assert {"inner", "deep", "deepest"} <= set(labels)
    assert labels.index("deeper") < labels.index("deepest")


def test_a_model_around_everything_is_left_out() -> None:
    nn = pytest.importorskip("nn")
    inner = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    model = nn.Sequential(inner, nn.Linear(3, 1))
    loss = np.sum(model(np.ones((4, 2))))
    cards = draw(loss, depth="all").cards
    assert any("0" in str(card.boxes) or card.boxes for card in cards)
    assert draw(loss, depth=1).find("Linear")

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 2)

        def forward(self, x):
            return np.tanh(self.first(x))

    model = Model()
    cards = draw(np.sum(model(np.ones((3, 2)))), depth=0).cards
    assert [(c.kind, c.name) for c in cards[:1]] == [("module", "first")]
    assert [c.node.name for c in cards[1:]] == ["tanh", "sum"]


def test_many_leaves_of_one_operation_are_not_cut_into_parts() -> None:
    leaves = [Tensor(float(k), requires_grad=True) for k in range(1600)]
    drawing = draw(np.sum(np.stack(leaves)))
    assert sum(card.kind == "parameter" for card in drawing.cards) == 1600
    assert not any(card.name.startswith("part ") for card in drawing.cards)


# --- layouts that fail ---------------------------------------------------------


@needs_layout
def test_layout_programs_that_fail(monkeypatch) -> None:
    _, z = small()
    drawing = draw(z)
    real = layout.layout_programs()
    monkeypatch.setattr(layout, "layout_programs", lambda: ["/nonexistent/dot", *real])
    assert drawing.layout("LR").places
    monkeypatch.setattr(layout, "layout_programs", lambda: ["/nonexistent/dot"])
    with pytest.raises(layout.LayoutError, match="nonexistent"):
        layout.lay_out(drawing.view, "TB")
    monkeypatch.setattr(layout, "layout_programs", lambda: real)

    def slow(*_, timeout, **__):
        raise subprocess.TimeoutExpired("dot", timeout)

    monkeypatch.setattr(layout.subprocess, "run", slow)
    again = draw(z)
    with pytest.raises(layout.LayoutTimeout, match="longer than"):
        again.layout("LR")
    with pytest.raises(layout.LayoutTimeout, match="longer than"):
        layout._run("digraph {}", -1.0)


def test_a_straight_line_has_its_middle_in_the_middle() -> None:
    assert layout.middle([(0.0, 0.0), (4.0, 2.0)]) == (2.0, 1.0)
    x, y = layout.middle([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (3.0, 0.0)])
    assert (x, y) == (1.5, 0.0)


def test_pictures_that_the_layout_program_cannot_write(monkeypatch, tmp_path) -> None:
    _, z = small()
    monkeypatch.setattr(drawings, "layout_programs", lambda: ["false"])

    class Failed:
        returncode, stdout, stderr = 1, b"", b""

    monkeypatch.setattr(drawings.subprocess, "run", lambda *_, **__: Failed)
    with pytest.raises(drawings.UnsupportedError, match="false cannot write png"):
        draw(z).save(tmp_path / "graph.png")
    assert not list(tmp_path.iterdir())


# --- forms ----------------------------------------------------------------------


def test_dot_of_failures_modules_and_amounts() -> None:
    error = failing()
    source = str(draw(error).to_dot().source)
    assert "#b3001b" in source
    assert "error" in source
    x, z = small()
    folded = str(draw(z, depth=0, color="cost").to_dot().source)
    assert "FLOP" in folded
    assert "#f1f2f6" in folded
    for show in (("value",), ("grad",), ()):
        text = str(draw(z, show=show).to_dot().source)
        assert ("∂" in text) == ("grad" in show)
    known = np.arange(3.0)
    drawn = str(draw(np.sum(known * x)).to_dot().source)
    assert "dotted" in drawn
    before, after = draw(x * 2.0), draw(np.sin(x) * 2.0)
    assert "#00704e" in str(before.diff(after).to_dot().source)
    removed = str(after.diff(before).to_dot().source)
    assert "dashed" in removed


@needs_layout
@pytest.mark.parametrize("show", [("value",), ("grad",), ()])
def test_svg_shows_what_is_asked_for(show) -> None:
    _, z = small()
    svg = draw(z, show=show).to_svg()
    assert ('class="grad"' in svg) == ("grad" in show)
    assert ('class="value"' in svg) == ("value" in show)


def test_modules_are_compared_by_what_is_inside() -> None:
    x = Tensor(2.0, requires_grad=True)

    def model(twice):
        with scope("block"):
            y = np.sin(x)
            if twice:
                y = np.cos(y)
        return y * 2.0

    same = draw(model(False), depth=0).diff(draw(model(False), depth=0))
    other = draw(model(False), depth=0).diff(draw(model(True), depth=0))
    assert {c.mark for c in same.cards} == {""}
    assert {"added", "removed"} <= {c.mark for c in other.cards}


def test_nothing_of_an_amount_leaves_the_colours_out() -> None:
    x = Tensor(2.0, requires_grad=True)
    drawing = draw(np.ones(2) * x, color="grad")  # no scalar, so no sweep
    assert all(not card.heat and not card.metric for card in drawing.cards)
    assert draw(failing(), color="bytes").cards[-1].kind == "error"
    complex_one = Tensor(1 + 2j, requires_grad=True)
    messages = animate(np.real(complex_one * complex_one)).data()
    assert "-3+4j" in str(messages)


def test_a_page_of_a_failure_and_of_a_freed_graph() -> None:
    page = animate(failing())
    steps = forward_steps(page.drawing.view)
    assert any("Here it stopped: " in str(step) for step in steps)
    assert str(steps[0]).startswith("forward ")
    assert "Here it stopped" in str(page.data())
    _, z = small()
    z.backward()
    freed = animate(z)
    assert "freed" in freed.drawing.notes[0]
    assert {s["phase"] for run in freed.data()["runs"] for s in run["steps"]} == {"forward"}
    assert freed.seeds == []


def test_the_inputs_of_forward_mode_must_be_in_the_graph() -> None:
    x, z = small()
    other = Tensor(1.0, requires_grad=True)
    with pytest.raises((OperandError, ValueError), match=r"graph"):
        animate(z, inputs=other)
    assert [c.name for c in animate(z, mode="forward", inputs=x).seeds] == ["x"]


def test_rules_that_fail_or_pass_nothing_back_are_still_drawn() -> None:
    x = Tensor(2.0, requires_grad=True)

    def broken(g, y, v):
        raise ValueError("no")

    bad = primitive(lambda v: v * 1.0, vjp=broken, name="bad")
    assert draw(bad(x)).notes[-1].startswith("No gradients: ")
    silent = primitive(lambda v: v * 1.0, vjp=lambda g, y, v: (None,), name="silent")
    text = draw(silent(x) * 2.0).to_text()
    assert "—" in text
    half = primitive(lambda a, b: a * b, vjp=lambda g, y, a, b: (g * b, None), name="half")
    y = half(x, x)
    notes = animate(y * 1.0)
    assert notes.data()
    with scope("inner"):
        y = half(x, x) + 1.0
    closed = draw(y * 1.0, depth=0)
    (wire,) = [w for w in closed.view.wires if w.node is closed.graph.node(x)]
    assert closed.recording.messages[wire.key].text == "2"
    two = primitive(lambda v: (v * 2.0, v * 3.0), vjp=lambda g, y, v: (g[0] * 2.0,), name="two",
                    arity=1, multiple=True)  # fmt: skip
    a, b = two(x)
    rows = {c.name: c.gradient.text for c in draw(a + silent(b)).cards}
    assert (rows["x"], rows["a"], rows["b"]) == ("2", "1", "—")


def test_a_cost_that_fails_leaves_out_the_counts() -> None:
    odd = primitive(lambda v: v * 2.0, vjp=lambda g, y, v: g * 2.0, name="odd",
                    cost=lambda y, v: 1 / 0)  # fmt: skip
    x = Tensor(3.0, requires_grad=True)
    data = animate(odd(x) * x).data()
    assert {card["grad"]["text"] for card in data["cards"].values()} >= {"12", "3"}
    assert data["notes"] == []
    blind = primitive(lambda v: v * 2.0, vjp=lambda g, y, v: np.frombuffer((g * 2.0).tobytes()),
                      name="blind", cost=lambda y, v: 1 / 0)  # fmt: skip
    x = Tensor([3.0], requires_grad=True)
    drawing = draw(np.sum(blind(x)))
    assert drawing.view.card("n0").gradient.cells == [[2.0]]
    assert drawing.recording.reverse_flops == {}


def test_names_of_what_self_holds_and_of_code_without_a_source() -> None:
    class Model:
        def __init__(self):
            self.weight = Tensor(2.0, requires_grad=True)

        def loss(self):
            return draw(self.weight * 3.0)

    assert Model().loss().cards[0].name == "self.weight"
    space = {"x": Tensor(2.0, requires_grad=True), "np": np}
    exec(compile("y = np.sin(x) * 2.0", "<typed in>", "exec"), space)
    assert len(draw(space["y"]).cards) == 3


# --- the command line -------------------------------------------------------------


def script(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text("from autograd_core import Tensor\nimport numpy as np\n" + text)
    return str(path)


GOOD = """
x = Tensor(np.arange(3.0), requires_grad=True)
loss = np.sum(x.reshape(3, 1) * x)
loss.backward()
"""


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (GOOD + "raise SystemExit(0)\n", 0, "operations and leaves"),
        (GOOD + "raise SystemExit(3)\n", 3, "operations and leaves"),
        ("Tensor(1.0).backward()\n", 1, "requires grad"),
        ("", 1, "called no backward()"),
    ],
)
def test_scripts_that_end_in_some_way(text, status, said, tmp_path, capsys) -> None:
    assert main([script(tmp_path, text), "--out", str(tmp_path / "graph.txt")]) == status
    out = capsys.readouterr()
    assert said in out.out + out.err


@needs_layout
def test_a_script_as_a_page_and_as_something_unknown(tmp_path, capsys) -> None:
    path = script(tmp_path, GOOD)
    assert main([path, "--out", str(tmp_path / "graph.html"), "--mode", "forward"]) == 0
    page = (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert "script.py: backward pass 1" in page
    assert main([path, "--out", str(tmp_path / "graph.xyz")]) == 1
    assert "unknown ending" in capsys.readouterr().err


def test_the_module_is_a_program(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autograd_core.viewer", script(tmp_path, GOOD),
         "--out", str(tmp_path / "graph.txt")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "operations and leaves" in done.stdout
    assert "loss" in (tmp_path / "graph.txt").read_text(encoding="utf-8")


def test_shared_leaves_outputs_and_constants_of_closed_boxes() -> None:
    """A value that leaves a closed box twice, a constant used twice, a leaf that nobody uses."""
    x = Tensor(2.0, requires_grad=True)
    half = np.array([0.5, 0.25])
    with scope("box"):
        a = np.sin(x)
        b = np.cos(a)
    y = a * 2.0 + a * 3.0 + b * a
    z = np.sum(y * half) + np.sum(half * x)
    page = animate(z, depth=0)
    steps = [s for run in page.data()["runs"] for s in run["steps"]]
    assert any("their sum" in str(s) or "adds" in str(s) for s in steps)
    assert len([c for c in page.drawing.cards if c.kind == "constant"]) == 1
    alone = draw(x)
    assert [c.name for c in alone.cards] == ["x"]
    assert alone.to_text()


def test_names_in_files_that_are_no_python(tmp_path) -> None:
    path = tmp_path / "strange.py"
    code = compile("y = np.sin(x) * k", str(path), "exec")
    path.write_text("this is ( no Python\n")
    space = {"x": Tensor(2.0, requires_grad=True), "np": np, "k": np.complex128(2j)}
    exec(code, space)
    assert len(draw(np.real(space["y"])).cards) >= 3


def test_rounds_of_repetitions_of_two_kinds() -> None:
    x = Tensor(np.ones(3), requires_grad=True)
    for _ in range(12):
        with scope("one"):
            x = np.sin(x)
        x = x * 1.5
    drawing = draw(np.sum(x), depth=1)
    assert len(drawing.cards) < 40
    assert any("×12" in f"{c.name} {c.title} {c.note}" or "×" in c.name for c in drawing.cards)


@needs_layout
def test_a_layout_program_that_answers_nothing(monkeypatch) -> None:
    _, z = small()
    drawing = draw(z)

    class Silent:
        returncode, stdout, stderr = 1, b"", b"out of paper"

    monkeypatch.setattr(layout.subprocess, "run", lambda *_, **__: Silent)
    with pytest.raises(layout.LayoutError, match="out of paper"):
        layout.lay_out(drawing.view, "LR")


@pytest.mark.parametrize(
    ("fail", "text", "title"),
    [
        (lambda h, W, c: h @ W, "h @ W: 3×4 @ 5×6", "matmul"),
        (lambda h, W, c: h + c, "h + c: 3×4 + 2×2", "add"),
        (lambda h, W, c: c - h, "c - h: 2×2 - 3×4", "subtract"),
        (lambda h, W, c: np.concatenate([h, W]), "concatenate(h, W): 3×4, 5×6", "concatenate"),
        (lambda h, W, c: np.clip(h, 0.5, c), "clip(h, 0.5, c): 3×4, scalar, 2×2", "clip"),
        (lambda h, W, c: np.matmul(h, W), "h @ W: 3×4 @ 5×6", "matmul"),
    ],
)  # fmt: skip
def test_an_errors_picture_has_the_operation_with_all_operands(fail, text, title):
    h = Tensor(np.ones((3, 4)), requires_grad=True) * 2.0
    W, c = Tensor(np.ones((5, 6)), requires_grad=True), np.ones((2, 2))
    with pytest.raises(ValueError, match=title) as caught:
        fail(h, W, c)
    drawing = draw(caught.value)
    error = drawing.cards[-1]
    assert (error.kind, error.expression) == ("error", text)
    feeding = [drawing.view.card(w.source) for w in drawing.view.into("error")]
    assert {card.name for card in feeding} == set(re.findall(r"\b[hWc]\b", text))
    assert {card.shape for card in feeding} == {s for s in ("3×4", "5×6", "2×2") if s in text}
    assert animate(caught.value).data()["title"] == f"What ran before the ShapeError in {title}"


@pytest.mark.parametrize(
    ("jvp", "said"),
    [
        (lambda t, y, x: t.no_such, "cube: its derivative rule raised AttributeError"),
        ([lambda t, y, x: t * 2.0 * x], "cube: its forward rule gives the local derivative 4, but"),
        ([lambda t, y, x: 1 / 0 * t], "cube: its derivative rule raised ZeroDivisionError"),
    ],
    ids=["no such attribute", "wrong", "raises"],
)  # fmt: skip
def test_a_wrong_jvp_does_not_break_the_reverse_page(jvp, said):
    cube = primitive(lambda x: x**3, vjp=[lambda g, y, x: g * 3 * x**2], jvp=jvp, name="cube")
    x = Tensor(2.0, requires_grad=True)
    y = cube(x) * 2.0
    page = animate(y)
    data = page.data()
    backward = [s for s in data["runs"][0]["steps"] if s["phase"] == "backward"]
    assert [text for s in backward for _, text in s["messages"]] == ["2 × 1 = 2", "24"]
    caption = "".join(piece[0] for piece in backward[-1]["pieces"])
    assert "dx = upstream × 3 × x² = 2 × 3 × 2² = 24" in caption
    assert any(said in note for note in data["notes"])
    assert page.to_html()
    assert explain(x, y).rows[0].product == 24


def test_a_failing_forward_rule_names_its_operation_in_forward_mode():
    area = primitive(lambda a, b: a * b, vjp=[lambda g, y, a, b: g * b, lambda g, y, a, b: g * a],
                     jvp=lambda t, y, a, b: t * 3.0 * b, name="area")  # fmt: skip
    with pytest.raises(RuleError, match=r"area: .* jvp=\[rule, \.\.\.\] gets one each"):
        jvp_of(area, (2.0, 3.0), (1.0, 0.0))


def test_forward_mode_leaves_out_the_seeds_that_fail():
    def failing(t, y, v):
        raise ValueError("no way")

    lame = primitive(lambda v: v * 2.0, vjp=[lambda g, y, v: g * 2.0], jvp=[failing], name="lame")
    a, b = Tensor(1.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    page = animate(lame(b) * a, mode="forward")
    assert [seed.name for seed in page.seeds] == ["a"]
    assert "Forward mode is not shown from b: lame" in page.note
    assert [run["seed"] for run in page.data()["runs"]] == ["", "a"]


def shown(variant):
    return [c.name for c in variant.view.cards if c.kind in ("operation", "plus", "module")]


def test_the_views_of_a_long_loop_open_one_round_after_another():
    x, r = Tensor(0.3, requires_grad=True), Tensor(3.7, requires_grad=True)
    for _ in range(60):
        x = r * x * (1.0 - x)
    page = animate((x - 0.5) ** 2)
    first, opened, twice = page.views[:3]
    assert [c.title.partition("×")[2] for c in first.view.cards if c.kind == "module"] == ["60"]
    assert len(shown(first)) == 3
    assert shown(opened)[:2] == ["v3", "v4"]
    assert len(shown(opened)) == 6
    assert [c.title.partition("×")[2] for c in opened.view.cards if c.kind == "module"] == ["59"]
    assert [name for name in shown(twice) if name[0] == "v"][:4] == ["v3", "v4", "v6", "v7"]
    x = Tensor(np.linspace(0.1, 0.9, 3), requires_grad=True)
    for _ in range(2):
        with scope("block"):
            x = np.cos(np.sin(x))
        for f in (np.tanh, np.exp, np.sin, np.cos, np.sqrt, np.log1p, np.tanh, np.exp):
            x = f(x)
    opened = animate(np.sum(x), depth=0).views[1]  # of two rounds both are shown
    assert sum(c.kind == "module" for c in opened.view.cards) == 2
    assert len(shown(opened)) == 2 * 9 + 1


def test_of_many_results_of_a_scope_each_sum_stands_by_itself():
    x = Tensor(0.5, requires_grad=True)
    with scope("s"):
        a, b, c = np.sin(x), np.cos(x), np.tanh(x)
        d, e, f = np.exp(x), x * 2.0, x * 3.0
    said = [step.caption for step in animate(a * a + b + c + d + e * f, depth=0).first().steps]
    assert "Branch, backward, adds the 2 incoming gradients: 0.4794 + 0.4794 = their sum" in (
        said[-3])  # fmt: skip
    slope = np.sin(1.0) - np.sin(0.5) + np.cosh(0.5) ** -2 + np.exp(0.5) + 6.0
    assert said[-2].endswith(f"it hands back {slope:.4g} to x.")


def test_what_has_no_room_in_a_page_is_said():
    x = Tensor(np.linspace(0.1, 0.9, 3), requires_grad=True)
    functions = np.sin, np.cos, np.tanh, np.exp
    for k in range(12):
        with scope("abcdefghijkl"[k]):
            for j in range(k % 3 + 1):
                x = functions[(k + j) % 4](x)
    page = animate(np.sum(x), depth=0)
    assert len(page.views) <= 11
    assert "What has no button to open it here" in page.data(whole=True)["notes"][-1]
    rng = np.random.default_rng(0)
    with scope("large"):
        for k in rng.integers(4, size=70):
            x = functions[k](x)
    with scope("small"):
        x = np.sin(np.cos(x))
    page = animate(np.sum(x), depth=0)
    assert all(len(one.view.cards) <= 60 for one in page.views)
    assert "What has no button to open it here" in page.data(whole=True)["notes"][-1]


def test_results_that_do_not_depend_on_a_seed_have_no_tangent():
    x, w = Tensor(1.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    with scope("both"):
        a, b = np.sin(x), np.cos(w)
    page = animate(a * b, depth=0, mode="forward")
    runs = {r["seed"]: [p for s in r["steps"] for p in s["pieces"]] for r in page.data()["runs"]}
    said = {name: "".join(piece[0] for piece in pieces) for name, pieces in runs.items()}
    assert f"its tangent is {np.cos(1.0):.4g}" in said["x"]
    assert "b = a result of both = -0.4161 does not depend on the seed: its tangent is 0" in (
        said["x"])  # fmt: skip
    assert f"its tangent is {-np.sin(2.0):.4g}" in said["w"]


def test_an_operation_in_a_scope_of_each_round_has_a_name_of_each_round():
    x = Tensor(0.5, requires_grad=True)
    for k in range(3):
        with scope(f"round{k}"):
            x = np.sin(x)
    assert [c.name for c in draw(x, depth="all").cards] == ["x₁", "x₂", "x₃", "x"]
