"""In-place changes: ``x += y`` and ``x[i] = v``, views that follow, overwritten values found.

A change in place is recorded as an ordinary operation whose result the object
then takes on.  Values that share memory with it follow: the source of a view
gets the changed part written into it, its other views are read again.
Tensors made by hand also write into their array, as NumPy does; a table then
knows which buffers were overwritten when, and by which line.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from autograd_core import errors
from autograd_core.declare import primitive
from autograd_core.modes import BASE, current
from autograd_core.node import Node, next_tick
from autograd_core.primitive import Boxed, Primitive, bare, memory
from autograd_core.rules.indexing import setitem
from autograd_core.rules.shapes import copy_
from autograd_core.source import Location
from autograd_core.tensor import Tensor
from autograd_core.traced import Traced, level_of


class Overwrites:
    """Which buffers were overwritten: the tick and the line of the last time."""

    def __init__(self) -> None:
        self.latest = 0
        self._table: dict[int, tuple[int, Location, Any]] = {}

    def mark(self, array: Any, tick: int, where: Location) -> None:
        """Note that a buffer was overwritten after everything recorded before `tick`."""
        root = _root(array)
        key = id(root)
        table = self._table

        def forget(_: Any) -> None:
            table.pop(key, None)

        table[key] = (tick, where, weakref.ref(root, forget))
        self.latest = max(self.latest, tick)

    def since(self, array: Any, tick: int) -> Location | None:
        """Return the line that overwrote a buffer after `tick`, if one did."""
        found = self._table.get(id(_root(array))) if isinstance(array, np.ndarray) else None
        return found[1] if found is not None and found[0] > tick else None


OVERWRITES = Overwrites()


def _root(array: Any) -> Any:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def mark_overwritten(*tensors: Tensor) -> None:
    """Say that the arrays behind these tensors were written into directly.

    For code that changes ``x.data`` in place, such as an optimizer: a pending
    backward that still needs the old values then raises instead of using the
    new ones.

    Parameters
    ----------
    *tensors : Tensor
        The tensors whose ``.data`` was written into.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import OverwrittenError, Tensor, mark_overwritten
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> loss = np.sum(w * w)
    >>> w.data[0] = 5.0
    >>> mark_overwritten(w)
    >>> try:
    ...     loss.backward()
    ... except OverwrittenError as error:
    ...     print(str(error).splitlines()[0])
    multiply: the sweep needs a value of shape (2,) that was overwritten in place since.
    """
    where = Location.of_caller()
    tick = next_tick()
    for tensor in tensors:
        if isinstance(tensor._held, np.ndarray):
            OVERWRITES.mark(tensor._held, tick, where)


def check_saved(node: Node, args: list[Any]) -> None:
    """Raise if a value that this node's rules read was overwritten since it was recorded."""
    assert node.primitive is not None
    assert node.inputs is not None
    for parent, read in zip(node.inputs, node.primitive.reads(), strict=False):
        if not isinstance(parent, Node):
            continue
        values = (node.output, *args)
        for k in read:
            whole = values[k] if k < len(values) else None
            for part in whole if isinstance(whole, tuple) else (whole,):
                where = OVERWRITES.since(part, node.tick)
                if where is None:
                    continue
                raise errors.OverwrittenError(
                    f"{node.name}: the sweep needs a value of shape {part.shape} that was "
                    f"overwritten in place since.\n"
                    f"  overwritten by {where}\n"
                    "  Change a copy instead (x = x + y, or x.copy()), or sweep before the change."
                    f"\n  saved by {node.name}:",
                    node.location,
                )


def _recording(level: int) -> bool:
    return level > 0 and current().floor <= level


def _overlapping(array: np.ndarray[Any, Any]) -> bool:
    """Whether elements share memory, as `np.broadcast_to` makes them."""
    return any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True))


def _check_target(target: Traced) -> None:
    """Refuse to change a leaf that requires grad, or a view of one, while recording."""
    value: Any = target
    array = memory(target)
    if isinstance(array, np.ndarray) and not array.flags.writeable and _overlapping(array):
        raise errors.InPlaceError(
            "in-place change of a value whose elements share memory (np.broadcast_to); "
            "change a copy: x = x.copy().",
            Location.of_caller(),
        )
    while value is not None:
        if (
            isinstance(value, Tensor)
            and value._node is not None
            and value._node.primitive is None
            and value._node.owner is not None
            and _recording(value._level)
        ):
            kind = "a leaf" if value is target else "a view of a leaf"
            raise errors.InPlaceError(
                f"in-place change of {kind} that requires grad: its gradient would have no place; "
                "write x = x + y, or do it under no_grad().",
                Location.of_caller(),
            )
        value = getattr(value, "_source", (None,))[0]


def update(target: Traced, operation: Primitive, other: Any) -> None:
    """Do ``target op= other``."""
    _check_target(target)
    # the operation's own rule may need the old value, which is about to be lost
    keep = _recording(max(target._level, level_of(other))) and any(
        1 in read for read in operation.reads()
    )
    old: Any = copy_(target) if keep else target
    overwrite(target, operation(old, old if other is target else other))


