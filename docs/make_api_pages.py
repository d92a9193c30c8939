"""Write docs/api/, the reference of the public names, from their docstrings."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from autograd_core import Primitive, Tensor
from autograd_core.extend import Reading

HERE = Path(__file__).parent / "api"
# What a page is made of, in the order of the index.
MODULES = (
    "autograd_core",
    "autograd_core.adjoints",
    "autograd_core.array_api",
    "autograd_core.compat",
    "autograd_core.compat.autograd",
    "autograd_core.elimination",
    "autograd_core.extend",
    "autograd_core.matrix_chain",
    "autograd_core.numpy",
    "autograd_core.numpy.polynomial",
    "autograd_core.numpy.random",
    "autograd_core.onnx",
    "autograd_core.randomness",
    "autograd_core.revolve",
    "autograd_core.rounding",
    "autograd_core.scipy.cluster.vq",
    "autograd_core.scipy.fft",
    "autograd_core.scipy.integrate",
    "autograd_core.scipy.interpolate",
    "autograd_core.scipy.linalg",
    "autograd_core.scipy.ndimage",
    "autograd_core.scipy.optimize",
    "autograd_core.scipy.signal",
    "autograd_core.scipy.sparse",
    "autograd_core.scipy.sparse.linalg",
    "autograd_core.scipy.special",
    "autograd_core.scipy.stats",
    "autograd_core.sparse",
    "autograd_core.viewer",
    "nn",
    "nn.data",
    "nn.distributed",
    "nn.functional",
    "nn.init",
    "nn.metrics",
    "nn.models",
    "nn.swa_utils",
    "nn.transforms",
    "nn.utils",
    "nn.utils.parametrizations",
    "nn.utils.parametrize",
    "nn.utils.prune",
    "nn.utils.rnn",
    "optim",
    "optim.lr_scheduler",
)
OURS = ("autograd_core", "nn", "optim")
HEAD = """# API reference

