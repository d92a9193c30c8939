"""Random programs as one model for every batch size: the engine's numbers, or a refusal."""

import numpy as np
import pytest

from autograd_core import value_and_grad
from autograd_core.base.errors import UnsupportedError

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from autograd_core import onnx  # noqa: E402

PARTS = (
    np.tanh, np.sin, np.arctan, np.abs, np.cosh, np.expm1, np.arcsinh,
    lambda x: np.log1p(x * x),
    lambda x: np.maximum(x, 0.1),
    lambda x: x**3,
    lambda x: np.clip(x, -0.5, 0.8),
    lambda x: np.where(x > 0, x, 0.1 * x),
    lambda x: x - np.mean(x, axis=0),
    lambda x: x - np.max(x, axis=1, keepdims=True),
    lambda x: x / (1 + np.sum(x * x, axis=-1, keepdims=True)),
    lambda x: np.cumsum(x, axis=1),
    lambda x: np.sort(x, axis=1),
    lambda x: x[::-1],
    lambda x: np.concatenate([x, x[:, :1]], axis=1)[:, 1:],
    lambda x: np.stack([x, 2 * x]).sum(axis=0),
    lambda x: np.einsum("ij,kj->ik", x, x) @ x / x.shape[0],
    lambda x: x - np.var(x, axis=0, ddof=1),
    lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    lambda x: x * np.linspace(0, 1, x.shape[1]),
    lambda x: np.pad(x, ((1, 0), (0, 0)))[:-1],
    lambda x: np.diff(x, axis=0, prepend=x[:1]),
    lambda x: x + (np.arange(len(x)) / len(x))[:, None],
    lambda x: x - np.median(x, axis=1, keepdims=True),
    lambda x: x[:, [2, 0, 1]],
    lambda x: x + np.std(x),
)  # fmt: skip
rng = np.random.default_rng(2)
PROGRAMS = [rng.integers(len(PARTS), size=rng.integers(2, 7)).tolist() for _ in range(120)]
COUNT = 20  # of them are tried in the normal run


def comes_out_equal(program):
    def f(x):
        for k in program:
            x = PARTS[k](x)
        return np.mean(x)

    draws = np.random.default_rng(len(program))
    x = draws.normal(size=(4, 3))
    with np.errstate(all="ignore"):
        try:
            model = onnx.export(f, x, gradients=True, dynamic_axes={"x": {0: "n"}})
        except UnsupportedError as error:
            if "depends on the size 'n'" not in str(error):
                raise
            return False
        session = onnxruntime.InferenceSession(model.SerializeToString())
        for n in (2, 9):
            x = draws.normal(size=(n, 3))
            value, slope = session.run(None, {"x": x})
            wanted, slopes = value_and_grad(f)(x)
            if np.isfinite(wanted):
                np.testing.assert_allclose(value, wanted, rtol=1e-8, atol=1e-12)
                np.testing.assert_allclose(slope, slopes, rtol=1e-7, atol=1e-9)
    return True


REST = pytest.param(1, marks=[pytest.mark.slow, pytest.mark.exhaustive])


@pytest.mark.parametrize("k", [0, REST])
def test_random_programs(k):
    programs = PROGRAMS[COUNT:] if k else PROGRAMS[:COUNT]
    good = sum(map(comes_out_equal, programs))
    assert good >= 0.8 * len(programs)
