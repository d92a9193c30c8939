"""Real text that every Python brings along: its own documentation.

The same Python gives the same text, and nothing is downloaded.  What is held out
is whole runs of paragraphs, none of which the training part has too.
"""

from __future__ import annotations

import ast
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SKIPPED = {"ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test", "turtledemo"}


def topics() -> list[str]:
    """Return the paragraphs of Python's ``help()`` topics, the language reference, each once."""
    from pydoc_data.topics import topics as found

    paragraphs = "\n\n".join(found[name] for name in sorted(found)).split("\n\n")
    return [p for p in dict.fromkeys(_plain(p).strip("\n") for p in paragraphs) if p]


def _plain(text: str) -> str:
    return "".join(c for c in text if c == "\n" or " " <= c <= "~")


def docstrings(modules: int | None = None) -> list[str]:
    """Return the docstrings of the standard library's modules, classes and functions, each once.

    Parameters
    ----------
    modules : int, optional
        Read only so many files, evenly spread.
    """
    library = Path(sysconfig.get_path("stdlib"))
    files = [
        path
        for path in sorted(library.rglob("*.py"))
        if not SKIPPED.intersection(path.relative_to(library).parts)
        and not any("test" in part for part in path.relative_to(library).parts)
    ]
    if modules is not None:
        files = files[:: max(1, len(files) // modules)]
    found: dict[str, None] = {}
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
        for node in ast.walk(tree):
            if isinstance(node, kinds) and (text := ast.get_docstring(node)):
                found[_plain(text)] = None
    return list(found)


@dataclass(frozen=True)
class Split:
    """Three texts: to train on, to choose settings by, to report."""

    train: str
    validation: str
    held_out: str


def split(paragraphs: list[str], run: int = 20) -> Split:
    """Deal runs of paragraphs: of every ten, one to choose by and one to report."""
    dealt: dict[str, list[str]] = {"train": [], "validation": [], "held_out": []}
    for k, paragraph in enumerate(paragraphs):
        part = {4: "validation", 9: "held_out"}.get(k // run % 10, "train")
        dealt[part].append(paragraph)
    return Split(**{part: "\n\n".join(found) for part, found in dealt.items()})


class Alphabet:
    """Characters as integers; what the training text lacks becomes the last one."""

    def __init__(self, text: str) -> None:
        self.characters = sorted(set(text))
        self._index = {c: k for k, c in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters) + 1

    def encode(self, text: str) -> Any:
        """Return the text as integers."""
        unknown = len(self.characters)
        return np.array([self._index.get(c, unknown) for c in text], np.int64)

    def decode(self, codes: Any) -> str:
        """Return integers as text."""
        return "".join([*self.characters, "?"][int(k)] for k in codes)
