"""Two ways to step through the passes: a page (`animate`), and a loop (``backward_steps``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from autograd_core.base.renamed import renamed_keywords
from autograd_core.engine.backward import node_of, seed_for
from autograd_core.engine.graph import Graph
from autograd_core.engine.tensor import Tensor
from autograd_core.viewer import failed
from autograd_core.viewer.animation import Animation
from autograd_core.viewer.drawing import Drawing, caller_variables
from autograd_core.viewer.kept_graphs import recalled
from autograd_core.viewer.steps import PassStep, reverse_steps


def backward_steps(output: Any, gradient: Any = None) -> Iterator[PassStep]:
    """Return the steps of a sweep back from a Tensor; see ``Tensor.backward_steps``."""
    node_of(output, "backward_steps()")
    seed_for(output, gradient, "backward_steps()")
    drawing = Drawing(Graph(output), caller_variables(), depth="all", seed=gradient)
    steps = reverse_steps(drawing.view, drawing.recording)
    return iter([step for step in steps if step.phase != "forward"])


@renamed_keywords(loss="output", wrt="inputs")
def animate(
    output: Tensor | BaseException,
    mode: str = "reverse",
    inputs: Any = None,
    *,
    depth: str | int = "auto",
    names: dict[str, Any] | None = None,
    open: str | Sequence[str] = (),
    seed: Any = None,
    title: str | None = None,
) -> Animation:
    """Make a page that steps through the forward and the backward pass.

    The numbers come from a separate sweep, which writes no ``.grad``.

    Parameters
    ----------
    output : Tensor
        Where the reverse sweep starts, for example the loss.
    mode : {"reverse", "forward"}
        The mode in which the page opens; it shows both.
    inputs : Tensor or sequence, optional
        Where forward mode starts: of a Tensor, its single elements; of a pair ``(W, (0, 1))`` that
        element; of ``(W, "ones")`` a tangent of ones.  At most 8; default an element of each
        leaf, then further ones.
    depth, names, open, seed
        As in `draw`.
    title : str, optional
        The page's heading.

    Returns
    -------
    Animation
        ``save("x.html")`` writes one file that works offline. In a notebook it displays itself.

    Raises
    ------
    UntrackedError
        If the output is not tracked.

    Examples
    --------
    >>> from autograd_core import Tensor, animate
    >>> x = Tensor(3.0, requires_grad=True)
    >>> animate(x * x, names={"x": x})
    <animation of v2: 5 steps; .save('page.html')>
    """
    variables = caller_variables()
    failure = None
    outputs: list[Any] = [output]
    if isinstance(output, BaseException):
        failure = failed.examine(output)
        outputs = list(failure.outputs)
        variables |= failure.variables
    drawing = Drawing(
        recalled(*outputs),
        variables,
        depth=depth,
        names=names,
        open=open,
        seed=seed,
        failure=failure,
    )
    return Animation(drawing, mode, inputs, title)
