"""What the tests of the documentation site share: its modules, and a small build of it."""

import importlib
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = ROOT / "site" / "docs"
SOME_PAGES = {
    "docs/howto/find-a-nan.md",
    "docs/coming-from/micrograd.md",
    "docs/distributed.md",  # with a formula
    "notebooks/01_derivatives_live_on_edges.ipynb",
}
SOME_MODULES = ("autograd_core.rounding", "nn.distributed")


def module(name):
    """One of the modules of site/docs."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return importlib.import_module(name)


def small_build(folder):
    """Build the front page and a few pages of each kind; return Sphinx's status and the folder."""
    build = module("build_docs")
    pages, out = folder / "pages", folder / "site" / "docs"
    pages.mkdir(parents=True)
    build.staging.Staging(pages, SOME_PAGES).run()
    shutil.copyfile(HERE / "pages" / "index.md", pages / "index.md")
    build.front(pages)
    build.gallery.write(pages / "gallery", ("branch", "not_a_number"))
    build.reference.write(pages / "reference", SOME_MODULES)
    build.styles(pages)
    index = pages / "index.md"
    text = index.read_text(encoding="utf-8")
    found = [p for p in pages.rglob("*") if p.suffix in (".md", ".rst", ".ipynb")]
    listed = sorted(p.relative_to(pages).with_suffix("").as_posix() for p in found if p != index)
    text = (
        text.split("::::{grid}")[0] + "\n```{toctree}\n:hidden:\n\n" + "\n".join(listed) + "\n```\n"
    )
    index.write_text(text, encoding="utf-8")
    fewer = "-Dsuppress_warnings=myst.xref_missing,toc.not_readable,toc.not_included,ref.doc"
    return build.sphinx(pages, out, fewer), out
