"""Graphs to look at and to test with: from one line of algebra to a transformer.

Each function records one and returns its output.  They are plain NumPy on
Tensors; ``scope`` says what belongs together, as a layer's call would.
"""

# ruff: noqa: RET504 - assigned, so that the values have names to be drawn with

import numpy as np

from autograd_core import ShapeError, Tensor, scope


def _param(rng, *shape):
    fan = shape[-1] if len(shape) > 1 else 8
    return Tensor(rng.normal(size=shape) / np.sqrt(fan), requires_grad=True)


def cubic():
    x = Tensor(2.0, requires_grad=True)
    y = Tensor(3.0, requires_grad=True)
    c = x**3
    t = 3 * y
    s = x + t
    F = c * s
    return F


def neuron():
    x1, x2, y = Tensor(1.0), Tensor(-2.0), Tensor(1.0)
    w1 = Tensor(0.5, requires_grad=True)
    w2 = Tensor(-0.3, requires_grad=True)
    b = Tensor(0.1, requires_grad=True)
    z = w1 * x1 + w2 * x2 + b
    a = 1 / (1 + np.exp(-z))
    e = a - y
    C = e * e
    R = w1 * w1 + w2 * w2
    L = C + 0.1 * R
    return L


def mlp():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(32, 2))
    Y = rng.normal(size=(32, 1))
    W1, b1 = _param(rng, 2, 16), _param(rng, 16)
    W2, b2 = _param(rng, 16, 1), _param(rng, 1)
    z = X @ W1 + b1
    h = np.maximum(z, 0)
    p = h @ W2 + b2
    e = p - Y
    loss = np.mean(e * e)
    return loss


def _conv(x, w, b):
    """Valid convolution: every patch as a row, times the kernels."""
    n, c, height, width = x.shape
    k = w.shape[-1]
    rows, columns = height - k + 1, width - k + 1
    patches = np.stack(
        [x[:, :, i : i + rows, j : j + columns] for i in range(k) for j in range(k)], axis=-1
    )
    flat = np.moveaxis(patches, 1, 3).reshape(n, rows, columns, c * k * k)
    return np.moveaxis(flat @ w.reshape(w.shape[0], -1).T + b, 3, 1)


def _pool(x):
    n, c, height, width = x.shape
    return np.mean(x.reshape(n, c, height // 2, 2, width // 2, 2), axis=(3, 5))


def _cross_entropy(logits, labels):
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_z = np.log(np.sum(np.exp(shifted), axis=1))
    return np.mean(log_z - shifted[np.arange(len(labels)), labels])


def lenet():
    rng = np.random.default_rng(1)
    images = rng.normal(size=(4, 1, 16, 16))
    labels = np.array([1, 0, 3, 2])
    w1, b1 = _param(rng, 6, 1, 3, 3), _param(rng, 6)
    w2, b2 = _param(rng, 16, 6, 3, 3), _param(rng, 16)
    w3, b3 = _param(rng, 64, 30), _param(rng, 30)
    w4, b4 = _param(rng, 30, 4), _param(rng, 4)
    with scope("conv1"):
        h = np.tanh(_conv(images + 0 * b1[0], w1, b1))
    with scope("pool1"):
        h = _pool(h)
    with scope("conv2"):
        h = np.tanh(_conv(h[:, :, :6, :6], w2, b2))
    with scope("pool2"):
        h = _pool(h)
    flat = h.reshape(4, -1)
    with scope("fc1"):
        h = np.tanh(flat @ w3 + b3)
    with scope("fc2"):
        logits = h @ w4 + b4
    with scope("cross_entropy"):
        loss = _cross_entropy(logits, labels)
    return loss


def residual():
    rng = np.random.default_rng(2)
    x = _param(rng, 8, 16)
    W1, W2 = _param(rng, 16, 16), _param(rng, 16, 16)
    with scope("block"):
        with scope("norm"):
            centred = x - np.mean(x, axis=1, keepdims=True)
            h = centred / np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + 1e-5)
        with scope("branch"):
            h = np.maximum(h @ W1, 0) @ W2
        y = x + h
    loss = np.mean(y * y)
    return loss


def lstm(steps=28):
    rng = np.random.default_rng(3)
    image = rng.normal(size=(steps, 4, 28))
    W, U, b = _param(rng, 28, 32), _param(rng, 8, 32), _param(rng, 32)
    V = _param(rng, 8, 10)
    h = c = np.zeros((4, 8))
    for t in range(steps):
        with scope("cell"):
            gates = image[t] @ W + h @ U + b
            i, f, o = (1 / (1 + np.exp(-gates[:, 8 * k : 8 * k + 8])) for k in range(3))
            c = f * c + i * np.tanh(gates[:, 24:])
            h = o * np.tanh(c)
    logits = h @ V
    loss = _cross_entropy(logits, np.arange(4))
    return loss


def _attention(x, p):
    q, k, v = x @ p["q"], x @ p["k"], x @ p["v"]
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return weights @ v @ p["o"]


def _norm(x):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + 1e-5)


def transformer(layers=12):
    rng = np.random.default_rng(4)
    table, head = _param(rng, 20, 16), _param(rng, 16, 20)
    tokens = rng.integers(20, size=(2, 6))
    blocks = [
        {name: _param(rng, 16, 16) for name in ("q", "k", "v", "o", "up", "down")}
        for _ in range(layers)
    ]
    with scope("embed"):
        x = table[tokens]
    for n, p in enumerate(blocks):
        with scope(f"block{n}"):
            with scope("norm1"):
                h = _norm(x)
            with scope("attention"):
                h = _attention(h, p)
            x = x + h
            with scope("norm2"):
                h = _norm(x)
            with scope("feedforward"):
                h = np.maximum(h @ p["up"], 0) @ p["down"]
            x = x + h
    with scope("head"):
        logits = x @ head
    with scope("cross_entropy"):
        loss = _cross_entropy(logits.reshape(-1, 20), tokens.reshape(-1))
    return loss


def doublings():
    y = Tensor(1.0, requires_grad=True)
    for _ in range(60):
        y = y + y
    return y


def thousand_uses():
    x = Tensor(0.5, requires_grad=True)
    parts = [x * k for k in range(1000)]
    total = np.sum(np.stack(parts))
    return total


def few_uses():
    """One value used 20 times, all drawn."""
    x = Tensor(0.5, requires_grad=True)
    total = x * 1.0
    for k in range(2, 21):
        total = total + x * float(k)
    return total


def cut_off():
    """Return the error that stopped a computation in the middle."""
    W = Tensor(np.ones((3, 4)), requires_grad=True)
    V = Tensor(np.ones((3, 2)), requires_grad=True)
    try:
        h = np.tanh(W) * 2
        h @ V
    except ShapeError as error:
        return error
    raise AssertionError("the shapes fit after all")


ALL = {
    "cubic": cubic,
    "neuron": neuron,
    "mlp": mlp,
    "lenet": lenet,
    "residual": residual,
    "lstm": lstm,
    "transformer": transformer,
    "doublings": doublings,
    "thousand_uses": thousand_uses,
    "few_uses": few_uses,
    "cut_off": cut_off,
}
