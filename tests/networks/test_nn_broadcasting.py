"""Shapes at the edge: operands that broadcast, no axes, no batch, nothing at all."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from cases.nn_functions import FUNCTIONS, call

import nn
from autograd_core import LoopWarning, ShapeError, Tensor, grad, gradcheck, jvp, vmap

F = nn.functional
RNG = np.random.default_rng(3)


# --- operands that broadcast ------------------------------------------------

SHAPES = [(3,), (1,), (2, 3), (1, 3), (2, 1), (4, 2, 3), (4, 1, 3), (1, 1, 1)]


@pytest.mark.parametrize(("one", "two"), list(itertools.product(SHAPES, SHAPES)))
def test_cosine_similarity(one: Any, two: Any) -> None:
    a, b = RNG.normal(size=one), RNG.normal(size=two)
    try:
        whole = np.broadcast_shapes(one, two)
    except ValueError:
        with pytest.raises(ShapeError, match="do not broadcast"):
            F.cosine_similarity(a, b)
        return
    for dim in range(-len(whole), len(whole)):
        wide = [np.moveaxis(np.broadcast_to(x, whole), dim, -1) for x in (a, b)]
        rows = [x.reshape(-1, whole[dim]) for x in wide]
        lengths = [np.linalg.norm(x, axis=1) for x in rows]
        wanted = np.sum(rows[0] * rows[1], axis=1) / (lengths[0] * lengths[1])
        found = F.cosine_similarity(a, b, dim=dim)
        np.testing.assert_allclose(found, np.reshape(wanted, wide[0].shape[:-1]), rtol=1e-12)
    assert gradcheck(lambda a, b: F.cosine_similarity(a, b, dim=0), a, b)


X, T = RNG.uniform(0.1, 0.9, (2, 3)), RNG.uniform(0.1, 0.9, (2, 3))
ROWS = np.array([0, 2])
TOO_LARGE: dict[str, tuple[Any, str]] = {
    **{
        f"{name}, {shape}": (lambda n=name, s=shape: getattr(F, n)(X, np.ones(s)), name)
        for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "half_squared_error",
                     "hinge_loss", "binary_cross_entropy", "kl_div",
                     "binary_cross_entropy_with_logits")
        for shape in ((3,), (1, 3), (2, 1), (4, 2, 3))
    },
    "bce weight": (lambda: F.binary_cross_entropy(X, T, weight=np.ones((4, 2, 3))), "weight"),
    "bce weight, others": (lambda: F.binary_cross_entropy(X, T, weight=np.ones(2)), "weight"),
    "logits weight": (
        lambda: F.binary_cross_entropy_with_logits(X, T, weight=np.ones((1, 2, 3))),
        "weight",
    ),
    "pos_weight": (
        lambda: F.binary_cross_entropy_with_logits(X, T, pos_weight=np.ones((2, 2, 3))),
        "pos_weight",
    ),
    "cosine targets": (lambda: F.cosine_embedding_loss(X, T, np.ones((2, 1))), "targets"),
    "cosine target": (lambda: F.cosine_embedding_loss(X, T, np.ones(3)), "targets"),
    "class weights": (lambda: F.cross_entropy(X, ROWS, weight=np.ones(1)), "classes"),
    "class weights, shares": (lambda: F.cross_entropy(X, T, weight=np.ones(1)), "classes"),
    "margin weights": (lambda: F.multi_margin_loss(X, ROWS, weight=np.ones(1)), "classes"),
    "layer norm": (lambda: F.layer_norm(X, 3, np.ones(1)), "layer_norm: weight"),
    "layer norm, bias": (lambda: F.layer_norm(X, 3, None, np.ones((1, 3))), "layer_norm: weight"),
    "group norm": (lambda: F.group_norm(X, 1, np.ones(1)), "group_norm: weight"),
    "group norm, bias": (lambda: F.group_norm(X, 1, None, np.ones(2)), "group_norm: bias"),
    "running_var": (
        lambda: F.batch_norm(X, np.ones(3), np.ones(1), training=False),
        "running_var",
    ),
    "bias": (lambda: F.linear(X, np.ones((4, 3)), np.ones(1)), "bias"),
    "weight of linear": (lambda: F.linear(X, np.ones(3)), "two axes"),
    "bias of bilinear": (lambda: F.bilinear(X, X, np.ones((2, 3, 3)), np.ones(1)), "bias"),
    "weight of bilinear": (lambda: F.bilinear(X, X, np.ones((3, 3))), "three axes"),
    "mask": (
        lambda: F.scaled_dot_product_attention(X, X, X, np.ones((4, 2, 2))),
        "attn_mask",
    ),
    "attention of vectors": (lambda: F.scaled_dot_product_attention(X[0], X, X), "do not fit"),
    "table": (lambda: F.embedding(ROWS, np.ones(3)), "rows, features"),
    "padding row": (lambda: F.embedding(ROWS, X, padding_idx=2), "padding_idx 2"),
    "no slope": (lambda: F.prelu(X, np.ones(0)), "no slope"),
    "an image without a batch": (
        lambda: F.interpolate(X[None], scale_factor=2, mode="bilinear"),
        "resizes 2 axes",
    ),
    "images as lines": (lambda: F.interpolate(X[None, None], size=4, mode="linear"), "resizes 1"),
    "three sizes": (lambda: F.interpolate(X[None, None], size=(4, 4, 4)), "has 3 parts"),
    "two factors": (lambda: F.interpolate(X[None], scale_factor=(2, 2)), "has 2 parts"),
    "corners of copies": (
        lambda: F.interpolate(X[None], size=4, align_corners=False),
        "align_corners is for",
    ),
    "nothing left": (lambda: F.interpolate(X[None], scale_factor=0.1), "nothing is left"),
    "no size": (lambda: F.interpolate(X[None], size=0), "nothing is left"),
    "one length": (lambda: F.adaptive_avg_pool2d(X[None, None], (1,)), "needs 2 lengths"),
}  # fmt: skip


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_would_silently_broadcast_is_refused(name: str) -> None:
    run, message = TOO_LARGE[name]
    with pytest.raises(ShapeError, match=message):
        run()


# --- no axes, no batch ------------------------------------------------------


@pytest.mark.parametrize("name", ["elu", "gelu", "leaky_relu", "log_sigmoid", "relu", "relu6",
                                  "selu", "sigmoid", "silu", "softplus", "tanh"])  # fmt: skip
def test_activations_of_a_number(name: str) -> None:
    f = getattr(F, name)
    x = np.array(0.6)
    assert f(x).shape == ()
    np.testing.assert_allclose(grad(f)(x), grad(lambda x: f(x)[0])(x[None])[0])


def test_functions_of_a_number() -> None:
    x, y = np.array(0.6), np.array(0.3)
    for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "half_squared_error",
                 "kl_div", "binary_cross_entropy", "binary_cross_entropy_with_logits"):  # fmt: skip
        for reduction in ("mean", "sum", "none"):
            f = getattr(F, name)
            assert np.shape(f(x, y, reduction=reduction)) == ()
            np.testing.assert_allclose(f(x, y, reduction=reduction), f(x[None], y[None])[()])
            assert gradcheck(lambda x, f=f, r=reduction: f(x, y, reduction=r), x)
    for axis in (0, -1):
        assert F.softmax(x, axis) == 1.0
        assert F.log_softmax(x, axis) == 0.0
    for weight in (np.array(0.2), np.array([0.2])):
        assert F.prelu(-x, weight).shape == ()
        assert F.prelu(-x, weight) == -x * 0.2
    assert nn.PReLU(dtype=float)(-x).shape == ()
    with pytest.raises(ShapeError, match="batchmean"):
        F.kl_div(x, y, reduction="batchmean")
    with pytest.raises(ShapeError, match="batchmean"):
        nn.KLDivLoss(reduction="batchmean")(x, y)
    with pytest.raises(ShapeError, match=r"multi_margin_loss: the input has shape \(\)"):
        F.multi_margin_loss(x, np.array(0))
    with pytest.raises(ShapeError, match=r"multi_margin_loss: the input has shape \(2, 3, 1\)"):
        F.multi_margin_loss(X[..., None], ROWS)
    for name in ("cross_entropy", "nll_loss"):
        with pytest.raises(ShapeError, match="class"):
            getattr(F, name)(x, np.array(0))
    with pytest.raises(ShapeError, match="class"):
        F.cross_entropy(x, y)


def test_one_example_keeps_the_shape_of_its_target() -> None:
    x = RNG.normal(size=4)
    assert F.multi_margin_loss(x, np.array(1), reduction="none").shape == ()
    assert F.multi_margin_loss(x, np.array([1]), reduction="none").shape == (1,)


@pytest.mark.parametrize("name", ["conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d",
                                  "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d",
                                  "adaptive_avg_pool1d", "adaptive_avg_pool2d",
                                  "adaptive_max_pool1d", "adaptive_max_pool2d", "lp_pool1d",
                                  "lp_pool2d"])  # fmt: skip
def test_without_a_batch(name: str) -> None:
    for given in FUNCTIONS[name]:
        whole, x = call(name, given), given["input"]
        one = [call(name, given | {"input": x[k]}) for k in range(len(x))]
        np.testing.assert_allclose(np.stack(one), whole, rtol=1e-12, atol=1e-14)
        none = call(name, given | {"input": x[:0]})
        assert none.shape == (0, *whole.shape[1:])
        back = grad(lambda x, given=given: np.sum(call(name, given | {"input": x})))(x[:0])
        assert back.shape == x[:0].shape


# --- an empty batch ---------------------------------------------------------


@pytest.mark.parametrize("name", ["batch_norm", "group_norm", "layer_norm", "linear", "bilinear",
                                  "local_response_norm", "interpolate", "embedding", "dropout",
                                  "scaled_dot_product_attention", "softmax", "prelu"])  # fmt: skip
def test_an_empty_batch(name: str) -> None:
    for given in FUNCTIONS[name]:
        axis = -1 if name == "softmax" else 0
        batched = ("input", "input1", "input2", "x", "query", "key", "value")
        some = {
            k: np.take(v, [], axis) if k in batched and np.ndim(v) > 1 else v
            for k, v in given.items()
        }
        if some.get("attn_mask") is not None or np.ndim(given.get("input", X)) < 2:
            continue
        if given.get("training"):
            with pytest.raises(ShapeError, match="more than one value a channel"):
                call(name, some)
            continue
        if np.ndim(given.get("query", np.ones((1, 1, 1)))) < 3:
            continue
        place = next(k for k in batched if k in some)
        if not np.ndim(some[place]):
            continue
        x = Tensor(some[place], requires_grad=True)
        y = call(name, some | {place: x})
        assert 0 in y.shape
        np.sum(y).backward()
        assert x.grad.shape == x.shape


def test_group_norm_of_an_empty_batch_trains_nothing() -> None:
    layer = nn.GroupNorm(2, 4, dtype=float)
    y = layer(np.ones((0, 4, 3)))
    assert y.shape == (0, 4, 3)
    y.sum().backward()
    np.testing.assert_array_equal(layer.weight.grad, np.zeros(4))


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss", "multi_margin_loss"])
def test_losses_of_no_example(name: str) -> None:
    f = getattr(F, name)
    none, labels = np.ones((0, 3)), np.ones(0, int)
    for weight in (None, np.ones(3)):
        assert f(none, labels, weight=weight, reduction="sum") == 0
        assert f(none, labels, weight=weight, reduction="none").shape == (0,)
        assert grad(lambda x, w=weight: f(x, labels, weight=w, reduction="sum"))(none).size == 0
        with pytest.raises(ShapeError, match="the batch is empty, so it has no mean"):
            f(none, labels, weight=weight)
    with pytest.raises(ShapeError, match="no classes"):
        f(np.ones((2, 0)), ROWS)
    if name != "multi_margin_loss":
        assert f(np.ones((0, 3, 2)), np.ones((0, 2), int), reduction="none").shape == (0, 2)


def test_products_of_nothing() -> None:
    for rows, width, features in itertools.product(((0,), (2,), (2, 0), ()), (0, 3), (0, 4)):
        x, w = RNG.normal(size=(*rows, width)), RNG.normal(size=(features, width))
        b = RNG.normal(size=features)
        np.testing.assert_allclose(F.linear(x, w, b), x @ w.T + b, rtol=1e-12)
        for place in range(3):
            found = grad(lambda *a: np.sum(F.linear(*a)), argnums=place)(x, w, b)
            assert found.shape == (x, w, b)[place].shape
    for f in (F.adaptive_max_pool1d, F.adaptive_avg_pool1d):
        for shape, size in (((1, 2, 0), 1), ((1, 2, 3), 0)):
            with pytest.raises(ShapeError, match="must be positive"):
                f(np.ones(shape), size)
    with pytest.raises(ShapeError, match="nothing to resize"):
        F.interpolate(np.ones((1, 1, 0)), size=3)


# --- transposed convolutions ------------------------------------------------


def spread_by_hand(x: Any, w: Any, s: int, p: int, e: int, d: int) -> Any:
    """Add each input's kernel to the places that it reaches."""
    n, channels, m = x.shape
    length = (m - 1) * s - 2 * p + d * (w.shape[2] - 1) + e + 1
    y = np.zeros((n, w.shape[1], length))
    for i, k in itertools.product(range(m), range(w.shape[2])):
        place = i * s + k * d - p
        if 0 <= place < length:
            y[:, :, place] += x[:, :, i] @ w[:, :, k]
    assert channels == w.shape[0]
    return y


