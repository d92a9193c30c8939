"""Constants and comments as Python source that means exactly the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_LONGEST = 10**40  # whole numbers beyond are given as they are


def literal(value: Any) -> str | None:
    """Return the text of a constant of Python's own; None if there is none.

    Examples
    --------
    >>> literal(2), literal(-0.0), literal(float("-inf")), literal("a"), literal([])
    ('2', '-0.0', '-np.inf', "'a'", None)
    """
    kind = value.__class__
    if kind is float:
        return _float(value)
    if kind is complex:
        return f"complex({_float(value.real)}, {_float(value.imag)})"
    if kind is int:
        return repr(value) if -_LONGEST < value < _LONGEST else None
    if value is Ellipsis:
        return "..."
    return repr(value) if value is None or kind in (bool, str, bytes) else None


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "np.nan" if value != value else "np.inf" if value > 0 else "-np.inf"


def array_literal(value: Any) -> str | None:
    """Return the text of a small or regular constant of NumPy; None if there is none.

    Examples
    --------
    >>> array_literal(np.arange(4)), array_literal(np.array([1.5, 2.5]))
    ('np.arange(4)', None)
    """
    if isinstance(value, np.generic):
        text = repr(value)
        return text if text.startswith("np.") and _means(text, value) else None
    if value.__class__ is not np.ndarray or not value.size or value.dtype.kind not in "biuf":
        return None
    if not value.dtype.isnative or not value.flags.c_contiguous:
        return None
    kind = f"np.{value.dtype.type.__name__}"
    for number, name in ((0, "zeros"), (1, "ones")):
        if (value == number).all() and not np.signbit(value.astype(float)).any():
            return f"np.{name}({value.shape}, {kind})"
    if value.dtype == int and value.ndim == 1 and np.array_equal(value, np.arange(value.size)):
        return f"np.arange({value.size})"
    return None


def _means(text: str, value: Any) -> bool:
    try:
        found = eval(text, {"np": np})
    except (NameError, SyntaxError, TypeError, ValueError):  # nan inside of brackets, say
        return False
    return bool(found.dtype == value.dtype and found.tobytes() == value.tobytes())


def one_line(text: str) -> str:
    """Return a text as one line that ends no string and starts no escape.

    Examples
    --------
    >>> one_line("a" + chr(10) + 'b "c"')
    "a b 'c'"
    """
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown.replace("\\", "/").replace('"', "'")


def comment(text: str) -> str:
    """Return a text as a comment: nothing in it can end the line."""
    return "# " + "".join(c if c.isprintable() else " " for c in text).rstrip()
