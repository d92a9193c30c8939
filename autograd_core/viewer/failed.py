"""What ran before an error: the values at hand when it was raised, and what failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from autograd_core.base.errors import UntrackedError
from autograd_core.base.source import Location, classify
from autograd_core.engine.node import Node
from autograd_core.engine.tensor import Tensor
from autograd_core.viewer.view import Card, View, Wire


@dataclass
class Failure:
    """An error, the tracked values that existed, and the operands of what failed."""

    message: str
    where: Location
    outputs: list[Tensor]
    operands: list[Tensor]
    variables: dict[str, Any] = field(default_factory=dict)


def examine(error: BaseException) -> Failure:
    """Find, in an exception's traceback, what was recorded before it.

    Raises
    ------
    UntrackedError
        If no frame of it holds a tracked Tensor.
    """
    frames: list[tuple[FrameType, int]] = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append((traceback.tb_frame, traceback.tb_lasti))
        traceback = traceback.tb_next
    users = [(f, lasti) for f, lasti in frames if not classify(f.f_code.co_filename)]
    operands = _operands(frames)
    seen = [t for f, _ in users for t in _tensors(f.f_locals.values())]
    outputs = _latest([*operands, *_connected(seen, operands)] if operands else seen)
    if not outputs:
        raise UntrackedError(
            "draw: the traceback of this exception holds no tracked Tensor, so there is nothing "
            "to draw.",
            Location.of_caller(),
        )
    variables: dict[str, Any] = {}
    for frame, _ in users:
        variables |= frame.f_locals
    frame, lasti = users[-1]
    message = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return Failure(message, Location(frame.f_code, lasti), outputs, operands, variables)


def _operands(frames: list[tuple[FrameType, int]]) -> list[Tensor]:
    """Return the tracked arguments of the operation that failed, from the engine's own frames."""
    for frame, _ in frames:
        if not classify(frame.f_code.co_filename):
            continue
        values = frame.f_locals
        found = list(_tensors([values.get("args", ()), values.get("self"), values.get("other")]))
        if found:
            return found
    return []


def _tensors(values: Any) -> list[Tensor]:
    found: list[Tensor] = []
    for value in list(values):
        if isinstance(value, Tensor) and value._node is not None:
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += [v for v in value if isinstance(v, Tensor) and v._node is not None]
    return found


def _connected(seen: list[Tensor], operands: list[Tensor]) -> list[Tensor]:
    """Return the values that have a part of their history in common with the operands."""
    from autograd_core.engine.sweeping import collect

    history = set(collect([t._node for t in operands if t._node is not None]))
    return [t for t in seen if t._node is not None and not history.isdisjoint(collect([t._node]))]


def _latest(tensors: list[Tensor]) -> list[Tensor]:
    """Return the values that no other one of them was computed from."""
    from autograd_core.engine.sweeping import collect

    by_node = {t._node: t for t in tensors if t._node is not None}
    outputs: list[Tensor] = []
    covered: set[Any] = set()
    for node in sorted(by_node, key=lambda n: -n.tick):
        if node in covered or (node.primitive is None and covered):
            continue
        outputs.append(by_node[node])
        covered.update(collect([node]))
    return outputs


def add_card(view: View, failure: Failure) -> None:
    """Put the operation that failed at the end of a view, fed by its operands."""
    kind, _, text = failure.message.partition(": ")
    view.cards.append(Card("error", "error", kind, text, where=failure.where, note="failed here"))
    holder: dict[Node | None, Card] = {c.node: c for c in view.cards if c.node is not None}
    for k, tensor in enumerate(failure.operands):
        card = holder.get(tensor._node)
        if card is not None:
            view.wires.append(Wire(f"x{k}", card.key, "error", None, index=k))
    for card in view.cards:
        card.output = False
