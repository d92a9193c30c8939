"""What SciPy has and no rule stands for: its own for constants, a refusal by name of traced values.

Functions, classes and ready-made objects alike: none of them gets to see a traced value, whose
number it would take without the derivative, or on which it would break with an error of its inside.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib import import_module
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from autograd_core.base.packages import module_of
from autograd_core.operations.primitive import REGISTRY
from autograd_core.scipy.values import refuse_traced, watched

_USUAL = "Pass constants (x.detach() on a Tensor), or write it in NumPy."
# What to write instead of functions whose refusal can say more than the usual.
REMEDIES = {
    "stats.cramervonmises": (
        "Its p-value is a sum that SciPy cuts off. The statistic of n values is 1 / (12 * n) + "
        "np.sum(((2 * np.arange(1, n + 1) - 1) / (2 * n) - cdf(np.sort(x))) ** 2)."
    ),
    "ndimage.generic_filter": "Write ndimage.vectorized_filter, whose function sees every window.",
    "stats.rankdata": "Ranks are constant wherever they do not jump: pass x.detach().",
    "stats.mode": "It is one of the values: choose it by its place, x[np.argmax(x.detach() == m)].",
}
# Classes that only hold what they are given, or that traced values have a way through.
_HOLDERS = {"Bounds", "LinearConstraint", "NonlinearConstraint", "OptimizeResult", "RootResults"}


def _calls_back(value: Any) -> bool:
    """Whether a value is a function of the user's, or something of theirs that can be called."""
    if isinstance(value, (FunctionType, MethodType)):
        return True
    theirs = module_of(value).partition(".")[0] not in ("scipy", "numpy", "builtins")
    return callable(value) and theirs and not isinstance(value, type)


def _checked(where: str, args: Any, keywords: Any) -> tuple[list[Any], dict[str, Any]]:
    """Refuse traced arguments; return the others, and those that SciPy will call watched."""
    refuse_traced(where, REMEDIES.get(where, _USUAL), args, keywords)

    def seen(value: Any) -> Any:
        return watched(value, where) if _calls_back(value) else value

    return [seen(a) for a in args], {k: seen(v) for k, v in keywords.items()}


def refusing(own: Callable[..., Any], where: str) -> Callable[..., Any]:
    """Return a function of SciPy's that refuses traced values."""

    @wraps(own)
    def call(*args: Any, **keywords: Any) -> Any:
        given, named = _checked(where, args, keywords)
        return own(*given, **named)

    return call


def _method(own: Callable[..., Any], where: str) -> Callable[..., Any]:
    @wraps(own)
    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        given, named = _checked(where, args, keywords)
        return own(self, *given, **named)

    return call


class _Kind(type):
    """Makes SciPy's instances, of constants, and gives them the class that refuses the rest."""

    own: type
    where: str

    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        given, named = _checked(cls.where, args, keywords)
        if vars(cls).get("own") is None:  # a class of the user's
            return super().__call__(*given, **named)
        made: Any = cls.own(*given, **named)
        with suppress(TypeError):  # a class in C, whose instances keep it
            made.__class__ = _refusing_class(type(made), cls.where, cls.__module__)
        return made

    def __instancecheck__(cls, x: Any) -> bool:
        return (
            isinstance(x, vars(cls)["own"]) if "own" in vars(cls) else super().__instancecheck__(x)
        )


_CLASSES: dict[type, type] = {}


