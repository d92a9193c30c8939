"""A whole GRU layer in one direction as one operation, back-propagation through time inside.

The input's share of the gates is one product over all steps; a step adds the state's.  The state's
share of the gate n is kept by itself, because the gate r multiplies it; so it is what the input and
what the state send to the gates that have two gradients, each of which gives its weights' gradient
by one product over all steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .blas import dot
from .fused import fused
from .kernels import compiled
from .recurrent import alive_at, at_ends, gru_step, masked, unrolled


def _forward(
    x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, *, lengths: Any = None
) -> tuple[Any, Any]:
    steps, batch, features = x.shape
    n = w_hh.shape[1]
    fast = compiled("gru", 6.0 * steps * batch * n * n, x, h0, w_ih, w_hh, b_ih, b_hh)
    given = np.ascontiguousarray(masked(x, lengths)).reshape(-1, features)
    gates = dot(given, w_ih.T, b_ih).reshape(steps, batch, 3 * n)
    hs = np.empty((steps + 1, batch, n), x.dtype)
    inner = np.empty((steps, batch, n), x.dtype)  # W_hn h + b_hn
    hs[0] = h0
    (_forward_loop if fast is None else fast.forward)(w_hh, b_hh, gates, hs, inner, lengths)
    last = hs[-1] if lengths is None else at_ends(hs, lengths)
    return (hs[1:], last), (fast, gates, hs, inner, given)


def _forward_loop(w_hh: Any, b_hh: Any, gates: Any, hs: Any, inner: Any, lengths: Any) -> None:
    """Fill the gates (which hold the input's share), the states and the state's share of n."""
    steps, batch, n = inner.shape
    alive = None if lengths is None else alive_at(steps, lengths)[:, :, None]
    to_gates = np.ascontiguousarray(w_hh.T)
    product = np.empty((batch, 3 * n), inner.dtype)
    term = np.empty((batch, n), inner.dtype)
    for t in range(steps):
        z, h = gates[t], hs[t + 1]
        np.dot(hs[t], to_gates, out=product)
        product += b_hh
        first = z[:, : 2 * n]
        first += product[:, : 2 * n]
        first *= 0.5
        np.tanh(first, out=first)
        first *= 0.5
        first += 0.5
        inner[t] = product[:, 2 * n :]
        new = z[:, 2 * n :]
        np.multiply(z[:, :n], inner[t], out=term)
        new += term
        np.tanh(new, out=new)
        np.subtract(hs[t], new, out=h)
        h *= z[:, n : 2 * n]
        h += new
        if alive is not None:
            h *= alive[t]


def _backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any,
    b_hh: Any, *, lengths: Any = None,
) -> tuple[Any, ...]:  # fmt: skip
    fast, gates, hs, inner, given = kept
    n = inner.shape[2]
    by_input = np.empty_like(gates)  # gradients before the gates, as the input sees them
    by_state = np.empty_like(gates)  # and as the state sees them: n's goes through r
    loop = _backward_loop if fast is None else fast.backward
    seeds = (masked(g[0], lengths), g[1])
    dh, d_ibias, d_hbias = loop(seeds, gates, hs, inner, w_hh, lengths, by_input, by_state)
    flat, flat_state = by_input.reshape(-1, 3 * n), by_state.reshape(-1, 3 * n)
    dx = dot(flat, w_ih).reshape(x.shape) if needs[0] else None
    d_ih = dot(flat.T, given) if needs[2] else None
    d_hh = dot(flat_state.T, hs[:-1].reshape(-1, n)) if needs[3] else None
    return dx, dh, d_ih, d_hh, d_ibias, d_hbias


def _backward_loop(
    g: Any, gates: Any, hs: Any, inner: Any, w_hh: Any, lengths: Any, by_input: Any, by_state: Any
) -> tuple[Any, Any, Any]:
    """Fill the gradients before the gates; return those of the first state and of both biases."""
    g_out, g_h = g
    steps, batch, n = inner.shape
    r, z, new = gates[:, :, :n], gates[:, :, n : 2 * n], gates[:, :, 2 * n :]
    to_new = (1 - z) * (1 - new * new)
    to_z = (hs[:-1] - new) * z * (1 - z)
    to_r = inner * r * (1 - r)
    back = np.zeros((batch, n), inner.dtype)
    if lengths is None:
        back[:] = g_h
    dh, d_new = np.empty((2, batch, n), inner.dtype)
    for t in range(steps - 1, -1, -1):
        if lengths is not None:  # here some sequences end
            ends = np.flatnonzero(lengths == t + 1)
            back[ends] = g_h[ends]
        np.add(g_out[t], back, out=dh)
        np.multiply(dh, to_new[t], out=d_new)
        at, sent = by_input[t], by_state[t]
        np.multiply(d_new, to_r[t], out=at[:, :n])
        np.multiply(dh, to_z[t], out=at[:, n : 2 * n])
        at[:, 2 * n :] = d_new
        sent[:, : 2 * n] = at[:, : 2 * n]
        np.multiply(d_new, r[t], out=sent[:, 2 * n :])
        np.dot(sent, w_hh, out=back)
        dh *= z[t]
        back += dh
    return back, by_input.sum(axis=(0, 1)), by_state.sum(axis=(0, 1))


def _plain(x: Any, h0: Any, *weights: Any, lengths: Any = None) -> Any:
    return unrolled(gru_step, x, (h0,), weights, lengths)


gru_layer = fused(_forward, _backward, _plain, name="gru", multiple=True, category="recurrent")
