"""The pages of the site, gathered in one folder: each from where it stands in the repository.

The pages of docs/, the notebooks and CONTRIBUTING.md stay the source, and can be read there.
Sphinx wants one folder. So they are copied, and their links are written anew: to pages of the
site, or, to a file of code, to a page that shows it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
# The pages of docs/ by what a reader wants; those of its folders go with the folders.
HOWTO = ("dask", "distributed", "gpu", "nn", "onnx", "other-arrays", "searches", "training",
         "typing", "viewer")  # fmt: skip
REFERENCE = ("array-api", "kinks", "nn-coverage", "numpy", "numpy-idioms", "optimize", "scipy",
             "scipy-array-api", "tensor")  # fmt: skip
EXPLANATION = ("compile", "cost", "design", "files", "fuzz", "fuzz-compile", "fuzz-cross",
               "mutation", "reliability")  # fmt: skip
FOLDERS = {
    "docs/howto": "howto",
    "docs/coming-from": "howto/coming-from",
    "docs/decisions": "explanation/decisions",
    "docs/speed": "explanation/speed",
    "docs/speed/families": "explanation/speed/families",
}
OTHERS = {
    "README.md": "overview.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "tests/README.md": "project/tests.md",
    "examples/README.md": "tutorials/examples.md",
    "notebooks/README.md": "tutorials/index.md",
}
FENCE = re.compile(r"(^( *)```.*?^\2```$|`[^`\n]+`)", re.M | re.S)
LINK = re.compile(r"(\]\(|<img [^>]*?src=\"|srcset=\")([^)\s\"#]+)")


def pages() -> dict[str, str]:
    """Return where each page of the repository stands in the site.

    Raises
    ------
    LookupError
        If no section claims a page of docs/.
    """
    found = dict(OTHERS)
    for section, names in (
        ("howto", HOWTO),
        ("reference", REFERENCE),
        ("explanation", EXPLANATION),
    ):
        found |= {f"docs/{name}.md": f"{section}/{name}.md" for name in names}
    for folder, section in FOLDERS.items():
        for path in sorted((ROOT / folder).glob("*.md")):
            name = "index.md" if path.name == "README.md" else path.name
            found[f"{folder}/{path.name}"] = f"{section}/{name}"
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        found[f"notebooks/{path.name}"] = f"tutorials/{path.name}"
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT).as_posix()
        if name not in found and not name.startswith("docs/api/"):
            raise LookupError(f"{name} is in no section: add it to site/docs/staging.py")
    return found


class Staging:
    """Copies pages into a folder, and writes pages for the files of code that they link to.

    Parameters
    ----------
    folder : Path
        Where the pages go.
    only : collection of str, optional
        Names of pages in the repository; all, if it is not given.
    """

    def __init__(self, folder: Path, only: Any = None) -> None:
        self.folder = folder
        self.pages = pages()
        self.only = set(self.pages if only is None else only)
        self.code: set[str] = set()

    def run(self) -> None:
        """Write all."""
        for name, place in self.pages.items():
            if name not in self.only:
                continue
            path = self.folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            text = (ROOT / name).read_text(encoding="utf-8")
            made = self.notebook if path.suffix == ".ipynb" else self.markdown
            path.write_text(made(text, name, place), encoding="utf-8")
        for name in sorted(self.code):
            self.listing(name)

    def markdown(self, text: str, name: str, place: str) -> str:
        """Return a page with its links written anew."""
        parts = FENCE.split(text)
        for k in range(0, len(parts), 3):  # between the fences, and what these two groups caught
            parts[k] = LINK.sub(self._relinked(name, place), parts[k])
        return "".join(part for k, part in enumerate(parts) if k % 3 != 2)

    def notebook(self, text: str, name: str, place: str) -> str:
        """Return a notebook with its links written anew."""
        made = json.loads(text)
        for cell in made["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = self.markdown("".join(cell["source"]), name, place)
        return json.dumps(made)

    def _relinked(self, name: str, place: str) -> Callable[[re.Match[str]], str]:
        def relinked(found: re.Match[str]) -> str:
            before, target = found.groups()
            if "://" in target or target.startswith("mailto:"):
                return found[0]
            path = os.path.normpath(f"{os.path.dirname(name)}/{target}")
            return before + self._address(path.lstrip("/"), place, html="<" in before)

        return relinked

    def _address(self, path: str, place: str, html: bool) -> str:
        """Return a link from a page of the site to what stands at a path of the repository."""
        here = os.path.dirname(place)
        if path.startswith("docs/api/"):
            name = path.removeprefix("docs/api/").removesuffix(".md")
            goal = "reference/modules.rst" if name == "README" else f"reference/{name}.rst"
        elif path in self.pages:
            goal = self.pages[path]
        elif path.endswith((".svg", ".png")):
            goal = f"{'_static/' if html else ''}pictures/{os.path.basename(path)}"
            beside = self.folder.parent / "static" if html else self.folder
            kept = beside / goal.removeprefix("_static/")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, kept)
        elif (ROOT / path).is_file():
            self.code.add(path)
            goal = f"source/{path}.md"
        else:
            goal = "project/index.md"  # a folder of the repository
        return os.path.relpath(goal, here or ".")

    def listing(self, name: str) -> None:
        """Write a page that shows a file of code."""
        path = self.folder / "source" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        language = {".py": "python", "": "make"}.get(Path(name).suffix, "text")
        code = (ROOT / name).read_text(encoding="utf-8")
        path.write_text(f"# {name}\n\n`````{language}\n{code}\n`````\n", encoding="utf-8")


def copy_own(folder: Path) -> None:
    """Copy the site's own pages: the front page and those of the sections."""
    shutil.copytree(HERE / "pages", folder, dirs_exist_ok=True)
