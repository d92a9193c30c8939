"""Recurrent layers: a whole sequence is one operation, with back-propagation through time inside.

Each kernel runs one layer in one direction on arrays (time, batch, features).
The plain recurrence beside it defines the mathematics; higher orders use it.
Weights are laid out as in PyTorch; biases of input and state are both given.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.functional.activation import sigmoid
from nn.functional.fused import fused
from nn.functional.scratch import buffer

# --- the plain recurrences --------------------------------------------------


def lstm_step(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Return (h, c) after one step (Hochreiter and Schmidhuber, 1997; gates i, f, g, o)."""
    h, c = state
    n = np.shape(w_hh)[1]
    z = x @ w_ih.T + b_ih + h @ w_hh.T + b_hh
    keep = sigmoid(z[..., n : 2 * n]) * c
    c = keep + sigmoid(z[..., :n]) * np.tanh(z[..., 2 * n : 3 * n])
    return sigmoid(z[..., 3 * n :]) * np.tanh(c), c


def gru_step(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Return (h,) after one step (Cho et al., 2014; gates r, z, n)."""
    (h,) = state
    n = np.shape(w_hh)[1]
    a, b = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
    r = sigmoid(a[..., :n] + b[..., :n])
    z = sigmoid(a[..., n : 2 * n] + b[..., n : 2 * n])
    new = np.tanh(a[..., 2 * n :] + r * b[..., 2 * n :])
    return (new + z * (h - new),)


def tanh_step(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Return (h,) after one step of h = tanh(W x + b + V h + c) (Elman, 1990)."""
    return (np.tanh(x @ w_ih.T + b_ih + state[0] @ w_hh.T + b_hh),)


def relu_step(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Return (h,) after one step of h = max(0, W x + b + V h + c)."""
    z = x @ w_ih.T + b_ih + state[0] @ w_hh.T + b_hh
    return (z * (z > 0),)


def unrolled(step: Any, x: Any, state: Any, weights: Any, alive: Any = None) -> tuple[Any, ...]:
    """Return (outputs, *last state); where ``alive`` is 0 the state stays and the output is 0."""
    outputs = []
    for t in range(np.shape(x)[0]):
        new = step(x[t], state, *weights)
        if alive is not None:
            new = tuple(o + alive[t] * (n - o) for n, o in zip(new, state, strict=True))
        state = new
        outputs.append(state[0] if alive is None else alive[t] * state[0])
    return np.stack(outputs), *state


# --- LSTM -------------------------------------------------------------------
#
# Gates are kept in the order g, i, f, o: the sigmoids i, f, o are neighbours, and
# so are g, i, f, which share the cell's gradient.  sigmoid(z) = (1 + tanh(z/2)) / 2,
# so one tanh serves all four.


def _reordered(w: Any) -> Any:
    i, f, g, o = np.split(w, 4)
    return np.concatenate([g, i, f, o])


def _restored(w: Any) -> Any:
    g, i, f, o = np.split(w, 4)
    return np.concatenate([i, f, g, o])


def _lstm_forward(
    x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any
) -> tuple[Any, Any]:
    steps, batch, features = x.shape
    n = w_hh.shape[1]
    half = np.full((4 * n, 1), 0.5, x.dtype)
    half[:n] = 1
    # h, x and a 1 side by side: one product a step gives the gates, biases and all
    joined = np.concatenate([w_hh, w_ih, (b_ih + b_hh)[:, None]], axis=1)
    matrix = np.ascontiguousarray((_reordered(joined) * half).T)
    given = np.empty((steps + 1, batch, n + features + 1), x.dtype)
    given[0, :, :n] = h0
    given[:-1, :, n:-1] = x
    given[:, :, -1] = 1
    gates = np.empty((steps, batch, 4 * n), x.dtype)
    cs = np.empty((steps + 1, batch, n), x.dtype)
    bent = np.empty((steps, batch, n), x.dtype)  # tanh(c)
    cs[0] = c0
    term = np.empty((batch, n), x.dtype)
    for t in range(steps):
        z, c = gates[t], cs[t + 1]
        np.dot(given[t], matrix, out=z)
        np.tanh(z, out=z)
        squashed = z[:, n:]
        squashed *= 0.5
        squashed += 0.5
        np.multiply(z[:, :n], z[:, n : 2 * n], out=c)
        np.multiply(z[:, 2 * n : 3 * n], cs[t], out=term)
        c += term
        np.tanh(c, out=bent[t])
        np.multiply(z[:, 3 * n :], bent[t], out=given[t + 1, :, :n])
    hs = given[:, :, :n]
    return (hs[1:], hs[-1], cs[-1]), (gates, given, cs, bent)


def _lstm_backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any,
    b_ih: Any, b_hh: Any,
) -> tuple[Any, ...]:  # fmt: skip
    gates, given, cs, bent = kept
    steps, batch, n = bent.shape
    dtype = x.dtype
    shape = (steps, batch, 4, n)
    gate = gates.reshape(shape)
    # what multiplies dc (gates g, i, f) and dh (gate o), for all times at once
    local = buffer("lstm local", shape, dtype)
    squashed = gate[:, :, 1:]
    np.subtract(1, squashed, out=local[:, :, 1:])
    local[:, :, 1:] *= squashed
    np.multiply(gate[:, :, 0], gate[:, :, 0], out=local[:, :, 0])
    np.subtract(1, local[:, :, 0], out=local[:, :, 0])
    local[:, :, 0] *= gate[:, :, 1]
    local[:, :, 1] *= gate[:, :, 0]
    local[:, :, 2] *= cs[:-1]
    local[:, :, 3] *= bent
    through = buffer("lstm through", bent.shape, dtype)  # dc/dh: o (1 - tanh(c)**2)
    np.multiply(bent, bent, out=through)
    np.subtract(1, through, out=through)
    through *= gate[:, :, 3]
    slopes = buffer("lstm slopes", shape, dtype)
    weights = np.ascontiguousarray(_reordered(w_hh))
    g_out, g_h, g_c = g
    dc = np.array(np.broadcast_to(g_c, (batch, n)))
    back = np.array(np.broadcast_to(g_h, (batch, n)))
    dh, term = np.empty((batch, n), dtype), np.empty((batch, n), dtype)
    for t in range(steps - 1, -1, -1):
        np.add(g_out[t], back, out=dh)
        np.multiply(dh, through[t], out=term)
        dc += term
        slope, coefficient = slopes[t], local[t]
        np.multiply(coefficient[:, :3], dc[:, None], out=slope[:, :3])
        np.multiply(coefficient[:, 3], dh, out=slope[:, 3])
        dc *= gate[t, :, 2]
        np.dot(slope.reshape(batch, 4 * n), weights, out=back)
    flat = slopes.reshape(-1, 4 * n)
    dx = flat.dot(_reordered(w_ih)).reshape(x.shape) if needs[0] else None
    joined = _restored(flat.T.dot(given[:-1].reshape(-1, given.shape[2])))
    d_hh, d_ih, db = joined[:, :n], joined[:, n:-1], joined[:, -1]
    return dx, back, dc, d_ih, d_hh, db, db


def _lstm_plain(x: Any, h0: Any, c0: Any, *weights: Any) -> Any:
    return unrolled(lstm_step, x, (h0, c0), weights)


lstm_layer = fused(
    _lstm_forward, _lstm_backward, _lstm_plain, name="lstm", multiple=True,
    category="recurrent",
)  # fmt: skip

# --- GRU --------------------------------------------------------------------


def _gru_forward(x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> tuple[Any, Any]:
    steps, batch, features = x.shape
    n = w_hh.shape[1]
    gates = np.ascontiguousarray(x).reshape(-1, features).dot(w_ih.T)
    gates += b_ih
    gates = gates.reshape(steps, batch, 3 * n)
    hs = np.empty((steps + 1, batch, n), x.dtype)
    inner = np.empty((steps, batch, n), x.dtype)  # W_hn h + b_hn
    hs[0] = h0
    to_gates = np.ascontiguousarray(w_hh.T)
    product = np.empty((batch, 3 * n), x.dtype)
    for t in range(steps):
        z = gates[t]
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
        new += z[:, :n] * inner[t]
        np.tanh(new, out=new)
        h = hs[t + 1]
        np.subtract(hs[t], new, out=h)
        h *= z[:, n : 2 * n]
        h += new
    return (hs[1:], hs[-1]), (gates, hs, inner)


def _gru_backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any,
    b_hh: Any,
) -> tuple[Any, ...]:  # fmt: skip
    gates, hs, inner = kept
    steps, batch, n = inner.shape
    r, z, new = gates[:, :, :n], gates[:, :, n : 2 * n], gates[:, :, 2 * n :]
    to_new = (1 - z) * (1 - new * new)
    to_z = (hs[:-1] - new) * z * (1 - z)
    to_r = inner * r * (1 - r)
    by_input = np.empty_like(gates)  # gradients before the gates, as the input sees them
    by_state = np.empty_like(gates)  # and as the state sees them: n's goes through r
    g_out, g_h = g
    back = np.array(np.broadcast_to(g_h, (batch, n)))
    for t in range(steps - 1, -1, -1):
        dh = g_out[t] + back
        d_new = dh * to_new[t]
        at = by_input[t]
        np.multiply(d_new, to_r[t], out=at[:, :n])
        np.multiply(dh, to_z[t], out=at[:, n : 2 * n])
        at[:, 2 * n :] = d_new
        by_state[t, :, : 2 * n] = at[:, : 2 * n]
        np.multiply(d_new, r[t], out=by_state[t, :, 2 * n :])
        back = by_state[t].dot(w_hh)
        dh *= z[t]
        back += dh
    flat, flat_state = by_input.reshape(-1, 3 * n), by_state.reshape(-1, 3 * n)
    dx = flat.dot(w_ih).reshape(x.shape) if needs[0] else None
    d_ih = flat.T.dot(np.ascontiguousarray(x).reshape(-1, x.shape[2])) if needs[2] else None
    d_hh = flat_state.T.dot(hs[:-1].reshape(-1, n)) if needs[3] else None
    return dx, back, d_ih, d_hh, flat.sum(axis=0), flat_state.sum(axis=0)


def _gru_plain(x: Any, h0: Any, *weights: Any) -> Any:
    return unrolled(gru_step, x, (h0,), weights)


gru_layer = fused(
    _gru_forward, _gru_backward, _gru_plain, name="gru", multiple=True,
    category="recurrent",
)  # fmt: skip

# --- the simple recurrent layer ---------------------------------------------


def _rnn_forward(
    x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, *, bend: str
) -> tuple[Any, Any]:
    steps, batch, features = x.shape
    n = w_hh.shape[1]
    hs = np.empty((steps + 1, batch, n), x.dtype)
    hs[0] = h0
    flat = hs[1:].reshape(-1, n)
    np.dot(np.ascontiguousarray(x).reshape(-1, features), w_ih.T, out=flat)
    flat += b_ih + b_hh
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
    return (hs[1:], hs[-1]), hs


def _rnn_backward(
    g: Any, hs: Any, needs: Any, y: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any,
    b_hh: Any, *, bend: str,
) -> tuple[Any, ...]:  # fmt: skip
    steps, batch, n = hs[1:].shape
    slopes = 1 - hs[1:] * hs[1:] if bend == "tanh" else (hs[1:] > 0).astype(x.dtype)
    g_out, g_h = g
    back = np.array(np.broadcast_to(g_h, (batch, n)))
    for t in range(steps - 1, -1, -1):
        back += g_out[t]
        slopes[t] *= back
        np.dot(slopes[t], w_hh, out=back)
    flat = slopes.reshape(-1, n)
    dx = flat.dot(w_ih).reshape(x.shape) if needs[0] else None
    d_ih = flat.T.dot(np.ascontiguousarray(x).reshape(-1, x.shape[2])) if needs[2] else None
    d_hh = flat.T.dot(hs[:-1].reshape(-1, n)) if needs[3] else None
    db = flat.sum(axis=0)
    return dx, back, d_ih, d_hh, db, db


def _rnn_plain(x: Any, h0: Any, *weights: Any, bend: str) -> Any:
    return unrolled(tanh_step if bend == "tanh" else relu_step, x, (h0,), weights)


rnn_layer = fused(
    _rnn_forward, _rnn_backward, _rnn_plain, name="rnn", multiple=True,
    category="recurrent",
)  # fmt: skip
