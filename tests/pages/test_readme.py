"""Every code block of the README and the documents runs."""

import doctest
import importlib.util
import re
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")
ROOT = Path(__file__).parents[2]
PAGES = [
    p
    for folder in (".", "docs", "docs/coming-from", "docs/howto")
    for p in sorted((ROOT / folder).glob("*.md"))
]


def blocks(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda p: p.name)
def test_code_blocks_run(page, tmp_path, monkeypatch):
    """Blocks of one page share their names, in order, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    for k, block in enumerate(blocks(page)):
        if ">>>" in block:
            example = doctest.DocTestParser().get_doctest(block, names, page.name, None, None)
            assert doctest.DocTestRunner().run(example).failed == 0
            continue
        file = tmp_path / f"{page.stem}_{k}.py"  # a real file, so that lines can be shown
        file.write_text(block, encoding="utf-8")
        exec(compile(block, str(file), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def made_by(script):
    """A module of docs/ that writes a page."""
    spec = importlib.util.spec_from_file_location(script, ROOT / "docs" / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_page_of_files_is_up_to_date():
    made = made_by("make_files_page")
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), "run `make pages`"
    assert made.TESTS.read_text(encoding="utf-8") == made.tests_page(), "run `make pages`"
    assert made.PICTURE.read_text(encoding="utf-8") == made.picture(), "run `make pages`"


@pytest.mark.slow
def test_the_page_of_idioms_is_up_to_date():
    made = made_by("make_idioms_page")
    text = made.page()
    assert (ROOT / "docs" / "numpy-idioms.md").read_text(encoding="utf-8") == text, "`make pages`"
    assert text.count(", 0 wrong.") == 6
    rows = sum(map(int, re.findall(r"Of (\d+) rows", text)))
    assert f"[{rows} idioms]" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_design_names_every_room_and_no_file_that_is_gone():
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^\| `(\w+)` \| .* \| `", text, re.M)
    assert set(rooms) == set(made_by("make_files_page").INSIDE) | {"workers"}
    files = {path.name for path in (ROOT / "autograd_core").rglob("*.py")}
    assert {Path(name).name for name in re.findall(r"`([\w/]+\.py)`", text)} - files == {
        "test_structure.py"
    }


@pytest.mark.parametrize(
    ("page", "counts"),
    [
        ("numpy.md", r"\*\*(\d+) (?:differentiable|locally constant|refused)\*\*"),
        ("mutation.md", r"Planted (\d+), caught (\d+), survived 0"),
        ("fuzz.md", r"^(\d+) programs, 0 findings"),
        ("fuzz-compile.md", r"^(\d+) programs from seed 0, 0 findings"),
    ],
)
def test_readme_has_the_counts_of_the_pages(page, counts):
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace(",", "")
    found = re.findall(counts, (ROOT / "docs" / page).read_text(encoding="utf-8"), re.M)
    assert found
    for count in {n for hit in found for n in ([hit] if isinstance(hit, str) else hit)}:
        assert re.search(rf"\b{count}\b", readme), count


def test_readme_has_the_number_of_rows():
    from cases import EVERY

    quoted = re.search(
        r"about ([\d,]+) rows", " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    )
    assert quoted
    assert abs(int(quoted[1].replace(",", "")) - len(EVERY)) <= 50


def test_decisions_are_numbered_once_and_alike():
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [page.name[:3] for page in pages]
    assert len(set(numbers)) == len(numbers)
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    for page, number in zip(pages, numbers, strict=True):
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}: "), page.name
        assert "\n**Context.** " in text, page.name
        by = re.search(r"\*\*Superseded by\*\* (\d{3})", text)
        assert by is None or by[1] in numbers
        title, state = text.splitlines()[0][7:], f"superseded by {by[1]}" if by else "in force"
        line = rf"\| {number} \| \[{re.escape(title)}\]\({page.name}\) \| [\d-]{{10}} \| {state} \|"
        assert re.search(line, index), f"{page.name}: run `make pages`"


def test_news_fragments_can_be_gathered():
    for fragment in (ROOT / "changes").glob("*.md"):
        if fragment.name != "README.md":
            kinds = "added|changed|deprecated|removed|fixed"
            assert re.fullmatch(rf"[\w-]+\.({kinds})\.md", fragment.name), fragment.name
            assert fragment.read_text(encoding="utf-8").strip().endswith(".")


def test_the_version_is_the_same_everywhere():
    from importlib.metadata import version

    import autograd_core

    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {autograd_core.__version__}\n" in citation
    assert version("autograd-core") == autograd_core.__version__
