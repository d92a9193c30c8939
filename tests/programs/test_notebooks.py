"""The ten pages: in step with their sources, complete, and true when run again."""

import importlib.util
import json
import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
spec = importlib.util.spec_from_file_location("notebooks_build", FOLDER / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
SOURCES = build.sources()
each_page = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def kept(source):
    return json.loads(build.page_of(source).read_text(encoding="utf-8"))


def outputs(page):
    return [out for cell in page["cells"] for out in cell.get("outputs", ())]


def every(page, kind):
    found = (out.get("data", {}) for out in outputs(page))
    return ["".join(data[kind]) for data in found if kind in data]


def test_there_are_ten_pages_and_nothing_else():
    assert [int(path.stem[:2]) for path in SOURCES] == list(range(1, 11))
    assert sorted(FOLDER.glob("*.ipynb")) == [build.page_of(path) for path in SOURCES]


@each_page
def test_page_is_what_its_source_says(source):
    cells = build.cells(source.read_text(encoding="utf-8"))
    page = kept(source)
    nbformat.validate(page)
    assert [cell["cell_type"] for cell in page["cells"]] == [cell.kind for cell in cells]
    for here, there in zip(page["cells"], cells, strict=True):
        assert "".join(here["source"]) == there.source
        assert here["metadata"].get("tags", []) == list(there.tags)
    code = [cell for cell in page["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))


@each_page
def test_page_is_complete(source):
    """One question first, graphs, a stepping page, pictures explained, an exercise, claims held."""
    page = kept(source)
    first = "".join(page["cells"][0]["source"])
    title, question = re.match(r"# (\d+ · [^\n]+)\n\n\*\*(.+?)\*\*", first, re.S).groups()
    assert title.startswith(f"{int(source.stem[:2])} · ")
    assert question.endswith("?")
    text = "\n".join("".join(c["source"]) for c in page["cells"] if c["cell_type"] == "markdown")
    code = "\n".join("".join(c["source"]) for c in page["cells"] if c["cell_type"] == "code")
    assert "## Exercise" in text
    assert "<summary>Solution</summary>" in text
    assert "answer = None" in code
    assert len(re.findall(r"^ *assert ", code, re.M)) >= 10
    kinds = [kind for out in outputs(page) for kind in out.get("data", {})]
    html = [
        "".join(out["data"]["text/html"])
        for out in outputs(page)
        if "text/html" in out.get("data", {})
    ]
    assert sum("<iframe" in page for page in html) == 1
    graphs = [
        "".join(out["data"]["image/svg+xml"])
        for out in outputs(page)
        if "image/svg+xml" in out.get("data", {})
    ]
    assert any('class="graph"' in picture for picture in graphs)
    plots = sum('class="plot"' in picture for picture in graphs)
    assert plots >= 1
    assert kinds.count("text/markdown") == plots  # each with a sentence
    assert all("prefers-color-scheme: dark" in picture for picture in graphs)


@each_page
def test_page_can_be_published(source):
    path = build.page_of(source)
    text = path.read_text(encoding="utf-8")
    assert len(text) < 1_000_000
    for out in outputs(kept(source)):
        assert out["output_type"] != "error"
        assert out.get("name") != "stderr"
    for place in ("/work", "/tmp", "/home", "/root", "/Users", "ipykernel_", "C:\\\\"):
        assert place not in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [  # every third page; the others in `make exhaustive`
        pytest.param(path, marks=() if k % 3 == 0 else pytest.mark.exhaustive, id=path.stem)
        for k, path in enumerate(SOURCES)
    ],
)
def test_page_runs_again_and_says_the_same(source):
    """In a fresh kernel; every assertion in it holds, and so does every number it prints."""
    assert build.differences(build.run(source), kept(source)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("print(1)\n# %%\n", "starts with a cell"), ("# %% [markdown]\nhello\n", "are comments")],
)
def test_bad_sources_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        build.cells(text)


def page_that_printed(text, *tags):
    return {
        "cells": [
            {
                "id": "a",
                "metadata": {"tags": list(tags)},
                "outputs": [{"name": "stdout", "text": text}],
            }
        ]
    }


@pytest.mark.parametrize(
    ("now", "then", "tags", "same"),
    [
        ("loss 0.500, 3 of 4", "loss 0.500,  3 of 4", (), True),
        ("1,234.5 FLOPs", "1234.5 FLOPs", (), True),
        ("loss 0.500", "loss 0.501", (), True),  # the last digit, rounded
        ("loss 0.500", "loss 0.510", (), False),
        ("loss 0.500", "cost 0.500", (), False),
        ("4 of 5", "4 5", (), False),
        ("took 3.2 ms", "took 410 µs", ("approximate",), True),
        ("took 3.2 ms", "needed 3.2 ms", ("approximate",), False),
    ],
)
def test_comparison(now, then, tags, same):
    found = build.differences(page_that_printed(now, *tags), page_that_printed(then, *tags))
    assert (found == []) is same
