"""From a user's call to a sweep and back: seeds checked, gradients unshared, ``.grad`` written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import ContextVar
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.locks import new_lock
from autograd_core.base.source import Location
from autograd_core.engine import trace_borders
from autograd_core.engine.early_leaves import HOOKED, accumulate_hooks
from autograd_core.engine.node import Node
from autograd_core.engine.sweeping import conjugated, sweep
from autograd_core.operations.kinds import beside
from autograd_core.operations.modes import BASE, STEP, no_grad
from autograd_core.operations.other_libraries import argument
from autograd_core.operations.pieces import copied
from autograd_core.operations.primitive import Boxed, bare

_ndarray = np.ndarray
_float64 = np.float64
_ONES = {np.float64: np.float64(1), np.float32: np.float32(1)}
# Called with a Tensor and its node before a sweep frees the graph: by the viewer, once it is used.
BEFORE_FREEING: list[Callable[[Any, Node], None]] = []
_ADDING = new_lock()  # other threads may be adding to the same leaves
# What is to be called at the end of the running backward().
_ENDING: ContextVar[list[Callable[[BaseException | None], None]] | None] = ContextVar(
    "autograd_core.ending", default=None
)


def seed_for(output: Any, gradient: Any, operation: str, keyword: str = "gradient") -> Any:
    """Return a checked seed for an output, 1 for a scalar."""
    value = getattr(output, "_held", output)
    if gradient is None:
        if value.__class__ in _ONES:  # nearly always
            return _ONES[value.__class__]
        if output.dtype.kind == "c":
            raise errors.NonScalarError(
                f"{operation}: the value is complex, and only a real number has a gradient of its "
                f"own; pass {keyword}=, or take np.real(y), np.abs(y).",
                Location.of_caller(),
            )
        if output.size != 1:
            raise errors.NonScalarError(
                f"{operation}: the value has shape {output.shape}, and only a scalar has a "
                f"gradient of its own; pass {keyword}= of that shape, or sum it first.",
                Location.of_caller(),
            )
        one = np.ones_like(bare(value))  # a constant to every trace
        return one if isinstance(one, Boxed) else one[()]
    if isinstance(gradient, Boxed) and not gradient._level:
        gradient = gradient._below()
    if not isinstance(gradient, Boxed):
        gradient = argument(gradient, operation)
        listed = not hasattr(gradient, "dtype")
        gradient = np.asarray(gradient) if listed else gradient
        gradient = beside(output, gradient)
        if listed and gradient.dtype.kind in "iu":
            gradient = gradient.astype(float)  # Python's integers are numbers like any others
        if gradient.dtype.kind not in "fc":
            raise errors.SeedError(
                f"{operation}: the seed has dtype {gradient.dtype}; give floating-point numbers.",
                Location.of_caller(),
            )
    if gradient.shape != output.shape:
        raise errors.SeedError(
            f"{operation}: the seed has shape {gradient.shape}, the value {output.shape}; "
            "they must be equal.",
            Location.of_caller(),
        )
    if gradient.dtype != output.dtype:
        if gradient.dtype.kind == "c" and output.dtype.kind != "c":
            raise errors.SeedError(
                f"{operation}: the seed is complex, the value real ({output.dtype}); its imaginary "
                "part would be lost. Give np.real(seed).",
                Location.of_caller(),
            )
        gradient = gradient.astype(output.dtype)
    return gradient[()] if isinstance(gradient, _ndarray) and not gradient.ndim else gradient


def node_of(output: Any, operation: str) -> Node:
    """Return the node of a tracked Tensor, or raise with the reason why it has none."""
    node: Node | None = output._node if isinstance(output, Boxed) else None
    if node is not None:
        return node
    kind = f"a Tensor of {output.dtype}" if hasattr(output, "_held") else type(output).__name__
    raise errors.UntrackedError(
        f"{operation}: nothing here requires grad ({kind}, made from constants only, under "
        "no_grad(), or by an operation without derivative); give the inputs requires_grad=True.",
        Location.of_caller(),
    )


def backward(output: Any, gradient: Any, retain: bool, wrap: Callable[[Node], Any] | None) -> None:
    """Sweep back from a Tensor and add the gradients into the leaves' ``.grad``."""
    node = node_of(output, "backward()")
    if output._level != BASE and output._level % STEP < BASE:
        raise errors.UntrackedError(
            "backward(): the value belongs to a transform (grad, vjp, ...), whose arguments have "
            "no .grad; return it from the transform's function.",
            Location.of_caller(),
        )
    seed = conjugated(seed_for(output, gradient, "backward()"))
    if BEFORE_FREEING and not retain:
        for look in BEFORE_FREEING:
            look(output, node)
    if HOOKED:
        _backward_with_hooks(node, seed, retain, wrap)
        return
    found = unshared(sweep([node], [seed], retain=retain, wrap=wrap))
    receivers = _receivers(found)
    # written only now: an exception in mid-sweep leaves every .grad as it was
    with _ADDING:
        for _, owner, g in receivers:
            owner._add_gradient(g)


