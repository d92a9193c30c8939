"""The sweep: all derivatives of one output, backward from dF/dF = 1.

Gradients live in the sweep, in a dictionary from node to gradient, not on the
nodes: a second sweep never sees the first one's.

Why sorting by tick is a topological order: an operation's inputs exist before
its output does, so every node's tick is higher than its inputs' ticks.  Of the
nodes that have been sent something the one with the highest tick is visited
next, and its gradient is complete then: all its uses came later and have been
passed already.  So nothing has to be collected or sorted before.

What happens at each node says `sweep_steps`; `fast.loop` does the same faster where it can.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from autograd_core.engine.early_leaves import Accumulate, EarlySweep
from autograd_core.engine.fast.loop import run as run_fast
from autograd_core.engine.messages import conjugated, fit
from autograd_core.engine.node import Node
from autograd_core.engine.outer_products import Visiting
from autograd_core.engine.reach import collect, reaching
from autograd_core.engine.sweep_steps import Observer, Sweep

# Who follows all sweeps of this context, node by node: opened for each sweep, it gives what the
# sweep calls.
_FOLLOWER: ContextVar[Callable[[], AbstractContextManager[Visiting]] | None] = ContextVar(
    "autograd_core.follower", default=None
)
_follower = _FOLLOWER.get


@contextmanager
def followed(follower: Callable[[], AbstractContextManager[Visiting]]) -> Iterator[None]:
    """Let every sweep in this block be followed node by node.

    Parameters
    ----------
    follower : callable
        Called for each sweep.  It returns a context manager that gives ``visiting(node, g)``,
        which the sweep calls with each node whose turn it is and the gradient that arrived there,
        and that ends with the sweep, of which one may run inside of another.
    """
    token = _FOLLOWER.set(follower)
    try:
        yield
    finally:
        _FOLLOWER.reset(token)


def sweep(
    outputs: Sequence[Node],
    seeds: Sequence[Any],
    wanted: Collection[Node] | None = None,
    *,
    retain: bool,
    all_lead: bool = False,
    wrap: Callable[[Node], Any] | None = None,
    oldest: int = 0,
    observe: Observer | None = None,
    accumulate: Accumulate | None = None,
) -> dict[Node, Any]:
    """Sweep back from the outputs and return the gradients.

    Parameters
    ----------
    outputs, seeds
        Where to start, and with what.
    wanted : collection of Node, optional
        The nodes whose gradients to return, and all that is computed; default
        every leaf.
    retain : bool
        Keep the saved values for another sweep.
    all_lead : bool
        Whether every node that the outputs reach leads to a wanted one, as in the trace
        of a transform: then nothing is collected to find those that do.
    wrap : callable, optional
        What makes a Tensor of a node: the rules then run on Tensors, so that the sweep
        itself is recorded.
    oldest : int
        Stop at nodes recorded before this tick; with `wanted` only.
    observe : callable, optional
        Called with each message: ``observe(node, g, index, contribution)``.
    accumulate : callable, optional
        Called with ``{leaf: gradient}`` as soon as the gradient of a leaf with hooks is complete;
        for one output, and all leaves wanted.

    Returns
    -------
    dict
        From node to gradient.
    """
    follower = _follower()
    if follower is not None or accumulate is not None:
        with nullcontext() if follower is None else follower() as visiting:
            if accumulate is not None:
                one: Sweep = EarlySweep(outputs[0], seeds[0], retain, wrap, visiting, accumulate)
            else:
                one = Sweep(
                    outputs, seeds, wanted, retain, all_lead, wrap, oldest, observe, visiting
                )
            one.run()
        return one.gradients
    one = Sweep(outputs, seeds, wanted, retain, all_lead, wrap, oldest, observe, None)
    if one.usual:
        run_fast(one)
    else:
        one.run()
    return one.gradients


__all__ = ["Observer", "collect", "conjugated", "fit", "followed", "reaching", "sweep"]
