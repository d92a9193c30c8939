"""How wide a text is, without asking a font: so that it never runs out of its box.

Widths in thousandths of the font size, of DejaVu Sans, the widest of the fonts
that browsers take for ``system-ui`` and ``sans-serif``; in narrower ones a box
has some room to spare.
"""

from __future__ import annotations

import unicodedata
from itertools import accumulate

_REGULAR = {
    "ijl": 278,
    " ": 318,
    "I.,:;'|": 337,
    "ft/\\()[]!": 402,
    "r-": 411,
    '"': 460,
    "szkcvxyLJ*?_": 592,
    "abdeghnopquFTEYSP0123456789$": 636,
    "ABCRVXKZ": 698,
    "UDHGNO&Q": 788,
    "w+=<>~^×−÷·#": 838,
    "M": 890,
    "%mW@": 1000,
    "₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹": 410,
    "⁻": 530,
    "∂√∑": 680,
    "—…": 1000,
}
REGULAR = {c: w for letters, w in _REGULAR.items() for c in letters}
BOLD = (1.05, 66)  # bold letters are wider by this factor and this much


def width(text: str, size: float = 1.0, bold: bool = False) -> float:
    """Return the width of a text at a font size, never less than what a browser needs.

    Examples
    --------
    >>> round(width("v12 = e × e", 15))
    91
    """
    total = 0.0
    for c in text:
        known = REGULAR.get(c)
        if known is None:
            if unicodedata.combining(c) or unicodedata.category(c) == "Cf":
                continue
            known = 1050 if unicodedata.east_asian_width(c) in "WF" or ord(c) > 0x2E80 else 850
        total += known * BOLD[0] + BOLD[1] if bold else known
    return total / 1000 * size


def clip(text: str, limit: float, size: float = 1.0, bold: bool = False) -> str:
    """Return a text cut with an ellipsis so that it is at most `limit` wide.

    Examples
    --------
    >>> clip("abcdefghij", 50, 10)
    'abcdef…'
    """
    if width(text, size, bold) <= limit:
        return text
    room = limit - width("…", size, bold)
    ends = accumulate(width(c, size, bold) for c in text)
    return text[: next(k for k, end in enumerate(ends) if end > room)] + "…"


def wrapped(
    text: str, limit: float, size: float = 1.0, bold: bool = False, most: int = 12
) -> list[str]:
    """Return a text in lines that are at most `limit` wide; what is left after `most` is cut.

    A line ends at a space, or else after a comma, a bracket, a dot or an underscore. A word that is
    too long for a line is cut where the line ends.

    Examples
    --------
    >>> wrapped("total = first + second", 80, 10)
    ['total = first +', 'second']
    """
    lines: list[str] = []
    while len(lines) < most - 1 and width(text, size, bold) > limit:
        ends = accumulate(width(c, size, bold) for c in text)
        fits = max(1, next(k for k, end in enumerate(ends) if end > limit))
        space = text.rfind(" ", 1, fits + 1)
        mark = 1 + max(text.rfind(c, 0, fits) for c in ",([._")
        at = space if space > fits / 5 else mark if mark > fits / 3 else fits
        lines.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*lines, clip(text, limit, size, bold)]


def visible(text: str) -> str:
    r"""Return a text in which control and direction characters are written out as ``\uXXXX``.

    A name or a line of code can then not turn the reading direction around.

    Examples
    --------
    >>> visible("a" + chr(0x202E) + "b")
    'a\\u202eb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c
        if unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Zl", "Zp")
        else f"\\u{ord(c):04x}"
        for c in text
    )
