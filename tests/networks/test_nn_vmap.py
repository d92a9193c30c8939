"""Layers and losses under vmap: equal to a loop over the examples, with and without gradients."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from test_nn_gradients import CASES as MODULES
from test_nn_gradients import LOSSES, built, values

import nn
from autograd_core import LoopWarning, ShapeError, grad, hvp, jvp, vmap
from autograd_core.transforms import batched as batching
from nn.functional.attention import self_attention
from nn.functional.gru import gru_layer
from nn.functional.lstm import lstm_layer
from nn.values import raw

F = nn.functional
RNG = np.random.default_rng(0)
W, B, X = RNG.normal(size=(3, 4)), RNG.normal(size=3), RNG.normal(size=(5, 4))
LOGITS, LABELS = RNG.normal(size=(5, 2, 3)), RNG.integers(0, 3, (5, 2))
SEQUENCES, H = RNG.normal(size=(5, 4, 2, 4)), np.zeros((2, 3))
LSTM = [RNG.normal(size=s) for s in ((12, 4), (12, 3), (12,), (12,))]
GRU = [w[:9] for w in LSTM]
PACKED = RNG.normal(size=(5, 2, 3, 12))
ENDS = np.array([4, 2])

# name: (a scalar function of one example, its batched arguments)
CASES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "linear": (lambda x: np.sum(F.linear(x, W, B) ** 2), (X,)),
    "linear, no bias": (lambda x: np.sum(F.linear(x, W) ** 2), (X,)),
    "linear, weights": (lambda w: np.sum(F.linear(X, w, B) ** 2), (RNG.normal(size=(6, 3, 4)),)),
    "cross entropy": (lambda z: F.cross_entropy(z, LABELS[0]), (LOGITS,)),
    "labels too": (lambda z, t: F.cross_entropy(z, t), (LOGITS, LABELS)),
    "one row, its label": (lambda z, t: F.cross_entropy(z, t), (LOGITS[:, 0], LABELS[:, 0])),
    "smoothed": (lambda z, t: F.cross_entropy(z, t, label_smoothing=0.2), (LOGITS, LABELS)),
    "distributions": (lambda z, q: F.cross_entropy(z, q), (LOGITS, F.softmax(LOGITS[::-1], -1))),
    "class weights": (
        lambda w: F.cross_entropy(LOGITS[0], LABELS[0], weight=w),
        (1 + X[:, :3] ** 2,),
    ),
    "weighted margins": (
        lambda w: F.multi_margin_loss(LOGITS[0], LABELS[0], weight=w),
        (1 + X[:, :3] ** 2,),
    ),
    "learned mask": (
        lambda m: np.sum(F.scaled_dot_product_attention(X, X, X, m[:, None] * m) ** 2),
        (RNG.normal(size=(4, 5)),),
    ),
    "cosine": (lambda x: np.sum(F.cosine_similarity(x, W, dim=0)), (X,)),
    "squared error": (lambda x: F.mse_loss(x, X[0]), (X,)),
    "lstm": (lambda x: np.sum(lstm_layer(x, H, H, *LSTM)[0] ** 2), (SEQUENCES,)),
    "lstm, lengths": (
        lambda x: np.sum(lstm_layer(x, H, H, *LSTM, lengths=ENDS)[2] ** 2),
        (SEQUENCES,),
    ),
    "gru": (lambda x: np.sum(gru_layer(x, H, *GRU)[0] ** 2), (SEQUENCES,)),
    "attention": (lambda x: np.sum(self_attention(x, heads=2) ** 2), (PACKED,)),
}


@pytest.mark.parametrize("name", CASES)
def test_vmap_is_a_loop(name: str) -> None:
    f, given = CASES[name]
    direction = np.ones_like(given[0][0])
    rest = given[1:]
    functions = {
        "value": f,
        "gradient": grad(f),
        "second": lambda x, *rest: hvp(lambda x: f(x, *rest), (x,), (direction,)),
    }
    for what, function in functions.items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no operation is run example by example
            found = vmap(function)(*given)
        wanted = np.stack([function(*(a[k] for a in given)) for k in range(len(given[0]))])
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11, err_msg=what)
    assert len(rest) <= 1


def test_a_gradient_for_each_example() -> None:
    model = nn.Sequential(nn.Linear(4, 8, dtype=float), nn.Tanh(), nn.Linear(8, 3, dtype=float))
    weight = model[0].weight.data

    def loss(w: Any, x: Any, t: Any) -> Any:
        hidden = np.tanh(F.linear(x, w, model[0].bias.data))
        return F.cross_entropy(F.linear(hidden, model[2].weight.data, model[2].bias.data), t)

    each = vmap(grad(loss), (None, 0, 0))(weight, X, LABELS[:, 0])
    assert each.shape == (5, 8, 4)
    together = grad(lambda w: loss(w, X, LABELS[:, 0]))(weight)
    np.testing.assert_allclose(each.mean(axis=0), together, rtol=1e-12)


def test_labels_of_their_own_are_checked_for_all_examples() -> None:
    with pytest.raises(ShapeError, match="targets"):
        vmap(lambda z, t: F.cross_entropy(z, t))(LOGITS, LABELS[:, 0])
    wrong = LABELS.copy()
    wrong[3, 1] = 3
    for loss in (F.cross_entropy, F.nll_loss, F.multi_margin_loss):
        with pytest.raises(ShapeError, match="target 1 is class 3, but the input has 3 classes"):
            vmap(loss)(LOGITS, wrong)
    none = np.array([[0, 1], [2, 2]])
    for loss in (F.cross_entropy, F.nll_loss):
        with pytest.raises(ShapeError, match="no target counts"):
            vmap(lambda z, t, loss=loss: loss(z, t, ignore_index=2))(LOGITS[:2], none)
    with pytest.raises(ShapeError, match="-1 or \\+1"):
        vmap(F.hinge_loss)(np.ones((2, 1)), np.array([[1.0], [0.5]]))
    with pytest.raises(ShapeError, match="-1 or \\+1"):
        vmap(F.cosine_embedding_loss)(np.ones((2, 3)), np.ones((2, 3)), np.array([1, 0]))
    with pytest.raises(ShapeError, match="probabilities"):
        vmap(F.binary_cross_entropy)(np.array([[0.5], [1.5]]), np.ones((2, 1)))
    with pytest.raises(ShapeError, match="index 3 is outside"):
        vmap(F.embedding, (0, None))(np.array([[0], [3]]), W)
    lstm = nn.LSTM(4, 3, dtype=float)
    with pytest.raises(ShapeError, match="from 1 to 4"):
        vmap(lambda x, n: lstm(x, None, n)[0])(SEQUENCES[:2], np.array([[4, 1], [5, 1]]))


# --- every module and every loss ------------------------------------------------------------------


def several(shape: Any) -> Any:
    return np.stack([values(*shape, seed=s) for s in range(3)])


def first(result: Any) -> Any:
    while isinstance(result, (tuple, list)):
        result = result[0]
    return result


def is_a_loop(f: Any, args: Any, axes: Any, *, constants: tuple[int, ...] = ()) -> None:
    """Compare vmap of f, of its gradients and of a second derivative with a loop."""

    def total(*given: Any) -> Any:
        return np.sum(first(f(*given)) ** 2)

    floats = tuple(k for k, a in enumerate(args) if a.dtype.kind == "f" and k not in constants)
    modes = {"value": lambda *given: first(f(*given))}
    if floats:
        k = floats[0]
        modes["gradients"] = lambda *given: grad(total, floats)(*given)
        modes["second"] = lambda *given: hvp(
            lambda x: total(*given[:k], x, *given[k + 1 :]), (given[k],), (np.ones_like(given[k]),)
        )
    for name, function in modes.items():
        together = tree_leaves(vmap(function, in_axes=tuple(axes))(*args))
        single = [
            tree_leaves(function(*(a[k] if x == 0 else a for a, x in zip(args, axes, strict=True))))
            for k in range(3)
        ]
        for found, *wanted in zip(together, *single, strict=True):
            np.testing.assert_allclose(
                raw(found), [raw(w) for w in wanted], rtol=1e-8, atol=1e-10, err_msg=name
            )


def tree_leaves(value: Any) -> list[Any]:
    parts = value if isinstance(value, (tuple, list)) else (value,)
    return [leaf for part in parts for leaf in ((part,) if part is value else tree_leaves(part))]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
@pytest.mark.filterwarnings("ignore::autograd_core.IndependentWarning")
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("case", MODULES, ids=lambda c: f"{c[0]}{c[1]}{c[2] or ''}")
def test_every_module(case: Any, training: bool) -> None:
    name, arguments, keywords, shapes = case
    if name.startswith("BatchNorm") and training:
        keywords = {**keywords, "track_running_stats": False}
    module = built(name, arguments, keywords).train(training).requires_grad_(False)
    inputs = [several(shape) for shape in shapes]
    is_a_loop(module, inputs, [0] * len(inputs))
    names = [n for n, _ in module.named_parameters()]
    if names:
        weight = dict(module.named_parameters())[names[0]].data
        weights = np.stack([weight, 1.1 * weight, weight - 0.1])

        def of_weight(w: Any, *xs: Any) -> Any:
            return nn.functional_call(module, {names[0]: w}, xs)

        is_a_loop(of_weight, [weights, *(x[0] for x in inputs)], [0] + [None] * len(inputs))
        is_a_loop(of_weight, [weights, *inputs], [0] * (1 + len(inputs)))


@pytest.mark.filterwarnings("ignore::autograd_core.IndependentWarning")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("case", LOSSES, ids=lambda c: f"{c[0]}{c[1] or ''}")
def test_every_loss_with_targets_of_their_own(case: Any, reduction: str) -> None:
    name, keywords, target = case
    losses = [getattr(nn, name)(reduction=reduction, **keywords)]
    if name in ("NLLLoss", "CrossEntropyLoss", "MultiMarginLoss"):
        losses.append(getattr(nn, name)(reduction=reduction, weight=np.array([0.5, 2]), **keywords))
    constants = (1,) if name == "HingeLoss" else ()
    x, t = several((3, 2)), target()
    targets = np.stack([t, t[::-1], t])
    with warnings.catch_warnings():
        warnings.simplefilter("error", LoopWarning)
        for loss in losses:
            is_a_loop(loss, [x, t], [0, None], constants=(1,))
            is_a_loop(loss, [x, targets], [0, 0], constants=constants)
            is_a_loop(loss, [x[0], targets], [None, 0], constants=constants)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_other_shapes(reduction: str) -> None:
    p = np.abs(several((3, 2))) / 2
    is_a_loop(nn.BCELoss(reduction=reduction), [p, p[::-1].copy()], [0, 0])
    a = several((3, 2))
    signs = np.array([[1, -1, 1], [1, 1, 1], [-1, -1, 1]])
    loss = nn.CosineEmbeddingLoss(0.1, reduction=reduction)
    is_a_loop(loss, [a, a[::-1].copy(), signs], [0, 0, 0])
    is_a_loop(loss, [a[0], a[1], signs], [None, None, 0])
    places = np.random.default_rng(0).integers(0, 3, (3, 2, 4))
    for name in ("cross_entropy", "nll_loss"):
        for keywords in ({}, {"ignore_index": 1}, {"weight": np.array([1.0, 0.5, 2.0])}):

            def of(z: Any, t: Any, name: str = name, keywords: Any = keywords) -> Any:
                return getattr(F, name)(z, t, reduction=reduction, **keywords)

            is_a_loop(of, [several((2, 3, 4)), places], [0, 0])
            is_a_loop(of, [several((3,)), np.array([0, 2, 0])], [0, 0])


@pytest.mark.parametrize("padding", [None, 1])
def test_embeddings(padding: int | None) -> None:
    def look_up(ids: Any, table: Any) -> Any:
        return F.embedding(ids, table, padding)

    ids, tables = np.array([[0, 2], [1, 1], [2, 0]]), several((3, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error", LoopWarning)
        is_a_loop(look_up, [ids, tables[0]], [0, None])
        is_a_loop(look_up, [ids, tables], [0, 0])
        is_a_loop(look_up, [ids[0], tables], [None, 0])
        is_a_loop(nn.Embedding(3, 2, padding_idx=padding).double(), [ids], [0])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_lengths_of_their_own(name: str, bidirectional: bool) -> None:
    keywords = {"bidirectional": bidirectional}
    module = built(name, (2, 2), keywords).requires_grad_(False)
    lengths = np.array([[3, 1], [2, 2], [1, 3]])
    for part in (0, 1):

        def run(x: Any, n: Any, part: int = part) -> Any:
            return module(x, None, n)[part]

        is_a_loop(run, [several((3, 2, 2)), lengths], [0, 0])
        is_a_loop(run, [values(3, 2, 2), lengths], [None, 0])


def test_what_works_on_a_batch_already_takes_a_longer_one() -> None:
    """Convolution and pooling fold the examples into their batch; no loop, no warning."""
    x = several((2, 2, 5, 4))
    kernel = values(3, 2, 2, 2)
    functions = {
        "convolution": lambda x: F.conv2d(x, kernel, values(3), padding=1),
        "transposed": lambda x: F.conv_transpose2d(x, values(2, 3, 2, 2), stride=2),
        "maxima": lambda x: F.max_pool2d(x, 2),
        "overlapping": lambda x: F.max_pool2d(x, (3, 2), 1, 1),
        "adaptive": lambda x: F.adaptive_max_pool2d(x, 3),
        "means": lambda x: F.avg_pool2d(x, 2, padding=1, count_include_pad=False),
        "norms": lambda x: F.lp_pool2d(x, 3, 2),
    }
    batching._said.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error", LoopWarning)
        for f in functions.values():
            is_a_loop(f, [x], [0])
            nested = vmap(vmap(f))(np.stack([x, x[::-1]]))
            np.testing.assert_allclose(nested[1, 0], f(x[2]))
            tangents = vmap(lambda t, f=f: jvp(f, (x[0],), (t,))[1])(x)  # only they are batched
            np.testing.assert_allclose(tangents[1], jvp(f, (x[0],), (x[1],))[1])
