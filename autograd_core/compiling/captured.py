"""What a function reads besides its arguments, watched from call to call.

Closures, the globals that the code names, defaults, and the attributes and
items of what is found there: numbers and texts by value, everything else by identity.
An array's numbers need no watching: the program reads the array itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from zlib import crc32

import numpy as np

from autograd_core.primitive import Boxed
from autograd_core.source import classify
from autograd_core.tensor import Tensor

MOST = 20_000  # places that are watched
SMALL = 1 << 16  # bytes of an array whose numbers are watched
_BY_VALUE = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype)
_CLOSED = (type, ModuleType, BuiltinFunctionType, Boxed, np.ndarray, np.ufunc, np.random.Generator)
_MISSING = object()


class Watch:
    """The state of everything that some functions can reach.

    Parameters
    ----------
    *roots
        Functions, bound methods, objects.

    Examples
    --------
    >>> scale = [2.0]
    >>> def f(x): return scale[0] * x
    >>> watch = Watch(f)
    >>> watch.changed() is None
    True
    >>> scale[0] = 3.0
    >>> watch.changed()
    'scale[0] was 2.0, is 3.0'
    """

    def __init__(self, *roots: Any) -> None:
        self._cells: list[tuple[str, Any, Any]] = []
        self._items: list[tuple[str, Any, Any, Any]] = []
        self._lengths: list[tuple[str, Any, int]] = []
        self.arrays: dict[int, tuple[str, Any]] = {}
        self._contents: list[tuple[str, Any, int]] = []
        self._tensors: list[tuple[str, Any, Any]] = []
        self._walk(roots)
        self._all = self._tensors

    def settle(self, tensors: Collection[int], arrays: Collection[int], derived: bool) -> None:
        """Take note of what a program reads by itself at every call.

        Parameters
        ----------
        tensors : collection of int
            The identities of Tensors whose data it reads: these need no watching.
        arrays : collection of int
            The identities of arrays that it reads by reference.
        derived : bool
            Whether it has constants that the function may have computed from captured
            arrays; then the numbers of small ones among the other arrays are watched too.
        """
        self._tensors = [entry for entry in self._tensors if id(entry[1]) not in tensors]
        live = {id(t._held) for _, t, _ in self._all if id(t) in tensors}
        if derived:
            self._contents = [
                (name, array, _checksum(array))
                for name, array in self.arrays.values()
                if array.nbytes <= SMALL
                and array.dtype.kind in "biufc"
                and id(array) not in live
                and id(array) not in arrays
            ]

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Let nobody write into the arrays: a program would not do it again at the next call."""
        locked = [a for _, a in self.arrays.values() if a.flags.writeable]
        for array in locked:
            array.flags.writeable = False
        try:
            yield
        finally:
            for array in sorted(locked, key=_depth):  # a view after what it looks into
                array.flags.writeable = True

    def changed(self) -> str | None:
        """Return what has changed, in words; None if nothing has."""
        for name, cell, old in self._cells:
            new = cell.cell_contents
            if new is not old and not _equal(new, old):
                return _difference(name, old, new)
        for name, holder, key, old in self._items:
            try:
                new = holder[key]
            except (KeyError, IndexError):
                new = _MISSING
            if new is not old and not _equal(new, old):
                return _difference(name, old, new)
        for name, holder, length in self._lengths:
            if len(holder) != length:
                return f"{name} had {length} entries, has {len(holder)}"
        for name, tensor, data in self._tensors:
            if tensor._held is not data:
                return f"the Tensor {name} holds another array"
        for name, array, checksum in self._contents:
            if _checksum(array) != checksum:
                return f"{name} holds other numbers"
        return None

    def _walk(self, roots: tuple[Any, ...]) -> None:
        stack: list[tuple[str, Any]] = [("", root) for root in roots]
        seen: set[int] = set()
        while stack and len(self._cells) + len(self._items) < MOST:
            name, value = stack.pop()
            array = value
            if isinstance(value, Tensor) and id(value) not in seen:
                seen.add(id(value))
                array = value._held
                self._tensors.append((name, value, array))
            if isinstance(array, np.ndarray):
                self.arrays[id(array)] = name, array
            if id(value) in seen or isinstance(value, (*_BY_VALUE, *_CLOSED)):
                continue
            seen.add(id(value))
            stack += self._inside(name, value)

    def _inside(self, name: str, value: Any) -> Iterator[tuple[str, Any]]:
        """Watch what a value holds, and yield it."""
        if isinstance(value, MethodType):
            yield "self", value.__self__
            yield name, value.__func__
        elif isinstance(value, functools.partial):
            yield from (("", part) for part in (value.func, *value.args, *value.keywords.values()))
        elif not isinstance(value, FunctionType) and "__wrapped__" in getattr(
            value, "__dict__", ()
        ):
            yield name, value.__wrapped__  # what it keeps for itself, a cache say, is its own
        elif isinstance(value, FunctionType):
            if classify(value.__code__.co_filename):
                return  # the library's own functions do not change
            if hasattr(value, "__wrapped__"):
                yield name, value.__wrapped__
            for free, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
                try:
                    held = cell.cell_contents
                except ValueError:
                    continue
                self._cells.append((free, cell, held))
                yield free, held
            yield from (("", part) for part in value.__defaults__ or ())
            yield from (value.__kwdefaults__ or {}).items()
            for known in _names(value.__code__):
                if known in value.__globals__:
                    held = value.__globals__[known]
                    self._items.append((known, value.__globals__, known, held))
                    yield known, held
        elif isinstance(value, (list, tuple)):
            self._lengths.append((name, value, len(value)))
            for k, held in enumerate(value):
                if value.__class__ is not tuple:
                    self._items.append((f"{name}[{k}]", value, k, held))
                yield f"{name}[{k}]", held
        elif isinstance(value, dict):
            self._lengths.append((name, value, len(value)))
            yield from self._entries(name, value, lambda key: f"{name}[{key!r}]")
        else:
            if hasattr(value, "__dict__"):
                yield from self._entries(name, vars(value), lambda key: f"{name}.{key}")
            for kind in type(value).__mro__[:-1]:
                slots = kind.__dict__.get("__slots__", ())
                for slot in (slots,) if isinstance(slots, str) else slots:
                    yield f"{name}.{slot}", getattr(value, slot, None)

    def _entries(
        self, name: str, holder: Any, spell: Callable[[Any], str]
    ) -> Iterator[tuple[str, Any]]:
        for key, held in list(holder.items()):
            self._items.append((spell(key), holder, key, held))
            yield spell(key), held


def _names(code: CodeType) -> Iterator[str]:
    """Yield the globals that code and the functions inside of it speak of."""
    stack = [code]
    while stack:
        code = stack.pop()
        yield from code.co_names
        stack += [c for c in code.co_consts if isinstance(c, CodeType)]


def _depth(array: Any) -> int:
    """Return how many arrays stand between an array and its memory."""
    depth = 0
    while (array := getattr(array, "base", None)) is not None:
        depth += 1
    return depth


def _checksum(array: Any) -> int:
    return crc32(np.ascontiguousarray(array).data)


def _equal(new: Any, old: Any) -> bool:
    if new.__class__ is not old.__class__ or not isinstance(old, _BY_VALUE):
        return False
    return bool(new == old) or (new != new and old != old)


def _difference(name: str, old: Any, new: Any) -> str:
    return f"{name} was {_short(old)}, is {_short(new)}"


def _short(value: Any) -> str:
    if value is _MISSING:
        return "gone"
    if isinstance(value, np.ndarray):
        return f"another array {value.shape} {value.dtype}"
    text = repr(value)
    return text if len(text) < 40 else f"another {type(value).__name__}"
