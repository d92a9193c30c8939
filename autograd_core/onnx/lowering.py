"""A recorded program as a graph of ONNX operators."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.compiling.naming import gradient_name, hints
from autograd_core.compiling.program import Step, Value, replaced, values_in
from autograd_core.onnx import contracting, functions, indices, pointwise, reductions, shaping
from autograd_core.onnx.graph import Graph, Node, Ref
from autograd_core.onnx.programs import Exportable
from autograd_core.onnx.table import lowering_of

FAMILIES = (pointwise, functions, reductions, shaping, indices, contracting)
_NUMBERS = frozenset("?bhilqBHILQefd")  # dtypes that ONNX and its runtimes have


class Lowered:
    """A program written as ONNX operators.

    Attributes
    ----------
    graph : Graph
    inputs : list of Ref
        The arguments.
    parameters : list of (Ref, array)
        Values of Tensors: inputs with a default.
    outputs : list of Ref
    guarded : list of Location
        Lines where the function branches on numbers.
    """

    def __init__(
        self,
        exportable: Exportable,
        opset: int,
        names: list[str],
        called: list[str],
        open_parameters: bool,
    ) -> None:
        self.graph = Graph(opset)
        self._of: dict[Value, Ref] = {}
        self.guarded: list[Any] = []
        self._holds: list[Ref] = []
        self._quiet = exportable.quiet
        self._done: dict[str, str] = {}  # outputs by their first names
        program = exportable.program
        self._hints = hints(program)
        for wish in (*names, *called):  # the names of inputs and outputs are theirs
            self.graph.name(wish)
        free = iter(called)
        self.inputs: list[Ref] = []
        self.parameters: list[tuple[Ref, Any]] = []
        for value in program.inputs:
            array = value.example
            if value.tensor is None:
                name = next(free)
                ref = Ref(name, _checked(array, name, None), np.shape(array))
                self.inputs.append(ref)
            elif open_parameters:
                name = self.graph.name(value.name or "w")
                ref = Ref(name, _checked(array, name, None), np.shape(array))
                self.parameters.append((ref, np.asarray(array)))
            else:
                _checked(array, value.name or "a parameter", None)
                ref = self.graph.constant(array, wish=value.name or "w")
            self._of[value] = ref
        for step in program.steps:
            self.graph.line = step.where
            if step.operation is None:
                self._guard(step)
            else:
                self._step(step)
        self.graph.line = None
        made = [self._ref(out) for out in program.outputs]
        self.outputs = [
            self._named(self._held(ref, out), name)
            for ref, out, name in zip(made, exportable.results, names, strict=True)
        ]

    def _step(self, step: Step) -> None:
        operation, graph = step.operation, self.graph
        assert operation is not None
        for known in filter(None, step.results):  # None: a gradient that nobody asked for
            _checked(known.example, operation.name, step.where)
        lowering = lowering_of(operation)
        if lowering is None:
            raise errors.UnsupportedError(
                f"onnx: ONNX has no operator for {operation.name}, and it is not made of others.",
                step.where,
            )
        args = [self._argument(a) for a in step.args]
        before = len(graph.nodes)
        settings = {k: replaced(v, self._setting) for k, v in step.params.items()}
        examples = [None if v is None else v.example for v in step.results]
        example = tuple(examples) if step.multiple else examples[0]
        signature = inspect.signature(lowering)
        try:
            bound = signature.bind(graph, example, *args, **settings)
        except TypeError as error:
            raise errors.UnsupportedError(
                f"onnx: {operation.name} with these settings is not written as ONNX: {error}.",
                step.where,
            ) from error
        for name, given in bound.arguments.items():  # a setting by its position: np.argmax(x, 1)
            number = given.__class__ is Ref and given.array is not None and not given.ndim
            if number and signature.parameters[name].default is not inspect.Parameter.empty:
                bound.arguments[name] = given.array.item()
        made = lowering(*bound.args, **bound.kwargs)
        for value, ref in zip(step.results, made if step.multiple else [made], strict=True):
            assert value is not None  # ONNX has no gradients that can be left out
            ref = self._called(value, ref, step, before)
            alike = ref.shape == np.shape(value.example) and ref.dtype == value.example.dtype
            if not ref.own and not alike:
                raise AssertionError(
                    f"{operation.name}: {ref.shape} {ref.dtype} is not "
                    f"{np.shape(value.example)} {value.example.dtype}"
                )
            self._of[value] = ref

    def _called(self, value: Value, ref: Ref, step: Step, before: int) -> Ref:
        """Return a value under the name that the user's source has for it."""
        of = value.gradient_of
        known = {of: self._of[of].name} if of in self._of else {}
        wish = gradient_name(value, known) if step.backward else self._hints.get(value)
        added = self.graph.nodes[before:]
        if not wish or not any(ref.name in node.outputs for node in added):
            return ref
        name = self.graph.name(wish)
        for node in added:
            node.inputs = [name if i == ref.name else i for i in node.inputs]
            node.outputs = [name if o == ref.name else o for o in node.outputs]
        return Ref(name, ref.dtype, ref.shape, ref.array)

    def _argument(self, argument: Any) -> Any:
        if argument.__class__ is Value:
            return self._of[argument]
        if isinstance(argument, (bool, int, float)) and not isinstance(argument, np.generic):
            ref = self.graph.constant(argument)
            return Ref(ref.name, ref.dtype, (), ref.array, argument)
        if isinstance(argument, list) and next(values_in(argument), None) is None:
            argument = np.asarray(argument)
        if isinstance(argument, (np.ndarray, np.generic)):
            _checked(argument, "a constant", self.graph.line)
            return self.graph.constant(argument)
        return argument

    def _setting(self, setting: Any) -> Any:
        return self._of[setting] if setting.__class__ is Value else setting

    def _ref(self, out: Any) -> Ref:
        if out.__class__ is Value:
            return self._of[out]
        _checked(np.asarray(out), "the result", None)
        return self.graph.constant(out)

    # --- what the run took for granted -------------------------------------------------------

    def _guard(self, step: Step) -> None:
        """Work out whether what Python read is what it was."""
        graph, ref = self.graph, self._of[step.args[0]]
        if step.test == "shape":
            return  # what made the value has a fixed shape here, or was refused
        if step.test == "bool":
            same = graph.cast(ref, bool)
            same = same if step.expected else graph.op("Not", same)
        else:
            wanted = graph.constant(np.asarray(step.expected).astype(ref.dtype))
            same = graph.test("Equal", ref, wanted)
            if ref.dtype.kind == "f":
                nan = graph.two("And", graph.op("IsNaN", ref, dtype=bool),
                                graph.op("IsNaN", wanted, dtype=bool), np.bool_)  # fmt: skip
                same = graph.two("Or", same, nan, np.bool_)
        count = graph.reduce("ReduceSum", graph.cast(graph.op("Not", same), np.int64), None)
        self._holds.append(graph.op("Not", graph.cast(graph.reshape(count, ()), bool)))
        if id(step) not in self._quiet:
            self.guarded.append(step.where)

    def _held(self, ref: Ref, out: Any) -> Ref:
        """Return an output that is NaN where another branch would have been taken."""
        if not self._holds:
            return ref
        if ref.dtype.kind != "f" and not self.guarded:
            return ref  # a library's checks: labels out of range are an error of Gather
        if ref.dtype.kind != "f":
            raise errors.UnsupportedError(
                f"onnx: the function branches on numbers and returns {ref.dtype}, which cannot say "
                "that another branch would have been taken; return floats, or use np.where.",
                self.guarded[0],
            )
        graph = self.graph
        holds = self._holds[0]
        for other in self._holds[1:]:
            holds = graph.two("And", holds, other, np.bool_)
        return graph.where(holds, ref, graph.number(np.nan, ref))

    def _named(self, ref: Ref, name: str) -> Ref:
        """Return an output under its own name."""
        graph = self.graph
        source = self._done.get(ref.name, ref.name)
        maker = next((n for n in graph.nodes if source in n.outputs), None)
        if maker is None or source in self._done.values():
            graph.nodes.append(Node("Identity", [source], [name], {}))
        else:
            for node in graph.nodes:
                node.inputs = [name if i == source else i for i in node.inputs]
            maker.outputs[maker.outputs.index(source)] = name
            self._done[source] = name
        return Ref(name, ref.dtype, ref.shape)


def _checked(array: Any, what: str, where: Any) -> Any:
    """Return the dtype of numbers that ONNX has; refuse others."""
    dtype = np.asarray(array).dtype
    if dtype.char not in _NUMBERS:
        why = (
            "ONNX's operators take no complex numbers"
            if dtype.kind == "c"
            else f"ONNX has no {dtype}"
        )
        raise errors.UnsupportedError(f"onnx: {what} is {dtype}; {why}.", where)
    if not dtype.isnative:
        raise errors.UnsupportedError(
            f"onnx: {what} has its bytes in the other order; give x.astype(np.{dtype.name}).", where
        )
    return dtype
