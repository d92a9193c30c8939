"""An array that behaves as CuPy's does, without a GPU: its names, keywords and refusals.

What it has follows CuPy's source: the functions and parameters in ``cupy_names.txt``, and these
rules of ``cupy.ndarray`` (cupy/_core/core.pyx).  It refuses to become an ndarray.  NumPy's
functions find CuPy's of the same name and module, or there is none.  Arrays of NumPy are refused
beside it, of no axes too, but as indices; Python's and NumPy's numbers are taken.  Ufuncs take
``out``, ``dtype`` and ``casting`` only; ``reduce`` and ``accumulate`` are there for add and
multiply, ``at`` for those that scatter.  Every result is an array, also of no axes.
"""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

DTYPES = {t.__name__ for t in np.sctypeDict.values()}
SCALARS = (int, float, complex, bool, np.generic)
INDEXED = {"take", "take_along_axis", "put_along_axis"}
METHODS = """
all any argmax argmin argpartition argsort astype choose clip compress conj conjugate copy cumprod
cumsum diagonal dot fill flatten max mean min nonzero partition prod ptp put ravel repeat reshape
round searchsorted sort squeeze std sum swapaxes take tobytes trace transpose var view
"""
REDUCED = {"reduce": {"add", "multiply"}, "accumulate": {"add", "multiply"}, "reduceat": {"add"},
           "at": {"add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or",
                  "bitwise_xor"}}  # fmt: skip


def _read_names() -> tuple[dict[str, list[str]], set[str], set[str]]:
    functions, ufuncs, special = {}, set(), set()
    for line in Path(__file__).with_name("cupy_names.txt").read_text().splitlines():
        if line.startswith("special."):
            special.add(line.removeprefix("special."))
        elif "(" in line:
            name, rest = line[:-1].split("(")
            functions[name] = rest.split(", ")
        elif not line.startswith("#"):
            ufuncs.add(line)
    return functions, ufuncs, special


FUNCTIONS, UFUNCS, SPECIAL = _read_names()


class Missing(NotImplementedError):
    """What CuPy has not: a ufunc's ``reduce``, say."""


