"""Numbers at the edge beside PyTorch: the rows of docs/kinks.md, and walks over whole families.

A walk compares value and gradient at every edge number.  What differs on purpose is listed with its
reason, so that a new difference is found.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases.edges import EDGES, Edge

import optim
from autograd_core import Tensor
from autograd_core.base import errors
from nn import functional as f

torch = pytest.importorskip("torch")
there = torch.nn.functional
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
inf, nan = np.inf, np.nan

FORMS: dict[str, Any] = {
    **{name: getattr(there, name) for name in
       ("relu", "leaky_relu", "silu", "prelu")},
    "softmax": lambda x: torch.softmax(x, 0),
    "maximum0": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "clip": lambda x: torch.clamp(x, -1.0, 1.0),
    "amax": torch.amax, "sort": lambda x: torch.sort(x, stable=True).values,
    "median": torch.median,
    "max_pool": lambda x: there.max_pool2d(x, 2),
    "max_pool_padded": lambda x: there.max_pool1d(x, 3, 2, 1),
    "norm05": lambda x: torch.linalg.norm(x, 0.5),
    "norminf": lambda x: torch.linalg.norm(x, inf), "norm2": torch.linalg.norm,
    "huber": lambda x: there.huber_loss(x, torch.zeros_like(x), reduction="none"),
    "bce": lambda p: there.binary_cross_entropy(p, 1 - p.detach(), reduction="sum"),
    "nll": lambda x: there.nll_loss(x, torch.tensor([0, -100])),
    "ce_ignored": lambda z: there.cross_entropy(z, torch.tensor([-100]), reduction="sum"),
    "ce": lambda z: there.cross_entropy(z, torch.tensor([0])),
    "kl": lambda x: there.kl_div(x, torch.tensor([0.0, -1.0], dtype=x.dtype), reduction="none"),
    "attention": lambda q: there.scaled_dot_product_attention(
        q, *(torch.eye(2, dtype=q.dtype),) * 2, torch.tensor([[True, False], [False, False]])),
    "attention_empty": lambda q: there.scaled_dot_product_attention(
        q, *(torch.ones((0, 2), dtype=q.dtype),) * 2),
    "layer_norm": lambda x: there.layer_norm(x, (2,)),
    "adaptive_avg": lambda x: there.adaptive_avg_pool1d(x, 2),
}  # fmt: skip


@pytest.mark.parametrize("edge", [e for e in EDGES if e.torch], ids=lambda e: e.text)
def test_pytorch_answers_the_same(edge: Edge) -> None:
    xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in edge.at]
    y = FORMS[edge.torch](*xs)
    np.testing.assert_allclose(y.detach().numpy(), edge.value, rtol=1e-9, atol=1e-12)
    y.sum().backward()
    for x, expected in zip(xs, edge.gradient, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-8, atol=1e-12)


def numbers(dtype: Any) -> Any:
    i = np.finfo(dtype)
    sizes = [0.0, i.smallest_subnormal, i.tiny, 1e-10, 0.5, 1, 3, 6, 20, 100, 800, 1e10, i.max, inf]
    return np.array([nan, *sizes, *np.negative(sizes)], dtype)


def differences(ours: Any, theirs: Any, *xs: Any) -> tuple[set[Any], set[Any]]:
    """Return at which numbers the value differs, and at which the first gradient does."""
    a = [Tensor(x.copy(), requires_grad=True) for x in xs]
    b = [torch.tensor(x, requires_grad=True) for x in xs]
    y, w = ours(*a), theirs(*b)
    y.backward(np.ones(y.shape, y.dtype))
    w.backward(torch.ones_like(w))
    found = []
    rtol = 2e-5 if xs[0].dtype == np.float32 else 1e-6  # PyTorch's own errors are larger than ours
    for one, other in ((y.data, w.detach().numpy()), (a[0].grad.data, b[0].grad.numpy())):
        same = np.isclose(one, other, rtol=rtol, atol=1e-30, equal_nan=True)
        found.append({str(v) for v in np.stack(xs, -1)[~same].ravel()})
    return found[0], found[1]


ACTIVATIONS: dict[str, Any] = {
    **dict.fromkeys(("relu", "silu", "softplus", "mish", "leaky_relu", "tanh", "hardsigmoid",
                     "log_sigmoid", "sigmoid"), ()),
    # PyTorch's gradient at NaN hangs on the array's length: whether its loop is vectorized
    **dict.fromkeys(("relu6", "hardtanh", "hardshrink", "softshrink", "elu", "celu", "selu"),
                    ("nan",)),
    "hardswish": {"nan", "3.4028235e+38", "1.7976931348623157e+308"},  # overflows there
    # 1 / (1 + |x|)**2 and tanh(x)**2: NaN or 0 there, or fewer digits
    "softsign": {"inf", "-inf", "800.0", "-800.0", "10000000000.0", "-10000000000.0", "1e+10",
                 "-1e+10"},
    "tanhshrink": {"1e-10", "-1e-10"},
    "gelu": {"inf", "3.4028235e+38", "-3.0", "-6.0"},  # in single precision: NaN, fewer digits
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_differ_only_where_listed(name: str, dtype: Any) -> None:
    theirs = {"log_sigmoid": there.logsigmoid, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    value, gradient = differences(
        getattr(f, name), theirs.get(name) or getattr(there, name), numbers(dtype)
    )
    assert value | gradient <= set(ACTIVATIONS[name])


ROWS = {
    "fine": [1.0, 2.0, 3.0], "NaN": [nan, 1.0, 0.0], "inf": [inf, 1.0, 0.0],
    "-inf": [1.0, -inf, 0.0], "all -inf": [-inf, -inf, -inf], "large": [3e38, -3e38, 1.0],
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
@pytest.mark.parametrize("ignored", [False, True])
def test_cross_entropy_of_a_row_at_the_edge(
    row: str, reduction: str, smoothing: float, ignored: bool
) -> None:
    z = np.array([[0.5, 0.0, 1.0], ROWS[row]])
    index, weight = np.array([2, -100 if ignored else 1]), np.array([1.0, 2.0, 0.5])
    a, b = Tensor(z, requires_grad=True), torch.tensor(z, requires_grad=True)
    given = {"reduction": reduction, "label_smoothing": smoothing}
    y = f.cross_entropy(a, index, weight, **given)
    w = there.cross_entropy(b, torch.tensor(index), torch.tensor(weight), **given)
    np.testing.assert_allclose(y.data, w.detach().numpy(), rtol=1e-12)
    y.backward(np.ones(y.shape))
    w.sum().backward()
    expected = b.grad.numpy()
    if ignored:
        expected[1] = 0  # PyTorch's is NaN if the row is
    np.testing.assert_allclose(a.grad.data, expected, rtol=1e-12, atol=1e-15)


POOLS = {
    "max": (f.max_pool2d, there.max_pool2d, (0, 1)),
    "average": (f.avg_pool2d, there.avg_pool2d, (0, 1)),
    "adaptive max": (lambda x, *_: f.adaptive_max_pool2d(x, 3),
                     lambda x, *_: there.adaptive_max_pool2d(x, 3), (0,)),
    "adaptive average": (lambda x, *_: f.adaptive_avg_pool2d(x, 3),
                         lambda x, *_: there.adaptive_avg_pool2d(x, 3), (0,)),
}  # fmt: skip


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("spoiled", [nan, inf, -inf])
def test_pooling_of_spoiled_images(name: str, spoiled: float) -> None:
    ours, theirs, paddings = POOLS[name]
    rng = np.random.default_rng(0)
    for share in (0.1, 0.6, 1.0):
        x = rng.normal(size=(2, 2, 7, 7))
        x[rng.random(x.shape) < share] = spoiled
        for padding in paddings:
            a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
            y, w = ours(a, 3, 2, padding), theirs(b, 3, 2, padding)
            np.testing.assert_allclose(y.data, w.detach().numpy(), rtol=1e-12)
            y.backward(np.ones(y.shape))
            w.backward(torch.ones_like(w))
            np.testing.assert_allclose(a.grad.data, b.grad.numpy(), rtol=1e-12)


RULES: dict[str, list[dict[str, Any]]] = {
    "SGD": [{"lr": 0.1}, {"lr": 0.1, "momentum": 0.9, "nesterov": True}],
    "Adam": [{}, {"amsgrad": True}, {"weight_decay": 0.1}], "AdamW": [{}], "NAdam": [{}],
    "RAdam": [{}], "Adamax": [{}], "Adagrad": [{}], "Adadelta": [{}],
    "RMSprop": [{}, {"centered": True}, {"momentum": 0.9}],
}  # fmt: skip
SQUARE_NOTHING = {"SGD", "Adamax"}


@pytest.mark.parametrize(("name", "k"), [(n, k) for n, v in RULES.items() for k in range(len(v))])
@pytest.mark.parametrize("size", [nan, inf, 1e200, 1e160, 1e150, 1e-200, 5e-324, 0.0])
def test_rules_of_optimization_at_the_edge(name: str, k: int, size: float) -> None:
    p = Tensor(np.ones(1), requires_grad=True)
    q = torch.ones(1, dtype=torch.float64, requires_grad=True)
    ours = getattr(optim, name)([p], **RULES[name][k])
    theirs = getattr(torch.optim, name)([q], **RULES[name][k])
    for g in (1.0, size, 0.5, 0.5):
        p.grad, q.grad = np.array([g]), torch.tensor([g], dtype=torch.float64)
        theirs.step()
        if 1e155 < g < inf and name not in SQUARE_NOTHING:  # PyTorch's parameter stops for good
            with pytest.raises(errors.NonFiniteError):
                ours.step()
            return
        ours.step()
        if name == "RAdam" and not np.isfinite(size):  # momentum alone at first: inf here, then NaN
            assert np.isfinite(p.data[0]) == np.isfinite(q.detach().numpy()[0])
        else:
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-9)
