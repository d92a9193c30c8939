"""Every public name of nn and optim: documented, with an example that runs, and used in a test.

The examples themselves run as doctests; those of operations through their modules' `__test__`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import optim
from autograd_core import Primitive

TESTS = Path(__file__).parents[1]
MODULES = (
    "nn", "nn.data", "nn.functional", "nn.init", "nn.metrics", "nn.models", "nn.swa_utils",
    "nn.transforms", "nn.utils", "nn.utils.parametrizations", "nn.utils.parametrize",
    "nn.utils.prune", "nn.utils.rnn", "optim", "optim.lr_scheduler",
)  # fmt: skip


def public(module: str) -> list[str]:
    return sorted(importlib.import_module(module).__all__)


NAMES = [(module, name) for module in MODULES for name in public(module)]
THINGS = [
    (m, n) for m, n in NAMES if not isinstance(getattr(importlib.import_module(m), n), ModuleType)
]


def thing_of(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def own_doc(thing: Any) -> str:
    """A docstring that the name has itself, not one of its base class or its kind."""
    if isinstance(thing, type):
        return inspect.cleandoc(vars(thing).get("__doc__") or "")
    doc = thing.__doc__ or ""
    return (
        "" if isinstance(thing, Primitive) and doc == Primitive.__doc__ else inspect.cleandoc(doc)
    )


def parameters(thing: Any) -> list[str]:
    """The parameters that a user may want to know about: those that other values are taken for."""
    given = inspect.signature(thing.forward if isinstance(thing, Primitive) else thing).parameters
    known = thing.renamed if isinstance(thing, Primitive) else {}
    return [
        known.get(name, name)
        for name, p in given.items()
        if p.kind is not p.VAR_KEYWORD
        and not (p.kind is p.KEYWORD_ONLY and name in optim.keywords.HARMLESS)
    ]


def section(doc: str, title: str) -> str:
    found = re.search(rf"^{title}\n-{{{len(title)}}}\n(.*?)(?=^\w+\n---|\Z)", doc, re.M | re.S)
    return found[1] if found else ""


def raises(thing: Any) -> bool:
    """Whether a function or `__init__` raises an error, or checks a setting, in its own lines."""
    if isinstance(thing, Primitive):
        return False
    made = vars(thing).get("__init__") if isinstance(thing, type) else thing
    try:
        source = inspect.getsource(inspect.unwrap(made))  # type: ignore[arg-type]
    except (TypeError, OSError):  # inherited, or made by dataclass
        return False
    code = source.replace(f'"""{made.__doc__}"""', "")
    return bool(re.search(r"\braise |\bchecks\.", code))


@cache
def used() -> set[str]:
    """Names that stand in the code of a test: as an attribute, a variable or an import."""
    found: set[str] = set()
    checks = TESTS.rglob("checks*.py")  # tests that run on several processes
    for path in (*TESTS.rglob("test_*.py"), *checks):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.ImportFrom):
                found.update(alias.name for alias in node.names)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_every_name_stands_in_a_test(module: str) -> None:
    assert [name for name in public(module) if name not in used()] == []


@pytest.mark.parametrize(("module", "name"), THINGS)
def test_every_name_is_documented(module: str, name: str) -> None:
    thing = thing_of(module, name)
    doc = own_doc(thing)
    assert doc, "no docstring of its own"
    assert ">>>" in section(doc, "Examples"), "no example"
    listed = section(doc, "Parameters") + section(doc, "Attributes")
    heads = {
        w
        for line in re.findall(r"^\S.*$", listed, re.M)
        for w in re.findall(r"\w+", line.partition(" :")[0])
    }
    missing = [p for p in parameters(thing) if p not in heads]
    assert missing == [], "parameters that the docstring does not list"
    if not isinstance(thing, type) and inspect.signature(
        getattr(thing, "forward", thing)
    ).return_annotation not in ("None", None):
        assert section(doc, "Returns"), "does not say what it returns"
    assert section(doc, "Raises") or not raises(thing), "does not say what it raises"


def test_one_class_of_error_for_saved_states():
    import nn

    assert nn.StateDictError is optim.StateDictError
