"""A small kernel that uses what all kernels use: if it runs, numba works here."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import fast_kernel


@fast_kernel
def _total(x: Any) -> Any:  # pragma: no cover - runs as machine code
    total = x[0] * 0
    for k in range(len(x)):
        total += x[k]
    return total


def run() -> None:
    """Compile, keep and run it.

    Raises
    ------
    ArithmeticError
        If the result is wrong.
    """
    if _total(np.arange(5, dtype=np.float32)) != 10:
        raise ArithmeticError("a kernel compiled by numba gave a wrong sum.")
