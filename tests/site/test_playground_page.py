"""The built playground in Chromium: lessons, errors, stop, links, changed values, accessibility.

`make site` builds it; without a built folder (site/build, or what AUTOGRAD_SITE names) these tests
are skipped.
"""

import base64
import json
import re

import lesson_numbers
import numpy as np
import pytest
from built_site import BUILT, PATIENCE, needs, served
from test_playground_lessons import BUGS, LESSONS, RIGHT

pytestmark = [pytest.mark.slow, needs("playground")]


@pytest.fixture(scope="module")
def addresses():
    """The site with the two headers, and from a folder of another name without them."""
    with served(BUILT, True) as one, served(BUILT.parent, False) as other:
        yield [f"{one}playground/index.html", f"{other}{BUILT.name}/playground/index.html"]


class Playground:
    """A page of it; at the end nothing may have been thrown or asked of another server."""

    def __init__(self, browser, address, fragment="#code=cGFzcw", **options):
        settings = {"viewport": {"width": 1280, "height": 860}, **options}
        self.context = browser.new_context(permissions=["clipboard-write"], **settings)
        self.context.set_default_timeout(PATIENCE)
        self.complaints = []
        self.page = self.context.new_page()
        origin = re.match(r"http://[^/]+/", address)[0]
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None,
        )
        self.context.on(
            "request",
            lambda r: None if r.url.startswith((origin, "data:", "blob:", "about:"))
            else self.complaints.append(r.url),
        )  # fmt: skip
        self.page.goto(address + fragment)
        self.page.locator("html[data-ready]").wait_for(state="attached")

    def close(self):
        self.context.close()
        assert self.complaints == []

    @property
    def status(self):
        return self.page.text_content("#status")

    @property
    def output(self):
        lines = "[...document.querySelectorAll('#output > div')].map(e => e.textContent)"
        return "\n".join(self.page.evaluate(lines))

    @property
    def frame(self):
        return self.page.frame_locator("#frame iframe:not(.coming)")

    def says(self, text):
        self.page.locator("#status", has_text=re.compile(text)).wait_for()

    def write(self, source):
        self.page.locator(".cm-content").focus()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def run(self, source=None, says="^Done"):
        if source is not None:
            self.write(source)
        self.page.evaluate("document.getElementById('status').textContent = ''")
        self.page.click("#run")
        self.says(says)

    def lesson(self, name):
        self.page.evaluate("document.getElementById('status').textContent = ''")
        self.page.select_option("#lesson", name)
        self.says("^Done")

    def data(self):
        return json.loads(self.frame.locator("#data").text_content())


@pytest.fixture(scope="module")
def shared(browser, addresses):
    """One page for what leaves it usable: to load Python takes seconds."""
    made = Playground(browser, addresses[0])
    yield made
    made.close()


@pytest.fixture
def opened(browser, addresses):
    made = []

    def new(fragment="#code=cGFzcw", isolated=True, **options):
        made.append(Playground(browser, addresses[0 if isolated else 1], fragment, **options))
        return made[-1]

    yield new
    for one in made:
        one.close()


# --- lessons -----------------------------------------------------------------------------


def leaves_of(data):
    return {c["name"]: c for c in data["cards"].values() if c["kind"] == "parameter"}


@pytest.mark.parametrize("name", RIGHT)
def test_a_lesson_shows_the_numbers_that_plain_numpy_gives(shared, name, capsys):
    import playground_runner

    shared.lesson(name)
    data = shared.data()
    function = getattr(lesson_numbers, name)
    here = json.loads(playground_runner.run((LESSONS / f"{name}.py").read_text(encoding="utf-8")))
    leaves = {
        key: np.array(leaf["values"]).reshape(leaf["shape"])[()]
        for key, leaf in here["leaves"].items()
    }
    (end,) = [card for card in data["cards"].values() if card["output"]]
    assert end["value"]["number"] == pytest.approx(function(**leaves), rel=1e-9)
    slopes = lesson_numbers.gradients(function, leaves)
    cards = leaves_of(data)
    for key in set(cards) & set(slopes):  # those inside of closed groups have no card
        size = np.sqrt(np.mean(np.square(slopes[key])))
        assert abs(cards[key]["grad"]["number"]) == pytest.approx(size, rel=1e-9)
    assert set(cards) & set(slopes)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_mended_in_the_editor(shared, name, capsys):
    shared.lesson(name)
    assert "bug gone: False" in shared.output
    wrong, right = BUGS[name]
    text = (LESSONS / f"{name}.py").read_text(encoding="utf-8")
    shared.run(text.replace(wrong, right))
    assert "bug gone: True" in shared.output


