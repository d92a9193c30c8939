"""Finding the user's source line.

Recording keeps only the code object and the instruction offset of the calling
frame, about 0.1 microseconds; line and column are looked up when someone asks.
"""

from __future__ import annotations

import linecache
import os
import sys
from itertools import islice
from types import CodeType, FrameType

import numpy as np

_excluded: list[str] = []
is_library: dict[str, bool] = {}  # file name -> whether it is, filled as files are met


def register_exclusion(path: str) -> None:
    """Treat all code below a folder as library code when looking for the user's source line.

    Parameters
    ----------
    path : str
        A folder, or the ``__file__`` of a package's ``__init__.py``.

    Examples
    --------
    >>> register_exclusion(__file__)
    """
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    _excluded.append(os.path.abspath(folder) + os.sep)
    is_library.clear()


def classify(filename: str) -> bool:
    """Find out, and remember, whether a file belongs to a library."""
    found = any(filename.startswith(folder) for folder in _excluded)
    is_library[filename] = found
    return found


def user_frame(depth: int = 1) -> FrameType:
    """Return the nearest frame on the stack that is not library code."""
    frame = sys._getframe(depth)
    code = frame.f_code
    while (known := is_library.get(code.co_filename)) is not False:
        if known is None and not classify(code.co_filename):
            break
        if frame.f_back is None:  # the engine runs itself, say `python -m`
            break
        frame = frame.f_back
        code = frame.f_code
    return frame


def shown_name(file: str) -> str:
    """Return a file's name as a reader knows it: without folders, and a notebook's cell as In[3].

    Examples
    --------
    >>> shown_name("folder/model.py"), shown_name("<stdin>")
    ('model.py', '<stdin>')
    """
    folder, name = ("", file) if file.startswith("<") else os.path.split(file)
    # IPython's own name for a cell, and ipykernel's: a file in a folder of this name
    if file.startswith("<ipython-input-") or os.path.basename(folder).startswith("ipykernel_"):
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        cell = shell and shell.compile.format_code_name(file)  # ("Cell", "In[3]")
        return str(cell[1]) if cell else name
    return name


class Location:
    """A place in the user's source: file, line, column and text.

    Parameters
    ----------
    code : types.CodeType
        The code object that was running.
    lasti : int
        The offset of the instruction in it.

    Examples
    --------
    >>> here = Location.of_caller()
    >>> here.line > 0
    True
    """

    __slots__ = ("code", "lasti")

    def __init__(self, code: CodeType, lasti: int) -> None:
        self.code = code
        self.lasti = lasti

    @classmethod
    def of_caller(cls) -> Location:
        """Return the place in the user's code that is running now."""
        frame = user_frame(2)
        return cls(frame.f_code, frame.f_lasti)

    @property
    def file(self) -> str:
        """The file's name, as Python knows it."""
        return self.code.co_filename

    @property
    def span(self) -> tuple[int, int, int, int]:
        """First line, last line, first column, last column (lines from 1, columns from 0)."""
        row = next(islice(self.code.co_positions(), self.lasti // 2, None), None)
        first, last, start, end = row or (None, None, None, None)
        line = first or self.code.co_firstlineno
        return line, last or line, start or 0, end or 0

    @property
    def line(self) -> int:
        """The line's number, from 1."""
        return self.span[0]

    @property
    def column(self) -> int:
        """The column where the expression starts, from 0."""
        return self.span[2]

    @property
    def text(self) -> str:
        """The line itself, without its indentation; empty where the source is not at hand."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        return f"{shown_name(self.file)}:{self.line}  {self.text}".rstrip()

    def __repr__(self) -> str:
        return f"Location({self.file!r}, line {self.line}, column {self.column})"


register_exclusion(os.path.dirname(os.path.dirname(__file__)))  # all of the engine
# Every installed package and Python's own library: an error that pandas or functools provoked
# names the line that called them.
register_exclusion(os.path.dirname(os.path.dirname(np.__file__)))
register_exclusion(os.__file__)
