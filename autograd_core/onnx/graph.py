"""A graph of ONNX operators while it is being written, before it is one of the package `onnx`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location

# whole numbers for which onnxruntime lacks Where, Max and Min, and what holds them
WIDER = {
    np.dtype(narrow): np.dtype(wide)
    for narrow, wide in ((np.int16, np.int32), (np.uint16, np.int32), (np.uint32, np.int64))
}


@dataclass(frozen=True)
class Ref:
    """A value in the graph: name, dtype, its shape in this run, and the array of a constant."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    array: Any = None
    number: Any = None  # Python's, which takes on another operand's dtype
    own: bool = False  # laid out for the one operation that reads it, not as here

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


@dataclass
class Node:
    """One operator."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]
    where: str = ""


@dataclass
class Graph:
    """Operators so far, for one opset.

    Attributes
    ----------
    opset : int
        The version of ONNX's operators.
    nodes : list of Node
    constants : dict
        From name to array.
    """

    opset: int
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    line: Location | None = None

    def name(self, wish: str) -> str:
        """Return a name that nothing else has."""
        while wish in self.names:
            self.names[wish] += 1
            wish = f"{wish}_{self.names[wish]}"
        self.names[wish] = 1
        return wish

    def constant(self, array: Any, dtype: Any = None, wish: str = "c") -> Ref:
        """Return a constant."""
        array = np.asarray(array, dtype)
        name = self.name(wish)
        self.constants[name] = array
        return Ref(name, array.dtype, array.shape, array)

    def ints(self, numbers: Any) -> Ref:
        """Return a vector of whole numbers: a shape, some axes."""
        return self.constant(np.array(list(numbers), np.int64))

    def op(
        self, kind: str, *inputs: Ref | None, like: Any = None, dtype: Any = None,
        shape: Any = None, **attributes: Any,
    ) -> Ref:  # fmt: skip
        """Add an operator with one result.

        Parameters
        ----------
        kind : str
            ONNX's name of the operator.
        *inputs : Ref or None
            None for one that is left out.
        like : array or Ref, optional
            What has the result's dtype and shape.
        dtype, shape : optional
            One of them alone; otherwise the first input's.
        **attributes
            ONNX's.
        """
        first = like if like is not None else inputs[0]
        assert first is not None
        made = Ref(
            self.name(kind.lower()),
            np.dtype(first.dtype if dtype is None else dtype),
            tuple(np.shape(first) if like is not None and not isinstance(like, Ref)
                  else first.shape) if shape is None else tuple(shape),
        )  # fmt: skip
        self._add(kind, inputs, [made.name], attributes)
        return made

    def ops(
        self, kind: str, *inputs: Ref | None, likes: Sequence[Any], **attributes: Any
    ) -> list[Ref]:
        """Add an operator with several results, like these arrays."""
        made = [Ref(self.name(kind.lower()), np.asarray(x).dtype, np.shape(x)) for x in likes]
        self._add(kind, inputs, [m.name for m in made], attributes)
        return made

    def _add(
        self, kind: str, inputs: Sequence[Ref | None], outputs: list[str], attributes: Any
    ) -> None:
        given = ["" if i is None else i.name for i in inputs]
        while given and not given[-1]:
            given.pop()
        kept = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(Node(kind, given, outputs, kept, str(self.line or "")))

    def together(self, *values: Ref) -> list[Ref]:
        """Return values in the dtype that NumPy gives to a result of them."""
        dtype = np.result_type(*(v.dtype if v.number is None else v.number for v in values))
        return [self.cast(v, dtype) for v in values]

    # --- what lowerings need often -----------------------------------------------------------

    def cast(self, x: Ref, dtype: Any) -> Ref:
        """Return a value in another dtype."""
        dtype = np.dtype(dtype)
        if x.dtype == dtype:
            return x
        if x.array is not None:
            return self.constant(x.array.astype(dtype), wish=x.name)
        return self.op("Cast", x, dtype=dtype, to=dtype)

    def reshape(self, x: Ref, shape: Sequence[int]) -> Ref:
        """Return a value in another shape."""
        shape = tuple(int(n) for n in shape)
        if x.shape == shape:
            return x
        if x.array is not None:
            return self.constant(x.array.reshape(shape), wish=x.name)
        allow = 1 if 0 in shape else None
        return self.op("Reshape", x, self.ints(shape), shape=shape, allowzero=allow)

    def expand(self, x: Ref, shape: Sequence[int]) -> Ref:
        """Return a value repeated along new axes and along axes of length 1."""
        if x.shape == tuple(shape):
            return x
        if 0 in shape:  # onnxruntime's Expand makes no axis of length 0
            return self.constant(np.zeros(shape, x.dtype))
        return self.op("Expand", x, self.ints(shape), shape=shape)

    def transpose(self, x: Ref, axes: Any) -> Ref:
        """Return a value with its axes in another order."""
        axes = [int(a) % x.ndim for a in axes]
        if axes == sorted(axes):
            return x
        if x.array is not None:
            return self.constant(x.array.transpose(axes), wish=x.name)
        return self.op("Transpose", x, shape=[x.shape[a] for a in axes], perm=axes)

    def unsqueeze(self, x: Ref, axes: Sequence[int]) -> Ref:
        """Return a value with axes of length 1 at these places of the result."""
        if not axes:
            return x
        whole = x.ndim + len(axes)
        places = sorted(a % whole for a in axes)
        rest = iter(x.shape)
        shape = [1 if k in places else next(rest) for k in range(whole)]
        return self.op("Unsqueeze", x, self.ints(places), shape=shape)

    def squeeze(self, x: Ref, axes: Sequence[int]) -> Ref:
        """Return a value without these axes, which have length 1."""
        if not axes:
            return x
        places = sorted(a % x.ndim for a in axes)
        shape = [n for k, n in enumerate(x.shape) if k not in places]
        return self.op("Squeeze", x, self.ints(places), shape=shape)

    def reduce(self, kind: str, x: Ref, axes: Sequence[int] | None, keepdims: bool = False) -> Ref:
        """Return a reduction over axes, over all of them for None."""
        places = tuple(range(x.ndim)) if axes is None else tuple(sorted(a % x.ndim for a in axes))
        if not places:
            return x
        shape = [1 if k in places else n for k, n in enumerate(x.shape) if keepdims
                 or k not in places]  # fmt: skip
        if self.opset >= 18 or kind == "ReduceSum":
            return self.op(kind, x, self.ints(places), shape=shape, keepdims=int(keepdims))
        return self.op(kind, x, shape=shape, axes=list(places), keepdims=int(keepdims))

    def number(self, x: Any, like: Ref) -> Ref:
        """Return a number in the dtype of a value."""
        return self.constant(np.asarray(x).astype(like.dtype))

    def where(self, condition: Ref, x: Ref, y: Ref) -> Ref:
        """Return x where a condition holds, and y elsewhere."""
        if x.dtype in WIDER:
            wide = WIDER[x.dtype]
            return self.cast(self.where(condition, self.cast(x, wide), self.cast(y, wide)), x.dtype)
        shape = np.broadcast_shapes(condition.shape, x.shape, y.shape)
        return self.op("Where", condition, x, y, dtype=x.dtype, shape=shape)

    def two(self, kind: str, a: Ref, b: Ref, dtype: Any = None) -> Ref:
        """Return an operator of two values that broadcast."""
        if kind in ("Max", "Min") and a.dtype in WIDER:
            wide = WIDER[a.dtype]
            return self.cast(self.two(kind, self.cast(a, wide), self.cast(b, wide)), a.dtype)
        return self.op(kind, a, b, dtype=dtype, shape=np.broadcast_shapes(a.shape, b.shape))

    def test(self, kind: str, a: Ref, b: Ref) -> Ref:
        """Return a comparison."""
        return self.two(kind, a, b, np.bool_)

    def refuse(self, what: str) -> errors.UnsupportedError:
        """Return the error that says what ONNX cannot do, with the user's line."""
        return errors.UnsupportedError(f"onnx: {what}", self.line)
