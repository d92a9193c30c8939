"""Build the documentation site: ``python site/docs/build_docs.py``; `make docs` calls it."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import gallery  # noqa: E402
import reference  # noqa: E402
import staging  # noqa: E402

from autograd_core.viewer.palette import DARK, LIGHT  # noqa: E402

OUT = ROOT / "site" / "build" / "docs"
WORK = ROOT / "build" / "docs"  # the gathered pages, and what Sphinx keeps of them
TREES = {  # what is appended to pages that have no toctree, being pages of the repository
    "tutorials/index.md": "[0-9]*\nexamples",
    "explanation/decisions/index.md": "[0-9]*",
    "explanation/speed/index.md": "convolution\nsequences\nfamilies\nclock",
    "explanation/speed/families.md": "families/*",
}


def gather(work: Path) -> Path:
    """Write all that Sphinx reads below a folder, which is made anew; return that of the pages."""
    if work.exists():
        shutil.rmtree(work)
    folder = work / "pages"
    staging.Staging(folder).run()
    staging.copy_own(folder)
    front(folder)
    gallery.write(folder / "gallery")
    reference.write(folder / "reference")
    styles(folder)
    for place, entries in TREES.items():
        with (folder / place).open("a", encoding="utf-8") as file:
            file.write(f"\n```{{toctree}}\n:hidden:\n:glob:\n\n{entries}\n```\n")
    return folder


def front(folder: Path) -> None:
    """Put the moving graph into the front page."""
    path = folder / "index.md"
    page = gallery.moving(gallery.run("branch")["page"], plays=True)
    path.write_text(path.read_text(encoding="utf-8").replace("%moving%", page), encoding="utf-8")


def styles(folder: Path) -> None:
    """Write the style sheet that is made from the pages' own colours."""
    static = folder.parent / "static"
    static.mkdir(exist_ok=True)
    (static / "colours.css").write_text(colours(folder), encoding="utf-8")


def colours(folder: Path) -> str:
    """Return the colours of plots and of the ground as CSS: the theme's, whatever the reader's.

    Plots in notebooks bring colours for the reader's dark scheme. A variable is named after the
    colour that it has in a light page.
    """
    plot = next((folder / "tutorials").glob("*.ipynb")).read_text(encoding="utf-8")
    found = re.search(r"@media \(prefers-color-scheme: dark\) \{ \.plot \{ ([^}]*)\}", plot)
    dark = found[1] if found else ""
    light = re.sub(r"--plot-(\w+): #\w+", r"--plot-\1: #\1", dark)
    return "".join(
        f'html[data-theme="{theme}"] {{ --pst-color-background: {colours["ground"]} }}\n'
        f'html[data-theme="{theme}"] .plot {{ {plots} }}\n'
        for theme, colours, plots in (("light", LIGHT, light), ("dark", DARK, dark))
    )


def sphinx(source: Path, out: Path, *options: str) -> int:
    """Run Sphinx; a warning is an error."""
    from sphinx.cmd.build import main as build

    return int(build([
        "-W", "--keep-going", "-q", "-c", str(HERE), "-d", str(source.parent / "doctrees"),
        *options, str(source), str(out),
    ]))  # fmt: skip


def main() -> int:
    """Gather the pages, and build the site."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--jobs", default="auto", help="processes that Sphinx may start")
    options = parser.parse_args()
    pages = gather(WORK)
    if options.out.exists():
        shutil.rmtree(options.out)
    return sphinx(pages, options.out, "-j", options.jobs)


if __name__ == "__main__":
    sys.exit(main())
