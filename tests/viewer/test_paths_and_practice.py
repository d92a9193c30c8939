"""The paths of a pinned gradient, the practice mode, and a page inside of a host."""

import json
import re

import graphs
import numpy as np
import pytest

from autograd_core import Tensor, animate, explain
from autograd_core.engine.graph import Graph
from autograd_core.viewer.leaf_values import LARGEST, LeafValues


def data_of(output, **options):
    return animate(output, **options).data()


# --- what a page knows of its wires -----------------------------------------------------


@pytest.mark.parametrize("program", [graphs.cubic, graphs.neuron, graphs.mlp, graphs.residual])
def test_what_wires_carry_adds_up_to_the_gradients(program):
    data = data_of(program(), depth="all")
    cards, back, shapes = data["cards"], {}, {}
    for wire in data["wires"].values():
        assert {wire["from"], wire["to"]} <= set(cards)
        if wire["sent"] is True:
            shapes.setdefault(wire["from"], set()).add(wire["shape"])
        elif wire["sent"] is not None:
            back.setdefault(wire["from"], []).append(wire["sent"])
            if wire["local"] is not None:
                product = wire["local"] * cards[wire["to"]]["grad"]["number"]
                assert wire["sent"] == pytest.approx(product, rel=1e-12, abs=1e-15)
    assert back or shapes
    for key, sent in back.items():
        if key not in shapes:
            assert sum(sent) == pytest.approx(cards[key]["grad"]["number"], rel=1e-12, abs=1e-15)
    for key, found in shapes.items():
        assert found == {cards[key]["shape"]}


def test_a_graph_without_gradients_has_wires_that_carry_nothing():
    x = Tensor(2.0, requires_grad=True)
    y = x * x * 3.0
    y.backward()
    wires = data_of(y)["wires"].values()
    assert wires
    assert all(wire["sent"] is None for wire in wires)


def test_nan_is_no_number_of_a_page():
    x = Tensor(0.0, requires_grad=True)
    with np.errstate(all="ignore"):
        y = np.sqrt(x) * 0.0
    wires = data_of(y)["wires"].values()
    assert json.dumps([*wires], allow_nan=False)
    assert any(wire["sent"] is True for wire in wires)


# --- values of leaves -----------------------------------------------------------------------


def test_leaves_are_noted_and_changed_in_the_order_of_their_making():
    with LeafValues({1: {2: 7.0}}) as values:
        a = Tensor(np.float32(2), requires_grad=True)
        b = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        c = Tensor(np.zeros(LARGEST + 1), requires_grad=True)
        d = Tensor(5.0)
        d.requires_grad = True
        y = np.sum(a * b) + np.sum(c) * d
    assert b.data.tolist() == [1, 2, 7]
    assert a.dtype == np.float32
    made = {m.number: m.value.tolist() for m in values.changeable(Graph(y)).values()}
    assert made == {0: 2, 1: [1, 2, 7], 3: 5}
    assert values.missing() == []
    assert Tensor([1.0, 2.0, 3.0], requires_grad=True).data.tolist() == [1, 2, 3]


def test_a_leaf_that_was_not_made_is_missing():
    with LeafValues({4: {0: 1.0}}) as values:
        Tensor(1.0, requires_grad=True)
    assert values.missing() == [4]


# --- in a browser: paths ----------------------------------------------------------------------


def pin(p, name):
    card = p.locator(f'svg.on .card[aria-label^="{name}"]').first
    card.focus()
    p.keyboard.press("p")
    return [
        p.locator("#detail > p").first.text_content(),
        *p.locator(".paths li").all_inner_texts(),
    ]


