"""Every number on a page is the engine's: values, gradients, messages, tangents, sums."""

import json

import graphs
import numpy as np
import pytest

from autograd_core import Graph, OperandError, Tensor, animate, branch, cost, draw, explain, jvp
from autograd_core.costs.counting import Counter, count_reverse
from autograd_core.engine.node import PART
from autograd_core.engine.pushing import push
from autograd_core.engine.sweeping import sweep
from autograd_core.viewer.numbers import summarize
from autograd_core.viewer.steps import reverse_steps

NAMES = [name for name in graphs.ALL if name != "cut_off"]


def fresh_sweep(graph):
    """Sweep once more, by the engine alone: gradients, and what went along each use."""
    messages = {}

    def observe(node, g, index, contribution):
        messages[node, index] = np.array(contribution)

    output = graph.outputs[0]
    seed = np.ones_like(output.output)[()]
    found = sweep([output], [seed], set(graph.nodes), retain=True, observe=observe)
    for node in graph.nodes:
        if node.primitive is PART and node in found:
            messages[node, 0] = np.array(found[node])
    return found, messages


def page_data(output, **options):
    animation = animate(output, **options)
    return animation, json.loads(json.dumps(animation.data()))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_are_the_engines(name):
    animation, data = page_data(graphs.ALL[name](), depth="auto")
    gradients, _ = fresh_sweep(animation.drawing.graph)
    checked = 0
    for card in animation.drawing.cards:
        if card.node is None or card.kind == "alias":
            continue
        shown = data["cards"][card.key]
        assert shown["value"]["text"] == summarize(card.node.output).text
        assert shown["grad"]["text"] == summarize(gradients.get(card.node)).text
        checked += 1
    whole = [c for c in data["cards"].values() if not c["value"]["text"].endswith(" results")]
    assert checked == len([c for c in whole if c["kind"] != "constant"])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_messages_are_the_engines_and_add_up_at_branches(name):
    animation, data = page_data(graphs.ALL[name]())
    view = animation.drawing.view
    _, messages = fresh_sweep(animation.drawing.graph)
    wires = {wire.key: wire for wire in view.wires}
    shown = {}
    for step in data["runs"][0]["steps"]:
        if step["phase"] == "backward":
            shown.update(dict(step["messages"]))
    junctions = {j.key: j for j in view.junctions}
    checked = 0
    for key, text in shown.items():
        wire = wires[key]
        if wire.many:
            continue
        total = sum(messages[use.target, use.index] for use in wire.uses)
        assert text.rpartition("= ")[2] == summarize(total).text
        checked += 1
    assert checked
    for step in data["runs"][0]["steps"]:
        if step["phase"] != "branch":
            continue
        key, text = step["messages"][0]
        junction = junctions[key]
        uses = [use for w in junction.wires for use in wires[w].uses]
        total = sum(m for use in uses if (m := messages.get(tuple(use))) is not None)
        assert text.rpartition("= ")[2] == summarize(total).text


@pytest.mark.parametrize("name", ["cubic", "neuron"])
def test_local_times_upstream_is_the_message(name):
    _, data = page_data(graphs.ALL[name]())
    products = [
        text
        for step in data["runs"][0]["steps"]
        if step["phase"] == "backward"
        for _, text in step["messages"]
        if "×" in text
    ]
    assert products
    for text in products:
        left, right = text.split(" = ")
        a, b = (float(part.strip("()")) for part in left.split(" × "))
        assert a * b == pytest.approx(float(right), rel=2e-3, abs=1e-12)


@pytest.mark.parametrize("name", ["cubic", "neuron", "mlp", "residual"])
def test_every_gradient_of_the_full_graph_appears_once(name):
    drawing = draw(graphs.ALL[name](), depth="all")
    steps = reverse_steps(drawing.view, drawing.recording)
    known = [key for step in steps for key in step.gradients]
    assert len(known) == len(set(known))
    assert set(known) == {c.key for c in drawing.cards if c.kind not in ("constant", "alias")}
    first = {key: k for k, step in enumerate(steps) for key in step.gradients}
    for wire in drawing.view.wires:  # nothing is sent before its own gradient is known
        sent = [k for k, s in enumerate(steps) if wire.key in dict(s.messages)]
        if sent and steps[sent[0]].phase == "backward":
            assert first[wire.target] <= sent[0]


