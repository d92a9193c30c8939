"""Back-propagation of an MLP and of an LSTM by hand, as a careful NumPy programmer writes it.

Every array is allocated once; products go into them by ``out=``; what can be one matrix
product over all time steps is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class MLPByHand:
    """Linear, ReLU, Linear, ReLU, Linear, softmax cross-entropy: the gradients of the weights."""

    def __init__(self, weights: list[Any], batch: int) -> None:
        self.weights = weights
        w1, _, w2, _, w3, _ = weights
        dtype = w1.dtype
        self.h1, self.d1 = (np.empty((batch, w1.shape[0]), dtype) for _ in range(2))
        self.h2, self.d2 = (np.empty((batch, w2.shape[0]), dtype) for _ in range(2))
        self.z = np.empty((batch, w3.shape[0]), dtype)
        self.gradients = [np.empty_like(w) for w in weights]
        self.rows = np.arange(batch)

    def __call__(self, x: Any, target: Any) -> list[Any]:
        w1, b1, w2, b2, w3, b3 = self.weights
        h1, h2, z, d1, d2 = self.h1, self.h2, self.z, self.d1, self.d2
        np.dot(x, w1.T, out=h1)
        h1 += b1
        np.maximum(h1, 0, out=h1)
        np.dot(h1, w2.T, out=h2)
        h2 += b2
        np.maximum(h2, 0, out=h2)
        np.dot(h2, w3.T, out=z)
        z += b3
        z -= z.max(axis=1, keepdims=True)
        logits = z[self.rows, target]
        np.exp(z, out=z)
        total = z.sum(axis=1, keepdims=True)
        self.loss = np.mean(np.log(total[:, 0]) - logits)

        z /= total
        z[self.rows, target] -= 1
        z /= len(z)
        g = self.gradients
        np.dot(z.T, h2, out=g[4])
        np.sum(z, axis=0, out=g[5])
        np.dot(z, w3, out=d2)
        d2 *= h2 > 0
        np.dot(d2.T, h1, out=g[2])
        np.sum(d2, axis=0, out=g[3])
        np.dot(d2, w2, out=d1)
        d1 *= h1 > 0
        np.dot(d1.T, x, out=g[0])
        np.sum(d1, axis=0, out=g[1])
        return g


class LSTMByHand:
    """One LSTM layer with a mean squared error on all its outputs (gates i, f, g, o)."""

    def __init__(self, weights: list[Any], steps: int, batch: int) -> None:
        self.weights = weights
        w_hh = weights[1]
        n, dtype = w_hh.shape[1], w_hh.dtype
        self.n = n
        self.z = np.empty((steps, batch, 4 * n), dtype)
        self.h = np.zeros((steps + 1, batch, n), dtype)
        self.c = np.zeros((steps + 1, batch, n), dtype)
        self.bent = np.empty((steps, batch, n), dtype)
        self.d_h = np.empty((steps, batch, n), dtype)
        self.term, self.carry, self.d_c = (np.empty((batch, n), dtype) for _ in range(3))
        self.step = np.empty((batch, 4 * n), dtype)

    def __call__(self, x: Any, target: Any) -> list[Any]:
        w_ih, w_hh, b_ih, b_hh = self.weights
        n, z, h, c, bent, term = self.n, self.z, self.h, self.c, self.bent, self.term
        steps, _, features = x.shape
        np.dot(x.reshape(-1, features), w_ih.T, out=z.reshape(-1, 4 * n))
        z += b_ih + b_hh
        to_gates = np.ascontiguousarray(w_hh.T)
        for t in range(steps):
            gate = z[t]
            np.dot(h[t], to_gates, out=self.step)
            gate += self.step
            for part in (gate[:, : 2 * n], gate[:, 3 * n :]):  # sigmoid(z) = (1 + tanh(z/2)) / 2
                part *= 0.5
            np.tanh(gate, out=gate)
            for part in (gate[:, : 2 * n], gate[:, 3 * n :]):
                part *= 0.5
                part += 0.5
            i, f, g, o = (gate[:, k * n : (k + 1) * n] for k in range(4))
            np.multiply(f, c[t], out=c[t + 1])
            np.multiply(i, g, out=term)
            c[t + 1] += term
            np.tanh(c[t + 1], out=bent[t])
            np.multiply(o, bent[t], out=h[t + 1])
        d_h = self.d_h
        np.subtract(h[1:], target, out=d_h)
        self.loss = np.mean(d_h * d_h)

        d_h *= 2 / target.size
        carry, d_c = self.carry, self.d_c
        carry[...] = 0
        d_c[...] = 0
        for t in range(steps - 1, -1, -1):
            i, f, g, o = (z[t, :, k * n : (k + 1) * n] for k in range(4))
            d_h[t] += carry
            np.multiply(bent[t], bent[t], out=term)
            np.subtract(1, term, out=term)
            term *= o
            term *= d_h[t]
            d_c += term
            d_o = d_h[t] * bent[t]
            d_o *= o
            d_o *= 1 - o
            d_i = d_c * g
            d_g = d_c * i
            d_f = d_c * c[t]
            d_c *= f
            d_i *= i
            d_i *= 1 - i
            d_f *= f
            d_f *= 1 - f
            d_g *= 1 - g * g
            i[...], f[...], g[...], o[...] = d_i, d_f, d_g, d_o  # the gates are needed no more
            np.dot(z[t], w_hh, out=carry)
        flat = z.reshape(-1, 4 * n)
        d_b = flat.sum(axis=0)
        d_ih = flat.T.dot(x.reshape(-1, features))
        d_hh = flat.T.dot(h[:-1].reshape(-1, n))
        return [d_ih, d_hh, d_b, d_b]
