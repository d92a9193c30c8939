"""Layers and functions that no other test names: their numbers are PyTorch's, or known by hand."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nn
import optim
from autograd_core import Tensor, grad
from nn import functional as f
from nn import init

X = np.array([-4.0, -0.7, 0.3, 2.5, 7.0])
A = np.array([[0.5, -2.0, 3.0], [1.0, 0.0, -1.0]])
B = np.array([[1.0, 1.0, 2.0], [0.0, 2.0, -0.5]])

# value and derivative at X, as PyTorch 2.13 computes them in double precision
ACTIVATIONS = {
    "celu": (
        partial(f.celu, alpha=1.5),
        [-1.39577482317, -0.55936637209, 0.3, 2.5, 7.0],
        [0.0694834512228, 0.627089085273, 1.0, 1.0, 1.0],
    ),
    "hardshrink": (f.hardshrink, [-4.0, -0.7, 0.0, 2.5, 7.0], [1, 1, 0, 1, 1]),
    "hardsigmoid": (
        f.hardsigmoid,
        [0.0, 0.383333333333, 0.55, 0.916666666667, 1.0],
        [0.0, 1 / 6, 1 / 6, 1 / 6, 0.0],
    ),
    "hardswish": (
        f.hardswish,
        [0.0, -0.268333333333, 0.165, 2.29166666667, 7.0],
        [0.0, 0.266666666667, 0.6, 1.33333333333, 1.0],
    ),
    "hardtanh": (partial(f.hardtanh, max_val=2.0), [-1.0, -0.7, 0.3, 2.0, 2.0], [0, 1, 1, 0, 0]),
    "relu6": (f.relu6, [0.0, 0.0, 0.3, 2.5, 6.0], [0, 0, 1, 1, 0]),
    "softshrink": (f.softshrink, [-3.5, -0.2, 0.0, 2.0, 6.5], [1, 1, 0, 1, 1]),
    "softsign": (
        f.softsign,
        [-0.8, -0.411764705882, 0.230769230769, 0.714285714286, 0.875],
        [0.04, 0.346020761246, 0.591715976331, 0.0816326530612, 0.015625],
    ),
    "tanhshrink": (
        f.tanhshrink,
        [-3.00067070026, -0.0956322228828, 0.00868738754841, 1.51338570185, 6.00000166306],
        [0.998659049317, 0.365260410018, 0.0848630381734, 0.973407773317, 0.999996673891],
    ),
    "threshold": (
        partial(f.threshold, threshold=1.0, value=-2.0),
        [-2.0, -2.0, -2.0, 2.5, 7.0],
        [0, 0, 0, 1, 1],
    ),
    "LogSigmoid": (
        nn.LogSigmoid(),
        [-4.01814992792, -1.10318604889, -0.554355244469, -0.0788897342925, -0.000911466453774],
        [0.982013790038, 0.668187772168, 0.425557483188, 0.0758581800212, 0.000911051194401],
    ),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    function, values, slopes = ACTIVATIONS[name]
    assert_allclose(function(X), values, rtol=1e-9, atol=1e-12)
    assert_allclose(grad(lambda x: function(x).sum())(X), slopes, rtol=1e-9)


# value and gradient at A (against B), from the same source
COMPARED = {
    "HuberLoss": (
        lambda a: nn.HuberLoss(delta=0.75)(a, B),
        0.7291666666666666,
        [[-0.08333333333, -0.125, 0.125], [0.125, -0.125, -0.08333333333]],
    ),
    "CosineSimilarity": (
        lambda a: nn.CosineSimilarity()(a, B).sum(),
        0.6761935238253487,
        [[0.09310933879, 0.1883347989, 0.1100383095],
         [-0.08574929257, 0.6859943406, -0.08574929257]],
    ),
    "EntropyLoss": (
        nn.EntropyLoss(),
        0.5684530622378705,
        [[0.08596528811, 0.01479181715, -0.1007571053],
         [-0.1412937255, 0.07038517873, 0.0709085468]],
    ),
    # by hand: the halved squared lengths of (-0.5, -3, 1) and (1, -2, -0.5), their mean
    "HalfSquaredError": (
        lambda a: nn.HalfSquaredError()(a, B),
        (0.5 * 10.25 + 0.5 * 5.25) / 2,
        [[-0.25, -1.5, 0.5], [0.5, -1.0, -0.25]],
    ),
    # by hand: max(0, 1 - t x) with t = (1, -1, 1) and (-1, 1, -1) is (0.5, 0, 0) and (2, 1, 0)
    "HingeLoss": (
        lambda a: nn.HingeLoss()(a, np.array([[1, -1, 1], [-1, 1, -1]])),
        3.5 / 6,
        [[-1 / 6, 0.0, 0.0], [1 / 6, -1 / 6, 0.0]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARED)
def test_losses(name: str) -> None:
    function, value, slopes = COMPARED[name]
    assert_allclose(function(A), value, rtol=1e-12)
    assert_allclose(grad(function)(A), slopes, rtol=1e-8, atol=1e-12)


def test_pooling() -> None:
    image = (np.arange(15.0) * 7 % 15).reshape(1, 1, 3, 5)
    pool = nn.AdaptiveMaxPool2d((2, 3))
    assert_array_equal(pool(image), [[[[12.0, 14.0, 13.0], [12.0, 12.0, 11.0]]]])
    slopes = grad(lambda x: pool(x).sum())(image)
    assert_array_equal(slopes, [[[[0, 0, 1, 0, 1], [0, 3, 0, 1, 0], [0, 0, 0, 0, 0]]]])
    sequence = np.array([[[3.0, -4.0, 1.0, 2.0]]])
    assert_allclose(f.lp_pool1d(sequence, 3.0, 2), [[[91 ** (1 / 3), 9 ** (1 / 3)]]])
    slopes = grad(lambda x: f.lp_pool1d(x, 3.0, 2).sum())(sequence)
    assert_allclose(
        slopes, [[[9 / 91 ** (2 / 3), -16 / 91 ** (2 / 3), 9 ** (-2 / 3), 4 / 9 ** (2 / 3)]]]
    )
    mean = nn.GlobalAvgPool2d()
    assert_array_equal(mean(image), [[7.0]])
    assert_allclose(grad(lambda x: mean(x).sum())(image), np.full(image.shape, 1 / 15))


def test_initial_values() -> None:
    rng = np.random.default_rng(3)
    shape, inputs, outputs = (40, 30, 3, 3), 270, 360
    assert init.fans(shape) == (inputs, outputs)
    drawn = {
        "uniform": (init.uniform_(np.empty(shape), -2.0, 4.0, rng), 1.0, 6 / 12**0.5),
        "normal": (init.normal_(np.empty(shape), 5.0, 0.5, rng), 5.0, 0.5),
        "fan in": (init.fan_in_normal_(np.empty(shape), rng), 0.0, inputs**-0.5),
        "xavier": (
            init.xavier_normal_(np.empty(shape), 2.0, rng), 0.0, 2 * (2 / (inputs + outputs)) ** 0.5
        ),
        "kaiming": (
            init.kaiming_uniform_(np.empty(shape), 0.0, "fan_out", "relu", rng),
            0.0, (2 / outputs) ** 0.5,
        ),
    }  # fmt: skip
    for name, (values, mean, deviation) in drawn.items():
        assert abs(values.mean() - mean) < 5 * deviation / values.size**0.5, name
        assert_allclose(values.std(), deviation, rtol=0.03, err_msg=name)
    weight = Tensor(np.ones(3), requires_grad=True)
    assert init.zeros_(weight) is weight
    assert_array_equal(weight.data, np.zeros(3))


def test_what_functions_return() -> None:
    layer = nn.Linear(2, 1)
    keys = layer.load_state_dict({"bias": np.zeros(1), "more": np.zeros(1)}, strict=False)
    assert isinstance(keys, nn.IncompatibleKeys)
    assert keys == (["weight"], ["more"])
    table = nn.summary(layer, np.ones((1, 2)))
    assert isinstance(table, nn.Summary)
    assert table.parameters == 3
    found = optim.newton(lambda x: np.sum((x - 1.0) ** 2), np.zeros(2))
    assert isinstance(found, optim.Result)
    assert found.converged
    assert isinstance(optim.SGD(layer.parameters(), lr=0.1), optim.Optimizer)
    data = nn.ArrayDataset([[0.0], [1.0]], [0, 1])
    assert len(data) == 2
    assert data[1] == (np.array([1.0]), 1)
    nn.keep_freed_memory()  # what it does is tested in a process of its own (test_nn_heap.py)


def test_values_are_clipped_one_by_one() -> None:
    p, q = (Tensor(np.zeros(3), requires_grad=True) for _ in range(2))
    p.grad = [3.0, -0.4, -7.0]
    optim.clip_grad_value_([p, q], 1.0)
    assert_array_equal(p.grad.data, [1.0, -0.4, -1.0])
    assert q.grad is None