def _receivers(found: dict[Node, Any]) -> list[tuple[Node, Any, Any]]:
    """Return each leaf, the Tensor into whose ``.grad`` its gradient belongs, and the gradient."""
    receivers = []
    for leaf, g in found.items():
        if isinstance(g, Boxed):  # recorded, or of a trace that a rule or a hook brought in
            trace_borders.alive(g, "backward()")
        watch = leaf.watch
        owner = watch.owner() if watch is not None and watch.owner is not None else None
        # not if the Tensor is gone, or if x.data was replaced by another shape
        if owner is not None and owner._held.shape == g.shape:
            old = getattr(owner, "_grad", None)
            if old is not None and old.shape != g.shape:
                raise errors.ShapeError(
                    f"backward(): a tensor's .grad has shape {old.shape}, of what its data was; "
                    f"the gradient to be added has shape {g.shape}. Set x.grad = None after x.data "
                    "gets another shape.",
                    Location.of_caller(),
                )
            receivers.append((leaf, owner, g))
    return receivers


def _backward_with_hooks(
    node: Node, seed: Any, retain: bool, wrap: Callable[[Node], Any] | None
) -> None:
    """Sweep back, and write ``.grad`` where hooks wait for it while the sweep goes on."""
    before: list[tuple[Any, Any]] = []  # what was written, and what was there

    def accumulate(found: dict[Node, Any]) -> None:
        receivers = _receivers(unshared(found))
        with _ADDING:
            for _, owner, g in receivers:
                before.append((owner, owner.grad))
                owner._add_gradient(g)
        with nullcontext() if wrap is not None else no_grad():
            for leaf, owner, _ in receivers:
                for hook in list(accumulate_hooks(leaf).values()):
                    hook(owner)

    ending: list[Callable[[BaseException | None], None]] = []
    token = _ENDING.set(ending)
    error: BaseException | None = None
    try:
        accumulate(sweep([node], [seed], retain=retain, wrap=wrap, accumulate=accumulate))
        for callback in ending:
            callback(None)
    except BaseException as raised:
        error = raised
        for owner, old in reversed(before):
            owner._grad = old
        raise
    finally:
        _ENDING.reset(token)
        if error is not None:
            for callback in ending:
                callback(error)


def after_backward(callback: Callable[[BaseException | None], None]) -> None:
    """Call a function at the end of the `backward` that is running; for hooks of leaves.

    Parameters
    ----------
    callback : callable
        Called once every ``.grad`` is written, with None; it may change them. If it raises, or if
        the sweep did, every ``.grad`` becomes what it was, and each callback gets the exception.

    Raises
    ------
    UntrackedError
        If no `backward` is running that calls hooks of leaves.

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> w = Tensor(1.0, requires_grad=True)
    >>> handle = w.register_post_accumulate_grad_hook(
    ...     lambda w: after_backward(lambda error: print("done:", w.grad.item()))
    ... )
    >>> (3 * w).backward()
    done: 3.0
    """
    ending = _ENDING.get()
    if ending is None:
        raise errors.UntrackedError(
            "after_backward(): no backward() is running that calls hooks; call it from a hook that "
            "register_post_accumulate_grad_hook() registered.",
            Location.of_caller(),
        )
    ending.append(callback)


def _references_of_its_own() -> int:
    """Return what ``sys.getrefcount`` says of an array that only a local variable holds."""
    found = {0: np.empty(1)}
    _, g = found.popitem()
    return sys.getrefcount(g)


_ALONE = _references_of_its_own()


def unshared(found: dict[Node, Any], conjugate: bool = True) -> dict[Node, Any]:
    """Return a sweep's gradients as arrays of their own, by default in PyTorch's convention.

    The sweep hands arrays on without copying, so two gradients, the seed or a
    saved value may be one array; what the user gets may be written into.
    """
    own: dict[Node, Any] = {}
    given: set[int] = set()  # recorded gradients handed out already
    while found:
        node, g = found.popitem()
        if g.__class__ is _ndarray:
            if g.base is not None or sys.getrefcount(g) > _ALONE:
                g = copied(g)
        elif g.__class__ is not _float64 and hasattr(g, "_held"):
            if id(g) in given:
                g = g.copy()
            given.add(id(g))
        own[node] = conjugated(g) if conjugate else g
    return own
