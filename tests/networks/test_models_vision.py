"""LeNet-5, AlexNet, GoogLeNet, AlphaGo Zero's tower, a shared trunk: counts and derivatives."""

import numpy as np
import pytest

import nn
from autograd_core import Tensor, gradcheck
from nn.models import (
    MLP,
    AlexNet,
    AlphaGoZero,
    Autoencoder,
    GoogLeNet,
    Inception,
    LeNet5,
    LeNet1989,
    MultiTask,
    ResidualBlock,
)
from nn.models.inception import TABLE as INCEPTION
from nn.models.lenet import TABLE as CONNECTIONS
from nn.models.lenet import PartialConv2d, Subsampling, codes
from nn.models.lenet1989 import TABLE as RING


def size(module):
    return sum(p.size for p in module.parameters())


def test_lenet_has_the_published_counts():
    # LeCun et al. (1998), section II-B: trained parameters of each layer, 60,000 in all
    published = {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48120, "f6": 10164}
    model = LeNet5()
    assert {name: size(getattr(model, name)) for name in published} == published
    assert size(model) == 60_000


def test_lenet_connects_as_table_1_says():
    sizes = [len(seen) for seen in CONNECTIONS]
    assert sizes == [3] * 6 + [4] * 9 + [6]
    assert len(set(CONNECTIONS)) == 16
    for k in range(6):  # contiguous subsets, around the circle of six maps
        assert set(CONNECTIONS[k]) == {k, (k + 1) % 6, (k + 2) % 6}
        assert set(CONNECTIONS[6 + k]) == {(k + j) % 6 for j in range(4)}
    per_input = np.bincount([m for seen in CONNECTIONS for m in seen])
    assert per_input.tolist() == [10] * 6


def test_a_map_sees_only_its_own(rng):
    layer = PartialConv2d(CONNECTIONS, 6, 5, np.float64)
    x = rng.normal(size=(1, 6, 7, 7))
    before = layer(x).data
    for k in range(6):
        changed = x.copy()
        changed[:, k] += 1.0
        moved = np.abs(layer(changed).data - before).max(axis=(0, 2, 3)) > 1e-9
        assert moved.tolist() == [k in seen for seen in CONNECTIONS]


def test_subsampling_sums_four_and_scales(rng):
    layer = Subsampling(2, np.float64)
    x = rng.normal(size=(1, 2, 4, 4))
    y = layer(x).data
    sums = x.reshape(1, 2, 2, 2, 2, 2).sum(axis=(3, 5))
    np.testing.assert_allclose(y, layer.weight.data * sums + layer.bias.data, atol=1e-12)


