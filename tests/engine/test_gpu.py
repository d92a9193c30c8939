"""The rows that the double of CuPy passes, on CuPy itself: where it is and a GPU is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import TABLE
from cases.case import Case
from device_walk import on_device, outcome

import nn
import optim
from autograd_core import grad, jvp

cupy = pytest.importorskip("cupy", reason="needs CuPy, the extra gpu")
if not cupy.is_available():
    pytest.skip("needs a GPU that CUDA finds", allow_module_level=True)

CORE = [c for family in TABLE if family != "scipy_functions" for c in TABLE[family]]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CORE, ids=str)
def test_rows(case: Case) -> None:
    if outcome(case) != "right":
        pytest.skip("the double of CuPy refuses it")
    xs = case.arguments()
    every = tuple(range(len(xs)))
    s, moved = _total(case.f), _total(on_device(case.f, move=cupy.asarray))
    at = [cupy.asarray(x) for x in xs]
    for g, e in zip(grad(moved, every)(*at), grad(s, every)(*xs), strict=True):
        np.testing.assert_allclose(g.get(), e, rtol=1e-8, atol=1e-8)
    found = jvp(moved, tuple(at), tuple(cupy.ones_like(x) for x in at))
    wanted = jvp(s, tuple(xs), tuple(np.ones_like(x) for x in xs))
    for g, e in zip(found, wanted, strict=True):
        np.testing.assert_allclose(g.get(), e, rtol=1e-8, atol=1e-8)


def _total(f: Any) -> Any:
    def total(*xs: Any) -> Any:
        out = f(*xs)
        parts = out if isinstance(out, (tuple, list)) else (out,)
        return sum(np.sum(np.real(part)) for part in parts)

    return total


def test_a_training_comes_to_numpy_s_numbers() -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((40, 1, 8, 8)), rng.integers(0, 3, 40)
    losses = []
    for module in (np, cupy):
        nn.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Dropout(0.2), nn.Linear(36, 3),
        )  # fmt: skip
        model.double().to(module)
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, progress=False)
        losses.append(trainer.fit((x, labels), epochs=3)["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
