"""From a user's call to a sweep and back: seeds checked, gradients settled, ``.grad`` written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import borders, errors
from autograd_core.foreign import argument
from autograd_core.inplace import OVERWRITES, check_saved
from autograd_core.locks import new_lock
from autograd_core.modes import BASE, STEP
from autograd_core.node import Node
from autograd_core.primitive import Boxed, bare
from autograd_core.source import Location
from autograd_core.sweeping import Observer, collect, conjugated, fit, reaching, sweep
from autograd_core.tensor import PART, Tensor, untracked

_ndarray = np.ndarray
_float64 = np.float64
_ONE = np.float64(1)
_ADDING = new_lock()  # other threads may be adding to the same leaves


def seed_for(output: Any, gradient: Any, operation: str, keyword: str = "gradient") -> Any:
    """Return a checked seed for an output, 1 for a scalar."""
    value = output._held if isinstance(output, Tensor) else output
    if gradient is None:
        if value.__class__ is _float64:
            return _ONE
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
    if isinstance(gradient, Tensor) and not gradient._level:
        gradient = gradient._held
    if not isinstance(gradient, Boxed):
        gradient = argument(gradient, operation)
        listed = not hasattr(gradient, "dtype")
        gradient = np.asarray(gradient) if listed else gradient
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
    if isinstance(output, Tensor) and output._node is not None:
        return output._node
    kind = f"a Tensor of {output.dtype}" if isinstance(output, Tensor) else type(output).__name__
    raise errors.UntrackedError(
        f"{operation}: nothing here requires grad ({kind}, made from constants only, under "
        "no_grad(), or by an operation without derivative); give the inputs requires_grad=True.",
        Location.of_caller(),
    )


def backward(output: Tensor, gradient: Any, retain: bool, create_graph: bool) -> None:
    """Sweep back from a Tensor and add the gradients into the leaves' ``.grad``."""
    node = node_of(output, "backward()")
    if output._level != BASE and output._level % STEP < BASE:
        raise errors.UntrackedError(
            "backward(): the value belongs to a transform (grad, vjp, ...), whose arguments have "
            "no .grad; return it from the transform's function.",
            Location.of_caller(),
        )
    seed = conjugated(seed_for(output, gradient, "backward()"))
    found = settled(sweep([node], [seed], retain=retain, record=create_graph))
    for g in found.values():
        if isinstance(g, Boxed):  # of create_graph, or of a trace that a rule or a hook brought in
            borders.alive(g, "backward()")
    # written only now: an exception in mid-sweep leaves every .grad as it was
    with _ADDING:
        for leaf, g in found.items():
            owner = leaf.owner() if leaf.owner is not None else None
            if owner is None or owner.shape != g.shape:  # x.data was replaced by another shape
                continue
            old = owner.grad
            owner._grad = untracked(g) if old is None else old + untracked(g)


def _references_of_its_own() -> int:
    """Return what ``sys.getrefcount`` says of an array that only a local variable holds."""
    found = {0: np.empty(1)}
    _, g = found.popitem()
    return sys.getrefcount(g)


_ALONE = _references_of_its_own()


def settled(found: dict[Node, Any], conjugate: bool = True) -> dict[Node, Any]:
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
                g = g.copy()
        elif isinstance(g, Tensor):
            if id(g) in given:
                g = g.copy()
            given.add(id(g))
        own[node] = conjugated(g) if conjugate else g
    return own


def gradients(
    output: Any,
    inputs: Any,
    seed: Any = None,
    create_graph: bool = False,
    retain_graph: bool = True,
) -> list[Any]:
    """Return the derivatives of an output to any values of its graph; writes no ``.grad``.

    Parameters
    ----------
    output : Tensor
        Where to start.
    inputs : sequence of Tensor
        Leaves or intermediate values.
    seed : array_like, optional
        dF/d(output), shaped like it; 1 for a scalar.
    create_graph : bool
        Record the sweep, for derivatives of the gradients.
    retain_graph : bool
        Keep the saved values for another sweep.

    Returns
    -------
    list of Tensor or None
        One for each input; None where the output does not depend on it.

    Raises
    ------
    UntrackedError
        If the output or an input is not tracked.
    NonScalarError, SeedError
        As in ``Tensor.backward``.

    Examples
    --------
    >>> from autograd_core import Tensor, gradients
    >>> x = Tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> gradients(y * y, [x, y])
    [Tensor(108.), Tensor(18.)]
    """
    if isinstance(inputs, Tensor):
        inputs = [inputs]
    node = node_of(output, "gradients()")
    nodes = [node_of(x, f"gradients(), input {k}") for k, x in enumerate(inputs)]
    found = settled(
        sweep(
            [node],
            [conjugated(seed_for(output, seed, "gradients()", "seed"))],
            set(nodes),
            retain=retain_graph or create_graph,
            record=create_graph,
        )
    )
    return [untracked(found[n]) if n in found else None for n in nodes]


def push(order: Sequence[Node], tangents: dict[Node, Any], outputs: Sequence[Node]) -> list[Any]:
    """Push tangents forward through a recorded graph (nodes earliest first)."""
    from autograd_core.dual import fit_tangent

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
        t = node.primitive.push(ts, node.output, args, node.params)
        tangents[node] = t if node.primitive.multiple else fit_tangent(t, node.output)
    return [tangents.get(n) for n in outputs]


__all__ = [
    "Observer",
    "backward",
    "collect",
    "fit",
    "gradients",
    "node_of",
    "push",
    "reaching",
    "seed_for",
    "settled",
    "sweep",
]
