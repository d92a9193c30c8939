"""Arrays of another kind: the table's core on a strict double and on Dask, two orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import TABLE
from cases.case import Case
from strict_array import StrictArray
from table import directions, outputs, weighted

from autograd_core import Tensor, grad, jvp
from autograd_core.operations.primitive import bare

CORE = ("elementwise", "reductions", "shapes", "indexing", "joining", "products")
# Rows that put a host array of their own beside the argument, which such arrays refuse by design;
# and three of np.pad's modes, whose rule multiplies with a small host matrix.
MIXED = {
    "power-integers", "pad-constant", "pad-constant-pairs", "concatenate-constant",
    "average-weights-constant", "average-weights-list", "einsum-constant",
    "pad-reflect-odd", "pad-symmetric-odd", "pad-linear_ramp",
}  # fmt: skip
ROWS = [c for family in CORE for c in TABLE[family] if c.name not in MIXED]


def second(s: Any, v: list[Any]) -> Any:
    """The slope of the gradient along v, as a scalar function: for second order."""
    every = tuple(range(len(v)))

    def along(*xs: Any) -> Any:
        total: Any = 0.0
        for g, d in zip(grad(s, every)(*xs), v, strict=True):
            total = total + np.sum(g * d)
        return total

    return along


def check(case: Case, up: Any, down: Any, orders: int = 2) -> None:
    xs = case.arguments()
    ws = [np.asarray(w, float) for w in directions(outputs(case.f(*xs)), 6)]
    vs = directions(xs, 7)
    every = tuple(range(len(xs)))
    s, moved_s = weighted(case.f, ws), weighted(case.f, [up(w) for w in ws])
    moved, along = [up(x) for x in xs], [up(v) for v in vs]

    def same(found: Any, expected: Any) -> None:
        found = bare(found)
        assert not isinstance(found, np.ndarray) or not found.ndim, "came back as a host array"
        np.testing.assert_allclose(down(found), expected, rtol=1e-11, atol=1e-11)

    for g, e in zip(grad(moved_s, every)(*moved), grad(s, every)(*xs), strict=True):
        same(g, e)
    same(jvp(moved_s, tuple(moved), tuple(along))[1], jvp(s, tuple(xs), tuple(vs))[1])
    if orders > 1 and case.order > 1:
        expected = grad(second(s, vs), every)(*xs)
        for g, e in zip(grad(second(moved_s, along), every)(*moved), expected, strict=True):
            same(g, e)
        found = jvp(grad(moved_s, every), tuple(moved), tuple(along))[1]
        for g, e in zip(found, jvp(grad(s, every), tuple(xs), tuple(vs))[1], strict=True):
            same(g, e)


def strict(x: Any) -> Any:
    return StrictArray(np.asarray(x))


def from_strict(x: Any) -> Any:
    return x.get() if isinstance(x, StrictArray) else x


@pytest.mark.slow
@pytest.mark.parametrize("case", ROWS, ids=str)
def test_strict_arrays(case: Case) -> None:
    check(case, strict, from_strict)


def test_the_double_is_strict() -> None:
    x = strict(np.ones(3))
    with pytest.raises(TypeError, match="met an ndarray"):
        x + np.ones(3)
    with pytest.raises(TypeError, match="does not become"):
        np.asarray(x, dtype=float)
    with pytest.raises(TypeError, match="met an ndarray"):
        np.concatenate([x, np.ones(2)])


def test_backward_gives_grad_of_the_same_kind() -> None:
    x = Tensor(strict(np.array([1.0, 2.0])), requires_grad=True)
    np.sum(np.sin(x) * x).backward()
    assert isinstance(x.grad.data, StrictArray)


DASK = [
    "exp-matrix", "add-2x3-2x3", "add-3x1-4", "multiply-2x1x3-2x1", "divide-2x3-2x3", "tanh-matrix",
    "power-3", "where-scalar", "maximum-2x3-2x3", "clip-mixed", "sum-axis0", "sum-all", "mean-last",
    "var-axis0", "std-all", "max-last", "prod-axis0", "cumsum-axis0", "logsumexp-last", "transpose",
    "ravel", "broadcast_to", "concatenate", "stack", "getitem-slice", "getitem-newaxis",
    "matmul-2x3;3x4", "matmul-2x3;3", "matmul-5x2x3;5x3x4", "tensordot-1",
    "einsum-ij,jk->ik;2x3;3x4",
    "swapaxes", "expand_dims-last", "flip-axis", "sinc-matrix", "logaddexp-2x3-2x3",
    "hypot-2x3-2x3",
]  # fmt: skip


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize("name", DASK)
def test_dask(name: str) -> None:
    dask_array = pytest.importorskip("dask.array")
    case = next(c for family in CORE for c in TABLE[family] if c.name == name)

    def chunked(x: Any) -> Any:
        x = np.asarray(x)
        return dask_array.from_array(x, chunks=tuple(max(1, n // 2) for n in x.shape))

    check(case, chunked, lambda x: x.compute() if hasattr(x, "compute") else x)
