"""Every function of nn.functional that PyTorch has too: values and all gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases.nn_functions import CASES, FUNCTIONS, call

from autograd_core import Tensor

torch = pytest.importorskip("torch")

OURS = {"entropy", "half_squared_error", "hinge_loss", "step"}
DRAWING = {"alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d",
           "feature_alpha_dropout", "fractional_max_pool2d", "fractional_max_pool3d",
           "gumbel_softmax", "rrelu"}  # fmt: skip
SAMPLED = {"ctc_loss", "one_hot"}  # compared in test_torch_samples.py
NO_TARGET = {"cosine_embedding_loss", "hinge_embedding_loss", "soft_margin_loss"}
NAMES = {"log_sigmoid": "logsigmoid"}
CONSTANT = {"running_mean", "running_var"}
# where PyTorch refuses a tracked value, or has no such number
REFUSED_THERE = {"weight", "pos_weight"}
LOSSES = {"cross_entropy", "nll_loss", "multi_margin_loss", "binary_cross_entropy",
          "binary_cross_entropy_with_logits"}  # fmt: skip
ODD_POWER = {"lp_pool1d", "lp_pool3d"}  # PyTorch takes x ** p without the absolute value


@pytest.mark.parametrize(
    ("name", "k"), [c for c in CASES if c[0] not in OURS | DRAWING | SAMPLED | ODD_POWER]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_function(name: str, k: int, dtype: Any) -> None:
    given = {
        key: v.astype(dtype) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for key, v in FUNCTIONS[name][k].items()
    }
    both_masks = "attn_mask" in given and "is_causal" in given
    if (
        given.get("temperature", 1.0) != 1.0
        or both_masks
        or (name == "softmin" and "beta" in given)
    ):
        pytest.skip("ours alone")
    there = {"input" if key == "x" else key: v for key, v in given.items() if key != "temperature"}
    if "normalized_shape" in there:
        there["normalized_shape"] = np.atleast_1d(there["normalized_shape"]).tolist()
    if name == "batch_norm":
        there = {"running_mean": None, "running_var": None} | there
    places = [
        key
        for key, v in given.items()
        if isinstance(v, np.ndarray)
        and v.dtype.kind == "f"
        and key not in CONSTANT
        and not (name in LOSSES and key in REFUSED_THERE)
        and not (name in NO_TARGET and key == "target")
    ]
    ours = given | {key: Tensor(given[key].copy(), requires_grad=True) for key in places}
    theirs = {
        key: torch.tensor(v, requires_grad=(key if key in given else "x") in places)
        if isinstance(v, np.ndarray)
        else v
        for key, v in there.items()
    }
    y = call(name, ours)
    wanted = getattr(torch.nn.functional, NAMES.get(name, name))(**theirs)
    close = 1e-7 if dtype == np.float64 else 2e-4  # PyTorch keeps some settings in single precision
    tolerance = {"rtol": close, "atol": 0.1 * close}
    np.testing.assert_allclose(y.data, wanted.detach().numpy(), **tolerance)
    assert y.dtype == dtype
    g = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    y.backward(g)
    wanted.backward(torch.tensor(g))
    for key in places:
        expected = theirs["input" if key == "x" else key].grad.numpy()
        np.testing.assert_allclose(ours[key].grad, expected, err_msg=key, **tolerance)
