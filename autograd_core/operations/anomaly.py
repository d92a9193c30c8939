"""Finding the operation where NaN or Inf was born."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.boxed import bare


def _bad(value: Any) -> Any:
    """Return a mask of the values that are not finite, or None if there are none."""
    value = bare(value)
    if getattr(value, "dtype", None) is None or value.dtype.kind not in "fc":
        return None
    finite = np.isfinite(value)
    return None if finite.all() else ~finite


def _first(value: Any) -> str:
    mask = _bad(value)
    index = tuple(int(k) for k in np.argwhere(mask)[0])
    count = int(mask.sum())
    return (
        f"{count} non-finite value{'s' * (count > 1)} of {np.size(mask)} (first at index {index})"
    )


def check_forward(primitive: Any, inputs: Iterable[Any], out: Any) -> None:
    """Raise if the result is not finite though the inputs are."""
    for part in out if isinstance(out, tuple) else (out,):
        if _bad(part) is not None and all(_bad(x) is None for x in inputs):
            raise errors.NonFiniteError(
                f"{primitive.name}: the result has {_first(part)}, from finite inputs",
                Location.of_caller(),
            )


def check_backward(node: Any, g: Any, contribution: Any) -> None:
    """Raise if a message of the sweep is not finite though the gradient that came in is."""
    if _bad(contribution) is not None and _bad(g) is None:
        raise errors.NonFiniteError(
            f"backward of {node.name}: the gradient has {_first(contribution)}, from a finite one",
            node.location,
        )
