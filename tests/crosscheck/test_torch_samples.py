"""The samples of PyTorch's own test databases: values, gradients, second derivatives, states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import AutogradError, Tensor

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # PyTorch's databases import it

from pytorch_samples import (  # noqa: E402 - they need PyTorch
    MODULES,
    OPERATIONS,
    PREFIX,
    compare,
    compare_derivatives,
    leaves,
    ours,
    tensors,
)

F = nn.functional
MOST = 12  # samples of an operation, or of a module in one mode
CLOSE = 1e-6

DRAWS = "draws numbers"
# operations that are not compared by these samples, and why
NOT_COMPARED = {
    "linear_cross_entropy": "not here", "multi_head_attention_forward": "not here",
    "upsample_bilinear": "not here", "upsample_nearest": "not here",
    "dropout": DRAWS, "dropout2d": DRAWS, "dropout3d": DRAWS, "alpha_dropout": DRAWS,
    "feature_alpha_dropout": DRAWS, "rrelu": DRAWS, "fractional_max_pool2d": DRAWS,
    "fractional_max_pool3d": DRAWS,
    "triplet_margin_with_distance_loss": "the samples hold functions of PyTorch's",
    "ctc_loss": "PyTorch's derivative is right after log_softmax only; compared below",
    "one_hot": "has no derivative; compared below",
}  # fmt: skip
# what is refused here and computed there
REFUSED = {
    "softmin": "no keyword dtype=",
    "normalize": "a vector is needed, not a number",
    "group_norm": "its derivative rule raised ValueError",  # eps = -0.5
    "layer_norm": "its derivative rule raised ValueError",
    "multi_margin_loss": r"the input has shape \(\)",
    "multilabel_margin_loss": r"the input has shape \(\)",
    "avg_pool2d": "(padding|stride) must be an integer or 2 of them",  # (1,) and ()
    "hinge_embedding_loss": "every target must be -1 or",  # the samples have 0 too
    "batch_norm": r"its shape is \(0,\)",
}
CONSTANT = {"cosine_embedding_loss": 2, "hinge_embedding_loss": 1}  # the target, by position
FIRST_TWO_SWAPPED = {"embedding", "embedding_bag"}  # the samples' input is the table
VALUES_ONLY = {
    "max_unpool1d": "elements that overlapping windows name twice: PyTorch gives both a gradient",
    "max_unpool2d": "the same",
    "max_unpool3d": "the same",
    "lp_pool1d": "PyTorch takes x ** p without the absolute value",
}
OP_CASES = [
    pytest.param(op, id=f"{op.name.removeprefix(PREFIX)}-{op.variant_test_name}")
    for op in OPERATIONS
    if op.name.removeprefix(PREFIX) not in NOT_COMPARED
]


@pytest.mark.parametrize("op", OP_CASES)
def test_operation(op: Any) -> None:
    name = op.name.removeprefix(PREFIX)
    torch.manual_seed(0)
    compared = 0
    for sample in list(op.sample_inputs("cpu", torch.float64, requires_grad=True))[:MOST]:
        args, keywords = [sample.input, *sample.args], sample.kwargs
        if keywords.get("dropout_p"):  # draws
            continue
        if name in CONSTANT:
            args[CONSTANT[name]] = args[CONSTANT[name]].detach()
        wanted = op.op(*args, **keywords)
        mine, mine_by_name = ours(args), {k: ours(v) for k, v in keywords.items()}
        if name in FIRST_TWO_SWAPPED:
            mine[:2] = mine[1::-1]
            if isinstance(mine[0], Tensor):
                mine[0] = mine[0].data
        try:
            found = getattr(F, name)(*mine, **mine_by_name)
        except AutogradError as error:
            pattern = REFUSED.get(name)
            if name in FIRST_TWO_SWAPPED:
                continue
            with pytest.raises(AutogradError, match=pattern or "nothing is expected"):
                raise error
            continue
        for y, z in zip(leaves(found), leaves(wanted), strict=True):
            compare(y, z, name, CLOSE)
        compared += 1
        if name in VALUES_ONLY and not op.variant_test_name:
            continue
        if name in FIRST_TWO_SWAPPED:
            continue
        its, my = list(tensors((args, keywords))), list(tensors((mine, mine_by_name)))
        try:
            compare_derivatives(found, wanted, my, its, CLOSE, op.supports_gradgrad)
        except AutogradError as error:
            with pytest.raises(AutogradError, match=REFUSED[name]):
                raise error
    assert compared or name in REFUSED


def test_each_exception_names_an_operation() -> None:
    names = {op.name.removeprefix(PREFIX) for op in OPERATIONS}
    assert (NOT_COMPARED.keys() | REFUSED.keys() | CONSTANT.keys()) - names == set()
    assert all(not hasattr(F, name) for name, why in NOT_COMPARED.items() if why == "not here")


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("rows", [True, False], ids=["rows", "in a line"])
def test_ctc_loss(reduction: str, rows: bool) -> None:
    rng = np.random.default_rng(5)
    logits, times = rng.normal(size=(9, 3, 5)), np.array([9, 7, 4])
    labels, counts = np.array([[1, 2, 2, 4], [3, 3, 0, 0], [4, 0, 0, 0]]), np.array([4, 2, 1])
    target = labels if rows else np.array([1, 2, 2, 4, 3, 3, 4])
    x, t = Tensor(logits, requires_grad=True), torch.tensor(logits, requires_grad=True)
    for zero in (True, False):
        mine = F.ctc_loss(F.log_softmax(x, 2), target, times, counts, 0, reduction, zero)
        its = torch.nn.functional.ctc_loss(
            t.log_softmax(2), *map(torch.tensor, (target, times, counts)), 0, reduction, zero
        )
        compare(mine, its, "loss", CLOSE)
        compare_derivatives(mine, its, [x], [t], CLOSE, False)
    short = np.array([9, 2, 4])  # "3 3" needs three steps
    for zero in (True, False):
        mine = F.ctc_loss(F.log_softmax(logits, 2), target, short, counts, 0, "none", zero)
        its = torch.nn.functional.ctc_loss(
            t.log_softmax(2), *map(torch.tensor, (target, short, counts)), 0, "none", zero
        )
        np.testing.assert_allclose(mine, its.detach().numpy(), CLOSE)


@pytest.mark.parametrize("n", [2, 3])
def test_fractional_pooling_with_given_draws(n: int) -> None:
    rng = np.random.default_rng(n)
    x, drawn = rng.normal(size=(2, 3, *(9, 8, 10)[:n])), rng.random((2, 3, n))
    function = f"fractional_max_pool{n}d"
    for size in ((4, 5, 3)[:n], (1, 6, 2)[:n]):
        a, t = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        found = getattr(F, function)(a, 2, size, None, True, drawn)
        wanted = getattr(torch.nn.functional, function)(t, 2, size, None, True, torch.tensor(drawn))
        np.testing.assert_array_equal(found[1], wanted[1].numpy())
        compare(found[0], wanted[0], "value", 0)
        compare_derivatives(found[0], wanted[0], [a], [t], CLOSE, True)


def test_one_hot() -> None:
    index = np.random.default_rng(0).integers(0, 5, (3, 4))
    for classes in (-1, 7):
        found = F.one_hot(index, classes)
        wanted = torch.nn.functional.one_hot(torch.tensor(index), classes)
        np.testing.assert_array_equal(found, wanted.numpy())


# --- modules --------------------------------------------------------------------------------------

MODULES_NOT_COMPARED = {
    "LinearCrossEntropyLoss": "not here",
    "MultiheadAttention": "most samples want add_bias_kv; compared in test_torch_nn.py",
    "TransformerEncoder": "the samples hold layers of PyTorch's; compared in test_torch_nn.py",
    "CTCLoss": "PyTorch's derivative is right after log_softmax only; compared above",
    "LPPool1d": "PyTorch takes x ** p without the absolute value",
    "LPPool2d": "the same",
    "LPPool3d": "the same",
    "KLDivLoss": "PyTorch's derivative of a target that is 0 is another one",
}
MODULE_REFUSED = {
    "BatchNorm1d": "more than one value a channel",
    "BatchNorm2d": "more than one value a channel",
    "BatchNorm3d": "more than one value a channel",
    "FractionalMaxPool3d": "_random_samples must have shape",
}
_FOREIGN = "must be Tensor, not Tensor"  # an activation function of PyTorch's among the settings


def name_of(info: Any) -> str:
    return str(info.name.removeprefix("nn."))


MODULE_CASES = [
    pytest.param(info, id=name_of(info))
    for info in MODULES
    if name_of(info) not in MODULES_NOT_COMPARED
]


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("info", MODULE_CASES)
def test_module(info: Any, training: bool) -> None:
    name = name_of(info)
    torch.manual_seed(0)
    inputs = info.module_inputs_func(
        info, device="cpu", dtype=torch.float64, requires_grad=True, training=training
    )
    compared = 0
    for given in [entry for entry in inputs if entry.forward_input is not None][:MOST]:
        made, called = given.constructor_input, given.forward_input
        theirs = info.module_cls(*made.args, **made.kwargs).double().train(training)
        if name.startswith("Lazy"):
            theirs(*called.args, **called.kwargs)
        try:
            state = {key: v.detach().numpy().copy() for key, v in theirs.state_dict().items()}
            wanted = theirs(*called.args, **called.kwargs)
        except ValueError:  # refused there
            continue
        settings = {k: ours(v) for k, v in made.kwargs.items() if k not in ("device", "dtype")}
        mine_args, mine_named = ours(called.args), {k: ours(v) for k, v in called.kwargs.items()}
        try:
            mine = getattr(nn, name)(*ours(made.args), **settings).double().train(training)
            mine.load_state_dict(state)
            found = mine(*mine_args, **mine_named)
        except (AutogradError, TypeError) as error:
            if _FOREIGN in str(error):
                continue
            with pytest.raises(type(error), match=MODULE_REFUSED.get(name, "nothing is expected")):
                raise error
            continue
        for y, z in zip(leaves(found), leaves(wanted), strict=True):
            compare(y, z, name, CLOSE)
        my = [*tensors((mine_args, mine_named)), *mine.parameters()]
        its = [*tensors((called.args, called.kwargs)), *theirs.parameters()]
        compare_derivatives(found, wanted, my, its, CLOSE, info.supports_gradgrad)
        after = {key: v.detach().numpy() for key, v in theirs.state_dict().items()}
        mine_after = mine.state_dict()
        assert list(mine_after) == list(after)
        for key, value in after.items():
            np.testing.assert_allclose(mine_after[key], value, CLOSE, CLOSE, err_msg=key)
        compared += 1
    assert compared
