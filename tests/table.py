"""What every test that is driven by the table needs: seeds, scalars, numerical derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core import OverwrittenError, Tensor, gradients
from autograd_core.base import tree
from autograd_core.operations.primitive import bare
from autograd_core.transforms.derivatives import grad, jvp

STEP = 1e-3


def outputs(result: Any) -> list[Any]:
    """Return a function's results as a list of raw arrays."""
    return [np.asarray(bare(leaf)) for leaf in tree.leaves(result)]


def directions(arrays: Sequence[Any], seed: int) -> list[Any]:
    rng = np.random.default_rng([seed, len(arrays)])
    return [rng.uniform(-1, 1, np.shape(a)).astype(np.asarray(a).dtype) for a in arrays]


def weighted(f: Callable[..., Any], weights: Sequence[Any]) -> Callable[..., Any]:
    """Return the scalar <f(x), w>."""

    def scalar(*xs: Any) -> Any:
        parts = tree.leaves(f(*xs))
        total = np.sum(parts[0] * weights[0])
        for part, w in zip(parts[1:], weights[1:], strict=True):
            total = total + np.sum(part * w)
        return total

    return scalar


def dot(first: Sequence[Any], second: Sequence[Any]) -> float:
    return float(
        sum(
            np.sum(np.asarray(bare(a)) * np.asarray(bare(b)))
            for a, b in zip(first, second, strict=True)
        )
    )


def slope(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> list[Any]:
    """Return the derivative of f's outputs along vs by fourth-order central differences."""
    h = STEP

    def at(t: float) -> list[Any]:
        return outputs(f(*[x + t * v for x, v in zip(xs, vs, strict=True)]))

    far = [np.subtract(a, b, dtype=float) for a, b in zip(at(2 * h), at(-2 * h), strict=True)]
    near = [np.subtract(a, b, dtype=float) for a, b in zip(at(h), at(-h), strict=True)]
    return [(8 * n - f) / (12 * h) for n, f in zip(near, far, strict=True)]


def complex_slope(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> list[Any]:
    """Return the derivative of f's outputs along vs by the complex step: no cancellation."""
    tiny = 1e-100
    return [
        np.imag(part) / tiny
        for part in outputs(f(*[x + 1j * tiny * v for x, v in zip(xs, vs, strict=True)]))
    ]


def close(found: Any, wanted: Any, rtol: float = 1e-7, atol: float | None = None) -> None:
    for a, b in zip(found, wanted, strict=True):
        a, b = np.asarray(bare(a)), np.asarray(bare(b))
        assert a.shape == b.shape, f"shape {a.shape}, expected {b.shape}"
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol if atol is None else atol)


def tape_over_tape(
    s: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any], us: Sequence[Any]
) -> dict[str, Any]:
    """Return <H v, u> by a tape made by hand, its sweep recorded on it: both levels in one graph.

    Nothing if the function overwrites what its own sweep needs: by hand that is refused.
    """
    tracked = [Tensor(x, requires_grad=True) for x in xs]
    total: Any = 0.0
    value = s(*tracked)
    try:
        firsts = gradients(value, tracked, create_graph=True) if value.requires_grad else xs[:0]
    except OverwrittenError:
        return {}
    for g, v in zip(firsts, vs, strict=False):
        if g is not None:
            total = total + np.sum(g * v)
    linear = not (isinstance(total, Tensor) and total.requires_grad)
    taped = [None] * len(xs) if linear else gradients(total, tracked)
    by_tape = [np.zeros_like(x) if h is None else h.data for h, x in zip(taped, xs, strict=True)]
    return {"tape over tape": dot(by_tape, us)}


def second_orders(
    s: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any], us: Sequence[Any]
) -> dict[str, Any]:
    """Return <H v, u> of the scalar s in the four nestings of the two modes, and on a tape."""
    every = tuple(range(len(xs)))
    gradient = grad(s, every)

    def gv(*zs: Any) -> Any:
        total: Any = 0.0
        for g, v in zip(gradient(*zs), vs, strict=True):
            total = total + np.sum(g * v)
        return total

    def forward(*zs: Any) -> Any:
        return jvp(s, zs, tuple(vs))[1]

    return {
        **tape_over_tape(s, xs, vs, us),
        "reverse over reverse": dot(grad(gv, every)(*xs), us),
        "forward over reverse": dot(jvp(gradient, tuple(xs), tuple(vs))[1], us),
        "reverse over forward": dot(grad(forward, every)(*xs), us),
        "forward over forward": float(bare(jvp(forward, tuple(xs), tuple(us))[1])),
    }
