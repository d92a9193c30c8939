"""What an operation says when NumPy cannot compute it: its name, the operands, what must fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.packages import package_of
from autograd_core.base.source import Location
from autograd_core.base.wrong_calls import wrong_keyword_in
from autograd_core.operations.boxed import bare, describe, innermost_array
from autograd_core.operations.kinds import foreign


def failure(
    name: str,
    category: str,
    error: Exception,
    args: tuple[Any, ...],
    operands: Sequence[str] = (),
) -> Exception:
    """Return the error that names an operation, its operands and the user's line."""
    said = wrong_keyword_in(error, operands) or error
    message = f"{name}({', '.join(map(describe, args))}): {said}"
    hint = _mixture(error, args) or _hint(name, category, args)
    return errors.translate(error, message + hint, Location.of_caller())


def _mixture(error: Exception, args: tuple[Any, ...]) -> str:
    """Return what to do if arrays of two libraries met."""
    other = foreign(*args)
    if not isinstance(error, TypeError) or other is None:
        return ""
    mine = [a for a in args if isinstance(innermost_array(a), np.ndarray)]
    if not mine:
        return ""
    kind = f"{package_of(type(other))}'s {type(other).__name__}"
    return (
        f"\n  An array of NumPy's, of shape {np.shape(mine[0])}, stands beside {kind}: convert it "
        "once, np.asarray(a, like=x) for an x of that kind."
    )


def _hint(name: str, category: str, args: tuple[Any, ...]) -> str:
    shapes = [np.shape(bare(a)) for a in args if not isinstance(a, (list, tuple))]
    if name == "matmul" and len(shapes) == 2 and all(shapes):
        rows = shapes[1][-2] if len(shapes[1]) > 1 else shapes[1][0]
        if shapes[0][-1] != rows:
            which = "next-to-last" if len(shapes[1]) > 1 else "only"
            return (
                f"\n  {shapes[0]} @ {shapes[1]}: the last axis of the first, {shapes[0][-1]}, "
                f"must equal the {which} of the second, {rows}."
            )
    if category == "elementwise" and len(shapes) == 2:
        for axis in range(1, min(map(len, shapes)) + 1):
            m, n = shapes[0][-axis], shapes[1][-axis]
            if m != n and 1 not in (m, n):
                return (
                    f"\n  {shapes[0]} and {shapes[1]}: axis -{axis} is {m} in the first and "
                    f"{n} in the second; they must be equal, or one of them 1."
                )
    return ""
