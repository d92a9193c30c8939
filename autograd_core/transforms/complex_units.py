"""Complex numbers in Jacobians: two directions for each, and what two sweeps make of an entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.boxed import bare


def directions(value: Any) -> tuple[complex, ...]:
    """Return the units of a value's numbers: a complex one moves in two directions."""
    return (1, 1j) if bare(value).dtype.kind == "c" else (1,)


def whole(swept: Sequence[Any], start: Any, out: Any, operation: str) -> Any:
    """Return a Jacobian from its sweeps along one unit, or along 1 and i.

    Of real numbers by complex ones and of complex by real, it is the first sweep - i times the
    second. Of complex by complex it is the first, where f is holomorphic; else there is none.
    """
    if len(swept) == 1:
        return swept[0]
    first, second = swept
    kinds = bare(start).dtype, bare(out).dtype
    if kinds[0].kind != kinds[1].kind:
        return first - 1j * second
    size, error = (np.max(np.abs(bare(x)), initial=0) for x in (first, second - 1j * first))
    if error > np.sqrt(np.finfo(kinds[0]).eps) * size:
        raise errors.DTypeError(
            f"{operation}: the function is not holomorphic, and its result and its input are "
            f"complex ({kinds[1]}, {kinds[0]}): no matrix of complex numbers is its derivative. "
            "Differentiate its real and its imaginary part, or use jvp().",
            Location.of_caller(),
        )
    return first
