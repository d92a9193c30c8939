"""What the tests of ONNX share: models run in onnxruntime, and models made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime

from autograd_core import Tensor, grad

helper = onnx.helper


class Draws:
    """Random arrays, the same ones every time."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def double(self, *shape: int) -> Any:
        """Return float64 numbers of both signs."""
        return self.rng.normal(size=shape)

    def single(self, *shape: int) -> Any:
        """Return float32 numbers of both signs."""
        return self.double(*shape).astype(np.float32)

    def positive(self, *shape: int) -> Any:
        """Return float32 numbers of 0.5 and more."""
        return np.abs(self.single(*shape)) + 0.5


def ints(*values: int) -> Any:
    """Return whole numbers as ONNX takes axes and shapes."""
    return np.array(values, np.int64)


def session(model: Any) -> Any:
    """Return onnxruntime's session of a model."""
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), settings)


def run(model: Any, *args: Any) -> list[Any]:
    """Return what onnxruntime computes from the inputs, in their order."""
    names = [i.name for i in model.graph.input]
    return session(model).run(None, dict(zip(names, map(np.asarray, args), strict=False)))


def leaves(made: Any) -> list[Any]:
    """Return the arrays of a result in their order."""
    if isinstance(made, (tuple, list)):
        return [x for part in made for x in leaves(part)]
    return [made.data if isinstance(made, Tensor) else np.asarray(made)]


def same(found: list[Any], wanted: list[Any], roundings: float = 64.0) -> None:
    """Hold results to others: dtype, shape, and numbers up to roundings of the largest."""
    for x, y in zip(found, wanted, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        if y.dtype.kind != "f":
            np.testing.assert_array_equal(x, y)
            continue
        size = np.abs(y[np.isfinite(y)]).max(initial=0.0).astype(float)
        near = roundings * float(np.finfo(y.dtype).eps) * max(size, 1.0)
        np.testing.assert_allclose(x, y, rtol=0, atol=near)


def model_of(
    nodes: Any, inputs: Any, outputs: Any, constants: Any = (), opset: int = 18, **more: Any
) -> Any:
    """Return a model of nodes, by hand; inputs are arrays by name."""

    def described(name: str, x: Any) -> Any:
        kind = helper.np_dtype_to_tensor_dtype(x.dtype)
        return helper.make_tensor_value_info(name, kind, x.shape)

    graph = helper.make_graph(
        nodes,
        "hand",
        [described(n, x) for n, x in inputs.items()],
        [helper.make_empty_tensor_value_info(o) for o in outputs],
        [onnx.numpy_helper.from_array(np.asarray(c), n) for n, c in dict(constants).items()],
    )
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=imports, ir_version=9, **more)


def against_differences(f: Any, args: list[Any], floats: list[int]) -> None:
    """Hold all slopes of an imported function at once, along one direction, to differences."""
    rng = np.random.default_rng(len(args))
    directions = [rng.normal(size=args[k].shape).astype(np.float32) for k in floats]

    def total(*values: Any) -> Any:
        full = list(args)
        for k, v in zip(floats, values, strict=True):
            full[k] = v
        made = f(*full)
        made = made[0] if isinstance(made, tuple) else made
        return np.sum(np.sin(made))

    given = [args[k] for k in floats]
    slopes = grad(total, argnums=tuple(range(len(given))))(*given)
    found = sum(float(np.sum(s * d)) for s, d in zip(slopes, directions, strict=True))
    h = 2e-3
    ends = [
        float(
            np.float64(total(*(x + sign * h * d for x, d in zip(given, directions, strict=True))))
        )
        for sign in (1, -1)
    ]
    size = max(abs(found), 1.0)
    assert abs((ends[0] - ends[1]) / (2 * h) - found) < 0.03 * size
