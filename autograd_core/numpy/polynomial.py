"""numpy.polynomial: NumPy's own code, run on the functions of `autograd_core.numpy`.

NumPy's polynomials are written in Python, and convert their arguments by ``np.array``.  Here the
same code has another ``np`` among its globals.  So values, checks and versions are NumPy's, and
derivatives come from the operations that the code is made of (decision 206).  A function whose
arguments are all plain is NumPy's own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

import numpy
from numpy.polynomial import _polybase as _base

from autograd_core.base import errors
from autograd_core.engine.tensor import untracked
from autograd_core.numpy.names import named
from autograd_core.operations.nested_sequences import holds
from autograd_core.operations.primitive import Boxed, innermost_array

_ABC: Any = _base.ABCPolyBase
_UTILS = "polyutils"
_KINDS = {"polynomial": "Polynomial", "chebyshev": "Chebyshev", "legendre": "Legendre",
          "hermite": "Hermite", "hermite_e": "HermiteE", "laguerre": "Laguerre"}  # fmt: skip


class _Arrays(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, (numpy.ndarray, Boxed))


class _Array(metaclass=_Arrays):
    """What NumPy's code takes for an ndarray."""


def _writable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose result is new, and takes traced values that are written into it."""

    def make(*args: Any, **keywords: Any) -> Any:
        made = function(*args, **keywords)
        if isinstance(made, numpy.ndarray):
            return untracked(made.copy()) if made.dtype.kind in "fc" else made
        return made.copy() if made is args[0] else made

    return make


def _copied(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose result NumPy's code overwrites: the operation keeps its own."""

    def make(*args: Any) -> Any:
        return function(*args).copy()

    return make


def _lstsq(*args: Any) -> Any:
    """Solve as numpy.linalg.lstsq; the rank is one number, of a batch the smallest."""
    found, residuals, rank, values = named("linalg").lstsq(*args)
    return found, residuals, int(numpy.min(innermost_array(rank))), values


class _Names(ModuleType):
    """One of NumPy's namespaces, as NumPy's code on polynomials sees it.

    Parameters
    ----------
    find : callable
        Finds what stands under a name.
    own : dict
        What stands under some names instead.
    """

    def __init__(self, find: Callable[[str], Any], own: dict[str, Any]) -> None:
        super().__init__("numpy")
        self.__dict__.update(own, find=find)

    def __getattr__(self, name: str) -> Any:
        return self.__dict__["find"](name)


_LINALG = _Names(
    lambda name: getattr(named("linalg"), name),
    {"eigvals": _copied(numpy.linalg.eigvals), "lstsq": _lstsq},
)
_NUMPY = _Names(
    named,
    {
        **{name: _writable(named(name)) for name in ("array", "empty", "zeros", "ones")},
        "ndarray": _Array, "sqrt": _copied(numpy.sqrt), "linalg": _LINALG,
    },
)  # fmt: skip


def _holds(value: Any) -> bool:
    """Whether a value is traced, or a list or a polynomial of traced values."""
    if isinstance(value, _ABC):
        return any(holds(getattr(value, part, None)) for part in ("coef", "domain", "window"))
    return holds(value)


# --- what NumPy's code asks of numbers, here also of batches, whose examples may differ ---------


def _all(condition: Any) -> bool:
    """Whether a condition holds, in every example of a batch."""
    return bool(numpy.all(innermost_array(condition)))


def _is_batch(*coefs: Any) -> bool:
    return any(numpy.ndim(innermost_array(c)) > numpy.ndim(c) for c in coefs)


def _trimseq(numpys: Any, seq: Any) -> Any:
    n = len(seq)
    while n > 1 and _all(seq[n - 1] == 0):
        n -= 1
    return seq[:n]


def _trimcoef(numpys: Any, c: Any, tol: float = 0) -> Any:
    if tol < 0:
        raise ValueError("tol must be non-negative")
    [c] = _MODULES[_UTILS].as_series([c])
    n = len(c)
    while n and _all(numpy.abs(c[n - 1]) <= tol):
        n -= 1
    return c[:n].copy() if n else c[:1] * 0


