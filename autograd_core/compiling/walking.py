"""Everything that a function reads besides its arguments, found by following references.

Everything that its code can name is looked at: closures, globals, defaults, attributes, items,
the functions and classes that it calls.  An array's numbers need no watching where the program
reads the array itself.
"""

from __future__ import annotations

import functools
import gc
import io
import pickle
import random
import sys
import threading
import weakref
from array import array as machine_array
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from decimal import Decimal
from operator import attrgetter
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.packages import module_of
from autograd_core.base.source import Location
from autograd_core.compiling.ambient import ambient, inside, unanswerable
from autograd_core.compiling.classes import ASKED
from autograd_core.compiling.codes import matches, names, nested, reads, takes_class
from autograd_core.compiling.holders import (
    answers_itself,
    attribute,
    identities,
    item,
    space_of,
)
from autograd_core.compiling.links import Links
from autograd_core.compiling.outside import Seen, kind_of, package_kind
from autograd_core.compiling.places import (
    BY_VALUE,
    MISSING,
    Attributes,
    Cache,
    Contents,
    Elements,
    Got,
    Items,
    Named,
    Place,
    generator_state,
)
from autograd_core.compiling.shadows import can_be_copied
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import Boxed

MOST = 20_000  # places that are watched
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_GENERATORS = (np.random.Generator, np.random.RandomState, np.random.BitGenerator)
_CLOSED = (
    np.ufunc, io.IOBase,
    CodeType, GetSetDescriptorType, MemberDescriptorType, threading.Thread, *_LOCKS,
)  # fmt: skip
_PROXIES = weakref.ProxyTypes
# Names by which code reads attributes, globals and modules that it does not name.
_ATTRIBUTES = frozenset({"getattr", "vars", "__dict__", "attrgetter", "dir"})
_GLOBALS = frozenset({"globals", "vars", "__globals__", "f_globals"})
_IMPORTS = frozenset({"modules", "import_module", "__import__"})
_COMPILERS = ("numba", "llvmlite")
_WRAPPERS = (classmethod, staticmethod)


