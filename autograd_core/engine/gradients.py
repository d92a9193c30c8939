"""`gradients`: the derivatives of an output to any values of its graph, in one sweep."""

from __future__ import annotations

from typing import Any

from autograd_core.engine.backward import node_of, seed_for, unshared
from autograd_core.engine.sweeping import conjugated, sweep
from autograd_core.engine.tensor import Tensor, untracked, wrap


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
    found = unshared(
        sweep(
            [node],
            [conjugated(seed_for(output, seed, "gradients()", "seed"))],
            set(nodes),
            retain=retain_graph or create_graph,
            wrap=wrap if create_graph else None,
        )
    )
    return [untracked(found[n]) if n in found else None for n in nodes]
