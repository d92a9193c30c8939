"""Every keyword of every NumPy function under vmap, and to second order.

Under vmap a call equals a loop over the examples, or is refused by name. Forward over reverse,
reverse over reverse and differences of the gradient agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from test_keywords import (
    SYMMETRIC,
    UNKNOWN_VALUES,
    Spy,
    calls,
    every,
    functions,
    handed_over,
    parts,
    run,
    split,
)

from autograd_core import Tensor, grad, hvp, jvp, vmap
from autograd_core.base import errors
from autograd_core.operations.primitive import Boxed

pytestmark = pytest.mark.filterwarnings("ignore")


def followed_calls(function: Any) -> Iterator[tuple[Any, Any, str]]:
    """Yield (one leaf, the function of that leaf, the call in words) for calls that NumPy takes."""
    for name, args, keywords in calls(function):
        if name == "out":
            continue
        try:
            run(function, args, keywords)
        except Exception:
            continue
        leaves, fill = split((args, keywords))
        for leaf, x in enumerate(leaves):

            def call(v: Any, leaf: int = leaf, leaves: Any = leaves, fill: Any = fill) -> Any:
                return fill([v if k == leaf else old for k, old in enumerate(leaves)])

            if x.dtype.itemsize > 7 and handed_over(function, call(Spy())):
                yield x, lambda v, call=call: run(function, *call(v)), f"{name}, leaf {leaf}"


def direction(function: Any, x: Any) -> Any:
    v = np.random.default_rng(3).uniform(-1, 1, x.shape)
    v = v + v.T if function in SYMMETRIC and x.ndim == 2 else v
    return np.where(x == 0, 0, v)


def alike(found: Any, wanted: Any) -> None:
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    if wanted.dtype.kind in "fc":
        tol = 2e-2 if wanted.dtype == np.float16 else 1e-5 if wanted.dtype.itemsize < 8 else 1e-10
        np.testing.assert_allclose(found, wanted, rtol=tol, atol=tol)
    else:
        np.testing.assert_array_equal(found, wanted)


def says_where(error: Exception, words: str) -> None:
    assert "test_keywords" in str(error), f"{words}: {error}"


@pytest.mark.slow
@functions
def test_a_batch_is_a_loop_or_refused(function: Any) -> None:
    if function in UNKNOWN_VALUES:
        return
    for x, f, words in followed_calls(function):
        batch = np.stack([x, x * 1.001, x + 1e-3 * direction(function, x)])
        try:
            made = vmap(f)(batch)
        except errors.AutogradError as error:
            says_where(error, words)
            continue
        loop = [parts(f(b)) for b in batch]
        columns = [np.stack(column) for column in zip(*loop, strict=True)]
        found = parts(made)
        assert len(found) == len(columns), words
        for a, b in zip(found, columns, strict=True):
            alike(np.asarray(a), b)


def weighted(result: Any) -> Any:
    """Return a number in which each part of a result has its share."""
    total = 0.0
    for k, part in enumerate(every(result)):
        if isinstance(part, (Boxed, np.ndarray, np.generic)) and part.dtype.kind in "fc":
            weights = np.random.default_rng(k).uniform(0.5, 1.5, part.shape)
            total = total + np.sum((np.real(part) + 0.3 * np.imag(part)) * weights)
    return total


@pytest.mark.part(2)
@pytest.mark.slow
@functions
def test_second_order(function: Any) -> None:
    for x, f, words in followed_calls(function):
        if x.dtype.kind == "c":
            continue
        v = direction(function, x)

        def square(z: Any, f: Any = f) -> Any:
            return weighted(f(z)) ** 2

        try:
            made = f(Tensor(x, requires_grad=True))
        except errors.AutogradError:
            continue
        kinds = [p.dtype for p in every(made) if isinstance(p, Boxed) and p._level]
        if not kinds or any(kind in (np.float16, np.float32, np.complex64) for kind in kinds):
            continue
        g = grad(square)
        bend = (g(x + 1e-5 * v) - g(x - 1e-5 * v)) / 2e-5
        size = max(1.0, np.abs(bend).max())
        product = hvp(square, (x,), (v,))
        np.testing.assert_allclose(product, bend, rtol=2e-4, atol=2e-5 * size, err_msg=words)
        pushed = grad(lambda z, v=v, s=square: jvp(s, (z,), (v,))[1])(x)
        np.testing.assert_allclose(pushed, product, rtol=1e-7, atol=1e-7 * size, err_msg=words)
