"""Convolutions of any kernel, stride, padding, dilation, groups and memory, by their definition."""

import numpy as np
import pytest

import nn
from autograd_core import Tensor, gradcheck, jvp, vmap
from nn import functional as f
from nn.functional import convolution, kernels, planes
from nn.functional.plan import Plan

try:
    import numba
except ImportError:
    numba = None
compiled_only = pytest.mark.skipif(numba is None, reason="the compiled kernels need numba")
WAYS = ["numpy", pytest.param("compiled", marks=compiled_only)]


def places(plan):
    """Yield every tap with the places of the padded image that it reads."""
    (oh, ow), (sh, sw), (dh, dw) = plan.output, plan.stride, plan.dilation
    for i in range(plan.kernel[0]):
        for j in range(plan.kernel[1]):
            lines = slice(i * dh, i * dh + (oh - 1) * sh + 1, sh)
            yield i, j, (..., lines, slice(j * dw, j * dw + (ow - 1) * sw + 1, sw))


def by_definition(x, w, g, b, plan):
    """Return the result and the gradients of input and kernels, group by group, tap by tap."""
    x, w, g, b = (v.astype(np.result_type(v, float)) for v in (x, w, g, b))
    (ph, pw), count = plan.padding, plan.groups
    inputs, outputs = w.shape[1], len(w) // count
    wide = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    y, back, kernel = np.zeros(g.shape, g.dtype), np.zeros_like(wide), np.zeros_like(w)
    for k in range(count):
        of, to = slice(k * inputs, (k + 1) * inputs), slice(k * outputs, (k + 1) * outputs)
        for i, j, where in places(plan):
            read, taps = wide[:, of][where], w[to, :, i, j]
            y[:, to] += np.einsum("ncij,oc->noij", read, taps)
            back[:, of][where] += np.einsum("noij,oc->ncij", g[:, to], taps)
            kernel[to, :, i, j] = np.einsum("noij,ncij->oc", g[:, to], read)
    inside = back[:, :, ph : ph + plan.size[0], pw : pw + plan.size[1]]
    return y + b[:, None, None], inside, kernel


def drawn(rng, *shape, dtype=np.float32):
    """Return random images in an order of memory drawn at random."""
    x = rng.normal(size=shape).astype(dtype)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.normal(size=shape)
    order = rng.integers(5)
    if order == 0:
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    if order == 1:
        return np.repeat(x, 2, axis=3)[..., ::2]
    if order == 2:
        return x[:, ::-1].copy()[:, ::-1]
    if order == 3:
        return np.broadcast_to(x[:1], shape)  # read only, too
    return x


