"""Products of matrices, and sums of products."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from autograd_core.compiling.spelling import STACKED
from autograd_core.onnx.graph import Graph, Ref
from autograd_core.onnx.pointwise import two
from autograd_core.onnx.shaping import BEGIN, cut, pad
from autograd_core.onnx.table import lowers
from autograd_core.rules import calculus, products

_LETTERS = string.ascii_letters


def _summed(y: Any) -> Any:
    """Return the dtype to sum products in: int64 for all whole numbers, since what wraps is alike.

    Truth values are counted, and a count is true if it is not 0.
    """
    return y.dtype if y.dtype.kind == "f" else np.dtype(np.int64)


def _matrices(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
    kind = _summed(y)
    return g.cast(g.op("MatMul", g.cast(a, kind), g.cast(b, kind), shape=y.shape), y.dtype)


@lowers(products.flat, products.matmul, STACKED, np.matmul)
def matmul(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
    """MatMul; of a number, Mul."""
    return _matrices(g, y, a, b) if a.ndim and b.ndim else two("Mul")(g, y, a, b)


@lowers(products.outer_)
def outer(g: Graph, y: Any, a: Ref, b: Ref) -> Ref:
    """Mul, of a column and a row."""
    return two("Mul")(g, y, g.reshape(a, (a.shape[0], 1)), b)


@lowers(products.contracted, products.rearranged)
def einsum(g: Graph, y: Any, *operands: Ref, subscripts: str) -> Ref:
    """Einsum."""
    inputs, _, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if "->" not in subscripts:  # letters that stand once, in their order
        letters = inputs.replace(",", "").replace(".", "")
        dots = "..." if "..." in inputs else ""
        output = dots + "".join(sorted(c for c in letters if letters.count(c) == 1))
    depth = (
        max(
            x.ndim - len(t.replace("...", ""))
            for x, t in zip(operands, terms, strict=True)
            if "..." in t
        )
        if "..." in inputs
        else 0
    )
    free = [c for c in _LETTERS if c not in subscripts][:depth]
    lengths: dict[str, int] = {}
    named = []
    for x, term in zip(operands, terms, strict=True):
        here = x.ndim - len(term.replace("...", ""))
        named.append(term.replace("...", "".join(free[depth - here :])))
        for letter, n in zip(named[-1], x.shape, strict=True):
            lengths[letter] = max(lengths.get(letter, 1), n) if n else 0
    given = []
    for k, x in enumerate(operands):  # what broadcasts from length 1 has no letter
        single = [j for j, c in enumerate(named[k]) if x.shape[j] == 1 and lengths[c] > 1]
        given.append(g.squeeze(g.cast(x, _summed(y)), single))
        named[k] = "".join(c for j, c in enumerate(named[k]) if j not in single)
    equation = f"{','.join(named)}->{output.replace('...', ''.join(free))}"
    return g.cast(g.op("Einsum", *given, shape=y.shape, equation=equation), y.dtype)


@lowers(calculus.convolve, np.convolve)
def convolve(g: Graph, y: Any, a: Ref, v: Ref, mode: Any = "full") -> Ref:
    """Multiply a matrix of windows and the shorter one, turned about."""
    a, v = (g.cast(x, _summed(y)) for x in (a, v))
    if v.shape[0] > a.shape[0]:
        a, v = v, a
    n, m = a.shape[0], v.shape[0]
    mode = {0: "valid", 1: "same", 2: "full"}.get(mode, str(mode))
    first = {"full": 0, "same": (m - 1) // 2, "valid": m - 1}[mode]
    wide = pad(g, a, [m - 1], [m - 1], (n + 2 * m - 2,))
    places = np.arange(first, first + y.shape[0])[:, None] + np.arange(m)
    windows = g.op("Gather", wide, g.constant(places), shape=places.shape, axis=0)
    return _matrices(g, y, windows, cut(g, v, {0: (-1, BEGIN, -1)}, v.shape))


@lowers(np.linalg.det)
def det(g: Graph, y: Any, x: Ref) -> Ref:
    """Det."""
    return g.op("Det", g.cast(x, y.dtype), like=y)
