"""Where a program gets its random numbers: the generators that its objects can reach."""

from __future__ import annotations

import functools
import os
import random
import re
import sys
import threading
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import Any, NamedTuple
from weakref import ProxyTypes

import numpy as np

from autograd_core.base.packages import package_of
from autograd_core.engine.tensor import Tensor
from autograd_core.engine.trace_borders import filled


def random_sources(*roots: Any) -> list[Any]:
    """Return the random sources that functions and arguments can reach; see `named_sources`."""
    found, _ = named_sources({str(k): root for k, root in enumerate(roots)})
    kinds = np.random.Generator, np.random.RandomState, random.Random
    return [source for source in found.values() if isinstance(source, kinds)]


class _Place(NamedTuple):
    """Where a value was found: under a label, inside of another place."""

    value: Any
    outer: _Place | None
    label: str

    @property
    def name(self) -> str:
        labels, place = [], self
        while place is not None:
            labels.append(place.label)
            place = place.outer  # type: ignore[assignment]  # the loop ends at None
        return re.sub(r"\._modules\['([^']*)'\]", r".\1", "".join(reversed(labels)))


def named_sources(
    roots: Mapping[str, Any], known: Collection[str] = (), without: Collection[Any] = ()
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the random sources that objects can reach, by name, and what has no state to keep.

    Looked through: closures, defaults, the globals that the code names (nested
    functions too), bound methods, ``functools.partial``, properties, attributes, slots, class
    attributes, and containers.  Not looked through: functions and objects of the standard
    library and of compilers, from which everything that is loaded can be reached.

    Parameters
    ----------
    roots : mapping
        Objects by name; the names begin with these.
    known : collection of str
        Packages whose code is known to hold none: their classes are not looked through, their
        objects are.
    without : collection
        Objects not to look through.

    Returns
    -------
    dict, dict
        Generators, RandomStates, bit generators, seed sequences and ``random.Random``; and the
        kind of what was found beside them: iterators, the system's random numbers. Of a root that
        leads to more than `MOST` objects the nearest are searched, and the root is named there.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found, unkept = named_sources({"draw": [rng.normal], "bits": random.SystemRandom()})
    >>> list(found), unkept
    (['draw[0]'], {'bits': 'SystemRandom'})
    """
    found: dict[str, Any] = {}
    unkept: dict[str, str] = {}
    seen = {id(value) for value in without}
    keep: list[Any] = []  # what was made on the way must live, or its id would be another's
    for label, root in roots.items():
        places = deque([_Place(root, None, label)])
        most = len(keep) + MOST
        while places:  # the nearest first: their names are the plainest
            place = places.popleft()
            value = place.value
            if type(value) in ProxyTypes:  # what it stands for may be gone, and belongs to others
                continue
            if isinstance(value, _LEAVES) or id(value) in seen:
                continue
            if len(keep) == most:
                unkept[label] = f"more than {MOST:,} objects; those further away were not searched"
                break
            seen.add(id(value))
            keep.append(value)
            if kind := _without_state(value):
                unkept[place.name] = kind
            elif isinstance(value, _sources()):
                name = place.name
                if name in found:  # of a set, whose order differs from run to run
                    unkept[name] = "several in a set, which has no order"
                else:
                    found[name] = value
            else:
                places += [_Place(v, place, k) for k, v in _inside(value, known)]
    return found, unkept


_LEAVES = (str, bytes, int, float, complex, type(None), np.generic)


@functools.cache
def _sources() -> tuple[type, ...]:
    """Return the classes of random sources; asked for late, since NumPy loads them late too."""
    r = np.random
    return r.Generator, r.RandomState, r.BitGenerator, r.SeedSequence, random.Random


MOST = 100_000  # objects that are looked through for each root: half a second
_Inside = list[tuple[str, Any]]


def _without_state(value: Any) -> str:
    """Return what kind of source this is if its state cannot be read, else nothing."""
    kind = type(value)
    if isinstance(value, random.SystemRandom) or kind.__module__ == "secrets":
        return kind.__name__
    if value is os.urandom or getattr(value, "__module__", "") == "secrets":
        return "the system's random numbers"
    if kind.__name__ == "Generator" and package_of(kind) == "torch":
        return "torch.Generator"
    if kind.__module__ in ("builtins", "itertools") and issubclass(kind, Iterator):
        return f"a {kind.__name__}, whose place is not known"
    return ""


def _inside(value: Any, known: Collection[str]) -> _Inside:
    """Return what an object holds, each with its label."""
    for look in (_of_wrapper, _of_function, _of_container):
        held = look(value)
        if held is not None:
            return held
    if isinstance(value, (type, ModuleType, Tensor)):
        return []
    inside = getattr(value, "__dict__", None)  # a C library's may be anything
    held = _labelled(inside) if isinstance(inside, dict) else []
    for kind in type(value).__mro__[:-1]:
        if not _of_others(kind) and package_of(kind) not in known:
            held += [(f".{k}", v) for k, v in vars(kind).items() if not k.startswith("__")]
            held += [(f".{k}", getattr(value, k, None)) for k in getattr(kind, "__slots__", ())]
            held += [("()", vars(kind).get(k)) for k in _CALLED]
    return held


def _of_wrapper(value: Any) -> _Inside | None:
    """Return what a method or its like belongs to; None for other objects."""
    if isinstance(value, MethodType):
        return [("", value.__self__), ("", value.__func__)]
    if isinstance(value, (BuiltinMethodType, MethodWrapperType)):  # rng.normal holds rng
        holder = value.__self__
        return [] if holder is None or isinstance(holder, ModuleType) else [("", holder)]
    if isinstance(value, (staticmethod, classmethod)):
        return [("", value.__func__)]
    if isinstance(value, property):
        return [("", value.fget), ("", value.fset)]
    if isinstance(value, np.ndarray):
        return _numbered(value.ravel()) if value.dtype.hasobject else []
    if isinstance(value, threading.local):
        return _labelled(vars(value))
    return None


def _of_function(value: Any) -> _Inside | None:
    """Return what a function reads; of libraries' objects what they wrap; None for others."""
    if _of_others(value if isinstance(value, FunctionType) else type(value)):
        return [("", value.__wrapped__)] if hasattr(value, "__wrapped__") else []
    if not isinstance(value, FunctionType):
        return None
    cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
    return [
        *((f".{k}", c.cell_contents) for k, c in cells if filled(c)),
        *_numbered(value.__defaults__ or ()),
        *_labelled(value.__kwdefaults__ or {}),
        *_named_globals(value.__code__, value.__globals__),
        *_labelled(vars(value)),
    ]


def _of_container(value: Any) -> _Inside | None:
    """Return what a container holds; None for other objects."""
    if isinstance(value, (functools.partial, functools.partialmethod)):
        return [("", value.func), *_numbered(value.args), *_labelled(value.keywords)]
    if isinstance(value, dict):
        labels = (repr(k) if isinstance(k, str) else f"#{n}" for n, k in enumerate(value))
        pairs = zip(labels, value.values(), strict=True)
        return [(f"[{k}]", v) for k, v in pairs if not _dull(v)]
    if isinstance(value, (list, tuple, deque)):
        return _numbered(value)
    if isinstance(value, (set, frozenset)):
        return [("{}", v) for v in value]
    return None


_CALLED = ("__call__", "__getitem__", "__len__", "__iter__", "__next__")


def _numbered(values: Iterable[Any]) -> _Inside:
    return [(f"[{k}]", v) for k, v in enumerate(values) if not _dull(v)]


def _labelled(values: Mapping[str, Any]) -> _Inside:
    return [(f".{k}", v) for k, v in list(values.items()) if not _dull(v)]


def _dull(value: Any) -> bool:
    """Whether there is nothing to look through: numbers, text, arrays, and pairs of them."""
    kind = type(value)
    if kind is np.ndarray:
        return not value.dtype.hasobject
    return kind in _LEAVES or (kind is tuple and all(map(_dull, value)))


# These hold no random source of a user's program; a namespace is as good as a dictionary.
# A test's assert names pytest, from which every test that was collected can be reached.
_OTHERS = {
    *sys.stdlib_module_names,
    "numpy",
    "numba",
    "llvmlite",
    "pytest",
    "_pytest",
    "sklearn",
    "dask",
} - {
    "__main__",
    "types",
    "collections",
}
_CONTAINERS = (dict, list, tuple, set, functools.partial)


def _of_others(value: Any) -> bool:
    """Whether a function or a class belongs to the standard library or to a compiler."""
    if isinstance(value, FunctionType):
        return _home(value) in _OTHERS
    if issubclass(value, _CONTAINERS):
        return False
    return package_of(value) in _OTHERS


def _home(function: FunctionType) -> str:
    """Where its code stands; `wraps` gives it the ``__module__`` of another."""
    return str(function.__globals__.get("__name__")).partition(".")[0]


def _named_globals(code: CodeType, names: dict[str, Any]) -> _Inside:
    """Return the globals that code speaks of, and their attributes if they are modules."""
    found: _Inside = []
    stack = [code]
    package = str(names.get("__name__")).partition(".")[0]
    if package == "autograd_core":  # the engine draws nothing by itself
        return []
    while stack:
        code = stack.pop()
        stack += [c for c in code.co_consts if isinstance(c, CodeType)]
        modules = [(k, names[k] if k in names else sys.modules.get(k)) for k in code.co_names]
        found += [(f"|{k}", v) for k, v in modules if k in names and not _is_module(v)]
        modules = [(k, v) for k, v in modules if _is_module(v)]
        for label, module in modules:  # grows: a module's own modules
            held = [(f"{label}.{k}", vars(module).get(k)) for k in code.co_names]
            found += [(f"|{k}", v) for k, v in held if not _is_module(v)]
            known = {id(m) for _, m in modules}
            modules += [(k, v) for k, v in held if _is_module(v) and id(v) not in known]
    if package in ("nn", "optim"):  # their counters decide nothing
        found = [(k, v) for k, v in found if not isinstance(v, Iterator)]
    return [(k, v) for k, v in found if not _dull(v)]


def _is_module(value: Any) -> bool:
    return isinstance(value, ModuleType)


class RandomStates:
    """The state of every random source a function draws from, to draw the same again."""

    def __init__(self, *roots: Any) -> None:
        self.sources = random_sources(*roots)
        self.saved = self._now()

    def _now(self) -> Any:
        return [state_of(s) for s in self.sources], np.random.get_state(), random.getstate()

    def _set(self, state: Any) -> None:
        for source, saved in zip(self.sources, state[0], strict=True):
            put_back(source, saved)
        np.random.set_state(state[1])
        random.setstate(state[2])

    def __enter__(self) -> None:
        self.later = self._now()
        self._set(self.saved)

    def __exit__(self, *error: object) -> None:
        self._set(self.later)


def state_of(source: Any) -> Any:
    """Return the state of one source, as its own methods give it."""
    if isinstance(source, np.random.Generator):
        return source.bit_generator.state
    if isinstance(source, np.random.RandomState):
        return source.get_state(legacy=False)  # of every kind of bit generator
    return source.getstate()


def put_back(source: Any, state: Any) -> None:
    """Put one source back into a state that `state_of` returned."""
    if isinstance(source, np.random.Generator):
        source.bit_generator.state = state
    elif isinstance(source, np.random.RandomState):
        source.set_state(state)
    else:
        source.setstate(state)
