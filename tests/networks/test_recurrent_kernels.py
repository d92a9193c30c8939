"""The kernels of recurrent layers beside the plain recurrences, which are their reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor, grad, gradcheck, hvp, jvp
from autograd_core.workers import settings
from nn.functional import kernels
from nn.functional.gru import gru_layer
from nn.functional.kernels import use_kernels
from nn.functional.lstm import lstm_layer
from nn.functional.recurrent import gru_step, lstm_step, relu_step, tanh_step, unrolled
from nn.functional.rnn import rnn_layer

# name: the layer, one plain step, gates, arrays of the state, settings
LAYERS: dict[str, tuple[Any, Any, int, int, dict[str, Any]]] = {
    "lstm": (lstm_layer, lstm_step, 4, 2, {}),
    "gru": (gru_layer, gru_step, 3, 1, {}),
    "tanh": (rnn_layer, tanh_step, 1, 1, {"bend": "tanh"}),
    "relu": (rnn_layer, relu_step, 1, 1, {"bend": "relu"}),
}
LENGTHS = {"whole": None, "lengths": np.array([5, 1, 3, 2])}


def arrays(name: str, steps: int, batch: int, features: int, n: int, dtype: Any) -> list[Any]:
    """Return x, the first states and the weights of a layer."""
    _, _, gates, states, _ = LAYERS[name]
    rng = np.random.default_rng(3)
    shapes = [(steps, batch, features), *[(batch, n)] * states]
    shapes += [(gates * n, features), (gates * n, n), (gates * n,), (gates * n,)]
    return [(rng.normal(size=s) / np.sqrt(s[-1])).astype(dtype) for s in shapes]


def results(layer: Any, given: list[Any], lengths: Any, **settings: Any) -> list[Any]:
    """Return all results of a layer and all gradients of a weighted sum of them."""
    tensors = [Tensor(a, requires_grad=True) for a in given]
    made = layer(*tensors, lengths=lengths, **settings)
    rng = np.random.default_rng(5)
    sum((rng.normal(size=y.shape).astype(y.dtype) * y).sum() for y in made).backward()
    return [y.data for y in made] + [t.grad.data for t in tensors]


def plainly(name: str, given: list[Any], lengths: Any) -> list[Any]:
    """Return the same by the plain recurrence, in float64."""
    _, step, _, states, _ = LAYERS[name]

    def layer(x: Any, *rest: Any, lengths: Any) -> Any:
        return unrolled(step, x, rest[:states], rest[states:], lengths)

    return results(layer, [a.astype(np.float64) for a in given], lengths)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("name", LAYERS)
def test_kernel_is_the_plain_recurrence(name: str, lengths: str) -> None:
    layer, _, _, _, settings = LAYERS[name]
    given = arrays(name, 5, 4, 3, 6, np.float64)
    found = results(layer, given, LENGTHS[lengths], **settings)
    for a, b in zip(found, plainly(name, given, LENGTHS[lengths]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", LAYERS)
def test_what_stands_behind_a_sequence_is_not_looked_at(name: str) -> None:
    layer, _, _, _, settings = LAYERS[name]
    lengths = LENGTHS["lengths"]
    clean, dirty = (arrays(name, 5, 4, 3, 6, np.float64) for _ in range(2))
    for k, n in enumerate(lengths):
        dirty[0][n:, k] = np.nan
    found, wanted = (results(layer, a, lengths, **settings) for a in (dirty, clean))
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
    for k, n in enumerate(lengths):
        assert not found[0][n:, k].any()  # the outputs
        np.testing.assert_array_equal(found[1][k], found[0][n - 1, k])  # the last state


@pytest.mark.parametrize("name", ["lstm", "gru", "tanh"])
def test_lengths_in_every_mode(name: str) -> None:
    layer, _, _, _, settings = LAYERS[name]
    x, *rest = arrays(name, 3, 2, 2, 2, np.float64)
    lengths = np.array([3, 1])

    def f(x: Any, w: Any) -> Any:
        found = layer(x, *rest[:-3], w, *rest[-2:], lengths=lengths, **settings)
        return sum((y * y).sum() for y in found)

    gradcheck(f, x, rest[-3], order=2)
    v = np.ones_like(x)
    over = jvp(grad(lambda x: f(x, rest[-3])), (x,), (v,))[1]
    np.testing.assert_allclose(over, hvp(lambda x: f(x, rest[-3]), (x,), (v,)), rtol=1e-10)


def test_frozen_weights_get_no_gradient() -> None:
    given = arrays("lstm", 5, 4, 3, 6, np.float64)
    x = Tensor(given[0], requires_grad=True)
    out, _, _ = lstm_layer(x, *given[1:])
    out.sum().backward()
    moved = results(lambda x, **_: lstm_layer(x, *given[1:])[:1], given[:1], None)
    assert x.grad.shape == x.shape
    assert np.isfinite(moved[1]).all()
    gradcheck(lambda x: lstm_layer(x, *given[1:])[0].sum(), given[0])


# --- compiled ----------------------------------------------------------------

# steps, batch, features, hidden: nothing divides anything; one example; as many as in the benchmark
SIZES = [(9, 13, 33, 70), (40, 1, 64, 128), (17, 32, 64, 128)]


@pytest.mark.part(4)
@pytest.mark.slow  # the first run on a machine compiles
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_a_compiled_loop_is_the_plain_recurrence(
    name: str, size: tuple[int, ...], ragged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, _, _, _, options = LAYERS[name]
    pytest.importorskip("numba")
    monkeypatch.setattr(kernels, "ENOUGH", 0)
    given = arrays(name, *size, np.float32)
    steps, batch = size[:2]
    lengths = np.random.default_rng(0).integers(1, steps + 1, batch) if ragged else None
    module = {"tanh": "rnn", "relu": "rnn"}.get(name, name)
    assert kernels.compiled(module, 1, *given) is not None
    wanted = plainly(name, given, lengths)
    if ragged:
        for k, n in enumerate(lengths):
            given[0][n:, k] = np.nan
    with use_kernels(compiled=True, threads=2):
        found = results(layer, given, lengths, **options)
    with use_kernels(compiled=True, threads=1):
        alone = results(layer, given, lengths, **options)
    for a, b, c in zip(found, wanted, alone, strict=True):
        np.testing.assert_allclose(a, b, atol=3e-6 * np.abs(b).max())
        np.testing.assert_allclose(a, c, atol=1e-6 * np.abs(b).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_a_compiled_loop_keeps_nan(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr(kernels, "ENOUGH", 0)
    layer, _, _, _, options = LAYERS[name]
    given = arrays(name, 9, 13, 33, 70, np.float32)
    given[0][4, 2, 0] = np.nan
    out = layer(*given, **options)[0]
    assert np.isnan(out[4:, 2]).all()
    assert np.isfinite(out[:4]).all()
    assert np.isfinite(np.delete(out, 2, axis=1)).all()


@pytest.mark.slow
def test_compiled_tanh_is_within_six_units_in_the_last_place() -> None:
    numba = pytest.importorskip("numba")
    from nn.functional.compiled.bend import sigmoid_of_half, tanh

    x = np.concatenate([np.linspace(-12, 12, 400_001), np.geomspace(1e-30, 1, 4000), [np.inf]])
    x = np.concatenate([x, -x]).astype(np.float32)
    found = numba.vectorize(["float32(float32)"])(tanh.py_func)(x)
    true = np.tanh(x.astype(np.float64))
    assert np.max(np.abs(found - true) / np.spacing(np.abs(true).astype(np.float32))) <= 6
    assert np.abs(found).max() == 1
    assert np.isnan(tanh(np.float32(np.nan)))
    assert tanh(np.float32(0)) == 0
    assert sigmoid_of_half(np.float32(-20)) == 0


def test_without_numba_the_loops_are_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_works", None)
    monkeypatch.setattr(settings, "importable", lambda name: False)
    monkeypatch.setattr(kernels, "ENOUGH", 0)
    given = arrays("lstm", 5, 4, 3, 6, np.float32)
    assert kernels.compiled("lstm", 1, *given) is None
    for a, b in zip(results(lstm_layer, given, None), plainly("lstm", given, None), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6 * np.abs(b).max())
