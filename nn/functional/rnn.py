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
from .kernels import compiled
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
    fast = compiled("rnn", 2.0 * steps * batch * n * n, x, h0, w_ih, w_hh, b_ih, b_hh)
    given = np.ascontiguousarray(masked(x, lengths)).reshape(-1, features)
    hs = np.empty((steps + 1, batch, n), x.dtype)
    hs[0] = h0
    flat = hs[1:].reshape(-1, n)
    np.dot(given, w_ih.T, out=flat)
    flat += b_ih + b_hh
    (_forward_loop if fast is None else fast.forward)(hs, w_hh, bend, lengths)
    last = hs[-1] if lengths is None else at_ends(hs, lengths)
    return (hs[1:], last), (fast, hs, given)


def _forward_loop(hs: Any, w_hh: Any, bend: str, lengths: Any) -> None:
    """Fill the states, where the input's share stands."""
    steps = len(hs) - 1
    alive = None if lengths is None else alive_at(steps, lengths)[:, :, None]
    to_next = np.ascontiguousarray(w_hh.T)
    product = np.empty(hs.shape[1:], hs.dtype)
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


def _backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any,
    b_hh: Any, *, bend: str, lengths: Any = None,
) -> tuple[Any, ...]:  # fmt: skip
    fast, hs, given = kept
    n = hs.shape[2]
    slopes = np.empty(hs[1:].shape, x.dtype)
    loop = _backward_loop if fast is None else fast.backward
    dh, db = loop((masked(g[0], lengths), g[1]), hs, w_hh, bend, lengths, slopes)
    flat = slopes.reshape(-1, n)
    dx = dot(flat, w_ih).reshape(x.shape) if needs[0] else None
    d_ih = dot(flat.T, given) if needs[2] else None
    d_hh = dot(flat.T, hs[:-1].reshape(-1, n)) if needs[3] else None
    return dx, dh, d_ih, d_hh, db, db


def _backward_loop(
    g: Any, hs: Any, w_hh: Any, bend: str, lengths: Any, slopes: Any
) -> tuple[Any, Any]:
    """Fill the slopes, and return the gradients of the first state and of the biases."""
    g_out, g_h = g
    steps, batch, n = slopes.shape
    if bend == "tanh":
        np.multiply(hs[1:], hs[1:], out=slopes)
        np.subtract(1, slopes, out=slopes)
    else:
        slopes[...] = hs[1:] != 0
    back = np.zeros((batch, n), hs.dtype)
    if lengths is None:
        back[:] = g_h
    for t in range(steps - 1, -1, -1):
        if lengths is not None:  # here some sequences end
            ends = np.flatnonzero(lengths == t + 1)
            back[ends] = g_h[ends]
        back += g_out[t]
        slopes[t] *= back
        np.dot(slopes[t], w_hh, out=back)
    return back, slopes.sum(axis=(0, 1))


def _plain(x: Any, h0: Any, *weights: Any, bend: str, lengths: Any = None) -> Any:
    step = tanh_step if bend == "tanh" else relu_step
    return unrolled(step, x, (h0,), weights, lengths)


rnn_layer = fused(_forward, _backward, _plain, name="rnn", multiple=True, category="recurrent")
