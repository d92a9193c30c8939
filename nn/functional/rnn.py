"""A whole simple recurrent layer in one direction as one operation (Elman, 1990).

The input's share is one product over all steps, written where the states will stand; a step adds
the previous state's share and bends.  Backward, the slopes turn into gradients in place, and one
product over all steps gives each matrix's gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .blas import dot
from .fused import fused
from .recurrent import (
    alive_at,
    at_ends,
    masked,
    relu_step,
    tanh_step,
    unrolled,
)


def _forward(
    x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, *, bend: str, lengths: Any = None
) -> tuple[Any, Any]:
    steps, batch, features = x.shape
    n = w_hh.shape[1]
    given = np.ascontiguousarray(masked(x, lengths)).reshape(-1, features)
    hs = np.empty((steps + 1, batch, n), x.dtype)
    hs[0] = h0
    flat = hs[1:].reshape(-1, n)
    np.dot(given, w_ih.T, out=flat)
    flat += b_ih + b_hh
    alive = None if lengths is None else alive_at(steps, lengths)[:, :, None]
    to_next = np.ascontiguousarray(w_hh.T)
    product = np.empty((batch, n), x.dtype)
    for t in range(steps):
        h = hs[t + 1]
        np.dot(hs[t], to_next, out=product)
        h += product
        if bend == "tanh":
            np.tanh(h, out=h)
        else:
            np.maximum(h, 0, out=h)
        if alive is not None:
            h[~alive[t, :, 0]] = 0
    last = hs[-1] if lengths is None else at_ends(hs, lengths)
    return (hs[1:], last), (hs, given)


def _backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any,
    b_hh: Any, *, bend: str, lengths: Any = None,
) -> tuple[Any, ...]:  # fmt: skip
    hs, given = kept
    steps, batch, n = hs[1:].shape
    slopes = 1 - hs[1:] * hs[1:] if bend == "tanh" else (hs[1:] != 0).astype(x.dtype)
    g_out, g_h = masked(g[0], lengths), g[1]
    back = np.zeros((batch, n), x.dtype)
    if lengths is None:
        back[:] = g_h
    for t in range(steps - 1, -1, -1):
        if lengths is not None:  # here some sequences end
            ends = np.flatnonzero(lengths == t + 1)
            back[ends] = g_h[ends]
        back += g_out[t]
        slopes[t] *= back
        np.dot(slopes[t], w_hh, out=back)
    flat = slopes.reshape(-1, n)
    dx = dot(flat, w_ih).reshape(x.shape) if needs[0] else None
    d_ih = dot(flat.T, given) if needs[2] else None
    d_hh = dot(flat.T, hs[:-1].reshape(-1, n)) if needs[3] else None
    db = flat.sum(axis=0)
    return dx, back, d_ih, d_hh, db, db


def _plain(x: Any, h0: Any, *weights: Any, bend: str, lengths: Any = None) -> Any:
    step = tanh_step if bend == "tanh" else relu_step
    return unrolled(step, x, (h0,), weights, lengths)


rnn_layer = fused(_forward, _backward, _plain, name="rnn", multiple=True, category="recurrent")
