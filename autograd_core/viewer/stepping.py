"""The steps of one sweep over a whole graph: ``Tensor.backward_steps()``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd_core.backward import node_of, seed_for
from autograd_core.graph import Graph
from autograd_core.viewer.drawing import Drawing, caller_variables
from autograd_core.viewer.steps import Step, reverse_steps


def backward_steps(output: Any, gradient: Any = None) -> Iterator[Step]:
    """Return the steps of a sweep back from a Tensor; see ``Tensor.backward_steps``."""
    node_of(output, "backward_steps()")
    seed_for(output, gradient, "backward_steps()")
    drawing = Drawing(Graph(output), caller_variables(), depth="all", seed=gradient)
    steps = reverse_steps(drawing.view, drawing.recording)
    return iter([step for step in steps if step.phase != "forward"])
