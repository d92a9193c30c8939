"""In-place changes: ``x += y`` and ``x[i] = v``, views that follow, overwritten values found.

A change in place is recorded as an ordinary operation whose result the object
then takes on.  Values that share memory with it follow: the source of a view
gets the changed part written into it, its other views are read again.
Tensors made by hand also write into their array, as NumPy does, and it is noted
when, and by which line (overwrites.py).
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine import held_arrays
from autograd_core.engine.node import NO_PARAMS, Node, Watch, next_tick, record
from autograd_core.engine.overwrites import OVERWRITES
from autograd_core.operations.declare import primitive
from autograd_core.operations.modes import BASE, STEP, current
from autograd_core.operations.primitive import Boxed, Primitive, bare, innermost_array, level_of
from autograd_core.rules.indexing import getitem, setitem
from autograd_core.rules.shapes import copy_, ravel, reshape

HAND_MADE: set[int] = set()  # the levels of tapes inside of transforms that hold a user's leaf


def _recording(level: int) -> bool:
    return level > 0 and current().floor <= level


def _overlapping(array: np.ndarray[Any, Any]) -> bool:
    """Whether elements share memory, as `np.broadcast_to` and `sliding_window_view` make them."""
    reach = array.itemsize
    for stride, n in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True)):
        if n > 1 and stride < reach:
            return True
        reach += stride * (n - 1)
    return False


def _check_target(target: Any) -> None:
    """Refuse to change a leaf that requires grad, or a view of one, while recording."""
    value: Any = target
    array = innermost_array(target)
    if isinstance(array, np.ndarray) and not array.flags.writeable and _overlapping(array):
        raise errors.InPlaceError(
            "in-place change of a value whose elements share memory (np.broadcast_to, windows); "
            "change a copy: x = x.copy().",
            Location.of_caller(),
        )
    while value is not None:
        if (
            value._node is not None
            and value._node.primitive is None
            and value._node.owner is not None
            and _recording(value._level)
        ):
            kind = "a leaf" if value is target else "a view of a leaf"
            raise errors.InPlaceError(
                f"in-place change of {kind} that requires grad: there would be no place for its "
                "gradient; "
                "write x = x + y, or do it under no_grad().",
                Location.of_caller(),
            )
        value = getattr(value, "_source", (None,))[0]


def top(value: Any) -> Any:
    """Return what a value is a view of, or a view of a view."""
    while (source := getattr(value, "_source", None)) is not None:
        value = source[0]
    return value


def update(target: Any, operation: Primitive, other: Any) -> None:
    """Do ``target op= other``."""
    _check_target(target)
    # the operation's own rule may need the old value, which is about to be lost
    places = (1, 2) if other is target else (1,)
    keep = _recording(max(target._level, level_of(other))) and any(
        place in read
        for operand, read in zip((target, other), operation.vjp_reads(), strict=False)
        for place in places
        if level_of(operand)
    )
    old: Any = copy_(target) if keep else target
    overwrite(target, operation(old, old if other is target else other))


def assign(target: Any, index: Any, value: Any) -> None:
    """Do ``target[index] = value``."""
    _check_target(target)
    if isinstance(value, (list, tuple)):
        traced = any(isinstance(v, Boxed) for v in value)
        value = np.stack(value) if traced else np.asarray(value)
    if isinstance(getattr(target, "_held", None), np.ndarray):
        level = max(target._level, level_of(value))
        numbers = _is_number(_memory(top(target)))  # hold no memory to write into
        # a Dual or a batch, also in a tape: no_grad leaves its derivative alone
        forward = level_of(value) and isinstance(getattr(value, "_held", value), Boxed)
        if not (_recording(level) or forward or numbers) and target._held.flags.writeable:
            try:
                target._held[index] = bare(value)
            except Exception as error:
                raise setitem.failure(error, (target, value)) from error
            OVERWRITES.mark(target._held, next_tick(), Location.of_caller())
            return
    overwrite(target, setitem(target, value, index=index))


def replace(target: Any, result: Any) -> None:
    """Do ``target[...] = result`` for a result of the same shape, also by ``out=``."""
    _check_target(target)
    overwrite(target, result)


def overwrite(target: Any, result: Any) -> None:
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
    if target.ndim > 1 and not _by_hand(max(target._level, level_of(result))):
        result = _laid_out(result, target)
    kept = retains(target)
    target._become(result)
    value, changed = target, {id(target)}
    while (source := getattr(value, "_source", None)) is not None:
        above, view, params = source
        kept = kept or retains(above)
        above._become(write_view(above, value, view=(view, params)))
        changed.add(id(above))
        value = above
    # A view that was written into is what was written, and need not be read again: unless
    # somebody wants the gradients along the way, which passes by the source and then the view.
    _refresh_views(value, {id(value)} if kept else changed)


def _laid_out(result: Any, target: Any) -> Any:
    """Return a result whose axes lie in memory as the target's do, where NumPy writes it.

    Whether a reshape of it is a view or a copy depends on that.
    """
    if not all(isinstance(_memory(v), np.ndarray) for v in (result, target)):
        return result  # how another library's arrays lie in memory is its own affair
    order = _order(target)
    if _order(result) == order:
        return result
    order += [k for k in range(target.ndim) if k not in order]
    return np.transpose(copy_(np.transpose(result, order)), [order.index(k) for k in sorted(order)])


def _order(value: Any) -> list[int]:
    """Return the axes longer than 1, from the largest step in memory to the smallest."""
    array = _memory(value)
    batches = array.ndim - value.ndim
    axes = [k for k, n in enumerate(value.shape) if n > 1]
    return sorted(axes, key=lambda k: -abs(array.strides[batches + k]))


def _refresh_views(source: Any, changed: set[int]) -> None:
    stack: list[Any] = [source]
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


def note_view(made: Any, source: Any, view: Primitive, params: dict[str, Any]) -> None:
    """Remember that `made` is a view of `source`, if it shares its memory."""
    array = _memory(made)
    if made is source or (view is getitem and array.__class__ is np.float64):  # often: a number
        return
    base = _memory(source)
    if not _is_number(base) or view is getitem:
        if not isinstance(array, np.ndarray) or _owns(array, base):
            return
        if not made.ndim and array.ndim and not _keeps_array(params.get("index")):
            return  # one element of each example of a batch: a number, no view
    known = _is_number(base) and _by_hand(source._level)
    if view in (reshape, ravel):  # may be a copy after all, such as a reshape of a transpose
        batched = isinstance(base, np.ndarray) and base.ndim > source.ndim
        if (batched or hasattr(source, "_source")) and _copies(source, view, params):
            return
        known = known or (batched and base.size > 0)  # the batch's own may be a copy, of a view
    if not known and not np.may_share_memory(array, base):
        return
    made._source = (source, view, params)
    try:
        views = source._views
    except AttributeError:
        views = source._views = []
    views.append(weakref.ref(made))
    if len(views) & (len(views) - 1) == 0:  # at each power of two: drop the dead ones
        views[:] = [reference for reference in views if reference() is not None]


def _owns(array: Any, base: Any) -> bool:
    """Whether an array's memory is its own for certain, as that of most that an index copies."""
    return array.base is None and array is not base