def _wrap(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return ndarray(np.asarray(value))
    if isinstance(value, (list, tuple)):
        parts = [_wrap(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _unwrap(value: Any, indexed: bool = False) -> Any:
    """Return the arrays beneath; NumPy's own are refused, as CuPy refuses them."""
    if isinstance(value, ndarray):
        return value._array
    if isinstance(value, np.ndarray):
        if indexed and value.dtype.kind in "iub":
            return value
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    if isinstance(value, (list, tuple)):
        return type(value)(_unwrap(part, indexed) for part in value)
    if isinstance(value, dict):
        return {k: _unwrap(part, indexed) for k, part in value.items()}
    return value


def _check_parameters(name: str, known: list[str], args: Any, keywords: Any) -> None:
    if "**" not in known:
        wrong = [k for k in keywords if k not in known]
        if wrong:
            raise TypeError(f"{name}() got an unexpected keyword argument '{wrong[0]}'")
    if not any(k.startswith("*") for k in known) and len(args) > len(known):
        raise TypeError(f"{name}() takes {len(known)} arguments but {len(args)} were given")


class ndarray(NDArrayOperatorsMixin):
    """An array on a device of its own."""

    __slots__ = ("__weakref__", "_array")
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, array: Any) -> None:
        assert isinstance(array, np.ndarray)
        self._array = array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        name, out = ufunc.__name__, keywords.pop("out", (None,))
        if name not in UFUNCS and name not in SPECIAL and name not in FUNCTIONS:
            return NotImplemented
        known = (*SCALARS, np.ndarray, ndarray, type(None))
        if method != "at" and not all(isinstance(x, known) for x in (*inputs, *out)):
            return NotImplemented
        if len(out) != 1:
            raise ValueError("The 'out' parameter must have exactly one array value")
        if method == "__call__":
            if wrong := keywords.keys() - {"dtype", "casting"} and name != "matmul":
                raise TypeError(f"Wrong arguments {wrong}")
        elif method not in REDUCED and method != "outer":
            return NotImplemented
        elif name not in REDUCED.get(method, {name}):
            raise Missing(f"`cupy_{name}.{method}` is not supported yet")
        elif wrong := keywords.keys() - {"axis", "dtype", "keepdims"}:
            raise TypeError(f"unexpected keyword argument {wrong}")
        if ufunc.nout == 1 and ufunc in (np.greater, np.less, np.equal, np.not_equal,
                                         np.greater_equal, np.less_equal):  # fmt: skip
            inputs = tuple(
                x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x for x in inputs
            )
        plain = [_unwrap(x, method in ("at", "reduceat") and k == 1) for k, x in enumerate(inputs)]
        if out[0] is not None:
            keywords["out"] = _unwrap(out[0])
        found = getattr(ufunc, method)(*plain, **keywords)
        return out[0] if out[0] is not None else _wrap(found)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        name = ".".join([*function.__module__.split(".")[1:], function.__name__])
        if (name not in FUNCTIONS and name not in UFUNCS) or not all(
            issubclass(t, (ndarray, np.ndarray)) for t in types
        ):
            return NotImplemented
        _check_parameters(name, FUNCTIONS.get(name, ["x"]), args, keywords)
        if name in ("asarray", "array"):  # the explicit way to the device
            value = args[0]._array if isinstance(args[0], ndarray) else args[0]
            return _wrap(function(value, *args[1:], **keywords))
        out = keywords.get("out")
        found = function(*_unwrap(args, name in INDEXED), **_unwrap(keywords, name in INDEXED))
        return out if isinstance(out, ndarray) else _wrap(found)

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __getattr__(self, name: str) -> Any:
        if name not in METHODS.split():
            raise AttributeError(f"'ndarray' object has no attribute '{name}'")
        method = getattr(self._array, name)

        def run(*args: Any, **keywords: Any) -> Any:
            out = keywords.get("out")
            found = method(*_unwrap(args, name in INDEXED), **_unwrap(keywords))
            return out if isinstance(out, ndarray) else _wrap(found)

        return run

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    itemsize = property(lambda self: self._array.itemsize)
    nbytes = property(lambda self: self._array.nbytes)
    strides = property(lambda self: self._array.strides)
    base = property(lambda self: None if self._array.base is None else _wrap(self._array.base))
    T = property(lambda self: ndarray(self._array.T))
    mT = property(lambda self: ndarray(self._array.mT))
    real = property(lambda self: ndarray(self._array.real))
    imag = property(lambda self: ndarray(self._array.imag))

    @property
    def flags(self) -> Any:
        own = self._array.flags
        return SimpleNamespace(
            c_contiguous=own.c_contiguous, f_contiguous=own.f_contiguous, owndata=own.owndata
        )

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self._array)

    def __int__(self) -> int:
        return int(self._array)

    def __index__(self) -> int:
        return self._array.__index__()

    def __float__(self) -> float:
        return float(self._array)

    def __complex__(self) -> complex:
        return complex(self._array)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def __reduce__(self) -> Any:
        return ndarray, (self._array,)

    def __getitem__(self, index: Any) -> Any:
        return ndarray(np.asarray(self._array[_unwrap(index, True)]))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._array[_unwrap(index, True)] = _unwrap(value)

    def __repr__(self) -> str:
        return repr(self._array)

    def __str__(self) -> str:
        return str(self._array)

    def __format__(self, spec: str) -> str:
        return format(self._array, spec)

    def item(self, *index: Any) -> Any:
        return self._array.item(*index)

    def tolist(self) -> Any:
        return self._array.tolist()

    def get(self) -> Any:
        """Return the values on the host: the explicit way back."""
        return self._array.copy()


ndarray.__module__ = __name__


def asarray(a: Any, dtype: Any = None, order: Any = None, copy: Any = None) -> Any:
    """Make an array of the device, as ``cupy.asarray`` does of any data."""
    if isinstance(a, ndarray):
        return a if dtype is None else a.astype(dtype)
    return ndarray(np.array(a, dtype=dtype))


def asnumpy(a: Any) -> Any:
    """Return an array of the host."""
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


class _Inner:
    """``cupy.linalg`` and the like."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return _function(f"{self._name}.{name}")


linalg, fft = _Inner("linalg"), _Inner("fft")
lib = SimpleNamespace(stride_tricks=_Inner("lib.stride_tricks"))


def __getattr__(name: str) -> Any:
    """Return a member of the namespace: a function's results are arrays of the device."""
    if name in ("inf", "nan", "pi", "newaxis") or name in DTYPES:
        return getattr(np, name)  # CuPy's are NumPy's own
    return _function(name)


def _function(name: str) -> Any:
    if name not in FUNCTIONS and name not in UFUNCS:
        raise AttributeError(f"module 'cupy' has no attribute '{name}'")
    function = attrgetter(name)(np)

    def run(*args: Any, **keywords: Any) -> Any:
        indexed = name in INDEXED
        return _wrap(function(*_unwrap(args, indexed), **_unwrap(keywords, indexed)))

    return run
