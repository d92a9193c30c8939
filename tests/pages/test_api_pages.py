"""The API reference: up to date, with an entry for each public name, and links that lead there."""

import importlib
import re
from pathlib import Path

import pytest

pytest.importorskip("scipy")
ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "api"
spec = importlib.util.spec_from_file_location("make_api_pages", ROOT / "docs" / "make_api_pages.py")
api = importlib.util.module_from_spec(spec)
spec.loader.exec_module(api)
FENCE = re.compile(r"^( *)```.*?^\1```$", re.M | re.S)
LINK = re.compile(r"(?<!!)\[[^\]\n]*(?:\n[^\]\n]*)?\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def written():
    return {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}


def slugs(text):
    """The anchors that GitHub gives to the headings of a page."""
    anchor = api.anchors()
    return {anchor(h.strip("`")) for h in re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.M)}


def test_the_pages_are_up_to_date(written):
    made = api.pages()
    assert sorted(written) == sorted(made), "run make pages"
    for name, text in made.items():
        assert written[name] == text, f"{name}: run make pages"


@pytest.mark.parametrize("label", api.MODULES)
def test_each_public_name_has_an_entry_that_says_something(label, written):
    module = importlib.import_module(label)
    text = written[f"{label}.md"]
    for name in api.names_of(module):
        entry = text.split(f"\n## `{name}`\n\n", 1)[1].split("\n## ")[0]
        assert FENCE.sub("", entry).strip(), f"{label}.{name} has no docstring"
        assert f"| [`{name}`]({label}.md#" in written["README.md"]


def test_each_listed_public_name_has_an_entry(written):
    """tests/public_names.txt is the list; a module stands in the index instead."""
    text = (ROOT / "tests" / "public_names.txt").read_text(encoding="utf-8")
    listed = dict(part.split(":", 1) for part in text.strip().split("\n\n"))
    for label in ("autograd_core", "nn", "optim"):
        page, packages = written[f"{label}.md"], ("autograd_core.scipy", "nn", "optim")
        for name in listed[label].split():
            module = f"{label}.{name}" in (*api.MODULES, *packages) or name in packages
            assert module or f"\n## `{name}`\n" in page, name
    undescribed = {"Tensor." + name for name in listed["autograd_core.Tensor"].split()}
    undescribed -= set(re.findall(r"^### `(Tensor\.\w+)`$", written["autograd_core.md"], re.M))
    assert undescribed == set()


def test_every_public_module_has_a_page():
    """What stands beside the rooms in the package's folder is public."""
    rooms = {
        "base", "compiling", "costs", "engine", "lab", "operations", "rules", "transforms",
        "workers",
    }  # fmt: skip
    found = {
        path.stem
        for path in (ROOT / "autograd_core").iterdir()
        if not path.name.startswith(("_", ".")) and (path.is_dir() or path.suffix == ".py")
    }
    for name in sorted(found - rooms):
        has = any(f"{label}.".startswith(f"autograd_core.{name}.") for label in api.MODULES)
        assert has, f"autograd_core.{name}: add it to MODULES in docs/make_api_pages.py"


@pytest.mark.parametrize("page", sorted(path.name for path in FOLDER.glob("*.md")))
def test_links_lead_somewhere(page, written):
    for target in LINK.findall(FENCE.sub("", written[page])):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        path = (FOLDER / (file or page)).resolve()
        assert path.is_file(), target
        if anchor:
            assert anchor in slugs(path.read_text(encoding="utf-8")), target


def test_readers_are_sent_here():
    for page in ("README.md", "docs/design.md"):
        assert "api/README.md" in (ROOT / page).read_text(encoding="utf-8"), page


def test_what_github_shows(written):
    """Every fence is closed, and no machine's addresses or marks of another markup are left."""
    for name, text in written.items():
        assert len(re.findall(r"^ *```", text, re.M)) % 2 == 0, name
        rest = FENCE.sub("", text)
        for mark in (" at 0x", ".. math", ":math:", ">>> ", "Parameters\n---"):
            assert mark not in rest, (name, mark)
        assert not re.search(r"(?<!\\)<[a-zA-Z]", re.sub(r"``.+?``|`[^`\n]+`", "", rest)), name


def test_anchors_of_headings_that_differ_in_case_only():
    anchor = api.anchors()
    assert [anchor(h) for h in ("Rounding", "rounding", "Net.forward", "clip_grad_")] == [
        "rounding", "rounding-1", "netforward", "clip_grad_",
    ]  # fmt: skip


def test_signatures_are_written_as_one_would_call_them():
    def f(x, *, pair=(0.9, 0.999), how=len, what=object, **others): ...

    assert api.signature("f", f) == ("f(x, *, pair=(0.9, 0.999), how=len, what=object, **others)")

    def g(
        x, first=(1, 2), second="a, b", third=None, *, fourth=len, fifth=1e-06, sixth=True, z=0
    ): ...

    assert api.signature("a_long_name", g).split("\n") == [
        "a_long_name(", "    x,", "    first=(1, 2),", "    second='a, b',", "    third=None,",
        "    *,", "    fourth=len,", "    fifth=1e-06,", "    sixth=True,", "    z=0,", ")",
    ]  # fmt: skip