def _keeps_array(index: Any) -> bool:
    """Whether an index of one element gives an array that can be viewed: x[..., 0], not x[0]."""
    return index is ... or (isinstance(index, tuple) and any(part is ... for part in index))


def _copies(source: Any, last: Primitive, params: dict[str, Any]) -> bool:
    """Whether NumPy's reshape of a view is a copy: ours lies in memory of its own once changed."""
    views = []
    value: Any = source
    while (above := getattr(value, "_source", None)) is not None:
        value = above[0]
        views.append(above[1:])
    array = _memory(value)
    if _is_number(array) or not array.size:
        return False
    base = array
    if array.ndim > value.ndim:  # a batch: an example by itself, as a loop would have it
        base = getattr(value, "_example", lambda: None)()
        if base is None:
            base = np.empty_like(array[(0,) * (array.ndim - value.ndim) + (...,)])
    array = base
    for view, settings in reversed(views):
        array = view.forward(array, **settings)
    return not np.may_share_memory(last.forward(array, **params), base)


def _is_number(value: Any) -> bool:
    """Whether a value is a NumPy scalar: what a 0-d Tensor holds, though it can be viewed."""
    return isinstance(value, np.generic)


def _memory(value: Any) -> Any:
    """Return the array under every level, and of this run where it is written down."""
    value = innermost_array(value)
    return getattr(value, "value", value) if isinstance(value, Boxed) else value


