"""What runs while a function runs: its code, and calls that ask the world outside Python.

A clock, a file, a random source answer differently next time, and a program would not ask
again.  Such calls are seen by a profile function, and refused by name.
"""

from __future__ import annotations

import functools
import gc
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType, FrameType
from typing import Any

from autograd_core.base.packages import module_of
from autograd_core.base.source import classify, is_library

_STDLIB = os.path.dirname(os.__file__) + os.sep
_FROZEN = re.compile(r"<frozen (\w+)[\w.]*>")
_SITE = ("site-packages", "dist-packages")
# Packages whose own code is taken as it is.
# of pytest only asserts are reached, and through them every test that was collected
_FIXED_PACKAGES = frozenset(
    {"numpy", "scipy", "numba", "llvmlite", "autograd_core", "nn", "optim", "pytest", "_pytest"}
)


def _code_named(name: str, function: Any) -> CodeType:
    (found,) = (
        c for c in function.__code__.co_consts if isinstance(c, CodeType) and c.co_name == name
    )
    return found


# Modules written in C whose functions ask the world outside.
_WORLD = frozenset(
    {"time", "posix", "nt", "_io", "io", "_socket", "select", "_sqlite3", "mmap", "_ssl", "fcntl",
     "resource", "pwd", "grp", "_posixsubprocess", "_winapi", "winreg", "_multiprocessing",
     "_curses", "readline", "_locale"}
)  # fmt: skip
_HARMLESS = frozenset({"fspath", "write", "flush", "sleep", "writelines", "isatty", "strerror"})
_DISPATCH = _code_named("dispatch", functools.singledispatch)
_ENVIRONMENT = type(os.environ).__getitem__.__code__
_CLOCKS = frozenset({"now", "today", "utcnow"})
# Look at clocks and files of their own while they compile a kernel, at its first use.
_COMPILERS = tuple(f"{os.sep}{name}{os.sep}" for name in ("numba", "llvmlite"))
# Messages and imports happen once, when f is recorded: that is said in the docs.
_MESSAGES = ("warnings.py", "traceback.py", "linecache.py", "logging", "tqdm", "<frozen importlib")


@functools.lru_cache(maxsize=4096)
def kind_of(filename: str) -> str:
    """Return whose a file is: "own", "installed", "standard" (library), or "fixed" (NumPy, this).

    Examples
    --------
    >>> import os, numpy as np
    >>> kind_of(os.__file__), kind_of("model.py"), kind_of(np.__file__)
    ('standard', 'own', 'fixed')
    """
    for site in _SITE:
        if site in filename:
            package = filename.split(site, 1)[1].lstrip(os.sep).split(os.sep)[0]
            return "fixed" if package in _FIXED_PACKAGES else "installed"
    frozen = _FROZEN.fullmatch(filename)  # importlib's own, for one
    if filename.startswith(_STDLIB) or (frozen and frozen[1] in sys.stdlib_module_names):
        return "standard"
    # After the library: what names the user's line passes over files of it too.
    return "fixed" if is_library.get(filename) or classify(filename) else "own"


def package_kind(module: str) -> str:
    """Return whose a class or function is, from the name of its module; "" if it has none."""
    if not module:
        return "installed"  # some are written in C
    root = module.partition(".")[0]
    if root in _FIXED_PACKAGES:
        return "fixed"
    if root in sys.stdlib_module_names and root not in ("__main__", "types"):
        return "standard"
    file = getattr(sys.modules.get(module), "__file__", None)
    return kind_of(file) if file else "own"


class Seen:
    """What a run was seen to do.

    Attributes
    ----------
    codes : dict or None
        The code that ran outside of the libraries, with its globals; None where
        another profiler is at work, so that nothing was seen.
    asked : str
        The first call that asked the world outside; empty if none did.
    by_class : bool
        Whether a function was chosen by the class of an argument.
    others : list
        What library code read on behalf of the function: the environment, context variables.
    """

    def __init__(self) -> None:
        self.codes: dict[CodeType, dict[str, Any]] | None = None
        self.asked = ""
        self.by_class = False
        self.others: list[tuple[str, Any]] = []

    @contextmanager
    def looking(self) -> Iterator[None]:
        """See what runs in this thread, until the end of the block."""
        if sys.getprofile() is not None:
            yield
            return
        self.codes = {}
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "call":
            if _collects(code):
                return
            kind = kind_of(code.co_filename)
            if code.co_filename == "<string>" and _is_generated(frame.f_globals):
                return  # what named tuples and data classes write for libraries
            if kind == "own" or (kind == "installed" and not _by_a_compiler(frame)):
                assert self.codes is not None
                self.codes[code] = frame.f_globals
            elif kind == "standard" and code.co_name == "seed" and not self.asked:
                if frame.f_locals.get("a", 0) is None and _users(frame):
                    self.asked = "random.Random() without a seed"
            elif code is _DISPATCH and _users(frame):
                self.by_class = True
            elif code is _ENVIRONMENT and _users(frame):
                self.others.append(("os.environ", os.environ))
        elif event == "c_call" and not self.asked:
            if isinstance(getattr(argument, "__self__", None), ContextVar) and _users(frame):
                self.others.append((argument.__self__.name, argument.__self__))
            name = _asks(argument)
            if name and _users(frame, name in ("open", "numpy.fromfile")):
                self.asked = name


def _collects(code: CodeType) -> bool:
    """Whether this is what somebody asked the garbage collector to call, at whatever moment."""
    return any(getattr(callback, "__code__", None) is code for callback in gc.callbacks)


def _is_generated(space: dict[str, Any]) -> bool:
    module = space.get("__name__", "")
    return module.startswith("namedtuple_") or package_kind(module) in ("fixed", "standard")


def _asks(function: Any) -> str:
    """Return the name of a C function if it asks the world outside; "" if not."""
    owner = getattr(function, "__self__", None)
    name = function.__name__
    if isinstance(owner, type):
        return f"{owner.__name__}.{name}" if name in _CLOCKS else ""
    module = module_of(function)
    if not module:
        module = module_of(type(owner))
        shown = f"{type(owner).__name__}.{name}"
    else:
        shown = f"{module}.{name}"
    if module == "builtins" and name == "input":
        return "input"
    if module == "numpy" and name == "fromfile":
        return shown
    if module not in _WORLD or name in _HARMLESS:
        return ""
    if module in ("_io", "io") and type(owner).__name__ in ("StringIO", "BytesIO"):
        return ""
    return "open" if name == "open" else shown.replace("posix.", "os.")


def _by_a_compiler(frame: FrameType | None) -> bool:
    """Whether a compiler of kernels calls this, for its messages or its files."""
    while frame is not None:
        filename = frame.f_code.co_filename
        if any(part in filename for part in _COMPILERS):
            return True
        if kind_of(filename) == "own":
            return False
        frame = frame.f_back
    return False


def _users(frame: FrameType | None, through: bool = False) -> bool:
    """Whether a call comes from the function's own code, not from inside of NumPy or an import.

    With `through`, NumPy does it for the function: it opens files to load arrays.
    """
    while frame is not None:
        filename = frame.f_code.co_filename
        if _collects(frame.f_code):
            return False
        if any(part in filename for part in (*_MESSAGES, *_COMPILERS)):
            return False
        kind = kind_of(filename)
        if kind != "standard" and not (kind == "fixed" and through):
            return kind != "fixed"
        frame = frame.f_back
    return False