`make pages` generates these pages from the docstrings: one page for each module, and one entry for
each public name. Modules under `autograd_core.scipy` and `autograd_core.numpy` also pass on SciPy's
and NumPy's own names; the pages list what differs. Types of arguments are described in words; the
type hints are in the source ([what type checkers see](../typing.md)).
"""
SECTION = re.compile(r"^([A-Z][A-Za-z ]+)\n(-{3,})$", re.M)
EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\n).*)*(?:\n\n>>> .*(?:\n(?!\n).*)*)*", re.M)
DRAWN = re.compile(r"^( *)(?:\.\. math)?::\n\n?((?:\1 +\S.*\n|\n(?=\1 +\S))+)", re.M)
# Code and formulas; or, outside of them, what Markdown would take for a mark.
MARK = re.compile(r"(```.*?```|``.+?``|`[^`]+`|\$[^$\n]+\$)|<(?=[A-Za-z/])|(?<!^)\*", re.M | re.S)
MATH = re.compile(r":math:`([^`]*)`")
TABLE = re.compile(r"^(={3,} +={3,}.*)\n(?:.*\n)*?\1$", re.M)


def ours(thing: Any) -> bool:
    """Whether the engine, nn or optim made it, and not NumPy or SciPy."""
    kind = thing if isinstance(getattr(thing, "__module__", None), str) else type(thing)
    return kind.__module__.split(".")[0] in OURS


def names_of(module: ModuleType) -> list[str]:
    """Return the public names that have an entry, in alphabetical order."""
    if module.__name__ == "autograd_core.numpy":
        return sorted(vars(module)["_names"].OWN)
    names = [n for n in getattr(module, "__all__", dir(module)) if not n.startswith("_")]
    names = [n for n in names if f"{module.__name__}.{n}" not in MODULES]
    kept = {n for n in names if ours(getattr(module, n)) or not callable(getattr(module, n))}
    if module.__name__.startswith("autograd_core.scipy"):  # whose values and modules are SciPy's
        kept = {n for n in kept if n in vars(module) and ours(getattr(module, n))}
    return sorted(kept)


def docstring(thing: Any) -> str:
    """Return what a thing says of itself; of a value, what kind of value it is."""
    kind = type(thing)
    if thing is None or isinstance(thing, float):
        return f"The constant {thing}."
    if isinstance(thing, dict | Reading):
        return f"A value of type `{kind.__name__}`; the table above says what it is for."
    if isinstance(thing, Primitive) and thing.doc is None:
        return ""  # not the class's
    if kind.__name__ == "Distribution":  # what SciPy says of it depends on SciPy's version
        density = "logpmf" if thing.counts else "logpdf"
        return (
            f"`scipy.stats.{thing.name}`, whose methods take traced values too.\n\n"
            f"Called with parameters it is frozen, as in SciPy: `{thing.name}(...).{density}(x)`.\n"
            "[What is differentiated](../scipy.md)."
        )
    return inspect.getdoc(thing) or ""


def signature(name: str, thing: Any) -> str:
    """Return the call as one would write it: names and defaults, without annotations."""
    if type(thing).__name__ == "Distribution":
        parts = [*thing.shapes, "loc=0", *([] if thing.counts else ["scale=1"])]
        return f"{name}({', '.join(parts)})"
    called = getattr(thing, "forward", thing) if isinstance(thing, Primitive) else thing
    try:
        found = inspect.signature(called)
    except (TypeError, ValueError):
        return name
    parameters = []
    for p in found.parameters.values():
        default = p.default
        if default is not p.empty and repr(default).startswith("<"):
            default = Spelled(getattr(default, "__name__", "..."))
        if p.name not in ("self", "cls"):
            parameters.append(p.replace(annotation=p.empty, default=default))
    found = found.replace(parameters=parameters, return_annotation=found.empty)
    line = f"{name}{found}"
    if len(line) <= 96:
        return line
    inner = ",\n".join(f"    {part}" for part in split(str(found)[1:-1]))
    return f"{name}(\n{inner},\n)"


class Spelled:
    """A default that is written as a name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def split(text: str) -> list[str]:
    """Split at the commas that stand outside of brackets and quotes."""
    parts = re.findall(r"(?:\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|'[^']*'|[^,])+", text)
    return [part.strip() for part in parts]


def plain(text: str) -> str:
    """Return running text whose brackets and asterisks are shown as they are."""
    return MARK.sub(lambda found: found[1] or f"\\{found[0]}", MATH.sub(r"$\1$", text))


def prose(text: str) -> str:
    """Return running text as Markdown: formulas, drawings, tables and examples fenced."""

    def drawn(found: re.Match[str]) -> str:
        inside = inspect.cleandoc(found[2])
        if "math" not in found[0].split("\n")[0]:
            return f"```text\n{inside}\n```\n"
        if "&" in inside:
            inside = f"\\begin{{aligned}}\n{inside}\n\\end{{aligned}}"
        return f"```math\n{inside}\n```\n"

    text = re.sub(r"^( *\.\. math::) (?=\S)", r"\1\n          ", text, flags=re.M)
    text = DRAWN.sub(drawn, text + "\n").rstrip("\n")
    text = TABLE.sub(lambda found: f"```text\n{found[0]}\n```", text)
    text = EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", text)
    return plain(text)


def items(text: str) -> str:
    """Return a section of NumPy's form, names with descriptions below, as a list."""
    lines = []
    for line in text.strip("\n").split("\n"):
        if line and not line.startswith(" "):
            name, _, kind = line.partition(" : ")
            lines.append(f"- `{' '.join(name.split())}`" + (f": {kind}" if kind else ""))
        else:
            lines.append(line[2:] if line.startswith("    ") else line)
    return prose("\n".join(lines))


def body(text: str) -> str:
    """Return a docstring as Markdown."""
    parts = SECTION.split(text)
    made = [prose(parts[0].strip("\n"))]
    for title, line, content in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        if len(line) != len(title):  # a table's rule, not a heading's
            made.append(f"{title}\n{line}\n{content}")
            continue
        listed = title not in ("Examples", "Notes", "References", "Formula")
        made.append(f"**{title}**")
        made.append(items(content) if listed else prose(content.strip("\n")))
    return "\n\n".join(made)


