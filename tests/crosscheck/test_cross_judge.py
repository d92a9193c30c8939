"""The cross fuzzer's judge: how far rounding takes an answer in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fuzzing_cross.engines import Torch  # noqa: E402 - PyTorch is optional
from fuzzing_cross.statements import Program, Statement  # noqa: E402


@pytest.fixture(autouse=True)
def _single_precision_stays_the_default():
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)  # the fuzzer computes in double


@pytest.mark.parametrize(
    ("name", "point"), [("np.tanh", 9.6), ("np.tanh", -9.6), ("F.sigmoid", 17.0)]
)
def test_noise_reaches_the_slope_of_a_saturated_function(name: str, point: float) -> None:
    """The slope there is made from the last place of the result, whichever engine rounds it."""
    x = np.array([point], np.float32)
    y = np.sign(x)
    program = Program({0: x}, {}, [Statement(f"{name}({{0}})", (0,), out=1)], [1], 5, {0: x, 1: y})
    ones = [np.ones(1, np.float32)]
    found = [Torch(program, "noisy").answers([x], ones) for _ in range(8)]
    for answer in ("gradient", "second"):
        assert np.ptp([f[answer][0] for f in found]) > 1e-7, answer
    small = Torch(program, "noisy").answers([x / 100], ones)["gradient"][0]
    exact = Torch(program).answers([x / 100], ones)["gradient"][0]
    np.testing.assert_allclose(small, exact, rtol=1e-4)  # where nothing is cancelled: nothing
