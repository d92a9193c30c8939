"""Pages in use: what is in view at each step, accessible, foldable, printable, in notebooks."""

import functools
import re
from pathlib import Path

import graphs
import numpy as np
import pytest

from autograd_core import Tensor, animate, draw, nn, primitive, scope

pytestmark = pytest.mark.usefixtures("browser", "laid_out")
SEEN = (Path(__file__).parent / "seen.js").read_text(encoding="utf-8")

KEPT = []  # models: while they live, their parameters are known as theirs


def newton():
    a = Tensor(7.0, requires_grad=True)
    r = a * 0.5
    for _ in range(4):
        r = 0.5 * (r + a / r)
    return r


def long_loop():
    x, r = Tensor(0.3, requires_grad=True), Tensor(3.7, requires_grad=True)
    for _ in range(60):
        x = r * x * (1.0 - x)
    return (x - 0.5) ** 2


def branching():
    x, y = Tensor(1.3, requires_grad=True), Tensor(-0.4, requires_grad=True)
    z = x * y
    w = np.sqrt(z) if z.item() > 0 else np.exp(z) - x
    u = np.where(np.array([True, False, True]), x * np.ones(3), y * np.ones(3))
    return np.sum(u * w) + np.maximum(x, y)


def model():
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 3))
    KEPT.append(net)
    return nn.CrossEntropyLoss()(net(rng.normal(size=(6, 4))), np.arange(6) % 3)


def own_operation():
    cube = primitive(lambda x: x**3, vjp=lambda g, y, x: g * 3 * x**2, name="cube")
    x, b = Tensor([1.0, 2.0, -1.0], requires_grad=True), Tensor(0.5, requires_grad=True)
    return np.sum(cube(x + b) * x)


def complex_numbers():
    c = Tensor(0.3 + 0.5j, requires_grad=True)
    z = c * c + 0.2
    z = z * z + c
    return np.real(z * np.conj(z))


PROGRAMS = {
    "scalar": graphs.cubic,
    "neuron": graphs.neuron,
    "arrays": graphs.mlp,
    "loop": newton,
    "folded loop": long_loop,
    "branch": branching,
    "model": model,
    "attention": lambda: graphs.transformer(2),
    "residual": graphs.residual,
    "RNN": lambda: graphs.lstm(4),
    "own operation": own_operation,
    "complex": complex_numbers,
    "error": graphs.cut_off,
}


@functools.cache
def html(name):
    return animate(PROGRAMS[name](), title=name).to_html()


def text(page, selector):
    return page.text_content(selector)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_line_and_the_messages_are_in_view_at_every_step(page, name):
    """And the caption says the arithmetic that the picture shows."""
    p = page(html(name), width=1280, height=900, reduced_motion="reduce")
    lines, messages, missing = p.evaluate(SEEN)
    assert missing == []
    assert lines
    assert messages or name == "error"
    if p.locator("input[value=forward]").is_visible():
        p.check("input[value=forward]")
        assert p.evaluate(SEEN)[2] == []
    if name in ("scalar", "RNN"):  # a low window, one that is not wide, a phone
        for width, height in ((1000, 640), (1100, 760), (390, 844)):
            p.set_viewport_size({"width": width, "height": height})
            assert p.evaluate(SEEN)[2] == []


# --- accessibility ----------------------------------------------------------------


@pytest.fixture
def states(axe):
    """Look at a page with axe in one state after another; list what it finds."""

    def looker(p):
        p.evaluate(axe)
        found = []

        def look(state):
            violations = p.evaluate(
                "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.length])"
            )
            found.extend([state, *v] for v in violations)

        return look, found

    return looker


