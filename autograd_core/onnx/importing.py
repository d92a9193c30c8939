"""import_onnx: a file of ONNX as a function of NumPy arrays, differentiable."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from os import PathLike, fspath
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.onnx import operators
from autograd_core.onnx.calls import Call
from autograd_core.onnx.models import needed
from autograd_core.operations.primitive import Boxed


class Imported:
    """A model as a function of its inputs; made by `import_onnx`.

    Attributes
    ----------
    inputs, outputs : list of str
        The names.
    parameters : dict
        The arrays of floats that the file holds, by name: what training changes.
    """

    def __init__(self, model: Any) -> None:
        onnx = needed("onnx")
        graph = model.graph
        opsets = {o.domain: o.version for o in model.opset_import}
        self.opset = opsets.get("", opsets.get("ai.onnx", 1))
        arrays = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
        self.parameters = {n: a for n, a in arrays.items() if a.dtype.kind == "f"}
        self._constants = {n: a for n, a in arrays.items() if a.dtype.kind != "f"}
        self.inputs = [i.name for i in graph.input if i.name not in arrays]
        self.outputs = [o.name for o in graph.output]
        self._kinds = {i.name: _kind(onnx, i) for i in graph.input}
        self._calls = [Call(node, self.opset, onnx) for node in graph.node]
        unknown = [c for c in self._calls if c.run is None]
        if unknown:
            operators.unknown(unknown[0])
        _check_names(self._calls, {*arrays, *self.inputs}, self.outputs)
        self._last = _last_uses(self._calls, self.outputs)

    def __repr__(self) -> str:
        return f"<imported ({', '.join(self.inputs)}) -> ({', '.join(self.outputs)})>"

    def __call__(
        self, *args: Any, parameters: Mapping[str, Any] | None = None, **named: Any
    ) -> Any:
        """Return the output, or a tuple of them.

        Parameters
        ----------
        *args, **named : array
            The inputs, in order or by name.
        parameters : dict, optional
            Other values of some parameters, by name.
        """
        values: dict[str, Any] = {**self._constants, **self.parameters}
        unknown = sorted(set(parameters or ()) - set(values))
        if unknown:
            raise errors.SettingError(
                f"import_onnx: the model has no parameter {unknown[0]!r}.", Location.of_caller()
            )
        values.update(parameters or {})
        values.update(self._given(args, named))
        for call, ends in zip(self._calls, self._last, strict=True):
            inputs = [values[name] if name else None for name in call.node.input]
            assert call.run is not None
            try:
                made = call.run(call, *inputs)
            except errors.AutogradError:
                raise
            except (IndexError, KeyError, TypeError, ValueError) as error:
                shapes = ", ".join("none" if x is None else str(np.shape(x)) for x in inputs)
                raise errors.OperandError(
                    f"import_onnx: {call.where} of shapes {shapes}: {error}.", Location.of_caller()
                ) from error
            made = made if isinstance(made, tuple) else (made,)
            for name, value in zip(call.node.output, made, strict=False):
                values[name] = value
            for name in call.node.output[len(made) :]:
                if name and name not in ends:
                    raise call.refusal(f"output {name!r}")
            for name in ends:
                values.pop(name, None)
        found = tuple(values[name] for name in self.outputs)
        return found if len(found) > 1 else found[0]

    def _given(self, args: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        given = dict(zip(self.inputs, args, strict=False)) | named
        if len(args) > len(self.inputs) or set(given) != set(self.inputs):
            raise errors.OperandError(
                f"import_onnx: the model's inputs are {', '.join(self.inputs)}; got {len(args)} "
                f"in order{''.join(f', {n}' for n in named)}.",
                Location.of_caller(),
            )
        for name, value in given.items():
            if not isinstance(value, Boxed):
                value = given[name] = np.asarray(value)
            dtype, rank = self._kinds[name]
            if value.dtype != dtype or rank not in (None, np.ndim(value)):
                axes = "" if rank is None else f" with {rank} axes"
                raise errors.DTypeError(
                    f"import_onnx: input {name} needs {dtype}{axes}, got {value.dtype} of shape "
                    f"{np.shape(value)}. Convert it: x.astype(np.{dtype}).",
                    Location.of_caller(),
                )
        return given


def _kind(onnx: Any, value: Any) -> tuple[Any, int | None]:
    """Return an input's dtype, and how many axes it has, if the file says that."""
    if not value.type.HasField("tensor_type"):
        raise errors.UnsupportedError(
            f"import_onnx: input {value.name} is no array: {value.type.WhichOneof('value')}."
        )
    kind = value.type.tensor_type
    rank = len(kind.shape.dim) if kind.HasField("shape") else None
    return onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type), rank


def _check_names(calls: list[Call], known: set[str], outputs: list[str]) -> None:
    """Raise if something is read that nothing before it gives: a sparse array, say."""
    for call in calls:
        for name in call.node.input:
            if name and name not in known:
                raise call.refusal(f"input {name!r}, which no node before and no array gives,")
        known.update(call.node.output)
    for name in outputs:
        if name not in known:
            raise errors.UnsupportedError(f"import_onnx: no node gives output {name!r}.")


def _last_uses(calls: list[Call], outputs: list[str]) -> list[list[str]]:
    """Return, for each node, the values that nothing reads after it."""
    seen = set(outputs) | {""}
    found = []
    for call in reversed(calls):
        ends = [n for n in dict.fromkeys((*call.node.input, *call.node.output)) if n not in seen]
        seen.update(ends)
        found.append([n for n in ends if n])
    return found[::-1]


def import_onnx(source: Any) -> Imported:
    """Return a model of ONNX as a function of NumPy arrays, which can be differentiated.

    Each node runs as NumPy's calls (and as layers of `nn`), so `grad`, `jvp`, `vmap` and
    `compile` work on it as on code.  PyTorch's exporter writes such files (``torch.onnx.export``),
    and so does `export`.

    Parameters
    ----------
    source : path, bytes, or ModelProto
        The model.

    Returns
    -------
    Imported
        ``f(*inputs, parameters=None)``, with ``.inputs``, ``.outputs`` and ``.parameters``.

    Raises
    ------
    UnsupportedError
        If the model has an operator that is not known here; the message names it and its node.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad, onnx
    >>> model = onnx.export(lambda x: np.sum(np.tanh(x) ** 2), np.array([0.0, 1.0]))
    >>> f = onnx.import_onnx(model)
    >>> grad(f)(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.6397])
    """
    onnx = needed("onnx")
    import_module("nn.onnx_layers")
    if isinstance(source, (bytes, bytearray)):
        model = onnx.load_model_from_string(bytes(source))
    elif isinstance(source, (str, PathLike)):
        model = onnx.load_model(fspath(source))
    elif hasattr(source, "graph"):
        model = source
    else:
        raise errors.OperandError(
            f"import_onnx: give a path, bytes or a ModelProto, not {type(source).__name__}.",
            Location.of_caller(),
        )
    if model.functions:
        model = needed("onnx.inliner").inline_local_functions(model)
    return Imported(model)
