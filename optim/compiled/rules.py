"""The loops, shared among threads.  Every product and sum is rounded as NumPy's passes round it."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import exact_kernel, kernel
from autograd_core.workers.compiled.team import job, lead, mine, together

SHARED = 1 << 18  # numbers; of fewer, the helpers' half is not worth calling them


def _run(alone: Any, shared: Any, p: Any, *given: Any) -> None:
    if p.size < SHARED:
        alone(0, 1, p, *given)
    else:
        together(shared, p.size, p, *given)


@exact_kernel
def _sgd(part: int, parts: int, p: Any, g: Any, lr: Any) -> None:  # pragma: no cover - compiled
    here = mine(part, parts, p.size)
    p, g = p[here], g[here]
    for k in range(p.size):
        p[k] -= g[k] * lr


@kernel
def _sgd_step(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_sgd, (parts, *given)))


@exact_kernel
def _momentum(
    part: int, parts: int, p: Any, g: Any, b: Any, lr: Any, momentum: Any, share: Any,
    nesterov: bool,
) -> None:  # fmt: skip # pragma: no cover - compiled
    here = mine(part, parts, p.size)
    p, g, b = p[here], g[here], b[here]
    for k in range(p.size):
        b[k] = b[k] * momentum + g[k] * share
        step = b[k] * momentum + g[k] if nesterov else b[k]
        p[k] -= step * lr


@kernel
def _momentum_step(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_momentum, (parts, *given)))


@exact_kernel
def _adam(
    part: int, parts: int, p: Any, g: Any, m: Any, v: Any, beta1: Any, beta2: Any, rest1: Any,
    rest2: Any, length: Any, eps: Any, keep: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    here = mine(part, parts, p.size)
    p, g, m, v = p[here], g[here], m[here], v[here]
    for k in range(p.size):
        m[k] = m[k] * beta1 + g[k] * rest1
        v[k] = v[k] * beta2 + g[k] * rest2 * g[k]
        p[k] = p[k] * keep - m[k] / (np.sqrt(v[k]) + eps) * length


@kernel
def _adam_step(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_adam, (parts, *given)))


@exact_kernel
def _amsgrad(
    part: int, parts: int, p: Any, g: Any, m: Any, v: Any, most: Any, beta1: Any, beta2: Any,
    rest1: Any, rest2: Any, length: Any, eps: Any, keep: Any,
) -> None:  # fmt: skip # pragma: no cover - compiled
    here = mine(part, parts, p.size)
    p, g, m, v, most = p[here], g[here], m[here], v[here], most[here]
    for k in range(p.size):
        m[k] = m[k] * beta1 + g[k] * rest1
        v[k] = v[k] * beta2 + g[k] * rest2 * g[k]
        if not (most[k] > v[k] or most[k] != most[k]):  # NaN stays
            most[k] = v[k]
        p[k] = p[k] * keep - m[k] / (np.sqrt(most[k]) + eps) * length


@kernel
def _amsgrad_step(board: Any, parts: int, *given: Any) -> None:  # pragma: no cover - compiled
    lead(board, parts, job(_amsgrad, (parts, *given)))


def sgd(scalars: Any, p: Any, g: Any, *state: Any) -> None:
    """Do one step of `SGD`."""
    lr, momentum, share, nesterov = scalars
    lr, momentum, share = map(np.float32, (lr, momentum, share))
    if state:
        _run(_momentum, _momentum_step, p, g, state[0], lr, momentum, share, nesterov)
    else:
        _run(_sgd, _sgd_step, p, g, lr)


def adam(scalars: Any, p: Any, g: Any, *state: Any) -> None:
    """Do one step of `Adam` or `AdamW`."""
    beta1, beta2, length, eps, keep = scalars
    numbers = (beta1, beta2, 1.0 - beta1, 1.0 - beta2, length, eps, keep)
    loops = (_adam, _adam_step) if len(state) == 2 else (_amsgrad, _amsgrad_step)
    _run(*loops, p, g, *state, *map(np.float32, numbers))
