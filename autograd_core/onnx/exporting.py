"""export: a function, and its gradients, as one file of ONNX."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.compiling.naming import identifier
from autograd_core.engine.tensor import Tensor
from autograd_core.onnx.lowering import Lowered
from autograd_core.onnx.models import (
    ExportWarning,
    checked,
    differs,
    model_of,
    named_once,
    needed,
    perturbed,
    run,
    saved,
    without_waste,
)
from autograd_core.onnx.programs import Exportable, traced
from autograd_core.onnx.sizes import Merger, resized, sizes_apart

OPSET, FIRST_OPSET, LAST_OPSET = 20, 17, 23
TRIES = 4  # ways to round the inputs, where a result is off
ROUNDINGS = 4096.0  # units in the last place of the largest number: many roundings, no wrong rule


def export(
    f: Callable[..., Any],
    example: Any,
    path: Any = None,
    *,
    gradients: bool = False,
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    parameters: Any = None,
    opset_version: int = OPSET,
    dynamic_axes: Mapping[str, Any] | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    check: bool = True,
    doc_strings: bool = True,
) -> Any:
    """Write a function, or its value and its gradients, as one ONNX model.

    One run is recorded, as by `compile`, and each operation becomes operators of ONNX: a tanh
    becomes Tanh, a convolution Conv, an LSTM LSTM.  The model is checked by onnx's checker, run in
    onnxruntime (or by onnx's reference evaluator, where onnxruntime is not installed or lacks a
    kernel), and compared with what the engine computes, before anything is written.

    Parameters
    ----------
    f : callable
        A function of arrays, or a module of `nn` in ``eval()``.  With `gradients` it returns a
        scalar.
    example : array, or tuple of arguments
        What the run is recorded with.  Its numbers do not matter, its shapes and dtypes do.
    path : str or path, optional
        The file to write.
    gradients : bool
        Whether the model returns the gradients too, as outputs ``d_<name>`` after the others.
        The parameters are then inputs with a default, so that whoever runs the model can train.
    argnums : int or sequence of int, optional
        The arguments to differentiate; default the first, or none if there are `parameters`.
    has_aux : bool
        Whether f returns ``(value, auxiliary)``; for `gradients`.
    parameters : module, or pytree of leaf Tensors, optional
        Tensors that f uses without getting them as arguments; of a module its own.
    opset_version : int
        The version of ONNX's operators, 17 to 23.
    dynamic_axes : dict, optional
        Which axes of which inputs share the one size that may change:
        ``{"x": {0: "batch"}, "y": {0: "batch"}}``.
    input_names, output_names : sequence of str, optional
        Other names than the parameters' of f.
    check : bool
        Whether to run the model and compare.
    doc_strings : bool
        Whether each node has the source line that it comes from, which viewers show.

    Returns
    -------
    onnx.ModelProto
        The model.

    Raises
    ------
    UnsupportedError
        If ONNX has no operator for something that f does, or f draws random numbers or changes
        what it reads; the message has the line.
    AutogradError
        If the model does not give what the engine gives.

    Warns
    -----
    ExportWarning
        If f branches on numbers: the model holds the branch that the example takes, and answers
        NaN where another one would be taken.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import onnx
    >>> model = onnx.export(lambda x: np.sum(np.tanh(x)), np.ones(3), gradients=True)
    >>> [node.op_type for node in model.graph.node]
    ['Tanh', 'ReduceSum', 'Mul', 'Sub']
    >>> [output.name for output in model.graph.output]
    ['value', 'd_x']
    """
    needed("onnx")
    if "nn" in sys.modules:
        import_module("nn.onnx_operators")
    _check_opset(opset_version)
    args = example if isinstance(example, tuple) else (example,)
    if parameters is None and argnums is None and callable(getattr(f, "named_parameters", None)):
        parameters = f
    recorder = traced(f, argnums, has_aux, parameters, gradients)
    with _in_its_own_name():
        exportable = recorder.recorded(args)
    names = _given_names("output_names", output_names, exportable.names)
    called = _given_names("input_names", input_names, _array_names(exportable))
    lowered = Lowered(exportable, opset_version, names, called, gradients)
    if lowered.guarded:
        _warn_of(lowered.guarded)
    shapes: dict[str, list[Any]] = {}
    other: Exportable | None = None
    if dynamic_axes:
        batch = Batch(dynamic_axes, exportable, called)
        runs = [recorder.recorded(batch.arguments(args, n)) for n in batch.sizes]
        several = [Lowered(r, opset_version, names, called, gradients) for r in runs]
        for run_at in several:
            without_waste(run_at.graph, names)
        shapes = batch.merge(several)
        lowered, other = several[0], recorder.recorded(batch.arguments(args, batch.another))
    without_waste(lowered.graph, names)
    named_once(lowered.graph)
    model = model_of(
        lowered.graph,
        [(r, shapes.get(r.name, list(r.shape))) for r in lowered.inputs],
        [(r, shapes.get(r.name, list(r.shape))) for r in lowered.outputs],
        lowered.parameters,
        identifier(getattr(f, "__name__", type(f).__name__)),
    )
    checked(model)
    if check:
        for run_of in (exportable, other):
            if run_of is not None:
                _compare(model, called, names, run_of, lowered.parameters)
    if not doc_strings:
        for node in model.graph.node:
            node.ClearField("doc_string")
    if path is not None:
        saved(model, path)
    return model


@contextmanager
def _in_its_own_name() -> Iterator[None]:
    """Let what the recording refuses be said by the function that the user called."""
    try:
        yield
    except errors.AutogradError as error:
        text = str(error.args[0])
        if text.startswith("compile"):
            said = "onnx.export" + text.removeprefix("compile").removeprefix("()")
            error.args = (said, *error.args[1:])
        raise


def _check_opset(version: int) -> None:
    if not FIRST_OPSET <= version <= LAST_OPSET:
        raise errors.SettingError(
            f"onnx.export: opset_version must lie between {FIRST_OPSET} and {LAST_OPSET}, not "
            f"{version}.",
            Location.of_caller(),
        )


def _given_names(setting: str, given: Sequence[str] | None, names: list[str]) -> list[str]:
    if given is None:
        return names
    if len(given) != len(names) or len(set(given)) != len(given):
        raise errors.SettingError(
            f"onnx.export: {setting} needs {len(names)} different names, for "
            f"{', '.join(names)}; got {list(given)}.",
            Location.of_caller(),
        )
    return list(given)


def _array_names(exportable: Exportable) -> list[str]:
    return [identifier(v.name) for v in exportable.program.inputs if v.tensor is None]


def _warn_of(lines: list[Any]) -> None:
    shown = "\n".join(f"  {line}" for line in dict.fromkeys(map(str, lines)))
    warnings.warn(
        "onnx.export: the function branches on numbers. The model holds the branch that the "
        f"example takes, and answers NaN where another one would be taken:\n{shown}",
        ExportWarning,
        stacklevel=3,
    )


def _distance(a: Any, b: Any) -> float:
    """Return how far two results are apart at most, as far as they are finite."""
    if np.asarray(a).dtype.kind != "f":
        return 0.0
    with np.errstate(invalid="ignore"):
        far = np.abs(np.asarray(a, float) - np.asarray(b, float))
    return float(far[np.isfinite(far)].max(initial=0.0))


def _compare(
    model: Any, called: list[str], names: list[str], exportable: Exportable, parameters: list[Any]
) -> None:
    """Run the model, and raise if it does not give what the engine gives."""
    given = [v for v in exportable.program.inputs if v.tensor is None]
    feed = {n: np.asarray(v.example) for n, v in zip(called, given, strict=True)}
    found, by = run(model, feed)
    moves = [0.0] * len(names)
    if any(differs(x, y, ROUNDINGS) for x, y in zip(found, exportable.results, strict=True)):
        # numbers that are rounding themselves, as the gradient of what does not change
        feed |= {ref.name: array for ref, array in parameters}
        for seed in range(TRIES):
            again, _ = run(model, perturbed(feed, seed))
            moves = [max(m, _distance(x, y)) for m, x, y in zip(moves, again, found, strict=True)]
    for name, x, y, far in zip(names, found, exportable.results, moves, strict=True):
        how = differs(x, y, ROUNDINGS, far)
        if how:
            raise errors.AutogradError(
                f"onnx.export: output {name} of the model is not what the engine computes, run by "
                f"{by}: {how}. Nothing was written. Please report this function; check=False "
                "writes the model all the same.",
                Location.of_caller(),
            )
    if by != "onnxruntime":
        warnings.warn(f"onnx.export: the model was checked by {by}.", ExportWarning, stacklevel=3)


class Batch:
    """The one size that may change: which axes of which inputs have it.

    Attributes
    ----------
    sizes : list of int
        At which the function is recorded.
    another : int
        At which the model is compared with it.
    """

    def __init__(self, axes: Mapping[str, Any], exportable: Exportable, called: list[str]) -> None:
        unknown = sorted(set(axes) - set(called))
        if unknown:
            raise errors.SettingError(
                f"onnx.export: dynamic_axes names {unknown[0]!r}, which is no input; the inputs "
                f"are {', '.join(called)}.",
                Location.of_caller(),
            )
        self.axes: dict[str, list[int]] = {}
        symbols = set()
        by_name = dict(zip(called, (v for v in exportable.program.inputs if v.tensor is None),
                           strict=True))  # fmt: skip
        for name, chosen in axes.items():
            named = chosen if isinstance(chosen, Mapping) else dict.fromkeys(chosen, "batch")
            shape = np.shape(by_name[name].example)
            if any(not -len(shape) <= k < len(shape) or not shape[k] for k in named):
                raise errors.SettingError(
                    f"onnx.export: dynamic_axes of {name!r} names an axis that shape {shape} does "
                    "not have, or of length 0.",
                    Location.of_caller(),
                )
            self.axes[name] = [int(k) % len(shape) for k in named]
            symbols |= set(named.values())
        if len(symbols) != 1:
            raise errors.SettingError(
                f"onnx.export: dynamic_axes gives {len(symbols)} names; one size may change, "
                "such as {'x': {0: 'batch'}, 'y': {0: 'batch'}}.",
                Location.of_caller(),
            )
        self.symbol = str(symbols.pop())
        self._called, self._by_name = called, by_name
        taken = {n for v in exportable.program.inputs for n in np.shape(v.example)}
        taken |= {n for s in exportable.program.steps for v in s.results if v is not None
                  for n in np.shape(v.example)}  # fmt: skip
        *self.sizes, self.another = sizes_apart(taken)
        self._leaves = [k for k, kind in enumerate(exportable.run.kinds) if not kind.static]

    def arguments(self, args: tuple[Any, ...], size: int) -> tuple[Any, ...]:
        """Return the example's arguments at another size."""
        leaves = list(tree.leaves(args))
        for name, k in zip(self._called, self._leaves, strict=True):
            for axis in self.axes.get(name, ()):
                whole = leaves[k]
                array = whole.data if isinstance(whole, Tensor) else np.asarray(whole)
                array = resized(array, axis, size)
                leaves[k] = whole._constant(array) if isinstance(whole, Tensor) else array
        found: tuple[Any, ...] = tree.like(args, leaves)
        return found

    def merge(self, runs: list[Lowered]) -> dict[str, list[Any]]:
        """Make the first graph one for all sizes; return the shapes of inputs and outputs."""
        source = next(r for r in runs[0].inputs if self.axes.get(r.name))
        merger = Merger(runs, self.sizes, source, self.axes[source.name][0], self.symbol)
        groups = [[*r.inputs, *r.outputs] for r in runs]
        return {
            refs[0].name: merger.shape([r.shape for r in refs])
            for refs in zip(*groups, strict=True)
        }
