"""The rule of one mode, derived from the rule of the other: a sweep over that rule.

Pulling back is the transpose of pushing forward, and both are linear.  So where an operation
states only one of its two rules, that rule is run on zeros and transposed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.later import later
from autograd_core.base.source import Location


def no_rule(name: str) -> Exception:
    """Return the error of an operation that states neither rule."""
    return errors.RuleError(
        f"{name} has no derivative rule: declare vjp= or jvp=.", Location.of_caller()
    )


def pulled_by_pushing(
    push: Callable[[Any], Any], g: Any, args: Sequence[Any], multiple: bool
) -> Sequence[Any]:
    """Return the gradient of every argument, from the rule that pushes their tangents."""

    def pushed(*tangents: Any) -> Any:
        t = push(tangents)
        return tuple(t) if multiple else t

    origin = tuple(np.zeros_like(a) for a in args)
    gradients: Sequence[Any] = later("transpose")(pushed, *origin)[1](tuple(g) if multiple else g)
    return gradients


def pushed_by_pulling(
    pull: Callable[[Any], Any], tangents: tuple[Any, ...], y: Any, multiple: bool
) -> Any:
    """Return the tangent of the result, from the rule that pulls its gradient back."""
    origin = tuple(np.zeros_like(part) for part in y) if multiple else np.zeros_like(y)
    return later("transpose")(pull, origin)[1](tangents)[0]