def _refusing_class(own: type, where: str, home: str) -> type:
    """Return a class that is SciPy's in all but this: nothing in it takes a traced value.

    SciPy's own instances count as its instances.
    """
    if own in _CLASSES:
        return _CLASSES[own]
    kind = _Kind if type(own) is type else type("_Kind", (_Kind, type(own)), {})
    found: dict[str, Any] = {"own": own, "where": where, "__doc__": own.__doc__, "__slots__": ()}
    found |= {"__module__": home, "__qualname__": own.__qualname__}
    methods = ".sparse" not in home  # traced values and sparse arrays have a way of their own
    for name in dir(own) if methods else ():
        value: Any = getattr(own, name, None)
        bound = isinstance(value, MethodType) or not callable(value)
        if bound or isinstance(value, type) or (name.startswith("_") and name != "__call__"):
            continue
        if isinstance(_declared_in(own, name), staticmethod):
            found[name] = staticmethod(refusing(value, f"{where}.{name}"))
        else:
            told = where if name == "__call__" else f"{where}.{name}"
            found[name] = _method(value, told)
    if getattr(import_module(home.removeprefix("autograd_core.")), own.__name__, None) is not own:
        found["__reduce__"] = lambda self: (_restored, (own, where, home), vars(self))
    _CLASSES[own] = kind(own.__name__, (own,), found)
    return _CLASSES[own]


def _restored(own: type, where: str, home: str) -> Any:
    """Make an object from a file of pickle, of a class that has no public name."""
    made: Any = object.__new__(own)
    made.__class__ = _refusing_class(own, where, home)
    return made


def _declared_in(own: type, name: str) -> Any:
    return next(vars(c)[name] for c in own.__mro__ if name in vars(c))


class Refusing:
    """One of SciPy's ready-made objects, such as ``stats.wishart``; its methods take constants.

    Parameters
    ----------
    own : object
        SciPy's.
    where : str
        Its name in errors.
    """

    def __init__(self, own: Any, where: str) -> None:
        self._own, self._where = own, where
        self.__doc__ = own.__doc__

    def __repr__(self) -> str:
        return f"<scipy.{self._where}>"

    def __dir__(self) -> list[str]:
        return dir(self._own)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._own, name)
        return refusing(value, f"{self._where}.{name}") if callable(value) else value

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_own", "_where", "__doc__"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._own, name, value)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Return the distribution with its parameters held."""
        made = refusing(self._own, self._where)(*args, **keywords)
        theirs = module_of(made).partition(".")[0] == "scipy"
        return Refusing(made, self._where) if theirs else made


class _Part(ModuleType):
    """A module inside of one of SciPy's, such as ``stats.mstats``, with the same guard."""

    def __init__(self, own: ModuleType) -> None:
        super().__init__(own.__name__, own.__doc__)
        self.__dict__["_own"] = own

    def __getattr__(self, name: str) -> Any:
        return guarded(self.__dict__["_own"], name)

    def __dir__(self) -> list[str]:
        return dir(self.__dict__["_own"])


_GUARDED: dict[str, Any] = {}
_PARTS = ("scipy.stats.mstats", "scipy.stats.contingency", "scipy.signal.windows")


def guarded(module: Any, name: str) -> Any:
    """Return what SciPy has under a name; what has no rule refuses traced values."""
    own = getattr(module, name)
    if name.startswith("_") or (not callable(own) and not isinstance(own, ModuleType)):
        return own
    where = f"{module.__name__.removeprefix('scipy.')}.{name}"  # some have two names
    if where not in _GUARDED:
        _GUARDED[where] = _guard(own, where, f"autograd_core.{module.__name__}")
    return _GUARDED[where]


def _guard(own: Any, where: str, home: str) -> Any:
    if isinstance(own, ModuleType):
        return _Part(own) if own.__name__ in _PARTS else own
    if isinstance(own, np.ufunc) or own in REGISTRY:
        return own  # NumPy asks the traced value, which refuses by itself what has no rule
    if isinstance(own, type):
        free = issubclass(own, BaseException) or own.__name__ in _HOLDERS
        if free or not own.__module__.startswith("scipy"):
            return own
        return _refusing_class(own, where, home)
    of_functions = isinstance(own, FunctionType) or not module_of(type(own)).startswith("scipy")
    return refusing(own, where) if of_functions else Refusing(own, where)
