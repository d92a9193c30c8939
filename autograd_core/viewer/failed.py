"""What ran before an error: the values at hand when it was raised, and what failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import FrameType
from typing import Any

import numpy as np

from autograd_core.base.errors import UntrackedError
from autograd_core.base.source import Location, classify
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import REGISTRY, bare
from autograd_core.viewer.naming import Names, constant_text
from autograd_core.viewer.numbers import shape_text, summarize
from autograd_core.viewer.view import Card, View, Wire


@dataclass
class Failure:
    """An error, the tracked values that existed, and the operands of what failed."""

    message: str
    where: Location
    outputs: list[Tensor]
    operands: list[Any]
    operation: str = ""
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What a picture of it is called: ``ShapeError in matmul``."""
        kind = self.message.partition(":")[0]
        return f"{kind} in {self.operation}" if self.operation else kind


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
    operands, called = _operands(frames)
    tracked = list(_tensors(operands))
    seen = [t for f, _ in users for t in _tensors(f.f_locals.values())]
    outputs = _latest([*tracked, *_connected(seen, tracked)] if tracked else seen)
    if not outputs:
        raise UntrackedError(
            "draw: the traceback of this exception holds no tracked Tensor, so there is nothing "
            "to draw.",
            Location.of_caller(),
        )
    variables: dict[str, Any] = {}
    for frame, _ in users:
        variables = {**frame.f_globals, **variables, **frame.f_locals}
    frame, lasti = users[-1]
    message = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    named = re.match(r"[\w.]+: ([\w. ]+?)[(:]", message)
    operation = named[1] if named else called
    where = Location(frame.f_code, lasti)
    return Failure(message, where, outputs, operands, operation, variables)


def _operands(frames: list[tuple[FrameType, int]]) -> tuple[list[Any], str]:
    """Return the arguments of the operation that failed, tracked or not, and what was called.

    They are those of the first of the engine's own functions that was given a tracked one.
    """
    for frame, _ in frames:
        code = frame.f_code
        if not classify(code.co_filename):
            continue
        count = code.co_argcount + code.co_kwonlyargcount
        count += bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
        given = {k: frame.f_locals[k] for k in code.co_varnames[:count] if k in frame.f_locals}
        own = given.pop("self", None)
        found = list(_arrays(list(given.values())))
        if "other" in given or not any(v is own for v in found):  # NumPy hands it on again
            found = [*_arrays([own]), *found]
        if any(isinstance(v, Tensor) and v._node is not None for v in found):
            return found, code.co_name
    return [], ""


def _arrays(value: Any) -> Iterator[Any]:
    """Yield the arrays and numbers among arguments, in lists and dictionaries too."""
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _arrays(one)
    elif isinstance(value, dict):
        yield from _arrays(list(value.values()))
    elif isinstance(value, (Tensor, np.ndarray, np.generic, float, complex)):
        yield value


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


def add_card(view: View, failure: Failure, names: Names) -> None:
    """Put the operation that failed at the end of a view, fed by all its operands."""
    holder: dict[Any, Card] = {c.node: c for c in view.cards if c.node is not None}
    given = {id(v): k for k, v in failure.variables.items()}
    feeding, texts = [], []
    for k, value in enumerate(failure.operands):
        node = value._node if isinstance(value, Tensor) else None
        card = holder.get(node) if node is not None else None
        raw = bare(value._held) if isinstance(value, Tensor) else value
        name = (card.name if card else None) or given.get(id(value)) or names.of(raw)
        texts.append(name or constant_text(raw))
        if card is None and (name or np.ndim(raw)):
            kind = "parameter" if node is not None else "constant"
            dtype = str(getattr(raw, "dtype", ""))
            card = Card(f"o{k}", kind, texts[-1], "", shape_text(raw), dtype, node)
            card.value = summarize(raw)
            view.cards.append(card)
        if card is not None:
            feeding.append(card)
    kind, _, text = failure.message.partition(": ")
    text = _written(failure, texts) if texts else text
    error = Card("error", "error", kind, text, where=failure.where, note=failure.message)
    view.cards.append(error)
    view.wires += [
        Wire(f"x{k}", card.key, "error", None, index=k) for k, card in enumerate(feeding)
    ]
    for card in view.cards:
        card.output = False
    view.changed()


def _written(failure: Failure, texts: list[str]) -> str:
    """Return the failed operation with its operands and their shapes: ``h @ W: 3×4 @ 5×6``."""
    shapes = [shape_text(v) or "scalar" for v in failure.operands]
    function: Any = getattr(np, failure.operation, None)
    rule = REGISTRY.get(function)
    label = getattr(rule, "label", failure.operation)
    if len(texts) == 2 and not any(c.isalnum() or c in "[ " for c in label):
        return f"{f' {label} '.join(texts)}: {f' {label} '.join(shapes)}"
    return f"{failure.operation}({', '.join(texts)}): {', '.join(shapes)}"
