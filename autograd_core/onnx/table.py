"""Which operation is written how: the table, and the ways into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.operations.exports import ONNX_LOWERINGS
from autograd_core.operations.primitive import Primitive
from autograd_core.operations.registry import REGISTRY

Lowering = Callable[..., Any]
# What computes a function in double precision from others: onnxruntime has its operator in
# single precision only, and the one of onnx's reference evaluator is not exact.
COMPOSED: dict[Any, Callable[..., Any]] = {}


def lowers(*operations: Any) -> Callable[[Lowering], Lowering]:
    """Register a function that writes operations as ONNX operators (decorator).

    Parameters
    ----------
    *operations : Primitive, or NumPy function
        What it writes.
    """

    def decorate(lowering: Lowering) -> Lowering:
        for operation in operations:
            ONNX_LOWERINGS[operation] = lowering
            rule = REGISTRY.get(operation) if callable(operation) else None
            if isinstance(rule, Primitive):
                ONNX_LOWERINGS[rule] = lowering
        return lowering

    return decorate


def lowering_of(operation: Any) -> Lowering | None:
    """Return what writes an operation; None if ONNX has no operators for it."""
    found = ONNX_LOWERINGS.get(operation)
    if found is None:
        try:
            found = ONNX_LOWERINGS.get(operation.forward)
        except TypeError:  # of what cannot be hashed
            return None
    return found


def is_written(operation: Any, settings: dict[str, Any], made: Any, gradients: bool) -> bool:
    """Whether an operation stays one step.

    Where gradients are exported too, a kernel with a gradient of its own does not: ONNX has such
    operators, LSTM for one, but not their gradients.  Nor does an operator that onnxruntime lacks
    for doubles, if the lowering says so (``lowering.single``).
    """
    lowering = lowering_of(operation)
    if lowering is None or (gradients and any(settings.get("needs", ()))):
        return False
    first = made[0] if isinstance(made, tuple) else made
    return not (getattr(lowering, "single", False) and first.dtype == np.float64)
