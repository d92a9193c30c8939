"""Paired timing: every engine runs in turn, round after round, in one process.

An absolute time means nothing on a shared machine; the ratio of two engines
that ran in the same moment does.  So each round times each engine once, the
ratio is taken within the round, and the median over the rounds is reported.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable


def paired(runs: dict[str, Callable[[], object]], rounds: int = 60) -> dict[str, list[float]]:
    """Return each engine's seconds, round by round; every engine warms up first."""
    for run in runs.values():
        for _ in range(3):
            run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            gc.collect(0)
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def ratio(times: dict[str, list[float]], name: str, reference: str) -> float:
    """Return the median over the rounds of one engine's time over another's."""
    return statistics.median(a / b for a, b in zip(times[name], times[reference], strict=True))


def table(rows: list[list[str]]) -> str:
    """Return rows as a Markdown table; the first is the head."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
             for row in rows]  # fmt: skip
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)
