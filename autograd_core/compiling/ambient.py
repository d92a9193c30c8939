"""Settings of Python and NumPy that code reads explicitly, or that change what it computes.

They stand in no variable that code names, so that they are watched where its words say so.
"""

from __future__ import annotations

import abc
import decimal
import gc
import io
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd_core.compiling.places import Contents


def _thread() -> tuple[int, str]:
    thread = threading.current_thread()
    return id(thread), thread.name


# Words of code, and what it may read when it uses one of them.
_SETTINGS: list[tuple[frozenset[str], str, Callable[[], Any]]] = [
    (frozenset({"geterr", "errstate", "seterr"}), "np.geterr()", np.geterr),
    (frozenset({"get_printoptions", "printoptions", "set_printoptions", "array2string",
                "array_str", "array_repr"}), "np.get_printoptions()", np.get_printoptions),
    (frozenset({"getbufsize", "setbufsize"}), "np.getbufsize()", np.getbufsize),
    (frozenset({"isinstance", "issubclass"}), "the abstract classes", abc.get_cache_token),
    (frozenset({"decimal", "Decimal", "getcontext", "localcontext"}), "decimal.getcontext()",
     lambda: repr(decimal.getcontext())),
    (frozenset({"getrecursionlimit"}), "sys.getrecursionlimit()", sys.getrecursionlimit),
    (frozenset({"getswitchinterval"}), "sys.getswitchinterval()", sys.getswitchinterval),
    (frozenset({"isenabled"}), "gc.isenabled()", gc.isenabled),
    (frozenset({"current_thread", "get_ident"}), "threading.current_thread()", _thread),
]  # fmt: skip


def _read(setting: Callable[[], Any]) -> Any:
    return setting()


def ambient(words: set[str]) -> Iterator[Contents]:
    """Yield the settings that code with such words may read."""
    for triggers, name, read in _SETTINGS:
        if not triggers.isdisjoint(words):
            yield Contents(name, _read, read, "settings")


def unanswerable(words: set[str]) -> Iterator[tuple[str, str]]:
    """Yield what no program can answer again: a name, and what is wrong with it."""
    if "getrefcount" in words:
        yield "sys.getrefcount", "a count that changes from call to call"
    if "datetime64" in words and not words.isdisjoint({"now", "today"}):
        yield "np.datetime64", 'a clock ("now", "today")'


def inside(name: str, value: Any, words: set[str]) -> Iterator[Contents]:
    """Yield what an object holds in C, where it can be asked for."""
    kind = type(value)
    if issubclass(kind, (io.StringIO, io.BytesIO)):
        yield Contents(name, lambda s: (s.getvalue(), s.tell()), value, "text")
    if "locked" in words and hasattr(value, "locked"):
        yield Contents(name, lambda lock: lock.locked(), value, "locks")
    if any(base.__module__ == "_ctypes" for base in kind.__mro__):
        yield Contents(name, bytes, value, "bytes")
