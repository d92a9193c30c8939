"""One node of a file as the operators see it: its attributes, as Python's values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.operations.exports import ONNX_OPERATORS
from autograd_core.operations.primitive import bare

_missing = object()


class Call:
    """A node, and what it says.

    Attributes
    ----------
    node : NodeProto
    opset : int
        Of the operators of the whole file.
    """

    def __init__(self, node: Any, opset: int, package: Any) -> None:
        self.node, self.opset, self._package = node, opset, package
        self._attributes = {a.name: package.helper.get_attribute_value(a) for a in node.attribute}
        run = ONNX_OPERATORS.get(node.op_type) if node.domain in ("", "ai.onnx") else None
        self.run = run

    @property
    def where(self) -> str:
        """What messages call it."""
        name = f" ({self.node.name})" if self.node.name else ""
        domain = f"{self.node.domain}." if self.node.domain else ""
        return f"{domain}{self.node.op_type}{name}"

    def get(self, name: str, default: Any = None) -> Any:
        """Return a setting: a number, or numbers."""
        value = self._attributes.get(name, _missing)
        return default if value is _missing else value

    def text(self, name: str, default: str = "") -> str:
        """Return a setting that is a text."""
        value = self.get(name, default)
        return value.decode() if isinstance(value, bytes) else str(value)

    def dtype(self, name: str) -> np.dtype[Any]:
        """Return a setting that is a dtype."""
        found: np.dtype[Any] = self._package.helper.tensor_dtype_to_np_dtype(self.get(name))
        return found

    def tensor(self, name: str) -> Any:
        """Return a setting that is an array; None if there is none."""
        value = self.get(name)
        return None if value is None else self._package.numpy_helper.to_array(value)

    def constant(self) -> Any:
        """Return the array of a Constant."""
        for name, kind in (("value_float", np.float32), ("value_int", np.int64),
                           ("value_floats", np.float32), ("value_ints", np.int64)):  # fmt: skip
            if name in self._attributes:
                return np.array(self.get(name), kind)
        if "value" not in self._attributes:
            raise self.refusal("a constant that is no array of numbers")
        return self.tensor("value")

    def refusal(self, what: str) -> errors.UnsupportedError:
        """Return the error that says what is not supported of this node."""
        return errors.UnsupportedError(f"import_onnx: {self.where}: {what} is not supported.")


def numbers(value: Any) -> list[int]:
    """Return whole numbers of an array: a shape, some axes.

    Examples
    --------
    >>> numbers(np.array([2, -1]))
    [2, -1]
    """
    return [int(v) for v in np.asarray(bare(value)).reshape(-1)]


def axes_of(call: Call, given: Any) -> tuple[int, ...] | None:
    """Return the axes that a node names, as an input or as a setting."""
    chosen: Sequence[int] | None = call.get("axes") if given is None else numbers(given)
    return tuple(chosen) if chosen else None


def operator(*kinds: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register what computes operators of ONNX (decorator)."""

    def decorate(run: Callable[..., Any]) -> Callable[..., Any]:
        for kind in kinds:
            ONNX_OPERATORS[kind] = run
        return run

    return decorate
