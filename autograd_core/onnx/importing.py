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
            made = call.run(call, *inputs)
            made = made if isinstance(made, tuple) else (made,)
            for name, value in zip(call.node.output, made, strict=False):
                values[name] = value
            for name in ends:
                del values[name]
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
            if value.dtype != dtype or np.ndim(value) != rank:
                raise errors.DTypeError(
                    f"import_onnx: input {name} needs {dtype} with {rank} axes, got {value.dtype} "
                    f"of shape {np.shape(value)}. Convert it: x.astype(np.{dtype}).",
                    Location.of_caller(),
                )
        return given


def _kind(onnx: Any, value: Any) -> tuple[Any, int]:
    kind = value.type.tensor_type
    return onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type), len(kind.shape.dim)


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
    else:
        model = source
    if model.functions:
        model = needed("onnx.inliner").inline_local_functions(model)
    return Imported(model)
