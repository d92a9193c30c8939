"""Text that prints on every terminal: symbols that it cannot show are spelled out.

Tables and explanations use ∂, ×, → and subscripts.  Where standard output has another
encoding than UTF-8 (a Windows console, LANG=C in a container, a log), printing these would
raise UnicodeEncodeError.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

_SPELT = {
    "×": "x", "÷": "/", "·": "*", "−": "-", "→": "->", "∂": "d", "µ": "u", "—": "-", "…": "...",
    "√": "sqrt", "∑": "sum", "Σ": "sum", "Π": "prod", "≤": "<=", "≥": ">=", "≈": "~",
    **{sign: str(k) for k, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{sign: f"^{k}" for k, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    "⁻": "^-",
}  # fmt: skip


def printable(text: str, encoding: str | None = None) -> str:
    """Return text in characters that standard output can show.

    Parameters
    ----------
    text : str
        Any text.
    encoding : str, optional
        Default that of ``sys.stdout``.

    Examples
    --------
    >>> printable("∂F/∂x₁ = 3×2 → 6", "ascii")
    'dF/dx1 = 3x2 -> 6'
    >>> printable("größer", "ascii"), printable("größer", "latin-1")
    ('gr??er', 'größer')
    """
    encoding = encoding or getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except LookupError:  # a stream with a made-up encoding
        return text
    except UnicodeEncodeError:
        return "".join(c if _fits(c, encoding) else _SPELT.get(c, "?") for c in text)
    return text


def _fits(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


class Text(str):
    """A string that is whole wherever it is kept, and printable when it is printed."""

    __slots__ = ()

    def __str__(self) -> str:
        return printable(self[:])


def prints_anywhere(method: Callable[[Any], str]) -> Callable[[Any], str]:
    """Let a ``__str__`` or ``__repr__`` return what standard output can show (decorator)."""

    @wraps(method)
    def shown(self: Any) -> str:
        return printable(method(self))

    return shown
