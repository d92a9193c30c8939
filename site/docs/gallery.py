"""The gallery: each program of docs/gallery with the picture, and the page, that it makes."""

from __future__ import annotations

import ast
import runpy
from functools import cache
from pathlib import Path
from typing import Any

from staging import ROOT

PROGRAMS = ROOT / "docs" / "gallery"
ORDER = ("branch", "neuron", "hidden_layer", "recurrent", "attention", "convolution", "residual",
         "newton", "forward", "second_derivative", "not_a_number", "failed", "changed")  # fmt: skip


def raw(html: str) -> str:
    """Return HTML as a block of a Markdown page."""
    return f"`````{{raw}} html\n{html}\n`````\n"


def moving(page: Any, plays: bool = False) -> str:
    """Return a stepping page, embedded: a still, which a script replaces by the page."""
    kind = "moving plays" if plays else "moving"
    return raw(f'<div class="{kind}">{page._repr_html_()}</div>')


@cache
def run(name: str) -> dict[str, Any]:
    """Run a program of the gallery and return its variables."""
    return runpy.run_path(str(PROGRAMS / f"{name}.py"))


def said(name: str) -> tuple[str, str, str]:
    """Return a program's title, its description, and the code below."""
    source = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    text = ast.get_docstring(tree) or ""
    title, _, about = text.partition("\n\n")
    code = "\n".join(source.split("\n")[tree.body[0].end_lineno :]).strip("\n")
    return title.rstrip("."), about, code


def picture(drawing: Any) -> str:
    """Return a picture as a notebook shows it, with the table of its numbers folded below."""
    return str(drawing._repr_mimebundle_()["text/html"])


def program_page(name: str) -> str:
    """Return the page of a program."""
    title, about, code = said(name)
    made = run(name)
    shown = moving(made["page"]) if "page" in made else raw(picture(made["picture"]))
    return f"# {title}\n\n{about}\n\n{shown}\n## The program\n\n```python\n{code}\n```\n"


def index_page() -> str:
    """Return the page that shows all pictures, each with a link to its program."""
    parts = [
        "# Gallery\n\nEach picture is drawn from the program behind it, when this page is made. "
        "Choose one to see the program, and to step through it.\n\n"
        "::::{grid} 1 2 2 3\n:gutter: 3\n"
    ]
    for name in ORDER:
        title = said(name)[0]
        parts.append(
            f":::{{grid-item-card}} {title}\n:link: {name}\n:link-type: doc\n"
            ":class-card: graph-card\n"
            f"```{{image}} {name}.svg\n:alt: {run(name)['picture'].summary()}\n```\n:::\n"
        )
    parts.append("::::\n\n```{toctree}\n:hidden:\n" + "\n".join(ORDER) + "\n```\n")
    return "\n".join(parts)


def write(folder: Path, names: tuple[str, ...] | None = None) -> None:
    """Write the pages below a folder; of some programs only, where `names` has them."""
    found = {path.stem for path in PROGRAMS.glob("*.py")}
    if found != set(ORDER):
        raise LookupError(f"site/docs/gallery.py orders others than docs/gallery has: {found}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or ORDER:
        (folder / f"{name}.md").write_text(program_page(name), encoding="utf-8")
        run(name)["picture"].save(folder / f"{name}.svg")
    if names is None:
        (folder / "index.md").write_text(index_page(), encoding="utf-8")
