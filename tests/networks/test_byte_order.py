"""Arrays in the other order of bytes, as files from elsewhere hold them: the same numbers."""

import numpy as np
import pytest

import nn
import optim
from autograd_core import Tensor
from nn import functional as F

LABELS = np.arange(64) % 7
ROWS, IMAGES = (64, 1100), (4, 8, 24, 24)
OF_ROWS = {
    **{name: getattr(F, name) for name in (
        "relu", "gelu", "silu", "sigmoid", "tanh", "softplus", "elu", "selu", "leaky_relu", "mish",
        "hardswish", "logsigmoid", "softsign",
    )},
    "softmax": lambda x: F.softmax(x, 1),
    "log_softmax": lambda x: F.log_softmax(x, 1),
    "layer_norm": lambda x: F.layer_norm(x, 1100),
    "rms_norm": lambda x: F.rms_norm(x, 1100),
    "batch_norm": lambda x: F.batch_norm(x, training=True),
    "group_norm": lambda x: F.group_norm(x, 4),
    "cross_entropy": lambda x: F.cross_entropy(x, LABELS),
    "mse_loss": lambda x: F.mse_loss(x, np.zeros_like(x)),
    "huber_loss": lambda x: F.huber_loss(x, np.zeros_like(x)),
    "attention": lambda x: F.scaled_dot_product_attention(*[x.reshape(2, 32, 1100)] * 3),
    "linear": lambda x: F.linear(x, np.ones((3, 1100), x.dtype)),
    "embedding": lambda x: F.embedding(LABELS, x),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "mean": lambda x: np.mean(x, axis=1),
    "read twice": lambda x: x[LABELS] + x[LABELS[::-1]],
    "where": lambda x: np.where(x > 0, x * x, 3 * x),
    "arithmetic": lambda x: (x * x - x / 3) * np.sqrt(np.abs(x) + 1),
}  # fmt: skip
OF_IMAGES = {
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 3, 2),
    "conv2d": lambda x: F.conv2d(x, np.ones((6, 8, 3, 3), x.dtype)),
    "instance_norm": lambda x: F.instance_norm(x),
    "batch_norm": lambda x: F.batch_norm(x, training=True),
}
CASES = [(name, f, ROWS) for name, f in OF_ROWS.items()] + [
    (f"{name} of images", f, IMAGES) for name, f in OF_IMAGES.items()
]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("name", "f", "shape"), CASES, ids=[c[0] for c in CASES])
def test_the_numbers_are_those_of_the_native_order(name, f, shape, dtype, compiled):
    rng = np.random.default_rng(0)
    native, weights = rng.normal(size=shape).astype(dtype), None
    found = []
    with nn.use_kernels(compiled=compiled):
        for x in (native, native.astype(native.dtype.newbyteorder())):
            leaf = Tensor(x, requires_grad=True)
            y = f(leaf)
            if weights is None:
                weights = rng.normal(size=y.shape).astype(dtype)
            np.sum(y * weights).backward()
            found.append((np.asarray(f(x), dtype), y.data, leaf.grad.data))
    tolerance = {"f4": {"rtol": 2e-5, "atol": 2e-5}, "f8": {"rtol": 1e-12, "atol": 1e-12}}[dtype]
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(b, a, **tolerance)


@pytest.mark.parametrize("size", [100, 1 << 19], ids=["small", "large"])
@pytest.mark.parametrize("rule", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_optimizers(rule, size):
    native = np.random.default_rng(0).normal(size=size).astype("f4")
    ends = []
    for x in (native, native.astype(">f4")):
        p = Tensor(x, requires_grad=True)
        step = getattr(optim, rule)([p], lr=0.1)
        for _ in range(3):
            step.zero_grad()
            np.sum(p * p).backward()
            step.step()
        ends.append(p.data)
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-6, atol=1e-7)
