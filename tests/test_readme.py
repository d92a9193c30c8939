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
