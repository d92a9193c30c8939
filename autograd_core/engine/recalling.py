"""Values that a tape did not keep (`forgetting`), computed again when someone looks at them."""

from __future__ import annotations

from collections.abc import Iterable

from autograd_core.engine.forgetting import Forgotten
from autograd_core.engine.node import Node
from autograd_core.engine.overwrites import OVERWRITES


def recall(nodes: Iterable[Node]) -> None:
    """Compute forgotten outputs again, to the last bit; the earliest node comes first.

    One stays forgotten, and says so when it is looked at, if what it was computed from is freed or
    was changed in place since.
    """
    for node in nodes:
        if node.output.__class__ is not Forgotten or node.inputs is None:
            continue
        args = [i.output if i.__class__ is Node else i for i in node.inputs]
        if all(map(_is_there, args)) and not any(
            OVERWRITES.since(value, node.tick) for value in (*args, *node.params.values())
        ):
            assert node.primitive is not None
            node.output = node.primitive.run(tuple(args), node.params)


def _is_there(value: object) -> bool:
    return value is not None and value.__class__ is not Forgotten