def _getdomain(numpys: Any, x: Any) -> Any:
    [x] = _MODULES[_UTILS].as_series([x], trim=False)
    ends = [x.real.min(), x.real.max()]
    if x.dtype.kind == "c":
        ends = [ends[0] + 1j * x.imag.min(), ends[1] + 1j * x.imag.max()]
    return numpy.stack(ends)


def _mapdomain(numpys: Any, x: Any, old: Any, new: Any) -> Any:
    if not isinstance(x, _ABC):  # a polynomial of a polynomial
        x = named("asanyarray")(x)
    offset, scale = _MODULES[_UTILS].mapparms(old, new)
    return offset + scale * x


def _division(kind: str, name: str) -> Callable[..., Any]:
    """Return a division that also takes batches: by repeated subtraction, as ``_div`` does."""

    def divide(numpys: Any, *args: Any) -> Any:
        c1, c2 = _MODULES[_UTILS].as_series(args[-2:])
        if not _is_batch(c1, c2):
            return numpys(*args)
        mul = getattr(_MODULES[kind], name) if kind else args[0]
        if not _all(c2[-1] != 0):
            raise ZeroDivisionError(
                "division of polynomials under vmap: the divisor's last coefficient is 0 in some "
                "example; divide those polynomials one by one."
            )
        if len(c1) < len(c2):
            return c1[:1] * 0, c1
        if len(c2) == 1:
            return c1 / c2[-1], c1[:1] * 0
        quotient = []
        for k in range(len(c1) - len(c2), -1, -1):
            shifted = mul([0] * k + [1], c2)
            quotient.append(c1[-1] / shifted[-1])
            c1 = c1[:-1] - quotient[-1] * shifted[:-1]
        return numpy.stack(quotient[::-1]), _trimseq(None, c1)

    return divide


def _vander(kind: str, name: str) -> Callable[..., Any]:
    """Return the matrix of a basis, a column at a time: NumPy's reads rows that it overwrites."""

    def vander(numpys: Any, x: Any, deg: int) -> Any:
        degree = _MODULES[_UTILS]._as_int(deg, "deg")
        if degree < 0:
            raise ValueError("deg must be non-negative")
        x = numpy.atleast_1d(named("asarray")(x)) + 0.0
        value = getattr(_MODULES[kind], name)
        units = numpy.eye(degree + 1, dtype=x.dtype)
        return numpy.stack([value(x, units[k, : k + 1]) for k in range(degree + 1)], axis=-1)

    return vander


def _times_x(kind: str, prefix: str) -> Callable[..., Any]:
    def mulx(numpys: Any, c: Any) -> Any:
        [c] = _MODULES[_UTILS].as_series([c])
        if len(c) > 1 or not _is_batch(c) or _all(c == 0):
            return numpys(c)
        return getattr(_MODULES[kind], f"{prefix}mul")(c, getattr(_MODULES[kind], f"{prefix}x"))

    return mulx


def _line(kind: str, prefix: str) -> Callable[..., Any]:
    def line(numpys: Any, off: Any, scl: Any) -> Any:
        if not _is_batch(off, scl):
            return numpys(off, scl)
        module = _MODULES[kind]
        return getattr(module, f"{prefix}add")([off], scl * getattr(module, f"{prefix}x"))

    return line


_PREFIXES = {"polynomial": "poly", "chebyshev": "cheb", "legendre": "leg", "hermite": "herm",
             "hermite_e": "herme", "laguerre": "lag"}  # fmt: skip
