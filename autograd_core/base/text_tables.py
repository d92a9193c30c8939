"""Small tables, as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence

Row = Sequence[str]


def count_text(value: float) -> str:
    """Return a count: exact with thousands separated, or rounded to four digits when large.

    Examples
    --------
    >>> count_text(12345.0), count_text(3.2e9), count_text(0.5)
    ('12,345', '3.2 G', '0.5')
    """
    for size, unit in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e7, "M")):
        if abs(value) >= size:
            scale = 1e6 if unit == "M" else size
            return f"{value / scale:.4g} {unit}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"


def bytes_text(value: float) -> str:
    """Return a number of bytes.

    Examples
    --------
    >>> bytes_text(80), bytes_text(2_000_000)
    ('80 B', '2 MB')
    """
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{value / size:.4g} {unit}"
    return f"{value:.0f} B"


def seconds_text(value: float | None) -> str:
    """Return a time; a dash where none was measured.

    Examples
    --------
    >>> seconds_text(0.0123), seconds_text(None)
    ('12.3 ms', '—')
    """
    if value is None:
        return "—"
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def text_table(head: Row, rows: Sequence[Row], words: int = 1) -> str:
    """Return aligned columns; the first `words` columns are words, the others numbers.

    Examples
    --------
    >>> print(text_table(("mode", "sweeps"), [("forward", "10"), ("reverse", "1")]))
    mode     sweeps
    -------  ------
    forward      10
    reverse       1
    """
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]

    def line(row: Row) -> str:
        cells = [
            cell.ljust(width) if k < words else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join([line(head), "  ".join("-" * w for w in widths), *map(line, rows)])


def html_table(head: Row, rows: Sequence[Row], words: int = 1, caption: str = "") -> str:
    """Return the same table as HTML, with its styles inline so that it travels.

    Examples
    --------
    >>> "<td" in html_table(("mode", "sweeps"), [("forward", "10")])
    True
    """

    def cells(tag: str, row: Row) -> str:
        return "".join(
            f'<{tag} style="text-align:{"left" if k < words else "right"};padding:2px 12px">'
            f"{html.escape(cell)}</{tag}>"
            for k, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    title = f'<caption style="text-align:left">{html.escape(caption)}</caption>' if caption else ""
    return (
        f'<table style="border-collapse:collapse">{title}'
        f"<thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"
    )
