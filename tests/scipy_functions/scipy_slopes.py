"""The check of one call of SciPy's: its value, and its slopes in both modes against differences."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from scipy_functions.walk_calls import X

from autograd_core import Tensor, grad, jvp


def modules_of(part: str) -> tuple[Any, Any]:
    """Return SciPy's module and ours."""
    return (
        importlib.import_module(f"scipy.{part}"),
        importlib.import_module(f"autograd_core.scipy.{part}"),
    )


def flat(y: Any) -> Any:
    """Return all numbers of a result in one real array."""
    if isinstance(y, (tuple, list)):
        return np.concatenate([flat(v) for v in y])
    if np.iscomplexobj(y):
        return np.concatenate([np.reshape(np.real(y), -1), np.reshape(np.imag(y), -1)])
    return np.reshape(y, (-1,)) * 1.0


def check(part: str, call: Any) -> None:
    """Check ``call(module, x)`` at the nine numbers X: SciPy's value, and both modes."""
    theirs, ours = modules_of(part)
    direction = np.cos(np.arange(9.0))

    def own(x: Any) -> Any:
        return flat(call(theirs, x))

    def here(x: Any) -> Any:
        return flat(call(ours, x))

    wanted = own(X)
    np.testing.assert_array_equal(here(X), wanted)
    np.testing.assert_allclose(here(Tensor(X, requires_grad=True)).data, wanted, rtol=1e-12,
                               atol=1e-13)  # fmt: skip
    h = 1e-5
    slope = (8 * (own(X + h * direction) - own(X - h * direction))
             - (own(X + 2 * h * direction) - own(X - 2 * h * direction))) / (12 * h)  # fmt: skip
    forward = jvp(here, (X,), (direction,))[1]
    size = max(1.0, float(np.max(np.abs(slope))))
    np.testing.assert_allclose(forward, slope, rtol=1e-5, atol=1e-6 * size)
    weights = np.sin(1.0 + np.arange(wanted.size))
    backward = np.sum(grad(lambda x: np.sum(weights * here(x)))(X) * direction)
    np.testing.assert_allclose(backward, np.sum(weights * forward), rtol=1e-9, atol=1e-9 * size)
