"""Dask's arrays: the table's core at first order, and a regression larger than its memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import TABLE
from cases.case import Case
from device_walk import on_device
from table import directions, outputs, weighted

from autograd_core import Tensor, grad, hvp, jvp
from autograd_core.base import errors
from autograd_core.operations.primitive import bare

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
ROOT = Path(__file__).parents[2]
CORE = ("elementwise", "reductions", "shapes", "indexing", "joining", "products")
ROWS = [case for family in CORE for case in TABLE[family]]


def chunked(x: Any) -> Any:
    x = np.asarray(x)
    return da.from_array(x, chunks=tuple(max(1, n // 2) for n in x.shape))


def computed(x: Any) -> Any:
    x = bare(x)
    return x.compute() if hasattr(x, "compute") else x


def check(case: Case) -> None:
    xs = case.arguments()
    ws = [np.asarray(w, float) for w in directions(outputs(case.f(*xs)), 6)]
    vs, every = directions(xs, 7), tuple(range(len(xs)))
    s = weighted(case.f, ws)
    moved_s = weighted(on_device(case.f, move=chunked), [chunked(w) for w in ws])
    moved, along = tuple(chunked(x) for x in xs), tuple(chunked(v) for v in vs)
    for g, e in zip(grad(moved_s, every)(*moved), grad(s, every)(*xs), strict=True):
        np.testing.assert_allclose(computed(g), e, rtol=1e-9, atol=1e-9)
    pushed = jvp(moved_s, moved, along)[1]
    wanted = jvp(s, tuple(xs), tuple(vs))[1]
    np.testing.assert_allclose(computed(pushed), wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=[] if k % 4 == 0 else pytest.mark.exhaustive)
     for k, case in enumerate(ROWS)],
)  # fmt: skip
def test_rows(case: Case) -> None:
    with dask.config.set(scheduler="synchronous"):
        check(case)


R = np.random.default_rng(5)
INDICES = {
    "a vector": ((5, 4), [3, 0, 3, -1]),
    "a vector along the second axis": ((5, 4), (slice(None), np.array([1, 1, 1, 3]))),
    "one element often": ((3,), np.array([1] * 40 + [0])),
    "one row often": ((3, 2), np.array([1] * 40 + [0])),
    "two vectors": ((5, 4), (np.array([3, 0, 3]), np.array([1, 2, 1]))),
    "two arrays that are broadcast": ((5, 4), (np.array([[3], [0]]), np.array([1, 2, 1]))),
    "a vector and a slice": ((5, 4), (np.array([3, 3]), slice(1, None, 2))),
    "a vector, None and a number": ((5, 4, 3), (np.array([3, 3]), None, 2)),
    "arrays apart": ((5, 4, 3), (np.array([3, 3]), slice(None), np.array([2, 0]))),
    "an ellipsis and a matrix": ((5, 4, 3), (..., np.array([[2, 0], [1, 1]]))),
    "a number of no axes": ((5, 4), np.array(2)),
    "a mask": ((5, 4), R.random((5, 4)) > 0.5),
    "a mask of rows": ((5, 4), np.array([True, False, True, True, False])),
    "a mask of columns": ((5, 4), (slice(None), np.array([True, False, True, True]))),
    "a mask without any": ((5, 4), np.zeros((5, 4), bool)),
    "a vector without any": ((5, 4), np.zeros(0, int)),
    "a slice without any": ((5, 4), slice(5, None)),
    "True": ((5, 4), True),
    "False": ((5, 4), False),
}


@pytest.mark.part(4)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(INDICES))
def test_every_kind_of_index(name: str) -> None:
    shape, index = INDICES[name]
    x, v = R.normal(size=shape), R.normal(size=np.zeros(shape)[index].shape)

    def f(x: Any, v: Any) -> Any:
        read = np.sum(np.sin(x[index]) * v)
        y = x * 1.0
        y[index] = v * v
        return read + np.sum(np.cos(y) * x)

    every, two = (0, 1), (chunked(x), chunked(v))
    with dask.config.set(scheduler="synchronous"):
        for mine, theirs in zip(grad(f, every)(*two), grad(f, every)(x, v), strict=True):
            np.testing.assert_allclose(computed(mine), theirs, rtol=1e-12, atol=1e-12)
        found = hvp(f, two, (chunked(np.cos(x)), chunked(np.sin(v))))
        wanted = hvp(f, (x, v), (np.cos(x), np.sin(v)))
        for mine, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(computed(mine), theirs, rtol=1e-12, atol=1e-12)


MOVED = {
    "repeated by several counts": lambda x: np.repeat(x, [1, 2, 0, 1, 3], axis=0),
    "repeated by several counts, flat": lambda x: np.repeat(x[0], [1, 2, 0, 1]),
    "repeated alike": lambda x: np.repeat(x, 2),
    "axes joined and split": lambda x: np.reshape(x, (2, 2, 5)),
    "axes without any": lambda x: np.reshape(x[:0], (2, 0, 3)),
}


@pytest.mark.parametrize("name", MOVED)
def test_what_dask_does_not_move_in_one_call(name: str) -> None:
    x = R.normal(size=(5, 4))
    f = MOVED[name]
    with dask.config.set(scheduler="synchronous"):
        y = f(Tensor(chunked(x), requires_grad=True))
        np.testing.assert_array_equal(computed(y), f(x))
        s = lambda x: np.sum(np.sin(f(x)) * np.reshape(np.arange(f(x).size), f(x).shape))
        np.testing.assert_allclose(
            computed(grad(s)(chunked(x))), grad(s)(x), rtol=1e-12, atol=1e-12
        )


def test_an_index_of_too_many_places_is_refused() -> None:
    x = Tensor(da.ones((1 << 14, 1 << 13), chunks=1 << 12), requires_grad=True)
    with pytest.raises(errors.AutogradError, match=r"too large; index one axis at a time"):
        x[np.array([1]), np.array([2])]


@pytest.mark.parametrize("index", [7, (0, 4), np.array([5]), (np.array([0, -6]), np.array([0, 1]))])
def test_an_index_outside_is_an_error(index: Any) -> None:
    x = Tensor(chunked(np.ones((5, 4))), requires_grad=True)
    with pytest.raises(IndexError):
        computed(x[index])


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    ran = []

    def note(block: Any) -> Any:
        ran.append(len(block))
        return block

    x = da.from_array(np.arange(6.0), chunks=2).map_blocks(note, dtype=float, meta=np.zeros(0))
    w = Tensor(chunked(np.array(2.0)), requires_grad=True)
    np.sum((x * w - 1) ** 2).backward()
    assert not ran
    assert float(w.grad.data.compute()) == np.sum(2 * (2 * np.arange(6.0) - 1) * np.arange(6.0))
    assert len(ran) == 3


def test_a_sum_that_is_too_large_is_refused() -> None:
    x = Tensor(da.zeros((20_000,), chunks=5_000), requires_grad=True)
    picked = np.sum(x[np.zeros(20_000, int)])
    with pytest.raises(errors.AutogradError, match="20000 places of up to 20000 parts"):
        picked.backward()


PROGRAM = """
import resource, sys
import numpy as np, dask, dask.array as da
from autograd_core import value_and_grad

rows, columns, size = 400_000, 128, 25_000

def block(block_info=None):
    first, last = block_info[None]["array-location"][0]
    return np.random.default_rng(first).standard_normal((last - first, columns))

x = da.map_blocks(block, chunks=((size,) * (rows // size), (columns,)), dtype=float,
                  meta=np.zeros((0, 0)))
y = x @ np.linspace(-1.0, 1.0, columns)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with dask.config.set(scheduler="synchronous"):
    run = value_and_grad(lambda w, x, y: np.mean((x @ w - y) ** 2))
    w = np.zeros(columns)
    for _ in range(2):
        loss, g = dask.compute(*run(da.from_array(w, chunks=-1), x, y))
        w = w - 0.4 * g
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(x.nbytes / 1024, peak - before, np.abs(w - np.linspace(-1.0, 1.0, columns)).max())
"""


@pytest.mark.alone
@pytest.mark.slow
def test_a_regression_takes_a_part_of_its_data_s_memory() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd=ROOT
    )
    whole, used, off = map(float, run.stdout.split())
    assert used < whole / 3, (whole, used)
    assert off < 0.1