def first_line(text: str) -> str:
    """Return the first paragraph in one line, for a cell of a table."""
    return plain(" ".join(text.split("\n\n")[0].split())).replace("|", r"\|")


@cache
def classes() -> set[type]:
    """Return the classes that have an entry."""
    found = set()
    for label in MODULES:
        module = import_module(label)
        things = [getattr(module, name) for name in names_of(module)]
        found |= {thing for thing in things if isinstance(thing, type)}
    return found


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield a class's public methods and properties, without those of a class with an entry."""
    for name in sorted(dir(cls)):
        place = next((c for c in cls.__mro__ if name in vars(c)), None)
        if name.startswith("_") or place is None or not ours(place):
            continue
        thing = inspect.getattr_static(cls, name)
        as_tensor = cls is not Tensor and inspect.getattr_static(Tensor, name, None) is thing
        entries = [c for c in cls.__mro__[1:] if c in classes()]
        if place is not cls and (as_tensor or any(issubclass(c, place) for c in entries)):
            continue  # described with that class
        if isinstance(thing, staticmethod | classmethod):
            thing = thing.__func__
        if callable(thing) or isinstance(thing, property):
            yield name, thing


def anchors() -> Callable[[str], str]:
    """Return what names the headings of one page as GitHub does; a second one gets a number."""
    seen: dict[str, int] = {}

    def anchor(heading: str) -> str:
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        return f"{slug}-{seen[slug]}" if seen[slug] else slug

    return anchor


def member(cls: str, name: str, thing: Any) -> str:
    """Return a method or a property as an item of a list."""
    text = docstring(thing)
    call = name if isinstance(thing, property) else signature(name, thing)
    return f"### `{cls}.{name}`\n\n```python\n{call}\n```\n\n{body(text)}\n"


def module_page(label: str) -> tuple[str, list[tuple[str, str, str]]]:
    """Return a module's page, and for each name its anchor and its first line."""
    module, anchor = import_module(label), anchors()
    anchor(label)
    listed, entries = [], []
    for name in names_of(module):
        thing = getattr(module, name)
        text = docstring(thing)
        listed.append((name, anchor(name), first_line(text)))
        raised = isinstance(thing, type) and issubclass(thing, Exception)
        shown = callable(thing) and not raised
        called = f"```python\n{signature(name, thing)}\n```\n\n" if shown else ""
        entries.append(f"## `{name}`\n\n{called}{body(text)}\n")
        if isinstance(thing, type) and not raised:
            for inner, method in members(thing):
                if docstring(method):
                    anchor(f"{name}.{inner}")
                    entries.append(member(name, inner, method))
    top = body(inspect.cleandoc(module.__doc__ or ""))
    table = "".join(f"| [`{n}`](#{a}) | {line} |\n" for n, a, line in listed)
    table = f"| | |\n|---|---|\n{table}\n" if table else ""
    page = f"# `{label}`\n\n{top}\n\n{table}" + "\n".join(entries)
    return re.sub(r"[ \t]+$", "", page, flags=re.M), listed


def pages() -> dict[str, str]:
    """Return the text of every page by its file's name."""
    made, index = {}, [HEAD]
    for label in MODULES:
        made[f"{label}.md"], listed = module_page(label)
        about = first_line(inspect.cleandoc(import_module(label).__doc__ or ""))
        index.append(f"\n## [`{label}`]({label}.md)\n\n{about}\n\n| | |\n|---|---|\n")
        index += [
            f"| [`{name}`]({label}.md#{anchor}) | {line} |\n" for name, anchor, line in listed
        ]
    made["README.md"] = "".join(index)
    return made


def main() -> None:
    """Write the pages, and remove those of modules that are gone."""
    HERE.mkdir(exist_ok=True)
    made = pages()
    for old in HERE.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
