"""The whole operation table under vmap: equal to a loop over the examples, or refused by name.

Each row runs with every argument batched, with the first alone and with the last alone; its value,
its gradient and tangent inside of vmap, second derivatives, the gradient and the tangent through
vmap, and vmap of vmap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from cases import EVERY
from cases.case import Case
from table import directions, outputs, weighted

from autograd_core import grad, hvp, jvp, vmap
from autograd_core.base import errors

EXAMPLES = 3

# What vmap refuses: the length of something depends on the numbers.  A row that works must not
# stand here.
REFUSED = {"trim_zeros", "trim_zeros-front", "piecewise", "piecewise-overlap",
           "getitem-mask-traced"}  # fmt: skip
# Refused if the array that is written into is shared by all examples, so a plain array.
WRITES = ("setitem", "put", "put_along_axis", "place", "putmask", "copyto", "fill_diagonal",
          "add.at", "full_like")  # fmt: skip


def spread(case: Case) -> list[Any]:
    return [
        np.stack(column)
        for column in zip(*(case.arguments(s) for s in range(EXAMPLES)), strict=True)
    ]


def looped(f: Callable[..., Any], args: Sequence[Any], axes: Sequence[int | None]) -> list[Any]:
    rows = [
        outputs(f(*[a if x is None else a[k] for a, x in zip(args, axes, strict=True)]))
        for k in range(EXAMPLES)
    ]
    return [np.stack(column) for column in zip(*rows, strict=True)]


def same(found: Any, wanted: Sequence[Any], what: str) -> None:
    for a, b in zip(outputs(found), wanted, strict=True):
        assert a.shape == b.shape, f"{what}: {a.shape}, in a loop {b.shape}"
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9, err_msg=what)


def modes(case: Case, xs: Sequence[Any], one: Sequence[Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions of one example that vmap must map as a loop does."""
    scalar = weighted(case.f, directions(one, 1))
    every = tuple(range(len(xs)))
    first: dict[str, Callable[..., Any]] = {
        "value": case.f,
        "grad": lambda *z: grad(lambda *z: np.real(scalar(*z)), every)(*z),
        "jvp": lambda *z: jvp(case.f, z, tuple(np.ones_like(x) for x in z))[1],
    }
    if case.order > 1 and not any(x.dtype.kind == "c" for x in [*xs, *one]):
        first["hvp"] = lambda *z: hvp(scalar, z, tuple(np.ones_like(x) for x in z))
    return first


@pytest.mark.part
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, marks=pytest.mark.exhaustive if c.name == "scipy-odeint" else ())  # 8 s
        for c in EVERY
    ],
    ids=str,
)
def test_vmap_is_a_loop(case: Case) -> None:
    batched = spread(case)
    count = len(batched)
    ways: list[list[int | None]] = [[0] * count]
    if count > 1:
        ways += [[0, *[None] * (count - 1)], [*[None] * (count - 1), 0]]
    for axes in ways:
        xs = [a if x == 0 else a[0] for a, x in zip(batched, axes, strict=True)]
        if case.name in REFUSED or (axes[0] is None and case.name.split("-")[0] in WRITES):
            with pytest.raises(errors.AutogradError):
                vmap(case.f, tuple(axes))(*xs)
            continue
        one = outputs(case.f(*[a[0] for a in batched]))
        for what, f in modes(case, xs, one).items():
            same(vmap(f, tuple(axes))(*xs), looped(f, xs, axes), f"{what}, in_axes={axes}")


@pytest.mark.part
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
@pytest.mark.parametrize("case", [c for c in EVERY if c.name not in REFUSED], ids=str)
def test_derivatives_through_vmap(case: Case) -> None:
    batched = spread(case)
    mapped = vmap(case.f)
    every = tuple(range(len(batched)))
    one = outputs(case.f(*[a[0] for a in batched]))
    weights = directions(one, 1)
    scalar = weighted(case.f, weights)
    shared = [np.broadcast_to(w, (EXAMPLES, *np.shape(w))) for w in weights]
    through = grad(lambda *z: np.real(weighted(mapped, shared)(*z)), every)(*batched)
    inside = lambda *z: grad(lambda *z: np.real(scalar(*z)), every)(*z)
    same(through, looped(inside, batched, [0] * len(batched)), "grad of vmap")
    ones = [np.ones_like(x) for x in batched]
    pushed = lambda *z: jvp(case.f, z, tuple(np.ones_like(x) for x in z))[1]
    same(jvp(mapped, batched, ones)[1], looped(pushed, batched, [0] * len(batched)), "jvp of vmap")
    twice = [np.stack([x, x[::-1]]) for x in batched]
    wanted = [np.stack([part, part[::-1]]) for part in looped(case.f, batched, [0] * len(batched))]
    same(vmap(mapped)(*twice), wanted, "vmap of vmap")