# Each takes NumPy's function first, as it runs on our functions.
_OWN: dict[str, Callable[..., Any]] = {
    "trimseq": _trimseq, "trimcoef": _trimcoef, "getdomain": _getdomain, "mapdomain": _mapdomain,
    "_div": _division("", ""), "polydiv": _division("polynomial", "polymul"),
    "chebdiv": _division("chebyshev", "chebmul"),
    **{f"{prefix}vander": _vander(kind, f"{prefix}val") for kind, prefix in _PREFIXES.items()},
    **{f"{prefix}mulx": _times_x(kind, prefix) for kind, prefix in _PREFIXES.items()},
    **{f"{prefix}line": _line(kind, prefix) for kind, prefix in _PREFIXES.items()},
}  # fmt: skip
_MODULES: dict[str, Any] = {}


def _with_globals(function: Any, names: dict[str, Any]) -> Any:
    """Return the same code with other globals."""
    made = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _rebound(function: Any, names: dict[str, Any]) -> Any:
    """Return one of NumPy's functions; with traced arguments it runs on our functions."""
    inner = getattr(function, "_implementation", function)
    ours = _with_globals(inner, names)
    own = _OWN.get(inner.__name__)

    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        traced = any(map(_holds, args)) or any(map(_holds, keywords.values()))
        if not traced:
            return function(*args, **keywords)
        if own is not None:
            return own(ours, *args, **keywords)
        return ours(*args, **keywords)

    call.__module__ = names["__name__"]
    call.__doc__ = _summary(function)
    return call


def _summary(thing: Any) -> str:
    """Return the first sentence of NumPy's docstring: its examples are NumPy's."""
    return (thing.__doc__ or "").strip().partition("\n\n")[0]


def _module(name: str) -> Any:
    """Return one of NumPy's modules of functions, with its functions rebound."""
    numpys = import_module(f"numpy.polynomial.{name}")
    made: Any = ModuleType(f"{__name__}.{name}", numpys.__doc__)
    made.__package__ = __name__
    for key, value in vars(numpys).items():
        home = getattr(value, "__module__", None)
        if key.startswith("__") or isinstance(value, type):
            continue
        if isinstance(value, ModuleType):
            value = {"numpy": _NUMPY, "numpy.linalg": _LINALG}.get(
                value.__name__, _MODULES.get(value.__name__.rpartition(".")[2], value)
            )
        elif home == numpys.__name__:
            value = _rebound(value, vars(made))
        elif home == f"numpy.polynomial.{_UTILS}":  # chebtrim = pu.trimcoef
            value = getattr(_MODULES[_UTILS], value.__name__)
        setattr(made, key, value)
    made.__all__ = numpys.__all__
    return made


for _name in (_UTILS, *_KINDS):
    _MODULES[_name] = sys.modules[f"{__name__}.{_name}"] = _module(_name)


# --- the classes ----------------------------------------------------------------------------------


def _operator(name: str, reflected: bool = False) -> Callable[..., Any]:
    """Return an operator between a polynomial and another one, or coefficients."""

    def operate(self: Any, other: Any) -> Any:
        if isinstance(other, _ABC):
            other = self._in_own_kind(other)
            if reflected:  # NumPy's polynomial stands on the left
                return getattr(other, f"__{name}__")(self)
        if not (_holds(self) or _holds(other)):
            numpys = f"__r{name}__" if reflected else f"__{name}__"
            return getattr(_ABC, numpys)(self, other)
        pair = [self.coef, self._get_coefficients(other)]
        compute = getattr(self, "_div" if name == "divmod" else f"_{name}")
        try:
            made = compute(*(reversed(pair) if reflected else pair))
        except (errors.AutogradError, ZeroDivisionError):
            raise
        except Exception:  # not two polynomials, as NumPy says it
            return NotImplemented
        return tuple(map(self._like, made)) if name == "divmod" else self._like(made)

    return operate