@pytest.mark.parametrize("name", ["scalar", "model", "attention", "error"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_any_state(page, states, name, scheme):
    p = page(html(name), width=1280, height=900, color_scheme=scheme, reduced_motion="reduce")
    look, found = states(p)
    look("first step")
    p.keyboard.press("End")
    p.locator("svg.on .card").first.focus()
    p.keyboard.press("Enter")
    look("last step, with details")
    p.keyboard.press("/")
    p.keyboard.type("x")
    if p.locator("input[value=forward]").is_visible():
        p.check("input[value=forward]")
    if p.locator("svg.on .opener").count():
        p.locator("svg.on .opener").first.click()
    look("forward, searched, one group open")
    p.set_viewport_size({"width": 380, "height": 844})
    look("on a phone")
    assert found == []


@pytest.mark.parametrize("name", ["scalar", "model"])  # questions for numbers, and for shapes
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_practice(page, states, name, scheme):
    p = page(html(name), width=1280, height=900, color_scheme=scheme, reduced_motion="reduce")
    look, found = states(p)
    p.click("#practice")
    look("practice is on")
    p.keyboard.press("End")  # it stops at the first question
    p.locator("#question input").first.wait_for()
    look("a question")
    p.locator("svg.on .card").first.focus()
    p.keyboard.press("Enter")
    look("a question, with details")
    p.locator("#question input").first.fill("77")
    p.keyboard.press("Enter")
    p.locator("#verdict", has_text="Not yet").wait_for()
    look("a wrong answer")
    p.set_viewport_size({"width": 380, "height": 844})
    look("a wrong answer on a phone")
    p.locator("#question button", has_text="Show").click()
    p.locator("#score", has_text="The answer is shown.").wait_for()
    look("the answer")
    assert found == []


def test_there_is_one_live_region_and_it_is_silent_while_the_page_plays(page):
    p = page(html("scalar"))
    regions = "[aria-live], [role=status], [role=alert], [role=log], output"
    assert p.locator(regions).count() == 1
    p.keyboard.press("End")
    said = "Backward. Branch, backward, adds the 2 incoming gradients: 8 + 132 = 140 = ∂F/∂x."
    assert text(p, "#live") == said
    p.click("#cells button")
    assert text(p, "#live") == text(p, "#sum")
    p.clock.install()
    p.select_option("#pace", label="fast")
    p.click("#play")
    p.clock.run_for(1300)
    assert text(p, "#count") == "3/11"  # two steps of 600 ms
    assert text(p, "#live") == ""
    p.click("#play")
    assert text(p, "#live").startswith("Forward. ")


@pytest.mark.parametrize("name", ["scalar", "attention", "RNN", "error"])
def test_a_phone_with_large_text_does_not_overflow(page, name):
    p = page(html(name), width=380, height=844)
    p.evaluate("document.documentElement.style.fontSize = '200%'")
    for key in ("Home", "End"):
        p.keyboard.press(key)
        assert p.evaluate("document.documentElement.scrollWidth <= innerWidth")
        outside = p.evaluate(
            """[...document.querySelectorAll('button, select, input, .caption, h1, h2, label')]
               .filter(e => e.offsetWidth && !e.closest('.cells, .unseen') &&
                       e.getBoundingClientRect().right > innerWidth + 1).map(e => e.id)"""
        )
        assert outside == []


@pytest.mark.parametrize(("width", "height"), [(380, 844), (800, 900), (1280, 900), (1280, 560)])
def test_every_part_has_its_place(page, width, height):
    p = page(html("model"), width=width, height=height, reduced_motion="reduce")
    p.keyboard.press("End")
    boxes = p.evaluate(
        """['.stage', '.tools', '.legend', '.code', '.source', '.state', '.table', '#elements']
           .map(s => [s, document.querySelector(s).getBoundingClientRect().toJSON()])"""
    )
    place = dict(boxes)
    for name, least in [(".stage", 140), (".source", 60), (".table", 90)]:
        assert place[name]["height"] >= least, name
    parts = [place[name] for name in (".stage", ".tools", ".legend", ".code", ".state")]
    for k, a in enumerate([*parts, place["#elements"]]):
        for b in parts[:k]:  # none lies upon another
            across = min(a["right"], b["right"]) - max(a["left"], b["left"])
            down = min(a["bottom"], b["bottom"]) - max(a["top"], b["top"])
            assert min(across, down) <= 1
    for outer, inner in ((".code", ".source"), (".state", ".table")):
        assert place[inner]["bottom"] <= place[outer]["bottom"] + 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_labels_of_frames_and_signs_have_contrast(page, scheme):
    p = page(html("attention"), color_scheme=scheme, reduced_motion="reduce")
    pairs = p.evaluate(
        """[...document.querySelectorAll('svg.on .frame')].map(f => {
          const label = f.querySelector('text'), ground = f.querySelector('.grip, rect');
          return [getComputedStyle(label).fill, getComputedStyle(ground).fill] })"""
    )
    assert pairs

    def light(colour):
        parts = [int(v) / 255 for v in re.findall(r"\d+", colour)[:3]]
        linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for one, other in pairs:
        low, high = sorted((light(one), light(other)))
        assert (high + 0.05) / (low + 0.05) >= 5


@pytest.mark.parametrize(("name", "most"), [("scalar", 1), ("attention", 2), ("RNN", 3)])
def test_print_is_one_picture_the_code_and_the_table(page, name, most):
    p = page(html(name), width=1280, height=900)
    p.keyboard.press("End")
    printed = p.pdf(format="A4", print_background=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= most
    p.emulate_media(media="print")
    assert p.locator("#stage > svg:visible").count() == 1
    assert p.is_visible("#source")
    assert p.is_visible("#rows")
    assert p.is_hidden("#controls")
    high = p.evaluate("document.getElementById('source').scrollHeight")
    assert p.evaluate("document.getElementById('source').clientHeight") >= high


# --- zoom, pan, open and close ----------------------------------------------------


def test_groups_open_and_close_in_the_page(page):
    p = page(html("model"), width=1280, height=900)
    p.keyboard.press("End")
    assert text(p, "#rows").count("linear(") == 0
    before = p.locator("#rows tr").count()
    first = p.locator("svg.on .card.module").first
    gradient = first.locator(".grad").text_content()
    first.focus()
    p.keyboard.press("o")
    assert p.locator("#rows tr").count() == before + 2  # its operation, weight and bias instead
    assert "is open" in text(p, "#live")
    assert p.locator("svg.on .card.operation .grad").first.text_content() == gradient
    assert p.evaluate("document.activeElement.classList.contains('fold')")
    assert text(p, "#phase") == "Backward"  # the same place of the program
    assert p.evaluate(SEEN)[2] == []
    p.locator("svg.on .fold").first.focus()
    p.keyboard.press("Enter")
    assert p.locator("#rows tr").count() == before
    p.locator("svg.on .opener").nth(1).click()
    assert p.locator("#rows tr").count() == before  # an activation has one operation
    assert p.locator("svg.on .fold").count() == 1


def test_a_loop_shows_its_first_round_and_the_rest(page):
    p = page(html("folded loop"), width=1280, height=900)
    name = p.locator("svg.on .card.module .name").text_content()
    assert "×60" in name
    p.locator("svg.on .opener").first.click()
    titles = p.locator("svg.on .card.module .name").all_text_contents()
    assert [t.partition(" ×")[2] for t in titles] == ["59"]
    assert p.locator("svg.on .card.operation").count() == 2 + 3  # one round has three
    p.keyboard.press("End")
    values = "[...document.querySelectorAll('#rows tr')].filter(r => /^v[12]$/.test("
    values += "r.children[0].textContent)).map(r => r.children[2].textContent)"
    opened = p.evaluate(values)
    p.locator("svg.on .fold").first.click()
    p.keyboard.press("End")
    assert p.evaluate(values) == opened


def test_every_view_of_a_page_has_the_numbers_of_the_drawing_with_these_groups_open():
    x = Tensor(np.linspace(-1, 1, 4), requires_grad=True)
    h = x
    for k in range(3):
        with scope(f"block{k}"):
            with scope("inner"):
                part = np.tanh(h) * 0.5
            h = h + part
    loss = np.sum(h * h)
    page = animate(loss, depth=0)
    whole = {c.name: c for c in draw(loss, depth="all").cards}
    assert len(page.views) > 3
    for one in page.views:
        for card in one.view.cards:
            if card.node is not None and card.kind in ("operation", "plus", "parameter"):
                assert card.value.text == whole[card.name].value.text
                assert card.gradient.text == whole[card.name].gradient.text
        known = [key for step in one.steps for key in step.gradients]
        assert len(known) == len(set(known))
        assert set(one.leads) <= set(one.scopes)
        for key, target in one.leads.items():
            there = page.views[target]
            opened = any(c.key == key for c in one.view.cards)
            number = one.scopes[key]
            back = [k for k, n in there.scopes.items() if n == number]
            assert opened == any(f.key in back for f in there.view.frames)


def test_zoom_and_pan(page):
    p = page(html("RNN"), width=1280, height=900)
    width = "document.querySelector('svg.on').getBoundingClientRect().width"
    before = p.evaluate(width)
    p.click("#larger")
    assert p.evaluate(width) > 1.2 * before
    p.keyboard.press("-")
    assert p.evaluate(width) == pytest.approx(before, rel=0.02)
    for _ in range(4):
        p.keyboard.press("+")
    p.mouse.move(300, 500)
    place = "[stage.scrollLeft, stage.scrollTop]"
    p.evaluate("stage.scrollTo(200, 200)")
    start = p.evaluate(place)
    box = p.locator("#stage").bounding_box()
    blank = p.evaluate(
        """b => { for (let x = b.x + 40; x < b.x + b.width - 90; x += 15)
             for (let y = b.y + 40; y < b.y + b.height - 90; y += 15) {
               const e = document.elementFromPoint(x, y);
               if (!e.closest('.card, [data-fold]')) return [x, y] } }""",
        box,
    )
    p.mouse.move(*blank)
    p.mouse.down()
    p.mouse.move(blank[0] - 60, blank[1] - 30, steps=3)
    p.mouse.up()
    assert p.evaluate(place) == [start[0] + 60, start[1] + 30]
    p.keyboard.press("0")
    assert p.evaluate(width) == pytest.approx(before, rel=0.02)


def test_the_divider_is_dragged_and_has_keys(page):
    p = page(html("scalar"), width=1280, height=900)
    stage = "document.getElementById('stage').clientWidth"
    before, box = p.evaluate(stage), p.locator("#divider").bounding_box()
    p.mouse.move(box["x"] + 8, box["y"] + 100)
    p.mouse.down()
    p.mouse.move(box["x"] - 192, box["y"] + 100, steps=4)
    p.mouse.up()
    assert p.evaluate(stage) == pytest.approx(before - 200, abs=15)
    p.focus("#divider")
    value = int(p.get_attribute("#divider", "aria-valuenow"))
    p.keyboard.press("ArrowUp")
    assert int(p.get_attribute("#divider", "aria-valuenow")) == value + 4
    assert p.locator("svg.on").bounding_box()["width"] <= p.evaluate(stage) + 2
    assert p.evaluate("document.getElementById('work').scrollWidth <= innerWidth")


# --- in a notebook ----------------------------------------------------------------


def test_the_frame_is_as_high_as_its_page_and_follows_the_theme(page):
    frame = animate(graphs.cubic())._repr_html_()
    around = (
        "<!DOCTYPE html><meta charset=utf-8><body data-jp-theme-light=true "
        f'style="background:#fff"><div id=out style="display:none">{frame}</div>'
    )
    p = page(around, width=1100, height=700)
    p.evaluate("document.getElementById('out').style.display = ''")  # shown later than made
    inside = p.frame_locator("iframe")
    inside.locator("svg.on").wait_for()
    p.wait_for_function(
        "parseFloat(document.querySelector('iframe').style.height) !== 760", timeout=8000
    )
    high = p.evaluate("document.querySelector('iframe').clientHeight")
    whole = inside.locator("html").evaluate("e => e.scrollHeight")
    assert abs(high - whole) <= 4
    ground = "e => getComputedStyle(e).backgroundColor"
    assert inside.locator("body").evaluate(ground) == "rgb(255, 255, 255)"
    p.evaluate("document.body.style.background = '#111'; document.body.dataset.theme = 'x'")
    inside.locator("html[data-theme=dark]").wait_for(state="attached")
    assert inside.locator("body").evaluate(ground) == "rgb(22, 24, 29)"
    assert p.locator("figure").is_hidden()


def test_where_scripts_are_stripped_a_still_and_its_caption_remain(page):
    frame = animate(graphs.cubic())._repr_html_()
    stripped = re.sub(r"<script>.*?</script>", "", frame, flags=re.DOTALL)
    p = page(f"<!DOCTYPE html><meta charset=utf-8>{stripped}")
    assert p.locator("iframe").count() == 0
    assert p.locator("figure img").is_visible()
    assert p.evaluate("document.querySelector('figure img').naturalWidth") > 100
    assert "140" in p.get_attribute("figure img", "alt")
    assert "8 + 132 = 140" in text(p, "figcaption")


def test_a_picture_follows_the_notebooks_theme(page):
    picture = draw(graphs.cubic())._repr_mimebundle_()["text/html"]
    p = page(
        f"<!DOCTYPE html><meta charset=utf-8><body data-jp-theme-light=false>{picture}",
        color_scheme="light",
    )
    fill = "getComputedStyle(document.querySelector('.ground')).fill"
    assert p.evaluate(fill) == "rgb(22, 24, 29)"
    p.evaluate("document.body.dataset.jpThemeLight = 'true'")
    assert p.evaluate(fill) == "rgb(255, 255, 255)"