def test_the_paths_are_those_that_explain_lists(browser, page):
    x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    c = x**3
    s = x + 3 * y
    F = c * s
    p = page(animate(F).to_html(), reduced_motion="reduce")
    head, *rows = pin(p, "x")
    assert head == "2 paths carry ∂F/∂x = 140, their sum:"
    assert rows == ["x → c → F: 12 × 11 = 132", "x → s → F: 1 × 8 = 8"]
    paths = explain(x, F, paths=True).paths
    assert sorted(float(path.product) for path in paths) == [8, 132]
    assert p.locator("svg.on g.carries").count() == 4
    assert p.locator("svg.on .card.beside").all_inner_texts() != []
    p.keyboard.press("End")
    assert p.locator("svg.on g.carries").count() == 4  # it stays while one steps
    p.locator("svg.on .card.pinned-card").focus()
    p.keyboard.press("p")
    assert p.locator("svg.on .carries, svg.on .beside").count() == 0


def test_paths_are_counted_exactly_and_only_a_few_are_listed(browser, page):
    x = Tensor(1.0, requires_grad=True)
    h = x
    for _ in range(60):
        h = h * h
    p = page(animate(h, depth="all").to_html())
    head, *rows = pin(p, "x")
    assert head.startswith(f"{2**60:,} paths carry")
    assert len(rows) == 13
    assert rows[-1] == f"and {2**60 - 12:,} more."
    assert all(row.endswith("= 1") for row in rows[:-1])  # each local derivative is 1


def test_paths_of_arrays_and_of_what_has_no_gradient(browser, page):
    w = Tensor([1.0, 2.0], requires_grad=True)
    y = w * np.array([3.0, 4.0])
    loss = np.sum(y) * 2.0
    p = page(animate(loss).to_html())
    head, row = pin(p, "w")
    assert head.startswith("1 path carries ∂loss/∂w")
    assert row.startswith("w → ")
    assert "its first use sends rms" in row
    p = page(animate(y).to_html())  # no sweep starts at an array
    assert pin(p, "w") == ["No path carries a gradient from y to w."]
    assert p.locator("#practice").is_hidden()


# --- practice -----------------------------------------------------------------------------------


def answer(p, *texts):
    for k, text in enumerate(texts):
        p.fill(f"#say{k}", text)
    p.press("#say0", "Enter")


def test_messages_are_hidden_until_they_are_said(browser, page):
    p = page(animate(graphs.cubic()).to_html(), reduced_motion="reduce")
    p.click("#practice")
    p.keyboard.press("End")  # it goes no further than the first question
    assert p.text_content("#count") == "7/11"
    assert p.text_content("#sentence") == "At F = c × s, upstream ∂F/∂F = 1. What goes back?"
    assert p.locator("svg.on .message.on text").all_text_contents() == ["?", "?"]
    assert "11" not in p.locator("#rows tr", has_text="c").locator(".grad").first.text_content()
    p.click("#ahead")
    assert p.text_content("#count") == "7/11"
    answer(p, "8", "8")
    assert p.text_content("#verdict").startswith("Not yet, for c.")
    answer(p, "3 + 2^3", "-(-2)**3")
    assert p.text_content("#score") == "Right. 0 of 1 question at the first try."
    assert "× upstream" in p.text_content("#sentence") or "11" in p.text_content("#sentence")
    assert p.locator("svg.on .message.on text").first.text_content() != "?"
    p.keyboard.press("ArrowRight")
    assert p.text_content("#count") == "8/11"
    for given in (("8", "8"), ("24",), ("3*2^2*11",), ("132+8",)):
        if p.locator("#question").is_hidden():
            p.keyboard.press("ArrowRight")
        answer(p, *given)
        assert p.text_content("#score").startswith("Right.")
        p.keyboard.press("ArrowRight")
    assert p.text_content("#score") == "Right. 4 of 5 questions at the first try."
    p.keyboard.press("End")
    assert p.text_content("#count") == "11/11"
    p.click("#practice")
    assert p.locator("#question").is_hidden()


