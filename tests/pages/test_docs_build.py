"""The documentation site as Sphinx builds it: no warning, no network; used in a browser."""

import contextlib
import re
from base64 import urlsafe_b64decode
from html import unescape

import pytest
import site_docs
from built_site import BUILT, PATIENCE, needs, served

pytest.importorskip("scipy")
for package in ("sphinx", "myst_nb", "numpydoc", "pydata_sphinx_theme", "sphinx_design"):
    pytest.importorskip(package, reason="the extra docs is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The front page and a few pages of each kind, built."""
    status, out = site_docs.small_build(tmp_path_factory.mktemp("docs"))
    assert status == 0, "Sphinx gave a warning, see above"
    return out


@pytest.fixture
def page(browser, site):
    """Open pages of the site; none may complain, or ask for anything outside of the site."""
    complaints, contexts = [], []

    def opened(place, root=None, width=1300, **options):
        root = root or site.as_uri()
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        context.set_default_timeout(20_000)
        made = context.new_page()
        made.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        made.on("pageerror", lambda e: complaints.append(str(e)))
        outside = (root, "data:", "about:")
        made.on("request", lambda r: r.url.startswith(outside) or complaints.append(r.url))
        made.goto(f"{root}/{place}")
        return made

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def every_page(site):
    return [p for p in site.rglob("*.html") if "_static" not in p.parts]


def test_pages_load_nothing_from_a_network(site):
    pages = every_page(site)
    assert len(pages) > 20
    for path in pages:
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(
            r"<(?:script|img|iframe|link|source)\b[^>]*?(?:src|href)=\"([^\"]+)", text
        )
        assert not [x for x in loaded if x.startswith(("http", "//"))], path
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", text), path


def check_links(site, whole):
    """Every local link and anchor of the built pages; return how many there are."""
    ids = {p: set(re.findall(r'\bid="([^"]+)"', p.read_text("utf-8"))) for p in every_page(site)}
    checked = 0
    for path in ids:
        for target in re.findall(r'<a\b[^>]*?href="([^"]+)"', path.read_text(encoding="utf-8")):
            file, _, anchor = unescape(target).partition("#")
            if "://" in file or file.startswith("mailto:") or re.search("playground/|lite/", file):
                continue
            if anchor.endswith((".md", ".rst", ".ipynb")) and not whole:
                continue  # of a page that the small build leaves out
            goal = (path.parent / file).resolve() if file else path
            assert goal.is_file(), (path.name, target)
            if anchor and goal in ids:
                assert anchor in ids[goal], (path.name, target)
            checked += 1
    return checked


def test_local_links_and_anchors_lead_somewhere(site):
    assert check_links(site, whole=False) > 500


def test_the_front_page_leads_to_the_playground_and_the_running_notebooks(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    found = {t for t in re.findall(r'href="\.\./([^"#]+)"', text) if re.match("playground|lite", t)}
    assert found == {"playground/index.html", "lite/lab/index.html"}
    for part in {target.partition("/")[0] for target in found}:
        built = BUILT / part
        if built.is_dir():
            assert all((BUILT / t).is_file() for t in found if t.startswith(part))


def test_buttons_carry_whole_programs(site, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # one of them saves a picture
    text = (site / "howto" / "find-a-nan.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(\.\./\.\./playground/index\.html#code=[\w-]+)"', text)
    programs = [urlsafe_b64decode(x.split("code=")[1] + "===").decode() for x in links]
    assert len(programs) == 4
    assert programs[1].startswith(programs[0])  # blocks of one page share their names
    for program in programs:
        exec(compile(program, "<button>", "exec"), {"__name__": "__main__"})
    text = (site / "reference" / "autograd_core.rounding" / "rounding-function.html").read_text(
        "utf-8"
    )
    assert 'href="../../../playground/index.html#code=' in text
    text = (site / "tutorials" / "01_derivatives_live_on_edges.html").read_text("utf-8")
    (name,) = re.findall(r'href="\.\./\.\./lite/notebooks/index\.html\?path=([^"]+)"', text)
    assert (site_docs.ROOT / "notebooks" / name).is_file()


def test_names_lead_to_the_reference_and_formulas_are_mathml(site):
    text = (site / "reference" / "autograd_core.rounding" / "rounding-function.html").read_text(
        "utf-8"
    )
    assert 'class="name reference internal" href="Rounding.html"' in text
    text = (site / "howto" / "distributed.html").read_text(encoding="utf-8")
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML"' in text
    assert not re.search(r"<script[^>]*mathjax", text, re.I)


# --- in a browser ------------------------------------------------------------------------


def frame_of(page):
    return page.locator(".plays iframe").content_frame


def test_the_graph_of_the_front_page_moves_by_itself(page):
    front = page("index.html")
    frame = frame_of(front)
    frame.locator("#play[aria-pressed=true]").wait_for()
    first = frame.locator("#count").inner_text()
    front.wait_for_function("n => n", arg=True)
    frame.locator(f"#count:not(:text-is('{first}'))").wait_for()
    frame.locator("#play").click()  # the reader stops it
    stopped = frame.locator("#count").inner_text()
    front.wait_for_timeout(1600)  # longer than one step at this pace
    assert frame.locator("#count").inner_text() == stopped


def test_it_does_not_move_where_the_reader_asks_for_less_motion(page):
    front = page("index.html", reduced_motion="reduce")
    frame = frame_of(front)
    frame.locator("#play[aria-pressed=false]").wait_for()
    front.wait_for_timeout(1600)
    assert frame.locator("#play").get_attribute("aria-pressed") == "false"


def test_the_picture_is_there_before_any_script_runs(page):
    front = page("index.html", java_script_enabled=False)
    picture = front.locator(".plays img").first
    assert picture.is_visible()
    assert "comes out, by" in picture.get_attribute("alt")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_follow_the_theme_and_not_the_system(page, scheme):
    other = {"light": "dark", "dark": "light"}[scheme]
    made = page("gallery/not_a_number.html", color_scheme=other)
    made.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
    ground = made.locator("svg.graph").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 29)"}[scheme]


@pytest.mark.parametrize("width", [360, 1300])
def test_no_page_is_wider_than_the_window(page, width):
    for place in ("index", "howto/coming-from/micrograd", "reference/nn.distributed/all_reduce"):
        made = page(f"{place}.html", width=width)
        wide = made.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, place


def finds(made):
    hit = made.locator("#search-results a").first
    hit.wait_for()
    return "ounding" in hit.inner_text()


def test_search_works_on_files_and_on_a_server(page, site):
    assert finds(page("search.html?q=rounding"))
    with served(site, isolated=False) as address:
        made = page("search.html?q=rounding", address.rstrip("/"))
        assert finds(made)
        made.close()  # before its server


@pytest.mark.parametrize(
    ("place", "scheme"),
    [
        ("index", "light"),
        ("index", "dark"),
        ("howto/find-a-nan", "light"),
        ("reference/nn.distributed/all_reduce", "dark"),
        ("gallery/not_a_number", "light"),
        pytest.param("gallery/branch", "dark", marks=pytest.mark.exhaustive),
        pytest.param(
            "tutorials/01_derivatives_live_on_edges", "light", marks=pytest.mark.exhaustive
        ),
    ],
)
def test_pages_are_accessible(page, place, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    made = page(f"{place}.html", color_scheme=scheme)
    made.wait_for_timeout(500)
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "preload": False}
    found = axe.Axe().run(made, options=rules).response["violations"]
    assert not [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found]


@needs("playground")
@pytest.mark.parametrize(
    ("place", "which"),
    [("howto/find-a-nan", 0), ("reference/autograd_core.rounding/rounding-function", 0)],
)
def test_a_button_opens_its_program_in_the_playground(page, site, capsys, place, which):
    """And there it prints what it prints here."""
    with contextlib.suppress(FileExistsError):
        (site.parent / "playground").symlink_to(BUILT / "playground")
    with served(site.parent, isolated=True) as address:
        made = page(f"docs/{place}.html", address.rstrip("/"))
        made.set_default_timeout(PATIENCE)
        button = made.locator(".tryit a").nth(which)
        link = button.get_attribute("href")
        program = urlsafe_b64decode(link.split("#code=")[1] + "===").decode()
        button.click()
        made.locator("#status", has_text="This program came with the link").wait_for()
        shown = made.locator(".cm-line").all_inner_texts()
        assert [line.rstrip("\n") for line in shown] == program.split("\n")
        made.locator("html[data-ready]").wait_for(state="attached")
        made.click("#run")
        made.locator("#status", has_text=re.compile("^Done")).wait_for()
        lines = "[...document.querySelectorAll('#output > div')].map(e => e.textContent)"
        printed = "\n".join(made.evaluate(lines))
        made.close()  # before its server
    exec(compile(program, "program.py", "exec"), {"__name__": "__main__"})
    here = capsys.readouterr().out.split()
    assert here
    assert printed.split()[: len(here)] == here  # what its last line shows comes after it


@pytest.mark.exhaustive
def test_the_whole_site_builds_without_a_warning(tmp_path):
    build = site_docs.module("build_docs")
    pages = build.gather(tmp_path / "work")
    assert build.sphinx(pages, tmp_path / "docs", "-j", "auto") == 0
    assert len(every_page(tmp_path / "docs")) > 900
    assert check_links(tmp_path / "docs", whole=True) > 50_000
