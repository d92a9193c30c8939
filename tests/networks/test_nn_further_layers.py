"""Layers, losses and functions against plain NumPy: loops, adjoints, and sums over all cases."""

from __future__ import annotations

from itertools import groupby, product
from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import AutogradError, Tensor, gradcheck

F = nn.functional
RNG = np.random.default_rng(9)
X = RNG.normal(size=(2, 4, 5)) * 3
VOLUME, IMAGE = RNG.normal(size=(2, 3, 5, 6, 4)), RNG.normal(size=(2, 4, 5, 6))


def plain(value: Any) -> Any:
    return value.detach().data if isinstance(value, Tensor) else value


@pytest.fixture(autouse=True)
def _numpy_kernels() -> Any:
    with nn.use_kernels(compiled=False):
        yield


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


ACTIVATIONS: list[tuple[nn.Module, Any]] = [
    (nn.CELU(0.8), lambda x: np.where(x > 0, x, 0.8 * (np.exp(x / 0.8) - 1))),
    (nn.Mish(), lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    (nn.GLU(1), lambda x: x[:, :2] * sigmoid(x[:, 2:])),
    (nn.Softsign(), lambda x: x / (1 + abs(x))),
    (nn.Tanhshrink(), lambda x: x - np.tanh(x)),
    (nn.Softmin(1), lambda x: np.exp(-x) / np.exp(-x).sum(axis=1, keepdims=True)),
    (nn.Softmax2d(), lambda x: np.exp(x) / np.exp(x).sum(axis=0)),  # (channels, height, width)
    (nn.Hardtanh(-0.5, 1.5), lambda x: np.clip(x, -0.5, 1.5)),
    (nn.Hardsigmoid(), lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    (nn.Hardswish(), lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    (nn.Hardshrink(0.7), lambda x: x * (abs(x) > 0.7)),
    (nn.Softshrink(0.7), lambda x: np.sign(x) * np.maximum(abs(x) - 0.7, 0)),
    (nn.Threshold(0.2, -7.0), lambda x: np.where(x > 0.2, x, -7.0)),
    (nn.RReLU(0.2, 0.4).eval(), lambda x: np.where(x > 0, x, 0.3 * x)),
]


@pytest.mark.parametrize("case", ACTIVATIONS, ids=lambda case: type(case[0]).__name__)
def test_activations(case: Any) -> None:
    layer, formula = case
    np.testing.assert_allclose(layer(X), formula(X), rtol=1e-12, atol=1e-12)
    assert layer(X.astype(np.float32)).dtype == np.float32


PADS = [
    (nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d), (nn.ZeroPad1d, nn.ZeroPad2d,
     nn.ZeroPad3d), (nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d),
    (nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ReplicationPad3d),
    (nn.CircularPad1d, nn.CircularPad2d, nn.CircularPad3d),
]  # fmt: skip
MODES = ["constant", "constant", "reflect", "edge", "wrap"]


@pytest.mark.parametrize("kind", range(5), ids=["constant", "zeros", *MODES[2:]])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_padding_is_numpys(kind: int, n: int) -> None:
    x, amounts = VOLUME[(slice(None),) * (n + 2) + (0,) * (3 - n)], (2, 1, 0, 3, 1, 2)[: 2 * n]
    given = (amounts, 1.5) if kind == 0 else (amounts,)
    layer = PADS[kind][n - 1](*given)
    width = [(0, 0)] * 2 + [amounts[2 * k : 2 * k + 2] for k in reversed(range(n))]
    more = {"constant_values": 1.5 if kind == 0 else 0} if kind < 2 else {}
    wanted = np.pad(x, width, mode=MODES[kind], **more)  # type: ignore[call-overload]
    np.testing.assert_array_equal(layer(x), wanted)
    np.testing.assert_array_equal(layer(x[0]), wanted[0])
    assert gradcheck(layer, x[:1, :1])


def test_padding_cuts_and_refuses() -> None:
    x = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(F.pad(x, (-1, 1, -1, 0), value=9), np.pad(x[1:, 1:], (
        (0, 0), (0, 1)), constant_values=9))  # fmt: skip
    assert F.pad(x, (1, 0)).dtype == x.dtype
    np.testing.assert_array_equal(F.pad(x, (-1, 2), "circular"), x[:, [1, 2, 3, 1, 2]])
    np.testing.assert_array_equal(F.pad(x, (0, 0, -1, 0)), x[1:])  # nothing is added
    for wrong in (
        lambda: F.pad(x, (1,)), lambda: F.pad(x, (4, 0), "reflect"),
        lambda: F.pad(x, (5, 0), "circular"), lambda: F.pad(x, (1, 1), "mirror"),
        lambda: F.pad(x, (-3, -2)), lambda: F.pad(x, (1, 1), "reflect", 3.0),
        lambda: F.pad(x, (1.5, 0)), lambda: F.pad(x, (1,) * 6),
    ):  # fmt: skip
        with pytest.raises(AutogradError, match="pad: "):
            wrong()


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, "same", "valid"])
def test_convolutions_pad_by_the_mode(mode: str, padding: Any) -> None:
    layer = nn.Conv2d(4, 2, (3, 2), padding=padding, padding_mode=mode).double()
    width = {1: (1, 1, 1, 1), "same": (0, 1, 1, 1), "valid": (0, 0, 0, 0)}[padding]
    wanted = F.conv2d(F.pad(IMAGE, width, mode), layer.weight, layer.bias)
    np.testing.assert_allclose(plain(layer(IMAGE)), plain(wanted), rtol=1e-12)
    assert f"padding_mode={mode}" in repr(layer)


def boxes(x: Any, k: int, s: int) -> Any:
    """All boxes of k**3, a stride apart, each flat on the last axis."""
    found = np.lib.stride_tricks.sliding_window_view(x, (k, k, k), axis=(2, 3, 4))
    found = found[:, :, ::s, ::s, ::s]
    return found.reshape(*found.shape[:5], -1)


def test_pooling_of_volumes() -> None:
    all_boxes = boxes(VOLUME, 2, 2)
    y, index = nn.MaxPool3d(2, return_indices=True)(VOLUME)
    np.testing.assert_array_equal(y, all_boxes.max(axis=-1))
    flat = VOLUME.reshape(2, 3, -1)
    np.testing.assert_array_equal(
        np.take_along_axis(flat, index.reshape(2, 3, -1), 2).reshape(y.shape), y
    )
    np.testing.assert_allclose(nn.AvgPool3d(2)(VOLUME), all_boxes.mean(axis=-1))
    np.testing.assert_allclose(
        nn.LPPool3d(3, 2)(VOLUME), (abs(all_boxes) ** 3).sum(axis=-1) ** (1 / 3)
    )
    for kind, one in ((nn.AdaptiveAvgPool3d, np.mean), (nn.AdaptiveMaxPool3d, np.max)):
        found = kind((2, 4, 3))(VOLUME)
        for d, h, w in product(range(2), range(4), range(3)):
            cut = tuple(
                slice(k * n // m, -(-(k + 1) * n // m))
                for k, n, m in zip((d, h, w), (5, 6, 4), (2, 4, 3), strict=True)
            )
            wanted = one(VOLUME[(slice(None), slice(None), *cut)], axis=(2, 3, 4))
            np.testing.assert_allclose(found[:, :, d, h, w], wanted)
    np.testing.assert_array_equal(F.max_pool3d(VOLUME, 2), y)
    for function in (F.avg_pool3d, F.lp_pool3d, F.adaptive_avg_pool3d, F.adaptive_max_pool3d):
        with pytest.raises(AutogradError, match=r"axes|depth"):
            function(np.ones((2, 3)), 2, *((2,) if function is F.lp_pool3d else ()))


def test_convolutions_of_volumes_by_loops_and_as_adjoints() -> None:
    w = RNG.normal(size=(4, 3, 2, 2, 2))
    layer = nn.Conv3d(3, 4, 2, stride=2, bias=False, dtype=float)
    layer.weight.data[...] = w
    flat = boxes(VOLUME, 2, 2)
    wanted = np.einsum("ncdhwk,ock->nodhw", flat, w.reshape(4, 3, -1))
    np.testing.assert_allclose(plain(layer(VOLUME)), wanted, rtol=1e-10)
    settings: list[dict[str, Any]] = [
        {"stride": 2, "padding": (1, 0, 1), "dilation": (1, 2, 1)},
        {"stride": (1, 3, 2), "padding": 1},
    ]
    for given in settings:
        y = F.conv3d(VOLUME, w, **given)
        v = RNG.normal(size=y.shape)
        shape = [F.conv_transpose3d(v, w, **given).shape[2 + k] for k in range(3)]
        extra = tuple(n - m for n, m in zip(VOLUME.shape[2:], shape, strict=True))
        back = F.conv_transpose3d(v, w, output_padding=extra, **given)
        np.testing.assert_allclose(np.sum(y * v), np.sum(VOLUME * back), rtol=1e-10)
    up = nn.ConvTranspose3d(4, 3, 2, stride=2, bias=False, dtype=float)
    up.weight.data[...] = w
    assert plain(up(wanted, output_size=(5, 6, 4))).shape == VOLUME.shape
    with pytest.raises(AutogradError, match="output_size"):
        up(wanted, output_size=(9, 6, 4))


def test_what_is_pooled_goes_back() -> None:
    for pool, back, x in (
        (nn.MaxPool1d, nn.MaxUnpool1d, abs(X)), (nn.MaxPool2d, nn.MaxUnpool2d, abs(IMAGE)),
        (nn.MaxPool3d, nn.MaxUnpool3d, abs(VOLUME)),
    ):  # fmt: skip
        y, index = pool(2, return_indices=True)(x)
        whole = back(2)(y, index, output_size=x.shape)
        assert whole.shape == x.shape
        np.testing.assert_array_equal(whole[whole > 0], x[whole > 0])
        np.testing.assert_array_equal(pool(2)(whole), y)
        with pytest.raises(AutogradError, match="outside"):
            back(2)(y, index + 1000)
        with pytest.raises(AutogradError, match="too far"):
            back(2)(y, index, output_size=(50,) * (x.ndim - 2))
    for function in (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d):
        with pytest.raises(AutogradError, match="axes"):
            function(np.ones(2), np.ones(2, int), 2)
    for empty in ((0, 2, 1), (2, 0, 1), (2, 3, 0)):  # no batch, no channels, nothing pooled
        found = F.max_unpool1d(np.ones(empty), np.zeros(empty, int), 2, output_size=(1,))
        np.testing.assert_array_equal(found, np.zeros((*empty[:2], 1)))
    nothing = np.full((1, 1, 2, 2), -np.inf)
    assert F.max_pool2d(nothing, 2, return_indices=True)[1].item() == 0
    ties = np.array([[[1.0, 2.0, 2.0, np.nan]]])
    assert F.max_pool1d(ties, 3, 1, return_indices=True)[1].tolist() == [[[1, 3]]]
    assert F.adaptive_max_pool1d(ties, 1, return_indices=True)[1].item() == 3


def test_fractional_pooling_takes_windows_in_order() -> None:
    for layer, x in (
        (nn.FractionalMaxPool2d(2, (3, 4), return_indices=True), IMAGE),
        (nn.FractionalMaxPool3d(2, output_ratio=0.5, return_indices=True), VOLUME),
    ):
        y, index = layer(x)
        flat = x.reshape(*x.shape[:2], -1)
        chosen = np.take_along_axis(flat, index.reshape(*x.shape[:2], -1), 2)
        np.testing.assert_array_equal(chosen.reshape(y.shape), y)
        assert (np.diff(index // np.prod(x.shape[3:]), axis=2) >= 0).all()
    assert F.fractional_max_pool2d(IMAGE, 2, 2).shape == (2, 4, 2, 2)
    assert F.fractional_max_pool3d(VOLUME, 2, 2).shape == (2, 3, 2, 2, 2)


def test_patches_and_shuffles() -> None:
    settings: dict[str, Any] = {"kernel_size": (2, 3), "padding": 1, "stride": 2, "dilation": 1}
    columns = nn.Unfold(**settings)(IMAGE)
    v = RNG.normal(size=columns.shape)
    np.testing.assert_allclose(
        np.sum(columns * v), np.sum(IMAGE * nn.Fold((5, 6), **settings)(v)), rtol=1e-10
    )
    w = RNG.normal(size=(3, 4, 2, 3))
    np.testing.assert_allclose(
        (w.reshape(3, -1) @ columns).reshape(2, 3, 3, 3), F.conv2d(IMAGE, w, stride=2, padding=1)
    )
    assert F.fold(F.unfold(IMAGE[0], 1), (5, 6), 1).tolist() == IMAGE[0].tolist()
    large = nn.PixelShuffle(2)(IMAGE)
    assert large[1, 0, 3, 4] == IMAGE[1, 2, 1, 2]
    np.testing.assert_array_equal(nn.PixelUnshuffle(2)(large), IMAGE)
    np.testing.assert_array_equal(nn.ChannelShuffle(2)(IMAGE), IMAGE[:, [0, 2, 1, 3]])
    for function in (F.pixel_shuffle, F.pixel_unshuffle, F.channel_shuffle):
        with pytest.raises(AutogradError, match="is needed"):
            function(np.ones((1, 3, 5, 5)), 2)
    with pytest.raises(AutogradError, match="columns"):
        F.fold(np.ones((4, 5)), (3, 3), 2)


def test_resizing() -> None:
    np.testing.assert_array_equal(
        nn.UpsamplingNearest2d(scale_factor=2)(IMAGE), IMAGE.repeat(2, 2).repeat(2, 3)
    )
    line = np.linspace(0, 1, 6)[None, None, None] * np.ones((1, 1, 4, 1))
    wide = nn.UpsamplingBilinear2d((4, 11))(line)
    np.testing.assert_allclose(wide[0, 0, 0], np.linspace(0, 1, 11), atol=1e-12)
    cubic = F.interpolate(np.arange(20.0).reshape(1, 1, 4, 5) ** 2, (4, 5), mode="bicubic")
    np.testing.assert_allclose(cubic[0, 0], np.arange(20.0).reshape(4, 5) ** 2)
    np.testing.assert_allclose(
        F.interpolate(IMAGE, (5, 3), mode="area"), IMAGE.reshape(2, 4, 5, 3, 2).mean(axis=-1)
    )
    small = F.interpolate(IMAGE, (5, 2), mode="bilinear", antialias=True)
    np.testing.assert_allclose(small.mean(axis=-1), IMAGE.mean(axis=-1), atol=0.5)
    np.testing.assert_array_equal(F.interpolate(X, 2, mode="nearest-exact"), X[:, :, [1, 3]])
    same = F.interpolate(VOLUME, scale_factor=1.0, mode="trilinear", recompute_scale_factor=True)
    np.testing.assert_allclose(same, VOLUME)
    ramp = np.arange(6.0)[None, None, None]
    small = F.interpolate(ramp, (1, 3), mode="bilinear", align_corners=True, antialias=True)
    np.testing.assert_allclose(small[0, 0, 0], [1.0, 3.24, 4.7])  # PyTorch 2.13
    one = F.interpolate(ramp, (1, 1), mode="bilinear", align_corners=True, antialias=True)
    assert one.item() == 0.0  # the step is 0: each place is the first
    spike = np.array([[[[0.0, np.inf, 1.0, 2.0, 3.0]]]])
    wide = F.interpolate(spike, (1, 10), mode="bicubic")[0, 0, 0]
    weights = F.interpolate(np.eye(5)[1].reshape(1, 1, 1, 5), (1, 10), mode="bicubic")[0, 0, 0]
    assert (weights < 0).any()  # a cubic overshoots, so infinity comes back with both signs
    np.testing.assert_array_equal(wide[weights != 0], np.sign(weights[weights != 0]) * np.inf)
    np.testing.assert_allclose(
        wide[weights == 0], F.interpolate(np.where(np.isinf(spike), 0, spike), (1, 10),
                                          mode="bicubic")[0, 0, 0][weights == 0]
    )  # fmt: skip
    inside = np.array([[[0.0, np.inf, 1.0, 2.0]]])[..., None, :]
    assert np.isinf(F.interpolate(inside, (1, 4), mode="bicubic", align_corners=True)).sum() == 1


def test_grids() -> None:
    grid = F.affine_grid(np.eye(2, 3)[None].repeat(2, 0), (2, 4, 5, 6), align_corners=True)
    np.testing.assert_allclose(F.grid_sample(IMAGE, grid, align_corners=True), IMAGE, atol=1e-12)
    turned = F.grid_sample(IMAGE, grid[:, :, ::-1], align_corners=True, mode="nearest")
    np.testing.assert_array_equal(turned, IMAGE[..., ::-1])
    far = np.full((2, 1, 1, 2), 3.0)
    assert not F.grid_sample(IMAGE, far).any()
    np.testing.assert_allclose(
        F.grid_sample(IMAGE, far, padding_mode="border")[..., 0, 0], IMAGE[..., -1, -1]
    )
    np.testing.assert_allclose(
        F.grid_sample(IMAGE, far, padding_mode="reflection", align_corners=True)[..., 0, 0],
        IMAGE[..., 0, 0],
    )
    line = np.array([[[[1.0, 2.0, 3.0]]]])  # one row: every height is reflected onto it
    places = np.array([[[[0.5, 7.0], [0.5, -0.2]]]])
    reflected = F.grid_sample(line, places, padding_mode="reflection", align_corners=True)
    np.testing.assert_allclose(reflected, [[[[2.5, 2.5]]]])
    with pytest.raises(AutogradError, match="grid_sample: mode"):
        F.grid_sample(VOLUME, np.zeros((2, 1, 1, 1, 3)), "bicubic")
    with pytest.raises(AutogradError, match="affine_grid: theta"):
        F.affine_grid(np.eye(3), (1, 1, 2, 2))


def test_norms_of_channels() -> None:
    for layer, x in ((nn.InstanceNorm1d(4), X), (nn.InstanceNorm2d(4, affine=True), IMAGE),
                     (nn.InstanceNorm3d(3, track_running_stats=True), VOLUME)):  # fmt: skip
        axes = tuple(range(2, x.ndim))
        mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        wanted = (x - mean) / np.sqrt(var + 1e-5)
        np.testing.assert_allclose(plain(layer.double()(x)), wanted, rtol=1e-6)
        np.testing.assert_allclose(plain(layer.double()(x[0]))[None], wanted[:1], rtol=1e-6)
        with pytest.raises(AutogradError, match="channels"):
            layer(x[:, :1])
    norm = nn.BatchNorm3d(3).double()
    axes = (0, 2, 3, 4)
    wanted = VOLUME - VOLUME.mean(axes, keepdims=True)
    wanted /= np.sqrt(VOLUME.var(axes, keepdims=True) + 1e-5)
    np.testing.assert_allclose(plain(norm(VOLUME)), wanted, rtol=1e-6)


def test_dropouts_drop_what_they_say() -> None:
    ones = np.ones((50, 20, 2, 3, 2))
    for layer, x in ((nn.Dropout1d(0.3), ones[..., 0, 0]), (nn.Dropout3d(0.3), ones)):
        y = layer(x)
        flat = y.reshape(*y.shape[:2], -1)
        assert set(np.unique(y.round(9))) == {0.0, round(1 / 0.7, 9)}
        assert (flat == flat[..., :1]).all()
        assert abs((flat[..., 0] == 0).mean() - 0.3) < 0.05
    x = RNG.normal(size=(400, 500))
    for layer in (nn.AlphaDropout(0.2), nn.FeatureAlphaDropout(0.2)):
        y = layer(x)
        assert abs(y.mean()) < 0.02
        assert abs(y.var() - 1) < 0.03
        assert layer.eval()(x) is x
    assert F.dropout1d(x, 0.0) is x
    assert F.dropout1d(x, 0.5, training=False) is x
    assert (F.dropout1d(ones[..., 0, 0], 1.0) == 0).all()
    assert (F.dropout3d(ones, 0.5, False) == 1).all()
    assert (F.alpha_dropout(x, 0.5) == x).all()
    assert (F.feature_alpha_dropout(x, 1.0, True) == 0).all()
    slopes = F.rrelu(-np.ones(1000), 0.2, 0.4, True)
    assert -0.4 <= slopes.min() < -0.38
    assert -0.22 < slopes.max() <= -0.2
    soft = F.gumbel_softmax(np.log(np.tile([0.2, 0.8], (4000, 1))), tau=0.5, hard=True)
    assert abs(soft[:, 1].mean() - 0.8) < 0.03
    assert set(np.unique(soft.round(9))) == {0.0, 1.0}


T = np.sign(RNG.normal(size=(3, 4)))
A, B, C = RNG.normal(size=(3, 3, 4))
LOSSES: list[tuple[nn.Module, tuple[Any, ...], Any]] = [
    (nn.MarginRankingLoss(0.3, reduction="none"), (A, B, T),
     lambda a, b, t: np.maximum(0, 0.3 - t * (a - b))),
    (nn.HingeEmbeddingLoss(0.8, reduction="none"), (A, T),
     lambda a, t: np.where(t == 1, a, np.maximum(0, 0.8 - a))),
    (nn.SoftMarginLoss(reduction="none"), (A, T), lambda a, t: np.log1p(np.exp(-t * a))),
    (nn.TripletMarginLoss(1.2, reduction="none", eps=0.0), (A, B, C),
     lambda a, b, c: np.maximum(0, 1.2 + np.linalg.norm(a - b, axis=1)
                                - np.linalg.norm(a - c, axis=1))),
    (nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: np.abs(x - y).sum(axis=-1),
                                      swap=True, reduction="none"), (A, B, C),
     lambda a, b, c: np.maximum(0, 1 + abs(a - b).sum(1)
                                - np.minimum(abs(a - c).sum(1), abs(b - c).sum(1)))),
    (nn.MultiLabelSoftMarginLoss(reduction="none"), (A, (T > 0) * 1.0),
     lambda a, t: -(t * np.log(sigmoid(a)) + (1 - t) * np.log(1 - sigmoid(a))).mean(axis=1)),
    (nn.GaussianNLLLoss(full=True, reduction="none"), (A, B, C**2),
     lambda a, b, v: 0.5 * (np.log(2 * np.pi * v) + (a - b) ** 2 / v)),
    (nn.PoissonNLLLoss(reduction="none"), (A, abs(B)), lambda a, t: np.exp(a) - t * a),
    (nn.PairwiseDistance(3.0, 0.0), (A, B), lambda a, b: (abs(a - b) ** 3).sum(1) ** (1 / 3)),
]  # fmt: skip


@pytest.mark.parametrize("case", LOSSES, ids=lambda case: type(case[0]).__name__)
def test_losses(case: Any) -> None:
    loss, given, formula = case
    np.testing.assert_allclose(loss(*given), formula(*given), rtol=1e-10, atol=1e-12)


def test_functions_of_losses_reduce() -> None:
    for function, given in (
        (F.margin_ranking_loss, (A, B, T)), (F.hinge_embedding_loss, (A, T)),
        (F.soft_margin_loss, (A, T)), (F.triplet_margin_loss, (A, B, C)),
        (F.triplet_margin_with_distance_loss, (A, B, C)), (F.poisson_nll_loss, (A, B)),
        (F.multilabel_soft_margin_loss, (A, abs(B))), (F.gaussian_nll_loss, (A, B, C**2)),
    ):  # fmt: skip
        each = function(*given, reduction="none")
        np.testing.assert_allclose(function(*given), each.mean())
        np.testing.assert_allclose(function(*given, reduction="sum"), each.sum())
        with pytest.raises(AutogradError, match="reduction must be"):
            function(*given, reduction="most")


def test_a_loss_of_several_labels_by_loops() -> None:
    target = np.array([[3, 0, -1, 2], [1, 2, 3, 0], [-1, 1, 1, 1]])
    wanted = []
    for x, row in zip(A, target, strict=True):
        right = row[: list(row).index(-1)] if -1 in row else row
        terms = [max(0, 1 - (x[t] - x[j])) for t in right for j in range(4) if j not in set(right)]
        wanted.append(sum(terms) / 4)
    np.testing.assert_allclose(nn.MultiLabelMarginLoss(reduction="none")(A, target), wanted)
    assert F.multilabel_margin_loss(A, target) == pytest.approx(np.mean(wanted))
    with pytest.raises(AutogradError, match="outside of -1 to 3"):
        F.multilabel_margin_loss(A, target + 1)


def test_ctc_is_the_sum_over_all_alignments() -> None:
    log_probs = np.log(RNG.dirichlet(np.ones(3), size=(5, 4)))  # (time, batch, classes)
    targets, counts = np.array([[1, 2], [1, 1], [2, 0], [0, 0]]), np.array([2, 2, 1, 0])
    times = np.array([5, 4, 3, 2])
    wanted = []
    for k in range(4):
        label = tuple(targets[k, : counts[k]])
        total = 0.0
        for path in product(range(3), repeat=times[k]):
            if tuple(c for c, _ in groupby(path) if c) == label:
                total += np.exp(sum(log_probs[t, k, c] for t, c in enumerate(path)))
        wanted.append(-np.log(total))
    loss = nn.CTCLoss(reduction="none")
    np.testing.assert_allclose(loss(log_probs, targets, times, counts), wanted, rtol=1e-10)
    line = np.array([1, 2, 1, 1, 2])
    np.testing.assert_allclose(F.ctc_loss(log_probs, line, times, counts, reduction="sum"),
                               sum(wanted), rtol=1e-10)  # fmt: skip
    mean = np.mean(np.array(wanted) / np.maximum(counts, 1))
    np.testing.assert_allclose(nn.CTCLoss()(log_probs, targets, times, counts), mean)
    assert F.ctc_loss(log_probs[:, 0], [1, 2], 5, 2, reduction="none") == pytest.approx(wanted[0])
    alone = F.ctc_loss(log_probs[:, 0], targets[:1], 5, 2, reduction="none")  # targets in a row
    assert alone == pytest.approx(wanted[0])
    blanks = F.ctc_loss(log_probs, np.zeros((4, 0), int), times, [0] * 4, reduction="none")
    only = [-log_probs[:t, k, 0].sum() for k, t in enumerate(times)]  # one path, all blank
    np.testing.assert_allclose(blanks, only, rtol=1e-10)
    short = np.array([2, 2, 3, 2])  # "1 1" needs three
    assert np.isinf(loss(log_probs, targets, short, counts)[1])
    zero = nn.CTCLoss(reduction="none", zero_infinity=True)(log_probs, targets, short, counts)
    assert zero[1] == 0
    one = loss(log_probs.astype(np.float32), targets, times, counts)
    assert one.dtype == np.float32
    for wrong in (
        lambda: loss(log_probs, targets, times + 1, counts),
        lambda: loss(log_probs, np.array([[1, 0]] * 4), times, counts),
        lambda: loss(log_probs, targets, times[:2], counts),
        lambda: loss(log_probs, line[:3], times, counts),
        lambda: nn.CTCLoss(blank=3)(log_probs, targets, times, counts),
        lambda: loss(log_probs, targets * 1.0, times, counts),
    ):
        with pytest.raises(AutogradError, match="ctc_loss: "):
            wrong()


def test_bags_and_sets() -> None:
    table = RNG.normal(size=(5, 3))
    index, offsets = np.array([4, 1, 1, 0, 2]), np.array([0, 2, 2])
    bags = [[4, 1], [], [1, 0, 2]]
    for mode, one in (("sum", np.sum), ("mean", np.mean), ("max", np.max)):
        layer = nn.EmbeddingBag(5, 3, mode=mode, dtype=float)
        layer.weight.data[...] = table
        wanted = [one(table[b], axis=0) if b else np.zeros(3) for b in bags]
        np.testing.assert_allclose(plain(layer(index, offsets)), wanted)
        last = nn.EmbeddingBag(5, 3, mode=mode, include_last_offset=True, dtype=float)
        last.weight.data[...] = table
        np.testing.assert_allclose(plain(last(index, np.append(offsets, 5))), wanted)
    skipped = F.embedding_bag(np.array([[4, 1]]), table, padding_idx=4)
    np.testing.assert_allclose(skipped, table[[1]])
    last = nn.EmbeddingBag(5, 3, mode="sum", padding_idx=-1, dtype=float)
    assert last.padding_idx == 4
    assert not last.weight.data[4].any()
    last.weight.data[...] = table
    np.testing.assert_allclose(plain(last(np.array([[4, 1], [4, 4]]))), [table[1], np.zeros(3)])
    last.reset_parameters()
    assert last.weight.data[:4].all()
    assert not last.weight.data[4].any()
    for mode in ("sum", "mean", "max"):  # bags, but nothing in any of them
        found = F.embedding_bag(np.array([], int), table, np.array([0, 0]), mode=mode)
        np.testing.assert_array_equal(found, np.zeros((2, 3)))
    weights = np.array([0.5, 2.0])
    np.testing.assert_allclose(
        F.embedding_bag(np.array([[4, 1]]), table, mode="sum", per_sample_weights=weights[None]),
        weights[None] @ table[[4, 1]],
    )
    for wrong in (
        lambda: F.embedding_bag(index, table), lambda: F.embedding_bag(index, table, [1, 2]),
        lambda: F.embedding_bag(index, table, offsets, mode="min"),
        lambda: F.embedding_bag(index, table, offsets, max_norm=1.0),
        lambda: F.embedding_bag(index + 3, table, offsets),
    ):  # fmt: skip
        with pytest.raises(AutogradError, match="embedding"):
            wrong()
    np.testing.assert_array_equal(F.one_hot(np.array([[2, 0]]), 4), np.eye(4, dtype=int)[[[2, 0]]])
    for wrong in (lambda: F.one_hot(np.array([-1])), lambda: F.one_hot(np.array([3]), 2),
                  lambda: F.one_hot(np.array([0.5]))):  # fmt: skip
        with pytest.raises(AutogradError, match="one_hot"):
            wrong()
    for p in (0.0, 1.0, 2.5, np.inf):
        wanted = [np.linalg.norm(table[i] - table[j], p) for i in range(5) for j in range(i + 1, 5)]
        np.testing.assert_allclose(F.pdist(table, p), wanted)
        np.testing.assert_array_equal(F.pdist(table[:, :0], p), np.zeros(10))
