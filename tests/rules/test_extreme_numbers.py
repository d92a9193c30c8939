"""Numbers at the edge, row by row of tests/cases/edges.py: every mode, both kinds of kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases.edges import EDGES, Edge

import nn
import optim
from autograd_core import Tensor, grad, jvp, vjp, vmap
from autograd_core import compile as compiled_form
from autograd_core.base import errors
from nn import functional as f

CLOSE: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-12}
pytestmark = pytest.mark.filterwarnings(
    "ignore::RuntimeWarning", "ignore::autograd_core.IndependentWarning"
)


def arguments(edge: Edge) -> list[Any]:
    return [np.array(x, dtype=float) for x in edge.at]


def total(edge: Edge) -> Any:
    return lambda *xs: np.sum(edge.f(*xs))


@pytest.mark.parametrize("edge", EDGES, ids=lambda e: e.text)
def test_values_and_gradients_are_the_tables(edge: Edge) -> None:
    xs = arguments(edge)
    np.testing.assert_allclose(edge.f(*xs), edge.value, **CLOSE)
    found = grad(total(edge), tuple(range(len(xs))))(*xs)
    for g, expected in zip(found, edge.gradient, strict=True):
        np.testing.assert_allclose(g, np.array(expected, float), **CLOSE)


@pytest.mark.parametrize("edge", EDGES, ids=lambda e: e.text)
def test_both_modes_have_the_same_jacobian(edge: Edge) -> None:
    xs = arguments(edge)
    shape = np.shape(edge.value)
    for k, x in enumerate(xs):
        back = np.zeros((*shape, *x.shape))
        for place in np.ndindex(shape):
            unit = np.zeros(shape)
            unit[place] = 1.0
            back[place] = vjp(edge.f, *xs)[1](unit)[k]
        pushed = np.zeros_like(back)
        for place in np.ndindex(x.shape):
            units = [np.zeros_like(z) for z in xs]
            units[k][place] = 1.0
            pushed[(..., *place)] = jvp(edge.f, tuple(xs), tuple(units))[1]
        np.testing.assert_allclose(pushed, back, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("edge", EDGES, ids=lambda e: e.text)
def test_vmap_and_compile_answer_the_same(edge: Edge) -> None:
    xs = arguments(edge)
    twice = [np.stack([x, x]) for x in xs]
    for value in vmap(edge.f)(*twice):
        np.testing.assert_allclose(value, edge.value, **CLOSE)
    gradients = vmap(grad(total(edge), tuple(range(len(xs)))))(*twice)
    for g, expected in zip(gradients, edge.gradient, strict=True):
        np.testing.assert_allclose(g[1], np.array(expected, float), **CLOSE)
    value, gradient = compiled_form(total(edge))(*xs)
    np.testing.assert_allclose(value, total(edge)(*xs), **CLOSE)
    np.testing.assert_allclose(gradient, np.array(edge.gradient[0], float), **CLOSE)


@pytest.mark.parametrize("edge", EDGES, ids=lambda e: e.text)
def test_second_derivatives_agree(edge: Edge) -> None:
    """Reverse over reverse is forward over reverse, NaN for NaN."""
    x, *rest = arguments(edge)
    slope = grad(lambda x: total(edge)(x, *rest))
    direction = np.ones_like(x)
    back = grad(lambda x: np.sum(slope(x) * direction))(x)
    pushed = jvp(slope, (x,), (direction,))[1]
    if np.isfinite(back).all() and np.isfinite(pushed).all():
        np.testing.assert_allclose(np.sum(back), np.sum(pushed), rtol=1e-6, atol=1e-6)
    else:
        assert not np.isfinite(arguments(edge)[0]).all() or not np.isfinite(edge.value).all()


# --- compiled kernels and NumPy, at once --------------------------------------

SPOILED = [np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38, 1e-45]
LARGE = {
    "relu": (f.relu, (64, 8, 24, 24)),
    "max_pool2d": (lambda x: f.max_pool2d(x, 3, 2, 1), (64, 8, 24, 24)),
    "max_pool2d, tiles": (lambda x: f.max_pool2d(x, 2), (64, 8, 24, 24)),
    "tanh": (f.tanh, (64, 8, 24, 24)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_compiled_kernels_answer_as_numpy_at_the_edge(name: str) -> None:
    function, shape = LARGE[name]
    rng = np.random.default_rng(1)
    x = rng.normal(size=shape).astype(np.float32)
    places = rng.choice(x.size, 7000, replace=False)
    x.reshape(-1)[places] = np.resize(np.array(SPOILED, np.float32), 7000)
    x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    found = []
    for compiled in (True, False):
        with nn.use_kernels(compiled=compiled):
            t = Tensor(x, requires_grad=True)
            y = function(t)
            y.backward(np.ones(y.shape, np.float32))
            found.append((y.data, t.grad.data))
    # the slope of tanh is 1 - y * y: near 1 the last places of y, in which they differ, are all
    atol = 2 * np.finfo(np.float32).eps if name == "tanh" else 0
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=atol)


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [True, False])
def test_batch_norm_of_large_numbers_with_compiled_kernels(compiled: bool) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(64, 8, 24, 24)).astype(np.float32)
    large = x.copy()
    large[:, 2:5] *= np.float32(2.0) ** 70
    g = rng.normal(size=x.shape).astype(np.float32)
    with nn.use_kernels(compiled=compiled):
        found = []
        for z in (x, large):
            t = Tensor(z, requires_grad=True)
            y = f.batch_norm(t, training=True, eps=0.0)
            y.backward(g)
            found.append((y.data, t.grad.data))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-4, atol=1e-4)
    slope = found[1][1].copy()
    slope[:, 2:5] *= np.float32(2.0) ** 70
    np.testing.assert_allclose(slope, found[0][1], rtol=1e-3, atol=1e-3)


# --- normalization: scaling the input scales the slope, and nothing else -------

NORMALIZED = {
    "layer_norm": lambda x, w, b: f.layer_norm(x, 4, w, b, eps=0.0),
    "batch_norm": lambda x, w, b: f.batch_norm(x, None, None, w, b, True, eps=0.0),
    "group_norm": lambda x, w, b: f.group_norm(x, 1, w, b, eps=0.0),
    "instance_norm": lambda x, w, b: f.instance_norm(
        np.stack([x, x[::-1], x[:, ::-1]], -1), None, None, w, b, eps=0.0),
    "cosine_similarity": lambda x, w, b: f.cosine_similarity(x, x[::-1] + x[0, 0]),
    "normalize": lambda x, w, b: f.normalize(x, p=3.0),
    "local_response_norm": lambda x, w, b: f.local_response_norm(x[..., None], 3, 0.5, 0.5, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", NORMALIZED)
@pytest.mark.parametrize(("dtype", "power"), [(np.float32, 70), (np.float64, 700)])
def test_normalization_does_not_depend_on_the_size(name: str, dtype: Any, power: int) -> None:
    rng = np.random.default_rng(3)
    x, w, b = (rng.normal(size=s).astype(dtype) for s in ((5, 4), 4, 4))
    size = dtype(2.0) ** power
    function = NORMALIZED[name]
    y = function(x, w, b)
    close = {"rtol": 1e-4 if dtype == np.float32 else 1e-9, "atol": 1e-5}
    np.testing.assert_allclose(function(x * size, w, b), y, **close)
    g = rng.normal(size=y.shape).astype(dtype)

    def loss(x: Any, w: Any, b: Any) -> Any:
        return np.sum(function(x, w, b) * g)

    places = (0, 1, 2) if name.endswith("_norm") and name[0] != "l" else (0,)
    one, other = (grad(loss, places)(z, w, b) for z in (x, x * size))
    np.testing.assert_allclose(other[0] * size, one[0], **close)
    for u, v in zip(one[1:], other[1:], strict=True):
        np.testing.assert_allclose(u, v, **close)
    t = rng.normal(size=x.shape).astype(dtype)
    pushed = jvp(lambda x: loss(x, w, b), (x * size,), (t * size,))[1]
    np.testing.assert_allclose(pushed, np.sum(one[0] * t), rtol=2e-4, atol=1e-5)


def test_constant_rows_stay_0_beside_large_ones() -> None:
    x = np.array([[2.0**600, 3 * 2.0**600], [2.0**600, 2.0**600], [1.0, 1.0]])
    g = np.array([[1.0, 2.0], [1.0, -1.0], [1.0, -1.0]])
    for function in (lambda x: f.layer_norm(x, 2), lambda x: f.batch_norm(x.T, training=True).T):
        np.testing.assert_array_equal(function(x)[1:], np.zeros((2, 2)))
        slope = grad(lambda x, f=function: np.sum(f(x) * g))(x)
        np.testing.assert_allclose(slope[1:], g[1:] / np.sqrt(1e-5))
        pushed = jvp(lambda x, f=function: np.sum(f(x) * g), (x,), (np.eye(3, 2, -1),))[1]
        np.testing.assert_allclose(pushed, (1 - 1) / np.sqrt(1e-5) + (g[1, 0] + g[2, 1]) * 316.2278,
                                   rtol=1e-6, atol=1e-9)  # fmt: skip


@pytest.mark.parametrize("function", [f.batch_norm, f.instance_norm])
def test_running_statistics_that_overflow_are_refused(function: Any) -> None:
    x = np.random.default_rng(4).normal(size=(3, 2, 5)).astype(np.float32) * np.float32(1e30)
    running = np.zeros(2, np.float32), np.ones(2, np.float32)
    given = {"training": True} if function is f.batch_norm else {}
    with pytest.raises(errors.NonFiniteError, match=r"variance of channel 0 overflows float32"):
        function(x, *running, **given)
    np.testing.assert_array_equal(running[1], 1.0)


def test_multihead_attention_and_the_function_agree_on_masked_rows() -> None:
    layer = nn.MultiheadAttention(4, 2, batch_first=True, dtype=np.float64)
    x = np.random.default_rng(5).normal(size=(2, 3, 4))
    forbidden = np.zeros((3, 3), bool)
    forbidden[1] = True
    found = [layer(Tensor(x), x, x, attn_mask=forbidden, need_weights=w)[0].data for w in (0, 1)]
    np.testing.assert_allclose(found[0], found[1])
    np.testing.assert_allclose(found[0][:, 1], np.broadcast_to(layer.out_proj.bias.data, (2, 4)))
    empty = x[:, :0]
    found = [layer(x, empty, empty, need_weights=w)[0].data for w in (0, 1)]
    np.testing.assert_allclose(found[0], np.broadcast_to(layer.out_proj.bias.data, x.shape))
    np.testing.assert_allclose(found[0], found[1])
    query = x.copy()
    query[0, 0] = -np.inf  # not masked: NaN in both, whatever else a mask hides
    found = [layer(Tensor(query), x, x, attn_mask=forbidden, need_weights=w)[0].data
             for w in (0, 1)]  # fmt: skip
    assert all(np.isnan(y[0, 0]).all() and np.isfinite(y[0, 1:]).all() for y in found)


def test_a_relu_recurrence_passes_nan_on() -> None:
    layer = nn.RNN(2, 3, nonlinearity="relu", batch_first=True, dtype=np.float64)
    x = np.full((1, 2, 2), -1e308)
    x[0, 1] = np.nan
    t = Tensor(x, requires_grad=True)
    y = layer(t)[0]
    assert np.isnan(y.data[0, 1]).all()
    y.backward(np.ones(y.shape))
    assert np.all(t.grad.data[0, 1] != 0)


def test_complex_nan_stays_in_its_windows() -> None:
    x = np.array([[[1.0, 2.0 + 1j, complex(np.nan, 3.0)]]])
    y = f.adaptive_avg_pool1d(x, 2)
    assert y[0, 0, 0] == 1.5 + 0.5j
    assert np.isnan(y[0, 0, 1].real)
    assert y[0, 0, 1].imag == 2.0


# --- rules of optimization ------------------------------------------------------

SQUARING = {
    "Adam": {}, "AdamW": {}, "NAdam": {}, "RAdam": {}, "Adagrad": {}, "Adadelta": {},
    "RMSprop": {"centered": True},
}  # fmt: skip
OTHERS = {"SGD": {"lr": 0.1}, "Adamax": {}, "Lion": {}}


@pytest.mark.parametrize("name", SQUARING)
@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e30), (np.float64, 1e200)])
def test_gradients_whose_square_overflows_are_refused(name: str, dtype: Any, size: float) -> None:
    first = Tensor(np.ones(3, dtype), requires_grad=True)
    p = Tensor(np.ones(3, dtype), requires_grad=True)
    optimizer = getattr(optim, name)([first, p], **SQUARING[name])
    for value in (1.0, size):
        first.grad, p.grad = np.ones(3, dtype), np.array([1.0, value, 1.0], dtype)
        if value == 1.0:
            optimizer.step()
            before = first.data.copy(), p.data.copy(), optimizer.state_dict()["state"][0]
    with pytest.raises(errors.NonFiniteError, match=rf"{name}: the gradient of parameter 1 .*e\+"):
        optimizer.step()
    np.testing.assert_array_equal(first.data, before[0])  # nothing was written
    np.testing.assert_array_equal(p.data, before[1])
    assert optimizer.state_dict()["state"][0]["step"] == before[2]["step"]
    p.grad = np.array([1.0, np.nan, 1.0], dtype)  # seen in the parameter: not refused
    optimizer.step()
    np.testing.assert_array_equal(np.isnan(p.data), [False, True, False])


@pytest.mark.parametrize("name", OTHERS)
def test_rules_that_square_nothing_take_any_finite_gradient(name: str) -> None:
    p = Tensor(np.ones(2), requires_grad=True)
    optimizer = getattr(optim, name)([p], **OTHERS[name])
    p.grad = [1e200, -1.0]
    optimizer.step()
    assert np.isfinite(p.data).all()
    assert p.data[0] < 1 < p.data[1]


def test_squares_are_bounded_with_weight_decay_and_by_what_was_added_before() -> None:
    p = Tensor(np.array([1e160]), requires_grad=True)
    optimizer = optim.Adam([p], weight_decay=0.1)
    p.grad = [1.0]
    with pytest.raises(errors.NonFiniteError, match="overflows float64"):
        optimizer.step()
    q = Tensor(np.array([1.0]), requires_grad=True)
    optimizer = optim.Adagrad([q])
    q.grad = [1e154]
    optimizer.step()
    with pytest.raises(errors.NonFiniteError, match="overflows float64"):
        optimizer.step()


def test_adam_takes_what_pytorch_takes() -> None:
    """0.001 g**2 fits into single precision, though g**2 does not; PyTorch's steps are the table's.

    Both compiled and not: the small parameter runs NumPy's passes, the large one the kernel.
    """
    for size in (1, 1 << 16):
        p = Tensor(np.ones(size, np.float32), requires_grad=True)
        optimizer = optim.Adam([p])
        for g, expected in ((1.0, 0.999), (1e20, 0.998256), (1.0, 0.997681), (1e20, 0.996936)):
            p.grad = np.full(size, g, np.float32)
            optimizer.step()
            np.testing.assert_allclose(p.data, expected, rtol=2e-6)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0, np.inf])
@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_norms_of_gradients_neither_over_nor_underflow(order: float, size: float) -> None:
    p = Tensor(np.zeros(2), requires_grad=True)
    p.grad = np.array([3.0, 4.0]) * size
    length = np.linalg.norm([3.0, 4.0], order)
    np.testing.assert_allclose(optim.clip_grad_norm_([p], 0.5, order), length * size)
    wanted = np.array([3.0, 4.0]) * (0.5 / length if size > 1 else size)
    np.testing.assert_allclose(p.grad.data, wanted)


def test_a_norm_that_no_float_holds_is_refused() -> None:
    p = Tensor(np.zeros(2), requires_grad=True)
    p.grad = [1.7e308, 1.7e308]
    with pytest.raises(errors.NonFiniteError, match="their norm overflows"):
        optim.clip_grad_norm_([p], 1.0)
    assert p.grad.data[0] == 1.7e308
    p.grad = [np.inf, 1.0]
    assert optim.clip_grad_norm_([p], 1.0) == np.inf


# --- rules ------------------------------------------------------------------------


@pytest.mark.parametrize("function", [np.median, np.nanmedian])
def test_medians_are_numpys_also_of_infinities(function: Any) -> None:
    inf, nan = np.inf, np.nan
    for row in ([inf, -inf, 1.0], [1.0, inf], [-inf, 1.0], [inf, inf], [-inf, -inf, 1.0, inf],
                [1.0, nan, 2.0], [4.0, 1.0, 2.0, 3.0]):  # fmt: skip
        x = np.array(row)
        np.testing.assert_array_equal(function(Tensor(x, requires_grad=True)).data, function(x))
    np.testing.assert_array_equal(grad(function)(np.array([4.0, 1.0, 2.0, 3.0])), [0, 0, 0.5, 0.5])
    with pytest.raises(errors.AutogradError, match="no order"):
        function(Tensor(np.array([1j, 2]), requires_grad=True))
    assert function(Tensor([1, 4])).data == 2.5


@pytest.mark.parametrize(("u", "v"), [
    ([1.0, np.nan, 2.0, 3.0], [1.0, 1.0]), ([1.0, 2.0, 3.0, 4.0], [1.0, np.inf, 1.0]),
    ([0.0, 1.0], [1.0, 2.0, 3.0]), ([1.0, 3.0, 2.0], [1.0, 1.0]),
])  # fmt: skip
def test_polydiv_keeps_what_numpy_keeps(u: Any, v: Any) -> None:
    found = np.polydiv(Tensor(np.array(u), requires_grad=True), np.array(v))
    for one, other in zip(found, np.polydiv(u, v), strict=True):
        np.testing.assert_array_equal(one.data, other)


def test_bessel_functions_at_the_edges() -> None:
    special = pytest.importorskip("scipy.special")
    assert grad(np.i0)(0.0) == 0.0
    np.testing.assert_allclose(grad(np.i0)(1e-20), 5e-21)
    assert np.isnan(grad(np.i0)(np.nan))
    assert grad(np.i0)(-800.0) == -np.inf
    for x in (5e-324, 2e-308, 1e-160):  # I1 = x/2 + x**3/16, I1' = 1/2 + 3 x**2/16
        np.testing.assert_allclose(grad(special.i1)(x), 0.5)
        np.testing.assert_allclose(grad(grad(special.i1))(x), 0.375 * x, rtol=1e-9)
        np.testing.assert_allclose(grad(special.i1e)(x), 0.5)
    for x in (1e9, 1e12):  # both near (2 pi x)**-0.5
        for function in (special.i0e, special.i1e):
            np.testing.assert_allclose(grad(function)(x), -0.5 * special.i0e(x) / x, rtol=1e-7)
            np.testing.assert_allclose(
                grad(grad(function))(x), 0.75 * special.i0e(x) / x**2, rtol=1e-6
            )
    assert grad(special.i1e)(np.inf) == 0.0
