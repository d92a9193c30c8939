"""Integers and booleans in nn.functional: what float64 gives, or one clear error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases.nn_functions import FUNCTIONS, call

import nn
from autograd_core import Tensor
from autograd_core.base.errors import AutogradError

F = nn.functional
KINDS = "?bBhHiIlLqQ"
RNG = np.random.default_rng(11)

# they choose among elements, so the type may stay; the others compute with floats
CHOOSING = {"adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "channel_shuffle",
            "embedding", "interpolate", "max_pool1d", "max_pool2d", "max_pool3d", "one_hot", "pad",
            "pixel_shuffle", "pixel_unshuffle", "relu", "relu6", "step"}  # fmt: skip
FIXED = {"target", "attn_mask"}  # class indices, signs, distributions; booleans hide
OF_INDICES = {"embedding", "embedding_bag"}
INDICES = {"indices", "input_lengths", "offsets", "target_lengths", "targets", "tensor"}
PROBABILITIES = {"binary_cross_entropy", "binary_cross_entropy_with_logits"}


def whole_numbers(name: str, given: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return arguments whose float arrays hold integers of a type."""
    top = 2 if kind == "?" or name in PROBABILITIES else 5

    def changed(place: str, value: Any) -> Any:
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or place in FIXED:
            return value
        if place.startswith("running"):
            return value
        low = 1 if "weight" in place and name in ("cross_entropy", "nll_loss") else 0
        return RNG.integers(low, top, value.shape).astype(kind)

    return {place: changed(place, value) for place, value in given.items()}


