"""Spoken: an array that computes, and keeps the text of how it was computed.

Given such arrays, a derivative rule says its own formula.  Branches are taken as the numbers
have them, so the formula is that of this one call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

_INFIX = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "matmul": "@",
    "float_power": "**", "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=",
    "equal": "==", "not_equal": "!=", "bitwise_and": "&", "bitwise_or": "|", "logical_and": "&",
    "logical_or": "|",
}  # fmt: skip
_PREFIX = {"negative": "-", "invert": "~", "logical_not": "~"}
_SAME = ("astype", "copy")  # methods that change no number
_METHODS = ("reshape", "transpose", "swapaxes", "sum", "mean", "ravel", "conj")
_FACTS = ("shape", "ndim", "size", "dtype", "itemsize", "flags", "strides")
LONGEST = 200  # characters; a formula that is longer is no use to a reader


class UnspokenError(Exception):
    """A step of a rule has no text that a reader could follow."""


class Spoken(NDArrayOperatorsMixin):
    """A value and its text.

    Attributes
    ----------
    value : ndarray or scalar
        What was computed.
    text : str
        How, as Python.
    """

    __slots__ = ("text", "value")
    __array_priority__ = 1000

    def __init__(self, value: Any, text: str) -> None:
        if len(text) > LONGEST:
            raise UnspokenError
        self.value = value
        self.text = text

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
        """Compute, and write the operator or the call."""
        if method != "__call__" or "out" in settings:
            raise UnspokenError
        value = ufunc(*map(_bare, inputs), **settings)
        texts = [_text(i) for i in inputs]
        if ufunc.__name__ in _INFIX and len(texts) == 2:
            return Spoken(value, f"({texts[0]} {_INFIX[ufunc.__name__]} {texts[1]})")
        if ufunc.__name__ in _PREFIX:
            return Spoken(value, f"({_PREFIX[ufunc.__name__]}{texts[0]})")
        return Spoken(value, _call(ufunc, texts, settings))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Compute, and write the call; of a shape or a copy, nothing."""
        if function in (np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj):
            return function(*[_deep(a) for a in args], **kwargs)
        value = function(*[_deep(a) for a in args], **{k: _deep(v) for k, v in kwargs.items()})
        if function in (np.zeros_like, np.ones_like):
            return Spoken(value, "0" if function is np.zeros_like else "1")
        if function is np.full_like:
            return Spoken(value, _text(args[1]))
        return Spoken(value, _call(function, [_text(a) for a in args], kwargs))

    def __getattr__(self, name: str) -> Any:
        if name in _FACTS:
            return getattr(self.value, name)
        if name in ("T", "mT"):
            if np.ndim(self.value) < 2:
                return self
            return Spoken(getattr(self.value, name), f"T({self.text})")
        if name in ("real", "imag"):
            return Spoken(getattr(self.value, name), f"{name}({self.text})")
        if name in _SAME:
            return lambda *args, **settings: Spoken(
                getattr(self.value, name)(*args, **settings), self.text
            )
        if name in _METHODS:
            return lambda *args, **settings: Spoken(
                getattr(self.value, name)(*args, **settings),
                _method(name, self.text, args, settings),
            )
        if name in ("all", "any", "min", "max"):
            return getattr(self.value, name)
        raise AttributeError(name)

    def __getitem__(self, index: Any) -> Spoken:
        """Return elements, with the index in the text."""
        return Spoken(self.value[_deep(index)], f"{self.text}[{_index(index)}]")

    def __bool__(self) -> bool:
        return bool(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise UnspokenError


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Spoken) else value


def _deep(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)([_deep(v) for v in value])
    return _bare(value)


def _text(value: Any) -> str:
    if isinstance(value, Spoken):
        return value.text
    if isinstance(value, (tuple, list)):
        inside = ", ".join(map(_text, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, (bool, int, float, complex)) or value is None:
        return repr(value)
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
        return repr(value.item())
    raise UnspokenError


def _index(index: Any) -> str:
    if isinstance(index, tuple):
        return ", ".join(map(_index, index))
    if isinstance(index, slice):
        ends = ["" if v is None else _text(v) for v in (index.start, index.stop)]
        return ":".join(ends) + ("" if index.step is None else f":{_text(index.step)}")
    return "..." if index is Ellipsis else _text(index)


def _settings(settings: dict[str, Any]) -> list[str]:
    return [f"{k}={_text(v)}" for k, v in settings.items() if v is not np._NoValue]


def _call(function: Any, texts: list[str], settings: dict[str, Any]) -> str:
    name = function.__name__
    if getattr(np, name, None) is not function:
        raise UnspokenError
    return f"{name}({', '.join([*texts, *_settings(settings)])})"


def _method(name: str, text: str, args: Any, settings: dict[str, Any]) -> str:
    if name in ("reshape", "transpose") and len(args) > 1:
        args = (args,)
    return f"{name}({', '.join([text, *map(_text, args), *_settings(settings)])})"


def speak(rule: Callable[..., Any], values: list[tuple[Any, str]], params: dict[str, Any]) -> str:
    """Return the text of what a rule computes of values with these texts.

    Raises
    ------
    UnspokenError
        If a step of it has no short text.

    Examples
    --------
    >>> speak(lambda g, y, x: g * (1.0 - y * y), [(2.0, "g"), (0.5, "y"), (1.0, "x")], {})
    '(g * (1.0 - (y * y)))'
    """
    spoken = [Spoken(v, t) if isinstance(v, (np.ndarray, np.generic, float)) else v
              for v, t in values]  # fmt: skip
    try:
        with np.errstate(all="ignore"):
            return _text(rule(*spoken, **params))
    except UnspokenError:
        raise
    except Exception as error:  # the rule needs what only an array is
        raise UnspokenError from error


__all__ = ["Spoken", "UnspokenError", "speak"]
