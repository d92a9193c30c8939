"""Convolution, pooling and normalization: uneven padding, and a batch mapped over by vmap."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import nn
from autograd_core import ShapeError, grad, gradcheck, vmap
from autograd_core.transforms.batched import LoopWarning
from autograd_core.transforms.random_sources import random_sources
from nn import functional as f

RNG = np.random.default_rng(5)


def by_definition(x, w):
    """Return the convolution that keeps the size; what is odd of the padding comes behind."""
    n, _, height, width = x.shape
    outputs, _, kh, kw = w.shape
    y = np.zeros((n, outputs, height, width))
    for i in range(height):
        for j in range(width):
            for a in range(kh):
                for b in range(kw):
                    p, q = i + a - (kh - 1) // 2, j + b - (kw - 1) // 2
                    if 0 <= p < height and 0 <= q < width:
                        y[:, :, i, j] += x[:, :, p, q] @ w[:, :, a, b].T
    return y


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [(2, 2), (4, 3), (3, 4), (1, 2), (6, 5)])
def test_same_padding_of_even_kernels(kernel):
    x, w = RNG.normal(size=(2, 3, 7, 6)), RNG.normal(size=(4, 3, *kernel))
    y = f.conv2d(x, w, padding="same")
    np.testing.assert_allclose(y, by_definition(x, w), atol=1e-12)
    assert gradcheck(lambda x, w: f.conv2d(x, w, padding="same"), x, w)


def test_same_padding_of_sequences_and_single_examples():
    x, w = RNG.normal(size=(3, 8)), RNG.normal(size=(2, 3, 4))
    y = f.conv1d(x, w, padding="same")
    assert y.shape == (2, 8)
    wide = by_definition(x[None, :, None], w[:, :, None])
    np.testing.assert_allclose(y, wide[0, :, 0], atol=1e-12)
    assert nn.Conv2d(1, 1, 2, padding="same")(np.ones((1, 5, 5))).shape == (1, 5, 5)


def test_paddings_that_are_none_say_so():
    x, w = np.ones((1, 1, 5, 5)), np.ones((1, 1, 2, 2))
    np.testing.assert_array_equal(f.conv2d(x, w, padding="valid"), f.conv2d(x, w))
    with pytest.raises(ShapeError, match="needs stride 1"):
        f.conv2d(x, w, padding="same", stride=2)
    with pytest.raises(ShapeError, match="'same' or 'valid', not 'full'"):
        f.conv2d(x, w, padding="full")


X = RNG.normal(size=(3, 2, 4, 6, 6))  # three batches of two images with four channels
W = RNG.normal(size=(4, 4, 3, 3))
BIAS = RNG.normal(size=4)
MAPPED = {
    "conv2d": lambda x: f.conv2d(x, W, BIAS, padding=1),
    "conv2d, stride": lambda x: f.conv2d(x, W, stride=2),
    "conv_transpose2d": lambda x: f.conv_transpose2d(x, W, BIAS, stride=2),
    "max_pool2d": lambda x: f.max_pool2d(x, 2),
    "max_pool2d, overlapping": lambda x: f.max_pool2d(x, 3, 2, 1),
    "avg_pool2d": lambda x: f.avg_pool2d(x, 2),
    "adaptive_avg_pool2d": lambda x: f.adaptive_avg_pool2d(x, 2),
    "lp_pool2d": lambda x: f.lp_pool2d(x, 2, 2),
    "batch_norm": lambda x: f.batch_norm(x, weight=BIAS, bias=BIAS, training=True),
    "batch_norm, eval": lambda x: f.batch_norm(x, np.zeros(4), np.ones(4), BIAS, BIAS),
    "group_norm": lambda x: f.group_norm(x, 2, BIAS, BIAS),
    "layer_norm": lambda x: f.layer_norm(x, 6),
    "local_response_norm": lambda x: f.local_response_norm(x, 3),
}


@pytest.mark.filterwarnings(f"ignore::{LoopWarning.__module__}.{LoopWarning.__name__}")
@pytest.mark.parametrize("name", MAPPED)
def test_vmap_equals_a_loop(name):
    function = MAPPED[name]
    np.testing.assert_allclose(
        vmap(function)(X), np.stack([function(x) for x in X]), rtol=1e-10, atol=1e-12
    )

    def slope(x):
        return grad(lambda x: np.sum(np.sin(function(x))))(x)

    np.testing.assert_allclose(
        vmap(slope)(X), np.stack([slope(x) for x in X]), rtol=1e-8, atol=1e-10
    )


# --- products while other threads work ----------------------------------------


@pytest.mark.slow
def test_bits_of_a_product_do_not_depend_on_other_threads():
    """Training sets nothing of the process, such as the number of OpenBLAS's threads."""
    a, b = RNG.normal(size=(300, 400)), RNG.normal(size=(400, 120))
    wanted = a @ b
    layer = nn.MultiheadAttention(64, 2, batch_first=True)
    x = RNG.normal(size=(4, 160, 64)).astype(np.float32)  # products of the size in question
    over = threading.Event()

    def multiply(_):
        differing = 0
        while not over.is_set():
            differing += not np.array_equal(a @ b, wanted)
        return differing

    with ThreadPoolExecutor(2) as pool:
        found = pool.map(multiply, range(2))
        try:
            for _ in range(5):
                layer(x, x, x)[0].sum().backward()
        finally:
            over.set()
    assert list(found) == [0, 0]


def test_random_sources_are_looked_for_past_objects_of_c_libraries():
    """Models reach the kernels' modules, and those reach objects whose __dict__ is no dict."""

    class Library:
        __dict__ = property(lambda self: len)

    generator = np.random.default_rng(0)
    assert random_sources([Library(), generator]) == [generator]
