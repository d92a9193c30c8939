"""vmap of what works on a batch already: the examples become one longer batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Primitive
from autograd_core.extend import BATCH_CONSTANTS as CONSTANTS
from autograd_core.extend import BATCH_RULES as RULES
from autograd_core.extend import Batching, Constant

_FOLDED: set[Primitive] = set()


def folds(*operations: Primitive) -> None:
    """Declare operations each of whose results depends on one entry of the first argument alone.

    The first argument has the axis of the entries in front, and so has a setting `index`.
    """
    for operation in operations:
        _FOLDED.add(operation)
        (CONSTANTS if isinstance(operation, Constant) else RULES)[operation.name] = _folded


def _folded(batch: Batching, p: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
    first, *rest = args
    if p not in _FOLDED or any(map(batch.holds, rest)):
        return NotImplemented

    def fold(value: Any) -> Any:
        value = batch.spread(value)
        return value.reshape((batch.size * value.shape[1], *value.shape[2:]))

    if "index" in params:
        params = {**params, "index": fold(params["index"])}
    made = p(fold(first), *rest, **params)
    return batch.wrap(made.reshape((batch.size, np.shape(first)[0], *made.shape[1:])))
