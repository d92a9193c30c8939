"""Remembers the latest sweep back of a program that runs: its output, its seed, its variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core.base import tree
from autograd_core.base.source import user_frame
from autograd_core.engine import backward as backward_module
from autograd_core.engine import gradients as gradients_module
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import Boxed
from autograd_core.transforms.tracing import Trace
from autograd_core.viewer.drawing import Drawing
from autograd_core.viewer.naming import variables_of

_gradients: Any = gradients_module  # its own name for the sweep is put aside for a while


class LatestSweep:
    """Watches ``backward()``, `gradients`, `grad`, `vjp` and what is made of them (a context).

    An optimizer changes the parameters' arrays in place afterwards, so leaves
    and views of them are copied; results of operations stay as they are.
    """

    def __init__(self) -> None:
        self.count = 0
        self.outputs: list[Node] = []
        self.seed: Any = None
        self.variables: dict[str, Any] = {}
        self._kept: dict[Node, Any] = {}
        self._backward = backward_module.backward
        self._sweep = _gradients.sweep
        self._found = Trace.found

    def __enter__(self) -> LatestSweep:
        def found(
            trace: Trace, outputs: Sequence[Any], seeds: Sequence[Any], retain: bool = True
        ) -> list[Any]:
            if trace.checked:  # not one that the library itself runs
                self._of_trace(trace, outputs, seeds)
            return self._found(trace, outputs, seeds, True)

        backward_module.backward = self._of_backward
        _gradients.sweep = self._of_gradients
        # mypy takes a function that a class is given for one that is bound already
        Trace.found = found  # type: ignore[method-assign,assignment]
        return self

    def __exit__(self, *error: object) -> None:
        backward_module.backward = self._backward
        _gradients.sweep = self._sweep
        Trace.found = self._found  # type: ignore[method-assign]

    def _of_backward(self, output: Tensor, gradient: Any, retain: bool, wrap: Any) -> None:
        if output._node is not None:
            self._keep([output._node], gradient, _callers_variables(3))
        self._backward(output, gradient, True, wrap)  # kept, to be drawn

    def _of_gradients(self, nodes: Any, seeds: Any, *args: Any, **settings: Any) -> Any:
        self._keep(list(nodes), seeds[0], _callers_variables(3))
        return self._sweep(nodes, seeds, *args, **settings | {"retain": True})

    def _of_trace(self, trace: Trace, outputs: Sequence[Any], seeds: Sequence[Any]) -> None:
        ends = [
            (out._node, seed)
            for out, seed in zip(outputs, seeds, strict=True)
            if isinstance(out, Tensor) and out._node is not None and out._level == trace.level
        ]
        if not ends or any(isinstance(n.output, Boxed) for n in trace.inputs):
            return  # the inner one of nested transforms: its numbers belong to the outer one
        variables = _callers_variables(4)
        stand_ins = tree.like(trace.structure, [_tensor(n, trace.level) for n in trace.inputs])
        for name, value in list(variables.items()):
            for given, made in zip(trace.structure, stand_ins, strict=True):
                if value is given:
                    variables[name] = made
        seed = ends[0][1]
        fits = np.shape(seed) == np.shape(ends[0][0].output) and not isinstance(seed, Boxed)
        self._keep([node for node, _ in ends], seed if fits else None, variables)

    def _keep(self, outputs: list[Node], seed: Any, variables: dict[str, Any]) -> None:
        self.count += 1
        self.outputs, self.seed, self.variables = outputs, seed, variables
        self._kept = {}
        nodes = Graph.of(outputs).nodes
        roots = {id(_root(n.output)) for n in nodes if n.primitive is None}
        for node in nodes:
            if isinstance(node.output, np.ndarray) and id(_root(node.output)) in roots:
                self._kept[node] = node.output.copy()

    @contextmanager
    def numbers_of_then(self) -> Iterator[None]:
        """Give all values back the numbers that they had when the sweep ran."""
        now = {node: node.output for node in self._kept}
        try:
            for node, value in self._kept.items():
                node.output = value
            yield
        finally:
            for node, value in now.items():
                node.output = value

    def drawing(self, **options: Any) -> Drawing:
        """Return the drawing of the latest sweep."""
        return Drawing(Graph.of(self.outputs), self.variables, seed=self.seed, **options)


def _callers_variables(depth: int) -> dict[str, Any]:
    return variables_of(user_frame(depth))


def _tensor(node: Node, level: int) -> Tensor:
    """Return a Tensor that stands for a node, so that it can be named."""
    made = Tensor.__new__(Tensor)
    made._held, made._node, made._level, made._cuts, made._grad = node.output, node, level, (), None
    return made


def _root(array: Any) -> Any:
    while isinstance(getattr(array, "base", None), np.ndarray):
        array = array.base
    return array