def assign(target: Traced, index: Any, value: Any) -> None:
    """Do ``target[index] = value``."""
    _check_target(target)
    if isinstance(value, (list, tuple)):
        traced = any(isinstance(v, Boxed) for v in value)
        value = np.stack(value) if traced else np.asarray(value)
    if isinstance(target, Tensor) and isinstance(target._held, np.ndarray):
        level = max(target._level, level_of(value))
        if not _recording(level) and target._held.flags.writeable:
            try:
                target._held[index] = bare(value)
            except Exception as error:
                raise setitem.failure(error, (target, value)) from error
            OVERWRITES.mark(target._held, next_tick(), Location.of_caller())
            return
    overwrite(target, setitem(target, value, index=index))


def overwrite(target: Traced, result: Any) -> None:
    """Let a value take on a result in place, and everything that shares its memory follow."""
    shape = np.shape(bare(result))
    if shape != target.shape:
        raise errors.ShapeError(
            f"in-place change: the result has shape {shape}, the value {target.shape}; "
            "it cannot grow in place.",
            Location.of_caller(),
        )
    if bare(result).dtype != target.dtype:
        if not np.can_cast(bare(result).dtype, target.dtype, "same_kind"):
            raise errors.OperandError(
                f"in-place change: a result of {bare(result).dtype} does not fit into "
                f"{target.dtype}; use x = x + y, or astype first.",
                Location.of_caller(),
            )
        result = result.astype(target.dtype)
    target._become(result)
    value, changed = target, {id(target)}
    while (source := getattr(value, "_source", None)) is not None:
        above, view, params = source
        above._become(write_view(above, value, view=(view, params)))
        changed.add(id(above))
        value = above
    _refresh_views(value, changed)


def _refresh_views(source: Traced, changed: set[int]) -> None:
    stack = [source]
    while stack:
        value = stack.pop()
        for reference in getattr(value, "_views", ()):
            seen = reference()
            if seen is None:
                continue
            if id(seen) not in changed:
                _, view, params = seen._source
                seen._become(view(value, **params))
            stack.append(seen)


def note_view(made: Any, source: Traced, view: Primitive, params: dict[str, Any]) -> None:
    """Remember that `made` is a view of `source`, if it shares its memory."""
    array = _memory(made)
    if not isinstance(array, np.ndarray) or made is source:
        return
    if not made.ndim and array.ndim:
        return  # one element of each example of a batch: a number, no view
    if not np.may_share_memory(array, _memory(source)):
        return  # a copy after all, such as a reshape of a transpose
    made._source = (source, view, params)
    try:
        views = source._views
    except AttributeError:
        views = source._views = []
    views.append(weakref.ref(made))
    if len(views) & (len(views) - 1) == 0:  # at each power of two: drop the dead ones
        views[:] = [reference for reference in views if reference() is not None]


def _memory(value: Any) -> Any:
    """Return the array under every level, and of this run where it is written down."""
    value = memory(value)
    return getattr(value, "value", value) if isinstance(value, Boxed) else value


def _write_view(x: Any, part: Any, view: tuple[Primitive, dict[str, Any]]) -> Any:
    out = x.copy()
    operation, params = view
    operation.forward(out, **params)[...] = part
    return out


def _put_back(g: Any, view: tuple[Primitive, dict[str, Any]]) -> Any:
    operation, params = view
    (rule,) = operation.vjps or ()
    assert rule is not None
    return rule(operation(g, **params), None, g, **params)


# Write a changed view back into the array it looks into.
write_view = primitive(
    _write_view,
    vjp=[
        lambda g, y, x, part, *, view: g - _put_back(g, view),
        lambda g, y, x, part, *, view: view[0](g, **view[1]),
    ],
    name="write view",
    category="index",
)


def _reads_output(node: Node) -> bool:
    return node.primitive is not None and any(0 in read for read in node.primitive.reads())


def _by_hand(level: int) -> bool:
    return level in (0, BASE)


def take_on(target: Tensor, result: Any) -> None:
    """Let a Tensor take on a result: its history and its numbers."""
    if level_of(result) and not isinstance(result, Tensor):
        raise errors.InPlaceError(
            "in-place change of a Tensor with a Dual: write x = x + y instead of x += y.",
            Location.of_caller(),
        )
    data = result._held if isinstance(result, Tensor) else result
    node = result._node if isinstance(result, Tensor) else None
    physical = (
        isinstance(target._held, np.ndarray)
        and isinstance(data, np.ndarray | np.generic)
        and _by_hand(target._level)
        and _by_hand(level_of(result))
        and target._held.flags.writeable
    )
    if physical:
        if data is not target._held:
            np.copyto(target._held, data)
        tick = node.tick if node is not None else next_tick()
        OVERWRITES.mark(target._held, tick, Location.of_caller())
        if node is not None and not _reads_output(node):
            node.output = target._held  # one array, unless a rule needs the result kept as it is
    if node is None and target._node is not None and not _recording(target._level):
        if not physical:
            target._replace(data)  # under no_grad: new numbers, the same place in the graph
        return
    if not physical:
        target._held = data
    target._node = node
    target._level = level_of(result)
