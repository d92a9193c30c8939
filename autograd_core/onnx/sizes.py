"""One graph for every batch size: graphs recorded at several sizes, and what differs among them.

Constants that differ are shapes, counts, index grids.  Each is fitted as a function of the size
n, exactly, and computed in the graph; the fit is made from some sizes, and has to hold at others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.onnx.graph import Node, Ref
from autograd_core.onnx.lowering import Lowered

_HALVES = (0, 1, -1, 2, -2, 0.5, -0.5, 1.5, -1.5)
# exponents of n and n - 1 that counts and their roots have, the plain ones first
POWERS = sorted(((p, q) for p in _HALVES for q in _HALVES), key=lambda pq: abs(pq[0]) + abs(pq[1]))


def sizes_apart(taken: set[int], count: int = 4) -> list[int]:
    """Return sizes that no other axis has, so that none is mistaken for the batch.

    Examples
    --------
    >>> sizes_apart({2, 4})
    [3, 5, 6, 7]
    """
    found: list[int] = []
    n = 3
    while len(found) < count:
        if n not in taken:
            found.append(n)
        n += 1
    return found


def resized(array: Any, axis: int, size: int) -> Any:
    """Return an array with its entries along an axis repeated in turn up to a size.

    Floats shrink by a little each time, so that no order of equal numbers is asked for.
    """
    turn, place = np.divmod(np.arange(size), array.shape[axis])
    found = np.take(array, place, axis=axis)
    if found.dtype.kind == "f":
        shares = (1 - turn / 1024).astype(found.dtype)
        found *= shares.reshape([-1 if k == axis else 1 for k in range(found.ndim)])
    return found


class Merger:
    """The graph of the first size, made to hold for all.

    Parameters
    ----------
    runs : list of Lowered
        The same function at several sizes.
    sizes : list of int
    source : Ref
        An input, one axis of which has the size.
    axis : int
    symbol : str
    """

    def __init__(
        self, runs: list[Lowered], sizes: list[int], source: Ref, axis: int, symbol: str
    ) -> None:
        self.runs, self.sizes, self.symbol = runs, sizes, symbol
        self.graph = runs[0].graph
        self._rest = list(self.graph.nodes)
        self.graph.nodes.clear()
        self._size: Ref | None = None
        self._source, self._axis = source, axis
        self._check_structure()
        for name in list(self.graph.constants):
            arrays = [run.graph.constants[name] for run in runs]
            if not all(_same(arrays[0], a) for a in arrays[1:]):
                del self.graph.constants[name]
                self._write(name, arrays)
        self.graph.nodes += self._rest

    def shape(self, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
        """Return a shape of numbers and names, from the shapes at every size; None: not known."""
        found: list[Any] = []
        for lengths in zip(*shapes, strict=True):
            slope = (lengths[1] - lengths[0]) // (self.sizes[1] - self.sizes[0])
            rest = lengths[0] - slope * self.sizes[0]
            if any(slope * n + rest != m for n, m in zip(self.sizes, lengths, strict=True)):
                found.append(None)  # half of the size, its square
            elif slope:
                factor = "" if slope == 1 else f"{slope}*"
                found.append(f"{factor}{self.symbol}{f'{rest:+}' if rest else ''}")
            else:
                found.append(rest)
        return found

    def _check_structure(self) -> None:
        for run in self.runs[1:]:
            # each node leads to an output, so that one graph is no more than another's beginning
            for a, b in zip(self._rest, run.graph.nodes, strict=False):
                if (a.kind, a.inputs, a.outputs) != (b.kind, b.inputs, b.outputs) or str(
                    a.attributes
                ) != str(b.attributes):
                    raise self._refusal(f"{a.kind} there is {b.kind} at another size", a)

    def _refusal(self, what: str, node: Node) -> errors.UnsupportedError:
        line = f"\n  {node.where}" if node.where else ""
        return errors.UnsupportedError(
            f"onnx.export: the function depends on the size {self.symbol!r} in a way that no "
            f"graph for every size is found for: {what}. Export it for one size, without "
            f"dynamic_axes.{line}",
            Location.of_caller(),
        )

    # --- the size, and what is computed from it ----------------------------------------------

    def _n(self) -> Ref:
        if self._size is None:
            g, source = self.graph, self._source
            shape = g.op("Shape", source, dtype=np.int64, shape=(source.ndim,))
            self._size = g.op("Gather", shape, g.constant(np.int64(self._axis)), shape=(), axis=0)
        return self._size

    def _rest_of_shape(self, name: str, arrays: list[Any]) -> bool:
        """Write -1 for the one length of a shape that changes, if only Reshape reads it."""
        users = [n for n in self._rest if name in n.inputs]
        if any(n.kind != "Reshape" or n.inputs[1] != name for n in users):
            return False
        if len({a.shape for a in arrays}) > 1 or any((a == 0).any() for a in arrays):
            return False
        changes = np.any([a != arrays[0] for a in arrays], axis=0)
        if changes.sum() != 1:
            return False
        self.graph.constants[name] = np.where(changes, -1, arrays[0])
        return True

    def _write(self, name: str, arrays: list[Any]) -> None:
        if self._rest_of_shape(name, arrays):
            return
        made = self._fitted(arrays)
        if made is None:
            user = next(n for n in self._rest if name in n.inputs)
            what = f"a constant of {user.kind} changes with it"
            raise self._refusal(f"{what} (shapes {[a.shape for a in arrays]})", user)
        for node in self._rest:
            node.inputs = [made.name if i == name else i for i in node.inputs]

    def _fitted(self, arrays: list[Any]) -> Ref | None:
        if len({a.dtype for a in arrays}) > 1 or len({a.ndim for a in arrays}) > 1:
            return None
        if len({a.shape for a in arrays}) == 1:
            whole = arrays[0].dtype.kind in "iu"
            return self._affine(arrays) if whole else self._ratio(arrays)
        return self._grown(arrays)

    def _affine(self, arrays: list[Any]) -> Ref | None:
        """Return a n + b, of whole numbers."""
        n, first = self.sizes, arrays[0].astype(object)
        slope = (arrays[1].astype(object) - first) // (n[1] - n[0])
        base = first - slope * n[0]
        if not all(np.array_equal(slope * k + base, a) for k, a in zip(n, arrays, strict=True)):
            return None
        g = self.graph
        a, b = (g.constant(v.astype(np.int64)) for v in (np.asarray(slope), np.asarray(base)))
        return g.cast(g.two("Add", g.two("Mul", self._n(), a), b), arrays[0].dtype)

    def _ratio(self, arrays: list[Any]) -> Ref | None:
        """Return floats that are c n^p (n - 1)^q, or 1 / (a n + b), element by element."""
        if arrays[0].dtype.kind != "f":
            return None
        flat = [a.astype(float) for a in arrays]
        zero = flat[0] == 0
        if any(not np.isfinite(a).all() or not np.array_equal(a == 0, zero) for a in flat):
            return None
        eps = 16 * float(np.finfo(arrays[0].dtype).eps)
        safe = [np.where(zero, 1.0, a) for a in flat]
        for p, q in POWERS:
            scale = [float(n) ** p * float(n - 1) ** q for n in self.sizes]
            c = safe[0] / scale[0]
            if all(np.allclose(c * k, a, rtol=eps, atol=0)
                   for k, a in zip(scale, safe, strict=True)):  # fmt: skip
                return self._powers(np.where(zero, 0.0, c), p, q, arrays[0].dtype)
        inverse = [1 / a for a in safe]
        n = self.sizes
        slope = (inverse[1] - inverse[0]) / (n[1] - n[0])
        base = inverse[0] - slope * n[0]
        if not all(np.allclose(slope * k + base, a, rtol=64 * eps, atol=0)
                   for k, a in zip(n, inverse, strict=True)):  # fmt: skip
            return None
        g = self.graph
        made = g.two("Mul", g.cast(self._n(), np.float64), g.constant(slope))
        made = g.op("Reciprocal", g.two("Add", made, g.constant(base)))
        return g.cast(g.two("Mul", made, g.constant(np.where(zero, 0.0, 1.0))), arrays[0].dtype)

    def _powers(self, c: Any, p: float, q: float, dtype: Any) -> Ref:
        g = self.graph
        n = g.cast(self._n(), np.float64)
        made = g.constant(c)
        for value, power in ((n, p), (g.two("Sub", n, g.constant(1.0)), q)):
            if abs(power) == 1:
                made = g.two("Mul" if power > 0 else "Div", made, value)
            elif power:
                made = g.two("Mul", made, g.two("Pow", value, g.constant(power)))
        return g.cast(made, dtype)

    def _grown(self, arrays: list[Any]) -> Ref | None:
        """Arrays that grow along one axis: all alike there, or by equal steps."""
        shapes = [np.array(a.shape, np.int64) for a in arrays]
        whole = self._affine(shapes)
        if whole is None:
            return None
        g = self.graph
        numbers = [np.unique(a) for a in arrays]
        if all(len(v) == 1 for v in numbers):
            values = [v.reshape(()) for v in numbers]
            value = g.constant(values[0]) if all(_same(values[0], v) for v in values) else (
                self._fitted(values))  # fmt: skip
            return None if value is None else g.op(
                "Expand", value, whole, shape=arrays[0].shape)  # fmt: skip
        grown = [k for k in range(arrays[0].ndim) if len({a.shape[k] for a in arrays}) > 1]
        if len(grown) != 1:
            return None
        (axis,) = grown
        inner = arrays[0].shape[axis] // self.sizes[0]
        if not inner or any(a.shape[axis] != inner * n
                            for a, n in zip(arrays, self.sizes, strict=True)):  # fmt: skip
            return None
        for place, order in ((axis, (0, 1)), (axis + 1, (1, 0))):  # by rows, or by columns
            opened = []
            for x, n in zip(arrays, self.sizes, strict=True):
                lengths = [(n, inner)[k] for k in order]
                opened.append(x.reshape((*x.shape[:axis], *lengths, *x.shape[axis + 1 :])))
            made = self._stepped(opened, place)
            if made is not None:
                return g.op("Reshape", made, whole, shape=arrays[0].shape)
        return None

    def _stepped(self, arrays: list[Any], axis: int) -> Ref | None:
        """Return base + i step for the i-th entry along the axis; both may depend on the size."""
        kind = arrays[0].dtype.kind
        bases = [a.take([0], axis) for a in arrays]
        if kind == "b":
            steps = [np.zeros(b.shape, np.int64) for b in bases]
        else:
            steps = [a.take([1], axis) - b for a, b in zip(arrays, bases, strict=True)]
        for a, base, step, n in zip(arrays, bases, steps, self.sizes, strict=True):
            places = np.arange(n).reshape([n if k == axis else 1 for k in range(a.ndim)])
            again = np.broadcast_to(base, a.shape) if kind == "b" else base + step * places
            near = 0.0 if kind != "f" else 64 * float(np.finfo(a.dtype).eps)
            size = float(np.abs(a).max(initial=0.0)) if kind == "f" else 0.0
            if kind == "b":
                if not np.array_equal(a, again):
                    return None
            elif not np.allclose(a, again, rtol=near, atol=near * size):
                return None
        g = self.graph
        first = self._same_or_fitted(bases)
        ends = self._affine([np.array([n if k == axis else 1 for k in range(arrays[0].ndim)],
                                      np.int64) for n in self.sizes])  # fmt: skip
        if first is None or ends is None:
            return None
        flat = kind == "f" and all(
            float(np.abs(s).max(initial=0.0)) <= 64 * float(np.finfo(s.dtype).eps)
            * float(np.abs(a).max(initial=0.0)) for s, a in zip(steps, arrays, strict=True)
        )  # fmt: skip
        if flat or not any(s.any() for s in steps):
            return g.op("Expand", first, ends, shape=arrays[0].shape)
        rise = self._same_or_fitted(steps)
        if rise is None:
            return None
        zero, one = g.constant(np.int64(0)), g.constant(np.int64(1))
        count = g.op("Range", zero, self._n(), one, shape=(self.sizes[0],))
        column = g.cast(g.op("Reshape", count, ends, shape=()), arrays[0].dtype)
        made = g.two("Mul", column, rise)
        if kind == "f":  # of size 1 a step may be 1 / (n - 1)
            start = g.test("Equal", column, g.number(0, column))
            made = g.where(start, g.number(0, made), made)
        return g.two("Add", made, first)

    def _same_or_fitted(self, arrays: list[Any]) -> Ref | None:
        """Return a constant, or what is computed from the size."""
        if all(_same(arrays[0], a) for a in arrays[1:]):
            return self.graph.constant(arrays[0])
        return self._fitted(arrays)


def _same(a: Any, b: Any) -> bool:
    return bool(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
