"""The documentation site before Sphinx reads it: complete, every page listed, every link right."""

import fnmatch
import importlib
import json
import os
import posixpath
import re
import subprocess
import sys
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
import site_docs

pytest.importorskip("numpydoc", reason="the extra docs is not installed")
pytest.importorskip("scipy")
ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^( *)(`{3,}).*?^\1\2`*$", re.M | re.S)
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)```", re.M | re.S)


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    """All pages, as Sphinx will read them."""
    return site_docs.module("build_docs").gather(tmp_path_factory.mktemp("site") / "work")


def names(folder):
    """Every page, without its ending."""
    found = (p for p in folder.rglob("*") if p.suffix in (".md", ".rst", ".ipynb"))
    return {p.relative_to(folder).with_suffix("").as_posix() for p in found}


def listed(text, page, known):
    """The pages that the toctrees of a page list."""
    blocks = TOCTREE.findall(text)
    blocks += re.findall(r"^\.\. toctree::\n((?: +.*\n|\n)*)", text, re.M)
    for block in blocks:
        for line in block.split("\n"):
            entry = re.sub(r".*<(.+)>", r"\1", line).strip()
            if entry and not entry.startswith(":"):
                place = posixpath.normpath(posixpath.join(posixpath.dirname(page), entry))
                hits = fnmatch.filter(known, place.replace("**", "*")) if "*" in place else [place]
                assert hits, f"{page} lists {entry}"
                yield from hits


def text_of(folder, page):
    path = next(
        folder / (page + end)
        for end in (".md", ".rst", ".ipynb")
        if (folder / (page + end)).exists()
    )
    return path.read_text(encoding="utf-8")


def test_every_page_can_be_reached_from_the_front_page(gathered):
    known = names(gathered)
    seen, todo = set(), ["index"]
    while todo:
        page = todo.pop()
        if page not in seen:
            seen.add(page)
            todo.extend(listed(text_of(gathered, page), page, known - {page}))
    assert known - seen == set()
    assert seen - known == set(), "a toctree lists pages that are not there"


def test_each_page_of_the_repository_is_in_a_section(monkeypatch, tmp_path):
    staging = site_docs.module("staging")
    pages = staging.pages()
    assert len(set(pages.values())) == len(pages), "two pages at one place"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "stray.md").write_text("# Stray\n")
    monkeypatch.setattr(staging, "ROOT", tmp_path)
    with pytest.raises(LookupError, match=r"docs/stray\.md is in no section"):
        staging.pages()


def slugs(text):
    """The anchors of a page's headings, as MyST and code hosts make them."""
    found = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in found}


def test_links_between_pages_lead_somewhere(gathered):
    checked = 0
    for path in gathered.rglob("*.md"):
        text = FENCE.sub("", path.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" in target or target.startswith("mailto:"):
                continue
            file, _, anchor = target.partition("#")
            goal = (path.parent / file) if file else path
            assert goal.is_file(), f"{path.relative_to(gathered)}: {target}"
            if anchor and goal.suffix == ".md":
                assert anchor in slugs(goal.read_text(encoding="utf-8")), (path.name, target)
            checked += 1
    assert checked > 300


def test_each_public_name_has_a_page(gathered):
    api = site_docs.module("reference").api
    for label in api.MODULES:
        files = site_docs.module("reference").file_names(label)
        for name in api.names_of(importlib.import_module(label)):
            text = text_of(gathered, f"reference/{label}/{files[name]}")
            assert f"currentmodule:: {label}\n" in text
            assert re.search(rf"^\.\. py:\w+:: {re.escape(name)}\b", text, re.M), (label, name)
            assert text.split(f":: {name}", 1)[1].strip(), (label, name)
    methods = {"Tensor." + name for name in public("autograd_core.Tensor")}
    text = text_of(gathered, "reference/autograd_core/Tensor")
    assert methods - {"Tensor." + m for m in re.findall(r":: (\w+)", text)} == set()


def public(label):
    text = (ROOT / "tests" / "public_names.txt").read_text(encoding="utf-8")
    return dict(part.split(":", 1) for part in text.strip().split("\n\n"))[label].split()


def test_pages_whose_names_differ_in_case_only_are_different_files(gathered):
    for folder in (gathered / "reference").iterdir():
        if folder.is_dir():
            lower = [p.name.lower() for p in folder.iterdir()]
            assert len(lower) == len(set(lower)), folder.name


def test_marks_of_prose_are_shown_as_they_are():
    plain = site_docs.module("reference").plain
    assert plain("|x| and *args, name_ or `a*b` and :math:`a_*`") == (
        r"\|x| and \*args, name\_ or `a*b` and :math:`a_*`"
    )
    assert plain("a process, a *rank*, and 2*n * m*") == "a process, a *rank*, and 2\\*n * m*"
    assert plain("Text::\n\n    a *b |c|\n\nd *e") == "Text::\n\n    a *b |c|\n\nd \\*e"
    assert plain(">>> f(*x)\n3 * |y\n\nand *z") == ">>> f(*x)\n3 * |y\n\nand \\*z"


# --- programs for the playground ---------------------------------------------------------


def programs():
    """Each program that a button of the reference opens."""
    tryit, api = site_docs.module("extensions.tryit"), site_docs.module("reference").api
    for label in api.MODULES:
        for name in api.names_of(importlib.import_module(label)):
            thing = getattr(importlib.import_module(label), name)
            described = [(name, thing)]
            if isinstance(thing, type) and not issubclass(thing, Exception):
                described += [(f"{name}.{inner}", method) for inner, method in api.members(thing)]
            for full, one in described:
                text = api.docstring(one)
                if ">>>" in text and not label.startswith(tryit.ELSEWHERE):
                    names, module = tryit.namespace({"module": label, "fullname": full})
                    program = tryit.of_examples(text, names, module)
                    if tryit.runs_there(program):
                        yield f"{label}.{full}", program


RUNNER = """
import contextlib, io, json, os, sys, tempfile, warnings

KNOWN = set(sys.stdlib_module_names) | {"numpy", "autograd_core", "nn", "optim", "graphviz"}
class Absent:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] not in KNOWN and not name.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent)
warnings.simplefilter("ignore")
silent, here = [], os.getcwd()
for name, program in json.load(sys.stdin):
    said = io.StringIO()
    os.chdir(tempfile.mkdtemp(dir=here))
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(program, f"<{name}>", "exec"), {"__name__": "__main__"})
    except BaseException as error:
        sys.exit(f"{name}: {error!r}\\n{program}")
    if not said.getvalue():
        silent.append(name)
json.dump(silent, sys.stdout)
"""


def run_elsewhere(found, folder):
    """Run programs where only NumPy and these packages are; return those that print nothing."""
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps(found),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NN_COMPILED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_the_programs_behind_the_buttons_of_the_reference_run(tmp_path):
    """Alone, as the playground runs them: with no name that a docstring takes for granted."""
    found = list(programs())
    assert len(found) > 350
    silent = run_elsewhere(found, tmp_path)
    assert len(silent) < 12, silent
    with pytest.raises(AssertionError, match="scipy"):
        run_elsewhere([("planted", "import scipy.special")], tmp_path)


@pytest.mark.exhaustive
def test_the_programs_behind_the_buttons_of_pages_run(gathered, tmp_path):
    tryit, found = site_docs.module("extensions.tryit"), []
    for path in sorted(gathered.rglob("*.md")):
        page = path.relative_to(gathered).with_suffix("").as_posix()
        blocks = re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
        blocks = [block for block in blocks if ">>>" not in block]
        whole = ["\n".join(blocks[: k + 1]) for k in range(len(blocks))]
        able = [program for program in whole if tryit.runs_there(program)]
        if able and tryit.has_buttons(page):
            found.append((page, able[-1]))
    assert len(found) > 30
    run_elsewhere(found, tmp_path)


def test_programs_that_need_more_than_numpy_have_no_button():
    runs_there = site_docs.module("extensions.tryit").runs_there
    assert runs_there("import numpy as np\nfrom autograd_core import grad, nn\n")
    assert not runs_there("import scipy.special\n")
    assert not runs_there("from autograd_core.scipy.linalg import expm\n")
    assert not runs_there("from autograd_core.scipy import linalg\n")
    assert not runs_there("import torch\n")
    assert not runs_there("from autograd_core import cost\ncost(abs, 1.0).modes().plot('x.png')\n")
    assert not runs_there("this is no Python")


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("x", "print(x)"),
        ("p  # the p of a plan", "print(p)  # the p of a plan"),
        ("x = 1", "x = 1"),
        ("print(x)", "print(x)"),
        ("a = 'é'; a + 'é'", "a = 'é'; print(a + 'é')"),
        ("f(1,\n  2)  # two", "print(f(1,\n  2))  # two"),
    ],
)
def test_a_statement_prints_what_an_interpreter_shows(source, made):
    assert site_docs.module("extensions.tryit").printing(source) == made


def test_examples_become_programs_with_their_imports():
    import numpy as np

    tryit = site_docs.module("extensions.tryit")
    text = ">>> y = np.ones(2)\n>>> y.sum()\n2.0\n>>> 1 / 0\nTraceback (most recent call last):\n" \
        "ZeroDivisionError: division by zero\n>>> len(y)\n2\n"  # fmt: skip
    made = tryit.of_examples(text, {"np": np}, "autograd_core")
    assert made.splitlines() == [
        "import numpy as np", "", "y = np.ones(2)", "print(y.sum())", "try:", "    1 / 0",
        "except Exception as error:", "    print(error)", "print(len(y))",
    ]  # fmt: skip
    link = tryit.address(made, "reference/nn/Linear")
    assert link.startswith("../../../playground/index.html#code=")
    code = link.split("#code=")[1]
    assert "=" not in code
    assert urlsafe_b64decode(code + "=" * (-len(code) % 4)).decode() == made


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "gallery").glob("*.py")), ids=lambda p: p.stem
)
def test_a_program_of_the_gallery_draws(path):
    gallery = site_docs.module("gallery")
    assert path.stem in gallery.ORDER
    made = gallery.run(path.stem)
    assert made["picture"].to_svg().startswith("<svg")
    title, about, code = gallery.said(path.stem)
    assert title
    assert about
    assert '"""' not in code
