"""Half precision: sums of more than 65,504 elements, what single precision gives, rounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases.nn_functions import CASES, FUNCTIONS, call

import nn
from autograd_core import Tensor, grad, jvp

F = nn.functional
MANY = 70_000
RNG = np.random.default_rng(5)
LONG = RNG.normal(size=MANY).astype(np.float16)
OTHER = RNG.normal(size=MANY).astype(np.float16)
SHARES = RNG.uniform(0.1, 0.9, MANY).astype(np.float16)
TALL = LONG.reshape(-1, 2)[:, ::-1].repeat(2, axis=0)  # (70,000, 2)
PLANE = np.concatenate([LONG, OTHER[:1400]])[: 2 * 180 * 190].reshape(1, 2, 180, 190)
LABELS = RNG.integers(0, 2, MANY)

# name: (function, arrays that are differentiated)
LARGE: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "mse": (F.mse_loss, (LONG, OTHER)),
    "half squared": (lambda a, b: F.half_squared_error(a[:, None], b[:, None]), (LONG, OTHER)),
    "l1": (F.l1_loss, (LONG, OTHER)),
    "huber": (F.huber_loss, (LONG, OTHER)),
    "smooth l1": (lambda a, b: F.smooth_l1_loss(a, b, beta=0.5), (LONG, OTHER)),
    "bce": (F.binary_cross_entropy, (SHARES, SHARES[::-1].copy())),
    "bce, weights": (lambda a: F.binary_cross_entropy(a, SHARES, weight=SHARES), (SHARES,)),
    "bce with logits": (F.binary_cross_entropy_with_logits, (LONG, SHARES)),
    "kl": (F.kl_div, (LONG, SHARES)),
    "hinge": (lambda a: F.hinge_loss(a, np.sign(OTHER + 0.001)), (LONG,)),
    "cosine": (lambda a, b: F.cosine_similarity(a, b, dim=0), (LONG, OTHER)),
    "cross entropy, rows": (lambda z: F.cross_entropy(z, LABELS), (TALL,)),
    "cross entropy, classes": (
        lambda z: F.cross_entropy(z.reshape(1, -1), np.array([3])),
        (LONG,),
    ),
    "weighted": (
        lambda z, w: F.cross_entropy(z, LABELS, weight=w),
        (TALL, np.ones(2, np.float16)),
    ),
    "nll": (lambda z: F.nll_loss(z, LABELS), (TALL,)),
    "margins": (lambda z: F.multi_margin_loss(z, LABELS), (TALL,)),
    "entropy": (F.entropy, (LONG,)),
    "softmax": (lambda x: F.softmax(x)[:5] * 30_000, (LONG,)),
    "log softmax": (lambda x: F.log_softmax(x)[:5], (LONG,)),
    "prelu": (lambda x, w: F.prelu(x, w)[::1000], (LONG, np.full(1, 0.2, np.float16))),
    "batch norm": (
        lambda x, w, b: F.batch_norm(x, weight=w, bias=b, training=True)[::1000],
        (TALL, np.ones(2, np.float16), np.zeros(2, np.float16)),
    ),
    "layer norm": (lambda x: F.layer_norm(x, MANY)[::1000], (LONG,)),
    "layer norm, gains": (
        lambda x, w, b: F.mse_loss(F.layer_norm(x, 2, w, b, eps=1.0), TALL * 0.5),
        (TALL, np.ones(2, np.float16), np.zeros(2, np.float16)),
    ),
    "group norm": (lambda x: F.group_norm(x.reshape(1, 2, -1), 1)[:, :, ::1000], (LONG,)),
    "average": (lambda x: F.avg_pool2d(x, (180, 190)), (PLANE,)),
    "average, adaptive": (lambda x: F.adaptive_avg_pool2d(x, 1), (PLANE,)),
    "power mean": (lambda x: F.lp_pool2d(x, 2, (180, 190)), (PLANE,)),
    "linear": (lambda x, w: F.linear(x, w)[0] * 0.001, (LONG, OTHER[None])),
    "linear, bias": (
        lambda w, b: F.mse_loss(F.linear(TALL, w, b), TALL * 0.5),
        (np.ones((2, 2), np.float16), np.ones(2, np.float16)),
    ),
    "conv": (
        lambda w, b: F.mse_loss(F.conv2d(PLANE, w, b), 0.5 * PLANE),
        (np.ones((2, 2, 1, 1), np.float16), np.ones(2, np.float16)),
    ),
    "attention": (
        lambda v: F.scaled_dot_product_attention(np.zeros((1, 2), np.float16), 0 * v, v),
        (TALL + np.float16(1),),
    ),
    "embedding": (
        lambda w: F.mse_loss(F.embedding(LABELS, w), TALL),
        (np.ones((3, 2), np.float16),),
    ),
}


def close(found: Any, wanted: Any) -> None:
    """Compare up to half's spacing, and single precision's beside terms that cancel."""
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(wanted, float), rtol=4e-3,
                               atol=max(4e-6, 2e-3 * float(np.abs(wanted).max())))  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_more_elements_than_half_can_count(name: str) -> None:
    f, given = LARGE[name]
    seed = RNG.uniform(0.5, 1.5, np.shape(f(*given)))

    factor = 1.0 if seed.ndim else 1024.0  # gradients of a mean are tiny

    def scalar(dtype: Any) -> Any:
        return lambda *xs: (np.sum(f(*xs).astype(np.float64) * seed) * factor).astype(dtype)

    value = f(*given)
    assert value.dtype == np.float16
    wide = [x.astype(np.float64) for x in given]
    with nn.use_kernels(
        compiled=False
    ):  # there are none of half precision; of double, seconds each
        close(value, f(*wide))
        for k in range(len(given)):
            found = grad(scalar(np.float16), argnums=k)(*given)
            wanted = grad(scalar(float), argnums=k)(*wide)
            assert found.dtype == np.float16
            close(found, wanted)
        ones = [np.ones_like(x) for x in given]
        close(jvp(f, given, tuple(ones))[1], jvp(f, wide, [o.astype(float) for o in ones])[1])


@pytest.mark.parametrize(("name", "k"), CASES)
def test_every_function_in_half_precision(name: str, k: int) -> None:
    given = {
        key: v.astype(np.float16) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for key, v in FUNCTIONS[name][k].items()
    }
    wide = {
        key: v.astype(float) if isinstance(v, np.ndarray) and v.dtype.char == "e" else v
        for key, v in given.items()
    }
    found, wanted = call(name, given), call(name, wide)
    assert found.dtype == np.float16 or name == "one_hot"
    close(found, wanted)
    for place, value in given.items():
        if getattr(value, "dtype", None) != np.float16 or place in ("target", "running_mean",
                                                                    "running_var"):  # fmt: skip
            continue
        one, other = (
            grad(lambda x, g=g, place=place: np.sum(call(name, g | {place: x})))(g[place])
            for g in (given, wide)
        )
        assert one.dtype == np.float16
        close(one, other)


def test_zeros_have_the_entropy_of_their_number() -> None:
    z = Tensor(np.zeros((MANY, 3), np.float16), requires_grad=True)
    loss = F.cross_entropy(z, np.zeros(MANY, int))
    assert loss.data == np.float16(np.log(3))
    loss.backward(np.float16(1024))
    close(z.grad[0], 1024 / MANY * np.array([-2 / 3, 1 / 3, 1 / 3]))


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN", "MultiheadAttention"])
def test_recurrent_layers_and_attention(name: str) -> None:
    nn.manual_seed(0)
    arguments = (4, 2) if name == "MultiheadAttention" else (4, 3)
    x = RNG.normal(size=(5, 2, 4)).astype(np.float16)
    found = []
    module = getattr(nn, name)(*arguments)
    for dtype in (np.float16, np.float64):
        for p in module.parameters():
            p.data = p.data.astype(np.float16).astype(dtype)
            p.grad = None
        given = x.astype(dtype)
        out = module(*[given] * (3 if name == "MultiheadAttention" else 1))[0]
        assert out.dtype == dtype
        np.sum(out * out).backward()
        found.append([out.data, *(p.grad for p in module.parameters())])
    for half, wide in zip(*found, strict=True):
        np.testing.assert_allclose(half, wide, rtol=2e-2, atol=2e-2)
