"""The loops.  Every product and sum is rounded as NumPy's passes round it."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


def _kernel(function: Any) -> Any:
    # NumPy's division, without a check at each number, so that loops run in vectors
    return numba.njit(nogil=True, cache=True, error_model="numpy")(function)


@_kernel
def _sgd(p: Any, g: Any, lr: Any) -> None:  # pragma: no cover - compiled
    for k in range(p.size):
        p[k] -= g[k] * lr


@_kernel
def _momentum(
    p: Any, g: Any, b: Any, lr: Any, momentum: Any, share: Any, nesterov: bool
) -> None:  # pragma: no cover - compiled
    for k in range(p.size):
        b[k] = b[k] * momentum + g[k] * share
        step = b[k] * momentum + g[k] if nesterov else b[k]
        p[k] -= step * lr


@_kernel
def _adam(
    p: Any, g: Any, m: Any, v: Any, beta1: Any, beta2: Any, rest1: Any, rest2: Any, length: Any,
    eps: Any, keep: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    for k in range(p.size):
        m[k] = m[k] * beta1 + g[k] * rest1
        v[k] = v[k] * beta2 + g[k] * g[k] * rest2
        p[k] = p[k] * keep - m[k] / (np.sqrt(v[k]) + eps) * length


@_kernel
def _amsgrad(
    p: Any, g: Any, m: Any, v: Any, most: Any, beta1: Any, beta2: Any, rest1: Any, rest2: Any,
    length: Any, eps: Any, keep: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    for k in range(p.size):
        m[k] = m[k] * beta1 + g[k] * rest1
        v[k] = v[k] * beta2 + g[k] * g[k] * rest2
        if not (most[k] > v[k] or most[k] != most[k]):  # NaN stays
            most[k] = v[k]
        p[k] = p[k] * keep - m[k] / (np.sqrt(most[k]) + eps) * length


def sgd(scalars: Any, p: Any, g: Any, *state: Any) -> None:
    """Do one step of `SGD`."""
    lr, momentum, share, nesterov = scalars
    lr, momentum, share = map(np.float32, (lr, momentum, share))
    if state:
        _momentum(p, g, state[0], lr, momentum, share, nesterov)
    else:
        _sgd(p, g, lr)


def adam(scalars: Any, p: Any, g: Any, *state: Any) -> None:
    """Do one step of `Adam` or `AdamW`."""
    beta1, beta2, length, eps, keep = scalars
    numbers = (beta1, beta2, 1.0 - beta1, 1.0 - beta2, length, eps, keep)
    function = _adam if len(state) == 2 else _amsgrad
    function(p, g, *state, *map(np.float32, numbers))