def test_tangents_are_the_engines():
    animation, data = page_data(graphs.neuron(), mode="forward")
    graph = animation.drawing.graph
    assert data["mode"] == "forward"
    assert [run["seed"] for run in data["runs"][1:]] == ["w1", "w2", "b"]
    gradients, _ = fresh_sweep(graph)
    for run, card in zip(data["runs"][1:], animation.seeds, strict=True):
        pushed = {card.node: np.ones_like(card.node.output)[()]}
        push(graph.nodes, pushed, [])
        for shown in animation.drawing.cards:
            if shown.node is not None:
                expected = summarize(pushed.get(shown.node, 0.0)).text
                assert run["tangents"][shown.key]["text"] == expected
        output = next(c for c in animation.drawing.cards if c.output)
        assert run["tangents"][output.key]["text"] == summarize(gradients[card.node]).text


def test_forward_mode_agrees_with_dual_numbers_and_counts_sweeps():
    x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    F = x**3 * (x + 3 * y)
    _, data = page_data(F, inputs=[y])
    expected = jvp(lambda x, y: x**3 * (x + 3 * y), (2.0, 3.0), (0.0, 1.0))[1]
    run = data["runs"][1]
    assert run["seed"] == "y"
    output = next(key for key, card in data["cards"].items() if card["output"])
    assert run["tangents"][output]["number"] == expected
    assert data["inputs"] == 2
    counted = cost(lambda y: 8.0 * (2.0 + 3 * y), 3.0, measure=False)
    assert run["steps"][-1]["flops"] == counted.forward.flops == 2


def test_steps_of_a_sweep_can_be_iterated():
    x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    c = x**3
    s = x + 3 * y
    F = c * s
    steps = list(F.backward_steps())
    assert [step.phase for step in steps] == ["seed", *["backward"] * 4, "branch"]
    assert steps[-1].messages[0][1] == "8 + 132 = 140"
    assert "swaps" in steps[1].caption
    assert x.grad is None
    F.backward()
    assert float(x.grad.data) == 140.0


def test_counters():
    x = Tensor(2.0, requires_grad=True)
    F = (x * 3.0) * (x * 5.0) + x
    last = list(F.backward_steps())[-1]
    counted = cost(lambda x: (x * 3.0) * (x * 5.0) + x, 2.0, measure=False)
    assert last.flops == counted.reverse.flops == 6  # four products, two additions at the branch


def test_several_outputs_and_parts():
    x = Tensor([3.0, 1.0, 2.0], requires_grad=True)
    a, b, c = branch(x, 3)
    _, log = np.linalg.slogdet(np.stack([a, b * b, np.exp(c)]))
    F = log * 2.0 + np.sum(a)
    animation, data = page_data(F)
    gradients, _ = fresh_sweep(animation.drawing.graph)
    for card in animation.drawing.cards:
        if card.node is not None and card.kind != "alias":
            assert (
                data["cards"][card.key]["grad"]["text"] == summarize(gradients.get(card.node)).text
            )


def test_large_and_odd_values_are_summarized():
    assert summarize(np.array([np.nan, 1.0])).bad
    assert summarize(np.zeros((0, 3))).text == "empty"
    assert summarize(np.arange(4.0).reshape(2, 2)).cells == [[0.0, 1.0], [2.0, 3.0]]
    blocks = summarize(np.arange(17.0 * 33).reshape(17, 33))
    assert blocks.block == "2×3"
    assert (len(blocks.cells), len(blocks.cells[0])) == (9, 11)
    corner = [0.0, 1.0, 2.0, 33.0, 34.0, 35.0]
    assert blocks.cells[0][0] == pytest.approx(np.sqrt(np.mean(np.square(corner))), rel=1e-3)
    assert summarize(1 + 2j).text == "1+2j"
    assert summarize(np.float32(0.1)).text == "0.1"
    bytes_ = np.array([120, -96], dtype=np.int8)  # squares do not fit into a byte
    assert summarize(bytes_).text == f"rms {np.sqrt((120**2 + 96**2) / 2):.4g}"