def test_lenet_outputs_are_minus_squared_distances(rng):
    model = LeNet5(np.float64)
    x = rng.normal(size=(2, 1, 32, 32))
    features, aims = model.features(x).data, codes()
    assert set(np.unique(aims)) == {-1.0, 1.0}
    distances = ((features[:, None] - aims[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(model(x).data, -distances, rtol=1e-12)
    gaps = ((aims[:, None] - aims[None]) ** 2).sum(axis=2) / 4  # pixels that differ
    assert (gaps + 84 * np.eye(10)).min() >= 8  # no two drawings are easily confused


def test_lenet_of_1989_has_the_published_counts():
    # LeCun et al. (1989), section 4: weights and biases of each layer, 9,760 in all
    model = LeNet1989()
    assert size(model) == 9_760
    assert model.h1.size + model.b1.size == 1_068
    assert size(model.h2) + model.b2.size == 2_592
    assert (size(model.h3), size(model.out)) == (5_790, 310)
    assert {len(seen) for seen in RING} == {8}
    assert np.bincount(np.ravel(RING)).tolist() == [8] * 12
    assert len(set(RING)) == 12


def test_lenet_of_1989_is_what_the_paper_says(rng):
    """Every unit by itself: a window, a border of -1, a bias of its own, a scaled tanh."""
    model = LeNet1989(dtype=np.float64)
    for p in (model.b1, model.b2):
        p.data[...] = rng.normal(size=p.shape)
    image = rng.normal(size=(16, 16))

    def layer(maps, kernels, seen, biases):
        out = np.zeros(biases.shape)
        framed = np.pad(maps, ((0, 0), (2, 2), (2, 2)), constant_values=-1.0)
        for m, i, j in np.ndindex(biases.shape):
            window = framed[list(seen[m]), 2 * i : 2 * i + 5, 2 * j : 2 * j + 5]
            out[m, i, j] = 1.7159 * np.tanh(2 / 3 * (np.sum(window * kernels[m]) + biases[m, i, j]))
        return out

    first = layer(image[None], model.h1.data, [(0,)] * 12, model.b1.data)
    kernels = model.h2.weight.data.reshape(12, 8, 5, 5)
    second = layer(first, kernels, RING, model.b2.data)
    x = second.reshape(-1)
    for linear in (model.h3, model.out):
        x = 1.7159 * np.tanh(2 / 3 * (linear.weight.data @ x + linear.bias.data))
    np.testing.assert_allclose(model(image[None, None]).data[0], x, rtol=1e-12)
    assert gradcheck(lambda image: model(image), image[None, None])


@pytest.mark.slow  # draws 61 million numbers
def test_alexnet_has_the_published_count():
    # Krizhevsky et al. (2012): "60 million parameters"; layer by layer, two groups in 2, 4 and 5
    by_hand = [
        (11 * 11 * 3 + 1) * 96,
        (5 * 5 * 48 + 1) * 256,
        (3 * 3 * 256 + 1) * 384,
        (3 * 3 * 192 + 1) * 384,
        (3 * 3 * 192 + 1) * 256,
        (6 * 6 * 256 + 1) * 4096,
        (4096 + 1) * 4096,
        (4096 + 1) * 1000,
    ]
    model = AlexNet()
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert [size(layer) for layer in layers] == by_hand
    assert size(model) == 60_965_224
    assert [float(layer.bias.data[0]) for layer in layers] == [0, 1, 0, 1, 1, 1, 1, 0]


def test_alexnets_response_normalization_is_the_papers(rng):
    layer = next(m for m in AlexNet(size=67, width=1 / 8).modules() if "Local" in type(m).__name__)
    a = rng.normal(size=(1, 12, 2, 2)) * 30
    wanted = np.empty_like(a)
    for i in range(12):  # section 3.3, term by term: n = 5, k = 2, alpha = 1e-4, beta = 0.75
        near = a[:, max(0, i - 2) : min(11, i + 2) + 1]
        wanted[:, i] = a[:, i] / (2 + 1e-4 * (near**2).sum(axis=1)) ** 0.75
    np.testing.assert_allclose(layer(a), wanted, rtol=1e-10)


@pytest.mark.parametrize(
    ("settings", "match"), [({"size": 66}, "at least 67"), ({"width": 1e-3}, "1/64")]
)
def test_alexnet_too_small(settings, match):
    with pytest.raises(Exception, match=match):
        AlexNet(**settings)


def test_alexnet_smallest():
    model = AlexNet(classes=3, channels=1, size=67, width=1 / 64).eval()
    assert model(np.zeros((1, 1, 67, 67), np.float32)).shape == (1, 3)


def test_googlenet_has_the_counts_of_its_table():
    def conv(before, after, k):
        return (k * k * before + 1) * after

    before, total = 192, conv(3, 64, 7) + conv(64, 64, 1) + conv(64, 192, 3)
    model = GoogLeNet()
    modules = [m for m in model.modules() if isinstance(m, Inception)]
    # Table 1's column "params" in thousands (of 1,024); 4c and 5a differ from what their own
    # rows of layers give by 7 and 5 %, the others by at most 2 %
    published = (159, 380, 364, 437, 463, 580, 840, 1072, 1388)
    for (name, row), module, thousands in zip(INCEPTION.items(), modules, published, strict=True):
        one, r3, three, r5, five, pool = row
        by_hand = (
            conv(before, one, 1) + conv(before, r3, 1) + conv(r3, three, 3)
            + conv(before, r5, 1) + conv(r5, five, 5) + conv(before, pool, 1)
        )  # fmt: skip
        assert size(module) == by_hand, name
        assert by_hand / 1024 == pytest.approx(
            thousands, rel=0.08 if name in ("4c", "5a") else 0.02
        )
        before, total = one + three + five + pool, total + by_hand
    assert before == 1024
    assert size(model) == total + 1025 * 1000 == 6_998_552


@pytest.mark.parametrize(("blocks", "total"), [(19, 22_827_877), (39, 46_441_317)])
def test_alphago_zero_has_the_counts_of_its_methods(blocks, total):
    # Silver et al. (2017), Methods: every convolution is followed by batch normalization (2
    # numbers a channel); policy and value heads; 17 planes, 361 points
    first = 3 * 3 * 17 * 256 + 2 * 256
    block = 2 * (3 * 3 * 256 * 256 + 2 * 256)
    policy = 256 * 2 + 2 * 2 + (2 * 361 + 1) * 362
    value = 256 + 2 + (361 + 1) * 256 + (256 + 1)
    assert first + blocks * block + policy + value == total
    model = AlphaGoZero(blocks=blocks)
    assert size(model) == total
    assert size(model.policy) == policy
    assert size(model.value) == value
    assert sum(isinstance(m, ResidualBlock) for m in model.modules()) == blocks


def test_residual_block_adds_its_input(rng):
    block = ResidualBlock(3, np.float64).eval()
    x = rng.normal(size=(2, 3, 4, 4))
    np.testing.assert_allclose(block(x).data, np.maximum(block.path(x).data + x, 0), atol=1e-12)
    block.path[-1].weight.data[...] = 0  # nothing on the path: only the input is left
    np.testing.assert_allclose(block(x).data, np.maximum(x, 0), atol=1e-12)


def test_residual_block_is_the_documents_steps_by_hand(rng):
    """Convolution, normalization, ReLU, convolution, normalization, skip, ReLU: in plain NumPy."""

    def convolved(x, weight):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        height, width = x.shape[2:]
        return sum(
            np.einsum(
                "nihw,oi->nohw", padded[:, :, r : r + height, c : c + width], weight[..., r, c]
            )
            for r in range(3)
            for c in range(3)
        )

    def normalized(x, norm):
        mean, variance = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        scale = (norm.weight.data / np.sqrt(variance + norm.eps))[:, None, None]
        return (x - mean[:, None, None]) * scale + norm.bias.data[:, None, None]

    block = ResidualBlock(3, np.float64)
    conv1, norm1, _, conv2, norm2 = block.path
    for norm in (norm1, norm2):
        norm.weight.data[...], norm.bias.data[...] = rng.normal(size=(2, 3))
    x = rng.normal(size=(4, 3, 5, 5))
    inner = np.maximum(normalized(convolved(x, conv1.weight.data), norm1), 0)
    expected = np.maximum(normalized(convolved(inner, conv2.weight.data), norm2) + x, 0)
    np.testing.assert_allclose(block(x).data, expected, atol=1e-12)


def test_alphago_zeros_parts_have_the_documents_sizes():
    model = AlphaGoZero(blocks=1)
    for module in [m for m in model.tower.modules() if isinstance(m, nn.Conv2d)]:
        assert module.weight.shape[0] == 256
        assert module.weight.shape[2:] == (3, 3)
        assert (module.stride, module.padding) == ((1, 1), (1, 1))
    kinds = [type(m).__name__ for m in model.tower[-1].path]
    assert kinds == ["Conv2d", "BatchNorm2d", "ReLU", "Conv2d", "BatchNorm2d"]
    kinds = [type(m).__name__ for m in model.value]
    assert kinds[-4:] == ["Linear", "ReLU", "Linear", "Tanh"]
    assert model.value[-4].weight.shape == (256, 361)
    assert model.policy[-1].weight.shape == (19 * 19 + 1, 2 * 361)


TINY = {
    "lenet": (lambda: LeNet5(np.float64), (1, 1, 32, 32)),
    "alexnet": (lambda: AlexNet(3, 1, 67, 1 / 64, np.float64).eval(), (1, 1, 67, 67)),
    "inception": (lambda: Inception(3, 2, 2, 2, 2, 2, 2, np.float64), (1, 3, 5, 5)),
    "alphago_zero": (lambda: AlphaGoZero(3, 2, 3, 1, 9, 4, np.float64), (2, 2, 3, 3)),
    "multitask": (
        lambda: MultiTask(MLP([4, 3], output=nn.Tanh, dtype=np.float64), 3, {"a": 2, "b": 1},
                          np.float64),
        (3, 4),
    ),
}  # fmt: skip


def outputs(value):
    if isinstance(value, dict):
        value = tuple(value.values())
    return value if isinstance(value, tuple) else (value,)


@pytest.mark.parametrize("name", TINY)
def test_derivatives_along_random_directions(name, rng):
    """One central difference of the loss along a random direction of all parameters."""
    make, shape = TINY[name]
    nn.manual_seed(1)
    model = make()
    for p in model.parameters():
        p.data[...] = rng.normal(size=p.shape) * 0.3
    x = rng.normal(size=shape)
    weights = [rng.normal(size=o.shape) for o in outputs(model(x))]

    def loss():
        total = 0.0
        for output, weight in zip(outputs(model(x)), weights, strict=True):
            total = total + np.sum(output * weight)
        return total

    loss().backward()
    parameters = list(model.parameters())
    directions = [rng.normal(size=p.shape) for p in parameters]
    slope = sum(float(np.sum(p.grad.data * d)) for p, d in zip(parameters, directions, strict=True))
    step = 1e-6
    values = []
    for sign in (1, -1):
        for p, d in zip(parameters, directions, strict=True):
            p.data[...] += sign * step * d
        values.append(loss().item())
        for p, d in zip(parameters, directions, strict=True):
            p.data[...] -= sign * step * d
    assert slope == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", ["inception", "alphago_zero", "multitask"])
def test_gradcheck_by_input(name, rng):
    make, shape = TINY[name]
    nn.manual_seed(0)
    model = make()
    x = Tensor(rng.normal(size=shape), requires_grad=True)

    def loss(x):
        return sum((np.sum(np.sin(o)) for o in outputs(model(x))), 0.0)

    gradcheck(loss, x)


@pytest.mark.parametrize("name", TINY)
def test_state_goes_to_a_file_and_back(name, tmp_path, rng):
    make, shape = TINY[name]
    nn.manual_seed(0)
    one = make().eval()
    nn.manual_seed(1)
    other = make().eval()
    x = rng.normal(size=shape)
    nn.save(one.state_dict(), tmp_path / "model.safetensors")
    other.load_state_dict(nn.load(tmp_path / "model.safetensors"))
    for a, b in zip(outputs(one(x)), outputs(other(x)), strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def test_shared_trunk_learns_from_every_task(rng):
    model = TINY["multitask"][0]()
    x = rng.normal(size=(5, 4))
    trunk = model.trunk.layers[0].weight

    def gradient(*tasks):
        model.zero_grad()
        out = model(x)
        total = 0.0
        for task in tasks:
            total = total + np.sum(out[task] ** 2)
        total.backward()
        return trunk.grad.data.copy()

    np.testing.assert_allclose(gradient("a", "b"), gradient("a") + gradient("b"), rtol=1e-12)


def test_layers_without_activation_collapse_into_one(rng):
    """Y = W3 (W2 (W1 x + b1) + b2) + b3 = W x + b: depth buys nothing while f is the identity."""
    deep = nn.Sequential(*(nn.Linear(a, b, dtype=np.float64) for a, b in ((5, 7), (7, 6), (6, 3))))
    weight, bias = np.eye(5), np.zeros(5)
    for layer in deep:
        weight = layer.weight.data @ weight
        bias = layer.weight.data @ bias + layer.bias.data
    x = rng.normal(size=(20, 5))
    np.testing.assert_allclose(deep(x).data, x @ weight.T + bias, atol=1e-12)
    bent = nn.Sequential(deep[0], nn.ReLU(), deep[1], nn.ReLU(), deep[2])
    x, y = rng.normal(size=(2, 20, 5))
    gap = bent(x).data + bent(y).data - bent(x + y).data - bent(0 * x).data
    assert np.abs(gap).max() > 0.01  # not affine any more


def test_a_perceptron_drops_between_its_layers_only():
    model = MLP([6, 5, 4, 3], nn.Tanh, output=nn.Sigmoid, dropout=0.5)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [
        "Linear", "Tanh", "Dropout", "Linear", "Tanh", "Dropout", "Linear", "Sigmoid"
    ]  # fmt: skip
    assert [layer.p for layer in model.layers if isinstance(layer, nn.Dropout)] == [0.5, 0.5]


def test_an_autoencoders_copy_lies_between_0_and_1():
    nn.manual_seed(0)
    model = Autoencoder([6, 4, 2])
    x = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    np.testing.assert_allclose(
        model.reconstruct(x).data, 1 / (1 + np.exp(-model(x).data.astype(float))), rtol=1e-6
    )
