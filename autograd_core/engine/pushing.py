"""Pushing tangents forward through a graph that was recorded: the twin of the sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_core.base.errors import AutogradError
from autograd_core.engine.dual import fit_tangent, rule_failure
from autograd_core.engine.node import PART, Node
from autograd_core.engine.overwrites import OVERWRITES, check_saved


def pushed_at(node: Node, tangents: Sequence[Any], args: Sequence[Any]) -> Any:
    """Return what one operation's forward rule makes of its arguments' tangents."""
    primitive = node.primitive
    assert primitive is not None
    try:
        return primitive.push(tangents, node.output, args, node.params)
    except AutogradError:
        raise
    except Exception as error:
        raise rule_failure(primitive, error, node.location) from error


def push(order: Sequence[Node], tangents: dict[Node, Any], outputs: Sequence[Node]) -> list[Any]:
    """Push tangents forward through a recorded graph (nodes earliest first)."""
    for node in order:
        if not node.inputs or node in tangents:
            continue
        ts = [tangents.get(i) if i.__class__ is Node else None for i in node.inputs]
        if all(t is None for t in ts):
            continue
        assert node.primitive is not None
        if node.primitive is PART:
            tangents[node] = fit_tangent(ts[0][node.params["index"]], node.output)  # type: ignore[index]
            continue
        args = [i.output if i.__class__ is Node else i for i in node.inputs]
        if node.tick < OVERWRITES.latest:
            check_saved(node, args, forward=True)
        t = pushed_at(node, ts, args)
        tangents[node] = t if node.primitive.multiple else fit_tangent(t, node.output)
    return [tangents.get(n) for n in outputs]
