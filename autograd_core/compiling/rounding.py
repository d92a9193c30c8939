"""What rounding a program's results may carry: of which numbers, in which precision.

The difference of two equal numbers is 0 or their rounding, and relative to itself that rounding is
everything.  It is compared relative to what was subtracted.  A result in double precision that was
computed from singles is no better than they are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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


class Rounding(NamedTuple):
    """What an output may be off by.

    Attributes
    ----------
    size : float
        How large the numbers are whose sums and differences lead to it.
    eps : float
        The relative rounding of the least precise dtype that leads to it.
    """

    size: float
    eps: float


EXACT = Rounding(0.0, 0.0)


def roundings(program: Program) -> list[Rounding]:
    """Return what each output of a program may be off by.

    Operations other than sums, products and what only moves numbers start anew: what comes out of
    a tanh is as large as it is.

    Parameters
    ----------
    program : Program
        With the recorded run's examples.
    """
    found: dict[Value, Rounding] = {}

    def known(argument: Any) -> Rounding:
        if argument.__class__ is Value and argument in found:
            return found[argument]
        return _rounding(example(argument))

    def size(argument: Any) -> float:
        return known(argument).size

    with np.errstate(all="ignore"):
        for step in program.steps:
            eps = max((known(value).eps for value in step.uses()), default=0.0)
            single = step.operation is not None and not step.multiple and step.args
            before = _carried(step, size) if single else 0.0
            for result in step.results:
                if result is not None:
                    made = _rounding(result.example)
                    found[result] = Rounding(
                        max(made.size, before) if np.isfinite(before) else made.size,
                        max(made.eps, eps),
                    )
        return [known(out) for out in program.outputs]


def _rounding(x: Any) -> Rounding:
    kind = np.asarray(x).dtype
    return Rounding(_largest(x), float(np.finfo(kind).eps) if kind.kind in "fc" else 0.0)


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