def test_a_training_shows_its_bar_and_a_surface_that_moves(shared):
    shared.page.evaluate("document.getElementById('status').textContent = ''")
    shared.page.select_option("#lesson", "moons")
    picture = "document.getElementById('canvas').toDataURL()"
    title = shared.page.locator("#surfacetitle", has_text=re.compile("epoch [1-9]"))
    title.wait_for()
    first = shared.page.evaluate(picture)
    shared.says("^Done")
    assert shared.page.evaluate(picture) != first
    assert shared.page.text_content("#surfacetitle").startswith("epoch 40, loss 0.")
    assert "100%" in shared.output
    assert float(re.search(r"([\d.]+)% of the points", shared.output)[1]) >= 95
    assert shared.frame.locator("svg.on .card").count() > 3


# --- editing and errors ----------------------------------------------------------------------


def test_an_error_is_marked_in_its_line_and_the_mark_goes(shared):
    shared.run("a = 1\nb = 2\nc = a / (b - 2)\n", says="^ZeroDivisionError. Line 3 is marked")
    page = shared.page
    assert page.locator(".cm-wrong").inner_text() == "c = a / (b - 2)"
    assert page.locator(".cm-lintRange-error").inner_text() == "a / (b - 2)"
    assert "ZeroDivisionError: division by zero" in shared.output
    assert "program.py" in page.locator("#output details").text_content()
    shared.run("x = = 2", says="^SyntaxError. Line 1 is marked")
    shared.run("x = 2")
    assert page.locator(".cm-wrong, .cm-lintRange-error").count() == 0


def test_the_keyboard_runs_and_leaves_the_editor(shared):
    shared.write("print('by', 'keys')")
    shared.page.evaluate("document.getElementById('status').textContent = ''")
    shared.page.keyboard.press("Control+Enter")
    shared.says("^Done")
    assert "by keys" in shared.output
    shared.page.locator(".cm-content").focus()
    shared.page.keyboard.press("Escape")
    shared.page.keyboard.press("Tab")
    inside = "document.activeElement.closest('#editor') !== null"
    assert not shared.page.evaluate(inside)


def test_output_is_text_and_a_carriage_return_writes_over_the_line(shared):
    shared.run("print('<b>no</b>')\nprint('12345\\rab')\nprint()\nprint('é😀')")
    assert shared.output.rstrip("\n") == "<b>no</b>\nab345\n\né😀"
    shared.run("for k in range(200000):\n    print(k)")
    assert "more was printed than is shown here" in shared.output
    assert len(shared.output) < 150_000


def test_hostile_text_stays_text(shared):
    shared.run(
        "from autograd_core import Tensor, scope\nx = Tensor(1.0, True)\n"
        "with scope('<img src=x onerror=alert(1)>'):\n    y = x * x\nF = y * 2\n"
        "raise ValueError('</script><script>alert(2)</script>')",
        says="^ValueError",
    )
    assert "</script><script>alert(2)</script>" in shared.output
    assert shared.page.locator("img").count() == 0


# --- stop ---------------------------------------------------------------------------------


@pytest.mark.parametrize("isolated", [True, False])
def test_a_long_run_is_stopped_and_the_next_one_runs(opened, isolated):
    page = opened(isolated=isolated)
    assert page.page.evaluate("crossOriginIsolated") is isolated
    page.write("print('started', flush=True)\nwhile True:\n    pass\n")
    page.page.click("#run")
    page.page.locator("#output", has_text="started").wait_for()
    page.page.click("#stop")
    page.says("^Stopped. What there was is shown" if isolated else "^Stopped. Python starts anew")
    page.run("print(6 * 7)")
    assert "42" in page.output


# --- links, files ---------------------------------------------------------------------------


def test_a_link_carries_the_program_and_waits_for_the_reader(opened):
    source = "# ünï → 😀\nprint('from', 'the link')\n" * 20
    page = opened()
    page.write(source)
    page.page.click("#share")
    page.says("link")
    fragment = page.page.evaluate("location.hash")
    assert fragment.startswith("#zcode=")
    assert len(fragment) < len(source) / 3
    other = opened(fragment)
    other.says("came with the link")
    assert other.page.locator(".cm-content").inner_text().splitlines()[0] == "# ünï → 😀"
    assert other.output.strip() == ""
    other.run()
    assert other.output.count("from the link") == 20


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("#zcode=AAAA", "cannot be read"),
        ("#code=w7", "cannot be read"),
        ("#lesson=no", "no lesson"),
    ],
)
def test_a_broken_link_says_so_and_shows_the_first_lesson(shared, fragment, said):
    shared.page.evaluate(f"location.hash = '{fragment}'")
    shared.says(said)
    assert shared.page.locator(".cm-content").inner_text().startswith('"""A cubic')


