"""Adding rows into an array at integer places."""

from __future__ import annotations

from typing import Any

from autograd_core.workers.compiled import exact_kernel


@exact_kernel
def add_each(out: Any, rows: Any, values: Any) -> None:  # pragma: no cover - compiled
    """Add ``values[k]`` to ``out[rows[k]]`` for every k, in the order of k."""
    for k in range(len(rows)):
        row = rows[k]
        for j in range(values.shape[1]):
            out[row, j] += values[k, j]
