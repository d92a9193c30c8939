"""Where each value of a program lies: in whose memory, from which place, with which strides.

Views are no work of their own to a loop: it reads the array that they look into.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd_core.compiling.lowering.scalars import KINDS
from autograd_core.compiling.program import Program, Step, Value, example, replaced
from autograd_core.rules import shapes

_REPEATS = (shapes.broadcast_to, shapes.reshape, shapes.ravel, shapes.expand_dims)


class Lie(NamedTuple):
    """How a value lies in the memory of an array, counted in numbers.

    Attributes
    ----------
    root : Value or array or number
        The array; without gaps.
    start : int
        Where the first number is, counted from the array's first.
    strides : tuple of int
        0 for an axis of length 1.
    shape : tuple of int
    """

    root: Any
    start: int
    strides: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def value(self) -> Value | None:
        """The recorded value that the root is; None if it is an array or a number of the text."""
        return self.root if self.root.__class__ is Value else None


def lie_of_own(root: Any) -> Lie | None:
    """Return how a whole array or a number lies; None where loops cannot read it."""
    x = example(root)
    if isinstance(x, (bool, int, float)):
        return Lie(root, 0, (), ())
    if not isinstance(x, (np.ndarray, np.generic)) or not x.dtype.isnative:
        return None
    if isinstance(x, np.generic):
        known = x.dtype in KINDS or (root.__class__ is not Value and x.dtype.kind in "iu")
        return Lie(root, 0, (), ()) if known else None
    if type(x) is not np.ndarray or x.dtype not in KINDS or not x.size or not x.flags.forc:
        return None
    if not x.flags.aligned:
        return None
    return Lie(root, 0, _strides(x), x.shape)


def _strides(x: Any) -> tuple[int, ...]:
    return tuple(0 if n == 1 else s // x.itemsize for n, s in zip(x.shape, x.strides, strict=True))


def _address(x: Any) -> int:
    found: int = x.__array_interface__["data"][0]
    return found


def _looks(step: Step) -> bool:
    """Whether a step's result may be a view of its argument."""
    operation = step.operation
    if operation is None or step.multiple or not step.args or step.args[0].__class__ is not Value:
        return False
    if any(v is not step.args[0] for v in step.uses()):
        return False
    return operation.view or operation in _REPEATS


def lies(program: Program) -> dict[Value, Lie | None]:
    """Return how each value lies that a view or a whole array is; None for the others."""
    found: dict[Value, Lie | None] = {}
    for value in (*program.inputs, *program.captured):
        found[value] = lie_of_own(value)
    for step in program.steps:
        looks = _looks(step)
        for made in step.results:
            if made is not None and looks:
                found[made] = _seen(step, found.get(step.args[0]))
            elif made is not None:
                found[made] = None if step.multiple else lie_of_own(made)
    return found


def _seen(step: Step, inner: Lie | None) -> Lie | None:
    """Return how a view lies in the memory of what its argument lies in."""
    made = step.result.example
    if inner is None or not isinstance(made, np.ndarray):
        return None
    operation = step.operation
    assert operation is not None
    x = np.asarray(step.args[0].example)  # what stands for it may be another array
    if not x.ndim:  # a copy tells nothing: np.imag of a number is another number
        if operation not in _REPEATS:
            return lie_of_own(step.result)
        return Lie(inner.root, inner.start, (0,) * made.ndim, made.shape)
    view = operation.forward(x, **{k: replaced(v, example) for k, v in step.params.items()})
    if not isinstance(view, np.ndarray) or view.shape != made.shape or not view.size:
        return None
    if view.dtype != x.dtype or not np.may_share_memory(view, x):
        return lie_of_own(step.result)  # a copy
    within = (_address(view) - _address(x)) // x.itemsize
    return Lie(inner.root, inner.start + within, _strides(view), made.shape)


def is_view(step: Step, found: dict[Value, Lie | None]) -> bool:
    """Whether a step's result lies in the memory of another value."""
    if step.operation is None or step.multiple:
        return False
    lie = found.get(step.result)
    return lie is not None and lie.root is not step.result
