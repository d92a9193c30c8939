"""An LSTM over time: back-propagation through three steps.

The same weights are used at each step, so their gradient is a sum over the
steps. Steps are groups: + opens one, and − at its frame closes it.
"""

import numpy as np

from autograd_core import Tensor, animate, scope

rng = np.random.default_rng(0)
xs = rng.normal(size=(3, 2))  # three steps of two features
n = 2  # memory cells
W = Tensor(rng.normal(size=(2 + n, 4 * n)) / 2, requires_grad=True)
b = Tensor(np.zeros(4 * n), requires_grad=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


h, c = np.zeros(n), np.zeros(n)
for t, x in enumerate(xs):
    with scope(f"step{t}"):
        z = np.concatenate([x, h]) @ W + b
        i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n])
        c = f * c + i * np.tanh(z[3 * n :])
        h = o * np.tanh(c)

loss = np.sum(h * h)
animate(loss)
