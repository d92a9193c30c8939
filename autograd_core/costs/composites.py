"""Kernels: an operation written for speed, counted as the equivalent plain program.

A kernel's rules read what its forward function kept, on raw arrays, so they cannot
be run on arrays that count.  But it says which composition of other operations
it is (``composite=``): that is recorded here, and counted like any program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autograd_core.engine.node import Node
from autograd_core.engine.sweeping import collect
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.modes import enable_grad
from autograd_core.operations.primitive import Primitive


class RecordedComposite(NamedTuple):
    """One run of a composite.

    Attributes
    ----------
    order : list of Node
        Earliest first.
    inputs : list of Node or None
        For each argument its leaf; None where it is a constant.
    outputs : list of Node or None
        For each part of the result; None where it depends on no input.
    """

    order: list[Node]
    inputs: list[Node | None]
    outputs: list[Node | None]


def record_composite(
    primitive: Primitive, args: Sequence[Any], params: Mapping[str, Any], active: Sequence[bool]
) -> RecordedComposite:
    """Run the composite of a kernel on raw arguments and return what was recorded.

    Parameters
    ----------
    primitive : Primitive
        One with a composite.
    args : sequence of arrays
        Its arguments.
    params : mapping
        Its settings.
    active : sequence of bool
        Which arguments to differentiate.
    """
    assert primitive.composite is not None
    given = [
        Tensor(a, requires_grad=True) if here else a for a, here in zip(args, active, strict=True)
    ]
    with enable_grad():
        result = primitive.composite(*given, **params)
    parts = result if primitive.multiple else (result,)
    outputs = [p._node if isinstance(p, Tensor) else None for p in parts]
    return RecordedComposite(
        order=collect(o for o in outputs if o is not None)[::-1],
        inputs=[v._node if here else None for v, here in zip(given, active, strict=True)],
        outputs=outputs,
    )
