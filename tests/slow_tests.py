"""Which tests `make test-fast` skips beside those that are marked: the list, and how it is written.

``pytest -n auto --write-slow`` measures, and writes slow_tests.txt anew: every test function of
which some row takes a tenth of a second, or all rows together a second and 20 ms each.  Functions
that the run leaves out stay as they were.
"""

from collections import defaultdict
from pathlib import Path

import pytest

LIST = Path(__file__).with_suffix(".txt")
ROW, ROWS, MEAN = 0.1, 1.0, 0.02  # seconds


def function_of(nodeid: str) -> str:
    """Return a test's function: its name without its row."""
    return nodeid.partition("[")[0]


def read() -> frozenset[str]:
    """Return the functions of the list."""
    return frozenset(LIST.read_text(encoding="utf-8").splitlines())


def slow(rows: dict[str, float]) -> set[str]:
    """Return the functions that are slow, from the seconds of each row."""
    found = defaultdict(list)
    for row, seconds in rows.items():
        found[function_of(row)].append(seconds)
    return {
        function
        for function, times in found.items()
        if max(times) >= ROW or (sum(times) >= ROWS and sum(times) >= MEAN * len(times))
    }


class Clock:
    """A plugin of pytest that measures every test, and writes the list at the end."""

    def __init__(self) -> None:
        self.rows: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up what a test's set-up, call and end take."""
        self.rows[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write the list."""
        ran = {function_of(row) for row in self.rows}
        found = sorted({*slow(self.rows), *(read() - ran)})
        LIST.write_text("\n".join(found) + "\n", encoding="utf-8")
