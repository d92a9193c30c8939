"""The pages of notebooks/: in step with their sources, complete, and true when run again."""

import base64
import contextlib
import importlib.util
import itertools
import json
import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
spec = importlib.util.spec_from_file_location("notebooks_build", FOLDER / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
SOURCES = build.sources()
COUNT = dict(enumerate(("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"), 10))
README = (FOLDER / "README.md").read_text(encoding="utf-8")
each_page = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def kept(source):
    return json.loads(build.page_of(source).read_text(encoding="utf-8"))


def outputs(page):
    return [out for cell in page["cells"] for out in cell.get("outputs", ())]


def every(page, kind):
    found = (out.get("data", {}) for out in outputs(page))
    return ["".join(data[kind]) for data in found if kind in data]


DRAWN = re.compile(r'src="data:image/svg\+xml;base64,([^"]+)"')


def drawings(page):
    """Return the SVG of all images, each with what it says in words."""
    found = []
    for html in every(page, "text/html"):
        for tag in re.findall(r"<img [^>]*>", html):
            (alt,), (data,) = re.findall(r'alt="([^"]+)"', tag), DRAWN.findall(tag)
            found.append((base64.b64decode(data).decode(), alt))
    return found


def test_every_source_has_its_page_and_its_row():
    assert [int(path.stem[:2]) for path in SOURCES] == list(range(1, len(SOURCES) + 1))
    assert sorted(FOLDER.glob("*.ipynb")) == [build.page_of(path) for path in SOURCES]
    rows = re.findall(r"^\| (\d+) \| \[.+?\]\((.+?)\) \| (.+?) \|$", README, re.M)
    assert [(int(number), name) for number, name, _ in rows] == [
        (k, build.page_of(path).name) for k, path in enumerate(SOURCES, 1)
    ]
    for (_, _, question), path in zip(rows, SOURCES, strict=True):
        assert question.endswith("?"), path


def test_prose_counts_the_pages():
    counted = f"{COUNT[len(SOURCES)]} notebooks"
    makefile = (FOLDER.parent / "Makefile").read_text(encoding="utf-8")
    for text in (README, (FOLDER.parent / "README.md").read_text(encoding="utf-8"), makefile):
        found = re.findall(r"(\w+) notebooks\b", text)
        assert counted in [f"{word.lower()} notebooks" for word in found]


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
    """One question first, graphs, a stepping page, pictures explained, claims held, sources."""
    page = kept(source)
    first = "".join(page["cells"][0]["source"])
    title, question = re.match(r"# (\d+ · [^\n]+)\n\n\*\*(.+?)\*\*", first, re.S).groups()
    assert title.startswith(f"{int(source.stem[:2])} · ")
    assert question.endswith("?")
    text = "\n".join("".join(c["source"]) for c in page["cells"] if c["cell_type"] == "markdown")
    code = "\n".join("".join(c["source"]) for c in page["cells"] if c["cell_type"] == "code")
    assert re.search(r"^---\nSources?: ", text, re.M)
    assert "plt." not in code  # how a picture is drawn stands in pictures/
    assert len(re.findall(r"^ *assert ", code, re.M)) >= 10
    kinds = [kind for out in outputs(page) for kind in out.get("data", {})]
    html = [
        "".join(out["data"]["text/html"])
        for out in outputs(page)
        if "text/html" in out.get("data", {})
    ]
    assert sum("<iframe" in page for page in html) == 1
    graphs = [picture for picture, said in drawings(page)]
    assert any('class="graph"' in picture for picture in graphs)
    plots = sum('class="plot"' in picture for picture in graphs)
    assert plots >= 1
    widths = [
        float(w) for picture in graphs for w in re.findall(r'<svg[^>]* width="(.+?)pt"', picture)
    ]
    assert len(widths) == plots
    assert max(widths) <= 620  # what JupyterLab has beside its panels in a window of 1,000 pixels
    assert kinds.count("text/markdown") == plots  # each with a sentence
    said = "\n".join([text, *every(page, "text/markdown")])
    assert said.count("What to see:") == 1  # the label stands once, at the first picture
    assert all("prefers-color-scheme: dark" in picture for picture in graphs)


@each_page
def test_page_can_be_published(source):
    path = build.page_of(source)
    text = path.read_text(encoding="utf-8")
    assert len(text) < 1_300_000
    shown = "".join([DRAWN.sub("", text.replace('\\"', '"')), *map(str, drawings(kept(source)))])
    for out in outputs(kept(source)):
        assert out["output_type"] != "error"
        assert out.get("name") != "stderr"
    for place in ("/work", "/tmp", "/home", "/root", "/Users", "ipykernel_", "C:\\\\"):
        assert place not in shown


@contextlib.contextmanager
def folder_on_the_path():
    """Import what the pages import, and forget it afterwards."""
    before, known = sys.path[:], set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        yield
    finally:
        sys.path[:] = before
        for name in set(sys.modules) - known:
            if name.partition(".")[0] in ("answers", "page", "pictures"):
                del sys.modules[name]


@pytest.fixture(scope="module")
def page_module():
    with folder_on_the_path():
        yield importlib.import_module("page")


def shown_answers(source):
    """Return the answers that the solutions of a page show: names of an executed piece."""
    found = []
    cells = build.cells(source.read_text(encoding="utf-8"))
    for text, code in itertools.pairwise(cells):
        asked = re.fullmatch(r"answer = None\ncheck\((\d+), answer\)", code.source)
        if not asked:
            continue
        assert int(asked[1]) == len(found) + 1
        assert text.source.count("<details><summary>Solution</summary>") == 1
        (shown,) = re.findall(r"```python\n(.*?)\n```\n</details>$", text.source, re.S)
        names = {"np": np}
        exec(shown, names)
        found.append(names["answer"])
    return found


def worse(answer):
    """Return an answer that is nearly right and wrong: its sign, five per cent, a count by one."""
    if callable(answer):

        def turned(*arguments):
            given = answer(*arguments)
            return tuple(-v for v in given) if isinstance(given, tuple) else -given

        return turned
    if isinstance(answer, str):
        return answer[::-1]
    array = np.asarray(answer)
    return array + 1 if array.dtype.kind in "iu" else array * 1.05


@each_page
def test_exercises_accept_what_their_solutions_show(source, page_module, capsys):
    """And nothing that is nearly so; they never print the answer."""
    answers = shown_answers(source)
    assert 5 <= len(answers) <= 8
    check = page_module.exercises(source.stem[3:])
    known = importlib.import_module(f"answers.{source.stem[3:]}").EXERCISES
    assert len(known) == len(answers)
    for number, answer in enumerate(answers, 1):
        for given, said in ((answer, "Right.\n"), (worse(answer), "Not yet.\n")):
            check(number, given)
            assert capsys.readouterr().out == said, (source.stem, number, given)


@each_page
def test_answers_stand_in_no_output(source):
    """What an exercise cell printed is the invitation, and nothing else."""
    asked = [
        cell
        for cell in kept(source)["cells"]
        if "".join(cell["source"]).startswith("answer = None")
    ]
    assert asked
    for cell in asked:
        (said,) = cell["outputs"]
        assert "".join(said["text"]).startswith("Your turn")


@pytest.mark.parametrize(
    ("answer", "right", "same"),
    [
        (2.718, np.e, True),
        (2.7, np.e, False),
        (7, 7, True),
        (7.1, 7, False),
        (" Forward", "forward", True),
        ("reverse", "forward", False),
        ([0.09, 0.245, -0.335], np.array([0.0900, 0.2447, -0.3348]), True),
        ([0.09, 0.245], np.array([0.0900, 0.2447, -0.3348]), False),
        ("e", np.e, False),
        ([1, [2]], np.ones(2), False),
        (0.0, 0.0, True),
        (0.01, 0.0, False),
    ],
)
def test_what_is_a_right_answer(page_module, answer, right, same):
    assert page_module.agree(answer, right) is same


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [  # three pages; the others in `make exhaustive`
        pytest.param(path, marks=() if k in (1, 4, 10) else pytest.mark.exhaustive, id=path.stem)
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


@each_page
def test_page_names_whole_programs_that_are_in_the_table(source):
    text = source.read_text(encoding="utf-8")
    names = re.findall(r"\[(\w+)\]\(\.\./examples/(\w+)\.py\)", text)
    assert len(names) >= 2
    known = (FOLDER.parent / "examples" / "README.md").read_text(encoding="utf-8")
    for said, name in names:
        assert said == name
        assert f"| [{name}]({name}.py) |" in known
