"""How large the numbers are whose differences a program's results are.

The difference of two equal numbers is 0 or their rounding, and relative to itself that rounding is
everything.  It is compared relative to what was subtracted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.compiling.program import Program, Step, Value, example
from autograd_core.rules import elementwise as e
from autograd_core.rules import indexing, reductions

_ADDS = (e.add, e.subtract, indexing.select_)
_KEEPS = (e.negative, e.positive, indexing.getitem, indexing.scatter)


def _largest(x: Any) -> float:
    x = np.asarray(x)
    if x.dtype.kind not in "fcbiu" or not x.size:
        return 0.0
    size = np.abs(x.astype(complex) if x.dtype.kind == "c" else x.astype(float))
    return float(size[np.isfinite(size)].max(initial=0.0))


def _smallest(x: Any) -> float:
    size = np.abs(np.asarray(x, dtype=complex))
    return float(size[np.isfinite(size) & (size > 0)].min(initial=np.inf))


def sizes(program: Program) -> list[float]:
    """Return for each output the size of the numbers whose sums and differences lead to it.

    Operations other than sums, products and what only moves numbers start anew: what comes out of
    a tanh is as large as it is.

    Parameters
    ----------
    program : Program
        With the recorded run's examples.
    """
    found: dict[Value, float] = {}

    def size(argument: Any) -> float:
        known = found.get(argument) if argument.__class__ is Value else None
        return _largest(example(argument)) if known is None else known

    with np.errstate(all="ignore"):
        for step in program.steps:
            if step.operation is None or step.multiple or not step.args:
                continue
            made = _largest(step.result.example)
            before = _carried(step, size)
            found[step.result] = max(made, before) if np.isfinite(before) else made
        return [size(out) for out in program.outputs]


def _carried(step: Step, size: Any) -> float:
    operation, args = step.operation, step.args
    assert operation is not None
    if operation in _ADDS:
        return float(max(map(size, args)))
    if operation in _KEEPS or operation.view or operation.name in ("reshape", "broadcast_to"):
        return float(size(args[0]))
    if operation is reductions.mean:
        return float(size(args[0]))
    if operation is reductions.sum_:
        count = np.size(example(args[0])) / max(np.size(step.result.example), 1)
        return float(size(args[0]) * count)
    if operation is e.multiply:
        return float(size(args[0]) * size(args[1]))
    if operation is e.divide:
        return float(size(args[0]) / _smallest(example(args[1])))
    return 0.0