class _Traceable(_ABC):  # type: ignore[misc]
    """A polynomial whose coefficients, domain and window may be traced."""

    def _like(self, coef: Any) -> Any:
        return type(self)(coef, self.domain, self.window, self.symbol)

    def _in_own_kind(self, other: Any) -> Any:
        """Return NumPy's polynomial of the same kind as one of ours."""
        if type(other) in type(self).__mro__[1:]:
            return type(self)(other.coef, other.domain, other.window, other.symbol)
        return other

    def _get_coefficients(self, other: Any) -> Any:
        if not isinstance(other, _ABC):
            return other
        if not isinstance(other, type(self)):
            raise TypeError("Polynomial types differ")
        for word, ours, theirs in (("Domains", self.domain, other.domain),
                                   ("Windows", self.window, other.window)):  # fmt: skip
            if not _all(ours == theirs):
                raise TypeError(f"{word} differ")
        if self.symbol != other.symbol:
            raise ValueError("Polynomial symbols differ")
        return other.coef

    @classmethod
    def fit(cls, x: Any, y: Any, deg: Any, domain: Any = None, *args: Any, **more: Any) -> Any:
        """Fit by least squares, as NumPy's does; x, y and the weights may be traced."""
        if domain is None and _holds(x):
            domain = _MODULES[_UTILS].getdomain(x)
            narrow = domain[0] == domain[1]  # then NumPy widens it
            domain = numpy.stack([domain[0] - narrow, domain[1] + narrow])
        return _METHODS["fit"].__func__(cls, x, y, deg, domain, *args, **more)

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Boxed) and not numpy.ndim(other):  # type: ignore[arg-type]
            return self.__floordiv__(other)
        return super().__truediv__(other)


for _name in ("add", "sub", "mul", "divmod"):
    setattr(_Traceable, f"__{_name}__", _operator(_name))
    setattr(_Traceable, f"__r{_name}__", _operator(_name, reflected=True))


def _of_class(numpys: Any, module: Any, names: dict[str, Any]) -> dict[str, Any]:
    """Return the methods of one of NumPy's classes, rebound."""
    made: dict[str, Any] = {}
    for key, value in vars(numpys).items():
        inner = getattr(value, "__func__", value)
        if not isinstance(inner, FunctionType) or getattr(inner, "__isabstractmethod__", False):
            continue
        if isinstance(value, staticmethod):
            made[key] = staticmethod(getattr(module, inner.__name__, inner))
        else:
            call = _rebound(inner, names)
            made[key] = classmethod(call) if isinstance(value, classmethod) else call
    return made


_METHODS = _of_class(_ABC, _base, {**vars(_base), "np": _NUMPY, "pu": _MODULES[_UTILS],
                                   "__name__": __name__})  # fmt: skip
for _key, _method in _METHODS.items():
    if _key not in vars(_Traceable):
        setattr(_Traceable, _key, _method)


_CLASS = """{0} As numpy.polynomial.{1}, whose code it runs.

Parameters
----------
coef : array_like, one axis
    Coefficients of degree 0, 1, ..., traced or not.
domain, window : array_like of two numbers, optional
    As NumPy's; traced or not.
symbol : str, optional
    The variable's name, where the polynomial is printed.

Examples
--------
>>> import autograd_core.numpy as np
>>> from autograd_core import grad
>>> value = lambda c: np.polynomial.{1}(c).deriv()(0.0)
>>> grad(value)(np.array([1.0, 2.0])).tolist() == [0.0, np.polynomial.{1}([0, 1]).deriv()(0.0)]
True
"""


def _class(kind: str, name: str) -> Any:
    module, numpys = _MODULES[kind], getattr(numpy.polynomial, name)
    members = _of_class(numpys, module, vars(module))
    members.update(__module__=__name__, __doc__=_CLASS.format(_summary(numpys), name),
                   __hash__=None)  # fmt: skip
    made = type(numpys)(name, (_Traceable, numpys), members)
    setattr(module, name, made)
    return made


for _kind, _name in _KINDS.items():
    globals()[_name] = _class(_kind, _name)

__all__ = [*_KINDS, *_KINDS.values(), _UTILS]


def __getattr__(name: str) -> Any:
    return _MODULES[name] if name in _MODULES else getattr(numpy.polynomial, name)


def __dir__() -> list[str]:
    return sorted({*__all__, *numpy.polynomial.__all__})
