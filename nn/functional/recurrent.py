"""What recurrent layers compute, a step at a time in plain NumPy, and what their kernels share.

The kernels beside this file (lstm.py, gru.py, rnn.py) run one layer in one direction on arrays
(time, batch, features) as one operation; the recurrences here define the mathematics, and
higher orders, forward mode and vmap use them.  Weights are laid out as in PyTorch; biases of input
and state are both given.  Sequences of different lengths stand one beside the other, filled up
at their ends with anything at all: a sequence's state stays where it ends, the output beyond is 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import beside

from .activation import relu, sigmoid


def alive_at(steps: int, lengths: Any) -> Any:
    """Return which sequences still run at which time, booleans of shape (steps, batch)."""
    return np.arange(steps)[:, None] < lengths


def masked(x: Any, lengths: Any) -> Any:
    """Return values (time, batch, features) with 0 where a sequence has ended."""
    if lengths is None:
        return x
    return np.where(beside(x, alive_at(len(x), lengths)[:, :, None]), x, 0)


def at_ends(states: Any, lengths: Any) -> Any:
    """Return each sequence's last state, of states (steps + 1, batch, features)."""
    return states[lengths, np.arange(len(lengths))]


def lstm_step(x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """Return (h, c) after one step (Hochreiter and Schmidhuber, 1997; gates i, f, g, o)."""
    h, c = state
    z = x @ w_ih.T + b_ih + h @ w_hh.T + b_hh
    return _cell(z, c)


def _cell(z: Any, c: Any) -> tuple[Any, Any]:
    """Return (h, c) from the gates before bending."""
    n = np.shape(z)[-1] // 4
    keep = sigmoid(z[..., n : 2 * n]) * c
    c = keep + sigmoid(z[..., :n]) * np.tanh(z[..., 2 * n : 3 * n])
    return sigmoid(z[..., 3 * n :]) * np.tanh(c), c


def projected_lstm_step(
    x: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any
) -> Any:
    """Return (h, c) after one step of an LSTM whose h is projected (Sak et al., 2014)."""
    h, c = state
    h, c = _cell(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh, c)
    return h @ w_hr.T, c


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
    return (relu(z),)


def unrolled(step: Any, x: Any, state: Any, weights: Any, lengths: Any = None) -> tuple[Any, ...]:
    """Return (outputs, *last state); a sequence that has ended keeps its state and gives 0."""
    steps = np.shape(x)[0]
    outputs = []
    if lengths is not None:
        x = masked(x, lengths)
        alive = beside(x, alive_at(steps, lengths)[:, :, None])
    for t in range(steps):
        new = step(x[t], state, *weights)
        if lengths is None:
            state = new
            outputs.append(state[0])
        else:
            state = tuple(np.where(alive[t], n, o) for n, o in zip(new, state, strict=True))
            outputs.append(np.where(alive[t], state[0], 0))
    return np.stack(outputs), *state
