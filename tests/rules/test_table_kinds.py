"""The table in other kinds of memory and number: float32 kept, any layout, read-only."""

from __future__ import annotations

import numpy as np
import pytest
from cases import EVERY
from cases.case import Case
from table import close, directions, outputs, weighted

from autograd_core import Tensor, grad, jvp
from autograd_core.base import tree
from autograd_core.engine.node import PART, Node
from autograd_core.engine.sweeping import collect

pytestmark = pytest.mark.untraced
rows = pytest.mark.parametrize("case", EVERY, ids=str)


def spaced(x: np.ndarray) -> np.ndarray:
    """The same values, every other element of a larger array, so nothing is contiguous."""
    room = np.full([2 * n for n in x.shape], np.nan)
    view = room[(..., *(slice(None, None, 2) for _ in x.shape))]
    view[...] = x
    return view


def fortran(x: np.ndarray) -> np.ndarray:
    return np.array(x, order="F")


def reversed_memory(x: np.ndarray) -> np.ndarray:
    return np.flip(np.flip(x).copy())


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.part
@pytest.mark.slow
@rows
def test_memory_layout_makes_no_difference(case: Case) -> None:
    xs = case.arguments()
    ws = [np.asarray(w, float) for w in directions(outputs(case.f(*xs)), 6)]
    vs = directions(xs, 7)
    s = weighted(case.f, ws)
    every = tuple(range(len(xs)))
    expected = grad(s, every)(*xs)
    slope = jvp(s, tuple(xs), tuple(vs))[1]
    for layout in (spaced, fortran, reversed_memory, read_only):
        moved = [layout(x) for x in xs]
        kept = [m.copy() for m in moved]
        close(grad(s, every)(*moved), expected, rtol=1e-12)
        pushed = jvp(s, tuple(moved), tuple(layout(v) for v in vs))[1]
        np.testing.assert_allclose(pushed, slope, rtol=1e-12, atol=1e-12)
        for m, k in zip(moved, kept, strict=True):
            np.testing.assert_array_equal(m, k)  # arguments are never written into


@rows
def test_float32_is_kept(case: Case) -> None:
    if not case.float32:
        pytest.skip("computes in double precision by its nature")
    wide = case.arguments()
    xs = [x.astype(np.float32) for x in wide]
    expected = outputs(case.f(*wide))
    plain = outputs(case.f(*xs))
    ws = [w.astype(np.float32) for w in directions(expected, 8)]
    vs = [v.astype(np.float32) for v in directions(xs, 9)]
    tracked = [Tensor(x, requires_grad=True) for x in xs]
    result = case.f(*tracked)
    found = outputs(result)
    assert [f.dtype for f in found] == [p.dtype for p in plain]
    close(found, expected, rtol=2e-4)
    _, pushed = jvp(case.f, tuple(xs), tuple(vs))
    for t, p in zip(outputs(pushed), plain, strict=True):
        assert t.dtype == p.dtype
    s = weighted(case.f, ws)
    every = tuple(range(len(xs)))
    pulled = grad(s, every)(*xs)
    assert all(g.dtype == np.float32 for g in pulled)
    close(pulled, grad(weighted(case.f, [w.astype(float) for w in ws]), every)(*wide), rtol=1e-3)
    _every_rule_keeps_float32([o for o in tree.leaves(result) if isinstance(o, Tensor)])


def _every_rule_keeps_float32(results: list[Tensor]) -> None:
    """No rule computes in double precision what comes in and goes out as single."""
    order = collect([r._node for r in results if r._node is not None])
    for node in order:
        if node.primitive is None or node.primitive is PART or node.primitive.vjps is None:
            continue
        args = [i.output if isinstance(i, Node) else i for i in node.inputs or ()]
        if any(getattr(a, "dtype", np.float32) != np.float32 for a in (*args, node.output)):
            continue  # a constant of the test's own in double precision
        for rules in (node.primitive.vjps, node.primitive.jvps or ()):
            for k, (rule, parent) in enumerate(zip(rules, node.inputs or (), strict=True)):
                if not isinstance(parent, Node) or rule is None:
                    continue
                like = node.output if rules is node.primitive.vjps else args[k]
                made = rule(np.ones_like(like), node.output, *args, **node.params)
                assert made.dtype == np.float32, f"{node.name}: rule {k} gives {made.dtype}"
