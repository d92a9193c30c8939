"""What each lesson computes, written again in plain NumPy; derivatives by the complex step.

Nothing here uses the engine. A function takes the leaves by name and returns the output.
"""

import numpy as np

STEP = 1e-30


def cubic(x, y):
    return x**3 * (x + 3 * y)


def neuron(w1, w2, b):
    a = 1 / (1 + np.exp(-(w1 * 1.0 + w2 * -2.0 + b)))
    return 0.5 * (a - 1.0) ** 2


def two_layers(W1, b1, W2, b2):
    total = 0
    for p, q, wanted in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)):
        hidden = [np.tanh(p * W1[0, k] + q * W1[1, k] + b1[k]) for k in range(3)]
        total = total + (sum(h * W2[k, 0] for k, h in enumerate(hidden)) + b2[0] - wanted) ** 2
    return total / 4


def softmax(scores):
    return np.log(np.sum(np.exp(scores))) - scores[1]


def loop(a):
    r = a / 2
    for _ in range(4):
        r = r - (r * r - a) / (2 * r)
    return r


def branch(x):
    y = x * np.sin(x) if np.real(x) > 0 else np.exp(x) - 1
    return y**2


def lstm(W, b):
    def logistic(z):
        return 0.5 * (1 + np.tanh(z / 2))

    h = c = np.zeros(2, dtype=np.result_type(W, b))
    for x in np.random.default_rng(0).normal(size=(3, 2)):
        z = np.hstack([x, h]) @ W + b
        c = logistic(z[2:4]) * c + logistic(z[0:2]) * np.tanh(z[6:8])
        h = logistic(z[4:6]) * np.tanh(c)
    return h @ h


def attention(Wq, Wk, Wv):
    words = np.random.default_rng(1).normal(size=(3, 4))
    out = []
    for one in words:
        scores = np.array([(one @ Wq) @ (other @ Wk) for other in words]) / np.sqrt(2)
        weights = np.exp(scores) / np.exp(scores).sum()
        out.append(sum(weights[k] * (words[k] @ Wv) for k in range(3)))
    return np.mean(np.array(out) ** 2)


def ode(k):
    z = -k * 0.5  # one step of Runge and Kutta multiplies by exp's Taylor polynomial
    return (1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24) ** 2


def forward_reverse(w):
    return np.tanh(w @ np.array([1.0, 2.0, -1.0, 0.5, 3.0, -2.0]))


def custom_operation(x):
    return np.sum(x * x / (1 + np.sqrt(x * x)))


def bug_rule(x):
    return x**4 / 2


def bug_broadcast(w):
    return np.mean((np.array([1.0, 2.0, 3.0]) * w[0, 0] - np.array([2.0, 4.0, 6.0])) ** 2)


def bug_cut(w1, w2):
    h = np.tanh(np.array([1.0, 2.0]) @ w1)
    return (h @ w2) ** 2 / (h @ h)


def gradients(function, leaves):
    """The gradient of each leaf, by the complex step."""
    found = {}
    for name, value in leaves.items():
        slopes = []
        for k in range(np.size(value)):
            moved = np.array(value, dtype=complex)
            moved.reshape(-1)[k] += 1j * STEP
            slopes.append(np.imag(function(**{**leaves, name: moved[()]})) / STEP)
        found[name] = slopes
    return found
