"""What code names: read from its instructions, never run."""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterator
from types import CodeType


def nested(code: CodeType) -> Iterator[CodeType]:
    """Yield code, and the code of the functions inside of it."""
    stack = [code]
    while stack:
        code = stack.pop()
        yield code
        stack += [c for c in code.co_consts if isinstance(c, CodeType)]


@functools.lru_cache(maxsize=4096)
def names(code: CodeType) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return all names and texts in code, the globals that it loads, and the modules."""
    words: set[str] = set()
    loaded: set[str] = set()
    imported: set[str] = set()
    for inner in nested(code):
        words.update(inner.co_names)
        stack = list(inner.co_consts)
        while stack:
            constant = stack.pop()
            if isinstance(constant, str):
                words.add(constant)
            elif isinstance(constant, (tuple, frozenset)):
                stack += constant
        for step in dis.get_instructions(inner):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                loaded.add(step.argval)
            elif step.opname == "IMPORT_NAME":
                imported.add(step.argval)
    return frozenset(words), frozenset(loaded), frozenset(imported)


def matches(code: CodeType) -> bool:
    """Whether code has a match statement that tests for a class."""
    return any(s.opname == "MATCH_CLASS" for c in nested(code) for s in dis.get_instructions(c))


def takes_class(code: CodeType) -> bool:
    """Whether a method's code takes the class that it stands in, other than for `super()`."""
    for inner in nested(code):
        before = None
        for step in dis.get_instructions(inner):
            if step.argval == "__class__" and step.opname.startswith("LOAD_"):
                closure = step.opname == "LOAD_CLOSURE"  # for code inside, which is looked at, too
                if not closure and (before is None or before.argval != "super"):
                    return True
            before = step
    return False


def reads(code: CodeType, attribute: str) -> bool:
    """Whether code may read an attribute of this name; setting it or calling it does not count."""
    return attribute in names(code)[0] and any(
        s.argval == attribute
        and (s.opname == "LOAD_CONST" or (s.opname == "LOAD_ATTR" and "self" not in s.argrepr))
        for c in nested(code)
        for s in dis.get_instructions(c)
    )
