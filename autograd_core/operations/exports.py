"""What writes operations as ONNX operators, and what runs ONNX operators: tables for every room.

The room `onnx` fills them for the engine's operations, and libraries for theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# From an operation, or the NumPy function that it computes, to what writes it as ONNX operators:
# ``lowering(graph, result, *arguments, **settings)`` (see `autograd_core.onnx.graph.Graph`).
ONNX_LOWERINGS: dict[Any, Callable[..., Any]] = {}
# From an operator's name to what computes it: ``run(inputs, attributes, opset)`` in NumPy's calls.
ONNX_OPERATORS: dict[str, Callable[..., Any]] = {}