def settings(rng):
    """Return a plan, a number of images, and channels of a group, drawn at random."""
    while True:
        kernel, stride, padding, dilation, size = (
            tuple(int(v) for v in rng.integers(low, high, 2))
            for low, high in ((1, 6), (1, 4), (0, 4), (1, 4), (1, 22))
        )
        groups = int(rng.choice([1, 2, 3, 8]))
        plan = Plan(size, kernel, stride, padding, dilation, groups)
        if min(plan.output) > 0:
            return plan, int(rng.integers(1, 4)), *map(int, rng.choice([1, 2, 5, 9, 17], 2))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_plain_products_of_random_shapes(seed, dtype):
    check(np.random.default_rng(seed), dtype, 1e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize(
    "seed",
    [100, 101, *(pytest.param(k, marks=pytest.mark.exhaustive) for k in range(102, 108))],
)
def test_compiled_products_of_random_shapes(seed, monkeypatch):
    monkeypatch.setattr(kernels, "ENOUGH", 0)
    with nn.use_kernels(compiled=True, winograd=False, threads=2):
        check(np.random.default_rng(seed), np.float32, 1e-5, "compiled")


def check(rng, dtype, tolerance, way="numpy"):
    plan, n, inputs, outputs = settings(rng)
    c, k = inputs * plan.groups, outputs * plan.groups
    x, g = drawn(rng, n, c, *plan.size, dtype=dtype), drawn(rng, n, k, *plan.output, dtype=dtype)
    w = drawn(rng, k, inputs, *plan.kernel, dtype=dtype)
    b = drawn(rng, 1, 1, 1, k, dtype=dtype)[0, 0, 0]
    wanted = by_definition(x, w, g, b, plan)
    with nn.use_kernels(compiled=way == "compiled"):
        found = (
            convolution.run_convolve(x, w, plan, b),
            convolution._spread(g, w, plan=plan),
            convolution._correlate(x, g, plan=plan),
        )
    for one, exact in zip(found, wanted, strict=True):
        assert one.dtype == dtype
        assert one.shape == exact.shape
        assert np.abs(one - exact).max() <= tolerance * np.abs(exact).max()


@pytest.mark.parametrize(
    ("shape", "kernels_", "options"),
    [
        ((2, 4, 5, 6), (4, 1, 3, 2), {"groups": 4, "padding": 1}),
        ((2, 4, 5, 6), (8, 1, 3, 3), {"groups": 4, "stride": 2}),
        ((2, 6, 5, 4), (4, 3, 2, 3), {"groups": 2, "dilation": (2, 1), "stride": (1, 2)}),
        ((1, 3, 4, 4), (5, 3, 1, 1), {}),
        ((2, 4, 3, 3), (2, 2, 1, 1), {"groups": 2, "padding": 1, "stride": 2}),
    ],
)
def test_both_modes_and_second_order(shape, kernels_, options):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=shape), rng.normal(size=kernels_)
    assert gradcheck(lambda x, w: f.conv2d(x, w, **options), x, w)
    g = f.conv2d(x, w, **options)
    assert gradcheck(lambda g, w: f.conv_transpose2d(g, w, **options), g, w)
    many = np.stack([x, -2 * x])
    each = np.stack([f.conv2d(v, w, **options) for v in many])
    np.testing.assert_allclose(vmap(lambda v: f.conv2d(v, w, **options))(many), each, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("groups", [4, 32])
def test_derivatives_of_one_precision_agree_with_double(way, groups, monkeypatch):
    """The second derivative of the loss along a direction: every product runs in every role."""
    monkeypatch.setattr(kernels, "ENOUGH", 0)
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(2, 32, 9, 9)), rng.normal(size=(32, 32 // groups, 3, 3))
    dx, dw = rng.normal(size=x.shape), rng.normal(size=w.shape)

    def slope(x, w):
        def gradients(x, w):
            x, w = (v if isinstance(v, Tensor) else Tensor(v, requires_grad=True) for v in (x, w))
            y = f.conv2d(x, w, padding=1, stride=2, groups=groups)
            return nn.functional.mse_loss(y * y, 0 * y)

        return jvp(lambda x, w: jvp(gradients, (x, w), (dx_, dw_))[1], (x, w), (dx_, dw_))

    found = []
    for dtype in (np.float32, np.float64):
        dx_, dw_ = dx.astype(dtype), dw.astype(dtype)
        with nn.use_kernels(compiled=way == "compiled"):
            found.append([np.asarray(v) for v in slope(x.astype(dtype), w.astype(dtype))])
    for one, exact in zip(*found, strict=True):
        np.testing.assert_allclose(one, exact, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("spoiled", [np.inf, np.nan])
@pytest.mark.parametrize("groups", [1, 4, 32])
def test_what_is_not_finite_stays_in_its_windows_and_group(way, spoiled, groups, monkeypatch):
    monkeypatch.setattr(kernels, "ENOUGH", 0)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 32, 9, 10)).astype(np.float32)
    w = rng.normal(size=(32, 32 // groups, 3, 3)).astype(np.float32)
    x[1, 9, 4, 0] = spoiled
    with nn.use_kernels(compiled=way == "compiled", winograd=False), np.errstate(invalid="ignore"):
        y = f.conv2d(x, w, padding=1, groups=groups)
        back = f.conv_transpose2d(x, w, padding=1, stride=2, groups=groups)
    each = 32 // groups
    reached = np.zeros(y.shape, bool)
    reached[1, 9 // each * each : (9 // each + 1) * each, 3:6, :2] = True
    np.testing.assert_array_equal(np.isfinite(y), ~reached)
    reached = np.zeros(back.shape, bool)
    reached[1, 9 // each * each : (9 // each + 1) * each, 7:10, :2] = True
    np.testing.assert_array_equal(np.isfinite(back), ~reached)


def test_images_channels_first_are_not_copied_for_1_by_1():
    rng = np.random.default_rng(3)
    plan = Plan((4, 5), (1, 1), (1, 1), (0, 0), (1, 1), 1)
    x, w = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(6, 3, 1, 1))
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert planes.fits(x, plan)
    assert not planes.fits(last, plan)
    np.testing.assert_allclose(f.conv2d(x, w), f.conv2d(last, w), atol=1e-12)


@pytest.mark.parametrize("groups", [1, 3])
def test_no_images_and_no_channels(groups):
    w = np.ones((6, 3 // groups, 3, 3))
    assert f.conv2d(np.ones((0, 3, 5, 5)), w, groups=groups, padding=1).shape == (0, 6, 5, 5)
    x = Tensor(np.ones((0, 3, 5, 5)), requires_grad=True)
    v = Tensor(w, requires_grad=True)
    np.sum(f.conv2d(x, v, groups=groups, stride=2)).backward()
    assert x.grad.shape == (0, 3, 5, 5)
    assert not v.grad.data.any()