@pytest.mark.parametrize(("s", "d"), list(itertools.product((1, 2, 3), (1, 2, 3))))
def test_transposed_convolution_by_hand(s: int, d: int) -> None:
    for k, p, e in itertools.product((1, 2, 3), (0, 1, 2), (0, 1, 2)):
        x, w = RNG.normal(size=(2, 2, 4)), RNG.normal(size=(2, 3, k))
        settings = {"stride": s, "padding": p, "output_padding": e, "dilation": d}
        if e >= max(s, d):
            with pytest.raises(ShapeError, match="smaller than stride"):
                F.conv_transpose1d(x, w, **settings)
            continue
        if (4 - 1) * s - 2 * p + d * (k - 1) + e + 1 < 1:
            with pytest.raises(ShapeError, match="leaves nothing"):
                F.conv_transpose1d(x, w, **settings)
            continue
        wanted = spread_by_hand(x, w, s, p, e, d)
        bias = np.array([0.5, -1.0, 2.0])
        np.testing.assert_allclose(F.conv_transpose1d(x, w, **settings), wanted, atol=1e-12)
        with_bias = F.conv_transpose1d(x, w, bias, **settings)
        np.testing.assert_allclose(with_bias, wanted + bias[:, None], atol=1e-12)
        tall = F.conv_transpose2d(x[..., None], w[..., None], **{
            key: (v, 0 if "padding" in key else 1) for key, v in settings.items()
        })  # fmt: skip
        np.testing.assert_allclose(tall[..., 0], wanted, atol=1e-12)
        g = RNG.normal(size=wanted.shape)

        def f(x: Any, w: Any, settings: Any = settings, g: Any = g) -> Any:
            return np.sum(F.conv_transpose1d(x, w, **settings) * g)

        t, u = RNG.normal(size=x.shape), RNG.normal(size=w.shape)
        along = np.sum(spread_by_hand(t, w, s, p, e, d) * g)
        other = np.sum(spread_by_hand(x, u, s, p, e, d) * g)
        np.testing.assert_allclose(np.sum(grad(f)(x, w) * t), along, atol=1e-10)
        np.testing.assert_allclose(np.sum(grad(f, argnums=1)(x, w) * u), other, atol=1e-10)
        np.testing.assert_allclose(jvp(f, (x, w), (t, u))[1], along + other, atol=1e-10)
    x, w = RNG.normal(size=(2, 2, 3)), RNG.normal(size=(2, 3, 1))  # nothing but what is added
    far = F.conv_transpose1d(x, w, padding=4, output_padding=7, dilation=8)
    np.testing.assert_array_equal(far, spread_by_hand(x, w, 1, 4, 7, 8))
    with pytest.raises(ShapeError, match="must be positive"):
        F.conv_transpose1d(np.ones((1, 1, 2)), np.ones((1, 1, 1)), padding=-1)


