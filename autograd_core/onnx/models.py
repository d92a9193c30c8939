"""A graph of operators as a model of the package `onnx`: made, checked, run and compared."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.onnx.graph import Graph, Node, Ref

LARGEST = (1 << 31) - (1 << 20)  # bytes of a protobuf message, and what else is in it
MOVES = 64.0  # times what four roundings of each input move
IR_VERSION = 8  # of files that every runtime of the opset reads
_LACKS = ("NOT_IMPLEMENTED", "Unsupported model IR")  # what onnxruntime says that it cannot do
_IR_OF_OPSET = {18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11, 24: 12, 25: 13}


class ExportWarning(UserWarning):
    """An exported model holds less than the function: the message says what."""


def needed(name: str) -> Any:
    """Return a package of the extra `onnx`, or say how to install it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise errors.UnsupportedError(
            f'autograd_core.onnx needs the package {name}: pip install "autograd-core[onnx]".',
            Location.of_caller(),
        ) from error


def without_waste(graph: Graph, outputs: list[str]) -> None:
    """Drop nodes that no output needs, and constants that nothing reads."""
    needed_names, kept = set(outputs), []
    for node in reversed(graph.nodes):
        if any(out in needed_names for out in node.outputs):
            needed_names.update(node.inputs)
            kept.append(node)
    graph.nodes[:] = kept[::-1]
    for name in set(graph.constants) - needed_names:
        del graph.constants[name]


def named_once(graph: Graph) -> None:
    """Let equal constants have one name."""
    known: dict[Any, str] = {}
    instead: dict[str, str] = {}
    for name, array in list(graph.constants.items()):
        if array.size <= 1024:
            key = array.dtype.str, array.shape, array.tobytes()
            first = known.setdefault(key, name)
            if first != name:
                instead[name] = first
                del graph.constants[name]
    for node in graph.nodes:
        node.inputs = [instead.get(i, i) for i in node.inputs]


def _node(helper: Any, node: Node, k: int) -> Any:
    attributes = {
        key: helper.np_dtype_to_tensor_dtype(value) if isinstance(value, np.dtype) else value
        for key, value in node.attributes.items()
    }
    made = helper.make_node(
        node.kind, node.inputs, node.outputs, name=f"{node.kind}_{k}", **attributes
    )
    made.doc_string = node.where
    return made


