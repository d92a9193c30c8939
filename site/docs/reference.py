"""The reference: a page for each public name, from the docstrings, as reStructuredText.

Which names are public, and how a call is written, docs/make_api_pages.py decides: its Markdown is
the reference for readers of the repository. numpydoc turns a docstring into reStructuredText.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from numpydoc.docscrape_sphinx import SphinxDocString

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: dict[str, Any] = {
    "show_class_members": False,
    "use_blockquotes": False,
    "attributes_as_param_list": True,
}
SETTINGS["template"] = SphinxDocString("", config=SETTINGS).template  # compiled once
GROUPS = {
    "Derivatives": "autograd_core",
    "Neural networks": "nn",
    "Training": "optim",
}
# What reStructuredText would take for a mark, outside of code, formulas and *emphasis*.
MARK = re.compile(
    r"(:math:`[^`]*`|``.+?``|`[^`]+`|(?<![\w*\\])\*[A-Za-z][\w -]*\*(?![\w*]))"
    r"|(?<![\\*])([*|])(?=[^\s*])|(?<=\w)(_)(?!\w)",
    re.S,
)
BLOCK = re.compile(
    r"^ *>>>.*(?:\n *\S.*)*"  # examples, up to an empty line
    r"|^( *)(?:\S.*)?::(?: .*)?\n(?:\s*\n|\1 +\S.*(?:\n|$))*"  # directives and drawings, indented
    r"|^ *={3,}.*(?:\n *\S.*)*"  # tables
    r"|^ *\*\*[^*]+\*\*",  # names of arguments, which numpydoc has marked
    re.M,
)
LINK = re.compile(r"\[([^\]]+)\]\(\.\./([\w-]+)\.md\)")


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"docs/{name}.py cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


api = _load("make_api_pages")


def file_names(label: str) -> dict[str, str]:
    """Return the page's name for each public name; names may differ in case only."""
    module, seen = import_module(label), set[str]()
    found = {}
    for name in api.names_of(module):
        page = name if name.lower() not in seen else f"{name}-{kind_of(getattr(module, name))}"
        seen.add(page.lower())
        found[name] = page
    return found


def about(text: str) -> str:
    """Return the first paragraph in one line."""
    return " ".join(text.split("\n\n")[0].split())


def heading(text: str, mark: str = "=") -> str:
    """Return a title with its line."""
    return f"{text}\n{mark * len(text)}\n"


def indented(text: str, by: int = 3) -> str:
    """Return text as the content of a directive."""
    return "\n".join(" " * by + line if line.strip() else "" for line in text.split("\n"))


def words(thing: Any) -> str:
    """Return what a thing says of itself, as reStructuredText."""
    if isinstance(thing, ModuleType):
        return about(inspect.cleandoc(thing.__doc__ or ""))
    text = LINK.sub(r":doc:`\1 </reference/\2>`", api.docstring(thing))
    return plain(str(SphinxDocString(text, config=SETTINGS)).strip("\n"))


def plain(text: str) -> str:
    """Return reStructuredText in which asterisks, bars and underscores of prose are themselves."""
    parts, end = [], 0
    for block in BLOCK.finditer(text):
        parts += [escaped(text[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, escaped(text[end:])])


def escaped(prose: str) -> str:
    """Put a backslash before each character that is not meant as a mark."""
    return MARK.sub(lambda m: m[1] or f"\\{m[2] or m[3]}", prose)


def kind_of(thing: Any) -> str:
    """Return the directive that describes a thing."""
    if isinstance(thing, type):
        return "exception" if issubclass(thing, Exception) else "class"
    if isinstance(thing, ModuleType) or not callable(thing):
        return "data"
    return "function"


def directive(kind: str, call: str, text: str) -> str:
    """Return a description with its content; a call may be written over several lines."""
    call = re.sub(r",? *\)$", ")", re.sub(r"\(\s+", "(", " ".join(call.split())))
    return f".. py:{kind}:: {call}\n\n{indented(text)}\n"


def entry(label: str, name: str, thing: Any) -> str:
    """Return the description of a name and, of a class, of its methods."""
    kind = kind_of(thing)
    called = kind in ("class", "function")
    parts = [words(thing)]
    if kind == "class":
        for inner, method in api.members(thing):
            if api.docstring(method):
                of = "property" if isinstance(method, property) else "method"
                call = inner if of == "property" else api.signature(inner, method)
                parts.append(directive(of, call, words(method)))
    text = "\n\n".join(parts)
    return directive(kind, api.signature(name, thing) if called else name, text)


def name_page(label: str, name: str) -> str:
    """Return the page of one public name."""
    thing = getattr(import_module(label), name)
    return (
        f"{heading(f'{label}.{name}')}\n.. py:currentmodule:: {label}\n\n"
        f"{entry(label, name, thing)}"
    )


def module_page(label: str) -> str:
    """Return a module's page: what it says of itself, and a table of its names."""
    module, files = import_module(label), file_names(label)
    text = inspect.cleandoc(module.__doc__ or "")
    parts = [heading(label), f".. py:module:: {label}\n", plain(LINK.sub(r"\1", text)), ""]
    if files:
        parts += [".. list-table::", "   :class: names", ""]
        for name, page in files.items():
            first = words(getattr(module, name)).strip().split("\n\n")[0]
            first = "" if first.startswith("..") else " ".join(first.split())
            parts += [f"   * - :doc:`{name} <{label}/{page}>`", f"     - {first}"]
        parts += ["", ".. toctree::", "   :hidden:", ""]
        parts += [f"   {name} <{label}/{page}>" for name, page in files.items()]
    return "\n".join(parts) + "\n"


def modules_index() -> str:
    """Return the list of the modules in groups, with what each says of itself."""
    parts = [heading("Every public name, by module")]
    for title, package in GROUPS.items():
        labels = [m for m in api.MODULES if m.split(".")[0] == package]
        parts += [heading(title, "-"), ".. list-table::", "   :class: names", ""]
        for label in labels:
            first = about(inspect.cleandoc(import_module(label).__doc__ or ""))
            parts += [f"   * - :doc:`{label}`", f"     - {first}"]
        parts += ["", ".. toctree::", "   :hidden:", ""]
        parts += [f"   {label}" for label in labels] + [""]
    return "\n".join(parts)


def write(folder: Path, labels: tuple[str, ...] | None = None) -> None:
    """Write the pages below a folder; of some modules only, where `labels` names them."""
    for label in labels or api.MODULES:
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / f"{label}.rst").write_text(module_page(label), encoding="utf-8")
        for name, page in file_names(label).items():
            path = folder / label / f"{page}.rst"
            path.write_text(name_page(label, name), encoding="utf-8")
    if labels is None:
        (folder / "modules.rst").write_text(modules_index(), encoding="utf-8")