# --- NaN and minus infinity in maxima ---------------------------------------


def winners_by_hand(x: Any, k: int, s: int, p: int) -> Any:
    """Return the gradient of the sum of one image's maxima: to the first, or to the last NaN."""
    found = np.zeros_like(x)
    h, w = x.shape
    for i, j in itertools.product(range((h + 2 * p - k) // s + 1), range((w + 2 * p - k) // s + 1)):
        best: Any = None
        for a, b in itertools.product(range(k), range(k)):
            at = i * s + a - p, j * s + b - p
            if not (0 <= at[0] < h and 0 <= at[1] < w):
                continue
            if best is None or np.isnan(x[at]) or x[at] > x[best]:
                best = at
        found[best] += 1
    return found


@pytest.mark.parametrize("kind", ["nan", "low", "ties"])
@pytest.mark.parametrize(("k", "s", "p"), [(2, 2, 0), (3, 2, 1), (2, 1, 1), (3, 3, 0)])
def test_each_window_has_one_winner(kind: str, k: int, s: int, p: int) -> None:
    x = RNG.integers(0, 3, (4, 6, 6)).astype(float)
    x[RNG.random(x.shape) < 0.2] = {"nan": np.nan, "low": -np.inf, "ties": 1.0}[kind]
    x[0, :4, :4] = {"nan": np.nan, "low": -np.inf, "ties": 1.0}[kind]
    wanted = np.stack([winners_by_hand(image, k, s, p) for image in x])

    def f(x: Any) -> Any:
        return np.sum(F.max_pool2d(x, k, s, p))

    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", LoopWarning)  # under vmap, one image after the other
        np.testing.assert_array_equal(grad(f)(x), wanted)
        np.testing.assert_array_equal(vmap(grad(lambda x: f(x[None])))(x), wanted)
        pushed = jvp(lambda x: F.max_pool2d(x, k, s, p).sum(axis=(1, 2)), (x,), (np.ones_like(x),))
    np.testing.assert_array_equal(pushed[1], wanted.sum(axis=(1, 2)))


@pytest.mark.parametrize("sizes", [(4, 5), (5, 1), (7, 6), (2, 3)])
def test_adaptive_windows_have_one_winner_each(sizes: Any) -> None:
    x = RNG.integers(0, 3, (3, 7, 6)).astype(float)
    x[RNG.random(x.shape) < 0.1] = np.nan
    bounds = [[(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
              for n, m in zip((7, 6), sizes, strict=True)]  # fmt: skip
    wanted = np.zeros_like(x)
    largest = np.empty((3, *sizes))
    for c, (i, (a, b)), (j, (u, v)) in itertools.product(
        range(3), enumerate(bounds[0]), enumerate(bounds[1])
    ):
        window = x[c, a:b, u:v]
        nans = np.argwhere(np.isnan(window))
        at = tuple(nans[-1]) if len(nans) else np.unravel_index(np.argmax(window), window.shape)
        wanted[c, a + at[0], u + at[1]] += 1
        largest[c, i, j] = window[at]
    np.testing.assert_array_equal(F.adaptive_max_pool2d(x, sizes), largest)
    found = grad(lambda x: np.sum(F.adaptive_max_pool2d(x, sizes)))(x)
    np.testing.assert_array_equal(found, wanted)


def test_instance_norm_moves_its_statistics() -> None:
    x = RNG.normal(size=(5, 3, 4, 2)) + 3
    mean, variance = np.zeros(3), np.ones(3)
    y = F.instance_norm(x, mean, variance, momentum=0.25)
    np.testing.assert_allclose(y.mean(axis=(2, 3)), 0, atol=1e-12)
    rows = x.reshape(5, 3, 8)
    np.testing.assert_allclose(mean, 0.25 * rows.mean(axis=(0, 2)), rtol=1e-12)
    wanted = 0.75 + 0.25 * rows.var(axis=2, ddof=1).mean(axis=0)
    np.testing.assert_allclose(variance, wanted, rtol=1e-12)
    for statistics in ((None, None), (mean, variance)):
        assert F.instance_norm(x[:0], *statistics).shape == (0, 3, 4, 2)
    np.testing.assert_allclose(variance, wanted, rtol=1e-12)
    with pytest.raises(ShapeError, match="more than one value"):
        F.instance_norm(np.ones((2, 3, 1)))
    with pytest.raises(ShapeError, match="running ones are needed"):
        F.instance_norm(x, use_input_stats=False)
    with pytest.raises(ShapeError, match="floats of shape"):
        F.instance_norm(x, np.zeros(3, int), variance)
