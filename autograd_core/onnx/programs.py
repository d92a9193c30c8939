"""Programs for export: recorded runs whose steps are operations that ONNX has."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any

import numpy as np

from autograd_core.base import tree
from autograd_core.compiling.arguments import labels_of, names_of
from autograd_core.compiling.captured import CapturedState
from autograd_core.compiling.compiled import Compiled
from autograd_core.compiling.one_run import Run
from autograd_core.compiling.program import Program, Value
from autograd_core.compiling.recorder import Recorder
from autograd_core.engine.tensor import Tensor
from autograd_core.onnx.table import COMPOSED, is_written
from autograd_core.operations.primitive import Constant, Primitive
from autograd_core.operations.registry import REGISTRY
from autograd_core.transforms.tracing import Trace
from autograd_core.workers.settings import portable


class _NoPartsError(Exception):
    """An operation that stays one step."""


class _Recorder(Recorder):
    """Takes apart what ONNX has no operator for, also where the last bits come out otherwise.

    Attributes
    ----------
    quiet : set of int
        Guards that a library made, by identity: labels in range, numbers not too large.
    """

    def __init__(self, gradients: bool) -> None:
        super().__init__()
        self.quiet: set[int] = set()
        self._gradients = gradients

    def guard(self, value: Value, test: str, expected: Any) -> None:
        """Note whose the guard is; those inside of kernels count too."""
        inside, self._inside = self._inside, []
        try:
            super().guard(value, test, expected)
        finally:
            self._inside = inside
        if inside or _asked_by_library(sys._getframe(1)):
            self.quiet.add(id(self.steps[-1]))

    def _taken_apart(
        self,
        operation: Primitive,
        inner: list[Any],
        given: list[Any],
        params: dict[str, Any],
        settings: dict[str, Any],
        made: Any,
    ) -> Any:
        rule = REGISTRY.get(operation.forward)
        composed = isinstance(operation, Constant) and isinstance(rule, FunctionType)
        whole: Any = rule if composed else operation.composite or operation.forward
        double = COMPOSED.get(operation.forward) if made.__class__ is not tuple else None
        if double is not None and made.dtype == np.float64:
            return double(*given)
        known = operation.composite is None and not isinstance(whole, FunctionType)
        known = known and not hasattr(whole, "formula")  # a formula of nn's is Python, too
        stays = is_written(operation, settings, made, self._gradients)
        if known or stays or operation in self._inside:
            raise _NoPartsError
        self._inside.append(operation)
        fixed = {id(v) for v in inner if v.__class__ is Value} - self._fixed
        self._fixed |= fixed
        try:
            parts = whole(*given, **params)
        finally:
            self._inside.pop()
            self._fixed -= fixed
        if not _alike(parts, made):
            raise _NoPartsError
        return parts


def _asked_by_library(frame: FrameType | None) -> bool:
    """Whether the code nearest to a guard, the engine aside, is that of nn or optim."""
    ours, name = "autograd_core.", "autograd_core."
    libraries = ("nn.", "optim.", f"{ours}nn.", f"{ours}optim.")  # an installed one has both names
    while frame is not None and name.startswith(ours) and not name.startswith(libraries):
        name = frame.f_globals.get("__name__", "")
        frame = frame.f_back
    return name.startswith(libraries)


def _alike(found: Any, wanted: Any) -> bool:
    """Whether the parts of an operation give arrays like its own; numbers are compared at last."""
    if isinstance(wanted, (tuple, list)):
        same = isinstance(found, (tuple, list)) and len(found) == len(wanted)
        return same and all(map(_alike, found, wanted))
    if found is None:  # a gradient that nobody asked for
        return True
    if not hasattr(found, "_value"):
        return False
    x = found._value.example
    return bool(np.shape(x) == np.shape(wanted) and x.dtype == wanted.dtype)


class _Traced(Compiled):
    """Records a function for export, with its gradients or without."""

    def __init__(
        self, f: Callable[..., Any], argnums: Any, has_aux: bool, parameters: Any, gradients: bool
    ) -> None:
        self._gradients = gradients
        super().__init__(
            f,
            argnums if gradients else (),
            has_aux or not gradients,
            parameters if gradients or parameters is not None else [],
        )

    def _recorder(self) -> Recorder:
        return _Recorder(self._gradients)

    def _arranged(self, of_args: tuple[Any, ...], of_tensors: list[Any]) -> Any:
        return super()._arranged(of_args, of_tensors) if self._gradients else ()

    def _differentiated(
        self,
        f: Callable[..., Any],
        tensors: list[Tensor],
        recorder: Recorder,
        chosen: tuple[int, ...],
    ) -> Callable[..., Any]:
        if self._gradients:
            return super()._differentiated(f, tensors, recorder, chosen)

        def forward(given: list[Any], args: list[Any], keywords: dict[str, Any]) -> Any:
            def run(tracked: list[Any]) -> Any:
                held = {id(t): (t, g) for t, g in zip(tensors, tracked, strict=True)}
                with recorder.running(held):
                    return f(*args, **keywords)

            if not tensors:
                return (np.float64(0.0), run([])), ([],)
            trace = Trace(run, [given], "export()")
            return (np.float64(0.0), tree.map_leaves(trace.below, trace.result)), ([],)

        return forward

    def _of_inputs(
        self, recorder: Recorder, marked: list[bool], given: list[Any], tensors: int
    ) -> list[Value]:
        return super()._of_inputs(recorder, marked, given, tensors if self._gradients else 0)

    def recorded(self, args: tuple[Any, ...]) -> Exportable:
        """Record one run."""
        with portable():
            run = Run(self._f, args, {}, self._sorted(args), "export")
            module: Any = self._f
            if hasattr(module, "named_parameters"):  # a module says in `forward` what it takes
                run.names = names_of(module.forward, args, {})
            wanted = self._plain_run(run)
            watch = CapturedState(self._f, *run.settings, seen=run.seen)
            program, recorder, *_ = self._program(run, watch, False)
        value, gradients = wanted
        first = ["value"]
        if self._has_aux:
            value, outcome = value
            first += _paths("aux" if self._gradients else "output", outcome)
        else:
            outcome = None
        results = [value, *tree.leaves(outcome), *tree.leaves(gradients)]
        of_args = [len(tree.leaves(a)) for a in args]
        ends = np.cumsum([0, *of_args])
        marked = [n for k in run.chosen for n in run.names[ends[k] : ends[k + 1]]]
        first += [f"d_{n}" for n in (*marked, *labels_of(self._parameters))] * self._gradients
        if not self._gradients:
            program.outputs, results, first = program.outputs[1:], results[1:], first[1:]
        assert isinstance(recorder, _Recorder)
        return Exportable(program, run, results, first, recorder.quiet)


class Exportable:
    """One recorded run, and what it gave.

    Attributes
    ----------
    program : Program
    run : Run
        The arguments, taken apart.
    results : list
        What the function gives for them, in the order of the program's outputs.
    names : list of str
        Of the outputs.
    quiet : set of int
        The guards of a library, by identity.
    """

    def __init__(
        self, program: Program, run: Run, results: list[Any], names: list[str], quiet: set[int]
    ) -> None:
        self.program, self.run, self.results, self.names = program, run, results, names
        self.quiet = quiet


def _paths(name: str, pytree: Any) -> list[str]:
    """Return a name for each leaf; of a tuple of several, numbers from 0.

    Examples
    --------
    >>> _paths("output", 1.0), _paths("output", (1.0, {"h": 2.0}))
    (['output'], ['output_0', 'output_1_h'])
    """
    if isinstance(pytree, dict):
        return [path for key, part in pytree.items() for path in _paths(f"{name}_{key}", part)]
    if isinstance(pytree, (list, tuple)):
        return [path for k, part in enumerate(pytree) for path in _paths(f"{name}_{k}", part)]
    return [] if pytree is None else [name]


def traced(
    f: Callable[..., Any], argnums: Any, has_aux: bool, parameters: Any, gradients: bool
) -> _Traced:
    """Return what records f for export."""
    return _Traced(f, argnums, has_aux, parameters, gradients)
