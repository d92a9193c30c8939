"""StrictArray: an array of another kind, as a GPU array is one.

It speaks only NumPy's protocols, refuses to be turned into an ndarray, and refuses to be mixed
with one: whatever rule makes a host array, or unwraps one, fails with a TypeError here.
Python numbers and 0-d values are allowed beside it, as they are on GPUs; index arrays too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


def _unwrap(value: Any, met: list[Any]) -> Any:
    if isinstance(value, StrictArray):
        return value._array
    if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "fc":
        met.append(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_unwrap(part, met) for part in value)
    if isinstance(value, dict):
        return {k: _unwrap(part, met) for k, part in value.items()}
    return value


def _foreign(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_foreign, value))
    known = isinstance(value, (StrictArray, np.ndarray, np.generic))
    return not known and hasattr(value, "__array_ufunc__")


def _wrap(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return StrictArray(np.asarray(value))
    if isinstance(value, (list, tuple)):
        parts = [_wrap(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


class StrictArray(NDArrayOperatorsMixin):
    """An array that only its own kind can touch."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        assert isinstance(array, np.ndarray)
        self._array = array

    def _run(self, function: Any, name: str, args: Any, keywords: Any) -> Any:
        if any(_foreign(a) for a in args):
            return NotImplemented  # as every array must: the other kind may know what to do
        met: list[Any] = []
        args, keywords = _unwrap(args, met), _unwrap(keywords, met)
        if met:
            raise TypeError(f"{name}: a StrictArray met an ndarray of {met[0].shape}")
        return _wrap(function(*args, **keywords))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        return self._run(getattr(ufunc, method), ufunc.__name__, inputs, keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if function is np.asarray:  # the explicit way from the host, np.asarray(a, like=x)
            return _wrap(function(*args, **keywords))
        return self._run(function, function.__name__, args, keywords)

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise TypeError("a StrictArray does not become an ndarray")

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    T = property(lambda self: StrictArray(self._array.T))
    mT = property(lambda self: StrictArray(self._array.mT))
    real = property(lambda self: StrictArray(self._array.real))
    imag = property(lambda self: StrictArray(self._array.imag))

    def __len__(self) -> int:
        return len(self._array)

    def __bool__(self) -> bool:
        return bool(self._array)

    def __getitem__(self, index: Any) -> Any:
        return StrictArray(np.asarray(self._array[_unwrap(index, [])]))

    def __setitem__(self, index: Any, value: Any) -> None:
        met: list[Any] = []
        self._array[_unwrap(index, [])] = _unwrap(value, met)
        if met:
            raise TypeError("a StrictArray met an ndarray in an assignment")

    def __repr__(self) -> str:
        return f"StrictArray({self._array!r})"

    def get(self) -> Any:
        """Return the values on the host, on purpose."""
        return self._array


def _method(name: str) -> Any:
    def run(self: StrictArray, *args: Any, **keywords: Any) -> Any:
        return self._run(getattr(self._array, name), name, args, keywords)

    return run


for _name in ("reshape", "sum", "mean", "astype", "copy", "transpose", "ravel", "any", "all",
              "max", "min", "take", "dot", "item", "swapaxes", "squeeze", "conj"):  # fmt: skip
    setattr(StrictArray, _name, _method(_name))