def test_hooks_change_what_is_shown():
    x = Tensor(2.0, requires_grad=True)
    x.register_hook(lambda g: g * 10)
    F = x * 3.0
    drawing = draw(F)
    assert drawing.cards[0].gradient.text == "30"


def test_nested_levels_show_the_primal():
    from autograd_core import grad

    seen = []

    def f(x):
        y = x * x
        seen.append(draw(y))
        return y

    grad(grad(f))(3.0)
    assert [card.value.text for card in seen[0].cards] == ["3", "9"]


def test_graph_object_still_counts_paths():
    assert Graph(graphs.doublings()).paths(Graph(graphs.doublings()).leaves[0]) == 0
    graph = Graph(graphs.doublings())
    assert graph.paths(graph.leaves[0]) == 2**60


def test_a_folded_loop_keeps_its_equations_true():
    """Two results of a round are two values, with a name, a value and a sum each."""
    w, h = Tensor(0.99, requires_grad=True), Tensor(1.0, requires_grad=True)
    a, b = h * 1.0, h * 2.0
    for _ in range(200):
        a = a * w + b
        b = b * w
    F = a * b
    drawing = draw(F)
    cards = {card.name: card for card in drawing.cards}
    assert cards["F"].expression == "a × b"
    gradients = drawing.graph.gradients()
    for name, value in (("a", a), ("b", b)):
        assert cards[name].value.text == summarize(value.data).text
        assert cards[name].gradient.text == summarize(gradients[drawing.graph.node(value)]).text
        assert cards[name].expression.startswith("a result of ")
    uses = {row.split()[0]: row for row in drawing.to_text().splitlines()}
    assert "×400" in uses["w"]  # twice a round
    assert {j.uses for j in drawing.view.junctions} == {400, 2}
    assert sum("200" in card.name for card in drawing.cards) == 1
    captions = [step.caption for step in reverse_steps(drawing.view, drawing.recording)]
    (text,) = [c for c in captions if "= ∂F/∂w" in c]
    assert text.startswith("Branch, backward, adds the 400 incoming gradients inside of line ")
    assert f": {summarize(gradients[drawing.graph.node(w)]).text} = ∂F/∂w." in text


@pytest.mark.parametrize("name", NAMES)
def test_the_collapse_line_counts_the_cards_that_are_drawn(name):
    drawing = draw(graphs.ALL[name]())
    shown = sum(card.kind != "alias" for card in drawing.cards)
    if drawing.view.message:
        assert f" shown as {shown:,};" in drawing.view.message


@pytest.mark.parametrize("name", NAMES)
def test_uses_are_counted_as_the_program_makes_them(name):
    drawing = draw(graphs.ALL[name]())
    uses = {}
    for edge in drawing.graph.edges:
        uses[edge.source] = uses.get(edge.source, 0) + 1
    for junction in drawing.view.junctions:
        if junction.node is not None and junction.node.primitive is None:
            assert junction.uses == uses[junction.node]


def test_complex_gradients_are_shown_as_grad_holds_them():
    z = Tensor(2.0 + 4.0j, requires_grad=True)
    w = z * (3.0 - 1.0j)
    out = np.real(w * np.conj(w))
    drawing = draw(out)
    explained, element = explain(z, out), drawing.element("z", 0)
    steps = [step.caption for step in out.backward_steps()]
    out.backward()
    expected = complex(z.grad.data)
    assert expected == 40 + 80j  # 2 |3 - i|² z, the direction of steepest ascent
    card = next(card for card in drawing.cards if card.name == "z")
    assert complex(card.gradient.text.replace(" ", "")) == expected
    assert complex(explained.gradient.data) == expected
    assert sum(row.product for row in explained.rows) == pytest.approx(expected)
    assert any("dz = upstream × conj((3-1j))" in s and "40+80j" in s for s in steps)
    assert element.value == pytest.approx(expected)
    assert drawing.element("z", 0) is None  # freed by backward()