class Walk:
    """The places that some functions can reach, each with what it holds.

    Parameters
    ----------
    *roots
        Functions, bound methods, objects.
    seen : Seen, optional
        What a run was seen to do: code that did not run is not looked into.
    """

    def __init__(self, *roots: Any, seen: Seen | None = None) -> None:
        codes = None if seen is None else seen.codes
        self._begin(roots, seen, codes)
        if self._cached and codes is not None:
            self._begin(roots, seen, None)

    def _begin(
        self, roots: tuple[Any, ...], seen: Seen | None, codes: dict[CodeType, Any] | None
    ) -> None:
        """Walk; into all code that can be reached, or only into that which ran."""
        self._of_gradients = False  # whether code reads .grad
        self._cached = False  # whether a cache answered for code that did not run this time
        self._places: list[Place] = []
        self._caches: list[Place] = []  # compared last: what they answer for says more
        self.arrays: dict[int, tuple[str, Any]] = {}
        self.tensors: dict[int, tuple[str, Any]] = {}
        self.links = Links()
        self.asked: dict[int, set[str]] = {}  # by namespace: isinstance and type, if called
        self.sources: list[Place] = []  # of random numbers
        self._refusals: list[tuple[str, str]] = []  # a name, and what is wrong with it
        self._codes = codes
        self._visited: set[tuple[CodeType, int]] = set()
        self._words: set[str] = set()  # attributes that the code names
        self._modules: dict[int, tuple[str, ModuleType, set[str]]] = {}
        self.by_class = seen is not None and seen.by_class  # not as isinstance() does
        self._seen: set[int] = set()
        self._graded: set[int] = set()  # Tensors whose gradients were looked at
        self._kept: list[Any] = []  # so that no identity is used twice
        self._at = 0  # what is looked at: its identity, and whether it can be copied
        self._copied = True
        self._stack: list[tuple[str, Any]] = []
        for root in roots:
            self._push("", root)
        for name, other in () if seen is None else seen.others:
            self._push(name, other, False)
        self._walk()

    def _walk(self) -> None:
        while True:
            self._empty()
            self._visit_modules()
            if not self._stack:
                self._visit_strays()
            if not self._stack and self._of_gradients:
                self._visit_gradients()
            if not self._stack:
                self._places += [*ambient(self._words), *self._caches]
                self._refusals += unanswerable(self._words)
                return

    def _empty(self) -> None:
        while self._stack:
            name, value = self._stack.pop()
            if issubclass(type(value), BY_VALUE) and _is_plain(value):
                if type(value) is Decimal:
                    self._words.add("Decimal")  # what it computes depends on the context
                continue
            if id(value) in self._seen:
                continue
            self._seen.add(id(value))
            self._kept.append(value)
            if len(self._kept) > MOST:
                raise errors.SettingError(
                    f"compile: the function can reach more than {MOST} objects besides its "
                    f"arguments (the last was {name or type(value).__name__}), too many to compare "
                    "at each call; pass what it needs as arguments.",
                    Location.of_caller(),
                )
            kind = type(value)  # what it says of itself may be something else
            self._at, self._copied = id(value), can_be_copied(value)
            if issubclass(kind, np.ndarray):
                self._array(name, value)
            elif issubclass(kind, Boxed):
                self._tensor(name, value)
            elif issubclass(kind, ModuleType):
                self._modules.setdefault(id(value), (name, value, set()))
            elif issubclass(kind, FunctionType):
                self._function(name, value)
            elif issubclass(kind, type):
                self._class(name, value)
            elif not self._callable(name, value) and not self._container(name, value):
                self._object(name, value)

    def _push(self, name: str, value: Any, live: bool = True) -> None:
        """Go on to what something leads to; a copy of that can lead to another, if `live`."""
        if _is_numbers(value):
            self.links.arrays.add(id(value))
            self.arrays.setdefault(id(value), (name, value))
        live = live and not issubclass(type(value), type)  # a class that code names is that class
        self.links.add(self._at, id(value), live and self._copied)
        self._stack.append((name, value))

    def _from(self, at: Any, copied: bool = True) -> None:
        """Take something for what leads to what is pushed from now on."""
        self._at, self._copied = at, copied

    def _array(self, name: str, array: Any) -> None:
        self.arrays.setdefault(id(array), (name, array))
        if array.dtype.kind == "O":
            flat = array.ravel().tolist()
            self._places.append(Contents(name, identities, array, "objects"))
            for k, held in enumerate(flat):
                self._push(f"{name}[{k}]", held, False)
        if array.__class__ is not np.ndarray and getattr(array, "__dict__", None):
            self._entries(name, vars(array), attribute(name))

    def _tensor(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor):
            self.tensors[id(value)] = name, value
            if isinstance(value._held, np.ndarray):
                self.arrays.setdefault(id(value._held), (name, value._held))

    def _callable(self, name: str, value: Any) -> bool:
        """Look into what wraps a function."""
        kind = type(value)
        if issubclass(kind, MethodType):
            self._push("self", value.__self__)
            self._push(name, value.__func__)
        elif issubclass(kind, functools.partial):
            for part in (value.func, *value.args):
                self._push("", part)
            self._entries(name, value.keywords, str)
        elif issubclass(kind, _WRAPPERS):
            self._push(name, value.__func__)
        elif issubclass(kind, property):
            for part in (value.fget, value.fset, value.fdel):
                self._push(name, part)
        elif issubclass(kind, BuiltinFunctionType) or kind.__name__ == "method-wrapper":
            owner = getattr(value, "__self__", None)
            if not isinstance(owner, ModuleType):
                self._push(name, owner, False)
        elif "__wrapped__" in (space_of(value) or ()):
            wrapped = value.__wrapped__  # what it keeps for itself, a cache say, is its own
            ran = getattr(wrapped, "__code__", None) in (self._codes or {})
            self._cached = self._cached or not ran
            if hasattr(value, "cache_info"):
                self._caches.append(Cache(name, value))
            self._push(name, wrapped)
        else:
            return False
        return True

    def _function(self, name: str, value: FunctionType) -> None:
        code = value.__code__
        kind = kind_of(code.co_filename)
        if hasattr(value, "__wrapped__"):
            self._push(name, value.__wrapped__)
        own = kind in ("own", "installed")
        if own:
            attributes = ("__code__", "__defaults__", "__kwdefaults__")
            self._places.append(Attributes(name or value.__name__, value, *attributes))
            if self._codes is None:
                if kind == "installed":
                    return
            elif code not in self._codes:
                return
        for free, cell in zip(code.co_freevars, value.__closure__ or (), strict=True):
            self._cell(free, cell, free == "__class__" and takes_class(code))
        for part in value.__defaults__ or ():
            self._push("", part)
        if value.__kwdefaults__:
            self._entries("", value.__kwdefaults__, str)
        if vars(value):
            self._entries(name, vars(value), attribute(name))
        if own:
            self.links.add(self._at, (code, id(value.__globals__)), True)
            self._code(code, value.__globals__)

    def _cell(self, name: str, cell: Any, by_class: bool) -> None:
        place = Got(name, attrgetter("cell_contents"), cell)
        self._places.append(place)
        if place.old is not MISSING:
            if name == "__class__" and not by_class:  # for super(), which finds copies
                self._stack.append((name, place.old))
            else:
                self._push(name, place.old)

    def _code(self, code: CodeType, space: dict[str, Any]) -> None:
        """Look at the globals that code names, and note the attributes."""
        here = code, id(space)
        if here in self._visited:
            return
        self._from(here)
        words, loaded, imported = names(code)
        inside = {(inner, id(space)) for inner in nested(code)}
        self._visited |= inside
        for inner in inside - {here}:
            self.links.add(inner, here, True)
        self._words |= words
        if not _IMPORTS.isdisjoint(words):
            imported = words | {space[w] for w in loaded if type(space.get(w)) is str}
        self._imports(imported)
        known = [w for w in loaded if w in space]
        missing = [w for w in loaded if w not in space]
        self._note_asked(here, set(ASKED) & set(missing))
        self.by_class = self.by_class or "__class__" in words or matches(code)
        self._of_gradients = self._of_gradients or reads(code, "grad")
        if reads(code, "writeable"):
            self._refuse("", "asked whether it is writeable, which no compiled program is")
        if not _GLOBALS.isdisjoint(words):
            known = [w for w in space if not w.startswith("__")]
        if known or missing:
            self._places.append(Named(space, [*known, *missing]))
        for word in known:
            self._push(word, space[word])
        builtin = [w for w in missing if w in _BUILTINS]
        if builtin:
            self._places.append(Named(_BUILTINS, builtin))
            for word in builtin:
                self._push(word, _BUILTINS[word], False)

    def _imports(self, imported: frozenset[str] | set[str]) -> None:
        """Look at modules that code imports as it runs."""
        if imported:
            self._places.append(Named(sys.modules, sorted(imported), "sys.modules: "))
            for word in sorted(imported & sys.modules.keys()):
                self._push(word, sys.modules[word], False)

    def _note_asked(self, code: tuple[CodeType, int], asked: set[str]) -> None:
        if asked:
            self.links.asks.add(code)
            self.asked.setdefault(code[1], set()).update(asked)
            self.links.types = self.links.types or "type" in asked

    def _visit_modules(self) -> None:
        """Look at those attributes of modules that the code names."""
        dynamic = not _ATTRIBUTES.isdisjoint(self._words)
        for name, module, done in list(self._modules.values()):
            kind = package_kind(module.__name__)
            space = vars(module)
            wanted = self._words - done
            if kind == "own" and dynamic:
                wanted |= {w for w in space if not w.startswith("__")} - done
            elif kind != "own":
                wanted = {w for w in wanted if w in space}
            if not wanted:
                continue
            done |= wanted
            self._from(id(module), kind == "own")
            self._places.append(Named(space, sorted(wanted), f"{name}."))
            for word in sorted(wanted & space.keys()):
                if kind == "fixed":  # which function it is counts, not what is inside of it
                    if isinstance(space[word], ModuleType):
                        self._push(word, space[word])
                elif id(space[word]) != id(sys.modules):
                    self._push(f"{name}.{word}", space[word])
            if "__getattr__" in space and kind == "own":
                self._push(f"{name}.__getattr__", space["__getattr__"])

    def _visit_strays(self) -> None:
        """Look into code that ran and was not found: functions that were made or looked up."""
        for code, space in (self._codes or {}).items():
            if (code, id(space)) in self._visited:
                continue
            self._from(0, False)
            for function in gc.get_referrers(code):
                if isinstance(function, FunctionType) and function.__code__ is code:
                    self._push(code.co_name, function)
            self.links.add(0, (code, id(space)), False)
            self._code(code, space)

    def _visit_gradients(self) -> None:
        for name, tensor in list(self.tensors.values()):
            if id(tensor) not in self._graded:
                self._from(id(tensor), False)
                self._graded.add(id(tensor))
                self._got(f"{name}.grad", attrgetter("_grad"), tensor)

    def _class(self, name: str, value: type) -> None:
        if package_kind(module_of(value)) != "own":
            return
        self._places.append(Attributes(name, value, "__mro__", "__name__"))
        space = vars(value)
        self._places.append(Items(name, space, lambda key: f"{value.__name__}.{key}"))
        for key, held in space.items():
            self._push(f"{value.__name__}.{key}", held)
        for base in value.__bases__:
            self._kin(base)
        self._push(type(value).__name__, type(value), False)

    def _kin(self, kind: type) -> None:
        """Go on to an object's class or a class's base, of which a copy may have another."""
        self.links.add(self._at, id(kind), self._copied)
        self.links.classes.add(id(kind))
        self._stack.append((kind.__name__, kind))

    def _container(self, name: str, value: Any) -> bool:
        """Look into what holds other things."""
        kind = type(value)
        if issubclass(kind, (dict, MappingProxyType)):
            self._entries(name, value, item(name))
        elif issubclass(kind, (list, tuple, set, frozenset, deque)):
            if kind is not tuple:
                self._places.append(Elements(name, value))
            for k, held in enumerate(value):
                self._push(f"{name}[{k}]", held)
        elif issubclass(kind, (bytearray, memoryview)):
            self._places.append(Contents(name, bytes, value, "bytes"))
        elif issubclass(kind, machine_array):
            self._places.append(
                Contents(name, lambda a: (a.typecode, a.tobytes()), value, "numbers")
            )
        elif issubclass(kind, np.void):
            self._places.append(Contents(name, lambda a: (a.dtype, a.tobytes()), value, "numbers"))
        elif issubclass(kind, ContextVar):
            self._got(f"the context variable {value.name}", value.get)
        elif issubclass(kind, weakref.ref):
            self._got(name, value)
        elif kind in _PROXIES:
            self._push(name, value.__repr__.__self__)
        else:
            return False
        if kind not in _PURE:
            self._object(name, value, True)  # a class of one's own may have attributes too
        return True

    def _got(self, name: str, get: Callable[..., Any], *args: Any) -> None:
        place = Got(name, get, *args)
        self._places.append(place)
        if place.old is not MISSING:
            self._push(name, place.old, False)

    def _entries(self, name: str, holder: Any, spell: Callable[[Any], str]) -> None:
        self._places.append(Items(name, holder, spell))
        for key, held in list(holder.items()):
            self._push(spell(key), held)
            self._push(spell(key), key, False)

    def _object(self, name: str, value: Any, state: bool = False) -> None:
        kind = type(value)
        whose = package_kind(module_of(kind))
        space = space_of(value)
        if issubclass(kind, random.Random):
            self.sources.append(Contents(name, kind.getstate, value, "state"))
        elif issubclass(kind, _GENERATORS):
            self.sources.append(Contents(name, generator_state, value, "state"))
        self._places += inside(name, value, self._words)
        if issubclass(kind, (*_CLOSED, *_GENERATORS, random.Random)) or module_of(kind).startswith(
            _COMPILERS
        ):
            return
        if hasattr(kind, "__next__"):
            self._refuse(name, f"an iterator ({kind.__name__}), which is used up as it is read")
            return
        if space is not None:
            state = True
            if not answers_itself(kind):
                self._places.append(Attributes(name, value, "__class__", "__dict__"))
            else:
                self._places.append(Got(f"the class of {name}", type, value))
                self._places.append(Got(f"{name}.__dict__", space_of, value))
            self._entries(name, space, attribute(name))
        if issubclass(kind, BaseException):
            self._got(f"{name}.args", lambda: value.args)
        for base in kind.__mro__:
            for key, member in vars(base).items():
                if isinstance(member, MemberDescriptorType):
                    state = True
                    self._slot(f"{name}.{key}", value, member)
        if whose == "own":
            self._kin(kind)
        elif not state and kind is not object and whose != "fixed":
            try:
                self._places.append(Contents(name, pickle.dumps, value, "contents"))
            except Exception:  # whatever a class says when it cannot be pickled
                self._refuse(name, f"of class {kind.__name__}, whose state cannot be compared")

    def _slot(self, name: str, owner: Any, member: Any) -> None:
        place = Got(name, member.__get__, owner)
        self._places.append(place)
        if place.old is not MISSING:
            self._push(name, place.old)

    def _refuse(self, name: str, what: str) -> None:
        self._refusals.append((name, what))

    @property
    def refused(self) -> str | None:
        """What cannot be compared and is read, in words; None if there is nothing such."""
        for name, what in self._refusals:
            if "." not in name or name.rpartition(".")[2] in self._words:
                return f"{name} is {what}"
        return None


_PURE = frozenset(
    {dict, list, tuple, set, frozenset, deque, bytearray, memoryview, machine_array, ContextVar,
     MappingProxyType, weakref.ref, *_PROXIES}
)  # fmt: skip
_PLAIN = frozenset(
    {"builtins", "numpy", "numpy.dtypes", "decimal", "uuid", "pathlib", "datetime",
     "re", "pathlib._local", "zoneinfo"}
)  # fmt: skip
_BUILTINS: dict[str, Any] = vars(sys.modules["builtins"])


def _is_plain(value: Any) -> bool:
    """Whether a value is a number, a text or the like, and not of a class of one's own."""
    return type(value).__module__ in _PLAIN and not isinstance(value, np.void)


def _is_numbers(value: Any) -> bool:
    """Whether something can stand for a value: for an array of numbers."""
    return value.__class__ is np.ndarray and value.dtype.kind in "biufc"
