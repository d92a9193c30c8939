"""Every code block of the README and the documents runs."""

import doctest
import re
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")
ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


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


def test_design_lists_every_module():
    listed = re.findall(r"`(\w+\.py)`", (ROOT / "docs" / "design.md").read_text(encoding="utf-8"))
    modules = {path.name for path in (ROOT / "autograd_core").glob("*.py")} - {"__init__.py"}
    assert modules - set(listed) == set()


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
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [page.name[:3] for page in pages]
    assert len(set(numbers)) == len(numbers)
    for page, number in zip(pages, numbers, strict=True):
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}: "), page.name
        assert "\n**Context.** " in text, page.name