def model_of(
    graph: Graph,
    inputs: list[tuple[Ref, list[Any]]],
    outputs: list[tuple[Ref, list[Any]]],
    parameters: list[tuple[Ref, Any]],
    title: str,
) -> Any:
    """Return the model; shapes are lists of numbers and names."""
    onnx = needed("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper

    def described(pair: tuple[Ref, list[Any]]) -> Any:
        ref, shape = pair
        kind = helper.np_dtype_to_tensor_dtype(ref.dtype)
        return helper.make_tensor_value_info(ref.name, kind, shape)

    known = [described((ref, list(ref.shape))) for ref, _ in parameters]
    held = [(ref.name, a) for ref, a in parameters] + list(graph.constants.items())
    for name, array in held:
        if array.nbytes >= LARGEST:
            raise errors.UnsupportedError(
                f"onnx.export: {name} of shape {array.shape} has {array.nbytes} bytes; an array in "
                f"a file of ONNX has less than {LARGEST}. Split it, or give it as an argument.",
                Location.of_caller(),
            )
    body = helper.make_graph(
        [_node(helper, node, k) for k, node in enumerate(graph.nodes)],
        title,
        [described(pair) for pair in inputs] + known,
        [described(pair) for pair in outputs],
        [numpy_helper.from_array(np.ascontiguousarray(a).reshape(np.shape(a)), n)
         for n, a in held],
    )  # fmt: skip
    return helper.make_model(
        body,
        producer_name="autograd-core",
        producer_version=import_module("autograd_core").__version__,
        opset_imports=[helper.make_opsetid("", graph.opset)],
        ir_version=_IR_OF_OPSET.get(graph.opset, IR_VERSION),
    )


def _is_large(model: Any) -> bool:
    """Whether a model is too large for one text; such a model cannot say itself how large it is."""
    parts = (*model.graph.initializer, *model.graph.node)
    return sum(int(part.ByteSize()) for part in parts) >= LARGEST


def saved(model: Any, path: Any) -> None:
    """Write a model; one of more than two gigabytes with its numbers in a file beside it."""
    onnx = needed("onnx")
    path = Path(path)
    large = _is_large(model)
    if large:  # a copy, since what is written beside the file is taken out of the model
        whole, model = model, onnx.ModelProto()
        model.CopyFrom(whole)
    onnx.save_model(model, str(path), save_as_external_data=large,
                    location=f"{path.name}.data" if large else None)  # fmt: skip


@contextmanager
def _small_or_file(model: Any) -> Iterator[Any]:
    """Hand out a model, or the path of a file that holds it where it is too large for one text."""
    if not _is_large(model):
        yield model
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        saved(model, file)
        yield str(file)


def checked(model: Any) -> None:
    """Let onnx's checker look at the model, and infer every shape."""
    onnx = needed("onnx")
    with _small_or_file(model) as source:
        try:
            onnx.checker.check_model(source, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise _refused(model, "onnx's checker", error) from error


def _refused(model: Any, by: str, error: Exception) -> errors.UnsupportedError:
    """Return the error for a model that is not taken, with the user's line if a node is named."""
    text = str(error).strip().partition("\n")[0]
    words = set(re.findall(r"\w+", text))
    nodes = sorted(model.graph.node, key=lambda n: n.name not in words)  # a named one first
    at = [n.doc_string for n in nodes if n.name in words or n.op_type in words]
    line = f"\n  {at[0]}" if at and at[0] else ""
    return errors.UnsupportedError(
        f"onnx.export: {by} does not take the model: {text}. Nothing was written.{line}",
        Location.of_caller(),
    )


def run(model: Any, feed: dict[str, Any]) -> tuple[list[Any], str]:
    """Return the outputs, and who computed them: onnxruntime, or onnx's reference evaluator."""
    why = "is not installed"
    try:
        import onnxruntime
    except ImportError:
        onnxruntime = None
    if onnxruntime is not None:
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 4
        settings.intra_op_num_threads = 1
        try:
            with _small_or_file(model) as source:
                whole = source if isinstance(source, str) else source.SerializeToString()
                session = onnxruntime.InferenceSession(
                    whole, settings, providers=["CPUExecutionProvider"]
                )
            return session.run(None, feed), "onnxruntime"
        except Exception as error:  # its classes of errors have no public home
            if not any(said in str(error) for said in _LACKS):
                raise _refused(model, "onnxruntime", error) from error
            why = f"{onnxruntime.__version__} cannot run this model ({_reason(error)})"
    evaluator = needed("onnx.reference").ReferenceEvaluator(model)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = evaluator.run(None, feed)
    return found, f"onnx's reference evaluator, since onnxruntime {why}"


def _reason(error: Exception) -> str:
    text = str(error).split("NOT_IMPLEMENTED :")[-1].strip()
    return text.splitlines()[0][:160]


def perturbed(feed: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return inputs that differ by roundings: what moves with them is known no better."""
    rng = np.random.default_rng(seed)
    moved = dict(feed)
    for name, x in feed.items():
        if x.dtype.kind == "f":
            steps = 4 * np.finfo(x.dtype).eps * rng.choice([-1.0, 1.0], x.shape)
            moved[name] = (x * (1 + steps)).astype(x.dtype)
    return moved


def differs(found: Any, wanted: Any, terms: float, moves: float = 0.0) -> str:
    """Return how a result differs from the engine's, "" if by no more than rounding.

    Parameters
    ----------
    found, wanted : array
        The model's, and the engine's.
    terms : float
        How many roundings may have gone into the result.
    moves : float
        How far the result moves when the inputs are rounded.
    """
    x, y = np.asarray(found), np.asarray(wanted)
    if x.shape != y.shape or x.dtype != y.dtype:
        return f"it is {x.shape} {x.dtype}, and {y.shape} {y.dtype} here"
    if y.dtype.kind != "f":
        return "" if np.array_equal(x, y) else "its numbers are others"
    known = np.isfinite(y)
    others = np.array_equal(x[~known], y[~known], equal_nan=True)
    if not others or not np.array_equal(np.isfinite(x), known):
        return "what is not finite is elsewhere"
    size = np.abs(y[known]).max(initial=0.0)
    far = np.abs(x[known].astype(float) - y[known]).max(initial=0.0)
    allowed = terms * float(np.finfo(y.dtype).eps) * float(size) + MOVES * moves
    return "" if far <= allowed else f"it is off by {far:.3g}, of numbers up to {size:.3g}"