def _write_view(x: Any, part: Any, view: tuple[Primitive, dict[str, Any]]) -> Any:
    out = np.array(x) if _is_number(x) else x.copy("K")
    operation, params = view
    operation.forward(out, **params)[...] = part
    return out[()] if _is_number(x) else out


def _put_back(g: Any, view: tuple[Primitive, dict[str, Any]]) -> Any:
    operation, params = view
    (rule,) = operation.vjps or ()
    assert rule is not None
    return rule(_taken(g, view), None, g, **params)


def _taken(g: Any, view: tuple[Primitive, dict[str, Any]]) -> Any:
    """Return the gradient of the part that was written."""
    operation, params = view
    part = operation(g, **params)
    if g.dtype.kind == "c" and part.dtype.kind != "c":  # gradients pair without conjugates:
        part = operation(np.conj(g), **params)  # Re(g i p) is -Im(g) p
    return part


# Write a changed view back into the array it looks into.
write_view = primitive(
    _write_view,
    vjp=[
        lambda g, y, x, part, *, view: g - _put_back(g, view),
        lambda g, y, x, part, *, view: _taken(g, view),
    ],
    name="write view",
    category="index",
)


def _reads_output(node: Node) -> bool:
    return node.primitive is not None and any(0 in read for read in node.primitive.vjp_reads())


def _by_hand(level: int) -> bool:
    return level in (0, BASE)


def take_on(target: Any, result: Any) -> None:
    """Let a Tensor take on a result: its history and its numbers."""
    recorded = hasattr(result, "_held")  # another Tensor
    data = result._held if recorded else result
    node = result._node if recorded else None
    level = level_of(result)
    if level and not recorded:
        node = _carried(result, level)
        level = node.level
    physical = (
        isinstance(target._held, np.ndarray)
        and isinstance(data, np.ndarray | np.generic)
        and _by_hand(target._level)
        and _by_hand(level)
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
            # under no_grad: new numbers, the same place in the graph
            held_arrays.replace(target, data)
        return
    if not physical:
        target._held = data
    if retains(target):
        _move_retained(target, node)
    target._node = node
    target._level = level


def _carried(value: Any, level: int) -> Node:
    """Return a leaf that holds a value of a transform (a Dual, a batch) in a tape just above it.

    The transform takes the tape off again from what its function returns.
    """
    if level < BASE:
        raise errors.InPlaceError(
            "in-place change of a Tensor with a Dual made by hand: the Tensor cannot become a "
            "Dual; use jvp(), or write x = x + y instead of x += y.",
            Location.of_caller(),
        )
    return record(None, (), NO_PARAMS, value, level // STEP * STEP + BASE)


def lowered(value: Any, level: int) -> Any:
    """Return what a tape just above a transform holds, if the tape is there only to carry it."""
    tape = level // STEP * STEP + BASE
    while level < level_of(value) == tape and tape not in HAND_MADE and hasattr(value, "_held"):
        value = value._held
    return value


def retains(value: Any) -> bool:
    """Whether a value is not a leaf and wants its gradient kept (``retain_grad``)."""
    node = getattr(value, "_node", None)
    return node is not None and node.primitive is not None and node.owner is not None


def _move_retained(target: Any, node: Node | None) -> None:
    """Keep the gradient of what a Tensor is from now on; hooks stay with what it was."""
    assert target._node is not None
    assert target._node.watch is not None
    owner, target._node.watch.owner = target._node.watch.owner, None
    if node is not None:
        node.watch = node.watch or Watch()
        node.watch.owner = owner
