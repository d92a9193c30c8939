"""The prose of the README and of docs/ wraps at 100 columns."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDTH = 100
# Written by programs, from texts that stand elsewhere.
GENERATED = {
    "CHANGELOG.md",
    "docs/decisions/README.md",
    "docs/files.md",
    "docs/fuzz-compile.md",
    "docs/fuzz-cross.md",
    "docs/fuzz.md",
    "docs/kinks.md",
    "docs/mutation.md",
    "docs/numpy-idioms.md",
    "docs/numpy.md",
    "docs/reliability.md",
}
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "changes" / "README.md",
    ROOT / "examples" / "README.md",
    ROOT / "notebooks" / "README.md",
]
PAGES = [page for page in PAGES if page.relative_to(ROOT).as_posix() not in GENERATED]
PAGES = [page for page in PAGES if page.parent != ROOT / "docs" / "api"]  # from docstrings


def prose(text):
    """Lines of a page with their numbers: no code, tables, pictures, or lines without a space."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not (fenced or line.startswith(("|", "    ", "!", "<"))):
            words = line.strip().lstrip("-#* ")
            if " " in words.split("](")[0]:
                yield number, line


def too_long(text):
    return [number for number, line in prose(text) if len(line) > WIDTH]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_prose_wraps(page):
    assert too_long(page.read_text(encoding="utf-8")) == []


def test_what_counts_as_prose():
    long = "word " * 21
    assert too_long(f"{long}\n") == [1]
    assert too_long(f"- {long}\n") == [1]
    assert too_long(f"```\n{long}\n```\n| {long} |\n    {long}\n") == []
    assert too_long(f"```\n```\n{long}\n") == [3]
    assert too_long("word-" * 30) == []
