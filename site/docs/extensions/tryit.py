"""Buttons that open a program in the playground, below examples and blocks of code.

Notebooks have one link, to themselves in JupyterLite.

A button carries a whole program: on a page of text all blocks up to its own, which share their
names; in the reference the examples of one docstring, with the imports that they take for granted.
Programs that need more than NumPy and these packages get no button: they would not run there.
"""

from __future__ import annotations

import ast
import doctest
import re
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx import addnodes

OURS = ("autograd_core", "nn", "optim")
# What these need is not in the playground: other packages, processes, files of the reader's.
ELSEWHERE = ("autograd_core.onnx", "autograd_core.scipy", "autograd_core.compat.autograd.scipy",
             "nn.distributed")  # fmt: skip
ABSENT = {"subprocess", "multiprocessing", "threading", "concurrent", "socket", "ctypes"}
# What imports SciPy, matplotlib, NetworkX or pandas when it is called.
CALLS = re.compile(r"\b(lbfgs|odeint|onnx\.export|import_onnx|plot|to_networkx|to_pandas)\(")
LONGEST = 6_000  # characters of a program


def address(program: str, page: str) -> str:
    """Return the link from a page to the playground with a program; see site/README.md."""
    code = urlsafe_b64encode(program.encode()).decode().rstrip("=")
    return f"{'../' * (page.count('/') + 1)}playground/index.html#code={code}"


def runs_there(program: str) -> bool:
    """Tell whether a program imports only what the playground has."""
    try:
        tree = ast.parse(program)
    except SyntaxError:
        return False
    named = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    if any(f"{name}.".startswith(f"{other}.") for name in named for other in ELSEWHERE):
        return False
    roots = {name.split(".")[0] for name in named}
    known = sys.stdlib_module_names - ABSENT | {"numpy", *OURS}
    return roots <= known and len(program) <= LONGEST and not CALLS.search(program)


def names_read(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a program reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


def bound(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a program binds itself, in any scope."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg


def imported(name: str, thing: Any, label: str) -> str:
    """Return the line that makes a name of a docstring's module known."""
    if type(thing) is type(sys):  # a module
        parent, _, last = thing.__name__.rpartition(".")
        if name == thing.__name__:
            return f"import {name}"
        return (
            f"from {parent} import {last}"
            if last == name and parent
            else (f"import {thing.__name__} as {name}")
        )
    for place in (label, "autograd_core", "nn", "nn.functional", "optim"):
        if getattr(import_module(place), name, None) is thing:
            return f"from {place} import {name}"
    return f"from {getattr(thing, '__module__', label)} import {name}"


def printing(source: str) -> str:
    """Return a program of one statement that prints what an interpreter would show of it."""
    last = ast.parse(source).body[-1]
    shown = ast.get_source_segment(source, last) or ""
    if not isinstance(last, ast.Expr) or shown.startswith("print("):
        return source
    lines = source.encode().split(b"\n")
    start = sum(len(line) + 1 for line in lines[: last.lineno - 1]) + last.col_offset
    end = start + len(shown.encode())
    before, after = source.encode()[:start].decode(), source.encode()[end:].decode()
    return f"{before}print({shown}){after}"


def of_examples(text: str, names: dict[str, Any], label: str) -> str:
    """Return a docstring's examples as a program that prints what the examples show.

    Parameters
    ----------
    text : str
        With prompts.
    names : dict
        The names that doctest gives to the examples: those of the module.
    label : str
        The public module that the name belongs to.
    """
    lines = []
    for example in doctest.DocTestParser().get_examples(text):
        source = example.source.rstrip("\n")
        if example.want and example.exc_msg is None:
            source = printing(source)
        if example.exc_msg is not None:  # the rest is to run too
            inner = source.replace("\n", "\n    ")
            source = f"try:\n    {inner}\nexcept Exception as error:\n    print(error)"
        lines.append(source)
    program = "\n".join(lines)
    tree = ast.parse(program)
    missing = set(names_read(tree)) - set(bound(tree))
    needed = sorted(imported(name, names[name], label) for name in missing if name in names)
    return "\n".join([*needed, "", program] if needed else [program]) + "\n"


def button(program: str, page: str) -> nodes.raw:
    """Return the link as a node."""
    html = (
        f'<p class="tryit"><a href="{address(program, page)}" '
        'title="Open this program in the playground">Try it ▸</a></p>'
    )
    return nodes.raw("", html, format="html")


def in_reference(app: Any, tree: Any, page: str) -> None:
    """Put a button below the examples of each docstring."""
    for described in tree.findall(addnodes.desc):
        content = described[-1]
        signature = described.next_node(addnodes.desc_signature)
        blocks = [
            b for b in content.findall(nodes.doctest_block)
            if next(iter_up(b, addnodes.desc)) is described
        ]  # fmt: skip
        if not blocks or signature is None:
            continue
        names, label = namespace(signature)
        program = of_examples("\n\n".join(b.astext() for b in blocks), names, label)
        if not label.startswith(ELSEWHERE) and runs_there(program):
            after(blocks[-1], button(program, page))


def namespace(signature: Any) -> tuple[dict[str, Any], str]:
    """Return the names of the module where a described thing was made, and its public module."""
    label = signature["module"]
    thing: Any = import_module(label)
    for part in signature["fullname"].split("."):
        thing = getattr(thing, part)
    made = getattr(getattr(thing, "fget", thing), "__module__", None)
    made = made if made in sys.modules else label
    return {**vars(import_module(label)), **vars(sys.modules[made])}, label


def iter_up(node: Any, kind: type) -> Iterator[Any]:
    """Yield the nodes of a kind around a node, the nearest first."""
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kind):
            yield node


def after(node: Any, new: Any) -> None:
    """Put a node after another one."""
    node.parent.insert(node.parent.index(node) + 1, new)


def in_notebook(tree: Any, page: str) -> None:
    """Put a link below a notebook's title, to the same notebook where it runs: in the browser."""
    title = tree.next_node(nodes.title)
    name = page.rpartition("/")[2]
    address = f"{'../' * (page.count('/') + 1)}lite/notebooks/index.html?path={name}.ipynb"
    html = (
        f'<p class="tryit"><a href="{address}" title="Open this notebook where it can be run">'
        "Run it in the browser ▸</a></p>"
    )
    after(title, nodes.raw("", html, format="html"))


def has_buttons(page: str) -> bool:
    """Tell whether the blocks of a page of text are for trying."""
    return not page.startswith(("tutorials/", "source/", "project/", "explanation/decisions/"))


def in_text(tree: Any, page: str) -> None:
    """Put a button below each block of Python that runs in the playground."""
    program = ""
    for block in list(tree.findall(nodes.literal_block)):
        if block.get("language") != "python" or ">>>" in block.astext():
            continue
        program += ("\n" if program else "") + block.astext() + "\n"
        if runs_there(program):
            after(block, button(program, page))


def add(app: Any, tree: Any) -> None:
    """Put the buttons into one page."""
    page = app.env.docname
    if page.startswith("reference/") and tree.next_node(addnodes.desc) is not None:
        in_reference(app, tree, page)
    elif re.match(r"tutorials/\d\d_", page):
        in_notebook(tree, page)
    elif has_buttons(page):
        in_text(tree, page)


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("doctree-read", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
