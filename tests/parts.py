"""Which rows of a walk marked `part` run in `make test`; `make exhaustive` runs the others.

``part(n)``: each n-th row.  ``part()``: of the table of operations, one row of each operation,
and another one in another test, so that all rows are somebody's.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from slow_tests import function_of


def others(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the rows that do not run in `make test`."""
    walks: dict[tuple[str, Any], list[pytest.Item]] = defaultdict(list)
    for item in items:
        if (mark := item.get_closest_marker("part")) is not None:
            function, n = function_of(item.nodeid), mark.args[0] if mark.args else None
            walks[function, n or operation_of(item)].append(item)
    found = []
    for (function, group), rows in walks.items():
        if isinstance(group, int):
            # not always the same of n neighbours, which often are n kinds of one thing
            found += [row for k, row in enumerate(rows) if (k + k // group) % group]
        else:
            one = zlib.crc32(function.encode()) % len(rows)
            found += rows[:one] + rows[one + 1 :]
    return found


def operation_of(item: Any) -> str:
    """Return the operation of a test's row of the table."""
    (found,) = {v.operation for v in item.callspec.params.values() if hasattr(v, "operation")}
    return str(found)