def test_of_arrays_the_shape_is_asked(browser, page):
    p = page(animate(graphs.mlp()).to_html(), reduced_motion="reduce")
    p.click("#practice")
    asked = 0
    for _ in range(80):
        p.keyboard.press("ArrowRight")
        if p.locator("#question").is_hidden():
            continue
        asked += 1
        labels = p.locator("#question label").all_inner_texts()
        if any(label.startswith("shape of what goes back to W2") for label in labels):
            place = next(k for k, label in enumerate(labels) if "W2" in label)
            assert p.locator(f"#say{place}").is_visible()
            for k in range(len(labels)):
                p.fill(f"#say{k}", "(16, 1)" if k == place else "32 by 16")
            p.press("#say0", "Enter")
            assert p.locator("#question").is_hidden()
            break
        p.click("#question button:text-is('Show')")
    assert asked > 3
    assert "at the first try" in p.text_content("#score")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("140", 140), ("1.4e2", 140), ("2*(3+4)^2", 98), ("-2^2", -4), ("2^-1", 0.5), ("6/4", 1.5),
        ("−3 × −2", 6), ("2**3**2", 512), ("1,5", 1.5), ("", None), ("2*", None), ("x", None),
        ("alert(1)", None), ("(2", None), ("1/0", None), ("2 3", None),
    ],
)  # fmt: skip
def test_answers_may_be_small_sums(browser, page, text, value):
    x = Tensor(1.0, requires_grad=True)
    expected = 12345.0 if value is None else value
    p = page(animate(x * expected).to_html())
    p.click("#practice")
    p.keyboard.press("End")
    answer(p, text)
    assert p.locator("#question").is_hidden() is (value is not None)


# --- in a host ------------------------------------------------------------------------------------

HOST = """<!DOCTYPE html><meta charset=utf-8><iframe sandbox="allow-scripts" width=1100 height=760>
</iframe><script>
const frame = document.querySelector("iframe"), heard = window.heard = [];
addEventListener("message", ({ data }) => heard.push(data));
window.show = (html, state) => { frame.srcdoc = html;
  frame.onload = () => frame.contentWindow.postMessage({ host: { state } }, "*"); };
</script>"""


def test_a_host_is_told_where_the_reader_is_and_the_next_page_goes_on_there(browser, page):
    p = page(HOST)
    html = animate(graphs.cubic(), title="first").to_html()
    p.evaluate("html => show(html, null)", html)
    inside = p.frame_locator("iframe")
    inside.locator("body.hosted").wait_for()
    inside.locator("#last").click()
    inside.locator("svg.on .card", has_text=re.compile("^▸?x")).first.click()
    inside.locator("#pinpaths").click()
    last = p.evaluate("heard.filter(m => m.state).at(-1)")
    assert last["state"] | {"zoom": 0} == {
        "step": 10, "mode": "reverse", "seed": last["state"]["seed"], "zoom": 0,
        "detail": "x", "pinned": "x", "practice": False,
    }  # fmt: skip
    assert (last["file"], last["phase"]) == ("graphs.py", "Backward")
    assert "x" in p.evaluate("heard.map(m => m.selected)")
    assert p.evaluate("heard.filter(m => m.ready).length") == 1
    p.evaluate("([html, state]) => show(html, state)", [html, last["state"]])
    p.wait_for_function("heard.filter(m => m.ready).length === 2")
    assert inside.locator("#count").text_content() == "11/11"
    assert inside.locator("#detail h2").text_content() == "x"
    assert inside.locator("svg.on g.carries").count() == 4
    forward = last["state"] | {"mode": "forward", "step": 2, "pinned": None, "detail": "gone"}
    p.evaluate("([html, state]) => show(html, state)", [html, forward])
    p.wait_for_function("heard.filter(m => m.ready).length === 3")
    assert inside.locator("#phase").text_content() == "Forward mode"
    assert inside.locator("#count").text_content().startswith("3/")
    assert inside.locator("#detail").is_hidden()