def test_the_link_of_the_documentation_opens(opened):
    text = base64.urlsafe_b64encode("print('übung')".encode()).decode().rstrip("=")
    page = opened(f"#code={text}")
    page.says("came with the link")
    page.run()
    assert "übung" in page.output


def test_the_stepping_page_is_saved_as_one_file(shared, browser, tmp_path):
    shared.lesson("cubic")
    with shared.page.expect_download() as waiting:
        shared.page.click("#download")
    assert waiting.value.suggested_filename == "F.html"
    path = tmp_path / "F.html"
    waiting.value.save_as(path)
    page = browser.new_page()
    asked = []
    page.on("request", lambda r: asked.append(r.url))
    page.goto(path.as_uri())
    page.keyboard.press("End")
    assert "132" in page.text_content("#sentence")
    assert asked == [path.as_uri()]
    page.close()


# --- it answers back ----------------------------------------------------------------------------


def choose(playground, name):
    card = playground.frame.locator("svg.on .card", has_text=re.compile(f"^▸?{name}[^=]*$")).first
    card.click()
    playground.page.locator("#change").wait_for()


def test_a_value_is_typed_and_dragged_and_both_passes_run_again(shared):
    shared.lesson("cubic")
    choose(shared, "x")
    shared.frame.locator("#last").click()
    shared.page.fill("#value", "3")
    shared.page.press("#value", "Enter")
    shared.says("x = 3. F = 324.")
    x = leaves_of(shared.data())["x"]
    assert (x["value"]["number"], x["grad"]["number"]) == (3, 3 * 9 * 12 + 27)
    assert shared.frame.locator("#count").text_content() == "11/11"  # at the step where it was
    assert shared.frame.locator("#detail").is_visible()
    shared.page.focus("#range")
    for _ in range(3):
        shared.page.keyboard.press("ArrowRight")
    shared.page.locator("#status", has_text=re.compile(r"x = 3\.\d+\. F")).wait_for()
    moved = float(shared.page.input_value("#range"))
    shared.says(re.escape(f"x = {moved:g}."))
    value = leaves_of(shared.data())["x"]["value"]["number"]
    assert value == pytest.approx(moved)
    shared.page.click("#reset")
    shared.says("x = 2. F = 88.")


def test_the_other_branch_is_taken(shared):
    shared.lesson("branch")
    choose(shared, "x")
    shared.page.fill("#value", "-1")
    shared.page.press("#value", "Enter")
    shared.says("x = −1. F = 0.39958")
    text = " ".join(card["title"] for card in shared.data()["cards"].values())
    assert "exp(x)" in text
    assert "sin" not in text


def test_what_if_compares_the_move_with_the_gradient(shared):
    shared.lesson("cubic")
    choose(shared, "x")
    shared.page.fill("#nudge", "0.1")
    shared.page.click("#whatif")
    answer = shared.page.locator("#answer p")
    answer.wait_for()
    exact = 2.1**3 * (2.1 + 9) - 88
    assert f"F moves by {exact:.5g}" in answer.text_content()
    assert "140 × 0.1 = 14." in answer.text_content()
    assert shared.page.locator("#answer svg[role=img]").count() == 1
    choose(shared, "y")
    shared.page.click("#whatif")  # F is linear in y
    shared.page.locator("#answer p", has_text="They agree").wait_for()


# --- for everybody ----------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_and_a_phone_does_not_overflow(opened, axe, scheme):
    page = opened("#lesson=cubic", color_scheme=scheme, reduced_motion="reduce")
    page.says("^Done")
    page.page.evaluate(axe)
    found = []

    def look(state):
        violations = page.page.evaluate(
            "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.target)])"
        )
        found.extend([state, *v] for v in violations)

    look("a lesson")
    choose(page, "x")
    page.page.click("#whatif")
    page.page.locator("#answer p").wait_for()
    look("a value chosen, and what if")
    page.run("1 / 0", says="^ZeroDivision")
    look("an error")
    page.page.set_viewport_size({"width": 380, "height": 800})
    look("on a phone")
    assert found == []
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.lesson("moons")
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_hundred_runs_take_no_more_memory_than_ten(shared):
    shared.lesson("cubic")
    client = shared.context.new_cdp_session(shared.page)

    def used():
        client.send("HeapProfiler.collectGarbage")
        return client.send("Runtime.getHeapUsage")["usedSize"]

    heaps, page = [], []
    for k in range(101):
        shared.run()
        if k in (10, 100):
            heaps.append(int(shared.page.get_attribute("html", "data-heap")))
            page.append(used())
    assert shared.page.locator("iframe").count() == 1
    assert heaps[1] <= heaps[0] * 1.1  # WebAssembly's memory, which never shrinks
    assert page[1] <= page[0] + 4e6
