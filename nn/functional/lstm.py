"""A whole LSTM layer in one direction as one operation, back-propagation through time inside.

h and x lie side by side, so one matrix product a step gives the gates, and one product over all
steps gives all weights' gradients; NumPy's loop has a column of ones there too, for the biases.
Gates are kept in the order g, i, f, o: the sigmoids i, f, o are neighbours, and so are g, i, f,
which share the cell's gradient.
sigmoid(z) = (1 + tanh(z/2)) / 2 with the 1/2 folded into the weights: one tanh serves all four.
The backward pass works out what multiplies dc and dh for a few steps at once, small enough for the
cache.  The loops over time also exist compiled (nn/functional/compiled/lstm.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .blas import dot
from .fused import fused
from .kernels import compiled
from .recurrent import alive_at, at_ends, lstm_step, masked, unrolled
from .scratch import buffer

CHUNK = 1 << 16  # numbers of the gates whose slopes are worked out at once: 256 KiB of float32


def _reordered(w: Any, out: Any = None) -> Any:
    """Return the gates of i, f, g, o in the order g, i, f, o."""
    return _gates(w, (2, 0, 1, 3), out)


def _restored(w: Any) -> Any:
    return _gates(w, (1, 2, 0, 3))


def _gates(w: Any, order: tuple[int, ...], out: Any = None) -> Any:
    made = np.empty(w.shape, w.dtype) if out is None else out
    n = len(w) // 4
    for k, gate in enumerate(order):  # four copies: an index of gates takes three times as long
        made[k * n : (k + 1) * n] = w[gate * n : (gate + 1) * n]
    return made


def _forward(
    x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, *, lengths: Any = None
) -> tuple[Any, Any]:
    steps, batch, features = x.shape
    n, dtype = w_hh.shape[1], x.dtype
    width = n + features
    fast = compiled("lstm", 8.0 * steps * batch * n * width, x, h0, c0, w_ih, w_hh, b_ih, b_hh)
    ones = fast is None  # the compiled loop starts its sums with the biases
    weights, bias = np.empty((4 * n, width + ones), dtype), _reordered(b_ih + b_hh)
    _reordered(w_hh, weights[:, :n])
    _reordered(w_ih, weights[:, n:width])
    given = np.empty((steps + 1, batch, width + ones), dtype)
    given[0, :, :n] = h0
    given[:-1, :, n:width] = masked(x, lengths)
    if ones:
        weights[:, -1], given[:, :, -1] = bias, 1
    weights[n:] *= 0.5
    bias[n:] *= 0.5
    gates = np.empty((steps, batch, 4 * n), dtype)
    cs = np.empty((steps + 1, batch, n), dtype)
    bent = np.empty((steps, batch, n), dtype)  # tanh(c)
    cs[0] = c0
    if fast is None:
        _forward_loop(given, weights.T, gates, cs, bent, lengths)
    else:
        fast.forward(given, weights.T, bias, gates, cs, bent, lengths)
    hs = given[:, :, :n]
    last = (hs[-1], cs[-1]) if lengths is None else (at_ends(hs, lengths), at_ends(cs, lengths))
    return (hs[1:], *last), (fast, gates, given, cs, bent)


def _forward_loop(given: Any, matrix: Any, gates: Any, cs: Any, bent: Any, lengths: Any) -> None:
    """Fill gates (after bending), cells c, tanh(c), and the states h in `given`."""
    steps, batch, n = bent.shape
    matrix = np.ascontiguousarray(matrix)
    alive = None if lengths is None else alive_at(steps, lengths)[:, :, None]
    # whole arrays for (1 + t) / 2 on i, f, o and nothing on g: no rows to be walked
    scale, shift = np.full((2, batch, 4 * n), 0.5, gates.dtype)
    scale[:, :n], shift[:, :n] = 1, 0
    term = np.empty((batch, n), gates.dtype)
    for t in range(steps):
        z, c, h = gates[t], cs[t + 1], given[t + 1, :, :n]
        np.dot(given[t], matrix, out=z)
        np.tanh(z, out=z)
        z *= scale
        z += shift
        np.multiply(z[:, :n], z[:, n : 2 * n], out=c)
        np.multiply(z[:, 2 * n : 3 * n], cs[t], out=term)
        c += term
        np.tanh(c, out=bent[t])
        np.multiply(z[:, 3 * n :], bent[t], out=h)
        if alive is not None:
            h *= alive[t]


def _backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any,
    b_ih: Any, b_hh: Any, *, lengths: Any = None,
) -> tuple[Any, ...]:  # fmt: skip
    fast, gates, given, cs, bent = kept
    n, width = bent.shape[2], bent.shape[2] + x.shape[2]
    slopes = buffer("lstm slopes", gates.shape, x.dtype)
    weights = _reordered(w_hh)
    loop = _backward_loop if fast is None else fast.backward
    seeds = (masked(g[0], lengths), *g[1:])
    dh, dc, db = loop(seeds, gates, cs, bent, weights, lengths, slopes)
    flat = slopes.reshape(-1, 4 * n)
    dx = dot(flat, _reordered(w_ih)).reshape(x.shape) if needs[0] else None
    if not any(needs[3:]):
        return dx, dh, dc, None, None, None, None
    inputs = given[:-1].reshape(-1, given.shape[2])
    joined = dot(flat.T, inputs)
    db = joined[:, -1] if db is None else db
    d_hh, d_ih, db = map(_restored, (joined[:, :n], joined[:, n:width], db))
    return dx, dh, dc, d_ih, d_hh, db, db


def _backward_loop(
    g: Any, gates: Any, cs: Any, bent: Any, weights: Any, lengths: Any, slopes: Any
) -> tuple[Any, Any, None]:
    """Fill the slopes dL/dz of all gates; return (dh0, dc0, None: db comes with the weights')."""
    g_out, g_h, g_c = g
    steps, batch, n = bent.shape
    gates, slopes = (a.reshape(steps, batch, 4, n) for a in (gates, slopes))
    many = min(steps, max(1, CHUNK // (4 * batch * n)))
    factors = buffer("lstm factors", (many, batch, 4, n), gates.dtype)
    through = buffer("lstm through", (many, batch, n), gates.dtype)
    dh, term = np.empty((2, batch, n), gates.dtype)
    back, dc = np.zeros((2, batch, n), gates.dtype)
    if lengths is None:
        back[:], dc[:] = g_h, g_c
    for stop in range(steps, 0, -many):
        start = max(0, stop - many)
        chunk = slice(start, stop)
        _factors(gates[chunk], cs[chunk], bent[chunk], factors, through)
        for t in range(stop - 1, start - 1, -1):
            if lengths is not None:  # here some sequences end
                ends = np.flatnonzero(lengths == t + 1)
                back[ends], dc[ends] = g_h[ends], g_c[ends]
            slope, factor = slopes[t], factors[t - start]
            np.add(g_out[t], back, out=dh)
            np.multiply(dh, through[t - start], out=term)
            dc += term
            np.multiply(factor[:, :3], dc[:, None], out=slope[:, :3])
            np.multiply(factor[:, 3], dh, out=slope[:, 3])
            dc *= gates[t, :, 2]
            np.dot(slope.reshape(batch, 4 * n), weights, out=back)
    return back, dc, None


def _factors(gates: Any, cs: Any, bent: Any, factors: Any, through: Any) -> None:
    """Work out what multiplies dc (gates g, i, f) and dh (gate o), and dc/dh = o (1 - tanh(c)**2).

    ::

        g: i (1 - g**2)    i: g i (1 - i)    f: c f (1 - f)    o: tanh(c) o (1 - o)
    """
    count = len(gates)
    factors, through = factors[:count], through[:count]
    g, first, out = gates[:, :, 0], gates[:, :, 1], gates[:, :, 3]
    np.subtract(1, gates, out=factors)
    factors *= gates
    np.multiply(g, g, out=through)
    np.subtract(1, through, out=through)
    np.multiply(through, first, out=factors[:, :, 0])
    factors[:, :, 1] *= g
    factors[:, :, 2] *= cs
    factors[:, :, 3] *= bent
    np.multiply(bent, bent, out=through)
    np.subtract(1, through, out=through)
    through *= out


def _plain(x: Any, h0: Any, c0: Any, *weights: Any, lengths: Any = None) -> Any:
    return unrolled(lstm_step, x, (h0, c0), weights, lengths)


lstm_layer = fused(_forward, _backward, _plain, name="lstm", multiple=True, category="recurrent")
