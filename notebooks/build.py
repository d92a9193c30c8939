"""Make the pages anew: ``python notebooks/build.py [NUMBER ...]``.

Each page is written in source/, a Python file in the percent format (``# %%``
starts a cell, ``# %% [markdown]`` a text).  This program runs it in a fresh kernel
and writes the notebook with its outputs.  Nobody edits a notebook by hand.

A cell tagged ``approximate`` prints numbers that depend on the machine: times, and
what was trained.  Its words are compared by the tests, its numbers are not; the
assertions in it hold everywhere.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
LIMIT = 300  # seconds a cell may take on a slow machine
HEAD = re.compile(r"^# %%(?P<text> \[markdown\])?(?: tags=(?P<tags>\[.*\]))?$")
NUMBER = re.compile(r"[-−]?\d+(?:,\d{3})*(?:\.\d*)?(?:e[-+]?\d+)?")


class Cell(NamedTuple):
    """One cell of a page."""

    kind: str  # "markdown" or "code"
    source: str
    tags: tuple[str, ...] = ()


def sources() -> list[Path]:
    """Return the pages' sources, in order."""
    return sorted((HERE / "source").glob("*.py"))


def page_of(source: Path) -> Path:
    """Return where the notebook of a source stands."""
    return HERE / f"{source.stem}.ipynb"


def cells(text: str) -> list[Cell]:
    """Split a source into its cells."""
    found: list[tuple[str, tuple[str, ...], list[str]]] = []
    for line in text.splitlines():
        head = HEAD.match(line)
        if head:
            kind = "markdown" if head["text"] else "code"
            found.append((kind, tuple(json.loads(head["tags"] or "[]")), []))
        elif found:
            found[-1][2].append(line)
        elif line.strip():
            raise ValueError(f"a page starts with a cell, not with {line!r}")
    made = []
    for kind, tags, lines in found:
        if kind == "markdown":
            if any(line and not line.startswith("#") for line in lines):
                raise ValueError(f"text cells are comments: {lines[0]!r}")
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        made.append(Cell(kind, "\n".join(lines).strip("\n"), tags))
    return made


def notebook(source: Path) -> Any:
    """Return a source as a notebook without outputs."""
    from nbformat import v4

    made = v4.new_notebook()
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {
            "name": "python",
            "file_extension": ".py",
            "mimetype": "text/x-python",
        },
    }
    for k, cell in enumerate(cells(source.read_text(encoding="utf-8"))):
        new = v4.new_markdown_cell if cell.kind == "markdown" else v4.new_code_cell
        one = new(cell.source, id=f"cell-{k:02}")
        if cell.tags:
            one.metadata["tags"] = list(cell.tags)
        made.cells.append(one)
    return made


def run(source: Path) -> Any:
    """Run a page from top to bottom in a fresh kernel and return the notebook with outputs."""
    from nbclient import NotebookClient

    made = notebook(source)
    root = str(HERE.parent)
    known = os.environ.get("PYTHONPATH")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root,
    }
    client = NotebookClient(
        made, timeout=LIMIT, resources={"metadata": {"path": str(HERE)}}
    )
    client.extra_arguments = ["--log-level=ERROR"]
    with client.setup_kernel(env=environment):
        for k, cell in enumerate(made.cells):
            client.execute_cell(cell, k)
    made.metadata.pop("widgets", None)
    for cell in made.cells:
        cell.metadata.pop("execution", None)
        joined: list[Any] = []
        for output in cell.get("outputs", ()):  # a stream comes in pieces, as time has it
            last = joined[-1] if joined else {}
            if "text" in output and last.get("name") == output["name"]:
                last["text"] += output["text"]
            else:
                joined.append(output)
        if cell.cell_type == "code":
            cell.outputs = joined
    return made


def texts(cell: Any) -> str:
    """Return what a cell printed, without pictures and pages."""
    found: list[str] = []
    for output in cell.get("outputs", ()):
        said = output.get("text") or output.get("data", {}).get("text/plain", "")
        found.append("".join(said))
    return "\n".join(found)


def split(text: str) -> tuple[str, list[float]]:
    """Return a text's words, and its numbers; spaces, rules and units of time left out."""
    numbers = [
        float(n.replace(",", "").replace("−", "-").rstrip("."))
        for n in NUMBER.findall(text)
    ]
    words = re.sub(
        r"~?#\s*(?:[mµn]s|s|[kM]B|%)?(?=\W|$)|-{2,}|\s+", " ", NUMBER.sub("#", text)
    )
    return " ".join(words.split()), numbers


def differences(fresh: Any, kept: Any) -> list[str]:
    """Return where the texts of two runs of a page differ.

    Numbers may differ by a rounding of the last digit shown; in an approximate cell,
    by any amount.
    """
    problems: list[str] = []
    for new, old in zip(fresh["cells"], kept["cells"], strict=True):
        (words, numbers), (old_words, old_numbers) = split(texts(new)), split(texts(old))
        same = words == old_words
        if "approximate" not in new["metadata"].get("tags", ()):
            same = same and len(numbers) == len(old_numbers)
            same = same and all(
                math.isclose(a, b, rel_tol=2e-3, abs_tol=1e-9)
                for a, b in zip(numbers, old_numbers, strict=False)
            )
        if not same:
            problems.append(f"{old['id']}, kept:\n{texts(old)}\nas run now:\n{texts(new)}")
    return problems


def write(made: Any, path: Path) -> None:
    """Write a notebook, such that the same outputs are the same bytes."""
    import nbformat

    path.write_text(nbformat.writes(made) + "\n", encoding="utf-8")


def main() -> None:
    """Run the pages and write the notebooks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("pages", nargs="*", type=int, help="numbers of pages; default all")
    wanted = parser.parse_args().pages
    for source in sources():
        if wanted and int(source.stem[:2]) not in wanted:
            continue
        start = time.perf_counter()
        made = run(source)
        write(made, page_of(source))
        size = page_of(source).stat().st_size
        print(f"{source.stem}: {time.perf_counter() - start:.1f} s, {size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
