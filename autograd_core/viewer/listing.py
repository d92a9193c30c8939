"""The user's source, as the page shows it: the lines from the first to the last that recorded."""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from typing import Any

from autograd_core.base.source import Location, shown_name
from autograd_core.viewer.widths import visible

AROUND = 1  # lines shown before the first and after the last
GAP = 12  # lines without a recording that are still shown between two that have one
MOST = 600
LONGEST = 240


class Listing:
    """Blocks of source lines, and where a location stands in them."""

    def __init__(self, locations: Iterable[Location]) -> None:
        lines: dict[str, set[int]] = {}
        for place in locations:
            lines.setdefault(place.file, set()).add(place.line)
        self.blocks: list[dict[str, Any]] = []
        self._index: dict[tuple[str, int], int] = {}
        count = 0
        for file, numbers in lines.items():
            text = linecache.getlines(file)
            if not text:
                continue
            for first, last in _ranges(sorted(numbers), len(text)):
                if count >= MOST:
                    return
                shown = [_line(text[n - 1]) for n in range(first, last + 1)]
                for n in range(first, last + 1):
                    self._index[file, n] = count
                    count += 1
                name = visible(shown_name(file))
                self.blocks.append({"file": name, "first": first, "lines": _dedent(shown)})

    def index(self, place: Location) -> int | None:
        """Return the position of a location's line among all that are shown."""
        return self._index.get((place.file, place.line))


def _ranges(numbers: list[int], length: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for n in numbers:
        first, last = max(1, n - AROUND), min(length, n + AROUND)
        if found and first - found[-1][1] <= GAP:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def _line(text: str) -> str:
    shown = visible(text.rstrip("\n").expandtabs(4))
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def _dedent(lines: list[str]) -> list[str]:
    margin = min((len(t) - len(t.lstrip()) for t in lines if t.strip()), default=0)
    return [t[margin:] for t in lines]