def test_nan_and_inf_gradients_are_marked_with_the_first_place():
    x = Tensor(np.array([0.0, 4.0]), requires_grad=True)
    root = np.sqrt(x)
    scaled = root * 3.0
    loss = np.sum(scaled)
    drawing = draw(loss)
    card = next(card for card in drawing.cards if card.name == "x")
    assert card.gradient.bad
    assert not card.value.bad
    rows = {row.split()[0]: row for row in drawing.to_text().splitlines()}
    assert "! rms inf" in rows["x"]
    (note,) = [n for n in drawing.notes if n.startswith("NaN or Inf")]
    assert "the first gradient that holds one is what root = sqrt(x) sends to x, at " in note
    assert "test_viewer_numbers.py" in note
    data = animate(loss).data()
    assert [c["name"] for c in data["cards"].values() if c["badgrad"]] == ["x"]
    assert any(n.startswith("NaN or Inf") for n in data["notes"])


def test_nan_values_are_marked_with_the_first_place():
    x = Tensor(-1.0, requires_grad=True)
    with np.errstate(all="ignore"):
        bad = np.log(x)
        loss = bad * 2.0 + x
        notes = draw(loss).notes
    assert any("the first value that holds one is bad = log(x), at " in n for n in notes)


@pytest.mark.parametrize("name", NAMES)
def test_the_counter_ends_at_what_cost_counts(name):
    output = graphs.ALL[name]()
    drawing = draw(output)
    counter = Counter()
    count_reverse(
        drawing.graph.nodes, drawing.graph.outputs, set(drawing.graph.leaves), counter
    )  # what cost() is made of
    steps = reverse_steps(drawing.view, drawing.recording)
    assert steps[-1].flops == counter.total
    flops = [s.flops for s in steps]
    assert flops == sorted(flops)


def test_the_counter_agrees_with_cost():
    W, x = np.linspace(-1, 1, 12).reshape(3, 4), np.ones(4)

    def f(W, x):
        return np.sum(np.tanh(W @ x) ** 2)

    loss = f(Tensor(W, requires_grad=True), Tensor(x, requires_grad=True))
    *_, last = loss.backward_steps()
    assert last.flops == cost(f, W, x, measure=False).reverse.flops
    page = animate(loss).to_html()
    assert "input number" in page
    assert "FLOP" in page


def test_forward_seeds_are_single_elements():
    W = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    s = Tensor(2.0, requires_grad=True)
    loss = np.sum(W * W) * s
    data = animate(loss).data()
    runs = {run["seed"]: run for run in data["runs"][1:]}
    assert list(runs) == ["W[0, 0]", "W[0, 1]", "W[1, 0]", "W[1, 1]", "s"]
    output = next(key for key, card in data["cards"].items() if card["output"])
    loss.backward(retain_graph=True)
    assert runs["W[1, 0]"]["tangents"][output]["number"] == W.grad.data[1, 0] == 12
    text = "".join(piece[0] for piece in runs["W[1, 0]"]["steps"][0]["pieces"])
    assert text.endswith("W[1, 0]: its tangent is 1, that of every other input number is 0.")
    _, asked = page_data(loss, inputs=[(W, (0, 1)), (W, "ones")])
    seeds = {run["seed"]: run["tangents"][output]["number"] for run in asked["runs"][1:]}
    assert seeds == {"W[0, 1]": 8.0, "all of W": 40.0}
    with pytest.raises(OperandError, match="with \"ones\", not 'one'"):
        animate(loss, inputs=(W, "one"))


def test_forward_mode_is_offered_for_models():
    nn = pytest.importorskip("nn")
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    loss = np.sum(net(np.ones((4, 2))) ** 2)
    data = animate(loss).data()
    seeds = [run["seed"] for run in data["runs"][1:]]
    assert seeds[:2] == ["net[0].weight[0, 0]", "net[0].weight[0, 1]"]
    output = next(key for key, card in data["cards"].items() if card["output"])
    loss.backward(retain_graph=True)
    first = data["runs"][1]["tangents"][output]["number"]
    assert first == pytest.approx(net[0].weight.grad.data[0, 0])
    loss.backward()
    notes = animate(loss).data()["notes"]
    assert any(n.startswith("Forward mode is not shown: ") for n in notes)