def in_floats(name: str, given: dict[str, Any]) -> dict[str, Any]:
    kept = FIXED | INDICES | ({"input"} if name in OF_INDICES else set())
    return {
        k: v.astype(float) if isinstance(v, np.ndarray) and k not in kept else v
        for k, v in given.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_integers_count_as_floats(name: str, kind: str) -> None:
    for given in FUNCTIONS[name]:
        some = whole_numbers(name, given, kind)
        with np.errstate(all="ignore"):
            found = call(name, some)
            wanted = call(name, in_floats(name, some))
        assert np.asarray(found).dtype == float or name in CHOOSING, (name, found.dtype)
        np.testing.assert_allclose(np.asarray(found, float), wanted, rtol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_integers_beside_float32(name: str) -> None:
    if name in PROBABILITIES:
        pytest.skip("0 and 1 are all there is")
    for given in FUNCTIONS[name]:
        places = [
            k
            for k, v in given.items()
            if isinstance(v, np.ndarray)
            and v.dtype.kind == "f"
            and k not in FIXED
            and not k.startswith("running")
        ]
        for place in places:
            some = {
                k: RNG.integers(1, 3, v.shape).astype(np.uint8)
                if k == place
                else v.astype(np.float32)
                if k in places
                else v
                for k, v in given.items()
            }
            wide = {k: v.astype(float) if k in places else v for k, v in some.items()}
            with np.errstate(all="ignore"):
                found, wanted = call(name, some), call(name, wide)
            np.testing.assert_allclose(np.asarray(found, float), wanted, rtol=1e-4, atol=1e-5)


def test_what_is_no_number_is_refused() -> None:
    for value in (np.array([{}], object), np.array(["a"]), np.ones(3, "m8[s]")):
        with pytest.raises(AutogradError, match=r"softmax: the arrays must hold real numbers"):
            F.softmax(value)
    with pytest.raises(AutogradError, match="layer_norm: the arrays must hold real numbers, not c"):
        F.layer_norm(np.ones(3) * 1j, 3)
    for name in ("relu", "relu6", "step", "sigmoid", "elu", "silu", "leaky_relu", "log_sigmoid"):
        for value in (np.ones(3) * 1j, np.array([{}], object)):
            with pytest.raises(AutogradError, match="must hold real numbers"):
                getattr(F, name)(value)
    for value in (np.ones((1, 1, 4)) * 1j, np.full((1, 1, 4), None)):
        for pool in (F.max_pool1d, F.adaptive_max_pool1d):
            with pytest.raises(AutogradError, match="must hold real numbers"):
                pool(value, 2)
    with pytest.raises(TypeError, match="normalized_shape"):
        F.layer_norm([1.0, 2.0])


def test_statistics_that_move_are_floats() -> None:
    x, zeros, ones = np.ones((2, 3)), np.zeros(3, int), np.ones(3, int)
    np.testing.assert_allclose(F.batch_norm(x, zeros, ones, eps=0.0), x)
    with pytest.raises(AutogradError, match="running_mean is updated in training"):
        F.batch_norm(x, zeros, ones, training=True)


def test_lists_and_numbers_count_as_arrays() -> None:
    assert F.mse_loss([1, 2], [3.0, 5.0]) == 6.5
    assert F.softmax(3.0, dim=0) == 1.0
    np.testing.assert_allclose(F.layer_norm([1, 3], 2, eps=0.0), [-1, 1])
    np.testing.assert_allclose(F.cross_entropy([[0.0, 0.0]], [1]), np.log(2))
    np.testing.assert_allclose(F.binary_cross_entropy([0.5], [1], weight=2), 2 * np.log(2))


MODULES: dict[str, tuple[tuple[Any, ...], tuple[int, ...]]] = {
    "Linear": ((4, 2), (3, 4)),
    "Conv1d": ((4, 2, 3), (2, 4, 6)),
    "Conv2d": ((2, 2, 3), (2, 2, 5, 5)),
    "ConvTranspose2d": ((2, 2, 3), (2, 2, 5, 5)),
    "BatchNorm1d": ((4,), (5, 4)),
    "BatchNorm2d": ((2,), (2, 2, 5, 5)),
    "LayerNorm": ((4,), (3, 4)),
    "RMSNorm": ((4,), (3, 4)),
    "GroupNorm": ((2, 4), (3, 4)),
    "PReLU": ((), (3, 4)),
    "RNN": ((4, 3), (5, 2, 4)),
    "LSTM": ((4, 3), (5, 2, 4)),
    "GRU": ((4, 3), (5, 2, 4)),
    "TransformerEncoderLayer": ((4, 2, 8), (3, 2, 4)),
    "MultiheadAttention": ((4, 2), (3, 2, 4)),
}


@pytest.mark.parametrize("kind", "?Bbhil")
@pytest.mark.parametrize("name", MODULES)
def test_modules_of_integers(name: str, kind: str) -> None:
    arguments, shape = MODULES[name]
    nn.manual_seed(0)
    module = getattr(nn, name)(*arguments).double().eval()
    x = RNG.integers(0, 2 if kind == "?" else 5, shape).astype(kind)
    several = 3 if name == "MultiheadAttention" else 1

    def run(x: Any) -> Any:
        out = module(*[x] * several)
        out = out[0] if isinstance(out, tuple) else out
        return np.asarray(out.data if isinstance(out, Tensor) else out)

    found, wanted = run(x), run(x.astype(float))
    assert found.dtype == float
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


@pytest.mark.parametrize("need_weights", [True, False])
def test_masked_attention_over_integers(need_weights: bool) -> None:
    nn.manual_seed(0)
    layer = nn.MultiheadAttention(4, 2, batch_first=True)
    x = RNG.integers(0, 5, (2, 3, 4)).astype(np.uint8)
    ahead = np.triu(np.ones((3, 3), bool), 1)
    ends = np.array([[False, False, True], [False, True, True]])
    found = [
        layer(*[given] * 3, ends, need_weights, ahead)[0].data
        for given in (x, x.astype(np.float32))
    ]
    assert found[0].dtype == np.float32
    np.testing.assert_allclose(*found, rtol=1e-6)


def test_a_mask_of_integers_may_mean_either() -> None:
    x = np.ones((3, 4))
    with pytest.raises(AutogradError, match="a mask must hold booleans, or floats"):
        F.scaled_dot_product_attention(x, x, x, np.ones((3, 3), int))
    layer = nn.MultiheadAttention(4, 2, dtype=float)
    with pytest.raises(AutogradError, match="a mask must hold booleans, or floats"):
        layer(x, x, x, attn_mask=np.triu(np.ones((3, 3), int), 1))


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_masked_arrays_are_refused_and_matrices_are_arrays(name: str) -> None:
    simple = set(getattr(getattr(F, name), "arrays", ()))
    for given in FUNCTIONS[name]:
        for place in simple & given.keys():
            value = given[place]
            if value.dtype.kind != "f" or name == "interpolate":
                continue
            masked = np.ma.masked_array(value, mask=np.zeros(value.shape, bool))
            with pytest.raises(AutogradError, match=f"{name}: a masked array was given"):
                call(name, given | {place: masked})
            if value.ndim == 2:
                found = call(name, given | {place: np.matrix(value)})
                assert not isinstance(found, np.matrix)
                np.testing.assert_array_equal(found, call(name, given))
